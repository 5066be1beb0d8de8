"""A library of reviews as a page of its own: what is said of the whole, and of where time went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan, sqrt

from ketameta.figures.bars import Bar, Bars, draw_bars
from ketameta.figures.scene import to_svg
from ketameta.library.gather import Gathered
from ketameta.library.rows import FEWEST
from ketameta.library.summary import CLASSES, FEWEST_PREDICTED, SIZES, Share, Spread, Summary
from ketameta.report import wording
from ketameta.report.pages import environment, style_sheet
from ketameta.reviews.words import IN_UNITS, NAMES

# rows of a table, and sentences of what could not be taken, that the page shows
MOST = 40
# the fewest analyses of which quartiles of tau² are drawn
_DRAWN = 10


@dataclass(frozen=True, slots=True)
class Told:
    """A list on the page, as far as it is shown, and how many more there are."""

    lines: Sequence[tuple[str, str]]
    more: int


def page(summary: Summary) -> str:
    """Return the page of what was found, as one HTML file with its style in it."""
    return (
        environment()
        .get_template("library.html")
        .render(
            summary=summary,
            lead=lead(summary),
            predicted=predicted(summary),
            spread_of=apart(summary),
            small=small_study(summary),
            reproduced=reproduced(summary),
            sizes=to_svg(draw_bars(_sizes(summary)), "sizes"),
            changes=to_svg(draw_bars(_changes(summary)), "changes"),
            p_values=to_svg(draw_bars(_p_values(summary)), "p-values"),
            spread=to_svg(draw_bars(_spread(summary.spreads)), "spread"),
            unread=_told(summary.unread),
            said=_told(summary.said),
            spreads=summary.spreads[:MOST],
            more_spreads=max(0, len(summary.spreads) - MOST),
            names=NAMES,
            tau=tau,
            style=style_sheet(),
        )
    )


def time_page(found: Gathered) -> str:
    """Return the page of where the time went: by what was done, and of the slowest reviews."""
    total = sum(found.stages.values())
    stages = sorted(found.stages.items(), key=lambda one: -one[1])
    return (
        environment()
        .get_template("library_time.html")
        .render(
            total=total,
            stages=stages,
            slowest=found.slowest,
            picture=to_svg(
                draw_bars(
                    Bars(
                        "Where the time went",
                        "Seconds by what was done, the longest first.",
                        "Seconds",
                        tuple(Bar(name, s, wording.fixed(s, 2)) for name, s in stages),
                    )
                ),
                "stages",
            ),
            fixed=wording.fixed,
            style=style_sheet(),
        )
    )


def _told(lines: Sequence[tuple[str, str]]) -> Told:
    return Told(lines[:MOST], max(0, len(lines) - MOST))


def share(found: Share) -> str:
    """Write a share as ``12% (3 of 25)``; that there is none."""
    if not found.of:
        return "none of 0"
    return f"{per_cent(found.value)} ({found.count:,} of {found.of:,})"


def per_cent(value: float) -> str:
    """Write a share per cent: with a decimal where it is near none or all."""
    near = 0 < value < 0.0995 or 0.9005 < value < 1
    return f"{wording.fixed(100 * value, 1 if near else 0)}%"


def lead(summary: Summary) -> str:
    """Say how many conclusions are others today."""
    if not summary.changed.of:
        return "No source tells how it pooled: what REML and HKSJ change is not known."
    if not summary.changed.count:
        return f"Under REML and HKSJ none of {summary.changed.of:,} conclusions is another one."
    return (
        f"Under REML and HKSJ {share(summary.changed)} of the conclusions change: "
        f"{wording.count(summary.lost, 'result')} that lay past no effect "
        f"{'does' if summary.lost == 1 else 'do'} so no more, {summary.won:,} "
        f"{'does' if summary.won == 1 else 'do'} now."
    )


def predicted(summary: Summary) -> str:
    """Say of how many results a new trial may find the opposite."""
    if not summary.predictions.of:
        return f"No result has {FEWEST_PREDICTED} effects, the fewest of which one is predicted."
    text = (
        f"{share(summary.predictions)} of the prediction intervals of {FEWEST_PREDICTED} effects "
        "or more reach across no effect"
    )
    if not summary.of_past.of:
        return f"{text}; no result has an interval past it."
    return f"{text}; of results whose own interval lies past it {share(summary.of_past)}."


def apart(summary: Summary) -> str:
    """Say in how many analyses true effects are not seen to differ."""
    of = sum(one.count for one in summary.spreads)
    if not of:
        return "No analysis has two effects, the fewest of which tau² is estimated."
    found = Share(sum(one.zero for one in summary.spreads), of)
    return f"tau² by REML is 0 in {share(found)} of the analyses of two effects or more."


def small_study(summary: Summary) -> str:
    """Say whether more small-study tests are significant than chance makes."""
    if not summary.tests:
        return f"No analysis has {FEWEST} effects, the fewest of which small-study tests are made."
    parts = []
    for level, found in summary.small:
        half = 1.96 * sqrt(level * (1 - level) / found.of)
        low, high = max(0.0, level - half), level + half
        side = "more than" if found.value > high else "fewer than" if found.value < low else "as"
        usual = f"{per_cent(low)} to {per_cent(high)} of {wording.count(found.of, 'test')}"
        parts.append(
            f"{share(found)} have p ≤ {level:g}, {side} chance makes alone "
            f"({level_text(level)}; in {usual} with nothing to find)"
        )
    return f"Of the analyses of {FEWEST} effects or more {'; '.join(parts)}."


def level_text(level: float) -> str:
    """Write a level as per cent."""
    return f"{100 * level:g}%"


def reproduced(summary: Summary) -> str:
    """Say how many printed results are met."""
    found = summary.reproduced
    if not found.of:
        return "No source prints a pooled result."
    return f"{share(found)} of the printed results are met to every printed digit."


def _sizes(summary: Summary) -> Bars:
    ends = [*SIZES[1:], None]
    bars = []
    for low, end, count in zip(SIZES, ends, summary.sizes, strict=True):
        if end is None:
            name = f"{low} or more"
        else:
            name = str(low) if end == low + 1 else f"{low} to {end - 1}"
        bars.append(Bar(name, count, f"{count:,}"))
    text = "; ".join(f"{bar.name}: {bar.text}" for bar in bars)
    return Bars("Effects in an analysis", f"Analyses by their effects: {text}.",
                "Analyses by how many effects they pool", tuple(bars))  # fmt: skip


def _changes(summary: Summary) -> Bars:
    bars = tuple(
        Bar(NAMES.get(name, name), 100 * found.value, f"{per_cent(found.value)} of {found.of:,}")
        for name, found in summary.by_measure
    )
    text = "; ".join(f"{bar.name} {bar.text}" for bar in bars) or "none"
    return Bars("Conclusions that change", f"Share of conclusions that change: {text}.",
                "Conclusions that change under REML and HKSJ", bars)  # fmt: skip


def _p_values(summary: Summary) -> Bars:
    bars = tuple(
        Bar(f"{i / CLASSES:.1f} to {(i + 1) / CLASSES:.1f}", count, f"{count:,}")
        for i, count in enumerate(summary.p_values)
    )
    expected = summary.tests / CLASSES
    return Bars(
        "p of small-study tests",
        f"Counts of small-study tests by p; {expected:,.4g} in each are expected of chance alone.",
        "Small-study tests by their p",
        bars,
        ("Dashes: as many in each as chance alone makes.",),
        expected if summary.tests else None,
    )


def _spread(spreads: Sequence[Spread]) -> Bars:
    bars = tuple(
        Bar(
            ", ".join(filter(None, (NAMES.get(one.measure, one.measure), one.field))),
            sqrt(one.upper),
            wording.fixed(sqrt(one.median), 2),
            sqrt(one.lower),
            sqrt(one.median),
        )
        for one in spreads
        if one.count >= _DRAWN and one.measure not in IN_UNITS
    )
    text = "; ".join(f"{bar.name}: median {bar.text}" for bar in bars) or "none"
    return Bars(
        "Spread of true effects",
        f"Quartiles of tau by REML, of measures without a unit: {text}.",
        "Middle half of tau (of ratios, of their logs)",
        bars,
        ("Bars: from the lower to the upper quartile. Strokes and numbers: the median.",),
    )


def tau(value: float) -> str:
    """Write a spread in three digits."""
    return "–" if isnan(value) else f"{value:.3g}"
