"""Published meta-analyses, computed again from their per-study rows.

A print counts as reproduced when our number rounds to it. Targets are read by conftest.
"""

import re
from dataclasses import replace

import numpy as np
import pytest
from scipy import special

from ketameta.configuration import load
from ketameta.normalize.choose import Choices
from ketameta.normalize.records import Arm, Trial
from ketameta.normalize.results import supposed
from ketameta.normalize.rows import Rows
from ketameta.normalize.stage import effects_of
from ketameta.stats import (
    bayes,
    effect_size,
    half_normal,
    inverse_variance,
    mantel_haenszel,
    peto,
    random_effects,
)
from ketameta.stats.bias.small_study import egger
from ketameta.stats.dependent.multilevel import (
    correlated_hierarchical,
    three_level,
    working_covariance,
)
from ketameta.stats.dependent.robust import cluster_robust

from ..conftest import QUESTIONS


def pooled(plan):
    """Random- or common-effect pooling of given or computed effects."""
    yi, vi = plan.effects(plan.rows())
    rule = "hksj" if "Hartung" in plan.words else "wald"
    keep = ~np.isnan(yi)
    yi, vi = yi[keep], vi[keep]
    fit = random_effects(yi, vi, plan.tau2, rule)
    wald = random_effects(yi, vi, plan.tau2, "wald")
    out = summary(plan, fit, fit.estimate)
    half = special.ndtri(0.975) * np.sqrt(vi)
    h = h_interval(fit.q, fit.k)
    out |= {
        "log": fit.estimate, "tau2": fit.tau2, "tau": np.sqrt(fit.tau2), "tau2_se": fit.tau2_se,
        "tau2_ci": [fit.tau2_low, fit.tau2_high],
        "tau_ci": list(np.sqrt([fit.tau2_low, fit.tau2_high])),
        "I2": fit.i2_q, "H": np.sqrt(max(fit.h2_q, 1.0)), "weights": fit.weights,
        "H_ci": h, "I2_ci": [100 * (1 - 1 / x**2) for x in h],
        "study_rr": plan.scaled(yi), "study_lo": plan.scaled(yi - half),
        "study_hi": plan.scaled(yi + half),
    }  # fmt: skip
    # R's meta predicts with the classic standard error, on k - 2 degrees before its
    # version 8 and on k - 1 since.
    for name, df in (("pi", 1), ("pi_meta8", 1), ("pi_df11_meta8", 1), ("pi_meta7", 2)):
        width = special.stdtrit(fit.k - df, 0.975) * np.sqrt(wald.se**2 + fit.tau2)
        out[name] = [plan.scaled(wald.estimate - width), plan.scaled(wald.estimate + width)]
    out["pi_df10_meta7"] = out["pi_meta7"]
    return out


def h_interval(q, k):
    """The test-based interval of H (Higgins & Thompson 2002, section 3.1)."""
    if q > k:
        error = 0.5 * (np.log(q) - np.log(k - 1)) / (np.sqrt(2 * q) - np.sqrt(2 * k - 3))
    else:
        error = np.sqrt(1 / (2 * (k - 2)) * (1 - 1 / (3 * (k - 2) ** 2))) if k > 2 else np.nan
    middle = 0.5 * np.log(max(q / (k - 1), 1.0))
    return [max(1.0, np.exp(middle + sign * special.ndtri(0.975) * error)) for sign in (-1, 1)]


def summary(plan, fit, estimate):
    """What every pooling prints."""
    value = plan.scaled(estimate)
    out = dict.fromkeys(("est", "estimate", "rr", "or", "irr", "md", "smd", "g", "rd"), value)
    statistic = dict.fromkeys(("z", "t", "tval"), fit.statistic)
    return out | statistic | {
        "ci": [plan.scaled(fit.ci_low), plan.scaled(fit.ci_high)],
        "se": fit.se, "p": fit.p, "Q": fit.q, "Qp": fit.q_p, "k": fit.k,
    }  # fmt: skip


def classical(plan):
    """Mantel-Haenszel and Peto pooling."""
    rows = plan.rows()
    x = plan.rates(rows) if plan.measure == "IRR" else plan.tables(rows)
    if plan.kind == "peto":
        fit = peto(**x)
        return summary(plan, fit, fit.estimate)
    if "0.5" in plan.words and plan.measure != "IRR":
        # The correction goes into the tables that are pooled, empty trials left out.
        events = (x["ai"] + x["ci"] > 0) & (x["bi"] + x["di"] > 0)
        x = {name: cell[events] for name, cell in x.items()}
        empty = np.min(list(x.values()), axis=0) == 0
        x = {name: cell + 0.5 * empty for name, cell in x.items()}
    variance = "greenland-robins" if "Greenland-Robins" in plan.words else "sato"
    correct = "no continuity" not in plan.words
    fit = mantel_haenszel(plan.measure, correct=correct, variance=variance, **x)
    return summary(plan, fit, fit.estimate) | {
        "log": fit.estimate, "CMH": fit.cmh, "CMHp": fit.cmh_p,
        "tarone": fit.tarone, "taronep": fit.tarone_p, "BD": fit.bd, "BDp": fit.bd_p,
    }  # fmt: skip


