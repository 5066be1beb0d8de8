"""Impacts of disagreements: fits by trial against fits of the whole, order, what is not tried."""

import copy
import math
from dataclasses import replace

import pytest

from ketameta.commands.diff import results_of
from ketameta.configuration import Configuration
from ketameta.evidence.edits import edits
from ketameta.evidence.rated import result_of
from ketameta.evidence.reclaimed import ClaimsToJudge
from ketameta.evidence.references import standing_rows
from ketameta.evidence.refits import RefittedTables
from ketameta.evidence.rows import changed_rows
from ketameta.extraction.impact import ranked_by_impact
from ketameta.extraction.records import Disagreement
from ketameta.extraction.trying import TOLD
from ketameta.tables import RESULT_TABLES
from ketameta.tables.entered import as_entered
from ketameta.tables.identity import decision_name
from ketameta.tables.raw import (
    RAW_KINDS,
    ArmRow,
    ClaimRow,
    ContrastRow,
    OutcomeRow,
    RiskOfBiasRow,
    TrialRow,
)
from ketameta.tables.table import as_dict

from ..rows import tables_of

# of events, of scores, of treated arms beside controls, of reports that share patients, and claims
ASKED = (
    *("response_24h", "depression_24h", "reduction_24h_arm", "depression_4h", "depression_28d"),
    "suicidality_24h",
)
NARROWED = ("response_24h@seen=direct|derived", "response_24h@population=TRD")
CLAIMS = ("relief_within_hours", "symptoms_halved_24h")
MISSING = {"trial_id": "canuso2018", "outcome": "depression_score", "timepoint_h": 24.0}
TRIALS = (
    *("berman2000", "canuso2018", "correiamelo2020", "daly2018", "dwyer2021", "fedgchin2019"),
    *("grunebaum2018", "hu2016", "keilp2021cog", "lapidus2014", "li2016", "murrough2013a"),
    *("ochsross2020", "popova2019", "price2014", "singh2016", "su2017", "talati2019"),
    *("transform12pooled", "zarate2006", "zarate2012"),
)


@pytest.fixture(scope="module")
def a(tables):
    own = {name: [*map(as_dict, tables[RAW_KINDS[name]])] for name in RESULT_TABLES}
    for name in set(RESULT_TABLES) - {"claims", "published"}:
        own[name] = [row for row in own[name] if row["trial_id"] in TRIALS]
    own["claims"] = [row for row in own["claims"] if row["claim_id"] in CLAIMS]
    own["contrasts"].remove(find(own, "contrasts", **MISSING))
    return own


@pytest.fixture(scope="module")
def asked(a, configuration):
    whole = Configuration(tuple(configuration[name] for name in ASKED))
    return whole.asked([*NARROWED, *(row["analysis"] for row in a["claims"])])


@pytest.fixture(scope="module")
def base(a):
    return RefittedTables(tables_of(a))


@pytest.fixture
def b(a):
    return copy.deepcopy(a)


def find(tables, table, **cells):
    return next(r for r in tables[table] if all(r[name] == cell for name, cell in cells.items()))


def enter(row, **cells):
    """Edit cells as a person would: the typed value and the text."""
    entered = dict(row["entered"])
    for name, value in cells.items():
        row[name] = value
        entered[name] = "" if value is None else str(value)
    row["entered"] = as_entered(entered)


def edits_of(old, new):
    return edits(changed_rows(tables_of(old), tables_of(new)), RESULT_TABLES)


def disagreement(edit):
    """Return an edit as the comparison of two extractions hands it on."""
    change = edit.changes[0]
    cell = change.cells[0] if change.cells else None
    said = (cell.column, cell.old, cell.new) if cell else ("", "", "")
    row = decision_name(change.table, change.row.entered)
    return Disagreement(change.table, edit.trial, row, *said, change.place, "", "", "", edit)


def impacts(a, b, configuration):
    return ranked_by_impact(
        tables_of(a), [disagreement(edit) for edit in edits_of(a, b)], configuration
    )


# what an edit does to the tables, by what it is


def without(table, **cells):
    return lambda t: t[table].remove(find(t, table, **cells))


def put(table, cells, **new):
    return lambda t: enter(find(t, table, **cells), **new)


