"""What the page on the extraction shows: how numbers were seen, read twice, decided and audited."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ketameta.configuration import Configuration
from ketameta.evidence import findings, unread
from ketameta.evidence.audits import audit
from ketameta.evidence.releases import Release, in_order
from ketameta.evidence.rows import entered_of
from ketameta.report import wording, wording_extraction
from ketameta.report.decided import table_of
from ketameta.report.wording_decisions import LABELS, said
from ketameta.tables.decisions import BOTH, Decided, Decision, decisions
from ketameta.tables.raw import RESULT_TABLES
from ketameta.vocabulary import vocabulary

Record = dict[str, Any]
Rows = Mapping[str, list[Record]]
# rows of a list that stand on the page; its file has all
MOST = 200
# of what to fetch, those that stand open
FEW = 12
_OF_WEIGHT = ("analysis", "share", "people", "people_from", "variance", "effects", "claimed")


@dataclass(frozen=True, slots=True)
class Seen:
    """Rows of a table, or those that are pooled, by the word that says where they were read.

    `lines` holds the lines of each, as `2 to 8, 11`, by file.
    """

    what: str
    counts: Mapping[str, int]
    lines: Mapping[str, Mapping[str, str]]

    @property
    def rows(self) -> int:
        """How many rows they are together."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class Twice:
    """Rows of a table that were extracted a second time, and how far the readings agree.

    Of those the row of which still stands: `alike` are rows without a cell that differs.
    """

    table: str
    rows: int
    read: int
    alike: int
    cells: int
    differed: int


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the adjudication: what was decided, the analyses it moves, whether it holds."""

    decision: Decision
    label: str
    text: str
    analyses: Sequence[tuple[str, str]]
    shift: float | None
    flips: Sequence[str]
    holds: bool


def seen(rows: Sequence[Record], studies: Iterable[Record]) -> list[Seen]:
    """Count rows by how they were seen: each table, and those of both that results rest on."""
    used = {place for study in studies for place in study["rows"]}
    tables: dict[str, list[Record]] = {"outcomes": [], "contrasts": []}
    pooled = []
    for row in rows:
        tables["contrasts" if '"arm_t"' in row["entered"] else "outcomes"].append(row)
        if f"{row['file']}:{row['line']}" in used:
            pooled.append(row)
    named = [(table, own) for table, own in tables.items() if own]
    return [_seen(what, own) for what, own in [*named, ("of these, pooled", pooled)]]


def _seen(what: str, rows: Sequence[Record]) -> Seen:
    counts = Counter(row["seen"] for row in rows)
    lines: dict[str, dict[str, list[int]]] = {}
    for row in rows:
        lines.setdefault(row["seen"], {}).setdefault(row["file"], []).append(row["line"])
    order = [word for word in vocabulary().words("seen") if word in counts]
    told = {w: {file: ranges(found) for file, found in lines[w].items()} for w in order}
    return Seen(what, {word: counts[word] for word in order}, told)


def ranges(numbers: Iterable[int]) -> str:
    """Write numbers as ``2 to 8, 11``."""
    runs: list[list[int]] = []
    for number in sorted(set(numbers)):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(f"{a} to {b}" if b > a else f"{a}" for a, b in runs)


def cells_of(tables: Rows, names: Iterable[str]) -> dict[str, list[dict[str, str]]]:
    """Return the cells as entered of some raw tables."""
    found: dict[str, list[dict[str, str]]] = {name: [] for name in names if name in RESULT_TABLES}
    if {"outcomes", "contrasts"} & found.keys():
        for cells in map(entered_of, tables["rows"]):
            found.setdefault(table_of(cells), []).append(cells)
    for name in found.keys() - {"outcomes", "contrasts"}:
        found[name] = [entered_of(row) for row in tables[name]]
    return found


def twice(
    readings: Sequence[Record], cells: Mapping[str, Sequence[Mapping[str, str]]], decided: Decided
) -> list[Twice]:
    """Count the rows read a second time, by table, of those that still stand."""
    found = []
    for table in dict.fromkeys(row["table"] for row in readings):
        own = cells.get(table, ())
        there = {name for row in own for name in decided.names(table, row)}
        by_row: dict[str, list[Record]] = {}
        for row in readings:
            if row["table"] == table and row["row"] in there:
                by_row.setdefault(row["row"], []).append(row)
        told = [row for rows in by_row.values() for row in rows if row["cells"]]
        alike = [rows for rows in by_row.values() if all(r["differed"] == 0 for r in rows)]
        total, differed = (sum(r[name] or 0 for r in told) for name in ("cells", "differed"))
        found.append(Twice(table, len(own), len(by_row), len(alike), total, differed))
    return found


def lines(
    rows: Sequence[Record],
    decided: Decided,
    idle: Sequence[Decision],
    configuration: Configuration,
    studies: Sequence[Record],
) -> list[Line]:
    """Return the lines of the adjudication: open ones by their impact, conflicts, the decided."""
    linked = set(configuration.names)
    effects = {(s["analysis"], s["trial_id"]): wording.anchor(s) for s in studies}
    gone = set(idle)

    def link(name: str, one: Decision) -> tuple[str, str]:
        if name not in linked:
            return name, ""
        anchor = effects.get((name, one.trial_id), "")
        address = f"analyses/{configuration[name].slug}.html" + (f"#{anchor}" if anchor else "")
        return configuration[name].display.title, address

    found = [
        Line(
            one,
            LABELS[one.decision],
            said(one),
            [link(name, one) for name in _names(row["analyses"])],
            row["shift"],
            [link(name, one)[0] for name in _names(row["flips"])],
            one not in gone,
        )
        for row, one in zip(rows, decided.all, strict=True)
    ]
    order = {"": 0, BOTH: 1}
    return sorted(
        found, key=lambda line: (order.get(line.decision.decision, 2), -(line.shift or 0.0))
    )


def _names(cell: str | None) -> list[str]:
    return [name.strip() for name in (cell or "").split(";") if name.strip()]


def states(rows: Sequence[Record], release: Release | None) -> list[Record]:
    """Return the rows of `finding_states`: open and explained ones, and what the release had."""
    found = [
        {
            **{name: row[name] for name in ("check", "table", "trial_id", "at", "column")},
            "state": findings.state(row),
            "place": f"{row['file']}:{row['line']}",
            "value": row["value"],
            "message": row["message"],
            "reason": row["acknowledged"],
        }
        for row in rows
    ]
    before = (release.findings if release else None) or ()
    none = {"state": findings.MENDED, "place": None, "message": None, "reason": None}
    for one in findings.mended(before, rows):
        names = ("check", "table", "trial_id", "column", "value")
        found.append({name: getattr(one, name) for name in names} | none | {"at": [*one.at]})
    order = (findings.OPEN, findings.EXPLAINED, findings.MENDED)
    return sorted(found, key=lambda row: order.index(row["state"]))


def unread_rows(found: Sequence[unread.Unread]) -> list[Record]:
    """Return the rows of `unread_weights`, a row and analysis each."""
    names = ("trial_id", "label", "kind", "missing", "where", "source_url", "tried")
    none = dict.fromkeys(_OF_WEIGHT)
    return [
        {"rank": rank, **{name: one.row[name] for name in names}, **none, **own}
        for rank, one in enumerate(found, start=1)
        for own in [_weight(w) for w in one.weights] or [{}]
    ]


def _weight(weight: unread.Weight) -> Record:
    own = {"analysis": weight.analysis, "share": 100 * weight.share, "people": weight.people}
    return own | {
        "people_from": weight.known,
        "variance": weight.variance,
        "claimed": weight.claimed,
        "effects": weight.effects,
    }


def to_fetch(
    tables: Rows, configuration: Configuration, records: Mapping[str, Record]
) -> list[unread.Unread]:
    """Return what could not be read, in the order in which to fetch it."""
    if not tables["unread"]:
        return []
    claimed = [row["analysis"] for row in tables["claim_tests"] if row["computed"]]
    found = unread.pools(configuration, tables["studies"], records, claimed)
    return unread.ranked(tables["unread"], found, tables)


def view(
    tables: Rows,
    configuration: Configuration,
    records: Mapping[str, Record],
    releases: Sequence[Release],
) -> tuple[dict[str, Any], dict[str, list[Record]]]:
    """Return what the page is given, and the tables that it makes.

    `records` are the syntheses by analysis; the last of the releases counts.
    """
    release = in_order(releases)[-1] if releases else None
    decided, studies = decided_of(tables), tables["studies"]
    readings, adjudication = tables["readings"], tables["adjudication"]
    named = {row["table"] for row in [*readings, *adjudication]}
    cells = cells_of(tables, named)
    found = lines(adjudication, decided, decided.idle(cells), configuration, studies)
    wanted = to_fetch(tables, configuration, records)
    stated = states(tables["findings"], release)
    known = release.decisions if release else None
    page = {
        "seen": seen(tables["rows"], studies),
        "twice": twice(readings, cells, decided),
        "readings": readings,
        "raters": [row for row in tables["rater_agreement"] if row["domain"] == "overall"],
        "lines": found,
        "outcome": Counter(line.decision.decision for line in found),
        "audits": [audit(row) for row in tables["audits"]],
        "stated": stated,
        "states": Counter(row["state"] for row in stated),
        "release": release,
        "recorded": release is not None and release.findings is not None,
        "known": known,
        "changes": [
            line
            for line in found
            if line.decision.changed and line.decision.id not in (known or ())
        ],
        "unread": wanted,
        "titles": {a.name: (a.display.title, f"analyses/{a.slug}.html") for a in configuration},
        "most": MOST,
        "few": FEW,
        "says": wording_extraction,
    }
    return page, {"finding_states": stated, "unread_weights": unread_rows(wanted)}


def decided_of(tables: Rows) -> Decided:
    """Return the decisions of the adjudication."""
    return Decided(decisions(tables["adjudication"]))
