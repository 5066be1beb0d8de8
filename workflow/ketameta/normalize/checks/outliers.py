"""Effects that no trial of these treatments gives, or that stand apart from their analysis.

|g| above 2 means that 98 in 100 of the treated are better off than the average control; errors of
extraction, mostly an SE taken for an SD, give such values far more often than treatments do. It is
looked for between the arms of each comparison as entered, and in the effects.

An effect stands apart when its deleted residual is above 3: its distance from the pooled effect
of the others, over √(vi + tau² of the others + variance of that pooled effect) (Viechtbauer &
Cheung 2010, Res Synth Methods 1:112, who take 1.96; 3 here, as one table looks at all analyses at
once), with REML and at least four others. An effect that is alone on its side of no effect, by
more than 1.96 of its own standard errors, with a residual above 1.96 that its mirror image would
not have, is named as a sign that may be turned.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator
from itertools import combinations

from ketameta.measures import MEASURES
from ketameta.normalize.checks.findings import Finding, once, remark
from ketameta.normalize.checks.view import RowsByTrial
from ketameta.normalize.results import ArmResult
from ketameta.tables.collection import by
from ketameta.tables.effects import EffectRow
from ketameta.tables.problems import WARNING

LARGEST_G = 2.0
APART = 3.0
OPPOSITE = 1.96
FEWEST_OTHERS = 4
_SCORES = (("mean", "sd"), ("change_mean", "change_sd"))
_EXPLAINS = r"\bSEs?\b|check|sign|derived"


def g_above_2(view: RowsByTrial) -> list[Finding]:
    """Return standardised mean differences above 2 either way, of arms as entered and of effects.

    Once for two arms of a trial, and not again of an effect of rows that are named.
    """
    found: list[tuple[Hashable, Finding]] = []
    named: set[str] = set()
    for rows in view.comparisons.values():
        for one, other in combinations([row for row in rows if (view.size(row) or 0) > 1], 2):
            for mean, sd in _SCORES:
                g = _g(view, one, other, mean, sd)
                if abs(g) <= LARGEST_G:
                    continue
                named |= {one.key, other.key}
                message = (
                    f"g = {g:.2f} against {other.arm_id} (line {other.line}): beyond "
                    f"{LARGEST_G:g}, look for a standard error taken for an SD"
                )
                key = (one.trial_id, one.arm_id, other.arm_id, one.scale, sd)
                found.append((key, view.finding("g-above-2", one, sd, message, _EXPLAINS)))
    result = once(found)
    for effect in view.effects:
        if not MEASURES[effect.measure].is_standardised or abs(effect.yi or 0) <= LARGEST_G:
            continue
        if not named & set(effect.rows):
            message = (
                f"g = {effect.yi:.2f} in {effect.analysis}: beyond {LARGEST_G:g}, look for a "
                f"standard error taken for an SD (rows {', '.join(effect.rows)})"
            )
            result.append(_about(view, "g-above-2", effect, message))
    return result


def _g(view: RowsByTrial, one: ArmResult, other: ArmResult, mean: str, sd: str) -> float:
    """Return Hedges' g of two arms with the approximate correction; 0 where it is not to be had."""
    m1, s1, m2, s2 = one.value(mean), one.value(sd), other.value(mean), other.value(sd)
    if one.arm_id == other.arm_id or m1 is None or m2 is None or not s1 or not s2:
        return 0.0
    n1, n2 = view.size(one) or 2, view.size(other) or 2
    df = n1 + n2 - 2
    pooled = math.sqrt(((n1 - 1) * s1**2 + (n2 - 1) * s2**2) / df)
    return (1 - 3 / (4 * df - 1)) * (m1 - m2) / pooled


def effect_apart(view: RowsByTrial) -> Iterator[Finding]:
    """Yield effects that stand apart from the others of their analysis."""
    kept = (effect for effect in view.effects if effect.yi is not None and effect.vi)
    analyses = by(kept, lambda effect: effect.analysis)
    if not analyses:
        return
    import numpy as np

    from ketameta.stats.sensitivity.influence import leave_one_out

    for analysis, effects in analyses.items():
        if len(effects) <= FEWEST_OTHERS:
            continue
        rest = leave_one_out(
            [effect.yi for effect in effects],
            [effect.vi for effect in effects],
            interval="wald",
            tau2_interval=None,
        )
        fits = np.stack([rest.estimate, rest.tau2, rest.se], axis=-1).tolist()
        below, above = (sum(sign * e.yi > 0 for e in effects) for sign in (-1, 1))
        for effect, fit in zip(effects, fits, strict=True):
            alone = (below if effect.yi > 0 else above if effect.yi else 0) == len(effects) - 1
            if message := _apart(effect, len(effects) - 1, alone, *fit):
                message = f"{effect.measure} {effect.yi:.2f} in {analysis} {message}"
                yield _about(view, "effect-apart", effect, message)


def _apart(effect: EffectRow, others: int, alone: bool, mu: float, tau2: float, se: float) -> str:
    """Say how an effect stands apart from the others, pooled as mu with tau² and se; or nothing.

    `alone` says that all others are on the other side of no effect.
    """
    spread = math.sqrt(effect.vi + tau2 + se * se)
    z, mirrored = (effect.yi - mu) / spread, (-effect.yi - mu) / spread
    where = f"from the {others} others pooled ({mu:.2f}, tau {math.sqrt(tau2):.2f})"
    alone = alone and MEASURES[effect.measure].compares
    clear = abs(effect.yi) > OPPOSITE * math.sqrt(effect.vi)
    if alone and clear and abs(z) > OPPOSITE > abs(mirrored):
        return f"is the only one of its sign, {abs(z):.1f} SE {where}; with the other sign it fits"
    return f"is {abs(z):.1f} SE {where}" if abs(z) > APART else ""


def _about(view: RowsByTrial, check: str, effect: EffectRow, message: str) -> Finding:
    """Place an effect's finding on the first raw row behind it."""
    file, _, line = effect.rows[0].partition(":")
    row = view.placed.get(effect.rows[0])
    arm_id, said = ("", "") if row is None else (row.arms[0], remark([row], _EXPLAINS))
    about = check, WARNING, file, int(line), "", effect.trial_id, arm_id
    return Finding(*about, f"{effect.yi:.3g}", message + said)


CHECKS = {"g-above-2": g_above_2, "effect-apart": effect_apart}
