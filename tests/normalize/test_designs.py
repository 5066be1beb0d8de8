"""Crossovers, several doses against one control, and the same patients in two reports."""

import math

import pytest

KET, SAL = "ket", "sal"


def crossover(made, trial_id="a", **sets):
    made.trial(trial_id, design="crossover")
    for name, counts in sets.items():
        made.events(trial_id, counts, analysis_set=name.replace("_", "-"))
    return made


def test_the_first_period_is_preferred_to_both(made, ask):
    crossover(
        made,
        crossover_all={KET: (12, 20), SAL: (5, 20)},
        crossover_period_1={KET: (6, 10), SAL: (3, 10)},
    )
    effects, _ = made.result(ask("response_24h"))
    assert effects["a"].analysis_set == "crossover-period-1"
    assert effects["a"].people == 20


def test_both_periods_are_paired_with_the_stated_correlation_and_people_count_once(made, ask):
    crossover(made, crossover_all={KET: (10, 20), SAL: (8, 20)})
    effects, _ = made.result(ask("response_24h", correlation=0.4))
    p1, p2, n = 0.5, 0.4, 20
    q1, q2 = 1 - p1, 1 - p2
    spread = 2 * 0.4 * math.sqrt(q1 * q2 / (p1 * p2))
    expected = (q1 / p1 + q2 / p2 - spread) / n
    assert effects["a"].yi == pytest.approx(math.log(p1 / p2))
    assert effects["a"].vi == pytest.approx(expected)
    assert effects["a"].people == 20
    assert effects["a"].assumptions == ("correlation",)


def test_the_correlation_of_events_is_held_to_what_the_margins_allow(made, ask):
    crossover(made, crossover_all={KET: (16, 20), SAL: (2, 20)})
    effects, _ = made.result(ask("response_24h", correlation=0.9))
    largest = math.sqrt(0.1 * 0.2 / (0.8 * 0.9))
    assert "correlation 0.167" in effects["a"].steps[-1].what
    assert largest == pytest.approx(0.1667, abs=1e-4)


def paired_scores(made, **contrast):
    made.trial("a", design="crossover")
    made.scores(
        "a",
        {KET: dict(mean=15.0, sd=10.0, n=16), SAL: dict(mean=24.0, sd=12.0, n=16)},
        analysis_set="crossover-all",
    )
    if contrast:
        made.contrast("a", KET, SAL, "depression_score", "MD", estimate=-9.0, **contrast)
    return made


def test_a_reported_paired_difference_gives_the_correlation(made, ask):
    r = 0.3
    se = math.sqrt((10**2 + 12**2 - 2 * r * 10 * 12) / 16)
    paired_scores(made, se=se)
    effects, fate = made.result(ask("depression_24h"))
    assert "correlation 0.3" in effects["a"].steps[-1].what
    assert effects["a"].assumptions == ()
    assert fate["contrasts.csv:2"].used


def test_without_one_the_stated_correlation_is_assumed(made, ask):
    paired_scores(made)
    effects, _ = made.result(ask("depression_24h_madrs", correlation=0.25))
    assert effects["a"].vi == pytest.approx((10**2 + 12**2 - 2 * 0.25 * 10 * 12) / 16)


def standardised(made, **cells):
    arms = ((KET, "ketamine", dict(n_randomised=18)), (SAL, "saline", dict(n_randomised=18)))
    made.trial("a", design="crossover", arms=arms)
    cells = dict(estimate=-0.8, ci_low=-1.04, ci_high=-0.55) | cells
    return made.contrast("a", KET, SAL, "depression_score", "SMD", **cells)


def test_a_standardised_difference_of_a_crossover_is_refused(made, ask):
    standardised(made)
    effects, fate = made.result(ask("depression_24h"))
    assert effects == {}
    entry = fate["contrasts.csv:2"]
    assert entry.reason == "not usable"
    assert entry.detail.endswith("crossover trial that does not say by which SD")


