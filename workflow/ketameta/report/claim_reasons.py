"""Why an analysis, a part or a claim has its verdict, in a sentence for each rule."""

from __future__ import annotations

from ketameta.evidence.claim_rules import Reason

BECAUSE: dict[Reason, str] = {
    "no analysis": "No analysis of these trials tests it.",
    "no estimate": "There is nothing pooled to hold it against.",
    "one small": "One small trial alone gives no verdict.",
    "few directions": "Its results are not pooled but told by direction, and few trials have one.",
    "directions": "Its results are not pooled but told by direction, trial by trial.",
    "no comparison": "Treated arms alone show no difference from control.",
    "no direction": "The claim names no direction to hold the result against.",
    "none named": "No outcome of these trials could tell.",
    "other unit": "The claimed number and the result are not in the same unit.",
    "groups": "Groups of these trials differ, and are not all for it.",
    "analyses": "Its analyses are not all for it.",
    "parts": "Its parts are not all borne out.",
    "better": "The interval lies on the better side for treatment.",
    "small": "The interval lies on the better side for treatment, but the average is smaller than "
    "the smallest effect worth having.",
    "no worse": "The interval excludes a harm that would matter.",
    "little": "The interval excludes every benefit worth having.",
    "open": "The interval leaves it open: it includes no difference and one that would matter.",
    "both open": "The interval includes a worthwhile benefit and a worthwhile harm.",
    "opposite": "The interval lies on the better side for control.",
    "worse": "The interval lies on the worse side for treatment.",
    "little worse": "The interval lies on the worse side for treatment, but the average is smaller "
    "than a harm that would matter.",
    "without: worse": "People do worse without it: the interval lies on the better side for "
    "treatment.",
    "without: little worse": "People do a little worse without it.",
    "without: no worse": "The interval excludes that going without would matter.",
    "without: better": "People do better without it.",
    "inside": "The claimed value lies inside the interval.",
    "more": "The whole interval lies on the better side of the claimed value.",
    "near": "The whole interval falls short of the claimed value, and the average comes near it.",
    "short": "The whole interval falls short of the claimed value.",
    "wide": "The interval holds the claimed value, and values far short of it.",
    "far": "The interval holds the claimed value, but the average lies far short of it.",
    "curves": "Its curves are not all for it.",
    "no course": "There is no such time course.",
    "no curve": "Too few trials for a curve over time.",
    "beyond hours": "Its trials do not reach the hours that are asked.",
    "few freedom": "The interval of the curve rests on too few trials to be trusted.",
    "grows": "The effect grows between the two times.",
    "holds": "The interval excludes that the effect falls by an amount that matters.",
    "fades": "The effect falls between the two times.",
    "fades a little": "The effect falls between the two times, by less than would matter.",
    "control too": "The control arms come as near to the claimed value as the treated.",
}
