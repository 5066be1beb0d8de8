"""What the check says of tables about the extraction that do not fit the others."""

from __future__ import annotations

import pytest

from ketameta.tables.raw import OPTIONAL_TABLES


def write(folder, table, *rows):
    names = OPTIONAL_TABLES[table].names
    folder.put_rows(table, [names, *([row.get(name, "") for name in names] for row in rows)])


def line(folder, column, decided):
    """Return a decision on the first row of outcomes."""
    _, (header, first, *_) = folder.rows("outcomes")
    cells = dict(zip(header, first, strict=True))
    names = ("trial_id", "arm_id", "outcome", "scale", "definition", "timepoint_h", "analysis_set")
    row = " / ".join(cells[name] for name in names if cells[name])
    own = {"id": "x", "table": "outcomes", "trial_id": cells["trial_id"], "row": row}
    own |= {"decision": "B", "reason": "read again", "role": "third reader"}
    return own | {"column": column, "a": "0", "b": decided or cells[column]}


def test_a_decision_that_its_cell_holds_is_fine(folder):
    before = folder.check()
    write(folder, "adjudication", line(folder, "n", ""))
    assert folder.check().warnings == before.warnings


def test_a_decision_that_no_cell_holds_is_told_with_its_line(folder):
    before = folder.check().warnings
    write(folder, "adjudication", line(folder, "n", "999"))
    (said,) = set(folder.check().warnings) - set(before)
    assert said.startswith("adjudication.csv:2 column row: decided was '999', and no n of ")
    assert said.endswith("holds that now: look again (trial " + line(folder, "n", "")["trial_id"]
                         + ")")  # fmt: skip


def test_a_trial_that_was_to_go_and_is_there_is_told(folder):
    before = folder.check().warnings
    own = line(folder, "n", "")
    own |= {"table": "trials", "row": own["trial_id"], "column": "", "a": "row", "b": ""}
    write(folder, "adjudication", own)
    (said,) = set(folder.check().warnings) - set(before)
    assert "goes in trials, and it is there" in said


@pytest.mark.parametrize(("detail", "status"), [(3, 0), (4, 1)])
def test_an_audit_cannot_have_more_rows_than_it_has(folder, detail, status):
    row = {"date": "2026-11-26", "role": "auditor", "sample": "at random", "rows": "5"}
    row |= {"unreached": "1", "wrong": "1", "detail": str(detail)}
    write(folder, "audits", row)
    said = folder.check()
    assert said.status == status
    if status:
        assert "together, more than the rows of the sample" in said.errors[0]


@pytest.mark.parametrize(
    ("address", "status"), [("https://example.org/a", 0), ("javascript:alert(1)", 1)]
)
def test_what_is_not_read_yet_links_to_addresses_alone(folder, address, status):
    row = {"label": "Fox 2022", "kind": "numbers", "missing": "counts", "where": "the report"}
    write(folder, "unread", row | {"source_url": address})
    said = folder.check()
    assert said.status == status
    if status:
        assert "is not an address that starts with http" in said.errors[0]


@pytest.mark.parametrize(
    ("table", "differed", "words"),
    [
        ("outcomes", 5, ""),
        ("outcomes", 6, "differed: 6 is more than the 5 cells of both"),
        ("outcome", 1, "table: 'outcome' is no table that results come from"),
    ],
)
def test_a_second_reading_is_of_a_table_and_differs_in_cells_that_it_has(
    folder, table, differed, words
):
    row = {"table": table, "row": "a / b", "role": "second reader", "cells": "5"}
    write(folder, "readings", row | {"differed": str(differed)})
    said = folder.check()
    assert said.status == bool(words)
    assert [words in line for line in said.errors] == [True] * bool(words)
