"""A Word document of headings, paragraphs and tables: the same content, the same bytes.

WordprocessingML as ECMA-376 part 1 has it, no more of it than tables and text of an article need:
numbered pages of A4, upright for text and on their side for tables, styles for headings, tables
whose first row is repeated on every page.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from xml.sax.saxutils import escape, quoteattr
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from ketameta.figures.scene import writable

_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006"
_DRAWING = "http://schemas.openxmlformats.org/drawingml/2006"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml"
# twentieths of a point: A4, and what its margins leave for a table where it lies on its side
_LONG, _SHORT, _MARGIN = 16838, 11906, 1000
_WIDTH = _LONG - 2 * _MARGIN
# style -> name in Word, half points, bold, points before and after in twentieths
_STYLES = {
    "Normal": ("Normal", 20, False, 0, 80),
    "Title": ("Title", 36, True, 0, 160),
    "Heading1": ("heading 1", 26, True, 320, 120),
    "Heading2": ("heading 2", 22, True, 200, 80),
    "Small": ("Small", 16, False, 0, 40),
    "Cell": ("Cell", 17, False, 20, 20),
    "Head": ("Head", 17, True, 20, 20),
}
_LEVELS = {"Heading1": 0, "Heading2": 1}
# the first relation of a picture: those before it are of styles and footer
_FIRST_PICTURE = 3
# of the format's unit in a millimetre
_MM = 36_000
_PAGE_NUMBER = (
    '<w:p><w:pPr><w:pStyle w:val="Small"/><w:jc w:val="center"/></w:pPr>'
    '<w:fldSimple w:instr=" PAGE "><w:r><w:t>1</w:t></w:r></w:fldSimple></w:p>'
)


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A text in a style (`_STYLES`), with what stands raised behind it."""

    text: str
    style: str = "Normal"
    raised: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG, its width and height in millimetres, and what it shows in words."""

    png: bytes
    width: float
    height: float
    shows: str


@dataclass(frozen=True, slots=True)
class DocxTable:
    """Rows of paragraphs under a heading row; `widths` are shares of the width of the page."""

    head: Sequence[str]
    rows: Sequence[Sequence[Paragraph]]
    widths: Sequence[float]


def docx(
    title: str,
    authors: str,
    blocks: Iterable[Paragraph | DocxTable],
    upright: Iterable[Paragraph | Picture] = (),
) -> bytes:
    """Return a document of these blocks, and who made it, as the bytes of a .docx file.

    Paragraphs and pictures that are `upright` stand before the blocks, on upright pages of their
    own. Times in the archive are those of 1 January 1980, its first day: none is of the run.
    """
    body = "".join(_table(b) if isinstance(b, DocxTable) else _paragraph(b) for b in blocks)
    upright = list(upright)
    pictures = [block for block in upright if isinstance(block, Picture)]
    number = count(1)
    if before := "".join(
        _picture(b, next(number)) if isinstance(b, Picture) else _paragraph(b) for b in upright
    ):
        size = f'w:w="{_SHORT}" w:h="{_LONG}"'
        body = f"{before}<w:p><w:pPr>{_section(size)}</w:pPr></w:p>{body}"
    section = _section(f'w:w="{_LONG}" w:h="{_SHORT}" w:orient="landscape"')
    parts: dict[str, str | bytes] = {
        "[Content_Types].xml": _types(),
        "_rels/.rels": _relations(
            (f"{_OFFICE}/relationships/officeDocument", "word/document.xml"),
            (f"{_PACKAGE}/relationships/metadata/core-properties", "docProps/core.xml"),
        ),
        "docProps/core.xml": f'<cp:coreProperties xmlns:cp="{_PACKAGE}/metadata/core-properties" '
        f'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>{_text(title)}</dc:title>'
        f"<dc:creator>{_text(authors)}</dc:creator>"
        "</cp:coreProperties>",
        "word/_rels/document.xml.rels": _relations(
            (f"{_OFFICE}/relationships/styles", "styles.xml"),
            (f"{_OFFICE}/relationships/footer", "footer1.xml"),
            *((f"{_OFFICE}/relationships/image", name) for name in _names(pictures)),
        ),
        "word/footer1.xml": f'<w:ftr xmlns:w="{_W}">{_PAGE_NUMBER}</w:ftr>',
        "word/styles.xml": _styles(),
        "word/document.xml": f'<w:document xmlns:w="{_W}" xmlns:r="{_OFFICE}/relationships" '
        f'xmlns:wp="{_DRAWING}/wordprocessingDrawing" xmlns:a="{_DRAWING}/main" '
        f'xmlns:pic="{_DRAWING}/picture">'
        f"<w:body>{body}{section}</w:body></w:document>",
    }
    parts |= {f"word/{n}": one.png for n, one in zip(_names(pictures), pictures, strict=True)}
    out = io.BytesIO()
    with ZipFile(out, "w", ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            about = ZipInfo(name)
            about.compress_type = ZIP_DEFLATED
            archive.writestr(about, part if isinstance(part, bytes) else (_HEAD + part).encode())
    return out.getvalue()


def _names(pictures: Sequence[Picture]) -> Iterator[str]:
    return (f"media/image{number}.png" for number in range(1, len(pictures) + 1))


def _section(size: str) -> str:
    edges = "".join(f' w:{side}="{_MARGIN}"' for side in ("top", "right", "bottom", "left"))
    return (
        f'<w:sectPr><w:footerReference w:type="default" r:id="r2"/><w:pgSz {size}/>'
        f'<w:pgMar{edges} w:header="500" w:footer="500" w:gutter="0"/></w:sectPr>'
    )


def _text(text: str) -> str:
    return escape(writable(text))


def _types() -> str:
    kinds = {
        "/word/document.xml": f"{_WORD}.document.main+xml",
        "/word/styles.xml": f"{_WORD}.styles+xml",
        "/word/footer1.xml": f"{_WORD}.footer+xml",
        "/docProps/core.xml": "application/vnd.openxmlformats-package.core-properties+xml",
    }
    parts = "".join(f'<Override PartName="{k}" ContentType="{v}"/>' for k, v in kinds.items())
    relations = "application/vnd.openxmlformats-package.relationships+xml"
    return (
        f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
        f'ContentType="{relations}"/><Default Extension="xml" ContentType="application/xml"/>'
        f'<Default Extension="png" ContentType="image/png"/>'
        f"{parts}</Types>"
    )


def _relations(*targets: tuple[str, str]) -> str:
    lines = "".join(
        f'<Relationship Id="r{n}" Type="{kind}" Target="{target}"/>'
        for n, (kind, target) in enumerate(targets, start=1)
    )
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{lines}</Relationships>'


def _styles() -> str:
    found = []
    for name, (label, size, bold, before, after) in _STYLES.items():
        default = ' w:default="1"' if name == "Normal" else ""
        heavy = "<w:b/>" if bold else ""
        level = _LEVELS.get(name)
        keep = "<w:keepNext/>" * (level is not None)
        outline = f'<w:outlineLvl w:val="{level}"/>' * (level is not None)
        found.append(
            f'<w:style w:type="paragraph"{default} w:styleId="{name}"><w:name w:val="{label}"/>'
            f'<w:pPr>{keep}<w:spacing w:before="{before}" w:after="{after}"/>{outline}</w:pPr>'
            f'<w:rPr><w:rFonts w:ascii="Arial" w:hAnsi="Arial" w:cs="Arial"/>{heavy}'
            f'<w:sz w:val="{size}"/></w:rPr></w:style>'
        )
    return f'<w:styles xmlns:w="{_W}">{"".join(found)}</w:styles>'


def _paragraph(block: Paragraph) -> str:
    raised = ""
    if block.raised:
        raised = (
            '<w:r><w:rPr><w:vertAlign w:val="superscript"/></w:rPr>'
            f'<w:t xml:space="preserve">{_text(block.raised)}</w:t></w:r>'
        )
    return (
        f'<w:p><w:pPr><w:pStyle w:val="{block.style}"/></w:pPr><w:r>'
        f'<w:t xml:space="preserve">{_text(block.text)}</w:t></w:r>{raised}</w:p>'
    )


def _picture(block: Picture, number: int) -> str:
    """Return a paragraph with the picture of this number in it."""
    size = f'cx="{round(block.width * _MM)}" cy="{round(block.height * _MM)}"'
    shows = quoteattr(writable(block.shows))
    return (
        '<w:p><w:r><w:drawing><wp:inline distT="0" distB="0" distL="0" distR="0">'
        f'<wp:extent {size}/><wp:docPr id="{number}" name="Picture {number}" descr={shows}/>'
        f'<a:graphic><a:graphicData uri="{_DRAWING}/picture"><pic:pic><pic:nvPicPr>'
        f'<pic:cNvPr id="{number}" name="image{number}.png"/><pic:cNvPicPr/></pic:nvPicPr>'
        f'<pic:blipFill><a:blip r:embed="r{_FIRST_PICTURE + number - 1}"/><a:stretch><a:fillRect/>'
        f'</a:stretch></pic:blipFill><pic:spPr><a:xfrm><a:off x="0" y="0"/><a:ext {size}/></a:xfrm>'
        '<a:prstGeom prst="rect"><a:avLst/></a:prstGeom></pic:spPr></pic:pic></a:graphicData>'
        "</a:graphic></wp:inline></w:drawing></w:r></w:p>"
    )


def _table(block: DocxTable) -> str:
    widths = [round(_WIDTH * share / sum(block.widths)) for share in block.widths]
    lines = "".join(
        f'<w:{side} w:val="single" w:sz="4" w:space="0" w:color="999999"/>'
        for side in ("top", "bottom", "insideH")
    )
    grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
    head = _row([Paragraph(text, "Head") for text in block.head], widths, "<w:tblHeader/>")
    rows = "".join(_row(row, widths) for row in block.rows)
    return (
        f'<w:tbl><w:tblPr><w:tblW w:w="{sum(widths)}" w:type="dxa"/><w:tblBorders>{lines}'
        f'</w:tblBorders><w:tblLayout w:type="fixed"/></w:tblPr><w:tblGrid>{grid}</w:tblGrid>'
        f"{head}{rows}</w:tbl>"
    )


def _row(cells: Sequence[Paragraph], widths: Sequence[int], more: str = "") -> str:
    found = "".join(
        f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/></w:tcPr>{_paragraph(cell)}</w:tc>'
        for cell, width in zip(cells, widths, strict=True)
    )
    return f"<w:tr><w:trPr><w:cantSplit/>{more}</w:trPr>{found}</w:tr>"
