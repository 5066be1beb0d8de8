"""Layouts of journals: the cells and words of each, for every kind of analysis, in every width."""

import re
from dataclasses import replace
from itertools import pairwise

import pytest

from ketameta.figures.printing import contrast, grey_of
from ketameta.figures.scene import COLOURS, Rect, Text, flat
from ketameta.report import journal_words
from ketameta.report.graphics import KINDS
from ketameta.report.journal_forest import journal_forest, legend
from ketameta.report.journal_print import READ, drawing_of, printed, squares
from ketameta.report.journals import JOURNALS
from ketameta.tables.collection import of_analyses
from ketameta.tables.diagnostics import CourseRow

COCHRANE, BMJ, JAMA = (JOURNALS[name] for name in ("cochrane", "bmj", "jama"))


@pytest.fixture(scope="session")
def figure_of(tables, configuration, records):
    """Return a function that lays a figure of the tests' project out for a journal."""
    own_of = of_analyses(tables, READ)

    def make(name, journal, width=180.0, kind="forest", grey=False):
        analysis, own = configuration[name], own_of(name)
        steps = [(configuration[r.analysis], r) for r in tables[CourseRow] if r.course == name]
        drawing = drawing_of(kind, analysis, records[name], own, steps)
        if drawing is None:
            return None
        layout = squares(JOURNALS[journal], analysis) if journal else None
        forms = None
        if layout and kind == "forest":
            forms = journal_forest(layout, analysis, records[name], own)
        return printed(drawing, layout, width, grey, forms)

    return make


@pytest.fixture(scope="session")
def forest_in(tables, configuration, records):
    """Return a function that gives the forest plot of an analysis in a journal's layout."""
    own_of = of_analyses(tables, READ)

    def make(name, journal):
        analysis = configuration[name]
        return journal_forest(squares(journal, analysis), analysis, records[name], own_of(name))[0]

    return make


def heads(columns):
    return [(h.group, h.title) for h in columns]


def row_of(forest, name):
    (found,) = [row for row in forest.rows if row.left[0].startswith(name)]
    return tuple(cell.replace("\u00a0", " ") for cell in (*found.left, *found.right))


def plain(texts):
    return [text.replace("\u00a0", " ") for text in texts]


def test_cochrane_has_events_and_totals_weight_and_effect_left_of_the_plot(forest_in):
    forest = forest_in("response_24h", COCHRANE)
    assert heads(forest.left) == [
        ("", "Study or Subgroup"),
        *[("(Es)ketamine", "Events"), ("(Es)ketamine", "Total")],
        *[("Control", "Events"), ("Control", "Total")],
        *[("", "Weight"), ("", "Risk ratio\nIV, Random, 95% CI")],
    ]
    assert forest.right == ()
    assert row_of(forest, "Murrough 2013") == (
        *("Murrough 2013", "30", "47", "7", "25", "15.6%", "2.28 [1.17, 4.43]"),
    )
    assert plain(forest.total.left) == ["", "716", "", "524", "100.0%", "2.18 [1.57, 3.05]"]
    assert forest.total.label == "Total (95% CI)"
    assert {b.subtotal.label for b in forest.blocks if b.subtotal} == {"Subtotal (95% CI)"}
    assert plain(forest.total.below) == [
        "Total events: (Es)ketamine 205, Control 58",
        "Heterogeneity: Tau² = 0.00; Chi² = 15.63, df = 12 (P = 0.21); I² = 0% (23% from Q)",
        "Test for overall effect: T = 5.11 (P < 0.001)",
        "Test for subgroup differences: Chi² = 5.67, df = 3 (P = 0.13)",
    ]
    assert (forest.scale.sides, forest.above) == (
        ("Favours control", "Favours (es)ketamine"),
        "title",
    )
    assert [h.title for h in forest.lights] == list("ABCDEF")
    signs = {light.letter[:1] for row in forest.rows for light in row.lights}
    assert signs <= {"+", "?", "−", ""}
    assert forest.legend[0].startswith(
        "Risk of Bias legend (RoB 2): (A) randomisation process; (B)"
    )


def test_cochrane_has_means_and_green_squares_of_scores(forest_in, figure_of):
    forest = forest_in("depression_24h", COCHRANE)
    assert [title for _, title in heads(forest.left)] == [
        *("Study or Subgroup", "Mean", "SD", "Total", "Mean", "SD", "Total", "Weight"),
        "Standardised mean\ndifference\nIV, Random, 95% CI",
    ]
    assert row_of(forest, "Murrough 2013") == (
        *("Murrough 2013", "−16.5", "11.0", "47", "−8.8", "9.5", "25", "6.2%"),
        "−0.73 [−1.23, −0.23]",
    )
    # a difference without numbers of its arms
    assert row_of(forest, "Lapidus 2014")[1:4] == ("–", "–", "18")
    assert plain(forest.total.left)[-3:] == ["726", "100.0%", "−0.53 [−0.69, −0.37]"]
    marks = {
        name: figure_of(name, "cochrane").parts[0].scene.colours
        for name in ("depression_24h", "response_24h")
    }
    assert [marks[n]["mark"] for n in marks] == ["#008000", "#0000d8"]
    assert {colours["pooled"] for colours in marks.values()} == {"#000000"}
    assert {colours["mark-line"] for colours in marks.values()} == {"#000000"}


