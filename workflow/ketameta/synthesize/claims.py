"""Claims, the analyses that they name, and the control arms beside a claimed number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ketameta.configuration import Configuration
from ketameta.measures import GLMM, MEASURES, SHARE
from ketameta.vocabulary.narrowing import canonical, named

Record = dict[str, Any]


def tests_of(claims: Sequence[Record], configuration: Configuration) -> list[Record]:
    """Return one row a claim and analysis named; one without an analysis where it names none.

    `configuration` holds the narrowed analyses that claims ask for; `computed` is false for one
    that it lacks.
    """
    return [
        {**claim, "analysis": name or None, "computed": name in configuration.names}
        for claim in claims
        for name in map(canonical, named([claim]))
    ]


def control_shares(
    tests: Sequence[Record], effects: Mapping[str, Sequence[Record]], configuration: Configuration
) -> list[Record]:
    """Return the pooled share of control people with the event, beside each claimed number.

    One row a comparison of events that a claim with a number names. Pooled as shares of treated
    arms are, by the binomial-normal model of the same trials; `pooled` says what fewer trials give.
    """
    from ketameta.synthesize.pool import pooled

    names = dict.fromkeys(
        t["analysis"] for t in tests if t["claimed_value"] is not None and t["computed"]
    )
    result = []
    for name in names:
        analysis = configuration[name]
        arms = [_control_arm(e) for e in effects[name] if e["events_c"] is not None and e["n_c"]]
        if MEASURES[analysis.select.measure].compares_events and arms:
            model = replace(analysis.model, pooling=GLMM)
            result.append({"analysis": name, **pooled(SHARE.name, arms, model)})
    return result


def _control_arm(effect: Record) -> Record:
    """Return the control arm of a comparison as the effect of one arm, its log odds."""
    from ketameta.stats import effect_size

    size = effect_size(SHARE.name, xi=effect["events_c"], ni=effect["n_c"])
    return {
        **{"trial_id": effect["trial_id"], "people": effect["n_c"], "shared": None},
        **{"events_t": effect["events_c"], "n_t": effect["n_c"], "n_c": None},
        **{"yi": float(size.yi), "vi": float(size.vi)},
    }
