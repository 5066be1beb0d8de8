import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from scipy import optimize, special, stats

from ketameta.stats import effect_size, glmm
from ketameta.stats.numerics.quadrature import QuadratureRule
from ketameta.stats.rare.ascent import Surface
from ketameta.stats.rare.glmm import MODELS, build_likelihood

REFERENCE = json.loads(
    (Path(__file__).parents[1] / "reference" / "glmm.json").read_text(encoding="utf-8")
)

# Heterogeneous, with empty and full cells: 7 informative tables.
A = np.array([0.0, 1, 9, 4, 12, 2, 30])
N1 = np.array([20.0, 35, 40, 22, 12, 60, 75])
C = np.array([3.0, 0, 3, 4, 9, 8, 11])
N2 = np.array([22.0, 31, 44, 20, 15, 58, 80])
OR_MODELS = MODELS["OR"]


def numbers(values):
    return np.array([np.nan if v is None else v for v in values], dtype=float)


def name_of(case):
    return " ".join(str(case[part]) for part in ("dataset", "model", "nodes", "source"))


def fit(case):
    arrays = {name: numbers(v) for name, v in case["input"].items()}
    return glmm(case["measure"], model=case["model"], nodes=case["nodes"], **arrays)


# lme4's own tolerance for the modes (1e-10 of the deviance) leaves about 1e-7 of the estimates.
@pytest.mark.parametrize(
    "case", [c for c in REFERENCE["cases"] if c["source"] == "lme4"], ids=name_of
)
def test_estimates_match_lme4_driven_to_its_maximum(case):
    got, want = fit(case), case["result"]
    assert got.converged
    assert got.estimate == pytest.approx(want["beta"], rel=1e-6)
    assert got.se == pytest.approx(want["se"], rel=1e-6)
    assert got.tau2 == pytest.approx(want["tau2"], abs=1e-6)


@pytest.mark.slow
# metafor's optimisers stop early: its estimates are good to three or four digits, and there our
# log-likelihood, with the same number of nodes, must be the higher one.
@pytest.mark.parametrize(
    "case", [c for c in REFERENCE["cases"] if c["source"] == "metafor"], ids=name_of
)
def test_estimates_match_metafor_or_are_more_likely(case):
    got, want = fit(case), case["result"]
    assert got.estimate == pytest.approx(want["beta"], rel=1e-3)
    assert got.tau2 == pytest.approx(want["tau2"], abs=5e-4)
    assert got.k == want["k"]
    if "I2" in want:
        assert got.i2 == pytest.approx(want["I2"], abs=0.05)
        assert got.h2 == pytest.approx(want["H2"], abs=0.01)
    if case["model"] != "UM.RS":  # no test of homogeneity with random baselines
        assert got.q == pytest.approx(want["LRT"], rel=1e-8)
        assert got.q_p == pytest.approx(want["LRT_p"], rel=1e-6, abs=1e-14)
    if "ll" in want:  # CM.EL, integrated to 1e-10, and UM.RS by Laplace
        assert got.log_likelihood > want["ll"] - 1e-9
    arrays = {name: numbers(v) for name, v in case["input"].items()}
    a, n1, c, n2 = (arrays[name] for name in ("ai", "n1i", "ci", "n2i"))
    keep = (a + c > 0) & (a + c < n1 + n2)
    model, _ = build_likelihood("OR", case["model"], [v[keep] for v in (a, n1 - a, c, n2 - c)])
    if model.locations == 1:
        theirs = np.array([[want["beta"], np.sqrt(want["tau2"])]])
        at, _ = Surface(model, QuadratureRule.of(case["nodes"])).gradient(theirs, [0])
        assert got.log_likelihood >= at[0] - 1e-10


@pytest.mark.slow
def test_standard_error_of_metafor_where_tau2_is_positive():
    # At tau² = 0 metafor's CM.EL differentiates in log tau², which runs off: its standard error
    # is then 1e-6. Elsewhere both agree to what its optimiser leaves.
    close = [
        (fit(case).se, case["result"]["se"])
        for case in REFERENCE["cases"]
        if case["result"]["tau2"] > 0.01 and case["model"] != "UM.RS"
    ]
    assert len(close) > 10
    for ours, theirs in close:
        assert ours == pytest.approx(theirs, rel=1e-3)


# --- a second way: plain sums over a fine grid of the random effect, and other optimisers -------

U = np.linspace(-9, 9, 4001)
WEIGHT = stats.norm.logpdf(U) + np.log(U[1] - U[0])


