"""Agreement of two raters: words beyond chance, numbers by intraclass correlation and limits.

All intervals are of 95%. Nothing to estimate is None: no pairs, one pair, or no variation.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, fsum, isfinite, log, sqrt
from statistics import NormalDist
from typing import TYPE_CHECKING

from ketameta.stats.numerics.shown import Shown, four_digits, number_fields

if TYPE_CHECKING:
    import pandas as pd

LEVEL = 0.95
_TAIL = (1 - LEVEL) / 2
Z = NormalDist().inv_cdf(1 - _TAIL)
# of the largest number: a spread below it is rounding, such as that of 1.2 - 1.1 and 2.3 - 2.2
_ROUNDING = 1e-12
Interval = tuple[float, float]


class _Agreed(Shown):
    """What raters agree on, of `n` things: numbers, some with an interval beside them."""

    def table(self) -> tuple[str, list[list[str]], list[str]]:
        """Return title and rows of the short table."""
        rows = [["", "value", "low", "high"]]
        for name in number_fields(type(self)):
            if name.endswith("interval"):
                continue
            beside = "interval" if name == "value" else f"{name}_interval"
            ends = getattr(self, beside, None) or ("", "")
            rows.append([name, four_digits(getattr(self, name)), *map(four_digits, ends)])
        return type(self).__name__, rows, []

    def to_frame(self) -> pd.DataFrame:
        """Return one row; an interval is two columns, its low and its high end."""
        import pandas as pd

        row: dict[str, float | None] = {}
        for name in number_fields(type(self)):
            value = getattr(self, name)
            if name.endswith("interval"):
                ends = (name.replace("interval", end) for end in ("ci_low", "ci_high"))
                row |= dict(zip(ends, value or (None, None), strict=True))
            else:
                row[name] = value
        return pd.DataFrame([row])


@dataclass(frozen=True, slots=True, repr=False)
class Agreement(_Agreed):
    """What two raters agree on: `n` things rated, the share rated alike, and Cohen's kappa.

    `kappa` is 1 where all are rated alike, 0 where no more than by chance, below 0 where less; None
    where nothing is rated, or where each rater has one word for all and chance agrees as well. Its
    interval is None too where the pairs do not vary: all alike, or none.
    """

    n: int
    share: float | None
    kappa: float | None
    share_interval: Interval | None = None
    kappa_interval: Interval | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Icc(_Agreed):
    """Intraclass correlation of `n` things measured by each rater, and its interval.

    Near 1 it says that the things differ far more than the raters do, not that the raters agree.
    """

    n: int
    value: float | None
    interval: Interval | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Limits(_Agreed):
    """Bland-Altman: mean difference, second less first, and the limits of 95% of differences.

    Where `ratio` is true all are ratios, second over first (`bias` the geometric mean).
    """

    n: int
    ratio: bool
    bias: float | None = None
    bias_interval: Interval | None = None
    low: float | None = None
    low_interval: Interval | None = None
    high: float | None = None
    high_interval: Interval | None = None


def cohen_kappa(
    first: Sequence[str], second: Sequence[str], order: Sequence[str] = ()
) -> Agreement:
    """Compare the words that two raters gave to the same things, in the same order.

    Unweighted (Cohen 1960, Educ Psychol Meas 20:37), or with linear weights where `order` ranks
    the words (Cohen 1968, Psychol Bull 70:213): kappa = 1 - observed / expected disagreement, where
    the expected one follows from how often each rater used each word. The interval is kappa ± z SE
    with the SE for many things (Fleiss, Cohen & Everitt 1969, Psychol Bull 72:323, by the delta
    method), cut at -1 and 1. Raises ValueError where the raters did not rate the same number of
    things, or a word is not in `order`.

    Examples
    --------
    >>> from ketameta.stats import cohen_kappa
    >>> first = ["low", "low", "high", "some", "high", "low"]
    >>> second = ["low", "some", "high", "some", "high", "low"]
    >>> cohen_kappa(first, second, order=["low", "some", "high"])
    Agreement
            value     low    high
    n           6
    share  0.8333  0.4365  0.9699
    kappa  0.8235  0.5023       1
    """
    _refuse_unpaired(first, second)
    pairs = Counter(zip(first, second, strict=True))
    n = pairs.total()
    if not n:
        return Agreement(0, None, None)
    rank = {word: place for place, word in enumerate(order)}
    if order and (unknown := {word for pair in pairs for word in pair} - rank.keys()):
        raise ValueError(f"not in the order of words: {', '.join(sorted(unknown))}")

    def apart(a: str, b: str) -> float:
        return abs(rank[a] - rank[b]) if order else float(a != b)

    observed = fsum(apart(*pair) * many for pair, many in pairs.items()) / n
    rows, columns = Counter(first), Counter(second)
    # how far each word of a rater is from those of the other, by chance
    from_row = {a: fsum(apart(a, b) * m for b, m in columns.items()) / n for a in rows}
    from_column = {b: fsum(apart(a, b) * m for a, m in rows.items()) / n for b in columns}
    expected = fsum(many * from_row[a] for a, many in rows.items()) / n
    alike = sum(many for (a, b), many in pairs.items() if a == b)
    share = alike / n
    if not expected:
        return Agreement(n, share, None, wilson(alike, n))
    kappa = 1 - observed / expected
    moves = {
        (a, b): (apart(a, b) - (1 - kappa) * (from_row[a] + from_column[b])) / expected
        for a, b in pairs
    }
    middle = kappa - 1  # their mean
    variance = fsum(many * (moves[pair] - middle) ** 2 for pair, many in pairs.items()) / n**2
    half = Z * sqrt(variance)
    interval = (max(kappa - half, -1.0), min(kappa + half, 1.0)) if half > _ROUNDING else None
    return Agreement(n, share, kappa, wilson(alike, n), interval)


def _refuse_unpaired(first: Sequence[object], second: Sequence[object]) -> None:
    if len(first) != len(second):
        raise ValueError(
            f"first and second are what two raters say of the same things, in one order: first has "
            f"{len(first)}, second {len(second)}"
        )


def wilson(count: int, n: int) -> Interval | None:
    """Return the interval of a share of `n` (Wilson 1927, J Am Stat Assoc 22:209)."""
    if not n:
        return None
    share, zz = count / n, Z * Z
    middle = share + zz / (2 * n)
    half = Z * sqrt(share * (1 - share) / n + zz / (4 * n * n))
    low, high = (middle - half) / (1 + zz / n), (middle + half) / (1 + zz / n)
    return (low if count else 0.0), (high if count < n else 1.0)


def absolute_icc(ratings: Sequence[Sequence[float]]) -> Icc:
    """Return the intraclass correlation of `ratings`, a row a thing and a column a rater.

    For absolute agreement, of single ratings, things and raters both taken as drawn from many:
    ICC(2,1) of Shrout & Fleiss 1979 (Psychol Bull 86:420), ICC(A,1) of McGraw & Wong 1996
    (Psychol Methods 1:30), with the interval by F of their table 7. With two raters it is wide: one
    degree of freedom says how far raters differ. None where no number differs from another; the
    interval also where the raters agree on all. Raises ValueError where a row is shorter or longer.

    Examples
    --------
    >>> from ketameta.stats import absolute_icc
    >>> absolute_icc([[12, 13], [20, 19], [31, 31], [8, 10]])
    Icc
            value     low    high
    n           4
    value  0.9921  0.9196  0.9995
    """
    n, k = len(ratings), len(ratings[0]) if ratings else 0
    for i, row in enumerate(ratings):
        if len(row) != k:
            raise ValueError(
                f"ratings has a row a thing and a column a rater: ratings[0] has {k}, "
                f"ratings[{i}] {len(row)}"
            )
    if n < 2 or k < 2:
        return Icc(n, None)
    rows = [fsum(row) / k for row in ratings]
    columns = [fsum(column) / n for column in zip(*ratings, strict=True)]
    mean = fsum(rows) / n
    between = k * fsum((x - mean) ** 2 for x in rows) / (n - 1)
    raters = n * fsum((x - mean) ** 2 for x in columns) / (k - 1)
    rest = fsum(
        (x - row - column + mean) ** 2
        for values, row in zip(ratings, rows, strict=True)
        for x, column in zip(values, columns, strict=True)
    ) / ((n - 1) * (k - 1))
    least = (_ROUNDING * max(abs(x) for row in ratings for x in row)) ** 2
    between, raters, rest = (x if x > least else 0.0 for x in (between, raters, rest))
    total = between + (k - 1) * rest + k / n * (raters - rest)
    if total <= least:
        return Icc(n, None)
    value = (between - rest) / total
    return Icc(n, value, _icc_interval(n, k, value, (between, raters, rest)))


def _icc_interval(
    n: int, k: int, value: float, squares: tuple[float, float, float]
) -> Interval | None:
    """Return the interval by F, from the mean squares of things, raters and rest."""
    from scipy.special import fdtri

    between, raters, rest = squares
    if value == 1:
        return None
    a = k * value / (n * (1 - value))
    b = 1 + a * (n - 1)
    parts = a * raters, b * rest
    spread = parts[0] ** 2 / (k - 1) + parts[1] ** 2 / ((n - 1) * (k - 1))
    df = (parts[0] + parts[1]) ** 2 / spread if spread else 0.0
    lower, upper = float(fdtri(n - 1, df, 1 - _TAIL)), float(fdtri(df, n - 1, 1 - _TAIL))
    noise = k * raters + (k * n - k - n) * rest
    low = n * (between - lower * rest) / (lower * noise + n * between)
    high = n * (upper * between - rest) / (noise + n * upper * between)
    return (low, high) if isfinite(low) and isfinite(high) else None


def limits_of_agreement(
    first: Sequence[float], second: Sequence[float], ratio: bool = False
) -> Limits:
    """Return how far the second rater's numbers are from the first's (Bland & Altman 1986).

    The limits are bias ± 1.96 SD of the differences (Lancet 327:307). The interval of the bias is
    by t, those of the limits are exact by the noncentral t, each limit by itself (Carkeet 2015,
    Optom Vis Sci 92:e71), where differences are normal. With `ratio` all is done on logarithms and
    given as ratios (Bland & Altman 1999, Stat Methods Med Res 8:135); numbers must be above 0.
    Limits and intervals are None for one pair, and where all differences are the same. Raises
    ValueError where there are not as many numbers on both sides, or a ratio is asked of one not
    above 0.

    Examples
    --------
    >>> from ketameta.stats import limits_of_agreement
    >>> limits_of_agreement([12, 20, 31, 8], [13, 19, 31, 10])
    Limits
           value     low     high
    n          4
    ratio     no
    bias     0.5  -1.554    2.554
    low    -2.03  -9.453  -0.5779
    high    3.03   1.578    10.45
    """
    from scipy.special import nctdtrit, stdtrit

    _refuse_unpaired(first, second)
    if ratio:
        for name, numbers in (("first", first), ("second", second)):
            for i, x in enumerate(numbers):
                if not x > 0:
                    raise ValueError(f"{name}[{i}] is {x:g}; a ratio is of numbers above 0")

    def scale(x: float) -> float:
        return log(x) if ratio else x

    def back(x: float) -> float:
        return exp(x) if ratio else x

    apart = [scale(b) - scale(a) for a, b in zip(first, second, strict=True)]
    n = len(apart)
    if not n:
        return Limits(0, ratio)
    bias = fsum(apart) / n
    sd = sqrt(fsum((x - bias) ** 2 for x in apart) / (n - 1)) if n > 1 else 0.0
    if sd <= _ROUNDING * max(1.0 if ratio else 0.0, *map(abs, (*first, *second))):
        return Limits(n, ratio, back(bias))
    error = sd / sqrt(n)
    half = error * float(stdtrit(n - 1, 1 - _TAIL))
    near, far = (error * float(nctdtrit(n - 1, Z * sqrt(n), p)) for p in (_TAIL, 1 - _TAIL))
    return Limits(
        n,
        ratio,
        back(bias),
        (back(bias - half), back(bias + half)),
        back(bias - Z * sd),
        (back(bias - far), back(bias - near)),
        back(bias + Z * sd),
        (back(bias + near), back(bias + far)),
    )
