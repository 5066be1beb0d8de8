"""How `ketameta explain` writes paragraphs and raw rows in a terminal."""

from __future__ import annotations

import shutil
import textwrap

from ketameta.commands.since import Standing


def raw_row(row: Standing) -> None:
    """Print a raw row as it stands now, what it was in the run, and what was decided of it."""
    if row.cells is None:
        print(f"  {row.place}: removed since the run")
        return
    note = "" if "note" in row.were else row.cells.get("note", "")
    cells = [
        f"{name}={cell or 'empty'}"
        + (f" (in the run: {row.were[name] or 'empty'})" if name in row.were else "")
        for name, cell in row.cells.items()
        if name != "note" or name in row.were
    ]
    print(f"  {row.place}" + ", edited since the run" * bool(row.were))
    say(", ".join(cells), "    ", "    ")
    for said in ([f"note: {note}"] if note else []) + row.decided:
        say(said, "    ", "    ")


def say(text: str, first: str = "", rest: str = "") -> None:
    """Print a paragraph as wide as the terminal, its first line and the others indented."""
    width = min(shutil.get_terminal_size((100, 24)).columns, 100)
    whole = textwrap.TextWrapper(width, first, rest, break_long_words=False, break_on_hyphens=False)
    print(whole.fill(text))
