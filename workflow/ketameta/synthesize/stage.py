"""The third stage: effects in, syntheses out, with all that the report shows of each."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from ketameta.configuration import Analysis, Configuration
from ketameta.measures import MEASURES
from ketameta.normalize.ledger import REASONS
from ketameta.storage import content_id
from ketameta.synthesize.absolute import points, risks
from ketameta.synthesize.claims import control_shares, tests_of
from ketameta.synthesize.diagnose import asymmetry, courses, diagnosed, diagnostics
from ketameta.synthesize.earlier import earlier
from ketameta.synthesize.judge import judgements
from ketameta.synthesize.missing import bound
from ketameta.synthesize.pairs import paired
from ketameta.synthesize.pool import intervals, normal_interval, pooled, weights
from ketameta.synthesize.raters import agreement
from ketameta.synthesize.splits import between, groups_of, shown, splits
from ketameta.synthesize.words import favours, group_of
from ketameta.tables.grouping import grouped
from ketameta.tables.stages import STAGE_TABLES
from ketameta.vocabulary import SECONDARY
from ketameta.vocabulary.narrowing import named

if TYPE_CHECKING:
    import pyarrow as pa

Record = dict[str, Any]


def synthesize(
    tables: dict[str, list[Record]], configuration: Configuration
) -> dict[str, pa.Table]:
    """Return the tables of this stage from the rows of normalize's tables."""
    import pyarrow as pa

    found: dict[str, list[Record]] = defaultdict(list)
    effects = grouped(tables["effects"], "analysis")
    variants = grouped(tables["variants"], "analysis", "variant")
    raw = {(row["file"], row["line"]): row for row in tables["rows"]}
    ledger = grouped(tables["ledger"], "analysis")
    arm_pairs = grouped(tables["arm_pairs"], "analysis")
    missing = grouped(tables["missing_results"], "analysis")
    labels = {row["trial_id"]: row["label"] for row in tables["rows"]}
    configuration = configuration.asked(named(tables["claims"]))
    for analysis in configuration:
        own = sorted(effects[analysis.name], key=lambda e: (e["year"] or 9999, e["trial_id"]))
        record = _synthesis(analysis, own)
        found["syntheses"].append(record)
        found["points"] += _of(analysis, points(analysis.select, record, own))
        others = _sensitivity(analysis, own, variants)
        found["sensitivity"] += others
        beside = rated_from(analysis, record, own, missing[analysis.name], tables["bias"])
        beside["studies"] = _traced(beside["studies"], raw)
        for name, rows in beside.items():
            found[name] += rows
        absolute = beside["absolute"]
        found["earlier"] += earlier(analysis, record, own, others, absolute, tables["published"])
        found["exclusions"] += _exclusions(analysis, own, ledger[analysis.name], labels, raw)
        found["unused"] += _unused(analysis, own, ledger[analysis.name], labels)
        pairs, differences = paired(arm_pairs[analysis.name], analysis.model)
        found["pairs"] += pairs
        found["pair_syntheses"] += _of(analysis, differences)
        if diagnosed(analysis, own, record):
            found["diagnostics"] += diagnostics(analysis, own)
    found["courses"] = courses(configuration, found["syntheses"])
    found["claim_tests"] = tests_of(tables["claims"], configuration)
    found["control_shares"] = control_shares(found["claim_tests"], effects, configuration)
    found["rater_agreement"] = agreement(tables["signalling"])
    found["summary"] = tables["overview"] + _use(tables["ledger"], raw)
    return {
        name: pa.Table.from_pylist(found[name], schema=schema.arrow_schema())
        for name, schema in STAGE_TABLES["synthesize"].items()
    }


def _of(analysis: Analysis, rows: list[Record]) -> list[Record]:
    return [{"analysis": analysis.name, **row} for row in rows]


def synthesis(analysis: Analysis, effects: list[Record]) -> Record:
    """Return the pooled result of an analysis, the side that favours treatment, the split shown."""
    measure = analysis.select.measure
    record = {"analysis": analysis.name, **pooled(measure, effects, analysis.model)}
    record["favours"] = favours(measure, analysis.select.outcome)
    return record | {"split": shown(analysis, effects)}


def _synthesis(analysis: Analysis, effects: list[Record]) -> Record:
    """Return the row of the table syntheses."""
    record = synthesis(analysis, effects) | {"data_hash": content_id(effects)}
    if record.get("estimate") is not None:
        record |= intervals(effects, analysis.model)
    split = record["split"]
    return record | (between(groups_of(split, effects), analysis.model) if split else {})


def rated_from(
    analysis: Analysis,
    record: Record,
    effects: list[Record],
    missing: list[Record],
    bias: list[Record],
) -> dict[str, list[Record]]:
    """Return what a synthesis is rated from beside itself and its missing results, by table.

    Of `sensitivity` it is the bound that the missing results set, and `studies` have no sources.
    """
    outcome, trials = analysis.select.outcome, [e["trial_id"] for e in effects]
    groups, tests = splits(analysis, effects)
    found = {
        "absolute": _of(analysis, risks(record["measure"], record, effects)),
        "subgroups": groups,
        "splits": tests,
        "studies": _studies(analysis, effects, record),
        "sensitivity": bound(analysis, effects, missing),
        "judgements": judgements(analysis.name, outcome, trials, bias),
        "asymmetry": [],
    }
    if diagnosed(analysis, effects, record):
        centre = record["estimate_log"] if "estimate_log" in record else record["estimate"]
        found["asymmetry"] = [asymmetry(analysis, effects, centre)]
    return found


