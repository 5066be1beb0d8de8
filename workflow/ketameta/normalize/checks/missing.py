"""Rows that no analysis can use for want of a number: which cell, and what would do.

Counts need events, or per cent with n. Scores need a mean or change with its SD, standard error
or interval, or a median with quartiles or range. A reported contrast needs an estimate with
standard error, interval, t, F or a p-value printed as a number. Every row of an arm needs n, of its
own or randomised.

Not named are rows that a flag keeps out of every pool, rows that hold a baseline alone, a contrast
of which only p is reported, and rows whose own note or flag says what is missing: somebody has
looked. One finding says it for all rows of a trial that lack the same.
"""

from __future__ import annotations

from collections.abc import Hashable

from ketameta.measures import is_asked
from ketameta.normalize.checks.findings import Finding, once, remark
from ketameta.normalize.checks.view import RowsByTrial
from ketameta.normalize.conversions import ConversionError, parse_p
from ketameta.normalize.results import ArmResult, Contrast
from ketameta.vocabulary import vocabulary

_SAYS_SO = (
    r"\b(?:no|without|missing) (?:an? )?(?:arm )?(?:SDs?|SEs?|n|count|number|spread|interval)\b"
    r"|not (?:been )?(?:reported|stated|given|retrieved|printed|in the )|left empty"
    r"|\b(?:p|mean|bound|pointer|value)s? (?:\(\w+\) )?only"
)


def findings(view: RowsByTrial) -> list[Finding]:
    """Return rows that give no number to pool, once for each trial and what is missing."""
    found: list[tuple[Hashable, Finding]] = []
    for row in view.results:
        lacks = _contrast(row) if isinstance(row, Contrast) else _outcome(view, row)
        if lacks and row.use != "never" and not remark([row], _SAYS_SO):
            column, message = lacks
            finding = view.finding("no-number-to-pool", row, column, message)
            found.append(((row.trial_id, column, message), finding))
    return once(found)


def _outcome(view: RowsByTrial, row: ArmResult) -> tuple[str, str] | None:
    outcome = vocabulary().outcomes.get(row.outcome)
    if outcome is None:
        return None
    lacks = _count(row) if outcome.kind == "event" else _score(row)
    if lacks is None and view.size(row) is None and not _only_baseline(row):
        return "n", "is empty, and so is n_randomised of the arm: nobody to weigh it by"
    return lacks


def _count(row: ArmResult) -> tuple[str, str] | None:
    if row.events is None and row.percent is None:
        return "events", "is empty, and so is percent: a count needs one of them"
    return None


def _only_baseline(row: ArmResult) -> bool:
    names = ("mean", "change_mean", "median", "events", "percent")
    return all(row.value(name) is None for name in names)


def _score(row: ArmResult) -> tuple[str, str] | None:
    if _only_baseline(row):
        if row.baseline_mean is None:
            return "mean", "is empty, and so are change_mean and median: no score to pool"
        return None
    interval = row.ci95_low is not None and row.ci95_high is not None
    own = row.se is not None or interval
    if row.change_mean is not None and (row.change_sd is not None or own):
        return None
    of_mean = own and row.change_mean is None
    if row.mean is not None and (row.sd is not None or of_mean):
        return None
    around = [row.value(name) is not None for name in ("q1", "q3", "minimum", "maximum")]
    if row.mean is None and row.median is not None:
        if all(around[:2]) or all(around[2:]):
            return None
        if row.change_mean is None:
            return "median", "stands without quartiles or range: no SD can be had from it"
    column = "sd" if row.mean is not None else "change_sd"
    return column, "is empty, and so are se and the interval: a mean without spread has no weight"


def _exact(printed: str) -> bool:
    """Say whether a p-value is one, and not only a bound."""
    try:
        return parse_p(printed)[1] == "="
    except ConversionError:
        return False


def _contrast(row: Contrast) -> tuple[str, str] | None:
    if not is_asked(row.measure):
        return None  # read beside the others, never pooled
    if row.estimate is None and row.p_value:
        return None
    if row.estimate is None:
        return "estimate", "is empty: a reported contrast gives nothing without it"
    interval = row.ci_low is not None and row.ci_high is not None
    tests = any(row.value(name) is not None for name in ("se", "t_value", "f_value"))
    if interval or tests or _exact(row.p_value or ""):
        return None
    if row.p_value:
        message = f"{row.p_value} is no exact p, and serves for no standard error; without se, "
        return "p_value", message + "interval, t and F the estimate has no weight"
    return "se", "is empty, and so are interval, t, F and p_value: the estimate has no weight"


CHECKS = {"no-number-to-pool": findings}
