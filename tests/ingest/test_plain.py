"""Decimal commas beside semicolons, and per cent signs: read where they can mean one thing only."""

import csv
import io
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from ketameta.ingest.stage import check_folder
from ketameta.normalize.conversions import ConversionError, parse_p
from ketameta.tables.problems import ERROR, NOTE
from ketameta.tables.raw import CONTRASTS, RAW_TABLES, ArmRow, ContrastRow, OutcomeRow

BASE = Path(__file__).parents[1] / "bad_input" / "base"


@pytest.fixture
def folder(tmp_path):
    return Path(shutil.copytree(BASE, tmp_path / "raw"))


def european(folder, table, cells=(), encoding="utf-8-sig"):
    """Write a table as Excel does where the decimal sign is a comma; ``cells`` by line, column."""
    path = folder / f"{table}.csv"
    rows = list(csv.reader(path.read_text("utf-8").splitlines(keepends=True)))
    numbers = {c.name for c in RAW_TABLES[table].columns if c.kind == "number"}
    for row in rows[1:]:
        for i, name in enumerate(rows[0]):
            if name in numbers or name == "dose":
                row[i] = row[i].replace(".", ",")
    for (line, column), cell in dict(cells).items():
        rows[line - 1][rows[0].index(column)] = cell
    out = io.StringIO()
    csv.writer(out, delimiter=";", lineterminator="\r\n").writerows(rows)
    path.write_bytes(out.getvalue().encode(encoding))
    return path


def values(tables):
    apart = {"file": "", "line": 0, "entered": {}}
    return {kind: [replace(row, **apart) for row in tables[kind]] for kind in tables.kinds()}


def test_tables_from_a_european_excel_are_the_tables(folder):
    for table in RAW_TABLES:
        european(folder, table)
    tables, problems = check_folder(folder)
    assert {p.severity for p in problems} == {NOTE}
    assert values(tables) == values(check_folder(BASE)[0])
    # as entered, a number has a point from here on: its decimals are counted
    assert "15.2" in tables[OutcomeRow][2].entered.values()
    said = [str(p) for p in problems if "outcomes" in p.file]
    assert any("semicolons are read as what stands between cells" in text for text in said)
    assert any("column mean: a decimal comma is read as a point; also on lin" in t for t in said)
    assert any("arms" in p.file and p.column == "dose" for p in problems)


@pytest.mark.parametrize("line", ["sep=;", "SEP=;", '"sep=;"', "sep=;;;"])
def test_the_line_that_tells_excel_the_separator_is_left_out(folder, line):
    path = european(folder, "arms", encoding="utf-8")
    path.write_bytes(f"{line}\r\n".encode() + path.read_bytes())
    tables, problems = check_folder(folder)
    assert [p for p in problems if p.severity == ERROR] == []
    assert values(tables) == values(check_folder(BASE)[0])
    # lines are counted as an editor shows them
    assert [row.line for row in tables[ArmRow]][:2] == [3, 4]
    assert {p.line for p in problems if "sep=" in p.message} == {1}


@pytest.mark.parametrize(("mark", "name"), [(",", ","), ("\t", "\t"), ("|", "|")])
def test_any_separator_may_be_told(folder, mark, name):
    path = folder / "arms.csv"
    rows = list(csv.reader(path.read_text("utf-8").splitlines(keepends=True)))
    out = io.StringIO()
    csv.writer(out, delimiter=mark, lineterminator="\n").writerows(rows)
    path.write_text(f"sep={name}\n{out.getvalue()}", encoding="utf-8")
    tables, problems = check_folder(folder)
    assert [p for p in problems if p.severity != NOTE] == []
    assert values(tables) == values(check_folder(BASE)[0])


@pytest.mark.parametrize(
    ("cell", "read"),
    [
        ("15,2", 15.2),
        (",5", 0.5),
        ("\u22120,5", -0.5),
        ("1,5e1", 15.0),
        ("12", 12.0),
        ("12.5", 12.5),
        ("0,125", 0.125),
        # three digits: the other numbers of the file have a comma that is no thousands
        ("1,250", 1.25),
    ],
)
def test_a_number_beside_semicolons(folder, cell, read):
    european(folder, "contrasts", {(2, "estimate"): cell, (2, "ci_low"): "", (2, "ci_high"): ""})
    tables, problems = check_folder(folder)
    assert [str(p) for p in problems if p.severity == ERROR] == []
    assert tables[ContrastRow][0].estimate == read


def test_per_cent_with_a_decimal_comma(folder):
    european(folder, "contrasts", {(2, "ci_level"): "97,5 %"})
    assert check_folder(folder)[0][ContrastRow][0].ci_level == 97.5


@pytest.mark.parametrize(
    ("column", "cell", "says"),
    [
        ("timepoint_h", "1.344", "'1.344' may be thousands beside decimal commas; write it with"),
        ("estimate", "1.234,5", "points stand between thousands; leave them out"),
        ("estimate", "1,234,567", "commas stand between thousands; leave them out"),
        ("estimate", "0,5-1", "'0,5-1' is not a number"),
    ],
)
def test_a_number_that_may_be_two_is_refused(folder, column, cell, says):
    european(folder, "contrasts", {(2, column): cell})
    (problem,) = [p for p in check_folder(folder)[1] if p.severity == ERROR]
    assert (problem.line, problem.column) == (2, column)
    assert says in problem.message


def test_a_comma_before_three_digits_is_refused_beside_decimal_points(folder):
    path = folder / "contrasts.csv"
    rows = list(csv.reader(path.read_text("utf-8").splitlines(keepends=True)))
    rows[1][rows[0].index("timepoint_h")] = "1,344"
    out = io.StringIO()
    csv.writer(out, delimiter=";", lineterminator="\n").writerows(rows)
    path.write_text(out.getvalue(), encoding="utf-8")
    (problem,) = [p for p in check_folder(folder)[1] if p.severity == ERROR]
    assert "'1,344' is not a number: commas stand between thousands" in problem.message


@pytest.mark.parametrize(("cell", "read"), [("0,03", "0.03"), ("<,001", "<.001"), ("NS", "NS")])
def test_a_p_value_beside_semicolons(folder, cell, read):
    european(folder, "contrasts", {(2, "p_value"): cell})
    tables, problems = check_folder(folder)
    assert [p for p in problems if p.severity == ERROR] == []
    assert tables[ContrastRow][0].p_value == read


# p-values: what the column takes is what a standard error can be asked of, and no more


@pytest.mark.parametrize(
    "text",
    [
        *("0.03", ".03", "<.001", ">0.99", "≤0.05", "< 0.05", "1e-5", "p = 0.03", "P<.05", "NS"),
        *("0.02 (adjusted 0.14)", "n.s.", "not significant", "p=ns", "1", "p-value 0.2"),
        *("0,03", "significant", "0.02/0.03", "*", "-0.03", "0.03 or less", "see text", "p"),
        *("0.03*", "<0,05", "~0.05", "0.02 adjusted", "yes", "<", "0.0.3"),
    ],
)
def test_the_column_takes_what_the_conversion_takes(text):
    taken = re.fullmatch(CONTRASTS["p_value"].pattern, text) is not None
    try:
        parse_p(text)
    except ConversionError:
        assert not taken
    else:
        assert taken
