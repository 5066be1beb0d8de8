"""Change between versions: rows, estimates, conclusions, causes, and the log of releases."""

import copy
import json
import math
import os
import subprocess
from dataclasses import replace

import pytest
import yaml

from ketameta import steps
from ketameta.cli import main
from ketameta.commands import builds, versions
from ketameta.commands.diff import results_of
from ketameta.commands.results import read_results
from ketameta.commands.revisions import DiffError, NoSuchVersionError
from ketameta.configuration import Configuration
from ketameta.evidence import releases
from ketameta.evidence.attribution import attribute
from ketameta.evidence.changes import Change, Code, compare, compare_claims, move_between, position
from ketameta.evidence.edits import edits
from ketameta.evidence.rated import RecordedResult, result_of
from ketameta.evidence.results import RATED_FROM, results
from ketameta.evidence.rows import changed_rows
from ketameta.report import change_json, change_words
from ketameta.report.change_counts import change_tally
from ketameta.report.changes import history as since_releases
from ketameta.report.changes import living_forest, page, standalone
from ketameta.report.overview import overview
from ketameta.report.pages import Shared
from ketameta.tables import RAW_TABLES
from ketameta.tables.collection import Tables
from ketameta.tables.digests import digests
from ketameta.tables.entered import as_entered
from ketameta.tables.raw import RAW_KINDS, ClaimRow
from ketameta.tables.syntheses import StudyRow, SynthesisRow
from ketameta.tables.table import as_dict, schema_of

from .rows import tables_of


@pytest.fixture
def old(tables):
    return {name: [*map(as_dict, tables[RAW_KINDS[name]])] for name in RAW_TABLES}


@pytest.fixture
def new(old):
    return copy.deepcopy(old)


FEW = ("response_24h", "response_24h_arm", "remission_24h", "depression_24h")


@pytest.fixture(scope="session")
def few(configuration):
    """Return some of the questions: for what shows on a few as on all."""
    return Configuration(tuple(configuration[name] for name in FEW))


def find(tables, table, **cells):
    return next(
        row for row in tables[table] if all(row[name] == value for name, value in cells.items())
    )


def murrough(tables):
    return find(
        tables, "outcomes", trial_id="murrough2013a", arm_id="ketamine_0.5", outcome="response"
    )


def enter(row, **cells):
    """Edit cells as a person would: the typed value and the text."""
    entered = dict(row["entered"])
    for name, value in cells.items():
        row[name] = value
        entered[name] = "" if value is None else str(value)
    row["entered"] = as_entered(entered)


def drop_trial(tables, trial):
    for name in tables:
        tables[name] = [row for row in tables[name] if row.get("trial_id") != trial]


CONFIG = "workflow/config/analyses.yaml"
MADE = {}


def made_of(tables, configuration):
    """Return what tables give; the same tables and questions are pooled once for all tests."""
    raw = tables_of(tables)
    key = digests(raw).data_hash, configuration.analyses
    if key not in MADE:
        MADE[key] = results_of(raw, configuration)
    return MADE[key]


def syntheses_of(tables, configuration):
    return [*map(result_of, made_of(tables, configuration).syntheses)]


def changes(old, new):
    return changed_rows(tables_of(old), tables_of(new))


def attributed(old, new, moves, configuration):
    return attribute(tables_of(old), tables_of(new), moves, configuration)


def change_of(old, new, configuration):
    moves = compare(syntheses_of(old, configuration), syntheses_of(new, configuration))
    moves, notes = attributed(old, new, moves, configuration)
    return Change("old", "new", tuple(changes(old, new)), tuple(moves), tuple(notes))


def moved(change):
    return {move.analysis: move for move in change.moves if move.moved}


# rows


def test_equal_tables_have_no_change_in_whatever_order_their_rows_stand(old, new):
    for rows in new.values():
        rows.reverse()
        for line, row in enumerate(rows, start=2):
            row["line"] = line
    assert changes(old, new) == []


def test_an_edited_cell_is_told_with_field_old_and_new(old, new):
    enter(murrough(new), events=31)
    (change,) = changes(old, new)
    assert (change.table, change.kind, change.trial) == ("outcomes", "edited", "murrough2013a")
    assert [vars(cell) for cell in change.cells] == [{"column": "events", "old": "30", "new": "31"}]


def test_a_cell_entered_with_other_decimals_is_an_edit(old, new):
    # decimals as entered bound the rounding of a result
    row = murrough(new)
    row["entered"] = {**row["entered"], "n": "47.0"}
    (change,) = changes(old, new)
    assert [(cell.old, cell.new) for cell in change.cells] == [("47", "47.0")]


def test_an_edited_identity_is_an_edit_where_most_cells_agree(old, new):
    enter(murrough(new), timepoint_h=25.0)
    (change,) = changes(old, new)
    assert [cell.column for cell in change.cells] == ["timepoint_h"]


def test_one_of_two_equal_rows_removed_is_one_removal(old, new):
    twin = copy.deepcopy(murrough(old))
    old["outcomes"].append(twin)
    (change,) = changes(old, new)
    assert (change.kind, change.trial) == ("removed", "murrough2013a")


def test_a_removed_trial_is_one_edit_with_all_its_rows(old, new):
    drop_trial(new, "zarate2006")
    found = changes(old, new)
    assert {change.kind for change in found} == {"removed"}
    (edit,) = edits(found)
    assert edit.name == "trial zarate2006 removed"
    # risk of bias moves no estimate
    assert {change.table for change in edit.changes} == {"trials", "arms", "outcomes", "contrasts"}


def test_an_added_arm_takes_its_outcomes_along(old, new):
    arm = copy.deepcopy(find(new, "arms", trial_id="murrough2013a", arm_id="ketamine_0.5"))
    row = copy.deepcopy(murrough(new))
    for each in (arm, row):
        enter(each, arm_id="ketamine_1")
    new["arms"].append(arm)
    new["outcomes"].append(row)
    (edit,) = edits(changes(old, new))
    assert edit.name == "arm murrough2013a / ketamine_1 added"
    assert len(edit.changes) == 2


# estimates


def test_the_same_data_move_nothing_and_the_status_is_0(old, new, few):
    change = change_of(old, new, few)
    assert change.status == 0
    assert moved(change) == {}
    assert change_words.change_summary(change) == (
        "The data, the estimates and their certainty are the same."
    )


