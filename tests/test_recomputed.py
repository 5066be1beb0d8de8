"""Results computed a second time from the raw cells, by plain formulas and other software.

No expected number comes from the package: `recomputed/by_hand.py` picks rows from the CSV files by
trial, arm, outcome and hour as a person would, holds the textbook formulas, takes tau² from the
roots of the REML score, and pools with statsmodels.
"""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from ketameta import configuration
from ketameta.ingest.stage import ingest
from ketameta.normalize.stage import normalize
from ketameta.synthesize.stage import synthesize
from ketameta.tables.effects import EffectRow
from ketameta.tables.raw import ContrastRow, OutcomeRow, TrialRow
from ketameta.tables.syntheses import SynthesisRow

from .recomputed.by_hand import (
    RAW,
    change,
    contrast,
    difference,
    end,
    events,
    paired_g,
    places,
    pool,
    reduction,
    reported,
    risk_ratio,
    row,
    sd_of_end,
    standard_error,
    standardised,
    standardised_report,
    together,
)
from .rows import tables_of

CONFIG = Path(__file__).parent / "analyses.yaml"

# Effects are closed formulas of a few operations: 1e-9 is far above their rounding (1e-15) and far
# below the last digit of any cell. Pooled values pass through a root search on both sides.
EFFECT = 1e-9
POOLED = 1e-6


# ---- the analyses ----------------------------------------------------------------------------


def response_24h():
    def one(trial, treated, control, paired=False, **cells):
        return events("response", 24, trial, treated, control, paired, **cells)

    daly = ["esketamine_28", "esketamine_56", "esketamine_84"]
    return {
        "canuso2018": one("canuso2018", ["esketamine_84"], ["placebo_soc"]),
        "daly2018": one("daly2018", daly, ["placebo"], analysis_set="itt-period-1"),
        "daly2018b": one("daly2018b", ["esketamine_14", "esketamine_56"], ["placebo"]),
        "grunebaum2017": one("grunebaum2017", ["ketamine_0.5"], ["midazolam"]),
        "grunebaum2018": one("grunebaum2018", ["ketamine_0.5"], ["midazolam"], scale="HAMD17"),
        "lapidus2014": one("lapidus2014", ["ketamine_in50"], ["saline"], paired=True),
        "murrough2013a": one("murrough2013a", ["ketamine_0.5"], ["midazolam_0.045"]),
        "singh2016": one("singh2016", ["esketamine_0.2", "esketamine_0.4"], ["saline"]),
        "sos2013": one("sos2013", ["ketamine_0.54"], ["saline"], paired=True),
        "takahashi2021": one("takahashi2021", daly, ["placebo_ad"]),
        "transform12pooled": one("transform12pooled", ["esketamine_any"], ["placebo_ad"]),
        "zarate2006": one("zarate2006", ["ketamine_0.5"], ["saline"], paired=True),
        # 14 people had ketamine and 12 saline: who had both is not reported
        "zarate2012": one("zarate2012", ["ketamine_0.5"], ["saline"]),
    }


def reduction_24h_arm():
    daly = [
        row("daly2018", f"esketamine_{dose}", "depression_score", 24, analysis_set="itt-period-1")
        for dose in (28, 56, 84)
    ]
    n, fall, sd = together([change(r) for r in daly])
    _, base, sd_base = together(
        [(int(r["n"]), float(r["baseline_mean"]), float(r["baseline_sd"])) for r in daly]
    )
    found = {
        "daly2018": reduction(n, base, sd_base, base + fall, sd_of_end(sd, sd_base), places(*daly))
    }

    correia = [
        row("correiamelo2020", arm, "depression_score", 24)
        for arm in ("esketamine_0.25", "ketamine_0.5")
    ]
    n, last, sd = together([end(r) for r in correia])
    _, base, sd_base = together(
        [(int(r["n"]), float(r["baseline_mean"]), float(r["baseline_sd"])) for r in correia]
    )
    found["correiamelo2020"] = reduction(n, base, sd_base, last, sd, places(*correia))

    day, week = (row("chen2023", "esketamine_flex", "depression_score", h) for h in (24, 672))
    n, fall, sd = change(day)
    base, sd_base = float(week["baseline_mean"]), float(week["baseline_sd"])
    found["chen2023"] = reduction(
        n, base, sd_base, base + fall, sd_of_end(sd, sd_base), places(day, week)
    )

    # murrough2013a: its baseline would be the endpoint of one source less the change of another
    return found


