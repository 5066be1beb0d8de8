"""A measure is one record: with it alone, rows become effects, a synthesis, a plot and pages."""

import math
import re

import pytest

from ketameta.measures import EVENT, LOG, MEASURES, SCORE, Measure
from ketameta.report.verify import verify_script
from ketameta.stats import effect_size, random_effects

# each makes a report: seconds together
pytestmark = pytest.mark.slow

RATE = Measure(
    name="HR",
    words="hazard ratio",
    kind=EVENT,
    transform=LOG,
    null=1.0,
    converts_from=("HR",),
    digits=None,
    method="Each trial gives a log hazard ratio as reported.",
    axis="Hazard ratio (log scale)",
)
MEANS = Measure(
    name="ROM",
    words="ratio of means",
    kind=SCORE,
    transform=LOG,
    null=1.0,
    effect="log ratio of means",
    paired="ROMC",
    control_variance=lambda mean, sd, people: sd**2 / (people * mean**2),
    digits=None,
    method="Each trial gives a log ratio of the mean scores of its arms.",
    axis="Ratio of means (log scale)",
)
CELLS = ((14, 8, 20, 22, 9, 20), (15, 8, 22, 20, 9, 21), (12, 8, 19, 24, 9, 20))
# estimate, lower and upper end as printed
PRINTED = ((0.5, 0.3, 0.83), (0.7, 0.5, 0.98), (0.6, 0.4, 0.9))


@pytest.fixture
def add(monkeypatch):
    """Return a function that adds a measure."""
    return lambda measure: monkeypatch.setitem(MEASURES, measure.name, measure)


def test_a_new_measure_of_scores_is_pooled_drawn_and_told_by_its_record_alone(made, kit, add):
    add(MEANS)
    claim = {"claim_id": "a", "claim": "It helps", "kind": "efficacy", "rule": "by eye"}
    claim |= {"analysis": "score", "direction": "favours treatment"}
    tables = kit.scores(*CELLS) | {"claims": [claim]}
    found = made(tables, {"score": kit.score | {"basis": ["endpoint"]}}, {"score": MEANS.name})
    assert kit.faults_of(found) == []
    names = ("m1i", "sd1i", "n1i", "m2i", "sd2i", "n2i")
    own = effect_size("ROM", **dict(zip(names, zip(*CELLS, strict=True), strict=True)))
    fit = random_effects(own.yi, own.vi)
    (record,) = found.tables["syntheses"]
    assert record["estimate"] == pytest.approx(math.exp(float(fit.estimate)), rel=1e-12)
    assert record["estimate_log"] == pytest.approx(float(fit.estimate), rel=1e-12)
    assert record["favours"] == "below"
    page = found.page("analyses/score")
    said = f"{record['estimate']:.2f}"
    assert f"a ratio of means of {said}" in page
    assert MEANS.method in page
    plot = found.files["figures/score.forest.svg"]
    assert MEANS.axis in plot
    assert f">{said} [" in plot or f">{said}<" in plot
    assert 'measure = "ROM"' in verify_script(found.tables, found.configuration, "0")
    # in words: the mean under treatment is so much lower than under control
    lower = f"{100 - 100 * record['estimate']:.0f} per cent lower"
    assert lower in re.sub(r"<[^>]+>", "", found.page("claims"))


def test_changes_and_scales_that_run_the_other_way_have_no_ratio_of_means(made, kit, add):
    add(MEANS)
    changes = kit.scores(*CELLS)
    for row in changes["outcomes"]:
        row |= {"change_mean": row.pop("mean") - 30, "change_sd": row.pop("sd")}
    asked = {"score": kit.score | {"basis": ["change", "endpoint"]}}
    found = made(changes, asked, {"score": MEANS.name})
    assert found.tables["effects"] == []
    details = {row["detail"] for row in found.tables["ledger"] if row["analysis"] == "score"}
    assert details == {"changes have no ratio of means"}


def contrasts(kit):
    """Return trials whose hazard ratio is reported, without numbers of their arms."""
    tables = {"trials": [], "arms": [], "contrasts": []}
    for number, (value, low, high) in enumerate(PRINTED):
        name = f"t{number:03d}"
        for table, rows in kit.trial(name).items():
            tables[table] += rows
        row = {"trial_id": name, "arm_t": "treated", "arm_c": "control", "outcome": "response"}
        row |= {"timepoint_h": 24, "measure": "HR", "seen": "direct", "source": "10.1000/x"}
        row |= {"estimate": value, "ci_low": low, "ci_high": high, "locator": "table 1"}
        tables["contrasts"].append(row)
    return tables


def test_a_measure_that_is_only_reported_becomes_one_that_is_pooled(made, kit, add):
    asked = {"response": kit.response}
    assert made(contrasts(kit), asked).tables["effects"] == []
    add(RATE)
    found = made(contrasts(kit), asked, {"response": RATE.name})
    assert kit.faults_of(found) == []
    yi = [math.log(value) for value, _, _ in PRINTED]
    se = [math.log(high / low) / 2 / 1.959963984540054 for _, low, high in PRINTED]
    fit = random_effects(yi, [x * x for x in se])
    (record,) = found.tables["syntheses"]
    assert record["k"] == 3
    assert record["estimate"] == pytest.approx(math.exp(float(fit.estimate)), rel=1e-9)
    assert f"a hazard ratio of {record['estimate']:.2f}" in found.page("analyses/response")
    assert RATE.axis in found.files["figures/response.forest.svg"]


def test_numbers_of_arms_give_no_measure_that_is_only_reported(made, kit, add):
    add(RATE)
    both = kit.together(kit.counts((10, 20, 5, 20)), {})
    found = made(both, {"response": kit.response}, {"response": RATE.name})
    assert found.tables["effects"] == []
    details = {r["detail"] for r in found.tables["ledger"] if r["analysis"] == "response"}
    assert details == {"arms give no hazard ratio: it is taken as reported"}
