"""Effects of networks: arms sorted by nodes, against one base, each row and person once."""

import math
from dataclasses import replace

import numpy as np
import pytest

from ketameta.commands.unused import unused
from ketameta.normalize.networks import compared, effects_between, node_of
from ketameta.normalize.trials import raw_rows, trials_of
from ketameta.synthesize.pool import covariance_of
from ketameta.tables.effects import NetworkEffectRow, NetworkLedgerRow

IV, ORAL, ACTIVE, NONE = "IV ketamine", "ketamine by other routes", "midazolam", "placebo or saline"
BY_VEIN = {"route": "IV"}


@pytest.fixture
def network(configuration):
    return configuration.networks[0]


@pytest.fixture
def scores(network):
    score = replace(network.select, outcome="depression_score", measure="SMD")
    return replace(network, select=score)


def found(made, network):
    """Return the effects by node and base, and the fate of each row by its key."""
    raw = made.tables()
    rows = raw_rows(raw)
    effects, ledger = effects_between(network, trials_of(raw), rows)
    fates = {row.key: ledger.fate(row) for row in rows.on(network.select.outcome).rows}
    return {(e.trial.trial_id, e.comparison, e.comparator_class): e for e in effects}, fates


def three(made, trial_id="a", **counts):
    """Return a trial of a dose by vein and one by mouth against saline."""
    made.trial(
        trial_id,
        arms=(
            ("vein", "ketamine", BY_VEIN),
            ("mouth", "ketamine", {"route": "PO"}),
            ("sal", "saline"),
        ),
    )
    own = {"vein": (9, 20), "mouth": (6, 21), "sal": (3, 22)} | counts
    return made.events(trial_id, own)


def test_an_arm_is_of_the_first_node_that_it_fits(made, network):
    three(made).trial("b", arms=(("mid", "midazolam"), ("ect", "ect"), ("mor", "morphine")))
    trials = trials_of(made.tables())
    nodes = {
        arm.arm_id: node_of(network.nodes, arm) for t in trials.values() for arm in t.arms.values()
    }
    assert nodes == {"vein": IV, "mouth": ORAL, "sal": NONE, "mid": ACTIVE, "ect": "ECT", "mor": ""}


def test_a_trial_gives_an_effect_a_node_against_the_reference_and_their_covariance(made, network):
    effects, _ = found(three(made), network)
    assert set(effects) == {("a", IV, NONE), ("a", ORAL, NONE)}
    one, other = effects["a", IV, NONE], effects["a", ORAL, NONE]
    assert one.yi == pytest.approx(math.log(9 / 11 * 19 / 3))
    assert one.vi == pytest.approx(1 / 9 + 1 / 11 + 1 / 3 + 1 / 19)
    assert one.shared == other.shared == pytest.approx(1 / 3 + 1 / 19)
    assert [arm.treatment for arm in (*one.treated, *one.control)] == ["ketamine", "saline"]


def test_arms_of_one_node_are_taken_together(made, network):
    doses = (("low", "ketamine", BY_VEIN), ("high", "ketamine", BY_VEIN), ("sal", "saline"))
    made.trial("a", arms=doses).events("a", {"low": (4, 20), "high": (8, 25), "sal": (3, 22)})
    effects, _ = found(made, network)
    (effect,) = effects.values()
    assert (effect.events_t, effect.n_t, effect.events_c, effect.n_c) == (12, 45, 3, 22)
    assert effect.shared is None


@pytest.mark.parametrize(
    "counts",
    [
        {},
        {"sal": (0, 22)},
        {"mouth": (0, 21)},
        {"vein": (20, 20)},
        {"mouth": (0, 21), "sal": (0, 22)},
    ],
)
def test_what_nodes_are_against_each_other_is_the_same_from_any_base(made, network, counts):
    three(made, **counts)
    told = []
    for base, other in ((NONE, ORAL), (ORAL, NONE)):
        effects, _ = found(made, replace(network, model=replace(network.model, reference=base)))
        pair = [effects["a", IV, base], effects["a", other, base]]
        V = covariance_of([replace_ids(e) for e in pair])
        difference = pair[0].yi - pair[1].yi, V[0, 0] + V[1, 1] - 2 * V[0, 1]
        told.append({base: (pair[0].yi, pair[0].vi), other: difference})
        assert [e.n_t for e in pair] == [20, 21 if other == ORAL else 22]
    for base in (NONE, ORAL):
        assert told[0][base] == pytest.approx(told[1][base], rel=1e-12)


def replace_ids(effect):
    """Return an effect as `covariance_of` reads one."""
    from types import SimpleNamespace

    return SimpleNamespace(trial_id=effect.trial.trial_id, shared=effect.shared, vi=effect.vi)


def test_nobody_with_an_event_in_a_whole_trial_tells_nothing(made, network):
    effects, fates = found(three(made, vein=(0, 20), mouth=(0, 21), sal=(0, 22)), network)
    assert not effects
    assert {reason for reason, _ in fates.values()} == {"not usable"}


