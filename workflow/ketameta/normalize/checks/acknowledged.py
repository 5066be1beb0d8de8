"""Warnings that a person has looked at and lets stand: `acknowledged.csv` held against them.

An acknowledgement names the check and what the warning is about (table, trial, arm, outcome, hour,
column, the cell as it stood), never a line, so that sorting a table changes nothing. What it leaves
empty may be anything, but the trial: a warning about a trial is acknowledged for that trial. A cell
that has another value since, or another row, gives a new warning. An acknowledgement that fits no
warning is itself one: it was settled, or something changed.

Errors cannot be acknowledged: they say what cannot be.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ketameta.normalize.checks.findings import Finding
from ketameta.normalize.results import AnyResult
from ketameta.normalize.rows import Rows
from ketameta.tables.collection import Tables
from ketameta.tables.effects import EffectRow
from ketameta.tables.problems import WARNING, Problem
from ketameta.tables.raw import ArmRow, TrialRow
from ketameta.tables.upkeep import AcknowledgedRow
from ketameta.vocabulary import hint

NOTHING = "acknowledges-nothing"
# code of warnings about the form of a cell or table, which ingest gives
ENTRY = "entry"
# checks that need effects, and so are not made by `ketameta check`
OF_EFFECTS = ("effect-apart", "g-above-2")
# a claim that names an analysis which is none: the configuration tells
NO_ANALYSIS = "claim-of-no-analysis"


@dataclass(frozen=True)
class Warned:
    """What an acknowledgement is held against: a warning without its lines and words.

    ``at`` are arm, outcome and hour of each row that it is about.
    """

    code: str
    table: str
    trial_id: str
    column: str
    value: str
    at: frozenset[tuple[str, str, str]]

    def named_by(self, given: AcknowledgedRow) -> bool:
        """Say whether an acknowledgement is of this warning."""
        if given.code != self.code or (given.trial_id or "") != self.trial_id:
            return False
        places = (given.table, self.table), (given.column, self.column)
        if any(want and want != have for want, have in places):
            return False
        if given.value and not _same(given.value, self.value):
            return False
        wanted = (given.arm_id, given.outcome, _hour(given.timepoint_h))
        return any(
            all(not want or want == have for want, have in zip(wanted, where, strict=True))
            for where in self.at
        )


def _same(one: str, other: str) -> bool:
    """Say whether two cells say the same: as text, or as numbers (24 and 24.0)."""
    try:
        return one == other or float(one) == float(other)
    except ValueError:
        return False


def _hour(hour: float | None) -> str:
    return "" if hour is None else f"{hour:g}"


class Subject:
    """What a warning is about besides its trial and arm: rows of the raw tables by place."""

    def __init__(self, rows: Iterable[AnyResult] = ()) -> None:
        self._rows = {(_name(row.file), row.line): row for row in rows}

    def warned(self, told: Finding | Problem) -> Warned:
        """Return what a finding, or a warning of ingest, is about."""
        file = _name(told.file)
        lines: tuple[int, ...] = (told.line,)
        code, table = ENTRY, file.partition(".")[0]
        if isinstance(told, Finding):
            code, lines = told.check, (told.line, *told.also)
        elif told.table:
            table = told.table
        rows = [self._rows[file, line] for line in lines if (file, line) in self._rows]
        at = frozenset((r.arms[0] or "", r.outcome or "", _hour(r.timepoint_h)) for r in rows)
        return Warned(
            code, table, told.trial_id, told.column, told.value,
            at or frozenset({(told.arm_id, "", "")}),
        )  # fmt: skip


def _name(file: str) -> str:
    """Return the name of a file without its folder, or the table in a workbook's brackets."""
    name = file.rpartition("/")[2]
    return f"{name.partition('[')[2].rstrip(']')}.xlsx" if "[" in name else name


def reasons_to_stand(
    warned: Sequence[Warned | None], given: Sequence[AcknowledgedRow], *, effects: bool
) -> tuple[list[str], list[Finding]]:
    """Return for each warning the reason for which it stands, and a finding for idle reasons.

    Warnings that cannot be acknowledged are None; reasons are empty where there is none. Without
    ``effects``, acknowledgements of the checks that need them are left alone.
    """
    reasons = [""] * len(warned)
    by_code: dict[str, list[int]] = {}
    for place, about in enumerate(warned):
        if about is not None:
            by_code.setdefault(about.code, []).append(place)
    idle = []
    for row in given:
        known = by_code.get(row.code, [])
        fitting = [i for i in known if warned[i].named_by(row)]  # type: ignore[union-attr]
        for i in fitting:
            reasons[i] = reasons[i] or row.reason
        unmade = () if effects else OF_EFFECTS
        if not fitting and row.code not in (*unmade, NO_ANALYSIS):
            idle.append(_idle(row, [about for about in warned if about is not None]))
    return reasons, idle


def with_reasons(
    tables: Tables,
    rows: Rows,
    problems: Sequence[Problem],
    effects: Sequence[EffectRow] = (),
    more: Sequence[Finding] = (),
) -> tuple[list[Finding], list[Problem]]:
    """Return what the number checks find, and the problems of ingest, with the reasons given.

    ``tables`` are those of ingest; without ``effects`` the checks that need them are left out.
    ``more`` are findings of others.
    """
    from ketameta.normalize.checks.run import find

    findings = [*more, *find(rows, tables[TrialRow], tables[ArmRow], effects)]
    about = Subject(rows)
    warned = [about.warned(p) if p.severity == WARNING else None for p in problems]
    warned += [about.warned(f) if f.severity == WARNING else None for f in findings]
    reasons, idle = reasons_to_stand(warned, tables.get(AcknowledgedRow), effects=bool(effects))
    first = len(problems)
    of_cells = zip(problems, reasons[:first], strict=True)
    of_numbers = zip(findings, reasons[first:], strict=True)
    return (
        [*(replace(finding, acknowledged=why) for finding, why in of_numbers), *idle],
        [replace(problem, acknowledged=why) for problem, why in of_cells],
    )


def _idle(row: AcknowledgedRow, warned: Sequence[Warned]) -> Finding:
    """Say that an acknowledgement fits no warning, and what comes near."""
    from ketameta.normalize.checks.run import CHECKS

    known = [*CHECKS, ENTRY, NO_ANALYSIS]
    message = "fits no warning: it is settled, and the row may go"
    near = [w for w in warned if (w.code, w.trial_id) == (row.code, row.trial_id or "")]
    if row.code not in known:
        message = f"no check has this name{hint(row.code, known, 1)}"
    elif near:
        what = ", ".join(filter(None, (*min(near[0].at), near[0].column, near[0].value)))
        message = f"fits no warning any more; that of this trial is about {what}: look again"
    return Finding(
        NOTHING,
        WARNING,
        row.file,
        row.line,
        "code",
        row.trial_id or "",
        row.arm_id or "",
        row.code,
        message,
    )
