"""Reports of one randomisation have one sequence, one concealment and one blinding.

What was judged of them in one report stands for the others (`part_of`) where nobody judged theirs.
Missing data and selective reporting belong to each report, and so do the domains of RoB 2 that hold
how results were analysed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ketameta.normalize.records import Trial
from ketameta.tables.effects import BiasRow

# domains of the tools that belong to a randomisation
SHARED = ("sequence", "concealment", "blinding_participants", "blinding_assessors", "D1")
Place = tuple[str, str, str]


def inherited(rows: Sequence[BiasRow], trials: Mapping[str, Trial]) -> list[BiasRow]:
    """Return the judgements that reports take over, as rows of the table bias.

    `rows` are those of the reports that were judged. A report of part of a trial, or of its later
    results, takes what any other report of that trial has; one that pools several trials what all
    of them have. `inherited_from` names the report that was judged.
    """
    found: dict[str, dict[Place, list[BiasRow]]] = {}
    for row in rows:
        if row.domain in SHARED:
            place = row.tool, row.domain, row.outcome or ""
            found.setdefault(row.trial_id, {}).setdefault(place, []).append(row)
    result = []
    kin = families(trials)
    for heir in sorted(trials):
        own = {place[:2] for place in found.get(heir, {})}
        family = kin.get(first_report(heir, trials), [])
        for place, judged in sorted(_of_others(trials[heir], family, found).items()):
            if place[:2] not in own:
                result += [_taken(row, heir, trials) for row in judged]
    return result


def _of_others(
    heir: Trial, family: Sequence[str], found: Mapping[str, Mapping[Place, list[BiasRow]]]
) -> dict[Place, list[BiasRow]]:
    """Return the judgements by place that a report may take over from others."""
    if len(heir.parts) > 1:
        sources = [found.get(part, {}) for part in heir.parts]
        common = set.intersection(*(set(source) for source in sources))
        return {place: [row for s in sources for row in s[place]] for place in common}
    result: dict[Place, list[BiasRow]] = {}
    for other in family:
        if other != heir.trial_id:
            for place, rows in found.get(other, {}).items():
                result.setdefault(place, []).extend(rows)
    return result


def families(trials: Mapping[str, Trial]) -> dict[str, list[str]]:
    """Return the reports of each randomisation, by the report that they are in the end part of."""
    found: dict[str, list[str]] = {}
    for name in sorted(trials):
        if len(trials[name].parts) < 2:
            found.setdefault(first_report(name, trials), []).append(name)
    return found


def first_report(trial_id: str, trials: Mapping[str, Trial]) -> str:
    """Return the report that a report is in the end a part of; `ingest` refuses circles."""
    while trial_id in trials and len(trials[trial_id].parts) == 1:
        trial_id = trials[trial_id].parts[0]
    return trial_id


def _taken(row: BiasRow, heir: str, trials: Mapping[str, Trial]) -> BiasRow:
    """Return a judgement as a report takes it over."""
    source = f"{row.source}, of {trials[row.trial_id].label}"
    return replace(row, trial_id=heir, source=source, inherited_from=row.trial_id)
