"""Labels of any script, length and character, and trials of one label, in every file."""

import re
from dataclasses import replace

import pytest

from ketameta.report import graphics
from ketameta.tables.collection import Tables
from ketameta.tables.syntheses import StudyRow

from .made import report

# each makes a report: seconds together
pytestmark = pytest.mark.slow

LABELS = (
    "محمد 2019 (العربية)",
    "עברית 2017 – א",
    "Nguyễn 2015 & <Иванов> \"'",
    "Z\u0351\u036f\u0317a\u0300\u0301l\u0308\u0302go 2020",
    "x" * 10_000,
    "A very long name of a trial " * 300,
    "北京大学第六医院 2018",
    "😀👨\u200d👩\u200d👧 trial",
    "=1+1",
    "日本語カタカナ" * 20,
    "देवनागरी ไทย 한국어",
)


def labelled(kit, labels):
    """Return tables of as many trials, events and scores."""
    events = [(5 + n % 7, 20, 3 + n % 5, 20) for n in range(len(labels))]
    means = [(14 + n % 3, 8, 20, 22, 9, 20) for n in range(len(labels))]
    tables = kit.together(kit.counts(*events), kit.scores(*means))
    for row, label in zip(tables["trials"], labels, strict=True):
        row["label"] = label
    return tables


@pytest.fixture(scope="module")
def asked(kit):
    lead = kit.response | {"headline": True}
    return {"response": lead, "share": kit.share, "score": kit.score, "fall": kit.fall}


def test_labels_of_any_script_and_length_make_a_report(made, kit, asked):
    found = made(labelled(kit, LABELS), asked)
    assert kit.faults_of(found) == []
    for path, text in found.svgs.items():
        shown = re.findall(r"<text[^>]*>([^<]*)</text>", text)
        assert max(map(len, shown)) < 400, path
    # the whole label stands in the tables
    assert LABELS[4] in found.files["tables/studies.csv"]
    assert LABELS[4] in found.page("analyses/response")


@pytest.mark.parametrize("character", ["\x00", "\x01", "\x0b", "\x1b", "\ufffe", "\uffff"])
def test_a_character_that_xml_cannot_hold_spoils_no_file(made, kit, asked, character):
    found = made(labelled(kit, ["North 2018", "South 2020", "West 2021"]), asked)

    def spoilt_row(row):
        more = {"label": f"{character}{row.label}"} if hasattr(row, "label") else {}
        if hasattr(row, "labels"):
            more["labels"] = [f"{character}{label}" for label in row.labels]
        return replace(row, **more)

    kinds = found.tables.kinds()
    tables = Tables({kind: [*map(spoilt_row, found.tables[kind])] for kind in kinds})
    files = found.files | report(tables, found.configuration)
    files |= dict(graphics.graphics(tables, found.configuration))
    spoilt = type(found)(found.configuration, tables, files)
    # every SVG and sheet is parsed
    assert kit.faults_of(spoilt) == []
    for path in ("analyses/response.html", "data.html", "figures/response.forest.svg"):
        assert "\ufffdNorth 2018" in files[path]
        assert character not in files[path]


ALIKE = (
    ("North 2018", "North 2018"),
    ("North 2018", "North  2018"),
    ("Müller 2018", "Mu\u0308ller 2018"),
    ("North\u00a02018", "North 2018"),
)


@pytest.mark.parametrize("pair", ALIKE)
def test_trials_that_look_the_same_are_told_apart_everywhere(made, kit, asked, pair):
    labels = [pair[0], "South 2020", pair[1], "West 2021"]
    found = made(labelled(kit, labels), asked)
    assert kit.faults_of(found) == []
    names = [row.label for row in found.tables[StudyRow] if row.analysis == "response"]
    assert len(set(names)) == 4
    alike = [name for name in names if name.endswith((" (t000)", " (t002)"))]
    assert len(alike) == 2
    assert {"South 2020", "West 2021"} < set(names)
    for path, text in found.files.items():
        shown = isinstance(text, str) and path.startswith(("figures/response.", "analyses/"))
        if not shown or not path.endswith((".svg", ".html")):
            continue
        for name in {*pair}:
            assert not re.search(re.escape(name) + r"(?! \(t00[02]\))", text), path


def test_labels_that_differ_stay_as_they_are(made, kit, asked):
    labels = ["North 2018", "North 2018a", "north 2018"]
    found = made(labelled(kit, labels), asked)
    assert {row.label for row in found.tables[StudyRow]} == set(labels)


def test_of_many_trials_small_plots_show_the_heaviest_and_pages_stay_small(made, kit):
    many = [(5 + n * 7 % 25, 40, 5 + n * 11 % 25, 40) for n in range(120)]
    found = made(kit.counts(*many), {"response": kit.response | {"headline": True}})
    assert kit.faults_of(found) == []
    assert len(found.page("index")) < 20_000
    page = found.page("analyses/response")
    assert "The 30 heaviest of 120 trials" in page
    wide, narrow, paper, *_ = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert wide.count('<a href="#effect-') == 120
    assert paper.count('<a href="#effect-') == 30
    assert narrow.count('<a href="#effect-') == 30
    weights = {s.trial_id: s.weight for s in found.tables[StudyRow]}
    shown = set(re.findall(r'href="#effect-(t\d+)"', narrow))
    lightest = min(weights[name] for name in shown)
    assert all(weight <= lightest for name, weight in weights.items() if name not in shown)
