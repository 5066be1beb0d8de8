"""Answers and judgements of INSPECT-SR held against each other and against the tool.

- A check has an answer, a domain and the trial overall have a judgement: the other is an error.
- Serious concerns without a reason, and an overall judgement that is better than that of a domain
  without one, are warnings; so are rows that nobody filled, once a trial and assessor.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from ketameta.ingest.sheet import Entry, Sheet
from ketameta.tables import trust
from ketameta.tables.problems import WARNING, shown


def check_assessments(sheets: Mapping[str, Sheet]) -> None:
    """Add every fault between what assessors entered of a trial."""
    sheet = sheets.get("trustworthiness")
    if sheet is None or not sheet.whole:
        return
    sets: dict[tuple[str, str], dict[str, Entry]] = defaultdict(dict)
    for entry in sheet.entries:
        item = entry["item"]
        if item is not None and _fits(sheet, entry, item):
            sets[entry["trial_id"], entry["assessor"]].setdefault(item, entry)
    for own in sets.values():
        _whole(sheet, own)


def _fits(sheet: Sheet, entry: Entry, item: str) -> bool:
    """Fault a row that has what its item does not have; say whether it has none of that."""
    column, wanted = "answer", "a judgement"
    if item in trust.CHECKS:
        column, wanted = "judgement", "an answer"
    if entry[column] is not None:
        sheet.fault(entry, column, f"{item} takes {wanted}, no {column}")
        return False
    if entry["judgement"] == trust.SERIOUS and entry["support"] is None:
        message = f"is empty; {trust.SERIOUS} need a reason"
        sheet.fault(entry, "support", message, WARNING)
    return not entry.bad & {"answer", "judgement"}


def _whole(sheet: Sheet, own: Mapping[str, Entry]) -> None:
    """Warn of what an assessor left open about a trial, or judged better than a domain of it."""
    empty = [item for item, e in own.items() if e["answer"] is None and e["judgement"] is None]
    judged = {item: e["judgement"] for item, e in own.items() if e["judgement"] is not None}
    first = next(iter(own.values()))
    who = shown(str(first["assessor"]))
    if empty:
        message = f"{len(empty)} of {len(own)} rows of {who} have no answer and no judgement yet"
        sheet.fault(own[empty[0]], "item", message, WARNING)
    elif trust.overall(judged) is None and first["assessor"] != trust.AGREED:
        message = f"{who} gives no overall judgement: the trial is not judged"
        sheet.fault(first, "item", message, WARNING)
    whole = own.get(trust.OVERALL)
    worst = trust.worse(judged[domain] for domain in trust.DOMAINS if domain in judged)
    if whole is None or worst is None or trust.OVERALL not in judged:
        return
    better = trust.SEVERITY.index(judged[trust.OVERALL]) < trust.SEVERITY.index(worst)
    if better and whole["support"] is None:
        message = f"is better than a domain ({worst}): the tool wants a reason"
        sheet.fault(whole, "judgement", message, WARNING)
