"""When a prediction interval is told, and that it stays on its scale."""

import pytest

from ketameta.synthesize.pool import Synthesis
from ketameta.synthesize.prediction import Expected, expected

from ..rows import row


def record(measure, low, high, k=5, tau2=0.1):
    return row(Synthesis, measure=measure, k=k, tau2=tau2, pi_low=low, pi_high=high)


@pytest.mark.parametrize(("k", "told"), [(3, False), (4, False), (5, True), (13, True)])
def test_it_is_told_from_five_trials_on(k, told):
    assert (expected(record("SMD", -1.2, 0.3, k)) is not None) == told


@pytest.mark.parametrize(
    ("measure", "ends", "cut"),
    [
        ("PCTRED", (-35.0, 113.0), (-35.0, 100.0)),
        ("PCTRED", (-135.0, 99.9), (-135.0, 99.9)),
        ("PLO", (0.1, 0.7), (0.1, 0.7)),
        ("PLO", (-0.01, 1.2), (0.0, 1.0)),
        ("RD", (-1.2, 0.4), (-1.0, 0.4)),
        ("RD", (-0.2, 1.4), (-0.2, 1.0)),
        ("SMD", (-3.0, 4.0), (-3.0, 4.0)),
        ("MD", (-130.0, 40.0), (-130.0, 40.0)),
        ("RR", (0.2, 130.0), (0.2, 130.0)),
    ],
)
def test_it_is_cut_to_the_values_that_the_measure_can_take(measure, ends, cut):
    assert expected(record(measure, *ends)) == Expected(*cut)


def test_where_the_table_holds_none_nothing_is_told():
    assert expected(record("SMD", None, None)) is None


@pytest.mark.parametrize(("tau2", "told"), [(0.0, False), (1e-6, True), (None, True)])
def test_where_settings_do_not_differ_it_says_no_more_than_the_average(tau2, told):
    assert (expected(record("SMD", -1.2, 0.3, tau2=tau2)) is not None) == told
