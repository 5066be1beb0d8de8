rule synthesize:
    """Pool the effects of every analysis and gather what the report shows of each."""
    input:
        tables=processed("normalize"),
        code=sources(
            "synthesize", "normalize", "stats", "tables", "vocabulary", "configuration"
        ),
        schema="workflow/config/schema.yaml",
    output:
        processed("synthesize"),
    log:
        "logs/synthesize.log",
    params:
        config=CONFIG.as_posix(),
        digest=CONFIGURATION.digest("select", "model"),
    message:
        "synthesize: pool the effects of every analysis"
    shell:
        "python -m ketameta.steps synthesize data/processed data/processed"
        " --config {params.config:q} 2> {log:q}"
