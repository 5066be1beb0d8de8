"""Results that are reported without a number to pool: missing results, and their directions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ketameta.configuration import Question
from ketameta.normalize.contrasts import is_paired
from ketameta.normalize.conversions import ConversionError, parse_p
from ketameta.normalize.ledger import Ledger
from ketameta.normalize.overlap import overlap
from ketameta.normalize.records import NOT_STATED, Effect, NotUsable, Row, Trial
from ketameta.normalize.sift import refusal
from ketameta.normalize.sizes import Sizes
from ketameta.vocabulary import scale_sign, vocabulary

_RELATIONS = ("<", ">", "=", "≤", "≥")
TREATMENT, CONTROL, NEITHER = "favours treatment", "favours control", "no difference"


@dataclass(frozen=True, slots=True)
class MissingResult:
    """A trial that measured the outcome in the window and reports no number that can be pooled.

    `said` is what it reports instead, `significant` whether that is a p-value below 0.05, `through`
    the pooled or listed report that holds the same patients (empty: none).
    """

    analysis: str
    trial_id: str
    label: str
    said: str
    direction: str | None
    significant: bool
    n_t: int | None
    n_c: int | None
    n: int | None
    through: str
    rows: list[str]


@dataclass(frozen=True, slots=True)
class Direction:
    """What one trial reports of one test at one hour; `higher` says what a higher score is."""

    analysis: str
    trial_id: str
    label: str
    scale: str
    higher: str
    hour: float | None
    comparison: str
    comparator_class: str
    direction: str | None
    said: str
    p_value: str
    rows: list[str]


def missing_results(
    analysis: str,
    question: Question,
    trials: Mapping[str, Trial],
    effects: Sequence[Effect],
    ledger: Ledger,
) -> list[MissingResult]:
    """Return the known missing results of an analysis of comparisons, one a trial (ROB-ME).

    A result is missing where a trial gives no effect and a reported contrast on the outcome, in
    the window and between arms that are asked for, has no estimate but a p-value, "NS" or a
    direction. A trial whose patients stand in a pooled report is not missing: `through` names it;
    so it is with the smaller of two such reports of the same patients.
    """
    inside = {effect.trial.trial_id for effect in effects}
    found: dict[str, list[Row]] = defaultdict(list)
    for row in ledger.rows_with("not usable"):
        if row["trial_id"] not in inside and says_only(row):
            found[row["trial_id"]].append(row)
    results = [
        _missing(analysis, question, trials[trial_id], rows, ledger)
        for trial_id, rows in found.items()
    ]
    results.sort(key=lambda result: (-(result.n or 0), result.trial_id))
    holders = [effect.trial for effect in effects]
    told = []
    for result in results:
        trial = trials[result.trial_id]
        through = next((h.label for h in holders if overlap(h, trial)), "")
        told.append(replace(result, through=through))
        holders.append(trial)
    return sorted(told, key=lambda result: result.trial_id)


def says_only(row: Row) -> bool:
    """Say whether a contrast has no estimate, but a p-value or a direction."""
    if row.table != "contrasts" or row["estimate"] is not None:
        return False
    return bool(row["p_value"] or row["direction"])


def _missing(
    analysis: str, question: Question, trial: Trial, rows: list[Row], ledger: Ledger
) -> MissingResult:
    rows = sorted(rows, key=lambda row: _preference(question, row))
    first = rows[0]
    sizes = ledger.rows.converted(trial.trial_id).sizes
    n_t, n_c = (_people(sizes, trial, first, name) for name in ("arm_t", "arm_c"))
    n = trial.n_randomised
    if n_t and n_c:
        n = max(n_t, n_c) if is_paired(trial, first) else n_t + n_c
    said = "; ".join(f"{_in_words(row)} ({_place(row)})" for row in rows)
    keys = [row.key for row in rows]
    told = said, first["direction"], _significant(first["p_value"] or "")
    return MissingResult(analysis, trial.trial_id, trial.label, *told, n_t, n_c, n, "", keys)


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


def _people(sizes: Sizes, trial: Trial, row: Row, name: str) -> int | None:
    try:
        return sizes.borrowed(trial.arms[row[name]], row["timepoint_h"])[0]
    except NotUsable:
        return None


def _preference(question: Question, row: Row) -> tuple[object, ...]:
    order = question.scales or ()
    scale = order.index(row["scale"]) if row["scale"] in order else len(order)
    hour = row["timepoint_h"]
    target = question.window.target if question.window else 0.0
    return scale, abs((hour or 0.0) - target), row.order


def _in_words(row: Row) -> str:
    """Return what a row reports in place of an estimate, the p-value as printed."""
    p = row["p_value"] or ""
    if p[:1] in _RELATIONS:
        p = f"p {p}"
    elif p[:1].isdigit() or p[:1] == ".":
        p = f"p = {p}"
    return ", ".join(filter(None, (p, row["direction"])))


def _place(row: Row) -> str:
    hour = "no hour" if row["timepoint_h"] is None else f"{row['timepoint_h']:g} h"
    return ", ".join(filter(None, (row["scale"], hour)))


def directions(
    analysis: str, question: Question, trials: Mapping[str, Trial], rows: Iterable[Row]
) -> list[Direction]:
    """Return what each reported contrast says, where the tests of a score point different ways.

    None where all scales have their better end on the same side: their results can be pooled. A
    direction is that of the estimate, whatever its p-value (vote counting by direction, Cochrane
    Handbook 12.2.1.3), or the one stated where there is no estimate.
    """
    if question.by_arm or vocabulary().outcomes[question.outcome].kind != "score":
        return []
    own = [row for row in rows if row.table == "contrasts" and _asked(question, trials, row)]
    scales = vocabulary().scales
    if len({scales[row["scale"]].higher for row in own if row["scale"] in scales}) < 2:
        return []
    return [_direction(analysis, question, trials[row["trial_id"]], row) for row in own]


def _asked(question: Question, trials: Mapping[str, Trial], row: Row) -> bool:
    if row["outcome"] != question.outcome:
        return False
    return refusal(question, trials[row["trial_id"]], row) is None


def _direction(analysis: str, question: Question, trial: Trial, row: Row) -> Direction:
    known = vocabulary().scales.get(row["scale"] or "")
    return Direction(
        analysis,
        trial.trial_id,
        trial.label,
        row["scale"] or NOT_STATED,
        known.higher if known else "",
        row["timepoint_h"],
        f"{row['arm_t']} against {row['arm_c']}",
        trial.arms[row["arm_c"]].comparator_class,
        _favoured(question, row),
        row["note"] or "",
        row["p_value"] or "",
        [row.key],
    )


def _favoured(question: Question, row: Row) -> str | None:
    """Return what a contrast favours: by its estimate, else as stated; None where neither tells."""
    if row["estimate"] is None:
        stated: str | None = row["direction"]
        return stated
    good = 1 if vocabulary().outcomes[question.outcome].sense == "good" else -1
    value = row["estimate"] * scale_sign(row["scale"] or "", question.outcome) * good
    return NEITHER if value == 0 else TREATMENT if value > 0 else CONTROL
