"""The statistical graphics: tables in, drawings out.

Two steps draw them, so that a reader of numbers need not wait. `graphics` draws what the synthesis
gives, as scenes, beside the report; which kinds an analysis has follows from its number of effects,
since `diagnostics` holds none below five. `distributions` draws what the data give, by seaborn,
whose import costs more than all scenes together: beside the synthesis, which it does not need.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from ketameta.configuration import Analysis, Configuration
from ketameta.figures.chart import draw_course, draw_funnel, draw_scatter
from ketameta.figures.forest import Forest, draw, size_of
from ketameta.figures.scene import Scene, Text, flat, to_svg
from ketameta.measures import MEASURES
from ketameta.report import statistical_data
from ketameta.report.diagnostic_data import (
    UNTIL,
    WITHOUT,
    baujat_of,
    family_course,
    funnel_of,
    refits_of,
)
from ketameta.report.forest_data import PLOTTED, forest_of
from ketameta.report.missing_outcomes import missing_of
from ketameta.report.small_study import adjusted_of
from ketameta.report.what_if import contour_of, subsets_of
from ketameta.tables.collection import Tables, by, of_analyses
from ketameta.tables.diagnostics import AsymmetryRow, CourseRow, DiagnosticRow
from ketameta.tables.effects import ArmReductionRow, EvidenceMapRow
from ketameta.tables.missing_outcomes import AssumedFieldRow
from ketameta.tables.small_study import AdjustedRow
from ketameta.tables.syntheses import SynthesisRow
from ketameta.tables.what_if import ContourRow, SubsetFieldRow, SubsetRow
from ketameta.vocabulary.narrowing import slug

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# kind -> what it is, in the order in which a page shows them
KINDS = {
    "forest": "forest plot",
    "adjusted": "estimates that allow for small-study effects",
    "funnel": "funnel plot",
    "contour": "what a new trial would conclude",
    "subsets": "all subsets of the trials",
    "missing": "had the missing fared otherwise",
    "cumulative": "cumulative synthesis by year",
    "leave-one-out": "synthesis without each trial",
    "baujat": "Baujat plot",
    "timecourse": "time course",
    "distribution": "reductions arm by arm",
    "evidence": "what evidence there is",
}
# the drawings about all data stand under this name
ALL = "data"
LIST = "figures/figures.csv"


@dataclass(frozen=True, slots=True)
class FigureEntry:
    """What a page says of a figure: the analysis that it belongs to, its kind, alternative text.

    `size` is width and height in pixels.
    """

    analysis: str
    kind: str
    title: str
    description: str
    size: tuple[float, float]

    def path(self, suffix: str) -> str:
        """Return the path below reports/."""
        return f"figures/{slug(self.analysis)}.{self.kind}.{suffix}"


@dataclass(frozen=True, slots=True)
class Drawing(FigureEntry):
    """A figure, and how it is drawn.

    `make` returns a scene, or for the kinds that seaborn draws a matplotlib figure. For a place of
    another width it is laid out anew: a `forest`, or what `at` draws so many pixels wide.
    """

    make: Callable[[], Scene | Figure]
    forest: Forest | None = None
    at: Callable[[float], Scene] | None = None

    def picture(self) -> FigureEntry:
        """Return it without the drawing, which takes far more memory."""
        return FigureEntry(self.analysis, self.kind, self.title, self.description, self.size)

    def texts(self) -> list[str]:
        """Return every text in the figure."""
        made = self.make()
        if isinstance(made, Scene):
            return [shape.text for shape in flat(made.shapes) if isinstance(shape, Text)]
        from ketameta.figures.canvas import texts_of

        return [text.get_text() for text in texts_of(made)]

    def svg(self) -> str:
        """Return the figure as an SVG file."""
        made = self.make()
        if isinstance(made, Scene):
            return to_svg(made, f"{slug(self.analysis)}-{self.kind}", standalone=True)
        from ketameta.figures.statistical import to_svg_text

        return to_svg_text(made, self.title, self.description)

    def printed(self, suffix: str) -> bytes:
        """Return the figure as pdf or png."""
        from ketameta.figures import canvas

        made = self.make()
        if isinstance(made, Scene):
            return canvas.to_pdf(made) if suffix == "pdf" else canvas.to_png(made)
        return canvas.save(made, suffix, self.title)


# what `diagnostics_of` draws besides the results without and until each trial
BESIDE = (AdjustedRow, ContourRow, SubsetRow, SubsetFieldRow)


def drawn(scene: Scene, analysis: str, kind: str, **anew: Any) -> Drawing:
    """Return a drawing of a scene that is there already; `anew` is how it is laid out again."""
    size = scene.width, scene.height
    return Drawing(analysis, kind, scene.title, scene.description, size, lambda: scene, **anew)


def drawn_forest(forest: Forest, analysis: str, kind: str) -> Drawing:
    """Return the drawing of a forest plot, which is made where its shapes are asked for."""
    told = forest.title, forest.description, size_of(forest)
    return Drawing(analysis, kind, *told, partial(draw, forest), forest=forest)


def drawn_at(at: Callable[..., Scene], analysis: str, kind: str) -> Drawing:
    """Return a drawing that can be laid out in any width."""
    return drawn(at(), analysis, kind, at=at)


def with_narrowed(tables: Tables, configuration: Configuration) -> Configuration:
    """Return the configuration with the narrowed analyses that the synthesis has."""
    return configuration.asked(row.analysis for row in tables[SynthesisRow])


def forests(tables: Tables, configuration: Configuration) -> Iterator[Drawing]:
    """Yield the forest plot of every analysis that has a trial."""
    own, records = of_analyses(tables, PLOTTED), _records(tables)
    for analysis in with_narrowed(tables, configuration):
        forest = forest_of(analysis, records[analysis.name], own(analysis.name))
        yield drawn_forest(forest, analysis.name, "forest")


def _records(tables: Tables) -> dict[str, SynthesisRow]:
    return {row.analysis: row for row in tables[SynthesisRow]}


def missing(tables: Tables, configuration: Configuration) -> Iterator[Drawing]:
    """Yield what `missing_people` yields of each analysis."""
    rows, records = by(tables[AssumedFieldRow], lambda row: row.analysis), _records(tables)
    for analysis in configuration.whole:
        yield from missing_people(analysis, records[analysis.name], rows[analysis.name])


def missing_people(
    analysis: Analysis, record: SynthesisRow, rows: Sequence[AssumedFieldRow]
) -> Iterator[Drawing]:
    """Yield what is concluded had those missing fared otherwise, where that is not all the same."""
    at = partial(missing_of, analysis, record, rows)
    if (scene := at()) is not None:
        yield drawn(scene, analysis.name, "missing", at=at)


def diagnostics(tables: Tables, configuration: Configuration) -> Iterator[Drawing]:
    """Yield what `diagnostics_of` yields of each analysis."""
    rows = by(tables[DiagnosticRow], lambda row: row.analysis)
    records = _records(tables)
    tests = by(tables[AsymmetryRow], lambda row: row.analysis)
    own = of_analyses(tables, BESIDE)
    for analysis in configuration.whole:
        name = analysis.name
        yield from diagnostics_of(analysis, records[name], tests[name], rows[name], own(name))


def diagnostics_of(
    analysis: Analysis,
    record: SynthesisRow,
    tests: Sequence[AsymmetryRow],
    rows: Sequence[DiagnosticRow],
    own: Tables,
) -> Iterator[Drawing]:
    """Yield what shows small-study effects, what a new trial would do, and what each trial does.

    `own` are its rows of the tables `BESIDE`. Of an analysis that is diagnosed; not of a narrowed
    one: its whole one shows the same trials.
    """
    if analysis.narrow or not rows:
        return
    name = analysis.name
    if own[AdjustedRow]:
        yield drawn_forest(adjusted_of(analysis, record, own[AdjustedRow]), name, "adjusted")
    yield drawn_at(partial(draw_funnel, funnel_of(analysis, tests[0], rows)), name, "funnel")
    if own[ContourRow]:
        yield drawn_at(partial(contour_of, analysis, record, own[ContourRow]), name, "contour")
    trials, fields = own[SubsetRow], own[SubsetFieldRow]
    if trials and fields:
        yield drawn_at(partial(subsets_of, analysis, record, trials, fields), name, "subsets")
    for refits, kind in ((UNTIL, "cumulative"), (WITHOUT, "leave-one-out")):
        yield drawn_forest(refits_of(analysis, record, rows, refits, KINDS[kind]), name, kind)
    yield drawn_at(partial(draw_scatter, *baujat_of(analysis, rows)), name, "baujat")


def courses(tables: Tables, configuration: Configuration) -> Iterator[Drawing]:
    """Yield the time course of each family of analyses, under the name of its first."""
    configuration = with_narrowed(tables, configuration)
    for name, rows in by(tables[CourseRow], lambda row: row.course).items():
        yield from course(name, [(configuration[row.analysis], row) for row in rows])


def course(name: str, steps: Sequence[tuple[Analysis, CourseRow]]) -> Iterator[Drawing]:
    """Yield the time course of a family of analyses, each with its row, where it shows any."""
    found = family_course([analysis for analysis, _ in steps], [row for _, row in steps])
    if found is not None:
        yield drawn_at(partial(draw_course, found), name, "timecourse")


def statistical(tables: Tables, configuration: Configuration) -> Iterator[Drawing]:
    """Yield what seaborn draws: reductions arm by arm, and the map of the evidence."""
    rows = by(tables[ArmReductionRow], lambda row: row.analysis)
    for analysis in configuration.whole:
        yield from reductions_of(analysis, rows[analysis.name])
    yield evidence(tables[EvidenceMapRow])


def reductions_of(analysis: Analysis, rows: Sequence[ArmReductionRow]) -> Iterator[Drawing]:
    """Yield the reductions arm by arm of a whole analysis that pools reductions."""
    if MEASURES[analysis.select.measure].falls and not analysis.narrow:
        parts = statistical_data.reduction_parts(analysis, rows)
        yield Drawing(analysis.name, "distribution", *parts)


def evidence(coverage: Sequence[EvidenceMapRow]) -> Drawing:
    """Return the map of the evidence, of rows of that table."""
    return Drawing(ALL, "evidence", *statistical_data.evidence_parts(coverage))


def graphics(tables: Tables, configuration: Configuration) -> Iterator[tuple[str, str]]:
    """Yield path and text of every figure of the synthesis as SVG, and of the list of them.

    The list (`LIST`) has one line a figure: file, analysis, kind, title, description.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("file", "analysis", "kind", "title", "description"))
    for part in (diagnostics, missing, courses):
        for d in part(tables, configuration):
            writer.writerow((d.path("svg"), d.analysis, d.kind, d.title, d.description))
            yield d.path("svg"), d.svg()
    yield LIST, out.getvalue()


def distributions(tables: Tables, configuration: Configuration) -> Iterator[tuple[str, str]]:
    """Yield path and text of what seaborn draws as SVG."""
    return ((d.path("svg"), d.svg()) for d in statistical(tables, configuration))


def prints(tables: Tables, configuration: Configuration) -> Iterator[tuple[str, bytes]]:
    """Yield path and bytes of every figure, forest plots too, as PDF and as PNG."""
    for drawing in _every(tables, configuration):
        for suffix in ("pdf", "png"):
            yield drawing.path(suffix), drawing.printed(suffix)


def without_font(tables: Tables, configuration: Configuration) -> str:
    """Say which characters of the figures no installed font draws in a print; empty for none."""
    from ketameta.figures.fonts import boxes_note, undrawn

    return boxes_note(
        undrawn(text for drawing in _every(tables, configuration) for text in drawing.texts())
    )


def _every(tables: Tables, configuration: Configuration) -> Iterator[Drawing]:
    for part in (forests, diagnostics, missing, courses, statistical):
        yield from part(tables, configuration)
