"""Numbers of a search in review.yaml: what is told has to add up, a fault names the place."""

import pytest
import yaml

from ketameta.configuration.review import read_review
from ketameta.configuration.search import NO_SEARCH, ReasonCount, Searched

WHOLE = {
    "title": "A title of a review",
    "question": "What is asked of these trials?",
    "authors": [{"name": "Ada Example"}],
    "treatments": ["ketamine"],
    "search": {
        "sources": [
            {"name": "MEDLINE", "to": "2026-03-31", "records": 90, "strategy": "1 a\n2 b\n"},
            {"name": "A register", "kind": "register", "records": 10},
            {"name": "Reference lists", "kind": "citations", "records": 3},
        ],
        "flow": {
            **{"duplicates": 30, "automation": 0, "other_reasons": 3},
            **{"screened": 67, "excluded": 55},
            "reports": {
                **{"sought": 12, "not_retrieved": 2, "assessed": 10},
                "excluded": [{"reason": "no control", "reports": 7}],
            },
            "other_reports": {"sought": 3, "not_retrieved": 1, "assessed": 2},
            "previous": {"studies": 4, "reports": 5},
        },
    },
}


def read(tmp_path, place=(), value=None):
    """Read the review with another value at a place, or without what is there (None)."""
    content = yaml.safe_load(yaml.safe_dump(WHOLE))
    if place:
        inner = content["search"]
        for key in place[:-1]:
            inner = inner[key]
        if value is None:
            del inner[place[-1]]
        else:
            inner[place[-1]] = value
    path = tmp_path / "review.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    found, review = read_review(path)
    lines = path.read_text(encoding="utf-8").splitlines()
    return found.faults, review, lines


def test_numbers_that_add_up_are_read_as_they_stand(tmp_path):
    faults, review, _ = read(tmp_path)
    assert faults == []
    search = review.search
    assert search.sources[0] == Searched(
        "MEDLINE", end="2026-03-31", records=90, strategy="1 a\n2 b\n"
    )
    assert search.found("database", "register") == 100
    assert search.found("citations") == 3
    assert search.found("website") is None
    assert search.flow.reports.excluded == (ReasonCount("no control", 7),)
    assert search.flow.previous.reports == 5
    assert NO_SEARCH.found("database") is None


@pytest.mark.parametrize(
    ("place", "value", "where", "said"),
    [
        (
            ("flow", "duplicates"), 31, "flow.screened",
            "duplicates 31 and automation 0 and other_reasons 3 and screened 67, together 101: not "
            "the 100 records of databases and registers",
        ),
        (
            ("flow", "duplicates"), 29, "flow.screened",
            "duplicates 29 and automation 0 and other_reasons 3 and screened 67, together 99: not "
            "the 100 records of databases and registers",
        ),
        (
            ("flow", "excluded"), 54, "flow.screened",
            "excluded 54 and reports.sought 12, together 66: not the 67 records screened",
        ),
        (
            ("flow", "reports", "assessed"), 9, "flow.reports.sought",
            "not_retrieved 2 and assessed 9, together 11: not the 12 reports sought",
        ),
        (
            ("flow", "reports", "excluded"), [{"reason": "a letter", "reports": 11}],
            "flow.reports.excluded", "excluded 11: not the 10 reports assessed",
        ),
        (
            ("sources", 2, "records"), 2, "flow.other_reports.sought",
            "other_reports.sought 3: not the 2 records of other methods",
        ),
        (
            ("flow", "other_reports", "not_retrieved"), 2, "flow.other_reports.sought",
            "not_retrieved 2 and assessed 2, together 4: not the 3 reports sought",
        ),
        (
            ("flow", "previous", "studies"), 6, "flow.previous",
            "studies 6: not the 5 reports",
        ),
    ],
)  # fmt: skip
def test_what_does_not_add_up_is_a_fault_at_its_place(tmp_path, place, value, where, said):
    faults, _, lines = read(tmp_path, place, value)
    assert [(fault.place, fault.message) for fault in faults] == [(f"search.{where}", said)]
    assert where.rpartition(".")[2] in lines[faults[0].line - 1]


@pytest.mark.parametrize(
    "place",
    [
        ("flow", "duplicates"),
        ("flow", "excluded"),
        ("flow", "screened"),
        ("flow", "reports", "assessed"),
        ("flow", "reports", "sought"),
        ("flow", "previous", "reports"),
        ("sources", 0, "records"),
    ],
)
def test_what_is_not_told_is_not_guessed(tmp_path, place):
    assert read(tmp_path, place)[0] == []


def test_parts_that_pass_the_whole_are_a_fault_though_one_is_not_told(tmp_path):
    content = WHOLE["search"]["flow"]
    flow = {"duplicates": 60, **{k: content[k] for k in ("screened", "excluded", "reports")}}
    faults, _, _ = read(tmp_path, ("flow",), flow)
    assert [fault.message for fault in faults] == [
        "duplicates 60 and screened 67, together 127: not the 100 records of databases and "
        "registers"
    ]


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        (("sources", 1, "kind"), "registry", "register"),
        (("flow", "duplicate"), 3, "unknown key duplicate; did you mean duplicates?"),
        (("flow", "previous", "study"), 3, "unknown key study; did you mean studies?"),
        (("flow", "screened"), -1, "0"),
    ],
)
def test_the_keys_are_closed(tmp_path, place, value, said):
    faults, _, _ = read(tmp_path, place, value)
    assert len(faults) == 1
    assert said in faults[0].message
