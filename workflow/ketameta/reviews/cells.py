"""Text of files and cells as reviews have them: any common encoding, columns by their names."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Callable, Iterable, Mapping
from html import unescape

from ketameta.ingest.text import UnreadableError
from ketameta.reviews.model import Number

NAN = float("nan")
# what R and RevMan write in a cell where there is nothing
MISSING = ("NA", "#N/A")
# cells that stand for nothing
NONE = {"", "na", "n/a", "#n/a", "nan", "null", "not estimable"}


def text_of(content: bytes) -> str:
    """Return the text of bytes: UTF-8, UTF-16 with its mark, else Windows-1252."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def table(content: bytes, name: str) -> list[dict[str, str]]:
    """Return the rows of a CSV file, cells by the plain name of their column.

    Cells may stand between commas, semicolons or tabs; those that say NA are empty. Raises
    `UnreadableError`.
    """
    text = text_of(content)
    if not text:
        raise UnreadableError(f"{name} is empty")
    mark = max(",;\t", key=text.partition("\n")[0].count)
    try:
        rows = [*csv.reader(io.StringIO(text), delimiter=mark, strict=False)]
    except csv.Error as error:
        raise UnreadableError(f"{name}: {error}") from None
    if f"{mark}NA" in text or "#N/A" in text:
        rows = [["" if cell in MISSING else cell for cell in row] for row in rows]
    header = [column(cell) for cell in rows[0]]
    wide = len(header)
    # cells that a line lacks at its end are empty
    return [
        dict(zip(header, row if len(row) >= wide else row + [""] * wide, strict=False))
        for row in rows[1:]
        if any(row)
    ]


def column(name: str) -> str:
    """Return the plain name of a column: small, words apart by one blank, ² as 2."""
    return re.sub(r"[^a-z0-9()%/+-]+", " ", name.replace("²", "2").lower()).strip()


def number(text: str | None) -> float:
    """Read a number; NaN where there is none."""
    if not text:
        return NAN
    try:
        value = float(text)
    except ValueError:
        try:
            value = float(text.replace(",", "."))
        except ValueError:
            return NAN
    return value if math.isfinite(value) else NAN


def plain_text(text: str) -> str:
    """Return text of a web page on one line, without its tags."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", text)).split())


def plain(value: float) -> str:
    """Write a number with the digits that it was entered with; empty for none."""
    return "" if math.isnan(value) else f"{value:.15g}"


def pairs(
    get: Callable[[str], str | None], columns: Mapping[str, tuple[str, str]]
) -> tuple[dict[str, tuple[str, str]], dict[str, tuple[float, float]]]:
    """Return the text of pairs of cells, and their numbers, by the names of the pairs.

    Pairs with nothing in either cell are left out.
    """
    entered, found = {}, {}
    for name, (one, other) in columns.items():
        first, second = get(one) or "", get(other) or ""
        if first or second:
            entered[name] = first.strip(), second.strip()
            found[name] = number(first), number(second)
    return entered, found


def numbers(row: Mapping[str, str], names: Iterable[tuple[str, str]]) -> dict[str, Number]:
    """Return the printed numbers of a row, by the name that each has here."""
    found = {}
    for here, there in names:
        text = row.get(there)
        if text and not math.isnan(value := number(text)):
            found[here] = Number(value, text.strip())
    return found
