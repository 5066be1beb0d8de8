"""The rows of the raw tables as trials with their arms, and as rows that may give effects."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Container, Iterable
from unicodedata import normalize as normalize_text

from ketameta.normalize.records import Arm, Trial
from ketameta.normalize.results import ArmResult, Contrast, results_of
from ketameta.normalize.rows import Rows
from ketameta.tables.collection import Tables
from ketameta.tables.raw import ArmRow, ContrastRow, OutcomeRow, TrialRow
from ketameta.vocabulary import SECONDARY, vocabulary


def trials_of(raw: Tables) -> dict[str, Trial]:
    """Return the trials with their arms, from the rows of the raw tables."""
    arms: dict[str, dict[str, Arm]] = defaultdict(dict)
    beside: dict[str, set[str]] = defaultdict(set)
    for row in raw[ArmRow]:
        beside[row.trial_id].add(_beside(row.cotreatment))
    for row in raw[ArmRow]:
        dose = " ".join(filter(None, (row.dose, row.dose_unit if row.dose else None)))
        arms[row.trial_id][row.arm_id] = Arm(
            row.arm_id,
            row.treatment,
            _comparator_class(row, beside[row.trial_id]),
            row.arm_label or row.treatment,
            dose,
            row.route or "",
            row.n_doses,
            row.n_randomised,
            ids(row.pooled_arms),
            row.cotreatment or "",
        )
    labels = _labels(raw[TrialRow])
    return {
        row.trial_id: Trial(
            row.trial_id,
            labels[row.trial_id],
            row.year,
            row.design,
            row.population,
            row.n_randomised,
            ids(row.part_of),
            row.design_flag,
            arms[row.trial_id],
            row.blinding or "",
        )
        for row in raw[TrialRow]
    }


def _beside(cotreatment: str | None) -> str:
    return vocabulary().cotreatments.get(cotreatment or "", "")


def _comparator_class(arm: ArmRow, beside: set[str]) -> str:
    """Return the class of an arm as a control: that of its treatment, with what is given beside.

    `beside` is what the arms of the trial have beside their treatments. What is added counts
    where none of them goes on with what they had.
    """
    own = vocabulary().treatments[arm.treatment].comparator_class
    both = f"{own}+{_beside(arm.cotreatment)}"
    known = vocabulary().words("comparator_classes")
    return both if both in known and "background" not in beside else own


def _labels(trials: Iterable[TrialRow]) -> dict[str, str]:
    """Return the label of each trial; of those that look the same, with the trial_id as well."""
    looks = {row.trial_id: " ".join(normalize_text("NFKC", row.label).split()) for row in trials}
    often = Counter(looks.values())
    return {
        row.trial_id: f"{row.label} ({row.trial_id})"
        if often[looks[row.trial_id]] > 1
        else row.label
        for row in trials
    }


def ids(cell: str | None) -> tuple[str, ...]:
    """Return the names in a cell."""
    return tuple(cell.split(";")) if cell else ()


def secondary_sources(raw: Tables) -> set[str]:
    """Return the sources that a row calls secondary."""
    found = {row.source for row in raw.get(OutcomeRow) if row.seen == SECONDARY}
    return found | {row.source for row in raw.get(ContrastRow) if row.seen == SECONDARY}


def raw_rows(raw: Tables, secondary: Container[str | None] | None = None) -> Rows:
    """Return the rows that may give effects, outcomes before contrasts.

    `secondary` are the sources that any row calls secondary, where `raw` is of some trials alone.
    """
    sources = secondary_sources(raw) if secondary is None else secondary
    arms = results_of(ArmResult, raw.get(OutcomeRow), sources)
    return Rows(arms, results_of(Contrast, raw.get(ContrastRow), sources))
