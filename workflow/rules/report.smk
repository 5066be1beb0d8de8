rule report:
    """Write the pages, figures and tables of the report."""
    input:
        tables=processed("synthesize"),
        releases=releases(),
        code=sources(
            "report",
            "figures",
            "evidence",
            "normalize",
            "stats",
            "synthesize",
            "tables",
            "vocabulary",
            "configuration",
        ),
        schema="workflow/config/schema.yaml",
    output:
        [f"reports/{path}" for path in report_files(CONFIGURATION.names)],
        f"data/processed/{REPORT_LIST}",
    log:
        "logs/report.log",
    params:
        config=CONFIG.as_posix(),
        digest=CONFIGURATION.digest("select", "model", "display"),
    message:
        "report: write pages, figures and tables"
    shell:
        "python -m ketameta.steps report data/processed reports"
        " --config {params.config:q} 2> {log:q}"
