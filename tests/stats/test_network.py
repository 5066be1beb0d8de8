"""Networks against metafor, what is printed of Senn (2013), and identities."""

import numpy as np
import pytest

from ketameta.stats import network_meta_analysis, network_parts, random_effects

NETWORKS = ("senn", "smoking", "stroke")
# metafor's optimiser sees the value of the likelihood alone: it leaves half of the digits.
SEARCHED = 1e-5
CLOSED = 1e-9


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("method", ["REML", "ML", "EE"])
def test_estimates_match_metafor(reference, contrasts, name, method):
    known = reference("network")[name]
    expected, within = known["fits"][method], CLOSED if method == "EE" else SEARCHED
    fit = network_meta_analysis(*contrasts(name), tau2=method, interval="wald")
    assert list(fit.treatments) == known["treatments"]
    assert fit.estimate[1:, 0] == pytest.approx(expected["beta"], rel=10 * within)
    assert fit.se[1:, 0] == pytest.approx(expected["se"], rel=within)
    assert fit.tau2 == pytest.approx(expected["tau2"], rel=10 * within, abs=1e-9)
    assert (fit.q, fit.q_df) == pytest.approx((expected["q"], expected["q_df"]), rel=CLOSED)
    assert fit.converged


def test_senn_has_the_numbers_that_netmeta_prints(contrasts):
    # netmeta's Q, I² and DerSimonian-Laird tau² of these trials
    fit = network_meta_analysis(*contrasts("senn"), reference="placebo", tau2="DL")
    assert (fit.k, fit.contrasts, fit.q_df) == (26, 27, 18)
    assert (fit.q, fit.tau2, fit.i2) == pytest.approx((96.98, 0.1087, 81.4), abs=0.05)
    assert fit.tau2 == pytest.approx(0.1087, abs=5e-5)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("interval", ["wald", "hksj"])
def test_nothing_depends_on_which_arm_is_the_base(contrasts, name, interval):
    fit = network_meta_analysis(*contrasts(name), interval=interval)
    for how in ({"base": -1}, {"shift": True}):
        other = network_meta_analysis(
            *contrasts(name, **how), interval=interval, reference=fit.treatments[-1]
        )
        for field in ("estimate", "se", "p", "pi_low", "direct", "direct_high", "direct_studies"):
            assert getattr(other, field) == pytest.approx(
                getattr(fit, field), rel=1e-8, abs=1e-12, nan_ok=True
            ), field
        assert (other.tau2, other.tau2_high, other.q, other.i2) == pytest.approx(
            (fit.tau2, fit.tau2_high, fit.q, fit.i2), rel=1e-8
        )


@pytest.mark.parametrize("tau2", ["REML", "DL", "PM", "EE"])
@pytest.mark.parametrize("interval", ["auto", "wald", "hksj"])
def test_two_treatments_are_pooled_as_ever(tau2, interval):
    y, v = [0.5, -0.1, 0.2, 0.35, 0.7], [0.02, 0.03, 0.015, 0.04, 0.02]
    one = random_effects(y, v, tau2, interval)
    fit = network_meta_analysis(y, v, range(5), ["B"] * 5, ["A"] * 5, tau2=tau2, interval=interval)
    for field in ("estimate", "se", "statistic", "p", "ci_low", "ci_high", "pi_low", "pi_high"):
        assert getattr(fit, field)[1, 0] == pytest.approx(getattr(one, field), rel=1e-12), field
    for field in ("tau2", "tau2_low", "tau2_high", "i2", "q", "q_df", "q_p", "df"):
        assert getattr(fit, field) == pytest.approx(getattr(one, field), rel=1e-12), field
    assert fit.rule == one.rule
    assert (fit.direct[1, 0], fit.direct_low[1, 0]) == pytest.approx(
        (one.estimate, one.ci_low), rel=1e-12
    )
    assert fit.direct_studies[0, 1] == 5
    assert fit.estimate[0, 1] == -fit.estimate[1, 0]


