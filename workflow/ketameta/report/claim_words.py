"""What the trials show of a claim: one clause a result, with its number, hedged by certainty.

"Probably" goes with moderate certainty, "may" with low and very low; very low also says that the
evidence is very uncertain, and keeps the direction (Santesso 2020, J Clin Epidemiol 119:126).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ketameta.configuration import Analysis, Window
from ketameta.evidence.claims import (
    CANNOT,
    MIXED,
    NO_WORSE,
    UNTOLD,
    Control,
    Part,
    Verdict,
)
from ketameta.report.naming import capital, control_name, treatment_name
from ketameta.report.wording import count, fixed
from ketameta.synthesize.absolute import points, risks
from ketameta.vocabulary import vocabulary

Record = dict[str, Any]
# of a claim of no harm so many events are named, the first ones
MOST_HARMS = 4
UNCERTAIN = "but the evidence is very uncertain"
_HOURS = {24: "day", 168: "week"}


@dataclass(frozen=True, slots=True)
class Shown:
    """A pooled result that is told: of an analysis, or of one of its groups (then with a name).

    `studies` are the rows of the table studies behind it, `record` a synthesis or a subgroup with
    what `judged` adds.
    """

    analysis: Analysis
    record: Record
    studies: tuple[Record, ...]
    group: str = ""

    @property
    def risk(self) -> Record | None:
        """Risks with treatment and control as `absolute.risks` gives them; None where it cannot."""
        found = risks(self.record["measure"], self.record, self.studies)
        return found[0] if found else None

    @property
    def points(self) -> Record | None:
        """The difference in points of a scale (`absolute.points`); of an MD the result itself."""
        if self.record["measure"] == "MD":
            ends = {f"points{e}": self.record[n] for e, n in _ENDS}
            scales = {s["scale"] for s in self.studies}
            return {"scale": scales.pop() if len(scales) == 1 else "scale", "sd": 1.0, **ends}
        found = points(self.analysis.select, self.record, self.studies)
        return found[0] if found else None


_ENDS = (("", "estimate"), ("_low", "ci_low"), ("_high", "ci_high"))


def clause(shown: Shown, control: Control | None = None) -> str:
    """Say what a result is, with its number and interval, as its certainty allows.

    Very low certainty says "may"; `hedged` adds that the evidence is very uncertain.
    """
    level = shown.record["certainty"]
    measure = shown.record["measure"]
    if measure in ("RR", "OR", "RD"):
        return _events(shown, level)
    if measure == "PLO":
        return _share(shown, level, control)
    if measure == "PCTRED":
        return _fall(shown, level, control)
    return _score(shown, level)


def does(verb: str, level: str) -> str:
    """Hedge what people do: respond, probably respond, may respond; be free is are, may be free."""
    if level in ("low", "very low"):
        return f"may {verb}"
    rest = verb.removeprefix("be ")
    probably = "probably " if level == "moderate" else ""
    return f"{probably}{verb}" if rest == verb else f"are {probably}{rest}"


def verb_of(analysis: Analysis) -> str:
    """Say what people do who have the outcome: respond, have nausea."""
    outcome = vocabulary().outcomes[analysis.select.outcome]
    return outcome.verb or f"have {outcome.phrase or _small(outcome.label)}"


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


def hundred(share: float) -> str:
    """Write a share as people of 100, never 0 where there are some."""
    text = fixed(100 * share, 0)
    return "fewer than 1" if share > 0 and text == "0" else text


def _events(shown: Shown, level: str) -> str:
    analysis, risk = shown.analysis, shown.risk
    act = f"{does(verb_of(analysis), level)}{when(analysis.select.window)}"
    under = f"under {control_name(analysis)}"
    if risk is None or risk.get("treated_risk") is None:
        known = [
            s for s in shown.studies if s["events_t"] is not None and s["events_c"] is not None
        ]
        a, b, c, d = (sum(s[n] for s in known) for n in ("events_t", "n_t", "events_c", "n_c"))
        return f"{a:g} of {b:g} people {act}, {c:g} of {d:g} {under}"
    text = f"about {hundred(risk['treated_risk'])} of 100 people {act}"
    text += f", {hundred(risk['control_risk'])} {under}"
    low, high = risk.get("difference_low"), risk.get("difference_high")
    return text if low is None or high is None else f"{text} ({_more(100 * low, 100 * high)})"


def _more(low: float, high: float) -> str:
    """Write an interval of a difference in people of 100: ``7 to 20 more``."""
    ends = sorted((round(low), round(high)), key=abs)
    if ends[0] * ends[1] > 0:
        return f"{abs(ends[0])} to {abs(ends[1])} {'more' if ends[0] > 0 else 'fewer'}"
    texts = [_one_more(end) for end in sorted((round(low), round(high)))]
    return f"from {texts[0]} to {texts[1]}"


def _one_more(people: int) -> str:
    return f"{abs(people)} {'more' if people > 0 else 'fewer'}" if people else "none"


def _share(shown: Shown, level: str, control: Control | None) -> str:
    record, analysis = shown.record, shown.analysis
    act = f"{does(verb_of(analysis), level)}{when(analysis.select.window)}"
    ends = f"{hundred(record['ci_low'])} to {hundred(record['ci_high'])}"
    text = f"about {hundred(record['estimate'])} of 100 people treated {act} ({ends})"
    if control is None:
        return text
    return f"{text}, {hundred(control.estimate / 100)} of 100 under control"


def _fall(shown: Shown, level: str, control: Control | None) -> str:
    record, analysis = shown.record, shown.analysis
    verb = {"high": "falls", "moderate": "probably falls"}.get(level, "may fall")
    ends = f"{fixed(record['ci_low'], 0)} to {fixed(record['ci_high'], 0)}%"
    text = f"the {_noun(analysis)} {verb} by {fixed(record['estimate'], 0)}%"
    text += f"{when(analysis.select.window)} in people treated ({ends})"
    return text if control is None else f"{text}, by {fixed(control.estimate, 0)}% under control"


def _score(shown: Shown, level: str) -> str:
    analysis = shown.analysis
    verb = {"high": "is", "moderate": "is probably"}.get(level, "may be")
    size, _, ends = _difference(shown).partition(" (")
    text = f"the {_noun(analysis)} {verb} {size} than under {control_name(analysis)}"
    text += when(analysis.select.window)
    return f"{text} ({ends}" if ends else text


def _difference(shown: Shown) -> str:
    """Write a difference of scores: ``5.5 points of the MADRS lower (3.2 to 7.9)``."""
    pointed = shown.points
    if pointed:
        value, low, high = (pointed[f"points{end}"] for end, _ in _ENDS)
        digits, unit = 1, f"points of the {pointed['scale']}"
    else:
        value, low, high = (shown.record[name] for _, name in _ENDS)
        digits, unit = 2, "standard deviations"
    text = f"{fixed(abs(value), digits)} {unit} {'higher' if value > 0 else 'lower'}"
    if low is None or high is None:
        return text
    if low * high > 0:
        ends = sorted((abs(low), abs(high)))
        return f"{text} ({fixed(ends[0], digits)} to {fixed(ends[1], digits)})"
    return f"{text} (from {fixed(abs(low), digits)} lower to {fixed(high, digits)} higher)"


def _noun(analysis: Analysis) -> str:
    outcome = vocabulary().outcomes[analysis.select.outcome]
    return outcome.phrase or (
        outcome.label if outcome.label[1:2].isupper() else _small(outcome.label)
    )


def _small(text: str) -> str:
    return text[:1].lower() + text[1:]


@dataclass(frozen=True, slots=True)
class Told:
    """One verdict with the results that it rests on: those are told, drawn, and give certainty."""

    verdict: Verdict
    shown: tuple[Shown, ...]


def body(part: Part, told: Sequence[Told], control: Control | None) -> str:
    """Say what the trials show of one part of a claim: the clauses of what decided."""
    word = part.verdict.word
    if word == CANNOT:
        return _small(part.test["rule"])
    if not any(one.shown for one in told):
        counts = next((one.verdict.facts for one in told if "trials" in one.verdict.facts), None)
        return _pointing(counts) if counts else "no trial gives a number for it"
    if word == MIXED:
        return "; ".join(filter(None, (_which(one, control) for one in told)))
    same = [one.shown[0] for one in told if one.verdict.word == word and one.shown]
    if part.test["direction"] != NO_WORSE:
        return hedged(same[:1], [clause(same[0], control)])
    harms = [one for one in same if one.risk] or same
    clauses = [clause(harms[0]), *map(_counted, harms[1:MOST_HARMS])]
    return hedged(harms[:MOST_HARMS], clauses)


def _pointing(counts: Mapping[str, Any]) -> str:
    """Say which way trials point that are not pooled."""
    trials = count(counts["trials"], "trial")
    return (
        f"of {trials} that tested it, better with treatment in {counts['better']} and worse in "
        f"{counts['worse']}"
    )


def hedged(shown: Sequence[Shown], clauses: Sequence[str]) -> str:
    """Join clauses, and say of which the evidence is very uncertain: once where of all."""
    very = [one.record["certainty"] == "very low" for one in shown]
    if all(very):
        return f"{'; '.join(clauses)}, {UNCERTAIN}"
    return "; ".join(
        f"{text} (very uncertain)" if low else text for text, low in zip(clauses, very, strict=True)
    )


def _which(told: Told, control: Control | None) -> str:
    """Tell one verdict of a mixed one, group by group where the groups make it mixed."""
    if told.verdict.word in UNTOLD or not told.shown:
        return ""
    if told.verdict.word != MIXED:
        return f"{told.verdict.word}: {hedged(told.shown[:1], [clause(told.shown[0], control)])}"
    words = dict(told.verdict.facts["which"])
    groups = [shown for shown in told.shown if shown.group]
    clauses = [
        f"{words[s.record['subgroup']]} for {s.group}: {brief(s) if n else clause(s)}"
        for n, s in enumerate(groups)
    ]
    if control is not None:
        clauses[-1] += f"; under control {_per_cent(groups[0].record['measure'], control)}"
    return hedged(groups, clauses)


def _counted(shown: Shown) -> str:
    """Write one more event after a clause on the first: ``nausea 30, 12 under control``."""
    risk = shown.risk
    if risk is None or risk.get("treated_risk") is None:
        return clause(shown)
    both = f"{hundred(risk['treated_risk'])}, {hundred(risk['control_risk'])} under control"
    return f"{_noun(shown.analysis)} {both}"


def brief(shown: Shown) -> str:
    """Write a result in its number alone, where a clause on the same outcome went before."""
    record = shown.record
    if record["measure"] == "PLO":
        ends = f"{hundred(record['ci_low'])} to {hundred(record['ci_high'])}"
        return f"{hundred(record['estimate'])} of 100 ({ends})"
    if record["measure"] == "PCTRED":
        ends = f"{fixed(record['ci_low'], 0)} to {fixed(record['ci_high'], 0)}"
        return f"{fixed(record['estimate'], 0)}% ({ends}%)"
    risk = shown.risk
    if risk is not None and risk.get("difference_low") is not None:
        more = _more(100 * risk["difference_low"], 100 * risk["difference_high"])
        both = f"{hundred(risk['treated_risk'])} of 100, {hundred(risk['control_risk'])}"
        return f"{both} under control ({more})"
    if record["measure"] in ("SMD", "MD"):
        return _difference(shown)
    return clause(shown)


def _per_cent(measure: str, control: Control) -> str:
    """Write what control arms did in the unit of the result."""
    if measure == "PLO":
        return f"{hundred(control.estimate / 100)} of 100"
    return f"{fixed(control.estimate, 0)}%"


def sentence(word: str, bodies: Sequence[tuple[str, str, str]], claimed: str) -> str:
    """Write the verdict as a sentence with its number: ``Overstated: about 4 of 10 …``.

    `bodies` are name, verdict and body of each part; one without a name is the whole. The number
    that was claimed follows.
    """
    if len(bodies) == 1:
        text = f"{capital(word)}: {bodies[0][2]}."
    else:
        parts = [f"{capital(name)}: {verdict}, {told}." for name, verdict, told in bodies]
        text = f"{capital(word)}. {' '.join(parts)}"
    return f"{text} Claimed: {claimed}." if claimed else text


def treated_name(analysis: Analysis) -> str:
    """Name the treated arms in a picture."""
    return capital(treatment_name(analysis))
