"""What was read and found of reviews, as the rows of the library's tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ketameta.reviews.model import Analysis, Review, StudyRow
from ketameta.reviews.modern import Modern
from ketameta.reviews.reproduce import Result
from ketameta.stats import egger, many
from ketameta.tables.library import LibraryAnalysisRow, LibraryReviewRow, LibraryStudyRow
from ketameta.tables.table import Row, schema_of

if TYPE_CHECKING:
    import pyarrow as pa

KINDS: dict[str, type[Row]] = {
    schema_of(kind).name: kind for kind in (LibraryStudyRow, LibraryAnalysisRow, LibraryReviewRow)
}
# the fewest effects of which a small-study test is made (Sterne et al. 2011, BMJ 343, d4002)
FEWEST = 10
# the form of a review that does not tell how it is pooled
TABLE = "table"
_NAN = float("nan")
Columns = Mapping[str, Sequence[object] | NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Read:
    """A review as it was read: its form and field, or why it could not be."""

    review: Review
    form: str = ""
    field: str = ""
    fault: str = ""


def study_rows(reviews: Iterable[Review], results: Iterable[Result]) -> pa.Table:
    """Return a row a study row of every analysis, with effect and weight where it has them."""
    effects: dict[int, tuple[float, float]] = {}
    weights: dict[int, float] = {}
    for result in results:
        keys = [id(row) for row in result.pool.rows]
        yi, vi = (x.tolist() for x in result.effects)
        effects.update(zip(keys, zip(yi, vi, strict=True), strict=True))
        if not result.pool.subgroup:
            weights.update(zip(keys, result.weights.tolist(), strict=True))
    placed = [
        (review.name, analysis, i, row)
        for review in reviews
        for analysis in review.analyses
        for i, row in enumerate(analysis.rows, 1)
    ]
    rows = [row for _, _, _, row in placed]
    none = (_NAN, _NAN)
    found = [effects.get(id(row), none) for row in rows]
    columns: dict[str, Sequence[object] | NDArray[np.float64]] = {
        "review": [name for name, _, _, _ in placed],
        "analysis": [analysis.number for _, analysis, _, _ in placed],
        "row": [i for _, _, i, _ in placed],
        "subgroup": [row.subgroup for row in rows],
        "study": [row.study for row in rows],
        "year": [row.year for row in rows],
        "in_overall": [row.in_overall for row in rows],
        "weight": np.array([weights.get(id(row), _NAN) for row in rows], float),
        **_pair([_given(analysis, row) for _, analysis, _, row in placed], "given", "given_spread"),
        **_pair(found, "yi", "vi"),
    }
    for name in ("events", "people", "mean", "sd"):
        pairs = [getattr(row, name) for row in rows]
        columns |= _pair(pairs, f"treated_{name}", f"control_{name}")
    return arrow(LibraryStudyRow, columns)


def _given(analysis: Analysis, row: StudyRow) -> tuple[float, float]:
    return row.observed if analysis.settings.data == "O-E" else row.generic


def _pair(
    pairs: Sequence[tuple[float, float]], one: str, other: str
) -> dict[str, NDArray[np.float64]]:
    both = np.array(pairs, float).reshape(-1, 2)
    return {one: both[:, 0], other: both[:, 1]}


def analysis_rows(
    read: Iterable[Read], results: Sequence[Result], modern: Sequence[Modern | None]
) -> pa.Table:
    """Return a row a pooled result; what a table does not tell of how it is pooled is empty."""
    reviews = {one.review.name: one for one in read}
    analyses = [result.pool.analysis for result in results]
    settings = [analysis.settings for analysis in analyses]
    columns: dict[str, Sequence[object] | NDArray[np.float64]] = {
        "review": [result.pool.review for result in results],
        "analysis": [analysis.number for analysis in analyses],
        "subgroup": [result.pool.subgroup for result in results],
        "name": [analysis.name for analysis in analyses],
        "comparison": [analysis.group for analysis in analyses],
        "field": [reviews[result.pool.review].field for result in results],
        "estimator": [how.tau2 if how.model == "random" else "" for how in settings],
        "rows": [len(result.pool.rows) for result in results],
        "k": [result.k for result in results],
        "printed": [len(result.printed) for result in results],
        "equal": [result.equal if result.printed else None for result in results],
        "differs": [" ".join(result.differs) for result in results],
        "cause": [result.cause for result in results],
        "why": [_why(result, today) for result, today in zip(results, modern, strict=True)],
    }
    for name in ("measure", "method", "model", "interval", "ratio"):
        columns[name] = [getattr(how, name) for how in settings]
    silent = [reviews[result.pool.review].form == TABLE for result in results]
    for name in ("estimate", "low", "high", "tau2", "q", "i2"):
        own = [result.own.get(name, _NAN) for result in results]
        columns[name] = np.where(silent, _NAN, np.array(own, float))
    for name, attribute in _TODAY.items():
        found = [_NAN if one is None else getattr(one, attribute) for one in modern]
        columns[name] = np.array(found, float)
    columns["was_past"] = [
        None if one is None or none else one.was for none, one in zip(silent, modern, strict=True)
    ]
    columns["is_past"] = [None if one is None else one.now for one in modern]
    columns["prediction_past"] = [
        None if one is None or np.isnan(one.prediction_low) else one.new_trial for one in modern
    ]
    return arrow(LibraryAnalysisRow, columns | _small_study(results))


_TODAY = {
    "today": "estimate",
    "today_low": "low",
    "today_high": "high",
    "prediction_low": "prediction_low",
    "prediction_high": "prediction_high",
    "today_tau2": "tau2",
    "today_i2": "i2",
}


def _why(result: Result, today: Modern | None) -> str:
    if today is not None:
        return ""
    if not result.pool.rows:
        return "no study"
    return "one study that can be pooled" if result.k == 1 else "no study that can be pooled"


def _small_study(results: Sequence[Result]) -> dict[str, NDArray[np.float64]]:
    """Return slope and p of the regression on standard errors of whole analyses that are large."""
    slope, p = np.full(len(results), _NAN), np.full(len(results), _NAN)
    large = [i for i, r in enumerate(results) if not r.pool.subgroup and r.k >= FEWEST]
    if large:
        parts = [results[i].effects for i in large]
        place = np.repeat(large, [yi.size for yi, _ in parts])
        yi, vi = (np.concatenate([part[i] for part in parts]) for i in (0, 1))
        known = np.isfinite(yi) & np.isfinite(vi) & (vi > 0)
        found = many(egger, place[known], yi[known], vi[known])
        slope[found.index], p[found.index] = found["slope"], found["p"]
    return {"egger_slope": slope, "egger_p": p}


def review_rows(
    read: Sequence[Read], results: Iterable[Result], modern: Iterable[Modern | None]
) -> pa.Table:
    """Return a row a review, also of those that could not be read."""
    silent = {one.review.name for one in read if one.form == TABLE}
    counts = {one.review.name: [0, 0, 0] for one in read}
    for result, today in zip(results, modern, strict=True):
        own = counts[result.pool.review]
        own[0] += bool(result.printed)
        own[1] += bool(result.printed) and result.equal
        own[2] += today is not None and today.changed and result.pool.review not in silent
    own_counts = [counts[one.review.name] for one in read]
    return arrow(
        LibraryReviewRow,
        {
            "review": [one.review.name for one in read],
            "field": [one.field for one in read],
            "form": [one.form for one in read],
            "analyses": [len(one.review.analyses) for one in read],
            "rows": [sum(len(a.rows) for a in one.review.analyses) for one in read],
            "printed": [own[0] for own in own_counts],
            "equal": [own[1] for own in own_counts],
            "changed": [own[2] for own in own_counts],
            "fault": [one.fault for one in read],
            "said": [list(one.review.said) for one in read],
        },
    )


def arrow(kind: type[Row], columns: Columns) -> pa.Table:
    """Return columns as an Arrow table of a kind; NaN is empty."""
    import pyarrow as pa

    schema = schema_of(kind).arrow_schema()
    arrays = [pa.array(columns[field.name], type=field.type, from_pandas=True) for field in schema]
    return pa.Table.from_arrays(arrays, schema=schema)


def rows_of_reviews(reviews: Iterable[Review]) -> int:
    """Count the study rows of reviews."""
    return sum(len(analysis.rows) for review in reviews for analysis in review.analyses)


def told_of(read: Iterable[Read]) -> list[str]:
    """Return what could not be read or taken, a sentence each, with the review that it is of."""
    return list(
        chain.from_iterable(
            [
                f"{one.review.name}: {text}"
                for text in (*filter(None, [one.fault]), *one.review.said)
            ]
            for one in read
        )
    )
