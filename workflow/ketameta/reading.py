"""The results of a run for notebooks: tables as frames of pandas, one analysis at a time.

`ketameta.read` is the door. A frame says in its `attrs` what its table is, and of each column the
unit and what it means, both from the schemas that the data dictionary page is made of. Tables come
from `data/processed`; where a report stands alone, from the CSV files beside its pages.
"""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from ketameta.freshness import RAW, edited
from ketameta.measures import MEASURES
from ketameta.notebook import Picture, Text, from_here, table_html
from ketameta.tables import RESULT_TABLES, STAGE_TABLES, Column, TableSchema
from ketameta.tables.problems import first_few
from ketameta.tables.raw import RAW_KINDS
from ketameta.tables.syntheses import StudyRow, SynthesisRow
from ketameta.tables.table import schema_of
from ketameta.vocabulary import nearest
from ketameta.vocabulary.narrowing import canonical, slug

if TYPE_CHECKING:
    import pandas as pd

PROCESSED = Path("data/processed")
REPORTS = Path("reports")
SYNTHESES = "syntheses"
# what the report says of a result
_SAID = ("verdict", "certainty", "certainty_best")
# kind of a column -> type of pandas that keeps it apart from what is missing
_TYPES = {"integer": "Int64", "number": "float64", "flag": "boolean", "list": "object"}
_HEADER = ("analysis", "measure", "trials", "pooled effect [interval]", "I²")


def read(path: str | os.PathLike[str] = REPORTS) -> Results:
    """Return the results of the last run of a project.

    Parameters
    ----------
    path
        The project, its `reports` or its `data/processed`; or a report that was sent alone.

    Returns
    -------
    Results
        Tables as frames of pandas, and the analyses by name. A table is read when it is first
        asked for: read anew after another run.

    Warns
    -----
    UserWarning
        Where the tables of the project in `data/raw` are no longer those of that run.

    Raises
    ------
    FileNotFoundError
        Where none of these stands there.

    Examples
    --------
    >>> import ketameta
    >>> r = ketameta.read("reports")
    >>> r.syntheses.attrs["units"]["i2"]
    'per cent'
    >>> one = next(iter(r.values()))  # or r["the name of an analysis"]
    >>> one.synthesis["measure"]
    'RR'
    >>> one.studies["weight"].sum().round(6)
    np.float64(100.0)
    >>> one.forest()  # doctest: +ELLIPSIS
    reports/figures/....forest.svg
    """
    here = Path(os.path.abspath(path))
    for project, inner in (
        (here, Path()),
        (here.parent, REPORTS),
        (here.parent.parent, PROCESSED),
    ):
        made = (project / PROCESSED / f"{SYNTHESES}.parquet").is_file()
        if made and project / inner == here:
            if edited(project):
                warnings.warn(
                    f"{from_here(project / RAW)} changed since the last run, whose results these "
                    "are: `ketameta run` brings them up to date",
                    stacklevel=2,
                )
            return Results(project / PROCESSED, project / REPORTS)
    for reports in (here, here / REPORTS):
        if (reports / "tables" / f"{SYNTHESES}.csv").is_file():
            return Results(None, reports)
    raise FileNotFoundError(
        f"{from_here(here)}: neither a project with results, nor its reports or data/processed; "
        "`ketameta run` makes them"
    )


