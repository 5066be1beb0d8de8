"""The tables that each stage makes, by the stage: as classes of rows and as schemas."""

from __future__ import annotations

from types import ModuleType

from ketameta.tables import (
    assessed,
    bayes,
    characteristics,
    courses,
    diagnostics,
    effects,
    looks,
    missing_outcomes,
    moderators,
    multiverse,
    networks,
    prisma,
    small_study,
    syntheses,
    verdicts,
    what_if,
)
from ketameta.tables.columns import TableSchema
from ketameta.tables.problems import ProblemRow
from ketameta.tables.raw import OPTIONAL_TABLES, RAW_KINDS
from ketameta.tables.table import Row, schema_of

Kinds = tuple[type[Row], ...]


def _defined_in(*modules: ModuleType) -> Kinds:
    """Return the tables that modules define, in the order in which they stand."""
    every = ((module, kind) for module in modules for kind in vars(module).values())
    return tuple(
        kind
        for module, kind in every
        if isinstance(kind, type) and issubclass(kind, Row) and kind.__module__ == module.__name__
    )


_KINDS: dict[str, Kinds] = {
    "ingest": (ProblemRow, *(RAW_KINDS[name] for name in OPTIONAL_TABLES)),
    "normalize": _defined_in(effects, assessed),
    "synthesize": _defined_in(
        *(
            syntheses,
            diagnostics,
            bayes,
            looks,
            moderators,
            multiverse,
            courses,
            networks,
            small_study,
            what_if,
            missing_outcomes,
        )
    ),
    "report": _defined_in(verdicts, characteristics, prisma),
}
STAGE_KINDS: dict[str, dict[str, type[Row]]] = {
    stage: {schema_of(kind).name: kind for kind in kinds} for stage, kinds in _KINDS.items()
}
STAGE_TABLES: dict[str, dict[str, TableSchema]] = {
    stage: {name: schema_of(kind) for name, kind in kinds.items()}
    for stage, kinds in STAGE_KINDS.items()
}

# what a run makes before the report, by the name of its file
MADE_KINDS: dict[str, type[Row]] = {
    **RAW_KINDS,
    **STAGE_KINDS["ingest"],
    **STAGE_KINDS["normalize"],
    **STAGE_KINDS["synthesize"],
}
