"""How far two extractions agree, in words: shares, kappa, ICC and limits as people read them."""

from __future__ import annotations

from collections.abc import Sequence

from ketameta.extraction.records import FieldAgreement
from ketameta.report import wording

Interval = tuple[float, float]
PICTURE = (
    "Each pair of numbers by its size and by how far B is from A. Rings: alike. Dots: they differ. "
    "Diamonds: outside the limits. Lines: the mean difference, and dashed the limits that hold 95% "
    "of the differences; shaded, their 95% intervals."
)
# what is said of the figures wherever they stand
NOTES = (
    "A move (SE) is the largest of a pooled estimate when what B says is put into the tables of A, "
    "in standard errors of A's estimate. An analysis turns where its verdict or certainty does.",
    "Cells that say the same count as the same: 24 and 24.0, capital and small letters. Words for "
    "people alone (notes, places in the source) do not count, nor do names of trials and arms.",
    "Kappa is agreement of words beyond chance: 1 for all, 0 for no more than chance (Cohen 1960; "
    "interval by Fleiss, Cohen and Everitt 1969).",
    "ICC is the intraclass correlation of numbers for absolute agreement of single readings "
    "(Shrout and Fleiss 1979, ICC(2,1)). Near 1 it says that rows differ from each other far more "
    "than the extractions do; it is no proof that they agree. Look at the share of cells that are "
    "the same and at the limits.",
    "Limits hold 95% of the differences, B less A (Bland and Altman 1986), with exact intervals "
    "(Carkeet 2015). Where numbers are above 0 and the largest is ten times the smallest or more, "
    "limits and ICC are taken on logarithms, and the limits are of the ratio, B over A. They "
    "suppose differences that scatter evenly; of readings mostly alike with a few slips they say "
    "little about either.",
    "The median slip: of the numbers that differ, half are further apart, in per cent of the "
    "middle of both.",
    "Intervals take each cell for itself, though slips come together in a row or a trial: they are "
    "too narrow.",
)


def same_share(line: FieldAgreement) -> str:
    """Write the share of cells that are the same; never 100% where one is not."""
    return _percent(line.cells.share)


def _percent(value: float | None) -> str:
    if value is None:
        return "–"
    text = f"{100 * value:.1f}"
    if text == "100.0":
        return "100%" if value == 1 else ">99.9%"
    return "<0.1%" if text == "0.0" and value else f"{text}%"


def share_interval(line: FieldAgreement) -> str:
    """Write the interval of the share."""
    ends = line.cells.share_interval
    return " to ".join(_percent(end) for end in ends) if ends else "–"


def coefficient(value: float | None, interval: Interval | None) -> str:
    """Write kappa or an intraclass correlation, with its interval where there is one."""
    if value is None:
        return "–"
    text, ends = _near(value), [_near(end) for end in interval or ()]
    return text if set(ends) <= {text} else f"{text} ({ends[0]} to {ends[1]})"


def _near(value: float) -> str:
    """Write two decimals, more where they would say 1 of what is not."""
    text = f"{value:.2f}"
    if text == "1.00" and value < 1:
        return ">0.999" if value >= 0.9995 else f"{value:.3f}"
    return text.replace("-", wording.MINUS)


def beyond_chance(line: FieldAgreement) -> str:
    """Write kappa of words, ICC of numbers."""
    if line.icc:
        return coefficient(line.icc.value, line.icc.interval)
    return coefficient(line.cells.kappa, line.cells.kappa_interval)


def filled_kappa(line: FieldAgreement) -> str:
    """Write kappa of whether a cell is filled or empty."""
    return coefficient(line.filled.kappa, line.filled.kappa_interval)


def figure(value: float, ratio: bool = False) -> str:
    """Write a difference of any size with three digits that count, a ratio with a ×."""
    if ratio:
        return f"×{value:.3f}" if 0.9 < value < 1.1 else f"×{value:.3g}"
    text = f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"
    return ("+" if value > 0 else "") + text.replace("-", wording.MINUS)


