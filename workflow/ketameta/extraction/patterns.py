"""Guesses at what happened where two cells differ, from the cells of the two rows alone.

A closed list, one function a guess, in the order of `GUESSES`; the first that fits is told. None of
them proves anything: it says where a person might look first. Numbers as printed are known to half
a unit of their last digit: what follows from one number is held against the other within that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import sqrt

from ketameta.extraction.cells import (
    ARM_COLUMNS,
    FREE,
    TRIAL_COLUMNS,
    column_of,
    decimals,
    letters_and_digits,
    number_of,
    rounded,
    spelled_otherwise,
)
from ketameta.extraction.lines import unit_between
from ketameta.ingest.cells import plain_minus
from ketameta.tables.raw import RESULT_TABLES
from ketameta.vocabulary import vocabulary

Z95 = 1.959964
_NAMES = (*TRIAL_COLUMNS, *ARM_COLUMNS)
_SPREADS = ("sd", "baseline_sd", "change_sd")
# endpoint -> baseline
_BASELINES = {"mean": "baseline_mean", "sd": "baseline_sd", "median": "baseline_mean"}
# endpoint -> change
_CHANGES = {"mean": "change_mean", "sd": "change_sd"}


@dataclass(frozen=True, slots=True)
class Slip:
    """A cell that differs: what A and B have, their rows by column, the people randomised.

    ``randomised`` is what A's table of arms (of trials, for a trial) says; None where it is silent.
    """

    table: str
    column: str
    a: str
    b: str
    row_a: Mapping[str, str]
    row_b: Mapping[str, str]
    randomised: float | None = None

    @property
    def numbers(self) -> tuple[float, float] | None:
        """Both cells as numbers; None where one is none."""
        x, y = number_of(self.a), number_of(self.b)
        return None if x is None or y is None else (x, y)

    @property
    def people(self) -> float | None:
        """The people of the row, by A, else by B, else those randomised; None below 2."""
        found = number_of(self.row_a.get("n", "")) or number_of(self.row_b.get("n", ""))
        found = found or self.randomised
        return found if found is not None and found >= 2 else None


Guess = Callable[[Slip], str]


def guess(slip: Slip) -> str:
    """Return what may have happened, in words; empty where nothing of the list fits."""
    return next((said for what in GUESSES if (said := what(slip))), "")


def is_rounded(slip: Slip) -> str:
    """Tell a number that is the other with fewer digits."""
    return "rounded to fewer digits" if rounded(slip.a, slip.b) else ""


def in_another_unit(slip: Slip) -> str:
    """Tell an hour that is in days, weeks or minutes on one side."""
    if slip.column not in ("timepoint_h", "hour_low", "hour_high"):
        return ""
    for side, hour, other in (("B", slip.a, slip.b), ("A", slip.b, slip.a)):
        if unit := unit_between(hour, other):
            return f"{side} has the hour in {unit}"
    return ""


def sign_lost(slip: Slip) -> str:
    """Tell numbers that are equal but for the sign."""
    both = slip.numbers
    return "sign lost or added" if both and both[0] == -both[1] != 0 else ""


def randomised_for_analysed(slip: Slip) -> str:
    """Tell where one side has the people randomised, and the other fewer."""
    both = slip.numbers
    if slip.column != "n" or not both or slip.randomised is None:
        return ""
    if max(both) != slip.randomised:
        return ""
    return f"{'B' if both[1] > both[0] else 'A'} has n randomised for n analysed"


def per_cent_for_count(slip: Slip) -> str:
    """Tell where one side has the count as a per cent of the people, rounded or not."""
    both, n = slip.numbers, slip.people
    if slip.column not in ("events", "percent") or not both or n is None or n == 100:
        return ""
    for side, other, count, text in (("B", "A", both[0], slip.b), ("A", "B", both[1], slip.a)):
        if count and _is(100 * count / n, 0.0, text):
            if slip.column == "percent":
                return f"{other} has the count for the per cent"
            return f"{side} has the per cent for the count"
    return ""


def without_event(slip: Slip) -> str:
    """Tell counts that add up to the people: one side counted those without the event."""
    both, n = slip.numbers, slip.people
    fits = slip.column == "events" and both and n is not None and both[0] + both[1] == n
    return "one side counted those without the event" if fits else ""


def baseline_for_endpoint(slip: Slip) -> str:
    """Tell where one side has at the time point what the other has at baseline."""
    return _from_column(slip, _BASELINES, "the baseline for the endpoint")


def change_for_endpoint(slip: Slip) -> str:
    """Tell where one side has the change as the endpoint, as printed or as it follows.

    The change is endpoint less baseline, or the fall, without its sign.
    """
    if said := _from_column(slip, _CHANGES, "the change for the endpoint"):
        return said
    both = slip.numbers
    start = slip.row_a.get("baseline_mean", "") or slip.row_b.get("baseline_mean", "")
    base = number_of(start) if start else None
    if slip.column != "mean" or not both or base is None:
        return ""
    for side, value, text in (("B", slip.a, slip.b), ("A", slip.b, slip.a)):
        change = (number_of(value) or 0.0) - base
        if change and any(_is(x, _half(value) + _half(start), text) for x in (change, -change)):
            return f"{side} has the change for the endpoint"
    return ""


def column_shifted(slip: Slip) -> str:
    """Tell where B has in this column what A has beside it, and so in another column.

    Or B has the number of another column of A, in which it has none itself.
    """
    value = number_of(slip.b)
    for name, text in slip.row_a.items():
        if value is None or number_of(text) != value or name in (*_NAMES, slip.column):
            continue
        if name not in slip.row_b:
            return f"B has the number of {name} in this column"
        step = _place(slip, slip.column) - _place(slip, name)
        if abs(step) == 1 and _shifted(slip, step):
            return "columns shifted by one"
    return ""


def digits_transposed(slip: Slip) -> str:
    """Tell two digits beside each other that are exchanged, the point left where it is."""
    written = tuple(plain_minus(text).lstrip("-") for text in (slip.a, slip.b))
    crossed = any(_crossed(x, y) for x, y in (_digits(slip), written) if slip.numbers)
    return "digits transposed" if crossed else ""


def point_moved(slip: Slip) -> str:
    """Tell the same digits with the decimal point elsewhere, or without zeros."""
    x, y = _digits(slip)
    one, other = (text.replace(".", "").strip("0") for text in (x, y))
    return "decimal point moved" if one and one == other and x != y else ""


def digit_dropped(slip: Slip) -> str:
    """Tell a number that is the other with one digit less."""
    x, y = _digits(slip)
    shorter, longer = sorted((x, y), key=len)
    if len(longer) != len(shorter) + 1 or len(longer) < 2:
        return ""
    at = [i for i in range(len(longer)) if longer[:i] + longer[i + 1 :] == shorter]
    if not at or not longer[at[0]].isdigit():
        return ""
    if longer is x:
        return "a digit left out by B"
    return "a digit doubled by B" if len(at) > 1 else "a digit left out by A"


def se_for_sd(slip: Slip) -> str:
    """Tell where one side has the standard error where the other has the SD: SD / sqrt(n)."""
    return _spread(slip, 1.0, (*_SPREADS, "se"), "standard error")


def half_width_for_sd(slip: Slip) -> str:
    """Tell where one side has half of the 95% interval for the SD: 1.96 SD / sqrt(n)."""
    return _spread(slip, Z95, _SPREADS, "half-width of the 95% interval")


def variance_for_sd(slip: Slip) -> str:
    """Tell where one side has the square of the other's SD."""
    both = slip.numbers
    if slip.column not in _SPREADS or not both or min(both) <= 0:
        return ""
    for side, sd, text in (("B", slip.a, slip.b), ("A", slip.b, slip.a)):
        x = number_of(sd) or 0.0
        if _is(x * x, 2 * x * _half(sd), text):
            return f"{side} has the variance for the SD"
    return ""