def suicidality_24h():
    def one(trial, arms, hour, outcome):
        # subgroups stand beside the overall contrast: take the unflagged one
        overall = contrast(trial, "suicidality_score", 24, measure="MD", flag="")
        return standardised_report(overall, *(row(trial, arm, outcome, hour) for arm in arms))

    arms = ("ketamine_0.5", "midazolam")
    price = [
        [row("price2014", arm, "suicidality_score", 24, scale="BSS")]
        for arm in ("ketamine", "midazolam")
    ]
    return {
        "aspire_pooled2021": one(
            "aspire_pooled2021", ("esketamine_84", "placebo"), 600, "dissociation"
        ),
        "grunebaum2017": one("grunebaum2017", arms, 24, "suicidality_resolved"),
        "grunebaum2018": one("grunebaum2018", arms, 24, "suicidality_response"),
        "price2014": standardised(end, *price),
    }


def depression_24h_madrs():
    def arms(trial, treated, control, hour=24, **cells):
        sides = [
            [row(trial, arm, "depression_score", hour, **cells) for arm in side]
            for side in (treated, control)
        ]
        return difference(change, *sides)

    def md(trial, df=None, **cells):
        return reported(contrast(trial, "depression_score", 24, measure="MD", **cells), df)

    daly = ["esketamine_28", "esketamine_56", "esketamine_84"]

    def dwyer():
        # the means and SDs of both periods, with the correlation that the reported difference gives
        sides = (
            row("dwyer2021", a, "depression_score", 24) for a in ("ketamine_0.5", "midazolam_0.045")
        )
        yi, vi, rows = md("dwyer2021", df=15)
        return yi, vi, rows | places(*sides)

    return {
        "canuso2018": md("canuso2018"),
        "chen2023": arms("chen2023", ["esketamine_flex"], ["placebo_ad"]),
        "daly2018": arms("daly2018", daly, ["placebo"], analysis_set="itt-period-1"),
        "dwyer2021": dwyer(),
        "fu2020": md("fu2020"),
        "ionescu2021": md("ionescu2021"),
        "janik2025": arms("janik2025", ["esketamine_56", "esketamine_84"], ["placebo"]),
        "lapidus2014": md("lapidus2014", df=17),
        "murrough2013a": arms(
            "murrough2013a", ["ketamine_0.5"], ["midazolam_0.045"], analysis_set=""
        ),
        # the arm of 0.2 mg/kg has no spread
        "singh2016": arms("singh2016", ["esketamine_0.4"], ["saline"], hour=48),
    }


def depression_28d():
    def arms(trial, treated, control, **cells):
        sides = [
            [row(trial, arm, "depression_score", 672, **cells) for arm in side]
            for side in (treated, control)
        ]
        return standardised(change, *sides)

    def md(trial, hour, arms, outcome, n_hour):
        overall = contrast(trial, "depression_score", hour, measure="MD", scale="MADRS")
        return standardised_report(overall, *(row(trial, a, outcome, n_hour) for a in arms))

    three = ["esketamine_28", "esketamine_56", "esketamine_84"]
    two, flexible, control = three[1:], ["esketamine_flex"], ["placebo_ad"]
    soc = ("esketamine_84", "placebo_soc")
    return {
        "canuso2018": md("canuso2018", 576, soc, "response", 24),
        "chen2023": arms("chen2023", flexible, control),
        "fedgchin2019": arms("fedgchin2019", two, control, analysis_set="fas-locf"),
        "janik2025": arms("janik2025", two, ["placebo"]),
        "jelovac2025": md("jelovac2025", 672, ("ketamine_0.5", "midazolam_0.045"), "response", 672),
        "ochsross2020": arms("ochsross2020", flexible, control),
        "popova2019": arms("popova2019", flexible, control, analysis_set="fas-locf"),
        "takahashi2021": arms("takahashi2021", three, control),
    }


def response_28d():
    def one(trial, treated, control, **cells):
        return events("response", 672, trial, treated, control, **cells)

    three = ["esketamine_28", "esketamine_56", "esketamine_84"]
    flexible, control = ["esketamine_flex"], ["placebo_ad"]
    return {
        "chen2023": one("chen2023", flexible, control),
        "fedgchin2019": one("fedgchin2019", three[1:], control, analysis_set="fas-locf"),
        # hu2016 counts response at any time up to four weeks
        "jelovac2025": one("jelovac2025", ["ketamine_0.5"], ["midazolam_0.045"]),
        "ochsross2020": one("ochsross2020", flexible, control),
        "popova2019": one("popova2019", flexible, control, analysis_set="fas-locf"),
        "takahashi2021": one("takahashi2021", three, control),
    }


