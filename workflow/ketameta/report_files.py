"""Which files the report consists of: known to the rules without loading the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

# every table that a page shows, as a file
TABLES = (
    *("syntheses", "subgroups", "sensitivity", "studies", "derivations", "raw_rows"),
    *("absolute", "points", "exclusions", "unused", "claims", "summary", "dictionary"),
)

# what each job wrote with its SHA-256, in data/processed/; written when all is there
REPORT_LIST = "report.sha256"
FIGURE_LIST = "figures.sha256"
DISTRIBUTION_LIST = "distributions.sha256"


def report_files(names: Sequence[str]) -> list[str]:
    """Return the paths below reports/, in order, for analyses of the given names."""
    return [
        "index.html",
        "claims.html",
        "dictionary.html",
        "changes.html",
        "static/style.css",
        "static/report.js",
        "verify.R",
        "ketameta.xlsx",
        *(f"tables/{name}.csv" for name in TABLES),
        *(f"analyses/{name}.html" for name in names),
        *(f"figures/{name}.forest.svg" for name in names),
    ]


def distribution_files(measures: Mapping[str, str]) -> list[str]:
    """Return the paths of what seaborn draws, for analyses name -> measure."""
    arms = [name for name, measure in measures.items() if measure == "PCTRED"]
    return ["figures/data.evidence.svg", *(f"figures/{name}.distribution.svg" for name in arms)]
