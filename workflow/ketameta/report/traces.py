"""From an effect back to the cells: the steps of its derivation and the raw rows that it is of."""

from __future__ import annotations

from collections.abc import Sequence

from ketameta.tables.collection import by
from ketameta.tables.effects import DerivationRow, EffectRow, ResultRow


class Traces:
    """The rows of the tables `derivations` and `rows`, by the effect that they are behind."""

    def __init__(self, derivations: Sequence[DerivationRow], rows: Sequence[ResultRow]) -> None:
        ordered = sorted(derivations, key=lambda row: row.step)
        self._steps = by(ordered, lambda row: (row.analysis, row.trial_id, row.comparison))
        self._rows = {f"{row.file}:{row.line}": row for row in rows}

    def steps(self, effect: EffectRow) -> list[DerivationRow]:
        """Return the steps of an effect in their order."""
        return self._steps[effect.analysis, effect.trial_id, effect.comparison]

    def evidence(self, effect: EffectRow) -> list[ResultRow]:
        """Return the raw rows that an effect is made of."""
        return [self._rows[place] for place in effect.rows]
