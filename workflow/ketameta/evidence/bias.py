"""Risk of bias of an analysis: by the weight of trials that are judged at high risk, or not low."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ketameta.configuration import Thresholds
from ketameta.evidence.ratings import CertaintyRule, Evidence, Rating, fired, is_share, shares_of
from ketameta.tables.diagnostics import JudgementRow
from ketameta.vocabulary import vocabulary

DOMAIN = "risk of bias"
SEVERAL, HIGH, CONCERNS = "high in several domains", "high", "some concerns"
LOW, UNJUDGED = "low", "not judged"
RISKS = (SEVERAL, HIGH, CONCERNS, LOW, UNJUDGED)
# a trial is at low risk by RoB 1 without a judgement of "other bias"
_OPTIONAL = ("other",)
# how people came into the arms says nothing of a share of one arm (Iorio 2015)
_OF_COMPARISON = ("sequence", "concealment", "D1")
_SOURCES = ("Cochrane Handbook", "Guyatt 2008")

HIGH_IN_SEVERAL = CertaintyRule(
    "high-risk",
    DOMAIN,
    "2",
    "Trials at high risk of bias in two domains or more carry {bias_high}% of the weight or more.",
    "most of the weight is from trials at high risk of bias in several domains",
    _SOURCES,
)
HIGH_IN_ONE = CertaintyRule(
    "high",
    DOMAIN,
    "1",
    "Trials at high risk of bias in one domain or more carry {bias_not_low}% of the weight "
    "or more.",
    "most of the weight is from trials at high risk of bias in one domain or more",
    _SOURCES,
)
NOT_LOW = CertaintyRule(
    "not-low",
    DOMAIN,
    "1",
    "Trials at high risk of bias in any domain, or with an unclear domain or some "
    "concerns, carry {bias_not_low}% of the weight or more; those at high risk less.",
    "most of the weight is from trials with concerns about bias",
    _SOURCES,
)
NOT_JUDGED = CertaintyRule(
    "not-judged",
    DOMAIN,
    "0 to 1",
    "With the trials that nobody has judged, or not in every domain, those not shown to be "
    "at low risk carry {bias_not_low}% of the weight or more; without them less. What "
    "nobody has judged never costs two levels. The level is then a range: its lower end "
    "counts these trials as not low, its upper end as low. It is one too where reports do "
    "not answer signalling questions of RoB 2: the lower end takes what the algorithm "
    "makes of no information, the upper end what it makes if all were well.",
    "risk of bias is not judged for most of the weight",
    _SOURCES,
)


@dataclass(frozen=True, slots=True)
class Risks:
    """Per cent of the weight by the risk of trials (`RISKS`), at the worst and at the best."""

    worst: dict[str, float]
    best: dict[str, float]


def bias(evidence: Evidence, limits: Thresholds) -> Rating[Risks]:
    """Rate risk of bias by the share of weight of trials at high risk, and of those not at low.

    Two levels go where trials at high risk in several domains carry much of the weight, one where
    trials not at low risk do. What is not known makes a range: at the worst a trial that nobody
    judged counts as not low and a question that its reports do not answer as it was judged; at
    the best the one as low and the other as if all were well. A missing judgement is ignorance,
    not a fault found, so it alone never costs two.
    """
    worst = _shares(evidence, lambda row: row.judgement)
    best = _shares(evidence, lambda row: row.best)
    levels, rule = _levels(worst, limits, worst[UNJUDGED])
    least, _ = _levels(best, limits, 0.0)
    if not least and levels == -1 and not _levels(worst, limits, 0.0)[0]:
        rule = NOT_JUDGED
    return Rating(DOMAIN, levels, max(least, levels), True, fired(rule), Risks(worst, best))


def _levels(
    shares: dict[str, float], limits: Thresholds, unsure: float
) -> tuple[int, CertaintyRule | None]:
    """Return the levels that shares of the weight cost and the rule; `unsure` counts as not low."""
    if shares[SEVERAL] and shares[SEVERAL] >= limits.bias_high:
        return -2, HIGH_IN_SEVERAL
    high = shares[SEVERAL] + shares[HIGH]
    found = high + shares[CONCERNS] + unsure
    # a rounding of weights is no doubt
    if found <= 1e-9 or found < limits.bias_not_low:
        return 0, None
    return -1, HIGH_IN_ONE if high >= limits.bias_not_low else NOT_LOW


def _shares(evidence: Evidence, word: Callable[[JudgementRow], str]) -> dict[str, float]:
    """Return per cent of the weight by the risk of trials, from one column of their judgements."""
    shares = dict.fromkeys(RISKS, 0.0)
    judged: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
    for j in evidence.judgements:
        judged[j.trial_id].append((j.tool, j.domain, word(j)))
    for trial, weight in shares_of(evidence.studies, lambda s: s.trial_id).items():
        risk = risk_of(judged.get(trial, ()), share=is_share(evidence.record))
        shares[risk] += weight
    return shares


def risk_of(judgements: Iterable[tuple[str, str, str]], *, share: bool = False) -> str:
    """Return the risk of bias of one trial from its judged domains: tool, domain, judgement.

    High by any high domain, and in several by two of one tool; some concerns by any unclear one.
    Low only where a tool is complete: all domains of RoB 1 (but "other"), the overall judgement or
    all five of RoB 2. For a share of the treated arms alone the domains of the allocation do not
    count, nor then the judgement overall, which holds them.
    """
    skipped = {*_OF_COMPARISON, "overall"} if share else set()
    judged = [j for j in judgements if j[1] not in skipped]
    words = {word for _, _, word in judged}
    if "high" in words:
        return SEVERAL if _several(judged) else HIGH
    if words & {"unclear", "some concerns"}:
        return CONCERNS
    for tool in vocabulary().words("rob_tools"):
        own = {domain for name, domain, _ in judged if name == tool}
        mark = f"({tool.replace('RoB', 'RoB ')})"
        domains = {d for d, label in vocabulary().words("rob_domains").items() if mark in label}
        if "overall" in own or (own and domains - {"overall", *_OPTIONAL, *skipped} <= own):
            return LOW
    return UNJUDGED


def _several(judged: Sequence[tuple[str, str, str]]) -> bool:
    """Say whether two domains of one tool are at high risk; the judgement overall is none."""
    high = [tool for tool, domain, word in judged if word == "high" and domain != "overall"]
    return any(high.count(tool) > 1 for tool in set(high))
