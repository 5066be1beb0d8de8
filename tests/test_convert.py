"""`ketameta convert`: other forms with the same cells, and a start from a Cochrane review."""

import csv
import math
import shutil
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ketameta import commands
from ketameta.cli import main
from ketameta.ingest.formats import LossError, as_files, as_workbook, read_cells
from ketameta.ingest.stage import check_folder
from ketameta.tables.collection import Tables
from ketameta.tables.digests import digests
from ketameta.tables.effects import EffectRow
from ketameta.tables.problems import ProblemRow, errors
from ketameta.tables.raw import RAW_KINDS, RAW_TABLES

from .rows import tables_of

ROOT = Path(__file__).parents[1]
RAW = ROOT / "tests" / "tables"
SMALL = ROOT / "tests" / "bad_input" / "base"
RM5, STUDIES = "review.rm5", "studies.csv"
ROWS = ROOT / "tests" / "bad_input" / "data-rows.csv"


@pytest.fixture
def convert(capsys):
    def run(*words):
        status = main(["convert", *map(str, words)])
        out, err = capsys.readouterr()
        return status, out, err

    return run


def same_bytes(one, other):
    return {p.name: p.read_bytes() for p in one.iterdir()} == {
        p.name: p.read_bytes() for p in other.iterdir()
    }


def known(folder):
    tables, problems = check_folder(folder)
    assert errors(problems) == []
    return digests(tables)


def test_the_real_tables_come_back_from_excel_byte_by_byte(convert, tmp_path):
    book, back = tmp_path / "tables.xlsx", tmp_path / "back"
    status, out, err = convert(RAW, book)
    assert (status, err) == (0, "")
    assert "111 trials" in out or " trials, " in out
    assert known(tmp_path) == known(RAW)
    assert convert(book, back)[0] == 0
    # a table may lack optional columns: those without a cell are not written
    assert same_bytes(RAW, back)


def test_the_real_tables_come_back_from_tsv_byte_by_byte(convert, tmp_path):
    assert convert(RAW, tmp_path / "tsv", "--tsv")[0] == 0
    assert {p.suffix for p in (tmp_path / "tsv").iterdir()} == {".tsv"}
    assert known(tmp_path / "tsv") == known(RAW)
    assert convert(tmp_path / "tsv", tmp_path / "back")[0] == 0
    assert same_bytes(RAW, tmp_path / "back")


