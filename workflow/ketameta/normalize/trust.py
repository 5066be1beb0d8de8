"""Trustworthiness of the trials: the judgement that stands, and what number checks say to each.

A judgement is of the trial, not of one report: a report that nobody assessed takes over that of
others of the same people (`part_of`), and one that pools several trials the worst of theirs. A
finding of a number check can be a slip of the extraction: it answers a check of INSPECT-SR only
where the numbers as entered decide (see `number_checks` of the words), and never a domain.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from operator import attrgetter

from ketameta.normalize.checks.findings import Finding
from ketameta.normalize.checks.granularity import telling
from ketameta.normalize.checks.registration import registered_late
from ketameta.normalize.checks.view import RowsByTrial
from ketameta.normalize.inherit import families, first_report
from ketameta.normalize.records import Trial
from ketameta.normalize.rows import Rows
from ketameta.tables import trust
from ketameta.tables.assessed import PrefilledRow, TrustJudgementRow
from ketameta.tables.raw import ArmRow, TrialRow, TrustworthinessRow
from ketameta.vocabulary import NumberChecks, vocabulary

REGISTRATION, GRANULARITY = "C2.2", "C4.8"
Judged = Mapping[str, TrustworthinessRow]
# trial and check; what is said, the row that it is said of, and whether nobody let it stand
Place = tuple[str, str]
Told = tuple[str, str, bool]


def judgements(
    rows: Sequence[TrustworthinessRow], trials: Mapping[str, Trial]
) -> list[TrustJudgementRow]:
    """Return what stands of each domain and overall, for the trials in their order."""
    given: dict[str, dict[str, dict[str, TrustworthinessRow]]] = {}
    for row in rows:
        if row.judgement is not None:
            given.setdefault(row.trial_id, {}).setdefault(row.assessor, {})[row.item] = row
    found = {
        trial_id: [
            stands
            for domain in trust.JUDGED
            if (stands := _standing(trials[trial_id], domain, own)) is not None
        ]
        for trial_id, own in given.items()
    }
    whole = {t: one for t, own in found.items() for one in own if one.domain == trust.OVERALL}
    taken = _inherited(whole, trials)
    # a trial that is judged in no domain but by others overall takes that over
    return [
        one
        for name in trials
        for one in (*found.get(name, ()), *([taken[name]] if name in taken else ()))
    ]


def _standing(
    trial: Trial, domain: str, by_assessor: Mapping[str, Judged]
) -> TrustJudgementRow | None:
    """Return what stands of a domain of a trial; None where nobody judged it."""
    words: dict[str, str] = {}
    behind: dict[str, list[TrustworthinessRow]] = {}
    for assessor, own in sorted(by_assessor.items()):
        told = {item: row.judgement or "" for item, row in own.items()}
        word = trust.overall(told) if domain == trust.OVERALL else told.get(domain)
        if word is not None:
            words[assessor] = word
            behind[assessor] = [own[domain]] if domain in own else [*own.values()]
    stands = trust.standing(words)
    if stands is None:
        return None
    alone = {name: word for name, word in words.items() if name != trust.AGREED}
    return TrustJudgementRow(
        trial_id=trial.trial_id,
        label=trial.label,
        domain=domain,
        judgement=stands,
        assessors=[*alone],
        judgements=[*alone.values()],
        disputed=len({*alone.values()}) > 1,
        agreed=trust.AGREED in words,
        detail="; ".join(_said(name, word, behind[name]) for name, word in words.items()),
        inherited_from=None,
        rows=[f"{row.file}:{row.line}" for own in behind.values() for row in own],
    )


def _said(assessor: str, word: str, rows: Sequence[TrustworthinessRow]) -> str:
    why = ", ".join(row.support for row in rows if row.support)
    return f"{assessor} {word}{f' ({why})' if why else ''}"


def _inherited(
    whole: Mapping[str, TrustJudgementRow], trials: Mapping[str, Trial]
) -> dict[str, TrustJudgementRow]:
    """Return the overall judgements that reports nobody assessed take over, by report.

    One that pools several trials takes the worst of them: if that is not serious, only where all
    of them were assessed.
    """
    kin, found = families(trials), dict(whole)
    # reports that pool others come last: their trials may take over one themselves
    for name in sorted(trials, key=lambda name: (len(trials[name].parts) > 1, name)):
        several = len(trials[name].parts) > 1
        others = trials[name].parts if several else kin.get(first_report(name, trials), ())
        judged = [found[other] for other in others if other in found]
        if name in found or not judged:
            continue
        worst = max(judged, key=lambda row: trust.SEVERITY.index(row.judgement))
        if several and worst.judgement != trust.SERIOUS and len(judged) < len(others):
            continue
        origin = worst.inherited_from or worst.trial_id
        label = trials[name].label
        found[name] = replace(worst, trial_id=name, label=label, inherited_from=origin)
    return {name: row for name, row in found.items() if name not in whole}


def prefilled(
    trials: Sequence[TrialRow],
    arms: Sequence[ArmRow],
    rows: Rows,
    findings: Sequence[Finding],
    labels: Mapping[str, str],
) -> list[PrefilledRow]:
    """Return what the program says to checks of INSPECT-SR, by trials; nothing of those unseen.

    `findings` are those of the number checks, with the reasons for which they stand.
    """
    asked = vocabulary().number_checks
    about: dict[Place, list[Told]] = defaultdict(list)
    looked = _looked(trials, arms, rows)
    for finding in findings:
        for item, of in asked.items():
            if _speaks(finding, of):
                for trial_id in (finding.trial_id, *finding.others):
                    about[trial_id, item].append(_told(finding))
    for item, of in asked.items():
        for row in rows if of.flags else ():
            if (row.flag or "").startswith(of.flags):
                about[row.trial_id, item].append((f"flag {row.flag}", row.key, True))
    for trial in trials:
        if trial.registration is None:
            said = "no registry number is entered", f"{trial.file}:{trial.line}", True
            about[trial.trial_id, REGISTRATION].append(said)
    return [
        PrefilledRow(
            trial_id=trial.trial_id,
            label=labels[trial.trial_id],
            item=item,
            answer=_answer(trial, item, of, about[trial.trial_id, item]),
            looked=looked[trial.trial_id, item],
            found=[f"{where}: {what}" for what, where, _ in about[trial.trial_id, item]],
            rows=[*dict.fromkeys(where for _, where, _ in about[trial.trial_id, item])],
        )
        for trial in trials
        for item, of in asked.items()
        if looked[trial.trial_id, item] or about[trial.trial_id, item]
    ]


def _looked(trials: Sequence[TrialRow], arms: Sequence[ArmRow], rows: Rows) -> Counter[Place]:
    """Count the numbers of each trial that could have spoken to each check."""
    found: Counter[Place] = Counter()
    for item, of in vocabulary().number_checks.items():
        for own in (rows.outcomes, rows.contrasts):
            names = [name for name in of.columns if own and hasattr(own[0], name)]
            for trial_id, *cells in map(attrgetter("trial_id", *names), own) if names else ():
                found[trial_id, item] += len(names) - cells.count(None)
    for name, number in telling(RowsByTrial(rows, trials, arms)).items():
        found[name, GRANULARITY] = number
    for trial in trials:
        found[trial.trial_id, REGISTRATION] = int(registered_late(trial) is not None)
    return found


def _speaks(finding: Finding, of: NumberChecks) -> bool:
    """Say whether a finding is about a check of INSPECT-SR."""
    of_baseline = finding.column.startswith("baseline_")
    return finding.check in of.checks and of.baseline in (None, of_baseline)


def _told(finding: Finding) -> Told:
    why = f"; acknowledged: {finding.acknowledged}" if finding.acknowledged else ""
    said = f"{finding.message} [{finding.check}]{why}"
    return said, f"{finding.file}:{finding.line}", not finding.acknowledged


def _answer(trial: TrialRow, item: str, of: NumberChecks, told: Sequence[Told]) -> str | None:
    """Return yes or no where numbers decide, unclear where a person must look, else None.

    What a person has looked at and lets stand decides nothing.
    """
    if item == REGISTRATION:
        late = registered_late(trial)
        return trust.UNCLEAR if late is None else trust.YES if late else trust.NO
    if of.decides and any(still_open for _, _, still_open in told):
        return trust.YES
    return trust.UNCLEAR if told else trust.NO if of.decides else None
