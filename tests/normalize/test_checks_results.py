"""Checks of reported results and of effects: each with the fault, and just without it."""

import pytest

from ketameta.normalize.checks.run import CHECKS
from ketameta.tables.effects import EffectRow
from ketameta.tables.raw import ARMS, CONTRASTS, OUTCOMES, TRIALS
from ketameta.tables.table import schema_of

from .checked import find

EFFECTS = schema_of(EffectRow)


def row(schema, line=2, **cells):
    """Return a row as ingest writes it; a number given as text keeps its decimals as typed."""
    made = {column.name: None for column in schema.columns}
    kinds = {column.name: column.kind for column in schema.columns}
    for name, cell in cells.items():
        number = kinds[name] == "number" and isinstance(cell, str)
        made[name] = float(cell) if number else cell
    entered = {name: str(cell) for name, cell in cells.items()}
    return {**made, "file": f"{schema.name}.csv", "line": line, "entered": entered}


def contrast(measure, estimate, low=None, high=None, line=2, **cells):
    usual = dict(trial_id="t1", arm_t="ketamine", arm_c="saline", outcome="depression_score")
    usual |= dict(scale="MADRS", timepoint_h=24.0, ci_level="95", measure=measure)
    given = dict(estimate=estimate, ci_low=low, ci_high=high)
    given = {name: cell for name, cell in given.items() if cell is not None}
    return row(CONTRASTS, line, **{**usual, **given, **cells})


def outcome(line=2, arm_id="ketamine", **cells):
    usual = dict(trial_id="t1", outcome="depression_score", scale="MADRS", timepoint_h=24.0)
    return row(OUTCOMES, line, arm_id=arm_id, **{**usual, "seen": "direct", **cells})


def arms(n=100):
    names = ("ketamine", "saline")
    return [row(ARMS, trial_id="t1", arm_id=a, treatment=a, n_randomised=n) for a in names]


def found(check, contrasts=(), outcomes=(), effects=(), n=100):
    assert check in CHECKS
    trials = [row(TRIALS, trial_id="t1", design="parallel")]
    every = find(trials, arms(n), outcomes, contrasts, effects)
    return [finding for finding in every if finding.check == check]


# -- estimate and interval ------------------------------------------------------------------------


def test_an_estimate_outside_its_interval_is_named_with_its_likely_sign():
    assert found("estimate-outside-interval", [contrast("MD", "-3.8", "-6.6", "-1.1")]) == []
    (got,) = found("estimate-outside-interval", [contrast("MD", "3.8", "-6.6", "-1.1")])
    assert got.message.endswith("with the other sign it is inside")


def test_an_estimate_rounded_onto_the_end_of_its_interval_is_inside():
    assert found("estimate-outside-interval", [contrast("MD", "-3.8", "-3.79", "-1.1")]) == []
    assert len(found("estimate-outside-interval", [contrast("MD", "-3.9", "-3.79", "-1.1")])) == 1


def test_an_arm_interval_may_be_of_the_mean_or_of_the_change():
    ends = dict(n=16, ci95_low="10.51", ci95_high="20.37")
    for cells in ({"mean": "15.44"}, {"mean": "30.1", "change_mean": "15.44"}):
        assert found("estimate-outside-interval", outcomes=[outcome(**cells, **ends)]) == []
    (got,) = found("estimate-outside-interval", outcomes=[outcome(mean="5.44", **ends)])
    assert got.column == "mean"


