"""The second opinion: what statsmodels makes of the same effects, and what a difference does."""

from dataclasses import replace

import numpy as np
import pytest

from ketameta import steps
from ketameta.crosscheck import refits
from ketameta.crosscheck.pooled import DL_BELOW_0
from ketameta.crosscheck.rows import differing
from ketameta.crosscheck.stage import crosscheck, files, said
from ketameta.stats import random_effects
from ketameta.synthesize.stage import synthesis
from ketameta.tables.collection import Tables
from ketameta.tables.diagnostics import AsymmetryRow
from ketameta.tables.effects import EffectRow
from ketameta.tables.syntheses import SensitivityRow, SynthesisRow

from .rows import row

YI = np.array([-0.9, -0.3, -1.1, -0.6, 0.4])
VI = np.array([0.05, 0.09, 0.12, 0.04, 0.2])


def effects(yi=YI, vi=VI, **values):
    return [
        row(EffectRow, trial_id=f"t{i}", analysis="depression_24h", yi=y, vi=v, people=40, **values)
        for i, (y, v) in enumerate(zip(yi.tolist(), vi.tolist(), strict=True))
    ]


def checked(configuration, model=None, yi=YI, vi=VI, change=None):
    """Return the rows of one analysis under a model, with what is reported of it changed."""
    analysis = configuration["depression_24h"]
    analysis = replace(analysis, model=model or analysis.model, variants=())
    own = effects(yi, vi)
    record = synthesis(analysis, own)
    record = replace(record, **(change or {}))
    asked = replace(configuration, analyses=(analysis,))
    tables = {SynthesisRow: [record], EffectRow: own, SensitivityRow: [], AsymmetryRow: []}
    return crosscheck(Tables(tables), asked)


@pytest.mark.parametrize("interval", ["auto", "wald", "hksj", "hksj-adhoc"])
@pytest.mark.parametrize("tau2", ["REML", "ML", "PM", "DL", "HE", "EB"])
def test_every_number_is_that_of_least_squares(configuration, tau2, interval):
    model = replace(configuration["depression_24h"].model, tau2=tau2, interval=interval)
    rows = checked(configuration, model)
    assert [line.number for line in rows if line.number != "tau2, iterated"] == [
        "tau2", "estimate", "se", "ci_low", "ci_high", "q"
    ]  # fmt: skip
    assert {line.verdict for line in rows} == {"equal"}
    assert differing(rows) == []
    assert said(rows) == f"Recomputed with statsmodels: {len(rows)} numbers equal to 1e-8."


def test_an_estimator_without_a_path_is_told_and_what_follows_is_recomputed(configuration):
    rows = checked(configuration, replace(configuration["depression_24h"].model, tau2="SJ"))
    assert [(line.number, line.verdict) for line in rows][:2] == [
        ("tau2", "not recomputed"), ("estimate", "equal")
    ]  # fmt: skip
    assert "has no SJ" in rows[0].why


@pytest.mark.parametrize("interval", ["profile", "henmi-copas"])
def test_an_interval_without_a_path_is_told_and_the_estimate_is_recomputed(configuration, interval):
    model = replace(configuration["depression_24h"].model, tau2="DL", interval=interval)
    told = {line.number: line.verdict for line in checked(configuration, model)}
    assert (told["estimate"], told["ci_low"]) == ("equal", "not recomputed")


@pytest.mark.parametrize("number", ["estimate", "se", "ci_low", "tau2", "q"])
def test_a_number_that_is_another_is_found(configuration, number):
    right = checked(configuration)
    (ours,) = (line.ours for line in right if line.number == number)
    rows = checked(configuration, change={number: ours + 1e-6})
    told = differing(rows)
    assert told[0].startswith(f"depression_24h: {number} is {ours + 1e-6!r}, recomputed by ")
    assert said(rows) == f"Recomputed with statsmodels: {len(told)} of {len(rows)} numbers differ."


def test_the_estimate_below_0_is_a_known_difference(configuration):
    model = replace(configuration["depression_24h"].model, tau2="DL", interval="wald")
    alike = np.array([-0.5, -0.52, -0.48, -0.51, -0.49])
    rows = checked(configuration, model, yi=alike)
    assert rows[0].theirs < 0 == rows[0].ours
    assert (rows[0].verdict, rows[0].why) == ("known difference", DL_BELOW_0)
    assert {line.verdict for line in rows[1:]} == {"equal"}
    assert said(rows).endswith("numbers equal to 1e-8, 1 apart for a known reason.")


def test_the_iteration_of_statsmodels_is_ours_or_stopped_at_0():
    """Found on real trials: where rounding takes its step past the root it takes 0."""
    generator = np.random.default_rng(3)
    stopped = 0
    for _ in range(200):
        yi, vi = generator.normal(0, 0.6, 4), generator.uniform(0.02, 0.3, 4)
        ours = random_effects(yi, vi, "PM").tau2
        assert refits.tau2_of(yi, vi, "PM")[0] == pytest.approx(ours, rel=1e-9, abs=1e-12)
        theirs = refits.iterated(yi, vi)
        stopped += theirs == 0 < ours
        assert theirs == 0 or theirs == pytest.approx(ours, rel=1e-8)
    assert stopped < 100


def test_the_highest_of_two_maxima_is_taken():
    # two groups far apart, and one large trial: the restricted likelihood has two maxima
    yi = np.array([0.0, 0.1, -0.1, 5.0, 5.1])
    vi = np.array([0.01, 0.01, 0.01, 4.0, 4.0])
    found, _ = refits.tau2_of(yi, vi, "REML")
    assert found == pytest.approx(random_effects(yi, vi, "REML").tau2, rel=1e-9)


def test_each_page_has_its_line_and_the_table_every_number(configuration):
    rows = checked(configuration)
    found = dict(files(rows, ["depression_24h", "response_24h@population=A"]))
    table = found.pop("tables/crosscheck.csv").splitlines()
    assert table[0] == "analysis,variant,number,ours,theirs,by,verdict,why"
    assert len(table) == 1 + len(rows)
    line, other = found.values()
    assert "numbers equal to 1e-8" in line
    assert "Not recomputed: nothing is pooled." in other
    assert next(iter(found)) == "figures/depression_24h.crosscheck.svg"


@pytest.mark.parametrize("ci", [True, False])
def test_a_difference_stops_a_run_of_ci_alone(configuration, monkeypatch, capsys, tmp_path, ci):
    monkeypatch.setenv("CI", "true") if ci else monkeypatch.delenv("CI", raising=False)
    analysis = replace(configuration["depression_24h"], variants=())
    own = effects()
    record = replace(synthesis(analysis, own), se=0.5)
    tables = {SynthesisRow: [record], EffectRow: own, SensitivityRow: [], AsymmetryRow: []}
    asked = replace(configuration, analyses=(analysis,))
    given = steps.Given(tmp_path, tmp_path, Tables(tables), asked, inputs={})
    assert (steps.crosscheck(given) is None) is ci
    assert "depression_24h: se is 0.5, recomputed by WLS" in capsys.readouterr().err