def over_effects(log_likelihood, mu, tau):
    """Sum over studies of the log marginal likelihood; the trapezoid rule is exact to rounding."""
    return special.logsumexp(log_likelihood(mu + tau * U) + WEIGHT, axis=1).sum()


def hypergeometric(t):
    rows = []
    for a, n1, c, n2 in zip(A, N1, C, N2, strict=True):
        y = np.arange(max(0, a + c - n2), min(n1, a + c) + 1)
        w = stats.hypergeom.logpmf(y, n1 + n2, n1, a + c)
        here = stats.hypergeom.logpmf(a, n1 + n2, n1, a + c) + a * t
        rows.append(here - special.logsumexp(w[:, None] + y[:, None] * t, axis=0))
    # Margins fixed: the density differs from ours by the central one's normalisation.
    return np.array(rows)


def two_arms(t, alpha):
    one = stats.binom.logpmf(A[:, None], N1[:, None], special.expit(alpha[:, None] + t / 2))
    return one + stats.binom.logpmf(C[:, None], N2[:, None], special.expit(alpha[:, None] - t / 2))


def log_likelihood(name, theta):
    """Independent marginal log-likelihood of a model at its θ (UM.FS: followed by the alphas)."""
    if name == "UM":
        return over_effects(
            lambda t: stats.binom.logpmf(A[:, None], N1[:, None], special.expit(t)), *theta
        )
    if name == "CM.AL":
        shift = np.log(N1 / N2)[:, None]
        return over_effects(
            lambda t: stats.binom.logpmf(A[:, None], (A + C)[:, None], special.expit(t + shift)),
            *theta,
        )
    if name == "CM.EL":
        return over_effects(hypergeometric, *theta)
    if name == "UM.FS":
        return over_effects(lambda t: two_arms(t, theta[2:]), *theta[:2])
    mu, gamma, tau, sigma = theta
    u = np.linspace(-8, 8, 201)
    w = stats.norm.logpdf(u) + np.log(u[1] - u[0])
    total = 0.0
    for a, n1, c, n2 in zip(A, N1, C, N2, strict=True):
        base = gamma + sigma * u[:, None]
        one = stats.binom.logpmf(a, n1, special.expit(base + mu + tau * u / 2))
        two = stats.binom.logpmf(c, n2, special.expit(base - tau * u / 2))
        total += special.logsumexp(one + two + w + w[:, None])
    return total


def fit_here(name, nodes=None):
    if name == "UM":
        return glmm("PLO", xi=A, ni=N1, nodes=nodes)
    return glmm("OR", model=name, nodes=nodes, ai=A, n1i=N1, ci=C, n2i=N2)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["UM", "CM.AL", "CM.EL"])
def test_maximum_is_that_of_another_optimiser(name):
    got = fit_here(name)
    assert got.tau2 > 0.1
    other = optimize.minimize(
        lambda x: -log_likelihood(name, x),
        x0=[0.5, 0.3],
        method="Nelder-Mead",
        options={"xatol": 1e-9, "fatol": 1e-12},
    )
    # 50 nodes leave 3e-8 of the log-likelihood of such sparse tables; a search by values finds
    # its argument to about the root of what it resolves of them.
    assert got.log_likelihood == pytest.approx(-other.fun, abs=1e-7)
    assert got.estimate == pytest.approx(other.x[0], abs=3e-6)
    assert np.sqrt(got.tau2) == pytest.approx(abs(other.x[1]), abs=3e-6)


@pytest.mark.slow
def test_stratified_maximum_is_that_of_a_joint_search():
    got = fit_here("UM.FS")
    start = np.concatenate([[0.5, 0.5], np.log((A + C + 1) / (N1 + N2 - A - C + 1))])
    other = optimize.minimize(
        lambda x: -log_likelihood("UM.FS", x), start, method="BFGS", options={"gtol": 1e-6}
    )
    assert got.log_likelihood == pytest.approx(-other.fun, abs=1e-7)
    assert got.estimate == pytest.approx(other.x[0], abs=1e-4)  # gradients by differences
    assert np.sqrt(got.tau2) == pytest.approx(abs(other.x[1]), abs=1e-4)


def numerical_hessian(f, x, h=1e-3):
    p = len(x)
    out = np.empty((p, p))
    e = np.eye(p) * h
    for i in range(p):
        for j in range(p):
            corners = f(x + e[i] + e[j]) - f(x + e[i] - e[j]) - f(x - e[i] + e[j])
            out[i, j] = (corners + f(x - e[i] - e[j])) / (4 * h * h)
    return out


