"""RoB 2: every combination of answers, and cases read off the guidance of 22 August 2019."""

from __future__ import annotations

import itertools

import pytest

from ketameta.evidence.rows import changed_rows
from ketameta.tables import rob2
from ketameta.tables.digests import digests
from ketameta.tables.rob2 import DOMAINS, HIGH, LOW, SEVERITY, SOME, judge
from ketameta.vocabulary import vocabulary

from .rows import tables_of

# one answer of each kind; where no information stands among them is the guidance's
KINDS = ("Y", "N", "NI")
GOOD_IF_YES = {"1.1", "1.2", "2.5", "2.6", "3.1", "3.2", "5.1"}
NI_IS_BEST = {"1.1", "1.3", "4.1"}


def combinations(domain):
    """Yield every set of answers to a domain's questions, asked or not, one of each kind."""
    offered = [[a for a in KINDS if a in rob2.answers_offered(q)] for q in DOMAINS[domain]]
    for answers in itertools.product(*offered):
        yield dict(zip(DOMAINS[domain], answers, strict=True))


@pytest.mark.parametrize("domain", DOMAINS)
def test_every_combination_of_answers_gives_one_judgement(domain):
    for answers in combinations(domain):
        found = judge(answers)
        assert found.keys() - {"overall"} == {domain}
        assert found[domain] in SEVERITY
        asked = {q: a for q, a in answers.items() if rob2.is_asked_after(q, answers)}
        # what is not asked changes nothing, and nothing that is asked can be left out
        assert judge(asked) == found
        for question in asked:
            assert domain not in judge({q: a for q, a in asked.items() if q != question})


@pytest.mark.parametrize("domain", DOMAINS)
def test_probably_is_as_good_as_certainly(domain):
    softer = {"Y": "PY", "N": "PN", "NI": "NI"}
    for answers in combinations(domain):
        for question in answers:
            changed = {**answers, question: softer[answers[question]]}
            assert judge(changed) == judge(answers)


@pytest.mark.parametrize("domain", DOMAINS)
def test_a_worse_answer_never_gives_a_better_judgement(domain):
    for answers in combinations(domain):
        found = SEVERITY.index(judge(answers)[domain])
        for question in answers:
            order = ("Y", "NI", "N") if question in GOOD_IF_YES else ("N", "NI", "Y")
            for worse in order[order.index(answers[question]) + 1 :]:
                if worse in rob2.answers_offered(question):
                    assert SEVERITY.index(judge({**answers, question: worse})[domain]) >= found


@pytest.mark.parametrize("domain", DOMAINS)
def test_no_information_counts_as_the_guidance_has_it(domain):
    between = {"1.2", "2.3", "4.2", "5.2", "5.3"}
    for question in DOMAINS[domain]:
        best, worst = ("Y", "N") if question in GOOD_IF_YES else ("N", "Y")
        if "NI" not in rob2.answers_offered(question):
            assert question == "3.2"
            continue
        judged = {
            answer: [
                judge({**answers, question: answer})[domain] for answers in combinations(domain)
            ]
            for answer in ("Y", "N", "NI")
        }
        as_best, as_worst = (judged["NI"] == judged[other] for other in (best, worst))
        assert (as_best, as_worst) == (question in NI_IS_BEST, question not in NI_IS_BEST | between)


# read off the figures and tables of the guidance, one line a row of a table
CASES = [
    # table 4 and figure 1
    ("D1", "1.1=Y 1.2=Y 1.3=N", LOW),
    ("D1", "1.1=NI 1.2=PY 1.3=NI", LOW),
    ("D1", "1.1=Y 1.2=Y 1.3=PY", SOME),
    ("D1", "1.1=PN 1.2=Y 1.3=N", SOME),
    ("D1", "1.1=N 1.2=Y 1.3=Y", SOME),
    ("D1", "1.1=Y 1.2=NI 1.3=N", SOME),
    ("D1", "1.1=NI 1.2=NI 1.3=NI", SOME),
    ("D1", "1.1=Y 1.2=NI 1.3=PY", HIGH),
    ("D1", "1.1=Y 1.2=PN 1.3=N", HIGH),
    # table 6 and figure 2: part 1 with a good part 2
    ("D2", "2.1=N 2.2=PN 2.6=Y", LOW),
    ("D2", "2.1=Y 2.2=N 2.3=PN 2.6=PY", LOW),
    ("D2", "2.1=N 2.2=NI 2.3=NI 2.6=Y", SOME),
    ("D2", "2.1=Y 2.2=Y 2.3=Y 2.4=N 2.6=Y", SOME),
    ("D2", "2.1=Y 2.2=Y 2.3=PY 2.4=NI 2.5=Y 2.6=Y", SOME),
    ("D2", "2.1=Y 2.2=Y 2.3=PY 2.4=Y 2.5=NI 2.6=Y", HIGH),
    # part 2 with a good part 1, and the worse of the two
    ("D2", "2.1=N 2.2=N 2.6=NI 2.7=PN", SOME),
    ("D2", "2.1=N 2.2=N 2.6=N 2.7=NI", HIGH),
    ("D2", "2.1=Y 2.2=Y 2.3=NI 2.6=N 2.7=Y", HIGH),
    # table 10 and figure 4
    ("D3", "3.1=PY", LOW),
    ("D3", "3.1=NI 3.2=Y", LOW),
    ("D3", "3.1=N 3.2=PN 3.3=N", LOW),
    ("D3", "3.1=N 3.2=N 3.3=NI 3.4=PN", SOME),
    ("D3", "3.1=N 3.2=N 3.3=Y 3.4=NI", HIGH),
    # table 12 and figure 5
    ("D4", "4.1=PY 4.2=N", HIGH),
    ("D4", "4.1=N 4.2=Y", HIGH),
    ("D4", "4.1=NI 4.2=N 4.3=PN", LOW),
    ("D4", "4.1=N 4.2=NI 4.3=N", SOME),
    ("D4", "4.1=N 4.2=N 4.3=NI 4.4=N", LOW),
    ("D4", "4.1=N 4.2=NI 4.3=Y 4.4=PN", SOME),
    ("D4", "4.1=N 4.2=N 4.3=Y 4.4=Y 4.5=PN", SOME),
    ("D4", "4.1=N 4.2=NI 4.3=Y 4.4=NI 4.5=N", SOME),
    ("D4", "4.1=N 4.2=N 4.3=NI 4.4=NI 4.5=NI", HIGH),
    # table 14 and figure 7
    ("D5", "5.1=Y 5.2=N 5.3=PN", LOW),
    ("D5", "5.1=NI 5.2=N 5.3=N", SOME),
    ("D5", "5.1=Y 5.2=NI 5.3=N", SOME),
    ("D5", "5.1=Y 5.2=N 5.3=NI", SOME),
    ("D5", "5.1=Y 5.2=NI 5.3=PY", HIGH),
    ("D5", "5.1=N 5.2=Y 5.3=N", HIGH),
]


