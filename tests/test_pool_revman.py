"""`ketameta pool` on RevMan's data rows: the measure found, one analysis at a time."""

import csv
import json
import math
from pathlib import Path

import pytest

from ketameta.cli import main
from ketameta.commands.revman import KINDS, nearest_kind
from ketameta.ingest.revman import analyses, read_data_rows
from ketameta.tables.revman import DATA_ROWS

BASE = Path(__file__).parent / "bad_input" / "data-rows.csv"
PUBLISHED = Path(__file__).parent / "published"


@pytest.fixture
def pooled(capsys):
    def run(path, *options):
        status = main(["pool", str(path), *options])
        out, err = capsys.readouterr()
        return status, out, err

    return run


def write(path, rows):
    """Write rows, given by their filled cells, as a file of data rows."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, DATA_ROWS.names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path


def answer(pooled, path, *options):
    status, out, err = pooled(path, "--json", *options)
    assert status == 0, err
    return json.loads(out), err


@pytest.mark.parametrize(
    ("number", "measure", "says"),
    [
        ("1.1", "RR", "risk ratio: gives the 2 effects"),
        ("1.2", "MD", "mean difference: gives the 2 effects"),
        ("1.3", "RD", "risk difference: gives the 1 effects"),
        ("2.1", "GEN", "ratio, from the log of the estimate"),
        ("2.2", "GEN", "estimate and standard error"),
        ("3.1", "GEN", "ratio, from O-E and its variance"),
        ("3.2", "SMD", "standardised mean difference"),
    ],
)
def test_the_measure_is_that_of_the_printed_effects(pooled, number, measure, says):
    found, err = answer(pooled, BASE, "--analysis", number)
    assert found["measure"] == measure
    assert found["analysis"].startswith(number)
    assert says in err


def test_counts_by_hand(pooled):
    found, err = answer(pooled, BASE, "--analysis", "1.1")
    names = [study["study"] for study in found["studies"]]
    assert names == ["Adams 2011", "Baker 2014", "Clark 2016"]
    adams, baker, clark = found["studies"]
    assert adams["yi"] == pytest.approx(math.log(2), rel=1e-14)
    # no event in either arm: no effect, as in RevMan
    assert (baker["yi"], baker["weight"]) == (None, None)
    assert "not estimable: Baker 2014" in err
    # half an event in each cell: 9.5/26 against 0.5/26
    assert clark["yi"] == pytest.approx(math.log(19), rel=1e-14)
    assert found["fit"]["k"] == 2


def test_o_e_and_variance_by_hand(pooled):
    found, _ = answer(pooled, BASE, "--analysis", "3.1")
    (study,) = found["studies"]
    # (O-E)/V and 1/V: -2.5/5 and 1/5, up to rounding
    assert study["yi"] == -0.5
    assert study["vi"] == pytest.approx(0.2, rel=1e-15)
    _, out, _ = pooled(BASE, "--analysis", "3.1")
    # shown as a ratio: exp(-0.5)
    assert "pooled      0.6065 (" in out
    assert "GEN as a ratio, 1 study" in out


def test_generic_estimates_keep_their_scale(pooled):
    logs, _ = answer(pooled, BASE, "--analysis", "2.1")
    assert [(s["yi"], s["vi"]) for s in logs["studies"]] == [(-0.5, 0.2**2), (0, 0.3**2)]
    for number, shown in (("2.1", "0.6065"), ("2.2", "-5.3")):
        lines = pooled(BASE, "--analysis", number)[1].splitlines()
        (line,) = [line for line in lines if line.startswith("Davis 2019")]
        assert line.split()[2] == shown


def test_a_subgroup_is_named_or_numbered(pooled):
    byname, _ = answer(pooled, BASE, "--analysis", "1.1", "--subgroup", "several DOSES")
    assert [study["study"] for study in byname["studies"]] == ["Clark 2016"]
    assert byname["analysis"] == "1.1 Response at 24 hours: Several doses"
    assert answer(pooled, BASE, "--analysis", "1.1", "--subgroup", "2")[0] == byname
    # the row for its subgroup alone
    women, _ = answer(pooled, BASE, "--analysis", "1.1", "--subgroup", "Women")
    assert women["studies"][0]["yi"] == pytest.approx(math.log(1.5), rel=1e-14)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ((), "the file holds 7 analyses; say which with --analysis\n  1.1  Response at 24 hours"),
        (("--analysis", "9.9"), "--analysis '9.9': there is none such\n  1.1"),
        (("--analysis", "1.1", "--subgroup", "one"), "did you mean One dose?"),
        (("--analysis", "1.2", "--subgroup", "x"), "analysis 1.2 has no such; it has none"),
        (("--analysis", "1.1", "--measure", "RP"), "--measure RP is not known"),
    ],
)
def test_a_wrong_choice_says_what_there_is(pooled, options, says):
    status, out, err = pooled(BASE, *options)
    assert (status, out) == (2, "")
    assert says in err


def test_the_options_belong_to_data_rows_alone(pooled, tmp_path):
    path = tmp_path / "studies.csv"
    path.write_text("yi,vi\n1,2\n")
    status, _, err = pooled(path, "--analysis", "1.1")
    assert status == 2
    assert "for RevMan's data rows alone" in err


def test_a_wish_is_done_and_said_to_differ(pooled):
    found, err = answer(pooled, BASE, "--analysis", "1.1", "--measure", "or")
    # 12/18 against 6/24
    assert found["studies"][0]["yi"] == pytest.approx(math.log(12 * 24 / (18 * 6)), rel=1e-14)
    assert "2 of the 2 effects that the file prints are not OR" in err
    # one that RevMan does not have, and one that its rows cannot give
    assert answer(pooled, BASE, "--analysis", "1.2", "--measure", "ROM")[0]["measure"] == "ROM"
    status, _, err = pooled(BASE, "--analysis", "1.2", "--measure", "ZCOR")
    assert status == 1
    assert "data rows have no ni, ri, which ZCOR needs" in err


def test_an_effect_that_the_numbers_do_not_give_is_a_fault(pooled, tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text(BASE.read_text(encoding="utf-8").replace(",93.5,2,", ",93.5,2.5,"), "utf-8")
    status, out, err = pooled(path, "--analysis", "1.1")
    assert (status, out) == (1, "")
    assert f"{path}:2 column Mean: 2.5 is not the effect of this row: as risk ratio it is 2;" in err
    assert pooled(path, "--analysis", "1.1", "--measure", "RR")[0] == 0


def test_effects_that_are_not_printed_need_a_measure(pooled, tmp_path):
    row = {"Analysis group": 1, "Analysis number": 1, "Study": "A", "Experimental cases": 5}
    row |= {"Experimental N": 10, "Control cases": 4, "Control N": 12}
    path = write(tmp_path / "rows.csv", [row])
    status, _, err = pooled(path)
    assert status == 1
    assert "no row prints its effect (Mean), so the measure cannot be told; say --measure" in err
    found, err = answer(pooled, path, "--measure", "RR")
    assert found["studies"][0]["yi"] == pytest.approx(math.log(1.5), rel=1e-14)
    assert "no effects to compare with" in err


def test_zeros_that_older_reviews_print_for_nothing_do_not_mislead(pooled, tmp_path):
    # every column filled: estimate 0 with a standard error, means 0, an O-E of 0 with a variance
    zero = {"GIV Mean": 0, "GIV SE": 0.24, "Experimental mean": 0, "Experimental SD": 0}
    zero |= {"Control mean": 0, "Control SD": 0, "O-E": 0, "Variance": 0.06}
    row = {"Analysis group": 1, "Analysis number": 2, "Study": "A", "Mean": 2, **zero}
    counts = {"Experimental cases": 12, "Experimental N": 30, "Control cases": 6, "Control N": 30}
    none = {"Experimental cases": 0, "Control cases": 0, "Mean": 0, "Study": "B"}
    path = write(tmp_path / "rows.csv", [row | counts, row | counts | none])
    found, err = answer(pooled, path)
    assert found["measure"] == "RR"
    assert [study["yi"] is None for study in found["studies"]] == [False, True]
    assert "not estimable: B" in err


@pytest.mark.parametrize(
    ("cells", "measure", "mean"),
    [
        # by hand: 3·20/(5·17)... of 3/20 and 5/22, as each measure has it
        ((3, 20, 5, 22), "RR", (3 / 20) / (5 / 22)),
        ((3, 20, 5, 22), "OR", (3 * 17) / (5 * 17)),
        ((3, 20, 5, 22), "RD", 3 / 20 - 5 / 22),
        # Peto: E = 20·8/42, V = 20·22·8·34/(42²·41)
        (
            (3, 20, 5, 22),
            "PETO",
            math.exp((3 - 20 * 8 / 42) / (20 * 22 * 8 * 34 / (42**2 * 41))),
        ),
        # no event in one arm: the difference is computed without half events
        ((0, 20, 5, 22), "RD", -5 / 22),
    ],
)
def test_near_measures_are_told_apart(pooled, tmp_path, cells, measure, mean):
    names = ("Experimental cases", "Experimental N", "Control cases", "Control N")
    row = {"Analysis group": 1, "Analysis number": 1, "Study": "A", "Mean": round(mean, 6)}
    path = write(tmp_path / "rows.csv", [row | dict(zip(names, cells, strict=True))])
    assert answer(pooled, path)[0]["measure"] == measure


def test_every_kind_is_some_analysis_of_the_base_file_or_told_apart_above():
    found = {nearest_kind(a.rows)[0] for a in analyses(read_data_rows(BASE)).values()}
    missing = {kind.measure for kind in KINDS if kind not in found}
    assert missing == {"OR", "PETO"}


@pytest.mark.parametrize(
    ("target", "measure"),
    [("cochrane_CD015373_iv_ketamine_adverse_events", "RR"), ("cochrane_CD015383_bdi", "GEN")],
)
def test_reviews_of_cochrane_pool_to_what_they_print(pooled, tmp_path, target, measure):
    # a copy that went through R: names with dots, and no empty columns
    extract = json.loads((PUBLISHED / f"{target}.json").read_text("utf-8"))
    path = tmp_path / "studies.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(extract["rows"]["studies.csv"])
    found, err = answer(pooled, path, "--tau2", "DL", "--interval", "wald")
    assert found["measure"] == measure
    assert "gives the 4 effects" in err
    (analysis,) = extract["analyses"]
    printed = analysis["printed"]
    weights = [f"{study['weight']:.5f}" for study in found["studies"]]
    assert weights == printed["weights"]
    if measure == "RR":
        assert f"{math.exp(found['fit']['estimate']):.2f}" == printed["rr"]
        ends = (found["fit"]["ci_low"], found["fit"]["ci_high"])
        assert [f"{math.exp(x):.2f}" for x in ends] == printed["ci"]
    else:
        assert f"{found['fit']['estimate']:.2f}" == printed["md"]


def counts(study, cells, mean):
    names = ("Experimental cases", "Experimental N", "Control cases", "Control N")
    row = {"Analysis group": 1, "Analysis number": 1, "Study": study, "Mean": round(mean, 6)}
    return row | dict(zip(names, cells, strict=True))


def test_peto_is_told_and_pooled_with_empty_cells(pooled, tmp_path):
    # metafor 3.8-1: rma.peto; the printed effects are exp((O - E) / V)
    printed = (("Elm", (0, 44, 4, 46), 0.132024), ("Fir", (3, 62, 7, 60), 0.40659))
    printed += (("Gorse", (4, 108, 4, 103), 0.952129), ("Hazel", (1, 33, 0, 34), 7.616394))
    rows = [counts(*one) for one in printed]
    # nobody with the event: older files print 0
    rows.append(counts("Ivy", (0, 20, 0, 21), 0))
    path = write(tmp_path / "rows.csv", rows)
    for options in ((), ("--measure", "PETO")):
        found, err = answer(pooled, path, "--tau2", "CE", *options)
        assert found["measure"] == "PETO"
        fit = found["fit"]
        ends = [math.exp(fit[name]) for name in ("estimate", "ci_low", "ci_high")]
        assert ends == pytest.approx([0.5149, 0.2226, 1.1912], abs=5e-5)
        assert "Peto odds ratio: gives the" in err
        assert "not estimable: Ivy" in err
        assert found["studies"][4]["reason"].startswith("no event in either arm")


def test_differences_are_pooled_as_the_file_prints_them(pooled, tmp_path):
    # 0/20 against 5/22 without half events, variance 5 * 17 / 22^3
    path = write(tmp_path / "rows.csv", [counts("A", (0, 20, 5, 22), -5 / 22)])
    found, _ = answer(pooled, path)
    assert found["studies"][0]["yi"] == pytest.approx(-5 / 22, rel=1e-14)
    assert found["studies"][0]["vi"] == pytest.approx(5 * 17 / 22**3, rel=1e-14)
    assert not any("half" in note for note in found["notes"])


def test_a_half_in_a_ratio_is_said_for_data_rows_too(pooled):
    found, _ = answer(pooled, BASE, "--analysis", "1.1")
    assert "half an event is added to each cell, one being 0: Clark 2016" in found["notes"]


@pytest.mark.parametrize("measure", ["HR", "OR", "IRR", "ROM"])
@pytest.mark.parametrize("form", ["giv", "o-e"])
def test_a_ratio_asked_for_may_stand_as_log_or_as_o_e(pooled, tmp_path, measure, form):
    # ln ratio -0.35 (SE 0.12) and -0.2 (0.16), by inverse variance: weights 69.44 and 39.06
    same = {"Analysis group": 1, "Analysis number": 1, "Analysis name": "Deaths"}
    rows = []
    for name, mean, se in (("Elm", -0.35, 0.12), ("Fir", -0.2, 0.16)):
        numbers = {"GIV Mean": mean, "GIV SE": se}
        if form == "o-e":
            numbers = {"O-E": mean / se**2, "Variance": 1 / se**2}
        row = same | numbers | {"Study": name, "Applicability": "OVERALL"}
        rows.append(row | {"Mean": math.exp(mean)})
    found, _ = answer(pooled, write(tmp_path / "d.csv", rows), "--measure", measure)
    assert found["fit"]["estimate"] == pytest.approx(-0.296, abs=1e-6)


def test_a_hazard_ratio_of_counts_is_refused_in_words(pooled):
    status, _, err = pooled(BASE, "--analysis", "1.1", "--measure", "HR")
    assert status == 1
    assert "GIV Mean, GIV SE are empty" in err
