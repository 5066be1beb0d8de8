"""What the comparison of two extractions prints: sentences, cuts, JSON, the page, its pictures."""

from __future__ import annotations

import html
import json
import re
import xml.etree.ElementTree as Tree
from dataclasses import replace
from pathlib import Path

import pytest

from ketameta.configuration import load
from ketameta.evidence.changes import ClaimMove, Move
from ketameta.evidence.edits import Edit
from ketameta.evidence.rated import result_of
from ketameta.extraction.records import (
    Comparison,
    Disagreement,
    FieldAgreement,
    Impact,
    Match,
    Matching,
    NumberPair,
    Side,
)
from ketameta.report import agreement_words, comparison_items, comparison_json, comparison_words
from ketameta.report.change_words import markdown_text
from ketameta.report.comparison import bland_altman, differences, is_drawn, standalone
from ketameta.stats.sensitivity.agreement import (
    Agreement,
    Icc,
    Limits,
    absolute_icc,
    limits_of_agreement,
)
from ketameta.tables.collection import Tables
from ketameta.tables.problems import Problem
from ketameta.tables.raw import RESULT_TABLES, ArmRow, ClaimRow, OutcomeRow, TrialRow
from ketameta.tables.syntheses import SynthesisRow

from ..rows import row as placed

SIXTH = (4.0, 8.0, 15.0, 16.0, 23.0, 42.0), (4.0, 8.0, 51.0, 16.0, 32.0, 24.0)


@pytest.fixture(scope="module")
def configuration():
    return load(Path(__file__).parents[1] / "analyses.yaml")


def cells(n=200, share=0.99, ends=(0.964, 0.997)):
    return Agreement(n, share, None, ends)


def line(table="", column="", **more):
    found = FieldAgreement(table, column, "", False, 20, 0, 0, cells(), cells())
    return replace(found, **more)


def numbers(first=SIXTH[0], second=SIXTH[1], ratio=False):
    """Return the line of a column of numbers."""
    pairs = tuple(NumberPair(a, b, f"row {a:g}") for a, b in zip(first, second, strict=True))
    limits = limits_of_agreement(first, second, ratio)
    icc = absolute_icc([(p.a, p.b) for p in pairs])
    return line("outcomes", "events", icc=icc, limits=limits, apart=0.8, pairs=pairs)


def impact(number=1, shift=None, analyses=(), flips=(), problem="", **more):
    place = f"outcomes.csv:{number}"
    row = f"one / drug / response / {number}"
    said = {
        "column": "events",
        "a": "16",
        "b": "61",
        "matched": "the same key",
        "likely": "",
    } | more
    found = Disagreement(
        "outcomes", "one", row, said["column"], said["a"], said["b"], f"a/{place}", f"b/{place}",
        said["matched"], said["likely"], Edit(more.get("edit", row), "one", ()),
    )  # fmt: skip
    return Impact(found, tuple(analyses), shift, tuple(flips), problem)


def compared(*impacts, agreement=(), reasons=("the same key",) * 3, **more):
    row = placed(OutcomeRow, file="outcomes.csv", line=2)
    matches = tuple(Match("outcomes", row, row, reason, {}) for reason in reasons)
    matching = Matching(matches, (("outcomes", row),), ())
    sides = Side("first", Tables()), Side("second", Tables())
    return replace(Comparison(*sides, matching, tuple(agreement) or (line(),), impacts), **more)


def test_the_first_lines_answer(configuration):
    found = compared(
        impact(1, 2.5, ["response_24h"], ["response_24h"], likely="digits transposed"),
        impact(2, 0.5, ["response_24h", "remission_24h"]),
        impact(3),
        impact(4, problem="leaves no trial"),
        reasons=("the same key", "the same key", "the same registration"),
    )
    text = comparison_words.markdown(found, configuration)
    assert (
        "3 rows are on both sides, 1 of them found by other signs than their keys. "
        "1 row only A has." in text
    )
    assert "Of 200 cells that both filled 99.0% say the same (95% interval 96.4% to 99.7%)." in text
    assert (
        "4 disagreements: 2 move an estimate, the largest by 2.50 standard errors; "
        "1 turns a verdict or certainty. 1 could not be tried." in text
    )
    first = text.split("### To talk about first")[1].split("### Agreement")[0]
    title = configuration["response_24h"].display.title
    assert f"\n   2.50 SE; turns {title}\n" in first
    assert (
        f"\n   0.50 SE; moves {title} · {configuration['remission_24h'].display.title}\n" in first
    )
    assert "A `16`, B `61` (digits transposed?)" in first
    assert "`a/outcomes.csv:1` and `b/outcomes.csv:1`" in first
    # what moves nothing is not talked about first
    assert first.count("\n   `a/") == 2


