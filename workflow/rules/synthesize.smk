rule synthesize:
    """Pool the effects of every analysis and gather what the report shows of each."""
    input:
        ancient(stamp("normalize")),
    output:
        touch(stamp("synthesize")),
    log:
        "logs/synthesize.log",
    params:
        config=CONFIG.as_posix(),
    message:
        "synthesize: pool the effects of every analysis"
    shell:
        "python -m ketameta.steps synthesize data/processed data/processed"
        " --config {params.config:q} 2> {log:q}"
