rule crosscheck:
    """Recompute every pooled result with statsmodels, beside the report."""
    input:
        ancient(stamp("synthesize")),
    output:
        touch(stamp("crosscheck")),
    log:
        "logs/crosscheck.log",
    message:
        "crosscheck: recompute every pooled result with statsmodels"
    shell:
        "python -m ketameta.job crosscheck data/processed reports --aside 2> {log:q}"
