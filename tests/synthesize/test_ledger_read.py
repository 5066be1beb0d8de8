"""Of the ledger a step reads what tells something: a row on another outcome does not."""

from ketameta.read_tables import ReadTables
from ketameta.storage import parquet_of
from ketameta.tables.effects import LedgerRow
from ketameta.tables.table import to_arrow


def test_rows_on_another_outcome_are_left_out_of_the_ledger(tmp_path):
    told = ["used", "other outcome", "outside window", "other outcome"]
    rows = [
        LedgerRow(
            analysis="a",
            file="outcomes.csv",
            line=line,
            trial_id="one",
            used=reason == "used",
            reason=reason,
            detail="",
        )
        for line, reason in enumerate(told)
    ]
    (tmp_path / "ledger.parquet").write_bytes(parquet_of(to_arrow(LedgerRow, rows)))
    read = ReadTables(tmp_path, (LedgerRow,))[LedgerRow]
    assert read == [rows[0], rows[2]]
