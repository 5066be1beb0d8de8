"""The last stage: syntheses in, the files of the report out."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping, Sequence
from typing import Any

from ketameta import __version__
from ketameta.configuration import Analysis, Configuration
from ketameta.evidence.certainty import Certainty
from ketameta.evidence.releases import Release, in_order
from ketameta.evidence.results import certainties, grounds, rated_syntheses
from ketameta.figures.forest import draw
from ketameta.figures.scene import to_svg, writable
from ketameta.report import changes, extraction, rob2, rules, wording_notes
from ketameta.report.alike import alike
from ketameta.report.alongside import alongside, earlier
from ketameta.report.answers import answers
from ketameta.report.certainty import certainty_rows
from ketameta.report.claim_pictures import picture
from ketameta.report.claim_view import ClaimView
from ketameta.report.claims import claim_rows, claim_views, claims_of_analysis, sections, tally
from ketameta.report.compact import on_page, on_paper
from ketameta.report.csv_tables import shown_tables, to_csv
from ketameta.report.data_page import data_view
from ketameta.report.decided import APART
from ketameta.report.findings_document import findings_document
from ketameta.report.forest_data import forest_of
from ketameta.report.front_page import front_page
from ketameta.report.graphics import KINDS, courses, diagnostics, reductions, with_narrowed
from ketameta.report.overview import overview, summary
from ketameta.report.pages import (
    STATIC,
    by_reason,
    environment,
    given,
    study_view,
    style_sheet,
    warnings_on,
)
from ketameta.report.results_list import neighbours
from ketameta.report.summary_of_findings import findings_rows, findings_view
from ketameta.report.traces import Traces
from ketameta.report.verify import verify_script
from ketameta.report.workbook import workbook
from ketameta.report_files import report_files
from ketameta.tables import RESULT_TABLES, STAGE_TABLES
from ketameta.tables.grouping import grouped

Record = dict[str, Any]
Rows = dict[str, list[Record]]
# table -> analysis -> rows
Groups = dict[str, dict[str, list[Record]]]


def report(
    tables: Rows, configuration: Configuration, releases: Sequence[Release] = ()
) -> dict[str, str | bytes]:
    """Return the content of every file of the report, by its path below reports/.

    `releases` are the recorded ones; the page of changes compares these tables with them.
    """
    configuration = with_narrowed(tables, configuration)
    paths = report_files(configuration.names)
    rated = certainties(tables, configuration)
    records = {row["analysis"]: row for row in rated_syntheses(tables, configuration, rated)}
    shared = _shared(tables, configuration, paths, releases)
    groups = {table: grouped(tables[table], "analysis") for table in _OWN}
    tests = tables["claim_tests"]
    views = claim_views(tests, grounds(tables, records), rated, groups["studies"], configuration)
    shared["tested"] = claims_of_analysis(tests)
    asked = answers(configuration, records, rated, tables["absolute"], tables["points"])
    told_apart = {
        name: alike(answer, groups["absolute"][name], groups["studies"][name], asked)
        for name, answer in asked.items()
    }
    files: dict[str, str | bytes] = {}
    for analysis in configuration:
        name = analysis.name
        context = shared | {
            "answer": asked[name],
            "alike": told_apart[name],
            "neighbours": neighbours(configuration, analysis),
        }
        files |= _analysis_files(analysis, groups, records[name], rated[name], context)
    verdicts = {view.claim_id: view.verdict for view in views}
    shared["told"] = tally(views)
    files["changes.html"], changed = changes.page(
        releases, records, verdicts, configuration, shared
    )
    found = findings_rows(configuration.summaries, asked, groups["studies"])
    summed_up = findings_view(configuration, found)
    reports = shared["overview"].data.reports
    front = front_page(configuration, asked, told_apart, views)
    extracted = extraction.view(tables, configuration, records, releases)
    certain = certainty_rows(rated, records, configuration)
    pages: dict[str, dict[str, Any]] = {
        "index.html": {**summed_up, **front, "changed": changed, "trial_reports": reports},
        "claims.html": _claims_page(views, configuration, records, groups, shared["tested"]),
        "sof.html": summed_up,
        "rob2.html": given(rob2.view(tables["signalling"], tables["rater_agreement"])),
        "extraction.html": given(extracted),
        "data.html": data_view(tables, configuration, reports),
        "rules.html": given(rules.view(configuration, certain)),
        "dictionary.html": {"raw": RESULT_TABLES.values(), "stages": STAGE_TABLES},
    }
    for name, own in pages.items():
        files[name] = environment().get_template(name).render(**shared, **own, root="")
    made = {
        "certainty": certain,
        "claims": claim_rows(views, tests),
        "summary_of_findings": found,
        "finding_states": extracted.stated,
        "unread_weights": extraction.unread_rows(extracted.unread),
        "summary": summary(shared["overview"]),
    }
    files |= _other_files(ChainMap(made, tables), configuration, shared)
    return {path: _written(path, files[path]) for path in paths}


def _claims_page(
    views: Sequence[ClaimView],
    configuration: Configuration,
    records: Mapping[str, Record],
    groups: Groups,
    tested: Mapping[str, Any],
) -> dict[str, Any]:
    """Return what the page of the claims is given, earlier reviews of what they ask among it."""
    return {
        "claims": views,
        "sections": sections(views),
        "pictures": {view.claim_id: picture(view) for view in views},
        "earlier": {
            analysis.name: earlier(
                analysis, records[analysis.name], groups["earlier"][analysis.name]
            )
            for analysis in configuration
            if analysis.name in tested
        },
    }


def _other_files(
    tables: Mapping[str, list[Record]], configuration: Configuration, shared: dict[str, Any]
) -> dict[str, str | bytes]:
    """Return what is no page and no figure: tables, workbook, document, script and style."""
    files: dict[str, str | bytes] = {}
    shown = shown_tables(tables, shared["traces"])
    for name, (columns, rows) in shown.items():
        files[f"tables/{name}.csv"] = to_csv(columns, rows)
    questions = {analysis.name: analysis.display.question for analysis in configuration}
    files["ketameta.xlsx"] = workbook(shown, questions, __version__, shared["data_hash"])
    files["summary_of_findings.docx"] = findings_document(
        configuration.summaries, tables["summary_of_findings"], __version__, shared["data_hash"]
    )
    files["verify.R"] = verify_script(tables, configuration, shared["data_hash"])
    files["static/style.css"] = style_sheet()
    files["static/report.js"] = (STATIC / "report.js").read_text(encoding="utf-8")
    return files


def _written(path: str, content: str | bytes) -> str | bytes:
    """Return the content of a file; of a page, without characters that no page can hold."""
    page = isinstance(content, str) and path.endswith(".html")
    return writable(str(content)) if page else content


def _shared(
    tables: Rows, configuration: Configuration, paths: list[str], releases: Sequence[Release]
) -> dict[str, Any]:
    """Return what every template is given; data are dated by the first release that holds them."""
    found = overview(tables)
    data_hash = found.data.data_hash
    dates = [r.date for r in in_order(releases) if r.data_hash == data_hash]
    return {
        "overview": found,
        "findings": tables.get("findings", []),
        "traces": Traces(tables["derivations"], tables["rows"]),
        "decided": extraction.decided_of(tables),
        "data_hash": data_hash,
        "data_date": dates[0] if dates else "no release yet",
        "version": __version__,
        "all_drawings": [*diagnostics(tables, configuration), *courses(tables, configuration)],
        "all_reductions": list(reductions(tables["arm_reductions"], configuration)),
        "tables": [path for path in paths if path.startswith("tables/")],
        "figures": {
            a.name: [path for path in paths if path.startswith(f"figures/{a.slug}.")]
            for a in configuration
        },
    }


def _analysis_files(
    analysis: Analysis, groups: Groups, record: Record, rated: Certainty, shared: dict[str, Any]
) -> dict[str, str]:
    """Return the figure and the page of one analysis."""
    name, slug, traces = analysis.name, analysis.slug, shared["traces"]
    own = {table: groups[table][name] for table in _OWN}
    rows = (own["studies"], own["subgroups"], "", own["exclusions"], own["judgements"])
    forest = forest_of(
        *(analysis, record, *rows),
        splits=own["splits"],
        missing=own["missing_results"],
        earlier=own["earlier"],
    )
    scene = draw(forest)
    figure, narrow = on_page(forest, scene, slug)
    studies = [study_view(analysis, s, traces, shared["decided"]) for s in own["studies"]]
    page = environment().get_template("analysis.html")
    return {
        f"figures/{slug}.forest.svg": to_svg(scene, slug, standalone=True),
        f"analyses/{slug}.html": page.render(
            **shared | {"tested": shared["tested"].get(name, [])},
            analysis=analysis,
            record=record,
            rated=rated,
            figure=figure,
            narrow=narrow,
            printed=on_paper(forest, slug),
            studies=studies,
            notes=wording_notes.notes(analysis, record, own["studies"]),
            subgroups=grouped(own["subgroups"], "split"),
            splits=own["splits"],
            sensitivity=own["sensitivity"],
            risks=own["absolute"],
            points=own["points"],
            exclusions=by_reason(own["exclusions"]),
            unused=by_reason([u for u in own["unused"] if not u["chosen"]]),
            chosen=by_reason([u for u in own["unused"] if u["chosen"]]),
            kinds=KINDS,
            apart=APART,
            drawings=[d for d in shared["all_drawings"] if d.analysis == name],
            distributions=[d for d in shared["all_reductions"] if d.analysis == name],
            arms=own["arm_reductions"],
            alongside=alongside(analysis, record, own),
            warnings=warnings_on(studies, shared["overview"].warnings, shared["findings"]),
            root="../",
        ),
    }


_OWN = (
    *("studies", "subgroups", "splits", "sensitivity", "absolute", "points"),
    *("exclusions", "unused", "judgements", "arm_reductions"),
    *("pairs", "pair_syntheses", "missing_results", "directions", "earlier"),
)
