"""Which font draws which letters of a text in PDF and PNG.

DejaVu Sans, which comes with matplotlib, wherever it has the letter, so that no font of the machine
matters; for the rest (Chinese, Japanese, Korean, most scripts of Asia) a font that is installed.
SVG and pages need none of this: the reader's own fonts draw them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.ft2font import FT2Font

# first letter and last -> package of Debian and Ubuntu that has them; the rest: fonts-noto-core
_PACKAGES = (
    ("\u1100", "\u11ff", "fonts-noto-cjk"),
    ("\u2e80", "\ua4cf", "fonts-noto-cjk"),
    ("\uac00", "\ud7ff", "fonts-noto-cjk"),
    ("\uf900", "\ufaff", "fonts-noto-cjk"),
    ("\ufe30", "\ufe4f", "fonts-noto-cjk"),
    ("\uff00", "\uffef", "fonts-noto-cjk"),
    ("\U0001f000", "\U0001fbff", "fonts-symbola"),
    ("\U00020000", "\U0003ffff", "fonts-noto-cjk"),
)
_SHOWN = 12  # letters that a line names


def dejavu(face: str) -> Path:
    """Return the file of a face of DejaVu Sans: Sans, Sans-Bold or Sans-Oblique."""
    import matplotlib

    return Path(matplotlib.get_data_path(), "fonts", "ttf", f"DejaVu{face}.ttf")


def runs(text: str, face: str) -> list[tuple[Path, str]]:
    """Cut a text into parts that one font draws; a letter that no font has stays with DejaVu."""
    own = dejavu(face)
    found: list[tuple[Path, str]] = []
    for letter in _clusters(text):
        file = own if _has(own, letter) else fallback(letter) or own
        if found and found[-1][0] == file:
            found[-1] = file, found[-1][1] + letter
        else:
            found.append((file, letter))
    return found


def undrawn(texts: Iterable[str]) -> list[str]:
    """Return the characters of texts that no font of this machine draws, in order."""
    own = dejavu("Sans")
    letters = {letter for text in texts if not text.isascii() for letter in _clusters(text)}
    without = [c for c in letters if not _has(own, c) and fallback(c) is None]
    return sorted({part for letter in without for part in letter if not _has(own, part)})


def boxes_note(letters: list[str]) -> str:
    """Say which characters stand as boxes in PDF and PNG, and what to install; empty for none."""
    if not letters:
        return ""
    shown = ", ".join(f"{letter} (U+{ord(letter):04X})" for letter in letters[:_SHOWN])
    more = f" and {len(letters) - _SHOWN} more" if len(letters) > _SHOWN else ""
    packages = " ".join(sorted({_package(letter) for letter in letters}))
    return (
        f"prints: no installed font has {shown}{more}: PDF and PNG show a box for each; SVG and "
        f"pages are not concerned. Install a font that has them (Debian, Ubuntu: apt install "
        f"{packages}) and make the prints again."
    )


def _package(letter: str) -> str:
    return next((name for a, b, name in _PACKAGES if a <= letter <= b), "fonts-noto-core")


def _clusters(text: str) -> list[str]:
    """Cut a text into letters, each with the marks that stand on it and what is not seen."""
    found: list[str] = []
    for character in text:
        if found and (unicodedata.category(character).startswith("M") or _unseen(character)):
            found[-1] += character
        else:
            found.append(character)
    return found


def _unseen(character: str) -> bool:
    """Say whether a character draws nothing: joiners, directions, variation selectors, breaks."""
    return unicodedata.category(character) in ("Cf", "Cc") or "\ufe00" <= character <= "\ufe0f"


def _has(file: Path, letter: str) -> bool:
    font = _opened(file)
    return all(_unseen(part) or font.get_char_index(ord(part)) for part in letter)


@cache
def _opened(file: Path) -> FT2Font:
    from matplotlib.ft2font import FT2Font

    return FT2Font(file)


@cache
def fallback(letter: str) -> Path | None:
    """Return the installed font that draws a letter with its marks: a plain one before others.

    What a font holds in the private area of Unicode is its own, and no letter.
    """
    if unicodedata.category(letter[0]) in ("Co", "Cn", "Cs"):
        return None
    return next((file for file in _installed() if _has(file, letter)), None)


@cache
def outlined(file: Path) -> bool:
    """Say whether letters of a font must be drawn as outlines, since matplotlib embeds TrueType.

    The outlines of the others are in a table CFF, which the directory at the start names.
    """
    with file.open("rb") as head:
        return b"CFF " in head.read(4096)


@cache
def named(file: Path) -> bool:
    """Say whether a font has names of its letters, by which EPS draws them."""
    from matplotlib.ft2font import FaceFlags

    return FaceFlags.GLYPH_NAMES in FaceFlags(_opened(file).face_flags)


@cache
def _installed() -> tuple[Path, ...]:
    """Return the fonts of this machine that scale, in an order that follows from their names.

    The folders are looked through each time: matplotlib's own list may be older than a font that
    has just been installed. Fonts of coloured bitmaps (emoji) cannot be drawn.
    """
    from matplotlib.font_manager import findSystemFonts

    found = []
    for place in findSystemFonts():
        file = Path(place)
        try:
            font = _opened(file)
        except (OSError, RuntimeError):
            continue
        if font.scalable and font.num_fixed_sizes == 0:
            style = font.style_name.lower()
            plain = style in ("regular", "book", "roman", "medium", "normal")
            key = (not plain, "sans" not in font.family_name.lower(), "mono" in place.lower())
            found.append((*key, font.family_name, style, place, file))
    return tuple(entry[-1] for entry in sorted(found))
