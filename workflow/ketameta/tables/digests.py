"""Digests of the cells as entered: which trials two versions of the raw tables have alike."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict

from ketameta.tables.collection import Tables
from ketameta.tables.raw import RAW_KINDS, RESULT_TABLES


def data_hash(tables: Tables) -> str:
    """Hash the cells of all raw tables as entered, whatever the order of the rows."""
    digest = hashlib.sha256()
    for table in RESULT_TABLES:
        for text in sorted(_text(row.entered) for row in tables.get(RAW_KINDS[table])):
            digest.update(f"{table}\t{text}\n".encode())
    return digest.hexdigest()[:16]


def digests(tables: Tables) -> dict[str, str]:
    """Hash the rows of each trial: 12 hexadecimal digits by trial_id."""
    rows: dict[str, list[str]] = defaultdict(list)
    for table in RESULT_TABLES:
        for row in tables.get(RAW_KINDS[table]):
            if trial_id := getattr(row, "trial_id", None):
                rows[trial_id].append(f"{table}\t{_text(row.entered)}\n")
    return {
        trial: hashlib.sha256("".join(sorted(texts)).encode()).hexdigest()[:12]
        for trial, texts in sorted(rows.items())
    }


_encoded = json.JSONEncoder(sort_keys=True, ensure_ascii=False).encode


def _text(entered: str) -> str:
    return _encoded(json.loads(entered))
