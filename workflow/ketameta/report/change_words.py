"""A change between two versions in words: sentences, Markdown for a pull request, JSON.

Cells and names come from the data and may hold anything: in Markdown they stand as code, where
nothing is a link, a picture, a mention or a tag.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ketameta.configuration import Configuration
from ketameta.evidence.changes import Cause, Change, ClaimMove, Move, differs
from ketameta.evidence.rated import RecordedResult
from ketameta.evidence.releases import SinceRelease
from ketameta.evidence.rows import RowChange
from ketameta.report import wording, wording_certainty
from ketameta.report.change_counts import change_tally
from ketameta.tables.problems import escaped

# a comment on a pull request holds 65,536 characters
MOST_TEXT = 60_000
MOST_ROWS, MOST_CAUSES, MOST_CELL, MOST_FILES = 150, 12, 120, 20


def title_of(name: str, configuration: Configuration) -> str:
    """Return the title of an analysis; its name where it is in the configuration no more."""
    asked = configuration.asked([name])
    return asked[name].display.title if name in asked.names else name


def result(record: RecordedResult | None) -> str:
    """Write an estimate with its interval, or what stands in its place."""
    if record is None:
        return "not there"
    if record.k == 0:
        return "no trial"
    if record.estimate is None:
        return f"{wording.count(record.k, 'trial')}, not pooled"
    measure = record.measure
    text = wording.estimate_interval(measure, record)
    return f"{measure} {text}" if not wording.unit_sign(measure) else f"{text} %"


def tau2(record: RecordedResult | None) -> str:
    """Write tau² with three digits that count."""
    value = record.tau2 if record else None
    return "–" if value is None else f"{value:.3g}".replace("-", wording.MINUS)


def pair(old: Any, new: Any) -> str:
    """Write ``13 → 14``, or the one value where both are the same."""
    return str(new) if old == new else f"{old} → {new}"


def results_pair(move: Move) -> str:
    """Write both results, with more digits than usual where rounding would hide the move."""
    old, new = result(move.old), result(move.new)
    if old != new:
        return f"{old} → {new}"
    values = [r.estimate for r in (move.old, move.new) if r]
    if len(values) < 2 or None in values or values[0] == values[1]:
        return old
    return f"{old}, a move smaller than the digits shown"


def counts_pair(move: Move) -> str:
    """Write the number of trials before and after."""
    return pair(*("–" if r is None else r.k for r in (move.old, move.new)))


def tau2_pair(move: Move) -> str:
    """Write tau² before and after."""
    return pair(tau2(move.old), tau2(move.new))


def verdict_pair(move: Move) -> str:
    """Write the verdict before and after."""
    return pair(*("not there" if r is None else r.verdict for r in (move.old, move.new)))


def certainty_pair(move: Move) -> str:
    """Write the certainty before and after; records of older versions have none."""
    return pair(*(_certainty(record) for record in (move.old, move.new)))


def _certainty(record: RecordedResult | None) -> str:
    if record is None:
        return "not there"
    if record.certainty is None:
        return "not recorded"
    return wording_certainty.words(record.certainty, record.certainty_best)


def on_one_side(move: Move) -> str:
    """Say what an analysis gives that stands on one side only."""
    record = move.new or move.old
    assert record is not None
    words = [result(record), record.verdict or "", f"certainty {_certainty(record)}"]
    return "; ".join([*words, *([conclusion(move)] * move.flipped)])


def alone(moves: Sequence[Move]) -> list[tuple[str, list[Move]]]:
    """Return the analyses of one side only under their headings: new ones, and those that went."""
    groups = {
        "New analyses": [move for move in moves if move.old is None],
        "Analyses that are there no more": [move for move in moves if move.new is None],
    }
    return [(heading, found) for heading, found in groups.items() if found]


def in_se(value: float | None) -> str:
    """Write a move in standard errors, signed."""
    if value is None:
        return "–"
    sign = "+" if value > 0 else wording.MINUS if value < 0 else ""
    size = abs(value)
    return sign + (f"{size:.2f}" if size >= 0.005 or not size else f"{size:.1g}")


def conclusion(move: Move) -> str:
    """Say whether the interval's place beside no effect changed."""
    words = {
        "above": "interval above no effect",
        "below": "interval below no effect",
        "around": "interval on both sides of no effect",
        None: "no interval",
    }
    if not move.flipped:
        return "unchanged" if move.before == move.after else words[move.after]
    return f"flipped: {words[move.before]} → {words[move.after]}"


