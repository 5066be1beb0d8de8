"""Guesses at what happened where two cells differ: each on both sides of its boundary."""

from math import sqrt

import pytest

from ketameta.extraction.cells import (
    canonical_cell,
    column_of,
    decimals,
    number_of,
    rounded,
    significant_digits,
)
from ketameta.extraction.patterns import Slip, guess


def said(column, a, b, table="outcomes", randomised=None, **row):
    """Return the guess for a cell in a row whose other cells are the same on both sides."""
    others = {name: text for name, text in row.items() if not name.startswith(("a_", "b_"))}
    own = {n.removeprefix("a_"): t for n, t in row.items() if n.startswith("a_")}
    theirs = {n.removeprefix("b_"): t for n, t in row.items() if n.startswith("b_")}
    row_a = {n: t for n, t in {**others, **own, column: a}.items() if t}
    row_b = {n: t for n, t in {**others, **theirs, column: b}.items() if t}
    return guess(Slip(table, column, a, b, row_a, row_b, randomised))


@pytest.mark.parametrize(
    ("a", "b", "fits"),
    [
        ("17.38", "17.4", True),
        ("17.4", "17.38", True),
        ("17.45", "17.4", True),  # half may go down
        ("17.35", "17.4", True),  # or up
        ("17.34", "17.4", False),
        ("17.46", "17.4", False),
        ("17.38", "17.39", False),  # as many digits
        ("12.4", "12", True),
        ("-6.85", "-6.9", True),
    ],
)
def test_rounding(a, b, fits):
    assert rounded(a, b) is fits
    assert (said("mean", a, b) == "rounded to fewer digits") is fits


@pytest.mark.parametrize(
    ("a", "b", "likely"),
    [
        ("24", "1", "B has the hour in days"),
        ("7", "168", "A has the hour in days"),
        ("672", "4", "B has the hour in weeks"),
        ("0.67", "40", "B has the hour in minutes"),
        ("0.67", "41", ""),
        ("1", "0.042", "B has the hour in days"),
        ("1", "0.044", ""),
        ("48", "1", ""),
        ("168", "1", "B has the hour in weeks"),
        ("25", "1", ""),
    ],
)
def test_hours_in_another_unit(a, b, likely):
    assert said("timepoint_h", a, b) == likely


def test_the_sign():
    assert said("change_mean", "-17.4", "17.4") == "sign lost or added"
    assert said("change_mean", "-17.4", "17.5") == ""


def test_people_randomised_for_those_analysed():
    assert said("n", "28", "31", randomised=31) == "B has n randomised for n analysed"
    assert said("n", "31", "28", randomised=31) == "A has n randomised for n analysed"
    assert said("n", "28", "32", randomised=31) == ""
    # more than were randomised: it is not the other side that slipped
    assert said("n", "31", "35", randomised=31) == ""
    assert said("events", "28", "31", n="99", randomised=31) == ""


@pytest.mark.parametrize(
    ("a", "b", "n", "likely"),
    [
        ("8", "27", "30", "B has the per cent for the count"),  # 26.7
        ("8", "26.7", "30", "B has the per cent for the count"),
        ("8", "29", "30", ""),
        ("27", "8", "30", "A has the per cent for the count"),
        ("8", "22", "30", "one side counted those without the event"),
        ("8", "21", "30", ""),
        ("8", "9", "100", ""),
    ],
)
def test_counts(a, b, n, likely):
    assert said("events", a, b, n=n) == likely


def test_a_count_for_a_per_cent():
    assert said("percent", "26.7", "8", n="30") == "B has the count for the per cent"
    assert said("percent", "25.7", "8", n="30") == ""


def test_the_baseline_or_the_change_for_the_endpoint():
    base = {"baseline_mean": "32.5", "baseline_sd": "5.1"}
    assert said("mean", "15.2", "32.5", **base) == "B has the baseline for the endpoint"
    assert said("sd", "9.8", "5.1", **base) == "B has the baseline for the endpoint"
    assert said("mean", "32.5", "15.2", **base) == "A has the baseline for the endpoint"
    assert said("mean", "15.2", "32.6", **base) == ""
    # 15.2 - 32.5 = -17.3, each known to 0.05
    assert said("mean", "15.2", "-17.3", **base) == "B has the change for the endpoint"
    assert said("mean", "15.2", "17.4", **base) == "B has the change for the endpoint"
    assert said("mean", "15.2", "17.6", **base) == ""
    assert said("mean", "15.2", "-9.1", change_mean="-9.1") == "B has the change for the endpoint"


def test_columns_shifted():
    # baseline_mean, baseline_sd, mean, sd as B has them, one place to the right
    a = {"a_baseline_mean": "32.5", "a_baseline_sd": "5.1", "a_mean": "15.2", "a_sd": "9.8"}
    b = {"b_baseline_sd": "32.5", "b_mean": "5.1", "b_sd": "15.2"}
    assert said("sd", "9.8", "15.2", **a, **b) == "columns shifted by one"
    # a number of the column beside it alone is no shift
    b = {"b_baseline_mean": "32.5", "b_baseline_sd": "5.1", "b_mean": "15.2"}
    assert said("sd", "9.8", "15.2", **a, **b) == ""
    moved = said("change_mean", "", "15.2", a_mean="15.2")
    assert moved == "B has the number of mean in this column"
    assert said("change_mean", "", "15.2", mean="15.2") == ""


