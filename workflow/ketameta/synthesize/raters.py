"""How far raters agree who answered the signalling questions of RoB 2 about the same trials."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from ketameta.stats.sensitivity.agreement import cohen_kappa
from ketameta.tables import rob2
from ketameta.tables.diagnostics import RaterAgreementRow
from ketameta.tables.effects import SignallingRow

_QUESTIONS = [question for questions in rob2.DOMAINS.values() for question in questions]
# question -> yes, no or no information, as an answer is read; empty of one that is not asked
Kinds = Mapping[str, str]
# (trial, outcome) -> how answers are read, and judgements by domain
Own = Mapping[tuple[str, str], tuple[Kinds, Mapping[str, str]]]


def rater_agreement(rows: Sequence[SignallingRow]) -> list[RaterAgreementRow]:
    """Return one row a pair of raters and domain."""
    by_rater: dict[str, dict[tuple[str, str], tuple[Kinds, Mapping[str, str]]]] = {}
    for (trial, outcome, rater), answers in rob2.answers_by_rater(rows).items():
        by_rater.setdefault(rater, {})[trial, outcome] = rob2.kinds(answers), rob2.judge(answers)
    return [
        _compared(first, second, domain, one, other)
        for (first, one), (second, other) in combinations(sorted(by_rater.items()), 2)
        for domain in (*rob2.DOMAINS, rob2.OVERALL)
    ]


def _compared(
    rater: str, second_rater: str, domain: str, one: Own, other: Own
) -> RaterAgreementRow:
    both = sorted(one.keys() & other.keys())
    judged = [(one[key][1], other[key][1]) for key in both]
    words = [(a[domain], b[domain]) for a, b in judged if domain in a and domain in b]
    first, second = [a for a, _ in words], [b for _, b in words]
    plain, weighted = cohen_kappa(first, second), cohen_kappa(first, second, rob2.SEVERITY)
    pairs = [pair for key in both for pair in _answers(domain, one[key][0], other[key][0])]
    answers = cohen_kappa([a for a, _ in pairs], [b for _, b in pairs])
    return RaterAgreementRow(
        first=rater,
        second=second_rater,
        domain=domain,
        trials=plain.n,
        judged_alike=plain.share,
        kappa=plain.kappa,
        kappa_weighted=weighted.kappa,
        questions=answers.n,
        answered_alike=answers.share,
        kappa_answers=answers.kappa,
    )


def _answers(domain: str, a: Kinds, b: Kinds) -> Iterator[tuple[str, str]]:
    """Yield yes, no or no information of both raters, where both were asked."""
    for question in rob2.DOMAINS.get(domain, _QUESTIONS):
        if a[question] and b[question]:
            yield a[question], b[question]