def _sensitivity(
    analysis: Analysis, effects: list[Record], variants: dict[tuple[Any, ...], list[Record]]
) -> list[Record]:
    """Pool the analysis once more under each other defensible choice."""
    result = []
    for variant in analysis.choices([effect for effect in effects if effect["marks"]]):
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


def _studies(analysis: Analysis, effects: list[Record], record: Record) -> list[Record]:
    """Return the effects with their weights and intervals, and the group that each is in."""
    result = []
    measure = analysis.select.measure
    own_weights = weights(effects, analysis.model)
    if record.get("estimate") is None:
        own_weights = [None] * len(effects)
    for effect, weight in zip(effects, own_weights, strict=True):
        low, high = normal_interval(effect["yi"], effect["vi"], analysis.model.level)
        result.append(
            {
                **effect,
                "subgroup": group_of(record["split"], effect),
                "weight": weight,
                "effect": MEASURES[measure].natural(effect["yi"]),
                "ci_low": MEASURES[measure].natural(low),
                "ci_high": MEASURES[measure].natural(high),
                "halved": MEASURES[measure].counts and _has_empty_cell(effect),
            }
        )
    return result


def _has_empty_cell(effect: Record) -> bool:
    """Say whether nobody or everybody of an arm with counts has the event."""
    arms = ((effect["events_t"], effect["n_t"]), (effect["events_c"], effect["n_c"]))
    return any(events in (0, people) for events, people in arms if events is not None)


def _traced(studies: list[Record], raw: dict[tuple[str, int], Record]) -> list[Record]:
    """Return studies with the secondary sources of their rows."""
    result = []
    for study in studies:
        rows = []
        for key in study["rows"]:
            file, _, line = key.rpartition(":")
            rows.append(raw[file, int(line)])
        sources = {row["source"] for row in rows if row["seen"] == SECONDARY}
        result.append({**study, "secondary": sorted(sources)})
    return result


# reasons that say no more than that a row is about something else
_ELSEWHERE = ("other outcome", "other population", "other treatment", "narrowed", "used")


# reasons that stop a row after it has passed the sieve of outcome, arms and hours
_NEAR = ("not usable", "selected arm", "same patients", "same people", "repeated report")


def _near(analysis: Analysis, entry: Record, raw: dict[tuple[str, int], Record]) -> bool:
    """Say whether a row is on the outcome and in the window, and only its numbers are at fault.

    Flags and reported measures are judged before the hour, so the hour is looked up.
    """
    if entry["reason"] in _NEAR:
        return True
    if entry["reason"] not in ("flagged", "other measure"):
        return False
    cells = json.loads(raw[entry["file"], entry["line"]]["entered"])
    hour = float(cells["timepoint_h"]) if cells.get("timepoint_h") else None
    window = analysis.select.window
    return hour in window if window is not None else hour != 0


def _exclusions(
    analysis: Analysis,
    effects: list[Record],
    ledger: list[Record],
    labels: dict[str, str],
    raw: dict[tuple[str, int], Record],
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
                "near": any(_near(analysis, e, raw) for e in same),
            }
        )
    return result


# reasons that say that another row answers the question better, or that this one asks another
_CHOSEN = (
    *("source not asked for", "no hour", "outside window", "other scale", "other definition"),
    *("other analysis set", "pooled arm", "same people", "repeated report", "other comparator"),
    *("scale preferred", "definition preferred", "time preferred", "source preferred"),
    "analysis set preferred",
)


def _unused(
    analysis: Analysis, effects: list[Record], ledger: list[Record], labels: dict[str, str]
) -> list[Record]:
    """One row a pooled trial and reason for which some of its rows are not in the effect."""
    order = list(REASONS)
    inside = {e["trial_id"] for e in effects}
    rows: dict[tuple[str, str], list[Record]] = defaultdict(list)
    for entry in ledger:
        if entry["trial_id"] in inside and entry["reason"] not in _ELSEWHERE:
            rows[entry["reason"], entry["trial_id"]].append(entry)
    return [
        {
            "analysis": analysis.name,
            "trial_id": trial_id,
            "label": labels[trial_id],
            "reason": REASONS[reason],
            "detail": "; ".join(dict.fromkeys(e["detail"] for e in entries if e["detail"])),
            "chosen": reason in _CHOSEN,
            "rows": [f"{e['file']}:{e['line']}" for e in entries],
        }
        for (reason, trial_id), entries in sorted(
            rows.items(), key=lambda item: (order.index(item[0][0]), item[0][1])
        )
    ]


def _use(ledger: list[Record], raw: Collection[tuple[str, int]]) -> list[Record]:
    """Count in how many analyses raw rows were used, and why they were not."""
    used = {(e["file"], e["line"]) for e in ledger if e["used"]}
    counts: list[tuple[str, str, int]] = [
        ("use of rows", "raw rows of outcomes and contrasts", len(raw)),
        ("use of rows", "used in at least one analysis", len(used)),
        ("use of rows", "used in none", len(raw) - len(used)),
    ]
    reasons = Counter(e["reason"] for e in ledger if e["reason"] not in ("other outcome", "used"))
    for reason, count in reasons.most_common():
        counts.append(("reasons, row × analysis", REASONS[reason], count))
    return [{"section": s, "item": i, "value": str(v)} for s, i, v in counts]
