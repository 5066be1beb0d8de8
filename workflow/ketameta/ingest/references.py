"""Checks between rows: keys, references and circles.

A row that could not be read, or whose key is at fault, may be the one that another row refers to.
Such a doubtful row excuses the one missing key that is most like it: its own fault is told, and
the rows that refer to it are not faults of their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from ketameta.ingest.sheet import NO_ROWS, Entry, Sheet
from ketameta.tables.columns import Column
from ketameta.tables.problems import WARNING, also, shown
from ketameta.vocabulary import nearest

Key = tuple[str, ...]
Use = tuple[Sheet, Entry, str]

# so many unknown keys are told with their neighbours; finding these takes time
_MOST_KEYS = 100
_MOST_MATES = 2_000
_ALIKE = 0.6
_MOST_COLUMNS = 3
_CELLS = re.compile(r'[",;\t\r\n]')


@dataclass(frozen=True)
class _Doubt:
    """A row that may be the home of a missing key.

    Of its key ``start`` and ``end`` are certain; ``text`` is what stands for the rest. ``cells``
    are all that is left of a row that could not be taken apart.
    """

    start: Key = ()
    end: Key = ()
    text: str = ""
    cells: frozenset[str] = frozenset()

    def likeness(self, key: Key) -> float:
        """Return how likely the row is the key's, from 0 to 1."""
        if key[: len(self.start)] != self.start or key[len(key) - len(self.end) :] != self.end:
            return 0.0
        if self.cells:
            return float(self.cells.issuperset(key))
        if not self.text:
            return _ALIKE
        rest = " ".join(key[len(self.start) : len(key) - len(self.end)])
        likeness = SequenceMatcher(None, rest, self.text).ratio()
        # an arm of the trial that is asked for: any of its names may be meant
        return max(likeness, _ALIKE) if self.start else likeness


@dataclass(frozen=True)
class _Target:
    """A table that others refer to: the keys of its rows, and its doubtful rows."""

    sheet: Sheet
    fields: Key
    keys: dict[Key, Entry]
    doubts: list[_Doubt]


def check_between_rows(sheets: dict[str, Sheet]) -> None:
    """Add every fault of keys, references and circles. Tables without rows to trust are left out.

    ``sheets`` are the tables that could be read, in the order in which they refer to each other.
    """
    for sheet in sheets.values():
        _duplicates(sheet)
    lost: set[Key] = set()
    for name, sheet in sheets.items():
        columns = [
            (user, column)
            for user in sheets.values()
            for column in user.schema.columns
            if column.references.partition(".")[0] == name and column.name not in user.missing
        ]
        fields = sheet.schema.key
        if columns and sheet.whole and not set(fields) & sheet.missing:
            lost |= _references(_target(sheet, fields, lost), columns, lost)
    if "trials" in sheets:
        _circles(sheets["trials"], "part_of", "part of")
        if "arms" in sheets:
            _trials_without_arms(sheets["trials"], sheets["arms"], lost)
    if "arms" in sheets:
        _circles(sheets["arms"], "pooled_arms", "pooled from")
    if "claims" in sheets:
        _parts_of_claims(sheets["claims"])


def _parts_of_claims(sheet: Sheet) -> None:
    """Fault the rows of one claim that say otherwise of what all its parts have in common."""
    first: dict[str, Entry] = {}
    for entry in sheet.entries:
        known = first.setdefault(entry["claim_id"] or "", entry)
        if entry["part"] != known["part"] and not (entry["part"] and known["part"]):
            unnamed = entry if known["part"] else known
            sheet.fault(unnamed, "part", "is empty; a claim of several rows says a part in each")
        for name in ("claim", "kind", "section", "headline", "article"):
            if entry["part"] != known["part"] and entry[name] != known[name]:
                message = f"another row of this claim (line {known.line}) says otherwise"
                sheet.fault(entry, name, message)


