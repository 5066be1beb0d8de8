"""Reviews and tables of other programs become our tables, and lose nothing in silence."""

import csv
import zipfile
from pathlib import Path

import pytest

from ketameta.cli import main
from ketameta.ingest.formats import as_files
from ketameta.reviews import layout_tables
from ketameta.reviews.layouts import Layout

from .forms import ROW, counts, package, settings, table
from .test_revman_files import ROWS, as_r_writes, outcome, rm5

RESULTS = (
    "Study,Outcome,Data type,Effect measure,Arm,Reference arm,Sample size,Cases,Mean,SD,SE,"
    "Variance,CI level,CI start,CI end,Exp mean,Exp CI start,Exp CI end,t-test,z-test,P value,"
    "Covariance method,Covariance,Other arm 1,Other arm 2,Correlation arm 1,Correlation arm 2,"
    "Correlation,Other mean,Other SE,Other variance,Other CI level,Other CI start,Other CI end,"
    "Other exp mean,Other exp CI start,Other exp CI end,Other t-test,Other z-test,Other P value,"
    "Footnotes"
)


@pytest.fixture
def converted(tmp_path, capsys):
    def run(path, *options):
        status = main(["convert", str(path), str(tmp_path / "out"), *options])
        err = capsys.readouterr().err
        tables = {
            file.stem: [*csv.DictReader(file.read_text(encoding="utf-8").splitlines())]
            for file in sorted((tmp_path / "out").glob("*.csv"))
        }
        return status, tables, err

    return run


