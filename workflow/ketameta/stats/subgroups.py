"""Subgroup analysis: groups pooled with tau2 of their own or in common, and compared."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from ketameta.stats.checks import aligned, as_effects, labels
from ketameta.stats.intervals import DEFAULT
from ketameta.stats.models import Floats
from ketameta.stats.pooling import random_effects
from ketameta.stats.regression import meta_regression
from ketameta.stats.results import Subgroups

PER_GROUP = ("estimate", "se", "df", "p", "ci_low", "ci_high", "tau2", "i2", "q", "k")


def subgroup_analysis(
    yi: ArrayLike,
    vi: ArrayLike,
    groups: ArrayLike,
    tau2: str = "REML",
    interval: str = DEFAULT,
    *,
    level: float = 0.95,
    common: bool = False,
) -> Subgroups:
    """Pool each group of studies and test whether their effects differ.

    Parameters
    ----------
    yi, vi
        Effects and sampling variances, shape ``(..., k)``; NaN in both marks an absent study.
    groups
        A label for each study, shape ``(k,)``; the groups come in sorted order.
    tau2, interval, level
        As in `random_effects` (wald, hksj, hksj-adhoc or auto where tau2 is common).
    common
        False: each group has its own tau2, and the groups are compared by
        sum w_g (mu_g - mu)^2, w_g = 1 / se_g^2, against chi-squared on groups - 1 degrees, with
        the standard errors of the interval in use (Borenstein & Higgins 2013). True: one
        tau2 and one (residual) i2, of the regression on the groups, whose omnibus test is
        that between groups: F where the interval is by t.

    Returns
    -------
    Subgroups
        A group without studies (k = 0) is NaN and not counted in the test; a group of one has
        its own effect (k = 1: NaN tau2 where that is separate). With fewer than two groups there
        is nothing to compare: NaN.

    Raises
    ------
    ValueError
        As `random_effects`; also for labels of another length than k, of several kinds, or
        missing (None, NaN, masked, blank) in a study that is present.
    """
    yi, vi, groups = aligned(yi=yi, vi=vi, groups=groups)
    y, v = as_effects(yi, vi)
    known, code = labels("groups", groups, y.shape[-1])
    if (none := (code < 0) & ~np.isnan(y)).any():
        raise ValueError(
            f"groups[{np.argwhere(none)[0][-1]}] has no label; give it one, or make yi and vi of "
            "that study NaN to leave it out"
        )
    member = code == np.arange(len(known))[:, None]
    # One analysis a group, on an axis before that of the studies.
    yg = np.where(member, y[..., None, :], np.nan)
    vg = np.where(member, v[..., None, :], np.nan)
    fit = random_effects(yg, vg, tau2, interval, level, tau2_interval=None)
    out: dict[str, Any] = {field: getattr(fit, field) for field in PER_GROUP}
    if common:
        out |= _common(y, v, member, (tau2, interval), level)
    else:
        out |= _between(out["estimate"], out["se"])
    return Subgroups(labels=tuple(known), common=common, **out)


def _between(estimate: Floats, se: Floats) -> dict[str, Any]:
    """Return the test between independent estimates, NaN ones left out."""
    w = np.where(np.isnan(estimate), 0.0, 1.0 / (se * se))
    mu = np.where(np.isnan(estimate), 0.0, estimate)
    groups = (w > 0).sum(axis=-1)
    total = w.sum(axis=-1)
    with np.errstate(invalid="ignore"):
        middle = (w * mu).sum(axis=-1) / total
        q = np.where(groups > 1, (w * (mu - middle[..., None]) ** 2).sum(axis=-1), np.nan)
    df = np.where(groups > 1, groups - 1.0, np.nan)
    fields = (q, df, np.full(q.shape, np.inf), special.chdtrc(df, q))
    names = ("q_between", "q_between_df", "q_between_df2", "q_between_p")
    return {
        n: np.asarray(x)[()] if np.ndim(x) else float(x) for n, x in zip(names, fields, strict=True)
    }


def _common(
    y: Floats, v: Floats, member: NDArray[np.bool_], options: tuple[str, str], level: float
) -> dict[str, Any]:
    """Return what changes where one tau2 is estimated for all groups: the regression on them.

    The cell means come from the regression without a constant, the test between groups from
    that with a constant in place of the first group; both are the same model.
    """
    here = member & ~np.isnan(y[..., None, :])
    if not here.any(axis=-1).all():
        raise ValueError("groups: with a common tau2 every group needs a study in every analysis")
    cells = member.T.astype(float)
    means = meta_regression(y, v, cells, *options, level=level, intercept=False, tau2_interval=None)
    contrast = np.concatenate([np.ones((len(cells), 1)), cells[:, 1:]], axis=1)
    test = meta_regression(y, v, contrast, *options, level=level, tau2_interval=None)
    tau2 = np.broadcast_to(np.asarray(means.tau2)[..., None], means.beta.shape)
    df = np.broadcast_to(np.asarray(means.df)[..., None], means.beta.shape)
    several = len(member) > 1
    return {
        "estimate": means.beta,
        "se": means.se,
        "df": df,
        "p": means.p,
        "ci_low": means.ci_low,
        "ci_high": means.ci_high,
        "tau2": tau2,
        "i2": np.broadcast_to(np.asarray(means.i2)[..., None], means.beta.shape),
        "q_between": test.qm if several else np.nan,
        "q_between_df": test.qm_df if several else np.nan,
        "q_between_df2": test.qm_df2 if several else np.nan,
        "q_between_p": test.qm_p if several else np.nan,
    }
