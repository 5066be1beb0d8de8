"""What must hold of the extraction tables whatever they say: asked of each place in turn.

No number here comes from the tables of a day. Where other software can answer the same question,
statsmodels and R do; the rest are identities between the tables that the stages make.
"""

import math
import re
import subprocess
from html import unescape
from posixpath import dirname, join, normpath
from urllib.parse import parse_qs

import numpy as np
import pytest

from ketameta.cli import main
from ketameta.evidence.claims import verdicts_of
from ketameta.evidence.releases import make, read_all
from ketameta.evidence.results import certainties, grounds
from ketameta.normalize.checks.run import CHECKS, find
from ketameta.normalize.trials import raw_rows
from ketameta.read_tables import tables_before
from ketameta.report.traces import Traces
from ketameta.report.verify import verify_script
from ketameta.report_files import crosscheck_files, report_files
from ketameta.stats import random_effects
from ketameta.synthesize.words import MISSING_AS_NONE
from ketameta.tables.collection import Tables
from ketameta.tables.diagnostics import AsymmetryRow
from ketameta.tables.effects import (
    DerivationRow,
    EffectRow,
    LedgerRow,
    MissingResultRow,
    ResultRow,
    VariantRow,
)
from ketameta.tables.raw import (
    RAW_KINDS,
    RAW_TABLES,
    ArmRow,
    ClaimRow,
    ContrastRow,
    OutcomeRow,
    TrialRow,
)
from ketameta.tables.syntheses import (
    AbsoluteRow,
    ClaimTestRow,
    SensitivityRow,
    StudyRow,
    SynthesisRow,
    UnusedRow,
)
from ketameta.tables.table import as_dict
from ketameta.vocabulary import vocabulary

from ..report.made import report
from .conftest import ROOT

FOUR = ("trials", "arms", "outcomes", "contrasts")


def by_analysis(rows, configuration):
    """Return rows by analysis; an analysis without rows is there too."""
    found = {name: [] for name in configuration.names}
    for row in rows:
        found[row.analysis].append(row)
    return found


# ---- validity --------------------------------------------------------------------------------


def test_check_finds_no_error(place, capsys):
    assert main(["check", str(place.raw)]) == 0, capsys.readouterr().err


def test_every_table_has_the_columns_that_the_checks_need(tables):
    for name in FOUR:
        for row in tables[RAW_KINDS[name]][:1]:
            assert {*RAW_TABLES[name].names, "file", "line"} <= as_dict(row).keys()


# ---- the checks of the numbers ---------------------------------------------------------------


def found(tables):
    return find(raw_rows(tables), tables[TrialRow], tables[ArmRow], tables[EffectRow])


@pytest.fixture(scope="session")
def findings(tables):
    return found(tables)


def test_nothing_in_the_tables_is_impossible(findings):
    assert [finding for finding in findings if finding.severity == "error"] == []


def test_no_oddity_is_said_twice(findings):
    # one about an effect names no cell, and a row may be behind effects of several analyses
    places = [(f.check, f.file, f.line, f.column or f.message) for f in findings]
    assert len(places) == len(set(places))


def test_every_finding_names_a_cell_that_is_there(findings, tables):
    rows = {(row.file, row.line): row for name in FOUR for row in tables[RAW_KINDS[name]]}
    for finding in findings:
        cells = rows[finding.file, finding.line]
        assert finding.check in CHECKS
        assert cells.trial_id == finding.trial_id
        # a finding about an effect names the first row behind it, and no cell
        if finding.column:
            assert cells.entered.get(finding.column, "") == finding.value


def test_findings_do_not_depend_on_the_order_of_rows(findings, tables):
    turned = Tables({kind: tables[kind][::-1] for kind in tables.kinds()})
    assert found(turned) == findings


# ---- from rows to effects --------------------------------------------------------------------