def change_summary(change: Change) -> str:
    """Say in a sentence what changed."""
    told = [move for move in change.moves if move.moved or move.alone]
    if not change.rows and not told and not change.claims and not change.code:
        return "The data, the estimates and their certainty are the same."
    kinds = [
        f"{sum(row.kind == kind for row in change.rows)} {kind}"
        for kind in ("added", "removed", "edited")
    ]
    rows = f"{wording.count(len(change.rows), 'row')} of data changed ({', '.join(kinds)})"
    if not change.rows:
        rows = "No row of data changed"
    if change.code:
        rows += f"; code changed ({wording.count(len(change.code.files), 'file')})"
    return f"{rows}; {change_tally(change.moves, change.claims)}."


def code_text(change: Change) -> str:
    """Say that the code changed, and whether what that moves is told; `code_files` names it."""
    code = change.code
    if code is None:
        return ""
    many = f" The first {MOST_FILES} of {len(code.files)} files:" * (len(code.files) > MOST_FILES)
    if code.problem:
        return f"Code changed; {code.problem}.{many}"
    return f"Code changed, and each version is pooled by its own.{many}"


def code_files(change: Change) -> tuple[str, ...]:
    """Name the files of the code that changed, the first of them where there are many."""
    return change.code.files[:MOST_FILES] if change.code else ()


def code_whole(change: Change, configuration: Configuration) -> str:
    """Say what the code alone moves, edits and questions aside; `code_parts` has the rest."""
    if change.code is None or change.code.problem:
        return ""
    moved = [move for move in change.moves if move.code]
    whole = [
        title_of(move.analysis, configuration)
        for move in moved
        if move.code and not differs(move.code.new, move.new)
    ]
    if not moved:
        return "That change alone, on the data of before, moves no estimate or certainty."
    if not whole:
        return "That change alone, on the data of before, makes a part of these moves:"
    what = wording.count(len(whole), "analysis", "analyses")
    rest = "; and a part of these:" if len(whole) < len(moved) else "."
    return f"It makes the whole move of {what} ({'; '.join(whole)}){rest}"


def code_parts(change: Change) -> list[tuple[str, str, bool]]:
    """Say what the code alone does where that is a part of a move: name, words, whether a flip."""
    told = []
    for move in change.moves:
        part = move.code
        if part is None or not differs(part.new, move.new):
            continue
        words = [results_pair(part), f"{in_se(part.in_se)} SE" if part.in_se else ""]
        if certainty_pair(part) != _certainty(part.old):
            words.append(f"certainty {certainty_pair(part)}")
        words.append(conclusion(part) if part.flipped else "")
        told.append((part.analysis, ", ".join(filter(None, words)), part.flipped))
    return told


def claim_pair(move: ClaimMove) -> str:
    """Write the verdict on a claim before and after, and whether the trials changed sides."""
    return ("flipped: " if move.flipped else "") + pair(move.old, move.new)


def _bold(text: str, strong: bool) -> str:
    return f"**{text}**" if strong else text


def data_changes(since: SinceRelease) -> str:
    """Say what changed of the data since a release, in a clause."""
    parts = [
        f"{wording.count(len(names), 'trial')} {kind}"
        for kind, names in (
            ("added", since.added), ("removed", since.removed), ("edited", since.edited),
        )
        if names
    ]  # fmt: skip
    if not parts:
        return "other tables were edited" if since.other_data else "the data are the same"
    return ", ".join(parts)


def since_summary(since: SinceRelease) -> str:
    """Say in a sentence or two what changed since a release."""
    data = data_changes(since)
    moved = change_tally(since.moves, since.claims)
    return f"Since the release of {since.release.name}: {data}; {moved}."


def cause_text(cause: Cause, measure: str) -> str:
    """Say what one edit alone does to an estimate."""
    if cause.problem:
        return f"alone not possible ({cause.problem})"
    value = wording.quantity(measure, cause.estimate) + wording.unit_sign(measure)
    trials = wording.count(cause.k or 0, "trial")
    if cause.estimate is None:
        return f"alone leaves no estimate ({trials})"
    move = f", {in_se(cause.in_se)} SE" if cause.in_se is not None else ""
    return f"alone gives {value}{move} ({trials})"


def code(text: str, most: int = MOST_CELL) -> str:
    """Write text as code of Markdown, whatever it holds: one line, cut, no way out."""
    plain = " ".join(escaped(text[: most + 1]).split()).replace("`", "'").replace("|", "¦")
    if len(plain) > most:
        plain = plain[: most - 1] + "…"
    return f"`{plain}`" if plain else "*empty*"


