"""The files of words: those of the method, and where those of the subject stand.

A process reads the subject of one folder (`use`), and keeps what it makes of the words (`kept`)
until it is told that they are others (`forget`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from ketameta.documents.document import DocumentError, read_document
from ketameta.project import SUBJECT

METHOD = Path(__file__).with_name("words.yaml")
FOLDER = "vocabulary"
FILES = ("outcomes.yaml", "priors.yaml", "scales.yaml", "treatments.yaml", "words.yaml")

P = ParamSpec("P")
T = TypeVar("T")
_subject = SUBJECT
_forget: list[Callable[[], None]] = []


def kept(function: Callable[P, T]) -> Callable[P, T]:
    """Keep what a function makes of the words (as `functools.cache` does) until `forget`."""
    found = cache(function)
    _forget.append(found.cache_clear)
    return found  # type: ignore[return-value]  # called with what can be a key


def forget() -> None:
    """Read words and review anew when they are asked for: who changes directory calls it."""
    for clear in _forget:
        clear()


def use(folder: Path = SUBJECT) -> None:
    """Take words and review of another folder such as ``workflow/config``, from now on."""
    global _subject  # noqa: PLW0603 - what a process reads is of the process
    _subject = folder
    forget()


def subject() -> Path:
    """Return the folder that holds the subject: review.yaml and the vocabulary."""
    return _subject


def read_words(path: Path) -> dict[str, Any]:
    """Return the values of a file, of the kinds that its form is held against."""
    document = read_document(path)
    if document.faults:
        raise DocumentError(document.faults[0].message, document.faults[0].line)
    content: dict[str, Any] = document.values
    return content


@cache
def method_words() -> dict[str, Any]:
    """Return the words of the method."""
    return read_words(METHOD)


def words_of_method() -> dict[str, tuple[str, ...]]:
    """Return the words of each list of the method, and those that flags start with."""
    return {
        name: tuple(words)
        for name, words in {**method_words()["lists"], "flags": method_words()["flags"]}.items()
    }
