"""`ketameta pool`: the forms in which results are kept: published ratios, other names, other files.

Values of metafor 3.8-1: rma(..., control = list(threshold = 1e-12)).
"""

# ruff: noqa: E501 - a case is a line of a table

from __future__ import annotations

import io
import json
import math
import zipfile
from pathlib import Path

import openpyxl
import pytest

from ketameta.cli import main
from ketameta.commands.names import ALIASES, bare_name, end_of, level_of, value_of


def ratios(found) -> list[float]:
    fit = found["fit"]
    return [math.exp(fit[name]) for name in ("estimate", "ci_low", "ci_high")]


# --- ratios with their intervals -----------------------------------------------------------------

RATIOS = "{}\nA,1.62,0.95,2.76\nB,0.88,0.51,1.52\nC,2.10,1.18,3.74\n"
AT_95 = [1.434294233, 0.4748490426, 4.332324092]
AT_90 = [1.431492227, 0.4747418955, 4.316387525]


@pytest.mark.parametrize(
    ("header", "measure"),
    [
        ("study,or,lower,upper", "OR"),
        ("study,OR,ci_low,ci_high", "OR"),
        ("study,hr,hr lower95,hr upper95", "HR"),
        ("study,HR,LCL,UCL", "HR"),
        ("Study ID,aOR,95% CI lower,95% CI upper", "OR"),
        ("Reference,RR,ci.lb,ci.ub", "RR"),
        ("Author (year),IRR,l95,u95", "IRR"),
        ("study,hazard ratio,Lower 95% CL,Upper 95% CL", "HR"),
        ("study,odds_ratio,conf.low,conf.high", "OR"),
        ("study,Risk Ratio,LL,UL", "RR"),
        ("study,or,2.5%,97.5%", "OR"),
        ("study,adjusted HR,CI start,CI end", "HR"),
        ("study,or,or_lci,or_uci", "OR"),
        ("study,or,low,high", "OR"),
    ],
)
def test_published_ratios_are_pooled_as_logs(answer, header: str, measure: str) -> None:
    found = answer(RATIOS.format(header))
    assert found["measure"] == measure
    assert ratios(found) == pytest.approx(AT_95, rel=1e-8)
    # the same, asked for
    assert answer(RATIOS.format(header), "--measure", measure)["fit"] == found["fit"]


@pytest.mark.parametrize("header", ["study,hr,lower90,upper90", "study,hr,90% CI low,90% CI high"])
def test_the_level_is_that_of_the_interval(answer, header: str) -> None:
    found = answer(RATIOS.format(header))
    assert ratios(found) == pytest.approx(AT_90, rel=1e-8)
    assert (
        "standard errors from the 90% intervals, (ln upper − ln lower) / (2 × 1.64)"
        in found["notes"]
    )
    plain = RATIOS.format("study,hr,lower,upper")
    assert answer(plain, "--reported-level", "0.9")["fit"] == found["fit"]
    # --level is that of what is printed, not of what is read
    wide = answer(plain, "--level", "0.9")["fit"]
    assert wide["estimate"] == pytest.approx(math.log(AT_95[0]), rel=1e-8)


def test_ratios_and_intervals_in_one_cell(answer) -> None:
    forms = 'study,OR (95% CI)\nA,1.62 (0.95-2.76)\nB,"0.88 [0.51, 1.52]"\nC,2.10 (95% CI 1.18 to 3.74)\n'
    two = 'study,hr,95% CI\nA,1.62,0.95-2.76\nB,0.88,"0.51, 1.52"\nC,2.10,(1.18 – 3.74)\n'
    comma = "study;or;95% CI\nA;1,62;0,95-2,76\nB;0,88;0,51 to 1,52\nC;2,10;1,18 - 3,74\n"
    for content in (forms, two, comma):
        assert ratios(answer(content)) == pytest.approx(AT_95, rel=1e-8)


@pytest.mark.parametrize("asked", ["OR", "RR", "HR", "IRR"])
def test_a_ratio_may_be_called_a_value(answer, asked: str) -> None:
    for name in ("estimate", "effect", "ES"):
        found = answer(RATIOS.format(f"study,{name},lower,upper"), "--measure", asked)
        assert (found["measure"], ratios(found)) == (asked, pytest.approx(AT_95, rel=1e-8))


