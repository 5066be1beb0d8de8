"""A row of one extraction as it is held against rows of the other, and how alike two are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from ketameta.extraction.cells import (
    FREE,
    canonical_cell,
    column_of,
    compared,
    decimals,
    number_of,
    rounded,
    short,
    significant_digits,
    spelled_otherwise,
)
from ketameta.tables.parts import Placed
from ketameta.tables.raw import RESULT_TABLES

ARMS = "arms"
# agreement in these is of the arm or the method, not of the row
_COMMON = ("n", "n_t", "n_c", "n_total", "ci_level", "year")
# hours of a day and of a week, and a minute in hours
UNITS = {"days": 24.0, "weeks": 168.0, "minutes": 1 / 60}
SAME, NEAR, OTHER = "same", "near", "other"


@dataclass(frozen=True)
class Shape:
    """How the rows of a table are told apart.

    ``owner`` is the column of what they belong to; in a match one of ``names`` may be another
    where the numbers agree, those of ``extras`` any; ``sure`` says that the same key is enough.
    ``marks`` are columns of which two rows share at least one set.
    """

    owner: str
    names: tuple[str, ...]
    marks: tuple[tuple[str, ...], ...]
    extras: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()
    sure: bool = True


SHAPES = {
    "trials": Shape("trial_id", (), (("trial_id",),), fixed=("trial_id",)),
    "arms": Shape("trial_id", (), (("arm_id",),), fixed=("arm_id",)),
    "outcomes": Shape(
        "trial_id",
        ("arm_id", "outcome", "scale", "timepoint_h"),
        (("arm_id", "outcome"), ("arm_id", "timepoint_h"), ("outcome", "timepoint_h")),
        ("definition", "analysis_set", "flag"),
        sure=False,
    ),
    "contrasts": Shape(
        "trial_id",
        (ARMS, "outcome", "scale", "timepoint_h", "measure"),
        ((ARMS, "outcome"), (ARMS, "timepoint_h"), ("outcome", "timepoint_h")),
        sure=False,
    ),
    "published": Shape(
        "review_id",
        ("outcome", "scale", "timepoint", "measure"),
        (("outcome",), ("timepoint", "measure")),
        ("comparison",),
        sure=False,
    ),
    "claims": Shape("", ("claim_id", "part"), (("claim",), ("claim_id",))),
    "risk_of_bias": Shape(
        "trial_id", ("tool", "outcome", "source"), (("domain",),), fixed=("domain",)
    ),
    "rob2_answers": Shape(
        "trial_id", (), (("question",),), ("outcome", "rater"), fixed=("question",)
    ),
    "trustworthiness": Shape("trial_id", (), (("item", "assessor"),), fixed=("item", "assessor")),
}


@dataclass(frozen=True, slots=True, eq=False)
class ComparedRow:
    """A row by the names of A: what identifies it and what it holds, each cell in its one form."""

    record: Placed
    entered: Mapping[str, str]
    key: Mapping[str, str]
    content: Mapping[str, str]
    renamed: Mapping[str, str]

    @property
    def identity(self) -> tuple[str, ...]:
        """What tells the row apart from those of the same owner."""
        return tuple(self.key.values())

    def mark(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return some identifying cells; two arms in any order."""
        return tuple(
            "\x1f".join(sorted(self.key[n].split("\x1f"))) if n == ARMS else self._cell(n)
            for n in names
        )

    def _cell(self, name: str) -> str:
        return self.key.get(name) or self.content.get(name, "")


def comparable_line(
    table: str, record: Placed, renamed: Mapping[str, str], without: frozenset[str]
) -> ComparedRow:
    """Return a row to be held against others; columns of ``without`` are not looked at."""
    entered, shape = record.entered, SHAPES[table]

    def said(name: str) -> str:
        text = "" if name in without else entered.get(name, "")
        return canonical_cell(column_of(table, name), text) if text else ""

    key = {
        name: f"{said('arm_t')}\x1f{said('arm_c')}" if name == ARMS else said(name)
        for name in (*shape.fixed, *shape.names, *shape.extras)
    }
    content = {name: text for name in _content(table) if (text := said(name))}
    return ComparedRow(record, entered, key, content, renamed)


