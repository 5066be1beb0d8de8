"""The second opinion on models other than the plain pool: each path, and what is planted."""

from dataclasses import replace

import numpy as np
import pytest

from ketameta.crosscheck import counts, mixed, refits
from ketameta.crosscheck.moderators import natural_spline
from ketameta.crosscheck.rows import BY_GRID, differing
from ketameta.crosscheck.stage import crosscheck, said
from ketameta.measures import CM_EL, GLMM, MANTEL_HAENSZEL, PETO, UM_FS, UM_RS
from ketameta.moderators import ARMS
from ketameta.stats import (
    beta_binomial,
    cluster_robust,
    glmm,
    mantel_haenszel,
    meta_regression,
    peto,
    restricted_cubic_spline,
    three_level,
)
from ketameta.synthesize.doses import Arms, by_dose
from ketameta.synthesize.moderators import moderated
from ketameta.synthesize.pool import pooled as pooled_of
from ketameta.synthesize.splits import splits
from ketameta.synthesize.stage import synthesis
from ketameta.tables.collection import Tables
from ketameta.tables.courses import CourseChangeRow, CourseFitRow, CoursePointRow
from ketameta.tables.crosscheck import Verdict
from ketameta.tables.diagnostics import AsymmetryRow, PairSynthesisRow
from ketameta.tables.effects import ArmPairRow, EffectRow, VariantRow
from ketameta.tables.moderators import CoefficientRow, FittedRow, ModeratedRow, RegressionRow
from ketameta.tables.small_study import AdjustedRow
from ketameta.tables.syntheses import (
    ControlShareRow,
    SensitivityRow,
    SplitRow,
    SubgroupRow,
    SynthesisRow,
)
from ketameta.tables.table import extended

from .rows import row
from .synthesize.test_doses import MADE

DRAW = np.random.default_rng(5)
YI, VI = DRAW.normal(-0.3, 0.5, 14), DRAW.uniform(0.02, 0.3, 14)
X = np.column_stack([np.ones(14), DRAW.normal(size=14), np.arange(14) % 2])
TRIALS = [f"t{i // 2}" for i in range(12)] + ["t6", "t7"]


@pytest.mark.parametrize("interval", ["wald", "hksj", "hksj-adhoc"])
@pytest.mark.parametrize("tau2", ["REML", "ML", "PM", "DL", "HE", "EB"])
def test_a_regression_is_that_of_least_squares(tau2, interval):
    fit = meta_regression(YI, VI, X, tau2, interval, intercept=False)
    found, _ = refits.tau2_of(YI, VI, tau2, X)
    assert found == pytest.approx(fit.tau2, rel=1e-10, abs=1e-13)
    again = refits.refit(YI, VI, found, str(fit.rule), 0.95, X)
    for ours, theirs in (
        (fit.beta, again.beta),
        (fit.se, again.se),
        (fit.ci_low, again.ci_low),
        (fit.p, again.p),
        (fit.qm, again.q_between),
        (fit.qm_p, again.p_between),
    ):
        assert theirs == pytest.approx(ours, rel=1e-9)


def shared():
    same = np.array(TRIALS)[:, None] == TRIALS
    v = np.where(same, 0.4 * np.sqrt(np.outer(VI, VI)), 0.0)
    v[np.diag_indices(14)] = VI
    return v


@pytest.mark.parametrize("spread", [0.0, 1.0])
def test_arms_in_trials_are_fitted_again(spread):
    known = mixed.members(TRIALS)
    yi = YI + spread * known @ np.linspace(-1, 1, known.shape[1])
    fit = three_level(yi, shared(), TRIALS, X=X)
    found = mixed.nested(yi, X, shared(), [known, np.eye(14)])
    assert found.variances == pytest.approx(fit.sigma2, rel=1e-8, abs=1e-12)
    assert found.beta == pytest.approx(fit.beta, rel=1e-9)
    assert found.se == pytest.approx(fit.se, rel=1e-9)
    assert (found.q, found.log_likelihood) == pytest.approx((fit.qe, fit.log_likelihood))
    again, df = mixed.robust(yi, X, fit.covariance, TRIALS, np.eye(3))
    robust = cluster_robust(yi, fit.covariance, TRIALS, X)
    assert again == pytest.approx(robust.se, rel=1e-9)
    assert df == pytest.approx(robust.df, rel=1e-9)