def test_direct_estimates_of_a_trial_of_three_arms_are_its_own_contrasts():
    # arms at 0, 1, 3 with the variances 1, 2, 3, and as many trials as tell no heterogeneity
    V = [[3.0, 1.0], [1.0, 4.0]]
    fit = network_meta_analysis([1, 3], V, ["x", "x"], ["B", "C"], ["A", "A"])
    assert fit.direct[2] == pytest.approx([3, 2, np.nan], nan_ok=True)
    assert fit.direct_se[2] ** 2 == pytest.approx([4, 5, np.nan], nan_ok=True)
    assert fit.estimate == pytest.approx(fit.direct, nan_ok=True)
    assert fit.se == pytest.approx(fit.direct_se, nan_ok=True)
    assert np.isnan([fit.tau2, fit.pi_low[1, 0], fit.q_p]).all()
    assert (fit.rule, fit.q, fit.q_df) == ("wald", 0, 0)


def test_an_indirect_difference_is_that_of_the_direct_ones():
    fit = network_meta_analysis([1.0, 3.0], [0.5, 0.25], ["x", "y"], ["B", "C"], ["A", "A"])
    assert (fit.estimate[2, 1], fit.se[2, 1] ** 2) == pytest.approx((2, 0.75))
    assert fit.direct_studies[2, 1] == 0
    assert np.isnan(fit.direct[2, 1])


def test_a_contrast_that_is_not_there_counts_for_nothing(contrasts):
    y, V, study, first, second = contrasts("stroke")
    gone = np.zeros(y.size, bool)
    gone[[0, 5]] = True
    hidden, blank = np.where(gone, np.nan, y), V.copy()
    blank[gone] = blank[:, gone] = np.nan
    fit = network_meta_analysis(hidden, blank, study, first, second)
    kept = network_meta_analysis(
        y[~gone], V[np.ix_(~gone, ~gone)], *(x[~gone] for x in (study, first, second))
    )
    assert fit.estimate == pytest.approx(kept.estimate, rel=1e-12, nan_ok=True)
    assert fit.tau2 == pytest.approx(kept.tau2, rel=1e-12)


def test_a_network_in_parts_is_refused_with_their_names():
    with pytest.raises(ValueError, match=r"2 parts: A, B, C \| D, E$"):
        network_meta_analysis([1, 1, 1], [1, 1, 1], [1, 2, 3], ["B", "D", "A"], ["A", "E", "C"])
    assert network_parts(["B", "D", "A"], ["A", "E", "C"]) == (("A", "B", "C"), ("D", "E"))
    assert network_parts([], []) == ()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"first": ["A", "C", "C"]}, "study 'x' compares 'A' with itself"),
        ({"vi": [[1, 2, 0], [2, 1, 0], [0, 0, 1]]}, "covariance of study 'x' is not positive"),
        ({"vi": [[1, 0, 0], [0, 1, 0.1], [0, 0.1, 1]]}, "between two clusters"),
        ({"vi": [1, 1]}, "yi needs shape"),
        ({"study": ["x", "x", "x"]}, "study 'x' has 3 contrasts of 3 arms"),
        ({"first": ["B", "", "C"]}, r"first\[1\] is missing"),
        ({"reference": "D"}, "reference 'D' is none of the treatments: A, B, C"),
        ({"tau2": "REMI"}, "tau2 is one of"),
        ({"yi": [np.nan] * 3, "vi": [np.nan] * 3}, "there is no contrast"),
    ],
)
def test_what_is_no_network_is_refused(change, said):
    given = {
        "yi": [1, 2, 1],
        "vi": [[2, 1, 0], [1, 2, 0], [0, 0, 1]],
        "study": ["x", "x", "y"],
        "first": ["B", "C", "C"],
        "second": ["A", "A", "B"],
    }
    with pytest.raises(ValueError, match=said):
        network_meta_analysis(**(given | change))


def test_a_network_shows_itself_against_the_reference_and_has_a_row_a_pair(contrasts):
    fit = network_meta_analysis(*contrasts("stroke"), reference="VKAs")
    title, rows, below = fit.table()
    assert title.startswith(f"Network: {len(fit.treatments)} treatments in {fit.k} trials")
    assert [row[0] for row in rows[1:]] == [x for x in fit.treatments if x != "VKAs"]
    assert below[0].startswith("tau2 ")
    frame = fit.to_frame()
    assert len(frame) == len(fit.treatments) * (len(fit.treatments) - 1)
    assert frame.loc[("Aspirin", "VKAs"), "estimate"] == pytest.approx(
        -frame.loc[("VKAs", "Aspirin"), "estimate"]
    )


