"""The summary of findings: one row an outcome of a comparison, for page, CSV and document."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ketameta.configuration import Configuration, Summary
from ketameta.report import wording, wording_certainty
from ketameta.report import wording_findings as words
from ketameta.report.answers import Answer
from ketameta.tables.syntheses import StudyRow
from ketameta.tables.table import extended
from ketameta.tables.verdicts import SummaryOfFindingsRow
from ketameta.vocabulary import vocabulary

# heading of a column of page and document -> column of the table
COLUMNS = {
    "Outcome": "outcome",
    "With control": "with_control",
    "With treatment": "with_treatment",
    "Relative effect": "relative_effect",
    "People (trials)": "people",
    "Certainty": "certainty",
    "What it means": "what_it_means",
}
NOTE = (
    "Risk with control: the people of the control arms that are pooled, added up. Risk with "
    "treatment: that risk and the relative effect, whose interval it carries. People and trials "
    "are those of the relative effect. RR risk ratio, RD risk difference, MD mean difference, SMD "
    "standardised mean difference: below 0 is less of the outcome."
)
_OF_RISK = ("control_risk", "treated_risk", "treated_risk_low", "treated_risk_high")


@dataclass(frozen=True, slots=True)
class FindingsView:
    """What the template of a table of findings takes.

    `people_of` and `notes_of` write the people of a row and the notes of a comparison, `found` is
    the first finding in a few words, `lead` what the first two mean.
    """

    comparisons: list[tuple[Summary, list[SummaryOfFindingsRow]]]
    finding_columns: Mapping[str, str]
    people_of: Callable[[SummaryOfFindingsRow], str]
    notes_of: Callable[[Sequence[SummaryOfFindingsRow]], list[str]]
    pages: Mapping[str, str]
    level: str
    note: str
    found: str
    lead: str


def findings_rows(
    summaries: Sequence[Summary],
    answers: Mapping[str, Answer],
    studies: Mapping[str, Sequence[StudyRow]],
) -> list[SummaryOfFindingsRow]:
    """Return the rows of the table `summary_of_findings`, in the order of the configuration.

    Notes are numbered through a comparison; a reason that several outcomes share has one number.
    """
    return [row for summary in summaries for row in _rows(summary, answers, studies)]


def _rows(
    summary: Summary, answers: Mapping[str, Answer], studies: Mapping[str, Sequence[StudyRow]]
) -> list[SummaryOfFindingsRow]:
    numbers: dict[str, int] = {}
    rows = []
    for name in summary.names:
        answer = answers[name]
        reasons = words.downgrade_reasons(answer)
        notes = [str(numbers.setdefault(reason, len(numbers) + 1)) for reason in reasons]
        rows.append(
            extended(
                SummaryOfFindingsRow,
                answer.record,
                comparison=summary.title,
                outcome=answers[answer.analysis.base].analysis.display.title,
                with_control=words.with_control(answer, studies[name]),
                with_treatment=words.with_treatment(answer),
                relative_effect=words.relative(answer),
                certainty=wording_certainty.certainty_label(answer.rated),
                notes=notes,
                reasons=reasons,
                what_it_means=words.finding_sentence(summary, answer),
                **{column: getattr(answer.risk, column, None) for column in _OF_RISK},
            )
        )
    return rows


def findings_view(
    configuration: Configuration, rows: Sequence[SummaryOfFindingsRow]
) -> FindingsView:
    """Return what the template of a table of findings takes."""
    levels = [wording.level_percent(analysis.model.level) for analysis in configuration]
    return FindingsView(
        comparisons(configuration.summaries, rows),
        COLUMNS,
        people_and_trials,
        reasons_by_number,
        {analysis.name: analysis.slug for analysis in configuration},
        next(iter(levels), ""),
        how_to_read(rows),
        finding_in_words(rows[0]) if rows else "",
        " ".join(row.what_it_means for row in rows[:2]),
    )


def how_to_read(rows: Sequence[SummaryOfFindingsRow]) -> str:
    """Say how the columns are to be read, and what short names stand for."""
    return f"{NOTE} {abbreviations(rows)}".strip()


def abbreviations(rows: Sequence[SummaryOfFindingsRow]) -> str:
    """Say what the short names of scales in these rows stand for; empty where there are none."""
    scales = vocabulary().scales
    cells = [f"{row.with_control} {row.with_treatment}".split() for row in rows]
    used = [name for name in scales if any(name in cell for cell in cells)]
    return f"{'; '.join(f'{name}: {scales[name].label}' for name in used)}." if used else ""


def finding_in_words(row: SummaryOfFindingsRow) -> str:
    """Write a row in a few words, as a title carries it: its outcome as people of 100 or points."""
    if row.treated_risk is None or row.control_risk is None:
        told = row.with_treatment if row.with_treatment != words.NONE else row.certainty
        return f"{row.outcome}: {told}"
    return f"{row.outcome}: {words.of_both(row.treated_risk, row.control_risk)}"


def people_and_trials(row: SummaryOfFindingsRow) -> str:
    """Write the people of a row with its trials: ``1,166 (13)``."""
    return f"{row.n:,} ({row.k})"


def reasons_by_number(rows: Sequence[SummaryOfFindingsRow]) -> list[str]:
    """Return the reasons of the rows of one comparison, in the order of their numbers."""
    return list(dict.fromkeys(reason for row in rows for reason in row.reasons))


def comparisons(
    summaries: Sequence[Summary], rows: Sequence[SummaryOfFindingsRow]
) -> list[tuple[Summary, list[SummaryOfFindingsRow]]]:
    """Return each summary with its own rows of the table."""
    return [(s, [row for row in rows if row.comparison == s.title]) for s in summaries]
