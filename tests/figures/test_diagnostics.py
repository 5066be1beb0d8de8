"""The numbers behind the figures, and which figures there are."""

import math
import warnings
from dataclasses import replace

import pytest

from ketameta.figures.chart import clip, meet, names
from ketameta.figures.scene import Circle, Line, Polygon, Text, flat
from ketameta.report.forest_data import PLOTTED, forest_of
from ketameta.synthesize.fates import Fate, RawRows, exclusions
from ketameta.synthesize.judge import TrialJudgements
from ketameta.tables.collection import of_analyses
from ketameta.tables.diagnostics import AsymmetryRow, CourseRow, DiagnosticRow
from ketameta.tables.effects import ArmReductionRow, BiasRow, EvidenceMapRow, ResultRow
from ketameta.tables.raw import OutcomeRow
from ketameta.tables.syntheses import ExclusionRow, StudyRow, SynthesisRow

from ..rows import row as made_row


def rows_of(tables, kind, name):
    return [row for row in tables[kind] if row.analysis == name]


def test_diagnostics_exist_from_five_effects_on(tables):
    counts = {r.analysis: len(rows_of(tables, StudyRow, r.analysis)) for r in tables[SynthesisRow]}
    diagnosed = {r.analysis for r in tables[DiagnosticRow]}
    assert diagnosed == {name for name, k in counts.items() if k >= 5}
    assert {r.analysis for r in tables[AsymmetryRow]} == diagnosed
    assert {4, 5} <= set(counts.values())


def test_the_last_step_of_the_cumulation_is_the_synthesis(tables):
    records = {r.analysis: r for r in tables[SynthesisRow]}
    last = {r.analysis: r for r in tables[DiagnosticRow]}
    for name, row in last.items():
        if records[name].engine != "GLMM":
            assert row.until_estimate == pytest.approx(records[name].estimate, rel=1e-9)
            assert row.until_low == pytest.approx(records[name].ci_low, rel=1e-9)


def test_the_first_step_is_the_oldest_trial_alone(tables):
    first = rows_of(tables, DiagnosticRow, "response_24h")[0]
    assert (first.label, first.year) == ("Zarate 2006", 2006)
    assert first.until_estimate == pytest.approx(math.exp(first.effect))
    assert first.until_i2 is None


def test_leaving_one_out_is_the_synthesis_of_the_others(tables, configuration):
    from ketameta.synthesize.pool import pooled

    name = "depression_24h"
    studies = rows_of(tables, StudyRow, name)
    for i, row in enumerate(rows_of(tables, DiagnosticRow, name)):
        others = studies[:i] + studies[i + 1 :]
        again = pooled("SMD", others, configuration[name].model)
        assert row.without_estimate == pytest.approx(again.estimate, rel=1e-9)
        assert row.without_high == pytest.approx(again.ci_high, rel=1e-9)


def test_a_regression_of_few_effects_has_no_p(tables):
    assert all((r.p is None) == (r.k < 10) for r in tables[AsymmetryRow])
    assert {r.k >= 10 for r in tables[AsymmetryRow]} == {True, False}


def solid(scene):
    return [
        s for s in flat(scene.shapes)
        if isinstance(s, Line) and s.role == "ink" and s.x1 != s.x2 and s.y1 != s.y2
    ]  # fmt: skip


def test_a_funnel_has_eggers_line_from_ten_effects_on(drawings, tables):
    for row in tables[AsymmetryRow]:
        if "@" in row.analysis:
            continue
        scene = drawings[row.analysis, "funnel"].make()
        said = " ".join(s.text for s in flat(scene.shapes) if isinstance(s, Text))
        assert len(solid(scene)) == (row.k >= 10)
        assert ("Egger's line" in said) == (row.k >= 10)
        assert ("no test of asymmetry" in said) == (row.k < 10)


def test_a_funnel_has_a_point_an_effect_and_contours_where_it_compares(drawings, tables):
    for name, shades in (("response_24h", 3), ("response_24h_arm", 0)):
        scene = drawings[name, "funnel"].make()
        found = list(flat(scene.shapes))
        dots = [s for s in found if isinstance(s, Circle) and s.role != "paper"]
        assert len(dots) == len(rows_of(tables, StudyRow, name))
        assert sum(isinstance(s, Polygon) for s in found) == shades


