"""Subgroup analysis against metafor and its own pieces."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from ketameta.stats import meta_regression, random_effects, subgroup_analysis


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


def test_a_group_of_one_shares_the_common_tau2_and_the_rule():
    y, v = [0.1, 0.9, 0.4, -0.2, 0.7, 1.3], [0.02, 0.05, 0.03, 0.04, 0.06, 0.09]
    fit = subgroup_analysis(y, v, ["a", "a", "a", "b", "b", "c"], common=True)
    # metafor 3.8-1: rma(yi, vi, mods = ~ 0 + g, test = "knha", control = list(threshold = 1e-12)),
    # and with ~ g for the test
    assert_allclose(fit.estimate, [0.448931709641866, 0.231581661558665, 1.3], rtol=1e-9)
    assert_allclose(fit.se, [0.278219941681937, 0.353225642144215, 0.539330871455836], rtol=1e-9)
    low = [-0.436488315820064, -0.892539978214658, -0.416391539190069]
    assert_allclose(fit.ci_low, low, rtol=1e-9)
    assert_allclose(fit.p, [0.205019860357771, 0.558860893612353, 0.0949834273286323], rtol=1e-9)
    assert_allclose(fit.tau2, [0.194321713075965] * 3, rtol=1e-9)
    assert_allclose(fit.i2, [84.5546479276184] * 3, rtol=1e-9)
    assert (fit.rule.tolist(), fit.df.tolist()) == (["hksj"] * 3, [3] * 3)
    test = [fit.q_between, fit.q_between_p]
    assert_allclose(test, [1.40561723667194, 0.370919173874737], rtol=1e-9)
    assert (fit.q_between_df, fit.q_between_df2) == (2, 3)


def test_groups_of_one_alone_say_nothing_of_a_common_tau2():
    y, v = [0.1, 0.9, 0.4], [0.02, 0.05, 0.03]
    apart, common = (subgroup_analysis(y, v, ["a", "b", "c"], common=c) for c in (False, True))
    assert common.estimate.tolist() == y
    assert_allclose(common.se, np.sqrt(v), rtol=1e-15)
    assert (common.rule.tolist(), np.isnan(common.tau2).all()) == (["wald"] * 3, True)
    assert common.q_between_p == apart.q_between_p
    assert common.q_between_df2 == np.inf


@pytest.mark.parametrize("interval", ["wald", "hksj", "hksj-adhoc", "auto"])
def test_the_common_test_is_the_omnibus_test_of_the_regression(bcg, alloc, interval):
    x = np.column_stack([np.array(alloc) == g for g in ("random", "systematic")]).astype(float)
    for y in (bcg[0], bcg[0] / 100):  # with and without tau2
        fit = subgroup_analysis(y, bcg[1], alloc, interval=interval, common=True)
        whole = meta_regression(y, bcg[1], x, interval=interval)
        test = (fit.q_between, fit.q_between_df, fit.q_between_df2, fit.q_between_p)
        assert test == pytest.approx((whole.qm, whole.qm_df, whole.qm_df2, whole.qm_p), rel=1e-9)
        assert set(fit.rule) == {whole.rule}


def test_a_total_at_the_common_tau2_lies_among_its_groups():
    g = np.random.default_rng(11)
    v = 0.25 * g.chisquare(1, (200, 9)).clip(0.036, 2.4)
    y = g.normal(0.3, np.sqrt(v + 0.05))
    labels = np.array(["a", "b", "a", "c", "b", "a", "c", "b", "d"])
    fit = subgroup_analysis(y, v, labels, common=True)
    w = 1 / (v + fit.tau2[:, :1])
    total = (w * y).sum(axis=1) / w.sum(axis=1)
    assert (fit.estimate.min(axis=1) <= total).all()
    assert (total <= fit.estimate.max(axis=1)).all()
    # as the mean of the groups by their weights added up
    of = np.stack([w[:, labels == name].sum(axis=1) for name in fit.labels], axis=1)
    assert_allclose((of * fit.estimate).sum(axis=1) / of.sum(axis=1), total, rtol=1e-12)
    # it is the tau2 that does it: apart, a total at one tau2 may lie outside
    apart = subgroup_analysis(y, v, labels)
    outside = (total < apart.estimate.min(axis=1)) | (total > apart.estimate.max(axis=1))
    assert outside.any()


@pytest.mark.parametrize("interval", ["wald", "hksj", "auto"])
def test_each_group_is_pooled_as_if_alone(bcg, alloc, interval):
    y, v = bcg
    fit = subgroup_analysis(y, v, alloc, "DL", interval, level=0.9)
    for i, label in enumerate(fit.labels):
        here = np.array(alloc) == label
        alone = random_effects(y[here], v[here], "DL", interval, 0.9)
        for field in ("estimate", "se", "df", "p", "ci_low", "ci_high", "tau2", "i2", "q", "k"):
            assert getattr(fit, field)[i] == pytest.approx(getattr(alone, field), rel=1e-12)
        assert fit.rule[i] == alone.rule


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
