"""The bytes of an Excel workbook -> its sheets, row by row, as what a person sees in them.

A workbook is untrusted: it is unpacked within bounds, read once from end to end without building
a tree, and never asked to compute. Only cells that hold something are yielded, so that a format
far below the table or right of it costs nothing. The parts are those of ECMA-376 (Office Open
XML); of a number's format all that is asked is whether it shows a date or a per cent.
"""

from __future__ import annotations

import datetime
import math
import posixpath
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from xml.parsers import expat

from ketameta.ingest.archive import opened
from ketameta.ingest.number_format import BUILT_IN, percents, shown_as_date
from ketameta.ingest.text import UnreadableError

MAX_TEXTS = 500_000
MAX_CELLS = 2_000_000
_CHUNK = 1 << 16

_STRICT = "http://purl.oclc.org/ooxml"
_YES = ("1", "true")
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")
# a part whose names all have a prefix, such as <x:worksheet
_PREFIXED = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<\?[^>]*\?>\s*|<!--.*?-->\s*)*<\w+:", re.DOTALL)
_PLACE = re.compile("([A-Z]{1,3})([0-9]{1,7})")
_FIRST_DAY = {False: datetime.datetime(1899, 12, 30), True: datetime.datetime(1904, 1, 1)}


@dataclass(frozen=True, slots=True)
class XlsxCell:
    """A cell that holds something: its column from 0, and its text as a CSV file would have it.

    ``kind`` is "formula" (``text`` is the value last computed, ``formula`` what computes it),
    "date" (``text`` is the date), "percent" (``text`` ends with the sign) or empty.
    """

    column: int
    text: str
    kind: str = ""
    formula: str = ""


@dataclass
class SheetPart:
    """A sheet of the workbook, and what was seen of it once its `rows` were read to the end.

    ``kind`` is worksheet, chartsheet or another; ``hidden_columns`` are (first, last) from 0,
    ``hidden_rows`` those that hold something; ``merged`` are ranges such as B2:C3.
    """

    title: str
    kind: str
    hidden: bool
    path: str
    hidden_rows: list[int] = field(default_factory=list)
    hidden_columns: list[tuple[int, int]] = field(default_factory=list)
    merged: list[str] = field(default_factory=list)