def test_the_workbook_has_the_same_bytes_each_time_and_offers_words(convert, tmp_path):
    assert convert(SMALL, tmp_path / "a.xlsx")[0] == 0
    assert convert(SMALL, tmp_path / "b.xlsx")[0] == 0
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    sheet = book["outcomes"]
    assert sheet.cell(1, 1).comment is not None
    ranges = [str(rule.sqref) for rule in sheet.data_validations.dataValidation]
    # rows may be added below those that are there
    assert all(
        int(found.rsplit(":")[1].lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")) > 2000 for found in ranges
    )


HARD = {
    "baseline_mean": ["0.50", "007.5", "1e1", "+3", ".5", "12", "-0", "30.0"],
    "note": [
        "=1+1",
        "2020-02-01",
        "0001",
        "TRUE",
        "two\nlines",
        'a "quote", a comma; and\ta tab',
        "https://example.org/a?b=c#d",
        "_x0041_",
        "x" * 19_999,
        "Ünïcödé 中文 😀",
        "#N/A",
        "'5",
        "{=SUM(A1)}",
        "1,5",
        "@here",
    ],
    "locator": ["3.10", "1E5", "12/5", "1-2", "00", "1.0"],
}


def hard_cells():
    cells, _ = read_cells(SMALL)
    rows = cells["outcomes"]
    for column, texts in HARD.items():
        for row, text in zip(rows, texts, strict=False):
            row[column] = text
    return cells


def test_cells_that_excel_would_write_otherwise_stay_as_they_are(tmp_path):
    cells = hard_cells()
    assert any(row.get("note") == "_x0041_" for row in cells["outcomes"])
    book = tmp_path / "tables.xlsx"
    book.write_bytes(as_workbook(cells))
    found, problems = read_cells(book)
    assert errors(problems) == []
    assert found == cells
    # what a number says wholly is a number in Excel, the rest is text
    sheet = openpyxl.load_workbook(book)["outcomes"]
    header = [cell.value for cell in sheet[1]]
    column = [sheet.cell(i, header.index("baseline_mean") + 1) for i in range(2, 10)]
    assert [cell.data_type for cell in column] == ["s", "s", "s", "s", "s", "n", "s", "s"]
    for ending in (".csv", ".tsv"):
        folder = tmp_path / ending[1:]
        folder.mkdir()
        for name, content in as_files(cells, ending).items():
            (folder / name).write_bytes(content)
        assert read_cells(folder)[0] == cells


# the reader takes odd spaces and invisible characters away, and refuses control characters
TEXTS = st.text(
    st.sampled_from("0123456789.,-+eE=\"'\t\n;:_xX#@ /")
    | st.characters(codec="utf-8", exclude_categories=["C", "Z"]),
    min_size=1,
    max_size=30,
)


@settings(
    deadline=None,
    derandomize=True,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(st.lists(TEXTS.map(str.strip).filter(bool), min_size=1, max_size=6), st.data())
def test_any_cell_is_kept_or_refused_never_changed(texts, data):
    column = data.draw(st.sampled_from(["note", "baseline_mean", "trial_id", "p_value"]))
    table = "contrasts" if column == "p_value" else "outcomes"
    cells = {name: [] for name in RAW_TABLES} | {table: [{column: text} for text in texts]}
    refused = []
    for write in (as_workbook, as_files, lambda c: as_files(c, ".tsv")):
        try:
            write(cells)  # reads back what it wrote, and compares
        except LossError as error:
            refused.append(str(error))
    # a cell of two lines may look like a quote that is not closed
    assert not refused or any("\n" in text for text in texts)
    assert all(table in message for message in refused)


def test_a_cell_that_cannot_be_kept_is_named():
    cells = {name: [] for name in RAW_TABLES} | {
        "arms": [{"trial_id": "a"}, {"arm_label": "a\x07"}]
    }
    for write in (as_files, as_workbook):
        with pytest.raises(LossError, match=r"row 2 of arms, column arm_label|control"):
            write(cells)


def test_rows_are_counted_with_their_noun(convert, tmp_path):
    folder = tmp_path / "one"
    folder.mkdir()
    kept = {"trials": 2, "arms": 3, "outcomes": 2, "claims": 2, "risk_of_bias": 2}
    for name in ("trials", "arms", "outcomes", "contrasts", "published", "claims", "risk_of_bias"):
        lines = (RAW / f"{name}.csv").read_text(encoding="utf-8").splitlines(keepends=True)
        (folder / f"{name}.csv").write_text("".join(lines[: kept.get(name, 1)]), encoding="utf-8")
    status, out, err = convert(folder, tmp_path / "one.xlsx")
    assert (status, err) == (0, "")
    assert out.splitlines()[-1] == "1 trial, 2 arms, 1 outcome, 1 claim, 1 risk of bias"


def test_nothing_is_written_over(convert, tmp_path):
    target = tmp_path / "raw"
    target.mkdir()
    (target / "arms.tsv").write_text("mine")
    status, out, err = convert(SMALL, target)
    assert (status, out) == (2, "")
    assert f"{target / 'arms.tsv'}: is there already; nothing is written over" in err
    assert [p.name for p in target.iterdir()] == ["arms.tsv"]
    book = tmp_path / "b.xlsx"
    book.write_text("mine")
    assert convert(SMALL, book)[0] == 2
    assert book.read_text() == "mine"


def test_tables_with_faults_of_form_are_not_converted(convert, tmp_path):
    folder = Path(shutil.copytree(SMALL, tmp_path / "raw"))
    path = folder / "arms.csv"
    path.write_text(path.read_text("utf-8").replace("adams2011,saline", "adams2011,,saline", 1))
    (folder / "claims.csv").unlink()
    status, out, err = convert(folder, tmp_path / "x.xlsx")
    assert (status, out) == (1, "")
    assert f"{path}:3: has 13 cells; the header has 12" in err
    assert "claims.csv: the file is missing; no row of claims is written" in err
    assert err.endswith("1 fault of form: nothing is written\n")
    assert not (tmp_path / "x.xlsx").exists()


def test_what_is_there_of_a_second_extraction_is_converted(convert, tmp_path):
    folder = Path(shutil.copytree(SMALL, tmp_path / "raw"))
    for name in ("claims", "published"):
        (folder / f"{name}.csv").unlink()
    book = tmp_path / "x.xlsx"
    status, _, err = convert(folder, book)
    assert status == 0
    assert [line.rpartition("; ")[2] for line in err.splitlines()] == [
        "no row of claims is written", "no row of published is written",
    ]  # fmt: skip
    assert read_cells(book)[0] == read_cells(folder)[0] | {"claims": [], "published": []}
    # nor is a table emptied that is there
    before = book.read_bytes()
    status, out, err = convert(folder, book, "--replace")
    assert (status, out) == (1, "")
    assert "2 faults of form: nothing is written" in err
    assert book.read_bytes() == before


def test_cells_with_faults_of_content_are_converted_to_be_corrected(convert, tmp_path):
    folder = Path(shutil.copytree(SMALL, tmp_path / "raw"))
    path = folder / "outcomes.csv"
    path.write_text(path.read_text("utf-8").replace(",MADRS,", ",MADRAS,"), "utf-8")
    assert convert(folder, tmp_path / "x.xlsx")[0] == 0
    assert convert(tmp_path / "x.xlsx", tmp_path / "back")[0] == 0
    assert read_cells(tmp_path / "back")[0] == read_cells(folder)[0]


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (("none", "out"), 1, "none: No such file or directory"),
        (("none.xlsx", "out"), 1, "none.xlsx: cannot be read: No such file or directory"),
        ((ROWS, "out", "--analysis", "8.1"), 2, "--analysis '8.1': there is none such"),
        ((SMALL, "out", "--analysis", "1.1"), 2, "for reviews and tables of others alone"),
        ((SMALL / "arms.csv", "out"), 1, "arms.csv: is one table of several; give the folder that"),
        ((RM5, "out"), 1, "review.rm5:2: review.rm5 is no tree of XML: no element found"),
        ((STUDIES, "out"), 1, "studies.csv:1: has none of the columns of RevMan's data rows (Ana"),
        (("none.ods", "out"), 1, "none.ods: is the form of OpenDocument; .xlsx (Excel Workbook)"),
        ((SMALL, "tables.ods"), 2, "tables.ods: .xlsx is the one workbook that can be written"),
        ((SMALL, "tables.XLS"), 2, "tables.XLS: .xlsx is the one workbook that can be written"),
        ((SMALL, "a/tables.numbers"), 2, ".xlsx is the one workbook that can be written"),
        ((SMALL, "out.parquet"), 2, "the tables are several files; give a folder, or a FILE.xlsx"),
        ((SMALL, "out.csv"), 2, "the tables are several files; give a folder, or a FILE.xlsx"),
    ],
)
def test_what_cannot_be_converted_is_said(convert, tmp_path, monkeypatch, words, status, says):
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.chdir(home)
    made = {
        RM5: '<?xml version="1.0" encoding="UTF-8"?>\n<COCHRANE_REVIEW><ANALYSES_AND_DATA/>',
        STUDIES: "study,effect\nAsh,0.4\n",
    }
    for name, text in made.items():
        (tmp_path / name).write_text(text)
    found, out, err = convert(*(tmp_path / word if word in made else word for word in words))
    assert (found, out) == (status, "")
    assert says in err
    assert list(home.iterdir()) == []


