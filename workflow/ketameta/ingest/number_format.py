"""Number formats of a spreadsheet: what shows a date, and what a per cent.

A code has up to four sections with ; between: above 0, below 0, 0, text; a condition in brackets
may stand in their place (ECMA-376 part 1, 18.8.31). What stands in quotes, after a backslash, _ or
* is shown or left blank and means nothing: ``0" %"`` is a plain number.
"""

from __future__ import annotations

import operator
import re
from functools import cache

# the formats without a code of their own that matter here: per cent, dates and times
BUILT_IN = {
    **{9: "0%", 10: "0.00%"},
    **dict.fromkeys((*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)), "yyyy-mm-dd"),
}
_LITERAL = re.compile(r'"[^"]*"?|[\\_*].?', re.DOTALL)
_CONDITION = re.compile(r"\[(<=|>=|<>|<|>|=)\s*([-+]?[0-9.]+(?:E[-+]?[0-9]+)?)\]", re.IGNORECASE)
_BRACKETS = re.compile(r"\[(?!h+\]|m+\]|s+\])[^\]]*\]", re.IGNORECASE)
_DATE = re.compile(r"[ymdhs]", re.IGNORECASE)
_HOLDS = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    "<>": operator.ne,
}


def percents(code: str, value: float) -> int:
    """Return how many per cent signs the format multiplies a value for; mostly 0."""
    return _section(code, value).count("%")


def shown_as_date(code: str, value: float) -> bool:
    """Say whether a value is shown as a date, a time or a length of time."""
    return bool(_DATE.search(_section(code, value)))


def _section(code: str, value: float) -> str:
    sections = _sections(code)
    given = [_CONDITION.search(section) for section in sections]
    if any(given):
        # the first that holds; the last stands for every other number
        at = next(
            (
                i
                for i, found in enumerate(given)
                if found is None or _HOLDS[found[1]](value, float(found[2]))
            ),
            len(sections) - 1,
        )
    else:
        at = 1 if value < 0 and len(sections) > 1 else 2 if not value and len(sections) > 2 else 0
    return _BRACKETS.sub("", sections[at])


@cache
def _sections(code: str) -> list[str]:
    return _LITERAL.sub("", code).split(";")
