"""CR2 against clubSandwich, and its defining properties."""

import json
from pathlib import Path

import numpy as np
import pytest

from ketameta.stats.dependent.multilevel import (
    correlated_hierarchical,
    three_level,
    working_covariance,
)
from ketameta.stats.dependent.robust import cluster_robust, robust_wald

REFERENCE = json.loads(
    (Path(__file__).parents[1] / "reference" / "multilevel.json").read_text(encoding="utf-8")
)
# The references inherit the digits of metafor's variance components (about 1e-7).
TOLERANCE = 1e-6


def test_three_level_model_matches_clubsandwich():
    case = REFERENCE["konstantopoulos"]
    data = case["data"]
    fit = three_level(data["yi"], data["vi"], data["district"], data["school"])
    robust = cluster_robust(data["yi"], fit.covariance, data["district"])
    assert robust.beta[0] == pytest.approx(fit.beta[0], rel=1e-12)
    assert robust.se[0] == pytest.approx(case["cr2"]["se"], rel=TOLERANCE)
    assert robust.df[0] == pytest.approx(case["cr2"]["df"], rel=TOLERANCE)
    assert robust.p[0] == pytest.approx(case["cr2"]["p"], rel=TOLERANCE)


@pytest.mark.parametrize("model", ["che", "mods"])
def test_correlated_hierarchical_effects_match_clubsandwich(model):
    data, expected = REFERENCE["assink"]["data"], REFERENCE["assink"][f"{model}_cr2"]
    X = data["X"] if model == "mods" else None
    fit = correlated_hierarchical(data["yi"], data["vi"], data["study"], 0.6, X)
    robust = cluster_robust(data["yi"], fit.covariance, data["study"], X)
    for ours, theirs in ((robust.se, "se"), (robust.df, "df"), (robust.p, "p")):
        assert ours == pytest.approx(np.atleast_1d(expected[theirs]), rel=1e-5)


@pytest.mark.parametrize("which", ["alloc", "each"])
def test_meta_regression_matches_clubsandwich(which):
    case = REFERENCE["bcg_cr2"]
    expected = case[which]
    cluster = expected.get("cluster", np.arange(13))
    X = np.column_stack([np.ones(13), case["x"]])
    robust = cluster_robust(case["yi"], np.array(case["vi"]) + expected["tau2"], cluster, X)
    # Given tau2 nothing is iterative: closed-form agreement, less the condition of
    # a design with latitudes up to 55.
    assert robust.se == pytest.approx(expected["se"], rel=1e-8)
    assert robust.df == pytest.approx(expected["df"], rel=1e-7)
    assert robust.p == pytest.approx(expected["p"], rel=1e-7)


def test_variance_is_unbiased_under_the_working_model():
    # E[V] = sum of the quadratic form over the working covariance; put each column of
    # its Cholesky factor in for y and add up: E over y ~ N(0, Phi) exactly.
    rng = np.random.default_rng(5)
    cluster = np.repeat(np.arange(6), [1, 2, 3, 4, 2, 3])
    X = np.column_stack([np.ones(15), rng.normal(size=15)])
    Phi = working_covariance(rng.uniform(0.1, 1, 15), cluster, 0.4)
    root = np.linalg.cholesky(Phi)
    expected = sum(cluster_robust(root[:, j], Phi, cluster, X).vcov for j in range(15))
    truth = np.linalg.inv(X.T @ np.linalg.solve(Phi, X))
    assert expected == pytest.approx(truth, rel=1e-10)


def test_equal_singletons_give_the_t_test():
    # Equal weights, one effect a cluster: CR2 is the usual variance of a mean and
    # the Satterthwaite degrees of freedom are k - 1.
    yi = np.array([0.2, 0.5, -0.1, 0.7, 0.4])
    robust = cluster_robust(yi, np.full(5, 0.1), np.arange(5))
    assert robust.se[0] == pytest.approx(np.std(yi, ddof=1) / np.sqrt(5), rel=1e-12)
    assert robust.df[0] == pytest.approx(4, rel=1e-12)


