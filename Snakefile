"""From the extraction tables in data/raw/ to the report in reports/index.html.

Six jobs: ingest, normalize, synthesize with distributions (what seaborn draws) beside it, then report
with figures beside it. PDF and PNG (prints) are made when asked for. The questions are in
workflow/config/analyses.yaml. What has to run is judged by the content of tables, code and
configuration before Snakemake looks (ketameta.freshness): it sees a stamp for each stage that need
not run, and no time of a file.
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
    before_jobs()


# the stages of the report lay aside what they make: all of it is published, or none
onsuccess:
    publish()


onerror:
    recover()


rule all:
    default_target: True
    input:
        [stamp(stage) for stage in RUN],
