"""Claims in words and pictures: numbers by hand, hedges by certainty, marks where they belong."""

import re
import xml.etree.ElementTree as Tree
from dataclasses import replace
from types import SimpleNamespace

import pytest

from ketameta.configuration import Window
from ketameta.evidence.certainty import Certainty
from ketameta.evidence.claim_rules import Pointing
from ketameta.evidence.claims import ClaimPart, Control, ControlArm, Grounds, Verdict, claims_of
from ketameta.evidence.rated import RatedSynthesis
from ketameta.evidence.results import grounds
from ketameta.figures.axis import AxisScale
from ketameta.figures.claims import (
    ClaimPicture,
    HundredPeople,
    PictureRow,
    Tick,
    draw_axis,
    draw_people,
)
from ketameta.figures.marks import Interval
from ketameta.figures.metrics import text_width
from ketameta.figures.scene import Circle, Line, Polygon, Text, flat, to_svg
from ketameta.report import claim_words
from ketameta.report.claim_pictures import STROKES, axis_of, people_of, picture, pictures
from ketameta.report.claim_sentences import (
    TOGETHER,
    ClaimItem,
    Told,
    claim_sentence,
    items_of,
    rests_on,
)
from ketameta.report.claim_table import claim_rows
from ketameta.report.claim_view import ClaimCertainty
from ketameta.report.claim_words import ToldResult, does, hundred, when
from ketameta.report.claims import (
    claim_views,
    claims_of_analysis,
    heaviest_trial,
    number_claimed,
    sections,
    speaks_of,
    verdict_tally,
)
from ketameta.report.naming import capital
from ketameta.tables.collection import by
from ketameta.tables.effects import DirectionRow
from ketameta.tables.raw import TrialRow
from ketameta.tables.syntheses import ClaimTestRow, StudyRow, SynthesisRow
from ketameta.tables.table import as_dict, extended, schema_of

from ..rows import row

NUMBER = r"about (\S+) of 100"


def shown(analysis, level, estimate, low, high, studies=(), **more):
    told = {"measure": analysis.select.measure, "k": 2, "n": 80}
    told |= {"estimate": estimate, "ci_low": low, "ci_high": high}
    beside = {"verdict": "", "certainty": level} | more
    own = {name: beside.pop(name) for name in [*beside] if name in schema_of(SynthesisRow).names}
    record = RatedSynthesis(**as_dict(row(SynthesisRow, **told | own)), **beside)
    return ToldResult(analysis, record, tuple(studies))


def counts(a, b, c, d, **more):
    told = {"events_t": a, "n_t": b, "events_c": c, "n_c": d, "scale": "MADRS"}
    return row(StudyRow, **told | more)


@pytest.mark.parametrize(
    ("verb", "level", "said"),
    [
        ("respond", "high", "respond"),
        ("respond", "moderate", "respond"),
        ("respond", "low", "may respond"),
        ("respond", "very low", "may respond"),
        ("be free of it", "high", "are free of it"),
        ("be free of it", "moderate", "are free of it"),
        ("be free of it", "low", "may be free of it"),
    ],
)
def test_certainty_hedges_what_people_do(verb, level, said):
    assert does(verb, level) == said


@pytest.mark.parametrize(
    ("window", "said"),
    [
        (None, ""),
        ((4, 2, 12), " within hours"),
        ((24, 12, 36), " within a day"),
        ((24, 12, 48), " within 2 days"),
        ((24, 12, 96), " within 4 days"),
        ((168, 120, 216), " after a week"),
        ((672, 504, 840), " after 4 weeks"),
        ((240, 200, 300), " after 10 days"),
        # too wide for a time
        ((168, 72, 336), " after a week"),
        ((168, 72, 337), ""),
    ],
)
def test_a_window_is_told_as_a_time(window, said):
    assert when(Window("w", *map(float, window)) if window else None) == said


def test_shares_are_people_of_a_hundred():
    told = [hundred(share) for share in (0, 0.004, 0.006, 0.094, 1)]
    assert told == ["0", "fewer than 1", "1", "9", "100"]


