"""An R script that holds the numbers of every analysis and computes them again in metafor."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ketameta import __version__
from ketameta.configuration import Analysis, Configuration, Model
from ketameta.estimators import ESTIMATORS
from ketameta.measures import MEASURES, PLAIN
from ketameta.methods import COMMON, NEED_ONE_MEAN
from ketameta.moderators import ARMS, CURVED, DOSE, MODERATORS
from ketameta.report import about, verify_effects
from ketameta.report.r_code import call, named_list, named_vector, r_number, text, texts, vector
from ketameta.report.traces import Traces
from ketameta.report.verify_effects import COUNTS, columns, with_counts
from ketameta.synthesize.designs import design_of
from ketameta.synthesize.words import group_of
from ketameta.tables.collection import Tables, of_analyses
from ketameta.tables.diagnostics import AsymmetryRow, PairRow, PairSynthesisRow, TrustRow
from ketameta.tables.effects import ResultRow
from ketameta.tables.fits import Engine
from ketameta.tables.moderators import CoefficientRow, ModeratedRow, RegressionRow
from ketameta.tables.parts import Estimate
from ketameta.tables.syntheses import (
    AbsoluteRow,
    PointsRow,
    SensitivityRow,
    SplitRow,
    StudyRow,
    SubgroupRow,
    SynthesisRow,
)
from ketameta.tables.trust import WITHOUT_SERIOUS, doubted, trusted

HEADS = ("verify_head.R", "verify_effects.R")
# rules as metafor names its tests; that of `auto` is found again in R
_TESTS = {"wald": "z", "hksj": "knha", "hksj-adhoc": "adhoc", "auto": "auto"}
_TESTS |= {rule: rule for rule in NEED_ONE_MEAN}
_BOUNDS = ("estimate", "ci_low", "ci_high", "pi_low", "pi_high")
_PLAIN = ("se", "tau2", "tau2_low", "tau2_high", "i2", "i2_low", "i2_high", "q", "q_p")
_SIDES = tuple(f"{rule}_{end}" for rule in ("wald", "hksj", "floored") for end in ("low", "high"))
_OWN = (
    *(SynthesisRow, StudyRow, SubgroupRow, SplitRow, SensitivityRow, AbsoluteRow, PointsRow),
    *(AsymmetryRow, PairRow, PairSynthesisRow, RegressionRow, CoefficientRow, ModeratedRow),
    TrustRow,
)
_TAIL = """
cat(sprintf("\\n%d of %d trial effects computed again from the numbers of their arms\\n",
            recomputed, effects))
