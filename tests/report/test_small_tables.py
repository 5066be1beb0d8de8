"""Reports of few rows, or none: every table empty in turn, each measure, one analysis or more."""

import re
from dataclasses import replace
from html import unescape

import pytest

from ketameta.evidence.rated import result_of
from ketameta.evidence.releases import Release
from ketameta.report.verify import verify_script
from ketameta.report.wording_model import model
from ketameta.tables.effects import CountRow, WarningRow
from ketameta.tables.stages import STAGE_KINDS
from ketameta.tables.syntheses import ReasonRow, StudyRow, SynthesisRow

from .made import report

# each makes a report: seconds together
pytestmark = pytest.mark.slow

EVENTS = ((10, 20, 5, 20), (11, 22, 6, 21), (9, 19, 4, 20))
MEANS = ((14, 8, 20, 22, 9, 20), (15, 8, 22, 22, 9, 21), (16, 8, 19, 22, 9, 20))


@pytest.fixture(scope="module")
def asked(kit):
    """Return the four kinds of analysis; one leads."""
    lead = kit.response | {"headline": True}
    return {"response": lead, "share": kit.share, "score": kit.score, "fall": kit.fall}


def projects(kit):
    """Return tables by what they lack."""
    claim = {"claim_id": "a", "claim": "It works", "kind": "efficacy", "rule": "by eye"}
    claims = [
        claim,
        claim | {"claim_id": "b", "analysis": "response@population=TRD"},
        claim | {"claim_id": "c", "analysis": "response;share;score;fall"},
        claim | {"claim_id": "d", "analysis": "share", "claimed_value": 70},
    ]
    both = kit.together(kit.counts(*EVENTS), kit.scores(*MEANS))
    later = kit.outcome("t000", "treated", events=2, n=20, timepoint_h=672)
    unused = {**both, "outcomes": [*both["outcomes"], later]}
    return {
        "nothing": {},
        "claims alone": {"claims": claims},
        "trials alone": kit.trial("a"),
        "no score": kit.counts(*EVENTS),
        "no event": kit.scores(*MEANS),
        "no row unused": both,
        "a row unused": unused,
        "claims": unused | {"claims": claims},
        **{f"{k} with counts": kit.counts(*EVENTS[:k]) for k in (1, 2)},
        **{f"{k} with scores": kit.scores(*MEANS[:k]) for k in (1, 2)},
        "nobody responds": kit.counts((0, 20, 0, 20), (0, 22, 0, 20)),
        "everybody responds": kit.counts((20, 20, 20, 20), (22, 22, 20, 20)),
        "one trial, nobody responds": kit.counts((0, 20, 0, 20)),
        "all or nobody": kit.counts((20, 20, 0, 20), (0, 22, 20, 20)),
        "one person an arm": kit.counts((1, 1, 0, 1), (0, 1, 1, 1), (1, 1, 1, 1)),
        "all alike": kit.counts(*EVENTS[:1] * 4),
        "no effect at all": kit.scores(*[(14, 8, 20, 14, 8, 20)] * 3),
        "tau² in millions": kit.scores((1, 0.01, 20, 29, 0.01, 20), (29, 0.01, 20, 1, 0.01, 20)),
        "scores that rise": kit.scores((45, 3, 20, 30, 9, 20), (44, 8, 22, 29, 9, 21)),
    }


@pytest.mark.parametrize("number", range(21))
def test_a_report_stands_on_any_few_rows(made, kit, asked, number):
    name, tables = list(projects(kit).items())[number]
    assert kit.faults_of(made(tables, asked)) == [], name


def test_every_project_of_few_rows_is_tried(kit):
    assert len(projects(kit)) == 21


@pytest.mark.parametrize(
    "change",
    [
        {"populations": ["pain"]},
        {"minimum_k": 5},
        {"splits": []},
        {"splits": ["treatment"]},
        {"arms": "split"},
        {"arms": "whole", "pooling": "inverse variance"},
        {"window": None},
        {"level": 0.5},
        {
            "tau2": "DL",
            "interval": "wald",
            "prediction": "normal",
            "pooling": "inverse variance",
        },
    ],
    ids=str,
)
def test_a_report_stands_whatever_is_asked(made, kit, asked, change):
    tables = kit.together(kit.counts(*EVENTS), kit.scores(*MEANS))
    for number, events in enumerate((12, 14, 9)):
        high = {"trial_id": f"t00{number}", "arm_id": "high", "treatment": "ketamine"}
        tables["arms"].append(high | {"dose": 1, "dose_unit": "mg/kg", "route": "IV"})
        tables["outcomes"].append(kit.outcome(f"t00{number}", "high", events=events, n=20))
    changed = {name: analysis | change for name, analysis in asked.items()}
    assert kit.faults_of(made(tables, changed)) == []


@pytest.mark.parametrize("measure", ["RR", "OR", "RD", "PLO"])
def test_a_report_stands_with_one_analysis_and_no_headline(made, kit, measure):
    found = made(kit.counts(*EVENTS), {"only": kit.response | {"measure": measure}})
    assert kit.faults_of(found) == []
    assert " first</h2>" not in found.page("index")