def test_events_are_told_with_control_and_range(configuration):
    # control 10 of 40, a quarter; twice that with treatment, from 1.2 to 3 times
    studies = [counts(20, 40, 10, 40), counts(20, 40, 10, 40)]
    told = shown(configuration["response_24h"], "low", 2.0, 1.2, 3.0, studies)
    assert claim_words.clause(told) == (
        "about 50 of 100 people may respond within a day, 25 under control (5 to 50 more)"
    )
    open_ = shown(configuration["response_24h"], "high", 1.2, 0.8, 1.6, studies)
    assert claim_words.clause(open_) == (
        "about 30 of 100 people respond within a day, 25 under control (from 5 fewer to 15 more)"
    )
    fewer = shown(configuration["ae_nausea"], "moderate", 0.4, 0.2, 0.8, studies)
    assert claim_words.clause(fewer) == (
        "probably about 10 of 100 people have nausea, 25 under control (5 to 20 fewer)"
    )
    # nobody under control: no risk to multiply, so the counts themselves
    none = shown(configuration["response_24h"], "low", 12, 0.7, 200, [counts(6, 18, 0, 17)])
    assert claim_words.clause(none) == (
        "6 of 18 people may respond within a day, 0 of 17 under control"
    )
    # ratios as reported, without a count
    bare = shown(configuration["response_24h"], "low", 2.0, 1.2, 3.0, [counts(None, 9, None, 9)])
    assert "under control" in claim_words.clause(bare)


def test_shares_and_falls_stand_beside_control_arms(configuration):
    control = Control(9.4)
    share = shown(configuration["response_24h_arm"], "very low", 0.402, 0.29, 0.51)
    assert claim_words.clause(share, control) == (
        "about 40 of 100 people treated may respond within a day (29 to 51), 9 of 100 under control"
    )
    assert "control" not in claim_words.clause(share)
    fall = shown(configuration["reduction_24h_arm"], "high", 38.9, 1.2, 76.7)
    assert claim_words.clause(fall, control) == (
        "the depression score falls by 39% within a day in people treated (1 to 77%), "
        "by 9% under control"
    )


def test_scores_are_told_in_points_where_a_spread_is_known(configuration):
    analysis = configuration["depression_24h"]
    spread = counts(None, 20, None, 20, sd_t=10.0, sd_c=10.0, basis="change", label="A")
    told = shown(analysis, "moderate", -0.5, -0.8, -0.2, [spread])
    assert claim_words.clause(told) == (
        "people treated probably score 5.0 points lower (2.0 to 8.0) on a depression scale of 60 "
        "(MADRS) than under control within 2 days"
    )
    bare = shown(analysis, "low", 0.1, -0.2, 0.4, [replace(spread, sd_c=None)])
    assert claim_words.clause(bare) == (
        "people treated may score 0.10 standard deviations higher (from 0.20 lower to 0.40 higher) "
        "on depression scales than under control within 2 days"
    )
    points = shown(configuration["depression_24h_madrs"], "high", -5.5, -7.3, -3.7, [spread])
    assert "people treated score 5.5 points lower (3.7 to 7.3) on" in claim_words.clause(points)


def test_too_few_data_point_to_a_number_and_are_not_hedged_besides(configuration):
    few = {"k": 1, "n": 30}
    score = shown(configuration["depression_24h"], "very low", -1.13, -1.9, -0.35, **few)
    assert claim_words.pointed(score) == (
        "one trial with 30 people points to scores 1.13 standard deviations lower (0.35 to 1.90) "
        "on depression scales than under control within 2 days"
    )
    studies = [counts(20, 40, 10, 40), counts(20, 40, 10, 40)]
    events = shown(configuration["response_24h"], "low", 2.0, 1.2, 3.0, studies)
    assert claim_words.pointed(events) == (
        "in two trials with 80 people, about 50 of 100 people respond within a day, 25 under "
        "control (5 to 50 more)"
    )
    none = shown(configuration["response_24h"], "low", 12, 0.7, 200, [counts(6, 18, 0, 17)], **few)
    assert claim_words.pointed(none) == (
        "in one trial 6 of 18 people respond within a day, 0 of 17 under control"
    )
    share = shown(configuration["response_24h_arm"], "low", 0.4, 0.3, 0.5, **few)
    assert claim_words.pointed(share) == (
        "in one trial with 30 people, 40 of 100 people treated respond within a day (30 to 50)"
    )
    fall = shown(configuration["reduction_24h_arm"], "low", 38.9, 1.2, 76.7, **few)
    assert "points to a fall of the depression score by 39% within a day" in claim_words.pointed(
        fall
    )


