"""Splits of an analysis: its trials in groups, each group pooled, and the groups compared.

Groups share one tau² unless the configuration says otherwise, as few trials a group say little of
their own (Borenstein 2009, Introduction to Meta-Analysis, chapter 19), and take the interval rule
of the total. Trials with one group in common are compared between trials, never within them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from scipy.special import chdtrc

from ketameta.configuration import Analysis, Model
from ketameta.stats import subgroup_analysis
from ketameta.synthesize.pool import number, people_of, pooled, scales_of, trials_of
from ketameta.synthesize.words import COMMON, SEPARATE, group_of
from ketameta.tables.fits import Engine, Rule
from ketameta.tables.grouping import grouped
from ketameta.vocabulary.narrowing import keys

Record = dict[str, Any]
# Goodman and Kruskal's lambda from which two splits are told to go together: knowing the one
# halves the errors in guessing the other
TOGETHER = 0.5
# in front of each label: a group that is not known has one too
_AS = "group "


# the same groups are compared for the plot and for the table of splits
_compared = cache(subgroup_analysis)


def groups_of(split: str, effects: Sequence[Record]) -> dict[str, list[Record]]:
    """Return the effects by group, in the order of the vocabulary; unknown groups come last."""
    groups = grouped([{**e, "subgroup": group_of(split, e)} for e in effects], "subgroup")
    order = list(keys()[split])
    names = sorted(groups, key=lambda g: (order.index(g) if g in order else len(order), g))
    return {name: groups[name] for name in names}


def shown(analysis: Analysis, effects: Sequence[Record]) -> str | None:
    """Return the split on the plot: the first that makes two groups; None where none does."""
    return next((s for s in analysis.model.splits if len(_known(groups_of(s, effects))) > 1), None)


def _known(groups: dict[str, list[Record]]) -> dict[str, list[Record]]:
    """Leave out the trials of which the group is not known: they compare with nothing."""
    return {name: own for name, own in groups.items() if name}


def splits(analysis: Analysis, effects: Sequence[Record]) -> tuple[list[Record], list[Record]]:
    """Return the rows of the tables subgroups and splits: each split that makes two groups."""
    groups, tests = [], []
    for split in analysis.model.splits:
        members = groups_of(split, effects)
        if len(_known(members)) < 2:
            continue
        common = _common(effects, analysis.model)
        found = _together(analysis, members) if common else _apart(analysis, members)
        place = {"analysis": analysis.name, "split": split}
        groups += [{**place, "subgroup": name, **row} for name, row in found.items()]
        test = between(members, analysis.model)
        others = [s for s in analysis.model.splits if s != split]
        tests.append(
            {
                **place,
                "groups": len(_known(members)),
                "q": test.get("between_q"),
                "df": test.get("between_df"),
                "p": test.get("between_p"),
                "tau2": test.get("between_tau2"),
                "tau2_groups": COMMON if common else SEPARATE,
                "confounded": [s for s in others if together(split, s, effects) >= TOGETHER],
            }
        )
    return groups, tests


def _common(effects: Sequence[Record], model: Model) -> bool:
    """Say whether groups share one tau²: where effects are independent and weighed by variance."""
    independent = all(effect["shared"] is None for effect in effects)
    return model.tau2_subgroups == COMMON and model.pooling == "inverse variance" and independent


def _apart(analysis: Analysis, members: dict[str, list[Record]]) -> dict[str, Record]:
    return {
        name: pooled(analysis.select.measure, own, analysis.model) for name, own in members.items()
    }


def _together(analysis: Analysis, members: dict[str, list[Record]]) -> dict[str, Record]:
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
        ends = {end: number(getattr(fit, end)[i]) for end in ("estimate", "ci_low", "ci_high")}
        record: Record = {"measure": measure, "k": trials_of(own), "n": people_of(own)}
        record |= scales_of(measure, {**ends, "pi_low": None, "pi_high": None})
        for field in ("se", "p", "tau2", "i2", "q"):
            record[field] = number(np.broadcast_to(getattr(fit, field), len(place))[i])
        record["q_df"] = len(own) - 1
        record["q_p"] = number(chdtrc(record["q_df"], record["q"]))
        rule = Rule(str(fit.rule[i]))
        result[name] = record | {"engine": Engine.GROUPS, "tau2_by": model.tau2, "rule": rule}
    return {name: result[name] for name in members}


def _columns(
    members: dict[str, list[Record]],
) -> tuple[tuple[float, ...], tuple[float, ...], tuple[str, ...]]:
    effects = [effect for own in members.values() for effect in own]
    labels = tuple(_AS + name for name, own in members.items() for _ in own)
    return tuple(e["yi"] for e in effects), tuple(e["vi"] for e in effects), labels


def between(members: dict[str, list[Record]], model: Model) -> Record:
    """Test whether groups differ: Q between them, chi-squared (see `stats.subgroup_analysis`).

    `between_tau2` is what is left within them, where it is one for all.
    """
    members = _known(members)
    effects = [effect for own in members.values() for effect in own]
    if len(members) < 2 or any(effect["shared"] is not None for effect in effects):
        return {}
    yi, vi, labels = _columns(members)
    common = _common(effects, model)
    found = _compared(yi, vi, labels, model.tau2, "wald", common=common)
    return {
        "between_q": number(found.q_between),
        "between_df": int(found.q_between_df),
        "between_p": number(found.q_between_p),
        "between_tau2": number(np.ravel(found.tau2)[0]) if common else None,
    }


def together(one: str, other: str, effects: Sequence[Record]) -> float:
    """Return how far two splits are the same: the larger lambda of the two directions, 0 to 1.

    Goodman & Kruskal 1954, J Am Stat Assoc 49:732, formula 5.1, by effects: by which share knowing
    the group of one lowers the errors in guessing that of the other. 0 where either makes but one
    group.
    """
    pairs = Counter((group_of(one, e), group_of(other, e)) for e in effects)
    return max(_lambda(pairs), _lambda(Counter({(b, a): n for (a, b), n in pairs.items()})))


def _lambda(pairs: Counter[tuple[str, str]]) -> float:
    known: Counter[str] = Counter()
    best: dict[str, int] = {}
    for (given, guessed), count in pairs.items():
        known[guessed] += count
        best[given] = max(best.get(given, 0), count)
    total, largest = known.total(), max(known.values(), default=0)
    return (sum(best.values()) - largest) / (total - largest) if total > largest else 0.0
