"""Reporting lists filled in by rule: every item judged, every place there, numbers add up."""

import csv
import io
import re
import xml.etree.ElementTree as Tree
from dataclasses import replace

import pytest

from ketameta.configuration.search import FlowNumbers, Previous, ReasonCount, ReportNumbers, Search
from ketameta.configuration.search import Searched as Source
from ketameta.evidence.releases import make
from ketameta.read_tables import tables_before
from ketameta.report import checklist, checklist_methods, checklist_results, prisma, prisma_flow
from ketameta.tables.collection import Tables
from ketameta.tables.syntheses import ExclusionRow, StudyRow

from .made import report

RULES = checklist_methods.RULES | checklist_results.RULES
HELD = prisma_flow.Included(
    studies=3, reports=4, used=3, left_out={"outside the window": 1}, analyses={"Response": 3}
)
READ = ReportNumbers(12, 2, 10, (ReasonCount("not randomised", 5), ReasonCount("no control", 2)))
FLOW = FlowNumbers(30, 0, 3, 67, 55, READ, ReportNumbers(3, 1, 2, (ReasonCount("a letter", 1),)))
SEARCH = Search(
    last="2026-03-31",
    sources=(
        Source("MEDLINE", end="2026-03-31", records=90, strategy="1 exp Ketamine/\n2 random*.ti"),
        Source("ClinicalTrials.gov", kind="register", records=10, strategy="ketamine"),
        Source("reference lists", kind="citations", records=3),
    ),
    selection="Two people chose, each alone.",
    flow=FLOW,
)


def rows_of(files, name):
    return list(csv.DictReader(io.StringIO(files[f"tables/{name}.csv"])))


@pytest.fixture(scope="module")
def stage_tables(tables):
    return Tables({kind: tables[kind] for kind in tables_before("report")})


@pytest.fixture(scope="module")
def files(stage_tables, configuration):
    return report(stage_tables, configuration)


@pytest.fixture(scope="module")
def told(made, kit):
    """Return a made-up project whose review tells all that the lists ask of it."""
    late = kit.trial("late") | {
        "outcomes": [
            kit.outcome("late", arm, timepoint_h=999, n=20, events=5)
            for arm in ("treated", "control")
        ]
    }
    rows = kit.together(kit.counts((9, 20, 4, 20), (12, 30, 5, 30), (7, 25, 6, 25)), late)
    review = {
        "title": "A living systematic review of a drug",
        "question": "What does the drug do in these trials?",
        "authors": [{"name": "Ada Example"}],
        "treatments": ["ketamine"],
        "links": {"repository": "https://example.org/tables"},
        "registration": {"id": "CRD1"},
        "protocol": {"url": "https://example.org/plan", "amendments": "Nothing was changed."},
        "search": {
            "last": "2026-03-31",
            "sources": [
                {"name": "MEDLINE", "records": 90, "strategy": "1 exp Ketamine/\n2 random*.ti"},
                {"name": "Embase and CENTRAL", "records": 10, "strategy": "ketamine"},
                {"name": "ClinicalTrials.gov", "kind": "register", "records": 0, "strategy": "x y"},
                {"name": "reference lists", "kind": "citations", "records": 3},
            ],
            "selection": "Two people chose, each alone.",
            "flow": {
                **{"duplicates": 30, "automation": 0, "other_reasons": 3},
                **{"screened": 67, "excluded": 55},
                "reports": {
                    **{"sought": 12, "not_retrieved": 2, "assessed": 10},
                    "excluded": [{"reason": "not randomised", "reports": 7}],
                },
                "other_reports": {
                    **{"sought": 3, "not_retrieved": 1, "assessed": 2},
                    "excluded": [{"reason": "a letter", "reports": 1}],
                },
            },
        },
        "living": {"why": "Trials come.", "schedule": "monthly", "retirement": "none is planned"},
        "funding": "Nobody paid.",
        "interests": "There are none.",
    }
    return made(rows, {"response": kit.response}, review=review)


