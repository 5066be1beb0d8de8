"""A YAML file -> plain values, each with its line; only what a person writes on purpose is read.

YAML has traps: `no` is false, `010` is 8, `12:30` is 750, `.nan` is a number, the second of two
equal keys wins, aliases can multiply a line into gigabytes, tags can run code. Here words are
words, numbers are decimal, and the rest is a fault with its line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

MAX_BYTES = 1_000_000
MAX_DEPTH = 30
MAX_VALUES = 50_000

Place = tuple[str | int, ...]

_TAG = "tag:yaml.org,2002:"
_PLAIN = {
    "null": re.compile(r"null|Null|NULL|~|"),
    "bool": re.compile(r"true|True|TRUE|false|False|FALSE"),
    "int": re.compile(r"[-+]?(0|[1-9][0-9]{0,14})"),
    "float": re.compile(
        r"[-+]?((0|[1-9][0-9]{0,14})\.[0-9]*|\.[0-9]+|(0|[1-9][0-9]{0,14})(?=[eE]))"
        r"([eE][-+]?[0-9]{1,2})?"
    ),
    "merge": re.compile("<<"),
}
_DIGITS = "-+0123456789"
# what each of them can begin with: most words are told from them by their first character
_FIRST = {"null": ["", *"nN~"], "bool": [*"tTfF"], "int": [*_DIGITS], "float": [*_DIGITS, "."]}


class DocumentError(ValueError):
    """A file without values: not there, not text, not YAML."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True, order=True)
class Fault:
    """What is wrong at a line of the file, and at which key."""

    line: int
    place: str
    message: str


