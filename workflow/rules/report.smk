rule report:
    """Write the pages, figures and tables of the report."""
    input:
        tables=processed("synthesize"),
        releases=releases(),
        code=sources(
            "report",
            "figures",
            "evidence",
            "synthesize",
            "tables",
            "vocabulary",
            "configuration",
        ),
        schema="workflow/config/schema.yaml",
    output:
        "reports/index.html",
        # every other file is named in this list
        f"data/processed/{REPORT_LIST}",
    log:
        "logs/report.log",
    # before the figures, where cores are few: it takes longest
    priority: 1
    params:
        config=CONFIG.as_posix(),
        digest=CONFIGURATION.digest("select", "model", "display", "certainty"),
    message:
        "report: write pages, figures and tables"
    shell:
        "python -m ketameta.steps report data/processed reports"
        " --config {params.config:q} 2> {log:q}"
