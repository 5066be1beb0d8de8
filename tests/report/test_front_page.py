"""The front page, the list of analyses and the map of the evidence: what stands where, and why."""

import re
from dataclasses import replace
from html import unescape

import pytest

from ketameta.report.alike import alike
from ketameta.report.answers import answers
from ketameta.report.wording_findings import of_hundred
from ketameta.tables.collection import by
from ketameta.tables.syntheses import AbsoluteRow, PointsRow, StudyRow

from ..rows import row

# 10 of 20 against 5 of 20, 6 of 30 against 3 of 30, 40 of 100 against 20 of 100
EVENTS = ((10, 20, 5, 20), (6, 30, 3, 30), (40, 100, 20, 100))
MEANS = ((14, 8, 20, 22, 9, 20), (15, 8, 22, 22, 9, 21))
BLOCK = {"title": "In some", "population": "adults", "treatment": "the drug", "control": "placebo"}


def text_of(page):
    return " ".join(unescape(re.sub(r"<svg.*?</svg>|<[^>]*>", " ", page, flags=re.S)).split())


@pytest.fixture(scope="module")
def found(made, kit):
    week = [
        kit.outcome("t000", arm, events=events, n=20, timepoint_h=168)
        for arm, events in (("treated", 9), ("control", 5))
    ]
    tables = kit.together(kit.counts(*EVENTS), kit.scores(*MEANS), {"outcomes": week})
    asked = {
        "response": kit.response | {"headline": True},
        "share": kit.share | {"group": "Arms alone"},
        "score": kit.score | {"headline": True, "title": "Depression <at> 24 hours"},
    }
    narrow = {"narrow": "population=TRD", "outcomes": ["response"]}
    review = {
        **{"title": "What a drug does", "lead": "A lead & more.", "short_title": "What it does"},
        **{"question": "What does it do?", "authors": [{"name": "A"}], "treatments": ["ketamine"]},
    }
    more = {"summaries": [BLOCK | narrow], "narrowed": ["share@route=IV"]}
    return made(tables, asked, review=review, **more)


@pytest.fixture(scope="module")
def asked(found):
    from ketameta.evidence.results import certainties, rated_syntheses

    rated = certainties(found.tables, found.configuration)
    records = {r.analysis: r for r in rated_syntheses(found.tables, found.configuration, rated)}
    parts = found.tables[AbsoluteRow], found.tables[PointsRow]
    return answers(found.configuration, records, rated, *parts)


def test_the_report_has_no_broken_link_or_form(found, kit):
    assert kit.faults_of(found) == []


def test_title_and_lead_are_those_of_the_configuration(found):
    page = found.page("index")
    assert "<title>What a drug does – What it does</title>" in page
    assert "A lead &amp; more." in page


def test_a_leading_outcome_stands_by_the_sides_of_the_comparisons_else_whole(found):
    page = found.page("index")
    first, second = re.findall(r"<article>(.*?)</article>", page, re.S)
    # the median of 5/20, 3/30 and 20/100 is 20 of 100, doubled by every trial
    assert "The drug : 37 of 100 with treatment, 19 without ; 3 trials" in text_of(first)
    assert 'href="analyses/response--population-TRD.html"' in first
    assert "All trials together" in text_of(second)
    assert 'href="analyses/score.html"' in second
    assert first.count("<svg") == second.count("<svg") == 1
    assert "polygon" in first


def test_the_list_has_groups_and_narrowed_analyses_below_their_whole(found):
    page = found.page("index")
    results = page[page.index('id="results"') :]
    bodies = re.findall(r"<tbody>(.*?)</tbody>", results, re.S)
    groups = [re.search(r'class="group"><th[^>]*>(.*?)</th>', body)[1] for body in bodies]
    assert groups == ["Depression", "Arms alone"]
    assert bodies[0].count('<th scope="row">') == 2
    response = bodies[0][: bodies[0].index("score.html")]
    assert "1 part of it" in response
    part = response[response.index("<details>") :]
    assert "response--population-TRD.html" in part
    assert "37 of 100 with treatment, 19 without" in text_of(part)
    assert "share--route-IV.html" in bodies[1]
    assert len(re.findall(r'analyses/response--population-TRD.html"', results)) == 1


def of_response(found, kind):
    return by(found.tables[kind], lambda row: row.analysis)["response"]


@pytest.mark.parametrize(
    ("share", "said"),
    [(0, "0"), (0.004, "0.4"), (0.0099, "1.0"), (0.01, "1"), (0.125, "12"), (1, "100")],
)
def test_a_share_is_told_of_a_hundred_with_a_decimal_below_one(share, said):
    assert of_hundred(share) == said


