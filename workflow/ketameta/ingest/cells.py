"""One cell of text -> its value, or the reason why it has none."""

from __future__ import annotations

import math
import re

from ketameta.tables.columns import Column
from ketameta.tables.problems import shown
from ketameta.vocabulary import nearest, vocabulary

_INTEGER = re.compile(r"[+-]?\d{1,15}")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,79}")
_MINUS = str.maketrans({"\u2212": "-", "\u2013": "-", "\ufe63": "-", "\uff0d": "-"})

Value = str | int | float | None


class CellError(ValueError):
    """A cell that the column does not allow; the message says what is allowed."""


def parse(text: str, column: Column) -> tuple[Value, str]:
    """Return the value of a cell and a note on how it was read (mostly empty).

    An empty cell is None. Raises `CellError` with a sentence for the person who typed it.
    """
    if not text:
        if column.required:
            raise CellError(f"is empty; needs {column.allowed}")
        return None, ""
    note = ""
    if column.kind in ("integer", "number"):
        value, note = _number(text, column)
        _check_range(value, text, column)
        return value, note
    if column.kind == "word":
        return _word(text, column), ""
    if column.kind == "id":
        return _identifier(text, column), ""
    if column.kind == "ids":
        parts = [part.strip() for part in text.split(";")]
        return ";".join(_identifier(part, column) for part in parts), ""
    if column.pattern and not re.fullmatch(column.pattern, text):
        raise CellError(f"{shown(text)} is not {column.pattern_meaning}")
    return text, ""


def _number(text: str, column: Column) -> tuple[int | float, str]:
    plain = text.translate(_MINUS)
    note = f"{shown(text)} is read as {plain}" if plain != text else ""
    whole = column.kind == "integer"
    if whole and _INTEGER.fullmatch(plain):
        return int(plain), note
    if not _NUMBER.fullmatch(plain):
        raise CellError(f"{shown(text)} is not {_wanted(column)}{_likely(plain)}")
    value = float(plain)
    if whole:
        raise CellError(f"{shown(text)} is not a whole number")
    if not math.isfinite(value):
        raise CellError(f"{shown(text)} is too large for a number")
    return value, note


def _wanted(column: Column) -> str:
    return "a whole number" if column.kind == "integer" else "a number"


def _likely(text: str) -> str:
    """Guess what the typist meant, for the message only."""
    if re.fullmatch(r"-?\d{1,3}(,\d{3})+(\.\d+)?", text):
        return f": a comma stands between thousands, write {text.replace(',', '')}"
    if re.fullmatch(r"-?\d+,\d+", text):
        return f": a decimal comma, write {text.replace(',', '.')}"
    if text.endswith("%"):
        return ": write the number without the per cent sign in the unit of the column"
    if text.startswith("#"):
        return ": an error value of a spreadsheet"
    if text.upper() in ("NA", "N/A", "NAN", "NULL", "NONE", "-", ".", "?", "NR"):
        return ": leave the cell empty where nothing is reported"
    if re.fullmatch(r"\d{1,2}[-/. ]\w{3,9}|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}", text):
        return ": a spreadsheet seems to have made a date of it"
    return ""


def _check_range(value: int | float, text: str, column: Column) -> None:
    low, high = column.minimum, column.maximum
    if (low is not None and value < low) or (high is not None and value > high):
        unit = f" {column.unit}" if column.unit else ""
        if low is None or high is None:
            limit = f"{low:g} or more" if low is not None else f"{high:g} or less"
        else:
            limit = f"from {low:g} to {high:g}"
        raise CellError(f"{text} is outside what is allowed: {limit}{unit}")


def _word(text: str, column: Column) -> str:
    known = vocabulary().words(column.words)
    if text in known or text in column.words_also:
        return text
    close = nearest(text, list(known))
    hint = f"; nearest: {', '.join(close)}" if close else f"; known: {', '.join(list(known)[:12])}"
    raise CellError(f"{shown(text)} is not a word of the list {column.words}{hint}")


def _identifier(text: str, column: Column) -> str:
    if not _ID.fullmatch(text):
        raise CellError(
            f"{shown(text)} is not an identifier: letters, digits and . _ + - only, "
            "at most 80, the first a letter or digit"
        )
    return text