def test_where_treatment_is_withdrawn_control_is_after_stopping(configuration):
    studies = [counts(26, 100, 50, 100)]
    told = shown(configuration["relapse"], "high", 0.52, 0.4, 0.7, studies)
    stopped = replace(told, design="randomised withdrawal")
    assert claim_words.clause(stopped) == (
        "about 26 of 100 people relapse if treatment goes on, 50 after stopping (15 to 30 fewer)"
    )
    assert claim_words.clause(told).endswith("relapse, 50 under control (15 to 30 fewer)")


def item(name, word, level="", text="x", **told):
    told = {"group": "", "rated_alone": True} | told
    one = SimpleNamespace(record=SimpleNamespace(certainty=level), **told)
    return ClaimItem(name, word, text, (one,) if level else ())


def test_a_sentence_says_the_verdict_first_and_its_doubt_once():
    assert claim_sentence("overstated", [item("", "overstated", "low", "about 4 of 10")]) == (
        "Overstated: about 4 of 10."
    )
    very = item("", "supported", "very low")
    assert claim_sentence("supported", [very]) == "Supported: x. The evidence is very uncertain."
    # of two things: said once where it is so of both, else where it is so
    day, week = (replace(very, name=f"for a {name}") for name in ("day", "week"))
    assert claim_sentence("supported", [day, week]) == (
        "Supported. For a day: supported, x. For a week: supported, x. "
        "The evidence is very uncertain."
    )
    assert claim_sentence("mixed", [day, item("later", "not shown", "low", "y")]) == (
        "Mixed. For a day: supported, x; very uncertain. Later: not shown, y."
    )
    # what tells nothing stands last and is not hedged again
    few = item("later", "too few data", "very low", "y")
    assert claim_sentence("mixed", [few, day]) == (
        "Mixed. For a day: supported, x. Later: too few data, y. The evidence is very uncertain."
    )
    assert claim_sentence("too few data", [few]) == "Too few data: y."
    # groups that only all trials together are rated of
    apart = {"group": "b", "rated_alone": False}
    together = item("a, b", "not shown", "very low", "y", **apart)
    assert together.rated == "a, all trials together"
    assert claim_sentence("mixed", [together]).endswith(
        "y. Of all trials together the evidence is very uncertain."
    )
    low = item("c", "supported", "low")
    assert claim_sentence("mixed", [low, together]).endswith(
        "A, b: not shown, y; very uncertain of all trials together."
    )
    number = replace(day, claimed=True)
    assert "For a day: as claimed, x." in claim_sentence("mixed", [number, week])


def test_a_verdict_rests_on_what_has_its_word_or_on_all_that_tells():
    told = [item("a", "contradicted"), item("b", "supported"), item("c", "too few data")]
    assert rests_on("contradicted", told) == told[:1]
    assert rests_on("mixed", told) == told[:2]
    assert rests_on("too few data", told[2:]) == told[2:]


def pointing_rows(*rows):
    made = row(ClaimTestRow, direction="favours treatment")
    verdict_ = Verdict("too few data", "few directions", rows=rows)
    (found,) = items_of(ClaimPart(made, (), (), (), None, verdict_), [Told(verdict_, ())], None)
    return found.text


def test_a_result_in_another_unit_is_not_called_none():
    made = row(ClaimTestRow, claimed_value=70.0, direction="at most")
    part = ClaimPart(made, (), (), ("ratio",), None, Verdict("too few data", "other unit"))
    (found,) = items_of(part, [], None)
    assert found.text == "no trial gives a number in the unit that is claimed"


