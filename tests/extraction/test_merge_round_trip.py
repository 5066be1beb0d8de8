"""Merging as a whole: A, B and decisions as files, `ketameta merge`, and what comes out of it."""

import csv
import random
import shutil

import pytest

from ketameta.cli import main
from ketameta.configuration import Configuration, load
from ketameta.extraction.adjudication import content, open_lines
from ketameta.extraction.disagreements import disagreements
from ketameta.extraction.matching import match
from ketameta.extraction.records import Impact
from ketameta.extraction.sides import sides_by_rater, two_sides
from ketameta.ingest.stage import ingest
from ketameta.normalize.stage import normalize
from ketameta.tables.raw import RAW_TABLES

from ..conftest import QUESTIONS, TABLES
from ..rows import tables_of
from .kinds_names import ALL
from .planting import second

TRIALS = 32
# what B then has is no fault where it is taken
SOUND = {
    *("digits_of_a_count_transposed", "other_words", "judgement_turned", "cell_left_out"),
    *("arms_swapped", "sign_lost", "contrast_with_sign_lost", "flag_set", "hour_in_days"),
    *("other_analysis_set", "contrast_turned_round", "contrast_turned_round_but_for_its_sign"),
    *("row_missing", "row_extra", "arm_missing", "arm_extra", "trial_missing", "trial_extra"),
    *("trial_known_by_doi", "arms_named_otherwise"),
    "arm_described_otherwise",
}


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def part(folder):
    """Write some of the trials of the tests, with a column and an order of a person's own."""
    folder.mkdir()
    trials = [row["trial_id"] for row in rows_of(TABLES / "trials.csv")]
    kept = set(random.Random(12).sample(trials, TRIALS))
    for name in RAW_TABLES:
        rows = rows_of(TABLES / f"{name}.csv")
        header = [*rows[0]]
        rows = [row for row in rows if "trial_id" not in row or row["trial_id"] in kept]
        rows = rows if "trial_id" in rows[0] else rows[:9]
        for row in rows:
            row["x_mine"] = "seen, twice"
            if "part_of" in row:
                row["part_of"] = ";".join(p for p in row["part_of"].split(";") if p in kept)
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, [*header, "x_mine"], lineterminator="\r\n")
            writer.writeheader()
            writer.writerows(rows)
    return folder


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """Return the folders of A and B."""
    folder = tmp_path_factory.mktemp("two")
    a = part(folder / "a")
    kinds = [kind for kind in ALL if kind.__name__ in SOUND]
    made = second(a, folder / "b", kinds, 3, noise=0.0)
    assert made.skipped == ()
    return a, made.place


def told(a, b):
    """Return what two folders disagree on."""
    one, other = two_sides(a, b)
    return disagreements(one, other, match(one, other))


@pytest.fixture(scope="module")
def every(two):
    return told(*two)


@pytest.fixture(scope="module")
def to_decide(every):
    return open_lines(Impact(one, (), 0.0, ()) for one in every)


@pytest.fixture
def merge(two, to_decide, tmp_path, capsys):
    """Return a function that writes decisions, merges, and returns status and what is said."""

    def run(decide, out="out", b=None, *words):
        path = tmp_path / "lines.csv"
        made = [{**line, **decide(line)} for line in to_decide]
        path.write_bytes(content(made, ".csv"))
        places = [two[0], b or two[1], path, tmp_path / out]
        status = main(["merge", *map(str, places), "--role", "second reader", *words])
        found = capsys.readouterr()
        return status, found.out + found.err

    return run


def decided(word, **more):
    return {"decision": word, "reason": "read again", "role": "two readers", **more}


def cells(found):
    return {(one.table, one.trial_id, one.column, one.a, one.b) for one in found}


def test_a_throughout_leaves_every_byte_of_a(two, merge, tmp_path):
    assert merge(lambda _: decided("A"))[0] == 0
    for path in two[0].iterdir():
        assert (tmp_path / "out" / path.name).read_bytes() == path.read_bytes()


