"""The example of another subject: it runs as it is, and reaches what its source prints.

`PRINTED` holds facts: results as SYPRES prints them in its guides to reproduction, of psilocybin
for depression (github.com/PennLINC/sypres-docs at 861d067, 2025-06-26-psilodep-meta-analysis.md,
data set 10.5281/zenodo.15714852) and of MDMA for post-traumatic stress (the same at b7bf8d1,
2026-02-13-mdmaptsd-meta-analysis.md). A print is reached where our number, written with as many
decimals, is the same text.
"""

import os
import re
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from ketameta.stats.bias.small_study import egger
from ketameta.stats.dependent.multilevel import correlated_hierarchical
from ketameta.storage import read_table

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "examples" / "psilocybin"

# table -> what tells its row -> column -> as printed
PRINTED = {
    "syntheses": {
        ("depression_primary",): {
            "k": "12", "n": "585", "estimate": "-0.9031", "ci_low": "-1.2561", "ci_high": "-0.5501",
            "p": "0.0002", "pi_low": "-1.7183", "pi_high": "-0.0879", "tau2": "0.1174",
            "tau2_low": "0.0140", "tau2_high": "1.0125", "i2_q": "53.9", "q": "23.84",
            "q_p": "0.0134",
        },
        ("depression_primary@population=MDD|TRD",): {
            "k": "5", "estimate": "-0.93", "ci_low": "-1.87", "ci_high": "0.01", "p": "0.051",
            "i2_q": "69.5", "pi_low": "-2.73", "pi_high": "0.87",
        },
        ("depression_primary@blinding=double",): {
            "k": "9", "estimate": "-0.81", "ci_low": "-1.03", "ci_high": "-0.60", "i2_q": "2.9",
            "pi_low": "-1.03", "pi_high": "-0.60",
        },
        ("response",): {"k": "5", "estimate": "2.80", "ci_low": "2.05", "ci_high": "3.83"},
        ("remission",): {"k": "6", "estimate": "4.05", "ci_low": "2.67", "ci_high": "6.15"},
        ("ptsd_primary",): {
            "k": "6", "estimate": "-0.7119", "ci_low": "-0.9534", "ci_high": "-0.4704",
            "p": "0.0006", "pi_low": "-1.0588", "pi_high": "-0.3651", "tau2_low": "0.0000",
            "tau2_high": "0.3800", "i2_q": "0.0", "q": "2.42", "q_p": "0.7879",
        },
        ("ptsd_medium",): {
            "k": "6", "estimate": "-0.75", "ci_low": "-1.19", "ci_high": "-0.30", "p": "0.008",
            "i2_q": "37.2", "pi_low": "-1.10", "pi_high": "-0.39",
        },
        # what goes in is printed with four decimals: -0.6564 and an upper end of τ² of 29.5973
        # are reached to one decimal less
        ("ptsd_depression",): {
            "k": "3", "estimate": "-0.656", "ci_low": "-2.6982", "ci_high": "1.3855",
            "p": "0.3008", "pi_low": "-4.1104", "pi_high": "2.7977", "tau2": "0.4389",
            "tau2_low": "0.0000", "tau2_high": "29.597", "i2_q": "68.0", "q": "6.25",
            "q_p": "0.0439",
        },
        ("ptsd_remission",): {
            "k": "4", "estimate": "2.2499", "ci_low": "1.0401", "ci_high": "4.8667",
            "p": "0.0442", "pi_low": "1.0066", "pi_high": "5.0289", "tau2_low": "0.0000",
            "tau2_high": "5.7817", "q": "2.76", "q_p": "0.4301",
        },
    },
    "sensitivity": {
        ("depression_primary", "one effect for all trials"): {
            "estimate": "-0.84", "ci_low": "-1.02", "ci_high": "-0.67",
        },
        ("depression_primary", "prediction with k − 2 degrees of freedom"): {
            "pi_low": "-1.7283", "pi_high": "-0.0778",
        },
        ("ptsd_primary", "one effect for all trials"): {
            "estimate": "-0.71", "ci_low": "-0.98", "ci_high": "-0.45",
        },
        ("ptsd_remission", "Mantel-Haenszel"): {
            "estimate": "2.49", "ci_low": "1.52", "ci_high": "4.09",
        },
    },
    "subgroups": {
        ("depression_primary", "design", "parallel"): {
            "k": "7", "estimate": "-0.80", "ci_low": "-1.11", "ci_high": "-0.49", "i2_q": "35.5",
            "pi_low": "-1.05", "pi_high": "-0.55",
        },
        ("depression_primary", "design", "crossover"): {
            "k": "5", "estimate": "-1.04", "ci_low": "-2.06", "ci_high": "-0.03", "p": "0.046",
            "pi_low": "-3.13", "pi_high": "1.04",
        },
    },
    "diagnostics": {
        ("depression_primary", "davis2021"): {
            "without_estimate": "-0.81", "without_low": "-1.07", "without_high": "-0.55",
        },
        ("ptsd_primary", "mithoefer2011"): {
            "without_estimate": "-0.67", "without_low": "-0.90", "without_high": "-0.45",
        },
    },
}  # fmt: skip


