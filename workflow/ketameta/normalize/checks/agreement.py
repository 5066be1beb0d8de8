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

from ketameta.normalize.checks.findings import Check, Finding, Row
from ketameta.normalize.checks.intervals import RATIOS, Reported, results
from ketameta.normalize.checks.view import View

APART = 1.96
_SCORES = (("mean", "sd"), ("change_mean", "change_sd"))
# how flags of rows start that stand beside the one that is pooled
_APART = ("subgroup", "do-not-pool", "conflict")
_EXPLAINS = r"direction|sign|adjusted|over days|slope|printed|derived|regression"


def look(view: View) -> Iterator[Finding]:
    """Yield contrasts that the arms' own numbers contradict."""
    for one in results(view):
        row = one.row
        if one.column != "estimate" or (row["flag"] or "").startswith(_APART):
            continue
        raw = [got for pair in _arm_rows(view, row) for got in _raw(view, row["measure"], *pair)]
        if not raw:
            continue
        estimate, se, lines = min(raw, key=lambda got: abs(got[0] - one.estimate))
        if message := _disagree(one, estimate, se):
            shown = math.exp(estimate) if row["measure"] in RATIOS else estimate
            kind = "odds ratio " if row["measure"] == "HR" else ""
            message = (
                f"{row['measure']} {row['estimate']:g}, but the arms (lines {lines[0]} and "
                f"{lines[1]}) give {kind}{shown:.3g}: {message}"
            )
            yield view.finding("contrast-against-arms", row, "estimate", message, _EXPLAINS)


def _disagree(one: Reported, estimate: float, se: float) -> str:
    widths = one.widths
    own = one.se or (sum(widths) / 2 / 1.96 if widths else se)
    opposite = one.estimate * estimate < 0 and abs(one.estimate) > own and abs(estimate) > se
    if opposite:
        return "the other side of no effect"
    slack = one.half[0]
    if one.row["measure"] != "HR" and abs(one.estimate - estimate) > APART * se + slack:
        return f"{abs(one.estimate - estimate) / se:.1f} standard errors apart"
    return ""


def _arm_rows(view: View, contrast: Row) -> Iterator[tuple[Row, Row]]:
    """Yield the pairs of rows that the contrast may be of."""
    rows = view.outcomes_of.get((contrast["trial_id"], contrast["outcome"]), [])
    sides = []
    for side in ("arm_t", "arm_c"):
        sides.append(
            [
                row
                for row in rows
                if row["arm_id"] == contrast[side]
                and row["timepoint_h"] == contrast["timepoint_h"]
                and contrast["scale"] in (row["scale"], row["definition"])
                and row["analysis_set"] not in ("subgroup", "rerandomised-period-2")
            ]
        )
    for t, c in product(*sides):
        same = ("analysis_set", "definition", "scale", "flag")
        if all(t[name] == c[name] for name in same):
            yield t, c


def _raw(view: View, measure: str, t: Row, c: Row) -> Iterator[tuple[float, float, list[int]]]:
    lines = [t["line"], c["line"]]
    if measure in ("MD", "SMD"):
        for mean, sd in _SCORES:
            if None in (t[mean], c[mean], t[sd], c[sd]):
                continue
            n1, n2 = view.size(t), view.size(c)
            if not n1 or not n2 or not (t[sd] or c[sd]):
                continue
            difference = t[mean] - c[mean]
            if measure == "MD":
                yield difference, math.sqrt(t[sd] ** 2 / n1 + c[sd] ** 2 / n2), lines
            else:
                spread = math.sqrt((t[sd] ** 2 + c[sd] ** 2) / 2)
                d = difference / spread
                yield d, math.sqrt(1 / n1 + 1 / n2 + d * d / (2 * (n1 + n2))), lines
    elif all(
        row["events"] is not None and row["n"] and row["events"] <= row["n"] for row in (t, c)
    ):
        yield (*_counts(measure, t["events"], t["n"], c["events"], c["n"]), lines)


def _counts(measure: str, a: int, n1: int, c: int, n2: int) -> tuple[float, float]:
    """Return the raw estimate and its standard error; 1/2 added to every cell where one is 0."""
    add = 0.5 if measure != "RD" and 0 in (a, c, n1 - a, n2 - c) else 0.0
    p, q = (a + add) / (n1 + 2 * add), (c + add) / (n2 + 2 * add)
    m1, m2 = n1 + 2 * add, n2 + 2 * add
    if measure == "RD":
        return p - q, math.sqrt(p * (1 - p) / m1 + q * (1 - q) / m2) or 1 / max(m1, m2)
    if measure == "RR":
        return math.log(p / q), math.sqrt((1 - p) / (p * m1) + (1 - q) / (q * m2))
    odds = math.log(p * (1 - q) / (q * (1 - p)))
    return odds, math.sqrt(1 / (p * (1 - p) * m1) + 1 / (q * (1 - q) * m2))


CHECKS = (
    Check(
        "contrast-against-arms",
        "reported contrasts that the arm rows of the same outcome and hour contradict in side or "
        "by more than 1.96 standard errors",
        look,
    ),
)
