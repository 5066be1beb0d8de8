"""A table is a class: its fields are the columns, its objects the rows.

From the class follow the schema (`schema_of`), and with it the checks, the Parquet file, the page
of the dictionary and the template; `rows_of` and `to_arrow` turn Arrow tables into rows and back.

    @table("splits", "Splits", key=("analysis", "split"))
    class SplitRow(Row):
        '''One split of an analysis.'''

        analysis: Id = col("analysis of the configuration")
        q: float | None = col("Q between the groups")

The kind of a column is its type: `str` is a text, `Id` an identifier, `list[str]` several texts;
with `words` it is a word of that list of the vocabulary. A type without None is a column that must
be filled, save one that is `blank`: there an empty text, or no member, says as much as a value.
"""

from __future__ import annotations

import inspect
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields, replace
from functools import cache
from itertools import repeat
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, cast, dataclass_transform

from ketameta.tables.columns import ANY, Column, Range, TableSchema, TextForm
from ketameta.tables.entered import from_lists, from_maps, texts_once, to_maps

if TYPE_CHECKING:
    import pyarrow as pa

# texts of a form that the checks know, see `columns.KINDS`
Id: TypeAlias = str
Ids: TypeAlias = str
Words: TypeAlias = str

# what a column holds, by its type as it is written
_KINDS = {
    "str": "text",
    "Id": "id",
    "Ids": "ids",
    "Words": "words",
    "int": "integer",
    "float": "number",
    "bool": "flag",
    "list[str]": "list",
    "Entered": "entered",
}
_OR_NONE = " | None"
_SCHEMA = "__table_schema__"


