"""Two extractions made one, all or nothing, every byte kept that nobody changes."""

from __future__ import annotations

import csv
import io
import os
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from ketameta.cli import main
from ketameta.commands import merge as merge_command
from ketameta.extraction import adjudication
from ketameta.extraction.agreement import column_agreement
from ketameta.extraction.disagreements import disagreements
from ketameta.extraction.matching import match
from ketameta.extraction.records import Impact
from ketameta.extraction.sides import sides_by_rater, two_sides
from ketameta.ingest.formats import as_workbook, read_cells
from ketameta.ingest.stage import check_folder
from ketameta.tables.problems import ERROR

BASE = Path(__file__).parents[1] / "bad_input" / "base"
OUTCOME = "adams2011,saline,response,MADRS,,24,30,8,"
MEAN = "adams2011,ketamine_0.5,depression_score,MADRS,,24,30,,,32.5,5.1,15.2,9.8"
HOUR = "adams2011 / saline / response / MADRS / 24"
NEW_TRIAL = "fox2022,Fox 2022,2022,,,,,parallel,MDD,,,,,40,,,\n"
NEW_ARMS = "fox2022,ketamine,ketamine,,,,,,,20,,\nfox2022,placebo,placebo,,,,,,,20,,\n"
NEW_ROW = "fox2022,ketamine,any_ae,,,,20,9,,,,,,,,,,,,,,,,itt,,,,direct,10.1000/f,,table 1\n"


class Both:
    """Two extractions in a folder each, the decisions on them, and what merging them says."""

    def __init__(self, folder, capsys):
        self.folder, self.capsys = folder, capsys
        self.a, self.b, self.file, self.out = (
            folder / name for name in ("a", "b", "lines.csv", "out")
        )
        shutil.copytree(BASE, self.a)
        shutil.copytree(BASE, self.b)

    def edit(self, side, table, old, new):
        path = side / f"{table}.csv"
        text = path.read_bytes().decode()
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times"
        path.write_bytes(text.replace(old, new).encode())

    def lines(self):
        a, b = two_sides(self.a, self.b)
        found = disagreements(a, b, match(a, b), free_text=False)
        return adjudication.open_lines(Impact(one, (), None, ()) for one in found)

    def decide(self, decision="B", value="", **others):
        """Write a decision for every line, or another for those of a column or table."""
        made = self.lines()
        for line in made:
            own = others.get(line["column"] or line["table"], (decision, value))
            own = own if isinstance(own, tuple) else (own, "")
            line |= dict(zip(("decision", "value"), own, strict=True))
            if own[0]:
                line |= {"reason": "as printed", "role": "third reader"}
        self.file.write_bytes(adjudication.content(made, self.file.suffix))
        return made

    def merge(self, *options, out=None, places=None):
        """Return status, output and errors, the folder's name left out."""
        out = self.out if out is None else out
        places = (self.a, self.b, self.file, out) if places is None else places
        status = main(["merge", *map(str, places), *options])
        said = (text.replace(f"{self.folder}/", "") for text in self.capsys.readouterr())
        return status, *said

    def correct(self, *rows):
        names = ("file", "line", "column", "old", "new", "why", "source", "locator")
        path = self.folder / "corrections.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([names, *((*row, "", "") for row in rows)])
        return ("--corrections", str(path))


@pytest.fixture
def both(tmp_path, capsys):
    return Both(tmp_path, capsys)


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def changed(before, after):
    """Return the lines that differ, by file: those that went and those that came."""
    found = {}
    for name in before.keys() | after.keys():
        old, new = (files.get(name, b"").decode().splitlines() for files in (before, after))
        if old != new:
            found[name] = [x for x in old if x not in new], [x for x in new if x not in old]
    return found


