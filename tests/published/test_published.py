"""Published meta-analyses, computed again from their per-study rows.

The folder of targets is named by KETAMETA_PUBLISHED or lies beside the checkout; it is
not part of the repository, since the rows belong to others. A target says in words how
its analyses were done; `Plan` reads those words, so that a new target of a known kind
needs no code. A print counts as reproduced when our number rounds to it.
"""

import csv
import json
import os
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy import special

from ketameta.stats import effect_size, inverse_variance, mantel_haenszel, peto, random_effects
from ketameta.stats.multilevel import correlated_hierarchical, three_level, working_covariance
from ketameta.stats.robust import cluster_robust
from ketameta.stats.small_study import egger

BESIDE = Path(__file__).resolve().parents[2].parent / "shared" / "published"
FOLDER = Path(os.environ.get("KETAMETA_PUBLISHED", BESIDE))

# Columns under which the rows of a two-group table, of rates or of means come.
TABLES = (
    {"ai": "ai", "n1i": "n1i", "ci": "ci", "n2i": "n2i"},
    {"ai": "event_arm1", "n1i": "totaln_arm1", "ci": "event_arm2", "n2i": "totaln_arm2"},
    {
        "ai": "Experimental.cases",
        "n1i": "Experimental.N",
        "ci": "Control.cases",
        "n2i": "Control.N",
    },
)
RATES = ({"x1i": "x1i", "t1i": "t1i", "x2i": "x2i", "t2i": "t2i"},)
MEANS = (
    dict(zip(("m1i", "sd1i", "n1i"), ("mean_t", "sd_t", "n_t"), strict=True))
    | dict(zip(("m2i", "sd2i", "n2i"), ("mean_c", "sd_c", "n_c"), strict=True)),
    dict(zip(("m1i", "sd1i", "n1i"), ("mean_exp", "sd_exp", "n_exp"), strict=True))
    | dict(zip(("m2i", "sd2i", "n2i"), ("mean_ctrl", "sd_ctrl", "n_ctrl"), strict=True)),
    {
        "m1i": "Experimental.mean",
        "sd1i": "Experimental.SD",
        "n1i": "Experimental.N",
        "m2i": "Control.mean",
        "sd2i": "Control.SD",
        "n2i": "Control.N",
    },
)
ESTIMATORS = {r"DerSimonian|\bDL\b": "DL", r"Paule|\bPM\b": "PM", r"\bREML\b": "REML"}


def number(text):
    """A cell as a float, NaN where it is empty or not a number."""
    try:
        return float(text)
    except ValueError:
        return np.nan


class Rows:
    """The rows of a target: text by column, numbers by `n`, subsets by a mask."""

    def __init__(self, records):
        self.records = records

    @classmethod
    @cache
    def read(cls, path):
        with path.open(encoding="utf-8", newline="") as file:
            return cls(list(csv.DictReader(file)))

    def __contains__(self, column):
        return column in self.records[0]

    def text(self, column):
        return np.array([row[column] for row in self.records])

    def n(self, column):
        return np.array([number(row[column]) for row in self.records])

    def where(self, mask):
        return Rows([row for row, kept in zip(self.records, mask, strict=True) if kept])


