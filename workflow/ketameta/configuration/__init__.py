"""The configuration: read, checked against its closed schema, defaults filled in.

After `load` nothing is optional: every key of an `Analysis` has a value, and a misspelt one has
stopped the run with the name of its neighbour.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from ketameta.configuration.blocks import read, schema
from ketameta.configuration.document import DocumentError, Fault, read_document
from ketameta.configuration.faults import form_faults, meaning_faults
from ketameta.configuration.models import (
    FRONT,
    Display,
    Front,
    Model,
    Question,
    Summary,
    Thresholds,
    Window,
)
from ketameta.project import CONFIG
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

__all__ = [
    "CONFIG",
    "Analysis",
    "Configuration",
    "ConfigurationError",
    "Display",
    "Front",
    "Model",
    "Question",
    "Summary",
    "Thresholds",
    "Variant",
    "Window",
    "escaped",
    "load",
    "schema",
]


T = TypeVar("T", Question, Model, Display)


class ConfigurationError(ValueError):
    """A fault in the configuration; the message lists every one, a line each."""


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
    front: Front = field(default=FRONT, kw_only=True)

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

        def cells(record: Any) -> dict[str, Any]:
            found = dict(vars(record))
            if isinstance(record, Window):
                del found["name"]  # what the hours are called changes nothing
            return found

        def changed(variant: Variant, analysis: Analysis) -> dict[str, Any]:
            own = {p: (getattr(variant, p), getattr(analysis, p)) for p in ("select", "model")}
            return {
                f"{part}.{key}": value
                for part, (here, there) in own.items()
                if part in parts and here != there
                for key, value in vars(here).items()
                if value != getattr(there, key)
            }

        content: list[dict[str, Any]] = [
            {"name": a.name, **{part: getattr(a, part) for part in parts}}
            | {"variants": [[v.name, said] for v in a.variants if (said := changed(v, a))]}
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
    content, errors = read(document.values)
    if isinstance(document.values, dict):
        found = [*document.faults, *meaning_faults(document)]
        if errors:
            found += form_faults(document, errors, schema())
    else:
        found = [document.fault((), "must hold windows, defaults, sensitivity and analyses")]
    if faults := _distinct(found):
        lines = (f"{name}:{f.line}: {escaped(f'{f.place}: {f.message}')}" for f in faults)
        raise ConfigurationError("\n".join(lines))
    assert content is not None  # what pydantic finds is a fault
    windows = {
        name: Window(name, hours["target"], hours["from"], hours["to"])
        for name, hours in content["windows"].items()
    }
    summaries = tuple(Summary(**block) for block in content.get("summaries", ()))
    whole = Configuration(
        tuple(
            _analysis(name, _over(content["defaults"], block), windows, content["sensitivity"])
            for name, block in content["analyses"].items()
        ),
        summaries=summaries,
        front=Front(**content["front"]) if "front" in content else FRONT,
    )
    summed_up = [name for summary in summaries for name in summary.names]
    return whole.asked([*content.get("narrowed", ()), *summed_up])


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
    select, model = _question(block, windows), _part(Model, block)
    variants = []
    for label, choice in sensitivity.items():
        if block["measure"] in choice["for"]:
            changed = block | choice["change"]
            asks = not Question.__dataclass_fields__.keys().isdisjoint(choice["change"])
            other = _question(changed, windows) if asks else select
            its_model = _part(Model, changed)
            if "narrow" in choice["change"]:
                other = replace(other, narrow=combined(select.narrow, other.narrow))
            if (other, its_model) != (select, model):
                variants.append(Variant(label, other, its_model))
    display, thresholds = _part(Display, block), Thresholds(**block["certainty"])
    return Analysis(name, select, model, display, tuple(variants), thresholds)


def _question(block: dict[str, Any], windows: dict[str, Window]) -> Question:
    read = {
        "window": windows[block["window"]] if block["window"] else None,
        "strata": block["strata"] or (),
        "narrow": parse(block["narrow"]) if block["narrow"] else (),
    }
    return _part(Question, block | read)


def _part(kind: type[T], block: dict[str, Any]) -> T:
    """Build the part of an analysis that has some of the keys of a block."""
    return kind(**{name: block[name] for name in kind.__dataclass_fields__})
