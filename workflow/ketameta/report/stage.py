"""The last stage: syntheses in, the files of the report out."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ketameta import __version__
from ketameta.configuration import Analysis, Configuration
from ketameta.evidence.releases import Release
from ketameta.figures.forest import draw
from ketameta.figures.scene import to_svg
from ketameta.report import changes
from ketameta.report.forest_data import forest_of
from ketameta.report.pages import environment, study_view, summary_view
from ketameta.report_files import report_files
from ketameta.tables import RAW_TABLES, STAGE_TABLES
from ketameta.tables.stages import STUDIES, SYNTHESES

Record = dict[str, Any]
STATIC = Path(__file__).parent / "static"


def report(
    tables: dict[str, list[Record]],
    configuration: Configuration,
    releases: Sequence[Release] = (),
) -> dict[str, str]:
    """Return the text of every file of the report, by its path below reports/."""
    studies = _by_analysis(tables["studies"])
    subgroups = _by_analysis(tables["subgroups"])
    exclusions = _by_analysis(tables["exclusions"])
    sensitivity = _by_analysis(tables["sensitivity"])
    left_out = _by_analysis(tables["left_out"])
    records = {row["analysis"]: row for row in tables["syntheses"]}
    files: dict[str, str] = {}
    pages = environment()
    figures: dict[str, str] = {}
    for analysis in configuration:
        name, record = analysis.name, records[analysis.name]
        scene = draw(forest_of(analysis, record, studies[name], subgroups[name]))
        figures[name] = to_svg(scene, name)
        files[f"figures/{name}.forest.svg"] = to_svg(scene, name, standalone=True)
        files[f"analyses/{name}.html"] = pages.get_template("analysis.html").render(
            analysis=analysis,
            record=record,
            figure=figures[name],
            studies=[study_view(analysis, s) for s in studies[name]],
            subgroups=subgroups[name],
            exclusions=exclusions[name],
            sensitivity=sensitivity[name],
            left_out=left_out[name],
            root="../",
        )
    summary = summary_view(tables["summary"])
    files["changes.html"], changed = changes.page(
        releases, tables, tables["syntheses"], configuration
    )
    files["index.html"] = pages.get_template("index.html").render(
        groups=_groups(configuration, records),
        headlines=[
            (a, records[a.name], _linked(figures[a.name], a.name))
            for a in configuration
            if a.display.headline
        ],
        summary=summary,
        changed=changed,
        findings=tables["findings"],
        version=__version__,
        root="",
    )
    files["dictionary.html"] = pages.get_template("dictionary.html").render(
        raw=RAW_TABLES.values(),
        stages=STAGE_TABLES,
        root="",
    )
    files["tables/syntheses.csv"] = to_csv(tables["syntheses"], SYNTHESES.names)
    plain = [name for name in STUDIES.names if name not in ("steps", "evidence")]
    files["tables/studies.csv"] = to_csv(tables["studies"], plain)
    files["static/style.css"] = (STATIC / "style.css").read_text(encoding="utf-8")
    return {path: files[path] for path in report_files(configuration.names)}


def _linked(figure: str, name: str) -> str:
    """Turn a figure's links to its own page into links from the front page, with ids of its own."""
    return figure.replace('href="#', f'href="analyses/{name}.html#')


def _by_analysis(rows: list[Record]) -> dict[str, list[Record]]:
    groups: dict[str, list[Record]] = defaultdict(list)
    for row in rows:
        groups[row["analysis"]].append(row)
    return groups


def _groups(
    configuration: Configuration, records: dict[str, Record]
) -> list[tuple[str, list[tuple[Analysis, Record]]]]:
    groups: dict[str, list[tuple[Analysis, Record]]] = defaultdict(list)
    for analysis in configuration:
        groups[analysis.display.group].append((analysis, records[analysis.name]))
    return list(groups.items())


def to_csv(rows: list[Record], names: list[str]) -> str:
    """Write rows as CSV: numbers in full, lists with ; between, formulas made harmless."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    for row in rows:
        writer.writerow([_csv_cell(row[name]) for name in names])
    return out.getvalue()


def _csv_cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        value = ";".join(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value)
    text = str(value)
    # a spreadsheet would run a cell that starts like a formula
    return "'" + text if isinstance(value, str) and text[:1] in ("=", "+", "-", "@", "\t") else text
