"""`pool`: one analysis in one line, and what shows of it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, fields
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from ketameta.stats.effects.back_transform import back_transform
from ketameta.stats.effects.effect_size import MEASURES
from ketameta.stats.numerics.checks import Floats, one_of
from ketameta.stats.numerics.shown import MOST, four_digits
from ketameta.stats.single.inputs import effects_given
from ketameta.stats.univariate.heterogeneity import LIMITS
from ketameta.stats.univariate.intervals import DEFAULT, RULES
from ketameta.stats.univariate.pooling import PoolingOptions, checked_options, random_effects
from ketameta.stats.univariate.results import RandomEffects

if TYPE_CHECKING:
    import pandas as pd

# What draws a result. Statistics import nothing of the house, so it is found by its name, and only
# when a drawing is asked for.
DRAWN_BY = "ketameta.commands.pool_forest"
# back as every ratio: no arms give a hazard ratio, so that `effect_size` does not know it
HAZARD_RATIO = "HR"
# letters of a name in the short table
WIDEST = 32
# proportions go back by the people of each study, which effects alone do not tell
_NEEDS_SIZES = "PFT"


class Drawing(Protocol):
    """A figure that a notebook shows."""

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it, as the ending of the path says."""

    def _repr_svg_(self) -> str: ...

    def _repr_html_(self) -> str: ...


@dataclass(frozen=True, repr=False)
class Pooled(RandomEffects):
    """What `pool` returns: every number of `RandomEffects`, with the studies that it is made of.

    Attributes
    ----------
    yi, vi
        Effects and sampling variances as pooled, shape ``(k,)``, NaN for an absent study.
    measure
        Of the effects: it says on which scale they are shown.
    level, tau2_by, prediction_by
        What was asked: level of intervals, estimator of tau2, rule of the prediction interval.

    Numbers are on the scale of ``yi`` (logs of ratios). What is printed, drawn, and the columns
    ``effect``, ``ci_low`` and ``ci_high`` of the frame are on the scale that people read.
    """

    yi: Floats = field(kw_only=True)
    vi: Floats = field(kw_only=True)
    measure: str = field(kw_only=True)
    level: float = field(kw_only=True)
    tau2_by: str = field(kw_only=True)
    prediction_by: str = field(kw_only=True)

    def names(self) -> list[str]:
        """Return the names of the studies; of those without any their places, from 1 on."""
        return [str(name) for name in self.studies or range(1, len(self.yi) + 1)]

    def to_frame(self) -> pd.DataFrame:
        """Return a row a study, then ``pooled`` and ``prediction``.

        Columns: ``yi`` and ``sei`` on the scale of analysis; ``effect``, ``ci_low``, ``ci_high`` on
        the readable one; ``weight`` in per cent. Of ``prediction`` the interval alone is there.
        """
        import pandas as pd

        ends = self._ends()
        below = np.array([100.0 if self.k else np.nan, np.nan])
        cells = {
            "yi": np.append(self.yi, [self.estimate, np.nan]),
            "sei": np.append(np.sqrt(self.vi), [self.se, np.nan]),
            **dict(zip(("effect", "ci_low", "ci_high"), self._readable(ends).T, strict=True)),
            "weight": np.append(self.weights, below),
        }
        return pd.DataFrame(cells, pd.Index([*self.names(), "pooled", "prediction"], name="study"))

    def forest(self, path: str | os.PathLike[str] | None = None) -> Drawing:
        """Return the forest plot of the report: a notebook shows it, ``save`` writes it.

        With a path it is written there too, as its ending says: .svg, .pdf, .png or .html. Raises
        ValueError for another ending, and where no study has an effect.
        """
        drawing: Drawing = import_module(DRAWN_BY).drawn(self)
        if path is not None:
            drawing.save(path)
        return drawing

    def table(self) -> tuple[str, list[list[str]], list[str]]:
        """Return title, rows and notes of the short table: studies (of many ten) and results."""
        rows = [
            [_cut(name), *map(four_digits, ends), "" if np.isnan(weight) else f"{weight:.1f}"]
            for name, ends, weight in zip(
                [*self.names(), "pooled", "prediction"],
                self._readable(self._ends()).tolist(),
                np.append(self.weights, [np.nan, np.nan]),
                strict=True,
            )
        ]
        rows[-1][1] = ""
        studies, results = rows[:-2], rows[-2:]
        more = f"and {len(studies) - MOST} more studies"
        if len(studies) > MOST:
            studies = [*studies[:MOST], [more, *("" for _ in range(4))]]
        count = "1 study" if self.k == 1 else f"{self.k} studies"
        by = "common effect" if self.tau2_by == "EE" else f"tau2 by {self.tau2_by}"
        title = f"Pooled: {self.measure}, {count}, {by}, {self.rule} interval"
        header = ["", "effect", f"{100 * self.level:g}% low", "high", "weight %"]
        return title, [header, *studies, *results], self._below()

    def _below(self) -> list[str]:
        """Return what is said under the table: test, heterogeneity, and what went wrong."""
        value, percent = four_digits, "" if np.isnan(self.i2) else "%"
        found = [
            f"effect p {value(self.p)}; "
            f"Q {value(self.q)} on {value(self.q_df)} df, p {value(self.q_p)}",
            f"tau2 {value(self.tau2)}{_between(self.tau2_low, self.tau2_high)}; "
            f"I2 {value(self.i2)}{percent}{_between(self.i2_low, self.i2_high)}",
        ]
        return found if self.converged else [*found, "the search for tau2 did not converge"]

    def _ends(self) -> Floats:
        """Return effect and interval of studies, of the pool and of the prediction, three columns.

        Of a study the normal interval by its standard error.
        """
        half = special.ndtri(0.5 + self.level / 2) * np.sqrt(self.vi)
        studies = np.stack([self.yi, self.yi - half, self.yi + half], axis=1)
        results = [
            [self.estimate, self.ci_low, self.ci_high],
            [np.nan, self.pi_low, self.pi_high],
        ]
        return np.concatenate([studies, results])

    def _readable(self, values: Floats) -> Floats:
        known = "RR" if self.measure == HAZARD_RATIO else self.measure
        return np.asarray(back_transform(known, values))