@pytest.mark.parametrize(
    ("a", "b", "likely"),
    [
        ("15.2", "51.2", "digits transposed"),
        ("15.2", "12.5", "digits transposed"),
        ("-10.3", "-01.3", "digits transposed"),
        ("15.2", "25.1", ""),  # not beside each other
        ("123", "321", ""),
        ("15.2", "1.52", "decimal point moved"),
        ("0.5", "0.05", "decimal point moved"),
        ("100", "10", "decimal point moved"),
        ("15.2", "1.53", ""),
        ("15.2", "1.2", "a digit left out by B"),
        ("12", "122", "a digit doubled by B"),
        ("12", "132", "a digit left out by A"),
        ("152", "1", ""),
        ("5", "-5.1", ""),
    ],
)
def test_digits(a, b, likely):
    assert said("mean", a, b) == likely


@pytest.mark.parametrize("column", ["sd", "baseline_sd", "change_sd"])
def test_spreads(column):
    n, sd = 30, 9.8  # known to 0.05
    se, half = sd / sqrt(n), 1.959964 * sd / sqrt(n)
    assert (round(se, 2), round(half, 2), round(sd**2, 1)) == (1.79, 3.51, 96.0)
    assert said(column, "9.8", "1.79", n="30") == "B has the standard error for the SD"
    assert said(column, "1.79", "9.8", n="30") == "A has the standard error for the SD"
    # 9.85 / sqrt(30) + 0.005 = 1.803
    assert said(column, "9.8", "1.80", n="30") == "B has the standard error for the SD"
    assert said(column, "9.8", "1.81", n="30") == ""
    assert (
        said(column, "9.8", "3.51", n="30") == "B has the half-width of the 95% interval for the SD"
    )
    assert said(column, "9.8", "3.6", n="30") == ""
    assert said(column, "9.8", "96.0", n="30") == "B has the variance for the SD"
    # (9.8 + 0.05)² is 97.02, less 0.05² where the error is taken as linear, and 0.05 of B's own
    assert said(column, "9.8", "97.0", n="30") == "B has the variance for the SD"
    assert said(column, "9.8", "97.1", n="30") == ""
    # nobody to divide by
    assert said(column, "9.8", "1.79") == ""
    assert said(column, "9.8", "1.79", randomised=30) == "B has the standard error for the SD"


def test_the_sd_for_the_standard_error():
    assert said("se", "1.79", "9.8", n="30") == "B has the SD for the standard error"
    assert said("se", "9.8", "1.79", n="30") == "A has the SD for the standard error"
    assert said("mean", "9.8", "1.79", n="30") == ""


def test_words():
    spelled = "a word spelled otherwise"
    assert said("scale", "MADRS", "MARDS") == spelled
    assert said("analysis_set_as_reported", "full analysis set", "full analysis-set") == spelled
    assert said("scale", "MADRS", "QIDS") == ""
    # two known words are no slip of the pen, however alike
    assert said("scale", "MADRS", "MADRS-10") == ""
    assert said("arm_id", "ketamine", "ketamin") == ""


def test_one_form_of_each_cell():
    def form(name, text, table="outcomes"):
        return canonical_cell(column_of(table, name), text)

    assert form("mean", "24") == form("mean", "24.00") == form("mean", "2.4e1")
    assert form("mean", "-0") == form("mean", "0.0")
    assert form("percent", "12%") == form("percent", "12.0")
    assert form("definition", "≥50%  reduction") == form("definition", ">=50% Reduction")
    assert form("p_value", "p < .001", "contrasts") == form("p_value", "<.001", "contrasts")
    assert form("p_value", "P=0.030", "contrasts") == form("p_value", "0.03", "contrasts")
    assert form("p_value", "<.001", "contrasts") != form("p_value", ".001", "contrasts")
    doi = ("10.1000/AbC", "https://doi.org/10.1000/abc", "doi: 10.1000/ABC")
    assert len({form("doi", text, "trials") for text in doi}) == 1
    assert form("part_of", "b; a", "trials") == form("part_of", "a;b", "trials")
    assert form("arm_id", "05") != form("arm_id", "5")
    assert form("country", "O\u0308sterreich", "trials") == form(
        "country", "\xd6sterreich", "trials"
    )


def test_numbers_as_written():
    assert [number_of(text) for text in ("1.5", "\u22121.5", "12 %", "1,5", "", "12 (4)")] == [
        1.5, -1.5, 12.0, None, None, None,
    ]  # fmt: skip
    assert [decimals(text) for text in ("12", "12.50", "1e3", "1.5e-2", "-0.3")] == [0, 2, -3, 3, 1]
    assert [significant_digits(text) for text in ("12.5", "100", "0", "0.05", "10.50", "1e7")] == [
        3, 1, 0, 1, 3, 1,
    ]  # fmt: skip