def without_trial(trial):
    def edit(tables):
        for name in tables:
            tables[name] = [row for row in tables[name] if row.get("trial_id") != trial]

    return edit


def one_row_more(tables):
    row = copy.deepcopy(find(tables, "contrasts", **{**MISSING, "timepoint_h": 576.0}))
    enter(row, timepoint_h=24.0)
    row["line"] = 1 + max(each["line"] for each in tables["contrasts"])
    tables["contrasts"].append(row)


RESPONSE = {"trial_id": "murrough2013a", "arm_id": "ketamine_0.5", "outcome": "response"}
UNSAID = {"trial_id": "canuso2018", "outcome": "suicidality_score", "p_value": "NS"}
POSTER = {"seen": "secondary", "source": "Encephale 2017 e-poster 166"}
EDITS = {
    "a count": put("outcomes", RESPONSE, events=20),
    "a row less": without("outcomes", **RESPONSE),
    "a row more": one_row_more,
    "a trial less": without_trial("zarate2006"),
    "reports of others' patients": without_trial("transform12pooled"),
    "shared patients": put("trials", {"trial_id": "zarate2012"}, part_of="zarate2006"),
    "another population": put("trials", {"trial_id": "grunebaum2018"}, population="TRD"),
    "another route": put("arms", {"trial_id": "lapidus2014", "treatment": "ketamine"}, route="SC"),
    "a flag": put("outcomes", RESPONSE, flag="do-not-pool"),
    "a source that another trial rests on": put("outcomes", RESPONSE, **POSTER),
    "a p-value alone": put("contrasts", UNSAID, p_value="0.01"),
    "a judgement": put("risk_of_bias", {"trial_id": "murrough2013a"}, judgement="high"),
    "an answer": put("rob2_answers", {"trial_id": "singh2016", "question": "5.3"}, answer="Y"),
}
# the rest moves estimates
OF_CERTAINTY = ("a p-value alone", "a judgement", "an answer")


@pytest.fixture(scope="module")
def before(a, asked):
    return results_of(tables_of(a), asked)


@pytest.fixture(scope="module", params=EDITS)
def tried(request, a, asked):
    """Return the edit, and what all stages make of the tables with it."""
    b = copy.deepcopy(a)
    EDITS[request.param](b)
    (edit,) = edits_of(a, b)
    return request.param, edit, results_of(tables_of(b), asked)


def test_fits_by_trial_are_those_of_the_whole_to_the_last_digit(tried, base, asked):
    _, edit, whole = tried
    after = base.edited(edit)
    for row in whole.syntheses:
        assert result_of(after.rated(asked[row.analysis])) == result_of(row)


def test_what_an_edit_reaches_is_among_the_outcomes_of_its_trials(tried, base, asked):
    name, edit, _ = tried
    after = base.edited(edit)
    other = {x.select.outcome for x in asked if after.rated(x) is not base.rated(x)}
    assert other
    assert other <= after.outcomes
    pooled = {x.name for x in asked if after.fit(x) is not base.fit(x)}
    assert bool(pooled) == (name not in OF_CERTAINTY)


def test_claims_are_judged_as_from_the_whole(tried, a, base, asked):
    _, edit, whole = tried
    assert ClaimsToJudge(tables_of(a)[ClaimRow], asked).verdicts(base.edited(edit)) == whole.claims


def test_a_fit_leaves_the_tables_as_they_were(base, before, asked):
    for row in before.syntheses:
        assert result_of(base.rated(asked[row.analysis])) == result_of(row)


# the order


def several(b):
    """Make edits that turn a verdict, a claim, a certainty, nothing, and one that moves nothing."""
    put("outcomes", RESPONSE, events=5)(b)
    without("contrasts", **{**MISSING, "timepoint_h": 4.0})(b)
    put("risk_of_bias", {"trial_id": "murrough2013a"}, judgement="high")(b)
    put("outcomes", {**RESPONSE, "arm_id": "midazolam_0.045"}, events=8)(b)
    put("trials", {"trial_id": "daly2018"}, funding="public")(b)


def told(found):
    return [(i.disagreement.table, i.disagreement.trial_id, i.disagreement.column) for i in found]


