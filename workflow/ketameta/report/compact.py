"""Forest plots on pages: with fewer trials where there are many, and for a phone."""

from __future__ import annotations

from dataclasses import replace

from ketameta.figures.forest import Block, Forest
from ketameta.figures.narrow import draw_narrow
from ketameta.figures.scene import Scene, to_svg

MOST, SHOWN = 60, 30  # trials that a small plot shows; of more, so many


def on_page(forest: Forest, wide: Scene, name: str) -> tuple[str, str]:
    """Return a forest plot, drawn as `wide`, as SVG for a page and for a phone.

    What stands below the plot a phone leaves to the page. Groups there: an image may hold no links,
    and the rows of these are links.
    """
    narrow = draw_narrow(replace(heaviest(forest), left_out=(), notes=()))
    return _group(to_svg(wide, name)), _group(to_svg(narrow, f"{name}-narrow"))


def _group(svg: str) -> str:
    return svg.replace('role="img"', 'role="group"', 1)


def heaviest(forest: Forest) -> Forest:
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
