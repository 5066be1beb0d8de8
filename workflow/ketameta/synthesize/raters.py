"""How far raters agree who answered the signalling questions of RoB 2 about the same trials."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

from ketameta.stats.sensitivity.agreement import cohen_kappa
from ketameta.tables import rob2

Record = dict[str, Any]
# (trial, outcome) -> answers by question, and judgements by domain
Own = Mapping[tuple[str, str], tuple[rob2.Answers, Mapping[str, str]]]


def agreement(rows: Sequence[Record]) -> list[Record]:
    """Return one row a pair of raters and domain, from rows of the table `answers`."""
    by_rater: dict[str, dict[tuple[str, str], tuple[rob2.Answers, Mapping[str, str]]]] = {}
    for (trial, outcome, rater), answers in rob2.by_rater(rows).items():
        by_rater.setdefault(rater, {})[trial, outcome] = answers, rob2.judge(answers)
    return [
        {"first": first, "second": second, "domain": domain, **_compared(domain, one, other)}
        for (first, one), (second, other) in combinations(sorted(by_rater.items()), 2)
        for domain in (*rob2.DOMAINS, rob2.OVERALL)
    ]


def _compared(domain: str, one: Own, other: Own) -> Record:
    both = sorted(one.keys() & other.keys())
    judged = [(one[key][1], other[key][1]) for key in both]
    words = [(a[domain], b[domain]) for a, b in judged if domain in a and domain in b]
    first, second = [a for a, _ in words], [b for _, b in words]
    plain, weighted = cohen_kappa(first, second), cohen_kappa(first, second, rob2.SEVERITY)
    pairs = [pair for key in both for pair in _answers(domain, one[key][0], other[key][0])]
    answers = cohen_kappa([a for a, _ in pairs], [b for _, b in pairs])
    return {
        **{"trials": plain.n, "judged_alike": plain.share, "kappa": plain.kappa},
        "kappa_weighted": weighted.kappa,
        **{"questions": answers.n, "answered_alike": answers.share},
        "kappa_answers": answers.kappa,
    }


def _answers(domain: str, a: rob2.Answers, b: rob2.Answers) -> Iterator[tuple[str, str]]:
    """Yield yes, no or no information of both raters, where both were asked."""
    for question in rob2.DOMAINS.get(domain, [q for d in rob2.DOMAINS.values() for q in d]):
        found = rob2.kind_of(a, question), rob2.kind_of(b, question)
        if all(found):
            yield found
