"""Flow diagrams: nothing leaves its box, no text meets another, wide and on a phone."""

import pytest

from ketameta.figures.flow import Box, Flow, Step, draw_flow, draw_flow_narrow
from ketameta.figures.scene import Polygon, Rect, Text, flat

LONG = "a reason that is far longer than any box is wide (n = 1,234,567)"


def flow_of(reasons=2, columns=2, word="Records (n = 10)"):
    """Return a diagram of some columns that join in the trunk, with reasons beside."""
    main, beside = Box((word,)), Box(("Left out:", *[LONG] * reasons), known=False)
    others = [main] * (columns - 1)
    steps = [Step("Found", (main, *others), (beside, *[None] * (columns - 1)))]
    steps += [Step("Screening", (main, *others), (beside, *[beside] * (columns - 1)))] * 2
    steps += [Step("Included", (main, *[None] * (columns - 1)), (None,) * columns)]
    names = tuple(f"Column {n}" for n in range(columns))
    joins = (None, *[3] * (columns - 1))
    return Flow("Title", "What it says.", names, tuple(steps), 0, joins, ("A note. " * 40,))


@pytest.mark.parametrize("draw", [draw_flow, draw_flow_narrow])
@pytest.mark.parametrize("reasons", [0, 1, 12])
@pytest.mark.parametrize("columns", [1, 2, 3])
@pytest.mark.parametrize("word", ["Records", "W" * 90])
def test_texts_stay_in_the_drawing_and_apart(draw, reasons, columns, word, collisions, outside):
    scene = draw(flow_of(reasons, columns, word))
    assert outside(scene) == []
    assert collisions(scene) == []


@pytest.mark.parametrize("draw", [draw_flow, draw_flow_narrow])
def test_every_box_is_drawn_and_unknown_ones_are_grey(draw):
    shapes = [*flat(draw(flow_of()).shapes)]
    frames = [s for s in shapes if isinstance(s, Rect) and s.role == "muted"]
    assert len(frames) == 7 + 5
    assert sum(isinstance(s, Rect) and s.role == "band2" for s in shapes) == 5
    for frame in frames:
        inside = [
            s
            for s in shapes
            if isinstance(s, Text)
            and frame.x < s.x < frame.x + frame.width
            and frame.y < s.y < frame.y + frame.height
        ]
        assert inside
    others = [(a, b) for a in frames for b in frames if a is not b]
    assert not any(
        a.x < b.x + b.width
        and b.x < a.x + a.width
        and a.y < b.y + b.height
        and b.y < a.y + a.height
        for a, b in others
    )


def test_an_arrow_for_each_step_and_one_into_the_trunk():
    shapes = [*flat(draw_flow(flow_of()).shapes)]
    # three of the trunk, two of the other column, five to what leaves, one that joins
    assert sum(isinstance(s, Polygon) for s in shapes) == 3 + 2 + 5 + 1


def test_a_phone_is_narrow():
    assert draw_flow_narrow(flow_of(12, 3)).width <= 375
