"""All subsets against metafor, sampling, and what blocks must not change."""

import json
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from ketameta.stats import random_effects
from ketameta.stats.sensitivity.gosh import gosh

REFERENCE = json.loads(
    (Path(__file__).parents[1] / "reference" / "influence.json").read_text(encoding="utf-8")
)
YI = np.array(REFERENCE["cases"]["bcg_rr"]["yi"])
VI = np.array(REFERENCE["cases"]["bcg_rr"]["vi"])


def test_all_subsets_of_nine_trials_match_metafor():
    expected = REFERENCE["gosh"]
    out = gosh(YI[:9], VI[:9], "DL")
    assert out.exhaustive
    assert out.estimate.shape == (511,)
    row = np.array(expected["subset"]) - 1
    assert (out.k[row] == expected["k"]).all()
    # Closed forms: rounding only.
    assert out.estimate[row] == pytest.approx(expected["estimate"], rel=1e-11)
    assert out.q[row] == pytest.approx(expected["QE"], rel=1e-10, abs=1e-12)
    several = out.k[row] > 1
    for ours, theirs in ((out.tau2, "tau2"), (out.i2_q, "I2"), (out.h2_q, "H2")):
        assert ours[row][several] == pytest.approx(
            np.array(expected[theirs])[several], rel=1e-9, abs=1e-11
        )
    assert np.isnan(out.tau2[row][~several]).all()


def test_rows_say_which_studies_they_hold():
    out = gosh(YI[:4], VI[:4])
    assert out.included[0].tolist() == [True, False, False, False]
    assert out.included[5].tolist() == [False, True, True, False]
    for row in (4, 10, 14):
        kept = out.included[row]
        alone = random_effects(YI[:4][kept], VI[:4][kept], interval="wald")
        assert out.estimate[row] == pytest.approx(alone.estimate, rel=1e-12)
        assert out.tau2[row] == pytest.approx(alone.tau2, rel=1e-9, abs=1e-15)


def test_all_subsets_of_bcg_by_reml_converge_and_end_with_the_whole():
    out = gosh(YI, VI)
    assert out.estimate.shape == (8191,)
    assert out.converged.all()
    assert out.estimate[-1] == pytest.approx(random_effects(YI, VI).estimate, rel=1e-12)


def test_blocks_do_not_change_the_answer(monkeypatch):
    whole = gosh(YI[:7], VI[:7])
    monkeypatch.setattr(import_module("ketameta.stats.sensitivity.gosh"), "_BLOCK", 100)
    blocked = gosh(YI[:7], VI[:7])
    np.testing.assert_array_equal(whole.estimate, blocked.estimate)
    np.testing.assert_array_equal(whole.tau2, blocked.tau2)


def test_absent_studies_are_not_counted():
    yi, vi = YI[:6].copy(), VI[:6].copy()
    yi[2] = vi[2] = np.nan
    out = gosh(yi, vi)
    assert out.estimate.shape == (31,)
    assert not out.included[:, 2].any()
    other = gosh(np.delete(yi, 2), np.delete(vi, 2))
    np.testing.assert_array_equal(out.estimate, other.estimate)


def test_batch_equals_its_members():
    out = gosh(np.stack([YI[:5], YI[:5] + 1]), np.stack([VI[:5], VI[:5]]))
    alone = gosh(YI[:5], VI[:5])
    assert out.estimate.shape == (2, 31)
    np.testing.assert_allclose(out.estimate[0], alone.estimate, rtol=1e-12)
    np.testing.assert_allclose(out.estimate[1], alone.estimate + 1, rtol=1e-12)


def test_all_subsets_are_pooled_where_there_are_no_more_than_are_asked_for():
    every, some = gosh(YI[:7], VI[:7], draws=127), gosh(YI[:7], VI[:7], draws=126)
    assert every.exhaustive
    assert not some.exhaustive
    assert (len(every.estimate), len(some.estimate)) == (127, 126)


def test_more_subsets_than_are_asked_for_are_sampled():
    rng = np.random.default_rng(1)
    yi, vi = rng.normal(size=25), rng.uniform(0.1, 1, 25)
    out = gosh(yi, vi, "DL", draws=4000, seed=7)
    assert not out.exhaustive
    assert out.estimate.shape == (4000,)
    assert (out.included.sum(axis=1) == out.k).all()
    assert (out.k >= 1).all()
    # Each study is in with probability 1/2: 5 standard errors of 4,000 coins are 0.04.
    assert np.abs(out.included.mean(axis=0) - 0.5).max() < 0.04
    again = gosh(yi, vi, "DL", draws=4000, seed=7)
    np.testing.assert_array_equal(out.included, again.included)
    other = gosh(yi, vi, "DL", draws=4000, seed=8)
    assert (out.included != other.included).any()


@pytest.mark.parametrize(("k", "subsets"), [(0, 0), (1, 1), (2, 3)])
def test_few_studies(k, subsets):
    out = gosh(YI[:k], VI[:k])
    assert out.estimate.shape == (subsets,)
    assert out.included.shape == (subsets, k)
    if k:
        assert out.estimate[0] == YI[0]


def test_draws_must_be_positive():
    with pytest.raises(ValueError, match="draws"):
        gosh(YI, VI, draws=0)
