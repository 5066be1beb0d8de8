"""The effect by dose with every treated arm apart: as metafor has it, and when it is asked."""

from dataclasses import replace

import numpy as np
import pytest

from ketameta.moderators import APART, ARMS, CURVED
from ketameta.stats import restricted_cubic_spline
from ketameta.synthesize.doses import Arms, arms_with_dose, by_dose, choice_of
from ketameta.synthesize.moderators import Background, moderated
from ketameta.tables.effects import EffectRow, VariantRow

from ..rows import row

# trial, arm, yi, vi, variance through the shared control, dose
MADE = (
    ("a", "low", -0.9, 0.13, 0.03, 28.0), ("a", "middle", -1.0, 0.13, 0.03, 56.0),
    ("a", "high", -1.1, 0.126, 0.03, 84.0), ("b", "low", -0.4, 0.017, 0.005, 56.0),
    ("b", "high", -0.3, 0.016, 0.005, 84.0), ("c", "", -0.6, 0.064, None, 35.0),
    ("d", "", -0.7, 0.12, None, 42.0), ("e", "low", -0.2, 0.05, 0.02, 20.0),
    ("e", "high", -0.5, 0.08, 0.02, 70.0), ("f", "", -0.8, 0.07, None, 35.0),
    ("g", "", -0.35, 0.02, None, 84.0), ("h", "", -0.45, 0.06, None, 50.0),
)  # fmt: skip
# metafor 3.8-1, rma.mv(yi, V, mods = ~ I(d / 10) + I(bend / 10), random = ~ 1 | trial/arm,
# test = "t"): coefficients, standard errors, p, tau2 of both levels; without moderators its tau2
LINE = (
    (-0.5564060537, 0.0128079543),
    (0.1807374303, 0.02753993145),
    (0.01166982329, 0.6518445367),
    0.01128983245,
)
BENT = (
    (-0.2592620509, -0.06942988181, 0.1071350565),
    (0.3201318446, 0.0770272385, 0.09546674653),
    (0.4389075284, 0.3908757814, 0.2908131663),
    0.01597064063,
)
WITHOUT = 0.01397919216
# predict() at 20 mg, below the first knot
AT_20 = (-0.3981218145, -0.8070449196, 0.01080129067)


@pytest.fixture
def analysis(configuration):
    return configuration["depression_24h"]


@pytest.fixture
def arms():
    effects = [
        row(VariantRow, trial_id=a, comparison=b, yi=y, vi=v, shared=s, people=40, variant=APART)
        for a, b, y, v, s, _ in MADE
    ]
    return Arms(effects, np.array([dose for *_, dose in MADE]), [])


def test_both_lines_agree_with_metafor(analysis, arms):
    rows, terms, values, curve = by_dose(analysis, arms)
    assert [one.model for one in rows] == [ARMS, CURVED]
    for own, (beta, se, p, tau2) in zip(rows, (LINE, BENT), strict=True):
        found = [one for one in terms if one.model == own.model]
        assert [one.estimate for one in found] == pytest.approx(beta, rel=1e-4)
        assert [one.se for one in found] == pytest.approx(se, rel=1e-4)
        assert [one.p for one in found] == pytest.approx(p, rel=1e-4)
        assert own.tau2 == pytest.approx(tau2, rel=1e-4)
        assert own.tau2_without == pytest.approx(WITHOUT, rel=1e-4)
        assert (own.k, own.rule, own.qm_p) == (8, "t", found[-1].p)
    first = curve[0]
    assert first.at == 20
    assert (first.estimate, first.ci_low, first.ci_high) == pytest.approx(AT_20, rel=1e-4)
    assert [(one.number, one.yi) for one in values] == [(dose, y) for _, _, y, *_, dose in MADE]


def test_the_bend_is_that_of_r(arms):
    # of the same doses, by hand in R; 0 below the first knot, and straight beyond the last
    theirs = [0, 6.637558896, 37.92206148, 6.637558896, 37.92206148, 0.08176574267, 0.7693158148,
              0, 20.16972651, 0.08176574267, 37.92206148, 3.16001066]  # fmt: skip
    bend = restricted_cubic_spline(arms.doses, np.percentile(arms.doses, [10, 50, 90]))[:, 1]
    assert bend == pytest.approx(theirs, abs=1e-8)


def test_few_doses_leave_the_line_straight(analysis, arms):
    few = arms._replace(doses=np.where(arms.doses > 50, 80.0, 30.0))
    assert [one.model for one in by_dose(analysis, few)[0]] == [ARMS]


def test_nothing_is_asked_where_no_arms_share_a_control_or_trials_are_few(analysis, arms):
    alone = arms._replace(effects=[replace(one, shared=None) for one in arms.effects])
    assert by_dose(analysis, alone) == ([], [], [], [])
    few = Arms(arms.effects[:5], arms.doses[:5], [])
    assert by_dose(analysis, few) == ([], [], [], [])


def test_arms_without_a_dose_are_left_out_by_name(arms):
    doses = {(a, b): dose for a, b, *_, dose in MADE} | {("a", "high"): None}
    found = arms_with_dose(arms.effects, doses)
    assert (len(found.effects), found.left_out) == (11, ["a high"])


def test_a_question_asked_by_dose_keeps_arms_apart_beside_it(analysis, arms):
    assert choice_of(analysis) is None
    asked = replace(analysis, model=replace(analysis.model, moderators=(("dose_mg",),)))
    effects = [
        row(EffectRow, trial_id=a, dose=f"{dose:g} mg", yi=y, vi=v, people=40)
        for a, b, y, v, _, dose in MADE
        if b in ("", "low")
    ]
    told = [
        Background(name, None, None, tuple((b, f"{d:g} mg") for a, b, *_, d in MADE if a == name))
        for name in "abcdefgh"
    ]
    found = moderated(asked, effects, told, (), arms.effects)
    assert [one.model for one in found.regressions] == ["dose_mg", ARMS, CURVED]
    assert found.regressions[1].left_out == []
    nothing = replace(analysis, model=replace(analysis.model, moderators=(("year",),)))
    assert ARMS not in [one.model for one in moderated(nothing, effects, told, (), arms.effects)[0]]


def test_arms_that_are_the_effects_of_a_question_are_regressed_on_their_doses(analysis, arms):
    asked = replace(analysis, model=replace(analysis.model, moderators=(("dose_mg",), ("year",))))
    effects = [
        row(EffectRow, trial_id=a, comparison=b, dose=f"{d:g} mg", yi=y, vi=v, shared=s, people=40)
        for a, b, y, v, s, d in MADE
    ]
    told = [
        Background(name, None, None, tuple((b, f"{d:g} mg") for a, b, *_, d in MADE if a == name))
        for name in "abcdefgh"
    ]
    found = moderated(asked, effects, told, ())
    models = {one.model: one for one in found.regressions}
    assert [*models] == ["dose_mg", "year", ARMS, CURVED]
    assert {name for name, one in models.items() if one.failure} == {"dose_mg", "year"}
    assert models[ARMS].tau2 == pytest.approx(by_dose(analysis, arms)[0][0].tau2)
