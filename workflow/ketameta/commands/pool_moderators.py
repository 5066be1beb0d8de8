"""What the effects of `ketameta pool --moderator COLUMN` go with: a meta-regression."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ketameta.commands.numbers import ABSENT, as_numbers, is_number
from ketameta.commands.pool_text import Pooled, number, plain
from ketameta.commands.table import Table
from ketameta.measures import INVERSE_VARIANCE
from ketameta.methods import NEED_ONE_MEAN
from ketameta.moderators import ENOUGH, Moderator
from ketameta.stats import MEASURES
from ketameta.tables.problems import escaped, first_few

if TYPE_CHECKING:
    from ketameta.synthesize.designs import Value
    from ketameta.synthesize.moderators import Regression

# of a column of codes, that it holds names: as R writes it
_FACTOR = re.compile(r"(?:as\.)?factor\((.*)\)", re.IGNORECASE)
_NUMBER, _NAMES = Moderator(unit="as entered"), Moderator()


@dataclass(frozen=True, slots=True)
class Term:
    """One coefficient on the scale of analysis."""

    name: str
    k: int
    estimate: float
    se: float
    ci_low: float
    ci_high: float
    p: float
    permutation_p: float | None


@dataclass(frozen=True, slots=True)
class Regressed:
    """A meta-regression; ``without`` are the studies that lack a value, each with of what."""

    formula: str
    k: int
    terms: Sequence[Term]
    found: Regression
    without: Sequence[str]
    ratio: bool

    def as_json(self) -> dict[str, object]:
        """Return every number with all its digits."""
        fit, dealt = self.found.fit, self.found.dealt
        names = [name for name in Term.__slots__ if name != "name"]
        terms = [
            {"term": one.name, **{name: plain(getattr(one, name)) for name in names}}
            for one in self.terms
        ]
        numbers = ("tau2", "i2", "r2", "qm", "qm_df", "qm_df2", "qm_p", "qe", "qe_df", "qe_p")
        told = {name: plain(getattr(fit, name)) for name in numbers}
        told |= {"rule": str(fit.rule), "tau2_without": plain(self.found.without)}
        told |= {"permutation_p": plain(dealt.qm_p), "arrangements": dealt.arrangements}
        told |= {"exact": dealt.exact, "without": [*self.without]}
        return {"regression": {"formula": self.formula, "k": self.k, "terms": terms, **told}}

    def lines(self, head: str, show: Callable[[float], str]) -> list[str]:
        """Return the formula, a line a coefficient, the tests, and what must be known of them."""
        del show  # a coefficient is a difference of effects, on no scale of theirs
        width = max(len(one.name) for one in self.terms)
        title = f"{'term':<{width}}  {'beta':>9}  {head:<22}  {'p':>8}  p by permutation"
        told = [self.formula, title + ("  as a ratio" if self.ratio else "")]
        for one in self.terms:
            around = f"{number(one.ci_low)} to {number(one.ci_high)}"
            by_chance = "–" if one.permutation_p is None else number(one.permutation_p)
            ratio = f"  {number(math.exp(min(one.estimate, 700.0)))}" if self.ratio else ""
            told.append(
                f"{one.name:<{width}}  {number(one.estimate):>9}  {around:<22}  "
                f"{number(one.p):>8}  {by_chance:<16}{ratio}"
            )
        return [*told, *self._tests(), *self._remarks()]

    def _tests(self) -> list[str]:
        fit, dealt = self.found.fit, self.found.dealt
        name, df = "Q", number(float(fit.qm_df), "g")
        if math.isfinite(float(fit.qm_df2)):
            name, df = "F", f"{df} and {number(float(fit.qm_df2), 'g')}"
        test = f"{name} {number(float(fit.qm), '.2f')}, df = {df}, p = {number(float(fit.qm_p))}"
        orders = f"{dealt.arrangements:,} orders, {'all' if dealt.exact else 'drawn'}"
        without, share = self.found.without, number(float(fit.r2), ".1f")
        explained = f"R² {share}%" if without else "nothing to explain"
        return [
            f"moderators  {test}; by permutation {number(float(dealt.qm_p))} ({orders})",
            f"tau²        {number(float(fit.tau2))} left of {number(without)} of the same "
            f"{self.k} studies; {explained}",
        ]

    def _remarks(self) -> list[str]:
        found = []
        each = self.k / max(len(self.terms) - 1, 1)
        if each < ENOUGH:
            found.append(
                f"{each:.3g} studies for each coefficient: of fewer than {ENOUGH} none is to be "
                "relied on (Cochrane Handbook 10.11.5.1)"
            )
        if self.without:
            count = "1 study" if len(self.without) == 1 else f"{len(self.without)} studies"
            found.append(f"left out here, without a value: {count}: {first_few([*self.without])}")
        return found


def misfit(pooling: str, interval: str) -> str:
    """Say why effects cannot be regressed as asked, and what fits; empty where they can."""
    if pooling != INVERSE_VARIANCE:
        return f"--moderator is for --pooling {INVERSE_VARIANCE}; not {pooling}"
    if interval in NEED_ONE_MEAN:
        return f"--moderator takes --interval wald, hksj, hksj-adhoc or auto; not {interval}"
    return ""


def column_of(asked: str) -> tuple[str, bool]:
    """Return the column that is asked for, and whether its numbers are names: ``factor(arm)``."""
    found = _FACTOR.fullmatch(asked.strip())
    return (found[1].strip(), True) if found else (asked.strip(), False)


def regression(pooled: Pooled, table: Table, places: Mapping[int, bool]) -> Regressed | str:
    """Regress effects on columns at ``places`` together; or say why that cannot be.

    A place has True where numbers are names. A column of numbers is a number, every other one a
    factor, against its level of most studies. tau², R² and the test by permutation are as in the
    report of a project (`synthesize.moderators`).
    """
    from ketameta.synthesize.designs import design_of, formula_of
    from ketameta.synthesize.moderators import failure_of, regressed

    values: dict[str, list[Value]] = {}
    known: dict[str, Moderator] = {}
    for at, coded in places.items():
        name = table.header[at]
        known[name], values[name] = _values(table, at, coded)
    lacking = {
        i: [name for name, column in values.items() if column[i] is None]
        for i in np.flatnonzero(~np.isnan(pooled.yi)).tolist()
    }
    here = [i for i, names in lacking.items() if not names]
    own = {name: [column[i] for i in here] for name, column in values.items()}
    design = design_of([*values] if here else [], own, known)
    x = np.array(design.columns, float).reshape(len(design.columns), len(here)).T
    if why := failure_of(x):
        return why
    options = pooled.options
    data = pooled.yi[here], pooled.vi[here], x
    found = regressed(data, options.tau2, options.interval, options.level)
    fit = found.fit
    terms = [
        Term(
            name=escaped(": ".join(filter(None, (name, level))) or "intercept"),
            k=int(sum(design.columns[i - 1])) if level else len(here),
            estimate=float(fit.beta[i]),
            se=float(fit.se[i]),
            ci_low=float(fit.ci_low[i]),
            ci_high=float(fit.ci_high[i]),
            p=float(fit.p[i]),
            permutation_p=float(found.dealt.p[i]) if i else None,
        )
        for i, (name, level, _) in enumerate([("", "", ""), *design.terms])
    ]
    left = [f"{pooled.names[i]} ({', '.join(lost)})" for i, lost in lacking.items() if lost]
    ratio = pooled.shown not in MEASURES or MEASURES[pooled.shown].is_log
    formula = escaped(formula_of([*values], design, known))
    return Regressed(formula, len(here), terms, found, left, ratio)


def _values(table: Table, at: int, coded: bool) -> tuple[Moderator, list[Value]]:
    """Return what a column is, and its cells as that; None where one is empty."""
    cells = [cell if cell not in ABSENT else "" for cell in table.column(at)]
    if coded or not all(is_number(cell) for cell in cells if cell):
        return _NAMES, [cell or None for cell in cells]
    title = table.header[at]
    found, _ = as_numbers(table, {title: cells}, {title: title})
    return _NUMBER, [None if math.isnan(x) else float(x) for x in found[title]]
