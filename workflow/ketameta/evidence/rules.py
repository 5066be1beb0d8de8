"""The rules of certainty as records: what each asks, what it takes, by which thresholds and whom.

The functions of the domains decide; a rating names the rule that fired by its `name`.
"""

from __future__ import annotations

from dataclasses import dataclass

from ketameta.evidence import agreement, bias, missing, precision
from ketameta.synthesize.prediction import FEWEST


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: its domain, the levels that it takes, when, and as one reason in a few words.

    `when` names thresholds in braces; `sources` are short names of `report.references`.
    """

    name: str
    domain: str
    levels: str
    when: str
    short: str
    sources: tuple[str, ...]


_GUIDE = ("Guyatt 2008",)
_SIZE = ("Zeng 2022", "Guyatt 2011")
_SHARE = ("Iorio 2015", "Guyatt 2023")
_AGREE = ("Cochrane Handbook", "Guyatt 2023")

RULES = {
    rule.name: rule
    for rule in (
        Rule(
            *("high-risk", bias.DOMAIN, "2"),
            "Trials at high risk of bias in two domains or more carry {bias_high}% of the weight "
            "or more.",
            "most of the weight is from trials at high risk of bias in several domains",
            ("Cochrane Handbook", *_GUIDE),
        ),
        Rule(
            *("high", bias.DOMAIN, "1"),
            "Trials at high risk of bias in one domain or more carry {bias_not_low}% of the weight "
            "or more.",
            "most of the weight is from trials at high risk of bias in one domain or more",
            ("Cochrane Handbook", *_GUIDE),
        ),
        Rule(
            *("not-low", bias.DOMAIN, "1"),
            "Trials at high risk of bias in any domain, or with an unclear domain or some "
            "concerns, carry {bias_not_low}% of the weight or more; those at high risk less.",
            "most of the weight is from trials with concerns about bias",
            ("Cochrane Handbook", *_GUIDE),
        ),
        Rule(
            *("not-judged", bias.DOMAIN, "0 to 1"),
            "With the trials that nobody has judged, or not in every domain, those not shown to be "
            "at low risk carry {bias_not_low}% of the weight or more; without them less. What "
            "nobody has judged never costs two levels. The level is then a range: its lower end "
            "counts these trials as not low, its upper end as low. It is one too where reports do "
            "not answer signalling questions of RoB 2: the lower end takes what the algorithm "
            "makes of no information, the upper end what it makes if all were well.",
            "risk of bias is not judged for most of the weight",
            ("Cochrane Handbook", *_GUIDE),
        ),
        Rule(
            *("predicts-none", agreement.INCONSISTENCY, "1, with I² from {i2_considerable}% on 2"),
            f"From {FEWEST} trials on: the prediction interval reaches to the other "
            "side of no difference, the interval of the average does not.",
            "a new trial may see no difference where the average does",
            _AGREE,
        ),
        Rule(
            *("predicts-both", agreement.INCONSISTENCY, "1, with I² from {i2_considerable}% on 2"),
            f"From {FEWEST} trials on: the prediction interval runs from a worthwhile "
            "effect on one side of no difference to one on the other.",
            "trials may differ from worthwhile benefit to worthwhile harm",
            _AGREE,
        ),
        Rule(
            *("i2", agreement.INCONSISTENCY, "1"),
            "I² is {i2_substantial}% or more. Where a split explains why trials differ (p below "
            "{mixed_p}, and {mixed}% of the weight or more outside its heaviest group), it is the "
            "I² that is left within the groups: the difference between them is not charged twice.",
            "trials differ more than chance would have them differ",
            _AGREE,
        ),
        Rule(
            *("spread-far", agreement.INCONSISTENCY, "2"),
            "Of a share or a fall in the people treated: 95% of the true values of trials reach "
            "more than {spread_considerable} points from the pooled one. I² is not asked: of "
            "shares it says little.",
            "trials lie very far apart",
            _SHARE,
        ),
        Rule(
            *("spread", agreement.INCONSISTENCY, "1"),
            "Of a share or a fall in the people treated: 95% of the true values of trials reach "
            "more than {worthwhile_points} points from the pooled one.",
            "trials lie far apart",
            _SHARE,
        ),
        Rule(
            *("alone", agreement.INCONSISTENCY, "1"),
            "Of a share or a fall in the people treated: one trial alone. It shows what happened "
            "in one place, without a comparison that would hold in another.",
            "one trial shows what happened in one place",
            _SHARE,
        ),
        Rule(
            *("mixed", agreement.INDIRECTNESS, "1"),
            "The groups of a split differ (p below {mixed_p}), and groups with {mixed}% of the "
            "weight or more give another answer than the rest: worthwhile or not, or on the other "
            "side. The total then averages answers to unlike questions; read the groups.",
            "it averages groups of trials with unlike answers",
            _AGREE,
        ),
        Rule(
            *("no-interval", precision.DOMAIN, "2"),
            "There is no interval.",
            "there is no interval",
            _SIZE,
        ),
        Rule(
            *("crossed-both", precision.DOMAIN, "2"),
            "The interval holds a worthwhile effect on both sides of no difference. Worthwhile "
            "are: of events a difference of risks of {worthwhile_risk} at the typical control risk "
            "(where none is known, a ratio of {worthwhile_ratio} or its inverse), of scores the "
            "minimal important difference of the scale, else {worthwhile_smd} of a standard "
            "deviation.",
            "worthwhile benefit and worthwhile harm are both left open",
            _SIZE,
        ),
        Rule(
            *("crossed", precision.DOMAIN, "1, with too little information 2"),
            "The interval holds a worthwhile effect on one side, and smaller ones or none: whether "
            "the effect is worthwhile is left open.",
            "whether the effect is worthwhile is left open",
            _SIZE,
        ),
        Rule(
            *("scarce", precision.DOMAIN, "2"),
            "The effect is large (a ratio of {large_ratio} or its inverse and beyond, "
            "or {large_smd} standard deviations) or the interval very wide (a ratio's ends "
            "{wide_ratio} times apart, of scores {large_smd} standard deviations), and there are "
            "fewer than {scarce} × {events} events (of scores, {scarce} × {people} people).",
            "very few people or events for so large or so uncertain an effect",
            _SIZE,
        ),
        Rule(
            *("wide", precision.DOMAIN, "1"),
            "The upper end of a ratio is {wide_ratio} times its lower end or more.",
            "the ends of the interval lie far apart",
            _SIZE,
        ),
        Rule(
            *("short", precision.DOMAIN, "1"),
            "The effect is large or the interval of scores very wide, as above, and there are "
            "fewer than {short} × {events} events (of scores, {short} × {people} people). Short of "
            "the whole number is no reason: it is a rule of thumb, and no cliff.",
            "few people or events for so large an effect",
            _SIZE,
        ),
        Rule(
            *("points-twice", precision.DOMAIN, "2"),
            "Of a share or a fall in the people treated: the interval reaches more than twice "
            "{worthwhile_points} points from the pooled value.",
            "the interval is very wide",
            _SHARE,
        ),
        Rule(
            *("points", precision.DOMAIN, "1"),
            "Of a share or a fall in the people treated: the interval reaches more than "
            "{worthwhile_points} points from the pooled value.",
            "the interval is wide",
            _SHARE,
        ),
        Rule(
            *("missing-turns", missing.DOMAIN, "1"),
            "Trials measured the outcome and gave no numbers that can be pooled, and the answer is "
            "another one where they are pooled as no effect: the estimate is worthwhile no more, "
            "or the interval includes no difference and did not. Results that are reported as "
            "significant, and not for control, are left out: they hide no lack of effect. So are "
            "patients whose results stand in a pooled report.",
            "results known to be missing could turn the answer",
            ("Page 2023",),
        ),
        Rule(
            *("missing-many", missing.DOMAIN, "1"),
            "Trials measured the outcome and gave no numbers that can be pooled, as above, and "
            "{missing}% or more of all people measured are theirs.",
            "results of many people are known to be missing",
            ("Page 2023",),
        ),
        Rule(
            *("asymmetry", missing.DOMAIN, "1"),
            "Small trials lie further from no difference than large ones (p below {asymmetry_p}, "
            "from ten trials on), and still do without crossover trials and within drug and route. "
            "A check that cannot be made is not survived; one with nothing to leave out is.",
            "small trials show larger effects than large ones",
            ("Sterne 2011",),
        ),
    )
}