def typo(slip: Slip) -> str:
    """Tell words that differ in a letter or two."""
    column = column_of(slip.table, slip.column)
    if column.kind in ("integer", "number", "id", "ids") or slip.column in FREE:
        return ""
    if not slip.a or not slip.b or number_of(slip.a) is not None or number_of(slip.b) is not None:
        return ""
    known = (
        {letters_and_digits(word) for word in vocabulary().words(column.words)}
        if column.words
        else set()
    )
    if {letters_and_digits(slip.a), letters_and_digits(slip.b)} <= known:
        return ""
    return "a word spelled otherwise" if spelled_otherwise(slip.a, slip.b) else ""


GUESSES: tuple[Guess, ...] = (
    is_rounded,
    in_another_unit,
    sign_lost,
    randomised_for_analysed,
    digits_transposed,
    per_cent_for_count,
    without_event,
    baseline_for_endpoint,
    change_for_endpoint,
    column_shifted,
    variance_for_sd,
    point_moved,
    digit_dropped,
    se_for_sd,
    half_width_for_sd,
    typo,
)


def _half(text: str) -> float:
    """Return half a unit of the last digit of a number as written."""
    return float(0.5 * 10.0 ** -max(decimals(text), 0))


def _is(value: float, error: float, text: str) -> bool:
    """Say whether a value, known to ``error``, is a number as written."""
    other = number_of(text)
    return other is not None and abs(value - other) <= (error + _half(text)) * (1 + 1e-9)