def test_what_turns_comes_before_what_moves_and_that_before_what_does_nothing(a, b, asked):
    several(b)
    found = impacts(a, b, asked)
    moved = [bool(i.moves) for i in found]
    assert moved == sorted(moved, reverse=True)
    keys = [
        (
            sum(move.flipped for move in i.moves) + sum(claim.flipped for claim in i.claims),
            len(i.flips) - sum(move.flipped for move in i.moves),
            math.inf if i.shift is None else i.shift,
        )
        for i in found
    ]
    assert keys == sorted(keys, reverse=True)
    assert keys[0][0] > 0
    assert [key for key in keys if not key[0] and key[1]]
    assert [key for key in keys if key[:2] == (0, 0) and key[2]]
    assert found[-1].analyses == found[-1].flips == ()
    assert found[-1].shift == 0.0


def test_the_order_hangs_on_no_order_of_lines_or_disagreements(a, b, asked):
    several(b)
    found = impacts(a, b, asked)
    turned = {name: rows[::-1] for name, rows in a.items()}
    others = [disagreement(edit) for edit in edits_of(turned, b)][::-1]
    assert told(ranked_by_impact(tables_of(turned), others, asked)) == told(found)
    assert [i.shift for i in ranked_by_impact(tables_of(turned), others, asked)] == [
        i.shift for i in found
    ]


def test_the_shift_is_the_largest_of_all_analyses_whichever_way(a, b, before, asked):
    put("outcomes", RESPONSE, events=24)(b)
    (found,) = impacts(a, b, asked)
    sides = (before, results_of(tables_of(b), asked))
    old, new = ({row.analysis: row for row in side.syntheses} for side in sides)
    by_hand = {
        name: abs(new[name].estimate_log - row.estimate_log) / row.se
        for name, row in old.items()
        if row.estimate_log is not None and new[name].estimate_log != row.estimate_log
    }
    assert len(by_hand) > 1
    assert set(found.analyses) == by_hand.keys()
    assert found.shift == pytest.approx(max(by_hand.values()), rel=1e-9)
    assert {m.analysis: abs(m.in_se) for m in found.moves} == pytest.approx(by_hand, rel=1e-9)


def test_to_lose_the_only_estimate_counts_as_the_largest_shift(a, b, configuration):
    few = Configuration((configuration["reduction_24h_arm"],))
    without_trial("daly2018")(b)
    without_trial("correiamelo2020")(b)
    first, second = impacts(a, b, few)
    narrowed = "reduction_24h_arm@population=TRD&route=IV"
    # claims ask for the narrowed analysis, whose only trial goes
    assert (first.disagreement.trial_id, first.shift) == ("correiamelo2020", None)
    assert set(first.analyses) == {narrowed, "reduction_24h_arm"}
    # to be rated no more is no other certainty
    assert narrowed not in first.flips
    assert (second.disagreement.trial_id, second.analyses) == ("daly2018", ("reduction_24h_arm",))
    assert second.shift > 0


def test_claims_that_turn_are_told_with_what_turns_them(a, b, before, asked):
    several(b)
    found = {i.disagreement.edit.name: i for i in impacts(a, b, asked)}
    for edit in edits_of(a, b):
        own = found[edit.name]
        after = ClaimsToJudge(tables_of(a)[ClaimRow], asked).verdicts(
            RefittedTables(tables_of(a)).edited(edit)
        )
        assert {c.claim_id: (c.old, c.new) for c in own.claims} == {
            claim: (was, after[claim])
            for claim, was in before.claims.items()
            if was != after[claim]
        }
    assert any(impact.claims for impact in found.values())


# what is not tried


def test_cells_that_people_read_come_before_no_fit_and_move_none(a, b, base, asked):
    for name, rows in b.items():
        for row in rows:
            enter(row, **{c: "other" for c in TOLD if c in RESULT_TABLES[name].names})
    other = RefittedTables(tables_of(b))
    for analysis in asked:
        assert other.rated(analysis) == base.rated(analysis)
    changed = [c.column for edit in edits_of(a, b) for c in edit.changes[0].cells]
    assert {"note", "locator", "label", "arm_label", "support"} <= set(changed) <= set(TOLD)


