"""Verdicts on claims: each rule on both sides of its boundaries, and the claims of the tests."""

import math
from dataclasses import fields, replace
from itertools import combinations, product
from types import SimpleNamespace
from typing import get_args

import pytest

from ketameta.evidence.claim_rules import RULES, ClaimEffect, Pointing, Reason
from ketameta.evidence.claims import (
    CANNOT,
    CONTRADICTED,
    MIXED,
    NOT_SHOWN,
    OVERSTATED,
    SMALLER,
    SUPPORTED,
    TOO_FEW,
    Control,
    Grounds,
    Split,
    Verdict,
    changes_side,
    claims_of,
    line,
    of_parts,
    side,
    whole,
)
from ketameta.evidence.rated import Rated, RatedGroup, RatedSynthesis
from ketameta.evidence.results import grounds
from ketameta.evidence.verdicts import verdict
from ketameta.report.claim_reasons import BECAUSE
from ketameta.tables.effects import DirectionRow
from ketameta.tables.syntheses import (
    ClaimTestRow,
    ControlShareRow,
    StudyRow,
    SubgroupRow,
    SynthesisRow,
)
from ketameta.tables.table import extended
from ketameta.vocabulary import vocabulary

from ..rows import row

# an analysis or group of fewer trials than two and fewer people than 100 is not heard
HEARD = SimpleNamespace(heard_trials=2, heard_people=100)
LEVELS = ("very low", "low", "moderate", "high")


@pytest.fixture(scope="module")
def limits(configuration):
    """Return thresholds: 10 points, groups that differ by p below 0.1."""
    found = configuration["response_24h"].certainty
    return replace(found, worthwhile_points=10.0, mixed_p=0.1, heard_trials=2, heard_people=100)


def named(direction="favours treatment", value=None, unit=None, **more):
    told = {"claim_id": "c", "direction": direction, "claimed_value": value, "claimed_unit": unit}
    told |= {"population": "TRD;MDD", "analysis": "a", "computed": True}
    return row(ClaimTestRow, **told | more)


RATED = {f.name for f in fields(Rated)}


def rated(cells, subgroup=""):
    """Return a synthesis with what is said of it, or a group of one."""
    said = {name: cell for name, cell in cells.items() if name in RATED}
    own = {name: cell for name, cell in cells.items() if name not in RATED}
    if subgroup:
        group = row(SubgroupRow, subgroup=subgroup, **own)
        return extended(RatedGroup, group, verdict="", rated_in="a", **said)
    return extended(RatedSynthesis, row(SynthesisRow, **own), verdict="", **said)


def record(certainty, low, high, subgroup="", **more):
    """Return a risk ratio of a good outcome: above no effect favours treatment."""
    cells = {"measure": "RR", "k": 5, "n": 200, "estimate": (low * high) ** 0.5}
    cells |= {"ci_low": low, "ci_high": high, "pi_low": low, "pi_high": high}
    cells |= {"favours": "above", "worthwhile": (0.8, 1.25), "limits": HEARD}
    return rated(cells | {"certainty": certainty} | more, subgroup)


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (record("high", 1.3, 2), (SUPPORTED, "better")),
        # the lower end beside no effect
        (record("high", 1.001, 2), (SUPPORTED, "better")),
        (record("high", 1.0, 2), (NOT_SHOWN, "open")),
        # the average beside the smallest worthwhile effect
        (record("high", 1.01, 1.6, estimate=1.2499), (SMALLER, "small")),
        (record("high", 1.01, 1.6, estimate=1.25), (SUPPORTED, "better")),
        # the upper end beside it: no benefit worth having is left
        (record("high", 0.9, 1.2499), (CONTRADICTED, "little")),
        (record("high", 0.9, 1.25), (NOT_SHOWN, "open")),
        # the lower end beside a worthwhile harm
        (record("high", 0.8001, 2), (NOT_SHOWN, "open")),
        (record("high", 0.8, 2), (TOO_FEW, "both open")),
        # the other side
        (record("high", 0.5, 0.999), (CONTRADICTED, "opposite")),
        (record("high", 0.5, 1.0), (CONTRADICTED, "little")),
        (record("not rated", 1, 1, estimate=None), (TOO_FEW, "no estimate")),
        (None, (TOO_FEW, "no analysis")),
        # no end, or no size that matters: nothing is excluded
        (record("high", 1, 1, ci_low=None, ci_high=None), (TOO_FEW, "both open")),
        (record("high", 0.9, 1.1, worthwhile=None), (TOO_FEW, "both open")),
        (record("high", 1.01, 1.1, worthwhile=None), (SUPPORTED, "better")),
        # a lower end of 0
        (record("high", 0.0, 2), (TOO_FEW, "both open")),
    ],
)
def test_a_claimed_benefit_by_hand(record, expected):
    found = line(named(), record)
    assert (found.word, found.because) == expected


