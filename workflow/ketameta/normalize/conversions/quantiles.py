"""Mean and SD of a group from its median, quartiles and range.

Three scenarios, named as in the literature: S1 {minimum, median, maximum}, S2 {first
quartile, median, third quartile}, S3 all five. n people, values in the units of the
scale. The closed forms assume a normal score: look at `skewed` first. The two methods of
McGrath and others (2020), for skewed scores, are in `skew_fits`.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from ketameta.normalize.conversions.checks import ConversionError, show
from ketameta.normalize.conversions.five_numbers import (
    WITHOUT_MEDIAN,
    FiveNumbers,
    checked_five_numbers,
    luo_mean,
    shi_sd,
    wan_mean,
    wan_sd,
)
from ketameta.normalize.conversions.skew_fits import box_cox, quantile_estimation


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
    methods: dict[str, Callable[[FiveNumbers], tuple[float, float]]] = {
        "shi2020": lambda s: (luo_mean(s), shi_sd(s)),
        "luo2018": lambda s: (luo_mean(s), wan_sd(s)),
        "wan2014": lambda s: (wan_mean(s), wan_sd(s)),
        "mcgrath2020-qe": quantile_estimation,
        "mcgrath2020-bc": box_cox,
    }
    if method not in methods:
        raise ConversionError(f"{method!r} is not a method: {', '.join(methods)}")
    s = checked_five_numbers(n, median, q1, q3, minimum, maximum)
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
    s = checked_five_numbers(n, None, q1, q3, minimum, maximum, WITHOUT_MEDIAN)
    return _possible(s, methods[method](s))


def too_skewed(
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
    s = checked_five_numbers(n, median, q1, q3, minimum, maximum)
    if s.scenario == "S1":
        return _asymmetry(*s.extremes, s.median) >= 1 / math.log(n + 9) + 2.5 / (n + 1)
    if s.scenario == "S2":
        return _asymmetry(*s.quartiles, s.median) >= 2.65 / math.sqrt(n) - 6 / n**2
    by_range = 2.65 * math.log(0.6 * n) / math.sqrt(n) * _asymmetry(*s.extremes, s.median)
    by_quartiles = _asymmetry(*s.quartiles, s.median)
    return max(by_range, by_quartiles) >= 3 / math.sqrt(n) - 40 / n**3


def _possible(s: FiveNumbers, sd: float) -> float:
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
