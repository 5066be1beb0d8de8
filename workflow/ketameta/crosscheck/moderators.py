"""Meta-regressions once more: each model by weighted least squares, doses of arms by GLS."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.interpolate import CubicSpline
from scipy.special import stdtr, stdtrit

from ketameta.configuration import Analysis
from ketameta.crosscheck import mixed, refits
from ketameta.crosscheck.pooled import columns
from ketameta.crosscheck.rows import Place
from ketameta.measures import MEASURES
from ketameta.moderators import ARMS, CURVED, DOSE, MODERATORS
from ketameta.tables.collection import Tables, by
from ketameta.tables.crosscheck import CrosscheckRow
from ketameta.tables.effects import EffectRow
from ketameta.tables.moderators import CoefficientRow, FittedRow, ModeratedRow, RegressionRow

# percentiles of the doses at which the line may bend
_KNOTS = (10, 50, 90)
_ENDS = ("estimate", "ci_low", "ci_high")


def natural_spline(at: mixed.Floats, knots: ArrayLike) -> mixed.Floats:
    """Return columns (k, knots) that span all cubic splines straight beyond their outer knots.

    With two knots they are straight lines.
    """
    places = np.asarray(knots, float)
    if len(places) == 2:
        return np.column_stack([np.ones(len(at)), at])
    inside = np.clip(at, places[0], places[-1])
    curve = CubicSpline(places, np.eye(len(places)), bc_type="natural")
    found = curve(inside) + (at - inside)[:, None] * curve(inside, 1)
    return np.asarray(found)


def regressions_again(
    analysis: Analysis, own: Tables, effects: Sequence[EffectRow]
) -> Iterator[CrosscheckRow]:
    """Yield the numbers of every regression of an analysis that was fitted."""
    terms = by(own[CoefficientRow], lambda row: row.model)
    values = by(own[ModeratedRow], lambda row: row.moderator)
    for row in own[RegressionRow]:
        if row.failure:
            continue
        if row.model in (ARMS, CURVED):
            drawn = row.model == CURVED or CURVED not in terms
            curve = [one for one in own[FittedRow] if one.moderator == ARMS]
            arms = _Arms(row, terms[row.model], values[ARMS], curve, drawn)
            yield from _by_dose(analysis, arms)
        else:
            yield from _regressed(analysis, row, terms[row.model], values, effects)


def _regressed(
    analysis: Analysis,
    row: RegressionRow,
    terms: Sequence[CoefficientRow],
    values: Mapping[str, Sequence[ModeratedRow]],
    effects: Sequence[EffectRow],
) -> Iterator[CrosscheckRow]:
    place = Place(analysis.name, "", f"regression on {row.model}")
    told = {
        name: {(value.trial_id, value.comparison): value for value in values[name]}
        for name in row.moderators
    }
    here = [e for e in effects if all((e.trial_id, e.comparison) in at for at in told.values())]
    x = np.ones((len(here), len(terms)))
    for i, term in enumerate(terms):
        if term.moderator:
            own = [told[term.moderator][e.trial_id, e.comparison] for e in here]
            x[:, i] = [
                value.level == term.level if term.level else (value.number or 0.0) / (term.per or 1)
                for value in own
            ]
    yi, vi = columns(here)
    estimator, used = row.tau2_by or "", row.tau2 or 0.0
    if independent := refits.tau2_of(yi, vi, estimator, x):
        used, by_what = independent
        yield place.row("tau2", row.tau2, used, by_what, scale=float(vi.max()))
        without, by_what = refits.tau2_of(yi, vi, estimator, np.ones((len(here), 1))) or (0.0, "")
        ours = row.tau2_without
        yield place.row("tau2 without it", ours, without, by_what, scale=float(vi.max()))
    else:
        why = f"statsmodels has no {estimator}; what follows takes tau² as reported"
        yield place.none("tau2", row.tau2, why)
    found = refits.refit(yi, vi, used, str(row.rule), analysis.model.level, x)
    for i, term in enumerate(terms):
        size = float(found.size[i])
        for number, ours, theirs in (
            (term.term, term.estimate, found.beta[i]),
            (f"{term.term}, se", term.se, found.se[i]),
            (f"{term.term}, ci_low", term.ci_low, found.ci_low[i]),
            (f"{term.term}, ci_high", term.ci_high, found.ci_high[i]),
            (f"{term.term}, p", term.p, found.p[i]),
        ):
            scale = 1.0 if number.endswith(", p") else size
            yield place.row(number, ours, float(theirs), refits.BY_WLS, scale=scale)
    yield place.row("qm", row.qm, found.q_between, refits.BY_WLS)
    yield place.row("qm_p", row.qm_p, found.p_between, refits.BY_WLS)


@dataclass(frozen=True, slots=True)
class _Arms:
    """A regression on the doses of arms: its row, coefficients and arms, the curve on the page.

    `drawn` says whether that is its own: it is of the model that bends, where there is one.
    """

    row: RegressionRow
    terms: Sequence[CoefficientRow]
    values: Sequence[ModeratedRow]
    curve: Sequence[FittedRow]
    drawn: bool


def _by_dose(analysis: Analysis, arms: _Arms) -> Iterator[CrosscheckRow]:
    """Yield the numbers of arms at their doses: the coefficients of a line, points of a curve.

    A curve has other columns here, so that its coefficients are others and its points are not.
    """
    row, step = arms.row, MODERATORS[DOSE].step
    place = Place(analysis.name, "", f"regression on {row.model}")
    if not row.converged:
        yield place.none("tau2", row.tau2, "the variances are not found")
        return
    yi, vi = (np.array([getattr(value, name) for value in arms.values], float)
              for name in ("yi", "vi"))  # fmt: skip
    doses = np.array([value.number for value in arms.values], float)
    trials = [value.trial_id for value in arms.values]
    known, through = mixed.members(trials), np.sqrt([v.shared or 0.0 for v in arms.values])
    v = (known @ known.T) * np.outer(through, through)
    v[np.diag_indices(len(vi))] = vi
    patterns = [known, np.eye(len(vi))]
    line = np.column_stack([np.ones(len(yi)), doses / step])
    knots = np.percentile(doses, _KNOTS) / step
    x = natural_spline(doses / step, knots) if row.model == CURVED else line
    found = mixed.nested(yi, x, v, patterns)
    scale = float(vi.max())
    tau2 = float(found.variances.sum())
    yield place.row("tau2", row.tau2, tau2, mixed.BY_SCORE, scale=scale)
    without = float(mixed.nested(yi, line[:, :1], v, patterns).variances.sum())
    yield place.row("tau2 without it", row.tau2_without, without, mixed.BY_SCORE, scale=scale)
    if row.model == CURVED:
        bend = mixed.extra(yi, line, x, found.covariance)
        p = float(2 * stdtr(len(yi) - x.shape[1], -np.sqrt(bend)))
        yield place.row("p of the bend", row.qm_p, p, mixed.BY_GLS)
    else:
        for i, term in enumerate(arms.terms):
            size = float(found.se[i])
            told = term.estimate, float(found.beta[i])
            yield place.row(term.term, *told, mixed.BY_GLS, scale=size)
            yield place.row(f"{term.term}, se", term.se, size, mixed.BY_GLS)
    if arms.drawn:
        yield from _points(analysis, place, arms, found, knots)


def _points(
    analysis: Analysis,
    place: Place,
    arms: _Arms,
    found: mixed.Nested,
    knots: mixed.Floats,
) -> Iterator[CrosscheckRow]:
    """Yield the mean effect at the lowest, middle and highest dose drawn."""
    picked = [arms.curve[0], arms.curve[len(arms.curve) // 2], arms.curve[-1]]
    at = np.array([one.at or 0.0 for one in picked]) / MODERATORS[DOSE].step
    curved = arms.row.model == CURVED
    rows = natural_spline(at, knots) if curved else np.column_stack([np.ones(len(at)), at])
    mean = rows @ found.beta
    se = np.sqrt(np.einsum("ij,jk,ik->i", rows, found.bread, rows))
    free = len(arms.values) - len(found.beta)
    half = se * float(stdtrit(free, 0.5 + analysis.model.level / 2))
    natural = MEASURES[analysis.select.measure].natural
    for i, one in enumerate(picked):
        for end, value in zip(_ENDS, (mean[i], mean[i] - half[i], mean[i] + half[i]), strict=True):
            ours = getattr(one, end)
            yield place.row(f"{one.at:g} mg, {end}", ours, natural(float(value)), mixed.BY_GLS)
