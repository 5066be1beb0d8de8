"""Reported contrasts against the arm rows of the same outcome, scale and hour.

The two are of the same people, so an adjusted estimate differs from the raw one by less than
either varies: the variance of their difference is at most that of the raw estimate. They disagree
when they are further apart than 1.96 raw standard errors, or when they lie on different sides of
no effect, each by more than its own standard error. Where several arm rows fit (endpoint and
change, observed and carried forward), the nearest is taken. A hazard ratio is compared in its
side only, with the odds ratio of the counts. A contrast names its event in ``scale`` or by the
definition of the arm rows. Left out: subgroups, rows not to be pooled, and models whose estimate
is of another kind (vocabulary: unusable models).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product

from ketameta.measures import ODDS, Measure, read_as
from ketameta.normalize.checks.findings import Finding
from ketameta.normalize.checks.intervals import Reported, rows_with_interval
from ketameta.normalize.checks.view import RowsByTrial
from ketameta.normalize.results import ArmResult, Contrast
from ketameta.stats import effect_size

APART = 1.96
_SCORES = (("mean", "sd"), ("change_mean", "change_sd"))
# how flags of rows start that stand beside the one that is pooled
_APART = ("subgroup", "do-not-pool", "conflict")
_EXPLAINS = r"direction|sign|adjusted|over days|slope|printed|derived|regression"


def findings(view: RowsByTrial) -> Iterator[Finding]:
    """Yield contrasts that the arms' own numbers contradict."""
    for one in view.once(rows_with_interval):
        row = one.row
        told = read_as(row.measure) if isinstance(row, Contrast) else None
        if not isinstance(row, Contrast) or told is None or (row.flag or "").startswith(_APART):
            continue
        # a hazard ratio
        near = told.is_ratio and told.of_risks is None
        raw = [got for pair in _arm_rows(view, row) for got in _raw(view, told, *pair)]
        if not raw:
            continue
        estimate, se, lines = min(raw, key=lambda got: abs(got[0] - one.estimate))
        if message := _disagree(one, estimate, se, near):
            shown = told.transform.back(estimate)
            kind = f"{ODDS.words} " if near else ""
            message = (
                f"{row.measure} {row.estimate:g}, but the arms (lines {lines[0]} and "
                f"{lines[1]}) give {kind}{shown:.3g}: {message}"
            )
            yield view.finding("contrast-against-arms", row, "estimate", message, _EXPLAINS)


def _disagree(one: Reported, estimate: float, se: float, near: bool) -> str:
    widths = one.widths
    own = one.se or (sum(widths) / 2 / 1.96 if widths else se)
    opposite = one.estimate * estimate < 0 and abs(one.estimate) > own and abs(estimate) > se
    if opposite:
        return "the other side of no effect"
    slack = one.half[0]
    if not near and abs(one.estimate - estimate) > APART * se + slack:
        return f"{abs(one.estimate - estimate) / se:.1f} standard errors apart"
    return ""


def _arm_rows(view: RowsByTrial, contrast: Contrast) -> Iterator[tuple[ArmResult, ArmResult]]:
    """Yield the pairs of rows that the contrast may be of."""
    rows = view.outcomes_of.get((contrast.trial_id, contrast.outcome), [])
    sides = []
    for arm_id in contrast.arms:
        sides.append(
            [
                row
                for row in rows
                if row.arm_id == arm_id
                and row.timepoint_h == contrast.timepoint_h
                and contrast.scale in (row.scale, row.definition)
                and row.analysis_set not in ("subgroup", "rerandomised-period-2")
            ]
        )
    for t, c in product(*sides):
        same = ("analysis_set", "definition", "scale", "flag")
        if all(getattr(t, name) == getattr(c, name) for name in same):
            yield t, c


def _raw(
    view: RowsByTrial, told: Measure, t: ArmResult, c: ArmResult
) -> Iterator[tuple[float, float, list[int]]]:
    lines = [t.line, c.line]
    if not told.counts:
        for mean, sd in _SCORES[:1] if told.of_means else _SCORES:
            m1, m2, s1, s2 = t.value(mean), c.value(mean), t.value(sd), c.value(sd)
            n1, n2 = view.size(t), view.size(c)
            if m1 is None or m2 is None or s1 is None or s2 is None:
                continue
            if not n1 or not n2 or not (s1 or s2):
                continue
            if told.is_standardised:
                d = (m1 - m2) / math.sqrt((s1**2 + s2**2) / 2)
                yield d, math.sqrt(1 / n1 + 1 / n2 + d * d / (2 * (n1 + n2))), lines
                continue
            found = effect_size(told.name, m1i=m1, sd1i=s1, n1i=n1, m2i=m2, sd2i=s2, n2i=n2)
            if math.isfinite(found.yi):
                yield float(found.yi), math.sqrt(float(found.vi)), lines
        return
    a, b, n1, n2 = t.events, c.events, t.n, c.n
    if a is not None and b is not None and n1 and n2 and a <= n1 and b <= n2:
        yield (*_counts(told, a, n1, b, n2), lines)


def _counts(told: Measure, a: int, n1: int, c: int, n2: int) -> tuple[float, float]:
    """Return the raw estimate and its standard error; 1/2 added to every cell where one is 0.

    Nothing is added for a difference; where it has no variance, that of one person stands for it.
    """
    measure, to = (ODDS if told.of_risks is None else told), "only0"
    if not measure.is_ratio:
        to = "none"
    found = effect_size(measure.name, ai=a, n1i=n1, ci=c, n2i=n2, to=to)
    return float(found.yi), math.sqrt(float(found.vi)) or 1 / max(n1, n2)


CHECKS = {"contrast-against-arms": findings}
