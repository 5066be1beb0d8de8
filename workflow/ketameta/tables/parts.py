"""Columns that several tables between the stages share."""

from __future__ import annotations

from dataclasses import replace

from ketameta.tables.columns import Column, TableSchema

ANALYSIS = Column("analysis", "id", "analysis of the configuration", required=True)
TRIAL = Column("trial_id", "id", "trial report", required=True)
FILE = Column("file", "text", "file of data/raw", required=True)
LINE = Column("line", "integer", "line of the file on which the row starts", required=True)
ENTERED = Column("entered", "text", "the cells as entered, JSON", required=True)

SCALE = "scale of the analysis: log for RR and OR, logit for PLO, per cent for PCTRED"

ESTIMATE_COLUMNS = (
    Column("measure", "text", "effect measure", required=True),
    Column("k", "integer", "trials with an effect", unit="trials", required=True),
    Column("n", "integer", "people behind the effects", unit="people", required=True),
    *(
        Column(name + end, "number", text + where, unit=unit)
        for end, where, unit in (
            ("", ", natural scale (ratio, per cent, points)", "as the measure"),
            ("_log", ", log scale (log odds for proportions); empty where there is none", "log"),
        )
        for name, text in (
            ("estimate", "pooled effect"),
            ("ci_low", "lower end of its interval"),
            ("ci_high", "upper end of its interval"),
            ("pi_low", "lower end of the prediction interval"),
            ("pi_high", "upper end of the prediction interval"),
        )
    ),
    Column("se", "number", "standard error that the interval uses", unit=SCALE),
    Column("p", "number", "two-sided p of no effect"),
    Column("tau2", "number", "variance of the true effects", unit="square of the " + SCALE),
    Column("tau2_low", "number", "its interval (Q-profile), lower", unit="square"),
    Column("tau2_high", "number", "its interval (Q-profile), upper", unit="square"),
    Column("i2", "number", "share of the variance that is between trials", unit="per cent"),
    Column("i2_low", "number", "its interval, lower", unit="per cent"),
    Column("i2_high", "number", "its interval, upper", unit="per cent"),
    Column("i2_q", "number", "the classical I², from Q", unit="per cent"),
    Column("q", "number", "Cochran's Q"),
    Column("q_df", "integer", "degrees of freedom of Q"),
    Column("q_p", "number", "p of homogeneity"),
    Column("model", "text", "estimator of tau² and rule of the interval", required=True),
)


def with_place(table: TableSchema) -> TableSchema:
    """Return a raw table's schema as ingest writes it: with place and cells as entered."""
    return replace(table, columns=(FILE, LINE, *table.columns, ENTERED))
