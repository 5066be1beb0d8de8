"""`ketameta trust`: forms of assessors, and what becomes of them filled."""

from __future__ import annotations

import csv
import re
import shutil
from pathlib import Path
from zipfile import ZipFile

import pytest

from ketameta.cli import main
from ketameta.ingest.places import read_table_file
from ketameta.tables.raw import TRUSTWORTHINESS
from ketameta.tables.trust import CHECKS, DOMAINS

TESTS = Path(__file__).parent
EACH = len(CHECKS) + len(DOMAINS) + 1
TRIALS = ("price2014", "singh2016")


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Go to a project with the tables and questions of the tests."""
    root = tmp_path / "review"
    (root / "workflow/config").mkdir(parents=True)
    shutil.copytree(TESTS / "tables", root / "data/raw")
    for name in ("analyses.yaml", "multiverse.yaml"):
        shutil.copy(TESTS / name, root / "workflow/config" / name)
    shutil.copytree(TESTS / "vocabulary", root / "workflow/config/vocabulary")
    monkeypatch.chdir(root)
    return root


def read(path):
    with Path(path).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def form(assessor, file):
    return main(["trust", "form", assessor, file, *(w for t in TRIALS for w in ("--trial", t))])


def filled(path, assessor, **judged):
    """Fill a form: all checks no, domains and the whole as told, else no concerns."""
    rows = read(path)
    for row in rows:
        if row["item"].startswith("C"):
            row["answer"] = row["answer"] or "no"
        else:
            row["judgement"] = judged.get(row["trial_id"], "no concerns")
            row["support"] = f"by {assessor}"
    with Path(path).open("w", encoding="utf-8", newline="") as file:
        out = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        out.writeheader()
        out.writerows(rows)


def test_a_form_has_each_check_once_and_answers_where_numbers_decide(project, capsys):
    assert form("A", "a.csv") == 0
    assert capsys.readouterr().out == f"a.csv: 2 trials, {2 * EACH} rows for A\n"
    rows = read("a.csv")
    assert len(rows) == len({(r["trial_id"], r["item"]) for r in rows}) == 2 * EACH
    assert {r["assessor"] for r in rows} == {"A"}
    assert not any(r["judgement"] for r in rows)
    answered = {(r["trial_id"], r["item"]): r["answer"] for r in rows if r["answer"]}
    assert answered["price2014", "C4.8"] == "yes"
    assert {item for _, item in answered} <= {"C2.2", "C4.8"}
    own = next(r for r in rows if (r["trial_id"], r["item"]) == ("price2014", "C4.8"))
    assert "outcomes.csv:" in own["x_found"]
    assert own["support"] == f"number checks: {own['x_found']}"
    # what no number speaks to is empty, what one speaks to says how many were looked at
    by_item = {r["item"]: r["x_found"] for r in rows if r["trial_id"] == "singh2016"}
    assert by_item["C1.1"] == by_item["overall"] == ""
    assert by_item["C4.6"].startswith("nothing found in ")


def test_a_workbook_offers_the_words_and_is_read_back(project, capsys):
    assert form("B", "b.xlsx") == 0
    text = read_table_file(Path("b.xlsx"), TRUSTWORTHINESS)
    assert text.readable
    assert [p for p in text.problems if p.severity == "error"] == []
    with ZipFile("b.xlsx") as book:
        sheet = book.read("xl/worksheets/sheet2.xml").decode()
    # what the program found has the room to be read
    assert re.search(r'<col min="11" max="11" width="60', sheet)
    # text it stays: 4.1 and 4.10 are two checks
    items = [r.cells["item"] for r in text.rows]
    assert (items.count("C4.1"), items.count("C4.10")) == (2, 2)


def test_nothing_is_written_over_and_unknown_trials_are_named(project, capsys):
    assert form("A", "a.csv") == 0
    assert form("A", "a.csv") == 1
    assert "nothing is written over" in capsys.readouterr().err
    assert main(["trust", "form", "A", "c.csv", "--trial", "sing2016"]) == 1
    assert "singh2016" in capsys.readouterr().err
    assert main(["trust", "form", "A", "c.docx"]) == 1
    assert not Path("c.csv").exists()


def test_forms_of_two_become_one_table_that_the_check_takes(project, capsys):
    for who, word in (("A", "no concerns"), ("B", "some concerns")):
        file = f"{who}.csv"
        assert form(who, file) == 0
        filled(file, who, price2014=word)
    capsys.readouterr()
    assert main(["trust", "join", "A.csv", "B.csv"]) == 0
    assert f"{4 * EACH} rows, {4 * EACH} new, 0 changed" in capsys.readouterr().out
    rows = read("data/raw/trustworthiness.csv")
    assert [*rows[0]] == list(TRUSTWORTHINESS.names)
    assert [r["item"] for r in rows if r["trial_id"] == "singh2016" and r["assessor"] == "B"] == [
        *CHECKS, *DOMAINS, "overall",
    ]  # fmt: skip
    main(["check"])
    assert "trustworthiness.csv" not in capsys.readouterr().err
    # a later form changes its own rows, and leaves the others
    filled("B.csv", "B", price2014="serious concerns")
    assert main(["trust", "join", "B.csv"]) == 0
    assert f"{4 * EACH} rows, 0 new, {len(DOMAINS) + 1} changed" in capsys.readouterr().out


def test_rows_that_nobody_filled_stay_out(project, capsys):
    assert form("A", "a.csv") == 0
    given = sum(bool(row["answer"]) for row in read("a.csv"))
    assert main(["trust", "join", "a.csv"]) == 0
    assert f": {given} rows" in capsys.readouterr().out


def test_two_forms_of_one_assessor_that_differ_are_refused(project, capsys):
    for file in ("a.csv", "again.csv"):
        assert form("A", file) == 0
    filled("a.csv", "A")
    filled("again.csv", "A", singh2016="some concerns")
    assert main(["trust", "join", "a.csv", "again.csv"]) == 1
    assert "singh2016 / D1 / A stands twice" in capsys.readouterr().err
    assert not Path("data/raw/trustworthiness.csv").exists()


def test_a_fault_of_the_tables_makes_no_form(project, capsys):
    with (project / "data/raw/trials.csv").open("a", encoding="utf-8") as file:
        file.write("no-such-design,x,2000,,,,,wrong,TRD\n")
    assert form("A", "a.csv") == 1
    assert "no form is made" in capsys.readouterr().err
