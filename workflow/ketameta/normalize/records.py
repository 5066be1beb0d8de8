"""The records that normalisation works on: rows as read, summaries of arms, effects, steps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

NOT_STATED = "not stated"


class NotUsable(Exception):  # noqa: N818 - an answer, not a fault of the program
    """Why numbers give no effect; the message goes into the ledger."""


@dataclass(frozen=True)
class Trial:
    """A trial report with its arms by arm_id."""

    trial_id: str
    label: str
    year: int | None
    design: str
    population: str
    n_randomised: int | None
    parts: tuple[str, ...]
    design_flag: str | None
    arms: dict[str, Arm] = field(default_factory=dict)


@dataclass(frozen=True)
class Arm:
    """One arm; `pooled` names the arms that this row is together."""

    arm_id: str
    treatment: str
    comparator_class: str
    label: str
    dose: str
    route: str
    n_doses: int | None
    n_randomised: int | None
    pooled: tuple[str, ...]
    cotreatment: str = ""


@dataclass(frozen=True)
class Row:
    """One raw row of `table` (outcomes or contrasts), typed, with its line."""

    table: str
    line: int
    values: dict[str, Any]

    def __getitem__(self, name: str) -> Any:
        """Return a cell; None where it is empty."""
        return self.values[name]

    @property
    def key(self) -> str:
        """The row's name in ledger and derivations: file and line."""
        return f"{self.values['file']}:{self.line}"

    @property
    def analysis_set(self) -> str:
        """The analysis set, or `not stated`."""
        return self.values["analysis_set"] or NOT_STATED


@dataclass(frozen=True)
class Step:
    """One step of a derivation: what was done, by which formula, from which values and rows."""

    what: str
    formula: str
    result: str
    source: str = ""
    rows: tuple[str, ...] = ()
    assumed: bool = False


@dataclass(frozen=True)
class ArmSummary:
    """An arm, or several arms together, ready for an effect size.

    Counts: `n`, `events`. Scores: `n`, `mean`, `sd` on `basis` (change or endpoint), and the
    baseline where it is known. `borrowed` says that an n was taken from elsewhere.
    """

    arms: tuple[Arm, ...]
    n: int
    rows: tuple[Row, ...]
    steps: tuple[Step, ...] = ()
    events: int | None = None
    mean: float | None = None
    sd: float | None = None
    basis: str = "counts"
    baseline_mean: float | None = None
    baseline_sd: float | None = None
    borrowed: bool = False


@dataclass(frozen=True)
class Effect:
    """One trial's effect on an analysis, with all that the report says of it.

    `yi` and `vi` are on the scale of the analysis (log for RR and OR, logit for PLO, per cent for
    PCTRED); None where the numbers give no estimate, and `problem` says why.
    """

    trial: Trial
    yi: float | None
    vi: float | None
    n_t: int
    n_c: int | None
    treated: tuple[Arm, ...]
    control: tuple[Arm, ...]
    comparator_class: str
    scale: str
    definition: str
    hour: float | None
    analysis_set: str
    basis: str
    rows: tuple[Row, ...]
    steps: tuple[Step, ...]
    events_t: int | None = None
    events_c: int | None = None
    mean_t: float | None = None
    sd_t: float | None = None
    mean_c: float | None = None
    sd_c: float | None = None
    problem: str = ""

    @property
    def n(self) -> int:
        """People behind the effect."""
        return self.n_t + (self.n_c or 0)


def number(value: float, digits: int = 4) -> str:
    """Write a number for a derivation: significant digits, no trailing zeros, a true minus."""
    text = f"{value:.{digits}g}" if abs(value) < 10**digits else f"{value:.0f}"
    return text.replace("-", "−")


def arm_names(arms: Iterable[Arm]) -> str:
    """Name arms for a derivation."""
    return " + ".join(arm.arm_id for arm in arms)
