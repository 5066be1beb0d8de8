"""A made-up review of another subject: no word of this one, and nothing said of what it lacks."""

import io
import re
from html import unescape
from zipfile import ZipFile

import openpyxl
import pytest

from ketameta import vocabulary
from ketameta.configuration import load

from ..conftest import ROOT
from ..subject import patterns
from .conftest import faults_of, through

SCHOOL = ROOT / "tests" / "school"
# what a work is called is not said by the report
CITED = re.compile(r'<ul class="works">.*?</ul>', re.DOTALL)
COLUMNS = re.compile(r"drug_route")


@pytest.fixture(scope="module")
def school():
    vocabulary.use(SCHOOL)
    try:
        yield through(SCHOOL / "tables", load(SCHOOL / "analyses.yaml"))
    finally:
        vocabulary.use(ROOT / "tests")


def pages(made):
    return {path: text for path, text in made.files.items() if path.endswith(".html")}


def told(page):
    """Return what a page says, a line an element."""
    seen = re.sub(r"<svg.*?</svg>|<(?:style|script).*?</(?:style|script)>", "", page, flags=re.S)
    return [unescape(text) for text in re.split(r"<[^>]*>", seen) if text.strip()]


def test_its_report_has_no_broken_link_or_form(school):
    assert faults_of(school) == []


def test_no_word_of_this_subject_is_in_a_report_on_another(school):
    known = patterns()
    for path, text in school.files.items():
        if isinstance(text, str):
            said = COLUMNS.sub("", CITED.sub("", text))
            found = [
                w for w, one in known.items() if w.lower() in said.lower() and one.search(said)
            ]
            assert found == [], path


def test_no_sentence_has_a_hole(school):
    for path, page in pages(school).items():
        # what a script fills in, and a reader without one does not see, is empty
        own = r'<div class="own" .*?<p class="note"></p>'
        main = re.sub(own, "", page.split("<main", 1)[1], flags=re.DOTALL)
        assert not re.search(r"<(h\d|p|li|caption|th)\b[^>]*>\s*</\1>", main), path
        for text in told(page):
            assert not re.search(r"\S  +\S|\( *\)|\bNone\b(?!:)| ,(?: |$)|[,;:]\.", text), (
                path,
                text,
            )


def test_the_front_page_says_what_is_asked_by_whom_and_answers(school):
    page = " ".join(" ".join(told(school.page("index"))).split())
    assert "Do children who are given a meal at school read better" in page
    assert "Authors: Ada Example and Ben Sample. Last search: 2026-05-01." in page
    assert "Registration: none. Not told: protocol." in page
    assert "Two outcomes Reading after a year" in page
    assert "A meal at school : 3.7 points higher on the Reading test A" in page
    assert "A meal at school : 16 of 100 with treatment, 16 without" in page


def test_what_the_tables_do_not_hold_is_not_linked(school):
    for page in pages(school).values():
        assert "claims.html" not in page
    assert "No claim is in the tables" in school.page("claims")


def test_treatments_control_and_groups_are_named_by_the_vocabulary(school):
    page = " ".join(told(school.page("analyses/reading")))
    assert "A meal at school may raise the reading score compared with what the school had." in page
    assert "Free breakfast" in page
    plot = school.files["figures/reading.forest.svg"]
    assert "favours a meal at school" in plot
    assert ">Dose</text>" not in plot
    assert ">Route</text>" not in plot


def test_the_map_of_the_evidence_has_times_of_its_own(school):
    page = " ".join(told(school.page("data")))
    assert "up to a month after the start of treatment, to 6 months, to a year, later or" in page
    assert "to a year" in school.page("data").split('id="behind"')[1]


def test_pages_and_files_say_what_the_review_is(school):
    page = " ".join(" ".join(told(school.page("data"))).split())
    assert "A list of made-up trials (12 records)" in page
    assert "Licence of the data not told" in page
    cited = (
        "Ada Example and Ben Sample. Meals at school and what children learn. Made with ketameta"
    )
    assert cited in page
    with ZipFile(io.BytesIO(school.files["summary_of_findings.docx"])) as book:
        assert cited in book.read("word/document.xml").decode()
        assert "Ada Example and Ben Sample" in book.read("docProps/core.xml").decode()
    book = openpyxl.load_workbook(io.BytesIO(school.files["ketameta.xlsx"]))
    assert book["read me"]["A1"].value == "Meals at school and what children learn"
    assert book.properties.creator == "Ada Example and Ben Sample"