def made_up(seed):
    """A network of trials of two to four arms, of very different size, each a random tree."""
    draw = np.random.default_rng(seed)
    study, pairs, effects, V = [], [], [], np.zeros((0, 0))
    for trial in range(9):
        arms = draw.permutation(5)[: draw.integers(2, 5)]
        C = np.zeros((arms.size - 1, arms.size))
        for row in range(arms.size - 1):
            C[row, row + 1], C[row, draw.integers(row + 1)] = 1, -1
        block = C @ np.diag(10 ** draw.uniform(-4, 0, arms.size)) @ C.T
        V = np.block([[V, np.zeros((len(V), len(C)))], [np.zeros((len(C), len(V))), block]])
        effects += (C @ draw.normal(0, 1, arms.size)).tolist()
        pairs += [(arms[row.argmax()], arms[row.argmin()]) for row in C]
        study += [trial] * len(C)
    first, second = np.array(pairs).T
    return np.array(effects), V, np.array(study), first, second


def dense_likelihood(given, restricted):
    """The (restricted) log-likelihood of tau2 with whole matrices, but for a constant."""
    y, V, study, first, second = given
    C = np.eye(5)[first] - np.eye(5)[second]
    E, X = C @ C.T / 2 * (study[:, None] == study), C[:, 1:]

    def value(tau2):
        W = np.linalg.inv(V + tau2 * E)
        A = X.T @ W @ X
        r = y - X @ np.linalg.solve(A, X.T @ W @ y)
        fall = np.linalg.slogdet(A)[1] if restricted else 0.0
        return -0.5 * (np.linalg.slogdet(V + tau2 * E)[1] + r @ W @ r + fall)

    return value


# the likelihood of the first two has two tops
@pytest.mark.parametrize("seed", [27, 29, 1])
@pytest.mark.parametrize("tau2", ["REML", "ML"])
def test_heterogeneity_is_where_the_dense_likelihood_has_its_highest_top(seed, tau2):
    given = made_up(seed)
    value = dense_likelihood(given, tau2 == "REML")
    fit = network_meta_analysis(*given, tau2=tau2)
    nodes = np.concatenate([[0.0], np.geomspace(1e-6, 30, 80)])
    assert value(fit.tau2) >= max(map(value, nodes)) - 1e-9
    beside = [value(fit.tau2 + step) for step in (1e-4 * fit.tau2, -1e-4 * fit.tau2)]
    assert value(fit.tau2) >= max(beside) - 1e-12


def test_units_do_not_matter(contrasts):
    y, V, *labels = contrasts("stroke")
    one = network_meta_analysis(y, V, *labels)
    other = network_meta_analysis(1e6 * y, 1e12 * V, *labels)
    assert other.ci_high == pytest.approx(1e6 * one.ci_high, rel=1e-9, nan_ok=True)
    assert (other.tau2, other.i2) == pytest.approx((1e12 * one.tau2, one.i2), rel=1e-9)


def test_intervals_cover_as_often_as_they_say(contrasts):
    # of 9 treatments against placebo, over 150 networks like Senn's: a share's standard error
    # is 0.02 at most, as the intervals of a network go together
    _, V, study, first, second = contrasts("senn")
    names = sorted({*first, *second})
    C = (first[:, None] == names).astype(float) - (second[:, None] == names)
    scatter = np.linalg.cholesky(V + 0.1 * (C @ C.T / 2) * (study[:, None] == study))
    draw, truth, covered = np.random.default_rng(3), np.linspace(-1, 1, len(names)), []
    for _ in range(150):
        y = C @ truth + scatter @ draw.standard_normal(len(V))
        fit = network_meta_analysis(y, V, study, first, second, interval="hksj", tau2_interval=None)
        against = truth[1:] - truth[0]
        covered.append(((fit.ci_low[1:, 0] < against) & (against < fit.ci_high[1:, 0])).mean())
    assert np.mean(covered) == pytest.approx(0.95, abs=0.04)