def test_the_lists_have_every_item_of_prisma_and_its_parts():
    found = checklist.lists()
    items = [i for s in found["prisma"]["PRISMA 2020"].values() for i, _, _ in s]
    assert len(items) == len(set(items)) == 42
    assert sorted({int(re.match(r"\d+", item)[0]) for item in items}) == [*range(1, 28)]
    living = [i for s in found["prisma"]["PRISMA-LSR 2024"].values() for i, _, _ in s]
    assert len(living) == 17
    assert sorted({item for item in living if item.startswith("L")}) == ["L1", "L2", "L3", "L4"]
    mecir = {
        name: [i for s in sections.values() for i in s] for name, sections in found["mecir"].items()
    }
    assert {name: len(own) for name, own in mecir.items()} == {
        "MECIR conduct": 36,
        "MECIR reporting": 9,
    }
    for name, own in mecir.items():
        codes = [item for item, *_ in own]
        letter, last = ("C", 75) if name == "MECIR conduct" else ("R", 109)
        assert len(codes) == len(set(codes))
        assert all(code[0] == letter and 1 <= int(code[1:]) <= last for code in codes)
        assert {weight for _, weight, *_ in own} <= {"mandatory", "highly desirable"}


def test_every_item_has_a_rule_and_every_rule_an_item():
    named = [
        item[-1]
        for lists in checklist.lists().values()
        for sections in lists.values()
        for items in sections.values()
        for item in items
    ]
    assert {*named} == {*RULES}


def test_each_place_of_a_met_item_is_there(files, told):
    for made in (files, told.files):
        rows = rows_of(made, "prisma_checklist") + rows_of(made, "mecir")
        assert len(rows) == 42 + 17 + 36 + 9
        for row in rows:
            page, _, anchor = row["place"].partition("#")
            assert bool(page) == (row["state"] == "met"), row
            assert row["reason"]
            if page:
                assert page in made
                assert not anchor or f' id="{anchor}"' in made[page], row
                assert f'href="{row["place"]}"' in made["prisma.html"]


def test_no_item_is_met_where_its_place_is_missing(stage_tables, configuration, records):
    """Without any place nothing is met, whatever the rules say; so none says so unasked."""
    bare = checklist.Facts(
        configuration=configuration,
        tables=stage_tables,
        answers={},
        trials=[],
        places=(),
        read_twice=5,
        judged_twice=(),
        left_out=5,
        releases=["2026-01-31"],
        latest=None,
        trigger="why not",
        unsettled="",
    )
    prisma_rows, mecir_rows = checklist.judge(bare, RULES)
    assert {row.state for row in [*prisma_rows, *mecir_rows]} == {"not met", "for a person"}


def test_the_items_of_the_tests_tables(files):
    """The whole verdict on the project of the tests, whose review tells next to nothing."""
    states = {
        row["item"]: row["state"]
        for row in rows_of(files, "prisma_checklist")
        if row["checklist"] == "PRISMA 2020"
    }
    assert [item for item, state in states.items() if state == "for a person"] == [
        *("2", "3", "23a", "23b", "23c", "23d"),
    ]
    assert [item for item, state in states.items() if state == "not met"] == [
        *("1", "6", "7", "8", "9", "16a", "17", "18"),
        *("24a", "24b", "24c", "25", "26", "27"),
    ]
    assert "PRISMA 2020: 22 met, 14 not met, 6 for a person;" in files["prisma.html"]


def test_what_a_review_tells_is_met(told):
    rows = rows_of(told.files, "prisma_checklist")
    state = {(row["checklist"], row["item"], row["asks"]): row["state"] for row in rows}
    plain = {item: s for (name, item, _), s in state.items() if name == "PRISMA 2020"}
    asked = ("1", "4", "6", "7", "8", "16a", "24a", "24b", "24c", "25", "26", "27")
    assert {item: plain[item] for item in asked} == dict.fromkeys(asked, "met")
    # nobody judged, nothing was read twice
    assert [plain[item] for item in ("9", "11", "18", "20a")] == ["not met"] * 4
    # the numbers of what was read and left out name no report
    assert plain["16b"] == "for a person"
    by_code = {row["item"]: row["state"] for row in rows_of(told.files, "mecir")}
    assert {code: by_code[code] for code in ("C24", "C27", "C30", "C36", "C41", "R56")} == (
        dict.fromkeys(("C24", "C27", "C30", "C36", "C41", "R56"), "met")
    )
    assert by_code["C53"] == "not met"
    assert by_code["C2"] == "for a person"
    living = {asks: s for (name, _, asks), s in state.items() if name == "PRISMA-LSR 2024"}
    assert living["The title says that the review is living"] == "met"
    assert living["Why it is kept up to date"] == "met"
    assert living["The number of the version"] == "not met"
    assert "random*.ti" in told.page("prisma")


