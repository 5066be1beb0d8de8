import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ketameta.stats import MEASURES, back_transform, effect_size
from ketameta.stats.effects.continuous import small_sample_factor
from ketameta.stats.effects.onegroup import freeman_tukey

# The same examples in every run, and no clock: tests say the same on a loaded machine.
steady = settings(derandomize=True, deadline=None)

REFERENCE = json.loads(
    (Path(__file__).parents[1] / "reference" / "effect_sizes.json").read_text(encoding="utf-8")
)


def numbers(values):
    return np.array([np.nan if v is None else v for v in values], dtype=float)


def name_of(case):
    return " ".join([case["measure"], case["dataset"], *map(str, dict(case["options"]).values())])


# Closed forms: what is left is rounding. It grows where two logs nearly cancel, and metafor takes
# J as a difference of two log-gammas, which costs it five digits of SMD's variance at n = 10,100.
@pytest.mark.parametrize("case", REFERENCE["cases"], ids=name_of)
def test_effects_match_metafor(case):
    got = effect_size(
        case["measure"],
        **{name: numbers(v) for name, v in case["input"].items()},
        **dict(case["options"]),  # R writes an empty list as []
    )
    yi, vi = numbers(case["yi"]), numbers(case["vi"])
    # Here an effect without a variance, or a variance without an effect, is none.
    absent = np.isnan(yi) | np.isnan(vi)
    yi[absent], vi[absent] = np.nan, np.nan
    np.testing.assert_allclose(got.vi, vi, rtol=1e-10, atol=1e-15)
    np.testing.assert_allclose(got.yi, yi, rtol=1e-10, atol=1e-13)


def test_every_measure_of_metafor_has_a_reference():
    ours_alone = {"SMDX", "PCTRED", "MPRDM", "MPRRM", "VRC", "CVRC", "GEN"}
    assert {case["measure"] for case in REFERENCE["cases"]} == set(MEASURES) - ours_alone


@pytest.mark.parametrize("row", REFERENCE["transf_ipft"], ids=lambda row: str(row["ni"]))
def test_inverse_freeman_tukey_matches_metafor(row):
    got = back_transform("PFT", row["x"], ni=row["ni"])
    # Near 0 and 1 the formula is 1 minus a square root: absolute digits are all there are.
    np.testing.assert_allclose(got, row["p"], atol=1e-13)


@steady
@given(st.integers(1, 5000), st.floats(0, 1))
def test_inverse_freeman_tukey_undoes_the_transform(n, share):
    x = round(share * n)
    assert back_transform("PFT", freeman_tukey(x, n), ni=n) == pytest.approx(x / n, abs=2e-7)


def test_back_transformations_return_to_the_readable_scale():
    assert back_transform("OR", np.log(2.5)) == pytest.approx(2.5)
    assert back_transform("PLO", np.log(0.2 / 0.8)) == pytest.approx(0.2)
    assert back_transform("PAS", np.arcsin(np.sqrt(0.3))) == pytest.approx(0.3)
    np.testing.assert_array_equal(back_transform("PAS", [-0.1, 2.0]), [0, 1])
    assert back_transform("ZCOR", np.arctanh(-0.6)) == pytest.approx(-0.6)
    assert back_transform("SMD", -0.4) == -0.4
    assert np.isnan(back_transform("PFT", np.nan, ni=10))
    with pytest.raises(ValueError, match="PFT needs ni"):
        back_transform("PFT", 0.5)
    with pytest.raises(ValueError, match=r"ni\[1\] is not above 0"):
        back_transform("PFT", [0.5, 0.5], ni=[3, 0])


