"""Verdicts on claims by curves over time: each question on both sides of its boundaries."""

from dataclasses import replace

import pytest

from ketameta.evidence.claim_rules import (
    CANNOT,
    CONTRADICTED,
    MIXED,
    NOT_SHOWN,
    SMALLER,
    SUPPORTED,
    TOO_FEW,
)
from ketameta.evidence.claims import Grounds, claims_of, of_course
from ketameta.evidence.timed import FEWEST, Curve, course_on, curves_of
from ketameta.report.claim_curves import NOT_RATED
from ketameta.report.claim_table import claim_rows
from ketameta.report.claims import claim_views
from ketameta.synthesize import claims as named
from ketameta.tables.courses import (
    CourseChangeRow,
    CourseGroupRow,
    CoursePointRow,
    CourseSpanRow,
)
from ketameta.tables.raw import ClaimRow
from ketameta.tables.syntheses import ClaimTestRow
from ketameta.vocabulary.timed import parse, questions

from ..rows import row


@pytest.fixture
def course(configuration):
    """Return a course of a bad score by SMD: below 0 favours treatment, 0.2 is worth having."""
    found = configuration.courses[0]
    limits = replace(found.certainty, worthwhile_smd=0.2, heard_trials=2, heard_people=100)
    return replace(found, certainty=limits)


def point(hour, low, high, df=9.0):
    ends = {"estimate": (low + high) / 2, "ci_low": low, "ci_high": high}
    return row(CoursePointRow, hour=hour, df=df, **ends)


def change(low, high, df=9.0):
    ends = {"change": (low + high) / 2, "change_low": low, "change_high": high}
    return row(CourseChangeRow, start=24.0, end=672.0, df=df, **ends)


def curve(course, points, moved=(), name="one", **group):
    told = {"course": course.name, "group": name, "trials": 5, "people": 300.0} | group
    span = row(CourseSpanRow, worthwhile_low=-0.2, worthwhile_high=0.2)
    return Curve(course, row(CourseGroupRow, **told), tuple(points), span, tuple(moved))


def judged(asks, curves, direction="favours treatment", **claim):
    course = curves[0].course
    test = row(ClaimTestRow, direction=direction, **{"claimed_value": None} | claim)
    return of_course(course_on(test, parse(f"{course.name}@{asks}"), {course.name: curves}))


@pytest.mark.parametrize(
    ("low", "high", "df", "word"),
    [
        (-0.6, -0.001, 9, SUPPORTED),
        (-0.3, -0.001, 9, SMALLER),
        (-0.6, 0.0, 9, NOT_SHOWN),
        (-0.19, 0.1, 9, CONTRADICTED),
        (-0.5, 0.2, 9, TOO_FEW),
        (-0.6, -0.001, FEWEST, SUPPORTED),
        (-0.6, -0.001, FEWEST - 0.01, TOO_FEW),
        (-0.6, -0.001, None, TOO_FEW),
    ],
)
@pytest.mark.parametrize("asks", ["at=24", "until=24", "by=24"])
def test_an_effect_at_an_hour_is_judged_as_a_pooled_one(course, asks, low, high, df, word):
    assert judged(asks, [curve(course, [point(24.0, low, high, df)])]).word == word


def test_by_an_hour_is_at_any_before_it_and_until_an_hour_is_at_it(course):
    early, none, late = point(4.0, -0.6, -0.1), point(24.0, -0.5, 0.1), point(72.0, -0.7, -0.2)
    whole = [curve(course, [early, none, late])]
    assert judged("by=24", whole).word == judged("by=4", whole).word == SUPPORTED
    assert judged("until=24", whole).word == judged("at=24", whole).word == NOT_SHOWN
    # what comes later does not make it early
    assert judged("by=24", [curve(course, [none, late])]).word == NOT_SHOWN
    # the first that bears it out, before one that does so as smaller
    small = point(2.0, -0.25, -0.05)
    test = row(ClaimTestRow, direction="favours treatment", claimed_value=None)
    asked, curves = parse(f"{course.name}@by=24"), [curve(course, [small, early, none])]
    (told,) = course_on(test, asked, {course.name: curves}).told
    assert told.point is early
    assert judged("by=2", curves).word == SMALLER


def test_a_claim_of_no_harm_is_held_against_the_hour_itself(course):
    points = [point(4.0, -0.6, -0.1), point(24.0, -0.5, 0.3)]
    assert judged("by=24", [curve(course, points)], "no worse than control").word == TOO_FEW
    points[1] = point(24.0, -0.1, 0.19)
    assert judged("by=24", [curve(course, points)], "no worse than control").word == SUPPORTED


