"""What a value may be, as annotations of dataclasses: lists, words of a list, forms of a text.

pydantic asks an annotation by its methods, and is not loaded before it does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from ketameta.documents.near import unknown


class Listed:
    """A list of the file, read as a tuple; no word of it stands twice."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        """Return how pydantic reads it."""
        from pydantic_core import PydanticCustomError, core_schema

        def distinct(words: tuple[Any, ...]) -> tuple[Any, ...]:
            if any(word in words[:i] for i, word in enumerate(words)):
                raise PydanticCustomError("twice", "a word stands twice")
            return words

        items = handler(source) | {"strict": False}
        return core_schema.no_info_after_validator_function(distinct, items)

    def __get_pydantic_json_schema__(self, core: Any, handler: Any) -> dict[str, Any]:
        """Return how JSON Schema describes it."""
        return {**handler(core), "uniqueItems": True}


@dataclass(frozen=True)
class Sets:
    """A list of words, or of lists of words that belong together: each is read as a tuple.

    `read` says what a word means here.
    """

    words: Iterable[str]
    read: Callable[[str], str]

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        """Return how pydantic reads it."""
        from pydantic_core import PydanticCustomError, core_schema

        known = [*self.words]

        def sets(value: Any) -> tuple[tuple[str, ...], ...]:
            if not isinstance(value, (list, tuple)):
                raise PydanticCustomError("said", "needs a list of words, or of lists of words")
            found = [tuple(item) if isinstance(item, (list, tuple)) else (item,) for item in value]
            for word in (word for words in found for word in words):
                if not isinstance(word, str):
                    raise PydanticCustomError("said", "needs words, or lists of words")
                if self.read(word) not in known:
                    raise PydanticCustomError("said", unknown(word, known).replace("{", "("))
            read = [tuple(map(self.read, words)) for words in found]
            plain = [tuple(sorted(words)) for words in read]
            if any(not words or len({*words}) < len(words) for words in read):
                raise PydanticCustomError("said", "a list is empty, or a word stands twice in it")
            if len({*plain}) < len(plain):
                raise PydanticCustomError("said", "a word, or a list of words, stands twice")
            return tuple(read)

        return core_schema.no_info_plain_validator_function(sets)

    def __get_pydantic_json_schema__(self, core: Any, handler: Any) -> dict[str, Any]:
        """Return how JSON Schema describes it."""
        word = {"type": "string", "enum": [*self.words]}
        several = {"type": "array", "items": word, "minItems": 1, "uniqueItems": True}
        return {"type": "array", "items": {"anyOf": [word, several]}, "uniqueItems": True}


@dataclass(frozen=True)
class Written:
    """How a text, or the name of a block, is written: a regular expression, and it in words."""

    pattern: str
    said: str

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        """Return how pydantic reads it."""
        from pydantic_core import PydanticCustomError, core_schema

        def as_written(text: str) -> str:
            if not re.search(self.pattern, text):
                raise PydanticCustomError("written", self.said)
            return text

        return core_schema.no_info_after_validator_function(as_written, handler(source))

    def __get_pydantic_json_schema__(self, core: Any, handler: Any) -> dict[str, Any]:
        """Return how JSON Schema describes it."""
        return {**handler(core), "pattern": self.pattern}


@dataclass(frozen=True)
class OneOf:
    """One of some words.

    `read` says which of them another word means, or None; `other` where a word belongs that is
    none of them, or nothing.
    """

    words: Iterable[str]
    read: Callable[[str], str | None] | None = None
    other: Callable[[str], str] = lambda _: ""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        """Return how pydantic reads it."""
        from pydantic_core import PydanticCustomError, core_schema

        words = core_schema.literal_schema([*self.words])
        if (read := self.read) is None:
            return words

        def meant(word: Any) -> Any:
            if not isinstance(word, str):
                return word
            if not (found := read(word)) and (said := self.other(word)):
                raise PydanticCustomError("said", f"unknown word {word[:80]}{said}")
            return found or word

        return core_schema.no_info_before_validator_function(meant, words)
