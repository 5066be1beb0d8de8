"""What the last run answered to the same questions: only the others are answered anew.

A question is an object that holds all that its answer is made from, and the function that answers
gets nothing else: so where a digest of the object, the code and the versions of packages are as the
list of the stage has them, the rows that the stage wrote for it are the answer.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TypeVar

from ketameta.freshness import QUESTION, Made, bytes_hash, code_of, file_hash
from ketameta.read_tables import ReadTables
from ketameta.shares import shared
from ketameta.tables.collection import Tables, of_analyses
from ketameta.tables.table import Row, schema_of

Q = TypeVar("Q")


class Memo:
    """The answers of the run before, if one is told: its list, and what this run is made from.

    `digests` are of the questions of this run, by what the list of the stage calls them.
    """

    def __init__(
        self, folder: Path = Path(), last: Made | None = None, now: Mapping[str, str] | None = None
    ) -> None:
        same = last is not None and code_of(last.inputs) == code_of(now or {})
        self._last = last if same else None
        self._folder = folder
        self.digests: dict[str, str] = {}

    def answers(
        self,
        answer: Callable[[Q], Tables],
        questions: Mapping[str, Q],
        kinds: Collection[type[Row]],
        processes: int = 1,
    ) -> list[Tables]:
        """Return the answer to each question, by analyses, in order.

        `kinds` are the tables of an answer, each with a column `analysis`. What was not asked
        before in the same words is dealt out to `processes`.
        """
        # a pickle says all of an object: equal ones may differ in it, others are never the same
        digests = {
            name: bytes_hash(pickle.dumps(question, pickle.HIGHEST_PROTOCOL))
            for name, question in questions.items()
        }
        self.digests = {f"{QUESTION}{name}": digest for name, digest in digests.items()}
        found = self._kept(kinds)
        others = [name for name in questions if name not in found]
        made = shared(answer, [questions[name] for name in others], processes)
        found |= zip(others, made, strict=True)
        return [found[name] for name in questions]

    def _kept(self, kinds: Collection[type[Row]]) -> dict[str, Tables]:
        """Return the answers that stand, by analyses; none where a table is not as written."""
        if self._last is None:
            return {}
        before, files = self._last.inputs, self._last.files
        same = [name for name, digest in self.digests.items() if before.get(name) == digest]
        paths = [(self._folder / f"{schema_of(kind).name}.parquet").as_posix() for kind in kinds]
        if not same or any(file_hash(path) != files.get(path) for path in paths):
            return {}
        of = of_analyses(ReadTables(self._folder, kinds), kinds)
        return {name: of(name) for name in (each.removeprefix(QUESTION) for each in same)}
