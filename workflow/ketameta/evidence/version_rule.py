"""The version of a release, MAJOR.MINOR.PATCH, by what differs from the release before.

MAJOR: trials were searched for to another day. MINOR: a number or a verdict is another, or an
analysis, a trial or a claim came or went. PATCH: all else, such as words, appearance, software and
cells that move no number. Nobody picks a version; where nothing differs there is no release.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ketameta.evidence.number_digests import BESIDE
from ketameta.evidence.rated import RecordedResult
from ketameta.evidence.releases import Release, changes_between, changes_since, oldest_first

FIRST = "1.0.0"
MAJOR, MINOR, PATCH = "major", "minor", "patch"
# of what a release was made from, beside the tables; `report` is that of its pages alone
WORDS, CODE, PACKAGES, REPORT = "words", "code", "packages", "report"
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Step:
    """What differs between two releases.

    `moved` are analyses of both with other numbers, `came` and `went` those of one, `claims` those
    that came, went or have another verdict, `trials` those that came or went, `edited` those with
    other cells, `beside` says that numbers of no analysis moved, `other_cells` that cells of no
    trial did, `decided` that findings or decisions on cells are others. `made_from` holds what else
    is another: `WORDS`, `CODE`, `PACKAGES`, or `UNKNOWN` where the older record does not tell.
    """

    old: Release
    searched: tuple[str, str] | None
    moved: tuple[str, ...]
    came: tuple[str, ...]
    went: tuple[str, ...]
    claims: tuple[str, ...]
    trials: tuple[str, ...]
    beside: bool
    edited: tuple[str, ...]
    other_cells: bool
    decided: bool
    made_from: tuple[str, ...]

    @property
    def level(self) -> str:
        """`MAJOR`, `MINOR` or `PATCH`; empty where nothing differs."""
        if self.searched:
            return MAJOR
        if self.moved or self.came or self.went or self.claims or self.trials or self.beside:
            return MINOR
        rest = self.edited or self.other_cells or self.decided or self.made_from
        return PATCH if rest else ""


def step_between(old: Release, new: Release) -> Step:
    """Say what differs from one release to another; what a record does not tell has not moved."""
    since = changes_between(old, new)
    numbers = _others(old.results, new.results)
    came = {move.analysis for move in since.moves if move.old is None}
    went = {move.analysis for move in since.moves if move.new is None}
    apart = numbers - came - went - {BESIDE}
    known = old.searched is not None and new.searched is not None
    other_search = known and old.searched != new.searched
    trials = (*since.added, *since.removed)
    return Step(
        old,
        (old.searched or "", new.searched or "") if other_search else None,
        tuple(sorted(apart | {move.analysis for move in since.moves if move.moved})),
        tuple(sorted(came)),
        tuple(sorted(went)),
        tuple(sorted(_others(old.claims, new.claims))),
        trials,
        BESIDE in numbers,
        since.edited,
        since.other_data and not (since.edited or trials),
        _told_otherwise(old, new),
        _made_otherwise(old, new),
    )


def _others(old: dict[str, str] | None, new: dict[str, str] | None) -> set[str]:
    """Return the names of which two records say something else; none where one says nothing."""
    if old is None or new is None:
        return set()
    return {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}


def _told_otherwise(old: Release, new: Release) -> bool:
    pairs = ((old.findings, new.findings), (old.decisions, new.decisions))
    return any(a is not None and b is not None and a != b for a, b in pairs)


def _made_otherwise(old: Release, new: Release) -> tuple[str, ...]:
    if new.made_from is None:
        return ()
    if old.made_from is None:
        return (UNKNOWN,)
    differs = _others(old.made_from, new.made_from)
    return tuple(part for part in (WORDS, CODE, PACKAGES) if part in differs)


def raised(version: str, level: str) -> str:
    """Return the version above another by a level; the same where the level is empty."""
    major, minor, patch = map(int, version.split("."))
    return {
        MAJOR: f"{major + 1}.0.0",
        MINOR: f"{major}.{minor + 1}.0",
        PATCH: f"{major}.{minor}.{patch + 1}",
    }.get(level, version)


def versions(releases: Iterable[Release]) -> dict[str, str]:
    """Return the version of each release by its name; records from before the rule are given one.

    The first is 1.0.0, and each other one as the rule has it.
    """
    ordered = oldest_first([*releases])
    found = {one.name: one.version or FIRST for one in ordered[:1]}
    for old, new in pairwise(ordered):
        level = step_between(old, new).level or PATCH
        found[new.name] = new.version or raised(found[old.name], level)
    return found


def version_of(
    releases: Sequence[Release],
    trials: dict[str, str],
    data_hash: str,
    syntheses: Sequence[RecordedResult],
    claims: dict[str, str],
    made_from: str,
) -> str:
    """Return the version of the last release, where a report is that of it; else empty.

    `made_from` is what its pages are made from, beside the tables; the rest is as in
    `releases.changes_since`.
    """
    last = oldest_first(releases)[-1:]
    if not last or not last[0].version or (last[0].made_from or {}).get(REPORT) != made_from:
        return ""
    since = changes_since(last[0], trials, data_hash, syntheses, claims)
    same = not since.other_data and not since.claims
    return last[0].version if same and not any(m.moved or m.alone for m in since.moves) else ""