def ketameta(folder, *words):
    done = subprocess.run(
        [sys.executable, "-m", "ketameta.cli", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT / "workflow")},
        text=True,
        capture_output=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    """Return a copy of the example with its report."""
    folder = tmp_path_factory.mktemp("example") / "psilocybin"
    made = shutil.ignore_patterns(".snakemake", "logs", "reports", "*.parquet", "*.sha256")
    shutil.copytree(EXAMPLE, folder, ignore=made)
    ketameta(folder, "run", "--cores", "2")
    return folder


def rows(example, table):
    return read_table(example / "data" / "processed" / f"{table}.parquet").to_pylist()


@pytest.mark.parametrize("table", PRINTED)
def test_every_printed_digit_is_reached(example, table):
    found = rows(example, table)
    keys = len(next(iter(PRINTED[table])))
    by_key = {tuple(row.values())[:keys]: row for row in found}
    wrong = []
    for key, printed in PRINTED[table].items():
        for column, text in printed.items():
            decimals = len(text.partition(".")[2])
            if (ours := f"{by_key[key][column]:.{decimals}f}") != text:
                wrong.append(f"{key} {column}: {ours}, printed {text}")
    assert wrong == []


# the model of every time point is asked of the package: an analysis takes one time a trial
@pytest.mark.parametrize(
    ("outcome", "trials", "printed"),
    [
        (
            "depression_score",
            12,
            {
                "k": "37", "estimate": "-0.8221", "se": "0.1254", "ci_low": "-1.0765",
                "ci_high": "-0.5677", "q": "94.2903", "sigma2": ["0.0822", "0.0450"],
            },
        ),
        (
            "ptsd_score",
            8,
            {
                "k": "15", "estimate": "-0.6034", "se": "0.1215", "ci_low": "-0.8640",
                "ci_high": "-0.3428", "q": "25.1579", "sigma2": ["0.0000", "0.0253"],
            },
        ),
    ],
)  # fmt: skip
def test_all_time_points_together_give_the_printed_model(example, outcome, trials, printed):
    yi, vi, cluster = repeated(example, outcome)
    fit = correlated_hierarchical(yi, vi, cluster, 0.6, None, smooth=True, test="t")
    assert len(set(cluster)) == trials
    ours = {
        "k": fit.k, "estimate": fit.beta[0], "se": fit.se[0], "ci_low": fit.ci_low[0],
        "ci_high": fit.ci_high[0], "q": fit.qe,
    }  # fmt: skip
    for name, value in ours.items():
        assert f"{value:.{len(printed[name].partition('.')[2])}f}" == printed[name], name
    assert [f"{value:.4f}" for value in fit.sigma2] == printed["sigma2"]