def test_points_of_a_funnel_stand_by_effect_and_standard_error(drawings, tables):
    rows = rows_of(tables, DiagnosticRow, "response_24h")
    scene = drawings["response_24h", "funnel"].make()
    dots = [s for s in flat(scene.shapes) if isinstance(s, Circle) and s.role != "paper"]
    xs, ys = [d.x for d in dots], [d.y for d in dots]
    for places, values in ((xs, [r.effect for r in rows]), (ys, [r.se for r in rows])):
        i, j = values.index(min(values)), values.index(max(values))
        slope = (places[j] - places[i]) / (values[j] - values[i])
        assert places == pytest.approx([places[i] + slope * (v - values[i]) for v in values])
        assert slope > 0


def test_a_time_course_joins_analyses_that_differ_in_their_window_alone(tables, configuration):
    families = {}
    for row in tables[CourseRow]:
        families.setdefault(row.course, []).append(row.analysis)
    assert families["depression_24h"] == [
        "depression_4h", "depression_24h", "depression_7d", "depression_28d",
    ]  # fmt: skip
    assert "depression_24h_madrs" not in {name for names in families.values() for name in names}


def test_a_time_course_says_trials_and_people_of_each_point(drawings, tables):
    scene = drawings["depression_24h", "timecourse"].make()
    said = [s.text for s in flat(scene.shapes) if isinstance(s, Text)]
    for row in tables[CourseRow]:
        if row.course == "depression_24h":
            assert f"{row.n:,}" in said
            assert str(row.k) in said


def test_a_polygon_is_cut_at_upright_edges():
    assert set(clip([(-10, 0), (10, 0), (0, 10)], 0, 5)) == {(0, 0), (5, 0), (5, 5), (0, 10)}
    assert clip([(-10, 0), (-5, 0), (-7, 10)], 0, 5) == ()


def test_names_of_points_do_not_meet():
    from ketameta.figures.chart import Point

    places = [(100.0 + n, 100.0 + n) for n in range(6)]
    named = [(Point(0, 0, f"Trial number {n}"), place) for n, place in enumerate(places)]
    texts = names(named, places, (0, 400), (0, 400))
    assert 1 <= len(texts) < 6
    boxes = [(t.x, t.y - 10, t.x + 80, t.y + 3) for t in texts]
    assert not any(meet(a, b) for i, a in enumerate(boxes) for b in boxes[i + 1 :])


def judged(judgement, outcome="", source="review A", domain="sequence"):
    told = {"trial_id": "t1", "tool": "RoB1", "outcome": outcome, "domain": domain}
    told |= {"judgement": judgement, "best": judgement, "source": source}
    return made_row(BiasRow, **told, file="risk_of_bias.csv", line=2)


def judged_rows(rows, outcome="response"):
    return TrialJudgements({"t1": rows}).rows("a", outcome, ["t1"])


def test_where_reviews_differ_the_worse_stands_and_is_marked():
    rows = [judged("low"), judged("high", source="review B"), judged("unclear", source="C")]
    (one,) = judged_rows(rows)
    assert (one.judgement, one.disputed) == ("high", True)
    assert "low (review A)" in one.detail


def test_a_judgement_of_the_outcome_goes_before_one_of_the_trial():
    rows = [judged("high"), judged("low", outcome="response"), judged("high", outcome="remission")]
    (one,) = judged_rows(rows)
    assert (one.judgement, one.disputed) == ("low", False)
    assert judged_rows(rows[1:], "dropout") == []


def test_a_judgement_that_was_taken_over_has_a_mark_and_says_so():
    from ketameta.report import bias

    rows = [judged("low"), judged("unclear", domain="concealment")]
    rows[1] = replace(rows[1], inherited_from="t0", source="review A, of Trial 0")
    rows = judged_rows(rows)
    first, second, *_ = bias.lights("t1", bias.judgements_by_trial(rows), ["RoB1"])
    assert (first.letter, second.letter) == ("L", "U°")
    assert "taken over" not in first.title
    assert second.title.startswith("allocation concealment, taken over from a report of the same")
    assert second.title.endswith("unclear (review A, of Trial 0)")
    assert "° Judged in another report of the same randomisation." in bias.legend(rows)[-1]
    assert "°" not in bias.legend(rows[1:])[-1]


def test_lights_of_two_tools_and_of_a_trial_that_nobody_judged():
    from ketameta.report import bias

    rows = judged_rows([judged("low"), judged("low", domain="other")])
    lights = bias.lights("t1", bias.judgements_by_trial(rows), ["RoB1", "RoB2"])
    assert [light.letter for light in lights] == ["L", "", "", "", "", "", "L", *[""] * 6]
    nobody = bias.lights("t2", bias.judgements_by_trial(rows), ["RoB1"])
    assert {light.title.partition(": ")[2] for light in nobody} == {"not assessed"}