def test_the_gravest_move_is_told_with_its_numbers(configuration):
    told = {"measure": "RR", "k": 9, "n": 400, "estimate": 2.0, "ci_low": 1.1, "ci_high": 3.6}
    told |= {"estimate_log": 0.7, "se": 0.3, "tau2": 0.1}
    result = result_of(placed(SynthesisRow, **told))
    rated = {"verdict": "favours treatment", "certainty": "low", "certainty_best": "low"}
    old = replace(result, **rated)
    new = replace(old, estimate=1.5, ci_low=0.9, certainty="very low", certainty_best="very low")
    first = Move("response_24h", old, new, True, -0.3, -1.0, "above", "around", True)
    second = Move("remission_24h", old, replace(old, k=8), True, 0.0, 0.0, "above", "above", False)
    names = ("response_24h", "remission_24h")
    found = replace(impact(1, 1.0, names, names[:1]), moves=(first, second))
    titles = [configuration[name].display.title for name in names]
    assert comparison_words.what_it_does(found, configuration) == [
        f"{titles[0]}: RR 2.00 [1.10, 3.60] → RR 1.50 [0.90, 3.60]; −1.00 SE; flipped: interval "
        "above no effect → interval on both sides of no effect; certainty low → very low",
        f"In all: 1.00 SE; turns {titles[0]}; also moves {titles[1]}",
    ]
    claim = ClaimMove("fast", "supported", "not shown", True)
    with_claim = replace(found, moves=(first,), analyses=names[:1], claims=(claim,))
    assert comparison_words.what_it_does(with_claim, configuration)[1] == (
        f"In all: 1.00 SE; turns {titles[0]}; claim fast: supported → not shown"
    )
    alone = replace(found, moves=(second,), analyses=names[1:], flips=(), shift=0.0)
    assert len(comparison_words.what_it_does(alone, configuration)) == 1
    # brackets of intervals are no links
    assert "RR 2.00 [1.10, 3.60]" in comparison_words.markdown(compared(found), configuration)
    told = json.loads(json.dumps(comparison_json.as_json(compared(found)), allow_nan=False))
    assert told["disagreements"][0]["moves"][0]["new"]["estimate"] == 1.5


def test_claims_that_turn_and_estimates_that_come_or_go_are_told(configuration):
    title = configuration["response_24h"].display.title
    found = impact(1, 1.0, ("response_24h",), ())
    claim = ClaimMove("fast", "supported", "not shown", True)
    told = {
        None: f"an estimate comes or goes; moves {title}; claim fast: supported → not shown",
        1.0: f"1.00 SE; moves {title}; claim fast: supported → not shown",
    }
    for shift, text in told.items():
        one = replace(found, shift=shift, claims=(claim,))
        assert comparison_words.effect(one, configuration) == text
    # where nothing was tried there is no shift either
    assert comparison_words.effect(impact(1, None, (), ()), configuration) == ""
    (row,) = comparison_json.as_json(compared(one))["disagreements"]
    assert row["claims"] == [
        {"claim_id": "fast", "old": "supported", "new": "not shown", "flipped": True}
    ]


def test_numbers_exchanged_are_talked_about_once(configuration):
    both = {"edit": "exchanged", "likely": "the numbers of two arms exchanged"}
    moved = (1.0, ["response_24h"])
    many = [impact(n, *moved) for n in range(3, 9)]
    found = compared(impact(1, *moved, **both), impact(2, *moved, **both), *many)
    chosen = comparison_items.gravest(found)
    assert len(chosen) == comparison_items.FIRST
    assert [others for _, others in chosen] == [1, 0, 0, 0, 0]
    text = comparison_words.markdown(found, configuration)
    assert "(the numbers of two arms exchanged?), with 1 more cell\n" in text
    assert "with 1 more cell" in standalone(found, configuration)


