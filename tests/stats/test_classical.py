import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ketameta.stats import inverse_variance, mantel_haenszel, peto

# The same examples in every run, and no clock: tests say the same on a loaded machine.
steady = settings(derandomize=True, deadline=None)

REFERENCE = json.loads(
    (Path(__file__).parents[1] / "reference" / "classical.json").read_text(encoding="utf-8")
)
# Our names of metafor's results.
NAMES = {
    "estimate": "beta",
    "se": "se",
    "statistic": "zval",
    "p": "pval",
    "ci_low": "ci_lb",
    "ci_high": "ci_ub",
    "q": "QE",
    "q_p": "QEp",
    "i2": "I2",
    "h2": "H2",
    "k": "k",
    "cmh": "MH",
    "cmh_p": "MHp",
    "bd": "BD",
    "bd_p": "BDp",
    "tarone": "TA",
    "tarone_p": "TAp",
}


def pool(case):
    arrays = {name: np.array(v, dtype=float) for name, v in case["input"].items()}
    options = dict(case["options"])
    if case["call"] == "rma":
        return inverse_variance(**arrays)
    return peto(**arrays) if case["call"] == "rma.peto" else mantel_haenszel(**arrays, **options)


# Closed forms: rounding only. Breslow-Day solves a quadratic, which metafor does in a form that
# cancels near an odds ratio of 1.
@pytest.mark.parametrize(
    "case",
    REFERENCE["cases"],
    ids=lambda c: " ".join([c["call"], *map(str, dict(c["options"]).values()), c["dataset"]]),
)
def test_pooling_matches_metafor(case):
    got = asdict(pool(case))
    for ours, theirs in NAMES.items():
        want = case["result"].get(theirs)
        if ours not in got or want is None:
            continue
        tolerance = 1e-7 if ours[:2] in {"bd", "ta"} else 1e-10
        assert got[ours] == pytest.approx(want, rel=tolerance, abs=1e-11), ours
    assert got["q_df"] == case["result"]["k_yi"] - 1


def test_mantel_haenszel_by_hand():
    # Two tables: R = 4·6/20 + 2·9/22, S = 6·4/20 + 8·3/22.
    got = mantel_haenszel("OR", ai=[4, 2], bi=[6, 8], ci=[4, 3], di=[6, 9])
    assert got.estimate == pytest.approx(np.log((24 / 20 + 18 / 22) / (24 / 20 + 24 / 22)))
    assert got.k == 2


def test_one_table_is_its_own_odds_ratio():
    got = mantel_haenszel("OR", ai=[4], bi=[6], ci=[3], di=[9])
    assert got.estimate == pytest.approx(np.log(4 * 9 / (6 * 3)))
    assert got.se == pytest.approx(np.sqrt(1 / 4 + 1 / 6 + 1 / 3 + 1 / 9))
    assert (got.k, got.q, got.q_df) == (1, 0.0, 0.0)
    assert np.isnan([got.q_p, got.i2, got.h2, got.bd, got.tarone]).all()
    rd = mantel_haenszel("RD", ai=[4], bi=[6], ci=[3], di=[9])
    assert rd.estimate == pytest.approx(0.4 - 0.25)


@pytest.mark.parametrize("measure", ["OR", "RR", "RD"])
def test_no_study_gives_nan(measure):
    got = mantel_haenszel(measure, ai=[], bi=[], ci=[], di=[])
    assert got.k == 0
    assert np.isnan([v for name, v in asdict(got).items() if name != "k"]).all()