@pytest.mark.parametrize(
    ("low", "high", "df", "expected"),
    [
        # the effect falls from -0.5 by so much: above 0 is a fall of a good effect
        (-0.1, 0.199, 9, (SUPPORTED, "holds")),
        (-0.1, 0.2, 9, (NOT_SHOWN, "open")),
        (-0.3, 0.3, 9, (TOO_FEW, "both open")),
        (0.1, 0.5, 9, (CONTRADICTED, "fades")),
        (0.01, 0.3, 9, ("overstated", "fades a little")),
        (-0.3, -0.1, 9, (SUPPORTED, "grows")),
        (-0.1, 0.1, FEWEST - 1, (TOO_FEW, "few freedom")),
    ],
)
def test_a_change_has_to_exclude_a_fall_that_matters(course, low, high, df, expected):
    points = [point(24.0, -0.6, -0.4)]
    found = judged("change=24-672", [curve(course, points, [change(low, high, df)])])
    assert (found.word, found.because) == expected


def test_what_a_curve_does_not_tell_is_too_few_data(course):
    there = point(24.0, -0.6, -0.1)
    for asks, own, because in (
        ("at=48", curve(course, [there]), "beyond hours"),
        ("by=12", curve(course, [there]), "beyond hours"),
        ("change=24-672", curve(course, [there]), "beyond hours"),
        ("at=24", curve(course, [], trials=2), "no curve"),
        ("at=24", curve(course, [there], trials=1, people=99.0), "one small"),
        ("at=24&curve=another", curve(course, [there]), "no curve"),
    ):
        assert (judged(asks, [own]).word, judged(asks, [own]).because) == (TOO_FEW, because)
    assert judged("at=24", [curve(course, [there])], None).word == CANNOT
    assert judged("at=24", [curve(course, [there])], claimed_value=70.0).because == "other unit"
    nothing = course_on(row(ClaimTestRow), parse("none@at=24"), {})
    assert of_course(nothing).because == "no course"


def test_curves_that_differ_make_a_claim_mixed_and_one_can_be_asked(course):
    yes = curve(course, [point(24.0, -0.6, -0.1)], name="yes")
    no = curve(course, [point(24.0, -0.5, 0.1)], name="no")
    silent = curve(course, [], name="silent")
    found = judged("at=24", [yes, no, silent])
    assert (found.word, found.which) == (MIXED, (("yes", SUPPORTED), ("no", NOT_SHOWN)))
    assert judged("at=24&curve=yes", [yes, no]).word == SUPPORTED
    assert judged("at=24&curve=yes|silent", [yes, no, silent]).word == SUPPORTED


def test_a_course_answers_where_no_analysis_does(course):
    cells = {"claim_id": "c", "direction": "favours treatment", "claimed_value": None}
    asked = row(ClaimTestRow, course=f"{course.name}@until=24", computed=True, **cells)
    unknown = row(ClaimTestRow, analysis="none", computed=False, **cells)
    grounds = Grounds({}, curves={course.name: [curve(course, [point(24.0, -0.6, -0.1)])]})
    assert claims_of([unknown], grounds)["c"].verdict.word == TOO_FEW
    assert claims_of([unknown, asked], grounds)["c"].verdict.word == SUPPORTED


@pytest.mark.parametrize("text", ["a@by=6", "a@until=0.5", "a@change=24-672&curve=b|c"])
def test_a_question_is_read_as_it_is_written(text):
    assert str(parse(text)) == text
    assert questions(f"{text}; ;a@nonsense=1;{text}") == [parse(text)] * 2


def view_curves(tests, grounds):
    (claim,) = claims_of(tests, grounds).values()
    return [one for part in claim.parts for found in part.timed for one in found.told]


def test_a_claim_told_by_a_course_says_that_no_certainty_is_rated(tables, configuration):
    name, hour = configuration.courses[0].name, configuration.courses[0].curve.shown[-1]
    cells = {"claim_id": "c", "claim": "It lasts", "kind": "durability", "rule": "x"}
    cells |= {"direction": "favours treatment", "claimed_value": None}
    claim = row(ClaimRow, course=f"{name}@until={hour:g};{name}@at={hour:g}", **cells)
    tests = named.tests_of([claim], configuration)
    assert [(test.analysis, test.computed) for test in tests] == [(None, True)] * 2
    grounds = Grounds({}, curves=curves_of(tables, configuration.courses))
    (view,) = claim_views(tests, grounds, {}, {}, configuration)
    assert NOT_RATED in view.sentence
    assert view.certainty.level == "not rated"
    heard = [one.curve for one in view_curves(tests, grounds) if one.verdict.word != TOO_FEW]
    trials = {effect.trial_id for curve in heard for effect in curve.effects}
    assert 0 < view.k == len(trials) <= sum(curve.group.trials for curve in heard)
    assert 0 < view.people <= sum(curve.group.people for curve in heard)
    lines = view.parts[0].lines
    assert {line.page for line in lines} == {f"courses.html#{name}"}
    assert all(NOT_RATED in line.reason for line in lines)
    told = claim_rows([view], tests)
    assert [one.analysis_verdict for one in told] == [line.verdict for line in lines]
