"""Whole reviews: read in each layout, computed again, and told."""

import csv
import json
import shutil
import zipfile

import pytest

from ketameta.cli import main
from ketameta.ingest.text import UnreadableError
from ketameta.reviews.causes import with_cause
from ketameta.reviews.model import OVERALL, Number
from ketameta.reviews.modern import modernised
from ketameta.reviews.reading import read_review
from ketameta.reviews.reproduce import reproduce, same

from .forms import OVERALL_1, counts, key, package, printed, settings, table

TABLES = {
    "Ash 2001": (0, 20, 3, 22),
    "Beech 2004": (4, 35, 9, 33),
    "Elm 2010": (2, 50, 0, 48),
    "Fir 2011": (0, 15, 0, 14),
    "Larch 2015": (12, 80, 20, 78),
    "Oak 2020": (6, 6, 5, 6),
}
# metafor: rma.mh without the study that has no event, rma of escalc by DL and by REML with HKSJ
MH_OR = printed("0.537704", "0.295048", "0.979929", q="4.487607", z="2.026177")
IV_RR = printed("0.744780", "0.402076", "1.379583", tau2="0.197998", q="7.680803")
REML_RR = printed("0.751278", "0.317385", "1.778340", tau2="0.168182", q="7.680803")
RANDOM = {"Analysis model": "Random effects", "Statistical method": "IV"}


@pytest.fixture
def review(tmp_path):
    """Return a package of three analyses whose printed results are metafor's."""
    modern = {**RANDOM, "Heterogeneity estimator": "Restricted Maximum Likelihood (REML)"}
    return package(
        tmp_path / "CD1.zip",
        [
            settings("1.1", "Odds Ratio", **MH_OR),
            settings("1.2", "Risk Ratio", **RANDOM, **IV_RR),
            settings("2.1", "Risk Ratio", **modern, **REML_RR, **{"CI method": "HKSJ"}),
        ],
        [row for number in ("1.1", "1.2", "2.1") for row in counts(number, TABLES)],
        version=2,
    )


def results_of(path):
    return [with_cause(result) for result in reproduce([read_review(path)])]


def test_every_printed_number_is_met_by_the_settings_of_the_review(review):
    results = results_of(review)
    assert [result.pool.title for result in results] == ["1.1 Death", "1.2 Death", "2.1 Death"]
    for result in results:
        assert result.differs == ()
        assert len(result.printed) >= 4
    hksj = results[2].pool.analysis.settings
    assert (hksj.tau2, hksj.interval, hksj.method) == ("REML", "hksj", "IV")


def test_the_folder_of_a_package_is_read_as_the_package_is(review, tmp_path):
    folder = tmp_path / "folder"
    with zipfile.ZipFile(review) as archive:
        archive.extractall(folder)
    with zipfile.ZipFile(folder / "CD1" / "CD1-data.zip") as archive:
        archive.extractall(folder / "CD1")
    assert read_review(folder).analyses == read_review(review).analyses


