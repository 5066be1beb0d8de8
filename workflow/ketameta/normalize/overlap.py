"""Never two reports of the same patients in one pool."""

from __future__ import annotations

from itertools import combinations

from ketameta.normalize.ledger import Ledger
from ketameta.normalize.records import Effect, Trial


def resolve(effects: list[Effect], trials: dict[str, Trial], ledger: Ledger) -> list[Effect]:
    """Keep, of reports that share patients, the set without overlap that holds most people.

    Reports overlap where one is `part_of` the other, or both are of a third. Ties go to the set
    of more reports (the separate trials before their pool), then to the earlier names.
    """
    kept: list[Effect] = []
    for family in _families(effects, trials):
        best = max(_without_overlap(family, trials), key=_worth)
        names = ", ".join(e.trial.trial_id for e in best)
        kept += best
        for effect in family:
            if effect not in best:
                for row in effect.rows:
                    if ledger.fate(row) == "used":
                        ledger.note(row, "same patients", f"used: {names}")
    return sorted(kept, key=lambda e: e.trial.trial_id)


def overlap(a: Trial, b: Trial) -> bool:
    """Say whether two reports share patients."""
    return a.trial_id in b.parts or b.trial_id in a.parts or bool(set(a.parts) & set(b.parts))


def _worth(effects: list[Effect]) -> tuple[int, int, list[int]]:
    people = round(sum(e.people for e in effects))
    # the earlier name wins a tie: compare code points, negated
    return people, len(effects), [-ord(c) for e in effects for c in e.trial.trial_id]


def _families(effects: list[Effect], trials: dict[str, Trial]) -> list[list[Effect]]:
    """Group effects whose reports are linked by shared patients, directly or through others."""
    families: list[list[Effect]] = []
    for effect in sorted(effects, key=lambda e: e.trial.trial_id):
        linked = [f for f in families if any(overlap(effect.trial, e.trial) for e in f)]
        families = [f for f in families if f not in linked]
        families.append([e for f in linked for e in f] + [effect])
    return families


def _without_overlap(family: list[Effect], trials: dict[str, Trial]) -> list[list[Effect]]:
    if len(family) == 1:
        return [family]
    family = sorted(family, key=lambda e: e.trial.trial_id)
    sets = []
    for size in range(1, len(family) + 1):
        for chosen in combinations(family, size):
            if not any(overlap(a.trial, b.trial) for a, b in combinations(chosen, 2)):
                sets.append(list(chosen))
    return sets