def test_a_benefit_reads_the_same_on_every_scale_and_side():
    # a fall of a bad score: below 0 favours treatment
    score = {"measure": "SMD", "favours": "below", "worthwhile": (-0.2, 0.2)}
    for low, high, word in (
        (-0.6, -0.1, SUPPORTED), (-0.3, -0.05, SMALLER), (-0.5, 0.1, NOT_SHOWN),
        (-0.19, 0.1, CONTRADICTED), (-0.5, 0.2, TOO_FEW), (0.1, 0.3, CONTRADICTED),
    ):  # fmt: skip
        whole_ = record("low", 1, 1, **score, estimate=(low + high) / 2, ci_low=low, ci_high=high)
        assert line(named(), whole_).word == word
        ends = {"estimate": -whole_.estimate, "ci_low": -high, "ci_high": -low}
        mirrored = replace(whole_, favours="above", **ends)
        assert line(named(), mirrored).word == word


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        # of a harm: below no effect favours treatment; a harm that matters is 1.25 or more
        (record("high", 0.9, 1.2499, favours="below"), (SUPPORTED, "no worse")),
        # absence of evidence is no evidence of absence
        (record("high", 0.9, 1.25, favours="below"), (NOT_SHOWN, "open")),
        (record("high", 0.8, 1.25, favours="below"), (TOO_FEW, "both open")),
        (record("high", 1.001, 3, favours="below"), (CONTRADICTED, "worse")),
        (record("high", 1.0, 3, favours="below"), (NOT_SHOWN, "open")),
        (record("high", 1.01, 1.4, favours="below", estimate=1.25), (CONTRADICTED, "worse")),
        (record("high", 1.01, 1.4, favours="below", estimate=1.2499), (OVERSTATED, "little worse")),
        (record("high", 0.5, 0.999, favours="below"), (SUPPORTED, "better")),
    ],
)
def test_a_claim_of_no_harm_by_hand(record, expected):
    found = line(named("no worse than control"), record)
    assert (found.word, found.because) == expected


@pytest.mark.parametrize("ends", [(0.4, 0.7), (0.7, 0.99), (0.7, 1.5), (0.9, 1.1), (1.1, 1.9)])
def test_doing_as_well_without_is_no_harm_the_other_way_round(ends):
    harm = record("high", *ends, favours="below")
    other = replace(harm, favours="above")
    found = line(named("no better than control"), harm)
    assert found.word == line(named("no worse than control"), other).word
    assert found.because.startswith("without: ") != (found.word in (NOT_SHOWN, TOO_FEW))


def test_every_rule_gives_a_reason_that_has_a_sentence():
    assert set(get_args(Reason)) == set(BECAUSE)
    sizes = (-math.inf, -2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, math.inf)
    given = set()
    for rule in RULES.values():
        for low, high in combinations(sizes, 2):
            for estimate in (e for e in sizes if low <= e <= high):
                for least in (1.0, math.inf):
                    given.add(rule(ClaimEffect(estimate, low, high, least, -least)).because)
    assert given <= set(get_args(Reason))
    assert {"open", "both open", "without: better", "without: little worse"} <= given


