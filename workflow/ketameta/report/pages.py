"""What the page templates are given: records made ready for reading, and the template engine."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ketameta.configuration import Analysis
from ketameta.figures.scene import page_colours
from ketameta.measures import MEASURES
from ketameta.report import (
    overview,
    wording,
    wording_absolute,
    wording_certainty,
    wording_domains,
    wording_findings,
    wording_method,
    wording_model,
    wording_plot,
    wording_splits,
)
from ketameta.report.decided import mark
from ketameta.report.overview import place, told
from ketameta.report.traces import Traces
from ketameta.report.wording_notes import plain
from ketameta.report.wording_range import other_choices
from ketameta.tables.decisions import Decided
from ketameta.tables.effects import FindingRow, WarningRow
from ketameta.vocabulary import vocabulary

if TYPE_CHECKING:
    from jinja2 import Environment

Record = dict[str, Any]
TEMPLATES = Path(__file__).parent / "templates"
STATIC = Path(__file__).parent / "static"


@cache
def environment() -> Environment:
    """Return the template engine: everything escaped, a name that is not given is an error."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    engine = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    engine.globals["measures"] = MEASURES
    engine.globals["wording"] = wording
    engine.globals["absolutes"] = wording_absolute
    engine.globals["certainties"] = wording_certainty
    engine.globals["domains"] = wording_domains
    engine.globals["methods"] = wording_method
    engine.globals["models"] = wording_model
    engine.globals["overviews"] = overview
    engine.globals["plots"] = wording_plot
    engine.globals["other_choices"] = other_choices
    engine.globals["splitting"] = wording_splits
    engine.globals["words_of"] = wording_findings
    engine.globals["words"] = vocabulary()
    return engine


def style_sheet() -> str:
    """Return the style sheet of the pages: the colours of the figures, and what uses them."""
    return page_colours() + (STATIC / "style.css").read_text(encoding="utf-8")


def given(view: Any) -> dict[str, Any]:
    """Return what a template is given of a view: its fields by their names."""
    return {each.name: getattr(view, each.name) for each in fields(view)}


def study_view(analysis: Analysis, study: Record, traces: Traces, decided: Decided) -> Record:
    """Return a study with its derivation and raw rows, and what was decided of these."""
    rows = traces.evidence(study)
    evidence = [{**row, "cells": json.loads(row["entered"])} for row in rows]
    return {
        **study,
        "anchor": wording.anchor(study),
        "steps": traces.steps(study),
        "evidence": evidence,
        "decisions": mark(evidence, decided),
        "estimate_text": wording.estimate_interval(analysis.select.measure, study, "effect"),
    }


def by_reason(rows: list[Record]) -> list[tuple[str, list[Record]]]:
    """Return rows by their reason, the reason with most rows first; details in plain words."""
    groups: dict[str, list[Record]] = defaultdict(list)
    for row in rows:
        groups[row["reason"]].append(row | {"detail": plain(row["detail"])})
    return sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))


def warnings_on(
    studies: list[Record], warnings: Sequence[WarningRow], findings: Sequence[FindingRow]
) -> list[tuple[str, str, str]]:
    """Return kind, place and message of what the checks say of the rows used here."""
    used = {row for s in studies for row in s["rows"]}
    found = [
        (severity, place(row), row.message)
        for severity in ("warning", "note")
        for row in warnings
        if row.severity == severity and not row.acknowledged and f"{row.file}:{row.line}" in used
    ]
    found += [
        ("acknowledged" if f.acknowledged else f.severity, place(f), told(f))
        for f in findings
        if f"{f.file}:{f.line}" in used
    ]
    return found