@pytest.mark.parametrize(
    ("measure", "estimate", "low", "high", "faults"),
    [
        ("MD", "-3.3", "-5.33", "-1.33", 0),
        ("MD", "-3.5", "-5.33", "-1.33", 1),  # 0.17 off, 0.055 of it rounding; 5% of 2.0 is 0.1
        ("SMD", "-0.8", "-1.04", "-0.55", 0),
        ("SMD", "-0.7", "-1.04", "-0.55", 1),
        ("OR", "3.7", "1.9", "7.3", 0),
        ("OR", "4.6", "1.9", "7.3", 1),  # the middle of the arithmetic scale
        ("HR", "0.04", "0.01", "0.22", 0),  # 0.01 may be 0.005
        ("OR", "14.1", "3.0", "92.2", 0),  # an exact interval: 10% of the half-width
        ("RD", "0.142", "0.039", "0.242", 0),
        ("RD", "0.142", "0.109", "0.242", 1),
    ],
)
def test_intervals_are_symmetric_but_for_rounding(measure, estimate, low, high, faults):
    got = found("interval-lopsided", [contrast(measure, estimate, low, high)])
    assert len(got) == faults


@pytest.mark.parametrize("model", ["median-unbiased estimate", "Hodges-Lehmann median difference"])
def test_intervals_of_models_without_a_standard_error_are_not_judged(model):
    odd = contrast("MD", "-1.6", "-7.2", "0.1", se="0.2", p_value="0.9", model=model)
    for check in ("interval-lopsided", "se-against-interval", "p-against-estimate"):
        assert found(check, [odd]) == []


@pytest.mark.parametrize(
    ("se", "level", "n", "faults"),
    [
        ("1.40", "95", 100, 0),  # half-width 2.75 = 1.964 SE
        ("1.30", "95", 100, 1),  # 2.12 SE each side
        ("1.30", "95", 9, 0),  # t with 16 degrees takes 2.12
        ("1.40", "90", 100, 1),
        ("1.67", "90", 100, 0),
        ("2.80", "95", 100, 1),
    ],
)
def test_a_standard_error_fits_its_interval_at_the_stated_level(se, level, n, faults):
    rows = [contrast("MD", "-3.85", "-6.60", "-1.10", se=se, ci_level=level)]
    assert len(found("se-against-interval", rows, n=n)) == faults


def test_rounding_of_the_interval_and_of_the_standard_error_is_allowed():
    # half-width 1 ± 0.5: 2 SE are from 0.25 to 0.75 wide each
    assert found("se-against-interval", [contrast("MD", "-1", "-2", "0", se="0.4")]) == []
    assert len(found("se-against-interval", [contrast("MD", "-1", "-2", "0", se="0.15")])) == 1


def test_the_level_that_would_fit_is_said():
    (got,) = found(
        "se-against-interval",
        [contrast("MD", "-1.0", "-5.77", "3.7", se="2.25", ci_level="90")],
    )
    # half-width 4.735 = 2.104 SE; 2Φ(2.104) - 1 = 0.9647
    assert "fits 96.5%" in got.message


def test_an_arms_sd_and_n_fit_its_interval():
    ends = dict(mean="15.44", ci95_low="10.51", ci95_high="20.37", n=16)
    assert found("se-against-interval", outcomes=[outcome(sd="10.07", **ends)]) == []
    assert len(found("se-against-interval", outcomes=[outcome(sd="2.52", **ends)])) == 1


# -- p ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("p", "faults"),
    [
        ("0.006", 0),
        ("0.06", 1),
        ("0.0006", 1),
        ("<0.01", 0),
        ("<0.001", 1),
        (">0.05", 1),
        (".003", 1),  # one-sided
        ("0.02 (adjusted 0.14)", 1),
        ("NS", 0),
    ],
)
def test_a_p_value_fits_estimate_and_standard_error(p, faults):
    # -3.8 with SE 1.39: z 2.73, p 0.0063
    rows = [contrast("MD", "-3.8", se="1.39", p_value=p)]
    assert len(found("p-against-estimate", rows)) == faults


def test_a_one_sided_p_is_recognised():
    (got,) = found("p-against-estimate", [contrast("MD", "-3.8", se="1.39", p_value=".0032")])
    assert got.message.endswith("one-sided it fits")


