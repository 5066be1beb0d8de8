"""Tests of small-study effects that effects alone do not set off."""

from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm

from ketameta.crosscheck.small_study import asymmetry_again
from ketameta.synthesize.diagnose import asymmetry
from ketameta.tables.effects import EffectRow

from ..rows import row

SIZES = [12, 16, 20, 24, 30, 40, 50, 60, 80, 100, 140]


def effects(**columns):
    names = ("yi", "vi", "n_t", "n_c", "events_t", "events_c")
    rows = zip(*(columns.get(name, [None] * len(SIZES)) for name in names), strict=True)
    given = {"design": "parallel", "drug_route": "IV ketamine"}
    return [row(EffectRow, **given, **dict(zip(names, cells, strict=True))) for cells in rows]


def test_events_go_on_the_inverse_of_the_size_with_peters_weights(configuration):
    rng = np.random.default_rng(3)
    n = np.array(SIZES)
    a, c = rng.binomial(n, 0.5), rng.binomial(n, 0.3)
    yi, vi = np.log((a / n) / (c / n)), 1 / a - 1 / n + 1 / c - 1 / n
    found = asymmetry(
        configuration["response_24h"],
        effects(yi=yi, vi=vi, n_t=n, n_c=n, events_t=a, events_c=c),
        0.5,
    )
    weights = 1 / (1 / (a + c) + 1 / (2 * n - a - c))
    line = sm.WLS(yi, sm.add_constant(1 / (2 * n)), weights).fit()
    assert (found.test, found.test_k) == ("Peters", 11)
    assert found.test_slope == pytest.approx(line.params[1], rel=1e-9)
    assert found.test_p == pytest.approx(line.pvalues[1], rel=1e-8)


def test_scores_go_on_what_of_their_standard_error_is_not_the_effect(configuration):
    rng = np.random.default_rng(4)
    n = np.array(SIZES)
    size = 2 / n
    yi = rng.normal(-0.6, np.sqrt(size))
    found = asymmetry(
        configuration["depression_24h"],
        effects(yi=yi, vi=size + yi**2 / (4 * n), n_t=n, n_c=n),
        -0.6,
    )
    line = sm.WLS(yi, sm.add_constant(np.sqrt(size)), 1 / size).fit()
    assert found.test_slope == pytest.approx(line.params[1], rel=1e-9)
    assert found.test_p == pytest.approx(line.pvalues[1], rel=1e-8)
    assert found.test_p != pytest.approx(found.p, rel=1e-3)


def asked_by(analysis, measure, test):
    select = replace(analysis.select, measure=measure)
    return replace(analysis, select=select, model=replace(analysis.model, small_study=test))


def test_odds_ratios_go_by_their_scores_where_harbord_is_asked(configuration):
    rng = np.random.default_rng(3)
    n = np.array(SIZES)
    a, c = rng.binomial(n, 0.5), rng.binomial(n, 0.3)
    yi, vi = np.log(a * (n - c) / (c * (n - a))), 1 / a + 1 / c + 1 / (n - a) + 1 / (n - c)
    rows = effects(yi=yi, vi=vi, n_t=n, n_c=n, events_t=a, events_c=c)
    analysis = asked_by(configuration["response_24h"], "OR", "Harbord")
    found = asymmetry(analysis, rows, 0.5)
    some, whole = a + c, 2 * n
    v = n * n * some * (whole - some) / (whole**2 * (whole - 1))
    z = a - some / 2
    line = sm.OLS(z / np.sqrt(v), sm.add_constant(np.sqrt(v))).fit()
    assert (found.test, found.test_k) == ("Harbord", 11)
    assert found.test_slope == pytest.approx(line.params[0], rel=1e-9)
    assert found.test_p == pytest.approx(line.pvalues[0], rel=1e-8)
    # and once more by the part of the project that recomputes
    again = [one for one in asymmetry_again(analysis, found, rows) if "Harbord" in one.number]
    assert len(again) >= 3
    for one in again:
        assert one.theirs == pytest.approx(one.ours, rel=1e-8)


@pytest.mark.parametrize(
    ("measure", "asked", "made"),
    [("SMD", "Egger", "Egger"), ("SMD", "Harbord", "Pustejovsky and Rodgers"),
     ("RR", "Harbord", "Peters"), ("MD", "Peters", "Egger"), ("OR", "auto", "Peters")],
)  # fmt: skip
def test_the_test_is_the_one_asked_where_it_is_for_the_measure(configuration, measure, asked, made):
    n = np.array(SIZES)
    rows = effects(
        yi=np.linspace(-1, 0, 11), vi=np.linspace(0.5, 0.1, 11), n_t=n, n_c=n,
        events_t=n // 2, events_c=n // 3,
    )  # fmt: skip
    analysis = asked_by(configuration["response_24h"], measure, asked)
    assert asymmetry(analysis, rows, -0.5).test == made


