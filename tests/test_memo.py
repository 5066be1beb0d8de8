"""What the last run found is taken again where nothing that it is made from changed."""

import pickle
from pathlib import Path

import pytest
import yaml

from ketameta import freshness, memo
from ketameta.configuration import CONFIG
from ketameta.storage import parquet_of, read_table
from ketameta.synthesize.courses import AskedCourse
from ketameta.synthesize.networks import AskedNetwork

from .conftest import SMALL
from .test_state import CELL, MADE, OTHER, OUTCOMES, bytes_of, cut, step

EVENTS = [name for name in SMALL if name.startswith("response")]


@pytest.fixture
def anew(small, monkeypatch):
    """Return what pools in the small project, built: the names of what is fitted, and the bytes.

    A time course or network is told with that word before its name.
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
        assert asked == [*analyses(), *joint()]
        return found

    return forced


def analyses():
    return [*yaml.safe_load(CONFIG.read_text(encoding="utf-8"))["analyses"]]


def joint(outcome=None):
    content = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    return [
        f"{word} {name}"
        for word in ("course", "network")
        for name, own in content[f"{word}s"].items()
        if outcome in (None, own["outcome"])
    ]


def told(item):
    if isinstance(item, AskedCourse):
        return f"course {item.course.name}"
    if isinstance(item, AskedNetwork):
        return f"network {item.network.name}"
    return item.analysis.name


def configured(change, part="analyses"):
    content = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    change(content[part])
    CONFIG.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True), "utf-8")


def test_a_cell_pools_the_analyses_that_it_is_in(small, anew, whole):
    small.edit(OUTCOMES, CELL, OTHER)
    asked, found = anew()
    assert asked == [*EVENTS, *joint("response")]
    assert joint("response") != joint()
    assert found == whole()
    # and the list of a run that took what it knew is as good for the next
    small.edit(OUTCOMES, OTHER, CELL)
    assert anew()[0] == [*EVENTS, *joint("response")]


def test_a_changed_model_pools_its_analysis(anew, whole):
    configured(lambda found: found["depression_24h"].update(tau2="PM"))
    asked, found = anew()
    assert asked == ["depression_24h"]
    assert found == whole()


@pytest.mark.parametrize(
    ("word", "change"), [("course", {"lag": 100}), ("network", {"interval": "wald"})]
)
def test_a_changed_course_or_network_fits_itself_alone(anew, whole, word, change):
    first = next(one for one in joint() if one.startswith(word))
    name = first.removeprefix(f"{word} ")
    configured(lambda found: found[name].update(change), f"{word}s")
    asked, found = anew()
    assert asked == [first]
    assert found == whole()
    # what only a page tells of it is no part of its fit
    configured(lambda found: found[name].update(title="Another title"), f"{word}s")
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
    assert anew()[0] == [*SMALL, *joint()]


def other_rows(path):
    path.write_bytes(parquet_of(read_table(path).slice(1)))


@pytest.mark.parametrize("harm", [cut, other_rows, Path.unlink])
@pytest.mark.parametrize("table", ["syntheses", "sensitivity"])
def test_a_table_that_is_not_as_written_is_not_believed(small, anew, whole, table, harm):
    small.edit(OUTCOMES, CELL, OTHER)
    harm(MADE / f"{table}.parquet")
    asked, found = anew()
    assert asked == [*SMALL, *joint("response")]
    assert found == whole()
