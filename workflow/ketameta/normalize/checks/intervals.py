"""Estimate, interval, standard error and p of one reported result, held against each other.

Ratios are compared on the log scale. Every number may be half a unit of its last digit away from
what is printed. Intervals with one end, and models whose interval carries no standard error
(vocabulary: unusable models), are left out.

- An estimate outside its interval.
- An estimate off the middle by more than rounding and a share of the half-width: 5% for MD, SMD
  and log odds, whose intervals are symmetric but for resampling; 15% for ratios and RD, where
  exact, profile and score intervals lean. A slipped digit or sign moves it further.
- A standard error that does not fit the interval at the stated level: the half-width over the SE
  must lie between the normal and the t quantile for people - 2 (8 degrees where people are not
  known), to within rounding and 2%.
- A p-value that does not fit estimate and standard error (Altman & Bland 2011, BMJ 343:d2304):
  outside the range that normal and t give, by more than a factor 1.5; a factor 3 where model or
  note name another test of the same difference (log-rank, ranks, exact, χ²). Where the interval
  is lopsided beyond rounding no p is computed from it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Hashable, Iterator
from dataclasses import dataclass

from ketameta.measures import PLAIN, is_ratio, read_as
from ketameta.normalize.checks.findings import Finding, once
from ketameta.normalize.checks.view import RowsByTrial
from ketameta.normalize.results import ArmResult, Contrast
from ketameta.vocabulary import vocabulary

LEAN, LEAN_OTHERS = 0.05, 0.15
SE_SLACK = 0.02
P_FACTOR, OTHER_TEST_FACTOR = 1.5, 3.0
FEWEST_DF = 8
_OTHER_TEST = re.compile(r"log-rank|\brank|exact|fisher|chi2|chi-?square|χ|mcnemar", re.IGNORECASE)
_P = re.compile(r"\s*([<>]?)\s*(0?\.\d+|[01](?:\.0*)?)(?!\d)")


@dataclass(frozen=True)
class Reported:
    """One result: estimate, ends and SE with the slack of rounding, on the scale of its interval.

    ``half`` are the slacks of estimate, low and high; ``lean`` the share of the half-width by
    which the estimate may stand off the middle.
    """

    row: ArmResult | Contrast
    column: str
    estimate: float
    low: float | None
    high: float | None
    half: tuple[float, float, float]
    se: float | None
    half_se: float
    level: float
    df: int
    lean: float

    @property
    def logged(self) -> bool:
        """Say whether all is on the log scale."""
        return isinstance(self.row, Contrast) and is_ratio(self.row.measure)

    @property
    def p_value(self) -> str:
        """The p-value as printed; empty for none."""
        return (self.row.p_value or "") if isinstance(self.row, Contrast) else ""

    @property
    def model(self) -> str:
        """The model as reported; empty for none."""
        return (self.row.model or "") if isinstance(self.row, Contrast) else ""

    @property
    def off_middle(self) -> float:
        """How far the estimate is off the middle, beyond what rounding explains (0 if not)."""
        if self.low is None or self.high is None:
            return 0.0
        slack = self.half[0] + (self.half[1] + self.half[2]) / 2
        return max(0.0, abs(self.estimate - (self.low + self.high) / 2) - slack - 1e-12)

    @property
    def widths(self) -> tuple[float, float] | None:
        """The least and the largest half-width that round to the interval printed."""
        if self.low is None or self.high is None:
            return None
        half, slack = (self.high - self.low) / 2, (self.half[1] + self.half[2]) / 2
        return max(half - slack, 0.0), half + slack


def rows_with_interval(view: RowsByTrial) -> Iterator[Reported]:
    """Yield what can be checked of contrasts, and of arm rows with an interval."""
    for contrast in view.contrasts:
        unusable = any(word in (contrast.model or "") for word in vocabulary().unusable_models)
        if contrast.estimate is not None and not unusable:
            yield from _of_contrast(view, contrast, contrast.estimate)
    for row in view.outcomes:
        if row.ci95_low is None or row.ci95_high is None:
            continue
        given = [name for name in ("mean", "change_mean") if row.value(name) is not None]
        inside = [name for name in given if row.ci95_low <= row.number(name) <= row.ci95_high]
        if not given:
            continue
        column = (inside or given)[0]  # the interval is of the mean or of the change
        half = row.half(column), row.half("ci95_low"), row.half("ci95_high")
        sd, n = row.change_sd if column == "change_mean" else row.sd, row.n
        se, half_se = row.se, 0.0
        if se is not None:
            half_se = row.half("se")
        elif sd is not None and n:
            se = sd / math.sqrt(n)
        yield Reported(
            row, column, row.number(column), row.ci95_low, row.ci95_high, half,
            se, half_se, 95.0, max((n or 0) - 1, 1) if n else FEWEST_DF, LEAN,
        )  # fmt: skip


def _of_contrast(view: RowsByTrial, row: Contrast, estimate: float) -> Iterator[Reported]:
    names = ("estimate", "ci_low", "ci_high")
    values = (estimate, row.ci_low, row.ci_high)
    halves = [0.0 if row.value(name) is None else row.half(name) for name in names]
    low, high = values[1:]
    if is_ratio(row.measure):
        if any(value is not None and value <= 0 for value in values):
            return
        # a small ratio can round to one digit: the slack is that of the log, to the near side
        halves = [
            0.0 if value is None else math.log(value / max(value - half, value / 2))
            for value, half in zip(values, halves, strict=True)
        ]
        estimate = math.log(estimate)
        low, high = (None if end is None else math.log(end) for end in (low, high))
    if low is None or high is None:
        low = high = None
    people = view.people(row)
    yield Reported(
        row, "estimate", estimate, low, high, (halves[0], halves[1], halves[2]),
        row.se, 0.0 if row.se is None else row.half("se"),
        row.ci_level or 95.0, max(people - 2, 1) if people else FEWEST_DF,
        LEAN if _is_symmetric(row.measure) else LEAN_OTHERS,
    )  # fmt: skip


def _is_symmetric(measure: str | None) -> bool:
    """Say whether an interval is read on its own scale, on which nothing bounds it."""
    told = read_as(measure)
    return told is not None and told.transform is PLAIN and told.bounds == (None, None)


def _printed(one: Reported) -> str:
    names = ("ci_low", "ci_high") if one.column == "estimate" else ("ci95_low", "ci95_high")
    return f"{one.row.number(names[0]):g} to {one.row.number(names[1]):g}"


def outside_interval(view: RowsByTrial) -> Iterator[Finding]:
    """Yield estimates outside their interval."""
    for one in view.once(rows_with_interval):
        if one.low is None or one.high is None or one.low > one.high:
            continue
        if one.estimate < one.low - one.half[0] or one.estimate > one.high + one.half[0]:
            message = f"{one.row.number(one.column):g} is outside its interval, {_printed(one)}"
            if one.low <= -one.estimate <= one.high:
                message += "; with the other sign it is inside"
            yield view.finding(
                "estimate-outside-interval", one.row, one.column, message, "sign|interval|CI"
            )


def lopsided(view: RowsByTrial) -> Iterator[Finding]:
    """Yield estimates off the middle of an interval that should be symmetric."""
    for one in view.once(rows_with_interval):
        if one.widths is None or one.low is None or one.high is None:
            continue
        if not one.low <= one.estimate <= one.high:
            continue
        if one.off_middle > one.lean * one.widths[1]:
            scale = "the log scale" if one.logged else "its scale"
            share = 100 * one.off_middle / one.widths[1]
            message = (
                f"{one.row.number(one.column):g} is off the middle of {_printed(one)} by "
                f"{share:.0f}% of the half-width on {scale}, rounding apart"
            )
            yield view.finding(
                "interval-lopsided", one.row, one.column, message, "sign|interval|CI|bootstrap"
            )


def _quantiles(level: float, df: int) -> tuple[float, float]:
    """Return the normal and the t quantile of a two-sided interval."""
    from scipy import special

    upper = 0.5 + level / 200
    return float(special.ndtri(upper)), float(special.stdtrit(df, upper))


def se_against_interval(view: RowsByTrial) -> list[Finding]:
    """Return standard errors that do not fit the interval at its level, once for each reason."""
    from scipy import special

    found: list[tuple[Hashable, Finding]] = []
    for one in view.once(rows_with_interval):
        if one.widths is None or not one.se or one.off_middle > one.lean * one.widths[1]:
            continue
        z, t = _quantiles(one.level, one.df)
        least = one.widths[0] / (one.se + one.half_se)
        most = one.widths[1] / max(one.se - one.half_se, 1e-9)
        if most >= z * (1 - SE_SLACK) and least <= t * (1 + SE_SLACK):
            continue
        ratio = sum(one.widths) / 2 / one.se
        fits = 100 * (2 * float(special.ndtr(ratio)) - 1)
        message = (
            f"the interval {_printed(one)} is {ratio:.2f} SE ({one.se:.3g}) to each side; "
            f"{one.level:g}% takes {z:.2f} (t: {t:.2f}), this fits {fits:.3g}%"
        )
        explains = r"\bSE\b|adjusted|simultaneous|half-width"
        column = "se" if one.row.se is not None else "ci95_low"
        finding = view.finding("se-against-interval", one.row, column, message, explains)
        found.append(((one.row.trial_id, one.row.note or one.row.line), finding))
    return once(found)


def p_against_estimate(view: RowsByTrial) -> list[Finding]:
    """Return p-values that do not fit estimate and standard error, once for each reason."""
    found: list[tuple[Hashable, Finding]] = []
    for one in view.once(rows_with_interval):
        printed = _P.match(one.p_value)
        errors = _standard_errors(one)
        if printed is None or errors is None:
            continue
        least, most = _p_range(one, errors)
        named = f"{one.model} {one.row.note or ''}"
        factor = OTHER_TEST_FACTOR if _OTHER_TEST.search(named) else P_FACTOR
        text = printed.group(2)
        if _p_fits(printed.group(1), text, least, most, factor):
            continue
        gives = _p(least) if _p(least) == _p(most) else f"{_p(least)} to {_p(most)}"
        message = (
            f"p {printed.group(1) or '='} {text} does not fit the estimate, which gives {gives}"
        )
        if _p_fits(printed.group(1), text, least / 2, most / 2, 1.1):
            message += "; one-sided it fits"
        explains = r"\bp\b|one-sided|rank|non-inferiority"
        finding = view.finding("p-against-estimate", one.row, "p_value", message, explains)
        found.append(((one.row.trial_id, one.row.note or one.row.line), finding))
    return once(found)


def _standard_errors(one: Reported) -> tuple[float, float, bool] | None:
    """Return the least and largest SE, and whether they are half-widths still to be divided."""
    if one.se:
        return max(one.se - one.half_se, 1e-9), one.se + one.half_se, False
    if one.widths is None or one.widths[0] <= 0 or one.off_middle > 0:
        return None
    return *one.widths, True


def _p_range(one: Reported, errors: tuple[float, float, bool]) -> tuple[float, float]:
    from scipy import special

    normal, t = _quantiles(one.level, one.df) if errors[2] else (1.0, 1.0)
    size, slack = abs(one.estimate), one.half[0]
    found = []
    for width, estimate in ((errors[0], size + slack), (errors[1], max(size - slack, 0.0))):
        found.append(2 * float(special.ndtr(-estimate / width * normal)))
        found.append(2 * float(special.stdtr(one.df, -estimate / width * t)))
    return min(found), max(found)


def _p_fits(sign: str, text: str, least: float, most: float, factor: float) -> bool:
    value = float(text)
    half = 0.5 * 10.0 ** -len(text.partition(".")[2])
    if sign == "<":
        return least <= value * factor
    if sign == ">":
        return most >= value / factor
    return least <= (value + half) * factor and most >= (value - half) / factor


def _p(value: float) -> str:
    return f"{value:.2g}" if value >= 0.0001 else "< 0.0001"


CHECKS = {
    "estimate-outside-interval": outside_interval,
    "interval-lopsided": lopsided,
    "se-against-interval": se_against_interval,
    "p-against-estimate": p_against_estimate,
}
