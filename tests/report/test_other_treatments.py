"""A review of other treatments: no word of its results is another drug's."""

import re

import pytest

from ketameta.tables.syntheses import SynthesisRow
from ketameta.vocabulary import Treatment, vocabulary


@pytest.fixture
def psilocybin(monkeypatch):
    words = vocabulary()
    for name, label in (("psilocybin", "psilocybin"), ("lsd", "LSD")):
        monkeypatch.setitem(words.treatments, name, Treatment(name, label, "head-to-head"))


def renamed(tables):
    names = {"t000": "psilocybin", "t001": "lsd"}
    for arm in tables["arms"]:
        if arm["treatment"] == "ketamine":
            arm["treatment"] = names.get(arm["trial_id"], "psilocybin")
    return tables


def test_no_sentence_and_no_axis_of_other_treatments_says_ketamine(made, kit, psilocybin):
    events = kit.counts(*[(12 + n, 25, 4 + n % 3, 25) for n in range(4)])
    means = kit.scores(*[(12 + n, 8, 25, 20, 9, 25) for n in range(4)])
    tables = renamed(kit.together(events, means))
    asked = {"response": kit.response, "share": kit.share, "score": kit.score, "fall": kit.fall}
    two = {"treatments": ["psilocybin", "lsd"], "headline": True, "splits": ["treatment"]}
    one = {"treatments": ["psilocybin"], "comparators": ["head-to-head", "inert"]}
    analyses = {name: analysis | two for name, analysis in asked.items()}
    analyses |= {f"{name}_one": analysis | one for name, analysis in asked.items()}
    found = made(tables, analyses)
    assert {row.k for row in found.tables[SynthesisRow]} == {3, 4}
    for path, text in found.files.items():
        if path.startswith(("analyses/", "figures/")):
            assert not re.search("ketamine", text, re.IGNORECASE), path
    page = found.page("analyses/response")
    assert "psilocybin or LSD" in page
    assert "favours psilocybin or LSD" in page
    assert not re.search("ketamine", found.page("index"), re.IGNORECASE)
    head = found.files["figures/response.forest.svg"]
    assert ">Psilocybin or LSD</text>" in head
    assert ">Psilocybin</text>" in found.files["figures/response_one.forest.svg"]
