"""What is wrong with a configuration: its keys, its words, and keys that contradict each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher
from functools import reduce
from typing import Any

from ketameta.configuration.document import Document, Fault, Place
from ketameta.measures import EVENT, MEASURES
from ketameta.vocabulary import narrowing, nearest, vocabulary
from ketameta.vocabulary.narrowing import split_name

_TYPES = {
    "object": "a block of keys",
    "array": "a list",
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "null": "null",
}


def form_faults(
    document: Document, errors: Iterable[Any], schema: dict[str, Any]
) -> Iterator[Fault]:
    """Yield what pydantic found in the document, worded for the person who wrote the file.

    The words need all bounds of a key, and the names of its neighbours: `schema` has them.
    """
    for error in errors:
        for place, message, *key in _worded(error, document.values, schema):
            if document.knows(place):
                yield document.fault(place, message, *key)


def _worded(error: Any, values: Any, schema: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Yield place, message and, where the key is at fault, the key."""
    place: Place = tuple(error["loc"])
    rule, value = error["type"], error["input"]
    if rule == "string_pattern_mismatch":
        allowed = _NAMES[str(place[0])]
        yield place[:-2], f"the name {_shown(value)} is not allowed: {allowed}", value
    elif rule in ("extra_forbidden", "missing"):
        *above, key = place
        worded = _unknown_key if rule == "extra_forbidden" else _missing_key
        block = reduce(lambda block, step: block[step], above, values)
        if message := worded(str(key), block, _described(schema, above)):
            yield tuple(above), message, *([key] if rule == "extra_forbidden" else [])
    elif rule != "too_short" or not value:  # else it is too short without the words at fault
        yield place, _sentence(rule, value, _described(schema, place))


def _described(schema: dict[str, Any], place: Iterable[str | int]) -> Any:
    """Return what the JSON Schema says of a place."""

    def plain(node: Any) -> Any:
        if "$ref" in node:
            return plain(reduce(lambda part, step: part[step], node["$ref"].split("/")[1:], schema))
        return node

    node = plain(schema)
    for step in place:
        node = node.get("anyOf", [node])[0]
        if isinstance(step, int):
            node = plain(node["items"])
        elif "properties" in node:
            node = plain(node["properties"][step])
        else:
            (node,) = map(plain, node["patternProperties"].values())
    return node


def _sentence(rule: str, value: Any, node: dict[str, Any]) -> str:
    """Word a fault of one value."""
    kinds = node.get("anyOf", [node])
    node = kinds[0]
    if rule == "literal_error":
        known = node["enum"]
        if isinstance(value, str):
            return unknown(value, known)
        return f"needs one of {', '.join(known)}; not {_shown(value)}"
    if rule == "twice":
        twice = next(item for i, item in enumerate(value) if item in value[:i])
        return f"{_shown(twice)} stands twice"
    if rule in ("too_short", "too_long"):
        return f"holds {len(value)}; at most {node['maxItems']}" if value else "is empty"
    if rule in ("string_too_short", "string_too_long"):
        return f"needs {node['minLength']} to {node['maxLength']} characters; has {len(value)}"
    if rule.startswith(("greater_than", "less_than")):
        return _out_of_range(value, node)
    needs = " or ".join(_TYPES[kind["type"]] for kind in kinds)
    return f"needs {needs}, not {_shown(value)}"


# keys of older versions, and what took their place
_REPLACED = {"subgroup": "splits"}

# what names of blocks may be, in words
_NAMES = {
    "analyses": "small letters, digits and _ only, the first a letter, at most 60",
    "windows": "letters, digits, spaces and . + - only, at most 40",
    "sensitivity": "2 to 80 characters, the first a letter or digit, no < > & and no line ends",
}


def _unknown_key(key: str, block: dict[str, Any], node: dict[str, Any]) -> str:
    known = list(node["properties"])
    absent = [name for name in known if name not in block]
    close = nearest(key[:80], absent, 1) or nearest(key[:80], known, 1)
    hint = f"did you mean {close[0]}?" if close else f"known: {', '.join(known)}"
    if (now := _REPLACED.get(key)) and now in known:
        hint = f"{now} took its place, with a list of words"
    return f"unknown key {key[:80]}; {hint}"