@pytest.mark.parametrize("cells", [{}, dict(ci_low=None, ci_high=None)])
def test_where_it_is_allowed_its_variance_is_that_of_its_people(made, ask, cells):
    """Not that of an interval from a model of every hour, which is the one that is printed."""
    standardised(made, **cells)
    # fewer people than were randomised; rows of the first period alone say nothing of both
    counts = dict(scale=None, timepoint_h=168.0)
    made.events("a", {KET: (9, 17), SAL: (3, 16)}, analysis_set="crossover-all", **counts)
    made.events("a", {KET: (4, 9), SAL: (1, 9)}, analysis_set="crossover-period-1", **counts)
    words = (*ask("depression_24h").assumptions, "SD not stated")
    effects, _ = made.result(ask("depression_24h", assumptions=words, correlation=0.25))
    found = effects["a"]
    n, r, d = 16, 0.25, -0.8
    df = 2 * (n - 1) / (1 + r**2)
    j = math.exp(math.lgamma(df / 2) - math.lgamma((df - 1) / 2)) / math.sqrt(df / 2)
    assert (found.n_t, found.n_c, found.people) == (n, n, n)
    assert found.yi == pytest.approx(j * d)
    # of the difference, and of the SD that it is divided by (delta method)
    assert found.vi == pytest.approx(2 * (1 - r) / n + (j * d) ** 2 / (2 * df))
    assert {"SD not stated", "correlation"} <= set(found.assumptions)


def test_several_treated_periods_of_the_same_people_give_one(made, ask):
    made.trial(
        "a",
        design="crossover",
        arms=(
            (KET, "ketamine"),
            ("ket+mg", "ketamine", dict(cotreatment="magnesium")),
            (SAL, "saline"),
        ),
    )
    made.events("a", {KET: (8, 20), "ket+mg": (10, 20), SAL: (5, 20)}, analysis_set="crossover-all")
    effects, fate = made.result(ask("response_24h"))
    assert effects["a"].events_t == 8
    assert fate["outcomes.csv:3"].reason == "same people"


DOSES = (("low", "ketamine"), ("high", "ketamine"), (SAL, "saline"))


def test_arms_apart_split_the_control(made, ask):
    made.trial("a", arms=DOSES).events("a", {"low": (6, 20), "high": (12, 20), SAL: (6, 24)})
    effects, _ = made.result(ask("response_24h", arms="split"))
    assert set(effects) == {("a", "high"), ("a", "low")}
    high = effects["a", "high"]
    assert (high.events_c, high.n_c) == (3, 12)
    assert high.vi == pytest.approx(1 / 12 - 1 / 20 + 1 / 3 - 1 / 12)
    assert "shared control" in high.assumptions


def test_arms_apart_keep_the_control_whole_with_its_covariance(made, ask):
    made.trial("a", arms=DOSES).events("a", {"low": (6, 20), "high": (12, 20), SAL: (6, 24)})
    effects, _ = made.result(ask("response_24h", arms="whole"))
    for effect in effects.values():
        assert effect.n_c == 24
        assert effect.shared == pytest.approx(1 / 6 - 1 / 24)


@pytest.mark.parametrize(
    ("measure", "shared"),
    [("RD", 0.25 * 0.75 / 24), ("OR", 1 / 6 + 1 / 18), ("RR", 1 / 6 - 1 / 24)],
)
def test_the_shared_covariance_is_the_controls_part_of_the_variance(made, ask, measure, shared):
    made.trial("a", arms=DOSES).events("a", {"low": (6, 20), "high": (12, 20), SAL: (6, 24)})
    effects, _ = made.result(ask("response_24h", arms="whole", measure=measure))
    assert effects["a", "low"].shared == pytest.approx(shared)


def test_a_report_that_is_part_of_another_is_not_pooled_beside_it(made, ask):
    made.trial("whole").events("whole", {KET: (20, 40), SAL: (10, 40)})
    made.trial("subset", part_of="whole").events("subset", {KET: (9, 18), SAL: (4, 18)})
    effects, fate = made.result(ask("response_24h"))
    assert set(effects) == {"whole"}
    assert fate["outcomes.csv:4"].reason == "shared people"
    assert fate["outcomes.csv:4"].detail == "used: whole"


def test_a_subset_stands_where_the_whole_gives_nothing(made, ask):
    made.trial("whole")
    made.trial("subset", part_of="whole").events("subset", {KET: (9, 18), SAL: (4, 18)})
    assert set(made.result(ask("response_24h"))[0]) == {"subset"}


def test_a_pool_of_trials_gives_way_to_its_parts_when_they_hold_as_many_people(made, ask):
    made.trial("one").events("one", {KET: (20, 40), SAL: (10, 40)})
    made.trial("two").events("two", {KET: (10, 20), SAL: (5, 20)})
    made.trial("pool", part_of="one;two").events("pool", {KET: (30, 60), SAL: (15, 60)})
    assert set(made.result(ask("response_24h"))[0]) == {"one", "two"}


