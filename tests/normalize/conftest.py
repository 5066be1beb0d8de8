"""Small tables made in the test, and the effects that normalisation makes of them."""

from collections import namedtuple
from dataclasses import replace

import pytest

from ketameta.configuration import load
from ketameta.normalize.choose import Choices
from ketameta.normalize.stage import effects_of
from ketameta.normalize.trials import raw_rows, trials_of
from ketameta.tables.raw import RAW_TABLES

from ..rows import tables_of

Entry = namedtuple("Entry", "used reason detail")


def full(table, line, values):
    """Return the cells of a raw row with every column of its table, the rest empty."""
    row = dict.fromkeys(RAW_TABLES[table].names)
    row |= {"file": f"{table}.csv", "line": line, **values}
    row["entered"] = {k: str(v) for k, v in values.items()}
    return row


class Tables:
    """Raw tables under construction: trials of two arms by default."""

    def __init__(self):
        self.raw = {"trials": [], "arms": [], "outcomes": [], "contrasts": []}

    def _add(self, table, **values):
        row = full(table, len(self.raw[table]) + 2, values)
        self.raw[table].append(row)
        return row

    def trial(self, trial_id, arms=(("ket", "ketamine"), ("sal", "saline")), **values):
        values = {
            "label": trial_id,
            "design": "parallel",
            "population": "TRD",
            "year": 2020,
        } | values
        self._add("trials", trial_id=trial_id, **values)
        for arm_id, treatment, *more in arms:
            extra = more[0] if more else {}
            self._add("arms", trial_id=trial_id, arm_id=arm_id, treatment=treatment, **extra)
        return self

    def outcome(self, trial_id, arm_id, outcome, **values):
        values = {"timepoint_h": 24.0, "scale": "MADRS", "seen": "direct", "source": "x"} | values
        return self._add("outcomes", trial_id=trial_id, arm_id=arm_id, outcome=outcome, **values)

    def events(self, trial_id, counts, outcome="response", **values):
        for arm_id, (x, n) in counts.items():
            self.outcome(trial_id, arm_id, outcome, events=x, n=n, **values)
        return self

    def scores(self, trial_id, arms, **values):
        for arm_id, numbers in arms.items():
            self.outcome(trial_id, arm_id, "depression_score", **numbers, **values)
        return self

    def contrast(self, trial_id, arm_t, arm_c, outcome, measure, **values):
        values = {"timepoint_h": 24.0, "scale": "MADRS", "seen": "direct", "source": "x"} | values
        return self._add(
            "contrasts",
            trial_id=trial_id,
            arm_t=arm_t,
            arm_c=arm_c,
            outcome=outcome,
            measure=measure,
            **values,
        )

    def tables(self):
        """Return the tables as stages take them."""
        return tables_of(self.raw)

    def result(self, question):
        """Return effects by trial (or trial and arm), and the fate of each row by its key."""
        raw = self.tables()
        choices = Choices(trials_of(raw), raw_rows(raw))
        effects, ledger = effects_of("test", question, choices)
        named = {}
        for effect in effects:
            key = effect.trial.trial_id
            named[(key, effect.comparison) if effect.comparison else key] = effect
        fates = {row.key: ledger.fate(row) for row in choices.rows}
        return named, {key: Entry(fate[0] == "used", *fate) for key, fate in fates.items()}


@pytest.fixture
def made():
    return Tables()


@pytest.fixture(scope="session")
def ask():
    """Return a function that gives an analysis's question, with keys changed."""
    from pathlib import Path

    path = Path(__file__).parents[1] / "analyses.yaml"
    configuration = load(path)

    def change(name, **keys):
        return replace(configuration[name].select, **keys)

    return change


@pytest.fixture(scope="session")
def ask_analysis():
    """Return a function that gives an analysis of the tests' configuration."""
    from pathlib import Path

    return load(Path(__file__).parents[1] / "analyses.yaml").__getitem__
