"""Numbers that no sample gives, rows without a number, and spreads that are standard errors."""

import math

import pytest

from ketameta.normalize.checks.run import CHECKS

from .checked import find

SCORE = dict(n=40, mean=16.2, sd=9.4)


def findings(made, *checks):
    assert {*checks} <= {*CHECKS}
    return [f for f in find(*made.raw.values(), []) if f.check in checks]


def places(made, *checks):
    return [(f.check, f.file, f.line, f.column) for f in findings(made, *checks)]


@pytest.fixture
def one(made):
    return made.trial("one", (("ket", "ketamine"), ("sal", "saline")))


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        (dict(n=40, mean=16.2, sd=0.0), "sd"),
        (dict(n=40, mean=16.2, se=0.0), "se"),
        (dict(n=40, change_mean=-12.0, change_sd=0.0), "change_sd"),
        (dict(n=40, mean=16.2, sd=9.4, baseline_mean=30.0, baseline_sd=0.0), "baseline_sd"),
        (dict(n=40, mean=16.2, ci95_low=16.2, ci95_high=16.2), "ci95_low"),
        (dict(n=40, mean=16.2, sd=9.4, minimum=16.0, maximum=16.0), "minimum"),
    ],
)
def test_spreads_of_0_are_named(one, cells, column):
    one.scores("one", {"ket": cells, "sal": SCORE})
    assert places(one, "spread-of-0") == [("spread-of-0", "outcomes.csv", 2, column)]


@pytest.mark.parametrize(
    ("cells", "column"), [(dict(se=0.0), "se"), (dict(ci_low=-3.2, ci_high=-3.2), "ci_low")]
)
def test_contrasts_without_spread_are_named(one, cells, column):
    one.contrast("one", "ket", "sal", "depression_score", "MD", estimate=-3.2, **cells)
    assert places(one, "spread-of-0") == [("spread-of-0", "contrasts.csv", 2, column)]


def test_a_spread_of_0_at_the_end_of_the_scale_is_said_to_be_possible(one):
    one.scores("one", {"ket": dict(n=40, mean=0.0, sd=0.0)})
    (got,) = findings(one, "spread-of-0")
    assert got.message.endswith("all would have 0, the end of MADRS")


@pytest.mark.parametrize(
    ("cells", "column"),
    [(dict(sd=8.0), "sd"), (dict(se=8.0), "se"), (dict(baseline_sd=5.0), "baseline_sd")],
)
def test_an_sd_of_one_person_is_named(one, cells, column):
    one.scores("one", {"ket": dict(n=1, mean=16.0, **cells)})
    assert places(one, "spread-of-one") == [("spread-of-one", "outcomes.csv", 2, column)]


def test_a_number_of_nobody_is_named(one):
    one.events("one", {"ket": (0, 0)}).scores("one", {"ket": dict(n=0, mean=16.0)})
    assert places(one, "spread-of-one") == [("spread-of-one", "outcomes.csv", 3, "n")]


@pytest.mark.parametrize("p", ["0", "0.000", "p", "1.0", ".05", "<0.001", "-0.03", "= 0", "5"])
def test_p_values_are_above_0_and_at_most_1(one, p):
    one.contrast("one", "ket", "sal", "response", "OR", estimate=2.0, p_value=p)
    wrong = p in ("0", "0.000", "-0.03", "= 0", "5")
    assert len(findings(one, "p-outside-0-1")) == wrong


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        (dict(), "mean"),
        (dict(mean=16.2), "sd"),
        (dict(mean=16.2, se=1.2, change_mean=-9.0), None),  # the change has it
        (dict(change_mean=-9.0), "change_sd"),
        (dict(median=14.0), "median"),
        (dict(median=14.0, q1=9.0), "median"),
        (dict(median=14.0, q1=9.0, q3=20.0), None),
        (dict(median=14.0, minimum=0.0, maximum=40.0), None),
        (dict(mean=16.2, ci95_low=14.0, ci95_high=18.4), None),
        (dict(baseline_mean=30.0), None),
        (dict(mean=16.2, note="no SD in the abstract"), None),
        (dict(mean=16.2, flag="do-not-pool: of another dose"), None),
        (dict(mean=16.2, sd=9.4, n=None), "n"),
    ],
)
def test_scores_that_give_nothing_to_pool_are_named(one, cells, column):
    one.scores("one", {"ket": {"n": 40, **cells}})
    wanted = [("no-number-to-pool", "outcomes.csv", 2, column)] if column else []
    assert places(one, "no-number-to-pool") == wanted


def test_counts_need_events_or_per_cent_and_people(one):
    for cells in (dict(n=40), dict(n=40, percent=40.0), dict(events=12)):
        one.outcome("one", "ket", "response", **cells)
    found = places(one, "no-number-to-pool")
    assert [(line, column) for *_, line, column in found] == [(2, "events"), (4, "n")]


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        (dict(estimate=-3.2), "se"),
        (dict(estimate=-3.2, p_value="<0.05"), "p_value"),
        (dict(estimate=-3.2, p_value="NS"), "p_value"),
        (dict(estimate=-3.2, p_value="0.03"), None),
        (dict(estimate=-3.2, t_value=2.1), None),
        (dict(estimate=-3.2, ci_low=-6.0), "se"),
        (dict(), "estimate"),
        (dict(p_value="<0.05"), None),  # p alone is a remark beside others
    ],
)
def test_contrasts_that_give_nothing_to_pool_are_named(one, cells, column):
    one.contrast("one", "ket", "sal", "depression_score", "MD", **cells)
    wanted = [("no-number-to-pool", "contrasts.csv", 2, column)] if column else []
    assert places(one, "no-number-to-pool") == wanted


