"""What tells the rows of a raw table apart, and what they are called for people."""

from __future__ import annotations

from collections.abc import Mapping

from ketameta.tables.raw import RESULT_TABLES

# where a table has no key of its own
_IDENTITY = {
    "outcomes": (
        *("trial_id", "arm_id", "outcome", "scale", "definition"),
        *("timepoint_h", "analysis_set", "flag"),
    ),
    "contrasts": ("trial_id", "arm_t", "arm_c", "outcome", "scale", "timepoint_h", "measure"),
    "published": ("review_id", "outcome", "scale", "timepoint", "measure", "comparison"),
}
# what decisions of earlier versions do not name a row by
_SINCE = {"published": ("comparison",)}
# cells that say which row it is, for people
_NAME = {
    "trials": ("trial_id",),
    "arms": ("trial_id", "arm_id"),
    "outcomes": ("trial_id", "arm_id", "outcome", "scale", "timepoint_h"),
    "contrasts": ("trial_id", "arm_t", "arm_c", "outcome", "scale", "timepoint_h"),
    "published": ("review_id", "outcome", "timepoint", "comparison"),
    "claims": ("claim_id", "part"),
    "risk_of_bias": ("trial_id", "outcome", "domain"),
    "rob2_answers": ("trial_id", "outcome", "question", "rater"),
    "trustworthiness": ("trial_id", "item", "assessor"),
}


def identity(table: str) -> tuple[str, ...]:
    """Return the columns that tell the rows of a raw table apart."""
    return RESULT_TABLES[table].key or _IDENTITY[table]


def name_of(table: str, cells: Mapping[str, str]) -> str:
    """Return a row for people: the cells as entered that identify it, without its table."""
    return " / ".join(cells[name] for name in _NAME[table] if cells.get(name))


def decision_name(table: str, cells: Mapping[str, str]) -> str:
    """Return what a decision on a row calls it: all cells that tell it apart but its flag.

    It stays the same where a flag is set, a number mended or the table sorted.
    """
    names = (name for name in identity(table) if name != "flag")
    return " / ".join(cells[name] for name in names if cells.get(name))


def decision_names(table: str, cells: Mapping[str, str]) -> tuple[str, ...]:
    """Return `row_of`, and then what decisions of earlier versions call the row, if otherwise."""
    now, since = decision_name(table, cells), _SINCE.get(table, ())
    then = (
        decision_name(table, {n: c for n, c in cells.items() if n not in since}) if since else now
    )
    return tuple(dict.fromkeys((now, then)))