def test_large_effects_alone_do_not_set_the_tests_off(configuration):
    # one large effect in all trials, none of them kept back: p < 0.1 in about a tenth of reviews
    rng = np.random.default_rng(5)
    n = np.array([15, 20, 25, 30, 35, 40, 50, 60] * 2)
    least = {"Peters": 0, "Egger": 0}
    for _ in range(400):
        a, c = rng.binomial(n, 0.5) + 0.5, rng.binomial(n, 0.12) + 0.5
        yi, vi = np.log(a / c), 1 / a - 1 / (n + 1) + 1 / c - 1 / (n + 1)
        rows = [
            row(
                EffectRow,
                yi=y,
                vi=v,
                n_t=m + 1,
                n_c=m + 1,
                events_t=e,
                events_c=f,
                design="parallel",
                drug_route="IV ketamine",
            )
            for y, v, m, e, f in zip(yi, vi, n, a, c, strict=True)
        ]
        found = asymmetry(configuration["response_24h"], rows, 1.3)
        least["Peters"] += found.test_p < 0.1
        least["Egger"] += found.p < 0.1
    assert 0.05 < least["Peters"] / 400 < 0.15
    assert least["Egger"] / 400 > 0.5


def test_effects_without_sizes_are_left_out_and_nine_test_nothing(configuration):
    n = [*SIZES[:-2], None, None]
    rows = effects(yi=np.linspace(-1, 0, 11), vi=np.linspace(0.5, 0.1, 11), n_t=n, n_c=n)
    found = asymmetry(configuration["depression_24h"], rows, -0.5)
    assert (found.test_k, found.test_p) == (9, None)
    assert found.p is not None


def test_treated_arms_alone_have_no_test(configuration):
    rows = effects(yi=np.linspace(-1, 0, 11), vi=np.linspace(0.5, 0.1, 11), n_t=SIZES)
    found = asymmetry(configuration["response_24h_arm"], rows, -0.5)
    assert (found.test, found.test_p) == (None, None)


# drugs by route, and whether a trial is a crossover
NASAL = [False, False, False, True, False, True, True, True, True, True, False]
CROSSED = [True, True, False, True, *[False] * 7]


def sorted_out(rows, crossed=CROSSED):
    return [
        replace(
            one,
            drug_route="nasal esketamine" if nasal else "IV ketamine",
            design="crossover" if cross else "parallel",
        )
        for one, nasal, cross in zip(rows, NASAL, crossed, strict=True)
    ]


def responders():
    a = np.array([9, 4, 11, 7, 14, 20, 22, 30, 41, 52, 60])
    c = np.array([1, 2, 3, 3, 5, 9, 12, 14, 25, 30, 41])
    n = np.array(SIZES)
    rows = effects(yi=np.log(a / c), vi=1 / a + 1 / c - 2 / n, n_t=n, n_c=n, events_t=a, events_c=c)
    return sorted_out(rows)


def scores():
    n = np.array(SIZES)
    yi = [-1.4, -0.9, -1.1, -0.3, -0.8, -0.5, -0.6, -0.35, -0.45, -0.4, -0.3]
    return sorted_out(effects(yi=yi, vi=2 / n + 0.01, n_t=n, n_c=n))


# metafor 3.8-1: rma(yi, v, mods = ~ x + drug, method = "FE", test = "knha"), the p of x; v and x as
# Peters' and as Pustejovsky and Rodgers' tests have them; without crossovers by ~ x alone
REGRESSED = [
    ("response_24h", responders, 0.000204128725202, 0.000280056654179, 0.000440075016252),
    ("depression_24h", scores, 0.00166648400998, 0.00167003811609, 0.00259646202962),
]


@pytest.mark.parametrize(("name", "rows", "whole", "without", "adjusted"), REGRESSED)
def test_the_test_is_made_without_crossovers_and_within_drugs_too(
    configuration, name, rows, whole, without, adjusted
):
    found = asymmetry(configuration[name], rows(), 0.5)
    assert found.test_p == pytest.approx(whole, rel=1e-9)
    assert (found.without_crossovers_k, found.test_k) == (8, 11)
    assert found.without_crossovers_p == pytest.approx(without, rel=1e-9)
    assert found.adjusted_p == pytest.approx(adjusted, rel=1e-9)


def test_where_nothing_is_to_leave_out_or_to_adjust_for_the_p_is_that_of_the_whole(configuration):
    rows = [replace(r, design="parallel", drug_route="IV ketamine") for r in responders()]
    found = asymmetry(configuration["response_24h"], rows, 0.5)
    same = [getattr(found, n) for n in ("without_crossovers_p", "adjusted_p")]
    assert same == pytest.approx([found.test_p] * 2, rel=1e-12)


@pytest.mark.parametrize(("crossed", "told"), [(6, True), (7, False)])
def test_fewer_than_five_effects_are_not_tested_without_crossovers(configuration, crossed, told):
    rows = sorted_out(responders(), [True] * crossed + [False] * (11 - crossed))
    found = asymmetry(configuration["response_24h"], rows, 0.5)
    assert (found.without_crossovers_p is not None) == told


def test_a_drug_for_each_trial_leaves_nothing_to_adjust(configuration):
    rows = [replace(r, drug_route=str(i)) for i, r in enumerate(responders())]
    found = asymmetry(configuration["response_24h"], rows, 0.5)
    assert found.adjusted_p is None
    # nine effects are not tested at all
    few = asymmetry(configuration["response_24h"], responders()[:9], 0.5)
    assert few.test_p is None
    assert few.adjusted_p is None
    assert few.without_crossovers_p is None
