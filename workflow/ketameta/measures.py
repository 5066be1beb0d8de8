"""The effect measures: one record each, of which every other module asks what it must know.

A measure that trials' numbers give through `ketameta.stats.effect_size`, and that reads as those
below do, is one more record here. The words of a record are those of the report; `{}` stands in
them for what is told of. `ketameta.stats` knows nothing of this module, nor this of any other.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

# kinds of outcome that a measure is for, as the vocabulary has them; a duration is read as a score
EVENT, SCORE = "event", "score"
# what a value is counted in, where it is not a ratio or a difference of risks
POINTS, SDS, PER_CENT = "points", "standard deviations", "%"
INVERSE_VARIANCE = "inverse variance"
GLMM, MANTEL_HAENSZEL, PETO = "GLMM", "Mantel-Haenszel", "Peto"
# the mixed models of odds ratios, by the names of Jackson and others 2018
UM_FS, UM_RS, CM_EL = "UM.FS", "UM.RS", "CM.EL"
# the risks of both arms vary between trials: a model of risks, not of effects
BETA_BINOMIAL = "beta-binomial"

# a pooled ratio from here on is written as without bound
LARGEST = 1e300

Range = tuple[float | None, float | None]


@dataclass(frozen=True, slots=True)
class Transform:
    """How a measure is pooled: its name (empty: as it is read), and the way back."""

    name: str
    back: Callable[[float], float]


PLAIN = Transform("", lambda value: value)
LOG = Transform("log", lambda value: math.exp(value) if value < 700 else math.inf)
LOGIT = Transform("log odds", lambda value: 1 / (1 + math.exp(-value)) if value > -700 else 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """An effect measure: how trials give it, how it is pooled, how it is written and drawn.

    Its values are on the natural scale: a ratio, a share from 0 to 1, points of a scale.
    """

    name: str
    words: str
    kind: str
    transform: Transform = PLAIN
    # the value of no effect; none where treated arms alone give the measure
    null: float | None = None
    # values beyond which none can be; None: without bound
    bounds: Range = (None, None)
    unit: str = ""
    # it counts the fall of a score: more of it is less of the outcome, and it needs a baseline
    falls: bool = False

    # how trials give it: the words of the step, what `effect_size` calls it within people, the
    # reported measures that can become it, and the variance that a control arm brings to each
    # effect that shares it (by events and people, or by mean, SD and people)
    effect: str = ""
    paired: str = ""
    converts_from: tuple[str, ...] = ()
    control_variance: Callable[..., float] | None = None
    # the ways of pooling that are for some measures alone
    pooling: tuple[str, ...] = ()

    # of events compared: what risks are compared by (ratio, odds or difference), the risk under
    # treatment from that of control and the effect, and back
    risks_by: str = ""
    treated_risk: Callable[[float, float], float] | None = None
    of_risks: Callable[[float, float], float] | None = None
    # another published measure as this one, from its value and the control risk
    from_published: Mapping[str, Callable[[float, float], float]] = field(default_factory=dict)
    # the words for it in the tables of published results and of claims, where they differ
    published: str = ""
    claimed: str = ""

    # how it is written: decimals (None: of a ratio, fewer the larger it is), what it is multiplied
    # by, in a column and in a sentence, and what a prediction is of
    digits: int | None = 2
    factor: float = 1.0
    heading: str = ""
    symbol: str = ""
    expected: str = ""
    finding: str = ""
    aim: str = ""
    method: str = ""
    # of limits beyond the bounds: where they are, and why none can be
    beyond: tuple[str, str] | None = None
    # how it is drawn: the words below its axis, and below one of values as they are pooled, and
    # the most that the axis can show
    axis: str = ""
    pooled_axis: str = ""
    limits: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        """Name it by its name and its words where nothing else is said."""
        article = "an" if self.words[0] in "aeiou" else "a"
        for name, said in (
            ("heading", self.name),
            ("symbol", self.name),
            ("expected", self.words),
            ("pooled_axis", self.axis),
            ("finding", f"{article} {self.words} of {{}}"),
        ):
            object.__setattr__(self, name, getattr(self, name) or said)

    @property
    def compares(self) -> bool:
        """Whether treated arms are compared with control arms."""
        return self.null is not None

    @property
    def no_effect(self) -> float:
        """The value of no effect, of a measure that compares."""
        assert self.null is not None, self.name
        return self.null

    @property
    def is_ratio(self) -> bool:
        """Whether it is a ratio, pooled as its log and drawn on a log axis."""
        return self.transform is LOG

    @property
    def counts(self) -> bool:
        """Whether it is of events, so that arms give it by events and people."""
        return self.kind == EVENT

    @property
    def compares_events(self) -> bool:
        """Whether it compares events of two arms."""
        return self.compares and self.counts

    @property
    def compares_scores(self) -> bool:
        """Whether it compares scores of two arms."""
        return self.compares and not self.counts

    @property
    def in_points(self) -> bool:
        """Whether it is a difference in points of one scale."""
        return self.unit == POINTS

    @property
    def is_standardised(self) -> bool:
        """Whether it is a difference in standard deviations."""
        return self.unit == SDS

    @property
    def of_means(self) -> bool:
        """Whether it is a ratio of means, which only scores from 0 on have, read one way round."""
        return self.is_ratio and not self.counts

    @property
    def is_share(self) -> bool:
        """Whether it is the share of treated people with an event."""
        return self.counts and not self.compares

    def natural(self, value: float | None) -> float | None:
        """Return a value of the analysis scale on the natural one; None for None and NaN."""
        return None if value is None or math.isnan(value) else self.transform.back(value)

    def drawn(self, value: float | None) -> float | None:
        """Return a value as it is drawn and written: a share in per cent."""
        return None if value is None else self.factor * value


_COUNTED = (
    "Each trial gives {} with its large-sample variance; a half is added to each cell of a trial "
    "with an empty one (Cochrane Handbook)."
)
_MEASURES = (
    Measure(
        name="RR",
        words="risk ratio",
        kind=EVENT,
        transform=LOG,
        null=1.0,
        effect="log risk ratio",
        paired="MPRRM",
        converts_from=("RR", "OR"),
        control_variance=lambda events, people: 1 / events - 1 / people,
        pooling=(MANTEL_HAENSZEL, BETA_BINOMIAL),
        risks_by="ratio",
        treated_risk=lambda risk, ratio: risk * ratio,
        of_risks=lambda treated, control: treated / control,
        # Cochrane Handbook 15.4.4.4
        from_published={"OR": lambda odds, risk: odds / (1 - risk + risk * odds)},
        digits=None,
        method=_COUNTED.format("a log risk ratio"),
        axis="Risk ratio (log scale)",
    ),
    Measure(
        name="OR",
        words="odds ratio",
        kind=EVENT,
        transform=LOG,
        null=1.0,
        effect="log odds ratio",
        paired="MPORM",
        converts_from=("OR", "logOR", "RR"),
        control_variance=lambda events, people: 1 / events + 1 / (people - events),
        pooling=(MANTEL_HAENSZEL, PETO, GLMM, UM_FS, UM_RS, CM_EL, BETA_BINOMIAL),
        risks_by="odds",
        treated_risk=lambda risk, ratio: risk * ratio / (1 - risk + risk * ratio),
        of_risks=lambda treated, control: treated / (1 - treated) / (control / (1 - control)),
        digits=None,
        method=_COUNTED.format("a log odds ratio"),
        axis="Odds ratio (log scale)",
    ),
    Measure(
        name="RD",
        words="risk difference",
        kind=EVENT,
        null=0.0,
        bounds=(-1.0, 1.0),
        effect="risk difference",
        paired="MPRDM",
        converts_from=("RD", "OR", "RR"),
        control_variance=lambda events, people: events * (people - events) / people**3,
        pooling=(MANTEL_HAENSZEL, BETA_BINOMIAL),
        risks_by="difference",
        treated_risk=lambda risk, difference: risk + difference,
        of_risks=lambda treated, control: treated - control,
        digits=3,
        method=_COUNTED.format("a risk difference"),
        beyond=("beyond −1 or 1", "no difference of risks is that large"),
        axis="Risk difference",
        limits=(-1.0, 1.0),
    ),
    Measure(
        name="MD",
        words="mean difference",
        kind=SCORE,
        null=0.0,
        unit=POINTS,
        effect="mean difference",
        paired="MC",
        converts_from=("MD",),
        control_variance=lambda _, sd, people: sd**2 / people,
        digits=1,
        method="Each trial gives a mean difference in points of one scale.",
        axis="Mean difference, scale points",
    ),
    Measure(
        name="SMD",
        words="standardised mean difference",
        kind=SCORE,
        null=0.0,
        unit=SDS,
        effect="Hedges' g",
        paired="SMDX",
        converts_from=("SMD", "MD"),
        # of the means alone: the small term of the shared SD is left out
        control_variance=lambda _, __, people: 1 / people,
        method="Each trial gives a standardised mean difference, Hedges' g with the exact "
        "correction for small samples (Hedges 1981).",
        axis="Standardised mean difference (Hedges' g)",
    ),
    Measure(
        name="ROM",
        words="ratio of means",
        kind=SCORE,
        transform=LOG,
        null=1.0,
        effect="log ratio of means",
        paired="ROMC",
        converts_from=("ROM",),
        control_variance=lambda mean, sd, people: sd**2 / (people * mean**2),
        digits=None,
        method="Each trial gives a log ratio of the mean scores of its arms (Cochrane Handbook); "
        "changes from baseline have none.",
        axis="Ratio of means (log scale)",
    ),
    Measure(
        name="PLO",
        words="proportion",
        kind=EVENT,
        transform=LOGIT,
        bounds=(0.0, 1.0),
        unit=PER_CENT,
        effect="log odds of the proportion",
        pooling=(GLMM,),
        published="proportion",
        claimed="percent of people",
        digits=0,
        factor=100.0,
        heading="Share, %",
        symbol="share",
        expected="share",
        finding="a share of {} of the people treated",
        aim="the share of people with {}",
        method="Each trial gives the counts of its treated arms; there is no comparison with "
        "control.",
        axis="People with the outcome, per cent",
        pooled_axis="People with the outcome, log odds",
        limits=(0.0, 100.0),
    ),
    Measure(
        name="PCTRED",
        words="per cent reduction",
        kind=SCORE,
        bounds=(None, 100.0),
        unit=PER_CENT,
        falls=True,
        effect="per cent reduction",
        claimed="percent reduction",
        digits=0,
        heading="Reduction, %",
        symbol="fall",
        expected="mean fall",
        finding="a mean fall of {} from baseline in the people treated",
        aim="the fall of the {}",
        method="Each trial gives the fall of the mean score from baseline in its treated arms, in "
        "per cent; there is no comparison with control.",
        beyond=("beyond 100% (>100)", "no score of these scales falls by more"),
        axis="Reduction from baseline, per cent",
        limits=(-100.0, 100.0),
    ),
)
# what an analysis can be asked in, by name, in the order in which they are told
MEASURES = {measure.name: measure for measure in _MEASURES}
# what is read of reports beside those, and never pooled as it is
REPORTED_ALONE = (
    Measure(name="logOR", words="log odds ratio", kind=EVENT, null=0.0),
    Measure(name="HR", words="hazard ratio", kind=EVENT, transform=LOG, null=1.0),
)


def read_as(word: str | None) -> Measure | None:
    """Return the measure that a word of the tables names; None for those of which none is asked."""
    known = (*MEASURES.values(), *REPORTED_ALONE)
    return next((m for m in known if word in (m.published or m.name,)), None)


def is_asked(word: str | None) -> bool:
    """Say whether a reported measure can become one that is pooled."""
    return any(word in measure.converts_from for measure in MEASURES.values())


def is_ratio(word: str | None) -> bool:
    """Say whether a word of the tables names a ratio."""
    told = read_as(word)
    return told is not None and told.is_ratio


def in_points(word: str | None) -> bool:
    """Say whether a word of the tables names a difference in points of a scale."""
    told = read_as(word)
    return told is not None and told.in_points


# a share of treated arms, which is told of control arms too
SHARE = MEASURES["PLO"]
# the fall of a score from baseline, which is told arm by arm too
FALL = MEASURES["PCTRED"]
# what a difference in points becomes where scales differ
STANDARDISED = MEASURES["SMD"]
# what stands for a hazard ratio where arms give counts alone
ODDS = MEASURES["OR"]
