"""Certainty as a whole: levels, ranges, where it starts, and that nothing worse raises it."""

import math
from dataclasses import fields, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ketameta.evidence.certainty import LEVELS, certainty, level
from ketameta.evidence.rules import RULES
from ketameta.tables.diagnostics import AsymmetryRow
from ketameta.tables.effects import MissingResultRow
from ketameta.tables.syntheses import AbsoluteRow

from ..rows import row


@pytest.mark.parametrize(
    ("start", "ratings", "expected"),
    [
        ("high", [0, 0, 0, 0, 0], "high"),
        ("high", [-1, 0, 0, 0, 0], "moderate"),
        ("high", [-1, 0, 0, -1, 0], "low"),
        ("high", [-2, 0, 0, 0, 0], "low"),
        ("high", [-1, -1, 0, -1, 0], "very low"),
        ("high", [-2, -2, -1, -2, -1], "very low"),
        ("low", [0, 0, 0, 0, 0], "low"),
        ("low", [0, 0, 0, -1, 0], "very low"),
    ],
)
def test_levels_by_hand(start, ratings, expected):
    assert level(start, ratings) == expected


def low_risk(hand, *trials):
    return [j for t in trials for j in hand.judged(t, dict.fromkeys(hand.rob1, "low"))]


def test_a_flawless_comparison_is_high_and_so_is_a_flawless_share(by_hand):
    questions = by_hand.configuration
    rows = low_risk(by_hand, "a")
    found = certainty(questions["response_24h"], by_hand.evidence(judgements=rows))
    assert (found.start, found.span, found.weightiest) == ("high", ("high", "high"), None)
    share = by_hand.record(
        "PLO", estimate=0.4, estimate_log=math.log(0.4 / 0.6), ci_low=0.35, ci_high=0.45
    )
    found = certainty(questions["response_24h_arm"], by_hand.evidence(share, judgements=rows))
    assert (found.start, found.span) == ("high", ("high", "high"))


def test_what_nobody_has_judged_makes_a_range(by_hand):
    analysis = by_hand.configuration["response_24h"]
    found = certainty(analysis, by_hand.evidence())
    assert found.span == ("moderate", "high")
    assert found.weightiest.rule == "not-judged"
    # ends apart by one level, and closed where other domains have taken all
    wide = by_hand.record(estimate=2.0, ci_low=0.5, ci_high=8.0)
    found = certainty(analysis, by_hand.evidence(wide, [by_hand.study(events_t=5, events_c=2)]))
    assert found.span == ("very low", "low")


def test_a_reason_that_is_sure_weighs_more_than_a_missing_judgement(by_hand):
    analysis = by_hand.configuration["response_24h"]
    found = certainty(analysis, by_hand.evidence(by_hand.record(ci_low=1.0, ci_high=1.5)))
    assert [r.rule for r in found.ratings if r.rating] == ["not-judged", "crossed"]
    assert found.weightiest.rule == "crossed"
    # of equals risk of bias comes last, as most analyses share it; what costs more comes first
    unclear = by_hand.judged("a", {"other": "unclear"})
    open_ = by_hand.evidence(by_hand.record(ci_low=1.0, ci_high=1.5), judgements=unclear)
    assert certainty(analysis, open_).weightiest.rule == "crossed"
    high = by_hand.judged("a", {"other": "high", "sequence": "high"})
    assert certainty(analysis, replace(open_, judgements=high)).weightiest.rule == "high-risk"


def test_comparisons_that_are_not_randomised_start_low_and_shares_do_not(by_hand):
    for name, start in (("response_24h", "low"), ("response_24h_arm", "high")):
        analysis = by_hand.configuration[name]
        select = replace(analysis.select, design_flags=("not randomised",))
        found = certainty(replace(analysis, select=select), by_hand.evidence(
            by_hand.record(estimate=None)))  # fmt: skip
        assert found.start == start


def test_without_an_estimate_nothing_is_rated(by_hand):
    analysis = by_hand.configuration["response_24h"]
    found = certainty(analysis, by_hand.evidence(by_hand.record(estimate=None), []))
    assert (found.span, found.ratings) == (("not rated", "not rated"), ())


# monotone

STRICTER = {
    **dict.fromkeys(("events", "people", "short", "scarce", "asymmetry_p"), 1),
    **dict.fromkeys(("worthwhile_points", "bias_high", "bias_not_low", "missing"), -1),
    **dict.fromkeys(("i2_substantial", "i2_considerable", "spread_considerable"), -1),
    **dict.fromkeys(("wide_ratio", "large_ratio", "large_smd"), -1),
}
# what is worthwhile has a stricter side only for an interval beyond or around it; what a split
# explains moves a charge from one domain to another
NEITHER = {
    "worthwhile_ratio",
    "worthwhile_smd",
    "worthwhile_risk",
    "mixed",
    "mixed_p",
    "heard_trials",
    "heard_people",
}


def test_every_threshold_has_a_stricter_side_or_none(by_hand):
    assert set(STRICTER) | NEITHER == {field.name for field in fields(by_hand.limits)}


SHARES = st.floats(0, 100)
WORDS = st.sampled_from(["low", "unclear", "high"])
P = st.floats(0, 1)


