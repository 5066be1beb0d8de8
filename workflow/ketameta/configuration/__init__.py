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

from ketameta.configuration.blocks import FORMS
from ketameta.configuration.courses import About, Course, Curve
from ketameta.configuration.faults import choice_faults, meaning_faults, words_read_as_others
from ketameta.configuration.models import (
    Display,
    Grid,
    Model,
    Question,
    Summary,
    Thresholds,
    Window,
)
from ketameta.configuration.networks import Joint, Network, Node
from ketameta.configuration.review import FILE as REVIEW
from ketameta.configuration.review import NEUTRAL, Review, read_review
from ketameta.documents.files import ConfigurationError, ReadFile, read_file, refuse
from ketameta.documents.near import escaped
from ketameta.moderators import APART, DOSE
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
    "FILES",
    "Analysis",
    "Configuration",
    "ConfigurationError",
    "Course",
    "Display",
    "Model",
    "Network",
    "Question",
    "Review",
    "Summary",
    "Thresholds",
    "Variant",
    "Window",
    "escaped",
    "load",
]

MULTIVERSE = "multiverse.yaml"
# what is asked, and how
FILES = (CONFIG, CONFIG.with_name(MULTIVERSE))

T = TypeVar("T", Question, Model, Display, Curve, Joint, About)


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
    grid: Grid | None = None

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
    def worthwhile(self) -> tuple[float, ...]:
        """The thresholds of what is worth having, all of certainty that a synthesis reads."""
        told = self.certainty
        return (
            told.worthwhile_ratio,
            told.worthwhile_smd,
            told.worthwhile_risk,
            told.worthwhile_points,
        )

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
    """Every analysis, in the order of the file, time courses, networks, and tables that sum up."""

    analyses: tuple[Analysis, ...]
    courses: tuple[Course, ...] = field(default=(), kw_only=True)
    networks: tuple[Network, ...] = field(default=(), kw_only=True)
    summaries: tuple[Summary, ...] = field(default=(), kw_only=True)
    review: Review = field(default=NEUTRAL, kw_only=True)
    # words of the files that are read as others, each as ``file:line: key: word is read as ...``
    read_as: tuple[str, ...] = field(default=(), kw_only=True)

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
        of_course = {
            "select": ("select",),
            "model": ("curve", "level"),
            "display": ("display",),
            "certainty": ("certainty",),
        }
        for course in self.courses:
            own = [key for part in parts for key in of_course.get(part, ())]
            content.append({"course": course.name, **{key: getattr(course, key) for key in own}})
        of_network = {
            "select": ("select", "nodes"),
            "model": ("model", "level"),
            "display": ("display",),
        }
        for network in self.networks:
            own = [key for part in parts for key in of_network.get(part, ())]
            content.append({"network": network.name, **{key: getattr(network, key) for key in own}})
        if "display" in parts:
            content.append({"review": self.review, "summaries": self.summaries})
        text = json.dumps(content, sort_keys=True, ensure_ascii=False, default=cells)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def load(path: Path = CONFIG, *, words: bool = True) -> Configuration:
    """Read and check a file of questions, with multiverse.yaml and review.yaml beside it.

    Where these are not there, no other choice is made, and the review is a neutral one. Raises
    `ConfigurationError` that lists every fault of the words of the subject, or where these are in
    order of all three files, each as ``file:line: key: fault``; without `words` those are taken to
    be in order, since a run has looked before.
    """
    if words:
        from ketameta.vocabulary.checking import word_files

        refuse(word_files())
    asked = read_file(path, *FORMS["analyses"])
    asked.faults.extend(meaning_faults(asked.document))
    others = path.with_name(MULTIVERSE)
    multiverse = read_file(others, *FORMS["multiverse"]) if others.exists() else None
    if multiverse:
        multiverse.faults.extend(choice_faults(multiverse.document, asked.document.values))
    introduced, review = read_review(path.with_name(REVIEW))
    refuse(filter(None, [asked, multiverse, introduced]))
    read = [
        replace(r, faults=[*words_read_as_others(r.document)]) for r in (asked, multiverse) if r
    ]
    whole = _configuration(asked.values, multiverse, review)
    return replace(whole, read_as=tuple(line for one in read for line in one.told()))


