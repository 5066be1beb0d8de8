"""Time the whole report in a copy of this tree, and two R scripts, side by side.

Run with `make bench`. Prints tables; asserts nothing. The first peer does less: it fits every
analysis with metafor (REML, Hartung-Knapp, Q-profile), draws each as SVG and writes one page. The
second is like for like: of what the report does to its effects all that metafor offers, part by
part. Of fits that come thousands of times (permutations, subsets, specifications) it makes a sample
and scales its time, so its time is the processor's. Neither validates, chooses rows or knows where
a number is from. They are left out where Rscript with metafor is not installed.
"""

from __future__ import annotations

import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
RUNS = 3
WHOLE, EDIT, NOTHING = "whole report from nothing", "after an edit of one cell", "nothing to do"
START, PEER = "Snakemake, empty workflow", "peer: R with metafor"


def copy_tree(folder: Path) -> Path:
    """Copy what the workflow needs into a folder."""
    skip = shutil.ignore_patterns("__pycache__", "*.egg-info")
    shutil.copytree(ROOT / "workflow", folder / "workflow", ignore=skip)
    shutil.copytree(ROOT / "data" / "raw", folder / "data" / "raw")
    return folder


def processor() -> float:
    """Return the processor seconds of all that this process ran so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def timed(command: list[str], folder: Path) -> tuple[float, float]:
    """Run a command; return seconds and the peak memory of its largest process so far in MB."""
    environment = {**os.environ, "PYTHONPATH": str(folder / "workflow")}
    start = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)
    seconds = time.perf_counter() - start
    if done.returncode:
        sys.exit(done.stderr.decode())
    return seconds, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def edit_a_cell(folder: Path, events: int) -> None:
    """Change one count of one trial."""
    path = folder / "data" / "raw" / "outcomes.csv"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    for number, line in enumerate(lines):
        if line.startswith("murrough2013a,ketamine_0.5,response,"):
            cells = line.split(",")
            cells[7] = str(events)
            lines[number] = ",".join(cells)
    path.write_text("".join(lines), encoding="utf-8")


def empty(folder: Path) -> tuple[list[str], Path]:
    """Return Snakemake's command for a workflow of no rules, and its folder."""
    folder.mkdir()
    (folder / "Snakefile").write_text("rule all:\n    input: []\n", encoding="utf-8")
    return [sys.executable, "-m", "snakemake", "--cores", "1"], folder


def share(rows: dict[str, list[float]], label: str, whole: str) -> float:
    """Return the median of what one thing takes of another, run by run."""
    return statistics.median(a / b for a, b in zip(rows[label], rows[whole], strict=True))


def like_for_like(tables: Path, out: Path) -> list[list[str]]:
    """Return the parts of the report that metafor did too: lines of like.R, as its head has it."""
    script = ["Rscript", str(Path(__file__).with_name("like.R")), str(tables), str(out)]
    done = subprocess.run(script, capture_output=True, text=True, check=True)
    return [line.split(";") for line in done.stdout.splitlines()]


def print_parts(parts: list[list[str]], ours: float) -> None:
    """Print what each part takes metafor, and all of them beside the report's processor time."""
    print(f"\n{'like for like, by metafor':40}{'seconds':>9}   processor time, one run")
    for name, made, of, seconds, failed in parts:
        sample = f", {int(made):,} of {int(of):,} fits timed" if made != of else ""
        nothing = f", {failed} without a result" if failed != "0" else ""
        print(f"{name:40}{float(seconds):9.2f}{sample}{nothing}")
    whole = sum(float(seconds) for *_, seconds, _ in parts)
    timed_alone = sum(float(seconds) for _, made, of, seconds, _ in parts if made == of)
    print(f"{'all parts':40}{whole:9.2f}")
    print(f"{'like for like / whole report':40}{whole / ours:9.2f}")
    print(f"{'  without what is scaled from a sample':40}{timed_alone / ours:9.2f}")


def metafor() -> bool:
    """Say whether Rscript with metafor is here."""
    if shutil.which("Rscript") is None:
        return False
    command = ["Rscript", "-e", "library(metafor)"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def main() -> None:
    """Measure and print."""
    python = sys.executable
    run = [python, "-m", "ketameta.cli", "run"]
    rows: dict[str, list[float]] = {}
    work: dict[str, list[float]] = {WHOLE: [], EDIT: []}
    memory = 0.0
    with tempfile.TemporaryDirectory() as name:
        folder = copy_tree(Path(name) / "tree")
        start = empty(Path(name) / "empty")
        peer = metafor()
        for attempt in range(RUNS):
            for made in ("reports", ".snakemake", "logs", "data/processed"):
                shutil.rmtree(folder / made, ignore_errors=True)
            before = processor()
            rows.setdefault(WHOLE, []).append(timed(run, folder)[0])
            work[WHOLE].append(processor() - before)
            edit_a_cell(folder, 20 + attempt)
            before = processor()
            rows.setdefault(EDIT, []).append(timed(run, folder)[0])
            work[EDIT].append(processor() - before)
            rows.setdefault(NOTHING, []).append(timed(run, folder)[0])
            rows.setdefault(START, []).append(timed(*start)[0])
            help_text = [python, "-m", "ketameta.cli", "--help"]
            rows.setdefault("ketameta --help", []).append(timed(help_text, folder)[0])
            check = [python, "-m", "ketameta.cli", "check"]
            rows.setdefault("ketameta check", []).append(timed(check, folder)[0])
            memory = timed(check, folder)[1]
            if peer:
                script = [
                    "Rscript", str(Path(__file__).with_name("peer.R")),
                    "reports/tables/studies.csv", str(Path(name) / "peer"),
                ]  # fmt: skip
                rows.setdefault(PEER, []).append(timed(script, folder)[0])
        parts = like_for_like(folder / "reports" / "tables", Path(name) / "like") if peer else []
    print(f"{'':32}{'median':>9}{'min':>9}{'max':>9}   seconds, {RUNS} runs")
    for label, values in rows.items():
        middle, low, high = statistics.median(values), min(values), max(values)
        print(f"{label:32}{middle:9.2f}{low:9.2f}{high:9.2f}")
    print(f"{'peak memory of a process':32}{memory:9.0f} MB")
    print(f"{'edit / whole report':32}{share(rows, EDIT, WHOLE):9.2f} run by run")
    print(f"{'  of processor time':32}{share(work, EDIT, WHOLE):9.2f}")
    print(f"{'nothing / empty Snakemake':32}{share(rows, NOTHING, START):9.2f}")
    if peer:
        print(f"{'peer / whole report':32}{share(rows, PEER, WHOLE):9.2f}")
        print_parts(parts, statistics.median(work[WHOLE]))
    else:
        print("no peer: Rscript with metafor is not installed")


if __name__ == "__main__":
    main()
