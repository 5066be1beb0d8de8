"""A result of one arm alone of several alike is refused, unless the analysis allows it."""

import pytest

DOSES = (("low", "ketamine"), ("high", "ketamine"), ("sal", "saline"))
SCORE = dict(mean=18.0, sd=9.0, n=25)
DIFFERENCE = dict(estimate=-4.0, se=2.0)


def result(made, ask, name="depression_24h", **keys):
    """Return the effect of trial a, and the fate of its first contrast or outcome row."""
    effects, fate = made.result(ask(name, **keys))
    assert {key[0] if isinstance(key, tuple) else key for key in effects} <= {"a"}
    table = "contrasts" if made.raw["contrasts"] else "outcomes"
    return effects.get("a"), fate[f"{table}.csv:2"]


def contrast(made, arm, **values):
    return made.contrast("a", arm, "sal", "depression_score", "MD", **(DIFFERENCE | values))


def doses(made, arms=DOSES, **values):
    sized = [(a, t, {"n_randomised": 25, **(more[0] if more else {})}) for a, t, *more in arms]
    return made.trial("a", arms=sized, **values)


def test_one_contrast_of_two_doses_is_refused_with_its_reason(made, ask):
    doses(made)
    contrast(made, "low")
    effect, entry = result(made, ask)
    assert effect is None
    assert entry.reason == "selected arm"
    assert entry.detail == "24 h: a number for low, none for high"


def test_doses_tell_arms_apart_where_they_are_known_and_differ(made, ask):
    dose = {"dose_unit": "mg/kg"}
    arms = [
        ("low", "ketamine", dose | {"dose": "0.1"}),
        ("mid", "ketamine", dose | {"dose": "0.5"}),
    ]
    doses(made, (*arms, ("high", "ketamine", dose | {"dose": "1.0"}), DOSES[-1]))
    contrast(made, "low")
    said = "24 h: a number for 0.1 mg/kg, none for 0.5 mg/kg and 1.0 mg/kg"
    assert result(made, ask)[1].detail == said


def test_it_enters_where_the_analysis_allows_it_and_says_that_it_was_selected(made, ask):
    doses(made)
    contrast(made, "low")
    allowed = (*ask("depression_24h").assumptions, "selected arm")
    effect, entry = result(made, ask, assumptions=allowed)
    assert entry.used
    assert effect.steps[0].assumption == "selected arm"
    assert "selected arm" in effect.assumptions


def test_no_default_allows_it(ask):
    assert "selected arm" not in ask("depression_24h").assumptions


@pytest.mark.parametrize(
    "arms",
    [
        (("low", "ketamine"), ("high", "esketamine"), ("sal", "saline")),
        (("low", "ketamine"), ("high", "ketamine", {"cotreatment": "magnesium"}),
         ("sal", "saline")),
        (("low", "ketamine"), ("high", "midazolam"), ("sal", "saline")),
        (("low", "ketamine", {"pooled_arms": "high"}), ("high", "ketamine"), ("sal", "saline")),
    ],
    ids=["another drug", "another addition", "a control", "pooled as reported"],
)  # fmt: skip
def test_an_arm_that_is_not_alike_or_stands_in_the_pool_is_not_missed(made, ask, arms):
    doses(made, arms)
    contrast(made, "low")
    effect, _ = result(made, ask)
    assert effect is not None
    assert "selected arm" not in effect.assumptions


def test_a_low_dose_that_is_the_active_control_of_a_contrast_is_not_missed(made, ask):
    doses(made)
    contrast(made, "low")
    made.contrast("a", "low", "high", "response", "RR", estimate=None)
    effect, _ = result(made, ask)
    assert effect is not None


@pytest.mark.parametrize(
    ("cells", "known"),
    [
        (dict(estimate=1.0, se=None), True),
        (dict(estimate=1.0, scale="HAMD17"), True),
        (dict(estimate=None, p_value="0.4"), False),
        (dict(estimate=1.0, timepoint_h=168.0), False),
    ],
    ids=["no spread", "another scale", "a p-value alone", "another hour"],
)
def test_another_arm_is_known_by_a_number_of_the_outcome_at_the_hour(made, ask, cells, known):
    doses(made)
    contrast(made, "low")
    contrast(made, "high", **cells)
    effect, entry = result(made, ask)
    assert (effect is not None, entry.reason == "selected arm") == (known, not known)


def test_a_number_of_another_outcome_makes_no_arm_known(made, ask):
    doses(made)
    contrast(made, "low")
    made.outcome("a", "high", "response", events=9, n=25)
    assert result(made, ask)[0] is None


def test_two_of_three_doses_are_enough(made, ask):
    doses(made, (("top", "ketamine"), *DOSES))
    contrast(made, "low")
    assert result(made, ask)[0] is None
    contrast(made, "high")
    assert result(made, ask)[0].n_t == 50


def test_a_row_of_pooled_arms_makes_its_parts_known(made, ask):
    doses(made, (*DOSES, ("both", "ketamine", {"pooled_arms": "low;high"})))
    contrast(made, "low")
    made.outcome("a", "both", "depression_score", mean=18.0, scale="QIDS")
    assert result(made, ask)[0] is not None


@pytest.mark.parametrize("name", ["depression_24h", "reduction_24h_arm"])
@pytest.mark.parametrize("second", [False, True])
def test_arm_level_rows_are_judged_alike(made, ask, name, second):
    doses(made)
    arms = {"low": SCORE | dict(baseline_mean=30.0, baseline_sd=6.0), "sal": SCORE}
    made.scores("a", arms | ({"high": dict(mean=12.0, n=25)} if second else {}))
    effect, entry = result(made, ask, name)
    assert (effect is not None) is second
    assert entry.used if second else entry.reason == "selected arm"


def test_counts_of_one_dose_are_refused_and_of_both_added(made, ask):
    doses(made)
    made.events("a", {"low": (9, 25), "sal": (3, 25)})
    assert result(made, ask, "response_24h")[1].reason == "selected arm"
    made.events("a", {"high": (12, 25)})
    assert result(made, ask, "response_24h")[0].events_t == 21
