"""Models for dependent effects against metafor, a plain dense likelihood, and identities."""

import json
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from scipy import optimize

from ketameta.stats import random_effects
from ketameta.stats.dependent.multilevel import (
    correlated_hierarchical,
    multivariate,
    three_level,
    working_covariance,
)

REFERENCE = json.loads(
    (Path(__file__).parents[1] / "reference" / "multilevel.json").read_text(encoding="utf-8")
)
# metafor's optimisers stop when the likelihood changes by 1e-15 relative at best,
# which leaves about half of the digits of a variance: 1e-6 is what it is good for.
LIKELIHOOD = 1e-6
# Coefficients that need no search.
CLOSED = 1e-8


def konstantopoulos():
    data = REFERENCE["konstantopoulos"]["data"]
    return {name: np.array(values) for name, values in data.items()}


def berkey():
    data = REFERENCE["berkey"]["data"]
    trial = np.array(data["trial"])
    V = np.zeros((trial.size, trial.size))
    for label in np.unique(trial):
        rows = np.flatnonzero(trial == label)
        V[np.ix_(rows, rows)] = np.column_stack(
            [np.array(data["v1i"])[rows], np.array(data["v2i"])[rows]]
        )
    return np.array(data["yi"]), V, trial, np.array(data["outcome"])


def assink():
    data = REFERENCE["assink"]["data"]
    return (np.array(data[name]) for name in ("yi", "vi", "study", "X"))


def senn():
    """Contrasts of each trial against placebo (or its last arm), as vcalc builds V."""
    data = {name: np.array(values) for name, values in REFERENCE["senn"]["data"].items()}
    arms = []
    for study in dict.fromkeys(data["study"]):
        rows = np.flatnonzero(data["study"] == study)
        placebo = [row for row in rows if data["treatment"][row] == "placebo"]
        base = placebo[0] if placebo else rows[-1]
        arms += [(row, base) for row in rows if row != base]
    arms = np.array(arms)
    first, base = arms.T
    variance = data["sdi"] ** 2 / data["ni"]
    weight = 1 / data["ni"]
    vi = variance[first] + variance[base]
    size = weight[first] + weight[base]
    shared = (first[:, None] == first) * weight[first] + (base[:, None] == base) * weight[base]
    V = shared / np.sqrt(np.outer(size, size)) * np.sqrt(np.outer(vi, vi))
    treatment = data["treatment"]
    X = np.array(
        [
            [float(treatment[a] == t) - float(treatment[b] == t) for a, b in arms]
            for t in REFERENCE["senn"]["treatments"]
        ]
    ).T
    names = [f"{treatment[a]} against {treatment[b]}" for a, b in arms]
    return data["mi"][first] - data["mi"][base], V, data["study"][first], names, X


@pytest.mark.parametrize("method", ["REML", "ML"])
def test_three_levels_match_metafor(method):
    data = konstantopoulos()
    expected = REFERENCE["konstantopoulos"][method.lower()]
    fit = three_level(data["yi"], data["vi"], data["district"], data["school"], method=method)
    assert fit.converged
    assert fit.beta[0] == pytest.approx(expected["beta"], rel=LIKELIHOOD)
    assert fit.se[0] == pytest.approx(expected["se"], rel=LIKELIHOOD)
    assert (fit.ci_low[0], fit.ci_high[0]) == pytest.approx(
        (expected["ci_lb"], expected["ci_ub"]), rel=LIKELIHOOD
    )
    assert fit.sigma2 == pytest.approx(expected["sigma2"], rel=LIKELIHOOD)
    assert fit.qe == pytest.approx(expected["QE"], rel=CLOSED)
    assert fit.log_likelihood >= expected["ll"] - 1e-12


