"""Never two reports of the same people in one pool."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol, TypeVar

from ketameta.normalize.ledger import Ledger
from ketameta.normalize.records import Effect, Trial


class Named(Protocol):
    """A trial report: its name, and the reports that its people are part of or together are."""

    @property
    def trial_id(self) -> str:
        """Its name."""

    @property
    def parts(self) -> tuple[str, ...]:
        """The names of those reports."""


class Report(Protocol):
    """What a trial report gives, with the people behind it."""

    @property
    def trial(self) -> Named:
        """The report."""

    @property
    def people(self) -> float:
        """How many people."""


R = TypeVar("R", bound=Report)


def resolve(effects: list[Effect], ledger: Ledger) -> list[Effect]:
    """Keep what is `without_overlap`, and note in the ledger why other rows are not used."""
    chosen = _chosen(effects)
    for family, best in chosen:
        names = ", ".join(e.trial.trial_id for e in best)
        for effect in family:
            if effect not in best:
                for row in effect.rows:
                    if ledger.fate(row) == ("used", ""):
                        ledger.note(row, "shared people", f"used: {names}")
    return _in_order(chosen)


def without_overlap(effects: list[R]) -> list[R]:
    """Return, of reports that share people, the set without overlap that holds most people.

    Reports overlap where one is `part_of` the other, or both are of a third. Ties go to the set
    of more reports (the separate trials before their pool), then to the earlier names.
    """
    return _in_order(_chosen(effects))


def _chosen(effects: list[R]) -> list[tuple[list[R], list[R]]]:
    """Return each family of reports that share people, and what is kept of it."""
    return [
        (f, max(_without_overlap(f), key=_worth) if len(f) > 1 else f) for f in _families(effects)
    ]


def _in_order(chosen: list[tuple[list[R], list[R]]]) -> list[R]:
    return sorted((e for _, best in chosen for e in best), key=lambda e: e.trial.trial_id)


def overlap(a: Named, b: Named) -> bool:
    """Say whether two reports share people."""
    return a.trial_id in b.parts or b.trial_id in a.parts or bool(set(a.parts) & set(b.parts))


class Holders:
    """Reports whose people are spoken for, in their order, to be asked who holds another's."""

    def __init__(self, trials: Iterable[Trial]) -> None:
        self._trials: list[Trial] = []
        # the first of each name, and the first that has it among its parts
        self._named: dict[str, int] = {}
        self._with: dict[str, int] = {}
        for trial in trials:
            self.add(trial)

    def add(self, trial: Trial) -> None:
        """Put a report behind the others."""
        place = len(self._trials)
        self._trials.append(trial)
        self._named.setdefault(trial.trial_id, place)
        for part in trial.parts:
            self._with.setdefault(part, place)

    def of(self, trial: Trial) -> Trial | None:
        """Return the first report that shares people with another (see `overlap`)."""
        places = [known.get(part) for part in trial.parts for known in (self._named, self._with)]
        found = [place for place in (*places, self._with.get(trial.trial_id)) if place is not None]
        return self._trials[min(found)] if found else None


def _worth(effects: list[R]) -> tuple[int, int, list[int]]:
    people = round(sum(e.people for e in effects))
    # the earlier name wins a tie: compare code points, negated
    return people, len(effects), [-ord(c) for e in effects for c in e.trial.trial_id]


def _families(effects: list[R]) -> list[list[R]]:
    """Group effects whose reports are linked by shared people, directly or through others.

    A report is linked with those that it is part of; a family is known by one of these wholes.
    """
    wholes = {part for effect in effects for part in effect.trial.parts}
    leader: dict[str, str] = {}

    def lead(name: str) -> str:
        while (above := leader.setdefault(name, name)) != name:
            leader[name] = name = leader[above]
        return name

    linked = []
    for effect in effects:
        trial = effect.trial
        names = (*trial.parts, trial.trial_id) if trial.trial_id in wholes else trial.parts
        linked.append((names, effect))
        for name in names[1:]:
            leader[lead(name)] = lead(names[0])
    families: dict[object, list[R]] = defaultdict(list)
    for place, (names, effect) in enumerate(linked):
        families[lead(names[0]) if names else place].append(effect)
    return list(families.values())


def _without_overlap(family: list[R]) -> list[list[R]]:
    """Return the sets without overlap to which no other effect of the family can be added.

    By Bron & Kerbosch 1973 (Communications of the ACM 16:575) with a pivot: a report of many
    separate trials has two such sets, not all the choices among the trials.
    """
    family = sorted(family, key=lambda e: e.trial.trial_id)
    places = range(len(family))
    beside = {
        i: {j for j in places if j != i and not overlap(family[i].trial, family[j].trial)}
        for i in places
    }
    return [[family[i] for i in one] for one in _largest(beside, [], set(places), set())]


def _largest(
    beside: Mapping[int, set[int]], chosen: list[int], rest: set[int], passed: set[int]
) -> Iterator[list[int]]:
    """Yield the sets that hold what is chosen, may hold the rest, and cannot hold what passed."""
    if not rest and not passed:
        yield sorted(chosen)
        return
    pivot = max(sorted(rest | passed), key=lambda i: len(beside[i] & rest))
    for i in sorted(rest - beside[pivot]):
        yield from _largest(beside, [*chosen, i], rest & beside[i], passed & beside[i])
        rest, passed = rest - {i}, passed | {i}
