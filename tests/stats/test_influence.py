"""Deletion and accumulation against metafor, and against fits done one by one."""

import json
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from ketameta.stats import random_effects
from ketameta.stats.numerics.shown import number_fields
from ketameta.stats.sensitivity.influence import cumulative, influence, leave_one_out, pool_subsets

CASES = json.loads(
    (Path(__file__).parents[1] / "reference" / "influence.json").read_text(encoding="utf-8")
)["cases"]
# metafor ran to 1e-13 in tau2, absolute; on the two sets whose effects are risk
# differences (tau2 about 1e-4) that leaves 1e-7 relative in what depends on tau2.
TOLERANCE = 2e-7
# Its tau2 is then good to about 1e-12 absolute, whatever its size.
TAU2 = {"rel": 1e-6, "abs": 1e-12}


def effects(name):
    return np.array(CASES[name]["yi"]), np.array(CASES[name]["vi"])


def agree(ours, theirs, **tolerance):
    """Compare where metafor has an answer; where its fit failed (null) ours must be finite."""
    theirs = np.array(theirs, dtype=float)
    known = ~np.isnan(theirs)
    assert ours[known] == pytest.approx(theirs[known], **tolerance)
    assert np.isfinite(ours).all()


@pytest.mark.parametrize("name", CASES)
def test_leave_one_out_matches_metafor(name):
    expected = CASES[name]["leave1out"]
    out = leave_one_out(*effects(name), interval="wald")
    assert out.converged.all()
    agree(out.estimate, expected["estimate"], rel=TOLERANCE)
    agree(out.se, expected["se"], rel=TOLERANCE)
    agree(out.q, expected["Q"], rel=1e-10)
    agree(out.tau2, expected["tau2"], **TAU2)
    agree(out.i2, expected["I2"], rel=1e-6, abs=1e-7)


@pytest.mark.parametrize("name", CASES)
def test_cumulative_matches_metafor(name):
    expected = CASES[name]["cumul"]
    out = cumulative(*effects(name), interval="wald")
    agree(out.estimate, expected["estimate"], rel=TOLERANCE)
    agree(out.se, expected["se"], rel=TOLERANCE)
    assert np.isnan(out.tau2[0])  # metafor says 0: one study says nothing about tau2
    assert out.tau2[1:] == pytest.approx(expected["tau2"][1:], **TAU2)


@pytest.mark.parametrize("name", [n for n in CASES if "order_by_variance" in CASES[n]])
def test_cumulative_honours_the_order(name):
    expected = CASES[name]["order_by_variance"]
    yi, vi = effects(name)
    out = cumulative(yi, vi, np.argsort(-vi, kind="stable"), interval="wald")
    agree(out.estimate, expected["estimate"], rel=TOLERANCE)
    agree(out.se, expected["se"], rel=TOLERANCE)
    given = cumulative(yi, vi, interval="wald")
    assert not np.allclose(out.estimate[:-1], given.estimate[:-1])
    assert out.estimate[-1] == pytest.approx(given.estimate[-1], rel=1e-12)


@pytest.mark.parametrize("name", CASES)
def test_influence_matches_metafor(name):
    expected = CASES[name]["influence"]
    out = influence(*effects(name))
    for ours, theirs in (
        (out.rstudent, "rstudent"),
        (out.dffits, "dffits"),
        (out.cooks_distance, "cook.d"),
        (out.cov_ratio, "cov.r"),
        (out.q_deleted, "QE.del"),
        (out.hat, "hat"),
        (out.weights, "weight"),
    ):
        # abs: a study whose deletion changes nothing has a difference of rounding.
        agree(ours, expected[theirs], rel=TOLERANCE, abs=1e-9)
    agree(out.tau2_deleted, expected["tau2.del"], **TAU2)


@pytest.mark.parametrize("name", [n for n in CASES if "baujat_x" in CASES[n]])
def test_baujat_and_flags_match_metafor(name):
    expected = CASES[name]
    out = influence(*effects(name))
    agree(out.baujat_x, expected["baujat_x"], rel=TOLERANCE)
    agree(out.baujat_y, expected["baujat_y"], rel=TOLERANCE)
    agree(out.dfbetas, expected["dfbetas"], rel=TOLERANCE)
    assert out.influential.tolist() == expected["is_infl"]


