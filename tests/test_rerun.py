"""What runs again after a change, and which bytes change: by executed jobs and content ids."""

import hashlib
import re

import pytest

from ketameta.report_files import LONG_TABLES, REFERENCE_FILES, TABLES
from ketameta.storage import content_id, read_table

STAGES = ["ingest", "normalize", "synthesize", "report", "figures", "distributions", "crosscheck"]
# what tells of all analyses together
SHARED = {
    "courses.html",
    "networks.html",
    "figures/time-courses.crosscheck.svg",
    "index.html",
    "changes.html",
    "claims.html",
    "sof.html",
    "data.html",
    "rules.html",
    "rob2.html",
    "trust.html",
    "extraction.html",
    "summary_of_findings.docx",
    *(f"manuscript.{end}" for end in ("html", "docx", "md")),
    *LONG_TABLES,
    *REFERENCE_FILES,
    *("prisma.html", "figures/prisma.svg"),
    "verify.R",
    "ketameta.xlsx",
    "figures/figures.csv",
    "tables/crosscheck.csv",
    *(f"tables/{name}.csv" for name in TABLES),
}
CELL, OTHER = ",47,30,", ",47,31,"


def executed(done):
    assert done.returncode == 0, done.stdout + done.stderr
    found = re.findall(rf"^Job \d+: ({'|'.join(STAGES)}): ", done.stdout + done.stderr, re.M)
    # report and figures run beside each other
    return sorted(set(found), key=STAGES.index)


def pages(project):
    folder = project.path("reports")
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def tables(project):
    return {
        path.stem: content_id(read_table(path).to_pylist())
        for path in sorted(project.path("data/processed").glob("*.parquet"))
    }


def effects(project):
    """Return a content id of what each analysis is made of, apart from line numbers."""
    rows = read_table(project.path("data/processed/studies.parquet")).to_pylist()
    return {
        name: content_id([row for row in rows if row["analysis"] == name])
        for name in sorted({row["analysis"] for row in rows})
    }


def differs(before, after):
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


def touched(paths):
    """Return the analyses that have pages or figures among the paths; no path may be left over."""
    own = {re.fullmatch(r"(?:analyses|figures)/(\w+)\..+", path) for path in paths - SHARED}
    assert None not in own, paths - SHARED
    return {match[1] for match in own}


def test_one_edited_cell_runs_all_stages_and_changes_only_what_uses_it(small):
    before, ids = pages(small), tables(small)
    small.edit("data/raw/outcomes.csv", CELL, OTHER)
    assert executed(small.snakemake()) == STAGES
    changed = differs(before, pages(small))
    assert touched(changed) == {"response_24h", "response_24h_arm"}
    # raw tables that were not edited say the same, and nothing of the trials is retyped
    assert not differs(ids, tables(small)) & {"trials", "arms", "contrasts", "problems"}
    assert executed(small.snakemake()) == []


def test_a_new_trial_changes_only_analyses_of_its_outcome(small):
    before, own = pages(small), effects(small)
    for name, row in (
        ("trials", {"trial_id": "smith2027", "label": "Smith 2027", "year": "2027",
                    "design": "parallel", "population": "TRD"}),
        ("arms", {"trial_id": "smith2027", "arm_id": "k", "treatment": "ketamine"}),
        ("arms", {"trial_id": "smith2027", "arm_id": "s", "treatment": "saline"}),
        ("outcomes", {"trial_id": "smith2027", "arm_id": "k", "events": "22"}),
        ("outcomes", {"trial_id": "smith2027", "arm_id": "s", "events": "11"}),
    ):  # fmt: skip
        path = small.path(f"data/raw/{name}.csv")
        header = path.read_text(encoding="utf-8").splitlines()[0].split(",")
        if name == "outcomes":
            row |= {"outcome": "response", "scale": "MADRS", "timepoint_h": "24", "n": "40",
                    "analysis_set": "itt", "seen": "direct", "source": "10.1000/x",
                    "locator": "table 2"}  # fmt: skip
        with path.open("a", encoding="utf-8") as file:
            file.write(",".join(row.get(column, "") for column in header) + "\n")
    assert executed(small.snakemake()) == STAGES
    changed = touched(differs(before, pages(small)))
    # the map of the evidence is about all data
    assert changed == {"response_24h", "response_24h_arm", "data"}
    assert differs(own, effects(small)) == {"response_24h", "response_24h_arm"}


