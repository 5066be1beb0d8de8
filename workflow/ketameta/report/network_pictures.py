"""A network as data of its two pictures: what is joined, and every node against the reference."""

from __future__ import annotations

from collections.abc import Sequence

from ketameta.configuration import Network
from ketameta.figures.axis import AxisScale
from ketameta.figures.columns import Heading
from ketameta.figures.forest import Block, Forest, ForestRow
from ketameta.figures.marks import Interval
from ketameta.figures.networks import Disc, Joined, Plan
from ketameta.measures import MEASURES
from ketameta.report import wording_networks as words
from ketameta.report.wording import count, interval, level_percent, people
from ketameta.synthesize.network_parts import pairs_of
from ketameta.synthesize.words import favours
from ketameta.tables.effects import NetworkEffectRow
from ketameta.tables.networks import NetworkDifferenceRow, NetworkNodeRow


def plan_of(
    network: Network, nodes: Sequence[NetworkNodeRow], effects: Sequence[NetworkEffectRow]
) -> Plan:
    """Return the picture of who was compared with whom, also of parts that are not pooled."""
    there = [node for node in nodes if node.part]
    places = {node.node: n for n, node in enumerate(there)}
    joined = {
        (first, second): len({one.trial_id for one in own})
        for (first, second), own in pairs_of(network, effects).items()
        if first in places and second in places
    }
    said = "; ".join(f"{a} and {b}: {count(k, 'trial')}" for (a, b), k in joined.items())
    return Plan(
        f"{network.display.title}: who was compared with whom",
        f"A network of {count(len(there), 'node')}. {said}.",
        tuple(
            Disc(
                node.node,
                node.people,
                f"{node.node}: {count(node.trials, 'trial')}, "
                f"{count(round(node.people), 'person', 'people')}",
                node.node == network.model.reference,
                node.part != 1,
            )
            for node in there
        ),
        tuple(
            Joined(places[a], places[b], k, f"{a} and {b}: {count(k, 'trial')}")
            for (a, b), k in joined.items()
        ),
        _notes(there),
    )


def _notes(nodes: Sequence[NetworkNodeRow]) -> tuple[str, ...]:
    text = (
        "Areas of discs: people. Numbers on lines, and their widths: trials. Ring: the reference."
    )
    if any(node.part > 1 for node in nodes):
        text += " Grey with broken lines: not joined with it."
    return (text,)


def forest_against(
    network: Network,
    nodes: Sequence[NetworkNodeRow],
    differences: Sequence[NetworkDifferenceRow],
    predicts: bool,
) -> Forest:
    """Return the forest plot of every node against the reference.

    `predicts` says whether prediction intervals are told: not where tau2 is estimated as 0.
    """
    measure, reference = network.select.measure, network.model.reference
    asked, level = MEASURES[measure], level_percent(network.level)
    known = {node.node: node for node in nodes}
    rows = []
    for row in differences:
        node = row.second if row.first == reference else row.first
        if reference not in (row.first, row.second) or node not in known:
            continue
        one = words.from_side(measure, row, node)
        ends = (row.pi_low, row.pi_high)
        low, high = ends if row.first == node else [words.turned(measure, e) for e in ends[::-1]]
        own = known[node]
        rows.append(
            ForestRow(
                (node, f"{own.trials:,}", people(own.people)),
                (*[interval(measure, low, high)] * predicts, words.told(measure, one)),
                _drawn(measure, one.estimate, one.low, one.high),
                None,
                f"{node} against {reference}: {asked.words} {words.told(measure, one)}",
                predicted=_drawn(measure, one.estimate, low, high) if predicts else None,
            )
        )
    good = favours(measure, network.select.outcome) == "above"
    sides = (f"favours {reference}", "favours the other")
    said = "; ".join(f"{row.left[0]} {row.right[-1]}" for row in rows)
    return Forest(
        f"{network.display.title}: each against {reference}",
        f"Forest plot of {count(len(rows), 'node')} against {reference}, {asked.words}: {said}.",
        (Heading("Against\n" + reference), Heading("Trials", "end"), Heading("People", "end")),
        (
            *[Heading("A new trial", "end", spare=1)] * predicts,
            Heading(f"{asked.heading}\n[{level} CI]", "end"),
        ),
        (Block("", tuple(rows)),),
        None,
        None,
        AxisScale(
            asked.axis, asked.null, asked.is_ratio, asked.limits, sides if good else sides[::-1]
        ),
        notes=(
            f"Grey bar: {level} interval of the true effect in a new trial."
            if predicts
            else "No prediction intervals are told, as τ² is estimated as 0 or not at all.",
        ),
    )


def _drawn(measure: str, value: float | None, low: float | None, high: float | None) -> Interval:
    drawn = MEASURES[measure].drawn
    return Interval(drawn(value) or 0.0, drawn(low), drawn(high))