def test_p_is_taken_from_the_interval_on_the_scale_of_the_measure():
    # log 4.31 = 1.461, SE log(12.55/1.48)/3.92 = 0.545, z 2.68, p 0.0074
    assert (
        found("p-against-estimate", [contrast("OR", "4.31", "1.48", "12.55", p_value="0.007")])
        == []
    )
    rows = [contrast("OR", "4.31", "1.48", "12.55", p_value="0.07")]
    assert len(found("p-against-estimate", rows)) == 1


def test_no_p_is_taken_from_a_lopsided_interval():
    # exact intervals of few events are wider on one side: Wald's p, 0.0025, is not theirs
    lopsided = contrast("OR", "14.1", "3.0", "92.2", p_value="<0.0001")
    assert found("p-against-estimate", [lopsided]) == []
    even = contrast("OR", "16.6", "3.0", "92.2", p_value="<0.0001")  # p 0.0013
    assert len(found("p-against-estimate", [even])) == 1


def test_few_people_make_p_larger():
    # z 2.02: p 0.043, but 0.060 by t with 16 degrees
    rows = [contrast("MD", "-5.6", se="2.77", p_value="0.100")]
    assert len(found("p-against-estimate", rows, n=50)) == 1
    assert found("p-against-estimate", rows, n=5) == []  # 8 degrees: 0.078, within a factor 1.5


def test_the_p_of_another_test_may_differ_more():
    rows = [contrast("HR", "0.49", "0.29", "0.84", p_value=".003")]
    assert len(found("p-against-estimate", rows)) == 1
    rows[0]["model"] = "weighted combination log-rank"
    assert found("p-against-estimate", rows) == []
    rows[0]["p_value"] = ".0001"
    assert len(found("p-against-estimate", rows)) == 1


def test_one_reason_is_named_once():
    note = "p one-sided"
    rows = [contrast("MD", "-3.8", se="1.39", p_value=".003", note=note, line=n) for n in (2, 5, 9)]
    (got,) = found("p-against-estimate", rows)
    assert got.message.endswith("; note says: p one-sided (also lines 5, 9)")


# -- contrasts against arms -----------------------------------------------------------------------


def means(t, c, sd="10.0", n=50, **cells):
    return [
        outcome(4, "ketamine", change_mean=t, change_sd=sd, n=n, **cells),
        outcome(5, "saline", change_mean=c, change_sd=sd, n=n, **cells),
    ]


def events(t, c, n=50, **cells):
    usual = dict(outcome="response", n=n)
    return [
        outcome(4, "ketamine", events=t, **usual, **cells),
        outcome(5, "saline", events=c, **usual, **cells),
    ]


@pytest.mark.parametrize(
    ("estimate", "faults"),
    [("-4.0", 0), ("-7.9", 0), ("-8.0", 1), ("-0.1", 0), ("-40.0", 1)],
)
def test_a_difference_agrees_with_the_arms(estimate, faults):
    # the arms differ by -4.0 with standard error 2.0: 1.96 of them, and half a digit
    rows = [contrast("MD", estimate)]
    assert len(found("contrast-against-arms", rows, means("-14.0", "-10.0"))) == faults


def test_the_other_side_of_no_effect_is_named_even_where_it_is_near():
    raw = means("-12.5", "-10.0", n=50)  # -2.5, standard error 2.0
    (got,) = found("contrast-against-arms", [contrast("MD", "1.4", se="1.0")], raw)
    assert "other side" in got.message
    assert found("contrast-against-arms", [contrast("MD", "0.9", se="1.0")], raw) == []


def test_the_nearest_of_several_rows_counts():
    rows = means("-14.0", "-10.0", analysis_set="fas-locf") + [
        {**one, "line": one["line"] + 4, "analysis_set": "fas-observed", "change_mean": change}
        for one, change in zip(means("-14.0", "-10.0"), (-25.0, -10.0), strict=True)
    ]
    assert found("contrast-against-arms", [contrast("MD", "-15.0")], rows) == []


