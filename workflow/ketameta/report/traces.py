"""From an effect back to the cells: the steps of its derivation and the raw rows that it is of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ketameta.tables.grouping import grouped

Record = dict[str, Any]


class Traces:
    """The rows of the tables `derivations` and `rows`, by the effect that they are behind."""

    def __init__(self, derivations: Sequence[Record], rows: Sequence[Record]) -> None:
        ordered = sorted(derivations, key=lambda row: int(row["step"]))
        self._steps = grouped(ordered, "analysis", "trial_id", "comparison")
        self._rows = {f"{row['file']}:{row['line']}": row for row in rows}

    def steps(self, study: Record) -> list[Record]:
        """Return the steps of an effect in their order."""
        return self._steps[study["analysis"], study["trial_id"], study["comparison"]]

    def evidence(self, study: Record) -> list[Record]:
        """Return the raw rows that an effect is made of."""
        return [self._rows[place] for place in study["rows"]]
