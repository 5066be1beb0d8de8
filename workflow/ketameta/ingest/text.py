"""Bytes of a file -> text, or the reason why they are none.

What can be read without doubt is read and noted: a byte order mark, Windows and old Macintosh
line ends. Nothing here knows what a table is.
"""

from __future__ import annotations

import stat
from dataclasses import dataclass
from pathlib import Path

# some two hundred times the largest table of today: no table that people edit is larger
MAX_BYTES = 50_000_000

# how a file starts that is no text at all
_KINDS = (
    (b"PK\x03\x04", "is a workbook or archive"),
    (b"\xd0\xcf\x11\xe0", "is a workbook of old Excel"),
    (b"\x1f\x8b", "is compressed with gzip"),
    (b"%PDF", "is a PDF"),
    (b"PAR1", "is a Parquet file"),
    (b"{\\rtf", "is rich text"),
    (b"\x89PNG", "is a picture"),
    (b"\xff\xd8\xff", "is a picture"),
)
# XML is known by the element that it is about
_XML = (
    (
        b"<COCHRANE_REVIEW",
        "is a review of RevMan 5 (.rm5), not a table; open it in RevMan and export the data rows "
        "of its analyses as CSV",
    ),
    (b"<Workbook", "is an XML spreadsheet of old Excel; save it as CSV UTF-8"),
    (b"<office:document", "is an OpenDocument file; save it as CSV UTF-8"),
)


class UnreadableError(ValueError):
    """A file without readable text; ``line`` is where, 0 for the file as a whole."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True)
class FileText:
    """Text of a file, how it was read in spite of its form, and what is not UTF-8 in it.

    ``foreign`` says what the first byte is that is not UTF-8 (empty: all is); such bytes stand
    as U+FFFD in ``content``.
    """

    content: str
    notes: tuple[str, ...] = ()
    foreign: str = ""


def file_content(path: Path, regular: bool = True) -> bytes:
    """Return the bytes of a file of bounded size; ``regular`` refuses pipes and devices too.

    Raises `UnreadableError` with a sentence that goes on from the file's name.
    """
    try:
        found = path.stat()
        if stat.S_ISDIR(found.st_mode):
            raise UnreadableError("is a folder, not a file")
        if regular and not stat.S_ISREG(found.st_mode):
            raise UnreadableError("is not a regular file")
        size, content = found.st_size, b""
        if size <= MAX_BYTES:
            with path.open("rb") as file:
                content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UnreadableError(f"cannot be read: {error.strerror or error}") from None
    size = max(size, len(content))
    if size > MAX_BYTES:
        raise UnreadableError(f"holds {size:,} bytes; at most {MAX_BYTES:,} are read")
    return content


def decode(content: bytes) -> FileText:
    """Return the text of a file, lines separated by newlines alone.

    Bytes that are not UTF-8 do not stop the reading, so that the other faults are found in the
    same pass. Raises `UnreadableError` where there is no text.
    """
    notes = []
    if content.startswith(b"\xef\xbb\xbf"):
        content = content[3:]
        notes.append("starts with a byte order mark, which is left out")
    _refuse_other_kinds(content)
    foreign = ""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        byte = content[error.start : error.start + 1]
        letter = byte.decode("cp1252", "replace")
        foreign = f"byte 0x{byte.hex()} is not UTF-8"
        if letter.isprintable() and letter != "\ufffd":
            foreign += f" ('{letter}' in Windows-1252)"
        text = content.decode("utf-8", "replace")
    if "\r" in text:
        if "\n" not in text:
            text = text.replace("\r", "\n")
            notes.append("has line ends of the old Macintosh, read as line ends")
        elif "\r\n" in text:
            text = text.replace("\r\n", "\n")
            notes.append("has Windows line ends, read as line ends")
    return FileText(text, tuple(notes), foreign)


def _refuse_other_kinds(content: bytes) -> None:
    for start, what in _KINDS:
        if content.startswith(start):
            raise UnreadableError(f"{what}, not text; save it as CSV UTF-8", 1)
    head = content[:512]
    odd, even = head[1::2].count(0), head[::2].count(0)
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or max(odd, even) > len(head) // 4:
        raise UnreadableError("is UTF-16; save it as CSV UTF-8", 1)
    for start, what in _XML:
        if head.lstrip().startswith((b"<?xml", start)) and start in content[:4096]:
            raise UnreadableError(what, 1)
    if head.lstrip()[:14].lower().startswith((b"<!doctype", b"<html", b"<?xml")):
        raise UnreadableError("is a web page, not a table; save it as CSV UTF-8", 1)
    if head.startswith(b"version https://git-lfs"):
        raise UnreadableError("is a pointer of Git LFS; fetch the file with git lfs pull", 1)
