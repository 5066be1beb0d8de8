"""The page of one analysis, and its figure as a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ketameta.configuration import Analysis, Configuration
from ketameta.configuration.review import Review
from ketameta.evidence.certainty import Certainty
from ketameta.evidence.rated import RatedSynthesis
from ketameta.figures.forest import draw
from ketameta.figures.scene import to_svg
from ketameta.report import extraction, wording_method, wording_notes
from ketameta.report.alike import Number
from ketameta.report.alongside import BESIDE, alongside
from ketameta.report.answers import Answer
from ketameta.report.bayes import bayes_view
from ketameta.report.compact import on_page, on_paper
from ketameta.report.forest_data import PLOTTED, forest_of
from ketameta.report.graphics import (
    KINDS,
    course,
    diagnostics_of,
    missing_people,
    reductions_of,
)
from ketameta.report.listing import where
from ketameta.report.listings import LEDGER
from ketameta.report.looks import looks_view
from ketameta.report.missing_outcomes import missing_view
from ketameta.report.moderators import KINDS as MODERATED
from ketameta.report.moderators import moderators_view
from ketameta.report.multiverse import multiverse_view
from ketameta.report.pages import (
    Remark,
    Remarks,
    Shared,
    StudyView,
    by_reason,
    environment,
    given,
    study_view,
)
from ketameta.report.repool import repool_data
from ketameta.report.small_study import small_study_view
from ketameta.report.traces import Traces
from ketameta.report.what_if import what_if_view
from ketameta.report_files import figure_of
from ketameta.tables.bayes import PosteriorRow, ShrunkenRow
from ketameta.tables.collection import Tables, by, of_analyses
from ketameta.tables.diagnostics import AsymmetryRow, CourseRow, DiagnosticRow, TrustRow
from ketameta.tables.effects import ArmReductionRow
from ketameta.tables.looks import LookRow
from ketameta.tables.missing_outcomes import AssumedFieldRow, AssumedRow, LossRow, TurningRow
from ketameta.tables.multiverse import (
    ChoiceRow,
    ExtremeRow,
    MeasureRow,
    MultiverseRow,
    SpecificationRow,
)
from ketameta.tables.small_study import AdjustedRow
from ketameta.tables.syntheses import (
    AbsoluteRow,
    ExclusionRow,
    PointsRow,
    SensitivityRow,
    SplitRow,
    StudyRow,
    SubgroupRow,
    UnusedRow,
)
from ketameta.tables.what_if import (
    ContourRow,
    FragilityRow,
    NewTrialRow,
    SubsetFieldRow,
    SubsetRow,
)

_SHOWN = (
    *(AbsoluteRow, PointsRow, UnusedRow, ArmReductionRow, AsymmetryRow, DiagnosticRow),
    *(PosteriorRow, ShrunkenRow, LookRow, AdjustedRow),
    *(MultiverseRow, MeasureRow, ChoiceRow, SpecificationRow, ExtremeRow),
    *(FragilityRow, SubsetRow, SubsetFieldRow, NewTrialRow, ContourRow),
    *(LossRow, AssumedRow, TurningRow, AssumedFieldRow),
    TrustRow,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """What is said of a result elsewhere: certainty, answer, its like, the claims on it."""

    rated: Certainty
    answer: Answer
    alike: Sequence[Number]
    neighbours: Sequence[tuple[str, str, Analysis]]
    tested: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """All that a page and its figure are made from: nothing else is known to `files`.

    `own` are its rows of the tables that it shows, `views` its effects with what is behind them,
    `warnings` what the checks say of its rows, `course` the analyses and rows of the time course
    that stands under its name; `claimed` says whether there are claims at all, `more_pages`
    are those that are there only where asked.
    """

    analysis: Analysis
    record: RatedSynthesis
    own: Tables
    views: Sequence[StudyView]
    warnings: Sequence[Remark]
    course: Sequence[tuple[Analysis, CourseRow]]
    beside: Elsewhere
    review: Review
    claimed: bool
    more_pages: Sequence[str]
    version: str


class Asker:
    """Gathers what each page is made from, out of what the pages share."""

    def __init__(
        self, tables: Tables, configuration: Configuration, traces: Traces, shared: Shared
    ) -> None:
        # in one order, which a question tells too
        self._own = of_analyses(tables, dict.fromkeys((*PLOTTED, *BESIDE, *MODERATED, *_SHOWN)))
        self._traces, self._shared = traces, shared
        self._decided = extraction.decided_of(tables)
        self._remarks = Remarks(shared.overview, shared.findings)
        self._courses: Mapping[str, list[tuple[Analysis, CourseRow]]] = {
            name: [(configuration[row.analysis], row) for row in rows]
            for name, rows in by(tables[CourseRow], lambda row: row.course).items()
        }

    def page(self, analysis: Analysis, record: RatedSynthesis, beside: Elsewhere) -> Page:
        """Return what a page is made from; `beside` is what is said of the record elsewhere."""
        own = self._own(analysis.name)
        studies = own[StudyRow]
        return Page(
            analysis=analysis,
            record=record,
            own=own,
            views=[study_view(study, self._traces, self._decided) for study in studies],
            warnings=self._remarks.on(studies),
            course=self._courses.get(analysis.name, []),
            beside=beside,
            review=self._shared.review,
            claimed=bool(self._shared.told),
            more_pages=self._shared.more_pages,
            version=self._shared.version,
        )


def paths_of(analysis: Analysis) -> tuple[str, str]:
    """Return the paths below reports/ of the figure and the page."""
    return figure_of(analysis.slug), f"analyses/{analysis.slug}.html"


def files(page: Page) -> Iterator[str]:
    """Yield the figure and the page (see `paths_of`)."""
    analysis, record, own, views = page.analysis, page.record, page.own, page.views
    slug, studies, unused = analysis.slug, own[StudyRow], own[UnusedRow]
    forest = forest_of(analysis, record, own)
    scene = draw(forest)
    yield to_svg(scene, slug, standalone=True)
    figure, narrow = on_page(forest, scene, slug)
    tests, rows = own[AsymmetryRow], own[DiagnosticRow]
    methods = own[AdjustedRow]
    drawings = [
        *diagnostics_of(analysis, record, tests, rows, own),
        *missing_people(analysis, record, own[AssumedFieldRow]),
        *course(analysis.name, page.course),
    ]
    yield (
        environment()
        .get_template("analysis.html")
        .render(
            **given(page.beside),
            analysis=analysis,
            record=record,
            figure=figure,
            narrow=narrow,
            printed=on_paper(forest, slug),
            figures=[figure_of(slug)],
            studies=studies,
            views=views,
            sources=wording_method.method_sources(s for view in views for s in view.steps),
            notes=wording_notes.notes(analysis, record, studies),
            subgroups=by(own[SubgroupRow], lambda row: row.split),
            splits=own[SplitRow],
            sensitivity=own[SensitivityRow],
            trusted=own[TrustRow],
            risks=own[AbsoluteRow],
            points=own[PointsRow],
            exclusions=by_reason(own[ExclusionRow]),
            unused=by_reason(row for row in unused if not row.chosen),
            chosen=by_reason(row for row in unused if row.chosen),
            kinds=KINDS,
            drawings=drawings,
            distributions=[*reductions_of(analysis, own[ArmReductionRow])],
            arms=own[ArmReductionRow],
            alongside=alongside(analysis, record, own),
            moderators=moderators_view(analysis, record, studies, own),
            bayes=bayes_view(analysis, own[PosteriorRow], own[ShrunkenRow]),
            small_study=small_study_view(analysis, record, methods),
            what_if=what_if_view(analysis, own),
            missing_people=missing_view(analysis, record, own),
            looks=looks_view(analysis, own[LookRow]),
            multiverse=multiverse_view(analysis, record, own),
            repool=repool_data(analysis, record, own, page.beside.rated),
            warnings=page.warnings,
            ledger=where(LEDGER.page, analysis=analysis.display.title),
            review=page.review,
            told=page.claimed,
            more_pages=page.more_pages,
            version=page.version,
            root="../",
        )
    )
