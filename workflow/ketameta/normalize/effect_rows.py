"""An effect as rows of the tables: itself, under another choice, and the steps that made it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ketameta.configuration import Question
from ketameta.normalize.records import Effect, given_by
from ketameta.normalize.results import SEEN
from ketameta.tables.effects import DerivationRow, EffectRow, VariantRow
from ketameta.tables.table import extended, schema_of, to_arrow
from ketameta.vocabulary.narrowing import dosing, drug_route

if TYPE_CHECKING:
    import pyarrow as pa


def _distinct(words: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(word for word in words if word))


def effect_row(name: str, question: Question, effect: Effect) -> EffectRow:
    """Return an effect as a row of the table effects."""
    trial = effect.trial
    return extended(
        EffectRow,
        effect,
        analysis=name,
        trial_id=trial.trial_id,
        label=trial.label,
        year=trial.year,
        population=trial.population,
        design=trial.design,
        measure=question.measure,
        people=effect.people,
        randomised_t=effect.randomised_t,
        randomised_c=effect.randomised_c,
        treatment=_distinct(arm.treatment for arm in effect.treated),
        dose=_distinct(arm.dose for arm in effect.treated),
        route=_distinct(arm.route for arm in effect.treated),
        drug_route=drug_route(*given_by(effect.treated)),
        n_doses=_distinct(dosing(arm.n_doses) for arm in effect.treated),
        control=_distinct(arm.treatment for arm in effect.control),
        seen=max((row.standing for row in effect.rows), key=SEEN.index),
        assumptions=list(effect.assumptions),
        marks=list(dict.fromkeys(r.flag for r in effect.rows if r.flag and r.use != "never")),
        rows=list(dict.fromkeys(row.key for row in effect.rows)),
    )


def variant_row(name: str, variant: str, effect: Effect) -> VariantRow:
    """Return an effect under another choice as a row of the table variants."""
    return extended(
        VariantRow,
        effect,
        analysis=name,
        variant=variant,
        trial_id=effect.trial.trial_id,
        people=effect.people,
        rows=list(dict.fromkeys(row.key for row in effect.rows)),
    )


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
        for effect in effects:
            if id(effect) not in self._known:
                row = variant_row(self._analysis, "", effect)
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


def derivation_rows(name: str, effect: Effect) -> list[DerivationRow]:
    """Return the steps that made an effect as rows of the table derivations."""
    return [
        extended(
            DerivationRow,
            step,
            analysis=name,
            trial_id=effect.trial.trial_id,
            comparison=effect.comparison,
            step=number,
            rows=list(step.rows),
        )
        for number, step in enumerate(effect.steps, start=1)
    ]
