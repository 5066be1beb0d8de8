"""What goes with effects: values of trials, regressions as metafor has them, who is left out."""

import math
from dataclasses import replace

import pytest

from ketameta.moderators import MODERATORS, dose_of
from ketameta.synthesize.designs import design_of
from ketameta.synthesize.moderators import (
    SHARED,
    Background,
    moderated,
    risks_of,
)
from ketameta.tables.diagnostics import JudgementRow
from ketameta.tables.effects import EffectRow
from ketameta.tables.raw import TrialRow
from ketameta.vocabulary import vocabulary

from ..rows import row

# dat.bcg of metafor 3.8-1 (Colditz 1994), escalc(measure="RR"): year, allocation, yi, vi
BCG = (
    (1948, "random", -0.88931133392, 0.325584765004),
    (1949, "random", -1.5853886572, 0.194581121398),
    (1960, "random", -1.3480731483, 0.415367965368),
    (1977, "random", -1.44155119002, 0.0200100319022),
    (1973, "alternate", -0.217547322211, 0.0512101721696),
    (1953, "alternate", -0.786115585819, 0.00690561845591),
    (1973, "random", -1.6208982236, 0.223017247572),
    (1980, "random", 0.0119523335238, 0.00396157929782),
    (1968, "random", -0.469417648738, 0.0564342104632),
    (1961, "systematic", -1.37134480347, 0.073024793613),
    (1974, "systematic", -0.339358828338, 0.0124122139716),
    (1969, "systematic", 0.445913400571, 0.5325058452),
    (1976, "systematic", -0.0173139482169, 0.071404659684),
)
# rma(yi, vi, mods = ~ ..., test = "knha"), random the reference of allocation, the year over 10:
# coefficients, standard errors, p of each, then tau2, I2, R2, F of the moderators and its p
BY = {
    "year": (
        (-53.1711178, 0.266626478),
        (31.94198722, 0.162337484),
        (0.1241840431, 0.1287537604),
        (0.2665557724, 87.69359719, 14.90454608, 2.697546441, 0.1287537604),
    ),
    "route": (
        (-0.9657741785, 0.4478184014, 0.5368566176),
        (0.2555853927, 0.4933185717, 0.4173198477),
        (0.003609793489, 0.3853548525, 0.227274023),
        (0.3615036643, 88.77090357, 0, 0.9662208448, 0.4133837457),
    ),
    "year + route": (
        (-57.55583021, 0.2876625923, 0.5860770204, 0.4343333488),
        (32.80460541, 0.1666953316, 0.4556134872, 0.3840590738),
        (0.1132380368, 0.1184857219, 0.230425516, 0.2873306411),
        (0.276238607, 85.1911392, 11.81339108, 1.681034039, 0.2397927112),
    ),
}
# exp of predict(newmods = c(194.8, 198.0)): means and intervals; permutest(iter = 10000),
# set.seed(1): p of the year
IN_1948, IN_1980 = (
    (0.2916269455, 0.1320644376, 0.6439755995),
    (0.6844941726, 0.3842711363, 1.219275215),
)
PERMUTED = 0.1293


@pytest.fixture
def analysis(configuration):
    found = configuration["response_24h"]
    asked = (("year",), ("route",), ("year", "route"))
    return replace(found, model=replace(found.model, interval="hksj", moderators=asked))


@pytest.fixture
def effects():
    return [
        row(
            EffectRow,
            trial_id=f"t{i}",
            label=f"T{i}",
            year=year,
            route=way,
            yi=yi,
            vi=vi,
            people=99,
        )
        for i, (year, way, yi, vi) in enumerate(BCG)
    ]


def close(found, *theirs):
    assert found == tuple(pytest.approx(value, rel=2e-6, abs=1e-8) for value in theirs)


@pytest.mark.parametrize("model", BY)
def test_a_regression_agrees_with_metafor(analysis, effects, model):
    found = moderated(analysis, effects, (), ())
    (own,) = [one for one in found.regressions if one.model == model]
    terms = [one for one in found.coefficients if one.model == model]
    beta, se, p, whole = BY[model]
    close(tuple(one.estimate for one in terms), *beta)
    close(tuple(one.se for one in terms), *se)
    close(tuple(one.p for one in terms), *p)
    close((own.tau2, own.i2, own.r2, own.qm, own.qm_p), *whole)
    assert own.tau2_without == pytest.approx(0.3132432581, rel=1e-7)
    assert (own.k, own.rule, own.failure, own.left_out) == (13, "hksj", None, [])


def test_factors_are_coded_against_the_level_of_most_trials(analysis, effects):
    found = moderated(analysis, effects, (), ())
    terms = [one for one in found.coefficients if one.model == "route"]
    assert [(t.term, t.reference, t.k) for t in terms] == [
        ("intercept", "", 13),
        ("route: alternate", "random", 2),
        ("route: systematic", "random", 4),
    ]
    formulas = {one.model: one.formula for one in found.regressions}
    assert formulas["year + route"] == "effect ~ year / 10 years + route (reference: random)"


def test_p_by_permutation_is_near_that_of_another_draw_and_the_same_again(analysis, effects):
    first, again = (moderated(analysis, effects, (), ()).regressions[0] for _ in range(2))
    assert first == again
    # each of two draws of 1,000 and 10,000 is off by less than three times its own error
    assert first.arrangements == 1000
    assert first.permutation_p == pytest.approx(PERMUTED, abs=3 * 0.0112)


