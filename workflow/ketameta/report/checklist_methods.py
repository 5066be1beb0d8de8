"""Rules for what a review says of itself, of its search and of its methods."""

from __future__ import annotations

import re

from ketameta.configuration.search import FIRST, Searched
from ketameta.report.checklist import PAGE, Facts, Rule, Ruling, met, person, rule, unmet
from ketameta.report.wording import count
from ketameta.tables.effects import DerivationRow
from ketameta.tables.syntheses import RowUseRow
from ketameta.vocabulary import vocabulary

_NOT_TOLD = "review.yaml does not tell ({})"
_TOLD = f"{PAGE}#told"


def _methods(passage: str) -> str:
    return f"manuscript.html#methods-{passage}"


def _passage(name: str, reason: str, otherwise: str) -> Rule:
    """Return the rule that the text for an article has a passage of the methods."""

    def ruled(facts: Facts) -> Ruling:
        place = _methods(name)
        return rule(facts, place in facts.places, reason, place, otherwise)

    return ruled


def _says(key: str, place: str = _TOLD) -> Rule:
    """Return the rule that the review says something under a key, with dots between."""

    def ruled(facts: Facts) -> Ruling:
        value = facts.review
        for name in key.split("."):
            value = getattr(value, name)
        return rule(facts, value, f"review.yaml tells it ({key})", place, _NOT_TOLD.format(key))

    return ruled


def _title_has(words: str) -> Rule:
    def ruled(facts: Facts) -> Ruling:
        title = facts.review.title
        has = words in title.lower()
        said = f"the title is “{title}”"
        return rule(facts, has, said, "index.html", f"{said}, without “{words}”")

    return ruled


def _person(_: Facts) -> Ruling:
    return person("nothing in tables or configuration tells it")


def _abstract(_: Facts) -> Ruling:
    return person("no abstract is written by program")


def _objectives(facts: Facts) -> Ruling:
    place = _methods("question")
    return rule(
        facts, facts.review.question, f"“{facts.review.question}”", place, "no question is told"
    )


def _sources(facts: Facts) -> Ruling:
    search = facts.review.search
    undated = [one.name for one in search.sources if not (one.end or search.last)]
    if not search.sources:
        return unmet(_NOT_TOLD.format("search.sources"))
    if undated:
        return unmet(f"without a day of the last search: {'; '.join(undated)}")
    return met(f"{count(len(search.sources), 'source')}, each with a day", f"{PAGE}#sources")


def _strategies(facts: Facts) -> Ruling:
    asked = [one for one in facts.review.search.sources if one.kind in (*FIRST, "website")]
    without = [one.name for one in asked if not one.strategy]
    if not asked:
        return unmet(_NOT_TOLD.format("search.sources"))
    if without:
        return unmet(f"without the search as it was run: {'; '.join(without)}")
    return met(f"the search of {count(len(asked), 'source')} as it was run", f"{PAGE}#sources")


def _searched(what: str, fits: str, *kinds: str) -> Rule:
    """Return the rule that sources of some kinds, or with some words in their name, are told."""

    def named(source: Searched) -> bool:
        return source.kind in kinds or any(w in source.name.lower() for w in fits.split("/") if w)

    def ruled(facts: Facts) -> Ruling:
        found = [one.name for one in facts.review.search.sources if named(one)]
        otherwise = f"review.yaml names no {what} among its sources"
        return rule(facts, found, "; ".join(found), f"{PAGE}#sources", otherwise)

    return ruled


def _key_databases(facts: Facts) -> Ruling:
    names = " / ".join(one.name.lower() for one in facts.review.search.sources)
    # PubMed Central is another database
    known = {"CENTRAL": r"(?<!pubmed )central", "MEDLINE": "medline|pubmed", "Embase": "embase"}
    missing = [name for name, way in known.items() if not re.search(way, names)]
    otherwise = f"review.yaml does not name {', '.join(missing)} among its sources"
    return rule(facts, not missing, "all three are named", f"{PAGE}#sources", otherwise)


def _recent_search(facts: Facts) -> Ruling:
    from datetime import date

    last = facts.review.search.last
    if not last:
        return unmet(_NOT_TOLD.format("search.last"))
    if not facts.releases:
        return person(f"the last search was on {last}, and no version is recorded yet")
    version = facts.releases[-1]
    days = (date.fromisoformat(version) - date.fromisoformat(last)).days
    said = f"searched on {last}, {count(days, 'day')} before the version of {version}"
    return rule(facts, days <= 366, said, f"{PAGE}#sources", said)


