"""The drawing of pairs, and the rows of earlier reviews in a forest plot."""

from dataclasses import replace

import pytest

from ketameta.figures.forest import EARLIER, Total, draw
from ketameta.figures.marks import Interval
from ketameta.figures.narrow import draw_narrow
from ketameta.figures.paired import NARROW, WIDE, Dots, Paired, draw_paired
from ketameta.figures.scene import Circle, Line, Polygon, Text, flat

LINES = (
    Dots("Trial A (with a name that is longer than a phone is wide, and then some), 24 h",
         47.1, 16.3, "47 − 16 = 31", "A"),
    Dots("Trial B, 24 h", -5.0, 12.3, "−5 − 12 = −17", "B", faint=True),
    Dots("Average of 2 trials", 33.4, 33.4, "33 − 33 = 0", "all", bold=True),
)  # fmt: skip


def paired(lines=LINES, **more):
    return Paired("Pairs", "Said.", "Fall, per cent", ("treated", "control"), "difference", lines,
                  **more)  # fmt: skip


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_texts_of_pairs_neither_meet_nor_leave_the_drawing(collisions, outside, width):
    scene = draw_paired(paired(notes=("A note of some length. " * 9,)), width)
    assert collisions(scene) == []
    assert outside(scene) == []


def test_the_filled_mark_is_the_treated_side(outside):
    scene = draw_paired(paired())
    rings = [s for s in flat(scene.shapes) if isinstance(s, Circle) and s.ring][1:]
    dots = [s for s in flat(scene.shapes) if isinstance(s, Circle) and not s.ring][1:]
    (average,) = [s for s in flat(scene.shapes) if isinstance(s, Polygon)]
    assert [a.x > b.x for a, b in zip(dots, rings, strict=False)] == [True, False]
    assert [dot.role for dot in dots] == ["mark", "predict"]
    assert average.points[1][0] == pytest.approx(rings[2].x)


def test_a_pair_that_is_not_averaged_is_dashed_and_equal_falls_have_no_line():
    joins = [s for s in flat(draw_paired(paired()).shapes) if isinstance(s, Line) and s.width > 2]
    assert [line.dash for line in joins] == ["", "4 3"]


def with_earlier(forest, *intervals):
    rows = tuple(
        Total(f"Review {n}, ketamine v placebo, 7 trials", ("", f"{i.estimate:.2f}"), i, f"tip {n}")
        for n, i in enumerate(intervals)
    )
    return replace(forest, earlier=rows)


@pytest.mark.parametrize("layout", [draw, draw_narrow])
def test_earlier_reviews_stand_in_grey_below_the_total(forest_with, collisions, outside, layout):
    forest = with_earlier(forest_with(3), Interval(1.2, 0.9, 1.6), Interval(1.3, None, None))
    scene = layout(forest)
    texts = {s.text: s for s in flat(scene.shapes) if isinstance(s, Text)}
    rings = [s for s in flat(scene.shapes) if isinstance(s, Circle) and s.ring]
    assert texts[EARLIER].role == texts["1.20"].role == "muted"
    assert [ring.role for ring in rings] == ["predict"] * 2
    assert rings[0].x < rings[1].x
    assert collisions(scene) == []
    assert outside(scene) == []


def test_a_far_review_is_an_arrow_and_does_not_stretch_the_axis(forest_with):
    plain = forest_with(3)
    scene = draw(with_earlier(plain, Interval(5000.0, 1000.0, 9000.0)))
    shapes = list(flat(scene.shapes))
    assert not [s for s in shapes if isinstance(s, Circle) and s.ring]
    assert len([s for s in shapes if isinstance(s, Polygon) and s.role == "predict"]) == 1
    ticks = [s.text for s in shapes if isinstance(s, Text) and s.anchor == "middle"]
    assert max(float(text) for text in ticks if text.replace(".", "").isdigit()) < 100
