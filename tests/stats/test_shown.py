"""Results as short tables and frames, with the names that their inputs carry."""

import doctest
import inspect

import numpy as np
import pandas as pd
import pytest

from ketameta import stats
from ketameta.stats import (
    bayes,
    effect_size,
    egger,
    influence,
    inverse_variance,
    leave_one_out,
    mantel_haenszel,
    meta_regression,
    pet_peese,
    random_effects,
    subgroup_analysis,
    trim_and_fill,
)
from ketameta.stats.numerics.shown import four_digits, number_fields

NAMES = ["Ash", "Beech", "Cedar", "Dogwood", "Elm"]
Y = pd.Series([0.12, 0.31, 0.52, 0.18, 0.44], index=NAMES)
V = pd.Series([0.02, 0.03, 0.015, 0.04, 0.02], index=NAMES)


@pytest.mark.parametrize("name", stats.__all__)
def test_every_function_has_an_example_that_runs(name):
    shown = getattr(stats, name)
    (found,) = doctest.DocTestFinder(recurse=False).find(shown, name, globs={}) or (None,)
    assert bool(found and found.examples) or not inspect.isfunction(shown)
    if found:
        assert doctest.DocTestRunner(verbose=False).run(found).failed == 0


def test_the_package_shows_its_public_names_alone():
    assert dir(stats) == sorted(stats.__all__)


def test_weights_carry_the_names_of_the_studies_whatever_the_order_of_the_variances():
    fit = random_effects(Y, V[::-1])
    assert fit.studies == tuple(NAMES)
    by = fit.by_study()
    assert by["Cedar"] == by.max() == fit.weights[2]
    assert by.sum() == pytest.approx(100)
    # names come with the first argument that has labels; arrays and a count have none
    assert random_effects(list(Y), V).studies == tuple(NAMES)
    assert random_effects(list(Y), list(V)).studies is None
    assert random_effects(Y.reset_index(drop=True), V.reset_index(drop=True)).studies is None
    assert list(random_effects(list(Y), list(V)).by_study().index) == [0, 1, 2, 3, 4]


def test_a_frame_of_one_analysis_is_a_row_of_its_numbers():
    fit = random_effects(Y, V)
    frame = fit.to_frame()
    assert frame.shape == (1, len(number_fields(type(fit))) - 1)
    for name in frame:
        assert frame[name].iloc[0] == getattr(fit, name) or name == "rule"
    assert "weights" not in frame


def test_frames_go_in_with_an_analysis_a_row_and_come_out_so():
    yi, vi = (pd.DataFrame({"first": x, "second": 2 * x}).T for x in (Y, V))
    fit = random_effects(yi, vi.loc[::-1])
    assert (fit.analyses, fit.studies) == (("first", "second"), tuple(NAMES))
    frame = fit.to_frame()
    assert frame.loc["second", "estimate"] == random_effects(2 * Y, 2 * V).estimate
    assert (
        fit.by_study()
        .loc["second"]
        .equals(random_effects(2 * Y, 2 * V).by_study().rename("second"))
    )
    lines = repr(fit).splitlines()
    assert [line.split()[0] for line in lines[2:]] == ["first", "second"]


def test_a_batch_of_two_axes_has_the_places_of_both():
    y, v = np.broadcast_to(Y, (2, 3, 5)), np.broadcast_to(V, (2, 3, 5))
    frame = random_effects(y, v).to_frame()
    assert list(frame.index) == [(i, j) for i in range(2) for j in range(3)]


def test_coefficients_carry_the_names_of_moderators():
    X = pd.DataFrame({"dose": [0.1, 0.5, 0.5, 1, 1], "year": [1, 2, 3, 5, 4]}, index=NAMES)
    fit = meta_regression(Y, V, X.loc[::-1])
    assert fit.moderators == ("intercept", "dose", "year")
    frame = fit.to_frame()
    assert list(frame.index) == ["intercept", "dose", "year"]
    assert frame.loc["dose", "ci_low"] == fit.ci_low[1]
    assert meta_regression(Y, V, X, intercept=False).moderators == ("dose", "year")
    assert meta_regression(Y, V, X["dose"]).moderators == ("intercept", "dose")
    assert meta_regression(Y, V, X.to_numpy()).moderators is None
    assert f"tau2 {four_digits(fit.tau2)}" in repr(fit).splitlines()[-1]


def test_groups_and_studies_left_out_are_rows_by_name():
    groups = pd.Series(["a", "b", "a", "b", "a"], index=NAMES)
    frame = subgroup_analysis(Y, V, groups).to_frame()
    assert frame.loc["b", "estimate"] == random_effects(Y[groups == "b"], V[groups == "b"]).estimate
    without = leave_one_out(Y, V).to_frame()
    assert without.loc["Elm", "estimate"] == random_effects(Y[:-1], V[:-1]).estimate
    assert list(influence(Y, V).to_frame().index) == NAMES


