"""How a result was made, in sentences that follow from the model that was used."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from ketameta.configuration import Analysis, Model
from ketameta.estimators import ESTIMATORS
from ketameta.measures import INVERSE_VARIANCE, MEASURES
from ketameta.methods import NEED_ONE_MEAN
from ketameta.report.references import REFERENCES
from ketameta.report.wording import count, level_percent
from ketameta.report.wording_model import INTERVALS
from ketameta.synthesize.prediction import FEWEST, expected
from ketameta.tables.effects import DerivationRow
from ketameta.tables.fits import Engine, IntervalRule
from ketameta.tables.parts import Estimate
from ketameta.tables.syntheses import StudyRow, SynthesisRow

_INTERVAL: dict[str | None, str] = {
    IntervalRule.WALD: "the Wald interval, from the normal distribution",
    IntervalRule.HKSJ: "the Hartung-Knapp-Sidik-Jonkman interval, from t with k − 1 degrees of "
    "freedom (Hartung 2001; Sidik 2002)",
    IntervalRule.FLOORED: "the Hartung-Knapp-Sidik-Jonkman interval held at least as wide as its "
    "standard error without the correction (Röver 2015)",
    IntervalRule.PROFILE: "the profile-likelihood interval, of all effects that a likelihood-ratio "
    "test does not refuse (Hardy 1996)",
    IntervalRule.HENMI_COPAS: "the interval of Henmi and Copas around the estimate with weights "
    "of a common effect, which selective publication moves least (Henmi 2010)",
}
_COMMON = {
    Engine.MANTEL_HAENSZEL: "The counts are pooled by the Mantel-Haenszel method, which takes one "
    "effect for all trials, with a Wald interval (Mantel 1959; Greenland 1985; Robins 1986).",
    Engine.PETO: "The counts are pooled by Peto's one-step method, which takes one odds ratio for "
    "all trials, with a Wald interval (Yusuf 1985); it is for rare events, small effects and arms "
    "of like size (Cochrane Handbook 10.4.4.1).",
}
_MODELLED = {
    Engine.GLMM: "The counts are pooled by a binomial-normal generalised linear mixed model "
    "(Stijnen 2010), with a Wald interval on the logit.",
    Engine.UM_FS: "The counts are pooled by a binomial-normal generalised linear mixed model with "
    "a baseline of each trial (UM.FS; Jackson 2018), with a Wald interval.",
    Engine.UM_RS: "The counts are pooled by a binomial-normal generalised linear mixed model with "
    "normally distributed baselines (UM.RS; Jackson 2018), with a Wald interval.",
    Engine.CM_EL: "The counts are pooled by a hypergeometric-normal generalised linear mixed "
    "model, given the margins of each table (CM.EL; Stijnen 2010), with a Wald interval.",
    Engine.BETA_BINOMIAL: "The counts are pooled by a beta-binomial model, in which the risks of "
    "both arms vary between trials with one correlation within arms (Kuss 2015), with a Wald "
    "interval; trials without any event count, and which arms were randomised together does not.",
}
# the models of counts, as a sentence names them
_NAMES = {
    Engine.MANTEL_HAENSZEL: "Mantel-Haenszel method",
    Engine.PETO: "Peto method",
    Engine.GLMM: "binomial-normal model",
    Engine.UM_FS: "binomial-normal model UM.FS",
    Engine.UM_RS: "binomial-normal model UM.RS",
    Engine.CM_EL: "hypergeometric-normal model CM.EL",
    Engine.BETA_BINOMIAL: "beta-binomial model",
}
_PREDICTION = {
    "k-1": "from t with k − 1 degrees of freedom (Veroniki 2019)",
    "k-2": "from t with k − 2 degrees of freedom (Higgins 2009)",
    "normal": "from the normal distribution",
    "hksj": "from t with k − 1 degrees of freedom and the HKSJ variance",
    "hksj-k-2": "from t with k − 2 degrees of freedom and the HKSJ variance (Partlett 2017)",
    "k-1-wald": "from t with k − 1 degrees of freedom and the Wald variance (Veroniki 2019)",
    "k-2-wald": "from t with k − 2 degrees of freedom and the Wald variance (Higgins 2009)",
    "normal-wald": "from the normal distribution with the Wald variance",
}


AUTO = (
    "The rule, set beforehand for all analyses: HKSJ; where τ² is 0 or there are only two trials, "
    "whichever of Wald and HKSJ is wider (IntHout 2014; Wiksten 2016; Jackson 2017; Veroniki 2019)."
)


def rule_used(record: Estimate) -> str:
    """Return the rule of the headline interval: Wald, HKSJ, floored HKSJ, or empty."""
    return INTERVALS[record.rule] if record.rule in _INTERVAL else ""


def other_model(record: Estimate) -> str:
    """Name the model of the counts that gave the headline; empty for inverse variance."""
    return _NAMES.get(Engine(record.engine), "")


def refitted(record: Estimate) -> str:
    """Say by what fewer and more trials are pooled, where the headline has another model."""
    name = other_model(record)
    return name and (
        "Here trials are left out and added under inverse variance, not under the headline's "
        f"{name}: all of them together may give a slightly other result."
    )


def choice(analysis: Analysis, record: Estimate) -> str:
    """Say which rule chose the headline interval."""
    rule = rule_used(record)
    if record.k < 2 or record.estimate is None or not rule:
        return ""
    if name := other_model(record):
        return (
            f"The headline is by the {name} with its Wald interval; the three intervals beside it "
            "belong to the inverse-variance model, for comparison."
        )
    if analysis.model.interval != "auto":
        return f"The headline is the {rule} interval, as configured for this analysis."
    few = record.k == 2
    if record.tau2 and not few:
        why = "τ² is above 0 and there are more than two trials"
    else:
        why = "there are only two trials" if few else "τ² is estimated as 0"
        why += f" and {rule} is the wider"
    return f"{AUTO} Here {why}, so the headline is the {rule} interval."


def method(analysis: Analysis, record: SynthesisRow) -> list[str]:
    """Return the method of this result as sentences, with citations in brackets."""
    text = [MEASURES[analysis.select.measure].method]
    if record.k < 2 or record.estimate is None:
        return [*text, "Nothing is pooled."]
    if Engine(record.engine).of_counts:
        text.append((_COMMON | _MODELLED)[Engine(record.engine)])
    elif record.engine == Engine.THREE_LEVEL:
        text.append(
            "Effects that share a control arm are pooled with their covariances by a three-level "
            "model (Konstantopoulos 2011), with an interval from t."
        )
    else:
        tau2 = ESTIMATORS[analysis.model.tau2].words
        text.append(
            f"Effects are pooled by inverse variance under random effects, τ² by {tau2}, with "
            f"{_INTERVAL[record.rule]}."
        )
    if record.tau2_low is not None:
        text.append("The intervals of τ² and I² are Q-profile intervals (Viechtbauer 2007).")
    if record.tau2 is None:
        text.append("I² is from Q (Higgins 2002); the method has no τ².")
    elif record.i2_q is not None:
        text.append(
            "I² is given twice: from τ² and the typical sampling variance, and the classical one "
            "from Q (Higgins 2002)."
        )
    else:
        text.append("I² is from τ² and the typical sampling variance (Higgins 2002).")
    text += _further(analysis, record)
    if record.between_q is not None:
        text.append(_subgroups(analysis.model))
    return text


def _further(analysis: Analysis, record: Estimate) -> list[str]:
    """Say how the prediction interval is made, or why none is told."""
    if expected(record):
        level, rule = level_percent(analysis.model.level), _PREDICTION[analysis.model.prediction]
        return [f"The {level} prediction interval is {rule}."]
    if record.k < FEWEST:
        return [f"Fewer than {FEWEST} trials give no prediction interval worth telling."]
    if record.tau2 != 0:
        return []
    return [
        "No prediction interval is told, as τ² is estimated as 0: it would say no more than the "
        "interval of the average."
    ]


def _subgroups(model: Model) -> str:
    """Say how subgroups are pooled and compared."""
    if model.interval in NEED_ONE_MEAN:
        return (
            "Subgroups have a τ² each, as the interval of the total is for one mean alone; the "
            "test between them is on their estimates."
        )
    if model.pooling != INVERSE_VARIANCE or model.tau2_subgroups != "common":
        return "Subgroups have a τ² each; the test between them is on their estimates."
    rule = "the interval rule of the total"
    if model.interval != "wald":
        rule += ", HKSJ with as many degrees of freedom as there are trials more than groups"
    return (
        f"Subgroups share one τ² and {rule}; a trial alone in its group is its own effect. The "
        "test between them is Wald's."
    )


def cited(texts: list[str]) -> list[tuple[str, str, str]]:
    """Return the works that texts cite: short name, full reference, DOI; in order of name."""
    whole = " ".join(texts)
    return [
        (name, *REFERENCES[name])
        for name in sorted(REFERENCES)
        if name in whole and re.search(rf"\b{re.escape(name)}\b", whole)
    ]


def method_sources(steps: Iterable[DerivationRow]) -> list[str]:
    """Return the sources of the conversions used in derivations, each once, in order."""
    return sorted({step.source for step in steps if step.source})


def borrowed(studies: Sequence[StudyRow]) -> str:
    """Say how many effects borrow or assume something, and what."""
    k = len(studies)
    counts = Counter(word for s in studies for word in s.assumptions)
    some = sum(bool(s.assumptions) for s in studies)
    crossover = sum(s.design == "crossover" for s in studies)
    if some:
        what = ", ".join(f"{word} {number}" for word, number in sorted(counts.items()))
        text = f"{some} of {count(k, 'effect')} borrow or assume something: {what}."
        if k == 1:
            text = f"The one effect borrows or assumes something: {what}."
    else:
        text = "No effect borrows or assumes anything."
    if crossover:
        text += f" {crossover} of {k} {'is' if crossover == 1 else 'are'} from crossover trials."
    return text


def bases(analysis: Analysis, studies: Sequence[StudyRow]) -> str:
    """Say which kinds of score are pooled; empty for events."""
    if MEASURES[analysis.select.measure].counts or not studies:
        return ""
    counts = Counter(s.basis for s in studies)
    names = {
        "change": "change from baseline",
        "endpoint": "endpoint scores",
        "contrast": "a difference as reported",
    }
    what = ", ".join(f"{names.get(b, b)} {number}" for b, number in sorted(counts.items()))
    text = f"Kinds of numbers behind the effects: {what}."
    if len(counts) > 1 and MEASURES[analysis.select.measure].is_standardised:
        text += (
            " Standardised differences of changes and of endpoint scores have different "
            "denominators and are better not mixed (Cochrane Handbook 10.5.2); the lines under "
            "other choices show the result with endpoint scores preferred."
        )
    return text


def definitions(studies: Sequence[StudyRow]) -> list[tuple[str, list[str]]]:
    """Return each definition of the event with the trials that use it, the commonest first."""
    found: dict[str, list[str]] = {}
    for s in studies:
        found.setdefault(s.definition or "not stated", []).append(s.label)
    return sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))
