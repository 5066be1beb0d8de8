"""Tables edited as they stand in their files: what does not change keeps its bytes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ketameta.extraction.editing import Edits, edited, edited_rows
from ketameta.ingest.formats import LossError
from ketameta.ingest.reader import read_text
from ketameta.tables.raw import OUTCOMES, TRIALS

BASE = Path(__file__).parents[1] / "bad_input" / "base"
HEAD = ",".join(TRIALS.names)
ONE = "adams2011,Adams 2011,2011,,,,,parallel,MDD,,,,,61,,,,,"
TWO = 'baker2014,"Baker, 2014",2014,,,,,parallel,MDD,"said ""so""",,,,120,,,,,'
FILE = Path("trials.csv")
NEW = {"trial_id": "new2020", "label": "New, 2020", "design": "parallel", "population": "MDD"}
ADDED = 'new2020,"New, 2020",,,,,,parallel,MDD,,,,,,,,,,'


def edits(cells=(), removed=(), added=()):
    made = Edits(removed=set(removed), added=list(added))
    for line, column, value in cells:
        made.change(line, column, value)
    return made


def lines(*given, end="\n"):
    return end.join([*given, ""]).encode()


def test_nothing_to_change_changes_nothing() -> None:
    content = b"no table at all"
    assert edited(FILE, content, TRIALS, Edits()) is content


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("last", [True, False])
def test_only_what_changes_changes(end, mark, last) -> None:
    def file(*given):
        content = mark + lines(*given, end=end)
        return content if last else content.removesuffix(end.encode())

    made = edits([(2, "n_randomised", "62")], added=[(2, NEW), (0, NEW | {"trial_id": "z"})])
    assert edited(FILE, file(HEAD, ONE, TWO), TRIALS, made) == file(
        HEAD, ONE.replace("61", "62"), ADDED, TWO, ADDED.replace("new2020", "z", 1)
    )
    assert edited(FILE, file(HEAD, ONE, TWO), TRIALS, edits(removed=[3])) == file(HEAD, ONE)


def test_quotes_spaces_and_empty_lines_stay() -> None:
    odd = '"adams2011", Adams 2011 ,"2011",,,,,parallel,"MDD",,,,,61,,,,,'
    content = lines(HEAD, odd, "", TWO, "")
    made = edits([(2, "year", "2012"), (2, "country", "a, b"), (4, "label", 'the "B"')])
    assert edited(FILE, content, TRIALS, made) == lines(
        HEAD,
        '"adams2011", Adams 2011 ,"2012",,,,"a, b",parallel,"MDD",,,,,61,,,,,',
        "",
        TWO.replace('"Baker, 2014"', '"the ""B"""'),
        "",
    )


def test_a_new_row_is_quoted_as_the_file_is() -> None:
    names = ",".join(f'"{name}"' for name in TRIALS.names)
    content = edited(FILE, lines(names), TRIALS, edits(added=[(0, NEW)]))
    assert content.decode().splitlines()[1].startswith('"new2020","New, 2020","","",')


def test_columns_of_your_own_stay_and_their_order_too() -> None:
    def turned(row, own):
        cells = row.split(",")
        return ",".join([own, *reversed(cells)])

    content = lines(turned(HEAD, "x_seen"), turned(ONE, "me"))
    made = edited(
        FILE, content, TRIALS, edits([(2, "n_randomised", "")], added=[(2, {"trial_id": "b"})])
    )
    assert made == lines(
        turned(HEAD, "x_seen"), turned(ONE.replace("61", ""), "me"), turned("b" + "," * 18, "")
    )


@pytest.mark.parametrize("decimals", ["32,5", "32.5"])
def test_numbers_are_written_as_a_file_with_semicolons_has_them(decimals) -> None:
    head = "trial_id;arm_id;outcome;seen;source;locator;baseline_mean;mean;x_a"
    row = f"a;b;depression_score;direct;s;l;{decimals};;mine"
    made = edits([(2, "mean", "1.344")], added=[(0, {"trial_id": "c", "mean": "2.5", "n": "7"})])
    content = edited(Path("outcomes.csv"), lines("sep=;", head, row), OUTCOMES, edits())
    assert content == lines("sep=;", head, row)
    made = edits([(3, "mean", "1.344")], added=[(0, {"trial_id": "c", "mean": "2.5"})])
    content = edited(Path("outcomes.csv"), lines("sep=;", head, row), OUTCOMES, made)
    comma = "," in decimals
    number = "1,344" if comma else "1.344"
    assert content == lines(
        "sep=;", head, row.replace(";;", f";{number};"), f"c;;;;;;;{'2,5' if comma else '2.5'};"
    )


def test_a_column_that_the_file_lacks_goes_where_the_table_has_it() -> None:
    head = "trial_id,arm_id,outcome,n,events,mean,seen,source,locator,x_a"
    row, short = "a,b,any_ae,7,,,direct,s,l,mine", "a,b"
    made = edits([(2, "percent", "40")], added=[(2, {"trial_id": "c", "minimum": "1"})])
    content = edited(Path("outcomes.csv"), lines(head, row, "", short), OUTCOMES, made)
    assert content == lines(
        "trial_id,arm_id,outcome,n,events,percent,mean,minimum,seen,source,locator,x_a",
        "a,b,any_ae,7,,40,,,direct,s,l,mine",
        "c,,,,,,,1,,,,",
        "",
        short,
    )


def test_rows_of_several_lines_and_bytes_that_are_no_text_stay() -> None:
    content = lines(HEAD, ONE.replace("parallel,MDD,", 'parallel,MDD,"two\nlines"'), TWO).replace(
        b"Baker", b"B\xe4ker"
    )
    made = edited(FILE, content, TRIALS, edits([(4, "year", "2015")]))
    assert made == content.replace(b"2014,,", b"2015,,")


@pytest.mark.parametrize(
    ("content", "made", "words"),
    [
        (lines(HEAD, ONE, 'b"aker",x"', '"open'), edits(removed=[2]), "never closed"),
        (lines(HEAD, ONE), edits([(2, "label", "bell\x07")]), ""),
    ],
)
def test_what_cannot_be_kept_is_refused(content, made, words) -> None:
    if not words:  # a cell with a fault stays a cell: the checks tell of it
        assert b"bell\x07" in edited(FILE, content, TRIALS, made)
        return
    with pytest.raises(LossError, match=words):
        edited(FILE, content, TRIALS, made)


@pytest.mark.parametrize("label", [" padded", "non\u00a0breaking", "x" * 30_000])
def test_a_cell_that_would_be_read_as_another_is_refused(label) -> None:
    with pytest.raises(LossError, match="row 1, column label: cannot be kept as it is"):
        edited(FILE, lines(HEAD, ONE), TRIALS, edits([(2, "label", label)]))


def test_every_table_of_the_tests_is_taken_apart_and_put_together(tmp_path) -> None:
    shutil.copytree(BASE, tmp_path / "raw")
    path = tmp_path / "raw" / "outcomes.csv"
    content = path.read_bytes()
    text = read_text(path, OUTCOMES)
    row = text.rows[5]
    assert "\n" in row.cells["note"]
    made = edits([(row.line, "events", "6")])
    there = edited(path, content, OUTCOMES, made)
    assert there != content
    back = edited(path, there, OUTCOMES, edits([(row.line, "events", row.cells["events"])]))
    assert back == content
    assert edited_rows(text, made)[5]["events"] == "6"
