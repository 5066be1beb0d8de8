"""The walks of CONTRIBUTING: each is made on a copy of the project, in the files that it names.

An edit is what a contributor types. All are made on one copy, as each leaves the others alone, and
what comes out of a whole run shows that nothing else had to be touched.
"""

import csv
import math
import re
import shutil

import pytest
import yaml

from ketameta.estimators import ESTIMATORS

from .conftest import ROOT, copy_small

pytestmark = pytest.mark.slow
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
# what is typed: the file, a text of it, and what stands there then; what starts with + behind it
EDITS = {
    "raw_column": [
        (
            "tables/raw.py",
            'source_url: str | None = col("address of the source", form=ADDRESS)\n',
            '+    registered_h: float | None = col("hours registered", HOURS, optional=True)\n',
        )
    ],
    "diamond": [("figures/scene.py", '"pooled": "#b5500b"', '"pooled": "#5b2a86"')],
    "estimator": [
        (
            "stats/univariate/tau2.py",
            '    "PMM": median_paule_mandel,\n',
            '+    "DLH": lambda model: dersimonian_laird(model)._replace(\n'
            "        value=dersimonian_laird(model).value / 2.0\n"
            "    ),\n",
        ),
        (
            "estimators.py",
            '    "PMM": Estimator("the median-unbiased Paule-Mandel estimator", "PMM"),\n',
            '+    "DLH": Estimator("half of what DerSimonian and Laird found", None),\n',
        ),
    ],
    "forest_column": [
        (
            "report/forest_columns.py",
            "        *([_ROUTE]",
            '        ForestColumn(Heading("Year", "end"), lambda s: str(s.year or "–")),\n'
            "        *([_ROUTE]",
        )
    ],
    "measure": [
        (
            "measures.py",
            '    Measure(\n        name="PLO",\n',
            """    Measure(
        name="PETO",
        words="Peto odds ratio",
        kind=EVENT,
        transform=LOG,
        null=1.0,
        effect="log Peto odds ratio",
        paired="MPORM",
        digits=None,
        method="Each trial gives the log of Peto's odds ratio (Yusuf 1985).",
        axis="Peto odds ratio (log scale)",
    ),
    Measure(
        name="PLO",
""",
        ),
    ],
    "certainty_rule": [
        (
            "evidence/missing.py",
            "\n\n\n",
            """+FEW_TRIALS = CertaintyRule(
    "few-trials",
    DOMAIN,
    "1",
    "There are fewer than four trials.",
    "few trials",
    ("Page 2023",),
)


""",
        ),
        (
            "evidence/missing.py",
            "        _costs(absent, limits), "
            "ASYMMETRY if comparison and _survives(uneven, limits) else None\n",
            """        _costs(absent, limits),
        ASYMMETRY if comparison and _survives(uneven, limits) else None,
        FEW_TRIALS if evidence.record.k < 4 else None,
""",
        ),
        (
            "report/wording_domains.py",
            "import ASYMMETRY, CHECKS, Absent",
            "import ASYMMETRY, CHECKS, FEW_TRIALS, Absent",
        ),
        (
            "report/wording_domains.py",
            "    parts = [_missing(value.facts.absent), _asymmetry(analysis, value)]\n",
            """+    if FEW_TRIALS in value.rules:
        parts = [f"It rests on {count(value.facts.k, 'trial')}."]
""",
        ),
    ],
    "claim_rule": [
        ("evidence/claim_rules.py", "Reason = Literal[\n", '+    "none or some",\n'),
        (
            "evidence/claim_rules.py",
            "_WITHOUT: dict",
            '''def equal(effect: ClaimEffect) -> Verdict:
    """Judge that there is no difference: an interval that holds it shows nothing."""
    holds = effect.low <= 0 <= effect.high
    return Verdict(NOT_SHOWN, "none or some") if holds else Verdict(CONTRADICTED, "better")


_WITHOUT: dict''',
        ),
        ("evidence/claim_rules.py", "    NO_BETTER: no_better,\n", '+    "equal": equal,\n'),
        (
            "report/claim_reasons.py",
            "BECAUSE: dict[Reason, str] = {\n",
            '+    "none or some": "The interval holds no difference, and others.",\n',
        ),
    ],
}


