"""The effects of a network: of each trial, what its arms in one node show against those in another.

Rows are chosen as an analysis does; only that arms are sorted by the nodes of the network and not
into treated and control. A trial with arms in m nodes gives m - 1 effects against one of them, its
base, which they share whole: what the others are against each other follows from these.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ketameta.configuration import Network, Question
from ketameta.configuration.networks import Node
from ketameta.measures import MEASURES
from ketameta.normalize.arms import ArmEffects, Place
from ketameta.normalize.choose import TrialChoice
from ketameta.normalize.courses import arms_of, people_once
from ketameta.normalize.effect_rows import effect_rows
from ketameta.normalize.effect_sizes import compute_ahead
from ketameta.normalize.ledger import Fate, Ledger
from ketameta.normalize.measures import EffectEstimate
from ketameta.normalize.records import Arm, ArmSummary, Effect, Step, Trial
from ketameta.normalize.results import AnyResult, Contrast
from ketameta.normalize.rows import Rows
from ketameta.normalize.sift import OF_ARM, row_refusal
from ketameta.normalize.words import number_text
from ketameta.tables.collection import by
from ketameta.tables.effects import NetworkEffectRow, NetworkLedgerRow
from ketameta.tables.table import extended_each


def compared(
    networks: Iterable[Network], trials: Mapping[str, Trial], rows: Rows
) -> tuple[list[NetworkEffectRow], list[NetworkLedgerRow]]:
    """Return the effects of all networks, and the fate of each row on their outcomes."""
    effects: list[NetworkEffectRow] = []
    fates: list[NetworkLedgerRow] = []
    for network in networks:
        found, ledger = effects_between(network, trials, rows)
        effects += _rows(network, found)
        fates += _fates(network, ledger, rows)
    return effects, fates


def effects_between(
    network: Network, trials: Mapping[str, Trial], rows: Rows
) -> tuple[list[Effect], Ledger]:
    """Return the effects of a network, and the fate of every row on its outcome.

    The control of an effect is its base; `comparison` is the node of its treated arms, and
    `comparator_class` that of the base.
    """
    on = rows.on(network.select.outcome)
    ledger = Ledger(network.name, rows, network.select.outcome)
    found: list[Effect] = []
    compute_ahead(on.rows, [network.select.measure])
    for trial_id in on.spans:
        effects, own = _of_trial(network, trials[trial_id], on.of(trial_id), rows)
        ledger.enter(own.noted)
        found += effects
    found = people_once(found, ledger)
    ledger.check()
    return found, ledger


def node_of(nodes: Sequence[Node], arm: Arm) -> str:
    """Return the first node that an arm fits; empty where it fits none."""
    for node in nodes:
        if all(OF_ARM[narrow.key](arm) in narrow.values for narrow in node.arms):
            return node.label
    return ""


def _of_trial(
    network: Network, trial: Trial, own: Sequence[AnyResult], rows: Rows
) -> tuple[list[Effect], Ledger]:
    """Return the effects of a trial against the base that leaves most of its nodes in.

    Bases are tried from the reference on, then from the last node to the first: numbers of arms
    give the same whichever is taken, and reported contrasts have one of their own.
    """
    nodes = {arm_id: node_of(network.nodes, arm) for arm_id, arm in trial.arms.items()}
    present = [label for label in reversed(network.labels) if label in nodes.values()]
    bases = sorted(present, key=lambda label: label != network.model.reference)
    arms = {arm_id: _sorted(arm, nodes[arm_id]) for arm_id, arm in trial.arms.items()}
    seen = replace(trial, arms=arms)
    best, told = _against(network.select, seen, nodes, bases[0] if bases else "", own, rows)
    for base in bases[1:]:
        if len(best) == len(bases) - 1:  # each other node is in: no base leaves more
            break
        effects, ledger = _against(network.select, seen, nodes, base, own, rows)
        if len(effects) > len(best):
            best, told = effects, ledger
    return [_as_given(effect, trial) for effect in best], told


def _against(
    asked: Question,
    seen: Trial,
    nodes: Mapping[str, str],
    base: str,
    own: Sequence[AnyResult],
    rows: Rows,
) -> tuple[list[Effect], Ledger]:
    """Return the effects of a trial's nodes against one of them, and the fate of its rows.

    The trial is as the network sees it: see `_sorted`.
    """
    others = tuple(dict.fromkeys(node for node in nodes.values() if node not in ("", base)))
    question = replace(asked, treatments=others, comparators=(base,), arms="whole")
    ledger = Ledger("", rows, question.outcome)
    candidates = []
    for row in own:
        if refused := row_refusal(question, seen, row):
            if refused[0] == "other treatment":
                refused = _without_base(row, nodes, base) or refused
            ledger.note(row, *refused)
        else:
            candidates.append(row)
    effects = NodeChoice(question, seen, candidates, ledger).effects() if candidates else []
    return effects, ledger


def _without_base(row: AnyResult, nodes: Mapping[str, str], base: str) -> Fate | None:
    """Return why a contrast is not of the base against another node, where both arms have one."""
    joined = {nodes[arm_id] for arm_id in row.arms}
    if len(row.arms) < 2 or "" in joined:
        return None
    if len(joined) == 1:
        return "no comparison", f"both arms are {joined.pop()}"
    return "other comparator", f"used: {base}"


def _sorted(arm: Arm, node: str) -> Arm:
    """Return an arm as a network sees it: its node is its treatment, and its class as a control."""
    return replace(arm, treatment=node or f"{arm.treatment}, in no node", comparator_class=node)


def _as_given(effect: Effect, trial: Trial) -> Effect:
    """Return an effect with the arms as they were given."""
    treated = tuple(trial.arms[arm.arm_id] for arm in effect.treated)
    control = tuple(trial.arms[arm.arm_id] for arm in effect.control)
    return effect._replace(trial=trial, treated=treated, control=control)


@dataclass
class NodeEffects(ArmEffects):
    """Effects from arm-level rows, the arms of one node together."""

    given: dict[str, ArmSummary] = field(default_factory=dict)

    def _from_summaries(self, place: Place, summaries: list[ArmSummary]) -> list[Effect]:
        own = by(summaries, lambda s: self.trial.arms[s.arms[0].arm_id].treatment)
        given = [self._together(each) for each in own.values()]
        self.given = dict(zip(map(_first, given), given, strict=True))
        effects = super()._from_summaries(place, fitting(self.question.measure, given))
        arms = self.trial.arms
        return [e._replace(comparison=arms[e.treated[0].arm_id].treatment) for e in effects]

    def _make(
        self,
        place: Place,
        estimate: EffectEstimate,
        t: ArmSummary,
        c: ArmSummary | None,
        comparator: str,
    ) -> Effect:
        control = c and self._as_given(c)
        return super()._make(place, estimate, self._as_given(t), control, comparator)

    def _as_given(self, fitted: ArmSummary) -> ArmSummary:
        """Return the numbers of a node as they are told: people and events that there were."""
        return self.given[_first(fitted)]._replace(steps=fitted.steps)


def fitting(measure: str, nodes: Sequence[ArmSummary]) -> list[ArmSummary]:
    """Return the nodes of a trial so that its effects fit together, whichever is the base.

    Of three nodes and more: where an arm has no event, or nobody without, 1/2 is added to each cell
    of all arms, not of one pair; standardised differences take the SD of all arms together (Crippa
    & Orsini 2016, BMC Medical Research Methodology 16:91), so that only their corrections for small
    samples differ.
    """
    asked = MEASURES[measure]
    if len(nodes) < 3:
        return [*nodes]
    # cells of 0; where nobody, or everybody, of the whole trial has the event, it tells nothing
    empty = [s.events in (0, s.n) for s in nodes]
    if asked.counts and asked.is_ratio and any(empty) and not _all_alike(nodes):
        step = Step("1/2 added to each cell of all arms", "an arm has a cell of 0", "")
        return [
            s._replace(n=s.n + 1, events=(s.events or 0) + 0.5, steps=(*s.steps, step))
            for s in nodes
        ]
    if asked.is_standardised and all(s.sd for s in nodes):
        df = math.fsum(s.n - 1 for s in nodes)
        sd = math.sqrt(math.fsum((s.n - 1) * (s.sd or 0.0) ** 2 for s in nodes) / df)
        step = Step("SD of all arms together", "√(Σ (n − 1) SD² / Σ (n − 1))", number_text(sd))
        return [s._replace(sd=sd, steps=(*s.steps, step)) for s in nodes]
    return [*nodes]


def _all_alike(nodes: Sequence[ArmSummary]) -> bool:
    return all(s.events == 0 for s in nodes) or all(s.events == s.n for s in nodes)


def _first(summary: ArmSummary) -> str:
    return summary.arms[0].arm_id


class NodeChoice(TrialChoice):
    """The choice of one trial's effects between nodes, which its arms have as treatments."""

    _arms = NodeEffects

    def _sets(self, usable: list[Contrast]) -> list[list[Contrast]]:
        return [*by(usable, lambda row: self.trial.arms[row.arm_t].treatment).values()]

    def _contrast_effect(
        self, place: Place, rows: list[Contrast], comparator: str, apart: bool
    ) -> Effect:
        effect = super()._contrast_effect(place, rows, comparator, apart)
        return effect._replace(comparison=self.trial.arms[rows[0].arm_t].treatment)

    def _with_selection(self, effects: list[Effect]) -> list[Effect]:
        of_one = super()._with_selection
        return [one for effect in effects for one in of_one([effect])]


def _rows(network: Network, effects: Sequence[Effect]) -> list[NetworkEffectRow]:
    rows = effect_rows(network.name, network.select, effects)
    return extended_each(NetworkEffectRow, rows, **arms_of(effects))


def _fates(network: Network, ledger: Ledger, rows: Rows) -> list[NetworkLedgerRow]:
    """Return the fate of each row on the outcome."""
    on = rows.on(network.select.outcome)
    return [
        NetworkLedgerRow(
            network=network.name,
            file=row.file,
            line=row.line,
            trial_id=row.trial_id,
            used=reason == "used",
            reason=reason,
            detail=detail,
        )
        for row, (reason, detail) in zip(on.rows, ledger.check(), strict=True)
    ]
