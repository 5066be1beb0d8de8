"""What `ketameta compare` and `ketameta merge` share: what they ask for, read, and stop at."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from ketameta.commands.revisions import DiffError
from ketameta.commands.versions import RAW, Version, tables_at, version
from ketameta.extraction.disagreements import disagreements
from ketameta.extraction.matching import BATCH, SAMPLE, TOLERANCE_H, WHOLE, match
from ketameta.extraction.merging import MergeRefusedError, set_aside
from ketameta.extraction.records import Disagreement, Matching, Side
from ketameta.extraction.sides import RaterError, UnreadableSideError, sides_by_rater, two_sides
from ketameta.ingest.cells import CellError, parse_cell
from ketameta.ingest.formats import LossError
from ketameta.ingest.rows import TextTable
from ketameta.tables.collection import Tables
from ketameta.tables.parts import Placed
from ketameta.tables.problems import escaped
from ketameta.tables.raw import RAW_KINDS
from ketameta.tables.table import Row
from ketameta.tables.upkeep import ADJUDICATION

Record = Sequence[Mapping[str, str]]
WHEN = "when, as YYYY, YYYY-MM or YYYY-MM-DD (default: today)"


class WrongUseError(ValueError):
    """What was asked for makes no sense; the message says why."""


@dataclass(frozen=True, slots=True)
class Held:
    """Two extractions held against each other: what is the same, and what they say differently."""

    a: Side
    b: Side
    matching: Matching
    found: Sequence[Disagreement]


def matching_options(
    parser: argparse.ArgumentParser, tolerance: str, sample: str, batch: str
) -> None:
    """Add what rows are matched by, with what is said of each."""
    parser.add_argument(
        "--tolerance-h",
        type=float,
        default=TOLERANCE_H,
        metavar="HOURS",
        help=f"{tolerance} (default: %(default)g)",
    )
    scope = parser.add_mutually_exclusive_group()
    for name, said in ((SAMPLE, sample), (BATCH, batch)):
        scope.add_argument(
            f"--{name}", dest="scope", action="store_const", const=name, default=WHOLE, help=said
        )


def date_of(given: argparse.Namespace) -> str:
    """Return the day that is recorded, today where none is given; raises `WrongUseError`."""
    said = given.date.strip() or date.today().isoformat()
    try:
        parse_cell(said, ADJUDICATION["date"])
    except CellError as error:
        raise WrongUseError(f"--date: {error}") from None
    return said


def status_of(command: str, work: Callable[[Path], int]) -> int:
    """Do the work of a command in a folder to spare, and return its status.

    Where it is stopped, say by what: 2 for wrong use, else 1.
    """
    try:
        with tempfile.TemporaryDirectory() as spare:
            return work(Path(spare))
    except (WrongUseError, RaterError, DiffError) as error:
        print(escaped(f"ketameta {command}: {error}"), file=sys.stderr)
        return 2
    except (MergeRefusedError, LossError, UnreadableSideError) as error:
        for line in str(error).splitlines():
            print(escaped(line), file=sys.stderr)
    except BrokenPipeError:
        raise  # who reads has seen enough
    except OSError as error:
        print(escaped(f"{error.filename or ''}: {error.strerror or error}"), file=sys.stderr)
    return 1


def hold(
    given: argparse.Namespace,
    names: Sequence[str],
    place: Path,
    record: Record,
    spare: Path,
    free_text: bool = True,
) -> Held:
    """Hold the two extractions of these names, or two raters of one, against each other.

    ``place`` has the tables of the first, ``record`` what was decided of them before.
    """
    if len(names) == 1:
        pair = sides_by_rater(place, given.raters or ())
    else:
        first, second = version(names[0]), version(names[1])
        a, b = two_sides(place, tables_at(second, spare / "b"), (names[0], names[1]))
        pair = _placed(a, spare / "a", first), _placed(b, spare / "b", second)
    a, b = set_aside(*pair, record)
    matching = match(a, b, given.tolerance_h, scope=given.scope)
    return Held(a, b, matching, disagreements(a, b, matching, free_text))


def _placed(side: Side, spare: Path, of: Version) -> Side:
    """Name the rows and faults that were written out by the version that they are of."""
    written = f"{spare.as_posix()}/"

    def there(file: str) -> str:
        return file.replace(written, f"{of.name}:{RAW}/", 1)

    rows: dict[type[Row], list[Placed]] = {
        kind: [replace(row, file=there(row.file)) for row in side.tables[kind]]
        for kind in RAW_KINDS.values()
        if kind in side.tables.kinds()
    }
    faults = tuple(replace(p, file=there(p.file), message=there(p.message)) for p in side.problems)
    return replace(side, tables=Tables(rows), problems=faults)


def record_of(texts: Mapping[str, TextTable]) -> list[dict[str, str]]:
    """Return what was decided of these tables before; raises `UnreadableSideError`."""
    text = texts.get(ADJUDICATION.name)
    if text and not text.readable:
        raise UnreadableSideError("\n".join(map(str, text.problems)))
    return [row.cells for row in text.rows] if text else []
