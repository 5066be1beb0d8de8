"""The walks of CONTRIBUTING: each is made on a copy of the package, in the files that it names.

An edit is what a contributor types. All are made on one copy, as each leaves the others alone.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import TABLES

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[1]
OPEN = "The interval leaves it open: it includes no difference and one that would matter."
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
# what is typed: the file, a text of it, and what stands there then; what starts with + behind it
EDITS = {
    "raw_column": [
        (
            "tables/raw.py",
            'source_url: str | None = col("address of the source", form=ADDRESS)\n',
            '+    registered_h: float | None = col("hours registered", HOURS, optional=True)\n',
        )
    ],
    "diamond": [("figures/scene.py", '"pooled": "#b5500b"', '"pooled": "#5b2a86"')],
    "certainty_rule": [
        (
            "evidence/missing.py",
            "\n\n\n",
            """+FEW_TRIALS = Rule(
    "few-trials",
    DOMAIN,
    "1",
    "There are fewer than four trials.",
    "few trials",
    ("Page 2023",),
)


""",
        ),
        (
            "evidence/missing.py",
            "fired(absent, uneven)",
            'fired(absent, uneven, FEW_TRIALS if evidence.record["k"] < 4 else None)',
        ),
        (
            "report/wording_domains.py",
            "    parts = [_missing(value), _asymmetry(analysis, value)]\n",
            """+    if value.rule == "few-trials":
        parts = [f"There are {value.facts['k']} trials."]
""",
        ),
    ],
    "claim_rule": [
        (
            "evidence/claim_rules.py",
            "Reason = Literal[\n",
            '+    "as good as equal",\n',
        ),
        (
            "evidence/claim_rules.py",
            "# what a claim says",
            """def equal(effect: Effect) -> Verdict:
    if effect.harm < effect.low and effect.high < effect.least:
        return Verdict(SUPPORTED, "as good as equal")
    return no_worse(effect) if effect.low <= 0 else Verdict(CONTRADICTED, "better")


# what a claim says""",
        ),
        (
            "evidence/claim_rules.py",
            "    NO_BETTER: no_better,\n",
            '+    "equal": equal,\n',
        ),
        (
            "report/claim_reasons.py",
            "BECAUSE: dict[Reason, str] = {\n",
            '+    "as good as equal": "No difference that would matter is left open.",\n',
        ),
    ],
}


def walks():
    """Return the files of each walk, as the table of CONTRIBUTING has them."""
    rows = re.findall(r"^\| .* \| (\d) \| (.*) \|$", TEXT, re.M)
    return [(int(number), re.findall(r"`([\w/]+\.\w+)`", files)) for number, files in rows]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Return what the package gives with all edits made, by the name of the walk."""
    folder = tmp_path_factory.mktemp("walks")
    package = shutil.copytree(ROOT / "workflow" / "ketameta", folder / "ketameta")
    for edits in EDITS.values():
        for name, place, new in edits:
            text = (package / name).read_text(encoding="utf-8")
            assert place in text, f"{name} has no {place!r}"
            whole = place + new[1:] if new.startswith("+") else new
            (package / name).write_text(text.replace(place, whole, 1), encoding="utf-8")
    raw = shutil.copytree(TABLES, folder / "raw")
    header, first, *rest = (raw / "trials.csv").read_text(encoding="utf-8").splitlines()
    lines = [f"{header},registered_h", f"{first},36", *(f"{line}," for line in rest)]
    (raw / "trials.csv").write_text("\n".join([*lines, ""]), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, ROOT / "tests" / "walked.py", raw],
        env={**os.environ, "PYTHONPATH": str(folder)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_contributing_names_the_files_of_each_walk():
    typed = [list(dict.fromkeys(name for name, *_ in edits)) for edits in EDITS.values()]
    told = walks()
    assert [files for _, files in told] == typed
    assert [number for number, _ in told] == [len(files) for files in typed]


def test_a_column_of_a_raw_table_is_one_line(made):
    assert made["raw_column"] == {
        "cells": [36.0],
        "unit": "h",
        "told": ["hours registered", "h"],
        "header": ["registered_h"],
        "faults": [],
    }


def test_the_colour_of_a_diamond_is_the_same_in_figures_and_on_pages(made):
    assert made["diamond"] == {"figure": ["#5b2a86"], "page": ["#5b2a86", "#f0a05a"]}


def test_a_rule_of_certainty_decides_is_listed_and_told(made):
    assert made["certainty_rule"] == {
        "rating": [-1, "few-trials"],
        "listed": [["few-trials", 1]],
        "sentence": "There are 3 trials.",
    }


def test_a_rule_for_claims_judges_and_gives_its_reason(made):
    assert made["claim_rule"] == [
        ["supported", "No difference that would matter is left open."],
        ["not shown", OPEN],
        ["contradicted", "The interval lies on the better side for treatment."],
    ]