def share(low, high, limits, estimate=None, subgroup="", **more):
    estimate = (low + high) / 2 if estimate is None else estimate
    cells = {"measure": "PLO", "k": 9, "n": 200, "estimate": estimate, "ci_low": low}
    cells |= {"ci_high": high, "favours": None, "more_is_better": True, "limits": limits}
    return rated(cells | {"certainty": "low"} | more, subgroup)


@pytest.mark.parametrize(
    ("ends", "estimate", "expected"),
    [
        # the interval beside the claimed 70
        ((0.65, 0.6999), 0.67, (SMALLER, "near")),
        ((0.65, 0.7001), 0.67, (SUPPORTED, "inside")),
        ((0.6999, 0.80), 0.75, (SUPPORTED, "inside")),
        ((0.7001, 0.80), 0.75, (SUPPORTED, "more")),
        # the average beside 10 points short of it
        ((0.55, 0.69), 0.6001, (SMALLER, "near")),
        ((0.55, 0.69), 0.5999, (OVERSTATED, "short")),
        ((0.55, 0.71), 0.6001, (SUPPORTED, "inside")),
        ((0.55, 0.71), 0.5999, (NOT_SHOWN, "far")),
        # the lower end beside 20 points short of it
        ((0.5001, 0.75), 0.65, (SUPPORTED, "inside")),
        ((0.4999, 0.75), 0.65, (TOO_FEW, "wide")),
        ((0.29, 0.51), 0.40, (OVERSTATED, "short")),
        ((0.01, 0.77), 0.39, (TOO_FEW, "wide")),
    ],
)
def test_a_claimed_share_by_hand(ends, estimate, expected, limits):
    for direction in ("at most", "equal"):
        found = line(named(direction, 70, "percent of people"), share(*ends, limits, estimate))
        assert (found.word, found.because) == expected
        # of something bad less than claimed is better, and the rule the same
        bad = share(1 - ends[1], 1 - ends[0], limits, 1 - estimate, more_is_better=False)
        found = line(named(direction, 30, "percent of people"), bad)
        assert (found.word, found.because) == expected


def test_control_arms_that_come_as_near_leave_a_claimed_share_unshown(limits):
    test, shown = named("at most", 70, "percent of people"), share(0.6, 0.8, limits)
    near, far = (Control(value) for value in (60.0, 59.9))
    assert line(test, shown, control=near) == Verdict(NOT_SHOWN, "control too")
    assert line(test, shown, control=far).word == line(test, shown).word == SUPPORTED
    # what falls short does so whatever control arms did
    assert line(test, share(0.3, 0.5, limits), control=near).word == OVERSTATED


def test_a_claimed_fall_is_in_per_cent_as_it_stands(limits):
    fall = share(40.0, 60.0, limits, measure="PCTRED")
    assert line(named("equal", 50, "percent reduction"), fall).word == SUPPORTED
    assert line(named("equal", 70, "percent reduction"), fall).word == OVERSTATED


def test_certainty_decides_no_verdict(limits):
    ends = [(0.4, 0.7), (0.7, 0.9), (0.7, 1.5), (0.9, 1.1), (1.1, 1.2), (1.3, 2.0)]
    sides = (["favours treatment", "no worse than control"], ["above", "below"])
    for (low, high), direction, favours in product(ends, *sides):
        rows = [record(level, low, high, favours=favours) for level in LEVELS]
        told = {line(named(direction), one).word for one in rows}
        assert len(told) == 1


def test_a_result_without_a_rule_shows_nothing(limits):
    assert line(named(None), record("high", 2, 3)).word == CANNOT
    assert line(named(), share(0.6, 0.8, limits)) == Verdict(NOT_SHOWN, "no comparison")


def group(name, low, high, limits, **more):
    return record("low", low, high, limits=limits, subgroup=name, **more)


