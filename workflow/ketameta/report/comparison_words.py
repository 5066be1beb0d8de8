"""Two extractions compared, in words: sentences, Markdown for a terminal, JSON.

Cells and names come from the data and may hold anything: in Markdown they stand as code.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from ketameta.configuration import Configuration
from ketameta.evidence.rows import place_of
from ketameta.extraction.cells import FREE
from ketameta.extraction.records import (
    SAME_KEY,
    Comparison,
    Disagreement,
    Impact,
    Side,
    beside,
)
from ketameta.report import agreement_words as agreeing
from ketameta.report import wording
from ketameta.report.change_words import (
    certainty_pair,
    code,
    conclusion,
    in_se,
    plain,
    results_pair,
    title_of,
)

# how a name is written where it comes from the data
Write = Callable[[str], str]
# what JSON has of a result
_RESULT = (
    *("measure", "k", "estimate", "ci_low", "ci_high", "estimate_log", "se", "tau2"),
    *("certainty", "certainty_best", "verdict"),
)
FIRST, MOST, FEW, MOST_NAMED = 5, 30, 10, 3
PART = (
    "B holds less than half of A's rows: those that only A has stand below, and not here. Was it "
    "to read a sample of the trials, --sample leaves the others out; is it a batch of more rows, "
    "--batch leaves out all that only A has."
)
# the tables of what others belong to, and the column that names it
_NAMED = {"trials": "trial_id", "arms": "arm_id", "published": "review_id"}
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
        f"Of {wording.count(line.cells.n, 'cell')} that both filled {agreeing.share(line)} say the "
        f"same (95% interval {agreeing.share_interval(line)}){more}."
    )


def impact_text(compared: Comparison) -> str:
    """Say how many disagreements there are and what they do."""
    impacts = [i for i in compared.impacts if i.disagreement.column not in FREE]
    free = len(compared.impacts) - len(impacts)
    differ = wording.count(
        free, "cell that people alone read differs", "cells that people alone read differ"
    )
    aside = f" {differ} too." if free else ""
    if not impacts:
        return f"They disagree on nothing.{aside}"
    many = wording.count(len(impacts), "disagreement")
    if rows := sum(is_row(impact.disagreement) for impact in impacts):
        share = "all" if rows == len(impacts) else f"{rows:,}"
        many += f" ({share} of rows, arms or trials that one alone has)"
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


def by_kind(compared: Comparison) -> tuple[list[Impact], list[Impact], list[Impact]]:
    """Return the disagreements on cells, on whole rows, and on words for people alone."""
    kinds: tuple[list[Impact], list[Impact], list[Impact]] = [], [], []
    for impact in compared.impacts:
        column = impact.disagreement.column
        kinds[2 if column in FREE else 0 if column else 1].append(impact)
    return kinds


def gaps(side: Side, name: str) -> list[str]:
    """Say what a side has not, and so is not compared."""
    told = [
        f"{name} has no {'row in ' if table in side.tables else ''}table {table}"
        for table in side.absent
    ]
    by_table: dict[str, list[str]] = {}
    for table, column in sorted(side.missing):
        by_table.setdefault(table, []).append(column)
    return told + [f"{name} has no {', '.join(c)} in {t}" for t, c in by_table.items()]


def reasons(compared: Comparison) -> list[tuple[str, int]]:
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
            own = [str(match.a[c]) for c in ("trial_id", column) if c in match.a]
            what, were = column.removesuffix("_id"), match.renamed[column]
            found.append((what, were, " / ".join(dict.fromkeys(own)), match.reason))
    return list(dict.fromkeys(found))


def first(compared: Comparison) -> list[tuple[Impact, int]]:
    """Return the gravest that move anything, and how many more cells are of the same edit.

    Numbers that are exchanged are one edit of several cells, which stands here once, and so do
    cells that were tried with their row. Rows that only
    A has are left out where B is a `part`.
    """
    if not compared.tried:
        return []
    by_edit: dict[str, list[Impact]] = {}
    for impact in compared.impacts:
        found = impact.disagreement
        if impact.analyses and not (is_row(found) and found.a and part(compared)):
            by_edit.setdefault(impact.row or found.edit.name, []).append(impact)
    groups = list(by_edit.values())[:FIRST]
    # that a cell goes with its row is said with what it does
    return [(group[0], 0 if group[0].row else len(group) - 1) for group in groups]


def part(compared: Comparison) -> bool:
    """Say whether B holds less than half of A's rows: a batch of its own, not all read again."""
    return len(compared.matching.only_a) > len(compared.matching.matches)


