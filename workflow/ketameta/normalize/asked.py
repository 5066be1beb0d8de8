"""A question that notes what is read of it: its answer is that of every question alike in that."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container
from typing import Any, NamedTuple

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

    def also(self, read: Read) -> None:
        """Note what an answer that was known is by."""
        self._read.update(dict.fromkeys(read))


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
        self.question, self._known = question, known
        self._of: dict[int, int] = {}

    def of(self, read: Read) -> int:
        """Return the number for what was read of some question: known by `read` being one object.

        To look at its words each time would take as long as the answer.
        """
        if (found := self._of.get(id(read))) is None:
            said = read, tuple(map(self._say, read))
            self._of[id(read)] = found = self._known.setdefault(said, len(self._known))
        return found

    def _say(self, part: str | tuple[str, str]) -> object:
        if isinstance(part, tuple):
            return part[1] in self.question.assumptions
        return getattr(self.question, part)


class Answer(NamedTuple):
    """What was told, and what was read of the question."""

    read: Read
    told: Any


class Answers:
    """Answers about places, each that of every question alike in what was read for it."""

    def __init__(self) -> None:
        # equal ones are one object
        self._reads: dict[Read, Read] = {}
        self._of: dict[object, dict[int, tuple[Read, dict[int, Answer]]]] = defaultdict(dict)

    def known(self, place: object, numbers: Numbers) -> Answer | None:
        """Return the answer about a place that a question has by others; None where there is none.

        `numbers` are those of the question.
        """
        for read, answers in self._of[place].values():
            if (found := answers.get(numbers.of(read))) is not None:
                return found
        return None

    def enter(self, place: object, numbers: Numbers, asked: Noted, told: Any) -> Answer:
        """Enter what a question was told."""
        read = asked.read
        read = self._reads.setdefault(read, read)
        found = Answer(read, told)
        self._of[place].setdefault(id(read), (read, {}))[1][numbers.of(read)] = found
        return found