def test_the_bmj_has_events_of_total_left_weight_and_effect_right(forest_in):
    forest = forest_in("response_24h", BMJ)
    assert heads(forest.left) == [
        ("", "Study"),
        ("No of events/total", "(Es)ketamine"),
        ("No of events/total", "Control"),
    ]
    assert heads(forest.right) == [("", "Weight\n(%)"), ("", "Risk ratio\n(95% CI)")]
    assert row_of(forest, "Murrough 2013") == (
        *("Murrough 2013", "30/47", "7/25", "15.6", "2.28 (1.17 to 4.43)"),
    )
    assert forest.total.left == ("205/716", "58/524")
    assert plain(forest.total.right) == ["100.0", "2.18 (1.57 to 3.05)"]
    assert forest.total.below == (
        "Test for heterogeneity: τ²=0.00; χ²=15.63, df=12, P=0.21; I²=0% (23% from Q)",
        "Test for overall effect: t=5.11, P<0.001",
        "Test for subgroup differences: χ²=5.67, df=3, P=0.13",
    )
    assert forest.lights == ()
    assert forest.scale.sides == ("Favours control", "Favours (es)ketamine")


def test_jama_has_source_and_effect_left_american_words_and_no_zero_before_p(forest_in):
    forest = forest_in("response_24h", JAMA)
    assert heads(forest.left) == [
        ("", "Source"),
        *[("(Es)ketamine", "No. of\nevents"), ("(Es)ketamine", "Total\nNo.")],
        *[("Control", "No. of\nevents"), ("Control", "Total\nNo.")],
        ("", "Risk ratio\n(95% CI)"),
    ]
    assert heads(forest.right) == [("", "Weight, %")]
    assert row_of(forest, "Murrough") == (
        *("Murrough, 2013", "30", "47", "7", "25", "2.28 (1.17-4.43)", "15.6"),
    )
    assert row_of(forest, "Daly")[0] == "Daly, 2018 (SYNAPSE panel A)"
    assert plain(forest.total.below) == [
        "Heterogeneity: τ² = 0.00; χ² = 15.63, df = 12 (P = .21); I² = 0% (23% from Q)",
        "Test for overall effect: t = 5.11 (P < .001)",
        "Test for subgroup differences: χ² = 5.67, df = 3 (P = .13)",
    ]
    assert (forest.scale.sides, forest.above) == (
        ("Favors control", "Favors (es)ketamine"),
        "sides",
    )
    scores = forest_in("depression_24h", JAMA)
    assert scores.scale.title == "Standardized mean difference (95% CI)"
    # ends that may be negative are not joined by a hyphen
    assert row_of(scores, "Murrough")[-2:] == ("−0.73 (−1.23 to −0.23)", "6.2")
    assert plain(scores.prediction.left)[-1] == "(−0.87 to −0.18)"
    assert scores.prediction.label == "95% prediction interval"


@pytest.mark.parametrize("journal", JOURNALS.values(), ids=JOURNALS)
def test_treated_arms_alone_have_no_control_no_test_and_no_sides(forest_in, journal):
    forest = forest_in("response_24h_arm", journal)
    groups = {h.group for h in (*forest.left, *forest.right)} | {h.title for h in forest.left}
    assert not any("ontrol" in name for name in groups)
    assert forest.scale.sides is None
    assert not any("overall effect" in line for line in (forest.total or forest.prediction).below)
    assert forest.prediction.below or forest.total.below
    falls = forest_in("reduction_24h_arm", journal)
    assert "Mean" not in " ".join(h.title for h in falls.left)


@pytest.mark.parametrize(
    ("p", "cochrane", "bmj", "jama"),
    [
        (0.0004, "P < 0.001", "P<0.001", "P < .001"),
        (0.0044, "P = 0.004", "P=0.004", "P = .004"),
        (0.0312, "P = 0.03", "P=0.03", "P = .03"),
        (0.0451, "P = 0.045", "P=0.045", "P = .045"),
        (0.0499, "P = 0.050", "P=0.050", "P = .050"),
        (0.052, "P = 0.05", "P=0.05", "P = .05"),
        (0.5, "P = 0.50", "P=0.50", "P = .50"),
        (0.999, "P > 0.99", "P>0.99", "P > .99"),
    ],
)
def test_p_values_are_written_as_the_journal_does(p, cochrane, bmj, jama):
    for journal, expected in ((COCHRANE, cochrane), (BMJ, bmj), (JAMA, jama)):
        written = journal_words.line(journal, "{p}", p=journal_words.p_value(journal, p))
        assert written.replace("\u00a0", " ") == expected