def test_an_edit_that_no_analysis_uses_moves_nothing(old, new, few):
    enter(murrough(new), note="read again")
    change = change_of(old, new, few)
    assert change.status == 0
    assert change_words.change_summary(change).endswith("no estimate or certainty moved.")


def test_one_edit_explains_the_whole_move_of_each_analysis(old, new, configuration, tables):
    enter(murrough(new), events=31)
    change = change_of(old, new, configuration)
    assert change.status == 10
    assert set(moved(change)) == {"response_24h", "response_24h_arm"}
    move = moved(change)["response_24h"]
    before = next(r for r in tables[SynthesisRow] if r.analysis == "response_24h")
    assert move.old.estimate == before.estimate
    assert move.shift == pytest.approx(math.log(move.new.estimate / before.estimate), abs=1e-12)
    assert move.in_se == pytest.approx(move.shift / before.se)
    (cause,) = move.causes
    assert cause.edit.endswith("events 30 → 31")
    assert cause.estimate == pytest.approx(move.new.estimate, rel=1e-12)
    assert cause.shift == pytest.approx(move.shift, rel=1e-9)
    assert move.together == pytest.approx(0, abs=1e-9)


def test_two_edits_are_told_apart_by_fitting_each_alone(old, new, few):
    enter(murrough(new), events=31)
    drop_trial(new, "zarate2006")
    move = moved(change_of(old, new, few))["response_24h"]
    assert [cause.edit.split(":")[0].split(" / ")[0] for cause in move.causes] == [
        "trial zarate2006 removed",
        "outcomes",
    ]
    alone = copy.deepcopy(old)
    drop_trial(alone, "zarate2006")
    fitted = {r.analysis: r for r in syntheses_of(alone, few)}["response_24h"]
    assert move.causes[0].estimate == pytest.approx(fitted.estimate, rel=1e-12)
    assert move.causes[0].k == 12
    assert move.shift == pytest.approx(
        sum(cause.shift for cause in move.causes) + move.together, abs=1e-12
    )


def test_a_new_trial_is_added_as_a_whole(old, new, few):
    drop_trial(old, "zarate2006")
    change = change_of(old, new, few)
    (cause,) = moved(change)["remission_24h"].causes
    assert cause.edit == "trial zarate2006 added"
    assert cause.k == moved(change)["remission_24h"].new.k


@pytest.mark.parametrize("side", ["old", "new"])
def test_the_rows_of_both_arms_that_come_or_go_at_one_place_are_one_edit(old, new, few, side):
    place = {"trial_id": "zarate2006", "outcome": "remission", "timepoint_h": 24}
    rows = {"old": old, "new": new}[side]["outcomes"]
    rows[:] = [r for r in rows if any(r[name] != cell for name, cell in place.items())]
    move = moved(change_of(old, new, few))["remission_24h"]
    (cause,) = move.causes
    kind = {"old": "added", "new": "removed"}[side]
    assert cause.edit == f"outcomes / zarate2006 / remission / HAMD21 / 24 {kind}, 2 rows"
    assert cause.shift == pytest.approx(move.shift, rel=1e-9)
    assert move.together == pytest.approx(0, abs=1e-9)


def test_a_flip_is_told_and_the_status_is_11(old, new, few):
    # with nobody more responding to ketamine than to control, the interval includes no effect
    for row in new["outcomes"]:
        if row["outcome"] == "remission" and row["events"] and row["timepoint_h"] == 24:
            enter(row, events=1)
    change = change_of(old, new, few)
    move = moved(change)["remission_24h"]
    assert (move.before, move.after, move.flipped) == ("above", "around", True)
    assert change.status == 11
    assert "conclusion flipped" in change_words.change_summary(change)
    assert "**flipped: interval above no effect → interval on both sides of no effect**" in (
        change_words.markdown(change, few)
    )


def record(low, high, measure="RR"):
    told = {"analysis": "a", "measure": measure, "k": 3, "n": 9, "estimate": 1.5, "se": 0.1}
    told |= {"ci_low": low, "ci_high": high, "estimate_log": 0.4, "tau2": 0.0, "i2": None}
    return RecordedResult(**told, pi_low=None, pi_high=None, favours=None)


@pytest.mark.parametrize(
    ("row", "where"),
    [
        (record(1.1, 2.0), "above"),
        (record(0.4, 0.9), "below"),
        (record(0.9, 1.1), "around"),
        (record(1.0, 2.0), "around"),
        (record(-0.4, -0.1, "SMD"), "below"),
        (record(None, None), None),
        (record(0.3, 0.5, "PLO"), None),
        (None, None),
    ],
)
def test_the_position_of_an_interval(row, where):
    assert position(row) == where


@pytest.mark.parametrize(
    ("before", "after", "flipped"),
    [
        ((1.1, 2.0), (0.9, 2.0), True),
        ((0.9, 2.0), (1.1, 2.0), True),
        ((1.1, 2.0), (0.3, 0.8), True),
        ((1.1, 2.0), (1.2, 2.0), False),
        ((1.1, 2.0), (None, None), True),
        ((0.9, 2.0), (None, None), False),
        ((None, None), (1.1, 2.0), False),
    ],
)
def test_what_counts_as_a_flip(before, after, flipped):
    rows = [record(*ends) for ends in (before, after)]
    (move,) = compare(rows[:1], rows[1:])
    assert move.flipped is flipped


def test_an_analysis_that_came_or_went_is_told_apart_from_those_that_moved(old, few):
    rows = syntheses_of(old, few)
    for moves, there, told in (
        (compare(rows[1:], rows), "old", "1 analysis is new"),
        (compare(rows, rows[1:]), "new", "1 analysis is there no more, 1 conclusion flipped"),
    ):
        assert not any(move.moved for move in moves)
        (alone,) = [move for move in moves if move.alone]
        assert alone.analysis == rows[0].analysis
        assert getattr(alone, there) is None
        change = Change("a", "b", (), tuple(moves))
        # it may be a conclusion that is lost
        assert change.status == (10 if there == "old" else 11)
        assert change_words.change_summary(change) == (
            f"No row of data changed; no estimate or certainty moved, {told}."
        )
        title = few[alone.analysis].display.title
        heading = "New analyses" if there == "old" else "Analyses that are there no more"
        line = change_words.result(alone.new or alone.old)
        text = change_words.markdown(change, few)
        assert "### Estimates" not in text
        assert f"### {heading}\n\n- {title}: " in text
        assert f"{heading}: 1</h2>" in standalone(change, few)
        assert line in text.partition(heading)[2]


