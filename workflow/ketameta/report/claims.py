"""Claims beside the results of the analyses that test them: numbers side by side, no verdict."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ketameta.configuration import Configuration
from ketameta.report import wording

Record = dict[str, Any]
# the unit of a claimed number -> the measure whose pooled result it can stand beside
_COMPARABLE = {"percent of people": "PLO", "percent reduction": "PCTRED"}


def claim_views(
    tests: Sequence[Record], records: dict[str, Record], configuration: Configuration
) -> list[Record]:
    """Return one view a claim, in the order of the table, with a line for each analysis named."""
    views: dict[str, Record] = {}
    for row in tests:
        view = views.setdefault(row["claim_id"], {**row, "lines": [], "claimed": claimed(row)})
        if row["analysis"] is None:
            continue
        analysis = configuration[row["analysis"]] if row["computed"] else None
        record = records[row["analysis"]] if row["computed"] else None
        view["lines"].append(
            {
                "name": row["analysis"],
                "narrowing": row["narrowing"],
                "analysis": analysis,
                "record": record,
                "sentence": _sentence(row, analysis, record),
            }
        )
    return list(views.values())


def claimed(row: Record) -> str:
    """Write what is claimed, as far as it is a number or a direction."""
    if row["claimed_value"] is None:
        return row["direction"] or ""
    value = f"{row['claimed_value']:g} {row['claimed_unit'].replace('percent', 'per cent')}"
    return f"{row['direction']} {value}" if row["direction"] not in (None, "equal") else value


def _sentence(row: Record, analysis: Any, record: Record | None) -> str:
    if analysis is None or record is None:
        return wording.not_computed(row["analysis"], row["narrowing"])
    measure = analysis.select.measure
    comparable = _COMPARABLE.get(row["claimed_unit"] or "") == measure
    if row["claimed_value"] is None or not comparable or record["estimate"] is None:
        return wording.answer(analysis, record)
    return wording.against(analysis, record, row["claimed_value"], row["direction"])
