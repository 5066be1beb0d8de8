"""Several tables as rows, found by their kind: `tables[EffectRow]` are the effects."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar, cast

from ketameta.tables.table import R, Row, rows_of, rows_with, schema_of, to_arrow

if TYPE_CHECKING:
    import pyarrow as pa

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)


class Tables:
    """Rows of tables by their kind; a table is there even where it has no rows."""

    def __init__(self, rows: Mapping[type[Row], Sequence[Row]] | None = None) -> None:
        self._rows: dict[type[Row], list[Row]] = {k: list(r) for k, r in (rows or {}).items()}

    def __reduce__(self) -> tuple[Callable[..., Tables], tuple[object]]:
        """Return what pickle keeps: columns, in a fraction of the time that rows take."""
        told = {
            kind: (len(rows), {name: _cells(rows, name) for name in schema_of(kind).names})
            for kind, rows in self._rows.items()
        }
        return _of_columns, (told,)

    @classmethod
    def of_arrow(cls, kinds: Mapping[str, type[Row]], found: Mapping[str, pa.Table]) -> Tables:
        """Return the rows of Arrow tables, of which `kinds` says by their name what they hold."""
        return cls({kinds[name]: rows_of(kinds[name], table) for name, table in found.items()})

    def __getitem__(self, kind: type[R]) -> list[R]:
        """Return the rows of a table; KeyError where it is not among these."""
        return cast("list[R]", self._read(kind))

    def _read(self, kind: type[Row]) -> list[Row]:
        return self._rows[kind]

    def get(self, kind: type[R]) -> list[R]:
        """Return the rows of a table, none where it is not among these."""
        return self[kind] if kind in self.kinds() else []

    def arrow(self, kind: type[Row]) -> pa.Table:
        """Return a table as Arrow."""
        return to_arrow(kind, self[kind])

    def columns(self, kind: type[Row], names: Sequence[str]) -> list[list[Any]]:
        """Return the cells of some columns of a table, which is all that is asked of its rows."""
        return [_cells(self[kind], name) for name in names]

    def once(self, kind: type[R]) -> list[R]:
        """Return the rows of a table that need not be kept, as nobody asks for them again."""
        return self[kind]

    def forget(self, *kinds: type[Row]) -> None:
        """Keep the rows of tables no longer, where they can be read again."""

    def kinds(self) -> Collection[type[Row]]:
        """Return the kinds of the tables."""
        return self._rows.keys()

    def __or__(self, other: Tables) -> Tables:
        """Return these and others, of the same kind the others."""
        return Tables({kind: tables[kind] for tables in (self, other) for kind in tables.kinds()})

    def replaced(self, kind: type[R], rows: Sequence[R]) -> Tables:
        """Return the same tables, one of them with other rows."""
        return self | Tables({kind: rows})


def _cells(rows: Iterable[Row], name: str) -> list[Any]:
    return list(map(attrgetter(name), rows))


def _of_columns(told: Mapping[type[Row], tuple[int, Mapping[str, list[Any]]]]) -> Tables:
    return Tables({kind: rows_with(kind, *columns) for kind, columns in told.items()})


def by(rows: Iterable[T], key: Callable[[T], K]) -> Mapping[K, list[T]]:
    """Return rows by what they have in common, in their order; what none has gives no row."""
    found: dict[K, list[T]] = defaultdict(list)
    for row in rows:
        found[key(row)].append(row)
    return found


def of_analyses(
    tables: Tables, kinds: Iterable[type[Row]], column: str = "analysis"
) -> Callable[[str], Tables]:
    """Return a function that gives the rows of some tables that are of an analysis, by its name.

    `column` has the name: another one where the rows are of something else.
    """
    groups = {kind: by(tables[kind], attrgetter(column)) for kind in kinds}
    return lambda name: Tables({kind: rows.get(name, []) for kind, rows in groups.items()})
