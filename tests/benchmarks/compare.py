"""Time the comparison of the project's tables with a planted second extraction of them.

Run as `python -m tests.benchmarks.compare`. Prints processor and wall time of each part and of the
command, in seconds; asserts nothing.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from tests.extraction.kinds_names import ALL
from tests.extraction.planting import second

from ketameta.configuration import load
from ketameta.extraction.disagreements import disagreements
from ketameta.extraction.impact import ranked_by_impact
from ketameta.extraction.matching import match
from ketameta.extraction.sides import two_sides

ROOT = Path(__file__).parents[2]
RAW, CONFIG = ROOT / "data" / "raw", ROOT / "workflow" / "config" / "analyses.yaml"
SEEDS = (1, 2, 3)
T = TypeVar("T")


class Clock:
    """Seconds of processor and wall by part."""

    def __init__(self) -> None:
        self.parts: dict[str, list[tuple[float, float]]] = {}

    def of(self, part: str, work: Callable[..., T], *given: object) -> T:
        """Do something and note how long it took, child processes included."""
        start, used = time.perf_counter(), _processor()
        result = work(*given)
        found = _processor() - used, time.perf_counter() - start
        self.parts.setdefault(part, []).append(found)
        return result


def _processor() -> float:
    own, other = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return own.ru_utime + own.ru_stime + other.ru_utime + other.ru_stime


def command(place: Path, *words: str) -> None:
    """Run `ketameta compare`; its status says what it found."""
    call = [sys.executable, "-m", "ketameta.cli", "compare", str(RAW), str(place), *words]
    done = subprocess.run(call, cwd=ROOT, env=os.environ, capture_output=True, check=False)
    if done.returncode not in (0, 10, 11):
        sys.exit(done.stderr.decode())


def main() -> None:
    """Measure and print."""
    clock, configuration = Clock(), load(CONFIG)
    with tempfile.TemporaryDirectory() as name:
        for seed in SEEDS:
            planted = second(RAW, Path(name) / str(seed), ALL, seed)
            a, b = clock.of("two extractions read", two_sides, RAW, planted.place)
            matching = clock.of("rows matched", match, a, b)
            found = clock.of("disagreements listed", disagreements, a, b, matching)
            clock.of("impact of each", ranked_by_impact, a.tables, found, configuration)
            clock.of("ketameta compare --no-impact", command, planted.place, "--no-impact")
            clock.of("ketameta compare", command, planted.place)
            print(
                f"seed {seed}: {len(planted.pairs):,} rows in both, {len(found)} disagreements "
                f"of {len(planted.told)} planted"
            )
    print(f"{'':32}{'processor':>12}{'wall':>9}   seconds, median of {len(SEEDS)}")
    for part, times in clock.parts.items():
        used, wall = (statistics.median(column) for column in zip(*times, strict=True))
        print(f"{part:32}{used:12.2f}{wall:9.2f}")


if __name__ == "__main__":
    main()
