"""Claims, the analyses that they name, and the control arms beside a claimed number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ketameta.configuration import Configuration
from ketameta.measures import GLMM, MEASURES, SHARE
from ketameta.tables.effects import EffectRow
from ketameta.tables.raw import ClaimRow
from ketameta.tables.syntheses import ClaimTestRow, ControlShareRow
from ketameta.tables.table import extended
from ketameta.vocabulary.narrowing import canonical, named
from ketameta.vocabulary.timed import Timed, questions


def tests_of(claims: Sequence[ClaimRow], configuration: Configuration) -> list[ClaimTestRow]:
    """Return one row a claim and analysis or time course named; one without where it names none.

    `configuration` holds the narrowed analyses that claims ask for; `computed` is false for what it
    lacks.
    """
    courses = {course.name for course in configuration.courses}
    tests = []
    for claim in claims:
        told: list[tuple[str | None, str | None, bool]] = [
            *((name, None, name in configuration.names) for name in _analyses(claim)),
            *((None, str(one), one.course in courses) for one in questions(claim.course)),
        ]
        tests += [
            extended(ClaimTestRow, claim, analysis=analysis, course=course, computed=computed)
            for analysis, course, computed in told or [(None, None, False)]
        ]
    return tests


def _analyses(claim: ClaimRow) -> list[str]:
    """Return the analyses that a claim names, none where it names none."""
    return [canonical(name) for name in named([claim.analysis]) if name]


def questions_of(claims: Sequence[ClaimRow]) -> list[Timed]:
    """Return what claims ask of time courses."""
    return [one for claim in claims for one in questions(claim.course)]


def control_shares(
    tests: Sequence[ClaimTestRow],
    effects: Mapping[str, Sequence[EffectRow]],
    configuration: Configuration,
) -> list[ControlShareRow]:
    """Return the pooled share of control people with the event, beside each claimed number.

    One row a comparison of events that a claim with a number names. Pooled as shares of treated
    arms are, by the binomial-normal model of the same trials; `pooled` says what fewer trials give.
    """
    from ketameta.synthesize.pool import pooled

    names = dict.fromkeys(
        test.analysis for test in tests if test.claimed_value is not None and test.computed
    )
    result = []
    for name in filter(None, names):
        analysis = configuration[name]
        arms = [_control_arm(e) for e in effects[name] if e.events_c is not None and e.n_c]
        if MEASURES[analysis.select.measure].compares_events and arms:
            found = pooled(SHARE.name, arms, replace(analysis.model, pooling=GLMM))
            result.append(extended(ControlShareRow, found, analysis=name))
    return result


def _control_arm(effect: EffectRow) -> EffectRow:
    """Return the control arm of a comparison as the effect of one arm, its log odds."""
    from ketameta.stats import effect_size

    assert effect.events_c is not None
    assert effect.n_c is not None
    size = effect_size(SHARE.name, xi=effect.events_c, ni=effect.n_c)
    return replace(
        effect,
        yi=float(size.yi),
        vi=float(size.vi),
        people=effect.n_c,
        shared=None,
        events_t=effect.events_c,
        n_t=effect.n_c,
        n_c=None,
    )
