"""The summary of findings: its rows, and that page, CSV and document hold the same ones."""

import csv
import io
import re
import xml.etree.ElementTree as Tree
from html import unescape
from zipfile import ZipFile

import pytest

from ketameta.evidence.rated import RatedSynthesis
from ketameta.report.answers import Answer
from ketameta.report.wording_findings import with_treatment
from ketameta.tables.syntheses import AbsoluteRow, SynthesisRow
from ketameta.tables.table import extended

from ..rows import row

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
# 5, 20 and 30 of 100 control people in all: 55
EVENTS = ((10, 20, 5, 20), (20, 40, 20, 40), (30, 40, 30, 40))
MEANS = ((14, 8, 20, 22, 9, 20), (15, 8, 22, 23, 9, 21), (16, 8, 19, 24, 9, 20))
BLOCK = {
    "title": "A drug <against> placebo & others",
    "population": "adults",
    "treatment": "a drug",
    "control": "placebo",
}


@pytest.fixture(scope="module")
def found(made, kit):
    tables = kit.together(kit.counts(*EVENTS), kit.scores(*MEANS))
    asked = {"response": kit.response, "score": kit.score}
    asked |= {"pain": kit.response | {"title": "Response in pain", "populations": ["pain"]}}
    two = [
        BLOCK | {"outcomes": ["response", "score", "pain"]},
        BLOCK | {"title": "In some", "narrow": "population=TRD", "outcomes": ["response"]},
    ]
    return made(tables, asked, summaries=two)


@pytest.fixture(scope="module")
def rows(found):
    return list(csv.DictReader(io.StringIO(found.files["tables/summary_of_findings.csv"])))


def test_risks_are_of_a_thousand_at_the_control_risk_of_all_people(rows, found):
    (pooled,) = [r for r in found.tables[SynthesisRow] if r.analysis == "response"]
    first = rows[0]
    assert first["with_control"] == "550 of 1,000"
    ends = (pooled.estimate, pooled.ci_low, pooled.ci_high)
    treated = [round(min(550 * end, 1000)) for end in ends]
    said = "{} ({} to {}) of 1,000".format(*(f"{number:,}" for number in treated))
    assert first["with_treatment"] == said
    assert float(first["control_risk"]) == 0.55
    assert first["relative_effect"] == "RR {:.2f} ({:.2f} to {:.2f})".format(*ends)
    assert (first["k"], first["n"]) == ("3", "200")


def test_scores_are_told_in_points_and_beside_the_mean_with_control(rows):
    score = rows[1]
    # endpoints: the means of the control arms are 22, 23 and 24
    assert score["with_control"] == "mean 23.0 points on the MADRS (median of 3 control arms)"
    # g is about -0.9 and the typical SD 9
    points = r"(\d\.\d) points lower on the MADRS \((\d+\.\d) to (\d\.\d) lower\)"
    middle, low, high = map(float, re.fullmatch(points, score["with_treatment"]).groups())
    assert low > middle > high > 0
    assert middle == pytest.approx(9 * abs(float(score["estimate"])), abs=0.05)


def test_an_outcome_without_a_trial_says_so_and_has_no_number(rows):
    none = rows[2]
    assert {none[name] for name in ("with_control", "with_treatment", "relative_effect")} == {"–"}
    assert none["what_it_means"] == "No trial in the tables gives an effect for this question."
    assert none["notes"] == none["control_risk"] == ""


def test_a_narrowed_outcome_bears_the_title_of_the_whole_one(rows):
    assert rows[3]["analysis"] == "response@population=TRD"
    assert rows[3]["outcome"] == rows[0]["outcome"] == "Response at 24 hours"
    # every trial is of TRD
    assert rows[3]["relative_effect"] == rows[0]["relative_effect"]


def test_a_sentence_names_the_sides_of_the_comparison(rows):
    assert "a drug" in rows[0]["what_it_means"].lower()
    assert "ketamine" not in rows[0]["what_it_means"]


def test_notes_are_numbered_through_a_comparison_and_given_once(rows):
    own = [row for row in rows if row["comparison"] == BLOCK["title"]]
    numbers = [n for row in own for n in row["notes"].split(";") if n]
    assert sorted(set(map(int, numbers))) == list(range(1, len(set(numbers)) + 1))
    given = {}
    for told in own:
        reasons = told["reasons"].split(";") if told["notes"] else []
        if len(reasons) == len(told["notes"].split(";")):
            for number, reason in zip(told["notes"].split(";"), reasons, strict=True):
                assert given.setdefault(number, reason) == reason
    assert rows[3]["notes"].startswith("1")


