"""The global maximum of a mixed-model log-likelihood over its standard deviations."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from ketameta.stats.numerics.newton import ascend
from ketameta.stats.numerics.quadrature import Floats, QuadratureRule
from ketameta.stats.rare.marginal import STEP, MarginalModel, OneEffect

# Standard deviations (log odds) from which the search starts, and how far an estimate may lie out,
# a location or a standard deviation: at 10 nearly every study has either no events or events only,
# and what the points of a rule add up to has tops of its own.
_GRID_ONE = (0.0, 0.03, 0.06, 0.12, 0.25, 0.5, 0.8, 1.2, 2.0, 3.5, 7.0, 15.0)
_GRID_TWO = (0.0, 0.1, 0.4, 1.2, 3.5)
_FAR, _FAR_APART = 30.0, 10.0
# the standard deviation from which fifty points are too few, and how many times as many are taken
_WIDE, _MORE = 1.5, 20
_DELTA = 1e-3
# points from which on sums and integrals have the same slopes
_EXACT = 50
# of the climb from many places: steps, their length at most, halvings of one that leads down, the
# curvature that is taken for none, and the step below which the top is near
_CLIMBS, _LONGEST, _HALVINGS, _FLAT, _NEAR = 60, 2.0, 20, 1e-8, 1e-5


@dataclass(frozen=True)
class AscentEnd:
    """Where the log-likelihood is largest, with the Hessian there, or converged False."""

    theta: Floats
    value: float
    hessian: Floats
    converged: bool


class Surface:
    """Value, gradient and Hessian of a model's log-likelihood, nuisance profiled out."""

    def __init__(self, model: MarginalModel, rule: QuadratureRule) -> None:
        self.model, self.rule = model, rule

    def gradient(self, theta: Floats, free: Sequence[int]) -> tuple[Floats, Floats]:
        """Values (m,) and derivatives (m, f) at θ of shape (m, p), by complex steps.

        The profiled parameters stay where they are: at their optimum they do not
        change the first derivative.
        """
        nuisance = self.model.profile(theta, self.rule)
        moved = theta[:, None, :] + 1j * STEP * np.eye(theta.shape[1])[list(free)]
        still = None if nuisance is None else nuisance[:, None, :]
        out = self.model.log_likelihood(moved, still, self.rule)
        return out[:, 0].real, out.imag / STEP

    def curved(self, theta: Floats, free: Sequence[int]) -> tuple[Floats, Floats, Floats]:
        """Values (m,), gradients (m, f) and Hessians (m, f, f) at θ of shape (m, p).

        Of many points those of the integrals that they stand for, where the model knows them. Else
        those of the sums: Hessians by five-point differences of the exact gradient, error about
        1e-11.
        """
        model = self.model
        if isinstance(model, OneEffect) and not model.profiled and self.rule.z.size >= _EXACT:
            value, gradient, hessian = model.curved(theta, self.rule)
            index = list(free)
            return value, gradient[:, index], hessian[:, index][:, :, index]
        (m, p), f = theta.shape, len(free)
        shifts = np.array([-2.0, -1.0, 1.0, 2.0]) * _DELTA
        moves = (np.eye(p)[list(free)][:, None] * shifts[:, None]).reshape(4 * f, p)
        points = theta[:, None] + np.concatenate([np.zeros((1, p)), moves])
        values, slopes = self.gradient(points.reshape(-1, p), free)
        slopes = slopes.reshape(m, 1 + 4 * f, f)
        g = slopes[:, 1:].reshape(m, f, 4, f)
        hessian = (8 * (g[:, :, 2] - g[:, :, 1]) - (g[:, :, 3] - g[:, :, 0])) / (12 * _DELTA)
        both = (hessian + np.swapaxes(hessian, 1, 2)) / 2
        return values.reshape(m, -1)[:, 0], slopes[:, 0], both

    def curved_at(self, theta: Floats, free: Sequence[int]) -> tuple[float, Floats, Floats]:
        """Value, gradient and Hessian at one θ."""
        value, gradient, hessian = self.curved(theta[None], free)
        return float(value[0]), gradient[0], hessian[0]

    def rise(self, theta: Floats, free: Sequence[int]) -> tuple[Floats, Floats]:
        """Climb from many θ at once, shape (m, p), nearly to the top: θ, and values (m,).

        NaN where the top is not reached. For the locations, in which the surface is concave.
        """
        theta, index = theta.copy(), list(free)
        told = np.full(len(theta), np.nan)
        left = np.arange(len(theta))
        values, gradient, hessian = self.curved(theta, free)
        for _ in range(_CLIMBS):
            curvature, axes = np.linalg.eigh(-hessian)
            steep = np.einsum("mfa,mf->ma", axes, gradient)
            step = np.einsum("mfa,ma->mf", axes, steep / np.maximum(curvature, _FLAT))
            step = np.clip(step, -_LONGEST, _LONGEST)
            there = np.abs(step).max(axis=1) < _NEAR
            told[left[there]] = values[there]
            left, step, values = left[~there], step[~there], values[~there]
            if not left.size:
                break
            before, factor = theta[left][:, index], np.ones(left.size)
            for _ in range(_HALVINGS):
                theta[np.ix_(left, index)] = before + factor[:, None] * step
                new, gradient, hessian = self.curved(theta[left], free)
                worse = ~(new >= values - 1e-12 * np.abs(values))
                if not worse.any():
                    break
                factor[worse] /= 2
            values = new
        return theta, told

    def climb(self, theta: Floats, free: Sequence[int]) -> tuple[Floats, float, bool]:
        """Climb from θ in the free parameters; θ, value and whether the top was reached."""
        index = list(free)

        def moved(x: Floats) -> Floats:
            out = theta.copy()
            out[index] = x
            return out

        unbounded = np.full(len(index), np.inf)
        top = ascend(
            lambda x: self.curved_at(moved(x), free),
            theta[index],
            lower=-unbounded,
            upper=unbounded,
        )
        at, g, h = top.at, top.gradient, top.hessian
        # The value is flat to rounding near the top, the gradient is not.
        for again in (False, True):
            if again:
                _, g, h = self.curved_at(moved(at), free)
            step = -np.linalg.solve(h, g) if np.linalg.cond(h) < 1e13 else 0.0 * g
            if np.abs(step).max() > 1e-3 or not top.converged:
                break
            at = at + step
        return moved(at), top.value, top.converged


