"""Reference numbers for the tests of the statistics."""

import json
from functools import cache
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
