"""The third stage: effects in, syntheses out, with all that the report shows of each."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from ketameta.configuration import Analysis, Configuration
from ketameta.normalize.ledger import REASONS
from ketameta.storage import content_id
from ketameta.synthesize.pool import between, intervals, normal_interval, pooled, weights
from ketameta.synthesize.scales import favours, natural
from ketameta.tables.stages import STAGE_TABLES
from ketameta.vocabulary import vocabulary

if TYPE_CHECKING:
    import pyarrow as pa

Record = dict[str, Any]


def synthesize(
    tables: dict[str, list[Record]], configuration: Configuration
) -> dict[str, pa.Table]:
    """Return the tables of this stage from the rows of normalize's tables."""
    import pyarrow as pa

    found: dict[str, list[Record]] = defaultdict(list)
    effects = _by(tables["effects"], "analysis")
    steps = _by(tables["derivations"], "analysis", "trial_id", "comparison")
    variants = _by(tables["variants"], "analysis", "variant")
    raw = {(row["file"], row["line"]): row for row in tables["rows"]}
    ledger = _by(tables["ledger"], "analysis")
    labels = {row["trial_id"]: row["label"] for row in tables["rows"]}
    for analysis in configuration:
        own = sorted(effects[analysis.name,], key=lambda e: (e["year"] or 9999, e["trial_id"]))
        found["syntheses"].append(_synthesis(analysis, own))
        found["subgroups"] += _subgroups(analysis, own)
        found["studies"] += _studies(analysis, own, steps, raw)
        found["sensitivity"] += _sensitivity(analysis, own, variants)
        found["exclusions"] += _exclusions(analysis, own, ledger[analysis.name,], labels)
        found["left_out"] += _left_out(analysis, own, ledger[analysis.name,], raw)
    found["findings"] = tables["number_checks"]
    found["summary"] = tables["overview"] + _use(tables["ledger"])
    return {
        name: pa.Table.from_pylist(found[name], schema=schema.arrow_schema())
        for name, schema in STAGE_TABLES["synthesize"].items()
    }


def _by(rows: list[Record], *names: str) -> dict[tuple[Any, ...], list[Record]]:
    groups: dict[tuple[Any, ...], list[Record]] = defaultdict(list)
    for row in rows:
        groups[tuple(row[name] for name in names)].append(row)
    return groups


def _synthesis(analysis: Analysis, effects: list[Record]) -> Record:
    record = {"analysis": analysis.name, **pooled(analysis.select.measure, effects, analysis.model)}
    record["data_hash"] = content_id(effects)
    record["favours"] = favours(analysis.select.measure, analysis.select.outcome)
    record |= intervals(effects, analysis.model)
    groups = _groups(analysis, effects)
    return record | between(groups, analysis.model)


def _sensitivity(
    analysis: Analysis, effects: list[Record], variants: dict[tuple[Any, ...], list[Record]]
) -> list[Record]:
    """Pool the analysis once more under each other defensible choice."""
    result = []
    for variant in analysis.variants:
        same = variant.select == analysis.select
        others = effects if same else variants[analysis.name, variant.name]
        result.append(
            {
                "analysis": analysis.name,
                "variant": variant.name,
                **pooled(variant.select.measure, others, variant.model),
            }
        )
    return result


def group_of(analysis: Analysis, effect: Record) -> str:
    """Return the subgroup of an effect; empty where the analysis has none."""
    return str(effect[analysis.model.subgroup] or "") if analysis.model.subgroup else ""


def _groups(analysis: Analysis, effects: list[Record]) -> dict[str, list[Record]]:
    """Return the effects by subgroup, in the order of the vocabulary; none where there is one."""
    groups = _by([{**e, "subgroup": group_of(analysis, e)} for e in effects], "subgroup")
    lists = {
        "comparator_class": "comparator_classes",
        "population": "populations",
        "treatment": "treatments",
    }
    order = (
        list(vocabulary().words(lists[analysis.model.subgroup])) if analysis.model.subgroup else []
    )
    names = sorted(groups, key=lambda g: (order.index(g[0]) if g[0] in order else len(order), g))
    return {name[0]: groups[name] for name in names}


