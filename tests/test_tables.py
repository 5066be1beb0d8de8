"""The declared schema is the one place: checks, dictionary, Parquet and template follow it."""

from __future__ import annotations

import pickle
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
import yaml

from ketameta.commands.results import older_rows
from ketameta.ingest.cells import CellError, parse_cell
from ketameta.ingest.stage import check_folder
from ketameta.ingest.template import template
from ketameta.storage import parquet_of, parquet_table
from ketameta.tables import RAW_TABLES, STAGE_TABLES, Column, TableSchema
from ketameta.tables.columns import KINDS
from ketameta.tables.entered import cells_key
from ketameta.tables.parts import SCALE
from ketameta.tables.problems import Problem, also, errors, escaped, shown
from ketameta.tables.raw import RAW_KINDS, ArmRow
from ketameta.tables.table import (
    bare,
    col,
    entered_schema,
    rows_of,
    schema_of,
    table,
    to_arrow,
    unlike,
)
from ketameta.vocabulary import FOLDER, subject, vocabulary

BASE = Path(__file__).parent / "bad_input" / "base"
TYPES = {
    "integer": "int64$",
    "number": "double$",
    "flag": "bool$",
    "list": "list<",
    "entered": r"map<string, string\b",
}
COLUMNS = [(table, column) for table in RAW_TABLES.values() for column in table.columns]
ALL_TABLES = [*RAW_TABLES.values(), *(t for stage in STAGE_TABLES.values() for t in stage.values())]


def named(pairs: list[tuple[TableSchema, Column]]) -> list[object]:
    return [
        pytest.param(table, column, id=f"{table.name}.{column.name}") for table, column in pairs
    ]


@pytest.mark.parametrize("table", ALL_TABLES, ids=lambda table: table.name)
def test_a_schema_names_each_column_once_and_its_key_among_them(table: TableSchema) -> None:
    assert len(set(table.names)) == len(table.names)
    assert set(table.key) <= set(table.names)
    assert all(table[name].name == name for name in table.names)
    assert {column.kind for column in table.columns} <= set(KINDS)
    assert all(column.description for column in table.columns)
    with pytest.raises(KeyError):
        table["no such column"]


@pytest.mark.parametrize(("table", "column"), named(COLUMNS))
def test_what_a_column_names_is_there(table: TableSchema, column: Column) -> None:
    assert bool(column.words) == (column.kind in ("word", "words"))
    if column.words:
        assert vocabulary().words(column.words)
    if column.references:
        target, _, fields = column.references.partition(".")
        assert tuple(fields.split("+")) == RAW_TABLES[target].key
        names = list(RAW_TABLES)
        assert names.index(target) <= names.index(table.name), "read before those that refer to it"
    assert bool(column.pattern) == bool(column.pattern_meaning)
    re.compile(column.pattern)
    if column.kind in ("integer", "number"):
        assert column.minimum is not None
        assert column.maximum is not None
        assert column.unit or column.name == "year"


def test_a_new_word_of_the_subject_is_told_with_the_file_that_it_goes_into() -> None:
    told = {}
    for _, column in COLUMNS:
        if column.words:
            with pytest.raises(CellError) as error:
                parse_cell("no such word", column)
            _, goes, path = str(error.value).partition("; a new one goes into ")
            told[column.words] = Path(path) if goes else None
    whole = [told.pop(name) for name in ("outcomes", "scales")]
    assert [path and path.stem for path in whole] == ["outcomes", "scales"]
    lists = {
        name
        for file in ("treatments", "words")
        for name in yaml.safe_load((subject() / FOLDER / f"{file}.yaml").read_text("utf-8"))
    }
    # a word of the method alone goes nowhere
    assert {name for name, path in told.items() if path} == lists & {*told}
    for name, path in told.items():
        assert path is None or name in yaml.safe_load(path.read_text("utf-8"))


@pytest.mark.parametrize(("table", "column"), named(COLUMNS))
def test_the_dictionary_says_what_the_check_enforces(table: TableSchema, column: Column) -> None:
    said = column.allowed
    assert ("may be empty" in said) != column.required
    if column.required:
        with pytest.raises(CellError, match="is empty; needs " + re.escape(said)):
            parse_cell("", column)
    else:
        assert parse_cell("", column) == (None, "")
    if column.words:
        assert column.words in said
        with pytest.raises(CellError, match=f"is not a word of the list {column.words}"):
            parse_cell("no such word", column)
        for word in (*vocabulary().words(column.words), *column.words_also):
            assert parse_cell(word, column) == (word, "")
    if column.references:
        assert f"known in {column.references.partition('.')[0]}" in said
    if column.pattern:
        assert column.pattern_meaning in said
        with pytest.raises(CellError, match="is not " + re.escape(column.pattern_meaning)):
            parse_cell("\u00fc", column)


