"""Tables with a study a row and a column `analysis`, as CSV or Parquet: reviews without settings.

Columns carry the names of metafor or of R's meta (`ketameta.reviews.layouts`): effects with their
variance or standard error, or events and people, or means; further `analysis`, `measure`, `study`,
`year`, `subgroup`, and `review` and `field` where a file holds several. How the reviews pooled is
not told by such a table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import isnan, nan, sqrt
from typing import TYPE_CHECKING

from ketameta.ingest.text import UnreadableError
from ketameta.reviews.cells import column, number, text_of
from ketameta.reviews.layouts import LAYOUTS, Layout
from ketameta.reviews.model import Analysis, Data, Review, Settings, StudyRow

if TYPE_CHECKING:
    import pyarrow as pa

PARQUET = b"PAR1"
# the analysis of rows that name none
ALL = "all rows"
_TEXTS = ("review", "field", "analysis", "measure", "subgroup", "year")
_STUDY = ("study", "slab", "studlab", "label", "author", "trial", "trial id")
_LAYOUTS = tuple(layout for layout in LAYOUTS if layout.name in ("metafor", "R meta"))
# measures that are computed of counts or of means, here as in RevMan
_COMPUTED: dict[str, Data] = {
    **dict.fromkeys(("OR", "RR", "RD", "PETO"), "counts"),
    **dict.fromkeys(("MD", "SMD"), "means"),
}
# measures that are pooled as their logs
_RATIOS = ("OR", "RR", "PETO", "HR", "IRR", "ROM")
_TOLD = 5


@dataclass(slots=True)
class _Long:
    """The columns of a table: texts and numbers by our names, and what is no number in it."""

    texts: dict[str, list[str]]
    numbers: dict[str, list[float]]
    said: list[str] = field(default_factory=list)


def reviews_of_table(content: bytes) -> list[tuple[Review, str]]:
    """Return the reviews of a table, each with its field; `name` is that of a column `review`.

    It starts with a colon, or is empty where there is no such column. Raises `UnreadableError`.
    """
    long = _long(_parquet(content) if content.startswith(PARQUET) else _csv(content))
    reviews: dict[str, dict[str, list[int]]] = {}
    for i, (review, analysis) in enumerate(
        zip(long.texts["review"], long.texts["analysis"], strict=True)
    ):
        reviews.setdefault(review, {}).setdefault(analysis or ALL, []).append(i)
    found = []
    for name, analyses in reviews.items():
        pooled, said = [], list(long.said)
        for number_, places in analyses.items():
            try:
                pooled.append(_analysis(long, number_, places))
            except UnreadableError as error:
                said.append(f"analysis {number_}: {error}")
        first = next(iter(analyses.values()))[0]
        named = f":{name}" if name else ""
        found.append((Review(named, tuple(pooled), tuple(said)), long.texts["field"][first]))
    return found


def _csv(content: bytes) -> pa.Table:
    import pyarrow as pa
    from pyarrow import csv

    text = text_of(content)
    head = text.partition("\n")[0]
    mark = max(",;\t", key=head.count)
    names = [cell.strip().strip('"') for cell in head.split(mark)]
    options = csv.ConvertOptions(
        column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
    )
    try:
        return csv.read_csv(
            pa.BufferReader(text.encode()),
            csv.ReadOptions(use_threads=False),
            csv.ParseOptions(delimiter=mark, newlines_in_values=True),
            options,
        )
    except pa.ArrowInvalid as error:
        raise UnreadableError(f"is no table: {str(error).splitlines()[0]}") from None


def _parquet(content: bytes) -> pa.Table:
    from ketameta.storage import parquet_table

    try:
        return parquet_table(content)
    except (OSError, ValueError) as error:
        raise UnreadableError(f"is no Parquet file: {str(error).splitlines()[0]}") from None


def _long(table: pa.Table) -> _Long:
    """Return the columns that are known. Raises `UnreadableError` where none has numbers."""
    places = {column(name): name for name in reversed(table.column_names)}
    long = _Long({}, {})
    for name in _TEXTS:
        long.texts[name] = _texts(table, places.get(name))
    label: str | None = next((places[name] for name in _STUDY if name in places), None)
    long.texts["study"] = _texts(table, label)
    layout = next((one for one in _LAYOUTS if any(k <= places.keys() for k in one.known_by)), None)
    if layout is None:
        raise UnreadableError(
            "is neither a review nor a table with yi and vi (or sei), ai n1i ci n2i, m1i sd1i n1i "
            "m2i sd2i n2i, or the columns of R's meta"
        )
    for ours, theirs in _numbers_of(layout):
        found: str | None = next((places[one] for one in theirs if one in places), None)
        long.numbers[ours] = _floats(table, found, long.said)
    return long


def _numbers_of(layout: Layout) -> Iterator[tuple[str, tuple[str, ...]]]:
    for arm, names in zip(("treated", "control"), layout.arms, strict=True):
        for ours, theirs in names.items():
            yield f"{arm} {ours}", theirs
    yield from layout.between[0][1].items()
    if "variance" not in layout.between[0][1]:
        yield "variance", ()


def _texts(table: pa.Table, name: str | None) -> list[str]:
    if name is None:
        return [""] * table.num_rows
    return ["" if cell is None else str(cell).strip() for cell in table.column(name).to_pylist()]


def _floats(table: pa.Table, name: str | None, said: list[str]) -> list[float]:
    """Return a column as numbers; cells that are none are told."""
    if name is None:
        return [nan] * table.num_rows
    cells = table.column(name).to_pylist()
    found = [
        nan if cell is None else number(cell) if isinstance(cell, str) else float(cell)
        for cell in cells
    ]
    odd = [
        f"row {i}: {cell!r}"
        for i, (cell, value) in enumerate(zip(cells, found, strict=True), 1)
        if isinstance(cell, str) and isnan(value) and _is_word(cell)
    ]
    if odd:
        more = f" and {len(odd) - _TOLD} more" if len(odd) > _TOLD else ""
        said.append(f"column {name} has what is no number: {', '.join(odd[:_TOLD])}{more}")
    return found


def _is_word(cell: str) -> bool:
    return cell.strip().lower() not in ("", "na", "n/a", "nan", "null", ".", "inf", "-inf")


def _analysis(long: _Long, name: str, places: Sequence[int]) -> Analysis:
    """Return an analysis of some rows. Raises `UnreadableError` where they are no one question."""
    measures = dict.fromkeys(long.texts["measure"][i].upper() for i in places)
    if len(measures) > 1:
        raise UnreadableError(f"has several measures: {', '.join(map(repr, measures))}")
    measure = next(iter(measures))
    effects = [_generic(long.numbers, i) for i in places]
    given = any(not isnan(estimate) for estimate, _ in effects)
    if not given and measure not in _COMPUTED:
        raise UnreadableError(
            f"has no effects, and its measure {measure!r} is none of {', '.join(_COMPUTED)}"
        )
    how = _settings(measure, "generic" if given else _COMPUTED[measure])
    rows = tuple(
        _row(long, i, effect if given else (nan, nan))
        for i, effect in zip(places, effects, strict=True)
    )
    return Analysis(name, "", "", how, rows, {})


def _settings(measure: str, data: Data) -> Settings:
    ratio = measure in _RATIOS
    generic = "ratio" if ratio else "difference"
    shown = generic if data == "generic" else measure
    return Settings(data, "IV", shown, "random", ratio, "REML", "hksj")


def _generic(numbers: Mapping[str, Sequence[float]], i: int) -> tuple[float, float]:
    estimate, se, variance = (numbers[name][i] for name in ("estimate", "se", "variance"))
    return estimate, sqrt(variance) if isnan(se) and variance >= 0 else se


def _row(long: _Long, i: int, effect: tuple[float, float]) -> StudyRow:
    def pair(name: str) -> tuple[float, float]:
        return long.numbers[f"treated {name}"][i], long.numbers[f"control {name}"][i]

    texts = long.texts
    return StudyRow(
        texts["study"][i], texts["year"][i], texts["subgroup"][i], True, bool(texts["subgroup"][i]),
        pair("events"), pair("n"), pair("mean"), pair("sd"), effect,
    )  # fmt: skip