def repeated(example, outcome):
    """Return g, its variance and what it is repeated in, at each time of each treated arm.

    As the data sets compute them (R's esc 0.5.1): the approximate correction, and the variance by
    the uncorrected d. Each treated arm is a level of its own and meets the whole control, which
    the print counts twice in two trials.
    """
    treated = {
        (row["trial_id"], row["arm_id"]): row["treatment"] in ("psilocybin", "MDMA")
        or row["treatment"].startswith("medium-dose")
        for row in rows(example, "arms")
    }
    populations = {row["trial_id"]: row["population"] for row in rows(example, "trials")}
    scores = [
        row
        for row in rows(example, "outcomes")
        if row["outcome"] == outcome and row["mean"] is not None
    ]
    assert {populations[row["trial_id"]] == "PTSD" for row in scores} == {outcome == "ptsd_score"}
    yi, vi, cluster = [], [], []
    for t in scores:
        if not treated[t["trial_id"], t["arm_id"]]:
            continue
        (c,) = (
            row
            for row in scores
            if (row["trial_id"], row["timepoint_h"]) == (t["trial_id"], t["timepoint_h"])
            and not treated[row["trial_id"], row["arm_id"]]
        )
        n1, n2 = t["n"], c["n"]
        n = n1 + n2
        spread = np.sqrt(((n1 - 1) * t["sd"] ** 2 + (n2 - 1) * c["sd"] ** 2) / (n - 2))
        d = (t["mean"] - c["mean"]) / spread
        yi.append(d * (1 - 3 / (4 * n - 9)))
        vi.append(n / (n1 * n2) + d**2 / (2 * n))
        cluster.append(f"{t['trial_id']} {t['arm_id']}")
    return np.array(yi), np.array(vi), np.array(cluster)


@pytest.mark.parametrize(
    ("analysis", "t", "p"),
    [("depression_primary", "-1.338", "0.2106"), ("ptsd_primary", "-0.712", "0.5159")],
)
def test_the_classical_test_of_small_trials_is_the_printed_one(example, analysis, t, p):
    own = [row for row in rows(example, "studies") if row["analysis"] == analysis]
    yi, vi = (np.array([row[name] for row in own]) for name in ("yi", "vi"))
    fit = egger(yi, vi, model="lm")
    assert (f"{fit.statistic:.3f}", f"{fit.p:.4f}") == (t, p)


def test_the_print_stands_beside_each_result_and_agrees(example):
    earlier = [row for row in rows(example, "earlier") if "@" not in row["analysis"]]
    main = {"depression_primary", "response", "remission", "ptsd_primary", "ptsd_remission"}
    assert main <= {row["analysis"] for row in earlier if row["agrees"]}


def test_the_tables_are_in_order_and_every_warning_has_its_reason(example):
    said = ketameta(example, "check")
    assert "no fault" in said
    assert "warning" not in said
    assert all(
        row["acknowledged"] for row in rows(example, "findings") if row["severity"] != "note"
    )


def test_no_page_speaks_of_another_subject(example):
    other = re.compile(r"(?<![a-z])(es)?ketamine|midazolam|suicid|electroconvulsive", re.IGNORECASE)
    texts = [
        path
        for path in (example / "reports").rglob("*")
        if path.suffix in (".html", ".csv", ".svg", ".R", ".js", ".json")
    ]
    assert len(texts) > 50
    found = {
        f"{path.relative_to(example)}: {hit.group()}"
        for path in texts
        for hit in other.finditer(path.read_text(encoding="utf-8"))
    }
    assert found == set()


def test_people_whom_no_trial_counts_are_not_none(example):
    (told,) = rows(example, "data")
    assert (told["people"], told["unnumbered"]) == (None, 18)
    assert "People randomised" not in (example / "reports" / "data.html").read_text("utf-8")


def test_the_next_run_does_nothing(example):
    def digests():
        made = (p for place in ("reports", "data") for p in (example / place).rglob("*"))
        return {p: sha256(p.read_bytes()).hexdigest() for p in made if p.is_file()}

    before = digests()
    assert "everything is up to date" in ketameta(example, "run", "--cores", "2")
    assert digests() == before


def test_its_readme_names_what_is_reached():
    """Each pooled result of the table in the README is the print that is tested here."""
    text = (EXAMPLE / "README.md").read_text(encoding="utf-8")
    found = dict(re.findall(r"^\| `(\S+)` \| [^|]+ \| ([^|]+?) \|", text, re.M))
    printed = {
        key[0]: "{estimate} ({ci_low} to {ci_high})".format(**cells)
        for key, cells in PRINTED["syntheses"].items()
        if "@" not in key[0]
    }
    printed["ptsd_depression"] = "-0.656 (-2.6982 to 1.3855)"
    assert found == {name: text.replace("-", "−") for name, text in printed.items()}
