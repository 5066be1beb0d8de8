"""Answers to the questions of RoB 2: what the check says of those that do not fit together."""

from __future__ import annotations

import pytest

HEADER = "trial_id,outcome,question,answer,support,source,locator,rater\n"
CSV = "rob2_answers.csv"
D2 = "2.1=Y 2.2=N 2.3=N 2.4=NA 2.5=NA 2.6=Y 2.7=NA"


def rows(text, rater="A", outcome=""):
    return "".join(
        f"adams2011,{outcome},{question},{answer},,,,{rater}\n"
        for question, answer in (pair.split("=") for pair in text.split())
    )


@pytest.fixture
def said(folder):
    def check(*parts):
        folder.write("rob2_answers", HEADER + "".join(parts))
        return folder.check()

    return check


def test_answers_that_follow_the_flow_have_no_fault(said):
    whole = (
        rows(D2)
        + rows("3.1=Y", "B")
        + rows("3.1=N 3.2=Y", "B", "response")
        + rows("1.1=Y 1.2=NI 1.3=N")
    )
    found = said(whole)
    assert (found.status, found.errors) == (0, [])
    assert not any(CSV in line for line in found.warnings)


@pytest.mark.parametrize(
    ("text", "place", "told"),
    [
        ("2.8=Y", "2 column question", "nearest: 2.7"),
        ("3.1=Yes", "2 column answer", "'Yes' is not a word of the list rob2_answers"),
        ("3.1=N 3.2=NI 3.3=N", "3 column answer", "NI is no answer that 3.2 offers: Y, PY, PN, N"),
        ("1.1=NA 1.2=Y 1.3=N", "2 column answer", "1.1 is asked; the answer must be Y, PY, PN"),
        (
            "2.1=N 2.2=PN 2.3=Y 2.6=Y",
            "4 column answer",
            "2.3 is not asked where 2.1 is N (line 2) and 2.2 is PN (line 3)",
        ),
        (
            "3.1=N 3.2=N 3.3=NI 3.4=NA",
            "5 column answer",
            "3.4 is asked where 3.3 is NI (line 4); the answer must be Y, PY, PN, N, NI",
        ),
        ("4.1=Y 4.2=N 4.3=N", "4 column answer", "4.3 is not asked where 4.1 is Y (line 2)"),
        ("3.1=Y 3.1=N", "3 column question", "repeats line 2"),
    ],
)  # fmt: skip
def test_an_answer_that_cannot_be_is_one_error_with_its_place(said, text, place, told):
    found = said(rows(text))
    assert len(found.errors) == 1, found.errors
    assert found.errors[0].startswith(f"{CSV}:{place}: ")
    assert told in found.errors[0]
    assert not any(CSV in line for line in found.warnings)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("2.1=NI 2.2=N 2.6=Y", "2.3 has no answer by 'A' where 2.1 is NI (line 2) and 2.2 is N"),
        ("5.1=Y", "5.2, 5.3 have no answer by 'A': D5 is not judged"),
        ("4.1=N 4.2=N", "4.3 has no answer by 'A' where 4.1 is N (line 2) and 4.2 is N (line 3)"),
    ],
)
def test_a_domain_half_answered_is_one_warning(said, text, told):
    found = said(rows(text))
    warned = [line for line in found.warnings if CSV in line]
    assert (found.status, len(warned)) == (0, 1)
    assert told in warned[0]


def test_a_rater_answers_for_himself_and_for_one_outcome(said):
    # neither another's answer nor that about an outcome fills the gap
    found = said(rows("5.1=Y 5.2=N"), rows("5.3=N", "B"), rows("5.3=N", "A", "response"))
    assert sum("is not judged" in line for line in found.warnings) == 3


def test_a_fault_names_the_answer_of_the_row_before_though_that_is_at_fault_too(said):
    first, second = said(rows("3.1=Y 3.2=Y 3.3=N")).errors
    assert "3.2 is not asked where 3.1 is Y (line 2)" in first
    assert "3.3 is not asked where 3.2 is Y (line 3)" in second