def test_directions_of_people_who_stand_apart_are_told_by_themselves():
    def told(name, label, direction, hour=24.0, apart=""):
        cells = {"trial_id": name, "label": label, "direction": direction, "hour": hour}
        return extended(Pointing, row(DirectionRow, **cells), apart=apart)

    alone = told("a", "Alone 2000 (x)", "favours treatment")
    other = told("b", "Both 2001", "favours control")
    healthy = replace(other, hour=0.67, apart="healthy people")
    assert pointing_rows(healthy, alone) == (
        "one trial points to better results with treatment (Alone 2000, at 24 hours) and one trial "
        "in healthy people points to worse results with treatment (Both 2001, at 40 minutes)"
    )
    assert pointing_rows(alone, other) == (
        "of two trials one finds better results and one finds worse results"
    )
    none = replace(other, trial_id="c", direction="no difference")
    assert pointing_rows(alone, none) == (
        "of two trials one finds better results and one finds no difference"
    )
    three = [alone, replace(alone, trial_id="d"), none, healthy]
    assert pointing_rows(*three) == (
        "of three trials two find better results and one finds no difference, and one trial in "
        "healthy people points to worse results with treatment (Both 2001, at 40 minutes)"
    )
    assert pointing_rows(none) == ("one trial finds no difference (Both 2001, at 24 hours)")
    each_way = [alone, replace(alone, direction="favours control")]
    assert pointing_rows(*each_way) == (
        "one trial finds some tests each way (Alone 2000, at 24 hours)"
    )


def test_a_claimed_number_is_written_with_its_unit():
    cells = {"claimed_unit": "percent of people", "direction": "at most"}
    claim = row(ClaimTestRow, claimed_value=70.0, **cells)
    assert number_claimed(claim) == "up to 70 of 100 people"
    assert number_claimed(replace(claim, claimed_value=None)) == ""


@pytest.mark.parametrize(
    ("claimed", "pooled", "speaks"),
    [
        ("TRD", "TRD", True),
        ("TRD", "MDD", False),
        ("MDD", "MDD-SI", True),
        ("MDD", "MDD+BD", False),
        ("MDD;BD", "MDD+BD", True),
        ("any", "PTSD", True),
        (None, "PTSD", True),
    ],
)
def test_of_whom_a_claim_speaks(claimed, pooled, speaks):
    assert speaks_of(claimed, pooled) is speaks


def test_a_trial_of_nearly_all_the_weight_is_named_with_its_people():
    def noted(**notes):
        return {name: row(TrialRow, population_note=note) for name, note in notes.items()}

    trials = noted(one="adolescents; of one town", two=None)

    def weighed(*weights):
        names = zip(("one", "two"), weights, strict=False)
        return [row(StudyRow, trial_id=n, label=f"Trial {n}", weight=w) for n, w in names]

    assert heaviest_trial([], trials) == ""
    assert heaviest_trial(weighed(79.9, 20.1), trials) == ""
    assert heaviest_trial(weighed(80.0, 20.0), trials) == (
        "Nearly all the weight (80%) is one trial, Trial one: adolescents."
    )
    assert heaviest_trial(weighed(10.0, 90.0), trials).endswith("(90%) is one trial, Trial two.")
    # one alone has no weight to share
    assert heaviest_trial(weighed(None), trials) == "The trial is Trial one: adolescents."
    # what speaks of another trial is a word to those who enter data
    other = noted(one="pool of fu2020", fu2020=None)
    assert heaviest_trial(weighed(None), other) == "The trial is Trial one."


def test_each_thing_told_says_how_sure_it_is(views):
    for view in views:
        names = [name for name, _ in view.sure]
        assert names == [""] or all(names)
        for name in names:
            together = name.endswith(TOGETHER)
            assert together or f"{capital(name)}{': ' if name else ''}" in view.sentence
        assert view.certainty in [found for _, found in view.sure]
    # what the verdict rests on alone: relapse, and not the week of which too few data tell
    lasts = next(v for v in views if v.claim_id == "lasts")
    assert (lasts.verdict, lasts.k, len(lasts.sure)) == ("contradicted", 1, 1)
    # another part tells something else, so the one that decides is named
    assert lasts.sure[0][0]
    assert len([part for part in lasts.parts if part.name]) > 1
    routes = next(v for v in views if v.claim_id == "routes")
    assert {name for name, _ in routes.sure} <= {"", "infusion", "nasal spray"}


