"""Which trials, arms and reviews of one extraction are which of the other, and by what.

First by the same key, then by the next best sign that names one on either side and no more, at
last by likeness. A trial that only rows name, as in a batch that adds to other tables, counts as
one.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ketameta.evidence.references import arms_of
from ketameta.evidence.rows import trial_of
from ketameta.extraction.assignment import assigned
from ketameta.extraction.cells import (
    canonical_cell,
    column_of,
    letters_and_digits,
    likeness_of,
    number_of,
    significant_digits,
)
from ketameta.extraction.records import SAME_KEY
from ketameta.tables.collection import Tables
from ketameta.tables.parts import Placed
from ketameta.tables.raw import RAW_KINDS, ArmRow, ContrastRow, OutcomeRow, PublishedRow, TrialRow

SPELLED = "the same key, spelled otherwise"
ALIKE_TRIAL = "alike in name, people, arms and outcomes"
ALIKE_ARM = "alike in treatment, dose, people and description"
# so alike that they are taken for one, from 0 to 1
_TRIALS_ALIKE = 0.65
_ARMS_ALIKE = 0.6
# how many signs that tell trials apart must be alike, and how alike
_SIGNS, _SIGN = 2, 0.6
# more pairs than this share a sign that is none
_MOST_PAIRS = 10_000
_REGISTRATION = re.compile(r"[a-z]{2,}[a-z/-]*\s*[0-9][0-9a-z/-]{5,}")
_YEAR = re.compile(r"(?:19|20)[0-9]{2}")
# what makes a row known again; n is of the arm as well, but counts of few need it
_RESULTS = ("n", "events", "mean", "sd", "change_mean", "change_sd", "estimate", "se", "ci_low")
# significant digits in common that are no coincidence
FIGURES = 3
_FIRST_WORD = re.compile(r"[^\W\d_]{2,}")

Cells = Mapping[str, str]


@dataclass
class Owner:
    """What rows belong to: its key, its own cells (none where rows alone name it), its rows'."""

    key: str
    table: str
    cells: Cells = field(default_factory=dict)
    arms: set[str] = field(default_factory=set)
    outcomes: set[str] = field(default_factory=set)
    numbers: set[str] = field(default_factory=set)

    def said(self, column: str) -> str:
        """Return a cell in its one form, empty where there is none."""
        text = self.cells.get(column, "")
        return canonical_cell(column_of(self.table, column), text) if text else ""


# names a sign that two are one, and gives what it is of each: several, as of two registrations
Sign = tuple[str, Callable[[Owner], Iterable[str]]]
# B's key -> A's key and the reason
Pairing = dict[str, tuple[str, str]]


def trials(a: Tables, b: Tables) -> Pairing:
    """Return which trial of B is which of A."""
    signs = [*_BY_KEY, ("the same registration", _registrations), *_BY_ARTICLE, _BY_NUMBERS]
    return _paired(_trials(a), _trials(b), signs, _trial_likeness, (_TRIALS_ALIKE, ALIKE_TRIAL))


def arms(a: Tables, b: Tables, trials_of_b: Pairing) -> dict[tuple[str, str], tuple[str, str]]:
    """Return which arm of B, as (trial, arm), is which arm of A's trial, and the reason."""
    signs = [*_BY_KEY, ("the same treatment, dose and route", _treatment), _BY_NUMBERS]
    found = {}
    own, other = _arms(a), _arms(b)
    for trial, (its, _) in trials_of_b.items():
        pairs = _paired(
            own.get(its, []), other.get(trial, []), signs, _arm_likeness, (_ARMS_ALIKE, ALIKE_ARM)
        )
        found.update({(trial, arm): pair for arm, pair in pairs.items()})
    return found


def reviews(a: Tables, b: Tables) -> Pairing:
    """Return which earlier review of B is which of A."""
    return _paired(_reviews(a), _reviews(b), (*_BY_KEY, *_BY_ARTICLE))


def _paired(
    a: Sequence[Owner],
    b: Sequence[Owner],
    signs: Sequence[Sign],
    likeness: Callable[[Owner, Owner], float] | None = None,
    enough: tuple[float, str] = (1.0, ""),
) -> Pairing:
    """Pair by one sign after the other, then by likeness; in the order of keys throughout."""
    left = {owner.key: owner for owner in sorted(a, key=lambda o: o.key)}
    right = {owner.key: owner for owner in sorted(b, key=lambda o: o.key)}
    found: Pairing = {}

    def take(pairs: Iterable[tuple[str, str]], reason: str) -> None:
        for one, other in pairs:
            found[other] = (one, reason)
            del left[one], right[other]

    for reason, sign in signs:
        sure = reason in (SAME_KEY, SPELLED)
        take(_by_sign(left, right, sign, sure), reason)
    if likeness and left and right:
        take(_by_likeness(left, right, likeness, enough[0]), enough[1])
    return found | _slips(found, right.values())


