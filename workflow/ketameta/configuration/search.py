"""How trials were searched for, and the numbers of the flow from records to reports (PRISMA 2020).

What is not told stays None: nothing is guessed. What is told has to add up.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Len

from ketameta.configuration.models import Words
from ketameta.documents.fields import Listed, Written

Name = Annotated[str, Len(1, 200)]
Date = Annotated[
    str, Written(r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$", "a date as 2026-03-31")
]
Number = Annotated[int, Ge(0)]
Kind = Literal["database", "register", "website", "organisation", "citations", "other"]
# kinds that the first column of a flow diagram counts; the others are its other methods
FIRST: tuple[Kind, ...] = ("database", "register")
Place = tuple[str | int, ...]


@dataclass(frozen=True)
class Searched:
    """A source that was searched for trials."""

    name: Name
    """Name of the database, register or list."""
    start: Date = ""
    """First day that it was searched from; empty from its beginning."""
    end: Date = ""
    """Last day that it was searched to."""
    records: Number | None = None
    """Records that it gave."""
    kind: Kind = "database"
    """What it is: a database, a register of trials, a website, an organisation, citations of what
    was found (reference lists and works that cite), or other."""
    strategy: Annotated[str, Len(3, 20_000)] = ""
    """The search as it was run, line for line, with its filters and limits."""


@dataclass(frozen=True)
class ReasonCount:
    """Reports that were read and left out for one reason."""

    reason: Annotated[str, Len(3, 200)]
    """Why they were left out."""
    reports: Number
    """How many there are."""


@dataclass(frozen=True)
class ReportNumbers:
    """What became of reports that were wanted in full."""

    sought: Number | None = None
    """Reports that were sought."""
    not_retrieved: Number | None = None
    """Of these, reports that could not be had."""
    assessed: Number | None = None
    """Reports that were read and judged for whether they belong."""
    excluded: Annotated[tuple[ReasonCount, ...], Listed()] = ()
    """Of these, those left out, a block a reason."""


@dataclass(frozen=True)
class Previous:
    """What the version before had already, of a review that is an update."""

    studies: Number | None = None
    """Studies in the version before."""
    reports: Number | None = None
    """Reports of them."""


@dataclass(frozen=True)
class FlowNumbers:
    """The numbers of the flow diagram that no table of the project holds."""

    duplicates: Number | None = None
    """Records of databases and registers taken out as duplicates."""
    automation: Number | None = None
    """Records that automation tools marked as not eligible, before anybody looked."""
    other_reasons: Number | None = None
    """Records taken out before screening for other reasons."""
    screened: Number | None = None
    """Records screened."""
    excluded: Number | None = None
    """Of these, records left out."""
    reports: ReportNumbers = ReportNumbers()
    """Reports of what databases and registers gave."""
    other_reports: ReportNumbers = ReportNumbers()
    """Reports of what the other methods gave: websites, organisations, citations."""
    previous: Previous = Previous()
    """What the version before had already; only of a review that is an update."""


@dataclass(frozen=True)
class Search:
    """How trials were searched for."""

    last: Date = ""
    """Day of the last search."""
    sources: Annotated[tuple[Searched, ...], Listed()] = ()
    """What was searched, one block a source."""
    languages: Words = ()
    """Languages that reports were taken in."""
    note: Annotated[str, Len(3, 1000)] = ""
    """What else a reader must know of the search."""
    selection: Annotated[str, Len(3, 1000)] = ""
    """How records and reports were chosen: by how many people, whether independently, with which
    tools."""
    flow: FlowNumbers = FlowNumbers()
    """Numbers of the flow from records to reports."""

    def found(self, *kinds: Kind) -> int | None:
        """Return the records that sources of some kinds gave; None where one is not told."""
        told = [source.records for source in self.sources if source.kind in kinds]
        return sum(n or 0 for n in told) if told and None not in told else None


# nothing told of it
NO_SEARCH = Search()


def flow_faults(search: Search) -> Iterator[tuple[Place, str]]:
    """Yield the place, below `search`, and the words of every number that does not add up."""
    flow = search.flow
    others = search.found("website", "organisation", "citations", "other")
    early = {
        "duplicates": flow.duplicates,
        "automation": flow.automation,
        "other_reasons": flow.other_reasons,
        "screened": flow.screened,
    }
    late = {"excluded": flow.excluded, "reports.sought": flow.reports.sought}
    yield from _differs(
        ("flow", "screened"), "records of databases and registers", search.found(*FIRST), early
    )
    yield from _differs(("flow", "screened"), "records screened", flow.screened, late)
    yield from _differs(
        ("flow", "other_reports", "sought"),
        "records of other methods",
        others,
        {"other_reports.sought": flow.other_reports.sought, "the rest": None},
    )
    for name, own in (("reports", flow.reports), ("other_reports", flow.other_reports)):
        read = {"not_retrieved": own.not_retrieved, "assessed": own.assessed}
        yield from _differs(("flow", name, "sought"), "reports sought", own.sought, read)
        left = {"excluded": sum(one.reports for one in own.excluded), "the rest": None}
        yield from _differs(("flow", name, "excluded"), "reports assessed", own.assessed, left)
    studies = {"studies": flow.previous.studies, "the rest": None}
    yield from _differs(("flow", "previous"), "reports", flow.previous.reports, studies)


def _differs(
    place: Place, what: str, whole: int | None, parts: dict[str, int | None]
) -> Iterator[tuple[Place, str]]:
    """Yield a fault where parts are more than the whole, or all are told and are less."""
    told = {name: number for name, number in parts.items() if number is not None}
    total = sum(told.values())
    if whole is None or total == whole or (total < whole and len(told) < len(parts)):
        return
    named: Sequence[str] = [f"{name} {number:,}" for name, number in told.items()]
    together = f", together {total:,}" if len(named) > 1 else ""
    yield place, f"{' and '.join(named)}{together}: not the {whole:,} {what}"
