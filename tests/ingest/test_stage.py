"""The whole stage: many faults in one pass, what is read, what is written."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ketameta.ingest import reader, stage
from ketameta.ingest.reader import MAX_BROKEN, MAX_UNKNOWN
from ketameta.ingest.sheet import ALL_BAD, MOST_OF_COLUMN
from ketameta.ingest.stage import check_folder, ingest
from ketameta.tables import RAW_TABLES
from ketameta.tables.problems import counted_faults
from ketameta.tables.raw import OPTIONAL_TABLES, ArmRow, OutcomeRow


def test_faults_of_all_kinds_and_tables_are_told_in_one_pass(folder) -> None:
    folder.put("trials", 2, "design", "paralel")
    folder.put("trials", 5, "part_of", "davis2019")
    folder.put("arms", 3, "treatment", "salin")
    folder.put("outcomes", 2, "events", "31")
    folder.put("outcomes", 2, "seen", "")
    folder.put("outcomes", 4, "mean", "15,2")
    folder.put("outcomes", 5, "arm_id", "placebo")
    folder.put("contrasts", 3, "estimate", "0")
    folder.replace("outcomes", ",events,", ",event,")
    folder.replace("outcomes", "davis2019,placebo", "davis2019,\x01placebo")
    folder.replace("published", ",<.001,", ",")
    folder.write("claims", folder.text("claims").encode("utf-16"))
    (folder / "risk_of_bias.csv").unlink()
    said = folder.check()
    assert said.status == 1
    assert [line.partition(": ")[0] for line in said.errors] == [
        "arms.csv:3 column treatment",
        "claims.csv:1",
        "contrasts.csv:3 column estimate",
        "outcomes.csv:1 column event",  # its cells are not read: 31 events of 30 is not told
        "outcomes.csv:2 column seen",
        "outcomes.csv:4 column mean",
        "outcomes.csv:5 column arm_id",
        "outcomes.csv:15 column arm_id",
        "published.csv:2",
        "risk_of_bias.csv",
        "trials.csv:2 column design",
        "trials.csv:5 column part_of",
    ]


def test_two_faults_of_one_row_are_two_messages(folder) -> None:
    folder.put("outcomes", 4, "mean", "61")
    folder.put("outcomes", 4, "sd", "-1")
    folder.put("outcomes", 4, "arm_id", "salin")
    assert len(folder.check().errors) == 3


def test_an_unknown_key_is_told_once_with_every_row_that_uses_it(folder) -> None:
    for line in (6, 7, 9):
        folder.put("outcomes", line, "trial_id", "bakre2014")
    assert folder.check().errors == [
        "outcomes.csv:6 column trial_id: 'bakre2014' is not in table trials; nearest: baker2014, "
        "clark2016; also on lines 7, 9 (trial bakre2014, arm ketamine_0.5)"
    ]


def test_two_unknown_keys_are_two_messages(folder) -> None:
    folder.put("outcomes", 6, "trial_id", "bakre2014")
    folder.put("outcomes", 7, "trial_id", "baker2013")
    assert len(folder.check().errors) == 2


def test_a_broken_row_of_arms_does_not_hide_another_fault(folder) -> None:
    folder.replace("arms", "adams2011,saline,saline,,", "adams2011,saline,saline,")
    folder.put("outcomes", 16, "arm_id", "ketamin")
    places = [line.partition(": ")[0] for line in folder.check().errors]
    assert places == ["arms.csv:3", "outcomes.csv:16 column arm_id"]


@pytest.mark.parametrize("table", ["trials", "arms"])
def test_a_table_that_cannot_be_read_is_not_held_against_the_others(folder, table: str) -> None:
    folder.write(table, b"%PDF-1.4")
    folder.put("outcomes", 2, "events", "31")
    places = [line.partition(": ")[0] for line in folder.check().errors]
    assert sorted(places) == sorted([f"{table}.csv:1", "outcomes.csv:2 column events"])


def test_rows_below_a_broken_one_are_still_read(folder) -> None:
    folder.replace("outcomes", '"two lines', '"two" lines')
    folder.replace("outcomes", "evans2021,midazolam,ptsd_score", "evans2021,midazolam,ptsd_scor")
    places = [line.partition(": ")[0] for line in folder.check().errors]
    assert places == ["outcomes.csv:7", "outcomes.csv:17 column outcome"]


def test_a_wrong_encoding_does_not_hide_another_fault(folder) -> None:
    folder.put("trials", 6, "design", "paralel")
    folder.write("trials", folder.text("trials").encode("latin-1"))
    places = [line.partition(": ")[0] for line in folder.check().errors]
    assert places == ["trials.csv:4 column country", "trials.csv:6 column design"]


def test_columns_that_changed_places_are_told_once_each(folder) -> None:
    lines, rows = folder.rows("outcomes")
    rows += [row.copy() for row in rows[1:3] for _ in range(ALL_BAD)]
    for i, row in enumerate(rows[len(lines) :]):
        row[rows[0].index("note")] = f"row {i}"
    rows[0] = ["seen" if n == "source" else "source" if n == "seen" else n for n in rows[0]]
    folder.put_rows("outcomes", rows)
    said = folder.check()
    assert len(said.errors) == 1, said.errors
    assert said.errors[0].startswith(
        f"outcomes.csv:1 column seen: none of its {len(rows) - 1} cells is as it should be; "
        "is this the right column? (line 2: '10.1000/x' is not a word of the list seen"
    )


def test_a_column_of_faults_without_end_is_cut(folder) -> None:
    _, rows = folder.rows("claims")
    rows += [[f"claim{i}", "a claim", f"kind{i}", *rows[1][3:]] for i in range(2_000)]
    folder.put_rows("claims", rows)
    said = folder.check()
    assert len(said.errors) == MOST_OF_COLUMN + 1
    last = f"claims.csv:{3 + MOST_OF_COLUMN + 1} column kind: "
    assert said.errors[-1] == (
        f"{last}{MOST_OF_COLUMN} cells of this column are at fault; from here on it is not read"
    )


def test_optional_columns_may_be_left_out(folder) -> None:
    for table, names in (
        ("outcomes", {"percent", "minimum", "maximum"}),
        ("contrasts", {"t_value"}),
    ):
        _, rows = folder.rows(table)
        keep = [i for i, name in enumerate(rows[0]) if name not in names]
        folder.put_rows(table, [[row[i] for i in keep] for row in rows])
    said = folder.check()
    assert (said.status, said.errors, said.notes) == (0, [], [])
    tables, _ = check_folder(folder.path)
    assert tables[OutcomeRow][0].percent is None


def test_a_file_of_broken_rows_is_not_read_to_its_end(folder) -> None:
    folder.write("claims", folder.text("claims") + "one,two\n" * 10 * MAX_BROKEN)
    said = folder.check()
    assert len(said.errors) == MAX_BROKEN + 1
    assert said.errors[-1] == (
        f"claims.csv:{4 + MAX_BROKEN}: after 2 rows and {MAX_BROKEN} broken ones, "
        "the table is not read on from here"
    )


def test_a_table_of_too_many_rows_is_not_read_to_its_end(folder, monkeypatch) -> None:
    monkeypatch.setattr(reader, "MAX_ROWS", 10)
    errors = folder.check().errors
    # the arms that were not read are not held against the outcomes that refer to them
    assert [line.partition(": ")[0] for line in errors] == ["arms.csv:12", "outcomes.csv:13"]


def test_the_problems_of_a_file_are_cut_where_nobody_reads_on(folder, monkeypatch) -> None:
    monkeypatch.setattr(stage, "MOST_OF_FILE", 3)
    for line in (2, 3, 4, 5, 6):
        folder.put("outcomes", line, "seen", f"wrong{line}")
    errors = folder.check().errors
    assert len(errors) == 4
    assert errors[-1] == "outcomes.csv:5: 2 problems more in this file are not listed"


def test_a_header_of_thousands_of_unknown_columns_is_cut(folder) -> None:
    _, rows = folder.rows("arms")
    extra = [f"x{i}" for i in range(3_000)]
    folder.put_rows(
        "arms", [row + (extra if i == 0 else [""] * 3_000) for i, row in enumerate(rows)]
    )
    errors = folder.check().errors
    assert len(errors) == MAX_UNKNOWN + 1
    assert "arms.csv:1: has 3,000 columns that this table does not know" in errors


def test_notes_of_a_kind_are_told_once_a_column(folder) -> None:
    for line in (2, 4, 9):
        folder.put("outcomes", line, "note", "see\u00a0text")
    folder.put("outcomes", 4, "locator", "table\u00a02")
    said = folder.check()
    assert said.notes == [
        "outcomes.csv:2 column note: a non-breaking space (U+00A0) is read as a space; "
        "also on lines 4, 9 (trial adams2011, arm ketamine_0.5)",
        "outcomes.csv:4 column locator: a non-breaking space (U+00A0) is read as a space "
        "(trial adams2011, arm ketamine_0.5)",
    ]


@pytest.mark.slow
def test_a_chain_of_thousands_of_reports_is_no_circle(folder) -> None:
    _, rows = folder.rows("trials")
    at = rows[0].index("part_of")
    for i in range(2_000):
        row = [f"chain{i}", "Chain", *rows[3][2:]]
        row[at] = f"chain{i + 1}" if i < 1_999 else ""
        rows.append(row)
    folder.put_rows("trials", rows)
    assert folder.check().errors == []


def test_values_are_typed_and_cells_kept_as_entered(folder) -> None:
    folder.put("outcomes", 10, "change_mean", "\u22129.50")
    tables, problems = check_folder(folder.path)
    row = next(row for row in tables[OutcomeRow] if row.line == 10)
    assert row.change_mean == -9.5
    assert (row.n, type(row.n)) == (58, int)
    assert row.mean is None
    assert row.file == (folder / "outcomes.csv").as_posix()
    entered = row.entered
    assert entered["change_mean"] == "\u22129.50"
    assert "mean" not in entered
    assert [p.severity for p in problems] == ["note"]


def test_every_row_carries_the_physical_line_on_which_it_starts(folder) -> None:
    tables, _ = check_folder(folder.path)
    text = folder.text("outcomes").split("\n")
    for row in tables[OutcomeRow]:
        assert text[row.line - 1].startswith(f"{row.trial_id},{row.arm_id},")


def test_what_is_written_depends_on_the_tables_alone(folder, tmp_path) -> None:
    tables, problems = ingest(folder.path)
    assert problems == []
    assert set(tables) == {*RAW_TABLES, *OPTIONAL_TABLES, "problems"}
    assert tables["arms"]["file"].unique().to_pylist() == ["arms.csv"]
    folder.path.rename(tmp_path / "elsewhere")
    again, _ = ingest(tmp_path / "elsewhere")
    assert all(tables[name].equals(again[name]) for name in tables)


@pytest.mark.parametrize("form", ["Windows", "Macintosh", "mark", "TSV", "quotes", "order"])
def test_the_same_values_are_read_from_every_form_of_a_file(folder, form: str) -> None:
    plain, _ = check_folder(folder.path)
    text = folder.text("arms")
    if form == "TSV":
        (folder / "arms.csv").unlink()
        (folder / "arms.tsv").write_text(text.replace(",", "\t"))
    elif form == "order":
        folder.put_rows("arms", [row[::-1] for row in folder.rows("arms")[1]])
    elif form == "quotes":
        lines = text.splitlines()
        folder.write("arms", "\n".join(",".join(f'"{c}"' for c in li.split(",")) for li in lines))
    else:
        ends = {"Windows": b"\r\n", "Macintosh": b"\r", "mark": b"\n"}[form]
        mark = b"\xef\xbb\xbf" if form == "mark" else b""
        folder.write("arms", mark + text.encode().replace(b"\n", ends))
    read, problems = check_folder(folder.path)
    assert [p for p in problems if p.severity == "error"] == []

    def values(rows):
        return [replace(row, file="", entered={}) for row in rows]

    assert values(read[ArmRow]) == values(plain[ArmRow])


def test_one_fault_is_one():
    assert [counted_faults(1), counted_faults(2), counted_faults(1200)] == [
        "1 fault",
        "2 faults",
        "1,200 faults",
    ]
