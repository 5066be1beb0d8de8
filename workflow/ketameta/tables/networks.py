"""What synthesize finds of networks: fits, nodes with their ranks, every difference, tests."""

from __future__ import annotations

from ketameta.tables.parts import SCALE
from ketameta.tables.table import Id, Row, col, table

_NATURAL = "as the measure"


@table("networks", "Networks", key=("network",))
class NetworkRow(Row):
    """One network: the fit of the part that holds its reference, and how far it agrees with itself.

    Q is that of a common effect, as Krahn 2013 parts it; the model of interaction has a random
    between-trial variance (Higgins 2012).
    """

    network: Id = col("network of the configuration")
    reference: str = col("node that the others are held against")
    failure: str = col("why there is no fit; empty where there is one", blank=True)
    k: int = col("trials in the fit", unit="trials")
    contrasts: int = col("effects in the fit", unit="effects")
    people: float = col("people in the fit", unit="people")
    nodes: int = col("nodes in the fit")
    left_out: int = col("trials in other parts", unit="trials")
    rule: str = col("rule of the intervals", blank=True)
    tau2: float | None = col("between-trial variance", unit="square of the " + SCALE)
    i2: float | None = col("share of the variance that is between trials", unit="per cent")
    q: float | None = col("Cochran's Q of the whole network")
    q_df: int = col("degrees of freedom of Q")
    q_p: float | None = col("p of homogeneity and consistency")
    q_within: float | None = col("part of Q within designs: trials of the same nodes")
    within_df: int = col("degrees of freedom of the part within designs")
    within_p: float | None = col("p of homogeneity within designs")
    q_between: float | None = col("part of Q between designs: disagreement of designs")
    between_df: int = col("degrees of freedom of the part between designs")
    between_p: float | None = col("p of agreement between designs")
    interaction: float | None = col("chi-square of the design-by-treatment interaction model")
    interaction_df: int = col("its degrees of freedom; 0: no two ways to any comparison")
    interaction_p: float | None = col("p of consistency, between-trial variance random")


@table("network_trials", "Trials of networks", key=("network", "trial_id", "first"))
class NetworkTrialRow(Row):
    """One node of a trial against another of it, its base."""

    network: Id = col("network of the configuration")
    trial_id: Id = col("trial report")
    label: str = col("name of the trial")
    first: str = col("node of the treated arms")
    second: str = col("node of the control arms: the base of the trial")
    part: int = col("part of the network that it is in: 1 has the reference and is fitted")
    effect: float | None = col("effect on the natural scale", unit=_NATURAL)
    ci_low: float | None = col("lower end of its own interval", unit=_NATURAL)
    ci_high: float | None = col("upper end of its own interval", unit=_NATURAL)
    people: float = col("people behind it", unit="people")
    rows: list[str] = col("raw rows used, file:line", blank=True)


@table("network_nodes", "Nodes of networks", key=("network", "node"))
class NetworkNodeRow(Row):
    """One node of a network: its trials and people, and its rank.

    A rank of 1 is the best outcome; ranks follow from the joint distribution of all differences.
    """

    network: Id = col("network of the configuration")
    node: str = col("what is compared")
    place: int = col("place in the configuration, from 1")
    part: int = col("part of the network: 1 has the reference; 0: no trial")
    trials: int = col("trials with an effect", unit="trials")
    people: float = col("people in its arms", unit="people")
    p_score: float | None = col(
        "mean certainty that it is better than another, 0 to 1: the area under its cumulative "
        "ranks (SUCRA)"
    )
    mean_rank: float | None = col("mean rank")
    rank_low: int | None = col("lower end of the interval of its rank")
    rank_high: int | None = col("upper end of the interval of its rank")
    best: float | None = col("probability of rank 1")


@table("network_ranks", "Ranks in networks", key=("network", "node", "rank"))
class NetworkRankRow(Row):
    """One rank of a node."""

    network: Id = col("network of the configuration")
    node: str = col("what is compared")
    rank: int = col("rank: 1 is the best")
    probability: float = col("probability of it")


@table("network_differences", "Differences in networks", key=("network", "first", "second"))
class NetworkDifferenceRow(Row):
    """One node against another that is behind it in the configuration.

    Of the whole network, of the trials of both alone (direct), and of all others (indirect).
    """

    network: Id = col("network of the configuration")
    first: str = col("node")
    second: str = col("node that it is held against")
    estimate: float | None = col("difference by the whole network, natural scale", unit=_NATURAL)
    ci_low: float | None = col("lower end of its interval", unit=_NATURAL)
    ci_high: float | None = col("upper end of its interval", unit=_NATURAL)
    pi_low: float | None = col("lower end of the prediction interval", unit=_NATURAL)
    pi_high: float | None = col("upper end of the prediction interval", unit=_NATURAL)
    se: float | None = col("standard error", unit=SCALE)
    p: float | None = col("two-sided p of no difference")
    trials: int = col("trials that have both", unit="trials")
    people: float = col("people in their arms of both", unit="people")
    direct: float | None = col("difference by these trials alone", unit=_NATURAL)
    direct_low: float | None = col("lower end of its interval", unit=_NATURAL)
    direct_high: float | None = col("upper end of its interval", unit=_NATURAL)
    indirect: float | None = col("difference by the other trials alone", unit=_NATURAL)
    indirect_low: float | None = col("lower end of its interval", unit=_NATURAL)
    indirect_high: float | None = col("upper end of its interval", unit=_NATURAL)
    split: float | None = col("direct less indirect; of a ratio their ratio", unit=_NATURAL)
    split_low: float | None = col("lower end of its interval", unit=_NATURAL)
    split_high: float | None = col("upper end of its interval", unit=_NATURAL)
    split_p: float | None = col("two-sided p that both agree")