def test_last_digits_of_other_machines_are_no_move(old, few):
    rows = syntheses_of(old, few)
    other = [replace(r, estimate=r.estimate and r.estimate * (1 + 1e-13)) for r in rows]
    assert not any(move.moved for move in compare(rows, other))


def test_an_edit_that_does_not_stand_alone_says_what_it_needs(old, new, few, tables):
    # two new trials, one part of the other: its row does not stand without the other's
    named = {part for row in old["trials"] for part in (row["part_of"] or "").split(";")}
    pooled = [s.trial_id for s in tables[StudyRow] if s.analysis == "response_24h"]
    first, second = [trial for trial in pooled if trial not in named][:2]
    drop_trial(old, first)
    drop_trial(old, second)
    enter(find(new, "trials", trial_id=second), part_of=first)
    causes = {c.edit: c for c in moved(change_of(old, new, few))["response_24h"].causes}
    assert causes[f"trial {second} added"].problem == f"needs another edit: trial {first}"
    assert causes[f"trial {first} added"].problem == ""


def test_results_of_another_configuration_are_not_attributed(old, new, few):
    enter(murrough(new), events=31)
    rows = [
        replace(row, estimate=1.1 * row.estimate) if row.analysis == "response_24h" else row
        for row in syntheses_of(old, few)
    ]
    moves, notes = attributed(old, new, compare(rows, syntheses_of(new, few)), few)
    assert next(m for m in moves if m.analysis == "response_24h").causes == ()
    assert any(note.startswith("response_24h: the old tables do not give") for note in notes)


# verdicts and certainty


def judge(tables, trial, word, domain):
    """Add a judgement of risk of bias of a trial."""
    row = copy.deepcopy(tables["risk_of_bias"][0])
    enter(row, trial_id=trial, tool="RoB1", outcome=None, domain=domain, judgement=word)
    tables["risk_of_bias"].append(row)


def trials_in(tables, analysis):
    return {s.trial_id for s in tables[StudyRow] if s.analysis == analysis}


def judged_change(old, new, configuration):
    before, after = made_of(old, configuration), made_of(new, configuration)
    rated = ([*map(result_of, side.syntheses)] for side in (before, after))
    moves, notes = attributed(old, new, compare(*rated), configuration)
    claims = compare_claims(before.claims, after.claims)
    rows = tuple(changes(old, new))
    return Change("old", "new", rows, tuple(moves), tuple(notes), claims)


def test_a_judgement_moves_certainty_alone_and_the_status_is_10(old, new, configuration, tables):
    for trial in trials_in(tables, "ketamine_v_ect"):
        for domain in ("other", "incomplete_data"):
            judge(new, trial, "high", domain)
    change = judged_change(old, new, configuration)
    move = moved(change)["ketamine_v_ect"]
    # all of the weight at high risk in two domains: two levels instead of none or one
    ends = [[r.certainty, r.certainty_best] for r in (move.old, move.new)]
    assert ends == [["low", "moderate"], ["very low", "very low"]]
    assert (move.shift, move.flipped, move.causes) == (0.0, False, ())
    assert move.old.verdict == move.new.verdict == "favours treatment"
    # certainty stands beside the verdicts on claims and decides none
    assert change.claims == ()
    assert change.status == 10
    text = change_words.markdown(change, configuration)
    assert "| favours treatment | moderate to low → very low |" in text
    assert "<td>moderate to low → very low</td>" in standalone(change, configuration)
    found = next(
        a for a in change_json.as_json(change)["analyses"] if a["analysis"] == "ketamine_v_ect"
    )
    assert (found["old"]["certainty"], found["new"]["certainty"]) == ("low", "very low")


def let_relapse(tables):
    """Let as many relapse under continued treatment as after withdrawal."""
    for row in tables["outcomes"]:
        if row["outcome"] == "relapse" and row["arm_id"] == "esketamine_cont":
            enter(row, events={90: 41, 62: 36}.get(row["n"], row["events"]))


RELAPSED = {
    "lasts": ("contradicted", "too few data", True),
    "maintenance_prevents_relapse": ("supported", "too few data", True),
}


def test_trials_that_leave_a_claim_are_a_flip(old, new, configuration):
    let_relapse(new)
    change = judged_change(old, new, configuration)
    told = {move.claim_id: (move.old, move.new, move.flipped) for move in change.claims}
    assert told == RELAPSED
    assert change.status == 11
    assert "2 claims have another verdict (2 flipped)." in change_words.change_summary(change)
    line = "- `maintenance_prevents_relapse`: **flipped: supported → too few data**"
    assert line in change_words.markdown(change, configuration)
    assert "supported → too few data" in standalone(change, configuration)
    assert change_json.as_json(change)["claims"] == [
        {"claim_id": name, "old": before, "new": after, "flipped": flipped}
        for name, (before, after, flipped) in RELAPSED.items()
    ]


@pytest.mark.parametrize(
    ("before", "after", "flipped"),
    [
        ("supported", "supported, smaller than claimed", False),
        ("not shown", "too few data", False),
        ("not shown", "supported", True),
        ("mixed", "overstated", True),
        # a record of an older version
        ("partly supported", "supported", False),
        ("cannot be told", "mixed", True),
        ("not tested", "mixed", False),
        ("not tested", "contradicted", False),
    ],
)
def test_what_counts_as_a_flip_of_a_claim(before, after, flipped):
    (move,) = compare_claims({"c": before}, {"c": after})
    assert move.flipped is flipped
    assert Change("a", "b", (), (), (), (move,)).status == (11 if flipped else 10)


@pytest.mark.parametrize(
    ("pairs", "told"),
    [
        ([], ""),
        ([("mixed", "supported")], ", 1 claim has another verdict (1 flipped)"),
        ([("not tested", "mixed")], ", 1 claim has its first verdict (not tested before)"),
        (
            [("not shown", "too few data"), *[("not tested", "mixed")] * 2],
            ", 1 claim has another verdict (none flipped), 2 claims have their first verdict (not "
            "tested before)",
        ),
    ],
)
def test_claims_that_were_not_tested_before_are_counted_apart(pairs, told):
    old, new = ({str(n): pair[side] for n, pair in enumerate(pairs)} for side in (0, 1))
    assert change_tally([], compare_claims(old, new)) == f"no estimate or certainty moved{told}"


