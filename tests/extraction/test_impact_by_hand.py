"""Impacts against refits by hand: the cell is edited in the file and every stage is run again."""

import csv
import math

import pytest

from ketameta.configuration import Configuration, load
from ketameta.evidence.results import rated_syntheses
from ketameta.extraction.disagreements import disagreements
from ketameta.extraction.impact import ranked_by_impact
from ketameta.extraction.matching import match
from ketameta.extraction.sides import two_sides
from ketameta.ingest.stage import ingest
from ketameta.normalize.stage import normalize
from ketameta.synthesize.stage import synthesize

from ..conftest import QUESTIONS, SMALL_TRIALS, TABLES
from ..rows import tables_of

ASKED = ("response_24h", "response_24h_arm", "remission_24h", "depression_24h", "dropout")


def write(folder, edit=None):
    """Write the tables of a few trials, edited."""
    tables = {}
    for path in TABLES.iterdir():
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        header = [*rows[0]]
        keep = SMALL_TRIALS if "trial_id" in header else ()
        tables[path.name] = header, [row for row in rows if row.get("trial_id") in keep]
    if edit:
        edit({name.removesuffix(".csv"): rows for name, (_, rows) in tables.items()})
    folder.mkdir()
    for name, (header, rows) in tables.items():
        with (folder / name).open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, header)
            writer.writeheader()
            writer.writerows(rows)
    return folder


def results(folder, questions):
    """Return what the stages make of a folder, by analysis."""
    made = tables_of(ingest(folder)[0])
    for stage in (normalize, synthesize):
        made |= tables_of(stage(made, questions))
    return {row.analysis: row for row in rated_syntheses(made, questions)}


def find(rows, **cells):
    return next(row for row in rows if all(row[name] == cell for name, cell in cells.items()))


def put(table, column, cell, **cells):
    return lambda tables: find(tables[table], **cells).update({column: cell})


def without_trial(trial):
    def edit(tables):
        for rows in tables.values():
            rows[:] = [row for row in rows if row.get("trial_id") != trial]

    return edit


def without_row(table, **cells):
    return lambda tables: tables[table].remove(find(tables[table], **cells))


RESPONSE = {"trial_id": "murrough2013a", "arm_id": "ketamine_0.5", "outcome": "response"}
REMISSION = {"trial_id": "zarate2006", "arm_id": "ketamine_0.5", "outcome": "remission"}
EDITS = {
    "a count": put("outcomes", "events", "24", **RESPONSE),
    "a count that turns": put("outcomes", "events", "9", **RESPONSE),
    "another people": put("outcomes", "n", "41", **RESPONSE),
    "one count more": put("outcomes", "events", "8", **{**RESPONSE, "arm_id": "midazolam_0.045"}),
    "a trial less": without_trial("zarate2006"),
    "the only estimate": without_row("outcomes", **REMISSION),
    "a word that no analysis reads": put("trials", "funding", "industry", trial_id="murrough2013a"),
    "another population": put("trials", "population", "pain", trial_id="murrough2013a"),
    "a judgement": put("risk_of_bias", "judgement", "high", trial_id="murrough2013a"),
}

TURNING = ("a count that turns", "a trial less", "another population", "a judgement")


@pytest.fixture(scope="module")
def questions():
    whole = load(QUESTIONS)
    return Configuration(tuple(whole[name] for name in ASKED))


@pytest.fixture(scope="module")
def base(tmp_path_factory, questions):
    folder = write(tmp_path_factory.mktemp("by-hand") / "a")
    return folder, results(folder, questions)


def scaled(row):
    """Return an estimate on the scale on which it was pooled."""
    return row.estimate if row.estimate_log is None else row.estimate_log


def position(row):
    """Return where an interval lies: 1 above no effect, -1 below, 0 around; None without one."""
    if row.ci_low is None or row.measure not in ("RR", "SMD"):
        return None
    none = 1.0 if row.measure == "RR" else 0.0
    return (row.ci_low > none) - (row.ci_high < none)


def turns(old, new):
    """Say whether a verdict or certainty turns; to gain a first estimate is no turn."""
    before, after = position(old), position(new)
    grades = old.certainty, new.certainty
    regraded = grades[0] != grades[1] and "not rated" not in grades
    return (before is not None and before != (after or 0)) or regraded


