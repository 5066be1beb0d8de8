"""A measure is one record: with it alone, rows become effects, a synthesis, a plot and pages.

The ratio of means is the latest of the product; a hazard ratio is one that only a test adds.
"""

import math
import re
import subprocess
from dataclasses import replace

import pytest

from ketameta.measures import EVENT, LOG, MEASURES, Measure
from ketameta.normalize.measures import refuse_turned
from ketameta.normalize.records import NotUsable
from ketameta.report.verify import verify_script
from ketameta.stats import random_effects
from ketameta.tables.effects import EffectRow, LedgerRow
from ketameta.tables.syntheses import SynthesisRow

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
CELLS = ((14, 8, 20, 22, 9, 20), (15, 8, 22, 20, 9, 21), (12, 8, 19, 24, 9, 20))
# estimate, lower and upper end as printed
PRINTED = ((0.5, 0.3, 0.83), (0.7, 0.5, 0.98), (0.6, 0.4, 0.9))


@pytest.fixture
def add(monkeypatch):
    """Return a function that adds a measure."""
    return lambda measure: monkeypatch.setitem(MEASURES, measure.name, measure)


@pytest.fixture(scope="module")
def means(made, kit):
    """Return a project whose scores are asked for as ratios of means, one of a crossover."""
    claim = {"claim_id": "a", "claim": "It helps", "kind": "efficacy", "rule": "by eye"}
    claim |= {"analysis": "score", "direction": "favours treatment"}
    tables = kit.scores(*CELLS) | {"claims": [claim]}
    tables["trials"][2]["design"] = "crossover"
    for row in tables["outcomes"][4:]:
        row |= {"analysis_set": "crossover-all", "n": 19}
    return made(tables, {"score": kit.score | {"measure": "ROM", "basis": ["endpoint"]}})


def test_scores_are_pooled_drawn_and_told_as_a_ratio_of_means(kit, means):
    assert kit.faults_of(means) == []
    record = means.tables[SynthesisRow][0]
    page, plot = means.page("analyses/score"), means.files["figures/score.forest.svg"]
    said = f"{record.estimate:.2f}"
    assert record.k == 3
    assert record.favours == "below"
    assert f"a ratio of means of {said}" in page
    assert MEASURES["ROM"].method in page
    assert MEASURES["ROM"].axis in plot
    assert f"Random effects ratio of means {said} [" in plot
    # in words: the mean under treatment is so much lower than under control
    lower = f"{100 - 100 * record.estimate:.0f} per cent lower"
    assert lower in re.sub(r"<[^>]+>", "", means.page("claims"))


def test_ratios_of_means_are_those_of_metafor(means, rscript, tmp_path):
    path = tmp_path / "verify.R"
    path.write_text(verify_script(means.tables, means.configuration, "0"), encoding="utf-8")
    done = subprocess.run([rscript, str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ROM from means by escalc" in done.stdout
    assert "ROMC of pairs by escalc" in done.stdout
    assert "3 of 3 trial effects computed again" in done.stdout


def test_changes_and_scales_that_run_the_other_way_have_no_ratio_of_means(made, kit):
    changes = kit.scores(*CELLS)
    for row in changes["outcomes"]:
        row |= {"change_mean": row.pop("mean") - 30, "change_sd": row.pop("sd")}
    asked = {"score": kit.score | {"measure": "ROM", "basis": ["change", "endpoint"]}}
    found = made(changes, asked).tables
    assert found[EffectRow] == []
    details = {row.detail for row in found[LedgerRow] if row.analysis == "score"}
    assert details == {"changes have no ratio of means"}
    with pytest.raises(NotUsable, match="a scale that runs the other way has no ratio of means"):
        refuse_turned(MEASURES["ROM"], -1)


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
    assert made(contrasts(kit), asked).tables[EffectRow] == []
    add(RATE)
    found = made(contrasts(kit), asked, {"response": RATE.name})
    assert kit.faults_of(found) == []
    yi = [math.log(value) for value, _, _ in PRINTED]
    se = [math.log(high / low) / 2 / 1.959963984540054 for _, low, high in PRINTED]
    fit = random_effects(yi, [x * x for x in se])
    (record,) = found.tables[SynthesisRow]
    assert record.k == 3
    assert record.estimate == pytest.approx(math.exp(float(fit.estimate)), rel=1e-9)
    assert f"a hazard ratio of {record.estimate:.2f}" in found.page("analyses/response")
    assert RATE.axis in found.files["figures/response.forest.svg"]


def test_numbers_of_arms_give_no_measure_that_is_only_reported(made, kit, add):
    add(RATE)
    both = kit.together(kit.counts((10, 20, 5, 20)), {})
    found = made(both, {"response": kit.response}, {"response": RATE.name})
    assert found.tables[EffectRow] == []
    details = {row.detail for row in found.tables[LedgerRow] if row.analysis == "response"}
    assert details == {"arms give no hazard ratio: it is taken as reported"}


def test_a_measure_without_a_form_within_people_leaves_crossovers_out(made, kit, add):
    add(replace(MEASURES["ROM"], paired=""))
    tables = kit.scores(*CELLS)
    tables["trials"][2]["design"] = "crossover"
    for row in tables["outcomes"][4:]:
        row |= {"analysis_set": "crossover-all", "n": 19}
    found = made(tables, {"score": kit.score | {"measure": "ROM", "basis": ["endpoint"]}}).tables
    assert [row.trial_id for row in found[EffectRow]] == ["t000", "t001"]
    details = {row.detail for row in found[LedgerRow] if row.reason == "not usable"}
    assert details == {"people who stand in both arms give no ratio of means"}