def test_every_raw_row_is_accounted_for_in_every_analysis(tables, configuration):
    rows = {(r.file, r.line) for r in [*tables[OutcomeRow], *tables[ContrastRow]]}
    for ledger in by_analysis(tables[LedgerRow], configuration).values():
        assert len(ledger) == len(rows) == len(tables[OutcomeRow]) + len(tables[ContrastRow])
        assert {(entry.file, entry.line) for entry in ledger} == rows


def test_the_rows_of_the_effects_are_those_used_on_the_ledger(tables, configuration):
    effects = by_analysis(tables[EffectRow], configuration)
    for name, ledger in by_analysis(tables[LedgerRow], configuration).items():
        used = {f"{e.file}:{e.line}" for e in ledger if e.used}
        assert {key for e in effects[name] for key in e.rows} == used


def test_no_two_effects_of_an_analysis_share_patients(tables, configuration):
    parts = {t.trial_id: set((t.part_of or "").split(";")) - {""} for t in tables[TrialRow]}
    for effects in by_analysis(tables[EffectRow], configuration).values():
        arms = [(e.trial_id, e.comparison) for e in effects]
        assert len(arms) == len(set(arms))
        ids = {trial for trial, _ in arms}
        for one in ids:
            for other in ids - {one}:
                assert other not in parts[one]
                assert not parts[one] & parts[other]


def test_each_effect_carries_its_derivation_and_raw_rows(tables):
    traces = Traces(tables[DerivationRow], tables[ResultRow])
    for study in tables[StudyRow]:
        assert traces.steps(study)
        assert len(traces.evidence(study)) == len(study.rows) > 0


def test_rows_of_pooled_trials_that_were_left_out_are_not_among_those_used(tables):
    used = {(s.analysis, row) for s in tables[StudyRow] for row in s.rows}
    for left in tables[UnusedRow]:
        assert not used & {(left.analysis, row) for row in left.rows}


def test_switching_assumptions_off_leaves_no_effect_that_makes_one(tables, configuration):
    strict = {
        (v.analysis, v.trial_id)
        for v in tables[VariantRow]
        if v.variant == "nothing assumed or borrowed"
    }
    kept = {(e.analysis, e.trial_id) for e in tables[EffectRow] if not e.assumptions}
    asked = {
        a.name
        for a in configuration
        if any(v.name == "nothing assumed or borrowed" for v in a.variants)
    }
    assert {pair for pair in kept if pair[0] in asked} <= strict


# ---- syntheses -------------------------------------------------------------------------------


def test_every_analysis_has_one_row(tables, configuration):
    assert [row.analysis for row in tables[SynthesisRow]] == configuration.names


def test_an_estimate_lies_in_its_intervals(tables):
    for row in tables[SynthesisRow]:
        for low, high in (("ci_low", "ci_high"), ("pi_low", "pi_high")):
            if getattr(row, low) is not None:
                assert getattr(row, low) <= row.estimate <= getattr(row, high), row.analysis
        if row.estimate_log is not None and row.measure == "RR":
            assert math.exp(row.estimate_log) == pytest.approx(row.estimate)
        assert len(row.data_hash) == 16


def test_counts_and_weights_agree_with_the_studies(tables, configuration):
    studies = by_analysis(tables[StudyRow], configuration)
    for row in tables[SynthesisRow]:
        own = studies[row.analysis]
        assert row.k == len(own)
        # a borrowed part of a control arm may be half a person
        assert row.n == pytest.approx(sum(s.people for s in own), abs=0.5)
        if row.estimate is not None and row.k > 1:
            assert sum(s.weight for s in own) == pytest.approx(100)


def test_sensitivity_holds_a_row_for_each_variant(tables, configuration):
    marked = {effect.analysis for effect in tables[EffectRow] if effect.marks}
    expected = [(a.name, v.name) for a in configuration for v in a.choices(a.name in marked)]
    found = [(r.analysis, r.variant) for r in tables[SensitivityRow]]
    assert [pair for pair in found if pair[1] != MISSING_AS_NONE] == expected
    # and the bound, where results are known to be missing
    bounds = {analysis for analysis, variant in found if variant == MISSING_AS_NONE}
    assert bounds <= {row.analysis for row in tables[MissingResultRow]}


