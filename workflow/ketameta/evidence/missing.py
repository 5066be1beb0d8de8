"""Results that are not there: asymmetry of small trials, and results known to be missing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from ketameta.configuration import Thresholds
from ketameta.evidence.ratings import CertaintyRule, Evidence, Rating, fired, is_share, zone
from ketameta.evidence.verdicts import CONTROL, position
from ketameta.synthesize.worthwhile import Bounds
from ketameta.tables.effects import MissingResultRow
from ketameta.tables.syntheses import SensitivityRow, SynthesisRow

DOMAIN = "publication bias"
_TESTED = 10  # effects from which `synthesize.diagnose` tests for asymmetry
# whether asymmetry survives: the p without these trials, and the column in which they would differ
CHECKS = {"without_crossovers_p": "design", "adjusted_p": "drug_route"}

MISSING_TURNS = CertaintyRule(
    "missing-turns",
    DOMAIN,
    "1",
    "Trials measured the outcome and gave no numbers that can be pooled, and the answer is "
    "another one where they are pooled as no effect: the estimate is worthwhile no more, "
    "or the interval includes no difference and did not. Results that are reported as "
    "significant, and not for control, are left out: they hide no lack of effect. So are "
    "people whose results stand in a pooled report.",
    "results known to be missing could turn the answer",
    ("Page 2023",),
)
MISSING_MANY = CertaintyRule(
    "missing-many",
    DOMAIN,
    "1",
    "Trials measured the outcome and gave no numbers that can be pooled, as above, and "
    "{missing}% or more of all people measured are theirs.",
    "results of many people are known to be missing",
    ("Page 2023",),
)
ASYMMETRY = CertaintyRule(
    "asymmetry",
    DOMAIN,
    "1",
    "Small trials lie further from no difference than large ones (p below {asymmetry_p}, "
    "from ten trials on), and still do without crossover trials and within treatment and route. "
    "A check that cannot be made is not survived; one with nothing to leave out is.",
    "small trials show larger effects than large ones",
    ("Sterne 2011",),
)


@dataclass(frozen=True, slots=True)
class Absent:
    """Results known to be missing: trials, people, their share (per cent), if the answer turns."""

    labels: tuple[str, ...]
    people: float
    share: float
    turned: bool


@dataclass(frozen=True, slots=True)
class Uneven:
    """A test of small-study effects, its p, and by name the p of each check that can be made.

    `alike` says that all trials are of one size, `away` that small ones lie further from no effect.
    """

    p: float | None = None
    alike: bool = False
    test: str = ""
    away: bool = False
    checks: Mapping[str, float | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Publication:
    """What publication bias is rated by; `comparison` is false of treated arms alone."""

    k: int
    comparison: bool
    absent: Absent
    uneven: Uneven


def publication(
    evidence: Evidence, bounds: Bounds | None, limits: Thresholds
) -> Rating[Publication]:
    """Rate publication bias by results known to be missing, and by a test of small-study effects.

    A level goes where trials measured the outcome and gave no numbers, and these would turn the
    answer if they saw no effect, or are of many people (ROB-ME: Page 2023, BMJ 383:e076754). It
    goes too where small trials lie further from no effect than large ones, by a test that large
    effects alone do not set off, and still do without crossovers and within treatment and route;
    the other way round asymmetry is no sign of results kept back. Never two: asymmetry has other
    causes (Sterne 2011). Where neither is known nothing is judged.
    """
    comparison = not is_share(evidence.record)
    absent = _absent(evidence, bounds)
    uneven = _uneven(evidence, comparison)
    rules = fired(
        _costs(absent, limits), ASYMMETRY if comparison and _survives(uneven, limits) else None
    )
    known = bool(absent.labels) or (comparison and uneven.p is not None)
    facts = Publication(evidence.record.k, comparison, absent, uneven)
    return Rating(DOMAIN, -bool(rules), -bool(rules), known, rules, facts)


def _absent(evidence: Evidence, bounds: Bounds | None) -> Absent:
    """Return what is known of missing results.

    A result that is reported as significant, and not for control, hides no lack of effect, and
    people of a pooled report are not missing. People are those of trials that say how many.
    """
    record, rows = evidence.record, [row for row in evidence.missing if hides(row)]
    lost = math.fsum(row.n or 0 for row in rows)
    share = 100 * lost / (lost + record.n) if lost else 0.0
    labels = sorted({row.label for row in rows})
    return Absent(tuple(labels), lost, share, _turned(record, evidence.bound, bounds))


def _costs(absent: Absent, limits: Thresholds) -> CertaintyRule | None:
    """Return the rule by which known missing results cost a level."""
    if not absent.labels:
        return None
    if absent.turned:
        return MISSING_TURNS
    return MISSING_MANY if absent.people > 0 and absent.share >= limits.missing else None


def hides(row: MissingResultRow) -> bool:
    """Say whether a missing result may have found no effect, or one for control."""
    if row.through:
        return False
    return not row.significant or row.direction == CONTROL


def _turned(record: SynthesisRow, bound: SensitivityRow | None, bounds: Bounds | None) -> bool:
    """Say whether the answer is another one where what is missing counts as no effect.

    The estimate is worthwhile no more, or the interval holds no effect that did not; the latter
    from three trials on, as an interval of two is wide whatever they found.
    """
    if bound is None or bound.estimate is None or record.estimate is None or is_share(record):
        return False
    if bounds and zone(record.estimate, bounds) != zone(bound.estimate, bounds):
        return True
    return position(record) != position(bound) and bound.k > 2


def _uneven(evidence: Evidence, comparison: bool) -> Uneven:
    """Return what is known of asymmetry, with the checks that have something to leave out.

    That is trials of another design, or of another treatment and route.
    """
    row = evidence.asymmetry
    if row is None:
        return Uneven()
    slope, p = row.test_slope, row.test_p
    if p is None or slope is None or not comparison:
        return Uneven(p, alike=p is None and (row.test_k or 0) >= _TESTED)
    checks = {
        name: getattr(row, name)
        for name, column in CHECKS.items()
        if len({getattr(study, column) for study in evidence.studies}) > 1
    }
    # on the scale of the analysis no effect is 0 for every comparison
    return Uneven(p, test=row.test or "", away=slope * row.centre > 0, checks=checks)


def _survives(uneven: Uneven, limits: Thresholds) -> bool:
    """Say whether asymmetry costs a level: it must survive each check, one not made is none."""
    least = limits.asymmetry_p
    if uneven.p is None or uneven.p >= least or not uneven.away:
        return False
    return all(p is not None and p < least for p in uneven.checks.values())
