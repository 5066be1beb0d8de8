"""The results of a review as paragraphs for an article: one a result that the summaries tell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ketameta.configuration import Configuration, Summary
from ketameta.report import wording, wording_absolute, wording_certainty
from ketameta.report.answers import Answer
from ketameta.report.multiverse import conclusion
from ketameta.report.overview import Overview
from ketameta.report.prose_methods import Passage
from ketameta.report.wording_findings import downgrade_reasons
from ketameta.tables.collection import Tables, by
from ketameta.tables.multiverse import ChoiceRow, MultiverseRow
from ketameta.tables.syntheses import StudyRow


def told(configuration: Configuration, answers: Mapping[str, Answer]) -> list[Answer]:
    """Return the answers of the summaries and of the headline analyses, each once."""
    names = [name for summary in configuration.summaries for name in summary.names]
    names += [a.name for a in configuration.whole if a.display.headline]
    return [answers[name] for name in dict.fromkeys(names)]


def results(
    configuration: Configuration,
    shown: Sequence[Answer],
    tables: Tables,
    counted: Overview,
    uses: Sequence[tuple[str, int]],
) -> list[Passage]:
    """Return a passage on the trials, then one a result; `uses` are reports by what became of them.

    A result is told as the first summary that has it names the two sides.
    """
    studies = by(tables[StudyRow], lambda row: row.analysis)
    choices = by(tables[ChoiceRow], lambda row: row.analysis)
    everywhere = {row.analysis: row for row in tables[MultiverseRow]}
    sides = {name: s for s in reversed(configuration.summaries) for name in s.names}
    found = [Passage("Trials", [_trials(counted, uses)])]
    for answer in shown:
        name = answer.analysis.name
        sentences = _sentences(answer, sides.get(name))
        paragraphs = [" ".join(sentences)]
        if name in everywhere and answer.shown and choices[name]:
            paragraphs.append(
                conclusion(answer.analysis, answer.record, everywhere[name], choices[name])
            )
        found.append(Passage(answer.analysis.display.title, paragraphs, studies[name]))
    return found


def _trials(counted: Overview, uses: Sequence[tuple[str, int]]) -> str:
    data = counted.data
    text = f"There are {wording.count(data.reports, 'trial report')}"
    if data.apart < data.reports:
        text += f", {data.apart:,} of which share no people with a report that they are part of"
    if data.people is not None:
        text += f"; in these {wording.count(data.people, 'person was', 'people were')} randomised"
        if data.unnumbered:
            text += f" ({data.unnumbered:,} give no number)"
    parts = "; ".join(f"{number:,} {what}" for what, number in uses if number)
    return f"{text}. By what became of them these reports are: {parts}."


def _sentences(answer: Answer, summary: Summary | None) -> Iterator[str]:
    analysis, record = answer.analysis, answer.record
    sides = (summary.treatment, summary.control) if summary else None
    yield wording.answer(analysis, record, sides)
    if not answer.shown:
        return
    few = wording.useless(record)
    if answer.risk is not None:
        risk = answer.risk
        arms = f", {risk.arms} arms" if risk.arms > 1 else ""
        yield (
            f"Of 1,000 people this is {wording_absolute.more_or_fewer(risk, few)}, at a control "
            f"risk of {wording_absolute.percent_of(risk.control_risk)} ({risk.assumed}{arms})."
        )
    if answer.points is not None:
        points = wording_absolute.points_in_words(answer.points)
        yield f"On the {answer.points.scale} this is a difference of {points}."
    yield from filter(None, [wording.prediction(analysis, record)])
    if spread := wording.heterogeneity(record):
        yield f"Heterogeneity: {spread}."
    if wording_certainty.is_rated(answer.rated.level):
        yield from _certainty(answer)


def _certainty(answer: Answer) -> Iterator[str]:
    yield f"The certainty of the evidence is {wording_certainty.words(*answer.rated.span)}."
    yield from (f"{reason.rstrip('.')}." for reason in downgrade_reasons(answer))
