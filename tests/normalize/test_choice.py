"""Which rows become a trial's effect, and what the ledger says of the others."""

import math

import pytest

from ketameta.normalize.coverage import coverage
from ketameta.normalize.trials import raw_rows, trials_of
from ketameta.vocabulary.narrowing import parse

KET, SAL = "ket", "sal"


def log_rr(a, n1, c, n2):
    return math.log((a / n1) / (c / n2)), 1 / a - 1 / n1 + 1 / c - 1 / n2


def test_counts_give_a_log_risk_ratio(made, ask):
    made.trial("a").events("a", {KET: (12, 20), SAL: (5, 20)})
    effects, fate = made.result(ask("response_24h"))
    assert (effects["a"].yi, effects["a"].vi) == pytest.approx(log_rr(12, 20, 5, 20), rel=1e-12)
    assert all(entry.used for entry in fate.values())


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (dict(outcome="remission"), "other outcome"),
        (dict(timepoint_h=72.0), "outside window"),
        (dict(timepoint_h=None), "no hour"),
        (dict(scale="CAPS-5"), "other scale"),
        (dict(analysis_set="subgroup"), "other analysis set"),
        (dict(flag="do-not-pool: x"), "flagged"),
        (dict(flag="check: response at any time up to this hour"), "flagged"),
        (dict(events=None), "not usable"),
    ],
)
def test_a_row_is_refused_with_its_reason(made, ask, change, reason):
    made.trial("a").events("a", {SAL: (5, 20)})
    row = made.outcome("a", KET, **({"outcome": "response", "events": 12, "n": 20} | change))
    effects, fate = made.result(ask("response_24h"))
    assert effects == {}
    assert fate[f"outcomes.csv:{row['line']}"].reason == reason


def test_a_flag_that_wants_a_check_is_used_unless_the_question_leaves_it_out(made, ask):
    made.trial("a").events("a", {KET: (12, 20), SAL: (5, 20)}, flag="check: denominator")
    made.trial("b").events("b", {KET: (12, 20), SAL: (5, 20)})
    for asked, found in ((None, {"a", "b"}), ("flag=none", {"b"}), ("flag=check", {"a"})):
        narrow = parse(asked) if asked else ()
        assert set(made.result(ask("response_24h", narrow=narrow))[0]) == found


def test_a_row_without_a_flag_stands_in_for_one_that_wants_a_check(made, ask):
    counts = {KET: (12, 20), SAL: (5, 20)}
    made.trial("a").events("a", counts, flag="check: denominator", analysis_set="itt")
    made.events("a", {KET: (11, 18), SAL: (5, 20)}, analysis_set="completer")
    whole, _ = made.result(ask("response_24h"))
    own, fate = made.result(ask("response_24h", narrow=parse("flag=none")))
    assert (whole["a"].n_t, own["a"].n_t) == (20, 18)
    assert fate["outcomes.csv:2"].detail == "flag check"


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (dict(population="OCD"), "other population"),
        (dict(design_flag="enriched"), "design"),
    ],
)
def test_a_trial_is_refused_with_its_reason(made, ask, values, reason):
    made.trial("a", **values).events("a", {KET: (12, 20), SAL: (5, 20)})
    effects, fate = made.result(ask("response_24h"))
    assert effects == {}
    assert {entry.reason for entry in fate.values()} == {reason}


@pytest.mark.parametrize(
    ("sources", "by", "reason"),
    [
        (("contrasts",), "contrasts", "arms not asked for"),
        (("arms",), "outcomes", "source not asked for"),
        (("contrasts", "arms"), "contrasts", "source preferred"),
    ],
)
def test_a_source_alone_gives_its_rows_alone(made, ask, sources, by, reason):
    made.trial("a").events("a", {KET: (12, 20), SAL: (5, 20)})
    made.contrast("a", KET, SAL, "response", "RR", estimate=2.0, ci_low=1.1, ci_high=3.7)
    effects, fate = made.result(ask("response_24h", sources=sources))
    assert {row.table for row in effects["a"].rows} == {by}
    assert {entry.reason for entry in fate.values() if not entry.used} == {reason}


