"""Coloured ranges between two axes: whole on a phone, with ticks on any range."""

import pytest

from ketameta.figures.chart import FIELDS_WIDTH, Along, Chart, Field, draw_fields
from ketameta.figures.metrics import text_width
from ketameta.figures.scene import Text, flat

LONG = "Result of the new trial: standardised mean difference (Hedges' g) of a long name"


def drawn(low=1.2, high=3.5, log=True):
    fields = [Field(20.0, 200.0, low, high, "mark"), Field(200.0, 2000.0, low, high / 2, "band3")]
    legend = [("mark", "favours treatment, " * 4), ("band3", "the rest")]
    chart = Chart("A title", "What it shows.", LONG, LONG, ("A note of many words. " * 8,))
    return draw_fields(chart, fields, legend, Along(True, mark=100.0), Along(log, mark=2.0))


def test_no_word_leaves_the_width_of_a_phone():
    scene = drawn()
    assert scene.width == FIELDS_WIDTH <= 358  # 390 pixels without the margins of a page
    for shape in flat(scene.shapes):
        if isinstance(shape, Text):
            size = text_width(shape.text, shape.size, bold=shape.bold)
            left = shape.x - {"start": 0, "middle": 0.5, "end": 1}[shape.anchor] * size
            assert left >= 0, shape.text
            assert left + size <= scene.width, shape.text
            assert shape.y < scene.height


@pytest.mark.parametrize(
    ("low", "high", "log"),
    [(1.2, 3.5, True), (0.9, 1.1, True), (0.01, 90.0, True), (-1.0, 2.0, False)],
)
def test_an_axis_has_two_ticks_or_more_however_narrow_its_range(low, high, log):
    axis = Along(log).axis([low, high], 0.0, 300.0)
    assert len(axis.ticks) >= 2
    assert all(low <= tick <= high for tick in axis.ticks)
    assert axis.log == log
