"""The planted second extraction itself: its truth against a comparison cell by cell, by place."""

import re

from ketameta.ingest.places import read_place
from ketameta.tables.raw import RESULT_TABLES

from ..conftest import TABLES
from .kinds_names import ALL

NAMES = {"trial_id", "review_id", "arm_id", "arm_t", "arm_c", "part_of", "pooled_arms"}


def said(table, name, cell):
    """Return what a cell says: a number, or a word in small letters."""
    if name in ("doi", "source"):
        return re.sub(r"^(https://doi.org/|doi:)", "", cell.casefold())
    plain = cell.replace("\N{MINUS SIGN}", "-")
    if RESULT_TABLES[table][name].kind in ("number", "integer"):
        try:
            return None if plain in ("", "NR", "n/a", "-") else float(plain)
        except ValueError:
            return plain
    return cell if RESULT_TABLES[table][name].kind == "text" else cell.casefold()


def rows_of(place):
    texts, _ = read_place(place)
    return {(name, row.line): row.cells for name, text in texts.items() for row in text.rows}


def test_what_is_planted_is_all_that_differs(planted):
    a, b = rows_of(TABLES), rows_of(planted.place)
    found = {
        (table, one, other, name)
        for table, one, other, _ in planted.pairs
        # a contrast that is told the other way round has other numbers for it
        if table != "contrasts" or a[table, one]["arm_t"] != b[table, other]["arm_c"]
        for name in RESULT_TABLES[table].names
        if said(table, name, a[table, one].get(name, ""))
        != said(table, name, b[table, other].get(name, ""))
    }
    cells = {place for place in planted.told if place[3]}
    assert {p for p in cells - found if p[3] not in {"doi", "arm_t", "arm_c"}} == set()
    # other names of trials and arms are no disagreement of cells
    assert {place for place in found - cells if place[3] not in NAMES | {"doi"}} == set()


def test_every_row_stands_in_both_or_is_planted_as_of_one(planted):
    a, b = rows_of(TABLES), rows_of(planted.place)
    assert len({place[:2] for place in planted.pairs}) == len(planted.pairs) < len(a)
    assert len({(place[0], place[2]) for place in planted.pairs}) == len(planted.pairs) < len(b)
    lone = [place for place in planted.told if not place[3]]
    assert all((place[1] == 0) != (place[2] == 0) for place in lone)


def test_every_kind_of_edit_finds_a_row(planted):
    assert planted.skipped == ()
    silent = {"arms_named_otherwise", "arms_and_trial_named_otherwise", "trial_known_by_label"}
    silent |= {"contrast_turned_round", "earlier_review_named_otherwise"}
    assert {kind.__name__ for kind in ALL} - {one.kind for one in planted.told.values()} <= silent
