"""What a network says in words: which differences are clear of none, and how far to trust them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ketameta.configuration import Network
from ketameta.measures import MEASURES
from ketameta.report.naming import capital, listed
from ketameta.report.wording import (
    count,
    fixed,
    level_percent,
    p_value,
    unit_sign,
    with_interval,
)
from ketameta.report.wording_model import INTERVALS
from ketameta.synthesize.words import favours
from ketameta.tables.networks import NetworkDifferenceRow, NetworkNodeRow, NetworkRow

NAMED = 4  # differences that a sentence names
FEW = 5  # degrees of freedom below which a variance is hardly known
ALPHA = 0.1  # p below which designs disagree
HOW = (
    "One random-effects model of all comparisons, with one between-trial variance (τ² by {tau2}) "
    "and the effects of a trial of several arms correlated as their shared arm has it (Lu 2004; "
    "Salanti 2008), {interval} intervals. P-scores: Rücker 2015; ranks from draws of the joint "
    "distribution: Salanti 2011. Q by designs: Krahn 2013; the model of inconsistency: Higgins "
    "2012; direct against indirect by splitting sides: Dias 2010."
)
TRANSITIVITY = (
    "All this takes the trials to differ in nothing that changes the effect but in what they "
    "compare (transitivity): people, doses, hours, blinding, size, and what all arms of a trial "
    "had besides. The numbers cannot show that; the trials listed below can be read for it. No "
    "certainty is rated here: that of comparisons with control stands on the pages of the analyses."
)


@dataclass(frozen=True, slots=True)
class Difference:
    """One node against another, natural scale, as it is read; `direct`: some trial has both."""

    first: str
    second: str
    estimate: float | None
    low: float | None
    high: float | None
    direct: bool = True


def turned(measure: str, value: float | None) -> float | None:
    """Return a difference seen from the other side."""
    if value is None:
        return None
    if not MEASURES[measure].is_ratio:
        return -value
    return 1 / value if value else None


def from_side(measure: str, row: NetworkDifferenceRow, first: str) -> Difference:
    """Return the difference of a row with one of its nodes in front."""
    if row.first == first:
        direct = row.trials > 0
        return Difference(first, row.second, row.estimate, row.ci_low, row.ci_high, direct)
    value, low, high = (turned(measure, end) for end in (row.estimate, row.ci_high, row.ci_low))
    return Difference(first, row.first, value, low, high, row.trials > 0)


def side_of(network: Network, low: float | None, high: float | None) -> str:
    """Return ``better`` or ``worse`` for an interval on one side of none, else nothing."""
    measure = network.select.measure
    null = MEASURES[measure].no_effect
    if low is None or high is None or low <= null <= high:
        return ""
    above = low > null
    good = favours(measure, network.select.outcome) == "above"
    return "better" if above == good else "worse"


def told(measure: str, one: Difference) -> str:
    """Write a difference with its interval."""
    return with_interval(measure, one.estimate, one.low, one.high) + unit_sign(measure)


def answer(
    network: Network,
    row: NetworkRow,
    against: Sequence[Difference],
    between: Sequence[Difference],
) -> str:
    """Say which differences are clear of none: those from the reference, and those between others.

    `against` have the reference behind, `between` are those of the other nodes.
    """
    if row.failure:
        return f"{capital(row.failure)}."
    return " ".join([*_of_reference(network, row, against), *_of_others(network, between)])


def _of_reference(
    network: Network, row: NetworkRow, against: Sequence[Difference]
) -> Iterator[str]:
    measure = network.select.measure
    sides = {one.first: side_of(network, one.low, one.high) for one in against}
    start = f"Held against {row.reference}, over {count(row.k, 'trial')} with "
    start += f"{count(round(row.people), 'person', 'people')}, "
    known, words = False, f"{MEASURES[measure].words} "
    for side in ("better", "worse"):
        own = [
            f"{one.first} ({'' if n else words}{_with_ground(measure, one)})"
            for n, one in enumerate(one for one in against if sides[one.first] == side)
        ]
        if own:
            comes = "come" if len(own) > 1 else "comes"
            yield (
                f"{start}{listed(own)} {comes} out {side}: the interval lies wholly on one side of "
                "no difference."
            )
            start, known, words = "Held against it, ", True, ""
    open_ = [one for one in against if not sides[one.first]]
    if not known:
        yield f"{start}nothing is clearly better or worse: every interval includes no difference."
    elif open_:
        yield f"For {listed([one.first for one in open_])} the interval includes no difference."


def _with_ground(measure: str, one: Difference) -> str:
    """Write a difference with its interval, and that no trial has both where none does."""
    return told(measure, one) + ("" if one.direct else ", with no trial of both")


def _of_others(network: Network, between: Sequence[Difference]) -> Iterator[str]:
    if not between:
        return
    measure, clear = network.select.measure, []
    for one in between:
        if side := side_of(network, one.low, one.high):
            clear.append(f"{one.first} is {side} than {one.second} ({_with_ground(measure, one)})")
    if len(between) == 1:
        (one,) = between
        pair = f"between {one.first} and {one.second} ({_with_ground(measure, one)})"
        yield f"{capital(clear[0])}." if clear else f"The difference {pair} is not clear of none."
        return
    among = f"Of the {len(between):,} differences between the others"
    if not clear:
        yield f"{among} none is clear."
        return
    more = f"; and {len(clear) - NAMED} more" if len(clear) > NAMED else ""
    verb = "is" if len(clear) == 1 else "are"
    yield f"{among} {len(clear)} {verb} clear of none: {'; '.join(clear[:NAMED])}{more}."


def ranks(network: Network, nodes: Sequence[NetworkNodeRow]) -> str:
    """Say how far ranks are known; empty where there are none. `nodes` are by P-score."""
    ranked = [node for node in nodes if node.p_score is not None and node.rank_low is not None]
    if len(ranked) < 2:
        return ""
    top = ranked[0]
    wide = [n for n in ranked if (n.rank_high or 0) - (n.rank_low or 0) > (len(ranked) - 1) / 2]
    text = f"By P-score {top.node} comes first ({fixed(top.p_score, 2)}), with a rank of "
    text += f"{span(top)} among {len(ranked)} ({level_percent(network.level)} interval)"
    if wide:
        text += (
            f"; {len(wide)} of the {len(ranked)} ranks "
            f"{'spans' if len(wide) == 1 else 'span'} more than half of all places"
        )
    return f"{text}: a rank says nothing of how far apart treatments are."


def span(node: NetworkNodeRow) -> str:
    """Write the interval of a rank."""
    low, high = node.rank_low, node.rank_high
    if low is None or high is None:
        return "–"
    return f"{low}" if low == high else f"{low} to {high}"


def share(probability: float) -> str:
    """Write a probability in per cent."""
    whole = round(100 * probability)
    if whole in (0, 100) and probability not in (0.0, 1.0):
        return "<1%" if whole == 0 else ">99%"
    return f"{whole}%"


def cautions(row: NetworkRow, differences: Sequence[NetworkDifferenceRow]) -> list[str]:
    """Say what makes a network weak: few trials a comparison, no two ways to any, few in all."""
    if row.failure:
        return []
    found = []
    direct = [one for one in differences if one.trials]
    alone = [one for one in direct if one.trials == 1]
    if alone:
        rest = "rests" if len(alone) == 1 else "rest"
        found.append(
            f"{len(alone)} of {count(len(direct), 'direct comparison')} {rest} on a single trial: "
            "what is said of these nodes hangs on it."
        )
    without = len(differences) - len(direct)
    if without:
        found.append(
            f"{without} of {count(len(differences), 'difference')} "
            f"{'has' if without == 1 else 'have'} no trial of both and "
            f"{'follows' if without == 1 else 'follow'} from the others alone."
        )
    if row.q_df < 1:
        found.append(
            "There are no more effects than differences: the variance between trials cannot be "
            "estimated and is taken as none, so that the intervals are too narrow."
        )
    elif row.q_df < FEW:
        found.append(
            f"The variance between trials rests on {count(row.q_df, 'degree')} of freedom, too few "
            "to be known well."
        )
    return found


def agreement(row: NetworkRow) -> str:
    """Say whether direct and indirect evidence agree, as far as there are two ways."""
    if row.failure:
        return ""
    if not row.interaction_df:
        return (
            "No difference can be reached in two ways that are independent: whether direct and "
            "indirect evidence agree cannot be tested here, it is taken on trust."
        )
    if row.interaction_p is None:
        return (
            "There are two ways to some differences, but too few trials of the same nodes to test "
            "whether direct and indirect evidence agree."
        )
    clear = row.interaction_p < ALPHA
    said = (
        "Designs disagree more than chance would have it" if clear else "No disagreement is shown"
    )
    text = (
        f"{said} between designs (design-by-treatment interaction: χ² = "
        f"{fixed(row.interaction, 2)}, df = {row.interaction_df}, {p_value(row.interaction_p)})"
    )
    if not clear:
        text += "; with so few trials a disagreement is easily missed"
    return f"{text}."


def parting(row: NetworkRow) -> str:
    """Write Q with its parts within and between designs; empty where there is none."""
    if row.failure or row.q is None or not row.q_df:
        return ""
    text = f"Q = {fixed(row.q, 2)}, df = {row.q_df}, {p_value(row.q_p)}"
    if row.between_df:
        text += f"; within designs {fixed(row.q_within, 2)}, df = {row.within_df}, "
        text += p_value(row.within_p)
        text += f"; between designs {fixed(row.q_between, 2)}, df = {row.between_df}, "
        text += p_value(row.between_p)
    return f"{text}; τ² = {fixed(row.tau2, 3)}, I² = {fixed(row.i2, 0)}%."


def how(network: Network, row: NetworkRow) -> str:
    """Say how a network is made, with citations in brackets; empty without a fit."""
    if row.failure:
        return ""
    return HOW.format(tau2=network.model.tau2, interval=INTERVALS[row.rule])


def parts(network: Network, nodes: Sequence[NetworkNodeRow]) -> list[str]:
    """Say which nodes are not joined with the reference, and which have no trial."""
    found = []
    for part in sorted({node.part for node in nodes} - {0, 1}):
        own = [node.node for node in nodes if node.part == part]
        found.append(
            f"{capital(listed(own))} {'are' if len(own) > 1 else 'is'} compared with each other "
            f"alone: no trial joins them with {network.model.reference} or what is joined with it, "
            "so that nothing can be said of them here."
        )
    if none := [node.node for node in nodes if not node.part]:
        found.append(f"No trial with usable numbers has {listed(none, 'or')}.")
    return found
