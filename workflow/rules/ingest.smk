rule ingest:
    """Check the raw tables and write them as typed Parquet, each row with its file and line."""
    output:
        touch(stamp("ingest")),
    log:
        "logs/ingest.log",
    message:
        "ingest: check the raw tables and write them with file and line"
    shell:
        "python -m ketameta.job ingest data/raw data/processed 2> {log:q}"
