"""What a notebook and a terminal show of results: texts, drawings and small tables."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ketameta.figures.scene import Scene

# what a drawing can be written as, by the ending of a file
ENDINGS = (".svg", ".pdf", ".png", ".html")


class Text(str):
    """Text that a notebook and a terminal show as lines, not in quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return f"<pre>{escape(self)}</pre>"


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure of the report: the drawing in a notebook, in a terminal where its file is."""

    path: Path

    def __repr__(self) -> str:
        return from_here(self.path)

    def _repr_svg_(self) -> str:
        return self.path.read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Drawing:
    """A figure that is no file yet: shown by a notebook, written by `save`.

    `narrow` is the same for a phone, `page` returns one HTML file with the figure and its numbers.
    """

    wide: Scene
    narrow: Scene
    page: Callable[[], str]

    def __repr__(self) -> str:
        return f"{self.wide.title}, drawn: save(path) as .svg, .pdf, .png or .html"

    def _repr_svg_(self) -> str:
        from ketameta.figures.scene import to_svg

        return to_svg(self.wide, self._name(), standalone=True)

    def _repr_html_(self) -> str:
        from ketameta.figures.scene import COLOURS, to_svg

        name = self._name()
        wide, narrow = to_svg(self.wide, name), to_svg(self.narrow, f"{name}-narrow")
        # on paper of its own: the words are dark whatever the ground of the notebook
        return (
            f"<style>.{name}{{background:{COLOURS['paper']};overflow-x:auto}}"
            f".{name} .narrow{{display:none}}"
            f"@media(max-width:700px){{.{name} .wide{{display:none}}"
            f".{name} .narrow{{display:block}}}}</style>"
            f'<div class="{name}"><div class="wide">{wide}</div>'
            f'<div class="narrow">{narrow}</div></div>'
        )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it as the ending says: .svg, .pdf, .png, or .html with the numbers as a table.

        Raises ValueError for another ending.
        """
        from ketameta.storage import write_bytes

        to = Path(path)
        write_bytes(to, self.as_bytes(ending(to)))

    def as_bytes(self, kind: str) -> bytes:
        """Return it as a file of one of `ENDINGS`."""
        if kind == ".html":
            return self.page().encode()
        if kind == ".svg":
            return self._repr_svg_().encode()
        from ketameta.figures import canvas

        return canvas.to_pdf(self.wide) if kind == ".pdf" else canvas.to_png(self.wide)

    def _name(self) -> str:
        """Return a name that another drawing on the page does not have."""
        from hashlib import sha256

        told = f"{self.wide.title}\n{self.wide.description}"
        return f"forest-{sha256(told.encode()).hexdigest()[:8]}"


def ending(path: Path) -> str:
    """Return the ending of a path, one of `ENDINGS`; raises ValueError for another."""
    found = path.suffix.lower()
    if found not in ENDINGS:
        raise ValueError(f"{path}: a drawing ends in {', '.join(ENDINGS[:-1])} or {ENDINGS[-1]}")
    return found


def from_here(path: Path) -> str:
    """Write a path as one would type it from where one is."""
    here = Path.cwd()
    return (path.relative_to(here) if path.is_relative_to(here) else path).as_posix()


def table_html(caption: str, header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a small table as HTML."""
    head = "".join(f"<th>{escape(cell)}</th>" for cell in header)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    title = f"<caption>{escape(caption)}</caption>" if caption else ""
    return f"<table>{title}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
