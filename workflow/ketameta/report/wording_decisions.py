"""What a decision on a cell or a row says, in a sentence: what stood before, who decided, why.

Also what all of them come to: whole rows apart from cells, and cells by what they hold.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from ketameta.report import wording
from ketameta.report.naming import listed
from ketameta.tables.decisions import BOTH, CORRECTION, OTHER, A, B, Decision
from ketameta.tables.raw import RESULT_TABLES

EMPTY = "nothing"
# the decision as a word of a list, and how many there are
_LABELS = {
    A: ("kept", "kept as they were"),
    B: ("taken from the other extraction", "taken from the other extraction"),
    OTHER: ("another value", "given another value"),
    BOTH: ("sources conflict", "left to stand as sources that conflict"),
}
_HOLDERS = {"trials": ("trial with its rows", "trials with their rows")}
_HOLDERS["arms"] = ("arm with its rows", "arms with their rows")
_NUMBERS = {
    (table, column.name)
    for table, schema in RESULT_TABLES.items()
    for column in schema.columns
    if column.kind in ("integer", "number")
}


def decision_label(one: Decision) -> str:
    """Return a decision as a word of a list; of a whole row `added` or `taken out`."""
    if not one.column and one.decision in (B, CORRECTION):
        return "added" if one.stands else "taken out"
    return {CORRECTION: "corrected", "": "open"}.get(one.decision) or _LABELS[one.decision][0]


def decisions_counted(found: Iterable[Decision]) -> str:
    """Count what was decided: ``2 kept as they were, 1 cell corrected (1 number)``."""
    by_label: dict[str, list[Decision]] = {}
    for one in found:
        by_label.setdefault(decision_label(one), []).append(one)
    parts = [
        f"{len(by_label[word]):,} {several}"
        for word, several in _LABELS.values()
        if word in by_label
    ]
    parts += [
        f"{len(by_label[word]):,} {word} ({_rows(by_label[word])})"
        for word in ("added", "taken out")
        if word in by_label
    ]
    if own := by_label.get("corrected"):
        parts.append(f"{wording.count(len(own), 'cell')} corrected ({_cells(own)})")
    return listed(parts)


def _rows(found: Iterable[Decision]) -> str:
    counts = Counter(_HOLDERS.get(one.table, ("row", "rows")) for one in found)
    order = [*_HOLDERS.values(), ("row", "rows")]
    return listed([wording.count(counts[what], *what) for what in order if counts[what]])


def _cells(found: Iterable[Decision]) -> str:
    kinds: dict[str, list[Decision]] = {"number": [], "flag": [], "word": []}
    for one in found:
        number = (one.table, one.column) in _NUMBERS
        kinds["number" if number else "flag" if one.column == "flag" else "word"].append(one)
    numbers, flags, words = kinds.values()
    told = []
    if numbers:
        empty = sum(not one.a for one in numbers)
        before = f", {empty} of which {'was' if empty == 1 else 'were'} empty before"
        told.append(wording.count(len(numbers), "number") + before * bool(empty))
    if flags:
        told.append(wording.count(len(flags), "flag"))
    if words:
        told.append(wording.count(len(words), "note or word", "notes and words"))
    return "; ".join(told)


def decision_sentences(one: Decision) -> str:
    """Return the sentences of a decision; its column or row is named first."""
    told = _cell(one) if one.column else _row(one)
    who = ", ".join(filter(None, (one.role, one.date)))
    by = f" Decided by {who}" if one.decision and who else ""
    why = one.reason.rstrip(".")
    where = ", ".join(filter(None, (one.source, one.locator)))
    because = f": {why}." if by and why else f" {why}." if why else "." if by else ""
    return told + by + because + (f" Source: {where}." if where else "")


def _cell(one: Decision) -> str:
    a, b = one.a or EMPTY, one.b or EMPTY
    told = {
        A: f"kept; the other extraction has {b}.",
        B: f"{one.b or 'empty'}, from the other extraction; {a} stood before.",
        OTHER: f"{one.value or 'empty'}; {a} stood before, and the other extraction has {b}.",
        BOTH: f"sources conflict; the other extraction has {b}, and both stand.",
        CORRECTION: f"{one.b or 'empty'}, corrected; {a} stood before.",
    }.get(one.decision, f"not decided yet; the other extraction has {b}.")
    return f"{one.column}: {told}"


def _row(one: Decision) -> str:
    what = {"trials": "trial", "arms": "arm"}.get(one.table, "row")
    sides = "the first extraction alone has it" if one.a else "the other extraction alone has it"
    if one.decision in (B, CORRECTION) and one.stands:
        return f"{what}: added; it did not stand here before."
    fates = ("stays", "left out" if one.decision == A else "taken out")
    fate = fates[0] if one.stands else fates[1]
    return f"{what}: {fate}; {sides}." if one.decision else f"{what}: not decided yet; {sides}."
