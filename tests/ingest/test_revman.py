"""RevMan's data rows: read and checked, one message for one fault, no exception for any bytes."""

# ruff: noqa: E501 - a case is a line of a table

import csv
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ketameta.cli import main
from ketameta.ingest.revman import analyses, is_data_rows, read_data_rows
from ketameta.tables.problems import ERROR
from ketameta.tables.revman import DATA_ROWS

FOLDER = Path(__file__).parents[1] / "bad_input"
BASE = FOLDER / "data-rows.csv"
CASES = list(csv.DictReader((FOLDER / "data-rows-cells.csv").read_text("utf-8").splitlines()))
TEXT = BASE.read_text(encoding="utf-8")


def found(path):
    return [
        (p.severity, p.line, p.column, p.message) for p in sorted(read_data_rows(path).problems)
    ]


def spoilt(tmp_path, content):
    path = tmp_path / "CD000000-data-rows.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def with_cell(line, column, cell):
    reader = csv.reader(io.StringIO(TEXT))
    rows, starts, at = [], [], 1
    for row in reader:
        rows.append(row)
        starts.append(at)
        at = reader.line_num + 1
    rows[starts.index(line)][rows[0].index(column)] = cell
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


def test_a_good_file_is_read_without_a_word():
    sheet = read_data_rows(BASE)
    assert sheet.problems == []
    taken = analyses(sheet)
    assert list(taken) == ["1.1", "1.2", "1.3", "2.1", "2.2", "3.1", "3.2"]
    response = taken["1.1"]
    assert response.name == "Response at 24 hours"
    assert response.subgroups == ["One dose", "Several doses", "Women"]
    # a row for its subgroup alone is not in the overall estimate
    assert [row["Study"] for row in response.overall()] == [
        "Adams 2011",
        "Baker 2014",
        "Clark 2016",
    ]
    assert [row["Study"] for row in response.subgroup("One dose")] == ["Adams 2011", "Baker 2014"]
    # a row may take two lines
    assert [row.line for row in response.rows] == [2, 3, 4, 6]
    assert response.rows[0]["Experimental cases"] == 12
    assert response.rows[1]["Mean"] is None


def test_the_columns_of_versions_1_and_2_are_read_alike(tmp_path):
    rows = list(csv.reader(io.StringIO(TEXT)))
    for gone in (
        "Subgroup number",
        "Applicability",
        "Overall bias judgement",
        "Weight",
        "Footnotes",
    ):
        at = rows[0].index(gone)
        rows = [row[:at] + row[at + 1 :] for row in rows]
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    sheet = read_data_rows(spoilt(tmp_path, "\ufeff" + out.getvalue()))
    assert {p.severity for p in sheet.problems} == {"note"}
    # without Applicability each row counts
    assert len(analyses(sheet)["1.1"].overall()) == 4


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_one_bad_cell_gives_one_message_at_its_place(tmp_path, case):
    cell = case["cell"].replace("LONG", "n" * 20_001).replace("\\x1b", "\x1b")
    problems = found(spoilt(tmp_path, with_cell(int(case["line"]), case["column"], cell)))
    assert len(problems) == 1, problems
    severity, line, column, message = problems[0]
    assert (severity, line) == (ERROR, int(case["line"]))
    assert column == case["column"]
    assert case["says"] in message