def _spread(slip: Slip, times: float, columns: tuple[str, ...], what: str) -> str:
    both, n = slip.numbers, slip.people
    if slip.column not in columns or not both or n is None or min(both) <= 0:
        return ""
    factor = times / sqrt(n)
    for side, other, sd, text in (("B", "A", slip.a, slip.b), ("A", "B", slip.b, slip.a)):
        if _is((number_of(sd) or 0.0) * factor, _half(sd) * factor, text):
            if slip.column == "se":
                return f"{other} has the SD for the standard error"
            return f"{side} has the {what} for the SD"
    return ""


def _from_column(slip: Slip, columns: Mapping[str, str], what: str) -> str:
    """Say which side has in a column what the other has in the column that goes with it."""
    source = columns.get(slip.column)
    both = slip.numbers
    if source is None or not both:
        return ""
    for side, value, row in (("B", both[1], slip.row_a), ("A", both[0], slip.row_b)):
        if number_of(row.get(source, "")) == value:
            return f"{side} has {what}"
    return ""


def _digits(slip: Slip) -> tuple[str, str]:
    """Return both numbers without sign and without zeros that say nothing; empty for words."""
    both = slip.numbers
    if not both or (both[0] < 0) != (both[1] < 0):
        return "", ""
    return f"{abs(both[0]):.12g}", f"{abs(both[1]):.12g}"


def _crossed(x: str, y: str) -> bool:
    """Say whether two texts differ in two digits beside each other that changed places."""
    if len(x) != len(y):
        return False
    at = [i for i, (one, other) in enumerate(zip(x, y, strict=True)) if one != other]
    if len(at) != 2 or at[1] != _next_digit(x, at[0]):
        return False
    return x[at[0]] == y[at[1]] and x[at[1]] == y[at[0]]


def _next_digit(text: str, at: int) -> int:
    """Return the place of the next digit, over a decimal point."""
    return at + 2 if text[at + 1 : at + 2] == "." else at + 1


def _place(slip: Slip, column: str) -> int:
    return RESULT_TABLES[slip.table].names.index(column)


def _shifted(slip: Slip, step: int) -> bool:
    """Say whether another number of B stands beside its column in A, on the same side."""
    names = RESULT_TABLES[slip.table].names
    for name, text in slip.row_b.items():
        at = names.index(name) - step
        value = number_of(text)
        if name == slip.column or value is None or not 0 <= at < len(names):
            continue
        own, beside = (number_of(slip.row_a.get(column, "")) for column in (name, names[at]))
        if value == beside != own:
            return True
    return False
