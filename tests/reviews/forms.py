"""Small reviews in the layouts that people hold, written from numbers."""

import csv
import io
import zipfile

ROW = (
    "Analysis group,Analysis number,Analysis name,Subgroup,Applicability,Study,Study year,GIV Mean,"
    "GIV SE,Experimental mean,Experimental SD,Experimental cases,Experimental N,Control mean,"
    "Control SD,Control cases,Control N,O-E,Variance,Weight,Mean,CI start,CI end,Footnotes"
)
# the columns of version 1, and what version 2 has beside or in place of them
OVERALL_1 = (
    "Analysis group,Analysis number,Analysis name,Analysis group name,Data type,Log-scale data,"
    "Statistical method,Effect measure,Analysis model,Subgroup estimates,Overall estimates,"
    "Test for subgroup differences,Swap event and non-event,Study CI,Estimate CI,Mean,CI start,"
    "CI end,Heterogeneity Tau²,Heterogeneity Chi²,Heterogeneity df,Heterogeneity P,"
    "Heterogeneity I²,Effect Z,Effect P,Subgroup Chi²,Subgroup df,Subgroup P,Subgroup I²,ID"
)
OVERALL_2 = f"{OVERALL_1},Heterogeneity estimator,CI method,CI/PI level,PI start,PI end,Effect T,"
OVERALL_2 += "Tau² CI,Tau² CI start,Tau² CI end"
SUBGROUP = (
    "Analysis group,Analysis number,Subgroup,Subgroup number,Weight,Mean,CI start,CI end,"
    "Heterogeneity Tau²,Heterogeneity Chi²,Heterogeneity df,Heterogeneity P,Heterogeneity I²,"
    "Effect Z,Effect T,Effect P,ID"
)


def table(columns, rows):
    """Return rows as CSV with a byte order mark, as RevMan writes it; others cells are empty."""
    file = io.StringIO()
    writer = csv.DictWriter(file, columns.split(","), restval="", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue().encode("utf-8-sig")


def package(path, analyses, rows, subgroups=(), version=1):
    """Write a data package: an archive in an archive, as the library hands it out."""
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        held = {
            "overall-estimates-and-settings": (OVERALL_2 if version == 2 else OVERALL_1, analyses),
            "data-rows": (ROW, rows),
            "subgroup-estimates": (SUBGROUP, subgroups),
        }
        for name, (columns, own) in held.items():
            archive.writestr(f"CD1-analysis-data/CD1-{name}.csv", table(columns, own))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("CD1/CD1-article.pdf", b"%PDF")
        archive.writestr("CD1/CD1-data.zip", inner.getvalue())
    return path


def key(number, name="Death"):
    """Return the cells that say which analysis a row is of."""
    group, _, own = number.partition(".")
    return {"Analysis group": group, "Analysis number": own, "Analysis name": name}


def settings(number, measure, **cells):
    """Return the row of an analysis with its settings; `cells` by column, others as usual."""
    usual = {
        "Data type": "Dichotomous",
        "Statistical method": "MH",
        "Effect measure": measure,
        "Analysis model": "Fixed effect",
        "Subgroup estimates": "true",
        "Overall estimates": "true",
        "Test for subgroup differences": "true",
        "Swap event and non-event": "false",
        "Study CI": "95%",
        "Estimate CI": "95%",
    }
    return key(number) | usual | cells


def printed(estimate, low, high, **cells):
    """Return the cells of a pooled result."""
    names = {"tau2": "Heterogeneity Tau²", "q": "Heterogeneity Chi²", "z": "Effect Z"}
    found = {"Mean": estimate, "CI start": low, "CI end": high}
    return found | {names[name]: value for name, value in cells.items()}


def counts(number, table_of, subgroup=""):
    """Return data rows of events and people: (events, people, events, people) by study."""
    return [
        key(number)
        | {
            "Study": study, "Study year": "2001", "Subgroup": subgroup,
            "Applicability": "SUBGROUP_AND_OVERALL", "Experimental cases": a, "Experimental N": n1,
            "Control cases": c, "Control N": n2,
        }
        for study, (a, n1, c, n2) in table_of.items()
    ]  # fmt: skip
