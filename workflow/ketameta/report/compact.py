"""Forest plots on pages: with fewer trials where there are many, for a phone, and for paper."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ketameta.figures.columns import SMALL
from ketameta.figures.forest import Block, Forest, column_places, draw
from ketameta.figures.lighter import lighter
from ketameta.figures.narrow import draw_narrow
from ketameta.figures.scene import Scene, to_svg

MOST, SHOWN = 60, 30  # trials that a small plot shows; of more, so many
PAPER = 182 / 25.4 * 96  # pixels between the margins of an A4 page
SMALLEST = 6.5  # points of the smallest print that reads well
# pixels of the widest plot whose small print, fitted to the page, is no smaller
WIDEST = PAPER * SMALL * 0.75 / SMALLEST
_PLOT, _NAME = 190.0, 150.0  # pixels of the axis and of the widest name of a trial on paper
_FIRST_PAGE = 680.0  # pixels of height that title and answer leave of a first page


@dataclass(frozen=True, slots=True)
class Paper:
    """A forest plot for paper, what stands below it, and whether it is too tall for a first page.

    The first page has the title and the answer too.
    """

    svg: str
    lines: tuple[str, ...]
    tall: bool


def on_page(forest: Forest, wide: Scene, name: str) -> tuple[str, str]:
    """Return a forest plot, drawn as `wide`, as SVG for a page and for a phone.

    What stands below the plot a phone leaves to the page. Groups there: an image may hold no links,
    and the rows of these are links.
    """
    narrow = draw_narrow(replace(heaviest_trials(forest), left_out=(), notes=(), legend=()))
    return _group(to_svg(wide, name)), _group(to_svg(narrow, f"{name}-narrow"))


def _group(svg: str) -> str:
    return svg.replace('role="img"', 'role="group"', 1)


def on_paper(forest: Forest, name: str) -> Paper:
    """Return a forest plot for an A4 page, and what stands below it as text of the page."""
    scene, lines = on_sheet(forest)
    tall = scene.height * min(1.0, PAPER / scene.width) > _FIRST_PAGE
    return Paper(_group(to_svg(scene, f"{name}-paper")), lines, tall)


def on_sheet(forest: Forest) -> tuple[Scene, tuple[str, ...]]:
    """Return a forest plot that reads well on an A4 page, and the lines below it.

    Columns leave, the most dispensable first, until small print is no smaller than `SMALLEST`: the
    table of the trials has them all. Where that is not enough the lights leave too. What stands
    below the plot is text of the page, so that it may go on overleaf.
    """
    fitted = replace(heaviest_trials(forest), statistics=(), left_out=(), notes=(), legend=())
    left_out = "; ".join(f"{trial.label}: {trial.reason}" for trial in forest.left_out)
    beside = [f"{forest.left_out_heading}: {left_out}."] if left_out else []
    lines = [*forest.statistics, *beside, *forest.notes, *forest.legend]
    if column_places(fitted).width > WIDEST:
        first = replace(forest.left[0], widest=_NAME)
        fitted = replace(fitted, left=(first, *forest.left[1:]), plot=_PLOT)
    fitted = lighter(fitted, WIDEST)[0]
    if forest.lights and not fitted.lights:
        lines = lines[: len(lines) - len(forest.legend)]
    return draw(fitted), tuple(lines)


def heaviest_trials(forest: Forest) -> Forest:
    """Keep the trials with most weight where there are more than a reader scrolls through.

    A heading says so; the whole plot and the table are on the page of the analysis.
    """
    rows = forest.rows
    if len(rows) <= MOST:
        return forest
    order = sorted(range(len(rows)), key=lambda n: (-(rows[n].weight or 0.0), n))
    kept = {id(rows[n]) for n in order[:SHOWN]}
    blocks = tuple(
        replace(block, rows=tuple(row for row in block.rows if id(row) in kept))
        for block in forest.blocks
    )
    said = f"The {SHOWN} heaviest of {len(rows):,} trials"
    return replace(forest, blocks=(Block(said, ()), *blocks))