@pytest.mark.slow
@pytest.mark.parametrize("name", ["UM", "CM.AL", "CM.EL", "UM.RS"])
def test_top_and_standard_error_by_plain_differences(name):
    got = fit_here(name)
    theta = np.array([got.estimate, np.sqrt(got.tau2)])
    if name == "UM.RS":  # gamma is not part of the result: profile it out
        rest = [got.estimate, -1.5, np.sqrt(got.tau2), np.sqrt(got.sigma2)]
        best = optimize.minimize_scalar(
            lambda g: -log_likelihood(name, [rest[0], g, *rest[2:]]), bracket=(-2, -1), tol=1e-10
        )
        theta = np.array([rest[0], best.x, *rest[2:]])
    value = log_likelihood(name, theta)
    assert got.log_likelihood == pytest.approx(value, abs=2e-6)  # 15 × 15 nodes leave 1e-6
    for i in range(len(theta)):
        step = np.eye(len(theta))[i] * 1e-3
        up, down = log_likelihood(name, theta + step), log_likelihood(name, theta - step)
        assert (up - down) / 2e-3 == pytest.approx(0, abs=1e-4)
        assert max(up, down) < value
    covariance = np.linalg.inv(-numerical_hessian(lambda x: log_likelihood(name, x), theta))
    assert got.se == pytest.approx(np.sqrt(covariance[0, 0]), rel=1e-4)
    at = 2 if name == "UM.RS" else 1
    error = 2 * theta[at] * np.sqrt(covariance[at, at])
    assert got.tau2_se == pytest.approx(error, rel=1e-4)


def test_no_heterogeneity_is_logistic_regression():
    from statsmodels.genmod import families
    from statsmodels.genmod.generalized_linear_model import GLM

    a, n1 = np.array([2.0, 4, 6]), np.array([39.0, 44, 107])
    c, n2 = np.array([1.0, 4, 4]), np.array([43.0, 44, 110])
    got = glmm("OR", model="UM.FS", ai=a, n1i=n1, ci=c, n2i=n2)
    assert got.tau2 == 0
    assert np.isnan(got.tau2_se)
    counts = np.concatenate([np.c_[a, n1 - a], np.c_[c, n2 - c]])
    design = np.c_[np.repeat([1.0, 0.0], 3), np.tile(np.eye(3), (2, 1))]
    other = GLM(counts, design, family=families.Binomial()).fit(tol=1e-14)
    assert got.estimate == pytest.approx(other.params[0], rel=1e-8)
    assert got.se == pytest.approx(other.bse[0], rel=1e-8)
    assert got.q == pytest.approx(other.deviance, rel=1e-8)
    assert got.pi_low == pytest.approx(got.ci_low)


@pytest.mark.slow
def test_more_nodes_change_nothing_that_is_printed():
    for name in ("UM", *OR_MODELS):
        coarse, fine = fit_here(name), fit_here(name, nodes=25 if name == "UM.RS" else 100)
        assert coarse.estimate == pytest.approx(fine.estimate, abs=2e-7)
        assert coarse.tau2 == pytest.approx(fine.tau2, rel=2e-6)


# --- what must not break -----------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("model", OR_MODELS)
def test_swapping_arms_negates(model):
    one = fit_here(model)
    two = glmm("OR", model=model, ai=C, n1i=N2, ci=A, n2i=N1)
    assert one.estimate == pytest.approx(-two.estimate, rel=1e-6)
    assert one.tau2 == pytest.approx(two.tau2, rel=1e-6)
    assert one.log_likelihood == pytest.approx(two.log_likelihood, rel=1e-9)


def test_counting_non_events_negates():
    one, two = glmm("PLO", xi=A, ni=N1), glmm("PLO", xi=N1 - A, ni=N1)
    assert one.estimate == pytest.approx(-two.estimate, rel=1e-8)
    assert one.se == pytest.approx(two.se, rel=1e-6)


def finite(result):
    values = asdict(result)
    return {name for name, v in values.items() if np.isfinite(v)} - {"k", "converged"}


def test_no_study():
    none = glmm("OR", ai=[np.nan], n1i=[5], ci=[1], n2i=[5])
    assert (none.k, none.converged, finite(none)) == (0, True, set())


