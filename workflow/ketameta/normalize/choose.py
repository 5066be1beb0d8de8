"""One trial's candidate rows -> its effects: rows grouped, each group tried, the best one taken."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ketameta.configuration import Question
from ketameta.measures import MEASURES
from ketameta.normalize.between import ArmEffects, Place
from ketameta.normalize.contrasts import from_contrasts, is_paired
from ketameta.normalize.ledger import Fates, Ledger
from ketameta.normalize.records import NOT_STATED, Effect, NotUsable, Row, Trial
from ketameta.normalize.selected import SelectedArm, selected_arm
from ketameta.normalize.sift import Sieve, Sifted, arm_class
from ketameta.normalize.sizes import Sizes
from ketameta.vocabulary import scale_sign, vocabulary

# the parts of a rank, in order, and what the ledger says of a group that loses on it
_LOST_ON = (
    "scale preferred",
    "definition preferred",
    "time preferred",
    "time preferred",
    "source preferred",
    "analysis set preferred",
)
_Build = Callable[[Place, list[Row]], list[Effect]]


@dataclass(frozen=True)
class _Candidate:
    rank: tuple[float, ...]
    effects: list[Effect]

    @property
    def rows(self) -> list[Row]:
        """Every row behind the effects, once."""
        return list({row.key: row for effect in self.effects for row in effect.rows}.values())


class TrialChoice:
    """The choice of one trial's effects for one question."""

    def __init__(
        self,
        question: Question,
        trial: Trial,
        rows: Sequence[Row],
        all_rows: list[Row],
        ledger: Ledger,
        sizes: Sizes | None = None,
    ) -> None:
        """Take the candidate rows and every row of the trial (for n, baselines, correlations)."""
        self.question, self.trial, self.ledger = question, trial, ledger
        self.rows, self.all_rows = rows, all_rows
        self.sizes = sizes or Sizes(all_rows)
        self.arms = ArmEffects(question, trial, all_rows, self.sizes, ledger)

    def effects(self) -> list[Effect]:
        """Return the preferred effects, noting in the ledger what became of each row.

        One effect, or one a treated arm where the question keeps arms apart; none where no group
        of rows gives one.
        """
        found: list[_Candidate] = []
        for place, group in _grouped(self.rows, self.question, "outcomes"):
            found += self._try(self.arms.effects, place, group)
        for place, group in _grouped(self.rows, self.question, "contrasts"):
            found += self._try(self._from_contrasts, place, group)
        if not found:
            return []
        best = min(found, key=lambda c: (c.rank, [row.order for row in c.rows]))
        for candidate in found:
            if candidate is not best:
                self._note_loser(candidate, best)
        for row in best.rows:
            self.ledger.note(row, "used")
        return best.effects

    def _try(self, build: _Build, place: Place, group: list[Row]) -> list[_Candidate]:
        effects: list[Effect] = []
        try:
            effects = build(place, group)
            effects = self._with_selection(effects)
            self._refuse_assumptions(effects)
        except NotUsable as why:
            behind = {row.key for effect in effects for row in effect.rows}
            for row in group:
                if row.key in behind if effects else not self.ledger.noted(row):
                    self.ledger.note(row, why.reason, str(why))
            effects = []
        if not effects:
            self.ledger.stood_back(group)
            return []
        return [_Candidate(self._rank(place, effects), effects)]

    def _with_selection(self, effects: list[Effect]) -> list[Effect]:
        """Say of the effect of a selected arm that it is one; `SelectedArm` where none may be."""
        step = selected_arm(self.trial, effects, self.all_rows)
        if step is None:
            return effects
        if step.assumption not in self.question.assumptions:
            raise SelectedArm(step.formula)
        return [replace(effect, steps=(step, *effect.steps)) for effect in effects]

    def _refuse_assumptions(self, effects: list[Effect]) -> None:
        for effect in effects:
            for word in effect.assumptions:
                if word not in self.question.assumptions:
                    what = vocabulary().words("assumptions")[word]
                    raise NotUsable(f"needs what this analysis does not assume: {what}")

    def _note_loser(self, loser: _Candidate, best: _Candidate) -> None:
        pairs = enumerate(zip(loser.rank, best.rank, strict=True))
        reason = next((_LOST_ON[i] for i, (a, b) in pairs if a != b), "repeated report")
        winner = best.effects[0]
        hour = f"{winner.hour:g} h" if winner.hour is not None else "no hour"
        by = winner.analysis_set if winner.basis != "contrast" else "reported contrast"
        said = ", ".join(filter(None, (winner.scale, winner.definition, hour, by)))
        for row in loser.rows:
            self.ledger.note(row, reason, f"used: {said}")

    def _rank(self, place: Place, effects: list[Effect]) -> tuple[float, ...]:
        q = self.question
        if q.window is None:
            distance, tie = -(place.hour if place.hour is not None else float("inf")), 0.0
        else:
            hour = place.hour or 0.0
            distance, tie = abs(hour - q.window.target), -hour
        contrast = effects[0].basis == "contrast"
        source = q.sources.index("contrasts" if contrast else "arms")
        assumes = any(effect.assumptions for effect in effects)
        return (
            _position(q.scales, place.scale),
            _position(q.definitions, place.definition),
            distance,
            tie,
            source + 2 * assumes,
            0 if contrast else _position(q.analysis_sets, place.analysis_set),
        )

    def _from_contrasts(self, place: Place, group: list[Row]) -> list[Effect]:
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
        apart = self.question.arms != "together" and len(usable) > 1
        sets = [[row] for row in usable] if apart else [usable] if usable else []
        return [self._contrast_effect(place, rows, first, apart) for rows in sets]

    def _contrast_effect(
        self, place: Place, rows: list[Row], comparator: str, apart: bool
    ) -> Effect:
        found = from_contrasts(
            self.question.measure,
            self.trial,
            rows,
            self.sizes,
            self.question.correlation,
            scale_sign(place.scale, self.question.outcome),
        )
        arms = self.trial.arms
        return Effect(
            self.trial,
            found.estimate.yi,
            found.estimate.vi,
            found.n_t,
            found.n_c,
            tuple(arms[row["arm_t"]] for row in rows),
            (arms[rows[0]["arm_c"]],),
            comparator,
            place.scale,
            "",
            place.hour,
            NOT_STATED,
            "contrast",
            tuple(rows),
            (*found.steps, found.estimate.step),
            same_people=is_paired(self.trial, rows[0]),
            comparison=rows[0]["arm_t"] if apart else "",
            # a control of about the size of each treated arm gives half of each variance
            shared=found.estimate.vi / 2 if apart and self.question.arms == "whole" else None,
        )

    def _apart_or_pooled(self, rows: list[Row]) -> list[Row]:
        """Take one usable row an arm; a pooled arm's contrast stands for those of its parts.

        None where no row is usable; each is noted with its own reason.
        """
        by_arm: dict[str, Row] = {}
        for row in sorted(rows, key=lambda r: r.order):
            try:
                r = self.question.correlation
                from_contrasts(self.question.measure, self.trial, [row], self.sizes, r, 1)
            except NotUsable as why:
                self.ledger.note(row, "not usable", str(why))
                continue
            if row["arm_t"] in by_arm:
                self.ledger.note(row, "repeated report", f"used: {by_arm[row['arm_t']].key}")
                continue
            by_arm[row["arm_t"]] = row
        for arm_id in [a for a in by_arm if self.trial.arms[a].pooled]:
            for part in self.trial.arms[arm_id].pooled:
                if part in by_arm:
                    self.ledger.note(by_arm.pop(part), "pooled arm", f"used: {arm_id}, as reported")
        if len({row["arm_c"] for row in by_arm.values()}) > 1:
            raise NotUsable("contrasts against several control arms are not averaged")
        return list(by_arm.values())


