"""Results that are reported without a number to pool: missing results, and their directions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from ketameta.configuration import Question
from ketameta.normalize.contrasts import is_paired
from ketameta.normalize.conversions import ConversionError, parse_p
from ketameta.normalize.ledger import Ledger
from ketameta.normalize.overlap import Holders
from ketameta.normalize.people import People
from ketameta.normalize.records import Effect, NotUsable, Trial
from ketameta.normalize.results import AnyResult, Contrast
from ketameta.normalize.sift import row_refusal
from ketameta.normalize.words import NOT_STATED
from ketameta.tables.effects import DirectionRow, MissingResultRow
from ketameta.vocabulary import scale_sign, vocabulary

_RELATIONS = ("<", ">", "=", "≤", "≥")
TREATMENT, CONTROL, NEITHER = "favours treatment", "favours control", "no difference"


def missing_results(
    analysis: str,
    question: Question,
    trials: Mapping[str, Trial],
    effects: Sequence[Effect],
    ledger: Ledger,
) -> list[MissingResultRow]:
    """Return the known missing results of an analysis of comparisons, one a trial (ROB-ME).

    A result is missing where a trial gives no effect and a reported contrast on the outcome, in
    the window and between arms that are asked for, has no estimate but a p-value, "NS" or a
    direction. A trial whose people stand in a pooled report is not missing: `through` names it;
    so it is with the smaller of two such reports of the same people.
    """
    inside = {effect.trial.trial_id for effect in effects}
    found: dict[str, list[Contrast]] = defaultdict(list)
    for row in ledger.rows_with("not usable"):
        if isinstance(row, Contrast) and row.trial_id not in inside and says_only(row):
            found[row.trial_id].append(row)
    results = [
        _missing(analysis, question, trials[trial_id], rows, ledger)
        for trial_id, rows in found.items()
    ]
    results.sort(key=lambda result: (-(result.n or 0), result.trial_id))
    holders = Holders(effect.trial for effect in effects)
    told = []
    for result in results:
        holder = holders.of(trials[result.trial_id])
        told.append(replace(result, through=holder.label if holder else ""))
        holders.add(trials[result.trial_id])
    return sorted(told, key=lambda result: result.trial_id)


def says_only(row: AnyResult) -> bool:
    """Say whether a contrast has no estimate, but a p-value or a direction."""
    if not isinstance(row, Contrast) or row.estimate is not None:
        return False
    return bool(row.p_value or row.direction)


def _missing(
    analysis: str, question: Question, trial: Trial, rows: list[Contrast], ledger: Ledger
) -> MissingResultRow:
    rows = sorted(rows, key=lambda row: _preference(question, row))
    first = rows[0]
    people = ledger.rows.converted(trial.trial_id).people
    n_t, n_c = (_people(people, trial, first, arm_id) for arm_id in first.arms)
    n = trial.n_randomised
    if n_t and n_c:
        n = max(n_t, n_c) if is_paired(trial, first) else n_t + n_c
    return MissingResultRow(
        analysis=analysis,
        trial_id=trial.trial_id,
        label=trial.label,
        said="; ".join(f"{_in_words(row)} ({_place(row)})" for row in rows),
        direction=first.direction,
        significant=_significant(first.p_value or ""),
        n_t=n_t,
        n_c=n_c,
        n=n,
        through="",
        rows=[row.key for row in rows],
    )


def _significant(printed: str) -> bool:
    """Say whether a printed p-value is below 0.05; what is no number is not."""
    try:
        value, relation = parse_p(printed)
    except ConversionError:
        return False
    return (
        value is not None
        and (value < 0.05 or (value == 0.05 and relation == "<"))
        and (relation != ">")
    )


def _people(people: People, trial: Trial, row: Contrast, arm_id: str) -> int | None:
    try:
        return people.borrowed(trial.arms[arm_id], row)[0]
    except NotUsable:
        return None


def _preference(question: Question, row: Contrast) -> tuple[object, ...]:
    order = question.scales or ()
    scale = order.index(row.scale) if row.scale in order else len(order)
    hour = row.timepoint_h
    target = question.window.target if question.window else 0.0
    return scale, abs((hour or 0.0) - target), row.order


def _in_words(row: Contrast) -> str:
    """Return what a row reports in place of an estimate, the p-value as printed."""
    p = row.p_value or ""
    if p[:1] in _RELATIONS:
        p = f"p {p}"
    elif p[:1].isdigit() or p[:1] == ".":
        p = f"p = {p}"
    return ", ".join(filter(None, (p, row.direction)))


def _place(row: Contrast) -> str:
    hour = "no hour" if row.timepoint_h is None else f"{row.timepoint_h:g} h"
    return ", ".join(filter(None, (row.scale, hour)))


def directions(
    analysis: str, question: Question, trials: Mapping[str, Trial], rows: Iterable[AnyResult]
) -> list[DirectionRow]:
    """Return what each reported contrast says, where the tests of a score point different ways.

    None where all scales have their better end on the same side: their results can be pooled. A
    direction is that of the estimate, whatever its p-value (vote counting by direction, Cochrane
    Handbook 12.2.1.3), or the one stated where there is no estimate.
    """
    if question.by_arm or vocabulary().outcomes[question.outcome].kind != "score":
        return []
    own = [row for row in rows if isinstance(row, Contrast)]
    if not _differ(own):
        return []
    own = [row for row in own if _asked(question, trials, row)]
    if not _differ(own):
        return []
    return [_direction(analysis, question, trials[row.trial_id], row) for row in own]


def _differ(rows: Iterable[Contrast]) -> bool:
    """Say whether the scales of rows have their better end on different sides."""
    scales = vocabulary().scales
    return len({scales[row.scale].higher for row in rows if row.scale in scales}) > 1


def _asked(question: Question, trials: Mapping[str, Trial], row: Contrast) -> bool:
    if row.outcome != question.outcome:
        return False
    return row_refusal(question, trials[row.trial_id], row) is None


def _direction(analysis: str, question: Question, trial: Trial, row: Contrast) -> DirectionRow:
    known = vocabulary().scales.get(row.scale or "")
    return DirectionRow(
        analysis=analysis,
        trial_id=trial.trial_id,
        label=trial.label,
        scale=row.scale or NOT_STATED,
        higher=known.higher if known else "",
        hour=row.timepoint_h,
        comparison=f"{row.arm_t} against {row.arm_c}",
        comparator_class=trial.arms[row.arm_c].comparator_class,
        direction=_favoured(question, row),
        said=row.note or "",
        p_value=row.p_value or "",
        rows=[row.key],
    )


def _favoured(question: Question, row: Contrast) -> str | None:
    """Return what a contrast favours: by its estimate, else as stated; None where neither tells."""
    if row.estimate is None:
        return row.direction
    good = 1 if vocabulary().outcomes[question.outcome].sense == "good" else -1
    value = row.estimate * scale_sign(row.scale or "", question.outcome) * good
    return NEITHER if value == 0 else TREATMENT if value > 0 else CONTROL