def record(folder):
    with (folder / "adjudication.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_each_decision_is_carried_out(both) -> None:
    both.edit(both.b, "outcomes", OUTCOME, OUTCOME.replace(",30,8,", ",29,9,"))
    both.edit(both.b, "outcomes", MEAN, MEAN.replace("5.1,15.2", "5.2,12.5"))
    both.edit(both.b, "trials", "Clark 2016,2016", "Clark 2016,2017")
    before = content(both.a)
    both.decide("B", n="A", mean=("other", "15.25"), year="A")
    status, out, err = both.merge("--role", "second reader")
    assert (status, err) == (0, "")
    assert "outcomes: 3 cells changed\n" in out
    after = content(both.out)
    assert {n: after[n] for n in before if n != "outcomes.csv"} == {
        n: before[n] for n in before if n != "outcomes.csv"
    }
    assert after["outcomes.csv"] == before["outcomes.csv"].replace(
        OUTCOME.encode(), OUTCOME.replace(",30,8,", ",30,9,").encode()
    ).replace(MEAN.encode(), MEAN.replace("5.1,15.2", "5.2,15.25").encode())
    assert content(both.a) == before
    told = {(r["column"], r["decision"], r["value"]) for r in record(both.out)}
    assert told == {
        ("n", "A", ""),
        ("events", "B", ""),
        ("baseline_sd", "B", ""),
        ("mean", "other", "15.25"),
        ("year", "A", ""),
    }
    (row,) = [r for r in record(both.out) if r["column"] == "mean"]
    assert (row["a"], row["b"], row["role"], row["reason"]) == (
        *("15.2", "12.5", "third reader"),
        "as printed",
    )
    assert (row["place_a"], row["place_b"]) == ("outcomes.csv:4", "outcomes.csv:4")
    assert not [p for p in check_folder(both.out)[1] if p.severity == ERROR]


def test_an_empty_cell_may_be_decided(both) -> None:
    both.edit(both.b, "outcomes", MEAN, MEAN.replace("15.2", "12.5"))
    both.decide("other", "(empty)")
    assert both.merge()[0] == 0
    assert MEAN.replace("15.2", "").encode() in content(both.out)["outcomes.csv"]


def test_both_stand_and_the_source_in_conflict_is_kept_from_pools(both) -> None:
    both.edit(both.b, "outcomes", OUTCOME, OUTCOME.replace(",30,8,", ",29,9,"))
    before = content(both.a)
    both.decide("both", n="A")
    status, out, _ = both.merge()
    assert status == 0
    assert "1 row of another source stands beside" in out
    ((gone, came),) = (
        changed(before, content(both.out)).values()
        if False
        else (changed(before, content(both.out))["outcomes.csv"],)
    )
    assert gone == []
    beside = next(line for line in came if line.startswith(OUTCOME.replace(",30,8,", ",30,9,")))
    assert "conflict: another source gives another value of events" in beside
    lines = content(both.out)["outcomes.csv"].decode().splitlines()
    assert lines[lines.index(beside) - 1].startswith(OUTCOME)
    _, problems = check_folder(both.out)
    assert [p for p in problems if p.severity != "note"] == [
        p for p in check_folder(both.a)[1] if p.severity != "note"
    ]


def test_a_row_that_is_kept_from_pools_already_keeps_its_flag(both) -> None:
    row = next(x for x in content(both.a)["outcomes.csv"].decode().splitlines(True) if OUTCOME in x)
    of_a = row.replace(",itt,,,", ",itt,,do-not-pool: rated again,").replace(",30,8,", ",30,5,")
    of_b = of_a.replace(",30,5,", ",30,6,")
    both.edit(both.a, "outcomes", row, row + of_a)
    both.edit(both.b, "outcomes", row, row + of_b)
    both.decide("both")
    assert both.merge("--role", "second", out=both.a)[0] == 0
    assert row + of_a + of_b in content(both.a)["outcomes.csv"].decode()
    with (both.a / "readings.csv").open(encoding="utf-8", newline="") as file:
        found = [r["cells"] for r in csv.DictReader(file) if r["row"].startswith(HOUR)]
    assert found == ["4"]
    assert both.merge("--role", "second", out=both.a)[1] == "nothing to do\n"
    # and where B was made from what came out
    shutil.copytree(both.a, both.b, dirs_exist_ok=True)
    assert both.merge("--role", "second", out=both.a)[1] == "nothing to do\n"


def test_a_trial_of_which_b_has_nothing_stays_and_is_not_recorded(both) -> None:
    for table in ("trials", "arms", "outcomes", "contrasts", "risk_of_bias"):
        path = both.b / f"{table}.csv"
        lines = path.read_text(encoding="utf-8").splitlines(True)
        path.write_text("".join(x for x in lines if not x.startswith("evans2021")), "utf-8")
    row = next(x for x in content(both.b)["outcomes.csv"].decode().splitlines(True) if OUTCOME in x)
    both.edit(both.b, "outcomes", row, "")
    both.edit(both.b, "trials", "davis2019,", NEW_TRIAL + "davis2019,")
    written = {"reason": "one batch of several", "role": "second reader"}
    made = adjudication.take_new(both.lines(), written)
    both.file.write_bytes(adjudication.content(made, ".csv"))
    before = content(both.a)
    assert both.merge()[0] == 0
    assert changed(before, content(both.out)).keys() == {"trials.csv", "adjudication.csv"}
    told = [(r["table"], r["trial_id"], r["decision"]) for r in record(both.out)]
    assert told == [("trials", "fox2022", "B"), ("outcomes", "adams2011", "A")]


def test_a_row_of_a_that_names_no_trial_stays_and_is_not_recorded(both) -> None:
    path = both.a / "risk_of_bias.csv"
    path.write_bytes(path.read_bytes() + b",RoB2,,D1,low,,10.1000/review,\n")
    before = content(both.a)
    both.decide("A")
    assert both.merge()[0] == 0
    assert content(both.out) == before


def test_rows_come_and_go_as_decided(both) -> None:
    both.edit(both.b, "trials", "davis2019,", NEW_TRIAL + "davis2019,")
    both.edit(both.b, "arms", "davis2019,esk", NEW_ARMS + "davis2019,esk")
    row = OUTCOME.replace(",24,30,8,", ",72,30,11,")
    old = next(x for x in content(both.a)["outcomes.csv"].decode().splitlines(True) if OUTCOME in x)
    new = old.replace(OUTCOME, row)
    both.edit(
        both.b,
        "outcomes",
        "baker2014,ketamine_0.5,dropout",
        f"{new}{NEW_ROW}baker2014,ketamine_0.5,dropout",
    )
    gone = next(
        x for x in content(both.a)["outcomes.csv"].decode().splitlines(True) if "davis2019,pl" in x
    )
    both.edit(both.b, "outcomes", gone, "")
    before = content(both.a)
    both.decide("B")
    assert both.merge()[0] == 0
    after = content(both.out)
    assert after["trials.csv"].decode() == before["trials.csv"].decode() + NEW_TRIAL
    assert after["arms.csv"].decode() == before["arms.csv"].decode() + NEW_ARMS
    lines = after["outcomes.csv"].decode().splitlines(True)
    assert gone not in lines
    # below the rows of its trial
    assert lines[lines.index(new) + 1].startswith("baker2014")
    assert lines[-1] == NEW_ROW
    shutil.rmtree(both.out)
    both.decide("A")
    assert both.merge()[0] == 0
    assert {n: c for n, c in content(both.out).items() if n in before} == before


@pytest.mark.parametrize("in_place", [False, True])
def test_merging_again_changes_no_byte(both, in_place) -> None:
    both.edit(both.b, "outcomes", OUTCOME, OUTCOME.replace(",30,8,", ",29,9,"))
    both.edit(both.b, "outcomes", MEAN, MEAN.replace("5.1,15.2,9.8", "5.2,12.5,9.9"))
    both.edit(both.b, "trials", "davis2019,", NEW_TRIAL + "davis2019,")
    both.decide("B", events="both", mean=("other", "15.25"), n="A")
    out = both.a if in_place else both.out
    options = (
        "--role",
        "second reader",
        *both.correct(("trials.csv", 4, "doi", "", "10.1000/clark", "the paper is found")),
    )
    assert both.merge(*options, out=out)[0] == 0
    once = content(out)
    times = {path: path.stat().st_mtime_ns for path in out.iterdir()}
    status, said, err = both.merge(*options, out=out)
    assert (status, err) == (0, "")
    assert said.endswith("nothing to do\n")
    assert content(out) == once
    assert {path: path.stat().st_mtime_ns for path in out.iterdir()} == times


def test_a_row_that_goes_by_another_name_since_is_known(both) -> None:
    both.edit(both.b, "outcomes", OUTCOME, OUTCOME.replace(",24,30,8,", ",25,29,9,"))
    both.decide("B", n="A", events="both")
    assert both.merge("--role", "second", out=both.a)[0] == 0
    found = [(r["column"], r["row"]) for r in record(both.a)]
    name = HOUR.replace("24", "25") + " / itt"
    assert found == [("timepoint_h", name), ("n", name), ("events", name)]
    _, problems = check_folder(both.a)
    assert not [p for p in problems if p.table == "adjudication"]
    assert both.merge("--role", "second", out=both.a)[1] == "nothing to do\n"


def test_rows_that_were_read_twice_are_recorded_by_role(both) -> None:
    both.edit(both.b, "outcomes", OUTCOME, OUTCOME.replace(",30,8,", ",29,9,"))
    both.decide("A")
    assert "word for word" not in both.merge()[1]
    assert not (both.out / "readings.csv").exists()
    shutil.rmtree(both.out)
    _, said, _ = both.merge("--role", "second reader", "--date", "2026-11")
    # B was made of A, and says so by its notes
    found = match(*two_sides(both.a, both.b)).matches
    alike = sum(getattr(m.a, "note", None) is not None for m in found)
    assert alike
    assert f"{alike} row" in said
    assert "word for word: " in said
    with (both.out / "readings.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    same = match(*two_sides(both.a, both.b)).matches
    assert len(rows) == len(same)
    (row,) = [r for r in rows if r["differed"] != "0"]
    assert row["row"] == "adams2011 / saline / response / MADRS / 24 / itt"
    assert (row["cells"], row["differed"], row["role"], row["date"]) == (
        *("4", "2", "second reader"),
        "2026-11",
    )
    assert not [p for p in check_folder(both.out)[1] if p.severity == ERROR]


def test_what_has_no_date_gets_that_of_the_merge(both) -> None:
    both.edit(both.b, "outcomes", OUTCOME, OUTCOME.replace(",30,8,", ",29,9,"))
    made = both.decide("A")
    made[0]["date"] = "2025-06"
    both.file.write_bytes(adjudication.content(made, ".csv"))
    options = (*both.correct(("trials.csv", 4, "doi", "", "10.1000/clark", "so")), "--role", "x")
    assert both.merge(*options, "--date", "27.11.26")[0] == 2
    assert both.merge(*options, "--date", "2026-11", out=both.a)[0] == 0
    assert {(r["column"], r["date"]) for r in record(both.a)} == {
        *(("n", "2025-06"), ("events", "2026-11"), ("doi", "2026-11"))
    }
    assert both.merge(*options, "--date", "2026-12", out=both.a)[1].endswith("nothing to do\n")


def readings(folder):
    with (folder / "readings.csv").open(encoding="utf-8", newline="") as file:
        return {row["row"]: row for row in csv.DictReader(file)}


def test_the_cells_of_second_readings_are_those_that_agreement_counts(both) -> None:
    both.edit(both.b, "outcomes", OUTCOME, OUTCOME.replace(",24,30,8,", ",25,29,,"))
    both.edit(both.b, "outcomes", MEAN, MEAN.replace("5.1,15.2", "5.10,12.5"))
    a, b = two_sides(both.a, both.b)
    (whole, *_) = column_agreement(a, b, match(a, b))
    both.decide("A")
    assert both.merge("--role", "second")[0] == 0
    rows = readings(both.out).values()
    assert sum(int(row["cells"]) for row in rows) == whole.cells.n
    assert sum(int(row["differed"]) for row in rows) == 2
    assert whole.cells.n * (1 - whole.cells.share) == pytest.approx(2)
    # people, how the number was got, and the source; neither key nor note, nor what B leaves empty
    row = readings(both.out)[HOUR + " / itt"]
    assert (row["cells"], row["differed"]) == ("3", "1")


def test_a_row_that_one_b_brought_may_be_read_by_another(both) -> None:
    both.edit(both.b, "trials", "davis2019,", NEW_TRIAL + "davis2019,")
    both.edit(both.b, "arms", "davis2019,esk", NEW_ARMS + "davis2019,esk")
    both.edit(both.b, "outcomes", MEAN, NEW_ROW + MEAN)
    both.decide("B")
    assert both.merge("--role", "first", out=both.a)[0] == 0
    new = NEW_ROW.split(",", maxsplit=1)[0]
    assert not [row for row in readings(both.a) if row.startswith(new)]
    # again, and with a cell mended since: it is the B that gave them
    for more in ((), both.correct(("arms.csv", _line(both.a, "arms", new), "dose", "", "1", "so"))):
        assert both.merge("--role", "first", *more, out=both.a)[0] == 0
        assert not [row for row in readings(both.a) if row.startswith(new)]
    assert both.merge("--role", "first", out=both.a)[1].endswith("nothing to do\n")
    # another that saw the same, by its own note; its arms are word for word those that are there
    both.edit(both.b, "outcomes", NEW_ROW, NEW_ROW.replace(",table 1", ",page 3"))
    both.decide("A")
    assert both.merge("--role", "other", out=both.a)[0] == 0
    assert [r["role"] for n, r in readings(both.a).items() if n.startswith(new)] == ["other"]
    assert both.merge("--role", "other", out=both.a)[1].endswith("nothing to do\n")


def _line(folder, table, start):
    lines = (folder / f"{table}.csv").read_text(encoding="utf-8").splitlines()
    return 1 + next(i for i, line in enumerate(lines) if line.startswith(start))


def test_two_raters_of_one_place_become_one(both) -> None:
    both.edit(both.b, "outcomes", OUTCOME, OUTCOME.replace(",30,8,", ",29,9,"))
    both.edit(both.b, "outcomes", MEAN, MEAN.replace("5.1,15.2", "5.2,12.5"))
    before = content(both.a)
    _, first, second, *rest = before["outcomes.csv"].decode().splitlines(True)
    names, *of_b = content(both.b)["outcomes.csv"].decode().splitlines(True)
    path = both.a / "outcomes.csv"
    rows = [("x", first), ("x", second), *(("y", row) for row in of_b[:2]), ("", rest[0])]
    text = f"rater,{names}" + "".join(f"{rater},{row}" for rater, row in rows)
    path.write_text(text, encoding="utf-8")
    both.b = both.a
    a, b = sides_by_rater(both.a)
    made = adjudication.open_lines(
        Impact(one, (), None, ()) for one in disagreements(a, b, match(a, b), free_text=False)
    )
    made = [line | {"decision": "B" if line["column"] == "events" else "A"} for line in made]
    made = [line | {"reason": "as printed", "role": "third"} for line in made]
    both.file.write_bytes(adjudication.content(made, ".csv"))
    places = (both.a, both.file, both.out)
    assert both.merge("--raters", "x", "y", places=places)[0] == 0
    assert content(both.out)["outcomes.csv"].decode() == "".join(
        [names, first, second.replace(",30,8,", ",30,9,"), rest[0]]
    )
    assert [r["column"] for r in record(both.out)] == ["n", "events"]
    path.write_text(text.replace("\ny,", "\nz,", 1), encoding="utf-8")
    assert both.merge("--raters", "x", "y", places=places)[0] == 1


def test_answers_of_two_raters_of_one_place_stand_side_by_side(both) -> None:
    answers = "trial_id,outcome,question,answer,support,source,locator,rater\n"
    for rater, said in (("x", ("Y", "N")), ("y", ("Y", "PN", "Y"))):
        for number, answer in enumerate(said, start=1):
            answers += f"adams2011,,1.{number},{answer},so,10.1000/x,,{rater}\n"
    (both.a / "rob2_answers.csv").write_text(answers, encoding="utf-8")
    options = ("--raters", "x", "y", "--no-impact", "--adjudicate", str(both.file))
    assert main(["compare", str(both.a), *options]) == 10
    assert not adjudication.read_lines(both.file).lines
    places = (both.a, both.file, both.out)
    assert both.merge("--raters", "x", "y", places=places)[0] == 0
    assert content(both.out)["rob2_answers.csv"].decode() == answers


def refused(both, *options, **where):
    """Merge, and return what it is refused for; nothing is written."""
    before = content(both.a)
    status, out, err = both.merge(*options, **where)
    assert (status, out) == (1, "")
    assert err.endswith("nothing is written\n")
    assert not both.out.exists()
    assert content(both.a) == before
    return err.splitlines()[:-1]


def test_an_open_line_is_refused(both) -> None:
    both.edit(both.b, "outcomes", OUTCOME, OUTCOME.replace(",30,8,", ",29,9,"))
    both.decide("A", events="")
    head, said = refused(both)
    assert head == (
        "1 of 2 lines is open: fill in decision (A, B, other with a value, or both), reason and "
        "role"
    )
    assert said == (
        "lines.csv:3: is open: outcomes / adams2011 / saline / response / MADRS / 24 / itt "
        "events: '8' and '9' (a/outcomes.csv:3 and b/outcomes.csv:3)"
    )


def test_what_is_to_be_done_stands_first_and_lines_in_the_order_of_the_file(both) -> None:
    both.edit(both.b, "outcomes", OUTCOME, OUTCOME.replace(",30,8,", ",29,9,"))
    both.edit(both.b, "outcomes", MEAN, MEAN.replace("5.1,15.2", "5.2,fifteen"))
    made = both.decide("B", n="", events="")
    both.file.write_bytes(adjudication.content(made[::-1], ".csv"))
    head, *rest = refused(both)
    assert head.startswith("2 of 4 lines are open: fill in decision (A, B, ")
    assert [line.partition(": ")[0] for line in rest] == [f"lines.csv:{n}" for n in (2, 4, 5)]
    assert "'fifteen' is not a number" in rest[0]


def test_a_decision_is_read_as_it_is_typed(both) -> None:
    both.edit(both.b, "outcomes", OUTCOME, OUTCOME.replace(",30,8,", ",29,9,"))
    both.edit(both.b, "outcomes", MEAN, MEAN.replace("5.1,15.2", "5.2,12.5"))
    both.decide("b", n=" A ", mean=("Other", "15.25"), events="BOTH")
    assert both.merge()[0] == 0
    assert {(r["column"], r["decision"]) for r in record(both.out)} == {
        *(("n", "A"), ("events", "both"), ("baseline_sd", "B"), ("mean", "other"))
    }


@pytest.mark.parametrize("tracked", [False, True])
def test_new_warnings_are_told_by_a_command_that_tells_them(both, tracked) -> None:
    both.edit(both.b, "outcomes", MEAN, MEAN.replace("15.2,9.8", "15.2,0.2"))
    both.decide("B")
    assert f"had not: ketameta check {both.out.name} tells" in both.merge()[1]
    if tracked:
        subprocess.run(["git", "init", "-q", both.a], check=True)
        subprocess.run(["git", "-C", both.a, "add", "."], check=True)
    _, said, _ = both.merge(out=both.a)
    assert f"had not: ketameta check {'--new ' if tracked else ''}a tells" in said


def test_a_side_that_has_changed_since_is_refused(both) -> None:
    both.edit(both.b, "outcomes", OUTCOME, OUTCOME.replace(",30,8,", ",30,9,"))
    both.decide("B")
    both.edit(both.b, "outcomes", OUTCOME.replace(",30,8,", ",30,9,"), OUTCOME)
    (said,) = refused(both)
    assert "is no disagreement of the two: has one changed since?" in said
    both.edit(both.b, "outcomes", OUTCOME, OUTCOME.replace(",30,8,", ",30,7,"))
    head, stale, without = refused(both)
    assert head.startswith("1 difference has no line: ketameta compare --adjudicate FILE")
    assert "has one changed since?" in stale
    assert without.startswith("has no line: outcomes / adams2011 / saline")
    both.decide("B")
    both.edit(both.a, "outcomes", OUTCOME, OUTCOME.replace(",30,8,", ",31,8,"))
    assert ["has no line" in line for line in refused(both)] == [True, True]


def test_lines_known_to_have_ended_are_passed_over(both) -> None:
    both.edit(both.b, "outcomes", OUTCOME, OUTCOME.replace(",30,8,", ",30,9,"))
    both.decide("B")
    both.edit(both.b, "outcomes", OUTCOME.replace(",30,8,", ",30,9,"), OUTCOME)
    found = adjudication.update(both.lines(), adjudication.read_lines(both.file))
    both.file.write_bytes(adjudication.content(found.lines, ".csv"))
    status, out, _ = both.merge()
    assert status == 0
    assert "1 line was passed over: nothing disagrees there any more" in out


def test_a_fault_of_the_lines_is_refused(both) -> None:
    both.edit(both.b, "outcomes", OUTCOME, OUTCOME.replace(",30,8,", ",30,9,"))
    both.decide("other", "many")
    (said,) = refused(both)
    assert said.startswith("lines.csv:2 column value: for events 'many' is not a whole number")


def test_a_cell_of_b_that_its_column_does_not_allow_is_refused(both) -> None:
    both.edit(both.b, "outcomes", OUTCOME, OUTCOME.replace(",30,8,", ",30,nine,"))
    both.decide("B")
    (said,) = refused(both)
    assert said.startswith("lines.csv:2: 'nine' is not a whole number: outcomes / adams2011")


def test_a_result_with_an_error_that_a_has_not_is_refused(both) -> None:
    both.edit(both.b, "outcomes", OUTCOME, OUTCOME.replace(",30,8,", ",7,8,"))
    both.decide("B", events="A")
    (said,) = refused(both)
    assert said == (
        "would be at fault: out/outcomes.csv:3 column events: 8 is more than n = 7 "
        "(trial adams2011, arm saline)"
    )
    # one that A has already is no reason
    both.edit(both.a, "trials", "Clark 2016,2016", "Clark 2016,soon")
    both.edit(both.b, "trials", "Clark 2016,2016", "Clark 2016,soon")
    both.decide("A")
    assert both.merge()[0] == 0


def test_a_decision_that_was_recorded_is_not_turned(both) -> None:
    both.edit(both.b, "outcomes", OUTCOME, OUTCOME.replace(",30,8,", ",30,9,"))
    both.decide("A")
    both.merge(out=both.a)
    both.decide("B")
    (said,) = refused(both, out=both.a)
    assert "B, but A was decided before" in said


def test_corrections_alone_need_no_second_extraction(both) -> None:
    options = both.correct(
        ("outcomes.csv", 4, "mean", "15.2", "15.3", "misread"),
        ("outcomes.csv", 5, "mean", "26.5", "26.6", "misread"),
        ("outcomes.csv", 4, "sd", "9.80", "9.8", "as it is"),
    )
    before = content(both.a)
    places = (both.a, both.out)
    status, out, err = both.merge(*options, places=places)
    assert (status, out) == (2, "")
    assert err == "ketameta merge: corrections.csv:2: say who corrects, with --role NAME\n"
    status, out, err = both.merge(*options, "--role", "checker", places=places)
    assert (status, err) == (0, "")
    assert "outcomes: 1 cell changed" in out
    assert "1 correction stands there already" in out
    assert "not applied: corrections.csv:3 (outcomes.csv:5 mean): '26.4' stands there" in out
    assert content(both.out)["outcomes.csv"] == before["outcomes.csv"].replace(b"15.2", b"15.3")
    (row,) = record(both.out)
    assert [row[n] for n in ("decision", "a", "b", "reason", "role", "place_a", "place_b")] == [
        *("correction", "15.2", "15.3", "misread", "checker"),
        *("outcomes.csv:4", "corrections.csv:2"),
    ]


def test_corrections_and_decisions_of_a_cell_must_agree(both) -> None:
    both.edit(both.b, "outcomes", OUTCOME, OUTCOME.replace(",30,8,", ",30,9,"))
    options = (*both.correct(("outcomes.csv", 3, "events", "8", "9", "so")), "--role", "x")
    both.decide("A")
    (said,) = refused(both, *options)
    assert said == (
        "corrections.csv:2: outcomes.csv:3 events is to be '9', but lines.csv:2 decides A: '8'"
    )
    both.decide("B")
    assert both.merge(*options)[0] == 0
    assert sorted(row["decision"] for row in record(both.out)) == ["B", "correction"]


def test_a_correction_of_a_row_that_goes_is_refused(both) -> None:
    row = next(x for x in content(both.a)["outcomes.csv"].decode().splitlines(True) if OUTCOME in x)
    both.edit(both.b, "outcomes", row, "")
    both.decide("B")
    options = (*both.correct(("outcomes.csv", 3, "events", "8", "9", "so")), "--role", "x")
    (said,) = refused(both, *options)
    assert said == "corrections.csv:2: the row of outcomes.csv:3 events is decided to go"


def test_a_dry_run_writes_nothing(both) -> None:
    both.edit(both.b, "outcomes", OUTCOME, OUTCOME.replace(",30,8,", ",30,9,"))
    both.decide("B")
    before = content(both.a)
    status, out, _ = both.merge("--dry-run", out=both.a)
    assert status == 0
    assert "would write a/outcomes.csv" in out
    assert content(both.a) == before


def test_a_file_that_cannot_be_written_changes_none(both, monkeypatch) -> None:
    both.edit(both.b, "outcomes", OUTCOME, OUTCOME.replace(",30,8,", ",30,9,"))
    both.decide("B")
    before = content(both.a)
    replace, done = os.replace, []

    def full(source, target):
        if done and len(done) == 1:
            done.append(target)
            raise OSError(28, "No space left on device", str(target))
        done.append(target)
        replace(source, target)

    monkeypatch.setattr(os, "replace", full)
    status, out, err = both.merge(out=both.a)
    assert (status, out) == (1, "")
    assert "No space left on device" in err
    assert content(both.a) == before


def test_no_file_is_changed_before_all_are_written(both, monkeypatch) -> None:
    both.edit(both.b, "outcomes", OUTCOME, OUTCOME.replace(",30,8,", ",30,9,"))
    both.decide("B")
    before, written = content(both.a), []

    def full(handle):
        assert content(both.a).items() >= before.items()
        written.append(handle)
        if len(written) == 2:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    status, _, err = both.merge(out=both.a)
    assert status == 1
    assert ".csv: No space left on device" in err
    assert content(both.a) == before


def test_a_table_stays_as_private_as_it_is(both) -> None:
    both.edit(both.b, "outcomes", OUTCOME, OUTCOME.replace(",30,8,", ",30,9,"))
    both.decide("B")
    (both.a / "outcomes.csv").chmod(0o600)
    assert both.merge(out=both.a)[0] == 0
    assert (both.a / "outcomes.csv").stat().st_mode & 0o777 == 0o600


def test_a_that_somebody_changes_meanwhile_is_left_to_them(both, monkeypatch) -> None:
    both.edit(both.b, "outcomes", OUTCOME, OUTCOME.replace(",30,8,", ",30,9,"))
    both.decide("B")
    judged = merge_command._new_faults

    def slow(*given):
        both.edit(both.a, "trials", "Clark 2016,2016", "Clark 2016,2017")
        return judged(*given)

    monkeypatch.setattr(merge_command, "_new_faults", slow)
    before = content(both.a)
    status, out, err = both.merge(out=both.a)
    assert (status, out) == (1, "")
    assert "a: was changed meanwhile; merge again" in err
    assert changed(before, content(both.a)).keys() == {"trials.csv"}


def test_a_record_that_cannot_be_read_is_refused(both) -> None:
    both.edit(both.b, "outcomes", OUTCOME, OUTCOME.replace(",30,8,", ",30,9,"))
    both.decide("B")
    (both.a / "adjudication.csv").write_bytes(b"decided,why\nA,so\n")
    assert any("a/adjudication.csv:1" in line for line in refused(both))


def test_a_move_that_a_spreadsheet_wrote_with_a_comma_is_recorded_with_a_point(both) -> None:
    both.edit(both.b, "outcomes", OUTCOME, OUTCOME.replace(",30,8,", ",30,9,"))
    (line,) = both.decide("B")
    both.file.write_bytes(adjudication.content([line | {"shift": "1,5"}], ".csv"))
    assert both.merge()[0] == 0
    assert [row["shift"] for row in record(both.out)] == ["1.5"]


def test_a_file_of_another_form_keeps_it(both) -> None:
    both.edit(both.b, "outcomes", MEAN, MEAN.replace("5.1,15.2", "5.2,12.5"))
    path = both.a / "outcomes.csv"
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"))))
    names = rows[0]
    for row in rows[1:]:
        for name in ("baseline_mean", "baseline_sd", "mean", "sd", "change_mean", "se"):
            row[names.index(name)] = row[names.index(name)].replace(".", ",")
        row.append("mine; too")
    out = io.StringIO()
    csv.writer(out, delimiter=";", lineterminator="\r\n").writerows([[*names, "x_own"], *rows[1:]])
    path.write_bytes(b"\xef\xbb\xbf" + out.getvalue().encode())
    before = content(both.a)
    both.decide("B")
    assert both.merge(out=both.a)[0] == 0
    wanted = before["outcomes.csv"].replace(b";5,1;15,2;", b";5,2;12,5;")
    assert wanted != before["outcomes.csv"]
    assert content(both.a)["outcomes.csv"] == wanted


def test_workbooks_are_read_and_written(both) -> None:
    both.edit(both.b, "outcomes", OUTCOME, OUTCOME.replace(",30,8,", ",30,9,"))
    both.file = both.folder / "lines.xlsx"
    book = both.folder / "a.xlsx"
    book.write_bytes(as_workbook(read_cells(both.a)[0]))
    shutil.rmtree(both.a)
    both.a = book
    both.decide("B")
    out = both.folder / "merged.xlsx"
    assert both.merge("--role", "second", out=out)[0] == 0
    cells = read_cells(out)[0]
    assert [row["events"] for row in cells["outcomes"] if row.get("events")][1] == "9"
    assert [row["decision"] for row in cells["adjudication"]] == ["B"]
    assert len(cells["readings"]) == len(match(*two_sides(both.a, both.b)).matches)
    assert both.merge("--role", "second", out=out)[1] == "nothing to do\n"
    # into files, and in place
    assert both.merge(out=both.folder / "files")[0] == 0
    assert read_cells(both.folder / "files")[0]["outcomes"] == cells["outcomes"]
    assert both.merge("--role", "second", out=book)[0] == 0
    assert read_cells(book)[0] == cells
    assert both.merge("--role", "second", out=book)[1].endswith("nothing to do\n")


def test_a_sheet_of_your_own_is_not_lost(both) -> None:
    import openpyxl

    both.edit(both.b, "outcomes", OUTCOME, OUTCOME.replace(",30,8,", ",30,9,"))
    path = both.folder / "a.xlsx"
    path.write_bytes(as_workbook(read_cells(both.a)[0]))
    book = openpyxl.load_workbook(path)
    book.create_sheet("x_notes")["A1"] = "mine"
    book.save(path)
    both.a = path
    both.decide("B")
    before = path.read_bytes()
    status, _, err = both.merge(out=path)
    assert status == 1
    assert "a.xlsx: the sheets 'x_notes' would be lost" in err
    assert path.read_bytes() == before
    assert both.merge(out=both.folder / "b.xlsx")[0] == 0


def test_the_order_of_lines_and_corrections_makes_no_difference(both) -> None:
    both.edit(both.b, "outcomes", OUTCOME, OUTCOME.replace(",30,8,", ",29,9,"))
    both.edit(both.b, "outcomes", MEAN, MEAN.replace("5.1,15.2,9.8", "5.2,12.5,9.9"))
    rows = [
        ("trials.csv", 4, "doi", "", "10.1000/clark", "so"),
        ("outcomes.csv", 4, "se", "", "1.8", "so"),
        ("arms.csv", 2, "dose", "0.5", "0.50", "so"),
    ]
    made = both.decide("B", events="both")
    options = ("--role", "second reader")
    assert both.merge(*both.correct(*rows), *options)[0] == 0
    once = content(both.out)
    shuffle = random.Random(1).shuffle
    for _ in range(3):
        shutil.rmtree(both.out)
        shuffle(made)
        shuffle(rows)
        both.file.write_bytes(adjudication.content(made, ".csv"))
        both.merge(*both.correct(*rows), *options)
        now = content(both.out)
        for name, text in once.items():
            if name != "adjudication.csv":
                assert now[name] == text
    # the record tells on which line a correction stood
    assert [row["id"] for row in record(both.out)] == [
        row["id"] for row in csv.DictReader(io.StringIO(once["adjudication.csv"].decode()))
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("a", "b"), "give A, B, FILE and OUT"),
        (("a", "b", "lines.csv"), "give A, B, FILE and OUT"),
        (("a", "b", "lines.txt", "out"), "decisions stand in a .csv, .tsv, .xlsx file"),
        (("a", "b", "lines.csv", "out.csv"), "give a folder, or a FILE.xlsx"),
        (("a", "b", "lines.csv", "b"), "b/arms.csv is there already"),
        (("a", "b", "lines.csv", "out", "--lines-of", "a"), "--lines-of is for --corrections"),
        (("none", "b", "lines.csv", "out"), "none: no such"),
        (("a", "b", "lines.csv", ""), "OUT is empty"),
        (("a", "b", "lines.csv", "out", "--tolerance-h", "nan"), "--tolerance-h is 0 or more"),
    ],
)
def test_what_makes_no_sense_is_wrong_use(both, monkeypatch, words, said) -> None:
    both.edit(both.b, "outcomes", OUTCOME, OUTCOME.replace(",30,8,", ",30,9,"))
    both.decide("B")
    monkeypatch.chdir(both.folder)
    before = content(both.b)
    assert main(["merge", *words]) == 2
    assert said in both.capsys.readouterr().err
    assert content(both.b) == before


def test_what_is_printed_bears_no_control_characters(both) -> None:
    both.edit(both.b, "outcomes", OUTCOME, OUTCOME.replace(",30,8,", ",30,9\x1b[31m,"))
    both.decide("A", events="")
    _, said = refused(both)
    assert "'9\\x1b[31m'" in said
