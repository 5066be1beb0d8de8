"""`ketameta explain`: where a number came from, in the terminal."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import textwrap
from pathlib import Path
from typing import Any

from ketameta.commands.results import read_results
from ketameta.configuration import CONFIG, Analysis, ConfigurationError, load
from ketameta.storage import read_table, rows_of
from ketameta.vocabulary import nearest

PROCESSED = Path("data/processed")
Record = dict[str, Any]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `ketameta explain` takes."""
    parser.description = "Print an analysis, or one trial's effect with every step and raw row."
    parser.add_argument("analysis", help="name of the analysis, such as response_24h")
    parser.add_argument("trial", nargs="?", help="trial_id, such as murrough2013a")


def explain(given: argparse.Namespace) -> int:
    """Print an analysis, or one trial's effect with its steps and raw rows."""
    name, trial = given.analysis, given.trial
    try:
        configuration = load(CONFIG)
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return 1
    if name not in configuration.names:
        return _unknown("analysis", name, configuration.names)
    if not (PROCESSED / "studies.parquet").is_file():
        print("nothing to explain yet: run `ketameta run` first", file=sys.stderr)
        return 1
    analysis = configuration[name]
    studies = [
        s for s in rows_of(read_table(PROCESSED / "studies.parquet")) if s["analysis"] == name
    ]
    others = [
        e for e in rows_of(read_table(PROCESSED / "exclusions.parquet")) if e["analysis"] == name
    ]
    if trial is None:
        found = read_results(PROCESSED, configuration, claims=False)["syntheses"]
        record = next(r for r in found if r["analysis"] == name)
        _analysis(analysis, record, studies, others)
        return 0
    for study in studies:
        if study["trial_id"] == trial:
            _study(analysis, study)
            return 0
    for other in others:
        if other["trial_id"] == trial:
            print(
                f"{other['label']} is not in {name}: {other['reason']}"
                + (f" ({other['detail']})" if other["detail"] else "")
            )
            print("  rows: " + ", ".join(other["rows"]))
            return 0
    return _unknown("trial", trial, [s["trial_id"] for s in studies + others])


def _unknown(what: str, word: str, known: list[str]) -> int:
    close = nearest(word, known)
    hint = f"; did you mean {', '.join(close)}?" if close else f"; known: {', '.join(known)}"
    print(f"unknown {what} {word}{hint}", file=sys.stderr)
    return 2


def _analysis(
    analysis: Analysis, record: Record, studies: list[Record], others: list[Record]
) -> None:
    from ketameta.report import wording, wording_certainty

    print(f"{analysis.display.title}\n{analysis.display.question}\n")
    _say(wording.answer(analysis, record))
    _say(f"{wording_certainty.label(record['certainty']).capitalize()}.")
    if record["tau2"] is not None:
        _say(f"{wording.method(analysis, record)}. {wording.heterogeneity(record)}.")
    print()
    width = max((len(s["trial_id"]) for s in studies), default=0)
    for s in studies:
        weight = f"{s['weight']:5.1f}%" if s["weight"] is not None else "      "
        text = wording.estimate_interval(analysis.select.measure, s, "effect")
        print(
            f"  {s['trial_id']:<{width}}  {weight}  {text:<26} {s['basis']}: {', '.join(s['rows'])}"
        )
    if others:
        print(f"\nNot pooled ({len(others)}):")
        for e in others:
            print(
                f"  {e['trial_id']}: {e['reason']}" + (f" ({e['detail']})" if e["detail"] else "")
            )
    print(f"\nketameta explain {analysis.name} TRIAL shows every step of one trial.")


def _study(analysis: Analysis, study: Record) -> None:
    from ketameta.report import wording

    measure = analysis.select.measure
    weight = f", weight {study['weight']:.1f}%" if study["weight"] is not None else ""
    text = wording.estimate_interval(measure, study, "effect")
    print(f"{study['label']} in {analysis.display.title}")
    numbers = f"yi = {study['yi']:.6g}, vi = {study['vi']:.6g}"
    print(f"{wording.MEASURES[measure]} {text}{weight}; {numbers}\n")
    for mark in study["marks"]:
        print(f"marked in the table: {mark}\n")
    for n, step in enumerate(map(json.loads, study["steps"]), start=1):
        assumes = f" (assumes: {step['assumption']})" if step["assumption"] else ""
        _say(f"{n}. {step['what']}{assumes}", "", "   ")
        if step["formula"]:
            _say(step["formula"], "   ", "   ")
        rows = f"  [{', '.join(step['rows'])}]" if step["rows"] else ""
        source = f"  ({step['source']})" if step["source"] else ""
        _say(f"= {step['result']}{source}{rows}", "   ", "     ")
    print("\nRaw rows as entered:")
    for row in map(json.loads, study["evidence"]):
        cells = json.loads(row["entered"])
        note = cells.pop("note", "")
        print(f"  data/raw/{row['file']}:{row['line']}")
        _say(", ".join(f"{k}={v}" for k, v in cells.items()), "    ", "    ")
        if note:
            _say(f"note: {note}", "    ", "    ")


def _say(text: str, first: str = "", rest: str = "") -> None:
    width = min(shutil.get_terminal_size((100, 24)).columns, 100)
    print(
        textwrap.fill(
            text,
            width,
            initial_indent=first,
            subsequent_indent=rest,
            break_long_words=False,
            break_on_hyphens=False,
        )
    )
