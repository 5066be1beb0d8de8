"""Of the ledger a step reads what tells something: a row on another outcome does not."""

import pyarrow as pa

from ketameta.freshness import Tables
from ketameta.storage import parquet_of
from ketameta.tables.stages import STAGE_TABLES


def test_rows_on_another_outcome_are_left_out_of_the_ledger_alone(tmp_path):
    row = {"analysis": "a", "file": "outcomes.csv", "trial_id": "one", "detail": ""}
    told = ["used", "other outcome", "outside window", "other outcome"]
    rows = [row | {"line": i, "reason": r, "used": r == "used"} for i, r in enumerate(told)]
    schema = STAGE_TABLES["normalize"]["ledger"].arrow_schema()
    content = parquet_of(pa.Table.from_pylist(rows, schema=schema))
    for name in ("ledger", "exclusions"):
        (tmp_path / f"{name}.parquet").write_bytes(content)
    tables = Tables(tmp_path, ("ledger", "exclusions"))
    assert [r["line"] for r in tables["ledger"]] == [0, 2]
    assert [r["line"] for r in tables["exclusions"]] == [0, 1, 2, 3]
