"""A question that notes what is read of it: its answer is that of every question alike in that."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from ketameta.configuration import Question

ASSUMPTIONS = "assumptions"
# the names of what was read of a question; of the assumptions the words that were asked for
Read = tuple[str | tuple[str, str], ...]


class Noted:
    """A question, to be passed where one is asked for, and what was `read` of it so far."""

    def __init__(self, question: Question) -> None:
        self._question = question
        self._read: dict[str | tuple[str, str], None] = {}

    def __getattr__(self, name: str) -> Any:
        """Return a part of the question."""
        if name == ASSUMPTIONS:
            return _Words(self._question.assumptions, self._read)
        self._read[name] = None
        # from now on it is found without coming here
        self.__dict__[name] = value = getattr(self._question, name)
        return value

    @property
    def read(self) -> Read:
        """What was read, in one order however it came."""
        return tuple(sorted(self._read, key=str))


class _Words(Container[str]):
    """The assumptions that a question allows: they seldom decide, as most numbers rest on none."""

    def __init__(self, words: tuple[str, ...], read: dict[str | tuple[str, str], None]) -> None:
        self._words, self._read = words, read

    def __contains__(self, word: object) -> bool:
        """Say whether a word is allowed."""
        self._read[ASSUMPTIONS, str(word)] = None
        return word in self._words


class Numbers:
    """A number for what a question says of some of its parts: equal numbers, equal parts.

    Numbers are compared faster than parts; `known` is shared by all questions of a run.
    """

    def __init__(self, question: Question, known: dict[object, int]) -> None:
        self._question, self._known = question, known
        self._of: dict[Read, int] = {}

    def of(self, read: Read) -> int:
        """Return the number for what was read of some question."""
        if read not in self._of:
            said = read, tuple(map(self._say, read))
            self._of[read] = self._known.setdefault(said, len(self._known))
        return self._of[read]

    def _say(self, part: str | tuple[str, str]) -> object:
        if isinstance(part, tuple):
            return part[1] in self._question.assumptions
        return getattr(self._question, part)
