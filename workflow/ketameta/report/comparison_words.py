"""Two extractions compared, in words: sentences, and Markdown for a terminal.

Cells and names come from the data and may hold anything: in Markdown they stand as code.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from textwrap import shorten

from ketameta.configuration import Configuration
from ketameta.extraction.cells import FREE
from ketameta.extraction.records import (
    SAME_KEY,
    Comparison,
    Impact,
    Side,
    tried_with,
)
from ketameta.report import agreement_words as agreeing
from ketameta.report import wording
from ketameta.report.change_words import (
    certainty_pair,
    code,
    conclusion,
    in_se,
    markdown_text,
    results_pair,
    title_of,
)
from ketameta.report.comparison_items import (
    ComparisonItem,
    about,
    cells_in_words,
    gravest,
    is_a_batch,
    is_row,
    items,
    more_rows,
    who_has_it,
    with_it,
)
from ketameta.tables.problems import first_few
from ketameta.tables.raw import RAW_KINDS, ClaimRow

# how a name is written where it comes from the data
Write = Callable[[str], str]
MOST, FEW, MOST_NAMED, MOST_CLAIM = 30, 10, 3, 70
PART = (
    "B holds less than half of A's rows: those that only A has stand below, and not here. Was it "
    "to read a sample of the trials, --sample leaves the others out; is it a batch of more rows, "
    "--batch leaves out all that only A has."
)
# the tables of what others belong to, and the column that names it
_NAMED = {"trials": "trial_id", "arms": "arm_id", "published": "review_id"}
NO_CLAIMS: Mapping[str, str] = {}
ALL = "`--html FILE` and `--json` have all"


def rows_text(compared: Comparison) -> str:
    """Say how many rows were taken for the same, and how many one side alone has."""
    matching = compared.matching
    both = len(matching.matches)
    like = sum(match.reason != SAME_KEY for match in matching.matches)
    parts = [
        f"{wording.count(len(own), 'row')} only {side} has"
        for side, own in (("A", matching.only_a), ("B", matching.only_b))
        if own
    ]
    rest = f" {' and '.join(parts)}." if parts else " No row is on one side alone."
    found = f", {like:,} of them found by other signs than their keys" if like else ""
    return f"{wording.count(both, 'row is', 'rows are')} on both sides{found}.{rest}"


def cells_text(compared: Comparison) -> str:
    """Say how far the cells agree, all together."""
    line = compared.agreement[0]
    if not line.cells.n:
        return "No cell is filled on both sides."
    alone = [
        f"{wording.count(n, 'cell')} only {side} filled"
        for side, n in (("A", line.only_a), ("B", line.only_b))
        if n
    ]
    more = f"; {', '.join(alone)}" if alone else ""
    return (
        f"Of {wording.count(line.cells.n, 'cell')} that both filled {agreeing.same_share(line)} "
        f"say the same (95% interval {agreeing.share_interval(line)}){more}."
    )


def impact_text(compared: Comparison) -> str:
    """Say how many disagreements there are and what they do."""
    cells = [i for i in compared.impacts if i.disagreement.column not in FREE]
    free = len(compared.impacts) - len(cells)
    told = items(cells)
    impacts = [item.impact for item in told]
    differ = wording.count(
        free, "cell that people alone read differs", "cells that people alone read differ"
    )
    aside = f" {differ} too." if free else ""
    if not impacts:
        return f"They disagree on nothing.{aside}"
    many, kinds = wording.count(len(impacts), "disagreement"), []
    if rows := sum(is_row(impact.disagreement) for impact in impacts):
        share = "all" if rows == len(impacts) else f"{rows:,}"
        kinds.append(f"{share} of rows, arms or trials that one alone has")
    if slips := [item for item in told if item.rows]:
        joined = sum(len(item.members) for item in slips)
        kinds.append(f"{joined:,} cells that are {wording.count(len(slips), 'slip')} count once")
    many += f" ({'; '.join(kinds)})" if kinds else ""
    if not compared.tried:
        return f"{many}; what they do to the results was not tried.{aside}"
    moving = [impact for impact in impacts if impact.analyses]
    flips = [impact for impact in impacts if impact.flips]
    failed = sum(bool(impact.problem) for impact in impacts)
    rest = f" {failed:,} could not be tried.{aside}" if failed else aside
    if not moving:
        return f"{many}; none of them moves an estimate.{rest}"
    shifts = [impact.shift for impact in impacts if impact.shift is not None]
    most = f", the largest by {in_se(max(shifts)).lstrip('+')} standard errors" if shifts else ""
    turned = wording.count(len(flips), "turns", "turn") if flips else "none turns"
    move = wording.count(len(moving), "moves", "move")
    return f"{many}: {move} an estimate{most}; {turned} a verdict or certainty.{rest}"


def by_kind(
    compared: Comparison,
) -> tuple[list[ComparisonItem], list[ComparisonItem], list[ComparisonItem]]:
    """Return the disagreements on cells, on whole rows, and on words for people alone."""
    kinds: tuple[list[ComparisonItem], list[ComparisonItem], list[ComparisonItem]] = [], [], []
    for item in items(compared.impacts):
        column = item.found.column
        kinds[2 if column in FREE else 0 if column else 1].append(item)
    return kinds


def claim_texts(compared: Comparison) -> dict[str, str]:
    """Return the text of each claim of A by its id, shortened."""
    return {
        row.claim_id: shorten(row.claim, MOST_CLAIM, placeholder=" …")
        for row in reversed(compared.a.tables.get(ClaimRow))
        if row.claim
    }


def gaps(side: Side, name: str) -> list[str]:
    """Say what a side has not, and so is not compared."""
    told = [
        f"{name} has no {'row in ' if RAW_KINDS[table] in side.tables.kinds() else ''}table {table}"
        for table in side.absent
    ]
    by_table: dict[str, list[str]] = {}
    for table, column in sorted(side.missing):
        by_table.setdefault(table, []).append(column)
    return told + [f"{name} has no {', '.join(c)} in {t}" for t, c in by_table.items()]


def matched_by(compared: Comparison) -> list[tuple[str, int]]:
    """Return by what rows were matched, and how many, the most frequent first."""
    return Counter(match.reason for match in compared.matching.matches).most_common()


def called(compared: Comparison) -> list[tuple[str, str, str, str]]:
    """Return what B calls otherwise, each once: trial, arm or review, its name in B, in A, and why.

    Of an arm the name in A is that of its trial and its own.
    """
    found = []
    for match in compared.matching.matches:
        column = _NAMED.get(match.table)
        if column and column in match.renamed:
            own = [getattr(match.a, c) for c in ("trial_id", column) if hasattr(match.a, c)]
            what, were = column.removesuffix("_id"), match.renamed[column]
            found.append((what, were, " / ".join(dict.fromkeys(own)), match.reason))
    return list(dict.fromkeys(found))


def effect(
    impact: Impact,
    configuration: Configuration,
    write: Write = str,
    claims: Mapping[str, str] = NO_CLAIMS,
) -> str:
    """Say what a disagreement does; empty where that was not tried, and of words for people.

    Names and what comes from the data are written by `write`; `claims` has their texts by id.
    """
    if impact.problem:
        return f"could not be tried: {write(impact.problem)}"
    parts = [f"{in_se(impact.shift).lstrip('+')} SE"] if impact.shift else []
    if impact.shift is None and impact.analyses:
        parts.append("an estimate comes or goes")
    if impact.flips:
        parts.append(f"turns {titles_of_many(impact.flips, configuration, write)}")
    others = [name for name in impact.analyses if name not in impact.flips]
    if others:
        parts.append(
            f"{'also ' * bool(impact.flips)}moves {titles_of_many(others, configuration, write)}"
        )
    for c in impact.claims:
        name = f"“{write(claims[c.claim_id])}”" if c.claim_id in claims else write(c.claim_id)
        parts.append(f"claim {name}: {c.old} → {c.new}")
    told = "; ".join(parts)
    if not told and impact.shift is not None and impact.disagreement.column not in FREE:
        told = "moves no estimate" if impact.asked else "in no analysis"
    return f"{tried_with(impact)}: {told}" if impact.row else told


def what_it_does(
    impact: Impact,
    configuration: Configuration,
    write: Write = str,
    claims: Mapping[str, str] = NO_CLAIMS,
) -> list[str]:
    """Say at more length what a disagreement does, above all to the analysis that it moves most."""
    told = effect(impact, configuration, write, claims)
    if not impact.moves:
        return [told]
    move = impact.moves[0]
    alone = f"{tried_with(impact)}: " if impact.row else ""
    parts = [f"{alone}{write(title_of(move.analysis, configuration))}: {results_pair(move)}"]
    if move.in_se:
        parts.append(f"{in_se(move.in_se)} SE")
    if move.flipped:
        parts.append(conclusion(move))
    old, new = (s and (s.certainty, s.certainty_best) for s in (move.old, move.new))
    if old != new:
        parts.append(f"certainty {certainty_pair(move)}")
    told = told.removeprefix(alone)
    return [
        "; ".join(parts),
        *([f"In all: {told}"] if len(impact.moves) > 1 or impact.claims else []),
    ]


def titles_of_many(
    analyses: Sequence[str], configuration: Configuration, write: Write = str
) -> str:
    """Write titles of analyses, the last of many only counted."""
    titles = [write(title_of(name, configuration)) for name in analyses]
    return first_few(titles, MOST_NAMED, " · ")


def markdown(compared: Comparison, configuration: Configuration) -> str:
    """Return the comparison as Markdown: what matters on the first screen, long lists cut."""
    cells, rows, free = by_kind(compared)
    claims = claim_texts(compared)
    parts = [
        "## Two extractions compared\n",
        f"A is {code(compared.a.name)}, B is {code(compared.b.name)}. {rows_text(compared)}",
        f"{cells_text(compared)}",
        f"{impact_text(compared)}\n",
        *_first(compared, configuration),
        *agreeing.markdown(compared.agreement),
        *_listed("Disagreements", cells, configuration, claims),
        *_listed("Rows that one side alone has", rows, configuration, claims),
        *_listed("Words for people that differ", free, configuration, claims),
        *_matched(compared),
        *_faults(compared),
        "### How to read the figures\n",
        *(f"- {note}" for note in agreeing.NOTES),
    ]
    return "\n".join(parts)


def _first(compared: Comparison, configuration: Configuration) -> list[str]:
    chosen = gravest(compared)
    if not chosen:
        return []
    lines = ["### To talk about first\n"]
    claims = claim_texts(compared)
    for number, (item, others) in enumerate(chosen, 1):
        lines += [
            f"{number}. {_line(item)}{with_it(others)}",
            *(
                f"   {text}"
                for text in what_it_does(item.impact, configuration, markdown_text, claims)
            ),
            f"   {_places(item)}",
        ]
    more = "`--adjudicate FILE` writes a line for each disagreement, for people to decide."
    return [*lines, "", *([f"{PART}\n"] if is_a_batch(compared) else []), f"{more}\n"]


def _line(item: ComparisonItem) -> str:
    found = item.found
    guess = f" ({markdown_text(item.likely)}?)" if item.likely else ""
    if is_row(found):
        return f"{code(about(item))}: {who_has_it(found)}{guess}"
    what = f"{item.rows} rows of {code(found.trial_id)}" if item.rows else code(about(item))
    a, b = (code(cells_in_words(item, side)) for side in "AB")
    return f"{what} {code(found.column)}: A {a}, B {b}{guess}"


def _places(item: ComparisonItem) -> str:
    found = item.found
    places = [code(place) for place in (found.place_a, found.place_b) if place]
    by = (
        f", matched by {markdown_text(found.matched)}"
        if found.matched not in ("", SAME_KEY)
        else ""
    )
    return (", " if item.rows else " and ").join(places) + more_rows(item) + by


def _listed(
    heading: str,
    told: Sequence[ComparisonItem],
    configuration: Configuration,
    claims: Mapping[str, str],
) -> list[str]:
    if not told:
        return []
    lines = []
    for item in told:
        does = effect(item.impact, configuration, markdown_text, claims)
        lines.append(f"- {_line(item)}{f': {does}' if does else ''} ({_places(item)})")
    return [f"### {heading} ({len(told):,})\n", *_cut(lines, MOST), ""]


def _matched(compared: Comparison) -> list[str]:
    lines = [f"- {many:,} by {markdown_text(reason)}" for reason, many in matched_by(compared)]
    if not lines:
        return []
    names = [
        f"- B's {what} {code(were)} is {code(now)}: {markdown_text(why)}"
        for what, were, now, why in called(compared)
    ]
    return ["### How rows were matched\n", *_cut(lines, FEW), *_cut(names, FEW), ""]


def _faults(compared: Comparison) -> list[str]:
    lines: list[str] = []
    for name, side in (("A", compared.a), ("B", compared.b)):
        lines += [f"- {markdown_text(gap)}: not compared" for gap in gaps(side, name)]
        lines += _cut([f"- {name}: {code(str(fault), 200)}" for fault in side.problems], FEW)
    return ["### Faults\n", *lines, ""] if lines else []


def _cut(lines: Sequence[str], most: int) -> list[str]:
    left = len(lines) - most
    return [*lines[:most], *([f"- and {left:,} more: {ALL}"] if left > 0 else [])]
