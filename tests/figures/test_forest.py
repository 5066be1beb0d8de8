"""Forest plots: nothing over anything, nothing cut, the marks where the numbers say."""

import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ketameta.figures.forest import Total, draw, size_of
from ketameta.figures.marks import Interval
from ketameta.figures.scene import Circle, Polygon, Rect, Text, encoded, flat, to_svg, writable

LONG = (
    "A trial whose name is far longer than any column and has a Wordthatdoesnotendforthirtyletters"
)


def texts(scene):
    return [shape for shape in flat(scene.shapes) if isinstance(shape, Text)]


def shapes(scene, kind, role):
    return [s for s in flat(scene.shapes) if isinstance(s, kind) and s.role == role]


@pytest.mark.parametrize("trials", [1, 2, 13, 150])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"groups": 4, "lights": 7},
        {"name": LONG + " {}", "lights": 3, "left_out": 5},
        {"spread": 9.0},
        {"ratio": False, "spread": 4000.0},
    ],
    ids=["plain", "groups", "long", "wide", "points"],
)
def test_no_text_meets_another_or_leaves_the_drawing(
    forest_with, collisions, outside, trials, options
):
    scene = draw(forest_with(trials, **options))
    assert collisions(scene) == []
    assert outside(scene) == []


def test_no_text_of_the_real_figures_meets_another(drawings, collisions, outside):
    scenes = {key: drawing.make() for key, drawing in drawings.items()}
    assert len(scenes) > 100
    wrong = {key: collisions(scene) + outside(scene) for key, scene in scenes.items()}
    assert {key: found for key, found in wrong.items() if found} == {}


def test_no_text_of_a_row_stands_in_the_plot(forest_with):
    scene = draw(forest_with(20))
    line = next(s for s in flat(scene.shapes) if getattr(s, "x1", 0) and s.y1 == s.y2 and s.x1 > 60)
    x0, x1 = line.x1, line.x2
    rows = [t for t in texts(scene) if "Trial" in t.text or "[" in t.text]
    assert rows
    assert all(t.x > x1 or t.x < x0 for t in rows)


def test_a_long_name_is_wrapped_and_whole(forest_with):
    scene = draw(forest_with(1, name=LONG))
    first = min(t.x for t in texts(scene))
    said = [t.text for t in texts(scene) if t.x == first]
    letters = "".join(said).replace(" ", "")
    assert LONG.replace(" ", "") in letters
    assert "…" not in letters


def test_decimal_points_stand_below_each_other(forest_with):
    from ketameta.figures.columns import split
    from ketameta.figures.metrics import text_width

    forest = forest_with(3)
    cells = ("0.92 [0.10, 8.00]", "12.30 [1.50, 100]", "203 [9.99, 1,234]")
    rows = [replace(r, right=(r.right[0], c)) for r, c in zip(forest.rows, cells, strict=True)]
    forest = replace(forest, blocks=(replace(forest.blocks[0], rows=tuple(rows)),))
    placed = {t.text: t for t in texts(draw(forest))}
    for column in (("0.92", "12.30", "203"), ("[0.10,", "[1.50,", "[9.99,")):
        points = {
            round(placed[c].x + text_width(split(c, ".")[0], placed[c].size), 6) for c in column
        }
        assert len(points) == 1, column


def test_squares_have_areas_by_weight(forest_with):
    forest = forest_with(3)
    weights = (60.0, 30.0, 10.0)
    rows = [replace(r, weight=w) for r, w in zip(forest.rows, weights, strict=True)]
    forest = replace(forest, blocks=(replace(forest.blocks[0], rows=tuple(rows)),))
    areas = [s.width * s.height for s in shapes(draw(forest), Rect, "mark")]
    assert areas == pytest.approx([196, 16 + 180 / 2, 16 + 180 / 6])


def test_an_interval_beyond_the_axis_has_an_arrow(forest_with):
    forest = forest_with(2)
    wide = replace(forest.rows[0], interval=Interval(1.0, 0.0001, 1e6))
    tight = replace(forest.rows[1], interval=Interval(1.2, 1.0, 1.4))
    forest = replace(forest, blocks=(replace(forest.blocks[0], rows=(wide, tight)),))
    assert len(shapes(draw(forest), Polygon, "mark")) == 2


