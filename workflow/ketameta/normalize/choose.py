"""One trial's candidate rows -> its effects: rows grouped, each group tried, the best one taken."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ketameta.configuration import Question
from ketameta.normalize import effect_sizes
from ketameta.normalize.arms import ArmEffects, Place
from ketameta.normalize.asked import Answers, Noted, Numbers, Reads
from ketameta.normalize.contrasts import ContrastEffect, is_paired
from ketameta.normalize.ledger import Fate, Ledger
from ketameta.normalize.records import Effect, NotUsable, Trial
from ketameta.normalize.results import AnyResult, ArmResult, Contrast, preferred_first
from ketameta.normalize.rows import Rows
from ketameta.normalize.selected import SelectedArm, selected_arm
from ketameta.normalize.sift import Sieve, Sifted, arm_class
from ketameta.normalize.words import NOT_STATED
from ketameta.tables.collection import by
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
# a place, and its rows
_Group = tuple[Place, list[Any]]


class _Candidate(NamedTuple):
    place: Place
    effects: list[Effect]

    @property
    def rows(self) -> list[AnyResult]:
        """Every row behind the effects, once."""
        return list({row.key: row for effect in self.effects for row in effect.rows}.values())


_Ranked = tuple[tuple[float, ...], _Candidate]


class TrialChoice:
    """The choice of one trial's effects for one question."""

    def __init__(
        self,
        question: Question,
        trial: Trial,
        rows: Sequence[AnyResult],
        ledger: Ledger,
        tried: _Tried | None = None,
    ) -> None:
        """Take the candidate rows; every row of the trial lends people, baselines, correlations.

        `tried` is what groups of rows gave to others.
        """
        self.question, self.trial, self.rows, self.ledger = question, trial, rows, ledger
        self.tried = tried
        self.all_rows = ledger.rows.by_trial[trial.trial_id]
        self.converted = ledger.rows.converted(trial.trial_id)

    def effects(self) -> list[Effect]:
        """Return the preferred effects, noting in the ledger what became of each row.

        One effect, or one a treated arm where the question keeps arms apart; none where no group
        of rows gives one. Where the ledger does not tell of rows, groups that another is preferred
        to are not tried.
        """
        arms, contrasts = _grouped(self.rows, self.question)
        groups: list[_Group] = [*arms.items(), *contrasts.items()]
        whole = self.ledger.told or len(groups) == 1
        for level in [groups] if whole else self._preferred_first(groups):
            given = ((place, self._given(place, rows)) for place, rows in level)
            if found := [_Candidate(place, effects) for place, effects in given if effects]:
                break
        else:
            return []
        best = found[0] if len(found) == 1 else self._best(found)
        for row in best.rows:
            self.ledger.note(row, "used")
        return best.effects

    def _preferred_first(self, groups: Sequence[_Group]) -> list[list[_Group]]:
        levels = by(groups, lambda group: self._rank_of_place(group[0]))
        return [levels[rank] for rank in sorted(levels)]

    def _best(self, found: Sequence[_Candidate]) -> _Candidate:
        """Return the preferred one of several candidates, noting on what each other one loses.

        What a question prefers is read here alone: of most trials there is one candidate.
        """
        ranked = [(self._rank(one.place, one.effects), one) for one in found]
        least = min(rank for rank, _ in ranked)
        alike = [one for rank, one in ranked if rank == least]
        best = min(alike, key=lambda c: [row.order for row in c.rows]) if alike[1:] else alike[0]
        for rank, one in ranked:
            if one is not best:
                self._note_loser((rank, one), (least, best))
        return best

    def _given(self, place: Place, group: list[Any]) -> list[Effect]:
        """Return the effects of a group, as they are known where nothing is told of its rows."""
        if self.tried is None:
            return self._try(place, group)
        groups, numbers, noted = self.tried
        answers = groups[self.trial.trial_id, place, tuple([row.key for row in group])]
        found = None if self.ledger.told else answers.known(numbers)
        if found is None:
            asked: Any = Noted(numbers.question)
            alone = TrialChoice(asked, self.trial, group, self.ledger)
            found = answers.enter(numbers, asked, alone._try(place, group))
        noted.also(found.read)
        effects: list[Effect] = found.told
        return effects

    def _try(self, place: Place, group: list[Any]) -> list[Effect]:
        """Return the effects of a group; none where they are not usable, with reasons noted."""
        effects: list[Effect] = []
        try:
            contrasts = isinstance(group[0], Contrast)
            effects = (self._from_contrasts if contrasts else self._from_arms)(place, group)
            effects = self._with_selection(effects)
            self._refuse_assumptions(effects)
        except NotUsable as why:
            behind = {row.key for effect in effects for row in effect.rows}
            for row in group:
                if row.key in behind if effects else self.ledger.fate(row) is None:
                    self.ledger.note(row, why.reason, str(why))
            effects = []
        if not effects:
            self.ledger.stood_back(group)
        return effects

    def _with_selection(self, effects: list[Effect]) -> list[Effect]:
        """Say of the effect of a selected arm that it is one; `SelectedArm` where none may be."""
        step = selected_arm(self.trial, effects, self.all_rows)
        if step is None:
            return effects
        if step.assumption not in self.question.assumptions:
            raise SelectedArm(step.formula)
        return [effect._replace(steps=(step, *effect.steps)) for effect in effects]

    def _refuse_assumptions(self, effects: list[Effect]) -> None:
        for effect in effects:
            for word in effect.assumptions:
                if word not in self.question.assumptions:
                    what = vocabulary().words("assumptions")[word]
                    raise NotUsable(f"needs what this analysis does not assume: {what}")

    def _note_loser(self, loser: _Ranked, best: _Ranked) -> None:
        pairs = enumerate(zip(loser[0], best[0], strict=True))
        reason = next((_LOST_ON[i] for i, (a, b) in pairs if a != b), "repeated report")
        winner = best[1].effects[0]
        hour = f"{winner.hour:g} h" if winner.hour is not None else "no hour"
        by = winner.analysis_set if winner.basis != "contrast" else "reported contrast"
        said = ", ".join(filter(None, (winner.scale, winner.definition, hour, by)))
        for row in loser[1].rows:
            self.ledger.note(row, reason, f"used: {said}")

    def _rank_of_place(self, place: Place) -> tuple[float, ...]:
        q = self.question
        if q.window is None:
            distance, tie = -(place.hour if place.hour is not None else float("inf")), 0.0
        else:
            hour = place.hour or 0.0
            distance, tie = abs(hour - q.window.target), -hour
        return (
            _position(q.scales, place.scale),
            _position(q.definitions, place.definition),
            distance,
            tie,
        )

    def _rank(self, place: Place, effects: list[Effect]) -> tuple[float, ...]:
        q = self.question
        contrast = effects[0].basis == "contrast"
        source = q.sources.index("contrasts" if contrast else "arms")
        assumes = any(effect.assumptions for effect in effects)
        return (
            *self._rank_of_place(place),
            source + 2 * assumes,
            0 if contrast else _position(q.analysis_sets, place.analysis_set),
        )

    # how arms are taken together
    _arms: type[ArmEffects] = ArmEffects

    def _from_arms(self, place: Place, group: list[ArmResult]) -> list[Effect]:
        own = self._arms(self.question, self.trial, self.all_rows, self.converted, self.ledger)
        return own.effects(place, group)

    def _from_contrasts(self, place: Place, group: list[Contrast]) -> list[Effect]:
        arms = self.trial.arms
        classes = {row.key: arm_class(arms[row.arm_c], self.question) for row in group}
        first = min(classes.values(), key=self.question.comparators.index)
        chosen = []
        for row in group:
            if classes[row.key] != first:
                self.ledger.note(row, "other comparator", f"used: {first}")
            else:
                chosen.append(row)
        sets = self._sets(self._apart_or_pooled(place, chosen))
        return [self._contrast_effect(place, rows, first, len(sets) > 1) for rows in sets]

    def _sets(self, usable: list[Contrast]) -> list[list[Contrast]]:
        """Return the contrasts that give an effect together: one an arm where arms stand apart."""
        if len(usable) > 1 and self.question.arms in ("split", "whole"):
            return [[row] for row in usable]
        return [usable] if usable else []

    def _contrast_effect(
        self, place: Place, rows: list[Contrast], comparator: str, apart: bool
    ) -> Effect:
        found = self._converted(place, rows)
        arms = self.trial.arms
        return Effect(
            self.trial,
            found.estimate.yi,
            found.estimate.vi,
            found.n_t,
            found.n_c,
            tuple(arms[row.arm_t] for row in rows),
            (arms[rows[0].arm_c],),
            comparator,
            place.scale,
            "",
            place.hour,
            NOT_STATED,
            "contrast",
            tuple(rows),
            (*found.steps, found.estimate.step),
            same_people=is_paired(self.trial, rows[0]),
            comparison=rows[0].arm_t if apart else "",
            # a control of about the size of each treated arm gives half of each variance
            shared=found.estimate.vi / 2 if apart and self.question.arms == "whole" else None,
        )

    def _converted(self, place: Place, rows: list[Contrast]) -> ContrastEffect:
        q, sign = self.question, scale_sign(place.scale, self.question.outcome)
        # without an estimate there is no effect, whatever the correlation
        paired = any(row.estimate is not None and is_paired(self.trial, row) for row in rows)
        r = q.correlation if paired else 0.0
        return self.converted.contrasts(q.measure, self.trial, rows, r, sign)

    def _apart_or_pooled(self, place: Place, rows: list[Contrast]) -> list[Contrast]:
        """Take one usable row an arm; a pooled arm's contrast stands for those of its parts.

        None where no row is usable; each is noted with its own reason.
        """
        by_arm: dict[str, Contrast] = {}
        for row in preferred_first(rows):
            try:
                self._converted(place, [row])
            except NotUsable as why:
                self.ledger.note(row, "not usable", str(why))
                continue
            if row.arm_t in by_arm:
                self.ledger.note(row, "repeated report", f"used: {by_arm[row.arm_t].key}")
                continue
            by_arm[row.arm_t] = row
        for arm_id in [a for a in by_arm if self.trial.arms[a].pooled]:
            for part in self.trial.arms[arm_id].pooled:
                if part in by_arm:
                    self.ledger.note(by_arm.pop(part), "pooled arm", f"used: {arm_id}, as reported")
        if len({row.arm_c for row in by_arm.values()}) > 1:
            raise NotUsable("contrasts against several control arms are not averaged")
        return list(by_arm.values())


