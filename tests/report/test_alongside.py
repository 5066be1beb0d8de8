"""What a page says alongside a synthesis: pairs, missing results, directions, earlier reviews."""

from dataclasses import replace
from math import comb

import pytest

from ketameta.report.alongside import (
    BESIDE,
    CONTROL,
    NEITHER,
    TREATMENT,
    alongside,
    pairs_sentence,
    sign_test,
)
from ketameta.synthesize.words import MISSING_AS_NONE
from ketameta.tables.collection import Tables
from ketameta.tables.diagnostics import EarlierRow, PairRow, PairSynthesisRow
from ketameta.tables.effects import DirectionRow, MissingResultRow
from ketameta.tables.stages import MADE_KINDS
from ketameta.tables.syntheses import SensitivityRow, SynthesisRow

from ..rows import row

POOLED = row(
    PairSynthesisRow,
    **{"k": 3, "shown": 3, "estimate": 20.0, "ci_low": 8.0, "ci_high": 32.0, "share": 0.4},
    **{"treated": 34.0, "control": 14.0},
)
ROW = row(PairRow, label="A 2020", treated=50.0, control=20.0, hour=24.0, ci_low=10.0)
RESULT = row(SynthesisRow, measure="SMD", k=1, estimate=-1.13, ci_low=-1.9, ci_high=-0.36)


@pytest.fixture(scope="module")
def falls(configuration):
    return configuration["reduction_24h_arm"]


@pytest.fixture(scope="module")
def told(configuration):
    def tell(record=RESULT, **rows):
        own = dict.fromkeys(BESIDE, ()) | {MADE_KINDS[name]: found for name, found in rows.items()}
        return alongside(configuration["ptsd_score"], record, Tables(own))

    return tell


def test_nothing_stands_alongside_where_there_is_nothing(told):
    found = told()
    assert (found.pairs, found.missing, found.earlier, found.directions) == (None,) * 4


@pytest.mark.parametrize(
    ("pooled", "said"),
    [
        ({}, "In 3 trials that give both sides, scores fell by 34% in the treated arms and by 14%"),
        ({}, "20 points more under treatment (95% interval 8 to 32)."),
        ({}, "The control arms fell by 40% of what the treated arms fell by."),
        (dict(estimate=-20.0, ci_low=-32.0, ci_high=-8.0), "20 points fewer under treatment"),
        (dict(ci_low=-100.0, ci_high=100.0), "(95% interval −100 to 100)"),
        (dict(ci_low=-100.1, ci_high=90.0), "wider than any difference can be"),
        (dict(ci_low=-90.0, ci_high=100.1), "wider than any difference can be"),
        (dict(k=1), "In the one trial that gives both sides with their spread (A 2020)"),
        (dict(shown=4), "1 trial without a standard deviation is shown and not in the average."),
        (dict(shown=5), "2 trials without a standard deviation are shown"),
        (dict(estimate=None, k=0, shown=2), "2 trials give both sides, none with what it takes"),
    ],
)
def test_the_sentence_of_pairs(falls, pooled, said):
    assert said in pairs_sentence(falls, [ROW], replace(POOLED, **pooled))


@pytest.mark.parametrize(("share", "said"), [(None, False), (0.0, False), (-0.1, False), (1, True)])
def test_a_share_is_told_where_control_arms_fell_too(falls, share, said):
    found = pairs_sentence(falls, [ROW], replace(POOLED, share=share))
    assert ("The control arms fell by" in found) is said


def gone(trial_id, n=60.0, through=""):
    return row(MissingResultRow, label=trial_id, said="NS", n=n, through=through)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([gone("a")], "1 trial measured this outcome at this time and reports no number"),
        ([gone("a"), gone("b")], "They treated 120 people."),
        ([gone("a"), gone("b", through="c")], "1 trial (60 people) is missing."),
        ([gone("a", through="c")], "none is missing from it."),
    ],
)
def test_missing_results_are_counted_without_those_that_the_pool_holds(told, rows, said):
    assert said in told(missing_results=rows).missing.sentence


