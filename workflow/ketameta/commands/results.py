"""The results of a run as the commands read them: syntheses with verdict and certainty."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from ketameta.configuration import Configuration
from ketameta.tables.collection import Tables
from ketameta.tables.raw import RAW_KINDS, ClaimRow
from ketameta.tables.syntheses import ClaimTestRow, SynthesisRow
from ketameta.tables.table import Row, bare, rows_of, schema_of, unlike

if TYPE_CHECKING:
    import pyarrow as pa

    from ketameta.evidence.results import RatedResults

R = TypeVar("R", bound=Row)


def read_results(folder: Path, configuration: Configuration, claims: bool = True) -> RatedResults:
    """Return `evidence.results.results` of a folder such as data/processed.

    Raises `OSError` or `ValueError` where a table cannot be read. Tables that older versions did
    not write, or wrote with fewer columns, may be missing: then no certainty is recorded.
    """
    from ketameta.evidence.results import CLAIMS_FROM, RATED_FROM, results
    from ketameta.storage import read_table

    wanted = (*RATED_FROM, *CLAIMS_FROM) if claims else RATED_FROM
    files = {kind: folder / f"{schema_of(kind).name}.parquet" for kind in wanted}
    read = {kind: read_table(path) for kind, path in files.items() if path.is_file()}
    whole = {kind: rows_of(kind, table) for kind, table in read.items() if not unlike(kind, table)}
    tables = Tables(whole)
    if SynthesisRow not in whole:
        tables = Tables({SynthesisRow: older_rows(SynthesisRow, read[SynthesisRow])})
    if claims:
        stated = older_rows(ClaimRow, read_table(folder / "claims.parquet"))
        tables |= Tables({ClaimRow: stated})
    return results(tables, configuration)


def older_rows(kind: type[R], table: pa.Table) -> list[R]:
    """Return the rows of a table that another version wrote: a column that it lacks is empty.

    The cells as entered were JSON once.
    """
    names = schema_of(kind).names
    known = table.select([name for name in names if name in table.column_names])
    rows = known.to_pylist(maps_as_pydicts="strict")
    for cells in rows:
        if isinstance(entered := cells.get("entered"), str):
            cells["entered"] = json.loads(entered)
    return [bare(kind, cells) for cells in rows]


def to_json(found: RatedResults) -> str:
    """Return results as other versions of this code read them (`commands.builds`)."""
    from ketameta.evidence.rated import result_of

    told: dict[str, object] = {"syntheses": [asdict(result_of(row)) for row in found.syntheses]}
    if found.claims is not None:
        verdicts = [{"claim_id": claim, "verdict": word} for claim, word in found.claims.items()]
        told["claim_verdicts"] = verdicts
    return json.dumps(told)


def verdicts_on(tests: Sequence[ClaimTestRow], found: RatedResults) -> list[str]:
    """Return the claims of some rows of claim_tests, each with the verdict on the whole of it."""
    told = found.claims or {}
    texts = {test.claim_id: test.claim for test in tests if test.claim_id in told}
    return [f"{claim}: {told[claim]} ({text})" for claim, text in texts.items()]


def without_folder(tables: Tables) -> Tables:
    """Return raw rows with their files named without the folder that they were read in."""
    kinds = [kind for kind in RAW_KINDS.values() if kind in tables.kinds()]
    named: dict[type[Row], Sequence[Row]] = {
        kind: [replace(row, file=Path(row.file).name) for row in tables[kind]] for kind in kinds
    }
    return Tables(named)
