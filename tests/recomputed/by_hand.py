"""Rows picked from the CSV files, textbook formulas, and pooling: nothing of the package."""

import csv
import math
from pathlib import Path

import numpy as np
from scipy import optimize, special, stats
from statsmodels.stats.meta_analysis import combine_effects

RAW = Path(__file__).parents[1] / "tables"

# ---- rows, as a person picks them ------------------------------------------------------------


def table(name):
    with (RAW / name).open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        return [row | {"place": f"{name}:{reader.line_num}"} for row in reader]


OUTCOMES = table("outcomes.csv")
CONTRASTS = table("contrasts.csv")


def only(rows, trial, hour, **cells):
    found = [
        row
        for row in rows
        if row["trial_id"] == trial
        and (float(row["timepoint_h"]) if row["timepoint_h"] else None) == hour
        and all(row[name] == cell for name, cell in cells.items())
    ]
    assert len(found) == 1, (trial, hour, cells, [row["place"] for row in found])
    return found[0]


def row(trial, arm, outcome, hour, **cells):
    return only(OUTCOMES, trial, hour, arm_id=arm, outcome=outcome, **cells)


def contrast(trial, outcome, hour, **cells):
    return only(CONTRASTS, trial, hour, outcome=outcome, **cells)


def places(*rows):
    return {r["place"] for r in rows}


# ---- formulas --------------------------------------------------------------------------------


def hedges(df):
    """Hedges' exact factor."""
    return math.exp(special.gammaln(df / 2) - special.gammaln((df - 1) / 2)) / math.sqrt(df / 2)


def risk_ratio(treated, control, paired=False):
    """Log risk ratio; half an event more in each cell where one is empty.

    Paired: variance (b + c) / ((a + b) (a + c)) of the 2 × 2 table of people, its inner cell from
    a correlation of 0.5, or from the largest that the margins allow.
    """
    a, b = (sum(int(r["events"]) for r in side) for side in (treated, control))
    n, m = (sum(int(r["n"]) for r in side) for side in (treated, control))
    if 0 in (a, b, n - a, m - b):
        a, b, n, m = a + 0.5, b + 0.5, n + 1, m + 1
    yi = math.log(a / n) - math.log(b / m)
    vi = 1 / a - 1 / n + 1 / b - 1 / m
    if paired:
        p, q = a / n, b / m
        both = min(p * q + 0.5 * math.sqrt(p * (1 - p) * q * (1 - q)), p, q)
        vi = (p + q - 2 * both) / (n * p * q)
    return yi, vi, places(*treated, *control)


def events(outcome, hour, trial, treated, control, paired=False, **cells):
    sides = [
        [row(trial, arm, outcome, hour, **cells) for arm in arms] for arms in (treated, control)
    ]
    return risk_ratio(*sides, paired=paired)


def together(groups):
    """Mean and SD of all people of groups (n, mean, SD)."""
    n = sum(g[0] for g in groups)
    mean = sum(g[0] * g[1] for g in groups) / n
    squares = sum((g[0] - 1) * g[2] ** 2 + g[0] * (g[1] - mean) ** 2 for g in groups)
    return n, mean, math.sqrt(squares / (n - 1))


def change(r):
    n = int(r["n"])
    sd = float(r["change_sd"]) if r["change_sd"] else float(r["se"]) * math.sqrt(n)
    return n, float(r["change_mean"]), sd


def end(r):
    return int(r["n"]), float(r["mean"]), float(r["sd"])


def difference(kind, treated, control):
    (n, mean_t, sd_t), (m, mean_c, sd_c) = (
        together([kind(r) for r in side]) for side in (treated, control)
    )
    yi = mean_t - mean_c
    return yi, sd_t**2 / n + sd_c**2 / m, places(*treated, *control)


def standardised(kind, treated, control):
    (n, mean_t, sd_t), (m, mean_c, sd_c) = (
        together([kind(r) for r in side]) for side in (treated, control)
    )
    df = n + m - 2
    sd = math.sqrt(((n - 1) * sd_t**2 + (m - 1) * sd_c**2) / df)
    g = hedges(df) * (mean_t - mean_c) / sd
    return g, 1 / n + 1 / m + g**2 / (2 * (n + m)), places(*treated, *control)


