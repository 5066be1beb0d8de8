"""The tables that each stage makes, by the stage: as classes of rows and as schemas."""

from __future__ import annotations

from ketameta.tables.columns import TableSchema
from ketameta.tables.diagnostics import (
    AsymmetryRow,
    CourseRow,
    DiagnosticRow,
    EarlierRow,
    JudgementRow,
    PairRow,
    PairSynthesisRow,
    RaterAgreementRow,
)
from ketameta.tables.effects import (
    ArmPairRow,
    ArmReductionRow,
    BiasRow,
    DerivationRow,
    DirectionRow,
    EffectRow,
    EvidenceMapRow,
    FindingRow,
    LedgerRow,
    MissingResultRow,
    ProblemRow,
    ResultRow,
    SignallingRow,
    VariantRow,
)
from ketameta.tables.overview import CountRow, DataRow, DigestRow, WarningRow
from ketameta.tables.raw import OPTIONAL_TABLES, RAW_KINDS
from ketameta.tables.syntheses import (
    AbsoluteRow,
    ClaimTestRow,
    ControlShareRow,
    ExclusionRow,
    PointsRow,
    ReasonRow,
    RowUseRow,
    SensitivityRow,
    SplitRow,
    StudyRow,
    SubgroupRow,
    SynthesisRow,
    UnusedRow,
)
from ketameta.tables.table import Row, schema_of
from ketameta.tables.verdicts import (
    CertaintyRow,
    ClaimVerdictRow,
    FindingStateRow,
    SummaryOfFindingsRow,
    UnreadWeightRow,
)

Kinds = tuple[type[Row], ...]
_KINDS: dict[str, Kinds] = {
    "ingest": (ProblemRow, *(RAW_KINDS[name] for name in OPTIONAL_TABLES)),
    "normalize": (
        *(EffectRow, VariantRow, DerivationRow, LedgerRow, ResultRow, FindingRow),
        *(DataRow, DigestRow, CountRow, WarningRow, ArmPairRow, MissingResultRow, DirectionRow),
        *(BiasRow, SignallingRow, ArmReductionRow, EvidenceMapRow),
    ),
    "synthesize": (
        *(SynthesisRow, SubgroupRow, SplitRow, SensitivityRow, StudyRow, ExclusionRow),
        *(UnusedRow, AbsoluteRow, PointsRow, ClaimTestRow, ControlShareRow),
        *(RowUseRow, ReasonRow, JudgementRow, DiagnosticRow, AsymmetryRow, CourseRow),
        *(PairRow, PairSynthesisRow, EarlierRow, RaterAgreementRow),
    ),
    "report": (
        *(CertaintyRow, ClaimVerdictRow, SummaryOfFindingsRow),
        *(FindingStateRow, UnreadWeightRow),
    ),
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
