"""What becomes of an analysis without trials of serious concerns, and how far assessors agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

from ketameta.configuration import Analysis
from ketameta.stats.sensitivity.agreement import cohen_kappa
from ketameta.synthesize.pool import pooled
from ketameta.tables import trust
from ketameta.tables.assessed import TrustJudgementRow
from ketameta.tables.diagnostics import TrustAgreementRow, TrustRow
from ketameta.tables.effects import EffectRow
from ketameta.tables.raw import TrustworthinessRow
from ketameta.tables.syntheses import SensitivityRow
from ketameta.tables.table import extended
from ketameta.vocabulary import vocabulary

# what a person judged or answered, by trial and item
Said = Mapping[tuple[str, str], str]


def assessed(
    analysis: str, effects: Sequence[EffectRow], overall: Mapping[str, TrustJudgementRow]
) -> list[TrustRow]:
    """Return the trials of an analysis that were assessed; `overall` are the judgements by trial.

    What assessors disagree on is disputed until they, or a third, agreed on it.
    """
    return [
        extended(TrustRow, row, analysis=analysis, disputed=row.disputed and not row.agreed)
        for name in sorted({effect.trial_id for effect in effects} & overall.keys())
        for row in [overall[name]]
    ]


def without_serious(
    analysis: Analysis, effects: Sequence[EffectRow], rows: Sequence[TrustRow]
) -> list[SensitivityRow]:
    """Return the row of `sensitivity` without trials of serious concerns (one row or none).

    It is what the analysis would give had these trials no rows: their effects are left out, and
    those of reports of the same people with them.
    """
    doubted = trust.doubted(rows)
    if not doubted:
        return []
    kept = trust.trusted(effects, doubted)
    found = pooled(analysis.select.measure, kept, analysis.model)
    return [extended(SensitivityRow, found, analysis=analysis.name, variant=trust.WITHOUT_SERIOUS)]


def agreement(rows: Sequence[TrustworthinessRow]) -> list[TrustAgreementRow]:
    """Return one row a pair of assessors and domain, what they agreed on later apart.

    Answers that the form gives from the numbers are the same for all and not compared.
    """
    said: dict[str, dict[tuple[str, str], str]] = {}
    for row in rows:
        if row.assessor != trust.AGREED and (word := row.answer or row.judgement):
            said.setdefault(row.assessor, {})[row.trial_id, row.item] = word
    for own in said.values():
        for trial in {name for name, _ in own}:
            judged = {d: own[trial, d] for d in trust.JUDGED if (trial, d) in own}
            if whole := trust.overall(judged):
                own[trial, trust.OVERALL] = whole
    return [
        _compared(pair, domain, said)
        for pair in combinations(sorted(said), 2)
        for domain in trust.JUDGED
    ]


def _compared(pair: tuple[str, str], domain: str, said: Mapping[str, Said]) -> TrustAgreementRow:
    given = {item for item, of in vocabulary().number_checks.items() if of.decides}
    asked = set(trust.DOMAINS.get(domain, trust.CHECKS)) - given
    one, other = (said[name] for name in pair)
    both = sorted(one.keys() & other.keys())
    judged = [key for key in both if key[1] == domain]
    answered = [key for key in both if key[1] in asked]
    words, answers = (
        ([one[key] for key in keys], [other[key] for key in keys]) for keys in (judged, answered)
    )
    plain, weighted = cohen_kappa(*words), cohen_kappa(*words, trust.SEVERITY)
    of_answers = cohen_kappa(*answers)
    return TrustAgreementRow(
        first=pair[0],
        second=pair[1],
        domain=domain,
        trials=plain.n,
        judged_alike=plain.share,
        kappa=plain.kappa,
        kappa_weighted=weighted.kappa,
        checks=of_answers.n,
        answered_alike=of_answers.share,
        kappa_answers=of_answers.kappa,
    )