def written(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def filled(row, *without):
    return {k: v for k, v in row.items() if v and k not in ("seen", "locator", *without)}


def test_a_data_package_gives_trials_arms_and_counts(converted, tmp_path):
    tables = {"Ash 2001": (2, 20, 3, 22), "Elm": (0, 0, 0, 0)}
    path = package(tmp_path / "a.zip", [settings("1.1", "Risk Ratio")], counts("1.1", tables))
    status, found, err = converted(path, "--reference", "10.1/x")
    assert status == 0
    assert [row["trial_id"] for row in found["trials"]] == ["ash2001"]
    assert [row["events"] for row in found["outcomes"]] == ["2", "3"]
    assert {row["source"] for row in found["outcomes"]} == {"10.1/x"}
    assert {row["seen"] for row in found["outcomes"]} == {"secondary"}
    assert "1.1: without numbers, left out: Elm" in err
    assert "pooled there by MH, RR, fixed effects" in err
    assert "not told by the source: direction of scales" in err


def test_a_file_of_revman_5_gives_its_labels_and_footnotes(converted, tmp_path):
    noted = ROWS.replace("></DICH", "><FOOTNOTE>see text</FOOTNOTE></DICH", 1)
    status, found, _ = converted(written(tmp_path / "a.rm5", rm5(outcome(noted))))
    assert status == 0
    assert {row["arm_label"] for row in found["arms"]} == {"Drug", "None"}
    assert "footnote: see text" in found["outcomes"][0]["note"]
    assert [row["n"] for row in found["outcomes"]] == ["20", "22", "35", "33", "80", "78"]


def test_study_data_of_covidence_give_arms_results_and_judgements(converted, tmp_path):
    folder = tmp_path / "covidence"
    folder.mkdir()
    written(folder / "x-study-information.csv", "Study,Year\nAsh,2001\nFir,2009\n")
    written(
        folder / "x-study-arms.csv",
        "Study,Arm,Description,Intervention\nAsh,A 1,<p>ten&nbsp;mg</p>,Drug\nAsh,B,,Sugar\n",
    )
    rows = [
        {"Study": "Ash", "Outcome": "Death", "Arm": "A 1", "Sample size": "20", "Cases": "2"},
        {"Study": "Ash", "Outcome": "Death", "Arm": "B", "Sample size": "22", "Cases": "3"},
        {
            "Study": "Ash", "Outcome": "Score", "Arm": "B", "Sample size": "22", "Mean": "4.5",
            "SE": "0.5", "CI level": "0.95", "CI start": "3.5", "CI end": "5.5", "t-test": "1.1",
        },
        {
            "Study": "Ash", "Outcome": "Relapse", "Effect measure": "Hazard Ratio", "Arm": "A 1",
            "Reference arm": "B", "Mean": "-0.6931471805599453", "SE": "0.25", "CI level": "0.95",
            "Exp CI start": "0.31", "Exp CI end": "0.82", "P value": "0.006", "Footnotes": "Cox",
            "Correlation": "0.5",
        },
        {
            "Study": "Ash", "Outcome": "Visits", "Effect measure": "Rate Ratio", "Arm": "A 1",
            "Reference arm": "B", "Mean": "-0.5", "SE": "0.125",
        },
    ]  # fmt: skip
    columns = RESULTS.split(",")
    lines = [RESULTS] + [",".join(row.get(name, "") for name in columns) for row in rows]
    written(folder / "x-study-results.csv", "\n".join(lines))
    written(
        folder / "x-risk-of-bias.csv",
        "Study,Domain (judgement): Random sequence generation (selection bias),"
        "Domain (support): Random sequence generation (selection bias),"
        "Domain (judgement): Early stop\nAsh,Low risk,by computer,High risk\n",
    )
    status, found, err = converted(folder)
    assert status == 0
    (ash,) = found["trials"]
    assert (ash["label"], ash["year"]) == ("Ash", "2001")
    assert [row["arm_label"] for row in found["arms"]] == ["A 1 (Drug): ten mg", "B (Sugar)"]
    death, other, score = found["outcomes"]
    assert (death["n"], death["events"], death["definition"]) == ("20", "2", "Death")
    assert other["arm_id"] == "B"
    assert (score["mean"], score["se"], score["ci95_low"]) == ("4.5", "0.5", "3.5")
    assert "t-test 1.1" in score["note"]
    relapse, visits = found["contrasts"]
    # no word of ours: neither taken for another measure nor lost
    assert (visits["measure"], visits["estimate"]) == ("", "-0.5")
    assert "effect measure Rate Ratio" in visits["note"]
    assert (relapse["arm_t"], relapse["arm_c"], relapse["measure"]) == ("A_1", "B", "HR")
    assert float(relapse["estimate"]) == pytest.approx(0.5)
    assert (relapse["ci_low"], relapse["ci_level"], relapse["se"]) == ("0.31", "95", "0.25")
    assert "footnote: Cox" in relapse["note"]
    assert "correlation 0.5" in relapse["note"]
    (judged,) = found["risk_of_bias"]
    assert (judged["tool"], judged["domain"], judged["judgement"]) == ("RoB1", "sequence", "low")
    assert judged["support"] == "by computer"
    assert "'Early stop' has no place" in err.replace("early", "Early")
    assert "studies without results, left out: Fir" in err


def test_data_rows_that_went_through_r_are_the_same(converted, tmp_path):
    rows = counts("1.1", {"Ash": (2, 20, 3, 22)})
    rows[0] |= {"Mean": "0.733333", "CI start": "0.136", "CI end": "3.95"}
    text = table(ROW, rows).decode("utf-8-sig").replace("\r\n", "\n")
    plain = converted(written(tmp_path / "data-rows.csv", text))
    status, found, err = converted(written(tmp_path / "r.csv", as_r_writes(text)), "--replace")
    assert (status, found) == (0, plain[1])
    assert "taken for the numbers of rows that R writes, left out" in err
    assert "risk ratio: gives the 1 effects" in err


REFERENCES = """TY  - GEN
AU  - NCT01234567
NS  - Ash 2001
ER  -
TY  - JOUR
AU  - Ash,M.
TI  - Drug for grief
NS  - Ash 2001
DO  - https://doi.org/10.1000/ash.
C3  - CRS 12
C3  - PubMed 7654321
ER  -

TY  - JOUR
NS  - Ash 2001
DO  - 10.1000/second
ER  -
TY  - JOUR
NS  - Yew 1999
DO  - 10.1000/yew
ER  -
"""


@pytest.fixture
def folder(tmp_path):
    """Return the folder of a package with analyses, references and judgements."""
    path = tmp_path / "CD1"
    rows = counts("1.1", {"Ash 2001": ("2.0", 20, 3, 22), "Elm": (1, 9, 4, 8)})
    rows += counts("1.1", {"Elm": ("", "", "", "")}, "Old")
    package(tmp_path / "a.zip", [settings("1.1", "Risk Ratio", **SWAPPED)], rows)
    with zipfile.ZipFile(tmp_path / "a.zip") as outer, outer.open("CD1/CD1-data.zip") as inner:
        zipfile.ZipFile(inner).extractall(path)
    data = path / "CD1-study-data"
    data.mkdir()
    written(data / "CD1-included.ris", REFERENCES.replace("ER  -", "ER  - "))
    written(data / "CD1-excluded-study-information.csv", "Study,Year\nYew 1999,1999\n")
    written(
        data / "CD1-study-information.csv",
        "Study,Year,ID: DOI\nAsh 2001,2001,\nElm,2010,10.1000/elm [doi]\n",
    )
    written(
        data / "CD1-risk-of-bias.csv",
        "Study,Domain (judgement): Allocation concealment (selection bias),"
        "Domain (support): Allocation concealment (selection bias)\n"
        "Elm,Unclear risk,<p>not&nbsp;told<br>anywhere</p>\nYew 1999,High risk,\n",
    )
    return path


SWAPPED = {"Swap event and non-event": "true"}


def test_a_package_gives_references_and_judgements_of_its_studies(converted, folder):
    status, found, err = converted(folder)
    assert status == 0
    ash, elm = found["trials"]
    assert (ash["doi"], ash["pmid"]) == ("10.1000/ash", "7654321")
    assert (ash["registration"], elm["doi"]) == ("NCT01234567", "10.1000/elm")
    (judged,) = found["risk_of_bias"]
    assert (judged["trial_id"], judged["domain"]) == ("elm", "concealment")
    assert (judged["judgement"], judged["support"]) == ("unclear", "not told anywhere")
    assert "left out: Ash 2001 (1), Yew 1999 (1)" in err
    assert "of those without the event" in err


def test_judgements_of_each_result_are_taken_where_they_agree(converted, folder):
    (folder / "CD1-study-data" / "CD1-risk-of-bias.csv").unlink()
    path = next(folder.rglob("*-data-rows.csv"))
    header, ash, elm, old = path.read_text(encoding="utf-8-sig").splitlines()
    domains = ("Bias arising from the randomization process", "Overall bias")
    names = ",".join(
        f"{domain} ({kind})" for domain in domains for kind in ("judgement", "support")
    )
    written(
        path,
        f"{header},{names}\n{ash},Low risk,<p>drawn</p>,Some concerns,\n"
        f"{elm},High risk,,High risk,late\n{old},High risk,,Low risk,\n",
    )
    _, found, err = converted(folder)
    told = {
        (r["trial_id"], r["domain"], r["judgement"], r["support"]) for r in found["risk_of_bias"]
    }
    assert told == {
        ("ash2001", "D1", "low", "drawn"), ("ash2001", "overall", "some concerns", ""),
        ("elm", "D1", "high", ""),
    }  # fmt: skip
    assert {row["tool"] for row in found["risk_of_bias"]} == {"RoB2"}
    assert "differ between the results of a study, left out: Elm (1)" in err


def test_a_review_without_an_analysis_is_refused(converted, tmp_path):
    status, _, err = converted(package(tmp_path / "none.zip", [], []))
    assert status == 1
    assert "none.zip: holds no analysis" in err


def test_numbers_keep_their_digits_and_a_row_without_any_takes_no_other_away(converted, folder):
    _, found, err = converted(folder)
    assert [row["events"] for row in found["outcomes"]] == ["2.0", "3", "1", "4"]
    assert "1.1: without numbers, left out: Elm" in err


def test_analyses_beside_study_data_are_named_and_taken_by_their_number(converted, folder):
    data = folder / "CD1-study-data"
    written(data / "CD1-study-arms.csv", "Study,Arm,Description,Intervention\nAsh 2001,A,,Drug\n")
    written(data / "CD1-study-results.csv", f"{RESULTS}\nAsh 2001,Death,,,A,,20,2\n")
    settings_file = next(folder.rglob("*-overall-estimates-and-settings.csv"))
    text = settings_file.read_text(encoding="utf-8-sig")
    header, row = text.splitlines()
    written(settings_file, f"{header},Data source\n{row},Custom input\n")
    status, found, err = converted(folder)
    assert status == 0
    assert [row["events"] for row in found["outcomes"]] == ["2"]
    assert "not from study data, so their numbers may be in none of these: 1.1" in err
    assert "--analysis 1.2 takes one" in err
    assert "studies without results, left out: Elm" in err
    status, found, _ = converted(folder, "--analysis", "1.1", "--replace")
    assert [row["events"] for row in found["outcomes"]] == ["2.0", "3", "1", "4"]


def test_a_table_of_metapsy_is_read_with_decimal_commas(converted, tmp_path):
    path = written(
        tmp_path / "psy.csv",
        "study;condition_arm1;condition_arm2;outcome_type;instrument;time_weeks;mean_arm1;"
        "mean_arm2;sd_arm1;sd_arm2;n_arm1;n_arm2;event_arm1;precalc_log_rr;precalc_log_rr_se;year;"
        "country\n"
        "Ash 2001;cbt;wl;msd;BDI-II;8;10,5;14,25;5,1;6;20;22;;;;2001;US\n"
        "Elm 2010;cbt;wl;response;;12;;;;;;;;0,6931471805599453;0,25;2010;\n",
    )
    status, found, err = converted(path)
    assert status == 0
    treated, control = found["outcomes"]
    assert (treated["mean"], treated["sd"], treated["n"]) == ("10.5", "5.1", "20")
    assert (control["mean"], control["timepoint_h"]) == ("14.25", "1344")
    assert (treated["arm_id"], treated["definition"]) == ("cbt", "BDI-II")
    (ratio,) = found["contrasts"]
    assert (float(ratio["estimate"]), ratio["measure"]) == (pytest.approx(2), "RR")
    assert "left out: country" in err
    assert "not told by the source: direction of a scale" in err


OURS = {
    "trials": "trial_id,label,year,country\nash,Ash; 2001,2001,PL\nelm,Elm 2010,2010,\n",
    "arms": (
        "trial_id,arm_id,treatment,dose\nash,drug_hi,ketamine,2\nash,drug_lo,ketamine,1\n"
        "ash,sham,saline,\nelm,drug,ketamine,\nelm,sham,saline,\n"
    ),
    "outcomes": (
        "trial_id,arm_id,outcome,scale,definition,timepoint_h,n,events,mean,sd,change_mean,"
        "change_sd,se,note,seen\n"
        "ash,sham,depression_score,MADRS,,24,22,,14.25,6.0,,,,,direct\n"
        "ash,drug_hi,depression_score,MADRS,,24,20,,10.5,5.1,,,1.2,,direct\n"
        "ash,drug_lo,depression_score,MADRS,,24,19,,11,5.5,,,,,direct\n"
        "elm,drug,response,,halved,72,35,20,,,,,,read twice,direct\n"
        "elm,sham,response,,halved,72,33,9,,,,,,,direct\n"
        "elm,drug,depression_score,MADRS,,72,34,,,,-9.5,4.0,,,direct\n"
        "elm,sham,depression_score,MADRS,,72,31,,,,-4,3.5,,,direct\n"
        "elm,drug,remission,,,72,35,12,,,,,,,direct\n"
    ),
    "contrasts": (
        "trial_id,arm_t,arm_c,outcome,timepoint_h,measure,estimate,se,p_value,seen\n"
        "elm,drug,sham,response,168,RR,2,0.25,0.01,direct\n"
        "elm,drug,sham,depression_score,168,SMD,-0.5,0.2,,direct\n"
        "elm,drug,sham,relapse,168,HR,0.4,0.3,,direct\n"
    ),
}


@pytest.fixture
def psy(tmp_path, capsys):
    """Return our tables written as metapsy's, and what was said."""
    folder = tmp_path / "ours"
    folder.mkdir()
    cells = {name: [*csv.DictReader(text.splitlines())] for name, text in OURS.items()}
    for name, content in as_files(cells).items():
        (folder / name).write_bytes(content)
    path = tmp_path / "psy.csv"
    status = main(["convert", str(folder), str(path), "--to", "metapsy"])
    assert status == 0
    told = capsys.readouterr()
    assert told.out.splitlines()[-1] == "6 rows as metapsy has them"
    return path, told.err


def numbers_of(rows, *names):
    return {tuple((name, row[name]) for name in names if row.get(name)) for row in rows}


def test_our_tables_are_written_as_metapsy_has_them(psy):
    path, _ = psy
    rows = [*csv.DictReader(path.read_text(encoding="utf-8").splitlines(), delimiter=";")]
    high = rows[0]
    assert (high["study"], high["condition_arm1"], high["condition_arm2"]) == (
        "Ash; 2001", "ketamine", "saline",
    )  # fmt: skip
    assert (high["multi_arm1"], high["mean_arm1"], high["mean_arm2"]) == (
        "drug_hi",
        "10,5",
        "14,25",
    )
    assert (high["instrument"], high["time_weeks"]) == ("MADRS", "0,142857142857143")
    counted = next(row for row in rows if row["outcome_type"] == "response")
    assert (counted["event_arm1"], counted["totaln_arm1"], counted["n_arm1"]) == ("20", "35", "")
    changed = next(row for row in rows if row["mean_change_arm1"])
    assert (changed["n_change_arm1"], changed["mean_change_arm2"]) == ("34", "-4")
    ratio = next(row for row in rows if row["precalc_log_rr"])
    assert (ratio["precalc_log_rr"], ratio["precalc_log_rr_se"]) == ("0,693147180559945", "0,25")
    # two treated arms are each held against the one control
    assert [row["multi_arm1"] for row in rows[:2]] == ["drug_hi", "drug_lo"]


@pytest.mark.parametrize("name", ["trials.csv", "psy.xlsx", "psy"])
def test_what_is_written_for_metapsy_is_one_csv_of_its_own(tmp_path, capsys, name):
    words = [
        "convert",
        str(Path(__file__).parents[1] / "tables"),
        str(tmp_path / name),
        "--to",
        "metapsy",
    ]
    assert main(words) == 2
    assert "--to writes one FILE.csv" in capsys.readouterr().err
    assert not (tmp_path / name).exists()


def test_what_metapsy_cannot_say_is_told(psy):
    _, said = psy
    assert "elm remission 72: no other arm, left out" in said
    assert "elm: HR of relapse has no column, left out" in said
    for cell in ("outcomes.se (1)", "outcomes.note (1)", "contrasts.p_value (1)", "seen (8)"):
        assert cell in said
    assert "of trials label and year" in said


def test_tables_of_metapsy_come_back_with_the_same_numbers(psy, converted):
    path, _ = psy
    status, back, _ = converted(path)
    assert status == 0
    ours = {name: [*csv.DictReader(text.splitlines())] for name, text in OURS.items()}
    of_arm = ("trial_id", "arm_id", "timepoint_h", "n", "events", "mean", "change_mean")
    rows = [row for row in ours["outcomes"] if row["outcome"] != "remission"]
    again = [row | {"trial_id": row["trial_id"][:3]} for row in back["outcomes"]]
    assert numbers_of(again, *of_arm) == numbers_of(rows, *of_arm)
    assert {row["treatment"] for row in back["arms"]} == {"ketamine", "saline"}
    assert numbers_of(back["contrasts"], "arm_t", "arm_c", "timepoint_h", "measure", "se") == (
        numbers_of(ours["contrasts"][:2], "arm_t", "arm_c", "timepoint_h", "measure", "se")
    )
    assert [float(row["estimate"]) for row in back["contrasts"]] == [pytest.approx(2), -0.5]


def test_a_next_format_is_a_record_and_no_module(converted, tmp_path, monkeypatch):
    other = Layout(
        "another program",
        (frozenset({"trial", "cases 1", "cases 2"}),),
        ("trial",),
        (),
        (
            {"n": ("size 1",), "events": ("cases 1",)},
            {"n": ("size 2",), "events": ("cases 2",)},
        ),
        silent="all but numbers",
    )
    monkeypatch.setattr(layout_tables, "LAYOUTS", (*layout_tables.LAYOUTS, other))
    text = "trial;cases_1;size_1;cases_2;size_2\nAsh;2;20;3;22\n"
    status, found, err = converted(written(tmp_path / "a.csv", text))
    assert status == 0
    assert [(row["events"], row["n"]) for row in found["outcomes"]] == [("2", "20"), ("3", "22")]
    assert "read as a table of another program" in err
    assert "not told by the source: all but numbers" in err


def test_a_row_of_metapsy_with_two_effects_or_sizes_loses_none(converted, tmp_path):
    path = written(
        tmp_path / "psy.csv",
        "study;condition_arm1;condition_arm2;multi_arm1;n_arm1;totaln_arm1;mean_arm1;n_arm2;"
        "mean_arm2;precalc_g;precalc_g_se;precalc_log_rr;precalc_log_rr_se\n"
        "Ash;cbt;wl;group;20;24;10,5;22;14;-0,5;0,3;0,7;0,2\nElm;cbt;wl;NA;9;NA;8;9;9;NA;;;\n",
    )
    _, found, _ = converted(path)
    assert {row["arm_label"] for row in found["arms"]} == {"cbt group", "cbt", "wl"}
    (effect,) = found["contrasts"]
    assert (effect["measure"], effect["estimate"]) == ("SMD", "-0.5")
    for told in ("totaln arm1 24", "precalc log rr 0,7", "precalc log rr se 0,2"):
        assert told in effect["note"]


@pytest.mark.parametrize(
    ("text", "table", "row"),
    [
        (
            "studlab,event.e,n.e,event.c,n.c\nAsh,2,20,3,22\n",
            "outcomes",
            {"trial_id": "ash", "arm_id": "experimental", "events": "2", "n": "20"},
        ),
        (
            "author,mean.e,sd.e,n.e,mean.c,sd.c,n.c\nAsh,1.5,2,20,3,2,22\n",
            "outcomes",
            {"trial_id": "ash", "arm_id": "experimental", "mean": "1.5", "sd": "2", "n": "20"},
        ),
        (
            "studlab\tTE\tseTE\nAsh\t-0.5\t0.25\n",
            "contrasts",
            {"trial_id": "ash", "arm_t": "experimental", "arm_c": "control", "estimate": "-0.5",
             "se": "0.25", "note": "its measure is not told; a ratio may stand as its log"},
        ),
        (
            "study,ai,n1i,ci,n2i\nAsh,2,20,3,22\n",
            "outcomes",
            {"trial_id": "ash", "arm_id": "experimental", "events": "2", "n": "20"},
        ),
        (
            "slab,yi,vi\nAsh,-0.5,0.0625\n",
            "contrasts",
            {"trial_id": "ash", "arm_t": "experimental", "arm_c": "control", "estimate": "-0.5",
             "se": "0.25", "note": "its measure is not told; a ratio may stand as its log"},
        ),
        (
            "Study,D1,D2,D3,D4,D5,Overall,Weight\nAsh,Low,Some concerns,Low,Low,High,High,3\n",
            "risk_of_bias",
            {"trial_id": "ash", "tool": "RoB2", "domain": "D1", "judgement": "low"},
        ),
    ],
    ids=["meta counts", "meta means", "meta effects", "metafor counts", "metafor yi", "robvis"],
)  # fmt: skip
def test_tables_of_other_programs_are_known_by_their_columns(converted, tmp_path, text, table, row):
    status, found, err = converted(written(tmp_path / "a.csv", text))
    assert status == 0
    assert filled(found[table][0]) == row
    assert "not told by the source" in err
