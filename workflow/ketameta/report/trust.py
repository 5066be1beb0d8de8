"""What the page of trustworthiness shows: judgements, answers, and what number checks found."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ketameta.configuration import Configuration
from ketameta.report.rob2 import strength
from ketameta.report.wording_trust import tally
from ketameta.tables import trust
from ketameta.tables.assessed import PrefilledRow, TrustJudgementRow
from ketameta.tables.collection import Tables, by
from ketameta.tables.diagnostics import TrustAgreementRow, TrustRow
from ketameta.tables.parts import Estimate
from ketameta.tables.raw import TrialRow, TrustworthinessRow
from ketameta.tables.syntheses import SensitivityRow
from ketameta.vocabulary import vocabulary

SOURCES = "Wilkinson 2025; Cohen 1960; Cohen 1968; Altman 1991"
# sign and class of a light, by judgement and by answer
SIGNS = {trust.NONE: "✓", trust.SOME: "~", trust.SERIOUS: "✕"}
ROLES = {trust.NONE: "low", trust.SOME: "concern", trust.SERIOUS: "high"}
_LETTERS = {trust.YES: "Y", trust.NO: "N", trust.UNCLEAR: "?", "not applicable": "–"}
_OF_ANSWERS = {trust.YES: "high", trust.UNCLEAR: "concern"}
# what the program says where nobody answered
FOUND, NOTHING = "!", "○"


# what a check is called where it stands for itself
NUMBERS = {item: trust.number(item) for item in (*trust.CHECKS, *trust.DOMAINS)}


def looked_at(item: str) -> str:
    """Say what the program looks at for a check; empty where people alone can."""
    of = vocabulary().number_checks.get(item)
    if of is None:
        return ""
    return ", ".join([*of.checks, *(f"rows with the flag {flag}" for flag in of.flags)])


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in a cell of the table: a sign, the class of its light, and words."""

    sign: str
    role: str
    words: str


@dataclass(frozen=True, slots=True)
class Check:
    """One check of a trial: the answers by assessor, and what the program says of it."""

    item: str
    answers: Mapping[str, TrustworthinessRow]
    told: PrefilledRow | None

    @property
    def differs(self) -> bool:
        """Say whether assessors gave different answers."""
        return len({r.answer for name, r in self.answers.items() if name != trust.AGREED}) > 1

    @property
    def cell(self) -> Cell:
        """The check in one sign: what people answer goes before what the program found."""
        found = len(self.told.found) if self.told else 0
        noted = f"; the program notes {found}" if found else ""
        given = self.answers
        if trust.AGREED in given:
            given = {trust.AGREED: given[trust.AGREED]}
        words = [row.answer or "" for row in given.values()]
        if words:
            signs = "/".join(dict.fromkeys(_LETTERS[word] for word in words))
            worst = next((w for w in _OF_ANSWERS if w in words), trust.NO)
            said = ", ".join(f"{name} {row.answer}" for name, row in given.items())
            role = _OF_ANSWERS.get(worst, "low")
            return Cell(signs + FOUND * bool(found), role, said + noted)
        if found:
            return Cell(FOUND, "noted", f"not answered{noted}")
        if self.told:
            return Cell(NOTHING, "", "not answered; the program found nothing")
        return Cell("", "", "")


@dataclass(frozen=True, slots=True)
class AssessedTrial:
    """A trial report: judgements by domain, checks by their names."""

    trial_id: str
    label: str
    judged: Mapping[str, TrustJudgementRow]
    checks: Mapping[str, Check]

    @property
    def anchor(self) -> str:
        """The id of its checks on the page."""
        return f"trial-{self.trial_id}"

    @property
    def assessors(self) -> list[str]:
        """Who judged or answered anything about it."""
        own = {name for check in self.checks.values() for name in check.answers}
        own |= {name for row in self.judged.values() for name in row.assessors}
        return sorted(own)

    @property
    def told(self) -> list[Check]:
        """The checks that anybody answered, or the program found something of."""
        return [c for c in self.checks.values() if c.answers or (c.told and c.told.found)]

    @property
    def disputed(self) -> list[TrustJudgementRow]:
        """The judgements on which assessors differ, whether settled or not."""
        return [row for row in self.judged.values() if row.disputed]