cat(sprintf("%d numbers compared, %d differ\\n", compared, wrong))
if (unfitted > 0) cat(sprintf("fits that metafor gave up: %d, named above\\n", unfitted))
quit(status = if (wrong > 0) 1 else 0)
"""


def verify_script(
    tables: Tables, configuration: Configuration, data_hash: str, release: str = ""
) -> str:
    """Return the script: helpers, the calls of each analysis, and the exit status.

    `release` is the version of the release that the report is, if it is one.
    """
    parts = [(Path(__file__).parent / head).read_text(encoding="utf-8") for head in HEADS]
    cited = about.citation(configuration.review, __version__, data_hash, release)
    # in one line, whatever the title is
    parts.append(f"# {' '.join(cited.split())}\n")
    parts.append(f'cat("data hash {data_hash}\\n\\n")\n')
    own_of = of_analyses(tables, _OWN)
    traces, effects = Traces((), tables[ResultRow]), 0
    for analysis in configuration:
        own = own_of(analysis.name)
        effects += len(own[StudyRow])
        parts.append(_analysis(analysis, own, traces))
    return "".join(parts) + f"effects <- {effects}\n" + _TAIL


def _analysis(analysis: Analysis, own: Tables, traces: Traces) -> str:
    (record,), studies = own[SynthesisRow], own[StudyRow]
    parts = [
        _fit(analysis.name, analysis.model, record, studies),
        verify_effects.trial_effects(analysis, studies, traces),
    ]
    if record.estimate is not None:
        parts += [
            *(_split(analysis, record, row, own) for row in own[SplitRow]),
            *(_variant(analysis, row, own) for row in own[SensitivityRow]),
            verify_effects.absolute_effects(analysis, record, studies, own[AbsoluteRow]),
            verify_effects.standardised_points(analysis, record, studies, own[PointsRow]),
            _pairs(analysis, own),
            *(_regression(analysis, row, own) for row in own[RegressionRow]),
            verify_effects.small_studies(analysis, studies, own[AsymmetryRow]),
        ]
    return "".join(parts)


def _fit(name: str, model: Model, record: Estimate, studies: Sequence[StudyRow]) -> str:
    """Fit one synthesis again by the model that gave it."""
    if record.estimate is None:
        return f"cat({text(f'{name}: nothing pooled')}, fill = TRUE)\n"
    shared = {
        "name": text(name),
        **columns({"yi": "yi", "vi": "vi"}, studies),
        "level": r_number(model.level),
    }
    ours = {"ours": _ours(record)}
    if len(studies) == 1:
        return call("one_trial", shared | ours)
    if any(s.shared is not None for s in studies):
        levels = {
            "shared": vector([s.shared or 0.0 for s in studies]),
            "trial": texts([s.trial_id for s in studies]),
        }
        return call("three_levels", shared | levels | ours)
    if Engine(record.engine).of_counts and record.engine != Engine.GLMM:
        return _of_tables(name, model, record, studies)
    search = {"method": _estimator(model), "prediction": text(model.prediction)}
    if record.engine == Engine.GLMM:
        people = columns({"xi": "events_t", "ni": "n_t"}, studies)
        return call("proportions", shared | people | search | ours)
    return call("normal_normal", shared | search | {"test": text(_TESTS[model.interval])} | ours)


def _estimator(model: Model) -> str:
    # of another one metafor says itself that it does not know it
    return text(ESTIMATORS[model.tau2].metafor or model.tau2)


def _of_tables(name: str, model: Model, record: Estimate, studies: Sequence[StudyRow]) -> str:
    """Pool counts of two arms again; `way` is what metafor calls the model."""
    engine, mixed = Engine(record.engine), Engine(record.engine).mixed
    function = {
        Engine.PETO: "peto",
        Engine.MANTEL_HAENSZEL: "mantel_haenszel",
        Engine.BETA_BINOMIAL: "beta_binomial",
    }
    several = engine in (Engine.MANTEL_HAENSZEL, Engine.BETA_BINOMIAL)
    measure = {"measure": text(record.measure)} if several else {}
    search = {"way": text(engine), "prediction": text(model.prediction)} if mixed else {}
    return call(
        function.get(engine, "odds_ratios"),
        {
            "name": text(name),
            **measure,
            **columns(COUNTS, with_counts(studies)),
            **search,
            "level": r_number(model.level),
            "ours": _ours(record),
        },
    )


def _variant(analysis: Analysis, row: SensitivityRow, own: Tables) -> str:
    """Fit another choice again where it pools the same effects, or fewer trials of them."""
    studies = own[StudyRow]
    if row.variant == WITHOUT_SERIOUS and row.estimate is not None:
        kept = trusted(studies, doubted(own[TrustRow]))
        return _fit(f"{analysis.name}: {row.variant}", analysis.model, row, kept)
    variant = next((v for v in analysis.variants if v.name == row.variant), None)
    if variant is None or variant.select != analysis.select or row.estimate is None:
        return ""
    return _fit(f"{analysis.name}: {variant.name}", variant.model, row, studies)


def _pairs(analysis: Analysis, own: Tables) -> str:
    """Pool the differences of treated and control arms again."""
    rows = [row for row in own[PairRow] if row.ci_low is not None]
    names = ("estimate", "ci_low", "ci_high", "treated", "control", "share")
    return "".join(
        call(
            "pairs_of_arms",
            {
                "name": text(f"{analysis.name}, pairs"),
                **columns({"treated": "treated", "control": "control"}, rows),
                **columns({"low": "ci_low", "high": "ci_high"}, rows),
                "method": _estimator(analysis.model),
                "test": text(_TESTS[analysis.model.interval]),
                "level": r_number(analysis.model.level),
                "ours": named_vector({name: getattr(found, name) for name in names}),
            },
        )
        for found in own[PairSynthesisRow]
        if found.estimate is not None
    )


def _regression(analysis: Analysis, row: RegressionRow, own: Tables) -> str:
    """Regress the effects again, on the values that the trials have."""
    if row.failure:
        return ""
    if row.model in (ARMS, CURVED):
        return _arms(analysis, row, own)
    names = row.moderators
    told = {
        (v.moderator, v.trial_id, v.comparison): v.level if v.number is None else v.number
        for v in own[ModeratedRow]
    }
    here = [
        (s, values)
        for s in own[StudyRow]
        if None not in (values := [told.get((n, s.trial_id, s.comparison)) for n in names])
    ]
    design = design_of(names, {n: [values[i] for _, values in here] for i, n in enumerate(names)})
    terms = [one for one in own[CoefficientRow] if one.model == row.model]
    return call(
        "meta_regression",
        {
            "name": text(f"{analysis.name} on {row.model}"),
            **columns({"yi": "yi", "vi": "vi"}, [study for study, _ in here]),
            "x": f"list({', '.join(vector(column) for column in design.columns)})",
            "method": _estimator(analysis.model),
            "test": text(_TESTS[row.rule or "auto"]),
            "level": r_number(analysis.model.level),
            **{
                name: vector([getattr(one, name) for one in terms])
                for name in ("estimate", "se", "ci_low", "ci_high", "p")
            },
            "ours": named_vector(
                {name: getattr(row, name) for name in ("tau2", "i2", "r2", "qm", "qm_p")}
            ),
        },
    )


def _arms(analysis: Analysis, row: RegressionRow, own: Tables) -> str:
    """Regress the effects of all arms on their doses again, with the covariance of a trial's."""
    arms = [value for value in own[ModeratedRow] if value.moderator == ARMS]
    terms = [one for one in own[CoefficientRow] if one.model == row.model]
    return call(
        "arms_by_dose",
        {
            "name": text(f"{analysis.name} on {row.model}"),
            "yi": vector([arm.yi for arm in arms]),
            "vi": vector([arm.vi for arm in arms]),
            "shared": vector([arm.shared or 0.0 for arm in arms]),
            "trial": texts([arm.trial_id for arm in arms]),
            "dose": vector([arm.number for arm in arms]),
            "step": r_number(MODERATORS[DOSE].step),
            "bends": "TRUE" if row.model == CURVED else "FALSE",
            "level": r_number(analysis.model.level),
            **{name: vector([getattr(one, name) for one in terms])
               for name in ("estimate", "se", "ci_low", "ci_high")},
            "tau2": r_number(row.tau2),
        },
    )  # fmt: skip


