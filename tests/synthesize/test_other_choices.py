"""Other questions and choices asked of the tests' tables, held against metafor on counts by hand.

Each pooled value is that of metafor 4.8 in R, `rma(yi, vi, test = "knha")`, threshold 1e-12, of
effects by `escalc` or by the formula that the test names, from cells read in the tables.
"""

import math
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from ketameta.configuration import Window, load
from ketameta.normalize.choose import Choices
from ketameta.normalize.effect_rows import effect_rows
from ketameta.normalize.stage import effects_of, normalize
from ketameta.normalize.trials import raw_rows, trials_of
from ketameta.synthesize.pool import pooled
from ketameta.synthesize.stage import synthesize
from ketameta.tables.effects import EffectRow, VariantRow
from ketameta.tables.raw import ClaimRow
from ketameta.tables.syntheses import SensitivityRow
from ketameta.vocabulary.narrowing import parse

from ..rows import tables_of


@pytest.fixture(scope="module")
def asked(tables, configuration):
    """Return what an analysis of the tests, with keys changed, finds: its trials and its pool."""
    choices = Choices(trials_of(tables), raw_rows(tables))

    def ask(name, **keys):
        analysis = configuration[name]
        question = replace(analysis.select, **keys)
        effects, _ = effects_of(name, question, choices)
        records = effect_rows(name, question, effects)
        model = replace(analysis.model, interval="hksj")
        return {e.trial.trial_id: e for e in effects}, pooled(question.measure, records, model)

    return ask


def words(configuration, *more):
    return (*configuration["depression_24h"].select.assumptions, *more)


def test_a_window_of_three_days_lets_the_largest_trial_of_ideation_in(asked):
    found, pool = asked("suicidality_resolved_24h", window=Window("", 24, 12, 72))
    counts = {name: (e.events_t, e.n_t, e.events_c, e.n_c) for name, e in found.items()}
    assert counts == {
        "abbar2022": (46, 73, 25, 79),
        "canuso2018": (14, 35, 2, 31),
        "grunebaum2017": (3, 7, 1, 9),
        "price2014": (19, 36, 5, 21),
        "su2023": (14, 42, 4, 42),
    }
    assert (pool.estimate, pool.ci_low, pool.ci_high) == pytest.approx(
        (2.33517, 1.52015, 3.58716), rel=3e-6
    )
    assert pool.tau2 == pytest.approx(0.0103874, rel=1e-5)


def test_a_course_of_repeated_doses_is_told_at_its_end(asked):
    window, narrow = Window("", 672, 168, 1344), parse("n_doses=>1")
    found, pool = asked("response_28d", window=window, narrow=narrow)
    hours = {name: e.hour for name, e in found.items()}
    assert hours == dict.fromkeys(hours, 672) | {"daly2018": 168, "daly2018b": 168}
    assert len(hours) == 8
    assert (pool.estimate_log, pool.tau2) == pytest.approx((0.24972626537, 0), abs=1e-9)


def test_the_madrs_at_four_weeks_in_points(asked):
    _, pool = asked("depression_28d", measure="MD", scales=("MADRS",))
    ends = (-3.3388641503, -5.1046712586, -1.5730570419)
    assert (pool.estimate, pool.ci_low, pool.ci_high) == pytest.approx(ends, abs=1e-8)


def test_crossovers_as_printed_bring_three_trials(asked, configuration):
    without, _ = asked("depression_24h")
    found, pool = asked("depression_24h", assumptions=words(configuration, "SD not stated"))
    assert set(found) - set(without) == {"diazgranados2010", "zarate2006", "zarate2012"}
    assert pool.estimate == pytest.approx(-0.6206033755, abs=1e-8)
    # the variance of the oldest by hand: 17 people in both periods, correlation 0.5
    df = 2 * 16 / 1.25
    g = math.exp(math.lgamma(df / 2) - math.lgamma((df - 1) / 2)) / math.sqrt(df / 2) * -1.46
    assert found["zarate2006"].vi == pytest.approx(1 / 17 + g**2 / (2 * df))


def test_one_selected_dose_of_four_decides_nothing(asked, configuration):
    found, pool = asked("depression_24h")
    assert "fava2018" not in found
    assert pool.estimate == pytest.approx(-0.5257889729, abs=1e-8)
    found, pool = asked("depression_24h", assumptions=words(configuration, "selected arm"))
    assert "fava2018" in found
    assert pool.estimate == pytest.approx(-0.5398469294, abs=1e-8)
    # one dose's events are all that is told of this one
    assert "singh2016" not in asked("ae_any")[0]
    # the mean of its second dose is told at the same hour, only without a spread
    assert "singh2016" in found


def test_leaving_out_what_wants_a_check_is_tried_where_a_pooled_row_has_such_a_flag(
    tables, tmp_path
):
    text = (Path(__file__).parents[1] / "analyses.yaml").read_text(encoding="utf-8")
    asked = yaml.safe_load(text)
    kept = ("response_24h", "response_28d")
    asked["analyses"] = {name: asked["analyses"][name] for name in kept}
    choices = {"sure": {"for": ["RR"], "change": {"narrow": "flag=none"}}}
    path = tmp_path / "analyses.yaml"
    path.write_text(yaml.safe_dump(asked), encoding="utf-8")
    path.with_name("multiverse.yaml").write_text(yaml.safe_dump({"choices": choices}))
    rows = tables.replaced(ClaimRow, [])
    found = rows | tables_of(normalize(rows, load(path)))
    marked = {e.trial_id for e in found[EffectRow] if e.marks}
    own = [(v.analysis, v.trial_id) for v in found[VariantRow]]
    whole = [(e.analysis, e.trial_id) for e in found[EffectRow]]
    assert marked == {"zarate2006"}
    assert own == [pair for pair in whole if pair[0] == kept[0] and pair[1] not in marked]
    pools = tables_of(synthesize(found, load(path)))[SensitivityRow]
    (one,) = [row for row in pools if row.variant == "sure"]
    assert (one.analysis, one.k) == (kept[0], len(own))
