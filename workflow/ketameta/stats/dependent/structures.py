"""What the covariance of the true effects of a cluster may look like, as a few parameters.

The likelihood (`mixed`) is one of g, the elements of that covariance. A shape says how the g
follow from parameters s that may be anything within their bounds, with exact derivatives: `Forms`
where the g are quadratic in s, `Powers` where correlations fall with a lag.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice, product
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
# where a parameter stands: (row, column, multiplier), row and column of the covariance (o, o)
Cells = list[list[tuple[int, int, float]]]

STRUCTURES = ("UN", "DIAG", "CS", "HCS", "AR", "HAR")
# Standard deviations to start from, relative to the spread of the effects.
_SPREADS = (0.03, 0.3, 0.8, 1.6)
_MOST_STARTS = 4**4
# of outcomes, some of which all studies know far better than others, so that the spread of all
# says little of each
_WIDE = (0.003, 0.03, 0.3, 1.2, 4.0)
_CORRELATIONS = (-0.9, -0.4, 0.0, 0.5, 0.9)


class Shape(Protocol):
    """How g (m,) follows from s (q,)."""

    @property
    def lower(self) -> Array:
        """Lower bounds of s."""

    @property
    def upper(self) -> Array:
        """Upper bounds of s."""

    def starts(self) -> list[list[Array]]:
        """Points to start a search from, in groups far from each other."""

    def g(self, s: Array) -> Array:
        """Values at s."""

    def slope(self, s: Array) -> Array:
        """First derivatives, shape (m, q)."""

    def bend(self, s: Array, gradient: Array) -> Array:
        """Second derivatives summed with the weights `gradient` (m,), shape (q, q)."""


@dataclass(frozen=True)
class Forms:
    """g_m = s' F_m s, the F_m symmetric, shape (m, q, q).

    `factor` marks the forms of a free covariance, whose s are the entries of a triangular factor
    of this many rows; 0: s are standard deviations.
    """

    matrices: Array
    factor: int = 0

    @property
    def lower(self) -> Array:
        """No bound."""
        return np.full(self.matrices.shape[1], -np.inf)

    @property
    def upper(self) -> Array:
        """No bound."""
        return np.full(self.matrices.shape[1], np.inf)

    def starts(self) -> list[list[Array]]:
        """Return a grid of standard deviations; of a factor also of correlations."""
        if self.factor:
            return _factors(self.factor)
        grid = product(_SPREADS, repeat=self.matrices.shape[1])
        return [[np.array(s) for s in islice(grid, _MOST_STARTS)]]

    def g(self, s: Array) -> Array:
        """Return the values at s."""
        return np.asarray(np.einsum("mij,i,j->m", self.matrices, s, s))

    def slope(self, s: Array) -> Array:
        """Return the first derivatives."""
        return np.asarray(2 * self.matrices @ s)

    def bend(self, s: Array, gradient: Array) -> Array:
        """Return the second derivatives, weighted."""
        return np.asarray(2 * np.tensordot(gradient, self.matrices, axes=1))


@dataclass(frozen=True)
class Powers:
    """g_m = s_a s_b rho^lag, the last parameter rho; standard deviations are not below 0.

    `ends` holds a and b of each g, shape (m, 2), `lags` its whole lag (m,); rho lies within
    `between`.
    """

    ends: NDArray[np.intp]
    lags: Array
    between: tuple[float, float]

    @property
    def scales(self) -> int:
        """Count the standard deviations."""
        return int(self.ends.max()) + 1

    @property
    def lower(self) -> Array:
        """Return 0 for standard deviations, and the least correlation."""
        return np.array([*np.zeros(self.scales), self.between[0]])

    @property
    def upper(self) -> Array:
        """Return no bound for standard deviations, and the largest correlation."""
        return np.array([*np.full(self.scales, np.inf), self.between[1]])

    def starts(self) -> list[list[Array]]:
        """Return equal standard deviations with several correlations."""
        rhos = {float(np.clip(rho, *self.between)) for rho in _CORRELATIONS}
        return [
            [np.array([*np.full(self.scales, s), rho]) for s in _SPREADS] for rho in sorted(rhos)
        ]

    def g(self, s: Array) -> Array:
        """Return the values at s."""
        return np.asarray(s[self.ends].prod(axis=1) * s[-1] ** self.lags)

    def slope(self, s: Array) -> Array:
        """Return the first derivatives."""
        out, m = np.zeros((self.lags.size, s.size)), np.arange(self.lags.size)
        a, b = self.ends.T
        power = s[-1] ** self.lags
        np.add.at(out, (m, a), s[b] * power)
        np.add.at(out, (m, b), s[a] * power)
        out[:, -1] = s[a] * s[b] * self._derivative(s[-1], 1)
        return out

    def bend(self, s: Array, gradient: Array) -> Array:
        """Return the second derivatives, weighted."""
        out = np.zeros((s.size, s.size))
        a, b = self.ends.T
        last = s.size - 1
        np.add.at(out, (a, b), gradient * s[-1] ** self.lags)
        np.add.at(out, (b, a), gradient * s[-1] ** self.lags)
        by_rho = gradient * self._derivative(s[-1], 1)
        for one, other in ((a, b), (b, a)):
            np.add.at(out, (one, last), by_rho * s[other])
            np.add.at(out, (last, one), by_rho * s[other])
        out[last, last] = (gradient * s[a] * s[b] * self._derivative(s[-1], 2)).sum()
        return out

    def _derivative(self, rho: float, order: int) -> Array:
        """Return the derivative of rho^lag by rho of an order of 1 or 2."""
        factor = self.lags if order == 1 else self.lags * (self.lags - 1)
        return np.asarray(factor * rho ** np.maximum(self.lags - order, 0))


def _factors(o: int) -> list[list[Array]]:
    """Return factors of covariances with one correlation; one standard deviation where o > 3."""
    grid = product(_WIDE, repeat=o) if o <= 3 else ((one,) * o for one in _WIDE)
    spreads, rows = [np.array(one) for one in grid], np.tril_indices(o)
    found = []
    for rho in _CORRELATIONS:
        least = -1.0 / max(o - 1, 1)
        R = np.full((o, o), max(rho, 0.9 * least)) + (1 - max(rho, 0.9 * least)) * np.eye(o)
        found.append([(one[:, None] * np.linalg.cholesky(R))[rows] for one in spreads])
    return found


def variances(count: int) -> Forms:
    """Return `count` separate variances, each the square of its parameter."""
    return Forms(np.eye(count)[:, :, None] * np.eye(count)[:, None, :])


def between_shape(o: int, structure: str, rho: float | None) -> tuple[Cells, Shape]:
    """Return the cells of each g with their multipliers, and how the g follow from parameters.

    `o` outcomes; the names of the structures are those of `multilevel.multivariate`.
    """
    diagonal = [(i, i, 1.0) for i in range(o)]
    off = [(i, j, 1.0) for i in range(o) for j in range(i)]
    if structure == "DIAG":
        return [[cell] for cell in diagonal], variances(o)
    if structure == "CS" and rho is not None:
        return [diagonal + [(i, j, rho) for i, j, _ in off]], variances(1)
    if structure == "UN":
        return unstructured(range(o))
    return _falling(o, structure)


def _falling(o: int, structure: str) -> tuple[Cells, Shape]:
    """Return CS, HCS, AR or HAR: correlations rho, or rho to the power of the lag."""
    ordered = structure in {"AR", "HAR"}
    pairs = [(i, j) for i in range(o) for j in range(i + 1)]
    lag = {(i, j): float(i - j) if ordered else float(i != j) for i, j in pairs}
    if structure in {"HCS", "HAR"}:
        cells: Cells = [[(i, j, 1.0)] for i, j in pairs]
        ends, lags = np.array(pairs), np.array([lag[pair] for pair in pairs])
    else:
        lags = np.array(sorted({*lag.values()}))
        cells = [[(i, j, 1.0) for i, j in pairs if lag[i, j] == one] for one in lags]
        ends = np.zeros((lags.size, 2), dtype=np.intp)
    low = -1.0 if ordered else -1.0 / max(o - 1, 1)
    return cells, Powers(ends.astype(np.intp), lags, (low, 1.0) if o > 1 else (0.0, 0.0))


def unstructured(order: Sequence[int], rho: float | None = None) -> tuple[Cells, Forms]:
    """Return a free covariance by the factor L of G = L L', its rows in `order`.

    The first parameter is the standard deviation of the first. With `rho` that is the
    correlation of the first two, and the second parameter the standard deviation of the second.
    """
    o = len(order)
    place = [(i, k) for i in range(o) for k in range(i + 1)]
    basis = np.zeros((len(place), o, o))
    for q, (i, k) in enumerate(place):
        basis[q, i, k] = 1.0
    if rho is not None:
        basis[1, 1, 1] = np.sqrt(max(0.0, 1.0 - rho**2))
        basis[1, 1, 0] = rho
        basis = np.delete(basis, 2, axis=0)
    forms = [basis[:, i, :] @ basis[:, j, :].T for i, j in place]
    cells: Cells = [[(max(order[i], order[j]), min(order[i], order[j]), 1.0)] for i, j in place]
    return cells, Forms(np.stack([(form + form.T) / 2 for form in forms]), 0 if rho else o)


def pattern(codes: NDArray[np.intp], cells: list[tuple[int, int, float]]) -> Array:
    """Return where in the covariance of effects with these outcomes one parameter stands."""
    a, b = codes[:, None], codes[None, :]
    out = np.zeros((codes.size, codes.size))
    for i, j, weight in cells:
        out += weight * (((a == i) & (b == j)) | ((a == j) & (b == i)))
    return out


def filled(g: Array, cells: Cells, o: int) -> Array:
    """Return the covariance (o, o) of the true effects from its parameters."""
    out = np.zeros((o, o))
    for value, group in zip(g, cells, strict=True):
        out += value * pattern(np.arange(o), group)
    return out