def test_nothing_to_compare_gives_nan():
    # No event in any first arm: the ratios are 0 and have no logarithm; the difference exists.
    none = {"ai": [0, 0], "n1i": [10, 12], "ci": [3, 0], "n2i": [9, 8]}
    assert np.isnan(mantel_haenszel("OR", **none).estimate)
    assert np.isnan(mantel_haenszel("RR", **none).estimate)
    assert mantel_haenszel("RD", **none).estimate < 0
    assert peto(**none).estimate < 0
    # No event at all: nothing anywhere, and no variance to weigh a difference of 0.
    for measure in ("OR", "RR", "RD"):
        empty = mantel_haenszel(measure, ai=[0, 0], n1i=[10, 12], ci=[0, 0], n2i=[9, 8])
        assert np.isnan(empty.estimate)
        assert empty.k == 2
    assert np.isnan(peto(ai=[0, 0], n1i=[10, 12], ci=[0, 0], n2i=[9, 8]).estimate)
    assert np.isnan(mantel_haenszel("IRR", x1i=[0], t1i=[5], x2i=[0], t2i=[5]).estimate)
    # Everybody in both arms: a ratio of 1 whose formula has a variance of 0, as if nothing more
    # could be known (rma.mh of metafor 3.8-1 gives 1 from 1 to 1).
    for measure in ("OR", "RR", "RD"):
        full = mantel_haenszel(measure, ai=[10, 12], n1i=[10, 12], ci=[9, 8], n2i=[9, 8])
        assert np.isnan([full.estimate, full.se, full.ci_low, full.ci_high, full.q_df]).all()
    assert np.isnan(peto(ai=[10], n1i=[10], ci=[9], n2i=[9]).estimate)


def test_double_zero_and_empty_studies_change_nothing():
    some = {"ai": [4, 2, 5], "n1i": [10, 10, 20], "ci": [4, 3, 2], "n2i": [10, 12, 20]}
    more = {name: [*v, 0, 0] for name, v in some.items()}
    more["n1i"][3], more["n2i"][3] = 50, 40  # no events; the fifth has no people either
    for call in (lambda t: mantel_haenszel("OR", **t), lambda t: peto(**t)):
        one, two = asdict(call(some)), asdict(call(more))
        assert one.pop("k") == 3
        two.pop("k")
        assert two == pytest.approx(one, nan_ok=True)


@pytest.mark.parametrize("measure", ["OR", "RR", "RD"])
def test_a_trial_with_an_arm_of_nobody_is_no_trial(measure):
    # rma.mh of metafor 3.8-1 counts it: k = 2 and, of RR, I² = 73% between one trial and the halves
    # that it puts into an arm without people. One trial differs from no other.
    one = {"ai": [3], "n1i": [20], "ci": [5], "n2i": [20]}
    more = {"ai": [0, 3, 0], "n1i": [0, 20, 0], "ci": [1, 5, 0], "n2i": [20, 20, 0]}
    for call in (lambda t: mantel_haenszel(measure, **t), lambda t: peto(**t)):
        assert asdict(call(more)) == pytest.approx(asdict(call(one)), nan_ok=True)
        assert (call(more).k, call(more).q_df) == (1, 0)


def test_a_batch_is_its_analyses_and_one_failure_stays_alone():
    rng = np.random.default_rng(4)
    a, c = rng.integers(0, 6, (2, 5, 7)).astype(float)
    a[1, 2], c[2, :3] = np.nan, np.nan
    a[3] = 0  # no odds ratio here
    for measure in ("OR", "RR", "RD"):
        both = mantel_haenszel(measure, ai=a, n1i=20, ci=c, n2i=25)
        assert both.estimate.shape == (5,)
        for row in range(5):
            alone = asdict(mantel_haenszel(measure, ai=a[row], n1i=20, ci=c[row], n2i=25))
            for name, value in alone.items():
                np.testing.assert_array_equal(getattr(both, name)[row], value)
    assert np.isnan(mantel_haenszel("OR", ai=a, n1i=20, ci=c, n2i=25).estimate[3])
    assert both.k.tolist() == [7, 6, 4, 7, 7]