def test_effects_of_a_table_carry_its_names_into_the_pool():
    table = pd.DataFrame({"ai": [12, 9, 4], "n1i": 20, "ci": [5, 6, 2], "n2i": 20}, NAMES[:3])
    effects = effect_size("RR", **table).to_frame()
    assert list(effects.index) == NAMES[:3]
    assert effects.loc["Ash", "yi"] == pytest.approx(np.log(12 / 5))
    assert random_effects(effects["yi"], effects["vi"]).studies == tuple(NAMES[:3])


@pytest.mark.parametrize(
    "fit",
    [
        random_effects(Y, V),
        random_effects(Y[:0], V[:0]),
        random_effects(Y[:1], V[:1]),
        random_effects(np.tile(Y, (30, 1)), np.tile(V, (30, 1))),
        inverse_variance(Y, V),
        mantel_haenszel("OR", ai=[3, 5], n1i=20, ci=[2, 4], n2i=20),
        meta_regression(Y, V, np.arange(5.0)),
        egger(Y, V),
        pet_peese(Y, V),
        trim_and_fill(Y, V),
        bayes(Y, V),
        influence(Y, V),
        effect_size("RR", ai=3, n1i=20, ci=2, n2i=20),
    ],
)
def test_what_is_shown_is_short_and_the_same_in_terminal_and_notebook(fit):
    lines = repr(fit).splitlines()
    assert lines[0].startswith(type(fit).__name__)
    assert len(lines) < 25
    assert max(map(len, lines)) < 100
    page = fit._repr_html_()
    _, rows, below = fit.table()
    assert page.count("<tr>") == len(rows)
    assert all(f"<td>{cell}</td>" in page for row in rows[1:] for cell in row[1:])
    assert all(f"<p>{text}</p>" in page for text in below)
    assert len(fit.to_frame()) == max(
        1, np.size(getattr(fit, fit.ROWS or number_fields(type(fit))[0]))
    )


def test_names_are_escaped_on_a_page_and_many_rows_counted():
    fit = leave_one_out(Y.rename({"Ash": "<b>"}), V.rename({"Ash": "<b>"}))
    assert "&lt;b&gt;" in fit._repr_html_()
    assert "<b>" not in fit._repr_html_()
    many = random_effects(np.tile(Y, (30, 1)), np.tile(V, (30, 1)))
    assert repr(many).splitlines()[-1] == "and 20 more"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (float("nan"), "–"),
        (1234.5678, "1235"),
        (3, "3"),
        (True, "yes"),
        (np.bool_(False), "no"),
        ("EE", "EE"),
    ],
)
def test_a_number_has_four_digits(value, text):
    assert four_digits(value) == text


def test_subsets_show_how_they_spread():
    all_subsets = stats.gosh(Y, V)
    title, (header, *rows), _ = all_subsets.table()
    assert title == "Gosh: all 31 subsets"
    assert header == ["", "least", "quarter", "half", "three quarters", "most"]
    assert [row[0] for row in rows] == ["estimate", "tau2", "i2"]
    assert rows[0][1::4] == ["0.12", "0.52"]
    assert all_subsets.studies == tuple(NAMES)
    frame = all_subsets.to_frame()
    assert list(frame["k"]) == all_subsets.included.sum(axis=1).tolist()
    # one study leaves nothing to be quartered
    assert "–" in repr(stats.gosh(Y[:1], V[:1]))
    assert "and 21 more" in repr(stats.gosh([list(Y)], [list(V)]))


def test_the_steps_of_a_cumulative_pooling_are_named_by_who_entered():
    fit = stats.cumulative(Y, V, order=[4, 3, 2, 1, 0])
    assert fit.analyses == tuple(NAMES[::-1])
    assert fit.studies == tuple(NAMES)
    assert list(fit.to_frame().index) == NAMES[::-1]
    assert stats.cumulative(list(Y), list(V)).analyses is None


def test_agreement_shows_each_number_with_its_interval():
    kappa = stats.cohen_kappa(["a", "a", "b", "b"], ["a", "a", "b", "a"])
    assert [row[0] for row in kappa.table()[1]] == ["", "n", "share", "kappa"]
    row = kappa.to_frame().iloc[0]
    assert (row["kappa_ci_low"], row["kappa_ci_high"]) == kappa.kappa_interval
    icc = stats.absolute_icc([[1, 2], [3, 3.5], [5, 5]])
    assert list(icc.to_frame().columns) == ["n", "value", "ci_low", "ci_high"]
    assert len(icc.table()[1][2]) == 4
    # nothing to estimate is shown as a dash
    assert "–" in repr(stats.cohen_kappa([], []))
    assert "<th>bias</th>" in stats.limits_of_agreement([1, 2, 3], [1, 2, 4])._repr_html_()