def test_the_command_says_how_many_are_met_and_ends_with_0(review, capsys, tmp_path):
    page, file = tmp_path / "page.html", tmp_path / "found.csv"
    assert main(["reproduce", str(review), "--html", str(page), "--csv", str(file)]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[-1] == "3 of 3 estimates equal to the printed digits"
    rows = [*csv.DictReader(file.read_text(encoding="utf-8").splitlines())]
    assert [row["equal"] for row in rows] == ["True"] * 3
    assert float(rows[0]["computed_estimate"]) == pytest.approx(0.53770424237953, rel=1e-12)
    told = page.read_text(encoding="utf-8")
    assert told.count("<svg") == 6
    assert "3 of 3 estimates equal" in told
    assert "Ash 2001" in told


@pytest.mark.parametrize(
    ("column", "value", "cause"),
    [
        ("Mean", "0.537705", "not explained"),
        ("CI end", "0.9", "not explained"),
        ("Heterogeneity Chi²", "4.487600", "not explained"),
    ],
)
def test_a_digit_that_differs_is_named_and_ends_with_10(tmp_path, capsys, column, value, cause):
    own = settings("1.1", "Odds Ratio", **MH_OR) | {column: value}
    path = package(tmp_path / "a.zip", [own], counts("1.1", TABLES))
    assert main(["reproduce", str(path)]) == 10
    out = capsys.readouterr().out
    assert value in out
    assert cause in out
    assert out.splitlines()[-1] == "0 of 1 estimates equal to the printed digits"


@pytest.mark.parametrize(
    ("said", "cells", "result"),
    [
        ("under the random-effects model", {"Analysis model": "Fixed effect"}, IV_RR),
        ("with REML's tau² and HKSJ's interval", {}, REML_RR),
        ("by inverse variance", {"Statistical method": "MH"}, IV_RR),
    ],
)
def test_another_way_that_gives_what_is_printed_is_the_cause(tmp_path, said, cells, result):
    own = settings("1.1", "Risk Ratio", **RANDOM, **result) | cells
    path = package(tmp_path / "a.zip", [own], counts("1.1", TABLES))
    (found,) = results_of(path)
    assert not found.equal
    assert found.cause == f"it is pooled {said}"


# g with the exact factor (escalc of metafor), and d, of two studies, pooled by rma with a fixed
# effect; means, SDs and people of either arm
EXACT = ("-0.745541", "-1.463097", "-0.027986")
PLAIN = ("-0.787639", "-1.504114", "-0.071164")
MEANS = {"A": (12.1, 4.1, 9, 14.9, 5.0, 8), "B": (9.8, 5.2, 7, 15.1, 5.5, 9)}


def of_means(tmp_path, ends, rows=MEANS, more=()):
    how = {"Data type": "Continuous", "Statistical method": "IV"}
    arms = ("Experimental mean", "Experimental SD", "Experimental N")
    columns = (*arms, *(name.replace("Experimental", "Control") for name in arms))
    data = [
        key("1.1") | {"Study": study} | dict(zip(columns, cells, strict=True)) | dict(more)
        for study, cells in rows.items()
    ]
    own = settings("1.1", "Std. Mean Difference", **how, **printed(*ends))
    (found,) = results_of(package(tmp_path / "a.zip", [own], data))
    return found


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        (EXACT, "its g has the exact small-sample factor"),
        (PLAIN, "it pools d without a small-sample factor"),
    ],
)
def test_another_factor_of_an_smd_is_the_cause(tmp_path, ends, said):
    assert of_means(tmp_path, ends).cause == said


def test_rows_that_are_rounded_are_the_cause(tmp_path):
    # the effects printed are those of means with another digit
    exact = of_means(tmp_path, ("0", "0", "0"), {"A": (12.14, 4.1, 9, 14.9, 5.0, 8)})
    ends = [f"{exact.own[name]:.6f}" for name in ("estimate", "low", "high")]
    more = dict(zip(("Mean", "CI start", "CI end"), ends, strict=True))
    found = of_means(tmp_path, ends, {"A": (12.1, 4.1, 9, 14.9, 5.0, 8)}, more)
    assert found.cause == "its rows are rounded: their effects as printed give it"


def test_the_p_of_the_t_test_is_the_cause(tmp_path):
    path = in_subgroups(tmp_path, night_p="0.606424")
    _, night, _ = results_of(path)
    assert night.differs == ("p",)
    assert night.cause == "p of HKSJ's t test is printed"


def test_a_study_that_the_file_marks_as_not_estimable_is_the_cause(tmp_path):
    rows = counts("1.1", TABLES)
    for row in rows:
        if row["Study"] != "Oak 2020":
            row.update({"Mean": "1", "CI start": "0.5", "CI end": "2"})
    # metafor, rma.mh of the four others
    left = printed("0.497193", "0.268133", "0.921933")
    path = package(tmp_path / "a.zip", [settings("1.1", "Odds Ratio", **left)], rows)
    (found,) = results_of(path)
    assert "Oak 2020" in found.cause
    assert "not estimable" in found.cause


def test_swapped_events_levels_and_totals_are_those_of_the_settings(tmp_path):
    swapped = {"Swap event and non-event": "true", "Estimate CI": "99%"}
    path = package(
        tmp_path / "a.zip",
        [
            settings("1.1", "Odds Ratio", **swapped),
            settings("1.2", "Odds Ratio", **{"Overall estimates": "false"}),
        ],
        counts("1.1", TABLES) + counts("1.2", TABLES, "Adults"),
    )
    one, two = results_of(path)
    # the odds of no event are the inverse, their limits change sides
    assert one.own["estimate"] == pytest.approx(1 / 0.53770424237953)
    assert one.own["high"] / one.own["estimate"] == pytest.approx(
        (0.979928805301017 / 0.53770424237953) ** (2.5758293 / 1.9599640), rel=1e-6
    )
    assert two.pool.subgroup == "Adults"  # no total is printed, so none is made