def test_an_estimate_beyond_reason_is_an_arrow_without_a_square(forest_with):
    forest = forest_with(1)
    far = replace(forest.rows[0], interval=Interval(1e30, 1e20, float("inf")))
    forest = replace(forest, blocks=(replace(forest.blocks[0], rows=(far,)),))
    scene = draw(forest)
    assert shapes(scene, Rect, "mark") == []
    assert len(shapes(scene, Polygon, "mark")) == 1


def test_a_subtotal_wider_than_the_axis_is_cut_flat_with_arrows(forest_with):
    forest = forest_with(5)
    wide = Total("Subtotal", ("", ""), Interval(1.0, 1e-4, 1e4))
    forest = replace(forest, blocks=(replace(forest.blocks[0], subtotal=wide),))
    pooled = shapes(draw(forest), Polygon, "pooled")
    assert [len(p.points) for p in pooled] == [6, 3, 3, 4]


def test_height_and_shapes_grow_linearly_with_rows(forest_with):
    sizes = {n: draw(forest_with(n)) for n in (50, 100, 150)}
    heights = [sizes[n].height for n in (50, 100, 150)]
    counts = [len(list(flat(sizes[n].shapes))) for n in (50, 100, 150)]
    assert heights[2] - heights[1] == pytest.approx(heights[1] - heights[0])
    assert counts[2] - counts[1] == pytest.approx(counts[1] - counts[0], rel=0.05)


@pytest.mark.parametrize(("trials", "groups", "lights"), [(1, 1, 0), (7, 3, 4), (40, 1, 0)])
def test_the_size_is_known_without_the_trials(forest_with, trials, groups, lights):
    forest = forest_with(trials, groups=groups, lights=lights)
    scene = draw(forest)
    assert size_of(forest) == (scene.width, scene.height)


def test_the_size_of_every_real_figure_is_that_of_its_scene(drawings):
    for drawing in drawings.values():
        scene = drawing.make()
        assert drawing.size == (scene.width, scene.height)


@pytest.mark.parametrize("bad", ["\0", "\x0b", "\x1f", "\ud800", "\ufffe", "\uffff"])
def test_bytes_hold_nothing_that_xml_cannot(bad):
    for text in (f"k\u00e4 {bad} \U0001f600", f"{bad}\tline\r\n"):
        assert encoded(text) == writable(text).encode() == text.replace(bad, "\ufffd").encode()
    fine = "k\u00e4\t\r\n\x7f\x85\ufffd\U0001f600"
    assert encoded(fine) == writable(fine).encode() == fine.encode()


def test_a_domain_that_nobody_judged_is_a_ring_without_a_letter(forest_with):
    scene = draw(forest_with(1, lights=3))
    rings = [s for s in shapes(scene, Circle, "predict") if s.ring]
    assert len(rings) == 2
    assert [t.text for t in texts(scene) if t.role == "on-low"] == ["L"]


def test_svg_is_well_formed_escaped_and_linked(forest_with):
    svg = to_svg(draw(forest_with(3)), "made-up", standalone=True)
    root = ET.fromstring(svg)
    space = "{http://www.w3.org/2000/svg}"
    assert root.find(f"{space}title").text == "Made <up> & drawn"
    assert [a.get("href") for a in root.iter(f"{space}a")] == [
        "#effect-0",
        "#effect-1",
        "#effect-2",
    ]
    assert root.get("aria-labelledby") == "made-up-t made-up-d"
    ids = re.findall(r'id="([^"]+)"', svg)
    assert len(ids) == len(set(ids))


def test_labels_of_the_sides_stand_left_and_right_of_no_effect(drawings):
    scene = drawings["depression_24h", "forest"].make()
    said = {t.text: t for t in texts(scene)}
    # fewer points are better: treatment on the left
    assert said["← favours (es)ketamine"].x < said["favours control →"].x
    scene = drawings["response_24h", "forest"].make()
    said = {t.text: t for t in texts(scene)}
    assert said["← favours control"].x < said["favours (es)ketamine →"].x