@dataclass(frozen=True)
class Plan:
    """How one printed analysis was done."""

    target: dict
    analysis: dict
    folder: Path

    @property
    def words(self):
        """The model in words; "as main" stands for the words of the analysis it names."""
        words = self.analysis.get("model", "")
        named = re.match(r"as (\w+)", words)
        if named or not words:
            others = {a["id"]: a for a in self.target["analyses"]}
            base = others.get(named[1] if named else "", self.target["analyses"][0])
            words = f"{base.get('model', '')} {words}"
        return words

    @property
    def measure(self):
        """Key of the measure, "GEN" where effects are given."""
        first = self.target["analyses"][0].get("measure", "")
        words = self.analysis.get("measure", first)
        if "arcsine" in words:
            return "AS"
        found = re.search(r"\b(IRR|RR|OR|RD|SMD|MD|ROM)\b", words)
        return found[1] if found else "GEN"

    @property
    def ratio(self):
        """Whether the print is on the ratio scale."""
        logged = "log" in self.analysis.get("measure", "")
        return self.measure in ("RR", "OR", "IRR") and not logged

    @property
    def tau2(self):
        """Estimator of tau2; "EE" for a common effect."""
        for pattern, name in ESTIMATORS.items():
            if re.search(pattern, self.words):
                return name
        return "EE"

    @property
    def kind(self):
        """Which family of models the words name."""
        if self.analysis["id"].startswith("egger"):
            return "egger"
        for pattern, kind in {
            r"rma\.mv|rho 0": "robust",
            r"three-level": "dependent",
            r"Mantel": "mh",
            r"\bPeto\b": "peto",
        }.items():
            if re.search(pattern, self.words):
                return kind
        return "pooled"

    def rows(self):
        """The rows of the analysis: its own file, outcome and subset."""
        rows = Rows.read(self.folder / self.analysis.get("studies_file", "studies.csv"))
        if "outcome" in rows and self.analysis.get("outcome") in rows.text("outcome"):
            rows = rows.where(rows.text("outcome") == self.analysis["outcome"])
        words = self.analysis.get("subset", "")
        left_out = re.match(r"without[ _](.+)", words or self.analysis["id"])
        if left_out:
            plain = np.array([re.sub(r"\W", "", s) for s in rows.text("study")])
            return rows.where(plain != re.sub(r"\W", "", left_out[1]))
        if words:
            column, rest = words.split(" ", 1)
            inside = np.isin(rows.text(column), re.sub(r"^not ", "", rest).split(" or "))
            rows = rows.where(~inside if rest.startswith("not ") else inside)
        return rows

    def given(self, rows, layouts):
        """Arguments of `effect_size` by whichever layout the columns follow."""
        for layout in layouts:
            if all(column in rows for column in layout.values()):
                return {name: rows.n(column) for name, column in layout.items()}
        pytest.fail(f"no known columns for {self.measure} in {self.folder.name}")

    def tables(self, rows):
        """Counts of the two groups, corrected by arm where the words ask for it."""
        x = self.given(rows, TABLES)
        cells = {
            "ai": x["ai"], "bi": x["n1i"] - x["ai"], "ci": x["ci"], "di": x["n2i"] - x["ci"]
        }  # fmt: skip
        if not re.search("TACC|treatment-arm", self.words):
            return cells
        # Each arm's share of the trial goes to both its cells, where a cell is empty;
        # trials without events are left out.
        events = cells["ai"] + cells["ci"] > 0
        cells = {name: cell[events] for name, cell in cells.items()}
        n1, n2 = x["n1i"][events], x["n2i"][events]
        empty = np.min(list(cells.values()), axis=0) == 0
        share = np.where(empty, n1 / (n1 + n2), 0), np.where(empty, n2 / (n1 + n2), 0)
        return {name: cell + share[name in ("ci", "di")] for name, cell in cells.items()}

    def effects(self, rows):
        """The effects and variances to pool."""
        for effect, error in (("GIV.Mean", "GIV.SE"), ("g", "g_se")):
            if effect in rows and error in rows:
                return rows.n(effect), rows.n(error) ** 2
        if "ci_lb" in rows:
            width = (rows.n("ci_ub") - rows.n("ci_lb")) / 2
            return rows.n("g"), (width / special.ndtri(0.975)) ** 2
        measure, options = self.measure, {}
        if measure == "IRR":
            x = self.given(rows, RATES)
            if "double zeros dropped" in self.words:
                options["drop00"] = True
        elif measure in ("MD", "SMD", "ROM"):
            x = self.given(rows, MEANS)
            words = self.analysis.get("measure", "") + self.target.get("effect_size", "")
            if "exact" in words:
                options["vtype"] = "UB"
        else:
            x = self.tables(rows)
            options["drop00"] = "double-zero studies dropped" in self.words
        found = effect_size(measure, **x, **options)
        yi, vi = np.array(found.yi), np.array(found.vi)
        if "effect_direction" in rows:
            yi = np.where(rows.text("effect_direction") == "Inverse", -yi, yi)
        if "to the group size" in self.words:
            yi, vi = self.half_to_events_and_size(rows)
        return yi, vi

    def half_to_events_and_size(self, rows):
        """Log risk ratios with 0.5 added to events and group sizes alike (R's meta)."""
        x = self.given(rows, TABLES)
        empty = np.min([x["ai"], x["n1i"] - x["ai"], x["ci"], x["n2i"] - x["ci"]], axis=0) == 0
        a, n1, c, n2 = (x[name] + 0.5 * empty for name in ("ai", "n1i", "ci", "n2i"))
        return np.log(a / n1 / (c / n2)), 1 / a - 1 / n1 + 1 / c - 1 / n2


def scaled(plan, value):
    """A number of the analysis on the scale of the print."""
    return np.exp(value) if plan.ratio else value


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
        "study_rr": scaled(plan, yi), "study_lo": scaled(plan, yi - half),
        "study_hi": scaled(plan, yi + half),
    }  # fmt: skip
    # R's meta predicts with the classic standard error, on k - 2 degrees before its
    # version 8 and on k - 1 since.
    for name, df in (("pi", 1), ("pi_meta8", 1), ("pi_df11_meta8", 1), ("pi_meta7", 2)):
        width = special.stdtrit(fit.k - df, 0.975) * np.sqrt(wald.se**2 + fit.tau2)
        out[name] = [scaled(plan, wald.estimate - width), scaled(plan, wald.estimate + width)]
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
    value = scaled(plan, estimate)
    out = dict.fromkeys(("est", "estimate", "rr", "or", "irr", "md", "smd", "g", "rd"), value)
    statistic = dict.fromkeys(("z", "t", "tval"), fit.statistic)
    return out | statistic | {
        "ci": [scaled(plan, fit.ci_low), scaled(plan, fit.ci_high)],
        "se": fit.se, "p": fit.p, "Q": fit.q, "Qp": fit.q_p, "k": fit.k,
    }  # fmt: skip


