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
spelt alike within a year. Within a trial, such a comparison that stands again at the same hour
under another scale, definition or set is named too.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Hashable, Iterator
from difflib import SequenceMatcher
from itertools import combinations

from ketameta.normalize.checks.findings import Check, Finding, Row, once
from ketameta.normalize.checks.view import View, place

SD_CHANCE = 1 / 400
COUNTS_CHANCE = 0.001
NEAREST = 50  # trials of one size and population with which a trial is compared
FEWEST = 5
FEWEST_PEOPLE = 40
SPELT_ALIKE = 0.8
_SCORES = (("mean", "sd"), ("change_mean", "change_sd"), ("baseline_mean", "baseline_sd"))
_EXPLAINS = r"\bsame\b|copied|identical|both arms"


def _comparisons(view: View) -> dict[Hashable, list[Row]]:
    """Group rows that differ in arm and numbers alone."""
    found: dict[Hashable, list[Row]] = defaultdict(list)
    for row in view.outcomes:
        found[place(row)].append(row)
    return found


def two_arms(view: View) -> list[Finding]:
    """Return numbers that stand in two arms of a trial."""
    found: list[tuple[Hashable, Finding]] = []
    counts: dict[Hashable, list[tuple[Row, Row]]] = defaultdict(list)
    for rows in _comparisons(view).values():
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
    prints: dict[Hashable, list[Row]] = defaultdict(list)
    for rows in _comparisons(view).values():
        for key in _fingerprints(rows):
            prints[key].append(rows[0])
    for rows in prints.values():
        for one, other in combinations(rows, 2):
            if one["trial_id"] == other["trial_id"]:
                if one["timepoint_h"] == other["timepoint_h"]:
                    message = (
                        f"every number stands again under another label (line {other['line']})"
                    )
                    pair: Hashable = (one["line"], other["line"])
                    finding = view.finding(
                        "same-numbers-two-labels", one, "scale", message, _EXPLAINS
                    )
                    found.append((pair, finding))
            elif not view.linked(one["trial_id"], other["trial_id"]):
                message = (
                    f"the numbers are those of {other['trial_id']} (line {other['line']}): one "
                    "trial under two labels? then enter part_of"
                )
                pair = tuple(sorted((one["trial_id"], other["trial_id"])))
                finding = view.finding("same-numbers-two-labels", one, "", message, _EXPLAINS)
                found.append((pair, finding))
    return once(found) + list(_reports_twice(view))


def _fingerprints(rows: list[Row]) -> Iterator[Hashable]:
    """Yield what would be the same if a comparison were entered twice."""
    first = rows[0]
    for mean, sd in _SCORES[:2]:
        cells = sorted((row["n"] or 0, row[mean], row[sd]) for row in rows if row[mean] and row[sd])
        if cells and len(cells) == len(rows):
            yield (mean, *cells)
    counts = sorted(
        (row["n"], row["events"]) for row in rows if row["n"] and row["events"] is not None
    )
    different = len({events for _, events in counts}) > 1
    events = sum(events for _, events in counts)
    many = events >= FEWEST and sum(n for n, _ in counts) >= FEWEST_PEOPLE
    if len(counts) == len(rows) > 1 and different and many:
        yield ("events", first["outcome"], first["timepoint_h"], *counts)


def _reports_twice(view: View) -> Iterator[Finding]:
    alike: dict[Hashable, list[Row]] = defaultdict(list)
    for row in view.trials.values():
        if row["n_randomised"] is not None:
            alike[row["n_randomised"], row["population"]].append(row)
    pairs = ((one, other) for rows in alike.values() for one, other in _near_pairs(rows))
    for one, other in pairs:
        column = _same_report(one, other)
        if column and not view.linked(one["trial_id"], other["trial_id"]):
            message = (
                f"{one[column]}, population and number randomised are those of "
                f"{other['trial_id']} (line {other['line']}): the same people? then enter part_of"
            )
            yield view.finding(
                "same-numbers-two-labels", one, column, message, "open label|cohort|panel"
            )


def _near_pairs(rows: list[Row]) -> Iterator[tuple[Row, Row]]:
    """Pair each row with the NEAREST that follow: a cost that grows with the rows alone."""
    for i, one in enumerate(rows):
        for other in rows[i + 1 : i + 1 + NEAREST]:
            yield one, other


def _same_report(one: Row, other: Row) -> str:
    """Name the column by which two trials may be one report; empty where there is none."""
    for column in ("registration", "doi", "pmid"):
        if one[column] and one[column] == other[column]:
            return column
    years = (one["year"], other["year"])
    names = [re.split(r"\d", row["trial_id"], maxsplit=1)[0] for row in (one, other)]
    near = None not in years and abs(years[0] - years[1]) <= 1
    alike = SequenceMatcher(None, names[0], names[1]).ratio() >= SPELT_ALIKE
    return "trial_id" if near and alike else ""


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
