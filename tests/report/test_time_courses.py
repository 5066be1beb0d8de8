"""The page on how fast and how long: what it concludes of each group, and what it does not."""

import re
from dataclasses import replace

import pytest

from ketameta.report.time_courses import FEWEST, course_views
from ketameta.tables.collection import Tables
from ketameta.tables.courses import CourseChangeRow, CourseGroupRow, CoursePointRow

from .made import report


@pytest.fixture(scope="module")
def views(tables, configuration):
    return course_views(tables, configuration)


def changed(tables, kind, **cells):
    """Return tables with cells of one kind of row changed, where the row is of a curve."""
    rows = [replace(row, **cells) for row in tables[kind]]
    return Tables({each: tables[each] for each in tables.kinds()} | {kind: rows})


def test_a_group_says_when_its_effect_is_there_and_whether_it_lasts(views, tables, configuration):
    (view, *_) = views
    curves = {row.group for row in tables[CoursePointRow] if row.course == view.name}
    told = {group.label: group for group in view.groups}
    with_lines = [group for group in view.groups if group.lines]
    assert len(with_lines) == len(curves) > 0
    assert len(told) == sum(row.course == view.name for row in tables[CourseGroupRow])
    for group in with_lines:
        assert "on one side of no difference" in group.sentence
        assert len(group.lines) <= len(configuration.courses[0].curve.shown)
    for group in view.groups:
        if not group.lines:
            assert "too few for a curve" in group.sentence


def test_a_change_is_told_only_where_its_interval_excludes_none(tables, configuration):
    for low, high, said in (
        (-0.2, 0.3, "that it changes is not shown"),
        (0.1, 0.3, ": it changes"),
    ):
        cells = {"change": 0.2, "change_low": low, "change_high": high, "df": 9.0}
        (view, *_) = course_views(changed(tables, CourseChangeRow, **cells), configuration)
        sentences = [g.sentence for g in view.groups if "After 24 h" in g.sentence]
        assert sentences
        assert all(said in sentence for sentence in sentences)
        assert not any("of the difference (" in sentence for sentence in sentences)


def test_few_degrees_of_freedom_are_told(tables, configuration):
    (view, *_) = course_views(changed(tables, CourseChangeRow, df=FEWEST - 1), configuration)
    told = [g.sentence for g in view.groups if "difference" in g.sentence]
    assert told
    assert all(re.search(r"of the difference \(3\.0( degrees of freedom)?\)", s) for s in told)
    (view, *_) = course_views(changed(tables, CoursePointRow, df=FEWEST - 1), configuration)
    # each interval by its name, and not the last one alone
    ends = [g.sentence for g in view.groups if "After 24 h" in g.sentence]
    assert ends
    assert all("after 24 h (3.0 degrees of freedom)" in said for said in ends)
    assert all(line[3].endswith("†") for group in view.groups for line in group.lines)


def test_both_pictures_draw_every_trial_and_are_told_in_words(views):
    for view in views:
        for picture in (view.wide, view.narrow):
            assert picture.count('class="study"') >= 2
            assert "a panel each of" in picture
        assert "NaN" not in view.wide


def test_the_page_is_there_where_a_course_is_asked_for_and_linked(tables, configuration):
    files = report(tables, configuration)
    assert "How fast and how long" in files["courses.html"]
    assert 'href="courses.html"' in files["index.html"]
    assert 'href="../courses.html"' in next(
        v for k, v in files.items() if k.startswith("analyses/")
    )
    none = report(tables, replace(configuration, courses=()))
    assert "courses.html" not in none
    assert "courses.html" not in none["index.html"]
