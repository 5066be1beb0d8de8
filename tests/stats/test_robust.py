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
from ketameta.stats.dependent.robust import cluster_robust

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
