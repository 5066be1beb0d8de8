"""Trim and fill against metafor."""

import json
from pathlib import Path

import numpy as np
import pytest

from ketameta.stats import random_effects
from ketameta.stats.bias.trimfill import trim_and_fill

CASES = json.loads(
    (Path(__file__).parents[1] / "reference" / "small_study.json").read_text(encoding="utf-8")
)["cases"]
ALL = [(name, which) for name in CASES for which in CASES[name]["trimfill"]]


def effects(name):
    return np.array(CASES[name]["yi"]), np.array(CASES[name]["vi"])


@pytest.mark.parametrize(("name", "which"), ALL)
def test_trim_and_fill_matches_metafor(name, which):
    side, estimator = which.split()
    expected = CASES[name]["trimfill"][which]
    out = trim_and_fill(*effects(name), estimator, None if side == "auto" else side)
    if "error" in expected:
        # R takes the root of a negative number there: Q0 does not exist.
        assert not out.converged
        assert np.isnan([out.k0, out.k0_se, out.fit.estimate]).all()
        return
    assert out.converged
    assert out.k0 == expected["k0"]
    assert out.side == expected["side"]
    assert out.k0_se == pytest.approx(expected["se_k0"], rel=1e-10)
    # metafor's inner fits ran to 1e-15 in tau2 (by default 1e-5, which moves the
    # filled effect in the fourth digit).
    assert out.fit.estimate == pytest.approx(expected["beta"], rel=2e-7)
    assert out.fit.se == pytest.approx(expected["se"], rel=2e-7)
    assert out.fit.tau2 == pytest.approx(expected["tau2"], rel=1e-6, abs=1e-12)
    if estimator == "R0":
        assert out.k0_p == pytest.approx(expected["p_k0"], rel=1e-12)
    else:
        assert np.isnan(out.k0_p)


def test_filled_studies_mirror_the_extreme_ones():
    # Six precise studies about 0 and three imprecise ones far to the right.
    yi = np.array([0.0, 0.02, -0.02, 0.01, -0.01, 0.03, 0.8, 0.9, 1.0])
    vi = np.array([0.01] * 6 + [0.2, 0.25, 0.3])
    out = trim_and_fill(yi, vi, "R0")
    assert out.side == "left"
    assert out.k0 >= 2
    k0 = int(out.k0)
    centre = (out.filled_yi + np.sort(yi)[-k0:]) / 2
    assert np.ptp(centre) < 1e-12
    assert out.filled_vi.tolist() == vi[np.argsort(yi)][-k0:].tolist()
    whole = random_effects(
        np.append(yi, out.filled_yi), np.append(vi, out.filled_vi), interval="wald"
    )
    assert out.fit.estimate == pytest.approx(whole.estimate, rel=1e-12)
    assert out.fit.estimate < random_effects(yi, vi).estimate


@pytest.mark.parametrize("estimator", ["L0", "R0", "Q0"])
def test_sign_flip_changes_the_side_only(estimator):
    yi, vi = effects("lau1992_or")
    one, other = trim_and_fill(yi, vi, estimator), trim_and_fill(-yi, vi, estimator)
    assert {one.side, other.side} == {"left", "right"}
    assert one.k0 == other.k0
    assert other.fit.estimate == pytest.approx(-one.fit.estimate, rel=1e-10)


def test_batch_with_absent_studies_equals_its_members():
    names = ["lau1992_or", "bcg_rr", "dorn2007_rr"]
    size = max(len(CASES[name]["yi"]) for name in names)
    yi, vi = np.full((3, size), np.nan), np.full((3, size), np.nan)
    for row, name in enumerate(names):
        a, b = effects(name)
        yi[row, : a.size], vi[row, : a.size] = a, b
    batch = trim_and_fill(yi, vi, "R0")
    for row, name in enumerate(names):
        alone = trim_and_fill(*effects(name), "R0")
        assert batch.k0[row] == alone.k0
        assert batch.side[row] == alone.side
        assert batch.fit.estimate[row] == pytest.approx(alone.fit.estimate, rel=1e-12)
        filled = batch.filled_yi[row]
        assert (~np.isnan(filled)).sum() == alone.k0


@pytest.mark.parametrize("k", [0, 1, 2])
def test_fewer_than_three_studies_say_nothing(k):
    out = trim_and_fill([0.1, 2.0][:k], [0.1, 0.2][:k])
    assert np.isnan([out.k0, out.k0_se, out.fit.estimate]).all()
    assert not out.converged
    assert out.filled_yi.shape == (0,)


def test_faults_are_named():
    with pytest.raises(ValueError, match="estimator is one of"):
        trim_and_fill([0.1], [0.1], "L1")
    with pytest.raises(ValueError, match="side is one of"):
        trim_and_fill([0.1], [0.1], side="up")
