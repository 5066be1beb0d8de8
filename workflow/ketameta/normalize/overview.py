"""What the data hold in figures, their problems, and the digests of their cells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from ketameta.tables import RESULT_TABLES, digests
from ketameta.tables.collection import Tables
from ketameta.tables.effects import OverviewRow
from ketameta.tables.problems import Problem
from ketameta.tables.raw import RAW_KINDS, ArmRow, TrialRow
from ketameta.vocabulary import vocabulary


def overview(raw: Tables, problems: Iterable[Problem]) -> list[OverviewRow]:
    """Count what the data hold, and carry the digests of its cells to the page of changes."""
    cells = digests.digests(raw)
    sections: list[tuple[str, str, object]] = [("data", "data hash", cells.data_hash)]
    sections += [(digests.TRIALS, *pair) for pair in cells.trials.items()]
    kinds = {name: RAW_KINDS[name] for name in RESULT_TABLES}
    known = raw.kinds()
    sections += [("tables", name, len(raw[kinds[name]])) for name in kinds if kinds[name] in known]
    trials = raw[TrialRow]
    own = [trial for trial in trials if not trial.part_of]
    unknown = sum(trial.n_randomised is None for trial in own)
    sections += [
        ("trials", "trial reports", len(trials)),
        ("trials", "reports that share no patients with a report they are part of", len(own)),
        ("trials", "people randomised in these", sum(t.n_randomised or 0 for t in own)),
        ("trials", "of these, without a number of people randomised", unknown),
    ]
    labels = vocabulary().words("populations")
    populations = Counter(trial.population for trial in own).most_common()
    sections += [("populations", labels[name], count) for name, count in populations]
    arms = Counter(arm.treatment for arm in raw[ArmRow]).most_common()
    sections += [("arms", treatment, count) for treatment, count in arms]
    for problem in problems:
        place = f"{problem.file}:{problem.line} {problem.column}".strip()
        reason = f"; acknowledged: {problem.acknowledged}" if problem.acknowledged else ""
        severity = "acknowledged" if reason else problem.severity
        sections.append((severity, place, problem.message + reason))
    return [OverviewRow(section=s, item=i, value=str(v)) for s, i, v in sections]
