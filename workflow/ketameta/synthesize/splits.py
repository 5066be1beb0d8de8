"""Splits of an analysis: its trials in groups, each group pooled, and the groups compared.

Groups share one tau² unless the configuration says otherwise, as few trials a group say little of
their own (Borenstein 2009, Introduction to Meta-Analysis, chapter 19), and take the interval rule
of the total. Trials with one group in common are compared between trials, never within them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from scipy.special import chdtrc

from ketameta.configuration import Analysis, Model
from ketameta.measures import INVERSE_VARIANCE
from ketameta.methods import COMMON, NEED_ONE_MEAN, SEPARATE
from ketameta.stats import Subgroups, subgroup_analysis
from ketameta.synthesize.people import count_people
from ketameta.synthesize.pool import (
    Synthesis,
    count_trials,
    finite_or_none,
    independent,
    pooled,
    scaled,
)
from ketameta.synthesize.words import group_of
from ketameta.tables.collection import by
from ketameta.tables.effects import EffectRow
from ketameta.tables.fits import Engine, IntervalRule
from ketameta.tables.parts import PoolableEffect
from ketameta.tables.syntheses import SplitRow, SubgroupRow
from ketameta.tables.table import extended
from ketameta.vocabulary.narrowing import keys

Groups = Mapping[str, Sequence[EffectRow]]
# Goodman and Kruskal's lambda from which two splits are told to go together: knowing the one
# halves the errors in guessing the other
TOGETHER = 0.5
# in front of each label: a group that is not known has one too
_AS = "group "


# the same groups are compared for the plot and for the table of splits
@cache
def _compared(
    yi: tuple[float, ...],
    vi: tuple[float, ...],
    labels: tuple[str, ...],
    tau2: str,
    interval: str,
    level: float = 0.95,
    *,
    common: bool,
) -> Subgroups:
    effects = np.array(yi), np.array(vi), labels
    return subgroup_analysis(*effects, tau2, interval, level=level, common=common)


def groups_of(split: str, effects: Sequence[EffectRow]) -> Groups:
    """Return the effects by group, in the order of the vocabulary; unknown groups come last."""
    groups = by(effects, lambda effect: group_of(split, effect))
    order = {name: place for place, name in enumerate(keys()[split])}
    names = sorted(groups, key=lambda name: (order.get(name, len(order)), name))
    return {name: groups[name] for name in names}


def plotted_split(analysis: Analysis, effects: Sequence[EffectRow]) -> str | None:
    """Return the split on the plot: the first that makes two groups; None where none does."""
    return next((s for s in analysis.model.splits if len(_known(groups_of(s, effects))) > 1), None)


def _known(groups: Groups) -> Groups:
    """Leave out the trials of which the group is not known: they compare with nothing."""
    return {name: own for name, own in groups.items() if name}


def splits(
    analysis: Analysis, effects: Sequence[EffectRow]
) -> tuple[list[SubgroupRow], list[SplitRow]]:
    """Return the rows of the tables subgroups and splits: each split that makes two groups."""
    groups, tests = [], []
    labels = {s: [group_of(s, effect) for effect in effects] for s in analysis.model.splits}
    for split in analysis.model.splits:
        members = groups_of(split, effects)
        if len(_known(members)) < 2:
            continue
        common = _common(effects, analysis.model)
        found = _together(analysis, members) if common else _apart(analysis, members)
        place = {"analysis": analysis.name, "split": split}
        groups += [extended(SubgroupRow, f, **place, subgroup=name) for name, f in found.items()]
        test = between_groups(members, analysis.model)
        others = [s for s in analysis.model.splits if s != split]
        tests.append(
            SplitRow(
                **place,
                groups=len(_known(members)),
                q=test.q if test else None,
                df=test.df if test else None,
                p=test.p if test else None,
                tau2=test.tau2 if test else None,
                tau2_groups=COMMON if common else SEPARATE,
                confounded=[
                    s for s in others if likeness_of_splits(labels[split], labels[s]) >= TOGETHER
                ],
            )
        )
    return groups, tests


def _common(effects: Sequence[PoolableEffect], model: Model) -> bool:
    """Say whether groups share one tau²: where effects are independent and weighed by variance."""
    by_variance = model.pooling == INVERSE_VARIANCE and model.interval not in NEED_ONE_MEAN
    return model.tau2_subgroups == COMMON and by_variance and independent(effects)


def _apart(analysis: Analysis, members: Groups) -> dict[str, Synthesis]:
    return {
        name: pooled(analysis.select.measure, own, analysis.model) for name, own in members.items()
    }


def _together(analysis: Analysis, members: Groups) -> dict[str, Synthesis]:
    """Pool each group with the tau² of all; one trial alone is its own effect, not pooled."""
    measure, model = analysis.select.measure, analysis.model
    several = {name: own for name, own in members.items() if len(own) > 1}
    result = {name: pooled(measure, own, model) for name, own in members.items() if len(own) == 1}
    if not several:
        return {name: result[name] for name in members}
    yi, vi, labels = _columns(members)
    fit = _compared(yi, vi, labels, model.tau2, model.interval, level=model.level, common=True)
    place = {name.removeprefix(_AS): i for i, name in enumerate(fit.labels)}
    for name, own in several.items():
        i = place[name]
        ends = {
            end: finite_or_none(getattr(fit, end)[i]) for end in ("estimate", "ci_low", "ci_high")
        }
        tested: dict[str, Any] = {
            field: finite_or_none(np.broadcast_to(getattr(fit, field), len(place))[i])
            for field in ("se", "p", "tau2", "i2", "q")
        }
        result[name] = scaled(
            *(measure, count_trials(own), count_people(own), ends),
            **tested,
            q_df=len(own) - 1,
            q_p=finite_or_none(chdtrc(len(own) - 1, tested["q"])),
            engine=Engine.GROUPS,
            tau2_by=model.tau2,
            rule=IntervalRule(str(fit.rule[i])),
        )
    return {name: result[name] for name in members}


def _columns(members: Groups) -> tuple[tuple[float, ...], tuple[float, ...], tuple[str, ...]]:
    effects = [effect for own in members.values() for effect in own]
    labels = tuple(_AS + name for name, own in members.items() for _ in own)
    return tuple(e.yi for e in effects), tuple(e.vi for e in effects), labels


@dataclass(frozen=True, slots=True)
class Between:
    """Q between groups, its degrees of freedom and p, and the tau² left within, if it is one."""

    q: float | None
    df: int
    p: float | None
    tau2: float | None


def between_groups(members: Groups, model: Model) -> Between | None:
    """Test whether groups differ: Q between them, chi-squared (see `stats.subgroup_analysis`).

    None for fewer than two groups, and for effects that share controls.
    """
    members = _known(members)
    effects = [effect for own in members.values() for effect in own]
    if len(members) < 2 or not independent(effects):
        return None
    yi, vi, labels = _columns(members)
    common = _common(effects, model)
    found = _compared(yi, vi, labels, model.tau2, "wald", common=common)
    return Between(
        finite_or_none(found.q_between),
        int(found.q_between_df),
        finite_or_none(found.q_between_p),
        finite_or_none(np.ravel(found.tau2)[0]) if common else None,
    )


def likeness_of_splits(one: Sequence[str], other: Sequence[str]) -> float:
    """Return how far two splits are the same: the larger lambda of the two directions, 0 to 1.

    `one` and `other` are the groups of the same effects. Goodman & Kruskal 1954, J Am Stat Assoc
    49:732, formula 5.1, by effects: by which share knowing the group of one lowers the errors in
    guessing that of the other. 0 where either makes but one group.
    """
    pairs = Counter(zip(one, other, strict=True))
    return max(_lambda(pairs), _lambda(Counter({(b, a): n for (a, b), n in pairs.items()})))


def _lambda(pairs: Counter[tuple[str, str]]) -> float:
    known: Counter[str] = Counter()
    best: dict[str, int] = {}
    for (given, guessed), count in pairs.items():
        known[guessed] += count
        best[given] = max(best.get(given, 0), count)
    total, largest = known.total(), max(known.values(), default=0)
    return (sum(best.values()) - largest) / (total - largest) if total > largest else 0.0
