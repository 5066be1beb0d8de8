"""Print how long random-effects fits take here and in other software, side by side.

    python tests/benchmarks/engine.py [--full] [--memory]

Every number is the best of several runs, in one process, on the same data. Ours are with default
arguments (global search of the likelihood, Q-profile interval of tau2, prediction interval) and
without the interval of tau2; one fit also with its numbers read. metafor's rma has no interval of
tau2: its time is that of the fit alone, and the ratios are against it. statsmodels has no REML:
its Paule-Mandel estimator stands in, the nearest by cost. metafor (through Rscript) and PyMARE are
shown where they are installed. PyMARE pools a batch as we do, in one call with an analysis a column
(one call for each number of studies: it has no absent ones); its fit and its interval of tau2,
which it searches for one by one, stand apart, against ours without and with it. The 10,000 fits
are also regressed on a moderator, against metafor's rma with the same. Slow software runs a sample
of the fits and its time is scaled up, unless --full. --memory adds the peak memory of pooling a
million subsets.

The floor is what the arithmetic of the 10,000 fits alone would take at the 32 operations a
nanosecond of one core with AVX-512: about five evaluations of a score with some 20 operations a
study and, for the interval, five of Q with some 10. The passes are those evaluations as NumPy does
them, an array of 10,000 x 20 read for each operation or two: what they take is measured.
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
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from ketameta.stats import meta_regression, random_effects

STUDIES = 200_000  # in the 10,000 fits
FLOOR = STUDIES * (5 * 20 + 5 * 10) / 32e9  # seconds
PASSES = 5 * 13 + 5 * 7
# Colditz et al. 1994, log risk ratios of BCG vaccination: cases and others, vaccinated and not.
BCG = np.array(
    [
        [4, 119, 11, 128],
        [6, 300, 29, 274],
        [3, 228, 11, 209],
        [62, 13536, 248, 12619],
        [33, 5036, 47, 5761],
        [180, 1361, 372, 1079],
        [8, 2537, 10, 619],
        [505, 87886, 499, 87892],
        [29, 7470, 45, 7232],
        [17, 1699, 65, 1600],
        [186, 50448, 141, 27197],
        [5, 2493, 3, 2338],
        [27, 16886, 29, 17825],
    ],
    dtype=float,
)

R_SCRIPT = """
suppressMessages(library(metafor))
args <- commandArgs(TRUE)
one <- as.matrix(read.csv(args[1], header = FALSE))
y <- as.matrix(read.csv(args[2], header = FALSE))
v <- as.matrix(read.csv(args[3], header = FALSE))
fit <- rma(one[, 1], one[, 2])
subsets <- as.integer(args[4])
# The best of several runs, as for the others; of every fit there is one run.
best <- function(run) min(replicate(if (is.na(subsets)) 1 else 5, system.time(run())[["elapsed"]]))
s <- best(function() for (i in 1:100) rma(one[, 1], one[, 2])) / 100
m <- best(function() for (i in seq_len(nrow(y))) rma(y[i, ], v[i, ],
  control = list(maxiter = 1000)))
g <- best(function() if (is.na(subsets)) gosh(fit, progbar = FALSE) else
  gosh(fit, subsets = subsets, progbar = FALSE))
x <- seq_len(ncol(y)) %% 7
r <- best(function() for (i in seq_len(nrow(y))) rma(y[i, ], v[i, ], mods = ~x,
  control = list(maxiter = 1000)))
cat(s, m, g, r)
"""


def data() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return the three tasks: one fit, 10,000 fits of 20 studies, all subsets of BCG."""
    a, b, c, d = BCG.T
    y = np.log(a / (a + b)) - np.log(c / (c + d))
    v = 1 / a - 1 / (a + b) + 1 / c - 1 / (c + d)
    g = np.random.default_rng(1)
    many = 0.25 * g.chisquare(1, (10_000, 20)).clip(0.036, 2.4)
    here = (np.arange(1, 8192)[:, None] >> np.arange(13) & 1).astype(bool)
    return {
        "one REML fit, k = 13": (y, v),
        "10,000 REML fits, k = 20": (g.normal(0.3, np.sqrt(many + 0.1)), many),
        "8,191 subsets of BCG": (np.where(here, y, np.nan), np.where(here, v, np.nan)),
    }


def best(run: Callable[[], object], seconds: float = 2.0) -> float:
    """Return the shortest time of as many runs as fit into the seconds, at least three."""
    times: list[float] = []
    while len(times) < 3 or sum(times) < seconds:
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)