@pytest.mark.parametrize("name", sorted(REFERENCE["berkey"]["fits"]))
def test_bivariate_structures_match_metafor(name):
    structure, method = name.split()
    expected = REFERENCE["berkey"]["fits"][name]
    yi, V, trial, outcome = berkey()
    fit = multivariate(yi, V, trial, outcome, structure=structure, method=method)
    # metafor stops up to 5e-9 below the top (its optimiser sees only the value);
    # a gap d in the likelihood leaves sqrt(d) in the arguments, hence 3e-5 and more.
    assert 0 <= fit.log_likelihood - expected["ll"] + 1e-12 < 1e-8
    assert fit.converged
    assert fit.beta == pytest.approx(expected["beta"], rel=3e-5)
    assert fit.se == pytest.approx(expected["se"], rel=1e-4)
    assert np.diag(fit.between) == pytest.approx(
        np.broadcast_to(expected["tau2"], 2), rel=1e-3 if name == "UN ML" else 3e-5
    )
    rho = fit.between[0, 1] / np.sqrt(fit.between[0, 0] * fit.between[1, 1])
    assert rho == pytest.approx(expected["rho"], rel=1e-4)
    assert fit.qe == pytest.approx(expected["QE"], rel=CLOSED)
    assert fit.qm == pytest.approx(expected["QM"], rel=1e-4)


def test_network_of_contrasts_matches_metafor():
    yi, V, study, comparison, X = senn()
    expected = REFERENCE["senn"]["fit"]
    fit = multivariate(yi, V, study, comparison, X, structure="CS", rho=0.5)
    assert fit.beta == pytest.approx(expected["beta"], rel=LIKELIHOOD)
    assert fit.se == pytest.approx(expected["se"], rel=LIKELIHOOD)
    assert fit.between[0, 0] == pytest.approx(expected["tau2"], rel=LIKELIHOOD)
    assert fit.between[0, 1] == pytest.approx(expected["tau2"] / 2, rel=LIKELIHOOD)
    assert fit.qe == pytest.approx(expected["QE"], rel=CLOSED)
    assert fit.log_likelihood >= expected["ll"] - 1e-12


@pytest.mark.parametrize(
    ("model", "options"),
    [
        ("che", {}),
        ("smooth", {"smooth": True}),
        ("mods_t", {"X": True, "test": "t"}),
        ("mods_ml", {"X": True, "method": "ML"}),
    ],
)
def test_correlated_hierarchical_effects_match_metafor(model, options):
    expected = REFERENCE["assink"][model]
    yi, vi, study, X = assink()
    if options.get("X"):
        options = {**options, "X": X}
    fit = correlated_hierarchical(yi, vi, study, 0.6, **options)
    assert fit.converged
    assert fit.log_likelihood >= expected["ll"] - 1e-11
    assert fit.beta == pytest.approx(np.atleast_1d(expected["beta"]), rel=LIKELIHOOD)
    assert fit.se == pytest.approx(np.atleast_1d(expected["se"]), rel=LIKELIHOOD)
    assert fit.p == pytest.approx(np.atleast_1d(expected["pval"]), rel=1e-5)
    assert fit.ci_low == pytest.approx(np.atleast_1d(expected["ci_lb"]), rel=LIKELIHOOD)
    assert fit.sigma2 == pytest.approx(expected["sigma2"], rel=1e-5)
    assert fit.qe == pytest.approx(expected["QE"], rel=CLOSED)
    assert fit.qm == pytest.approx(expected["QM"], rel=LIKELIHOOD)
    assert fit.qm_p == pytest.approx(expected["QMp"], rel=1e-5)


def test_prediction_interval_matches_metafor():
    yi, vi, study, _ = assink()
    fit = correlated_hierarchical(yi, vi, study, 0.6)
    assert (fit.pi_low, fit.pi_high) == pytest.approx(REFERENCE["assink"]["che_pi"], rel=1e-6)


def dense_reml(parameters, yi, vi, cluster):
    """Minus twice the REML likelihood of the three-level model, written out."""
    between, within = np.exp(parameters)
    omega = np.diag(vi + within) + between * (cluster[:, None] == cluster)
    one = np.ones_like(yi)
    W = np.linalg.inv(omega)
    r = yi - (one @ W @ yi) / (one @ W @ one)
    terms = np.linalg.slogdet(omega)[1] + np.log(one @ W @ one) + r @ W @ r
    return terms - np.log(yi.size) + (yi.size - 1) * np.log(2 * np.pi)


