"""Lying bars: as long as their numbers, in their place, readable on a phone."""

from ketameta.figures.bars import WIDTH, Bar, Bars, draw_bars
from ketameta.figures.scene import Line, Rect, Text

BARS = (Bar("one", 40.0, "40"), Bar("a name that takes two lines at least", 20.0, "20"),
        Bar("none", 0.0, "0"), Bar("range", 30.0, "25", 10.0, 25.0))  # fmt: skip


def drawn(expected=None):
    return draw_bars(Bars("title", "told", "heading", BARS, ("a note",), expected))


def test_bars_are_as_long_as_their_numbers_from_where_they_start():
    boxes = [shape for shape in drawn().shapes if isinstance(shape, Rect)]
    one, two, part = boxes  # of 0 there is none
    unit = one.width / 40
    assert abs(two.width - 20 * unit) < 1e-9
    assert abs(part.width - 20 * unit) < 1e-9
    assert abs(part.x - one.x - 10 * unit) < 1e-9


def test_dashes_and_strokes_stand_at_their_numbers():
    shapes = drawn(30.0).shapes
    one = next(shape for shape in shapes if isinstance(shape, Rect))
    unit = one.width / 40
    at = {round((s.x1 - one.x) / unit, 6) for s in shapes if isinstance(s, Line) and s.x1 == s.x2}
    assert at == {0.0, 25.0, 30.0}


def test_names_and_numbers_stand_beside_the_bars_and_within_the_picture():
    scene = drawn()
    texts = {shape.text: shape for shape in scene.shapes if isinstance(shape, Text)}
    assert {"heading", "one", "40", "none", "0", "25", "a note"} <= texts.keys()
    boxes = [shape for shape in scene.shapes if isinstance(shape, Rect)]
    assert texts["one"].x < boxes[0].x
    assert texts["40"].x > boxes[0].x + boxes[0].width
    assert all(0 <= shape.y <= scene.height for shape in texts.values())
    assert scene.width == WIDTH <= 390


def test_no_bars_are_a_heading_alone():
    scene = draw_bars(Bars("title", "told", "heading", ()))
    assert [shape.text for shape in scene.shapes if isinstance(shape, Text)] == ["heading"]