def classical(plan):
    """Mantel-Haenszel and Peto pooling."""
    rows = plan.rows()
    x = plan.given(rows, RATES) if plan.measure == "IRR" else plan.tables(rows)
    if plan.kind == "peto":
        fit = peto(**x)
        return summary(plan, fit, fit.estimate)
    if "0.5" in plan.words and plan.measure != "IRR":
        # The correction goes into the tables that are pooled, empty trials left out.
        events = (x["ai"] + x["ci"] > 0) & (x["bi"] + x["di"] > 0)
        x = {name: cell[events] for name, cell in x.items()}
        empty = np.min(list(x.values()), axis=0) == 0
        x = {name: cell + 0.5 * empty for name, cell in x.items()}
        if plan.measure == "RR" and "R's meta" in plan.words:
            x["bi"], x["di"] = x["bi"] - 0.5 * empty, x["di"] - 0.5 * empty
    fit = mantel_haenszel(plan.measure, correct="no continuity" not in plan.words, **x)
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


MODELS = {
    "pooled": pooled,
    "mh": classical,
    "peto": classical,
    "egger": classical_egger,
    "dependent": dependent,
    "robust": robust,
}


# The multilevel prints of 7 and more digits come from an optimiser that sees only the
# value of the likelihood; a run of it with a tighter tolerance moves to our numbers.
STOPPED = {"robust": 1e-6}

# What ketameta.stats does not have, by a pattern in the words of the model.
GAPS = {
    "bayes": "no Bayesian model",
    "Greenland-Robins variance": "risk differences get the variance of Sato et al. (1989)",
}


def plans():
    """Every printed analysis of every target."""
    for path in sorted(FOLDER.glob("*/target.json")):
        target = json.loads(path.read_text(encoding="utf-8"))
        for analysis in target["analyses"]:
            if analysis.get("printed"):
                plan = Plan(target, analysis, path.parent)
                yield pytest.param(plan, id=f"{path.parent.name}-{analysis['id']}")


def rounds_to(value, printed, stopped=0.0):
    """Whether a number rounds to a printed string, "<.001" and "[a%; b%]" included.

    `stopped` is the relative error of a print whose optimiser stopped early.
    """
    if printed.startswith("["):
        parts = re.findall(r"-?[\d.]+", printed)
        return all(rounds_to(v, p) for v, p in zip(value, parts, strict=True))
    if printed.startswith("<"):
        return value < float(printed[1:])
    decimals = len(printed.partition(".")[2])
    # A half is rounded either way by different software; 1e-9 is rounding of our own.
    room = 0.5 * 10.0**-decimals * (1 + 1e-9) + stopped * abs(value)
    return abs(value - float(printed)) <= room


def entries(values, printed, checked):
    """Pairs of our number and the print, with whether the reference run reproduced it."""
    if isinstance(printed, list):
        flags = checked if isinstance(checked, list) else [checked] * len(printed)
        return list(zip(values, printed, flags, strict=True))
    return [(values, printed, checked)]


@pytest.mark.skipif(not FOLDER.is_dir(), reason=f"no published analyses at {FOLDER.name}")
@pytest.mark.parametrize("plan", list(plans()))
def test_every_printed_digit_is_reproduced(plan):
    for pattern, gap in GAPS.items():
        if pattern in plan.words:
            pytest.skip(f"not in ketameta.stats: {gap}")
    ours = MODELS[plan.kind](plan)
    reference = plan.analysis.get("reproduced", {})
    missing = set(plan.analysis["printed"]) - set(ours)
    assert not missing, f"prints without a number of ours: {sorted(missing)}"
    wrong = []
    for name, printed in plan.analysis["printed"].items():
        checked = reference.get("check", {}).get(name, True)
        for value, text, good in entries(ours[name], printed, checked):
            # A print that the reference run misses too (inputs rounded before they were
            # published) cannot be asked for.
            if good and not rounds_to(value, text, STOPPED.get(plan.kind, 0.0)):
                wrong.append(f"{name}: {value:.10g} printed {text}")
    assert not wrong, "; ".join(wrong)


@pytest.mark.skipif(not FOLDER.is_dir(), reason=f"no published analyses at {FOLDER.name}")
def test_inverse_variance_is_not_what_was_printed_as_mantel_haenszel():
    """A target's contrast must differ from its print, or the print would decide nothing."""
    for plan in (p.values[0] for p in plans()):
        contrast = plan.analysis.get("inverse_variance_for_contrast")
        if not contrast:
            continue
        found = effect_size(plan.measure, **plan.tables(plan.rows()))
        fit = inverse_variance(found.yi, found.vi)
        # The contrast is given to 4 decimals.
        ours = np.exp([fit.estimate, fit.ci_low, fit.ci_high])
        assert ours == pytest.approx(contrast, abs=6e-5)
        printed = [plan.analysis["printed"]["rr"], *plan.analysis["printed"]["ci"]]
        assert not all(rounds_to(v, p) for v, p in zip(ours, printed, strict=True))
