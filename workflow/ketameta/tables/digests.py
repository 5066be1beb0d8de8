"""Digests of the cells as entered: which trials two versions of the raw tables have alike."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from dataclasses import dataclass

from ketameta.tables.collection import Tables
from ketameta.tables.raw import RAW_KINDS, RESULT_TABLES

_encoded = json.JSONEncoder(sort_keys=True, ensure_ascii=False).encode


@dataclass(frozen=True, slots=True)
class Digests:
    """What tells raw tables from others: the hash of all cells, and one of each trial's."""

    data_hash: str
    trials: dict[str, str]


def digests(tables: Tables) -> Digests:
    """Hash the cells of raw tables as entered, whatever the order of the rows.

    All in 16 hexadecimal digits, the rows of each trial in 12 by trial_id.
    """
    whole = hashlib.sha256()
    of_trials: dict[str, list[str]] = defaultdict(list)
    for table in RESULT_TABLES:
        rows = tables.get(RAW_KINDS[table])
        texts = [f"{table}\t{_encoded(dict(row.entered))}\n" for row in rows]
        for row, text in zip(rows, texts, strict=True):
            if trial_id := getattr(row, "trial_id", None):
                of_trials[trial_id].append(text)
        for text in sorted(texts):
            whole.update(text.encode())
    found = {
        trial: hashlib.sha256("".join(sorted(texts)).encode()).hexdigest()[:12]
        for trial, texts in sorted(of_trials.items())
    }
    return Digests(whole.hexdigest()[:16], found)
