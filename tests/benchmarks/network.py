"""Print how long a network takes here and by metafor's rma.mv, side by side in one run.

    python -m tests.benchmarks.network

The three networks of tests/reference/network.json and two made up. `fit` is a network by REML: here
with the interval of tau2, prediction and direct estimates of all pairs, which rma.mv has not.
`agree` is all splits of nodes and the test of designs; of rma.mv it is reckoned as one fit for each
split and one for the designs. `ranks` are 100,000 draws, which rma.mv has not. rma.mv runs with its
default optimiser, the best of three. `apart` is the largest difference of an estimate, as a share
of its standard error.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from ketameta.stats import (
    design_by_treatment,
    network_meta_analysis,
    network_ranks,
    node_splits,
)

from .engine import best

REFERENCE = Path(__file__).parents[1] / "reference" / "network.json"
R_SCRIPT = """
suppressMessages(library(metafor))
folder <- commandArgs(TRUE)[1]
rows <- read.csv(file.path(folder, "rows.csv"))
V <- as.matrix(read.csv(file.path(folder, "V.csv"), header = FALSE))
X <- as.matrix(read.csv(file.path(folder, "X.csv"), header = FALSE))
fit <- function() rma.mv(rows$y, V, mods = ~ 0 + X, random = ~ factor(inner) | study,
  struct = "CS", rho = 0.5, data = rows)
took <- min(replicate(3, system.time(found <<- fit())[["elapsed"]]))
cat(took, as.numeric(found$beta))
"""


def made_up(trials: int, treatments: int) -> tuple[Any, ...]:
    """Return contrasts of two-arm and three-arm trials, a star of which joins all treatments."""
    draw = np.random.default_rng(trials)
    y, study, first, second, arms = [], [], [], [], []
    for trial in range(trials):
        base = 0 if trial < treatments - 1 else draw.integers(treatments)
        others = np.setdiff1d(np.arange(treatments), [base])
        shown = [trial + 1] if trial < treatments - 1 else draw.choice(others, 1 + trial % 2, False)
        own = draw.uniform(0.01, 0.1)
        for arm in shown:
            arms.append((trial, own, draw.uniform(0.01, 0.1)))
            y.append(0.05 * (int(arm) - int(base)) + draw.normal(0, 0.4))
            study.append(f"{trial:04d}")
            first.append(f"{arm:02d}")
            second.append(f"{base:02d}")
    trial, own, other = np.array(arms).T
    V = (trial[:, None] == trial) * own[:, None] + np.diag(other)
    return np.array(y), V, study, first, second


def known(name: str) -> tuple[Any, ...]:
    """Return the contrasts of a network of the reference against the first arm of each trial.

    rma.mv takes the correlation 1/2, which holds against one arm.
    """
    arms = json.loads(REFERENCE.read_text(encoding="utf-8"))[name]["arms"]
    study, treatment = np.array(arms["study"]).astype(str), np.array(arms["treatment"])
    base = np.array([np.flatnonzero(study == s)[0] for s in study])
    rows = np.flatnonzero(base != np.arange(study.size))
    C = np.eye(study.size)[rows] - np.eye(study.size)[base[rows]]
    V = C @ np.diag(arms["variance"]) @ C.T
    return C @ np.array(arms["effect"]), V, study[rows], treatment[rows], treatment[base[rows]]


def metafor(given: tuple[Any, ...]) -> tuple[float, np.ndarray]:
    """Return the seconds of a fit and its estimates against the first treatment; NaN without R."""
    y, V, study, first, second = given
    names = sorted({*first, *second})
    X = (np.array(first)[:, None] == names).astype(float) - (np.array(second)[:, None] == names)
    if shutil.which("Rscript") is None:
        return float("nan"), np.full(len(names) - 1, np.nan)
    place = [list(study[:i]).count(s) for i, s in enumerate(study)]
    with tempfile.TemporaryDirectory() as folder:
        rows = [f'{a!r},"{b}",{c}' for a, b, c in zip(y.tolist(), study, place, strict=True)]
        Path(folder, "rows.csv").write_text("\n".join(["y,study,inner", *rows]) + "\n")
        np.savetxt(Path(folder, "V.csv"), V, delimiter=",", fmt="%.17g")
        np.savetxt(Path(folder, "X.csv"), X[:, 1:], delimiter=",", fmt="%.17g")
        said = subprocess.run(
            ["Rscript", "-e", R_SCRIPT, folder], capture_output=True, text=True, check=True
        )
    took, *beta = map(float, said.stdout.split())
    return took, np.array(beta)


def main() -> None:
    """Print the table."""
    networks = {name: known(name) for name in ("senn", "smoking", "stroke")}
    networks |= {f"{n} trials, {t} treatments": made_up(n, t) for n, t in ((60, 12), (200, 20))}
    columns = ("fit, ms", "rma.mv", "times", "agree, ms", "rma.mv", "times", "ranks, ms", "apart")
    print(f"{'':26}" + "".join(f"{name:>11}" for name in columns))
    for name, given in networks.items():
        fit = network_meta_analysis(*given, interval="wald")
        splits = node_splits(*given)

        def agree(given: tuple[Any, ...] = given) -> None:
            node_splits(*given)
            design_by_treatment(*given)

        alone = best(lambda given=given: network_meta_analysis(*given))
        together = best(agree)
        ranks = best(lambda fit=fit: network_ranks(fit, lower_is_better=True))
        peer, beta = metafor(given)
        peers = peer * (1 + len(splits.labels))
        apart = float(np.max(np.abs(beta - fit.estimate[1:, 0]) / fit.se[1:, 0]))
        times = (1e3 * alone, 1e3 * peer, peer / alone)
        times += (1e3 * together, 1e3 * peers, peers / together, 1e3 * ranks)
        print(f"{name:26}" + "".join(f"{x:11.1f}" for x in times) + f"{apart:11.1e}", flush=True)


if __name__ == "__main__":
    main()
