"""Every table that a page shows, as rows with column names, and as CSV text."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

from ketameta.report.traces import Traces
from ketameta.report.wording_model import model
from ketameta.tables import RAW_TABLES, RESULT_TABLES, STAGE_TABLES
from ketameta.tables.raw import OPTIONAL_TABLES

Record = dict[str, Any]
Table = tuple[list[str], list[Record]]


def shown_tables(tables: Mapping[str, list[Record]], traces: Traces) -> dict[str, Table]:
    """Return column names and rows of each table of `report_files.TABLES`, by name.

    `tables` holds those of synthesize and those that the report makes, `STAGE_TABLES["report"]`.
    """
    found: dict[str, Table] = {}
    schemas = STAGE_TABLES["normalize"] | STAGE_TABLES["synthesize"]
    for name in ("syntheses", "subgroups", "sensitivity", "pair_syntheses"):
        rows = [{**row, "model": model(row)} for row in tables[name]]
        found[name] = ([*schemas[name].names, "model"], rows)
    for name in ("splits", "absolute", "points"):
        found[name] = (schemas[name].names, tables[name])
    for name in (
        "exclusions",
        "unused",
        "arm_reductions",
        "evidence_map",
        "signalling",
        "rater_agreement",
    ):
        found[name] = (schemas[name].names, tables[name])
    for name in ("pairs", "missing_results", "directions", "earlier"):
        found[name] = (schemas[name].names, tables[name])
    for name in ("adjudication", "readings", "audits"):
        found[name] = (OPTIONAL_TABLES[name].names, tables[name])
    for name, schema in STAGE_TABLES["report"].items():
        found[name] = (schema.names, tables[name])
    found["studies"] = (schemas["studies"].names, tables["studies"])
    steps = [step for study in tables["studies"] for step in traces.steps(study)]
    found["derivations"] = (schemas["derivations"].names, steps)
    found["raw_rows"] = _raw_rows(tables["studies"], traces)
    found["summary"] = (["section", "item", "value"], tables["summary"])
    found["dictionary"] = _dictionary()
    return found


def _raw_rows(studies: list[Record], traces: Traces) -> Table:
    """Return each raw row used once, with the analyses that use it and its cells as entered."""
    rows: dict[tuple[str, int], Record] = {}
    for s in studies:
        for row in traces.evidence(s):
            own = rows.setdefault(
                (row["file"], row["line"]),
                {"file": row["file"], "line": row["line"], "analyses": []}
                | json.loads(row["entered"]),
            )
            if s["analysis"] not in own["analyses"]:
                own["analyses"].append(s["analysis"])
    order = [c.name for t in ("outcomes", "contrasts") for c in RAW_TABLES[t].columns]
    names = ["file", "line", "analyses", *dict.fromkeys(order)]
    return names, [{n: rows[key].get(n) for n in names} for key in sorted(rows, key=_place)]


def _place(key: tuple[str, int]) -> tuple[bool, str, int]:
    return key[0] != "outcomes.csv", key[0], key[1]


def _dictionary() -> Table:
    names = ["table", "column", "description", "unit", "allowed"]
    schemas = [("raw", t) for t in RESULT_TABLES.values()]
    schemas += [(stage, t) for stage, found in STAGE_TABLES.items() for t in found.values()]
    rows = [
        {
            "table": f"{stage}: {table.name}",
            "column": c.name,
            "description": c.description,
            "unit": c.unit,
            "allowed": c.allowed,
        }
        for stage, table in schemas
        for c in table.columns
    ]
    return names, rows


def to_csv(names: Sequence[str], rows: Sequence[Record]) -> str:
    """Write rows as CSV: numbers in full, lists with ; between, formulas made harmless."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    for row in rows:
        values = [row[name] for name in names]
        writer.writerow([v if type(v) in _AS_IS else _csv_cell(v) for v in values])
    return out.getvalue()


# what csv writes as it has to be: numbers in full, nothing for None
_AS_IS = {float, int, type(None)}
# a spreadsheet would run a cell that starts like a formula
_RISKY = {"=", "+", "-", "@", "\t", "\r"}


def _csv_cell(value: Any) -> str:
    text = value if isinstance(value, str) else as_text(value)
    return "'" + text if text[:1] in _RISKY else text


def as_text(value: Any) -> str:
    """Write a cell as text: nothing for None, true and false, lists with ; between."""
    if value is None:
        return ""
    if isinstance(value, list):
        return ";".join(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
