"""`ketameta check`: its exit status, its output, and the real tables."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ketameta.cli import main

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