def by_hand(old, new):
    """Return the analyses that move, the largest shift in standard errors, and those that turn."""
    moved, shifts = set(), [0.0]
    for name, before in old.items():
        ends = scaled(before), scaled(new[name])
        if ends[0] != ends[1] or before.se != new[name].se:
            moved.add(name)
            both = None not in ends
            shifts.append(abs(ends[1] - ends[0]) / before.se if both else math.inf)
    turned = {name for name, before in old.items() if turns(before, new[name])}
    return moved | turned, max(shifts), turned


@pytest.fixture(scope="module", params=EDITS)
def tried(request, base, tmp_path_factory, questions):
    """Return the impact of an edit, and what it does by hand."""
    folder, old = base
    edited = write(tmp_path_factory.mktemp("by-hand") / "b", EDITS[request.param])
    a, b = two_sides(folder, edited)
    (impact,) = ranked_by_impact(a.tables, disagreements(a, b, match(a, b)), questions)
    return request.param, impact, by_hand(old, results(edited, questions))


def test_the_impact_is_that_of_the_edit_made_in_the_file(tried):
    _, impact, (moved, shift, turned) = tried
    assert set(impact.analyses) == moved
    assert set(impact.flips) == turned
    assert (math.inf if impact.shift is None else impact.shift) == pytest.approx(shift, rel=1e-9)
    assert impact.problem == ""


def test_the_edits_do_what_they_are_for(tried):
    name, _, (moved, shift, turned) = tried
    assert bool(moved) == (name != "a word that no analysis reads")
    assert (shift == math.inf) == (
        name in ("the only estimate", "a trial less", "another population")
    )
    assert bool(turned) == (name in TURNING)


def test_to_gain_a_first_estimate_is_told_as_such(base, tmp_path, questions):
    folder, _ = base
    a, b = two_sides(write(tmp_path / "b", EDITS["the only estimate"]), folder)
    (impact,) = ranked_by_impact(a.tables, disagreements(a, b, match(a, b)), questions)
    assert (impact.analyses, impact.shift) == (("remission_24h",), None)


def without_both(tables):
    for arm in ("ketamine_0.5", "saline"):
        without_row("outcomes", **{**REMISSION, "arm_id": arm, "timepoint_h": "24"})(tables)


def test_a_new_row_is_tried_with_those_of_the_other_arms_at_its_place(base, tmp_path, questions):
    folder, new = base
    fewer = write(tmp_path / "a", without_both)
    a, b = two_sides(fewer, folder)
    found = ranked_by_impact(a.tables, disagreements(a, b, match(a, b)), questions)
    moved, _, _ = by_hand(results(fewer, questions), new)
    assert moved == {"remission_24h"}
    # a control alone compares nothing
    assert [(set(i.analyses), i.disagreement.row.split(" / ")[1]) for i in found] == [
        (moved, "ketamine_0.5"),
        (moved, "saline"),
    ]


def test_a_new_row_is_tried_without_one_of_its_place_that_has_a_fault(tmp_path, questions):
    fault = put("outcomes", "events", "some", **{**REMISSION, "arm_id": "saline"})
    a, b = two_sides(write(tmp_path / "a", without_both), write(tmp_path / "b", fault))
    found = ranked_by_impact(a.tables, disagreements(a, b, match(a, b)), questions)
    told = {i.disagreement.row.split(" / ")[1]: i.problem for i in found}
    assert told == {"ketamine_0.5": "", "saline": "events of B has a fault: some"}


def test_those_that_turn_a_verdict_come_first_then_the_largest_shift(base, tmp_path, questions):
    def all_at_once(tables):
        for name in ("a word that no analysis reads", "a judgement", "a count", "one count more"):
            EDITS[name](tables)

    folder, _ = base
    a, b = two_sides(folder, write(tmp_path / "b", all_at_once))
    told = disagreements(a, b, match(a, b))
    cells = [
        (i.disagreement.column, i.disagreement.b)
        for i in ranked_by_impact(a.tables, told, questions)
    ]
    assert cells == [
        ("judgement", "high"),
        ("events", "24"),
        ("events", "8"),
        ("funding", "industry"),
    ]
    turned = ranked_by_impact(a.tables, told[::-1], questions)
    assert [(i.disagreement.column, i.disagreement.b) for i in turned] == cells