def test_without_the_reduction_errors_by_clusters_are_those_of_statsmodels():
    from statsmodels.genmod.cov_struct import Independence
    from statsmodels.genmod.generalized_estimating_equations import GEE
    from statsmodels.regression.linear_model import OLS

    codes = np.unique(TRIALS, return_inverse=True)[1]
    found, _ = mixed.robust(YI, X, shared(), TRIALS, np.eye(3), reduced=False)
    # whitened, generalised least squares are ordinary ones
    root = np.linalg.inv(np.linalg.cholesky(shared()))
    words = {"groups": codes, "use_correction": False}
    plain = OLS(root @ YI, root @ X).fit(cov_type="cluster", cov_kwds=words)
    assert found == pytest.approx(plain.bse, rel=1e-10)
    equations = GEE(root @ YI, root @ X, codes, cov_struct=Independence()).fit()
    assert found == pytest.approx(equations.bse, rel=1e-6)


def test_a_natural_spline_spans_the_restricted_one_beyond_its_knots_too():
    at, knots = np.linspace(-2.0, 9.0, 30), [0.0, 1.0, 4.0, 6.0]
    ours = np.column_stack([np.ones(30), restricted_cubic_spline(at, knots)])
    theirs = natural_spline(at, knots)
    through = theirs @ np.linalg.lstsq(theirs, ours, rcond=None)[0]
    assert through == pytest.approx(ours, abs=1e-10)
    assert natural_spline(at, knots[:2])[:, 1] == pytest.approx(at)


# apart, and with the variance between trials at 0
SPREAD = [(3, 20, 1, 21), (10, 18, 2, 18), (7, 40, 13, 38), (12, 55, 8, 60), (20, 50, 5, 50),
          (0, 10, 0, 10)]  # fmt: skip
ALIKE = [(3, 20, 1, 21), (0, 18, 2, 18), (7, 40, 3, 38), (12, 55, 8, 60)]


def columns(tables):
    return dict(zip(("ai", "n1i", "ci", "n2i"), np.array(tables, float).T, strict=True))


@pytest.mark.parametrize("tables", [SPREAD, ALIKE], ids=["spread", "alike"])
@pytest.mark.parametrize("way", [UM_FS, UM_RS, CM_EL])
def test_a_mixed_model_of_counts_is_fitted_again(way, tables):
    fit = glmm("OR", model=way, **columns(tables))
    found = counts.mixed(way, tables)
    assert (found.tau2 == 0) == (tables is ALIKE)
    assert found.tau2 == pytest.approx(fit.tau2, rel=1e-7)
    assert (found.estimate, found.se) == pytest.approx((fit.estimate, fit.se), rel=1e-8)
    assert found.by == (counts.BY_GLM if (way, tables) == (UM_FS, ALIKE) else BY_GRID)


@pytest.mark.parametrize("tables", [SPREAD, ALIKE], ids=["spread", "alike"])
@pytest.mark.parametrize("measure", ["OR", "RR", "RD"])
def test_risks_that_vary_are_fitted_again(measure, tables):
    fit = beta_binomial(measure, **columns(tables))
    found = counts.risks(measure, tables)
    assert (found.estimate, found.se) == pytest.approx((fit.estimate, fit.se), rel=1e-5)
    assert found.tau2 is None


def test_trials_of_exactly_one_odds_ratio_are_no_fault(recwarn):
    same = [(10, 20, 5, 15), (20, 40, 10, 30), (30, 60, 15, 45)]
    found = counts.mixed(UM_FS, same)
    assert not recwarn.list
    assert (found.estimate, found.tau2) == (pytest.approx(np.log(2)), 0)
    assert found.se == pytest.approx(glmm("OR", model=UM_FS, **columns(same)).se, rel=1e-8)