def _configuration(
    content: dict[str, Any], multiverse: ReadFile | None, review: Review
) -> Configuration:
    """Return what files say that have no fault."""
    choices = multiverse.values["choices"] if multiverse else {}
    asked = multiverse.values.get("grid") if multiverse else None
    varied = None if asked is None else Grid(**{key: tuple(own) for key, own in asked.items()})
    windows = {
        name: Window(name, hours["target"], hours["from"], hours["to"])
        for name, hours in content["windows"].items()
    }
    summaries = tuple(Summary(**block) for block in content.get("summaries", ()))
    whole = Configuration(
        tuple(
            _analysis(name, _over(content["defaults"], block), windows, choices, varied)
            for name, block in content["analyses"].items()
        ),
        courses=tuple(
            _course(name, _over(content["defaults"], block))
            for name, block in content.get("courses", {}).items()
        ),
        networks=tuple(
            _network(name, {**content["defaults"], **block}, windows)
            for name, block in content.get("networks", {}).items()
        ),
        summaries=summaries,
        review=review,
    )
    summed_up = [name for summary in summaries for name in summary.names]
    return whole.asked([*content.get("narrowed", ()), *summed_up])


def _over(defaults: dict[str, Any], block: dict[str, Any]) -> dict[str, Any]:
    """Return a block over the defaults; of the thresholds too it gives only those that differ."""
    both = {"forest": Display.forest, "small_study": Model.small_study, **defaults, **block}
    return both | {"certainty": {**defaults["certainty"], **both["certainty"]}}


def _analysis(
    name: str,
    block: dict[str, Any],
    windows: dict[str, Window],
    choices: dict[str, Any],
    varied: Grid | None,
) -> Analysis:
    """Build an analysis and, of the sensitivity choices for its measure, those that differ.

    Where the effect is asked by dose, one more keeps every treated arm apart.
    A choice that narrows lets in less of what the analysis lets in.
    """
    select, model = _question(block, windows), _part(Model, block)
    variants = []
    for label, choice in choices.items():
        if block["measure"] in choice["for"] and name in choice.get("analyses", [name]):
            changed = block | choice["change"]
            asks = not Question.__dataclass_fields__.keys().isdisjoint(choice["change"])
            other = _question(changed, windows) if asks else select
            its_model = _part(Model, changed)
            if "narrow" in choice["change"]:
                other = replace(other, narrow=combined(select.narrow, other.narrow))
            if (other, its_model) != (select, model):
                variants.append(Variant(label, other, its_model))
    if (apart := _apart(select, model)) and apart not in [one.select for one in variants]:
        variants.append(Variant(APART, apart, model))
    display, thresholds = _part(Display, block), Thresholds(**block["certainty"])
    return Analysis(name, select, model, display, tuple(variants), thresholds, varied)


def _apart(select: Question, model: Model) -> Question | None:
    """Return the question with every treated arm apart, where the effect is asked by dose."""
    if (DOSE,) not in model.moderators or select.by_arm or select.arms == "whole":
        return None
    return replace(select, arms="whole")


def _course(name: str, block: dict[str, Any]) -> Course:
    """Build a time course; its window is that of all its hours, none of them aimed at."""
    hours = block["hours"]
    select = _question({**block, "window": None}, {})
    whole = Window(name, hours["from"], hours["from"], hours["to"])
    parts = _part(Curve, block), block["level"], _part(About, block)
    return Course(name, replace(select, window=whole), *parts, Thresholds(**block["certainty"]))


def _network(name: str, block: dict[str, Any], windows: dict[str, Window]) -> Network:
    nodes = tuple(Node(label, parse(arms)) for label, arms in block["nodes"].items())
    parts = _part(Joint, block), block["level"], _part(About, block)
    return Network(name, _question(block, windows), nodes, *parts)


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
