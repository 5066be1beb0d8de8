"""Predictions, contrasts, residuals and deletion of a meta-regression, against metafor."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from ketameta.stats import (
    contrasts,
    influence,
    meta_regression,
    predicted,
    random_effects,
    regression_influence,
)

CLOSE = {"rtol": 1e-9, "atol": 1e-12}
RULES = {"z": "wald", "knha": "hksj", "adhoc": "hksj-adhoc"}
NEW = [[20, 0], [44, 10], [13, 25]]
L = np.array([[0, 1, 0], [1, 30, 5], [0, 1, -1]])


@pytest.fixture(scope="module")
def trials(reference):
    case = reference("regression")
    x = np.column_stack([case["ablat"], np.array(case["year"]) - 1950])
    return np.array(case["yi"]), np.array(case["vi"]), x


def named(reference):
    for name, expected in reference("regression")["fits"].items():
        tau2, test = name.split()
        yield tau2, RULES[test], expected


def test_predictions_agree_with_metafor(reference, trials):
    for tau2, rule, expected in named(reference):
        fit = meta_regression(*trials, tau2, rule)
        found = predicted(fit, NEW)
        assert_allclose(found.estimate, expected["pred"], **CLOSE)
        for name in ("se", "ci_low", "ci_high"):
            assert_allclose(getattr(found, name), expected[name], **CLOSE, err_msg=name)
        if tau2 == "EE":
            continue
        own = "normal" if rule == "wald" else "k-1"
        pi = predicted(fit, NEW, prediction=own)
        assert_allclose(pi.pi_low, expected["pi_low"], **CLOSE)
        assert_allclose(found.pi_high, expected["pi_high_t"], **CLOSE)
        riley = predicted(fit, NEW, prediction="k-2")
        assert_allclose(riley.pi_low, expected["pi_low_riley"], **CLOSE)


def test_contrasts_agree_with_metafor(reference, trials):
    for tau2, rule, expected in named(reference):
        fit = meta_regression(*trials, tau2, rule)
        found = contrasts(fit, L)
        fields = {"estimate": "Xb", "se": "Xse", "statistic": "Xz", "p": "Xp"}
        for ours, theirs in fields.items():
            assert_allclose(getattr(found, ours), expected[theirs], **CLOSE, err_msg=ours)
        assert_allclose([found.qm, found.qm_p], [expected["QM3"], expected["QM3p"]], **CLOSE)
        some = contrasts(fit, L[1:])
        assert_allclose([some.qm, some.qm_p], [expected["QM"], expected["QMp"]], **CLOSE)
        assert some.qm_df == 2


def test_residuals_and_deletion_agree_with_metafor(reference, trials):
    fields = {
        "residual": "resid",
        "residual_se": "resid_se",
        "deleted_se": "deleted_se",
        "cooks_distance": "cook",
        "tau2_deleted": "tau2_del",
        "q_deleted": "q_del",
        "weights": "weight",
    }
    fields |= {name: name for name in ("rstandard", "deleted", "rstudent", "hat", "dffits")}
    fields |= {name: name for name in ("cov_ratio", "dfbetas", "influential")}
    seen = 0
    for tau2, rule, expected in named(reference):
        if rule != "wald":
            continue
        seen += 1
        found = regression_influence(*trials, tau2)
        for ours, theirs in fields.items():
            # tau2 without a study ends at 1e-13 there
            close = {"rtol": 2e-8, "atol": 1e-10}
            label = f"{tau2} {ours}"
            assert_allclose(getattr(found, ours), expected[theirs], **close, err_msg=label)
    assert seen == 3


def test_a_constant_alone_is_the_influence_on_a_pooled_effect(bcg):
    found, pooled = regression_influence(*bcg, np.ones(13)), influence(*bcg)
    for name in ("rstudent", "dffits", "cooks_distance", "cov_ratio", "tau2_deleted", "hat"):
        assert_allclose(getattr(found, name), getattr(pooled, name), rtol=1e-8, err_msg=name)
    assert_allclose(found.dfbetas[:, 0], pooled.dfbetas, rtol=1e-8)
    assert (found.influential == pooled.influential).all()


@pytest.mark.parametrize("rule", ["k-1", "k-2", "normal", "hksj", "k-1-wald", "k-2-wald"])
@pytest.mark.parametrize("interval", ["wald", "hksj"])
def test_prediction_of_a_constant_alone_is_that_of_pooling(bcg, rule, interval):
    fit = meta_regression(*bcg, np.ones(13), interval=interval)
    found = predicted(fit, [[1]], prediction=rule)
    whole = random_effects(*bcg, interval=interval, prediction=rule)
    assert_allclose([found.pi_low[0], found.pi_high[0]], [whole.pi_low, whole.pi_high], rtol=1e-9)
    assert_allclose([found.ci_low[0], found.ci_high[0]], [whole.ci_low, whole.ci_high], rtol=1e-9)


def test_leverages_add_up_and_a_study_that_is_absent_has_none(trials):
    y, v, x = trials
    y, v, x = np.append(y, np.nan), np.append(v, np.nan), np.append(x, [[np.nan, np.nan]], axis=0)
    found = regression_influence(y, v, x)
    assert np.nansum(found.hat) == pytest.approx(3, rel=1e-12)
    assert np.nansum(found.weights) == pytest.approx(100, rel=1e-12)
    for name in ("residual", "rstudent", "hat", "cooks_distance"):
        assert np.isnan(getattr(found, name)[-1])
        assert_allclose(getattr(found, name)[:-1], getattr(regression_influence(*trials), name))


def test_a_study_alone_in_its_group_cannot_be_left_out():
    y, v = np.array([0.1, 0.4, 0.2, 0.9]), np.full(4, 0.04)
    found = regression_influence(y, v, [0, 0, 0, 1])
    assert found.hat[3] == pytest.approx(1, rel=1e-12)
    assert np.isnan(found.rstudent[3])
    assert found.converged.tolist() == [True, True, True, False]


def test_a_batch_is_each_by_itself(trials):
    y, v, x = trials
    ys, vs, xs = np.stack([y, -y]), np.stack([v, 2 * v]), np.stack([x, x[::-1]])
    fit, found = meta_regression(ys, vs, xs), regression_influence(ys, vs, xs)
    ahead, turned = predicted(fit, NEW), contrasts(fit, L)
    for i in range(2):
        one = meta_regression(ys[i], vs[i], xs[i])
        assert_allclose(ahead.pi_low[i], predicted(one, NEW).pi_low, rtol=1e-12)
        assert_allclose(turned.p[i], contrasts(one, L).p, rtol=1e-12)
        assert turned.qm[i] == pytest.approx(contrasts(one, L).qm, rel=1e-12)
        alone = regression_influence(ys[i], vs[i], xs[i])
        assert_allclose(found.dfbetas[i], alone.dfbetas, rtol=1e-10)


def test_every_pair_of_groups_is_one_test_less_than_there_are_pairs(bcg):
    groups = np.eye(3)[np.arange(13) % 3]
    fit = meta_regression(*bcg, groups)
    pairs = contrasts(fit, [[1, -1, 0], [1, 0, -1], [0, 1, -1]])
    assert pairs.qm_df == 2
    # the same model by two dummies, whose omnibus test this is
    other = meta_regression(*bcg, groups[:, 1:])
    assert_allclose([pairs.qm, pairs.qm_p], [other.qm, other.qm_p], rtol=1e-9)


def test_columns_are_taken_by_name_and_rows_keep_theirs(trials):
    y, v, x = trials
    frame = pd.DataFrame(x, columns=["latitude", "year"])
    fit = meta_regression(y, v, frame)
    new = pd.DataFrame({"year": [0, 10], "latitude": [20, 44]}, index=["south", "north"])
    found = predicted(fit, new)
    assert_allclose(found.estimate, predicted(fit, NEW[:2]).estimate, rtol=1e-14)
    assert found.to_frame().index.tolist() == ["south", "north"]
    with pytest.raises(ValueError, match="no column 'year'"):
        predicted(fit, new[["latitude"]])


def test_what_does_not_fit_is_named(trials):
    fit = meta_regression(*trials)
    with pytest.raises(ValueError, match="a column a coefficient, 2, or 3 with the constant"):
        predicted(fit, [[1, 2, 3, 4]])
    with pytest.raises(ValueError, match=r"X\[1, 0\] is not finite"):
        predicted(fit, [[1, 2], [np.nan, 2]])
    with pytest.raises(ValueError, match=r"L\[1\] is 0 throughout"):
        contrasts(fit, [[1, 0], [0, 0]])
    with pytest.raises(ValueError, match="prediction"):
        predicted(fit, NEW, prediction="k-3")


def test_a_weight_of_the_constant_is_0_where_it_is_left_out(trials):
    fit = meta_regression(*trials)
    assert_allclose(contrasts(fit, [1, 0]).estimate, fit.beta[[1]], rtol=1e-14)
    assert_allclose(contrasts(fit, [0, 1, 0]).p, fit.p[[1]], rtol=1e-12)


def test_too_few_studies_predict_nothing():
    fit = meta_regression([0.1, 0.2], [0.1, 0.1], [1, 2])
    assert np.isnan(predicted(fit, [1.5]).estimate).all()
    assert np.isnan(contrasts(fit, [1]).qm)
    assert np.isnan(regression_influence([0.1, 0.2], [0.1, 0.1], [1, 2]).hat).all()
