"""The tables between stages, as a step reads them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ketameta.freshness import STAGES, bytes_hash
from ketameta.storage import parquet_table
from ketameta.tables.collection import Tables
from ketameta.tables.raw import RAW_KINDS, RAW_TABLES
from ketameta.tables.stages import STAGE_KINDS
from ketameta.tables.table import R, Row, columns_of, rows_of, schema_of

if TYPE_CHECKING:
    import pyarrow as pa


def tables_before(stage: str) -> list[type[Row]]:
    """Return the kinds of the tables that a stage may read."""
    kinds: list[type[Row]] = []
    for name in STAGES[stage].follows:
        kinds += [RAW_KINDS[table] for table in RAW_TABLES] if name == "ingest" else []
        kinds += STAGE_KINDS[name].values()
    return kinds


class ReadTables(Tables):
    """The tables of a folder, each read when it is asked for; `read` says which were.

    Of the ledger, rows on another outcome than that of the analysis are left out: nine tenths of
    it, for which no step has a use. Raises `ValueError` where a file cannot be read.
    """

    def __init__(self, folder: Path, kinds: Iterable[type[Row]]) -> None:
        super().__init__()
        self._paths = {kind: folder / f"{schema_of(kind).name}.parquet" for kind in kinds}
        self.read: dict[str, str] = {}

    def kinds(self) -> Collection[type[Row]]:
        """Return the kinds of the tables, read or not."""
        return self._paths.keys()

    def arrow(self, kind: type[Row]) -> pa.Table:
        """Return a table as Arrow, which its rows need not be made for."""
        return self._arrow(kind)

    def _arrow(self, kind: type[Row], columns: Sequence[str] | None = None) -> pa.Table:
        path = self._paths[kind]
        content = path.read_bytes()
        self.read[path.as_posix()] = bytes_hash(content)
        if schema_of(kind).name == "ledger":
            return parquet_table(content, kept=_on_the_outcome, words=_WORDS)
        return parquet_table(content, columns)

    def columns(self, kind: type[Row], names: Sequence[str]) -> list[list[Any]]:
        """Return the cells of some columns, without making rows where nobody asked for them."""
        if kind in self._rows:
            return super().columns(kind, names)
        return columns_of(kind, names, self._arrow(kind, names))

    def once(self, kind: type[R]) -> list[R]:
        """Return the rows of a table, which are kept only where they were asked for before."""
        return self[kind] if kind in self._rows else rows_of(kind, self.arrow(kind))

    def forget(self, *kinds: type[Row]) -> None:
        """Keep the rows of tables no longer: they are read again where they are asked for."""
        for kind in kinds:
            self._rows.pop(kind, None)

    def _read(self, kind: type[Row]) -> list[Row]:
        if kind not in self._rows:
            self._rows[kind] = list(rows_of(kind, self.arrow(kind)))
        return super()._read(kind)


# columns of the ledger, in which words repeat
_WORDS = ("analysis", "file", "trial_id", "reason", "detail")


def _on_the_outcome(ledger: pa.Table) -> pa.Table:
    import pyarrow.compute as pc

    return ledger.filter(pc.not_equal(ledger["reason"], "other outcome"))
