"""Structures of covariance and profile intervals: metafor, a dense likelihood, identities."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import optimize

from ketameta.stats import (
    correlated_hierarchical,
    multivariate,
    random_effects,
    three_level,
    variance_intervals,
    working_covariance,
)

FOLDER = Path(__file__).parents[1] / "reference"
REFERENCE = json.loads((FOLDER / "multilevel.json").read_text(encoding="utf-8"))
FITS = json.loads((FOLDER / "variance_intervals.json").read_text(encoding="utf-8"))["fits"]
# What metafor's optimisers leave of an estimate; its limits are roots, good to eight digits.
ESTIMATE, LIMIT = 2e-6, 1e-7
STRUCTURES = ("CS", "HCS", "AR", "HAR", "UN", "DIAG")


def berkey():
    data = REFERENCE["berkey"]["data"]
    trial, first = np.array(data["trial"]), np.array(data["outcome"]) == "PD"
    rows = np.column_stack([data["v1i"], data["v2i"]])
    V = (trial[:, None] == trial) * np.where(first, rows[:, :1], rows[:, 1:]).T
    return np.array(data["yi"]), V, trial, np.array(data["outcome"])


def ishak():
    data = REFERENCE["ishak"]["data"]
    study, vi = np.array(data["study"]), np.array(data["vi"])
    time = np.unique(data["month"], return_inverse=True)[1] + 1
    apart = np.abs(time[:, None] - time)
    V = np.where(study[:, None] == study, 0.97**apart * np.sqrt(np.outer(vi, vi)), 0.0)
    return np.array(data["yi"]), V, study, time


def held_against(found, variances, rhos, lower=True):
    """Compare estimates and limits with metafor's, where it gave limits."""
    count = len(variances)
    for rows, theirs in ((slice(0, count), variances), (slice(count, None), rhos)):
        ours = zip(found.estimate[rows], found.low[rows], found.high[rows], strict=True)
        for (estimate, low, high), (value, below, above) in zip(ours, theirs, strict=True):
            assert estimate == pytest.approx(value, rel=5e-5, abs=ESTIMATE)
            if below is not None and (lower or rows.start == 0):
                assert low == pytest.approx(below, rel=LIMIT, abs=LIMIT)
            if above is not None:
                assert high == pytest.approx(above, rel=LIMIT, abs=LIMIT)


def test_three_levels_match_metafor():
    data = REFERENCE["konstantopoulos"]["data"]
    found = variance_intervals(data["yi"], data["vi"], data["district"], data["school"])
    held_against(found, FITS["konstantopoulos"]["variances"], [])
    assert found.labels == ("between clusters", "within clusters")
    assert found.converged.all()
    fit = three_level(data["yi"], data["vi"], data["district"], data["school"])
    assert found.estimate == pytest.approx(fit.sigma2, rel=1e-9)


@pytest.mark.parametrize("method", ["REML", "ML"])
@pytest.mark.parametrize("structure", ["UN", "CS", "HCS", "DIAG", "AR"])
def test_two_outcomes_match_metafor(structure, method):
    y, V, trial, outcome = berkey()
    want = FITS[f"berkey {structure} {method}"]
    fit = multivariate(y, V, trial, outcome, structure=structure, method=method)
    assert fit.log_likelihood == pytest.approx(want["ll"], abs=1e-7)
    assert fit.beta == pytest.approx(np.array(want["beta"]), abs=5e-6)
    assert fit.se == pytest.approx(np.array(want["se"]), abs=5e-6)
    found = variance_intervals(y, V, trial, outcome=outcome, structure=structure, method=method)
    # metafor keeps the correlation of AR from falling below 0
    held_against(found, want["variances"], want["rhos"], lower=structure != "AR")
    assert found.converged.all()


@pytest.mark.parametrize("structure", STRUCTURES)
def test_four_times_match_metafor(structure):
    y, V, study, time = ishak()
    want = FITS[f"ishak {structure}"]
    fit = multivariate(y, V, study, time, structure=structure)
    assert fit.log_likelihood == pytest.approx(want["ll"], abs=1e-7)
    assert fit.converged
    assert fit.beta == pytest.approx(np.array(want["beta"]), abs=2e-6)
    assert fit.se == pytest.approx(np.array(want["se"]), abs=2e-6)