def test_exact_small_sample_factor():
    # Γ(1)/Γ(1/2) = 1/√π at m = 2; Γ(3/2)/Γ(1) = √π/2 at m = 3.
    assert small_sample_factor(2) == pytest.approx(np.pi**-0.5, rel=1e-15)
    assert small_sample_factor(3) == pytest.approx(np.sqrt(np.pi / 6), rel=1e-15)
    # J(m) J(m+1) = (m-1)/√(m(m+1)) for all m, from Γ(x+1) = xΓ(x): also far out, where a
    # difference of two log-gammas has lost six digits.
    for m in (2.5, 17.0, 999.0, 1e5, 1e8):
        product = small_sample_factor(m) * small_sample_factor(m + 1)
        assert product == pytest.approx((m - 1) / np.sqrt(m * (m + 1)), rel=1e-14)
    assert np.isnan(small_sample_factor(1))
    # Hedges 1981: the approximation is good to 0.00033 from m = 10.
    m = np.arange(10.0, 200)
    gap = small_sample_factor(m, "approximate") - small_sample_factor(m)
    assert 0 < np.abs(gap).max() < 3.35e-4


def test_correction_may_be_approximate_or_none():
    x = {"m1i": 5.0, "sd1i": 2, "n1i": 9, "m2i": 3, "sd2i": 2, "n2i": 11}
    d = effect_size("SMD", correction="none", **x)
    assert d.yi == pytest.approx(1.0)
    assert d.vi == pytest.approx(1 / 9 + 1 / 11 + 1 / 40)
    assert effect_size("SMD", correction="approximate", **x).yi == pytest.approx(1 - 3 / 71)


def test_scalars_give_floats_and_batches_keep_their_shape():
    one = effect_size("RR", ai=3, n1i=10, ci=5, n2i=12)
    assert type(one.yi) is float
    assert type(one.vi) is float
    a = np.arange(1, 7).reshape(2, 3)
    batch = effect_size("RR", ai=a, n1i=10, ci=5, n2i=[12, 13, 14])
    assert batch.yi.shape == (2, 3)
    assert batch.yi[1, 2] == effect_size("RR", ai=6, n1i=10, ci=5, n2i=14).yi
    assert effect_size("RR", ai=[], n1i=[], ci=[], n2i=[]).yi.shape == (0,)


def test_if0all_looks_at_each_analysis_alone():
    both = effect_size("OR", ai=[[0, 2], [1, 2]], bi=5, ci=3, di=4, to="if0all")
    for row, a in enumerate(([0, 2], [1, 2])):
        alone = effect_size("OR", ai=a, bi=5, ci=3, di=4, to="if0all")
        np.testing.assert_array_equal(both.yi[row], alone.yi)
    assert both.yi[0, 1] != both.yi[1, 1]


def test_non_events_and_sizes_may_complete_each_other():
    nan = np.nan
    got = effect_size("OR", ai=[3, 3], bi=[7, nan], n1i=[nan, 10], ci=4, di=6)
    assert got.yi[0] == got.yi[1]
    assert not np.isnan(got.yi[0])


def test_what_is_added_may_be_shared_out_by_the_sizes_of_arms():
    # Sweeting and others 2004, section 2.2: of 1 in all, each arm gets its share of the people.
    x = {"ai": [0, 2], "n1i": [100, 100], "ci": [3, 3], "n2i": [300, 300]}
    got = effect_size("OR", add="TACC", **x)
    by_hand = effect_size("OR", ai=0.25, bi=100.25, ci=3.75, di=297.75)
    assert got.yi[0] == pytest.approx(by_hand.yi, rel=1e-14)
    assert got.vi[0] == pytest.approx(by_hand.vi, rel=1e-14)
    assert got.yi[1] == effect_size("OR", **x).yi[1]
    # of arms of one size it is a half in each cell; with "all" every study has it
    even = {"ai": [0, 2], "n1i": 10, "ci": [3, 3], "n2i": 10}
    for measure in ("RR", "OR", "RD", "PETO", "AS", "OR2D"):
        for to in ("only0", "all", "if0all", "none"):
            shared = effect_size(measure, add="TACC", to=to, **even)
            half = effect_size(measure, add=0.5, to=to, **even)
            np.testing.assert_allclose(shared.yi, half.yi, rtol=1e-14)


def test_without_events_in_either_arm_there_is_no_effect_where_shares_are_added():
    # the reason for it: half an event in each arm is an effect where arms differ in size
    none = {"ai": 0, "n1i": 100, "ci": 0, "n2i": 300}
    assert effect_size("RR", add="TACC", **none).yi == pytest.approx(0, abs=1e-15)
    assert effect_size("RR", **none).yi > 1


