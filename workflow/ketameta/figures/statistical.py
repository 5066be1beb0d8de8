"""What seaborn draws: distributions and heat maps, on matplotlib's figure without a display."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from ketameta.figures.canvas import save
from ketameta.figures.metrics import text_width
from ketameta.figures.printing import luminance
from ketameta.figures.scene import COLOURS, DARK, writable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# inches
REDUCTIONS_SIZE = (5.8, 4.4)
MANY = 90  # arms of a period that stand three abreast; more stand thirteen abreast
_INK = ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color")
_SETTINGS: dict[Any, Any] = {"font.family": "DejaVu Sans", "font.size": 8.0}
_SETTINGS |= dict.fromkeys(_INK, COLOURS["ink"])


def to_svg_text(figure: Figure, title: str, description: str) -> str:
    """Return a figure as SVG with its alternative text, in the fonts and colours of the others."""
    from ketameta.figures.scene import FONT

    text = save(figure, "svg", title).decode()
    start = text.index("<svg ")
    end = text.index(">", start)
    head = (
        f'{text[start:end]} class="figure" role="img" aria-label="{escape(title, quote=True)}">\n'
        f"<title>{escape(title)}</title>\n<desc>{escape(description)}</desc>"
        f"\n<style>{_dark_style()}</style>"
    )
    return writable((head + text[end + 1 :]).replace("'DejaVu Sans'", FONT.replace('"', "'")))


def _dark_style() -> str:
    """Return the rules that give what matplotlib drew in the colour of a role its dark one.

    The cells of a heat map are no role: their shades and the numbers on them stay.
    """
    rules = []
    for role, dark in DARK.items():
        light = COLOURS[role]
        filled = ("path",) if role in ("paper", "band") else ("text", 'path[style*="fill-opacity"]')
        fills = ",".join(f'{name}[style*="fill: {light}"]' for name in filled)
        rules.append(f"{fills}{{fill:{dark}!important}}")
        rules.append(f'[style*="stroke: {light}"]{{stroke:{dark}!important}}')
    return f"@media screen and (prefers-color-scheme:dark){{{''.join(rules)}}}"


@dataclass(frozen=True, slots=True)
class Fall:
    """The per cent reduction of an arm of so many people; the side is treated or control."""

    period: str
    side: str
    reduction: float
    n: int


def draw_reductions(points: Sequence[Fall], order: Sequence[str], note: str) -> Figure:
    """Draw reductions of arms by period: every arm a point, quartiles behind five or more."""
    import seaborn as sns
    from matplotlib import rc_context
    from matplotlib.figure import Figure
    from pandas import DataFrame

    frame = DataFrame(points)
    sides = {"treated": COLOURS["mark"], "control": COLOURS["pooled"]}
    style: dict[Any, Any] = sns.axes_style("ticks") | _SETTINGS
    with rc_context(style):
        figure = Figure(figsize=REDUCTIONS_SIZE)
        axes = figure.add_axes((0.1, 0.24, 0.88, 0.67))
        sizes = frame.groupby(["period", "side"])["reduction"].transform("size")
        common = {"x": "period", "y": "reduction", "order": order, "hue": "side", "ax": axes}
        common |= {"hue_order": list(sides), "palette": sides, "legend": False, "dodge": True}
        if (sizes >= 5).any():
            sns.boxplot(
                frame[sizes >= 5], **common, width=0.75, gap=0.15, fill=False, showfliers=False
            )
        _points(axes, frame, order, sides)
        axes.axhline(0, color=COLOURS["ink"], linewidth=0.8)
        axes.set(
            xlabel="Time after the start of treatment; arms, treated | control",
            ylabel="Reduction from baseline, per cent",
        )
        counts = frame.groupby(["period", "side"]).size()
        axes.set_xticks(
            range(len(order)),
            [
                f"{p}\n{counts.get((p, 'treated'), 0)} | {counts.get((p, 'control'), 0)}"
                for p in order
            ],
        )
        figure.legend(*axes.get_legend_handles_labels(), loc="upper left", ncols=2, frameon=False)
        sns.despine(ax=axes)
        figure.text(0.02, 0.02, _wrapped(note, 92), fontsize=7.5, color=COLOURS["muted"])
    return figure


def _points(axes: Axes, frame: Any, order: Sequence[str], sides: dict[str, str]) -> None:
    """Place each arm, neighbours a little apart, circles for treated and squares for control."""
    for marker, shift, (side, colour) in zip("os", (-0.2, 0.2), sides.items(), strict=True):
        own = frame[frame["side"] == side].sort_values(["period", "reduction", "n"])
        places = []
        for period, group in own.groupby("period", sort=False):
            middle = order.index(period) + shift
            # a fixed fan in the order of values: no random jitter, the same bytes each time
            wide, step = (3, 0.06) if len(group) <= MANY else (13, 0.03)
            places += [middle + step * (n % wide - wide // 2) for n in range(len(group))]
        axes.scatter(
            places, own["reduction"], s=10 + own["n"] / 2, marker=marker,
            facecolor=colour, edgecolor="white", linewidth=0.6, alpha=0.85, label=side, zorder=3,
        )  # fmt: skip


def pixels(inches: tuple[float, float]) -> tuple[float, float]:
    """Return width and height in the pixels of a page, where text is as tall as in scenes."""
    return inches[0] * 96 * 1.2, inches[1] * 96 * 1.2


@dataclass(frozen=True)
class Layout:
    """Where the parts of the map of the evidence stand, in inches.

    Reckoned here, since matplotlib's solver differs in the last digit from run to run, and since a
    page has to know the size before the map is drawn.
    """

    left: float
    bottom: float
    size: tuple[float, float]
    lines: str


_GAP, _CELL, _HIGH = 0.07, 0.152, 0.2


def evidence_layout(outcomes: Sequence[str], periods: Sequence[int], note: str) -> Layout:
    """Return the layout for labels of outcomes and the number of periods of each population."""
    left = max(text_width(label, 10.67) for label in outcomes) / 96 + 0.25
    width = left + _CELL * sum(periods) + _GAP * (len(periods) - 1) + 0.1
    lines = _wrapped(note, int(width * 18))
    bottom = 0.75 + 0.15 * (lines.count("\n") + 1)
    return Layout(left, bottom, (width, bottom + _HIGH * len(outcomes) + 0.3), lines)


def draw_evidence(
    outcomes: Sequence[str],
    facets: Sequence[tuple[str, Sequence[str], Sequence[Sequence[int]]]],
    layout: Layout,
) -> Figure:
    """Draw how many trials there are: a heat map a population, outcomes down, periods across.

    The colour follows the square root of the number, which stands in the cell.
    """
    import seaborn as sns
    from matplotlib import rc_context
    from matplotlib.colors import PowerNorm
    from matplotlib.figure import Figure
    from numpy import array, where

    most = max(max(row) for _, _, grid in facets for row in grid)
    width, height = layout.size
    style: dict[Any, Any] = sns.axes_style("white") | _SETTINGS
    shades = sns.light_palette(COLOURS["mark"], as_cmap=True)
    with rc_context(style):
        figure = Figure(figsize=layout.size)
        x, tall = layout.left, _HIGH * len(outcomes) / height
        for n, (name, periods, grid) in enumerate(facets):
            wide = _CELL * len(periods)
            axes = figure.add_axes((x / width, layout.bottom / height, wide / width, tall))
            x += wide + _GAP
            counts = array(grid)
            sns.heatmap(
                counts, mask=counts == 0, ax=axes, cbar=False, cmap=shades,
                norm=PowerNorm(0.5, 0, most), annot=where(counts > 0, counts, 0), fmt="d",
                annot_kws={"fontsize": 6.5}, linewidths=0.6, linecolor="white",
                xticklabels=False, yticklabels=False,
            )  # fmt: skip
            # set here: seaborn draws a page for each label to see whether two overlap, 300 MB
            axes.set_xticks([i + 0.5 for i in range(len(periods))], periods)
            if n == 0:
                axes.set_yticks([i + 0.5 for i in range(len(outcomes))], outcomes)
            _legible(axes)
            axes.set_facecolor(COLOURS["band"])
            axes.set_title(name, fontsize=8, fontweight="bold")
            axes.tick_params(axis="x", rotation=90, labelsize=7)
            axes.tick_params(axis="y", rotation=0)
        figure.text(0.12 / width, 0.06 / height, layout.lines, fontsize=7.5, color=COLOURS["muted"])
    return figure


def _legible(axes: Axes) -> None:
    """Set each number of a heat map in black or white, whichever stands out more from its cell."""
    from matplotlib.colors import to_hex

    mesh = axes.collections[0]
    mesh.update_scalarmappable()
    values = mesh.get_array()
    assert values is not None
    colours: list[Any] = [c for c, v in zip(mesh.get_facecolor(), values.ravel(), strict=True) if v]
    for text, colour in zip(axes.texts, colours, strict=True):
        # WCAG: black and white stand out alike at 0.179
        text.set_color("black" if luminance(to_hex(colour)) > 0.179 else "white")


def _wrapped(text: str, letters: int) -> str:
    from textwrap import fill

    return fill(text, letters)