def by_loop(fit: Callable[[np.ndarray, np.ndarray], object], y, v, sample: int | None) -> float:
    """Return the time of fitting one by one, scaled up from a sample of analyses."""
    y, v = np.atleast_2d(y), np.atleast_2d(v)
    n = len(y)
    rows = np.arange(n) if sample is None else np.linspace(0, n - 1, min(n, sample)).astype(int)
    sets = [(y[i][~np.isnan(y[i])], v[i][~np.isnan(y[i])]) for i in rows]
    sets = [(a, b) for a, b in sets if len(a) > 1]
    run = lambda: [fit(a, b) for a, b in sets]  # noqa: E731
    return best(run, 0.5) * n / len(sets)


def statsmodels(y: np.ndarray, v: np.ndarray) -> object:
    """Fit by statsmodels, Paule-Mandel."""
    from statsmodels.stats.meta_analysis import combine_effects

    return combine_effects(y, v, method_re="iterated")


def pymare(y: np.ndarray, v: np.ndarray, sample: int | None) -> tuple[float, float]:
    """Return PyMARE's times by REML: fits with their intervals in batches, and tau2's interval too.

    NaN where it is not installed. The intervals of tau2 are those of a sample, scaled up.
    """
    if not find_spec("pymare"):
        return float("nan"), float("nan")
    from pymare import Dataset
    from pymare.estimators import VarianceBasedLikelihoodEstimator

    def batches(rows: np.ndarray) -> list[Dataset]:
        here = ~np.isnan(y[rows])
        sizes = here.sum(axis=1)
        parts = [(k, rows[sizes == k], here[sizes == k]) for k in np.unique(sizes[sizes > 1])]
        # a column an analysis, the studies that are there
        pairs = [(k, y[r][h].reshape(-1, k).T, v[r][h].reshape(-1, k).T) for k, r, h in parts]
        return [Dataset(a, b, np.ones((k, 1)), add_intercept=False) for k, a, b in pairs]

    def fit(sets: list[Dataset], interval: bool) -> None:
        for one in sets:
            found = VarianceBasedLikelihoodEstimator("REML").fit_dataset(one).summary()
            found.get_fe_stats()
            if interval:
                with warnings.catch_warnings():
                    # says that it is slow
                    warnings.simplefilter("ignore")
                    found.get_re_stats()

    y, v = np.atleast_2d(y), np.atleast_2d(v)
    whole = np.arange(len(y))
    some = whole if sample is None else whole[:: max(1, len(y) // sample)]
    all_of_them, part = batches(whole), batches(some)
    bare = best(lambda: fit(all_of_them, interval=False), 0.5)
    # what the interval adds to the same fits
    added = best(lambda: fit(part, interval=True), 0.5) - best(lambda: fit(part, interval=False))
    return bare, bare + max(0.0, added) * len(whole) / len(some)


def metafor(tasks: dict[str, tuple[np.ndarray, np.ndarray]], sample: int | None) -> list[float]:
    """Return metafor's three times and that of regressions, NaN where R or metafor is not there."""
    if not shutil.which("Rscript"):
        return [float("nan")] * 4
    (y1, v1), (y2, v2), (y3, _) = tasks.values()
    n = len(y2) if sample is None else sample
    with tempfile.TemporaryDirectory() as folder:
        names = [str(Path(folder) / f"{x}.csv") for x in ("one", "y", "v")]
        for name, table in zip(names, (np.column_stack([y1, v1]), y2[:n], v2[:n]), strict=True):
            np.savetxt(name, table, delimiter=",", fmt="%.17g")
        command = ["Rscript", "-e", R_SCRIPT, *names, "NA" if sample is None else str(sample)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return [float("nan")] * 4
    one, many, subsets, lines = map(float, done.stdout.split())
    if sample is not None:
        many, lines = many * len(y2) / sample, lines * len(y2) / sample
        subsets = subsets * len(y3) / sample
    return [one, many, subsets, lines]


def regressions(y: np.ndarray, v: np.ndarray, theirs: float) -> None:
    """Print what regressions on a moderator take, as many times metafor's and a pooling's."""
    x = np.arange(1, y.shape[1] + 1) % 7
    print("\n10,000 REML regressions on a moderator, k = 20:")
    for name, rule in (("with the interval of tau2", "qprofile"), ("without", None)):
        ours = best(lambda r=rule: meta_regression(y, v, x, tau2_interval=r))
        plain = best(lambda r=rule: random_effects(y, v, tau2_interval=r))
        print(
            f"  {name}: {shown(ours)}, {ours / plain:.1f} times a pooling; metafor "
            f"{shown(theirs)}, {times(theirs, ours)} times ours"
        )


def memory() -> None:
    """Print the peak memory of a process that pools a million subsets of 13."""
    code = (
        "import numpy as np, resource, sys\n"
        "from ketameta.stats import random_effects\n"
        "g = np.random.default_rng(0)\n"
        "v = g.uniform(0.01, 0.5, (1_000_000, 13)); y = g.normal(size=v.shape)\n"
        "y[g.random(v.shape, np.float32) < 0.5] = np.nan; v[np.isnan(y)] = np.nan\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "random_effects(y, v, tau2_interval=None)\n"
        "print(before, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
    )
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    before, peak = (int(x) / 1024 for x in done.stdout.split())
    print(
        f"\na million subsets of 13: peak {peak:,.0f} MiB, of which {before:,.0f} MiB before the "
        f"call (the input and its making); {time.perf_counter() - start:.1f} s in all"
    )


def shown(seconds: float) -> str:
    """Return a time as text."""
    if np.isnan(seconds):
        return "-"
    return f"{seconds:.3g} s" if seconds >= 1 else f"{1e3 * seconds:.3g} ms"


def times(theirs: float, ours: float) -> str:
    """Return how many times as long theirs takes."""
    return "-" if np.isnan(theirs) else f"{theirs / ours:,.0f}"


READ = ("estimate", "ci_low", "ci_high", "tau2", "tau2_low", "tau2_high", "i2", "pi_low", "pi_high")


def single(y: np.ndarray, v: np.ndarray) -> None:
    """Print what one fit takes, and with its numbers read."""

    def read() -> list[float]:
        fit = random_effects(y, v)
        return [getattr(fit, field) for field in READ]

    runs = {
        "one fit, default arguments": lambda: random_effects(y, v),
        f"and {len(READ)} numbers read": read,
        "without the interval of tau2": lambda: random_effects(y, v, tau2_interval=None),
    }
    print(", ".join(f"{name}: {1e3 * best(run):.3f} ms" for name, run in runs.items()) + "\n")


def passes() -> float:
    """Return the time of one multiplication of two arrays as large as the 10,000 fits."""
    a, b = np.ones((2, STUDIES))
    return best(lambda: np.multiply(a, b, out=a), 0.5)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true", help="time slow software on every fit")
    parser.add_argument("--memory", action="store_true", help="measure the peak memory too")
    options = parser.parse_args()
    sample = None if options.full else 300
    tasks = data()
    other = metafor(tasks, sample)
    load = os.getloadavg()[0]
    print(f"numpy {np.__version__}, {os.cpu_count()} cores, load {load:.1f} (quiet is below 0.5)\n")
    single(*tasks["one REML fit, k = 13"])
    line = "{:<26}{:>10}{:>11}{:>12}{:>11}{:>16}{:>10}{:>12}{:>9}{:>14}{:>9}"
    names = (
        "ketameta",
        "metafor /",
        "no tau2 CI",
        "metafor /",
        "statsmodels PM",
        "metafor",
        "PyMARE fit",
        "/ ours",
        "with tau2 CI",
        "/ ours",
    )
    print(line.format("", *names))
    for (name, (y, v)), theirs in zip(tasks.items(), other[:3], strict=True):
        whole = best(lambda y=y, v=v: random_effects(y, v))
        bare = best(lambda y=y, v=v: random_effects(y, v, tau2_interval=None))
        sm = by_loop(statsmodels, y, v, sample)
        fit, both = pymare(y, v, sample)
        cells = [shown(whole), times(theirs, whole), shown(bare), times(theirs, bare)]
        cells += [shown(sm), shown(theirs), shown(fit), times(fit, bare)]
        print(line.format(name, *cells, shown(both), times(both, whole)))
        if y.size == STUDIES:
            ours = whole
    print(
        f"\n10,000 fits with the interval: {ours / FLOOR:.0f} times the arithmetic floor of "
        f"{1e3 * FLOOR:.2f} ms, {ours / passes() / PASSES:.1f} times {PASSES} passes over the data"
    )
    regressions(*tasks["10,000 REML fits, k = 20"], other[3])
    if sample is not None:
        print(
            f"statsmodels, metafor and PyMARE's intervals of tau2: {sample} fits, scaled up; "
            "--full times every fit"
        )
    if options.memory:
        memory()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory of this process: {peak:,.0f} MiB")


if __name__ == "__main__":
    main()
