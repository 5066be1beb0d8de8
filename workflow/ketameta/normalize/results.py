"""The raw rows that may give effects: results of arms and contrasts, typed by their tables.

A row here has the cells of its table and what normalisation asks of it besides; the checks of the
numbers read the same rows.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import replace
from operator import attrgetter
from typing import Any, ClassVar, TypeAlias, TypeVar

from ketameta.normalize.words import DERIVED, NOT_STATED, listed
from ketameta.tables.parts import Placed, Provenance
from ketameta.tables.raw import ContrastRow, OutcomeRow
from ketameta.tables.table import as_dict, bare, schema_of
from ketameta.vocabulary import SECONDARY, vocabulary

SEEN = ("direct", DERIVED, SECONDARY)


class ReportedResult(Provenance, Placed):
    """What results of arms and contrasts share.

    `key` names the row in ledger and derivations: file and line. `standing` is `seen`, but what is
    computed from numbers of a source that other rows call secondary is secondary too: it is no
    nearer to the trial than they are. `ordered` is `order` once it was asked for.
    """

    __slots__ = ()
    table: ClassVar[str]
    trial_id: str
    outcome: str
    scale: str | None
    timepoint_h: float | None
    key: str
    standing: str
    ordered: tuple[Any, ...] | None

    @property
    def order(self) -> tuple[Any, ...]:
        """What decides between rows that nothing else tells apart: their cells, never their line.

        The better standing comes first, then rows without a flag, without values carried forward
        (Cochrane Handbook 10.12.2), with more numbers, and last the order of their texts.
        """
        if self.ordered is None:
            cells = as_dict(self) | {"seen": self.standing}
            del cells["file"], cells["line"]
            numbers = sum(isinstance(value, int | float) for value in cells.values())
            carried = "LOCF" in (cells.get("model") or "")
            first = SEEN.index(self.standing), bool(self.flag), carried, -numbers
            object.__setattr__(self, "ordered", (*first, tuple(map(str, cells.values()))))
        return self.ordered or ()

    @property
    def use(self) -> str:
        """What the vocabulary says of the flag: never, untimed or marked; empty without one."""
        rule = vocabulary().flag_rule(self.flag) if self.flag else None
        return rule["use"] if rule else ""

    def decimals(self, column: str) -> int:
        """Return the decimals of a number as it was typed (a lost trailing zero is not known)."""
        text = self.entered.get(column) or str(getattr(self, column)).removesuffix(".0")
        return len(text.partition(".")[2])

    def value(self, column: str) -> float | None:
        """Return the number in a column that is asked for by its name."""
        found: float | None = getattr(self, column)
        return found

    def number(self, column: str) -> float:
        """Return the number in a column of which it is known that it holds one."""
        return filled(self.value(column))

    def half(self, column: str) -> float:
        """Return half a unit of the last digit typed: how far rounding can have moved it."""
        return 0.5 * 10.0 ** -self.decimals(column)

    def empty(self, *columns: str) -> str:
        """Say which of some cells are empty, joined by "and"; an empty text for none."""
        missing = [column for column in columns if getattr(self, column) is None]
        verb = "is" if len(missing) == 1 else "are"
        return f"{listed(missing)} {verb} empty" if missing else ""


class ArmResult(OutcomeRow, ReportedResult):
    """A row of outcomes: what one arm shows at one hour."""

    __slots__ = ("key", "ordered", "standing")
    table = "outcomes"

    @property
    def analysed(self) -> str:
        """The analysis set, or `not stated`."""
        return self.analysis_set or NOT_STATED

    @property
    def arms(self) -> tuple[str, ...]:
        """The arms that the row is of."""
        return (self.arm_id,)


class Contrast(ContrastRow, ReportedResult):
    """A row of contrasts: a difference between two arms as reported."""

    __slots__ = ("key", "ordered", "standing")
    table = "contrasts"

    @property
    def arms(self) -> tuple[str, ...]:
        """The arms that the row is of."""
        return self.arm_t, self.arm_c


AnyResult: TypeAlias = ArmResult | Contrast
T = TypeVar("T")
R = TypeVar("R", bound=ArmResult | Contrast)


def preferred_first(rows: Sequence[R]) -> Sequence[R]:
    """Return rows as `Result.order` puts them, which is asked only where there are several."""
    return sorted(rows, key=lambda row: row.order) if len(rows) > 1 else rows


def filled(cell: T | None) -> T:
    """Return a cell of which it is known that it holds something."""
    assert cell is not None
    return cell


def results_of(
    kind: type[R],
    rows: Sequence[OutcomeRow] | Sequence[ContrastRow],
    secondary: Container[str | None],
) -> list[R]:
    """Return the rows of a table as results; `secondary` are sources that any row calls so."""
    names = schema_of(kind).names
    cells = attrgetter(*names)
    enter: list[Callable[[R, Any], None]] = [getattr(kind, name).__set__ for name in names]
    found = []
    for row in rows:
        result = object.__new__(kind)
        for set_cell, cell in zip(enter, cells(row), strict=True):
            set_cell(result, cell)
        rests = row.seen == DERIVED and row.source in secondary
        object.__setattr__(result, "ordered", None)
        object.__setattr__(result, "key", f"{row.file}:{row.line}")
        object.__setattr__(result, "standing", SECONDARY if rests else row.seen)
        found.append(result)
    return found


def at_hour(row: AnyResult, hour: float) -> AnyResult:
    """Return a row as it would be at another hour."""
    secondary = {row.source} if row.standing == SECONDARY else set()
    if isinstance(row, Contrast):
        return results_of(Contrast, [replace(row, timepoint_h=hour)], secondary)[0]
    return results_of(ArmResult, [replace(row, timepoint_h=hour)], secondary)[0]


def supposed(**cells: Any) -> ArmResult:
    """Return a row of outcomes that nobody entered, with the cells that are told."""
    told = {"file": "", "line": 0, "entered": {}, "seen": "direct", **cells}
    return results_of(ArmResult, [bare(OutcomeRow, told)], ())[0]
