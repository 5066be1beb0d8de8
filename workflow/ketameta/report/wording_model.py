"""The model behind an estimate in words, made of the facts of its fit; nothing reads them."""

from __future__ import annotations

from ketameta.tables.fits import Engine, Failure, IntervalRule
from ketameta.tables.parts import Fit

INTERVALS: dict[str | None, str] = {
    IntervalRule.WALD: "Wald",
    IntervalRule.HKSJ: "HKSJ",
    IntervalRule.FLOORED: "floored HKSJ",
    IntervalRule.PROFILE: "profile likelihood",
    IntervalRule.HENMI_COPAS: "Henmi-Copas",
    IntervalRule.T: "t",
}
FAILURES: dict[str, str] = {
    Failure.ONE_SIDE: "events on one side alone",
    Failure.NO_EVENT: "no trial has an event",
    Failure.ALL_EVENTS: "everybody in every trial has the event",
    Failure.NO_MAXIMUM: "nobody or everybody has the event, trial by trial, and the model finds "
    "no variance",
    Failure.IN_PARTS: "counts that are no whole numbers, which the model cannot take",
    Failure.NOT_FOUND: "the search for the highest likelihood did not come to its end",
}
# around the estimator of tau²: what is said of the engine before the rule of the interval
ENGINES: dict[str, str] = {
    Engine.INDEPENDENT: "{tau2_by}",
    Engine.GROUPS: "{tau2_by}, one τ² for all groups",
    Engine.THREE_LEVEL: "{tau2_by}, three-level",
    Engine.GLMM: "binomial-normal GLMM",
    Engine.MANTEL_HAENSZEL: "Mantel-Haenszel",
    Engine.PETO: "Peto",
    Engine.UM_FS: "GLMM UM.FS",
    Engine.UM_RS: "GLMM UM.RS",
    Engine.CM_EL: "GLMM CM.EL",
    Engine.BETA_BINOMIAL: "beta-binomial",
}


def model(record: Fit) -> str:
    """Name engine, estimator of τ² and rule of the interval; or say why there is no estimate."""
    if record.engine == Engine.NONE:
        return "no trial"
    if record.engine == Engine.SINGLE:
        return "one trial, not pooled"
    if why := failure(record):
        return f"not pooled: {why}"
    how = ENGINES[record.engine].format(tau2_by=record.tau2_by)
    crossed = ", crossovers as if parallel" if record.as_parallel else ""
    end = ", not converged" if record.converged is False else ""
    return f"{how}{crossed}, {INTERVALS[record.rule]}{end}"


def failure(record: Fit) -> str:
    """Say why trials are there and nothing is estimated of them; empty where that is not so."""
    if record.engine == Engine.TOO_FEW:
        return f"fewer than {record.needed} trials"
    if record.failure == Failure.FEW_COUNTS:
        return f"counts of fewer than {record.needed} trials"
    return FAILURES[record.failure] if record.failure else ""