@pytest.mark.parametrize(
    ("treatments", "arm"), [(("ketamine", "esketamine"), KET), (("esketamine", "ketamine"), "esk")]
)
@pytest.mark.parametrize("source", ["arms", "contrasts"])
def test_of_several_treatments_the_first_asked_for_that_a_trial_gave(
    made, ask, treatments, arm, source
):
    arms = ((KET, "ketamine"), ("esk", "esketamine"), (SAL, "saline"))
    for name, given in (("a", arms), ("b", arms[1:])):
        made.trial(name, arms=given)
        for treated in (arm_id for arm_id, drug in given if drug != "saline"):
            cells = dict(estimate=2.0, ci_low=1.1, ci_high=3.7)
            made.contrast(name, treated, SAL, "response", "RR", **cells)
        made.events(name, {arm_id: (9, 20) for arm_id, _ in given})
    asked = ask("response_24h", treatments=treatments, arms="first", sources=(source,))
    effects, fate = made.result(asked)
    assert {name: [a.arm_id for a in e.treated] for name, e in effects.items()} == {
        "a": [arm],
        "b": ["esk"],
    }
    assert any(entry.detail == f"used: {treatments[0]}" for entry in fate.values())


@pytest.mark.parametrize(("blinding", "found"), [("open", set()), ("double", {"a"}), ("", set())])
def test_a_trial_is_left_out_by_its_blinding(made, ask, blinding, found):
    made.trial("a", blinding=blinding).events("a", {KET: (12, 20), SAL: (5, 20)})
    effects, _ = made.result(ask("response_24h", narrow=parse("blinding=double|single")))
    assert set(effects) == found


def test_a_design_that_is_asked_for_enters(made, ask):
    made.trial("a", design_flag="enriched").events("a", {KET: (12, 20), SAL: (5, 20)})
    assert "a" in made.result(ask("response_24h", design_flags=("enriched",)))[0]


def test_the_preferred_scale_wins_before_the_nearer_hour(made, ask):
    made.trial("a")
    made.events("a", {KET: (8, 20), SAL: (4, 20)}, scale="HAMD17", timepoint_h=24.0)
    made.events("a", {KET: (12, 20), SAL: (5, 20)}, scale="MADRS", timepoint_h=30.0)
    effects, fate = made.result(ask("response_24h"))
    assert effects["a"].scale == "MADRS"
    assert fate["outcomes.csv:2"].reason == "scale preferred"
    assert "MADRS, not stated, 30 h" in fate["outcomes.csv:2"].detail


@pytest.mark.parametrize(("hours", "chosen"), [((20.0, 30.0), 20.0), ((22.0, 26.0), 26.0)])
def test_the_hour_nearest_the_target_wins_and_ties_go_to_the_later(made, ask, hours, chosen):
    made.trial("a")
    for hour in hours:
        made.events("a", {KET: (12, 20), SAL: (5, 20)}, timepoint_h=hour)
    effects, fate = made.result(ask("response_24h"))
    assert effects["a"].hour == chosen
    losers = [e for e in fate.values() if not e.used]
    assert {e.reason for e in losers} == {"time preferred"}


def test_without_a_window_the_longest_follow_up_wins_and_a_whole_phase_is_longest(made, ask):
    made.trial("a").trial("b")
    for hour in (24.0, 672.0):
        made.events("a", {KET: (12, 20), SAL: (5, 20)}, "nausea", timepoint_h=hour, scale=None)
    for hour in (24.0, None):
        made.events("b", {KET: (12, 20), SAL: (5, 20)}, "nausea", timepoint_h=hour, scale=None)
    effects, _ = made.result(ask("ae_nausea"))
    assert (effects["a"].hour, effects["b"].hour) == (672.0, None)


def test_the_preferred_analysis_set_wins(made, ask):
    made.trial("a")
    for name in ("completer", "itt", "fas-observed"):
        made.events("a", {KET: (12, 20), SAL: (5, 20)}, analysis_set=name)
    effects, fate = made.result(ask("response_24h"))
    assert effects["a"].analysis_set == "itt"
    assert fate["outcomes.csv:2"].reason == "analysis set preferred"


