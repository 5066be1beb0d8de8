"""INSPECT-SR: its checks, what an assessor's judgements give, and which of several stands."""

from __future__ import annotations

import itertools

import pytest

from ketameta.normalize.checks.run import CHECKS
from ketameta.tables import trust
from ketameta.tables.digests import digests
from ketameta.tables.trust import DOMAINS, NONE, SERIOUS, SOME, overall, standing
from ketameta.vocabulary import vocabulary

from .rows import tables_of


def test_the_tool_has_21_checks_in_four_domains():
    assert [len(checks) for checks in DOMAINS.values()] == [3, 5, 2, 11]
    assert len(trust.CHECKS) == len({*trust.CHECKS}) == 21
    items = [item for item in vocabulary().words("trust_items") if item.startswith("C")]
    assert tuple(items) == trust.CHECKS
    assert {*DOMAINS, trust.OVERALL} < vocabulary().words("trust_items").keys()
    assert tuple(vocabulary().words("trust_judgements")) == trust.SEVERITY
    assert {trust.YES, trust.NO, trust.UNCLEAR} < vocabulary().words("trust_answers").keys()


def test_no_check_is_another_where_a_spreadsheet_takes_it_for_a_number():
    with pytest.raises(ValueError, match="could not convert"):
        float(trust.CHECKS[-2])
    assert [trust.number(item) for item in ("C4.1", "C4.10", "D4", "overall")] == [
        *("4.1", "4.10", "D4", "overall"),
    ]


def test_number_checks_that_speak_to_the_tool_are_there():
    told = vocabulary().number_checks
    assert told.keys() < {*trust.CHECKS}
    named = [name for of in told.values() for name in of.checks]
    assert {*named} <= CHECKS.keys()
    # one that stands twice is told apart by the baseline
    twice = {name for name in named if named.count(name) > 1}
    for name in twice:
        assert {of.baseline for of in told.values() if name in of.checks} == {True, False}
    assert {item for item, of in told.items() if of.decides} == {"C2.2", "C4.8"}


def test_an_overall_judgement_is_the_assessors_or_that_of_the_worst_domain():
    for words in itertools.product(trust.SEVERITY, repeat=4):
        domains = dict(zip(DOMAINS, words, strict=True))
        assert overall(domains) == max(words, key=trust.SEVERITY.index)
        for word in trust.SEVERITY:
            assert overall({**domains, "overall": word}) == word
    # an assessment may end at serious concerns, and nowhere else
    assert overall({"D1": SERIOUS}) == SERIOUS
    assert overall({"D1": SOME, "D2": NONE, "D3": NONE}) is None
    assert overall({}) is None


def test_what_was_agreed_stands_and_else_the_worse():
    assert standing({"A": NONE, "B": SOME}) == SOME
    assert standing({"B": SERIOUS, "A": SOME}) == SERIOUS
    assert standing({"A": SERIOUS, "B": SOME, "agreed": NONE}) == NONE
    assert standing({}) is None


def test_a_judgement_is_among_what_results_come_from():
    def entered(word):
        cells = {"trial_id": "one", "item": "overall", "judgement": word, "assessor": "A"}
        place = {"file": "trustworthiness.csv", "line": 2, "trial_id": "one", "assessor": "A"}
        return {"trustworthiness": [{**place, "entered": cells}]}

    hashes = {digests(tables_of(entered(word))).data_hash for word in trust.SEVERITY}
    assert len(hashes) == 3
    # a project without the table has the hash that it had before there was one
    empty = tables_of({"trustworthiness": []})
    assert digests(tables_of({})).data_hash == digests(empty).data_hash
