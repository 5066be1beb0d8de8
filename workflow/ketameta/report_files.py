"""Which files the report consists of, known without loading the report."""

from __future__ import annotations

from collections.abc import Sequence

from ketameta.vocabulary.narrowing import slug

# every table that a page shows, as a file
TABLES = (
    *("syntheses", "subgroups", "splits", "sensitivity", "studies", "derivations", "raw_rows"),
    *("ledger", "absolute", "points", "exclusions", "unused", "claims", "summary", "dictionary"),
    *("arm_reductions", "evidence_map", "certainty", "signalling", "rater_agreement"),
    *("trustworthiness", "trust_judgements", "trust", "trust_agreement", "prefilled"),
    *("summary_of_findings", "characteristics", "excluded_trials"),
    *("adjudication", "readings", "audits", "finding_states", "unread_weights"),
    *("pairs", "pair_syntheses", "missing_results", "directions", "earlier"),
    *("posteriors", "shrunken", "looks"),
    *("multiverse", "multiverse_measures", "choices", "specifications", "extremes"),
    *("regressions", "coefficients", "moderated", "fitted"),
    *("adjusted", "fragility", "subsets", "subset_fields", "new_trials", "contours"),
    *("losses", "assumed", "turning_points", "assumed_fields"),
    *("course_effects", "course_ledger", "course_fits", "course_groups"),
    *("course_coefficients", "course_points", "course_spans", "course_changes"),
    *("network_effects", "network_ledger", "networks", "network_trials"),
    *("network_nodes", "network_ranks", "network_differences"),
    *("prisma_flow", "prisma_checklist", "mecir"),
)

# the pages of one long table each
LONG_TABLES = ("trials.html", "outcomes.html", "ledger.html", "results.html")

# the works that the report cites, for reference managers
REFERENCE_FILES = ("references.bib", "references.ris", "references.csl.json")

# what makes the pages better, the last two those of analyses alone
SCRIPTS = ("static/report.js", "static/repool.js", "static/repool_page.js")

# the page of all time courses, where it stands beside pages of analyses: none has such a name
COURSES = "time-courses"


def asked_pages(courses: Sequence[object], networks: Sequence[object]) -> tuple[str, ...]:
    """Return the pages that are there only where a time course, or a network, is asked for."""
    return ("courses.html",) * bool(courses) + ("networks.html",) * bool(networks)


def report_files(
    names: Sequence[str], courses: Sequence[object] = (), networks: Sequence[object] = ()
) -> list[str]:
    """Return the paths below reports/, in order, for analyses of the given names."""
    slugs = [slug(name) for name in names]
    return [
        "index.html",
        "claims.html",
        "sof.html",
        "data.html",
        "dictionary.html",
        "changes.html",
        "rob2.html",
        "trust.html",
        "extraction.html",
        "rules.html",
        "manuscript.html",
        "prisma.html",
        *LONG_TABLES,
        *asked_pages(courses, networks),
        "static/style.css",
        *SCRIPTS,
        "verify.R",
        "ketameta.xlsx",
        "summary_of_findings.docx",
        "manuscript.docx",
        "manuscript.md",
        *REFERENCE_FILES,
        *(f"tables/{name}.csv" for name in TABLES),
        *(f"analyses/{name}.html" for name in slugs),
        *map(figure_of, slugs),
        "figures/prisma.svg",
    ]


def figure_of(name: str) -> str:
    """Return the path of the forest plot of an analysis, given by its slug."""
    return f"figures/{name}.forest.svg"


def crosscheck_files(names: Sequence[str], *, timed: bool = False) -> list[str]:
    """Return the paths of what recomputing analyses makes: the table, and a line for each page."""
    pages = [*map(slug, names), *([COURSES] if timed else [])]
    return ["tables/crosscheck.csv", *map(line_of, pages)]


def line_of(name: str) -> str:
    """Return the path of what is told of recomputing an analysis, given by its slug."""
    return f"figures/{name}.crosscheck.svg"
