"""The page of treatments against each other: networks with their pictures, tables and tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ketameta.configuration import Configuration, Network
from ketameta.figures.bubbles import NARROW, WIDE
from ketameta.figures.forest import draw
from ketameta.figures.narrow import draw_narrow
from ketameta.figures.networks import draw_network
from ketameta.figures.scene import to_svg
from ketameta.measures import MEASURES
from ketameta.report import wording_networks as words
from ketameta.report.network_pictures import forest_against, plan_of
from ketameta.report.wording import anchor, fixed, level_percent, p_value, people
from ketameta.report.wording_networks import Difference
from ketameta.tables.collection import Tables, by
from ketameta.tables.effects import NetworkEffectRow, NetworkLedgerRow
from ketameta.tables.networks import (
    NetworkDifferenceRow,
    NetworkNodeRow,
    NetworkRow,
    NetworkTrialRow,
)
from ketameta.tables.syntheses import StudyRow
from ketameta.vocabulary.narrowing import slug


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of the table of all differences: its words, and whether it is clear of none."""

    text: str
    clear: bool = False


@dataclass(frozen=True, slots=True)
class TrialLine:
    """A trial in a network: where its effect stands in the report (empty: nowhere), and what it is.

    `joined` says whether it is in the part that is pooled.
    """

    label: str
    href: str
    compared: str
    effect: str
    people: str
    rows: str
    joined: bool


@dataclass(frozen=True, slots=True)
class NetworkView:
    """A network: what is asked, what it says, and the pictures and tables of it."""

    name: str
    title: str
    question: str
    answer: str
    ranks: str
    cautions: Sequence[str]
    parts: Sequence[str]
    agreement: str
    parting: str
    plan: tuple[str, str]
    forest: tuple[str, str] | None
    heading: str
    ratio: bool
    labels: Sequence[str]
    league: Sequence[Sequence[Cell]]
    ranking: Sequence[tuple[str, ...]]
    splits: Sequence[tuple[str, ...]]
    trials: Sequence[TrialLine]
    fates: Sequence[tuple[str, int]]
    how: str
    level: str


@dataclass(frozen=True, slots=True)
class Own:
    """The rows of one network."""

    row: NetworkRow
    nodes: Sequence[NetworkNodeRow]
    differences: Sequence[NetworkDifferenceRow]
    effects: Sequence[NetworkEffectRow]
    trials: Sequence[NetworkTrialRow]

    @property
    def fitted(self) -> list[NetworkNodeRow]:
        """The nodes in the fit, in the order of the configuration."""
        return [] if self.row.failure else [node for node in self.nodes if node.part == 1]


def network_views(tables: Tables, configuration: Configuration) -> list[NetworkView]:
    """Return the networks of the configuration, in its order."""
    rows = {row.network: row for row in tables[NetworkRow]}
    nodes = by(tables[NetworkNodeRow], lambda row: row.network)
    differences = by(tables[NetworkDifferenceRow], lambda row: row.network)
    effects = by(tables[NetworkEffectRow], lambda row: row.analysis)
    trials = by(tables[NetworkTrialRow], lambda row: row.network)
    fates = by(tables[NetworkLedgerRow], lambda row: row.network)
    places = _places(tables[StudyRow], configuration)
    return [
        _view(
            network,
            Own(rows[name], nodes[name], differences[name], effects[name], trials[name]),
            fates[name],
            places,
        )
        for network in configuration.networks
        for name in (network.name,)
        if name in rows
    ]


def _places(
    studies: Sequence[StudyRow], configuration: Configuration
) -> Mapping[tuple[str, str], str]:
    """Return where on a page the first effect stands that a raw row of a trial is in."""
    whole = {analysis.name for analysis in configuration.whole}
    found: dict[tuple[str, str], str] = {}
    for study in studies:
        if study.analysis in whole:
            address = f"analyses/{slug(study.analysis)}.html#{anchor(study)}"
            for row in study.rows:
                found.setdefault((study.trial_id, row), address)
    return found


