"""What the last run answered to the same questions: only the others are answered anew.

A question is an object that holds all that its answer is made from, and the function that answers
gets nothing else: so where a digest of the object, the code and the versions of packages are as the
list of the stage has them, the rows or files that the stage wrote for it are the answer.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

from ketameta.freshness import QUESTION, StageList, bytes_hash, code_hashes
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
        self,
        folder: Path = Path(),
        last: StageList | None = None,
        now: Mapping[str, str] | None = None,
    ) -> None:
        same = last is not None and code_hashes(last.inputs) == code_hashes(now or {})
        self._last = last if same else None
        self._folder = folder
        self.digests: dict[str, str] = {}

    def answers(
        self,
        answer: Callable[[Q], Tables],
        questions: Mapping[str, Q],
        kinds: Collection[type[Row]],
        processes: int = 1,
        of: str = "analysis",
    ) -> list[Tables]:
        """Return the answer to each question, in order.

        `kinds` are the tables of an answer, each with a column `of` that says what its rows are of:
        the name of the question. What was not asked before in the same words is dealt out to
        `processes`.
        """
        same = [name for name in questions if self._asked(f"{of} {name}", questions[name])]
        found = self._kept(same, kinds, of)
        others = [name for name in questions if name not in found]
        made = shared(answer, [questions[name] for name in others], processes)
        found |= zip(others, made, strict=True)
        return [found[name] for name in questions]

    def files(
        self, answer: Callable[[Q], Iterable[str]], name: str, question: Q, paths: Sequence[str]
    ) -> Iterator[tuple[str, str | bytes]]:
        """Yield path and content of the files that answer a question, by their `paths` in order.

        What was asked before in the same words is answered by the files as they stand.
        """
        kept = self._files(paths) if self._asked(name, question) else []
        yield from zip(paths, kept or answer(question), strict=True)

    def _asked(self, name: str, question: object) -> bool:
        """Note a question, and say whether the run before answered just this one."""
        self.digests[QUESTION + name] = digest = _digest(question)
        return self._last is not None and self._last.inputs.get(QUESTION + name) == digest

    def _kept(
        self, names: Sequence[str], kinds: Collection[type[Row]], column: str
    ) -> dict[str, Tables]:
        """Return the answers to some questions; none where a table is not as it was written."""
        paths = [f"{schema_of(kind).name}.parquet" for kind in kinds]
        if not names or not self._files(paths):
            return {}
        own = of_analyses(ReadTables(self._folder, kinds), kinds, column)
        return {name: own(name) for name in names}

    def _files(self, paths: Iterable[str]) -> list[bytes]:
        """Return files of the run before; none where one is not as it was written."""
        found = []
        for path in paths:
            place = self._folder / path
            content = place.read_bytes() if place.is_file() else b""
            if self._last is None or bytes_hash(content) != self._last.files.get(place.as_posix()):
                return []
            found.append(content)
        return found


def _digest(question: object) -> str:
    """Hash all that an object says: others are never the same, and equal ones rarely differ."""
    said = io.BytesIO()
    pickler = pickle.Pickler(said, pickle.HIGHEST_PROTOCOL)
    pickler.fast = True  # what stands in it twice is told twice, whether it is one object or two
    pickler.dump(_told([question]))
    return bytes_hash(said.getvalue())


def _told(values: Sequence[Any]) -> object:
    """Tell records of one kind by columns, and what lists of them hold as one list, with lengths.

    Objects take pickle thrice as long.
    """
    kinds = {*map(type, values)}
    kind: type = kinds.pop() if len(kinds) == 1 else object
    if issubclass(kind, Row):
        return kind, [row.__getstate__() for row in values]
    if is_dataclass(kind):
        return kind, [_told([getattr(v, each.name) for v in values]) for each in fields(kind)]
    if issubclass(kind, list | tuple):
        return kind, [*map(len, values)], _told([*chain.from_iterable(values)])
    return values