def _planned(facts: Facts) -> Ruling:
    registered, protocol = facts.review.registration, facts.review.protocol
    told = registered.id or registered.url or protocol.url
    otherwise = "neither a protocol nor a registration is told"
    if not told:
        return unmet(otherwise)
    return person(f"hold the question against what was set down in {told}")


def _registration(facts: Facts) -> Ruling:
    one = facts.review.registration
    said = one.id or one.url or (f"none: {one.reason}" if one.reason else "")
    return rule(facts, said, said, "data.html#review", _NOT_TOLD.format("registration"))


def _protocol(facts: Facts) -> Ruling:
    one = facts.review.protocol
    said = one.url or (f"none: {one.reason}" if one.reason else "")
    return rule(facts, said, said, "data.html#review", _NOT_TOLD.format("protocol"))


def _availability(facts: Facts) -> Ruling:
    links = facts.review.links
    where = links.repository or links.home
    otherwise = "review.yaml gives no address of tables and code (links)"
    return rule(facts, where, where, "data.html#files", otherwise)


def _roles(facts: Facts) -> Ruling:
    names = "; ".join(author.name for author in facts.review.authors)
    return person(f"authors are {names or 'not named'}; what each did is told nowhere")


def _collection(facts: Facts) -> Ruling:
    said = f"{count(facts.read_twice, 'row')} with results were read a second time"
    otherwise = "no row with results has a second reading (readings.csv)"
    return rule(facts, facts.read_twice, said, "extraction.html#twice", otherwise)


def _double_extraction(facts: Facts) -> Ruling:
    (use,) = facts.tables[RowUseRow]
    said = f"{facts.read_twice:,} of {count(use.rows, 'row')} with results were read twice"
    fulfilled = use.rows and facts.read_twice >= use.rows
    return rule(facts, fulfilled, said, "extraction.html#twice", said)


def _variables(facts: Facts) -> Ruling:
    return met("every column with its meaning, unit and words", "dictionary.html#raw")


def _per_synthesis(facts: Facts) -> Ruling:
    whole = len(facts.configuration.whole)
    said = f"{count(whole, 'analysis', 'analyses')}, each with the reports in it and left out"
    return rule(facts, whole, said, f"{PAGE}#analyses", "no analysis is asked")


def _preparation(facts: Facts) -> Ruling:
    steps = len(facts.tables[DerivationRow])
    said = f"{count(steps, 'step')} from raw rows to effects, each with its formula"
    place = (facts.sections("provenance") or [""])[0]
    return rule(facts, steps, said, place, "no effect is derived")


def _display(facts: Facts) -> Ruling:
    pages = facts.sections("numbers")
    said = f"forest plot and table of the trials in {count(len(pages), 'analysis', 'analyses')}"
    return rule(facts, pages, said, (pages or [""])[0], "no analysis has an estimate")


def _synthesis(facts: Facts) -> Ruling:
    places = _methods("synthesis"), _methods("software")
    said = "model, tau² and interval, and below them the software with its version"
    told = all(place in facts.places for place in places)
    return rule(facts, told, said, places[0], "no analysis is pooled")


def _explored(facts: Facts) -> Ruling:
    asked = [a.name for a in facts.configuration.whole if a.model.splits or a.model.moderators]
    said = f"groups or regressions are asked of {count(len(asked), 'analysis', 'analyses')}"
    otherwise = "no analysis asks for groups or regressions (splits, moderators)"
    return rule(facts, asked, said, _methods("synthesis"), otherwise)


def _windows(facts: Facts) -> Ruling:
    without = [a.display.title for a in facts.configuration.whole if a.select.window is None]
    asked = len(facts.configuration.whole)
    said = f"of {asked} analyses {asked - len(without)} have a window of hours"
    more = ", the others take the longest follow-up" if without else ""
    return rule(facts, asked, said + more, _methods("choice-of-results"), "no analysis is asked")


def _harms(facts: Facts) -> Ruling:
    known = vocabulary().outcomes
    asked = dict.fromkeys(a.select.outcome for a in facts.configuration.whole)
    bad = [known[o].label for o in asked if known[o].sense == "bad" and known[o].kind == "event"]
    more = f" and {len(bad) - 3} more" if len(bad) > 3 else ""
    said = f"bad events asked for: {'; '.join(bad[:3])}{more}"
    return rule(facts, bad, said, "index.html#analyses", "no analysis asks for a bad event")