def _cut(name: str) -> str:
    """Cut a name so that the table fits into a terminal."""
    return name if len(name) <= WIDEST else f"{name[: WIDEST - 1]}…"


def _between(low: float, high: float) -> str:
    """Write an interval in brackets; nothing where there is none."""
    return "" if np.isnan(low) else f" ({four_digits(low)} to {four_digits(high)})"


def pool(
    yi: ArrayLike | str | Any = None,
    sei: ArrayLike | str | None = None,
    *,
    vi: ArrayLike | str | None = None,
    slab: Any = None,
    data: Any = None,
    measure: str = "GEN",
    tau2: str = "REML",
    interval: str = DEFAULT,
    level: float = 0.95,
    prediction: str = "k-1",
) -> Pooled:
    """Pool the effects of studies, as `ketameta pool` does with a file.

    Parameters
    ----------
    yi, sei, vi
        Effects, and their standard errors or, in place of these, sampling variances: lists, arrays,
        Series, or names of columns of `data`. Series are paired by their labels, which name the
        studies. NaN in both, or a masked entry in either, marks an absent study.
    slab
        Names of the studies, or the name of a column of `data`.
    data
        A frame of pandas, a table of Arrow or a dict of columns; it may also stand in first place.
        Columns that are not named are those called yi, sei or else vi, and slab or study.
    measure
        Of the effects, as in `effect_size`, or HR: what is shown is taken back by it, log ratios to
        ratios. GEN: as they are.
    tau2, interval, level, prediction
        As in `random_effects`; the defaults are those of the command.

    Returns
    -------
    Pooled
        All numbers of `random_effects`. It prints as a table of the studies and the result;
        `to_frame` gives that with every digit, `forest` the plot of the report.

    Raises
    ------
    ValueError
        What is missing or given twice, an unknown word, and the first number that cannot be.

    Examples
    --------
    >>> from ketameta.stats import pool
    >>> pool([0.12, 0.31, 0.52, 0.18, 0.44], [0.14, 0.17, 0.12, 0.2, 0.14])
    Pooled: GEN, 5 studies, tau2 by REML, hksj interval
                effect   95% low    high  weight %
    1             0.12   -0.1544  0.3944      21.8
    2             0.31  -0.02319  0.6432      16.9
    3             0.52    0.2848  0.7552      26.1
    4             0.18    -0.212   0.572      13.3
    5             0.44    0.1656  0.7144      21.8
    pooled      0.3344     0.116  0.5527
    prediction          -0.04336  0.7121
    effect p 0.01314; Q 5.893 on 4 df, p 0.2073
    tau2 0.01232 (0 to 0.2145); I2 35.65% (0 to 90.6)
    >>> table = {"study": ["Ash", "Elm"], "lnrr": [-0.3, -0.1], "se": [0.1, 0.12]}
    >>> pool(data=table, yi="lnrr", sei="se", measure="RR").to_frame()["effect"].round(2).to_dict()
    {'Ash': 0.74, 'Elm': 0.9, 'pooled': 0.81, 'prediction': nan}
    """
    one_of("measure", measure, (*(m for m in MEASURES if m != _NEEDS_SIZES), HAZARD_RATIO))
    effects = effects_given(yi, sei, vi, slab, data)
    asked = checked_options(
        PoolingOptions(tau2, interval, level, prediction, LIMITS[0]), rules=RULES
    )
    fit = random_effects(effects.yi, effects.vi, *asked[:3], prediction=asked.prediction)
    numbers = {f.name: getattr(fit, f.name) for f in fields(RandomEffects)}
    return Pooled(
        **{**numbers, "studies": effects.studies},
        yi=effects.yi,
        vi=effects.vi,
        measure=measure,
        level=level,
        tau2_by=asked.tau2,
        prediction_by=prediction,
    )
