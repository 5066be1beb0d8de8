"""Which files the report consists of: known to the rules without loading the report."""

from __future__ import annotations

from collections.abc import Sequence

# every file of the report with its SHA-256, in data/processed/; written when all are there
REPORT_LIST = "report.sha256"


def report_files(names: Sequence[str]) -> list[str]:
    """Return the paths below reports/, in order, for analyses of the given names."""
    return [
        "index.html",
        "dictionary.html",
        "changes.html",
        "static/style.css",
        "tables/syntheses.csv",
        "tables/studies.csv",
        *(f"analyses/{name}.html" for name in names),
        *(f"figures/{name}.forest.svg" for name in names),
    ]