@pytest.mark.parametrize("name", ["t.ods", "t.csv", "t.xlsb"])
def test_a_template_has_no_other_form_either(tmp_path, capsys, name):
    assert main(["template", str(tmp_path / name)]) == 2
    assert name in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


# back and forth with --replace


@pytest.fixture
def raw(tmp_path):
    (tmp_path / "data").mkdir()
    folder = Path(shutil.copytree(SMALL, tmp_path / "data" / "raw"))
    (folder / "notes.txt").write_text("mine")
    return folder


def edited(raw, tmp_path, convert):
    """Return a workbook of the tables in which one cell was changed."""
    path = tmp_path / "tables.xlsx"
    assert convert(raw, path)[0] == 0
    book = openpyxl.load_workbook(path)
    column = [cell.value for cell in book["outcomes"][1]].index("events") + 1
    book["outcomes"].cell(2, column).value = 21
    book.save(path)
    return path


def test_an_edited_workbook_replaces_the_files_and_a_copy_is_kept(convert, raw, tmp_path):
    book = edited(raw, tmp_path, convert)
    status, _, err = convert(book, raw)
    assert status == 2
    assert (
        f"{raw / 'trials.csv'}: is there already; nothing is written over without --replace" in err
    )
    assert same_bytes(SMALL, without(raw, "notes.txt", tmp_path / "seen"))
    status, out, _ = convert(book, raw, "--replace")
    assert status == 0
    assert f"what was there is kept in {raw / 'replaced-1'}\n" in out
    assert same_bytes(SMALL, raw / "replaced-1")
    old, new = (read_cells(place)[0] for place in (SMALL, raw))
    assert old["outcomes"][0].pop("events") == "20"
    assert new["outcomes"][0].pop("events") == "21"
    assert new == old
    # nothing reads the copy, and other files stay
    assert check_folder(raw)[1] == []
    assert (raw / "notes.txt").read_text() == "mine"
    assert convert(raw / "replaced-1", raw, "--replace")[0] == 0
    assert known(raw) == known(SMALL)
    assert known(raw / "replaced-2") != known(SMALL)


