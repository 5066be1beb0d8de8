rule ingest:
    """Check the raw tables and write them as typed Parquet, each row with its file and line."""
    input:
        raw=list(dict.fromkeys(raw_table(name) for name in RAW_TABLES)),
        code=sources("ingest", "tables", "vocabulary"),
    output:
        processed("ingest"),
    log:
        "logs/ingest.log",
    message:
        "ingest: check the raw tables and write them with file and line"
    shell:
        "python -m ketameta.steps ingest data/raw data/processed 2> {log:q}"
