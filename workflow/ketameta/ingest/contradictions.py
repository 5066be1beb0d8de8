"""Rows of one table that are one fact, and say different things of it.

Rows are the same fact where all that names it is the same: trial, arms, outcome, scale, definition,
hour, analysis set (of a contrast also measure and model), and whether a flag keeps them for untimed
analyses. Subgroups are told apart by their notes, and so are rows without an hour. Rows that a flag
keeps out of every pool are not compared. What differs beside that (note, source, locator) does not
make another fact.

- A number that differs by more than rounding is an error that names both lines and both numbers:
  whichever row were taken, the result would hang on their order. Where the sources are of
  different rank (``seen``) or the sets have different names as reported, the choice does not hang
  on it, and it is a warning.
- Numbers of n are compared where both rows give the same kind of number: endpoint and change
  may be of different people.
- Judgements of risk of bias are one fact where trial, tool, outcome, domain and source are: one
  source spelt in two ways, such as a DOI and its address, is no second review.
- Rows that do not contradict each other (the mean in one and the SD in the other, endpoint and
  change, events and their per cent) are a warning: an analysis takes one row, the one that holds
  most. A baseline may stand in a row of its own.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass

from ketameta.ingest.cells import parse_number
from ketameta.ingest.sheet import Entry, Sheet
from ketameta.tables.problems import ERROR, WARNING
from ketameta.vocabulary import vocabulary

MOST_COMPARED = 20  # rows of one fact with which another is compared
_EXACT = ("n", "events")
_SPREAD = ("se", "ci95_low", "ci95_high")
_SIGNS = str.maketrans({"≥": ">=", "≤": "<=", "⩾": ">=", "⩽": "<="} | dict.fromkeys("‐‑‒–—−", "-"))
# spaces, and hyphens beside a letter: "follow-up" and "follow up", yet not "1-2" and "12"
_IDLE = re.compile(r"\s|(?<=[^\W\d_])-|-(?=[^\W\d_])")
_ADDRESS = re.compile(r"(https?://)?(dx\.)?(doi\.org/|doi:)")


@dataclass(frozen=True)
class _Facts:
    """What names a fact in a table, and the kinds of numbers that a row may give of it.

    Rows that differ in a column of ``apart`` are compared no further; where they differ in one of
    ``choice``, it decides which of them is used. ``same`` and ``telling`` are words for messages.
    """

    names: tuple[str, ...]
    kinds: dict[str, tuple[str, ...]]
    apart: tuple[str, ...]
    choice: tuple[str, ...]
    same: str
    telling: str


_OUTCOMES = _Facts(
    ("trial_id", "arm_id", "outcome", "scale", "definition", "timepoint_h", "analysis_set"),
    {
        "counts": ("events", "percent"),
        "baseline": ("baseline_mean", "baseline_sd"),
        "change": ("change_mean", "change_sd"),
        "endpoint": ("mean", "sd", "median", "q1", "q3", "minimum", "maximum"),
    },
    (),
    ("seen", "analysis_set_as_reported"),
    "trial, arm, outcome, scale, definition, hour and analysis set",
    "definition, analysis_set or flag",
)
_CONTRASTS = _Facts(
    ("trial_id", "arm_t", "arm_c", "outcome", "scale", "timepoint_h", "measure"),
    {"result": ("estimate", "se", "ci_low", "ci_high", "t_value", "f_value", "p_value")},
    ("model", "ci_level"),
    ("seen",),
    "trial, arms, outcome, scale, hour and measure",
    "model or flag",
)
_JUDGEMENTS = _Facts(
    ("trial_id", "tool", "outcome", "domain", "source"),
    {"judgement": ("judgement",)},
    (),
    (),
    "trial, tool, outcome, domain and source",
    "outcome or source",
)
_TABLES = {"outcomes": _OUTCOMES, "contrasts": _CONTRASTS, "risk_of_bias": _JUDGEMENTS}
# what stands in a row of its own, or twice, without harm
_HARMLESS = ("baseline", "judgement")


def check_contradictions(sheets: dict[str, Sheet]) -> None:
    """Add a fault for every row that says something else than an earlier one of the same fact."""
    for table, facts in _TABLES.items():
        sheet = sheets.get(table)
        if sheet is None or not sheet.whole or set(facts.names) & sheet.missing:
            continue
        groups: dict[tuple[str, ...], list[Entry]] = defaultdict(list)
        for entry in sheet.entries:
            if (key := _identity(entry, facts)) is not None:
                groups[key].append(entry)
        arms = _without_row(sheets.get("arms"), groups) if facts is _OUTCOMES else {}
        for key, rows in groups.items():
            for place, entry in enumerate(rows[1:], start=1):
                for earlier in rows[:place][:MOST_COMPARED]:
                    if _repeats(earlier, entry, sheet.schema.key):
                        continue
                    if found := _compare(facts, earlier, entry, arms.get(key, [])):
                        sheet.fault(entry, *found)
                        break


def _identity(entry: Entry, facts: _Facts) -> tuple[str, ...] | None:
    """Return what names the row's fact; None where it is not known, or is never pooled."""
    if set(facts.names) & entry.bad:
        return None
    flag = entry["flag"] or ""
    use = (vocabulary().flag_rule(flag) or {"use": "marked"})["use"] if flag else ""
    if use == "never" and not flag.startswith("baseline"):
        return None
    words = ["" if entry[name] is None else str(entry[name]) for name in facts.names]
    part = entry["analysis_set"] in vocabulary().sets_of_part
    by_note = part or entry["timepoint_h"] is None
    words += [use if use != "marked" else "", (entry["note"] or "") if by_note else ""]
    return tuple(_plain(word) for word in words)