def test_a_certainty_that_is_not_recorded_has_not_moved(old, configuration):
    rows = syntheses_of(old, configuration)
    bare = [replace(row, certainty=None, certainty_best=None, verdict=None) for row in rows]
    found = compare(bare, rows)
    assert not any(move.moved for move in found)
    assert change_words.certainty_pair(found[0]).startswith("not recorded → ")
    # a verdict follows from numbers that every record has
    assert change_words.verdict_pair(found[0]) == "favours treatment"
    assert compare_claims(None, {"c": "supported"}) == ()
    assert compare_claims({"c": "supported"}, {"c": "supported", "d": "not shown"}) == ()


def test_results_without_the_tables_of_a_rating_are_read(old, configuration, tables):
    claims = Tables({ClaimRow: tables[ClaimRow]})
    bare = Tables({SynthesisRow: tables[SynthesisRow]}) | claims
    found = results(bare, configuration)
    assert {row.certainty for row in found.syntheses} == {None}
    assert found.claims is None
    rated = Tables({kind: tables[kind] for kind in RATED_FROM})
    assert results(rated | claims, configuration).claims is not None


def test_a_table_of_an_older_version_that_lacks_a_column_rates_nothing(
    configuration, tables, tmp_path
):
    from ketameta.storage import parquet_of

    def write(kind, without=()):
        table = tables.arrow(kind).drop_columns([*without])
        (tmp_path / f"{schema_of(kind).name}.parquet").write_bytes(parquet_of(table))

    for kind in (*RATED_FROM, ClaimRow):
        write(kind)
    assert read_results(tmp_path, configuration).claims is not None
    for kind, column in ((StudyRow, "weight"), (SynthesisRow, "engine")):
        write(kind, [column])
        found = read_results(tmp_path, configuration)
        assert ({row.certainty for row in found.syntheses}, found.claims) == ({None}, None)
        write(kind)


# words


def test_the_json_holds_all_and_is_strict(old, new, configuration):
    enter(murrough(new), events=31)
    change = change_of(old, new, configuration)
    found = json.loads(json.dumps(change_json.as_json(change), allow_nan=False))
    assert found["status"] == 10
    assert found["rows"][0]["cells"] == [{"column": "events", "old": "30", "new": "31"}]
    assert len(found["analyses"]) == len(configuration.names)
    assert {a["analysis"] for a in found["analyses"] if a["moved"]} == {
        "response_24h",
        "response_24h_arm",
    }


def test_hostile_cells_stay_text_in_markdown_and_html(old, new, few):
    bad = "`|<script>alert(1)</script>\n# @everyone ![x](http://x.example/a.png) \u202eevil"
    enter(murrough(new), note=bad, events=31)
    change = change_of(old, new, few)
    text = change_words.markdown(change, few)
    line = next(line for line in text.splitlines() if "script" in line)
    # the cell is one span of code: no tick of its own ends it early
    span = line.split("note *empty*" if "note *empty*" in line else "→ `")[-1]
    assert "\u202e" not in text
    assert "\n# @everyone" not in text
    assert line.count("`") % 2 == 0
    assert "|" not in span
    page = standalone(change, few)
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_a_long_change_is_cut_to_what_a_comment_holds(old, new, few):
    for row in new["outcomes"]:
        enter(row, note="x" * 4000)
    change = change_of(old, new, few)
    text = change_words.markdown(change, few)
    assert len(text) <= 65_536
    assert "more" in text


# releases


def made(name, tables, configuration):
    found = made_of(tables, configuration)
    return releases.make(name, "", tables_of(tables), found.syntheses, found.claims)


def test_a_record_comes_back_as_it_was_and_is_small(old, configuration):
    release = made("2026-01-31", old, configuration)
    text = release.to_json()
    assert releases.parse_release("2026-01-31", text) == release
    assert len(text) < 40_000
    assert all(str(cell) not in text for cell in ("Murrough 2013", "10.1176"))


def test_a_record_carries_verdict_and_certainty_and_an_older_one_without_is_read(
    old, configuration
):
    release = made("2026-01-31", old, configuration)
    content = json.loads(release.to_json())
    assert content["syntheses"][0]["verdict"] == "favours treatment"
    levels = {"moderate", "low", "very low", "not rated"}
    assert {row["certainty"] for row in content["syntheses"]} <= levels
    assert content["claims"]["mild_side_effects"] == "contradicted"
    del content["claims"]
    for row in content["syntheses"]:
        del row["verdict"], row["certainty"]
    older = releases.parse_release("2026-01-31", json.dumps(content))
    assert older.claims is None
    since = releases.changes_between(older, release)
    assert not any(move.moved for move in since.moves)
    assert since.claims == ()
    # what it lacks stays unknown
    assert {row.certainty for row in older.syntheses} == {None}
    assert releases.parse_release("2026-01-31", older.to_json()) == older


def test_since_a_release_tells_of_claims(old, new, configuration):
    let_relapse(new)
    first, second = (made("2026-01-31", t, configuration) for t in (old, new))
    said = change_words.since_summary(releases.changes_between(first, second))
    assert said.endswith("1 conclusion flipped, 2 claims have another verdict (2 flipped).")


def test_since_a_release_names_trials_and_moves(old, new, few):
    release = made("2026-01-31", old, few)
    enter(murrough(new), events=31)
    drop_trial(new, "zarate2006")
    cells = digests(tables_of(new))
    since = releases.changes_since(release, cells.trials, cells.data_hash, syntheses_of(new, few))
    assert (since.added, since.removed, since.edited) == ((), ("zarate2006",), ("murrough2013a",))
    said = change_words.since_summary(since)
    assert said.startswith("Since the release of 2026-01-31: 1 trial removed, 1 trial edited; ")
    back = releases.changes_between(made("2026-02-01", new, few), release)
    assert back.added == ("zarate2006",)


def test_the_data_hash_follows_cells_not_order(old, new):
    new["outcomes"].reverse()
    assert digests(tables_of(old)).data_hash == digests(tables_of(new)).data_hash
    enter(murrough(new), note="read again")
    assert digests(tables_of(old)).data_hash != digests(tables_of(new)).data_hash


def test_releases_of_a_day_stand_in_order(old, few):
    names = ["2026-02-01", "2026-01-31.10", "2026-01-31.2", "2026-01-31"]
    found = releases.oldest_first([made(name, old, few) for name in names])
    assert [r.name for r in found] == ["2026-01-31", "2026-01-31.2", "2026-01-31.10", "2026-02-01"]
    assert releases.next_name("2026-01-31", names) == "2026-01-31.3"
    assert releases.next_name("2026-03-01", names) == "2026-03-01"


