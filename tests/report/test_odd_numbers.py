"""Effects that are huge, tiny, alike or impossible: drawn, worded, and said where they mislead."""

import json
import re

import pytest

from ketameta.report import wording
from ketameta.report.wording_notes import NAMED, notes, some
from ketameta.tables.effects import DerivationRow
from ketameta.tables.syntheses import StudyRow, SynthesisRow
from ketameta.tables.table import as_dict

# each makes a report: seconds together
pytestmark = pytest.mark.slow


def differences(kit, measure, *rows):
    """Return trials that report an effect with a standard error, or with an interval."""
    outcome = "response" if measure in ("logOR", "OR", "RD") else "depression_score"
    found = {"trials": [], "arms": [], "contrasts": []}
    for number, (estimate, se) in enumerate(rows):
        name = f"t{number:03d}"
        for table, own in kit.trial(name).items():
            found[table] += own
        row = {"trial_id": name, "arm_t": "treated", "arm_c": "control", "outcome": outcome}
        row |= {"scale": "MADRS", "timepoint_h": 24, "measure": measure, "estimate": estimate}
        row |= {"seen": "direct", "source": "10.1000/x", "locator": "table 1", "se": se}
        found["contrasts"].append(row)
    return found


def asked(kit, measure):
    if measure == "MD":
        return {"a": kit.score | {"measure": "MD", "scales": ["MADRS"], "headline": True}}
    return {"a": kit.response | {"measure": measure.removeprefix("log"), "headline": True}}


@pytest.mark.parametrize(
    ("measure", "rows"),
    [
        ("logOR", ((0, 1000), (0.3, 0.2), (0.5, 0.3))),
        ("logOR", ((0, 1e6), (0.3, 1e6), (0.5, 1e6))),
        ("logOR", ((1e6, 1), (-1e6, 1), (0.5, 0.3))),
        ("logOR", ((800, 1), (800, 1), (800, 2))),
        ("logOR", ((-800, 1), (-800, 1), (-800, 2))),
        ("logOR", ((0.3, 1e-9), (0.4, 1e3), (0.5, 1))),
        ("logOR", ((800, 1),)),
        ("MD", ((1e6, 1e6), (-1e6, 1e6), (1e6, 1e-6))),
        ("MD", ((1e-12, 1e-13), (2e-12, 1e-13), (1e-12, 1e-13))),
        ("MD", ((5, 1),) * 12),
        ("MD", ((0, 1),) * 3),
        ("MD", ((-30, 1), (-29, 1), (-28, 1))),
        ("MD", ((5, 1e6),)),
        ("MD", tuple(((-10.0) ** n, 1e-3) for n in range(6))),
        ("RD", ((0.5, 0.5), (0.9, 0.2), (-0.2, 0.8))),
    ],
)
def test_effects_of_any_size_make_a_report(made, kit, measure, rows):
    found = made(differences(kit, measure, *rows), asked(kit, measure))
    assert kit.faults_of(found) == []
    # a table and a record of a release hold them as numbers
    json.dumps([as_dict(row) for row in found.tables[SynthesisRow]], allow_nan=False)
    shown = re.findall(r"<text[^>]*>([^<]*)</text>", found.files["figures/a.forest.svg"])
    assert max(map(len, shown)) < 200


def test_a_ratio_without_bound_is_written_as_such(made, kit):
    found = made(differences(kit, "logOR", (0, 1e6), (0.3, 1e6)), asked(kit, "logOR"))
    assert "(95% interval 0.00 to ∞)" in found.page("analyses/a")
    assert wording.quantity("OR", 1e300) == "∞"
    assert wording.quantity("OR", 1.26e20) == "1.3e20"
    assert wording.fixed(-2.5e16, 1) == "−2.5e16"
    assert wording.fixed(1e14, 0) == "100,000,000,000,000"


def test_trials_of_one_size_are_not_said_to_be_too_few(made, kit):
    found = made(differences(kit, "MD", *(((n % 5), 1) for n in range(12))), asked(kit, "MD"))
    funnel = found.files["figures/a.funnel.svg"]
    assert "All standard errors are alike: no line and no test of asymmetry." in funnel
    assert "Fewer than" not in funnel
    assert "cannot be tested: all trials are of one size" in found.page("analyses/a")
    few = made(differences(kit, "MD", *(((n % 5), 1) for n in range(9))), asked(kit, "MD"))
    assert "Fewer than 10 effects" in few.files["figures/a.funnel.svg"]
    assert "too few independent effects" in few.page("analyses/a")


