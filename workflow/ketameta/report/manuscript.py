"""Methods, results and tables of trials as text for an article: a page, Markdown and Word.

In Markdown sources are cited by the keys of the files of references, as pandoc reads them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ketameta.configuration import Analysis, Review
from ketameta.figures.forest import Forest
from ketameta.measures import MEASURES
from ketameta.report import about, wording_method
from ketameta.report.answers import Answer
from ketameta.report.bibliography import key_of
from ketameta.report.compact import on_sheet
from ketameta.report.docx import DocxTable, Paragraph, Picture, docx
from ketameta.report.prose_methods import Passage
from ketameta.report.references import REFERENCES
from ketameta.report_files import REFERENCE_FILES
from ketameta.tables.characteristics import CharacteristicsRow, ExcludedTrialRow
from ketameta.tables.syntheses import StudyRow

NOTE = (
    "Made by program from configuration and results: nothing is told here that is not in them, and "
    "what a person has to judge or to explain is left out."
)
# millimetres of a pixel, and of what a page leaves for a picture with a line below it
_MM_PIXEL, _WIDEST, _TALLEST = 25.4 / 96, 174.0, 240.0
# what an article has to say of a review
_TOLD = ("Search", "Protocol", "Registration")


@dataclass(frozen=True, slots=True)
class ShownTable:
    """A table of the text: caption, headings with the shares of the width, cells."""

    caption: str
    heads: Sequence[str]
    widths: Sequence[float]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manuscript:
    """All that page, Markdown and Word document hold; `works` are name, reference and DOI."""

    review: Review
    parts: Sequence[tuple[str, Sequence[Passage]]]
    tables: Sequence[ShownTable]
    works: Sequence[tuple[str, str, str]]
    silent: str
    note: str = NOTE


def manuscript(
    review: Review,
    parts: Sequence[tuple[str, Sequence[Passage]]],
    tables: Sequence[ShownTable],
) -> Manuscript:
    """Return the text with the works that it cites, and what the review does not tell."""
    texts = [text for _, passages in parts for one in passages for text in one.paragraphs]
    silent = [f.name.lower() for f in about.facts(review) if f.name in _TOLD and not f.parts]
    return Manuscript(
        review=review,
        parts=parts,
        tables=tables,
        works=wording_method.cited(texts),
        silent="; ".join(silent),
    )


def analyses_table(shown: Sequence[Answer]) -> ShownTable:
    """Return what was analysed: outcome, question, measure, hours and trials."""
    rows = [
        (
            a.display.title,
            a.display.question,
            MEASURES[a.select.measure].words,
            _hours(a),
            f"{answer.record.k:,}",
        )
        for answer in shown
        for a in (answer.analysis,)
    ]
    heads = ("Analysis", "Question", "Effect measure", "Hours", "Trials")
    return ShownTable("Analyses", heads, (3, 5, 2, 2.5, 0.8), rows)


def _hours(analysis: Analysis) -> str:
    window = analysis.select.window
    if window is None:
        return "any, the longest first"
    return f"{window.start:g} to {window.end:g}, nearest {window.target:g}"


def trials_table(rows: Iterable[CharacteristicsRow]) -> ShownTable:
    """Return the characteristics of the trials as a table of an article."""
    cells = [
        (
            "; ".join(filter(None, (row.label, row.registration or "", row.country or ""))),
            f"{row.design}; {row.people}",
            f"{row.n_randomised:,}" if row.n_randomised is not None else "–",
            "; ".join(row.arms) or "–",
            "; ".join(row.outcomes) or "–",
            row.funding or "–",
            "; ".join(row.risk_of_bias) or "not judged",
        )
        for row in rows
    ]
    heads = ("Trial", "Design and people", "People", "Arms", "Outcomes", "Funding", "Risk of bias")
    return ShownTable("Characteristics of the trials", heads, (2, 3, 0.8, 3, 3, 1, 1.6), cells)


def excluded_table(rows: Iterable[ExcludedTrialRow]) -> ShownTable:
    """Return the trials in no analysis with the reasons."""
    cells = [
        (row.label, f"{row.reason}: {'; '.join(row.details)}" if row.details else row.reason)
        for row in rows
    ]
    return ShownTable("Trials in no analysis", ("Trial", "Reason"), (2, 7), cells)


def document(text: Manuscript, plots: Mapping[str, Sequence[Paragraph | Picture]] = {}) -> bytes:
    """Return it as a Word document: text on upright pages, tables on pages on their side.

    `plots` are what follows the paragraphs under a heading.
    """
    return docx(
        text.review.title,
        about.authors(text.review),
        [block for table in text.tables for block in _docx_table(table)],
        upright=_upright(text, plots),
    )


def _upright(
    text: Manuscript, plots: Mapping[str, Sequence[Paragraph | Picture]]
) -> Iterator[Paragraph | Picture]:
    yield Paragraph(text.review.title, "Title")
    yield Paragraph(about.authors(text.review))
    yield Paragraph(text.note, "Small")
    for name, passages in text.parts:
        yield Paragraph(name, "Heading1")
        for passage in passages:
            yield Paragraph(passage.heading, "Heading2")
            yield from map(Paragraph, passage.paragraphs)
            if passage.trials:
                yield Paragraph(f"{trials_of(passage)}.", "Small")
            yield from plots.get(passage.heading, ())
    yield Paragraph("References", "Heading1")
    for name, reference, doi in text.works:
        yield Paragraph(f"{name}: {reference}. doi:{doi}", "Small")


def plotted(forest: Forest) -> list[Paragraph | Picture]:
    """Return a forest plot as a picture of a page of text, and the lines below it."""
    from ketameta.figures.canvas import to_png

    scene, lines = on_sheet(forest)
    scale = min(_MM_PIXEL, _WIDEST / scene.width, _TALLEST / scene.height)
    picture = Picture(to_png(scene), scale * scene.width, scale * scene.height, scene.description)
    return [picture, *(Paragraph(line, "Small") for line in lines)]


def _docx_table(table: ShownTable) -> Iterator[Paragraph | DocxTable]:
    yield Paragraph(table.caption, "Heading1")
    rows = [[Paragraph(cell, "Cell") for cell in row] for row in table.rows]
    yield DocxTable(table.heads, rows, table.widths)


def trials_of(passage: Passage) -> str:
    """Name the trials of a passage: ``Trials: A 2019; B 2021``."""
    labels = dict.fromkeys(study.label for study in passage.trials)
    return f"{'Trial' if len(labels) == 1 else 'Trials'}: {'; '.join(labels)}"


def markdown(text: Manuscript) -> str:
    """Return it as Markdown with a head for pandoc, which names the file of references."""
    head = {
        "title": text.review.title,
        "author": [author.name for author in text.review.authors],
        "bibliography": REFERENCE_FILES[0],
    }
    # what JSON writes YAML reads
    lines = ["---", *(f"{key}: {json.dumps(v, ensure_ascii=False)}" for key, v in head.items())]
    lines += ["---", "", _plain(text.note), ""]
    for name, passages in text.parts:
        lines += [f"# {name}", ""]
        for passage in passages:
            lines += [f"## {_plain(passage.heading)}", ""]
            paragraphs = [_cited(_plain(one)) for one in passage.paragraphs]
            if passage.trials:
                paragraphs[0] += f" {_trials_cited(passage.trials)}"
            lines += [line for one in paragraphs for line in (one, "")]
    for table in text.tables:
        lines += [f"# {table.caption}", "", *_pipes(table), ""]
    return "\n".join([*lines, "# References", ""])


def _pipes(table: ShownTable) -> Iterator[str]:
    dashes = ["-" * max(3, round(10 * width)) for width in table.widths]
    for row in (table.heads, *table.rows):
        yield f"| {' | '.join(map(_plain, row))} |"
        if row is table.heads:
            yield f"| {' | '.join(dashes)} |"


def _plain(text: str) -> str:
    """Write a text so that Markdown takes no sign of it for its own."""
    return re.sub(r"([\\`*_\[\]<>$~^|@#])", r"\\\1", " ".join(text.split()))


_WORK = re.compile(
    rf"(?<!\w)({'|'.join(re.escape(n) for n in sorted(REFERENCES, key=len, reverse=True))})(?!\w)"
)


def _cited(text: str) -> str:
    """Cite works by their keys: of ``(A 2001; B 2002)`` make ``[@a; @b]``."""

    def cite(found: re.Match[str]) -> str:
        return f"@{key_of(found[1])}"

    def bracket(found: re.Match[str]) -> str:
        parts = [_WORK.match(part) for part in found[1].split("; ")]
        works = [part for part in parts if part is not None]
        if len(works) < len(parts):
            return found[0]
        whole = [(cite(work), work.string[work.end() :].strip(" ,")) for work in works]
        return f"[{'; '.join(', '.join(filter(None, one)) for one in whole)}]"

    return _WORK.sub(cite, re.sub(r"\(([^()]*)\)", bracket, text))


def _trials_cited(trials: Sequence[StudyRow]) -> str:
    keys = dict.fromkeys(study.trial_id for study in trials)
    # a key with other signs than these stands in braces
    told = (key if re.fullmatch(r"\w+", key) else f"{{{key}}}" for key in keys)
    return f"[{'; '.join(f'@{key}' for key in told)}]"