def walks():
    """Return the files of each walk, as the table of CONTRIBUTING has them."""
    rows = re.findall(r"^\| .* \| (\d) \| (.*) \|$", TEXT, re.M)
    return [(int(number), re.findall(r"`([\w/]+\.\w+)`", files)) for number, files in rows]


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write_rows(path, rows):
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Return the project with all edits made and run, what they make possible asked of it."""
    project = copy_small(tmp_path_factory.mktemp("walks"))
    for edits in EDITS.values():
        for name, old, new in edits:
            text = old + new[1:] if new.startswith("+") else new
            project.edit(f"workflow/ketameta/{name}", old, text)
    # what an estimator and a key of the configuration leave to be made anew
    project.run("-m", "ketameta.configuration").check_returncode()
    config = project.path("workflow/config/analyses.yaml")
    asked = yaml.safe_load(config.read_text(encoding="utf-8"))
    own = {"measure": "PETO", "title": "Response by Peto's odds ratio", "headline": False}
    asked["analyses"]["response_peto"] = asked["analyses"]["response_24h"] | own
    for name in ("DL", "DLH"):
        own = {"tau2": name, "title": f"Response by {name}", "headline": False}
        asked["analyses"][f"response_{name.lower()}"] = asked["analyses"]["response_24h"] | own
    config.write_text(yaml.safe_dump(asked, sort_keys=False, allow_unicode=True), encoding="utf-8")
    raw = project.path("data/raw")
    trials = [row | {"registered_h": ""} for row in rows_of(raw / "trials.csv")]
    trials[0]["registered_h"] = "36"
    write_rows(raw / "trials.csv", trials)
    claims = rows_of(raw / "claims.csv")
    empty = dict.fromkeys(claims[0], "")
    told = {"claim": "It makes no difference.", "kind": "efficacy", "rule": "No difference."}
    told |= {"population": "any", "direction": "equal", "analysis": "response_24h"}
    write_rows(raw / "claims.csv", [*claims, empty | told | {"claim_id": "equal"}])
    done = project.make("ingest", "normalize", "synthesize", "report")
    assert done.returncode == 0, done.stdout + done.stderr
    return project


def read(project, name):
    return project.path(name).read_text(encoding="utf-8")


def test_contributing_names_the_files_of_each_walk():
    typed = [list(dict.fromkeys(name for name, *_ in edits)) for edits in EDITS.values()]
    assert walks() == [(len(files), files) for files in typed]


def test_a_column_of_a_raw_table_is_checked_kept_described_and_in_the_template(made):
    import pyarrow.parquet as pq

    table = pq.read_table(made.path("data/processed/trials.parquet"))
    assert {*table["registered_h"].to_pylist()} == {36.0, None}
    assert table.schema.field("registered_h").metadata[b"unit"] == b"h"
    (row,) = [
        row
        for row in rows_of(made.path("reports/tables/dictionary.csv"))
        if (row["table"], row["column"]) == ("raw: trials", "registered_h")
    ]
    assert (row["description"], row["unit"]) == ("hours registered", "h")
    assert "<code>registered_h</code>" in read(made, "reports/dictionary.html")
    made.ketameta("template", "new").check_returncode()
    assert "registered_h" in read(made, "new/trials.csv")
    shutil.copytree(made.path("data/raw"), made.path("wrong"))
    made.edit("wrong/trials.csv", ",36\n", ",-36\n")
    assert "registered_h" in made.ketameta("check", "wrong").stderr


def test_a_colour_is_the_same_in_figures_and_on_pages(made):
    figure = read(made, "reports/figures/response_24h.forest.svg")
    assert re.findall(r'<polygon class="pooled"[^>]* fill="(#\w+)"', figure) == ["#5b2a86"]
    colours = re.findall(r"--pooled:(#\w+)", read(made, "reports/static/style.css"))
    assert colours == ["#5b2a86", "#f0a05a"]


def test_an_estimator_of_tau2_is_asked_for_by_name(made):
    folder = made.path("workflow/ketameta")
    functions, records = (
        re.findall(r'^    "(\w+)": ', (folder / name).read_text(encoding="utf-8"), re.M)
        for name, *_ in EDITS["estimator"]
    )
    assert functions == records == [*ESTIMATORS, "DLH"]
    assert f"enum: [{', '.join(records)}]" in read(
        made, "workflow/ketameta/configuration/analyses.schema.yaml"
    )
    rows = rows_of(made.path("reports/tables/syntheses.csv"))
    found = {row["analysis"]: float(row["tau2"]) for row in rows if row["tau2"]}
    assert found["response_dlh"] == found["response_dl"] / 2.0 > 0.0
    assert "τ² by half of what DerSimonian and Laird found" in read(
        made, "reports/analyses/response_dlh.html"
    )


def test_a_column_of_a_forest_plot_has_its_heading_and_a_cell_a_trial(made):
    figure = re.sub("<[^>]*>", "|", read(made, "reports/figures/response_24h.forest.svg"))
    assert "|Year|" in figure
    assert "|2013|" in figure


def test_a_measure_is_computed_pooled_drawn_and_told(made):
    (row,) = [
        row
        for row in rows_of(made.path("reports/tables/syntheses.csv"))
        if row["analysis"] == "response_peto"
    ]
    # of 30 in 47 against 7 in 25, and of 12 in 17 against none in the same people
    assert (row["measure"], row["k"]) == ("PETO", "2")
    assert float(row["estimate"]) == pytest.approx(math.exp(float(row["estimate_log"])), rel=1e-12)
    page = read(made, "reports/analyses/response_peto.html")
    assert "log of Peto&#39;s odds ratio (Yusuf 1985)" in page
    assert "Peto odds ratio (log scale)" in read(made, "reports/figures/response_peto.forest.svg")


def test_a_rule_of_certainty_decides_is_listed_and_told(made):
    rows = rows_of(made.path("reports/tables/certainty.csv"))
    found = [row for row in rows if row["rule"] == "few-trials"]
    assert {row["rating"] for row in found} == {"-1"}
    assert "It rests on 2 trials." in {row["reason"] for row in found}
    assert 'id="rule-few-trials"' in read(made, "reports/rules.html")


def test_a_rule_for_claims_judges_and_gives_its_reason(made):
    (row,) = [
        row for row in rows_of(made.path("reports/tables/claims.csv")) if row["claim_id"] == "equal"
    ]
    assert (row["verdict"], row["analysis_reason"]) == (
        "not shown",
        "The interval holds no difference, and others.",
    )
