"""The methods of a review as paragraphs for an article, from configuration and results alone.

What was not done is not told, and what the configuration does not say is not guessed. Where most
analyses share a choice, it is told as the rule, and the others by their titles.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ketameta.configuration import Analysis, Configuration, Review
from ketameta.measures import MEASURES
from ketameta.report import about, wording_method
from ketameta.report.answers import Answer
from ketameta.report.naming import capital, listed, treatment
from ketameta.report.wording import count, in_letters
from ketameta.tables.collection import Tables, by
from ketameta.tables.moderators import RegressionRow
from ketameta.tables.multiverse import MultiverseRow
from ketameta.tables.small_study import AdjustedRow
from ketameta.tables.syntheses import SensitivityRow, SplitRow, StudyRow
from ketameta.vocabulary import vocabulary

_WITH = ", with "  # before how an interval is made
NAMED = 3  # analyses that a sentence names as exceptions
_ARMS = {
    "together": "Several treated arms of a trial are one effect",
    "first": "Of several treated arms of a trial those of the first treatment are taken",
    "highest": "Of several treated arms of a trial those of the highest dose are taken",
    "split": "Several treated arms of a trial give an effect each, with the shared control split "
    "between them",
    "whole": "Several treated arms of a trial give an effect each, with the covariance that the "
    "shared control gives them",
}
_BASES = {
    "change": "change from baseline as reported",
    "endpoint": "endpoint",
    "computed change": "change computed from baseline and endpoint",
}
_SOURCES = {"arms": "the numbers of the arms", "contrasts": "differences as reported"}


@dataclass(frozen=True, slots=True)
class Passage:
    """A heading and what stands under it, a paragraph each; `trials` are cited behind the first."""

    heading: str
    paragraphs: Sequence[str]
    trials: Sequence[StudyRow] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """How many trial reports were judged for risk of bias, and by whom.

    `tools` are reports by tool, `reviews` published reviews whose judgements are taken over,
    `raters` those who answered signalling questions, of `answered` reports. The trustworthiness of
    `trusted` reports was judged, by `assessors`.
    """

    tools: dict[str, int]
    reviews: int
    raters: int
    answered: int
    trusted: int = 0
    assessors: int = 0


def methods(
    configuration: Configuration,
    shown: Sequence[Answer],
    tables: Tables,
    judged: Judged,
    software: str,
) -> list[Passage]:
    """Return the passages of the methods; `shown` are the answers that the results tell.

    `software` is the sentence that names program and data.
    """
    names = {answer.analysis.name for answer in shown}
    # what narrows an analysis leaves all else as it is
    whole = dict.fromkeys(answer.analysis.base for answer in shown)
    analyses = [configuration[base] for base in whole]
    studies = [study for study in tables[StudyRow] if study.analysis in names]
    passages = (
        ("Question", _question(configuration.review)),
        ("Eligible trials", _eligible(analyses, narrowed=len(names) > len(names & {*whole}))),
        ("Search", _search(configuration.review)),
        ("Choice of results", _choice(analyses, studies)),
        ("Effect measures", _measures(analyses)),
        ("Synthesis", _synthesis(shown, tables, names)),
        ("Risk of bias", _bias(judged)),
        ("Trustworthiness", _trust(judged)),
        ("Certainty of the evidence", _certainty(shown)),
        ("Sensitivity", _sensitivity(tables, names)),
        ("Software", iter([software])),
    )
    found = [(heading, " ".join(sentences)) for heading, sentences in passages]
    return [Passage(heading, [text]) for heading, text in found if text]


def software_sentence(version: str, data_hash: str) -> str:
    """Name the program with its version, the data, and the script that recomputes the results."""
    return (
        f"All numbers, figures and this text are made by ketameta {version} from extraction tables "
        f"with the data hash {data_hash}. A script for R that comes with the report recomputes "
        "every analysis by metafor (Viechtbauer 2010)."
    )


def _rule(analyses: Sequence[Analysis], say: Callable[[Analysis], str]) -> Iterator[str]:
    """Yield what most analyses have as a sentence, then what others have with their titles."""
    said = Counter(map(say, analyses))
    for number, (text, _) in enumerate(said.most_common()):
        if not text:
            continue
        if number == 0:
            yield f"{capital(text)}."
            continue
        own = [a.display.title for a in analyses if say(a) == text]
        named = [f"“{title}”" for title in own[:NAMED]]
        if len(own) > NAMED:
            named = [*named[:-1], f"{len(own) - NAMED + 1} others"]
        yield f"In {listed(named)}: {text[:1].lower()}{text[1:]}."


def _words(name: str, words: Sequence[str]) -> list[str]:
    known = vocabulary().words(name)
    return [known.get(word, word) for word in words]


def _question(review: Review) -> Iterator[str]:
    yield f"The question of this review is: {review.question}"
    registered, planned = review.registration, review.protocol
    whys = {registered.reason, planned.reason}
    if len(whys) == 1 and "" not in whys and not (registered.id or registered.url or planned.url):
        yield f"It is not registered and has no protocol. {capital(whys.pop().rstrip('.'))}."
        return
    if registered.id or registered.url:
        yield f"It is registered ({', '.join(filter(None, (registered.id, registered.url)))})."
    elif registered.reason:
        yield f"It is not registered. {capital(registered.reason.rstrip('.'))}."
    if planned.url:
        yield f"Its protocol is published ({planned.url})."
    elif planned.reason:
        yield f"It has no protocol. {capital(planned.reason.rstrip('.'))}."


def _eligible(analyses: Sequence[Analysis], narrowed: bool) -> Iterator[str]:
    def several(one: str, words: Sequence[str]) -> str:
        return (
            f"the {one} is {words[0]}" if len(words) == 1 else f"the {one}s are {'; '.join(words)}"
        )

    yield from _rule(
        analyses,
        lambda a: several("eligible population", _words("populations", a.select.populations)),
    )
    yield from _rule(
        analyses, lambda a: several("treatment", [*map(treatment, a.select.treatments)])
    )
    yield from _rule(
        [a for a in analyses if MEASURES[a.select.measure].compares],
        lambda a: several("control", _words("comparator_classes", a.select.comparators)),
    )
    yield from _rule(
        analyses,
        lambda a: (
            "trials that stand apart enter where this is the reason: "
            + "; ".join(_words("design_flags", a.select.design_flags))
            if a.select.design_flags
            else ""
        ),
    )
    if narrowed:
        yield (
            "Where the title of a result names a group behind a colon, it is of the trials of that "
            "group alone."
        )


def _search(review: Review) -> Iterator[str]:
    search = review.search
    if search.last:
        yield f"The last search was on {search.last}."
    if search.sources:
        yield f"Sources searched: {'; '.join(map(about.source_words, search.sources))}."
    if search.languages:
        yield f"Reports in {listed([*search.languages])} were taken in."
    if search.selection:
        yield f"{capital(search.selection.rstrip('.'))}."
    if search.note:
        yield f"{capital(search.note.rstrip('.'))}."


def _choice(analyses: Sequence[Analysis], studies: Sequence[StudyRow]) -> Iterator[str]:
    timed = [a for a in analyses if a.select.window]
    if timed:
        which = "Each analysis" if len(timed) == len(analyses) else "An analysis of a time"
        yield (
            f"{which} has a window of hours from the start of treatment, of which the time nearest "
            "to the hour aimed at is taken, of two as near the later."
        )
    if len(timed) < len(analyses):
        yield f"{'Elsewhere' if timed else 'Of each trial'} the longest follow-up is taken."
    yield from _rule(
        analyses,
        lambda a: (
            "of several analysis sets the first of these is taken: "
            + "; ".join(_words("analysis_sets", a.select.analysis_sets))
        ),
    )
    scores = [a for a in analyses if not MEASURES[a.select.measure].counts]
    yield from _rule(
        scores, lambda a: "scores are taken as " + ", else ".join(_BASES[b] for b in a.select.basis)
    )
    yield from _rule(
        [a for a in analyses if MEASURES[a.select.measure].compares],
        lambda a: "effects are from " + ", else ".join(_SOURCES[s] for s in a.select.sources),
    )
    yield from _rule(analyses, lambda a: _ARMS[a.select.arms])
    if any("correlation" in study.assumptions for study in studies):
        yield from _rule(
            scores,
            lambda a: (
                "where no correlation within people is reported, "
                f"{a.select.correlation:g} is assumed"
            ),
        )
    assumed = Counter(word for study in studies for word in study.assumptions)
    if assumed:
        told = [
            f"{label} ({assumed[word]:,})"
            for word, label in vocabulary().words("assumptions").items()
            if assumed[word]
        ]
        yield (
            f"Of {len(studies):,} effects, counted in each result that they are in, some borrow or "
            f"assume something: {'; '.join(told)}."
        )


def _measures(analyses: Sequence[Analysis]) -> Iterator[str]:
    for name in dict.fromkeys(a.select.measure for a in analyses):
        measure = MEASURES[name]
        yield f"{capital(measure.words)}: {measure.method[:1].lower()}{measure.method[1:]}"


def _synthesis(shown: Sequence[Answer], tables: Tables, names: set[str]) -> Iterator[str]:
    pooled = [a for a in shown if a.shown and a.record.k > 1]
    said: Counter[str] = Counter()
    place: dict[str, int] = {}
    for answer in pooled:
        for n, text in enumerate(wording_method.method(answer.analysis, answer.record)[1:]):
            said[text] += 1
            place[text] = min(n, place.get(text, n))
    order = sorted(said, key=lambda text: (place[text], -said[text]))
    # what differs in the interval alone is one sentence
    for start, own in by(order, lambda text: text.partition(_WITH)[0]).items():
        told = []
        for n, text in enumerate(own):
            number, more = said[text], text.removesuffix(".")
            some = f" (in {number} of {len(pooled)} analyses)" if number < len(pooled) else ""
            told.append(f"{more.removeprefix(start + _WITH) if n else more}{some}")
        yield f"{', or with '.join(told)}."
    if pooled and all(a.analysis.model.interval == "auto" for a in pooled):
        yield wording_method.AUTO
    by_split = {row.split for row in tables[SplitRow] if row.analysis in names}
    if by_split:
        words = vocabulary().words("splits")
        yield f"Subgroups are told apart by {listed([words[s] for s in words if s in by_split])}."
    regressed = {row.analysis for row in tables[RegressionRow] if row.analysis in names}
    if regressed:
        yield (
            f"In {count(len(regressed), 'analysis', 'analyses')} effects are also regressed on "
            "what the trials differ in."
        )


def _bias(judged: Judged) -> Iterator[str]:
    known, works = vocabulary().words("rob_tools"), {"RoB2": " (Sterne 2019)"}
    told = [
        f"{count(number, 'trial report')} by the {known[tool]}{works.get(tool, '')}"
        for tool in known
        if (number := judged.tools.get(tool))
    ]
    if not told:
        return
    yield f"Risk of bias is judged of {listed(told)}."
    if judged.reviews:
        yield f"Judgements of {count(judged.reviews, 'published review')} are taken over."
    if judged.raters:
        yield (
            f"{capital(in_letters(judged.raters, 'rater'))} answered the signalling questions of "
            f"{count(judged.answered, 'trial report')}; the judgements follow from the answers."
        )
    yield "Where judgements of a domain differ, the worse stands."


def _trust(judged: Judged) -> Iterator[str]:
    if judged.trusted:
        yield (
            f"The trustworthiness of {count(judged.trusted, 'trial report')} is judged by "
            f"INSPECT-SR (Wilkinson 2025), by {in_letters(judged.assessors, 'assessor')}; where "
            "they differ and agreed on nothing, the worse stands. Trials of serious concerns are "
            "left out in a sensitivity analysis."
        )


def _certainty(shown: Sequence[Answer]) -> Iterator[str]:
    domains = dict.fromkeys(rating.domain for a in shown for rating in a.rated.ratings)
    if domains:
        yield (
            "The certainty of each result is rated as GRADE has it (Guyatt 2008), for "
            f"{listed([*domains])}. The rating is made by rules fixed in the program, from the "
            "extraction tables alone; nothing is rated up. Where risk of bias is not known the "
            "result is a range, whose lower end counts what is not known as not low."
        )
        yield "Results are put into words by their interval and certainty (Santesso 2020)."


def _sensitivity(tables: Tables, names: set[str]) -> Iterator[str]:
    others = Counter(
        row.variant
        for row in tables[SensitivityRow]
        if row.analysis in names and row.estimate is not None
    )
    if others:
        told = [f"{name} ({number})" for name, number in others.most_common()]
        yield (
            "Results are computed again under other choices, each alone (with the number of "
            f"analyses): {'; '.join(told)}."
        )
    everywhere = [row for row in tables[MultiverseRow] if row.analysis in names]
    if everywhere:
        total = sum(row.combinations for row in everywhere)
        yield (
            f"In {count(len(everywhere), 'analysis', 'analyses')} the choices of data and of model "
            f"are also combined with each other, {total:,} combinations in all."
        )
    methods = dict.fromkeys(row.method for row in tables[AdjustedRow] if row.analysis in names)
    if methods:
        yield f"Small-study effects are examined by {listed([*methods])}."