def independent(tables, configuration):
    """Return effects and variances of each analysis of two or more effects without covariance."""
    for name, studies in by_analysis(tables[StudyRow], configuration).items():
        usable = [s for s in studies if s.yi is not None and s.vi]
        if len(usable) > 1 and all(s.shared is None for s in usable):
            yield name, *np.array([(s.yi, s.vi) for s in usable]).T


def test_statsmodels_pools_the_same_effects_to_the_same_numbers(tables, configuration):
    from statsmodels.stats.meta_analysis import combine_effects

    asked = 0
    for name, yi, vi in independent(tables, configuration):
        for method, ours in (("dl", "DL"), ("pm", "PM")):
            own = random_effects(yi, vi, ours, "wald")
            # its Paule-Mandel falls to 0 where a step lands a rounding beyond the root, so it
            # starts just before ours: from a wrong start it would go on to the root, or fall to 0
            more = {"tau2_start": own.tau2 * (1 - 1e-9)} if method == "pm" else {}
            # its DerSimonian-Laird is not cut at 0, and then weighs by what no variance can be
            with np.errstate(invalid="ignore", divide="ignore"):
                other = combine_effects(yi, vi, method_re=method, **more)
            below = other.tau2 < 0
            mean, se = (
                (other.mean_effect_fe, other.sd_eff_w_fe)
                if below
                else (other.mean_effect_re, other.sd_eff_w_re)
            )
            assert own.tau2 == pytest.approx(max(other.tau2, 0), rel=1e-5, abs=1e-7), (name, ours)
            assert own.estimate == pytest.approx(mean, rel=1e-6, abs=1e-9), (name, ours)
            assert own.se == pytest.approx(se, rel=1e-6), (name, ours)
            assert own.q == pytest.approx(other.q, rel=1e-9, abs=1e-9), name
            asked += 1
    assert asked


def test_statsmodels_draws_eggers_line(tables, configuration):
    import statsmodels.api as sm

    told = {row.analysis: row for row in tables[AsymmetryRow]}
    effects = {name: pair for name, *pair in independent(tables, configuration)}
    for name in told.keys() & effects.keys():
        yi, vi = effects[name]
        if len(yi) < 4 or np.ptp(vi) < 1e-9 * vi.mean():
            continue
        line = sm.WLS(yi, sm.add_constant(np.sqrt(vi)), 1 / vi).fit()
        row = told[name]
        assert row.k == len(yi)
        assert row.slope == pytest.approx(line.params[1], rel=1e-6, abs=1e-9), name
        assert row.limit == pytest.approx(line.params[0], rel=1e-6, abs=1e-9), name
        assert row.statistic == pytest.approx(line.tvalues[1], rel=1e-6, abs=1e-9), name
        if row.p is not None:
            assert row.p == pytest.approx(line.pvalues[1], rel=1e-6, abs=1e-12), name


def test_every_absolute_effect_agrees_with_its_pooled_ratio(tables):
    ratios = {row.analysis: row for row in tables[SynthesisRow]}
    for row in tables[AbsoluteRow]:
        record = ratios[row.analysis]
        if row.held or record.measure != "RR":
            continue
        assert row.treated_risk / row.control_risk == pytest.approx(record.estimate)
        if row.difference:
            assert row.nnt * row.difference == pytest.approx(1)


# ---- certainty and claims --------------------------------------------------------------------


