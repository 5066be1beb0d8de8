"""Syntheses with what is made of them: verdict, certainty, and the effects that would matter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from ketameta.configuration import Analysis, Configuration
from ketameta.evidence.certainty import Certainty, certainty, populations
from ketameta.evidence.claims import Control, ControlArm, Grounds, Split, verdicts_of
from ketameta.evidence.precision import worthwhile
from ketameta.evidence.rated import Rated, RatedGroup, RatedSynthesis
from ketameta.evidence.ratings import Evidence
from ketameta.evidence.verdicts import verdict
from ketameta.measures import MEASURES
from ketameta.synthesize.claims import tests_of
from ketameta.synthesize.words import MISSING_AS_NONE
from ketameta.tables import STAGE_TABLES
from ketameta.tables.collection import Tables
from ketameta.tables.grouping import grouped
from ketameta.tables.raw import RAW_KINDS, ClaimRow
from ketameta.tables.syntheses import SubgroupRow, SynthesisRow
from ketameta.tables.table import schema_of
from ketameta.vocabulary import vocabulary
from ketameta.vocabulary.narrowing import named

Record = dict[str, Any]
Rows = dict[str, list[Record]]

# the tables that a certainty is rated from
RATED_FROM = (
    *("syntheses", "studies", "judgements", "asymmetry"),
    *("absolute", "splits", "subgroups", "sensitivity", "missing_results"),
)
# those that a claim is judged by besides; older versions lack them
CLAIMS_FROM = ("control_shares", "pairs", "pair_syntheses", "directions")


def certainties(tables: Rows, configuration: Configuration) -> dict[str, Certainty]:
    """Return the certainty of every analysis that is in the tables and the configuration."""
    rows = _grouped(tables)
    configuration = configuration.asked(rows["syntheses"])
    return {
        analysis.name: certainty(
            analysis, evidence_of({name: groups[analysis.name] for name, groups in rows.items()})
        )
        for analysis in configuration
        if rows["syntheses"][analysis.name]
    }


def _grouped(tables: Rows) -> dict[str, dict[str, list[Record]]]:
    return {name: grouped(tables[name], "analysis") for name in RATED_FROM}


def evidence_of(own: Rows) -> Evidence:
    """Return what an analysis is rated from, out of its rows of the tables of `RATED_FROM`."""
    return Evidence(
        own["syntheses"][0],
        own["studies"],
        own["judgements"],
        next(iter(own["asymmetry"]), None),
        own["absolute"],
        own["splits"],
        own["subgroups"],
        own["missing_results"],
        next((row for row in own["sensitivity"] if row["variant"] == MISSING_AS_NONE), None),
    )


def rated_syntheses(
    tables: Rows, configuration: Configuration, rated: Mapping[str, Certainty] | None = None
) -> list[RatedSynthesis]:
    """Return the syntheses with their verdict, their certainty and what they are held against."""
    rated = certainties(tables, configuration) if rated is None else rated
    studies, risks = (grouped(tables.get(n, []), "analysis") for n in ("studies", "absolute"))
    configuration = configuration.asked(row["analysis"] for row in tables["syntheses"])
    result = []
    for row in tables["syntheses"]:
        name = row["analysis"]
        known: dict[str, Any] = {}
        if name in rated:
            analysis = configuration[name]
            most = rated[name].weightiest
            known = {
                "certainty": rated[name].level,
                "certainty_best": rated[name].best,
                "certainty_reason": most.reason if most else "",
                "worthwhile": worthwhile(analysis, studies[name], risks[name]),
                "populations": populations(analysis, studies[name]),
                "limits": analysis.certainty,
                "more_is_better": _more_is_better(analysis),
            }
        # an older table may lack a column
        cells = {column: row.get(column) for column in schema_of(SynthesisRow).names}
        result.append(RatedSynthesis(verdict=verdict(row), **cells, **known))
    return result


def _more_is_better(analysis: Analysis) -> bool:
    """Say whether more of what is pooled is better: of a good event, of a fall of a bad score."""
    good = vocabulary().outcomes[analysis.select.outcome].sense == "good"
    return good != MEASURES[analysis.select.measure].falls


def grounds(tables: Rows, records: Mapping[str, RatedSynthesis]) -> Grounds:
    """Return what claims are judged by; `records` are the syntheses as rated, by analysis.

    A group takes what its analysis has beside its numbers: side, thresholds, worthwhile effects.
    """
    groups = grouped(tables.get("subgroups", []), "analysis", "split")
    splits: dict[str, list[Split]] = {}
    for row in tables.get("splits", []):
        name, split = row["analysis"], row["split"]
        if name in records:
            own = tuple(_group(g, records[name]) for g in groups[name, split] if g["subgroup"])
            splits.setdefault(name, []).append(Split(split, row["p"], own))
    trials = {row["trial_id"]: row for row in tables.get("trials", [])}
    apart = vocabulary().words("no_patients")
    pointing = [
        {**row, "apart": apart.get(trials.get(row["trial_id"], {}).get("design_flag") or "", "")}
        for row in tables.get("directions", [])
    ]
    controls = _shares(tables) | _falls(tables)
    return Grounds(records, splits, controls, grouped(pointing, "analysis"), trials)


def _group(row: Record, whole: RatedSynthesis) -> RatedGroup:
    beside = {f.name: getattr(whole, f.name) for f in fields(Rated)}
    cells = {column: row.get(column) for column in schema_of(SubgroupRow).names}
    return RatedGroup(**beside | cells)


def _shares(tables: Rows) -> dict[str, Control]:
    """Return the control arms of comparisons of events, in per cent of people."""
    studies = grouped(tables["studies"], "analysis")
    return {
        row["analysis"]: Control(
            100 * row["estimate"],
            100 * row["ci_low"],
            100 * row["ci_high"],
            tuple(
                ControlArm(s["label"], 100 * s["events_c"] / s["n_c"], s["n_c"])
                for s in studies[row["analysis"]]
                if s["events_c"] is not None and s["n_c"]
            ),
        )
        for row in tables.get("control_shares", [])
        if row["estimate"] is not None
    }


def _falls(tables: Rows) -> dict[str, Control]:
    """Return the control arms beside reductions, in per cent of the fall from the start."""
    pairs = grouped(tables.get("pairs", []), "analysis")
    return {
        row["analysis"]: Control(
            row["control"],
            arms=tuple(
                ControlArm(pair["label"], pair["control"], pair["n_c"] or 0.0)
                for pair in pairs[row["analysis"]]
            ),
        )
        for row in tables.get("pair_syntheses", [])
        if row["control"] is not None
    }


def results(tables: Rows, configuration: Configuration) -> Rows:
    """Return the syntheses as rated, and the verdict on each claim of the raw table `claims`.

    Tables of an older version of this software that lack what a rating needs leave certainty None,
    not recorded, and then there is no table `claim_verdicts`.
    """
    if not _complete(tables):
        return {"syntheses": rated_syntheses({**tables, "studies": []}, configuration, {})}
    rows = rated_syntheses(tables, configuration)
    records = {row["analysis"]: row for row in rows}
    configuration = configuration.asked([*named(tables["claims"]), *records])
    claimed = Tables.named(RAW_KINDS, {"claims": tables["claims"]})[ClaimRow]
    tests = [t for t in tests_of(claimed, configuration) if _known(t, records)]
    told = verdicts_of(tests, grounds(tables, records))
    claims = [{"claim_id": claim, "verdict": word} for claim, word in told.items()]
    return {"syntheses": rows, "claim_verdicts": claims}


def _complete(tables: Rows) -> bool:
    """Say whether every table that a certainty is rated from is there with all its columns."""
    schemas = STAGE_TABLES["normalize"] | STAGE_TABLES["synthesize"]
    return all(
        name in tables and all(set(schemas[name].names) <= row.keys() for row in tables[name][:1])
        for name in RATED_FROM
    )


def _known(test: Record, records: dict[str, RatedSynthesis]) -> bool:
    """Say whether a claim can be judged from these records: older results may lack an analysis."""
    return not test["computed"] or test["analysis"] in records
