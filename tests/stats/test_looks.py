"""Looking after every trial: published boundaries, and errors by simulation."""

import numpy as np
import pytest
from scipy import integrate, stats

from ketameta.stats import confidence_sequence, sequential_boundaries
from ketameta.stats.sensitivity.looks import _crossings

Y, V = [0.3, 0.5, 0.4], [0.04, 0.03, 0.02]


def equal_steps(fractions):
    """Return trials by which these fractions of the required information are reached."""
    needed = (stats.norm.ppf(0.975) + stats.norm.ppf(0.9)) ** 2
    return 1 / np.diff(np.concatenate([[0], np.array(fractions) * needed]))


def test_boundaries_are_those_of_lan_and_demets_at_five_looks():
    """As printed for the two-sided 0.05 of O'Brien and Fleming's shape (R package ldbounds)."""
    vi = equal_steps([0.2, 0.4, 0.6, 0.8, 1.0])
    found = sequential_boundaries(np.zeros(5), vi, worthwhile=1.0)
    assert found.boundary == pytest.approx([4.8769, 3.3569, 2.6803, 2.2898, 2.0310], abs=1.5e-4)
    assert found.fraction == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    assert found.spent[-1] == pytest.approx(0.05, rel=1e-12)


def test_one_look_at_the_required_information_is_the_plain_test():
    found = sequential_boundaries([0.0], equal_steps([1.0]), worthwhile=1.0)
    assert found.boundary[0] == pytest.approx(stats.norm.ppf(0.975), rel=1e-10)


def test_two_looks_share_the_error_of_a_bivariate_normal():
    spent = np.array([0.01, 0.05])
    first, second = _crossings(np.array([0.5, 1.0]), spent)
    assert first == pytest.approx(stats.norm.ppf(0.995), rel=1e-10)

    def inside(z):  # the second score given the first
        mean, sd = z * np.sqrt(0.5), np.sqrt(0.5)
        within = stats.norm.cdf(second, mean, sd) - stats.norm.cdf(-second, mean, sd)
        return stats.norm.pdf(z) * within

    assert integrate.quad(inside, -first, first)[0] == pytest.approx(0.95, abs=1e-9)


def test_nothing_is_left_to_spend_beyond_the_required_information():
    found = sequential_boundaries(np.zeros(4), equal_steps([0.5, 1.0, 1.5, 2.0]), worthwhile=1.0)
    assert found.boundary[1] == found.boundary[2] == found.boundary[3]
    assert found.fraction[-1] == pytest.approx(2.0)


def test_diversity_asks_for_more_information():
    plain, diverse = (sequential_boundaries(Y, V, worthwhile=0.3, diversity=d) for d in (0.0, 0.5))
    assert diverse.required == pytest.approx(2 * plain.required)
    assert (diverse.boundary > plain.boundary).all()
    assert diverse.z == pytest.approx(plain.z)


def test_the_e_value_is_the_likelihood_ratio_of_the_mixture():
    found = confidence_sequence(Y, V, expected=0.4)
    for look in (1, 2, 3):
        y, sd = np.array(Y[:look]), np.sqrt(V[:look])

        def likelihood(m, y=y, sd=sd):
            return np.prod(stats.norm.pdf(y, m, sd))

        mixture = integrate.quad(lambda m: likelihood(m) * stats.norm.pdf(m, 0, 0.4), -5, 5)[0]
        assert found.e_value[look - 1] == pytest.approx(mixture / likelihood(0.0), rel=1e-8)


def test_the_interval_ends_where_the_e_value_of_an_effect_is_one_by_alpha():
    found = confidence_sequence(Y, V, expected=0.4, level=0.9)
    for end in (found.low, found.high):
        moved = confidence_sequence(np.array(Y) - end[-1], V, expected=0.4)
        assert moved.e_value[-1] == pytest.approx(10, rel=1e-9)


def test_an_absent_trial_is_no_look():
    found = confidence_sequence([0.3, np.nan, 0.5], [0.04, np.nan, 0.03])
    assert found.estimate == pytest.approx(confidence_sequence(Y[:2], V[:2]).estimate)


@pytest.mark.slow
def test_no_effect_is_seldom_excluded_at_any_of_twenty_looks():
    """2,000 reviews without effect: at most 5 in 100 ever exclude it, by either way."""
    generator = np.random.default_rng(20)
    sequence = boundary = naive = 0
    for _ in range(100):
        vi = generator.uniform(0.02, 0.3, 20)
        # of the variances alone
        passed = sequential_boundaries(np.zeros(20), vi, worthwhile=0.2).boundary
        for yi in generator.normal(0, np.sqrt(vi), (20, 20)):
            found = confidence_sequence(yi, vi)
            sequence += bool(((found.low > 0) | (found.high < 0)).any())
            z = np.cumsum(yi / vi) / np.sqrt(np.cumsum(1 / vi))
            boundary += bool((abs(z) > passed).any())
            naive += bool((abs(z) > 1.96).any())
    assert sequence / 2000 < 0.05
    assert boundary / 2000 < 0.05
    # what they are for
    assert naive / 2000 > 0.15


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"worthwhile": 0.0}, "must not be 0"),
        ({"worthwhile": 0.3, "diversity": 1.0}, "from 0 to below 1"),
    ],
)
def test_what_cannot_be_asked_is_refused(given, said):
    with pytest.raises(ValueError, match=said):
        sequential_boundaries(Y, V, **given)
    with pytest.raises(ValueError, match="above 0"):
        confidence_sequence(Y, V, expected=0)
    with pytest.raises(ValueError, match="one analysis"):
        confidence_sequence([Y, Y], [V, V])
