"""The section of a page on the result where the spread between trials has a prior."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ketameta.configuration import Analysis
from ketameta.measures import MEASURES
from ketameta.report.wording import level_percent, unit_sign, with_interval
from ketameta.synthesize.words import spread_of
from ketameta.tables.bayes import PosteriorRow, ShrunkenRow
from ketameta.vocabulary import ANY, vocabulary


@dataclass(frozen=True, slots=True)
class PriorLine:
    """One prior, and the result under it in words."""

    prior: str
    estimate: str
    new: str
    tau: str
    benefit: str
    worthwhile: str
    harmful: str


@dataclass(frozen=True, slots=True)
class BayesView:
    """What the page shows: a conclusion, how it was made, a line a prior, the trials drawn in."""

    sentence: str
    how: str
    lines: Sequence[PriorLine]
    trials: Sequence[tuple[str, str]]


def probability(value: float | None) -> str:
    """Write a probability in per cent; a dash where there is none, never 0 or 100 for the rest."""
    if value is None:
        return "–"
    if value > 0.999:
        return "over 99.9%"
    if value < 0.001:
        return "under 0.1%"
    return f"{100 * value:.{1 if value > 0.99 or value < 0.01 else 0}f}%"


def bayes_view(
    analysis: Analysis,
    posteriors: Sequence[PosteriorRow],
    shrunken: Sequence[ShrunkenRow],
) -> BayesView | None:
    """Return the section; None where the scale has no prior or nothing is pooled."""
    if not posteriors:
        return None
    measure, level = analysis.select.measure, level_percent(analysis.model.level)

    def told(estimate: float, low: float, high: float) -> str:
        return with_interval(measure, estimate, low, high) + unit_sign(measure)

    lines = [
        PriorLine(
            prior=row.prior.replace("(-", "(−") + (", published" if row.published else ""),
            estimate=told(row.estimate, row.low, row.high),
            new=told(row.estimate, row.new_low, row.new_high).partition(" ")[2],
            tau=f"{row.tau:.2f}",
            benefit=probability(row.benefit),
            worthwhile=probability(row.worthwhile),
            harmful=probability(row.harmful),
        )
        for row in posteriors
    ]
    trials = [
        (f"{row.label}{', ' if row.comparison else ''}{row.comparison}",
         told(row.estimate, row.low, row.high))
        for row in shrunken
    ]  # fmt: skip
    sentence = _sentence(analysis, posteriors, lines[0], level)
    return BayesView(sentence, _how(analysis), lines, trials)


def _sentence(
    analysis: Analysis,
    rows: Sequence[PosteriorRow],
    first: PriorLine,
    level: str,
) -> str:
    words = MEASURES[analysis.select.measure].words
    given = "that earlier reviews of such outcomes found" if rows[0].published else "of any size"
    text = (
        f"Given a spread between trials {given}, the {words} is {first.estimate} ({level} credible "
        "interval)."
    )
    shares = [row.benefit for row in rows if row.benefit is not None]
    if not shares:
        return text
    harm = shares[0] < 0.5
    if harm:
        shares = [1 - share for share in shares]
    matters = rows[0].harmful if harm else rows[0].worthwhile
    text += f" {'A harm' if harm else 'A benefit'} of treatment has a probability of "
    text += probability(shares[0])
    if matters is not None:
        text += f", a {'harm that matters' if harm else 'worthwhile one'} {probability(matters)}"
    low, high = probability(min(shares)), probability(max(shares))
    if low == high:
        return f"{text}; under every prior the first is the same."
    return f"{text}; under the priors below the first runs from {low} to {high}."


def _how(analysis: Analysis) -> str:
    text = (
        "Normal-normal model with a flat prior of the mean effect, integrated exactly (Röver "
        "2020); intervals are the shortest. "
    )
    swept = "those of tau, the standard deviation of true effects, that Röver 2021 weighs"
    found = spread_of(analysis)
    if found is None:
        return f"{text}The priors are {swept}."
    kind = vocabulary().outcomes[analysis.select.outcome].prior
    what = "outcomes of any kind" if kind == ANY else f"outcomes of the kind {kind}"
    return (
        f"{text}The first prior is what {found[0].source} predicts of tau² for {what}, compared as "
        f"{analysis.model.comparison}; the others are {swept}."
    )
