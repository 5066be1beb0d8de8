"""Mean and SD of a group from its median, quartiles and range.

Three scenarios, named as in the literature: S1 {minimum, median, maximum}, S2 {first
quartile, median, third quartile}, S3 all five. n people, values in the units of the
scale. The closed forms assume a normal score: look at `skewed` first. The two methods of
McGrath and others (2020), for skewed scores, are in `skew_fits`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from scipy.special import ndtri

from ketameta.normalize.conversions.checks import ConversionError, finite, people, show

_ORDER = ("minimum", "q1", "median", "q3", "maximum")
_SCENARIOS: dict[tuple[str, ...], str] = {
    ("minimum", "median", "maximum"): "S1",
    ("q1", "median", "q3"): "S2",
    _ORDER: "S3",
}
_WITHOUT_MEDIAN: dict[tuple[str, ...], str] = {
    ("minimum", "maximum"): "S1",
    ("q1", "q3"): "S2",
    ("minimum", "q1", "q3", "maximum"): "S3",
}


@dataclass(frozen=True)
class Summary:
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


def mean_sd_from_quantiles(
    n: int,
    median: float | None = None,
    q1: float | None = None,
    q3: float | None = None,
    minimum: float | None = None,
    maximum: float | None = None,
    method: str = "shi2020",
) -> tuple[float, float]:
    """Return (mean, sd) of a group from a five-number summary or a part of it.

    Methods, each giving a mean and an SD:

    - "shi2020" (default): mean of Luo and others 2018, SD of Shi and others 2020 (S3),
      which is that of Wan and others 2014 in S1 and S2;
    - "luo2018": mean of Luo and others 2018, SD of Wan and others 2014;
    - "wan2014": mean and SD as in Wan and others 2014, the mean after Hozo and others
      2005 (S1, without their switch by n) and Bland 2015 (S3);
    - "mcgrath2020-qe", "mcgrath2020-bc": quantile estimation and Box-Cox of McGrath and
      others 2020, for skewed scores.

    Error on normal samples against the mean and SD of the sample itself, in its SDs, root
    mean square at n = 25 and 101 (simulated; half as many people, about 1.4 times as much):

    ===== ============== ===========
          mean           SD
    ===== ============== ===========
    S1    0.11, 0.07     0.11, 0.10
    S2    0.08, 0.04     0.19, 0.09
    S3    0.05, 0.03     0.06, 0.05
    ===== ============== ===========

    for the default. "wan2014" is worse in the mean of S1, 0.14 at any n. "mcgrath2020-qe"
    takes minimum and maximum for the quantiles 1/n and 1 - 1/n, which lie further in than
    the extremes of n people do: where it has a range its SD of a normal score is too large,
    by 14% at n = 25 and 8% at 101 in S1.

    Raises
    ------
    ConversionError
        n below 5; values that do not rise, or that are no whole scenario; a spread of 0;
        an unknown method; an SD larger than a sample of n within this range can have
        (half of the people at each end); for "mcgrath2020-bc" see `skew_fits.box_cox`.
    """
    from ketameta.normalize.conversions.skew_fits import box_cox, quantile_estimation

    methods: dict[str, Callable[[Summary], tuple[float, float]]] = {
        "shi2020": lambda s: (luo_mean(s), shi_sd(s)),
        "luo2018": lambda s: (luo_mean(s), wan_sd(s)),
        "wan2014": lambda s: (wan_mean(s), wan_sd(s)),
        "mcgrath2020-qe": quantile_estimation,
        "mcgrath2020-bc": box_cox,
    }
    if method not in methods:
        raise ConversionError(f"{method!r} is not a method: {', '.join(methods)}")
    s = summary(n, median, q1, q3, minimum, maximum)
    mean, sd = methods[method](s)
    return mean, _possible(s, sd)


def sd_from_quantiles(
    n: int,
    q1: float | None = None,
    q3: float | None = None,
    minimum: float | None = None,
    maximum: float | None = None,
    method: str = "shi2020",
) -> float:
    """Return the SD alone, for a mean that is reported with quartiles, a range or both.

    "shi2020" or "wan2014", as in `mean_sd_from_quantiles`: neither needs the median.
    Errors and domain as there.
    """
    methods = {"shi2020": shi_sd, "wan2014": wan_sd}
    if method not in methods:
        raise ConversionError(f"{method!r} is not a method: {', '.join(methods)}")
    s = summary(n, None, q1, q3, minimum, maximum, _WITHOUT_MEDIAN)
    return _possible(s, methods[method](s))


def summary(
    n: int,
    median: float | None,
    q1: float | None,
    q3: float | None,
    minimum: float | None,
    maximum: float | None,
    scenarios: dict[tuple[str, ...], str] = _SCENARIOS,
) -> Summary:
    """Check a five-number summary or a part of it and name its scenario."""
    n = people("n", n, 5)
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
    found = Summary(scenario, n, tuple(float(value) for _, value in values))
    if found.values[0] == found.values[-1]:
        raise ConversionError("all quantiles are the same: no spread")
    if scenario == "S3" and found.quartiles[0] == found.quartiles[1]:
        raise ConversionError("the quartiles are the same: no spread between them")
    return found


def luo_mean(s: Summary) -> float:
    """Return the mean of a normal sample, optimally weighted (Luo and others 2018).

    S1, equation 7: w (a + b)/2 + (1 - w) m, w = 4/(4 + n^0.75). S2, equation 11: the same
    with quartiles, w = 0.7 + 0.39/n. S3, equation 15: weights 2.2/(2.2 + n^0.75) for the
    mid-range, 0.7 - 0.72/n^0.55 for the mid-quartile range, the rest for the median.
    Statistical Methods in Medical Research 27:1785-1805 (online 2016).
    """
    n, m = s.n, s.median
    if s.scenario == "S1":
        w = 4 / (4 + n**0.75)
        return w * sum(s.extremes) / 2 + (1 - w) * m
    if s.scenario == "S2":
        w = 0.7 + 0.39 / n
        return w * sum(s.quartiles) / 2 + (1 - w) * m
    w1, w2 = 2.2 / (2.2 + n**0.75), 0.7 - 0.72 / n**0.55
    return w1 * sum(s.extremes) / 2 + w2 * sum(s.quartiles) / 2 + (1 - w1 - w2) * m


def wan_mean(s: Summary) -> float:
    """Return the mean as in Wan and others (2014, BMC Medical Research Methodology 14:135).

    S1 (a + 2m + b)/4 (Hozo and others 2005); S2 (q1 + m + q3)/3; S3 (a + 2 q1 + 2m +
    2 q3 + b)/8 (Bland 2015).
    """
    if s.scenario == "S1":
        return (sum(s.extremes) + 2 * s.median) / 4
    if s.scenario == "S2":
        return (sum(s.quartiles) + s.median) / 3
    return (sum(s.extremes) + 2 * sum(s.quartiles) + 2 * s.median) / 8


def wan_sd(s: Summary) -> float:
    """Return the SD of a normal sample (Wan and others 2014, BMC Med Res Methodol 14:135).

    S1, equation 9: (b - a)/ξ with ξ = 2 Φ⁻¹((n - 0.375)/(n + 0.25)). S2, equation 16:
    (q3 - q1)/η with η = 2 Φ⁻¹((0.75 n - 0.125)/(n + 0.25)). S3: the mean of both.
    """
    if s.scenario == "S1":
        return _from_range(s)
    if s.scenario == "S2":
        return _from_quartiles(s)
    return (_from_range(s) + _from_quartiles(s)) / 2


def shi_sd(s: Summary) -> float:
    """Return the SD of a normal sample, optimally weighted in S3 (Shi and others 2020).

    S3: w (b - a)/ξ + (1 - w) (q3 - q1)/η, w = 1/(1 + 0.07 n^0.6), ξ and η as in
    `wan_sd`; S1 and S2 are Wan's. Research Synthesis Methods 11:641-654.
    """
    if s.scenario != "S3":
        return wan_sd(s)
    w = 1 / (1 + 0.07 * s.n**0.6)
    return w * _from_range(s) + (1 - w) * _from_quartiles(s)


def skewed(
    n: int,
    median: float,
    q1: float | None = None,
    q3: float | None = None,
    minimum: float | None = None,
    maximum: float | None = None,
) -> bool:
    """Return whether a five-number summary is too skewed for a normal score, at the 5% level.

    With T1 = |a + b - 2m|/(b - a) and T2 = |q1 + q3 - 2m|/(q3 - q1): S1 where T1 reaches
    1/ln(n + 9) + 2.5/(n + 1); S2 where T2 reaches 2.65/√n - 6/n²; S3 where the larger of
    2.65 ln(0.6 n)/√n T1 and T2 reaches 3/√n - 40/n³. Shi and others 2023 (Statistical
    Methods in Medical Research 32:1338-1360). Not skewed is no proof of a normal score:
    at small n the test finds little.

    Raises
    ------
    ConversionError
        As `mean_sd_from_quantiles`.
    """
    s = summary(n, median, q1, q3, minimum, maximum)
    if s.scenario == "S1":
        return _asymmetry(*s.extremes, s.median) >= 1 / math.log(n + 9) + 2.5 / (n + 1)
    if s.scenario == "S2":
        return _asymmetry(*s.quartiles, s.median) >= 2.65 / math.sqrt(n) - 6 / n**2
    by_range = 2.65 * math.log(0.6 * n) / math.sqrt(n) * _asymmetry(*s.extremes, s.median)
    by_quartiles = _asymmetry(*s.quartiles, s.median)
    return max(by_range, by_quartiles) >= 3 / math.sqrt(n) - 40 / n**3


def _from_range(s: Summary) -> float:
    low, high = s.extremes
    return (high - low) / (2 * float(ndtri((s.n - 0.375) / (s.n + 0.25))))


def _from_quartiles(s: Summary) -> float:
    low, high = s.quartiles
    return (high - low) / (2 * float(ndtri((0.75 * s.n - 0.125) / (s.n + 0.25))))


def _possible(s: Summary, sd: float) -> float:
    """Return `sd` if a sample of n between the extremes can have it."""
    if s.scenario == "S2":
        return sd
    low, high = s.extremes
    half = s.n // 2
    most = (high - low) * math.sqrt(half * (s.n - half) / (s.n * (s.n - 1)))
    if sd > most:
        raise ConversionError(
            f"the method gives an SD of {show(sd)}, but {s.n} people between {show(low)} and "
            f"{show(high)} have one of {show(most)} at most"
        )
    return sd


def _asymmetry(low: float, high: float, middle: float) -> float:
    return abs(low + high - 2 * middle) / (high - low)
