"""Narrowed analyses: ``reading@population=primary&n_doses=1`` asks a question of fewer trials.

Keys are joined by ``&``, alternatives of one key by ``|``. What a key compares is a property of the
trial (population, design, blinding), of its treated arms (treatment, route, drug_route, n_doses),
of its control arms (comparator_class) or of a row (seen, flag).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ketameta.vocabulary import kept, nearest, vocabulary
from ketameta.vocabulary.models import HEAD_TO_HEAD

SINGLE, REPEATED = "1", ">1"
SEVERAL = "several"
# the key that asks for a row's flag, and its words
FLAG, PLAIN, MARKED = "flag", "none", "check"
# characters of a narrowing in the name of a file, of 255 that disks allow
LONGEST = 120


class NarrowingError(ValueError):
    """A key or a word that does not exist; the message names its neighbour."""


@dataclass(frozen=True)
class Narrow:
    """One key of a narrowing, and the words that it lets in."""

    key: str
    values: tuple[str, ...]

    def __str__(self) -> str:
        """Return it as it is written."""
        return f"{self.key}={'|'.join(self.values)}"


@kept
def keys() -> dict[str, dict[str, str]]:
    """Return what an analysis can be narrowed by: key -> word -> label."""
    words = vocabulary()
    treated = [name for name, t in words.treatments.items() if t.comparator_class == HEAD_TO_HEAD]
    return {
        "population": words.words("populations"),
        "treatment": words.words("treatments"),
        "route": words.words("routes"),
        "drug_route": {
            name: name
            for treatment in treated
            for name in (drug_route([treatment], [route]) for route in ("", *words.words("routes")))
        }
        | {SEVERAL: "several treatments or routes"},
        "comparator_class": words.words("comparator_classes"),
        "n_doses": words.words("dosings"),
        "design": words.words("designs"),
        "blinding": words.words("blindings"),
        "seen": words.words("seen"),
        FLAG: words.words("flaggings"),
    }


def drug_route(treatments: list[str], routes: list[str]) -> str:
    """Name a treatment by its route, the route first; `several` where they differ.

    A route that is not known leaves the treatment alone.
    """
    if len(treatments) != 1 or len(routes) != 1:
        return SEVERAL
    words = vocabulary()
    known = words.lists["route_words"].get(routes[0], routes[0])
    return f"{known} {words.treatments[treatments[0]].label}".strip()


def dosing(n_doses: int | None) -> str:
    """Return the word for a number of doses: one, several, or empty where it is not known."""
    return "" if n_doses is None else SINGLE if n_doses == 1 else REPEATED


def flagging(flag: str | None) -> str:
    """Return the word for whether a row that may be pooled has a flag."""
    return MARKED if flag else PLAIN


def split_name(name: str) -> tuple[str, str]:
    """Return the analysis that a name is of, and what narrows it (empty: nothing)."""
    base, _, expression = name.partition("@")
    return base.strip(), expression.strip()


@kept
def parse(expression: str) -> tuple[Narrow, ...]:
    """Read what stands after the ``@``, keys and words in the order of `keys`.

    Raises `NarrowingError` for an unknown key or word, a key that stands twice, an empty part.
    """
    found: dict[str, Narrow] = {}
    for part in expression.split("&"):
        key, sign, text = (piece.strip() for piece in part.partition("="))
        if key not in keys():
            raise NarrowingError(f"cannot be narrowed by {_near(key, keys())}")
        if not sign or not text:
            raise NarrowingError(f"{key} needs a word: {key}={next(iter(keys()[key]))}")
        if key in found:
            raise NarrowingError(f"{key} stands twice; alternatives are joined by |")
        words = {word.strip(): None for word in text.split("|")}
        for word in words:
            if word not in keys()[key]:
                raise NarrowingError(f"{key} has no {_near(word, keys()[key])}")
        found[key] = Narrow(key, tuple(word for word in keys()[key] if word in words))
    return tuple(found[key] for key in keys() if key in found)


def fault(expression: str) -> str:
    """Say what is wrong with what narrows an analysis; empty where nothing is."""
    try:
        parse(expression)
    except NarrowingError as error:
        return str(error)
    return ""


def _near(word: str, known: Mapping[str, object]) -> str:
    close = nearest(word[:80], list(known), 1)
    hint = f"did you mean {close[0]}?" if close else f"known: {', '.join(known)}"
    return f"{word[:80] or 'nothing'}; {hint}"


def written(narrow: tuple[Narrow, ...]) -> str:
    """Return a narrowing as it is written after the ``@``."""
    return "&".join(map(str, narrow))


def canonical(name: str) -> str:
    """Return the name of an analysis as tables have it: what narrows it in the order of `keys`."""
    base, expression = split_name(name)
    if not expression:
        return base
    return name if fault(expression) else f"{base}@{written(parse(expression))}"


def narrowed_to(name: str, key: str, word: str) -> str:
    """Return the name of an analysis narrowed, further if it is already, to a word of a key.

    Empty where there is no such key or word, or nothing would be left.
    """
    if word not in keys().get(key, {}):
        return ""
    base, expression = split_name(name)
    own = combined(parse(expression) if expression else (), (Narrow(key, (word,)),))
    return f"{base}@{written(own)}" if all(narrow.values for narrow in own) else ""


def named(cells: Iterable[str | None]) -> list[str]:
    """Return the analyses in the cells of claims that name them, in order; empty where none is."""
    return [word.strip() for cell in cells for word in (cell or "").split(";")]


def combined(one: tuple[Narrow, ...], other: tuple[Narrow, ...]) -> tuple[Narrow, ...]:
    """Return what both let in; of one key, the words that stand in both."""
    first, second = ({n.key: n.values for n in side} for side in (one, other))
    found = []
    for key in keys():
        if key in first and key in second:
            found.append(Narrow(key, tuple(w for w in first[key] if w in second[key])))
        elif key in first or key in second:
            found.append(Narrow(key, first.get(key) or second[key]))
    return tuple(found)


def in_words(narrow: tuple[Narrow, ...]) -> str:
    """Say what is left: ``children in primary school, single dose``."""
    return ", ".join(" or ".join(keys()[n.key][word] for word in n.values) for n in narrow)


@kept
def slug(name: str) -> str:
    """Return the name of an analysis as files, addresses and identifiers have it.

    Two names that would be written alike are told apart by a few characters of a hash, and so are
    names too long for a file.
    """
    base, expression = split_name(name)
    if not expression:
        return name
    text = expression.replace("&", "--").replace(">", "over-").replace("+", "-and-")
    safe = re.sub(r"[^A-Za-z0-9_.-]+", "-", text.replace("|", "-or-"))
    plain = text.replace("=", "-").replace(" ", "-").replace("|", "-or-")
    told = f"-{hashlib.sha256(expression.encode()).hexdigest()[:6]}"
    if len(safe) > LONGEST:
        return f"{base}--{safe[:LONGEST].rstrip('-')}{told}"
    return f"{base}--{safe}{'' if safe == plain else told}"