@pytest.mark.parametrize("name", ["../x", "2026-13-01", "today", "2026-01-31/../x", ""])
def test_a_release_has_the_name_of_a_date(name):
    with pytest.raises(releases.ReleaseError):
        releases.make(name, "", Tables(), [])


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"form": 9}', '{"form": 1, "name": 3}'])
def test_a_broken_record_is_named(text):
    with pytest.raises(releases.ReleaseError, match=r"2026-01-31\.json"):
        releases.parse_release("2026-01-31", text)


def test_a_living_forest_has_a_row_a_release_and_the_present(old, configuration, records):
    drop_trial(old, "zarate2006")
    first = made("2026-01-31", old, configuration)
    now = records["response_24h"]
    forest, rows = living_forest(configuration["response_24h"], [first], now)
    assert [name for name, _ in rows] == ["2026-01-31", "these tables"]
    assert [row.k for _, row in rows] == [12, 13]
    assert forest.blocks[0].rows[0].left == ("2026-01-31", "12", "1,149")
    assert forest.total.label == "These tables (13 trials)"


def test_the_page_says_what_changed_and_is_empty_of_it_without_a_release(
    old, configuration, tables, records
):
    told = {
        "findings": [],
        "data_hash": "",
        "data_date": "",
        "tables": [],
        "tested": {},
        "told": "",
        "more_pages": (),
    }
    about = {"review": configuration.review, "overview": overview(tables)}
    shared = Shared(version="0", **about, **told)
    text, sentence = page((None, []), (), records, configuration, shared)
    assert sentence == ""
    assert "No release is recorded yet" in text
    drop_trial(old, "zarate2006")
    release = made("2026-01-31", old, configuration)
    since = since_releases([release], shared.overview, list(records.values()), {})
    text, sentence = page(since, [release], records, configuration, shared)
    assert "1 trial added" in sentence
    assert "Added: zarate2006" in text
    # a record from before the rule of versions is given one
    assert "<td>1.0.0</td>" in text
    # of each headline, for wide and narrow screens
    assert text.count("<svg") == 2 * 3


# commands


@pytest.fixture
def say(monkeypatch, capsys):
    """Return a function that runs a command in a project, in this process."""

    def call(project, *words):
        monkeypatch.chdir(project.folder)
        capsys.readouterr()
        status = main(list(words))
        said = capsys.readouterr()
        return subprocess.CompletedProcess(words, status, said.out, said.err)

    return call


def remake(project, monkeypatch):
    """Run the steps up to the pages in this process."""
    monkeypatch.chdir(project.folder)
    made = ["data/processed", "data/processed", "--config", CONFIG]
    assert steps.main(["ingest", "data/raw", "data/processed"]) == 0
    assert steps.main(["normalize", *made]) == 0
    assert steps.main(["synthesize", *made]) == 0
    assert steps.main(["report", "data/processed", "reports", "--config", CONFIG]) == 0


def git(project, *words, **environment):
    who = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main")
    env = {**os.environ, **environment}
    subprocess.run(
        ["git", *who, *words], cwd=project.folder, check=True, capture_output=True, env=env
    )


EDIT = ("data/raw/outcomes.csv", ",47,30,", ",47,31,")
BACK = ("data/raw/outcomes.csv", ",47,31,", ",47,30,")