def texts_of(document):
    with ZipFile(io.BytesIO(document)) as archive:
        assert {about.date_time for about in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        for name in archive.namelist():
            Tree.fromstring(archive.read(name))
        body = Tree.fromstring(archive.read("word/document.xml"))
    tables = [
        [
            ["".join(t.text or "" for t in cell.iter(f"{W}t")) for cell in row.iter(f"{W}tc")]
            for row in table.iter(f"{W}tr")
        ]
        for table in body.iter(f"{W}tbl")
    ]
    lines = ["".join(t.text or "" for t in p.iter(f"{W}t")) for p in body.iter(f"{W}p")]
    return tables, lines


def test_page_csv_and_document_hold_the_same_cells(rows, found):
    page = found.page("sof")
    tables, lines = texts_of(found.files["summary_of_findings.docx"])
    assert [len(table) - 1 for table in tables] == [3, 1]
    told = [cells for table in tables for cells in table[1:]]
    for finding, cells in zip(rows, told, strict=True):
        shown = unescape(re.sub(r"<[^>]*>", "", page[page.index(finding["outcome"]) :]))
        for column in ("with_control", "with_treatment", "relative_effect", "what_it_means"):
            assert finding[column] in cells
            assert finding[column] in shown
        assert f"{int(finding['n']):,} ({finding['k']})" in cells
        assert any(cell.startswith(finding["certainty"]) for cell in cells)
    assert BLOCK["title"] in lines
    reasons = re.findall(r'<li id="note-1-\d+">(.*?)</li>', page)
    assert reasons
    for number, reason in enumerate(reasons, start=1):
        assert f"{number}. {unescape(reason)}" in lines


def test_cells_lead_to_the_rows_that_they_come_from(found):
    page = found.page("sof")
    for place in ("absolute", "relative", "numbers", "certainty"):
        assert f'href="analyses/response.html#{place}"' in page
        assert f'id="{place}"' in found.page("analyses/response")
    assert 'href="analyses/response--population-TRD.html#relative"' in page


def test_without_a_comparison_the_page_says_so(made, kit):
    found = made(kit.counts(*EVENTS[:1]), {"response": kit.response})
    assert "No comparison is asked for" in found.page("sof")
    assert kit.faults_of(found) == []


def test_the_report_has_no_broken_link_or_form(found, kit):
    assert kit.faults_of(found) == []


def answered(configuration, name, ends, risk=None):
    known = dict(zip(("ci_low", "estimate", "ci_high"), ends, strict=True))
    record = row(SynthesisRow, k=2, n=50, measure=configuration[name].select.measure, **known)
    return Answer(
        configuration[name], extended(RatedSynthesis, record, verdict=""), None, risk, None
    )


def test_a_score_without_points_is_told_in_standard_deviations(configuration):
    told = with_treatment(answered(configuration, "suicidality_24h", (-1.11, -0.53, 0.04)))
    assert told == "0.53 standard deviations lower (1.11 lower to 0.04 higher)"


@pytest.mark.parametrize(("high", "few"), [(5.0, False), (5.1, True)])
def test_two_trials_with_ends_far_apart_give_no_ends_of_a_thousand(configuration, high, few):
    ends = {"treated_risk_low": 0.01, "treated_risk_high": high / 10}
    risk = row(AbsoluteRow, treated_risk=0.1, **ends)
    told = with_treatment(answered(configuration, "response_24h", (0.1, 1.0, high), risk))
    assert ("two trials, too few for a useful interval" in told) == few
    assert told.startswith("100 of 1,000 (two" if few else "100 (10 to 500) of 1,000")


def test_the_title_of_the_page_is_its_first_finding(rows, found):
    risks = [round(100 * float(rows[0][name])) for name in ("treated_risk", "control_risk")]
    said = "Response at 24 hours: {} of 100 with treatment, {} without".format(*risks)
    assert f"<title>{said}" in found.page("sof")
    assert "MADRS: Montgomery-Åsberg Depression Rating Scale." in found.page("sof")