def test_what_is_asked_for_goes_before_the_name(answer) -> None:
    found = answer(RATIOS.format("study,or,lower,upper"), "--measure", "HR")
    assert found["measure"] == "HR"
    assert "the column 'or' is taken as HR, as asked" in found["notes"]


def test_two_ratios_need_a_choice(pooled, answer) -> None:
    content = "study,or,hr,lower,upper\nA,1.62,1.5,0.95,2.76\n"
    assert "'or' and 'hr' are estimates; say which with --measure" in pooled(content)[2]
    assert answer(content, "--measure", "OR")["studies"][0]["yi"] == pytest.approx(math.log(1.62))
    both = "study,or,or_low,or_high,hr,hr_low,hr_high\nA,1.62,0.95,2.76,2,1,4\n"
    assert answer(both, "--measure", "HR")["studies"][0]["yi"] == pytest.approx(math.log(2))


def test_counts_go_before_a_printed_ratio(answer) -> None:
    content = "study,ai,n1i,ci,n2i,rr,lower,upper\nA,12,30,6,30,9.9,8,11\n"
    assert answer(content, "--measure", "RR")["studies"][0]["yi"] == pytest.approx(math.log(2))


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("3.62,0.95,2.76", "FILE:2 column or: 3.62 is outside its interval, 0.95 to 2.76"),
        (
            "0.88,1.52,0.51",
            "FILE:2 column lower: the lower limit 1.52 is above the upper limit 0.51",
        ),
        (
            "-0.5,0.2,0.5",
            "FILE:2 column or: -0.5 is no ratio, which is above 0; logarithms are called yi",
        ),
        ("0.5,-0.2,0.9", "FILE:2 column lower: -0.2 is no ratio"),
        ("x,0.95,2.76", "FILE:2 column or: 'x' is not a number"),
    ],
)
def test_ratios_that_cannot_be_are_refused(pooled, row: str, says: str) -> None:
    status, out, err = pooled(f"study,or,lower,upper\nA,{row}\nB,1,0.5,2\n")
    assert (status, out) == (1, "")
    assert err.startswith(says)


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("1.62,0,2.76", "a lower limit of 0 has no logarithm; give it with more digits"),
        ("1.62,1,", "upper is empty"),
        (",,", "or, lower, upper are empty"),
        ("1,1,1", "both limits are equal: no standard error"),
    ],
)
def test_ratios_without_a_standard_error_are_named(answer, row: str, why: str) -> None:
    found = answer(f"study,or,lower,upper\nA,{row}\nB,1,0.5,2\n")
    assert found["studies"][0]["reason"] == why
    assert found["fit"]["k"] == 1


def test_an_estimate_off_the_middle_is_named(answer) -> None:
    # 1.2 between 0.4 and 1.6: the geometric middle is 0.8
    found = answer("study,or,lower,upper\nA,1.20,0.40,1.60\nB,1,0.5,2\nC,1.05,0.5,2\n")
    (note,) = [n for n in found["notes"] if "middle" in n]
    assert (
        note
        == "the estimate is not in the geometric middle of its interval (line 2); is a number mistyped?"
    )
    # rounding alone moves small ratios: 0.02 may be 0.025, 0.1 may be 0.0951
    rounded = "study,or,lower,upper\nA,0.1,0.02,0.4\nB,1,0.5,2\n"
    assert not [n for n in answer(rounded)["notes"] if "middle" in n]


def test_differences_with_intervals_stay_on_their_scale(answer) -> None:
    content = "study,{},lower,upper\nA,-2,-4,0\nB,-1,-3,1\n"
    for name, measure in (("md", "MD"), ("SMD", "SMD"), ("yi", "GEN"), ("TE", "GEN")):
        found = answer(content.format(name))
        assert found["measure"] == measure
        assert [s["yi"] for s in found["studies"]] == [-2, -1]
        # half-width 2 over the normal quantile
        assert found["studies"][0]["vi"] == pytest.approx((2 / 1.959963984540054) ** 2, rel=1e-12)


