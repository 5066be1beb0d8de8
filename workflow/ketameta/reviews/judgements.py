"""Judgements of the risk of bias, a study a row and a domain a column, as our tables have them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from ketameta.ingest.formats import Cells
from ketameta.reviews.cells import plain_text, table
from ketameta.reviews.drafts import DraftTables
from ketameta.reviews.layouts import JUDGEMENTS, OF_ROB2, ROB1, ROB2
from ketameta.reviews.package import ROWS

_OF_DOMAIN = re.compile(
    r"domain \((?P<kind>judgement|support)\) (?P<domain>.+)|"
    r"(?P<before>.+) \((?P<after>judgement|support)\)"
)


def robvis(rows: list[dict[str, str]], reference: str) -> tuple[Cells, list[str]] | None:
    """Return judgements in the layout of robvis: a study a row, a domain a column; None if not."""
    header = list(rows[0])
    domains = [name for name in header if name not in ("study", "weight", "overall")]
    cells = [row[name].lower() for row in rows for name in domains if row.get(name)]
    if header[0] != "study" or not domains or not {*cells} <= {*JUDGEMENTS, "no information"}:
        return None
    tables = DraftTables(reference)
    said = ["read as judgements in the layout of robvis", "not told by the source: the support"]
    said += judged(tables, rows, {name: name for name in header[1:] if name != "weight"}, {})
    return tables.cells(), said


def study_file(name: str) -> str:
    """Return which file of a package this is, such as risk-of-bias; empty for those left out."""
    plain_name = re.sub(r"[^a-z0-9]+", "-", Path(name).stem.lower())
    found = re.search(r"(?:^|-)((?:study|risk|overall)-[a-z-]+)$", plain_name)
    # what is said of studies that were left out, or wait, is named after them
    of_others = re.search(r"(awaiting|excluded|ongoing)-study", plain_name)
    return found[1] if found and not of_others else ""


def judgements_of(draft: DraftTables, files: Iterable[tuple[str, bytes]]) -> list[str]:
    """Add the judgements in the files of a package of the studies that are there; say the rest.

    They stand in a file of their own, of each study, or beside the data rows, of each result.
    """
    said = []
    for name, content in files:
        of_results = name.lower().endswith(ROWS)
        if not of_results and study_file(name) != "risk-of-bias":
            continue
        rows = [row for row in table(content, name) if row.get("study") in draft.names]
        found: dict[str, dict[str, str]] = {"judgement": {}, "support": {}}
        for one in rows[0] if rows else ():
            if match := _OF_DOMAIN.fullmatch(one):
                heading, kind = match["domain"] or match["before"], match["kind"] or match["after"]
                found[kind][one] = heading
        support = {heading: one for one, heading in found["support"].items()}
        if of_results:
            rows, more = _agreed(rows, found["judgement"])
            said += more
        said += judged(draft, rows, found["judgement"], support)
    return said


def _agreed(
    rows: list[dict[str, str]], domains: Mapping[str, str]
) -> tuple[list[dict[str, str]], list[str]]:
    """Return a row a study with the judgements that all its results share; say which differ."""
    studies: dict[str, dict[str, str]] = {}
    differ: dict[str, set[str]] = {}
    for row in rows:
        own = studies.setdefault(row["study"], dict(row))
        for name, heading in domains.items():
            if row[name] and not own[name]:
                own |= {one: cell for one, cell in row.items() if heading in one}
            elif row[name] and row[name] != own[name]:
                differ.setdefault(row["study"], set()).add(name)
    for study, names in differ.items():
        studies[study] |= dict.fromkeys(names, "")
    told = ", ".join(f"{study} ({len(names)})" for study, names in differ.items())
    text = f"judgements that differ between the results of a study, left out: {told}"
    return [*studies.values()], [text] * bool(told)


def judged(
    tables: DraftTables,
    rows: list[dict[str, str]],
    domains: Mapping[str, str],
    support: Mapping[str, str],
) -> list[str]:
    """Add judgements of columns, each of a domain by its heading; say what has no place."""
    headings = " ".join(domains.values())
    cells = {row.get(name, "").lower() for row in rows for name in domains}
    second = bool(cells & OF_ROB2) or "deviation" in headings or "d1" in domains
    known, tool = (ROB2, "RoB2") if second else (ROB1, "RoB1")
    said = []
    for name, heading in domains.items():
        domain = next((ours for mark, ours in known if mark in heading.lower()), "")
        if not domain:
            said.append(f"domain {heading!r} has no place in {tool}, left out")
            continue
        for row in rows:
            judgement = JUDGEMENTS.get(row.get(name, "").strip().lower(), "")
            if judgement:
                text = plain_text(row.get(support.get(heading, ""), ""))
                own = {"tool": tool, "domain": domain, "judgement": judgement, "support": text}
                tables.judge(row["study"], own)
            elif row.get(name, "").strip():
                said.append(f"{row['study']}, {heading}: {row[name]!r} is no judgement, left out")
    return said