def test_groups_that_differ_make_an_analysis_mixed(limits):
    every = record("low", 0.9, 2, limits=limits)
    groups = group("infusion", 1.3, 2, limits), group("spray", 0.9, 1.6, limits)

    def told(p, *members, split="drug_route"):
        return line(named(), every, (Split(split, p, members),))

    which = (("infusion", SUPPORTED), ("spray", NOT_SHOWN))
    assert told(0.0999, *groups) == Verdict(MIXED, "groups", "drug_route", which)
    # as likely as the threshold, or not known: the whole stands
    assert told(0.1, *groups).word == told(None, *groups).word == NOT_SHOWN
    # groups on one side, and one that tells nothing
    assert told(0.01, groups[0], group("spray", 1.01, 1.2, limits)).word == NOT_SHOWN
    assert told(0.01, groups[0], group("spray", 0.5, 3, limits)).word == NOT_SHOWN
    # none of them is for it
    assert told(0.01, groups[1], group("oral", 0.4, 0.7, limits)).word == NOT_SHOWN
    # it is by drug and route that claims are divided
    assert told(0.01, *groups, split="route").word == MIXED
    assert told(0.01, *groups, split="n_doses").word == NOT_SHOWN


@pytest.mark.parametrize(
    ("k", "n", "heard"), [(2, 10, True), (1, 99, False), (1, 100, True), (2, 100, True)]
)
def test_one_small_trial_alone_has_no_verdict_and_divides_nothing(limits, k, n, heard):
    few = {"k": k, "n": n}
    found = line(named(), record("low", 1.3, 2, limits=limits, **few))
    assert found == (Verdict(SUPPORTED, "better") if heard else Verdict(TOO_FEW, "one small"))
    harm = named("no worse than control")
    found = line(harm, record("low", 1.3, 2, limits=limits, favours="below", **few))
    assert found.word == (CONTRADICTED if heard else TOO_FEW)
    found = line(named("equal", 70, "percent of people"), share(0.2, 0.3, limits, **few))
    assert found.word == (OVERSTATED if heard else TOO_FEW)
    every = record("low", 0.9, 2, limits=limits)
    groups = group("infusion", 1.3, 2, limits, **few), group("spray", 0.9, 1.6, limits)
    found = line(named(), every, (Split("drug_route", 0.01, groups),))
    assert found.word == (MIXED if heard else NOT_SHOWN)


def test_a_claimed_share_is_divided_by_drug_and_route_too(limits):
    groups = [
        share(0.53, 0.76, limits, 0.66, subgroup="infusion", k=2, n=64),
        share(0.15, 0.34, limits, 0.23, subgroup="spray", k=4, n=491),
        share(0.40, 0.80, limits, 0.65, subgroup="other", k=1, n=20),
    ]
    test = named("at most", 70, "percent of people")
    found = line(test, share(0.26, 0.57, limits), (Split("drug_route", 0.001, tuple(groups)),))
    assert found.word == MIXED
    assert found.which == (("infusion", SUPPORTED), ("spray", OVERSTATED))


@pytest.mark.parametrize(
    ("words", "word"),
    [
        ([SUPPORTED, SUPPORTED], SUPPORTED),
        ([SUPPORTED, SMALLER], SMALLER),
        # a part that is not told of leaves the whole no more than mixed
        ([SUPPORTED, TOO_FEW], MIXED),
        ([SMALLER, CANNOT], MIXED),
        ([SUPPORTED, NOT_SHOWN], MIXED),
        # one part that fails is enough where none is borne out
        ([CONTRADICTED, TOO_FEW], CONTRADICTED),
        ([NOT_SHOWN, TOO_FEW], NOT_SHOWN),
        ([MIXED, TOO_FEW], MIXED),
        ([TOO_FEW, CANNOT], TOO_FEW),
    ],
)
def test_a_claim_of_parts_never_says_more_than_its_parts(words, word):
    told = [(f"p{i}", Verdict(own, "open")) for i, own in enumerate(words)]
    assert of_parts(told).word == of_parts(told[::-1]).word == word
    if of_parts(told).because == "parts":
        assert of_parts(told).which == tuple((n, v.word) for n, v in told)


