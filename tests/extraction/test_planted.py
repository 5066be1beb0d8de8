"""A comparison held against a planted second extraction: every edit is found, and nothing else."""

import re

import pytest
from ketameta.extraction.disagreements import disagreements
from ketameta.extraction.matching import match
from ketameta.extraction.sides import sides

from ..conftest import TABLES


def line(place):
    """Return the line of a place such as outcomes.csv:7; 0 where there is none."""
    return int(re.search(r"(\d+)$", place)[1]) if place else 0


@pytest.fixture(scope="module")
def compared(planted):
    a, b = sides(TABLES, planted.place)
    matching = match(a, b)
    return a, b, matching, disagreements(a, b, matching)


@pytest.fixture(scope="module")
def found(compared):
    return {(d.table, line(d.place_a), line(d.place_b), d.column): d for d in compared[3]}


def test_every_row_is_matched_with_its_own(planted, compared):
    pairs = {(m.table, m.a["line"], m.b["line"], "") for m in compared[2].matches}
    assert {(*p, planted.told.get(p)) for p in planted.pairs - pairs} == set()
    assert pairs - planted.pairs == set()


def test_every_edit_is_found(planted, found):
    assert {(p, one.kind) for p, one in planted.told.items() if p not in found} == set()


def test_nothing_else_is_told(planted, found):
    assert {(p, d.a, d.b) for p, d in found.items() if p not in planted.told} == set()
