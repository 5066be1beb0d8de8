"""The raw tables of the last run, and how they stand now: what an answer from that run is worth."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from ketameta.commands.versions import PROCESSED, RAW
from ketameta.evidence.rows import ADDED, EDITED, REMOVED, RowChange, changed_rows
from ketameta.tables import RESULT_TABLES
from ketameta.tables.collection import Tables
from ketameta.tables.decisions import Decided, decisions
from ketameta.tables.effects import ResultRow
from ketameta.tables.entered import cells_key
from ketameta.tables.parts import Placed
from ketameta.tables.raw import RAW_KINDS
from ketameta.tables.table import Row
from ketameta.tables.upkeep import AdjudicationRow

R = TypeVar("R", bound=Row)


class NoRunError(ValueError):
    """There is no run to answer from; the message says what to do."""


class UnknownWordError(ValueError):
    """A word that names nothing that can be explained; the message names what can."""


@dataclass(frozen=True)
class Standing:
    """How a raw row of the last run stands now: its place, its cells, what they were.

    `cells` is None where the row is gone; `were` holds the cells that were others, `decided` what
    was decided of those that stand.
    """

    place: str
    cells: Mapping[str, str] | None
    were: dict[str, str]
    decided: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Since:
    """The raw tables of the last run and as they stand now; `faults` counts what is wrong now.

    `more` holds the tables of an analysis that the run did not make.
    """

    then: Tables
    now: Tables
    faults: int
    more: Tables = field(default_factory=Tables)

    def rows(self, kind: type[R], **where: str) -> list[R]:
        """Return rows of a table of the run, or of the analysis made beside it."""
        if kind not in self.more.kinds():
            return made_rows(kind, **where)
        return _those(self.more[kind], where)

    @cached_property
    def changes(self) -> list[RowChange]:
        """Every row that changed since the run."""
        return changed_rows(self.then, self.now)

    @cached_property
    def _by_place(self) -> dict[tuple[str, int], RowChange]:
        old = [(change, change.old) for change in self.changes if change.old is not None]
        return {(row.file, row.line): change for change, row in old}

    @cached_property
    def _places(self) -> dict[object, list[tuple[int, str]]]:
        """Line and file of each row now, by its cells: a table may be sorted, or in a workbook."""
        found: dict[object, list[tuple[int, str]]] = defaultdict(list)
        for kind in RAW_KINDS.values():
            for row in self.now.get(kind):
                found[cells_key(row.entered)].append((row.line, row.file))
        return found

    def of_trial(self, trial: str) -> list[RowChange]:
        """Return the rows of a trial that changed."""
        return [change for change in self.changes if change.trial == trial]

    def standing(self, row: Placed | ResultRow) -> Standing:
        """Say how a raw row of the run (with ``file``, ``line``, ``entered``) stands now."""
        change = self._by_place.get((row.file, row.line))
        if change is None:
            places = self._places[cells_key(row.entered)] or [(row.line, row.file)]
            line, file = min(places, key=lambda place: abs(place[0] - row.line))
            return Standing(f"{RAW}/{file}:{line}", row.entered, {}, self._decided(row.entered))
        if change.new is None:
            return Standing(f"{RAW}/{change.place}", None, {})
        were = {cell.column: cell.old for cell in change.cells}
        # a cell that was emptied is shown as well
        cells = dict.fromkeys(were, "") | dict(change.new.entered)
        order = [name for name in RESULT_TABLES[change.table].names if name in cells]
        cells = {name: cells[name] for name in order}
        return Standing(f"{RAW}/{change.place}", cells, were, self._decided(cells))

    def _decided(self, cells: Mapping[str, str]) -> list[str]:
        from ketameta.report.decided import table_of
        from ketameta.report.wording_decisions import decision_sentences

        return [decision_sentences(one) for one in self._decisions.about(table_of(cells), cells)]

    @cached_property
    def _decisions(self) -> Decided:
        return Decided(decisions(self.now.get(AdjudicationRow)))

    def sentence(self) -> str:
        """Say that the tables changed since the run, and how; empty where they did not."""
        if not self.changes and not self.faults:
            return ""
        kinds = Counter(change.kind for change in self.changes)
        said = [f"{kinds[kind]} {kind}" for kind in (ADDED, REMOVED, EDITED) if kinds[kind]]
        rows = f" (rows: {', '.join(said)})" if said else ""
        what = f"{self.faults} fault" + "s" * (self.faults > 1)
        faults = f" and has {what} that `ketameta check` names" if self.faults else ""
        return (
            f"{RAW} changed since the last run{rows}{faults}: what follows is of that run; "
            "`ketameta run` brings it up to date"
        )


def since_the_run() -> Since:
    """Read the raw tables of the last run in a project, and as they stand.

    Raises `NoRunError` where there is no run, or its tables cannot be read.
    """
    from ketameta.commands.results import without_folder
    from ketameta.ingest.stage import check_folder
    from ketameta.tables.problems import errors

    kinds = [RAW_KINDS[name] for name in RESULT_TABLES]
    then = Tables({kind: made_rows(kind) for kind in kinds})
    tables, problems = check_folder(Path(RAW))
    return Since(then, without_folder(tables), len(errors(problems)))


def made_rows(kind: type[R], **where: str) -> list[R]:
    """Return a table of the last run as rows, those alone that have the values of `where`.

    Raises `NoRunError` where it is not there, not whole, or of another version.
    """
    from ketameta.storage import read_table
    from ketameta.tables.table import rows_of, schema_of, unlike

    path = Path(PROCESSED) / f"{schema_of(kind).name}.parquet"
    if not path.is_file():
        raise NoRunError("nothing is made yet: run `ketameta run` first")
    try:
        table = read_table(path)
    except (OSError, ValueError) as error:
        why = str(error).partition("\n")[0]
        raise NoRunError(f"{path.as_posix()}: cannot be read ({why}): run `ketameta run`") from None
    if others := unlike(kind, table):
        other = "it was made by another version: run `ketameta run`"
        raise NoRunError(f"{path.as_posix()}: has no {', '.join(others)} as read here; {other}")
    return _those(rows_of(kind, table), where)


def _those(rows: list[R], where: Mapping[str, str]) -> list[R]:
    return [row for row in rows if all(getattr(row, name) == where[name] for name in where)]