@pytest.mark.parametrize(
    ("text", "cochrane", "jama"),
    [
        ("1,166 people", "1166 people", "1166 people"),
        ("12,345.6", "12345.6", "12\u00a0345.6"),
        ("favours it, p = 0.13", "favours it, P = 0.13", "favors it, P = .13"),
        ("Standardised; p < 0.001", "Standardised; P < 0.001", "Standardized; P < .001"),
        ("a per cent, over centres", "a per cent, over centres", "a percent, over centres"),
    ],
)
def test_words_and_numbers_of_the_report_follow_the_journal(text, cochrane, jama):
    assert journal_words.in_style(COCHRANE, text) == cochrane
    assert journal_words.in_style(JAMA, text) == jama


def test_an_interval_of_the_report_is_written_anew_in_the_journal_form():
    cells = [
        journal_words.cell_in_style(journal, "2.18 [1.57, 3.05]").replace("\u00a0", " ")
        for journal in (COCHRANE, BMJ, JAMA)
    ]
    assert cells == ["2.18 [1.57, 3.05]", "2.18 (1.57 to 3.05)", "2.18 (1.57-3.05)"]
    assert "to" in journal_words.cell_in_style(JAMA, "0.1 [−0.2, 0.4]")
    assert journal_words.cell_in_style(BMJ, "SMD\n[95% CI]") == "SMD\n(95% CI)"


def test_a_name_has_its_year_once(tables, configuration):
    from ketameta.tables.syntheses import StudyRow

    study = replace(tables[StudyRow][0], year=2013)

    def named(journal, name):
        return journal_words.study_name(journal, study, name)

    assert named(JAMA, "Murrough 2013a †") == "Murrough, 2013a †"
    assert named(BMJ, "Murrough 2013a †") == "Murrough 2013a †"
    assert named(JAMA, "TRANSFORM") == "TRANSFORM, 2013"
    assert named(BMJ, "Daly 2018 (panel A)") == "Daly 2018 (panel A)"
    assert named(COCHRANE, "Study of 2010-2012") == "Study of 2010-2012"


@pytest.mark.parametrize("width", [85.0, 180.0])
@pytest.mark.parametrize("journal", [None, *JOURNALS])
def test_every_analysis_fits_every_width_in_type_that_reads(
    figure_of, configuration, records, collisions, outside, journal, width
):
    least = JOURNALS[journal].least if journal else 7.0
    seen = set()
    for name in configuration.names:
        made = figure_of(name, journal, width)
        if records[name].k == 0:
            assert made is None
            continue
        for part in made.parts:
            assert part.smallest >= least - 0.005, name
            assert part.height <= 230, name
            wrong = outside(part.scene)
            # above a plot on one pale line words may stand on it, not on each other
            wrong += collisions(part.scene)
            assert wrong == [], name
        seen.add((records[name].measure, min(records[name].k, 2)))
    assert len(seen) > 6


OTHERS = [k for k in KINDS if k not in ("forest", "distribution", "evidence")]


@pytest.mark.parametrize("kind", OTHERS)
def test_other_figures_fit_a_column_and_two(figure_of, tables, collisions, outside, kind):
    names = {"timecourse": tables[CourseRow][0].course}
    for width in (85.0, 180.0):
        made = figure_of(names.get(kind, "depression_28d"), "jama", width, kind)
        (part,) = made.parts
        assert part.smallest >= 6.995
        assert outside(part.scene) == []
        assert collisions(part.scene) == []
        texts = [s.text for s in flat(part.scene.shapes) if isinstance(s, Text)]
        assert not any(re.search(r"avours|tandardised|\bp [=<]", text) for text in texts)


@pytest.mark.parametrize("journal", JOURNALS.values(), ids=JOURNALS)
@pytest.mark.parametrize("mark", ["own", "event", "score"])
def test_colours_of_a_journal_can_be_told_apart_in_grey(journal, mark):
    colours = COLOURS | dict(journal.colours)
    if mark != "own":
        if mark not in journal.squares:
            return
        colours["mark"] = journal.squares[mark]
    greys = {role: grey_of(colour) for role, colour in colours.items()}
    for role in ("ink", "muted"):
        assert contrast(greys[role], "#ffffff") >= 7
    for role in ("mark", "mark-line", "pooled", "predict"):
        assert role not in greys or contrast(greys[role], "#ffffff") >= 3
    # letters on the lights of a judgement, which say it without colour
    for light in ("low", "concern"):
        assert contrast(greys["on-low"], greys[light]) >= 4.5
    assert contrast(greys["on-high"], greys["high"]) >= 4.5


