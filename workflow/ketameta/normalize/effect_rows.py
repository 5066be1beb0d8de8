"""Effects as rows of the tables: themselves, under another choice, and the steps that made them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import repeat
from typing import TYPE_CHECKING

from ketameta.configuration import Question
from ketameta.normalize.records import Effect, given_by
from ketameta.normalize.results import SEEN
from ketameta.tables.effects import DerivationRow, EffectRow, VariantRow
from ketameta.tables.table import extended_each, schema_of, to_arrow
from ketameta.vocabulary.narrowing import dosing, drug_route

if TYPE_CHECKING:
    import pyarrow as pa


def _distinct(words: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(word for word in words if word))


def effect_rows(name: str, question: Question, effects: Sequence[Effect]) -> list[EffectRow]:
    """Return effects as rows of the table effects."""
    return extended_each(
        EffectRow,
        effects,
        **_of_each(name, effects),
        label=[e.trial.label for e in effects],
        year=[e.trial.year for e in effects],
        population=[e.trial.population for e in effects],
        design=[e.trial.design for e in effects],
        measure=repeat(question.measure),
        randomised_t=[e.randomised_t for e in effects],
        randomised_c=[e.randomised_c for e in effects],
        treatment=[_distinct(arm.treatment for arm in e.treated) for e in effects],
        dose=[_distinct(arm.dose for arm in e.treated) for e in effects],
        route=[_distinct(arm.route for arm in e.treated) for e in effects],
        drug_route=[drug_route(*given_by(e.treated)) for e in effects],
        n_doses=[_distinct(dosing(arm.n_doses) for arm in e.treated) for e in effects],
        control=[_distinct(arm.treatment for arm in e.control) for e in effects],
        seen=[max((row.standing for row in e.rows), key=SEEN.index) for e in effects],
        assumptions=[list(e.assumptions) for e in effects],
        marks=[
            list(dict.fromkeys(r.flag for r in e.rows if r.flag and r.use != "never"))
            for e in effects
        ],
    )


def _of_each(name: str, effects: Sequence[Effect]) -> dict[str, Iterable[object]]:
    """Return the columns that effects have in both tables."""
    return {
        "analysis": repeat(name),
        "trial_id": [e.trial.trial_id for e in effects],
        "people": [e.people for e in effects],
        "rows": [list(dict.fromkeys(row.key for row in e.rows)) for e in effects],
    }


def variant_rows(name: str, effects: Sequence[Effect]) -> list[VariantRow]:
    """Return effects as rows of the table variants that name no choice."""
    return extended_each(VariantRow, effects, **_of_each(name, effects), variant=repeat(""))


class VariedEffects:
    """The effects of an analysis under other choices: most trials give the same under many."""

    def __init__(self, analysis: str) -> None:
        self._analysis = analysis
        # each effect once, by its identity, and the place of its row by that of the row
        self._known: dict[int, tuple[Effect, VariantRow]] = {}
        self._at: dict[int, int] = {}
        self._choices: list[str] = []
        self._places: list[int] = []

    def rows(self, effects: Sequence[Effect]) -> list[VariantRow]:
        """Return effects as rows that name no choice, the same effect as the same row."""
        new = list({id(e): e for e in effects if id(e) not in self._known}.values())
        for effect, row in zip(new, variant_rows(self._analysis, new), strict=True):
            self._at[id(row)] = len(self._known)
            self._known[id(effect)] = effect, row
        return [self._known[id(effect)][1] for effect in effects]

    def enter(self, choice: str, rows: Sequence[VariantRow]) -> None:
        """Enter some of these rows under a choice."""
        self._choices += [choice] * len(rows)
        self._places += [self._at[id(row)] for row in rows]

    def table(self) -> pa.Table:
        """Return the table variants, in the order in which choices were entered."""
        import pyarrow as pa

        schema = schema_of(VariantRow).arrow_schema()
        found = to_arrow(VariantRow, [row for _, row in self._known.values()]).take(
            pa.array(self._places, pa.int32())
        )
        at = schema.get_field_index("variant")
        return found.set_column(at, schema.field(at), pa.array(self._choices, pa.string()))


def derivation_rows(name: str, effects: Iterable[Effect]) -> list[DerivationRow]:
    """Return the steps that made effects as rows of the table derivations."""
    every = [(e, n, step) for e in effects for n, step in enumerate(e.steps, start=1)]
    return extended_each(
        DerivationRow,
        [step for _, _, step in every],
        analysis=repeat(name),
        trial_id=[effect.trial.trial_id for effect, _, _ in every],
        comparison=[effect.comparison for effect, _, _ in every],
        step=[number for _, number, _ in every],
        rows=[list(step.rows) for _, _, step in every],
    )
