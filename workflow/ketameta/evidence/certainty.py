"""How certain the evidence of an analysis is: GRADE, by rule, from what is in the data and no more.

Randomised comparisons start high, treated arms alone low; each of five domains takes away no, one
or two levels. Nothing is rated up. Every threshold is in the configuration. Each rule of a domain
is monotone: worse numbers, or a stricter threshold, never give a better rating.

Guyatt 2008, BMJ 336:924; Schünemann 2013, GRADE handbook; Cochrane Handbook chapter 14.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from ketameta.configuration import Analysis, Thresholds
from ketameta.evidence.verdicts import position
from ketameta.synthesize.prediction import expected
from ketameta.synthesize.scales import NULL_VALUE
from ketameta.vocabulary import vocabulary

Record = dict[str, Any]

NOT_RATED = "not rated"
# weakest first
LEVELS = ("very low", "low", "moderate", "high")
HIGH, CONCERNS, LOW, UNJUDGED = "high", "some concerns", "low", "not judged"
# a trial is at low risk by RoB 1 without a judgement of "other bias"
_OPTIONAL = ("other",)
_TESTED = 10  # effects from which `synthesize.diagnose` tests for asymmetry


@dataclass(frozen=True)
class Rating:
    """One domain: levels taken away (0, -1, -2) and why.

    `marks` names the rules that took something, `facts` holds the numbers they went by. `judged`
    is false where the data do not allow a rating: 0 then means unknown, not good.
    """

    domain: str
    rating: int
    judged: bool
    marks: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Certainty:
    """The level of an analysis, where it started and its domains; no domains where not rated."""

    level: str
    start: str
    ratings: tuple[Rating, ...] = ()


def certainty(
    analysis: Analysis,
    record: Record,
    studies: Sequence[Record],
    judgements: Sequence[Record],
    asymmetry: Record | None,
) -> Certainty:
    """Rate one analysis from its rows of the tables syntheses, studies, judgements, asymmetry.

    Without an estimate there is nothing to be certain of: `NOT_RATED`. One trial is rated, with
    inconsistency not judged.
    """
    start = _start(analysis)
    if record["estimate"] is None:
        return Certainty(NOT_RATED, start)
    limits = analysis.certainty
    bounds = worthwhile(analysis, studies)
    ratings = (
        bias(studies, judgements, limits),
        inconsistency(record, bounds, limits),
        indirectness(analysis, record, studies, limits),
        imprecision(record, studies, bounds, limits),
        publication(record, asymmetry, limits),
    )
    return Certainty(level(start, [r.rating for r in ratings]), start, ratings)


def level(start: str, ratings: Sequence[int]) -> str:
    """Return the level that a start and the ratings of the domains give; very low is the last."""
    return LEVELS[max(0, LEVELS.index(start) + sum(ratings))]


def _start(analysis: Analysis) -> str:
    """Return the level before the domains: low without a randomised comparison."""
    alone = analysis.select.by_arm or "not randomised" in analysis.select.design_flags
    return "low" if alone else "high"


def worthwhile(analysis: Analysis, studies: Sequence[Record]) -> tuple[float, float] | None:
    """Return the smallest worthwhile effects below and above no effect, on the natural scale.

    An MD takes the minimal important difference of its scale, or the SMD times the median SD of
    the control arms. None for treated arms alone, and where an MD has neither.
    """
    measure, limits = analysis.select.measure, analysis.certainty
    if measure not in NULL_VALUE:
        return None
    if measure in ("RR", "OR"):
        return 1 / limits.worthwhile_ratio, limits.worthwhile_ratio
    size: float | None = limits.worthwhile_risk if measure == "RD" else limits.worthwhile_smd
    if measure == "MD":
        scales = {s["scale"] for s in studies if s["scale"]}
        known = [vocabulary().scales[s].mid for s in scales if s in vocabulary().scales]
        spread = [s["sd_c"] for s in studies if s["sd_c"]]
        own = known[0] if len(known) == 1 else None
        size = own or (limits.worthwhile_smd * median(spread) if spread else None)
    return None if size is None else (-size, size)


def bias(studies: Sequence[Record], judgements: Sequence[Record], limits: Thresholds) -> Rating:
    """Rate risk of bias by the share of weight of trials at high risk, and of those not at low.

    Two levels go where high risk carries much of the weight. One goes where trials not shown to
    be at low risk do: not judged is not low. But a missing judgement is ignorance, not a fault
    found, so it alone never costs two.
    """
    shares = dict.fromkeys((HIGH, CONCERNS, LOW, UNJUDGED), 0.0)
    for trial, weight in shares_of(studies, "trial_id").items():
        shares[risk_of([j for j in judgements if j["trial_id"] == trial])] += weight
    not_low = 100 - shares[LOW]
    if shares[HIGH] and shares[HIGH] >= limits.bias_high:
        return Rating("risk of bias", -2, True, ("high",), shares)
    # a rounding of weights is no doubt
    if not_low > 1e-9 and not_low >= limits.bias_not_low:
        return Rating("risk of bias", -1, True, ("not low",), shares)
    return Rating("risk of bias", 0, True, (), shares)


def risk_of(judgements: Sequence[Record]) -> str:
    """Return the risk of bias of one trial from its judged domains.

    High by any high domain, some concerns by any unclear one. Low only where a tool is complete:
    all domains of RoB 1 (but "other"), the overall judgement or all five of RoB 2.
    """
    words = {j["judgement"] for j in judgements}
    if "high" in words:
        return HIGH
    if words & {"unclear", "some concerns"}:
        return CONCERNS
    for tool in vocabulary().words("rob_tools"):
        judged = {j["domain"] for j in judgements if j["tool"] == tool}
        mark = f"({tool.replace('RoB', 'RoB ')})"
        domains = {d for d, label in vocabulary().words("rob_domains").items() if mark in label}
        if "overall" in judged or (judged and domains - {"overall", *_OPTIONAL} <= judged):
            return LOW
    return UNJUDGED


def shares_of(studies: Sequence[Record], key: str) -> dict[str, float]:
    """Return per cent of the weight by a column; where nothing is weighted, effects count alike."""
    known = all(s["weight"] is not None for s in studies)
    found: dict[str, float] = defaultdict(float)
    for study in studies:
        found[study[key] or ""] += study["weight"] if known else 1.0
    total = math.fsum(found.values())
    return {name: 100 * weight / total for name, weight in found.items()}


def populations(analysis: Analysis, studies: Sequence[Record]) -> tuple[str, ...]:
    """Return the populations that carry enough of the weight to count beside a claim."""
    least = analysis.certainty.mixed
    found = shares_of(studies, "population")
    return tuple(sorted(name for name, share in found.items() if name and share >= least))


def inconsistency(record: Record, bounds: tuple[float, float] | None, limits: Thresholds) -> Rating:
    """Rate inconsistency by I² and by whether the prediction interval gives another answer.

    Another answer: it includes no effect and the interval does not; or it runs from a worthwhile
    effect on one side to one on the other. Of treated arms: it leaves the pooled value by more
    than the configured points. Where I² is 0 a wide prediction interval tells of few trials, which
    is imprecision, not of trials that differ. One trial cannot disagree with itself: not judged.
    """
    facts = {name: record[name] for name in ("measure", "k", "i2", "pi_low", "pi_high")}
    if record["k"] < 2 or record["i2"] is None:
        return Rating("inconsistency", 0, False, (), facts)
    reach = _reach(record, bounds, limits)
    substantial = record["i2"] >= limits.i2_substantial
    marks = ("i2",) * substantial + ((reach,) if reach else ())
    twice = bool(reach) and record["i2"] >= limits.i2_considerable
    return Rating("inconsistency", -2 if twice else -1 if marks else 0, True, marks, facts)


def _reach(record: Record, bounds: tuple[float, float] | None, limits: Thresholds) -> str:
    """Say which other answer the prediction interval gives; empty where none."""
    further = expected(record)
    if further is None or not record["i2"] > 0:
        return ""
    low, high = further.low, further.high
    null = NULL_VALUE.get(record["measure"])
    if null is None:
        return "apart" if _distance(record, low, high) > limits.worthwhile_points else ""
    if low <= null <= high and position(record) != "around":
        return "null"
    return "both" if bounds and low <= bounds[0] and high >= bounds[1] else ""


def _distance(record: Record, low: float, high: float) -> float:
    """Return how far the further end lies from the estimate, in percentage points."""
    scale = 100 if record["measure"] == "PLO" else 1
    return float(scale * max(record["estimate"] - low, high - record["estimate"]))


def indirectness(
    analysis: Analysis, record: Record, studies: Sequence[Record], limits: Thresholds
) -> Rating:
    """Rate indirectness as far as the data show it: comparators that are mixed and differ.

    Trials against saline and against midazolam answer one question only where they agree. What
    people, doses and outcomes have to do with a reader's question is left to the reader.
    """
    populations = sorted({s["population"] for s in studies if s["population"]})
    facts: Record = {"populations": populations}
    if analysis.select.by_arm:
        return Rating("indirectness", 0, False, (), facts)
    shares = shares_of(studies, "comparator_class")
    facts |= {"classes": shares, "p": None}
    if len(shares) < 2 or record.get("split") != "comparator_class":
        return Rating("indirectness", 0, False, (), facts)
    p = facts["p"] = record["between_p"]
    if p is None:
        return Rating("indirectness", 0, False, (), facts)
    mixed = 100 - max(shares.values()) >= limits.mixed and p < limits.mixed_p
    return Rating("indirectness", -int(mixed), True, ("mixed",) * mixed, facts)


def imprecision(
    record: Record,
    studies: Sequence[Record],
    bounds: tuple[float, float] | None,
    limits: Thresholds,
) -> Rating:
    """Rate imprecision by what the interval leaves open, and by how much information there is.

    The interval: no effect and a worthwhile one in it cost a level, worthwhile effects on both
    sides two. Information: fewer events (or people) than the optimal size cost one, far fewer
    two (Guyatt 2011; Zeng 2022). A level also goes for a ratio whose ends lie far apart, for a
    HKSJ interval far wider than Wald's, and for fewer trials than tell how far trials differ.
    An open interval together with any other of these costs two.
    """
    number, size, what = _information(record, studies, limits)
    opened = _open(record, bounds, limits)
    short = 2 if number < limits.scarce * size else int(number < size)
    facts = {
        **{name: record[name] for name in ("measure", "k", "ci_low", "ci_high")},
        **{"information": number, "size": size, "what": what},
        "position": position(record),
        "ratio": _ends_apart(record),
        "widening": _widening(record),
    }
    wide = bool(facts["ratio"] and facts["ratio"] > limits.wide_ratio)
    widened = bool(facts["widening"] and facts["widening"] > limits.widening)
    few = record["k"] < limits.fewest_trials
    found = {
        "no interval": record["ci_low"] is None,
        "both": opened == 2,
        "open": opened == 1,
        "scarce": short == 2,
        "short": short == 1,
        "wide": wide,
        "widened": widened,
        "few": few,
    }
    others = bool(short or wide or widened or few)
    worst = max(opened, short, int(others))
    rating = 2 if opened and others else worst
    marks = tuple(name for name, holds in found.items() if holds)
    return Rating("imprecision", -rating, True, marks, facts)


def _open(record: Record, bounds: tuple[float, float] | None, limits: Thresholds) -> int:
    """Say what an interval leaves open: 0 nothing, 1 no effect or a worthwhile one, 2 both sides.

    Of treated arms: 1 where an end is further from the estimate than the points, 2 twice as far.
    """
    low, high = record["ci_low"], record["ci_high"]
    if low is None or high is None:
        return 2
    if record["measure"] not in NULL_VALUE:
        off = _distance(record, low, high)
        return 2 if off > 2 * limits.worthwhile_points else int(off > limits.worthwhile_points)
    if position(record) != "around":
        return 0
    # without a known worthwhile effect none is excluded
    return 1 if bounds is None else (low <= bounds[0]) + (high >= bounds[1])


def _information(
    record: Record, studies: Sequence[Record], limits: Thresholds
) -> tuple[float, float, str]:
    """Return how much information there is, the optimal size, and what is counted."""
    events = [s[name] for s in studies for name in ("events_t", "events_c")]
    if record["measure"] in ("RR", "OR", "RD") and None not in events:
        return sum(events), limits.events, "event"
    return record["n"], limits.people, "person"


def _ends_apart(record: Record) -> float | None:
    """Return the upper end of a ratio over its lower; None for differences."""
    low, high = record["ci_low"], record["ci_high"]
    if record["measure"] not in ("RR", "OR") or low is None or high is None:
        return None
    return float(high / low) if low else math.inf


def _widening(record: Record) -> float | None:
    """Return the width of the HKSJ interval over Wald's, where HKSJ gave the result."""
    ends = [record[f"{rule}_{end}"] for rule in ("hksj", "wald") for end in ("high", "low")]
    if "HKSJ" not in record["model"] or None in ends or ends[2] == ends[3]:
        return None
    return float((ends[0] - ends[1]) / (ends[2] - ends[3]))


def publication(record: Record, asymmetry: Record | None, limits: Thresholds) -> Rating:
    """Rate publication bias by a test of small-study effects, where ten effects allow one.

    The test is one that large effects alone do not set off (`synthesize.diagnose`). A level goes
    where small trials lie further from no effect than large ones; the other way round asymmetry
    is no sign of results kept back. Never two: asymmetry has other causes (Sterne 2011). Results
    without a comparison are not judged.
    """
    p, tested = (asymmetry["test_p"], asymmetry.get("test_k", 0)) if asymmetry else (None, 0)
    facts: Record = {"k": record["k"], "p": p, "comparison": record["measure"] in NULL_VALUE}
    # enough effects, and still nothing to test on: their sizes are the same
    facts["alike"] = p is None and tested >= _TESTED
    if asymmetry is None or p is None or not facts["comparison"]:
        return Rating("publication bias", 0, False, (), facts)
    # on the scale of the analysis no effect is 0 for every comparison
    away = facts["away"] = asymmetry["test_slope"] * asymmetry["centre"] > 0
    facts["test"] = asymmetry["test"]
    suspected = p < limits.asymmetry_p and away
    return Rating("publication bias", -int(suspected), True, ("asymmetry",) * suspected, facts)