@dataclass(frozen=True)
class Results(Mapping[str, "Result"]):
    """The results of a run: tables as frames, and each analysis by its name.

    `processed` is None where a report stands alone: then only the tables of its pages are there.
    """

    processed: Path | None
    reports: Path

    @cached_property
    def syntheses(self) -> pd.DataFrame:
        """One row an analysis: the pooled effect with interval, tau², I², Q."""
        return self.table(SYNTHESES)

    @cached_property
    def studies(self) -> pd.DataFrame:
        """One row a trial × analysis that is pooled: its effect, weight and provenance."""
        return self.table("studies")

    @cached_property
    def effects(self) -> pd.DataFrame:
        """One row a trial × analysis: effect and variance on the scale of the model."""
        return self.table("effects")

    @cached_property
    def ledger(self) -> pd.DataFrame:
        """One row a raw row × analysis: used, or why not.

        A report that stands alone tells of rows on the outcome of the analysis, and of no others.
        """
        return self.table("ledger")

    @cached_property
    def certainty(self) -> pd.DataFrame:
        """One row an analysis × domain of its certainty, with its verdict."""
        return self.table("certainty")

    def table(self, name: str) -> pd.DataFrame:
        """Return any table of the run, as the data dictionary names it, as a frame.

        Numbers are float64, whole numbers Int64, true and false boolean, lists are lists; an empty
        cell is missing (NaN or NA), of text too, since CSV knows no other. `attrs` holds `table`,
        `row` (what a row is), and by column `units` and `descriptions`.

        Raises `KeyError` for a table that there never is, `FileNotFoundError` where this report
        has none, and `ValueError` where it was made by another version.
        """
        schemas = _schemas()
        if name not in schemas:
            close = nearest(name, list(schemas)) or list(schemas)
            raise KeyError(f"no table {name}; near ones: {', '.join(close)}")
        if self.processed is not None and (path := self.processed / f"{name}.parquet").is_file():
            return _frame(schemas[name], _parquet(path), path)
        path = self.reports / "tables" / f"{name}.csv"
        if not path.is_file():
            where = self.processed or self.reports / "tables"
            hint = "" if self.processed else "; it stands in data/processed of the project"
            raise FileNotFoundError(f"{from_here(where)}: no table {name}{hint}")
        return _frame(schemas[name], _csv(path, schemas[name]), path)

    def __getitem__(self, name: str) -> Result:
        """Return an analysis; raises `KeyError` with its neighbours where there is none."""
        own = canonical(name) if "@" in name else name
        if own not in self._names:
            close = nearest(own, self._names) or self._names
            raise KeyError(f"no analysis {name}; near ones: {', '.join(close)}")
        return Result(own, self)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __repr__(self) -> str:
        return f"{len(self)} analyses in {self._place}: {first_few(self._names)}"

    def _repr_html_(self) -> str:
        rows = (self[name].line() for name in self)
        return table_html(f"{len(self)} analyses in {self._place}", _HEADER, rows)

    @cached_property
    def _names(self) -> list[str]:
        return list(self.syntheses["analysis"])

    @property
    def _place(self) -> str:
        return from_here(self.processed or self.reports)


