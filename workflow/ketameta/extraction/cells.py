"""When two cells say the same: numbers by value, words by what they say, whatever their form."""

from __future__ import annotations

import math
import re
from difflib import SequenceMatcher
from functools import cache
from unicodedata import normalize

from ketameta.ingest.cells import parse_number, plain_minus, says_nothing
from ketameta.tables.columns import Column, TableSchema
from ketameta.tables.raw import RESULT_TABLES

# read by people alone: they tell where a number stands, and are compared apart
FREE = ("note", "locator", "source_url", "support", "source_document", "article", "article_date")
# names of rows of other tables: the columns in which a trial or an arm of it is named
TRIAL_COLUMNS = ("trial_id", "part_of")
ARM_COLUMNS = ("arm_id", "arm_t", "arm_c", "pooled_arms")
_SIGNS = str.maketrans({"≥": ">=", "≤": "<=", "–": "-", "—": "-", "\u2212": "-", "·": "."})
_DOI = re.compile(r"^(https?://(dx\.)?doi\.org/|doi:\s*)")
_P = re.compile(r"^p(-?\s*value)?\s*(?=[=<>0-9.])|=(?=\s*[0-9.])|\s+")
_NEARLY = 0.8
_DECIMALS = re.compile(r"[-+]?[0-9]*\.?([0-9]*)(e([-+]?[0-9]+))?", re.IGNORECASE)


def compared(schema: TableSchema) -> list[Column]:
    """Return the columns of a table that hold data, in order."""
    return [column for column in schema.columns if column.name not in FREE]


@cache
def column_of(table: str, name: str) -> Column:
    """Return a column of a raw table."""
    return RESULT_TABLES[table][name]


@cache
def number_of(text: str) -> float | None:
    """Return the number that a cell is in plain figures, with or without %; else None."""
    plain = plain_minus(text.strip())
    return parse_number(plain.removesuffix("%").rstrip())


@cache
def letters_and_digits(text: str) -> str:
    """Return the letters and digits of a text in small letters: how it is spelled."""
    return "".join(c for c in normalize("NFC", text).casefold() if c.isalnum())


def likeness_of(a: str, b: str) -> float:
    """Return from 0 to 1 how alike two texts are spelled."""
    x, y = letters_and_digits(a), letters_and_digits(b)
    return 1.0 if x == y else SequenceMatcher(None, x, y, autojunk=False).ratio()


@cache
def spelled_otherwise(a: str, b: str) -> bool:
    """Say whether two texts are one but for a letter or two."""
    return likeness_of(a[:200], b[:200]) >= _NEARLY


def short(text: str) -> str:
    """Return a number in its one form as people write it: 24, not 24.0."""
    return text.removesuffix(".0")


@cache
def canonical_cell(column: Column, text: str) -> str:
    """Return one text for all forms of what a cell says; empty for nothing, as n/a for a number."""
    if not text:
        return ""
    if column.kind not in ("id", "ids"):
        value = number_of(text)
        if value is not None:
            return repr(value + 0.0 if value else 0.0)
        if column.kind in ("integer", "number") and says_nothing(text):
            return ""
    said = " ".join(normalize("NFC", text).translate(_SIGNS).casefold().split())
    if column.name == "p_value":
        said = _P.sub("", said)
        value = number_of(said)
        return said if value is None else repr(value)
    if column.name in ("doi", "source"):
        return _DOI.sub("", said)
    if column.kind in ("ids", "words"):
        return ";".join(sorted(part.strip() for part in said.split(";")))
    return said


def same_cell(column: Column, a: str, b: str) -> bool:
    """Say whether two cells of a column say the same: 24 is 24.0, Yes is yes."""
    return a == b or canonical_cell(column, a) == canonical_cell(column, b)


def decimals(text: str) -> int:
    """Return the digits after the point of a number as written; below 0 for 1e3."""
    found = _DECIMALS.match(plain_minus(text.strip()))
    assert found is not None
    return len(found[1]) - int(found[3] or 0)


def rounded(a: str, b: str) -> bool:
    """Say whether one of two numbers is the other with fewer digits: 17.4 is 17.38 rounded.

    Half may have gone up or down.
    """
    x, y = number_of(a), number_of(b)
    if x is None or y is None or x == y or decimals(a) == decimals(b):
        return False
    half = 0.5 * 10.0 ** -min(decimals(a), decimals(b))
    return math.fabs(x - y) <= half * (1 + 1e-9) + 1e-12 * max(abs(x), abs(y))


def significant_digits(text: str) -> int:
    """Return the significant digits of a number as written, zeros at the ends aside.

    How much of a coincidence it is that two numbers agree: 12.5 has 3, 100 has 1, 0 none.
    """
    digits = "".join(c for c in re.split("[eE]", text)[0] if c.isdigit())
    return len(digits.strip("0"))
