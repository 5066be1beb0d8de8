"""The rows of the raw tables as trials with their arms, and as rows that may give effects."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Container
from typing import Any
from unicodedata import normalize as normalize_text

from ketameta.normalize.records import DERIVED, Arm, Row, Trial
from ketameta.normalize.rows import Rows
from ketameta.vocabulary import SECONDARY, vocabulary

Raw = dict[str, list[dict[str, Any]]]


def trials_of(raw: Raw) -> dict[str, Trial]:
    """Return the trials with their arms, from the rows of the raw tables."""
    arms: dict[str, dict[str, Arm]] = defaultdict(dict)
    beside: dict[str, set[str]] = defaultdict(set)
    for row in raw["arms"]:
        beside[row["trial_id"]].add(_beside(row["cotreatment"]))
    for row in raw["arms"]:
        dose = " ".join(filter(None, (row["dose"], row["dose_unit"] if row["dose"] else None)))
        arms[row["trial_id"]][row["arm_id"]] = Arm(
            row["arm_id"],
            row["treatment"],
            _comparator_class(row, beside[row["trial_id"]]),
            row["arm_label"] or row["treatment"],
            dose,
            row["route"] or "",
            row["n_doses"],
            row["n_randomised"],
            ids(row["pooled_arms"]),
            row["cotreatment"] or "",
        )
    labels = _labels(raw["trials"])
    return {
        row["trial_id"]: Trial(
            row["trial_id"],
            labels[row["trial_id"]],
            row["year"],
            row["design"],
            row["population"],
            row["n_randomised"],
            ids(row["part_of"]),
            row["design_flag"],
            arms[row["trial_id"]],
        )
        for row in raw["trials"]
    }


def _beside(cotreatment: str | None) -> str:
    return vocabulary().cotreatments.get(cotreatment or "", "")


def _comparator_class(arm: dict[str, Any], beside: set[str]) -> str:
    """Return the class of an arm as a control: that of its treatment, with what is given beside.

    `beside` is what the arms of the trial have beside their treatments. An antidepressant counts
    where none of them goes on with the one that they had.
    """
    own = vocabulary().treatments[arm["treatment"]].comparator_class
    both = f"{own}+{_beside(arm['cotreatment'])}"
    known = vocabulary().words("comparator_classes")
    return both if both in known and "background" not in beside else own


def _labels(trials: list[dict[str, Any]]) -> dict[str, str]:
    """Return the label of each trial; of those that look the same, with the trial_id as well."""
    looks = {
        row["trial_id"]: " ".join(normalize_text("NFKC", row["label"]).split()) for row in trials
    }
    often = Counter(looks.values())
    return {
        row["trial_id"]: f"{row['label']} ({row['trial_id']})"
        if often[looks[row["trial_id"]]] > 1
        else row["label"]
        for row in trials
    }


def ids(cell: str | None) -> tuple[str, ...]:
    """Return the names in a cell."""
    return tuple(cell.split(";")) if cell else ()


_NUMBERS = ("outcomes", "contrasts")


def secondary_sources(raw: Raw) -> set[str | None]:
    """Return the sources that a row calls secondary."""
    return {r["source"] for table in _NUMBERS for r in raw[table] if r["seen"] == SECONDARY}


def raw_rows(raw: Raw, secondary: Container[str | None] | None = None) -> Rows:
    """Return the rows that may give effects, outcomes before contrasts.

    What is computed from the numbers of a source that other rows call secondary is no nearer to
    the trial than they are: `seen` is then secondary too. `secondary` are these sources, where
    `raw` is of some trials alone.
    """
    sources = secondary_sources(raw) if secondary is None else secondary

    def read(row: dict[str, Any]) -> dict[str, Any]:
        rests = row["seen"] == DERIVED and row["source"] in sources
        return {**row, "seen": SECONDARY} if rests else row

    return Rows(Row(table, row["line"], read(row)) for table in _NUMBERS for row in raw[table])
