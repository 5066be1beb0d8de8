"""The configuration: read, checked against its closed schema, defaults filled in.

After `load` nothing is optional: every key of an `Analysis` has a value, and a misspelt one has
stopped the run with the name of its neighbour.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields, replace
from functools import cache
from pathlib import Path
from typing import Any

from ketameta.configuration.document import DocumentError, Fault, read_document
from ketameta.configuration.faults import meaning_faults, schema_faults
from ketameta.configuration.summaries import Summary, summaries_of, summary_faults
from ketameta.measures import MEASURES
from ketameta.vocabulary import narrowing
from ketameta.vocabulary.narrowing import (
    FLAG,
    Narrow,
    canonical,
    combined,
    in_words,
    parse,
    slug,
    split_name,
    written,
)

CONFIG = Path("workflow/config/analyses.yaml")
SCHEMA = Path(__file__).with_name("schema.yaml")


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
    narrow: tuple[Narrow, ...] = ()

    @property
    def by_arm(self) -> bool:
        """True where the effect is of treated arms alone, without comparison."""
        return not MEASURES[self.measure].compares


@dataclass(frozen=True)
class Model:
    """The part of an analysis that decides how effects are pooled."""

    pooling: str
    tau2: str
    interval: str
    prediction: str
    level: float
    splits: tuple[str, ...]
    tau2_subgroups: str
    minimum_k: int


@dataclass(frozen=True)
class Thresholds:
    """The part of an analysis that rates its certainty (see schema.yaml for each key)."""

    worthwhile_ratio: float
    worthwhile_smd: float
    worthwhile_risk: float
    worthwhile_points: float
    bias_high: float
    bias_not_low: float
    i2_substantial: float
    i2_considerable: float
    spread_considerable: float
    mixed: float
    mixed_p: float
    heard_trials: float
    heard_people: float
    events: float
    people: float
    short: float
    scarce: float
    wide_ratio: float
    large_ratio: float
    large_smd: float
    asymmetry_p: float
    missing: float


@dataclass(frozen=True)
class Display:
    """The part of an analysis that only the report reads."""

    title: str
    question: str
    group: str
    headline: bool


@dataclass(frozen=True, slots=True)
class Front:
    """What stands above the front page."""

    title: str = "What the trials show"
    lead: str = (
        "Every number here is computed from the extraction tables, and leads back to the cells "
        "that it came from."
    )


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
    certainty: Thresholds

    @property
    def base(self) -> str:
        """The name of the whole analysis: its own, where nothing narrows it."""
        return split_name(self.name)[0]

    @property
    def narrow(self) -> tuple[Narrow, ...]:
        """What its name narrows it to; empty for a whole analysis."""
        expression = split_name(self.name)[1]
        return parse(expression) if expression else ()

    @property
    def slug(self) -> str:
        """Its name as files, addresses and identifiers have it."""
        return slug(self.name)

    def choices(self, marked: object) -> tuple[Variant, ...]:
        """Return the variants; one that leaves out rows with a flag only where any is `marked`."""

        def flags(question: Question) -> list[Narrow]:
            return [narrow for narrow in question.narrow if narrow.key == FLAG]

        return tuple(v for v in self.variants if marked or flags(v.select) == flags(self.select))

    def narrowed(self, expression: str) -> Analysis:
        """Return this analysis narrowed, with its variants.

        Raises `NarrowingError` for what it cannot be narrowed by.
        """
        narrow = parse(expression)

        @cache
        def less(question: Question) -> Question:
            return replace(question, narrow=combined(question.narrow, narrow))

        said = in_words(narrow)
        display = replace(
            self.display,
            title=f"{self.display.title}: {said}",
            question=f"{self.display.question.rstrip('?')} ({said})?",
            headline=False,
        )
        return replace(
            self,
            name=f"{self.name}@{written(narrow)}",
            select=less(self.select),
            display=display,
            variants=tuple(replace(v, select=less(v.select)) for v in self.variants),
        )


@dataclass(frozen=True)
class Configuration:
    """Every analysis, in the order of the file, and the tables that sum them up."""

    analyses: tuple[Analysis, ...]
    summaries: tuple[Summary, ...] = field(default=(), kw_only=True)
    front: Front = field(default=Front(), kw_only=True)

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

    @property
    def whole(self) -> list[Analysis]:
        """The analyses that nothing narrows, in order."""
        return [analysis for analysis in self.analyses if "@" not in analysis.name]

    def asked(self, names: Iterable[str | None]) -> Configuration:
        """Return these analyses with the narrowed ones of some names, each behind its whole one.

        Names that are no narrowing of an analysis here are left out: `ingest` has told of them.
        """
        more: dict[str, list[Analysis]] = {}
        known = set(self.names)
        for name in map(canonical, filter(None, names)):
            base, expression = split_name(name)
            if name in known or base not in known or not expression or narrowing.fault(expression):
                continue
            known.add(name)
            more.setdefault(base, []).append(self[base].narrowed(expression))
        if not more:
            return self
        found: list[Analysis] = []
        last = {analysis.base: analysis.name for analysis in self.analyses}
        for analysis in self.analyses:
            found.append(analysis)
            if last[analysis.base] == analysis.name:
                found += more.get(analysis.base, [])
        return replace(self, analyses=tuple(found))

    def digest(self, *parts: str) -> str:
        """Hash what the named parts (select, model, display, certainty) say, and nothing else.

        A rule takes this as a parameter: a comment or an unrelated key then reruns nothing.
        """

        def says(item: Analysis | Variant) -> dict[str, Any]:
            return {"name": item.name, **{p: getattr(item, p) for p in parts if hasattr(item, p)}}

        def cells(record: Any) -> dict[str, Any]:
            found = {field.name: getattr(record, field.name) for field in fields(record)}
            if isinstance(record, Window):
                del found["name"]  # what the hours are called changes nothing
            return found

        def differs(variant: Variant, analysis: Analysis) -> bool:
            own = [part for part in parts if hasattr(variant, part)]
            return any(getattr(variant, p) != getattr(analysis, p) for p in own)

        content = [
            says(a) | {"variants": [says(v) for v in a.variants if differs(v, a)]}
            for a in self.analyses
        ]
        if "display" in parts:
            content.append({"front": self.front, "summaries": self.summaries})
        text = json.dumps(content, sort_keys=True, ensure_ascii=False, default=cells)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def load(path: Path = CONFIG) -> Configuration:
    """Read and check a configuration file.

    Raises `ConfigurationError` that lists every fault, each as ``file:line: key: fault``.
    """
    name = escaped(path.as_posix())
    try:
        document = read_document(path)
    except DocumentError as error:
        place = f"{name}:{error.line}" if error.line else name
        raise ConfigurationError(f"{place}: {escaped(str(error))}") from None
    content = document.values
    if isinstance(content, dict):
        found = [*document.faults, *schema_faults(document, schema()), *meaning_faults(document)]
        found += summary_faults(document)
    else:
        found = [document.fault((), "must hold windows, defaults, sensitivity and analyses")]
    if faults := _distinct(found):
        lines = (f"{name}:{f.line}: {escaped(f'{f.place}: {f.message}')}" for f in faults)
        raise ConfigurationError("\n".join(lines))
    windows = {
        name: Window(name, float(w["target"]), float(w["from"]), float(w["to"]))
        for name, w in content["windows"].items()
    }
    summaries = summaries_of(content.get("summaries", []))
    whole = Configuration(
        tuple(
            _analysis(name, _over(content["defaults"], block), windows, content["sensitivity"])
            for name, block in content["analyses"].items()
        ),
        summaries=summaries,
        front=Front(**content.get("front", {})),
    )
    summed_up = [name for summary in summaries for name in summary.names]
    return whole.asked([*content.get("narrowed", []), *summed_up])


def escaped(text: str) -> str:
    """Write what a terminal would act on as escapes."""
    if text.isprintable():
        return text
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text
    )


def _distinct(faults: list[Fault]) -> list[Fault]:
    """Return the faults in the order of lines; what aliases repeat is told once."""
    first: dict[tuple[int, str], Fault] = {}
    for fault in sorted(faults):
        first.setdefault((fault.line, fault.message), fault)
    return list(first.values())


def _over(defaults: dict[str, Any], block: dict[str, Any]) -> dict[str, Any]:
    """Return a block over the defaults; of the thresholds too it gives only those that differ."""
    both = {**defaults, **block}
    return both | {"certainty": {**defaults["certainty"], **both["certainty"]}}


def _analysis(
    name: str, block: dict[str, Any], windows: dict[str, Window], sensitivity: dict[str, Any]
) -> Analysis:
    """Build an analysis and, of the sensitivity choices for its measure, those that differ.

    A choice that narrows lets in less of what the analysis lets in.
    """
    select, model, display = _parts(block, windows)
    variants = []
    for label, choice in sensitivity.items():
        if block["measure"] in choice["for"]:
            other, its_model, _ = _parts({**block, **choice["change"]}, windows)
            if "narrow" in choice["change"]:
                other = replace(other, narrow=combined(select.narrow, other.narrow))
            if (other, its_model) != (select, model):
                variants.append(Variant(label, other, its_model))
    thresholds = Thresholds(**{key: float(value) for key, value in block["certainty"].items()})
    return Analysis(name, select, model, display, tuple(variants), thresholds)


def _parts(block: dict[str, Any], windows: dict[str, Window]) -> tuple[Question, Model, Display]:
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in block.items()}
    values["window"] = windows[values["window"]] if values["window"] else None
    values["strata"] = values["strata"] or ()
    values["narrow"] = parse(values["narrow"]) if values.get("narrow") else ()
    # 1 and 1.0 are one number: they must have one digest
    values |= {key: float(values[key]) for key in ("correlation", "level")}

    def part(kind: type) -> Any:
        return kind(**{key.name: values[key.name] for key in fields(kind)})

    return part(Question), part(Model), part(Display)


def schema() -> dict[str, Any]:
    """Return the JSON Schema of the configuration, with the keys of the defaults required."""
    result: dict[str, Any] = read_document(SCHEMA).values
    kinds = result["$defs"]
    for name in ("choices", "all_thresholds"):
        kinds[name] = {**kinds[name], "required": list(kinds[name]["properties"])}
    return result