def _is_local_top(profile: Floats, index: tuple[int, ...]) -> bool:
    """Whether no neighbour on the grid, diagonals included, is higher."""
    around = tuple(slice(max(i - 1, 0), i + 2) for i in index)
    return bool(profile[index] >= np.nanmax(profile[around]))


def _starts(surface: Surface, scales: int) -> Iterator[Floats]:
    """Points from which each local maximum over the standard deviations is reached."""
    model = surface.model
    grid = _GRID_ONE if scales == 1 else _GRID_TWO
    indices = list(product(range(len(grid)), repeat=scales))
    theta = np.array([[*model.start, *(grid[i] for i in index)] for index in indices])
    theta, values = surface.rise(theta, list(range(model.locations)))
    profile = values.reshape((len(grid),) * scales)
    for index, start in zip(indices, theta, strict=True):
        if _is_local_top(profile, index):
            yield start


def _settle(surface: Surface, theta: Floats) -> AscentEnd:
    """Climb in all parameters; standard deviations that vanish are put to exactly 0.

    The log-likelihood is even in each of them, so 0 is always stationary: it is
    a maximum where the second derivative is not positive.
    """
    model = surface.model
    p = theta.size
    everything = list(range(p))
    scales = everything[model.locations :]
    zero = [j for j in scales if abs(theta[j]) < 1e-6]
    for _ in range(p):
        free = [j for j in everything if j not in zero]
        theta = theta.copy()
        theta[zero] = 0.0
        theta, value, found = surface.climb(theta, free)
        _, _, hessian = surface.curved_at(theta, everything)
        rising = [j for j in zero if hessian[j, j] > 0]
        vanished = [j for j in scales if j not in zero and abs(theta[j]) < 1e-4]
        if rising:
            zero = [j for j in zero if j not in rising]
            theta[rising] = 0.02
        elif vanished:
            zero += vanished
        else:
            break
    theta[scales] = np.abs(theta[scales])
    # Far out the likelihood has no top, or none that the data could show.
    near = bool(np.abs(theta).max() < _FAR and theta[scales].max() < _FAR_APART)
    free = [j for j in everything if theta[j] != 0 or j < model.locations]
    curvature = np.linalg.eigvalsh(-hessian[np.ix_(free, free)])
    return AscentEnd(theta, value, hessian, found and near and bool(curvature[0] > 0))


def maximise_from_starts(model: MarginalModel, nodes: int, *, more: bool = False) -> AscentEnd:
    """Find the highest point over all starts, with `nodes` points per axis.

    The search over the grid of standard deviations uses few nodes, every local
    maximum is then climbed with all of them, and with many more where the effects lie so far
    apart that those are too few, if `more` are allowed.
    """
    few = Surface(model, QuadratureRule.of(min(nodes, 7 if model.scales == 1 else 3)))
    full = Surface(model, QuadratureRule.of(nodes))
    best: AscentEnd | None = None
    for start in _starts(few, model.scales):
        found = _settle(full, start)
        if more and model.scales == 1 and found.theta[-1] > _WIDE:
            found = _settle(Surface(model, QuadratureRule.of(_MORE * nodes)), found.theta)
        if best is None or (found.converged, found.value) > (best.converged, best.value):
            best = found
    if best is None:
        p = model.locations + model.scales
        return AscentEnd(np.full(p, np.nan), np.nan, np.full((p, p), np.nan), False)
    return best