def test_made_pages_are_in_form(told, kit):
    assert [fault for fault in kit.faults_of(told) if "prisma" in fault] == []


def test_each_report_stands_in_one_line_of_the_flow_of_each_analysis(
    files, stage_tables, configuration
):
    rows = rows_of(files, "prisma_flow")
    reports = next(int(r["number"]) for r in rows if r["box"] == "in the review, reports")
    studies, excluded = stage_tables[StudyRow], stage_tables[ExclusionRow]
    for name in configuration.names:
        own = [row for row in rows if row["analysis"] == name]
        numbers = [int(row["number"]) for row in own if row["unit"] == "reports"]
        assert sum(numbers) == reports
        assert min(numbers) >= 0
        inside = next(int(row["number"]) for row in own if row["box"] == "in the analysis")
        assert inside == len({s.trial_id for s in studies if s.analysis == name})
        reasons = {
            row["item"]: int(row["number"]) for row in own if row["box"] == "not in the analysis"
        }
        for row in excluded:
            if row.analysis == name:
                reasons[row.reason] -= 1
        assert {r: n for r, n in reasons.items() if r != prisma_flow.NO_ROW and n} == {}


def test_the_numbers_of_the_tests_tables(files):
    whole = {
        (r["box"], r["item"]): r["number"]
        for r in rows_of(files, "prisma_flow")
        if not r["analysis"]
    }
    assert whole["in the review", ""] == "99"
    assert whole["in the review, reports", ""] == "111"
    assert whole["in an analysis or more", ""] == "44"
    assert whole["in no analysis", "outside the window of hours"] == "18"
    assert whole["records screened", ""] == ""
    one = {
        r["item"]: int(r["number"])
        for r in rows_of(files, "prisma_flow")
        if r["analysis"] == "response_24h" and r["unit"] == "reports"
    }
    assert one[""] == 13
    assert one["outside the window of hours"] == 9
    assert one[prisma_flow.NO_ROW] == 79


def texts(svg):
    return [
        "".join(node.itertext()).replace("\u00a0", " ")
        for node in Tree.fromstring(svg).iter()
        if node.tag.endswith("text")
    ]


def test_what_is_not_recorded_says_so_and_stays(files):
    shown = " ".join(texts(files["figures/prisma.svg"]))
    assert shown.count("(not recorded)") == 19
    assert "Studies included in review (n = 99)" in shown
    assert files["prisma.html"].count('<svg class="figure"') == 2


def test_the_diagram_has_the_numbers_of_the_review(told):
    shown = " ".join(texts(told.files["figures/prisma.svg"]))
    for text in (
        *("Databases (n = 100)", "Registers (n = 0)", "Citation searching (n = 3)"),
        *("Duplicates (n = 30)", "Records screened (n = 67)", "Records excluded (n = 55)"),
        *("Reports assessed for eligibility (n = 10)", "Not randomised (n = 7)"),
        *("Studies included in review (n = 4)", "in an analysis or more (n = 3)"),
        "Outside the window of hours (n = 1)",
    ):
        assert text in shown
    assert "not recorded" not in shown
    assert "Websites" not in shown