def test_effects_alike_have_a_baujat_plot_with_an_axis(made, kit):
    found = made(differences(kit, "MD", *((5, 1) for n in range(5))), asked(kit, "MD"))
    shown = re.findall(r"<text[^>]*>([^<]*)</text>", found.files["figures/a.baujat.svg"])
    assert {"0", "0.2", "1"} <= set(shown)


@pytest.mark.parametrize(
    ("measure", "cells", "halved"),
    [
        ("RR", ((0, 20, 5, 20), (3, 20, 5, 20), (20, 20, 5, 20)), "T000, T002"),
        ("OR", ((0, 20, 5, 20), (3, 20, 0, 20), (4, 20, 5, 20)), "T000, T001"),
        ("RD", ((3, 20, 5, 20), (3, 20, 20, 20), (4, 20, 5, 20)), "T001"),
        ("PLO", ((3, 20, 0, 20), (0, 20, 5, 20), (4, 20, 5, 20)), "T001"),
        ("RR", ((3, 20, 5, 20), (3, 20, 4, 20)), ""),
    ],
)
def test_an_added_half_is_named_in_the_derivation_under_the_plot_and_on_the_page(
    made, kit, measure, cells, halved
):
    found = made(kit.counts(*cells), {"a": kit.response | {"measure": measure}})
    said = f"A half is added to each cell of a trial with an empty one: {halved}."
    for text in (found.page("analyses/a"), found.files["figures/a.forest.svg"]):
        assert (said in text) == bool(halved)
    steps = [step.trial_id for step in found.tables[DerivationRow] if "1/2 added" in str(step)]
    assert ", ".join(steps).upper() == halved
    # and the number is that of 0.5 in each cell: log(0.5 / 21) - log(5.5 / 21) = -2.398 for 0/20
    if measure == "RR" and halved:
        assert found.tables[StudyRow][0].yi == pytest.approx(-2.397895, abs=1e-6)


def test_the_half_of_a_trial_is_none_of_the_binomial_model(made, kit):
    found = made(kit.counts((0, 20, 5, 20), (3, 20, 5, 20), (2, 20, 1, 20)), {"a": kit.share})
    said = "T000; for its own interval alone, the model takes the counts as they are."
    assert said in found.page("analyses/a")


def test_limits_that_cannot_be_are_named(made, kit):
    full = kit.counts((20, 20, 0, 20), (19, 20, 1, 20), (18, 18, 0, 19))
    found = made(full, {"a": kit.response | {"measure": "RD"}})
    said = "Limits beyond −1 or 1 are those of a normal approximation"
    assert said in found.page("analyses/a")
    assert said in found.files["figures/a.forest.svg"]
    # a fall of 99.7% with a limit of 100.1 is printed as 100 and says nothing
    near = kit.scores(*[(0.1, 0.6, 90, 20, 5, 20)] * 3)
    far = kit.scores((0.1, 8, 20, 20, 5, 20), (0, 9, 22, 21, 5, 21), (1, 8, 19, 20, 5, 20))
    for tables, wanted in ((near, False), (far, True)):
        found = made(tables, {"a": kit.fall})
        limits = [s.ci_high for s in found.tables[StudyRow]]
        assert max(limits) > 100
        assert (max(limits) > 100.5) == wanted
        assert ("Limits beyond 100%" in found.page("analyses/a")) == wanted


def test_notes_name_no_more_trials_than_can_be_read(made, kit):
    cells = [(0, 20, 5 + n % 3, 20) for n in range(NAMED + 5)]
    found = made(kit.counts(*cells), {"a": kit.response})
    (row,) = found.tables[SynthesisRow]
    (said,) = notes(found.configuration["a"], row, found.tables[StudyRow])
    assert said.endswith(f"T0{NAMED - 1} and 5 more.")
    assert some(["a", "b"]) == "a, b"