def _plain(word: str) -> str:
    """Return a word without what a second hand spells otherwise."""
    plain = unicodedata.normalize("NFKC", word.translate(_SIGNS)).casefold()
    return _ADDRESS.sub("", _IDLE.sub("", plain), count=1)


def _repeats(one: Entry, other: Entry, key: tuple[str, ...]) -> bool:
    """Say whether two rows have one key, which `references` tells."""
    return bool(key) and all(str(one[n]).lower() == str(other[n]).lower() for n in key)


def _without_row(
    arms: Sheet | None, groups: dict[tuple[str, ...], list[Entry]]
) -> dict[tuple[str, ...], list[str]]:
    """Return, for each fact with several rows, the other arms of its trial without one."""
    here: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for trial, arm, *rest in groups:
        here[(trial, *rest)].add(arm)
    of_trial: dict[str, list[str]] = defaultdict(list)
    for entry in arms.entries if arms else ():
        if entry["trial_id"] and entry["arm_id"] and not entry["pooled_arms"]:
            of_trial[_plain(entry["trial_id"])].append(entry["arm_id"])
    return {
        key: [arm for arm in of_trial[key[0]] if _plain(arm) not in here[(key[0], *key[2:])]]
        for key, rows in groups.items()
        if len(rows) > 1
    }


def _compare(
    facts: _Facts, one: Entry, other: Entry, without_row: list[str]
) -> tuple[str, str, str] | None:
    """Return column, message and severity of what is wrong with the later of two rows of a fact."""
    if one.entered == other.entered or any(_differ(one, other, name) for name in facts.apart):
        return None
    kinds = [names for names in facts.kinds.values() if _any(one, names) and _any(other, names)]
    names = [name for kind in kinds for name in kind]
    if kinds and facts is _OUTCOMES:
        same_kind = _any(one, ("change_mean",)) == _any(other, ("change_mean",))
        names = [*names, *(_SPREAD if same_kind else ()), "n"]
    where = f"on line {one.line}, of the same {facts.same}"
    if wrong := [name for name in names if _differ(one, other, name)]:
        here, there = (", ".join(f"{n} {row.entered[n]}" for n in wrong) for row in (other, one))
    elif of_counts := _percent(one, other):
        wrong, here, there = of_counts
    elif _used(one, facts) and _used(other, facts) and not _choice(one, other, facts):
        message = f"is a second row of the fact {where}: an analysis takes one; put both in one row"
        return "", message, WARNING
    else:
        return None
    message = f"{here} contradicts {there} {where}"
    if chosen := _choice(one, other, facts):
        said = f"{message}: which is right? by {' and '.join(chosen)} one of the two is used"
        return wrong[0], said, WARNING
    ask = f"; {', '.join(without_row)} has no row there: is one its row?" if without_row else ""
    return wrong[0], f"{message}: one is wrong, or {facts.telling} tells them apart{ask}", ERROR


def _used(entry: Entry, facts: _Facts) -> bool:
    """Say whether a row gives a number that an analysis may take."""
    return any(_any(entry, names) for kind, names in facts.kinds.items() if kind not in _HARMLESS)


def _choice(one: Entry, other: Entry, facts: _Facts) -> list[str]:
    return [name for name in facts.choice if _differ(one, other, name)]


def _any(entry: Entry, names: tuple[str, ...]) -> bool:
    return any(entry[name] is not None for name in names)


def _differ(one: Entry, other: Entry, name: str) -> bool:
    """Say whether two cells, both filled, say different things: numbers beyond their rounding."""
    a, b = one[name], other[name]
    if name == "p_value":
        a, b = (parse_number((p or "").lstrip("= ")) for p in (a, b))
    if a is None or b is None:
        return False
    if isinstance(a, str):
        return _plain(a) != _plain(b)
    places = [len(row.entered[name].partition(".")[2]) for row in (one, other)]
    rounding = 0.5 * 10.0 ** -min(places) if places[0] != places[1] else 0.0
    return bool(abs(a - b) > (0 if name in _EXACT else rounding) + 1e-9)


def _percent(one: Entry, other: Entry) -> tuple[list[str], str, str] | None:
    """Return column and words where the events of a row are not the per cent of another."""
    for counted, share in ((one, other), (other, one)):
        events, percent, n = counted["events"], share["percent"], counted["n"] or share["n"]
        if events is None or percent is None or not n or share["events"] is not None:
            continue
        printed = share.entered["percent"]
        if abs(100 * events / n - percent) > 0.55 * 10.0 ** -len(printed.partition(".")[2]):
            said = (f"events {events} of {n}", f"percent {printed}")
            return (["percent"], *said[::-1]) if share is other else (["events"], *said)
    return None
