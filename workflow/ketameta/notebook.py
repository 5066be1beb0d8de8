"""What a notebook and a terminal show of results: texts, drawings and small tables."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from pathlib import Path


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
