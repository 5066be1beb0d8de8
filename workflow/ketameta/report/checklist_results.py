"""Rules for what the report tells of trials and results."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from ketameta.evidence.missing import DOMAIN as MISSING
from ketameta.report import wording_certainty
from ketameta.report.checklist import PAGE, Facts, Rule, Ruling, met, person, rule, unmet
from ketameta.report.wording import count
from ketameta.tables.effects import BiasRow, FindingRow
from ketameta.tables.rob2 import OVERALL
from ketameta.tables.syntheses import SplitRow, StudyRow

_CERTAINTY = "certainty"
_NAMED = 5


def _in_pages(section: str, what: str, otherwise: str, most: int = 1) -> Rule:
    """Return the rule that pages of analyses have a section: at least one, or all (`most` 0)."""

    def ruled(facts: Facts) -> Ruling:
        found, asked = facts.sections(section), len(facts.pooled)
        said = f"{what} in {len(found)} of {count(asked, 'analysis', 'analyses')} with an estimate"
        if not found or (most == 0 and len(found) < asked):
            return unmet(said if found else otherwise)
        return met(said, found[0])

    return ruled


def _flow(facts: Facts) -> Ruling:
    return rule(facts, not facts.unsettled, "every number is told", f"{PAGE}#flow", facts.unsettled)


def _excluded(facts: Facts) -> Ruling:
    read = facts.review.search.flow
    named = sum(one.reports for one in (*read.reports.excluded, *read.other_reports.excluded))
    if named:
        return person(f"cite the {count(named, 'report')} that were read and left out")
    if not facts.left_out:
        return person("no trial report of the tables is left out of every analysis")
    said = f"{count(facts.left_out, 'trial report')} in no analysis, with reasons"
    return met(said, f"{PAGE}#excluded")


def _characteristics(facts: Facts) -> Ruling:
    without = [
        t.label for t in facts.trials if not (t.doi or t.registration or t.pmid or t.source_url)
    ]
    said = f"{count(len(facts.trials), 'trial report')}, each with a source"
    otherwise = f"without a source: {_some(without)}"
    fulfilled = facts.trials and not without
    return rule(facts, fulfilled, said, "tables/characteristics.csv", otherwise)


def _share(facts: Facts, judged: Collection[str], what: str, place: str) -> Ruling:
    """Rule by how many of the trial reports that are pooled are judged."""
    pooled = {study.trial_id for study in facts.tables[StudyRow]}
    unjudged = pooled - {*judged}
    without = [trial.label for trial in facts.trials if trial.trial_id in unjudged]
    done = len(pooled) - len(without)
    said = f"{what} {done:,} of {count(len(pooled), 'trial report')} with an effect"
    otherwise = f"{said}; not {_some(without)}" if without else said
    return rule(facts, pooled and not without, said, place, otherwise)


def _some(labels: Sequence[str]) -> str:
    """Name a few trials, and count the others."""
    more = f" and {len(labels) - _NAMED} more" if len(labels) > _NAMED else ""
    return "; ".join(labels[:_NAMED]) + more


def _bias_results(facts: Facts) -> Ruling:
    judged = {row.trial_id for row in facts.judged}
    return _share(facts, judged, "judged are", "tables/characteristics.csv")


def _bias_overall(facts: Facts) -> Ruling:
    judged = {row.trial_id for row in facts.judged if row.domain == OVERALL}
    return _share(facts, judged, "judged overall are", "tables/characteristics.csv")


def _judgements_have(what: str, has: Callable[[BiasRow], object]) -> Rule:
    """Return the rule that every judgement has something; its page is that of an analysis."""

    def ruled(facts: Facts) -> Ruling:
        every, done = len(facts.judged), sum(bool(has(row)) for row in facts.judged)
        said = f"{done:,} of {count(every, 'judgement')} {what}"
        # the lights of a forest plot, above all headings, tell them
        place = (facts.sections("numbers") or [""])[0].partition("#")[0]
        return rule(facts, every and done == every, said, place, said)

    return ruled


def _two_raters(facts: Facts) -> Ruling:
    return _share(facts, facts.judged_twice, "judged by two are", "rob2.html#agreement")


def _contributing(facts: Facts) -> Ruling:
    if not facts.judged:
        return unmet("no trial report is judged for risk of bias")
    return _in_pages("certainty", "trials with their risk of bias", "nothing is rated", 0)(facts)


def _individual(facts: Facts) -> Ruling:
    studies = facts.tables[StudyRow]
    place = (facts.sections("provenance") or [""])[0]
    said = f"{count(len(studies), 'effect')} with interval and the raw rows of each arm"
    return rule(facts, studies and place, said, place, "no analysis has an effect")


def _pooled(facts: Facts) -> Ruling:
    bounded = [a for a in facts.pooled if a.record.ci_low is not None]
    said = f"estimate and interval of {count(len(bounded), 'analysis', 'analyses')}"
    return rule(facts, bounded, said, "index.html#analyses", "no analysis has an estimate")


def _heterogeneity(facts: Facts) -> Ruling:
    several = [a for a in facts.pooled if a.record.k > 1]
    told = [a for a in several if a.record.tau2 is not None]
    said = f"tau² of {len(told)} of {count(len(several), 'analysis', 'analyses')} of several trials"
    place = (facts.sections("pooled") or [""])[0]
    fulfilled = several and len(told) == len(several)
    return rule(facts, fulfilled, said, place, said if several else "no analysis pools several")


def _between_groups(facts: Facts) -> Ruling:
    tested = {row.analysis for row in facts.tables[SplitRow] if row.p is not None}
    said = f"groups of {count(len(tested), 'analysis', 'analyses')} are tested against each other"
    place = (facts.sections("splits") or [""])[0]
    return rule(facts, tested, said, place, "no groups are compared")


def _missing_methods(facts: Facts) -> Ruling:
    rated = [a for a in facts.pooled if any(r.domain == MISSING for r in a.rated.ratings)]
    said = f"by rule in {count(len(rated), 'analysis', 'analyses')}"
    place = f"rules.html#{MISSING.replace(' ', '-')}"
    return rule(facts, rated, said, place, "no result is rated")


def _missing_results(facts: Facts) -> Ruling:
    rated = [a for a in facts.pooled if any(r.domain == MISSING for r in a.rated.ratings)]
    said = f"rated in {len(rated)} of {count(len(facts.pooled), 'analysis', 'analyses')}"
    place = (facts.sections(_CERTAINTY) or [""])[0]
    fulfilled = rated and len(rated) == len(facts.pooled)
    return rule(facts, fulfilled, said, place, said)


def _certainty_results(facts: Facts) -> Ruling:
    rated = [a for a in facts.pooled if wording_certainty.is_rated(a.rated.level)]
    said = f"rated are {len(rated)} of {count(len(facts.pooled), 'analysis', 'analyses')}"
    place = (facts.sections(_CERTAINTY) or [""])[0]
    fulfilled = rated and len(rated) == len(facts.pooled)
    return rule(facts, fulfilled, said, place, said)


def _checked(facts: Facts) -> Ruling:
    found = facts.tables[FindingRow]
    open_ones = [row for row in found if not row.acknowledged]
    said = f"numbers are held against each other; open: {count(len(open_ones), 'finding')}"
    wrong = [row for row in open_ones if row.severity == "error"]
    otherwise = f"{count(len(wrong), 'number')} cannot be as entered"
    return rule(facts, not wrong, said, "data.html#quality", otherwise)


RULES: dict[str, Rule] = {
    "flow": _flow,
    "excluded": _excluded,
    "characteristics": _characteristics,
    "bias_results": _bias_results,
    "bias_overall": _bias_overall,
    "supported": _judgements_have("say what they rest on", lambda row: row.support),
    "sourced": _judgements_have("name their source", lambda row: row.source),
    "two_raters": _two_raters,
    "individual": _individual,
    "contributing": _contributing,
    "pooled": _pooled,
    "heterogeneity": _heterogeneity,
    "explored_results": _in_pages("splits", "groups", "no groups are compared"),
    "between_groups": _between_groups,
    "sensitivity_results": _in_pages("sensitivity", "other choices", "no other choice is made"),
    "missing_methods": _missing_methods,
    "missing_results": _missing_results,
    "certainty_results": _certainty_results,
    "looks": _in_pages("looks", "boundaries for repeated looks", "no analysis is watched so"),
    "losses": _in_pages("missing-people", "had the missing fared otherwise", "none is examined"),
    "prediction": _in_pages("pooled", "heterogeneity beside the estimate", "nothing is pooled"),
    "checked": _checked,
}