NUMBERS = [pair for pair in COLUMNS if pair[1].kind in ("integer", "number")]


@pytest.mark.parametrize(("table", "column"), named(NUMBERS))
def test_limits_are_allowed_themselves_and_nothing_beyond(
    table: TableSchema, column: Column
) -> None:
    assert column.limits in column.allowed
    for limit, step in ((column.minimum, -1), (column.maximum, 1)):
        assert limit is not None
        assert parse_cell(f"{limit:.12g}", column)[0] == limit
        with pytest.raises(CellError, match=re.escape(f"{column.limits} {column.unit}".rstrip())):
            parse_cell(f"{limit + step:.12g}", column)
    if column.kind == "integer":
        with pytest.raises(CellError, match="is not a whole number"):
            parse_cell("1.5", column)
    else:
        middle = max(column.minimum or 0, 0) + 0.5
        assert parse_cell(f"{middle}", column) == (middle, "")


@pytest.mark.parametrize("table", ALL_TABLES, ids=lambda table: table.name)
def test_parquet_carries_types_units_and_descriptions(table: TableSchema) -> None:
    schema = table.arrow_schema()
    assert schema.names == table.names
    assert schema.metadata == {b"table": table.name.encode(), b"row": table.row.encode()}
    for column in table.columns:
        field = schema.field(column.name)
        assert field.metadata[b"unit"].decode() == column.unit
        assert field.metadata[b"description"].decode() == column.description
        assert re.match(TYPES.get(column.kind, "string$"), str(field.type))


def test_a_raw_table_is_written_with_its_place_and_its_cells_as_entered() -> None:
    names = schema_of(ArmRow).names
    assert names == ["file", "line", *RAW_TABLES["arms"].names, "entered"]


def arms(*cells: dict[str, str]) -> list[ArmRow]:
    return [bare(ArmRow, {"file": "arms.csv", "line": 2, "entered": one}) for one in cells]


def test_cells_as_entered_are_a_map_in_parquet_and_the_same_mapping_again() -> None:
    entered = [{"trial_id": "a", "dose": "0.50"}, {}, {"dose": '"', "arm_id": "ä"}, {"dose": " 1"}]
    table = parquet_table(parquet_of(to_arrow(ArmRow, arms(*entered))))
    back = [row.entered for row in rows_of(ArmRow, table)]
    assert back == entered
    assert [*back[2]] == ["dose", "arm_id"]
    # parts of a table as well, and tables of several parts
    assert [row.entered for row in rows_of(ArmRow, table.slice(2, 1))] == entered[2:3]
    twice = pa.concat_tables([table.slice(3), table])
    assert [row.entered for row in rows_of(ArmRow, twice)] == [entered[3], *entered]


def test_the_key_of_cells_does_not_hang_on_the_order_of_columns() -> None:
    assert cells_key({"a": "1", "b": "2"}) == cells_key({"b": "2", "a": "1"})
    assert cells_key({"a": "1", "b": "2"}) != cells_key({"a": "2", "b": "1"})


def test_cells_as_entered_of_a_version_that_wrote_json_are_read() -> None:
    table = to_arrow(ArmRow, arms({"dose": "0.50"}))
    assert unlike(ArmRow, table) == []
    at = table.column_names.index("entered")
    older = table.set_column(at, "entered", pa.array(['{"dose": "0.50"}'])).drop_columns("dose")
    assert unlike(ArmRow, older) == ["dose", "entered"]
    (row,) = older_rows(ArmRow, older)
    assert (row.entered, row.line, row.dose) == ({"dose": "0.50"}, 2, None)


def edited(table: str, name: str, **changes: object) -> TableSchema:
    schema = RAW_TABLES[table]
    columns = tuple(replace(c, **changes) if c.name == name else c for c in schema.columns)
    return replace(schema, columns=columns)


def test_a_limit_changed_in_the_schema_changes_check_and_dictionary(monkeypatch, tmp_path) -> None:
    folder = shutil.copytree(BASE, tmp_path / "raw")
    assert errors(check_folder(folder)[1]) == []
    schema = edited("trials", "year", maximum=2020)
    monkeypatch.setitem(RAW_TABLES, "trials", schema)
    assert schema["year"].allowed == "whole number, from 1960 to 2020; may be empty"
    (fault,) = errors(check_folder(folder)[1])
    assert (fault.line, fault.column) == (6, "year")
    assert fault.message == "2021 is outside what is allowed: from 1960 to 2020"


