"""The same numbers twice: in two arms of a trial, or under two labels.

Two arms with the same n, mean and SD to the last digit have almost surely one cell copied from
the other. An equal SD beside different means is named where chance gives it less than once in 400:
with n people SDs vary by SD/√(2(n - 1)), so two agree to a unit u of the last digit with
probability u/(2√π · SD/√(2(n - 1))). SDs with one decimal agree too often for that: of a hundred
pairs about one.

Equal counts are common by chance: two arms of n with a share p agree with probability
1/√(4π n p(1 - p)), often one in ten. So a pair of arms is judged on all its outcomes together:
named when as many equal counts (or more) have a Poisson probability below 1 in 1000, out of those
with five people at least on either side of the count.

Two trials may be one where a comparison of scores (n, mean or change and SD of each arm) or of
counts (outcome, hour, n and events of each arm; 40 people, five events and two different counts
at least) is the same in both and neither is part of the other (``part_of``); or where population
and number randomised are the same and so is a registry number, DOI or PMID, or the names are
spelt alike within a year. Counts of many trials of the same sizes agree by chance: they are named
where chance gives fewer than one such pair in twenty among all that have these sizes, or where five
times as many as by chance have just these counts. Within a trial, such a comparison that stands
again at the same hour under another scale, definition or set is named too. Each group of equal
numbers is one finding, however many trials share them.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping
from difflib import SequenceMatcher
from itertools import combinations
from typing import Any

from ketameta.normalize.checks.findings import Check, Finding, Row, once
from ketameta.normalize.checks.view import View

SD_CHANCE = 1 / 400
COUNTS_CHANCE = 0.001
LABELS_CHANCE = 0.05
LABELS_OFTEN = 5.0
NEAREST = 10  # names next to each other with which one is compared
MOST_OF_A_NAME = 3  # others with one name: more, and the name says nothing
MOST_NAMED = 5
FEWEST = 5
FEWEST_PEOPLE = 40
SPELT_ALIKE = 0.8
_SCORES = (("mean", "sd"), ("change_mean", "change_sd"), ("baseline_mean", "baseline_sd"))
_COUNTED = {1: "two", 2: "three"}
_EXPLAINS = r"\bsame\b|copied|identical|both arms"


def two_arms(view: View) -> list[Finding]:
    """Return numbers that stand in two arms of a trial."""
    found: list[tuple[Hashable, Finding]] = []
    counts: dict[Hashable, list[tuple[Row, Row]]] = defaultdict(list)
    for rows in view.comparisons.values():
        for one, other in combinations(rows, 2):
            if one["arm_id"] == other["arm_id"]:
                continue
            found += _scores_equal(view, one, other)
            if _comparable_counts(one, other):
                pair = (one["trial_id"], *sorted((one["arm_id"], other["arm_id"])))
                counts[pair].append((one, other))
    for key, pairs in counts.items():
        if finding := _counts_equal(view, pairs):
            found.append((key, finding))
    return once(found)


def _scores_equal(view: View, one: Row, other: Row) -> Iterator[tuple[Hashable, Finding]]:
    for mean, sd in _SCORES:
        if one[sd] is None or one[sd] != other[sd] or not one[sd]:
            continue
        key = (one["trial_id"], one["arm_id"], other["arm_id"], one["scale"], sd, one[sd])
        where = f"{other['arm_id']} (line {other['line']})"
        if one[mean] is not None and one[mean] == other[mean]:
            if one["n"] == other["n"]:
                message = f"mean {one[mean]:g}, SD {one[sd]:g} and n are those of {where} as well"
                yield key, view.finding("same-numbers-two-arms", one, mean, message, _EXPLAINS)
            continue
        n = min(view.size(one) or 2, view.size(other) or 2)
        unit = 2 * max(view.half(one, sd), view.half(other, sd))
        chance = unit / (2 * math.sqrt(math.pi) * one[sd] / math.sqrt(2 * max(n - 1, 1)))
        if chance < SD_CHANCE:
            message = (
                f"the SD {one[sd]:g} is that of {where} as well, beside another mean "
                f"(by chance in {100 * chance:.1g}%)"
            )
            yield key, view.finding("same-numbers-two-arms", one, sd, message, _EXPLAINS)


def _comparable_counts(one: Row, other: Row) -> bool:
    if one["events"] is None or other["events"] is None or one["n"] is None:
        return False
    return one["n"] == other["n"] and all(
        FEWEST <= row["events"] <= row["n"] - FEWEST for row in (one, other)
    )


def _counts_equal(view: View, pairs: list[tuple[Row, Row]]) -> Finding | None:
    equal = [(one, other) for one, other in pairs if one["events"] == other["events"]]
    expected = 0.0
    for one, other in pairs:
        p = (one["events"] + other["events"]) / (2 * one["n"])
        expected += 1 / math.sqrt(4 * math.pi * one["n"] * p * (1 - p))
    fewer = math.fsum(expected**k / math.factorial(k) for k in range(len(equal)))
    chance = 1 - math.exp(-expected) * fewer
    if not equal or chance >= COUNTS_CHANCE:
        return None
    row, other = equal[0]
    message = (
        f"{len(equal)} of {len(pairs)} counts are those of {other['arm_id']} as well (by chance "
        f"{expected:.1f}): {', '.join(one['outcome'] for one, _ in equal)}"
    )
    return view.finding("same-numbers-two-arms", row, "events", message, _EXPLAINS)


def two_labels(view: View) -> list[Finding]:
    """Return numbers that stand under two labels: two trials, or two labels of one trial."""
    found: list[tuple[Hashable, Finding]] = []
    prints: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    compared: dict[Hashable, int] = defaultdict(int)
    for rows in view.comparisons.values():
        for key, sizes in _fingerprints(rows):
            prints[key].append(rows[0])
            compared[sizes] += 1
    for key, rows in prints.items():
        found += _in_one_trial(view, rows)
        by_trial: dict[str, Row] = {}
        for row in rows:
            by_trial.setdefault(row["trial_id"], row)
        pairs, expected = math.comb(len(by_trial), 2), _expected(key, compared)
        if pairs and (expected < LABELS_CHANCE or pairs > LABELS_OFTEN * expected):
            pair = _unlinked(view, list(by_trial.values()))
            if pair is not None:
                one, others = pair
                message = (
                    f"the numbers are those of {_named(others)}: one trial under "
                    f"{_COUNTED.get(len(others), 'several')} labels? then enter part_of"
                )
                finding = view.finding("same-numbers-two-labels", one, "", message, _EXPLAINS)
                found.append(((one["trial_id"], *(o["trial_id"] for o in others)), finding))
    return once(found) + _reports_twice(view)


def _in_one_trial(view: View, rows: list[Row]) -> Iterator[tuple[Hashable, Finding]]:
    """Yield, for each trial and hour, the first of the labels under which a print stands."""
    places: dict[Hashable, list[Row]] = defaultdict(list)
    for row in rows:
        places[row["trial_id"], row["timepoint_h"]].append(row)
    for one, *others in places.values():
        if others:
            lines = ", ".join(str(row["line"]) for row in others[:MOST_NAMED])
            word = "line" if len(others) == 1 else "lines"
            message = f"every number stands again under another label ({word} {lines})"
            finding = view.finding("same-numbers-two-labels", one, "scale", message, _EXPLAINS)
            yield (one["line"], *(row["line"] for row in others)), finding


def _unlinked(view: View, rows: list[Row]) -> tuple[Row, list[Row]] | None:
    """Return the first row that shares its print with rows of trials not linked to its own."""
    for i, one in enumerate(rows):
        others = [o for o in rows[i + 1 :] if not view.linked(one["trial_id"], o["trial_id"])]
        if others:
            return one, others
    return None


def _named(rows: list[Row]) -> str:
    """Name trials with their lines, the first few of many."""
    named = [f"{row['trial_id']} (line {row['line']})" for row in rows[:MOST_NAMED]]
    more = len(rows) - len(named)
    return ", ".join(named) + (f" and {more:,} more" if more else "")


def _expected(key: tuple[Any, ...], compared: Mapping[Hashable, int]) -> float:
    """Return how many pairs of trials of these sizes have a print in common by chance.

    Two arms of n people with a share p have one count with probability 1/√(4π n p(1 - p)). Means
    and SDs are too fine for that to matter: 0.
    """
    kind, *rest = key
    if kind != "events":
        return 0.0
    outcome, hour, *cells = rest
    many = compared[_sizes(outcome, hour, cells)]
    chance = 1.0
    for n, events in cells:
        p = (events + 0.5) / (n + 1)
        chance *= min(1.0, 1 / math.sqrt(4 * math.pi * n * p * (1 - p)))
    return many * (many - 1) / 2 * chance


def _sizes(outcome: str, hour: float | None, cells: Iterable[tuple[int, int]]) -> Hashable:
    return outcome, hour, tuple(n for n, _ in cells)


def _fingerprints(rows: list[Row]) -> Iterator[tuple[tuple[Any, ...], Hashable]]:
    """Yield what would be the same if a comparison were entered twice, and its sizes alone."""
    first = rows[0]
    for mean, sd in _SCORES[:2]:
        cells = sorted((row["n"] or 0, row[mean], row[sd]) for row in rows if row[mean] and row[sd])
        if cells and len(cells) == len(rows):
            yield (mean, *cells), mean
    counts = sorted(
        (row["n"], row["events"]) for row in rows if row["n"] and row["events"] is not None
    )
    different = len({events for _, events in counts}) > 1
    events = sum(events for _, events in counts)
    many = events >= FEWEST and sum(n for n, _ in counts) >= FEWEST_PEOPLE
    if len(counts) == len(rows) > 1 and different and many:
        about = (first["outcome"], first["timepoint_h"])
        yield ("events", *about, *counts), _sizes(*about, counts)


def _reports_twice(view: View) -> list[Finding]:
    """Return trials of one size and population that look like one report, each group once."""
    sizes: dict[Hashable, list[Row]] = defaultdict(list)
    for row in view.trials.values():
        if row["n_randomised"] is not None:
            sizes[row["n_randomised"], row["population"]].append(row)
    found: list[tuple[Hashable, Finding]] = []
    for rows in sizes.values():
        for column, alike in _alike(rows):
            if pair := _unlinked(view, alike):
                one, others = pair
                message = (
                    f"{one[column]}, population and number randomised are those of "
                    f"{_named(others)}: the same people? then enter part_of"
                )
                finding = view.finding(
                    "same-numbers-two-labels", one, column, message, "open label|cohort|panel"
                )
                found.append(((one["trial_id"], *(o["trial_id"] for o in others)), finding))
    return [finding for _, finding in {key: (key, f) for key, f in reversed(found)}.values()]


def _alike(rows: list[Row]) -> Iterator[tuple[str, list[Row]]]:
    """Yield the column by which reports look like one, and these reports.

    Names are compared with those next to them in the alphabet. A name that many share, such as
    trial001 to trial300, tells nothing.
    """
    for column in ("registration", "doi", "pmid"):
        same: dict[str, list[Row]] = defaultdict(list)
        for row in rows:
            if row[column]:
                same[row[column]].append(row)
        yield from ((column, group) for group in same.values() if len(group) > 1)
    named = sorted(rows, key=lambda row: (_stem(row), row["trial_id"]))
    spelt: dict[str, list[Row]] = {row["trial_id"]: [] for row in named}
    for i, one in enumerate(named):
        for other in named[i + 1 : i + 1 + NEAREST]:
            if _spelt_alike(one, other):
                spelt[one["trial_id"]].append(other)
                spelt[other["trial_id"]].append(one)
    for row in rows:
        near = [other for other in spelt[row["trial_id"]] if other["trial_id"] > row["trial_id"]]
        if near and all(len(spelt[o["trial_id"]]) <= MOST_OF_A_NAME for o in (row, *near)):
            yield "trial_id", [row, *near]


def _stem(row: Row) -> str:
    """Return the name in a trial's identifier: all before the first digit."""
    return re.split(r"\d", row["trial_id"], maxsplit=1)[0]


def _spelt_alike(one: Row, other: Row) -> bool:
    """Say whether two names are spelt alike within a year."""
    years = (one["year"], other["year"])
    if None in years or abs(years[0] - years[1]) > 1:
        return False
    names = (_stem(one), _stem(other))
    if names[0] == names[1]:
        return True
    return SequenceMatcher(None, *names).ratio() >= SPELT_ALIKE


CHECKS = (
    Check(
        "same-numbers-two-arms",
        "the same mean, SD and n, the same SD, or more equal counts than chance gives, in two arms",
        two_arms,
    ),
    Check(
        "same-numbers-two-labels",
        "the same numbers under another trial, scale or definition, and reports that look like "
        "one trial; those linked by part_of apart",
        two_labels,
    ),
)
