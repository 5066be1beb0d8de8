"""People whose outcome is missing: who they are, and what is told had they fared otherwise."""

from dataclasses import replace

import numpy as np
import pytest

from ketameta.figures.scene import to_svg
from ketameta.report.missing_outcomes import missing_of, missing_view
from ketameta.stats import effect_size, gamble_hollis, informative_missing, random_effects
from ketameta.synthesize.missing_outcomes import missing_outcomes
from ketameta.synthesize.stage import synthesis
from ketameta.tables.effects import EffectRow
from ketameta.tables.missing_outcomes import AssumedFieldRow, AssumedRow, LossRow, TurningRow

from ..rows import row

A, C, N = (14, 9, 24, 8), (7, 5, 14, 4), (30, 25, 60, 14)
LOST = (10, 9, 20, 5)


def counts(**cells):
    seen = effect_size("RR", ai=A, n1i=N, ci=C, n2i=N)
    made = []
    for i, (a, c, n, lost) in enumerate(zip(A, C, N, LOST, strict=True)):
        own = {"events_t": a, "events_c": c, "n_t": n, "n_c": n, "people": 2 * n}
        whole = {"randomised_t": n + lost, "randomised_c": n + 1, "design": "parallel"}
        y, v = float(seen.yi[i]), float(seen.vi[i])
        name = {"trial_id": f"t{i}", "label": f"T{i}"}
        made.append(row(EffectRow, **name, yi=y, vi=v, **own, **whole))
    return [replace(effect, **cells) for effect in made]


def scores():
    return [
        row(
            EffectRow, trial_id=f"t{i}", label=f"T{i}", yi=-0.4 - i / 20, vi=0.04, n_t=n, n_c=n,
            people=2 * n, randomised_t=n + 9, randomised_c=n + 6, design="parallel",
        )
        for i, n in enumerate((50, 40, 60, 45))
    ]  # fmt: skip


def found(analysis, own, bounds=None):
    record = synthesis(analysis, own)
    return record, missing_outcomes(analysis, record, own, [], bounds)


@pytest.fixture
def ratio(configuration):
    return configuration["response_24h"]


def pooled(analysis, yi, vi):
    fit = random_effects(yi, vi, analysis.model.tau2, analysis.model.interval)
    return np.exp([fit.estimate, fit.ci_low, fit.ci_high])


def test_assumptions_are_those_of_stats_and_none_leaves_the_result(ratio):
    record, made = found(ratio, counts())
    by = {line.assumed: line for line in made[AssumedRow]}
    known = {"ai": A, "n1i": N, "ci": C, "n2i": N, "m1i": LOST, "m2i": [1] * 4}

    def ends(line):
        return line.estimate, line.low, line.high

    own = record.estimate, record.ci_low, record.ci_high
    assert ends(by["at random"]) == pytest.approx(own, rel=1e-12)
    twice = informative_missing("RR", **known, imor_treated=2, imor_control=2)
    assert ends(by["twice the odds"]) == pytest.approx(pooled(ratio, twice.yi, twice.vi), rel=1e-9)
    unsure = informative_missing("RR", **known, sd_log_imor=1)
    assert ends(by["uncertain"]) == pytest.approx(pooled(ratio, unsure.yi, unsure.vi), rel=1e-9)
    bounds = gamble_hollis("RR", **known)
    apart = pooled(ratio, bounds.yi, bounds.vi)
    assert ends(by["best and worst of each trial"]) == pytest.approx(apart, rel=1e-9)
    worst = np.subtract(A, 0) / np.add(N, LOST) / (np.add(C, 1) / np.add(N, 1))
    assert min(worst) < by["worst case"].estimate < max(worst)
    assert by["worst case"].estimate < by["at random"].estimate < by["best case"].estimate


def test_the_conclusion_turns_where_it_is_told_to(ratio):
    own = counts()
    _, made = found(ratio, own)
    known = {"ai": A, "n1i": N, "ci": C, "n2i": N, "m1i": LOST, "m2i": [1] * 4}
    turning = {line.whose: line for line in made[TurningRow]}
    assert turning["treated"].excludes
    at = turning["treated"].at
    assert at < 1

    def low(odds):
        shifted = informative_missing("RR", **known, imor_treated=odds)
        return pooled(ratio, shifted.yi, shifted.vi)[1]

    # the search has steps of a quarter per cent
    assert low(at) <= 1 < low(at * 1.003)
    said = missing_view(ratio, *found(ratio, own)).sentences[0]
    assert f"1/{1 / at:.2g} in the treated arms alone" in said


