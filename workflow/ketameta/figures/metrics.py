"""How wide a text is, without asking a font: one table that is never too narrow.

An SVG is set in Helvetica, Arial or Liberation Sans, which share their widths; PDF and PNG in the
DejaVu Sans that comes with matplotlib, at `DEJAVU` of the size so that it is about as wide. The
table holds the wider of the two for each character (Adobe's metrics of Helvetica and
Helvetica-Bold, DejaVu's advance widths), so that what fits by it fits in every form of a figure.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

DEJAVU = 0.86

# Thousandths of the font size -> characters.
_REGULAR = {
    240: "'ijl",
    280: " \u00a0,.I‘’·",
    290: "/:;\\|",
    310: "f",
    340: "()-[]t",
    350: "!²³",
    360: "r",
    400: '"',
    430: "*`°",
    450: "“”",
    500: "Jckszχ",
    510: "vxy•",
    520: "τ",
    550: "{}μ",
    560: "$0123456789?L_abdeghnopqu–†‡§£",
    590: "Δ",
    620: "FTZ",
    670: "ABEKPSVXY",
    680: "&",
    720: "∞",
    730: "#+<=>CDHNRU^w~−≤≥×±",
    780: "GOQ",
    840: "Mm½",
    860: "©®",
    890: "%",
    950: "W",
    1000: "—…←→≈",
    1020: "@",
}
_BOLD = {
    270: "'",
    300: " \u00a0ijl",
    320: "/I\\|",
    330: ",.‘’·",
    350: ":;",
    360: "-",
    380: "f²³",
    400: "!()[]",
    420: "t",
    430: "`r°",
    450: "*",
    480: '"',
    510: "z",
    550: "•τ",
    560: "J_csx–χ†‡§",
    570: "vy“”",
    580: "k",
    590: "ae",
    600: "$0123456789£",
    620: "?FLTbdghnopqu{}",
    630: "Z",
    640: "μ",
    670: "EPSVXYΔ",
    720: "∞",
    730: "#+<=>ABCDHKNRU^~−≤≥×±",
    750: "&",
    780: "GOQ",
    800: "w",
    860: "M©®",
    890: "%",
    900: "m½",
    950: "W",
    980: "@",
    1000: "—…←→≈",
}
_TABLES = {
    bold: {character: width for width, characters in table.items() for character in characters}
    for bold, table in ((False, _REGULAR), (True, _BOLD))
}


@lru_cache(maxsize=4096)
def _advance(character: str, bold: bool) -> int:
    """Return the width of one character; marks add nothing, unknown letters count as wide."""
    table = _TABLES[bold]
    if character in table:
        return table[character]
    if unicodedata.combining(character):
        return 0
    base = unicodedata.normalize("NFD", character)[0]
    return table.get(base, 1020)


def text_width(text: str, size: float, bold: bool = False) -> float:
    """Return the width of a text in pixels, the wider of all forms in which it is set."""
    return _units(text, bold) * size / 1000


@lru_cache(maxsize=10_000)
def _units(text: str, bold: bool) -> int:
    table = _TABLES[bold]
    return sum([table[c] if c in table else _advance(c, bold) for c in text])


def fit_text(text: str, size: float, width: float, bold: bool = False) -> str:
    """Cut a text with … so that it fits a width; for labels whose whole stands elsewhere."""
    if text_width(text, size, bold) <= width:
        return text
    text = text.removesuffix("…")
    while text and text_width(text + "…", size, bold) > width:
        text = text[:-1].rstrip()
    return text + "…"


def wrap(
    text: str, size: float, width: float, bold: bool = False, most: int | None = None
) -> list[str]:
    """Break a text into lines of at most `width` pixels: between words, else within one.

    Nothing is left out, unless there are more than `most` lines: the last of them then ends in …
    A newline in the text is a break; a character wider than the width stands alone on its line.
    """
    if most is None:
        return [*_lines(text, size, width, bold)]
    # the start of a text fills so many lines, unless most of it is marks of no width
    start = int(8 * most * width / size)
    lines = [*_lines(text[:start], size, width, bold)]
    if len(lines) <= most and start < len(text):
        lines = [*_lines(text, size, width, bold)]
    if len(lines) <= most:
        return lines
    return [*lines[: most - 1], fit_text(f"{lines[most - 1]}…", size, width, bold)]


# cells of treatments and routes come again in row after row
@lru_cache(maxsize=8_000)
def _lines(text: str, size: float, width: float, bold: bool) -> tuple[str, ...]:
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line, units = "", 0
        for word in paragraph.split(" "):
            longer = f"{line} {word}" if line else word
            more = (units + _units(" ", bold) if line else 0) + _units(word, bold)
            if more * size / 1000 <= width:
                line, units = longer, more
                continue
            if line:
                lines.append(line)
            *whole, line = _pieces(word, size, width, bold)
            lines += whole
            units = _units(line, bold)
        lines.append(line)
    return tuple(lines)


def _pieces(word: str, size: float, width: float, bold: bool) -> list[str]:
    """Cut a word that is wider than a line into parts that are not."""
    pieces = [""]
    for character in word:
        if pieces[-1] and text_width(pieces[-1] + character, size, bold) > width:
            pieces.append(character)
        else:
            pieces[-1] += character
    return pieces
