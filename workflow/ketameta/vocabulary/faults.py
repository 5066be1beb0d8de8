"""What is wrong with the words of a subject beyond their form: words that no other file knows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ketameta.documents.document import Document, Fault
from ketameta.documents.near import unknown
from ketameta.vocabulary.hours import last_hour
from ketameta.vocabulary.models import ANY, BACKGROUND, HEAD_TO_HEAD


def scale_faults(document: Document) -> Iterator[Fault]:
    """Yield bounds and differences of scales that cannot be."""
    for name, scale in _blocks(document.values):
        low, high, mid = (_number(scale.get(key)) for key in ("minimum", "maximum", "mid"))
        if (low is None) != (high is None):
            other = "maximum" if high is None else "minimum"
            yield document.fault((name,), f"has one bound alone: {other} is missing")
        elif low is not None and high is not None:
            if low >= high:
                yield document.fault((name, "minimum"), f"{low:g} is not below maximum {high:g}")
            elif mid is not None and mid >= high - low:
                yield document.fault((name, "mid"), f"{mid:g} is as much as the whole scale")
        if mid is not None and mid <= 0:
            yield document.fault((name, "mid"), f"{mid:g} is outside what is allowed: above 0")
        if (mid is None) != (not scale.get("mid_source")):
            key = "mid" if mid is None else "mid_source"
            yield document.fault((name,), f"mid and mid_source go together: {key} is missing")


def outcome_faults(document: Document) -> Iterator[Fault]:
    """Yield outcomes that imply what is no other event."""
    known = dict(_blocks(document.values))
    for name, outcome in known.items():
        other, at = outcome.get("implies"), (name, "implies")
        if not isinstance(other, str) or not other:
            continue  # the form of the file tells it
        if other not in known:
            yield document.fault(at, unknown(other, [each for each in known if each != name]))
        elif other == name:
            yield document.fault(at, "implies itself")
        elif {outcome.get("kind"), known[other].get("kind")} - {"event"}:
            yield document.fault(at, "only an event implies another event")
        elif (chain := _implied(name, known))[-1] == name:
            told = " implies ".join(chain)
            yield document.fault(at, f"{told} as well: then they are one")


def _implied(name: str, outcomes: Mapping[str, dict[str, Any]]) -> list[str]:
    """Return what an outcome implies, what that implies, and on; to itself in a circle."""
    found: dict[str, None] = {}
    while (other := str(outcomes[name].get("implies"))) in outcomes and other not in found:
        found[other] = None
        name = other
    return [*found]


def period_faults(document: Document) -> Iterator[Fault]:
    """Yield periods that are not written as times, or do not come one after the other."""
    last = 0.0
    for name in _keys(document.values.get("periods")):
        try:
            hour = last_hour(name)
        except ValueError as error:
            yield document.fault(("periods", name), str(error))
            continue
        if hour <= last:
            yield document.fault(("periods", name), "is no later than the one before")
        last = hour


def treatment_faults(document: Document) -> Iterator[Fault]:
    """Yield classes, cotreatments and routes that the file itself does not know."""
    content = document.values
    classes = _keys(content.get("comparator_classes"))
    plain = [name for name in classes if "+" not in name] + [HEAD_TO_HEAD]
    added = list(dict.fromkeys(name.partition("+")[2] for name in classes if "+" in name))
    for name, treatment in _blocks(content.get("treatments")):
        own = treatment.get("comparator_class")
        if isinstance(own, str) and own not in plain:
            yield document.fault(("treatments", name, "comparator_class"), unknown(own, plain))
    given = content.get("cotreatments")
    given = given if isinstance(given, dict) else {}
    known = {word for word in given.values() if isinstance(word, str)}
    for name in classes:
        own, plus, beside = name.partition("+")
        at = ("comparator_classes", name)
        if plus and own not in plain:
            yield document.fault(at, unknown(own, plain))
        if plus and beside not in known:
            yield document.fault(at, f"no cotreatment is {beside}: the class is of no arm")
    for name, beside in given.items():
        if isinstance(beside, str) and beside not in (BACKGROUND, *added):
            told = unknown(beside, [BACKGROUND, *added])
            yield document.fault(("cotreatments", name), f"{told}; a class as inert+{beside[:40]}")
    routes = _keys(content.get("routes"))
    for route in _keys(content.get("route_words")):
        if route not in routes:
            yield document.fault(("route_words", route), unknown(route, routes))


def spread_faults(document: Document) -> Iterator[Fault]:
    """Yield published spreads that are not a location and a scale above 0."""
    for name, spread in _blocks(document.values):
        for comparison, kinds in _blocks(spread.get("comparisons")):
            for kind, told in kinds.items():
                numbers = [_number(value) for value in told] if isinstance(told, list) else []
                if len(numbers) != 2 or (numbers[1] is not None and numbers[1] <= 0):
                    at = (name, "comparisons", comparison, kind)
                    yield document.fault(at, "needs the location of log tau² and its scale above 0")


def prior_faults(document: Document, priors: Any) -> Iterator[Fault]:
    """Yield the kinds of outcomes that no published prior is of."""
    spreads = [block for _, block in _blocks(priors)]
    known = {
        kind
        for spread in spreads
        for _, kinds in _blocks(spread.get("comparisons"))
        for kind in kinds
    }
    for name, outcome in _blocks(document.values):
        kind = outcome.get("prior", ANY)
        if isinstance(kind, str) and kind != ANY and kind not in known:
            yield document.fault((name, "prior"), unknown(kind, sorted(known)))


def twice_faults(
    document: Document, lists: Iterable[tuple[str, Any]], method: Mapping[str, Iterable[str]]
) -> Iterator[Fault]:
    """Yield words that differ by case alone, and those that the method has already.

    `lists` are the words of the document by the name of their list; an empty one is the whole file.
    """
    for name, words in lists:
        place = (name,) if name else ()
        seen: dict[str, str] = {word.lower(): word for word in method.get(name, ())}
        own = set(seen.values())
        for word in _keys(words):
            first = seen.setdefault(word.lower(), word)
            if word in own:
                yield document.fault(
                    (*place, word), "is a word of the method, and cannot be changed"
                )
            elif first != word:
                yield document.fault((*place, word), f"differs from {first} by its case alone")


def _blocks(content: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the blocks of a block, by name; what is none is told by the form of the file."""
    for name, block in content.items() if isinstance(content, dict) else ():
        if isinstance(block, dict):
            yield name, block


def _keys(content: Any) -> list[str]:
    return list(content) if isinstance(content, dict) else []


def _number(value: Any) -> float | None:
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None
