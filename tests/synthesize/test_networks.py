"""Networks: which trials are fitted together, and that all differences fit each other."""

import math
from dataclasses import replace
from itertools import combinations

import pytest

from ketameta.measures import MEASURES
from ketameta.stats import random_effects
from ketameta.synthesize.network_parts import pairs_of
from ketameta.synthesize.networks import NETWORK_KINDS, AskedNetwork, network_of, parts_of
from ketameta.tables.effects import NetworkEffectRow
from ketameta.tables.networks import (
    NetworkDifferenceRow,
    NetworkNodeRow,
    NetworkRankRow,
    NetworkRow,
)

from ..rows import row

A, B, C, D, E = "IV ketamine", "nasal esketamine", "midazolam", "ECT", "placebo or saline"


@pytest.fixture
def network(configuration):
    return configuration.networks[0]


def effect(trial, first, second, yi=0.0, vi=0.1, **cells):
    known = {"n_t": 20.0, "n_c": 22.0, "people": 42.0} | cells
    return row(
        NetworkEffectRow, analysis="response", trial_id=trial, label=trial, comparison=first,
        comparator_class=second, yi=yi, vi=vi, **known,
    )  # fmt: skip


def found(network, effects):
    return network_of(AskedNetwork(network, effects))


def test_parts_are_told_the_reference_first_and_then_by_trials(network):
    effects = [
        effect("1", A, E),
        effect("2", B, C),
        effect("3", B, C),
        effect("4", D, "ketamine by other routes"),
    ]
    parts = parts_of(network, pairs_of(network, effects))
    assert {parts[A], parts[E]} == {1}
    assert {parts[B], parts[C]} == {2}
    assert {parts[D], parts["ketamine by other routes"]} == {3}
    assert parts["esketamine by other routes"] == 0
    tables = found(network, effects)
    (fit,) = tables[NetworkRow]
    assert (fit.k, fit.nodes, fit.left_out, fit.people) == (1, 2, 3, 42.0)
    assert [(one.first, one.second) for one in tables[NetworkDifferenceRow]] == [(A, E)]


def test_nothing_is_pooled_without_a_trial_of_the_reference(network):
    tables = found(network, [effect("1", A, C)])
    (fit,) = tables[NetworkRow]
    assert fit.failure == f"no trial with usable numbers has {E}"
    assert tables[NetworkDifferenceRow] == []
    assert {one.node: one.trials for one in tables[NetworkNodeRow] if one.trials} == {A: 1, C: 1}
    assert found(network, [])[NetworkRow][0].failure


def test_a_trial_of_three_nodes_is_one_trial_of_each_pair(network):
    effects = [
        effect("1", A, E, 1.0, 0.3, shared=0.1),
        effect("1", C, E, 0.4, 0.25, shared=0.1, n_t=30.0),
    ]
    pairs = pairs_of(network, effects)
    assert {pair: met[0].people for pair, met in pairs.items()} == {
        (A, C): 50,
        (A, E): 42,
        (C, E): 52,
    }
    tables = found(network, effects)
    assert tables[NetworkRow][0].people == 72
    own = {(one.first, one.second): one for one in tables[NetworkDifferenceRow]}
    assert [own[pair].trials for pair in pairs] == [1, 1, 1]
    assert math.log(own[A, C].direct) == pytest.approx(0.6)
    assert own[A, C].se == pytest.approx(math.sqrt(0.3 + 0.25 - 2 * 0.1))


def test_two_nodes_are_an_ordinary_meta_analysis(network):
    yi, vi = [0.2, 0.9, 0.5, 1.4], [0.1, 0.2, 0.15, 0.3]
    effects = [effect(str(n), A, E, y, v) for n, (y, v) in enumerate(zip(yi, vi, strict=True))]
    wald = replace(network, model=replace(network.model, interval="wald"))
    (one,) = found(wald, effects)[NetworkDifferenceRow]
    pooled = random_effects(yi, vi, "REML", "wald")
    assert math.log(one.estimate) == pytest.approx(pooled.estimate, rel=1e-10)
    assert math.log(one.ci_low) == pytest.approx(pooled.ci_low, rel=1e-10)
    assert one.direct == pytest.approx(one.estimate, rel=1e-10)