def test_scaling_the_working_covariance_changes_nothing():
    data = REFERENCE["assink"]["data"]
    V = working_covariance(data["vi"], data["study"], 0.6)
    one = cluster_robust(data["yi"], V, data["study"])
    other = cluster_robust(data["yi"], 37.0 * V, data["study"])
    assert other.se == pytest.approx(one.se, rel=1e-10)
    assert other.df == pytest.approx(one.df, rel=1e-10)


def test_batch_and_absent_effects():
    yi = np.array([[0.2, 0.5, -0.1, 0.7, 0.4], [0.2, 0.5, -0.1, 0.7, np.nan]])
    vi = np.where(np.isnan(yi), np.nan, 0.1)
    batch = cluster_robust(yi, vi, list("aabbc"))
    alone = cluster_robust(yi[1, :4], vi[1, :4], list("aabb"))
    assert batch.se.shape == (2, 1)
    assert batch.se[1] == pytest.approx(alone.se, rel=1e-14)
    assert batch.clusters.tolist() == [3, 2]


@pytest.mark.parametrize("k", [0, 1, 2])
def test_one_cluster_or_none_has_no_robust_variance(k):
    robust = cluster_robust([0.2, 0.6][:k], [0.1, 0.1][:k], ["a", "a"][:k])
    assert np.isnan([robust.se[0], robust.df[0], robust.p[0], robust.ci_low[0]]).all()
    assert robust.clusters == min(k, 1)
    if k:
        assert robust.beta[0] == pytest.approx([0.2, 0.4][k - 1])
    else:
        assert np.isnan(robust.beta[0])


# --- several coefficients at once ---------------------------------------------------------------

ALLOCATION = [*"rrrraarrrssss"]
BCG = np.column_stack(
    [
        np.ones(13),
        *([float(one == kind) for one in ALLOCATION] for kind in "rs"),
        [44, 55, 42, 52, 13, 44, 19, 13, 27, 42, 18, 33, 33],
    ]
)
# R 4.2.2, metafor 3.8-1, clubSandwich 0.5.8: rma(yi, vi, mods = ~ factor(alloc) + ablat,
# tau2 = 0.1), vcovCR(type = "CR2"), Wald_test(constrain_zero(columns), test = "HTZ"): F, df, p
EACH = {
    (1, 2): (0.416428313139, 2.30258947311, 0.700859799213),
    (1, 2, 3): (7.66284900642, 2.46860488813, 0.0871227106437),
    (0, 1, 2, 3): (13.0012262315, 1.41743583489, 0.129053425556),
}
SEVEN = {
    (1, 2): (0.311508994069, 1.74526287433, 0.766148922536),
    (1, 2, 3): (12.1413041204, 1.37125208908, 0.139093400584),
    (0, 1, 2, 3): (10.4258283688, 0.360060441215, 0.500158839817),
}


@pytest.mark.parametrize("columns", EACH)
@pytest.mark.parametrize("groups", [13, 7])
def test_several_coefficients_match_clubsandwich(bcg, columns, groups):
    yi, vi = bcg
    cluster = np.resize(np.arange(groups), 13)
    got = robust_wald(yi, vi + 0.1, cluster, BCG, np.eye(4)[list(columns)])
    # the effects of the fixture have eight decimals
    want = (EACH if groups == 13 else SEVEN)[columns]
    assert (got.f, got.df2, got.p) == pytest.approx(want, rel=1e-6)
    assert (got.df1, got.k, got.clusters) == (len(columns), 13, groups)


def test_coefficients_of_dependent_effects_match_clubsandwich():
    data = REFERENCE["assink"]["data"]
    fit = correlated_hierarchical(data["yi"], data["vi"], data["study"], 0.6, data["X"])
    # constrain_zero(2:4) and constrain_equal(2:4)
    for constraints, want in (
        (None, (21.74689932, 1.359268257, 0.09609012117)),
        ([[0, 1, -1, 0], [0, 0, 1, -1]], (30.19927258, 0.9826132106, 0.1311547654)),
    ):
        got = robust_wald(data["yi"], fit.covariance, data["study"], data["X"], constraints)
        assert (got.f, got.df2, got.p) == pytest.approx(want, rel=1e-6)


