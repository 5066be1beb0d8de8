"""Many analyses of any number of studies each, given as long columns: one call for all.

Analyses of equal size make a rectangle, and each rectangle is one call; what a function finds of an
analysis does not depend on what stands beside it, so that it is the same to the last bit as if it
had been asked for alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ketameta.stats.numerics.checks import StudyError, as_floats, has_labels
from ketameta.stats.numerics.shown import number_fields

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
Fit = Callable[..., Any]
FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Groups:
    """The analyses of long columns of n rows, in the order in which they first come.

    `names` has a name an analysis, `codes`, shape (n,), the place of each row's analysis in it.
    """

    names: pd.Index[Any]
    codes: Places

    @classmethod
    def of(cls, group: Any) -> Groups:
        """Read the analysis of each row. Raises a ValueError where a row has none."""
        import pandas as pd

        labels = group.to_pandas() if hasattr(group, "to_pandas") else group
        if not has_labels(labels):
            labels = np.asarray(labels)
        if np.ndim(labels) != 1:
            raise ValueError(f"group has {np.ndim(labels)} axes; it is a label a row")
        codes, names = pd.factorize(labels)
        if (codes < 0).any():
            raise ValueError(f"group[{int((codes < 0).argmax())}] is missing; each row has a label")
        return cls(pd.Index(names, name=getattr(group, "name", None) or "analysis"), codes)

    def rectangles(self) -> Iterator[tuple[Places, Places]]:
        """Yield the places of analyses of m studies, shape (n,), and of their rows, (n, m)."""
        sizes = np.bincount(self.codes, minlength=len(self.names))
        first = np.cumsum(sizes) - sizes
        order = np.argsort(self.codes, kind="stable")
        for size in np.unique(sizes):
            analyses = np.flatnonzero(sizes == size)
            yield analyses, order[first[analyses][:, None] + np.arange(size)]


def many(fit: Fit, group: ArrayLike, *columns: ArrayLike, **options: Any) -> pd.DataFrame:
    """Call a function of this package for every analysis of long columns.

    Parameters
    ----------
    fit
        A function that takes columns of shape (n, k), such as `random_effects`, `egger`,
        `mantel_haenszel` or `leave_one_out`.
    group
        The analysis of each row, shape (n,): numbers or text, of any order; a column of pandas or
        Arrow too.
    *columns
        What `fit` takes of each study, shape (n,) each, in its order; NaN as `fit` has it.
    **options
        Other arguments of `fit`. One of shape (n,) is a column as well: ``ai=events``.

    Returns
    -------
    DataFrame with what `fit` returns of one number an analysis as columns, and a row an analysis in
    the order in which they first come, or a row a study where it returns a number a study, in the
    order given. ``fault`` says why an analysis was refused, and which row was at fault; it is
    empty otherwise, and the others are not touched.

    Raises
    ------
    ValueError
        Columns of different lengths, a row without an analysis, or an option that is not known
        (then all analyses are refused for one reason).

    Examples
    --------
    >>> from ketameta.stats import egger, many
    >>> group = ["a", "b", "a", "b", "a", "b", "b"]
    >>> yi = [0.12, 0.5, 0.31, 0.1, 0.52, 0.2, 0.4]
    >>> found = many(egger, group, yi, [0.02, 0.03, 0.03, 0.02, 0.015, 0.0, 0.04])
    >>> found["slope"].round(3).to_dict()
    {'a': -3.508, 'b': nan}
    >>> found.loc["b", "fault"]
    'vi[5] is 0; a sampling variance is above 0'
    """
    groups = Groups.of(group)
    size = len(groups.codes)
    given = [_column(f"column {i}", x, size) for i, x in enumerate(columns, 1)]
    named = {name: _column(name, x, size) for name, x in options.items() if _is_long(x)}
    plain = {name: x for name, x in options.items() if name not in named}
    results = _Results(groups)
    for analyses, rows in groups.rectangles():
        _fit(fit, results, (analyses, rows), (given, named, plain))
    reasons = {*results.faults.values()}
    if len(results.faults) == len(groups.names) and len(reasons) == 1 and len(groups.names) > 1:
        raise ValueError(*reasons)
    if not results.cells:
        absent = np.full((1, 1), np.nan)
        with suppress(ValueError):
            results.declare(fit(*[absent] * len(given), **dict.fromkeys(named, absent), **plain))
    return results.frame()


def _is_long(value: Any) -> bool:
    return not isinstance(value, str) and np.ndim(value) == 1


def _column(name: str, value: Any, size: int) -> Floats:
    column = as_floats(name, value.to_pandas() if hasattr(value, "to_pandas") else value)
    if column.shape != (size,):
        raise ValueError(f"{name} has shape {column.shape}; with {size} rows it is ({size},)")
    return column


class _Results:
    """What was found so far, by the places of analyses or of rows."""

    def __init__(self, groups: Groups) -> None:
        self.groups = groups
        self.cells: dict[str, NDArray[Any]] = {}
        self.faults: dict[int, str] = {}
        self.by_study = False

    def declare(self, found: Any) -> None:
        """Take the columns of what is found of an analysis without studies, and no number of it."""
        nowhere = np.empty(0, np.intp)
        self.add(found, nowhere, nowhere.reshape(0, 1))

    def add(self, found: Any, analyses: Places, rows: Places) -> None:
        names = number_fields(type(found))
        shape = np.shape(getattr(found, names[0]))
        self.by_study = len(shape) == 2
        where = rows if self.by_study else analyses
        size = len(self.groups.codes) if self.by_study else len(self.groups.names)
        for name in names:
            value = np.asarray(getattr(found, name))
            if value.shape == shape:
                if name not in self.cells:
                    self.cells[name] = _empty(size, value.dtype)
                if where.size:
                    self.cells[name][where] = value

    def frame(self) -> pd.DataFrame:
        import pandas as pd

        names, codes = self.groups.names, self.groups.codes
        said = np.full(len(names), "", dtype=object)
        said[[*self.faults]] = [*self.faults.values()]
        if self.by_study:
            own: dict[Any, Any] = {names.name: names.take(codes)}
            return pd.DataFrame({**own, **self.cells, FAULT: said[codes]})
        return pd.DataFrame({**self.cells, FAULT: said}, index=names)


def _empty(size: int, kind: np.dtype[Any]) -> NDArray[Any]:
    """Return cells of nothing: NaN, of counts 0, of words an empty text, else False."""
    if kind.kind == "U":
        return np.full(size, "", dtype=object)
    return np.full(size, np.nan) if kind.kind == "f" else np.zeros(size, kind)


def _fit(
    fit: Fit,
    results: _Results,
    where: tuple[Places, Places],
    arguments: tuple[list[Floats], dict[str, Floats], dict[str, Any]],
) -> None:
    """Fit a rectangle; where it is refused, its halves, until the analysis at fault is alone."""
    analyses, rows = where
    given, named, plain = arguments
    try:
        columns = [x[rows] for x in given]
        found = fit(*columns, **{name: x[rows] for name, x in named.items()}, **plain)
    except ValueError as error:
        if len(analyses) > 1:
            half = len(analyses) // 2
            for part in (slice(half), slice(half, None)):
                _fit(fit, results, (analyses[part], rows[part]), arguments)
            return
        results.faults[int(analyses[0])] = _told(error, rows[0])
    else:
        results.add(found, analyses, rows)


def _told(error: ValueError, rows: Places) -> str:
    """Return what is wrong, with the row of the long columns."""
    if isinstance(error, StudyError):
        return f"{error.name}[{rows[error.index[-1]]}] {error.said}"
    return str(error)