def test_ratios_under_another_name_are_suspected(answer) -> None:
    found = answer(RATIOS.format("study,TE,lower,upper"))
    assert "if these are ratios, say so with --measure OR, RR or HR" in found["notes"]


@pytest.mark.parametrize("content", ["study,or\nA,1.6\n", "study,or,se\nA,1.6,0.3\n"])
@pytest.mark.parametrize("options", [(), ("--measure", "OR")])
def test_a_ratio_without_interval_is_told_what_it_needs(pooled, content: str, options) -> None:
    status, _, err = pooled(content, *options)
    assert status == 1
    assert "'or' is read with its interval: lower and upper, or 0.95 to 2.76" in err


# --- logarithms -----------------------------------------------------------------------------------

LOGS = "study,yi,sei\nNettle,0.482426,0.272077\nOak,-0.127833,0.278591\nPine,0.741937,0.294284\nQuince,0.300105,0.242117\n"


def test_logarithms_are_shown_as_ratios_when_asked(pooled, answer) -> None:
    plain = answer(LOGS)
    for options in (("--exp",), ("--measure", "HR"), ("--measure", "OR")):
        assert answer(LOGS, *options)["fit"] == plain["fit"]
        _, out, _ = pooled(LOGS, *options)
        assert "pooled      1.407 (95% CI 0.7995 to 2.476)" in out
    assert "pooled      0.3415 (" in pooled(LOGS)[1]
    named = LOGS.replace("yi,sei", "logHR,selogHR")
    assert "pooled      1.407 (" in pooled(named)[1]
    told = "\n".join(
        line + (",HR" if i else ",measure") for i, line in enumerate(LOGS.splitlines())
    )
    assert "pooled      1.407 (" in pooled(told)[1]
    assert "shown as ratios, since the column 'measure' says HR" in answer(told)["notes"]


def test_limits_of_a_logarithm_are_logarithms(answer) -> None:
    found = answer("study,logOR,lower,upper\nA,0.5,-0.1,1.1\nB,0.2,-0.2,0.6\n")
    assert [s["yi"] for s in found["studies"]] == [0.5, 0.2]
    assert found["studies"][0]["vi"] == pytest.approx((0.6 / 1.959963984540054) ** 2, rel=1e-12)


def test_ratios_with_the_error_of_their_logarithm(pooled, answer) -> None:
    content = "study,OR,SE(log OR)\nA,1.5,0.2\nB,2,0.3\nC,,0.1\n"
    found = answer(content)
    assert found["measure"] == "OR"
    assert [s["yi"] for s in found["studies"]] == [math.log(1.5), math.log(2), None]
    assert found["studies"][1]["vi"] == pytest.approx(0.09, rel=1e-14)
    assert found["studies"][2]["reason"] == "OR or SE(log OR) is empty"
    assert "FILE:2 column OR: -1.5 is no ratio" in pooled(content.replace("1.5", "-1.5"))[2]


def test_what_is_no_logarithm_is_not_shown_as_a_ratio(pooled) -> None:
    status, _, err = pooled("study,xi,ni\nA,3,20\n", "--measure", "PLO", "--exp")
    assert status == 2
    assert "--exp is for GEN" in err


# --- other names of columns ---------------------------------------------------------------------------

COUNTS = "study,ai,n1i,ci,n2i\nUlm,12,40,6,41\nVale,9,33,8,35\n"
MEANS = "study,m1i,sd1i,n1i,m2i,sd2i,n2i\nUlm,12,5,20,16,6,21\nVale,14,4,33,15,5,30\n"


