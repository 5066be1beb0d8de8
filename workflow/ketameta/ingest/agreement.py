"""Numbers of one table held against those of another."""

from __future__ import annotations

from collections import defaultdict

from ketameta.ingest.sheet import Entry, Sheet
from ketameta.tables.problems import ERROR, WARNING

Arms = dict[tuple[str, str], Entry]


def check_agreement(sheets: dict[str, Sheet]) -> None:
    """Add every contradiction between tables that could be read."""
    if "arms" not in sheets:
        return
    arms: Arms = {}
    for entry in sheets["arms"].entries:
        if entry["trial_id"] is not None and entry["arm_id"] is not None:
            arms.setdefault((entry["trial_id"], entry["arm_id"]), entry)
    if "contrasts" in sheets:
        _overlap(sheets["contrasts"], arms)
    if "trials" in sheets:
        _totals(sheets["trials"], arms)


def _overlap(contrasts: Sheet, arms: Arms) -> None:
    """Fault a contrast of an arm with a pool that holds it: some people stand on both sides."""
    for entry in contrasts.entries:
        sides = [arms.get((entry["trial_id"], entry[name])) for name in ("arm_t", "arm_c")]
        if None in sides or entry["arm_t"] == entry["arm_c"]:
            continue
        people = [set(_members(arm)) for arm in sides if arm]
        if both := people[0] & people[1]:
            message = f"has people on both sides: {', '.join(sorted(both))} is part of each arm"
            contrasts.fault(entry, "arm_c", message, ERROR)


def _members(arm: Entry) -> list[str]:
    return arm["pooled_arms"].split(";") if arm["pooled_arms"] else [arm["arm_id"]]


def _totals(trials: Sheet, arms: Arms) -> None:
    """Warn where the arms of a parallel trial have more people than the trial."""
    people: dict[str, list[int | None]] = defaultdict(list)
    for (trial, _), arm in arms.items():
        if not arm.entered.get("pooled_arms"):
            people[trial].append(arm["n_randomised"])
    for entry in trials.entries:
        total, parts = entry["n_randomised"], people.get(entry["trial_id"], [])
        known = [n for n in parts if n is not None]
        if entry["design"] == "parallel" and total is not None and sum(known) > total:
            message = f"{total} is less than the {sum(known)} people randomised to its arms"
            trials.fault(entry, "n_randomised", message, WARNING)
