"""The four long tables of the report: trials, rows of outcomes, their fates, and all results."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ketameta.configuration import Analysis, Configuration
from ketameta.measures import MEASURES
from ketameta.report import wording, wording_certainty, wording_findings
from ketameta.report.answers import Answer
from ketameta.report.listing import (
    MOST,
    About,
    Cell,
    Kind,
    ListColumn,
    Listing,
    listing,
    number,
    where,
)
from ketameta.report.naming import capital
from ketameta.report.wording_notes import plain_reason
from ketameta.synthesize.fates import furthest, in_words
from ketameta.tables.characteristics import CharacteristicsRow
from ketameta.tables.collection import by
from ketameta.tables.columns import own_columns
from ketameta.tables.effects import LedgerRow, ResultRow
from ketameta.tables.raw import CONTRASTS, OUTCOMES, TrialRow
from ketameta.vocabulary import vocabulary

TRIALS = About(
    "trials.html",
    "The trials, one by one",
    "Who was treated and with what, how each report was judged, and where it stands. A name leads "
    "to its results.",
    "Every trial report",
    "tables/characteristics.csv",
)
ROWS = About(
    "outcomes.html",
    "Every result as reported",
    "One row for each arm, outcome and time as it stands in data/raw/, with file and line, and "
    "what became of it.",
    "Every row of outcomes and contrasts, as entered",
    "",
)
LEDGER = About(
    "ledger.html",
    "What became of every row",
    "Of each analysis every row on its outcome: used, or left out and why. Rows of a trial that "
    "share their fate stand in one line.",
    "The fate of every row in every analysis of its outcome",
    "tables/ledger.csv",
)
RESULTS = About(
    "results.html",
    "All results",
    "Every analysis with its pooled result, those of fewer trials too. The verdict is what the "
    "interval says; the certainty, rated by rule, is how far to trust it.",
    "Every analysis",
    "tables/syntheses.csv",
)
# each page with its name in a few letters
PAGES = (
    (TRIALS.page, "Trials"),
    (ROWS.page, "Results as reported"),
    (LEDGER.page, "What became of them"),
    (RESULTS.page, "Pooled results"),
)
USED, LEFT_OUT = "used", "left out"
NOT_ASKED = "no analysis asks for its outcome"


def trials_listing(
    characteristics: Sequence[CharacteristicsRow],
    trials: Sequence[TrialRow],
    rows: Sequence[ResultRow],
    judged: Collection[str],
) -> Listing:
    """Return every trial with its characteristics, its judgements and its source.

    `judged` are the anchors of the page of RoB 2.
    """
    entered = {trial.trial_id: trial for trial in trials}
    results = by(rows, lambda row: row.trial_id)
    populations = vocabulary().words("populations")
    tools = {said.partition(": ")[0] for row in characteristics for said in row.risk_of_bias}

    def population(row: CharacteristicsRow) -> str:
        word = entered[row.trial_id].population
        return populations.get(word, word)

    def leading(row: CharacteristicsRow, text: str, page: str) -> Cell:
        return Cell(text, href=where(page, trial=row.label) if row.trial_id in results else "")

    def reported(row: CharacteristicsRow) -> Cell:
        return leading(row, str(len(results.get(row.trial_id, ()))), ROWS.page)

    columns: list[ListColumn[CharacteristicsRow]] = [
        ListColumn("trial", "Trial", lambda r: leading(r, r.label, ROWS.page)),
        ListColumn("year", "Year", lambda r: r.year, "number"),
        ListColumn("population", "Population", population, "choice"),
        ListColumn("design", "Design", lambda r: r.design, "choice"),
        ListColumn("randomised", "Randomised", lambda r: r.n_randomised, "number"),
        ListColumn("arms", "Arms", lambda r: "; ".join(r.arms), wide=True),
        *(_judgements(tool, judged) for tool in sorted(tools, reverse=True)),
        ListColumn("results", "Results reported", reported, "number"),
        ListColumn(
            "analyses",
            "In analyses",
            lambda r: leading(r, str(r.analyses), LEDGER.page),
            "number",
        ),
        ListColumn("source", "Source", lambda r: _source(entered[r.trial_id])),
        ListColumn("people", "People", lambda r: r.people, shown=False, wide=True),
        ListColumn("outcomes", "Outcomes", lambda r: "; ".join(r.outcomes), shown=False, wide=True),
        ListColumn("country", "Country", lambda r: r.country, "choice", shown=False),
        ListColumn("funding", "Funding", lambda r: r.funding, "choice", shown=False),
        ListColumn("registration", "Registration", lambda r: r.registration, shown=False),
        ListColumn("part_of", "Part of", lambda r: entered[r.trial_id].part_of, shown=False),
        ListColumn("trial_id", "Key in the tables", lambda r: r.trial_id, shown=False),
    ]
    return listing(TRIALS, columns, characteristics)


def _judgements(tool: str, judged: Collection[str]) -> ListColumn[CharacteristicsRow]:
    """Return the column of a tool: its judgement overall, or of how many domains which."""

    def of(row: CharacteristicsRow) -> Cell:
        said = dict(text.partition(": ")[::2] for text in row.risk_of_bias).get(tool, "")
        anchor = f"trial-{row.trial_id}"
        linked = said and tool.endswith("2") and anchor in judged
        return Cell(said, href=f"rob2.html#{anchor}" if linked else "")

    return ListColumn(tool.replace(" ", "").lower(), f"Risk of bias ({tool})", of, "choice")


def _source(trial: TrialRow) -> Cell:
    if trial.doi:
        return Cell(trial.doi, href=f"https://doi.org/{trial.doi}")
    if trial.pmid:
        return Cell(f"PMID {trial.pmid}", href=f"https://pubmed.ncbi.nlm.nih.gov/{trial.pmid}/")
    return Cell(trial.source_url or "", href=trial.source_url or "")


# columns that tell which row it is, which have a place of their own
_WHOSE = ("trial_id", "arm_id", "arm_t", "arm_c", "outcome")
_OPENED = ("scale", "timepoint_h", "n", "events", "mean", "sd", "change_mean", "estimate")
_WIDE = ("definition", "flag", "note", "locator", "model")
# what stands above a column in place of its name, and of parts of a name
_HEADINGS = {"timepoint_h": "Hour", "n": "People", "seen": "Read", "p_value": "p"}
_PARTS = {"sd": "SD", "se": "SE", "ci": "interval", "ci95": "95% interval", "url": "address"}
_KINDS: Mapping[str, Kind] = {"integer": "number", "number": "number", "word": "choice"}


def rows_listing(rows: Sequence[ResultRow], ledger: Sequence[LedgerRow]) -> Listing:
    """Return every row of outcomes and contrasts as entered, and what became of it.

    Of `ledger` come the fates on the outcome (`csv_tables.fates_of_rows`). Columns are those
    of the raw tables.
    """
    listed = {(row.file, row.line) for row in rows[:MOST]}
    told = (entry for entry in ledger if (entry.file, entry.line) in listed)
    fates = by(told, lambda entry: (entry.file, entry.line))
    outcomes = vocabulary().outcomes
    kinds = {c.name: _KINDS.get(c.kind, "text") for t in (CONTRASTS, OUTCOMES) for c in t.columns}
    names = dict.fromkeys(c.name for table in (OUTCOMES, CONTRASTS) for c in table.columns)
    names |= dict.fromkeys(own_columns(row.entered for row in rows))

    def of(row: ResultRow) -> Sequence[LedgerRow]:
        return fates.get((row.file, row.line), ())

    def outcome(row: ResultRow) -> str:
        word = row.entered["outcome"]
        return outcomes[word].label if word in outcomes else word

    def used(row: ResultRow) -> Cell:
        place = where(LEDGER.page, trial=row.label, rows=f'"{row.file}:{row.line}"')
        number_of = sum(entry.used for entry in of(row))
        return Cell(str(number_of), href=place if of(row) else "")

    def fate(row: ResultRow) -> str:
        if any(entry.used for entry in of(row)):
            return USED
        return in_words(furthest(e.reason for e in of(row))) if of(row) else NOT_ASKED

    def cells(name: str) -> ListColumn[ResultRow]:
        words = " ".join(_PARTS.get(word, word) for word in name.split("_"))
        heading = _HEADINGS.get(name, capital(words))
        kind, shown, wide = kinds.get(name, "text"), name in _OPENED, name in _WIDE
        return ListColumn(name, heading, lambda r: r.entered.get(name), kind, shown, wide)

    columns: list[ListColumn[ResultRow]] = [
        ListColumn("row", "Row", lambda r: f"{r.file}:{r.line}"),
        ListColumn("trial", "Trial", _trial, "choice"),
        ListColumn("arm", "Arm", lambda r: r.arm_id),
        ListColumn("outcome", "Outcome", outcome, "choice"),
        *(cells(name) for name in names if name not in _WHOSE),
        ListColumn("used", "Used in", used, "number"),
        ListColumn("fate", "What became of it", fate, "choice", wide=True),
    ]
    return listing(ROWS, columns, rows)


def _trial(row: ResultRow) -> Cell:
    return Cell(row.label, href=where(TRIALS.page, trial=f'"{row.label}"'))


@dataclass(frozen=True, slots=True)
class _Fate:
    """Rows of a trial with one fate in an analysis; the trial by its name."""

    analysis: Analysis
    trial: str
    rows: Sequence[LedgerRow]

    @property
    def first(self) -> LedgerRow:
        """One of them, for all."""
        return self.rows[0]

    @property
    def places(self) -> str:
        """Where they stand."""
        return ", ".join(f"{row.file}:{row.line}" for row in self.rows)


def ledger_listing(
    ledger: Sequence[LedgerRow], labels: Mapping[str, str], asked: Configuration
) -> Listing:
    """Return what became of every row in every analysis of its outcome, like fates in one line.

    `labels` are the names of the trials.
    """
    columns: list[ListColumn[_Fate]] = [
        ListColumn("trial", "Trial", _reported, "choice"),
        ListColumn("analysis", "Analysis", _asked, "choice"),
        ListColumn("fate", "Fate", lambda f: USED if f.first.used else LEFT_OUT, "choice"),
        ListColumn("why", "Why", _why, "choice", wide=True),
        ListColumn(
            "detail", "Which word, hour or row decided", lambda f: plain_reason(f.first.detail)
        ),
        ListColumn("number", "Rows", lambda f: len(f.rows), "number"),
        ListColumn("rows", "Which", lambda f: f.places, wide=True),
    ]
    return listing(LEDGER, columns, _fates(ledger, labels, asked))


def _fates(
    ledger: Sequence[LedgerRow], labels: Mapping[str, str], asked: Configuration
) -> Iterator[_Fate]:
    found = by(ledger, lambda row: row.analysis)
    for analysis in asked:
        same = by(found[analysis.name], lambda row: (row.trial_id, row.reason, row.detail))
        for (trial_id, _, _), own in same.items():
            yield _Fate(analysis, labels.get(trial_id, trial_id), own)


def _reported(fate: _Fate) -> Cell:
    return Cell(fate.trial, href=where(ROWS.page, trial=fate.trial))


def _asked(fate: _Fate) -> Cell:
    return Cell(fate.analysis.display.title, href=f"analyses/{fate.analysis.slug}.html#excluded")


def _why(fate: _Fate) -> str:
    return "" if fate.first.used else in_words(fate.first.reason)


def results_listing(answers: Mapping[str, Answer]) -> Listing:
    """Return the pooled result of every analysis, those that are narrowed too."""
    outcomes = vocabulary().outcomes

    def printed(column: str) -> ListColumn[Answer]:
        def of(answer: Answer) -> Cell:
            measure, value = answer.analysis.select.measure, getattr(answer.record, column)
            write = wording.quantity if column == "estimate" else wording.limit
            return number(write(measure, value), MEASURES[measure].drawn(value))

        headings = {"estimate": "Estimate", "ci_low": "Interval from", "ci_high": "Interval to"}
        headings |= {"pi_low": "Predicted from", "pi_high": "Predicted to"}
        return ListColumn(column, headings[column], of, "number", not column.startswith("pi"))

    columns: list[ListColumn[Answer]] = [
        ListColumn("analysis", "Analysis", _title),
        ListColumn("group", "Group", lambda a: a.analysis.display.group, "choice"),
        ListColumn("verdict", "Verdict", lambda a: a.record.verdict, "choice"),
        ListColumn("absolute", "Of 100, or in points", wording_findings.absolute),
        ListColumn("measure", "Measure", _measure, "choice"),
        *map(printed, ("estimate", "ci_low", "ci_high")),
        ListColumn("trials", "Trials", lambda a: a.record.k, "number"),
        ListColumn("people", "People", lambda a: number(f"{a.record.n:,}", a.record.n), "number"),
        ListColumn("certainty", "Certainty", _certainty, "choice"),
        *map(printed, ("pi_low", "pi_high")),
        ListColumn("i2", "I², %", lambda a: _of(a.record.i2, 0), "number", shown=False),
        ListColumn("tau2", "τ²", lambda a: _of(a.record.tau2, 3), "number", shown=False),
        ListColumn("p", "p", _p, "number", shown=False),
        ListColumn(
            "outcome",
            "Outcome",
            lambda a: outcomes[a.analysis.select.outcome].label,
            "choice",
            shown=False,
        ),
        ListColumn(
            "of",
            "Of",
            lambda a: "narrowed" if a.analysis.narrow else "all trials",
            "choice",
            shown=False,
        ),
        ListColumn(
            "question", "Question", lambda a: a.analysis.display.question, shown=False, wide=True
        ),
    ]
    return listing(RESULTS, columns, answers.values())


def _title(answer: Answer) -> Cell:
    return Cell(answer.analysis.display.title, href=f"analyses/{answer.analysis.slug}.html")


def _measure(answer: Answer) -> str:
    measure = answer.analysis.select.measure
    return MEASURES[measure].words + (", %" if wording.unit_sign(measure) else "")


def _of(value: float | None, digits: int) -> Cell:
    return number(wording.fixed(value, digits), value)


def _p(answer: Answer) -> Cell:
    return number(
        wording.p_value(answer.record.p).removeprefix("p ").removeprefix("= "), answer.record.p
    )


def _certainty(answer: Answer) -> Cell:
    level, best = answer.record.certainty, answer.record.certainty_best
    if level is None:
        return Cell("")
    return Cell(wording_certainty.words(level, best), str(wording_certainty.rank(level, best)))
