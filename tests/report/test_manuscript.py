"""Text for an article: the same in page, Markdown and Word, and nothing that was not done."""

import csv
import io
import re
from collections import Counter
from dataclasses import replace
from html import unescape
from types import SimpleNamespace
from zipfile import ZipFile

import pytest
import yaml

from ketameta.configuration.review import Protocol, Registration, Review, Search, Searched
from ketameta.report.docx import DocxTable, Paragraph, Picture, docx
from ketameta.report.manuscript import Manuscript, ShownTable, _cited, _plain, markdown
from ketameta.report.prose_methods import Passage, _question, _search, _synthesis
from ketameta.tables.fits import Engine
from ketameta.tables.syntheses import SynthesisRow

from .test_summary_of_findings import BLOCK, EVENTS, MEANS, texts_of


@pytest.fixture(scope="module")
def found(made, kit):
    late = kit.trial("late") | {
        "outcomes": [
            kit.outcome("late", arm, timepoint_h=999, n=20, events=5)
            for arm in ("treated", "control")
        ]
    }
    tables = kit.together(kit.counts(*EVENTS), kit.scores(*MEANS), late, kit.trial("silent"))
    asked = {"response": kit.response, "score": kit.score}
    asked |= {"pain": kit.response | {"title": "Response in pain", "populations": ["pain"]}}
    blocks = [BLOCK | {"outcomes": ["response", "pain"]}]
    return made(tables, asked, summaries=blocks)


def table(found, name):
    return list(csv.DictReader(io.StringIO(found.files[f"tables/{name}.csv"])))


def test_page_markdown_and_document_hold_the_same_paragraphs(found):
    _, lines = texts_of(found.files["manuscript.docx"])
    page = unescape(re.sub(r"<[^>]*>", "", found.page("manuscript")))
    text = found.files["manuscript.md"].replace("\\", "")
    (pooled,) = [r for r in found.tables[SynthesisRow] if r.analysis == "response"]
    own = f"3 trials together with 200 people give a risk ratio of {pooled.estimate:.2f}"
    (told,) = [line for line in lines if line.startswith(own)]
    assert told in page
    assert told in text
    assert f"95% interval {pooled.ci_low:.2f} to {pooled.ci_high:.2f}" in told
    assert "a drug" in told.lower()
    assert "The certainty of the evidence is " in told
    assert "No trial in the tables gives an effect for this question." in lines
    # of the score no summary tells, and no sentence of the methods either
    assert not any("Hedges" in line for line in lines)


def test_each_source_that_markdown_cites_is_in_the_references(found):
    text = found.files["manuscript.md"]
    head = yaml.safe_load(text.split("---")[1])
    entries = re.findall(r"^@\w+\{(.+),$", found.files[head["bibliography"]], re.M)
    cited = set(re.findall(r"(?<!\\)@([\w:]+)", text.split("---", 2)[2]))
    methods = {key for key in entries if key.startswith("methods:")}
    assert {key for key in cited if key.startswith("methods:")} == methods
    assert methods >= {"methods:hartung2001", "methods:guyatt2008"}
    trials = {row["trial_id"] for row in table(found, "characteristics")}
    assert {key for key in cited if ":" not in key} == trials - {"late", "silent"}
    assert set(entries) - methods == trials


def test_every_trial_has_its_characteristics_or_reasons(found):
    tables, _ = texts_of(found.files["manuscript.docx"])
    told, left_out = table(found, "characteristics"), table(found, "excluded_trials")
    assert [len(shown) - 1 for shown in tables[1:]] == [len(told), len(left_out)]
    pooled = {row["trial_id"] for row in told if int(row["analyses"])}
    assert pooled | {row["trial_id"] for row in left_out} == {row["trial_id"] for row in told}
    assert not pooled & {row["trial_id"] for row in left_out}
    assert {row["trial_id"]: (row["reason"], row["details"]) for row in left_out} == {
        "late": ("outside the window of hours", "999 h"),
        "silent": ("no row on an outcome that is asked for", ""),
    }
    (late,) = [row for row in told if row["trial_id"] == "late"]
    assert late["outcomes"] == "Response: 999 h"
    assert "0.5 mg/kg, IV" in late["arms"]


def review(**told):
    return Review("A title", "What is asked of trials?", (), (), **told)


def test_what_a_review_does_not_tell_is_not_told():
    assert [*_search(review())] == []
    assert [*_question(review())] == ["The question of this review is: What is asked of trials?"]