@pytest.mark.parametrize(("lacking", "left_out"), [(3, False), (4, True)])
def test_what_a_batch_lacks_is_not_talked_about_first(configuration, lacking, left_out):
    rows = [
        impact(n, 1.0, ["response_24h"], column="", a=a, b=b, edit=f"trial {n}")
        for n, a, b in ((1, "row", ""), (2, "", "row"))
    ]
    found = compared(*rows)
    row = ("outcomes", {"file": "outcomes.csv", "line": 2})
    found = replace(found, matching=replace(found.matching, only_a=(row,) * lacking))
    names = [chosen.found.edit.name for chosen, _ in comparison_items.gravest(found)]
    assert names == (["trial 2"] if left_out else ["trial 1", "trial 2"])
    text = comparison_words.markdown(found, configuration)
    assert (comparison_words.PART in text) == left_out
    assert "2 disagreements (all of rows, arms or trials that one alone has)" in text


def test_words_for_people_stand_apart(configuration):
    found = compared(impact(1, column="note", a="as told", b="otherwise"), impact(2))
    assert comparison_words.impact_text(found) == (
        "1 disagreement; none of them moves an estimate. 1 cell that people alone read differs too."
    )
    text = comparison_words.markdown(found, configuration)
    assert "### Disagreements (1)" in text
    assert "### Words for people that differ (1)" in text
    assert "Words for people that differ" in standalone(found, configuration)


def test_nothing_to_talk_of_is_said(configuration):
    assert comparison_words.impact_text(compared()) == "They disagree on nothing."
    still = compared(impact(1), impact(2))
    assert comparison_words.impact_text(still) == "2 disagreements; none of them moves an estimate."
    assert "To talk about first" not in comparison_words.markdown(still, configuration)
    untried = compared(impact(1), tried=False)
    assert comparison_words.impact_text(untried) == (
        "1 disagreement; what they do to the results was not tried."
    )
    empty = compared(agreement=[line(cells=Agreement(0, None, None))])
    assert comparison_words.cells_text(empty) == "No cell is filled on both sides."


@pytest.mark.parametrize("page", [False, True])
def test_long_lists_are_cut_in_the_terminal_alone(configuration, page):
    most = comparison_words.MOST
    exact = compared(*(impact(n) for n in range(most)))
    over = compared(*(impact(n) for n in range(most + 1)))
    if page:
        assert standalone(over, configuration).count("b/outcomes.csv:") == most + 1
        return
    assert " more: " not in comparison_words.markdown(exact, configuration)
    text = comparison_words.markdown(over, configuration)
    assert f"- and 1 more: {comparison_words.ALL}" in text
    assert f"### Disagreements ({most + 1})" in text


def test_rows_of_one_side_and_faults_stand_apart(configuration):
    fault = Problem("second/trials.csv", 4, "year", "20x5", "is not a whole number")
    found = compared(
        impact(1, column="", a="row", b="", edit="trial one removed"),
        impact(2, column="", a="", b="row", edit="outcomes / two added"),
        b=Side("second", Tables(), (fault,), ("contrasts",), frozenset({("outcomes", "n")})),
    )
    text = comparison_words.markdown(found, configuration)
    assert "`trial one`: only A has it" in text
    assert "`outcomes / two`: only B has it" in text
    assert "### Disagreements" not in text
    mixed = comparison_words.impact_text(replace(found, impacts=(*found.impacts, impact(3))))
    assert mixed.startswith("3 disagreements (2 of rows, arms or trials that one alone has); none")
    assert "- B has no table contrasts: not compared" in text
    assert "- B has no n in outcomes: not compared" in text
    assert "second/trials.csv:4" in text
    told = html.unescape(standalone(found, configuration))
    for words in ("trial one", "only A has it", "B has no n in outcomes", "second/trials.csv:4"):
        assert words in told


def test_no_cell_can_leave_its_place(configuration):
    evil = "<script>`|x\n# y [a](b) \x1b"
    found = compared(impact(1, 1.0, ["response_24h"], a=evil, likely=evil, matched=evil))
    text = comparison_words.markdown(found, configuration)
    assert "\x1b" not in text
    rest = re.sub(r"`[^`]*`", "", text)
    assert "<script>" not in rest.replace("\\<script\\>", "")
    assert "\n# y" not in rest
    assert "<script>" not in standalone(found, configuration)


def test_json_has_every_digit_and_no_nan():
    found = compared(
        impact(1, 1 / 3, ["response_24h"], ["response_24h"]), agreement=[line(), numbers()]
    )
    back = json.loads(json.dumps(comparison_json.as_json(found), allow_nan=False))
    (told,) = back["disagreements"]
    assert told["shift"] == 1 / 3
    assert told["id"] == found.impacts[0].disagreement.id
    assert back["agreement"][1]["limits"]["bias"] == found.agreement[1].limits.bias
    assert back["only_a"] == [{"table": "outcomes", "place": "outcomes.csv:2"}]


