"""Effects from the arm-level rows of one trial at one hour, scale and analysis set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ketameta.configuration import Question
from ketameta.normalize.asked import among
from ketameta.normalize.baseline import find_baseline
from ketameta.normalize.converted import Converted
from ketameta.normalize.from_difference import ASSUMPTION, change_by_difference
from ketameta.normalize.ledger import Ledger
from ketameta.normalize.measures import (
    Correlation,
    EffectEstimate,
    one_arm,
    shared_variance,
    two_arms,
)
from ketameta.normalize.pairing import reported_correlation
from ketameta.normalize.records import NO_START, Arm, ArmSummary, Effect, NotUsable, Trial
from ketameta.normalize.results import AnyResult, ArmResult, preferred_first
from ketameta.normalize.sift import arm_class, flagged
from ketameta.normalize.summaries import (
    CENTRES,
    COMPUTED,
    add_counts,
    combine_scores,
    part_of_control,
    starts,
    without_centre,
)
from ketameta.normalize.words import NOT_STATED, listed
from ketameta.tables.collection import by
from ketameta.tables.problems import first_few
from ketameta.vocabulary import scale_sign, vocabulary

_MOST = 3


class Place(NamedTuple):
    """What the rows of a group share."""

    scale: str
    definition: str
    hour: float | None
    analysis_set: str


@dataclass
class _Failed:
    """What became of the arms of a group in each basis: see `ArmEffects._note_failure`.

    `arms` holds, a basis, why arms were refused; `usable` the first basis that an arm gives,
    `nearest` why an arm gives none; `effect` the first summaries of both sides, and why they give
    no effect.
    """

    arms: list[dict[str, NotUsable]] = field(default_factory=list)
    usable: dict[str, str] = field(default_factory=dict)
    nearest: dict[str, NotUsable] = field(default_factory=dict)
    effect: tuple[list[ArmSummary], NotUsable] | None = None


@dataclass
class ArmEffects:
    """Effects from arm-level rows, for one trial and one question."""

    question: Question
    trial: Trial
    all_rows: list[AnyResult]
    converted: Converted
    ledger: Ledger

    def __post_init__(self) -> None:
        arms = self.trial.arms.items()
        self._sides = {name: arm_class(arm, self.question) for name, arm in arms}

    def effects(self, place: Place, group: Sequence[ArmResult]) -> list[Effect]:
        """Return the effects of a group of rows; none where they give none, with reasons noted.

        Scores are tried on each basis in the order of preference; the first that gives every
        side is taken. Where none does, the reason of a row is that of the basis that came nearest.
        """
        if not self.ledger.told and not self._both_sides(group):
            return []
        by_arm = self._rows_by_arm(group)
        failed = _Failed()
        for basis in self._bases() if self.ledger.told else self._bases_of(group):
            summaries, refused = self._summaries(by_arm, basis)
            failed.arms.append(refused)
            if place.analysis_set == "crossover-all":
                summaries = self._one_period_each(summaries)
            try:
                if found := self._from_summaries(place, summaries):
                    return found
            except NotUsable as why:
                failed.effect = failed.effect or (summaries, why.kept())
            for summary in summaries:
                failed.usable.setdefault(summary.arms[0].arm_id, basis)
        if self.ledger.told:
            self._note_failure(place, by_arm, failed)
        return []

    def _both_sides(self, group: Sequence[ArmResult]) -> bool:
        """Say whether rows are of treated arms and, where arms are compared, of others too."""
        sides = {self._side(row.arm_id) for row in group}
        return "treated" in sides and (self.question.by_arm or len(sides) > 1)

    def _bases(self) -> Sequence[str]:
        event = vocabulary().outcomes[self.question.outcome].kind == "event"
        return ("counts",) if event else self.question.basis

    def _bases_of(self, group: Sequence[ArmResult]) -> Sequence[str]:
        """Return the bases that rows start from: whether others are asked for makes no effect."""
        if vocabulary().outcomes[self.question.outcome].kind == "event":
            return self._bases()
        there = frozenset(b for b in CENTRES if any(starts(row, b) for row in group))
        return among(self.question, "basis", there)

    def _classes(self, summaries: Sequence[ArmSummary]) -> list[str]:
        """Return the comparator classes that are present, the preferred one first."""
        present = {self._class(s) for s in summaries}
        return [c for c in self.question.comparators if c in present]

    def _side(self, arm_id: str) -> str:
        return self._sides[arm_id]

    def _class(self, summary: ArmSummary) -> str:
        return self._side(summary.arms[0].arm_id)

    def _note(self, summaries: Sequence[ArmSummary], reason: str, detail: str = "") -> None:
        for summary in summaries:
            for row in summary.rows:
                self.ledger.note(row, reason, detail)

    def _rows_by_arm(self, group: Sequence[ArmResult]) -> dict[str, list[ArmResult]]:
        """Take one row an arm and definition; drop pooled arms whose parts are present."""
        rows = by(group, lambda row: row.arm_id)
        by_arm: dict[str, list[ArmResult]] = {}
        for arm_id, own in rows.items():
            seen: dict[str, ArmResult] = {}
            for row in preferred_first(own):
                known = seen.setdefault(row.definition or "", row)
                if known is not row:
                    self.ledger.note(row, "repeated report", f"used: {known.key}")
            by_arm[arm_id] = list(seen.values())
        for arm_id in list(by_arm):
            parts = [part for part in self.trial.arms[arm_id].pooled if part in by_arm]
            if parts:
                for row in by_arm.pop(arm_id):
                    self.ledger.note(row, "pooled arm", "used: " + " + ".join(parts))
        return dict(sorted(by_arm.items()))

    def _summaries(
        self, by_arm: dict[str, list[ArmResult]], basis: str
    ) -> tuple[list[ArmSummary], dict[str, NotUsable]]:
        """Summarise each arm; those that do not give the basis are noted, and come with why."""
        result: list[ArmSummary] = []
        refused: dict[str, NotUsable] = {}
        for arm_id, rows in by_arm.items():
            arm = self.trial.arms[arm_id]
            try:
                if basis == "counts":
                    result.append(self.converted.counts(arm, rows))
                else:
                    found = self._score(arm, rows, basis)
                    result.append(self._with_baseline(found, rows[0]))
            except NotUsable as why:
                refused[arm_id] = why.kept()
                for row in rows:
                    self.ledger.note(row, "not usable", str(why))
        return result, refused

    def _score(self, arm: Arm, rows: list[ArmResult], basis: str) -> ArmSummary:
        """Summarise an arm's score; for an arm alone, with the SD of a difference at need.

        Between arms the reported difference itself is the better effect.
        """
        try:
            computed = basis == COMPUTED and starts(rows[0], basis)
            r = self.question.correlation if computed else 0.0
            return self.converted.score(arm, rows, basis, r)
        except NotUsable:
            allowed = self.question.by_arm and ASSUMPTION in self.question.assumptions
            if not allowed or basis != "change" or len(rows) > 1:
                raise
            usable = (row for row in self.all_rows if not flagged(self.question, row))
            found = change_by_difference(self.trial, arm, rows[0], self.converted.people, usable)
            if found is None:
                raise
            return found

    def _note_failure(
        self, place: Place, by_arm: dict[str, list[ArmResult]], failed: _Failed
    ) -> None:
        """Note why rows give no effect: by their own cells, or for want of the other side."""
        bases = self._bases()
        for arm_id, rows in by_arm.items():
            if arm_id in failed.usable:
                continue
            refused = [found[arm_id] for found in failed.arms if arm_id in found]
            if len(refused) < len(failed.arms):  # another period of the same people stands for it
                arms = [a for a in failed.usable if self._side(a) == self._side(arm_id)]
                for row in rows:
                    self.ledger.note(row, "same people", f"used: {arms[0]}")
                continue
            why = min(refused, key=lambda why: why.lacks)
            if why.lacks == NO_START and len(bases) > 1:
                why = without_centre(rows[0], bases)
            failed.nearest[arm_id] = why
            for row in rows:
                self.ledger.note(row, "not usable", str(why))
        if failed.effect:
            summaries, why = failed.effect
            classes = self._classes(summaries)
            own = [s for s in summaries if self._class(s) in ("treated", *classes[:1])]
            self._note(own, "not usable", str(why))
            return
        for arm_id, basis in failed.usable.items():
            reason, detail = self._without_other_side(place, arm_id, basis, by_arm, failed)
            for row in by_arm[arm_id]:
                self.ledger.note(row, reason, detail)

    def _without_other_side(
        self,
        place: Place,
        arm_id: str,
        basis: str,
        by_arm: dict[str, list[ArmResult]],
        failed: _Failed,
    ) -> tuple[str, str]:
        """Say what an arm with numbers lacks: numbers, a row, or an arm of the other side."""
        is_treated = self._side(arm_id) == "treated"
        others = [
            a for a, side in self._sides.items() if side and (side == "treated") != is_treated
        ]
        if apart := [failed.usable[a] for a in others if a in failed.usable]:
            treated, control = (basis, apart[0]) if is_treated else (apart[0], basis)
            return "not usable", f"treated arms report {treated}, control arms {control}"
        what = "control" if is_treated else "treated"
        if tried := [
            f"{by_arm[a][0].key}: {failed.nearest[a]}" for a in failed.nearest if a in others
        ]:
            return "no comparison", f"the {what} arm gives no numbers, {'; '.join(tried)}"
        if not others:
            return "no comparison", f"the trial has no {what} arm that is asked for"
        return "no comparison", self._nearest_rows(place, others)

    def _nearest_rows(self, place: Place, arms: list[str]) -> str:
        """Say that arms have no row at a place, and what is the matter with those they have."""
        here = _where(place.hour, place.scale, place.definition, place.analysis_set)
        found = []
        for row in self.all_rows:
            if not isinstance(row, ArmResult) or row.arm_id not in arms:
                continue
            if row.outcome == self.question.outcome:
                there = _where(row.timepoint_h, row.scale, row.definition, row.analysed)
                found.append(f"{row.key} ({self.ledger.refusal(row) or there})")
        more = f"; other rows: {first_few(found, _MOST)}" if found else ""
        return f"no row of {listed(arms)} at {here}{more}"

    def _with_baseline(self, summary: ArmSummary, row: ArmResult) -> ArmSummary:
        """Look up the baseline of an arm for a reduction, if its own row does not give it."""
        if not self.question.falls:
            return summary
        if summary.baseline_mean is None:
            summary = find_baseline(summary, row, self.all_rows)
        if summary.baseline_mean is None:
            raise NotUsable("no baseline mean", lacks=1)
        return summary

    def _one_period_each(self, summaries: list[ArmSummary]) -> list[ArmSummary]:
        """Keep one period a side of a crossover: the same people stand in all of them.

        The arm without a cotreatment comes first, then the one with more people.
        """
        kept: dict[str, ArmSummary] = {}
        for s in sorted(summaries, key=lambda s: (s.arms[0].cotreatment != "", -s.n)):
            side = self._class(s)
            if side in kept:
                self._note([s], "same people", f"used: {kept[side].arms[0].arm_id}")
            else:
                kept[side] = s
        return list(kept.values())

    def _from_summaries(self, place: Place, summaries: list[ArmSummary]) -> list[Effect]:
        treated = [s for s in summaries if self._class(s) == "treated"]
        if self.question.by_arm:
            return [self._by_arm(place, treated)] if treated else []
        classes = self._classes(summaries)
        if not treated or not classes:
            return []
        others = [s for s in summaries if self._class(s) not in ("treated", classes[0])]
        self._note(others, "other comparator", f"used: {classes[0]}")
        control = self._together([s for s in summaries if self._class(s) == classes[0]])
        # of one arm nothing is asked: what a question does not say cannot change its answer
        if len(treated) == 1 or self.question.arms not in ("split", "whole"):
            return [self._between(place, self._together(treated), control, classes[0])]
        return self._apart(place, treated, control, classes[0])

    def _together(self, summaries: list[ArmSummary]) -> ArmSummary:
        if summaries[0].events is not None:
            return add_counts(summaries)
        return combine_scores(summaries)

    def _apart(
        self, place: Place, treated: list[ArmSummary], control: ArmSummary, comparator: str
    ) -> list[Effect]:
        """Return an effect a treated arm, the control split between them or shared whole."""
        part = 1 / len(treated) if self.question.arms == "split" else 1.0
        if part < 1:
            control = part_of_control(control, len(treated))
        effects = [self._between(place, t, control, comparator) for t in treated]
        shared = None
        if self.question.arms == "whole":
            shared = shared_variance(self.question.measure, control, [e.yi for e in effects])
        return [
            effect._replace(comparison=t.arms[0].arm_id, shared=shared, part=part)
            for effect, t in zip(effects, treated, strict=True)
        ]

    def _by_arm(self, place: Place, treated: list[ArmSummary]) -> Effect:
        arm = self._together(treated)
        r = 0.0 if arm.baseline_sd is None else self.question.correlation
        estimate = one_arm(self.question.measure, arm, r)
        return self._make(place, estimate, arm, None, "")

    def _between(
        self, place: Place, treated: ArmSummary, control: ArmSummary, comparator: str
    ) -> Effect:
        paired = None
        if self.trial.design == "crossover" and place.analysis_set == "crossover-all":
            known = reported_correlation(self.trial, treated, control, place.hour, self.all_rows)
            paired = known or Correlation(self.question.correlation)
        sign = scale_sign(place.scale, self.question.outcome)
        estimate = two_arms(self.question.measure, treated, control, paired, sign)
        effect = self._make(place, estimate, treated, control, comparator)
        if paired and paired.row:
            effect = effect._replace(rows=(*effect.rows, paired.row))
        return effect

    def _make(
        self,
        place: Place,
        estimate: EffectEstimate,
        t: ArmSummary,
        c: ArmSummary | None,
        comparator: str,
    ) -> Effect:
        rows = t.rows + (c.rows if c else ())
        step = estimate.step._replace(rows=tuple(dict.fromkeys(row.key for row in rows)))
        return Effect(
            self.trial,
            estimate.yi,
            estimate.vi,
            t.n,
            c.n if c else None,
            t.arms,
            c.arms if c else (),
            comparator,
            place.scale,
            place.definition,
            place.hour,
            place.analysis_set,
            t.basis,
            rows,
            (*t.steps, *(c.steps if c else ()), step),
            events_t=t.events,
            events_c=c.events if c else None,
            mean_t=t.mean,
            sd_t=t.sd,
            mean_c=c.mean if c else None,
            sd_c=c.sd if c else None,
            same_people=self.trial.design == "crossover"
            and place.analysis_set == "crossover-all"
            and c is not None,
        )


def _where(hour: float | None, scale: str | None, definition: str | None, analysis_set: str) -> str:
    """Name the place of a row, as far as it is stated."""
    words = (scale, definition, analysis_set)
    stated = [word for word in words if word and word != NOT_STATED]
    return ", ".join([f"{hour:g} h" if hour is not None else "no hour", *stated])
