"""One pooled result once more: of effects by their variance, of counts, of arms in trials."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from operator import attrgetter

import numpy as np
from scipy.special import ndtri, stdtrit

from ketameta.configuration import Analysis
from ketameta.crosscheck import counts, mixed, refits
from ketameta.crosscheck.rows import TOLERANCE, Place, on_scale
from ketameta.measures import MEASURES, ODDS, SHARE
from ketameta.tables.crosscheck import CrosscheckRow
from ketameta.tables.diagnostics import PairSynthesisRow
from ketameta.tables.effects import ArmPairRow, EffectRow
from ketameta.tables.fits import Engine, IntervalRule
from ketameta.tables.parts import Estimate, PoolableEffect

# of Q above its degrees of freedom, where an iteration is at its root
_ROOT = 1e-7
NOT_AT_ROOT = "statsmodels' iteration ends off the root, at 0 where rounding takes it past"
DL_BELOW_0 = "statsmodels leaves the DerSimonian-Laird estimate below 0, where others take 0"
_NO_RULE = "least squares give no interval by"
_ENDS = ("estimate", "ci_low", "ci_high")


def columns(effects: Sequence[PoolableEffect]) -> tuple[mixed.Floats, mixed.Floats]:
    """Return effects and their variances, (k,) each."""
    yi, vi = (np.array([*map(attrgetter(name), effects)], float) for name in ("yi", "vi"))
    return yi, vi


def covariance_of(effects: Sequence[PoolableEffect]) -> mixed.Floats:
    """Return the sampling covariance (k, k) of effects whose arms share the control of a trial."""
    _, vi = columns(effects)
    through = np.sqrt([effect.shared or 0.0 for effect in effects])
    known = mixed.members([effect.trial_id for effect in effects])
    v = (known @ known.T) * np.outer(through, through)
    v[np.diag_indices(len(vi))] = vi
    return np.asarray(v)


def pooled(
    analysis: Analysis, place: Place, record: Estimate, effects: Sequence[PoolableEffect]
) -> Iterator[CrosscheckRow]:
    """Yield the numbers of one pooled result."""
    if record.estimate is None or len(effects) < 2:
        return
    if record.engine == Engine.INDEPENDENT:
        yield from _least_squares(analysis, place, record, effects)
    elif record.engine == Engine.THREE_LEVEL:
        yield from _nested(analysis, place, record, effects)
    elif Engine(record.engine).of_counts:
        yield from _of_counts(analysis, place, record, effects)
    elif record.engine not in (Engine.SINGLE, Engine.GROUPS):
        yield place.none("estimate", on_scale(record, "estimate"), f"no path for {record.engine}")


def _least_squares(
    analysis: Analysis, place: Place, record: Estimate, effects: Sequence[PoolableEffect]
) -> Iterator[CrosscheckRow]:
    yi, vi = columns(effects)
    ours = record.tau2 or 0.0
    if record.rule == IntervalRule.HENMI_COPAS:
        # its estimate has the weights of a common effect
        found = refits.refit(yi, vi, 0.0, refits.WALD, analysis.model.level)
        theirs, here = float(found.beta[0]), on_scale(record, "estimate")
        yield place.row("estimate", here, theirs, refits.BY_WLS, scale=float(found.size[0]))
        yield place.none("ci_low", on_scale(record, "ci_low"), f"{_NO_RULE} {record.rule}")
        return
    used = ours
    if (independent := refits.tau2_of(yi, vi, record.tau2_by or "")) is None:
        why = f"statsmodels has no {record.tau2_by}; what follows takes tau² as reported"
        yield place.none("tau2", ours, why)
    else:
        tau2, by_what = independent
        known = DL_BELOW_0 if record.tau2_by == "DL" and tau2 < 0 == ours else ""
        yield place.row("tau2", ours, tau2, by_what, known, scale=float(vi.max()))
        if record.tau2_by == "PM":
            again = refits.iterated(yi, vi)
            known = NOT_AT_ROOT if abs(refits.excess(yi, vi, again)) > _ROOT and tau2 > 0 else ""
            told = "tau2, iterated", ours, again, refits.BY_COMBINING, known
            yield place.row(*told, scale=float(vi.max()))
        # where both are one number to what is compared, the other numbers follow from that
        alike = abs(ours - tau2) <= TOLERANCE * float(vi.max())
        used = ours if alike else max(tau2, 0.0)
    by_likelihood = record.rule == IntervalRule.PROFILE
    rule = refits.WALD if by_likelihood else str(record.rule)
    found = refits.refit(yi, vi, used, rule, analysis.model.level)
    if by_likelihood:
        yield place.none("ci_low", on_scale(record, "ci_low"), f"{_NO_RULE} {record.rule}")
    # what is below the rounding of the effects themselves is not told apart
    size = max(float(found.size[0]), 4 * np.finfo(float).eps / TOLERANCE * float(np.abs(yi).max()))
    for number in ("estimate", "se", "ci_low", "ci_high")[: 1 if by_likelihood else 4]:
        value = float((found.beta if number == "estimate" else getattr(found, number))[0])
        here = record.se if number == "se" else on_scale(record, number)
        yield place.row(number, here, value, refits.BY_WLS, scale=size)
    q = refits.q_of(yi, vi)
    yield place.row("q", record.q, q, refits.BY_SUM, scale=max(q, 1.0))


def pairs_again(
    analysis: Analysis, record: PairSynthesisRow, pairs: Sequence[ArmPairRow]
) -> Iterator[CrosscheckRow]:
    """Yield the pooled difference of the falls of treated and control arms."""
    known = [(pair.treated - pair.control, pair.vi) for pair in pairs if pair.vi is not None]
    if record.engine != Engine.INDEPENDENT or record.estimate is None:
        return
    place = Place(analysis.name, "", "difference of the falls")
    yi, vi = np.array(known, float).T
    tau2 = refits.tau2_of(yi, vi, record.tau2_by or "")
    if tau2 is None or record.rule not in (refits.WALD, refits.HKSJ, refits.FLOORED):
        why = f"no second path by {record.tau2_by} and {record.rule}"
        yield place.none("estimate", record.estimate, why)
        return
    found = refits.refit(yi, vi, max(tau2[0], 0.0), str(record.rule), analysis.model.level)
    ends = found.beta, found.ci_low, found.ci_high
    for number, values in zip(_ENDS, ends, strict=True):
        ours = getattr(record, number)
        yield place.row(number, ours, float(values[0]), refits.BY_WLS, scale=float(found.size[0]))


def controls_again(
    analysis: Analysis, record: Estimate, effects: Sequence[EffectRow]
) -> Iterator[CrosscheckRow]:
    """Yield the pooled share of control people with the event."""
    arms = [
        replace(effect, events_t=effect.events_c, n_t=effect.n_c, shared=None)
        for effect in effects
        if effect.events_c is not None and effect.n_c
    ]
    yield from pooled(analysis, Place(analysis.name, "", "control arms"), record, arms)


def _nested(
    analysis: Analysis, place: Place, record: Estimate, effects: Sequence[PoolableEffect]
) -> Iterator[CrosscheckRow]:
    """Yield the numbers of arms in trials, a variance between and one within, by t."""
    if not record.converged:
        yield place.none("estimate", on_scale(record, "estimate"), "the variances are not found")
        return
    yi, vi = columns(effects)
    trials, one = [effect.trial_id for effect in effects], np.ones((len(effects), 1))
    patterns = [mixed.members(trials), np.eye(len(effects))]
    found = mixed.nested(yi, one, covariance_of(effects), patterns)
    estimate, se = float(found.beta[0]), float(found.se[0])
    half = se * float(stdtrit(len(effects) - 1, 0.5 + analysis.model.level / 2))
    tau2 = float(found.variances.sum())
    yield place.row("tau2", record.tau2, tau2, mixed.BY_SCORE, scale=float(vi.max()))
    for number, value in zip(_ENDS, (estimate, estimate - half, estimate + half), strict=True):
        yield place.row(number, on_scale(record, number), value, mixed.BY_GLS, scale=se)
    yield place.row("se", record.se, se, mixed.BY_GLS)
    yield place.row("q", record.q, found.q, mixed.BY_GLS, scale=max(found.q, 1.0))


def _of_counts(
    analysis: Analysis, place: Place, record: Estimate, effects: Sequence[PoolableEffect]
) -> Iterator[CrosscheckRow]:
    ours = on_scale(record, "estimate")
    if record.engine == Engine.GLMM and record.measure == SHARE.name:
        groups = [(e.events_t, e.n_t) for e in effects if e.events_t is not None and e.n_t]
        yield from _ends(analysis, place, record, counts.shares(groups))
        return
    tables = [
        (e.events_t, e.n_t, e.events_c, e.n_c)
        for e in effects
        if e.events_t is not None and e.n_t and e.events_c is not None and e.n_c
    ]
    if Engine(record.engine).mixed:
        yield from _ends(analysis, place, record, counts.mixed(str(record.engine), tables))
    elif record.engine == Engine.BETA_BINOMIAL:
        yield from _ends(analysis, place, record, counts.risks(record.measure, tables))
    elif record.engine == Engine.PETO:
        assert ours is not None, "what has no estimate is not recomputed"
        far = None if not record.se else (ours / record.se) ** 2
        statistic = counts.null_statistic(tables)
        yield place.row("(estimate / se)²", far, statistic, counts.BY_TABLES)
    elif MEASURES[record.measure].is_ratio:
        odds = record.measure == ODDS.name
        found = counts.odds_ratio(tables) if odds else counts.risk_ratio(tables)
        yield from _ends(analysis, place, record, found)
    else:
        yield from _ends(analysis, place, record, counts.risk_difference(tables))


def _ends(
    analysis: Analysis, place: Place, record: Estimate, found: counts.Found | None
) -> Iterator[CrosscheckRow]:
    """Yield what a second fit of counts has of the numbers that are reported."""
    ours = on_scale(record, "estimate")
    if found is None:
        yield place.none(
            "estimate", ours, "the grid of the second fit is too coarse for the trials"
        )
        return
    size = found.se
    yield place.row("estimate", ours, found.estimate, found.by, scale=size)
    if found.tau2 is not None:
        yield place.row("tau2", record.tau2, found.tau2, found.by)
    half = found.se * float(ndtri(0.5 + analysis.model.level / 2))
    yield place.row("se", record.se, found.se, found.by)
    for number, value in (("ci_low", found.estimate - half), ("ci_high", found.estimate + half)):
        yield place.row(number, on_scale(record, number), value, found.by, scale=size)
