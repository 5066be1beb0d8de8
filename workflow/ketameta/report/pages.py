"""What the page templates are given: records made ready for reading, and the template engine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ketameta.configuration import Review
from ketameta.figures.scene import page_colours
from ketameta.measures import MEASURES
from ketameta.report import (
    about,
    looks,
    multiverse,
    overview,
    wording,
    wording_absolute,
    wording_certainty,
    wording_domains,
    wording_findings,
    wording_method,
    wording_model,
    wording_plot,
    wording_splits,
    wording_trust,
)
from ketameta.report.decided import Mark, MarkedRow, marked
from ketameta.report.overview import Overview, place, told
from ketameta.report.traces import Traces
from ketameta.report.wording_notes import plain_reason
from ketameta.report.wording_range import other_choices
from ketameta.tables.collection import by
from ketameta.tables.decisions import Decided
from ketameta.tables.effects import DerivationRow, FindingRow, WarningRow
from ketameta.tables.syntheses import ExclusionRow, StudyRow, UnusedRow
from ketameta.vocabulary import kept, vocabulary

if TYPE_CHECKING:
    from jinja2 import Environment

# kind, place and message of what a check says
Remark = tuple[str, str, str]
Unpooled = TypeVar("Unpooled", ExclusionRow, UnusedRow)
TEMPLATES = Path(__file__).parent / "templates"
STATIC = Path(__file__).parent / "static"


@kept
def environment() -> Environment:
    """Return the template engine: everything escaped, a name that is not given is an error."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    engine = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    engine.globals["about"] = about
    engine.globals["measures"] = MEASURES
    engine.globals["wording"] = wording
    engine.globals["absolutes"] = wording_absolute
    engine.globals["certainties"] = wording_certainty
    engine.globals["domains"] = wording_domains
    engine.globals["plain"] = plain_reason
    engine.globals["everywhere"] = multiverse
    engine.globals["looked"] = looks
    engine.globals["methods"] = wording_method
    engine.globals["models"] = wording_model
    engine.globals["overviews"] = overview
    engine.globals["plots"] = wording_plot
    engine.globals["other_choices"] = other_choices
    engine.globals["splitting"] = wording_splits
    engine.globals["trusting"] = wording_trust
    engine.globals["words_of"] = wording_findings
    engine.globals["words"] = vocabulary()
    return engine


def style_sheet() -> str:
    """Return the style sheet of the pages: the colours of the figures, and what uses them."""
    return page_colours() + (STATIC / "style.css").read_text(encoding="utf-8")


def script(name: str) -> str:
    """Return a script of the pages as a report gets it: made small where it is long."""
    small = STATIC / name.replace(".js", ".min.js")
    return (small if small.exists() else STATIC / name).read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What every template is given.

    `tables` are paths of the report, `tested` the claims (id and text) by the analysis that they
    name, `told` counts the claims in words, `more_pages` are those there only where asked,
    `release_version` is that of the release that the report is, if it is one.
    """

    review: Review
    overview: Overview
    findings: Sequence[FindingRow]
    data_hash: str
    data_date: str
    version: str
    tables: Sequence[str]
    tested: Mapping[str, Sequence[tuple[str, str]]]
    told: str
    more_pages: Sequence[str]
    release_version: str = ""


def given(view: Any) -> dict[str, Any]:
    """Return what a template is given of a view: its fields by their names."""
    return {each.name: getattr(view, each.name) for each in fields(view)}


@dataclass(frozen=True, slots=True)
class StudyView:
    """An effect on its page: the id of its place there, and what is behind it.

    `estimate` is the effect in words, `decisions` what was decided of the raw rows of `evidence`.
    """

    study: StudyRow
    anchor: str
    estimate: str
    steps: Sequence[DerivationRow]
    evidence: Sequence[MarkedRow]
    decisions: Sequence[Mark]


def study_view(study: StudyRow, traces: Traces, decided: Decided) -> StudyView:
    """Return an effect with its derivation and raw rows, and what was decided of these."""
    estimate = wording.estimate_interval(study.measure, study, "effect")
    steps, rows = traces.steps(study), traces.evidence(study)
    return StudyView(study, wording.anchor(study), estimate, steps, *marked(rows, decided))


def by_reason(rows: Iterable[Unpooled]) -> list[tuple[str, list[Unpooled]]]:
    """Return rows by their reason, the reason with most rows first."""
    groups = by(rows, lambda row: row.reason)
    return sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))


class Remarks:
    """What the checks say of raw rows, found by these."""

    def __init__(self, overview: Overview, findings: Iterable[FindingRow]) -> None:
        told_of: list[tuple[WarningRow | FindingRow, str]] = []
        told_of += [(w, kind) for kind in ("warning", "note") for w in overview.said(kind)]
        told_of += [(f, "acknowledged" if f.acknowledged else f.severity) for f in findings]
        remarks = [(f"{w.file}:{w.line}", (kind, place(w), told(w))) for w, kind in told_of]
        self._by_row = by(enumerate(remarks), lambda one: one[1][0])

    def on(self, studies: Iterable[StudyRow]) -> list[Remark]:
        """Return what is said of the rows of some studies, warnings first."""
        used = {row for study in studies for row in study.rows}
        found = [one for row in used & self._by_row.keys() for one in self._by_row[row]]
        return [remark for _, (_, remark) in sorted(found)]
