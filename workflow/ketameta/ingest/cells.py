"""One cell of text -> its value, or the reason why it has none."""

from __future__ import annotations

import math
import re

from ketameta.tables.columns import Column
from ketameta.tables.problems import shown
from ketameta.vocabulary import FOLDER, nearest, subject, vocabulary

_INTEGER = re.compile(r"[+-]?[0-9]{1,15}")
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_WHOLE = re.compile(r"[+-]?[0-9]{1,15}\.0*")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,79}")
_DASHES = "\u2212\u2013\ufe63\uff0d"
_MINUS = str.maketrans(dict.fromkeys(_DASHES, "-"))
_FLAGS = {"true": True, "false": False}
_LONGEST_NUMBER = 40

_MONTH = "(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_NUMERIC = r"[-+]?[0-9]+(\.[0-9]+)?"
_NOTHING = (
    r"n/?a|nan|null|none|-+|\.|\?|nr|not reported|not stated|unknown|missing|[-+]?inf(inity)?"
)
# what the typist may have meant, for the message only; the first that fits is told
_LIKELY = (
    (
        rf"[0-9]{{1,4}}[-/. ]{_MONTH}([-/. ][0-9]{{2,4}})?|{_MONTH}[-/. ]+[0-9]{{1,4}}"
        r"|[0-9]{1,4}(?P<mark>[-/.])[0-9]{1,2}(?P=mark)[0-9]{1,4}( [0-9:]+)?",
        "a spreadsheet seems to have made a date of it",
    ),
    (r"#.*", "an error value of a spreadsheet"),
    (r"=.*", "a formula; write its value"),
    (_NOTHING, "leave the cell empty where nothing is reported"),
    (r"-?[1-9][0-9]{,2}(,[0-9]{3})+(\.[0-9]+)?", "commas stand between thousands; leave them out"),
    (r"-?[1-9][0-9]{,2}(\.[0-9]{3})+(,[0-9]+)?", "points stand between thousands; leave them out"),
    (r"-?[0-9]{1,3}([ ' ][0-9]{3})+(\.[0-9]+)?", "leave out what stands between thousands"),
    (r"-?[0-9]*,[0-9]+", "a decimal comma; write a point"),
    (r"-?[0-9]*\u00b7[0-9]+", "a raised decimal point; write a point on the line"),
    (rf"{_NUMERIC} ?%", "leave out the per cent sign"),
    (rf"[<>=≤≥~≈] ?{_NUMERIC}", "a bound is not a number; say it in note"),
    (rf"{_NUMERIC} ?\(.*\)|{_NUMERIC} ?(±|\+/-|-|to) ?{_NUMERIC}", "two numbers in one cell"),
    (rf"'{_NUMERIC}", "leave out the apostrophe"),
    (r"(?=.*[0-9])[0-9.]*[ol][0-9.ol]*", "a letter stands for a digit"),
    (rf"{_NUMERIC} ?[A-Za-z/µ]+", "leave out the unit"),
)

# lists of the subject -> file of its vocabulary
_HOMES = {
    "outcomes": "outcomes.yaml",
    "scales": "scales.yaml",
    **dict.fromkeys(
        ("treatments", "comparator_classes", "routes", "dose_units"), "treatments.yaml"
    ),
    **dict.fromkeys(("populations", "claim_kinds", "claim_sections", "design_flags"), "words.yaml"),
}

Value = str | int | float | None


class CellError(ValueError):
    """A cell that the column does not allow; the message says what is allowed."""


def parse_cell(text: str, column: Column) -> tuple[Value, str]:
    """Return the value of a cell and a note on how it was read (mostly empty).

    An empty cell is None. Raises `CellError` with a sentence for the person who typed it.
    """
    if not text:
        if column.required:
            raise CellError(f"is empty; needs {column.allowed}")
        return None, ""
    if column.kind in ("integer", "number"):
        return _number(text, column)
    if column.kind == "word":
        return _word(text, column), ""
    if column.kind == "id":
        return _identifier(text), ""
    if column.kind == "flag":
        return _flag(text), ""
    if column.kind == "words":
        return ";".join(_word(part, column) for part in _parts(text)), ""
    if column.kind == "ids":
        return ";".join(_identifier(part) for part in _parts(text)), ""
    if column.pattern and not re.fullmatch(column.pattern, text):
        raise CellError(f"{shown(text)} is not {column.pattern_meaning}{guess_meant(text)}")
    return text, ""


