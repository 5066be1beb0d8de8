"""One trial's candidate rows -> its effect: rows grouped, each group tried, the best one taken."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from ketameta.configuration import Question
from ketameta.normalize.contrasts import from_contrasts
from ketameta.normalize.ledger import Ledger
from ketameta.normalize.measures import Estimate, one_arm, two_arms
from ketameta.normalize.records import NOT_STATED, ArmSummary, Effect, NotUsable, Row, Trial
from ketameta.normalize.sift import arm_class
from ketameta.normalize.sizes import Sizes
from ketameta.normalize.summaries import add_counts, combine_scores, counts, score
from ketameta.vocabulary import vocabulary

_SEEN = ("direct", "derived", "secondary")
# the parts of a rank, in order, and what the ledger says of a group that loses on it
_LOST_ON = (
    "scale preferred",
    "definition preferred",
    "time preferred",
    "time preferred",
    "source preferred",
    "analysis set preferred",
)


@dataclass(frozen=True)
class _Candidate:
    rank: tuple[float, ...]
    effect: Effect


@dataclass(frozen=True)
class _Place:
    """What the rows of a group share."""

    scale: str
    definition: str
    hour: float | None
    analysis_set: str


_Build = Callable[[_Place, list[Row]], Effect | None]


class TrialChoice:
    """The choice of one trial's effect for one question."""

    def __init__(
        self, question: Question, trial: Trial, rows: list[Row], all_rows: list[Row], ledger: Ledger
    ) -> None:
        """Take the candidate rows and every outcome row of the trial (for n and baselines)."""
        self.question, self.trial, self.ledger = question, trial, ledger
        self.rows = rows
        self.all_rows = [row for row in all_rows if row.table == "outcomes"]
        self.sizes = Sizes(self.all_rows)

    def effect(self) -> Effect | None:
        """Return the preferred effect, noting in the ledger what became of each row."""
        found: list[_Candidate] = []
        for place, group in _grouped(self.rows, self.question, "outcomes"):
            found += self._try(self._from_arms, place, group)
        for place, group in _grouped(self.rows, self.question, "contrasts"):
            found += self._try(self._from_contrasts, place, group)
        if not found:
            return None
        best = min(found, key=lambda c: c.rank)
        for candidate in found:
            if candidate is not best:
                self._note_loser(candidate, best)
        for row in best.effect.rows:
            self.ledger.note(row, "used")
        return best.effect

    def _try(self, build: _Build, place: _Place, group: list[Row]) -> list[_Candidate]:
        try:
            effect = build(place, group)
        except NotUsable as why:
            for row in group:
                self.ledger.note(row, "not usable", str(why))
            return []
        return [_Candidate(self._rank(place, effect), effect)] if effect else []

    def _note_loser(self, loser: _Candidate, best: _Candidate) -> None:
        pairs = enumerate(zip(loser.rank, best.rank, strict=True))
        reason = next((_LOST_ON[i] for i, (a, b) in pairs if a != b), "repeated report")
        winner = best.effect
        said = ", ".join(
            filter(
                None,
                (
                    winner.scale,
                    winner.definition,
                    f"{winner.hour:g} h" if winner.hour is not None else "no hour",
                    winner.analysis_set if winner.basis != "contrast" else "reported contrast",
                ),
            )
        )
        for row in loser.effect.rows:
            self.ledger.note(row, reason, f"used: {said}")

    def _rank(self, place: _Place, effect: Effect) -> tuple[float, ...]:
        q = self.question
        if q.window is None:
            distance, tie = -(place.hour if place.hour is not None else float("inf")), 0.0
        else:
            hour = place.hour or 0.0
            distance, tie = abs(hour - q.window.target), -hour
        contrast = effect.basis == "contrast"
        source = q.sources.index("contrasts" if contrast else "arms")
        assumes = any(step.assumed for step in effect.steps)
        return (
            _position(q.scales, place.scale),
            _position(q.definitions, place.definition),
            distance,
            tie,
            source + 2 * assumes,
            0 if contrast else _position(q.analysis_sets, place.analysis_set),
        )

    # ---- arm-level numbers -------------------------------------------------------------------

    def _from_arms(self, place: _Place, group: list[Row]) -> Effect | None:
        by_arm = self._rows_by_arm(group)
        summaries = self._summaries(by_arm)
        if place.analysis_set == "crossover-all":
            summaries = self._one_period_each(summaries)
        treated = [s for s in summaries if self._class(s) == "treated"]
        if self.question.by_arm:
            if not treated:
                return None
            return self._by_arm_effect(place, treated)
        classes = [
            c for c in self.question.comparators if any(self._class(s) == c for s in summaries)
        ]
        if not treated or not classes:
            for s in summaries:
                for row in s.rows:
                    self.ledger.note(row, "no comparison")
            return None
        for s in summaries:
            if self._class(s) not in ("treated", classes[0]):
                for row in s.rows:
                    self.ledger.note(row, "other comparator", f"used: {classes[0]}")
        control = [s for s in summaries if self._class(s) == classes[0]]
        return self._between(place, treated, control, classes[0])

    def _one_period_each(self, summaries: list[ArmSummary]) -> list[ArmSummary]:
        """Keep one period a side of a crossover: the same people stand in all of them.

        The arm without a cotreatment comes first, then the one with more people.
        """
        kept: dict[str, ArmSummary] = {}
        for s in sorted(summaries, key=lambda s: (s.arms[0].cotreatment != "", -s.n)):
            side = self._class(s)
            if side in kept:
                for row in s.rows:
                    self.ledger.note(row, "same people", f"used: {kept[side].arms[0].arm_id}")
            else:
                kept[side] = s
        return list(kept.values())

    def _class(self, summary: ArmSummary) -> str:
        return arm_class(summary.arms[0], self.question)

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

    def _summaries(self, by_arm: dict[str, list[Row]]) -> list[ArmSummary]:
        result = []
        event = vocabulary().outcomes[self.question.outcome].kind == "event"
        for arm_id, rows in by_arm.items():
            arm = self.trial.arms[arm_id]
            try:
                if event:
                    result.append(counts(arm, rows, self.sizes))
                else:
                    summary = score(arm, rows, self.sizes, self.question.basis)
                    result.append(self._with_baseline(summary, rows[0]))
            except NotUsable as why:
                for row in rows:
                    self.ledger.note(row, "not usable", str(why))
        return result

    def _with_baseline(self, summary: ArmSummary, row: Row) -> ArmSummary:
        """Look up the baseline of an arm for a reduction, if its own row does not give it."""
        if self.question.measure != "PCTRED" or summary.baseline_mean is not None:
            return summary
        from ketameta.normalize.baseline import find_baseline

        return find_baseline(summary, row, self.all_rows)

    def _by_arm_effect(self, place: _Place, treated: list[ArmSummary]) -> Effect:
        if self.question.measure == "PCTRED":
            known = [s for s in treated if s.baseline_mean is not None]
            if not known:
                raise NotUsable("no baseline mean")
            for summary in treated:
                if summary not in known:
                    for row in summary.rows:
                        self.ledger.note(row, "not usable", "no baseline mean")
            treated = known
        arm = add_counts(treated) if self.question.measure == "PLO" else combine_scores(treated)
        estimate = one_arm(self.question.measure, arm, self.question.correlation)
        return self._make(place, estimate, arm, None, "")

    def _between(
        self, place: _Place, treated: list[ArmSummary], control: list[ArmSummary], comparator: str
    ) -> Effect:
        together = add_counts if treated[0].events is not None else combine_scores
        t, c = together(treated), together(control)
        paired = self.trial.design == "crossover" and place.analysis_set == "crossover-all"
        estimate = two_arms(
            self.question.measure, t, c, paired, self.question.correlation, self._sign(place.scale)
        )
        return self._make(place, estimate, t, c, comparator)

    def _sign(self, scale: str) -> int:
        """+1 where a higher score is more of the outcome, -1 where the scale runs the other way."""
        known = vocabulary().scales.get(scale)
        outcome = vocabulary().outcomes[self.question.outcome]
        if known is None or outcome.kind != "score":
            return 1
        return known.sign if outcome.sense == "bad" else -known.sign

    def _make(
        self,
        place: _Place,
        estimate: Estimate,
        t: ArmSummary,
        c: ArmSummary | None,
        comparator: str,
    ) -> Effect:
        rows = t.rows + (c.rows if c else ())
        step = replace(estimate.step, rows=tuple(row.key for row in rows))
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
        )

    # ---- reported contrasts ------------------------------------------------------------------

    def _from_contrasts(self, place: _Place, group: list[Row]) -> Effect | None:
        arms = self.trial.arms
        classes = {row.key: arm_class(arms[row["arm_c"]], self.question) for row in group}
        first = min(classes.values(), key=self.question.comparators.index)
        chosen = []
        for row in group:
            if classes[row.key] != first:
                self.ledger.note(row, "other comparator", f"used: {first}")
            else:
                chosen.append(row)
        usable = self._apart_or_pooled(chosen)
        effect = from_contrasts(
            self.question.measure,
            self.trial,
            usable,
            self.sizes,
            self.question.correlation,
            self._sign(place.scale),
        )
        step = effect.estimate.step
        return Effect(
            self.trial,
            effect.estimate.yi,
            effect.estimate.vi,
            effect.n_t or 0,
            effect.n_c,
            tuple(arms[row["arm_t"]] for row in usable),
            (arms[usable[0]["arm_c"]],),
            first,
            place.scale,
            "",
            place.hour,
            NOT_STATED,
            "contrast",
            tuple(usable),
            (*effect.steps, step),
        )

    def _apart_or_pooled(self, rows: list[Row]) -> list[Row]:
        """Take one usable row an arm; a pooled arm's contrast stands for those of its parts."""
        by_arm: dict[str, Row] = {}
        refused: NotUsable | None = None
        for row in sorted(rows, key=lambda r: (_SEEN.index(r["seen"]), r.line)):
            try:
                from_contrasts(
                    self.question.measure,
                    self.trial,
                    [row],
                    self.sizes,
                    self.question.correlation,
                    1,
                )
            except NotUsable as why:
                self.ledger.note(row, "not usable", str(why))
                refused = why
                continue
            if row["arm_t"] in by_arm:
                self.ledger.note(row, "repeated report", f"used: {by_arm[row['arm_t']].key}")
                continue
            by_arm[row["arm_t"]] = row
        if not by_arm:
            raise refused or NotUsable("no usable contrast")
        for arm_id in [a for a in by_arm if self.trial.arms[a].pooled]:
            for part in self.trial.arms[arm_id].pooled:
                if part in by_arm:
                    self.ledger.note(by_arm.pop(part), "pooled arm", f"used: {arm_id}, as reported")
        controls = {row["arm_c"] for row in by_arm.values()}
        if len(controls) > 1:
            raise NotUsable("contrasts against several control arms are not averaged")
        return list(by_arm.values())


def _grouped(rows: Iterable[Row], question: Question, table: str) -> list[tuple[_Place, list[Row]]]:
    groups: dict[_Place, list[Row]] = defaultdict(list)
    for row in rows:
        if row.table != table:
            continue
        if table == "contrasts":
            place = _Place(row["scale"] or "", "", row["timepoint_h"], row["measure"])
        else:
            definition = row["definition"] or NOT_STATED
            if definition in question.strata:
                definition = " + ".join(question.strata)
            place = _Place(row["scale"] or "", definition, row["timepoint_h"], row.analysis_set)
        groups[place].append(row)
    return list(groups.items())


def _position(order: Sequence[str] | None, word: str) -> int:
    """Return the place of a word in an order of preference; unknown words come last."""
    if order is None:
        return 0
    return order.index(word) if word in order else len(order)
