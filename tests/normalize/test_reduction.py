"""Per cent reduction from baseline in treated arms, and where the baseline comes from."""

import math

import pytest

KET = "ket"


def effect(made, ask, **keys):
    effects, fate = made.result(ask("reduction_24h_arm", **keys))
    return effects.get("a"), fate


def by_delta_method(base, sb, end, se, n, r):
    ratio = end / base
    variance = (se**2 + ratio**2 * sb**2 - 2 * r * ratio * se * sb) / (n * base**2)
    return 100 * (1 - ratio), 1e4 * variance


def test_endpoint_and_baseline(made, ask):
    made.trial("a")
    made.scores("a", {KET: dict(baseline_mean=33.0, baseline_sd=6.0, mean=17.0, sd=11.0, n=34)})
    found, _ = effect(made, ask, correlation=0.5)
    assert (found.yi, found.vi) == pytest.approx(by_delta_method(33, 6, 17, 11, 34, 0.5))


def test_change_and_baseline_give_the_same_as_endpoint_and_baseline(made, ask):
    base, sb, end, se, n, r = 33.0, 6.0, 17.0, 11.0, 34, 0.5
    sd = math.sqrt(sb**2 + se**2 - 2 * r * sb * se)
    made.trial("a")
    made.scores(
        "a",
        {KET: dict(baseline_mean=base, baseline_sd=sb, change_mean=end - base, change_sd=sd, n=n)},
    )
    found, _ = effect(made, ask, correlation=r)
    assert (found.yi, found.vi) == pytest.approx(by_delta_method(base, sb, end, se, n, r))


def test_the_baseline_may_stand_in_another_row(made, ask):
    made.trial("a")
    made.scores("a", {KET: dict(change_mean=-16.0, change_sd=9.0, n=34)})
    other = made.outcome("a", KET, "depression_score", timepoint_h=0.0, baseline_mean=33.0,
                         baseline_sd=6.0, n=34, flag="baseline only")  # fmt: skip
    found, fate = effect(made, ask)
    assert found.yi == pytest.approx(100 * 16 / 33)
    assert fate[f"outcomes.csv:{other['line']}"].used


def test_without_a_baseline_sd_the_mean_is_taken_as_known_and_said_so(made, ask):
    made.trial("a")
    made.scores("a", {KET: dict(baseline_mean=32.0, change_mean=-16.0, change_sd=8.0, n=25)})
    found, _ = effect(made, ask)
    assert (found.yi, found.vi) == pytest.approx((50, (100 * 8 / 32) ** 2 / 25))
    assert "baseline taken as known" in found.assumptions


@pytest.mark.parametrize(("source", "found"), [("x", True), ("another report", False)])
def test_endpoint_less_change_is_a_baseline_only_within_one_source(made, ask, source, found):
    made.trial("a")
    made.scores("a", {KET: dict(change_mean=-16.0, change_sd=8.0, n=25)})
    made.outcome("a", KET, "depression_score", mean=16.0, n=25, source=source, analysis_set="itt")
    got, _ = effect(made, ask)
    assert (got is not None) is found
    if found:
        assert got.yi == pytest.approx(50)


def test_no_baseline_no_reduction(made, ask):
    made.trial("a")
    row = made.outcome("a", KET, "depression_score", change_mean=-16.0, change_sd=8.0, n=25)
    found, fate = effect(made, ask)
    assert found is None
    assert fate[f"outcomes.csv:{row['line']}"].detail == "no baseline mean"


def test_a_baseline_of_zero_has_no_per_cent(made, ask):
    made.trial("a")
    made.scores("a", {KET: dict(baseline_mean=0.0, baseline_sd=2.0, mean=0.0, sd=1.0, n=20)})
    found, fate = effect(made, ask)
    assert found is None
    assert "0 or below" in fate["outcomes.csv:2"].detail


def difference(made, design="parallel", change=None, **cells):
    """A trial whose treated arm has a change without a spread, beside a difference with one."""
    made.trial("a", design=design)
    values = dict(baseline_mean=32.0, change_mean=-16.0, n=25) | (change or {})
    made.scores("a", {KET: values})
    made.outcome("a", "sal", "response", events=3, n=36)
    cells = dict(estimate=-5.0, se=2.5) | cells
    return made.contrast("a", KET, "sal", "depression_score", "MD", **cells)


# 2.5 / √(1/25 + 1/36): the pooled SD of two arms whose difference has a standard error of 2.5
IMPLIED = 2.5 / math.sqrt(1 / 25 + 1 / 36)


def test_a_change_without_a_spread_takes_the_sd_behind_its_difference(made, ask):
    row = difference(made)
    found, fate = effect(made, ask)
    assert (found.yi, found.vi) == pytest.approx((50, (100 * IMPLIED / 32) ** 2 / 25))
    assert "SD from a difference" in found.assumptions
    assert fate[f"contrasts.csv:{row['line']}"].used
    step = next(step for step in found.steps if step.assumption == "SD from a difference")
    assert "SE / √(1/n1 + 1/n2), n 25 and 36" in step.formula
    assert "6.5.2.3" in step.source


def test_the_same_word_switches_it_off_and_the_row_says_what_it_lacks(made, ask):
    difference(made)
    words = ask("reduction_24h_arm").assumptions
    kept = tuple(word for word in words if word != "SD from a difference")
    found, fate = effect(made, ask, assumptions=kept)
    assert found is None
    assert "a change without SD, SE or interval" in fate["outcomes.csv:2"].detail


@pytest.mark.parametrize(
    "other",
    [
        dict(timepoint_h=48.0),
        dict(scale="HAMD17"),
        dict(se=None),
        dict(flag="do-not-pool: x"),
        dict(model="median-unbiased estimate"),
        dict(design="crossover"),
        dict(change={"change_mean": None, "mean": 16.0}),
    ],
    ids=lambda other: next(iter(other)),
)
def test_only_a_difference_of_the_same_numbers_gives_an_sd(made, ask, other):
    difference(made, **other)
    assert effect(made, ask)[0] is None


def test_an_sd_of_its_own_comes_before_one_behind_a_difference(made, ask):
    difference(made, change={"change_sd": 8.0})
    found, _ = effect(made, ask)
    assert found.vi == pytest.approx((100 * 8 / 32) ** 2 / 25)
    assert "SD from a difference" not in found.assumptions


def test_of_two_differences_the_one_that_takes_no_p_value_serves(made, ask):
    difference(made, se=None, p_value="0.9")
    cells = dict(estimate=-5.0, ci_low=-5 - 1.96 * 2.5, ci_high=-5 + 1.96 * 2.5)
    made.contrast("a", KET, "sal", "depression_score", "MD", **cells)
    found, _ = effect(made, ask)
    assert "p-value" not in found.assumptions
    # the interval is read as a t interval of 25 + 36 − 2 people: its SE is the smaller for it
    assert found.vi == pytest.approx((100 * IMPLIED / 32) ** 2 / 25 * (1.96 / 2.000995) ** 2)


def test_between_arms_the_reported_difference_itself_is_taken(made, ask):
    difference(made)
    made.scores("a", {"sal": dict(change_mean=-11.0, n=36)})
    effects, _ = made.result(ask("depression_24h"))
    assert effects["a"].basis == "contrast"
