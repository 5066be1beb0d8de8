"""What a network finds: its parts, every difference in the part of the reference, ranks, tests."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from ketameta.configuration import Network
from ketameta.measures import MEASURES
from ketameta.stats import (
    DesignByTreatment,
    NodeSplits,
    Ranks,
    design_by_treatment,
    network_meta_analysis,
    network_parts,
    network_ranks,
    node_splits,
)
from ketameta.stats import Network as Fitted
from ketameta.synthesize.network_parts import Met, Pair, pairs_of, sizes_of
from ketameta.synthesize.pool import covariance_of, finite_or_none, normal_interval
from ketameta.synthesize.words import favours
from ketameta.tables.collection import Tables, by
from ketameta.tables.effects import NetworkEffectRow
from ketameta.tables.networks import (
    NetworkDifferenceRow,
    NetworkNodeRow,
    NetworkRankRow,
    NetworkRow,
    NetworkTrialRow,
)
from ketameta.tables.table import Row

Floats = NDArray[np.float64]
# the tables of what is found of a network
NETWORK_KINDS = (
    *(NetworkRow, NetworkTrialRow, NetworkNodeRow, NetworkRankRow),
    NetworkDifferenceRow,
)


@dataclass(frozen=True, slots=True)
class AskedNetwork:
    """All that what is found of a network is made from."""

    network: Network
    effects: Sequence[NetworkEffectRow]


def network_of(asked: AskedNetwork) -> Tables:
    """Return what one network finds; of parts without its reference only who is in them.

    The part of the reference is fitted as a whole; where no trial has the reference nothing is.
    """
    network, effects = asked.network, asked.effects
    pairs = pairs_of(network, effects)
    parts = parts_of(network, pairs)
    own = [effect for effect in effects if parts[effect.comparison] == 1]
    row = _row(network, effects, own)
    nodes = [_node(network, label, parts, effects) for label in network.labels]
    trials = [_trial(network, effect, parts) for effect in effects]
    if not own:
        failure = f"no trial with usable numbers has {network.model.reference}"
        told: dict[type[Row], Sequence[Row]] = {
            NetworkRow: [replace(row, failure=failure)],
            NetworkNodeRow: nodes,
        }
        return Tables({kind: told.get(kind, []) for kind in NETWORK_KINDS})
    given = (
        [effect.yi for effect in own],
        covariance_of(own),
        [effect.trial_id for effect in own],
        [effect.comparison for effect in own],
        [effect.comparator_class for effect in own],
    )
    model, level = network.model, network.level
    fit = network_meta_analysis(
        *given,
        reference=model.reference,
        tau2=model.tau2,
        interval=model.interval,
        level=level,
    )
    splits = node_splits(*given, tau2=model.tau2, interval=model.interval, level=level)
    lower = favours(network.select.measure, network.select.outcome) == "below"
    ranks = network_ranks(fit, lower_is_better=lower, level=level)
    return Tables(
        {
            NetworkTrialRow: trials,
            NetworkRow: [_fitted(row, fit, design_by_treatment(*given, tau2=model.tau2))],
            NetworkNodeRow: [_ranked(node, ranks) for node in nodes],
            NetworkRankRow: [*_ranks(network, ranks)],
            NetworkDifferenceRow: [
                _split(network, one, splits) for one in _differences(network, pairs, fit)
            ],
        }
    )


def parts_of(network: Network, pairs: dict[Pair, list[Met]]) -> dict[str, int]:
    """Return the part of each node: 1 has the reference, 2 the most trials of the others.

    0 is a node without a trial; the reference has 1 also where no trial has it.
    """
    wholes = network_parts(*zip(*pairs, strict=True)) if pairs else ()
    reference = network.model.reference

    def trials(whole: tuple[str, ...]) -> int:
        joined = (met for pair, known in pairs.items() if pair[0] in whole for met in known)
        return len({met.trial_id for met in joined})

    others = sorted(
        (whole for whole in wholes if reference not in whole),
        key=lambda whole: (-trials(whole), whole),
    )
    found = {label: n for n, whole in enumerate(others, start=2) for label in whole}
    own = next((whole for whole in wholes if reference in whole), (reference,))
    return {label: 1 if label in own else found.get(label, 0) for label in network.labels}


def _row(
    network: Network, effects: Sequence[NetworkEffectRow], own: Sequence[NetworkEffectRow]
) -> NetworkRow:
    """Return what is known of a network without a fit; `own` are the effects that enter one."""
    trials = by(own, lambda effect: effect.trial_id).values()
    return NetworkRow(
        network=network.name,
        reference=network.model.reference,
        failure="",
        k=len(trials),
        contrasts=len(own),
        people=math.fsum(
            one[0].people if len(one) == 1 else math.fsum(sizes_of(one).values()) for one in trials
        ),
        nodes=len({node for e in own for node in (e.comparison, e.comparator_class)}),
        left_out=len({effect.trial_id for effect in effects}) - len(trials),
        rule="",
        tau2=None,
        i2=None,
        q=None,
        q_df=0,
        q_p=None,
        q_within=None,
        within_df=0,
        within_p=None,
        q_between=None,
        between_df=0,
        between_p=None,
        interaction=None,
        interaction_df=0,
        interaction_p=None,
    )


def _fitted(row: NetworkRow, fit: Fitted, designs: DesignByTreatment) -> NetworkRow:
    """Return the row of a network with its fit, and with how far designs agree."""
    return replace(
        row,
        rule=fit.rule,
        tau2=finite_or_none(fit.tau2),
        i2=finite_or_none(fit.i2),
        q=finite_or_none(fit.q),
        q_df=fit.q_df,
        q_p=finite_or_none(fit.q_p),
        q_within=finite_or_none(designs.q_within),
        within_df=designs.q_within_df,
        within_p=finite_or_none(designs.q_within_p),
        q_between=finite_or_none(designs.q_between),
        between_df=designs.q_between_df,
        between_p=finite_or_none(designs.q_between_p),
        interaction=finite_or_none(designs.chi2),
        interaction_df=designs.df,
        interaction_p=finite_or_none(designs.p),
    )


def _node(
    network: Network, label: str, parts: dict[str, int], effects: Sequence[NetworkEffectRow]
) -> NetworkNodeRow:
    """Return a node with its trials and people, without a rank."""
    own = by(effects, lambda effect: effect.trial_id).values()
    sizes = [found[label] for each in own if label in (found := sizes_of(each))]
    return NetworkNodeRow(
        network=network.name,
        node=label,
        place=network.labels.index(label) + 1,
        part=parts[label],
        trials=len(sizes),
        people=math.fsum(sizes),
        p_score=None,
        mean_rank=None,
        rank_low=None,
        rank_high=None,
        best=None,
    )


def _trial(network: Network, effect: NetworkEffectRow, parts: dict[str, int]) -> NetworkTrialRow:
    natural = MEASURES[network.select.measure].natural
    low, high = normal_interval(effect.yi, effect.vi, network.level)
    return NetworkTrialRow(
        network=network.name,
        trial_id=effect.trial_id,
        label=effect.label,
        first=effect.comparison,
        second=effect.comparator_class,
        part=parts[effect.comparison],
        effect=natural(effect.yi),
        ci_low=natural(low),
        ci_high=natural(high),
        people=effect.people,
        rows=effect.rows,
    )


def _ranked(node: NetworkNodeRow, ranks: Ranks) -> NetworkNodeRow:
    """Return a node with its rank, where it is in the fit."""
    if node.node not in ranks.treatments:
        return node
    at = ranks.treatments.index(node.node)
    return replace(
        node,
        p_score=finite_or_none(ranks.p_score[at]),
        mean_rank=finite_or_none(ranks.mean_rank[at]),
        rank_low=int(ranks.rank_low[at]),
        rank_high=int(ranks.rank_high[at]),
        best=finite_or_none(ranks.best[at]),
    )


def _ranks(network: Network, ranks: Ranks) -> Iterator[NetworkRankRow]:
    """Yield the probability of each rank of each node, nodes as the configuration has them."""
    for label in network.labels:
        if label in ranks.treatments:
            own = ranks.probability[ranks.treatments.index(label)]
            for rank, probability in enumerate(own, start=1):
                yield NetworkRankRow(
                    network=network.name, node=label, rank=rank, probability=float(probability)
                )


def _differences(
    network: Network, pairs: dict[Pair, list[Met]], fit: Fitted
) -> Iterator[NetworkDifferenceRow]:
    """Yield every pair of nodes in a fit, in the order of the configuration."""
    natural = MEASURES[network.select.measure].natural
    at = {label: n for n, label in enumerate(fit.treatments)}
    for first, second in combinations([label for label in network.labels if label in at], 2):
        place, met = (at[first], at[second]), pairs.get((first, second), [])
        yield NetworkDifferenceRow(
            network=network.name,
            first=first,
            second=second,
            estimate=natural(finite_or_none(fit.estimate[place])),
            ci_low=natural(finite_or_none(fit.ci_low[place])),
            ci_high=natural(finite_or_none(fit.ci_high[place])),
            pi_low=natural(finite_or_none(fit.pi_low[place])),
            pi_high=natural(finite_or_none(fit.pi_high[place])),
            se=finite_or_none(fit.se[place]),
            p=finite_or_none(fit.p[place]),
            trials=len(met),
            people=math.fsum(one.people for one in met),
            direct=natural(finite_or_none(fit.direct[place])),
            direct_low=natural(finite_or_none(fit.direct_low[place])),
            direct_high=natural(finite_or_none(fit.direct_high[place])),
            indirect=None,
            indirect_low=None,
            indirect_high=None,
            split=None,
            split_low=None,
            split_high=None,
            split_p=None,
        )


def _split(network: Network, row: NetworkDifferenceRow, splits: NodeSplits) -> NetworkDifferenceRow:
    """Return a difference with what both ways to it say, where there are two."""
    pairs = [*zip(splits.first, splits.second, strict=True)]
    turned = (row.second, row.first) in pairs
    pair = (row.second, row.first) if turned else (row.first, row.second)
    if pair not in pairs:
        return row
    at, sign = pairs.index(pair), -1 if turned else 1
    natural = MEASURES[network.select.measure].natural

    def said(estimate: Floats, low: Floats, high: Floats) -> list[float | None]:
        ends = (estimate, high, low) if turned else (estimate, low, high)
        return [natural(finite_or_none(sign * values[at])) for values in ends]

    indirect = said(splits.indirect, splits.indirect_low, splits.indirect_high)
    split = said(splits.difference, splits.low, splits.high)
    return replace(
        row,
        indirect=indirect[0],
        indirect_low=indirect[1],
        indirect_high=indirect[2],
        split=split[0],
        split_low=split[1],
        split_high=split[2],
        split_p=finite_or_none(splits.p[at]),
    )