@pytest.mark.parametrize(
    ("measure", "x"),
    [
        ("PR", {"xi": 0, "ni": 5}),
        ("IRR", {"x1i": 0, "t1i": 5, "x2i": 1, "t2i": 5}),
        ("MPRR", {"ai": 0, "bi": 1, "ci": 2, "di": 3}),
    ],
)
def test_shares_are_refused_where_there_are_no_two_arms(measure, x):
    with pytest.raises(ValueError, match="two independent arms"):
        effect_size(measure, add="TACC", **x)
    with pytest.raises(ValueError, match="add is one of TACC"):
        effect_size(measure, add="half", **x)


def spread(g, n, sd, mean=20.0, size=40_000):
    """Standard deviations and means of many samples of n."""
    x = g.normal(mean, sd, (size, n))
    return x.std(axis=1, ddof=1), x.mean(axis=1)


def test_second_order_variances_are_those_of_samples():
    # of six people in an arm the first order leaves out a sixth of the variance
    g = np.random.default_rng(1)
    (s1, m1), (s2, m2) = spread(g, 6, 4.0), spread(g, 6, 8.0)
    means = {"m1i": m1, "sd1i": s1, "n1i": 6, "m2i": m2, "sd2i": s2, "n2i": 6}
    for measure, true in (("VR", np.log(0.5)), ("CVR", np.log(0.5))):
        # the variance that truth has, four standard errors of a mean and 2% of a variance
        fit = effect_size(measure, vtype="LS2", **means)
        observed = np.var(fit.yi)
        at_truth = {"m1i": 20.0, "sd1i": 4.0, "n1i": 6, "m2i": 20.0, "sd2i": 8.0, "n2i": 6}
        second = effect_size(measure, vtype="LS2", **at_truth).vi
        first = effect_size(measure, **at_truth).vi
        assert abs(second / observed - 1) < 0.04
        assert first / observed < 0.9
        assert abs(fit.yi.mean() - true) < 0.015


def test_ratios_of_variability_within_people_are_those_of_samples():
    g = np.random.default_rng(2)
    one, other = g.multivariate_normal([20, 20], [[16, 19.2], [19.2, 36]], (20_000, 40)).T
    first, last = one.T, other.T
    x = {"sd1i": first.std(axis=1, ddof=1), "sd2i": last.std(axis=1, ddof=1), "ni": 40, "ri": 0.8}
    means = {"m1i": first.mean(axis=1), "m2i": last.mean(axis=1)}
    for measure in ("VRC", "CVRC"):
        got = effect_size(measure, **x, **means)
        assert abs(np.var(got.yi) / np.median(got.vi) - 1) < 0.05
        assert abs(got.yi.mean() - np.log(4 / 6)) < 0.01


def test_a_ratio_of_variability_is_that_of_means_and_of_their_variation():
    x = {"m1i": 12.0, "sd1i": 4.0, "n1i": 21, "m2i": 9.0, "sd2i": 3.0, "n2i": 31}
    vr, cvr, rom = (effect_size(m, **x) for m in ("VR", "CVR", "ROM"))
    assert cvr.yi == pytest.approx(vr.yi - rom.yi, rel=1e-13)
    assert cvr.vi == pytest.approx(vr.vi + rom.vi, rel=1e-13)
    assert vr.yi == effect_size("VR", sd1i=4.0, n1i=21, sd2i=3.0, n2i=31).yi
    assert np.isnan(effect_size("VR", sd1i=0.0, n1i=21, sd2i=3.0, n2i=31).yi)
    assert np.isnan(effect_size("VR", sd1i=1.0, n1i=1, sd2i=3.0, n2i=31).yi)
    assert np.isnan(effect_size("CVR", **(x | {"m1i": -12.0})).yi)
    assert back_transform("VR", np.log(1.5)) == pytest.approx(1.5)