def classical_egger(plan):
    """The classical regression test."""
    yi, vi = plan.effects(plan.rows())
    fit = egger(yi, vi, model="lm")
    return {"t": fit.statistic, "p": fit.p, "df": fit.df}


def dependent(plan):
    """Correlated and hierarchical effects, with the moderator named by the analysis."""
    rows = plan.rows()
    yi, vi = plan.effects(rows)
    rho = float(re.search(r"r=([\d.]+)", plan.words)[1])
    moderator = moderator_of(plan, rows)
    X = None if moderator is None else np.column_stack([np.ones(yi.size), moderator])
    fit = correlated_hierarchical(
        yi, vi, rows.text("study"), rho, X, smooth="smooth" in plan.words, test="t"
    )
    k, parameters = fit.k - fit.beta.size, fit.beta.size + 2
    aic = -2 * fit.log_likelihood + 2 * parameters
    out = {
        "sigma2": fit.sigma2, "sigma": np.sqrt(fit.sigma2), "Q": fit.qe, "QE": fit.qe,
        "Qp": fit.qe_p, "QEp": fit.qe_p, "F": fit.qm, "logLik": fit.log_likelihood,
        "deviance": -2 * fit.log_likelihood, "AIC": aic,
        "BIC": -2 * fit.log_likelihood + parameters * np.log(k),
        "AICc": aic + 2 * parameters * (parameters + 1) / (k - parameters - 1),
    }  # fmt: skip
    if moderator is not None:
        return out | {
            "beta": fit.beta, "se": fit.se, "p": fit.qm_p,
            "ci_lb": fit.ci_low, "ci_ub": fit.ci_high,
        }  # fmt: skip
    return out | {
        "estimate": fit.beta[0], "se": fit.se[0], "tval": fit.statistic[0], "p": fit.p[0],
        "ci": [fit.ci_low[0], fit.ci_high[0]],
    }  # fmt: skip


def moderator_of(plan, rows):
    """The column that a meta-regression is on, from "~ column" or the analysis's id."""
    named = re.search(r"~ (\w+)", plan.analysis.get("model", ""))
    words = named[1] if named else plan.analysis["id"].removeprefix("metareg_")
    if not named and not plan.analysis["id"].startswith("metareg_"):
        return None
    columns = [c for c in rows.records[0] if set(words.split("_")) <= set(c.split("_"))]
    return rows.n(columns[0])


def robust(plan):
    """Three levels with a working correlation, and cluster-robust inference."""
    rows = plan.rows()
    yi, vi = plan.effects(rows)
    outer, inner = rows.text("study_id"), rows.text("exp_id")

    def fit_at(rho):
        V = working_covariance(vi, inner, rho)
        fit = three_level(yi, V, outer, inner)
        return fit, cluster_robust(yi, fit.covariance, outer)

    several = re.search(r"rho ([\d., ]+)$", plan.words)
    if several:
        fits = [fit_at(float(rho))[1] for rho in several[1].split(",")]
        return {"est": [f.beta[0] for f in fits], "se": [f.se[0] for f in fits]}
    fit, cr2 = fit_at(float(re.search(r"rho=([\d.]+)", plan.words)[1]))
    total = fit.sigma2.sum()
    half = special.stdtrit(cr2.df[0], 0.975) * np.sqrt(cr2.se[0] ** 2 + total)
    w = 1 / vi
    typical = w.sum() * (yi.size - 1) / (w.sum() ** 2 - (w * w).sum())
    ci = [cr2.ci_low[0], cr2.ci_high[0]]
    return {
        "k": fit.k, "estimate": cr2.beta[0], "ci": ci, "html_ci": ci,
        "pi": [cr2.beta[0] - half, cr2.beta[0] + half], "I2": 100 * total / (total + typical),
        "html_sigma2": fit.sigma2, "html_Q": fit.qe, "html_se": cr2.se[0],
        "html_t": cr2.statistic[0], "html_p": cr2.p[0], "html_df": cr2.df[0],
    }  # fmt: skip


def bayesian(plan):
    """The normal-normal model with the priors that the words state."""
    mean, sd = re.search(r"mu ~ Normal\(([\d.-]+), ?([\d.]+)\)", plan.words).groups()
    scale = re.search(r"tau ~ half-normal\(([\d.]+)\)", plan.words)[1]
    yi, vi = plan.effects(plan.rows())
    fit = bayes(yi, vi, mu_mean=float(mean), mu_sd=float(sd), tau=half_normal(float(scale)))
    names = [f"{of}_{what}" for of in ("mu", "tau") for what in ("mean", "sd", "median")]
    found = {name: getattr(fit, name) for name in (*names, "tau_mode")}
    return found | {of + "_ci": _ends(fit, of) for of in ("mu", "tau")}