def test_numbers_that_look_alike_are_told_once_each_from_its_own_source(found, asked):
    risks, studies = of_response(found, AbsoluteRow), of_response(found, StudyRow)
    numbers = alike(asked["response"], risks, studies, asked)
    quoted, added, sums, alone, largest = numbers
    assert quoted.of_hundred == "37"
    assert "where 19 have it without (control arms added up (3 arms))" in quoted.what
    # 28 of 150 under control: 18.7, doubled; the median of the three arms is 20
    assert (added.of_hundred, "where 20 have it" in added.what) == ("40", True)
    assert not any(number.far for number in numbers)
    assert (sums.of_hundred, "(56 of 150)" in sums.what) == ("37", True)
    assert (alone.of_hundred, alone.slug) == (
        of_hundred(asked["share"].record.estimate),
        "share",
    )
    assert (largest.of_hundred, "100 treated" in largest.what) == ("40", True)
    page = found.page("analyses/response")
    assert page.count('id="alike"') == 1
    assert "Five numbers that look alike" in page
    assert 'href="analyses/response.html#alike"' in found.page("index")
    # no absolute effect, nothing to confuse it with
    assert alike(asked["score"], [], studies, asked) == []
    assert 'id="alike"' not in found.page("analyses/score")


def test_one_trial_has_no_sums_and_no_largest(found, asked):
    own = of_response(found, StudyRow)[:1]
    risks = of_response(found, AbsoluteRow)[:1]
    kept = {"response": asked["response"]}
    assert alike(asked["response"], risks, own, kept) == []


def test_pages_say_their_finding_where_a_link_to_them_is_shared(found):
    page = found.page("analyses/response")
    title = re.search(r"<title>(.*?)</title>", page)[1]
    assert title == "Response at 24 hours: 37 of 100 with treatment, 19 without – What it does"
    assert f'<meta property="og:title" content="{title.removesuffix(" – What it does")}">' in page
    for path, text in found.files.items():
        if path.endswith(".html"):
            said = re.search(r'<meta name="description" content="([^"]*)">', text)[1]
            assert len(said) > 20, path
            assert f'<meta property="og:description" content="{said}">' in text
            assert " – What it does</title>" in text
            assert text.count("<h1") == 1


def test_analyses_lead_to_the_next_and_to_their_whole(found):
    page = found.page("analyses/share")
    assert '<a rel="prev" href="response.html">' in page
    assert '<a rel="next" href="score.html">' in page
    assert 'href="share--route-IV.html"' in page
    assert '<a rel="up" href="share.html">' in found.page("analyses/share--route-IV")
    assert 'rel="prev"' not in found.page("analyses/response")
    assert 'rel="next"' not in found.page("analyses/score")


def test_the_map_has_four_times_a_cell_and_each_number_leads_to_its_trials(found):
    page = found.page("data")
    table = page[page.index('class="map"') : page.index("</table>")]
    (row,) = [r for r in table.split("<tr>") if '<th scope="row">Response<' in r]
    cell = re.search(r'<span class="four">(.*?)</span></td>', row)[1]
    assert [text or "-" for text in re.findall(r">([^<]*)</(?:a|span)>", cell)] == [
        "-", "3", "1", "-"
    ]  # fmt: skip
    target = re.search(r'href="#(cell-[^"]*)"[^>]*>3<', cell)[1]
    behind = page[page.index(f'<tr id="{target}">') :].partition("</tr>")[0]
    for number in range(3):
        assert f'href="analyses/response.html#effect-t00{number}"' in behind
    # a trial without an effect at a week is named all the same
    week = re.search(r'href="#(cell-[^"]*)"[^>]*>1<', cell)[1]
    assert "T000" in page[page.index(f'<tr id="{week}">') :].partition("</tr>")[0]


def test_reports_are_counted_once_by_what_became_of_them(made, kit):
    tables = kit.together(kit.counts(*EVENTS[:1]), kit.trial("bare"), kit.trial("later"))
    tables["outcomes"].append(kit.outcome("later", "treated", events=3, n=20, timepoint_h=900))
    page = text_of(made(tables, {"response": kit.response}).page("data"))
    assert "with an effect in one analysis or more 1" in page
    assert "but no effect in any analysis 1" in page
    assert "without a row on any outcome that is asked for 1" in page
    assert "1 of 3 trial reports give an effect" in page


def test_what_was_seen_far_from_what_is_expected_is_told(found, asked):
    # 2 of 10 under control: twice that is expected, and 60 of 100 treated people had it
    risk = row(AbsoluteRow, control_risk=0.2, treated_risk=0.4, arms=2)
    studies = of_response(found, StudyRow)[:2]
    for events, far in ((50, False), (51, True)):
        own = [replace(s, events_t=events / 2, n_t=50) for s in studies]
        sums = alike(asked["response"], [risk], own, {"response": asked["response"]})[1]
        assert (sums.far, "It lies" in sums.why) == (far, far)
