"""What a changed package gives: run by `test_walks.py` with the changed tree on the path.

``python walked.py FOLDER`` prints as JSON what each walk made possible; FOLDER holds raw tables.
"""

import json
import re
import sys
import tempfile
from pathlib import Path

from ketameta.configuration import load

QUESTIONS = load(Path(__file__).parent / "analyses.yaml")
RATIO = {"measure": "RR", "favours": "above", "k": 3, "n": 300, "worthwhile": (0.8, 1.25)}


def raw_column(folder):
    """Return the cell as typed, whether Parquet, dictionary and template have the column."""
    from ketameta.ingest.stage import ingest
    from ketameta.ingest.template import template
    from ketameta.tables import RESULT_TABLES

    made, problems = ingest(folder)
    with tempfile.TemporaryDirectory() as empty:
        (header,) = [
            path.read_text(encoding="utf-8").strip().split(",")
            for path in template(Path(empty, "new"))
            if path.stem == "trials"
        ]
    column = RESULT_TABLES["trials"]["registered_h"]
    return {
        "cells": sorted({row["registered_h"] for row in made["trials"].to_pylist()} - {None}),
        "unit": made["trials"].schema.field("registered_h").metadata[b"unit"].decode(),
        "told": [column.description, column.unit],
        "header": header[-1:],
        "faults": [p.message for p in problems if "registered_h" in (p.column, p.message)],
    }


def diamond(folder):
    """Return the colours of a diamond in a figure, and those of a page, light and dark."""
    from ketameta.figures.scene import Polygon, Scene, to_svg
    from ketameta.report.pages import style_sheet

    drawn = to_svg(Scene(9, 9, "title", "text", (Polygon(((1, 1), (2, 2), (3, 1))),)), "a")
    return {
        "figure": re.findall(r'<polygon class="pooled"[^>]* fill="(#\w+)"', drawn),
        "page": re.findall(r"--pooled:(#\w+)", style_sheet()),
    }


def certainty_rule(folder):
    """Return how many levels few trials cost, the rule that did, its row and its sentence."""
    from ketameta.evidence.certainty import certainty
    from ketameta.evidence.ratings import Evidence
    from ketameta.report import rules, wording_domains

    analysis = QUESTIONS["response_24h"]
    row = RATIO | {"estimate": 1.4, "ci_low": 1.3, "ci_high": 1.5, "pi_low": None, "pi_high": None}
    study = dict.fromkeys(("weight", "drug_route", "design", "population", "scale", "sd_c"))
    study |= {"trial_id": "a", "weight": 100.0, "events_t": 200, "events_c": 100}
    rated = certainty(analysis, Evidence(row | {"i2": 0.0, "tau2": 0.0}, [study]))
    rating = rated.ratings[-1]
    listed = rules.rules(rules.thresholds(QUESTIONS), [{"rule": rating.rule}])[rating.domain]
    return {
        "rating": [rating.rating, rating.rule],
        "listed": [(s.rule.name, s.decided) for s in listed if s.rule.name == "few-trials"],
        "sentence": wording_domains.reason(analysis, rating),
    }


def claim_rule(folder):
    """Return the verdicts on a claim of no difference, by three intervals, and why."""
    from ketameta.evidence.claims import line
    from ketameta.report.claim_reasons import BECAUSE

    limits = QUESTIONS["response_24h"].certainty
    test = {"direction": "equal", "claimed_value": None}
    found = []
    for low, high in ((0.9, 1.1), (0.7, 1.1), (1.3, 1.6)):
        row = RATIO | {"estimate": (low + high) / 2, "ci_low": low, "ci_high": high}
        told = line(test, row | {"limits": limits})
        found.append([told.word, BECAUSE[told.because]])
    return found


if __name__ == "__main__":
    WALKS = (raw_column, diamond, certainty_rule, claim_rule)
    print(json.dumps({walk.__name__: walk(Path(sys.argv[1])) for walk in WALKS}))
