"""Projects of a few made-up rows, taken through every stage in this process."""

import csv
import io
import re
import warnings
import xml.etree.ElementTree as Tree
from dataclasses import dataclass, replace
from html import unescape
from pathlib import Path
from posixpath import dirname, join, normpath
from types import SimpleNamespace
from urllib.parse import parse_qs
from zipfile import ZipFile

import pytest
import yaml

from ketameta.configuration import Configuration, load
from ketameta.crosscheck.rows import differing
from ketameta.crosscheck.stage import crosscheck
from ketameta.crosscheck.stage import files as crosscheck_files
from ketameta.ingest.stage import ingest
from ketameta.ingest.template import template
from ketameta.normalize.stage import normalize
from ketameta.report import graphics
from ketameta.synthesize.stage import synthesize
from ketameta.tables import RAW_TABLES
from ketameta.tables.problems import errors
from ketameta.tables.raw import OPTIONAL_TABLES
from ketameta.tables.syntheses import SynthesisRow

from ..rows import tables_of
from .made import report

CONFIG = Path(__file__).parents[1] / "analyses.yaml"
# pixels of the largest figure that a page can show
WIDEST, HIGHEST = 2_000, 12_000
PLACES = ("x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "r", "d", "points", "width", "height")
PLACES += ("viewBox",)
RESPONSE = {
    "title": "Response at 24 hours",
    "question": "Do more people respond within a day than under control?",
    "group": "Depression",
    "outcome": "response",
    "measure": "RR",
    "window": "24 h",
}
SHARE = RESPONSE | {"title": "Responders at 24 hours", "measure": "PLO", "pooling": "GLMM"}
SCORE = RESPONSE | {
    "title": "Depression at 24 hours",
    "outcome": "depression_score",
    "measure": "SMD",
}
FALL = SCORE | {"title": "Fall of depression at 24 hours", "measure": "PCTRED"}


def trial(name, n=40, **more):
    """Return a row of trials and its two arms."""
    row = {"trial_id": name, "label": name.title(), "year": 2015, "design": "parallel"}
    row |= {"population": "TRD", "n_randomised": n}
    arm = {"trial_id": name, "route": "IV", "n_doses": 1}
    treated = arm | {
        "arm_id": "treated",
        "treatment": "ketamine",
        "dose": 0.5,
        "dose_unit": "mg/kg",
    }
    control = arm | {"arm_id": "control", "treatment": "saline"}
    return {"trials": [row | more], "arms": [treated, control]}


def outcome(name, arm, **cells):
    """Return a row of outcomes: an event at 24 hours unless the cells say otherwise."""
    row = {"trial_id": name, "arm_id": arm, "outcome": "response", "scale": "MADRS"}
    row |= {"timepoint_h": 24, "analysis_set": "itt", "seen": "direct"}
    return row | {"source": "10.1000/x", "locator": "table 1"} | cells


def counts(*cells, **more):
    """Return tables of parallel trials t000, t001, … from (events, n, events, n)."""
    found = {"trials": [], "arms": [], "outcomes": []}
    for number, (a, n1, c, n2) in enumerate(cells):
        name = f"t{number:03d}"
        for table, rows in trial(name, n1 + n2).items():
            found[table] += rows
        found["outcomes"].append(outcome(name, "treated", events=a, n=n1, **more))
        found["outcomes"].append(outcome(name, "control", events=c, n=n2, **more))
    return found


def scores(*cells, **more):
    """Return tables of parallel trials from (mean, SD, n, mean, SD, n) with a baseline of 30."""
    found = {"trials": [], "arms": [], "outcomes": []}
    common = {"outcome": "depression_score", "baseline_mean": 30, "baseline_sd": 6} | more
    for number, (m1, s1, n1, m2, s2, n2) in enumerate(cells):
        name = f"t{number:03d}"
        for table, rows in trial(name, n1 + n2).items():
            found[table] += rows
        found["outcomes"].append(outcome(name, "treated", mean=m1, sd=s1, n=n1, **common))
        found["outcomes"].append(outcome(name, "control", mean=m2, sd=s2, n=n2, **common))
    return found


def together(*parts):
    """Return the rows of several sets of tables, each trial and arm once."""
    found = {}
    for part in parts:
        for table, rows in part.items():
            own = found.setdefault(table, [])
            there = {(row["trial_id"], row.get("arm_id")) for row in own}
            new = [row for row in rows if (row["trial_id"], row.get("arm_id")) not in there]
            own += rows if table == "outcomes" else new
    return found


@dataclass(frozen=True)
class Made:
    """What came of a project: the rows of every table, and the files of the report."""

    configuration: Configuration
    tables: dict
    files: dict

    def page(self, name):
        return self.files[f"{name}.html"]

    @property
    def svgs(self):
        return {path: text for path, text in self.files.items() if path.endswith(".svg")}


def asks(anchor, page):
    """Say whether an address asks a long table for columns that it has, if it has any row."""
    columns = set(re.findall(r'data-key="([^"]*)"', page))
    asked = parse_qs(unescape(anchor.removeprefix("?"))).keys()
    return anchor.startswith("?") and bool(page) and (not columns or asked <= columns)


def faults_of(made):
    """Return what is wrong with the form of a report: drawings, links, ids, numbers, workbook."""
    wrong = []
    for path, text in made.svgs.items():
        root = Tree.fromstring(text)  # raises where XML is not well formed
        width, height = (float(root.get(name).removesuffix("pt")) for name in ("width", "height"))
        if not (0 < width <= WIDEST and 0 < height <= HIGHEST):
            wrong.append(f"{path}: {width:g} x {height:g}")
        for element in root.iter():
            for name, value in element.attrib.items():
                if re.search(r"(?i)\bnan\b|\binf\b", value) and name in PLACES:
                    wrong.append(f"{path}: {name}={value}")
    pages = {path: text for path, text in made.files.items() if path.endswith(".html")}
    ids = {path: re.findall(r' id="([^"]*)"', text) for path, text in pages.items()}
    for path, text in pages.items():
        if len(ids[path]) != len(set(ids[path])):
            wrong.append(f"{path}: an id twice")
        for target in re.findall(r' (?:href|src)="([^"]*)"', text):
            file, _, anchor = target.partition("#")
            file = normpath(join(dirname(path), file)) if file else path
            if ":" in target or (file in made.files and not anchor):
                continue
            if anchor not in ids.get(file, ()) and not asks(anchor, pages.get(file, "")):
                wrong.append(f"{path}: a link to {target}")
        seen = re.sub(r"<svg.*?</svg>|<[^>]*>", " ", text, flags=re.DOTALL)
        wrong += [
            f"{path}: {word}" for word in re.findall(r"\b(?:nan\b|inf\b|None\b(?!:)|\{\{)", seen)
        ]
    with ZipFile(io.BytesIO(made.files["ketameta.xlsx"])) as book:
        for name in book.namelist():
            if name.endswith(".xml"):
                Tree.fromstring(book.read(name))
    return wrong


def through(folder, configuration):
    """Take the tables of a folder through every stage; files are those of all that draw."""
    found, problems = ingest(folder)
    assert not errors(problems), [str(problem) for problem in errors(problems)]
    found = tables_of(found)
    found |= tables_of(normalize(found, configuration))
    found |= tables_of(synthesize(found, configuration))
    files = report(found, configuration)
    files |= dict(graphics.graphics(found, configuration))
    checked = crosscheck(found, configuration)
    assert differing(checked) == []
    names, timed = [row.analysis for row in found[SynthesisRow]], configuration.courses
    files |= dict(crosscheck_files(checked, names, [course.name for course in timed]))
    with warnings.catch_warnings():
        # seaborn calls matplotlib in a way that matplotlib is giving up
        warnings.filterwarnings("ignore", "vert: bool was deprecated")
        files |= dict(graphics.distributions(found, configuration))
    return Made(configuration, found, files)


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """Return a function that takes tables and analyses through every stage.

    Files are those of the report, and the figures that other steps draw. What no row is given for
    stays empty, as `ketameta template` writes it. `asked` gives analyses other measures than the
    file of questions names; `review` are the keys of review.yaml, where there is one.
    """
    settings = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    others = CONFIG.with_name("multiverse.yaml").read_text(encoding="utf-8")

    def make(tables, analyses, asked=None, review=None, **options):
        folder = tmp_path_factory.mktemp("made")
        template(folder)
        for name, rows in tables.items():
            with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
                schema = {**RAW_TABLES, **OPTIONAL_TABLES}[name]
                out = csv.DictWriter(file, schema.names, lineterminator="\n")
                out.writeheader()
                out.writerows(rows)
        content = settings | {"analyses": analyses} | options
        (folder / "analyses.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
        (folder / "multiverse.yaml").write_text(others, encoding="utf-8")
        if review:
            (folder / "review.yaml").write_text(yaml.safe_dump(review, sort_keys=False))
        configuration = load(folder / "analyses.yaml")
        if asked:
            configuration = Configuration(
                tuple(
                    replace(
                        one,
                        select=replace(one.select, measure=asked.get(one.name, one.select.measure)),
                    )
                    for one in configuration
                )
            )
        return through(folder, configuration)

    return make


@pytest.fixture(scope="session")
def kit():
    """Return the functions and analyses that make-up projects are built of."""
    return SimpleNamespace(
        **{"trial": trial, "outcome": outcome, "counts": counts, "scores": scores},
        **{"together": together, "faults_of": faults_of, "response": RESPONSE, "share": SHARE},
        **{"score": SCORE, "fall": FALL},
    )
