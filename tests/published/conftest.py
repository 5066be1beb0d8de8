"""Reading of published meta-analyses: rows, and how an analysis was done, from its words.

Each JSON file here is an extract of one: where it is published, the numbers of its studies that
enter (facts, and no more of its columns than are asked for), what is printed as it is printed, how
the analysis was done in the words of its authors, and under `oracle` the version and call of R that
gave the print once more. `not_reproduced` marks prints that the call misses too.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from scipy import special

from ketameta.stats import effect_size

FOLDER = Path(__file__).parent

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


def number(cell):
    """A cell as a float, NaN where it is empty or not a number."""
    try:
        return float(cell)
    except ValueError:
        return np.nan


class Rows:
    """The rows of a target: text by column, numbers by `n`, subsets by a mask."""

    def __init__(self, records):
        self.records = records

    @classmethod
    def of(cls, table):
        """Take rows apart whose first one names the columns."""
        header, *rows = table
        return cls([dict(zip(header, row, strict=True)) for row in rows])

    def __contains__(self, column):
        return column in self.records[0]

    def text(self, column):
        return np.array([str(row[column]) for row in self.records])

    def n(self, column):
        return np.array([number(row[column]) for row in self.records])

    def where(self, mask):
        return Rows([row for row, kept in zip(self.records, mask, strict=True) if kept])


@dataclass(frozen=True)
class Plan:
    """How one printed analysis was done."""

    name: str
    target: dict
    analysis: dict

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
            r"bayes": "bayes",
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
        rows = Rows.of(self.target["rows"][self.analysis.get("studies_file", "studies.csv")])
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
        pytest.fail(f"no known columns for {self.measure} in {self.name}")

    def rates(self, rows):
        """Events and person-times of the two groups."""
        return self.given(rows, RATES)

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
            x = self.rates(rows)
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

    def scaled(self, value):
        """A number of the analysis on the scale of the print."""
        return np.exp(value) if self.ratio else value

    def check(self, ours):
        """List the prints that our numbers do not round to."""
        missing = set(self.analysis["printed"]) - set(ours)
        wrong = [f"no number for {name}" for name in sorted(missing)]
        for name in self.analysis["printed"].keys() - missing:
            printed = self.analysis["printed"][name]
            checked = self.analysis.get("not_reproduced", {}).get(name, True)
            for value, text, good in entries(ours[name], printed, checked):
                # A print that the reference run misses too (inputs rounded before they
                # were published) cannot be asked for.
                if good and not rounds_to(value, text, STOPPED.get(self.kind, 0.0)):
                    wrong.append(f"{name}: {value:.10g} printed {text}")
        return wrong


# The multilevel prints of 7 and more digits come from an optimiser that sees only the
# value of the likelihood; a run of it with a tighter tolerance moves to our numbers.
STOPPED = {"robust": 1e-6}


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


def plans():
    """Every printed analysis of every target."""
    for path in sorted(FOLDER.glob("*.json")):
        target = json.loads(path.read_text(encoding="utf-8"))
        for analysis in target["analyses"]:
            plan = Plan(path.stem, target, analysis)
            yield pytest.param(plan, id=f"{path.stem}-{analysis['id']}")


def arm_level(plan):
    """Arrays of an analysis of arm-level rows, effects by the plain formulas; else None."""
    if plan.kind != "pooled" or plan.measure not in ("RR", "OR", "RD", "MD", "SMD"):
        return None
    rows = plan.rows()
    other_way = re.search("TACC|treatment-arm", plan.words)
    if other_way or ("g" in rows and "g_se" in rows) or "GIV.Mean" in rows:
        return None
    for layout in TABLES if plan.measure in ("RR", "OR", "RD") else MEANS:
        if all(column in rows for column in layout.values()):
            found = {name: rows.n(column) for name, column in layout.items()}
            return found if all(np.isfinite(x).all() for x in found.values()) else None
    return None


def pytest_generate_tests(metafunc):
    """Give a test that takes `plan` every printed analysis, or `arm_plan` those of arm rows."""
    if "arm_plan" in metafunc.fixturenames:
        both = [(p.values[0], arm_level(p.values[0]), p.id) for p in plans()]
        found = [pytest.param((plan, x), id=name) for plan, x, name in both if x is not None]
        metafunc.parametrize("arm_plan", found)
    if "plan" in metafunc.fixturenames:
        metafunc.parametrize("plan", list(plans()))


@pytest.fixture
def contrasted():
    """The analyses whose print must differ from inverse-variance pooling."""
    found = [p.values[0] for p in plans()]
    return [p for p in found if "inverse_variance_for_contrast" in p.analysis]


@pytest.fixture
def bayesian_plans():
    """The analyses with priors."""
    return [plan.values[0] for plan in plans() if plan.values[0].kind == "bayes"]
