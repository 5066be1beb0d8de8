"""`ketameta check`: its exit status, its output, and the real tables."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ketameta.cli import main
from ketameta.commands.examine import claims_of_nothing
from ketameta.configuration import CONFIG, load
from ketameta.ingest.places import read_place

ROOT = Path(__file__).parents[1]
BASE = ROOT / "tests" / "bad_input" / "base"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(BASE, tmp_path / "raw"))


def spoil(folder: Path, table: str, old: str, new: str) -> None:
    path = folder / f"{table}.csv"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_the_tables_of_the_tests_have_no_error(capsys) -> None:
    assert main(["check", str(ROOT / "tests" / "tables")]) == 0
    assert "error" not in capsys.readouterr().out


def test_the_summary_counts_tables_and_rows(folder: Path, capsys) -> None:
    assert main(["check", str(folder)]) == 0
    out, err = capsys.readouterr()
    assert out == f"{folder.as_posix()}: 7 tables, 42 rows, no fault\n"
    assert err == ""


def test_a_fault_is_one_line_with_place_value_limit_and_who(folder: Path, capsys) -> None:
    spoil(folder, "outcomes", ",24,30,20,", ",24,30,31,")
    assert main(["check", str(folder)]) == 1
    out, err = capsys.readouterr()
    assert err == (
        f"{folder.as_posix()}/outcomes.csv:2 column events: 31 is more than n = 30 "
        "(trial adams2011, arm ketamine_0.5)\n"
    )
    assert out == f"{folder.as_posix()}: 7 tables, 41 rows without a fault, 1 error\n"


def test_the_folder_is_data_raw_where_none_is_named(folder: Path, capsys, monkeypatch) -> None:
    monkeypatch.chdir(folder.parent)
    (folder.parent / "data").mkdir()
    folder.rename(folder.parent / "data" / "raw")
    assert main(["check"]) == 0
    assert capsys.readouterr().out == "data/raw: 7 tables, 42 rows, no fault\n"


def test_notes_and_warnings_are_marked_and_leave_the_status_at_0(folder: Path, capsys) -> None:
    spoil(folder, "outcomes", ",-9.5,", ",\u22129.5,")
    spoil(folder, "contrasts", ",-10.8,", ",-3,")
    assert main(["check", str(folder)]) == 0
    out, err = capsys.readouterr()
    first, second, *asked = err.splitlines()
    assert first.startswith(f"note: {folder.as_posix()}/outcomes.csv:10 column change_mean: ")
    assert second.startswith(f"warning: {folder.as_posix()}/contrasts.csv:2 column estimate: ")
    # the number checks ask about the same contrast: each names itself in brackets
    assert all("contrasts.csv:2" in line and "[" in line for line in asked)
    assert out.endswith(f"42 rows, 1 note, {1 + len(asked)} warnings\n")


def test_no_folder_is_wrong_use(tmp_path: Path, capsys) -> None:
    assert main(["check", str(tmp_path / "nowhere")]) == 2
    assert capsys.readouterr().err == f"{(tmp_path / 'nowhere').as_posix()}: no such folder\n"
    (tmp_path / "file").write_text("")
    assert main(["check", str(tmp_path / "file")]) == 2
    assert capsys.readouterr().err.endswith("file: is not a folder\n")


def test_a_folder_without_any_table_is_one_fault(tmp_path: Path, capsys) -> None:
    (tmp_path / "notes.txt").write_text("nothing here")
    assert main(["check", str(tmp_path)]) == 1
    err = capsys.readouterr().err
    assert err.startswith(f"{tmp_path.as_posix()}: holds none of the tables trials.csv, arms.csv")
    assert err.count("\n") == 1


def test_a_folder_that_may_not_be_listed_is_one_fault(folder: Path, capsys, monkeypatch) -> None:
    def refuse(path: Path) -> list[str]:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "listdir", refuse)
    assert main(["check", str(folder)]) == 1
    assert capsys.readouterr().err == f"{folder.as_posix()}: Permission denied\n"


def test_a_file_that_may_not_be_read_is_one_fault(folder: Path, capsys, monkeypatch) -> None:
    # the rights of a file do not bind every account that runs tests: refuse in its place
    real = Path.open

    def refuse(path: Path, *args, **kwargs):
        if path.name == "trials.csv":
            raise PermissionError(13, "Permission denied")
        return real(path, *args, **kwargs)

    monkeypatch.setattr(Path, "open", refuse)
    assert main(["check", str(folder)]) == 1
    err = capsys.readouterr().err
    assert err == f"{folder.as_posix()}/trials.csv: cannot be read: Permission denied\n"


def test_control_characters_of_cells_do_not_reach_the_terminal(folder: Path, capsys) -> None:
    spoil(folder, "outcomes", "adams2011,ketamine_0.5,", "adams\x1b[2J2011,ketamine_0.5,")
    spoil(folder, "arms", "adams2011,saline,saline,", "adams2011,\x07sal,saline,")
    assert main(["check", str(folder)]) == 1
    err = capsys.readouterr().err
    assert "\x1b" not in err
    assert "\x07" not in err
    assert "outcomes.csv:2 column trial_id: holds a control character (U+001B)" in err


def test_a_folder_name_that_is_no_text_is_shown_escaped(tmp_path: Path, capsys) -> None:
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/raw\xff\n"))
    shutil.copytree(BASE, folder)
    spoil(folder, "arms", ",IV,1,31", ",VI,1,31")
    assert main(["check", str(folder)]) == 1
    out, err = capsys.readouterr()
    assert "/raw\\udcff\\n/arms.csv:2 column route: 'VI'" in err
    assert "/raw\\udcff\\n: 7 tables" in out


def test_the_command_ends_quietly_when_nobody_reads_on(folder: Path) -> None:
    with (folder / "claims.csv").open("a") as file:
        file.writelines(f"claim{i},one,nokind{i},,,,,,,rule\n" for i in range(2_000))
    command = f"{sys.executable} -m ketameta.cli check {folder} 2>&1 | head -n 1"
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, cwd=ROOT / "workflow", check=True
    )
    assert "Traceback" not in done.stdout + done.stderr
    assert done.stdout.count("\n") == 1


# -- warnings that may stand ----------------------------------------------------------------------

HEAD = "code,table,trial_id,arm_id,outcome,timepoint_h,column,value,reason,by,date"
STANDING = "contrasts.csv:2 column estimate"


@pytest.fixture
def warned(folder: Path) -> Path:
    """Return tables of which a contrast and an SD are each named by one check."""
    spoil(
        folder, "contrasts", ",-10.8,2.3,-15.3,-6.3,95,<0.001,", ",-10.8,2.3,-15.3,-6.3,95,0.000,"
    )
    spoil(
        folder,
        "outcomes",
        ",24,30,,,31.9,4.8,26.4,8.1,,,,23.4,29.4,",
        ",24,30,,,31.9,4.8,26.4,0,,,,,,",
    )
    return folder


def turn(folder: Path, table: str) -> None:
    """Put the rows of a table in the other order."""
    path = folder / f"{table}.csv"
    with path.open(encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([head, *rows[::-1]])


def acknowledge(folder: Path, *rows: str) -> None:
    (folder / "acknowledged.csv").write_text("\n".join([HEAD, *rows]) + "\n", encoding="utf-8")


def listed(capsys, *words: str) -> tuple[list[str], str]:
    """Return the codes in brackets of what `check` lists, and its last line."""
    assert main(["check", *words]) == 0
    out, err = capsys.readouterr()
    return [line.split("[")[1].split("]")[0] for line in err.splitlines() if "[" in line], out


ZERO = "spread-of-0,outcomes,adams2011,saline,depression_score,24,sd,0,the printed table says so,,"
P = "p-outside-0-1,contrasts,adams2011,ketamine_0.5,,,,,rounded in print,me,2026-01-31"


def test_without_the_table_nothing_changes(warned: Path, capsys) -> None:
    found, out = listed(capsys, str(warned))
    assert {"spread-of-0", "p-outside-0-1"} <= {*found}
    assert "7 tables" in out
    assert "acknowledged" not in out


def test_acknowledged_warnings_are_counted_and_not_listed(warned: Path, capsys) -> None:
    before, _ = listed(capsys, str(warned))
    acknowledge(warned, ZERO, P)
    found, out = listed(capsys, str(warned))
    assert sorted([*found, "spread-of-0", "p-outside-0-1"]) == sorted(before)
    assert out.endswith("(2 acknowledged not listed)\n")


def test_sorting_the_tables_changes_no_acknowledgement(warned: Path, capsys) -> None:
    acknowledge(warned, ZERO, P)
    found, out = listed(capsys, str(warned))
    for name in ("outcomes", "contrasts", "acknowledged", "arms"):
        turn(warned, name)
    again, said = listed(capsys, str(warned))
    assert (sorted(again), said) == (sorted(found), out)


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (ZERO.replace(",0,the", ",8.1,the"), "fits no warning any more; that of this trial"),
        (ZERO.replace("saline", "ketamine_0.5"), "fits no warning any more"),
        (ZERO.replace("adams2011", "baker2014"), "fits no warning: it is settled"),
        (ZERO.replace("adams2011", ""), "fits no warning: it is settled"),
        (ZERO.replace("spread-of-0", "spred-of-0"), "no check has this name; nearest: spread-of-0"),
    ],
)
def test_an_acknowledgement_that_fits_nothing_is_named(warned, capsys, row: str, says: str) -> None:
    acknowledge(warned, P, row)
    assert main(["check", str(warned)]) == 0
    err = capsys.readouterr().err
    (line,) = [line for line in err.splitlines() if "[acknowledges-nothing]" in line]
    assert "acknowledged.csv:3 column code: " in line
    assert says in line
    assert "[spread-of-0]" in err


def test_an_acknowledgement_needs_code_and_reason(warned: Path, capsys) -> None:
    acknowledge(warned, ",outcomes,adams2011,saline,,,sd,0,,,")
    assert main(["check", str(warned)]) == 1
    err = capsys.readouterr().err
    assert "acknowledged.csv:2 column code" in err
    assert "acknowledged.csv:2 column reason" in err


def test_errors_cannot_be_acknowledged(folder: Path, capsys) -> None:
    spoil(folder, "outcomes", ",24,30,20,", ",24,30,31,")
    acknowledge(folder, "events-above-n,outcomes,adams2011,ketamine_0.5,,,events,31,as printed,,")
    assert main(["check", str(folder)]) == 1
    assert "31 is more than n = 30" in capsys.readouterr().err


def test_warnings_of_the_form_of_a_cell_are_acknowledged_as_entry(folder: Path, capsys) -> None:
    spoil(folder, "contrasts", ",-10.8,", ",-3,")
    acknowledge(folder, "entry,contrasts,adams2011,,,24,estimate,-3,one-sided,,")
    assert main(["check", str(folder)]) == 0
    out, err = capsys.readouterr()
    assert "lies outside" not in err
    assert out.endswith("(1 acknowledged not listed)\n")


# -- what is new, one trial, JSON -----------------------------------------------------------------


def git(folder: Path, *words: str) -> None:
    name = ("-c", "user.name=x", "-c", "user.email=x@example.org")
    subprocess.run(["git", *name, *words], cwd=folder, check=True, capture_output=True)


def test_new_is_what_nobody_acknowledged_and_the_last_commit_had_not(warned: Path, capsys) -> None:
    acknowledge(warned, P)
    found, _ = listed(capsys, str(warned), "--new")
    assert "spread-of-0" in found  # no repository: all that is open
    assert "p-outside-0-1" not in found
    git(warned, "init", "-q")
    git(warned, "add", ".")
    git(warned, "commit", "-qm", "tables")
    found, out = listed(capsys, str(warned), "--new")
    assert found == []
    assert "nothing new (1 acknowledged and " in out
    turn(warned, "outcomes")
    assert listed(capsys, str(warned), "--new")[0] == []  # sorted, nothing else
    spoil(warned, "outcomes", ",32.5,5.1,15.2,9.8,", ",32.5,0,15.2,9.8,")
    assert listed(capsys, str(warned), "--new")[0] == ["spread-of-0"]
    git(warned, "commit", "-qam", "an edit")
    assert listed(capsys, str(warned), "--new")[0] == []
    assert listed(capsys, str(warned), "--since", "HEAD~1")[0] == ["spread-of-0"]
    assert main(["check", str(warned), "--since", "nowhere"]) == 2
    assert capsys.readouterr().err == "nowhere: no such revision\n"


def test_one_trial_alone_with_what_is_acknowledged(warned: Path, capsys) -> None:
    acknowledge(warned, P)
    assert main(["check", str(warned), "--trial", "adams2011"]) == 0
    _, err = capsys.readouterr()
    assert "; acknowledged: rounded in print" in err
    assert "[spread-of-0]" in err
    assert main(["check", str(warned), "--trial", "baker2014"]) == 0
    assert "adams2011" not in capsys.readouterr().err
    assert main(["check", str(warned), "--trial", "adams2012"]) == 2
    assert capsys.readouterr().err.startswith("adams2012: no such trial; nearest: adams2011")


def test_json_holds_what_an_acknowledgement_takes(warned: Path, capsys) -> None:
    assert main(["check", str(warned), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    zeros = [p for p in found["problems"] if p["code"] == "spread-of-0"]
    (zero,) = zeros
    assert found["count"]["warning"] == len(found["problems"])
    names = HEAD.split(",")[:8]
    acknowledge(warned, ",".join(str(zero[name]) for name in names) + ",so it is,,")
    assert main(["check", str(warned), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    reasons = {p["code"]: p["acknowledged"] for p in found["problems"]}
    assert (reasons["spread-of-0"], reasons["p-outside-0-1"]) == ("so it is", "")


def test_many_findings_of_one_check_are_counted(folder: Path, capsys) -> None:
    rows = (folder / "contrasts.csv").read_text(encoding="utf-8").splitlines()
    more = [
        rows[1].replace(",24,MD,", f",{24 * i},MD,").replace("<0.001", "0") for i in range(2, 42)
    ]
    (folder / "contrasts.csv").write_text("\n".join([*rows, *more]) + "\n", encoding="utf-8")
    found, _ = listed(capsys, str(folder))
    assert found.count("p-outside-0-1") == 26  # the last says how many more
    found, _ = listed(capsys, str(folder), "--trial", "adams2011")
    assert found.count("p-outside-0-1") == 40


# -- the configuration of a project ---------------------------------------------------------------


@pytest.fixture
def placed(folder: Path) -> Path:
    """Return a project around the tables: its folder data/raw, and a configuration."""
    root = folder.parent / "project"
    (root / "data").mkdir(parents=True)
    shutil.copytree(folder, root / "data" / "raw")
    (root / "workflow" / "config").mkdir(parents=True)
    shutil.copy(ROOT / "tests" / "analyses.yaml", root / "workflow" / "config" / "analyses.yaml")
    return root


def test_the_configuration_is_read_where_there_is_one(placed: Path, capsys) -> None:
    config = placed / "workflow" / "config" / "analyses.yaml"
    assert main(["check", str(placed)]) == 0
    capsys.readouterr()
    text = config.read_text(encoding="utf-8")
    config.write_text(
        text.replace("    outcome: response\n", "    outcome: respons\n", 1), encoding="utf-8"
    )
    assert main(["check", str(placed / "data" / "raw")]) == 1
    err = capsys.readouterr().err
    assert f"{config.as_posix()}:" in err
    assert "respons" in err


def test_words_of_other_programs_are_noted_with_what_they_are_read_as(placed: Path, capsys) -> None:
    config = placed / "workflow" / "config" / "analyses.yaml"
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("\n  tau2: REML\n", "\n  tau2: FE\n"), encoding="utf-8")
    line = text[: text.index("  tau2: REML\n")].count("\n") + 1
    assert main(["check", str(placed)]) == 0
    err = capsys.readouterr().err
    assert f"note: {config.as_posix()}:{line}: defaults.tau2: FE is read as EE" in err


@pytest.mark.parametrize(
    ("names", "says"),
    [
        ("respones_24h", "'respones_24h' is no analysis of workflow/config/analyses.yaml"),
        ("response_24h;nothing_like_it", "'nothing_like_it' is no analysis"),
        ("respones_24h@population=TRD", "nearest: response_24h"),
        ("response_24h@population=TRD;depression_24h", ""),
        ("", ""),
    ],
)
def test_claims_of_analyses_that_are_none_are_named(placed, capsys, names: str, says: str) -> None:
    path = placed / "data" / "raw" / "claims.csv"
    head = path.read_text(encoding="utf-8").splitlines()[0]
    cells = dict.fromkeys(head.split(","), "") | {"claim_id": "most", "claim": "it works"}
    cells |= {"kind": "efficacy", "direction": "favours treatment", "rule": "x", "analysis": names}
    path.write_text(f"{head}\n{','.join(cells.values())}\n", encoding="utf-8")
    assert main(["check", str(placed)]) == 0
    found = [line for line in capsys.readouterr().err.splitlines() if "claims.csv:2" in line]
    assert [says in line for line in found] == [True] * bool(says)
    assert len(
        claims_of_nothing(read_place(placed / "data" / "raw"), load(placed / CONFIG))
    ) == len(found)


@pytest.mark.parametrize(
    ("asks", "says"),
    [
        ("depresion@by=6", "'depresion' is no time course of workflow/config/analyses.yaml"),
        ("depresion@by=6", "there are: "),
        ("{}@at=24&curve=nothing", "'nothing' is no "),
        ("{}@at=999999", "is outside the hours of {}"),
        ("{}@over=24", "a time course is not asked over; known: by=6"),
        ("{}", "a time course is not asked nothing"),
        ("{}@change=24", "change takes hours as in change=24-672, not 24"),
        ("{}@change=672-24", "change takes hours"),
        ("{}@by=1&at=2", "is asked one thing"),
        ("{}@by=24;{}@change=24-48", ""),
    ],
)
def test_questions_to_courses_that_are_none_are_told_with_what_there_is(
    placed: Path, capsys, asks: str, says: str
) -> None:
    name = next(iter(load(placed / CONFIG).courses)).name
    path = placed / "data" / "raw" / "claims.csv"
    cells = {"claim_id": "most", "claim": "it works", "kind": "efficacy", "rule": "x"}
    cells |= {"direction": "favours treatment", "course": asks.format(name, name)}
    path.write_text(f"{claims_head(path)},course\n{row_of(path, cells)}\n", encoding="utf-8")
    main(["check", str(placed)])
    found = [line for line in capsys.readouterr().err.splitlines() if "claims.csv:2" in line]
    assert [says.format(name) in line for line in found] == [True] * bool(says)


def claims_head(path: Path) -> str:
    """Return the columns of a table but for that of courses."""
    names = path.read_text(encoding="utf-8").splitlines()[0].split(",")
    return ",".join(name for name in names if name != "course")


def row_of(path: Path, cells: dict[str, str]) -> str:
    """Return a row with some cells, the last that of courses."""
    return ",".join(cells.get(name, "") for name in [*claims_head(path).split(","), "course"])


def test_rows_in_no_analysis_are_told_with_the_reason(placed: Path, capsys) -> None:
    path = placed / "data" / "raw" / "outcomes.csv"
    rows = path.read_text(encoding="utf-8").splitlines()
    late = rows[1].replace(",24,30,20,", ",2000,30,20,")
    path.write_text("\n".join([rows[0], *rows[1:3], late]) + "\n", encoding="utf-8")
    assert main(["check", str(placed)]) == 0
    notes = [line for line in capsys.readouterr().err.splitlines() if "[in-no-analysis]" in line]
    (line,) = [line for line in notes if "outcomes.csv:4" in line]
    assert "outside the window of hours" in line


def test_a_row_without_the_other_side_is_told(placed: Path, capsys) -> None:
    path = placed / "data" / "raw" / "outcomes.csv"
    rows = path.read_text(encoding="utf-8").splitlines()
    # the response of treated arms alone is a question of its own, remission's is not
    lone = rows[1].replace(",response,", ",remission,")
    path.write_text(f"{rows[0]}\n{lone}\n", encoding="utf-8")
    contrasts = placed / "data" / "raw" / "contrasts.csv"
    contrasts.write_text(contrasts.read_text(encoding="utf-8").splitlines()[0] + "\n")
    assert main(["check", str(placed)]) == 0
    notes = [line for line in capsys.readouterr().err.splitlines() if "[in-no-analysis]" in line]
    assert ["no usable row of the other side" in line for line in notes] == [True]
    assert "outcomes.csv:2" in notes[0]


def test_hours_that_are_days_are_known_by_the_windows(placed: Path, capsys) -> None:
    path = placed / "data" / "raw" / "outcomes.csv"
    rows = path.read_text(encoding="utf-8").splitlines()
    path.write_text(
        "\n".join([rows[0], *(r.replace(",24,30,", ",1,30,") for r in rows[1:3])]), encoding="utf-8"
    )
    contrasts = placed / "data" / "raw" / "contrasts.csv"
    contrasts.write_text(contrasts.read_text(encoding="utf-8").splitlines()[0] + "\n")
    assert main(["check", str(placed)]) == 0
    assert "outcomes.csv:2 column timepoint_h: 1 h is in no window" in capsys.readouterr().err