def test_a_pool_stands_where_a_part_is_missing(made, ask):
    made.trial("one").events("one", {KET: (20, 40), SAL: (10, 40)})
    made.trial("two")
    made.trial("pool", part_of="one;two").events("pool", {KET: (30, 60), SAL: (15, 60)})
    assert set(made.result(ask("response_24h"))[0]) == {"pool"}


def test_two_reports_of_parts_of_the_same_trial_are_not_pooled_together(made, ask):
    made.trial("whole")
    for name, n in (("early", 20), ("late", 24)):
        made.trial(name, part_of="whole").events(name, {KET: (9, n), SAL: (4, n)})
    assert set(made.result(ask("response_24h"))[0]) == {"late"}


def test_an_effect_tells_how_many_were_randomised_to_its_arms(made, ask):
    arms = (
        ("low", "ketamine", {"n_randomised": 12}),
        ("high", "ketamine", {"n_randomised": 14}),
        ("sal", "saline", {"n_randomised": 20}),
    )
    made.trial("a", arms).events("a", {"low": (5, 10), "high": (7, 12), "sal": (3, 18)})
    both = made.result(ask("response_24h"))[0]["a"]
    assert (both.randomised_t, both.randomised_c) == (26, 20)
    apart, _ = made.result(ask("response_24h", arms="split"))
    assert [(e.randomised_t, e.randomised_c, e.n_c) for e in apart.values()] == [
        (14, 10, 9),
        (12, 10, 9),
    ]


def test_an_arm_of_several_has_the_people_of_its_parts_and_none_is_made_up(made, ask):
    parts = {"pooled_arms": "low;high"}
    arms = (
        ("low", "ketamine", {"n_randomised": 12}),
        ("high", "ketamine", {"n_randomised": 14}),
        ("any", "ketamine", parts),
        ("sal", "saline"),
    )
    made.trial("a", arms).events("a", {"any": (12, 22), "sal": (3, 18)})
    effect = made.result(ask("response_24h"))[0]["a"]
    assert (effect.randomised_t, effect.randomised_c) == (26, None)


@pytest.mark.parametrize(("whole", "expected"), [(20, (10, 10)), (11, (None, None))])
def test_arms_of_a_crossover_tell_its_first_period_where_they_add_up(made, ask, whole, expected):
    arms = (
        ("ket", "ketamine", {"n_randomised": 10}), ("sal", "saline", {"n_randomised": 10}),
    )  # fmt: skip
    made.trial("a", arms, design="crossover", n_randomised=whole)
    made.events("a", {"ket": (5, 8), "sal": (2, 9)}, analysis_set="crossover-period-1")
    effect = made.result(ask("response_24h"))[0]["a"]
    assert (effect.randomised_t, effect.randomised_c) == expected


DOSES = (
    ("low", "ketamine", {"dose": "0.2", "dose_unit": "mg/kg"}),
    ("high", "ketamine", {"dose": "0.5", "dose_unit": "mg/kg"}),
    ("both", "ketamine", {"pooled_arms": "low; high"}),
    ("sal", "saline"),
)


def test_the_highest_dose_alone_is_that_arm_against_the_control(made, ask):
    counts = {"low": (9, 20), "high": (12, 20), "both": (21, 40), "sal": (5, 20)}
    made.trial("a", DOSES).events("a", counts)
    effects, fate = made.result(ask("response_24h", arms="highest"))
    assert (effects["a"].events_t, effects["a"].n_t, effects["a"].n_c) == (12, 20, 20)
    assert sorted(entry.detail for entry in fate.values() if entry.reason == "higher dose") == [
        "used: high", "used: high"
    ]  # fmt: skip


@pytest.mark.parametrize("dose", ["28 to 84", None])
def test_doses_that_are_not_all_known_are_all_taken(made, ask, dose):
    arms = (("low", "ketamine", {"dose": dose, "dose_unit": "mg"}), DOSES[1], DOSES[3])
    counts = {"low": (9, 20), "high": (12, 20), "sal": (5, 20)}
    made.trial("a", arms).events("a", counts)
    effects, _ = made.result(ask("response_24h", arms="highest"))
    assert (effects["a"].events_t, effects["a"].n_t) == (21, 40)
