"""Print what models beyond one mean cost here and in R, side by side in one run: processor time.

    python -m tests.benchmarks.models

Ours are with default arguments, and so do more than R's beside them: a network comes with the
interval of tau2, predictions and direct estimates of all pairs, a Bayesian fit with the shortest
intervals of mu, tau and a new effect. A course is a multilevel model of a curve in time with CR2
errors and Satterthwaite's degrees of freedom (rma.mv and clubSandwich); permutations are 1,000
fits. R has no package at hand for the Bayesian model, so its integrals stand in, one quantile after
the other. `apart` is the largest difference of a number that both give, as a share of its standard
error (of the number itself where there is none): what it is not by rounding is said in the last
column. Rows of R are empty where it, or one of its packages, is not installed.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

# one core each: R runs on one
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from ketameta.stats import (
    bayes,
    cluster_robust,
    covariance_over_time,
    glmm,
    multivariate,
    network_meta_analysis,
    permutation_test,
    restricted_cubic_spline,
    three_level,
)

from .engine import BCG
from .network import known

HERE = Path(__file__)
REFERENCE = HERE.parents[1] / "reference"


class Task(NamedTuple):
    """A model: its row, what is timed, what it gives and the scale of each number."""

    name: str
    said: str
    run: Callable[[], object]
    found: np.ndarray
    scale: np.ndarray
    note: str = ""


def course(folder: Path, name: str, trials: int, said: str) -> Task:
    """Return a curve over hours through made-up trials that report one to seven times each."""
    draw = np.random.default_rng(trials)
    times = draw.choice([1, 1, 1, 2, 2, 3, 4, 7], trials)
    trial = np.repeat(np.arange(trials), times)
    reported = [2.0, 4, 24, 72, 168, 336, 672]
    hours = np.concatenate([draw.choice(reported, n, replace=False) for n in times])
    v = draw.uniform(0.05, 0.3, trial.size)
    V = covariance_over_time(v, trial, hours, 0.7, lag=168)
    X = restricted_cubic_spline(np.log(hours), np.log([4, 24, 168, 672]))
    X = np.column_stack([np.ones(trial.size), X])
    y = draw.normal(-0.6, 0.2, trials)[trial] + np.linalg.cholesky(V) @ draw.normal(size=v.size)
    for part, array in (("y", y), ("trial", trial), ("V", V), ("X", X)):
        write(folder, f"{name}_{part}", array)

    def run() -> tuple[Any, Any]:
        fit = three_level(y, V, trial, X=X)
        return fit, cluster_robust(y, fit.covariance, trial, X)

    fit, robust = run()
    here = np.concatenate([fit.beta, robust.se])
    said = said.format(trials, trial.size)
    return Task(name, said, run, here, np.concatenate([fit.se, fit.se]))


def nested(folder: Path) -> Task:
    """Return the schools in districts of Konstantopoulos (2011)."""
    data = reference("multilevel")["konstantopoulos"]["data"]
    y, v, district, school = (np.array(data[x]) for x in ("yi", "vi", "district", "school"))
    write(folder, "schools", np.column_stack([y, v, district, school]))
    fit = three_level(y, v, district, school)
    said = f"three levels, {y.size} effects"
    return Task("levels", said, lambda: three_level(y, v, district, school), fit.beta, fit.se)


def outcomes(folder: Path) -> Task:
    """Return the two outcomes of the trials of Berkey and others (1998)."""
    data = reference("multilevel")["berkey"]["data"]
    trial, outcome = (np.unique(data[x], return_inverse=True)[1] for x in ("trial", "outcome"))
    y, V = np.array(data["yi"]), np.zeros((trial.size, trial.size))
    own = np.column_stack([data["v1i"], data["v2i"]])
    for code in np.unique(trial):
        rows = np.flatnonzero(trial == code)
        V[np.ix_(rows, rows)] = own[rows]
    write(folder, "berkey", np.column_stack([y, trial, outcome]))
    write(folder, "berkey_V", V)
    fit = multivariate(y, V, trial, outcome)
    run = lambda: multivariate(y, V, trial, outcome)  # noqa: E731
    return Task("outcomes", f"two outcomes, {y.size} effects", run, fit.beta, fit.se)


def network(folder: Path) -> Task:
    """Return the diabetes network of Senn and others (2013)."""
    given = known("senn")
    y, V, study, first, second = given
    names = sorted({*first, *second})
    X = (np.array(first)[:, None] == names).astype(float) - (np.array(second)[:, None] == names)
    place = [list(study[:i]).count(s) for i, s in enumerate(study)]
    trial = np.unique(study, return_inverse=True)[1]
    for name, array in (("", np.column_stack([y, trial, place])), ("_V", V), ("_X", X[:, 1:])):
        write(folder, f"network{name}", array)
    fit = network_meta_analysis(*given, interval="wald")
    said = f"network, {y.size} contrasts"
    run = lambda: network_meta_analysis(*given)  # noqa: E731
    return Task("network", said, run, fit.estimate[1:, 0], fit.se[1:, 0])


def counts(folder: Path) -> list[Task]:
    """Return mixed models of the counts of Niël-Weise and others (2007)."""
    case = next(c for c in reference("glmm")["cases"] if c["dataset"] == "dat.nielweise2007")
    tables = {name: np.array(x) for name, x in case["input"].items()}
    write(folder, "counts", np.column_stack([tables[x] for x in ("ai", "n1i", "ci", "n2i")]))
    notes = {
        "UM.FS": ("R's lme4 stops earlier", 25),
        "UM.RS": ("both by Laplace; R's lme4 stops earlier", 1),
        "CM.EL": ("R's optimiser stops earlier", 25),
    }
    tasks = []
    for model, (note, nodes) in notes.items():

        def run(model: str = model, nodes: int = nodes) -> Any:
            return glmm("OR", model=model, nodes=nodes, **tables)

        fit, said = run(), f"counts by {model}, {tables['ai'].size} trials"
        tasks.append(Task(model, said, run, np.array([fit.estimate]), np.array([fit.se]), note))
    return tasks


def single(folder: Path) -> list[Task]:
    """Return what is asked of the thirteen trials of Colditz and others (1994)."""
    a, b, c, d = BCG.T
    y = np.log(a / (a + b)) - np.log(c / (c + d))
    v = 1 / a - 1 / (a + b) + 1 / c - 1 / (c + d)
    x = np.array([44, 55, 42, 52, 13, 44, 19, 13, 27, 42, 18, 33, 33.0])
    write(folder, "effects", np.column_stack([y, v, x]))
    prior = bayes(y, v, mu_sd=np.inf)
    signs = lambda: permutation_test(y, v, at_most=1000)  # noqa: E731
    orders = lambda: permutation_test(y, v, x, at_most=1000)  # noqa: E731
    flat = lambda: bayes(y, v, mu_sd=np.inf)  # noqa: E731
    return [
        Task("bayes", "Bayes, 13 trials", flat, np.array([prior.mu_median]),
             np.array([prior.mu_sd]), "R: integrals written out, no package"),
        Task("signs", "1,000 permuted signs", signs, np.ravel(signs().statistic),
             np.ones(1), "of the statistic"),
        Task("orders", "1,000 permuted moderators", orders, np.ravel(orders().statistic)[-1:],
             np.ones(1), "of the statistic"),
    ]  # fmt: skip


def reference(name: str) -> Any:
    """Return numbers of other software, with the data that they were made of."""
    return json.loads((REFERENCE / f"{name}.json").read_text(encoding="utf-8"))


def write(folder: Path, name: str, array: Any) -> None:
    """Hand an array to R."""
    np.savetxt(folder / f"{name}.csv", array, delimiter=",", fmt="%.17g")


def processor(run: Callable[[], object]) -> float:
    """Return the processor seconds of a run, from as many as fill a second."""
    run()
    start, n = time.process_time(), 0
    while (took := time.process_time() - start) < 1 or n < 2:
        run()
        n += 1
    return took / n


def by_r(folder: Path) -> dict[str, list[float]]:
    """Return R's seconds and estimates of each model that it could fit."""
    if shutil.which("Rscript") is None:
        return {}
    command = ["Rscript", str(HERE.with_suffix(".R")), str(folder)]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    rows = (line.split(";") for line in said.splitlines())
    return {name: [float(x) for x in numbers] for name, *numbers in rows}


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        said = "course, {} trials, {} effects"
        tasks = [course(folder, "course", 17, said), course(folder, "course_large", 150, said)]
        tasks += [nested(folder), outcomes(folder), network(folder)]
        tasks += [*counts(folder), *single(folder)]
        theirs = by_r(folder)
    print(f"{'processor time of a fit':34}{'ours, ms':>10}{'R, ms':>11}{'times':>8}{'apart':>10}")
    for task in tasks:
        ours = processor(task.run)
        line = f"{task.said:34}{1e3 * ours:10.2f}"
        if peer := theirs.get(task.name):
            shared = np.array(peer[1:])
            here, scale = task.found[: shared.size], task.scale[: shared.size]
            apart = float(np.max(np.abs(shared - here) / scale))
            line += f"{1e3 * peer[0]:11.1f}{peer[0] / ours:8.0f}{apart:10.1e}  {task.note}"
        print(line.rstrip(), flush=True)


if __name__ == "__main__":
    main()