def test_the_certainty_of_every_analysis_adds_up(tables, configuration):
    levels = list(vocabulary().words("certainty_levels"))
    order = [level for level in ("very low", "low", "moderate", "high") if level in levels]
    rated = certainties(tables, configuration)
    assert list(rated) == configuration.names
    for analysis in configuration:
        found = rated[analysis.name]
        if found.level == "not rated":  # nothing is pooled
            continue
        loose = "not randomised" in analysis.select.design_flags and not analysis.select.by_arm
        assert found.start == ("low" if loose else "high")
        for end, level in (("rating", found.level), ("best", found.best)):
            left = order.index(found.start) + sum(getattr(r, end) for r in found.ratings)
            assert level == order[max(0, left)]
        for rating in found.ratings:
            assert rating.rating in (0, -1, -2)
            assert rating.rating <= rating.best
            assert rating.judged or not rating.rating
            assert bool(rating.rule) == (rating.rating < 0)
        risks = found.ratings[0].facts
        for shares in (risks.worst, risks.best):
            assert sum(shares.values()) == pytest.approx(100)


def test_every_claim_is_there_once_for_each_analysis_that_it_names(tables, configuration):
    tests = tables[ClaimTestRow]
    named = [(t.claim_id, t.part, t.analysis, t.course) for t in tests]
    assert len(set(named)) == len(named)
    assert {t.claim_id for t in tests} == {c.claim_id for c in tables[ClaimRow]}
    courses = {course.name for course in configuration.courses}
    for t in tests:
        course = (t.course or "").partition("@")[0]
        assert t.computed == (t.analysis in configuration.names or course in courses)


def test_verdicts_are_words_of_the_vocabulary(tables, records):
    words = vocabulary().words
    assert {r.verdict for r in records.values()} <= set(words("verdicts"))
    assert {r.certainty for r in records.values()} <= set(words("certainty_levels"))
    told = verdicts_of(tables[ClaimTestRow], grounds(tables, records))
    assert set(told.values()) <= set(words("claim_verdicts"))
    assert set(told) == {c.claim_id for c in tables[ClaimRow]}


# ---- the report ------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def files(tables, configuration, records):
    """Return the report with the releases on record and one of today's tables after them."""
    releases = read_all(ROOT / "reports" / "versions")
    told = verdicts_of(tables[ClaimTestRow], grounds(tables, records))
    releases.append(make("2999-01-01", "", tables, list(records.values()), told))
    given = Tables({kind: tables[kind] for kind in tables_before("report")})
    return report(given, configuration, releases)


def test_every_file_of_the_report_is_made(files, configuration):
    assert sorted(files) == sorted(
        report_files(configuration.names, configuration.courses, configuration.networks)
    )
    assert all(files.values())


def test_links_between_files_lead_somewhere(files, configuration):
    beside = crosscheck_files(configuration.names)
    for path, text in files.items():
        if not path.endswith(".html"):
            continue
        ids = re.findall(r'\bid="([^"]*)"', text)
        assert len(set(ids)) == len(ids), path
        for ref in set(re.findall(r'href="([^"]*)"', text)):
            if ref.startswith("http"):
                continue
            target, _, anchor = ref.partition("#")
            target = normpath(join(dirname(path), target)) if target else path
            assert target in files or target in beside, f"{path}: {ref}"
            if anchor.startswith("?"):
                # what a long table is asked: each is a column of it
                columns = re.findall(r'data-key="([^"]*)"', files[target])
                assert parse_qs(unescape(anchor[1:])).keys() <= set(columns), f"{path}: {ref}"
            elif anchor:
                assert f'id="{anchor}"' in files[target], f"{path}: {ref}"


def test_the_report_names_every_analysis_and_every_release(files, configuration):
    for analysis in configuration:
        assert f'href="analyses/{analysis.slug}.html' in files["index.html"]
    assert "2999-01-01" in files["changes.html"]


@pytest.mark.parametrize(
    "place",
    ["as-they-are", "a-trial-added", "the-largest-trial-removed"],
    indirect=True,
    scope="session",
)
def test_metafor_agrees_on_every_analysis(rscript, tables, configuration, tmp_path):
    path = tmp_path / "verify.R"
    path.write_text(verify_script(tables, configuration, "0" * 16), encoding="utf-8")
    done = subprocess.run(
        [rscript, str(path)], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"[1-9]\d* numbers compared, 0 differ", done.stdout)
