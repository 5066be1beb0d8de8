"""Rows written all at once are the same bytes as cells that the library is given one by one."""

import io
from datetime import datetime

import pytest
import xlsxwriter

from ketameta.report.long_sheet import LONGEST, LongSheet

PLAIN = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
NUMBERS = [0, -0.0, 3, 1 / 3, 1e-300, 123456789.123456789, 10**15, 1e16, -2.5e22]
TEXTS = ["", "=1+1", " a<b & c>d ", "two\nlines", "5", "_x0041_", "τ² \u2009", "<r>x</r>", "a"]
LONG = ["a" * (LONGEST + 3), "𝛕" * (LONGEST // 2 + 3), "b" + "𝛕" * (LONGEST // 2 + 3)]


def book(write):
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, PLAIN) as made:
        made.set_properties({"created": datetime(2000, 1, 1)})  # two books may see two seconds
        write(made)
    return out.getvalue()


def by_cell(rows):
    def write(made):
        sheet = made.add_worksheet("one")
        for line, row in enumerate(rows):
            for column, value in enumerate(row):
                if isinstance(value, bool):
                    sheet.write_boolean(line, column, value)
                elif isinstance(value, str):
                    sheet.write_string(line, column, value)
                elif value is not None:
                    sheet.write_number(line, column, value)

    return book(write)


def at_once(rows, most=1_048_576):
    def write(made):
        sheet = made.add_worksheet("one", LongSheet)
        sheet.xls_rowmax = most
        for column, title in enumerate(rows[0]):
            sheet.write_string(0, column, title)
        sheet.fill(rows[1:])

    return book(write)


def of(values, width):
    """Lay values out in rows of a width, the last filled up with nothing."""
    padded = [*values, *[None] * (-len(values) % width)]
    return [padded[n : n + width] for n in range(0, len(padded), width)]


@pytest.mark.parametrize(
    "rows",
    [
        [],
        of(NUMBERS, 3),
        of(TEXTS, 2),
        of(LONG, 1),
        [[True, False], [None, True]],
        # blocks of sixteen that begin later, end sooner or are empty, and empty rows at the end
        [[None] * 30] * 16 + [[None, *["x"] * 28, None]] + [[None] * 30] * 20 + [[1.5] * 30] * 14,
        [[1, None]] * 40 + [[None, "end"]] + [[None, None]] * 20,
    ],
    ids=("none", "numbers", "texts", "long", "flags", "blocks", "ends"),
)
def test_the_bytes_are_those_of_single_cells(rows):
    head = [f"column {n}" for n in range(len(rows[0]) if rows else 2)]
    assert at_once([head, *rows]) == by_cell([head, *rows])


def test_what_is_no_number_or_text_is_written_as_text():
    """A number that Excel has none for, and a list, stand as their words."""
    given = [["a", "b", "c"], [float("inf"), ["x", "y"], "bell\a"]]
    assert at_once(given) == by_cell([["a", "b", "c"], ["inf", "x;y", "bell\ufffd"]])


def test_rows_beyond_the_last_of_excel_are_left_out():
    rows = [["a"], ["b"], ["c"], ["d"]]
    assert at_once(rows, most=3) == by_cell(rows[:3])