class Book:
    """A workbook, open for reading."""

    def __init__(self, content: bytes) -> None:
        """Find the sheets; raises `UnreadableError` where there is no workbook to be read."""
        self.archive = opened(content)
        self._names = set(self.archive.namelist())
        path = next(
            (target for kind, target in self._related("").values() if kind == "officeDocument"), ""
        )
        self.since_1904 = False
        self.sheets: list[SheetPart] = []
        self._find_sheets(path)
        parts = dict(self._related(path).values())
        self._texts = self._shared_texts(parts.get("sharedStrings", ""))
        self._formats = self._style_formats(parts.get("styles", ""))
        self._cells = 0

    def rows(self, sheet: SheetPart) -> Iterator[tuple[int, list[XlsxCell]]]:
        """Yield the number and the cells of each row that holds something."""
        if sheet.kind != "worksheet":
            return
        reader = _SheetReader(self, sheet)
        for _ in self._parsed(sheet.path, reader.start, reader.end, reader.text):
            yield from reader.done
            self._cells += sum(len(cells) for _, cells in reader.done)
            if self._cells > MAX_CELLS:
                raise UnreadableError(f"holds more than {MAX_CELLS:,} cells; so many are not read")
            reader.done.clear()

    def cell(self, column: int, kind: str, style: int, text: str, formula: str | None) -> XlsxCell:
        """Return a cell of the type ``kind`` ("n", "s", "b" …), read by its format."""
        shown, what = text, ""
        if kind == "s":
            shown = self._texts[int(text)]
        elif kind in ("str", "inlineStr"):
            shown = unescaped(text)
        elif kind == "b":
            shown = "TRUE" if text in _YES else "FALSE"
        elif kind == "d":
            what = "date"
        elif kind == "n":
            shown, what = self._number(float(text), self._formats.get(style, ""))
        if formula is not None:
            return XlsxCell(column, shown, "formula", formula)
        return XlsxCell(column, shown, what)

    def _number(self, value: float, code: str) -> tuple[str, str]:
        plain = format(value, ".15g")
        if not code or not math.isfinite(value):
            return plain, ""
        if shown_as_date(code, value):
            return _date(value, self.since_1904) or plain, "date"
        signs = percents(code, value)
        if not signs:
            return plain, ""
        # what the person sees: 0.07 times 100 is 7, not 7.000000000000001
        return f"{(Decimal(plain) * 100**signs).normalize():f}" + "%" * signs, "percent"

    def _find_sheets(self, path: str) -> None:
        related = self._related(path)
        known = False

        def start(name: str, attributes: dict[str, str]) -> None:
            nonlocal known
            known = known or name == "workbook"
            if any(value.startswith(_STRICT) for value in attributes.values()):
                raise UnreadableError(
                    "is saved as Strict Open XML Spreadsheet; save it as an ordinary Excel "
                    "Workbook (.xlsx)"
                )
            if name == "workbookPr":
                self.since_1904 = attributes.get("date1904") in _YES
            elif name == "sheet":
                own = {key.rpartition(":")[2]: value for key, value in attributes.items()}
                kind, target = related.get(own.get("id", ""), ("", ""))
                hidden = own.get("state", "visible") != "visible"
                self.sheets.append(SheetPart(own["name"], kind, hidden, target))

        for _ in self._parsed(path, start):
            pass
        if not known:
            raise UnreadableError("is not a workbook (.xlsx)")

    def _related(self, path: str) -> dict[str, tuple[str, str]]:
        """Return the parts that a part names, as (kind, path) by identifier."""
        folder, name = posixpath.split(path)
        found: dict[str, tuple[str, str]] = {}

        def start(name: str, own: dict[str, str]) -> None:
            if name == "Relationship" and own.get("TargetMode") != "External":
                target = posixpath.normpath(posixpath.join("/", folder, own["Target"]))
                found[own["Id"]] = (own["Type"].rpartition("/")[2], target.lstrip("/"))

        for _ in self._parsed(posixpath.join(folder, "_rels", f"{name}.rels"), start):
            pass
        return found

    def _shared_texts(self, path: str) -> list[str]:
        texts: list[str] = []
        reader = _TextReader()

        def end(name: str) -> None:
            reader.end(name)
            if name == "si":
                texts.append(unescaped(reader.take()))
                if len(texts) > MAX_TEXTS:
                    raise UnreadableError(f"holds more than {MAX_TEXTS:,} texts, too many to read")

        for _ in self._parsed(path, reader.start, end, reader.text):
            pass
        return texts

    def _style_formats(self, path: str) -> dict[int, str]:
        """Return the code of the number format by style, General left out."""
        codes = dict(BUILT_IN)
        styles: list[int] = []
        inside = False

        def start(name: str, own: dict[str, str]) -> None:
            nonlocal inside
            if name == "numFmt" and "formatCode" in own:
                codes.setdefault(int(own["numFmtId"]), own["formatCode"])
            elif name == "cellXfs":
                inside = True
            elif name == "xf" and inside:
                styles.append(int(own.get("numFmtId", 0)))

        def end(name: str) -> None:
            nonlocal inside
            inside = inside and name != "cellXfs"

        for _ in self._parsed(path, start, end):
            pass
        return {i: codes[style] for i, style in enumerate(styles) if style in codes}

    def _parsed(
        self,
        path: str,
        start: Callable[[str, dict[str, str]], None],
        end: Callable[[str], None] | None = None,
        text: Callable[[str], None] | None = None,
    ) -> Iterator[None]:
        """Feed a part to the handlers, a piece at a time; names come without their prefix.

        Whatever the part or a handler stumbles over is an `UnreadableError`.
        """
        if path not in self._names:
            return
        try:
            with self.archive.open(path) as file:
                piece = file.read(_CHUNK)
                parser = _parser(start, end, text, bool(_PREFIXED.match(piece)))
                while piece:
                    parser.Parse(piece, False)
                    yield
                    piece = file.read(_CHUNK)
            parser.Parse(b"", True)
            yield
        except UnreadableError:
            raise
        except Exception as error:  # a damaged part shows itself in many ways
            kind = type(error).__name__
            raise UnreadableError(f"cannot be read as a workbook ({kind})") from None


def _parser(
    start: Callable[[str, dict[str, str]], None],
    end: Callable[[str], None] | None,
    text: Callable[[str], None] | None,
    prefixed: bool,
) -> expat.XMLParserType:
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.CharacterDataHandler = text
    parser.StartElementHandler, parser.EndElementHandler = start, end
    if prefixed:
        parser.StartElementHandler = lambda name, own: start(name.rpartition(":")[2], own)
        if end:
            close = end
            parser.EndElementHandler = lambda name: close(name.rpartition(":")[2])
    return parser


