"""One Excel workbook with a sheet a table: read as CSV is, refused where it cannot be."""

import csv
import datetime
import io
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter

from ketameta.cli import main
from ketameta.ingest.stage import check_folder
from ketameta.ingest.workbook_template import workbook_template
from ketameta.ingest.xlsx import Book
from ketameta.tables.problems import errors
from ketameta.tables.raw import RAW_TABLES, RESULT_TABLES, ArmRow
from ketameta.tables.table import schema_of

BASE = Path(__file__).parents[1] / "bad_input" / "base"


def base_rows():
    found = {}
    for name in RAW_TABLES:
        with (BASE / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            found[name] = list(csv.reader(file))
    return found


def write(path, tables, numbers=True, change=None):
    """Write tables as a workbook, numbers as numbers, and let `change` alter it before saving."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in tables.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append([_value(cell) if numbers else cell or None for cell in row])
    if change:
        change(book)
    book.save(path)


def _value(cell):
    try:
        return float(cell) if "." in cell else int(cell)
    except ValueError:
        return cell or None


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "raw"
    path.mkdir()
    return path


def check(folder, change=None, **options):
    write(folder / "tables.xlsx", base_rows(), change=change, **options)
    tables, problems = check_folder(folder)
    return tables, [str(problem) for problem in errors(problems)]


@pytest.mark.parametrize("numbers", [True, False])
def test_a_workbook_gives_the_rows_that_csv_files_give(folder, numbers):
    tables, faults = check(folder, numbers=numbers)
    assert faults == []
    plain, _ = check_folder(BASE)
    # where it stands differs: lines of a text file, rows of a sheet
    apart = {"file": "", "line": 0, "entered": {}}
    for kind in plain.kinds():
        own = [replace(row, **apart) for row in plain[kind]]
        assert [replace(row, **apart) for row in tables[kind]] == own
    assert tables[ArmRow][0].file.endswith("tables.xlsx[arms]")


def place(folder, name, column):
    header = base_rows()[name][0]
    return header.index(column) + 1


def test_a_formula_is_refused_at_its_place(folder):
    def change(book):
        book["outcomes"].cell(2, place(folder, "outcomes", "n")).value = "=15+15"

    _, faults = check(folder, change)
    (fault,) = faults
    place_of = f"{folder.as_posix()}/tables.xlsx[outcomes]:2 column n"
    assert fault.startswith(f"{place_of}: holds a formula; paste its value")


def test_a_date_is_no_number(folder):
    def change(book):
        cell = book["outcomes"].cell(3, place(folder, "outcomes", "events"))
        cell.value = datetime.datetime(2012, 3, 4)

    _, faults = check(folder, change)
    assert len(faults) == 1
    assert "tables.xlsx[outcomes]:3 column events: is a date or time (2012-03-04" in faults[0]


def test_an_error_value_says_so(folder):
    def change(book):
        book["outcomes"].cell(3, place(folder, "outcomes", "events")).value = "#REF!"

    _, faults = check(folder, change)
    assert "column events: '#REF!' is not a whole number: an error value" in faults[0]


def test_merged_cells_are_refused_with_their_range(folder):
    _, faults = check(folder, lambda book: book["arms"].merge_cells("A2:A3"))
    assert any(
        "tables.xlsx[arms]:2 column trial_id: the cells A2:A3 are merged" in fault
        for fault in faults
    )


def test_several_faults_are_told_at_once(folder):
    def change(book):
        book["outcomes"].cell(2, place(folder, "outcomes", "n")).value = "=1"
        book["trials"].cell(2, place(folder, "trials", "year")).value = 1492
        book["arms"].cell(2, place(folder, "arms", "route")).value = "VI"

    _, faults = check(folder, change)
    assert len(faults) == 3


def test_a_sheet_of_another_name_and_a_missing_one(folder):
    def change(book):
        book["arms"].title = "arm"

    _, faults = check(folder, change)
    assert any("the sheet 'arm' is none of the tables; nearest: arms" in f for f in faults)
    assert any("the sheet arms is missing" in f for f in faults)


def test_empty_rows_and_cells_beyond_the_table(folder):
    def change(book):
        sheet = book["outcomes"]
        sheet.cell(60, 1).value = None
        sheet.cell(3, len(base_rows()["outcomes"][0]) + 2).value = "stray"

    _, faults = check(folder, change)
    assert len(faults) == 1
    width = len(base_rows()["outcomes"][0])
    said = f"tables.xlsx[outcomes]:3: has {width + 2} cells; the header has {width}"
    assert said in faults[0]


def test_a_workbook_beside_tables_is_refused(folder):
    shutil.copytree(BASE, folder, dirs_exist_ok=True)
    write(folder / "tables.xlsx", base_rows())
    faults = errors(check_folder(folder)[1])
    (fault,) = faults
    assert fault.message.startswith("stands beside tables of the same content; keep one of the two")
    # the way out, as it is typed
    assert f"convert {folder}/tables.xlsx {folder} --replace" in fault.message


def one_fault(folder):
    tables, problems = check_folder(folder)
    assert not tables.kinds()
    (fault,) = errors(problems)
    return fault.message


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is not a workbook"),
        (b"PK\x03\x04 torn off", "is not a workbook"),
        (b"trial_id,label\n", "is not a workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "is a workbook of old Excel, or protected"),
    ],
)
def test_what_is_no_workbook_is_named(folder, content, said):
    (folder / "tables.xlsx").write_bytes(content)
    assert one_fault(folder).startswith(said)


def altered(folder, **parts):
    """Write the base workbook with parts added to or replaced in its archive."""
    write(folder / "plain.xlsx", base_rows())
    with (
        zipfile.ZipFile(folder / "plain.xlsx") as old,
        zipfile.ZipFile(folder / "tables.xlsx", "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for info in old.infolist():
            if info.filename not in parts:
                new.writestr(info.filename, old.read(info))
        for name, content in parts.items():
            new.writestr(name, content)
    (folder / "plain.xlsx").unlink()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("xl/externalLinks/externalLink1.xml", b"<a/>", "links to other workbooks"),
        ("xl/vbaProject.bin", b"x", "holds macros"),
        ("xl/connections.xml", b"<a/>", "is linked to data from outside"),
        ("xl/worksheets/sheet1.xml", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "holds definit"),
        ("xl/worksheets/sheet1.xml", b"<worksheet><sheetData><row", "cannot be read as a workbook"),
        ("xl/workbook.xml", b"<workbook/>", "the sheet trials is missing"),
        ("xl/media/bomb.bin", bytes(150_000_000), "unpacks to 150,"),
    ],
)
def test_a_workbook_that_must_not_be_read_is_refused(folder, name, content, said):
    altered(folder, **{name: content})
    tables, problems = check_folder(folder)
    assert any(fault.message.startswith(said) for fault in errors(problems)), problems
    assert not tables.kinds() or "Traceback" not in str(problems)


def test_many_parts_are_refused(folder):
    altered(folder, **{f"xl/media/{n}.bin": b"" for n in range(2_100)})
    assert "parts are read" in one_fault(folder)


# the template


def test_the_template_is_the_same_each_time_and_in_order():
    assert workbook_template() == workbook_template()


def test_the_template_names_every_column_with_note_unit_and_list():
    book = openpyxl.load_workbook(io.BytesIO(workbook_template()))
    assert book.sheetnames == ["about", *RESULT_TABLES, "lists"]
    assert book["lists"].sheet_state == "hidden"
    for name, table in RESULT_TABLES.items():
        sheet = book[name]
        assert [cell.value for cell in sheet[1]] == table.names
        assert sheet.freeze_panes == "A2"
        for cell, column in zip(sheet[1], table.columns, strict=True):
            assert column.description in cell.comment.text
            assert column.unit in cell.comment.text
            assert bool(cell.font.bold) is column.required
        rules = sheet.data_validations.dataValidation
        wanted = [c for c in table.columns if c.kind in ("word", "integer", "number")]
        assert len(rules) == len([c for c in wanted if c.kind != "word" or c.words])


def test_a_list_of_the_template_offers_the_words_of_the_vocabulary():
    from ketameta.vocabulary import vocabulary

    book = openpyxl.load_workbook(io.BytesIO(workbook_template()))
    columns = [[c.value for c in column if c.value] for column in book["lists"].columns]
    assert list(vocabulary().words("treatments")) in columns
    assert list(vocabulary().words("outcomes")) in columns


def test_a_filled_template_is_read(folder):
    book = openpyxl.load_workbook(io.BytesIO(workbook_template()))
    for name, rows in base_rows().items():
        header = [cell.value for cell in book[name][1]]
        for line, row in enumerate(rows[1:], start=2):
            for column, cell in zip(rows[0], row, strict=True):
                book[name].cell(line, header.index(column) + 1).value = _value(cell)
    book.save(folder / "tables.xlsx")
    tables, problems = check_folder(folder)
    assert errors(problems) == []
    assert {schema_of(kind).name: len(tables[kind]) for kind in tables.kinds()} == {
        **dict.fromkeys(RESULT_TABLES, 0),
        **{name: len(rows) - 1 for name, rows in base_rows().items()},
    }


def test_the_command_writes_the_template_once(tmp_path, capsys):
    path = tmp_path / "new" / "tables.xlsx"
    assert main(["template", str(path)]) == 0
    assert path.read_bytes() == workbook_template()
    assert main(["template", str(path)]) == 1
    assert "nothing is written over" in capsys.readouterr().err


def test_the_whole_workflow_takes_a_workbook(small):
    rows = {}
    for name in RAW_TABLES:
        path = small.path(f"data/raw/{name}.csv")
        with path.open(encoding="utf-8", newline="") as file:
            rows[name] = list(csv.reader(file))
        path.unlink()
    pages = small.path("reports/tables/syntheses.csv").read_text().splitlines()
    write(small.path("data/raw/tables.xlsx"), rows)
    done = small.ketameta("run")
    assert done.returncode == 0, done.stdout + done.stderr
    again = small.path("reports/tables/syntheses.csv").read_text().splitlines()
    # the same numbers; only the names of rows, and what is hashed of them, differ
    at = pages[0].split(",").index("data_hash")
    assert [line.split(",")[:at] for line in again] == [line.split(",")[:at] for line in pages]
    assert small.ketameta("run", "-n").stdout.startswith("everything is up to date")


def test_a_hostile_row_number_does_not_take_long(folder):
    def change(book):
        book["arms"].cell(1_048_576, 1).value = "far"

    _, faults = check(folder, change)
    assert any("tables.xlsx[arms]:1048576" in fault for fault in faults)


def test_xlsxwriter_reads_back_what_people_type(folder):
    book = xlsxwriter.Workbook(folder / "tables.xlsx")
    for name, rows in base_rows().items():
        sheet = book.add_worksheet(name)
        for line, row in enumerate(rows):
            for at, cell in enumerate(row):
                sheet.write(line, at, _value(cell)) if cell else None
    book.close()
    assert errors(check_folder(folder)[1]) == []


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.1 + 0.2, "0.3"),
        (47.0, "47"),
        (True, "TRUE"),
        (1e-7, "1e-07"),
        (1 / 3, "0.333333333333333"),
    ],
)
def test_numbers_are_read_as_excel_shows_them(value, text):
    book = openpyxl.Workbook()
    book.active.append([value])
    out = io.BytesIO()
    book.save(out)
    found = Book(out.getvalue())
    ((line, (cell,)),) = found.rows(found.sheets[0])
    assert (line, cell.column, cell.text, cell.kind) == (1, 0, text, "")
