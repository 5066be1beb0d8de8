"""Study data of a review, as RevMan takes them in and Covidence hands them out, as our tables."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from ketameta.reviews.cells import number, plain, plain_text, table
from ketameta.reviews.drafts import DraftTables, Row, SourceArm, SourceRow
from ketameta.reviews.judgements import study_file
from ketameta.reviews.layout_tables import arm_key, first
from ketameta.reviews.layouts import STUDY_ARM, STUDY_NOTED
from ketameta.reviews.words import measure_of

_RATIOS = {"OR", "RR", "HR", "ROM"}
_STUDY_FILES = (
    "study-information", "study-arms", "study-results", "overall-estimates-and-settings",
)  # fmt: skip


def tables_of_studies(
    files: Iterable[tuple[str, bytes]], reference: str
) -> tuple[DraftTables, list[str]] | None:
    """Return the tables of study data, and what was left out; None where files have none."""
    found: dict[str, list[dict[str, str]]] = {kind: [] for kind in _STUDY_FILES}
    for name, content in files:
        kind = study_file(name)
        if kind in found:
            found[kind] += table(content, name)
    if not (found["study-results"] and found["study-arms"]):
        return None
    draft, said = DraftTables(reference), ["read as study data of RevMan and Covidence"]
    years = {row["study"]: row.get("year", "") for row in found["study-information"]}
    given = {(row["study"], row["arm"]): _arm_told(row) for row in found["study-arms"]}
    for line, row in enumerate(found["study-results"], start=2):
        row = {name: cell.strip() for name, cell in row.items()}  # noqa: PLW2901
        draft.add(_result_told(row, years, given, f"study results, line {line}"))
    empty = [name for name in years if name not in draft.names]
    said += [f"studies without results, left out: {', '.join(empty)}"] * bool(empty)
    words = "direction of scales, analysis set, hours, dose, population and the outcome's word"
    said.append(f"not told by the source: {words}")
    return draft, [*said, *_beside(found["overall-estimates-and-settings"])]


def _arm_told(row: Mapping[str, str]) -> str:
    """Return an arm's name with what it received, as a label."""
    name, received = row["arm"], row.get("intervention", "").strip()
    label = f"{name} ({received})" if received and received != name else name
    more = plain_text(row.get("description", ""))
    return f"{label}: {more}" if more else label


def _beside(analyses: list[dict[str, str]]) -> list[str]:
    """Say which analyses stand beside study data, and are not made from them."""
    custom = [
        f"{row.get('analysis group', '')}.{row.get('analysis number', '')}"
        for row in analyses
        if "custom" in row.get("data source", "").lower()
    ]
    told = "data rows of analyses are left out, as they repeat results; --analysis 1.2 takes one"
    more = f"not from study data, so their numbers may be in none of these: {', '.join(custom)}"
    return [told] * bool(analyses) + [more] * bool(custom)


def _result_told(
    row: Mapping[str, str],
    years: Mapping[str, str],
    given: Mapping[tuple[str, str], str],
    place: str,
) -> SourceRow:
    study, names = row["study"], [row.get("arm", ""), row.get("reference arm", "")]
    names = [name for name in names if name]
    noted = [f"{name} {row[name]}" for name in STUDY_NOTED if row.get(name)]
    word = row.get("effect measure", "")
    noted += [f"effect measure {word}"] * bool(word and not measure_of(word))
    noted += [f"footnote: {row['footnotes']}"] if row.get("footnotes") else []
    keys = [arm_key(name) or "arm" for name in names]
    labels = [given.get((study, name), name) for name in names]
    about = {"locator": place, "note": "; ".join([f"outcome {row.get('outcome', '')}", *noted])}
    year = years.get(study, "")
    if len(names) > 1:
        arms = tuple(SourceArm(k, label) for k, label in zip(keys, labels, strict=True))
        return SourceRow(study, year, arms, about, _contrast(row))
    own = {ours: first(row, theirs) for ours, theirs in STUDY_ARM.items()}
    own["definition"] = row.get("outcome", "") if own["events"] else ""
    if number(row.get("ci level")) in (95.0, 0.95):
        own |= {"ci95_low": row.get("ci start", ""), "ci95_high": row.get("ci end", "")}
    filled = {name: cell for name, cell in own.items() if cell}
    return SourceRow(study, year, (SourceArm(keys[0], labels[0], filled),), about)


def _contrast(row: Mapping[str, str]) -> Row:
    """Return the columns of a contrast; a ratio from its own columns, else from its log."""
    measure = measure_of(row.get("effect measure", ""))
    ratio = measure in _RATIOS
    own: Row = {"measure": measure, "se": row.get("se", ""), "p_value": row.get("p value", "")}
    for ours, theirs in (("estimate", "mean"), ("ci_low", "ci start"), ("ci_high", "ci end")):
        value = row.get(f"exp {theirs}", "") if ratio else ""
        log = number(row.get(theirs))
        if not value and not math.isnan(log):
            value = plain(math.exp(log)) if ratio else row[theirs]
        own[ours] = value
    level = number(row.get("ci level"))
    if own["ci_low"] and not math.isnan(level):
        own["ci_level"] = plain(level * 100 if level <= 1 else level)
    return {name: cell for name, cell in own.items() if cell}
