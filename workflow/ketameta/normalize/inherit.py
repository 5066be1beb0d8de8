"""Reports of one randomisation have one sequence, one concealment and one blinding.

What was judged of them in one report stands for the others (`part_of`) where nobody judged theirs.
Missing data and selective reporting belong to each report, and so do the domains of RoB 2 that hold
how results were analysed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ketameta.normalize.records import Trial

Record = dict[str, Any]
# domains of the tools that belong to a randomisation
SHARED = ("sequence", "concealment", "blinding_participants", "blinding_assessors", "D1")
Place = tuple[str, str, str]


def inherited(rows: Sequence[Record], trials: Mapping[str, Trial]) -> list[Record]:
    """Return the judgements that reports take over, as rows of the table bias.

    `rows` are those of the reports that were judged. A report of part of a trial, or of its later
    results, takes what any other report of that trial has; one that pools several trials what all
    of them have. `inherited_from` names the report that was judged.
    """
    found: dict[str, dict[Place, list[Record]]] = {}
    for row in rows:
        if row["domain"] in SHARED:
            place = row["tool"], row["domain"], row["outcome"] or ""
            found.setdefault(row["trial_id"], {}).setdefault(place, []).append(row)
    result = []
    for heir in sorted(trials):
        own = {place[:2] for place in found.get(heir, {})}
        for place, judged in sorted(_of_others(heir, trials, found).items()):
            if place[:2] not in own:
                result += [_taken(row, heir, trials) for row in judged]
    return result


def _of_others(
    heir: str, trials: Mapping[str, Trial], found: Mapping[str, Mapping[Place, list[Record]]]
) -> dict[Place, list[Record]]:
    """Return the judgements by place that a report may take over from others."""
    parts = trials[heir].parts
    if len(parts) > 1:
        sources = [found.get(part, {}) for part in parts]
        common = set.intersection(*(set(source) for source in sources))
        return {place: [row for s in sources for row in s[place]] for place in common}
    result: dict[Place, list[Record]] = {}
    for other in same(heir, trials):
        for place, rows in found.get(other, {}).items():
            result.setdefault(place, []).extend(rows)
    return result


def same(trial_id: str, trials: Mapping[str, Trial]) -> list[str]:
    """Return the other reports of the randomisation of a report that is of one trial alone."""
    first = _first(trial_id, trials)
    singles = [name for name, trial in trials.items() if len(trial.parts) < 2]
    return sorted(t for t in singles if t != trial_id and _first(t, trials) == first)


def _first(trial_id: str, trials: Mapping[str, Trial]) -> str:
    """Return the report that a report is in the end a part of; `ingest` refuses circles."""
    while trial_id in trials and len(trials[trial_id].parts) == 1:
        trial_id = trials[trial_id].parts[0]
    return trial_id


def _taken(row: Record, heir: str, trials: Mapping[str, Trial]) -> Record:
    """Return a judgement as a report takes it over."""
    source = f"{row['source']}, of {trials[row['trial_id']].label}"
    return {**row, "trial_id": heir, "source": source, "inherited_from": row["trial_id"]}
