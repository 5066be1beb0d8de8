"""Trustworthiness in words: what was assessed, and what is left without trials in doubt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from ketameta.measures import MEASURES
from ketameta.report.naming import listed
from ketameta.report.wording import count, estimate_interval, unit_sign
from ketameta.tables import trust
from ketameta.tables.diagnostics import TrustRow
from ketameta.tables.parts import Estimate
from ketameta.tables.syntheses import SensitivityRow

# so many trials are named in a sentence
_NAMED = 4


def tally(judgements: Iterable[str]) -> str:
    """Count judgements in words, the worst first: ``1 with serious concerns, 2 with none``."""
    found = Counter(judgements)
    names = {trust.NONE: "none"}
    told = [f"{found[w]} with {names.get(w, w)}" for w in reversed(trust.SEVERITY) if found[w]]
    return ", ".join(told)


def in_analysis(
    measure: str,
    record: Estimate,
    studies: int,
    rows: Sequence[TrustRow],
    sensitivity: Sequence[SensitivityRow],
) -> str:
    """Say what trials of an analysis were judged, and what it gives without those in doubt.

    `studies` is the number of its trials, `rows` are those that were assessed. Empty without a
    trial.
    """
    if not studies:
        return ""
    if not rows:
        return "Nobody has judged the trustworthiness of these trials (INSPECT-SR)."
    said = f"Trustworthiness (INSPECT-SR) is judged of {len(rows)} of {count(studies, 'trial')}"
    doubted = [row for row in rows if row.judgement == trust.SERIOUS]
    if not doubted:
        return f"{said}: none has serious concerns, so that none is left out for them."
    found = next(row for row in sensitivity if row.variant == trust.WITHOUT_SERIOUS)
    without = "Without it" if len(doubted) == 1 else "Without them"
    return f"{said}: {_in_doubt(doubted)}. {without} {_what_is_left(measure, record, found)}."


def _in_doubt(rows: Sequence[TrustRow]) -> str:
    """Name trials of serious concerns, and say where it is not settled that they are."""
    names = [row.label for row in rows]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    which = ", ".join(names[:_NAMED]) + more if more else listed(names)
    has = "has" if len(names) == 1 else "have"
    number = sum(row.disputed for row in rows)
    open_of = f" on {number}" if len(names) > 1 else ""
    said = f" (assessors differ{open_of}, and the worse stands)" if number else ""
    return f"{which} {has} serious concerns{said}"


def _what_is_left(measure: str, record: Estimate, found: SensitivityRow) -> str:
    """Say what is pooled of the other trials, beside the analysis itself."""
    if found.estimate is None:
        left = f"{count(found.k, 'trial')} left" if found.k else "no trial is left"
        return f"nothing is pooled: {left}"
    sign = unit_sign(measure)
    said = f"the {MEASURES[measure].words} is {estimate_interval(measure, found)}{sign}"
    said += f" from {count(found.k, 'trial')}"
    if record.estimate is None:
        return said
    return f"{said} in place of {estimate_interval(measure, record)}{sign}"
