"""The page on change: since the last release, from release to release, and the living forest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from ketameta.configuration import Analysis, Configuration
from ketameta.evidence.changes import Change
from ketameta.evidence.rated import RatedSynthesis, RecordedResult, result_of
from ketameta.evidence.releases import (
    Release,
    SinceRelease,
    changes_between,
    changes_since,
    oldest_first,
)
from ketameta.evidence.version_rule import step_between, versions
from ketameta.figures.columns import Heading
from ketameta.figures.forest import Block, Forest, ForestRow, Total, draw
from ketameta.figures.marks import Interval
from ketameta.measures import MEASURES
from ketameta.report import change_words, wording
from ketameta.report.compact import on_page
from ketameta.report.forest_data import axis_scale
from ketameta.report.overview import Overview
from ketameta.report.pages import Shared, environment, given, style_sheet
from ketameta.report.version_words import RULE, why

NOW = "these tables"


def history(
    releases: Sequence[Release],
    now: Overview,
    syntheses: Sequence[RatedSynthesis],
    claims: dict[str, str],
) -> tuple[SinceRelease | None, list[SinceRelease]]:
    """Return what changed since the last release, and each release against the one before."""
    ordered = oldest_first(releases)
    if not ordered:
        return None, []
    steps = [changes_between(a, b) for a, b in pairwise(ordered)]
    found = list(map(result_of, syntheses))
    return changes_since(ordered[-1], now.digests, now.data.data_hash, found, claims), steps


def page(
    since: tuple[SinceRelease | None, list[SinceRelease]],
    releases: Sequence[Release],
    records: Mapping[str, RatedSynthesis],
    configuration: Configuration,
    shared: Shared,
) -> tuple[str, str]:
    """Return the page of changes, and the sentence for the front page (empty: no release).

    `since` is the `history`, `records` are the syntheses as judged by analysis; `shared` is what
    every page of the report is given.
    """
    latest, steps = since
    ordered = oldest_first(releases)
    living = [
        (analysis, *on_page(forest, draw(forest), f"living-{analysis.slug}"), rows)
        for analysis in configuration
        if analysis.display.headline and ordered
        for forest, rows in [living_forest(analysis, ordered, records[analysis.name])]
    ]
    text = (
        environment()
        .get_template("changes.html")
        .render(
            **given(shared),
            latest=latest,
            steps=list(zip(ordered[1:], steps, strict=True))[::-1],
            releases=ordered[::-1],
            living=living,
            configuration=configuration,
            words=change_words,
            versions=versions(ordered),
            whys={b.name: why(step_between(a, b)) for a, b in pairwise(ordered)},
            version_rule=RULE,
            root="",
        )
    )
    return text, change_words.since_summary(latest) if latest else ""


def standalone(change: Change, configuration: Configuration) -> str:
    """Return the change between two versions as one HTML file with its style in it."""
    return (
        environment()
        .get_template("change_file.html")
        .render(
            change=change,
            moved=[move for move in change.moves if move.moved],
            configuration=configuration,
            words=change_words,
            style=style_sheet(),
        )
    )


def living_forest(
    analysis: Analysis, releases: Sequence[Release], now: RatedSynthesis
) -> tuple[Forest, list[tuple[str, RecordedResult]]]:
    """Return the pooled estimate by release as a forest plot, and its rows for a table.

    Releases without an estimate, or of another measure, are left out.
    """
    measure = analysis.select.measure
    found = [
        (release.name, row)
        for release in releases
        for row in release.syntheses
        if row.analysis == analysis.name and row.measure == measure
    ]
    known = [(name, row) for name, row in found if row.ci_low is not None]
    drawn = [_row(measure, name, row) for name, row in known]
    rows, total = known, None
    if now.ci_low is not None:
        rows = [*known, (NOW, result_of(now))]
        # the present result as the diamond: its interval is never cut at the axis
        last = _row(measure, NOW, result_of(now))
        label = f"{NOW[:1].upper()}{NOW[1:]} ({wording.count(now.k, 'trial')})"
        total = Total(label, last.right, last.interval, last.tooltip)
    level = wording.level_percent(analysis.model.level)
    told = "; ".join(f"{name}: {wording.estimate_interval(measure, row)}" for name, row in rows)
    forest = Forest(
        f"{analysis.display.title}, by release",
        f"Pooled {MEASURES[measure].words} by release: {told}." if told else "No estimate.",
        (Heading("Release"), Heading("Trials", "end"), Heading("People", "end")),
        (Heading(f"{MEASURES[measure].heading}\n[{level} CI]", "."),),
        (Block("", tuple(drawn)),),
        total,
        None,
        axis_scale(analysis),
        notes=("Squares: the pooled estimate of each release. Diamond: of the present tables.",),
    )
    return forest, rows


def _row(measure: str, name: str, record: RecordedResult) -> ForestRow:
    text = wording.estimate_interval(measure, record)
    ends = (record.estimate, record.ci_low, record.ci_high)
    numbers = [MEASURES[measure].drawn(end) for end in ends]
    assert numbers[0] is not None
    return ForestRow(
        (name, str(record.k), wording.people(record.n)),
        (text,),
        Interval(numbers[0], numbers[1], numbers[2]),
        None,
        f"{name}: {MEASURES[measure].words} {text}",
    )
