"""The record of each estimator of tau² against the functions, the reference and the references."""

import json
import re
from pathlib import Path

import pytest

from ketameta.estimators import ESTIMATORS
from ketameta.report.references import REFERENCES
from ketameta.stats.univariate import tau2


def test_each_has_a_function():
    assert list(ESTIMATORS) == list(tau2.ESTIMATORS)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_its_source_is_listed(name):
    for source in re.findall(r"\((.*?)\)", ESTIMATORS[name].words):
        assert source in REFERENCES


def test_those_of_metafor_are_held_against_it():
    kept = Path(__file__).parent / "reference" / "univariate.json"
    cases = json.loads(kept.read_text(encoding="utf-8"))["cases"].values()
    known = {estimator.metafor for estimator in ESTIMATORS.values()} - {None}
    assert all(set(case["fits"]) == known for case in cases)