@pytest.mark.parametrize(
    ("own", "other", "measure"),
    [
        ("study,yi,sei", "studlab,TE,seTE", "GEN"),
        ("study,yi,vi", "Reference,TE,varTE", "GEN"),
        ("study,yi,sei", "Study ID,y,SE", "GEN"),
        ("study,ai,n1i,ci,n2i", "studlab,event.e,n.e,event.c,n.c", "RR"),
        ("study,ai,n1i,ci,n2i", "studlab,event1,n1,event2,n2", "OR"),
        ("study,ai,n1i,ci,n2i", "Study,events_t,n_t,events_c,n_c", "RD"),
        (
            "study,ai,n1i,ci,n2i",
            "Study,Events (treatment),Total (treatment),Events (control),Total (control)",
            "RR",
        ),
        ("study,x1i,t1i,x2i,t2i", "studlab,event.e,time.e,event.c,time.c", "IRR"),
        ("study,m1i,sd1i,n1i,m2i,sd2i,n2i", "studlab,mean.e,sd.e,n.e,mean.c,sd.c,n.c", "SMD"),
        ("study,m1i,sd1i,n1i,m2i,sd2i,n2i", "studlab,Mean1,SD1,N1,Mean2,SD2,N2", "MD"),
        ("study,xi,ni", "studlab,event,n", "PLO"),
        ("study,ri,ni", "studlab,cor,n", "ZCOR"),
    ],
)
def test_names_of_other_packages_are_read(answer, own: str, other: str, measure: str) -> None:
    rows = {"RD": "9,33,8,35", "SMD": "12,5,20,16,6,21", "MD": "12,5,20,16,6,21", "GEN": "0.4,0.2"}
    rows |= {"PLO": "5,20", "ZCOR": "0.3,40", "IRR": "3,40,6,44"}
    row = rows.get(measure, rows["RD"])
    content = f"{{}}\nUlm,{row}\nVale,{row}\n"
    plain = answer(content.format(own), "--measure", measure)
    found = answer(content.format(other), "--measure", measure)
    assert found["fit"] == plain["fit"]
    assert [study["study"] for study in found["studies"]] == ["Ulm", "Vale"]
    first = other.split(",")[1], own.split(",")[1]
    assert any(note.startswith(f"read as: {first[0]} as {first[1]}") for note in found["notes"])


def test_meta_s_columns_by_value(answer) -> None:
    found = answer(
        "studlab,TE,seTE\nUlm 2004,0.42,0.20\nVale 2009,0.11,0.14\nWick 2013,0.35,0.22\n"
    )
    fit = found["fit"]
    assert [fit["estimate"], fit["ci_low"], fit["ci_high"]] == pytest.approx(
        [0.2487697216, -0.1807489386, 0.6782883818], rel=1e-7
    )
    assert fit["tau2"] == pytest.approx(0.004470749399, rel=1e-6)


def test_our_own_names_go_before_others(answer) -> None:
    found = answer("study,yi,vi,TE,seTE\nA,0.5,0.04,9,9\nB,0.1,0.09,9,9\n")
    assert [study["yi"] for study in found["studies"]] == [0.5, 0.1]
    assert found["notes"] == []


def test_two_columns_for_one_number_need_a_choice(pooled) -> None:
    status, _, err = pooled("study,smd,md,se\nA,0.5,3,0.2\n")
    assert status == 1
    assert "'smd' and 'md' can each be yi; keep one of them, or call it yi" in err


def test_differences_are_no_logarithms_of_ratios(pooled) -> None:
    status, _, err = pooled("study,smd,se\nA,0.5,0.2\n", "--measure", "HR")
    assert status == 1
    assert "HR needs estimates and their interval (hr, lower, upper)" in err


def test_a_fault_is_named_as_the_file_names_it(pooled) -> None:
    _, _, err = pooled(
        "studlab,event.e,n.e,event.c,n.c\nA,x,40,6,41\nB,50,40,6,41\n", "--measure", "RR"
    )
    assert err == "FILE:2 column event.e: 'x' is not a number\n"
    _, _, err = pooled("studlab,event.e,n.e,event.c,n.c\nB,50,40,6,41\n", "--measure", "RR")
    assert err == "FILE:2 column event.e: 50 is larger than n.e = 40\n"


def test_no_name_stands_for_both_arms() -> None:
    for one, two in (
        ("ai", "ci"),
        ("n1i", "n2i"),
        ("m1i", "m2i"),
        ("sd1i", "sd2i"),
        ("t1i", "t2i"),
        ("x1i", "x2i"),
    ):
        assert not set(ALIASES[one]) & set(ALIASES[two])
    for words in ALIASES.values():
        assert all(word == bare_name(word) for word in words)


