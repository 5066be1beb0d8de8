"""What a decision on a cell or a row says, in a sentence: what stood before, who decided, why."""

from __future__ import annotations

from ketameta.tables.decisions import BOTH, CORRECTION, OTHER, A, B, Decision

EMPTY = "nothing"
# the decision as a word of a list
LABELS = {
    A: "kept",
    B: "taken from the other extraction",
    OTHER: "another value",
    BOTH: "sources conflict",
    CORRECTION: "corrected",
    "": "open",
}


def said(one: Decision) -> str:
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
    fates = ("added", "taken out") if one.decision == B else ("stays", "left out")
    fate = fates[0] if one.stands else fates[1]
    return f"{what}: {fate}; {sides}." if one.decision else f"{what}: not decided yet; {sides}."
