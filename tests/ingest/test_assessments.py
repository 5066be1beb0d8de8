"""Answers and judgements of INSPECT-SR: what the check says of those that do not fit together."""

from __future__ import annotations

import pytest

HEADER = "trial_id,item,answer,judgement,support,source,locator,assessor\n"
CSV = "trustworthiness.csv"
WHOLE = (
    "D1,,no concerns\nD2,,some concerns\nD3,,no concerns\nD4,,no concerns\noverall,,some concerns"
)


def rows(text, assessor="A"):
    """Return rows of item, answer, judgement and, where told, support."""
    return "".join(
        f"adams2011,{','.join([*line.split(','), ''][:4])},,,{assessor}\n"
        for line in text.splitlines()
    )


@pytest.fixture
def said(folder):
    def check(*parts):
        folder.write("trustworthiness", HEADER + "".join(parts))
        found = folder.check()
        return found, [line for line in found.warnings if CSV in line]

    return check


def test_a_whole_assessment_of_two_has_no_fault(said):
    found, warned = said(rows("C1.1,no,\nC4.10,yes,\n" + WHOLE), rows(WHOLE, "B"))
    assert (found.status, found.errors, warned) == (0, [], [])


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("C4.12,no,", "2 column item: 'C4.12' is not a word of the list trust_items"),
        ("C4.1,NO!,", "2 column answer: 'NO!' is not a word of the list trust_answers"),
        ("C4.1,,serious concerns,x", "2 column judgement: C4.1 takes an answer, no judgement"),
        ("D4,yes,", "2 column answer: D4 takes a judgement, no answer"),
        ("overall,no,", "2 column answer: overall takes a judgement, no answer"),
        (WHOLE + "\nD4,,some concerns", "7 column"),
    ],
)
def test_what_cannot_be_is_an_error(said, text, fault):
    found, _ = said(rows(text))
    assert found.status == 1
    assert any(line.startswith(f"{CSV}:{fault}") for line in found.errors), found.errors


def test_an_unknown_trial_is_an_error(said):
    found, _ = said(rows(WHOLE).replace("adams2011", "nobody2011"))
    assert found.status == 1


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        (
            "D4,,serious concerns\noverall,,serious concerns,x",
            ":2 column support: is empty; serious",
        ),
        ("C1.1,,\nC1.2,no,\n" + WHOLE, ":2 column item: 1 of 7 rows of 'A' have no answer"),
        ("C1.1,no,\nD1,,some concerns", ":2 column item: 'A' gives no overall judgement"),
        (
            WHOLE.replace("overall,,some", "overall,,no"),
            ":6 column judgement: is better than a domain (some concerns)",
        ),
    ],
)
def test_what_is_open_or_without_a_reason_is_a_warning(said, text, warning):
    found, warned = said(rows(text))
    assert (found.status, found.errors) == (0, [])
    assert any(line.startswith(CSV + warning) for line in warned), warned
    assert len(warned) == 1


def test_what_ends_an_assessment_or_has_a_reason_is_no_warning(said):
    for text in (
        "D1,,serious concerns,retracted",
        WHOLE.replace("overall,,some", "overall,,no") + ",a slip",
    ):
        _, warned = said(rows(text))
        assert warned == []
    # what was agreed may be of one domain alone
    _, warned = said(rows(WHOLE), rows("D2,,no concerns", "agreed"))
    assert warned == []