def test_no_likelihood_is_lower_than_a_second_solver_finds():
    rng = np.random.default_rng(20)
    for _ in range(12):
        cluster = np.sort(rng.integers(0, 6, 18))
        cluster = np.unique(cluster, return_inverse=True)[1]
        vi = 10 ** rng.uniform(-3, 1, 18)
        yi = rng.normal(0, 0.4, 6)[cluster] + rng.normal(0, np.sqrt(vi + 0.05))
        fit = three_level(yi, vi, cluster)
        found = min(
            optimize.minimize(
                dense_reml, start, args=(yi, vi, cluster), method="Nelder-Mead",
                options={"xatol": 1e-9, "fatol": 1e-11},
            ).fun
            for start in ([-1, -1], [-6, 0], [0, -6], [-9, -9])
        )  # fmt: skip
        assert fit.converged
        assert fit.log_likelihood >= -0.5 * found - 1e-9


def test_one_effect_a_cluster_is_the_random_effects_model():
    # The two variances cannot be told apart then: the first is their sum.
    data = konstantopoulos()
    yi, vi = data["yi"][:20], data["vi"][:20]
    fit = three_level(yi, vi, np.arange(20))
    plain = random_effects(yi, vi, interval="wald")
    assert fit.beta[0] == pytest.approx(plain.estimate, rel=1e-9)
    assert fit.se[0] == pytest.approx(plain.se, rel=1e-9)
    assert fit.sigma2[0] == pytest.approx(plain.tau2, rel=1e-8)
    assert np.isnan(fit.sigma2[1])
    assert fit.i2[0] == pytest.approx(plain.i2, rel=1e-8)
    assert fit.log_likelihood == pytest.approx(plain.log_likelihood, abs=1e-10)


def test_no_correlation_is_the_three_level_model():
    yi, vi, study, _ = assink()
    one = correlated_hierarchical(yi, vi, study, 0.0)
    other = three_level(yi, vi, study)
    assert one.beta[0] == pytest.approx(other.beta[0], rel=1e-12)
    assert one.sigma2 == pytest.approx(other.sigma2, rel=1e-9)


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_scale_of_the_effects_does_not_matter(scale):
    data = konstantopoulos()
    args = data["district"], data["school"]
    fit = three_level(data["yi"], data["vi"], *args)
    scaled = three_level(data["yi"] * scale, data["vi"] * scale**2, *args)
    assert scaled.statistic == pytest.approx(fit.statistic, rel=1e-10)
    assert scaled.sigma2 / scale**2 == pytest.approx(fit.sigma2, rel=1e-9)
    assert scaled.i2 == pytest.approx(fit.i2, rel=1e-9)


def test_order_of_rows_and_names_of_clusters_do_not_matter():
    data = konstantopoulos()
    fit = three_level(data["yi"], data["vi"], data["district"])
    order = np.random.default_rng(3).permutation(data["yi"].size)
    names = np.array([f"district {d}" for d in data["district"]])
    moved = three_level(data["yi"][order], data["vi"][order], names[order])
    assert moved.beta[0] == pytest.approx(fit.beta[0], rel=1e-11)
    assert moved.sigma2 == pytest.approx(fit.sigma2, rel=1e-9)


def test_homogeneous_effects_give_variances_of_exactly_zero():
    fit = three_level([0.3, 0.31, 0.29, 0.3, 0.305], [0.2] * 5, [1, 1, 2, 2, 3])
    assert fit.sigma2.tolist() == [0.0, 0.0]
    assert fit.converged
    assert fit.beta[0] == pytest.approx(np.mean([0.3, 0.31, 0.29, 0.3, 0.305]))


def test_batch_equals_its_members_and_drops_absent_effects():
    data = konstantopoulos()
    yi = np.stack([data["yi"], data["yi"] * 2 + 1, data["yi"]])
    vi = np.stack([data["vi"], data["vi"], data["vi"]])
    yi[2, 4:9] = vi[2, 4:9] = np.nan
    batch = three_level(yi, vi, data["district"])
    assert batch.beta.shape == (3, 1)
    assert batch.log_likelihood.shape == (3,)
    keep = ~np.isnan(yi[2])
    alone = three_level(yi[2][keep], vi[2][keep], data["district"][keep])
    assert batch.beta[2] == pytest.approx(alone.beta, rel=1e-14)
    assert batch.k.tolist() == [56, 56, 51]
    first = three_level(yi[0], vi[0], data["district"])
    for field in fields(first):
        value = getattr(first, field.name)
        if value is not None:
            np.testing.assert_array_equal(getattr(batch, field.name)[0], value)


