"""A drawing as data: a few shapes at places in pixels, y downwards, and their SVG text.

Shapes name a `role` (``ink``, ``muted``, ``mark``, ``pooled`` ...); the colour of a role stands in
one table here, and in one more for a dark ground: figures as files and pages take both from here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from html import escape
from typing import NamedTuple

# Dark on light by default; distinguishable in grey print and to colour-blind readers.
COLOURS = {
    "ink": "#1a1a1a",
    "muted": "#5c5c5c",
    "rule": "#bdbdbd",
    "band": "#f2f4f7",
    "band2": "#e3e8ee",
    "band3": "#d0d8e2",
    "mark": "#1f4e79",
    "pooled": "#b5500b",
    "predict": "#6b6b6b",
    "low": "#8fd0b2",
    "concern": "#f4d35e",
    "high": "#9c2a10",
    "on-low": "#1a1a1a",
    "on-high": "#ffffff",
    "paper": "#ffffff",
}
# The same roles on a dark ground; the lights of a judgement keep theirs.
DARK = {
    "ink": "#e8e8e6",
    "muted": "#a9adb3",
    "rule": "#3a4048",
    "band": "#1e2329",
    "band2": "#283039",
    "band3": "#343e4a",
    "mark": "#7db4e8",
    "pooled": "#f0a05a",
    "predict": "#a9adb3",
    "paper": "#15181c",
}
# XML has no way to write these, not even as a reference
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
# in UTF-8 those of one byte, and the start of the last ones, of which � is another
_CONTROLS, _LAST = bytes({*range(32)} - {*b"\t\n\r"}), b"\xef\xbf"
PIXELS = 96.0  # an inch
MM = 25.4 / PIXELS  # a pixel
FONT = "Helvetica, Arial, 'Liberation Sans', sans-serif"


class Text(NamedTuple):
    """A line of text; `anchor` start, middle or end of it stands at x, the baseline at y."""

    x: float
    y: float
    text: str
    anchor: str = "start"
    role: str = "ink"
    size: float = 13
    bold: bool = False
    italic: bool = False


class Line(NamedTuple):
    """A straight line."""

    x1: float
    y1: float
    x2: float
    y2: float
    role: str = "ink"
    width: float = 1
    dash: str = ""


class Rect(NamedTuple):
    """A filled rectangle; of the role ``hit`` it is not seen and only catches the pointer."""

    x: float
    y: float
    width: float
    height: float
    role: str = "mark"


class Polygon(NamedTuple):
    """A filled polygon through its points."""

    points: tuple[tuple[float, float], ...]
    role: str = "pooled"


class Circle(NamedTuple):
    """A filled circle, or a ring where `ring` is true."""

    x: float
    y: float
    radius: float
    role: str = "mark"
    ring: bool = False


class Outline(NamedTuple):
    """A path as SVG writes it (`d`), filled; with a `width` its line alone. For pages only."""

    path: str
    role: str = "mark"
    width: float = 0


class Group(NamedTuple):
    """Shapes that belong together, with a tooltip; `href` makes a link of them."""

    shapes: tuple[Shape, ...]
    title: str = ""
    href: str = ""
    name: str = ""


Shape = Text | Line | Rect | Polygon | Circle | Outline | Group


@dataclass(frozen=True)
class Scene:
    """A drawing of `width` × `height` pixels; title and description are its alternative text.

    `colours` are those of the roles, by whose names the shapes call them.
    """

    width: float
    height: float
    title: str
    description: str
    shapes: tuple[Shape, ...] = field(default=())
    colours: Mapping[str, str] = field(default_factory=lambda: COLOURS)

    @cached_property
    def body(self) -> str:
        """The shapes as SVG writes them: once, for a file and for a page."""
        return "\n".join([_shape(shape, self.colours) for shape in self.shapes])


def colour_of(shape: Shape, colours: Mapping[str, str]) -> str:
    """Return the colour of a shape: that of its role, or of the lines of its role (`mark-line`)."""
    assert not isinstance(shape, Group)
    own = colours.get(f"{shape.role}-line") if isinstance(shape, Line) else None
    return own or colours[shape.role]


def flat(shapes: tuple[Shape, ...]) -> Iterator[Shape]:
    """Go through shapes in the order in which they are drawn, groups opened."""
    for shape in shapes:
        if isinstance(shape, Group):
            yield from flat(shape.shapes)
        else:
            yield shape


def writable(text: str) -> str:
    """Return a text with � in place of what XML, and so SVG, HTML and Excel, cannot hold."""
    # what can be printed is found sooner
    if text.replace("\n", "").isprintable():
        return text
    return "\n".join(
        line if line.isprintable() else _UNWRITABLE.sub("\ufffd", line) for line in text.split("\n")
    )


def encoded(text: str) -> bytes:
    """Return a text in UTF-8, of what is not `writable` what that makes of it."""
    try:
        content = text.encode()
    except UnicodeEncodeError:
        return writable(text).encode()
    # bytes are searched in a quarter of the time that characters take
    bad = _LAST in content or len(content.translate(None, _CONTROLS)) < len(content)
    return writable(text).encode() if bad else content


# the same places come again in row after row
@lru_cache(maxsize=100_000)
def coordinate(value: float) -> str:
    """Write a coordinate: two decimals at most, no trailing zeros, no minus zero."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def to_svg(scene: Scene, name: str, standalone: bool = False, scale: float | None = None) -> str:
    """Return the scene as SVG text; `name` makes its ids unique on a page.

    Standalone files carry a ground, the XML name space, and colours for a reader whose screen
    is dark; inside a page the page's style sheet sets the colours of the roles. With a `scale` it
    is for print: so many times the size, in millimetres, and on white whatever the screen.
    """
    width, height = coordinate(scene.width), coordinate(scene.height)
    wide, high = width, height
    if scale is not None:
        wide, high = (f"{side * scale * MM:.5g}mm" for side in (scene.width, scene.height))
    head = [
        f'<svg class="figure" role="img" aria-labelledby="{name}-t {name}-d" '
        f'viewBox="0 0 {width} {height}" width="{wide}" height="{high}"'
        + (' xmlns="http://www.w3.org/2000/svg"' if standalone else "")
        + f' font-family="{FONT}" font-size="13">',
        f'<title id="{name}-t">{escape(scene.title)}</title>',
        f'<desc id="{name}-d">{escape(scene.description)}</desc>',
    ]
    if standalone:
        dark = f"@media screen and (prefers-color-scheme:dark){{{_classes(DARK)}}}"
        if scale is None:
            head.append(f"<style>{dark}</style>")
        head.append(_shape(Rect(0, 0, scene.width, scene.height, "paper"), scene.colours))
    body = [scene.body] if scene.shapes else []
    return "\n".join([writable("\n".join(head)), *body, "</svg>\n"])


