"""INSPECT-SR: the checks of each domain, and which of several assessors' judgements stands.

The tool asks whether the data and findings of a randomised trial can be trusted, in 21 checks of
four domains: Wilkinson 2025, medRxiv 2025.09.03.25334905 (version 3), guidance version 1.1. It has
no algorithm: people judge each domain and the trial, and the trial is mostly judged no better than
its worst domain. Two assess each trial apart from each other, then agree. The vocabulary says in
words of its own what each check is about; its questions stand in the guidance.

Checks are called C and their number: a spreadsheet would make 4.1 of 4.10.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from ketameta.tables.parts import PoolableEffect

if TYPE_CHECKING:
    from ketameta.tables.diagnostics import TrustRow

E = TypeVar("E", bound=PoolableEffect)

NONE, SOME, SERIOUS = "no concerns", "some concerns", "serious concerns"
SEVERITY = (NONE, SOME, SERIOUS)
YES, NO, UNCLEAR = "yes", "no", "unclear"
OVERALL = "overall"
# the assessor whose rows say what the others, or a third, settled
AGREED = "agreed"
_CHECKS = {"D1": 3, "D2": 5, "D3": 2, "D4": 11}
DOMAINS = {
    domain: tuple(f"C{domain[1:]}.{n}" for n in range(1, number + 1))
    for domain, number in _CHECKS.items()
}
CHECKS = tuple(check for checks in DOMAINS.values() for check in checks)
JUDGED = (*DOMAINS, OVERALL)
# the choice of a sensitivity analysis
WITHOUT_SERIOUS = "without trials of serious concerns"


def number(item: str) -> str:
    """Return a check by its number in the tool: 4.10 of C4.10; other words as they are."""
    return item[1:] if item in CHECKS else item


def overall(judgements: Mapping[str, str]) -> str | None:
    """Return an assessor's overall judgement from those by domain (and of all, where given).

    Where it is not given, it is that of the worst domain, if all are judged or that is serious: an
    assessment may end there. Else None.
    """
    if OVERALL in judgements:
        return judgements[OVERALL]
    worst = worse(judgements[domain] for domain in DOMAINS if domain in judgements)
    return worst if worst == SERIOUS or DOMAINS.keys() <= judgements.keys() else None


def worse(judgements: Iterable[str]) -> str | None:
    """Return the worst of judgements; None of none."""
    return max(judgements, key=SEVERITY.index, default=None)


def standing(by_assessor: Mapping[str, str]) -> str | None:
    """Return the judgement that stands: what was agreed, else the worst; None of none."""
    return by_assessor.get(AGREED) or worse(by_assessor.values())


def doubted(rows: Iterable[TrustRow]) -> frozenset[str]:
    """Return the trials of an analysis about which serious concerns stand."""
    return frozenset(row.trial_id for row in rows if row.judgement == SERIOUS)


def trusted(effects: Sequence[E], left_out: frozenset[str]) -> list[E]:
    """Return the effects without those of some trials."""
    return [effect for effect in effects if effect.trial_id not in left_out]
