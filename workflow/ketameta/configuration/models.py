"""What an analysis is made of: each key with its type, its bounds and its meaning, said once here.

Dataclasses that pydantic can read: what the file may hold (`blocks`), the words for what it may not
(`faults`) and schema.yaml follow from them. pydantic itself is loaded where a file is read, and
not by who only names these types.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Interval, Len, MinLen

from ketameta.documents.fields import Listed, OneOf, Sets
from ketameta.estimators import ESTIMATORS
from ketameta.measures import INVERSE_VARIANCE, MEASURES
from ketameta.methods import elsewhere, understood
from ketameta.moderators import MODERATORS
from ketameta.moderators import understood as understood_moderator
from ketameta.vocabulary.narrowing import Narrow, canonical

Measure = Annotated[str, OneOf(MEASURES)]
_OF_SOME = dict.fromkeys(way for measure in MEASURES.values() for way in measure.pooling)
Words = Annotated[tuple[str, ...], Listed()]
SomeWords = Annotated[tuple[str, ...], MinLen(1), Listed()]
Hours = Annotated[float, Ge(0)]
Share = Annotated[float, Interval(ge=0, le=1)]
Percent = Annotated[float, Interval(ge=0, le=100)]
Points = Annotated[float, Interval(gt=0, le=100)]
Positive = Annotated[float, Gt(0)]
Ratio = Annotated[float, Gt(1)]

Basis = Literal["change", "endpoint", "computed change"]
Source = Literal["arms", "contrasts"]


# the words of the keys that name a method, of which those from elsewhere are understood too
METHODS = {
    "pooling": (INVERSE_VARIANCE, *_OF_SOME),
    "tau2": tuple(ESTIMATORS),
    "interval": ("auto", "wald", "hksj", "hksj-adhoc", "profile", "henmi-copas"),
    "prediction": (
        *("k-1", "k-2", "normal", "hksj", "hksj-k-2"),
        *("k-1-wald", "k-2-wald", "normal-wald"),
    ),
}


def _method(key: str) -> OneOf:
    words = METHODS[key]
    return OneOf(words, partial(understood, key, known=words), partial(elsewhere, key))


Pooling = Annotated[str, _method("pooling")]
Tau2 = Annotated[str, _method("tau2")]
Rule = Annotated[str, _method("interval")]
Prediction = Annotated[str, _method("prediction")]
Split = Literal[
    "drug_route", "population", "comparator_class", "n_doses", "treatment", "route", "design"
]


@dataclass(frozen=True)
class Window:
    """Hours from the first dose: `start` to `end`, aiming at `target`."""

    name: str
    target: Hours
    """Hour aimed at; the nearest reported time wins, ties to the later."""
    start: Hours
    """First hour that counts."""
    end: Hours
    """Last hour that counts."""

    def __contains__(self, hour: float | None) -> bool:
        """Say whether the hour lies in the window, ends included."""
        return hour is not None and self.start <= hour <= self.end


@dataclass(frozen=True)
class Question:
    """The part of an analysis that decides which numbers enter."""

    outcome: str
    """Outcome of the vocabulary."""
    measure: Measure
    """Effect measure: of events, of scores, or of treated arms alone, as `ketameta.measures` says
    of each."""
    populations: SomeWords
    """Populations of the trials."""
    treatments: SomeWords
    """Treatments of the treated arms."""
    comparators: SomeWords
    """Classes of the control arms; where a trial has several, the first of the list."""
    window: Window | None
    """Name of a window; null takes any time, the longest follow-up first."""
    scales: SomeWords | None
    """Scales in order of preference; null takes any."""
    definitions: SomeWords | None
    """Definitions of the event in order of preference (not stated: empty); null takes any."""
    strata: Words
    """Definitions that are separate groups of people and are added up."""
    design_flags: Words
    """Trials that stand apart and enter all the same (randomised withdrawal ...)."""
    analysis_sets: SomeWords
    """Analysis sets in order of preference (not stated: empty); others are not used."""
    basis: Annotated[tuple[Basis, ...], MinLen(1), Listed()]
    """For scores, change from baseline, endpoint, or change computed from both with the
    correlation; the preferred first."""
    sources: Annotated[tuple[Source, ...], MinLen(1), Listed()]
    """Where effects come from, the preferred first: arm-level numbers or reported contrasts."""
    arms: Literal["together", "first", "highest", "split", "whole"]
    """Several treated arms of a trial: together (one effect a trial), those of the first of
    `treatments` alone that the trial gave, those of the highest dose of a treatment alone, or an
    effect an arm, with the shared control split between them or kept whole with its covariance."""
    assumptions: Words
    """What a derivation may assume or borrow (words of the list assumptions)."""
    correlation: Annotated[float, Interval(gt=-1, lt=1)]
    """Within-person correlation assumed where none is reported."""
    narrow: tuple[Narrow, ...] = ()
    """Fewer trials, as key=word&key=word (population, treatment, route, drug_route,
    comparator_class, n_doses, design, blinding, seen, flag); null takes all."""

    @property
    def by_arm(self) -> bool:
        """True where the effect is of treated arms alone, without comparison."""
        return not MEASURES[self.measure].compares

    @property
    def falls(self) -> bool:
        """True where the effect is a fall from baseline."""
        return MEASURES[self.measure].falls


@dataclass(frozen=True)
class Model:
    """The part of an analysis that decides how effects are pooled."""

    pooling: Pooling
    """Inverse variance; for PLO also GLMM, a binomial-normal mixed model; for RR, OR and RD also
    Mantel-Haenszel, for OR also Peto (a common effect); for OR also GLMM by the names of metafor:
    UM.FS (GLMM alone: this), UM.RS, CM.EL; for RR, OR and RD beta-binomial too, a model of the
    risks of both arms that leaves out no trial. Of counts, crossovers enter as if parallel."""
    tau2: Tau2
    """Estimator of the between-trial variance; names of R and of articles are understood too."""
    interval: Rule
    """Interval of the pooled effect; auto: HKSJ; where tau² is 0 or k is 2, the wider of Wald and
    HKSJ. Profile: by likelihood ratio; henmi-copas pools by the weights of a common effect. Names
    of R are understood too."""
    prediction: Prediction
    """Degrees of freedom of the prediction interval; its standard error is that of the interval,
    or that of HKSJ or Wald where the word says so. Names of R are understood too (HTS, HK)."""
    level: Annotated[float, Interval(ge=0.5, le=0.999)]
    """Level of the intervals."""
    splits: Annotated[tuple[Split, ...], Listed()]
    """What the trials are grouped by, each apart; the first that makes two groups stands on the
    plot."""
    tau2_subgroups: Literal["common", "separate"]
    """One tau² for all groups of a split, or one in each."""
    minimum_k: Annotated[int, Ge(2)]
    """Fewest trials that are pooled."""
    moderators: Annotated[tuple[tuple[str, ...], ...], Sets(MODERATORS, understood_moderator)] = ()
    """What the trials differ in that the effects are regressed on, each alone; a list in the list
    asks several at once. Numbers: dose_mg, year, hour, n (people); factors: n_doses, drug_route,
    population (people), comparator_class (control), treatment, route, design, risk_of_bias,
    funding, blinding."""
    comparison: str | None = None
    """What is compared, as priors.yaml of the vocabulary calls it: what earlier reviews found of
    the spread between such trials is the first prior of tau; null takes none of them."""
    small_study: Literal["auto", "Egger", "Peters", "Harbord", "Pustejovsky and Rodgers"] = "auto"
    """The test of small-study effects; auto: Peters for events, Pustejovsky and Rodgers for SMD,
    Egger for others. Harbord is for OR."""


# what no choice at all is called
AS_ASKED = "as asked"
# of a combination of choices, between their names, which have none of it
AND = " & "
Subset = Literal[
    "without high risk of bias", "without trials of serious concerns", "without each trial"
]
Correction = Literal["by the other arm", "a half in every trial"]
Prior = Literal["published", "half-normal(0.5)", "half-normal(1)", "half-Cauchy(0.5)"]


@dataclass(frozen=True)
class Grid:
    """What every analysis varies in its multiverse besides the choices of data: all combinations.

    What an analysis has itself is always among them; a word that fits no effect of an analysis is
    left out of it.
    """

    tau2: Annotated[tuple[Tau2, ...], Listed()] = ()
    """Estimators of the between-trial variance."""
    priors: Annotated[tuple[Prior, ...], Listed()] = ()
    """Priors of tau instead of an estimator, with the shortest interval of the posterior:
    published is that of the analysis (see comparison), the others are of log ratios and
    standard deviations."""
    interval: Annotated[tuple[Rule, ...], Listed()] = ()
    """Rules of the interval."""
    pooling: Annotated[tuple[Pooling, ...], Listed()] = ()
    """Ways of pooling, of each measure those that fit it. A GLMM takes a tenth of a second a set of
    effects, of which there may be thousands."""
    trials: Annotated[tuple[Subset, ...], Listed()] = ()
    """Sets of trials besides all: without those at high risk of bias, without those of serious
    concerns about their trustworthiness, and without each in turn."""
    without_events: Annotated[tuple[Literal["left out"], ...], Listed()] = ()
    """Trials in which nobody has the event, or everybody: left out instead of pooled."""
    correction: Annotated[tuple[Correction, ...], Listed()] = ()
    """What is added to counts with an empty cell instead of a half: by the other arm (Sweeting
    2004: the two arms share one event by their sizes), or a half in every trial."""


@dataclass(frozen=True)
class Thresholds:
    """The part of an analysis that rates its certainty."""

    worthwhile_ratio: Ratio
    """Smallest relative effect worth having, for RR and OR where no control risk is known; its
    inverse on the other side."""
    worthwhile_smd: Positive
    """Smallest SMD worth having; for MD too, times the SD of the control arms, where the
    vocabulary gives the scale no minimal important difference."""
    worthwhile_risk: Annotated[float, Interval(gt=0, le=1)]
    """Smallest difference of risks worth having, as a share of people; for RR and OR at the
    typical control risk."""
    worthwhile_points: Points
    """For a share or a fall of treated arms, percentage points from the pooled value beyond which
    the answer would be another."""
    bias_high: Percent
    """Per cent of the weight from trials at high risk of bias in two domains or more from which
    two levels go."""
    bias_not_low: Percent
    """Per cent of the weight from trials not judged at low risk of bias (high, some concerns; at
    the lower end also not judged) from which one level goes."""
    i2_substantial: Percent
    """I² in per cent from which one level goes for inconsistency."""
    i2_considerable: Percent
    """I² in per cent from which two levels go, where the prediction interval reaches further than
    the interval too."""
    spread_considerable: Points
    """For a share or a fall of treated arms, percentage points from the pooled value beyond which
    two levels go for inconsistency, where 95% of the true values of trials reach further."""
    mixed: Percent
    """Per cent of the weight outside the heaviest group of a split from which the split can
    explain a difference, and of the groups with another answer from which one level goes; also of
    the weight of a population from which it counts beside a claim."""
    mixed_p: Share
    """p between the groups of a split below which they differ."""
    heard_trials: Annotated[float, Ge(1)]
    """Trials from which an analysis, or a group of a split, has a verdict of its own on a claim;
    fewer are heard where they have `heard_people` people."""
    heard_people: Annotated[float, Ge(0)]
    """People from which an analysis, or a group of a split, of fewer trials than `heard_trials`
    has a verdict of its own on a claim."""
    events: Positive
    """Events that make the optimal information size of RR, OR and RD."""
    people: Positive
    """People that make the optimal information size where events are not counted."""
    short: Share
    """Share of the optimal information size below which one level goes, where the information
    counts (a large effect, or a wide ratio)."""
    scarce: Share
    """Share of the optimal information size below which two levels go, where the information
    counts."""
    wide_ratio: Ratio
    """Upper over lower end of a ratio's interval from which the information is too little."""
    large_ratio: Ratio
    """Ratio from which, or from whose inverse, an effect is too large to be trusted from few
    events."""
    large_smd: Positive
    """Difference in standard deviations from which an effect is too large, or an interval too
    wide, to be trusted from few people."""
    asymmetry_p: Share
    """p of the test of small-study effects (see small_study) below which one level goes for
    publication bias; tested from ten effects on."""
    missing: Percent
    """Per cent of all people measured from which known missing results cost one level."""