def test_each_row_of_the_table_has_the_certainty_of_its_own_part(views, tables, records):
    found = claim_rows(views, tables[ClaimTestRow])
    parts = {(view.claim_id, part.name): (part, view) for view in views for part in view.parts}
    unlike = 0
    for one in found:
        part, view = parts[one.claim_id, one.part or ""]
        unlike += one.certainty != view.certainty.level
        told = [line.analysis for line in part.lines if line.verdict == part.verdict]
        rated = [records[name] for name in told if name in records and records[name].estimate]
        if not rated:
            assert one.certainty == "not rated" or part.verdict == "mixed"
            continue
        assert (one.certainty, one.certainty_best) in {
            (record.certainty, record.certainty_best) for record in rated
        }
    assert unlike


def test_claims_stand_under_the_analysis_and_its_whole():
    named = [("a", "x@population=TRD"), ("b", "x"), ("b", "x"), ("c", None)]
    tests = [
        row(ClaimTestRow, claim_id=name, claim=name.upper(), analysis=analysis)
        for name, analysis in named
    ]
    assert claims_of_analysis(tests) == {
        "x@population=TRD": [("a", "A")],
        "x": [("a", "A"), ("b", "B")],
    }


def test_claims_are_counted_and_grouped_in_the_order_of_the_vocabulary():
    assert verdict_tally([]) == ""
    levels = {"contradicted": ["low"], "supported": ["low", "moderate", "low"], "mixed": ["low"]}
    levels |= {"supported, smaller than claimed": ["low"], "too few data": ["low"]}
    told = [
        SimpleNamespace(verdict=word, certainty=ClaimCertainty(level, level, ""))
        for word, own in levels.items()
        for level in own
    ]
    assert verdict_tally(told) == (
        "Of 7 claims, 3 are supported (certainty: 1 moderate, 2 low), 1 is supported but smaller "
        "than claimed (certainty: 1 low), 1 is mixed, 1 is contradicted (certainty: 1 low) and "
        "1 rests on too few data."
    )
    views = [SimpleNamespace(section=name) for name in ("safety", "within a day", "")]
    assert [title for title, _ in sections(views)] == ["Within a day", "Safety", "Others"]
    assert [title for title, _ in sections(views[2:])] == [""]


# pictures


def people_in(scene, role):
    """Count the people of a role: each is one head, a circle in its path."""
    paths = [s for s in flat(scene.shapes) if getattr(s, "path", "") and s.role == role]
    return sum(path.path.count("a2.4 2.4 0 1 0 4.8 0") for path in paths)


@pytest.mark.parametrize("gains", [False, True])
@pytest.mark.parametrize(("control", "treated"), [(11, 26), (50, 26), (30, 30), (0, 100)])
def test_of_two_hundred_people_the_difference_alone_is_hatched(control, treated, gains):
    key = ("both", "more", "none")
    scene = draw_people(HundredPeople("t", "d", control, treated, ("a\nb", "c\nd"), gains, key))
    both, difference = min(control, treated), abs(control - treated)
    # one more of each kind that there can be stands in the key
    shown = difference + (difference > 0)
    assert people_in(scene, "predict") == control + both + 1
    assert people_in(scene, "mark") == (shown if gains else 0)
    assert people_in(scene, "pooled") == (0 if gains else shown)
    pale = 200 - control - both - difference
    assert people_in(scene, "band3") == pale + 1
    texts = {s.text for s in flat(scene.shapes) if isinstance(s, Text)}
    assert set(key) - texts == (set() if difference else {"more"})
    # hatched, not another colour alone: three strokes a person, crossed by three more for a harm
    lines = [s.path for s in flat(scene.shapes) if getattr(s, "width", 0) and hasattr(s, "path")]
    strokes = [path for path in lines if "a2.4" not in path]
    assert sum(path.count("M") for path in strokes) == (3 if gains else 6) * shown
    Tree.fromstring(to_svg(scene, "x"))


def axis_picture(**scale):
    rows = (
        PictureRow("Treated", "40 (29 to 51)", Interval(40, 29, 51), (Tick(20, 300, "big"),)),
        PictureRow("Control arms", "9", Interval(9, None, None), (Tick(5, 30, "small"),), True),
    )
    return ClaimPicture("t", "d", rows, AxisScale("of 100", **scale), 70.0, "claimed: 70")


