"""What analysts do to tables and questions: each edit of `EDITS` changes a copy of the project's.

An edit is given the cells by table, as entered, and the questions as YAML gives them, and changes
both in place. None knows a trial, cell or analysis by name: the tables change freely.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import yaml

from ketameta.ingest.formats import Cells, as_files, as_workbook, read_cells

Questions = dict[str, Any]

TRIAL = {"label": "Zyx 2027", "year": "2027", "design": "parallel",
         "population": "TRD"}  # fmt: skip
ARMS = {"ketamine_0.5": ("ketamine", "22"), "midazolam": ("midazolam", "11")}


def free(taken: Iterable[str]) -> str:
    """Return a name that none of these is."""
    known = set(taken)
    return next(name for n in range(len(known) + 1) if (name := f"zyx{n}") not in known)


def trial_added(cells: Cells, _: Questions) -> None:
    """Add a trial as the README says."""
    name = free(row["trial_id"] for row in cells["trials"])
    cells["trials"].append({"trial_id": name, **TRIAL})
    for arm, (treatment, events) in ARMS.items():
        key = {"trial_id": name, "arm_id": arm}
        cells["arms"].append({**key, "treatment": treatment})
        cells["outcomes"].append(
            {**key, "outcome": "response", "scale": "MADRS", "timepoint_h": "24", "n": "40"}
            | {"events": events, "analysis_set": "itt", "seen": "direct"}
            | {"source": "10.1000/xyz", "locator": "table 2"}
        )


def trial_removed(which: Callable[[list[str]], str]) -> Callable[[Cells, Questions], None]:
    """Return an edit that takes out the trial that `which` picks of all, by their rows."""

    def remove(cells: Cells, _: Questions) -> None:
        by_rows = sorted(
            (row["trial_id"] for row in cells["trials"]),
            key=lambda name: sum(row["trial_id"] == name for row in cells["outcomes"]),
        )
        gone = which(by_rows)
        for name, rows in cells.items():
            cells[name] = [row for row in rows if row.get("trial_id") != gone]
        for row in cells["trials"]:
            parts = row.get("part_of", "").split(";")
            row["part_of"] = ";".join(part for part in parts if part.strip() != gone)

    return remove


def events_corrected(cells: Cells, _: Questions) -> None:
    """Correct a count of responses by one in every trial that has one to correct."""
    seen = set()
    for row in cells["outcomes"]:
        events, n = row.get("events", ""), row.get("n", "")
        if row["trial_id"] in seen or not (events.isdecimal() and n.isdecimal()):
            continue
        # a response that is no remission may be lost, not the other way round
        if row["outcome"] == "response" and int(events) < int(n):
            row["events"] = str(int(events) + 1)
            seen.add(row["trial_id"])


def score_corrected(cells: Cells, _: Questions) -> None:
    """Correct the last digit of a mean change."""
    row = next(r for r in cells["outcomes"] if r.get("change_sd") and r.get("change_mean"))
    whole = float(row["change_mean"])
    row["change_mean"] = f"{whole + (0.1 if '.' in row['change_mean'] else 1):.10g}"


def claim_added(cells: Cells, questions: Questions) -> None:
    """Add a claim, and name an analysis for it."""
    cells["claims"].append(
        {**cells["claims"][0], "claim_id": free(row["claim_id"] for row in cells["claims"])}
        | {"claim": "Most people respond within a day"}
        | {"analysis": list(questions["analyses"])[-1]}
    )


def analysis_added(_: Cells, questions: Questions) -> None:
    """Ask the first question again in another population."""
    first = next(iter(questions["analyses"].values()))
    name = free(questions["analyses"])
    questions["analyses"][name] = {**first, "title": "Another question", "populations": ["TRD"]}


def analysis_unanswered(_: Cells, questions: Questions) -> None:
    """Ask the first question at an hour at which nobody looked."""
    first, name = next(iter(questions["analyses"].values())), free(questions["analyses"])
    questions["windows"][name] = {"target": 90_000, "from": 90_000, "to": 90_001}
    questions["analyses"][name] = {**first, "title": "In ten years", "window": name}


def analysis_removed(cells: Cells, questions: Questions) -> None:
    """Take out a question, and its name from the claims and the summaries."""
    _rename(cells, questions, next(iter(questions["analyses"])), "")
    questions["analyses"].pop(next(iter(questions["analyses"])))


def analysis_renamed(cells: Cells, questions: Questions) -> None:
    """Give a question another name and title."""
    old, new = next(iter(questions["analyses"])), free(questions["analyses"])
    _rename(cells, questions, old, new)
    questions["analyses"] = {
        new if name == old else name: {**asked, "title": "Another title"} if name == old else asked
        for name, asked in questions["analyses"].items()
    }


def _rename(cells: Cells, questions: Questions, old: str, new: str) -> None:
    for summary in questions.get("summaries", []):
        names = [new if name == old else name for name in summary["outcomes"]]
        summary["outcomes"] = [name for name in names if name]
    for row in cells["claims"]:
        named = [part.strip().partition("@") for part in row.get("analysis", "").split(";")]
        kept = [(new if name == old else name) + at + rest for name, at, rest in named]
        row["analysis"] = ";".join(name for name in kept if name and not name.startswith("@"))


def nothing(_: Cells, __: Questions) -> None:
    """Leave every cell as it is: for other forms of the same tables."""


EDITS: dict[str, tuple[Callable[[Cells, Questions], None], str]] = {
    "a-trial-added": (trial_added, ".csv"),
    "the-largest-trial-removed": (trial_removed(lambda names: names[-1]), ".csv"),
    "the-smallest-trial-removed": (trial_removed(lambda names: names[0]), ".csv"),
    "counts-corrected": (events_corrected, ".csv"),
    "a-score-corrected": (score_corrected, ".csv"),
    "a-claim-added": (claim_added, ".csv"),
    "an-analysis-added": (analysis_added, ".csv"),
    "an-analysis-that-nobody-answers": (analysis_unanswered, ".csv"),
    "an-analysis-removed": (analysis_removed, ".csv"),
    "an-analysis-renamed": (analysis_renamed, ".csv"),
    "TSV-files": (nothing, ".tsv"),
    "a-workbook": (nothing, ".xlsx"),
}


def write_edited(name: str, raw: Path, config: Path, folder: Path) -> tuple[Path, Path]:
    """Write the tables and questions as edited; return where they are."""
    change, form = EDITS[name]
    cells, _ = read_cells(raw / "tables.xlsx" if (raw / "tables.xlsx").exists() else raw)
    questions = yaml.safe_load(config.read_text(encoding="utf-8"))
    change(cells, questions)
    made = folder / "raw"
    made.mkdir(parents=True)
    if form == ".xlsx":
        (made / "tables.xlsx").write_bytes(as_workbook(cells))
    else:
        for file, content in as_files(cells, form).items():
            (made / file).write_bytes(content)
    asked = folder / config.name
    asked.write_text(yaml.safe_dump(questions, sort_keys=False, allow_unicode=True), "utf-8")
    return made, asked
