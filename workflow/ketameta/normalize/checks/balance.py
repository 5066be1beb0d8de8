"""Baselines that differ by more than randomisation gives.

Welch's t on the baseline means of two arms of one randomisation, the smallest p of a trial's pairs
times their number (Bonferroni), named below 0.01: of a hundred comparisons of a fair coin one is.
The message says how many comparisons were made, so that the reader can judge. Chance is not the
only cause: a copied cell, a swapped arm, or people lost before the baseline was taken (Altman
1985, The Statistician 34:125; Carlisle 2017, Anaesthesia 72:944). Not compared: both periods of a
crossover, subgroups, pooled arms beside their parts, derived baselines of follow-up subsets.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable
from dataclasses import dataclass
from itertools import combinations

from ketameta.normalize.checks.findings import Finding
from ketameta.normalize.checks.view import RowsByTrial
from ketameta.normalize.results import ArmResult
from ketameta.tables.parts import Placed

LEVEL = 0.01


@dataclass(frozen=True)
class _Comparison:
    """The two arms of a trial that differ most on a scale: p times the number of pairs."""

    p: float
    one: ArmResult
    other: ArmResult
    difference: float


def findings(view: RowsByTrial) -> list[Finding]:
    """Return the comparisons of baselines that chance gives less than once in a hundred."""
    compared = _comparisons(view)
    found = []
    for c in compared:
        if c.p >= LEVEL:
            continue
        one, other = c.one, c.other
        message = (
            f"baseline {one.baseline_mean:g} against {other.baseline_mean:g} "
            f"({other.arm_id}, line {other.line}): {abs(c.difference):.2f} SD apart, "
            f"p = {c.p:.2g} ({len(compared)} baselines compared)"
        )
        trial_id = one.trial_id
        also: list[Placed] = [*view.outcomes_in[trial_id]]
        also += [view.trials[trial_id]] if trial_id in view.trials else []
        explains = r"baseline.*(differ|imbalance)|imbalance"
        found.append(
            view.finding("baseline-imbalance", one, "baseline_mean", message, explains, also=also)
        )
    return found


def _comparisons(view: RowsByTrial) -> list[_Comparison]:
    groups: dict[Hashable, dict[str, ArmResult]] = defaultdict(dict)
    for row in view.outcomes:
        if row.baseline_mean is None or not row.baseline_sd or (view.size(row) or 0) < 2:
            continue
        if view.crossed(row) or row.analysis_set == "subgroup" or view.is_pooled(row):
            continue
        again = row.analysis_set if row.analysis_set == "rerandomised-period-2" else ""
        arms = groups[row.trial_id, row.scale, again]
        known = arms.get(row.arm_id)
        if known is None or (view.size(row) or 0) > (view.size(known) or 0):
            arms[row.arm_id] = row
    found = []
    for arms in groups.values():
        pairs = list(combinations(arms.values(), 2))
        if pairs:
            p, one, other, d = min((_welch(view, *pair) for pair in pairs), key=lambda got: got[0])
            found.append(_Comparison(min(1.0, p * len(pairs)), one, other, d))
    return found


def _welch(
    view: RowsByTrial, one: ArmResult, other: ArmResult
) -> tuple[float, ArmResult, ArmResult, float]:
    """Return the two-sided p of Welch's t, the arms, and their difference in SDs."""
    from scipy import special

    n1, n2 = view.size(one) or 2, view.size(other) or 2
    s1, s2 = one.number("baseline_sd"), other.number("baseline_sd")
    v1, v2 = s1**2 / n1, s2**2 / n2
    difference = one.number("baseline_mean") - other.number("baseline_mean")
    df = (v1 + v2) ** 2 / (v1 * v1 / (n1 - 1) + v2 * v2 / (n2 - 1))
    p = 2 * float(special.stdtr(df, -abs(difference) / math.sqrt(v1 + v2)))
    pooled = math.sqrt((s1**2 + s2**2) / 2)
    return p, one, other, difference / pooled


CHECKS = {"baseline-imbalance": findings}