def test_subgroups_are_pooled_and_held_against_each_other(tmp_path):
    halves = [dict(list(TABLES.items())[:3]), dict(list(TABLES.items())[3:])]
    rows = counts("1.1", halves[0], "Young") + counts("1.1", halves[1], "Old")
    path = package(tmp_path / "a.zip", [settings("1.1", "Odds Ratio")], rows)
    young, old, whole = results_of(path)
    assert [r.pool.subgroup for r in (young, old, whole)] == ["Young", "Old", OVERALL]
    assert whole.own["estimate"] == pytest.approx(0.53770424237953)
    assert whole.own["between_df"] == 1
    assert 0 < whole.own["between_p"] < 1
    assert young.k + old.k == whole.k == 5


# rma(y, sei=se, method="REML", test="knha") of metafor, z and p of test="z"; the last of the
# estimates and errors of both subgroups under a fixed effect
HKSJ = {
    "Day": (
        ("-1.221951", "-2.461581", "0.017679"),
        {"tau2": "0", "q": "0.097561", "p": "0.000091", "t": "12.525"},
    ),
    "Night": (
        ("-0.173803", "-1.408910", "1.061304"),
        {"tau2": "0.154347", "q": "5.434816", "p": "0.541893", "t": "0.605466"},
    ),
    "": (
        ("-0.518283", "-1.352859", "0.316293"),
        {"tau2": "0.307326", "q": "13.150227", "p": "0.079060", "t": "1.724210"},
    ),
}  # fmt: skip
HKSJ_ROWS = (
    ("Day", -1.1, 0.5, "15.627676"), ("Day", -1.3, 0.4, "18.637333"),
    ("Night", -0.2, 0.3, "21.920817"), ("Night", 0.4, 0.35, "20.263340"),
    ("Night", -0.6, 0.25, "23.550834"),
)  # fmt: skip


def in_subgroups(tmp_path, weight=HKSJ_ROWS[0][3], night_p="0.541893", overall="true"):
    """Write two subgroups under HKSJ, of two and three studies, as RevMan on the web prints them.

    There, Z is empty and a fixed-effect estimator is #N/A.
    """
    how = {**RANDOM, "Data type": "Contrast level", "Log-scale data": "false"}
    how |= {"Heterogeneity estimator": "REML", "CI method": "HKSJ", "CI/PI level": "95%"}
    names = {"tau2": "Heterogeneity Tau²", "q": "Heterogeneity Chi²", "p": "Effect P"}
    found = {}
    for name, (ends, rest) in HKSJ.items():
        found[name] = printed(*ends) | {names.get(k, "Effect T"): v for k, v in rest.items()}
    found["Night"]["Effect P"] = night_p
    whole = found.pop("") | {"PI start": "-2.269164", "PI end": "1.232598"}
    test = {"Subgroup Chi²": "11.951857", "Subgroup df": "1", "Subgroup P": "0.000546"}
    rows = [
        key("1.1") | {"Study": f"S{i}", "Subgroup": group, "GIV Mean": y, "GIV SE": se, "Weight": w}
        for i, (group, y, se, w) in enumerate(HKSJ_ROWS)
    ]
    rows[0]["Weight"] = weight
    found["Day"]["Weight"], found["Night"]["Weight"] = "34.265009", "65.734991"
    place = {"Analysis group": "1", "Analysis number": "1"}
    subgroups = [place | {"Subgroup": name} | own for name, own in found.items()]
    how["Overall estimates"] = overall
    own = settings("1.1", "Mean Difference", **how, **(whole if overall == "true" else {}), **test)
    return package(tmp_path / "h.zip", [own], rows, subgroups, version=2)


def test_hksj_of_subgroups_is_met_with_t_prediction_and_the_test_between_them(tmp_path):
    results = results_of(in_subgroups(tmp_path))
    assert [result.pool.subgroup for result in results] == ["Day", "Night", OVERALL]
    assert [result.differs for result in results] == [(), (), ()]
    assert {"t", "prediction_low", "between", "weight"} <= results[2].printed.keys()
    # that of a subgroup is what its rows have in the whole
    assert [result.own["weight"] for result in results[:2]] == [
        pytest.approx(15.6276757298 + 18.6373330027, rel=1e-9),
        pytest.approx(100 - 15.6276757298 - 18.6373330027, rel=1e-9),
    ]
    assert "weight" in results[0].printed


