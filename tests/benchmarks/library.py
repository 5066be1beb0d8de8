"""Print how long a library of reviews takes, and its engine alone, at 1, 10 and 100 times its size.

    python tests/benchmarks/library.py [--folder FOLDER] [--chunks 2] [--times 1 10 100]

The library is made up by a seed, in the layout of RevMan's data packages: 600 reviews with 21,000
analyses of 108,000 study rows, of all kinds of data and settings, with what they pool printed to six
decimals (in one of 200 results a digit is changed, so that causes are looked for). It is written
below FOLDER (default: a temporary one) and read by as many processes of `ketameta library --chunk`
as are asked for at once, one a chunk as a workflow starts them, then gathered. Times are of the
clock and of the processors, memory the peak of the largest process.

The engine is `pool_many` of all effects: REML with HKSJ and prediction intervals, tau² without an
interval and with one. At 10 and 100 times it has arrays drawn in the same way, no files. metafor's
`rma` (REML, knha) runs on 300 analyses of two studies or more, one by one as one would write it,
and its time is scaled up to those of the library.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path

import numpy as np

from ketameta.reviews.model import OVERALL, Analysis, Number, Review, Settings, StudyRow
from ketameta.reviews.reproduce import Result, reproduce
from ketameta.stats import pool_many

SEED = 16
REVIEWS, ANALYSES, ROWS = 600, 21_000, 108_000
SAMPLE = 300
# settings with the share of analyses that have them
KINDS = (
    (0.22, Settings("counts", "MH", "RR", "random", True)),
    (0.18, Settings("counts", "MH", "RR", "fixed", True)),
    (0.10, Settings("counts", "MH", "OR", "fixed", True)),
    (0.05, Settings("counts", "IV", "OR", "random", True, "REML", "hksj")),
    (0.03, Settings("counts", "MH", "RD", "random", False)),
    (0.04, Settings("counts", "IV", "PETO", "fixed", True)),
    (0.15, Settings("means", "IV", "MD", "random", False)),
    (0.08, Settings("means", "IV", "MD", "fixed", False)),
    (0.08, Settings("means", "IV", "SMD", "random", False)),
    (0.05, Settings("generic", "IV", "ratio", "random", True)),
    (0.02, Settings("O-E", "IV", "ratio", "fixed", True)),
)
_WORDS = {
    "counts": "Dichotomous", "means": "Continuous", "generic": "Contrast level", "O-E": "OE and "
    "variance",
}  # fmt: skip
_NAMES = {
    "RR": "Risk ratio", "OR": "Odds ratio", "RD": "Risk difference", "PETO": "Peto odds ratio",
    "MD": "Mean difference", "SMD": "Standardized mean difference", "ratio": "Hazard ratio",
}  # fmt: skip
_KEY = ("Analysis group", "Analysis number", "Analysis name")
_DATA = (
    *_KEY, "Subgroup", "Subgroup number", "Applicability", "Study", "Study year", "GIV Mean",
    "GIV SE", "Experimental mean", "Experimental SD", "Experimental cases", "Experimental N",
    "Control mean", "Control SD", "Control cases", "Control N", "O-E", "Variance", "Weight",
    "Mean", "CI start", "CI end", "Footnotes",
)  # fmt: skip
_POOLED = (
    "Mean", "CI start", "CI end", "Heterogeneity Tau²", "Heterogeneity Chi²", "Heterogeneity df",
    "Heterogeneity P", "Heterogeneity I²", "Effect Z", "Effect P",
)  # fmt: skip
_OWN = ("estimate", "low", "high", "tau2", "q", "df", "q_p", "i2", "z", "p")
_HOW = (
    *_KEY, "Analysis group name", "Data type", "Log-scale data", "Statistical method",
    "Effect measure", "Analysis model", "Heterogeneity estimator", "CI method", "Subgroup estimates",
    "Overall estimates", "Test for subgroup differences", "Swap event and non-event", "CI/PI level",
)  # fmt: skip


def sizes(rng: np.random.Generator, groups: int, total: int, spread: float) -> np.ndarray:
    """Return as many whole numbers above 0 with this sum, skew as those of reviews are."""
    drawn = rng.lognormal(0.0, spread, groups)
    found = 1 + np.floor(drawn / drawn.sum() * (total - groups)).astype(int)
    rest = rng.choice(groups, total - int(found.sum()))
    np.add.at(found, rest, 1)
    return found


def reviews(rng: np.random.Generator) -> Iterator[Review]:
    """Yield the reviews, without what they print."""
    each = sizes(rng, ANALYSES, ROWS, 1.1)
    kinds = rng.choice(len(KINDS), ANALYSES, p=[share for share, _ in KINDS])
    first = 0
    for i, count in enumerate(sizes(rng, REVIEWS, ANALYSES, 0.8)):
        analyses = []
        for n in range(count):
            how, k = KINDS[kinds[first + n]][1], int(each[first + n])
            rows = studies(rng, how, k)
            number = f"{1 + n // 10}.{1 + n % 10}"
            analyses.append(Analysis(number, f"Outcome {n + 1}", "", how, rows, {}))
        first += count
        yield Review(f"CD{i:06d}", tuple(analyses))


def studies(rng: np.random.Generator, how: Settings, k: int) -> tuple[StudyRow, ...]:
    """Return the rows of an analysis; of four or more now and then in subgroups."""
    n = rng.integers(10, 200, (k, 2)).astype(float)
    effect = rng.normal(-0.2, 0.1) + rng.normal(0.0, rng.choice([0.0, 0.2, 0.5]), k)
    groups = int(rng.integers(2, 4)) if k >= 4 and rng.random() < 0.25 else 0
    rows = []
    for i in range(k):
        own: dict[str, tuple[float, float]] = {"people": (n[i, 0], n[i, 1])}
        if how.data == "counts":
            risk = rng.uniform(0.02, 0.6)
            odds = risk / (1 - risk) * np.exp(effect[i])
            treated, control = rng.binomial(n[i].astype(int), [odds / (1 + odds), risk])
            own["events"] = (float(treated), float(control))
        elif how.data == "means":
            sd = rng.uniform(5, 12, 2).round(2)
            own["sd"] = (float(sd[0]), float(sd[1]))
            base = rng.uniform(10, 40)
            own["mean"] = (round(base + 8 * effect[i], 2), round(base + rng.normal(0, 1), 2))
        elif how.data == "generic":
            own["generic"] = (round(effect[i], 4), round(float(rng.uniform(0.1, 0.6)), 4))
        else:
            v = round(float(rng.uniform(2, 40)), 2)
            own["observed"] = (round(effect[i] * v + rng.normal(0, v**0.5), 2), v)
        subgroup = f"Group {1 + i % groups}" if groups else ""
        rows.append(
            StudyRow(f"Study {i + 1}", str(1990 + i % 35), subgroup, True, bool(subgroup), **own)
        )
    return tuple(rows)


def printed(rng: np.random.Generator, results: Sequence[Result]) -> list[dict[str, Number]]:
    """Return the numbers of each result as six decimals have them, now and then changed."""
    found = []
    for result in results:
        own = {name: result.own[name] for name in _OWN if name in result.own}
        if result.pool.analysis.settings.model == "fixed":
            own.pop("tau2", None)
        if "low" in own and rng.random() < 0.005:
            own["low"] += 0.01
        found.append({name: Number(x, f"{x:.6f}") for name, x in own.items()})
    return found


def write(folder: Path) -> None:
    """Write the library as data packages."""
    rng = np.random.default_rng(SEED)
    for review in reviews(rng):
        results = reproduce([review])
        numbers = printed(rng, results)
        pooled = [*zip(results, numbers, strict=True)]
        files = {
            "data-rows": (_DATA, _data_rows(review)),
            "overall-estimates-and-settings": ((*_HOW, *_POOLED), _settings(pooled)),
            "subgroup-estimates": ((*_KEY, "Subgroup", *_POOLED), _subgroups(pooled)),
        }
        with zipfile.ZipFile(folder / f"{review.name}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for name, (header, rows) in files.items():
                lines = [",".join(header), *(",".join(map(str, row)) for row in rows)]
                inside = zipfile.ZipInfo(f"{review.name}/{review.name}-{name}.csv")
                inside.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(inside, ("\ufeff" + "\r\n".join(lines) + "\r\n").encode())


def _cell(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.10g}"


def _data_rows(review: Review) -> Iterator[list[str]]:
    for analysis in review.analyses:
        group, _, number = analysis.number.partition(".")
        for row in analysis.rows:
            applies = "SUBGROUP_AND_OVERALL" if row.subgroup else "OVERALL"
            pairs = (*row.generic, row.mean[0], row.sd[0], row.events[0], row.people[0], row.mean[1],
                     row.sd[1], row.events[1], row.people[1], *row.observed)  # fmt: skip
            yield [
                group, number, analysis.name, row.subgroup, row.subgroup[6:], applies, row.study,
                row.year, *map(_cell, pairs), "", "", "", "", "",
            ]  # fmt: skip


def _of_pool(numbers: dict[str, Number]) -> list[str]:
    return [numbers[name].text if name in numbers else "" for name in _OWN]


def _settings(pooled: Sequence[tuple[Result, dict[str, Number]]]) -> Iterator[list[str]]:
    for result, numbers in pooled:
        if result.pool.subgroup != OVERALL:
            continue
        analysis, how = result.pool.analysis, result.pool.analysis.settings
        group, _, number = analysis.number.partition(".")
        method = {"MH": "MH", "IV": "Peto" if how.measure == "PETO" else "IV"}[how.method]
        yield [
            group, number, analysis.name, f"Comparison {group}", _WORDS[how.data],
            str(how.ratio).lower(), method, _NAMES[how.measure],
            f"{how.model.capitalize()} effects", how.tau2, how.interval, "true", "true", "true",
            "false", "95%", *_of_pool(numbers),
        ]  # fmt: skip


def _subgroups(pooled: Sequence[tuple[Result, dict[str, Number]]]) -> Iterator[list[str]]:
    for result, numbers in pooled:
        if result.pool.subgroup:
            group, _, number = result.pool.analysis.number.partition(".")
            name = result.pool.analysis.name
            yield [group, number, name, result.pool.subgroup, *_of_pool(numbers)]