def test_a_changed_title_runs_no_statistics_and_changes_its_words_alone(small):
    before, ids = pages(small), tables(small)
    small.edit("workflow/config/analyses.yaml", "title: Response at 24 hours", "title: Day one")
    assert executed(small.snakemake()) == ["report", "figures"]
    assert tables(small) == ids
    # the page of the next analysis names it too
    assert touched(differs(before, pages(small))) == {"response_24h", "response_24h_arm"}


def test_a_changed_threshold_of_certainty_runs_the_report_alone(small):
    before, ids = pages(small), tables(small)
    small.edit("workflow/config/analyses.yaml", "bias_high: 50", "bias_high: 0")
    assert executed(small.snakemake()) == ["report"]
    assert tables(small) == ids
    assert "tables/certainty.csv" in differs(before, pages(small))


def test_a_comment_in_the_configuration_runs_nothing(small):
    path = small.path("workflow/config/analyses.yaml")
    path.write_text("# a remark\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    assert executed(small.snakemake()) == []


def test_another_order_of_keys_in_the_configuration_runs_nothing(small):
    import yaml

    path = small.path("workflow/config/analyses.yaml")
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    content = {key: content[key] for key in reversed(content)}
    path.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True), encoding="utf-8")
    assert executed(small.snakemake()) == []


def test_a_changed_module_runs_its_stage_and_without_effect_changes_no_byte(small):
    before, ids = pages(small), tables(small)
    path = small.path("workflow/ketameta/synthesize/judge.py")
    path.write_text(path.read_text(encoding="utf-8") + "\n# a remark\n", encoding="utf-8")
    assert executed(small.snakemake()) == ["synthesize", "report", "figures", "crosscheck"]
    assert pages(small) == before
    assert tables(small) == ids


def test_rows_in_another_order_change_no_estimate(small):
    own = {name: content_id(rows) for name, rows in estimates(small).items()}
    path = small.path("data/raw/outcomes.csv")
    header, *rows = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([header, *reversed(rows)]) + "\n", encoding="utf-8")
    assert small.make().returncode == 0
    assert {name: content_id(rows) for name, rows in estimates(small).items()} == own


def estimates(project):
    """Return the syntheses by analysis, apart from the hash that covers line numbers."""
    rows = read_table(project.path("data/processed/syntheses.parquet")).to_pylist()
    return {
        row.pop("analysis"): [{k: v for k, v in row.items() if k != "data_hash"}] for row in rows
    }


def test_a_release_runs_the_report_alone(small):
    done = small.ketameta("release", "--no-crate", "--date", "2027-01-31")
    assert done.returncode == 0, done.stderr
    before = pages(small)
    assert executed(small.snakemake()) == ["report"]
    assert differs(before, pages(small)) == {
        *("index.html", "data.html", "changes.html", "extraction.html"),
        # how to cite it, by its version
        *("verify.R", "summary_of_findings.docx"),
        # the version of a living review, and what it changed
        *("prisma.html", "tables/prisma_checklist.csv"),
    }


@pytest.mark.parametrize(
    "name",
    ["reports/index.html", "reports/tables/studies.csv", "data/processed/report.sha256"],
)
def test_a_deleted_file_of_the_report_is_made_again(small, name):
    before = pages(small)
    small.path(name).unlink()
    assert executed(small.snakemake()) == ["report"]
    assert pages(small) == before


def test_a_deleted_file_of_the_figures_is_made_again(small):
    before = pages(small)
    # the small data have too few trials for a funnel plot: the list of figures is all of this job
    small.path("reports/figures/figures.csv").unlink()
    assert executed(small.snakemake()) == ["figures"]
    assert pages(small) == before