def bias_in_words(line: FieldAgreement) -> str:
    """Write the mean difference, or ratio, with its interval."""
    found = line.limits
    if found is None or found.bias is None:
        return "–"
    ends = found.bias_interval
    more = f" ({' to '.join(figure(end, found.ratio) for end in ends)})" if ends else ""
    return figure(found.bias, found.ratio) + more


def limits(line: FieldAgreement) -> str:
    """Write the limits of 95% of the differences or ratios."""
    found = line.limits
    if found is None or found.low is None or found.high is None:
        return "–"
    return f"{figure(found.low, found.ratio)} to {figure(found.high, found.ratio)}"


def apart(line: FieldAgreement) -> str:
    """Write how far those that differ are apart, in the middle of them, in per cent of both."""
    if line.apart is None:
        return "–"
    if line.apart < 0.0005:
        return "<0.1%"
    return f"{100 * line.apart:.{0 if line.apart >= 0.0995 else 1}f}%"


def columns_that_differ(agreement: Sequence[FieldAgreement]) -> list[FieldAgreement]:
    """Return the columns on which the sides differ anywhere."""
    return [
        f
        for f in agreement
        if f.column and (f.cells.share not in (None, 1) or f.only_a or f.only_b)
    ]


def table_lines(agreement: Sequence[FieldAgreement]) -> list[FieldAgreement]:
    """Return the lines of whole tables."""
    return [line for line in agreement if line.table and not line.column]


def markdown(agreement: Sequence[FieldAgreement]) -> list[str]:
    """Return the agreement by table, and by column where the sides differ, as Markdown.

    Both tables fit in 100 columns of a terminal; the page and JSON have the rest.
    """
    head = ("table", "rows", "both filled", "the same (95% interval)", "only A", "only B")
    lines = [
        "### Agreement\n",
        *_aligned(head, [_row(line) for line in table_lines(agreement)]),
        "",
    ]
    columns = columns_that_differ(agreement)
    if columns:
        names = ("column", "both", "same", "only A/B", "kappa/ICC", "B against A (95%)")
        lines += [*_aligned(names, _by_table(columns)), ""]
    alike = sum(bool(line.column) for line in agreement) - len(columns)
    if alike:
        more_columns = wording.count(alike, "more column" if columns else "column")
        lines.append(f"On {more_columns} they agree throughout.\n")
    return lines


def _row(line: FieldAgreement) -> tuple[str, ...]:
    same = f"{same_share(line)} ({share_interval(line)})" if line.cells.n else "–"
    counts = [f"{n:,}" for n in (line.rows, line.cells.n, line.only_a, line.only_b)]
    return line.table, *counts[:2], same, *counts[2:]


def _by_table(columns: Sequence[FieldAgreement]) -> list[tuple[str, ...]]:
    """Return a row a column, below one with the name of its table."""
    rows: list[tuple[str, ...]] = []
    table = ""
    for line in columns:
        if line.table != table:
            table = line.table
            rows.append((f"{table}:", "", "", "", "", ""))
        alone = f"{line.only_a} / {line.only_b}" if line.only_a or line.only_b else "–"
        value = line.icc.value if line.icc else line.cells.kappa
        chance, counted = coefficient(value, None), f"{line.cells.n:,}"
        rows.append((line.column, counted, same_share(line), alone, chance, against(line)))
    return rows


def against(line: FieldAgreement) -> str:
    """Write the mean difference, or ratio, and the limits of 95% in one cell."""
    found = line.limits
    if found is None or found.bias is None:
        return "–"
    mean, ends = figure(found.bias, found.ratio), limits(line)
    return f"{mean} ({ends})" if ends != "–" else mean


def _aligned(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Write a table of Markdown whose columns stand below each other in a terminal too."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    rule = ["-" * width for width in widths]
    return [
        f"| {' | '.join(c.ljust(w) for c, w in zip(row, widths, strict=True))} |"
        for row in (head, rule, *rows)
    ]
