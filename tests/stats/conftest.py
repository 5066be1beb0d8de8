"""Reference numbers for the tests of the statistics."""

import json
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

REFERENCE = Path(__file__).parents[1] / "reference"


@cache
def load(name):
    return json.loads((REFERENCE / f"{name}.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def reference():
    """Return a loader: reference("univariate") is tests/reference/univariate.json."""
    return load


@pytest.fixture(scope="session")
def bcg(reference):
    """Return effects and variances of the 13 BCG trials, log risk ratio."""
    case = reference("univariate")["cases"]["bcg_rr"]
    return np.array(case["yi"]), np.array(case["vi"])


def pytest_generate_tests(metafunc):
    """Run a test on every public data set: `univariate`, and `moderated` where there is an x."""
    cases = load("univariate")["cases"]
    if "univariate" in metafunc.fixturenames:
        metafunc.parametrize("univariate", cases.values(), ids=cases.keys())
    if "moderated" in metafunc.fixturenames:
        some = {name: case["regression"] for name, case in cases.items() if "regression" in case}
        metafunc.parametrize("moderated", some.values(), ids=some.keys())


@pytest.fixture(scope="session")
def contrasts(reference):
    """Return the contrasts of a network of tests/reference/network.json, as a fit takes them."""

    def of(name, base=0, shift=False):
        """Contrasts of each trial against its arm `base`, or each arm against the one before."""
        arms = reference("network")[name]["arms"]
        study, treatment = np.array(arms["study"]).astype(str), np.array(arms["treatment"])
        y, v = np.array(arms["effect"]), np.array(arms["variance"])
        pairs = []
        for label in dict.fromkeys(study):
            rows = list(np.flatnonzero(study == label))
            against = rows[base]
            pairs += pairwise(rows) if shift else [(row, against) for row in rows if row != against]
        one, other = np.array(pairs).T
        C = (one[:, None] == np.arange(y.size)).astype(float) - (
            other[:, None] == np.arange(y.size)
        )
        return C @ y, C @ np.diag(v) @ C.T, study[one], treatment[one], treatment[other]

    return of
