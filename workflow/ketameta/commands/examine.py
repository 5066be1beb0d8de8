"""What is wrong with a folder of tables: the faults of its cells, and what its numbers say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ketameta.ingest.stage import check_folder
from ketameta.normalize.checks.findings import Finding
from ketameta.normalize.checks.run import find
from ketameta.tables.problems import ERROR, Problem
from ketameta.tables.raw import EFFECT_TABLES

Rows = dict[str, list[dict[str, Any]]]


def examine(folder: Path) -> tuple[Rows, list[Problem]]:
    """Return the typed rows and every problem, those of the number checks among them.

    The number checks run where no cell is at fault: on half-read tables they would cry wolf.
    Those that need effects (an outlying one, |g| above 3) are left to the run.
    """
    tables, problems = check_folder(folder)
    whole = all(name in tables for name in EFFECT_TABLES)
    if not whole or any(p.severity == ERROR for p in problems):
        return tables, problems
    trials, arms, outcomes, contrasts = (tables[name] for name in EFFECT_TABLES)
    found = find(trials, arms, outcomes, contrasts, [])
    return tables, problems + [_problem(finding) for finding in found]


def faults(folder: Path) -> list[Problem]:
    """Return the errors alone, in the order of files and lines."""
    return sorted(p for p in examine(folder)[1] if p.severity == ERROR)


def _problem(finding: Finding) -> Problem:
    return Problem(
        finding.file,
        finding.line,
        finding.column,
        finding.value,
        f"{finding.message} [{finding.check}]",
        finding.severity,
        "",
        finding.trial_id,
        finding.arm_id,
    )
