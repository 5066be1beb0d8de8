"""The records that normalisation works on: rows as read, summaries of arms, effects, steps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ketameta.normalize.results import AnyResult


# of `NotUsable.lacks`: more than any row that has a number to start from
NO_START = 9


class NotUsable(Exception):  # noqa: N818 - an answer, not a fault of the program
    """Why numbers give no effect; the message goes into the ledger.

    `lacks` counts the cells that are missing, to tell which of several ways came nearest: 0 where
    all are there and contradict each other, `NO_START` where not even the first number is there.
    `reason` is the word of the ledger.
    """

    reason = "not usable"

    def __init__(self, why: str, lacks: int = 0) -> None:
        super().__init__(why)
        self.lacks = lacks

    def kept(self) -> NotUsable:
        """Return it without the places that it was raised in: these hold all that was at hand."""
        self.__context__ = None
        return self.with_traceback(None)


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
    blinding: str = ""

    def randomised(self, arms: Iterable[Arm]) -> int | None:
        """Return the people randomised to arms together; None where the tables do not tell.

        An arm that others are together has those of its parts where it names none. Arms of a
        crossover tell whom they held in its first period only where they add up to the trial.
        """
        single = [arm for arm in self.arms.values() if not arm.pooled]
        if self.design == "crossover" and _total(a.n_randomised for a in single) != (
            self.n_randomised or 0
        ):
            return None
        return _total(self._held(arm) for arm in arms)

    def _held(self, arm: Arm) -> int | None:
        if arm.n_randomised is not None or not arm.pooled:
            return arm.n_randomised
        parts = [self.arms.get(part) for part in arm.pooled]
        return _total(None if part is None else part.n_randomised for part in parts)


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

    @property
    def amount(self) -> tuple[float, str] | None:
        """Its dose as a number with its unit; None where it is none, such as a range."""
        number, _, unit = self.dose.partition(" ")
        try:
            return float(number), unit
        except ValueError:
            return None


class Step(NamedTuple):
    """One step of a derivation: what was done, by which formula, from which values and rows.

    `assumption` is the word of the vocabulary for what the step assumes or borrows; empty where
    it follows from reported numbers alone.
    """

    what: str
    formula: str
    result: str
    source: str = ""
    rows: tuple[str, ...] = ()
    assumption: str = ""


class ArmSummary(NamedTuple):
    """An arm, or several arms together, ready for an effect size.

    Counts: `n`, `events`. Scores: `n`, `mean`, `sd` on `basis` (change or endpoint), and the
    baseline where it is known. `share` is the part of a control arm that stands here where
    several treated arms share it (its n and events are then that part).
    """

    arms: tuple[Arm, ...]
    n: float
    rows: tuple[AnyResult, ...]
    steps: tuple[Step, ...] = ()
    events: float | None = None
    mean: float | None = None
    sd: float | None = None
    basis: str = "counts"
    baseline_mean: float | None = None
    baseline_sd: float | None = None


class Effect(NamedTuple):
    """One trial's effect on an analysis, with all that the report says of it.

    `yi` and `vi` are on the scale of the analysis (log of ratios, log odds of shares, per cent for
    PCTRED). `comparison` is empty, or names the treated arm where the arms of a trial stand
    apart; `shared` is then the sampling variance that its effects share through their control.
    `same_people` says that treated and control are periods of the same people; `part` is that of
    the control arms that stands in this effect, where several treated arms split them.
    """

    trial: Trial
    yi: float
    vi: float
    n_t: float | None
    n_c: float | None
    treated: tuple[Arm, ...]
    control: tuple[Arm, ...]
    comparator_class: str
    scale: str
    definition: str
    hour: float | None
    analysis_set: str
    basis: str
    rows: tuple[AnyResult, ...]
    steps: tuple[Step, ...]
    events_t: float | None = None
    events_c: float | None = None
    mean_t: float | None = None
    sd_t: float | None = None
    mean_c: float | None = None
    sd_c: float | None = None
    comparison: str = ""
    shared: float | None = None
    same_people: bool = False
    part: float = 1.0

    @property
    def people(self) -> float:
        """People behind the effect, as far as they are known; those of a crossover once."""
        treated, control = self.n_t or 0, self.n_c or 0
        return max(treated, control) if self.same_people else treated + control

    @property
    def randomised_t(self) -> int | None:
        """People randomised to the treated arms; None where that is not known."""
        return None if self.same_people else self.trial.randomised(self.treated)

    @property
    def randomised_c(self) -> float | None:
        """People randomised to the control arms, or their part; None where that is not known."""
        if self.same_people or not self.control:
            return None
        known = self.trial.randomised(self.control)
        return None if known is None else known * self.part

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What the derivation assumes or borrows, each word once."""
        return tuple(dict.fromkeys(step.assumption for step in self.steps if step.assumption))


def _total(numbers: Iterable[int | None]) -> int | None:
    """Return the sum, None where one is not known."""
    every = list(numbers)
    known = [n for n in every if n is not None]
    return sum(known) if len(known) == len(every) else None


def arm_names(arms: Iterable[Arm]) -> str:
    """Name arms for a derivation."""
    return " + ".join(arm.arm_id for arm in arms)


def given_by(arms: Iterable[Arm]) -> tuple[list[str], list[str]]:
    """Return the treatments and the routes of arms, each once."""
    every = list(arms)
    treatments = list(dict.fromkeys(arm.treatment for arm in every))
    return treatments, list(dict.fromkeys(arm.route for arm in every))
