"""Whatever stands in a file or a cell: problems, never an exception."""

from __future__ import annotations

import csv
import io
import math
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ketameta.ingest.cells import CellError, parse_cell, parse_number
from ketameta.ingest.rows import split_rows
from ketameta.ingest.stage import check_folder
from ketameta.ingest.text import UnreadableError, decode
from ketameta.tables import RAW_TABLES
from ketameta.tables.problems import errors, escaped, shown
from ketameta.tables.raw import RAW_KINDS

BASE = Path(__file__).parents[1] / "bad_input" / "base"
COLUMNS = [column for table in RAW_TABLES.values() for column in table.columns]
# the folder is rewritten by each example: it may be shared between them
RUNS = settings(
    deadline=None,
    derandomize=True,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
TABLE = st.sampled_from(sorted(RAW_TABLES))
# characters that mean something to one of the readers, and any others
ANY_TEXT = st.text(
    st.sampled_from('",;\n\r\t\0\x1b\\#=-+.eE0123 \u00a0\u2212\ufeff\ufffdÖé')
    | st.characters(codec="utf-8"),
    max_size=30,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(BASE, tmp_path_factory.mktemp("fuzz") / "raw"))


def problems_with(folder: Path, table: str, content: bytes):
    path = folder / f"{table}.csv"
    before = path.read_bytes()
    path.write_bytes(content)
    try:
        tables, problems = check_folder(folder)
    finally:
        path.write_bytes(before)
    lines = max(1, *(content.count(end) + 1 for end in (b"\n", b"\r")))
    for problem in problems:
        assert str(problem).isprintable()
        assert problem.file.startswith(folder.as_posix())
        if problem.file == path.as_posix():
            assert 0 <= problem.line <= lines
    return tables, problems


@RUNS
@given(TABLE, st.binary(max_size=300))
def test_any_bytes_for_a_file_give_problems_alone(folder: Path, table: str, content: bytes) -> None:
    assert errors(problems_with(folder, table, content)[1])


@RUNS
@given(TABLE, st.binary(max_size=300))
def test_any_bytes_below_a_header_give_problems_alone(
    folder: Path, table: str, content: bytes
) -> None:
    header = ",".join(RAW_TABLES[table].names).encode()
    problems_with(folder, table, header + b"\n" + content)


@RUNS
@given(TABLE, st.data())
def test_any_bytes_changed_in_a_file_give_problems_alone(folder: Path, table: str, data) -> None:
    content = bytearray((BASE / f"{table}.csv").read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(content)))
        end = data.draw(st.integers(start, min(len(content), start + 40)))
        content[start:end] = data.draw(st.binary(max_size=5) | ANY_TEXT.map(str.encode))
    problems_with(folder, table, bytes(content))


@RUNS
@given(TABLE, st.data())
def test_any_text_in_cells_is_read_or_told(folder: Path, table: str, data) -> None:
    rows = list(csv.reader(io.StringIO((BASE / f"{table}.csv").read_text(encoding="utf-8"))))
    for _ in range(data.draw(st.integers(1, 3))):
        row = rows[data.draw(st.integers(1, len(rows) - 1))]
        row[data.draw(st.integers(0, len(row) - 1))] = data.draw(ANY_TEXT)
    out = io.StringIO()
    csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(rows)
    tables, problems = problems_with(folder, table, out.getvalue().encode())
    if not errors(problems):
        assert len(tables[RAW_KINDS[table]]) == len(rows) - 1


@settings(RUNS, max_examples=300)
@given(st.sampled_from(COLUMNS), ANY_TEXT)
def test_a_cell_has_a_value_that_is_allowed_or_a_fault(column, text: str) -> None:
    try:
        value, _ = parse_cell(text.strip(), column)
    except CellError:
        return
    if isinstance(value, (int, float)):
        assert math.isfinite(value)
        assert column.minimum is None or value >= column.minimum
        assert column.maximum is None or value <= column.maximum
        assert isinstance(value, int) == (column.kind == "integer")
    else:
        assert value is not None or not text.strip()


@settings(RUNS, max_examples=300)
@given(st.floats(allow_nan=False, allow_infinity=False), st.integers())
def test_a_number_as_python_prints_it_is_read_as_itself(value: float, whole: int) -> None:
    assert parse_number(repr(value)) == value
    if len(str(whole)) < 16:
        assert parse_number(str(whole)) == whole


@settings(RUNS, max_examples=300)
@given(ANY_TEXT)
def test_no_text_is_a_number_but_plain_figures(text: str) -> None:
    value = parse_number(text)
    assert value is None or (math.isfinite(value) and set(text) <= set("+-.0123456789eE"))


@settings(RUNS, max_examples=200)
@given(st.lists(st.lists(ANY_TEXT.filter(lambda t: "\r" not in t), min_size=2), max_size=6))
def test_rows_that_a_writer_wrote_are_read_as_they_were(rows: list[list[str]]) -> None:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(rows)
    found = list(split_rows(out.getvalue(), ","))
    assert [row.cells for row in found] == rows
    lines = out.getvalue().split("\n")
    for row in found:
        assert row.text == "\n".join(lines[row.line - 1 : row.line - 1 + row.lines])
    assert sum(row.lines for row in found) == out.getvalue().count("\n")


@settings(RUNS, max_examples=300)
@given(st.binary(max_size=200))
def test_bytes_are_text_or_said_not_to_be(content: bytes) -> None:
    try:
        text = decode(content)
    except UnreadableError:
        return
    try:
        content.decode()
    except UnicodeDecodeError:
        assert text.foreign
    else:
        assert not text.foreign


@settings(RUNS, max_examples=300)
@given(ANY_TEXT, st.integers(2, 80))
def test_a_shown_cell_is_one_short_line(text: str, length: int) -> None:
    assert shown(text, length).isprintable()
    assert len(shown(text, length)) <= length + 2
    assert escaped(text).isprintable()
