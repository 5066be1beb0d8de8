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
    names = [row.label for row in doubted]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    which = ", ".join(names[:_NAMED]) + more if more else listed(names)
    has = "has" if len(names) == 1 else "have"
    found = next((row for row in sensitivity if row.variant == trust.WITHOUT_SERIOUS), None)
    if found is None:
        return f"{said}: {which} {has} serious concerns."
    without = "Without it" if len(names) == 1 else "Without them"
    if found.estimate is None:
        rest = "no trial is left" if not found.k else f"{count(found.k, 'trial')} left, not pooled"
        return f"{said}: {which} {has} serious concerns. {without} nothing is pooled: {rest}."
    sign = unit_sign(measure)
    result = f"{estimate_interval(measure, found)}{sign} from {count(found.k, 'trial')}"
    place = (
        ""
        if record.estimate is None
        else f" in place of {estimate_interval(measure, record)}{sign}"
    )
    words = MEASURES[measure].words
    return f"{said}: {which} {has} serious concerns. {without} the {words} is {result}{place}."
