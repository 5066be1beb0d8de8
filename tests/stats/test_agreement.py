"""Cohen's kappa: against statsmodels, by hand, and at its edges."""

from __future__ import annotations

import random

import numpy as np
import pytest

from ketameta.stats.sensitivity.agreement import cohen_kappa

WORDS = ("low", "some concerns", "high")


def table(first, second):
    """Return the counts of pairs, rows the first rater's words."""
    counts = np.zeros((3, 3))
    for a, b in zip(first, second, strict=True):
        counts[WORDS.index(a), WORDS.index(b)] += 1
    return counts


@pytest.mark.parametrize("n", [5, 12, 45])
def test_kappa_is_that_of_statsmodels(n):
    from statsmodels.stats.inter_rater import cohens_kappa

    draw = random.Random(n)
    first = draw.choices(WORDS, k=n)
    second = [word if draw.random() < 0.6 else draw.choice(WORDS) for word in first]
    plain = cohens_kappa(table(first, second), return_results=False)
    linear = cohens_kappa(table(first, second), wt="linear", return_results=False)
    # the same sums in another order
    assert cohen_kappa(first, second).kappa == pytest.approx(plain, abs=1e-12)
    assert cohen_kappa(first, second, WORDS).kappa == pytest.approx(linear, abs=1e-12)


def test_kappa_by_hand():
    # Cohen's example of two raters and 50 proposals: 35 of 50 alike, 0.5 by chance
    first = ["yes"] * 25 + ["no"] * 25
    second = ["yes"] * 20 + ["no"] * 5 + ["yes"] * 10 + ["no"] * 15
    found = cohen_kappa(first, second)
    assert (found.n, found.share) == (50, 0.7)
    assert found.kappa == pytest.approx(0.4)
    # two words are one step apart: weights change nothing
    assert cohen_kappa(first, second, ("yes", "no")).kappa == pytest.approx(0.4)


def test_a_near_miss_costs_less_with_weights():
    first = ["low", "some concerns", "high"] * 4
    near = ["some concerns", "some concerns", "high"] * 4
    far = ["high", "some concerns", "high"] * 4
    assert cohen_kappa(first, near).share == cohen_kappa(first, far).share
    assert cohen_kappa(first, near, WORDS).kappa > cohen_kappa(first, far, WORDS).kappa


def test_what_chance_gives_as_well_has_no_kappa():
    assert cohen_kappa([], []) == cohen_kappa([], [], WORDS)
    assert (cohen_kappa([], []).share, cohen_kappa([], []).kappa) == (None, None)
    alike = cohen_kappa(["low"] * 3, ["low"] * 3, WORDS)
    assert (alike.share, alike.kappa) == (1, None)
    assert cohen_kappa(["low", "high"], ["low", "high"]).kappa == 1
    assert cohen_kappa(["low", "high"], ["high", "low"]).kappa == -1
    # one word all through on one side: no better than chance
    assert cohen_kappa(["low", "low"], ["low", "high"]).kappa == 0


def test_wrong_use_is_refused():
    with pytest.raises(ValueError, match="of the same things, in one order: first has 1, second 0"):
        cohen_kappa(["low"], [])
    with pytest.raises(ValueError, match="unclear"):
        cohen_kappa(["unclear"], ["low"], WORDS)