def test_weights_of_subgroups_add_to_the_total(tables, configuration):
    from ketameta.report.forest_data import forest_of
    from ketameta.tables.collection import of_analyses
    from ketameta.tables.syntheses import StudyRow, SubgroupRow, SynthesisRow

    name = "response_24h"
    own = of_analyses(tables, (SynthesisRow, StudyRow, SubgroupRow))(name)
    forest = forest_of(configuration[name], own[SynthesisRow][0], own)
    # a group of one trial has no subtotal: its row is all there is
    ends = [block.subtotal or block.rows[0] for block in forest.blocks]
    shares = [float(end.right[0]) for end in ends]
    assert sum(shares) == pytest.approx(100, abs=0.1)
    events = [re.match(r"(\d+)/(\d+)$", end.left[-2]).groups() for end in ends]
    whole = re.match(r"(\d+)/(\d+)$", forest.total.left[0]).groups()
    assert [sum(int(e[i]) for e in events) for i in (0, 1)] == [int(w) for w in whole]


def test_ticks_of_a_ratio_are_those_people_read():
    from ketameta.figures.axis import AxisScale, make_axis, tick_label

    axis = make_axis([0.5, 2.0], [0.3, 3.0], AxisScale(null=1.0, log=True), 0, 100)
    assert [tick_label(t) for t in axis.ticks] == ["0.25", "0.5", "1", "2", "4"]


@pytest.mark.parametrize("log", [True, False])
@pytest.mark.parametrize(
    "estimates", [[1.0], [1.0, 1.0], [0.999, 1.001], [0.01, 100], [1e-9, 1e12], [5.0], [1e-4]]
)
def test_every_axis_has_two_ticks_in_order_and_holds_its_estimates(estimates, log):
    from ketameta.figures.axis import AxisScale, make_axis

    axis = make_axis(estimates, [0.5, 2.0], AxisScale(null=1.0, log=log), 0, 100)
    assert len(axis.ticks) >= 2
    assert list(axis.ticks) == sorted(set(axis.ticks))
    if not log or 1e-5 <= min(estimates) <= max(estimates) <= 1e5:
        assert all(axis.side(x) == 0 for x in estimates)
    assert axis.side(1.0) == 0


@pytest.mark.parametrize("value", [2.5e-8, 5e-8, 1e-7, 2.5e-6, 1e-5, 0.25, 1e6])
def test_ticks_of_tiny_numbers_are_told_apart(value):
    from ketameta.figures.axis import tick_label

    assert float(tick_label(value).replace("−", "-").replace(",", "")) == value


@given(
    estimates=st.lists(st.floats(-1e9, 1e9), max_size=4),
    bounds=st.lists(st.floats(-1e9, 1e9), max_size=4),
    limits=st.sampled_from([(0.0, 100.0), (-1.0, 1.0)]),
)
@settings(max_examples=60, deadline=None)
def test_an_axis_with_ends_holds_whatever_lies_outside_them(estimates, bounds, limits):
    from ketameta.figures.axis import AxisScale, make_axis, tick_label

    axis = make_axis(estimates, bounds, AxisScale(limits=limits), 100, 380)
    assert limits[0] <= axis.low < axis.high <= limits[1]
    assert all(100 <= axis.place(x) <= 380 for x in (*estimates, *bounds))
    assert len({tick_label(tick) for tick in axis.ticks}) == len(axis.ticks) >= 2


@pytest.mark.parametrize(
    ("estimates", "bounds", "null", "limits", "shown"),
    [
        # shares of 0/20, 0/22, 0/19 with a half added
        ([2.38, 2.17, 2.5], [0.15, 28.7, 0.14, 26.7, 0.15, 30.2], None, (0.0, 100.0), 26.7),
        ([-0.02], [-0.46, 0.42], 0.0, None, 0.42),
        ([53.0, 53.0], [43.0, 63.0, 20.0, 86.0], None, None, 63.0),
        ([0.0], [-1e6, 1e6], 0.0, None, 1e6),
    ],
)
def test_effects_all_but_alike_show_a_whole_interval(estimates, bounds, null, limits, shown):
    from ketameta.figures.axis import AxisScale, make_axis

    axis = make_axis(estimates, bounds, AxisScale(null=null, limits=limits), 0, 100)
    assert axis.side(shown) == 0
    assert axis.side(min(bounds[0], estimates[0])) == 0


def test_an_interval_much_longer_than_the_others_is_still_cut():
    from ketameta.figures.axis import AxisScale, make_axis

    axis = make_axis([1.0, 3.0], [0.5, 1.5, -40.0, 46.0], AxisScale(null=0.0), 0, 100)
    assert (axis.side(-40.0), axis.side(46.0)) == (-1, 1)