def test_deletion_is_what_it_says():
    yi, vi = effects("bcg_rr")
    for options in ({"tau2": "DL"}, {"tau2": "PM", "interval": "hksj", "level": 0.9}):
        out = leave_one_out(yi, vi, **options)
        for i in (0, 7):
            alone = random_effects(np.delete(yi, i), np.delete(vi, i), **options)
            for field in ("estimate", "se", "ci_low", "pi_high", "tau2", "p", "q", "k"):
                assert getattr(out, field)[i] == pytest.approx(getattr(alone, field), rel=1e-12)


def test_last_step_of_a_cumulative_analysis_is_the_whole():
    yi, vi = effects("bcg_rr")
    out, whole = cumulative(yi, vi), random_effects(yi, vi)
    for field in number_fields(type(whole)):
        last = getattr(out, field)[-1]
        if field == "rule":
            assert last == whole.rule
        else:
            assert last == pytest.approx(getattr(whole, field), rel=1e-12)


def test_batch_of_ragged_analyses_equals_its_members():
    yi, vi = effects("bcg_rr")
    yi, vi = np.stack([yi, yi, yi]), np.stack([vi, vi * 2, vi])
    yi[2, 3] = vi[2, 3] = np.nan
    keep = np.arange(13) != 3
    whole, alone = influence(yi, vi), influence(yi[2, keep], vi[2, keep])
    accumulated = cumulative(yi, vi)
    assert whole.rstudent.shape == (3, 13)
    for field in number_fields(type(whole)):
        value = getattr(whole, field)
        np.testing.assert_allclose(value[2, keep], getattr(alone, field), rtol=1e-12)
        if value.dtype == float:
            assert np.isnan(value[2, 3]), field
    assert not whole.influential[2, 3]
    # An absent study leaves the accumulation where it was.
    assert accumulated.estimate[2, 3] == accumulated.estimate[2, 2]
    assert np.isnan(leave_one_out(yi, vi).estimate[2, 3])


def test_blocks_do_not_change_the_answer(monkeypatch):
    yi, vi = effects("bcg_rr")
    yi = yi + np.linspace(0, 0.5, 7)[:, None]
    vi = np.broadcast_to(vi, yi.shape)
    whole = leave_one_out(yi, vi)
    monkeypatch.setattr(import_module("ketameta.stats.sensitivity.influence"), "_BLOCK", 400)
    blocked = leave_one_out(yi, vi)
    for field in number_fields(type(whole)):
        np.testing.assert_array_equal(getattr(whole, field), getattr(blocked, field))


def test_no_study():
    assert leave_one_out([], []).estimate.shape == (0,)
    assert cumulative([], []).estimate.shape == (0,)
    assert influence([], []).rstudent.shape == (0,)


def test_one_study_is_all_of_the_result():
    assert np.isnan(leave_one_out([0.3], [0.1]).estimate).all()
    assert cumulative([0.3], [0.1]).estimate.tolist() == [0.3]
    out = influence([0.3], [0.1])
    assert out.hat.tolist() == [1.0]
    assert np.isnan([out.rstudent[0], out.dffits[0], out.cooks_distance[0], out.cov_ratio[0]]).all()


def test_two_studies_leave_one_each():
    out = leave_one_out([0.3, 0.7], [0.1, 0.2])
    assert out.estimate.tolist() == [0.7, 0.3]
    assert np.isnan(out.tau2).all()
    diagnostics = influence([0.3, 0.7], [0.1, 0.2])
    assert np.isnan(diagnostics.rstudent).all()
    assert np.isfinite(diagnostics.cooks_distance).all()


def test_an_outlier_is_flagged():
    out = influence([0.1, 0.12, 0.09, 0.11, 0.1, 2.0], [0.01] * 6)
    assert out.influential.tolist() == [False] * 5 + [True]
    assert np.argmax(np.abs(out.rstudent)) == 5


@pytest.mark.parametrize("order", [[0, 1], [0, 1, 1], [1, 2, 3]])
def test_order_must_be_a_permutation(order):
    with pytest.raises(ValueError, match="order must hold"):
        cumulative([0.1, 0.2, 0.3], [1, 1, 1], order)


def test_any_set_of_subsets_can_be_pooled():
    yi, vi = effects("bcg_rr")
    keep = np.zeros((2, 13), dtype=bool)
    keep[0, :5] = keep[1, [2, 7, 9]] = True
    (out,) = pool_subsets(yi, vi, keep, "REML", ("wald",), 0.95, None)
    alone = random_effects(yi[[2, 7, 9]], vi[[2, 7, 9]], interval="wald")
    assert out.estimate[1] == pytest.approx(alone.estimate, rel=1e-12)
    assert out.k.tolist() == [5, 3]
