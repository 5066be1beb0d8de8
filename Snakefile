"""From the extraction tables in data/raw/ to the report in reports/index.html.

Six jobs: ingest, normalize, synthesize with distributions (what seaborn draws) beside it, then report
with figures beside it. PDF and PNG (prints) are made when asked for. The questions are in
workflow/config/analyses.yaml; it is read and checked here, and each rule takes as a parameter the
digest of the part that it uses, so that a changed comment or title reruns only what it changes.
"""

from snakemake.utils import min_version

min_version("9.0")


# only for `--sdm apptainer`, and then with requirements.lock installed in it; runs use .venv
container: "docker://python:3.12-slim"


include: "workflow/rules/common.smk"
include: "workflow/rules/ingest.smk"
include: "workflow/rules/normalize.smk"
include: "workflow/rules/synthesize.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/figures.smk"


# bad tables stop the run before any earlier output is touched
onstart:
    # `ketameta run` has checked them by then
    if "tables_checked" not in config:
        stop_on_faults("data/raw")
    before_jobs()


# a job that fails leaves old pages beside new ones: the last good report comes back
onerror:
    restore_last(Path("reports"))


onsuccess:
    forget_last(Path("reports"))


rule all:
    default_target: True
    input:
        rules.report.output,
        rules.figures.output,
        rules.distributions.output,
        # named too, so that a deleted one is made again
        rules.ingest.output,
        rules.normalize.output,
        rules.synthesize.output,
