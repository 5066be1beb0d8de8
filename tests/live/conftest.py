"""The project's own tables and questions as they are today, and as an analyst may leave them."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from ketameta.configuration import Configuration, load
from ketameta.evidence.results import rated_syntheses
from ketameta.ingest.stage import ingest
from ketameta.normalize.stage import normalize
from ketameta.synthesize.stage import synthesize
from ketameta.tables.raw import ClaimRow
from ketameta.vocabulary import subject, use
from ketameta.vocabulary.narrowing import named

from ..rows import tables_of
from .edits import EDITS, write_edited

ROOT = Path(__file__).parents[2]
RAW, CONFIG = ROOT / "data" / "raw", ROOT / "workflow" / "config" / "analyses.yaml"


@dataclass(frozen=True)
class Place:
    """Tables and questions on disk: `raw` is a folder, `config` the file of questions."""

    name: str
    raw: Path
    config: Path


PINNED, TODAY = "tables-of-the-tests", "as-they-are"
EDITED = [pytest.param(name, marks=pytest.mark.slow) for name in EDITS]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    """Take the words that the place of a test is written in for as long as it runs."""
    # the hook is asked of every test, wherever it stands
    here = item.path.parent == Path(__file__).parent
    before, called = subject(), getattr(item, "callspec", None)
    pinned = not here or called is None or called.params.get("place", PINNED) == PINNED
    folder = before if pinned else CONFIG.parent
    if folder != before:
        use(folder)
    try:
        return (yield)
    finally:
        if folder != before:
            use(before)


@pytest.fixture(scope="session", params=[PINNED, TODAY, *EDITED])
def place(request, tmp_path_factory):
    """Return each of the places where the tests of this folder look."""
    name = request.param
    if name == PINNED:
        return Place(name, ROOT / "tests" / "tables", ROOT / "tests" / "analyses.yaml")
    if name == TODAY:
        return Place(name, RAW, CONFIG)
    return Place(name, *write_edited(name, RAW, CONFIG, tmp_path_factory.mktemp("edited")))


@pytest.fixture(scope="session")
def configuration(place, tables) -> Configuration:
    return load(place.config).asked(named(claim.analysis for claim in tables[ClaimRow]))


@pytest.fixture(scope="session")
def tables(place):
    """Return what each stage makes of the tables, in memory."""
    configuration = load(place.config)

    found = tables_of(ingest(place.raw)[0])
    found |= tables_of(normalize(found, configuration))
    return found | tables_of(synthesize(found, configuration))


@pytest.fixture(scope="session")
def records(tables, configuration):
    return {row.analysis: row for row in rated_syntheses(tables, configuration)}
