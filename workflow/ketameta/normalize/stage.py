"""The second stage: typed rows in, effects, derivations and ledger out."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ketameta.configuration import Configuration, Question, Variant
from ketameta.normalize import raters
from ketameta.normalize.checks.acknowledged import Rows, settled
from ketameta.normalize.checks.findings import Finding
from ketameta.normalize.choose import Choices
from ketameta.normalize.describe import coverage, reductions
from ketameta.normalize.inherit import inherited
from ketameta.normalize.ledger import Ledger
from ketameta.normalize.overlap import resolve
from ketameta.normalize.pairs import pairs
from ketameta.normalize.records import SEEN, Effect, Row, Trial
from ketameta.normalize.reported import directions, missing_results
from ketameta.normalize.trials import raw_rows, trials_of
from ketameta.tables import RESULT_TABLES, digests
from ketameta.tables.problems import Problem
from ketameta.tables.stages import STAGE_TABLES
from ketameta.vocabulary import vocabulary
from ketameta.vocabulary.narrowing import dosing, drug_route, named

if TYPE_CHECKING:
    import pyarrow as pa

Raw = dict[str, list[dict[str, Any]]]


def normalize(raw: Raw, configuration: Configuration) -> dict[str, pa.Table]:
    """Return the tables of this stage from the rows of ingest's tables."""
    import pyarrow as pa

    trials = trials_of(raw)
    rows = raw_rows(raw)
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    schemas = {name: s.arrow_schema() for name, s in STAGE_TABLES["normalize"].items()}
    fates = []
    configuration = configuration.asked(named(raw["claims"]))
    choices = Choices(trials, rows)
    for analysis in configuration:
        effects, ledger = effects_of(analysis.name, analysis.select, choices)
        own = [effect_row(analysis.name, analysis.select, effect) for effect in effects]
        found["effects"] += own
        for effect in effects:
            found["derivations"] += _derivation_rows(analysis.name, effect)
        asked, on = (analysis.name, analysis.select, trials), rows.on(analysis.select.outcome)
        found["missing_results"] += map(asdict, missing_results(*asked, effects, ledger))
        found["directions"] += map(asdict, directions(*asked, on.rows))
        fates.append(ledger.table(schemas["ledger"]))
        for variant in analysis.choices([row for row in own if row["marks"]]):
            if variant.select != analysis.select:
                found["variants"] += [
                    _variant_row(analysis.name, variant, effect)
                    for effect in effects_of(analysis.name, variant.select, choices)[0]
                ]
    found["rows"] = [_raw_row(row, trials[row["trial_id"]].label) for row in rows]
    problems = [Problem(**problem) for problem in raw["problems"]]
    checks, told = settled(raw, problems, found["effects"])
    found["findings"] = _findings(raw, checks)
    found["overview"] = _overview(raw, told)
    found["bias"] = bias_of(raw, trials)
    labels = {name: trial.label for name, trial in trials.items()}
    found["signalling"] = raters.answers(raw.get("rob2_answers", []), labels)
    found["arm_reductions"] = reductions(configuration, trials, rows)
    found["arm_pairs"] = pairs(configuration, trials, rows)
    found["evidence_map"] = coverage(trials, rows)
    tables = {name: pa.Table.from_pylist(found[name], schema=schemas[name]) for name in schemas}
    return tables | {"ledger": pa.concat_tables(fates)}


