"""The page of the reporting lists: flow, sources, versions, and every item judged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ketameta.configuration import Analysis, Configuration, Review
from ketameta.configuration.search import Searched
from ketameta.evidence.releases import Release, SinceRelease, changes_between, oldest_first
from ketameta.figures.flow import draw_flow, draw_flow_narrow
from ketameta.figures.scene import to_svg
from ketameta.report import change_words
from ketameta.report.about import NOT_TOLD
from ketameta.report.checklist import STATES, Facts
from ketameta.report.prisma_flow import Included, diagram
from ketameta.report.references import REFERENCES
from ketameta.tables.characteristics import ExcludedTrialRow
from ketameta.tables.collection import by
from ketameta.tables.parts import JudgedItem
from ketameta.tables.prisma import MecirItemRow, PrismaFlowRow, PrismaItemRow

WORKS = ("Page 2021", "Akl 2024")
_PAGES = {
    "index.html": "front page",
    "manuscript.html": "text for an article",
    "data.html": "data",
    "dictionary.html": "data dictionary",
    "extraction.html": "extraction",
    "changes.html": "what changed",
    "rules.html": "rules of certainty",
    "rob2.html": "risk of bias",
    "prisma.html": "this page",
}


@dataclass(frozen=True, slots=True)
class Version:
    """A recorded version: its name, its trial reports, and in words what came since the last."""

    name: str
    reports: int
    since: str


@dataclass(frozen=True, slots=True)
class AnalysisFlow:
    """What became of the trial reports in an analysis."""

    analysis: Analysis
    inside: int
    people: int
    outside: Sequence[tuple[str, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PrismaView:
    """What the template of the page takes."""

    wide: str
    narrow: str
    flow: Sequence[PrismaFlowRow]
    unsettled: str
    search_sources: Sequence[Searched]
    analyses: Sequence[AnalysisFlow]
    left_out: Sequence[ExcludedTrialRow]
    versions: Sequence[Version]
    now: str
    trigger: str
    facts: Sequence[tuple[str, str]]
    lists: Mapping[str, Mapping[str, Sequence[JudgedItem]]]
    tally: Mapping[str, Sequence[tuple[str, int]]]
    works: Sequence[tuple[str, str, str]]


def drawing(configuration: Configuration, held: Included) -> str:
    """Return the flow diagram as a file of its own."""
    return to_svg(draw_flow(diagram(configuration.review.search, held)), "prisma", standalone=True)


def view(
    facts: Facts,
    held: Included,
    flow: Sequence[PrismaFlowRow],
    excluded: Sequence[ExcludedTrialRow],
    releases: Sequence[Release],
    items: tuple[Sequence[PrismaItemRow], Sequence[MecirItemRow]],
) -> PrismaView:
    """Return what the page shows."""
    shown = diagram(facts.review.search, held)
    every: list[JudgedItem] = [row for rows in items for row in rows]
    lists = by(every, lambda row: row.checklist)
    return PrismaView(
        wide=to_svg(draw_flow(shown), "prisma"),
        narrow=to_svg(draw_flow_narrow(shown), "prisma-narrow"),
        flow=[row for row in flow if not row.analysis],
        unsettled=facts.unsettled,
        search_sources=facts.review.search.sources,
        analyses=_analyses(facts.configuration, flow),
        left_out=excluded,
        versions=_versions(releases),
        now=change_words.since_summary(facts.latest) if facts.latest else "",
        trigger=facts.trigger,
        facts=_facts(facts.review),
        lists={name: by(rows, lambda row: row.section) for name, rows in lists.items()},
        tally={name: tally(rows) for name, rows in lists.items()},
        works=[(name, *REFERENCES[name]) for name in WORKS],
    )


def trigger(review: Review, latest: SinceRelease | None, steps: Sequence[SinceRelease]) -> str:
    """Say what set off a version: as the review tells it, else what came into its data.

    `latest` is what changed since the last release, `steps` what each release changed.
    """
    if review.living.trigger or latest is None:
        return review.living.trigger
    if latest.other_data:
        return f"since version {latest.release.name}: {change_words.data_changes(latest)}"
    if steps:
        before = steps[-1]
        return f"since version {before.release.name}: {change_words.data_changes(before)}"
    return "the first version"


def tally(rows: Sequence[JudgedItem]) -> list[tuple[str, int]]:
    """Count items by their state, in the order of the states."""
    counted = Counter(row.state for row in rows)
    return [(state, counted[state]) for state in STATES]


def place_words(place: str, titles: Mapping[str, str]) -> str:
    """Name a place of the report; `titles` are those of analyses by their pages."""
    page, _, anchor = place.partition("#")
    name = _PAGES.get(page) or titles.get(page) or page
    return f"{name}, {anchor.replace('-', ' ')}" if anchor else name


def _analyses(configuration: Configuration, flow: Sequence[PrismaFlowRow]) -> list[AnalysisFlow]:
    """Return the flow of the analyses that nothing narrows."""
    found = []
    for analysis in configuration.whole:
        own = [row for row in flow if row.analysis == analysis.name]
        numbers = {row.box: row.number or 0 for row in own}
        outside = [(row.item, row.number or 0) for row in own if row.item]
        found.append(
            AnalysisFlow(
                analysis, numbers["in the analysis"], numbers["people in the analysis"], outside
            )
        )
    return found


def _versions(releases: Sequence[Release]) -> list[Version]:
    """Return the recorded versions, the last first, each against the one before."""
    ordered = oldest_first(releases)
    found = []
    for n, release in enumerate(ordered):
        since = "the first"
        if n:
            since = change_words.since_summary(changes_between(ordered[n - 1], release))
        name = f"{release.version} of {release.name}" if release.version else release.name
        found.append(Version(name, len(release.trials), since))
    return found[::-1]


def _facts(review: Review) -> list[tuple[str, str]]:
    """Return what the lists ask of the review alone, and what it tells."""
    told = (
        ("How studies were chosen", review.search.selection),
        ("Changes of the protocol", review.protocol.amendments),
        ("Who paid", review.funding),
        ("Competing interests", review.interests),
        ("Why it is kept up to date", review.living.why),
        ("When it is made anew", review.living.schedule),
        ("When it ends", review.living.retirement),
    )
    return [(name, said or NOT_TOLD) for name, said in told]
