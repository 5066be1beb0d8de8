"""Step-function selection models: publication that depends on the p-value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from ketameta.stats.numerics.batch import over_batch
from ketameta.stats.numerics.checks import as_effects, as_level, one_of
from ketameta.stats.numerics.newton import Maximum, ascend
from ketameta.stats.numerics.shown import Shown
from ketameta.stats.univariate.pooling import random_effects

Array = NDArray[np.float64]
Ints = NDArray[np.intp]

ALTERNATIVES = ("greater", "less", "two-sided")
# Starts: shifts of the weighted mean in standard deviations of the effects, and tau2 as a share
# of their variance; the weights follow from the two. The best few are climbed from.
_SHIFTS = (-4.0, -2.0, -1.0, -0.3, 0.0, 0.3, 1.0, 2.0)
_SHARES = (0.0, 0.1, 0.5, 2.0)
_CLIMBS = 8
_ROUNDS = 15
_LOG_2PI = float(np.log(2 * np.pi))


@dataclass(frozen=True, repr=False)
class Selection(Shown):
    """A selection model, on the scale of yi; numbers of shape (...), arrays (..., m).

    `weights` are the relative probabilities of publication in the p-value
    intervals, the first 1 by definition; `steps` are the upper ends of the
    intervals, the last 1; `counts` the studies in each. `lrt`, `lrt_df`, `lrt_p`
    test the model against no selection (all weights 1). Standard errors are NaN
    for what sits on a bound (tau2 at 0, a weight at 0 or at its maximum): the
    others are then conditional on it, and `at_bound` is True.
    """

    estimate: float
    se: float
    statistic: float
    p: float
    ci_low: float
    ci_high: float
    tau2: float
    tau2_se: float
    steps: Array
    weights: Array
    weights_se: Array
    counts: Ints
    lrt: float
    lrt_df: int
    lrt_p: float
    log_likelihood: float
    k: int
    at_bound: bool
    converged: bool


def selection_model(
    yi: ArrayLike,
    vi: ArrayLike,
    steps: ArrayLike = (0.025,),
    *,
    alternative: str = "greater",
    max_weight: float = 100.0,
    level: float = 0.95,
) -> Selection:
    r"""Fit a random-effects model in which p-value intervals are published unequally.

    Parameters
    ----------
    yi, vi
        Effects and sampling variances, shape (..., k); NaN in both marks an absent
        study. Leading axes are independent analyses, fitted one after the other.
    steps
        Cut points of the p-value, increasing, inside (0, 1). One at 0.025 is the
        three-parameter model (3PSM).
    alternative
        Which p-value selection looks at: of the one-sided test in the direction
        "greater" or "less", or "two-sided".
    max_weight
        Weights are kept within 0 and this. Where no published study falls into the
        first interval the likelihood rises without end in the weights, and at the
        bound they say no more than "large".
    level
        Confidence level.

    Returns
    -------
    Selection. Fewer studies than parameters (2 and one a step) leave the model
    unidentified: NaN, `converged` False. An interval without a study is fitted (its
    weight goes to a bound, `at_bound`), where metafor refuses.

    Raises
    ------
    ValueError
        As `checks.as_effects`; steps or names out of range.

    Notes
    -----
    Maximum likelihood of :math:`\prod_i w(p_i) \phi(y_i; \mu, v_i + \tau^2) / A_i`,
    :math:`A_i = \sum_j w_j \Pr(p_i \in I_j)`, by Newton steps with exact derivatives
    from a grid of starts.

    References
    ----------
    Vevea & Hedges (1995), Psychometrika 60, 419, equations 3 to 6; Hedges & Vevea
    (2005), in Publication Bias in Meta-Analysis, chapter 9.

    Examples
    --------
    >>> from ketameta.stats import selection_model
    >>> yi, vi = [0.12, 0.31, 0.52, 0.18, 0.44], [0.02, 0.03, 0.015, 0.04, 0.02]
    >>> fit = selection_model(yi, vi)
    >>> print(f"{fit.estimate:.3f} [{fit.ci_low:.3f}, {fit.ci_high:.3f}]")
    0.461 [0.277, 0.644]
    """
    y, v = as_effects(yi, vi)
    cuts = np.asarray(steps, dtype=float).ravel()
    if not cuts.size or (np.diff(cuts) <= 0).any() or not ((cuts > 0) & (cuts < 1)).all():
        raise ValueError("steps must increase strictly inside (0, 1)")
    if not (np.isfinite(max_weight) and max_weight > 1):
        raise ValueError(f"max_weight must be finite and above 1, not {max_weight}")
    one_of("alternative", alternative, ALTERNATIVES)
    level = as_level(level)

    def fit_one(effects: Array, variances: Array) -> Selection:
        present = ~np.isnan(effects)
        model = _StepModel.of(effects[present], variances[present], cuts, alternative)
        best = model.maximise(max_weight) if model.y.size >= cuts.size + 2 else None
        null = random_effects(effects, variances, tau2="ML", interval="wald", tau2_interval=None)
        return _report(
            model,
            best,
            steps=np.append(cuts, 1.0),
            max_weight=max_weight,
            null=null.log_likelihood,
            level=level,
        )

    return over_batch(fit_one, y, v)


@dataclass(frozen=True)
class _StepModel:
    """The likelihood in (mu, tau2, w_2, ..., w_m), effects in units of `unit`.

    `cut` (2, j, k) holds the effects at which the p-value equals step j, from above
    and from below (+inf, -inf where the test is one-sided).
    """

    y: Array
    v: Array
    cut: Array
    group: Ints
    counts: Ints
    unit: float
    sign: float

    @classmethod
    def of(cls, y: Array, v: Array, steps: Array, alternative: str) -> _StepModel:
        """Bring the data to one direction and one unit, and find the intervals."""
        sign = -1.0 if alternative == "less" else 1.0
        unit = float(np.sqrt(max(np.median(v), np.var(y)))) if y.size else 1.0
        y, v = sign * y / unit, v / unit**2
        z = y / np.sqrt(v)
        sided = 2.0 if alternative == "two-sided" else 1.0
        p = special.ndtr(-np.abs(z)) * 2 if sided == 2 else special.ndtr(-z)
        # The upper tail: steps of 1e-20 would be lost as 1 - step.
        upper = -special.ndtri(steps / sided)[:, None] * np.sqrt(v)
        lower = -upper if sided == 2 else np.full_like(upper, -np.inf)
        group = np.searchsorted(steps, p, side="left").astype(np.intp)
        counts = np.bincount(group, minlength=steps.size + 1).astype(np.intp)
        return cls(y, v, np.stack([upper, lower]), group, counts, unit, sign)

    def curved(self, theta: Array) -> tuple[float, Array, Array]:
        """Log-likelihood, gradient and Hessian at (mu, tau2, w_2, ..., w_m)."""
        mu, tau2, w = theta[0], theta[1], np.append(1.0, theta[2:])
        s2 = self.v + tau2
        r = self.y - mu
        # A = 1 + sum_j (w_{j+1} - w_j) Pr(p > step_j).
        beyond, first, second = self._beyond(mu, s2)
        jump = np.diff(w)
        A = 1.0 + jump @ beyond
        m = theta.size
        if not (A > 0).all():
            return -np.inf, np.zeros(m), np.zeros((m, m))
        value = np.log(w[self.group]).sum() - 0.5 * (np.log(s2) + r * r / s2).sum()
        value += -np.log(A).sum() - 0.5 * r.size * _LOG_2PI
        # Derivatives of A, (m, k) and (m, m, k): w_{j+1} enters jumps j and j + 1.
        own = np.diff(beyond, axis=0, prepend=np.ones((1, r.size)), append=np.zeros((1, r.size)))
        own = -own[1:]
        first_own = -np.diff(first, axis=1, append=np.zeros((2, 1, r.size)))
        dA = np.vstack([np.einsum("j,ajk->ak", jump, first), own])
        d2A = np.zeros((m, m, r.size))
        d2A[:2, :2] = np.einsum("j,abjk->abk", jump, second)
        d2A[:2, 2:] = first_own
        d2A[2:, :2] = np.swapaxes(first_own, 0, 1)
        scaled = dA / A
        gradient = -scaled.sum(axis=1)
        gradient[0] += (r / s2).sum()
        gradient[1] += 0.5 * (r * r / s2**2 - 1 / s2).sum()
        # An empty interval adds no term in its weight, which may then be 0.
        share = self.counts[1:] / np.where(self.counts[1:] > 0, theta[2:], 1.0)
        gradient[2:] += share
        hessian = scaled @ scaled.T - (d2A / A).sum(axis=2)
        hessian[0, 0] -= (1 / s2).sum()
        hessian[0, 1] -= (r / s2**2).sum()
        hessian[1, 0] = hessian[0, 1]
        hessian[1, 1] += (0.5 / s2**2 - r * r / s2**3).sum()
        hessian[np.arange(2, m), np.arange(2, m)] -= share**2 / np.maximum(self.counts[1:], 1)
        return float(value), gradient, hessian

    def _beyond(self, mu: float, s2: Array) -> tuple[Array, Array, Array]:
        """Pr(p > step) (j, k), its first (2, j, k) and second (2, 2, j, k) derivatives.

        Pr = Phi(u+) - Phi(u-), u = (c - mu) / s; the derivatives are in mu and tau2.
        """
        s = np.sqrt(s2)
        shape = self.cut.shape[1:]
        value, first, second = np.zeros(shape), np.zeros((2, *shape)), np.zeros((2, 2, *shape))
        for side, cut in zip((1.0, -1.0), self.cut, strict=True):
            if np.isneginf(cut).all():
                continue
            u = (cut - mu) / s
            density = np.exp(-0.5 * u * u - 0.5 * _LOG_2PI) * side
            u_mu, u_t = -1 / s, -u / (2 * s2)
            value += side * special.ndtr(u)
            first[0] += density * u_mu
            first[1] += density * u_t
            second[0, 0] -= density * u * u_mu**2
            cross = density * (0.5 / (s2 * s) - u * u_mu * u_t)
            second[0, 1] += cross
            second[1, 0] += cross
            second[1, 1] += density * (0.75 * u / s2**2 - u * u_t**2)
        return value, first, second

    def _starts(self, mu: Array, tau2: Array, max_weight: float) -> tuple[Array, Array]:
        """Complete mu and tau2, shape (n,), by weights that nearly maximise the likelihood.

        In log w the likelihood is concave, with the fixed point
        w_j = n_j / sum_i (Pr(p_i in j) / A_i). Returns the starts (n, m) and the likelihood there.
        """
        s2 = self.v + tau2[:, None]
        upper, lower = ((cut - mu[:, None, None]) / np.sqrt(s2)[:, None] for cut in self.cut)
        beyond = special.ndtr(upper) - special.ndtr(lower)
        ends = np.ones((mu.size, 1, self.y.size)), np.zeros((mu.size, 1, self.y.size))
        inside = -np.diff(np.concatenate([ends[0], beyond, ends[1]], axis=1), axis=1)
        inside = np.maximum(inside, 1e-300)
        w = np.ones((mu.size, self.counts.size))
        for _ in range(_ROUNDS):
            w = self.counts / (inside / (w[:, None] @ inside)).sum(axis=2)
            w = w / np.maximum(w[:, :1], w.max(axis=1, keepdims=True) / max_weight)
            w = np.clip(w, 1e-9, max_weight)
            w[:, 0] = 1.0
        r = self.y - mu[:, None]
        value = np.log(w[:, self.group]) - 0.5 * (np.log(s2) + r * r / s2)
        value -= np.log((w[:, None] @ inside)[:, 0])
        return np.column_stack([mu, tau2, w[:, 1:]]), value.sum(axis=1)

    def maximise(self, max_weight: float) -> Maximum:
        """Climb from a grid of starts and keep the highest end."""
        steps = self.counts.size - 1
        lower = np.append([-np.inf, 0.0], np.where(self.counts[1:] > 0, 1e-10, 0.0))
        upper = np.append([np.inf, np.inf], np.full(steps, max_weight))
        spread = max(float(np.std(self.y)), 1e-3)
        tau2 = np.array(_SHARES) * spread**2
        means = [np.average(self.y, weights=1 / (self.v + t)) for t in tau2]
        mu = np.add.outer(means, np.array(_SHIFTS) * spread).ravel()
        starts, values = self._starts(mu, np.repeat(tau2, len(_SHIFTS)), max_weight)
        best = np.argsort(-values, kind="stable")[:_CLIMBS]
        ends = [ascend(self.curved, starts[i], lower, upper) for i in best]
        return max(ends, key=lambda end: (end.value, end.converged))


def _report(
    model: _StepModel,
    best: Maximum | None,
    *,
    steps: Array,
    max_weight: float,
    null: float,
    level: float,
) -> Selection:
    """Turn the maximum into estimates, standard errors and tests in the units of yi."""
    m, k = steps.size + 1, model.y.size
    at, se, likelihood = np.full(m, np.nan), np.full(m, np.nan), np.nan
    bound = False
    if best is not None:
        at = best.at
        likelihood = best.value - k * float(np.log(model.unit))
        free = np.ones(m, dtype=bool)
        free[1:] = (at[1:] > 1e-9) & np.append(True, at[2:] < max_weight)
        bound = not bool(free.all())
        se[free] = _standard_errors(model.curved(at)[2][np.ix_(free, free)])
    estimate, error = model.sign * model.unit * at[0], model.unit * se[0]
    half = special.ndtri(0.5 + level / 2) * error
    # The two maxima agree to rounding where selection changes nothing.
    lrt = max(0.0, 2 * (likelihood - null)) if best is not None else np.nan
    return Selection(
        estimate=float(estimate),
        se=float(error),
        statistic=float(estimate / error),
        p=float(2 * special.ndtr(-np.abs(estimate / error))),
        ci_low=float(estimate - half),
        ci_high=float(estimate + half),
        tau2=float(at[1] * model.unit**2),
        tau2_se=float(se[1] * model.unit**2),
        steps=steps,
        weights=np.append(1.0, at[2:]),
        weights_se=np.append(np.nan, se[2:]),
        counts=model.counts,
        lrt=lrt,
        lrt_df=m - 2,
        lrt_p=float(special.chdtrc(m - 2, lrt)),
        log_likelihood=likelihood,
        k=k,
        at_bound=bound,
        converged=best is not None and best.converged,
    )


def _standard_errors(hessian: Array) -> Array:
    """Square roots of the diagonal of minus the inverse Hessian; NaN where it is not a maximum."""
    if (np.linalg.eigvalsh(-hessian) <= 0).any():
        return np.full(len(hessian), np.nan)
    return np.asarray(np.sqrt(np.diag(np.linalg.inv(-hessian))))
