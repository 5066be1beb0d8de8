"""The page of one analysis, and its figure as a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ketameta.configuration import Analysis, Configuration
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
from ketameta.report.graphics import KINDS, courses, diagnostics, reductions
from ketameta.report.moderators import KINDS as MODERATED
from ketameta.report.moderators import moderators_view
from ketameta.report.pages import Remarks, Shared, by_reason, environment, given, study_view
from ketameta.report.traces import Traces
from ketameta.report_files import figure_of
from ketameta.tables.bayes import PosteriorRow, ShrunkenRow
from ketameta.tables.collection import Tables, by, of_analyses
from ketameta.tables.effects import ArmReductionRow
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

_SHOWN = (AbsoluteRow, PointsRow, UnusedRow, ArmReductionRow, PosteriorRow, ShrunkenRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What is said of a result elsewhere: certainty, answer, its like, the claims on it."""

    rated: Certainty
    answer: Answer
    alike: Sequence[Number]
    neighbours: Sequence[tuple[str, str, Analysis]]
    tested: Sequence[tuple[str, str]]


class Maker:
    """Makes the pages of analyses, of what they share."""

    def __init__(
        self,
        tables: Tables,
        configuration: Configuration,
        traces: Traces,
        shared: Shared,
    ) -> None:
        self._own = of_analyses(tables, {*PLOTTED, *BESIDE, *MODERATED, *_SHOWN})
        self._traces, self._shared = traces, given(shared)
        self._decided = extraction.decided_of(tables)
        self._remarks = Remarks(shared.overview, shared.findings)
        # pictures alone: shapes would take more memory than all pages
        self._pictures = by(
            (
                drawing.picture()
                for part in (diagnostics, courses)
                for drawing in part(tables, configuration)
            ),
            lambda picture: picture.analysis,
        )
        falls = reductions(tables[ArmReductionRow], configuration)
        self._distributions = by(falls, lambda d: d.analysis)

    def files(
        self, analysis: Analysis, record: RatedSynthesis, beside: Beside
    ) -> Iterator[tuple[str, str]]:
        """Yield the figure and the page; `beside` is what is said of the record elsewhere."""
        name, slug, own = analysis.name, analysis.slug, self._own(analysis.name)
        studies, unused = own[StudyRow], own[UnusedRow]
        forest = forest_of(analysis, record, own)
        scene = draw(forest)
        yield figure_of(slug), to_svg(scene, slug, standalone=True)
        figure, narrow = on_page(forest, scene, slug)
        views = [study_view(study, self._traces, self._decided) for study in studies]
        page = environment().get_template("analysis.html")
        yield (
            f"analyses/{slug}.html",
            page.render(
                **{**self._shared, **given(beside)},
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
                risks=own[AbsoluteRow],
                points=own[PointsRow],
                exclusions=by_reason(own[ExclusionRow]),
                unused=by_reason(row for row in unused if not row.chosen),
                chosen=by_reason(row for row in unused if row.chosen),
                kinds=KINDS,
                drawings=self._pictures[name],
                distributions=self._distributions[name],
                arms=own[ArmReductionRow],
                alongside=alongside(analysis, record, own),
                moderators=moderators_view(analysis, studies, own),
                bayes=bayes_view(analysis, own[PosteriorRow], own[ShrunkenRow]),
                warnings=self._remarks.on(studies),
                root="../",
            ),
        )