@pytest.mark.parametrize(
    ("words", "benefit", "no_worse"),
    [
        ([], CANNOT, CANNOT),
        ([CANNOT, TOO_FEW], TOO_FEW, TOO_FEW),
        ([SUPPORTED, SUPPORTED], SUPPORTED, SUPPORTED),
        # what tells nothing steps back
        ([SUPPORTED, TOO_FEW], SUPPORTED, SUPPORTED),
        ([CONTRADICTED, TOO_FEW], CONTRADICTED, CONTRADICTED),
        ([SUPPORTED, SMALLER], SMALLER, SMALLER),
        ([SUPPORTED, NOT_SHOWN], MIXED, NOT_SHOWN),
        ([SUPPORTED, OVERSTATED], MIXED, OVERSTATED),
        ([SUPPORTED, CONTRADICTED], MIXED, CONTRADICTED),
        ([SUPPORTED, MIXED], MIXED, MIXED),
        ([NOT_SHOWN, MIXED], MIXED, MIXED),
        # none is for it
        ([NOT_SHOWN, CONTRADICTED], CONTRADICTED, CONTRADICTED),
        ([OVERSTATED, NOT_SHOWN], OVERSTATED, OVERSTATED),
        ([MIXED], MIXED, MIXED),
    ],
)
def test_a_claim_on_the_whole_by_hand(words, benefit, no_worse):
    told = [(f"a{i}", Verdict(word, "open")) for i, word in enumerate(words)]
    assert whole("favours treatment", told, "analyses").word == benefit
    assert whole("no worse than control", told, "analyses").word == no_worse
    mixed = whole("favours treatment", told, "analyses")
    if mixed.because == "analyses":
        assert mixed.which == tuple((name, one.word) for name, one in told)


def test_each_part_of_a_claim_is_judged_alone(limits):
    records = {
        "day": record("low", 1.3, 2, limits=limits),
        "week": record("low", 0.9, 2, limits=limits),
    }
    tests = [named(part=part, analysis=part) for part in ("day", "week")]
    claim = claims_of(tests, Grounds(records))["c"]
    assert [part.verdict.word for part in claim.parts] == [SUPPORTED, NOT_SHOWN]
    assert claim.verdict.word == MIXED
    assert claim.verdict.which == (("day", SUPPORTED), ("week", NOT_SHOWN))


def test_an_analysis_in_another_unit_stands_beside_a_claimed_number(limits):
    records = {"arm": share(0.6, 0.8, limits), "ratio": record("low", 0.5, 0.7, limits=limits)}
    tests = [named("at most", 70, "percent of people", analysis=name) for name in records]
    for near, word in ((60.0, NOT_SHOWN), (10.0, SUPPORTED)):
        controls = {"ratio": Control(near)}
        (part,) = claims_of(tests, Grounds(records, {}, controls))["c"].parts
        assert part.verdict.word == word
        assert part.beside == ("ratio",)
        assert part.control == controls["ratio"]
        assert [one.analysis for one in part.lines] == ["arm"]
    (alone,) = claims_of(tests[1:], Grounds(records))["c"].parts
    assert alone.verdict == Verdict(TOO_FEW, "other unit")


@pytest.mark.parametrize(
    ("better", "worse", "neither", "word"),
    [
        (4, 0, 0, TOO_FEW),
        (5, 0, 0, SUPPORTED),
        (0, 5, 0, CONTRADICTED),
        (4, 0, 1, NOT_SHOWN),
        (5, 1, 0, NOT_SHOWN),
    ],
)
def test_directions_of_results_that_are_not_pooled(better, worse, neither, word, limits):
    words = ["favours treatment"] * better + ["favours control"] * worse
    words += ["no difference"] * neither + [None]
    told = [row(DirectionRow, trial_id=str(i), direction=said) for i, said in enumerate(words)]
    rows = [extended(Pointing, one) for one in told]
    # a second test of a trial is no second trial
    rows += [rows[0]] * 5
    record_ = record("not rated", 1, 1, estimate=None)
    grounds_ = Grounds({"a": record_}, {}, {}, {"a": rows})
    assert claims_of([named()], grounds_)["c"].verdict.word == word
    harm = claims_of([named("no worse than control")], grounds_)["c"]
    assert harm.verdict.word == TOO_FEW