@pytest.mark.parametrize("model", OR_MODELS)
def test_one_study_is_itself(model):
    one = glmm("OR", model=model, ai=[4], n1i=[20], ci=[9], n2i=[30])
    alone = effect_size("OR", ai=4, n1i=20, ci=9, n2i=30)
    assert one.k == 1
    assert one.converged
    if model in {"UM.FS", "UM.RS"}:  # the conditional ones differ in small tables
        assert one.estimate == pytest.approx(alone.yi, rel=1e-8)
        assert one.se == pytest.approx(np.sqrt(alone.vi), rel=1e-8)
    assert finite(one) == {
        *("estimate", "se", "statistic", "p", "ci_low", "ci_high", "log_likelihood")
    }


@pytest.mark.parametrize("model", OR_MODELS)
def test_two_studies_have_everything(model):
    two = glmm("OR", model=model, ai=[4, 15], n1i=[20, 40], ci=[9, 5], n2i=[30, 40])
    assert two.converged
    assert two.tau2 > 0
    assert two.ci_low < two.estimate < two.ci_high
    assert two.pi_low < two.ci_low


@pytest.mark.parametrize("model", OR_MODELS)
@pytest.mark.parametrize(
    ("a", "c"),
    [
        ([0, 0, 0], [1, 0, 4]),
        ([2, 0, 1], [0, 0, 0]),
        ([5, 6, 7], [1, 2, 3]),
        ([0, 0, 0], [0, 0, 0]),
    ],
    ids=["no event in arm 1", "none in arm 2", "only events in arm 1", "none at all"],
)
def test_separated_arms_have_no_estimate_and_say_so(model, a, c):
    got = glmm("OR", model=model, ai=a, n1i=[5, 6, 7], ci=c, n2i=[8, 9, 10])
    if model == "CM.AL" and a == [5, 6, 7]:
        assert got.converged  # the approximation for rare events does not see the non-events
        return
    assert finite(got) == set()
    assert got.converged == (got.k == 0)


def test_likelihood_that_rises_to_infinite_tau_is_flagged():
    # Every table is at an end of its support: the more tau, the more likely.
    ends = {"ai": [0, 0, 8, 0], "n1i": [78, 51, 140, 42], "ci": [3, 2, 0, 1], "n2i": [9, 9, 9, 9]}
    for model in ("CM.EL", "CM.AL"):
        got = glmm("OR", model=model, **ends)
        assert not got.converged
        assert finite(got) == set()
    assert not glmm("PLO", xi=[0, 5, 0, 9], ni=[7, 5, 6, 9]).converged
    assert not glmm("PLO", xi=[0, 0], ni=[7, 5]).converged


def added_up(mean, tau, x, n):
    """Return the log-likelihood of log odds that are normal, added up over even small steps."""
    u = np.arange(-14, 14, 0.002)[:, None]
    odds = mean + tau * u
    logs = x * odds - n * np.logaddexp(0, odds) - u**2 / 2
    top = logs.max(axis=0)
    return float((top + np.log(np.exp(logs - top).sum(axis=0) * 0.002)).sum())


FAR_APART = [
    ([9, 0, 0, 0, 0, 0], [22, 33, 8, 16, 22, 48]),  # tau 5.4
    ([0, 1, 0, 17, 30, 12], [25, 20, 14, 18, 30, 12]),
    ([0, 0, 0, 0, 5, 40], [11, 35, 18, 22, 9, 41]),
]


@pytest.mark.parametrize(("x", "n"), FAR_APART)
def test_shares_that_lie_far_apart_have_the_top_that_their_likelihood_has(x, n):
    """Fifty points, at which other software stops, miss it in the third digit (tau 2.5 to 6)."""
    x, n = np.array(x), np.array(n)
    got = glmm("PLO", xi=x, ni=n)
    few = glmm("PLO", xi=x, ni=n, nodes=50)
    top = optimize.minimize(
        lambda at: -added_up(*at, x, n),
        [got.estimate, np.sqrt(got.tau2)],
        method="Nelder-Mead",
        options={"xatol": 1e-7, "fatol": 1e-12},
    )
    assert got.converged
    assert got.tau2 > 1.5**2
    assert got.estimate == pytest.approx(top.x[0], rel=1e-5)
    assert got.tau2 == pytest.approx(top.x[1] ** 2, rel=1e-5)
    assert few.tau2 != pytest.approx(got.tau2, rel=1e-5)