@st.composite
def rated_from(draw, hand):
    """Draw an analysis with all that its certainty is rated from."""
    names = "response_24h", "depression_24h", "depression_24h_madrs", "response_24h_arm"
    analysis = hand.configuration[draw(st.sampled_from(names))]
    measure, k = analysis.select.measure, draw(st.integers(1, 20))
    ends = sorted(draw(st.lists(st.floats(-2, 2), min_size=5, max_size=5, unique=True)))
    logs = ends
    if measure == "RR":
        ends = [math.exp(end) for end in ends]
    if measure == "PLO":
        ends = [1 / (1 + math.exp(-end)) for end in ends]
    pi_low, ci_low, estimate, ci_high, pi_high = ends
    whole = hand.record(
        measure, k=k, n=draw(st.integers(10, 2000)), estimate=estimate, ci_low=ci_low,
        ci_high=ci_high, estimate_log=logs[2], tau2=draw(st.floats(0, 2)) if k > 1 else None,
        i2=draw(SHARES) if k > 1 else None,
        pi_low=pi_low if k > 2 else None, pi_high=pi_high if k > 2 else None,
    )  # fmt: skip
    studies = [
        hand.study(str(i), draw(st.floats(1, 50)), events_t=draw(st.integers(0, 100)),
                   design=draw(st.sampled_from(["parallel", "crossover"])),
                   drug_route=draw(st.sampled_from(["IV ketamine", "nasal esketamine"])))
        for i in range(draw(st.integers(1, 4)))
    ]  # fmt: skip
    rows = [
        judged
        for s in studies
        for judged in hand.judged(s.trial_id, {domain: draw(WORDS) for domain in hand.rob1})
        if draw(st.booleans())
    ]
    test = {"test": "Peters", "centre": 0.5, "test_slope": draw(st.floats(-1, 1))}
    test |= {name: draw(P) for name in ("test_p", "without_crossovers_p", "adjusted_p")}
    more = {"asymmetry": row(AsymmetryRow, **test) if k >= 10 else None}
    if draw(st.booleans()):
        more["missing"] = [row(MissingResultRow, label="Lost", n=draw(st.integers(1, 500)))]
    if measure == "RR" and draw(st.booleans()):
        more["risks"] = [row(AbsoluteRow, control_risk=draw(st.floats(0.01, 0.9)))]
    return analysis, hand.evidence(whole, studies, judgements=rows, **more)


@settings(max_examples=200, deadline=None)
@given(st.data(), st.sampled_from(sorted(STRICTER)), st.floats(0.05, 1))
def test_a_stricter_threshold_never_gives_a_higher_level(by_hand, data, name, part):
    analysis, drawn = data.draw(rated_from(by_hand))
    value = getattr(analysis.certainty, name)
    # ratios stay above 1, as the schema has it
    least = 1.0001 if name.endswith("ratio") else 0.0
    other = value / part if STRICTER[name] > 0 else max(least, value * part)
    strict = replace(analysis, certainty=replace(analysis.certainty, **{name: other}))
    before, after = certainty(analysis, drawn), certainty(strict, drawn)
    no_better(before, after)


def no_better(before, after):
    """Hold that a rating is nowhere better than another, at either end of its range."""
    for end in ("level", "best"):
        assert LEVELS.index(getattr(after, end)) <= LEVELS.index(getattr(before, end))
    for b, a in zip(before.ratings, after.ratings, strict=True):
        assert a.rating <= b.rating
        assert a.best <= b.best


WORSE = ["fewer events", "fewer people", "more heterogeneity", "wider interval"]


def changed(whole, worse, share):
    """Return what differs of a synthesis with worse numbers; ends move away from the estimate."""
    if worse == "fewer people":
        return {"n": int(whole.n * share)}
    if worse == "more heterogeneity" and whole.i2 is not None:
        return {"i2": whole.i2 + (100 - whole.i2) * share, "tau2": whole.tau2 + share}
    if worse == "wider interval":
        low, high = whole.ci_low, whole.ci_high
        if whole.measure in ("RR", "PLO"):
            top = 1.0 if whole.measure == "PLO" else high * 3
            return {"ci_low": low * (1 - share), "ci_high": high + (top - high) * share}
        return {"ci_low": low - share, "ci_high": high + share}
    return {}


@settings(max_examples=200, deadline=None)
@given(st.data(), st.sampled_from(WORSE), st.floats(0.01, 1))
def test_worse_numbers_never_give_a_higher_level(by_hand, data, worse, share):
    analysis, drawn = data.draw(rated_from(by_hand))
    evidence = replace(drawn, record=replace(drawn.record, **changed(drawn.record, worse, share)))
    if worse == "fewer events":
        fewer = [replace(s, events_t=int(s.events_t * share)) for s in drawn.studies]
        evidence = replace(drawn, studies=fewer)
    before, after = certainty(analysis, drawn), certainty(analysis, evidence)
    if worse == "wider interval":
        # what the interval says of no difference a prediction interval does not say again
        before, after = (
            replace(rated, level="low", best="low", ratings=rated.ratings[2:])
            for rated in (before, after)
        )
    no_better(before, after)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_worse_judgement_never_gives_a_higher_level(by_hand, data):
    analysis, drawn = data.draw(rated_from(by_hand))
    trial = data.draw(st.sampled_from(drawn.studies)).trial_id
    word = data.draw(st.sampled_from(["unclear", "high"]))
    worse = replace(drawn, judgements=[*drawn.judgements, *by_hand.judged(trial, {"other": word})])
    no_better(certainty(analysis, drawn), certainty(analysis, worse))


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_the_lower_end_is_never_above_the_upper_one_and_each_level_taken_has_a_rule(by_hand, data):
    found = certainty(*data.draw(rated_from(by_hand)))
    assert LEVELS.index(found.level) <= LEVELS.index(found.best)
    for rating in found.ratings:
        assert rating.rating <= rating.best <= 0
        assert bool(rating.rules) == (rating.rating < 0)
        assert all(RULES[r.name] is r and r.domain == rating.domain for r in rating.rules)
