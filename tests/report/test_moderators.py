"""The section on what the effect goes with: its sentence, table, pictures, and R's second fit."""

import re

import pytest

from ketameta.figures.axis import AxisScale
from ketameta.figures.bubbles import NARROW, Bubble, Mean, Strip, Words, draw_bubbles, draw_strips
from ketameta.figures.metrics import text_width
from ketameta.figures.scene import Circle, Line, Polygon, Text, flat
from ketameta.tables.moderators import ModeratedRow, RegressionRow

# later trials have smaller ratios, but one; of each: events and people, year, funding
TRIALS = (
    ((16, 20, 4, 20), 2000, "public"),
    ((15, 22, 5, 22), 2004, "public"),
    ((14, 25, 6, 25), 2008, "industry"),
    ((13, 30, 8, 30), 2012, "industry"),
    ((12, 40, 11, 40), 2016, ""),
    ((11, 40, 12, 41), 2020, "public"),
)


@pytest.fixture(scope="module")
def whole(made, kit):
    tables = kit.counts(*(cells for cells, *_ in TRIALS))
    for row, (_, year, funding) in zip(tables["trials"], TRIALS, strict=True):
        row |= {"year": year, "funding": funding}
    asked = ["year", "funding", "dose_mg", ["year", "funding"]]
    return made(tables, {"response": kit.response | {"moderators": asked}, "plain": kit.response})


def section(whole, name="response"):
    page = whole.files[f"analyses/{name}.html"]
    found = re.search(r'<h2 id="moderators">.*?</section>', page, re.DOTALL)
    return found and found[0]


def test_the_section_says_what_goes_with_the_effect_then_shows_it(whole):
    text = section(whole)
    first = re.search(r"<p>(.*?)</p>", text)[1]
    assert first.startswith(
        "The effect goes with year of publication (smaller where it is higher; per 10 years: 0."
    )
    assert "of 2 things looked at" in first
    assert "Below 10 trials a coefficient, year of publication is not to be relied on." in first
    assert "need not be the cause" in first
    assert text.index("<figure") < text.index("<table")
    assert text.count("<svg") == 4  # year and funding, for a page and for a phone
    assert "by year of publication</title>" in text
    assert section(whole, "plain") is None


def test_a_question_of_arms_says_why_it_asks_dose_alone(made, kit):
    tables = kit.counts(*(cells for cells, *_ in TRIALS))
    one = next(arm for arm in tables["arms"] if arm["arm_id"] == "treated")
    row = next(o for o in tables["outcomes"] if o["arm_id"] == "treated")
    tables["arms"].append(one | {"arm_id": "more", "dose": "1"})
    tables["outcomes"].append(row | {"arm_id": "more"})
    asked = {"moderators": ["year"], "arms": "whole"}
    text = section(made(tables, {"response": kit.response | asked}))
    assert "Nothing that was asked can be estimated: arms of a trial share a control" in text


def test_the_table_names_formula_reference_those_left_out_and_what_fails(whole):
    text = section(whole)
    assert "effect ~ year / 10 years + funding (reference: public)" in text
    assert "1 trial without a value left out: T004 (funding)." in text
    assert "Not estimated: all trials have one value." in text
    assert "Industry, against public" in text
    assert "Ratio of risk ratios" in text
    # six trials for a coefficient
    assert "<b>Year of publication</b> ¹" in text
    assert "Knapp G, Hartung J." in text


def test_the_tables_are_there_as_csv(whole):
    rows = whole.files["tables/regressions.csv"].splitlines()
    assert len(rows) == 1 + 4
    assert len(whole.tables[RegressionRow]) == 4
    values = [row.number for row in whole.tables[ModeratedRow] if row.moderator == "dose_mg"]
    assert values == [35.0] * 6


def test_r_regresses_again(whole):
    script = whole.files["verify.R"]
    assert script.count("meta_regression(\n  name = ") == 3
    assert "rma(yi, vi, mods = x" in script


POINTS = [Bubble(at, effect, weight, f"trial {at}") for at, effect, weight in
          ((2000, 2.0, 40.0), (2010, 1.0, 10.0), (2020, 0.5, 50.0))]  # fmt: skip
CURVE = [Mean(2000, 2.0, 1.2, 3.0), Mean(2020, 0.6, 0.4, 1.0)]
WORDS = Words("Effect by year", "Three trials.", "Risk ratio (log scale)", "Year")


@pytest.mark.parametrize("width", [560.0, NARROW])
def test_bubbles_lie_on_their_axes_and_are_as_large_as_their_weight(width):
    scene = draw_bubbles(WORDS, POINTS, CURVE, AxisScale(log=True, null=1.0), width, dates=True)
    dots = [s for s in flat(scene.shapes) if isinstance(s, Circle) and s.role == "mark"]
    by_place = sorted(dots, key=lambda dot: dot.x)
    assert [dot.y for dot in by_place] == sorted(dot.y for dot in dots)
    heavy, light = by_place[2].radius, by_place[1].radius
    assert (heavy / light) ** 2 == pytest.approx(5)
    texts = [s.text for s in flat(scene.shapes) if isinstance(s, Text)]
    assert {"2000", "2010", "2020"} <= {*texts}
    assert all(0 <= s.x <= width for s in flat(scene.shapes) if isinstance(s, Text | Circle))
    assert (scene.title, scene.description) == ("Effect by year", "Three trials.")


def test_a_level_has_a_strip_with_its_mean():
    strips = [
        Strip("Public (3)", "1.00 [0.50, 2.00]", Mean(0, 1.0, 0.5, 2.0), tuple(POINTS)),
        Strip("Industry (3)", "2.00 [1.00, 4.00]", Mean(0, 2.0, 1.0, 4.0), tuple(POINTS)),
    ]
    scene = draw_strips(WORDS, strips, AxisScale(log=True, null=1.0))
    first, second = (s for s in flat(scene.shapes) if isinstance(s, Polygon))
    assert first.points[1][0] < second.points[1][0]
    texts = [s.text for s in flat(scene.shapes) if isinstance(s, Text)]
    assert {"Public (3)", "1.00 [0.50, 2.00]", "Industry (3)"} <= {*texts}


def test_the_line_of_no_effect_stops_for_the_names_of_levels():
    named = Strip("A level with a long name (3)", "1.0", Mean(0, 1.0, 0.5, 2.0), tuple(POINTS))
    scene = draw_strips(WORDS, [named] * 3, AxisScale(log=True, null=1.0), NARROW)
    shapes = list(flat(scene.shapes))
    pieces = [s for s in shapes if isinstance(s, Line) and s.dash]
    names = [s for s in shapes if isinstance(s, Text) and s.text == named.label]
    assert len({piece.x1 for piece in pieces}) == 1
    assert len(pieces) == len(names) == 3, "a piece a strip"
    (across,) = {piece.x1 for piece in pieces}
    assert across < text_width(named.label, names[0].size, bold=True), "else it had nothing to stop"
    for name in names:
        assert not any(p.y1 < name.y and name.y - 0.7 * name.size < p.y2 for p in pieces)