def test_trials_near_an_analysis_are_on_its_outcome_and_in_its_window(tables):
    near = {(r.analysis, r.label): r for r in tables[ExclusionRow] if r.near}
    assert ("depression_24h", "Zarate 2012") in near
    # baseline rows alone, and rows at four weeks
    assert ("depression_24h", "Shiroma 2020") not in near
    assert ("depression_24h", "Popova 2019 (TRANSFORM-2)") not in near


def test_of_rows_marked_not_to_be_pooled_those_in_the_window_are_told_of(tables, configuration):
    raw, analysis = RawRows(tables), configuration["depression_24h"]
    marked = {}
    for row in tables[ResultRow]:
        at = raw.hour(f"{row.file}:{row.line}")
        if at in (0, 24):
            fate = (row.trial_id, row.file, row.line, "flagged", f"marked at {at:g} h")
            marked.setdefault(row.trial_id, {})[at] = Fate(analysis.name, *fate)
    both = next(own for own in marked.values() if len(own) == 2)
    (told,) = exclusions(analysis, [], [both[0], both[24]], raw)
    assert (told.near, told.detail, len(told.rows)) == (True, "marked at 24 h", 2)
    (told,) = exclusions(analysis, [], [both[0]], raw)
    assert (told.near, told.detail) == (False, "marked at 0 h")


def test_the_heading_of_trials_left_out_says_what_is_so_of_each(tables, configuration):
    own = of_analyses(tables, (SynthesisRow, *PLOTTED))("depression_24h")
    forest = forest_of(configuration["depression_24h"], own[SynthesisRow][0], own)
    count = sum(row.near for row in own[ExclusionRow])
    heading = f"Not pooled, though outcome and time fit ({count} trials"
    assert forest.left_out_heading.startswith(heading)
    # their reasons differ, so each stands with its own
    assert len({trial.reason.partition(" (")[0] for trial in forest.left_out}) > 1


def test_coverage_counts_a_trial_once(tables):
    cell = {(r.population, r.outcome, r.period): r for r in tables[EvidenceMapRow]}
    for row in tables[EvidenceMapRow]:
        assert row.trials == len(set(row.trial_ids)) == len(row.labels) > 0
    assert cell["TRD", "response", "2 d"].trials >= 5


def test_reductions_follow_from_their_rows(tables):
    found = {(r.trial_id, r.arm_id, r.hour): r for r in tables[ArmReductionRow]}
    one = found["berman2000", "ketamine_0.5", 72.0]
    raw = {f"{r.file}:{r.line}": r for r in tables[OutcomeRow]}
    own, base = (raw[key] for key in one.rows)
    assert own.n == one.n
    change = own.change_mean if own.change_mean is not None else own.mean - base["mean"]
    baseline = base.baseline_mean or own.baseline_mean
    assert one.reduction == pytest.approx(-100 * change / baseline)


@pytest.mark.parametrize(
    ("hour", "period"),
    [
        *((0.5, "6 h"), (6, "6 h"), (6.1, "2 d"), (48, "2 d"), (49, "9 d")),
        *((216, "9 d"), (217, "later"), (1e5, "later"), (None, "later")),
    ],
)
def test_a_period_ends_with_its_last_hour_and_the_last_takes_what_has_none(hour, period):
    from ketameta.vocabulary.periods import mapped, period_of

    assert period_of(hour, mapped()) == period


@pytest.mark.parametrize("word", ["soon", "6", "six h", "6 hours", "1.5 d"])
def test_a_period_that_is_no_time_is_refused(word):
    from ketameta.vocabulary.hours import last_hour

    with pytest.raises(ValueError, match=rf"{word} is no period; these are: 1 h, 2 d, 3 wk"):
        last_hour(word)


@pytest.mark.parametrize(("arms", "abreast"), [(30, 3), (200, 13)])
def test_arms_alike_stand_beside_each_other_on_their_own_side(arms, abreast):
    from ketameta.figures.statistical import draw_reductions

    points = [{"period": "to 2 d", "reduction": 50.0, "n": 20} for _ in range(arms)]
    rows = [point | {"side": side} for side in ("treated", "control") for point in points]
    with warnings.catch_warnings():
        # seaborn calls matplotlib in a way that matplotlib is giving up
        warnings.filterwarnings("ignore", "vert: bool was deprecated")
        figure = draw_reductions(rows, ["to 2 d"], "note")
    dots = [c.get_offsets() for c in figure.axes[0].collections if len(c.get_offsets()) == arms]
    places = [sorted({round(float(x), 6) for x, _ in own}) for own in dots]
    assert [len(own) for own in places] == [abreast, abreast]
    assert places[0][-1] < 0 < places[1][0]
