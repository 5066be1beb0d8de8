"""Splits of an analysis: groups with one tau² or their own, the test, what goes with what."""

from dataclasses import replace

import numpy as np
import pytest

from ketameta.synthesize.pool import Synthesis, pooled
from ketameta.synthesize.splits import (
    between_groups,
    groups_of,
    likeness_of_splits,
    plotted_split,
    splits,
)
from ketameta.tables.effects import EffectRow
from ketameta.tables.table import extended

from ..rows import row


@pytest.fixture
def analysis(configuration):
    return configuration["depression_24h"]


def effect(name, yi, vi, **words):
    told = {"drug_route": "IV ketamine", "population": "TRD", "comparator_class": "inert"}
    told |= {"people": 40, "n_t": 20, "n_c": 20, "n_doses": "1"} | words
    return row(EffectRow, trial_id=name, yi=yi, vi=vi, **told)


def two(**words):
    return [
        effect("a", -0.9, 0.04),
        effect("b", -0.2, 0.05),
        effect("c", -0.6, 0.08, **words),
        effect("d", -0.1, 0.03, **words),
    ]


NASAL = {"drug_route": "nasal esketamine"}


def test_groups_share_one_tau2_as_a_regression_on_them_has_it(analysis):
    # metafor 4.8: rma(yi, vi, mods = ~ 0 + g): tau2 0.07736, means -0.5604, -0.3012, Wald
    model = replace(analysis.model, interval="wald", splits=("drug_route",))
    groups, (test,) = splits(replace(analysis, model=model), two(**NASAL))
    assert [g.subgroup for g in groups] == ["IV ketamine", "nasal esketamine"]
    tau2 = groups[0].tau2
    assert groups[1].tau2 == tau2 == test.tau2
    # the score of REML is 0 at it
    y, v = np.array([-0.9, -0.2, -0.6, -0.1]), np.array([0.04, 0.05, 0.08, 0.03])
    x = np.array([[1, 0], [1, 0], [0, 1], [0, 1]], float)
    w = np.diag(1 / (v + tau2))
    p = w - w @ x @ np.linalg.inv(x.T @ w @ x) @ x.T @ w
    assert y @ p @ p @ y == pytest.approx(np.trace(p), rel=1e-6)
    for group, own in zip(groups, (slice(0, 2), slice(2, 4)), strict=True):
        weight = 1 / (v[own] + tau2)
        assert group.estimate == pytest.approx((weight @ y[own]) / weight.sum())
        assert group.se == pytest.approx(weight.sum() ** -0.5)
    # two groups: Q between them is the squared distance over its variance
    gap = groups[0].estimate - groups[1].estimate
    assert test.q == pytest.approx(gap**2 / (groups[0].se ** 2 + groups[1].se ** 2))
    assert (test.df, test.tau2_groups) == (1, "common")


def test_groups_of_one_tau2_keep_a_heterogeneity_of_their_own(analysis):
    effects = [*two(**NASAL), effect("e", -1.1, 0.06)]
    groups, _ = splits(analysis, effects)
    y, w = np.array([-0.9, -0.2, -1.1]), 1 / np.array([0.04, 0.05, 0.06])
    mean = (w @ y) / w.sum()
    q = w @ (y - mean) ** 2
    assert (groups[0].q, groups[0].q_df) == (pytest.approx(q), 2)
    # with two degrees of freedom chi-squared is exponential
    assert groups[0].q_p == pytest.approx(np.exp(-q / 2))


def test_groups_apart_have_what_they_have_alone(analysis):
    model = replace(analysis.model, tau2_subgroups="separate", splits=("drug_route",))
    groups, (test,) = splits(replace(analysis, model=model), two(**NASAL))
    for group, own in zip(groups, (two()[:2], two(**NASAL)[2:]), strict=True):
        alone = pooled("SMD", own, model)
        assert extended(Synthesis, group) == alone
    assert (test.tau2, test.tau2_groups) == (None, "separate")


def test_the_test_between_groups_apart_is_the_q_of_their_estimates(analysis):
    groups = {"x": [effect("a", 0.1, 0.01), effect("b", 0.1, 0.01)], "y": [effect("c", 0.5, 0.02)]}
    found = between_groups(groups, replace(analysis.model, tau2_subgroups="separate"))
    w, y = np.array([1 / 0.005, 1 / 0.02]), np.array([0.1, 0.5])
    expected = float((w * (y - (w @ y) / w.sum()) ** 2).sum())
    assert found.q == pytest.approx(expected)
    assert found.df == 1
    assert between_groups({"x": groups["x"]}, analysis.model) is None


def test_one_trial_alone_is_its_own_effect(analysis):
    effects = [*two()[:2], effect("c", -0.6, 0.08, **NASAL)]
    groups, _ = splits(analysis, effects)
    nasal = next(g for g in groups if g.subgroup == "nasal esketamine")
    assert nasal.engine == "single"
    assert nasal.se == pytest.approx(0.08**0.5)


def test_a_total_lies_between_its_subtotals(analysis):
    rng = np.random.default_rng(20261126)
    for _ in range(40):
        effects = [
            effect(str(i), rng.normal(0, 0.5), rng.uniform(0.01, 0.3), **(NASAL if i % 2 else {}))
            for i in range(7)
        ]
        groups, _ = splits(analysis, effects)
        inside = [g.estimate for g in groups if g.split == "drug_route"]
        total = pooled("SMD", effects, analysis.model).estimate
        assert min(inside) - 0.05 <= total <= max(inside) + 0.05


def test_trials_without_a_known_group_compare_with_nothing(analysis):
    effects = [*two(n_doses="")[:4], effect("e", -0.4, 0.05, n_doses=">1")]
    members = groups_of("n_doses", effects)
    assert list(members) == ["1", ">1", ""]
    groups, tests = splits(analysis, effects)
    test = next(t for t in tests if t.split == "n_doses")
    assert (test.groups, test.df) == (2, 1)
    assert [g.k for g in groups if g.split == "n_doses"] == [2, 1, 2]


def test_the_plot_shows_the_first_split_that_makes_two_groups(analysis):
    assert plotted_split(analysis, two()) is None
    assert plotted_split(analysis, two(population="BD")) == "population"
    assert plotted_split(analysis, two(population="BD", **NASAL)) == "drug_route"
    assert plotted_split(analysis, two(n_doses="")) is None


def alike(effects):
    """Return how far routes and controls go together."""
    return likeness_of_splits(
        [e.drug_route for e in effects], [e.comparator_class for e in effects]
    )


@pytest.mark.parametrize(
    ("words", "expected"),
    [({"comparator_class": "active", **NASAL}, 1.0), (NASAL, 0.0)],
)
def test_splits_that_part_the_same_trials_go_together(words, expected):
    assert alike(two(**words)) == expected


def test_lambda_by_hand():
    # of 4 and 4 in two classes, the route tells 3 + 3: (6 - 4) / (8 - 4)
    effects = [effect(str(i), 0, 1, comparator_class="inert") for i in range(3)]
    effects.append(effect("3", 0, 1, comparator_class="active"))
    effects += [effect(str(i), 0, 1, comparator_class="active", **NASAL) for i in range(4, 7)]
    effects.append(effect("7", 0, 1, comparator_class="inert", **NASAL))
    assert alike(effects) == pytest.approx(0.5)