@pytest.mark.parametrize("structure", ["CS", "AR", "DIAG"])
def test_limits_at_four_times_match_metafor(structure):
    y, V, study, time = ishak()
    found = variance_intervals(y, V, study, outcome=time, structure=structure)
    held_against(found, FITS[f"ishak {structure}"]["variances"], FITS[f"ishak {structure}"]["rhos"])
    assert found.converged.all()


@pytest.mark.slow
@pytest.mark.parametrize("structure", ["HCS", "HAR", "UN"])
def test_limits_of_variances_that_differ_match_metafor(structure):
    # Of a correlation metafor's search stops at 0.9165 (HCS) and 0.8948 (HAR), short of where the
    # dense likelihood below has the limits, and it gives none for a free covariance.
    y, V, study, time = ishak()
    found = variance_intervals(y, V, study, outcome=time, structure=structure)
    want = FITS[f"ishak {structure}"]
    rhos = [[one[0], None, None] for one in want["rhos"]]
    order = [0, 1, 3, 2, 4, 5] if structure == "UN" else [0]  # theirs are by column
    held_against(found, want["variances"], [rhos[i] for i in order])
    assert found.converged.all()


def dense(y, V, cluster, codes, between):
    """REML log-likelihood without any trick."""
    X = np.eye(codes.max() + 1)[codes]
    omega = V + (cluster[:, None] == cluster) * between[np.ix_(codes, codes)]
    W = np.linalg.inv(omega)
    A = X.T @ W @ X
    r = y - X @ np.linalg.solve(A, X.T @ W @ y)
    dets = np.linalg.slogdet(omega)[1] + np.linalg.slogdet(A)[1] - np.linalg.slogdet(X.T @ X)[1]
    return -0.5 * (dets + r @ W @ r + (y.size - X.shape[1]) * np.log(2 * np.pi))


@pytest.mark.slow
@pytest.mark.parametrize("structure", ["HCS", "HAR"])
def test_limits_of_a_correlation_are_where_a_plain_search_has_them(structure):
    y, V, study, time = ishak()
    found = variance_intervals(y, V, study, outcome=time, structure=structure)
    top = multivariate(y, V, study, time, structure=structure).log_likelihood
    apart = np.abs(np.subtract.outer(np.arange(4), np.arange(4)))
    for rho in (found.low[-1], found.high[-1]):
        R = rho**apart if structure == "HAR" else np.where(apart == 0, 1.0, rho)
        best = optimize.minimize(
            lambda s, R=R: -dense(y, V, study, time - 1, R * np.outer(s, s)),
            np.sqrt(found.estimate[:4]),
            options={"gtol": 1e-6},
        )
        assert 2 * (top + best.fun) == pytest.approx(3.841458820694124, abs=1e-6)


@pytest.mark.slow
def test_limits_of_a_free_covariance_are_where_a_plain_search_has_them():
    y, V, study, time = ishak()
    found = variance_intervals(y, V, study, outcome=time, structure="UN")
    top = multivariate(y, V, study, time, structure="UN").log_likelihood
    at = found.labels.index("correlation 2, 4")

    def between(s, rho):
        """Outcomes in the order 2, 4, 1, 3."""
        L = np.zeros((4, 4))
        L[np.tril_indices(4)] = [
            abs(s[0]),
            rho * abs(s[1]),
            np.sqrt(1 - rho**2) * abs(s[1]),
            *s[2:],
        ]
        G = L @ L.T
        return G[np.ix_([2, 0, 3, 1], [2, 0, 3, 1])]

    for rho in (found.low[at], found.high[at]):
        starts = [[5, 5, 4, 0, 1, 4, 0, 1, 1], [6, 6, 4, 2, 1, 4, 2, 1, 1]]
        best = min(
            optimize.minimize(
                lambda s, rho=rho: -dense(y, V, study, time - 1, between(s, rho)), s
            ).fun
            for s in starts
        )
        assert 2 * (top + best) == pytest.approx(3.841458820694124, abs=1e-5)


