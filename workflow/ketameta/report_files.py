"""Which files the report consists of: known to the rules without loading the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def report_files(names: Sequence[str]) -> list[str]:
    """Return the paths below reports/, in order, for analyses of the given names."""
    return [
        "index.html",
        "dictionary.html",
        "static/style.css",
        "tables/syntheses.csv",
        "tables/studies.csv",
        *(f"analyses/{name}.html" for name in names),
        *(f"figures/{name}.forest.svg" for name in names),
    ]


def distribution_files(measures: Mapping[str, str]) -> list[str]:
    """Return the paths of what seaborn draws, for analyses name -> measure."""
    arms = [name for name, measure in measures.items() if measure == "PCTRED"]
    return ["figures/data.evidence.svg", *(f"figures/{name}.distribution.svg" for name in arms)]
