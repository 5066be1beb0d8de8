"""The flow from records to trial reports to each analysis, as numbers, and as the diagram's boxes.

What was found, screened and read is told in ``review.yaml``; trial reports, and why they are in an
analysis or not, come from the tables. What is not told is not recorded, and says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ketameta.configuration import Configuration
from ketameta.configuration.search import FIRST, Kind, ReportNumbers, Search
from ketameta.figures.flow import Box, Flow, Step
from ketameta.report.naming import capital
from ketameta.report.wording import count
from ketameta.tables.characteristics import ExcludedTrialRow
from ketameta.tables.collection import Tables, by
from ketameta.tables.effects import DataRow
from ketameta.tables.prisma import PrismaFlowRow
from ketameta.tables.syntheses import ExclusionRow, StudyRow, SynthesisRow

KINDS: dict[Kind, str] = {
    "database": "Databases",
    "register": "Registers",
    "website": "Websites",
    "organisation": "Organisations",
    "citations": "Citation searching",
    "other": "Other",
}
_OTHERS = tuple(kind for kind in KINDS if kind not in FIRST)
NOT_RECORDED = "not recorded"
NO_ROW = "no row on its outcome, people and treatments"
_WAYS = ("databases and registers", "other methods")


@dataclass(frozen=True, slots=True, kw_only=True)
class Included:
    """What the tables hold: studies that share no people, reports, and those in an analysis.

    `left_out` counts the reports in no analysis by reason; one with several reasons is in each.
    `analyses` are the reports in each headline analysis, by its title.
    """

    studies: int
    reports: int
    used: int
    left_out: Mapping[str, int]
    analyses: Mapping[str, int]


def included(
    tables: Tables, excluded: Sequence[ExcludedTrialRow], configuration: Configuration
) -> Included:
    """Return what the tables hold; `excluded` are the reports in no analysis."""
    (data,) = tables[DataRow]
    by_name = by(tables[StudyRow], lambda row: row.analysis)
    pooled = {name: {study.trial_id for study in own} for name, own in by_name.items()}
    reasons = Counter(row.reason for row in excluded)
    headlines = [a for a in configuration.whole if a.display.headline]
    return Included(
        studies=data.apart,
        reports=data.reports,
        used=len(set().union(*pooled.values())),
        left_out=dict(reasons.most_common()),
        analyses={a.display.title: len(pooled.get(a.name, ())) for a in headlines},
    )


def unsettled(search: Search, held: Included) -> str:
    """Say which numbers from search to inclusion are not recorded or do not add up; else empty."""
    flow = search.flow
    needed = {
        "records of each source": search.found(*FIRST),
        "records screened": flow.screened,
        "reports sought": flow.reports.sought,
        "reports assessed": flow.reports.assessed,
    }
    if search.found(*_OTHERS) != 0 and any(one.kind in _OTHERS for one in search.sources):
        needed["reports assessed of other methods"] = flow.other_reports.assessed
    if missing := [name for name, number in needed.items() if number is None]:
        return f"{NOT_RECORDED} in review.yaml: {', '.join(missing)}"
    ways = (flow.reports, flow.other_reports)
    left = sum((way.assessed or 0) - sum(one.reports for one in way.excluded) for way in ways)
    new = held.reports - (flow.previous.reports or 0)
    if left != new:
        return (
            f"reports assessed less those excluded are {left:,}, "
            f"and {'new ' * bool(flow.previous.reports)}in the tables are {new:,}"
        )
    return ""


def flow_rows(configuration: Configuration, tables: Tables, held: Included) -> list[PrismaFlowRow]:
    """Return every number of the flow: of the whole review, then of each analysis."""
    whole = [
        PrismaFlowRow(analysis="", box=box, item=item, number=number, unit=unit)
        for box, item, number, unit in _of_review(configuration.review.search, held)
    ]
    return whole + [row for own in of_analyses(configuration, tables, held) for row in own]


_Number = tuple[str, str, int | None, str]


def _of_review(search: Search, held: Included) -> Iterator[_Number]:
    flow = search.flow
    if flow.previous.studies is not None or flow.previous.reports is not None:
        yield "in the version before", "", flow.previous.studies, "studies"
        yield "in the version before, reports", "", flow.previous.reports, "reports"
    yield from _records(search, FIRST, _WAYS[0])
    yield "records removed before screening", "duplicates", flow.duplicates, "records"
    yield "records removed before screening", "by automation tools", flow.automation, "records"
    yield "records removed before screening", "other reasons", flow.other_reasons, "records"
    yield "records screened", "", flow.screened, "records"
    yield "records excluded", "", flow.excluded, "records"
    yield from _reports(flow.reports, _WAYS[0])
    yield from _records(search, _OTHERS, _WAYS[1])
    yield from _reports(flow.other_reports, _WAYS[1])
    yield "in the review", "", held.studies, "studies"
    yield "in the review, reports", "", held.reports, "reports"
    yield "in an analysis or more", "", held.used, "reports"
    for reason, number in held.left_out.items():
        yield "in no analysis", reason, number, "reports"


def _records(search: Search, kinds: Sequence[Kind], way: str) -> Iterator[_Number]:
    told = [one for one in search.sources if one.kind in kinds]
    for one in told:
        yield f"records from {way}", f"{one.kind}: {one.name}", one.records, "records"
    if not told:
        yield f"records from {way}", "", None, "records"


def _reports(numbers: ReportNumbers, way: str) -> Iterator[_Number]:
    yield f"reports sought, {way}", "", numbers.sought, "reports"
    yield f"reports not retrieved, {way}", "", numbers.not_retrieved, "reports"
    yield f"reports assessed, {way}", "", numbers.assessed, "reports"
    for one in numbers.excluded:
        yield f"reports excluded, {way}", one.reason, one.reports, "reports"
    if not numbers.excluded:
        yield f"reports excluded, {way}", "", None if numbers.assessed != 0 else 0, "reports"


def of_analyses(
    configuration: Configuration, tables: Tables, held: Included
) -> list[list[PrismaFlowRow]]:
    """Return for each analysis what became of the trial reports; each stands in one line."""
    studies = by(tables[StudyRow], lambda row: row.analysis)
    excluded = by(tables[ExclusionRow], lambda row: row.analysis)
    people = {row.analysis: row.n for row in tables[SynthesisRow]}
    found = []
    for name in configuration.names:
        inside = len({study.trial_id for study in studies.get(name, [])})
        reasons = Counter(row.reason for row in excluded.get(name, []))
        far = held.reports - inside - sum(reasons.values())
        lines: list[_Number] = [("not in the analysis", NO_ROW, far, "reports")]
        lines += [("not in the analysis", why, k, "reports") for why, k in reasons.most_common()]
        lines += [("in the analysis", "", inside, "reports")]
        lines += [("people in the analysis", "", people.get(name, 0), "people")]
        found.append(
            [
                PrismaFlowRow(analysis=name, box=box, item=item, number=number, unit=unit)
                for box, item, number, unit in lines
            ]
        )
    return found


def diagram(search: Search, held: Included) -> Flow:
    """Return the diagram; a column of an earlier version where the review tells of one."""
    flow, previous = search.flow, search.flow.previous
    updates = previous.studies is not None or previous.reports is not None
    new = "New studies" if updates else "Studies"
    gained = (_gained(held.studies, previous.studies), _gained(held.reports, previous.reports))
    if not updates:
        gained = held.studies, held.reports
    first, other = flow.reports, flow.other_reports
    steps = [
        _step("Identification", _box("Records identified from:", *_kinds(search, FIRST)),
              _box("Records removed before screening:",
                   ("Duplicates", flow.duplicates),
                   ("Marked as ineligible by automation tools", flow.automation),
                   ("For other reasons", flow.other_reasons)),
              _box("Records identified from:", *_kinds(search, _OTHERS))),
        _step("Screening", _box("", ("Records screened", flow.screened)),
              _box("", ("Records excluded", flow.excluded))),
        _step("Screening", _sought(first), _lost(first), _sought(other), _lost(other)),
        _step("Screening", _assessed(first), _left(first), _assessed(other), _left(other)),
        _step("Included", _box("", (f"{new} included in review", gained[0]),
                               (f"Reports of {new.lower()} included", gained[1]))),
    ]  # fmt: skip
    if updates:
        total = ("Studies included in all", held.studies), ("Reports of them", held.reports)
        steps.append(_step("Included", _box("", *total)))
    used = ("Reports with an effect in an analysis or more", held.used)
    headlines = [(f"of these in “{title}”", number) for title, number in held.analyses.items()]
    out = _box("Reports in no analysis:", *held.left_out.items()) if held.left_out else None
    steps.append(_step("Analyses", _box("", used, *headlines), out))
    columns = [f"Identification of {new.lower()} via {way}" for way in _WAYS]
    joins: list[int | None] = [None, 4]
    if updates:
        before = (
            ("Studies included before", previous.studies),
            ("Reports of them", previous.reports),
        )
        earlier = [_box("", *before), *[None] * (len(steps) - 1)]
        steps = [
            Step(s.phase, (box, *s.main), (None, *s.beside))
            for s, box in zip(steps, earlier, strict=True)
        ]
        columns, joins = ["Previous studies", *columns], [5, *joins]
    return Flow(
        "Flow from records to analyses",
        _told(search, held),
        tuple(columns),
        tuple(steps),
        trunk=int(updates),
        joins=tuple(joins),
        notes=_notes(steps),
    )


def _gained(now: int, before: int | None) -> int | None:
    """Return how many came since a version; None where that is not told, or cannot be."""
    return None if before is None or before > now else now - before


def _step(phase: str, main: Box, beside: Box | None = None, *others: Box | None) -> Step:
    """Return a step of the two columns; `others` are what goes on and what leaves of the second."""
    second, leaves = (*others, None, None)[:2]
    return Step(phase, (main, second), (beside, leaves))


def _box(head: str, *numbers: tuple[str, int | None]) -> Box:
    """Return a box of a heading and of lines with a number each."""
    lines = [f"{capital(what)} ({_n(number)})" for what, number in numbers]
    return Box((*[head] * bool(head), *lines), any(number is not None for _, number in numbers))


def _n(number: int | None) -> str:
    return (NOT_RECORDED if number is None else f"n = {number:,}").replace(" ", "\u00a0")


def _kinds(search: Search, kinds: Sequence[Kind]) -> Iterator[tuple[str, int | None]]:
    told = [kind for kind in kinds if any(one.kind == kind for one in search.sources)]
    for kind in told if kinds is _OTHERS and told else kinds:
        yield KINDS[kind], search.found(kind)


def _sought(numbers: ReportNumbers) -> Box:
    return _box("", ("Reports sought for retrieval", numbers.sought))


def _lost(numbers: ReportNumbers) -> Box:
    return _box("", ("Reports not retrieved", numbers.not_retrieved))


def _assessed(numbers: ReportNumbers) -> Box:
    return _box("", ("Reports assessed for eligibility", numbers.assessed))


def _left(numbers: ReportNumbers) -> Box:
    reasons = [(one.reason, one.reports) for one in numbers.excluded]
    none = 0 if numbers.assessed == 0 else None
    return _box("Reports excluded:", *reasons) if reasons else _box("", ("Reports excluded", none))


def _notes(steps: Sequence[Step]) -> tuple[str, ...]:
    boxes = [box for step in steps for box in (*step.main, *step.beside) if box]
    grey = "Grey: not recorded in review.yaml. " if not all(box.known for box in boxes) else ""
    return (
        f"{grey}Studies share no people with each other; reports are rows of the table of trials. "
        "A report in no analysis is counted under each of its reasons.",
    )


def _told(search: Search, held: Included) -> str:
    """Say in words what the diagram shows."""
    found, screened = search.found(*FIRST), search.flow.screened
    early = [
        f"{count(number, 'record')} {what}"
        if number is not None
        else f"records {what}: {NOT_RECORDED}"
        for what, number in (("from databases and registers", found), ("screened", screened))
    ]
    return (
        f"Flow diagram: {'; '.join(early)}; {count(held.studies, 'study', 'studies')} in "
        f"{count(held.reports, 'report')} included, {held.used:,} reports with an effect in an "
        "analysis or more."
    )
