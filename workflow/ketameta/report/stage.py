"""The last stage: syntheses in, the files of the report out, one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ketameta import __version__
from ketameta.configuration import Configuration
from ketameta.evidence.rated import result_of
from ketameta.evidence.releases import Release, oldest_first
from ketameta.evidence.results import certainties, grounds, rated_syntheses
from ketameta.evidence.version_rule import version_of
from ketameta.figures.scene import encoded
from ketameta.memo import Memo
from ketameta.report import (
    about,
    analysis_page,
    changes,
    checklist,
    checklist_methods,
    checklist_results,
    extraction,
    listings,
    prisma,
    prisma_flow,
    rob2,
    rules,
    trust,
)
from ketameta.report.alike import alike
from ketameta.report.alongside import earlier_reviews
from ketameta.report.answers import Answer, answers
from ketameta.report.bibliography import references
from ketameta.report.certainty import certainty_rows
from ketameta.report.characteristics import characteristics_rows, excluded_rows, judged_of
from ketameta.report.checklist import anchors
from ketameta.report.claim_pictures import pictures
from ketameta.report.claim_table import claim_rows
from ketameta.report.claims import (
    claim_views,
    claims_of_analysis,
    sections,
    verdict_tally,
)
from ketameta.report.csv_tables import fates_of_rows, shown_tables, to_csv
from ketameta.report.data_page import data_view
from ketameta.report.findings_document import findings_document
from ketameta.report.forest_data import PLOTTED, forest_of
from ketameta.report.front_page import front_page
from ketameta.report.graphics import with_narrowed
from ketameta.report.listing import Listing
from ketameta.report.manuscript import (
    Manuscript,
    analyses_table,
    document,
    excluded_table,
    manuscript,
    markdown,
    plotted,
    trials_of,
    trials_table,
)
from ketameta.report.networks import network_views
from ketameta.report.overview import overview
from ketameta.report.pages import Shared, environment, given, script, style_sheet
from ketameta.report.prose_methods import methods, software_sentence
from ketameta.report.prose_results import results, told
from ketameta.report.results_list import neighbours
from ketameta.report.summary_of_findings import findings_rows, findings_view
from ketameta.report.time_courses import course_views
from ketameta.report.traces import Traces
from ketameta.report.verify import verify_script
from ketameta.report.wording import level_percent
from ketameta.report.wording_networks import TRANSITIVITY
from ketameta.report.workbook import SHEETS, workbook
from ketameta.report_files import SCRIPTS, asked_pages, report_files
from ketameta.tables import RESULT_TABLES, STAGE_TABLES
from ketameta.tables.characteristics import CharacteristicsRow, ExcludedTrialRow
from ketameta.tables.collection import Tables, by, of_analyses
from ketameta.tables.diagnostics import EarlierRow, JudgementRow, RaterAgreementRow
from ketameta.tables.effects import DerivationRow, FindingRow, LedgerRow, ResultRow, SignallingRow
from ketameta.tables.prisma import MecirItemRow, PrismaFlowRow, PrismaItemRow
from ketameta.tables.raw import RAW_KINDS, TrialRow
from ketameta.tables.syntheses import (
    AbsoluteRow,
    ClaimTestRow,
    PointsRow,
    StudyRow,
)
from ketameta.tables.table import rows_with
from ketameta.tables.verdicts import (
    CertaintyRow,
    ClaimVerdictRow,
    FindingStateRow,
    SummaryOfFindingsRow,
    UnreadWeightRow,
)

Files = Iterator[tuple[str, str | bytes]]


def report(
    tables: Tables,
    configuration: Configuration,
    releases: Sequence[Release] = (),
    memo: Memo | None = None,
    made_from: str = "",
) -> Files:
    """Yield path below reports/ and content of every file of the report.

    `releases` are the recorded ones; the page of changes compares these tables with them, and the
    report has the version of the last where that is of these, and its pages were made from the same
    (`made_from`). The page of an analysis is that of the run before where the memo has it. Of long
    tables no two pages, and no rows that are done with, have to be in memory at a time.
    """
    asked = with_narrowed(tables, configuration)
    whole = _Report(tables, asked, releases, memo or Memo(), made_from)
    parts = (whole.about_data, whole.of_analyses, whole.of_all, whole.of_lists, whole.as_tables)
    for files in parts:
        for path, content in files():
            if path.endswith(".html"):
                # no page can hold the characters that XML cannot; one that is kept was written so
                page = content if isinstance(content, bytes) else encoded(str(content))
                whole.places.update(anchors(path, page))
                yield path, page
            else:
                yield path, content


def article(tables: Tables, configuration: Configuration, names: Sequence[str] = ()) -> bytes:
    """Return the text of an article as a Word document with the forest plots in it.

    Of the analyses of these names; of those that the summaries tell where none is named.
    """
    whole = _Report(tables, with_narrowed(tables, configuration), (), Memo())
    reports = whole.shared.overview.data.reports
    used = data_view(tables, whole.configuration, reports).uses
    for _ in whole.about_data():
        # what trials are is found out on the way to the pages that tell it
        pass
    shown = [whole.asked[name] for name in names] or told(whole.configuration, whole.asked)
    own = of_analyses(tables, PLOTTED)
    plots = {
        one.analysis.display.title: plotted(forest_of(one.analysis, one.record, own(name)))
        for one in shown
        if whole.studies[name := one.analysis.name]
    }
    return document(whole.manuscript(used, shown), plots)


class _Report:
    """What the files of a report share."""

    def __init__(
        self,
        tables: Tables,
        configuration: Configuration,
        releases: Sequence[Release],
        memo: Memo,
        made_from: str = "",
    ) -> None:
        self.tables, self.configuration, self.releases = tables, configuration, releases
        self.memo, self.made_from = memo, made_from
        self.rated = certainties(tables, configuration)
        rated = rated_syntheses(tables, configuration, self.rated)
        self.records = {row.analysis: row for row in rated}
        self.studies = by(tables[StudyRow], lambda row: row.analysis)
        self.traces = Traces(tables[DerivationRow], tables[ResultRow])
        tests, known = tables[ClaimTestRow], grounds(tables, self.records, configuration.courses)
        self.claims = claim_views(tests, known, self.rated, self.studies, configuration)
        self.tested = claims_of_analysis(tests)
        risks, points = tables[AbsoluteRow], tables[PointsRow]
        self.asked = answers(configuration, self.records, self.rated, risks, points)
        by_name = by(risks, lambda row: row.analysis)
        self.alike = {
            name: alike(answer, by_name[name], self.studies[name], self.asked)
            for name, answer in self.asked.items()
        }
        self.found = findings_rows(configuration.summaries, self.asked, self.studies)
        self.made = Tables(
            {
                CertaintyRow: certainty_rows(self.rated, self.records, configuration),
                ClaimVerdictRow: claim_rows(self.claims, tests),
                SummaryOfFindingsRow: self.found,
            }
        )
        self.shared = self._shared()
        asked = configuration
        paths = report_files(asked.names, asked.courses, asked.networks)
        self.places = {*paths, *(f"{checklist.PAGE}#{anchor}" for anchor in checklist.OWN)}

    def _shared(self) -> Shared:
        """Return what every template is given; data are dated by the first release with them."""
        asked = self.configuration
        paths = report_files(asked.names, asked.courses, asked.networks)
        found = overview(self.tables)
        data_hash = found.data.data_hash
        dates = [r.date for r in oldest_first(self.releases) if r.data_hash == data_hash]
        claims = {view.claim_id: view.verdict for view in self.claims}
        results = list(map(result_of, self.records.values()))
        made = found.digests, data_hash, results, claims, self.made_from
        return Shared(
            review=self.configuration.review,
            overview=found,
            findings=self.tables.get(FindingRow),
            data_hash=data_hash,
            data_date=dates[0] if dates else "no release yet",
            version=__version__,
            tables=[path for path in paths if path.startswith("tables/")],
            tested=self.tested,
            told=verdict_tally(self.claims),
            more_pages=asked_pages(asked.courses, asked.networks),
            release_version=version_of(self.releases, *made),
        )

    def _page(self, name: str, own: Mapping[str, Any], template: str = "") -> tuple[str, str]:
        page = environment().get_template(template or name)
        return name, page.render(**given(self.shared), **own, root="")

    def _listing(self, listing: Listing) -> tuple[str, str]:
        own = {"list": listing, "long_tables": listings.PAGES}
        return self._page(listing.about.page, own, "listing.html")

    def about_data(self) -> Files:
        """Yield the pages that need most of the raw tables, which are forgotten afterwards."""
        tables = self.tables
        agreement = tables[RaterAgreementRow]
        assessed = rob2.view(tables.once(SignallingRow), agreement)
        yield self._page("rob2.html", given(assessed))
        trusted = trust.view(tables, self.configuration, self.records)
        yield self._page("trust.html", given(trusted))
        found = extraction.view(tables, self.configuration, self.records, self.releases)
        yield self._page("extraction.html", given(found))
        self.trials = tables[TrialRow]
        doubts = trusted.judged, len(trusted.assessors)
        self.judged = judged_of(tables, assessed.raters, len(assessed.trials), *doubts)
        told = characteristics_rows(tables), excluded_rows(tables)
        self.made |= Tables(dict(zip((CharacteristicsRow, ExcludedTrialRow), told, strict=True)))
        anchors = {trial.anchor for trial in assessed.trials}
        yield self._listing(
            listings.trials_listing(told[0], self.trials, tables[ResultRow], anchors)
        )
        weights = extraction.unread_rows(found.unread)
        self.made |= Tables({FindingStateRow: found.stated, UnreadWeightRow: weights})
        twice = [one.read for one in found.twice if one.table in ("outcomes", "contrasts")]
        self.read_twice = sum(twice)
        self.judged_twice = {one.trial_id for one in assessed.trials if len(one.raters) > 1}
        tables.forget(*RAW_KINDS.values())
        # three files of the longest table, which is read once and then forgotten
        fates = fates_of_rows(tables)
        yield "tables/ledger.csv", to_csv(fates)
        columns = dict(zip(fates.names, fates.columns, strict=True))
        ledger, rows = rows_with(LedgerRow, len(fates.columns[0]), columns), tables[ResultRow]
        yield self._listing(listings.rows_listing(rows, ledger))
        labels = {row.trial_id: row.label for row in rows}
        yield self._listing(listings.ledger_listing(ledger, labels, self.configuration))
        yield self._listing(listings.results_listing(self.asked))

    def of_analyses(self) -> Files:
        """Yield the figure and the page of each analysis."""
        pages = analysis_page.Asker(self.tables, self.configuration, self.traces, self.shared)
        for analysis in self.configuration:
            name = analysis.name
            beside = analysis_page.Elsewhere(
                rated=self.rated[name],
                answer=self.asked[name],
                alike=self.alike[name],
                neighbours=neighbours(self.configuration, analysis),
                tested=self.tested.get(name, []),
            )
            page = pages.page(analysis, self.records[name], beside)
            paths = analysis_page.paths_of(analysis)
            yield from self.memo.files(analysis_page.files, name, page, paths)
        self.tables.forget(JudgementRow)

    def of_all(self) -> Files:
        """Yield the pages about all analyses."""
        verdicts = {view.claim_id: view.verdict for view in self.claims}
        self.since = changes.history(
            self.releases, self.shared.overview, list(self.records.values()), verdicts
        )
        changed_page, changed = changes.page(
            self.since, self.releases, self.records, self.configuration, self.shared
        )
        yield "changes.html", changed_page
        summed_up = given(findings_view(self.configuration, self.found))
        reports = self.shared.overview.data.reports
        front = given(front_page(self.configuration, self.asked, self.alike, self.claims))
        more = {"changed": changed, "trial_reports": reports}
        yield self._page("index.html", {**summed_up, **front, **more})
        yield self._page("sof.html", summed_up)
        yield self._page("claims.html", self._claims())
        data = data_view(self.tables, self.configuration, reports)
        yield self._page("data.html", given(data))
        yield from self._manuscript(data.uses)
        schemas = {"raw": RESULT_TABLES.values(), "stages": STAGE_TABLES}
        yield self._page("dictionary.html", schemas)
        shown = rules.view(self.configuration, self.made[CertaintyRow])
        yield self._page("rules.html", given(shown))
        if self.configuration.courses:
            timed = course_views(self.tables, self.configuration)
            level = level_percent(self.configuration.courses[0].level)
            yield self._page("courses.html", {"courses": timed, "level": level})
        if self.configuration.networks:
            against = network_views(self.tables, self.configuration)
            yield self._page("networks.html", {"networks": against, "transitivity": TRANSITIVITY})

    def _claims(self) -> dict[str, Any]:
        """Return what the page of the claims is given, earlier reviews of what they ask too."""
        reviews = by(self.tables[EarlierRow], lambda row: row.analysis)
        parts = sections(self.claims)
        return {
            "claims": self.claims,
            "sections": parts,
            "pictures": pictures([view for _, own in parts for view in own]),
            "earlier": {
                analysis.name: earlier_reviews(self.records[analysis.name], reviews[analysis.name])
                for analysis in self.configuration
                if analysis.name in self.tested
            },
        }

    def _manuscript(self, uses: Sequence[tuple[str, int]]) -> Files:
        """Yield what an article takes: text as page, Markdown and Word, and the references."""
        text = self.manuscript(uses, told(self.configuration, self.asked))
        yield self._page("manuscript.html", {"text": text, "trials_of": trials_of})
        yield "manuscript.md", markdown(text)
        yield "manuscript.docx", document(text)
        yield from references([name for name, _, _ in text.works], self.trials)

    def manuscript(self, uses: Sequence[tuple[str, int]], shown: Sequence[Answer]) -> Manuscript:
        """Return an article on some analyses; `uses` are reports by what became of them."""
        asked, tables, counted = self.configuration, self.tables, self.shared.overview
        software = software_sentence(__version__, self.shared.data_hash)
        parts = (
            ("Methods", methods(asked, shown, tables, self.judged, software)),
            ("Results", results(asked, shown, tables, counted, uses)),
        )
        shown_as = (
            analyses_table(shown),
            trials_table(self.made[CharacteristicsRow]),
            excluded_table(self.made[ExcludedTrialRow]),
        )
        return manuscript(asked.review, parts, shown_as)

    def of_lists(self) -> Files:
        """Yield the page of the reporting lists and its diagram: it looks at all others."""
        excluded = self.made[ExcludedTrialRow]
        held = prisma_flow.included(self.tables, excluded, self.configuration)
        flow = prisma_flow.flow_rows(self.configuration, self.tables, held)
        facts = checklist.Facts(
            configuration=self.configuration,
            tables=self.tables,
            answers=self.asked,
            trials=self.trials,
            places=self.places,
            read_twice=self.read_twice,
            judged_twice=self.judged_twice,
            left_out=len({row.trial_id for row in excluded}),
            releases=[release.date for release in oldest_first(self.releases)],
            latest=self.since[0],
            trigger=prisma.trigger(self.configuration.review, *self.since),
            unsettled=prisma_flow.unsettled(self.configuration.review.search, held),
        )
        items = checklist.judge(facts, checklist_methods.RULES | checklist_results.RULES)
        self.made |= Tables(
            dict(zip((PrismaFlowRow, PrismaItemRow, MecirItemRow), (flow, *items), strict=True))
        )
        shown = prisma.view(facts, held, flow, excluded, self.releases, items)
        titles = {f"analyses/{a.slug}.html": a.display.title for a in self.configuration}
        words = {"place_words": prisma.place_words, "titles": titles}
        yield self._page("prisma.html", {**given(shown), **words})
        yield "figures/prisma.svg", prisma.drawing(self.configuration, held)

    def as_tables(self) -> Files:
        """Yield what is no page and no figure: tables, workbook, document, script and style."""
        data_hash, counted = self.shared.data_hash, self.shared.overview
        review, version = self.configuration.review, self.shared.release_version
        sheets, in_sheets = {}, {name for name, _ in SHEETS.values()}
        for name, table in shown_tables(self.tables, self.made, self.traces, counted):
            yield f"tables/{name}.csv", to_csv(table)
            if name in in_sheets:
                sheets[name] = table
        questions = {analysis.name: analysis.display.question for analysis in self.configuration}
        yield "ketameta.xlsx", workbook(sheets, questions, review, __version__, data_hash)
        cited = about.citation(review, __version__, data_hash, version)
        yield (
            "summary_of_findings.docx",
            findings_document(review, self.configuration.summaries, self.found, cited),
        )
        yield "verify.R", verify_script(self.tables, self.configuration, data_hash, version)
        yield "static/style.css", style_sheet()
        for path in SCRIPTS:
            yield path, script(path.removeprefix("static/"))