def test_odds_and_standardised_differences_go_there_and_back():
    x = {"ai": 12, "n1i": 40, "ci": 20, "n2i": 45}
    plain = effect_size("OR", **x)
    assert effect_size("OR2D", **x).yi * np.pi / np.sqrt(3) == pytest.approx(plain.yi, rel=1e-14)
    assert effect_size("OR2DN", **x).vi * 1.65**2 == pytest.approx(plain.vi, rel=1e-14)


@pytest.mark.parametrize("measure", sorted(MEASURES))
def test_a_missing_number_gives_nan_and_nothing_else(measure):
    names = [group[-1] for group in MEASURES[measure].required]
    value = {"ri": 0.4, "sd1i": 2.0, "sd2i": 3.0, "ni": 20.0, "n1i": 20.0, "n2i": 30.0, "t1i": 9.0}
    value |= {"ai": 4.0, "bi": 5.0, "m1i": 8.0, "m2i": 6.0, "di": 7.0, "sei": 1.0}
    for name in names:
        x = {n: np.full(3, value.get(n, 3.0)) for n in names}
        assert np.isfinite(effect_size(measure, **x).yi).all()
        x[name][1] = np.nan
        got = effect_size(measure, **x)
        np.testing.assert_array_equal(np.isnan(got.yi), [False, True, False])
        np.testing.assert_array_equal(np.isnan(got.vi), [False, True, False])


@pytest.mark.parametrize("measure", ["RR", "OR", "RD", "AS", "PETO", "OR2D", "OR2DN"])
@pytest.mark.parametrize("add", [None, "TACC"])
def test_an_arm_of_nobody_has_no_effect(measure, add):
    # escalc of metafor 3.8-1 has RR 7 (variance 1.62), OR 13, RD 0.43 of the first study and RR 1
    # of the second: the halves that it adds to empty cells are people whom nobody saw, compared as
    # if they had been there. No risk was seen: there is no effect.
    table = {"ai": [0, 0, 3], "n1i": [0, 0, 20], "ci": [1, 0, 5], "n2i": [20, 0, 20]}
    got = effect_size(measure, add=add, **table)
    np.testing.assert_array_equal(np.isnan(got.yi), [True, True, False])
    np.testing.assert_array_equal(np.isnan(got.vi), [True, True, False])
    alone = effect_size(measure, add=add, **{name: value[2] for name, value in table.items()})
    assert (got.yi[2], got.vi[2]) == (alone.yi, alone.vi)
    other = {"ai": table["ci"], "n1i": table["n2i"], "ci": table["ai"], "n2i": table["n1i"]}
    assert np.isnan(effect_size(measure, to="all", **other).yi).tolist() == [True, True, False]


def test_a_study_of_nobody_is_no_empty_cell_of_the_others():
    table = {"ai": [0, 2], "n1i": [0, 9], "ci": [1, 3], "n2i": [5, 8]}
    alone = effect_size("OR", ai=2, n1i=9, ci=3, n2i=8)
    assert effect_size("OR", to="if0all", **table).yi[1] == alone.yi


@pytest.mark.parametrize("measure", ["MPRD", "MPRR", "MPOR", "MPORC", "MPPETO"])
def test_a_table_without_pairs_has_no_effect(measure):
    got = effect_size(measure, ai=[0, 4], bi=[0, 5], ci=[0, 3], di=[0, 7])
    assert np.isnan(got.yi).tolist() == [True, False]
    assert np.isnan(got.vi).tolist() == [True, False]


def test_studies_without_events_may_be_dropped_of_one_study_too():
    assert np.isnan(effect_size("RR", ai=0, n1i=10, ci=0, n2i=12, drop00=True).yi)


TABLE = {"ai": [1, 2], "n1i": [5, 5], "ci": [1, 2], "n2i": [5, 5]}
MEANS = {"m1i": [1, 2], "sd1i": [1, 1], "n1i": [5, 5], "m2i": [0, 0], "sd2i": [1, 1], "n2i": [5, 5]}
TWICE = {"m1i": [1, 2], "sd1i": [1, 1], "m2i": [3, 3], "sd2i": [1, 1], "ni": [5, 5], "ri": 0.5}
RATES = {"x1i": [1, 2], "t1i": [5, 5], "x2i": [1, 2], "t2i": [5, 5]}


