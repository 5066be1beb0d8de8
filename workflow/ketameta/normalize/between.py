"""Effects from the arm-level rows of one trial at one hour, scale and analysis set."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ketameta.configuration import Question
from ketameta.normalize.baseline import find_baseline
from ketameta.normalize.ledger import Ledger
from ketameta.normalize.measures import (
    Correlation,
    Estimate,
    one_arm,
    shared_variance,
    two_arms,
)
from ketameta.normalize.pairing import reported_correlation
from ketameta.normalize.records import ArmSummary, Effect, NotUsable, Row, Trial
from ketameta.normalize.sift import arm_class
from ketameta.normalize.sizes import Sizes
from ketameta.normalize.summaries import add_counts, combine_scores, counts, score, split
from ketameta.vocabulary import scale_sign, vocabulary

_SEEN = ("direct", "derived", "secondary")


@dataclass(frozen=True)
class Place:
    """What the rows of a group share."""

    scale: str
    definition: str
    hour: float | None
    analysis_set: str


@dataclass
class ArmEffects:
    """Effects from arm-level rows, for one trial and one question."""

    question: Question
    trial: Trial
    all_rows: list[Row]
    sizes: Sizes
    ledger: Ledger

    def effects(self, place: Place, group: list[Row]) -> list[Effect]:
        """Return the effects of a group of rows; none where a side is missing (and noted).

        Scores are tried on each basis in the order of preference; the first that gives every
        side is taken. Raises `NotUsable` with the reason of the basis that came furthest.
        """
        by_arm = self._rows_by_arm(group)
        without_numbers: NotUsable | None = None
        without_effect: NotUsable | None = None
        for basis in self._bases():
            try:
                summaries = self._summaries(by_arm, basis)
            except NotUsable as why:
                without_numbers = without_numbers or why
                continue
            if place.analysis_set == "crossover-all":
                summaries = self._one_period_each(summaries)
            try:
                if found := self._from_summaries(place, summaries):
                    return found
            except NotUsable as why:
                without_effect = without_effect or why
        if refused := without_effect or without_numbers:
            raise refused
        return []

    def _bases(self) -> Sequence[str]:
        event = vocabulary().outcomes[self.question.outcome].kind == "event"
        return ("counts",) if event else self.question.basis

    def _class(self, summary: ArmSummary) -> str:
        return arm_class(summary.arms[0], self.question)

    def _note(self, summaries: Sequence[ArmSummary], reason: str, detail: str = "") -> None:
        for summary in summaries:
            for row in summary.rows:
                self.ledger.note(row, reason, detail)

    def _rows_by_arm(self, group: list[Row]) -> dict[str, list[Row]]:
        """Take one row an arm and definition; drop pooled arms whose parts are present."""
        by_arm: dict[str, list[Row]] = defaultdict(list)
        seen: dict[tuple[str, str], Row] = {}
        for row in sorted(group, key=lambda r: (_SEEN.index(r["seen"]), r.line)):
            key = (row["arm_id"], row["definition"] or "")
            if key in seen:
                self.ledger.note(row, "repeated report", f"used: {seen[key].key}")
                continue
            seen[key] = row
            by_arm[row["arm_id"]].append(row)
        for arm_id in list(by_arm):
            parts = [part for part in self.trial.arms[arm_id].pooled if part in by_arm]
            if parts:
                for row in by_arm.pop(arm_id):
                    self.ledger.note(row, "pooled arm", "used: " + " + ".join(parts))
        return dict(sorted(by_arm.items()))

    def _summaries(self, by_arm: dict[str, list[Row]], basis: str) -> list[ArmSummary]:
        """Summarise each arm; those that do not give the basis are noted and left out.

        Raises `NotUsable` where none does.
        """
        result: list[ArmSummary] = []
        refused: NotUsable | None = None
        for arm_id, rows in by_arm.items():
            arm = self.trial.arms[arm_id]
            try:
                if basis == "counts":
                    result.append(counts(arm, rows, self.sizes))
                else:
                    found = score(arm, rows, self.sizes, basis, self.question.correlation)
                    result.append(self._with_baseline(found, rows[0]))
            except NotUsable as why:
                refused = refused or why
                for row in rows:
                    self.ledger.note(row, "not usable", str(why))
        if refused and not result:
            raise refused
        return result

    def _with_baseline(self, summary: ArmSummary, row: Row) -> ArmSummary:
        """Look up the baseline of an arm for a reduction, if its own row does not give it."""
        if self.question.measure != "PCTRED":
            return summary
        if summary.baseline_mean is None:
            summary = find_baseline(summary, row, self.all_rows)
        if summary.baseline_mean is None:
            raise NotUsable("no baseline mean")
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
        present = {self._class(s) for s in summaries}
        classes = [c for c in self.question.comparators if c in present]
        if not treated or not classes:
            self._note(summaries, "no comparison")
            return []
        others = [s for s in summaries if self._class(s) not in ("treated", classes[0])]
        self._note(others, "other comparator", f"used: {classes[0]}")
        control = self._together([s for s in summaries if self._class(s) == classes[0]])
        if self.question.arms == "together" or len(treated) == 1:
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
        if self.question.arms == "split":
            control = split(control, len(treated))
        effects = [self._between(place, t, control, comparator) for t in treated]
        shared = None
        if self.question.arms == "whole":
            shared = shared_variance(self.question.measure, control, [e.yi for e in effects])
        return [
            replace(effect, comparison=t.arms[0].arm_id, shared=shared)
            for effect, t in zip(effects, treated, strict=True)
        ]

    def _by_arm(self, place: Place, treated: list[ArmSummary]) -> Effect:
        arm = self._together(treated)
        estimate = one_arm(self.question.measure, arm, self.question.correlation)
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
            effect = replace(effect, rows=(*effect.rows, paired.row))
        return effect

    def _make(
        self,
        place: Place,
        estimate: Estimate,
        t: ArmSummary,
        c: ArmSummary | None,
        comparator: str,
    ) -> Effect:
        rows = t.rows + (c.rows if c else ())
        step = replace(estimate.step, rows=tuple(dict.fromkeys(row.key for row in rows)))
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
