"""Evidence to rate by hand: rows as the tables have them, flawless unless a test says otherwise."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from ketameta.configuration import load
from ketameta.evidence.ratings import Evidence
from ketameta.tables.diagnostics import JudgementRow
from ketameta.tables.syntheses import StudyRow, SynthesisRow

from ..rows import row

CONFIGURATION = load(Path(__file__).parents[1] / "analyses.yaml")
ROB1 = (
    *("sequence", "concealment", "blinding_participants", "blinding_assessors"),
    *("incomplete_data", "selective_reporting"),
)


def judged(trial, domains, tool="RoB1"):
    told = {"trial_id": trial, "tool": tool}
    return [
        row(JudgementRow, **told, domain=domain, judgement=word, best=word)
        for domain, word in domains.items()
    ]


def study(trial="a", weight=100.0, **more):
    cells = {"trial_id": trial, "weight": weight, "comparator_class": "inert", "population": "TRD"}
    cells |= {"drug_route": "IV ketamine", "n_doses": "1", "design": "parallel"}
    cells |= {"events_t": 200, "events_c": 100, "scale": "MADRS", "sd_c": 10.0}
    return row(StudyRow, **cells | more)


def record(measure="RR", **more):
    cells = {"measure": measure, "k": 12, "n": 1000, "estimate": 1.4, "ci_low": 1.3, "ci_high": 1.5}
    cells |= {"pi_low": 1.2, "pi_high": 1.6, "i2": 10.0, "tau2": 0.01}
    return row(SynthesisRow, **cells | more)


def score(estimate, low, high, measure="SMD", **more):
    return record(measure, estimate=estimate, ci_low=low, ci_high=high, **more)


def evidence(synthesis=None, studies=None, **more):
    return Evidence(synthesis or record(), [study()] if studies is None else studies, **more)


@pytest.fixture(scope="session")
def by_hand():
    """Return what evidence is made of by hand, and the analyses and thresholds of the tests."""
    return SimpleNamespace(
        **{"judged": judged, "study": study, "record": record, "score": score},
        **{"evidence": evidence, "rob1": ROB1, "configuration": CONFIGURATION},
        limits=CONFIGURATION["response_24h"].certainty,
    )
