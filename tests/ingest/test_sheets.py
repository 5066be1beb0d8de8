"""What a person sees in a workbook and what is read: formats, hidden cells, spare sheets, sizes."""

import csv
import datetime
import io
import zipfile
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ketameta.ingest import xlsx
from ketameta.ingest.number_format import percents, shown_as_date
from ketameta.ingest.places import read_place
from ketameta.ingest.stage import check_folder
from ketameta.ingest.workbook import MAX_REFUSED, workbook_tables
from ketameta.ingest.workbook_template import workbook_template
from ketameta.ingest.xlsx import Book, unescaped
from ketameta.tables.problems import ERROR, NOTE
from ketameta.tables.raw import RAW_TABLES, OutcomeRow
from ketameta.tables.table import schema_of

BASE = Path(__file__).parents[1] / "bad_input" / "base"
ROWS = {
    name: list(csv.reader((BASE / f"{name}.csv").read_text("utf-8").splitlines(keepends=True)))
    for name in RAW_TABLES
}
MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def at(table, line, column):
    return f"{openpyxl.utils.get_column_letter(ROWS[table][0].index(column) + 1)}{line}"


def book_of(change=lambda book: None):
    """Return the bytes of a workbook with the base tables as text, changed before it is saved."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in ROWS.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append([cell or None for cell in row])
    change(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


CLEAN = book_of()


def rewritten(content, **parts):
    """Return an archive with parts replaced; None leaves one out."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", 8) as new:
        for name in old.namelist():
            if name not in parts:
                new.writestr(name, old.read(name))
        for name, part in parts.items():
            if part is not None:
                new.writestr(name, part)
    return out.getvalue()


def said(tmp_path, content, name="tables.xlsx"):
    """Return the rows and the problems as (severity, line) of a workbook, its folder left out."""
    path = tmp_path / name
    path.write_bytes(content)
    found, problems = check_folder(path)
    tables = {schema_of(kind).name: found[kind] for kind in found.kinds()}
    return tables, [(p.severity, str(p).replace(f"{path.as_posix()}", "")) for p in problems]


def test_the_workbook_to_spoil_is_in_order(tmp_path):
    tables, found = said(tmp_path, book_of())
    assert found == []
    assert {name: len(rows) + 1 for name, rows in tables.items()} == {
        name: len(rows) for name, rows in ROWS.items()
    }


# number formats


@pytest.mark.parametrize(
    ("code", "value", "signs"),
    [
        ("0%", 0.5, 1),
        ("0.00%", -0.5, 1),
        ("# ?/?%", 0.5, 1),
        ('0" %"', 50, 0),
        (r"0\%", 50, 0),
        ("0_%", 50, 0),
        ("0*%", 50, 0),
        ('"%"0%', 0.5, 1),
        ("[Red]0%", 0.5, 1),
        ("[$%-407]0", 50, 0),
        ("0;-0%", 0.5, 0),
        ("0;-0%", -0.5, 1),
        ("0%;-0%;0", 0, 0),
        ("[<1]0%;0", 0.5, 1),
        ("[<1]0%;0", 50, 0),
        ("[>=1]0;0.0%", 0.5, 1),
        ("General", 0.5, 0),
        ("0.00E+00", 0.5, 0),
        ("# ??/??", 0.5, 0),
        ('_-* #,##0.00 "€"_-;-* #,##0.00 "€"_-', 0.5, 0),
        ("@", 0.5, 0),
    ],
)
def test_a_format_shows_per_cent_or_not(code, value, signs):
    assert percents(code, value) == signs


@pytest.mark.parametrize(
    ("code", "date"),
    [
        ("yyyy-mm-dd", True),
        ("[$-407]d. mmmm yyyy;@", True),
        ("h:mm AM/PM", True),
        ("[h]:mm", True),
        ("mm:ss.0", True),
        ("General", False),
        ("0.00", False),
        ('0" days"', False),
        (r"0\h", False),
        ("[Red]0.0", False),
        ("[DBNum1]0", False),
        ("0.00E+00", False),
        ("#,##0.00 [$USD]", False),
    ],
)
def test_a_format_shows_a_date_or_not(code, date):
    assert shown_as_date(code, 1.0) is date