def _findings(raw: Raw, findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """Return findings with what they are about, whatever their lines: it tells them apart later."""
    rows = Rows(raw)
    return [
        asdict(finding) | {"table": about.table, "at": sorted(map(_place, about.at))}
        for finding in findings
        for about in [rows.warned(finding)]
    ]


def _place(where: tuple[str, str, str]) -> str:
    return " / ".join(filter(None, where))


def effects_of(name: str, question: Question, choices: Choices) -> tuple[list[Effect], Ledger]:
    """Return the effects of one analysis and the fate of every row in it.

    Raises KeyError where nothing was noted for a row: that would be a silent drop.
    """
    effects, ledger = choices.chosen(name, question)
    chosen = resolve(effects, ledger)
    ledger.check()
    return chosen, ledger


def bias_of(raw: Raw, trials: dict[str, Trial]) -> list[dict[str, Any]]:
    """Return the judgements of risk of bias: published, by raters' answers, and taken over."""
    published = [{**row, "best": row["judgement"]} for row in raw["risk_of_bias"]]
    judged = published + raters.judgements(raw.get("rob2_answers", []))
    return judged + inherited(judged, trials)


def _distinct(words: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(word for word in words if word))


def _given(effect: Effect) -> tuple[list[str], list[str]]:
    """Return the treatments and the routes of the treated arms, each once."""
    treatments = list(dict.fromkeys(arm.treatment for arm in effect.treated))
    return treatments, list(dict.fromkeys(arm.route for arm in effect.treated))


def effect_row(name: str, question: Question, effect: Effect) -> dict[str, Any]:
    """Return an effect as a row of the table effects."""
    trial = effect.trial
    flags = vocabulary().flag_rule
    marks = dict.fromkeys(
        row["flag"]
        for row in effect.rows
        if row["flag"] and (flags(row["flag"]) or {"use": "marked"})["use"] != "never"
    )
    return {
        "analysis": name,
        "trial_id": trial.trial_id,
        "label": trial.label,
        "year": trial.year,
        "population": trial.population,
        "design": trial.design,
        "measure": question.measure,
        "yi": effect.yi,
        "vi": effect.vi,
        "comparison": effect.comparison,
        "shared": effect.shared,
        "people": effect.people,
        "n_t": effect.n_t,
        "n_c": effect.n_c,
        "events_t": effect.events_t,
        "events_c": effect.events_c,
        "mean_t": effect.mean_t,
        "sd_t": effect.sd_t,
        "mean_c": effect.mean_c,
        "sd_c": effect.sd_c,
        "treatment": _distinct(arm.treatment for arm in effect.treated),
        "dose": _distinct(arm.dose for arm in effect.treated),
        "route": _distinct(arm.route for arm in effect.treated),
        "drug_route": drug_route(*_given(effect)),
        "n_doses": _distinct(dosing(arm.n_doses) for arm in effect.treated),
        "control": _distinct(arm.treatment for arm in effect.control),
        "comparator_class": effect.comparator_class,
        "hour": effect.hour,
        "scale": effect.scale,
        "definition": effect.definition,
        "analysis_set": effect.analysis_set,
        "basis": effect.basis,
        "seen": max((row["seen"] for row in effect.rows), key=SEEN.index, default=None),
        "assumptions": list(effect.assumptions),
        "marks": list(marks),
        "rows": list(dict.fromkeys(row.key for row in effect.rows)),
    }


def _variant_row(name: str, variant: Variant, effect: Effect) -> dict[str, Any]:
    return {
        "analysis": name,
        "variant": variant.name,
        "trial_id": effect.trial.trial_id,
        "comparison": effect.comparison,
        "shared": effect.shared,
        "yi": effect.yi,
        "vi": effect.vi,
        "people": effect.people,
        "n_t": effect.n_t,
        "n_c": effect.n_c,
        "events_t": effect.events_t,
        "events_c": effect.events_c,
    }


def _derivation_rows(name: str, effect: Effect) -> list[dict[str, Any]]:
    return [
        {
            "analysis": name,
            "trial_id": effect.trial.trial_id,
            "comparison": effect.comparison,
            "step": number,
            "what": step.what,
            "formula": step.formula,
            "result": step.result,
            "source": step.source,
            "assumption": step.assumption,
            "rows": list(step.rows),
        }
        for number, step in enumerate(effect.steps, start=1)
    ]


def _raw_row(row: Row, label: str) -> dict[str, Any]:
    arm = row["arm_id"] if row.table == "outcomes" else f"{row['arm_t']} against {row['arm_c']}"
    own = {"label": label, "arm_id": arm}
    names = STAGE_TABLES["normalize"]["rows"].names
    return {name: own[name] if name in own else row[name] for name in names}


def _overview(raw: Raw, problems: list[Problem]) -> list[dict[str, str]]:
    """Count what the data hold, and carry the digests of its cells to the page of changes."""
    sections: list[tuple[str, str, object]] = [("data", "data hash", digests.data_hash(raw))]
    sections += [(digests.TRIALS, *pair) for pair in digests.digests(raw).items()]
    sections += [("tables", table, len(raw[table])) for table in RESULT_TABLES if table in raw]
    own = [t for t in raw["trials"] if not t["part_of"]]
    sections.append(("trials", "trial reports", len(raw["trials"])))
    sections.append(
        ("trials", "reports that share no patients with a report they are part of", len(own))
    )
    sections.append(
        ("trials", "people randomised in these", sum(t["n_randomised"] or 0 for t in own))
    )
    sections.append(
        (
            "trials",
            "of these, without a number of people randomised",
            sum(t["n_randomised"] is None for t in own),
        )
    )
    labels = vocabulary().words("populations")
    for population, count in Counter(t["population"] for t in own).most_common():
        sections.append(("populations", labels[population], count))
    for treatment, count in Counter(a["treatment"] for a in raw["arms"]).most_common():
        sections.append(("arms", treatment, count))
    for problem in problems:
        place = f"{problem.file}:{problem.line} {problem.column}".strip()
        reason = f"; acknowledged: {problem.acknowledged}" if problem.acknowledged else ""
        severity = "acknowledged" if reason else problem.severity
        sections.append((severity, place, problem.message + reason))
    return [{"section": s, "item": i, "value": str(v)} for s, i, v in sections]
