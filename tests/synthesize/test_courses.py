"""Time courses: which results enter, what the curves are, and what is not said of them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest

from ketameta.configuration import Configuration, Course
from ketameta.normalize.courses import effects_over_time
from ketameta.normalize.sift import Sieve
from ketameta.normalize.trials import raw_rows, trials_of
from ketameta.synthesize.courses import AskedCourse, course_of
from ketameta.synthesize.curves import groups_of, sampling
from ketameta.tables.collection import Tables
from ketameta.tables.courses import (
    CourseChangeRow,
    CourseCoefficientRow,
    CourseFitRow,
    CourseGroupRow,
    CoursePointRow,
)
from ketameta.tables.effects import CourseEffectRow

KINDS = (CourseGroupRow, CourseFitRow, CourseCoefficientRow, CoursePointRow, CourseChangeRow)


@pytest.fixture
def course(configuration: Configuration) -> Course:
    return configuration.courses[0]


def test_no_row_is_used_twice_but_that_of_a_shared_control(tables: Tables) -> None:
    places = defaultdict(list)
    for effect in tables[CourseEffectRow]:
        for row in effect.rows:
            places[effect.analysis, row].append(effect)
    for users in places.values():
        assert len({(e.trial_id, e.hour, e.scale) for e in users}) == 1
        if len(users) > 1:
            assert all(e.shared for e in users)
            assert len({e.comparison for e in users}) == len(users)
    assert any(len(users) > 1 for users in places.values())


def test_a_pooled_report_and_its_parts_are_never_together(tables: Tables, course: Course) -> None:
    # of three reports with results the one is said to hold the people of the two others
    trials, rows = trials_of(tables), raw_rows(tables)
    whole, *parts = sorted({effect.trial_id for effect in tables[CourseEffectRow]})[:3]
    held = {**trials, whole: replace(trials[whole], parts=tuple(parts))}
    effects, ledger = effects_over_time(course, Sieve(held, rows), held, rows)
    used = {effect.trial.trial_id for effect in effects}
    assert used & {whole, *parts} in ({whole}, {*parts})
    gone = ledger.rows_with("shared people")
    assert {row.trial_id for row in gone} == {whole, *parts} - used
    assert not {row.key for row in gone} & {row.key for e in effects for row in e.rows}


def test_all_hours_and_arms_are_kept(tables: Tables) -> None:
    by_trial = defaultdict(set)
    for effect in tables[CourseEffectRow]:
        by_trial[effect.trial_id].add((effect.hour, effect.comparison))
    assert max(len({hour for hour, _ in own}) for own in by_trial.values()) > 2
    assert max(len({arm for _, arm in own}) for own in by_trial.values()) > 2


def test_the_tables_are_those_of_the_model(tables: Tables, course: Course) -> None:
    effects = [e for e in tables[CourseEffectRow] if e.analysis == course.name]
    found = course_of(AskedCourse(course, effects))
    for kind in KINDS:
        assert found[kind] == [row for row in tables[kind] if row.course == course.name]
    told = [row for row in found[CourseFitRow] if row.configured]
    assert [row.over_time for row in told] == [course.curve.over_time]
    assert len(found[CourseFitRow]) == len({course.curve.over_time, *course.curve.sweep})


def test_a_change_is_the_difference_of_its_points(tables: Tables) -> None:
    points = {(p.group, p.hour): p for p in tables[CoursePointRow]}
    changes = [row for row in tables[CourseChangeRow] if row.configured]
    assert changes
    for row in changes:
        first, last = points[row.group, row.start], points[row.group, row.end]
        assert (row.first, row.last) == pytest.approx((first.estimate, last.estimate), rel=1e-9)
        assert row.change == pytest.approx(row.last - row.first, rel=1e-9)
        assert row.first_low == pytest.approx(first.ci_low, rel=1e-9)


def test_no_point_lies_beyond_the_hours_of_its_group(tables: Tables) -> None:
    groups = {row.group: row for row in tables[CourseGroupRow]}
    assert any(not row.knots for row in groups.values())
    for point in tables[CoursePointRow]:
        own = groups[point.group]
        assert own.knots
        assert own.start <= point.hour <= own.end
        assert point.pi_low <= point.ci_low < point.estimate < point.ci_high <= point.pi_high


def test_knots_follow_trials_and_hours(tables: Tables, course: Course) -> None:
    effects = [e for e in tables[CourseEffectRow] if e.analysis == course.name]
    for per_knot in (2, 3, 5, 1000):
        curve = replace(course.curve, trials=per_knot)
        for group in groups_of(replace(course, curve=curve), effects):
            assert len(group.knots) <= min(len(group.hours), len(group.trials) // per_knot)
            assert len(group.knots) != 1
            assert list(group.knots) == sorted(set(group.knots))
            assert all(group.hours[0] <= knot <= group.hours[-1] for knot in group.knots)
    assert not any(group.knots for group in groups_of(replace(course, curve=curve), effects))
    none = course_of(AskedCourse(replace(course, curve=curve), effects))
    assert none[CourseGroupRow]
    assert not any(none[kind] for kind in KINDS if kind is not CourseGroupRow)


def test_errors_of_one_trial_go_together_and_of_two_do_not(tables: Tables, course: Course) -> None:
    effects = [e for e in tables[CourseEffectRow] if e.analysis == course.name]
    trials = np.array([e.trial_id for e in effects])
    same = trials[:, None] == trials
    for over_time in (0.0, 0.2, 0.9):
        V = sampling(course, effects, over_time)
        assert np.diag(V) == pytest.approx([e.vi for e in effects])
        assert not V[~same].any()
        assert np.linalg.eigvalsh(V).min() > 0
    apart = [(i, j) for i, j in np.argwhere(same) if effects[i].comparison != effects[j].comparison]
    assert apart
    for i, j in apart:
        if effects[i].hour == effects[j].hour:
            shared = effects[i].shared * effects[j].shared
            assert V[i, j] == pytest.approx(np.sqrt(shared), rel=1e-9)


def test_a_course_without_results_finds_nothing(course: Course) -> None:
    assert course_of(AskedCourse(course, []))[CourseGroupRow] == []
