"""The configuration: read, checked against its closed schema, defaults filled in.

After `load` nothing is optional: every key of an `Analysis` has a value, and a misspelt one has
stopped the run with the name of its neighbour.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from ketameta.vocabulary import nearest, vocabulary

CONFIG = Path("workflow/config/analyses.yaml")
SCHEMA = Path(__file__).resolve().parents[1] / "config" / "schema.yaml"
ARM_MEASURES = ("PLO", "PCTRED")
EVENT_MEASURES = ("RR", "OR", "RD", "PLO")
LOG_MEASURES = ("RR", "OR")


class ConfigurationError(ValueError):
    """A fault in the configuration; the message lists every one, a line each."""


@dataclass(frozen=True)
class Window:
    """Hours from the first dose: `start` to `end`, aiming at `target`."""

    name: str
    target: float
    start: float
    end: float

    def __contains__(self, hour: float | None) -> bool:
        """Say whether the hour lies in the window, ends included."""
        return hour is not None and self.start <= hour <= self.end


@dataclass(frozen=True)
class Question:
    """The part of an analysis that decides which numbers enter (see schema.yaml for each key)."""

    outcome: str
    measure: str
    populations: tuple[str, ...]
    treatments: tuple[str, ...]
    comparators: tuple[str, ...]
    window: Window | None
    scales: tuple[str, ...] | None
    definitions: tuple[str, ...] | None
    strata: tuple[str, ...]
    design_flags: tuple[str, ...]
    analysis_sets: tuple[str, ...]
    basis: tuple[str, ...]
    sources: tuple[str, ...]
    arms: str
    assumptions: tuple[str, ...]
    correlation: float

    @property
    def by_arm(self) -> bool:
        """True where the effect is of treated arms alone, without comparison."""
        return self.measure in ARM_MEASURES


@dataclass(frozen=True)
class Model:
    """The part of an analysis that decides how effects are pooled."""

    pooling: str
    tau2: str
    interval: str
    prediction: str
    level: float
    subgroup: str | None
    minimum_k: int


@dataclass(frozen=True)
class Display:
    """The part of an analysis that only the report reads."""

    title: str
    question: str
    group: str
    headline: bool


@dataclass(frozen=True)
class Variant:
    """Another defensible choice for an analysis: what differs is in `select` or `model`."""

    name: str
    select: Question
    model: Model


@dataclass(frozen=True)
class Analysis:
    """One analysis, complete, with the variants of its sensitivity analysis."""

    name: str
    select: Question
    model: Model
    display: Display
    variants: tuple[Variant, ...]


@dataclass(frozen=True)
class Configuration:
    """Every analysis, in the order of the file."""

    analyses: tuple[Analysis, ...]

    def __iter__(self) -> Iterator[Analysis]:
        """Go through the analyses in order."""
        return iter(self.analyses)

    def __getitem__(self, name: str) -> Analysis:
        """Return the analysis of that name."""
        for analysis in self.analyses:
            if analysis.name == name:
                return analysis
        raise KeyError(name)

    @property
    def names(self) -> list[str]:
        """The names in order."""
        return [analysis.name for analysis in self.analyses]

    def digest(self, *parts: str) -> str:
        """Hash what the named parts (select, model, display) say, and nothing else.

        A rule takes this as a parameter: a comment or an unrelated key then reruns nothing.
        """

        def says(item: Analysis | Variant) -> dict[str, Any]:
            chosen = {p: asdict(getattr(item, p)) for p in parts if hasattr(item, p)}
            return {"name": item.name, **chosen}

        def differs(variant: Variant, analysis: Analysis) -> bool:
            own = [part for part in parts if hasattr(variant, part)]
            return any(getattr(variant, p) != getattr(analysis, p) for p in own)

        content = [
            says(a) | {"variants": [says(v) for v in a.variants if differs(v, a)]}
            for a in self.analyses
        ]
        text = json.dumps(content, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def load(path: Path = CONFIG) -> Configuration:
    """Read and check a configuration file.

    Raises `ConfigurationError` that lists every fault.
    """
    content = _read(path)
    faults = _schema_faults(content)
    if not faults:
        faults = _meaning_faults(content)
    if faults:
        raise ConfigurationError("\n".join(f"{path.as_posix()}: {fault}" for fault in faults))
    windows = {
        name: Window(name, w["target"], w["from"], w["to"])
        for name, w in content["windows"].items()
    }
    return Configuration(
        tuple(
            _analysis(name, {**content["defaults"], **block}, windows, content["sensitivity"])
            for name, block in content["analyses"].items()
        )
    )


def _analysis(
    name: str, block: dict[str, Any], windows: dict[str, Window], sensitivity: dict[str, Any]
) -> Analysis:
    """Build an analysis and, of the sensitivity choices for its measure, those that differ."""
    select, model, display = _parts(block, windows)
    variants = []
    for label, choice in sensitivity.items():
        if block["measure"] in choice["for"]:
            other = _parts({**block, **choice["change"]}, windows)
            if other[:2] != (select, model):
                variants.append(Variant(label, *other[:2]))
    return Analysis(name, select, model, display, tuple(variants))


def _parts(block: dict[str, Any], windows: dict[str, Window]) -> tuple[Question, Model, Display]:
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in block.items()}
    values["window"] = windows[values["window"]] if values["window"] else None
    values["strata"] = values["strata"] or ()

    def part(kind: type) -> Any:
        return kind(**{field.name: values[field.name] for field in fields(kind)})

    return part(Question), part(Model), part(Display)


def _read(path: Path) -> dict[str, Any]:
    import yaml

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        """A safe loader that refuses a key given twice."""

    def mapping(loader: Any, node: Any) -> dict[Any, Any]:
        keys = [k.value for k, _ in node.value if k.tag != "tag:yaml.org,2002:merge"]
        for key in keys:
            if keys.count(key) > 1:
                line = node.start_mark.line + 1
                raise ConfigurationError(f"{path.as_posix()}:{line}: key {key} is given twice")
        loader.flatten_mapping(node)
        return dict(loader.construct_pairs(node, deep=True))

    Loader.add_constructor("tag:yaml.org,2002:map", mapping)
    try:
        with path.open(encoding="utf-8") as file:
            content = yaml.load(file, Loader=Loader)
    except OSError as error:
        raise ConfigurationError(f"{path.as_posix()}: {error.strerror}") from None
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{path.as_posix()}: not readable as YAML: {error}") from None
    if not isinstance(content, dict):
        raise ConfigurationError(f"{path.as_posix()}: must hold windows, defaults and analyses")
    return content


def schema() -> dict[str, Any]:
    """Return the JSON Schema of the configuration, with the keys of the defaults required."""
    result = _read(SCHEMA)
    result["$defs"]["choices"]["required"] = list(result["$defs"]["choices"]["properties"])
    return result


def _schema_faults(content: dict[str, Any]) -> list[str]:
    from jsonschema import Draft202012Validator

    faults = []
    errors = Draft202012Validator(schema()).iter_errors(content)
    for error in sorted(errors, key=lambda e: [str(p) for p in e.absolute_path]):
        place = ".".join(str(p) for p in error.absolute_path) or "top level"
        if error.validator == "additionalProperties" and isinstance(error.instance, dict):
            known = list(error.schema["properties"])
            for key in [k for k in error.instance if k not in known]:
                close = nearest(str(key), known)
                hint = f"; did you mean {close[0]}?" if close else f"; known: {', '.join(known)}"
                faults.append(f"{place}: unknown key {key}{hint}")
        elif error.validator == "enum" and isinstance(error.instance, str):
            known = [str(word) for word in error.validator_value if word is not None]
            close = nearest(error.instance, known)
            hint = f"; did you mean {close[0]}?" if close else f"; allowed: {', '.join(known)}"
            faults.append(f"{place}: unknown word {error.instance}{hint}")
        else:
            faults.append(f"{place}: {error.message}")
    return faults


def _meaning_faults(content: dict[str, Any]) -> list[str]:
    """Check words against the vocabulary and keys against each other."""
    words = vocabulary()
    sets = {**words.words("analysis_sets"), "not stated": ""}
    lists = {
        "populations": words.words("populations"),
        "treatments": words.words("treatments"),
        "comparators": words.words("comparator_classes"),
        "design_flags": words.words("design_flags"),
        "scales": words.words("scales"),
        "analysis_sets": sets,
        "assumptions": words.words("assumptions"),
    }
    faults = []
    for name, window in content["windows"].items():
        if not window["from"] <= window["target"] <= window["to"]:
            faults.append(f"windows.{name}: the target lies outside from and to")
    changes = {f"sensitivity.{n}.change": s["change"] for n, s in content["sensitivity"].items()}
    analyses = {f"analyses.{name}": block for name, block in content["analyses"].items()}
    for place, block in {"defaults": content["defaults"], **analyses, **changes}.items():
        for key, known in lists.items():
            for word in block.get(key) or ():
                faults += _unknown(f"{place}.{key}", word, known)
        if block.get("window"):
            faults += _unknown(f"{place}.window", block["window"], content["windows"])
    for name, block in content["analyses"].items():
        place = f"analyses.{name}"
        faults += _unknown(f"{place}.outcome", block["outcome"], words.outcomes)
        outcome = words.outcomes.get(block["outcome"])
        if outcome and (outcome.kind == "event") != (block["measure"] in EVENT_MEASURES):
            faults.append(
                f"{place}.measure: {block['measure']} does not fit {outcome.name}, "
                f"which is a{'n' if outcome.kind == 'event' else ''} {outcome.kind}"
            )
    return faults


def _unknown(place: str, word: str, known: dict[str, Any]) -> list[str]:
    if word in known:
        return []
    close = nearest(word, list(known))
    hint = f"; did you mean {close[0]}?" if close else f"; known: {', '.join(known)}"
    return [f"{place}: unknown word {word}{hint}"]