def _subgroups(analysis: Analysis, effects: list[Record]) -> list[Record]:
    groups = _groups(analysis, effects)
    if len(groups) < 2:
        return []
    return [
        {
            "analysis": analysis.name,
            "subgroup": name,
            **pooled(analysis.select.measure, members, analysis.model),
        }
        for name, members in groups.items()
    ]


def _studies(
    analysis: Analysis,
    effects: list[Record],
    steps: dict[tuple[Any, ...], list[Record]],
    raw: dict[tuple[str, int], Record],
) -> list[Record]:
    result = []
    measure = analysis.select.measure
    for effect, weight in zip(effects, weights(effects, analysis.model), strict=True):
        low, high = normal_interval(effect["yi"], effect["vi"], analysis.model.level)
        own_steps = steps[analysis.name, effect["trial_id"], effect["comparison"]]
        evidence = []
        for key in effect["rows"]:
            file, _, line = key.rpartition(":")
            evidence.append(json.dumps(raw[file, int(line)], ensure_ascii=False))
        keep = ("what", "formula", "result", "source", "assumption", "rows")
        result.append(
            {
                **effect,
                "subgroup": group_of(analysis, effect),
                "weight": weight,
                "effect": natural(measure, effect["yi"]),
                "ci_low": natural(measure, low),
                "ci_high": natural(measure, high),
                "steps": [
                    json.dumps({name: step[name] for name in keep}, ensure_ascii=False)
                    for step in sorted(own_steps, key=lambda s: s["step"])
                ],
                "evidence": evidence,
            }
        )
    return result


# reasons that say no more than that a row is about something else
_ELSEWHERE = ("other outcome", "other population", "other treatment", "used")


def _exclusions(
    analysis: Analysis, effects: list[Record], ledger: list[Record], labels: dict[str, str]
) -> list[Record]:
    """One row a trial that has rows on the outcome and population, and no effect."""
    order = list(REASONS)
    inside = {e["trial_id"] for e in effects}
    rows: dict[str, list[Record]] = defaultdict(list)
    for entry in ledger:
        if entry["trial_id"] not in inside and entry["reason"] not in _ELSEWHERE:
            rows[entry["trial_id"]].append(entry)
    result = []
    for trial_id in sorted(rows):
        furthest = max(rows[trial_id], key=lambda e: order.index(e["reason"]))
        same = [e for e in rows[trial_id] if e["reason"] == furthest["reason"]]
        result.append(
            {
                "analysis": analysis.name,
                "trial_id": trial_id,
                "label": labels[trial_id],
                "reason": REASONS[furthest["reason"]],
                "detail": "; ".join(dict.fromkeys(e["detail"] for e in same if e["detail"])),
                "rows": [f"{e['file']}:{e['line']}" for e in same],
            }
        )
    return result


def _left_out(
    analysis: Analysis,
    effects: list[Record],
    ledger: list[Record],
    raw: dict[tuple[str, int], Record],
) -> list[Record]:
    """List the rows of pooled trials that met every condition and gave no number."""
    inside = {e["trial_id"] for e in effects}
    wanted = ("not usable", "no comparison", "other comparator", "same people")
    result = []
    for entry in ledger:
        if entry["trial_id"] in inside and entry["reason"] in wanted:
            row = raw[entry["file"], entry["line"]]
            result.append(
                {
                    "analysis": analysis.name,
                    "trial_id": entry["trial_id"],
                    "label": row["label"],
                    "row": f"{entry['file']}:{entry['line']}",
                    "arm_id": row["arm_id"],
                    "reason": REASONS[entry["reason"]],
                    "detail": entry["detail"],
                }
            )
    return result


def _use(ledger: list[Record]) -> list[Record]:
    """Count in how many analyses raw rows were used, and why they were not."""
    used = {(e["file"], e["line"]) for e in ledger if e["used"]}
    every = {(e["file"], e["line"]) for e in ledger}
    counts: list[tuple[str, str, int]] = [
        ("use of rows", "raw rows of outcomes and contrasts", len(every)),
        ("use of rows", "used in at least one analysis", len(used)),
        ("use of rows", "used in none", len(every - used)),
    ]
    reasons = Counter(e["reason"] for e in ledger if e["reason"] not in ("other outcome", "used"))
    for reason, count in reasons.most_common():
        counts.append(("reasons, row × analysis", REASONS[reason], count))
    return [{"section": s, "item": i, "value": str(v)} for s, i, v in counts]