@pytest.mark.parametrize(
    ("before", "after", "flipped"),
    [
        (SUPPORTED, SMALLER, False),
        (CONTRADICTED, OVERSTATED, False),
        (NOT_SHOWN, TOO_FEW, False),
        (TOO_FEW, CANNOT, False),
        (SMALLER, OVERSTATED, True),
        (NOT_SHOWN, SUPPORTED, True),
        (MIXED, SUPPORTED, True),
        (MIXED, NOT_SHOWN, True),
        # words of older records
        ("partly supported", SUPPORTED, False),
        ("not supported", CONTRADICTED, False),
        ("cannot be told", NOT_SHOWN, False),
        ("cannot be told", OVERSTATED, True),
    ],
)
def test_sides_of_a_claim(before, after, flipped):
    assert changes_side(before, after) is flipped
    assert changes_side(after, before) is flipped


def test_every_word_has_its_meaning_and_a_side_or_none():
    words = vocabulary().words("claim_verdicts")
    assert set(words) == {
        SUPPORTED, SMALLER, OVERSTATED, MIXED, NOT_SHOWN, CONTRADICTED, TOO_FEW, CANNOT,
    }  # fmt: skip
    assert {word for word in words if side(word) is None} == {NOT_SHOWN, TOO_FEW, CANNOT}


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (record("high", 1.1, 2), "favours treatment"),
        (record("high", 1.1, 2, favours="below"), "favours control"),
        (record("high", 0.5, 0.8), "favours control"),
        (record("high", 1.0, 2), "no clear difference"),
        (record("high", 1, 1, ci_low=None, ci_high=None), "no clear difference"),
        (record("low", 0.3, 0.5, measure="PLO"), "no comparison"),
        (record("not rated", 1, 1, estimate=None), "too few trials"),
        (record("not rated", 1, 1, estimate=None, k=0), "no trial"),
    ],
)
def test_the_verdict_of_an_analysis_by_hand(record, expected):
    assert verdict(record) == expected


def test_the_words_of_syntheses_are_in_the_vocabulary(records):
    words = vocabulary().words
    assert {r.verdict for r in records.values()} <= set(words("verdicts"))
    assert {r.certainty for r in records.values()} <= set(words("certainty_levels"))


@pytest.fixture(scope="module")
def claims(tables, records):
    return claims_of(tables[ClaimTestRow], grounds(tables, records))


def test_the_claims_of_the_tests_are_judged_as_far_as_the_trials_go(claims):
    words = {name: claim.verdict.word for name, claim in claims.items()}
    assert len(words) == 21
    for name in ("not_addictive", "mechanism_glutamate", "standard_nonresponse_30"):
        assert words[name] == CANNOT
    # many more people have dissociation, nausea and dizziness than under control
    assert words["mild_side_effects"] == CONTRADICTED
    assert words["cognition"] == TOO_FEW


def test_control_arms_are_pooled_beside_a_claimed_share(tables, claims):
    (part,) = claims["response_70_24h"].parts
    (pooled,) = tables[ControlShareRow]
    assert pooled.analysis == part.beside[0]
    assert part.control.estimate == 100 * pooled.estimate
    own = [s for s in tables[StudyRow] if s.analysis == pooled.analysis]
    assert pooled.k == len(own)
    assert pooled.n == sum(s.n_c for s in own)
    crude = sum(s.events_c for s in own) / pooled.n
    assert pooled.ci_low < crude < pooled.ci_high
