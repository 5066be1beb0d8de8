"""What was found of reviews, as lines for a terminal, rows for a file, and sentences for a page."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from math import isnan

from ketameta.reviews.model import PRINTED
from ketameta.reviews.modern import Modern
from ketameta.reviews.reproduce import Result

# the numbers that a table shows first; all others stand behind them
_ENDS = ("estimate", "low", "high")
_MODERN = (
    "estimate", "low", "high", "prediction_low", "prediction_high", "tau2", "i2", "k", "changed",
)  # fmt: skip


def counted(results: Sequence[Result]) -> str:
    """Return how many of the printed results were met, as the last line says it."""
    told = [result for result in results if result.printed]
    equal = sum(result.equal for result in told)
    return f"{equal} of {len(told)} estimates equal to the printed digits"


def lines(
    results: Sequence[Result], modern: Sequence[Modern | None], said: Sequence[str]
) -> Iterator[str]:
    """Yield the table: a line a pooled result, what differs and why, and what changes today."""
    cells = [("", "k", "printed", "computed", "REML, HKSJ")]
    cells += [
        (
            ("= " if result.equal else "≠ ") + _cut(result.pool.title),
            str(result.k),
            printed(result),
            interval(result.own),
            interval_today(today) + (" *" if today and today.changed else ""),
        )
        for result, today in zip(results, modern, strict=True)
    ]
    widths = [max(len(row[i]) for row in cells) for i in range(len(cells[0]))]
    for row in cells:
        name, *rest = row
        yield "  ".join(
            [name.ljust(widths[0]), *(x.rjust(w) for x, w in zip(rest, widths[1:], strict=True))]
        ).rstrip()
    yield ""
    for result in results:
        if not result.equal:
            yield f"{result.pool.title}: {differences(result)}; {result.cause}"
    for result, today in zip(results, modern, strict=True):
        if today is not None and today.changed:
            yield f"{result.pool.title}: {change(today)}"
    unprinted = sum(not result.printed for result in results)
    if unprinted:
        yield f"{_count(unprinted, 'result')} not printed in the file, or not calculated"
    yield from said
    changed = sum(today is not None and today.changed for today in modern)
    pooled = sum(today is not None for today in modern)
    yield f"{changed} of {_count(pooled, 'conclusion')} change under REML and HKSJ"
    yield counted(results)


def change(today: Modern) -> str:
    """Say how the conclusion changes."""
    now = "lies past no effect" if today.now else "reaches across no effect"
    was = "past it" if today.was else "across it"
    return f"the interval {now} under REML and HKSJ, {was} as published"


def differences(result: Result) -> str:
    """Return the numbers that differ, as printed and as computed."""
    found = []
    for name in result.differs:
        own = result.own.get(name)
        value = "none" if own is None else f"{own:.8g}"
        found.append(f"{PRINTED[name]} {result.printed[name].text}, computed {value}")
    return "; ".join(found)


def interval(numbers: dict[str, float]) -> str:
    """Write an estimate with its interval, or a test between subgroups that stands alone."""
    if not all(name in numbers for name in _ENDS):
        both = [numbers[name] for name in ("between", "between_p") if name in numbers]
        return "chi² {}, p {}".format(*map(_digits, both)) if len(both) > 1 else "–"
    middle, low, high = (_digits(numbers[name]) for name in _ENDS)
    return f"{middle} [{low}, {high}]"


def printed(result: Result) -> str:
    """Write the estimate and the interval that the review prints."""
    return interval({name: number.value for name, number in result.printed.items()})


def interval_today(today: Modern | None) -> str:
    """Write the estimate and the interval of today."""
    if today is None:
        return "–"
    return interval({"estimate": today.estimate, "low": today.low, "high": today.high})


def prediction(today: Modern | None) -> str:
    """Write the prediction interval of today."""
    if today is None or isnan(today.prediction_low):
        return "–"
    return f"[{_digits(today.prediction_low)}, {_digits(today.prediction_high)}]"


def _digits(value: float) -> str:
    return f"{value:.4g}".replace("-", "−")


def _cut(text: str, most: int = 56) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _count(number: int, one: str) -> str:
    return f"{number:,} {one}" + ("" if number == 1 else "s")


def as_rows(
    results: Sequence[Result], modern: Sequence[Modern | None]
) -> list[dict[str, str | int | float | bool | None]]:
    """Return a row a pooled result: names, printed, computed and modern numbers, the cause."""
    rows: list[dict[str, str | int | float | bool | None]] = []
    for result, today in zip(results, modern, strict=True):
        analysis, how = result.pool.analysis, result.pool.analysis.settings
        row: dict[str, str | int | float | bool | None] = {
            "review": result.pool.review, "analysis": analysis.number, "name": analysis.name,
            "subgroup": result.pool.subgroup, "measure": how.measure, "method": how.method,
            "model": how.model, "estimator": how.tau2 if how.model == "random" else "",
            "interval": how.interval, "k": result.k, "equal": result.equal,
            "differs": " ".join(result.differs), "cause": result.cause,
        }  # fmt: skip
        for name in PRINTED:
            number = result.printed.get(name)
            row[f"printed_{name}"] = number.text if number else None
            row[f"computed_{name}"] = result.own.get(name)
        for name in _MODERN:
            row[f"modern_{name}"] = None if today is None else getattr(today, name)
        rows.append(row)
    return rows


def as_csv(results: Sequence[Result], modern: Sequence[Modern | None]) -> str:
    """Return the rows as CSV, every digit of what was computed."""
    rows = as_rows(results, modern)
    file = io.StringIO()
    names = list(rows[0]) if rows else ["review"]
    writer = csv.DictWriter(file, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue()