class Choices:
    """The choices of one run: where a question meets the same rows again, its answer stands.

    A narrowed analysis asks of most trials what the whole one asks.
    """

    def __init__(self, trials: Mapping[str, Trial], by_trial: Mapping[str, Sequence[Row]]) -> None:
        """Take the trials and every raw row of each."""
        self._trials, self._rows = trials, by_trial
        self._made: dict[object, list[_Made]] = defaultdict(list)
        self._read: dict[tuple[Question, bool], Question] = {}
        self._sizes: dict[str, Sizes] = {}
        # the rows of a trial on an outcome, and whether they may need a correlation
        self._on: dict[tuple[str, str], tuple[list[Row], bool]] = {}
        # with the rows, so that no others get their id
        self._sieves: dict[int, tuple[list[Row], Sieve]] = {}

    def sift(self, question: Question, rows: list[Row]) -> Sifted:
        """Return which of some rows are candidates; one list of rows is sifted by one sieve."""
        if id(rows) not in self._sieves:
            self._sieves[id(rows)] = rows, Sieve(self._trials, rows)
        return self._sieves[id(rows)][1].sift(question)

    def effects(
        self, question: Question, trial_id: str, candidates: Sequence[Row], ledger: Ledger
    ) -> list[Effect]:
        """Return the preferred effects of a trial (see `TrialChoice.effects`), from its candidates.

        They follow from what is read of the question, and from what the sieve noted of the rows on
        its outcome, whatever narrowed it.
        """
        trial, on = self._trials[trial_id], (trial_id, question.outcome)
        if on not in self._on:
            rows = [r for r in self._rows[trial_id] if r["outcome"] == question.outcome]
            paired = trial.design == "crossover" or any(map(_has_baseline, rows))
            self._on[on] = rows, paired
        rows, assumes = self._on[on]
        sifted = ledger.told(rows)
        asked = question, assumes
        if (whole := self._read.get(asked)) is None:
            whole = self._read[asked] = _read_of(*asked)
        known = self._made[whole, trial_id, sifted]
        for made in known:
            if made.allowed.answers(question.assumptions):
                ledger.enter(made.fates)
                return made.effects
        rows = [*self._rows[trial_id]]
        before, allowed = ledger.fates(rows), _Allowed(question.assumptions)
        if trial_id not in self._sizes:
            self._sizes[trial_id] = Sizes(rows)
        asked_so = replace(whole, assumptions=allowed), trial, candidates, rows, ledger
        choice = TrialChoice(*asked_so, self._sizes[trial_id])
        effects, after = choice.effects(), ledger.fates(rows)
        fates = {k: after[k] for k in after if after[k] != before.get(k)}
        known.append(_Made(allowed, effects, fates))
        return effects