@pytest.mark.parametrize(
    ("measure", "base", "change", "message"),
    [
        ("RR", TABLE, {"ai": [1, -1]}, r"ai\[1\] is negative \(-1\)"),
        ("RR", TABLE, {"ai": [6, 1]}, r"ai\[0\] is larger than n1i \(6\)"),
        ("OR", TABLE, {"bi": [4, 4]}, r"n1i\[1\] is not ai \+ bi"),
        ("RR", TABLE, {"ci": [[1, 2], [np.inf, 1]]}, r"ci\[1, 0\] is infinite"),
        ("RR", TABLE, {"ai": [1, 2, 3]}, "differ in shape"),
        ("RR", TABLE, {"ai": ["many", 1]}, "ai must be numeric"),
        ("RR", TABLE, {"xi": [1, 2]}, "RR takes .*; not xi"),
        ("RR", TABLE, {"add": -1}, "add must be 0 or above"),
        ("RR", TABLE, {"to": "only"}, "to is one of .* did you mean 'only0'"),
        ("RR", TABLE, {"vtype": "AV"}, "vtype is one of LS; not 'AV'"),
        ("SMD", MEANS, {"sd1i": [1, -0.1]}, r"sd1i\[1\] is negative"),
        ("SMD", MEANS, {"n2i": [5, 0]}, r"n2i\[1\] is below 1"),
        ("SMD", MEANS, {"correction": "hedges"}, "correction is one of"),
        ("MC", TWICE, {"ri": 1.2}, r"ri\[0\] is not a correlation"),
        ("MC", TWICE, {"ni": 0}, r"ni\[0\] is below 1"),
        ("IRR", RATES, {"t2i": [5, 0]}, r"t2i\[1\] is not a positive person-time"),
        ("IRR", RATES, {"x1i": [5, -2]}, r"x1i\[1\] is negative"),
        ("PR", {"xi": [1, 2], "ni": [4, 4]}, {"xi": [1, 5]}, r"xi\[1\] is larger than ni"),
        ("PR", {"xi": [0, 0], "ni": [4, 4]}, {"ni": [4, 0]}, r"ni\[1\] leaves an empty group"),
        ("GEN", {"yi": [1, 2], "vi": [1, 1]}, {"vi": [1, -1]}, r"vi\[1\] is negative"),
        ("GEN", {"yi": [1, 2], "vi": [1, 1]}, {"sei": [1, 2]}, r"sei\[1\] squared is not vi"),
    ],
)
def test_impossible_input_is_named(measure, base, change, message):
    effect_size(measure, **base)
    with pytest.raises(ValueError, match=message):
        effect_size(measure, **(base | change))


def test_unknown_measure_and_missing_argument_are_named():
    with pytest.raises(ValueError, match="measure is one of"):
        effect_size("HR", yi=1, vi=1)
    with pytest.raises(ValueError, match="OR needs di or n2i"):
        effect_size("OR", ai=1, bi=1, ci=1)


def test_given_effects_pass_through():
    got = effect_size("GEN", yi=[0.1, np.nan], sei=[0.5, 1.0])
    np.testing.assert_array_equal(got.vi, [0.25, np.nan])
    assert got.measure == "GEN"


def test_zero_standard_deviations_give_zero_variance_or_nothing():
    x = {"m1i": 4.0, "sd1i": 0, "n1i": 8, "m2i": 2, "sd2i": 0, "n2i": 9}
    assert effect_size("MD", **x).vi == 0  # as measured: it is the pooling that must refuse it
    assert np.isnan(effect_size("SMD", **x).yi)
    still = {"m1i": 4.0, "sd1i": 2, "m2i": 6, "sd2i": 2, "ni": 9, "ri": 1.0}
    assert effect_size("MC", **still).vi == 0
    assert np.isnan(effect_size("SMCC", **still).yi)


# --- identities -----------------------------------------------------------------------------

