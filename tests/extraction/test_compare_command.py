"""`ketameta compare`: what it reads, prints and writes, and its exit status."""

import csv
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from ketameta.cli import main
from ketameta.configuration import CONFIG
from ketameta.extraction.matching import match
from ketameta.extraction.sides import RaterError, sides_by_rater, two_sides
from ketameta.ingest.formats import as_workbook, read_cells
from ketameta.tables.raw import OutcomeRow, TrialRow

ROOT = Path(__file__).parents[1]
BASE = ROOT / "bad_input" / "base"


@pytest.fixture(autouse=True)
def apart(tmp_path, monkeypatch):
    """Work in a folder that is no project."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def a(tmp_path):
    return Path(shutil.copytree(BASE, tmp_path / "a"))


@pytest.fixture
def b(tmp_path):
    return Path(shutil.copytree(BASE, tmp_path / "b"))


def spoil(folder, table, old, new):
    path = folder / f"{table}.csv"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def read_rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write_rows(path, rows):
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def say(capsys, *words):
    status = main(["compare", *map(str, words)])
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    return status, out, err


def told(capsys, *words):
    """Return the exit status and the disagreements as (table, column, a, b)."""
    status, out, _ = say(capsys, *words, "--json", "--no-impact")
    found = json.loads(out)["disagreements"]
    return status, [(d["table"], d["column"], d["a"], d["b"]) for d in found]


def test_the_same_tables_agree(a, b, capsys):
    status, out, _ = say(capsys, a, b, "--no-impact")
    assert status == 0
    assert "42 rows are on both sides. No row is on one side alone." in out
    assert told(capsys, "a", "b") == (0, [])


def test_a_difference_is_told_with_both_places(a, b, capsys):
    spoil(b, "outcomes", ",24,30,20,", ",24,30,2,")
    status, out, err = say(capsys, "a", "b")
    assert status == 10
    assert "A `20`, B `2`" in out
    assert "`a/outcomes.csv:2` and `b/outcomes.csv:2`" in out
    assert err == "differences are not tried: there is no workflow/config/analyses.yaml\n"
    assert told(capsys, "a", "b") == (10, [("outcomes", "events", "20", "2")])


def test_text_for_people_is_compared_where_it_is_asked_for(a, b, capsys):
    spoil(b, "outcomes", "as printed", "as read")
    assert told(capsys, "a", "b") == (0, [])
    status, found = told(capsys, "a", "b", "--text")
    assert (status, [column for _, column, _, _ in found]) == (10, ["note"])


def test_hours_are_one_time_point_within_the_tolerance_asked_for(a, b, capsys):
    rows = read_rows(b / "outcomes.csv")
    rows[0] |= {"timepoint_h": "27", "events": "19"}
    write_rows(b / "outcomes.csv", rows)
    loose = told(capsys, "a", "b", "--tolerance-h", "3")[1]
    assert {column for _, column, _, _ in loose} == {"timepoint_h", "events"}
    out = say(capsys, "a", "b", "--json", "--no-impact", "--tolerance-h", "3")[1]
    assert "hours 24 and 27 are within 3 h" in out
    assert "hours 24 and 27" not in say(capsys, "a", "b", "--json", "--no-impact")[1]


def test_rows_with_faults_are_compared_and_the_faults_listed(a, b, capsys):
    spoil(b, "outcomes", "adams2011,ketamine_0.5,response,", "adams2011,ketamine_0.5,respons,")
    spoil(b, "outcomes", ",15.2,9.8,", ",15.2 (9.8),,")
    spoil(b, "arms", "adams2011,saline,saline", "adams2011,saline,salt water")
    status, found = told(capsys, "a", "b")
    assert status == 10
    assert set(found) == {
        ("outcomes", "outcome", "response", "respons"),
        ("outcomes", "mean", "15.2", "15.2 (9.8)"),
        ("outcomes", "sd", "9.8", ""),
        ("arms", "treatment", "saline", "salt water"),
    }
    faults = json.loads(say(capsys, "a", "b", "--json", "--no-impact")[1])["b"]["problems"]
    assert {(p["table"], p["column"]) for p in faults} >= {
        ("outcomes", "outcome"), ("outcomes", "mean"), ("arms", "treatment"),
    }  # fmt: skip


def test_tables_and_columns_that_a_side_lacks_are_said_and_not_compared(a, b, capsys):
    (b / "claims.csv").unlink()
    rows = read_rows(b / "outcomes.csv")
    lacks = [{n: cell for n, cell in row.items() if n != "definition"} for row in rows]
    write_rows(b / "outcomes.csv", lacks)
    status, out, _ = say(capsys, "a", "b", "--no-impact")
    assert status == 0
    assert "B has no table claims" in out
    assert "B has no definition in outcomes" in out


def test_a_table_that_nobody_filled_is_said_and_not_compared(a, b, capsys):
    for path in (b / "claims.csv", b / "contrasts.csv"):
        path.write_text(path.read_text(encoding="utf-8").splitlines(True)[0], encoding="utf-8")
    status, out, _ = say(capsys, "a", "b", "--no-impact")
    assert status == 0
    assert "B has no row in table claims" in out
    assert "B has no row in table contrasts" in out
    # what is to grow may begin empty
    asked = told(capsys, "b", "a")[1]
    assert asked == [("contrasts", "", "", "row")] * 3 + [("claims", "", "", "row")] * 2
    for path in b.glob("*.csv"):
        path.write_text(path.read_text(encoding="utf-8").splitlines(True)[0], encoding="utf-8")
    assert say(capsys, "a", "b", "--no-impact") == (1, "", "b: holds no row\n")


def test_a_batch_leans_on_the_trials_of_the_tables_it_adds_to(a, tmp_path):
    batch = tmp_path / "batch"
    batch.mkdir()
    lines = (a / "outcomes.csv").read_text(encoding="utf-8").splitlines()
    new = lines[1].replace(",24,30,20,", ",9,30,77,")
    (batch / "outcomes.csv").write_text("\n".join((lines[0], new)) + "\n", encoding="utf-8")
    other = {**read_rows(a / "trials.csv")[2], "trial_id": "young2026", "label": "Young 2026"}
    write_rows(batch / "trials.csv", [other])
    first, second = two_sides(a, batch)
    assert [p.column for p in second.problems] == ["events"]  # 77 of 30, but no unknown trial
    assert second.tables[OutcomeRow][0].events is None
    found = match(first, second)
    assert [row.trial_id for _, row in found.only_b] == ["young2026", "adams2011"]


def with_raters(folder, name, raters):
    """Give each row of a table a rater, none where it is empty."""
    path = folder / f"{name}.csv"
    write_rows(path, [{**row, "rater": r} for row in read_rows(path) for r in raters(row)])


def test_two_raters_of_one_place(a, capsys):
    with_raters(a, "outcomes", lambda r: "ab" if r["trial_id"] == "adams2011" else [""])
    spoil(a, "outcomes", ",24,30,20,", ",24,30,19,")
    assert told(capsys, "a") == (10, [("outcomes", "events", "19", "20")])
    assert told(capsys, "a", "--raters", "b", "a") == (10, [("outcomes", "events", "20", "19")])
    out = json.loads(say(capsys, "a", "--json", "--no-impact")[1])
    assert (out["a"]["name"], out["b"]["name"]) == ("a", "b")
    # what is both raters' is no agreement of theirs
    adams = sum(r.startswith("adams2011") for r in (a / "outcomes.csv").read_text().splitlines())
    assert len(out["matched"]) == adams / 2
    assert set(out["a"]["absent"]) >= {"trials", "arms", "contrasts"}
    first, _ = sides_by_rater(a)
    assert not first.problems
    assert len(first.tables[TrialRow]) == 5
    assert "rater" not in first.tables[OutcomeRow][0].entered


def test_raters_must_be_two(a, capsys):
    status, _, err = say(capsys, "a")
    assert status == 2
    assert "there are: none: no row has a cell in a column rater" in err
    with_raters(a, "outcomes", lambda r: "abc")
    assert say(capsys, "a")[2].endswith("two raters are needed; there are: a, b, c\n")
    assert say(capsys, "a", "--raters", "a", "d")[0] == 2
    assert say(capsys, "a", "--raters", "a", "a")[0] == 2
    assert say(capsys, "a", "a", "--raters", "a", "b")[0] == 2
    assert told(capsys, "a", "--raters", "a", "c") == (0, [])
    with pytest.raises(RaterError):
        sides_by_rater(a, ("b",))


def test_a_workbook_is_an_extraction_too(a, b, capsys):
    spoil(b, "outcomes", ",24,30,20,", ",24,30,2,")
    Path("b.xlsx").write_bytes(as_workbook(read_cells(b)[0]))
    status, out, _ = say(capsys, "a", "b.xlsx", "--no-impact")
    assert status == 10
    assert "`b.xlsx[outcomes]:2`" in out
    assert told(capsys, "a", "b.xlsx") == (10, [("outcomes", "events", "20", "2")])


def test_a_side_that_cannot_be_read_and_wrong_use(a, tmp_path, capsys):
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "trials.csv").write_bytes(b"\x00\x01")
    status, out, err = say(capsys, "a", "bad")
    assert (status, out) == (1, "")
    assert "bad/trials.csv" in err
    assert say(capsys, "a", "nowhere")[0] == 2
    assert say(capsys, "a", "")[0] == 2
    assert say(capsys, "a", "a", "--html", "a/outcomes.csv")[0] == 2
    assert say(capsys, "a", "a", "--adjudicate", "a/adjudication.csv")[0] == 2
    Path("a.xlsx").write_bytes(as_workbook(read_cells(a)[0]))
    assert say(capsys, "a.xlsx", "a", "--adjudicate", "a.xlsx")[0] == 2
    assert say(capsys, "a", "a", "--tolerance-h", "-1")[0] == 2
    assert say(capsys, "a", "a", "--tolerance-h", "nan")[0] == 2
    assert say(capsys, "a", "a", "--adjudicate", "lines.txt")[0] == 2
    assert say(capsys, "a", "a", "--take-new", "why")[0] == 2
    blank = ("--take-new", " ", "--role", "reader", "--adjudicate", "lines.csv")
    assert say(capsys, "a", "a", *blank)[0] == 2


def test_a_table_that_is_there_but_cannot_be_read_is_no_agreement(a, b, capsys):
    path = b / "claims.csv"
    path.write_bytes(path.read_bytes().replace(b"claim_id,", b"CLAIM ID,", 1).upper())
    status, out, err = say(capsys, "a", "b", "--no-impact")
    assert (status, out) == (1, "")
    assert "b/claims.csv:1: the first line names no column of this table" in err
    path.unlink()
    (a / "adjudication.csv").write_text("decided,why\nA,so\n", encoding="utf-8")
    status, out, err = say(capsys, "a", "b", "--no-impact")
    assert (status, out) == (1, "")
    assert "a/adjudication.csv:1" in err


def lines():
    return read_rows(Path("lines.csv"))


def test_lines_to_decide_keep_what_people_wrote(a, b, capsys):
    spoil(b, "outcomes", ",24,30,20,", ",24,30,2,")
    spoil(b, "outcomes", ",24,30,8,", ",24,30,9,")
    asked = ("a", "b", "--no-impact", "--adjudicate", "lines.csv")
    status, _, err = say(capsys, *asked)
    assert (status, err) == (10, "written: lines.csv: 2 lines\n")
    made = lines()
    assert [(one["column"], one["a"], one["b"], one["decision"]) for one in made] == [
        ("events", "20", "2", ""),
        ("events", "8", "9", ""),
    ]
    made[0] |= {"decision": "A", "reason": "read again"}
    write_rows(Path("lines.csv"), made)
    spoil(b, "outcomes", ",24,30,9,", ",24,30,8,")
    status, _, err = say(capsys, *asked)
    assert (
        err == "written: lines.csv: 1 lines, 1 kept as they were written, 1 empty ones left out\n"
    )
    assert [(one["a"], one["decision"], one["reason"]) for one in lines()] == [
        ("20", "A", "read again")
    ]
    before = Path("lines.csv").read_bytes() + b'"never closed\n'
    Path("lines.csv").write_bytes(before)
    status, _, err = say(capsys, *asked)
    assert status == 1
    assert err.endswith("lines.csv: is left as it is\n")
    assert Path("lines.csv").read_bytes() == before


def test_rows_of_one_side_may_be_taken_at_once(a, b, capsys):
    text = (b / "outcomes.csv").read_text(encoding="utf-8")
    new = text.splitlines()[1].replace(",24,30,20,", ",999,11,7,")
    (b / "outcomes.csv").write_text(text + new + "\n", encoding="utf-8")
    spoil(b, "outcomes", ",24,30,8,", ",24,30,9,")
    words = ("--take-new", "second batch", "--role", "merger")
    say(capsys, "a", "b", "--no-impact", "--adjudicate", "lines.csv", *words)
    decided = {(x["column"], x["decision"], x["reason"], x["role"]) for x in lines()}
    assert decided == {("events", "", "", ""), ("", "B", "second batch", "merger")}
    assert {len(x["date"]) for x in lines()} == {0, len("2026-11-27")}
    assert say(capsys, "a", "b", "--date", "27.11.26")[0] == 2


def test_of_a_sample_what_b_lacks_of_its_trials_is_asked(a, b, capsys):
    for table in ("trials", "arms", "outcomes", "contrasts", "risk_of_bias"):
        rows = [r for r in read_rows(b / f"{table}.csv") if r["trial_id"] == "adams2011"]
        assert rows
        write_rows(b / f"{table}.csv", rows)
    for table in ("published", "claims"):
        (b / f"{table}.csv").unlink()
    assert told(capsys, "a", "b", "--sample") == (0, [])
    spoil(b, "outcomes", ",24,30,20,", ",999,11,7,")
    row = ("outcomes", "")
    assert told(capsys, "a", "b", "--batch") == (10, [(*row, "", "row")])
    assert told(capsys, "a", "b", "--sample") == (10, [(*row, "row", ""), (*row, "", "row")])
    assert len(told(capsys, "a", "b")[1]) > 2
    words = ("--adjudicate", "lines.csv", "--take-new", "more rows", "--role", "merger")
    say(capsys, "a", "b", "--no-impact", "--sample", *words, "--date", "2026-11")
    assert {(x["a"], x["b"], x["decision"], x["date"]) for x in lines()} == {
        *(("row", "", "", ""), ("", "row", "B", "2026-11"))
    }
    with pytest.raises(SystemExit):
        say(capsys, "a", "b", "--sample", "--batch")


def test_what_was_decided_before_is_not_asked_again(a, b, capsys):
    spoil(b, "outcomes", ",24,30,20,", ",24,30,2,")
    say(capsys, "a", "b", "--no-impact", "--adjudicate", "lines.csv")
    (one,) = lines()
    one |= {"decision": "A", "reason": "table 2", "role": "reader"}
    write_rows(a / "adjudication.csv", [one])
    status, _, err = say(capsys, "a", "b", "--no-impact")
    assert (status, err) == (0, "1 more were decided before (adjudication)\n")


def test_differences_are_tried_by_the_questions_of_the_project(a, b, tmp_path, capsys):
    raw = tmp_path / "project" / "data" / "raw"
    shutil.copytree(a, raw)
    config = tmp_path / "project" / CONFIG
    config.parent.mkdir(parents=True)
    shutil.copy(ROOT / "analyses.yaml", config)
    spoil(b, "outcomes", ",24,30,20,", ",24,30,2,")
    status, out, err = say(capsys, "project", "b", "--json", "--html", "page.html")
    assert (status, err) == (10, "")
    (one,) = json.loads(out)["disagreements"]
    assert "response_24h" in one["analyses"]
    page = Path("page.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert "response" in page
    config.write_text("nonsense: [", encoding="utf-8")
    assert say(capsys, "project", "b")[2].startswith("differences are not tried: ")


def test_a_revision_is_an_extraction_and_its_rows_are_named_by_it(a, tmp_path, capsys, monkeypatch):
    raw = tmp_path / "repo" / "data" / "raw"
    shutil.copytree(a, raw)
    monkeypatch.chdir(tmp_path / "repo")
    who = ("-c", "user.name=x", "-c", "user.email=x@example.org")
    for words in (("init", "-q"), ("add", "."), (*who, "commit", "-qm", "first")):
        subprocess.run(["git", *words], check=True)
    spoil(raw, "outcomes", ",24,30,20,", ",24,30,2,")
    status, out, _ = say(capsys, "HEAD", ".", "--no-impact")
    assert status == 10
    assert "`HEAD:data/raw/outcomes.csv:2` and `data/raw/outcomes.csv:2`" in out
