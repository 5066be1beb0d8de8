"""A forest plot in less room: columns leave in their order, type keeps its size, pages go on."""

from dataclasses import replace

import pytest

from ketameta.figures.columns import SMALL, Heading
from ketameta.figures.forest import column_places
from ketameta.figures.lighter import NoRoomError, fitted, lighter
from ketameta.figures.printing import Print, type_size
from ketameta.figures.scene import MM, Line, Polygon, Rect, Text, flat

LEAST = 7.0


def place(forest, millimetres, highest=230.0):
    """Return the parts of a plot for a place, each at its size on paper, and what left."""
    width = millimetres / MM
    widest = width * type_size(SMALL) / LEAST
    scenes, gone = fitted(forest, forest, width, widest, highest / MM, LEAST)
    return [Print(scene, millimetres) for scene in scenes], gone


def spared(forest, *numbers):
    left = [replace(h, spare=n) for h, n in zip(forest.left, numbers, strict=True)]
    return replace(forest, left=tuple(left), notes=())


@pytest.mark.parametrize("trials", [1, 2, 13, 40, 150])
@pytest.mark.parametrize("millimetres", [70, 85, 120, 180])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"groups": 3, "lights": 7},
        {"name": "A trial with a name that does not end for the length of a line {}"},
        {"ratio": False, "spread": 4000.0},
    ],
    ids=["plain", "groups", "long", "points"],
)
def test_type_never_falls_below_the_least_and_nothing_meets(
    forest_with, collisions, outside, trials, millimetres, options
):
    parts, _ = place(spared(forest_with(trials, **options), 0, 5, 4, 3, 2, 1), millimetres)
    for part in parts:
        assert part.smallest >= LEAST - 0.005
        assert part.width == millimetres
        assert collisions(part.scene) == []
        assert outside(part.scene) == []
        assert part.height <= 230 or len(parts) > trials // 2


def test_columns_leave_by_their_order_and_are_named(forest_with):
    forest = spared(forest_with(5, lights=7), 0, 1, 3, 2, 4, 0)
    assert place(forest, 300)[1] == []
    gone = [place(forest, width)[1] for width in (180, 150, 125)]
    assert gone[0] == gone[1][: len(gone[0])]
    assert gone[1] == gone[2][: len(gone[1])]
    assert gone[2] == ["Hour", "Dose", "Route", "Treatment", "RoB 1"][: len(gone[2])]
    assert len(gone[0]) < len(gone[2])


def test_columns_of_one_number_leave_together_with_the_cells_of_pooled_rows(forest_with):
    forest = forest_with(4)
    left = (*forest.left[:4], Heading("Hour", "end", spare=2), replace(forest.left[5], spare=2))
    right = (replace(forest.right[0], spare=1), forest.right[1])
    made, gone = lighter(replace(forest, left=left, right=right), 0)
    assert gone == ["Hour", "Ketamine n/N", "Weight %"]
    assert [h.title for h in made.left] == ["Trial", "Treatment", "Dose", "Route"]
    assert (made.total.left, made.total.right) == ((), forest.total.right[1:])
    assert {row.right for row in made.rows} == {row.right[1:] for row in forest.rows}
    assert made.prediction.right == forest.prediction.right[1:]


def test_lights_leave_last_unless_they_have_a_number_and_their_legend_with_them(forest_with):
    forest = replace(forest_with(3, lights=2), legend=("L low",))
    assert lighter(forest, 0)[1] == ["RoB 1"]
    assert lighter(forest, 0)[0].legend == ()
    numbered = tuple(replace(h, spare=9) for h in forest.lights)
    forest = spared(replace(forest, lights=numbered), 0, 1, 0, 0, 0, 0)
    assert lighter(forest, 0)[1] == ["RoB 1", "Treatment"]