class Row:
    """A row of a table: frozen, with one attribute a column; equal where all cells are."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        """Say whether the other is a row of the same table with the same cells."""
        return type(self) is type(other) and as_dict(self) == as_dict(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        """Return the class and the cells that hold something."""
        told = {name: cell for name, cell in as_dict(self).items() if cell not in (None, "", [])}
        return f"{type(self).__name__}({', '.join(f'{n}={c!r}' for n, c in told.items())})"


R = TypeVar("R", bound=Row)


def col(
    description: str,
    limits: Range = ANY,
    *,
    unit: str = "",
    words: str = "",
    words_also: tuple[str, ...] = (),
    form: TextForm | None = None,
    references: str = "",
    blank: bool = False,
    optional: bool = False,
    end: bool = False,
    default: Any = MISSING,
) -> Any:
    """Declare a column of a table; see `Column` for what the arguments are.

    `unit` says more than the unit of `limits`; a column of a group that is told the `end` stands
    behind those of each table; `default` is what a row has that is not told.
    """
    told: dict[str, Any] = dict(
        description=description,
        unit=unit or limits.unit,
        words=words,
        words_also=words_also,
        minimum=limits.minimum,
        maximum=limits.maximum,
        pattern=form.pattern if form else "",
        pattern_meaning=form.meaning if form else "",
        references=references,
        optional=optional,
    )
    metadata = {"column": told, "blank": blank, "end": end}
    return field(default=default, metadata=metadata)


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(col,))
def part(kind: type[R]) -> type[R]:
    """Make a class a group of columns that several tables have; it needs ``__slots__ = ()``."""
    return kind


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(col,))
def table(
    name: str,
    title: str,
    *,
    key: tuple[str, ...] = (),
    first: tuple[str, ...] = (),
    last: tuple[str, ...] = (),
) -> Callable[[type[R]], type[R]]:
    """Make a class a table: frozen, slotted, its columns those of its groups and its own.

    The first line of its docstring says what a row is, `key` which columns tell rows apart; `first`
    and `last` move columns of groups, which else come before the table's own.
    """

    def made(kind: type[R]) -> type[R]:
        told = _declared(kind)
        end = [each for each, (_, column) in told.items() if column.metadata["end"]]
        middle = [each for each in told if each not in (*first, *last, *end)]
        order = [*first, *middle, *last, *end]
        columns = tuple(_column(each, *told[each]) for each in order)
        kind.__annotations__ = {each: told[each][0] for each in order}
        for each in order:
            setattr(kind, each, told[each][1])
        done: Any = dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)(kind)
        told_of_row = (kind.__doc__ or "").partition("\n")[0].rstrip(".")
        row = told_of_row[:1].lower() + told_of_row[1:]
        setattr(done, _SCHEMA, TableSchema(name, title, row, columns, key))
        cells = attrgetter(*(each.name for each in fields(done)))
        # what pickle keeps of a row, in a third of the time that dataclasses take for it
        done.__getstate__ = lambda row: cells(row)  # noqa: PLW0108 - else it is no method
        return cast("type[R]", done)

    return made


def _declared(kind: type) -> dict[str, tuple[str, Field[Any]]]:
    """Return the columns of a class and of its groups with their types, those of groups first.

    Each has a field of its own: a class changes those that it is made of.
    """
    found: dict[str, tuple[str, Field[Any]]] = {}
    for base in (*kind.__mro__[1:], kind):
        done = base.__dict__.get("__dataclass_fields__")  # a table has its groups' columns too
        for name, written in inspect.get_annotations(base).items():
            told = (done or base.__dict__)[name]
            if base is kind or name not in found:
                found[name] = written, field(default=told.default, metadata=told.metadata)
    return found


def _column(name: str, hint: str, told: Field[Any]) -> Column:
    written = hint.removesuffix(_OR_NONE)
    kind = "word" if written == "str" and told.metadata["column"]["words"] else _KINDS[written]
    required = written == hint and not told.metadata["blank"]
    return Column(name, kind, required=required, **told.metadata["column"])


def schema_of(kind: type[Row]) -> TableSchema:
    """Return the schema of a table."""
    return cast("TableSchema", getattr(kind, _SCHEMA))


# what ingest adds to what people enter
_ADDED = ("file", "line", "entered")


def entered_schema(kind: type[Row]) -> TableSchema:
    """Return the schema of a raw table as people enter it: without place and cells as entered."""
    whole = schema_of(kind)
    return replace(whole, columns=tuple(c for c in whole.columns if c.name not in _ADDED))


def unlike(kind: type[Row], found: pa.Table) -> list[str]:
    """Return the columns that an Arrow table lacks, or has in another form than they have here."""
    schema = schema_of(kind).arrow_schema()
    written = found.schema
    return [
        n
        for n in schema.names
        if n not in written.names or written.field(n).type != schema.field(n).type
    ]


def rows_of(kind: type[R], found: pa.Table) -> list[R]:
    """Return the rows of an Arrow table, which has the columns of the kind.

    Equal cells of a column are one object. Raises `KeyError` where a column is missing.
    """
    return rows_with(kind, found.num_rows, dict(_columns(schema_of(kind).columns, found)))


def columns_of(kind: type[Row], names: Sequence[str], found: pa.Table) -> list[list[Any]]:
    """Return cells of some columns of an Arrow table (see `rows_of`), as nobody needs its rows."""
    return [cells for _, cells in _columns([schema_of(kind)[name] for name in names], found)]


def _columns(columns: Iterable[Column], found: pa.Table) -> Iterator[tuple[str, list[Any]]]:
    """Yield name and cells of columns of an Arrow table."""
    same: dict[Any, Any] = {}
    for column in columns:
        arrow = found.column(column.name)
        # those as entered are told after the columns of which they have the texts
        if column.kind == "entered":
            cells: list[Any] = list(from_maps(arrow, same))
        elif column.kind == "list":
            cells = list(from_lists(arrow, same))
        elif hasattr(arrow.type, "value_type"):
            cells = [text for chunk in arrow.chunks for text in texts_once(chunk, same)]
        else:
            cells = arrow.to_pylist()
            if column.kind not in ("number", "integer", "flag"):
                # words that stand in many rows are there once
                cells = list(map(same.setdefault, cells, cells))
        yield column.name, cells


def rows_with(kind: type[R], number: int, columns: Mapping[str, Iterable[object]]) -> list[R]:
    """Return as many rows, of which each column is told; for many at once."""
    rows = list(map(object.__new__, repeat(kind, number)))
    for name in schema_of(kind).names:
        # past the guard of frozen objects: these are not seen by anybody yet
        enter = getattr(kind, name).__set__
        deque(map(enter, rows, columns[name]), maxlen=0)
    return rows


def to_arrow(kind: type[R], rows: Sequence[R]) -> pa.Table:
    """Return rows as an Arrow table with units and descriptions."""
    import pyarrow as pa

    schema = schema_of(kind).arrow_schema()
    arrays = []
    for column in schema_of(kind).columns:
        cells = map(attrgetter(column.name), rows)
        entered = column.kind == "entered"
        whole = schema.field(column.name).type
        arrays.append(to_maps(cells) if entered else pa.array(list(cells), type=whole))
    return pa.Table.from_arrays(arrays, schema=schema)


def as_dict(row: Row) -> dict[str, Any]:
    """Return the cells of a row by their columns, as they are."""
    return {name: getattr(row, name) for name in schema_of(type(row)).names}


def bare(kind: type[R], cells: Mapping[str, object]) -> R:
    """Return a row of which these cells are told, and all others are None."""
    return kind(**{**dict.fromkeys(schema_of(kind).names), **cells})


def extended(kind: type[R], record: object, **more: Any) -> R:
    """Return a row of a table that has the columns of another row or record, and `more`."""
    names = _shared(cast("Any", kind), cast("Any", type(record)))
    return kind(**{name: getattr(record, name) for name in names} | more)


def extended_each(kind: type[R], records: Sequence[object], **more: Iterable[object]) -> list[R]:
    """Return what `extended` does of many records of one kind; `more` has a cell for each."""
    if not records:
        return []
    names = _shared(cast("Any", kind), cast("Any", type(records[0])))
    told: dict[str, Iterable[object]] = {n: map(attrgetter(n), records) for n in names}
    return rows_with(kind, len(records), told | more)


@cache
def _shared(kind: Any, other: Any) -> list[str]:
    """Return the columns of a table that a kind of record has."""
    own = other._fields if issubclass(other, tuple) else other.__dataclass_fields__
    return [name for name in schema_of(kind).names if name in own]
