"""Whether small studies of `ketameta pool --small-study` show other effects than large ones."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ketameta.commands.pool_text import Pooled, number, plain
from ketameta.measures import INVERSE_VARIANCE
from ketameta.stats import (
    MEASURES,
    deeks,
    egger,
    harbord,
    macaskill,
    peters,
    pustejovsky_rodgers,
    size_regression,
)
from ketameta.stats.bias.small_study import RegressionTest
from ketameta.tables.small_study import LEAST_TESTED

AUTO = "auto"
Array = NDArray[np.float64]
Columns = Mapping[str, Array]

_COUNTED = tuple(name for name, row in MEASURES.items() if {"ai", "n1i"} <= row.arguments)
# of odds ratios, or what is made of them
_ODDS = ("OR", "PETO", "OR2D", "OR2DN")
_SDS = tuple(
    name for name, row in MEASURES.items() if row.in_sds and {"sd1i", "n1i"} <= row.arguments
)


@dataclass(frozen=True, slots=True)
class Effects:
    """Effects that are pooled, with what their studies report; NaN for a study without one."""

    yi: Array
    vi: Array
    counts: dict[str, Array]
    level: float

    @property
    def sizes(self) -> dict[str, Array]:
        """The people of both arms."""
        return {name: self.counts[name] for name in ("n1i", "n2i") if name in self.counts}


@dataclass(frozen=True, slots=True)
class Test:
    """A test: what it goes by, for which measures it is (all, if empty), and the test itself."""

    goes_by: str
    measures: tuple[str, ...]
    made: Callable[[Effects], RegressionTest]
    needs: tuple[str, ...] = ()


TESTS = {
    "Egger": Test("the standard error", (), lambda e: egger(e.yi, e.vi, "lm", level=e.level)),
    "Peters": Test(
        "1 / people",
        _COUNTED,
        lambda e: peters(e.yi, **e.counts, level=e.level),
        ("ai", "n1i", "ci", "n2i"),
    ),
    "Harbord": Test(
        "the standard error of scores",
        _ODDS,
        lambda e: harbord(**e.counts, level=e.level),
        ("ai", "n1i", "ci", "n2i"),
    ),
    "Macaskill": Test(
        "people",
        _COUNTED,
        lambda e: macaskill(e.yi, **e.counts, level=e.level),
        ("ai", "n1i", "ci", "n2i"),
    ),
    "Deeks": Test(
        "1 / √ effective size",
        _ODDS,
        lambda e: deeks(e.yi, **e.sizes, level=e.level),
        ("n1i", "n2i"),
    ),
    "Pustejovsky-Rodgers": Test(
        "√(1/n + 1/n)",
        _SDS,
        lambda e: pustejovsky_rodgers(e.yi, **e.sizes, level=e.level),
        ("n1i", "n2i"),
    ),
    "Tang-Liu": Test(
        "1 / √ people",
        (),
        lambda e: size_regression(e.yi, e.vi, sum(e.sizes.values()), level=e.level),
        ("n1i", "n2i"),
    ),
}


@dataclass(frozen=True, slots=True)
class Tested:
    """A test of small-study effects, by name."""

    name: str
    goes_by: str
    fit: RegressionTest

    def as_json(self) -> dict[str, object]:
        """Return every number with all its digits."""
        fields = (
            "slope",
            "slope_se",
            "statistic",
            "df",
            "p",
            "limit",
            "limit_low",
            "limit_high",
            "k",
        )
        told = {name: plain(getattr(self.fit, name)) for name in fields}
        return {"small_study": {"test": self.name, "goes_by": self.goes_by, **told}}

    def lines(self, head: str, show: Callable[[float], str]) -> list[str]:
        """Return the test, the effect of a study of infinite size, and what to know of them."""
        fit = self.fit
        if math.isnan(fit.p):
            why = "fewer than 3" if fit.k < 3 else "all of one size"
            return [f"small studies  no test by {self.name}: {fit.k} studies, {why}"]
        told = [
            f"small studies  {self.name}: effects by {self.goes_by}, {fit.k} studies, slope "
            f"{number(fit.slope)}, t {number(fit.statistic, '.2f')}, df = {fit.df:g}, "
            f"p = {number(fit.p)}"
        ]
        if not math.isnan(fit.limit):
            around = f"{show(fit.limit_low)} to {show(fit.limit_high)}"
            told.append(f"               at infinite size {show(fit.limit)} ({head} {around})")
        if fit.k < LEAST_TESTED:
            told.append(
                f"of fewer than {LEAST_TESTED} studies such a test tells little (Cochrane Handbook "
                "13.3.5.4)"
            )
        return told


def tested(pooled: Pooled, columns: Columns, asked: str) -> Tested | str:
    """Test the effects of a pool; or say why that cannot be.

    `auto` is Peters for events, Pustejovsky-Rodgers for standardised means and Egger elsewhere, as
    in the report of a project.
    """
    if pooled.options.pooling != INVERSE_VARIANCE:
        return f"it is for --pooling {INVERSE_VARIANCE}; not {pooled.options.pooling}"
    name = _by_measure(pooled.measure) if asked == AUTO else asked
    test, counts = TESTS[name], _counts(columns)
    if test.measures and pooled.measure not in test.measures:
        return f"it is for {', '.join(test.measures)}; not {pooled.measure}"
    if lacking := [need for need in test.needs if need not in counts]:
        return f"it needs the columns {', '.join(test.needs)}; missing: {', '.join(lacking)}"
    absent = np.isnan(pooled.yi)
    chosen = {need: np.where(absent, np.nan, counts[need]) for need in test.needs}
    effects = Effects(pooled.yi, pooled.vi, chosen, pooled.options.level)
    return Tested(name, test.goes_by, test.made(effects))


def _by_measure(measure: str) -> str:
    if measure in _COUNTED:
        return "Peters"
    return "Pustejovsky-Rodgers" if measure in _SDS else "Egger"


def _counts(columns: Columns) -> dict[str, Array]:
    """Return the events and people that the columns tell, the people also as events and others."""
    found = {name: columns[name] for name in ("ai", "n1i", "ci", "n2i") if name in columns}
    for size, events, others in (("n1i", "ai", "bi"), ("n2i", "ci", "di")):
        if events in columns and others in columns:
            both = columns[events] + columns[others]
            known = found.get(size, both)
            found[size] = np.where(np.isnan(known), both, known)
    return found
