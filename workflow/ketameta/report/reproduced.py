"""Reviews computed again, as a page of its own: what was met, what differs, each forest plot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from ketameta.figures.axis import AxisScale
from ketameta.figures.columns import Heading
from ketameta.figures.forest import Block, Forest, ForestRow, LeftOut, Total, draw
from ketameta.figures.marks import Interval
from ketameta.figures.narrow import draw_narrow
from ketameta.figures.scene import to_svg
from ketameta.report import wording
from ketameta.report.pages import environment, style_sheet
from ketameta.reviews import told
from ketameta.reviews.model import Analysis
from ketameta.reviews.modern import Modern
from ketameta.reviews.reproduce import Result
from ketameta.reviews.words import NAMES


@dataclass(frozen=True, slots=True)
class Shown:
    """An analysis on the page: its results beside those of today, its plot wide and narrow."""

    review: str
    analysis: Analysis
    results: tuple[tuple[Result, Modern | None], ...]
    wide: str
    narrow: str

    @property
    def title(self) -> str:
        """Number and name."""
        return f"{self.analysis.number} {self.analysis.name}".strip()


def page(results: Sequence[Result], modern: Sequence[Modern | None], said: Sequence[str]) -> str:
    """Return the page as one HTML file with its style in it."""
    pairs = [*zip(results, modern, strict=True)]
    groups = groupby(pairs, lambda pair: (pair[0].pool.review, pair[0].pool.analysis.number))
    analyses = [_shown(i, [*own]) for i, (_, own) in enumerate(groups)]
    return (
        environment()
        .get_template("reproduced.html")
        .render(
            analyses=analyses,
            differ=[result for result in results if not result.equal],
            changed=[(r, m) for r, m in pairs if m is not None and m.changed],
            counted=told.counted(results),
            said=said,
            told=told,
            style=style_sheet(),
        )
    )


def _shown(i: int, own: list[tuple[Result, Modern | None]]) -> Shown:
    plot = forest(own)
    pool = own[0][0].pool
    wide = to_svg(draw(plot), f"analysis-{i}")
    return Shown(
        pool.review, pool.analysis, tuple(own), wide, to_svg(draw_narrow(plot), f"narrow-{i}")
    )


def forest(own: Sequence[tuple[Result, Modern | None]]) -> Forest:
    """Return the forest plot of an analysis: its subgroups, its total, the prediction of today."""
    analysis = own[0][0].pool.analysis
    how = analysis.settings
    parts = [result for result, _ in own if result.pool.subgroup]
    whole = next(((result, m) for result, m in own if not result.pool.subgroup), (None, None))
    blocks = [
        Block(part.pool.subgroup, _rows(part), _total(part, "Subtotal")) for part in parts
    ] or [Block("", _rows(whole[0]) if whole[0] else ())]
    title = f"{analysis.number} {analysis.name}".strip()
    texts = told.interval(whole[0].own) if whole[0] and whole[0].k else "no total"
    missing = tuple(
        LeftOut(row.study, "not estimable")
        for result, _ in own
        if result.pool.subgroup or not parts
        for row, y in zip(result.pool.rows, result.effects[0], strict=True)
        if not np.isfinite(y)
    )
    return Forest(
        title,
        f"Forest plot of {title}: {NAMES[how.measure]} {texts}.",
        (Heading("Study", widest=240.0),),
        (Heading("Weight", "."), Heading(f"{NAMES[how.measure]} [{100 * how.level:g}% CI]")),
        tuple(blocks),
        _total(whole[0], "Total") if whole[0] else None,
        _prediction(whole[1]),
        AxisScale(
            NAMES[how.measure] + (" (log scale)" if how.ratio else ""),
            1.0 if how.ratio else 0.0,
            how.ratio,
        ),
        left_out=missing,
        left_out_heading="Not estimable" if missing else "",
    )


def _rows(result: Result) -> tuple[ForestRow, ...]:
    how = result.pool.analysis.settings
    yi, vi = result.effects
    rows = []
    for row, y, v, weight in zip(result.pool.rows, yi, vi, result.weights, strict=True):
        if not (np.isfinite(y) and v > 0):
            continue
        half = 1.959963984540054 * np.sqrt(v)
        ends = np.array([y, y - half, y + half])
        middle, low, high = (float(x) for x in (np.exp(ends) if how.ratio else ends))
        text = _text(middle, low, high)
        rows.append(
            ForestRow(
                (row.study,), (f"{weight:.1f}%", text), Interval(middle, low, high),
                float(weight), f"{row.study}: {text}",
            )
        )  # fmt: skip
    return tuple(rows)


def _total(result: Result, label: str) -> Total | None:
    if not {"estimate", "low", "high"} <= result.own.keys():
        return None
    middle, low, high = (result.own[name] for name in ("estimate", "low", "high"))
    text = _text(middle, low, high)
    model = result.pool.analysis.settings.model
    name = f"{label}, {wording.count(result.k, 'study', 'studies')} ({model} effects)"
    return Total(name, ("", text), Interval(middle, low, high), f"{label} {text}")


def _prediction(today: Modern | None) -> Total | None:
    if today is None or not np.isfinite(today.prediction_low):
        return None
    low, high = wording.fixed(today.prediction_low, 2), wording.fixed(today.prediction_high, 2)
    interval = Interval(today.estimate, today.prediction_low, today.prediction_high)
    return Total("Prediction interval (REML, HKSJ)", ("", f"[{low}, {high}]"), interval)


def _text(middle: float, low: float, high: float) -> str:
    one, two, three = (wording.fixed(x, 2) for x in (middle, low, high))
    return f"{one} [{two}, {three}]"
