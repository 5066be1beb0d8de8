"""Generalised linear mixed models for few events: exact likelihoods instead of yi and vi."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from ketameta.stats.effects.cells import events_and_times, two_by_two
from ketameta.stats.effects.effect_size import check_names, effect_size
from ketameta.stats.effects.inputs import Array, Arrays, float_arrays, refuse, size_and_rest
from ketameta.stats.numerics.checks import as_level, one_of
from ketameta.stats.numerics.quadrature import QuadratureRule
from ketameta.stats.numerics.shown import Shown
from ketameta.stats.rare.ascent import AscentEnd, Surface, maximise_from_starts
from ketameta.stats.rare.kernels import (
    Arm,
    Binomial,
    BinomialArm,
    Hypergeometric,
    PoissonArm,
    Stratified,
)
from ketameta.stats.rare.marginal import MarginalModel, OneEffect, StratifiedEffect, TwoEffects

MODELS = {
    "PLO": ("UM",),
    "OR": ("UM.FS", "UM.RS", "CM.EL", "CM.AL"),
    "IRR": ("CM.EL", "UM.FS", "UM.RS"),
}

Number = Any  # a float for one analysis, an array of shape (...) for a batch


@dataclass(frozen=True, repr=False)
class Glmm(Shown):
    """A pooled effect from a generalised linear mixed model, by maximum likelihood.

    Everything but `k` and `converged` is NaN where the likelihood has no finite
    maximum (no event in an arm of any study, for instance) or the search for it
    failed: then `converged` is False. k = 0: NaN. k = 1: that study, NaN for what
    needs two. k = 2: all defined.

    Attributes
    ----------
    estimate, se, statistic, p, ci_low, ci_high
        Mean effect on the log odds, log odds ratio or log rate ratio scale; its
        standard error from the observed information of all parameters; normal
        test and interval.
    pi_low, pi_high
        Prediction interval, estimate ± z √(se² + tau2).
    tau2, tau2_se
        Variance of the true effects; NaN error at tau2 = 0.
    sigma2
        Variance of the random study effects (UM.RS, else NaN).
    i2, h2
        From tau2 and the typical variance of the single effects, i2 in per cent.
    q, q_df, q_p
        Likelihood-ratio test of homogeneity, common effect against one effect
        each (NaN for UM.RS).
    log_likelihood
        Marginal log-likelihood with all constants.
    k
        Studies used.
    converged
        Whether the maximum was found.
    """

    estimate: Number
    se: Number
    statistic: Number
    p: Number
    ci_low: Number
    ci_high: Number
    pi_low: Number
    pi_high: Number
    tau2: Number
    tau2_se: Number
    sigma2: Number
    i2: Number
    h2: Number
    q: Number
    q_df: Number
    q_p: Number
    log_likelihood: Number
    k: Number
    converged: Any


def glmm(
    measure: str,
    *,
    model: str | None = None,
    nodes: int | None = None,
    drop00: bool = True,
    level: float = 0.95,
    **tables: ArrayLike,
) -> Glmm:
    """Pool counts by a binomial-normal or hypergeometric-normal model.

    Parameters
    ----------
    measure
        "PLO": log odds in one group, xi and mi or ni. "OR": ai, bi or n1i, ci,
        di or n2i. "IRR": x1i t1i x2i t2i. Shapes (..., k); NaN marks an absent
        study. Leading axes are fitted one after another.
    model
        For OR, effects θ ~ N(μ, τ²): "UM.FS" (default) fixed baselines, log odds α ± θ/2;
        "UM.RS" random baselines v ~ N(0, σ²), log odds γ + v + μ + u/2 and γ + v - u/2,
        u ~ N(0, τ²); "CM.EL" conditional on both margins, noncentral hypergeometric;
        "CM.AL" its approximation for rare events, a of a + c events binomial with
        log odds θ + log(n1/n2). For IRR "CM.EL" (default), x1 of x1 + x2 binomial with log
        odds θ + log(t1/t2), exact; or "UM.FS" and "UM.RS" as for OR, of Poisson counts with
        log rates in the place of log odds. For PLO "UM".
    nodes
        Gauss-Hermite points per random effect, default 50 and, where tau comes out beyond 1.5,
        1,000, which leave tau good to 9 digits up to a tau of 6 and to 5 up to 10 where most
        cells are empty (UM.RS 15 × 15, tau2 6 digits up to 7); 1 is the Laplace
        approximation. Beyond a tau of 10 no maximum is reported: nearly every study has then
        no events or events only.
    drop00
        Leave out studies with no, or only, events in both arms (IRR: with none). UM.FS and
        CM.EL always do, there they say nothing; in UM.RS they inform about σ².
    level
        Confidence level, between 0 and 1.

    Raises
    ------
    ValueError
        As `effect_size`; unknown model; nodes below 1; fractional counts (CM.EL for OR).

    Notes
    -----
    Stijnen, Hamza and Özdemir 2010 (rates: their section 4); Jackson and others 2018 (their
    models 4, 5 and 7); Hamza, van Houwelingen and Stijnen 2008 (one group). The same models
    as `rma.glmm` of metafor 3.8-1 with its default coding, at the global maximum
    over tau. Its log-likelihood for more than one node is that of the counts given
    the predicted effects; here it is the marginal one.

    Examples
    --------
    >>> from ketameta.stats import glmm
    >>> trials = {"ai": [12, 9, 15], "n1i": [20, 20, 30], "ci": [5, 6, 8], "n2i": [20, 20, 30]}
    >>> fit = glmm("OR", **trials)
    >>> print(f"{fit.estimate:.3f} [{fit.ci_low:.3f}, {fit.ci_high:.3f}]")
    1.047 [0.341, 1.753]
    """
    more = nodes is None
    model, nodes = _choose(measure, model, nodes)
    level = as_level(level)
    check_names(measure, tables)
    cells = _cells(measure, model, float_arrays(tables))
    lead = cells[0].shape[:-1]
    fits = []
    for i in np.ndindex(lead):
        kept = _kept(measure, model, drop00, [c[i] for c in cells])
        fits.append(_pool(measure, model, kept, nodes, level, more))
    if not lead:
        return Glmm(**fits[0])
    names = Glmm.__dataclass_fields__
    return Glmm(**{name: np.array([fit[name] for fit in fits]).reshape(lead) for name in names})


def _choose(measure: str, model: str | None, nodes: int | None) -> tuple[str, int]:
    """Check measure, model and nodes; defaults where nothing was chosen."""
    one_of("measure", measure, tuple(MODELS))
    model = MODELS[measure][0] if model is None else model
    one_of("model", model, MODELS[measure])
    nodes = (15 if model == "UM.RS" else 50) if nodes is None else int(nodes)
    if nodes < 1:
        raise ValueError(f"nodes must be 1 or more; not {nodes}")
    return model, nodes


def _cells(measure: str, model: str, x: Arrays) -> tuple[Array, ...]:
    """Check the numbers of each study: events and non-events, or events and times."""
    if next(iter(x.values())).ndim == 0:
        raise ValueError(f"{measure} needs an axis of studies; the counts are single numbers")
    if measure == "IRR":
        return events_and_times(x)
    if measure == "PLO":
        return size_and_rest(x, "xi", "mi", "ni")
    if model == "CM.EL":
        for name in ("ai", "bi", "ci", "di", "n1i", "n2i"):
            if name in x:
                refuse(x[name] % 1 > 0, name, x[name], "is not a whole number")
    return two_by_two(x)


def _kept(measure: str, model: str, drop00: bool, cells: list[Array]) -> list[Array]:
    """Select the cells of the studies that enter."""
    keep = ~np.isnan(sum(cells, np.zeros(())))
    if measure == "PLO":
        keep &= cells[0] + cells[1] > 0
    elif measure == "IRR":
        if drop00 or model != "UM.RS":
            keep &= cells[0] + cells[2] > 0
    else:
        a, b, c, d = cells
        if drop00 or model in {"UM.FS", "CM.EL"}:
            keep &= (a + c > 0) & (b + d > 0)
        elif model == "CM.AL":
            keep &= a + c > 0
    return [cell[keep] for cell in cells]


def build_likelihood(measure: str, model: str, cells: list[Array]) -> tuple[MarginalModel, bool]:
    """Build the likelihood; also whether it has a maximum at a finite mean effect."""
    if model in {"UM.FS", "UM.RS"}:
        return _unconditional(measure, model, cells)
    if measure == "PLO":
        x, rest = cells
        n, offset = x + rest, np.zeros(x.size)
    elif measure == "IRR":
        x, t1, x2, t2 = cells
        n, offset = x + x2, np.log(t1 / t2)
    else:
        a, b, c, d = cells
        if model == "CM.EL":
            return OneEffect(Hypergeometric(a, b, c, d), _log_odds(a, b, c, d)), _inside(cells)
        x, n, offset = a, a + c, np.log((a + b) / (c + d))
    start = float(np.log((x.sum() + 0.5) / ((n - x).sum() + 0.5)) - np.average(offset, weights=n))
    finite = bool(x.sum() > 0 and (n - x).sum() > 0)
    x, n, offset, times = _once(x, n, offset)
    return OneEffect(Binomial(x, n, offset, times), start, times), finite


def _unconditional(measure: str, model: str, cells: list[Array]) -> tuple[MarginalModel, bool]:
    """Build the likelihood of both arms; log rates of counts, or log odds of events."""
    one, two = cells[0], cells[2]
    rest = cells[1], cells[3]
    first: Arm
    second: Arm
    if measure == "IRR":
        first, second = PoissonArm(one, rest[0]), PoissonArm(two, rest[1])
        level = np.log((one + two + 0.5) / (rest[0] + rest[1]))
        finite = bool(one.sum() > 0 and two.sum() > 0)
        below = float(np.log((two.sum() + 0.5) / rest[1].sum()))
        effect = float(np.log((one.sum() + 0.5) / rest[0].sum())) - below
    else:
        first, second = BinomialArm(one, one + rest[0]), BinomialArm(two, two + rest[1])
        level = np.log((one + two + 0.5) / (rest[0] + rest[1] + 0.5))
        finite = _inside(cells) if model == "UM.FS" else all(cell.sum() > 0 for cell in cells)
        below = float(np.log((two.sum() + 0.5) / (rest[1].sum() + 0.5)))
        effect = _log_odds(one, rest[0], two, rest[1])
    if model == "UM.FS":
        return StratifiedEffect(Stratified(first, second, level), effect), finite
    return TwoEffects(first, second, (effect, below)), finite


def _log_odds(a: Array, b: Array, c: Array, d: Array) -> float:
    """Return the crude log odds ratio, halves added."""
    up = float(np.log((a.sum() + 0.5) * (d.sum() + 0.5)))
    return up - float(np.log((b.sum() + 0.5) * (c.sum() + 0.5)))


def _inside(cells: list[Array]) -> bool:
    """Say whether, given the margins, not all counts are at one end of what they can be."""
    a, b, c, d = cells
    low, high = np.maximum(0.0, a - d), np.minimum(a + b, a + c)
    return bool((a > low).any() and (a < high).any())


def _once(*cells: Array) -> tuple[Array, ...]:
    """Return studies with the same cells once, and how often each is there.

    Of many studies most are alike in their counts, and so in their likelihoods. Where more than
    half differ all stay as they are: nothing is won.
    """
    rows, times = np.unique(np.stack(cells), axis=1, return_counts=True)
    if 2 * times.size > cells[0].size:
        return *cells, np.ones(cells[0].size)
    return *rows, times.astype(float)


def _pool(
    measure: str, model: str, cells: list[Array], nodes: int, level: float, more: bool
) -> dict[str, Any]:
    """Fit one analysis and return every field."""
    k = int(cells[0].size)
    out: dict[str, Any] = dict.fromkeys(Glmm.__dataclass_fields__, float("nan"))
    out |= {"k": k, "converged": k == 0}
    if k == 0:
        return out
    likelihood, finite = build_likelihood(measure, model, cells)
    if not finite:
        return out
    fit = maximise_from_starts(likelihood, nodes, more=more) if k > 1 else _common(likelihood)
    if not fit.converged:
        return out
    out |= _estimates(likelihood, fit, level) | {"k": k, "converged": True}
    if k > 1:
        out |= _heterogeneity(measure, cells, out["tau2"])
        if isinstance(likelihood, OneEffect):
            common = _common(likelihood)
            q = max(0.0, 2 * (likelihood.kernel.saturated() - common.value))
            out |= {"q": q, "q_df": float(k - 1), "q_p": float(special.chdtrc(k - 1, q))}
    else:
        out |= dict.fromkeys(("tau2", "tau2_se", "sigma2", "pi_low", "pi_high"), float("nan"))
    return out


def _common(likelihood: MarginalModel) -> AscentEnd:
    """Fit with all random effects at 0."""
    surface = Surface(likelihood, QuadratureRule.of(1))
    where = list(range(likelihood.locations))
    theta = np.concatenate([likelihood.start, np.zeros(likelihood.scales)])
    theta, value, found = surface.climb(theta, where)
    _, _, hessian = surface.curved_at(theta, list(range(theta.size)))
    return AscentEnd(theta, value, hessian, found)


def _estimates(likelihood: MarginalModel, fit: AscentEnd, level: float) -> dict[str, float]:
    """Mean effect, its interval, and the variances of the random effects."""
    locations = likelihood.locations
    free = [j for j in range(fit.theta.size) if j < locations or fit.theta[j] != 0]
    covariance = np.linalg.inv(-fit.hessian[np.ix_(free, free)])
    estimate, tau = float(fit.theta[0]), float(fit.theta[locations])
    se = float(np.sqrt(covariance[0, 0]))
    z = float(special.ndtri(0.5 + level / 2))
    tau_se = np.sqrt(covariance[free.index(locations), free.index(locations)]) if tau else np.nan
    spread = float(np.hypot(se, tau))
    return {
        "estimate": estimate,
        "se": se,
        "statistic": estimate / se,
        "p": float(2 * special.ndtr(-abs(estimate / se))),
        "ci_low": estimate - z * se,
        "ci_high": estimate + z * se,
        "pi_low": estimate - z * spread,
        "pi_high": estimate + z * spread,
        "tau2": tau**2,
        "tau2_se": float(2 * tau * tau_se),
        "sigma2": float(fit.theta[3] ** 2) if likelihood.scales == 2 else float("nan"),
        "log_likelihood": fit.value,
    }


def _heterogeneity(measure: str, cells: list[Array], tau2: float) -> dict[str, float]:
    """i2 and h2 from tau² and the typical sampling variance (Higgins and Thompson 2002)."""
    names = {
        "PLO": ("xi", "mi"),
        "OR": ("ai", "bi", "ci", "di"),
        "IRR": ("x1i", "t1i", "x2i", "t2i"),
    }
    named: dict[str, Any] = dict(zip(names[measure], cells, strict=True))
    vi = np.asarray(effect_size(measure, **named).vi)
    w = 1 / vi[vi > 0]
    typical = (w.size - 1) / (w.sum() - (w**2).sum() / w.sum()) if w.size > 1 else np.nan
    return {"i2": float(100 * tau2 / (typical + tau2)), "h2": float(1 + tau2 / typical)}