def test_tables_fit_in_a_terminal_whatever_they_hold():
    wide = Limits(9999, True, 1.234, None, 0.001234, None, 12.345, None)
    many = {"rows": 99999, "only_a": 999, "only_b": 999, "cells": cells(99999, 0.99951)}
    longest = [
        line(table, column, limits=wide, icc=Icc(9, 0.99951, (0.9, 1.0)), **many)
        for table, schema in RESULT_TABLES.items()
        for column in ("", *schema.names)
    ]
    assert max(map(len, agreement_words.markdown(longest))) <= 100


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("response_70_24h", "response_70_24h"),
        ("snake__case", r"snake\_\_case"),
        ("_so_", r"\_so\_"),
        ("a_ b", r"a\_ b"),
        ("a*b", r"a\*b"),
    ],
)
def test_an_underscore_inside_a_word_is_no_mark(text, written):
    assert markdown_text(text) == written


def test_what_moves_nothing_says_why(configuration):
    still = impact(1, 0.0)
    assert comparison_words.effect(still, configuration) == "moves no estimate"
    assert comparison_words.effect(replace(still, asked=False), configuration) == "in no analysis"
    assert comparison_words.effect(impact(1, 0.0, column="note"), configuration) == ""
    assert "(digits transposed?): moves no estimate (" in comparison_words.markdown(
        compared(impact(1, 0.0, likely="digits transposed")), configuration
    )


def test_a_claim_is_told_by_its_text_shortened(configuration):
    words = " ".join(["seven"] * 30)
    found = replace(impact(1, 1.0), claims=(ClaimMove("fast", "supported", "not shown", True),))
    claims = Tables({ClaimRow: [placed(ClaimRow, claim_id="fast", claim=words)]})
    whole = compared(found, a=Side("first", claims))
    said = f"claim “{' '.join(['seven'] * 11)} …”: supported → not shown"
    assert said in comparison_words.markdown(whole, configuration)
    assert said in standalone(whole, configuration)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "100%"), (0.99951, ">99.9%"), (0.9994, "99.9%"), (0.5, "50.0%"),
        (0.0004, "<0.1%"), (0.0, "0.0%"), (None, "–"),
    ],
)  # fmt: skip
def test_a_share_is_100_per_cent_of_all_alone(value, text):
    assert agreement_words.same_share(line(cells=cells(share=value))) == text


@pytest.mark.parametrize(
    ("value", "ends", "text"),
    [
        (1.0, None, "1.00"),
        (0.99951, (0.9996, 0.9999), ">0.999"),
        (0.9994, (0.98, 0.99951), "0.999 (0.98 to >0.999)"),
        (-0.5, (-1.0, 0.1), "−0.50 (−1.00 to 0.10)"),
        (None, None, "–"),
    ],
)
def test_a_coefficient_is_1_of_full_agreement_alone(value, ends, text):
    assert agreement_words.beyond_chance(line(icc=Icc(9, value, ends))) == text
    kappa = Agreement(9, 0.9, value, None, ends)
    assert agreement_words.beyond_chance(line(cells=kappa)) == text


def test_differences_and_ratios_are_written_apart():
    found = line(limits=Limits(9, False, 0.5, (-0.25, 1.25), -1234.0, None, 12.345, None))
    assert agreement_words.bias_in_words(found) == "+0.5 (−0.25 to +1.25)"
    assert agreement_words.limits(found) == "−1,234 to +12.3"
    found = line(limits=Limits(9, True, 1.0004, None, 0.5, None, 24.0, None))
    assert agreement_words.bias_in_words(found) == "×1.000"
    assert agreement_words.limits(found) == "×0.5 to ×24"
    none = line(limits=Limits(1, False, 2.0))
    assert (agreement_words.bias_in_words(none), agreement_words.limits(none)) == ("+2", "–")
    assert agreement_words.bias_in_words(line(limits=Limits(0, False))) == "–"
    assert agreement_words.apart(line(apart=0.0004)) == "<0.1%"
    assert agreement_words.apart(line(apart=0.052)) == "5.2%"
    assert agreement_words.apart(line(apart=1.333)) == "133%"


