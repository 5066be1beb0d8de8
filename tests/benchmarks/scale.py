"""Make the project's tables many times as long, run each stage alone, and print what it costs.

Run as `make scale`, or `python -m tests.benchmarks.scale 1 10 50`. For each stage and size it
prints the seconds of processor time, the peak of memory, and between neighbouring sizes the
exponent with which the seconds grow: 1 is linear in rows. Asserts nothing. `--analyses 33` asks the
first 33 questions alone, so that figures of days with fewer questions compare.

The copies are no exact ones. Each trial of a copy has its own identifier, label and registration;
its numbers of people, events and scores are moved by a seeded script, in a way that leaves them
possible: people are added to an arm and all its rows, scores of a trial shrink by one factor.
"""

from __future__ import annotations

import argparse
import csv
import math
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
RAW, CONFIG = Path("data", "raw"), Path("workflow", "config", "analyses.yaml")
SEED = 20260101
# stage -> the folders that it reads and writes
STAGES = {
    "ingest": ("data/raw", "data/processed"),
    "normalize": ("data/processed", "data/processed"),
    "synthesize": ("data/processed", "data/processed"),
    "report": ("data/processed", "reports"),
    "figures": ("data/processed", "reports"),
    "distributions": ("data/processed", "reports"),
}
USUAL = ("ingest", "normalize", "synthesize", "report")
# those that speak of one trial a row and grow with the trials; the others stay as they are
COPIED = ("trials", "arms", "outcomes", "contrasts", "risk_of_bias", "rob2_answers")
MOST_ADDED = 4
_MEANS = (
    "baseline_mean", "mean", "change_mean", "ci95_low", "ci95_high", "median", "q1", "q3",
    "minimum", "maximum",
)  # fmt: skip
_SPREADS = ("baseline_sd", "sd", "change_sd", "se")
_CONTRAST = ("estimate", "ci_low", "ci_high")
Record = dict[str, str]
Tables = dict[str, list[Record]]


def read(folder: Path) -> Tables:
    """Return the rows of every table of a folder, as text."""
    found = {}
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            found[path.stem] = list(csv.DictReader(file))
    return found


def write(tables: Tables, folder: Path) -> None:
    """Write tables as CSV."""
    folder.mkdir(parents=True)
    for name, rows in tables.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)


def times(tables: Tables, size: int, seed: int = SEED) -> Tables:
    """Return the tables with `size` of each trial: the first as it is, the others moved."""
    found = {name: list(rows) for name, rows in tables.items()}
    for number in range(1, size):
        copy = _Copy(tables, number, random.Random(f"{seed} {number}"))
        for name in COPIED:
            found[name] += [copy.row(name, row) for row in tables[name]]
    return found


class _Copy:
    """One more of every trial, with names and numbers of its own."""

    def __init__(self, tables: Tables, number: int, chance: random.Random) -> None:
        self._number, self._chance = number, chance
        self._names = {row["trial_id"]: f"{row['trial_id']}_{number}" for row in tables["trials"]}
        first = number * len(self._names)
        self._running = {name: first + i for i, name in enumerate(self._names)}
        self._factor = {name: chance.uniform(0.9, 0.99) for name in self._names}
        self._added = self._people(tables)

    def _people(self, tables: Tables) -> dict[tuple[str, str], int]:
        """Return how many people are added to each arm, and under an empty name to each trial.

        The arms of a crossover are the same people; a pooled arm gets what its parts get.
        """
        crossed = {row["trial_id"] for row in tables["trials"] if row["design"] == "crossover"}
        added: dict[tuple[str, str], int] = {}
        of_all = {name: self._chance.randint(1, MOST_ADDED) for name in self._names}
        for row in tables["arms"]:
            trial = row["trial_id"]
            own = of_all[trial] if trial in crossed else self._chance.randint(1, MOST_ADDED)
            added[trial, row["arm_id"]] = own
            if not row["pooled_arms"]:
                added[trial, ""] = own + (0 if trial in crossed else added.get((trial, ""), 0))
        for row in tables["arms"]:
            if parts := row["pooled_arms"]:
                trial = row["trial_id"]
                added[trial, row["arm_id"]] = sum(added[trial, part] for part in parts.split(";"))
        return added

    def row(self, table: str, row: Record) -> Record:
        """Return a row as the copy has it."""
        trial = row["trial_id"]
        moved = {**row, "trial_id": self._names[trial]}
        if table == "trials":
            moved |= self._trial(row)
        for name in {"n", "n_randomised"} & row.keys():
            if row[name]:
                moved[name] = str(
                    int(row[name]) + self._added.get((trial, row.get("arm_id", "")), 0)
                )
        if row.get("events") and 0 < (events := int(row["events"])) < int(row["n"] or 0):
            moved["events"] = str(max(1, events + self._chance.randint(-1, 1)))
        factor = self._factor[trial]
        if table == "outcomes":
            for name in (*_MEANS, *_SPREADS):
                moved |= {name: _shrunk(row[name], factor)} if row.get(name) else {}
        if table == "contrasts" and all(row[name] for name in _CONTRAST):
            values = [_shrunk(row[name], factor) for name in _CONTRAST]
            estimate, low, high = map(float, values)
            if low < estimate < high and (low > 0 or float(row["ci_low"]) <= 0):
                moved |= dict(zip(_CONTRAST, values, strict=True))
        return moved

    def _trial(self, row: Record) -> Record:
        name, running = row["trial_id"], self._running[row["trial_id"]]
        parts = filter(None, row["part_of"].split(";"))
        return {
            "label": f"{row['label']} no. {self._number}",
            "part_of": ";".join(self._names[part] for part in parts),
            "registration": row["registration"] and f"NCT9{running:07}",
            "doi": row["doi"] and f"{row['doi']}/{self._number}",
            "pmid": row["pmid"] and str(90_000_000 + running),
            "source_url": row["source_url"] and f"https://example.org/{self._names[name]}",
        }


