"""Tables of other programs with a study a row, by their layout, as the start of our tables."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from ketameta.ingest.formats import Cells
from ketameta.reviews.cells import NAN, number, plain, table
from ketameta.reviews.drafts import DraftTables, Row, SourceArm, SourceRow, twice
from ketameta.reviews.judgements import robvis
from ketameta.reviews.layouts import ARMS, LAYOUTS, Layout


def layout_of(header: Mapping[str, str]) -> Layout | None:
    """Return the layout that the columns of a table are of, if any."""
    names = set(header)
    return next((x for x in LAYOUTS if any(known <= names for known in x.known_by)), None)


def tables_of_layout(content: bytes, name: str, reference: str) -> tuple[Cells, list[str]] | None:
    """Return the tables of a CSV of another program, or None where it is of no known layout."""
    rows = table(content, name)
    rows = [{one: cell.strip() for one, cell in row.items()} for row in rows]
    layout = layout_of(rows[0]) if rows else None
    if layout is None:
        return robvis(rows, reference) if rows else None
    tables, used = DraftTables(reference), _used(layout)
    for line, row in enumerate(rows, start=2):
        tables.add(_row_told(layout, row, f"{name}, line {line}"))
    rest = [one for one in rows[0] if one not in used and any(r.get(one) for r in rows)]
    said = [f"read as a table of {layout.name}", f"not told by the source: {layout.silent}"]
    said += [f"columns that have no place here, left out: {', '.join(rest)}"] * bool(rest)
    studies = [first(row, layout.study) for row in rows]
    return tables.cells(), said + twice(studies, name)


def _used(layout: Layout) -> set[str]:
    found = {*layout.study, *layout.year, *layout.definition, *layout.noted, *layout.weeks}
    for names in (*layout.arms, *(columns for _, columns in layout.between)):
        found.update(name for theirs in names.values() for name in theirs)
    return found | {name for pair in layout.labels for name in pair}


def first(row: Mapping[str, str], names: tuple[str, ...]) -> str:
    """Return the first cell that has something in it."""
    return next((row[name] for name in names if filled(row.get(name))), "")


def filled(cell: str | None) -> bool:
    """Say whether a cell has something in it: R writes NA for none."""
    return bool(cell) and cell != "NA"


def _row_told(layout: Layout, row: Mapping[str, str], place: str) -> SourceRow:
    about = {"locator": place}
    noted = [f"{name} {row[name]}" for name in layout.noted if row.get(name)]
    weeks = number(first(row, layout.weeks))
    if not math.isnan(weeks):
        about["timepoint_h"] = plain(round(weeks * 168, 6))
    arms = []
    for names, labels, default in zip(layout.arms, layout.labels, ARMS, strict=True):
        own = {
            column: _decimal(cell)
            for column, theirs in names.items()
            if (cell := first(row, theirs))
        }
        for theirs in names.values():
            noted += [
                f"{one} {row[one]}"
                for one in theirs
                if filled(row.get(one)) and row[one] != first(row, theirs)
            ]
        told = [row[one] for one in labels if filled(row.get(one))]
        label, treatment = " ".join(told), told[0] if told else ""
        key = arm_key(told[-1] if told else "")[:60] or default
        definition = first(row, layout.definition)
        if own and definition:
            own["definition"] = definition
        arms.append(SourceArm(key, label or default, own, treatment))
    if arms[0].key == arms[1].key:
        arms = [
            SourceArm(f"{arm.key}_{i}", arm.label, arm.numbers, arm.treatment)
            for i, arm in enumerate(arms, 1)
        ]
    between, more = _between(layout, row)
    about["note"] = "; ".join([*noted, *more])
    study, year = first(row, layout.study), first(row, layout.year)
    return SourceRow(study or place, year, tuple(arms), about, between)


def arm_key(label: str) -> str:
    """Return the name of an arm as an identifier; empty where it has no letter of one."""
    return re.sub(r"[^A-Za-z0-9._+-]+", "_", label).strip("_")


def _between(layout: Layout, row: Mapping[str, str]) -> tuple[Row, list[str]]:
    """Return the columns of a contrast, of the first measure that the row has, and notes."""
    found: Row = {}
    said: list[str] = []
    for measure, names in layout.between:
        cells = {own: number(first(row, theirs)) for own, theirs in names.items()}
        if math.isnan(cells["estimate"]):
            continue
        if found:
            said += [
                f"{one} {row[one]}" for theirs in names.values() for one in theirs if one in row
            ]
            continue
        se = cells.get("se", NAN)
        if math.isnan(se) and cells.get("variance", NAN) > 0:
            se = math.sqrt(cells["variance"])
        log = measure.startswith("log")
        estimate = math.exp(cells["estimate"]) if log else cells["estimate"]
        said += [] if measure else ["its measure is not told; a ratio may stand as its log"]
        found = {"measure": measure.removeprefix("log"), "estimate": plain(estimate)}
        found["se"] = plain(se)
    return found, said


def _decimal(cell: str) -> str:
    """Return a number with a decimal point, text as it is."""
    value = number(cell)
    return cell if math.isnan(value) or "," not in cell else plain(value)
