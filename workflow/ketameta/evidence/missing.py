"""Results that are not there: asymmetry of small trials, and results known to be missing."""

from __future__ import annotations

import math

from ketameta.configuration import Thresholds
from ketameta.evidence.ratings import Bounds, Evidence, Rating, Record, Rule, fired, is_share, zone
from ketameta.evidence.verdicts import CONTROL, position

DOMAIN = "publication bias"
_TESTED = 10  # effects from which `synthesize.diagnose` tests for asymmetry
# whether asymmetry survives: the p without these trials, and the column in which they would differ
CHECKS = {"without_crossovers_p": "design", "adjusted_p": "drug_route"}

MISSING_TURNS = Rule(
    "missing-turns",
    DOMAIN,
    "1",
    "Trials measured the outcome and gave no numbers that can be pooled, and the answer is "
    "another one where they are pooled as no effect: the estimate is worthwhile no more, "
    "or the interval includes no difference and did not. Results that are reported as "
    "significant, and not for control, are left out: they hide no lack of effect. So are "
    "patients whose results stand in a pooled report.",
    "results known to be missing could turn the answer",
    ("Page 2023",),
)
MISSING_MANY = Rule(
    "missing-many",
    DOMAIN,
    "1",
    "Trials measured the outcome and gave no numbers that can be pooled, as above, and "
    "{missing}% or more of all people measured are theirs.",
    "results of many people are known to be missing",
    ("Page 2023",),
)
ASYMMETRY = Rule(
    "asymmetry",
    DOMAIN,
    "1",
    "Small trials lie further from no difference than large ones (p below {asymmetry_p}, "
    "from ten trials on), and still do without crossover trials and within drug and route. "
    "A check that cannot be made is not survived; one with nothing to leave out is.",
    "small trials show larger effects than large ones",
    ("Sterne 2011",),
)


def publication(evidence: Evidence, bounds: Bounds | None, limits: Thresholds) -> Rating:
    """Rate publication bias by results known to be missing, and by a test of small-study effects.

    A level goes where trials measured the outcome and gave no numbers, and these would turn the
    answer if they saw no effect, or are of many people (ROB-ME: Page 2023, BMJ 383:e076754). It
    goes too where small trials lie further from no effect than large ones, by a test that large
    effects alone do not set off, and still do without crossovers and within drug and route; the
    other way round asymmetry is no sign of results kept back. Never two: asymmetry has other
    causes (Sterne 2011). Where neither is known nothing is judged.
    """
    facts: Record = {"k": evidence.record["k"], "comparison": not is_share(evidence.record)}
    absent, known = _absent(evidence, bounds, limits, facts)
    uneven, tested = _uneven(evidence, limits, facts)
    rules = fired(absent, uneven)
    return Rating(DOMAIN, -bool(rules), -bool(rules), known or tested, rules, facts)


def _absent(
    evidence: Evidence, bounds: Bounds | None, limits: Thresholds, facts: Record
) -> tuple[Rule | None, bool]:
    """Return the rule by which known missing results cost a level, and whether any are known.

    A result that is reported as significant, and not for control, hides no lack of effect, and
    patients of a pooled report are not missing. People are those of trials that say how many.
    """
    record, rows = evidence.record, [row for row in evidence.missing if _hides(row)]
    lost = math.fsum(row["n"] or 0 for row in rows)
    share = 100 * lost / (lost + record["n"]) if lost else 0.0
    turned = _turned(record, evidence.bound, bounds)
    labels = sorted({row["label"] for row in rows})
    facts |= {"missing": labels, "lost": lost, "share": share, "turned": turned}
    if rows and turned:
        return MISSING_TURNS, True
    many = bool(rows) and lost > 0 and share >= limits.missing
    return MISSING_MANY if many else None, bool(rows)


def _hides(row: Record) -> bool:
    """Say whether a missing result may have found no effect, or one for control."""
    if row["through"]:
        return False
    return not row["significant"] or row["direction"] == CONTROL


def _turned(record: Record, bound: Record | None, bounds: Bounds | None) -> bool:
    """Say whether the answer is another one where what is missing counts as no effect.

    The estimate is worthwhile no more, or the interval holds no effect that did not; the latter
    from three trials on, as an interval of two is wide whatever they found.
    """
    if bound is None or bound["estimate"] is None or is_share(record):
        return False
    if bounds and zone(record["estimate"], bounds) != zone(bound["estimate"], bounds):
        return True
    return position(record) != position(bound) and bound["k"] > 2


def _uneven(evidence: Evidence, limits: Thresholds, facts: Record) -> tuple[Rule | None, bool]:
    """Return the rule by which asymmetry costs a level, and whether asymmetry could be tested.

    It must survive each check. One that cannot be made is not survived, unless it has nothing to
    leave out: all trials of one design, or of one drug and route.
    """
    row = evidence.asymmetry
    p, tested = (row["test_p"], row.get("test_k", 0)) if row else (None, 0)
    facts |= {"p": p, "alike": p is None and tested >= _TESTED, "checks": {}}
    if row is None or p is None or not facts["comparison"]:
        return None, False
    # on the scale of the analysis no effect is 0 for every comparison
    away = facts["away"] = row["test_slope"] * row["centre"] > 0
    facts["test"] = row["test"]
    for name, column in CHECKS.items():
        if len({study[column] for study in evidence.studies}) > 1:
            facts["checks"][name] = row.get(name)
    survives = all(v is not None and v < limits.asymmetry_p for v in facts["checks"].values())
    return ASYMMETRY if p < limits.asymmetry_p and away and survives else None, True
