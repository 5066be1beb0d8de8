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
from ketameta.normalize.checks.findings import Check, Finding, Row
from ketameta.normalize.checks.intervals import Reported, results
from ketameta.normalize.checks.view import View
from ketameta.stats import effect_size

APART = 1.96
_SCORES = (("mean", "sd"), ("change_mean", "change_sd"))
# how flags of rows start that stand beside the one that is pooled
_APART = ("subgroup", "do-not-pool", "conflict")
_EXPLAINS = r"direction|sign|adjusted|over days|slope|printed|derived|regression"


def look(view: View) -> Iterator[Finding]:
    """Yield contrasts that the arms' own numbers contradict."""
    for one in results(view):
        row, told = one.row, read_as(one.row.get("measure"))
        if one.column != "estimate" or told is None or (row["flag"] or "").startswith(_APART):
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
                f"{row['measure']} {row['estimate']:g}, but the arms (lines {lines[0]} and "
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


def _raw(view: View, told: Measure, t: Row, c: Row) -> Iterator[tuple[float, float, list[int]]]:
    lines = [t["line"], c["line"]]
    if not told.counts:
        for mean, sd in _SCORES[:1] if told.of_means else _SCORES:
            if None in (t[mean], c[mean], t[sd], c[sd]):
                continue
            n1, n2 = view.size(t), view.size(c)
            if not n1 or not n2 or not (t[sd] or c[sd]):
                continue
            if told.is_standardised:
                spread = math.sqrt((t[sd] ** 2 + c[sd] ** 2) / 2)
                d = (t[mean] - c[mean]) / spread
                yield d, math.sqrt(1 / n1 + 1 / n2 + d * d / (2 * (n1 + n2))), lines
                continue
            means = {"m1i": t[mean], "sd1i": t[sd], "n1i": n1, "m2i": c[mean]}
            found = effect_size(told.name, **means, sd2i=c[sd], n2i=n2)
            if math.isfinite(found.yi):
                yield float(found.yi), math.sqrt(float(found.vi)), lines
    elif all(
        row["events"] is not None and row["n"] and row["events"] <= row["n"] for row in (t, c)
    ):
        yield (*_counts(told, t["events"], t["n"], c["events"], c["n"]), lines)


def _counts(told: Measure, a: int, n1: int, c: int, n2: int) -> tuple[float, float]:
    """Return the raw estimate and its standard error; 1/2 added to every cell where one is 0.

    Nothing is added for a difference; where it has no variance, that of one person stands for it.
    """
    measure, to = (ODDS if told.of_risks is None else told), "only0"
    if not measure.is_ratio:
        to = "none"
    found = effect_size(measure.name, ai=a, n1i=n1, ci=c, n2i=n2, to=to)
    return float(found.yi), math.sqrt(float(found.vi)) or 1 / max(n1, n2)


CHECKS = (
    Check(
        "contrast-against-arms",
        "reported contrasts that the arm rows of the same outcome and hour contradict in side or "
        "by more than 1.96 standard errors",
        look,
    ),
)
