"""Which numbers belong to one study: lengths, labels of pandas, masks of NumPy."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from ketameta.stats import (
    back_transform,
    bayes,
    begg,
    cluster_robust,
    correlated_hierarchical,
    cumulative,
    effect_size,
    egger,
    glmm,
    gosh,
    influence,
    inverse_variance,
    leave_one_out,
    limit_meta,
    mantel_haenszel,
    meta_regression,
    multivariate,
    permutation_test,
    pet_peese,
    peters,
    peto,
    random_effects,
    selection_model,
    subgroup_analysis,
    three_level,
    trim_and_fill,
    working_covariance,
)

Y = np.array([0.12, 0.31, 0.52, 0.18, 0.44, 0.60])
V = np.array([0.02, 0.03, 0.015, 0.04, 0.02, 0.025])
NAMES = ["Ash", "Beech", "Cedar", "Dogwood", "Elm", "Fir"]
POOLING = [
    random_effects,
    inverse_variance,
    leave_one_out,
    cumulative,
    influence,
    trim_and_fill,
    limit_meta,
    selection_model,
    bayes,
    gosh,
    egger,
    begg,
    pet_peese,
    permutation_test,
    lambda y, v: meta_regression(y, v, np.arange(len(np.atleast_1d(y)))),
    lambda y, v: subgroup_analysis(y, v, ["a"] * len(np.atleast_1d(y))),
    lambda y, v: three_level(y, v, np.arange(len(np.atleast_1d(y)))),
    lambda y, v: correlated_hierarchical(y, v, np.arange(len(np.atleast_1d(y))), 0.5),
    lambda y, v: multivariate(y, v, np.arange(len(y)), ["a", "b", "a", "b"][: len(y)]),
    lambda y, v: cluster_robust(y, v, np.arange(len(np.atleast_1d(y)))),
]


@pytest.mark.parametrize("pool", POOLING)
def test_one_variance_never_serves_two_studies(pool) -> None:
    for y, v in (([0.5, 0.2], [0.1]), ([0.5], [0.1, 0.2]), ([0.5, 0.2, 0.1], [0.1, 0.2])):
        with pytest.raises(ValueError, match=rf"(?=.*\b{len(y)}\b).*\b{len(v)}\b"):
            pool(y, v)


@pytest.mark.parametrize("pool", [random_effects, inverse_variance, egger])
def test_a_plain_number_is_no_list_of_variances(pool) -> None:
    with pytest.raises(ValueError, match="vi needs an axis of studies; it is a single number"):
        pool([0.5, 0.2], 0.1)


def test_analyses_may_share_their_variances() -> None:
    batch = random_effects([Y, Y[::-1]], V)
    assert batch.estimate[1] == random_effects(Y[::-1], V).estimate


COUNTS = {"ai": [3, 5, 2], "n1i": [20, 30, 25], "ci": [6, 4, 5], "n2i": [22, 28, 24]}


@pytest.mark.parametrize(
    "pool",
    [
        lambda **x: effect_size("RR", **x),
        peto,
        lambda **x: mantel_haenszel("OR", **x),
        lambda **x: glmm("OR", **x),
        lambda **x: peters([0.1, 0.2, 0.3], **x),
    ],
)
@pytest.mark.parametrize("short", [[20], [20, 30]])
def test_columns_of_counts_never_stretch(pool, short) -> None:
    with pytest.raises(ValueError, match=rf"ai 3, n1i {len(short)}, ci 3"):
        pool(**COUNTS | {"n1i": short})


def test_a_plain_number_stands_for_every_study_where_that_has_a_meaning() -> None:
    assert np.array_equal(
        effect_size("RR", **COUNTS | {"n1i": 30}).yi,
        effect_size("RR", **COUNTS | {"n1i": [30, 30, 30]}).yi,
    )
    assert back_transform("PFT", [0.3, 0.5], 40).shape == (2,)
    with pytest.raises(ValueError, match="x 2, ni 1"):
        back_transform("PFT", [0.3, 0.5], [40])


# --- labels of pandas ------------------------------------------------------------------------


def series(values, order=range(6)) -> pd.Series:
    """Return values as a Series with the names of the studies, in another order."""
    return pd.Series(np.asarray(values), index=NAMES).iloc[list(order)]


SHUFFLED = [5, 0, 3, 1, 4, 2]


def test_series_are_paired_by_their_labels() -> None:
    whole = random_effects(Y, V)
    fit = random_effects(series(Y), series(V, SHUFFLED))
    assert (fit.estimate, fit.tau2) == (whole.estimate, whole.tau2)
    # by position, as they stand, they are other studies
    assert fit.estimate != random_effects(Y, V[SHUFFLED]).estimate
    # what comes back by study is in the order of yi
    turned = random_effects(series(Y, SHUFFLED), series(V))
    assert turned.weights == pytest.approx(whole.weights[SHUFFLED], rel=1e-12)


def test_moderators_groups_and_clusters_are_paired_by_their_labels() -> None:
    dose, route = np.array([1.0, 2, 3, 4, 5, 6]), np.array(["IV", "IN"] * 3)
    y, v = series(Y), series(V)
    plain = meta_regression(Y, V, dose)
    for x in (series(dose, SHUFFLED), series(dose, SHUFFLED).to_frame()):
        assert meta_regression(y, v, x).beta.tolist() == plain.beta.tolist()
    groups = subgroup_analysis(y, v, series(route, SHUFFLED))
    assert groups.estimate.tolist() == subgroup_analysis(Y, V, route).estimate.tolist()
    trial = np.array([1, 1, 2, 2, 3, 3])
    together = working_covariance(V, trial, 0.5)
    frame = pd.DataFrame(together, index=NAMES, columns=NAMES).iloc[SHUFFLED, SHUFFLED]
    found = three_level(y, frame, series(trial, SHUFFLED))
    assert found.beta.tolist() == three_level(Y, together, trial).beta.tolist()
    assert np.array_equal(
        working_covariance(v, series(trial, SHUFFLED), 0.5), working_covariance(V, trial, 0.5)
    )


def test_columns_of_counts_are_paired_by_their_labels() -> None:
    ai, n1i = series([3, 5, 2, 4, 1, 6]), series([20, 30, 25, 22, 21, 40], SHUFFLED)
    found = effect_size("PR", xi=ai, ni=n1i).yi
    assert np.array_equal(found, effect_size("PR", xi=ai.to_numpy(), ni=n1i[NAMES].to_numpy()).yi)


@pytest.mark.parametrize(
    "other",
    [
        pd.Series(V, index=[*NAMES[:5], "Gorse"]),
        pd.Series(V[:5], index=NAMES[:5]),
        pd.Series(V),
        pd.Series(V, index=[*NAMES[:4], "Fir", "Fir"]),
    ],
    ids=["another study", "fewer studies", "no labels of their own", "a label twice"],
)
def test_labels_that_do_not_pair_are_refused(other) -> None:
    with pytest.raises(ValueError, match=r"yi and vi do not carry the same labels.*to_numpy"):
        random_effects(series(Y), other)


def test_equal_labels_may_repeat() -> None:
    twice = pd.Series(Y, index=["a", "a", "b", "b", "c", "c"])
    fit = random_effects(twice, pd.Series(V, index=twice.index))
    assert fit.estimate == random_effects(Y, V).estimate


def test_frames_of_analyses_pair_rows_and_columns() -> None:
    y = pd.DataFrame([Y, 2 * Y], index=["x", "y"], columns=NAMES)
    v = pd.DataFrame([V, V], index=["x", "y"], columns=NAMES)
    fit = random_effects(y, v[v.columns[SHUFFLED]])
    assert fit.estimate.tolist() == random_effects([Y, 2 * Y], V).estimate.tolist()
    with pytest.raises(ValueError, match="same labels in their columns"):
        random_effects(y, v.rename(columns={"Fir": "Gorse"}))


def test_missing_numbers_of_pandas_are_missing() -> None:
    y = pd.Series([0.1, None, 0.4], dtype="Float64")
    v = pd.Series([0.1, None, 0.2], dtype="Float64")
    assert random_effects(y, v).k == 2


def test_pandas_is_not_imported_to_look_for_labels() -> None:
    code = (
        "import sys; from ketameta.stats import random_effects, effect_size\n"
        "random_effects([0.1, 0.2], [0.1, 0.2]); effect_size('PR', xi=[1, 2], ni=[5, 6])\n"
        "sys.exit('pandas' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# --- masks ------------------------------------------------------------------------------------


def test_a_masked_entry_is_an_absent_study() -> None:
    y = np.ma.array([1.0, 2.0, 99.0], mask=[0, 0, 1])
    two = random_effects([1, 2], [0.1, 0.2])
    for vi in ([0.1, 0.2, 0.3], np.ma.array([0.1, 0.2, 0.3], mask=[0, 0, 1])):
        fit = random_effects(y, vi)
        assert (fit.k, fit.estimate) == (2, two.estimate)
    fit = random_effects([1, 2, 99], np.ma.array([0.1, 0.2, 0.3], mask=[0, 0, 1]))
    assert (fit.k, fit.estimate) == (2, two.estimate)


def test_masks_inside_lists_are_seen() -> None:
    rows = [np.ma.array([1.0, 99.0], mask=[0, 1]), np.ma.array([1.0, 2.0])]
    assert random_effects(rows, [[0.1, 0.2]] * 2).k.tolist() == [1, 2]
    assert random_effects([1.0, 2.0, np.ma.masked], [0.1, 0.2, 0.3]).k == 2


@pytest.mark.parametrize("pool", POOLING[:-4])
def test_a_mask_is_seen_by_every_function(pool) -> None:
    y = np.ma.array([*Y, 99.0], mask=[0] * 6 + [1])
    v = np.ma.array([*V, 1e-9], mask=[0] * 6 + [1])
    nan = pool([*Y, np.nan], [*V, np.nan])
    assert repr(vars(pool(y, v))) == repr(vars(nan))


def test_masked_cells_give_no_effect() -> None:
    ai = np.ma.array([3, 5, 99], mask=[0, 0, 1])
    found = effect_size("RR", **COUNTS | {"ai": ai})
    assert np.isnan(found.yi).tolist() == [False, False, True]
    assert glmm("PLO", xi=ai, ni=[20, 30, 100]).k == 2
    masked = np.ma.array([1, 2, 3, 4, 5, 99.0], mask=[0, 0, 0, 0, 0, 1])
    with pytest.raises(ValueError, match=r"X\[5, 0\] is not finite"):
        meta_regression(Y, V, masked)


# --- what is missing beside an effect ----------------------------------------------------------


@pytest.mark.parametrize("none", [np.nan, None])
def test_a_missing_moderator_is_named_with_the_way_out(none) -> None:
    dose = [1, 2, none, 4, 5, 6]
    fits = [
        lambda y, v: meta_regression(y, v, dose, interval="wald").beta,
        lambda y, v: permutation_test(y, v, dose).statistic,
        lambda y, v: three_level(y, v, range(6), X=np.array([[1, x] for x in dose], float)).beta,
    ]
    for fit in fits:
        with pytest.raises(ValueError, match=r"X\[2.*make its yi and vi NaN"):
            fit(Y, V)
    y, v = Y.copy(), V.copy()
    y[2] = v[2] = np.nan
    # metafor 3.8-1: rma(yi, vi, mods = ~ dose) on the other five: tau2 0
    assert fits[0](y, v) == pytest.approx([0.05146, 0.08013], abs=5e-6)


@pytest.mark.parametrize(
    "words",
    [["IV", "IN"] * 3, np.array(["IV", "IN"] * 3), [1, 2, "IV"] * 2, np.array([[1, "IV"]] * 6)],
)
def test_text_is_no_moderator_and_the_message_says_what_is(words) -> None:
    for fit in (meta_regression, permutation_test):
        with pytest.raises(
            ValueError, match=r"X holds text \('IV'\).*columns of 0 and 1.*subgroup_an"
        ):
            fit(Y, V, words)


@pytest.mark.parametrize("none", [None, np.nan, "", pd.NA])
def test_a_missing_label_is_named_with_the_way_out(none) -> None:
    labels = pd.Series(["IV", "IN", none, "IN", "IV", "IN"], dtype=object)
    for groups in (labels, labels.tolist(), labels.to_numpy()):
        with pytest.raises(ValueError, match=r"groups\[2\] has no label.*NaN to leave it out"):
            subgroup_analysis(Y, V, groups)
    y, v = Y.copy(), V.copy()
    y[2] = v[2] = np.nan
    found = subgroup_analysis(y, v, labels.tolist())
    assert (found.labels, found.k.tolist()) == (("IN", "IV"), [3, 2])
    with pytest.raises(ValueError, match=r"cluster\[2\] is missing"):
        three_level(Y, V, labels.tolist())


def test_labels_of_two_kinds_are_named() -> None:
    with pytest.raises(ValueError, match="groups mixes labels of several kinds: int, str"):
        subgroup_analysis(Y, V, ["IV", 1, "IV", 1, "IV", 1])


def test_labels_of_any_one_kind_keep_their_order() -> None:
    assert subgroup_analysis(Y, V, [3, 1, 3, 1, 3, 1]).labels == (1, 3)
    assert subgroup_analysis(Y, V, np.array(["b", "a"] * 3)).labels == ("a", "b")
    assert subgroup_analysis(Y, V, [True, False] * 3).labels == (False, True)