def _duplicates(sheet: Sheet) -> None:
    """Fault repeated keys; where rows have no key, rows repeated in every cell."""
    schema = sheet.schema
    there = [c.name for c in schema.columns if not (c.optional and c.name in sheet.missing)]
    columns = tuple(n for n in schema.key if n in there) or tuple(there)
    if not sheet.whole or set(columns) & sheet.missing:
        return
    seen: dict[Key, tuple[Key, Entry]] = {}
    for entry in sheet.entries:
        if entry.bad & set(columns):
            continue
        key = tuple(str(entry[name]) for name in columns)
        # names of pages and files come from keys: on some disks case makes no difference
        spelling = tuple(part.lower() for part in key) if schema.key else key
        first, known = seen.setdefault(spelling, (key, entry))
        if known is not entry:
            what = " and ".join(columns) if schema.key else "every cell"
            case = "" if first == key else ", upper and lower case apart"
            column = columns[-1] if schema.key else ""
            message = f"the row repeats line {known.line} in {what}{case}{_other(entry, known)}"
            sheet.fault(entry, column, message)
            entry.bad.discard(column)  # the key is known all the same


def _other(entry: Entry, known: Entry) -> str:
    """Say what a repeated row says otherwise: the first columns that both fill."""
    names = [n for n in entry.entered if None not in (entry[n], known[n]) and entry[n] != known[n]]
    said = [f"{n} {shown(entry.entered[n])} here, {shown(known.entered[n])} there" for n in names]
    return f"; {'; '.join(said[:_MOST_COLUMNS])}" if said else ""


def _target(sheet: Sheet, fields: Key, lost: set[Key]) -> _Target:
    keys: dict[Key, Entry] = {}
    doubts = [_Doubt(cells=frozenset(c.strip() for c in _CELLS.split(t))) for t in sheet.broken]
    for entry in sheet.entries:
        key = tuple(entry[name] for name in fields)
        typed = [entry.entered.get(name, "") for name in fields]
        if None not in key:
            keys.setdefault(key, entry)
            if len(key) == 2 and key[:1] in lost:  # an arm of a trial that may be another
                doubts.append(_Doubt(end=key[1:], text=typed[0]))
        elif key[0] is not None:
            doubts.append(_Doubt(start=key[:1], text=typed[-1]))
        else:
            doubts.append(_Doubt(end=tuple(part for part in key[1:] if part), text=typed[0]))
    return _Target(sheet, fields, keys, doubts)


def _references(target: _Target, columns: list[tuple[Sheet, Column]], lost: set[Key]) -> set[Key]:
    """Fault every key that is referred to and missing, once; return those keys."""
    uses: dict[Key, list[Use]] = {}
    for user, column in columns:
        if (user.schema.name, (column.name,)) == (target.sheet.schema.name, target.fields):
            continue
        for entry in user.entries:
            for key in _keys(entry, column, len(target.fields)):
                if key not in target.keys and not _told(key, target, lost):
                    uses.setdefault(key, []).append((user, entry, column.name))
    if uses and not target.keys and not target.doubts:
        _empty_target(target.sheet, uses)
        return set(uses)
    missing = set(uses)
    _excuse(uses, target)
    for count, (key, places) in enumerate(uses.items()):
        _tell(target, key, places, count < _MOST_KEYS)
    return missing


def _keys(entry: Entry, column: Column, fields: int) -> Iterator[Key]:
    if entry[column.name] is None or (fields == 2 and entry["trial_id"] is None):
        return
    for value in entry[column.name].split(";"):
        yield (entry["trial_id"], value) if fields == 2 else (value,)


def _told(key: Key, target: _Target, lost: set[Key]) -> bool:
    """Say whether the fault is that the trial is unknown, which is told elsewhere."""
    return len(key) == 2 and key[:1] in lost and not any(k[0] == key[0] for k in target.keys)


