"""What the trials show of a claim: one clause a result, with its number, hedged by certainty.

"Probably" goes with moderate certainty, "may" with low and very low (Santesso 2020, J Clin
Epidemiol 119:126). A result of too few data points to a number and is not hedged besides.
"""

from __future__ import annotations

from dataclasses import dataclass

from ketameta.configuration import Analysis, Window
from ketameta.evidence.claims import Control
from ketameta.evidence.rated import RatedGroup, RatedSynthesis
from ketameta.measures import MEASURES, SDS
from ketameta.report import naming
from ketameta.report.naming import capital, control_name, treatment_name
from ketameta.report.wording import count, fixed, in_letters
from ketameta.synthesize.absolute import points, risks
from ketameta.tables.syntheses import AbsoluteRow, StudyRow
from ketameta.vocabulary import vocabulary


@dataclass(frozen=True, slots=True)
class Points:
    """A difference in points of a scale, with its interval; a point is `sd` of the result."""

    scale: str
    sd: float
    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class ToldResult:
    """A pooled result that is told: of an analysis, or of one of its groups (then with a name).

    `studies` are behind it; `design` is what sets all of these trials apart (a word of
    design_flags).
    """

    analysis: Analysis
    record: RatedSynthesis | RatedGroup
    studies: tuple[StudyRow, ...]
    group: str = ""
    design: str = ""

    @property
    def rated_in(self) -> str:
        """The analysis that its certainty is of."""
        record = self.record
        return record.rated_in if isinstance(record, RatedGroup) else self.analysis.name

    @property
    def rated_alone(self) -> bool:
        """Whether its certainty is of its own trials, and not of a whole that it is a group of."""
        return not self.group or self.rated_in != self.analysis.name

    @property
    def risk(self) -> AbsoluteRow | None:
        """Risks with treatment and control as `absolute.risks` gives them; None where it cannot."""
        return next(iter(risks(self.analysis.name, self.record, self.studies)), None)

    @property
    def points(self) -> Points | None:
        """The difference in points of a scale (`absolute.points`); of an MD the result itself."""
        record = self.record
        if MEASURES[record.measure].in_points:
            scales = {s.scale for s in self.studies}
            scale = scales.pop() if len(scales) == 1 else ""
            return Points(scale, 1.0, record.estimate, record.ci_low, record.ci_high)
        for found in points(self.analysis.name, self.analysis.select, record, self.studies):
            ends = (found.points, found.points_low, found.points_high)
            return Points(found.scale, found.sd, *ends)
        return None

    @property
    def under(self) -> str:
        """What the other side is told under: control, or having stopped the treatment."""
        return self._stopped or f"under {control_name(self.analysis)}"

    @property
    def other_side(self) -> str:
        """What the other side is called beside a number: control, or having stopped."""
        return self._stopped or control_name(self.analysis)

    @property
    def _stopped(self) -> str:
        return vocabulary().words("stopped").get(self.design, "")

    @property
    def with_treatment(self) -> str:
        """How the treated side stands in a picture: treated, or going on with the treatment."""
        return vocabulary().words("goes_on").get(self.design, "treated")

    @property
    def act(self) -> str:
        """The time, and that treatment goes on where the other side stopped it."""
        goes_on = vocabulary().words("goes_on").get(self.design, "")
        return f"{when(self.analysis.select.window)}{' ' if goes_on else ''}{goes_on}"


def clause(shown: ToldResult, control: Control | None = None) -> str:
    """Say what a result is, with its number and interval, as its certainty allows."""
    level = shown.record.certainty
    measure = MEASURES[shown.record.measure]
    if measure.compares_events:
        verb = does(verb_of(shown.analysis), level)
        return f"{_probably(level)}{_events(shown, verb, 'about ')}"
    if measure.is_share:
        verb = does(verb_of(shown.analysis), level)
        return f"{_probably(level)}about {_share(shown, verb, control)}"
    if measure.falls:
        verb = {"high": "falls", "moderate": "probably falls"}.get(level or "", "may fall")
        return f"the {noun(shown.analysis)} {verb} {_fall(shown, control)}"
    return f"people treated {_probably(level)}{does('score', level)} {_score(shown)}"


