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


rule page:
    """Say that a file of the report is made with its stage, and how to ask for that."""
    input:
        with_its_stage,
    output:
        "{folder}/{file}",
    wildcard_constraints:
        folder="reports|data/processed",