def standard_error(r, df):
    if r["se"]:
        return float(r["se"])
    return (float(r["ci_high"]) - float(r["ci_low"])) / (2 * stats.t.ppf(0.975, df))


def reported(r, df=None):
    """A mean difference as reported; `df` belongs to its interval."""
    return float(r["estimate"]), standard_error(r, df) ** 2, places(r)


def standardised_report(r, treated, control):
    """Hedges' g from t, a mean difference over its standard error; n from other rows."""
    n, m = int(treated["n"]), int(control["n"])
    t = float(r["estimate"]) / standard_error(r, n + m - 2)
    g = hedges(n + m - 2) * t * math.sqrt(1 / n + 1 / m)
    return g, 1 / n + 1 / m + g**2 / (2 * (n + m)), places(r)


def paired_g(n, treated, control, r):
    """Hedges' g and its variance of one group of n people in two periods; sides are (mean, SD)."""
    (mean_t, sd_t), (mean_c, sd_c) = treated, control
    df = 2 * (n - 1) / (1 + r**2)
    g = hedges(df) * (mean_t - mean_c) / math.sqrt((sd_t**2 + sd_c**2) / 2)
    return g, 2 * (1 - r) / n + g**2 / (2 * df)


def reduction(n, base, sd_base, last, sd_last, rows):
    """100 (1 - last / base), delta method, correlation 0.5; sd_base None: base is a constant."""
    yi = 100 * (1 - last / base)
    if sd_base is None:
        return yi, 1e4 * sd_last**2 / (n * base**2), rows
    covariance = 0.5 * sd_base * sd_last
    vi = sd_last**2 / base**2 + last**2 * sd_base**2 / base**4 - 2 * last * covariance / base**3
    return yi, 1e4 * vi / n, rows


def sd_of_end(sd_change, sd_base):
    """Solve sd_change² = sd_base² + x² - 2 (0.5) sd_base x for x."""
    return sd_base / 2 + math.sqrt(sd_change**2 - 0.75 * sd_base**2)


# ---- pooling ---------------------------------------------------------------------------------


def reml(y, v):
    """tau² of the highest restricted likelihood: the best of 0 and all roots of the score."""

    def parts(tau2):
        w = 1 / (v + tau2)
        return w, w @ y / w.sum()

    def score(tau2):
        w, mu = parts(tau2)
        return w**2 @ (y - mu) ** 2 - w.sum() + w @ w / w.sum()

    def deviance(tau2):
        w, mu = parts(tau2)
        return -np.log(w).sum() + np.log(w.sum()) + w @ (y - mu) ** 2

    grid = np.concatenate([[0], np.geomspace(1e-9, 1e3, 400) * v.mean()])
    signs = np.sign([score(t) for t in grid])
    roots = [
        optimize.brentq(score, grid[i], grid[i + 1], xtol=1e-14 * v.mean())
        for i in range(len(grid) - 1)
        if signs[i] > 0 >= signs[i + 1]
    ]
    return min([0.0, *roots], key=deviance)


def pool(y, v):
    """Random effects by statsmodels, given tau²; t, and where tau² is 0 or k is 2 the wider."""
    tau2, k = reml(y, v), len(y)
    given = combine_effects(y, v + tau2, use_t=True)
    t = stats.t.ppf(0.975, k - 1)
    hksj, wald = t * given.sd_eff_w_fe_hksj, stats.norm.ppf(0.975) * given.sd_eff_w_fe
    plain = (tau2 == 0 or k == 2) and wald > hksj
    se = given.sd_eff_w_fe if plain else given.sd_eff_w_fe_hksj
    mu, half, around = given.mean_effect_fe, wald if plain else hksj, t * math.sqrt(se**2 + tau2)
    w = 1 / v
    typical = (k - 1) * w.sum() / (w.sum() ** 2 - w @ w)
    return {
        "estimate": mu,
        "ci_low": mu - half,
        "ci_high": mu + half,
        "pi_low": mu - around,
        "pi_high": mu + around,
        "tau2": tau2,
        "i2": 100 * tau2 / (tau2 + typical),
        "q": combine_effects(y, v).q,
    }
