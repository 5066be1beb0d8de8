rule report:
    """Write the pages, figures and tables of the report."""
    input:
        ancient(stamp("synthesize")),
    output:
        touch(stamp("report")),
    log:
        "logs/report.log",
    # before the figures, where cores are few: it takes longest
    priority: 1
    message:
        "report: write pages, figures and tables"
    shell:
        "python -m ketameta.job report data/processed reports --aside 2> {log:q}"


# a file of the report is made with its stage: a target without a job of its own
for path, stage in TARGETS.items():

    rule:
        name:
            path
        input:
            ancient(stamp(stage)),


rule page:
    """Say that no stage makes a file of that name, and which have one like it."""
    input:
        nothing_of_the_name,
    output:
        "{folder}/{file}",
    wildcard_constraints:
        folder="reports|data/processed",