def pointed(shown: ToldResult, control: Control | None = None) -> str:
    """Say to what a result of too few data points: ``one trial with 30 people points to …``.

    Of events and shares what these trials show: ``in one trial with 30 people, about 40 of 100 …``.
    """
    record, measure = shown.record, MEASURES[shown.record.measure]
    trials = in_letters(record.k, "trial")
    if measure.compares_events and shown.risk is None:
        return f"in {trials} {_events(shown, does(verb_of(shown.analysis), 'high'))}"
    lead = f"{trials} with {count(record.n, 'person', 'people')}"
    if measure.compares_events:
        return f"in {lead}, {_events(shown, does(verb_of(shown.analysis), 'high'), 'about ')}"
    if measure.is_share:
        return f"in {lead}, {_share(shown, does(verb_of(shown.analysis), 'high'), control)}"
    lead += f" {'points' if record.k == 1 else 'point'} to"
    if measure.falls:
        return f"{lead} a fall of the {noun(shown.analysis)} {_fall(shown, control)}"
    return f"{lead} scores {_score(shown)}"


def does(verb: str, level: str | None) -> str:
    """Say what people do: recover, are free of it; or may, where certainty is low or very low."""
    if level in ("low", "very low"):
        return f"may {verb}"
    rest = verb.removeprefix("be ")
    return verb if rest == verb else f"are {rest}"


def _probably(level: str | None) -> str:
    return "probably " if level == "moderate" else ""


def verb_of(analysis: Analysis) -> str:
    """Say what people do who have the outcome: recover, have a fall."""
    outcome = vocabulary().outcomes[analysis.select.outcome]
    return outcome.verb or f"have {naming.outcome_noun(outcome)}"


def when(window: Window | None) -> str:
    """Say the time of a window: within a day, after 4 weeks; nothing where it is too wide to say.

    Up to a day from the end of the window, as it is over by then; later from its target.
    """
    if window is None:
        return ""
    if window.end <= 12:
        return " within hours"
    if window.end <= 96:
        days = 1 if window.end <= 36 else round(window.end / 24)
        return " within a day" if days == 1 else f" within {count(days, 'day')}"
    if window.end > 2 * window.target:
        return ""
    weeks, rest = divmod(window.target, 168)
    if weeks and not rest:
        return " after a week" if weeks == 1 else f" after {weeks:g} weeks"
    return f" after {count(round(window.target / 24), 'day')}"


def hundred(share: float | None) -> str:
    """Write a share as people of 100, never 0 where there are some; an en dash for none."""
    if share is None:
        return fixed(None, 0)
    text = fixed(100 * share, 0)
    return "fewer than 1" if share > 0 and text == "0" else text


def _events(shown: ToldResult, verb: str, about: str = "") -> str:
    risk = shown.risk
    if risk is None:
        known = [s for s in shown.studies if s.events_t is not None and s.events_c is not None]
        a, b = sum(s.events_t or 0 for s in known), sum(s.n_t or 0 for s in known)
        c, d = sum(s.events_c or 0 for s in known), sum(s.n_c or 0 for s in known)
        return f"{a:g} of {b:g} people {verb}{shown.act}, {c:g} of {d:g} {shown.under}"
    text = f"{about}{hundred(risk.treated_risk)} of 100 people {verb}{shown.act}"
    return f"{text}, {hundred(risk.control_risk)} {shown.under}{_range(risk)}"


def _range(risk: AbsoluteRow) -> str:
    """Write the interval of a difference of risks in people of 100: `` (7 to 20 more)``."""
    low, high = risk.difference_low, risk.difference_high
    return "" if low is None or high is None else f" ({_more(100 * low, 100 * high)})"


def _more(low: float, high: float) -> str:
    """Write an interval of a difference in people of 100: ``7 to 20 more``."""
    ends = sorted((round(low), round(high)), key=abs)
    if ends[0] * ends[1] > 0:
        return f"{abs(ends[0])} to {abs(ends[1])} {'more' if ends[0] > 0 else 'fewer'}"
    texts = [_one_more(end) for end in sorted((round(low), round(high)))]
    return f"from {texts[0]} to {texts[1]}"


def _one_more(people: int) -> str:
    return f"{abs(people)} {'more' if people > 0 else 'fewer'}" if people else "none"