def test_many_trials_are_dealt_out_in_fewer_orders(analysis, effects, monkeypatch):
    monkeypatch.setattr("ketameta.synthesize.moderators.DEALT", 0)
    (first, *_) = moderated(analysis, effects, (), ()).regressions
    assert first.arrangements == 200


def test_the_band_is_the_prediction_of_metafor_on_the_natural_scale(analysis, effects):
    own = moderated(analysis, effects, (), ())
    curve = [one for one in own.fitted if one.moderator == "year"]
    assert (curve[0].at, curve[-1].at, len(curve)) == (1948, 1980, 21)
    for one, theirs in ((curve[0], IN_1948), (curve[-1], IN_1980)):
        close((one.estimate, one.ci_low, one.ci_high), *theirs)
    levels = [one for one in own.fitted if one.moderator == "route"]
    assert [(one.level, one.k) for one in levels] == [
        ("random", 7), ("alternate", 2), ("systematic", 4)
    ]  # fmt: skip
    # the intercept of metafor and its interval
    low, high = math.exp(-1.535253922), math.exp(2 * -0.9657741785 + 1.535253922)
    close((levels[0].estimate, levels[0].ci_low, levels[0].ci_high),
          math.exp(-0.9657741785), low, high)  # fmt: skip


def test_trials_without_a_value_are_left_out_by_name(analysis, effects):
    gone = [replace(one, year=None) if i in (0, 4) else one for i, one in enumerate(effects)]
    gone[1] = replace(gone[1], route="")
    found = {one.model: one for one in moderated(analysis, gone, (), ()).regressions}
    assert found["year"].left_out == ["T0 (year)", "T4 (year)"]
    assert found["year + route"].left_out == ["T0 (year)", "T1 (route)", "T4 (year)"]
    assert (found["year"].k, found["year + route"].k) == (11, 10)


def test_what_cannot_be_estimated_says_why(analysis, effects):
    def why(own, *asked):
        model = replace(analysis.model, moderators=(asked,))
        (found,) = moderated(replace(analysis, model=model), own, (), ()).regressions
        assert found.tau2 is None
        return found.failure

    assert why(effects, "funding") == "no trial has a value"
    assert why([replace(one, year=1950) for one in effects], "year") == "all trials have one value"
    assert why(effects[:3], "year") == "3 trials for 2 coefficients: 4 are needed"
    same = [replace(one, hour=float(one.year)) for one in effects]
    assert "depend on each other" in why(same, "year", "hour")


def test_effects_that_share_a_control_are_not_regressed_and_that_is_said(analysis, effects):
    shared = [replace(effects[0], shared=0.01), *effects[1:]]
    found = moderated(analysis, shared, (), ())
    assert [one.model for one in found.regressions] == ["year", "route", "year + route"]
    assert {one.failure for one in found.regressions} == {SHARED}
    assert not any(found[1:])


def test_nothing_is_regressed_where_the_analysis_is_narrowed(analysis, effects):
    narrowed = replace(analysis, name=f"{analysis.name}@population=TRD")
    assert not moderated(narrowed, effects, (), ()).regressions
    nothing = replace(analysis, model=replace(analysis.model, moderators=()))
    assert not moderated(nothing, effects, (), ()).regressions


@pytest.mark.parametrize(
    ("told", "milligrams"),
    [("84 mg", 84.0), ("0.5 mg/kg", 35.0), ("28-84 mg", 56.0), ("0.5 mg/kg, 1 mg/kg", 52.5),
     ("2 g", 2000.0), ("", None), ("3 sessions", None), ("0.5 mg/kg, flexible", None)],
)  # fmt: skip
def test_a_dose_is_told_in_milligrams(told, milligrams):
    assert dose_of(told) == (milligrams and pytest.approx(milligrams))


def test_the_worst_judgement_of_a_trial_is_its_risk():
    def judged(trial, judgement):
        return row(JudgementRow, trial_id=trial, judgement=judgement, analysis="a")

    rows = [judged("a", "low"), judged("a", "unclear"), judged("b", "low"), judged("c", "high")]
    assert risks_of([*rows, judged("c", "low")]) == {
        "a": "some concerns", "b": "low", "c": "high"
    }  # fmt: skip


def test_what_is_told_of_a_whole_trial_is_found(analysis, effects):
    model = replace(analysis.model, moderators=(("funding",),))
    told = [Background(f"t{i}", "public" if i % 2 else "industry", None) for i in range(12)]
    (found,) = moderated(replace(analysis, model=model), effects, told, ()).regressions
    assert (found.k, found.left_out) == (12, ["T12 (funding)"])


def test_a_design_has_a_column_a_term():
    values = {"year": [1950.0, 1960.0, 1980.0], "route": ["a", "b", "b"]}
    design = design_of(("year", "route"), values)
    assert design.terms == [("year", "", ""), ("route", "a", "b")]
    assert design.columns == [[195.0, 196.0, 198.0], [1.0, 0.0, 0.0]]


def test_each_moderator_is_a_column_or_told_of_the_trial_and_has_words():
    own = set(EffectRow.__annotations__) | {"people"}
    beside = {"dose_mg", "n", "risk_of_bias", *Background._fields}
    assert set(MODERATORS) <= own | beside | set(dir(EffectRow))
    assert {"funding", "blinding"} <= set(TrialRow.__annotations__)
    splits = vocabulary().words("splits")
    assert all(one.words or name in splits for name, one in MODERATORS.items())
