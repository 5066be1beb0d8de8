"""What is wrong with the form of a file, worded for the person who wrote it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher
from functools import reduce
from typing import Any

from ketameta.documents.document import Document, Fault, Place
from ketameta.documents.near import meant, nearest, unknown

# what pydantic puts last in the place of a fault of a name
KEY = "[key]"
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
    found = list(errors)
    spoilt = {error["loc"][:end] for error in found for end in range(len(error["loc"]))}
    for error in found:
        # what has words at fault is not too short besides
        if error["type"] == "too_short" and error["input"] and error["loc"] in spoilt:
            continue
        for place, message, *key in _worded(error, document.values, schema):
            if document.knows(place):
                yield document.fault(place, message, *key)


def _worded(error: Any, values: Any, schema: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Yield place, message and, where the key is at fault, the key."""
    place: Place = tuple(error["loc"])
    rule, value = error["type"], error["input"]
    if place[-1:] == (KEY,):
        yield place[:-2], f"the name {_shown(value)} is not allowed: {error['msg']}", value
    elif rule == "written":
        yield place, f"needs {error['msg']}, not {_shown(value)}"
    elif rule == "said":
        yield place, error["msg"]
    elif rule in ("extra_forbidden", "missing"):
        *above, key = place
        worded = _unknown_key if rule == "extra_forbidden" else _missing_key
        block = reduce(lambda block, step: block[step], above, values)
        if message := worded(str(key), block, _described(schema, above)):
            yield tuple(above), message, *([key] if rule == "extra_forbidden" else [])
    else:
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
        least, most = node.get("minItems", node.get("minProperties")), node.get("maxItems")
        bound = f"at least {least}" if rule == "too_short" else f"at most {most}"
        return f"holds {len(value)}; {bound}" if value else "is empty"
    if rule in ("string_too_short", "string_too_long"):
        return f"needs {node['minLength']} to {node['maxLength']} characters; has {len(value)}"
    if rule.startswith(("greater_than", "less_than")):
        return _out_of_range(value, node)
    needs = " or ".join(_TYPES[kind["type"]] for kind in kinds)
    return f"needs {needs}, not {_shown(value)}"


# keys of older versions, and what took their place
_REPLACED = {
    "subgroup": "splits took its place, with a list of words",
    "sensitivity": "its choices stand in multiverse.yaml, under the key choices",
    "front": "title and lead stand in review.yaml",
}


def _unknown_key(key: str, block: dict[str, Any], node: dict[str, Any]) -> str:
    known = list(node["properties"])
    absent = [name for name in known if name not in block]
    close = nearest(key[:80], absent, 1) or nearest(key[:80], known, 1)
    hint = _REPLACED.get(key) or meant(close, known)
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
