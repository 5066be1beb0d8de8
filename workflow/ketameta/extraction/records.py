"""What the comparison of two extractions hands on: sides, matches, disagreements and their impact.

A row is one of the raw tables; a cell with a fault is None in it, whatever its column asks for.
Extraction A is the one that is kept where nothing else is said; B is held against it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from ketameta.evidence.changes import ClaimMove, Move
from ketameta.evidence.edits import Edit
from ketameta.stats.sensitivity.agreement import Agreement, Icc, Limits
from ketameta.tables.collection import Tables
from ketameta.tables.parts import Placed
from ketameta.tables.problems import Problem
from ketameta.tables.raw import ROB2_ANSWERS

# why most rows are taken for the same
SAME_KEY = "the same key"
# an id of letters alone: a spreadsheet makes a number of 12345e6789
_LETTERS = str.maketrans("0123456789", "ghijklmnop")


def id_of(*said: str) -> str:
    """Return ten letters made of a table, a row, a column, and what A and B say."""
    return hashlib.sha256("\x1f".join(said).encode()).hexdigest()[:10].translate(_LETTERS)


@dataclass(frozen=True, slots=True)
class Side:
    """One extraction: its tables, what is wrong with them, and the tables that it has no rows of.

    ``name`` is what people call it: a folder, a workbook, or a rater. Rows with a fault stand in
    ``tables`` too, their faulty cells None; ``entered`` has them as they are. ``missing`` are the
    columns, as (table, column), that a table lacks; ``shared`` the places, as (file, line), of rows
    that are those of both raters. Neither is compared.
    """

    name: str
    tables: Tables
    problems: tuple[Problem, ...] = ()
    absent: tuple[str, ...] = ()
    missing: frozenset[tuple[str, str]] = frozenset()
    shared: frozenset[tuple[str, int]] = frozenset()


@dataclass(frozen=True, slots=True)
class Match:
    """Two rows taken for the same, and why: ``the same key``, such as ``the same registration``.

    ``b`` bears the trial and arm of A, so that both are named alike; its place stays its own.
    ``renamed`` holds the identifying cells that B has otherwise, as B has them.
    """

    table: str
    a: Placed
    b: Placed
    reason: str
    renamed: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Matching:
    """All matches, and the rows that one side alone has (those of B by the names of A)."""

    matches: tuple[Match, ...]
    only_a: tuple[tuple[str, Placed], ...]
    only_b: tuple[tuple[str, Placed], ...]


@dataclass(frozen=True, slots=True)
class NumberPair:
    """Two numbers for one thing, A's and B's, and the name of the row for people."""

    a: float
    b: float
    row: str


@dataclass(frozen=True, slots=True)
class FieldAgreement:
    """How well two extractions agree on a column of the matched rows; on a table without `column`.

    Of `rows` matched, both filled ``cells.n`` cells, A alone `only_a`, B alone `only_b`; ``cells``
    has the share that is equal and, for a column of words, kappa; ``filled`` the kappa of filled or
    empty. Rows are matched by the column where `identifies`: that its cells agree is no finding,
    and the line of the table leaves it out. Of numbers: ``icc`` and ``limits``, on logarithms where
    all are above 0 and the largest is ten times the smallest or more; ``apart``, the median of
    ``2 |a - b| / (|a| + |b|)`` of those that differ; ``pairs``, all that both filled.
    """

    table: str
    column: str
    kind: str
    identifies: bool
    rows: int
    only_a: int
    only_b: int
    cells: Agreement
    filled: Agreement
    icc: Icc | None = None
    limits: Limits | None = None
    apart: float | None = None
    pairs: tuple[NumberPair, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """All that the comparison of two extractions found.

    ``impacts`` has a line a disagreement, the gravest first; where none was `tried` their order
    says nothing.
    """

    a: Side
    b: Side
    matching: Matching
    agreement: tuple[FieldAgreement, ...]
    impacts: tuple[Impact, ...]
    tried: bool = True


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One cell of matched rows, or a row, arm or trial with its rows that one side alone has.

    ``column`` is empty for rows; ``a`` and ``b`` are cells as entered (`ROW` or empty for rows).
    ``row`` is `tables.identity.row_of` of the row by the names of A, ``former`` what earlier
    versions called it, if otherwise; ``apart`` tells it from other rows of that name, and is empty
    where there are none. ``edit`` makes A say what B says; ``matched`` is the reason of the match,
    ``likely`` a guess at what happened.
    """

    table: str
    trial_id: str
    row: str
    column: str
    a: str
    b: str
    place_a: str
    place_b: str
    matched: str
    likely: str
    edit: Edit
    former: str = ""
    apart: str = ""

    @property
    def id(self) -> str:
        """Return a name made of what it is about: the same each time, whatever the lines."""
        return self.ids[0]

    @property
    def ids(self) -> tuple[str, ...]:
        """Return its name, and those under which it may have been decided before."""
        cells = self.column, self.a, self.b
        own = (self.row, *cells, self.apart) if self.apart else (self.row, *cells)
        then = (self.former, *cells) if self.former else own
        return tuple(dict.fromkeys(id_of(self.table, *s) for s in (own, (self.row, *cells), then)))

    @property
    def named(self) -> str:
        """Return the row for people, with what tells it from others of its name."""
        return f"{self.row} [{self.apart}]" if self.apart else self.row


@dataclass(frozen=True, slots=True)
class Impact:
    """What a disagreement does: analyses that it moves, the largest move, what turns.

    ``shift`` is in standard errors of A's estimate, 0 or more (None where there is none to measure
    by, as where an analysis gains its first estimate); ``flips`` are analyses whose verdict or
    certainty turns. ``problem`` says why it could not be tried. ``moves`` are the analyses with A's
    cell (``old``) and with B's (``new``), in the order of ``analyses``: those that turn first, then
    by how far they move. ``claims`` are the claims of the table on which the trials then say
    another word. ``row`` names the edit of all cells that it was tried with where alone it does
    not stand, or does less (`trying`); empty where it was tried alone. ``slip`` counts the rows
    that differ in the same way (`slips`), all of that edit; 0 where it is no such. ``asked`` says
    whether any analysis asks for the outcome of its rows.
    """

    disagreement: Disagreement
    analyses: tuple[str, ...]
    shift: float | None
    flips: tuple[str, ...]
    problem: str = ""
    moves: tuple[Move, ...] = ()
    claims: tuple[ClaimMove, ...] = ()
    row: str = ""
    slip: int = 0
    asked: bool = True


def tried_with(impact: Impact) -> str:
    """Say with what a cell was tried; empty where it was tried alone."""
    if impact.slip:
        return f"in all {impact.slip} rows" if impact.slip > 2 else "in both rows"
    if not impact.row:
        return ""
    answers = impact.disagreement.table == ROB2_ANSWERS.name
    return "with the answers of its domain" if answers else "with its row"