def test_each_cell_is_as_it_was_decided_and_the_same_again_changes_nothing(
    two, every, merge, tmp_path
):
    choice = random.Random(1)
    words = {}

    def decide(line):
        name = line["id"]
        if name not in words:
            words[name] = "A" if line["column"].startswith("arm") else choice.choice("AB")
            if line["column"] == "events" and line["a"] and choice.random() < 0.5:
                words[name] = "other"
        return decided(words[name], value="2" if words[name] == "other" else "")

    status, said = merge(decide)
    assert status == 0, said
    mine = {one.id: words[one.id] for one in every}
    taken = {"A": [], "B": [], "other": []}
    for one in every:
        taken[mine[one.id]].append(one)
    others = {(o.table, o.trial_id, o.column, o.a, "2") for o in taken["other"] if o.a != "2"}
    assert cells(told(two[0], tmp_path / "out")) == cells(taken["B"]) | others
    left = {(o.table, o.trial_id, o.column, "2", o.b) for o in taken["other"] if o.b != "2"}
    assert cells(told(tmp_path / "out", two[1])) == cells(taken["A"]) | left

    first = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    status, said = merge(decide)
    assert (status, "nothing to do" in said) == (0, True), said
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == first


def test_what_stands_beside_is_not_pooled(two, merge, tmp_path):
    moves = {"events", "change_mean", "sd", "change_sd", "estimate"}
    status, said = merge(lambda line: decided("both" if line["column"] in moves else "A"))
    assert status == 0, said
    assert "stand beside" in said
    questions = Configuration(tuple(load(QUESTIONS))[:9])
    pooled = []
    for folder in (two[0], tmp_path / "out"):
        effects = normalize(tables_of(ingest(folder)[0]), questions)["effects"].to_pylist()
        pooled.append(
            {(e["analysis"], e["trial_id"], e["comparison"], e["yi"], e["vi"]) for e in effects}
        )
    assert pooled[0] == pooled[1]
    assert len(pooled[0]) > 10


def test_the_commands_lead_from_two_extractions_to_one(two, tmp_path, capsys):
    path, out = tmp_path / "lines.csv", tmp_path / "out"
    places = [str(place) for place in (*two, path, out)]
    assert main(["compare", *places[:2], "--no-impact", "--adjudicate", places[2]]) == 10
    made = rows_of(path)
    assert len(made) > 20
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [*made[0]])
        writer.writeheader()
        writer.writerows(line | decided("B") for line in made)
    assert main(["merge", *places]) == 0
    capsys.readouterr()
    assert cells(told(out, two[1])) == set()
    assert cells(told(two[0], out)) != set()
    # names stay those of A, and so do a person's own columns
    before, after = ((at / "trials.csv").read_text(encoding="utf-8") for at in (two[0], out))
    assert after.count("seen, twice") >= before.count("seen, twice") - 1
    assert "study-" not in after


def test_two_raters_in_one_file_are_two_extractions(two, every, tmp_path):
    a, b = (rows_of(at / "outcomes.csv") for at in two)
    rows = [row | {"rater": who} for who, own in (("X", a), ("Y", b)) for row in own]
    random.Random(1).shuffle(rows)
    place = shutil.copytree(two[0], tmp_path / "one")
    header = [name for name in a[0] if name != "x_mine"]
    with (place / "outcomes.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [*header, "rater"], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    x, y = sides_by_rater(place)
    found = cells(disagreements(x, y, match(x, y)))
    # arms that one side alone has, or names otherwise, are of another table
    known = {row["trial_id"] for row in (*a, *b)}
    for own, other in ((a, b), (b, a)):
        arms = {(row["trial_id"], row["arm_id"]) for row in other}
        known -= {r["trial_id"] for r in own if (r["trial_id"], r["arm_id"]) not in arms}
    wanted = {one for one in cells(every) if one[0] == "outcomes" and one[1] in known}
    assert {one for one in found if one[1] in known} == wanted
    assert len(wanted) > 5