def formatted(table, line, column, value, code):
    def change(book):
        cell = book[table][at(table, line, column)]
        cell.value, cell.number_format = value, code

    return change


@pytest.mark.parametrize(
    ("table", "line", "column", "value", "code", "read"),
    [
        ("contrasts", 2, "ci_level", 0.95, "0%", 95.0),
        ("published", 2, "i2", 0.07, "0.0%", 7.0),
        ("published", 2, "i2", 0.005, "0.0%;[Red]-0.0%", 0.5),
        # a per cent sign that is a mere letter: the number is what it is
        ("published", 2, "i2", 7, '0" %"', 7.0),
        ("published", 2, "i2", 0.5, "# ?/?", 0.5),
        ("contrasts", 2, "estimate", -0.5, "0.00E+00", -0.5),
        ("contrasts", 2, "estimate", -10.8, '"€" 0.00', -10.8),
    ],
)
def test_a_number_is_what_the_cell_shows(tmp_path, table, line, column, value, code, read):
    tables, found = said(tmp_path, book_of(formatted(table, line, column, value, code)))
    assert [kind for kind, _ in found if kind == ERROR] == []
    row = next(row for row in tables[table] if row.line == line)
    assert getattr(row, column) == pytest.approx(read, rel=1e-15)
    noted = [text for _, text in found if "per cent sign" in text]
    assert len(noted) == ("%" in code and '"' not in code)
    assert all(text.startswith(f"[{table}]:{line} column {column}: ") for text in noted)


@pytest.mark.parametrize(
    ("table", "column", "value", "shows"),
    [
        ("outcomes", "events", 0.5, "50%"),
        ("outcomes", "n", 0.3, "30%"),
        ("outcomes", "timepoint_h", 24, "2400%"),
        ("contrasts", "estimate", -0.108, "-10.8%"),
        ("contrasts", "se", 0.024, "2.4%"),
        ("claims", "claimed_value", 0.7, "70%"),
        ("trials", "n_randomised", 0.6, "60%"),
        ("arms", "n_doses", 0.01, "1%"),
    ],
)
def test_per_cent_in_any_other_column_of_numbers_is_an_error(tmp_path, table, column, value, shows):
    _, found = said(tmp_path, book_of(formatted(table, 2, column, value, "0.0%")))
    (fault,) = [text for kind, text in found if kind == ERROR]
    assert fault.startswith(f"[{table}]:2 column {column}: shows {shows}, which the workbook keeps")


def test_per_cent_in_a_column_of_text_is_the_text_that_it_shows(tmp_path):
    tables, found = said(tmp_path, book_of(formatted("outcomes", 2, "definition", 0.5, "0%")))
    assert found == []
    assert tables["outcomes"][0].definition == "50%"


@pytest.mark.parametrize("value", [datetime.time(12, 30), datetime.timedelta(hours=30)])
def test_a_time_is_no_number(tmp_path, value):
    change = formatted("outcomes", 2, "timepoint_h", value, "[h]:mm")
    (fault,) = [text for kind, text in said(tmp_path, book_of(change))[1] if kind == ERROR]
    assert "column timepoint_h: is a date or time (" in fault


# what nobody sees


def test_hidden_rows_and_columns_and_sheets_are_read_and_named(tmp_path):
    def change(book):
        for line in (6, 7, 12):
            book["outcomes"].row_dimensions[line].hidden = True
        book["outcomes"].row_dimensions[900].hidden = True
        letters = [at("trials", 1, name).rstrip("1") for name in ("year", "country")]
        book["trials"].column_dimensions[letters[0]].hidden = True
        book["trials"].column_dimensions[letters[1]].width = 5
        book["arms"].row_dimensions[2].hidden = True
        book["claims"].sheet_state = "veryHidden"

    content = book_of(change)
    # no height and no width hide as well
    parts = {
        "xl/worksheets/sheet1.xml": ('width="5"', 'width="0"'),
        "xl/worksheets/sheet3.xml": ('<row r="9"', '<row r="9" ht="0" customHeight="1"'),
    }
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        none = {
            part: archive.read(part).decode().replace(*change) for part, change in parts.items()
        }
    tables, found = said(tmp_path, rewritten(content, **none))
    assert {name: len(rows) + 1 for name, rows in tables.items()} == {
        name: len(rows) for name, rows in ROWS.items()
    }
    assert sorted(found) == [
        (NOTE, "[arms]: 1 row of arms is hidden (2) and is read all the same"),
        (NOTE, "[claims]: the sheet claims is hidden and is read all the same"),
        (NOTE, "[outcomes]: 4 rows of outcomes are hidden (6, 7, 9, 12) and are read all the same"),
        (
            NOTE,
            "[trials]: 2 columns of trials are hidden (year, country) and are read all the same",
        ),
    ]