@pytest.mark.parametrize("tables", [SPREAD, ALIKE], ids=["spread", "alike"])
def test_shares_are_fitted_again(tables):
    groups = [(a, n) for a, n, _, _ in tables]
    fit = glmm("PLO", xi=[a for a, _ in groups], ni=[n for _, n in groups])
    found = counts.shares(groups)
    ends = found.estimate, found.se, found.tau2
    assert ends == pytest.approx((fit.estimate, fit.se, fit.tau2), rel=1e-8)


def test_without_variance_the_conditional_model_is_the_logit_of_statsmodels():
    from statsmodels.discrete.conditional_models import ConditionalLogit

    people = [
        (float(i < n), float(treated), trial)
        for trial, (a, n1, c, n2) in enumerate(ALIKE[::2])
        for treated, events, size in ((1, a, n1), (0, c, n2))
        for i, n in ((i, events) for i in range(size))
    ]
    event, treated, trial = map(np.array, zip(*people, strict=True))
    theirs = ConditionalLogit(event, treated[:, None], groups=trial).fit(disp=False)
    found = counts.mixed(CM_EL, ALIKE[::2])
    assert found.tau2 == 0
    # it stops its search at a gradient of 1e-5
    assert found.estimate == pytest.approx(float(theirs.params[0]), abs=1e-4)
    assert found.se == pytest.approx(float(theirs.bse[0]), rel=1e-4)


def test_trials_too_large_for_the_grid_are_said_to_be():
    large = [(300_000, 1_000_000, 200_000, 1_000_000), (100_000, 1_000_000, 300_000, 1_000_000)]
    assert counts.mixed(UM_FS, large) is None
    assert counts.shares([(300_000, 1_000_000), (100_000, 1_000_000)]) is None


def test_mantel_and_haenszel_and_peto_are_found_again():
    named = columns(SPREAD)
    odds, risks = (mantel_haenszel(measure, **named) for measure in ("OR", "RR"))
    found = counts.odds_ratio(SPREAD)
    assert (found.estimate, found.se) == pytest.approx((odds.estimate, odds.se), rel=1e-10)
    found = counts.risk_ratio(SPREAD)
    assert (found.estimate, found.se) == pytest.approx((risks.estimate, risks.se), rel=1e-10)
    difference, found = mantel_haenszel("RD", **named), counts.risk_difference(SPREAD)
    ends = difference.estimate, difference.se
    assert (found.estimate, found.se) == pytest.approx(ends, rel=1e-10)
    one = peto(**named)
    assert counts.null_statistic(SPREAD) == pytest.approx((one.estimate / one.se) ** 2, rel=1e-10)


@pytest.mark.parametrize(
    ("measure", "way"),
    [("OR", MANTEL_HAENSZEL), ("RR", MANTEL_HAENSZEL), ("RD", MANTEL_HAENSZEL), ("OR", PETO),
     ("OR", GLMM), ("OR", UM_RS), ("OR", CM_EL)],
)  # fmt: skip
def test_every_way_of_pooling_counts_has_a_path(configuration, measure, way):
    analysis = configuration["response_24h"]
    model = replace(analysis.model, pooling=way)
    select = replace(analysis.select, measure=measure)
    analysis = replace(analysis, model=model, select=select, variants=())
    own = [
        row(EffectRow, trial_id=f"t{i}", analysis="response_24h", yi=0.1, vi=0.1, people=n1 + n2,
            events_t=a, n_t=n1, events_c=c, n_c=n2, measure=measure)
        for i, (a, n1, c, n2) in enumerate(SPREAD)
    ]  # fmt: skip
    tables = Tables({SynthesisRow: [synthesis(analysis, own)], EffectRow: own})
    rows = crosscheck(tables, replace(configuration, analyses=(analysis,), courses=()))
    assert {line.verdict for line in rows} - {Verdict.ABSENT} == {Verdict.EQUAL}
    planted = tables.replaced(SynthesisRow, [replace(tables[SynthesisRow][0], se=0.9)])
    again = crosscheck(planted, replace(configuration, analyses=(analysis,), courses=()))
    assert len(differing(again)) == 1