def _missing_key(name: str, block: dict[str, Any], node: dict[str, Any]) -> str:
    """Name a key that is missing, but not one that an unknown key is a misspelling of."""
    spare = [key for key in block if key not in node["properties"]]
    alike = [key for key in spare if SequenceMatcher(None, key.lower(), name).ratio() > 0.7]
    return "" if alike else f"the key {name} is missing"


def _out_of_range(value: float, schema: dict[str, Any]) -> str:
    parts = [
        f"{word} {schema[rule]:g}"
        for rule, word in (
            ("minimum", "at least"),
            ("exclusiveMinimum", "above"),
            ("maximum", "at most"),
            ("exclusiveMaximum", "below"),
        )
        if rule in schema
    ]
    message = f"{value:g} is outside what is allowed: {' and '.join(parts)}"
    if schema.get("maximum", 2) < 1 and schema.get("minimum", 0) <= value / 100 < 1:
        message += f"; did you mean {value / 100:g}?"
    return message


def _shown(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return str(value).lower().replace("none", "null")
    if isinstance(value, (dict, list)):
        return "a block of keys" if isinstance(value, dict) else "a list"
    text = repr(value)
    return text if len(text) <= 60 else text[:59] + "…"


def meaning_faults(document: Document) -> Iterator[Fault]:
    """Yield words that the vocabulary lacks, and keys that do not fit together.

    Looks only at what has the right type: the rest is a fault of the schema.
    """
    content = document.values
    windows, defaults = _block(content, "windows"), _block(content, "defaults")
    for name, window in windows.items():
        hours = [window.get(key) for key in ("from", "target", "to")] if _is_block(window) else []
        if hours and all(_is_number(hour) for hour in hours) and hours != sorted(hours):
            message = "from, target and to must stand in this order: " + " ".join(map(str, hours))
            yield document.fault(("windows", name), message)
    analyses = _block(content, "analyses")
    yield from _narrowings(document, list(analyses))
    yield from _summaries(document)
    blocks: list[tuple[Place, Any]] = [(("defaults",), defaults)]
    blocks += [(("analyses", name), block) for name, block in analyses.items()]
    for name, choice in _block(content, "sensitivity").items():
        if _is_block(choice):
            blocks.append((("sensitivity", name, "change"), choice.get("change")))
    for place, block in blocks:
        if _is_block(block):
            yield from _words(document, place, block, windows)
            for complete in _uses(content, place, block):
                if found := list(_fit(document, place, block, complete)):
                    yield from found
                    break


def _summaries(document: Document) -> Iterator[Fault]:
    """Yield titles that stand twice, and names of analyses that cannot be answered to."""
    content = document.values
    known, blocks = content.get("analyses"), content.get("summaries")
    if not isinstance(known, dict) or not isinstance(blocks, list):
        return
    titles: set[str] = set()
    for number, block in enumerate(block if isinstance(block, dict) else {} for block in blocks):
        at = ("summaries", number)
        title, outcomes, narrow = (block.get(key) for key in ("title", "outcomes", "narrow"))
        if isinstance(title, str):
            if title in titles:
                yield document.fault((*at, "title"), f"{title[:80]!r} stands twice")
            titles.add(title)
        if isinstance(narrow, str) and (said := narrowing.fault(narrow)):
            yield document.fault((*at, "narrow"), said)
        for place, name in enumerate(outcomes if isinstance(outcomes, list) else []):
            if isinstance(name, str) and name not in known:
                yield document.fault((*at, "outcomes", place), unknown(name, [*known]))


def _narrowings(document: Document, analyses: list[str]) -> Iterator[Fault]:
    """Yield the names of narrowed analyses that no analysis or word answers to."""
    given = document.values.get("narrowed") if _is_block(document.values) else None
    for i, name in enumerate(given if isinstance(given, list) else []):
        if isinstance(name, str) and (said := narrowed_fault(name, analyses)):
            yield document.fault(("narrowed", i), said)


def narrowed_fault(name: str, analyses: list[str]) -> str:
    """Say what is wrong with the name of a narrowed analysis; empty where nothing is."""
    base, expression = split_name(name)
    if base not in analyses:
        return unknown(base, analyses)
    return narrowing.fault(expression)


def _uses(content: Any, place: Place, block: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield each analysis that a block makes, complete: itself, or those that it changes."""
    defaults = _block(content, "defaults")
    if place[0] == "analyses":
        yield {**defaults, **block}
    elif place[0] == "sensitivity":
        measures = content["sensitivity"][place[1]].get("for")
        for analysis in _block(content, "analyses").values():
            if _is_block(analysis) and analysis.get("measure") in (
                measures if isinstance(measures, list) else []
            ):
                yield {**defaults, **analysis, **block}


def _words(
    document: Document, place: Place, block: dict[str, Any], windows: dict[str, Any]
) -> Iterator[Fault]:
    words = vocabulary()
    lists: dict[str, list[str]] = {
        "populations": [*words.words("populations")],
        "treatments": [*words.words("treatments")],
        "comparators": [*words.words("comparator_classes")],
        "design_flags": [*words.words("design_flags")],
        "scales": [*words.words("scales")],
        "analysis_sets": [*words.words("analysis_sets"), "not stated"],
        "assumptions": [*words.words("assumptions")],
    }
    for key, known in lists.items():
        given = block.get(key)
        for i, word in enumerate(given if isinstance(given, list) else []):
            if isinstance(word, str) and word not in known:
                yield document.fault((*place, key, i), unknown(word, known))
    narrow = block.get("narrow")
    if isinstance(narrow, str) and (said := narrowing.fault(narrow)):
        yield document.fault((*place, "narrow"), said)
    window = block.get("window")
    if isinstance(window, str) and windows and window not in windows:
        yield document.fault((*place, "window"), unknown(window, list(windows)))


def _fit(
    document: Document, place: Place, block: dict[str, Any], complete: dict[str, Any]
) -> Iterator[Fault]:
    """Hold what a block says of an analysis against the rest of it."""
    measure, name, known = complete.get("measure"), complete.get("outcome"), vocabulary().outcomes
    if "outcome" in block and isinstance(name, str) and name not in known:
        yield document.fault((*place, "outcome"), unknown(name, list(known)))
    if not isinstance(measure, str) or measure not in MEASURES:
        return
    asked = MEASURES[measure]
    fits = [m.name for m in MEASURES.values() if block.get("pooling") in m.pooling]
    if fits and measure not in fits:
        message = (
            f"{block['pooling']} is for {' and '.join(fits)} alone, and the measure is {measure}"
        )
        yield document.fault((*place, "pooling"), message)
    if not isinstance(name, str) or name not in known:
        return
    kind, at = known[name].kind, (*place, "measure" if "measure" in block else "scales")
    if "measure" in block and (kind == EVENT) != asked.counts:
        a = "an" if kind == EVENT else "a"
        yield document.fault(at, f"{measure} does not fit {name}, which is {a} {kind}")
    scales = complete.get("scales")
    several = scales is None or (isinstance(scales, list) and len(scales) > 1)
    if asked.in_points and kind == "score" and several and {"measure", "scales"} & set(block):
        message = (
            f"{measure} needs one scale: points of different scales are not the same; or take SMD"
        )
        yield document.fault(at, message)


def unknown(word: str, known: list[str]) -> str:
    """Say that a word is not known, with its neighbour."""
    close = nearest(word[:80], known, 1)
    hint = f"did you mean {close[0]}?" if close else f"known: {', '.join(known)}"
    return f"unknown word {word[:80]}; {hint}"


def _is_block(value: Any) -> bool:
    return isinstance(value, dict)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _block(content: Any, key: str) -> dict[str, Any]:
    found = content.get(key) if isinstance(content, dict) else None
    return found if isinstance(found, dict) else {}