@dataclass(frozen=True, slots=True)
class Changed:
    """An analysis with trials of serious concerns: its result with them and without."""

    title: str
    href: str
    measure: str
    record: Estimate
    without: SensitivityRow
    left_out: Sequence[str]


@dataclass(frozen=True, slots=True)
class TrustView:
    """What the page is given.

    `reports` counts all trial reports, `people` those that any person judged or answered about,
    `noted` those of which the program found something, `judged` those with an overall judgement,
    which `tally` counts in words; `single` had one assessor.
    """

    trials: list[AssessedTrial]
    reports: int
    people: int
    noted: int
    tally: str
    judged: int
    assessors: list[str]
    single: int
    agreement: Sequence[TrustAgreementRow]
    strength: Callable[[float], str]
    changed: list[Changed]
    checks: Sequence[str] = trust.CHECKS
    of_domains: Mapping[str, Sequence[str]] = field(default_factory=lambda: trust.DOMAINS)
    judged_as: Sequence[str] = (trust.OVERALL, *trust.DOMAINS)
    signs: Mapping[str, str] = field(default_factory=lambda: SIGNS)
    roles: Mapping[str, str] = field(default_factory=lambda: ROLES)
    looked_at: Callable[[str], str] = looked_at
    numbers: Mapping[str, str] = field(default_factory=lambda: NUMBERS)
    sources: str = SOURCES


def view(
    tables: Tables, configuration: Configuration, records: Mapping[str, Estimate]
) -> TrustView:
    """Return what the page is given, from the tables of the run."""
    rows = tables.get(TrustworthinessRow)
    agreement = tables.get(TrustAgreementRow)
    trials = assessed(tables[TrialRow], rows, tables[TrustJudgementRow], tables[PrefilledRow])
    whole = [t.judged[trust.OVERALL].judgement for t in trials if trust.OVERALL in t.judged]
    people = [t for t in trials if t.assessors]
    return TrustView(
        trials=trials,
        reports=len(tables[TrialRow]),
        people=len(people),
        noted=sum(any(c.told and c.told.found for c in t.checks.values()) for t in trials),
        tally=tally(whole),
        judged=len(whole),
        assessors=sorted({row.assessor for row in rows} - {trust.AGREED}),
        single=sum(len({*t.assessors} - {trust.AGREED}) == 1 for t in people),
        agreement=agreement,
        strength=strength,
        changed=_changed(tables, configuration, records),
    )


def assessed(
    trials: Sequence[TrialRow],
    rows: Sequence[TrustworthinessRow],
    judgements: Sequence[TrustJudgementRow],
    prefilled: Sequence[PrefilledRow],
) -> list[AssessedTrial]:
    """Return the trials of which anything is known, by their names."""
    unlike = {row.trial_id: row.label for row in prefilled}
    labels = {row.trial_id: unlike.get(row.trial_id, row.label) for row in trials}
    answers: dict[tuple[str, str], dict[str, TrustworthinessRow]] = {}
    for row in sorted(rows, key=lambda row: row.assessor):
        if row.answer is not None:
            answers.setdefault((row.trial_id, row.item), {})[row.assessor] = row
    told = {(row.trial_id, row.item): row for row in prefilled}
    judged = by(judgements, lambda row: row.trial_id)
    found = [
        AssessedTrial(
            name,
            label,
            {row.domain: row for row in judged.get(name, ())},
            {
                item: Check(item, answers.get((name, item), {}), told.get((name, item)))
                for item in trust.CHECKS
            },
        )
        for name, label in labels.items()
    ]
    known = [t for t in found if t.judged or any(c.answers or c.told for c in t.checks.values())]
    return sorted(known, key=lambda trial: (trial.label.casefold(), trial.trial_id))


def _changed(
    tables: Tables, configuration: Configuration, records: Mapping[str, Estimate]
) -> list[Changed]:
    """Return the analyses that have a trial of serious concerns."""
    without = {
        row.analysis: row for row in tables[SensitivityRow] if row.variant == trust.WITHOUT_SERIOUS
    }
    names = by(
        (row for row in tables[TrustRow] if row.judgement == trust.SERIOUS),
        lambda row: row.analysis,
    )
    return [
        Changed(
            analysis.display.title,
            f"analyses/{analysis.slug}.html#sensitivity",
            analysis.select.measure,
            records[analysis.name],
            without[analysis.name],
            [row.label for row in names[analysis.name]],
        )
        for analysis in configuration
        if analysis.name in without
    ]
