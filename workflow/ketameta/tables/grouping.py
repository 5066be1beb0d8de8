"""Rows of a table by what they have in common."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from operator import itemgetter
from typing import Any


def grouped(rows: Iterable[dict[str, Any]], *columns: str) -> dict[Any, list[dict[str, Any]]]:
    """Return rows by the value of a column, or by the values of several, in their order.

    A value that no row has gives an empty list.
    """
    key = itemgetter(*columns)
    found: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        found[key(row)].append(row)
    return found