def _view(
    network: Network,
    own: Own,
    fates: Sequence[NetworkLedgerRow],
    places: Mapping[tuple[str, str], str],
) -> NetworkView:
    measure, name, reference = network.select.measure, network.name, network.model.reference
    by_score = sorted(own.fitted, key=lambda node: -(node.p_score or 0.0))
    seen = [words.from_side(measure, row, _behind(row, reference)) for row in own.differences]
    against = [one for one in seen if one.second == reference]
    plan = plan_of(network, own.nodes, own.effects)
    return NetworkView(
        name=name,
        title=network.display.title,
        question=network.display.question,
        answer=words.answer(network, own.row, against, [o for o in seen if o.second != reference]),
        ranks=words.ranks(network, by_score),
        cautions=words.cautions(own.row, own.differences),
        parts=words.parts(network, own.nodes),
        agreement=words.agreement(own.row),
        parting=words.parting(own.row),
        plan=(
            to_svg(draw_network(plan, WIDE), f"network-{name}"),
            to_svg(draw_network(plan, NARROW), f"network-{name}-narrow"),
        ),
        forest=None if own.row.failure else _forest(network, own),
        heading=MEASURES[measure].heading,
        ratio=MEASURES[measure].is_ratio,
        labels=[node.node for node in own.fitted],
        league=_league(network, own),
        ranking=[_ranked(node) for node in by_score],
        splits=_splits(measure, own.differences),
        trials=[_trial(measure, trial, places) for trial in own.trials],
        fates=_counted(fates),
        how=words.how(network, own.row),
        level=level_percent(network.level),
    )


def _forest(network: Network, own: Own) -> tuple[str, str]:
    """Return every node against the reference, for wide and narrow screens."""
    forest = forest_against(network, own.nodes, own.differences, bool(own.row.tau2))
    name = f"network-forest-{network.name}"
    return to_svg(draw(forest), name), to_svg(draw_narrow(forest), f"{name}-narrow")


def _behind(row: NetworkDifferenceRow, reference: str) -> str:
    """Return the node that stands in front where a difference is read: never the reference."""
    return row.second if row.first == reference else row.first


def _league(network: Network, own: Own) -> list[list[Cell]]:
    """Return what each node is against each other.

    Below the diagonal it is by the whole network, above it by the trials of both alone.
    """
    known = {(row.first, row.second): row for row in own.differences}
    labels, measure = [node.node for node in own.fitted], network.select.measure

    def cell(i: int, j: int) -> Cell:
        row = known.get((labels[min(i, j)], labels[max(i, j)]))
        if row is None:  # a node against itself
            return Cell("")
        one = words.from_side(measure, row, labels[i])
        if i < j:
            one = Difference(row.first, row.second, row.direct, row.direct_low, row.direct_high)
        if one.estimate is None:
            return Cell("–")
        return Cell(words.told(measure, one), bool(words.side_of(network, one.low, one.high)))

    places = range(len(labels))
    return [[cell(i, j) for j in places] for i in places]


def _ranked(node: NetworkNodeRow) -> tuple[str, ...]:
    return (
        node.node,
        fixed(node.p_score, 2),
        fixed(node.mean_rank, 1),
        words.span(node),
        "–" if node.best is None else words.share(node.best),
    )


def _splits(measure: str, rows: Sequence[NetworkDifferenceRow]) -> list[tuple[str, ...]]:
    """Return direct, indirect and their difference of each comparison that has both."""
    return [
        (
            f"{row.first} against {row.second}",
            f"{row.trials}",
            _said(measure, row.direct, row.direct_low, row.direct_high),
            _said(measure, row.indirect, row.indirect_low, row.indirect_high),
            _said(measure, row.split, row.split_low, row.split_high),
            p_value(row.split_p),
        )
        for row in rows
        if row.split is not None
    ]


def _trial(
    measure: str, trial: NetworkTrialRow, places: Mapping[tuple[str, str], str]
) -> TrialLine:
    addresses = (places.get((trial.trial_id, row), "") for row in trial.rows)
    return TrialLine(
        trial.label,
        next(filter(None, addresses), ""),
        f"{trial.first} against {trial.second}",
        _said(measure, trial.effect, trial.ci_low, trial.ci_high),
        people(trial.people),
        ", ".join(trial.rows),
        trial.part == 1,
    )


def _said(measure: str, estimate: float | None, low: float | None, high: float | None) -> str:
    return words.told(measure, Difference("", "", estimate, low, high))


def _counted(fates: Sequence[NetworkLedgerRow]) -> list[tuple[str, int]]:
    """Return how many rows on the outcome met each fate, those used first."""
    groups = by(fates, lambda row: row.reason)
    found = [(reason, len(rows)) for reason, rows in groups.items()]
    return sorted(found, key=lambda one: (one[0] != "used", -one[1], one[0]))
