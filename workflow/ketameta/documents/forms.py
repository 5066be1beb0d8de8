"""Forms of files, made of dataclasses: read by pydantic, told as JSON Schema.

A form is closed: a block has the keys that are named and no other.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Annotated, Any, NotRequired, TypeVar, get_args, get_origin

from typing_extensions import TypedDict, get_type_hints

if TYPE_CHECKING:
    from pydantic import TypeAdapter
    from pydantic_core import ErrorDetails

# what is called otherwise in a file than in a model, since Python has the word
ALIASES = {"start": "from", "end": "to"}
T = TypeVar("T")


def closed(kind: Any) -> Any:
    """Return a TypedDict that takes no other key, and no value of another type."""
    kind.__pydantic_config__ = {"strict": True, "extra": "forbid"}
    return kind


def block(name: str, must: Mapping[str, Any], may: Mapping[str, Any] | None = None) -> Any:
    """Return the type of a block with the keys that it must have and those that it may have."""
    optional = {key: NotRequired[kind] for key, kind in (may or {}).items()}
    return closed(TypedDict(name, {**must, **optional}))  # type: ignore[operator]


def keys_of(*models: type) -> dict[str, Any]:
    """Return the keys of dataclasses as a file has them, with the type of each."""
    hints = [get_type_hints(model, include_extras=True) for model in models]
    return {ALIASES.get(key, key): _plain(kind) for found in hints for key, kind in found.items()}


@cache
def block_of(model: type, *without: str) -> Any:
    """Return the block that a dataclass is read from; keys with a default may be left out."""
    keys = keys_of(model)
    own = [field for field in fields(model) if field.name not in without]
    may = {ALIASES.get(f.name, f.name) for f in own if f.default is not MISSING}
    must = [ALIASES.get(f.name, f.name) for f in own if f.default is MISSING]
    optional = {key: keys[key] for key in keys if key in may}
    return block(model.__name__, {key: keys[key] for key in must}, optional)


def _plain(kind: Any) -> Any:
    """Return what a file holds for a type: a block for a dataclass."""
    if is_dataclass(kind):
        return block_of(kind)  # type: ignore[arg-type]
    inner = get_args(kind)
    if get_origin(kind) is Annotated:
        return Annotated[(_plain(inner[0]), *inner[1:])]
    if get_origin(kind) is tuple:
        return tuple[_plain(inner[0]), ...]  # type: ignore[misc]
    return kind


def built(model: type[T], values: Mapping[str, Any], **more: Any) -> T:
    """Return a dataclass of the values of its block, and of what the block does not hold."""
    hints = get_type_hints(model)
    given = {field.name: ALIASES.get(field.name, field.name) for field in fields(model)}  # type: ignore[arg-type]
    made = {name: _made(hints[name], values[key]) for name, key in given.items() if key in values}
    return model(**made, **more)


def _made(kind: Any, value: Any) -> Any:
    if is_dataclass(kind):
        return built(kind, value)  # type: ignore[arg-type]
    if get_origin(kind) is tuple:
        return tuple(_made(get_args(kind)[0], item) for item in value)
    return value


@cache
def meanings(model: type) -> dict[str, str]:
    """Return what each key of a model means: the text below it."""
    (body,) = ast.parse(inspect.getsource(model)).body
    assert isinstance(body, ast.ClassDef)
    found = {
        ast.unparse(key.target): " ".join(str(ast.literal_eval(text.value)).split())
        for key, text in zip(body.body, body.body[1:], strict=False)
        if isinstance(key, ast.AnnAssign) and isinstance(text, ast.Expr)
    }
    return found | {key: found[name] for name, key in ALIASES.items() if name in found}


class Form:
    """What a file may hold: a TypedDict or a dict of blocks, and what the keys of blocks mean.

    `texts` gives the meanings by the name of the block, those of the whole file under an empty
    name. It is asked for a schema alone: whoever reads a file does not wait for it.
    """

    def __init__(
        self, title: str, kind: Any, texts: Callable[[], Mapping[str, Mapping[str, str]]]
    ) -> None:
        self.title = title
        self._kind = kind
        self._texts = texts

    @cached_property
    def _reader(self) -> TypeAdapter[Any]:
        from pydantic import TypeAdapter

        return TypeAdapter(self._kind)

    def read(self, values: Any) -> tuple[Any, list[ErrorDetails]]:
        """Return values with lists as tuples and numbers as floats, or what is wrong with them."""
        from pydantic import ValidationError

        try:
            return self._reader.validate_python(values), []
        except ValidationError as error:
            return None, error.errors(include_url=False, include_context=False)

    @cached_property
    def schema(self) -> dict[str, Any]:
        """The JSON Schema of the file; a key of several blocks is told in the first of them."""
        whole = self._reader.json_schema()
        blocks = whole.pop("$defs")
        _close(whole)
        first: dict[str, str] = {}
        for name, texts in self._texts().items():
            keys = (blocks[name] if name else whole)["properties"]
            for key in keys:
                keys[key] = said = {"description": texts[key], **keys[key]}
                said.pop("title", None)  # the key once more
                _close(said)
                here = f"#/$defs/{name}/properties/{key}"
                if (there := first.setdefault(f"{key} {said}", here)) != here:
                    keys[key] = {"$ref": there}
        draft = "https://json-schema.org/draft/2020-12/schema"
        return {"$schema": draft, **whole, "title": self.title, "$defs": blocks}

    def written(self, made_by: str) -> str:
        """Return the schema as the text of a file, with the command that makes it."""
        import yaml

        text = yaml.safe_dump(
            self.schema, sort_keys=False, allow_unicode=True, width=10_000, default_flow_style=None
        )
        return f"# made of the models by: {made_by}\n{text}"


def _close(said: dict[str, Any]) -> None:
    """Say of names of blocks that no other is allowed."""
    if "patternProperties" in said:
        said["additionalProperties"] = False
    if "$ref" in said and "minLength" in said:
        said["minProperties"] = said.pop("minLength")


def meanings_of(*models: type) -> dict[str, dict[str, str]]:
    """Return the meanings of the keys of dataclasses by the name of each."""
    return {model.__name__: meanings(model) for model in models}


def only(texts: Mapping[str, str], keys: Iterable[str]) -> dict[str, str]:
    """Return the meanings of some keys."""
    return {key: texts[key] for key in keys}