def test_one_effect_a_trial_is_the_random_effects_model(bcg):
    yi, vi = bcg
    found = variance_intervals(yi, vi, np.arange(13))
    alone = random_effects(yi, vi, tau2_interval="profile")
    assert found.labels == ("between clusters",)
    assert found.estimate[0] == pytest.approx(alone.tau2, rel=1e-8)
    assert [found.low[0], found.high[0]] == pytest.approx(
        [alone.tau2_low, alone.tau2_high], rel=1e-7
    )


def test_structures_of_two_outcomes_are_the_same_by_another_name():
    y, V, trial, outcome = berkey()
    pairs = [("UN", "HCS"), ("HCS", "HAR"), ("CS", "AR")]
    for one, other in pairs:
        a, b = (multivariate(y, V, trial, outcome, structure=s) for s in (one, other))
        assert a.log_likelihood == pytest.approx(b.log_likelihood, abs=1e-9)
        assert a.between == pytest.approx(b.between, rel=1e-6)


def test_structures_nest_and_labels_may_stand_in_any_order():
    y, V, study, time = ishak()
    high = {s: multivariate(y, V, study, time, structure=s).log_likelihood for s in STRUCTURES}
    assert high["CS"] < high["HCS"] < high["UN"]
    assert high["AR"] < high["HAR"] < high["UN"]
    assert high["DIAG"] < high["HCS"]
    # exchangeable structures do not see the order of the labels, ordered ones do
    turned = np.array([0, 3, 1, 4, 2])[time]
    for structure, same in (("HCS", True), ("UN", True), ("AR", False)):
        other = multivariate(y, V, study, turned, structure=structure).log_likelihood
        assert (abs(other - high[structure]) < 1e-8) is same
    # backwards is as good as forwards
    back = multivariate(y, V, study, 5 - time, structure="HAR").log_likelihood
    assert back == pytest.approx(high["HAR"], abs=1e-8)


def test_scale_and_working_covariance():
    data = REFERENCE["assink"]["data"]
    y, vi, study = (np.array(data[name]) for name in ("yi", "vi", "study"))
    V = working_covariance(vi, study, 0.6)
    fit = correlated_hierarchical(y, vi, study, 0.6)
    found, larger = variance_intervals(y, V, study), variance_intervals(10 * y, 100 * V, study)
    assert found.estimate == pytest.approx(fit.sigma2, rel=1e-8)
    assert larger.low == pytest.approx(100 * found.low, rel=1e-7)
    assert larger.high == pytest.approx(100 * found.high, rel=1e-7)
    assert (found.low < found.estimate).all()
    narrow = variance_intervals(y, V, study, level=0.5)
    assert (narrow.low > found.low).all()
    assert (narrow.high < found.high).all()


def test_no_variance_left_is_0_with_an_upper_limit():
    y = [0.1, 0.1, 0.12, 0.11, 0.1, 0.13]
    found = variance_intervals(y, [0.2] * 6, list("aabbcc"))
    assert found.estimate.tolist() == found.low.tolist() == [0, 0]
    assert (found.high > 0).all()
    correlation = variance_intervals(
        y, [0.2] * 6, list("aabbcc"), outcome=[1, 2] * 3, structure="CS"
    )
    # no variance, no correlation that would be less likely than another
    assert (correlation.low[1], correlation.high[1]) == (-1, 1)
    assert "between clusters" in repr(found)
    assert list(found.to_frame().index) == ["between clusters", "within clusters"]


def test_faults_are_named():
    good = {"yi": [0.1, 0.2, 0.4], "vi": [0.1, 0.1, 0.1], "cluster": [1, 2, 3]}
    for change, message in (
        ({"method": "DL"}, "method is one of"),
        ({"structure": "CAR"}, "structure is one of"),
        ({"cluster": [1, 1, 1]}, "no more clusters than columns"),
        ({"yi": np.ones((2, 3)), "vi": np.ones((2, 3))}, "one analysis at a time"),
        ({"vi": [0.1, 0.0, 0.1]}, r"vi\[1\] is not positive"),
        ({"level": 95}, "level"),
    ):
        with pytest.raises(ValueError, match=message):
            variance_intervals(**{**good, **change})
