"""Digests of the cells as entered: which trials two versions of the raw tables have alike."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from typing import Any

from ketameta.tables.raw import RESULT_TABLES

Record = dict[str, Any]
# section of the overview that carries them to the report
TRIALS = "digest of a trial's cells"


def data_hash(tables: dict[str, list[Record]]) -> str:
    """Hash the cells of all raw tables as entered, whatever the order of the rows."""
    digest = hashlib.sha256()
    for table in RESULT_TABLES:
        for text in sorted(_text(row) for row in tables.get(table, [])):
            digest.update(f"{table}\t{text}\n".encode())
    return digest.hexdigest()[:16]


def digests(tables: dict[str, list[Record]]) -> dict[str, str]:
    """Hash the rows of each trial: 12 hexadecimal digits by trial_id."""
    rows: dict[str, list[str]] = defaultdict(list)
    for table in RESULT_TABLES:
        for row in tables.get(table, []):
            if row.get("trial_id"):
                rows[row["trial_id"]].append(f"{table}\t{_text(row)}\n")
    return {
        trial: hashlib.sha256("".join(sorted(texts)).encode()).hexdigest()[:12]
        for trial, texts in sorted(rows.items())
    }


def _text(row: Record) -> str:
    return json.dumps(json.loads(row["entered"]), sort_keys=True, ensure_ascii=False)