def without(folder, name, place):
    shutil.copytree(folder, place)
    (place / name).unlink()
    return place


def test_a_workbook_beside_files_is_taken_or_replaced_by_them(convert, raw):
    book = raw / "tables.xlsx"
    status, _, err = convert(raw, book)
    assert (status, book.exists()) == (2, False)
    assert "is there already" in err
    assert convert(raw, book, "--replace")[0] == 0
    # the workbook alone is left: beside files it would not be read
    assert {path.name for path in raw.iterdir()} == {"notes.txt", "replaced-1", "tables.xlsx"}
    assert check_folder(raw)[1] == []
    assert convert(book, raw)[0] == 2
    assert convert(book, raw, "--replace", "--tsv")[0] == 0
    assert not book.exists()
    assert (raw / "replaced-2" / "tables.xlsx").exists()
    assert known(raw) == known(SMALL)


def test_a_replacement_that_fails_leaves_everything_as_it_was(convert, raw, tmp_path, monkeypatch):
    book = edited(raw, tmp_path, convert)
    (raw / "claims.csv").unlink()
    before = {path: path.read_bytes() for path in raw.iterdir()}
    real, written = commands.convert.write_bytes, []

    def full(path, content):
        written.append(path)
        if len(written) == 7:
            raise OSError(28, "No space left on device", str(path))
        real(path, content)

    monkeypatch.setattr(commands.convert, "write_bytes", full)
    status, out, err = convert(book, raw, "--replace")
    assert (status, out) == (1, "")
    assert "No space left on device" in err
    assert {path: path.read_bytes() for path in raw.iterdir() if path.is_file()} == before


def test_replacing_nothing_keeps_nothing(convert, tmp_path):
    status, out, _ = convert(SMALL, tmp_path / "new", "--replace")
    assert status == 0
    assert "kept" not in out
    assert {path.suffix for path in (tmp_path / "new").iterdir()} == {".csv"}


def test_the_edited_workbook_is_checked_where_it_is(convert, raw, tmp_path, capsys):
    book = edited(raw, tmp_path, convert)
    assert main(["check", str(book)]) == 0
    assert capsys.readouterr().out == f"{book.as_posix()}: 7 tables, 42 rows, no fault\n"
    changed = openpyxl.load_workbook(book)
    changed["arms"].cell(2, 1).value = "nobody"
    changed.save(book)
    assert main(["check", str(book)]) == 1
    assert f"{book.as_posix()}[arms]:2 column trial_id: " in capsys.readouterr().err


