"""Claims as pages show them: verdict, sentence, certainty, people and pictures of each."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from ketameta.configuration import Configuration
from ketameta.evidence.certainty import LEVELS, NOT_RATED, Certainty
from ketameta.evidence.claim_rules import CANNOT, MIXED, NO_WORSE, TOO_FEW
from ketameta.evidence.claims import (
    UNTOLD,
    AnalysisOnClaim,
    Claim,
    ClaimPart,
    Control,
    Grounds,
    Split,
    claims_of,
    side,
)
from ketameta.evidence.rated import RatedSynthesis
from ketameta.report import (
    claim_sentences,
    naming,
    wording,
    wording_certainty,
    wording_splits,
)
from ketameta.report.claim_curves import people_of
from ketameta.report.claim_lines import line_of
from ketameta.report.claim_reasons import BECAUSE
from ketameta.report.claim_sentences import ClaimItem, Told, items_of, rests_on
from ketameta.report.claim_view import (
    ClaimCertainty,
    ClaimView,
    GroupsView,
    LineView,
    PartView,
    Sure,
    weakest,
)
from ketameta.report.claim_words import ToldResult
from ketameta.synthesize.people import count_people, together
from ketameta.synthesize.words import group_of
from ketameta.tables.collection import by
from ketameta.tables.parts import Claimed
from ketameta.tables.raw import TrialRow
from ketameta.tables.syntheses import ClaimTestRow, StudyRow
from ketameta.vocabulary import vocabulary
from ketameta.vocabulary.narrowing import keys, split_name

# share of the weight from which one trial is named as what a claim rests on
NEARLY_ALL = 0.8
NONE_RATED = ClaimCertainty(NOT_RATED, NOT_RATED, "")


class Teller:
    """Puts claims into words and numbers, from the tables of synthesize and what is judged."""

    def __init__(
        self,
        configuration: Configuration,
        grounds: Grounds,
        rated: Mapping[str, Certainty],
        studies: Mapping[str, Sequence[StudyRow]],
    ) -> None:
        self._configuration = configuration
        self._grounds = grounds
        self._rated = rated
        self._studies = studies

    def view(self, claim: Claim) -> ClaimView:
        """Return all that a page shows of a claim."""
        first = claim.parts[0].test
        told = {part.test.part or "": self._told(part) for part in claim.parts}
        deciding = _deciding(claim, told)
        shown = [shown for one in deciding for shown in one.shown if not shown.group]
        studies = [study for one in shown for study in one.studies]
        items = {
            part.test.part or "": items_of(part, told[part.test.part or ""], self._control(part))
            for part in claim.parts
        }
        every = [item for own in items.values() for item in own]
        trials, number = _size(claim, shown, self._grounds.trials)
        populations = _populations(studies)
        return ClaimView(
            claim_id=claim.claim_id,
            claim=first.claim,
            kind=first.kind,
            article=first.article or "",
            article_date=first.article_date or "",
            section=first.section or "",
            headline=bool(first.headline),
            claimed=number_claimed(first),
            verdict=claim.verdict.word,
            because=BECAUSE[claim.verdict.because],
            sentence=claim_sentences.claim_sentence(claim.verdict.word, every),
            sure=self._sure(rests_on(claim.verdict.word, every), len(every)),
            k=trials,
            people=number,
            populations=tuple(populations),
            others=tuple(p for p in populations if not speaks_of(first.population, p)),
            links=self._links(claim),
            heavy=heaviest_trial(shown[0].studies, self._grounds.trials) if len(shown) == 1 else "",
            parts=tuple(self._part(p, items[p.test.part or ""]) for p in claim.parts),
            told=tuple(deciding),
            control=self._control(claim.parts[0]),
            claimed_value=first.claimed_value,
        )

    def _told(self, part: ClaimPart) -> list[Told]:
        """Return each verdict of a part with its results, those that tell something first."""
        heard = [line for line in part.lines if line.verdict.word not in UNTOLD]
        return [Told(line.verdict, self._shown(line)) for line in heard or part.lines]

    def _shown(self, line: AnalysisOnClaim) -> tuple[ToldResult, ...]:
        record = self._grounds.records.get(line.analysis)
        if record is None or record.estimate is None:
            return ()
        analysis, studies = self._configuration[line.analysis], self._studies[line.analysis]
        found = [ToldResult(analysis, record, tuple(studies), design=self._design(studies))]
        if line.verdict.word == MIXED:
            split = line.verdict.by
            names = dict(line.verdict.which)
            groups = next(s for s in self._grounds.splits[line.analysis] if s.name == split).groups
            found += [
                ToldResult(
                    analysis,
                    group,
                    tuple(s for s in studies if group_of(split, s) == group.subgroup),
                    str(keys()[split].get(group.subgroup, group.subgroup)),
                    found[0].design,
                )
                for group in groups
                if group.subgroup in names
            ]
        return tuple(found)

    def _control(self, part: ClaimPart) -> Control | None:
        """Return the control arms beside a claimed number."""
        own = (self._grounds.controls.get(line.analysis) for line in part.lines)
        return part.control or next(filter(None, own), None)

    def _design(self, studies: Sequence[StudyRow]) -> str:
        """Return what sets all trials of a result apart, a word of design_flags, or nothing."""
        trials = self._grounds.trials
        flags = {trials[s.trial_id].design_flag or "" for s in studies if s.trial_id in trials}
        return flags.pop() if len(flags) == 1 else ""

    def _sure(self, items: Sequence[ClaimItem], told_in_all: int) -> Sure:
        """Return how sure each thing told is, by its name: that of the weakest analysis told.

        One alone where all rest on the same certainty, without a name if nothing else is told.
        Groups that are not rated alone have that of all trials together, which says so.
        """
        own = [one for one in items if one.shown]
        told = [(one.rated, self._certainty(one.shown)) for one in own] or [("", NONE_RATED)]
        told = list(dict.fromkeys(told))
        if len({found for _, found in told}) == 1:
            whole = len(items) == told_in_all and all(one.rated == one.name for one in own)
            return ((" and ".join(name for name, _ in told if name and not whole), told[0][1]),)
        return tuple(told)

    def _certainty(self, shown: Sequence[ToldResult]) -> ClaimCertainty:
        known = [r for s in shown if (r := self._rated[s.rated_in]).level != NOT_RATED]
        if not known:
            return NONE_RATED
        found = min(known, key=lambda rated: LEVELS.index(rated.level))
        most = wording_certainty.weighs_most(found)
        return ClaimCertainty(*found.span, f"{naming.capital(most)}." if most else "")

    def _links(self, claim: Claim) -> tuple[tuple[str, str], ...]:
        names = dict.fromkeys(
            name
            for part in claim.parts
            for name in [*(x.analysis for x in part.lines), *part.beside]
        )
        return tuple(
            (self._configuration[n].display.title, f"analyses/{self._configuration[n].slug}.html")
            for n in names
            if n in self._configuration.names
        )

    def _part(self, part: ClaimPart, items: Sequence[ClaimItem]) -> PartView:
        lines = (*map(self._line, part.lines), *map(line_of, part.timed))
        word = part.verdict.word
        certainty = weakest(self._sure(rests_on(word, items), len(items)))
        return PartView(part.test.part or "", word, certainty, part.test.rule, lines)

    def _line(self, line: AnalysisOnClaim) -> LineView:
        record = self._grounds.records.get(line.analysis)
        reason = BECAUSE[line.verdict.because]
        if record is None:
            return LineView(line.analysis, "", "", "", line.verdict.word, reason)
        analysis = self._configuration[line.analysis]
        return LineView(
            line.analysis,
            analysis.display.title,
            f"analyses/{analysis.slug}.html",
            wording.headline(analysis, record),
            line.verdict.word,
            reason,
            tuple(_groups(split, record) for split in self._grounds.splits.get(line.analysis, ())),
            tuple(_trial(study) for study in self._studies[line.analysis]),
        )


def claim_views(
    tests: Sequence[ClaimTestRow],
    grounds: Grounds,
    rated: Mapping[str, Certainty],
    studies: Mapping[str, Sequence[StudyRow]],
    configuration: Configuration,
) -> list[ClaimView]:
    """Return one view a claim, in the order of their table; `studies` are by analysis."""
    teller = Teller(configuration, grounds, rated, studies)
    return [teller.view(claim) for claim in claims_of(tests, grounds).values()]


def _groups(split: Split, record: RatedSynthesis) -> GroupsView:
    """Write the groups of a split with their numbers."""
    measure = record.measure
    told = tuple(
        f"{wording_splits.group(split.name, group.subgroup)} "
        f"{wording.estimate_interval(measure, group)}{wording.unit_sign(measure)}"
        for group in split.groups
        if group.estimate is not None
    )
    test = f" ({wording.p_value(split.p)})" if split.p is not None else ""
    return GroupsView(wording_splits.name(split.name), test, told)


def _trial(study: StudyRow) -> str:
    """Write a trial with its people and its number."""
    measure = study.measure
    value = f"{wording.estimate_interval(measure, study, 'effect')}{wording.unit_sign(measure)}"
    return f"{study.label}: {wording.people(study.people)} people, {value}"


def heaviest_trial(studies: Sequence[StudyRow], trials: Mapping[str, TrialRow]) -> str:
    """Name the trial that carries nearly all the weight of a result, and say who its people are.

    Empty where there is none such. A note on its people that speaks of other trials is for those
    who enter data, and left out.
    """
    if not studies:
        return ""
    weights = [1.0 if len(studies) == 1 else (s.weight or 0.0) for s in studies]
    share = max(weights) / (sum(weights) or 1.0)
    if share < NEARLY_ALL:
        return ""
    study = studies[weights.index(max(weights))]
    trial = trials.get(study.trial_id)
    note = re.split("[;:]", (trial.population_note if trial else None) or "")[0]
    who = f": {note}" if note and not any(name in note for name in trials) else ""
    if len(studies) == 1:
        return f"The trial is {study.label}{who}."
    weight = wording.fixed(100 * share, 0)
    return f"Nearly all the weight ({weight}%) is one trial, {study.label}{who}."


def _deciding(claim: Claim, told: Mapping[str, Sequence[Told]]) -> list[Told]:
    """Return what the verdict rests on: of a mixed one all that tells, else what has its word."""
    result = []
    word = claim.verdict.word
    for part in claim.parts:
        if part.verdict.word != word and (word != MIXED or part.verdict.word in UNTOLD):
            continue
        own = told[part.test.part or ""]
        same = [one for one in own if one.verdict.word == part.verdict.word]
        if part.verdict.word == MIXED:
            same = list(own)
        elif part.test.direction != NO_WORSE:
            same = same[:1]
        else:
            same = same[: claim_sentences.MOST_HARMS]
        result += same
    return result


def _size(
    claim: Claim, shown: Sequence[ToldResult], trials: Mapping[str, TrialRow]
) -> tuple[int, int]:
    """Return trials and people behind a verdict: those of curves where no analysis is told."""
    if shown:
        number, people = together([_people(one.studies) for one in shown], trials)
        return number, shown[0].record.n if len(shown) == 1 else people
    every = (one for part in claim.parts for found in part.timed for one in found.told)
    return together(people_of([one for one in every if one.verdict.word not in UNTOLD]), trials)


def _people(studies: Sequence[StudyRow]) -> dict[str, float]:
    """Return the people of each trial in a result."""
    return {name: count_people(own) for name, own in by(studies, lambda s: s.trial_id).items()}


def _populations(studies: Sequence[StudyRow]) -> list[str]:
    """Return the populations that were pooled, in the order of the vocabulary."""
    there = {study.population for study in studies}
    return [name for name in vocabulary().words("populations") if name in there]


ANYBODY = "any"


def speaks_of(claimed: str | None, population: str) -> bool:
    """Say whether a claim speaks of a population: of it, of what it is part of, or of anybody."""
    words = set((claimed or ANYBODY).split(";"))
    parts = {part.partition("-")[0] for part in population.split("+")}
    return ANYBODY in words or population in words or parts <= words


def sections(views: Sequence[ClaimView]) -> list[tuple[str, list[ClaimView]]]:
    """Return the claims under their headings, in the order of the vocabulary; the rest last."""
    titles = vocabulary().words("claim_sections")
    found = [(title, [v for v in views if v.section == name]) for name, title in titles.items()]
    found.append(
        ("Others" if any(own for _, own in found) else "", [v for v in views if not v.section])
    )
    return [(title, own) for title, own in found if own]


def claims_of_analysis(tests: Sequence[ClaimTestRow]) -> dict[str, list[tuple[str, str]]]:
    """Return the claims (id and text) that each analysis tests, narrowed or whole, by its name."""
    found: dict[str, dict[str, str]] = {}
    for test in tests:
        if test.analysis:
            for name in {test.analysis, split_name(test.analysis)[0]}:
                found.setdefault(name, {})[test.claim_id] = test.claim
    return {name: list(own.items()) for name, own in found.items()}


def verdict_tally(views: Sequence[ClaimView]) -> str:
    """Count the claims by verdict in a sentence, and those for or against one by certainty."""
    parts = []
    for word in vocabulary().words("claim_verdicts"):
        own = [view.certainty for view in views if view.verdict == word]
        if not own:
            continue
        parts.append(f"{len(own)} {_counted(word, len(own))}{_levels(word, own)}")
    return f"Of {wording.count(len(views), 'claim')}, {naming.listed(parts)}." if parts else ""


def _counted(word: str, number: int) -> str:
    """Say of some claims that they have a verdict: are supported, rest on too few data."""
    be, rest = ("is", "rests") if number == 1 else ("are", "rest")
    if word == TOO_FEW:
        return f"{rest} on too few data"
    if word == CANNOT:
        return "cannot be tested by trials"
    return f"{be} {word.replace(',', ' but')}"


def _levels(word: str, certainties: Sequence[ClaimCertainty]) -> str:
    """Count certainties of one verdict, the highest first; of one that tells nothing none."""
    if side(word) not in ("for", "against"):
        return ""
    spans = sorted(
        ((c.level, c.best) for c in certainties if c.level != NOT_RATED),
        key=lambda span: [-LEVELS.index(end) for end in span],
    )
    if not spans:
        return ""
    counts = Counter(wording_certainty.words(*span) for span in spans)
    said = [f"{number} {level}" for level, number in counts.items()]
    return f" (certainty: {', '.join(said)})"


def number_claimed(row: Claimed) -> str:
    """Write the claimed number: ``at most 70 of 100 people``; empty where none is claimed."""
    if row.claimed_value is None:
        return ""
    value = f"{row.claimed_value:g}"
    if row.claimed_unit == "percent of people":
        value += " of 100 people"
    elif row.claimed_unit:
        value += f" {row.claimed_unit.replace('percent', 'per cent')}"
    return f"up to {value}" if row.direction == "at most" else value
