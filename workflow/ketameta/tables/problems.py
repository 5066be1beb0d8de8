"""A fault in the data, with its place and what is allowed there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

ERROR, WARNING, NOTE = "error", "warning", "note"


@dataclass(frozen=True, order=True)
class Problem:
    """One fault: ``file:line column name: message``.

    ``line`` is the physical line of the file on which the row starts (1 is the header; 0 means
    the file as a whole). An ``error`` stops the run; a ``warning`` is printed in the report; a
    ``note`` records something that was read in spite of its form.
    """

    file: str
    line: int
    column: str
    value: str
    message: str
    severity: str = ERROR
    table: str = ""
    trial_id: str = ""
    arm_id: str = ""

    def __str__(self) -> str:
        """Return the one line that people read."""
        place = self.file + (f":{self.line}" if self.line else "")
        column = f" column {self.column}" if self.column else ""
        about = ", ".join(
            f"{name} {value}"
            for name, value in (("trial", self.trial_id), ("arm", self.arm_id))
            if value
        )
        return f"{place}{column}: {self.message}" + (f" ({about})" if about else "")


def shown(value: str, length: int = 60) -> str:
    """Quote a cell for a message: control characters escaped, long text cut."""
    text = value.encode("unicode_escape").decode("ascii") if not value.isprintable() else value
    return f"'{text[: length - 1]}…'" if len(text) > length else f"'{text}'"


def errors(problems: Iterable[Problem]) -> list[Problem]:
    """Return those that stop a run, in the order of files and lines."""
    return sorted(p for p in problems if p.severity == ERROR)