@pytest.mark.parametrize(
    ("measure", "estimate", "faults"),
    [
        ("OR", "3.5", 0),  # 30/50 and 15/50: 3.5
        ("OR", "0.29", 1),
        ("RR", "2.0", 0),
        ("RR", "0.5", 1),
        ("RD", "0.30", 0),
        ("RD", "-0.30", 1),
        ("HR", "2.9", 0),
        ("HR", "9.0", 0),  # another measure: only its side counts
        ("HR", "0.3", 1),
    ],
)
def test_ratios_and_risk_differences_agree_with_the_counts(measure, estimate, faults):
    rows = [contrast(measure, estimate, outcome="response")]
    assert len(found("contrast-against-arms", rows, events(30, 15))) == faults


def test_a_contrast_is_matched_by_the_definition_of_its_event():
    rows = [contrast("OR", "0.29", outcome="response", scale="SSI<=3")]
    assert found("contrast-against-arms", rows, events(30, 15)) == []
    matched = events(30, 15, definition="SSI<=3")
    assert len(found("contrast-against-arms", rows, matched)) == 1


@pytest.mark.parametrize(
    "cells", [{"timepoint_h": 48.0}, {"analysis_set": "subgroup"}, {"scale": "HAMD17"}]
)
def test_other_hours_subgroups_and_scales_are_not_compared(cells):
    rows = [contrast("MD", "40.0")]
    assert found("contrast-against-arms", rows, means("-14.0", "-10.0", **cells)) == []


# -- effects -------------------------------------------------------------------------------------


def effect(yi, trial_id="t1", measure="SMD", vi=0.04, **cells):
    made = {column.name: None for column in EFFECTS.columns}
    made |= dict(analysis="depression_24h", trial_id=trial_id, measure=measure, yi=yi, vi=vi)
    return {**made, "rows": ["outcomes.csv:4"], **cells}


def analysis(yi, others=(-0.3, -0.4, -0.5, -0.4, -0.3), **cells):
    rest = [effect(value, f"other{i}", **cells) for i, value in enumerate(others)]
    return [effect(yi, **cells), *rest]


def test_g_beyond_2_is_named_at_its_first_row():
    assert found("g-above-2", effects=[effect(-2.0)]) == []
    (got,) = found("g-above-2", effects=[effect(-2.1)])
    assert (got.file, got.line, got.trial_id) == ("outcomes.csv", 4, "t1")
    assert found("g-above-2", effects=[effect(-7.7, measure="MD")]) == []


def test_an_effect_far_from_the_others_is_named():
    # the others: mean -0.38, variance 0.04/5; three deviations √(0.04 + 0.008) are 0.657
    assert found("effect-apart", effects=analysis(-1.03)) == []
    (got,) = found("effect-apart", effects=analysis(-1.05))
    assert "3.1 SE from the 5 others" in got.message


def test_heterogeneity_of_the_others_widens_what_is_usual():
    others = (0.2, -0.9, -1.4, 0.1, -0.2)
    assert found("effect-apart", effects=analysis(-1.05, others)) == []


def test_four_others_are_needed():
    assert found("effect-apart", effects=analysis(-9.0, (-0.3, -0.4, -0.5))) == []


def test_an_effect_alone_on_the_other_side_is_named_when_its_mirror_image_fits():
    # 0.45 with SE 0.2: 2.25 of its own, and (0.45 + 0.38)/0.219 = 3.8 from the others
    (got,) = found("effect-apart", effects=analysis(0.45))
    assert "with the other sign it fits" in got.message


def test_an_effect_near_none_is_not_taken_for_a_turned_sign():
    assert found("effect-apart", effects=analysis(0.1)) == []


def test_an_effect_that_no_sign_would_fit_is_not_called_turned():
    (got,) = found("effect-apart", effects=analysis(2.5))
    assert "other sign" not in got.message


def test_effects_without_an_estimate_are_left_out():
    none = [*analysis(-0.4), effect(None, "empty", vi=None)]
    assert found("effect-apart", effects=none) == []
