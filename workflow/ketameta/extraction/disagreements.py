"""What two extractions say differently: cells of matched rows, and what one side alone has.

Numbers are compared by value and words without regard to case and white space (`cells`). A number
that is the other with fewer digits is told as well, since somebody must decide which of the two
stands, but with that as its explanation. Another name of a trial, an arm or a review is no
disagreement: `Match.renamed` tells it. Columns that a side lacks are not compared, and neither is
who answered (`rater`). Text that tells where a number stands comes last, where it is asked for.

Numbers of two rows that are exchanged make sense together alone: each of their cells bears the edit
of all of them, and so do the two arms of a contrast that is told the other way round.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from ketameta.evidence.edits import Edit, edits
from ketameta.evidence.rows import (
    ADDED,
    EDITED,
    REMOVED,
    CellChange,
    RowChange,
    place_of,
    trial_of,
    with_cells,
)
from ketameta.extraction.apart import told_apart
from ketameta.extraction.cells import FREE, column_of, same_cell
from ketameta.extraction.exchanges import Exchange, exchanges
from ketameta.extraction.patterns import Slip, guess
from ketameta.extraction.records import Disagreement, Match, Matching, Side
from ketameta.ingest.cells import CellError, parse_cell
from ketameta.tables.decisions import ROW
from ketameta.tables.identity import decision_names
from ketameta.tables.raw import RESULT_TABLES, ArmRow

_ARMS = ("arm_t", "arm_c")
_NOT_COMPARED = ("rater",)


def disagreements(
    a: Side, b: Side, matching: Matching, free_text: bool = True
) -> list[Disagreement]:
    """Return every disagreement: cells by table and line of A, rows of one side, free text.

    Without ``free_text`` the last are left out.
    """
    randomised = {
        (row.trial_id, row.arm_id): float(row.n_randomised)
        for row in a.tables.get(ArmRow)
        if row.n_randomised is not None
    }
    told = told_apart(matching)
    compared = _Compared(a.missing | b.missing, randomised, told, *exchanges(matching.matches))
    found = [one for match in matching.matches for one in compared.cells(match)]
    data = [one for one in found if one.column not in FREE]
    text = [one for one in found if one.column in FREE]
    return [*data, *_rows(matching, told), *(text if free_text else ())]


def _rows(matching: Matching, told: Mapping[int, str]) -> Iterator[Disagreement]:
    """Yield the rows that one side alone has, those of its trial or arm together."""
    changes = [RowChange(table, REMOVED, row, None) for table, row in matching.only_a]
    changes += [RowChange(table, ADDED, None, row) for table, row in matching.only_b]
    for edit in edits(changes, RESULT_TABLES):
        first = edit.changes[0]
        of_a = first.kind == REMOVED
        row, *former = decision_names(first.table, first.row.entered)
        yield Disagreement(
            table=first.table,
            trial_id=first.trial,
            row=row,
            column="",
            a=ROW if of_a else "",
            b="" if of_a else ROW,
            place_a=first.place if of_a else "",
            place_b="" if of_a else first.place,
            matched="",
            likely="",
            edit=edit,
            former="".join(former),
            apart=told.get(id(first.row), ""),
        )


@dataclass(frozen=True)
class _Compared:
    """What is known beside two rows: columns not compared, people of A's arms, exchanges.

    ``apart`` is what tells rows of one name apart.
    """

    missing: frozenset[tuple[str, str]]
    randomised: Mapping[tuple[str, str], float]
    apart: Mapping[int, str]
    exchanged: Mapping[int, Exchange]
    borrowed: Mapping[int, str]

    def cells(self, match: Match) -> Iterator[Disagreement]:
        """Yield the cells of a match that differ, in the order of the columns."""
        if match.a.entered == match.b.entered:
            return
        table, a, b = match.table, match.a.entered, match.b.entered
        row, *former = decision_names(table, a)
        differing = [n for n in RESULT_TABLES[table].names if self._differs(table, n, a, b)]
        for name in differing:
            likely, edit = self._explained(match, name, a, b, differing)
            yield Disagreement(
                table=table,
                trial_id=trial_of(match.a),
                row=row,
                column=name,
                a=a.get(name, ""),
                b=b.get(name, ""),
                place_a=place_of(match.a),
                place_b=place_of(match.b),
                matched=match.reason,
                likely=likely,
                edit=edit,
                former="".join(former),
                apart=self.apart.get(id(match.a), ""),
            )

    def _differs(self, table: str, name: str, a: Mapping[str, str], b: Mapping[str, str]) -> bool:
        if (table, name) in self.missing or name in _NOT_COMPARED:
            return False
        x, y = a.get(name, ""), b.get(name, "")
        return x != y and not same_cell(column_of(table, name), x, y)

    def _explained(
        self,
        match: Match,
        name: str,
        a: Mapping[str, str],
        b: Mapping[str, str],
        differing: Sequence[str],
    ) -> tuple[str, Edit]:
        exchange = self.exchanged.get(id(match))
        if exchange is not None and name in exchange.columns:
            return exchange.said, _edit_of(exchange, match)
        turned = [a.get(n) for n in _ARMS] == [b.get(n) for n in reversed(_ARMS)]
        if name in _ARMS and turned:
            return "the arms the other way round", _edit(_change(match, _ARMS))
        own = _edit(_change(match, (name,)))
        is_number = column_of(match.table, name).kind in ("integer", "number")
        if is_number and (said := self.borrowed.get(id(match), "")):
            return said, own
        slip = Slip(
            match.table, name, a.get(name, ""), b.get(name, ""), a, b, self._randomised(match)
        )
        return guess(slip), own

    def _randomised(self, match: Match) -> float | None:
        """Return the people randomised to the arm of a row of outcomes, by A."""
        return self.randomised.get((trial_of(match.a), getattr(match.a, "arm_id", None) or ""))


def _change(match: Match, names: Sequence[str]) -> RowChange:
    """Return the change that gives A's row the cells of B's."""
    table, before, after = match.table, match.a.entered, match.b.entered
    cells = {n: after.get(n, "") for n in names}
    values = {n: _value(match, n, text) for n, text in cells.items()}
    new = with_cells(table, match.a, cells, values)
    told = tuple(CellChange(n, before.get(n, ""), after.get(n, "")) for n in names)
    return RowChange(table, EDITED, match.a, new, told)


def _value(match: Match, name: str, text: str) -> object:
    """Return the value of a cell of B, that of one as well that is at fault beside its others."""
    known = getattr(match.b, name)
    if known is None and text:
        with suppress(CellError):
            return parse_cell(text, column_of(match.table, name))[0]
    return known


def _edit(change: RowChange) -> Edit:
    return edits([change], RESULT_TABLES)[0]


def _edit_of(exchange: Exchange, match: Match) -> Edit:
    """Return the edit of both rows, that of the row in question first; its name is one for both."""
    both = exchange.one, exchange.other
    changes = [_change(one, exchange.columns) for one in both]
    name = f"{changes[0].name}: {exchange.said}"
    return Edit(name, changes[0].trial, tuple(changes if match is both[0] else changes[::-1]))
