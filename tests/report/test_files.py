"""The files of the report: escaped, complete, the same bytes, and small enough."""

import copy
import csv
import io
import re
import zipfile
from dataclasses import replace
from html import escape as html_escape
from html import unescape
from urllib.parse import parse_qsl

import pytest

from ketameta import __version__
from ketameta.evidence.releases import Release
from ketameta.evidence.rules import RULES
from ketameta.read_tables import tables_before
from ketameta.report.wording_certainty import certainty_label
from ketameta.report_files import TABLES, crosscheck_files, report_files
from ketameta.tables.collection import Tables
from ketameta.tables.effects import (
    DataRow,
    DerivationRow,
    EffectRow,
    FindingRow,
    ResultRow,
    WarningRow,
)
from ketameta.tables.syntheses import ClaimTestRow, ExclusionRow, StudyRow, SynthesisRow, UnusedRow

from ..rows import row as a_row
from ..rows import tables_of
from .made import report


def escape(text):
    """Escape as the templates do."""
    return html_escape(text).replace("&#x27;", "&#39;").replace("&quot;", "&#34;")


# script and style within a page; what its trials are pooled from is data
INLINE = re.compile(
    r"<style|<script(?! src=| type=.application/json. id=.repool-data.>)|\sstyle=|\son[a-z]+="
)
HOSTILE = '<script>alert("x")</script>\'=HYPERLINK("http://x")'


@pytest.fixture(scope="module")
def stage_tables(tables):
    return Tables({kind: tables[kind] for kind in tables_before("report")})


@pytest.fixture(scope="module")
def files(stage_tables, configuration):
    return report(stage_tables, configuration)


def test_the_same_tables_give_the_same_bytes(files, stage_tables, configuration):
    assert report(copy.deepcopy(stage_tables), configuration) == files


def test_every_promised_file_is_there(files, configuration):
    assert sorted(files) == sorted(
        report_files(configuration.names, configuration.courses, configuration.networks)
    )


def size(content):
    return len(content.encode() if isinstance(content, str) else content)


def test_pages_are_small(files):
    assert size(files["index.html"]) < 300_000
    assert {path: size(text) for path, text in files.items()
            if path.startswith("analyses/") and size(text) > 600_000} == {}  # fmt: skip


def test_pages_hold_no_inline_script_or_style_and_nothing_from_outside(files):
    for path, text in files.items():
        if not path.endswith(".html"):
            continue
        assert "default-src 'none'" in text
        assert not INLINE.search(text), path
        loaded = re.findall(r"<(?:script|link|img|iframe|source)[^>]*(?:src|href)=\"([^\"]*)", text)
        assert loaded
        ours = r"(\.\./)?(static/[a-z_]+\.(css|js)|figures/[A-Za-z0-9_-]+\.[a-z-]+\.svg)"
        assert all(re.fullmatch(ours, ref) for ref in loaded), path


def test_links_between_files_lead_somewhere(files):
    from posixpath import dirname, join, normpath

    table, *_ = crosscheck_files(())  # another step makes it
    for path, text in files.items():
        if not path.endswith(".html"):
            continue
        for ref in set(re.findall(r'href="([^"]*)"', text)):
            if ref.startswith("http"):
                continue
            target, _, anchor = ref.partition("#")
            target = normpath(join(dirname(path), target)) if target else path
            assert target in files or target == table, f"{path}: {ref}"
            if anchor.startswith("?"):
                # what a long table is asked: each is a column of it
                columns = re.findall(r'data-key="([^"]*)"', files[target])
                asked = dict(parse_qsl(unescape(anchor[1:])))
                assert asked.keys() <= set(columns), f"{path}: {ref}"
            elif anchor:
                assert f'id="{anchor}"' in files[target], f"{path}: {ref}"


def test_ids_are_unique_on_each_page(files):
    for path, text in files.items():
        if path.endswith(".html"):
            ids = re.findall(r'\bid="([^"]*)"', text)
            assert len(set(ids)) == len(ids), path


