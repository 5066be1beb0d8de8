"""Groups of studies that `ketameta pool --subgroups COLUMN` pools apart and compares."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ketameta.commands.pool_counts import Columns, fitted
from ketameta.commands.pool_text import Pooled, number, plain
from ketameta.measures import INVERSE_VARIANCE
from ketameta.methods import COMMON, SEPARATE, at_odds
from ketameta.stats import random_effects, subgroup_analysis
from ketameta.tables.problems import escaped, first_few

TAU2_SUBGROUPS = (COMMON, SEPARATE)
_NUMBERS = ("estimate", "ci_low", "ci_high", "se", "p", "tau2", "i2", "q")


@dataclass(frozen=True, slots=True)
class Group:
    """One group, pooled: on the scale of analysis as `RandomEffects`; of one study its effect."""

    name: str
    k: int
    rule: str
    estimate: float
    ci_low: float
    ci_high: float
    se: float
    p: float
    tau2: float
    i2: float
    q: float


@dataclass(frozen=True, slots=True)
class Groups:
    """The groups of a column, and the test between them.

    ``without`` are studies of no group, ``members`` the group of each study, empty for none.
    """

    column: str
    tau2: str
    groups: Sequence[Group]
    q: float
    df: int
    p: float
    without: Sequence[str]
    members: Sequence[str]

    def as_json(self) -> dict[str, object]:
        """Return every number with all its digits."""
        names = ("name", "k", "rule", *_NUMBERS)
        groups = [{name: plain(getattr(one, name)) for name in names} for one in self.groups]
        between = {"q": plain(self.q), "df": self.df, "p": plain(self.p)}
        head = {"column": self.column, "tau2": self.tau2, "without": [*self.without]}
        return {"subgroups": {**head, "groups": groups, "between": between}}

    def lines(self, head: str, show: Callable[[float], str]) -> list[str]:
        """Return a line of headings, one of each group, and the test between them."""
        shared = {
            COMMON: "one tau² for all groups",
            SEPARATE: "a tau² of its own in each group",
        }
        width = max(len(self.column), *(len(one.name) for one in self.groups))
        told = [
            f"{self.column:<{width}}  {'k':>3}  {'effect':>8}  {head:<20}  {'tau²':>8} {'I² %':>6}"
        ]
        for one in self.groups:
            around = f"{show(one.ci_low)} to {show(one.ci_high)}"
            spread = f"{number(one.tau2):>8} {number(one.i2, '.1f'):>6}"
            told.append(
                f"{one.name:<{width}}  {one.k:>3}  {show(one.estimate):>8}  {around:<20}  {spread}"
            )
        told.append(
            f"between     Q {number(self.q, '.2f')}, df = {self.df}, p = {number(self.p)} "
            f"({shared[self.tau2]})"
        )
        if self.without:
            count = "1 study" if len(self.without) == 1 else f"{len(self.without)} studies"
            told.append(
                f"{count} without {self.column}, pooled above and in no group: "
                f"{first_few([*self.without])}"
            )
        return told


def compared(
    pooled: Pooled, columns: Columns, column: str, cells: Sequence[str], tau2: str | None
) -> Groups | str:
    """Pool each group of studies and test whether they differ; or say why that cannot be.

    ``cells`` names the group of each study, empty where none is known. Where ``tau2`` does not say,
    it is common where the way of pooling has one for all. As in a project, the test is Q between
    groups by Wald standard errors against chi-squared, and a group of one study is its own effect.
    """
    here = ~np.isnan(pooled.yi)
    label = np.array([escaped(cell) for cell in cells])
    known = here & (label != "")
    names = [*dict.fromkeys(label[known].tolist())]
    if len(names) < 2:
        held = f"{names[0]!r} alone" if names else "nothing"
        return f"of the studies with an effect it holds {held}; groups need two values"
    options = pooled.options
    if tau2 is None:
        words = {"pooling": options.pooling, "interval": options.interval}
        tau2 = SEPARATE if any(at_odds(words | {"tau2_subgroups": COMMON})) else COMMON
    apart = {name: known & (label == name) for name in names}
    if len(names) == known.sum():
        tau2 = SEPARATE  # each study alone: nothing tells tau² from the groups
    alone = partial(_alone, pooled, columns)
    by_variance = options.pooling == INVERSE_VARIANCE
    together = {} if tau2 == SEPARATE else _together(pooled, label, known)
    groups = [
        together[name] if name in together and which.sum() > 1 else alone(name, which)
        for name, which in apart.items()
    ]
    if by_variance:
        data = pooled.yi[known], pooled.vi[known], label[known].tolist()
        test = subgroup_analysis(*data, options.tau2, "wald", common=tau2 == COMMON)
        between = float(test.q_between), int(test.q_between_df), float(test.q_between_p)
    else:
        told = [one for one in groups if np.isfinite(one.se)]
        ends = [one.estimate for one in told], [one.se**2 for one in told]
        # Q about the mean of the groups by 1 / se²: that of a common effect of them
        apart_by = random_effects(*ends, "EE", "wald")
        between = float(apart_by.q), max(len(told) - 1, 0), float(apart_by.q_p)
    lost = [pooled.names[i] for i in np.flatnonzero(here & ~known)]
    members = [name if own else "" for name, own in zip(label.tolist(), known, strict=True)]
    return Groups(column, tau2, groups, *between, lost, members)


def _alone(pooled: Pooled, columns: Columns, name: str, which: NDArray[np.bool_]) -> Group:
    """Return a group pooled as if there were no other."""
    own = {column: values[which] for column, values in columns.items()}
    fit = fitted(pooled.measure, own, (pooled.yi[which], pooled.vi[which]), pooled.options)
    told = {field: float(getattr(fit, field)) for field in _NUMBERS}
    return Group(name, int(which.sum()), str(fit.rule), **told)


def _together(
    pooled: Pooled, label: NDArray[np.str_], known: NDArray[np.bool_]
) -> dict[str, Group]:
    """Return groups with one tau² for all."""
    options, own = pooled.options, label[known].tolist()
    fit = subgroup_analysis(
        *(pooled.yi[known], pooled.vi[known], own, options.tau2, options.interval),
        level=options.level,
        common=True,
    )
    k, rules = (np.broadcast_to(x, len(fit.labels)) for x in (fit.k, fit.rule))
    columns = {f: np.broadcast_to(getattr(fit, f), len(fit.labels)) for f in _NUMBERS}
    return {
        str(name): Group(
            str(name), int(k[i]), str(rules[i]), **{f: float(x[i]) for f, x in columns.items()}
        )
        for i, name in enumerate(fit.labels)
    }
