"""What stands beside a synthesis on its page: pairs of arms, missing results, words, reviews."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb

from ketameta.configuration import Analysis
from ketameta.evidence.directions import (
    CONTROL,
    FEWEST,
    MIXED,
    NEITHER,
    TREATMENT,
    trials_by_direction,
)
from ketameta.figures.paired import NARROW, Dots, Paired, draw_paired
from ketameta.figures.scene import to_svg
from ketameta.measures import MEASURES, read_as
from ketameta.report import naming, wording
from ketameta.synthesize.words import MISSING_AS_NONE
from ketameta.tables.collection import Tables, by
from ketameta.tables.diagnostics import EarlierRow, PairRow, PairSynthesisRow
from ketameta.tables.effects import DirectionRow, MissingResultRow
from ketameta.tables.syntheses import SensitivityRow, SynthesisRow
from ketameta.vocabulary import vocabulary

WIDEST = 100.0  # points of per cent


@dataclass(frozen=True, slots=True)
class Pairs:
    """The falls of both sides of each trial: a sentence, the drawing twice, and the rows."""

    sentence: str
    wide: str
    narrow: str
    title: str
    rows: Sequence[PairRow]
    pooled: PairSynthesisRow


@dataclass(frozen=True, slots=True)
class Missing:
    """The known missing results: a sentence, what the bound shows, and the rows."""

    sentence: str
    bound: str
    rows: Sequence[MissingResultRow]


@dataclass(frozen=True, slots=True)
class Earlier:
    """What earlier reviews found: a sentence, whether this result stands apart, and the rows."""

    sentence: str
    apart: bool
    rows: Sequence[EarlierRow]


@dataclass(frozen=True, slots=True)
class Directions:
    """The directions of results that are not pooled: a sentence, and the rows."""

    sentence: str
    rows: Sequence[DirectionRow]


@dataclass(frozen=True, slots=True)
class Alongside:
    """All that stands beside one analysis; None where there is nothing to show."""

    pairs: Pairs | None
    missing: Missing | None
    earlier: Earlier | None
    directions: Directions | None


# what may stand beside an analysis
BESIDE = (
    *(PairRow, PairSynthesisRow, MissingResultRow, SensitivityRow),
    *(EarlierRow, DirectionRow),
)


def alongside(analysis: Analysis, record: SynthesisRow, own: Tables) -> Alongside:
    """Return what stands beside an analysis; `own` are its rows of the tables of `BESIDE`."""
    told = _directions(own[DirectionRow])
    # results that are told by their directions alone are not missing from a pool
    gone = [] if told and record.estimate is None else own[MissingResultRow]
    return Alongside(
        _pairs(analysis, own[PairRow], own[PairSynthesisRow]),
        _missing(record, gone, own[SensitivityRow]),
        earlier_reviews(record, own[EarlierRow]),
        told,
    )


def _pairs(
    analysis: Analysis, rows: Sequence[PairRow], pooled: Sequence[PairSynthesisRow]
) -> Pairs | None:
    if not rows or not pooled:
        return None
    sentence = pairs_sentence(analysis, rows, pooled[0])
    picture = pairs_picture(analysis, rows, pooled[0], sentence)
    name = f"{analysis.slug}-pairs"
    wide, narrow = draw_paired(picture), draw_paired(picture, NARROW)
    return Pairs(
        sentence,
        to_svg(wide, name),
        to_svg(narrow, f"{name}-narrow"),
        picture.title,
        rows,
        pooled[0],
    )


def _whole(value: float | None) -> str:
    return wording.fixed(value, 0)


def pairs_sentence(analysis: Analysis, rows: Sequence[PairRow], pooled: PairSynthesisRow) -> str:
    """Say how far both sides fell, how far apart they are, and what part control shows too."""
    if pooled.estimate is None:
        trials = wording.count(pooled.shown, "trial")
        return f"{trials} give both sides, none with what it takes to pool their difference."
    where = f"In {wording.count(pooled.k, 'trial')} that give both sides"
    if pooled.k == 1:
        label = next(row.label for row in rows if row.ci_low is not None)
        where = f"In the one trial that gives both sides with their spread ({label})"
    more = "more" if pooled.estimate >= 0 else "fewer"
    parts = [
        f"{where}, scores fell by {_whole(pooled.treated)}% in the treated arms and by "
        f"{_whole(pooled.control)}% in the control arms: {_whole(abs(pooled.estimate))} "
        f"points {more} under treatment{_around(analysis, pooled)}."
    ]
    if pooled.share is not None and pooled.share > 0:
        parts.append(
            f"The control arms fell by {_whole(100 * pooled.share)}% of what the treated arms "
            "fell by."
        )
    if left := pooled.shown - pooled.k:
        parts.append(
            f"{wording.count(left, 'trial')} without a standard deviation "
            f"{'is' if left == 1 else 'are'} shown and not in the average."
        )
    return " ".join(parts)


def _around(analysis: Analysis, pooled: PairSynthesisRow) -> str:
    """Return the interval of a difference; of one wider than falls can differ only that it is."""
    low, high = pooled.ci_low or 0.0, pooled.ci_high or 0.0
    if min(low, -high) < -WIDEST:
        return ", with an interval wider than any difference can be: too few trials to say more"
    level = wording.level_percent(analysis.model.level)
    return f" ({level} interval {_whole(low)} to {_whole(high)})"


def pairs_picture(
    analysis: Analysis, rows: Sequence[PairRow], pooled: PairSynthesisRow, sentence: str
) -> Paired:
    """Return the drawing of the pairs."""
    lines = [
        Dots(
            f"{row.label}, {row.hour:g} h",
            row.treated,
            row.control,
            _numbers(row.treated, row.control),
            f"{row.label}: treated arms {_whole(row.treated)}%, control arms "
            f"{_whole(row.control)}%",
            faint=row.ci_low is None,
        )
        for row in rows
    ]
    treated, control = pooled.treated, pooled.control
    if pooled.k > 1 and treated is not None and control is not None:
        average, numbers = (
            f"Average of {wording.count(pooled.k, 'trial')}",
            _numbers(treated, control),
        )
        lines.append(Dots(average, treated, control, numbers, sentence, bold=True))
    notes = ("Dashed: without a standard deviation, not in the average.",)
    outcome = naming.capital(vocabulary().outcomes[analysis.select.outcome].label)
    return Paired(
        f"{outcome}: fall in treated and in control arms of the same trials",
        f"{sentence} " + "; ".join(line.tooltip for line in lines if not line.bold) + ".",
        "Fall from baseline, per cent",
        ("treated arms", "control arms"),
        "treated − control",
        tuple(lines),
        notes=notes if any(line.faint for line in lines) else (),
    )


def _numbers(treated: float, control: float) -> str:
    """Write ``47 − 16 = 31``, the difference of what is printed where rounding allows."""
    return f"{_whole(treated)} − {_whole(control)} = {_whole(treated - control)}"


def _missing(
    record: SynthesisRow,
    rows: Sequence[MissingResultRow],
    sensitivity: Sequence[SensitivityRow],
) -> Missing | None:
    if not rows:
        return None
    out = [row for row in rows if not row.through]
    people = sum(round(row.n or 0) for row in out)
    subject = wording.count(len(rows), "trial")
    verb = "reports" if len(rows) == 1 else "report"
    parts = [
        f"{subject} measured this outcome at this time and {verb} no number that can be pooled, "
        "only a p-value, “not significant” or a direction."
    ]
    if len(out) < len(rows):
        held = len(rows) - len(out)
        parts.append(
            f"The people of {held} of them stand in the pool through another report, so "
            f"{_those(len(out), people)}."
        )
    elif people:
        parts.append(f"They treated {people:,} people." if len(rows) > 1 else f"n = {people:,}.")
    return Missing(" ".join(parts), _bound(record, sensitivity), rows)


def _those(trials: int, people: int) -> str:
    if not trials:
        return "none is missing from it"
    return (
        f"{wording.count(trials, 'trial')} ({people:,} people) is missing"
        if trials == 1
        else (f"{wording.count(trials, 'trial')} ({people:,} people) are missing")
    )


def _bound(record: SynthesisRow, sensitivity: Sequence[SensitivityRow]) -> str:
    """Say what the pool would be, had each missing result been no effect; empty for none."""
    found = next((row for row in sensitivity if row.variant == MISSING_AS_NONE), None)
    if found is None or found.estimate is None:
        return ""
    measure = found.measure
    return (
        f"Had each of them found no effect, the pooled {MEASURES[measure].words} would be "
        f"{wording.estimate_interval(measure, found)} in place of "
        f"{wording.estimate_interval(measure, record)}. Their standard errors are imputed from "
        "their numbers of people, as information grows with people in the pooled trials "
        "(Copas 2014)."
    )


def earlier_reviews(record: SynthesisRow, rows: Sequence[EarlierRow]) -> Earlier | None:
    """Say what earlier reviews found on the question of an analysis; None where none is known."""
    if not rows:
        return None
    judged = [row for row in rows if row.agrees is not None]
    agreeing = sum(row.agrees is True for row in judged)
    apart = bool(judged) and not agreeing
    if not judged:
        sentence = "None of them can be compared with our result: other measures, or no interval."
    elif apart:
        sentence = _stands_apart(record, max(judged, key=lambda r: (r.k or 0, r.n or 0)))
    else:
        sentence = (
            f"{agreeing} of {wording.count(len(judged), 'result')} that can be compared "
            f"{'agrees' if agreeing == 1 else 'agree'} with ours."
        )
    return Earlier(sentence, apart, rows)


def _stands_apart(record: SynthesisRow, review: EarlierRow) -> str:
    """Say what the largest earlier review found beside this result, both in one measure."""
    measure = record.measure
    theirs, ours = (
        wording.with_interval(measure, r.estimate, r.ci_low, r.ci_high) for r in (review, record)
    )
    name, here = MEASURES[measure].words, "here it is"
    if review.against:
        told = read_as(review.measure)
        name = told.words if told else review.measure
        theirs, ours = review.printed, review.against
        here = f"the {name} here, a sensitivity analysis with an interval of its own, is"
    trials = f" from {wording.count(review.k, 'trial')}" if review.k else ""
    return (
        f"This result stands apart from the earlier reviews: {review.label} gives the {name} "
        f"as {theirs}{trials}; {here} {ours} from {wording.count(record.k, 'trial')}."
    )


def _directions(rows: Sequence[DirectionRow]) -> Directions | None:
    if not rows:
        return None
    labels = vocabulary().words("comparator_classes")
    groups = by(rows, lambda row: row.comparator_class)
    told = [
        f"Against {labels[name]}: {_counted(groups[name])}." for name in labels if name in groups
    ]
    return Directions(" ".join(told), rows)


def _counted(rows: Sequence[DirectionRow]) -> str:
    """Say in how many trials the results point which way, and how far chance explains that."""
    counts = trials_by_direction(rows)
    told = [f"{what} in {counts[word]}" for word, what in _POINT.items() if counts[word]]
    trials = wording.count(counts.total(), "trial")
    said = f"{trials} ({wording.count(len(rows), 'result')}), {', '.join(told)}"
    if counts[TREATMENT] + counts[CONTROL] < FEWEST:
        return said
    p = wording.p_value(sign_test(counts[TREATMENT], counts[CONTROL]))
    return f"{said}; sign test {p}"


def sign_test(better: int, worse: int) -> float:
    """Return the two-sided p of so many trials either way, were each as likely (binomial)."""
    n, few = better + worse, min(better, worse)
    p: float = 2 * sum(comb(n, x) for x in range(few + 1)) / 2**n
    return min(1.0, p)


_POINT = {
    TREATMENT: "better under treatment",
    CONTROL: "worse under treatment",
    NEITHER: "no difference",
    MIXED: MIXED,
    "": "direction not stated",
}
