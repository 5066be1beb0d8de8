"""A five-number summary, or a part of it, and what it says of a sample from a normal score."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from scipy.special import ndtri

from ketameta.normalize.conversions.checks import ConversionError, finite, show, whole_people

_ORDER = ("minimum", "q1", "median", "q3", "maximum")
SCENARIOS: dict[tuple[str, ...], str] = {
    ("minimum", "median", "maximum"): "S1",
    ("q1", "median", "q3"): "S2",
    _ORDER: "S3",
}
WITHOUT_MEDIAN: dict[tuple[str, ...], str] = {
    ("minimum", "maximum"): "S1",
    ("q1", "q3"): "S2",
    ("minimum", "q1", "q3", "maximum"): "S3",
}


@dataclass(frozen=True)
class FiveNumbers:
    """A checked five-number summary: its scenario, n, and the values that it has, rising.

    For an SD alone the median may be missing from the values.
    """

    scenario: str
    n: int
    values: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle value."""
        return self.values[len(self.values) // 2]

    @property
    def extremes(self) -> tuple[float, float]:
        """Minimum and maximum (S1, S3)."""
        return self.values[0], self.values[-1]

    @property
    def quartiles(self) -> tuple[float, float]:
        """First and third quartile (S2, S3)."""
        inner = self.values if self.scenario == "S2" else self.values[1:-1]
        return inner[0], inner[-1]


def checked_five_numbers(
    n: int,
    median: float | None,
    q1: float | None,
    q3: float | None,
    minimum: float | None,
    maximum: float | None,
    scenarios: dict[tuple[str, ...], str] = SCENARIOS,
) -> FiveNumbers:
    """Check a five-number summary or a part of it and name its scenario."""
    n = whole_people("n", n, 5)
    given = dict(zip(_ORDER, (minimum, q1, median, q3, maximum), strict=True))
    known = {name: value for name, value in given.items() if value is not None}
    finite(**known)
    scenario = scenarios.get(tuple(known))
    if scenario is None:
        needed = "; or ".join(", ".join(names) for names in scenarios)
        raise ConversionError(f"{', '.join(known) or 'nothing'} given, needed: {needed}")
    values = list(known.items())
    for (before, low), (after, high) in pairwise(values):
        if low > high:
            raise ConversionError(f"{before} {show(low)} is above {after} {show(high)}")
    found = FiveNumbers(scenario, n, tuple(float(value) for _, value in values))
    if found.values[0] == found.values[-1]:
        raise ConversionError("all quantiles are the same: no spread")
    if scenario == "S3" and found.quartiles[0] == found.quartiles[1]:
        raise ConversionError("the quartiles are the same: no spread between them")
    return found


def luo_mean(s: FiveNumbers) -> float:
    """Return the mean of a normal sample, optimally weighted (Luo and others 2018).

    S1, equation 7: w (a + b)/2 + (1 - w) m, w = 4/(4 + n^0.75). S2, equation 11: the same
    with quartiles, w = 0.7 + 0.39/n. S3, equation 15: weights 2.2/(2.2 + n^0.75) for the
    mid-range, 0.7 - 0.72/n^0.55 for the mid-quartile range, the rest for the median.
    Statistical Methods in Medical Research 27:1785-1805 (online 2016).
    """
    n, m = s.n, s.median
    if s.scenario == "S1":
        w: float = 4 / (4 + n**0.75)
        return w * sum(s.extremes) / 2 + (1 - w) * m
    if s.scenario == "S2":
        w = 0.7 + 0.39 / n
        return w * sum(s.quartiles) / 2 + (1 - w) * m
    w1: float = 2.2 / (2.2 + n**0.75)
    w2: float = 0.7 - 0.72 / n**0.55
    return w1 * sum(s.extremes) / 2 + w2 * sum(s.quartiles) / 2 + (1 - w1 - w2) * m


def wan_mean(s: FiveNumbers) -> float:
    """Return the mean as in Wan and others (2014, BMC Medical Research Methodology 14:135).

    S1 (a + 2m + b)/4 (Hozo and others 2005); S2 (q1 + m + q3)/3; S3 (a + 2 q1 + 2m +
    2 q3 + b)/8 (Bland 2015).
    """
    if s.scenario == "S1":
        return (sum(s.extremes) + 2 * s.median) / 4
    if s.scenario == "S2":
        return (sum(s.quartiles) + s.median) / 3
    return (sum(s.extremes) + 2 * sum(s.quartiles) + 2 * s.median) / 8


def wan_sd(s: FiveNumbers) -> float:
    """Return the SD of a normal sample (Wan and others 2014, BMC Med Res Methodol 14:135).

    S1, equation 9: (b - a)/ξ with ξ = 2 Φ⁻¹((n - 0.375)/(n + 0.25)). S2, equation 16:
    (q3 - q1)/η with η = 2 Φ⁻¹((0.75 n - 0.125)/(n + 0.25)). S3: the mean of both.
    """
    if s.scenario == "S1":
        return _from_range(s)
    if s.scenario == "S2":
        return _from_quartiles(s)
    return (_from_range(s) + _from_quartiles(s)) / 2


def shi_sd(s: FiveNumbers) -> float:
    """Return the SD of a normal sample, optimally weighted in S3 (Shi and others 2020).

    S3: w (b - a)/ξ + (1 - w) (q3 - q1)/η, w = 1/(1 + 0.07 n^0.6), ξ and η as in
    `wan_sd`; S1 and S2 are Wan's. Research Synthesis Methods 11:641-654.
    """
    if s.scenario != "S3":
        return wan_sd(s)
    w: float = 1 / (1 + 0.07 * s.n**0.6)
    return w * _from_range(s) + (1 - w) * _from_quartiles(s)


def _from_range(s: FiveNumbers) -> float:
    low, high = s.extremes
    return (high - low) / (2 * float(ndtri((s.n - 0.375) / (s.n + 0.25))))


def _from_quartiles(s: FiveNumbers) -> float:
    low, high = s.quartiles
    return (high - low) / (2 * float(ndtri((0.75 * s.n - 0.125) / (s.n + 0.25))))