def test_a_test_between_subgroups_is_met_where_the_whole_is_not_pooled(tmp_path, capsys):
    path = in_subgroups(tmp_path, overall="false")
    *_, between = results_of(path)
    assert (between.k, between.differs) == (0, ())
    assert between.printed.keys() == {"between", "between_df", "between_p"}
    page = tmp_path / "page.html"
    # weights are those of the whole, which is not pooled here
    assert main(["reproduce", str(path), "--html", str(page)]) == 10
    assert "1.1 Death: between subgroups" in capsys.readouterr().out
    assert "between subgroups" in page.read_text(encoding="utf-8")


def test_limits_of_tau2_are_met_where_they_are_printed(tmp_path):
    # confint(rma(y, sei=se, method="DL")); RevMan prints 100 for what is larger
    printed_of = {
        "1.1": printed("0.179272", "-0.548773", "0.907316", tau2="0.350779"),
        "1.2": printed("0.003125", "-7.836729", "7.842979", tau2="31.935"),
    }
    limits = {"1.1": ("0.0597991095", "19.4108255423"), "1.2": ("6.304573563", "100")}
    effects = {"1.1": ((-0.5, 0.3), (0.1, 0.2), (0.9, 0.25)), "1.2": ((-4, 0.3), (4, 0.2))}
    how = {**RANDOM, "Data type": "Contrast level", "Log-scale data": "false", "Tau² CI": "true"}
    analyses = [
        settings(number, "Mean Difference", **how, **own)
        | dict(zip(("Tau² CI start", "Tau² CI end"), limits[number], strict=True))
        for number, own in printed_of.items()
    ]
    rows = [
        key(number) | {"Study": f"S{i}", "GIV Mean": y, "GIV SE": se}
        for number, own in effects.items()
        for i, (y, se) in enumerate(own)
    ]
    path = package(tmp_path / "a.zip", analyses, rows, version=2)
    results = results_of(path)
    assert [result.differs for result in results] == [(), ()]
    assert all("tau2_high" in result.printed for result in results)


def test_a_weight_that_differs_is_told_with_the_row_furthest_off(tmp_path, capsys):
    *_, whole = results_of(in_subgroups(tmp_path, "15.7"))
    assert whole.differs == ("weight",)
    assert whole.printed["weight"].text == "15.7"
    assert whole.own["weight"] == pytest.approx(15.6276757298, rel=1e-9)
    assert main(["reproduce", str(tmp_path / "h.zip")]) == 10
    assert "furthest off) 15.7, computed 15.627676" in capsys.readouterr().out


def test_an_estimator_that_is_not_told_belongs_to_a_fixed_effect(tmp_path):
    own = settings("1.1", "Odds Ratio", **MH_OR, **{"Heterogeneity estimator": "#N/A"})
    path = package(tmp_path / "a.zip", [own], counts("1.1", TABLES), version=2)
    (found,) = results_of(path)
    assert found.equal
    assert found.pool.analysis.settings.model == "fixed"


def test_a_subgroup_without_any_effect_counts_between_subgroups(tmp_path):
    rows = [
        key("1.1") | {"Study": name, "Subgroup": name, "GIV Mean": y, "GIV SE": 0.5}
        for name, y in (("None", 0.0), ("Some", 1.0))
    ]
    how = {"Data type": "Contrast level", "Log-scale data": "false"}
    own = settings("1.1", "Mean Difference", **how)
    *_, whole = results_of(package(tmp_path / "a.zip", [own], rows))
    assert whole.own["between"] == pytest.approx(1 / (0.25 + 0.25))


def test_results_that_the_file_did_not_calculate_are_not_counted(tmp_path, capsys):
    zeros = printed("0", "0", "0")
    path = package(
        tmp_path / "a.zip",
        [settings("1.1", "Odds Ratio", **MH_OR), settings("1.2", "Odds Ratio", **zeros)],
        counts("1.1", TABLES) + counts("1.2", TABLES),
    )
    assert main(["reproduce", str(path)]) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[-1] == "1 of 1 estimates equal to the printed digits"
    assert "1 result not printed in the file, or not calculated" in out