def test_nothing_and_one_effect():
    none = three_level([], [], [])
    assert none.k == 0
    assert np.isnan([none.beta[0], none.se[0], *none.sigma2, none.log_likelihood]).all()
    assert not none.converged
    one = three_level([0.4], [0.04], ["a"])
    assert (one.beta[0], one.se[0]) == pytest.approx((0.4, 0.2))
    assert np.isnan(one.sigma2).all()
    assert not one.converged


def test_one_cluster_says_nothing_about_the_variance_between_clusters():
    fit = three_level([0.4, 0.6], [0.04, 0.04], ["a", "a"])
    assert fit.beta[0] == pytest.approx(0.5)
    assert fit.se[0] == pytest.approx(np.sqrt(0.02))
    assert np.isnan(fit.sigma2).all()
    assert not fit.converged


def test_two_clusters_can_be_fitted():
    fit = three_level([0.4, 0.6, 1.4, 1.9], [0.04] * 4, list("aabb"))
    assert fit.converged
    assert fit.beta[0] == pytest.approx(1.075)


def test_variances_over_twelve_orders_of_magnitude():
    vi = 10.0 ** np.linspace(-10, 2, 9)
    yi = np.array([0.1, 0.3, -0.2, 0.4, 0.6, -0.5, 2.0, -9.0, 4.0])
    fit = three_level(yi, vi, list("aabbccddd"))
    assert fit.converged
    assert np.isfinite([fit.beta[0], fit.se[0], *fit.sigma2]).all()


def test_working_covariance_fills_clusters_only():
    V = working_covariance([0.04, 0.09, 0.25], list("aab"), 0.5)
    assert pytest.approx(np.array([[0.04, 0.03, 0], [0.03, 0.09, 0], [0, 0, 0.25]])) == V
    smooth = working_covariance([0.04, 0.08, 0.25], list("aab"), 0.5, smooth=True)
    assert smooth == pytest.approx(np.array([[0.06, 0.03, 0], [0.03, 0.06, 0], [0, 0, 0.25]]))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"yi": [0.1, np.inf, 0.2]}, r"yi\[1\] is infinite"),
        ({"vi": [0.1, 0.1, 0.0]}, r"vi\[2\] is"),
        ({"yi": [np.nan, 0.1, 0.2]}, r"yi\[0\] is NaN while"),
        ({"vi": [0.1, np.nan, 0.2]}, r"vi\[1\] is NaN while"),
        ({"cluster": [1, 2]}, "cluster must have one label"),
        ({"X": [[1, 2], [1, 2], [1, 2]]}, "linearly dependent"),
        ({"X": [[1, 2], [1, np.nan], [1, 3]]}, r"X\[1\] is not finite"),
        ({"method": "EB"}, "method is one of REML, ML"),
        ({"test": "f"}, "test is one of z, t"),
        ({"level": 95}, "level is a proportion"),
        ({"vi": np.ones((3, 3))}, "between two clusters"),
        ({"vi": [0.1, 0.2]}, "vi has shape"),
    ],
)
def test_faults_are_named(change, message):
    good = {"yi": [0.1, 0.2, 0.4], "vi": [0.1, 0.1, 0.1], "cluster": [1, 2, 3]}
    with pytest.raises(ValueError, match=message):
        three_level(**{**good, **change})


def test_known_correlation_is_for_compound_symmetry_only():
    with pytest.raises(ValueError, match="rho"):
        multivariate([0.1, 0.2], [1, 1], [1, 2], list("ab"), structure="UN", rho=0.5)
    with pytest.raises(ValueError, match="structure is one of"):
        multivariate([0.1, 0.2], [1, 1], [1, 2], list("ab"), structure="ARMA")
    with pytest.raises(ValueError, match="rho must lie between"):
        correlated_hierarchical([0.1, 0.2], [1, 1], [1, 2], 1.5)
