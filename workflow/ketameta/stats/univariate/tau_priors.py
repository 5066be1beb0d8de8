"""Priors of tau, the standard deviation of true effects.

The distributions of tau² that earlier reviews predict of a new meta-analysis are log-normal for log
odds ratios (Turner 2015, Statistics in Medicine 34:984) and log-Student-t with 5 degrees of freedom
for standardised mean differences (Rhodes 2015, Journal of Clinical Epidemiology 68:52).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats = NDArray[np.float64]
Kind = Literal["half-normal", "half-Cauchy", "log-normal", "log-t"]
_DF = 5  # of the log-Student-t
_KINDS = get_args(Kind)


@dataclass(frozen=True)
class TauPrior:
    """A prior of tau.

    Half-normal and half-Cauchy: `scale` is on the scale of the effects, `location` 0. Log-normal
    and log-t: `location` and `scale` are those of log tau².
    """

    kind: Kind
    scale: float
    location: float = 0.0

    def __post_init__(self) -> None:
        """Refuse a prior without width."""
        if self.kind not in _KINDS:
            raise ValueError(f"unknown prior of tau {self.kind}; known: {', '.join(_KINDS)}")
        if not self.scale > 0:
            raise ValueError(f"the scale of a prior of tau must be above 0; not {self.scale:g}")

    def log_density(self, tau: Floats) -> Floats:
        """Return the log of the density of tau > 0, shape as tau."""
        if self.kind == "half-normal":
            constant = np.log(2 / (self.scale * np.sqrt(2 * np.pi)))
            return np.asarray(constant - (tau / self.scale) ** 2 / 2)
        if self.kind == "half-Cauchy":
            return np.asarray(np.log(2 / (np.pi * self.scale)) - np.log1p((tau / self.scale) ** 2))
        z = (2 * np.log(tau) - self.location) / self.scale
        # d log tau² / d tau
        jacobian = np.log(2 / (self.scale * tau))
        if self.kind == "log-normal":
            return np.asarray(jacobian - z**2 / 2 - np.log(2 * np.pi) / 2)
        gammas = special.gammaln((_DF + 1) / 2) - special.gammaln(_DF / 2)
        constant = gammas - np.log(_DF * np.pi) / 2
        return np.asarray(jacobian + constant - (_DF + 1) / 2 * np.log1p(z**2 / _DF))

    @property
    def of_square(self) -> bool:
        """Whether location and scale are those of log tau²."""
        return self.kind in ("log-normal", "log-t")

    @property
    def typical(self) -> float:
        """A value of tau that the prior takes for likely (its median or near)."""
        if self.of_square:
            return float(np.exp(self.location / 2))
        return self.scale

    def __str__(self) -> str:
        """Return the prior as a report names it."""
        if self.of_square:
            return f"{self.kind}({self.location:g}, {self.scale:g}²) of tau²"
        return f"{self.kind}({self.scale:g})"


def half_normal(scale: float) -> TauPrior:
    """Return a half-normal prior of tau.

    Examples
    --------
    >>> from ketameta.stats import half_normal
    >>> print(half_normal(0.5))
    half-normal(0.5)
    """
    return TauPrior("half-normal", scale)


def half_cauchy(scale: float) -> TauPrior:
    """Return a half-Cauchy prior of tau.

    Examples
    --------
    >>> from ketameta.stats import half_cauchy
    >>> print(half_cauchy(0.5))
    half-Cauchy(0.5)
    """
    return TauPrior("half-Cauchy", scale)


def log_normal(location: float, scale: float) -> TauPrior:
    """Return the prior of tau whose log tau² is normal, as published for log odds ratios.

    Examples
    --------
    >>> from ketameta.stats import log_normal
    >>> print(log_normal(-2.56, 1.74))
    log-normal(-2.56, 1.74²) of tau²
    """
    return TauPrior("log-normal", scale, location)


def log_t(location: float, scale: float) -> TauPrior:
    """Return the prior whose log tau² is Student's t of 5 degrees of freedom, shifted and scaled.

    Examples
    --------
    >>> from ketameta.stats import log_t
    >>> print(log_t(-3.44, 2.59))
    log-t(-3.44, 2.59²) of tau²
    """
    return TauPrior("log-t", scale, location)