def _share(shown: ToldResult, verb: str, control: Control | None) -> str:
    record = shown.record
    ends = f"{hundred(record.ci_low)} to {hundred(record.ci_high)}"
    text = f"{hundred(record.estimate)} of 100 people treated {verb}{shown.act} ({ends})"
    return text if control is None else f"{text}, {per_cent(shown, control)} under control"


def _fall(shown: ToldResult, control: Control | None) -> str:
    record = shown.record
    ends = f"{fixed(record.ci_low, 0)} to {fixed(record.ci_high, 0)}%"
    text = f"by {fixed(record.estimate, 0)}%{shown.act} in people treated ({ends})"
    return text if control is None else f"{text}, by {per_cent(shown, control)} under control"


def per_cent(shown: ToldResult, control: Control) -> str:
    """Write what control arms did in the unit of a share or a fall."""
    if MEASURES[shown.record.measure].is_share:
        return f"{hundred(control.estimate / 100)} of 100"
    return f"{fixed(control.estimate, 0)}%"


def _score(shown: ToldResult) -> str:
    return f"{difference(shown)} than {shown.under}{shown.act}"


def difference(shown: ToldResult) -> str:
    """Write a difference of scores: ``5.5 points lower (3.2 to 7.9) on a sleep scale of 9 (X)``."""
    record, told = shown.record, shown.points
    if told:
        value, low, high = told.value, told.low, told.high
        digits, unit = 1, "points"
    else:
        value, low, high = record.estimate, record.ci_low, record.ci_high
        digits, unit = 2, SDS
    if MEASURES[record.measure].of_means:
        # a ratio of means as the change of the mean under control
        value, low, high = (None if x is None else 100 * (x - 1) for x in (value, low, high))
        digits, unit = 0, "per cent"
    assert value is not None
    text = f"{fixed(abs(value), digits)} {unit} {'higher' if value > 0 else 'lower'}"
    on = _scale(topic(shown.analysis), told.scale if told else "")
    if low is None or high is None:
        return f"{text} {on}"
    if low * high > 0:
        ends = sorted((abs(low), abs(high)))
        return f"{text} ({fixed(ends[0], digits)} to {fixed(ends[1], digits)}) {on}"
    ends_ = f"from {fixed(abs(low), digits)} lower to {fixed(high, digits)} higher"
    return f"{text} ({ends_}) {on}"


def _scale(about: str, name: str) -> str:
    """Write a scale as a reader knows it: ``on a sleep scale of 9 (X)``."""
    if not name:
        return f"on {about} scales"
    known = vocabulary().scales.get(name)
    most = f" of {known.maximum:g}" if known and known.maximum is not None else ""
    return f"on {'an' if about[0].lower() in 'aeio' else 'a'} {about} scale{most} ({name})"


def topic(analysis: Analysis) -> str:
    """Say what an outcome is about, without how it is counted: sleep, not sleep score."""
    return noun(analysis).removesuffix(" score")


def noun(analysis: Analysis) -> str:
    """Name the outcome as a sentence does."""
    return naming.outcome_noun(vocabulary().outcomes[analysis.select.outcome])


def one_more_event(shown: ToldResult) -> str:
    """Write one more event after a clause on the first: ``falls 30 against 12 (9 to 28 more)``."""
    risk = shown.risk
    if risk is None:
        return clause(shown)
    both = f"{hundred(risk.treated_risk)} against {hundred(risk.control_risk)}"
    return f"{noun(shown.analysis)} {both}{_range(risk)}"


def brief(shown: ToldResult) -> str:
    """Write a result in its number alone, where a clause on the same outcome went before."""
    record, risk = shown.record, shown.risk
    measure = MEASURES[record.measure]
    if measure.is_share:
        ends = f"{hundred(record.ci_low)} to {hundred(record.ci_high)}"
        return f"{hundred(record.estimate)} of 100 ({ends})"
    if measure.falls:
        ends = f"{fixed(record.ci_low, 0)} to {fixed(record.ci_high, 0)}"
        return f"{fixed(record.estimate, 0)}% ({ends}%)"
    if risk is not None:
        both = f"{hundred(risk.treated_risk)} of 100, {hundred(risk.control_risk)}"
        return f"{both} {shown.under}{_range(risk)}"
    if measure.compares_scores:
        return difference(shown)
    return clause(shown)


def treated_name(analysis: Analysis) -> str:
    """Name the treated arms in a picture."""
    return capital(treatment_name(analysis))
