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
from dataclasses import replace
from difflib import SequenceMatcher
from itertools import combinations
from typing import Any, TypeVar

from ketameta.normalize.checks.findings import Finding, once
from ketameta.normalize.checks.view import RowsByTrial
from ketameta.normalize.results import ArmResult
from ketameta.tables.collection import by
from ketameta.tables.problems import first_few
from ketameta.tables.raw import TrialRow

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
R = TypeVar("R", ArmResult, TrialRow)
_COUNTED = {1: "two", 2: "three"}
_Counts = tuple[int, int, int, ArmResult, ArmResult]
_EXPLAINS = r"\bsame\b|copied|identical|both arms"


def same_in_two_arms(view: RowsByTrial) -> list[Finding]:
    """Return numbers that stand in two arms of a trial."""
    found: list[tuple[Hashable, Finding]] = []
    counts: dict[Hashable, list[_Counts]] = defaultdict(list)
    for rows in view.comparisons.values():
        for one, other in combinations(rows, 2):
            if one.arm_id == other.arm_id:
                continue
            found += _scores_equal(view, one, other)
            if compared := _comparable_counts(one, other):
                pair = (one.trial_id, *sorted((one.arm_id, other.arm_id)))
                counts[pair].append(compared)
    for key, pairs in counts.items():
        if finding := _counts_equal(view, pairs):
            found.append((key, finding))
    return once(found)


def _scores_equal(
    view: RowsByTrial, one: ArmResult, other: ArmResult
) -> Iterator[tuple[Hashable, Finding]]:
    for mean, sd in _SCORES:
        spread, centre = one.value(sd), one.value(mean)
        if not spread or spread != other.value(sd):
            continue
        key = (one.trial_id, one.arm_id, other.arm_id, one.scale, sd, spread)
        where = f"{other.arm_id} (line {other.line})"
        if centre is not None and centre == other.value(mean):
            if one.n == other.n:
                message = f"mean {centre:g}, SD {spread:g} and n are those of {where} as well"
                yield key, view.finding("same-numbers-two-arms", one, mean, message, _EXPLAINS)
            continue
        n = min(view.size(one) or 2, view.size(other) or 2)
        unit = 2 * max(one.half(sd), other.half(sd))
        chance = unit / (2 * math.sqrt(math.pi) * spread / math.sqrt(2 * max(n - 1, 1)))
        if chance < SD_CHANCE:
            message = (
                f"the SD {spread:g} is that of {where} as well, beside another mean "
                f"(by chance in {100 * chance:.1g}%)"
            )
            yield key, view.finding("same-numbers-two-arms", one, sd, message, _EXPLAINS)


def _comparable_counts(one: ArmResult, other: ArmResult) -> _Counts | None:
    """Return n and the events of two arms of one size, where both counts could be others."""
    n, a, b = one.n, one.events, other.events
    if n is None or n != other.n or a is None or b is None:
        return None
    return (n, a, b, one, other) if FEWEST <= min(a, b) <= max(a, b) <= n - FEWEST else None


def _counts_equal(view: RowsByTrial, pairs: list[_Counts]) -> Finding | None:
    equal = [(one, other) for _, a, b, one, other in pairs if a == b]
    expected = 0.0
    for n, a, b, _, _ in pairs:
        p = (a + b) / (2 * n)
        expected += 1 / math.sqrt(4 * math.pi * n * p * (1 - p))
    fewer = math.fsum(expected**k / math.factorial(k) for k in range(len(equal)))
    chance = 1 - math.exp(-expected) * fewer
    if not equal or chance >= COUNTS_CHANCE:
        return None
    row, other = equal[0]
    message = (
        f"{len(equal)} of {len(pairs)} counts are those of {other.arm_id} as well (by chance "
        f"{expected:.1f}): {', '.join(one.outcome for one, _ in equal)}"
    )
    return view.finding("same-numbers-two-arms", row, "events", message, _EXPLAINS)


def two_labels(view: RowsByTrial) -> list[Finding]:
    """Return numbers that stand under two labels: two trials, or two labels of one trial."""
    found: list[tuple[Hashable, Finding]] = []
    prints: dict[tuple[Any, ...], list[ArmResult]] = defaultdict(list)
    compared: dict[Hashable, int] = defaultdict(int)
    for rows in view.comparisons.values():
        for key, sizes in _fingerprints(rows):
            prints[key].append(rows[0])
            compared[sizes] += 1
    for key, rows in prints.items():
        found += _in_one_trial(view, rows)
        by_trial: dict[str, ArmResult] = {}
        for row in rows:
            by_trial.setdefault(row.trial_id, row)
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
                names = tuple(other.trial_id for other in others)
                found.append(((one.trial_id, *names), replace(finding, others=names)))
    return once(found) + _reports_twice(view)