def test_arm_level_numbers_come_before_a_reported_contrast_and_the_order_can_be_turned(made, ask):
    made.trial("a")
    numbers = dict(n=20, change_sd=8.0)
    made.scores(
        "a", {KET: dict(change_mean=-12.0, **numbers), SAL: dict(change_mean=-6.0, **numbers)}
    )
    made.contrast("a", KET, SAL, "depression_score", "MD", estimate=-5.0, se=2.0)
    effects, fate = made.result(ask("depression_24h_madrs"))
    assert effects["a"].yi == pytest.approx(-6)
    assert fate["contrasts.csv:2"].reason == "source preferred"
    turned = ask("depression_24h_madrs", sources=("contrasts", "arms"))
    effects, fate = made.result(turned)
    assert (effects["a"].yi, effects["a"].vi) == pytest.approx((-5, 4))
    assert fate["outcomes.csv:2"].reason == "source preferred"


def test_numbers_that_need_no_assumption_come_before_those_that_do(made, ask):
    made.trial(
        "a", arms=((KET, "ketamine", dict(n_randomised=20)), (SAL, "saline", dict(n_randomised=20)))
    )
    made.scores(
        "a",
        {KET: dict(change_mean=-12.0, change_sd=8.0), SAL: dict(change_mean=-6.0, change_sd=8.0)},
    )
    made.contrast("a", KET, SAL, "depression_score", "MD", estimate=-5.0, se=2.0)
    effects, _ = made.result(ask("depression_24h_madrs"))
    assert effects["a"].basis == "contrast"  # the arms would have to borrow an n


def test_several_treated_arms_are_added_to_one(made, ask):
    made.trial("a", arms=(("low", "ketamine"), ("high", "ketamine"), (SAL, "saline")))
    made.events("a", {"low": (6, 20), "high": (12, 20), SAL: (5, 20)})
    effects, _ = made.result(ask("response_24h"))
    assert effects["a"].yi == pytest.approx(log_rr(18, 40, 5, 20)[0])


def test_a_pooled_arm_stands_only_where_its_parts_do_not(made, ask):
    arms = (
        ("low", "ketamine"),
        ("high", "ketamine"),
        ("any", "ketamine", dict(pooled_arms="low;high")),
        (SAL, "saline"),
    )
    made.trial("a", arms=arms).events(
        "a", {"low": (6, 20), "high": (12, 20), "any": (18, 40), SAL: (5, 20)}
    )
    made.trial("b", arms=arms).events("b", {"any": (18, 40), SAL: (5, 20)})
    effects, fate = made.result(ask("response_24h"))
    assert effects["a"].yi == pytest.approx(effects["b"].yi)
    assert fate["outcomes.csv:4"].reason == "pooled arm"
    assert [arm.arm_id for arm in effects["b"].treated] == ["any"]


def test_the_first_comparator_class_of_the_list_is_taken(made, ask):
    made.trial("a", arms=((KET, "ketamine"), (SAL, "saline"), ("mid", "midazolam")))
    made.events("a", {KET: (12, 20), SAL: (5, 20), "mid": (7, 20)})
    effects, fate = made.result(ask("response_24h"))
    assert effects["a"].comparator_class == "inert"
    assert fate["outcomes.csv:4"].reason == "other comparator"
    effects, _ = made.result(ask("response_24h", comparators=("active", "inert")))
    assert effects["a"].comparator_class == "active"


def test_strata_of_separate_people_are_added(made, ask):
    made.trial("a", design_flag="randomised withdrawal")
    for stratum, x in (("relapse, stable remitters", 3), ("relapse, stable responders", 5)):
        made.events("a", {KET: (x, 30), SAL: (x + 6, 30)}, "relapse", definition=stratum)
    effects, _ = made.result(ask("relapse"))
    assert effects["a"].yi == pytest.approx(log_rr(8, 60, 20, 60)[0])


def test_no_events_in_either_arm_gives_no_ratio_but_a_difference(made, ask):
    made.trial("a").events("a", {KET: (0, 20), SAL: (0, 20)})
    effects, fate = made.result(ask("response_24h"))
    assert effects == {}
    assert "no events in either arm" in fate["outcomes.csv:2"].detail
    effects, _ = made.result(ask("response_24h", measure="RD"))
    assert effects["a"].yi == 0


def test_a_count_is_recovered_from_per_cent(made, ask):
    made.trial("a").events("a", {SAL: (5, 20)})
    made.outcome("a", KET, "response", percent=42.9, n=28)
    effects, _ = made.result(ask("response_24h"))
    assert effects["a"].events_t == 12


