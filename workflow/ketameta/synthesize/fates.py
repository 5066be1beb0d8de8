"""What became of rows that are in no effect, from the ledger: why trials are left out, and rows.

The ledger has a row for every raw row and analysis. It is read as Arrow, and of it only what tells
something of a row on the question: a hundredth of it becomes objects.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ketameta.configuration import Analysis
from ketameta.normalize.ledger import ELSEWHERE, REASONS
from ketameta.tables.collection import Tables, by
from ketameta.tables.effects import EffectRow, LedgerRow, ResultRow
from ketameta.tables.syntheses import ExclusionRow, ReasonRow, UnusedRow
from ketameta.vocabulary import SECONDARY

if TYPE_CHECKING:
    import pyarrow as pa

# reasons that say no more than that a row is about something else
_ELSEWHERE = (ELSEWHERE, "other population", "other treatment", "narrowed", "used")
# reasons that stop a row after it has passed the sieve of outcome, arms and hours
_NEAR = ("not usable", "selected arm", "shared people", "same people", "repeated report")
# reasons that say that another row answers the question better, or that this one asks another
_CHOSEN = (
    *("source not asked for", "arms not asked for", "no hour", "outside window", "other scale"),
    *("other definition", "other analysis set", "pooled arm", "same people", "repeated report"),
    *("treatment preferred", "other comparator", "scale preferred", "definition preferred"),
    *("time preferred", "source preferred", "analysis set preferred"),
)
_ORDER = {reason: place for place, reason in enumerate(REASONS)}


class Fate(NamedTuple):
    """Why one row is not in the effects of an analysis."""

    analysis: str
    trial_id: str
    file: str
    line: int
    reason: str
    detail: str


class RawRows:
    """The raw rows of outcomes and contrasts by their places: labels, sources, hours."""

    def __init__(self, tables: Tables) -> None:
        rows = tables.arrow(ResultRow)
        files, trials, labels, self._seen, self._sources = (
            _texts(rows[name]) for name in ("file", "trial_id", "label", "seen", "source")
        )
        places = zip(files, rows["line"].to_pylist(), strict=True)
        self._at = {f"{file}:{line}": at for at, (file, line) in enumerate(places)}
        self.labels = dict(zip(trials, labels, strict=True))
        self._cells, self._hours = rows["entered"], dict[str, float | None]()

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._at)

    def secondary(self, places: Iterable[str]) -> list[str]:
        """Return the secondary sources of some rows, each once."""
        rows = [self._at[place] for place in places]
        return sorted({self._sources[at] for at in rows if self._seen[at] == SECONDARY})

    def hour(self, place: str) -> float | None:
        """Return the hour of a row, as entered."""
        if place not in self._hours:
            cell = dict(self._cells[self._at[place]].as_py()).get("timepoint_h")
            self._hours[place] = float(cell) if cell else None
        return self._hours[place]


@dataclass(frozen=True, slots=True)
class Fates:
    """The ledger: its fates by analysis, the counts of reasons, and how many rows are used."""

    by_analysis: Mapping[str, Sequence[Fate]]
    reasons: list[ReasonRow]
    used: int

    def of(self, analysis: str) -> Sequence[Fate]:
        """Return the fates of an analysis."""
        return self.by_analysis.get(analysis, ())


def fates_of(tables: Tables) -> Fates:
    """Return what the ledger tells."""
    import pyarrow as pa
    import pyarrow.compute as pc

    ledger = tables.arrow(LedgerRow)
    used = ledger.filter(ledger["used"])
    told = ledger.filter(pc.invert(pc.is_in(ledger["reason"], pa.array(_ELSEWHERE))))
    columns = [told[n].to_pylist() if n == "line" else _texts(told[n]) for n in Fate._fields]
    fates = map(Fate._make, zip(*columns, strict=True))
    return Fates(
        by(fates, lambda fate: fate.analysis),
        _reasons(ledger["reason"]),
        used.unify_dictionaries().group_by(["file", "line"]).aggregate([]).num_rows,
    )


def _texts(column: pa.ChunkedArray) -> list[str]:
    """Return a column of texts, the same text always as the same object."""
    import pyarrow as pa

    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    whole = column.unify_dictionaries().combine_chunks()
    words = whole.dictionary.to_pylist()
    return [words[code] for code in whole.indices.to_pylist()]


def _reasons(column: pa.ChunkedArray) -> list[ReasonRow]:
    """Count why rows on the outcome in question were not used, the commonest reason first."""
    counted = Counter(
        {
            str(found["values"]): int(found["counts"])
            for found in column.value_counts().to_pylist()
            if found["values"] not in (ELSEWHERE, "used")
        }
    )
    return [ReasonRow(reason=REASONS[r], number=number) for r, number in counted.most_common()]


def furthest(reasons: Iterable[str]) -> str:
    """Return the reason of several at which a row came furthest through the sieves."""
    return max(reasons, key=_ORDER.__getitem__)


def in_words(reason: str) -> str:
    """Return what a reason of the ledger means."""
    return REASONS[reason]


def is_told(reason: str) -> bool:
    """Say whether a fate is of a row on the outcome asked for: of others nothing is told."""
    return reason != ELSEWHERE


def exclusions(
    analysis: Analysis, effects: Sequence[EffectRow], fates: Sequence[Fate], raw: RawRows
) -> list[ExclusionRow]:
    """Return one row a trial that has rows on the outcome and population, and no effect."""
    inside = {effect.trial_id for effect in effects}
    rows = by((fate for fate in fates if fate.trial_id not in inside), lambda f: f.trial_id)
    result = []
    for trial_id in sorted(rows):
        reached = furthest(fate.reason for fate in rows[trial_id])
        same = [fate for fate in rows[trial_id] if fate.reason == reached]
        near = [fate for fate in same if _near(analysis, fate, raw)]
        result.append(
            ExclusionRow(
                analysis=analysis.name,
                trial_id=trial_id,
                label=raw.labels[trial_id],
                reason=REASONS[reached],
                # what decided is told of the rows in the window, where some are
                detail=_details(near or same),
                rows=_places(same),
                near=bool(near),
            )
        )
    return result


def _near(analysis: Analysis, fate: Fate, raw: RawRows) -> bool:
    """Say whether a row is on the outcome and in the window, and only its numbers are at fault.

    Flags and reported measures are judged before the hour, so the hour is looked up.
    """
    if fate.reason in _NEAR:
        return True
    if fate.reason not in ("flagged", "other measure"):
        return False
    hour, window = raw.hour(_place(fate)), analysis.select.window
    return hour in window if window is not None else hour != 0


def unused_rows(
    analysis: Analysis, effects: Sequence[EffectRow], fates: Sequence[Fate], raw: RawRows
) -> list[UnusedRow]:
    """Return one row a pooled trial and reason for which some of its rows are not in the effect."""
    inside = {effect.trial_id for effect in effects}
    pooled = (fate for fate in fates if fate.trial_id in inside)
    rows = by(pooled, lambda fate: (_ORDER[fate.reason], fate.trial_id))
    return [
        UnusedRow(
            analysis=analysis.name,
            trial_id=trial_id,
            label=raw.labels[trial_id],
            reason=REASONS[own[0].reason],
            detail=_details(own),
            chosen=own[0].reason in _CHOSEN,
            rows=_places(own),
        )
        for (_, trial_id), own in sorted(rows.items())
    ]


def _details(fates: Sequence[Fate]) -> str:
    return "; ".join(dict.fromkeys(fate.detail for fate in fates if fate.detail))


def _place(fate: Fate) -> str:
    return f"{fate.file}:{fate.line}"


def _places(fates: Sequence[Fate]) -> list[str]:
    return [_place(fate) for fate in fates]
