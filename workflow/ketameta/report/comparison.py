"""Two extractions compared, as a page of its own: sentences, tables and a picture a column."""

from __future__ import annotations

from math import sqrt

from ketameta.configuration import Configuration
from ketameta.extraction.records import Comparison, FieldAgreement, NumberPair
from ketameta.figures.differences import Apart, Differences, Level, draw_differences
from ketameta.figures.scene import to_svg
from ketameta.report import agreement_words, comparison_words, wording
from ketameta.report.pages import environment, style_sheet

# columns with fewer cells that differ need no picture: the list tells it sooner
FEWEST = 3


def standalone(compared: Comparison, configuration: Configuration) -> str:
    """Return the comparison as one HTML file with its style in it."""
    return (
        environment()
        .get_template("comparison.html")
        .render(
            compared=compared,
            configuration=configuration,
            pictures=[(line, bland_altman(line)) for line in compared.agreement if is_drawn(line)],
            words=comparison_words,
            agreeing=agreement_words,
            style=style_sheet(),
        )
    )


def is_drawn(line: FieldAgreement) -> bool:
    """Say whether a picture helps: limits can be told, and more than a cell or two differ."""
    known = line.limits is not None and line.limits.low is not None
    return known and sum(pair.a != pair.b for pair in line.pairs) >= FEWEST


def bland_altman(line: FieldAgreement) -> str:
    """Return the plot of Bland and Altman of a column that `is_drawn`, as SVG."""
    return to_svg(draw_differences(differences(line)), f"apart-{line.table}-{line.column}")


def differences(line: FieldAgreement) -> Differences:
    """Return what the picture of a column that `is_drawn` shows."""
    limits = line.limits
    assert limits is not None
    ratio = limits.ratio
    low, mean, high = (
        Level(value, agreement_words.figure(value, ratio), interval)
        for value, interval in (
            (limits.low, limits.low_interval),
            (limits.bias, limits.bias_interval),
            (limits.high, limits.high_interval),
        )
        if value is not None
    )
    differing = tuple(
        Apart(_middle(pair, ratio), _apart(pair, ratio), f"{pair.row}: A {pair.a:g}, B {pair.b:g}")
        for pair in line.pairs
        if pair.a != pair.b
    )
    outside = sum(not low.value <= point.apart <= high.value for point in differing)
    return Differences(
        f"{line.table}, {line.column}: how far B is from A",
        f"{wording.count(len(line.pairs), 'pair')} of numbers, of which {len(differing):,} differ, "
        f"{outside:,} beyond the limits. Mean {agreement_words.bias_in_words(line)}, limits "
        f"{agreement_words.limits(line)}.",
        f"{line.column}, the middle of A and B",
        "B over A" if ratio else "B less A",
        differing,
        tuple(pair.a for pair in line.pairs if pair.a == pair.b),
        low,
        mean,
        high,
        ratio,
    )


def _apart(pair: NumberPair, ratio: bool) -> float:
    return pair.b / pair.a if ratio else pair.b - pair.a


def _middle(pair: NumberPair, ratio: bool) -> float:
    return sqrt(pair.a) * sqrt(pair.b) if ratio else (pair.a + pair.b) / 2
