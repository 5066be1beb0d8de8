"""A figure of an analysis for a journal: laid out for its place, in its colours and type."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from ketameta.configuration import Analysis
from ketameta.figures.columns import SMALL
from ketameta.figures.forest import Forest, ForestRow, Total
from ketameta.figures.lighter import NARROWEST, NoRoomError, each_row, fitted
from ketameta.figures.printing import Print, contrast, type_size
from ketameta.figures.scene import MM, Group, Rect, Scene, Shape, Text, flat
from ketameta.measures import MEASURES
from ketameta.report.forest_data import PLOTTED, forest_of
from ketameta.report.graphics import (
    BESIDE,
    Drawing,
    course,
    diagnostics_of,
    drawn_forest,
    missing_people,
)
from ketameta.report.journal_words import cell_in_style, in_style
from ketameta.report.journals import Journal
from ketameta.tables.collection import Tables
from ketameta.tables.diagnostics import AsymmetryRow, CourseRow, DiagnosticRow
from ketameta.tables.missing_outcomes import AssumedFieldRow
from ketameta.tables.syntheses import StudyRow, SynthesisRow

# the tables of which figures are drawn
READ = (*PLOTTED, *BESIDE, AssumedFieldRow, AsymmetryRow, DiagnosticRow)
LEAST, HIGHEST = 7.0, 230.0  # points and millimetres, where no journal says otherwise
_CHART = 350.0  # pixels of a chart that is not narrower, unless its place is
_ALIKE = 1.25  # contrast of two neighbouring greys below which they are one
# lightness in place of hue, for the fields of what would be concluded and of subsets
_GREYS = {
    "mark": "#707070",
    "band3": "#d8d8d8",
    "concern": "#aaaaaa",
    "predict": "#aaaaaa",
    "high": "#303030",
}
_FIELDS = ("contour", "subsets", "missing")


@dataclass(frozen=True, slots=True)
class Printed:
    """The parts of a figure for a journal, and the columns that left for want of room."""

    parts: tuple[Print, ...]
    gone: tuple[str, ...]

    @property
    def alike(self) -> list[tuple[str, str]]:
        """Return the pairs of colours of its fields that are one without colour."""
        found: dict[str, str] = {}
        for part in self.parts:
            shapes = [s for s in flat(part.scene.shapes) if isinstance(s, Rect) and s.role != "hit"]
            found |= {s.role: part.scene.colours[s.role] for s in shapes if s.role != "rule"}
        pairs = combinations(sorted(found), 2)
        return [
            (a, b)
            for a, b in pairs
            if found[a] != found[b] and contrast(found[a], found[b]) < _ALIKE
        ]


def drawing_of(
    kind: str,
    analysis: Analysis,
    record: SynthesisRow,
    own: Tables,
    steps: Sequence[tuple[Analysis, CourseRow]],
) -> Drawing | None:
    """Return the figure of a kind of an analysis, or None where it has none.

    `own` are its rows of the tables of which figures are drawn, `steps` those of its time course.
    """
    name, rows = analysis.name, own.get(DiagnosticRow)
    if kind == "forest":
        forest = replace(forest_of(analysis, record, own), left_out=(), notes=(), legend=())
        return drawn_forest(forest, name, kind) if own[StudyRow] else None
    if kind == "timecourse":
        found = list(course(name, steps))
    elif kind == "missing":
        found = list(missing_people(analysis, record, own.get(AssumedFieldRow)))
    else:
        found = list(diagnostics_of(analysis, record, own.get(AsymmetryRow), rows, own))
    return next((drawing for drawing in found if drawing.kind == kind), None)


def printed(
    drawing: Drawing,
    journal: Journal | None,
    width: float,
    grey: bool,
    own: tuple[Forest, Forest] | None,
) -> Printed:
    """Lay a figure out for a place of `width` millimetres; `own` is a journal's, also stacked.

    Type is never smaller than the journal's `least`: raises NoRoomError where that cannot be.
    """
    least, highest = (journal.least, journal.highest) if journal else (LEAST, HIGHEST)
    place = width / MM
    widest = place * type_size(SMALL) / least
    gone: list[str] = []
    if drawing.forest is not None:
        plain = _styled(journal, drawing.forest) if journal else drawing.forest
        forest, stacked = own or (plain, plain)
        scenes, gone = fitted(forest, stacked, place, widest, highest / MM, least)
    else:
        assert drawing.at is not None
        if widest < NARROWEST:
            raise NoRoomError(least)
        scenes = [drawing.at(max(place, min(widest, _CHART)))]
        scenes = [_worded(journal, scene) for scene in scenes] if journal else scenes
    colours = dict(journal.colours) if journal else {}
    pen = journal.pen if journal else 1.0
    if grey and drawing.kind in _FIELDS:
        colours |= _GREYS
    parts = tuple(Print(scene, width).inked(colours, grey, pen) for scene in scenes)
    if any(part.smallest < least - 0.005 for part in parts):
        raise NoRoomError(least)
    return Printed(parts, tuple(gone))


def squares(journal: Journal, analysis: Analysis) -> Journal:
    """Return a journal's layout with the colour of squares that it has for a measure."""
    kind = MEASURES[analysis.select.measure].kind
    own = {"mark": journal.squares[kind]} if kind in journal.squares else {}
    return replace(journal, colours={**journal.colours, **own})


def _styled(journal: Journal, forest: Forest) -> Forest:
    """Return a forest plot of the report in a journal's spelling and numbers."""

    def cells(texts: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(cell_in_style(journal, text) for text in texts)

    def row(one: ForestRow) -> ForestRow:
        return replace(one, left=(one.left[0], *cells(one.left[1:])), right=cells(one.right))

    def total(one: Total) -> Total:
        return replace(one, left=cells(one.left), right=cells(one.right), below=cells(one.below))

    sides = forest.scale.sides
    if sides:
        first, second = (journal.sides.format(side.removeprefix("favours ")) for side in sides)
        sides = in_style(journal, first), in_style(journal, second)
    title = in_style(journal, forest.scale.title)
    forest = each_row(forest, row, total)
    left, right = (
        tuple(replace(h, title=cell_in_style(journal, h.title)) for h in side)
        for side in (forest.left, forest.right)
    )
    scale = replace(forest.scale, title=title, sides=sides, arrows=False)
    forest = replace(forest, left=left, right=right, scale=scale)
    notes, legend = cells(forest.notes), cells(forest.legend)
    return replace(forest, statistics=cells(forest.statistics), notes=notes, legend=legend)


def _worded(journal: Journal, scene: Scene) -> Scene:
    """Return a scene with its texts in a journal's spelling and numbers."""

    def worded(shape: Shape) -> Shape:
        if isinstance(shape, Group):
            return shape._replace(shapes=tuple(map(worded, shape.shapes)))
        if isinstance(shape, Text):
            return shape._replace(text=in_style(journal, shape.text))
        return shape

    return replace(scene, shapes=tuple(map(worded, scene.shapes)))
