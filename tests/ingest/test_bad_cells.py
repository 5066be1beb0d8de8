"""One cell of a valid folder changed, one message: the table of cases is bad_input/cells.csv.

Its columns: table, line and column of the cell; the cell, with escapes of Python; what is
expected (error, warning or note); what the message says; where it stands, if not at the cell.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from pathlib import Path

import pytest

CASES = Path(__file__).parents[1] / "bad_input" / "cells.csv"
with CASES.open(encoding="utf-8", newline="") as file:
    ROWS = list(csv.DictReader(file))


def unescaped(cell: str) -> str:
    return cell.encode("latin-1").decode("unicode_escape") if "\\" in cell else cell


def test_the_folder_to_spoil_is_in_order(folder) -> None:
    said = folder.check()
    assert (said.status, said.errors, said.warnings, said.notes) == (0, [], [], [])


def test_every_case_has_its_own_name() -> None:
    assert [n for n, count in Counter(row["case"] for row in ROWS).items() if count > 1] == []
    assert {row["expect"] for row in ROWS} == {"error", "warning", "note"}


@pytest.mark.parametrize("case", ROWS, ids=lambda row: row["case"])
def test_one_bad_cell_gives_one_message_at_its_place(folder, case: dict[str, str]) -> None:
    folder.put(case["table"], int(case["line"]), case["column"], unescaped(case["cell"]))
    said = folder.check()
    # what the number checks ask besides ends with the name of the check in brackets
    own = [line for line in said.warnings if not re.search(r" \[[a-z-]+\]( \(|$)", line)]
    found = {"error": said.errors, "warning": own, "note": said.notes}
    assert {kind: len(lines) for kind, lines in found.items()} == {
        "error": 0,
        "warning": 0,
        "note": 0,
        case["expect"]: 1,
    }, found
    table, line, column = (
        case["at"] or ":".join(case[k] for k in ("table", "line", "column"))
    ).split(":")
    message = found[case["expect"]][0]
    assert message.startswith(f"{table}.csv:{line} column {column}: "), message
    assert case["says"] in message
    assert said.status == (case["expect"] == "error")
