"""What a review is: analyses with their settings, the rows they pool, and the numbers printed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Data = Literal["counts", "means", "O-E", "generic"]
Method = Literal["MH", "IV", "Peto"]
Model = Literal["fixed", "random"]
# a pooled result of the whole analysis stands under this name of a subgroup
OVERALL = ""


@dataclass(frozen=True, slots=True)
class Number:
    """A number with its text as it was printed, which says how many digits of it are known."""

    value: float
    text: str

    @property
    def decimals(self) -> int:
        """How many decimals are printed."""
        mantissa, _, power = self.text.lower().partition("e")
        return max(0, len(mantissa.partition(".")[2]) - int(power or 0))


@dataclass(frozen=True, slots=True)
class Settings:
    """How an analysis is pooled, as its review says it.

    `measure` is RevMan's: OR, RR, RD, PETO, MD, SMD, ratio or difference; `ratio` says that
    estimates are printed as ratios, so that pooling is on their log. `tau2` and `interval` are of a
    random-effects model. `swapped`: what is counted is those without the event. `level` is that of
    the pooled intervals, `overall` and `subgroups` say whether they are printed, `tau2_limits`
    whether limits of tau² are.
    """

    data: Data
    method: Method
    measure: str
    model: Model
    ratio: bool
    tau2: str = "DL"
    interval: str = "wald"
    swapped: bool = False
    level: float = 0.95
    overall: bool = True
    subgroups: bool = True
    test: bool = True
    tau2_limits: bool = False


@dataclass(frozen=True, slots=True)
class StudyRow:
    """A study in an analysis: its numbers, and its effect as the review prints it.

    Of `counts` events and people of both arms; of `means` also mean and SD; of `O-E` that and its
    variance; of `generic` estimate and standard error, a ratio as its log. A number that the source
    does not give is NaN. `entered` has their text by these names, where the source is text.
    """

    study: str
    year: str = ""
    subgroup: str = ""
    in_overall: bool = True
    in_subgroup: bool = True
    events: tuple[float, float] = (float("nan"), float("nan"))
    people: tuple[float, float] = (float("nan"), float("nan"))
    mean: tuple[float, float] = (float("nan"), float("nan"))
    sd: tuple[float, float] = (float("nan"), float("nan"))
    generic: tuple[float, float] = (float("nan"), float("nan"))
    observed: tuple[float, float] = (float("nan"), float("nan"))
    printed: dict[str, Number] = field(default_factory=dict)
    footnote: str = ""
    entered: Mapping[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Analysis:
    """An analysis of a review: its number such as 1.2, names, settings, rows, printed results.

    `printed` has the numbers printed of the whole (under `OVERALL`) and of each subgroup, by name
    of the subgroup and of the number (`PRINTED`).
    """

    number: str
    name: str
    group: str
    settings: Settings
    rows: tuple[StudyRow, ...]
    printed: dict[str, dict[str, Number]]
    labels: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class Review:
    """A review as it was read: its analyses, and in sentences what could not be taken.

    `field` is what the source tells of the field of medicine, mostly nothing.
    """

    name: str
    analyses: tuple[Analysis, ...]
    said: tuple[str, ...] = ()
    field: str = ""


# the numbers of a pooled result, by the name that they have here, each with what it is
PRINTED = {
    "estimate": "pooled estimate",
    "low": "lower limit",
    "high": "upper limit",
    "prediction_low": "lower prediction limit",
    "prediction_high": "upper prediction limit",
    "tau2": "tau²",
    "tau2_low": "lower limit of tau²",
    "tau2_high": "upper limit of tau²",
    "q": "chi² of heterogeneity",
    "df": "its degrees of freedom",
    "q_p": "its p",
    "i2": "I²",
    "z": "test of the effect",
    "t": "HKSJ's test of the effect",
    "p": "its p",
    "weight": "weight in per cent (of the whole: of the row furthest off)",
    "between": "chi² between subgroups",
    "between_df": "its degrees of freedom",
    "between_p": "its p",
    "between_i2": "I² between subgroups",
}