def markdown(change: Change, configuration: Configuration) -> str:
    """Return the change as Markdown that fits a comment or a job summary."""
    moved = [move for move in change.moves if move.moved]
    parts = [
        "## What changed\n",
        f"{change_summary(change)} From {code(change.old)} to {code(change.new)}.\n",
    ]
    if moved:
        parts += _table(moved, configuration)
    if change.code:
        parts += _code(change, configuration)
    if moved:
        parts += _causes(moved, configuration)
    for heading, found in alone(change.moves):
        titles = [(markdown_text(title_of(m.analysis, configuration)), m) for m in found]
        told = [f"- {title}: {_bold(on_one_side(m), m.flipped)}" for title, m in titles]
        parts += [f"### {heading}\n", *told, ""]
    if change.claims:
        told = [f"- {code(c.claim_id)}: {_bold(claim_pair(c), c.flipped)}" for c in change.claims]
        parts += ["### Claims\n", *told, ""]
    parts += _rows(change.rows)
    if change.notes:
        parts += ["### Notes\n", *(f"- {markdown_text(note)}" for note in change.notes), ""]
    text = "\n".join(parts)
    if len(text) <= MOST_TEXT:
        return text
    cut = text[:MOST_TEXT].rpartition("\n")[0]
    return f"{cut}\n\n*Cut here: `ketameta diff --json` has all.*\n"


def markdown_text(text: str) -> str:
    """Write words of the data or the configuration so that Markdown takes none for a mark.

    An underscore inside a word is none.
    """
    marks = r"([\\`*{}\[\]<>#|~@!]|(?<![^\W_])_|_(?![^\W_]))"
    return re.sub(marks, r"\\\1", " ".join(escaped(text).split()))


def _table(moved: Sequence[Move], configuration: Configuration) -> list[str]:
    lines = [
        "### Estimates\n",
        "| analysis | estimate [interval] | trials | τ² | move in SE | verdict | certainty "
        "| conclusion |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for move in moved:
        mark = _bold(conclusion(move), move.flipped)
        cells = (
            markdown_text(title_of(move.analysis, configuration)),
            results_pair(move),
            counts_pair(move),
            tau2_pair(move),
            in_se(move.in_se),
            verdict_pair(move),
            certainty_pair(move),
            mark,
        )
        lines.append("| " + " | ".join(cells) + " |")
    return [*lines, ""]


def _code(change: Change, configuration: Configuration) -> list[str]:
    lines = ["### Code\n", f"{markdown_text(code_text(change))}\n"]
    lines += [f"- {code(file)}" for file in code_files(change)]
    if whole := code_whole(change, configuration):
        lines += ["", f"{markdown_text(whole)}\n"]
    lines += [
        f"- {markdown_text(title_of(name, configuration))}: {_bold(words, flipped)}"
        for name, words, flipped in code_parts(change)
    ]
    return [*lines, ""]


def _causes(moved: Sequence[Move], configuration: Configuration) -> list[str]:
    lines: list[str] = []
    for move in moved:
        if not move.causes:
            continue
        record = move.new or move.old
        assert record is not None
        lines.append(f"- {markdown_text(title_of(move.analysis, configuration))}")
        for cause in move.causes[:MOST_CAUSES]:
            lines.append(f"  - {code(cause.edit)} {cause_text(cause, record.measure)}")
        if len(move.causes) > MOST_CAUSES:
            lines.append(f"  - and {len(move.causes) - MOST_CAUSES} smaller ones")
        if (rest := together_text(move)) != "":
            lines.append(f"  - {rest}")
    return ["### Which edit moved which estimate\n", *lines, ""] if lines else []


def together_text(move: Move) -> str:
    """Say what the edits do together beyond the sum of each alone; empty where it is nothing."""
    if not move.together or len(move.causes) < 2 or not move.old or not move.old.se:
        return ""
    beyond = move.together / move.old.se
    return f"together beyond their sum: {in_se(beyond)} SE" if abs(beyond) >= 0.005 else ""


def _rows(rows: Sequence[RowChange]) -> list[str]:
    if not rows:
        return []
    lines = ["### Rows\n"]
    for row in rows[:MOST_ROWS]:
        if row.kind == "edited":
            cells = "; ".join(f"{c.column} {code(c.old)} → {code(c.new)}" for c in row.cells)
            lines.append(f"- edited {code(row.place)} {code(row.name)}: {cells}")
        else:
            lines.append(f"- {row.kind} {code(row.place)} {code(row.name)}")
    if len(rows) > MOST_ROWS:
        lines.append(f"- and {len(rows) - MOST_ROWS:,} more")
    return [*lines, ""]