counts = st.integers(0, 400)
positive = st.floats(0.01, 100)
group = st.integers(2, 300)
rho = st.floats(-0.95, 0.95)


@steady
@given(counts, counts, counts, counts, st.sampled_from(["RR", "OR", "RD", "AS", "PETO"]))
def test_swapping_arms_negates(a, b, c, d, measure):
    one = effect_size(measure, ai=a, bi=b, ci=c, di=d)
    two = effect_size(measure, ai=c, bi=d, ci=a, di=b)
    assert one.yi == pytest.approx(-two.yi, rel=1e-9, abs=1e-12, nan_ok=True)
    assert one.vi == pytest.approx(two.vi, rel=1e-9, nan_ok=True)


@steady
@given(counts, counts, counts, counts, st.sampled_from(["OR", "RD", "AS", "PETO"]))
def test_counting_the_opposite_event_negates(a, b, c, d, measure):
    one = effect_size(measure, ai=a, bi=b, ci=c, di=d)
    two = effect_size(measure, ai=b, bi=a, ci=d, di=c)
    assert one.yi == pytest.approx(-two.yi, rel=1e-9, abs=1e-12, nan_ok=True)
    assert one.vi == pytest.approx(two.vi, rel=1e-9, nan_ok=True)


@steady
@given(counts, counts, positive, positive, positive)
def test_rate_ratio_does_not_know_the_unit_of_time(x1, x2, t1, t2, unit):
    one = effect_size("IRR", x1i=x1, t1i=t1, x2i=x2, t2i=t2)
    two = effect_size("IRR", x1i=x1, t1i=t1 * unit, x2i=x2, t2i=t2 * unit)
    assert one.yi == pytest.approx(two.yi, rel=1e-9, abs=1e-9)
    assert one.vi == two.vi


@steady
@given(st.tuples(positive, positive, group), st.tuples(positive, positive, group), positive)
def test_standardised_and_ratio_measures_do_not_know_the_unit(arm1, arm2, unit):
    (m1, s1, n1), (m2, s2, n2) = arm1, arm2

    def at(scale, measure):
        return effect_size(
            measure,
            m1i=m1 * scale,
            sd1i=s1 * scale,
            n1i=n1,
            m2i=m2 * scale,
            sd2i=s2 * scale,
            n2i=n2,
        )

    for measure in ("SMD", "SMDH", "ROM"):
        one, two = at(1.0, measure), at(unit, measure)
        assert one.yi == pytest.approx(two.yi, rel=1e-9, abs=1e-9)
        assert one.vi == pytest.approx(two.vi, rel=1e-9)
    assert at(unit, "MD").vi == pytest.approx(at(1.0, "MD").vi * unit**2, rel=1e-9)


@steady
@given(st.tuples(positive, positive), st.tuples(positive, positive), group, rho)
def test_percent_reduction_is_the_log_ratio_by_the_delta_method(end, baseline, n, r):
    (m1, s1), (m2, s2) = end, baseline
    x = {"m1i": m1, "sd1i": s1, "m2i": m2, "sd2i": s2, "ni": n, "ri": r}
    log, percent = effect_size("ROMC", **x), effect_size("PCTRED", **x)
    assert percent.yi == pytest.approx(100 * (1 - np.exp(log.yi)), rel=1e-9, abs=1e-9)
    assert percent.vi == pytest.approx((100 * np.exp(log.yi)) ** 2 * log.vi, rel=1e-8)


def test_percent_reduction_at_its_edges():
    x = {"sd1i": 2.0, "m2i": [20.0, 0.0, -5.0], "sd2i": 4.0, "ni": 16, "ri": 0.5}
    got = effect_size("PCTRED", m1i=0.0, **x)
    # Remission of everybody: variance 100² s1²/(n m2²).
    np.testing.assert_allclose(got.yi, [100, np.nan, np.nan])
    np.testing.assert_allclose(got.vi, [1e4 * 4 / (16 * 400), np.nan, np.nan])
    assert np.isnan(effect_size("ROMC", m1i=0.0, **(x | {"m2i": 20.0})).yi)