def test_arms_that_share_a_control_have_a_path(configuration):
    analysis = replace(configuration["depression_24h"])
    variant = analysis.variants[0]
    other = replace(variant, select=replace(variant.select, arms="whole"))
    analysis = replace(analysis, variants=(other,))
    arms = [
        row(VariantRow, analysis=analysis.name, variant=other.name, trial_id=trial, yi=y, vi=v,
            comparison=str(i), shared=v / 2 if TRIALS.count(trial) > 1 else None, people=40)
        for i, (trial, y, v) in enumerate(zip(TRIALS, YI.tolist(), VI.tolist(), strict=True))
    ]  # fmt: skip
    fit = pooled_of("SMD", arms, other.model)
    choice = extended(SensitivityRow, fit, analysis=analysis.name, variant=other.name)
    tables = {SynthesisRow: [synthesis(analysis, [])], EffectRow: [], VariantRow: arms}
    asked = replace(configuration, analyses=(analysis,), courses=())
    rows = crosscheck(Tables({**tables, SensitivityRow: [choice]}), asked)
    assert [line.number for line in rows] == ["tau2", "estimate", "ci_low", "ci_high", "se", "q"]
    assert {line.verdict for line in rows} == {Verdict.EQUAL}
    wrong = replace(choice, tau2=choice.tau2 * 1.001)
    assert len(differing(crosscheck(Tables({**tables, SensitivityRow: [wrong]}), asked))) == 1


# of each table numbers to plant another in
PLANTED = (
    (SynthesisRow, "ci_low_log"),
    (SubgroupRow, "se"),
    (SplitRow, "q"),
    (SplitRow, "tau2"),
    (AsymmetryRow, "test_slope"),
    (AsymmetryRow, "adjusted_p"),
    (AdjustedRow, "low"),
    (RegressionRow, "tau2"),
    (RegressionRow, "qm"),
    (CoefficientRow, "estimate"),
    (CoefficientRow, "se"),
    (FittedRow, "estimate"),
    (CourseFitRow, "tau2_effect"),
    (CourseFitRow, "log_likelihood"),
    (CoursePointRow, "estimate"),
    (CoursePointRow, "df"),
    (CourseChangeRow, "change_low"),
)


@pytest.fixture(scope="module")
def asked(tables, configuration):
    """Return one analysis with all that it can have, and the courses, with the tables of both."""
    whole = configuration["response_24h"]
    model = replace(whole.model, moderators=(("year",), ("population",), ("year", "population")))
    analysis = replace(whole, model=model, variants=())
    own = [one for one in tables[EffectRow] if one.analysis == analysis.name]
    found = moderated(analysis, own, (), ())
    arms = [
        row(VariantRow, trial_id=a, comparison=b, yi=y, vi=v, shared=s, people=40)
        for a, b, y, v, s, _ in MADE
    ]
    more = by_dose(analysis, Arms(arms, np.array([dose for *_, dose in MADE]), []))
    kinds = RegressionRow, CoefficientRow, ModeratedRow, FittedRow
    given = {kind: tables[kind] for kind in tables.kinds()}
    given |= {kind: [*a, *b] for kind, a, b in zip(kinds, found, more, strict=True)}
    given[SynthesisRow] = [one for one in tables[SynthesisRow] if one.analysis == analysis.name]
    return Tables(given), replace(configuration, analyses=(analysis,))


def test_all_that_is_found_of_an_analysis_and_of_courses_is_recomputed(asked):
    rows = crosscheck(*asked)
    assert differing(rows) == []
    assert len({(line.analysis, line.variant, line.number) for line in rows}) == len(rows)
    assert all(line.why for line in rows if line.verdict == Verdict.ABSENT)
    absent = [line for line in rows if line.verdict == Verdict.ABSENT]
    equal = f"{len(rows) - len(absent)} numbers equal to 1e-8 (mixed models of counts to 1e-6)"
    told = f"{equal}, {len(absent)} without a second path."
    assert said(rows) == f"Recomputed with statsmodels: {told}"
    assert {line.number.partition(":")[0] for line in absent} == {
        "trim and fill", "limit meta-analysis", "three-parameter selection", "posterior"
    }  # fmt: skip