def _shrunk(cell: str, factor: float) -> str:
    """Return a number nearer to zero, with as many decimals as it had."""
    return f"{float(cell) * factor:.{len(cell.partition('.')[2])}f}"


def ask(folder: Path, analyses: int | None) -> None:
    """Write the project's configuration to a folder, of its analyses the first ones alone."""
    shutil.copytree(ROOT / CONFIG.parent, folder / CONFIG.parent)
    if analyses is None:
        return
    asked = yaml.safe_load((folder / CONFIG).read_text(encoding="utf-8"))
    asked["analyses"] = dict(islice(asked["analyses"].items(), analyses))
    asked["summaries"] = []
    (folder / CONFIG).write_text(yaml.safe_dump(asked, sort_keys=False), encoding="utf-8")


def cost(stage: str, folder: Path) -> tuple[float, float]:
    """Run a stage in a process of its own; return seconds of processor and peak memory in MB."""
    command = [sys.executable, "-m", "ketameta.job", stage, *STAGES[stage]]
    if stage != "ingest":
        command += ["--config", str(CONFIG)]
    # modules are compiled once, as where a report is made
    kept = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(folder.parent / "compiled")}
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "workflow"), **kept}
    with (folder / "log").open("w+") as log:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
        _, status, used = os.wait4(process.pid, 0)
        if status:
            log.seek(0)
            sys.exit(f"{stage} fails: {log.read()[-2000:]}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def measured(
    sizes: Sequence[int], stages: Sequence[str], folder: Path, analyses: int | None = None
) -> Iterator[tuple[int, int, str, float, float]]:
    """Yield size, outcome rows, stage, seconds and megabytes, in the order of running."""
    tables = read(ROOT / RAW)
    for size in sizes:
        place = folder / str(size)
        longer = times(tables, size)
        write(longer, place / RAW)
        ask(place, analyses)
        rows = len(longer["outcomes"])
        del longer
        for stage in stages:
            yield size, rows, stage, *cost(stage, place)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("sizes", nargs="*", type=int, default=[1, 10], help="times (1 10)")
    parser.add_argument("--stages", nargs="+", choices=STAGES, default=USUAL)
    parser.add_argument("--analyses", type=int, metavar="N", help="ask the first N questions alone")
    parser.add_argument("--keep", type=Path, help="an empty folder for tables and results")
    given = parser.parse_args()
    spent: dict[str, list[tuple[int, float]]] = {}
    print(f"{'':>6}{'outcome rows':>14}  {'stage':14}{'seconds':>9}{'MB':>7}{'exponent':>10}")
    with tempfile.TemporaryDirectory() as name:
        folder = given.keep or Path(name)
        for size, rows, stage, seconds, memory in measured(
            given.sizes, given.stages, folder, given.analyses
        ):
            spent.setdefault(stage, []).append((rows, seconds))
            (less, before), (more, after) = [spent[stage][0], *spent[stage]][-2:]
            grows = math.log(after / before) / math.log(more / less) if more != less else None
            told = "" if grows is None else f"{grows:.2f}"
            print(
                f"{size:>5}×{rows:>14,}  {stage:14}{seconds:9.2f}{memory:7.0f}{told:>10}",
                flush=True,
            )


if __name__ == "__main__":
    main()
