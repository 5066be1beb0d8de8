"""Ranks, and agreement of direct and indirect evidence: against metafor, print, identities."""

import dataclasses

import numpy as np
import pytest
from scipy import special

from ketameta.stats import (
    design_by_treatment,
    meta_regression,
    network_meta_analysis,
    network_ranks,
    node_splits,
    random_effects,
)

NETWORKS = ("senn", "smoking", "stroke")
# see test_network
SEARCHED = 1e-5
# netmeta's P-scores (Rücker & Schwarzer 2015) of Senn's trials, tau² by DerSimonian & Laird
P_SCORES = {
    "rosiglitazone": 0.8934,
    "metformin": 0.7818,
    "pioglitazone": 0.7746,
    "miglitol": 0.6137,
    "acarbose": 0.5203,
    "benfluorex": 0.4358,
    "vildagliptin": 0.4232,
    "sitagliptin": 0.3331,
    "sulfonylurea": 0.2103,
    "placebo": 0.0139,
}


@pytest.fixture(scope="module")
def senn(contrasts):
    return network_meta_analysis(*contrasts("senn"), tau2="DL", interval="wald")


def test_p_scores_are_those_printed(senn):
    ranks = network_ranks(senn, lower_is_better=True)
    found = dict(zip(ranks.treatments, ranks.p_score, strict=True))
    # they were made from effects rounded to two decimals
    assert found == pytest.approx(P_SCORES, abs=1.5e-4)


def test_ranks_drawn_agree_with_those_computed(senn):
    ranks = network_ranks(senn, lower_is_better=True)
    places = np.arange(1, 11)
    # a mean of ranks has a standard error of at most 3 / sqrt(100,000)
    assert ranks.probability @ places == pytest.approx(ranks.mean_rank, abs=0.03)
    assert ranks.probability.sum(axis=0) == pytest.approx(1)
    assert ranks.probability.sum(axis=1) == pytest.approx(1)
    assert ranks.p_score.mean() == pytest.approx(0.5)
    assert (ranks.rank_low <= ranks.mean_rank).all()
    assert (ranks.mean_rank <= ranks.rank_high).all()
    inside = (places >= ranks.rank_low[:, None]) & (places <= ranks.rank_high[:, None])
    assert ((ranks.probability * inside).sum(axis=1) >= 0.95).all()


def test_the_other_direction_turns_ranks_over(senn):
    up, down = (network_ranks(senn, lower_is_better=x, draws=2000) for x in (False, True))
    assert up.p_score == pytest.approx(1 - down.p_score)
    assert up.probability == pytest.approx(down.probability[:, ::-1])
    assert up.rank_low.tolist() == (11 - down.rank_high).tolist()
    assert up.best.tolist() == down.probability[:, -1].tolist()


def test_ranks_do_not_depend_on_the_reference_and_repeat(contrasts):
    fits = (
        network_meta_analysis(*contrasts("stroke"), reference=x) for x in ("VKAs", "Rivaroxaban")
    )
    one, other = (network_ranks(fit, lower_is_better=True, draws=5000) for fit in fits)
    # rounding may turn a draw in which two are equal
    assert one.probability == pytest.approx(other.probability, abs=5e-4)
    assert one.p_score == pytest.approx(other.p_score)


@pytest.mark.parametrize("interval", ["wald", "hksj"])
def test_of_two_treatments_the_better_is_so_with_the_probability_of_its_tail(interval):
    y, v = [0.5, -0.1, 0.2, 0.35, 0.7], [0.02, 0.03, 0.015, 0.04, 0.02]
    fit = network_meta_analysis(y, v, range(5), ["B"] * 5, ["A"] * 5, interval=interval)
    one = random_effects(y, v, interval=interval)
    tail = one.p / 2
    ranks = network_ranks(fit, lower_is_better=False)
    assert ranks.p_score == pytest.approx([tail, 1 - tail])
    assert ranks.best == pytest.approx([tail, 1 - tail], abs=4 * np.sqrt(tail / 100_000))


