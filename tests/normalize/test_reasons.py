"""The reason of a row that gives no effect: of the way that came nearest, with the cell missing."""

import pytest

KET, SAL = "ket", "sal"
WHOLE = dict(mean=18.0, sd=9.0, n=25)


def fates(made, ask, ket, sal, name="depression_24h", outcome="depression_score", **keys):
    """Return the fate of the row of each arm; no row of an arm that is None."""
    made.trial("a")
    lines = {}
    for arm, cells in ((KET, ket), (SAL, sal)):
        if cells is not None:
            lines[arm] = made.outcome("a", arm, outcome, **cells)["line"]
    effects, fate = made.result(ask(name, **keys))
    assert effects == {}
    return {arm: fate[f"outcomes.csv:{line}"] for arm, line in lines.items()}


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (dict(mean=18.0, n=25), "a mean without SD, SE or interval: sd is empty"),
        (dict(change_mean=-9.0, n=25), "a change without SD, SE or interval: change_sd is empty"),
        # the endpoint starts, the change does not: its reason would be that of another way
        (dict(mean=18.0, n=25, ci95_low=14.0), "interval: sd and ci95_high are empty"),
        (dict(mean=18.0, n=25, se=0.0), "interval: sd is empty, se is 0"),
        (
            dict(mean=18.0, sd=9.0, n=25, change_mean=-9.0),
            "a change without SD, SE or interval: change_sd is empty",
        ),
        (
            dict(mean=18.0, n=25, change_mean=-9.0, change_sd=None, se=None),
            "a change without SD, SE or interval: change_sd is empty",
        ),
        (dict(median=18.0, n=25), "a median without quartiles or range: q1, q3, minimum and"),
        (dict(median=18.0, q1=12.0, n=25), "a median without quartiles or range: q3 is empty"),
        (dict(q1=12.0, q3=20.0, n=25), "change_mean, mean and median are empty"),
        (dict(sd=9.0, n=25), "change_mean, mean and median are empty"),
        (dict(mean=18.0, sd=9.0), "no n for arm ket: n and n_randomised are empty"),
        (dict(mean=18.0), "n and n_randomised are empty; a mean without SD, SE or interval"),
        (dict(mean=18.0, sd=9.0, n=1), "n = 1: no SD of fewer than two people"),
        (dict(mean=18.0, sd=0.0, n=25), "SD of 0"),
    ],
)
def test_a_score_names_the_cell_that_its_nearest_way_lacks(made, ask, cells, said):
    if cells.get("sd") and "change_mean" in cells:  # the endpoint would do: ask for the change
        found = fates(made, ask, cells, WHOLE, basis=("change",))
    else:
        found = fates(made, ask, cells, WHOLE)
    assert found[KET].reason == "not usable"
    assert said in found[KET].detail
    # the other row is whole, and says why it stands alone
    assert found[SAL].reason in ("no comparison", "not usable")
    assert "outcomes.csv:2" in found[SAL].detail or "change_mean is empty" in found[SAL].detail


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (dict(n=25), "no number of events: events and percent are empty"),
        (dict(), "no number of events: events and percent are empty"),
        (dict(percent=40.0), "no n for arm ket: n and n_randomised are empty"),
        (dict(events=10), "no n for arm ket: n and n_randomised are empty"),
        (dict(events=10, n=0), "n = 0"),
        (dict(events=30, n=25), "30 events in n = 25"),
    ],
)
def test_a_count_names_the_cell_that_it_lacks(made, ask, cells, said):
    found = fates(made, ask, cells, dict(events=5, n=20), "response_24h", "response")
    assert (found[KET].reason, found[KET].detail.startswith(said)) == ("not usable", True)
    assert found[SAL].reason == "no comparison"
    assert found[SAL].detail == f"the treated arm gives no numbers, outcomes.csv:2: {said}"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (dict(timepoint_h=168.0), "no row of sal at 24 h, MADRS; other rows: outcomes.csv:3 "
                                  "(outside window, 168 h)"),
        (dict(timepoint_h=30.0), "outcomes.csv:3 (30 h, MADRS)"),
        (dict(scale="HAMD17"), "outcomes.csv:3 (24 h, HAMD17)"),
        (dict(analysis_set="itt"), "outcomes.csv:3 (24 h, MADRS, itt)"),
        (dict(flag="do-not-pool: x"), "outcomes.csv:3 (flagged, do-not-pool: x)"),
        (None, "no row of sal at 24 h, MADRS"),
    ],
)  # fmt: skip
def test_a_missing_control_row_is_the_reason_and_not_a_missing_change(made, ask, values, said):
    found = fates(made, ask, WHOLE, None if values is None else WHOLE | values)
    assert found[KET].reason == "no comparison"
    assert said in found[KET].detail


