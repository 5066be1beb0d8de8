"""The data rows of Cochrane's RevMan: one study of one analysis of a review.

The columns are those of the file ``…-data-rows.csv`` in the data package of a review (versions 1
and 2 of Cochrane's specification). Columns on risk of bias may follow; they are passed over. Copies
that went through R have dots in their names and only the columns that were filled.
"""

from __future__ import annotations

from typing import Any

from ketameta.tables.columns import Column, TableSchema

_COUNT: dict[str, Any] = dict(unit="people", minimum=0, maximum=1_000_000_000)
_VALUE: dict[str, Any] = dict(unit="as the analysis", minimum=-1e12, maximum=1e12)
_SPREAD: dict[str, Any] = {**_VALUE, "minimum": 0}
_WHICH: dict[str, Any] = dict(minimum=1, maximum=100_000, required=True)

APPLIES = r"[A-Z_]*(SUBGROUP|OVERALL)[A-Z_]*"


def _arm(arm: str) -> tuple[Column, ...]:
    return (
        Column(f"{arm} mean", "number", "mean", optional=True, **_VALUE),
        Column(f"{arm} SD", "number", "standard deviation", optional=True, **_SPREAD),
        Column(f"{arm} cases", "number", "people with the event", optional=True, **_COUNT),
        Column(f"{arm} N", "number", "people analysed", optional=True, **_COUNT),
    )


# columns that say something together alone: a file has all of a group or none
TOGETHER = (
    ("Experimental mean", "Experimental SD", "Control mean", "Control SD"),
    ("Experimental cases", "Control cases"),
    ("Experimental N", "Control N"),
    ("GIV Mean", "GIV SE"),
    ("O-E", "Variance"),
)


DATA_ROWS = TableSchema(
    "data-rows",
    "Data rows of RevMan",
    "one study of one analysis",
    (
        Column("Analysis group", "integer", "number of the comparison", **_WHICH),
        Column("Analysis number", "integer", "number of the analysis in it", **_WHICH),
        Column("Analysis name", "text", "name of the analysis"),
        Column("Subgroup", "text", "name of the subgroup", optional=True),
        Column("Subgroup number", "integer", "its number", minimum=1, optional=True),
        Column(
            "Applicability",
            "text",
            "which estimates the row counts for",
            pattern=APPLIES,
            pattern_meaning="OVERALL, SUBGROUP or SUBGROUP_AND_OVERALL",
            optional=True,
        ),
        Column("Study", "text", "name of the study, mostly author and year", required=True),
        Column("Study year", "text", "year of the study", optional=True),
        Column("GIV Mean", "number", "estimate, a ratio as its log", optional=True, **_VALUE),
        Column("GIV SE", "number", "its standard error", optional=True, **_SPREAD),
        *_arm("Experimental"),
        *_arm("Control"),
        Column("O-E", "number", "observed minus expected events", optional=True, **_VALUE),
        Column("Variance", "number", "variance of O-E", optional=True, **_SPREAD),
        Column("Weight", "number", "weight in the review", optional=True, **_SPREAD),
        Column("Mean", "number", "effect as the forest plot shows it", **_VALUE),
        Column("CI start", "number", "lower end of its interval", **_VALUE),
        Column("CI end", "number", "upper end of its interval", **_VALUE),
        Column("Footnotes", "text", "footnotes", optional=True),
    ),
    foreign=True,
)