@pytest.fixture(scope="module")
def hostile_files(stage_tables, configuration):
    def spoilt(kind, change):
        return {kind: [change(found) for found in stage_tables[kind]]}

    def study(found):
        return replace(found, label=HOSTILE, definition=HOSTILE)

    def raw(found):
        cells = {n: text.replace("MADRS", "<b>MADRS") for n, text in found.entered.items()}
        return replace(found, entered=cells)

    def warning(found):
        return replace(found, message=HOSTILE)

    changed = {
        **spoilt(StudyRow, study),
        **spoilt(ResultRow, raw),
        **spoilt(ExclusionRow, lambda found: replace(found, label=HOSTILE, detail=HOSTILE)),
        **spoilt(UnusedRow, lambda found: replace(found, label=HOSTILE, detail=HOSTILE)),
        **spoilt(ClaimTestRow, lambda found: replace(found, claim=HOSTILE, rule=HOSTILE)),
        **spoilt(WarningRow, warning),
    }
    return report(stage_tables | Tables(changed), configuration)


def test_text_from_the_data_is_escaped_on_every_page(hostile_files):
    for path, text in hostile_files.items():
        if path.endswith((".html", ".svg")):
            assert "<script>alert" not in text, path
            assert "<b>MADRS" not in text, path
    assert "&lt;script&gt;alert" in hostile_files["analyses/response_24h.html"]


def test_csv_cells_that_look_like_formulas_are_guarded(stage_tables, configuration):
    first, *others = stage_tables[StudyRow]
    first = replace(first, label='=HYPERLINK("http://x")')
    spoilt = stage_tables.replaced(StudyRow, [first, *others])
    text = report(spoilt, configuration)["tables/studies.csv"]
    row = next(csv.DictReader(io.StringIO(text)))
    assert row["label"] == '\'=HYPERLINK("http://x")'
    # numbers keep their sign
    assert any(float(r["yi"]) < 0 for r in csv.DictReader(io.StringIO(text)))


def test_tables_hold_every_row_in_full(files, stage_tables):
    assert {f"tables/{name}.csv" for name in TABLES} <= set(files)
    rows = list(csv.DictReader(io.StringIO(files["tables/studies.csv"])))
    assert len(rows) == len(stage_tables[StudyRow])
    assert float(rows[0]["yi"]) == stage_tables[StudyRow][0].yi
    steps = list(csv.DictReader(io.StringIO(files["tables/derivations.csv"])))
    assert len(steps) == len(stage_tables[DerivationRow])
    used = {f"{r['file']}:{r['line']}"
            for r in csv.DictReader(io.StringIO(files["tables/raw_rows.csv"]))}  # fmt: skip
    assert used == {row for s in stage_tables[StudyRow] for row in s.rows}


def test_the_certainty_of_each_analysis_is_on_its_page_and_in_the_tables(
    files, configuration, records
):
    rows = list(csv.DictReader(io.StringIO(files["tables/certainty.csv"])))
    for analysis in configuration:
        own = [row for row in rows if row["analysis"] == analysis.name]
        page = files[f"analyses/{analysis.slug}.html"]
        ends = [records[analysis.name].certainty, records[analysis.name].certainty_best]
        assert ('id="certainty"' in page) == (ends[0] != "not rated") == bool(own)
        for row in own:
            assert [row["certainty"], row["certainty_best"]] == ends
            assert escape(row["reason"]) in page
            assert not row["rule"] or f'../rules.html#rule-{row["rule"]}"' in page
        assert ends[0] == "not rated" or certainty_label(*ends) in page


def test_every_rule_has_its_place_on_the_page_of_the_rules_with_its_numbers(files):
    page = files["rules.html"]
    for rule in RULES.values():
        assert page.count(f'<tr id="rule-{rule.name}">') == 1
        assert all(f"<li>{source}: " in page for source in rule.sources)
    # thresholds stand in the rules as numbers
    assert "carry 50% of the weight or more" in page
    assert not re.search(r"[{}]", page)
    rows = csv.DictReader(io.StringIO(files["tables/certainty.csv"]))
    decided = sum(row["rule"] == "crossed" for row in rows)
    (cells,) = re.findall(r'<tr id="rule-crossed">.*', page)
    assert decided > 1
    assert cells.endswith(f'<td class="n" data-label="Decided here">{decided}</td></tr>')


