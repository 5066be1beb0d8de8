"""Subgroup analysis: groups pooled with tau2 of their own or in common, and compared."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from ketameta.stats.numerics.checks import aligned, as_effects, as_labels
from ketameta.stats.numerics.sums import Floats
from ketameta.stats.univariate.intervals import DEFAULT
from ketameta.stats.univariate.pooling import random_effects
from ketameta.stats.univariate.regression import meta_regression
from ketameta.stats.univariate.results import Subgroups

PER_GROUP = (*("estimate", "se", "df", "p", "ci_low", "ci_high", "rule", "tau2", "i2", "q", "k"),)


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
        tau2 and one (residual) i2, of the regression on the groups, with its rule for all of
        them: HKSJ takes t with k - groups degrees. Its omnibus test is that between groups: the
        same sum, over groups - 1 against F where the interval is by t. At one tau2 a total is
        sum W_g mu_g / sum W_g, W_g the weights of a group added up, so a total that takes it too
        lies among its groups; one with a tau2 of its own may not.

    Returns
    -------
    Subgroups
        A group without studies (k = 0) is NaN and not counted in the test; a group of one has
        its own effect: by its Wald interval with NaN tau2 where tau2 is separate, by the rule and
        tau2 of all where it is common. Where each group is of one, nothing tells tau2 from the
        groups: all is as with a tau2 each. With fewer than two groups there is nothing to
        compare: NaN.

    Raises
    ------
    ValueError
        As `random_effects`; also for labels of another length than k, of several kinds, or
        missing (None, NaN, masked, blank) in a study that is present.

    Examples
    --------
    >>> from ketameta.stats import subgroup_analysis
    >>> yi, vi = [0.12, 0.31, 0.52, 0.18, 0.44], [0.02, 0.03, 0.015, 0.04, 0.02]
    >>> subgroup_analysis(yi, vi, ["town", "town", "farm", "town", "farm"])
    Subgroups
          estimate        p    ci_low  ci_high  tau2  i2  k
    farm    0.4857  0.05178  -0.01732   0.9887     0   0  2
    town    0.1923  0.07999  -0.05691   0.4415     0   0  3
    q_between 17.49, q_between_df 1, q_between_p 2.89e-05, common no
    """
    yi, vi, groups = aligned(yi=yi, vi=vi, groups=groups)
    y, v = as_effects(yi, vi)
    known, code = as_labels("groups", groups, y.shape[-1])
    if (none := (code < 0) & ~np.isnan(y)).any():
        raise ValueError(
            f"groups[{np.argwhere(none)[0][-1]}] has no label; give it one, or make yi and vi of "
            "that study NaN to leave it out"
        )
    member = code == np.arange(len(known))[:, None]
    # One analysis a group, on an axis before that of the studies.
    yg = np.where(member, y[..., None, :], np.nan)
    vg = np.where(member, v[..., None, :], np.nan)
    by = tau2, interval
    together = _common(y, v, member, by, level) if common else {}
    few = np.isnan(together.get("tau2", np.nan))
    # where tau2 is common to all, only q and k are taken of each group by itself
    fit = random_effects(yg, vg, *(by if few.any() else ("EE", "wald")), level, tau2_interval=None)
    out: dict[str, Any] = {field: getattr(fit, field) for field in PER_GROUP}
    out |= {name: np.where(few, out[name], x) for name, x in together.items()}
    df2 = out["df"][..., 0] if common and known else np.inf
    test = _between(out["estimate"], out["se"], df2)
    return Subgroups(labels=tuple(known), common=common, **out, **test)


def _between(estimate: Floats, se: Floats, df2: Floats | float) -> dict[str, Any]:
    """Return the test between independent estimates, NaN ones left out: chi-squared, or F."""
    w = np.where(np.isnan(estimate), 0.0, 1.0 / (se * se))
    mu = np.where(np.isnan(estimate), 0.0, estimate)
    groups = (w > 0).sum(axis=-1)
    df = np.where(groups > 1, groups - 1.0, np.nan)
    df2 = np.where(groups > 1, df2, np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        middle = (w * mu).sum(axis=-1) / w.sum(axis=-1)
        q = np.where(groups > 1, (w * (mu - middle[..., None]) ** 2).sum(axis=-1), np.nan)
        p = np.where(np.isinf(df2), special.chdtrc(df, q), special.fdtrc(df, df2, q / df))
    fields = (np.where(np.isinf(df2), q, q / df), df, df2, p)
    names = ("q_between", "q_between_df", "q_between_df2", "q_between_p")
    return {n: x[()] if x.ndim else float(x) for n, x in zip(names, fields, strict=True)}


def _common(
    y: Floats,
    v: Floats,
    member: NDArray[np.bool_],
    options: tuple[str, str],
    level: float,
) -> dict[str, Any]:
    """Return what changes where one tau2 is estimated for all groups: the regression on them.

    tau2 is NaN where as many groups as studies leave no degree of freedom for it: there each
    group stays as it is by itself.
    """
    here = member & ~np.isnan(y[..., None, :])
    if not here.any(axis=-1).all():
        raise ValueError("groups: with a common tau2 every group needs a study in every analysis")
    cells = member.T.astype(float)
    means = meta_regression(y, v, cells, *options, level=level, intercept=False, tau2_interval=None)
    names = {"estimate": "beta", "df": "df", "rule": "rule", "tau2": "tau2", "i2": "i2"}
    names |= {name: name for name in ("se", "p", "ci_low", "ci_high")}
    found = {name: np.asarray(getattr(means, of)) for name, of in names.items()}
    return {name: x if x.ndim == means.beta.ndim else x[..., None] for name, x in found.items()}
