"""What the checks say of the real tables: nothing impossible, and the list of what is odd."""

import math

import pytest

from ketameta.normalize.checks.view import RowsByTrial
from ketameta.normalize.trials import raw_rows
from ketameta.tables.effects import EffectRow
from ketameta.tables.raw import RAW_KINDS, ArmRow, TrialRow
from ketameta.tables.table import as_dict

from ..rows import tables_of
from .checked import RAW, find

# One line a trial and check: changes only where the tables change, or a check on purpose.
ODD = {
    ("n-above-randomised", "abdallah2022"),
    ("n-above-randomised", "daly2018"),
    ("n-above-randomised", "grunebaum2018"),
    ("n-above-randomised", "takahashi2021"),
    ("sd-like-se", "jafarinia2016"),
    ("sd-like-se", "kheirabadi2019"),
    ("g-above-2", "kheirabadi2019"),
    ("no-number-to-pool", "feder2021"),
    ("no-number-to-pool", "sigtermans2009"),
    ("mean-no-sum-gives", "berman2000"),
    ("mean-no-sum-gives", "domany2019"),
    ("mean-no-sum-gives", "fan2017"),
    ("mean-no-sum-gives", "price2014"),
    ("sd-no-scores-give", "price2014"),
    ("baseline-imbalance", "su2023"),
    ("event-above-implied", "lii2023"),
    ("same-numbers-two-labels", "glue2017"),  # one registration with glue2020
    ("any-time-at-an-hour", "burger2016"),
    ("any-time-at-an-hour", "domany2019"),
    ("any-time-at-an-hour", "feder2014"),
    ("any-time-at-an-hour", "reif2023"),
    ("any-time-at-an-hour", "singh2016"),
    ("any-time-at-an-hour", "zarate2006"),
    ("percentage-points", "grabski2022"),
    ("se-against-interval", "takahashi2021"),  # simultaneous intervals
    ("p-against-estimate", "daly2018"),  # one-sided
    ("p-against-estimate", "takahashi2021"),
    ("contrast-against-arms", "hu2016"),  # hazard ratios printed the other way round
}


@pytest.fixture(scope="module")
def raw(tables):
    """Return copies of the raw rows, to edit, and the effects."""
    return [[*map(as_dict, tables[RAW_KINDS[name]])] for name in RAW] + [tables[EffectRow]]


@pytest.fixture(scope="module")
def findings(raw):
    return find(*raw)


def test_the_real_tables_hold_these_oddities(findings):
    assert {(finding.check, finding.trial_id) for finding in findings} == ODD


def test_findings_explained_by_their_row_quote_it(findings):
    quoted = {f.trial_id for f in findings if " says: " in f.message}
    assert {"abdallah2022", "kheirabadi2019", "lii2023", "price2014", "su2023", "hu2016"} <= quoted


def edited(raw, rows, column, change):
    """Yield for each row whether the change of a cell makes a new finding about its trial."""
    before = {(f.check, f.line, f.column) for f in find(*raw)}
    for row in rows:
        cell, entered = row[column], row["entered"]
        text = f"{change(row):.{len(entered[column].partition('.')[2])}f}"
        row[column], row["entered"] = float(text), {**entered, column: text}
        found = find(*raw)
        row[column], row["entered"] = cell, entered
        new = [f for f in found if (f.check, f.line, f.column) not in before]
        yield any(f.trial_id == row["trial_id"] for f in new)


def _size(raw):
    """Return a function that gives the people of a row of cells."""
    found = tables_of(dict(zip(RAW, raw[:4], strict=True)))
    view = RowsByTrial(raw_rows(found), found[TrialRow], found[ArmRow])
    sizes = {row.line: view.size(row) for row in view.outcomes}
    return lambda row: sizes[row["line"]]


def test_most_standard_errors_typed_as_sds_would_be_found(raw):
    # of all 170 SDs with 8 people or more 88% are; every ninth is tried, and one may fall out
    size = _size(raw)
    rows = [row for row in raw[2] if row["change_sd"] and (size(row) or 0) >= 8][::9]
    found = list(
        edited(raw, rows, "change_sd", lambda row: row["change_sd"] / math.sqrt(size(row)))
    )
    assert len(found) >= 5
    assert sum(found) >= len(found) - 1


def test_most_changes_with_a_lost_sign_would_be_found(raw):
    size = _size(raw)
    rows = [row for row in raw[2] if row["change_sd"] and size(row)][::9]
    found = list(edited(raw, rows, "change_mean", lambda row: -row["change_mean"]))
    assert len(found) >= 5
    assert sum(found) >= len(found) - 1


def test_empty_tables_have_no_findings():
    assert find([], [], [], [], []) == []