def test_crossover_variance_is_that_of_parallel_groups_without_correlation():
    x = {"m1i": 8.0, "sd1i": 3, "m2i": 6, "sd2i": 3}
    paired = effect_size("SMDX", **x, ni=40, ri=0)
    parallel = effect_size("SMD", **x, n1i=40, n2i=40)
    assert paired.yi == pytest.approx(parallel.yi, rel=1e-14)
    # They differ by n against n - 1 below the line of one term.
    assert paired.vi == pytest.approx(parallel.vi, rel=2e-3)
    elbourne = effect_size("SMDX", **x, ni=40, ri=0.6, vtype="EL")
    assert elbourne.vi == pytest.approx(0.8 * (1 / 40 + elbourne.yi**2 / 80))


@pytest.mark.parametrize("r", [0.0, 0.5, 0.8])
def test_crossover_effect_and_variance_in_a_simulation(r):
    n, delta, runs = 30, 0.7, 40_000
    rng = np.random.default_rng(20)
    base = rng.standard_normal((2, runs, n))
    one, two = base[0], r * base[0] + np.sqrt(1 - r**2) * base[1]
    sample = np.array(
        [np.corrcoef(p, q)[0, 1] for p, q in zip(one[:2000], two[:2000], strict=True)]
    )
    assert sample.mean() == pytest.approx(r, abs=0.02)
    got = effect_size(
        "SMDX",
        m1i=one.mean(1) + delta,
        sd1i=one.std(1, ddof=1),
        m2i=two.mean(1),
        sd2i=two.std(1, ddof=1),
        ni=n,
        ri=r,
    )
    # Monte Carlo error of the mean is below 0.0014, of the variance below 0.8%; the first-order
    # variance itself is about 3% low at n = 30.
    assert got.yi.mean() == pytest.approx(delta, abs=0.005)
    assert got.vi.mean() == pytest.approx(got.yi.var(), rel=0.06)


@steady
@given(*[st.integers(1, 60)] * 4)
def test_marginal_formulas_agree_with_the_paired_table(a, b, c, d):
    n = a + b + c + d
    p1, p2 = (a + b) / n, (a + c) / n
    phi = (a / n - p1 * p2) / np.sqrt(p1 * (1 - p1) * p2 * (1 - p2))
    margins = {"ai": a + b, "n1i": n, "ci": a + c, "n2i": n, "ri": np.clip(phi, -1, 1)}
    for table, marginal in (("MPRD", "MPRDM"), ("MPRR", "MPRRM"), ("MPOR", "MPORM")):
        one = effect_size(table, ai=a, bi=b, ci=c, di=d)
        two = effect_size(marginal, **margins)
        assert one.yi == pytest.approx(two.yi, rel=1e-9, abs=1e-12)
        assert one.vi == pytest.approx(two.vi, rel=1e-6)  # small differences of large terms


@steady
@given(counts, counts, counts, counts, st.sampled_from(["RR", "OR", "RD"]))
def test_paired_arms_without_correlation_are_independent_arms(a, b, c, d, measure):
    x = {"ai": a + 1, "bi": b + 1, "ci": c + 1, "di": d + 1}
    if a + b != c + d:
        x |= {"di": max(a + b - c, 0) + 1, "ci": min(c, a + b) + 1}
    one, two = effect_size(measure, **x), effect_size(f"MP{measure}M", **x, ri=0)
    assert one.yi == pytest.approx(two.yi, rel=1e-9, abs=1e-12)
    assert one.vi == pytest.approx(two.vi, rel=1e-9)


@steady
@given(st.integers(0, 500), st.integers(1, 500))
def test_proportions_mirror(x, n):
    x = min(x, n)
    for measure, total in (("PR", 1), ("PLO", 0), ("PAS", np.pi / 2), ("PFT", np.pi / 2)):
        one, two = effect_size(measure, xi=x, ni=n), effect_size(measure, xi=n - x, ni=n)
        assert one.yi + two.yi == pytest.approx(total, abs=1e-9)
        assert one.vi == pytest.approx(two.vi, rel=1e-9)