def _excuse(uses: dict[Key, list[Use]], target: _Target) -> None:
    """Take away the missing keys that a doubtful row is likely the home of."""
    for doubt in target.doubts[:_MOST_KEYS]:
        ranked = [(doubt.likeness(key), len(uses[key]), key) for key in list(uses)[:_MOST_KEYS]]
        likely = sorted((entry for entry in ranked if entry[0] >= _ALIKE), reverse=True)
        for _, _, key in likely if doubt.cells else likely[:1]:
            del uses[key]


def _tell(target: _Target, key: Key, places: list[Use], with_hint: bool) -> None:
    user, entry, column = places[0]
    close = nearest(key[-1], _mates(target, key)) if with_hint else []
    hint = f"; nearest: {', '.join(close)}" if close else ""
    name = target.sheet.schema.name
    where = f" for trial {key[0]}" if len(key) == 2 else ""
    others = [(other.file, row.line) for other, row, _ in places[1:]]
    message = f"{shown(key[-1])} is not in table {name}{where}{hint}{also(others, user.file)}"
    user.fault(entry, column, message)


def _mates(target: _Target, key: Key) -> list[str]:
    mates = [known[-1] for known in target.keys if known[:-1] == key[:-1]]
    return mates[:_MOST_MATES]


def _empty_target(sheet: Sheet, uses: dict[Key, list[Use]]) -> None:
    user, entry, _ = next(iter(uses.values()))[0]
    at = f"{user.file.rpartition('/')[2]}:{entry.line}"
    sheet.problems = [p for p in sheet.problems if p.message != NO_ROWS]
    top = Entry(sheet.file, 1, {}, {})
    sheet.fault(top, "", f"{NO_ROWS}, but others refer to it (first {at})")


def _circles(sheet: Sheet, column: str, verb: str) -> None:
    """Fault every circle of reports (or of arms in a trial), once, on its first row."""
    key = sheet.schema.key
    if column in sheet.missing or set(key) & sheet.missing:
        return
    rows = {tuple(e[name] for name in key): e for e in sheet.entries}
    parents = {
        k: [(*k[:-1], value) for value in (e[column] or "").split(";")] for k, e in rows.items()
    }
    done: set[Key] = set()
    for start in parents:
        path: dict[Key, None] = {}  # from start to where we are
        todo = [(start, False)]
        while todo:
            node, leave = todo.pop()
            if leave:
                done.add(path.popitem()[0])
            elif node in path:
                nodes = list(path)
                _tell_circle(sheet, column, verb, [rows[k] for k in nodes[nodes.index(node) :]])
            elif node in parents and node not in done:
                path[node] = None
                todo.append((node, True))
                todo += [(parent, False) for parent in parents[node]]


def _tell_circle(sheet: Sheet, column: str, verb: str, circle: list[Entry]) -> None:
    first = min(range(len(circle)), key=lambda i: circle[i].line)
    names = [entry[sheet.schema.key[-1]] for entry in circle[first:] + circle[:first]]
    if len(names) == 1:
        message = f"{names[0]} is {verb} itself"
    else:
        message = "a circle: " + f" is {verb} ".join([*names[:8], *(["…"] if names[8:] else [])])
        message += f" is {verb} {names[0]}"
    sheet.fault(circle[first], column, message)


def _trials_without_arms(trials: Sheet, arms: Sheet, lost: set[Key]) -> None:
    """Warn of trials that no arm names, where every arm could be read."""
    if "trial_id" in arms.missing | trials.missing or arms.broken or not arms.whole or lost:
        return
    if any(entry["trial_id"] is None for entry in arms.entries):
        return
    with_arms = {entry["trial_id"].lower() for entry in arms.entries}
    for entry in trials.entries:
        if entry["trial_id"] is not None and entry["trial_id"].lower() not in with_arms:
            trials.fault(entry, "trial_id", "the trial has no row in table arms", WARNING)