def test_standardised_differences_of_a_trial_take_one_sd(made, scores):
    three(made)
    numbers = {"vein": (20, 6.0, 300), "mouth": (22, 8.0, 300), "sal": (25, 10.0, 300)}
    made.scores("a", {a: {"mean": m, "sd": s, "n": n} for a, (m, s, n) in numbers.items()})
    effects, _ = found(made, scores)
    sd = math.sqrt((36 + 64 + 100) / 3)
    small = 1 - 3 / (4 * 598 - 1)
    assert effects["a", IV, NONE].yi == pytest.approx(-5 / sd * small, rel=1e-5)
    assert effects["a", IV, NONE].sd_t == 6.0
    other, _ = found(made, replace(scores, model=replace(scores.model, reference=IV)))
    across = effects["a", ORAL, NONE].yi - effects["a", IV, NONE].yi
    assert other["a", ORAL, IV].yi == pytest.approx(across, rel=1e-9)


def test_reported_contrasts_come_as_they_are_and_those_of_another_base_stand_back(made, network):
    made.trial("a", arms=(("vein", "ketamine", BY_VEIN), ("mid", "midazolam"), ("sal", "saline")))
    for arm_t, arm_c, value in (("vein", "mid", 2.0), ("mid", "sal", 1.5), ("vein", "sal", 3.0)):
        made.contrast(
            "a",
            arm_t,
            arm_c,
            "response",
            "OR",
            estimate=value,
            ci_low=value / 2,
            ci_high=value * 2,
            ci_level=95,
        )
    effects, fates = found(made, network)
    assert {key[1:]: round(math.exp(e.yi), 6) for key, e in effects.items()} == {
        (IV, NONE): 3.0,
        (ACTIVE, NONE): 1.5,
    }
    assert [fate[0] for fate in fates.values()] == ["other comparator", "used", "used"]
    assert all(e.shared == pytest.approx(e.vi / 2) for e in effects.values())


def test_a_contrast_alone_sets_the_base(made, network):
    made.trial("a", arms=(("sal", "saline"), ("mid", "midazolam")))
    made.contrast(
        "a", "sal", "mid", "response", "OR", estimate=0.5, ci_low=0.2, ci_high=1.25, ci_level=95
    )
    effects, _ = found(made, network)
    assert [*effects] == [("a", NONE, ACTIVE)]


def test_what_is_in_no_node_and_what_is_all_in_one_is_left_out_with_the_reason(made, network):
    made.trial("a", arms=(("mor", "morphine"), ("sal", "saline"))).events(
        "a", {"mor": (3, 9), "sal": (1, 9)}
    )
    made.trial("b", arms=(("vein", "ketamine", BY_VEIN), ("more", "ketamine", BY_VEIN)))
    made.contrast(
        "b", "vein", "more", "response", "OR", estimate=0.5, ci_low=0.2, ci_high=1.25, ci_level=95
    )
    effects, fates = found(made, network)
    assert not effects
    assert [*fates.values()] == [
        ("other treatment", "morphine, in no node"),
        ("no comparison", "the trial has no treated arm that is asked for"),
        ("no comparison", f"both arms are {IV}"),
    ]


def test_people_of_two_reports_count_once(made, network):
    three(made, "whole", sal=(3, 40))
    three(made, "part")
    made.raw["trials"][0]["part_of"] = None
    made.raw["trials"][1]["part_of"] = "whole"
    effects, fates = found(made, network)
    assert {key[0] for key in effects} == {"whole"}
    assert [reason for reason, _ in fates.values()].count("shared people") == 3


def test_rows_lead_back_to_the_tables_and_each_has_a_fate(tables, configuration):
    trials, rows = trials_of(tables), raw_rows(tables)
    effects, fates = compared(configuration.networks, trials, rows)
    assert effects == tables[NetworkEffectRow]
    assert fates == tables[NetworkLedgerRow]
    for network in configuration.networks:
        own = [e for e in effects if e.analysis == network.name]
        told = {f"{f.file}:{f.line}": f for f in fates if f.network == network.name}
        assert len(told) == len(rows.on(network.select.outcome).rows)
        assert {key for key, f in told.items() if f.used} == {key for e in own for key in e.rows}
        assert own
        nodes = {*network.labels}
        assert all({e.comparison, e.comparator_class} <= nodes for e in own)
        assert np.linalg.eigvalsh(covariance_of(own)).min() > 0


def test_a_row_that_a_network_alone_takes_is_in_use(made, network, configuration):
    made.trial("a", arms=(("mid", "midazolam"), ("sal", "saline")))
    made.events("a", {"mid": (3, 9), "sal": (1, 9)})
    without = replace(configuration, networks=())
    assert len(unused(made.tables(), without, each=True)) == 2
    assert not unused(made.tables(), configuration, each=True)