@pytest.mark.parametrize(
    ("table", "cells", "new", "problem"),
    [
        ("outcomes", "RESPONSE", {"arm_id": "gone"}, "needs another edit: arm gone of"),
        ("trials", "", {"part_of": "gone"}, "needs another edit: trial gone"),
        ("trials", "", {"part_of": "price2014"}, "needs another edit: trial murrough2013a would"),
        ("trials", "", {"part_of": "zarate2006"}, ""),
        ("outcomes", "RESPONSE", {"events": None}, ""),
        ("outcomes", "RESPONSE", {"outcome": None}, "outcome of B is empty"),
    ],
)
def test_an_edit_that_does_not_stand_says_what_it_lacks(a, b, asked, table, cells, new, problem):
    put(table, RESPONSE if cells else {"trial_id": "murrough2013a"}, **new)(b)
    (found,) = impacts(a, b, asked)
    assert found.problem.startswith(problem)
    assert bool(found.problem) == bool(problem)
    assert (found.shift is None) == bool(problem)


def test_a_cell_of_b_with_a_fault_is_not_tried_and_one_of_a_is(a, b, asked):
    enter(find(b, "outcomes", **RESPONSE), events="3O")
    find(b, "outcomes", **RESPONSE)["events"] = None
    (found,) = impacts(a, b, asked)
    assert found.problem == "events of B has a fault: 3O"
    (turned,) = impacts(b, a, asked)
    assert turned.problem == ""
    assert "response_24h" in turned.analyses


def test_a_row_of_a_that_lacks_what_it_must_have_is_made_whole_by_b(a, b, base, asked):
    row = find(b, "outcomes", **RESPONSE)
    row["outcome"] = None  # a word that nobody knows
    row["entered"] = {**row["entered"], "outcome": "responce"}
    (found,) = impacts(b, a, asked)
    (edit,) = edits_of(b, a)
    after = RefittedTables(standing_rows(tables_of(b))).edited(edit)
    name = asked["response_24h"]
    assert "response_24h" in found.analyses
    assert after.fit(name).estimate == base.fit(name).estimate


def test_a_fault_of_a_is_not_laid_on_b(a, b, asked):
    # of two cells that differ in a row of A one has a fault, which B's other cell does not mend
    for column, fault in (("events", "3O"), ("seen", "red")):
        old, new = copy.deepcopy(a), copy.deepcopy(a)
        row = find(old, "outcomes", **RESPONSE)
        row["entered"] = {**row["entered"], column: fault}
        row[column] = None
        enter(find(new, "outcomes", **RESPONSE), n=46)
        (edit,) = edits_of(old, new)
        (change,) = edit.changes
        entered = {**row["entered"], "n": "46"}
        other = replace(change.old, n=46, entered=entered)
        cells = tuple(cell for cell in change.cells if cell.column == "n")
        edit = replace(edit, changes=(replace(change, new=other, cells=cells),))
        (found,) = ranked_by_impact(tables_of(old), [disagreement(edit)], asked)
        need = "needs another edit: seen of the same row"
        assert (found.problem, found.analyses) == (need if column == "seen" else "", ())


def test_what_could_not_be_tried_comes_between_what_moves_and_what_does_not(a, b, asked):
    put("outcomes", RESPONSE, events=24)(b)
    put("trials", {"trial_id": "su2017"}, part_of="gone")(b)
    put("trials", {"trial_id": "daly2018"}, country="other")(b)
    assert told(impacts(a, b, asked)) == [
        ("outcomes", "murrough2013a", "events"),
        ("trials", "su2017", "part_of"),
        ("trials", "daly2018", "country"),
    ]


def test_rows_that_stand_lose_nothing_and_those_at_fault_take_others_along(a, b):
    whole, stands = tables_of(a), standing_rows(tables_of(a))
    assert all(stands[RAW_KINDS[name]] == whole[RAW_KINDS[name]] for name in RESULT_TABLES)
    find(b, "arms", trial_id="murrough2013a", arm_id="ketamine_0.5")["treatment"] = None
    put("trials", {"trial_id": "murrough2013a"}, part_of="price2014")(b)
    left = standing_rows(tables_of(b))
    gone = {row["trial_id"] for row in a["trials"]} - {row.trial_id for row in left[TrialRow]}
    # each is part of the other
    assert gone == {"murrough2013a", "price2014"}
    for kind in (ArmRow, OutcomeRow, ContrastRow, RiskOfBiasRow):
        assert not gone & {row.trial_id for row in left[kind]}
