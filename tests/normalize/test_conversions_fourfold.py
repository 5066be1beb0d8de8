"""Fourfold tables from ratios, against the worked examples of Di Pietrantonj.

The examples 3.1 and 4.2 of Di Pietrantonj 2006 (Statistics in Medicine 25:2299-2322) with their
true counts are taken as quoted in the help page of the R package estimraw 1.0.0, "Practical
examples".
"""

import math

import pytest

from ketameta.normalize.conversions import (
    ConversionError,
    counts_from_ratio,
    log_interval_se,
    possible_tables,
    solve_fourfold,
)


def printed(measure, a, n1, c, n2, decimals, z=1.959963984540054):
    """Return a ratio and its Wald interval as a paper prints them."""
    if measure == "RR":
        ratio, se = (a / n1) / (c / n2), math.sqrt(1 / a - 1 / n1 + 1 / c - 1 / n2)
    else:
        b, d = n1 - a, n2 - c
        ratio, se = a * d / (b * c), math.sqrt(1 / a + 1 / b + 1 / c + 1 / d)
    limits = ratio, ratio * math.exp(-z * se), ratio * math.exp(z * se)
    return tuple(round(value, decimals) for value in limits)


def test_the_odds_ratio_of_example_4_2_gives_its_table():
    # OR 0.6207 (0.3382 to 1.1391), 355 and 366 people; the truth is 18 and 29
    assert counts_from_ratio("OR", 0.6207, 0.3382, 1.1391, 355, 366, decimals=4) == (18, 29)


def test_the_odds_ratio_of_example_4_2_has_the_two_solutions_of_the_paper():
    found = solve_fourfold("OR", 0.6207, log_interval_se(0.3382, 1.1391), 355, 366)
    assert [(round(a), round(c)) for a, c in found] == [(18, 29), (327, 348)]


def test_one_decimal_and_47_events_in_all_leave_the_true_table_of_example_4_2():
    tables = possible_tables("OR", 0.6, 0.3, 1.1, 355, 366, decimals=1)
    assert [table for table in tables if sum(table) == 47] == [(18, 29)]


def test_the_risk_ratio_of_example_3_1_at_one_decimal_leaves_many_tables_with_the_true_one():
    # RR 0.6 (0.4 to 0.9), 352 and 376 people; the truth is 37 and 65
    tables = possible_tables("RR", 0.6, 0.4, 0.9, 352, 376, decimals=1)
    assert (37, 65) in tables
    with pytest.raises(
        ConversionError, match=rf"{len(tables)} tables give RR 0\.6 \(0\.4 to 0\.9\)"
    ):
        counts_from_ratio("RR", 0.6, 0.4, 0.9, 352, 376, decimals=1)


@pytest.mark.parametrize("measure", ["OR", "RR"])
@pytest.mark.parametrize(
    ("a", "n1", "c", "n2"), [(46, 73, 25, 79), (5, 20, 12, 21), (30, 40, 4, 38), (3, 90, 9, 60)]
)
def test_exact_ratio_and_error_solve_to_the_table(measure, a, n1, c, n2):
    ratio, se = (a / n1) / (c / n2), math.sqrt(1 / a - 1 / n1 + 1 / c - 1 / n2)
    if measure == "OR":
        ratio = a * (n2 - c) / (c * (n1 - a))
        se = math.sqrt(1 / a + 1 / (n1 - a) + 1 / c + 1 / (n2 - c))
    found = solve_fourfold(measure, ratio, se, n1, n2)
    assert len(found) == (2 if measure == "OR" else 1)
    # 1e-9: a root of a quadratic in numbers up to 1e5, in double precision
    assert any(
        x == pytest.approx(a, abs=1e-9) and y == pytest.approx(c, abs=1e-9) for x, y in found
    )


@pytest.mark.parametrize("measure", ["OR", "RR"])
@pytest.mark.parametrize(("a", "n1", "c", "n2"), [(5, 20, 12, 21), (17, 24, 7, 25), (1, 9, 3, 11)])
def test_every_possible_table_is_found_and_no_other(measure, a, n1, c, n2):
    said = printed(measure, a, n1, c, n2, 2)
    top = 1 if measure == "RR" else 0
    every = [
        (x, y)
        for y in range(1, n2 + top)
        for x in range(1, n1 + top)
        if printed(measure, x, n1, y, n2, 2) == said
    ]
    assert (a, c) in every
    assert sorted(possible_tables(measure, *said, n1, n2, decimals=2)) == sorted(every)


def test_a_risk_ratio_may_have_events_in_everyone_of_one_group():
    said = printed("RR", 9, 14, 11, 11, 3)
    assert counts_from_ratio("RR", *said, 14, 11, decimals=3) == (9, 11)
    said = printed("RR", 14, 14, 5, 11, 3)
    assert counts_from_ratio("RR", *said, 14, 11, decimals=3) == (14, 5)


def test_the_control_risk_chooses_between_the_two_solutions_of_equal_groups():
    said = printed("OR", 14, 33, 6, 33, 3)
    # events and non-events exchanged, groups exchanged: the same odds ratio and error
    assert possible_tables("OR", *said, 33, 33, decimals=3) == [(14, 6), (27, 19)]
    with pytest.raises(ConversionError, match="2 tables give"):
        counts_from_ratio("OR", *said, 33, 33, decimals=3)
    assert counts_from_ratio("OR", *said, 33, 33, decimals=3, control_risk=0.2) == (14, 6)
    assert counts_from_ratio("OR", *said, 33, 33, decimals=3, control_risk=0.6) == (27, 19)


def test_another_level_is_another_interval():
    said = printed("RR", 14, 33, 6, 35, 3, z=1.6448536269514722)
    assert counts_from_ratio("RR", *said, 33, 35, decimals=3, level=0.9) == (14, 6)
    with pytest.raises(ConversionError, match="no counts"):
        counts_from_ratio("RR", *said, 33, 35, decimals=3)


def test_an_adjusted_ratio_fits_no_table():
    ratio, low, high = printed("OR", 14, 33, 6, 33, 3)
    with pytest.raises(ConversionError, match="no counts of 33 and 33 people give OR"):
        counts_from_ratio("OR", ratio + 0.2, low, high, 33, 33, decimals=3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("HR", 0.6, 0.3, 1.1, 20, 20), "neither OR nor RR"),
        (("OR", 1.6, 0.3, 1.1, 20, 20), "does not hold"),
        (("OR", 0.6, 1.1, 0.3, 20, 20), "does not rise"),
        (("OR", 0.6, 0.0, 1.1, 20, 20), "not above 0"),
        (("OR", 0.6, 0.3, 1.1, 0, 20), "less than 1"),
    ],
)
def test_what_is_no_ratio_with_an_interval_is_refused(arguments, message):
    with pytest.raises(ConversionError, match=message):
        counts_from_ratio(*arguments, decimals=1)


def test_an_error_too_small_for_the_groups_has_no_solution():
    # the smallest SE of a log OR of 1 with 20 and 20 people is √(8/20)
    assert solve_fourfold("OR", 1.0, 0.5, 20, 20) == []
    assert solve_fourfold("OR", 1.0, 0.64, 20, 20) != []