def test_columns_of_ones_own_go_along_and_come_back(convert, raw, tmp_path):
    path = raw / "arms.csv"
    lines = path.read_text("utf-8").splitlines()
    own = ["x_todo,X_n", *(f"ask Ann {i},0.{i}0" for i in range(1, len(lines)))]
    path.write_text("".join(f"{a},{b}\n" for a, b in zip(lines, own, strict=True)), "utf-8")
    assert convert(raw, tmp_path / "tables.xlsx")[0] == 0
    assert convert(tmp_path / "tables.xlsx", tmp_path / "back")[0] == 0
    assert (tmp_path / "back" / "arms.csv").read_bytes() == path.read_bytes()
    # they say nothing about the data
    assert known(raw) == known(SMALL) == known(tmp_path)


def test_a_cell_that_shows_per_cent_is_converted_as_what_it_shows(convert, raw, tmp_path):
    path = tmp_path / "tables.xlsx"
    assert convert(raw, path)[0] == 0
    book = openpyxl.load_workbook(path)
    column = [cell.value for cell in book["contrasts"][1]].index("ci_level") + 1
    cell = book["contrasts"].cell(2, column)
    assert cell.value == 95
    cell.value, cell.number_format = 0.95, "0%"
    book.save(path)
    assert convert(path, tmp_path / "back")[0] == 0
    assert read_cells(tmp_path / "back") == read_cells(SMALL)


# from RevMan


