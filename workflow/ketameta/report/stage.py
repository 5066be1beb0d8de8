"""The last stage: syntheses in, the files of the report out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ketameta import __version__
from ketameta.configuration import Analysis, Configuration
from ketameta.evidence.certainty import Certainty
from ketameta.evidence.judged import certainties, grounds, judged
from ketameta.evidence.releases import Release, in_order
from ketameta.figures.forest import draw
from ketameta.figures.scene import to_svg, writable
from ketameta.report import changes, rob2, wording_notes
from ketameta.report.beside import beside
from ketameta.report.certainty import certainty_rows
from ketameta.report.claim_pictures import picture
from ketameta.report.claims import claim_rows, claim_views, claims_of_analysis, sections, tally
from ketameta.report.compact import compact, on_page
from ketameta.report.csv_tables import shown_tables, to_csv
from ketameta.report.forest_data import forest_of
from ketameta.report.graphics import courses, diagnostics, evidence, reductions, with_narrowed
from ketameta.report.pages import by_reason, environment, study_view, summary_view, warnings_on
from ketameta.report.verify import verify_script
from ketameta.report.workbook import workbook
from ketameta.report_files import report_files
from ketameta.tables import RESULT_TABLES, STAGE_TABLES
from ketameta.tables.grouping import grouped

Record = dict[str, Any]
Rows = dict[str, list[Record]]
# table -> analysis -> rows
Groups = dict[str, dict[str, list[Record]]]
STATIC = Path(__file__).parent / "static"


def report(
    tables: Rows, configuration: Configuration, releases: Sequence[Release] = ()
) -> dict[str, str | bytes]:
    """Return the content of every file of the report, by its path below reports/.

    `releases` are the recorded ones; the page of changes compares these tables with them.
    """
    configuration = with_narrowed(tables, configuration)
    paths = report_files(configuration.names)
    rated = certainties(tables, configuration)
    records = {row["analysis"]: row for row in judged(tables, configuration, rated)}
    shared = _shared(tables, configuration, paths, releases)
    groups = {table: grouped(tables[table], "analysis") for table in _OWN}
    tests = tables["claim_tests"]
    views = claim_views(tests, grounds(tables, records), rated, groups["studies"], configuration)
    shared["tested"] = claims_of_analysis(tests)
    files: dict[str, str | bytes] = {}
    for analysis in configuration:
        name = analysis.name
        files |= _analysis_files(analysis, groups, records[name], rated[name], shared)
    pages = environment()
    verdicts = {view.claim_id: view.verdict for view in views}
    shared["told"] = tally(list(verdicts.values()))
    files["changes.html"], changed = changes.page(
        releases, records, verdicts, configuration, shared
    )
    files["index.html"] = pages.get_template("index.html").render(
        **shared,
        changed=changed,
        map=evidence(tables["evidence_map"]),
        evidence=tables["evidence_map"],
        rows=[(a, records[a.name]) for a in configuration],
        headlines=[
            (a, records[a.name], *_small_forests(a, groups, records[a.name]))
            for a in configuration
            if a.display.headline
        ],
        root="",
    )
    files["claims.html"] = pages.get_template("claims.html").render(
        **shared,
        claims=views,
        sections=sections(views),
        pictures={view.claim_id: picture(view) for view in views},
        root="",
    )
    files["rob2.html"] = rob2.page(tables["signalling"], tables["rater_agreement"], shared)
    files["dictionary.html"] = pages.get_template("dictionary.html").render(
        **shared, raw=RESULT_TABLES.values(), stages=STAGE_TABLES, root=""
    )
    made = {
        "certainty": certainty_rows(rated, records, configuration),
        "claims": claim_rows(views, tests),
    }
    shown = shown_tables({**tables, **made})
    for name, (columns, rows) in shown.items():
        files[f"tables/{name}.csv"] = to_csv(columns, rows)
    files["ketameta.xlsx"] = workbook(shown, __version__, shared["data_hash"])
    files["verify.R"] = verify_script(tables, configuration, shared["data_hash"])
    for name in ("style.css", "report.js"):
        files[f"static/{name}"] = (STATIC / name).read_text(encoding="utf-8")
    return {path: _written(path, files[path]) for path in paths}


def _written(path: str, content: str | bytes) -> str | bytes:
    """Return the content of a file; of a page, without characters that no page can hold."""
    page = isinstance(content, str) and path.endswith(".html")
    return writable(str(content)) if page else content


def _shared(
    tables: Rows, configuration: Configuration, paths: list[str], releases: Sequence[Release]
) -> dict[str, Any]:
    """Return what every template is given; data are dated by the first release that holds them."""
    summary = summary_view(tables["summary"])
    data_hash = dict(summary["data"])["data hash"]
    dates = [r.date for r in in_order(releases) if r.data_hash == data_hash]
    return {
        "summary": summary,
        "findings": tables.get("findings", []),
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
    name, slug = analysis.name, analysis.slug
    own = {table: groups[table][name] for table in _OWN}
    rows = (own["studies"], own["subgroups"], "", own["exclusions"], own["judgements"])
    forest = forest_of(
        analysis, record, *rows, missing=own["missing_results"], earlier=own["earlier"]
    )
    scene = draw(forest)
    figure, narrow = on_page(forest, scene, slug)
    studies = [study_view(analysis, s) for s in own["studies"]]
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
            drawings=[d for d in shared["all_drawings"] if d.analysis == name],
            distributions=[d for d in shared["all_reductions"] if d.analysis == name],
            arms=own["arm_reductions"],
            beside=beside(analysis, record, own),
            warnings=warnings_on(studies, shared["summary"], shared["findings"]),
            root="../",
        ),
    }


_OWN = (
    *("studies", "subgroups", "splits", "sensitivity", "absolute", "points"),
    *("exclusions", "unused", "judgements", "arm_reductions"),
    *("pairs", "pair_syntheses", "missing_results", "directions", "earlier"),
)


def _small_forests(analysis: Analysis, groups: Groups, record: Record) -> tuple[str, str]:
    """Draw the headline's forest plot, wide and narrow, with links to the analysis page."""
    name = analysis.name
    studies, subgroups = (groups[table][name] for table in ("studies", "subgroups"))
    forest = compact(
        forest_of(analysis, record, studies, subgroups, f"analyses/{analysis.slug}.html")
    )
    return on_page(forest, draw(forest), analysis.slug)