# sheets that are none of the tables


def spare(title, rows=(), state="visible"):
    def change(book):
        sheet = book.create_sheet(title)
        sheet.sheet_state = state
        for row in rows:
            sheet.append(row)

    return change


NAMES = ["trial_id", "arm_id", "outcome", "n"]


@pytest.mark.parametrize(
    ("change", "severity", "says"),
    [
        (spare("Sheet1"), NOTE, "the sheet 'Sheet1' is empty and left out"),
        (spare("Blatt2", state="hidden"), NOTE, "the hidden sheet 'Blatt2' is empty and left out"),
        (spare("my notes", [["to do"], ["ask Ann"]]), NOTE, "the sheet 'my notes' is none of"),
        (spare("x_old", [NAMES, ["a", "b", "c", 1]]), NOTE, "the sheet 'x_old' is of your own"),
        (spare("outcomes (2)", [NAMES]), NOTE, "the sheet 'outcomes (2)' is none of the tables"),
        (
            spare("outcomes (2)", [NAMES, ["a", "b", "c", 1]]),
            ERROR,
            "the sheet 'outcomes (2)' has columns of outcomes: move its rows there, or give it a "
            "name that starts with x_",
        ),
        (
            lambda book: book.create_chartsheet("Chart1"),
            NOTE,
            "the sheet 'Chart1' is no sheet of cells (chartsheet) and left out",
        ),
    ],
)
def test_a_spare_sheet_is_left_out_with_a_note_or_refused(tmp_path, change, severity, says):
    _, found = said(tmp_path, book_of(change))
    ((kind, text),) = found
    assert kind == severity
    assert says in text


@pytest.mark.parametrize("title", ["Outcome", "outcomes ", "OUTCOMES_new", "Ergebnisse"])
def test_a_table_under_another_name_is_never_left_out_in_silence(tmp_path, title):
    _, found = said(tmp_path, book_of(lambda book: setattr(book["outcomes"], "title", title)))
    faults = [text for kind, text in found if kind == ERROR]
    assert any("the sheet outcomes is missing" in text for text in faults)
    assert any(title in text and "outcomes" in text for text in faults)


# columns of one's own


def test_a_column_of_ones_own_is_left_out_and_named_whatever_its_cells_are(tmp_path):
    def change(book):
        sheet = book["outcomes"]
        for line, value in enumerate(["x_check", "=1+1", datetime.date(2020, 1, 1), 0.5], start=1):
            sheet.cell(line, len(ROWS["outcomes"][0]) + 1).value = value

    tables, found = said(tmp_path, book_of(change))
    assert [kind for kind, _ in found] == [NOTE] * len(found)
    assert "x_check" not in tables["outcomes"][0].entered
    assert any("left out, as column of your own: x_check" in text for _, text in found)
    plain, _ = said(tmp_path, book_of())
    assert tables == plain


# text


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("_x0041_", "A"),
        ("_x005F_x0041_", "_x0041_"),
        ("a_x000D_\nb", "a\nb"),
        ("_xD83D__xDE00_", "\U0001f600"),
        ("_x00G1_", "_x00G1_"),
        ("plain _x", "plain _x"),
    ],
)
def test_escapes_of_a_workbook_are_the_characters_that_they_stand_for(written, text):
    assert unescaped(written) == text


@pytest.mark.parametrize("code", ["0001", "001F", "D800", "DC00", "FFFE", "FFFF", "000D"])
def test_a_character_that_no_page_can_show_is_named_at_its_cell(tmp_path, code):
    def change(book):
        book["trials"][at("trials", 2, "label")].value = f"Adams _x{code}_ 2011"

    (fault,) = [text for kind, text in said(tmp_path, book_of(change))[1] if kind == ERROR]
    assert fault == f"[trials]:2 column label: holds a control character (U+{code})"


