"""What a check returns, and the words that all of them share."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, replace

from ketameta.tables.problems import first_few
from ketameta.tables.table import Row

_CLAUSES = re.compile(r"; |\. (?=[A-Z])")
_LONGEST = 180
_MOST_LINES = 12


@dataclass(frozen=True)
class Finding:
    """One oddity: which check, where, and what a data manager should look at.

    ``severity`` is ``error`` where the numbers cannot be, else ``warning``. ``line`` is that of
    the raw file, ``also`` are the lines on which it stands again; ``arm_id`` is empty for a whole
    trial, ``value`` holds the cell in question, ``others`` are trials that it is about as well.
    ``acknowledged`` is the reason for which a person lets it stand.
    """

    check: str
    severity: str
    file: str
    line: int
    column: str
    trial_id: str
    arm_id: str
    value: str
    message: str
    also: tuple[int, ...] = ()
    others: tuple[str, ...] = ()
    acknowledged: str = ""


def remark(rows: Iterable[Row], pattern: str) -> str:
    """Return what the rows themselves say of the matter, as ``; note says: ...``, or nothing.

    Taken are the clauses that match of the first flag, note, model or population note with one.
    """
    for row in rows:
        for source in ("flag", "note", "model", "population_note"):
            said = getattr(row, source, None) or ""
            # most say nothing of the matter, and need not be taken apart
            clauses = _CLAUSES.split(said) if re.search(pattern, said, re.IGNORECASE) else []
            fitting = [c.strip() for c in clauses if re.search(pattern, c, re.IGNORECASE)]
            if fitting:
                text = "; ".join(fitting)
                short = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
                return f"; {source.removeprefix('population_')} says: {short}"
    return ""


def once(found: Iterable[tuple[Hashable, Finding]]) -> list[Finding]:
    """Return one finding a key, the first, naming the lines on which it stands again."""
    first: dict[Hashable, Finding] = {}
    lines: dict[Hashable, list[int]] = {}
    for key, finding in found:
        first.setdefault(key, finding)
        lines.setdefault(key, []).append(finding.line)
    result = []
    for key, finding in first.items():
        again = sorted({*lines[key]} - {finding.line})
        word = "line" if len(again) == 1 else "lines"
        also = f" (also {word} {first_few([*map(str, again)], _MOST_LINES)})" if again else ""
        result.append(replace(finding, message=finding.message + also, also=tuple(again)))
    return result
