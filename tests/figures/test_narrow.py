"""The forest plot for a phone: nothing cut, nothing over anything, every trial there."""

from dataclasses import replace

import pytest

from ketameta.figures.axis_shapes import behind_words
from ketameta.figures.narrow import WIDTH, draw_narrow
from ketameta.figures.scene import Group, Line, Rect, Text, flat
from ketameta.report.forest_data import forest_of
from ketameta.tables.collection import of_analyses
from ketameta.tables.syntheses import StudyRow, SubgroupRow, SynthesisRow


@pytest.mark.parametrize("trials", [1, 2, 13, 150])
@pytest.mark.parametrize("groups", [1, 3])
@pytest.mark.parametrize(
    "name", ["T {}", "A trial with a name of many words that no line holds {}"]
)
def test_no_text_meets_another_or_leaves_the_drawing(
    forest_with, collisions, outside, trials, groups, name
):
    scene = draw_narrow(forest_with(trials, groups=groups, name=name))
    assert scene.width == WIDTH
    assert collisions(scene) == []
    assert outside(scene) == []


def test_no_text_of_the_real_figures_meets_another_or_a_line(
    tables, configuration, collisions, outside, struck
):
    own_of = of_analyses(tables, (SynthesisRow, StudyRow, SubgroupRow))
    for analysis in configuration:
        own = own_of(analysis.name)
        scene = draw_narrow(forest_of(analysis, own[SynthesisRow][0], own))
        assert collisions(scene) == [], analysis.name
        assert struck(scene) == [], analysis.name
        assert outside(scene) == [], analysis.name


def test_every_trial_is_a_link_with_its_numbers(forest_with):
    forest = forest_with(13)
    studies = [s for s in draw_narrow(forest).shapes if isinstance(s, Group) and s.name == "study"]
    assert [s.href for s in studies] == [row.href for row in forest.rows]
    for study, row in zip(studies, forest.rows, strict=True):
        words = [s.text for s in flat((study,)) if isinstance(s, Text)]
        assert words[0] == row.right[-1]
        assert " ".join(words[1:]) == row.left[0]


@pytest.mark.parametrize("name", ["T {}", "A trial with a name that reaches far {}"])
def test_the_line_of_no_effect_stands_behind_every_mark_and_stops_for_words(
    forest_with, struck, name
):
    scene = draw_narrow(replace(forest_with(13, groups=3, name=name), statistics=()))
    shapes = list(flat(scene.shapes))
    pieces = [s for s in shapes if isinstance(s, Line) and s.role == "rule"]
    assert shapes[: len(pieces)] == pieces, "drawn first, so behind"
    assert len({piece.x1 for piece in pieces} | {piece.x2 for piece in pieces}) == 1
    assert struck(scene) == []
    marks = [s for s in shapes if isinstance(s, Rect) and s.role == "mark"]
    assert len(marks) == 13
    for mark in marks:
        assert any(p.y1 < mark.y and mark.y + mark.height < p.y2 for p in pieces)


def test_the_line_of_no_effect_is_one_where_no_word_stands_on_it():
    words = [Text(0, 20, "left", size=12), Text(200, 60, "far", "end", size=12)]
    line = Line(100, 0, 100, 90, "ink")
    assert behind_words(line, words) == [line]
    first, second = behind_words(line, [*words, Text(100, 50, "on it", "middle", size=12)])
    assert (first.y1, second.y2) == (0, 90)
    assert first.y2 < 50 - 0.74 * 12 < 50 + 0.21 * 12 < second.y1
    assert behind_words(line, [Text(100, 60, "tall", "middle", size=200)]) == []


def test_what_the_sides_favour_stands_on_one_line_where_there_is_room(forest_with):
    for sides, lines in ((("favours control", "favours ketamine"), 1), (("w" * 40, "v" * 40), 2)):
        made = forest_with(3)
        scene = draw_narrow(replace(made, scale=replace(made.scale, sides=sides)))
        said = [s for s in flat(scene.shapes) if isinstance(s, Text) and s.text[2:] == sides[0]]
        said += [s for s in flat(scene.shapes) if isinstance(s, Text) and s.text[:-2] == sides[1]]
        assert len({text.y for text in said}) == lines