# -- a standard error by its own row, trial and scale ---------------------------------------------


@pytest.mark.parametrize(
    ("scale", "cells", "faults"),
    [
        ("BSS", dict(n=65, baseline_mean=8.0, baseline_sd=5.5, mean=3.1, sd=0.68), 1),
        ("BSS", dict(n=65, baseline_mean=8.0, baseline_sd=5.5, mean=0.4, sd=0.68), 0),  # near 0
        ("BSS", dict(n=65, baseline_mean=8.0, baseline_sd=5.5, mean=3.1, sd=3.9), 0),
        ("MADRS", dict(n=20, baseline_mean=32.0, baseline_sd=1.3, mean=18.0, sd=7.0), 1),
        ("MADRS", dict(n=20, mean=18.0, sd=9.0, change_mean=-12.0, change_sd=2.0), 1),
        ("MADRS", dict(n=20, mean=18.0, sd=9.0, change_mean=-12.0, change_sd=6.0), 0),
        ("MADRS", dict(n=40, mean=18.0, sd=1.4), 1),  # 1/43 of the range
        ("MADRS", dict(n=40, mean=18.0, sd=4.0), 0),
        ("HAMD17", dict(n=20, mean=14.0, sd=1.6), 1),
    ],
)
def test_a_standard_error_as_sd_is_seen_in_its_row(one, scale, cells, faults):
    one.scores("one", {"ket": cells}, scale=scale)
    assert len(findings(one, "sd-like-se")) == faults


def test_a_standard_error_in_one_arm_is_seen_beside_the_sd_of_the_other(one):
    one.scores("one", {"ket": dict(n=25, mean=18.0, sd=4.1), "sal": dict(n=25, mean=21.0, sd=20.0)})
    (got,) = findings(one, "sd-like-se")
    assert (got.line, "of sal (line 3)" in got.message) == (2, True)


def test_a_review_of_standard_errors_alone_is_seen(made):
    for i in range(5):
        made.trial(f"t{i}")
        scores = {"ket": dict(n=30, mean=14.0 + i, sd=1.4), "sal": dict(n=30, mean=22.0, sd=1.6)}
        made.scores(f"t{i}", scores)
    assert len(findings(made, "sd-like-se")) == 10
    assert {f.trial_id for f in findings(made, "g-above-2")} == {f"t{i}" for i in range(5)}


def test_g_beyond_2_between_arms_is_that_of_hedges(one):
    one.scores("one", {"ket": dict(n=12, mean=10.0, sd=4.0), "sal": dict(n=14, mean=20.0, sd=5.0)})
    (got,) = findings(one, "g-above-2")
    pooled = math.sqrt((11 * 16 + 13 * 25) / 24)
    assert f"g = {-(1 - 3 / 95) * 10 / pooled:.2f} " in got.message


# -- what becomes of such rows --------------------------------------------------------------------


@pytest.mark.parametrize(
    "cells",
    [
        dict(sd=0.0),
        dict(sd=8.0, baseline_mean=30.0, baseline_sd=0.0),
        dict(n=1, sd=8.0),
        dict(se=0.0),
    ],
)
@pytest.mark.parametrize("basis", ["endpoint", "computed change"])
def test_impossible_numbers_give_no_effect_or_one_without_them(one, ask, cells, basis):
    one.scores(
        "one", {"ket": {"n": 20, "mean": 15.0, **cells}, "sal": dict(n=20, mean=22.0, sd=8.0)}
    )
    question = ask("depression_24h", basis=(basis,), scales=None, definitions=None)
    effects, fates = one.result(question)
    if basis == "endpoint" and cells.get("baseline_sd") == 0:
        assert effects["one"].yi < 0
    else:
        assert effects == {}
        assert "change" not in fates["outcomes.csv:2"].detail or basis != "endpoint"


def test_a_baseline_sd_of_0_is_the_reason(one, ask):
    cells = dict(n=20, mean=15.0, sd=8.0, baseline_mean=30.0)
    one.scores("one", {"ket": {**cells, "baseline_sd": 0.0}, "sal": {**cells, "baseline_sd": 5.0}})
    _, fates = one.result(ask("depression_24h", basis=("computed change",), scales=None))
    assert fates["outcomes.csv:2"].detail == "baseline_sd of 0"


@pytest.mark.parametrize(
    ("printed", "named"),
    [
        *((exact, False) for exact in ("p=0.03", "p = .03 (t test)", "P-value 0.03", "3e-4")),
        *((bound, True) for bound in ("p<0.05", "n.s.", ">0.9")),
    ],
)
def test_an_exact_p_is_known_as_the_conversions_know_it(one, printed, named):
    one.contrast("one", "ket", "sal", "depression_score", "MD", estimate=-3.2, p_value=printed)
    assert bool(places(one, "no-number-to-pool")) == named