def test_groups_with_a_tau2_each_are_compared_again(asked):
    tables, configuration = asked
    (analysis,) = configuration.analyses
    analysis = replace(analysis, model=replace(analysis.model, tau2_subgroups="separate"))
    own = [one for one in tables[EffectRow] if one.analysis == analysis.name]
    groups, tests = splits(analysis, own)
    given = {**dict.fromkeys((AsymmetryRow, AdjustedRow, RegressionRow, SensitivityRow), ())}
    given |= {SubgroupRow: groups, SplitRow: tests, SynthesisRow: tables[SynthesisRow]}
    found = replace(configuration, analyses=(analysis,), courses=())
    rows = crosscheck(Tables({**given, EffectRow: own}), found)
    assert {one.verdict for one in rows} == {Verdict.EQUAL}
    compared = [one for one in rows if one.number.startswith("between groups of")]
    assert len(compared) == 2 * len(tests) > 0


def test_pairs_and_control_arms_are_recomputed(tables, configuration):
    names = {one.analysis for kind in (PairSynthesisRow, ControlShareRow) for one in tables[kind]}
    assert len(names) > 1
    found = replace(configuration, analyses=tuple(configuration[name] for name in names))
    kinds = SynthesisRow, EffectRow, PairSynthesisRow, ArmPairRow, ControlShareRow
    given = {kind: [r for r in tables[kind] if r.analysis in names] for kind in kinds}
    rows = crosscheck(Tables(given), replace(found, courses=()))
    told = {line.number.partition(":")[0]: line.verdict for line in rows if ":" in line.number}
    assert told == dict.fromkeys(("difference of the falls", "control arms"), Verdict.EQUAL)
    for kind, number in ((PairSynthesisRow, "ci_low"), (ControlShareRow, "ci_low_log")):
        wrong = [replace(r, **{number: 9.0}) for r in given[kind]]
        assert differing(crosscheck(Tables(given | {kind: wrong}), replace(found, courses=())))


def test_each_number_that_is_planted_is_found(asked):
    tables, configuration = asked
    names = {configuration.analyses[0].name, *(course.name for course in configuration.courses)}
    changed = {kind: list(tables[kind]) for kind, _ in PLANTED}
    for kind, number in PLANTED:
        rows = changed[kind]
        # the first that is recomputed
        at = next(
            i
            for i, one in enumerate(tables[kind])
            if (getattr(one, "analysis", "") or getattr(one, "course", "")) in names
            and getattr(one, number)
            and getattr(one, "shown", True)
            and getattr(one, "method", "PET") in ("PET", "PEESE", "Peters")
            and getattr(one, "engine", "inverse variance").startswith("inverse variance")
            and (kind is not FittedRow or (one.moderator, one.place) == (ARMS, 0))
        )
        rows[at] = replace(rows[at], **{number: getattr(rows[at], number) * 1.00001 + 1e-6})
    for kind, rows in changed.items():
        tables = tables.replaced(kind, rows)
    told = differing(crosscheck(tables, configuration))
    assert len(told) == len(PLANTED), told


@pytest.mark.slow
def test_a_run_of_ci_ends_at_a_number_that_is_planted(small):
    """In the tables that the synthesis left, as a fault of the program would leave it."""
    plant = (
        "import sys, pyarrow.parquet as files, pyarrow.compute as numbers\n"
        "table = files.read_table(sys.argv[1])\n"
        "at = table.column_names.index('se')\n"
        "table = table.set_column(at, 'se', numbers.multiply(table['se'], 1.001))\n"
        "files.write_table(table, sys.argv[1])\n"
    )
    assert small.run("-c", plant, "data/processed/syntheses.parquet").returncode == 0
    words = "-m", "ketameta.job", "crosscheck", "data/processed", "reports"
    table = small.path("reports/tables/crosscheck.csv")
    before = table.read_text()
    done = small.run(*words, environment={"CI": "true"})
    assert done.returncode != 0
    assert "response_24h: se is " in done.stderr
    assert table.read_text() == before
    done = small.run(*words, environment={"CI": ""})
    assert done.returncode == 0, done.stderr
    assert "response_24h: se is " in done.stderr
    assert ",different," in table.read_text()