@dataclass
class Document:
    """The values of a file, the line of each place in them, and faults of form.

    ``lost`` are places whose value could not be taken: what is said of them is said already.
    """

    values: Any
    lines: dict[Place, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    lost: set[Place] = field(default_factory=set)

    def fault(self, place: Place, message: str, key: str | None = None) -> Fault:
        """Return a fault at a place, or at a key there, with the nearest line that is known."""
        known = place if key is None else (*place, key)
        while known and known not in self.lines:
            known = known[:-1]
        return Fault(self.lines.get(known, 1), ".".join(map(str, place)) or "top level", message)

    def knows(self, place: Place) -> bool:
        """Say whether a place, and all it stands in, has the value that was written."""
        return not any(place[:i] in self.lost for i in range(len(place) + 1))


def read_document(path: Path) -> Document:
    """Read a YAML file. Raises `DocumentError` where there is nothing to read on from."""
    import yaml

    text = _text(path)
    try:
        _refuse_depth(text)
        node = yaml.compose(text, Loader=_loader())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 0
        raise DocumentError(_said(error, text, line), line) from None
    except yaml.YAMLError as error:
        raise DocumentError(f"not readable as YAML: {error}".replace("\n", " ")) from None
    if node is None:
        raise DocumentError("is empty")
    return _Builder().document(node)


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise DocumentError(f"cannot be read: {getattr(error, 'strerror', error)}") from None
    if len(content) > MAX_BYTES:
        raise DocumentError(f"holds more than {MAX_BYTES:,} bytes")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        byte = content[error.start]
        raise DocumentError(f"byte 0x{byte:02x} is not UTF-8; save it as UTF-8", line) from None


def _said(error: Any, text: str, line: int) -> str:
    problem = error.problem or error.context or "no reason given"
    if re.match(r"[ \t]*\t", "".join(text.splitlines()[line - 1 : line])):
        problem += "; indent with spaces, not tabs"
    return f"not readable as YAML: {problem}"


@cache
def _loader() -> Any:
    """Return a loader that knows few kinds of plain values; everything else is text."""
    import yaml

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        """Composes nodes; values are built by `_Builder`."""

        yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - as the base class has it

    for name, pattern in _PLAIN.items():
        whole = re.compile(f"(?:{pattern.pattern})$")
        Loader.add_implicit_resolver(_TAG + name, whole, _FIRST.get(name, ["<"]))
    return Loader


def _refuse_depth(text: str) -> None:
    """Stop before the composer does: it calls itself once a level."""
    import yaml

    depth = 0
    for event in yaml.parse(text, Loader=_loader()):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                line = event.start_mark.line + 1 if event.start_mark else 0
                raise DocumentError(f"is nested more than {MAX_DEPTH} levels deep", line)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


class _Builder:
    """Nodes -> values; collects every fault of form on the way."""

    def __init__(self) -> None:
        self.lines: dict[Place, int] = {}
        self.faults: set[Fault] = set()
        self.lost: set[Place] = set()
        self.count = 0

    def document(self, node: Any) -> Document:
        values = self.value(node, (), ())
        return Document(values, self.lines, sorted(self.faults), self.lost)

    def fault(self, node: Any, place: Place, message: str) -> None:
        where = ".".join(map(str, place)) or "top level"
        self.faults.add(Fault(node.start_mark.line + 1, where, message))

    def lose(self, node: Any, place: Place, message: str) -> None:
        self.lost.add(place)
        self.fault(node, place, message)

    def value(self, node: Any, place: Place, above: tuple[int, ...]) -> Any:
        line = node.start_mark.line + 1
        self.count += 1
        if self.count > MAX_VALUES:
            raise DocumentError(f"its aliases make more than {MAX_VALUES:,} values", line)
        self.lines.setdefault(place, line)
        if id(node) in above:
            self.lose(node, place, "an alias refers to what it stands in")
            return None
        above = (*above, id(node))
        kind = node.tag.removeprefix(_TAG)
        if kind == "seq" and isinstance(node.value, list):
            return [self.value(item, (*place, i), above) for i, item in enumerate(node.value)]
        if kind == "map" and isinstance(node.value, list):
            return self.mapping(node, place, above)
        if kind in ("str", *_PLAIN) and isinstance(node.value, str):
            return self.scalar(node, kind, place)
        self.lose(node, place, f"the tag {node.tag.replace(_TAG, '!!')} is not allowed")
        return None

    def scalar(self, node: Any, kind: str, place: Place) -> Any:
        text = node.value
        if kind in ("str", "merge"):
            if not text.replace("\n", "").isprintable():
                self.fault(node, place, f"{text!r:.60} holds a control character")
            return text
        if not _PLAIN[kind].fullmatch(text):
            self.lose(node, place, f"{text!r} is no {kind}")
            return None
        if kind == "null":
            return None
        return (
            text.lower() == "true" if kind == "bool" else {"int": int, "float": float}[kind](text)
        )

    def mapping(self, node: Any, place: Place, above: tuple[int, ...]) -> dict[str, Any]:
        """Build a mapping; keys of its own come before those that are merged in."""
        own: dict[str, Any] = {}
        merged: list[Any] = []
        for key, value in node.value:
            if key.tag == _TAG + "merge":
                merged += value.value if value.tag == _TAG + "seq" else [value]
            elif key.tag != _TAG + "str":
                name = f"{key.value!r:.40}" if isinstance(key.value, str) else "a list or block"
                self.fault(key, place, f"the key {name} is not text; put it in quotes")
            elif not key.value.isprintable():
                self.fault(key, place, f"the key {key.value!r:.60} holds a control character")
            elif key.value in own:
                where = self.lines[(*place, key.value)]
                self.fault(key, place, f"key {key.value} is given twice, first on line {where}")
            else:
                self.lines.setdefault((*place, key.value), key.start_mark.line + 1)
                own[key.value] = self.value(value, (*place, key.value), above)
        for other in merged:
            if not isinstance(other.value, list) or other.tag != _TAG + "map":
                self.lose(other, place, "<< merges a block of keys, not a value")
                continue
            for name, item in (self.value(other, place, above) or {}).items():
                own.setdefault(name, item)
        return own