class _TextReader:
    """The text of an entry or a cell: its `t` elements, what says how to pronounce it left out."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.taking = self.aside = False

    def start(self, name: str, own: dict[str, str]) -> None:
        self.taking = name == "t" and not self.aside
        self.aside = self.aside or name == "rPh"

    def end(self, name: str) -> None:
        self.taking = False
        self.aside = self.aside and name != "rPh"

    def text(self, text: str) -> None:
        if self.taking:
            self.parts.append(text)

    def take(self) -> str:
        text = "".join(self.parts)
        self.parts.clear()
        return text


class _SheetReader:
    """Collects the rows of a sheet as its XML goes by; ``done`` are those that are complete."""

    def __init__(self, book: Book, sheet: SheetPart) -> None:
        self.book, self.sheet = book, sheet
        self.done: list[tuple[int, list[XlsxCell]]] = []
        self.line, self.hidden, self.cells = 0, False, list[XlsxCell]()
        # the place last told, such as B7, and the cells since: a cell need not tell its place
        self.place, self.since = "A1", -1
        self.kind, self.style = "n", "0"
        self.value: list[str] = []
        self.formula: list[str] | None = None
        self.into: list[str] | None = None
        self.inside = False
        self.inline = _TextReader()

    def start(self, name: str, own: dict[str, str]) -> None:
        if name == "c":
            place = own.get("r")
            if place:
                self.place, self.since = place, 0
            else:
                self.since += 1
            self.kind, self.style = own.get("t", "n"), own.get("s", "0")
            self.formula, self.inside = None, True
        elif name == "row":
            self.line = int(own.get("r", self.line + 1))
            self.hidden = own.get("hidden") in _YES or float(own.get("ht", 1)) == 0
            self.place, self.since, self.cells = "A1", -1, []
        elif not self.inside:
            self._about(name, own)
        elif name == "v":
            self.into = self.value
        elif name == "f":
            self.formula = self.into = []
        else:
            self.inline.start(name, own)

    def _about(self, name: str, own: dict[str, str]) -> None:
        if name == "col" and (own.get("hidden") in _YES or float(own.get("width", 1)) == 0):
            self.sheet.hidden_columns.append((int(own["min"]) - 1, int(own["max"]) - 1))
        elif name == "mergeCell":
            self.sheet.merged.append(own["ref"])

    def text(self, text: str) -> None:
        if self.into is not None:
            self.into.append(text)
        elif self.inside:
            self.inline.text(text)

    def end(self, name: str) -> None:
        if name == "c":
            self._end_cell()
        elif name == "row":
            if self.cells:
                self.done.append((self.line, self.cells))
                if self.hidden:
                    self.sheet.hidden_rows.append(self.line)
        elif self.inside:
            self.into = None
            self.inline.end(name)

    def _end_cell(self) -> None:
        self.inside, self.into = False, None
        if not self.value and not self.inline.parts and self.formula is None:
            return
        text = "".join(self.value) if self.value else self.inline.take()
        formula = None if self.formula is None else "=" + "".join(self.formula)
        column = cell_position(self.place)[1] + self.since
        # a formula whose value was never computed has none
        kind = self.kind if text else "str"
        self.cells.append(self.book.cell(column, kind, int(self.style), text, formula))
        self.value.clear()


def cell_position(place: str) -> tuple[int, int]:
    """Return row and zero-based column of a cell such as B2, or of the first cell of a range."""
    found = _PLACE.match(place)
    if not found:
        raise UnreadableError(f"names a cell {place[:20]!r}, which is none")
    column = 0
    for letter in found[1]:
        column = 26 * column + ord(letter) - ord("A") + 1
    return int(found[2]), column - 1


def unescaped(text: str) -> str:
    """Return a text as it was before XML: _x000D_ is one character, and lines end at newlines."""
    if "_x" in text:
        text = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
        # two escapes may be the halves of one character
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    return text.replace("\r\n", "\n")


def _date(value: float, since_1904: bool) -> str:
    try:
        return str(_FIRST_DAY[since_1904] + datetime.timedelta(days=value))
    except (OverflowError, ValueError):
        return ""


def _refuse_doctype(*_: object) -> None:
    raise UnreadableError("holds definitions of XML entities, which no workbook needs")