@pytest.mark.parametrize(
    "name",
    [
        "year",
        "dose",
        "age",
        "hour",
        "time",
        "to",
        "end",
        "max",
        "limit",
        "n_low",
        "upper age",
        "low risk",
        "length",
        "order",
        "error",
        "for",
        "hrs",
    ],
)
def test_columns_of_other_things_are_not_taken_for_limits_or_ratios(name: str) -> None:
    assert not end_of(name)
    assert value_of(name) is None


def test_levels_are_read_from_names() -> None:
    assert [
        level_of(name) for name in ("lower", "lower95", "90% CI low", "2.5%", "97.5 %", "l99")
    ] == [None, 0.95, 0.9, 0.95, 0.95, 0.99]


# --- names of studies --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "label",
    [
        "studlab",
        "Study ID",
        "Reference",
        "Author (year)",
        "Citation",
        "First author",
        "slab",
        "trial_id",
    ],
)
def test_names_of_studies_have_many_titles(answer, label: str) -> None:
    found = answer(f"n,{label},yi,vi\n9,Ulm 2004,0.42,0.04\n8,Vale 2009,0.11,0.02\n")
    assert [study["study"] for study in found["studies"]] == ["Ulm 2004", "Vale 2009"]
    assert found["notes"] == []


def test_author_and_year_together_name_a_study(answer) -> None:
    found = answer("Author,Year,yi,vi\nSmith,2001,.1,.2\nSmith,2003,.2,.2\n")
    assert [study["study"] for study in found["studies"]] == ["Smith 2001", "Smith 2003"]


def test_a_column_of_text_names_the_studies_where_none_says_so(answer) -> None:
    found = answer("dose,which,yi,vi\n5,Ulm,.1,.2\n9,Vale,.3,.2\n")
    assert [study["study"] for study in found["studies"]] == ["Ulm", "Vale"]
    assert found["notes"] == ["the column 'which' is taken as the studies' names"]


def test_studies_without_names_are_said_to_be_numbered(pooled, answer) -> None:
    found = answer("dose,yi,vi\n5,.1,.2\n9,.3,.2\n")
    assert [study["study"] for study in found["studies"]] == ["study 1", "study 2"]
    assert found["notes"] == ["no column names the studies; they are numbered"]
    assert "no column names the studies" in pooled("yi,vi\n.1,.2\n")[1]


# --- cells and files ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("extra", ["ci", "ai", "bi", "mi", "ri", "ni", "n", "lower"])
def test_columns_that_are_not_asked_for_may_hold_anything(pooled, answer, extra: str) -> None:
    content = "study,yi,vi{}\nRose,0.45,0.04{}\nSage,0.12,0.02{}\nThyme,0.30,0.05{}\n"
    plain = answer(content.format("", "", "", ""))
    found = answer(content.format(f",{extra}", ",0.06 to 0.84", ",see text", ",?"))
    assert found == plain


def test_a_text_interval_does_not_stand_for_the_control_s_events(answer) -> None:
    content = (
        "studlab,event.e,n.e,event.c,n.c,ci\nUlm,12,40,6,41,0.9 to 4.9\nVale,9,33,8,35,0.5 to 2.7\n"
    )
    found = answer(content, "--measure", "RR")
    assert found["fit"] == answer(COUNTS, "--measure", "RR")["fit"]


EUROPE = "study;yi;vi\nAhorn;0,42;0,04\nBirke;0,11;0,02\nEiche;0,35;0,05\nLinde;-0,27;3e-2\n"
POINTS = EUROPE.replace(",", ".").replace(";", ",")