class Choices:
    """The choices of one run: where a question meets the same rows again, its answer stands.

    A narrowed analysis asks of most trials what the whole one asks.
    """

    def __init__(self, trials: Mapping[str, Trial], rows: Rows) -> None:
        """Take the trials and every raw row of each."""
        self.trials, self.rows = trials, rows
        self.forget()

    def forget(self) -> None:
        """Forget all answers, where no question on the same outcome comes any more."""
        self.rows.forget()
        effect_sizes.forget_all()
        self._sieve = Sieve(self.trials, self.rows)
        self._reads = Reads()
        # effects by the rows that they are tried from
        self._groups: _Groups = defaultdict(Answers)

    def chosen(self, analysis: str, question: Question) -> tuple[list[Effect], Ledger]:
        """Return what each trial by itself gives an analysis, and the fate of every row so far.

        Of `stage.effects_of` this is the part before reports of the same people meet.
        """
        sifted = self._sieve.sift(question)
        ledger = Ledger(analysis, self.rows, question.outcome, sifted.fates)
        effects: list[Effect] = []
        for made in self._answers(question, sifted, ledger):
            ledger.enter(made.fates)
            effects += made.effects
        return effects, ledger

    def effects(self, question: Question) -> list[Effect]:
        """Return the effects of `chosen` alone, of which nobody asks what became of the rows."""
        sifted = self._sieve.sift(question)
        ledger = Ledger("", self.rows, question.outcome, told=False)
        made = self._answers(question, sifted, ledger)
        return [effect for one in made for effect in one.effects]

    def _answers(self, question: Question, sifted: Sifted, ledger: Ledger) -> Iterator[_Made]:
        """Yield what each trial with candidates gives a question."""
        numbers = Numbers(question, self._reads)
        for given in sifted.candidates:
            answers = given.made if ledger.told else given.effects
            if (found := answers.known(numbers)) is None:
                noted = Noted(question)
                asked: Any = noted
                own, tried = ledger.aside(), _Tried(self._groups, numbers, noted)
                choice = TrialChoice(asked, self.trials[given.trial_id], given.rows, own, tried)
                made = _Made(choice.effects(), own.noted)
                found = answers.enter(numbers, noted, made)
                if ledger.told:
                    given.effects.enter(numbers, noted, made)
            yield found.told


