"""Effects drawn to the mean on forest plots: where they are asked for, beside each trial's own."""

from dataclasses import replace

import pytest

from ketameta.figures.forest import draw
from ketameta.figures.narrow import draw_narrow
from ketameta.figures.scene import Circle, Group, Rect, Text, flat
from ketameta.report.forest_data import PLOTTED, forest_of
from ketameta.tables.bayes import ShrunkenRow
from ketameta.tables.collection import Tables, of_analyses
from ketameta.tables.syntheses import StudyRow, SynthesisRow


@pytest.fixture
def asked(configuration, tables):
    """Return an analysis that asks for them, its record and its rows."""
    analysis = configuration["response_24h"]
    own = of_analyses(tables, (*PLOTTED, SynthesisRow))(analysis.name)
    shown = replace(analysis, display=replace(analysis.display, forest="shrunken"))
    return shown, own[SynthesisRow][0], own


def marks(scene):
    """Return the own mark and the dot of each trial."""
    found = []
    for group in scene.shapes:
        if isinstance(group, Group) and group.name == "study":
            inside = list(flat((group,)))
            own = [s for s in inside if isinstance(s, Rect) and s.role == "mark"]
            dots = [s for s in inside if isinstance(s, Circle) and s.radius < 3]
            found.append((own, dots))
    return found


@pytest.mark.parametrize("made", [draw, draw_narrow])
def test_each_trial_has_a_dot_below_its_square_and_between_it_and_the_mean(asked, made):
    analysis, record, own = asked
    forest = forest_of(analysis, record, own)
    found = marks(made(forest))
    assert len(found) == len(own[StudyRow]) == len(own[ShrunkenRow])
    between = 0
    for squares, dots in found:
        (dot,) = dots
        for square in squares:
            assert dot.y > square.y + square.height / 2
            between += 1
    assert between > 5
    drawn = {row.label: row.estimate for row in own[ShrunkenRow]}
    for study in own[StudyRow]:
        low, high = sorted((study.effect, record.estimate))
        # under a prior the mean is near the pooled effect, not at it
        assert low * 0.8 < drawn[study.label] < high * 1.2


@pytest.mark.parametrize("made", [draw, draw_narrow])
def test_nothing_meets_and_the_legend_says_what_they_are(asked, made, collisions, outside):
    scene = made(forest_of(*asked))
    assert collisions(scene) == []
    assert outside(scene) == []
    said = " ".join(s.text for s in flat(scene.shapes) if isinstance(s, Text))
    assert "Grey dots on thin lines" in said


def test_without_being_asked_for_nothing_is_drawn_nor_said(asked, configuration):
    analysis, record, own = asked
    plain = configuration[analysis.name]
    scene = draw(forest_of(plain, record, own))
    assert not any(dots for _, dots in marks(scene))
    assert "Grey dots" not in " ".join(s.text for s in flat(scene.shapes) if isinstance(s, Text))


def test_where_no_prior_applies_that_is_said(asked):
    analysis, record, own = asked
    rows = {kind: own[kind] for kind in PLOTTED if kind is not ShrunkenRow}
    forest = forest_of(analysis, record, Tables(rows))
    assert forest.statistics[-1].startswith("Drawn to the mean: no trial")
    assert all(row.drawn is None for row in forest.rows)