@pytest.mark.parametrize(
    "form", ["semicolons", "tabs", "quotes", "sep", "sep in quotes", "Windows"]
)
def test_decimal_commas_are_read_with_a_note(answer, form: str) -> None:
    content = {
        "semicolons": EUROPE,
        "tabs": EUROPE.replace(";", "\t"),
        "quotes": "\n".join(
            ",".join(f'"{cell}"' for cell in line.split(";")) for line in EUROPE.splitlines()
        ),
        "sep": "sep=;\n" + EUROPE,
        "sep in quotes": '"sep=;"\n' + EUROPE,
        "Windows": "\ufeffSEP=;\r\n" + EUROPE.replace("\n", "\r\n"),
    }[form]
    found = answer(content)
    assert found.pop("notes") == ["commas in numbers are read as decimal points"]
    plain = answer(POINTS)
    plain.pop("notes")
    assert found == plain


def test_the_line_that_names_the_separator_counts(pooled) -> None:
    assert pooled("sep=|\nstudy|yi|vi\nA|0.5|x\n")[2] == "FILE:3 column vi: 'x' is not a number\n"


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        ("1,234;2,345", "column yi: '1,234' can be 1.234 or 1234; write which"),
        ("1,5;0.2", "column yi: '1,5' is not a number: a decimal comma; write a point"),
        ("1.234,5;0,2", "column yi: '1.234,5' is not a number"),
        ("0,5;1.234", "column vi: '1.234' may be thousands beside decimal commas"),
    ],
)
def test_commas_that_may_mean_two_things_are_refused(pooled, cells: str, says: str) -> None:
    status, _, err = pooled(f"study;yi;vi\nA;{cells}\n")
    assert status == 1
    assert says in err


def book(
    rows, others: dict | None = None, formats: dict | None = None, hidden: tuple = ()
) -> bytes:
    """Return a workbook with a sheet of these rows, and others."""
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    sheet.title = "data"
    for row in rows:
        sheet.append(row)
    for place, form in (formats or {}).items():
        sheet[place].number_format = form
    for row in hidden:
        sheet.row_dimensions[row].hidden = True
    for title, other in (others or {}).items():
        new = workbook.create_sheet(title)
        for row in other:
            new.append(row)
    out = io.BytesIO()
    workbook.save(out)
    return out.getvalue()


ROWS = [["study", "yi", "vi"], ["A", 0.5, 0.04], ["B", 0.1, 0.09], ["C", 0.9, 0.05]]
SAME = "study,yi,vi\nA,0.5,0.04\nB,0.1,0.09\nC,0.9,0.05\n"


def test_a_workbook_is_read_as_its_table(answer) -> None:
    plain = answer(SAME)
    assert answer(book(ROWS), name="studies.xlsx") == plain
    assert answer(book(ROWS, {"Sheet2": []}), name="studies.xlsx") == plain
    assert answer(book(ROWS, {"notes": [["x"]]}), "--sheet", " Data", name="studies.xlsx") == plain
    # whatever the file is called
    assert answer(book(ROWS), name="studies.csv") == plain


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ((), "FILE: holds 2 sheets, 'data', 'notes'; say which with --sheet"),
        (("--sheet", "x"), "FILE: has no sheet 'x'; there are: 'data', 'notes'"),
        (("--sheet", "notes"), "FILE:1: no column has a name that effect sizes know"),
    ],
)
def test_the_sheet_has_to_be_known(pooled, options, says: str) -> None:
    status, out, err = pooled(book(ROWS, {"notes": [["text"], ["y"]]}), *options, name="s.xlsx")
    assert (status, out) == (1, "")
    assert err.startswith(says)


def test_a_sheet_of_a_text_file_is_wrong_use(pooled) -> None:
    assert (
        pooled(SAME, "--sheet", "data")[2] == "FILE: is no workbook (.xlsx), so it has no sheets\n"
    )


@pytest.mark.parametrize(
    ("cell", "form", "says"),
    [
        ("=1/2", None, "column yi: '=1/2' is not a number: a formula; write its value"),
        (0.5, "0%", "column yi: '50%' is a per cent; write the proportion"),
        (0.5, "0.00%", "column yi: '50%' is a per cent"),
        (43000, "yyyy-mm-dd", "is not a number: a spreadsheet seems to have made a date of it"),
    ],
)
def test_cells_that_show_another_thing_than_they_hold_are_refused(pooled, cell, form, says) -> None:
    rows = [row[:] for row in ROWS]
    rows[1][1] = cell
    status, _, err = pooled(book(rows, formats={"B2": form} if form else {}), name="s.xlsx")
    assert status == 1
    assert err.startswith("FILE:2 ")
    assert says in err
    # in a column that is not asked for they do no harm
    beside = [[*row, cell] for row in ROWS]
    assert pooled(book(beside, formats={"D2": form} if form else {}), name="s.xlsx")[0] == 0