def test_other_data_are_pooled_as_they_are_given(tmp_path):
    generic = {"Data type": "Generic Inverse Variance", "Log-scale data": "true"} | RANDOM
    observed = {"Data type": "O-E and Variance", "Statistical method": "Exp[(O-E) / Var]"}
    rows = [
        key("1.1") | {"Study": study, "GIV Mean": y, "GIV SE": se}
        for study, y, se in (("A", -0.5, 0.2), ("B", -0.1, 0.3))
    ] + [
        key("1.2") | {"Study": study, "O-E": y, "Variance": v}
        for study, y, v in (("A", -3.2, 8.1), ("B", 1.1, 5.5))
    ]
    own = [settings("1.1", "Hazard Ratio", **generic), settings("1.2", "Hazard Ratio", **observed)]
    one, two = results_of(package(tmp_path / "a.zip", own, rows))
    assert one.pool.analysis.settings.ratio
    assert two.own["estimate"] == pytest.approx(2.718281828459045 ** ((-3.2 + 1.1) / 13.6))
    assert one.k == two.k == 2
    assert modernised([one])[0].k == 2


def test_what_cannot_be_read_is_told_and_ends_with_1(tmp_path, capsys):
    for name, content in {
        "a.zip": b"PK\x03\x04 no archive",
        "b.csv": b"study,yi\nA,1\n",
        "c.rm5": b"<?xml version='1.0'?><COCHRANE_REVIEW><STUDY></COCHRANE_REVIEW>",
        "d.rm5": b"<!DOCTYPE x [<!ENTITY a 'b'>]><COCHRANE_REVIEW>&a;</COCHRANE_REVIEW>",
        "e.txt": b"",
    }.items():
        path = tmp_path / name
        path.write_bytes(content)
        assert main(["reproduce", str(path)]) == 1, name
        assert name in capsys.readouterr().err
    with pytest.raises(UnreadableError, match="no data package"):
        read_review(shutil.os.makedirs(tmp_path / "empty") or tmp_path / "empty")


def test_a_package_without_analyses_is_read_and_one_of_accuracy_refused(tmp_path, capsys):
    assert main(["reproduce", str(package(tmp_path / "none.zip", [], []))]) == 0
    assert "it holds no analysis" in capsys.readouterr().out
    accuracy = tmp_path / "accuracy"
    accuracy.mkdir()
    (accuracy / "CD1-data-rows.csv").write_text("Test number,Study,TP,FP,FN,TN\n1,Ash,9,1,2,8\n")
    (accuracy / "CD1-parameters.csv").write_text("Analysis number,Model\n1,HSROC\n")
    assert main(["reproduce", str(accuracy)]) == 1
    assert "a review of the accuracy of tests" in capsys.readouterr().err


def test_settings_that_are_not_known_are_said_and_the_others_taken(tmp_path, capsys):
    path = package(
        tmp_path / "a.zip",
        [
            settings("1.1", "Odds Ratio", **MH_OR),
            settings("1.2", "Vaccine Efficacy"),
        ],
        counts("1.1", TABLES) + counts("1.2", TABLES) + counts("1.3", TABLES),
    )
    assert main(["reproduce", str(path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [row["analysis"] for row in told["results"]] == ["1.1"]
    said = " ".join(told["said"])
    assert "analysis 1.2: effect measure 'Vaccine Efficacy'" in said
    assert "analysis 1.3: its settings are not told" in said


def test_printed_digits_are_those_of_the_text():
    assert same(Number(0.9, "0.90"), 0.8951)
    assert not same(Number(0.9, "0.90"), 0.8949)
    assert same(Number(1e-05, "1e-05"), 1.4e-05)
    assert Number(1e-05, "1e-05").decimals == 5
    assert Number(120.0, "1.2e2").decimals == 0
    assert same(Number(0.8968655609130709, "0.8968655609130709"), 0.896865560913071)
    assert not same(Number(0.8968655609130709, "0.8968655609130709"), 0.8968655709130709)
    assert not same(Number(1.0, "1"), float("nan"))


def test_headers_of_both_versions_are_told_apart_by_their_names_alone(tmp_path):
    assert table(OVERALL_1, []).startswith(b"\xef\xbb\xbf")
    old = settings("1.1", "Risk Ratio", **RANDOM, **IV_RR)
    first = package(tmp_path / "1.zip", [old], counts("1.1", TABLES), version=1)
    second = package(tmp_path / "2.zip", [old], counts("1.1", TABLES), version=2)
    one, two = (results_of(path)[0] for path in (first, second))
    assert one.own == two.own
    assert one.equal
    assert two.equal
