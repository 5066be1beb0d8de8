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