@cache
def _content(table: str) -> tuple[str, ...]:
    """Return the columns by which a row is known again: numbers, or words where it has none."""
    shape, columns = SHAPES[table], compared(RESULT_TABLES[table])
    known = {*shape.fixed, *shape.names, *shape.extras, shape.owner, "arm_t", "arm_c", *FREE}
    rest = [column for column in columns if column.name not in known]
    if not shape.sure:
        rest = [c for c in rest if c.kind in ("number", "integer") or c.name == "p_value"]
    return tuple(column.name for column in rest)


@dataclass(frozen=True, slots=True)
class CellAgreement:
    """How many cells of two rows agree, of those that either fills.

    ``telling`` and ``of`` leave out those that agree in many rows; ``figures`` are the significant
    digits in which those agree.
    """

    equal: int
    filled: int
    telling: int
    of: int
    figures: int

    @property
    def all(self) -> bool:
        """Whether every telling cell agrees, and there are some."""
        return 0 < self.of == self.telling

    @property
    def most(self) -> bool:
        """Whether half of the telling cells or more agree, and there are some."""
        return self.of > 0 and 2 * self.telling >= self.of

    @property
    def share(self) -> float:
        """Return the share that agrees; 0 where nothing is filled."""
        return self.equal / self.filled if self.filled else 0.0


def cell_agreement(a: Mapping[str, str], b: Mapping[str, str]) -> CellAgreement:
    """Compare the content of two rows; a number and the same one rounded agree."""
    equal = telling = of = sure = 0
    filled = a.keys() | b.keys()
    for name in filled:
        x, y = a.get(name, ""), b.get(name, "")
        same = x == y or bool(x and y and rounded(short(x), short(y)))
        equal += same
        if name not in _COMMON:
            of += 1
            telling += same
            sure += significant_digits(x) if same else 0
    return CellAgreement(equal, len(filled), telling, of, sure)


def unit_between(hour: str, other: str) -> str:
    """Return the unit in which a number is an hour, to the decimals of both; empty for none."""
    x, y = number_of(hour), number_of(other)
    if not x or not y:
        return ""
    places = (decimals(hour), decimals(other))
    error_x, error_y = (0.5 * 10.0**-n if n > 0 else 0.0 for n in places)
    for unit, size in UNITS.items():
        if abs(x - y * size) <= (error_x + error_y * size) * (1 + 1e-9) + 1e-9:
            return unit
    return ""


def hours(a: str, b: str, tolerance: float) -> str:
    """Say what relates two hours that are not the same: within tolerance, or another unit."""
    x, y = number_of(a), number_of(b)
    if x is None or y is None:
        return ""
    one, other = short(a), short(b)
    if abs(x - y) <= tolerance * (1 + 1e-9):
        return f"hours {one} and {other} are within {tolerance:g} h"
    if unit := unit_between(one, other):
        return f"hour {one} is {other} in {unit}"
    unit = unit_between(other, one)
    return f"hour {other} is {one} in {unit}" if unit else ""


def compare_names(column: str, a: str, b: str, tolerance: float) -> tuple[str, str]:
    """Say how alike two identifying cells are, in their one form, and why, in words."""
    if a == b:
        return SAME, ""
    what = column.removesuffix("_h").removesuffix("_id").replace("_", " ")
    if column == "timepoint_h" and (why := hours(a, b, tolerance)):
        return NEAR, why
    if column in (ARMS, "arm_id"):
        return OTHER, f"another {what}"
    if not a or not b:
        return NEAR, f"{what} empty on one side"
    if number_of(a) is None and spelled_otherwise(a, b):
        return NEAR, f"{what} written otherwise"
    return OTHER, f"another {what}"


def sharing_marks(
    a: list[ComparedRow], b: list[ComparedRow], sets: Iterable[tuple[str, ...]]
) -> Iterator[tuple[int, int]]:
    """Yield once each pair of places of lines that share a set of marks."""
    seen: set[tuple[int, int]] = set()
    for names in sets:
        known: dict[tuple[str, ...], list[int]] = {}
        for j, line in enumerate(b):
            known.setdefault(line.mark(names), []).append(j)
        for i, line in enumerate(a):
            for j in known.get(line.mark(names), ()):
                if (i, j) not in seen:
                    seen.add((i, j))
                    yield i, j
