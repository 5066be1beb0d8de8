"""Sentences of the page on the extraction, the answers first; honest where there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ketameta.evidence import findings
from ketameta.evidence.audits import Audit
from ketameta.evidence.unread import AS_ENTERED, POOLED, Unread, Weight
from ketameta.report import wording
from ketameta.report.double_extraction import Seen, Twice
from ketameta.report.wording_decisions import decisions_counted
from ketameta.tables.decisions import Decision
from ketameta.tables.diagnostics import RaterAgreementRow
from ketameta.vocabulary import vocabulary

if TYPE_CHECKING:
    from ketameta.evidence.releases import Release


def share_percent(share: float) -> str:
    """Write a share (0 to 1) in per cent: one decimal, two below one per cent."""
    value = 100 * share
    return wording.fixed(value, 2 if 0 < value < 1 else 1 if value % 1 else 0)


def where_read(pooled: Seen) -> str:
    """Say where the rows that results rest on were read."""
    if not pooled.rows:
        return "No result rests on any row yet."
    labels = vocabulary().words("seen")
    parts = [
        f"{count:,} ({wording.fixed(100 * count / pooled.rows, 0)}%) {labels[word]}"
        for word, count in pooled.counts.items()
    ]
    rows = wording.count(pooled.rows, "row")
    return f"Results rest on {rows} of the tables: {'; '.join(parts)}."


def read_twice(found: Sequence[Twice]) -> str:
    """Say how many rows were extracted twice, and how many of them agree."""
    read = sum(table.read for table in found)
    if not read:
        return "No row of results has been extracted a second time yet."
    alike = sum(table.alike for table in found)
    cells, differed = (sum(getattr(t, name) for t in found) for name in ("cells", "differed"))
    told = f"{wording.count(read, 'row was', 'rows were')} extracted a second time: "
    told += f"{alike:,} {'agrees' if alike == 1 else 'agree'} in every cell that both filled"
    return told + (f" ({cells - differed:,} of {cells:,} cells)." if cells else ".")


def raters(rows: Sequence[RaterAgreementRow]) -> str:
    """Say how far two raters of RoB 2 agree; empty where there are none."""
    said = []
    for row in rows:
        pair = f"{row.first} and {row.second}"
        trials, judged = row.trials, round((row.judged_alike or 0) * row.trials)
        alike = round((row.answered_alike or 0) * row.questions)
        said.append(
            f"RoB 2 was answered for {wording.count(trials, 'trial')} by two raters ({pair}): "
            f"{alike:,} of {row.questions:,} answers and {judged} of {trials} overall "
            "judgements are alike."
        )
    return " ".join(said)


def decided(found: Sequence[Decision]) -> str:
    """Say what is open and what was decided of disagreements, additions and corrections."""
    total = len(found)
    if not total:
        return "No disagreement of two extractions and no correction is on record."
    left = sum(not one.decision for one in found)
    parts = decisions_counted(one for one in found if one.decision)
    waits = "waits" if left == 1 else "wait"
    head = f"{left:,} of {wording.count(total, 'line')} {waits} for a decision" if left else ""
    rest = f"{wording.count(total - left, 'is', 'are')} decided: {parts}" if parts else ""
    return "; ".join(filter(None, (head or "No line of the record is open", rest))) + "."


def audited(found: Audit) -> str:
    """Say what an audit found: wrong of those reached, with the exact interval."""
    rows = found.row.rows
    if found.share is None:
        return f"An audit of {wording.count(rows, 'row')} reached the source of none."
    high = 1.0 if found.high is None else found.high
    ends = f"{share_percent(found.low or 0.0)} to {share_percent(high)}%"
    return (
        f"An audit of {wording.count(rows, 'row')} found {found.row.wrong:,} wrong of "
        f"{found.reached:,} whose source was reached: {share_percent(found.share)}% "
        f"(95% interval {ends})."
    )


def stated(counts: Mapping[str, int], release: str, recorded: bool) -> str:
    """Say how many findings of the number checks are open, explained and mended."""
    left, explained = (counts.get(word, 0) for word in (findings.OPEN, findings.EXPLAINED))
    told = f"The number checks have {wording.count(left, 'open finding')}"
    told += f", and {explained or 'none'} that somebody looked at and explained"
    if not release:
        return f"{told}; no release is there yet to tell what was mended since."
    if not recorded:
        missing = f"the last release ({release}) did not record findings"
        return f"{told}; {missing}, so that what was mended since is not known."
    gone = counts.get(findings.MENDED, 0)
    if not gone:
        return f"{told}; none was mended since the release of {release}."
    were, are = ("was", "is") if gone == 1 else ("were", "are")
    return f"{told}; {gone:,} that {were} open at the release of {release} {are} there no more."


def changed_by_decisions(number: int, release: Release | None, known: Sequence[str] | None) -> str:
    """Say how many cells and rows decisions made others since the last release."""
    many = wording.count(number, "cell or row was", "cells and rows were")
    told = f"{many} changed, added or taken out by a decision or a correction"
    if not number:
        told = "No decision and no correction changed a cell or a row"
    if release is None:
        return f"{told}; no release is there yet to count from."
    if known is None:
        return f"{told}; the release of {release.name} kept no record of decisions to count from."
    return f"{told} since the release of {release.name}."


def what_to_fetch_first(found: Sequence[Unread], titles: Mapping[str, tuple[str, str]]) -> str:
    """Say what to fetch first."""
    if not found:
        return "Nothing is listed that could not be read."
    told = f"{wording.count(len(found), 'text or number', 'texts and numbers')} could not be read"
    if not found[0].weights:
        return f"{told}; none is known to enter an analysis."
    row, largest = found[0].row, found[0].weights[0]
    return f"{told}; to fetch first: {row.label}, which {carries(largest, titles)}."


def carries(weight: Weight, titles: Mapping[str, tuple[str, str]]) -> str:
    """Say what a trial would carry in an analysis."""
    title = titles[weight.analysis][0]
    if not weight.effects:
        return f"would be the first trial of “{title}”"
    return f"would carry about {guessed_percent(weight.share)}% of “{title}”"


def after(weight: Weight) -> str:
    """Say behind the name of an analysis how much it pools already."""
    if weight.effects < POOLED:
        return f" (its {('first', 'second')[weight.effects]} trial)"
    return f" ({weight.effects} effects now)"


def guessed_percent(share: float) -> str:
    """Write a guessed share (0 to 1) in whole per cent; ``<1`` below one."""
    return "<1" if share < 0.01 else wording.fixed(100 * share, 0)


def people_and_source(weight: Weight) -> str:
    """Write the people that a weight counts with, and where the number is from."""
    if weight.people is None:
        return "not known"
    known = "" if weight.known == AS_ENTERED else f" ({weight.known})"
    return wording.people(weight.people) + known