@pytest.mark.parametrize("kind", ["contour", "subsets", "missing"])
def test_fields_that_colour_alone_tells_apart_have_greys_that_differ(figure_of, kind):
    made = figure_of("depression_28d", "bmj", 180.0, kind, grey=True)
    assert made.alike == []
    (part,) = made.parts
    fills = {s.role for s in flat(part.scene.shapes) if isinstance(s, Rect)} - {"rule"}
    lights = sorted(contrast(part.scene.colours[role], "#000000") for role in fills)
    assert all(b / a > 1.25 for a, b in pairwise(lights))


def test_greys_that_are_one_are_told(figure_of):
    assert ("mark", "predict") in figure_of("depression_28d", "bmj", 180.0, "subsets").alike


def test_the_legend_tells_what_the_figure_does_not(tables, configuration, records):
    name = "response_24h"
    own = of_analyses(tables, READ)(name)
    found = legend(JAMA, configuration[name], records[name], own)
    assert found[0].startswith("Response at 24 hours. ")
    assert found[1] == "Random effects: τ² by REML, HKSJ interval."
    assert any("Diamond: pooled effect" in line for line in found)
    assert any(line.startswith("†") for line in found)
    assert not any("per cent" in line for line in found)
    name = "response_24h"
    assert legend(COCHRANE, configuration[name], records[name], own)[-1] == (
        "Judgements of risk of bias by RoB 1 are not shown."
    )
    house = legend(None, configuration[name], records[name], own)
    assert any(line.startswith("Risk of bias, RoB 2") for line in house)


def test_one_trial_has_no_total_and_says_so_in_the_legend(
    forest_in, configuration, records, tables
):
    name = "ocd_response"
    forest = forest_in(name, BMJ)
    assert (forest.total, forest.prediction, len(forest.rows)) == (None, None, 1)
    own = of_analyses(tables, READ)(name)
    assert "One trial: nothing is pooled." in legend(BMJ, configuration[name], records[name], own)


def test_a_judgement_that_is_taken_over_and_disputed_has_a_light(tables, configuration, records):
    from ketameta.figures.forest import draw
    from ketameta.report.forest_data import forest_of
    from ketameta.tables.collection import Tables
    from ketameta.tables.diagnostics import JudgementRow

    name = "response_24h"
    own = of_analyses(tables, READ)(name)
    both = [replace(row, disputed=True, inherited_from="other") for row in own[JudgementRow]]
    own |= Tables({JudgementRow: both})
    plain = forest_of(configuration[name], records[name], own)
    ours, _ = journal_forest(COCHRANE, configuration[name], records[name], own)
    for forest, letters in ((plain, "LUSH"), (ours, "+?−")):
        lights = [light for row in forest.rows for light in row.lights if light.letter]
        assert {light.letter for light in lights} <= {f"{letter}*" for letter in letters}
        assert all("taken over from a report" in light.title for light in lights)
        assert draw(forest).shapes


def test_trials_that_are_not_pooled_have_rows_and_no_total(tables, configuration, records):
    name = "response_24h"
    own = of_analyses(tables, READ)(name)
    ends = ("estimate", "ci_low", "ci_high", "pi_low", "pi_high", "tau2", "q", "q_p", "p", "se")
    record = replace(records[name], **dict.fromkeys(ends), engine="too few", needed=20, split=None)
    for journal in JOURNALS.values():
        forest, stacked = journal_forest(journal, configuration[name], record, own)
        assert (forest.total, forest.prediction, stacked.total) == (None, None, None)
        assert len(forest.rows) == record.k
        found = legend(journal, configuration[name], record, own)
        assert any(line.startswith("Nothing is pooled: ") for line in found)


@pytest.mark.parametrize(
    ("engine", "said"),
    [
        ("inverse variance", "IV, Random"),
        ("Mantel-Haenszel", "M-H, Fixed"),
        ("Peto", "Peto, Fixed"),
        ("GLMM", "GLMM, Random"),
    ],
)
def test_the_way_of_pooling_has_its_name_in_review_manager(records, engine, said):
    assert journal_words.method_name(replace(records["response_24h"], engine=engine)) == said


def test_tau2_is_never_shown_as_none_where_there_is_some(records):
    record = replace(records["depression_24h"], tau2=0.0012)
    assert "τ² = 0.001;" in plain(journal_words.tests(JAMA, record))[0]
    record = replace(record, tau2=1.62, i2=38.2, i2_q=None)
    assert plain(journal_words.tests(JAMA, record))[0].endswith("I² = 38%")