@dataclass(frozen=True)
class Result:
    """One analysis of a run."""

    name: str
    results: Results

    @property
    def synthesis(self) -> pd.Series[Any]:
        """The pooled result: the row of `Results.syntheses`, units in `attrs`.

        After its columns come `verdict`, `certainty` (where what is not judged counts as not low)
        and `certainty_best`; missing where nothing is pooled, or no report stands there.
        """
        row = self._rows(self.results.syntheses).iloc[0].rename(self.name)
        try:
            rated = self._rows(self.results.certainty)
        except FileNotFoundError:
            return row.reindex([*row.index, *_SAID])
        for name in _SAID:
            row[name] = rated[name].iloc[0] if len(rated) else None
            row.attrs["descriptions"][name] = rated.attrs["descriptions"][name]
        return row

    @property
    def studies(self) -> pd.DataFrame:
        """The trials pooled, one row each; columns of `Results.studies`."""
        return self._rows(self.results.studies)

    @property
    def effects(self) -> pd.DataFrame:
        """The effects that went in, one row each; columns of `Results.effects`."""
        return self._rows(self.results.effects)

    @property
    def ledger(self) -> pd.DataFrame:
        """What became of every raw row on the outcome; columns of `Results.ledger`."""
        return self._rows(self.results.ledger)

    @overload
    def forest(self) -> Picture: ...
    @overload
    def forest(self, *, text: Literal[True]) -> Text: ...

    def forest(self, *, text: bool = False) -> Picture | Text:
        """Return the forest plot as drawn, or as `text` for a terminal, as `print` shows it.

        Raises `FileNotFoundError` where the report has no drawing.
        """
        if text:
            return Text(self)
        path = self.results.reports / "figures" / f"{slug(self.name)}.forest.svg"
        if not path.is_file():
            raise FileNotFoundError(f"{from_here(path)}: not drawn; `ketameta run` draws it")
        return Picture(path)

    def explain(self, trial: str = "") -> Text:
        """Return what `ketameta explain` says of the analysis, or of a trial in it.

        Raises `FileNotFoundError` where a report stands without its project, and `ValueError`
        with what the command says where it knows no such trial or cannot tell.
        """
        processed = self.results.processed
        if processed is None:
            raise FileNotFoundError(
                f"{from_here(self.results.reports)} stands alone: the raw rows that explain a "
                "number are those of its project"
            )
        # a process of its own: the command reads the project that it stands in
        package = Path(__file__).parents[1]
        paths = [str(package), *filter(None, [os.environ.get("PYTHONPATH")])]
        said = subprocess.run(
            [sys.executable, "-m", "ketameta.cli", "explain", self.name, *filter(None, [trial])],
            cwd=processed.parents[1],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONIOENCODING": "utf-8"},
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        if said.returncode:
            raise ValueError(said.stderr.strip())
        return Text(said.stdout.rstrip("\n"))

    def line(self) -> tuple[str, ...]:
        """Return name, measure, trials, pooled effect with interval, and I², in words."""
        from ketameta.report import wording

        row = _cells(self.synthesis)
        ends = (row["estimate"], row["ci_low"], row["ci_high"])
        effect = "" if ends[0] is None else wording.with_interval(row["measure"], *ends)
        share = "" if row["i2"] is None else f"{row['i2']:.0f}%"
        return self.name, MEASURES[row["measure"]].words, str(row["k"]), effect, share

    def __repr__(self) -> str:
        name, measure, k, effect, share = self.line()
        return f"{name}: {measure} {effect or 'not pooled'}, trials: {k}" + (
            f", I² {share}" if share else ""
        )

    def __str__(self) -> str:
        from ketameta.commands.forest_text import forest_text

        record = _cells(self.synthesis)
        verdict, *certainty = (record.pop(name) or "" for name in _SAID)
        studies = [StudyRow(**_cells(row)) for _, row in self.studies.iterrows()]
        return forest_text(SynthesisRow(**record), studies, verdict, (certainty[0], certainty[1]))

    def _repr_html_(self) -> str:
        return table_html("", _HEADER, [self.line()])

    def _rows(self, frame: pd.DataFrame) -> pd.DataFrame:
        return frame[frame["analysis"] == self.name].reset_index(drop=True)


@cache
def _schemas() -> dict[str, TableSchema]:
    """Return the schema of every table that a run writes, by name."""
    found = {name: schema_of(RAW_KINDS[name]) for name in RESULT_TABLES}
    for tables in STAGE_TABLES.values():
        found |= tables
    return found


def _parquet(path: Path) -> dict[str, list[Any]]:
    from ketameta.storage import read_table

    found: dict[str, list[Any]] = read_table(path).to_pydict(maps_as_pydicts="strict")
    return found


def _csv(path: Path, schema: TableSchema) -> dict[str, list[Any]]:
    """Return the columns of a CSV file of the report, cells as `csv_tables` wrote them."""
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    known = {column.name: column for column in schema.columns}
    return {
        name: [_cell(known[name], row[at]) for row in rows]
        for at, name in enumerate(header)
        if name in known
    }


def _cell(column: Column, text: str) -> Any:
    if column.kind == "list":
        return text.split(";") if text else []
    if not text:
        return None
    if column.kind == "flag":
        return text == "true"
    if column.kind in ("integer", "number"):
        return int(text) if column.kind == "integer" else float(text)
    # a quote kept a spreadsheet from reading a formula
    return text[1:] if text[0] == "'" and text[1:2] in tuple("=+-@\t\r") else text


def _frame(schema: TableSchema, cells: Mapping[str, list[Any]], path: Path) -> pd.DataFrame:
    """Return columns as a frame with types and units of a schema."""
    import pandas as pd

    if missing := [name for name in schema.key if name not in cells]:
        raise ValueError(
            f"{from_here(path)}: has no {', '.join(missing)}; it was made by another version: "
            "run `ketameta run`"
        )
    columns = [column for column in schema.columns if column.name in cells]
    frame = pd.DataFrame(
        {
            c.name: pd.Series(
                [None if x == "" else x for x in cells[c.name]], dtype=_TYPES.get(c.kind, "str")
            )
            for c in columns
        }
    )
    frame.attrs = {
        "table": schema.name,
        "row": schema.row,
        "units": {c.name: c.unit for c in columns if c.unit},
        "descriptions": {c.name: c.description for c in columns},
    }
    return frame


def _cells(row: pd.Series[Any]) -> dict[str, Any]:
    """Return the cells of a row by their columns, None where one is missing."""
    return {str(name): _none(value) for name, value in row.items()}


def _none(value: Any) -> Any:
    import pandas as pd

    return None if not isinstance(value, list) and pd.isna(value) else value
