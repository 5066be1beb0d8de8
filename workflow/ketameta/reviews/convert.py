"""Reviews, and tables of other programs, as the start of our tables, with what they cannot say."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path

from ketameta.ingest.formats import Cells
from ketameta.ingest.text import UnreadableError, file_content
from ketameta.reviews.cells import NAN, number, table
from ketameta.reviews.layouts import JUDGEMENTS, LAYOUTS, OF_ROB2, ROB1, ROB2, Layout, StudyResults
from ketameta.reviews.model import Analysis, Review, StudyRow
from ketameta.reviews.package import ARCHIVE, files_of_archive, files_of_folder
from ketameta.reviews.tables import Arm, Row, Tables, Told, twice

_MEASURES = {
    "oddsratio": "OR", "riskratio": "RR", "riskdifference": "RD", "meandifference": "MD",
    "standardizedmeandifference": "SMD", "stdmeandifference": "SMD", "hazardratio": "HR",
    "rateratio": "RR", "ratioofmeans": "ROM",
}  # fmt: skip
_RATIOS = {"OR", "RR", "HR", "ROM"}
_STUDY_FILES = ("study-information", "study-arms", "study-results", "risk-of-bias")
_RESULTS = StudyResults()
_END = "end scores are assumed: move them to change_mean and change_sd where they are changes"
_REVIEW_SILENT = (
    "not told by the source: direction of scales, analysis set, hours, treatment, dose, population"
)


def plain(value: float) -> str:
    """Write a number with the digits that it was entered with; empty for none."""
    return "" if math.isnan(value) else f"{value:.15g}"


def tables_of_review(review: Review, only: str | None, reference: str) -> tuple[Cells, list[str]]:
    """Return the tables of a review, or of one of its analyses, and what was assumed or left out.

    Raises `UnreadableError` where there is no such analysis.
    """
    taken = [a for a in review.analyses if only in (None, a.number)]
    if not taken:
        known = ", ".join(a.number for a in review.analyses)
        raise UnreadableError(f"has no analysis {only}; there are {known}")
    tables, said = Tables(reference), [*review.said]
    for analysis in taken:
        empty = [row.study for row in analysis.rows if not _has_numbers(analysis, row)]
        for row in analysis.rows:
            if row.study not in empty:
                tables.add(_told(analysis, row))
        said += [f"{analysis.number}: without numbers, left out: {', '.join(empty)}"] * bool(empty)
        said += twice([row.study for row in analysis.rows], analysis.number)
        how = analysis.settings
        said.append(
            f"{analysis.number} {analysis.name}: pooled there by {how.method}, {how.measure}, "
            f"{how.model} effects"
        )
    return tables.cells(), [*said, "seen is secondary: read in a review", _REVIEW_SILENT]


def _has_numbers(analysis: Analysis, row: StudyRow) -> bool:
    data = analysis.settings.data
    if data in ("counts", "means"):
        return all(n > 0 for n in row.people)
    pair = row.observed if data == "O-E" else row.generic
    return pair[1] > 0


def _told(analysis: Analysis, row: StudyRow) -> Told:
    how, group = analysis.settings, f", subgroup {row.subgroup}" if row.subgroup else ""
    notes = [f"analysis {analysis.number} {analysis.name}{group}"]
    if "estimate" in row.printed:
        notes.append(f"its effect there {row.printed['estimate'].text}")
    if row.footnote:
        notes.append(f"footnote: {row.footnote}")
    numbers: list[Row] = [{}, {}]
    between: Row = {}
    if how.data in ("counts", "means"):
        for i in (0, 1):
            numbers[i] = {"n": plain(row.people[i])}
            if how.data == "counts":
                numbers[i] |= {"events": plain(row.events[i]), "definition": analysis.name}
            else:
                numbers[i] |= {"mean": plain(row.mean[i]), "sd": plain(row.sd[i])}
        notes += [_END] * (how.data == "means")
    else:
        value, se = row.generic
        if how.data == "O-E":
            value, se = row.observed[0] / row.observed[1], row.observed[1] ** -0.5
            notes.append("from (O-E)/V")
        shown = math.exp(value) if how.ratio else value
        between = {"estimate": plain(shown), "se": plain(se)}
        notes += ["a ratio, its error that of its log"] * how.ratio
    key = analysis.number.split(".")[0]
    names = [label or default for label, default in zip(analysis.labels, _ARMS, strict=True)]
    arms = [
        Arm(f"{default}_{key}", name, own)
        for default, name, own in zip(_ARMS, names, numbers, strict=True)
    ]
    place = f"analysis {analysis.number}{group}, row {row.study}"
    return Told(
        row.study, row.year, tuple(arms), {"note": "; ".join(notes), "locator": place}, between
    )


_ARMS = ("experimental", "control")


def layout_of(header: Mapping[str, str]) -> Layout | None:
    """Return the layout that the columns of a table are of, if any."""
    names = set(header)
    return next((x for x in LAYOUTS if any(known <= names for known in x.known_by)), None)


def tables_of_layout(path: Path, reference: str) -> tuple[Cells, list[str]] | None:
    """Return the tables of a CSV of another program, or None where it is of no known layout."""
    rows = table(file_content(path), path.name)
    rows = [{name: cell.strip() for name, cell in row.items()} for row in rows]
    layout = layout_of(rows[0]) if rows else None
    if layout is None:
        judged = robvis(rows, reference) if rows else None
        return judged
    tables, used = Tables(reference), _used(layout)
    for line, row in enumerate(rows, start=2):
        tables.add(_row_told(layout, row, f"{path.name}, line {line}"))
    rest = [name for name in rows[0] if name not in used and any(r.get(name) for r in rows)]
    said = [f"read as a table of {layout.name}", f"not told by the source: {layout.silent}"]
    said += [f"columns that have no place here, left out: {', '.join(rest)}"] * bool(rest)
    names = [_first(row, layout.study) for row in rows]
    return tables.cells(), said + twice(names, path.name)


def _used(layout: Layout) -> set[str]:
    found = {*layout.study, *layout.year, *layout.definition, *layout.noted, *layout.weeks}
    for names in (*layout.arms, *(columns for _, columns in layout.between)):
        found.update(name for theirs in names.values() for name in theirs)
    return found | {name for pair in layout.labels for name in pair}


def _first(row: Mapping[str, str], names: tuple[str, ...]) -> str:
    """Return the first cell that has something in it."""
    cells = (row.get(name, "") for name in names)
    return next((cell for cell in cells if cell and cell.upper() != "NA"), "")


def _row_told(layout: Layout, row: Mapping[str, str], place: str) -> Told:
    about = {"locator": place}
    noted = [f"{name} {row[name]}" for name in layout.noted if row.get(name)]
    weeks = number(_first(row, layout.weeks))
    if not math.isnan(weeks):
        about["timepoint_h"] = plain(weeks * 168)
    arms = []
    for names, labels, default in zip(layout.arms, layout.labels, _ARMS, strict=True):
        own = {
            column: _decimal(cell)
            for column, theirs in names.items()
            if (cell := _first(row, theirs))
        }
        label = _first(row, labels)
        key = _arm_key(label)[:60] or default
        definition = _first(row, layout.definition)
        if own and definition:
            own["definition"] = definition
        arms.append(Arm(key, label or default, own, label))
    if arms[0].key == arms[1].key:
        arms = [
            Arm(f"{arm.key}_{i}", arm.label, arm.numbers, arm.treatment)
            for i, arm in enumerate(arms, 1)
        ]
    between, more = _between(layout, row)
    about["note"] = "; ".join([*noted, *more])
    study, year = _first(row, layout.study), _first(row, layout.year)
    return Told(study or place, year, tuple(arms), about, between)


def _arm_key(label: str) -> str:
    """Return the name of an arm as an identifier; empty where it has no letter of one."""
    return re.sub(r"[^A-Za-z0-9._+-]+", "_", label).strip("_")


def _between(layout: Layout, row: Mapping[str, str]) -> tuple[Row, list[str]]:
    """Return the columns of a contrast, of the first measure that the row has, and notes."""
    for measure, names in layout.between:
        cells = {own: number(_first(row, theirs)) for own, theirs in names.items()}
        if math.isnan(cells["estimate"]):
            continue
        se = cells.get("se", NAN)
        if math.isnan(se) and cells.get("variance", NAN) > 0:
            se = math.sqrt(cells["variance"])
        if measure == "logRR":
            ratio = math.exp(cells["estimate"])
            return {"measure": "RR", "estimate": plain(ratio), "se": plain(se)}, []
        said = [] if measure else ["its measure is not told; a ratio may stand as its log"]
        return {"measure": measure, "estimate": plain(cells["estimate"]), "se": plain(se)}, said
    return {}, []


def _decimal(cell: str) -> str:
    """Return a number with a decimal point, text as it is."""
    value = number(cell)
    return cell if math.isnan(value) or "," not in cell else plain(value)


def robvis(rows: list[dict[str, str]], reference: str) -> tuple[Cells, list[str]] | None:
    """Return judgements in the layout of robvis: a study a row, a domain a column; None if not."""
    header = list(rows[0])
    domains = [name for name in header if name not in ("study", "weight", "overall")]
    judged = [row[name].lower() for row in rows for name in domains if row.get(name)]
    if header[0] != "study" or not domains or not {*judged} <= {*JUDGEMENTS, "no information"}:
        return None
    tables = Tables(reference)
    said = ["read as judgements in the layout of robvis", "not told by the source: the support"]
    said += _judged(tables, rows, {name: name for name in header[1:] if name != "weight"}, {})
    return tables.cells(), said


def _judged(
    tables: Tables,
    rows: list[dict[str, str]],
    domains: Mapping[str, str],
    support: Mapping[str, str],
) -> list[str]:
    """Add judgements of columns, each of a domain by its heading; say what has no place."""
    headings = " ".join(domains.values())
    cells = {row.get(name, "").lower() for row in rows for name in domains}
    second = bool(cells & OF_ROB2) or "deviation" in headings or "d1" in domains
    known, tool = (ROB2, "RoB2") if second else (ROB1, "RoB1")
    said = []
    for name, heading in domains.items():
        domain = next((ours for mark, ours in known if mark in heading.lower()), "")
        if not domain:
            said.append(f"domain {heading!r} has no place in {tool}, left out")
            continue
        for row in rows:
            judgement = JUDGEMENTS.get(row.get(name, "").strip().lower(), "")
            if judgement:
                text = row.get(support.get(heading, ""), "")
                own = {"tool": tool, "domain": domain, "judgement": judgement, "support": text}
                tables.judge(row["study"], own)
            elif row.get(name, "").strip():
                said.append(f"{row['study']}, {heading}: {row[name]!r} is no judgement, left out")
    return said


def tables_of_studies(path: Path, reference: str) -> tuple[Cells, list[str]] | None:
    """Return the tables of study data (four CSV files, as Covidence hands them to RevMan).

    None where a folder or archive has none of them.
    """
    if path.is_dir():
        files = files_of_folder(path)
    elif (content := file_content(path)).startswith(ARCHIVE):
        files = files_of_archive(content, path.name)
    else:
        return None
    found: dict[str, list[dict[str, str]]] = {}
    for name, content in files:
        plain_name = re.sub(r"[^a-z0-9]+", "-", Path(name).stem.lower())
        kind = next((kind for kind in _STUDY_FILES if plain_name.endswith(kind)), None)
        if kind:
            found[kind] = found.get(kind, []) + table(content, name)
    if not {"study-results", "study-arms"} <= found.keys():
        return None
    return _studies(found, reference)


def _studies(found: Mapping[str, list[dict[str, str]]], reference: str) -> tuple[Cells, list[str]]:
    tables, said = Tables(reference), ["read as study data of RevMan and Covidence"]
    years = {row["study"]: row.get("year", "") for row in found.get("study-information", ())}
    given = {(row["study"], row["arm"]): row.get("intervention", "") for row in found["study-arms"]}
    for line, row in enumerate(found["study-results"], start=2):
        row = {name: cell.strip() for name, cell in row.items()}  # noqa: PLW2901
        tables.add(_result_told(row, years, given, f"study results, line {line}"))
    bias = found.get("risk-of-bias", [])
    if bias:
        judged: dict[str, str] = {}
        support: dict[str, str] = {}
        for name in bias[0]:
            if match := re.fullmatch(r"domain \((judgement|support)\) (.+)", name):
                (judged if match[1] == "judgement" else support)[match[2]] = name
        domains = {name: heading for heading, name in judged.items()}
        said += _judged(tables, bias, domains, support)
    known = {row["study"] for row in found["study-results"]}
    empty = [name for name in years if name not in known]
    said += [f"studies without results, left out: {', '.join(empty)}"] * bool(empty)
    words = "direction of scales, analysis set, hours, dose, population and the outcome's word"
    return tables.cells(), [*said, f"not told by the source: {words}"]


def _result_told(
    row: Mapping[str, str],
    years: Mapping[str, str],
    given: Mapping[tuple[str, str], str],
    place: str,
) -> Told:
    study, names = row["study"], [row.get("arm", ""), row.get("reference arm", "")]
    names = [name for name in names if name]
    noted = [f"{name} {row[name]}" for name in _RESULTS.noted if row.get(name)]
    noted += [f"footnote: {row['footnotes']}"] if row.get("footnotes") else []
    keys = [_arm_key(name) or "arm" for name in names]
    labels = [f"{name} ({given.get((study, name), '')})".replace(" ()", "") for name in names]
    about = {"locator": place, "note": "; ".join([f"outcome {row.get('outcome', '')}", *noted])}
    year = years.get(study, "")
    if len(names) > 1:
        arms = tuple(Arm(k, label) for k, label in zip(keys, labels, strict=True))
        return Told(study, year, arms, about, _contrast(row))
    own = {ours: _first(row, theirs) for ours, theirs in _RESULTS.arm.items()}
    own["definition"] = row.get("outcome", "") if own["events"] else ""
    if number(row.get("ci level")) in (95.0, 0.95):
        own |= {"ci95_low": row.get("ci start", ""), "ci95_high": row.get("ci end", "")}
    filled = {name: cell for name, cell in own.items() if cell}
    return Told(study, year, (Arm(keys[0], labels[0], filled),), about)


def _contrast(row: Mapping[str, str]) -> Row:
    """Return the columns of a contrast; a ratio from its own columns, else from its log."""
    measure = _MEASURES.get(re.sub(r"[^a-z]", "", row.get("effect measure", "").lower()), "")
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
