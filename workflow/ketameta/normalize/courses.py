"""The effects of a time course: of every hour and scale of a trial, each from the best rows there.

Conversions and the choice among rows are those of an analysis; only that one hour and one scale are
not preferred to others. A row is in one effect, but for that of a control that arms share; of
reports that share people one stands for all hours.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set

from ketameta.configuration import Course
from ketameta.normalize.choose import TrialChoice
from ketameta.normalize.effect_rows import effect_rows
from ketameta.normalize.effect_sizes import compute_ahead
from ketameta.normalize.ledger import Ledger
from ketameta.normalize.overlap import overlap, without_overlap
from ketameta.normalize.records import Arm, Effect, Trial
from ketameta.normalize.results import AnyResult
from ketameta.normalize.rows import Rows
from ketameta.normalize.sift import Sieve
from ketameta.tables.collection import by
from ketameta.tables.effects import CourseEffectRow, CourseLedgerRow
from ketameta.tables.table import extended_each


def over_time(
    courses: Iterable[Course], trials: Mapping[str, Trial], rows: Rows
) -> tuple[list[CourseEffectRow], list[CourseLedgerRow]]:
    """Return the effects of all courses, and what became of the rows on their outcomes."""
    effects: list[CourseEffectRow] = []
    counts: list[CourseLedgerRow] = []
    sieve = Sieve(trials, rows)
    for course in courses:
        found, ledger = effects_over_time(course, sieve, trials, rows)
        effects += _rows(course, found)
        counts += _counted(course.name, ledger)
    return effects, counts


def effects_over_time(
    course: Course, sieve: Sieve, trials: Mapping[str, Trial], rows: Rows
) -> tuple[list[Effect], Ledger]:
    """Return the effects of a course, by trial, hour and scale, and the fate of every row in it."""
    question = course.select
    sifted = sieve.sift(question)
    ledger = Ledger(course.name, rows, question.outcome, sifted.fates)
    compute_ahead(rows.on(question.outcome).rows, [question.measure])
    found: list[Effect] = []
    for given in sifted.candidates:
        trial = trials[given.trial_id]
        for _, at_hour in sorted(by(given.rows, _hour).items()):
            own = []
            for _, here in sorted(by(at_hour, _scale).items()):
                own += TrialChoice(question, trial, here, ledger).effects()
            found += _told_apart(own, ledger)
    found = people_once(found, ledger)
    ledger.check()
    return found, ledger


def _hour(row: AnyResult) -> float:
    return row.timepoint_h if row.timepoint_h is not None else -1.0


def _scale(row: AnyResult) -> str:
    return row.scale or ""


def _told_apart(effects: list[Effect], ledger: Ledger) -> list[Effect]:
    """Leave out what has no scale where others of the hour have one: it may be the same result."""
    named = [effect for effect in effects if effect.scale]
    if named and len(named) < len(effects):
        held = _rows_of(named)
        for effect in effects:
            if not effect.scale:
                _let_go(effect, held, ledger, "repeated report", named[0].scale)
    return named or effects


def people_once(effects: list[Effect], ledger: Ledger) -> list[Effect]:
    """Keep, of reports that share people, the set that holds most of them, at all hours alike."""
    own = by(effects, lambda effect: effect.trial.trial_id)
    largest = [
        each[0]._replace(n_t=_most_people(each), n_c=0, same_people=False) for each in own.values()
    ]
    stay = {effect.trial.trial_id for effect in without_overlap(largest)}
    found = [effect for effect in effects if effect.trial.trial_id in stay]
    kept, held = {e.trial.trial_id: e.trial for e in found}, _rows_of(found)
    for trial_id, gone in own.items():
        if trial_id not in stay:
            family = [name for name, trial in kept.items() if overlap(trial, gone[0].trial)]
            for effect in gone:
                _let_go(effect, held, ledger, "shared people", ", ".join(family))
    return found


def _rows_of(effects: Iterable[Effect]) -> set[str]:
    return {row.key for effect in effects for row in effect.rows}


def _let_go(effect: Effect, held: Set[str], ledger: Ledger, reason: str, used: str) -> None:
    """Note why the rows of an effect are not used, but for those that others hold."""
    for row in effect.rows:
        if row.key not in held and ledger.fate(row) == ("used", ""):
            ledger.note(row, reason, f"used: {used}")


def _most_people(effects: Sequence[Effect]) -> float:
    """Return the most people of a trial at one hour on one scale; a shared control counts once."""
    places: dict[object, list[Effect]] = defaultdict(list)
    for effect in effects:
        places[effect.hour, effect.scale].append(effect)
    return max(
        sum(e.n_t or 0 for e in here) + max(e.n_c or 0 for e in here)
        if len(here) > 1
        else here[0].people
        for here in places.values()
    )


def _rows(course: Course, effects: Sequence[Effect]) -> list[CourseEffectRow]:
    rows = effect_rows(course.name, course.select, effects)
    return extended_each(CourseEffectRow, rows, **arms_of(effects))


def arms_of(effects: Iterable[Effect]) -> dict[str, list[list[str]]]:
    """Return the columns of the arms that the sides of effects are made of."""
    sides = [(arm_parts(effect.treated), arm_parts(effect.control)) for effect in effects]
    return {"arms_t": [t for t, _ in sides], "arms_c": [c for _, c in sides]}


def arm_parts(arms: Iterable[Arm]) -> list[str]:
    """Return the arms that a side is made of; one pooled as reported is told by its parts."""
    return list(dict.fromkeys(part for arm in arms for part in arm.pooled or (arm.arm_id,)))


def _counted(course: str, ledger: Ledger) -> list[CourseLedgerRow]:
    """Return how many rows on the outcome met each fate, those used first."""
    told = Counter(reason for reason, _ in ledger.check())
    ordered = sorted(told.items(), key=lambda one: (one[0] != "used", -one[1], one[0]))
    return [CourseLedgerRow(course=course, reason=reason, rows=n) for reason, n in ordered]
