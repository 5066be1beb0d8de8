"""What there is to say of a whole library: counts, shares and spreads of its analyses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ketameta.library.chunk import NO_REVIEW

if TYPE_CHECKING:
    import pyarrow as pa

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
# the columns of analyses that are counted
COUNTED = (
    *("subgroup", "field", "measure", "k", "today_tau2", "was_past", "is_past", "prediction_past"),
    *("egger_p", "equal", "cause"),
)
# the fewest effects in each class of analyses by size
SIZES = (0, 1, 2, 3, 5, 10, 20, 50)
# the fewest effects of which prediction intervals are counted: of two they are next to endless
FEWEST_PREDICTED = 3
# levels at which small-study tests are counted, and classes of their p
LEVELS = (0.05, 0.1)
CLASSES = 10


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many."""

    count: int
    of: int

    @property
    def value(self) -> float:
        """The share, NaN of none."""
        return self.count / self.of if self.of else float("nan")


@dataclass(frozen=True, slots=True)
class Spread:
    """tau² of analyses of one measure, in one field where it is told, on the scale of pooling."""

    measure: str
    field: str
    count: int
    zero: int
    lower: float
    median: float
    upper: float


@dataclass(frozen=True, slots=True)
class Summary:
    """What was counted; analyses are wholes, results also their subgroups.

    `sizes` counts analyses by the classes of `SIZES`. `lost` and `won` are results that were and
    are no more past no effect, and the other way round, `changed` of those that tell how they were
    pooled. `predictions` are prediction intervals that include no effect, of results of three
    effects or more, `of_past` those of results whose own interval lies past it. `p_values` counts
    small-study tests by classes of equal width, `small` those at most each of `LEVELS`.
    `reproduced` are printed results that were met, `causes` why others were not, most frequent
    first.
    """

    reviews: int
    unread: Sequence[tuple[str, str]]
    others: Sequence[str]
    said: Sequence[tuple[str, str]]
    rows: int
    analyses: int
    results: int
    sizes: Sequence[int]
    changed: Share
    lost: int
    won: int
    by_measure: Sequence[tuple[str, Share]]
    predictions: Share
    of_past: Share
    spreads: Sequence[Spread]
    tests: int
    p_values: Sequence[int]
    small: Sequence[tuple[float, Share]]
    reproduced: Share
    causes: Sequence[tuple[str, int]]

    def numbers(self) -> Iterator[tuple[str, str, str, float]]:
        """Yield every number as section, what it is of, its name and value."""
        for name in ("reviews", "rows", "analyses", "results"):
            yield "library", "", name, getattr(self, name)
        yield "library", "", "not read", len(self.unread)
        yield "library", "", "other files", len(self.others)
        for fewest, count in zip(SIZES, self.sizes, strict=True):
            yield "effects in an analysis", f"{fewest} and more", "analyses", count
        yield from _share("conclusions", "", "changed under HKSJ", self.changed)
        yield "conclusions", "", "past no effect no more", self.lost
        yield "conclusions", "", "past no effect now", self.won
        for measure, share in self.by_measure:
            yield from _share("conclusions", measure, "changed under HKSJ", share)
        yield from _share("prediction intervals", "", "include no effect", self.predictions)
        yield from _share("prediction intervals", "past no effect", "include it", self.of_past)
        for one in self.spreads:
            of = f"{one.measure}, {one.field}" if one.field else one.measure
            for name in ("count", "zero", "lower", "median", "upper"):
                yield "tau2", of, name, getattr(one, name)
        for i, count in enumerate(self.p_values):
            yield "small-study tests", f"p from {i / CLASSES:g}", "analyses", count
        for level, share in self.small:
            yield from _share("small-study tests", "", f"p at most {level:g}", share)
        yield from _share("reproduced", "", "equal to the printed digits", self.reproduced)
        for cause, count in self.causes:
            yield "reproduced", cause, "results", count


def _share(section: str, of: str, name: str, share: Share) -> Iterator[tuple[str, str, str, float]]:
    yield section, of, name, share.count
    yield section, of, f"{name}: of", share.of


