"""Rows of one table held against rows of another: what cannot be, not what is unlikely.

Numbers that are merely odd, such as more people analysed than randomised, are findings of
`normalize.checks`: they stop nothing.
"""

from __future__ import annotations

from ketameta.ingest.sheet import Sheet
from ketameta.tables.problems import ERROR


def check_agreement(sheets: dict[str, Sheet]) -> None:
    """Add every contradiction between tables that could be read."""
    if "arms" in sheets and "contrasts" in sheets:
        _overlap(sheets["contrasts"], sheets["arms"])


def _overlap(contrasts: Sheet, arms: Sheet) -> None:
    """Fault a contrast of an arm with a pool that holds it: some people stand on both sides."""
    known = {(entry["trial_id"], entry["arm_id"]): entry for entry in arms.entries}
    for entry in contrasts.entries:
        sides = [known.get((entry["trial_id"], entry[name])) for name in ("arm_t", "arm_c")]
        if None in sides or entry["arm_t"] == entry["arm_c"]:
            continue
        people = [{*(arm["pooled_arms"] or arm["arm_id"]).split(";")} for arm in sides if arm]
        if both := people[0] & people[1]:
            message = f"has people on both sides: {', '.join(sorted(both))} is part of each arm"
            contrasts.fault(entry, "arm_c", message, ERROR)
