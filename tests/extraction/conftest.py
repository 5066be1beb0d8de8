"""A planted second extraction of the tests' tables, made once for all tests of a module."""

import pytest

from ..conftest import TABLES
from .kinds_names import ALL
from .planting import second

# of each one second extraction
SEEDS = (1, 3)


@pytest.fixture(scope="package", params=SEEDS)
def planted(request, tmp_path_factory):
    """Return a second extraction of the tests' tables and what is to be said of it."""
    folder = tmp_path_factory.mktemp("planted") / "second"
    return second(TABLES, folder, ALL, request.param)