def test_faults_are_named():
    with pytest.raises(ValueError, match="measure is one of OR, RR, RD, IRR; not 'SMD'"):
        mantel_haenszel("SMD", ai=[1], bi=[1], ci=[1], di=[1])
    with pytest.raises(ValueError, match=r"ci\[0\] is negative"):
        mantel_haenszel("OR", ai=[1], bi=[1], ci=[-1], di=[1])
    with pytest.raises(ValueError, match="needs an axis of studies"):
        peto(ai=1, bi=1, ci=1, di=1)
    with pytest.raises(ValueError, match="level"):
        peto(ai=[1], bi=[1], ci=[1], di=[1], level=95)
    with pytest.raises(ValueError, match=r"vi\[1\]"):
        inverse_variance([1, 2], [1, 0])


def test_inverse_variance_of_few_studies():
    none = inverse_variance([np.nan], [np.nan])
    assert none.k == 0
    assert np.isnan([none.estimate, none.se, none.q]).all()
    one = inverse_variance([0.3, np.nan], [0.04, np.nan])
    assert (one.estimate, one.se, one.q, one.q_df, one.k) == (0.3, pytest.approx(0.2), 0, 0, 1)
    two = inverse_variance([0.0, 1.0], [1.0, 1.0])
    assert (two.estimate, two.q, two.i2, two.h2) == (0.5, 0.5, 0.0, 0.5)


tables = st.lists(st.tuples(*[st.integers(0, 40)] * 4), min_size=1, max_size=8)


@steady
@given(tables)
def test_swapping_arms_negates(rows):
    a, b, c, d = np.array(rows, dtype=float).T
    for measure in ("OR", "RR", "RD"):
        one = mantel_haenszel(measure, ai=a, bi=b, ci=c, di=d)
        two = mantel_haenszel(measure, ai=c, bi=d, ci=a, di=b)
        assert one.estimate == pytest.approx(-two.estimate, rel=1e-9, abs=1e-12, nan_ok=True)
        assert one.se == pytest.approx(two.se, rel=1e-9, abs=1e-12, nan_ok=True)
    one, two = peto(ai=a, bi=b, ci=c, di=d), peto(ai=c, bi=d, ci=a, di=b)
    assert one.estimate == pytest.approx(-two.estimate, rel=1e-9, abs=1e-12, nan_ok=True)
    assert one.q == pytest.approx(two.q, rel=1e-6, abs=1e-9, nan_ok=True)


@steady
@given(tables)
def test_equal_tables_give_their_own_ratio(rows):
    a, b, c, d = np.array(rows[0], dtype=float)
    if min(a, b, c, d) == 0:
        return
    many = {
        name: np.full(len(rows), v)
        for name, v in zip(("ai", "bi", "ci", "di"), (a, b, c, d), strict=True)
    }
    got = mantel_haenszel("OR", **many)
    assert got.estimate == pytest.approx(np.log(a * d / (b * c)), abs=1e-9)
    assert got.q == pytest.approx(0, abs=1e-9)
    # All tables have the pooled odds ratio, so nothing deviates from it.
    if len(rows) > 1:
        assert got.bd == pytest.approx(0, abs=1e-6)


def test_the_variance_of_a_risk_difference_can_be_that_of_greenland_and_robins():
    # one table: the binomial variance of the difference of two proportions
    rd = mantel_haenszel("RD", ai=[4], n1i=[10], ci=[3], n2i=[12], variance="greenland-robins")
    assert rd.se**2 == pytest.approx(0.4 * 0.6 / 10 + 0.25 * 0.75 / 12)
    # equal tables: that variance over their number
    many = mantel_haenszel(
        "RD", ai=[4] * 5, n1i=[10] * 5, ci=[3] * 5, n2i=[12] * 5, variance="greenland-robins"
    )
    assert many.se**2 == pytest.approx(rd.se**2 / 5)
    with pytest.raises(ValueError, match="variance is one of sato, greenland-robins"):
        mantel_haenszel("RD", ai=[4], n1i=[10], ci=[3], n2i=[12], variance="x")