def read(folder, table):
    with (folder / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def filled(rows):
    return [{name: cell for name, cell in row.items() if cell} for row in rows]


@pytest.fixture
def made(convert, tmp_path):
    folder = tmp_path / "review"
    status, out, err = convert(ROWS, folder, "--reference", "10.1002/14651858.CD000000")
    assert status == 0, err
    assert "5 trials, 14 arms" in out
    return folder, err


def test_a_review_gives_trials_and_arms_without_what_it_does_not_say(made):
    folder, _ = made
    assert filled(read(folder, "trials")) == [
        {"trial_id": "adams2011", "label": "Adams 2011", "year": "2011"},
        {"trial_id": "baker2014", "label": "Baker 2014", "year": "2014"},
        {"trial_id": "clark2016", "label": "Clark 2016", "year": "2016"},
        {"trial_id": "davis2019", "label": "Davis 2019", "year": "2019"},
        {"trial_id": "evansstcie2021", "label": "Évans-Øst & Cie 2021", "year": "2021"},
    ]
    arms = filled(read(folder, "arms"))
    assert {row["arm_id"] for row in arms if row["trial_id"] == "davis2019"} == {
        *("experimental_2", "control_2", "experimental_3", "control_3")
    }
    assert all(set(row) == {"trial_id", "arm_id", "arm_label"} for row in arms)


def test_a_review_gives_numbers_as_they_stand_with_their_place(made):
    folder, _ = made
    rows = filled(read(folder, "outcomes"))
    adams = [row for row in rows if row["trial_id"] == "adams2011"]
    assert adams[0] == {
        "trial_id": "adams2011",
        "arm_id": "experimental_1",
        "definition": "Response at 24 hours",
        "n": "30",
        "events": "12",
        "note": "RevMan analysis 1.1 Response at 24 hours, subgroup One dose; "
        "its effect there 2 (0.86404 to 4.629413)",
        "seen": "secondary",
        "source": "10.1002/14651858.CD000000",
        "locator": "analysis 1.1, subgroup One dose, row Adams 2011",
    }
    means = next(row for row in adams if "mean" in row)
    # decimals as entered
    assert (means["mean"], means["sd"], means["n"]) == ("10.0", "5", "30")
    assert "end scores are assumed" in means["note"]
    # no event in either arm is a result
    assert [row["events"] for row in rows if row["trial_id"] == "baker2014"] == ["0", "0"]
    contrasts = filled(read(folder, "contrasts"))
    ratio = next(row for row in contrasts if "exp(GIV Mean)" in row["note"])
    assert float(ratio["estimate"]) == pytest.approx(math.exp(-0.5), rel=1e-8)
    assert ratio["se"] == "0.2"
    peto = next(row for row in contrasts if "(O-E)/V" in row["note"])
    assert float(peto["estimate"]) == pytest.approx(math.exp(-2.5 / 5), rel=1e-8)
    assert float(peto["se"]) == pytest.approx(5**-0.5, rel=1e-8)
    plain = next(row for row in contrasts if "BDI" in row["note"])
    assert (plain["estimate"], plain["se"]) == ("-5.3", "2.858768")


def test_every_assumption_is_told(made):
    _, err = made
    for says in (
        "1.1 Response at 24 hours: risk ratio: gives the 3 effects",
        "1.1: more than one row of Adams 2011",
        "two arms a study and comparison",
        "seen is secondary",
    ):
        assert says in err


def test_two_studies_whose_names_are_alike_are_two_trials(convert, tmp_path):
    text = ROWS.read_text(encoding="utf-8").replace("Baker 2014", "adams-2011", 1)
    path = tmp_path / "rows.csv"
    path.write_text(text, encoding="utf-8")
    assert convert(path, tmp_path / "new")[0] == 0
    trials = {row["trial_id"]: row["label"] for row in read(tmp_path / "new", "trials")}
    assert trials["adams2011"] == "Adams 2011"
    assert trials["adams2011_2"] == "adams-2011"


def test_check_then_names_what_a_person_must_fill_in_and_no_more(made):
    folder, _ = made
    problems = errors(check_folder(folder)[1])
    assert {(problem.table, problem.column) for problem in problems} == {
        *(("trials", "design"), ("trials", "population"), ("arms", "treatment")),
        *(("outcomes", "outcome"), ("contrasts", "outcome"), ("contrasts", "measure")),
    }
    assert all("is empty" in problem.message for problem in problems)


def test_one_analysis_filled_in_gives_the_effects_that_pool_gives(convert, tmp_path):
    """Fill in what a person knows, and the pipeline's risk ratios are those of the rows."""
    from ketameta.stats import effect_size

    folder = tmp_path / "review"
    assert convert(ROWS, folder, "--analysis", "1.1", "--reference", "10.1002/x")[0] == 0
    words = {
        "trials": {"design": "parallel", "population": "TRD"},
        "outcomes": {"outcome": "response", "timepoint_h": "24", "analysis_set": "itt"},
    }
    for table in ("trials", "arms", "outcomes"):
        rows = read(folder, table)
        for row in rows:
            row.update(words.get(table, {}))
            if table == "arms":
                treated = row["arm_id"].startswith("experimental")
                row["treatment"] = "ketamine" if treated else "saline"
        # the women are a subgroup of the trial, not one more result
        rows = [row for row in rows if "subgroup Women" not in row.get("note", "")]
        with (folder / f"{table}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, rows[0], lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    tables, problems = check_folder(folder)
    assert errors(problems) == []
    found = effects_by_trial(tables)
    own = effect_size("RR", ai=[12, 9], n1i=[30, 25], ci=[6, 0], n2i=[30, 25])
    assert found["adams2011"] == pytest.approx(own.yi[0], rel=1e-14)
    assert found["clark2016"] == pytest.approx(own.yi[1], rel=1e-14)


def effects_by_trial(tables):
    from ketameta.configuration import load
    from ketameta.normalize.stage import normalize

    configuration = load(ROOT / "tests" / "analyses.yaml")
    empty = Tables({ProblemRow: [], **{RAW_KINDS[name]: [] for name in RAW_TABLES}})
    made = tables_of(normalize(empty | tables, configuration))
    return {
        row.trial_id: row.yi
        for row in made[EffectRow]
        if row.analysis == "response_24h" and row.measure == "RR"
    }


def test_acknowledged_warnings_go_to_excel_and_back(tmp_path):
    base = Path(__file__).parent / "bad_input" / "base"
    source = Path(shutil.copytree(base, tmp_path / "raw"))
    text = "code,table,trial_id,arm_id,outcome,timepoint_h,column,value,reason,by,date\n"
    text += "spread-of-0,outcomes,adams2011,,,24,sd,0,as printed,me,2026-01-31\n"
    (source / "acknowledged.csv").write_text(text, encoding="utf-8")
    assert main(["convert", str(source), str(tmp_path / "tables.xlsx")]) == 0
    assert main(["convert", str(tmp_path / "tables.xlsx"), str(tmp_path / "back")]) == 0
    assert (tmp_path / "back" / "acknowledged.csv").read_text(encoding="utf-8") == text
    (source / "acknowledged.csv").unlink()
    assert main(["convert", str(source), str(tmp_path / "without")]) == 0
    assert not (tmp_path / "without" / "acknowledged.csv").exists()
