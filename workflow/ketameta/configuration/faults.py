"""What is wrong with questions: words that the vocabulary lacks, keys that contradict."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ketameta.configuration.models import AS_ASKED, METHODS
from ketameta.configuration.networks import OF_ARMS, RULES
from ketameta.documents.document import Document, Fault, Place
from ketameta.documents.near import unknown
from ketameta.measures import EVENT, INVERSE_VARIANCE, MEASURES
from ketameta.methods import ALSO, SMALL_STUDY, at_odds, understood
from ketameta.vocabulary import narrowing, vocabulary
from ketameta.vocabulary.narrowing import parse, split_name


def meaning_faults(document: Document) -> Iterator[Fault]:
    """Yield words that the vocabulary lacks, and keys that do not fit together.

    Looks only at what has the right type: the rest is a fault of the schema.
    """
    content = document.values
    windows, defaults = _block(content, "windows"), _block(content, "defaults")
    for name, window in windows.items():
        hours = [window.get(key) for key in ("from", "target", "to")] if _is_block(window) else []
        if hours and all(_is_number(hour) for hour in hours) and hours != sorted(hours):
            message = "from, target and to must stand in this order: " + " ".join(map(str, hours))
            yield document.fault(("windows", name), message)
    analyses = _block(content, "analyses")
    yield from _narrowings(document, list(analyses))
    yield from _summaries(document)
    yield from _checked(document, ("defaults",), defaults, windows, [])
    for name, block in analyses.items():
        place = ("analyses", name)
        yield from _checked(document, place, block, windows, [{**defaults, **_dict(block)}])
    for name, block in _block(content, "courses").items():
        place = ("courses", name)
        yield from _checked(document, place, block, windows, [{**defaults, **_dict(block)}])
        yield from _course(document, place, _dict(block))
    for name, block in _block(content, "networks").items():
        place = ("networks", name)
        yield from _checked(document, place, block, windows, [{**defaults, **_dict(block)}])
        yield from _network(document, place, _dict(block), defaults)


def choice_faults(document: Document, questions: Any) -> Iterator[Fault]:
    """Yield the same of the choices in multiverse.yaml, and what fits no analysis that they change.

    `questions` are the values of analyses.yaml.
    """
    windows, defaults = _block(questions, "windows"), _block(questions, "defaults")
    analyses = {n: one for n, one in _block(questions, "analyses").items() if _is_block(one)}
    for name, choice in _block(document.values, "choices").items():
        if name == AS_ASKED:
            yield document.fault(("choices", name), "is what no choice at all is called")
        measures, change = _dict(choice).get("for"), _dict(choice).get("change")
        given = _dict(choice).get("analyses")
        named = given if isinstance(given, list) else []
        known = measures if isinstance(measures, list) else []
        changed = [
            {**defaults, **analysis, **_dict(change)}
            for other, analysis in analyses.items()
            if analysis.get("measure") in known and (given is None or other in named)
        ]
        for place, other in enumerate(named):
            at = ("choices", name, "analyses", place)
            if isinstance(other, str) and other not in analyses:
                yield document.fault(at, unknown(other, [*analyses]))
            elif isinstance(other, str) and analyses[other].get("measure") not in known:
                measure = analyses[other].get("measure")
                yield document.fault(at, f"{other} is asked in {measure}, which is not in for")
        yield from _checked(document, ("choices", name, "change"), change, windows, changed)


def _checked(
    document: Document,
    place: Place,
    block: Any,
    windows: dict[str, Any],
    made: list[dict[str, Any]],
) -> Iterator[Fault]:
    """Yield what is wrong with a block: its words, and the first of what it makes that is at odds.

    `made` are the analyses that it makes, complete: itself, or those that it changes.
    """
    if not _is_block(block):
        return
    yield from _words(document, place, block, windows)
    for complete in made:
        if found := list(_fit(document, place, block, complete)):
            yield from found
            break


def _summaries(document: Document) -> Iterator[Fault]:
    """Yield titles that stand twice, and names of analyses that cannot be answered to."""
    content = document.values
    known, blocks = content.get("analyses"), content.get("summaries")
    if not isinstance(known, dict) or not isinstance(blocks, list):
        return
    titles: set[str] = set()
    for number, block in enumerate(block if isinstance(block, dict) else {} for block in blocks):
        at = ("summaries", number)
        title, outcomes, narrow = (block.get(key) for key in ("title", "outcomes", "narrow"))
        if isinstance(title, str):
            if title in titles:
                yield document.fault((*at, "title"), f"{title[:80]!r} stands twice")
            titles.add(title)
        if isinstance(narrow, str) and (said := narrowing.fault(narrow)):
            yield document.fault((*at, "narrow"), said)
        for place, name in enumerate(outcomes if isinstance(outcomes, list) else []):
            if isinstance(name, str) and name not in known:
                yield document.fault((*at, "outcomes", place), unknown(name, [*known]))


def _narrowings(document: Document, analyses: list[str]) -> Iterator[Fault]:
    """Yield the names of narrowed analyses that no analysis or word answers to."""
    given = document.values.get("narrowed") if _is_block(document.values) else None
    for i, name in enumerate(given if isinstance(given, list) else []):
        if isinstance(name, str) and (said := narrowed_fault(name, analyses)):
            yield document.fault(("narrowed", i), said)


def narrowed_fault(name: str, analyses: list[str]) -> str:
    """Say what is wrong with the name of a narrowed analysis; empty where nothing is."""
    base, expression = split_name(name)
    if base not in analyses:
        return unknown(base, analyses)
    return narrowing.fault(expression)


def _words(
    document: Document, place: Place, block: dict[str, Any], windows: dict[str, Any]
) -> Iterator[Fault]:
    words = vocabulary()
    lists: dict[str, list[str]] = {
        "populations": [*words.words("populations")],
        "treatments": [*words.words("treatments")],
        "comparators": [*words.words("comparator_classes")],
        "design_flags": [*words.words("design_flags")],
        "scales": [*words.words("scales")],
        "analysis_sets": [*words.words("analysis_sets"), "not stated"],
        "assumptions": [*words.words("assumptions")],
    }
    for key, known in lists.items():
        given = block.get(key)
        for i, word in enumerate(given if isinstance(given, list) else []):
            if isinstance(word, str) and word not in known:
                yield document.fault((*place, key, i), unknown(word, known))
    comparison = block.get("comparison")
    known = sorted({name for one in words.spreads.values() for name in one.comparisons})
    if isinstance(comparison, str) and comparison not in known:
        yield document.fault((*place, "comparison"), unknown(comparison, known))
    narrow = block.get("narrow")
    if isinstance(narrow, str) and (said := narrowing.fault(narrow)):
        yield document.fault((*place, "narrow"), said)
    window = block.get("window")
    if isinstance(window, str) and windows and window not in windows:
        yield document.fault((*place, "window"), unknown(window, list(windows)))


def _fit(
    document: Document, place: Place, block: dict[str, Any], complete: dict[str, Any]
) -> Iterator[Fault]:
    """Hold what a block says of an analysis against the rest of it."""
    measure, name, known = complete.get("measure"), complete.get("outcome"), vocabulary().outcomes
    if "outcome" in block and isinstance(name, str) and name not in known:
        yield document.fault((*place, "outcome"), unknown(name, list(known)))
    if not isinstance(measure, str) or measure not in MEASURES:
        return
    asked = MEASURES[measure]
    if way := _method("pooling", block.get("pooling")):
        fits = [m.name for m in MEASURES.values() if way in m.pooling]
        if fits and measure not in fits:
            takes = ", ".join((INVERSE_VARIANCE, *asked.pooling))
            message = (
                f"{way} is for {' and '.join(fits)} alone, and the measure is {measure}, which "
                f"takes {takes}"
            )
            yield document.fault((*place, "pooling"), message)
            return
    fits_test = SMALL_STUDY.get(str(block.get("small_study")))
    if fits_test and not fits_test(asked):
        takes = ", ".join(name for name, fits in SMALL_STUDY.items() if fits(asked))
        message = f"{block['small_study']} is not for {measure}, which takes {takes}"
        yield document.fault((*place, "small_study"), message)
    said = {key: block.get(key) for key in ("tau2_subgroups", "arms")}
    said |= {key: _method(key, block.get(key)) for key in METHODS}
    for key, message in at_odds(said):
        yield document.fault((*place, key), message)
    if not isinstance(name, str) or name not in known:
        return
    kind, at = known[name].kind, (*place, "measure" if "measure" in block else "scales")
    if "measure" in block and (kind == EVENT) != asked.counts:
        a = "an" if kind == EVENT else "a"
        yield document.fault(at, f"{measure} does not fit {name}, which is {a} {kind}")
    scales = complete.get("scales")
    several = scales is None or (isinstance(scales, list) and len(scales) > 1)
    if asked.in_points and kind == "score" and several and {"measure", "scales"} & set(block):
        message = (
            f"{measure} needs one scale: points of different scales are not the same; or take SMD"
        )
        yield document.fault(at, message)


def words_read_as_others(document: Document) -> Iterator[Fault]:
    """Yield the words for methods that are read as others (no faults), with what they are read as.

    The document is without a fault.
    """
    content = document.values
    blocks: list[tuple[Place, Any]] = [(("defaults",), content.get("defaults"))]
    for part in ("analyses", "networks"):
        blocks += [((part, name), one) for name, one in _block(content, part).items()]
    for name, choice in _block(content, "choices").items():
        blocks.append((("choices", name, "change"), _dict(choice).get("change")))
    for place, block in blocks:
        for key in ALSO:
            word = _dict(block).get(key)
            if (read := _method(key, word)) and read != word:
                yield document.fault((*place, key), f"{word} is read as {read}")


def _method(key: str, word: Any) -> str | None:
    """Return a word for a method as it is spelt here."""
    return understood(key, word, METHODS[key]) if isinstance(word, str) else None


def _network(
    document: Document, place: Place, block: dict[str, Any], defaults: dict[str, Any]
) -> Iterator[Fault]:
    """Yield what is at odds in a block of a network: measure, interval, nodes, reference."""
    rule = _method("interval", {**defaults, **block}.get("interval"))
    if rule and rule not in RULES:
        said = (
            f"{rule} is for one mean alone, and a network has several; it takes {', '.join(RULES)}"
        )
        yield document.fault((*place, *(["interval"] if "interval" in block else [])), said)
    measure, nodes, reference = block.get("measure"), _block(block, "nodes"), block.get("reference")
    if isinstance(measure, str) and measure in MEASURES and not MEASURES[measure].compares:
        said = f"{measure} is of treated arms alone, and a network compares treatments"
        yield document.fault((*place, "measure"), said)
    if isinstance(reference, str) and nodes and reference not in nodes:
        yield document.fault((*place, "reference"), unknown(reference, list(nodes)))
    for label, arms in nodes.items():
        if not isinstance(arms, str):
            continue
        said = narrowing.fault(arms)
        other = "" if said else next((n.key for n in parse(arms) if n.key not in OF_ARMS), "")
        if other:
            said = f"{other} is not of arms; what tells them apart: {', '.join(OF_ARMS)}"
        if said:
            yield document.fault((*place, "nodes", label), said)
    narrow = block.get("narrow")
    if isinstance(narrow, str) and not narrowing.fault(narrow):
        for key in (n.key for n in parse(narrow) if n.key in OF_ARMS):
            said = f"{key} is what the nodes tell: a network is narrowed by what holds of a trial"
            yield document.fault((*place, "narrow"), said)


def _course(document: Document, place: Place, block: dict[str, Any]) -> Iterator[Fault]:
    """Yield what is at odds in a block of a time course, where it has the right form."""
    measure = block.get("measure")
    if isinstance(measure, str) and measure in MEASURES and not MEASURES[measure].compares:
        said = f"{measure} is of treated arms alone, and a time course compares them with control"
        yield document.fault((*place, "measure"), said)
    hours = block.get("hours")
    start, end = (hours.get("from"), hours.get("to")) if isinstance(hours, dict) else (None, None)
    if not isinstance(start, int | float) or not isinstance(end, int | float):
        return
    if start >= end:
        yield document.fault((*place, "hours"), "from must be before to")
        return
    for key in ("knots", "shown", "compared"):
        given = block.get(key)
        if not isinstance(given, list) or not all(map(_is_number, given)):
            continue
        if given != sorted(given):
            yield document.fault((*place, key), "hours must increase")
        if outside := [hour for hour in given if not start <= hour <= end]:
            said = f"{outside[0]:g} h is outside the hours of the course"
            yield document.fault((*place, key, given.index(outside[0])), said)


def _is_block(value: Any) -> bool:
    return isinstance(value, dict)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _block(content: Any, key: str) -> dict[str, Any]:
    return _dict(_dict(content).get(key))
