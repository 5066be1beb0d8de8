"""Print how long a library of reviews takes, and its engine alone, at 1, 10 and 100 times its size.

    python tests/benchmarks/library.py [--folder FOLDER] [--chunks 2] [--times 1 10 100]

The library is made up by a seed, in the layout of RevMan's data packages: 600 reviews with 21,000
analyses of 108,000 study rows, of all kinds of data and settings, with what they pool printed to
six decimals (in one of 200 results a limit is changed, so that causes are looked for). It is
written below FOLDER (default: a temporary one) and read by as many processes of `ketameta library
--chunk` as are asked for, one a chunk and all at once as a workflow starts them, then gathered. Of
10 times as many reviews there are links to the same files under further names; 100 times as many
are left to --large. Seconds are of the clock and of the processors, memory is the peak of the
largest process.

The engine is one call of `pool_many` in one process: REML with HKSJ and prediction intervals,
without and with the interval of tau². Its analyses are arrays drawn as those of the library are, no
files, at each of the sizes. metafor's `rma` (REML, knha) runs one by one on 300 of those of two
studies or more, and its time is scaled up to all of them.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator, Sequence
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
    "Effect measure", "Analysis model", "Heterogeneity estimator", "CI method",
    "Subgroup estimates", "Overall estimates", "Test for subgroup differences",
    "Swap event and non-event", "CI/PI level",
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
            arms = zip(row.mean, row.sd, row.events, row.people, strict=True)
            pairs = (*row.generic, *(x for arm in arms for x in arm), *row.observed)
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


RMA = """
suppressMessages(library(metafor))
rows <- read.csv(commandArgs(TRUE)[1])
parts <- split(rows, rows$analysis)
took <- system.time(for (one in parts)
  rma(one$yi, one$vi, test = "knha", control = list(maxiter = 1000)))
cat(took[["user.self"]] + took[["sys.self"]])
"""


def drawn(times: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return effects, variances and analyses of a library so many times as large."""
    rng = np.random.default_rng(SEED)
    each = sizes(rng, ANALYSES * times, ROWS * times, 1.1)
    group = np.repeat(np.arange(each.size), each)
    vi = rng.lognormal(-2.5, 1.0, group.size)
    tau = rng.choice([0.0, 0.2, 0.5], each.size)[group]
    return rng.normal(-0.2, np.sqrt(vi + tau**2)), vi, group


def engine(times: int) -> tuple[float, float]:
    """Print what the engine takes at a size; return rows and seconds of processor."""
    yi, vi, group = drawn(times)
    took = []
    for limits in (None, "qprofile"):
        start, busy = time.perf_counter(), time.process_time()
        found = pool_many(yi, vi, group, tau2_interval=limits)
        took.append((time.perf_counter() - start, time.process_time() - busy))
        assert len(found) == ANALYSES * times
        del found
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    (clock, busy), (whole, whole_busy) = took
    print(
        f"{times:4d}x  {group.size:11,} rows  {clock:6.2f} s, {busy:.2f} s of processor;"
        f" with tau² intervals {whole:.2f} s, {whole_busy:.2f} s; peak {peak:,.0f} MiB"
    )
    return float(group.size), busy


def metafor(seconds: float) -> None:
    """Print how much longer a loop of rma takes than the engine of the library."""
    if not shutil.which("Rscript"):
        print("metafor: no R here")
        return
    yi, vi, group = drawn(1)
    k = np.bincount(group)
    large = np.flatnonzero(k > 1)
    sample = np.sort(np.random.default_rng(SEED).choice(large, SAMPLE, replace=False))
    kept = np.isin(group, sample)
    with tempfile.TemporaryDirectory() as folder:
        file, script = Path(folder, "rows.csv"), Path(folder, "rma.R")
        columns = np.column_stack([group[kept], yi[kept], vi[kept]])
        np.savetxt(file, columns, "%.17g", ",", header="analysis,yi,vi", comments="")
        script.write_text(RMA)
        done = subprocess.run(["Rscript", script, file], capture_output=True, text=True, check=True)
    busy = float(done.stdout) * large.size / SAMPLE
    print(
        f"metafor: {busy:.1f} s of processor for {large.size:,} fits, scaled up from {SAMPLE}: "
        f"{busy / seconds:.0f} times as long"
    )


def library(folder: Path, out: Path, chunks: int) -> tuple[float, float]:
    """Print what a library takes in so many processes; return rows and seconds of processor."""
    command = [sys.executable, "-m", "ketameta", "library"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    places = [out / "chunks" / f"{i}-of-{chunks}" for i in range(1, chunks + 1)]
    running = [
        subprocess.Popen(
            [*command, folder, "--chunk", f"{i}/{chunks}", "--out", place],
            stderr=subprocess.DEVNULL,
        )
        for i, place in enumerate(places, 1)
    ]
    statuses = [one.wait() for one in running]
    assert not any(statuses)
    read = time.perf_counter() - start
    done = subprocess.run(
        [*command, "--gather", *places, "--out", out], capture_output=True, text=True, check=True
    )
    clock = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    busy = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(
        f"{done.stdout.strip()}: {clock:.1f} s of the clock ({read:.1f} s for {chunks} chunks at "
        f"once), {busy:.1f} s of processor, peak of a process {after.ru_maxrss / 1024:,.0f} MiB"
    )
    return float(done.stdout.split()[-3].replace(",", "")), busy


def exponent(points: Sequence[tuple[float, float]]) -> str:
    """Return the slope of log seconds on log rows."""
    if len(points) < 2:
        return "one size has no exponent"
    rows, seconds = np.log(np.array(points)).T
    slope = np.polyfit(rows, seconds, 1)[0]
    return f"seconds of processor grow with the power {slope:.2f} of the rows"


def main() -> None:
    """Make the library where it is not there, run all and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--folder", type=Path, help="where the library is, or is made")
    parser.add_argument("--chunks", type=int, default=2, help="processes at once")
    parser.add_argument("--times", type=int, nargs="+", default=[1, 10, 100], help="of the engine")
    parser.add_argument(
        "--large", action="store_true", help="also a library of 100 times the files"
    )
    given = parser.parse_args()
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary, "reviews")
        if not folder.is_dir():
            folder.mkdir(parents=True)
            write(folder)
        print("The whole library")
        points = []
        for times in (1, 10, 100) if given.large else (1, 10):
            several = Path(temporary, f"library-{times}")
            for i in range(times):
                several.joinpath(f"copy{i:02d}").mkdir(parents=True)
                for path in folder.iterdir():
                    several.joinpath(f"copy{i:02d}", path.name).symlink_to(path)
            points.append(library(several, Path(temporary, f"out-{times}"), given.chunks))
        print(exponent(points))

    # last, since a process that is started counts the memory of the one that starts it
    print("The engine alone")
    pool_many(*drawn(1))  # what is loaded is loaded
    points = [engine(times) for times in given.times]
    print(exponent(points))
    metafor(points[0][1])


if __name__ == "__main__":
    main()
