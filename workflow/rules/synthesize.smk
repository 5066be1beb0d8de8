rule synthesize:
    """Pool the effects of every analysis and gather what the report shows of each."""
    input:
        ancient(stamp("normalize")),
    output:
        touch(stamp("synthesize")),
    log:
        "logs/synthesize.log",
    # before the distributions, which take a core and are no input of the report
    priority: 1
    threads: 2
    message:
        "synthesize: pool the effects of every analysis"
    shell:
        "python -m ketameta.job synthesize data/processed data/processed"
        " --threads {threads} 2> {log:q}"