def _ends(fit, of):
    return [getattr(fit, f"{of}_low"), getattr(fit, f"{of}_high")]


MODELS = {
    "bayes": bayesian,
    "pooled": pooled,
    "mh": classical,
    "peto": classical,
    "egger": classical_egger,
    "dependent": dependent,
    "robust": robust,
}


def test_every_printed_digit_is_reproduced(plan):
    assert plan.check(MODELS[plan.kind](plan)) == []


def test_a_posterior_mean_is_that_of_the_reference_and_of_the_print_to_four_decimals(
    bayesian_plans,
):
    """Print and reference differ beyond: the printing software states an error of that size."""
    assert len(bayesian_plans) > 1
    for plan in bayesian_plans:
        found = bayesian(plan)
        reference = plan.analysis["computed"]
        for name in ("mu_mean", "mu_sd", "mu_median"):
            # the reference integrates on a grid with steps of 1e-4
            assert found[name] == pytest.approx(reference[name], rel=1e-8)
            assert found[name] == pytest.approx(float(plan.analysis["printed"][name]), abs=1e-4)


def test_inverse_variance_is_not_what_was_printed_as_mantel_haenszel(contrasted):
    """A contrast must differ from the print, or the print would decide nothing."""
    assert len(contrasted) > 1
    for plan in contrasted:
        found = effect_size(plan.measure, **plan.tables(plan.rows()))
        fit = inverse_variance(found.yi, found.vi)
        ours = dict(
            zip(("rr", "low", "high"), np.exp([fit.estimate, fit.ci_low, fit.ci_high]), strict=True)
        )
        # The contrast is given to 4 decimals.
        assert list(ours.values()) == pytest.approx(
            plan.analysis["inverse_variance_for_contrast"], abs=6e-5
        )
        assert plan.check({"rr": ours["rr"], "ci": [ours["low"], ours["high"]]})


def through_the_pipeline(plan, rows, x):
    """Effects of arm-level rows by way of the raw tables: two arms a trial, one row an arm."""
    event = "ai" in x
    trials, raw = {}, []
    arms = {
        name: Arm(name, drug, kind, name, "", "", None, None, ())
        for name, drug, kind in (("t", "ketamine", "head-to-head"), ("c", "saline", "inert"))
    }
    for i in range(len(rows.records)):
        name = f"trial{i:03d}"
        trials[name] = Trial(name, name, 2020, "parallel", "TRD", None, (), None, arms)
        for arm, g in (("t", "1"), ("c", "2")):
            if event:
                x_name = {"1": "ai", "2": "ci"}[g]
                found = {"events": x[x_name][i], "n": x[f"n{g}i"][i]}
                found = {k: int(v) for k, v in found.items()}
            else:
                found = {"mean": x[f"m{g}i"][i], "sd": x[f"sd{g}i"][i], "n": int(x[f"n{g}i"][i])}
            cells = {"trial_id": name, "arm_id": arm, "scale": "MADRS", "seen": "direct"}
            outcome = "response" if event else "depression_score"
            cells |= {"outcome": outcome, "line": len(raw) + 2, **found}
            raw.append(supposed(**cells))
    base = load(QUESTIONS)["response_24h" if event else "depression_24h"].select
    question = replace(base, measure=plan.measure, window=None)
    effects, _ = effects_of("published", question, Choices(trials, Rows.of(raw)))
    by_trial = {effect.trial.trial_id: (effect.yi, effect.vi) for effect in effects}
    none = (np.nan, np.nan)
    found = [by_trial.get(f"trial{i:03d}", none) for i in range(len(rows.records))]
    return np.array(found).T


def test_arm_level_rows_give_the_same_effects_through_the_pipeline(arm_plan):
    plan, x = arm_plan
    rows = plan.rows()
    yi, vi = through_the_pipeline(plan, rows, x)
    expected = np.array(plan.effects(rows))
    if "effect_direction" in rows:
        yi = np.where(rows.text("effect_direction") == "Inverse", -yi, yi)
    # left to others' ways: trials without events in either arm, zero cells corrected otherwise
    same = ~np.isnan(yi)
    if "to the group size" in plan.words:
        same &= np.min([x["ai"], x["n1i"] - x["ai"], x["ci"], x["n2i"] - x["ci"]], axis=0) > 0
    assert same.sum() > same.size / 3
    assert yi[same] == pytest.approx(expected[0][same], rel=1e-12)
    # the "exact" variance of Hedges' g is another than the one that the pipeline uses
    if "exact" not in plan.analysis.get("measure", "") + plan.target.get("effect_size", ""):
        assert vi[same] == pytest.approx(expected[1][same], rel=1e-12)