@pytest.fixture(scope="module")
def whole(made, kit, asked):
    twelve = kit.counts(*[(5 + n * 7 % 12, 20, 3 + n * 5 % 9, 20) for n in range(12)])
    later = kit.outcome("t000", "treated", events=2, n=20, timepoint_h=672)
    bias = {"trial_id": "t000", "tool": "RoB1", "domain": "sequence", "judgement": "low"}
    bias |= {"support": "drawn", "source": "10.1000/x", "locator": "page 2"}
    claim = {"claim_id": "a", "claim": "It works", "kind": "efficacy", "rule": "by eye"}
    tables = kit.together(twelve, {"outcomes": [later]}, kit.scores(*MEANS))
    rest = {"claims": [claim | {"analysis": "response"}], "risk_of_bias": [bias]}
    week = kit.response | {"title": "Response after a month", "window": "28 d"}
    return made(tables | rest, asked | {"month": week})


# what the pages of an analysis are made of, and the one row on all raw rows
_NEEDED = ("syntheses", "row_use")


@pytest.mark.parametrize("name", sorted(set(STAGE_KINDS["synthesize"]) - {*_NEEDED}))
def test_a_report_stands_with_any_table_of_the_synthesis_empty(whole, name):
    # a synthesis of effects that are not there is none
    emptied = {name, "asymmetry", "diagnostics"} if name == "asymmetry" else {name}
    tables = whole.tables
    for table in emptied:
        tables = tables.replaced(STAGE_KINDS["synthesize"][table], [])
    pages = report(tables, whole.configuration)
    assert pages["index.html"]
    assert verify_script(tables, whole.configuration, "0")


@pytest.mark.parametrize(("kind", "sections"), [(CountRow, 3), (ReasonRow, 1), (WarningRow, 1)])
def test_a_section_of_the_counts_without_a_row_has_no_table(whole, kind, sections):
    pages = report(whole.tables.replaced(kind, []), whole.configuration)
    assert whole.page("data").count("<table>") - pages["data.html"].count("<table>") == sections


def test_a_release_of_other_days_stands_beside_tables_without_a_trial(made, kit, asked, whole):
    found = made({}, asked)
    results = tuple(map(result_of, whole.tables[SynthesisRow]))
    old = Release("2026-01-01", "abc", "0" * 40, {"t000": "1"}, results, {})
    pages = report(found.tables, found.configuration, [old])
    assert "Removed: t000" in pages["changes.html"]
    first = replace(old, name="2025-01-01", syntheses=())
    assert report(found.tables, found.configuration, [first, old])["changes.html"]


def text_of(page):
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", page)).split())


def test_an_empty_template_says_that_there_is_no_trial(made, kit, asked):
    found = made({}, asked)
    said = text_of(found.page("index"))
    assert "hold no trial yet" in said
    assert "All trials together : no trial gives a number" in said
    assert "No claim is in the tables" in text_of(found.page("claims"))
    said = text_of(found.page("analyses/response"))
    assert "None: no trial has rows on this outcome and population." in said


@pytest.mark.parametrize(
    ("events", "why"),
    [
        (((0, 20), (0, 22), (0, 19)), "no trial has an event"),
        (((20, 20), (22, 22), (19, 19)), "everybody in every trial has the event"),
        (((0, 20), (22, 22)), "nobody or everybody has the event, trial by trial"),
    ],
)
def test_a_share_without_a_finite_estimate_says_why_and_leaves_the_rest(made, kit, events, why):
    # logit(p) has no maximum at a finite value where every count is 0 or n
    tables = kit.counts(*[(x, n, 5, 20) for x, n in events])
    found = made(tables, {"share": kit.share, "response": kit.response})
    (row,) = [r for r in found.tables[SynthesisRow] if r.analysis == "share"]
    empty = ("estimate", "ci_low", "pi_high", "se", "tau2", "i2", "q", "wald_low", "hksj_high")
    assert {getattr(row, name) for name in empty} == {None}
    assert row.k == len(events)
    assert model(row).startswith(f"not pooled: {why}")
    said = text_of(found.page("analyses/share"))
    assert f"{len(events)} trials give an effect, but they are not pooled: {why}" in said
    assert "Nothing is pooled: " + why in found.files["figures/share.forest.svg"]
    weights = {s.weight for s in found.tables[StudyRow] if s.analysis == "share"}
    assert weights == {None}
    (other,) = [r for r in found.tables[SynthesisRow] if r.analysis == "response"]
    assert other.estimate is not None


def test_a_share_with_an_event_somewhere_is_pooled(made, kit):
    # lme4 and metafor: rma.glmm(measure="PLO", xi=c(0,0,1), ni=c(20,20,20)), tau² 0, so that the
    # mean is that of the counts added up, 1/60
    found = made(kit.counts((0, 20, 1, 20), (0, 20, 2, 20), (1, 20, 0, 20)), {"share": kit.share})
    (row,) = found.tables[SynthesisRow]
    assert row.estimate == pytest.approx(1 / 60, abs=1e-6)
    assert row.tau2 == pytest.approx(0, abs=1e-9)


def test_a_trial_is_one_and_gives_an_effect(made, kit):
    tables = kit.counts((10, 20, 5, 20))
    high = {"trial_id": "t000", "arm_id": "high", "treatment": "ketamine", "dose": 1}
    tables["arms"].append(high | {"dose_unit": "mg/kg", "route": "IV"})
    tables["outcomes"].append(kit.outcome("t000", "high", events=12, n=20))
    found = made(tables, {"response": kit.response | {"arms": "split"}})
    said = text_of(found.page("analyses/response"))
    assert "1 trial gives an effect; fewer than 2 are not pooled." in said