def test_text_in_several_formats_is_one_text_without_its_pronunciation(tmp_path):
    content = workbook_template()
    part = "xl/sharedStrings.xml"
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        texts = archive.read(part).decode()
    rich = (
        "<si><r><t>trial</t></r><r><rPr><b/></rPr><t>_id</t></r>"
        '<rPh sb="0" eb="1"><t>no</t></rPh><phoneticPr fontId="1"/></si>'
    )
    assert "<si><t>trial_id</t></si>" in texts
    content = rewritten(content, **{part: texts.replace("<si><t>trial_id</t></si>", rich)})
    assert {text.partition("]")[2] for _, text in said(tmp_path, content)[1]} == {
        ":1: has no row below the header"
    }


# bounds and other kinds of files


def test_formats_far_from_the_table_are_not_read_as_rows(tmp_path):
    content = book_of()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        sheet = archive.read("xl/worksheets/sheet3.xml").decode()
    many = "".join(f'<row r="{n}"><c r="A{n}" s="0"/></row>' for n in range(100, 20_100))
    far = '<row r="1048576"><c r="XFD1048576" s="0"/></row>'
    content = rewritten(
        content,
        **{"xl/worksheets/sheet3.xml": sheet.replace("</sheetData>", f"{many}{far}</sheetData>")},
    )
    book = Book(content)
    outcomes = next(sheet for sheet in book.sheets if sheet.title == "outcomes")
    # a note takes two lines of the file
    assert [line for line, _ in book.rows(outcomes)] == list(range(1, len(ROWS["outcomes"]) + 1))
    assert said(tmp_path, content)[1] == []


def test_each_formula_is_told_until_there_are_too_many(tmp_path):
    def change(book):
        for line in range(2, MAX_REFUSED + 1_000):
            book["outcomes"][at("outcomes", line, "n")].value = "=15+15"

    _, found = said(tmp_path, book_of(change))
    faults = [text for kind, text in found if kind == ERROR and "formula" in text]
    assert faults[:2] == [
        "[outcomes]:2 column n: holds a formula; paste its value",
        "[outcomes]:3 column n: holds a formula; paste its value",
    ]
    assert len(faults) <= MAX_REFUSED + 1


def test_more_texts_or_cells_than_anybody_typed_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(xlsx, "MAX_CELLS", 100)
    assert "holds more than 100 cells" in said(tmp_path, book_of())[1][0][1]
    monkeypatch.setattr(xlsx, "MAX_TEXTS", 50)
    assert "holds more than 50 texts" in said(tmp_path, workbook_template())[1][0][1]


def strict(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        book = archive.read("xl/workbook.xml").decode()
    return rewritten(
        content,
        **{
            "xl/workbook.xml": book.replace(
                "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
                "http://purl.oclc.org/ooxml/spreadsheetml/main",
            )
        },
    )


def archive_of(**parts):
    return rewritten(book_of(), **{"[Content_Types].xml": None, "_rels/.rels": None}, **parts)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: strict(book_of()), "is saved as Strict Open XML Spreadsheet; save it as an ordin"),
        (lambda: archive_of(**{"content.xml": "<a/>"}), "is an OpenDocument file (.ods)"),
        (lambda: archive_of(**{"Index/Document.iwa": ""}), "is a spreadsheet of Apple Numbers"),
        (lambda: archive_of(**{"xl/workbook.bin": ""}), "is a binary workbook of Excel (.xlsb)"),
        (lambda: archive_of(**{"word/document.xml": "<a/>"}), "is not a workbook (.xlsx)"),
        (
            lambda: b"\xd0\xcf\x11\xe0" + bytes(600) + "EncryptedPackage".encode("utf-16-le"),
            "is protected by a password; take it off",
        ),
    ],
)
def test_a_file_that_is_called_a_workbook_is_named_for_what_it_is(tmp_path, make, says):
    tables, ((kind, text),) = said(tmp_path, make())
    assert (tables, kind) == ({}, ERROR)
    assert text.startswith(f": {says}")