@pytest.mark.parametrize("small", [False, True])
def test_the_claimed_value_is_an_open_mark_on_the_axis_of_the_results(small):
    scene = draw_axis(axis_picture(limits=(0.0, 100.0)), small)
    shapes = list(flat(scene.shapes))
    (claimed,) = [s for s in shapes if isinstance(s, Circle) and s.ring]
    (dot,) = [s for s in shapes if isinstance(s, Circle) and not s.ring]
    (control,) = [s for s in shapes if isinstance(s, Polygon)]
    middle = sum(x for x, _ in control.points) / 4
    # one scale for all: from control to treated 31, from treated to claimed 30
    assert (claimed.x - dot.x) / (dot.x - middle) == pytest.approx(30 / 31)
    assert all(0 <= x <= scene.width for x in (claimed.x, dot.x, middle))
    ticks = [s for s in shapes if isinstance(s, Line) and s.x1 == s.x2 and s.width == 1.5]
    assert len(ticks) == (0 if small else 2)
    if not small:
        heights = [abs(line.y2 - line.y1) for line in ticks]
        assert heights[0] > heights[1]
    Tree.fromstring(to_svg(scene, "x"))


@pytest.mark.parametrize("small", [False, True])
@pytest.mark.parametrize("high", [45.0, 50.0, 99.0])
def test_the_axis_holds_the_whole_of_a_pooled_interval_and_shares_start_at_none(small, high):
    rows = (PictureRow("Treated", f"41 (34 to {high:g})", Interval(41, 34, high), beside=32.0),)
    scale = AxisScale("of 100", limits=(0.0, 100.0))
    shapes = list(flat(draw_axis(ClaimPicture("t", "d", rows, scale), small).shapes))
    (axis,) = [s for s in shapes if isinstance(s, Line) and s.y1 == s.y2 and s.role == "ink"]
    (whole,) = [s for s in shapes if isinstance(s, Line) and s.role == "pooled"]
    (dot,) = [s for s in shapes if isinstance(s, Circle)]
    (control,) = [s for s in shapes if isinstance(s, Polygon)]
    assert len(control.points) == 4, "the square of control, and no arrow"
    assert (whole.x2 - dot.x) / (dot.x - whole.x1) == pytest.approx((high - 41) / 7)
    assert axis.x1 <= whole.x1 <= whole.x2 <= axis.x2
    labels = [s for s in shapes if isinstance(s, Text) and s.text == "0"]
    assert [label.x for label in labels] == [axis.x1]


def test_numbers_that_leave_no_room_for_a_name_stand_below_it():
    for text in ("26, control 50", "26 (19 to 36), after stopping 50"):
        rows = (PictureRow("Unbreakable", text, Interval(26, 19, 36), beside=50.0),)
        scene = draw_axis(ClaimPicture("t", "d", rows, AxisScale("of 100")), small=True)
        name, numbers = (
            next(s for s in flat(scene.shapes) if isinstance(s, Text) and s.text == told)
            for told in ("Unbreakable", text)
        )
        room = scene.width - text_width(text, numbers.size) - 12
        beside = text_width(name.text, name.size, bold=True) <= room
        assert (name.y == numbers.y) == beside
        assert name.y <= numbers.y


@pytest.fixture(scope="module")
def views(tables, records, configuration):
    from ketameta.evidence.results import certainties

    tests = tables[ClaimTestRow]
    asked = configuration.asked(test.analysis for test in tests)
    studies = by(tables[StudyRow], lambda study: study.analysis)
    found = grounds(tables, records), certainties(tables, asked)
    return claim_views(tests, *found, studies, asked)


def test_every_claim_has_a_picture_or_nothing_to_draw(views):
    ids = []
    for view in views:
        drawn = [picture(view), picture(view, small=True)]
        assert (drawn[0] == "") == (drawn[1] == "") == (not any(t.shown for t in view.told))
        for text in filter(None, drawn):
            root = Tree.fromstring(text)
            assert root.find(".//title").text
            assert root.find(".//desc").text
            assert not re.search(r"\b(nan|inf|None)\b", text)
            ids += [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids)) > 40


