"""The bracketed root finder on equations of known roots."""

import numpy as np
from numpy.testing import assert_allclose

from ketameta.stats.numerics.roots import bracketed


def test_roots_are_found_to_rounding_each_on_its_own():
    target = np.array([1e-8, 0.5, 2.0, 1e6])
    calls = []

    def cube(x, rows):
        calls.append(len(rows))
        return x**3 - target[rows]

    lo, hi = np.zeros(4), np.full(4, 1e3)
    x = bracketed(cube, lo, hi, lo**3 - target, hi**3 - target)
    assert_allclose(x, np.cbrt(target), rtol=1e-15)
    # A root found is not looked for again; bisection alone would take 60 calls.
    assert calls[-1] < 4
    assert len(calls) < 40


def test_an_end_may_be_the_root_and_the_signs_may_fall():
    f = lambda x, rows: 1.0 - x  # noqa: E731
    x = bracketed(
        f, np.array([1.0, 0.0]), np.array([2.0, 3.0]), np.array([0.0, 1.0]), np.array([-1.0, -2.0])
    )
    assert_allclose(x, [1.0, 1.0])


def test_a_step_is_no_obstacle():
    step = lambda x, rows: np.where(x < np.pi, -1.0, 1e9)  # noqa: E731
    x = bracketed(step, np.zeros(1), np.full(1, 10.0), np.full(1, -1.0), np.full(1, 1e9))
    assert_allclose(x, np.pi, rtol=1e-15)
