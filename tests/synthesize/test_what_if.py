"""What would change a result: which analyses have it, and what is told of them."""

from dataclasses import replace

import numpy as np
import pytest

from ketameta.figures.scene import to_svg
from ketameta.report.what_if import contour_of, subsets_of, what_if_view
from ketameta.stats import fragility, gosh, random_effects
from ketameta.synthesize.diagnose import diagnostics
from ketameta.synthesize.stage import synthesis
from ketameta.synthesize.what_if import fragile, new_trials, subsets
from ketameta.tables.collection import Tables
from ketameta.tables.diagnostics import DiagnosticRow
from ketameta.tables.effects import EffectRow
from ketameta.tables.what_if import (
    ContourRow,
    FragilityRow,
    NewTrialRow,
    SubsetFieldRow,
    SubsetRow,
)

from ..rows import row

A, C, N = (14, 9, 22, 8, 30, 12), (9, 7, 13, 6, 26, 8), (30, 25, 60, 14, 90, 33)


def effects(k=6):
    made = []
    for i, (a, c, size) in enumerate(zip(A[:k], C[:k], N[:k], strict=True)):
        yi, vi = np.log(a / c), 1 / a + 1 / c - 2 / size
        counts = {"events_t": a, "events_c": c, "n_t": size, "n_c": size, "people": 2 * size}
        made.append(row(EffectRow, trial_id=f"t{i}", label=f"t{i}", yi=yi, vi=vi, **counts))
    return made


def tables(analysis, own, bounds=None):
    record = synthesis(analysis, own)
    inside, fields = subsets(analysis, record, own)
    sized, contours = new_trials(analysis, record, own, bounds)
    found = {
        FragilityRow: fragile(analysis, record, own),
        SubsetRow: inside,
        SubsetFieldRow: fields,
        NewTrialRow: sized,
        ContourRow: contours,
        DiagnosticRow: diagnostics(analysis, own),
    }
    return record, Tables(found)


@pytest.fixture
def ratio(configuration):
    return configuration["response_24h"]


def test_events_are_moved_where_an_effect_is_of_its_counts_alone(ratio):
    own = effects()
    own[0] = replace(own[0], yi=own[0].yi + 0.1)  # an adjusted one
    _, found = tables(ratio, own)
    (line,) = found[FragilityRow]
    counts = [np.array(x, float) for x in (A, N, C, N)]
    counts = [np.where(np.arange(6) == 0, np.nan, x) for x in counts]
    yi, vi = ([getattr(e, name) for e in own] for name in ("yi", "vi"))
    model = ratio.model
    expected = fragility(yi, vi, *counts, tau2=model.tau2, interval=model.interval)
    assert (line.moved, line.excludes) == (int(expected.moved), expected.excludes)
    assert (line.movable, line.k) == (5, 6)
    assert not any(move.startswith("t0") for move in line.moves)
    said = what_if_view(ratio, found).sentences[0]
    assert "1 effect of 6 not of plain counts stays as it is" in said


def test_the_contour_is_the_conclusion_of_the_updated_interval(ratio):
    own = effects()
    _, found = tables(ratio, own, (0.8, 1.25))
    yi, vi = (np.array([getattr(e, name) for e in own]) for name in ("yi", "vi"))
    each = np.median(vi * np.array([e.people for e in own]))
    for line in found[ContourRow][::5]:
        new = np.log(line.start) * 0.5 + np.log(line.end) * 0.5
        if np.log(line.end) - np.log(line.start) < 0.5:
            continue  # between two results of the grid
        fit = random_effects([*yi, new], [*vi, each / line.people], "REML", ratio.model.interval)
        place = 2 if fit.ci_low > np.log(1.25) else 1 if fit.ci_low > 0 else 0
        place = -2 if fit.ci_high < np.log(0.8) else -1 if fit.ci_high < 0 else place
        assert line.place == place
    assert {line.place for line in found[ContourRow]} >= {0, 1, 2}


def test_figure_and_words_say_the_same_for_an_outcome_that_is_better_low(ratio):
    record, found = tables(ratio, effects())
    up = to_svg(contour_of(ratio, replace(record, favours="above"), found[ContourRow]), "x")
    down = to_svg(contour_of(ratio, replace(record, favours="below"), found[ContourRow]), "x")
    assert "favours treatment: the whole interval" in up
    assert "favours control: the whole interval" in down


def test_a_trial_that_parts_the_subsets_is_named(ratio):
    own = effects()
    own[3] = replace(own[3], yi=4.0, vi=0.01)
    _, found = tables(ratio, own)
    assert [line.label for line in found[SubsetRow] if line.cluster] == ["t3"]
    view = what_if_view(ratio, found)
    assert "those with t3 (about " in view.sentences[1]
    assert ") are two clusters, as chance alone often makes of so few trials." in view.sentences[1]
    assert "two clusters" in view.trials[3].stands_out
    assert [people for people, _ in view.powers] == ["50", "100", "400"]


def test_two_clusters_of_many_trials_are_told_without_a_doubt(ratio):
    own = [replace(each, trial_id=f"{each.trial_id}{n}") for n in "ab" for each in effects()]
    own[3] = replace(own[3], yi=9.0, vi=0.01)
    _, found = tables(ratio, own)
    assert what_if_view(ratio, found).sentences[1].endswith(") are two clusters.")


def test_few_effects_have_their_fragility_alone_and_narrowed_ones_nothing(ratio, configuration):
    own = effects(3)
    record = synthesis(ratio, own)
    assert len(fragile(ratio, record, own)) == 1
    assert subsets(ratio, record, own) == ([], [])
    assert new_trials(ratio, record, own, None) == ([], [])
    narrowed = next(a for a in configuration if a.narrow and a.select.outcome == "response")
    assert fragile(narrowed, synthesis(narrowed, own), own) == []
    assert fragile(ratio, synthesis(ratio, own[:1]), own[:1]) == []


def test_the_fields_hold_every_subset_and_the_densest_half_of_them(ratio):
    own = effects()
    record, found = tables(ratio, own)
    lines = found[SubsetFieldRow]
    every = gosh([e.yi for e in own], [e.vi for e in own], ratio.model.tau2)
    several = every.k > 1
    assert sum(line.subsets for line in lines) == several.sum() == 2**6 - 1 - 6
    inside = sum(line.subsets for line in lines if line.within == 50)
    assert 0.5 <= inside / several.sum() < 0.95
    ends = np.exp([every.estimate[several].min(), every.estimate[several].max()])
    drawn = min(line.start for line in lines), max(line.end for line in lines)
    assert drawn == pytest.approx(tuple(ends), rel=1e-9)
    for line in lines:
        held = several & (every.i2 >= line.i2_low) & (every.i2 <= line.i2_high)
        there = np.exp(every.estimate)
        held &= (there >= line.start * (1 - 1e-12)) & (there <= line.end * (1 + 1e-12))
        assert held.sum() >= line.subsets > 0
    drawing = to_svg(subsets_of(ratio, record, found[SubsetRow], lines), "x")
    assert drawing.count("<rect") == len(lines) + 2 * len({line.within for line in lines})
    assert "<desc" in drawing


def test_subsets_of_one_estimate_have_no_picture(ratio):
    own = [replace(effect, yi=0.3, vi=0.1) for effect in effects()]
    _, found = tables(ratio, own)
    assert found[SubsetFieldRow] == []