def _slips(found: Pairing, left: Iterable[Owner]) -> Pairing:
    """Return those that rows alone name, as B spells one of its own otherwise than elsewhere."""
    spelled: dict[str, set[str]] = defaultdict(set)
    for other, (one, _) in found.items():
        spelled[letters_and_digits(other)].add(one)
    return {
        owner.key: (one, SPELLED)
        for owner in left
        if not owner.cells and len(spelled[letters_and_digits(owner.key)]) == 1
        for one in spelled[letters_and_digits(owner.key)]
    }


def _by_sign(
    a: Mapping[str, Owner],
    b: Mapping[str, Owner],
    sign: Callable[[Owner], Iterable[str]],
    sure: bool,
) -> list[tuple[str, str]]:
    """Return those of which a sign names one on either side, and no other sign says otherwise."""
    sides = []
    for owners in (a, b):
        bearers: dict[str, set[str]] = defaultdict(set)
        for owner in owners.values():
            for mark in filter(None, sign(owner)):
                bearers[mark].add(owner.key)
        sides.append(bearers)
    partners: dict[str, set[str]] = defaultdict(set)
    for mark in sides[0].keys() & sides[1].keys():
        for one in sides[0][mark]:
            partners[one] |= sides[1][mark]
    wanted = Counter(other for others in partners.values() for other in others)
    return [
        (one, other)
        for one, others in sorted(partners.items())
        for other in others
        if len(others) == 1 and wanted[other] == 1 and (sure or not _contradict(a[one], b[other]))
    ]


def _by_likeness(
    a: Mapping[str, Owner],
    b: Mapping[str, Owner],
    likeness: Callable[[Owner, Owner], float],
    enough: float,
) -> list[tuple[str, str]]:
    """Return the pairing of those that are alike enough whose likenesses add up to most."""
    one, other = list(a.values()), list(b.values())
    if len(one) * len(other) > _MOST_PAIRS:
        pairs = _sharing(one, other)
    else:
        pairs = ((i, j) for i in range(len(one)) for j in range(len(other)))
    alike = {}
    for i, j in pairs:
        value = 0.0 if _contradict(one[i], other[j]) else likeness(one[i], other[j])
        if value >= enough:
            alike[i, j] = value
    return [(one[i].key, other[j].key) for i, j in assigned(alike)]


