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
    PETO = "Peto"
    UM_FS = "UM.FS"  # binomial-normal models of odds ratios: a baseline of each trial
    UM_RS = "UM.RS"  # baselines normal too
    CM_EL = "CM.EL"  # given the margins: hypergeometric-normal
    BETA_BINOMIAL = "beta-binomial"  # risks of both arms vary between trials

    @property
    def of_counts(self) -> bool:
        """Say whether counts are pooled, not effects by their variance."""
        return self.common_effect or self.modelled

    @property
    def common_effect(self) -> bool:
        """Say whether one effect is taken for all trials (Mantel and Haenszel, Peto)."""
        return self in (Engine.MANTEL_HAENSZEL, Engine.PETO)

    @property
    def mixed(self) -> bool:
        """Say whether counts are pooled by a generalised linear mixed model."""
        return self in (Engine.GLMM, Engine.UM_FS, Engine.UM_RS, Engine.CM_EL)

    @property
    def modelled(self) -> bool:
        """Say whether counts are pooled by a model in which trials differ."""
        return self.mixed or self == Engine.BETA_BINOMIAL


class IntervalRule(StrEnum):
    """The rule of an interval, by the name that `stats` has for it."""

    WALD = "wald"
    HKSJ = "hksj"
    FLOORED = "hksj-adhoc"
    PROFILE = "profile"  # likelihood ratio
    HENMI_COPAS = "henmi-copas"
    T = "t"


class Failure(StrEnum):
    """Why an engine gives no estimate of its trials."""

    FEW_COUNTS = "few counts"  # fewer trials with counts of both arms than are pooled
    ONE_SIDE = "one side"  # events on one side alone
    NO_EVENT = "no event"
    ALL_EVENTS = "all events"
    NO_MAXIMUM = "no maximum"  # trials where nobody or everybody has the event
    IN_PARTS = "in parts"  # counts that are no whole numbers
    NOT_FOUND = "not found"  # the search for the highest likelihood did not end