def test_a_top_that_only_the_points_of_a_rule_have_is_none():
    x = [0, 51, 0, 11, 0, 57, 38, 3, 0, 37, 31, 58, 37]
    n = [16, 51, 36, 11, 53, 57, 58, 38, 58, 37, 31, 58, 37]
    far = [added_up(mean, tau, np.array(x), np.array(n)) for mean, tau in ((5.5, 15), (7, 20))]
    assert far[0] < far[1]  # it goes on rising
    assert not glmm("PLO", xi=x, ni=n).converged


@pytest.mark.slow
def test_double_zero_studies_are_left_out_unless_asked_for():
    more = {"ai": [*A, 0], "n1i": [*N1, 40], "ci": [*C, 0], "n2i": [*N2, 50]}
    for model in OR_MODELS:
        assert asdict(glmm("OR", model=model, **more)) == pytest.approx(
            asdict(fit_here(model)), rel=0, abs=0, nan_ok=True
        )
    kept = glmm("OR", model="UM.RS", drop00=False, **more)
    assert kept.k == 8
    assert kept.sigma2 > fit_here("UM.RS").sigma2
    for model in ("UM.FS", "CM.EL"):  # a constant in their likelihood
        assert glmm("OR", model=model, drop00=False, **more).k == 7


def test_large_trials_with_few_events_keep_their_digits():
    # 150,000 people and ten events an arm: n log(1 + e^η) must not lose what x η is measured by.
    big = {"ai": [10, 18, 54], "n1i": [155600, 156300, 268700]}
    big |= {"ci": [18, 19, 41], "n2i": [79250, 79250, 90900]}
    for model in OR_MODELS:
        got = glmm("OR", model=model, **big)
        assert got.converged
        assert got.estimate == pytest.approx(glmm("OR", model="CM.EL", **big).estimate, abs=0.02)


def test_a_batch_is_its_analyses_and_one_failure_stays_alone():
    a = np.array([A, A, np.zeros(7)])
    a[1, 4] = np.nan
    both = glmm("OR", model="CM.AL", ai=a, n1i=N1, ci=C, n2i=N2)
    assert both.converged.tolist() == [True, True, False]
    assert both.k.tolist() == [7, 6, 6]
    for row in range(3):
        alone = asdict(glmm("OR", model="CM.AL", ai=a[row], n1i=N1, ci=C, n2i=N2))
        for name, value in alone.items():
            np.testing.assert_array_equal(getattr(both, name)[row], value)


def test_faults_are_named():
    table = {"ai": [1, 2], "n1i": [9, 9], "ci": [1, 3], "n2i": [9, 9]}
    with pytest.raises(ValueError, match="measure is one of PLO, OR, IRR"):
        glmm("RR", **table)
    with pytest.raises(ValueError, match=r"model is one of .*; not 'UM'"):
        glmm("OR", model="UM", **table)
    with pytest.raises(ValueError, match="nodes must be 1 or more"):
        glmm("OR", nodes=0, **table)
    with pytest.raises(ValueError, match=r"ai\[1\] is not a whole number \(2.5\)"):
        glmm("OR", model="CM.EL", **(table | {"ai": [1, 2.5]}))
    with pytest.raises(ValueError, match=r"ci\[0\] is larger than n2i"):
        glmm("OR", **(table | {"ci": [10, 1]}))
    with pytest.raises(ValueError, match="level"):
        glmm("OR", level=95, **table)
    with pytest.raises(ValueError, match="needs an axis of studies"):
        glmm("PLO", xi=1, ni=4)


@pytest.mark.parametrize("model", ["CM.AL", "CM.EL"])
def test_slopes_of_the_integrals_are_those_of_the_sums_of_many_points(model):
    cells = [
        np.array(x, float) for x in ([3, 1, 9, 0], [17, 24, 21, 15], [1, 2, 4, 3], [20, 19, 30, 9])
    ]
    likelihood, _ = build_likelihood("OR", model, cells)
    theta = np.array([[0.3, 0.0], [-0.4, 0.2], [0.8, 0.9]])
    surface = Surface(likelihood, QuadratureRule.of(60))
    value, gradient, hessian = surface.curved(theta, [0, 1])
    told, slopes = surface.gradient(theta, [0, 1])
    np.testing.assert_allclose(value, told, rtol=1e-13)
    np.testing.assert_allclose(gradient, slopes, rtol=1e-9, atol=1e-11)
    step = 1e-4
    for j in range(2):
        up, down = (
            surface.gradient(theta + sign * step * np.eye(2)[j], [0, 1])[1] for sign in (1, -1)
        )
        np.testing.assert_allclose(hessian[:, j], (up - down) / (2 * step), rtol=1e-6, atol=1e-6)