def _in_one_trial(view: RowsByTrial, rows: list[ArmResult]) -> Iterator[tuple[Hashable, Finding]]:
    """Yield, for each trial and hour, the first of the labels under which a print stands."""
    places = by(rows, lambda row: (row.trial_id, row.timepoint_h))
    for one, *others in places.values():
        if others:
            lines = ", ".join(str(row.line) for row in others[:MOST_NAMED])
            word = "line" if len(others) == 1 else "lines"
            message = f"every number stands again under another label ({word} {lines})"
            finding = view.finding("same-numbers-two-labels", one, "scale", message, _EXPLAINS)
            yield (one.line, *(row.line for row in others)), finding


def _unlinked(view: RowsByTrial, rows: list[R]) -> tuple[R, list[R]] | None:
    """Return the first row that shares its print with rows of trials not linked to its own."""
    for i, one in enumerate(rows):
        others = [o for o in rows[i + 1 :] if not view.linked(one.trial_id, o.trial_id)]
        if others:
            return one, others
    return None


def _named(rows: list[R]) -> str:
    """Name trials with their lines, the first few of many."""
    return first_few([f"{row.trial_id} (line {row.line})" for row in rows], MOST_NAMED)


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


def _fingerprints(rows: list[ArmResult]) -> Iterator[tuple[tuple[Any, ...], Hashable]]:
    """Yield what would be the same if a comparison were entered twice, and its sizes alone."""
    first = rows[0]
    for mean, sd in _SCORES[:2]:
        cells = sorted(
            (row.n or 0, row.value(mean), row.value(sd))
            for row in rows
            if row.value(mean) and row.value(sd)
        )
        if cells and len(cells) == len(rows):
            yield (mean, *cells), mean
    given = ((row.n, row.events) for row in rows)
    counts = sorted((n, events) for n, events in given if n and events is not None)
    different = len({events for _, events in counts}) > 1
    events = sum(events for _, events in counts)
    many = events >= FEWEST and sum(n for n, _ in counts) >= FEWEST_PEOPLE
    if len(counts) == len(rows) > 1 and different and many:
        about = (first.outcome, first.timepoint_h)
        yield ("events", *about, *counts), _sizes(*about, counts)


def _reports_twice(view: RowsByTrial) -> list[Finding]:
    """Return trials of one size and population that look like one report, each group once."""
    kept = (row for row in view.trials.values() if row.n_randomised is not None)
    sizes = by(kept, lambda row: (row.n_randomised, row.population))
    found: list[tuple[Hashable, Finding]] = []
    for rows in sizes.values():
        for column, alike in _alike(rows):
            if pair := _unlinked(view, alike):
                one, others = pair
                message = (
                    f"{getattr(one, column)}, population and number randomised are those of "
                    f"{_named(others)}: the same people? then enter part_of"
                )
                finding = view.finding(
                    "same-numbers-two-labels", one, column, message, "open label|cohort|panel"
                )
                names = tuple(other.trial_id for other in others)
                found.append(((one.trial_id, *names), replace(finding, others=names)))
    return [finding for _, finding in {key: (key, f) for key, f in reversed(found)}.values()]


def _alike(rows: list[TrialRow]) -> Iterator[tuple[str, list[TrialRow]]]:
    """Yield the column by which reports look like one, and these reports.

    Names are compared with those next to them in the alphabet. A name that many share, such as
    trial001 to trial300, tells nothing.
    """
    for column in ("registration", "doi", "pmid"):
        same: dict[str, list[TrialRow]] = defaultdict(list)
        for row in rows:
            if cell := getattr(row, column):
                same[cell].append(row)
        yield from ((column, group) for group in same.values() if len(group) > 1)
    named = sorted(rows, key=lambda row: (_stem(row), row.trial_id))
    spelt: dict[str, list[TrialRow]] = {row.trial_id: [] for row in named}
    for i, one in enumerate(named):
        for other in named[i + 1 : i + 1 + NEAREST]:
            if _spelt_alike(one, other):
                spelt[one.trial_id].append(other)
                spelt[other.trial_id].append(one)
    for row in rows:
        near = [other for other in spelt[row.trial_id] if other.trial_id > row.trial_id]
        if near and all(len(spelt[o.trial_id]) <= MOST_OF_A_NAME for o in (row, *near)):
            yield "trial_id", [row, *near]


def _stem(row: TrialRow) -> str:
    """Return the name in a trial's identifier: all before the first digit."""
    return re.split(r"\d", row.trial_id, maxsplit=1)[0]


def _spelt_alike(one: TrialRow, other: TrialRow) -> bool:
    """Say whether two names are spelt alike within a year."""
    if one.year is None or other.year is None or abs(one.year - other.year) > 1:
        return False
    names = (_stem(one), _stem(other))
    if names[0] == names[1]:
        return True
    return SequenceMatcher(None, *names).ratio() >= SPELT_ALIKE


CHECKS = {"same-numbers-two-arms": same_in_two_arms, "same-numbers-two-labels": two_labels}
