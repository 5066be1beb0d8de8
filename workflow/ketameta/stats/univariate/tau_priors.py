"""Priors of tau, the standard deviation of true effects, and those that Cochrane's reviews give.

The published ones are predictive distributions of tau² of a new meta-analysis: of log odds ratios
log-normal (Turner 2015, Statistics in Medicine 34:984, table IV), of standardised mean differences
log-Student-t with 5 degrees of freedom (Rhodes 2015, Journal of Clinical Epidemiology 68:52,
table 3; those of neither cancer nor respiratory disease).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats = NDArray[np.float64]
Kind = Literal["half-normal", "half-Cauchy", "log-normal", "log-t"]
_DF = 5  # of the log-Student-t
_SIGNS = {"half-normal": 0.0, "half-Cauchy": 0.0, "log-normal": 1.0, "log-t": 1.0}


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
        if self.kind not in _SIGNS:
            raise ValueError(f"unknown prior of tau {self.kind}; known: {', '.join(_SIGNS)}")
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
    def typical(self) -> float:
        """A value of tau that the prior takes for likely (its median or near)."""
        if self.kind in ("log-normal", "log-t"):
            return float(np.exp(self.location / 2))
        return self.scale

    def __str__(self) -> str:
        """Return the prior as a report names it."""
        if self.kind in ("log-normal", "log-t"):
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


# the columns of the published tables; of standardised differences the last three are one
COMPARISONS = (
    "drug vs placebo",
    "drug vs drug",
    "other vs placebo",
    "other vs drug",
    "other vs other",
)
ANY = "any"
# kind of outcome -> (location, scale) of each comparison
Numbers = tuple[tuple[float, float], ...]
_TURNER: dict[str, Numbers] = {
    "mortality": ((-3.95, 1.34), (-4.18, 1.41), (-4.17, 1.55), (-2.92, 1.02), (-3.50, 1.26)),
    "obstetric": ((-3.52, 1.74), (-3.75, 1.79), (-3.74, 1.91), (-2.49, 1.50), (-3.08, 1.68)),
    "major morbidity": ((-3.71, 1.74), (-3.95, 1.79), (-3.93, 1.91), (-2.68, 1.51), (-3.27, 1.68)),
    "resource use": ((-2.34, 1.74), (-2.58, 1.79), (-2.56, 1.91), (-1.31, 1.50), (-1.90, 1.68)),
    "surgical": ((-2.14, 1.74), (-2.37, 1.79), (-2.36, 1.91), (-1.11, 1.50), (-1.69, 1.68)),
    "withdrawal": ((-2.99, 1.74), (-3.23, 1.79), (-3.21, 1.91), (-1.96, 1.51), (-2.55, 1.68)),
    "structure": ((-2.71, 1.74), (-2.94, 1.79), (-2.93, 1.92), (-1.67, 1.51), (-2.26, 1.68)),
    "physical health": ((-2.29, 1.53), (-2.53, 1.58), (-2.51, 1.72), (-1.26, 1.25), (-1.85, 1.46)),
    "adverse event": ((-1.87, 1.52), (-2.10, 1.58), (-2.10, 1.71), (-0.84, 1.24), (-1.43, 1.45)),
    "new disease": ((-2.49, 1.52), (-2.73, 1.58), (-2.71, 1.71), (-1.46, 1.24), (-2.05, 1.45)),
    "end of condition": ((-2.06, 1.51), (-2.29, 1.58), (-2.28, 1.71), (-1.03, 1.24), (-1.61, 1.45)),
    "pain": ((-1.83, 1.52), (-2.06, 1.58), (-2.05, 1.71), (-0.80, 1.25), (-1.38, 1.45)),
    "quality of life": ((-2.54, 1.54), (-2.78, 1.60), (-2.77, 1.73), (-1.51, 1.27), (-2.10, 1.47)),
    "mental health": ((-2.12, 1.53), (-2.35, 1.60), (-2.34, 1.72), (-1.09, 1.27), (-1.67, 1.47)),
    "biological marker": (
        (-1.77, 1.52),
        (-2.00, 1.58),
        (-1.99, 1.71),
        (-0.74, 1.24),
        (-1.33, 1.45),
    ),
    "other subjective": ((-2.70, 1.52), (-2.93, 1.58), (-2.92, 1.71), (-1.67, 1.25), (-2.26, 1.45)),
    # a general setting: Turner 2015, abstract
    ANY: ((-2.56, 1.74),) * 5,
}
# the last of "mental health" is -3.85 in bayesmeta's transcription too, though the others of its
# column stand 0.14 above those of the first, which would make it -2.85
_RHODES: dict[str, Numbers] = {
    "obstetric": ((-4.13, 2.34), (-4.40, 2.31), (-3.99, 2.11)),
    "resource use": ((-2.55, 2.73), (-2.83, 2.70), (-2.41, 2.57)),
    "structure": ((-2.43, 2.50), (-2.70, 2.46), (-2.29, 2.32)),
    "general": ((-3.16, 2.50), (-3.44, 2.44), (-3.02, 2.27)),
    "end of condition": ((-3.00, 2.50), (-3.27, 2.47), (-2.86, 2.33)),
    "mental health": ((-2.99, 2.16), (-3.27, 2.14), (-3.85, 1.93)),
    "biological marker": ((-3.41, 2.83), (-3.68, 2.78), (-3.27, 2.66)),
    "other subjective": ((-2.76, 2.58), (-3.03, 2.59), (-2.62, 2.41)),
    # of all outcomes together: Rhodes 2015, abstract
    ANY: ((-3.44, 2.59),) * 3,
}
# Rhodes tells these together
_RHODES |= dict.fromkeys(
    ("physical health", "adverse event", "pain", "quality of life"), _RHODES.pop("general")
)
_RHODES["new disease"] = _RHODES["end of condition"]
OUTCOMES = tuple(_TURNER)


def empirical_prior(
    scale: str, outcome: str = ANY, comparison: str = "drug vs placebo"
) -> TauPrior:
    """Return the published predictive distribution of tau² for a new meta-analysis.

    Parameters
    ----------
    scale
        ``"log odds ratio"`` (Turner 2015; inconsistency of log risk ratios is much the same,
        Rhodes 2016, Research Synthesis Methods 7:346) or ``"standardised difference"`` (Rhodes
        2015).
    outcome
        Kind of outcome: one of the published ones by a short name (`OUTCOMES`), or ``"any"``. Of
        standardised differences of a kind that Rhodes does not tell, that of any outcome.
    comparison
        What was compared (`COMPARISONS`).

    Raises
    ------
    ValueError
        A scale, outcome or comparison that was not published.

    Examples
    --------
    >>> from ketameta.stats import empirical_prior
    >>> print(empirical_prior("log odds ratio", "mental health"))
    log-normal(-2.12, 1.53²) of tau²
    """
    tables: dict[str, tuple[Kind, dict[str, Numbers]]] = {
        "log odds ratio": ("log-normal", _TURNER),
        "standardised difference": ("log-t", _RHODES),
    }
    for what, given, known in (
        ("scale", scale, tuple(tables)),
        ("outcome", outcome, OUTCOMES),
        ("comparison", comparison, COMPARISONS),
    ):
        if given not in known:
            raise ValueError(f"no published prior for the {what} {given}; for {', '.join(known)}")
    kind, table = tables[scale]
    column = COMPARISONS.index(comparison)
    row = table.get(outcome, table[ANY])
    location, width = row[min(column, len(row) - 1)]
    return TauPrior(kind, width, location)