def parse_number(text: str) -> float | None:
    """Return the number that a text is in plain figures, else None; never infinite or NaN."""
    if len(text) > _LONGEST_NUMBER or not _NUMBER.fullmatch(text):
        return None
    value = float(text)
    return value if math.isfinite(value) else None


def plain_minus(text: str) -> str:
    """Write a typographic minus or a dash before a number as the sign that numbers have."""
    return "-" + text[1:].lstrip() if text[:1] in _DASHES else text


def says_nothing(text: str) -> bool:
    """Say whether words in the place of a number say that none is reported."""
    return re.fullmatch(_NOTHING, text.translate(_MINUS), re.IGNORECASE) is not None


def guess_meant(text: str) -> str:
    """Guess what the typist meant by something that is no number: ``: …``, or nothing."""
    if len(text) <= _LONGEST_NUMBER:
        for pattern, meaning in _LIKELY:
            if re.fullmatch(pattern, text.translate(_MINUS), re.IGNORECASE):
                return f": {meaning}"
    return ""


def _number(text: str, column: Column) -> tuple[int | float, str]:
    plain = plain_minus(text)
    notes = [f"a minus sign (U+{ord(text[0]):04X}) is read as -"] if plain != text else []
    whole = column.kind == "integer"
    wanted = "a whole number" if whole else "a number"
    value: int | float | None = parse_number(plain)
    if value is None:
        if len(text) <= _LONGEST_NUMBER and _NUMBER.fullmatch(plain):
            raise CellError(f"{shown(text)} is too large for a number")
        raise CellError(f"{shown(text)} is not {wanted}{guess_meant(plain)}")
    if whole:
        if _WHOLE.fullmatch(plain):
            notes.append("a whole number with a decimal point is read without it")
        elif not _INTEGER.fullmatch(plain):
            long = plain.lstrip("+-").isdigit()
            raise CellError(f"{shown(text)} is {'too large' if long else f'not {wanted}'}")
        value = int(value)
    elif value == 0 and re.search(r"[1-9]", re.split("[eE]", plain)[0]):
        raise CellError(f"{shown(text)} is too close to 0 for a number")
    low, high = column.minimum, column.maximum
    if (low is not None and value < low) or (high is not None and value > high):
        unit = f" {column.unit}" if column.unit else ""
        raise CellError(f"{text} is outside what is allowed: {column.limits}{unit}")
    return value, "; ".join(notes)


def _word(text: str, column: Column) -> str:
    known = [*vocabulary().words(column.words), *column.words_also]
    if text in known:
        return text
    close = nearest(text[:80], known)
    hint = f"; nearest: {', '.join(close)}" if close else f"; known: {', '.join(known[:12])}"
    raise CellError(f"{shown(text)} is not a word of the list {column.words}{hint}{_home(column)}")


def _home(column: Column) -> str:
    """Say which file a new word of the subject goes into; nothing of words of the method."""
    file = _HOMES.get(column.words)
    return f"; a new one goes into {(subject() / FOLDER / file).as_posix()}" if file else ""


def _flag(text: str) -> bool:
    if text.lower() not in _FLAGS:
        raise CellError(f"{shown(text)} is neither true nor false")
    return _FLAGS[text.lower()]


def _parts(text: str) -> list[str]:
    parts = [part.strip() for part in text.split(";")]
    for i, part in enumerate(parts):
        if not part:
            raise CellError(f"{shown(text)} has nothing before or after a ;")
        if part in parts[:i]:
            raise CellError(f"{shown(part)} stands twice in {shown(text)}")
    return parts


def _identifier(text: str) -> str:
    if not _ID.fullmatch(text):
        raise CellError(
            f"{shown(text)} is not an identifier: letters, digits and . _ + - only, "
            "at most 80, the first a letter or digit"
        )
    return text