def answers_of(text):
    return dict(pair.split("=") for pair in text.split())


@pytest.mark.parametrize(("domain", "text", "expected"), CASES)
def test_a_case_of_the_guidance(domain, text, expected):
    answers = answers_of(text)
    assert all(rob2.is_asked_after(question, answers) for question in answers)
    assert judge(answers)[domain] == expected


FINE = "1.1=Y 1.2=Y 1.3=N 2.1=N 2.2=N 2.6=Y 3.1=Y 4.1=N 4.2=N 4.3=N 5.1=Y 5.2=N 5.3=N "
# one fault that raises concerns in a domain, and one answer missing from the text that does
FAULTS = {"D1": "1.3=Y", "D2": "2.1=Y 2.3=Y 2.4=N", "D3": "3.1=N 3.2=N 3.3=Y 3.4=N",
          "D4": "4.3=Y 4.4=Y 4.5=N", "D5": "5.1=N"}  # fmt: skip
SILENCES = {"D1": "1.2=NI", "D2": "2.1=NI 2.3=NI", "D5": "5.1=NI"}


@pytest.mark.parametrize("count", range(6))
def test_faults_in_several_domains_are_high_overall(count):
    for domains in itertools.combinations(FAULTS, count):
        found = judge(answers_of(FINE + " ".join(FAULTS[d] for d in domains)))
        assert [found[d] for d in DOMAINS] == [SOME if d in domains else LOW for d in DOMAINS]
        assert found["overall"] == (LOW if count == 0 else SOME if count < 3 else HIGH)


def test_what_the_text_does_not_tell_is_never_high_overall_by_number():
    silent = " ".join(SILENCES.values())
    assert judge(answers_of(f"{FINE} {silent}"))["overall"] == SOME
    # with two faults beside it there are still two
    assert judge(answers_of(f"{FINE} {silent} {FAULTS['D3']} {FAULTS['D4']}"))["overall"] == SOME
    three = judge(answers_of(f"{FINE} {silent} {FAULTS['D3']} {FAULTS['D4']} {FAULTS['D5']}"))
    assert three == {**dict.fromkeys(DOMAINS, SOME), "overall": HIGH}


def test_one_domain_at_high_risk_is_high_overall_whatever_is_not_judged_yet():
    assert judge(answers_of("1.1=Y 1.2=N 1.3=N")) == {"D1": HIGH, "overall": HIGH}
    assert judge(answers_of("1.1=Y 1.2=Y 1.3=N")) == {"D1": LOW}


def test_the_words_of_the_tables_are_those_of_the_flow():
    questions = [question for domain in DOMAINS.values() for question in domain]
    assert list(vocabulary().words("rob2_questions")) == questions
    assert set(vocabulary().words("rob2_answers")) == {*rob2.answers_offered("1.1"), rob2.NOT_ASKED}
    assert set(SEVERITY) <= vocabulary().words("rob_judgements").keys()
    assert {*DOMAINS, rob2.OVERALL} <= vocabulary().words("rob_domains").keys()


def entered(**cells):
    return {"file": "rob2_answers.csv", "line": 2, "trial_id": "one", "entered": cells}


def test_an_answer_is_among_what_results_come_from():
    before = {"rob2_answers": [entered(trial_id="one", question="1.1", answer="NI", rater="A")]}
    after = {"rob2_answers": [entered(trial_id="one", question="1.1", answer="Y", rater="A")]}
    assert digests(tables_of(before)).data_hash != digests(tables_of(after)).data_hash
    assert digests(tables_of(before)).trials.keys() == {"one"}
    (change,) = changed_rows(tables_of(before), tables_of(after))
    assert change.name == "rob2_answers / one / 1.1 / A"
    assert [(cell.column, cell.old, cell.new) for cell in change.cells] == [("answer", "NI", "Y")]
    # a project without the table has the hash that it had before there was one
    assert digests(tables_of({})).data_hash == digests(tables_of({"rob2_answers": []})).data_hash
    # a reason for a warning changes no result
    assert (
        digests(tables_of({})).data_hash
        == digests(tables_of({"acknowledged": [entered(code="entry")]})).data_hash
    )
