"""The results of a run as the commands read them: syntheses with verdict and certainty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ketameta.configuration import Configuration
from ketameta.tables.collection import Tables
from ketameta.tables.raw import RAW_KINDS
from ketameta.tables.table import Row

Rows = dict[str, list[dict[str, Any]]]


def read_results(folder: Path, configuration: Configuration, claims: bool = True) -> Rows:
    """Return `evidence.results.results` of a folder such as data/processed.

    Raises `OSError` or `ValueError` where a table cannot be read. Tables that older versions did
    not write may be missing: then no certainty is recorded.
    """
    from ketameta.evidence.results import CLAIMS_FROM, RATED_FROM, results
    from ketameta.storage import read_table, rows_of

    wanted = (*RATED_FROM, *CLAIMS_FROM) if claims else RATED_FROM
    names = [name for name in wanted if (folder / f"{name}.parquet").is_file()]
    if claims:
        names.append("claims")
    tables = {name: rows_of(read_table(folder / f"{name}.parquet")) for name in names}
    return results({"claims": [], **tables}, configuration)


def verdicts(found: Rows) -> dict[str, str] | None:
    """Return the verdict on each claim; None where none is recorded."""
    if "claim_verdicts" not in found:
        return None
    return {row["claim_id"]: row["verdict"] for row in found["claim_verdicts"]}


def verdicts_on(tests: list[dict[str, Any]], found: Rows) -> list[str]:
    """Return the claims of some rows of claim_tests, each with the verdict on the whole of it."""
    told = verdicts(found) or {}
    texts = {row["claim_id"]: row["claim"] for row in tests if row["claim_id"] in told}
    return [f"{claim}: {told[claim]} ({text})" for claim, text in texts.items()]


def without_folder(tables: Tables) -> Tables:
    """Return raw rows with their files named without the folder that they were read in."""
    kinds = [kind for kind in RAW_KINDS.values() if kind in tables.kinds()]
    named: dict[type[Row], Sequence[Row]] = {
        kind: [replace(row, file=Path(row.file).name) for row in tables[kind]] for kind in kinds
    }
    return Tables(named)