def is_row(disagreement: Disagreement) -> bool:
    """Say whether it is of a whole row, arm or trial that one side alone has."""
    return not disagreement.column


def about(disagreement: Disagreement) -> str:
    """Return what a disagreement is about: the row, or the trial or arm that one side has."""
    if is_row(disagreement):
        name = disagreement.edit.name.removesuffix(" removed").removesuffix(" added")
        return f"{name} [{disagreement.apart}]" if disagreement.apart else name
    return f"{disagreement.table} / {disagreement.named}"


def said(disagreement: Disagreement) -> str:
    """Say of a whole row, arm or trial who has it."""
    return f"only {'A' if disagreement.a else 'B'} has it"


def with_it(others: int) -> str:
    """Say that more cells belong to the same edit."""
    return f", with {wording.count(others, 'more cell')}" if others else ""


def effect(impact: Impact, configuration: Configuration, write: Write = str) -> str:
    """Say what a disagreement does; empty where it does nothing.

    Names and what comes from the data are written by `write`.
    """
    if impact.problem:
        return f"could not be tried: {write(impact.problem)}"
    parts = [f"{in_se(impact.shift).lstrip('+')} SE"] if impact.shift else []
    if impact.shift is None and impact.analyses:
        parts.append("an estimate comes or goes")
    if impact.flips:
        parts.append(f"turns {named(impact.flips, configuration, write)}")
    others = [name for name in impact.analyses if name not in impact.flips]
    if others:
        parts.append(f"{'also ' * bool(impact.flips)}moves {named(others, configuration, write)}")
    parts += [f"claim {write(c.claim_id)}: {c.old} → {c.new}" for c in impact.claims]
    told = "; ".join(parts)
    return f"{beside(impact)}: {told or 'moves nothing'}" if impact.row else told


def effects(impact: Impact, configuration: Configuration, write: Write = str) -> list[str]:
    """Say at more length what a disagreement does, above all to the analysis that it moves most."""
    told = effect(impact, configuration, write)
    if not impact.moves:
        return [told]
    move = impact.moves[0]
    alone = f"{beside(impact)}: " if impact.row else ""
    parts = [f"{alone}{write(title_of(move.analysis, configuration))}: {results_pair(move)}"]
    if move.in_se:
        parts.append(f"{in_se(move.in_se)} SE")
    if move.flipped:
        parts.append(conclusion(move))
    old, new = (s and (s["certainty"], s["certainty_best"]) for s in (move.old, move.new))
    if old != new:
        parts.append(f"certainty {certainty_pair(move)}")
    told = told.removeprefix(alone)
    return ["; ".join(parts), *([f"In all: {told}"] if len(impact.moves) > 1 else [])]


def named(analyses: Sequence[str], configuration: Configuration, write: Write = str) -> str:
    """Write titles of analyses, the last of many only counted."""
    titles = [write(title_of(name, configuration)) for name in analyses[:MOST_NAMED]]
    more = len(analyses) - MOST_NAMED
    return " · ".join(titles) + (f" and {more} more" if more > 0 else "")


def markdown(compared: Comparison, configuration: Configuration) -> str:
    """Return the comparison as Markdown: what matters on the first screen, long lists cut."""
    cells, rows, free = by_kind(compared)
    parts = [
        "## Two extractions compared\n",
        f"A is {code(compared.a.name)}, B is {code(compared.b.name)}. {rows_text(compared)}",
        f"{cells_text(compared)}",
        f"{impact_text(compared)}\n",
        *_first(compared, configuration),
        *agreeing.markdown(compared.agreement),
        *_listed("Disagreements", cells, configuration),
        *_listed("Rows that one side alone has", rows, configuration),
        *_listed("Words for people that differ", free, configuration),
        *_matched(compared),
        *_faults(compared),
        "### How to read the figures\n",
        *(f"- {note}" for note in agreeing.NOTES),
    ]
    return "\n".join(parts)


def _first(compared: Comparison, configuration: Configuration) -> list[str]:
    chosen = first(compared)
    if not chosen:
        return []
    lines = ["### To talk about first\n"]
    for number, (impact, others) in enumerate(chosen, 1):
        found = impact.disagreement
        lines += [
            f"{number}. {_line(found)}{with_it(others)}",
            *(f"   {text}" for text in effects(impact, configuration, plain)),
            f"   {_places(found)}",
        ]
    more = "`--adjudicate FILE` writes a line for each disagreement, for people to decide."
    return [*lines, "", *([f"{PART}\n"] if part(compared) else []), f"{more}\n"]