def test_tables_of_agreement_stand_straight():
    alike = line("outcomes", "n", cells=cells(share=1.0))
    told = agreement_words.markdown([line(), line("outcomes"), numbers(), alike])
    by_table = [row for row in told if row.startswith("|")]
    assert [row.split("|")[1].strip("- ") for row in by_table] == [
        "table", "", "outcomes", "column", "", "outcomes:", "events",
    ]  # fmt: skip
    assert len({len(row) for row in by_table[:3]}) == len({len(row) for row in by_table[3:]}) == 1
    mean, ends = agreement_words.figure(numbers().limits.bias), agreement_words.limits(numbers())
    assert by_table[-1].split("|")[6].strip() == f"{mean} ({ends})"
    assert by_table[2].split("|")[4].strip() == "99.0% (96.4% to 99.7%)"
    assert told[-1] == "On 1 more column they agree throughout.\n"


def test_a_picture_is_drawn_where_some_differ():
    assert is_drawn(numbers())
    second = (*SIXTH[0][:4], 32.0, 24.0)
    assert not is_drawn(numbers(second=second))  # two differ
    assert not is_drawn(numbers(second=[x + 1 for x in SIXTH[0]]))  # by the same: no limits
    assert not is_drawn(line("outcomes", "note"))


@pytest.mark.parametrize("ratio", [False, True])
def test_the_picture_shows_each_pair_and_both_limits(ratio):
    # a slip of a factor of 20 among readings alike
    first = tuple(float(n) for n in range(10, 40))
    second = tuple(x * 20 if x == 20 else x + 1 if x in (12, 30) else x for x in first)
    found = numbers(first, second, ratio)
    told = differences(found)
    assert (len(told.differing), len(told.alike)) == (3, 27)
    assert (told.low.value, told.high.value) == (found.limits.low, found.limits.high)
    by_title = {point.title: point for point in told.differing}
    slip = by_title["row 20: A 20, B 400"]
    assert slip.apart == pytest.approx(20 if ratio else 380)
    assert slip.middle == pytest.approx(20 * 20**0.5 if ratio else 210)
    assert "3 differ, 1 beyond the limits" in told.description
    drawn = Tree.fromstring(bland_altman(found))
    assert len(drawn.findall(".//polygon")) == 1
    assert len(drawn.findall(".//circle[@class='mark']")) == 2
    assert 1 <= len(drawn.findall(".//circle[@class='predict-ring']")) <= 27
    assert drawn.find("title").text
    assert drawn.find("desc").text == told.description
    # the largest difference is drawn highest
    up = {g.find("title").text: _height(g) for g in drawn.findall(".//g[@class='study']")}
    assert min(up, key=up.get) == slip.title


def _height(group):
    circle = group.find("circle")
    if circle is not None:
        return float(circle.get("cy"))
    return float(group.find("polygon").get("points").split()[0].split(",")[1])


def test_the_page_has_its_pictures_and_loads_nothing(configuration):
    found = compared(impact(1, 1.0, ["response_24h"]), agreement=[line(), numbers()])
    page = standalone(found, configuration)
    assert page.count("<svg") == 1
    assert "default-src 'none'" in page
    assert not re.search(r"<(script|link|img)\b", page)
    assert page.count("<h1>") == 1


def test_what_b_calls_otherwise_is_told_once_with_the_reason(configuration):
    own, k, p = (
        placed(TrialRow, trial_id="t1"),
        *(placed(ArmRow, trial_id="t1", arm_id=arm) for arm in ("k", "p")),
    )
    result, renamed = placed(OutcomeRow), {"trial_id": "x<1>"}
    rows = [
        Match("trials", own, own, "the same PMID", renamed),
        Match("arms", k, k, "alike", renamed | {"arm_id": "ket"}),
        # an arm of the same name in it, and a row
        Match("arms", p, p, "y", renamed),
        Match("outcomes", result, result, "z", renamed | {"arm_id": "ket"}),
    ]
    found = compared()
    found = replace(found, matching=replace(found.matching, matches=tuple(rows)))
    assert comparison_words.called(found) == [
        ("trial", "x<1>", "t1", "the same PMID"),
        ("arm", "ket", "t1 / k", "alike"),
    ]
    assert "- B's trial `x<1>` is `t1`: the same PMID" in comparison_words.markdown(
        found, configuration
    )
    assert "<code>x&lt;1&gt;</code>" in standalone(found, configuration)
