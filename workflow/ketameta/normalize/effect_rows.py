"""An effect as rows of the tables: itself, under another choice, and the steps that made it."""

from __future__ import annotations

from collections.abc import Iterable

from ketameta.configuration import Question
from ketameta.normalize.records import Effect, given_by
from ketameta.normalize.results import SEEN
from ketameta.tables.effects import DerivationRow, EffectRow, VariantRow
from ketameta.tables.table import extended
from ketameta.vocabulary.narrowing import dosing, drug_route


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