def test_search_and_registration_are_told_as_they_stand():
    search = Search(last="2026-03-31", sources=(Searched("PubMed", records=12),))
    assert [*_search(review(search=search))] == [
        "The last search was on 2026-03-31.",
        "Sources searched: PubMed (12 records).",
    ]
    why = review(registration=Registration(reason="It began as a lesson."))
    assert [*_question(why)][1] == "It is not registered. It began as a lesson."
    both = replace(why, protocol=Protocol(reason="it began as a lesson"))
    assert [*_question(both)][1:] == [
        "It is not registered. It began as a lesson.",
        "It has no protocol. It began as a lesson.",
    ]
    one = replace(both, registration=Registration(reason="it began as a lesson"))
    assert [*_question(one)][1:] == [
        "It is not registered and has no protocol. It began as a lesson."
    ]
    note = review(search=Search(note="no search was made"))
    assert [*_search(note)] == ["No search was made."]


def test_a_sentence_that_differs_in_the_interval_alone_is_told_once(tables, records, configuration):
    shown = [
        SimpleNamespace(analysis=analysis, record=records[analysis.name], shown=True)
        for analysis in configuration.whole
        if records[analysis.name].estimate is not None
    ]
    pooled = [one.record for one in shown if one.record.k > 1]
    start = "Effects are pooled by inverse variance under random effects"
    (told,) = [said for said in _synthesis(shown, tables, {*records}) if said.startswith(start)]
    assert told.count(start) == 1
    rules = Counter(
        record.rule for record in pooled if record.engine in (Engine.INDEPENDENT, Engine.GROUPS)
    )
    assert len(rules) > 1
    assert [int(n) for n in re.findall(r"\(in (\d+) of", told)] == sorted(rules.values())[::-1]
    assert told.count(", or with the ") == len(rules) - 1


@pytest.mark.parametrize(
    ("text", "written"),
    [
        (
            "from t (Hartung 2001; Sidik 2002).",
            "from t [@methods:hartung2001; @methods:sidik2002].",
        ),
        (
            "rare (Cochrane Handbook 10.4.4.1)",
            "rare [@methods:cochranehandbook, 10.4.4.1]",
        ),
        ("a model (UM.FS; Jackson 2018)", "a model (UM.FS; @methods:jackson2018)"),
        ("by ter Schure 2022", "by @methods:terschure2022"),
        ("not Hartung 20011 (n = 3)", "not Hartung 20011 (n = 3)"),
    ],
)
def test_works_are_cited_by_their_keys(text, written):
    assert _cited(text) == written


def test_signs_of_markdown_in_a_text_stay_signs():
    odd = "a|b *c* _d_ [e] <f> `g` $h$ i@j #k"
    assert re.sub(r"\\(.)", r"\1", _plain(odd)) == odd
    shown = ShownTable("T", ("A", "B"), (1, 1), [("x|y", "z\nz")])
    passages = [("Methods", [Passage("Q", [odd])])]
    text = markdown(
        Manuscript(review=review(), parts=passages, tables=[shown], works=(), silent="")
    )
    assert "| x\\|y | z z |" in text


def test_text_stands_on_upright_pages_and_tables_on_pages_on_their_side():
    shown = DocxTable(("A",), [[Paragraph("cell")]], (1,))
    with ZipFile(io.BytesIO(docx("T", "A", [shown], upright=[Paragraph("text")]))) as archive:
        body = archive.read("word/document.xml").decode()
    sizes = [(int(w), int(h)) for w, h in re.findall(r'w:pgSz w:w="(\d+)" w:h="(\d+)"', body)]
    assert [wide > high for wide, high in sizes] == [False, True]
    assert body.index("text") < body.index("<w:sectPr>") < body.index("<w:tbl>")


def test_pages_have_numbers_and_pictures_their_size_and_words():
    picture = Picture(b"png", 120, 60, 'of "A" & B')
    made = docx("T", "A", [], upright=[picture, Paragraph("text"), picture])
    with ZipFile(io.BytesIO(made)) as archive:
        body, footer, relations = (
            archive.read(f"word/{name}").decode()
            for name in ("document.xml", "footer1.xml", "_rels/document.xml.rels")
        )
        assert archive.read("word/media/image2.png") == b"png"
        assert 'Extension="png"' in archive.read("[Content_Types].xml").decode()
    targets = dict(re.findall(r'Id="(\w+)"[^>]*Target="([^"]+)"', relations))
    pictures = [targets[name] for name in re.findall(r'r:embed="(\w+)"', body)]
    assert pictures == ["media/image1.png", "media/image2.png"]
    assert {targets[name] for name in re.findall(r'footerReference[^>]*r:id="(\w+)"', body)} == {
        "footer1.xml"
    }
    assert " PAGE " in footer
    # 36,000 of the format's units are a millimetre
    assert re.findall(r'<wp:extent cx="(\d+)" cy="(\d+)"/>', body) == [("4320000", "2160000")] * 2
    assert "descr='of \"A\" &amp; B'" in body
