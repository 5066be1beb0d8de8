rule normalize:
    """Turn what trials report into effect sizes, with every step and every unused row on record."""
    input:
        tables=processed("ingest"),
        code=sources("normalize", "stats", "tables", "vocabulary", "configuration"),
        schema="workflow/config/schema.yaml",
    output:
        processed("normalize"),
    log:
        "logs/normalize.log",
    params:
        config=CONFIG.as_posix(),
        digest=CONFIGURATION.digest("select"),
    message:
        "normalize: choose rows and turn them into effect sizes"
    shell:
        "python -m ketameta.steps normalize data/processed data/processed"
        " --config {params.config:q} 2> {log:q}"
