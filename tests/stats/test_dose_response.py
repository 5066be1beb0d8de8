"""Dose-response: published output of dosresmeta, metafor, a dense likelihood, identities."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import optimize

from ketameta.stats import (
    dose_differences,
    dose_response,
    greenland_longnecker,
    multivariate,
    random_effects,
    three_level,
)

# dosresmeta 2.1.1 (Crippa), its reference pages: data alcohol_cvd (Liu and others 2009) as the
# fitted cases, sizes, doses, covariances and results that they print.
LIU = json.loads(
    (Path(__file__).parents[1] / "reference" / "dose_response.json").read_text(encoding="utf-8")
)
STUDY, DOSE = np.array(LIU["study"]), np.array(LIU["dose"])
CASES, PEOPLE = np.array(LIU["cases"]), np.array(LIU["people"], float)


def printed():
    """Return log ratios and the covariance (25, 25) that dosresmeta prints."""
    y, V = np.zeros(STUDY.size), np.zeros((STUDY.size,) * 2)
    for study, block in LIU["covariance"].items():
        rows = np.flatnonzero(study == STUDY.astype(str))
        odds = CASES[rows] / (PEOPLE[rows] - CASES[rows])
        y[rows] = np.log(odds / odds[0])
        V[np.ix_(rows[1:], rows[1:])] = block
    return y, V


Y, V = printed()


def test_covariance_of_odds_ratios_matches_dosresmeta():
    some = STUDY <= 4  # the case-control studies
    found = greenland_longnecker(
        Y[some], np.diag(V)[some], STUDY[some], CASES[some], PEOPLE[some], "cc"
    )
    assert found.vi == pytest.approx(V[np.ix_(some, some)], abs=6e-9)  # eight decimals printed
    assert found.yi == pytest.approx(Y[some])


def test_cases_keep_the_ratios_of_each_design():
    # Crude ratios are kept by the crude cases: correlations are those of the counts themselves.
    cases, size = np.array([30.0, 25, 40, 12]), np.array([200.0, 150, 180, 60])
    spread = {
        "cc": (np.log(cases / (size - cases)), 1 / cases + 1 / (size - cases)),
        "ci": (np.log(cases / size), 1 / cases - 1 / size),
        "ir": (np.log(cases / size), 1 / cases),
    }
    for design, (log_level, u) in spread.items():
        y, v = log_level - log_level[0], u + u[0]
        v[0] = np.nan
        found = greenland_longnecker(y, v, ["A"] * 4, cases, size, design)
        # and with the crude variances covariances are those of independent arms
        assert found.vi[1:, 1:] == pytest.approx(u[0] + np.diag(u[1:]), rel=1e-9)
        assert (found.vi[0] == 0).all()
        # studies are blocks, and the reference may stand anywhere
        turned = greenland_longnecker(
            [*y, *y[::-1]], [*v, *v[::-1]], ["A"] * 4 + ["B"] * 4,
            [*cases, *cases[::-1]], [*size, *size[::-1]], [design] * 8,
        )  # fmt: skip
        assert turned.vi[:4, :4] == pytest.approx(found.vi)
        assert turned.vi[4:, 4:] == pytest.approx(found.vi[::-1, ::-1])
        assert not turned.vi[:4, 4:].any()


def test_line_matches_dosresmeta():
    fit = dose_response(Y, V, STUDY, DOSE)
    assert (fit.k, fit.left_out, fit.studies) == (19, 0, tuple("123456"))
    assert fit.converged
    printed_values = (fit.beta[0], fit.se[0], np.sqrt(fit.between[0, 0]), fit.qm_p, fit.q_p)
    assert printed_values == pytest.approx((-0.0044, 0.0059, 0.0100, 0.4585, 0.0147), abs=5e-5)
    assert (fit.q, fit.q_df) == (pytest.approx(14.1464, abs=5e-5), 5)
    assert fit.i2 == pytest.approx(64.7, abs=0.05)
    assert fit.log_likelihood == pytest.approx(14.0341, abs=5e-5)
    assert np.isnan(fit.bent_p)
    at = fit.predict([1, 12])
    want = [[0.9956441, 0.9842178, 1.007203], [0.9489635, 0.8262176, 1.089945]]
    assert np.exp(np.column_stack([at.estimate, at.ci_low, at.ci_high])) == pytest.approx(
        np.array(want), abs=6e-7
    )


def test_parabola_matches_dosresmeta():
    fit = dose_response(Y, V, STUDY, DOSE, curve="quadratic")
    assert fit.labels == ("dose", "dose²")
    assert fit.beta == pytest.approx([-0.0302, 0.0008], abs=5e-5)
    assert fit.se == pytest.approx([0.0132, 0.0005], abs=5e-5)
    sd = np.sqrt(np.diag(fit.between))
    assert sd == pytest.approx([0.0209, 0.0008], abs=5e-5)
    assert fit.between[0, 1] / sd.prod() == pytest.approx(-0.9063, abs=5e-5)
    assert (fit.q, fit.q_df, fit.qm_df) == (pytest.approx(35.1177, abs=1e-4), 10, 2)
    assert fit.qm == pytest.approx(6.3694, abs=5e-5)
    assert fit.bent_p == pytest.approx(fit.p[1]) == pytest.approx(0.1240, abs=5e-5)
    assert fit.log_likelihood == pytest.approx(34.6967, abs=5e-5)
    at = fit.predict([0, 5, 10, 20, 45, 50])
    want = [
        [1, 1, 1],
        [0.8760060, 0.7858965, 0.9764474],
        [0.7967691, 0.6660084, 0.9532028],
        [0.7377992, 0.5733641, 0.9493928],
        [1.1749589, 0.4069893, 3.3920508],
        [1.4434258, 0.3598557, 5.7897601],
    ]
    # what dosresmeta's search leaves of the variances
    assert np.exp(np.column_stack([at.estimate, at.ci_low, at.ci_high])) == pytest.approx(
        np.array(want), rel=2e-6
    )


def test_spline_matches_dosresmeta():
    # rms::rcs(dose, 3) of the same data, to ten decimals
    fit = dose_response(Y, V, STUDY, DOSE, curve="spline")
    assert fit.curve.knots == pytest.approx((0, 9.06, 45.855))
    assert fit.labels == ("dose", "bend 1")
    assert fit.beta == pytest.approx([-0.0306779651, 0.0942379747], rel=5e-6)
    assert fit.vcov == pytest.approx(
        np.array([[0.0001195897, -0.0004788699], [-0.0004788699, 0.0025153234]]), rel=2e-5
    )
    assert fit.between == pytest.approx(
        np.array([[0.0001942917, -0.0010398329], [-0.0010398329, 0.0064239419]]), rel=5e-5
    )
    at = fit.predict([12, 24, 36, 60]).estimate
    assert at == pytest.approx(
        [-0.2921094216, -0.3029595525, -0.1054294490, 0.4883393221], abs=2e-6
    )


def test_one_case_control_study_matches_greenland_and_longnecker():
    # Alcohol and breast cancer, their example: Rohan & McMichael 1988 as the article prints it
    ratio = np.array([1, 0.80, 1.16, 1.57])
    low, high = np.array([1, 0.51, 0.73, 0.99]), np.array([1, 1.27, 1.85, 2.51])
    v = (np.log(high / low) / (2 * 1.959964)) ** 2
    rows = greenland_longnecker(
        np.log(ratio), v, ["A"] * 4, [165, 74, 90, 122], [337, 167, 186, 212], "cc"
    )
    fit = dose_response(*rows, ["A"] * 4, [0, 2, 6, 11], method="EE")
    # dosresmeta: 0.0454 (0.0207), X2 = 4.8333; ratio of 1 g a day 1.046477 [1.004941, 1.089729]
    assert fit.beta[0] == pytest.approx(0.0454, abs=5e-5)
    assert fit.se[0] == pytest.approx(0.0207, abs=5e-5)
    assert fit.qm == pytest.approx(4.8333, abs=0.002)
    at = fit.predict([1])
    assert np.exp([at.estimate[0], at.ci_low[0], at.ci_high[0]]) == pytest.approx(
        [1.046477, 1.004941, 1.089729], abs=3e-5
    )


def aripiprazole():
    """Five trials (Crippa & Orsini 2016): means as printed, sizes and SD from their variances."""
    mean = [0, 2.93, 5.3, 6, 0, 12.71, 9.4, 12.11, 0, 12.6, 8.5, 0, 9.5, 8.9, 0, 9.6, 10.1, 14.4]
    size = [85, 92, 89, 94, 107, 103, 103, 97, 102, 99, 100, 103, 98, 96, 57, 51, 51, 54]
    arms = [4, 4, 3, 3, 4]
    sd = np.sqrt(np.repeat([335.446, 700.30, 604.79, 430.016, 684.95], arms))
    dose = [0, 2, 5, 10, 0, 10, 15, 20, 0, 15, 30, 0, 20, 30, 0, 2, 10, 30]
    return mean, sd, size, np.repeat([1, 2, 3, 4, 5], arms), dose


def test_standardised_differences_match_dosresmeta():
    mean, sd, size, study, dose = aripiprazole()
    rows = dose_differences(mean, sd, size, study, dose, measure="SMD", corrected=False)
    assert rows.yi[1:4] == pytest.approx([0.1599767, 0.2893776, 0.3275973], abs=5e-7)
    first = [
        [0.02266982, 0.01182900, 0.01183749],
        [0.01182900, 0.02311697, 0.01189637],
        [0.01183749, 0.01189637, 0.02255206],
    ]
    assert rows.vi[1:4, 1:4] == pytest.approx(np.array(first), abs=6e-9)
    fit = dose_response(*rows, study, dose, curve="quadratic")
    assert fit.beta == pytest.approx([0.0461, -0.0011], abs=5e-5)
    assert fit.se == pytest.approx([0.0084, 0.0003], abs=5e-5)
    assert (fit.q, fit.q_df, fit.i2) == (pytest.approx(2.4212, abs=1e-4), 8, 0)
    assert fit.log_likelihood == pytest.approx(38.1441, abs=5e-5)
    assert fit.qm == pytest.approx(49.6323, abs=2e-3)  # sizes are whole, SDs rounded
    assert fit.between == pytest.approx(np.zeros((2, 2)), abs=1e-8)


def test_differences_of_means_share_the_lowest_dose():
    mean, sd, size, study, dose = aripiprazole()
    rows = dose_differences(mean, sd, size, study, dose)
    assert rows.yi[4:8] == pytest.approx([0, 12.71, 9.4, 12.11])
    assert np.diag(rows.vi)[5:8] == pytest.approx([13.343918, 13.343918, 13.764477], rel=1e-5)
    assert rows.vi[5, 6] == pytest.approx(700.30 / 107)
    turned = np.r_[3:-1:-1, 4:18]
    other = dose_differences(*(np.array(x)[turned] for x in aripiprazole()))
    assert other.vi == pytest.approx(rows.vi[np.ix_(turned, turned)])
    hedges, cohen = (
        dose_differences(mean, sd, size, study, dose, measure="SMD", corrected=c)
        for c in (True, False)
    )
    # J of 356 degrees of freedom
    assert hedges.yi[1:4] / cohen.yi[1:4] == pytest.approx(1 - 3 / (4 * 356 - 1), abs=1e-6)


@pytest.mark.parametrize("curve", ["linear", "quadratic", "spline"])
@pytest.mark.parametrize("method", ["REML", "ML", "EE"])
def test_one_stage_is_two_where_each_study_has_doses_enough(curve, method):
    one, two = (
        dose_response(Y, V, STUDY, DOSE, curve=curve, method=method, stages=s) for s in (1, 2)
    )
    assert one.converged
    assert two.converged
    assert one.beta == pytest.approx(two.beta, rel=1e-7)
    assert one.vcov == pytest.approx(two.vcov, rel=1e-6)
    assert one.between == pytest.approx(two.between, rel=1e-5, abs=1e-12)


def test_second_stage_is_the_multivariate_model():
    fit = dose_response(Y, V, STUDY, DOSE, curve="quadratic", method="ML")
    beta, S, trial = [], np.zeros((12, 12)), np.repeat(np.arange(6), 2)
    for i in range(6):
        rows = np.flatnonzero((i + 1 == STUDY) & (np.diag(V) > 0))
        X = np.column_stack([DOSE[rows], DOSE[rows] ** 2])
        W = np.linalg.inv(V[np.ix_(rows, rows)])
        S[2 * i : 2 * i + 2, 2 * i : 2 * i + 2] = block = np.linalg.inv(X.T @ W @ X)
        beta += [*(block @ X.T @ W @ Y[rows])]
    S = (S + S.T) / 2
    other = multivariate(beta, S, trial, ["a", "b"] * 6, method="ML")
    assert fit.beta == pytest.approx(other.beta, rel=1e-8)
    assert fit.between == pytest.approx(other.between, rel=1e-6)
    assert fit.log_likelihood == pytest.approx(other.log_likelihood, rel=1e-9)
    assert fit.q == pytest.approx(other.qe, rel=1e-9)


def short():
    """The same studies, the third with one dose alone, which two columns cannot use."""
    kept = np.ones(STUDY.size, bool)
    kept[[11, 12]] = False
    return Y[kept], V[np.ix_(kept, kept)], STUDY[kept], DOSE[kept]


def test_one_stage_keeps_studies_of_few_doses():
    y, S, study, dose = short()
    one, two = (dose_response(y, S, study, dose, curve="quadratic", stages=s) for s in (1, 2))
    assert (one.k, one.left_out, len(one.studies)) == (17, 0, 6)
    assert (two.k, two.left_out, two.studies) == (16, 1, tuple("12456"))
    assert two.beta == pytest.approx(
        dose_response(*(x[study != 3] for x in (y,)), S[np.ix_(study != 3, study != 3)],
                      study[study != 3], dose[study != 3], curve="quadratic").beta,
        rel=1e-9,
    )  # fmt: skip
    # metafor 3.8-1: rma.mv(y, V, mods = ~ dose - 1, random = ~ dose - 1 | study, struct = "GEN",
    # REML), whose optimiser leaves 2e-5 of the estimate
    line = dose_response(y, S, study, dose, stages=1)
    assert line.beta[0] == pytest.approx(-0.004533653519, rel=5e-5)
    assert line.se[0] == pytest.approx(0.006068913834, rel=5e-4)
    assert line.log_likelihood == pytest.approx(-11.9206046, abs=2e-7)
    assert (line.q, line.q_df) == (pytest.approx(42.72633087, rel=1e-7), 16)


@pytest.mark.slow
def test_one_stage_is_at_the_top_of_a_dense_likelihood():
    # metafor ends this one at -7.4175, with random coefficients that correlate by 1.
    y, S, study, dose = short()
    fit = dose_response(y, S, study, dose, curve="quadratic", stages=1)
    rows = np.diag(S) > 0
    y, S, study, dose = y[rows], S[np.ix_(rows, rows)], study[rows], dose[rows]
    X = np.column_stack([dose / 10, dose**2 / 100])
    same = study[:, None] == study

    def down(s):
        L = np.array([[s[0], 0], [s[1], s[2]]])
        omega = S + same * (X @ L @ L.T @ X.T)
        W = np.linalg.inv(omega)
        A = X.T @ W @ X
        r = y - X @ np.linalg.solve(A, X.T @ W @ y)
        dets = sum(np.linalg.slogdet(m)[1] * c for m, c in ((omega, 1), (A, 1), (X.T @ X, -1)))
        return 0.5 * (dets + r @ W @ r + (y.size - 2) * np.log(2 * np.pi))

    ends = [
        optimize.minimize(down, [a, b, c]).fun
        for a in (0.05, 0.3)
        for b in (-0.1, 0.1)
        for c in (0.01, 0.1)
    ]
    assert fit.log_likelihood == pytest.approx(-min(ends), abs=1e-7)


def test_one_dose_a_study_is_a_regression_through_the_origin():
    y, v = np.array([0.1, 0.3, 0.2, 0.5, 0.15]), np.array([0.02, 0.03, 0.02, 0.03, 0.04])
    dose, study = np.array([10.0, 20, 10, 30, 20]), list("ABCDE")
    fit = dose_response(y, v, study, dose)
    slopes = random_effects(y / dose, v / dose**2, interval="wald")
    assert fit.beta[0] == pytest.approx(slopes.estimate, rel=1e-7)
    assert fit.se[0] == pytest.approx(slopes.se, rel=1e-7)
    assert fit.between[0, 0] == pytest.approx(slopes.tau2, rel=1e-6, abs=1e-12)
    common = dose_response(y, v, study, dose, method="EE")
    assert common.beta[0] == pytest.approx((y * dose / v).sum() / (dose**2 / v).sum())
    # a reference of another dose moves the doses
    moved = dose_response(y, v, study, dose + 5, reference=5.0)
    assert moved.beta == pytest.approx(fit.beta, rel=1e-9)
    each = dose_response(y, v, study, dose + 5, reference=[5.0] * 5)
    assert each.beta.tolist() == moved.beta.tolist()


def test_predictions_are_contrasts_of_the_curve():
    fit = dose_response(Y, V, STUDY, DOSE, curve="spline")
    at = fit.predict([0, 10, 30])
    assert (at.estimate[0], at.se[0], at.ci_low[0], at.pi_high[0]) == (0, 0, 0, 0)
    against = fit.predict([0, 10, 30], reference=10)
    assert against.estimate == pytest.approx(at.estimate - at.estimate[1], abs=1e-12)
    assert (at.pi_low[1:] < at.ci_low[1:]).all()
    assert (at.ci_high[1:] < at.pi_high[1:]).all()
    # straight beyond the outer knots
    far = fit.predict([50, 60, 70]).estimate
    assert far[2] - far[1] == pytest.approx(far[1] - far[0], rel=1e-9)
    assert len(at.to_frame()) == 3
    assert list(fit.to_frame().index) == ["dose", "bend 1"]
    assert "left_out 0" in repr(fit)
    with pytest.raises(ValueError, match="doses must be finite"):
        fit.predict([np.nan])


def test_one_study_has_its_own_line_and_says_so():
    y, v = [0.0, 0.2, 0.5], np.zeros((3, 3))
    v[1:, 1:] = [[0.04, 0.02], [0.02, 0.05]]
    alone = dose_response(y, v, ["A"] * 3, [0, 10, 20])
    assert not alone.converged
    assert np.isnan(alone.between).all()
    assert np.isnan(alone.predict([10]).pi_low).all()
    common = dose_response(y, v, ["A"] * 3, [0, 10, 20], method="EE")
    assert common.converged
    assert common.beta == pytest.approx(alone.beta)
    # one dose against placebo cannot bend, in two stages or in one
    for stages in (1, 2):
        with pytest.raises(ValueError, match=r"too few|as many doses"):
            dose_response([0.2], [0.1], ["A"], [10], curve="quadratic", stages=stages)


def test_absent_effects_are_left_out_and_all_alike_have_no_spread():
    y = np.append(Y, np.nan)
    S = np.full((26, 26), 0.0)
    S[:25, :25], S[25, 25] = V, np.nan
    some = dose_response(y, S, [*STUDY, 6], [*DOSE, 40])
    assert some.beta == pytest.approx(dose_response(Y, V, STUDY, DOSE).beta, rel=1e-12)
    assert some.k == 19
    exact = dose_response(0.02 * DOSE, V, STUDY, DOSE)
    assert exact.beta[0] == pytest.approx(0.02)
    assert exact.between[0, 0] == pytest.approx(0, abs=1e-12)
    assert exact.i2 == 0


def test_three_levels_and_a_line_agree_where_all_have_one_dose():
    # A model with an intercept is another one: of arms at one dose both are the pooled effect.
    y, v, study = [0.2, 0.3, 0.1, 0.5], [0.02, 0.03, 0.02, 0.03], list("ABCD")
    line = dose_response(y, v, study, [10.0] * 4)
    assert line.predict([10]).estimate[0] == pytest.approx(three_level(y, v, study).beta[0])


GOOD = {"yi": Y, "vi": V, "study": STUDY, "dose": DOSE}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"curve": "cubic"}, "curve is one of linear, quadratic, spline"),
        ({"method": "DL"}, "method is one of"),
        ({"stages": 3}, "stages must be 1 or 2"),
        ({"knots": [0, 5, 10]}, "knots are of a spline"),
        ({"curve": "spline", "knots": [0, 10]}, "three or more"),
        ({"curve": "spline", "knots": [0, 10, 5]}, "increase"),
        ({"dose": DOSE[:-1]}, "one axis of the same length"),
        ({"dose": np.where(DOSE == 30, np.nan, DOSE)}, r"dose\[24\] is not finite"),
        ({"study": np.ones(25)}, "more than one reference row"),
        ({"dose": np.zeros(25)}, r"too few|linearly dependent"),
        ({"level": 95}, "level"),
    ],
)
def test_faults_are_named(change, message):
    with pytest.raises(ValueError, match=message):
        dose_response(**{**GOOD, **change})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"design": "rct"}, "design is one of cc, ci, ir"),
        ({"vi": [0, 0, 0.1]}, "study A needs one reference row.* it has 2"),
        ({"vi": [0.1, 0.1, 0.1]}, "it has 0"),
        ({"yi": [0.1, 0.2, 0.3]}, "study A needs one reference row"),
        ({"cases": [-1, 5, 5]}, r"cases\[0\] is not a count"),
        ({"size": [10, 0, 10]}, r"size\[1\] is not positive"),
        ({"cases": [10, 10, 10]}, "30 cases among 30 people"),
        ({"cases": [9, 9, 9], "design": "ci", "yi": [0, 2, 2]}, "more cases than people"),
        ({"design": ["cc", "cc", "ci"]}, "several designs"),
    ],
)
def test_faults_of_counts_are_named(change, message):
    good = {"yi": [0, 0.2, 0.3], "vi": [0, 0.1, 0.1], "study": ["A"] * 3}
    good |= {"cases": [3, 4, 5], "size": [10, 10, 10], "design": "cc"}
    with pytest.raises(ValueError, match=message):
        greenland_longnecker(**{**good, **change})


def test_faults_of_arms_are_named():
    good = {"mean": [1.0, 2], "sd": [3.0, 3], "n": [20, 20], "study": ["A", "A"], "dose": [0, 5]}
    for change, message in (
        ({"measure": "ROM"}, "measure is one of MD, SMD"),
        ({"sd": [3.0, 0]}, r"sd\[1\] is not a positive number"),
        ({"n": [20, 1]}, r"n\[1\] is not above 1"),
        ({"dose": [5, 5]}, "study A has its lowest dose 5 in 2 rows"),
        ({"mean": [1.0, np.nan]}, r"mean\[1\] is not finite"),
    ):
        with pytest.raises(ValueError, match=message):
            dose_differences(**{**good, **change})