def test_independent_treatments_have_the_ranks_of_an_integral(senn):
    # B is first where it is above A, which stands still, and above C
    mean, sd = np.array([0.0, 0.3, 0.5]), np.array([0.0, 0.2, 0.4])
    fit = dataclasses.replace(
        senn,
        treatments=("A", "B", "C"),
        reference="A",
        estimate=mean[:, None] - mean,
        statistic=np.full((3, 3), np.nan),
        covariance=np.diag(sd**2),
    )
    best = network_ranks(fit, lower_is_better=False).best
    b = np.linspace(0, mean[1] + 8 * sd[1], 4001)
    density = np.exp(-(((b - mean[1]) / sd[1]) ** 2) / 2) / (sd[1] * np.sqrt(2 * np.pi))
    expected = np.trapezoid(density * special.ndtr((b - mean[2]) / sd[2]), b)
    assert best[1] == pytest.approx(expected, abs=5 * 0.5 / np.sqrt(100_000))


@pytest.mark.parametrize("name", NETWORKS)
def test_splits_match_metafor(reference, contrasts, name):
    found = node_splits(*contrasts(name), interval="wald")
    known = reference("network")[name]["splits"]
    pairs = [(row["first"], row["second"]) for row in known]
    assert list(zip(found.first, found.second, strict=True)) == pairs
    for field in ("direct", "direct_se", "indirect", "indirect_se", "difference", "se", "p"):
        assert getattr(found, field) == pytest.approx([row[field] for row in known], abs=SEARCHED)
    assert found.tau2 == pytest.approx([row["tau2"] for row in known], abs=SEARCHED)
    assert found.difference == pytest.approx(found.direct - found.indirect)
    assert (found.low < found.difference).all()


def test_a_split_loop_is_what_its_sides_say_apart():
    y, v = [0.5, 0.6, 0.2, 0.35, 0.7], [0.02, 0.03, 0.015, 0.04, 0.02]
    sides = ["B", "B", "C", "C", "B"], ["A", "A", "A", "A", "C"]
    found = node_splits(y, v, range(5), *sides, tau2="EE")
    ab, ac = (random_effects(y[i : i + 2], v[i : i + 2], "EE") for i in (0, 2))
    assert found.labels == ("A : B", "A : C", "B : C")
    assert found.trials.tolist() == [2, 2, 1]
    assert (found.direct[2], found.direct_se[2] ** 2) == pytest.approx((0.7, 0.02))
    assert found.indirect[2] == pytest.approx(ab.estimate - ac.estimate)
    assert found.indirect_se[2] ** 2 == pytest.approx(ab.se**2 + ac.se**2)
    # a loop has one inconsistency, seen from each of its sides
    assert np.abs(found.difference) == pytest.approx(abs(found.difference[0]))
    assert found.p == pytest.approx(found.p[0])


@pytest.mark.parametrize("name", NETWORKS)
def test_splits_do_not_depend_on_which_arm_is_the_base(contrasts, name):
    one, other = (node_splits(*contrasts(name, base=base)) for base in (0, -1))
    assert one.labels == other.labels
    for field in ("direct", "indirect_low", "difference", "p"):
        assert getattr(one, field) == pytest.approx(getattr(other, field), rel=1e-6), field


def test_nothing_is_split_that_one_trial_says_alone():
    # a trial of three arms and one of two of them: no trial without both connects B with C
    V = [[2.0, 1, 0], [1, 2, 0], [0, 0, 1]]
    found = node_splits([1, 2, 1], V, ["x", "x", "y"], ["B", "C", "B"], ["A", "A", "A"])
    assert found.labels == ()
    assert found.difference.shape == (0,)
    assert "NodeSplits" in repr(found)