def test_the_bound_stands_beside_the_result(told):
    cells = {"measure": "SMD", "estimate": -0.9, "ci_low": -1.5, "ci_high": -0.3}
    bound = row(SensitivityRow, variant=MISSING_AS_NONE, **cells)
    said = told(missing_results=[gone("a")], sensitivity=[bound]).missing.bound
    assert "would be −0.90 [−1.50, −0.30] in place of −1.13 [−1.90, −0.36]" in said
    assert told(missing_results=[gone("a")]).missing.bound == ""


def review(agrees, **cells):
    own = {"label": "Review", "measure": "SMD", "printed": "0.27 [0.03, 0.51]", "k": 6, "n": 221}
    own |= {"estimate": -0.27, "ci_low": -0.51, "ci_high": -0.03}
    return row(EarlierRow, agrees=agrees, **own | cells)


def test_a_result_that_no_review_agrees_with_stands_apart(told):
    found = told(earlier=[review(False)]).earlier
    assert found.apart
    assert found.sentence == (
        "This result stands apart from the earlier reviews: Review gives the standardised mean "
        "difference as −0.27 [−0.51, −0.03] from 6 trials; here it is −1.13 [−1.90, −0.36] from "
        "1 trial."
    )


def test_results_of_another_measure_are_compared_as_printed(told):
    odds = review(False, measure="OR", printed="2.03 [0.67, 6.15]", against="8.14 [2.16, 30.7]")
    said = told(earlier=[odds]).earlier.sentence
    assert "gives the odds ratio as 2.03 [0.67, 6.15]" in said
    assert (
        "; the odds ratio here, a sensitivity analysis with an interval of its own, is "
        "8.14 [2.16, 30.7] from 1 trial."
    ) in said


@pytest.mark.parametrize(
    ("flags", "apart", "said"),
    [
        ([True], False, "1 of 1 result that can be compared agrees with ours."),
        ([True, False, None], False, "1 of 2 results that can be compared agrees with ours."),
        ([True, True], False, "2 of 2 results that can be compared agree with ours."),
        ([None], False, "None of them can be compared"),
    ],
)
def test_how_many_reviews_agree(told, flags, apart, said):
    found = told(earlier=[review(flag) for flag in flags]).earlier
    assert found.apart is apart
    assert said in found.sentence


def points(trial_id, direction, comparator_class="inert"):
    return row(
        DirectionRow, trial_id=trial_id, direction=direction, comparator_class=comparator_class
    )


NO_RESULT = replace(RESULT, k=0, estimate=None)


def test_trials_are_counted_by_direction_apart_for_each_control(told):
    rows = [points("a", CONTROL), points("a", CONTROL), points("b", NEITHER), points("b", CONTROL)]
    rows += [points("c", TREATMENT), points("c", CONTROL), points("d", "")]
    rows += [points("e", TREATMENT, "ect")]
    found = told(NO_RESULT, directions=rows, missing_results=[gone("a")])
    first, second = found.directions.sentence.split(". ")
    assert first.endswith(
        ": 4 trials (7 results), worse under treatment in 2, some tests each way in 1, "
        "direction not stated in 1"
    )
    assert second.endswith(": 1 trial (1 result), better under treatment in 1.")
    assert found.missing is None  # its results are told by their directions


@pytest.mark.parametrize(("trials", "tested"), [(4, False), (5, True)])
def test_the_sign_test_needs_five_trials_with_a_direction(told, trials, tested):
    rows = [points(str(n), TREATMENT) for n in range(trials)] + [points("x", NEITHER)]
    assert ("sign test p = 0.06" in told(NO_RESULT, directions=rows).directions.sentence) is tested


@pytest.mark.parametrize(("better", "worse"), [(5, 0), (0, 5), (4, 2), (3, 3), (9, 1)])
def test_the_sign_test_is_the_binomial_one(better, worse):
    n = better + worse
    extreme = [x for x in range(n + 1) if abs(x - n / 2) >= abs(better - n / 2)]
    assert sign_test(better, worse) == pytest.approx(sum(comb(n, x) for x in extreme) / 2**n)
