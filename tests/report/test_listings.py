"""The long tables as they are made: every row once, links that find something, what is cut."""

from collections import Counter
from html import unescape
from urllib.parse import parse_qsl

import pytest

from ketameta.report import listing as of_one
from ketameta.report.listing import About, Cell, ListColumn, listing
from ketameta.report.listings import (
    LEFT_OUT,
    NOT_ASKED,
    USED,
    ledger_listing,
    rows_listing,
)
from ketameta.synthesize.fates import is_told
from ketameta.tables.effects import LedgerRow, ResultRow

ABOUT = About("some.html", "Some", "Some rows.", "Every row", "tables/some.csv")


@pytest.fixture(scope="module")
def ledger(tables):
    return [row for row in tables[LedgerRow] if is_told(row.reason)]


def column(found, key):
    at = [c.key for c in found.columns].index(key)
    return [line[at].text for line in found.lines]


def test_every_row_of_the_ledger_is_told_once(tables, ledger, configuration):
    labels = {row.trial_id: row.label for row in tables[ResultRow]}
    found = ledger_listing(ledger, labels, configuration)
    titles = {analysis.name: analysis.display.title for analysis in configuration}
    told = Counter(
        (analysis, place, fate)
        for analysis, fate, places in zip(
            column(found, "analysis"), column(found, "fate"), column(found, "rows"), strict=True
        )
        for place in places.split(", ")
    )
    wanted = Counter(
        (titles[row.analysis], f"{row.file}:{row.line}", USED if row.used else LEFT_OUT)
        for row in tables[LedgerRow]
        if row.reason != "other outcome"
    )
    assert told == wanted
    assert sum(map(int, column(found, "number"))) == wanted.total()


def test_a_row_is_used_where_an_analysis_uses_it(tables, ledger):
    found = rows_listing(tables[ResultRow], ledger)
    uses = Counter(f"{row.file}:{row.line}" for row in ledger if row.used)
    asked = {f"{row.file}:{row.line}" for row in ledger}
    for place, used, fate in zip(
        column(found, "row"), column(found, "used"), column(found, "fate"), strict=True
    ):
        assert int(used) == uses[place]
        assert (fate == USED) == (place in uses)
        assert (fate == NOT_ASKED) == (place not in asked)
    assert len(found.lines) == len(tables[ResultRow])


def test_cells_are_as_entered_and_a_column_of_ones_own_is_there(tables, ledger):
    first, *others = tables[ResultRow]
    own = type(first)(
        **{n: getattr(first, n) for n in type(first).__annotations__ if n != "entered"},
        entered={**first.entered, "x_checked": "by hand"},
    )
    found = rows_listing([own, *others], ledger)
    assert column(found, "x_checked") == ["by hand", *("" for _ in others)]
    for name in ("n", "timepoint_h", "note"):
        assert column(found, name) == [row.entered.get(name, "") for row in tables[ResultRow]]


def test_an_address_asks_for_what_it_is_given():
    place = of_one.where("some.html", trial='Ann & Bo 2001 "x"', rows="a.csv:1")
    page, _, asked = place.partition("#?")
    assert page == "some.html"
    assert dict(parse_qsl(unescape(asked))) == {"trial": 'Ann & Bo 2001 "x"', "rows": "a.csv:1"}


def test_what_a_page_cannot_hold_is_counted(monkeypatch):
    monkeypatch.setattr(of_one, "MOST", 3)
    columns = [ListColumn("n", "N", lambda n: n, "number"), ListColumn("e", "E", lambda n: "")]
    found = listing(ABOUT, columns, range(5))
    assert [[cell.text for cell in line] for line in found.lines] == [["0"], ["1"], ["2"]]
    assert found.left_off == 2
    assert [c.key for c in found.columns] == ["n"], "a column without a value is left out"


def test_a_number_is_printed_short_and_kept_in_full():
    assert of_one.number("0.33", 1 / 3) == Cell("0.33", "0.333333333333333")
    assert of_one.number("–", None) == Cell("")


def test_choices_are_the_values_that_there_are():
    columns = [ListColumn("w", "W", lambda w: w, "choice")]
    found = listing(ABOUT, columns, ["b", "", "A", "b"])
    assert found.options == {"w": ["A", "b"]}