FILES = {
    "a page": ("<!DOCTYPE html><title>Sign in</title>", 1, "is a web page, not a table"),
    "a workbook": (b"PK\x03\x04" + bytes(40), 1, "is a workbook or archive"),
    "UTF-16": (TEXT.encode("utf-16"), 1, "is UTF-16"),
    "Windows-1252": (TEXT.encode("cp1252"), 8, "is not UTF-8"),
    "bars": (TEXT.replace(",", "|"), 1, "has bars between its cells; commas are needed"),
    "empty": ("", 1, "is empty"),
    "a header alone": (TEXT.split("\n")[0] + "\n", 0, "has a header and no study below it"),
    "a cell too few": (TEXT.replace("1,3,Serious harm,,", "1,3,Serious harm,"), 9, "has 26 cells; the header has 27"),
    "a column missing": (TEXT.replace("GIV SE", "Note", 1), 1, "the column is missing from the header"),
    "no data": (
        "Analysis group,Analysis number,Analysis name,Study,Weight,Mean,CI start,CI end\n"
        "1,1,Pain,Smith 2020,50,1,0.5,2\n",
        1,
        "the header has no column of data",
    ),
    "a column misspelt": (TEXT.replace("Experimental cases", "Experimental case", 1), 1, "'Experimental case' is not a column of this table; nearest: Experimental cases"),
    "a column twice": (TEXT.replace("Footnotes", "Mean", 1), 1, "stands 2 times in the header"),
    "a merge conflict": (TEXT + "<<<<<<< HEAD" + "," * 26 + "\n", 15, "a merge conflict of Git"),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_one_bad_file_gives_one_message(tmp_path, name):
    content, line, says = FILES[name]
    errors = [p for p in found(spoilt(tmp_path, content)) if p[0] == ERROR]
    assert len(errors) == 1, errors
    assert errors[0][1] == line
    assert says in errors[0][3]


def test_all_faults_are_told_at_once(tmp_path):
    content = (
        TEXT.replace(",12,30,", ",32,30,").replace(",5,10,", ",x,10,").replace(",Davis 2019,", ",,")
    )
    errors = [p for p in found(spoilt(tmp_path, content)) if p[0] == ERROR]
    # the study is missing in four rows
    assert [line for _, line, _, _ in errors] == [2, 6, 10, 12, 13, 14]


def test_a_row_twice_is_a_warning(tmp_path):
    line = TEXT.splitlines()[-1]
    assert found(spoilt(tmp_path, TEXT + line + "\n")) == [
        ("warning", 15, "", "the row repeats line 14 in every cell")
    ]


def test_the_file_is_known_by_its_header_whatever_stands_between_cells(tmp_path):
    for content in (TEXT, TEXT.replace(",", ";"), "\ufeff" + TEXT):
        assert is_data_rows(spoilt(tmp_path, content))
    for content in ("study,ai,n1i,ci,n2i\nA,1,2,3,4\n", "", b"\xff\xfe\x00", "Study,Mean,Weight\n"):
        assert not is_data_rows(spoilt(tmp_path, content))
    assert not is_data_rows(tmp_path / "none.csv")
    assert not is_data_rows(tmp_path)


FUZZ = settings(
    deadline=None,
    derandomize=True,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
ANY_TEXT = st.text(
    st.sampled_from('",;\n\r\t\0\x1b#=-+.eE0123 \u00a0\u2212\ufeffÖ')
    | st.characters(codec="utf-8"),
    max_size=20,
)


@FUZZ
@given(st.data())
def test_any_bytes_changed_give_problems_or_rows_and_a_status(tmp_path, capsys, data):
    content = bytearray(TEXT.encode())
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(content)))
        end = data.draw(st.integers(start, min(len(content), start + 30)))
        content[start:end] = data.draw(st.binary(max_size=5) | ANY_TEXT.map(str.encode))
    path = spoilt(tmp_path, bytes(content))
    sheet = read_data_rows(path)
    assert all(str(problem).isprintable() for problem in sheet.problems)
    if any(p.severity == ERROR for p in sheet.problems) and is_data_rows(path):
        assert main(["pool", str(path)]) == 1
        assert main(["convert", str(path), str(tmp_path / "new")]) == 1
        assert not (tmp_path / "new").exists()
    elif is_data_rows(path):
        # which analysis is not said, unless one alone is left
        assert main(["pool", str(path)]) in (0, 1, 2)
    assert all(line.isprintable() for line in capsys.readouterr().err.splitlines())


@FUZZ
@given(st.integers(2, 14), st.sampled_from(DATA_ROWS.names), ANY_TEXT)
def test_any_text_in_a_cell_is_told_or_pooled(tmp_path, capsys, line, column, text):
    path = spoilt(tmp_path, with_cell(4 if line == 5 else line, column, text))
    for number in ("1.1", "2.1", "3.1"):
        assert main(["pool", str(path), "--analysis", number]) in (0, 1, 2)
    said = capsys.readouterr()
    assert all(part.isprintable() for part in said.err.splitlines())