class Given(ArmRow):
    """One arm of one trial, with one thing more."""

    device: str | None = col("how it was given")


def test_a_column_added_to_the_schema_is_asked_for_and_in_the_template(
    monkeypatch, tmp_path
) -> None:
    folder = shutil.copytree(BASE, tmp_path / "raw")
    told = RAW_TABLES["arms"]
    given = table(told.name, told.title, key=told.key, last=("device", "entered"))(Given)
    monkeypatch.setitem(RAW_KINDS, "arms", given)
    monkeypatch.setitem(RAW_TABLES, "arms", entered_schema(given))
    (fault,) = errors(check_folder(folder)[1])
    assert (fault.column, fault.message) == ("device", "the column is missing from the header")
    template(tmp_path / "new")
    assert (tmp_path / "new" / "arms.csv").read_text().endswith(",device\n")


def test_a_key_changed_in_the_schema_changes_what_is_a_duplicate(monkeypatch, tmp_path) -> None:
    folder = shutil.copytree(BASE, tmp_path / "raw")
    monkeypatch.setitem(RAW_TABLES, "published", replace(RAW_TABLES["published"], key=("label",)))
    (fault,) = errors(check_folder(folder)[1])
    assert fault.message.startswith("the row repeats line 2 in label; measure ")


def test_a_problem_reads_as_place_fault_and_who() -> None:
    problem = Problem("data/raw/outcomes.csv", 214, "events", "31", "31 is more than n = 30")
    assert str(problem) == "data/raw/outcomes.csv:214 column events: 31 is more than n = 30"
    whole = replace(problem, line=0, column="")
    assert str(whole) == "data/raw/outcomes.csv: 31 is more than n = 30"
    about = replace(problem, trial_id="murrough2013a", arm_id="ketamine_0.5")
    assert str(about).endswith(": 31 is more than n = 30 (trial murrough2013a, arm ketamine_0.5)")
    strange = replace(problem, trial_id="a\nb\x1b[2J")
    assert str(strange).endswith("(trial a\\nb\\x1b[2J)")


def test_problems_stand_in_the_order_of_files_and_lines_and_errors_alone_stop() -> None:
    found = [
        Problem("b.csv", 2, "", "", "x"),
        Problem("a.csv", 10, "", "", "x"),
        Problem("a.csv", 9, "", "", "x", "warning"),
        Problem("a.csv", 2, "z", "", "x"),
        Problem("a.csv", 2, "c", "", "x"),
    ]
    assert [(p.file, p.line, p.column) for p in errors(found)] == [
        ("a.csv", 2, "c"),
        ("a.csv", 2, "z"),
        ("a.csv", 10, ""),
        ("b.csv", 2, ""),
    ]


def test_cells_are_shown_quoted_escaped_and_cut() -> None:
    assert shown("plain") == "'plain'"
    assert shown("Å\u00a0b") == "'Å\\xa0b'"
    assert shown("x" * 61) == "'" + "x" * 59 + "…'"
    assert escaped("two\nlines") == "two\\nlines"


def test_other_places_are_named_and_a_long_list_is_cut() -> None:
    assert also([], "a.csv") == ""
    assert also([("a.csv", 5)], "a.csv") == "; also on line 5"
    assert also([("a.csv", 5), ("raw/b.csv", 7)], "a.csv") == "; also on line 5, b.csv:7"
    many = [("a.csv", line) for line in range(1, 11)]
    assert also(many, "a.csv") == "; also on lines 1, 2, 3, 4, 5, 6 and 4 more"


def test_a_unit_says_what_it_is_the_square_of() -> None:
    from ketameta.tables.stages import STAGE_TABLES

    columns = [
        (table.name, column)
        for tables in STAGE_TABLES.values()
        for table in tables.values()
        for column in table.columns
    ]
    assert [
        (name, c.name) for name, c in columns if c.unit.strip() in ("square", "square of")
    ] == []
    assert {c.unit for _, c in columns if c.name in ("tau2", "tau2_low", "tau2_high")} == {
        f"square of the {SCALE}"
    }


def test_tables_are_the_same_after_a_pickle(tables):
    again = pickle.loads(pickle.dumps(tables))
    assert set(again.kinds()) == set(tables.kinds())
    for kind in tables.kinds():
        assert again[kind] == tables[kind], kind