def test_what_has_no_room_beside_the_axis_stands_above_it(forest_with):
    parts, gone = place(forest_with(6), 70)
    texts = [s.text for part in parts for s in flat(part.scene.shapes) if isinstance(s, Text)]
    assert "Trial 3" in texts
    assert {"Weight %", "Ketamine n/N", "Dose"} <= set(gone)
    assert "RR [95% CI]" not in gone
    with pytest.raises(NoRoomError, match="7 points"):
        place(forest_with(6), 50)


def test_names_wrap_between_words_and_break_none(forest_with):
    forest = forest_with(3, name="TRANSFORM-1+2 pooled {} (Japan)")
    for millimetres in (85, 100, 180):
        (part,), _ = place(replace(forest, notes=()), millimetres)
        found = [s.text for s in flat(part.scene.shapes) if isinstance(s, Text)]
        assert sum("TRANSFORM-1+2" in text for text in found) == 3


def texts_of(scene):
    return [shape.text for shape in flat(scene.shapes) if isinstance(shape, Text)]


@pytest.mark.parametrize("millimetres", [180, 85])
def test_a_tall_plot_goes_on_in_parts_that_are_like_the_whole(forest_with, millimetres):
    forest = replace(forest_with(60, groups=2), notes=("A note.",))
    parts, _ = place(forest, millimetres)
    assert len(parts) > 1
    assert all(part.height <= 230 for part in parts)
    found = [texts_of(part.scene) for part in parts]
    names = [t for texts in found for t in texts if t.startswith("Trial ")]
    assert names == [row.left[0] for row in forest.rows]
    for texts in found[:-1]:
        assert "Random effects (REML, HKSJ)" not in texts[-12:]
        assert "A note." not in texts
    assert "A note." in found[-1]
    assert any("(continued)" in t for texts in found[1:] for t in texts)
    assert [part.scene.title for part in parts] == [
        f"Made <up> & drawn ({n} of {len(parts)})" for n in range(1, len(parts) + 1)
    ]
    # one axis, and squares by the heaviest trial of all
    ticks = [
        {(s.x1, s.x2) for s in flat(p.scene.shapes) if isinstance(s, Line) and s.y2 - s.y1 == 5}
        for p in parts
    ]
    assert ticks[0]
    assert all(one == ticks[0] for one in ticks)


def test_squares_of_a_part_are_as_large_as_in_the_whole(forest_with):
    forest = forest_with(40)
    block = forest.blocks[0]
    rows = tuple(replace(row, weight=1.0 + n) for n, row in enumerate(block.rows))
    forest = replace(forest, blocks=(replace(block, rows=rows),))

    def sides(parts):
        return [
            s.width
            for part in parts
            for s in flat(part.scene.shapes)
            if isinstance(s, Rect) and s.role == "mark"
        ]

    whole, cut = place(forest, 180, highest=1e4)[0], place(forest, 180, highest=120)[0]
    assert (len(whole), len(cut)) == (1, 5)
    assert sides(cut) == pytest.approx(sides(whole))


def test_a_plot_that_fits_is_as_wide_as_its_place(forest_with):
    for millimetres in (300, 380):
        (part,), gone = place(forest_with(3), millimetres)
        assert gone == []
        assert part.scale == pytest.approx(1)
        assert part.scene.width * MM == pytest.approx(millimetres)
        assert any(isinstance(s, Polygon) for s in flat(part.scene.shapes))


def test_the_numbers_of_a_group_are_below_its_name(forest_with):
    forest = forest_with(3)
    pair = (
        Heading("Events", "end", "A name far wider than both"),
        Heading("Total", "end", "A name far wider than both"),
    )
    forest = replace(forest, left=(*forest.left[:4], *pair))
    places = column_places(forest)
    (x0, _), (_, x1) = places.left[4:]
    texts = {t.text: t for t in places.head(0) if isinstance(t, Text)}
    assert texts["A name far wider than both"].anchor == "middle"
    assert texts["A name far wider than both"].x == pytest.approx((x0 + x1) / 2)
    assert texts["Events"].y > texts["A name far wider than both"].y