def test_an_update_has_a_column_of_what_was_there_before():
    search = replace(SEARCH, flow=replace(FLOW, previous=Previous(1, 1)))
    flow = prisma_flow.diagram(search, HELD)
    assert flow.columns[0] == "Previous studies"
    assert [len(step.main) for step in flow.steps] == [3] * 7
    lines = [
        line.replace("\u00a0", " ")
        for step in flow.steps
        for box in step.main
        if box
        for line in box.lines
    ]
    assert "New studies included in review (n = 2)" in lines
    assert "Studies included in all (n = 3)" in lines
    assert "Of these in “Response” (n = 3)" in lines
    half = replace(SEARCH, flow=replace(FLOW, previous=Previous(reports=1)))
    box = prisma_flow.diagram(half, HELD).steps[4].main[1]
    assert [line.replace("\u00a0", " ") for line in box.lines] == [
        "New studies included in review (not recorded)",
        "Reports of new studies included (n = 3)",
    ]
    assert prisma_flow.diagram(SEARCH, HELD).columns == (
        "Identification of studies via databases and registers",
        "Identification of studies via other methods",
    )


def test_a_flow_that_does_not_add_up_is_not_settled():
    assert prisma_flow.unsettled(SEARCH, HELD) == ""
    silent = replace(SEARCH, flow=replace(FLOW, other_reports=ReportNumbers()))
    assert prisma_flow.unsettled(silent, HELD) == (
        "not recorded in review.yaml: reports assessed of other methods"
    )
    alone = replace(silent, sources=SEARCH.sources[:2])
    assert prisma_flow.unsettled(alone, replace(HELD, reports=3)) == ""
    assert prisma_flow.unsettled(SEARCH, replace(HELD, reports=6)) == (
        "reports assessed less those excluded are 4, and in the tables are 6"
    )
    assert prisma_flow.unsettled(Search(), HELD).startswith(
        "not recorded in review.yaml: records of"
    )


@pytest.fixture
def releases(stage_tables, records):
    first = make("2026-01-31", "", stage_tables, list(records.values()), {})
    gone = dict([*first.trials.items()][1:])
    before = replace(first, name="2025-12-31", trials=gone, data_hash="0" * 16)
    return [before, first]


def test_versions_their_trigger_and_changes_come_from_the_log(
    stage_tables, configuration, releases
):
    page = report(stage_tables, configuration, releases)
    rows = {
        row["asks"]: row for row in rows_of(page, "prisma_checklist") if "LSR" in row["checklist"]
    }
    assert rows["The number of the version"]["reason"] == "version 2026-01-31"
    assert rows["What set off this version"]["reason"] == "since version 2025-12-31: 1 trial added"
    assert rows["The version before"]["state"] == "met"
    assert (
        rows["Changes of the results since the version before"]["place"] == "changes.html#releases"
    )
    section = page["prisma.html"].split('id="versions"')[1].split("</section>")[0]
    assert re.findall(r'<th scope="row" class="nowrap">([\d.-]+)</th>.*?>(\d+)</td>', section) == [
        ("2026-01-31", "111"),
        ("2025-12-31", "110"),
    ]
    alone = report(stage_tables, configuration, releases[1:])
    (row,) = [
        r for r in rows_of(alone, "prisma_checklist") if r["asks"] == "What set off this version"
    ]
    assert row["reason"] == "the first version"


def test_a_place_is_named_for_people():
    titles = {"analyses/a.html": "Response"}
    assert prisma.place_words("manuscript.html#methods-risk-of-bias", titles) == (
        "text for an article, methods risk of bias"
    )
    assert prisma.place_words("analyses/a.html#splits", titles) == "Response, splits"
    assert prisma.place_words("tables/characteristics.csv", titles) == "tables/characteristics.csv"


def test_a_last_search_is_recent_beside_the_version(configuration, stage_tables):
    def ruled(last, *releases):
        review = replace(configuration.review, search=replace(SEARCH, last=last))
        facts = checklist.Facts(
            configuration=replace(configuration, review=review),
            tables=stage_tables,
            answers={},
            trials=[],
            places=("prisma.html#sources",),
            read_twice=0,
            judged_twice=(),
            left_out=0,
            releases=releases,
            latest=None,
            trigger="",
            unsettled="",
        )
        return RULES["recent_search"](facts).state

    assert ruled("2026-03-31", "2025-01-01", "2026-05-01") == "met"
    assert ruled("2025-03-31", "2026-05-01") == "not met"
    assert ruled("2025-03-31") == "for a person"
    assert ruled("") == "not met"
