"""A small folder of valid tables to spoil, and what `ketameta check` says of it."""

from __future__ import annotations

import csv
import io
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from ketameta.cli import main

BASE = Path(__file__).parents[1] / "bad_input" / "base"


@dataclass(frozen=True)
class Said:
    """Exit status of a check and what it printed, the folder's name left out."""

    status: int
    errors: list[str]
    warnings: list[str]
    notes: list[str]
    summary: str


class Folder:
    """A copy of the small valid tables."""

    def __init__(self, path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.path, self.capsys = path, capsys
        shutil.copytree(BASE, path)

    def __truediv__(self, name: str) -> Path:
        return self.path / name

    def text(self, table: str) -> str:
        return (self.path / f"{table}.csv").read_text(encoding="utf-8")

    def write(self, table: str, content: str | bytes) -> None:
        content = content if isinstance(content, bytes) else content.encode()
        (self.path / f"{table}.csv").write_bytes(content)

    def replace(self, table: str, old: str, new: str, count: int = -1) -> None:
        text = self.text(table)
        assert old in text, f"{old!r} is not in {table}.csv: the case changes nothing"
        self.write(table, text.replace(old, new, count))

    def rows(self, table: str) -> tuple[list[int], list[list[str]]]:
        """Return the physical line of each row, and the rows, header first."""
        reader = csv.reader(io.StringIO(self.text(table)))
        lines, rows = [], []
        line = 1
        for row in reader:
            lines.append(line)
            rows.append(row)
            line = reader.line_num + 1
        return lines, rows

    def put(self, table: str, line: int, column: str, cell: str) -> None:
        """Write another cell into the row that starts on a line."""
        lines, rows = self.rows(table)
        rows[lines.index(line)][rows[0].index(column)] = cell
        self.put_rows(table, rows)

    def put_rows(self, table: str, rows: list[list[str]]) -> None:
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerows(rows)
        self.write(table, out.getvalue())

    def check(self) -> Said:
        """Run `ketameta check` on the folder."""
        status = main(["check", str(self.path)])
        out, err = self.capsys.readouterr()
        lines = err.replace(f"{self.path.as_posix()}/", "").splitlines()
        parts: dict[str, list[str]] = {"error": [], "warning": [], "note": []}
        for line in lines:
            kind, _, rest = line.partition(": ")
            if kind in ("warning", "note"):
                parts[kind].append(rest)
            else:
                parts["error"].append(line)
        assert all(line.isprintable() for line in lines), "a message holds control characters"
        assert all(len(line) < 2_000 for line in lines), "a message is too long to read"
        return Said(status, parts["error"], parts["warning"], parts["note"], out)


@pytest.fixture
def folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Folder:
    return Folder(tmp_path / "raw", capsys)
