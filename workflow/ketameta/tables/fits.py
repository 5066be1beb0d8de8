"""What a fit says of itself besides its numbers: the words of its columns, as facts."""

from __future__ import annotations

from enum import StrEnum


class Engine(StrEnum):
    """What made the estimate of a synthesis, or left it out."""

    NONE = "none"  # no trial
    SINGLE = "single"  # one effect, which is its own estimate
    TOO_FEW = "too few"  # fewer trials than are pooled
    INDEPENDENT = "inverse variance"
    GROUPS = "inverse variance, one tau2 for all groups"
    GLMM = "GLMM"  # binomial-normal
    THREE_LEVEL = "three-level"
    MANTEL_HAENSZEL = "Mantel-Haenszel"
    AS_PARALLEL = "Mantel-Haenszel, crossovers as if parallel"

    @property
    def of_counts(self) -> bool:
        """Say whether counts are pooled, not effects by their variance."""
        return self in (Engine.GLMM, Engine.MANTEL_HAENSZEL, Engine.AS_PARALLEL)

    @property
    def common_effect(self) -> bool:
        """Say whether one effect is taken for all trials (Mantel and Haenszel)."""
        return self in (Engine.MANTEL_HAENSZEL, Engine.AS_PARALLEL)


class Rule(StrEnum):
    """The rule of an interval, by the name that `stats` has for it."""

    WALD = "wald"
    HKSJ = "hksj"
    FLOORED = "hksj-adhoc"
    T = "t"


class Failure(StrEnum):
    """Why an engine gives no estimate of its trials."""

    FEW_COUNTS = "few counts"  # fewer trials with counts of both arms than are pooled
    ONE_SIDE = "one side"  # events on one side alone
    NO_EVENT = "no event"
    ALL_EVENTS = "all events"
    NO_MAXIMUM = "no maximum"  # trials where nobody or everybody has the event
