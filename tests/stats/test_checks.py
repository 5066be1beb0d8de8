"""Input is passed on as it is, or refused with its place."""

import numpy as np
import pytest

from ketameta.stats.numerics.checks import as_effects, as_level, one_of


def test_effects_are_broadcast_together():
    y, v = as_effects([[1, 2, 3]] * 2, [0.1, 0.2, 0.3])
    assert y.shape == v.shape == (2, 3)
    assert y.dtype == v.dtype == float


def test_absent_studies_pass():
    y, v = as_effects([1.0, np.nan], [1.0, np.nan])
    assert np.isnan([y[1], v[1]]).all()


def test_the_first_fault_is_named():
    with pytest.raises(ValueError, match=r"vi\[0, 1\] is -1"):
        as_effects([[1.0, 1.0], [np.inf, 1.0]], [[1.0, -1.0], [1.0, 1.0]])


def test_options_are_listed():
    with pytest.raises(ValueError, match="colour is one of red, blue; not 'green'"):
        one_of("colour", "green", ("red", "blue"))


@pytest.mark.parametrize("level", [0, 1, 95, -0.5, np.nan])
def test_a_level_is_a_proportion(level):
    with pytest.raises(ValueError, match="level"):
        as_level(level)
