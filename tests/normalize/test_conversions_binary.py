"""Counts from percentages. Expected values are divided out by hand."""

import pytest

from ketameta.normalize.conversions import (
    ConversionError,
    events_from_percent,
    nearest_events,
    possible_counts,
)


@pytest.mark.parametrize(
    ("percent", "n", "decimals", "events"),
    [
        (63.0, 73, 1, 46),  # 46/73 = 63.01%
        (63, 73, 0, 46),  # 45/73 = 61.6%, 47/73 = 64.4%
        (33.3, 30, 1, 10),
        (33, 30, 0, 10),
        (84.6, 26, 1, 22),
        (0, 40, 0, 0),
        (100, 40, 0, 40),
        (12.5, 8, 1, 1),
        (66.67, 3, 2, 2),
    ],
)
def test_the_one_count_behind_a_percentage_is_found(percent, n, decimals, events):
    assert events_from_percent(percent, n, decimals) == events


@pytest.mark.parametrize("printed", [12, 13])
def test_a_half_may_have_been_rounded_either_way(printed):
    assert events_from_percent(printed, 8, 0) == 1  # 12.5%


def test_a_percentage_that_no_count_gives_names_the_nearest():
    # 10/28 = 35.71%, 11/28 = 39.29%: nothing prints as 37.4
    assert possible_counts(37.4, 28, 1) == []
    with pytest.raises(
        ConversionError, match=r"no count of 28 .* 37\.4%.* nearest, 10, .*35\.714%"
    ):
        events_from_percent(37.4, 28, 1)


def test_a_percentage_that_several_counts_give_names_them():
    # of 250: 82 is 32.8%, 83 is 33.2%, 81 is 32.4% and 84 is 33.6%
    assert possible_counts(33, 250, 0) == [82, 83]
    with pytest.raises(ConversionError, match=r"2 counts of 250 people give 33%: 82 to 83"):
        events_from_percent(33, 250, 0)


def test_counts_stay_between_none_and_all():
    # 0.4% of 125 prints as 0, -1 does not exist; 124/125 = 99.2%
    assert possible_counts(0, 125, 0) == [0]
    assert possible_counts(0, 250, 0) == [0, 1]
    assert possible_counts(100, 250, 0) == [249, 250]


def test_every_percentage_of_up_to_99_people_has_one_count_at_no_decimals():
    for n in range(1, 100):
        for k in range(n + 1):
            assert possible_counts(round(100 * k / n), n, 0) == [k]


def test_decimal_fractions_are_not_blurred_by_binary_ones():
    # 2.675 is 2.67499999… in binary, but 107/4000 is 2.675% exactly: a half at two decimals.
    assert 107 in possible_counts(2.67, 4000, 2)
    assert 107 in possible_counts(2.68, 4000, 2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((101, 40, 0), "not between 0 and 100"),
        ((-1, 40, 0), "not between 0 and 100"),
        ((33.33, 40, 1), "more than 1 decimals"),
        ((33, 0, 0), "n = 0 is less than 1"),
        ((33, 40.5, 0), "not a whole number"),
        ((float("nan"), 40, 0), "not a finite number"),
        ((33, 40, -1), "decimals"),
    ],
)
def test_what_is_no_percentage_is_refused(arguments, message):
    with pytest.raises(ConversionError, match=message):
        events_from_percent(*arguments)


@pytest.mark.parametrize(
    ("percent", "n", "decimals", "events", "counts"),
    [
        (50, 400, 0, 200, (198, 202)),  # chance: sqrt(400 / 4) = 10 people
        (25, 400, 0, 100, (98, 102)),
        (33, 250, 0, 82, (82, 83)),
        (66.7, 2400, 1, 1601, (1600, 1602)),
        (63, 73, 0, 46, (46, 46)),
    ],
)
def test_the_nearest_of_counts_that_differ_less_than_chance_is_taken(
    percent, n, decimals, events, counts
):
    found, possible = nearest_events(percent, n, decimals)
    assert (found, possible[0], possible[-1]) == (events, *counts)


@pytest.mark.parametrize(
    ("percent", "n"),
    [
        (1, 400),
        (0, 250),
        (100, 400),
        (50, 4000),
    ],  # chance: 2, 0, 0 and 32 people; 4, 1, 2, 40 apart
)
def test_no_count_is_taken_where_rounding_matters_as_chance_does(percent, n):
    with pytest.raises(ConversionError, match="counts of"):
        nearest_events(percent, n, 0)
