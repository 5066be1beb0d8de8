"""Rows of one name: each disagreement has an id and a line of its own, and is decided apart."""

import pytest

from ketameta.cli import main
from ketameta.evidence.rows import changed_rows
from ketameta.extraction import adjudication
from ketameta.extraction.disagreements import disagreements
from ketameta.extraction.matching import match
from ketameta.extraction.records import Impact, id_of
from ketameta.extraction.sides import two_sides
from ketameta.ingest.stage import check_folder

from .test_merge_command import Both, content, record

REVIEW = "review2020,Review 2020,2020,10.1000/review,,TRD,{},response,,24 h,,,,5,,,,RR,{},,,,,,,,\n"
PLACEBO, ACTIVE = "ketamine v saline", "ketamine v midazolam"
NAME = "review2020 / response / 24 h / RR"
GROUP = (
    "davis2019,{},nausea,,,24,9,{},,,,,,,,,,,,,,,,subgroup,{},subgroup: of the trial,,direct,"
    "10.1/x,,t\n"
)


@pytest.fixture
def both(tmp_path, capsys):
    return Both(tmp_path, capsys)


def put(both, side, table, *rows):
    with (side / f"{table}.csv").open("a", encoding="utf-8", newline="") as file:
        file.writelines(rows)


def in_b(both, table, *rows):
    put(both, both.b, table, *rows)


def found(both):
    a, b = two_sides(both.a, both.b)
    return disagreements(a, b, match(a, b), free_text=False)


def decide(both, decisions):
    """Decide each line by the first of some words that stands in the name of its row."""
    made = both.lines()
    for line in made:
        line["decision"] = next(d for word, d in decisions.items() if word in line["row"])
        line |= {"reason": "as printed", "role": "third reader"}
    both.file.write_bytes(adjudication.content(made, ".csv"))


def test_results_that_differ_in_what_they_compare_are_rows_of_two_names(both) -> None:
    in_b(both, "published", REVIEW.format(PLACEBO, "2.1"), REVIEW.format(ACTIVE, "1.8"))
    one, other = found(both)
    assert (one.row, other.row) == (f"{NAME} / {PLACEBO}", f"{NAME} / {ACTIVE}")
    assert one.id != other.id
    # each is decided by itself, and stays so
    decide(both, {PLACEBO: "A", ACTIVE: "B"})
    assert both.merge(out=both.a)[0] == 0
    text = (both.a / "published.csv").read_text(encoding="utf-8")
    assert PLACEBO not in text
    assert ACTIVE in text
    assert [p for p in check_folder(both.a)[1] if p.column == "row"] == []
    before = content(both.a)
    assert both.merge(out=both.a)[1:] == ("nothing to do\n", "")
    assert content(both.a) == before


def test_of_a_pair_on_both_sides_each_cell_has_a_line(both) -> None:
    for side, numbers in ((both.a, ("2.1", "2.1")), (both.b, ("1.2", "1.2"))):
        rows = zip((PLACEBO, ACTIVE), numbers, strict=True)
        put(both, side, "published", *(REVIEW.format(*row) for row in rows))
    one, other = found(both)
    assert (one.column, one.a, one.b) == (other.column, other.a, other.b)
    assert one.id != other.id
    decide(both, {PLACEBO: "A", ACTIVE: "B"})
    assert both.merge(out=both.a)[0] == 0
    text = (both.a / "published.csv").read_text(encoding="utf-8")
    assert REVIEW.format(PLACEBO, "2.1") in text
    assert REVIEW.format(ACTIVE, "1.2") in text
    assert both.merge(out=both.a)[1:] == ("nothing to do\n", "")


def test_what_earlier_versions_called_a_row_stays_settled(both) -> None:
    for side, number in ((both.a, "2.1"), (both.b, "1.2")):
        put(both, side, "published", REVIEW.format(PLACEBO, number))
    in_b(both, "published", REVIEW.format(ACTIVE, "1.8"))
    (cell, row) = found(both)
    decide(both, {PLACEBO: "A", ACTIVE: "A"})
    assert both.merge("--role", "second reader", out=both.a)[0] == 0
    # as they were written before the comparison was in the name
    old = {
        cell.id: id_of("published", NAME, "estimate", "2.1", "1.2"),
        row.id: id_of("published", NAME, "", "", "row"),
    }
    names = {f"{NAME} / {PLACEBO}": NAME, f"{NAME} / {ACTIVE}": NAME}
    for path in (both.file, both.a / "adjudication.csv", both.a / "readings.csv"):
        text = path.read_text(encoding="utf-8")
        for now, then in {**old, **names}.items():
            text = text.replace(now, then)
        path.write_text(text, encoding="utf-8")
    assert {line["id"] for line in record(both.a)} == {*old.values()}
    before = content(both.a)
    assert both.merge("--role", "second reader", out=both.a)[1].endswith("nothing to do\n")
    assert content(both.a) == before
    assert [p for p in check_folder(both.a)[1] if p.table == "adjudication"] == []
    # a file of lines begun then keeps what was decided
    lines = adjudication.open_lines(Impact(one, (), None, ()) for one in found(both))
    ids = {one.id: one.ids for one in found(both)}
    done = adjudication.update(lines, adjudication.read_lines(both.file), ids)
    assert (done.kept, done.ended) == (2, 0)
    assert [line["decision"] for line in done.lines] == ["A", "A"]