def _randomised(facts: Facts) -> Ruling:
    aside = sum(trial.design_flag == "not randomised" for trial in facts.trials)
    number = len(facts.trials) - aside
    said = f"{number:,} of {count(len(facts.trials), 'trial report')} are randomised"
    return rule(facts, number, said, "tables/characteristics.csv", "no trial is randomised")


def _joined_reports(facts: Facts) -> Ruling:
    parts = sum(bool(trial.part_of) for trial in facts.trials)
    said = f"{count(parts, 'trial report')} say whose people they share, who count once"
    if parts:
        return met(said, f"{PAGE}#flow")
    return person("no trial report says that it shares its people with another")


def _version(facts: Facts) -> Ruling:
    if facts.latest is None:
        return unmet("no version is recorded yet (ketameta release)")
    name = facts.latest.release.name
    if facts.latest.other_data:
        return unmet(f"the tables were edited since version {name}, and are no version yet")
    return met(f"version {name}", f"{PAGE}#versions")


def _version_before(facts: Facts) -> Ruling:
    number = len(facts.releases)
    said = f"{count(number, 'version')} with their data hashes"
    otherwise = f"{number or 'no'} version is recorded"
    return rule(facts, number > 1, said, "changes.html#releases", otherwise)


def _since(facts: Facts, place: str, said: str) -> Ruling:
    otherwise = "no version is recorded yet to compare with"
    return rule(facts, facts.latest is not None, said, place, otherwise)


def _trigger(facts: Facts) -> Ruling:
    otherwise = "neither review.yaml (living.trigger) nor the log of versions tells"
    return rule(facts, facts.trigger, facts.trigger, f"{PAGE}#versions", otherwise)


def _updated_data(facts: Facts) -> Ruling:
    if facts.latest is None:
        return unmet("no version is recorded yet to compare with")
    edited, name = count(len(facts.latest.edited), "trial report"), facts.latest.release.name
    return person(f"{edited} edited since version {name}; how it is done is told nowhere")


def _version_flow(facts: Facts) -> Ruling:
    return _since(facts, f"{PAGE}#versions", "trial reports of every version")


def _result_changes(facts: Facts) -> Ruling:
    return _since(facts, "changes.html#releases", "each estimate that moved, version by version")


def _code_changes(facts: Facts) -> Ruling:
    return person("the log of versions does not hold the choices of method")


RULES: dict[str, Rule] = {
    "person": _person,
    "title": _title_has("systematic review"),
    "living_title": _title_has("living"),
    "abstract": _abstract,
    "objectives": _objectives,
    "eligibility": _passage(
        "eligible-trials", "people, treatments and controls of the analyses", "no analysis is told"
    ),
    "sources": _sources,
    "strategies": _strategies,
    "key_databases": _key_databases,
    "registers": _searched("register of trials", "clinicaltrials/ictrp", "register"),
    "reference_lists": _searched("reference list", "reference", "citations"),
    "recent_search": _recent_search,
    "selection": _says("search.selection"),
    "planned": _planned,
    "registration": _registration,
    "protocol": _protocol,
    "amendments": _says("protocol.amendments"),
    "funding": _says("funding"),
    "interests": _says("interests"),
    "availability": _availability,
    "roles": _roles,
    "collection": _collection,
    "double_extraction": _double_extraction,
    "variables": _variables,
    "choice": _passage(
        "choice-of-results", "the order of preference among results", "no analysis is told"
    ),
    "windows": _windows,
    "harms": _harms,
    "randomised": _randomised,
    "joined_reports": _joined_reports,
    "bias_methods": _passage(
        "risk-of-bias", "tools, raters and reviews", "no judgement stands in the tables"
    ),
    "measures": _passage("effect-measures", "every measure in use", "no analysis is told"),
    "per_synthesis": _per_synthesis,
    "preparation": _preparation,
    "display": _display,
    "synthesis": _synthesis,
    "explored": _explored,
    "sensitivity_methods": _passage("sensitivity", "each other choice", "no other choice is made"),
    "certainty_methods": _passage(
        "certainty-of-the-evidence", "by rules that are told", "no result is rated"
    ),
    "living_why": _says("living.why"),
    "living_schedule": _says("living.schedule"),
    "living_retirement": _says("living.retirement"),
    "version": _version,
    "version_before": _version_before,
    "trigger": _trigger,
    "updated_data": _updated_data,
    "version_flow": _version_flow,
    "result_changes": _result_changes,
    "code_changes": _code_changes,
}