def edited(content: bytes, old: bytes, new: bytes) -> bytes:
    """Return a workbook with a text of one of its parts replaced."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as before, zipfile.ZipFile(out, "w") as after:
        parts = {name: before.read(name) for name in before.namelist()}
        assert sum(old in part for part in parts.values()) == 1
        for name, part in parts.items():
            after.writestr(name, part.replace(old, new))
    return out.getvalue()


def test_formulas_are_read_by_their_last_value(answer) -> None:
    rows = [row[:] for row in ROWS]
    rows[1][1] = "=1/2"
    saved = edited(book(rows), b"<f>1/2</f><v />", b"<f>1/2</f><v>0.5</v>")
    found = answer(saved, name="s.xlsx")
    assert found.pop("notes") == ["a formula is read by the value last computed"]
    plain = answer(SAME)
    plain.pop("notes")
    assert found == plain


def test_other_kinds_of_workbooks_are_named_for_what_they_are(pooled) -> None:
    strict = b'<sheets xmlns:r="http://purl.oclc.org/ooxml/officeDocument/relationships">'
    sheet = edited(book(ROWS), b"<sheets>", strict)
    assert "is saved as Strict Open XML Spreadsheet" in pooled(sheet, name="s.xlsx")[2]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("content.xml", "<office:document-content/>")
    assert "is an OpenDocument file (.ods); save it as .xlsx" in pooled(out.getvalue())[2]


def test_hidden_rows_of_a_workbook_are_said(answer) -> None:
    found = answer(book(ROWS, hidden=(3,)), name="s.xlsx")
    assert found["notes"] == ["hidden rows of the sheet are read as well: row 3"]
    assert found["fit"]["k"] == 3


@pytest.mark.parametrize("content", [b"PK\x03\x04 nonsense", book(ROWS)[:-200]])
def test_a_damaged_workbook_is_a_sentence(pooled, content: bytes) -> None:
    status, out, err = pooled(content, name="s.xlsx")
    assert (status, out, err.count("\n")) == (1, "", 1)


class Pipe:
    """Standard input with these bytes."""

    def __init__(self, content: bytes) -> None:
        self.buffer = io.BytesIO(content)


def test_standard_input_is_a_file_too(monkeypatch, capsys, answer) -> None:
    def piped(content: bytes, *options: str):
        monkeypatch.setattr("sys.stdin", Pipe(content))
        status = main(["pool", "-", *options])
        return status, *capsys.readouterr()

    plain = answer(SAME)
    for content in (SAME.encode(), book(ROWS)):
        status, out, _ = piped(content, "--json")
        assert (status, json.loads(out)) == (0, plain)
    assert piped(b"yi,vi\n1,x\n")[2] == "standard input:2 column vi: 'x' is not a number\n"
    rows = (Path(__file__).parent / "bad_input" / "data-rows.csv").read_bytes()
    status, out, err = piped(rows, "--analysis", "1.1", "--json")
    assert (status, json.loads(out)["fit"]["k"]) == (0, 2)
    assert "risk ratio: gives the 2 effects" in err
    # Excel's hint at the separator may stand before the header
    assert json.loads(piped(b"sep=,\n" + rows, "--analysis", "1.1", "--json")[1]) == json.loads(out)


def test_a_review_of_revman_5_without_analyses_has_none_to_pool(pooled) -> None:
    review = '<?xml version="1.0" encoding="UTF-8"?>\n<COCHRANE_REVIEW><ANALYSES_AND_DATA/></COCHRANE_REVIEW>\n'
    for name in ("review.rm5", "review.xml", "review.csv"):
        status, _, err = pooled(review, name=name)
        assert status == 1
        assert err == "FILE: holds no analysis to pool; it holds no analysis\n"