def test_an_effect_that_is_turned_round_is_the_same(network):
    effects = [effect("1", A, E, 0.5), effect("2", A, E, 0.9), effect("3", C, E, 0.2)]
    turned = [effect("1", E, A, -0.5), *effects[1:]]
    one, other = (found(network, each)[NetworkDifferenceRow] for each in (effects, turned))
    for name in ("estimate", "ci_low", "direct_low", "people"):
        first, second = ([getattr(row, name) for row in rows] for rows in (one, other))
        assert first == [value and pytest.approx(value, rel=1e-9) for value in second]


def loop(odd=0.0, vi=0.1):
    """Return two trials a side of a triangle, one side of which is off by `odd`."""
    sides = {(A, E): 1.2, (C, E): 0.4, (A, C): 0.8 + odd}
    return [
        effect(f"{a}{b}{n}", a, b, yi + off, vi)
        for (a, b), yi in sides.items()
        for n, off in enumerate((-0.1, 0.1))
    ]


def test_direct_and_indirect_are_told_of_every_side_of_a_loop(network):
    tables = found(network, loop(0.5))
    (fit,) = tables[NetworkRow]
    rows = {(one.first, one.second): one for one in tables[NetworkDifferenceRow]}
    # nodes of the file are in another order than their names: A, C, E and C, A, E
    assert {pair: math.log(one.split) for pair, one in rows.items()} == pytest.approx(
        {(A, C): 0.5, (A, E): -0.5, (C, E): 0.5}
    )
    one = rows[A, C]
    assert (math.log(one.direct), math.log(one.indirect)) == pytest.approx((1.3, 0.8))
    assert one.indirect_low < one.indirect < one.indirect_high
    assert one.split_low < one.split < one.split_high
    assert fit.interaction_df == fit.between_df == 1
    assert fit.q == pytest.approx(fit.q_within + fit.q_between)
    assert fit.q_df == fit.within_df + fit.between_df


def test_without_a_loop_nothing_is_split(network):
    tables = found(network, loop()[:4])
    assert all(one.split is one.indirect is None for one in tables[NetworkDifferenceRow])
    assert tables[NetworkRow][0].interaction_df == 0


def test_ranks_follow_the_direction_of_the_outcome(network, configuration):
    tables = found(network, loop(vi=2.0))
    nodes = {one.node: one for one in tables[NetworkNodeRow]}
    assert nodes[A].p_score > nodes[C].p_score > nodes[E].p_score
    assert nodes[A].rank_low == 1 <= nodes[A].mean_rank <= nodes[A].rank_high
    assert nodes[B].p_score is None
    for node in (A, C, E):
        own = [one.probability for one in tables[NetworkRankRow] if one.node == node]
        assert sum(own) == pytest.approx(1)
        assert own[0] == nodes[node].best
    scores = replace(configuration.networks[1], nodes=network.nodes)
    turned = {one.node: one for one in found(scores, loop(vi=2.0))[NetworkNodeRow]}
    assert turned[E].p_score == pytest.approx(1 - nodes[E].p_score)


def test_all_differences_fit_each_other_and_lie_in_their_intervals(tables, configuration):
    for network in configuration.networks:
        own = [one for one in tables[NetworkDifferenceRow] if one.network == network.name]
        back = math.log if MEASURES[network.select.measure].is_ratio else float
        known = {(one.first, one.second): back(one.estimate) for one in own}
        assert known
        labels = [label for label in network.labels if any(label in pair for pair in known)]
        for a, b, c in combinations(labels, 3):
            assert known[a, b] + known[b, c] == pytest.approx(known[a, c], abs=1e-9)
        for one in own:
            assert one.ci_low < one.estimate < one.ci_high
            assert (one.direct is None) == (one.trials == 0)


def test_the_tables_are_those_of_the_networks(tables, configuration):
    for network in configuration.networks:
        own = [one for one in tables[NetworkEffectRow] if one.analysis == network.name]
        answer = found(network, own)
        for kind in NETWORK_KINDS:
            assert answer[kind] == [one for one in tables[kind] if one.network == network.name]
