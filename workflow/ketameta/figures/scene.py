"""A drawing as data: a few shapes at places in pixels, y downwards, and their SVG text.

Shapes name a `role` (``ink``, ``muted``, ``mark``, ``pooled`` ...); the colour of a role is in
one table here, and a page may give it another one (dark mode) through the class of that name.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape

# Dark on light by default; distinguishable in grey print and to colour-blind readers.
COLOURS = {
    "ink": "#1a1a1a",
    "muted": "#5c5c5c",
    "rule": "#bdbdbd",
    "band": "#f2f4f7",
    "mark": "#1f4e79",
    "pooled": "#b5500b",
    "predict": "#6b6b6b",
}
FONT = "Helvetica, Arial, 'Liberation Sans', sans-serif"

# Advance widths of Helvetica in thousandths of the font size (Adobe font metrics), by character.
_WIDTHS = {
    278: " !/:;,.It[]\\'|",
    222: "ijl‘’",
    333: "-()rf`",
    500: "cksvxyz",
    556: "abdeghnopqu0123456789L$#_?–",
    584: "+=<>~−≤≥×",
    611: "FTZ",
    667: "ABEKPSVXY&",
    722: "CDHNRUw",
    778: "GOQ",
    833: "mM",
    889: "%",
    944: "W",
    400: "²°*",
    1000: "…—",
    355: '"',
}
_WIDTH = {character: width for width, characters in _WIDTHS.items() for character in characters}


def text_width(text: str, size: float, bold: bool = False) -> float:
    """Return the width of a text in pixels as set in Helvetica; unknown letters count as wide."""
    thousandths = sum(_WIDTH.get(character, 611) for character in text)
    return thousandths * size / 1000 * (1.07 if bold else 1.0)


def fit_text(text: str, size: float, width: float) -> str:
    """Cut a text with … so that it fits a width."""
    if text_width(text, size) <= width:
        return text
    while text and text_width(text + "…", size) > width:
        text = text[:-1].rstrip()
    return text + "…"


@dataclass(frozen=True)
class Text:
    """A line of text; `anchor` start, middle or end of it stands at x, the baseline at y."""

    x: float
    y: float
    text: str
    anchor: str = "start"
    role: str = "ink"
    size: float = 13
    bold: bool = False
    italic: bool = False


@dataclass(frozen=True)
class Line:
    """A straight line."""

    x1: float
    y1: float
    x2: float
    y2: float
    role: str = "ink"
    width: float = 1
    dash: str = ""


@dataclass(frozen=True)
class Rect:
    """A filled rectangle."""

    x: float
    y: float
    width: float
    height: float
    role: str = "mark"


@dataclass(frozen=True)
class Polygon:
    """A filled polygon through its points."""

    points: tuple[tuple[float, float], ...]
    role: str = "pooled"


@dataclass(frozen=True)
class Group:
    """Shapes that belong together, with a tooltip; `href` makes a link of them."""

    shapes: tuple[Shape, ...]
    title: str = ""
    href: str = ""
    name: str = ""


Shape = Text | Line | Rect | Polygon | Group


@dataclass(frozen=True)
class Scene:
    """A drawing of `width` × `height` pixels; title and description are its alternative text."""

    width: float
    height: float
    title: str
    description: str
    shapes: tuple[Shape, ...] = field(default=())


def number(value: float) -> str:
    """Write a coordinate: two decimals at most, no trailing zeros, no minus zero."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def to_svg(scene: Scene, name: str, standalone: bool = False) -> str:
    """Return the scene as SVG text; `name` makes its ids unique on a page.

    Standalone files carry a white ground and the XML name space; inside a page the page's style
    sheet sets the colours of the roles.
    """
    width, height = number(scene.width), number(scene.height)
    head = [
        f'<svg class="figure" role="img" aria-labelledby="{name}-t {name}-d" '
        f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        + (' xmlns="http://www.w3.org/2000/svg"' if standalone else "")
        + f' font-family="{FONT}" font-size="13">',
        f'<title id="{name}-t">{escape(scene.title)}</title>',
        f'<desc id="{name}-d">{escape(scene.description)}</desc>',
    ]
    if standalone:
        head.append(f'<rect width="{width}" height="{height}" fill="#ffffff"/>')
    body = [_shape(shape) for shape in scene.shapes]
    return "\n".join([*head, *body, "</svg>"]) + "\n"


def _shape(shape: Shape) -> str:
    if isinstance(shape, Group):
        title = f"<title>{escape(shape.title)}</title>" if shape.title else ""
        inner = title + "".join(_shape(s) for s in shape.shapes)
        if shape.href:
            return f'<a href="{escape(shape.href, quote=True)}">{inner}</a>'
        return f'<g class="{shape.name}">{inner}</g>' if shape.name else f"<g>{inner}</g>"
    colour = COLOURS[shape.role]
    if isinstance(shape, Text):
        style = (' font-weight="bold"' if shape.bold else "") + (
            ' font-style="italic"' if shape.italic else ""
        )
        size = f' font-size="{number(shape.size)}"' if shape.size != 13 else ""
        anchor = f' text-anchor="{shape.anchor}"' if shape.anchor != "start" else ""
        return (
            f'<text class="{shape.role}" x="{number(shape.x)}" y="{number(shape.y)}" '
            f'fill="{colour}"{anchor}{size}{style}>{escape(shape.text)}</text>'
        )
    if isinstance(shape, Line):
        dash = f' stroke-dasharray="{shape.dash}"' if shape.dash else ""
        return (
            f'<line class="{shape.role}" x1="{number(shape.x1)}" y1="{number(shape.y1)}" '
            f'x2="{number(shape.x2)}" y2="{number(shape.y2)}" stroke="{colour}" '
            f'stroke-width="{number(shape.width)}"{dash}/>'
        )
    if isinstance(shape, Rect):
        return (
            f'<rect class="{shape.role}" x="{number(shape.x)}" y="{number(shape.y)}" '
            f'width="{number(shape.width)}" height="{number(shape.height)}" fill="{colour}"/>'
        )
    points = " ".join(f"{number(x)},{number(y)}" for x, y in shape.points)
    return f'<polygon class="{shape.role}" points="{points}" fill="{colour}"/>'