def test_folders_of_an_older_version_are_compared_without_certainty(small, small_built, say):
    for name in ("judgements", "asymmetry"):
        small.path(f"data/processed/{name}.parquet").unlink()
    folders = [str(p.path("data/processed")) for p in (small, small_built)]
    done = say(small, "diff", *folders, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert {a["old"]["certainty"] for a in found["analyses"]} == {None}
    assert {a["new"]["certainty"] for a in found["analyses"]} >= {"very low"}


def test_the_command_compares_two_folders(small_built, small, say, monkeypatch):
    small.edit(*EDIT)
    remake(small, monkeypatch)
    folders = [str(p.path("data/processed")) for p in (small_built, small)]
    done = say(small, "diff", *folders, "--html", "change.html", "--json")
    assert done.returncode == 10, done.stderr
    assert json.loads(done.stdout)["status"] == 10
    assert "What changed" in small.path("change.html").read_text(encoding="utf-8")
    same = say(small, "diff", str(small_built.folder), str(small_built.folder))
    assert (same.returncode, same.stderr) == (0, "")


@pytest.mark.parametrize(
    ("table", "column", "said"),
    [
        ("syntheses", "tau2", "syntheses.parquet has no tau2; it was made by another version"),
        ("outcomes", "entered", "outcomes.parquet has no entered; it was made by another"),
        ("arms", None, "has no arms.parquet; is it a data/processed of a run?"),
        ("trials", b"PAR1", "cannot be read"),
    ],
)
def test_a_folder_of_another_form_is_named(small, say, table, column, said):
    from ketameta.storage import parquet_of, read_table

    path = small.path(f"data/processed/{table}.parquet")
    if column is None:
        path.unlink()
    elif isinstance(column, bytes):
        path.write_bytes(column)
    else:
        path.write_bytes(parquet_of(read_table(path).drop_columns([column])))
    done = say(small, "diff", "data/processed", ".")
    assert done.returncode == 1
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.fixture
def history(small):
    """Return a project with two commits of its data, the second with an edited cell."""
    day = {"GIT_COMMITTER_DATE": "2026-05-01T12:00:00Z"}
    git(small, "init", "-q")
    git(small, "add", "data/raw")
    git(small, "commit", "-qm", "one", **day)
    small.edit(*EDIT)
    git(small, "commit", "-qam", "two", **day)
    return small


def test_the_command_compares_two_revisions(history, say):
    done = say(history, "diff", "--rev", "HEAD~1", "HEAD")
    assert done.returncode == 10, done.stderr
    assert "events `30` → `31`" in done.stdout
    assert say(history, "diff", "--rev", "HEAD", "HEAD").returncode == 0


def test_claims_of_an_older_revision_may_say_what_is_not_taken_now(history, say):
    path = history.path("data/raw/claims.csv")
    text = path.read_text(encoding="utf-8")
    history.edit("data/raw/claims.csv", "response_24h_arm", "response_24h_arm@route")
    git(history, "commit", "-qam", "as it was written once")
    path.write_text(text, encoding="utf-8")
    git(history, "commit", "-qam", "as it is written now")
    done = say(history, "diff", "--rev", "HEAD~1", "HEAD")
    assert done.returncode == 0, done.stderr
    assert "1 row of data changed" in done.stdout
    # the tables as they stand have no such excuse
    history.edit("data/raw/claims.csv", "response_24h_arm", "response_24h_arm@route")
    assert say(history, "check").returncode == 1


@pytest.mark.parametrize("name", ["nowhere", "--output=x", "HEAD~9"])
def test_a_revision_that_is_none_is_named(history, say, name):
    done = say(history, "diff", "--rev", "--", name, "HEAD")
    assert done.returncode == 2
    assert done.stderr == f"{name}: no such revision\n"


def test_a_revision_with_faults_lists_them(history, say):
    history.edit("data/raw/outcomes.csv", ",47,31,", ",47,48,")
    git(history, "commit", "-qam", "bad")
    done = say(history, "diff", "--rev", "HEAD~1", "HEAD")
    assert done.returncode == 1
    assert "HEAD: data/raw/outcomes.csv:" in done.stderr
    assert "48 is more than n = 47" in done.stderr
    # the same of the folder as it stands
    done = say(history, "diff", "HEAD~1", ".")
    assert done.returncode == 1
    assert ".: data/raw/outcomes.csv:" in done.stderr


def test_a_revision_without_tables_is_named(history, say):
    git(history, "rm", "-rq", "data/raw")
    git(history, "commit", "-qm", "none")
    done = say(history, "diff", "--rev", "HEAD~1", "HEAD")
    assert done.returncode == 1
    assert done.stderr.startswith("HEAD: data/raw: holds none of the tables")


# which version a name is


@pytest.mark.parametrize(
    "words",
    [(), (".",), ("HEAD", "."), ("HEAD",), ("main", "."), ("HEAD", "data/raw"), ("data/raw",)],
)
def test_the_folder_as_it_stands_is_compared_with_a_revision(history, say, words):
    # edited, and neither committed nor run: the last run has 30
    history.edit("data/raw/outcomes.csv", ",47,31,", ",47,32,")
    done = say(history, "diff", *words, "--json")
    assert done.returncode == 10, done.stderr
    found = json.loads(done.stdout)
    assert [row["cells"][0]["new"] for row in found["rows"]] == ["32"]
    assert [row["cells"][0]["old"] for row in found["rows"]] == ["31"]


def test_a_workbook_is_compared_with_the_folder_it_was_made_from(history, say):
    assert say(history, "convert", "data/raw", "mine.xlsx").returncode == 0
    assert say(history, "diff", "mine.xlsx", ".").returncode == 0
    history.edit(*BACK)
    done = say(history, "diff", "mine.xlsx", "--json")
    # a folder or workbook alone is compared with the last commit
    assert done.returncode == 0, done.stderr
    done = say(history, "diff", ".", "mine.xlsx", "--json")
    assert done.returncode == 10, done.stderr
    (row,) = json.loads(done.stdout)["rows"]
    assert row["place"].startswith("mine.xlsx[outcomes]:")
    assert row["cells"] == [{"column": "events", "old": "30", "new": "31"}]


def test_a_name_is_a_folder_before_a_release_before_a_revision(history, say, monkeypatch):
    monkeypatch.chdir(history.folder)
    git(history, "tag", "2026-05-01")
    git(history, "tag", "data/raw")
    assert isinstance(versions.version("2026-05-01"), versions.Revision)
    history.path("reports/versions").mkdir(parents=True)
    history.path("reports/versions/2026-05-01.json").write_text("{}")
    assert isinstance(versions.version("2026-05-01"), versions.Recorded)
    assert isinstance(versions.version("reports/versions/2026-05-01.json"), versions.Recorded)
    assert isinstance(versions.version("2026-05-01", rev=True), versions.Revision)
    assert isinstance(versions.version("data/raw"), versions.RawFolder)
    assert isinstance(versions.version("data/processed"), versions.MadeTables)
    assert isinstance(versions.version("."), versions.Project)
    assert isinstance(versions.version("HEAD"), versions.Revision)
    with pytest.raises(NoSuchVersionError, match="nowhere: no such folder, release or revision"):
        versions.version("nowhere")
    history.path("empty").mkdir()
    with pytest.raises(DiffError, match="empty: holds nothing to compare"):
        versions.version("empty")
    # a record that is none is named, in one line
    done = say(history, "diff", "2026-05-01")
    assert done.returncode == 1
    assert done.stderr.startswith("reports/versions/2026-05-01.json: ")
    assert len(done.stderr.splitlines()) == 1


def test_without_git_a_name_that_is_no_folder_says_so(small, say):
    done = say(small, "diff", "HEAD", ".")
    assert done.returncode == 2
    assert done.stderr.startswith("HEAD: no such")
    assert len(done.stderr.splitlines()) == 1


def test_a_project_in_a_folder_of_the_repository_is_read_there(small, tmp_path, say):
    (tmp_path / "whole").mkdir()
    small.folder.rename(tmp_path / "whole" / "review")
    small = type(small)(tmp_path / "whole" / "review")
    git(small, "init", "-q", "..")
    git(small, "add", "data/raw", "workflow")
    git(small, "commit", "-qm", "one")
    small.edit(*EDIT)
    change_effects(small, "RR")
    done = say(small, "diff", "--json")
    assert done.returncode == 10, done.stderr
    found = json.loads(done.stdout)
    assert found["code"]["files"] == [MEASURES]
    assert (len(found["rows"]), found["code"]["problem"]) == (1, "")


# releases


def test_a_release_is_recorded_once_and_shown(history, say, monkeypatch):
    assert "is older than data/raw" in say(history, "release", "--no-crate").stderr
    remake(history, monkeypatch)
    done = say(history, "release", "--no-crate")
    assert done.returncode == 0, done.stderr
    path = history.path("reports/versions/2026-05-01.json")
    assert path.is_file()
    assert "has these results already" in say(history, "release", "--no-crate").stdout
    history.edit(*BACK)
    remake(history, monkeypatch)
    assert path.is_file()
    index = history.path("reports/index.html").read_text(encoding="utf-8")
    assert "Since the release of 2026-05-01: 1 trial edited; 2 analyses of 3 moved" in index
    # the page names a command, which gives the answer of the page
    text = history.path("reports/changes.html").read_text(encoding="utf-8")
    assert "<code>ketameta diff 2026-05-01</code>" in text
    done = say(history, "diff", "2026-05-01", "--json")
    assert done.returncode == 10, done.stderr
    found = json.loads(done.stdout)
    moved = [move for move in found["analyses"] if move["moved"]]
    assert {move["analysis"] for move in moved} == {"response_24h", "response_24h_arm"}
    for move in moved:
        assert f"{change_words.in_se(move['in_se'])}</td>" in text
        assert [cause["edit"].split(": ")[1] for cause in move["causes"]] == ["events 31 → 30"]
    assert "give --date" in say(history, "release", "--no-crate").stderr
    assert say(history, "release", "--no-crate", "--date", "2026-04-01").returncode == 1
    assert say(history, "release", "--no-crate", "--date", "2026-06-01").returncode == 0
    # a record of tables that no commit holds: the estimates are compared, rows cannot be
    history.edit(*EDIT)
    done = say(history, "diff", "2026-06-01", "--json")
    assert done.returncode == 10, done.stderr
    found = json.loads(done.stdout)
    assert found["rows"] == []
    assert any("holds no cells" in note for note in found["notes"])


# code

MEASURES = "workflow/ketameta/normalize/measures.py"
SIGNED = "    yi = sign * value\n"


def change_effects(project, measure):
    """Add 0.2 to every effect of a measure, as a slip of code would."""
    project.edit(MEASURES, SIGNED, f"    yi = sign * value + 0.2 * (measure == {measure!r})\n")


@pytest.fixture
def coded(small):
    """Return a project whose code is in git with its data, and is that which runs here."""
    git(small, "init", "-q")
    git(small, "add", "data/raw", "workflow")
    git(small, "commit", "-qm", "one")
    return small


def test_code_that_moves_estimates_is_told_apart_from_edits(coded, say):
    change_effects(coded, "RR")
    git(coded, "commit", "-qam", "a slip")
    git(coded, "revert", "--no-edit", "HEAD")
    coded.edit(*EDIT)
    git(coded, "commit", "-qam", "an edit")
    done = say(coded, "diff", "--rev", "--config-too", "HEAD~2", "HEAD", "--json")
    assert done.returncode in (10, 11), done.stderr
    found = json.loads(done.stdout)
    assert found["code"] == {"files": [MEASURES], "problem": ""}
    assert "code changed (1 file); 2 analyses of 3 moved (1 by the code)" in found["summary"]
    moves = {move["analysis"]: move for move in found["analyses"]}
    move = moves["response_24h"]
    # every yi has 0.2 less and the weights are the same: so has their mean, whatever tau2
    assert move["code"]["shift"] == pytest.approx(-0.2, abs=1e-9)
    (cause,) = move["causes"]
    assert cause["shift"] == pytest.approx(move["shift"] + 0.2, abs=1e-9)
    assert cause["shift"] != 0
    assert move["together"] == 0
    # the arms alone, and scores, are not ratios
    assert moves["response_24h_arm"]["code"] is None
    assert len(moves["response_24h_arm"]["causes"]) == 1
    assert not moves["depression_24h"]["moved"]
    # the data alone: the folder has the code that runs
    alone = json.loads(say(coded, "diff", "--rev", "HEAD~1", "HEAD", "--json").stdout)
    assert alone["code"] is None
    arms = {move["analysis"]: move for move in alone["analyses"]}["response_24h_arm"]
    assert arms["shift"] == pytest.approx(moves["response_24h_arm"]["shift"], abs=1e-12)


def test_code_alone_is_told_in_the_comment_and_on_the_page(coded, say):
    change_effects(coded, "RR")
    done = say(coded, "diff", "--html", "change.html")
    assert done.returncode in (10, 11), done.stderr
    assert "No row of data changed; code changed (1 file); 1 analysis of 3 moved" in done.stdout
    page = coded.path("change.html").read_text(encoding="utf-8")
    for text in (done.stdout, page):
        assert "Code changed, and each version is pooled by its own." in text
        assert "It makes the whole move of 1 analysis (Response at 24 hours)." in text
        assert MEASURES in text


@pytest.mark.parametrize(
    ("path", "old", "new", "said"),
    [
        (MEASURES, "import math\n", "import no_such_package\n", "No module named 'no_such_pack"),
        (
            "workflow/ketameta/normalize/effect_rows.py",
            "measure=repeat(question.measure),",
            "measure=repeat(question.measur),",
            "has no attribute 'measur'",
        ),
        (
            "workflow/ketameta/storage.py",
            "    fields = [\n        f.with_type(",
            "    table = table.select([c for c in table.column_names if c != 'pi_low'])\n"
            "    fields = [\n        f.with_type(",
            "another form: HEAD: syntheses.parquet has no pi_low",
        ),
    ],
)
def test_code_that_does_not_run_here_is_told(coded, say, path, old, new, said):
    text = coded.path(path).read_text(encoding="utf-8")
    coded.edit(path, old, new)
    git(coded, "commit", "-qam", "another")
    coded.path(path).write_text(text, encoding="utf-8")
    coded.edit(*EDIT)
    done = say(coded, "diff", "HEAD", "--json")
    # the data are compared by the code that runs
    assert done.returncode == 10, done.stderr
    found = json.loads(done.stdout)
    assert said in found["code"]["problem"]
    assert found["code"]["files"] == [path]
    moved = {move["analysis"] for move in found["analyses"] if move["moved"]}
    assert moved == {"response_24h", "response_24h_arm"}
    assert all(move["code"] is None for move in found["analyses"])


def test_faults_that_its_own_code_finds_are_those_of_a_version(coded, say):
    coded.edit(
        "workflow/ketameta/ingest/stage.py",
        "    sheets, found = checked_tables(texts)\n",
        "    sheets, found = checked_tables(texts)\n"
        '    found.append(Problem("data/raw/arms.csv", 2, "dose", "", "is no dose"))\n',
    )
    done = say(coded, "diff")
    assert done.returncode == 1
    assert done.stderr.splitlines()[0].startswith(".: data/raw/arms.csv:2 column dose: is no dose")


def test_many_files_of_code_are_cut_and_counted(few):
    files = tuple(f"workflow/ketameta/stats/m{n:02}.py" for n in range(30))
    change = Change("a", "b", (), (), (), (), Code(files))
    for text in (change_words.markdown(change, few), standalone(change, few)):
        assert "code changed (30 files); no estimate or certainty moved" in text
        assert "The first 20 of 30 files:" in text
        assert (files[19] in text, files[20] in text) == (True, False)
        assert "moves no estimate or certainty" in text


def test_code_that_no_table_depends_on_is_no_change_of_code(coded, monkeypatch):
    monkeypatch.chdir(coded.folder)
    project = versions.version(".")
    running = builds.running_code()
    assert builds.code_ids(project) == running == builds.code_ids(versions.version("HEAD"))
    for name in ("report/wording.py", "figures/forest.py", "commands/run.py", "cli.py"):
        with coded.path(f"workflow/ketameta/{name}").open("a") as file:
            file.write("# a remark\n")
    assert builds.code_ids(project) == running
    # a default of the schema is a part of every question; the questions are no code
    for name, changed in (("analyses.yaml", False), ("analyses.schema.yaml", True)):
        (path,) = coded.path("workflow").rglob(name)
        with path.open("a") as file:
            file.write("# a remark\n")
        assert (builds.code_ids(project) != running) is changed
    # older versions had it beside the questions
    git(coded, "mv", path.relative_to(coded.folder).as_posix(), builds.CLOSED.as_posix())
    assert builds.CLOSED.as_posix() in builds.code_ids(project)


def test_a_lock_that_differs_is_noted(coded, say):
    coded.path("requirements.lock").write_text("a==1\n")
    git(coded, "add", "requirements.lock")
    git(coded, "commit", "-qm", "lock")
    coded.path("requirements.lock").write_text("a==2\n")
    done = say(coded, "diff", "--json")
    assert done.returncode == 0
    note = "requirements.lock differs between them: both ran with the packages installed here"
    assert note in json.loads(done.stdout)["notes"]


# questions


@pytest.fixture
def asked(small):
    """Return a history: data, other data, a configuration, another question, one not valid now.

    The data of the last three are the same; the present configuration is the first one.
    """
    git(small, "init", "-q")
    git(small, "add", "data/raw")
    git(small, "commit", "-qm", "data")
    git(small, "tag", "data")
    small.edit("data/raw/outcomes.csv", ",47,30,", ",47,31,")
    git(small, "commit", "-qam", "other data")
    git(small, "tag", "edited")
    git(small, "add", "workflow/config")
    git(small, "commit", "-qm", "configuration")
    git(small, "tag", "first")
    text = small.path(CONFIG).read_text(encoding="utf-8")
    small.edit(CONFIG, "interval: auto", "interval: wald")
    git(small, "commit", "-qam", "another question")
    git(small, "tag", "second")
    small.edit(CONFIG, "tau2: REML", "tau2: REMML")
    git(small, "commit", "-qam", "not valid")
    git(small, "tag", "broken")
    small.path(CONFIG).write_text(text, encoding="utf-8")
    return small


def test_by_default_both_versions_answer_the_present_questions(asked, say):
    done = say(asked, "diff", "--rev", "first", "second")
    assert done.returncode == 0, done.stderr
    assert "both versions are pooled with the present configuration" in done.stdout
    assert f"{CONFIG} differs between them" in done.stdout.replace("\\", "")
    # where it does not differ there is nothing to offer
    done = say(asked, "diff", "--rev", "data", "edited")
    assert done.returncode == 10
    assert "so that only data move" in done.stdout
    assert "--config-too" not in done.stdout


def test_each_revision_may_answer_its_own_questions(asked, say):
    done = say(asked, "diff", "--rev", "--config-too", "first", "second", "--json")
    assert done.returncode == 10, done.stderr
    said = json.loads(done.stdout)
    assert "first is pooled with its own configuration" in said["notes"]
    assert "second is pooled with its own configuration" in said["notes"]
    changed = [note for note in said["notes"] if note.startswith("changed questions (interval): ")]
    names = "response_24h, response_24h_arm, depression_24h"
    assert [note.split(": ")[1].split(";")[0] for note in changed] == [names]
    # the data are the same: what moved is due to the rule of the interval alone
    assert said["rows"] == []
    present = json.loads(
        say(asked, "diff", "--rev", "--config-too", "first", "first", "--json").stdout
    )
    old = {row["analysis"]: row["old"] for row in said["analyses"]}
    assert old == {row["analysis"]: row["old"] for row in present["analyses"]}
    assert any(row["old"]["ci_low"] != row["new"]["ci_low"] for row in said["analyses"])


def test_data_alone_move_where_the_questions_are_the_same(asked, say):
    plain = say(asked, "diff", "--rev", "data", "edited", "--json")
    too = say(asked, "diff", "--rev", "--config-too", "data", "edited", "--json")
    assert plain.returncode == too.returncode == 10
    one, other = (json.loads(done.stdout) for done in (plain, too))
    assert one.pop("notes") != other.pop("notes")
    assert one == other
    # neither has the file: the present one is taken, and that is said
    assert too.stdout.count(f"has no {CONFIG}: pooled with the present one") == 2


def test_a_configuration_that_is_not_valid_now_is_told_and_not_used(asked, say):
    done = say(asked, "diff", "--rev", "--config-too", "first", "broken", "--json")
    assert done.returncode == 0, done.stderr
    (note,) = [n for n in json.loads(done.stdout)["notes"] if n.startswith("broken")]
    assert note.startswith("broken is pooled with the present configuration: its own is not valid")
    assert f"({CONFIG}:" in note
    assert "tau2" in note
    assert "/tmp" not in note


def test_a_question_that_was_added_or_dropped_is_in_the_comparison(asked, say):
    text = asked.path(CONFIG).read_text(encoding="utf-8")
    content = yaml.safe_load(text)
    del content["analyses"]["response_24h_arm"]
    asked.path(CONFIG).write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    git(asked, "commit", "-qam", "less")
    for pair, side in ((("first", "HEAD"), "new"), (("HEAD", "first"), "old")):
        done = say(asked, "diff", "--rev", "--config-too", *pair, "--json")
        assert done.returncode in (10, 11), done.stderr
        moves = {move["analysis"]: move for move in json.loads(done.stdout)["analyses"]}
        assert moves["response_24h_arm"][side] is None


def test_a_fit_without_an_estimate_moves_by_nothing_that_can_be_told():
    pooled = record(None, None)
    empty = replace(pooled, estimate=None, estimate_log=None)
    assert move_between(empty, pooled) == (None, None)
    assert move_between(pooled, empty) == (None, None)
