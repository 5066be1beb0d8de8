"""The blocks of the file, made of the keys of `models`: read by pydantic, told as JSON Schema.

The configuration is closed: a block has the keys that are named here and no other.
"""

from __future__ import annotations

import ast
import inspect
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NotRequired, get_type_hints

from annotated_types import MinLen
from typing_extensions import TypedDict

from ketameta.configuration.models import (
    Display,
    Front,
    Listed,
    Measure,
    Model,
    Named,
    Question,
    SomeWords,
    Summary,
    Thresholds,
    Window,
    Words,
)

if TYPE_CHECKING:
    from pydantic import TypeAdapter
    from pydantic_core import ErrorDetails

SCHEMA = Path(__file__).with_name("schema.yaml")
# what is called otherwise in the file than in a model
_ALIASES = {"from": "start", "to": "end"}


def _keys(*models: type) -> dict[str, Any]:
    hints = [get_type_hints(model, include_extras=True) for model in models]
    return {key: kind for found in hints for key, kind in found.items()}


def _closed(block: Any) -> Any:
    block.__pydantic_config__ = {"strict": True, "extra": "forbid"}
    return block


def _block(name: str, must: dict[str, Any], may: dict[str, Any] | None = None) -> Any:
    """Return the type of a block with the keys that it must have and those that it may have."""
    optional = {key: NotRequired[kind] for key, kind in (may or {}).items()}
    return _closed(TypedDict(name, must | optional))  # type: ignore[operator]


if TYPE_CHECKING:
    Hours = dict[str, Any]
    Defaults = dict[str, Any]
    Block = dict[str, Any]
    Choice = dict[str, Any]
    Heading = dict[str, Any]
    Comparison = dict[str, Any]
else:
    _hours, _summary, _rated = _keys(Window), _keys(Summary), _keys(Thresholds)
    _every = _keys(Question, Model, Display) | {
        "window": str | None,  # by its name
        "strata": SomeWords | None,
        "narrow": str | None,  # as it is written
    }
    _own = {key: _every.pop(key) for key in ("title", "question", "group", "outcome", "measure")}
    _other = Annotated[_block("OtherThresholds", {}, _rated), MinLen(1)]
    _change = Annotated[_block("Change", {}, {"measure": Measure, **_every}), MinLen(1)]
    _measures = Annotated[tuple[Measure, ...], MinLen(1), Listed()]
    Hours = _block("Hours", {key: _hours[_ALIASES.get(key, key)] for key in ("target", *_ALIASES)})
    Defaults = _block("Defaults", {"certainty": _block("Thresholds", _rated), **_every})
    Block = _block("Analysis", _own, {"certainty": _other, **_every})
    Choice = _block("Choice", {"for": _measures, "change": _change})
    Heading = _block("Front", _keys(Front))
    _narrow = {"narrow": _summary.pop("narrow")}
    Comparison = _block("Summary", _summary, _narrow)


@_closed
class File(TypedDict):
    """The whole file."""

    windows: dict[Annotated[str, Named(r"^[A-Za-z0-9][A-Za-z0-9 .+-]{0,39}$")], Hours]
    """Named spans of time after the first dose."""
    defaults: Defaults
    """What an analysis uses where its own block is silent. Every key must be given."""
    analyses: Annotated[dict[Annotated[str, Named(r"^[a-z][a-z0-9_]{0,59}$")], Block], MinLen(1)]
    """One block an analysis; the name on the left names its page and files."""
    narrowed: NotRequired[Words]
    """Analyses asked of fewer trials, as name@key=word&key=word (see the README); those that
    claims.csv names need not stand here."""
    sensitivity: dict[Annotated[str, Named(r"^[A-Za-z0-9][^\n<>&]{1,79}$")], Choice]
    """Other defensible choices, one block each; every analysis of a measure that is named is
    pooled once more under it."""
    front: NotRequired[Heading]
    """What stands above the front page."""
    summaries: NotRequired[list[Comparison]]
    """Tables of summary of findings, one comparison each."""


@cache
def _reader() -> TypeAdapter[File]:
    from pydantic import TypeAdapter

    return TypeAdapter(File)


def read(values: Any) -> tuple[File | None, list[ErrorDetails]]:
    """Return the values of the file, lists as tuples and hours as floats, or what is wrong."""
    from pydantic import ValidationError

    try:
        return _reader().validate_python(values), []
    except ValidationError as error:
        return None, error.errors(include_url=False, include_context=False)


@cache
def meanings(model: type) -> dict[str, str]:
    """Return what each key of a model means: the text below it."""
    (body,) = ast.parse(inspect.getsource(model)).body
    assert isinstance(body, ast.ClassDef)
    return {
        ast.unparse(key.target): " ".join(str(ast.literal_eval(text.value)).split())
        for key, text in zip(body.body, body.body[1:], strict=False)
        if isinstance(key, ast.AnnAssign) and isinstance(text, ast.Expr)
    }


def _texts() -> dict[str, dict[str, str]]:
    """Return what the keys of each block mean."""
    limits = {"certainty": "Thresholds by which certainty is rated; only the report reads them."}
    every = {**limits, **meanings(Question), **meanings(Model), **meanings(Display)}
    hours = meanings(Window)
    chosen = {"for": "Measures whose analyses it applies to.", "change": "What it changes of them."}
    return {
        "": meanings(File),
        **dict.fromkeys(("Defaults", "Analysis", "Change"), every),
        **dict.fromkeys(("Thresholds", "OtherThresholds"), meanings(Thresholds)),
        "Hours": hours | {key: hours[name] for key, name in _ALIASES.items()},
        "Choice": chosen,
        "Front": meanings(Front),
        "Summary": meanings(Summary),
    }


@cache
def schema() -> dict[str, Any]:
    """Return the JSON Schema of the file; a key of several blocks is told in the first of them."""
    whole = _reader().json_schema()
    blocks = whole.pop("$defs")
    first: dict[str, str] = {}
    for name, texts in _texts().items():
        keys = (blocks[name] if name else whole)["properties"]
        for key in keys:
            keys[key] = said = {"description": texts[key], **keys[key]}
            said.pop("title", None)  # the key once more
            if "patternProperties" in said:
                said["additionalProperties"] = False
            if "$ref" in said and "minLength" in said:
                said["minProperties"] = said.pop("minLength")
            here = f"#/$defs/{name}/properties/{key}"
            if (there := first.setdefault(f"{key} {said}", here)) != here:
                keys[key] = {"$ref": there}
    draft = "https://json-schema.org/draft/2020-12/schema"
    return {"$schema": draft, **whole, "title": "The analyses that are asked for", "$defs": blocks}


def written() -> str:
    """Return the text of schema.yaml."""
    import yaml

    text = yaml.safe_dump(
        schema(), sort_keys=False, allow_unicode=True, width=10_000, default_flow_style=None
    )
    return f"# made of models.py and blocks.py by: python -m {__package__}\n{text}"
