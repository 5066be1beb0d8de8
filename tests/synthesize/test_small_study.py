"""The pooled result by methods that allow for small-study effects: which, and what is told."""

from dataclasses import replace

import numpy as np
import pytest

from ketameta.figures.forest import column_places, draw
from ketameta.figures.metrics import text_width
from ketameta.figures.scene import flat, to_svg
from ketameta.report.small_study import adjusted_of, small_study_view
from ketameta.stats import limit_meta, pet_peese, peters, selection_model, trim_and_fill
from ketameta.synthesize.small_study import adjusted
from ketameta.synthesize.stage import synthesis
from ketameta.tables.effects import EffectRow

from ..rows import row

A = (14, 9, 22, 8, 30, 12, 7, 19, 25, 11, 41, 6)
C = (6, 7, 13, 2, 24, 8, 7, 9, 20, 3, 36, 2)
N = (30, 25, 60, 14, 90, 33, 20, 55, 80, 21, 150, 12)
FEW = "Of fewer than 10 effects"


def effects(k=12, n=N):
    made = []
    for i, (a, c, size) in enumerate(zip(A[:k], C[:k], n[:k], strict=True)):
        yi, vi = np.log(a / c), 1 / a + 1 / c - 2 / size
        counts = {"events_t": a, "events_c": c, "n_t": size, "n_c": size, "people": 2 * size}
        made.append(row(EffectRow, trial_id=f"t{i}", label=f"t{i}", yi=yi, vi=vi, **counts))
    return made


def record_of(analysis, own, favours="above"):
    return replace(synthesis(analysis, own), favours=favours)


@pytest.fixture
def ratio(configuration):
    return configuration["response_24h"]


def test_each_row_is_the_method_of_the_statistics_on_the_natural_scale(ratio):
    own = effects()
    yi, vi = (np.array([getattr(e, name) for e in own]) for name in ("yi", "vi"))
    rows = {r.method: r for r in adjusted(ratio, record_of(ratio, own), own)}
    line, limit = pet_peese(yi, vi), limit_meta(yi, vi)
    n = np.array(N, float)
    expected = {
        "Peters": peters(yi, np.array(A, float), n, np.array(C, float), n).limit,
        "trim and fill": trim_and_fill(yi, vi).fit.estimate,
        "PEESE" if line.uses_peese else "PET": line.estimate,
        "limit meta-analysis": limit.estimate,
        "three-parameter selection": selection_model(yi, vi).estimate,
    }
    for name, value in expected.items():
        assert rows[name].estimate == pytest.approx(np.exp(value), rel=1e-12), name
        assert rows[name].low < rows[name].estimate < rows[name].high
        assert (rows[name].k, rows[name].needed) == (12, 10)
    # no trial is on the other side of no effect: its chance of publication is not known
    assert rows["step selection"].estimate is None
    assert "0.5 or more" in rows["step selection"].why


def test_selection_looks_at_the_side_that_favours_treatment(ratio):
    own = effects()
    rows = {r.method: r for r in adjusted(ratio, record_of(ratio, own, "below"), own)}
    assert rows["three-parameter selection"].why == "no trial has a one-sided p below 0.025"


def test_trials_of_one_size_have_no_line(ratio):
    own = [replace(e, vi=0.1) for e in effects(12, (60,) * 9 + (60, 60, 60)[:3])]
    rows = {r.method: r for r in adjusted(ratio, record_of(ratio, own), own)}
    for name in ("PET", "limit meta-analysis"):
        assert rows[name].estimate is None
        assert rows[name].why == "all trials are of one size"


def test_few_effects_are_grey_with_their_number_and_fewer_than_five_none(ratio):
    own = effects(7)
    record = record_of(ratio, own)
    rows = adjusted(ratio, record, own)
    view = small_study_view(ratio, record, rows)
    assert "With 7 effects none of them says much: 10 are wanted." in view.sentence
    assert "7 effects where 10 are wanted" in view.lines[1].beside
    drawn = adjusted_of(ratio, record, rows)
    assert not drawn.rows
    assert len(drawn.earlier) == sum(r.estimate is not None for r in rows)
    svg = to_svg(draw(drawn), "x", standalone=True)
    assert FEW in svg
    # the heading does not run into the plot
    heading = next(t for t in flat(draw(drawn).shapes) if getattr(t, "text", "") == FEW)
    assert heading.x + text_width(FEW, heading.size, bold=True) < column_places(drawn).plot[0]


def test_of_fewer_than_five_a_sentence_says_so_and_of_one_nothing(ratio):
    four, two, one = (effects(k) for k in (4, 2, 1))
    assert adjusted(ratio, record_of(ratio, four), four) == []
    for own, said in ((four, "With 4 trials nothing"), (two, "With 2 trials nothing")):
        view = small_study_view(ratio, record_of(ratio, own), [])
        assert view.sentence.startswith(said)
        assert "are tried from 5 on, and say little below 10." in view.sentence
        assert not view.lines
    assert small_study_view(ratio, record_of(ratio, one), []) is None


def test_the_panel_names_what_it_does_not_draw(ratio):
    own = effects()
    record = record_of(ratio, own)
    drawn = adjusted_of(ratio, record, adjusted(ratio, record, own))
    assert len(drawn.rows) == 5
    assert not drawn.earlier
    assert drawn.notes == (
        "Not drawn: Step selection model: no trial has a one-sided p of 0.5 or more.",
    )


def test_a_narrowed_analysis_has_the_panel_of_its_whole_one(ratio, configuration):
    own = effects()
    narrowed = next(a for a in configuration if a.narrow and a.select.outcome == "response")
    assert adjusted(narrowed, record_of(narrowed, own), own) == []