def suicidality_resolved_24h():
    def one(trial, treated, control, hour=24):
        return events("suicidality_resolved", hour, trial, [treated], [control])

    return {
        "canuso2018": one("canuso2018", "esketamine_84", "placebo_soc"),
        "grunebaum2017": one("grunebaum2017", "ketamine_0.5", "midazolam"),
        "price2014": one("price2014", "ketamine", "midazolam"),
        "su2023": one("su2023", "ketamine_0.5", "midazolam_0.045", hour=48),
    }


def ae_dissociation():
    def one(trial, treated, control, hour=672):
        return events("dissociation", hour, trial, treated, [control])

    three = ["esketamine_28", "esketamine_56", "esketamine_84"]
    return {
        "chen2023": one("chen2023", ["esketamine_flex"], "placebo_ad"),
        "fedgchin2019": one("fedgchin2019", three[1:], "placebo_ad"),
        "fu2020": one("fu2020", ["esketamine_84"], "placebo_soc", 600),
        "ionescu2021": one("ionescu2021", ["esketamine_84"], "placebo_soc", 600),
        "popova2019": one("popova2019", ["esketamine_flex"], "placebo_ad"),
        "su2023": one("su2023", ["ketamine_0.5"], "midazolam_0.045", 1),
        "takahashi2021": one("takahashi2021", three, "placebo_ad"),
    }


def dropout():
    def one(trial, hour, treated, control):
        return events("dropout", hour, trial, treated, [control])

    return {
        "abdallah2022": one("abdallah2022", 672, ["ketamine_0.2", "ketamine_0.5"], "saline"),
        "feder2014": one("feder2014", 168, ["ketamine_0.5"], "midazolam"),
        "feder2021": one("feder2021", 336, ["ketamine_0.5"], "midazolam"),
        "grunebaum2018": one("grunebaum2018", None, ["ketamine_0.5"], "midazolam"),
        # murrough2015, 0 of 12 against 0 of 12, estimates no ratio
        "murrough2013a": one("murrough2013a", None, ["ketamine_0.5"], "midazolam_0.045"),
        "zarate2012": one("zarate2012", 336, ["ketamine_0.5"], "saline"),
    }


def relapse():
    def one(arm):
        groups = ("relapse, stable remitters", "relapse, stable responders")
        return [row("daly2019", arm, "relapse", None, definition=group) for group in groups]

    return {"daly2019": risk_ratio(one("esketamine_cont"), one("placebo_ad"))}


SCORES = (reduction_24h_arm, suicidality_24h, depression_24h_madrs, depression_28d)
COUNTS = (response_24h, response_28d, suicidality_resolved_24h, ae_dissociation, dropout, relapse)
ANALYSES = {build.__name__: build for build in (*SCORES, *COUNTS)}


# ---- the package's own results ---------------------------------------------------------------


@pytest.fixture(scope="module")
def raw():
    return tables_of(ingest(RAW)[0])


@pytest.fixture(scope="module")
def effects(raw):
    return tables_of(normalize(raw, configuration.load(CONFIG)))


@pytest.fixture(scope="module")
def results(raw, effects):
    return tables_of(synthesize(raw | effects, configuration.load(CONFIG)))


def effects_of(tables, analysis):
    return {e.trial_id: e for e in tables[EffectRow] if e.analysis == analysis}


def synthesis_of(tables, analysis):
    return next(r for r in tables[SynthesisRow] if r.analysis == analysis)


@pytest.mark.parametrize("analysis", ANALYSES)
def test_the_trials_and_rows_are_those_a_person_picks(effects, analysis):
    expected = {trial: rows for trial, (_, _, rows) in ANALYSES[analysis]().items()}
    found = {trial: set(e.rows) for trial, e in effects_of(effects, analysis).items()}
    assert found == expected


@pytest.mark.parametrize("analysis", ANALYSES)
def test_every_effect_follows_from_the_cells(effects, analysis):
    found = effects_of(effects, analysis)
    # a log ratio of 0 has no relative tolerance
    for trial, (yi, vi, _) in ANALYSES[analysis]().items():
        assert found[trial].yi == pytest.approx(yi, rel=EFFECT, abs=1e-12), trial
        assert found[trial].vi == pytest.approx(vi, rel=EFFECT), trial