def test_the_picture_has_the_conclusion_of_each_pair_of_odds(ratio):
    record, made = found(ratio, counts(), (0.8, 1.25))
    known = {"ai": A, "n1i": N, "ci": C, "n2i": N, "m1i": LOST, "m2i": [1] * 4}
    lines = made[AssumedFieldRow]
    for line in lines:
        treated = np.sqrt(line.start * line.start * 5 ** (1 / 4))  # the first tried of the range
        shifted = informative_missing(
            "RR", **known, imor_treated=treated, imor_control=line.control
        )
        _, low, high = pooled(ratio, shifted.yi, shifted.vi)
        place = 2 if low > 1.25 else 1 if low > 1 else -2 if high < 0.8 else -1 if high < 1 else 0
        assert line.place == place
    assert len({line.place for line in lines}) > 1
    drawing = to_svg(missing_of(ratio, record, lines), "x")
    assert "open: the interval includes no difference" in drawing
    assert drawing.count("<rect") < 60
    assert missing_of(ratio, record, [replace(line, place=1) for line in lines]) is None


def test_trials_that_do_not_tell_stay_and_are_named(ratio):
    own = counts()
    own[0] = replace(own[0], randomised_c=None)
    own[1] = replace(own[1], yi=own[1].yi + 0.1)
    own[2] = replace(own[2], design="crossover", randomised_t=None, randomised_c=None)
    _, made = found(ratio, own)
    assert [line.fixed for line in made[LossRow]] == ["not told", "not of counts", "crossover", ""]
    assert (made[LossRow][3].missing_t, made[LossRow][3].missing_c) == (5, 1)
    said = missing_view(ratio, *found(ratio, own)).sentences
    assert "Of 34 people randomised in 1 of 4 effects, 6 (18%) are not in the results." in said
    assert "(1: T0)" in said[-1]
    assert "(1: T2)" in said[-1]
    over = [replace(effect, randomised_t=1) for effect in own]
    assert {line.fixed for line in found(ratio, over)[1][LossRow]} >= {"more than randomised"}


def test_where_nobody_is_known_to_be_missing_nothing_is_assumed(ratio):
    whole = [replace(e, randomised_t=e.n_t, randomised_c=e.n_c) for e in counts()]
    record, made = found(ratio, whole)
    assert not made[AssumedRow]
    assert not made[TurningRow]
    assert missing_view(ratio, record, made).sentences == [
        "Nobody is missing in all 4 effects: all 258 people randomised are in the results."
    ]
    unknown = [replace(e, randomised_t=None) for e in counts()]
    said = missing_view(ratio, *found(ratio, unknown)).sentences
    assert said[0].startswith("No trial of 4 tells")


def test_scores_are_moved_to_the_worse_on_either_side(configuration):
    analysis = configuration["depression_24h"]
    record, made = found(analysis, scores())
    assert record.favours == "below"
    by = {line.assumed: line.estimate for line in made[AssumedRow]}
    # a score that is better low: worse is higher, in the treated arms nearer to control
    assert by["treated half a standard deviation worse"] > by["at random"]
    assert by["control half a standard deviation worse"] < by["at random"]
    turning = {line.whose: line.at for line in made[TurningRow]}
    assert turning["treated"] < 0 < turning["control"]
    assert "SD worse in the treated" in missing_view(analysis, record, made).sentences[0]


def test_neither_narrowed_analyses_nor_single_effects_are_told_of(ratio, configuration):
    own = counts()
    assert missing_outcomes(ratio, synthesis(ratio, own[:1]), own[:1], [], None)[LossRow] == []
    narrowed = next(a for a in configuration if a.narrow and a.select.outcome == "response")
    assert missing_outcomes(narrowed, synthesis(narrowed, own), own, [], None)[LossRow] == []
    share = configuration["response_24h_arm"]
    assert missing_outcomes(share, synthesis(share, own), own, [], None)[LossRow] == []
