"""What the page on the extraction shows: how numbers were read, decided and audited."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import cast

from ketameta.configuration import Configuration
from ketameta.evidence import findings, unread
from ketameta.evidence.audits import Audit, audit
from ketameta.evidence.releases import Release, oldest_first
from ketameta.report import wording, wording_extraction
from ketameta.report.decided import table_of
from ketameta.report.double_extraction import Seen, Twice, rows_by_seen, rows_read_twice
from ketameta.report.wording_decisions import decision_label, decision_sentences
from ketameta.tables.collection import Tables
from ketameta.tables.decisions import BOTH, Decided, Decision, decisions
from ketameta.tables.diagnostics import RaterAgreementRow
from ketameta.tables.effects import FindingRow, ResultRow
from ketameta.tables.entered import Entered
from ketameta.tables.parts import Placed
from ketameta.tables.raw import RAW_KINDS, RESULT_TABLES
from ketameta.tables.syntheses import ClaimTestRow, StudyRow, SynthesisRow
from ketameta.tables.table import extended
from ketameta.tables.upkeep import AdjudicationRow, AuditRow, ReadingRow, UnreadRow
from ketameta.tables.verdicts import FindingStateRow, UnreadWeightRow

# rows of a list that stand on the page; its file has all
MOST = 200
# of what to fetch, those that stand open
FEW = 12
# of what is open or conflicts, those that a printed page holds
PRINTED = 24


@dataclass(frozen=True, slots=True)
class AdjudicationLine:
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


def cells_of(
    tables: Tables, names: Iterable[str], trials: Collection[str] | None = None
) -> dict[str, list[Entered]]:
    """Return the cells as entered of some raw tables, of rows of a trial those of `trials`."""

    def asked(rows: Iterable[Placed | ResultRow]) -> Iterator[Entered]:
        for row in rows:
            trial = getattr(row, "trial_id", None)
            if trials is None or trial is None or trial in trials:
                yield row.entered

    found: dict[str, list[Entered]] = {name: [] for name in names if name in RESULT_TABLES}
    if {"outcomes", "contrasts"} & found.keys():
        for cells in asked(tables[ResultRow]):
            found.setdefault(table_of(cells), []).append(cells)
    for name in found.keys() - {"outcomes", "contrasts"}:
        found[name] = [*asked(cast("list[Placed]", tables[RAW_KINDS[name]]))]
    return found


def adjudication_lines(
    rows: Sequence[AdjudicationRow],
    decided: Decided,
    idle: Sequence[Decision],
    configuration: Configuration,
    studies: Sequence[StudyRow],
    known: Sequence[str] | None = None,
) -> list[AdjudicationLine]:
    """Return the lines of the adjudication: open ones by their impact, conflicts, the decided.

    `known` are the ids that the last release had; None where that is not known.
    """
    linked = set(configuration.names)
    effects = {(s.analysis, s.trial_id): wording.anchor(s) for s in studies}
    gone = set(idle)

    def link(name: str, one: Decision) -> tuple[str, str]:
        if name not in linked:
            return name, ""
        anchor = effects.get((name, one.trial_id), "")
        address = f"analyses/{configuration[name].slug}.html" + (f"#{anchor}" if anchor else "")
        return configuration[name].display.title, address

    found = [
        AdjudicationLine(
            one,
            decision_label(one),
            decision_sentences(one),
            [link(name, one) for name in _names(row.analyses)],
            row.shift,
            [link(name, one)[0] for name in _names(row.flips)],
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


def states(rows: Sequence[FindingRow], release: Release | None) -> list[FindingStateRow]:
    """Return the rows of `finding_states`: open and explained ones, and what the release had."""
    found = [
        extended(
            FindingStateRow,
            row,
            state=findings.state(row),
            place=f"{row.file}:{row.line}",
            reason=row.acknowledged,
        )
        for row in rows
    ]
    before = (release.findings if release else None) or ()
    found += [
        FindingStateRow(
            state=findings.MENDED,
            check=one.check,
            place="",
            table=one.table,
            trial_id=one.trial_id,
            at=[*one.at],
            column=one.column,
            value=one.value,
            message="",
            reason="",
        )
        for one in findings.mended(before, rows)
    ]
    order = (findings.OPEN, findings.EXPLAINED, findings.MENDED)
    return sorted(found, key=lambda row: order.index(row.state))


def unread_rows(found: Sequence[unread.Unread]) -> list[UnreadWeightRow]:
    """Return the rows of `unread_weights`, a row and analysis each."""
    return [
        extended(
            UnreadWeightRow,
            one.row,
            rank=rank,
            analysis=weight and weight.analysis,
            share=weight and 100 * weight.share,
            people=weight and weight.people,
            people_from=weight and weight.known,
            variance=weight and weight.variance,
            effects=weight and weight.effects,
            claimed=weight and weight.claimed,
        )
        for rank, one in enumerate(found, start=1)
        for weight in one.weights or (None,)
    ]


def to_fetch(
    tables: Tables, configuration: Configuration, records: Mapping[str, SynthesisRow]
) -> list[unread.Unread]:
    """Return what could not be read, in the order in which to fetch it."""
    if not tables[UnreadRow]:
        return []
    claimed = [row.analysis for row in tables[ClaimTestRow] if row.computed and row.analysis]
    found = unread.pools(configuration, tables[StudyRow], records, claimed)
    return unread.ranked_by_weight(tables[UnreadRow], found, tables)


@dataclass(frozen=True, slots=True)
class View:
    """What the page is given; `changed` counts the decisions since the release that changed a cell.

    `titles` are title and page of each analysis; `recorded` says that the release had findings.
    """

    seen: list[Seen]
    twice: list[Twice]
    readings: list[ReadingRow]
    raters: list[RaterAgreementRow]
    lines: list[AdjudicationLine]
    decisions: list[Decision]
    audits: list[Audit]
    stated: list[FindingStateRow]
    states: Counter[str]
    release: Release | None
    recorded: bool
    known: Sequence[str] | None
    changed: int
    unread: list[unread.Unread]
    titles: dict[str, tuple[str, str]]
    most: int = MOST
    few: int = FEW
    printed: int = PRINTED
    says: ModuleType = wording_extraction


def view(
    tables: Tables,
    configuration: Configuration,
    records: Mapping[str, SynthesisRow],
    releases: Sequence[Release],
) -> View:
    """Return what the page is given; `records` are the syntheses by analysis.

    The last of the releases counts.
    """
    release = oldest_first(releases)[-1] if releases else None
    decided, studies = decided_of(tables), tables[StudyRow]
    readings, adjudication = tables[ReadingRow], tables[AdjudicationRow]
    # of long tables a few rows: all of them where they were read again
    cells = cells_of(tables, {row.table for row in adjudication}, decided.trials)
    cells |= cells_of(tables, {row.table for row in readings})
    known = release.decisions if release else None
    stated = states(tables[FindingRow], release)
    return View(
        seen=rows_by_seen(tables[ResultRow], studies),
        twice=rows_read_twice(readings, cells, decided),
        readings=readings,
        raters=[row for row in tables[RaterAgreementRow] if row.domain == "overall"],
        lines=adjudication_lines(
            adjudication, decided, decided.idle(cells), configuration, studies, known
        ),
        decisions=decided.all,
        audits=[audit(row) for row in tables[AuditRow]],
        stated=stated,
        states=Counter(row.state for row in stated),
        release=release,
        recorded=release is not None and release.findings is not None,
        known=known,
        changed=sum(one.changed and one.id not in (known or ()) for one in decided.all),
        unread=to_fetch(tables, configuration, records),
        titles={a.name: (a.display.title, f"analyses/{a.slug}.html") for a in configuration},
    )


def decided_of(tables: Tables) -> Decided:
    """Return the decisions of the adjudication."""
    return Decided(decisions(tables[AdjudicationRow]))