def test_a_workbook_with_prefixes_and_without_places_is_read_the_same(tmp_path):
    content = book_of()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
    for name in ("worksheet", "sheetData", "row", "c", "v", "f", "is", "t"):
        sheet = sheet.replace(f"<{name} ", f"<p:{name} ").replace(f"<{name}>", f"<p:{name}>")
        sheet = sheet.replace(f"</{name}>", f"</p:{name}>").replace(f"<{name}/>", f"<p:{name}/>")
    sheet = sheet.replace("xmlns=", "xmlns:p=")
    other, found = said(tmp_path, rewritten(content, **{"xl/worksheets/sheet1.xml": sheet}))
    assert "<p:c " in sheet
    assert found == []
    assert other == said(tmp_path, content)[0]


PARTS = ["xl/worksheets/sheet3.xml", "xl/workbook.xml", "xl/styles.xml", "_rels/.rels"]


@settings(
    deadline=None,
    derandomize=True,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.data())
def test_any_damage_to_a_workbook_gives_problems_alone(data):
    content = CLEAN
    if part := data.draw(st.sampled_from([None, *PARTS])):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            content = archive.read(part)
    damaged = bytearray(content)
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(damaged)))
        end = min(len(damaged), start + data.draw(st.integers(0, 30)))
        piece = st.binary(max_size=6) | st.sampled_from([b'"', b"<c/>", b'r="0"', b"9", b"&#1;"])
        damaged[start:end] = data.draw(piece)
    whole = rewritten(CLEAN, **{part: bytes(damaged)}) if part else bytes(damaged)
    tables, problems = workbook_tables("tables.xlsx", whole)
    assert all(str(problem).isprintable() for problem in problems)
    assert tables or any(problem.severity == ERROR for problem in problems)


# a file by itself


def test_a_workbook_of_any_name_is_read_when_it_is_named(tmp_path):
    tables, found = said(tmp_path, book_of(), "Extraction 2024.xlsx")
    assert found == []
    assert len(tables) == len(RAW_TABLES)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("tables.ods", "is the form of OpenDocument; .xlsx (Excel Workbook) is the one"),
        ("tables.XLS", "is the form of old Excel"),
        ("tables.xlsb", "is the binary form of Excel"),
        ("tables.xlsm", "is a workbook with macros"),
        ("tables.numbers", "is the form of Apple Numbers"),
        ("notes.txt", "is none of the tables by its name: trials.csv, arms.csv"),
        ("mine.csv", "is none of the tables by its name: trials.csv, arms.csv"),
    ],
)
def test_a_file_of_another_kind_is_named(tmp_path, name, says):
    (tmp_path / name).write_bytes(b"")
    tables, (problem,) = read_place(tmp_path / name)
    assert tables == {}
    assert problem.message.startswith(says)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("Tables.xlsx", "there is 'Tables.xlsx': it must be called tables.xlsx"),
        ("Extraction.xlsx", "there is 'Extraction.xlsx': it must be called tables.xlsx"),
        ("tables.xlsm", "'tables.xlsm': it must be saved as Excel Workbook, as tables.xlsx"),
        ("tables.xls", "'tables.xls': it must be saved as Excel Workbook, as tables.xlsx"),
        ("tables.ods", "'tables.ods': it must be saved as Excel Workbook, as tables.xlsx"),
        ("review.numbers", "'review.numbers': it must be saved as Excel Workbook, as tables.xlsx"),
        ("Extraction - outcomes.csv", "it must be called outcomes.csv"),
        ("risk-of-bias.csv.txt", "'risk-of-bias.csv.txt': it must be called risk_of_bias.csv"),
        ("ARMS.CSV", "'ARMS.CSV': it must be called arms.csv"),
    ],
)
def test_a_folder_without_tables_says_what_its_files_must_be_called(tmp_path, name, says):
    (tmp_path / name).write_bytes(b"")
    tables, (problem,) = read_place(tmp_path)
    assert tables == {}
    assert says in problem.message
    assert "and no tables.xlsx" in problem.message


def test_one_table_is_checked_by_itself():
    tables, problems = check_folder(BASE / "outcomes.csv")
    assert [p.severity for p in problems] == [NOTE]
    assert len(tables[OutcomeRow]) == len(ROWS["outcomes"]) - 1
