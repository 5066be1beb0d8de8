"""What a review says of itself: all of it, some of it, next to nothing."""

from dataclasses import replace

import pytest

from ketameta.configuration.review import (
    NEUTRAL,
    Author,
    Links,
    Protocol,
    Registration,
    Search,
    Searched,
)
from ketameta.report.about import authors, citation, facts, in_short, site, tab_title_end

WHOLE = replace(
    NEUTRAL,
    title="Meals at school",
    authors=(Author("Ada Example", "An Institute", "0000-0002-1825-0097"), Author("Ben Sample")),
    treatments=("ketamine",),
    links=Links(home="https://example.org", issues="https://example.org/faults"),
    licence="CC-BY-4.0",
    registration=Registration(id="CRD1", url="https://example.org/crd1"),
    protocol=Protocol(reason="nobody wrote one."),
    search=Search(
        "2026-03-31",
        (Searched("A register", "1990-01-01", "2026-03-31", 1), Searched("A list")),
        ("English", "German"),
        "Letters were not asked for.",
    ),
)


def told(review):
    return {fact.name: fact.text for fact in facts(review)}


def test_every_fact_stands_with_where_it_leads():
    assert told(WHOLE) == {
        "Question": NEUTRAL.question,
        "Authors": "Ada Example, An Institute (https://orcid.org/0000-0002-1825-0097); Ben Sample",
        "Treatments in question": "ketamine",
        "Search": "last on 2026-03-31; A register (from 1990-01-01 to 2026-03-31, 1 record); "
        "A list; reports in English and German; Letters were not asked for.",
        "Protocol": "none. Nobody wrote one.",
        "Registration": "CRD1 (https://example.org/crd1)",
        "Licence of the data": "CC-BY-4.0",
        "Found at": "report (https://example.org);"
        " where faults are told (https://example.org/faults)",
    }
    assert in_short(WHOLE) == (
        "Authors: Ada Example and Ben Sample. Last search: 2026-03-31. Protocol: none. "
        "Registration: CRD1."
    )


def test_what_is_left_out_is_not_told():
    assert {name for name, text in told(NEUTRAL).items() if text == "not told"} == {
        *("Authors", "Treatments in question", "Search", "Protocol", "Registration"),
        *("Licence of the data", "Found at"),
    }
    assert in_short(NEUTRAL) == (
        "Authors: unnamed authors. Not told: search, protocol and registration."
    )


def test_a_search_without_a_last_day_is_told_with_the_rest():
    some = replace(NEUTRAL, search=Search(note="No search of its own."))
    assert told(some)["Search"] == "No search of its own."
    assert in_short(some).endswith("Not told: protocol and registration.")


@pytest.mark.parametrize(
    ("title", "cited"),
    [("Meals at school", "Meals at school. Made"), ("Do meals help?", "Do meals help? Made")],
)
def test_a_citation_ends_its_title_once(title, cited):
    text = citation(replace(WHOLE, title=title), "1.0", "abc")
    assert text == f"{authors(WHOLE)}. {cited} with ketameta 1.0. Data hash abc."


def test_a_page_bears_the_name_of_the_review_once():
    short = replace(WHOLE, short_title="Meals")
    assert (site(WHOLE), site(short)) == ("Meals at school", "Meals")
    assert tab_title_end(short, "Meals at school") == " – Meals"
    assert tab_title_end(WHOLE, "Meals at school") == ""
