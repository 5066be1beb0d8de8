"""Subgroup analysis against metafor and its own pieces."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from ketameta.stats import random_effects, subgroup_analysis


@pytest.fixture
def alloc(reference):
    return reference("univariate")["bcg"]["alloc"]


@pytest.fixture
def expected(reference):
    return reference("univariate")["bcg"]["subgroups"]


def test_separate_tau2_agrees_with_metafor(bcg, alloc, expected):
    fit = subgroup_analysis(*bcg, alloc, interval="wald")
    assert fit.labels == ("alternate", "random", "systematic")
    assert fit.k.tolist() == [2, 7, 4]
    rows = np.column_stack([fit.estimate, fit.se, fit.tau2])
    # metafor's iteration ends at 1e-13.
    assert_allclose(rows, [expected["separate"][g] for g in fit.labels], rtol=1e-9)
    assert_allclose([fit.q_between, fit.q_between_p], expected["between"], rtol=1e-9)
    assert (fit.q_between_df, fit.q_between_df2, fit.common) == (2, np.inf, False)


def test_common_tau2_agrees_with_metafor(bcg, alloc, expected):
    fit = subgroup_analysis(*bcg, alloc, interval="hksj", common=True)
    ours = [*fit.estimate, *fit.se, fit.tau2[0], fit.i2[0]]
    assert_allclose(ours, expected["common"], rtol=1e-9)
    assert (fit.tau2 == fit.tau2[0]).all()
    test = [fit.q_between, fit.q_between_df, fit.q_between_df2, fit.q_between_p]
    assert_allclose(test, expected["common_between"], rtol=1e-9)


@pytest.mark.parametrize("interval", ["wald", "hksj", "auto"])
def test_each_group_is_pooled_as_if_alone(bcg, alloc, interval):
    y, v = bcg
    fit = subgroup_analysis(y, v, alloc, "DL", interval, level=0.9)
    for i, label in enumerate(fit.labels):
        here = np.array(alloc) == label
        alone = random_effects(y[here], v[here], "DL", interval, 0.9)
        for field in ("estimate", "se", "df", "p", "ci_low", "ci_high", "tau2", "i2", "q", "k"):
            assert getattr(fit, field)[i] == pytest.approx(getattr(alone, field), rel=1e-12)


def test_two_groups_are_compared_by_their_difference(bcg):
    fit = subgroup_analysis(*bcg, np.arange(13) % 2)
    z = (fit.estimate[0] - fit.estimate[1]) / np.hypot(*fit.se)
    assert fit.q_between == pytest.approx(z * z, rel=1e-12)
    assert fit.q_between_p == pytest.approx(2 * stats.norm.sf(abs(z)), rel=1e-10)


@pytest.mark.parametrize("common", [False, True])
def test_one_group_leaves_nothing_to_compare(bcg, common):
    fit = subgroup_analysis(*bcg, ["a"] * 13, common=common)
    whole = random_effects(*bcg)
    assert (fit.estimate[0], fit.se[0]) == pytest.approx((whole.estimate, whole.se), rel=1e-10)
    assert np.isnan([fit.q_between, fit.q_between_df, fit.q_between_p]).all()


def test_groups_of_none_and_one():
    y, v = [0.1, 0.4, np.nan, 0.9], [0.04, 0.05, np.nan, 0.09]
    fit = subgroup_analysis(y, v, ["a", "a", "b", "c"])
    assert fit.k.tolist() == [2, 0, 1]
    assert np.isnan([fit.estimate[1], fit.tau2[1], fit.tau2[2]]).all()
    assert (fit.estimate[2], fit.se[2]) == (0.9, 0.3)
    assert fit.q_between_df == 1
    with pytest.raises(ValueError, match="every group needs a study"):
        subgroup_analysis(y, v, ["a", "a", "b", "c"], common=True)


def test_no_study_gives_nan():
    fit = subgroup_analysis([], [], [])
    assert fit.labels == ()
    assert np.isnan([fit.q_between, fit.q_between_p]).all()


@pytest.mark.parametrize("common", [False, True])
def test_a_batch_is_its_analyses_one_by_one(bcg, alloc, common):
    y, v = bcg
    batch = subgroup_analysis(np.stack([y, y[::-1]]), np.stack([v, v[::-1]]), alloc, common=common)
    for i, (a, b) in enumerate(((y, v), (y[::-1], v[::-1]))):
        alone = subgroup_analysis(a, b, alloc, common=common)
        assert_allclose(batch.estimate[i], alone.estimate, rtol=1e-9)
        assert batch.q_between_p[i] == pytest.approx(alone.q_between_p, rel=1e-9)


def test_labels_of_another_length_are_an_error(bcg):
    with pytest.raises(ValueError, match="groups has shape"):
        subgroup_analysis(*bcg, ["a", "b"])