def _line(found: Disagreement) -> str:
    guess = f" ({plain(found.likely)}?)" if found.likely else ""
    if is_row(found):
        return f"{code(about(found))}: {said(found)}{guess}"
    values = f"A {code(found.a)}, B {code(found.b)}"
    return f"{code(about(found))} {code(found.column)}: {values}{guess}"


def _places(found: Disagreement) -> str:
    places = [code(place) for place in (found.place_a, found.place_b) if place]
    by = f", matched by {plain(found.matched)}" if found.matched not in ("", SAME_KEY) else ""
    return " and ".join(places) + by


def _listed(heading: str, impacts: Sequence[Impact], configuration: Configuration) -> list[str]:
    if not impacts:
        return []
    lines = []
    for impact in impacts:
        told = effect(impact, configuration, plain)
        what = f": {told}" if told else ""
        lines.append(f"- {_line(impact.disagreement)}{what} ({_places(impact.disagreement)})")
    return [f"### {heading} ({len(impacts):,})\n", *_cut(lines, MOST), ""]


def _matched(compared: Comparison) -> list[str]:
    lines = [f"- {many:,} by {plain(reason)}" for reason, many in reasons(compared)]
    if not lines:
        return []
    names = [
        f"- B's {what} {code(were)} is {code(now)}: {plain(why)}"
        for what, were, now, why in called(compared)
    ]
    return ["### How rows were matched\n", *_cut(lines, FEW), *_cut(names, FEW), ""]


def _faults(compared: Comparison) -> list[str]:
    lines: list[str] = []
    for name, side in (("A", compared.a), ("B", compared.b)):
        lines += [f"- {plain(gap)}: not compared" for gap in gaps(side, name)]
        lines += _cut([f"- {name}: {code(str(fault), 200)}" for fault in side.problems], FEW)
    return ["### Faults\n", *lines, ""] if lines else []


def _cut(lines: Sequence[str], most: int) -> list[str]:
    left = len(lines) - most
    return [*lines[:most], *([f"- and {left:,} more: {ALL}"] if left > 0 else [])]


def as_json(compared: Comparison) -> dict[str, Any]:
    """Return everything with every digit, ready for JSON."""
    matching = compared.matching
    return {
        "a": _side(compared.a),
        "b": _side(compared.b),
        "tried": compared.tried,
        "matched": [
            {
                "table": match.table,
                "a": place_of(match.a),
                "b": place_of(match.b),
                "reason": match.reason,
                "renamed": dict(match.renamed),
            }
            for match in matching.matches
        ],
        "only_a": [{"table": table, "place": place_of(row)} for table, row in matching.only_a],
        "only_b": [{"table": table, "place": place_of(row)} for table, row in matching.only_b],
        "agreement": [
            {name: value for name, value in asdict(line).items() if name != "pairs"}
            for line in compared.agreement
        ],
        "disagreements": [_impact(impact) for impact in compared.impacts],
    }


def _side(side: Side) -> dict[str, Any]:
    return {
        "name": side.name,
        "problems": [asdict(problem) for problem in side.problems],
        "absent": list(side.absent),
        "missing": [list(column) for column in sorted(side.missing)],
    }


def _impact(impact: Impact) -> dict[str, Any]:
    found = impact.disagreement
    names = ("table", "trial_id", "row", "column", "a", "b", "place_a", "place_b")
    return {
        "id": found.id,
        **{name: getattr(found, name) for name in (*names, "apart", "matched", "likely")},
        "edit": found.edit.name,
        "analyses": list(impact.analyses),
        "shift": impact.shift,
        "flips": list(impact.flips),
        "moves": [
            {
                "analysis": move.analysis,
                "shift": move.shift,
                "in_se": move.in_se,
                "flipped": move.flipped,
                **{side: _result(getattr(move, side)) for side in ("old", "new")},
            }
            for move in impact.moves
        ],
        "claims": [asdict(claim) for claim in impact.claims],
        "with": beside(impact),
        "problem": impact.problem,
    }


def _result(record: dict[str, Any] | None) -> dict[str, Any] | None:
    return record and {name: record[name] for name in _RESULT}