# what a group of rows gave: by the trial, the place, and the keys of the rows
_Groups = dict[tuple[str, Place, tuple[str, ...]], Answers]


class _Tried(NamedTuple):
    """What groups of rows gave to others, for a question that notes what is read of it."""

    groups: _Groups
    numbers: Numbers
    noted: Noted


class _Made(NamedTuple):
    """What a trial gave a question, and what the ledger noted of its rows."""

    effects: list[Effect]
    fates: Mapping[str, Fate]


def _grouped(
    rows: Iterable[AnyResult], question: Question
) -> tuple[dict[Place, list[ArmResult]], dict[Place, list[Contrast]]]:
    """Return results of arms, and contrasts, by what those share that make an effect together."""
    arms: dict[Place, list[ArmResult]] = defaultdict(list)
    contrasts: dict[Place, list[Contrast]] = defaultdict(list)
    for row in rows:
        if isinstance(row, Contrast):
            place = Place(row.scale or "", "", row.timepoint_h, row.measure)
            contrasts[place].append(row)
        else:
            definition = row.definition or NOT_STATED
            if definition in question.strata:
                definition = " + ".join(question.strata)
            arms[Place(row.scale or "", definition, row.timepoint_h, row.analysed)].append(row)
    return arms, contrasts


def _position(order: Sequence[str] | None, word: str) -> int:
    """Return the place of a word in an order of preference; unknown words come last."""
    if order is None:
        return 0
    return order.index(word) if word in order else len(order)