def _split(analysis: Analysis, record: SynthesisRow, row: SplitRow, own: Tables) -> str:
    """Pool the groups of a split again, and test between them."""
    split, studies, model = row.split, own[StudyRow], analysis.model
    name = f"{analysis.name} by {split}"
    groups = [g for g in own[SubgroupRow] if g.split == split]
    labels = [group_of(split, s) for s in studies]
    test = record if record.split == split else None
    q, p = (test.between_q, test.between_p) if test else (row.q, row.p)
    shared = {
        "name": text(name),
        **columns({"yi": "yi", "vi": "vi"}, studies),
        "method": _estimator(model),
        "group": texts(labels),
        "q": r_number(q),
        "p": r_number(p),
    }
    if row.tau2_groups == COMMON:
        ours = {g.subgroup: _ends(g) for g in groups if g.subgroup}
        rule = {"rule": text(_TESTS[model.interval]), "level": r_number(model.level)}
        return call("common_groups", shared | rule | {"ours": named_list(ours)})
    parts = [call("separate_groups", shared)]
    for group in groups:
        members = [s for s, label in zip(studies, labels, strict=True) if label == group.subgroup]
        parts.append(_fit(f"{name}: {group.subgroup}", model, group, members))
    return "".join(parts)


def _ends(group: SubgroupRow) -> str:
    log = "_log" if MEASURES[group.measure].transform is not PLAIN else ""
    ends = [getattr(group, f"{name}{log}") for name in ("estimate", "ci_low", "ci_high")]
    return vector([*ends, group.tau2])


def _ours(record: Estimate) -> str:
    """Return our numbers on the analysis scale as a named vector."""
    log = "_log" if MEASURES[record.measure].transform is not PLAIN else ""
    values = {name: getattr(record, name + log) for name in _BOUNDS}
    return named_vector(values | {name: getattr(record, name, None) for name in (*_PLAIN, *_SIDES)})
