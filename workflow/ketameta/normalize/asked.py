"""A question that notes what is read of it: its answer is that of every question alike in that."""

from __future__ import annotations

from collections.abc import Container
from typing import Any, NamedTuple, TypeAlias

from ketameta.configuration import Question

ASSUMPTIONS = "assumptions"
# the names of what was read of a question; of the assumptions the words that were asked for, and of
# an order of preference the words that it was asked of
Part: TypeAlias = str | tuple[str, str | frozenset[str]]
Read: TypeAlias = frozenset[Part]


class Noted:
    """A question, to be passed where one is asked for, and what was read of it so far."""

    def __init__(self, question: Question) -> None:
        self._question = question
        self._read: set[Part] = set()

    def __getattr__(self, name: str) -> Any:
        """Return a part of the question."""
        if name == ASSUMPTIONS:
            return _Words(self._question.assumptions, self._read)
        self._read.add(name)
        # from now on it is found without coming here
        self.__dict__[name] = value = getattr(self._question, name)
        return value

    def among(self, name: str, words: frozenset[str]) -> tuple[str, ...]:
        """Return what `among` does."""
        self._read.add((name, words))
        return among(self._question, name, words)

    @property
    def read(self) -> Read:
        """What was read."""
        return frozenset(self._read)

    def also(self, read: Read) -> None:
        """Note what an answer that was known is by."""
        self._read |= read


def among(question: Question, name: str, words: frozenset[str]) -> tuple[str, ...]:
    """Return those of some words that are in an order of preference, of which no more is read."""
    if isinstance(question, Noted):
        return question.among(name, words)
    return tuple([word for word in getattr(question, name) if word in words])


class _Words(Container[str]):
    """The assumptions that a question allows: they seldom decide, as most numbers rest on none."""

    def __init__(self, words: tuple[str, ...], read: set[Part]) -> None:
        self._words, self._read = words, read

    def __contains__(self, word: object) -> bool:
        """Say whether a word is allowed."""
        self._read.add((ASSUMPTIONS, str(word)))
        return word in self._words


class Reads:
    """What was read of the questions of a run, and what they say there, under a number each."""

    def __init__(self) -> None:
        self.each: list[Read] = []
        self._numbers: dict[Read, int] = {}
        self._said: dict[object, int] = {}

    def number(self, read: Read) -> int:
        """Return the number of what was read of some question."""
        if (found := self._numbers.setdefault(read, len(self.each))) == len(self.each):
            self.each.append(read)
        return found

    def said(self, read: int, question: Question) -> int:
        """Return the number for what a question says of these parts: equal ones, equal parts."""
        parts = read, *[_say(question, part) for part in self.each[read]]
        return self._said.setdefault(parts, len(self._said))


def _say(question: Question, part: Part) -> object:
    if isinstance(part, str):
        return getattr(question, part)
    name, words = part
    if isinstance(words, frozenset):
        return among(question, name, words)
    return words in getattr(question, name)


class Numbers(dict[int, int]):
    """A number for what a question says, by the number of what is read of it (see `Reads`).

    Numbers are compared faster than parts, to look at which each time would take as long as the
    answer.
    """

    def __init__(self, question: Question, reads: Reads) -> None:
        super().__init__()
        self.question, self.reads = question, reads

    def __missing__(self, read: int) -> int:
        """Find the number where it is asked for first."""
        self[read] = found = self.reads.said(read, self.question)
        return found


class Answer(NamedTuple):
    """What was told, and what was read of the question."""

    read: Read
    told: Any


class Answers:
    """Answers about one thing, each that of every question alike in what was read for it."""

    __slots__ = ("_of",)

    def __init__(self) -> None:
        self._of: dict[int, dict[int, Answer]] = {}

    def known(self, numbers: Numbers) -> Answer | None:
        """Return the answer that a question has by others; None where there is none."""
        for read, answers in self._of.items():
            if (found := answers.get(numbers[read])) is not None:
                return found
        return None

    def enter(self, numbers: Numbers, asked: Noted, told: Any) -> Answer:
        """Enter what a question was told."""
        number = numbers.reads.number(asked.read)
        found = Answer(numbers.reads.each[number], told)
        self._of.setdefault(number, {})[numbers[number]] = found
        return found