@pytest.mark.parametrize("name", NETWORKS)
def test_designs_match_metafor(reference, contrasts, name):
    found = design_by_treatment(*contrasts(name))
    known = reference("network")[name]["fits"]
    inner, total = known["interaction"], known["EE"]
    assert (found.q_total, found.q_total_df) == pytest.approx((total["q"], total["q_df"]))
    assert (found.q_within, found.q_within_df) == pytest.approx(
        (inner["q_within"], inner["q_within_df"])
    )
    assert (found.tau2, found.chi2, found.p) == pytest.approx(
        (inner["tau2"], inner["chi2"], inner["p"]), rel=SEARCHED
    )
    assert found.df == found.q_between_df == inner["df"]


def test_senn_is_parted_as_printed(contrasts):
    # as netmeta prints it, of effects rounded to two decimals (Krahn, Binder & König 2013), with
    # its test given the heterogeneity within designs
    found = design_by_treatment(*contrasts("senn"), tau2="DL")
    assert (found.q_total, found.q_within, found.q_between) == pytest.approx(
        (96.99, 74.46, 22.53), abs=0.011
    )
    assert (found.q_total_df, found.q_within_df, found.q_between_df) == (18, 11, 7)
    assert (found.chi2, found.p, found.tau2) == pytest.approx((2.19, 0.9483, 0.1442), abs=5e-3)
    own = dict(zip(found.labels, found.q, strict=True))
    assert own["metformin : placebo"] == pytest.approx(42.16, abs=0.01)
    assert own["placebo : rosiglitazone"] == pytest.approx(21.27, abs=0.01)
    assert found.q.sum() == pytest.approx(found.q_within)
    assert found.q_df.sum() == found.q_within_df
    assert found.trials.sum() == 26


def test_the_interaction_is_the_wald_test_of_a_regression():
    y, v = [0.5, 0.9, 0.2, 0.65, 0.7, 0.1], [0.02, 0.03, 0.015, 0.04, 0.02, 0.03]
    first, second = ["B", "B", "C", "C", "B", "B"], ["A", "A", "A", "A", "C", "C"]
    loop = np.array([[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 1, 0], [1, -1, 1], [1, -1, 1]])
    fit = meta_regression(y, v, loop, "REML", "wald", intercept=False)
    found = design_by_treatment(y, v, range(6), first, second)
    assert found.tau2 > 0
    assert (found.tau2, found.chi2, found.p) == pytest.approx(
        (fit.tau2, fit.statistic[2] ** 2, fit.p[2])
    )


def test_without_a_loop_there_is_nothing_between_designs():
    y, v = [0.5, 0.9, 0.2, 0.65], [0.02, 0.03, 0.015, 0.04]
    found = design_by_treatment(y, v, range(4), ["B", "B", "C", "C"], ["A"] * 4)
    assert (found.q_between, found.q_between_df, found.chi2) == (0, 0, 0)
    assert np.isnan([found.p, found.q_between_p]).all()
    assert found.q_within == pytest.approx(found.q_total)
    alone = design_by_treatment([0.5, 0.2], [0.1, 0.1], ["x", "y"], ["B", "C"], ["A", "A"])
    assert np.isnan([alone.tau2, alone.chi2]).all()
    assert alone.table()[1][-1] == ["all", "", "0", "0", "–"]


def test_tables_and_frames_have_a_row_a_treatment_a_split_and_a_design(contrasts, senn):
    ranks = network_ranks(senn, lower_is_better=True, draws=100)
    splits, designs = node_splits(*contrasts("stroke")), design_by_treatment(*contrasts("stroke"))
    for found, names in (
        (ranks, ranks.treatments),
        (splits, splits.labels),
        (designs, designs.labels),
    ):
        rows = found.table()[1][1:]
        assert [row[0] for row in rows][: len(names)] == list(names)
        assert list(found.to_frame().index) == list(names)
    assert ranks.to_frame().loc["placebo", "p_score"] == ranks.p_score.min()
    assert splits.to_frame().loc["Aspirin : VKAs", "second"] == "VKAs"
    assert [row[0] for row in designs.table()[1][-3:]] == [
        *("within designs", "between designs", "all"),
    ]