def test_one_constraint_is_the_test_by_t(bcg):
    yi, vi = bcg
    t = cluster_robust(yi, vi + 0.1, np.arange(13), BCG, contrasts=[[0, 1, -1, 0]])
    got = robust_wald(yi, vi + 0.1, np.arange(13), BCG, [[0, 1, -1, 0]])
    assert got.f == pytest.approx(t.statistic[0] ** 2, rel=1e-10)
    assert got.df2 == pytest.approx(t.df[0], rel=1e-10)
    assert got.p == pytest.approx(t.p[0], rel=1e-9)


def test_what_is_tested_does_not_turn_with_how_it_is_written(bcg):
    yi, vi = bcg
    C = np.eye(4)[1:]
    one = robust_wald(yi, vi + 0.1, np.arange(13), BCG)
    turned = robust_wald(yi, vi + 0.1, np.arange(13), BCG, [[2, 1, 0], [0, 1, 3], [1, 0, 1]] @ C)
    larger = robust_wald(yi, 9 * (vi + 0.1), np.arange(13), BCG, C)
    for other in (turned, larger):
        assert (other.f, other.df2) == pytest.approx((one.f, one.df2), rel=1e-9)
    beta = cluster_robust(yi, vi + 0.1, np.arange(13), BCG).beta
    at = robust_wald(yi, vi + 0.1, np.arange(13), BCG, C, values=beta[1:])
    assert at.f == pytest.approx(0, abs=1e-12)
    assert at.p == pytest.approx(1)


def test_equal_singletons_give_hotellings_test():
    # Two outcomes as two columns, one cluster a person, equal weights: HTZ is Hotelling's T² with
    # as many degrees of freedom as people less one.
    rng = np.random.default_rng(3)
    y = rng.normal(0.3, 1, (9, 2))
    X, person = np.tile(np.eye(2), (9, 1)), np.repeat(np.arange(9), 2)
    got = robust_wald(y.ravel(), np.ones(18), person, X)
    mean = y.mean(axis=0)
    square = 9 * mean @ np.linalg.solve(np.cov(y.T), mean)
    assert got.df2 == pytest.approx(8 - 2 + 1, rel=1e-10)
    assert got.f == pytest.approx(square * 7 / (8 * 2), rel=1e-10)


def test_too_few_clusters_have_no_test():
    X = np.column_stack([np.ones(6), [0, 1, 0, 1, 2, 2], [1, 0, 0, 1, 1, 0]])
    y = [0.1, 0.4, 0.2, 0.5, 0.9, 0.3]
    none = robust_wald(y, [0.1] * 6, list("aabbcc"), X)
    assert np.isnan([none.f, none.df2, none.p]).all()
    few = robust_wald(y, [0.1] * 6, list("abcddd"), X, np.eye(3))
    assert few.df2 < 0
    assert np.isnan([few.f, few.p]).all()
    batch = robust_wald([y, y[::-1]], np.full((2, 6), 0.1), list("abcdef"), X)
    assert batch.f.shape == (2,)
    assert batch.f[0] == robust_wald(y, [0.1] * 6, list("abcdef"), X).f


def test_faults_of_constraints_are_named(bcg):
    yi, vi = bcg
    for change, message in (
        ({"constraints": [[1, 0]]}, r"constraints must be finite and have shape \(q, 4\)"),
        ({"constraints": [[0, 1, 0, 0], [0, 2, 0, 0]]}, "linearly dependent"),
        ({"values": [0.0]}, r"values must be finite and have shape \(3,\)"),
    ):
        with pytest.raises(ValueError, match=message):
            robust_wald(yi, vi, np.arange(13), BCG, **change)