def test_each_claim_has_its_verdict_and_number_on_the_page_and_in_the_table(files, stage_tables):
    rows = list(csv.DictReader(io.StringIO(files["tables/claims.csv"])))
    assert len(rows) == len(stage_tables[ClaimTestRow])
    page = files["claims.html"]
    cards = dict(re.findall(r'<article class="claim" id="claim-(\w+)"(.*?)</article>', page, re.S))
    assert cards.keys() == {row["claim_id"] for row in rows}
    for row in rows:
        card = cards[row["claim_id"]]
        assert row["sentence"].startswith(row["verdict"].capitalize())
        assert f"<q>{escape(row['claim'])}</q>" in card
        rest = row["sentence"].removeprefix(row["verdict"].capitalize())
        told = f"<b>{row['verdict'].capitalize()}</b>{escape(rest)}</p>"
        assert f'<p class="answer">{told}' in card
        assert escape(row["article"]) in card
        if row["analysis_verdict"]:
            said = (
                f"<b>{row['analysis_verdict'].capitalize()}.</b> {escape(row['analysis_reason'])}"
            )
            assert said in card
    told = re.search(r"Of 21 claims, [^<\"]*", page)[0]
    # of each verdict, and in brackets by certainty
    outside = re.sub(r" \([^)]*\)", "", told)
    assert sum(int(number) for number in re.findall(r"\d+", outside)[1:]) == 21
    for number, levels in re.findall(
        r"(\d+) [^,(]*(?:, smaller[^(]*)?\(certainty: ([^)]*)\)", told
    ):
        assert sum(map(int, re.findall(r"\d+", levels))) == int(number)
    assert told in files["index.html"]


def test_claims_and_analyses_lead_to_each_other(files, stage_tables, configuration):
    page = files["claims.html"]
    slugs = {analysis.name: analysis.slug for analysis in configuration}
    named = {(t.claim_id, t.analysis) for t in stage_tables[ClaimTestRow] if t.computed}
    assert named
    for claim, analysis in named:
        card = page.split(f'id="claim-{claim}"')[1].split("</article>")[0]
        assert f'href="analyses/{slugs[analysis]}.html"' in card
        for name in (analysis, analysis.partition("@")[0]):
            assert f'href="../claims.html#claim-{claim}"' in files[f"analyses/{slugs[name]}.html"]
    untested = set(slugs) - {name for _, name in named} - {n.partition("@")[0] for _, n in named}
    assert not any("claims.html#" in files[f"analyses/{slugs[name]}.html"] for name in untested)


def test_thresholds_of_one_analysis_change_its_pages_alone(files, stage_tables, configuration):
    name = "ae_nausea"
    strict = replace(configuration[name].certainty, events=10_000.0)
    other = replace(
        configuration,
        analyses=tuple(
            replace(a, certainty=strict) if a.name == name else a for a in configuration
        ),
    )
    made = report(stage_tables, other)
    changed = {path for path in files if made[path] != files[path]}
    # its 113 events are short of 300 and scarce beside 10,000: low goes to very low
    shown = [
        found[f"analyses/{name}.html"].partition('"repool-data"')[0] for found in (files, made)
    ]
    assert ["very low certainty" in text for text in shown] == [False, True]
    assert changed == {
        *("index.html", "claims.html", "ketameta.xlsx", "tables/certainty.csv"),
        *("tables/claims.csv", "rules.html", "results.html", f"analyses/{name}.html"),
    }


