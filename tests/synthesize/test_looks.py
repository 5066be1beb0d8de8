"""Looks at an analysis after every trial: what is told of each, and what of all."""

from dataclasses import replace

import numpy as np
import pytest

from ketameta.report.looks import looks_view
from ketameta.stats import confidence_sequence, sequential_boundaries
from ketameta.synthesize.looks import looks
from ketameta.tables.effects import EffectRow
from ketameta.tables.syntheses import StudyRow, SynthesisRow

from ..rows import row

YI, VI = (-0.1, -0.6, -0.5, -0.4, -0.5), (0.2, 0.05, 0.04, 0.03, 0.02)


def taken(analysis, bounds=(-0.3, 0.3), unit=1.0, tau2=0.0):
    cells = [(f"t{i}", unit * y, unit**2 * v) for i, (y, v) in enumerate(zip(YI, VI, strict=True))]
    own = [row(EffectRow, trial_id=t, label=t.upper(), yi=y, vi=v, year=2000) for t, y, v in cells]
    studies = [row(StudyRow, sd_c=unit) for _ in own]
    record = row(SynthesisRow, estimate=-0.5, favours="below", tau2=tau2)
    return looks(analysis, record, own, studies, bounds)


@pytest.fixture
def smd(configuration):
    return configuration["depression_24h"]


def test_a_row_a_trial_is_the_sequence_and_its_boundaries(smd):
    rows = taken(smd)
    found = confidence_sequence(YI, VI)
    edges = sequential_boundaries(YI, VI, worthwhile=0.3)
    for i, line in enumerate(rows):
        assert (line.estimate, line.low, line.high) == (
            found.estimate[i], found.low[i], found.high[i]
        )  # fmt: skip
        assert (line.z, line.boundary) == (edges.z[i], edges.boundary[i])
        assert line.fraction == edges.fraction[i]
    assert [line.trial_id for line in rows] == ["t0", "t1", "t2", "t3", "t4"]


def test_trials_that_differ_ask_for_more_information(smd):
    plain, diverse = taken(smd)[-1], taken(smd, tau2=0.1)[-1]
    share = (1 / (np.array(VI) + 0.1)).sum() / (1 / np.array(VI)).sum()
    assert diverse.fraction == pytest.approx(share * plain.fraction, rel=1e-12)


def test_points_are_looked_at_in_standard_deviations(smd, configuration):
    points = taken(configuration["depression_24h_madrs"], (-2.4, 2.4), unit=8.0)
    for line, other in zip(points, taken(smd), strict=True):
        assert line.low == pytest.approx(8 * other.low)
        assert line.boundary == pytest.approx(other.boundary)


def test_a_ratio_takes_the_worthwhile_effect_that_is_nearer(configuration):
    ratio = configuration["response_24h"]
    near, far = taken(ratio, (0.05, 1.25))[-1], taken(ratio, (0.8, 1.25))[-1]
    assert near.fraction == pytest.approx(far.fraction)
    assert taken(ratio, (0.0, 1e300))[-1].boundary is None


def test_treated_arms_alone_are_not_looked_at(configuration):
    assert taken(configuration["response_24h_arm"]) == []
    assert looks_view(configuration["response_24h_arm"], []) is None


def test_the_sentence_names_the_first_trial_after_which_it_is_known(smd):
    rows = taken(smd)
    said = looks_view(smd, rows).sentence
    assert "for all 5 looks together, the interval first lies wholly on one side of " in said
    assert "of no difference after T" in said
    assert "passed first after T" in said
    still = [replace(line, low=-1.0, high=1.0, z=0.0) for line in rows]
    said = looks_view(smd, still).sentence
    assert "the interval never lies wholly on one side of no difference" in said
    assert "is not passed" in said
    lost = [*rows[:-1], replace(rows[-1], low=-1.0, high=1.0)]
    assert "and not any more after the last trial" in looks_view(smd, lost).sentence


def test_what_no_trial_can_pass_is_told_in_words(smd):
    rows = [replace(line, boundary=40.0, e_value=2e6) for line in taken(smd)]
    assert {line[4] for line in looks_view(smd, rows).lines} == {"none yet"}
    assert looks_view(smd, rows).lines[0][2] == "over 1,000,000"