class _Allowed(tuple[str, ...]):
    """The assumptions that a question allows, which remember of what words they were asked.

    They seldom decide: most numbers rest on none.
    """

    _answers: dict[object, bool]

    def __new__(cls, words: Iterable[str]) -> _Allowed:
        """Nothing is asked yet."""
        self = super().__new__(cls, words)
        self._answers = {}
        return self

    def __contains__(self, word: object) -> bool:
        """Say whether a word is allowed."""
        return self._answers.setdefault(word, super().__contains__(word))

    def answers(self, words: Sequence[str]) -> bool:
        """Say whether other words would have answered the same."""
        return all((word in words) == answer for word, answer in self._answers.items())


@dataclass(frozen=True, slots=True)
class _Made:
    """What a trial gave a question that allows what was asked of `allowed`."""

    allowed: _Allowed
    effects: list[Effect]
    fates: Fates


def _has_baseline(row: Row) -> bool:
    """Say whether a change from baseline can be computed from a row."""
    return row.table == "outcomes" and row["baseline_sd"] is not None


def _read_of(question: Question, assumes: bool) -> Question:
    """Return a question without what is not read of it once the rows of a trial are sifted.

    That is what narrowed it, the assumptions (see `_Allowed`), of events the basis of scores, and
    the correlation unless a trial `assumes` one: of the same people in both arms, or of an end
    with its baseline.
    """
    whole = replace(question, narrow=(), assumptions=())
    if vocabulary().outcomes[question.outcome].kind == "event":
        whole = replace(whole, basis=())
    return whole if assumes or MEASURES[question.measure].falls else replace(whole, correlation=0.0)


def _grouped(rows: Iterable[Row], question: Question, table: str) -> list[tuple[Place, list[Row]]]:
    groups: dict[Place, list[Row]] = defaultdict(list)
    for row in rows:
        if row.table != table:
            continue
        if table == "contrasts":
            place = Place(row["scale"] or "", "", row["timepoint_h"], row["measure"])
        else:
            definition = row["definition"] or NOT_STATED
            if definition in question.strata:
                definition = " + ".join(question.strata)
            place = Place(row["scale"] or "", definition, row["timepoint_h"], row.analysis_set)
        groups[place].append(row)
    return list(groups.items())


def _position(order: Sequence[str] | None, word: str) -> int:
    """Return the place of a word in an order of preference; unknown words come last."""
    if order is None:
        return 0
    return order.index(word) if word in order else len(order)