def test_subgroups_of_one_name_are_decided_apart(both) -> None:
    in_b(
        both,
        "outcomes",
        GROUP.format("esketamine", "4", "women"),
        GROUP.format("esketamine", "5", "men"),
    )
    one, other = found(both)
    assert (one.row, one.a, one.b) == (other.row, other.a, other.b)
    assert (one.apart, other.apart) == (
        "analysis_set_as_reported women",
        "analysis_set_as_reported men",
    )
    assert one.id != other.id
    assert len({line["row"] for line in both.lines()}) == 2
    decide(both, {"reported women": "B", "reported men": "A"})
    assert both.merge(out=both.a)[0] == 0
    text = (both.a / "outcomes.csv").read_text(encoding="utf-8")
    assert ",women," in text
    assert ",men," not in text
    # a record calls the row as the tables do
    assert {line["row"] for line in record(both.a)} == {one.row}
    assert both.merge(out=both.a)[1:] == ("nothing to do\n", "")


def test_a_decision_on_one_of_a_pair_settles_not_the_other(both) -> None:
    women, men = (GROUP.format("esketamine", n, who) for n, who in (("4", "women"), ("5", "men")))
    in_b(both, "outcomes", women, men)
    one, other = found(both)
    known = [adjudication.about_cells(one) | {"decision": "A"}]
    assert adjudication.settled([one, other], known) == [one]


def test_rows_alike_in_every_cell_are_counted(both) -> None:
    row = GROUP.format("esketamine", "4", "women")
    in_b(both, "outcomes", row, row)
    assert [d.apart for d in found(both)] == ["1 of 2", "2 of 2"]
    assert len({d.id for d in found(both)}) == 2


def test_as_many_columns_tell_rows_apart_as_are_needed(both) -> None:
    rows = [GROUP.format("esketamine", n, who) for n, who in (("4", "women"), ("5", "women"))]
    flagged = rows[0].replace("subgroup: of the trial", "do-not-pool")
    in_b(both, "outcomes", *rows, flagged)
    assert [d.apart for d in found(both)] == [
        "flag subgroup: of the trial, events 4",
        "flag subgroup: of the trial, events 5",
        "flag do-not-pool, events 4",
    ]


def test_a_row_of_a_name_of_its_own_keeps_its_id(both) -> None:
    in_b(both, "outcomes", GROUP.format("esketamine", "4", "women"))
    (one,) = found(both)
    assert one.apart == ""
    assert one.ids == (id_of("outcomes", one.row, "", "", "row"),)


def test_changes_of_results_that_differ_in_what_they_compare_are_named_apart(both) -> None:
    in_b(both, "published", REVIEW.format(PLACEBO, "2.1"), REVIEW.format(ACTIVE, "1.8"))
    old, new = (check_folder(side)[0] for side in (both.a, both.b))
    names = [change.name for change in changed_rows(old, new)]
    assert names == [f"published / review2020 / response / 24 h / {v}" for v in (PLACEBO, ACTIVE)]


@pytest.mark.parametrize("flag", ["", "subgroup: of the trial"])
def test_an_hour_in_conflict_of_one_of_a_pair_stays_decided(both, flag) -> None:
    women, men = (GROUP.format("esketamine", n, who) for n, who in (("4", "women"), ("5", "men")))
    women, men = (row.replace("subgroup: of the trial", flag) for row in (women, men))
    put(both, both.a, "outcomes", women, men)
    in_b(both, "outcomes", women.replace(",24,9,", ",48,9,"), men)
    (one,) = found(both)
    assert one.column == "timepoint_h"
    decide(both, {"": "both"})
    assert both.merge(out=both.a)[0] == 0
    assert both.merge(out=both.a)[1:] == ("nothing to do\n", "")


def test_as_many_lines_are_written_as_disagreements_are_counted(both) -> None:
    rows = [REVIEW.format(PLACEBO, "2.1"), REVIEW.format(ACTIVE, "1.8")]
    groups = [GROUP.format("esketamine", n, who) for n, who in (("4", "women"), ("5", "men"))]
    in_b(both, "published", *rows, rows[0])
    in_b(both, "outcomes", *groups)
    call = ["compare", str(both.a), str(both.b), "--no-impact", "--adjudicate", str(both.file)]
    assert main(call) == 10
    said = both.capsys.readouterr().out
    assert "5 disagreements (all of rows" in said
    assert len(adjudication.read_lines(both.file).lines) == 5
    # each is told by another name
    assert len({line for line in said.splitlines() if line.startswith("- `")}) == 5