def test_a_trial_without_an_arm_to_compare_with_says_so(made, ask):
    made.trial("a", arms=((KET, "ketamine"),))
    made.outcome("a", KET, "depression_score", **WHOLE)
    _, fate = made.result(ask("depression_24h"))
    entry = fate["outcomes.csv:2"]
    assert entry.reason == "no comparison"
    assert entry.detail == "the trial has no control arm that is asked for"


def test_arms_on_two_bases_are_the_reason(made, ask):
    change = dict(change_mean=-9.0, change_sd=8.0, n=25)
    found = fates(made, ask, WHOLE, change, basis=("change", "endpoint"))
    for entry in found.values():
        assert entry.reason == "not usable"
        assert entry.detail == "treated arms report endpoint, control arms change"


def test_a_computed_change_names_the_baseline_that_is_missing(made, ask):
    found = fates(made, ask, WHOLE, WHOLE | dict(baseline_mean=30.0), basis=("computed change",))
    said = "no change from a baseline: baseline_mean and baseline_sd are empty"
    assert found[KET].detail == said
    assert found[SAL].detail == "no change from a baseline: baseline_sd is empty"


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (dict(estimate=-5.0, ci_low=-9.0), "only one end of the interval is there, ci_high is"),
        (dict(estimate=-5.0, p_value="<.05"), "p_value is <.05"),
        (dict(estimate=0.0, p_value="0.4"), "an estimate of no difference has none"),
        (dict(estimate=-5.0), "an estimate without standard error, interval, t, F or exact"),
        (dict(p_value="0.4"), "no estimate, only a p-value: estimate is empty"),
        (dict(estimate=-5.0, se=2.0), "no n of ket and sal to standardise"),
    ],
)
def test_each_contrast_has_its_own_reason(made, ask, cells, said):
    made.trial("a", arms=((KET, "ketamine"), ("high", "ketamine"), (SAL, "saline")))
    row = made.contrast("a", KET, SAL, "depression_score", "MD", **cells)
    other = made.contrast("a", "high", SAL, "depression_score", "MD")
    effects, fate = made.result(ask("depression_24h"))
    assert effects == {}
    assert said in fate[f"contrasts.csv:{row['line']}"].detail
    assert fate[f"contrasts.csv:{other['line']}"].detail == "no estimate: estimate is empty"


def test_a_row_that_stood_back_for_one_that_gives_nothing_does_not_say_used(made, ask):
    made.trial("a").outcome("a", KET, "depression_score", mean=18.0, n=25)
    made.outcome("a", KET, "depression_score", seen="secondary", **WHOLE)
    made.outcome("a", SAL, "depression_score", **WHOLE)
    effects, fate = made.result(ask("depression_24h"))
    assert effects == {}
    entry = fate["outcomes.csv:3"]
    assert entry.reason == "repeated report"
    assert entry.detail == "taken: outcomes.csv:2, which gives no effect"


@pytest.mark.parametrize(
    ("name", "outcome", "whole", "broken", "said"),
    [
        ("depression_24h", "depression_score", WHOLE, dict(mean=20.0, n=25), "sd is empty"),
        ("response_24h", "response", dict(events=9, n=20), dict(n=20), "events and percent are"),
    ],
)
def test_a_second_period_of_the_same_people_keeps_its_reason(
    made, ask, name, outcome, whole, broken, said
):
    arms = ((KET, "ketamine"), ("both", "ketamine", dict(cotreatment="x")), (SAL, "saline"))
    made.trial("a", arms=arms, design="crossover")
    for arm, cells in ((KET, whole), ("both", whole), (SAL, broken)):
        made.outcome("a", arm, outcome, analysis_set="crossover-all", **cells)
    effects, fate = made.result(ask(name))
    assert effects == {}
    one, other, control = (fate[f"outcomes.csv:{line}"] for line in (2, 3, 4))
    assert (control.reason, said in control.detail) == ("not usable", True)
    assert (one.reason, "outcomes.csv:4" in one.detail) == ("no comparison", True)
    assert other.reason == "same people"
    assert other.detail == "taken: ket, which gives no effect"