@pytest.mark.parametrize("analysis", [name for name in ANALYSES if name != "relapse"])
def test_pooled_values_are_those_of_other_software(results, analysis):
    found = synthesis_of(results, analysis)
    y, v = (np.array(x) for x in list(zip(*ANALYSES[analysis]().values(), strict=True))[:2])
    assert found.k == len(y)
    logged = found.measure == "RR"
    for name, value in pool(y, v).items():
        is_bound = name in ("estimate", "ci_low", "ci_high", "pi_low", "pi_high")
        own = getattr(found, f"{name}_log" if logged and is_bound else name)
        assert own == pytest.approx(value, rel=POOLED, abs=1e-9), name


def test_one_trial_is_reported_and_not_pooled(results):
    found = synthesis_of(results, "relapse")
    yi, vi, _ = relapse()["daly2019"]
    half = stats.norm.ppf(0.975) * math.sqrt(vi)
    assert found.estimate == pytest.approx(math.exp(yi), rel=EFFECT)
    assert found.ci_low == pytest.approx(math.exp(yi - half), rel=EFFECT)
    assert found.ci_high == pytest.approx(math.exp(yi + half), rel=EFFECT)
    assert found.tau2 is None
    assert found.pi_low is None


# ---- decisions that a careful reader would ask about ------------------------------------------


def test_people_of_a_crossover_are_counted_once(effects, results):
    people = sum(
        max(e.n_t, e.n_c) if e.analysis_set == "crossover-all" else e.n_t + e.n_c
        for e in effects_of(effects, "response_24h").values()
    )
    assert synthesis_of(results, "response_24h").n == people


def test_no_parallel_trial_has_more_people_than_were_randomised(raw, effects):
    # registries count a few who started and were left out of the paper (163 for 158, 82 for 80)
    randomised = {t.trial_id: t.n_randomised for t in raw[TrialRow]}
    more = {
        (e.analysis, e.trial_id)
        for e in effects[EffectRow]
        if e.design == "parallel"
        and randomised[e.trial_id]
        and (e.n_t or 0) + (e.n_c or 0) > 1.05 * randomised[e.trial_id]
    }
    assert not more


def test_the_order_of_rows_decides_nothing(raw, effects):
    turned = raw
    for kind in (OutcomeRow, ContrastRow):
        rows = [replace(r, line=i) for i, r in enumerate(reversed(raw[kind]), start=2)]
        turned = turned.replaced(kind, rows)
    found = tables_of(normalize(turned, configuration.load(CONFIG)))[EffectRow]
    pairs = zip(effects[EffectRow], found, strict=True)
    differ = [
        (a.analysis, a.trial_id, a.yi, b.yi)
        for a, b in pairs
        if [a.yi, a.vi] != pytest.approx([b.yi, b.vi], rel=EFFECT)
    ]
    assert not differ


def test_a_difference_over_both_periods_is_not_read_as_one_of_two_groups(effects):
    both_periods = contrast("feder2014", "ptsd_score", 24)
    sides = (row("feder2014", arm, "dropout", 168) for arm in ("ketamine_0.5", "midazolam"))
    yi, _, _ = standardised_report(both_periods, *sides)
    found = effects_of(effects, "ptsd_score").get("feder2014")
    assert found is None or found.yi != pytest.approx(yi, rel=EFFECT)


def test_a_standardised_crossover_difference_gives_way_to_means_and_sds(effects):
    # its standardiser is not stated, and 185 (SD 100) against 187 (SD 90) is not a g of -0.2
    arms = (row("pickering2020", a, "pain_score", 840) for a in ("ketamine_0.5", "placebo"))
    (n, *treated), (_, *control) = (end(r) for r in arms)
    yi, _ = paired_g(n, treated, control, 0.5)
    assert effects_of(effects, "pain_score")["pickering2020"].yi == pytest.approx(yi, rel=EFFECT)


def test_a_reported_paired_difference_gives_the_correlation(effects):
    arms = [
        row("dwyer2021", a, "depression_score", 24) for a in ("ketamine_0.5", "midazolam_0.045")
    ]
    (n, mean_t, sd_t), (_, mean_c, sd_c) = (end(r) for r in arms)
    se = standard_error(contrast("dwyer2021", "depression_score", 24), n - 1)
    # the interval has two decimals: a part in a hundred of its variance
    r = (sd_t**2 + sd_c**2 - n * se**2) / (2 * sd_t * sd_c)  # 0.08
    _, vi = paired_g(n, (mean_t, sd_t), (mean_c, sd_c), r)
    assert effects_of(effects, "depression_24h")["dwyer2021"].vi == pytest.approx(vi, rel=0.01)
