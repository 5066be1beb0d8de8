"""A table may be sorted in a spreadsheet: no number hangs on the order of its rows and columns."""

import csv
import random

import pytest

from ketameta.configuration import load
from ketameta.evidence.results import rated_syntheses
from ketameta.ingest.stage import ingest
from ketameta.normalize.stage import normalize
from ketameta.synthesize.stage import synthesize
from ketameta.tables.stages import MADE_KINDS
from ketameta.tables.table import as_dict

from .conftest import QUESTIONS, TABLES
from .rows import tables_of

# what the steps make of the tables for people to read names lines, and lists in their order
NUMBERS = (
    *("effects", "arm_reductions", "syntheses", "sensitivity", "subgroups", "splits", "absolute"),
    *("courses", "asymmetry", "diagnostics", "pair_syntheses", "missing_results", "claim_tests"),
    *("losses", "assumed", "turning_points", "assumed_fields"),
)
# the hash is of the tables as they stand
LINES = {"file", "line", "lines", "rows", "data_hash"}


def shuffled(folder, seed):
    """Write the tables of the tests with rows and columns in another order."""
    choice = random.Random(seed)
    for path in sorted(TABLES.iterdir()):
        with path.open(encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file)
        columns = choice.sample(range(len(header)), len(header))
        choice.shuffle(rows)
        with (folder / path.name).open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([row[i] for i in columns] for row in [header, *rows])


@pytest.fixture(scope="module")
def again(tmp_path_factory):
    """Return what the stages make of the shuffled tables."""
    folder = tmp_path_factory.mktemp("shuffled")
    shuffled(folder, 12)
    found, problems = ingest(folder)
    assert [problem for problem in problems if problem.severity == "error"] == []
    made = tables_of(found)
    questions = load(QUESTIONS)
    for stage in (normalize, synthesize):
        made |= tables_of(stage(made, questions))
    return made


def numbers(rows):
    told = map(as_dict, rows)
    return sorted(repr({k: v for k, v in cells.items() if k not in LINES}) for cells in told)


@pytest.mark.parametrize("table", NUMBERS)
def test_every_number_is_the_same_to_the_last_digit(tables, again, table):
    kind = MADE_KINDS[table]
    assert tables[kind]
    assert numbers(again[kind]) == numbers(tables[kind])


def test_verdicts_and_certainties_are_the_same(records, again, configuration):
    told = {row.analysis: row for row in rated_syntheses(again, configuration)}
    for name, record in records.items():
        assert told[name].verdict == record.verdict, name
        assert told[name].certainty == record.certainty, name
