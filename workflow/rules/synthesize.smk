rule synthesize:
    """Pool the effects of every analysis and gather what the report shows of each."""
    input:
        ancient(stamp("normalize")),
    output:
        touch(stamp("synthesize")),
    log:
        "logs/synthesize.log",
    message:
        "synthesize: pool the effects of every analysis"
    shell:
        "python -m ketameta.job synthesize data/processed data/processed 2> {log:q}"
