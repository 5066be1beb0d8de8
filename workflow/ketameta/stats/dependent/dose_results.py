"""What a dose-response meta-analysis gives: the curve, its coefficients and its predictions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from ketameta.stats.dependent.over_time import restricted_cubic_spline
from ketameta.stats.numerics.checks import as_floats
from ketameta.stats.numerics.shown import Shown

Array = NDArray[np.float64]


@dataclass(frozen=True)
class DoseCurve:
    """The columns of a curve along the dose: its kind, and the knots of a spline."""

    kind: str
    knots: tuple[float, ...] = ()

    @property
    def terms(self) -> tuple[str, ...]:
        """Names of the columns."""
        bends = tuple(f"bend {i + 1}" for i in range(len(self.knots) - 2))
        return ("dose", *{"linear": (), "quadratic": ("dose²",)}.get(self.kind, bends))

    def columns(self, dose: Array) -> Array:
        """Return the columns at doses (n,), shape (n, p)."""
        if self.kind == "spline":
            return restricted_cubic_spline(dose, self.knots)
        return dose[:, None] ** np.arange(1, 2 if self.kind == "linear" else 3)


@dataclass(frozen=True, repr=False)
class DosePredictions(Shown):
    """The mean effect of doses against a reference dose, arrays of shape (n,), scale of yi.

    `ci_low`, `ci_high` are of the mean of all studies, `pi_low`, `pi_high` of a new study.
    """

    dose: Array
    estimate: Array
    se: Array
    ci_low: Array
    ci_high: Array
    pi_low: Array
    pi_high: Array


@dataclass(frozen=True, repr=False)
class DoseResponse(Shown):
    """A curve along the dose, on the scale of yi.

    `labels` name the columns of the curve; `beta` to `ci_high` have a value for each, with normal
    tests and intervals. `vcov` is their covariance and `between` that of the curves of studies,
    shape (p, p). `qm` tests that dose does not matter (chi-squared on `qm_df`), `bent_p` that the
    curve is straight (NaN for a line). `q`, on `q_df` with `q_p`, tests that all studies have one
    curve: of the studies' coefficients in two stages, of all effects in one; `i2` = (q - q_df) / q
    in per cent, not below 0. `k` counts effects, references not counted; `studies` names those
    used, and `left_out` counts those of fewer doses than the curve has columns, which two stages
    cannot use. `converged` is False where the search failed or studies are too few for a
    variance: then the coefficients have sampling error alone.
    """

    ROWS: ClassVar[str] = "beta"
    NAMED: ClassVar[str] = "labels"
    SHORT: ClassVar[tuple[str, ...]] = ("beta", "se", "ci_low", "ci_high", "p")
    BELOW: ClassVar[tuple[str, ...]] = ("k", "left_out", "qm_p", "bent_p", "q_p", "converged")

    labels: tuple[str, ...]
    studies: tuple[str, ...]
    beta: Array
    se: Array
    statistic: Array
    p: Array
    ci_low: Array
    ci_high: Array
    vcov: Array
    between: Array
    qm: float
    qm_df: int
    qm_p: float
    bent_p: float
    q: float
    q_df: int
    q_p: float
    i2: float
    log_likelihood: float
    k: int
    left_out: int
    converged: bool
    curve: DoseCurve
    level: float

    def predict(self, dose: ArrayLike, reference: float = 0.0) -> DosePredictions:
        """Return the mean effect of doses (n,) against a reference dose.

        At the reference effect, error and both intervals are 0. Raises a ValueError where doses
        are not finite.

        Examples
        --------
        >>> from ketameta.stats import dose_response
        >>> yi, vi = [0.1, 0.3, 0.2, 0.5, 0.1, 0.2], [0.02, 0.03, 0.02, 0.03, 0.04, 0.04]
        >>> fit = dose_response(yi, vi, list("ABCDEF"), [10, 20, 10, 30, 10, 20])
        >>> fit.predict([0, 20]).estimate.round(3)
        array([0.   , 0.277])
        """
        at = np.atleast_1d(as_floats("dose", dose))
        if at.ndim != 1 or not np.isfinite(at).all() or not np.isfinite(reference):
            raise ValueError("doses must be finite and have one axis")
        x = self.curve.columns(at) - self.curve.columns(np.array([float(reference)]))
        z = float(special.ndtri(0.5 + self.level / 2))
        estimate, error = x @ self.beta, np.einsum("ij,jk,ik->i", x, self.vcov, x)
        own = error + np.einsum("ij,jk,ik->i", x, self.between, x)
        half, wide = z * np.sqrt(error), z * np.sqrt(own)
        return DosePredictions(
            dose=at,
            estimate=estimate,
            se=np.sqrt(error),
            ci_low=estimate - half,
            ci_high=estimate + half,
            pi_low=estimate - wide,
            pi_high=estimate + wide,
        )
