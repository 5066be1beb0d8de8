"""What the last run found is taken again where nothing that it is made from changed."""

import pickle
from pathlib import Path

import pytest
import yaml

from ketameta import freshness, memo
from ketameta.configuration import CONFIG
from ketameta.storage import parquet_of, read_table
from ketameta.synthesize.courses import AskedCourse

from .conftest import SMALL
from .test_state import CELL, MADE, OTHER, OUTCOMES, bytes_of, cut, step

EVENTS = [name for name in SMALL if name.startswith("response")]


@pytest.fixture
def anew(small, monkeypatch):
    """Return what pools in the small project, built: the names of what is fitted, and the bytes.

    A time course is told with that word before its name.
    """
    monkeypatch.chdir(small.folder)
    monkeypatch.delenv(freshness.ANEW, raising=False)
    asked = []

    def shared(work, items, processes):
        asked.extend(told(item) for item in items)
        # what is not told to a question is not known where it is answered
        return [work(pickle.loads(pickle.dumps(item))) for item in items]

    monkeypatch.setattr(memo, "shared", shared)

    def run():
        asked.clear()
        for name in ("ingest", "normalize", "synthesize"):
            assert step(name) == 0
        return list(asked), bytes_of(MADE)

    return run


@pytest.fixture
def whole(anew, monkeypatch):
    """Return the bytes that all of the stage has when it is made anew."""

    def forced():
        with monkeypatch.context() as told:
            told.setenv(freshness.ANEW, "synthesize")
            asked, found = anew()
        assert asked == [*analyses(), *courses()]
        return found

    return forced


def analyses():
    return [*yaml.safe_load(CONFIG.read_text(encoding="utf-8"))["analyses"]]


def courses(outcome=None):
    blocks = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))["courses"]
    return [f"course {n}" for n, own in blocks.items() if outcome in (None, own["outcome"])]


def told(item):
    return f"course {item.course.name}" if isinstance(item, AskedCourse) else item.analysis.name


def configured(change, part="analyses"):
    content = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    change(content[part])
    CONFIG.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True), "utf-8")


def test_a_cell_pools_the_analyses_that_it_is_in(small, anew, whole):
    small.edit(OUTCOMES, CELL, OTHER)
    asked, found = anew()
    assert asked == [*EVENTS, *courses("response")]
    assert courses("response") != courses()
    assert found == whole()
    # and the list of a run that took what it knew is as good for the next
    small.edit(OUTCOMES, OTHER, CELL)
    assert anew()[0] == [*EVENTS, *courses("response")]


def test_a_changed_model_pools_its_analysis(anew, whole):
    configured(lambda found: found["depression_24h"].update(tau2="PM"))
    asked, found = anew()
    assert asked == ["depression_24h"]
    assert found == whole()


def test_a_changed_course_fits_itself_alone(anew, whole):
    first, *_ = courses()
    name = first.removeprefix("course ")
    configured(lambda found: found[name].update(lag=100), "courses")
    asked, found = anew()
    assert asked == [first]
    assert found == whole()
    # what only a page tells of it is no part of its fit
    configured(lambda found: found[name].update(title="Over time"), "courses")
    assert anew() == ([], found)


def test_an_analysis_goes_and_comes(anew, whole):
    gone = {}
    configured(lambda found: gone.update(response_24h_arm=found.pop("response_24h_arm")))
    asked, found = anew()
    assert asked == []
    assert found == whole()
    configured(lambda found: found.update(gone))
    assert anew()[0] == ["response_24h_arm"]


@pytest.mark.parametrize("part", ["_version", "_code_hash"])
def test_other_code_or_packages_pool_all(small, anew, monkeypatch, part):
    before = getattr(freshness, part)
    of = {"_version": "scipy", "_code_hash": freshness.PACKAGE / "stats" / "univariate" / "tau2.py"}
    monkeypatch.setattr(freshness, part, lambda x: "other" if x == of[part] else before(x))
    small.edit(OUTCOMES, CELL, OTHER)
    assert anew()[0] == [*SMALL, *courses()]


def other_rows(path):
    path.write_bytes(parquet_of(read_table(path).slice(1)))


@pytest.mark.parametrize("harm", [cut, other_rows, Path.unlink])
@pytest.mark.parametrize("table", ["syntheses", "sensitivity"])
def test_a_table_that_is_not_as_written_is_not_believed(small, anew, whole, table, harm):
    small.edit(OUTCOMES, CELL, OTHER)
    harm(MADE / f"{table}.parquet")
    asked, found = anew()
    assert asked == [*SMALL, *courses("response")]
    assert found == whole()