@dataclass(frozen=True)
class Display:
    """The part of an analysis that only the report reads."""

    title: Annotated[str, Len(3, 120)]
    """Title in the report."""
    question: Annotated[str, Len(10, 300)]
    """The question in one sentence."""
    group: Annotated[str, Len(2, 60)]
    """Heading under which it stands."""
    headline: bool
    """Shown with its forest plot on the front page."""
    forest: Literal["trials", "shrunken"] = "trials"
    """The forest plot: the trials as they are, or also the effect of each drawn to the mean, under
    the first prior of the spread between trials."""


@dataclass(frozen=True)
class Summary:
    """A summary of findings: for whom, what against what, and the analyses whose results it holds.

    At most seven: "up to a maximum of seven" important outcomes, benefits and harms (Cochrane
    Handbook 14.1.4); a reader holds no more in mind.
    """

    title: Annotated[str, Len(3, 160)]
    """Heading: what is compared with what."""
    population: Annotated[str, Len(3, 300)]
    """Who was treated, and where."""
    treatment: Annotated[str, Len(2, 80)]
    """The treatment, as a sentence names it."""
    control: Annotated[str, Len(2, 80)]
    """What it is compared with, as a sentence names it."""
    outcomes: Annotated[tuple[str, ...], Len(1, 7), Listed()]
    """Analyses, the most important first; at most seven (Cochrane Handbook 14)."""
    narrow: Annotated[str, Len(3, 300)] | None = None
    """What narrows every analysis of the table, as key=value with & between; null takes them
    whole."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the analyses that the table needs, in its order."""
        if self.narrow is None:
            return self.outcomes
        return tuple(canonical(f"{outcome}@{self.narrow}") for outcome in self.outcomes)