def sheet_xml(workbook):
    with zipfile.ZipFile(io.BytesIO(workbook)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_the_workbook_has_its_sheets_and_no_formula_or_date(hostile_files):
    parts = sheet_xml(hostile_files["ketameta.xlsx"])
    sheets = re.findall(r'<sheet name="([^"]*)"', parts["xl/workbook.xml"])
    assert sheets == ["read me", "summary of findings", "claims", "syntheses", "studies",
                      "absolute effects", "subgroups", "sensitivity", "certainty", "pairs",
                      "missing results", "directions", "earlier reviews", "excluded",
                      "raw rows used", "dictionary"]  # fmt: skip
    cells = [text for name, text in parts.items() if name.startswith("xl/worksheets/sheet")]
    assert len(cells) == len(sheets)
    assert not any("<f>" in text or "<hyperlink" in text for text in cells)
    assert "&lt;script&gt;" in parts["xl/sharedStrings.xml"]
    assert "2000-01-01T00:00:00Z" in parts["docProps/core.xml"]


def test_the_workbook_holds_numbers_as_numbers_and_questions_in_words(
    files, stage_tables, configuration
):
    parts = sheet_xml(files["ketameta.xlsx"])
    syntheses = parts["xl/worksheets/sheet4.xml"]
    value = repr(stage_tables[SynthesisRow][0].estimate)[:12]
    assert f"<v>{value}" in syntheses
    texts = parts["xl/sharedStrings.xml"]
    assert all(escape(a.display.question) in texts for a in configuration)


def test_findings_are_shown_where_a_later_check_hands_them_over(stage_tables, configuration):
    row = next(s for s in stage_tables[StudyRow] if s.analysis == "response_24h").rows[0]
    file, line = row.split(":")
    finding = a_row(
        FindingRow, check="sd-as-se", severity="warning", file=file, line=int(line), column="sd",
        trial_id="t", arm_id="a", value="1.2", message="looks like an <SE>", table="outcomes",
        at=["a"],
    )  # fmt: skip
    files = report(stage_tables.replaced(FindingRow, [finding]), configuration)
    assert "Checks of the numbers" in files["data.html"]
    assert "looks like an &lt;SE&gt;" in files["data.html"]
    assert "looks like an &lt;SE&gt;" in files["analyses/response_24h.html"]
    assert "looks like an" not in files["analyses/ocd_response.html"]


def test_data_are_dated_by_the_first_release_that_holds_them(stage_tables, configuration):
    def front(*releases):
        return report(stage_tables, configuration, releases)["data.html"]

    def release(name, data_hash):
        return Release(name, data_hash, "", {}, ())

    (now,) = {row.data_hash for row in stage_tables[DataRow]}
    older = release("2027-01-02", "0" * 16)
    assert "<dt>Data of</dt><dd>no release yet</dd>" in front(older)
    held = release("2027-02-03", now), release("2027-03-04", now)
    assert "<dt>Data of</dt><dd>2027-02-03</dd>" in front(*held, older)


def test_the_citation_has_who_made_the_review_its_title_and_its_data(files, configuration):
    review = configuration.review
    data_hash = re.search(r"Data hash (\w{16})", files["data.html"])[1]
    cited = f"{review.authors[0].name}. {review.title}. Made with ketameta {__version__}."
    assert f"{cited} Data hash {data_hash}." in files["data.html"]


@pytest.mark.parametrize(
    ("effects", "minimum_k", "said"),
    [
        (0, 2, "No trial in the tables gives an effect for this question."),
        (1, 2, "One trial with"),
        (2, 2, "2 trials together with"),
        (13, 50, "13 trials give an effect; fewer than 50 are not pooled."),
    ],
)
def test_an_analysis_of_no_one_two_or_too_few_trials_has_its_page(
    tables, configuration, effects, minimum_k, said
):
    from ketameta.configuration import Configuration
    from ketameta.synthesize.stage import synthesize

    analysis = configuration["response_24h"]
    model = replace(analysis.model, minimum_k=minimum_k)
    one = Configuration((replace(analysis, model=model),))
    own = [e for e in tables[EffectRow] if e.analysis == "response_24h"][:effects]
    given = tables.replaced(EffectRow, own)
    found = report(given | tables_of(synthesize(given, one)), one)
    assert said in found["analyses/response_24h.html"]
    first = re.search(r"<article>(.*?)</article>", found["index.html"], re.S)[1]
    assert ("no trial gives a number" in first) == (effects == 0)
    assert ("not pooled" in first) == (minimum_k == 50)
    assert ('id="pooled"' in found["analyses/response_24h.html"]) == (effects == 2)
    assert "Nothing is pooled." in found["analyses/response_24h.html"] or effects == 2
