"""The statistical graphics: tables in, drawings out.

Two steps draw them, so that a reader of numbers need not wait. `graphics` draws what the synthesis
gives, as scenes, beside the report; which kinds an analysis has follows from its number of effects,
since `diagnostics` holds none below five. `distributions` draws what the data give, by seaborn,
whose import costs more than all scenes together: beside the synthesis, which it does not need.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ketameta.configuration import Configuration
from ketameta.figures.chart import draw_course, draw_funnel, draw_scatter
from ketameta.figures.forest import draw
from ketameta.figures.scene import Scene, Text, flat, to_svg
from ketameta.measures import MEASURES
from ketameta.report import statistical_data
from ketameta.report.diagnostic_data import baujat_of, course_of, funnel_of, refits_of
from ketameta.report.forest_data import forest_of
from ketameta.tables.grouping import grouped
from ketameta.vocabulary.narrowing import slug

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Record = dict[str, Any]
Rows = dict[str, list[Record]]

# kind -> what it is, in the order in which a page shows them
KINDS = {
    "forest": "forest plot",
    "funnel": "funnel plot",
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


@dataclass(frozen=True)
class Drawing:
    """A figure: the analysis that it belongs to, its kind, alternative text, and how it is drawn.

    `size` is width and height in pixels. `make` returns a scene, or for the kinds that seaborn
    draws a matplotlib figure.
    """

    analysis: str
    kind: str
    title: str
    description: str
    size: tuple[float, float]
    make: Callable[[], Scene | Figure]

    def path(self, suffix: str) -> str:
        """Return the path below reports/."""
        return f"figures/{slug(self.analysis)}.{self.kind}.{suffix}"

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


def drawn(scene: Scene, analysis: str, kind: str) -> Drawing:
    """Return a drawing of a scene that is there already."""
    size = scene.width, scene.height
    return Drawing(analysis, kind, scene.title, scene.description, size, lambda: scene)


def with_narrowed(tables: Rows, configuration: Configuration) -> Configuration:
    """Return the configuration with the narrowed analyses that the synthesis has."""
    return configuration.asked(row["analysis"] for row in tables["syntheses"])


def forests(tables: Rows, configuration: Configuration) -> Iterator[Drawing]:
    """Yield the forest plot of every analysis that has a trial."""
    groups = {
        name: grouped(tables[name], "analysis")
        for name in (
            *("syntheses", "studies", "subgroups", "exclusions", "judgements", "splits"),
            *("missing_results", "earlier"),
        )
    }
    for analysis in with_narrowed(tables, configuration):
        own = {name: rows[analysis.name] for name, rows in groups.items()}
        scene = draw(
            forest_of(
                analysis,
                own["syntheses"][0],
                own["studies"],
                own["subgroups"],
                "",
                own["exclusions"],
                own["judgements"],
                splits=own["splits"],
                missing=own["missing_results"],
                earlier=own["earlier"],
            )
        )
        yield drawn(scene, analysis.name, "forest")


def diagnostics(tables: Rows, configuration: Configuration) -> Iterator[Drawing]:
    """Yield funnel, cumulative, leave-one-out and Baujat plot of each diagnosed analysis.

    Not of narrowed ones: their whole one shows the same trials.
    """
    rows = grouped(tables["diagnostics"], "analysis")
    records = {r["analysis"]: r for r in tables["syntheses"]}
    tests = {r["analysis"]: r for r in tables["asymmetry"]}
    for analysis in configuration.whole:
        name, own = analysis.name, rows[analysis.name]
        if not own:
            continue
        record = records[name]
        yield drawn(draw_funnel(funnel_of(analysis, tests[name], own)), name, "funnel")
        for prefix, kind in (("until", "cumulative"), ("without", "leave-one-out")):
            forest = refits_of(analysis, record, own, prefix, KINDS[kind])
            yield drawn(draw(forest), name, kind)
        yield drawn(draw_scatter(*baujat_of(analysis, own)), name, "baujat")


def courses(tables: Rows, configuration: Configuration) -> Iterator[Drawing]:
    """Yield the time course of each family of analyses, under the name of its first."""
    configuration = with_narrowed(tables, configuration)
    for name, rows in grouped(tables["courses"], "course").items():
        course = course_of([configuration[r["analysis"]] for r in rows], rows)
        if course is not None:
            yield drawn(draw_course(course), name, "timecourse")


def statistical(tables: Rows, configuration: Configuration) -> Iterator[Drawing]:
    """Yield what seaborn draws: reductions arm by arm, and the map of the evidence."""
    yield from reductions(tables["arm_reductions"], configuration)
    yield evidence(tables["evidence_map"])


def reductions(rows: list[Record], configuration: Configuration) -> Iterator[Drawing]:
    """Yield the reductions arm by arm of each whole analysis that pools reductions."""
    groups = grouped(rows, "analysis")
    for analysis in configuration.whole:
        if MEASURES[analysis.select.measure].falls:
            parts = statistical_data.reductions(analysis, groups[analysis.name])
            yield Drawing(analysis.name, "distribution", *parts)


def evidence(coverage: list[Record]) -> Drawing:
    """Return the map of the evidence, of rows of that table."""
    return Drawing(ALL, "evidence", *statistical_data.evidence(coverage))


def graphics(tables: Rows, configuration: Configuration) -> dict[str, str]:
    """Return the text of every figure of the synthesis as SVG, by its path, and the list of them.

    The list (`LIST`) has one line a figure: file, analysis, kind, title, description.
    """
    found = [*diagnostics(tables, configuration), *courses(tables, configuration)]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("file", "analysis", "kind", "title", "description"))
    for d in found:
        writer.writerow((d.path("svg"), d.analysis, d.kind, d.title, d.description))
    return {drawing.path("svg"): drawing.svg() for drawing in found} | {LIST: out.getvalue()}


def distributions(tables: Rows, configuration: Configuration) -> dict[str, str]:
    """Return the text of what seaborn draws as SVG, by its path."""
    return {d.path("svg"): d.svg() for d in statistical(tables, configuration)}


def prints(tables: Rows, configuration: Configuration) -> Iterator[tuple[str, bytes]]:
    """Yield path and bytes of every figure, forest plots too, as PDF and as PNG."""
    for drawing in _every(tables, configuration):
        for suffix in ("pdf", "png"):
            yield drawing.path(suffix), drawing.printed(suffix)


def without_font(tables: Rows, configuration: Configuration) -> str:
    """Say which characters of the figures no installed font draws in a print; empty for none."""
    from ketameta.figures.fonts import lost, told

    return told(lost(text for drawing in _every(tables, configuration) for text in drawing.texts()))


def _every(tables: Rows, configuration: Configuration) -> Iterator[Drawing]:
    for part in (forests, diagnostics, courses, statistical):
        yield from part(tables, configuration)