def summed_up(analyses: pa.Table, reviews: pa.Table) -> Summary:
    """Count what the analyses and reviews of a library say; see `Summary`."""
    whole = _coded(analyses, "subgroup").where("")
    k = _numbers(analyses, "k")
    measures = _coded(analyses, "measure")
    was, told = _flags(analyses, "was_past")
    now, _ = _flags(analyses, "is_past")
    predicted, has_prediction = _flags(analyses, "prediction_past")
    has_prediction &= k >= FEWEST_PREDICTED
    p = _numbers(analyses, "egger_p")
    p = p[np.isfinite(p)]
    equal, printed = _flags(analyses, "equal")
    faults = [*zip(*(reviews.column(n).to_pylist() for n in ("review", "fault")), strict=True)]
    said = zip(*(reviews.column(n).to_pylist() for n in ("review", "said")), strict=True)
    causes = Counter(map(_general, analyses.column("cause").filter(printed & ~equal).to_pylist()))
    return Summary(
        sum(not fault for _, fault in faults),
        [(name, fault) for name, fault in faults if fault and fault != NO_REVIEW],
        [name for name, fault in faults if fault == NO_REVIEW],
        [(name, text) for name, texts in said for text in texts],
        int(sum(reviews.column("rows").to_pylist())),
        int(sum(reviews.column("analyses").to_pylist())),
        len(whole),
        _classes(k[whole]),
        Share(int((told & (was != now)).sum()), int(told.sum())),
        int((told & was & ~now).sum()),
        int((told & ~was & now).sum()),
        [
            (name, Share(int((own & (was != now)).sum()), int(own.sum())))
            for name in sorted(measures.words)
            if (own := told & measures.where(name)).any()
        ],
        Share(int((has_prediction & ~predicted).sum()), int(has_prediction.sum())),
        Share(int((has_prediction & now & ~predicted).sum()), int((has_prediction & now).sum())),
        _spreads(analyses, whole),
        p.size,
        np.histogram(p, CLASSES, (0.0, 1.0))[0].tolist(),
        [(level, Share(int((p <= level).sum()), p.size)) for level in LEVELS],
        Share(int((printed & equal).sum()), int(printed.sum())),
        sorted(causes.items(), key=lambda one: (-one[1], one[0])),
    )


def _general(cause: str) -> str:
    """Return a cause without the names and numbers of the one result that it is told of."""
    if cause.startswith("the file marks"):
        return "the file marks a study as not estimable"
    return cause.partition(":")[0]


def _numbers(table: pa.Table, name: str) -> Floats:
    column = table.column(name)
    return np.asarray(column.cast("float64").to_numpy(), float)


def _flags(table: pa.Table, name: str) -> tuple[Flags, Flags]:
    """Return a column of flags, False where it is empty, and where it is filled."""
    cells = table.column(name)
    filled = np.asarray(cells.is_valid().to_numpy(), bool)
    return np.asarray(cells.fill_null(False).to_numpy(), bool), filled


def _classes(k: Floats) -> list[int]:
    found: list[int] = np.histogram(k, [*SIZES, np.inf])[0].tolist()
    return found


def _spreads(analyses: pa.Table, whole: Flags) -> list[Spread]:
    """Return tau² by measure and, where any is told, by field; analyses of two effects or more."""
    tau2 = _numbers(analyses, "today_tau2")
    good = whole & np.isfinite(tau2)
    measures, fields = _coded(analyses, "measure"), _coded(analyses, "field")
    found = []
    for measure in sorted(measures.words):
        of_measure = good & measures.where(measure)
        for field in sorted(fields.words) if of_measure.any() else ():
            own = tau2[of_measure & fields.where(field)]
            if own.size:
                lower, median, upper = np.quantile(own, [0.25, 0.5, 0.75]).tolist()
                zero = int((own == 0).sum())
                found.append(Spread(measure, field, own.size, zero, lower, median, upper))
    return found


@dataclass(frozen=True, slots=True)
class _Coded:
    """A column of texts as the places of each in a list of them: of millions of rows a few."""

    words: Sequence[str]
    codes: NDArray[np.intp]

    def where(self, word: str) -> Flags:
        """Return the rows with a word."""
        place = self.words.index(word) if word in self.words else -1
        return np.asarray(self.codes == place, bool)


def _coded(table: pa.Table, name: str) -> _Coded:
    column = table.column(name).dictionary_encode().combine_chunks()
    return _Coded(column.dictionary.to_pylist(), np.asarray(column.indices.to_numpy()))