def _classes(colours: Mapping[str, str], within: str = "") -> str:
    """Return the rules that colour every shape of these roles, of a page those `within`."""
    rules = []
    for role, colour in colours.items():
        lines = (f"line.{role}", f".{role}-ring", f".{role}-line")
        rules.append(f"{within}.{role}{{fill:{colour}}}")
        rules.append(f"{','.join(within + line for line in lines)}{{stroke:{colour}}}")
    return "".join(rules)


def page_colours() -> str:
    """Return the style sheet of the colours of a page: a variable a role, also for a dark screen.

    Paper stays light. Figures within the page take the variables by the class of their role.
    """
    light, dark = (
        ";".join(f"--{role}:{colour}" for role, colour in colours.items())
        for colours in (COLOURS, DARK)
    )
    used = _classes({role: f"var(--{role})" for role in COLOURS}, "svg ")
    return (
        f":root{{{light}}}\n@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}\n"
        f"{used}\n"
    )


def _shape(shape: Shape, colours: Mapping[str, str]) -> str:
    return _WRITERS[type(shape)](shape, colours)


def _group(group: Group, colours: Mapping[str, str]) -> str:
    title = f"<title>{_escaped(group.title)}</title>" if group.title else ""
    inner = title + "".join([_shape(s, colours) for s in group.shapes])
    if group.href:
        return f'<a href="{_escaped(group.href)}">{inner}</a>'
    return f'<g class="{group.name}">{inner}</g>' if group.name else f"<g>{inner}</g>"


def _line(line: Line, colours: Mapping[str, str]) -> str:
    dash = f' stroke-dasharray="{line.dash}"' if line.dash else ""
    colour = colour_of(line, colours)
    return (
        f'<line class="{line.role}" x1="{coordinate(line.x1)}" y1="{coordinate(line.y1)}" '
        f'x2="{coordinate(line.x2)}" y2="{coordinate(line.y2)}" stroke="{colour}" '
        f'stroke-width="{coordinate(line.width)}"{dash}/>'
    )


def _rect(rect: Rect, colours: Mapping[str, str]) -> str:
    hit = rect.role == "hit"
    paint = 'fill="none" pointer-events="all"' if hit else f'fill="{colours[rect.role]}"'
    return (
        f'<rect class="{rect.role}" x="{coordinate(rect.x)}" y="{coordinate(rect.y)}" '
        f'width="{coordinate(rect.width)}" height="{coordinate(rect.height)}" {paint}/>'
    )


def _circle(circle: Circle, colours: Mapping[str, str]) -> str:
    place = (
        f'cx="{coordinate(circle.x)}" cy="{coordinate(circle.y)}" r="{coordinate(circle.radius)}"'
    )
    colour = colours[circle.role]
    if circle.ring:
        return f'<circle class="{circle.role}-ring" {place} fill="none" stroke="{colour}"/>'
    return f'<circle class="{circle.role}" {place} fill="{colour}"/>'


def _polygon(polygon: Polygon, colours: Mapping[str, str]) -> str:
    points = " ".join(f"{coordinate(x)},{coordinate(y)}" for x, y in polygon.points)
    return f'<polygon class="{polygon.role}" points="{points}" fill="{colours[polygon.role]}"/>'


def _outline(shape: Outline, colours: Mapping[str, str]) -> str:
    colour = colours[shape.role]
    if not shape.width:
        return f'<path class="{shape.role}" d="{shape.path}" fill="{colour}"/>'
    line = f'fill="none" stroke="{colour}" stroke-width="{coordinate(shape.width)}"'
    return f'<path class="{shape.role}-line" d="{shape.path}" {line}/>'


def _text(shape: Text, colours: Mapping[str, str]) -> str:
    style = (' font-weight="bold"' if shape.bold else "") + (
        ' font-style="italic"' if shape.italic else ""
    )
    size = f' font-size="{coordinate(shape.size)}"' if shape.size != 13 else ""
    anchor = f' text-anchor="{shape.anchor}"' if shape.anchor != "start" else ""
    return (
        f'<text class="{shape.role}" x="{coordinate(shape.x)}" y="{coordinate(shape.y)}" '
        f'fill="{colours[shape.role]}"{anchor}{size}{style}>{_escaped(shape.text)}</text>'
    )


# letters of judgements and words of treatments come again in row after row
@lru_cache(maxsize=10_000)
def _escaped(text: str) -> str:
    return escape(writable(text))


_WRITERS: dict[type[Shape], Callable[..., str]] = {
    Text: _text,
    Line: _line,
    Rect: _rect,
    Polygon: _polygon,
    Circle: _circle,
    Outline: _outline,
    Group: _group,
}