def test_a_view_says_what_was_pooled(views, tables, records):
    by_claim = {view.claim_id: view for view in views}
    assert len(by_claim) == len(views) == 21
    view = by_claim["response_70_24h"]
    record = records["response_24h_arm"]
    assert (view.k, view.people) == (record.k, record.n)
    studies = by(tables[StudyRow], lambda study: study.analysis)
    assert set(view.populations) == {s.population for s in studies[record.analysis]}
    # the claim speaks of treatment-resistant depression
    assert set(view.others) == set(view.populations) - {"TRD"}
    assert view.certainty.level == record.certainty
    assert view.headline
    assert f"about {100 * record.estimate:.0f} of 100" in view.sentence
    # trials of several analyses are counted once
    several = by_claim["mild_side_effects"]
    names = {"ae_dissociation", "ae_nausea", "ae_dizziness"}
    trials = {study.trial_id for name in names for study in studies[name]}
    assert several.k == len(trials)


def test_a_pooled_report_and_its_trials_are_the_same_people(views, tables):
    view = next(v for v in views if v.claim_id == "esketamine_suicide_risk")
    studies = [s for told in view.told for shown in told.shown for s in shown.studies]
    reports = {study.trial_id: study.people for study in studies}
    parts = {t.trial_id: set((t.part_of or "").split(";")) for t in tables[TrialRow]}
    (pooled,) = [name for name in reports if parts[name] & set(reports)]
    assert view.people == sum(reports.values()) - reports[pooled]
    assert view.k == len(reports) - 1


def test_groups_that_differ_are_told_and_drawn_apart(views, tables, records):
    split = grounds(tables, records).splits["suicidality_24h"][0]
    view = next(v for v in views if v.claim_id == "suicidal_thoughts_hours")
    assert view.verdict == "mixed"
    for group in split.groups:
        assert capital(group.subgroup) in view.sentence
        assert f">{group.subgroup[:1].upper()}{group.subgroup[1:]}<" in picture(view)
    # none of these is rated alone here
    assert [name for name, _ in view.sure] == [TOGETHER]
    assert view.certainty.level == records["suicidality_24h"].certainty == "very low"
    assert view.sentence.endswith("Of all trials together the evidence is very uncertain.")


def test_a_group_is_as_sure_as_the_analysis_of_its_trials_alone(tables, records, configuration):
    (test,) = [
        test
        for test in tables[ClaimTestRow]
        if (test.claim_id, test.analysis) == ("suicidal_thoughts_hours", "suicidality_24h")
    ]
    (split,) = grounds(tables, records).splits[test.analysis][:1]
    whole = records[test.analysis]

    def told(more=0):
        names = [f"{test.analysis}@{split.name}={group.subgroup}" for group in split.groups]
        ends = ("k", "n", "estimate", "ci_low", "ci_high")
        alone = {
            name: replace(
                whole,
                **{end: getattr(group, end) for end in ends} | {"n": group.n + more},
                **{"analysis": name, "certainty": level, "certainty_best": level},
            )
            for name, group, level in zip(names, split.groups, ("low", "moderate"), strict=True)
        }
        rated = {
            name: Certainty(one.certainty, one.certainty, "high")
            for name, one in (records | alone).items()
            if name in (*alone, test.analysis)
        }
        studies = by(tables[StudyRow], lambda study: study.analysis)
        found = grounds(tables, records | alone)
        (view,) = claim_views([test], found, rated, studies, configuration)
        return view, {group.rated_in for group in found.splits[test.analysis][0].groups}, names

    view, rated_in, names = told()
    assert rated_in == set(names)
    assert [(name, sure.level) for name, sure in view.sure] == [
        (split.groups[0].subgroup, "low"),
        (split.groups[1].subgroup, "moderate"),
    ]
    assert "uncertain" not in view.sentence
    # each hedged by its own
    assert re.search(r"may score .* probably score", view.sentence)
    # an analysis with another result is not that of the group
    view, rated_in, _ = told(more=1)
    assert rated_in == {test.analysis}
    assert [name for name, _ in view.sure] == [TOGETHER]


def test_a_claim_that_names_nothing_is_told_by_its_rule(configuration):
    cells = {"claim_id": "a", "claim": "A", "kind": "safety", "rule": "No trial looked"}
    test = row(ClaimTestRow, **cells)
    (view,) = claim_views([test], Grounds({}), {}, {}, configuration)
    assert view.sentence == "Trials cannot test it: no trial looked."
    assert (view.k, view.people, view.links, view.section) == (0, 0, (), "")
    assert picture(view) == ""
    assert claims_of([test], Grounds({}))["a"].verdict.word == view.verdict


