"""What the page on the extraction shows: how numbers were read, decided and audited."""

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
from ketameta.report.reading import seen, twice
from ketameta.report.wording_decisions import label, said
from ketameta.tables.decisions import BOTH, Decided, Decision, decisions
from ketameta.tables.raw import RESULT_TABLES

Record = dict[str, Any]
Rows = Mapping[str, list[Record]]
# rows of a list that stand on the page; its file has all
MOST = 200
# of what to fetch, those that stand open
FEW = 12
# of what is open or conflicts, those that a printed page holds
PRINTED = 24
_OF_WEIGHT = ("analysis", "share", "people", "people_from", "variance", "effects", "claimed")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the adjudication: what was decided, the analyses it moves, whether it holds.

    `new` says that it changed a cell or a row since the last release, which knew of decisions.
    """

    decision: Decision
    label: str
    text: str
    analyses: Sequence[tuple[str, str]]
    shift: float | None
    flips: Sequence[str]
    holds: bool
    new: bool = False


def cells_of(tables: Rows, names: Iterable[str]) -> dict[str, list[dict[str, str]]]:
    """Return the cells as entered of some raw tables."""
    found: dict[str, list[dict[str, str]]] = {name: [] for name in names if name in RESULT_TABLES}
    if {"outcomes", "contrasts"} & found.keys():
        for cells in map(entered_of, tables["rows"]):
            found.setdefault(table_of(cells), []).append(cells)
    for name in found.keys() - {"outcomes", "contrasts"}:
        found[name] = [entered_of(row) for row in tables[name]]
    return found


def lines(
    rows: Sequence[Record],
    decided: Decided,
    idle: Sequence[Decision],
    configuration: Configuration,
    studies: Sequence[Record],
    known: Sequence[str] | None = None,
) -> list[Line]:
    """Return the lines of the adjudication: open ones by their impact, conflicts, the decided.

    `known` are the ids that the last release had; None where that is not known.
    """
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
            label(one),
            said(one),
            [link(name, one) for name in _names(row["analyses"])],
            row["shift"],
            [link(name, one)[0] for name in _names(row["flips"])],
            one not in gone,
            known is not None and one.changed and one.id not in known,
        )
        for row, one in zip(rows, decided.all, strict=True)
    ]
    order = {"": 0, BOTH: 1}
    return sorted(
        found,
        key=lambda x: (order.get(x.decision.decision, 2), not x.new, -(x.shift or 0.0)),
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
    known = release.decisions if release else None
    found = lines(adjudication, decided, decided.idle(cells), configuration, studies, known)
    wanted = to_fetch(tables, configuration, records)
    stated = states(tables["findings"], release)
    changed = [one for one in decided.all if one.changed and one.id not in (known or ())]
    page = {
        "seen": seen(tables["rows"], studies),
        "twice": twice(readings, cells, decided),
        "readings": readings,
        "raters": [row for row in tables["rater_agreement"] if row["domain"] == "overall"],
        "lines": found,
        "decisions": decided.all,
        "audits": [audit(row) for row in tables["audits"]],
        "stated": stated,
        "states": Counter(row["state"] for row in stated),
        "release": release,
        "recorded": release is not None and release.findings is not None,
        "known": known,
        "changed": len(changed),
        "unread": wanted,
        "titles": {a.name: (a.display.title, f"analyses/{a.slug}.html") for a in configuration},
        "most": MOST,
        "few": FEW,
        "printed": PRINTED,
        "says": wording_extraction,
    }
    return page, {"finding_states": stated, "unread_weights": unread_rows(wanted)}


def decided_of(tables: Rows) -> Decided:
    """Return the decisions of the adjudication."""
    return Decided(decisions(tables["adjudication"]))