def test_a_whole_per_cent_of_many_people_gives_the_middle_of_counts_that_lie_close(made, ask):
    made.trial("a")
    made.outcome("a", KET, "response", percent=50, n=400)
    made.outcome("a", SAL, "response", percent=25, n=400)
    effects, _ = made.result(ask("response_24h"))
    # log 2, and 1/200 - 1/400 + 1/100 - 1/400
    assert (effects["a"].yi, effects["a"].vi) == pytest.approx((math.log(2), 0.01), rel=1e-12)
    assert (effects["a"].events_t, effects["a"].events_c) == (200, 100)
    said = [step.formula for step in effects["a"].steps]
    assert any("of 400, 98 to 102 print as 25%" in text for text in said)


@pytest.mark.parametrize(("percent", "n"), [(0, 400), (1, 1000), (99, 1000), (100, 400)])
def test_a_whole_per_cent_that_far_counts_give_is_refused(made, ask, percent, n):
    made.trial("a").events("a", {SAL: (5, 20)})
    row = made.outcome("a", KET, "response", percent=percent, n=n)
    effects, fate = made.result(ask("response_24h"))
    assert effects == {}
    entry = fate[f"outcomes.csv:{row['line']}"]
    assert entry.reason == "not usable"
    assert f"counts of {n} people give" in entry.detail


def test_a_per_cent_that_no_count_gives_is_refused(made, ask):
    made.trial("a").events("a", {SAL: (5, 20)})
    row = made.outcome("a", KET, "response", percent=42.5, n=28)
    effects, fate = made.result(ask("response_24h"))
    assert effects == {}
    assert fate[f"outcomes.csv:{row['line']}"].reason == "not usable"


def test_an_assumption_that_is_switched_off_is_not_made(made, ask):
    made.trial(
        "a", arms=((KET, "ketamine", dict(n_randomised=20)), (SAL, "saline", dict(n_randomised=20)))
    )
    made.scores(
        "a",
        {KET: dict(change_mean=-12.0, change_sd=8.0), SAL: dict(change_mean=-6.0, change_sd=8.0)},
    )
    effects, _ = made.result(ask("depression_24h"))
    assert effects["a"].assumptions == ("borrowed n",)
    effects, fate = made.result(ask("depression_24h", assumptions=()))
    assert effects == {}
    assert "does not assume: a number of people taken from" in fate["outcomes.csv:2"].detail


def test_turning_a_scale_turns_the_effect(made, ask, monkeypatch):
    from dataclasses import replace

    from ketameta.vocabulary import vocabulary

    numbers = dict(n=20, change_sd=8.0)
    made.trial("a")
    made.scores(
        "a", {KET: dict(change_mean=-12.0, **numbers), SAL: dict(change_mean=-6.0, **numbers)}
    )
    before = made.result(ask("depression_24h"))[0]["a"].yi
    scales = vocabulary().scales
    monkeypatch.setitem(scales, "MADRS", replace(scales["MADRS"], higher="better"))
    assert made.result(ask("depression_24h"))[0]["a"].yi == pytest.approx(-before)
    assert before < 0


def test_the_people_of_a_contrast_are_those_of_its_own_outcome_first(made, ask):
    made.trial("a").events("a", {KET: (12, 20), SAL: (5, 19)}, outcome="remission")
    made.scores("a", {KET: {"n": 18, "mean": 9.0}, SAL: {"n": 17, "mean": 15.0}})
    made.contrast("a", KET, SAL, "depression_score", "SMD", estimate=-0.6, se=0.3)
    effects, _ = made.result(ask("depression_24h"))
    assert (effects["a"].n_t, effects["a"].n_c) == (18, 17)


def test_the_map_of_the_evidence_has_no_people_that_nobody_told(made):
    made.trial("a", n_randomised=40).trial("b")
    for name, hour in (("a", 0.0), ("a", 24.0), ("b", None)):
        made.outcome(name, KET, "response", events=12, n=20, timepoint_h=hour)
    raw = made.tables()
    found = coverage(trials_of(raw), raw_rows(raw))
    assert {(*row.trial_ids, row.people) for row in found} == {("a", 40), ("b", None)}