def test_control_arms_are_a_row_of_their_own(views):
    view = next(v for v in views if v.claim_id == "response_70_24h")
    assert "Control arms" in picture(view)
    bare = replace(view, control=None)
    assert "Control arms" not in picture(bare)
    arms = (ControlArm("Alone 2000", 12.0, 30.0),)
    assert "Alone 2000: 12, 30 people" in picture(replace(view, control=Control(12.0, arms=arms)))


def test_a_difference_is_called_benefit_or_harm_where_the_verdict_tells(configuration):
    more = shown(configuration["response_24h"], "low", 2.0, 1.2, 3.0, [counts(20, 40, 10, 40)] * 2)
    harm = replace(more, analysis=configuration["ae_nausea"])
    fewer = replace(harm, record=replace(harm.record, estimate=0.4))
    for one, verdict_, gains, said in (
        (more, "supported", True, "25 more with treatment: a benefit"),
        (harm, "contradicted", False, "25 more with treatment: a harm"),
        (fewer, "supported", True, "15 fewer with treatment: a benefit"),
        (more, "too few data", True, "25 more with treatment: too few data"),
    ):
        people = people_of(one, verdict_)
        assert (people.gains, people.key[1]) == (gains, said)


def test_no_axis_reads_better_to_both_sides(views, configuration):
    studies = [counts(20, 40, 10, 40)] * 2
    good = shown(configuration["response_24h"], "low", 2.0, 1.2, 3.0, studies)
    bad = replace(good, analysis=configuration["relapse"])
    told = tuple(Told(Verdict("supported", "better"), (one,)) for one in (good, bad, good))
    drawn = picture(replace(views[0], verdict="mixed", claimed_value=None, told=told))
    assert drawn.count("50 (30 to 75), control 25</text>") == 2
    stopped = replace(bad, design="randomised withdrawal")
    told = (Told(Verdict("supported", "better"), (stopped,)),)
    assert "50 (30 to 75), after stopping 25</text>" in picture(replace(views[0], told=told))


def test_scores_on_one_scale_are_drawn_in_its_points(configuration):
    def told(sd, scale):
        told = dict(scale=scale, yi=-0.5, people=40, sd_t=sd, sd_c=sd, basis="change", label="A")
        spread = counts(None, 20, None, 20, **told)
        return shown(configuration["depression_24h"], "low", -0.5, -0.8, -0.2, [spread])

    view = SimpleNamespace(claim="c", control=None, claimed_value=None, claimed="")
    drawn = axis_of(view, [told(10.0, "MADRS"), told(8.0, "MADRS")])
    assert [row.interval.estimate for row in drawn.rows] == [-5.0, -4.0]
    assert "points of the MADRS" in drawn.scale.title
    apart = axis_of(view, [told(10.0, "MADRS"), told(8.0, "HAMD17")])
    assert [row.interval.estimate for row in apart.rows] == [-0.5, -0.5]
    assert "standard deviations" in apart.scale.title
    # the text tells them in points, so the picture does too, in small print
    assert [one.below for one in drawn.rows] == ["", ""]
    for one, value, scale in zip(apart.rows, ("5.0", "4.0"), ("MADRS", "HAMD17"), strict=True):
        assert one.below.startswith(f"{value} points lower (")
        assert one.below.endswith(f"({scale})")
        assert one.below in apart.description
    texts = [s.text for s in flat(draw_axis(apart).shapes) if isinstance(s, Text)]
    for one in apart.rows:
        assert one.below in " ".join(texts)


def test_the_first_picture_with_strokes_says_what_they_are(views):
    found = pictures(views)
    told = [name for name, drawn in found.items() if STROKES in drawn]
    with_trials = [
        v.claim_id for v in views if re.search(r": [^<]*, [\d,]+ people<", found[v.claim_id])
    ]
    assert told == with_trials[:1]
    assert {name: drawn for name, drawn in found.items() if name not in told} == {
        view.claim_id: picture(view) for view in views if view.claim_id not in told
    }
    Tree.fromstring(found[told[0]])
    # people of 100 are no strokes
    assert STROKES not in "".join(
        pictures([v for v in views if v.claim_id not in with_trials]).values()
    )
