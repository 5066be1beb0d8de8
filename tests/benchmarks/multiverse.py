"""Print how many specifications of the multiverse are fitted a second, here and by metafor.

    python -m tests.benchmarks.multiverse

From the tables of the last run in this folder: `ketameta run` first. Ours is all that is done with
the effects of an analysis: what varies, sets padded and told apart, fits, shares, the curve.
metafor's rma fits the same sets one by one, by the same estimators and, of the rules, by those that
it has (z for Wald, knha for HKSJ, adhoc for HKSJ ad hoc); `auto` is knha there. It runs a sample of
each analysis, and its time is scaled up: once to every specification, which is what a loop over
them takes, and once to the different sets alone, which is what we fit. Other ways of pooling and
priors are in our time and specifications; metafor is taken to need for one of them what it needs
for a random-effects model. Peak memory is of this process with ours alone.
"""

from __future__ import annotations

import resource
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ketameta.commands.since import made_rows
from ketameta.configuration import CONFIG, Analysis, load
from ketameta.estimators import ESTIMATORS
from ketameta.measures import INVERSE_VARIANCE
from ketameta.synthesize import multiverse
from ketameta.synthesize.sets import Sets, sets_of
from ketameta.synthesize.specifications import Space, space_of
from ketameta.synthesize.words import by_year
from ketameta.tables.collection import by
from ketameta.tables.diagnostics import JudgementRow
from ketameta.tables.effects import EffectRow, VariantRow
from ketameta.tables.syntheses import StudyRow, SynthesisRow

from .engine import best

SAMPLE = 20  # sets of an analysis that metafor fits
R_SCRIPT = """
suppressMessages(library(metafor))
sets <- read.csv(commandArgs(TRUE)[1])
tests <- c(auto = "knha", wald = "z", hksj = "knha", "hksj-adhoc" = "adhoc")
estimators <- strsplit(commandArgs(TRUE)[2], ",")[[1]]
rules <- strsplit(commandArgs(TRUE)[3], ",")[[1]]
whole <- split(sets, sets$set)
took <- system.time(for (one in whole) for (tau2 in estimators) for (rule in rules)
  try(rma(one$yi, one$vi, method = tau2, test = tests[[rule]],
          control = list(maxiter = 1000)), silent = TRUE))[["elapsed"]]
cat(took / (length(whole) * length(estimators) * length(rules)))
"""


@dataclass(frozen=True)
class Task:
    """What is known of an analysis, in the order of `multiverse.multiverse`."""

    analysis: Analysis
    record: SynthesisRow
    effects: list[EffectRow]
    alone: dict[str, list[VariantRow]]
    judgements: list[JudgementRow]
    studies: list[StudyRow]

    def space(self) -> tuple[Space, Sets] | None:
        """Return what varies, and the different sets of effects; None where nothing does."""
        told = self.analysis, self.effects, self.alone, self.judgements, self.studies
        space = space_of(*told)
        return None if space is None else (space, sets_of(space, self.effects, self.alone))


def tasks() -> list[Task]:
    """Return the analyses of the last run."""
    records = made_rows(SynthesisRow)
    effects = by(made_rows(EffectRow), lambda row: row.analysis)
    variants = by(made_rows(VariantRow), lambda row: row.analysis)
    judged = by(made_rows(JudgementRow), lambda row: row.analysis)
    studies = by(made_rows(StudyRow), lambda row: row.analysis)
    whole = load(CONFIG).asked([record.analysis for record in records])
    return [
        Task(
            whole[record.analysis],
            record,
            by_year(effects[record.analysis]),
            {**by(variants[record.analysis], lambda row: row.variant)},
            [*judged[record.analysis]],
            [*studies[record.analysis]],
        )
        for record in records
    ]


def ours(task: Task) -> tuple[int, int]:
    """Return the specifications of an analysis, and its different sets of effects."""
    one = task
    told = one.analysis, one.record, one.effects, one.alone, one.judgements, one.studies
    found = multiverse.multiverse(*told, lambda _: None)
    return next(((row.specifications, row.sets) for row in found.whole), (0, 0))


def metafor(task: Task) -> tuple[float, int]:
    """Return metafor's seconds a fit of sets of an analysis, and the models of a set.

    NaN without R or without sets.
    """
    found = task.space()
    if found is None or shutil.which("Rscript") is None:
        return float("nan"), 0
    space, sets = found
    rows = [row for row in range(len(sets.yi)) if (~np.isnan(sets.yi[row])).sum() > 1]
    places = np.unique(np.linspace(0, len(rows) - 1, SAMPLE).astype(int))
    *_, ways, taus, rules = (dimension.options for dimension in space.dimensions)
    estimators = [tau for tau in taus if tau in ESTIMATORS]
    if INVERSE_VARIANCE not in ways:
        return float("nan"), 0
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "sets.csv")
        columns = sets.yi[rows].tolist(), sets.vi[rows].tolist()
        numbers = [(n, columns[0][n], columns[1][n]) for n in places.tolist()]
        lines = [
            f"{n},{y!r},{v!r}"
            for n, yi, vi in numbers
            for y, v in zip(yi, vi, strict=True)
            if not np.isnan(y)
        ]
        file.write_text("set,yi,vi\n" + "\n".join(lines) + "\n")
        command = ["Rscript", "-e", R_SCRIPT, str(file), ",".join(estimators), ",".join(rules)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout), len(estimators) * len(rules)


def main() -> None:
    """Print a line an analysis of more than 1,000 specifications, and one for all."""
    known = [(task, *ours(task)) for task in tasks()]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    heads = (
        "specifications",
        "sets",
        "ours, s",
        "a second",
        "metafor, s",
        "ratio",
        "of sets",
        "ratio",
    )
    print(f"{'analysis':<40}", *(f"{head:>14}" for head in heads))
    lines = []
    for task, specifications, sets in known:
        if specifications >= 1000:
            took = best(lambda task=task: ours(task), 0.3)
            one, models = metafor(task)
            lines.append((specifications, sets, took, one * specifications, one * sets * models))
            _print(task.analysis.name, *lines[-1])
    _print("these", *np.sum(lines, axis=0).tolist())
    print(f"peak memory {memory:,.0f} MiB")


def _print(
    name: str, specifications: float, sets: float, took: float, whole: float, of_sets: float
) -> None:
    cells = (
        *(f"{specifications:,.0f}", f"{sets:,.0f}", f"{took:.3f}"),
        *(f"{specifications / took:,.0f}", f"{whole:.1f}", f"{whole / took:,.0f}"),
        *(f"{of_sets:.1f}", f"{of_sets / took:,.0f}"),
    )
    print(f"{name[:40]:<40}", *(f"{cell:>14}" for cell in cells))


if __name__ == "__main__":
    main()