def _sharing(a: Sequence[Owner], b: Sequence[Owner]) -> Iterator[tuple[int, int]]:
    """Yield the pairs of two long lists that share year and people, or the first author."""
    marks: dict[tuple[str, ...], tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    for side, owners in enumerate((a, b)):
        for i, owner in enumerate(owners):
            for columns in (("year", "n_randomised"), ("n_randomised", "population")):
                marks[(*columns, *(owner.said(c) for c in columns))][side].append(i)
            for author in _author_and_year(owner):
                marks[("author", author[:-4])][side].append(i)
    for one, other in marks.values():
        if len(one) * len(other) <= _MOST_PAIRS:
            yield from ((i, j) for i in one for j in other)


def _contradict(a: Owner, b: Owner) -> bool:
    """Say whether all names that libraries and registries gave to two trials differ."""
    if a.table == "arms":
        return False
    both = [
        (x, y)
        for x, y in (
            (set(_registrations(a)), set(_registrations(b))),
            ({a.said("doi")} - {""}, {b.said("doi")} - {""}),
            ({a.said("pmid")} - {""}, {b.said("pmid")} - {""}),
        )
        if x and y
    ]
    return bool(both) and not any(x & y for x, y in both)


def _registrations(owner: Owner) -> list[str]:
    if owner.table != "trials":
        return []
    said = owner.cells.get("registration", "").casefold()
    return [letters_and_digits(number) for number in _REGISTRATION.findall(said)]


def _author_and_year(owner: Owner) -> list[str]:
    found = set()
    for name in (owner.cells.get("label", ""), owner.key):
        author = _FIRST_WORD.search(name)
        year = _YEAR.search(name)
        if author and (year or owner.said("year")):
            found.add(
                f"{letters_and_digits(author[0])}{year[0] if year else owner.cells['year'][:4]}"
            )
    return sorted(found)


def _treatment(arm: Owner) -> list[str]:
    columns = ("treatment", "dose", "dose_unit", "route", "cotreatment")
    return ["\x1f".join(arm.said(c) for c in columns)] if arm.said("treatment") else []


_BY_KEY: tuple[Sign, ...] = (
    (SAME_KEY, lambda owner: [owner.key]),
    (SPELLED, lambda owner: [letters_and_digits(owner.key)]),
)
_BY_ARTICLE: tuple[Sign, ...] = (
    ("the same DOI", lambda owner: [owner.said("doi")]),
    ("the same PMID", lambda owner: [owner.said("pmid")]),
    ("the same label", lambda owner: [letters_and_digits(owner.cells.get("label", ""))]),
    ("the same first author and year", _author_and_year),
)
_BY_NUMBERS: Sign = ("the same numbers in its rows", lambda owner: owner.numbers)


def _trial_likeness(a: Owner, b: Owner) -> float:
    """Return from 0 to 1 how alike two trials are by what both say of themselves.

    0 where fewer than two signs are alike that tell trials apart: the label, the people
    randomised, who they were, outcomes with their hours, and numbers. Year, population, design and
    treatments are those of many trials.
    """
    label = _ratio(a.cells.get("label") or a.key, b.cells.get("label") or b.key)
    people = _agreeing(a, b, "n_randomised", 3.0)
    notes = [owner.cells.get("population_note", "") for owner in (a, b)]
    who = [(2.0, _ratio(*notes))] if all(notes) else []
    outcomes = _shared(a.outcomes, b.outcomes, 1.5)
    numbers = _shared(a.numbers, b.numbers, 4.0)
    signs = [label, *(value for _, value in (*people, *who, *outcomes, *numbers))]
    if sum(value >= _SIGN for value in signs) < _SIGNS:
        return 0.0
    parts = [(2.0, label), *people, *who, *outcomes, *numbers, *_shared(a.arms, b.arms, 1.5)]
    for column in ("year", "population", "country", "design", "blinding"):
        parts += _agreeing(a, b, column, 1.0 if column in ("year", "population") else 0.5)
    return _weighted(parts)


def _shared(a: set[str], b: set[str], weight: float) -> list[tuple[float, float]]:
    return [(weight, len(a & b) / len(a | b))] if a and b else []


def _arm_likeness(a: Owner, b: Owner) -> float:
    """Return from 0 to 1 how alike two arms are by what both say of themselves."""
    parts = [(2.0, _ratio(a.key, b.key))]
    for column, weight in (("treatment", 4.0), ("dose", 2.0), ("n_randomised", 2.0)):
        parts += _agreeing(a, b, column, weight)
    for column in ("dose_unit", "route", "n_doses"):
        parts += _agreeing(a, b, column, 1.0)
    if a.cells.get("arm_label") and b.cells.get("arm_label"):
        parts.append((2.0, _ratio(a.cells["arm_label"], b.cells["arm_label"])))
    return _weighted(parts)


def _weighted(parts: Sequence[tuple[float, float]]) -> float:
    """Return the mean of values, each after its weight."""
    return sum(w * v for w, v in parts) / sum(w for w, _ in parts)


def _agreeing(a: Owner, b: Owner, column: str, weight: float) -> list[tuple[float, float]]:
    x, y = a.said(column), b.said(column)
    return [(weight, float(x == y))] if x and y else []


def _ratio(a: str, b: str) -> float:
    return likeness_of(a[:100], b[:100])


def _trials(tables: Tables) -> list[Owner]:
    found: dict[str, Owner] = {}
    for kind in RAW_KINDS.values():
        for row in tables.get(kind):
            if key := trial_of(row):
                _tell(found.setdefault(key, Owner(key, "trials")), row)
    return list(found.values())


def _tell(owner: Owner, row: Placed) -> None:
    """Add what a row tells of its trial."""
    if isinstance(row, TrialRow) and not owner.cells:
        owner.cells = row.entered
    elif isinstance(row, ArmRow):
        owner.arms.add(letters_and_digits(row.entered.get("treatment", "")))
    elif isinstance(row, OutcomeRow | ContrastRow):
        about, numbers = _results(row)
        owner.outcomes.add(about)
        owner.numbers |= numbers


def _results(row: OutcomeRow | ContrastRow) -> tuple[str, set[str]]:
    """Return outcome and hour of a row, and with its numbers where they tell it from others."""
    cells = row.entered
    about = (
        f"{letters_and_digits(cells.get('outcome', ''))}@{number_of(cells.get('timepoint_h', ''))}"
    )
    said = [cells[name] for name in _RESULTS if cells.get(name)]
    if sum(map(significant_digits, said)) < FIGURES:
        return about, set()
    return about, {f"{about} {[number_of(cell) for cell in said]}"}


def _arms(tables: Tables) -> dict[str, list[Owner]]:
    found: dict[str, dict[str, Owner]] = defaultdict(dict)
    for row in tables.get(ArmRow):
        if row.trial_id and row.arm_id:
            found[row.trial_id].setdefault(row.arm_id, Owner(row.arm_id, "arms", row.entered))
    rows: list[OutcomeRow | ContrastRow] = [*tables.get(OutcomeRow), *tables.get(ContrastRow)]
    for result in rows:
        for key in filter(None, arms_of(result) if result.trial_id else ()):
            arm = found[result.trial_id].setdefault(key, Owner(key, "arms"))
            arm.numbers |= _results(result)[1] if isinstance(result, OutcomeRow) else set()
    return {trial: list(own.values()) for trial, own in found.items()}


def _reviews(tables: Tables) -> list[Owner]:
    found: dict[str, Owner] = {}
    for row in tables.get(PublishedRow):
        if row.review_id:
            own = Owner(row.review_id, "published", row.entered)
            found.setdefault(row.review_id, own)
    return list(found.values())
