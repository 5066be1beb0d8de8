rule normalize:
    """Turn what trials report into effect sizes, with every step and every unused row on record."""
    input:
        ancient(stamp("ingest")),
    output:
        touch(stamp("normalize")),
    log:
        "logs/normalize.log",
    message:
        "normalize: choose rows and turn them into effect sizes"
    shell:
        "python -m ketameta.job normalize data/processed data/processed 2> {log:q}"
