"""The global maximum of a mixed-model log-likelihood over its standard deviations."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from ketameta.stats.numerics.newton import ascend
from ketameta.stats.numerics.quadrature import Floats, QuadratureRule
from ketameta.stats.rare.marginal import STEP, MarginalModel

# Standard deviations (log odds) from which the search starts, and beyond which an
# estimate is taken to run off: at 30 a study has either no events or events only.
_GRID_ONE = (0.0, 0.03, 0.06, 0.12, 0.25, 0.5, 0.8, 1.2, 2.0, 3.5, 7.0, 15.0)
_GRID_TWO = (0.0, 0.1, 0.4, 1.2, 3.5)
_FAR = 30.0
_DELTA = 1e-3


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

    def curved(self, theta: Floats, free: Sequence[int]) -> tuple[float, Floats, Floats]:
        """Value, gradient and Hessian in the free parameters at one θ.

        Hessian by five-point differences of the exact gradient: error about 1e-11.
        """
        f = len(free)
        shifts = np.outer(np.array([-2.0, -1.0, 1.0, 2.0]), np.full(f, _DELTA))
        around = theta + np.einsum("sf,fp->fsp", shifts, np.eye(theta.size)[list(free)])
        points = np.concatenate([theta[None], around.reshape(4 * f, theta.size)])
        values, slopes = self.gradient(points, free)
        g = slopes[1:].reshape(f, 4, f)
        hessian = (8 * (g[:, 2] - g[:, 1]) - (g[:, 3] - g[:, 0])) / (12 * _DELTA)
        return float(values[0]), slopes[0], (hessian + hessian.T) / 2

    def climb(self, theta: Floats, free: Sequence[int]) -> tuple[Floats, float, bool]:
        """Climb from θ in the free parameters; θ, value and whether the top was reached."""
        index = list(free)

        def moved(x: Floats) -> Floats:
            out = theta.copy()
            out[index] = x
            return out

        unbounded = np.full(len(index), np.inf)
        top = ascend(
            lambda x: self.curved(moved(x), free), theta[index], lower=-unbounded, upper=unbounded
        )
        at, g, h = top.at, top.gradient, top.hessian
        # The value is flat to rounding near the top, the gradient is not.
        for again in (False, True):
            if again:
                _, g, h = self.curved(moved(at), free)
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
    where = list(range(model.locations))
    profile = np.full((len(grid),) * scales, np.nan)
    tops = {}
    at = model.start
    for index in product(range(len(grid)), repeat=scales):
        theta = np.concatenate([at, [grid[i] for i in index]])
        theta, value, found = surface.climb(theta, where)
        if found:
            profile[index], tops[index] = value, theta
            at = theta[: model.locations]
    for index, theta in tops.items():
        if _is_local_top(profile, index):
            yield theta


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
        _, _, hessian = surface.curved(theta, everything)
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
    near = bool(np.abs(theta).max() < _FAR)
    free = [j for j in everything if theta[j] != 0 or j < model.locations]
    curvature = np.linalg.eigvalsh(-hessian[np.ix_(free, free)])
    return AscentEnd(theta, value, hessian, found and near and bool(curvature[0] > 0))


def maximise_from_starts(model: MarginalModel, nodes: int) -> AscentEnd:
    """Find the highest point over all starts, with `nodes` points per axis.

    The search over the grid of standard deviations uses few nodes, every local
    maximum is then climbed with all of them.
    """
    few = Surface(model, QuadratureRule.of(min(nodes, 7 if model.scales == 1 else 3)))
    full = Surface(model, QuadratureRule.of(nodes))
    best: AscentEnd | None = None
    for start in _starts(few, model.scales):
        found = _settle(full, start)
        if best is None or (found.converged, found.value) > (best.converged, best.value):
            best = found
    if best is None:
        p = model.locations + model.scales
        return AscentEnd(np.full(p, np.nan), np.nan, np.full((p, p), np.nan), False)
    return best
