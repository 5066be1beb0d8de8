"""`ketameta pool`: what is left out, added or cut is named, and the rest is pooled right.

Values of metafor 3.8-1 (escalc with drop00, rma with control = list(threshold = 1e-12)).
"""

# ruff: noqa: E501 - a case is a line of a table

from __future__ import annotations

import math

import pytest

from ketameta.commands.effects import effects_of
from ketameta.stats import random_effects
from ketameta.stats.rare.classical import peto


def reasons(found) -> dict[str, str]:
    return {s["study"]: s["reason"] for s in found["studies"] if "reason" in s}


def shown(fit) -> list[float]:
    return [fit["estimate"], fit["ci_low"], fit["ci_high"]]


# --- tables without events -------------------------------------------------------------------

DOUBLE = (
    "study,ai,n1i,ci,n2i\nAsh,0,45,0,47\nBeech,3,52,1,55\nCedar,2,41,5,43\nDogwood,10,96,7,99\n"
)


def test_a_study_without_events_says_nothing_about_a_ratio(answer) -> None:
    found = answer(DOUBLE, "--measure", "RR")
    assert reasons(found) == {"Ash": "no event in either arm: a ratio is not estimable"}
    assert found["fit"]["k"] == 3
    assert [math.exp(x) for x in shown(found["fit"])] == pytest.approx(
        [1.18, 0.16, 9.01], abs=0.005
    )
    assert found["fit"]["tau2"] == pytest.approx(0.106, abs=5e-4)
    # as if it were not in the file
    assert answer(DOUBLE.replace("Ash,0,45,0,47\n", ""), "--measure", "RR")["fit"] == found["fit"]


MIXED = "study,ai,n1i,ci,n2i\nA,0,20,0,20\nB,20,20,20,20\nC,3,20,5,20\nD,0,20,5,20\nE,7,30,9,31\n"


@pytest.mark.parametrize(
    ("measure", "content", "value", "none"),
    [
        ("OR", MIXED, [-0.6149009816, -1.503058361, 0.2732563975], "AB"),
        (
            "IRR",
            "study,x1i,t1i,x2i,t2i\nA,0,20,0,20\nB,2,20,0,20\nC,3,20,5,25\nD,8,50,3,40\n",
            [0.3988674925, -0.5278025123, 1.325537497],
            "A",
        ),
    ],
)
def test_ratios_of_other_tables_too(answer, measure, content, value, none) -> None:
    found = answer(content, "--measure", measure, "--interval", "wald")
    assert shown(found["fit"]) == pytest.approx(value, rel=1e-8)
    assert "".join(reasons(found)) == none
    half = "D" if measure == "OR" else "B"
    assert f"half an event is added to each cell, one being 0: {half}" in found["notes"]


def test_a_difference_can_be_had_without_events_and_the_half_is_said(answer) -> None:
    found = answer(DOUBLE, "--measure", "RD")
    assert found["fit"]["k"] == 4
    assert "half an event is added to each cell, one being 0: Ash" in found["notes"]


@pytest.mark.parametrize(
    ("measure", "who"), [("PR", "A, B"), ("PLO", "A, B"), ("PAS", ""), ("PFT", "")]
)
def test_an_added_half_is_said_where_there_is_one(answer, measure, who) -> None:
    found = answer("study,xi,ni\nA,0,30\nB,30,30\nC,3,40\n", "--measure", measure)
    half = [note for note in found["notes"] if note.startswith("half")]
    assert half == [f"half an event is added to each cell, one being 0: {who}"] * bool(who)


PETO = "study,ai,n1i,ci,n2i\nElm,0,44,4,46\nFir,3,62,7,60\nGorse,4,108,4,103\nHazel,1,33,0,34\nIvy,0,20,0,21\n"


def test_peto_adds_nothing_to_empty_cells(answer) -> None:
    found = answer(PETO, "--measure", "PETO", "--tau2", "FE")
    ours = [math.exp(s["yi"]) for s in found["studies"] if s["yi"] is not None]
    assert ours == pytest.approx([0.132024, 0.40659, 0.952129, 7.616394], abs=5e-7)
    # metafor: rma.peto; the study without events has no V
    assert shown(found["fit"]) == pytest.approx(
        [-0.6637169601, -1.502393935, 0.1749600144], rel=1e-8
    )
    assert reasons(found) == {"Ivy": "no event in either arm: a ratio is not estimable"}
    own = peto(
        ai=[0, 3, 4, 1, 0], n1i=[44, 62, 108, 33, 20], ci=[4, 7, 4, 0, 0], n2i=[46, 60, 103, 34, 21]
    )
    assert found["fit"]["estimate"] == pytest.approx(own.estimate, rel=1e-12)
    assert not any("half" in note for note in found["notes"])


def test_conditional_peto_adds_nothing_either(answer) -> None:
    found = answer("study,ai,bi,ci,di\nA,2,0,4,5\nB,2,3,4,5\nC,3,0,0,9\n", "--measure", "MPPETO")
    # 2 (b - c) / (b + c)
    assert [s["yi"] for s in found["studies"]] == [-2, pytest.approx(-2 / 7), None]
    assert reasons(found) == {"C": "no discordant pair"}


# --- a reason for each study without an effect -------------------------------------------------

TWICE = "study,m1i,sd1i,m2i,sd2i,ni,ri\n{}\nGood,1.5,1,2,1.1,30,0.4\n"
MEANS = "study,m1i,sd1i,n1i,m2i,sd2i,n2i\n{}\nGood,12,4,20,14,4,21\n"
CASES = [
    *((m, MEANS.format("Ash,14,0,12,14,0,12"), "SDs of 0 give no variance; leave a cell empty where no SD is reported") for m in ("MD", "SMD", "SMDH", "ROM")),
    ("MD", MEANS.format("Ash,14,3,1,15,4,12"), "n = 1 in arm 1: fewer than 2 people have no SD"),
    ("SMD", MEANS.format("Ash,14,3,9,15,4,0"), "n = 0 in arm 2: fewer than 2 people have no SD"),
    ("SMD", MEANS.format("Ash,14,,9,15,,10"), "sd1i, sd2i are empty"),
    ("ROM", MEANS.format("Ash,-1.2,0.5,14,1.1,0.9,15"), "means of different sign have no log ratio"),
    ("ROM", MEANS.format("Ash,0,0.5,14,1.1,0.9,15"), "a mean of 0 has no log ratio"),
    ("ROMC", TWICE.format("Ash,1,1,-2,1,20,0.5"), "means of different sign have no log ratio"),
    ("PCTRED", TWICE.format("Ash,1,1,0,1,20,0.5"), "a baseline mean of 0 has no percentage"),
    ("MC", TWICE.format("Ash,1,1,2,1,20,1"), "a correlation of 1 leaves the change no spread"),
    ("MC", TWICE.format("Ash,1,1,2,1,20,"), "ri is empty"),
    ("SMCC", TWICE.format("Ash,1,1,2,1,2,0.5"), "n = 2: too few for the small-sample correction"),
    ("SMCR", TWICE.format("Ash,1,1,2,1,1,0.5"), "n = 1: fewer than 2 people have no SD"),
    ("ZCOR", "study,ri,ni\nAsh,1,30\nGood,.3,30\n", "a correlation of 1 has no z: it is infinite"),
    ("ZCOR", "study,ri,ni\nAsh,-1,30\nGood,.3,30\n", "a correlation of -1 has no z: it is infinite"),
    ("ZCOR", "study,ri,ni\nAsh,.3,3\nGood,.3,30\n", "n = 3 leaves no variance, 1 / (n − 3)"),
    ("COR", "study,ri,ni\nAsh,1,30\nGood,.3,30\n", "a correlation of 1 has a variance of 0"),
    ("COR", "study,ri,ni\nAsh,.5,2\nGood,.3,30\n", "n = 2: a variance needs more than 3 pairs"),
    ("RR", "study,ai,n1i,ci,n2i\nAsh,0,0,1,20\nGood,3,20,4,20\n", "an arm without people"),
    ("RD", "study,ai,bi,ci,di\nAsh,0,0,1,20\nGood,3,20,4,20\n", "an arm without people"),
    ("OR", "study,ai,n1i,ci,n2i\nAsh,9,9,8,8\nGood,3,20,4,20\n", "an event in everybody in both arms: a ratio is not estimable"),
    ("OR", "study,ai,bi,ci,di\nAsh,9,0,8,0\nGood,3,20,4,20\n", "an event in everybody in both arms: a ratio is not estimable"),
    ("IRR", "study,x1i,t1i,x2i,t2i\nAsh,1,0,2,9\nGood,3,20,4,20\n", "an arm without person-time"),
    ("PLO", "study,xi,ni\nAsh,0,0\nGood,3,20\n", "a group without people"),
    ("PFT", "study,xi,ni\nAsh,0,0.5\nGood,3,20\n", "a group without people"),
    ("MPRD", "study,ai,bi,ci,di\nAsh,0,0,0,0\nGood,3,2,4,20\n", "no pairs"),
    ("GEN", "study,yi,vi\nAsh,0.5,0\nGood,0.4,0.1\n", "a variance of 0; leave the cell empty where none is reported"),
    ("GEN", "study,yi,sei\nAsh,0.5,0\nGood,0.4,0.1\n", "a variance of 0; leave the cell empty where none is reported"),
    ("GEN", "study,TE,seTE\nAsh,0.5,\nGood,0.4,0.1\n", "seTE is empty"),
]  # fmt: skip


@pytest.mark.parametrize(("measure", "content", "why"), CASES)
def test_a_study_without_an_effect_is_named_with_its_reason(
    pooled, answer, measure, content, why
) -> None:
    found = answer(content, "--measure", measure)
    assert reasons(found) == {"Ash": why}
    assert found["fit"]["k"] == 1
    assert f"no effect of Ash: {why}\n" in pooled(content, "--measure", measure)[1]


def test_what_is_left_is_pooled_as_without_the_faulty_row(answer) -> None:
    rest = "Beech,11.5,4.1,28,14.2,4.4,27\nCedar,12.2,3.9,21,13.9,4.2,23\n"
    found = answer(
        f"study,m1i,sd1i,n1i,m2i,sd2i,n2i\nAsh,14.0,0,12,14.0,0,12\n{rest}", "--measure", "MD"
    )
    # metafor: rma(test = "knha"), wider than with "z"
    assert shown(found["fit"]) == pytest.approx([-2.230948836, -8.571869135, 4.109971463], rel=1e-8)


def test_an_sd_of_0_in_one_arm_is_an_effect(answer) -> None:
    found = answer(MEANS.format("Ash,0,0,12,3,2,12"), "--measure", "MD")
    assert found["studies"][0]["vi"] == pytest.approx(4 / 12, rel=1e-14)
    assert (
        "an SD of 0 is pooled as it stands: Ash; leave it empty where none is reported"
        in found["notes"]
    )


def test_numbers_that_cannot_be_are_still_refused(pooled) -> None:
    for content, measure in (
        (MEANS.format("Ash,14,-1,1,15,4,12"), "MD"),
        ("study,ri,ni\nAsh,1.5,9\nGood,.3,30\n", "ZCOR"),
        ("study,yi,vi\nAsh,1,-1\nGood,.3,.3\n", "GEN"),
    ):
        assert pooled(content, "--measure", measure)[0] == 1


def test_where_no_study_has_an_effect_each_reason_is_said(pooled) -> None:
    status, _, err = pooled("study,ai,n1i,ci,n2i\nA,0,9,0,9\nB,9,9,9,9\n", "--measure", "RR")
    assert status == 1
    assert "line 2: no event in either arm" in err
    assert "line 3: an event in everybody" in err


NO_EVENT = "study,ai,n1i,ci,n2i\nA,0,30,0,30\nB,0,45,0,44\n"
EVERYBODY = "study,ai,bi,ci,di\nA,30,0,30,0\nB,45,0,44,0\n"
WAYS = [
    ("RR",), ("OR",), ("PETO",), ("OR", "--pooling=Peto"),
    *[(measure, "--pooling=MH") for measure in ("RR", "OR", "RD")],
    *[("OR", f"--pooling={way}") for way in ("GLMM", "UM.RS", "CM.EL")],
    *[(measure, "--pooling=beta-binomial") for measure in ("RR", "OR", "RD")],
]  # fmt: skip


@pytest.mark.parametrize("words", WAYS, ids=" ".join)
@pytest.mark.parametrize(
    ("content", "says"),
    [(NO_EVENT, "no event in any study"), (EVERYBODY, "an event in everybody in every study")],
    ids=["none", "all"],
)
def test_where_nothing_can_be_compared_every_way_says_so(pooled, words, content, says) -> None:
    status, out, err = pooled(content, "--measure", *words)
    assert (status, out) == (1, "")
    assert err.rstrip().endswith(f": {says}: there is nothing to compare")
    by = "topic," + content.replace("\nA", "\nt,A").replace("\nB", "\nt,B")
    status, _, err = pooled(by, "--by", "topic", "--measure", *words)
    assert (status, err) == (1, f"t: {says}\n")


def test_rates_and_shares_without_events_too(pooled) -> None:
    rates = "study,x1i,t1i,x2i,t2i\nA,0,30,0,30\nB,0,45,0,44\n"
    for words in (("IRR",), ("IRR", "--pooling=MH"), ("IRR", "--pooling=UM.RS")):
        assert "no event in any study" in pooled(rates, "--measure", *words)[2]
    shares = "study,xi,ni\nA,0,30\nB,0,45\n"
    assert "no event in any study" in pooled(shares, "--measure=PLO", "--pooling=GLMM")[2]
    # by inverse variance halves are added, and said: a share of 0 of 75 is a result
    assert pooled(shares, "--measure", "PLO")[0] == 0


@pytest.mark.parametrize("words", WAYS, ids=" ".join)
def test_where_no_study_has_an_effect_the_status_is_that_of_every_way(pooled, words) -> None:
    content = "study,ai,n1i,ci,n2i\nA,0,0,1,30\nB,,45,1,44\n"
    status, out, err = pooled(content, "--measure", *words)
    assert (status, out) == (1, "")
    assert "line 2: an arm without people, line 3: ai is empty" in err


@pytest.mark.parametrize("way", ["MH", "Peto", "UM.RS"])
def test_only_a_way_that_searches_speaks_of_its_search(pooled, way) -> None:
    status, out, _ = pooled(
        "study,ai,n1i,ci,n2i\nA,0,30,2,30\nB,0,45,4,44\n", "--measure=OR", f"--pooling={way}"
    )
    assert status == 0
    assert ("no pooled effect: events on one side alone" in out) == (way != "Peto")
    assert ("search" in out) == (way == "UM.RS")


THREE_OF_FOUR = "4 studies, 3 with an effect of their own, "


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("RR",), "3 studies, "),
        (("OR", "--pooling=UM.RS"), "3 studies, "),
        (("RR", "--pooling=MH"), THREE_OF_FOUR),
        (("OR", "--pooling=Peto"), THREE_OF_FOUR),
        (("RR", "--pooling=beta-binomial"), THREE_OF_FOUR),
        (("RD", "--pooling=MH"), "4 studies, "),
    ],
)  # fmt: skip
def test_the_number_of_studies_tells_how_many_have_an_effect(pooled, words, says) -> None:
    _, out, _ = pooled(DOUBLE, "--measure", *words)
    (head,) = [line for line in out.splitlines() if " studies, " in line]
    assert head.startswith(f"{words[0]}, {says}")
    assert ("own" in head) == ("own" in says)


def test_a_study_alone_has_an_effect_of_its_own(pooled) -> None:
    two = "study,ai,n1i,ci,n2i\nAsh,0,45,0,47\nBeech,3,52,1,55\n"
    assert (
        "\nRR, 2 studies, 1 with an effect of its own, "
        in pooled(two, "--measure=RR", "--pooling=MH")[1]
    )


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        (("RR",), ["prediction", "tau²", "I²", "Q"]),
        (("RR", "--pooling=MH"), ["I²", "Q"]),
        (("OR", "--pooling=Peto"), ["I²", "Q"]),
        (("OR", "--pooling=UM.RS"), ["prediction", "tau²", "I²"]),
        (("RR", "--pooling=beta-binomial"), []),
    ],
)
def test_what_a_way_of_pooling_does_not_know_has_no_line(pooled, words, lines) -> None:
    _, out, _ = pooled(DOUBLE, "--measure", *words)
    _, numbers, *_ = out.split("\n\n")
    assert [line.split()[0] for line in numbers.splitlines()[1:]] == ["pooled", *lines]
    assert "–" not in numbers
    # without a pooled effect there is nothing to add either
    none = "study,ai,n1i,ci,n2i\nA,0,30,2,30\nB,0,45,4,44\n"
    if words != ("RR",) and "--pooling=Peto" not in words:
        _, numbers, *_ = pooled(none, "--measure", *words)[1].split("\n\n")
        assert [line.split()[0] for line in numbers.splitlines()[1:]] == ["pooled"]


# --- scales and limits ---------------------------------------------------------------------------

SHARES = "study,xi,ni\nIris,0,24\nJonquil,4,35\nKale,41,52\nLily,22,80\nMint,60,400\n"


def test_double_arcsines_are_shown_as_proportions(pooled) -> None:
    _, out, _ = pooled(SHARES, "--measure", "PFT", "--interval", "wald")
    lines = out.splitlines()
    effects = [line.split()[1] for line in lines[1:6]]
    # each study by its own n is its own proportion
    assert effects == ["0", "0.1143", "0.7885", "0.275", "0.15"]
    # metafor: predict(res, transf = transf.ipft.hm, targs = list(ni = dat$ni))
    assert any(line.startswith("pooled      0.2273 (95% CI 0.02512 to 0.5366)") for line in lines)
    assert "harmonic mean of n, 47.86" in out


def test_double_arcsines_of_events_and_others(pooled) -> None:
    others = "study,xi,mi\nIris,0,24\nJonquil,4,31\nKale,41,11\nLily,22,58\nMint,60,340\n"
    assert pooled(others, "--measure", "PFT") == pooled(SHARES, "--measure", "PFT")


@pytest.mark.parametrize(
    ("measure", "content", "names", "way"),
    [
        (
            "PR",
            "study,xi,ni\nAsh,0,20\nBeech,3,30\nCedar,45,50\nDogwood,2,60\n",
            "Ash, Beech, Dogwood, the pooled interval, the prediction",
            "PLO",
        ),
        (
            "RD",
            "study,ai,n1i,ci,n2i\nAsh,9,10,0,10\nBeech,9,10,1,10\nCedar,1,9,8,9\n",
            "Ash, Beech, Cedar, the pooled interval, the prediction",
            "RR and OR",
        ),
        (
            "COR",
            "study,ri,ni\nAsh,.95,5\nBeech,-.95,9\nCedar,.1,6\n",
            "Ash, Beech, the pooled interval, the prediction",
            "ZCOR",
        ),
    ],
)
def test_limits_where_nothing_can_be_are_named_with_the_way_out(
    answer, measure, content, names, way
) -> None:
    (note,) = [n for n in answer(content, "--measure", measure)["notes"] if n.startswith("limits")]
    assert f": {names}; {way}" in note


def test_limits_that_can_be_are_not_named(answer) -> None:
    content = "study,xi,ni\nA,50,100\nB,52,100\nC,49,100\n"
    for measure in ("PR", "PAS", "PFT"):
        found = answer(content, "--measure", measure, "--interval", "wald")
        assert not any(note.startswith("limits") for note in found["notes"])


def test_limits_that_the_way_back_cuts_are_named(answer) -> None:
    found = answer(SHARES, "--measure", "PFT", "--interval", "wald")
    assert (
        "limits that lie beyond proportions of 0 or 1 are shown as 0 or 1: Iris, the prediction"
        in found["notes"]
    )


def test_a_scale_without_a_way_back_is_said(answer) -> None:
    found = answer(DOUBLE, "--measure", "AS")
    assert (
        "AS is a difference of arcsines in radians, which has no way back to risks"
        in found["notes"]
    )


def test_tau2_outside_its_own_interval_is_said(answer) -> None:
    # effects closer together than chance leaves them: SJ is above 0, no tau² fits
    y, v = [0.0, 0.05, 0.02, 0.03], [0.5, 0.3, 0.4, 0.6]
    rows = "".join(f"{chr(65 + i)},{a},{b}\n" for i, (a, b) in enumerate(zip(y, v, strict=True)))
    fit = random_effects(y, v, "SJ")
    assert not fit.tau2_low <= fit.tau2 <= fit.tau2_high
    (note,) = answer("study,yi,vi\n" + rows, "--tau2", "SJ")["notes"]
    assert note.startswith("tau² and I² lie outside the interval: tau² is by SJ")
    assert note.endswith("no tau² fits effects as close together as these")
    assert not answer("study,yi,vi\n" + rows, "--tau2", "PM")["notes"]


def test_an_interval_in_parts_is_said(pooled) -> None:
    rows = "study,yi,vi\nA,0,0.0001\nB,2,1\nC,2,1\nD,2,1\nE,2,1\n"
    _, out, _ = pooled(rows, "--tau2", "ML", "--interval", "profile")
    assert "(95% CI -0.01729 to 2.651), p = 0.2252" in out
    assert "the effects that the likelihood is compatible with fall into parts" in out


# --- several questions in one file ----------------------------------------------------------------

SEVERAL = "study,{},yi,vi\nA,{},.1,.2\nB,{},.3,.2\nC,{},.5,.1\n"


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("measure", ("RR", "SMD", "RR")),
        ("sm", ("OR", "rd", "OR")),
        ("analysis", ("1.1", "1.2", "1.1")),
    ],
)
def test_rows_of_several_questions_are_not_pooled(pooled, answer, column, values) -> None:
    content = SEVERAL.format(column, *values)
    status, out, err = pooled(content)
    assert (status, out) == (2, "")
    assert f"the column '{column}' holds '{values[0]}' (2), '{values[1]}' (1)" in err
    assert f"--only {column}=" in err
    found = answer(content, "--only", f"{column}={values[0].lower()}")
    assert [study["study"] for study in found["studies"]] == ["A", "C"]


def test_an_analysis_is_chosen_by_its_option(answer) -> None:
    content = SEVERAL.format("analysis", "x", "y", "x")
    assert [s["study"] for s in answer(content, "--analysis", "y")["studies"]] == ["B"]


def test_instruments_are_not_measures_and_outcomes_are_said(answer) -> None:
    assert answer(SEVERAL.format("measure", "HAMD", "MADRS", "MADRS"))["notes"] == []
    (note,) = answer(SEVERAL.format("outcome", "response", "remission", "response"))["notes"]
    assert (
        note
        == "all rows are pooled, though 'outcome' holds 'response' (2), 'remission' (1); one of them: --only outcome=…"
    )


def test_a_study_in_several_rows_is_said(answer) -> None:
    (note,) = answer("study,yi,vi\nA,.1,.2\nA,.3,.2\nB,.5,.1\n")["notes"]
    assert note == "A stands in several rows, which are pooled as if their people were different"


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("route=IV", "--only route=IV: say COLUMN=VALUE; the columns are 'study', 'yi', 'vi'"),
        ("study", "--only study: say COLUMN=VALUE"),
        ("study=Z", "--only study=Z: no row has this value; there are 'A', 'B'"),
    ],
)
def test_a_wrong_choice_of_rows_says_what_there_is(pooled, asked, says) -> None:
    status, _, err = pooled("study,yi,vi\nA,.1,.2\nB,.3,.2\n", "--only", asked)
    assert status == 2
    assert says in err


# --- words of the options -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "ours"), [("FE", "EE"), ("ce", "EE"), ("ee", "EE"), ("hsk", "HSk"), ("DSL", "DL")]
)
def test_estimators_have_the_names_of_statisticians(answer, word, ours) -> None:
    content = "study,yi,vi\nA,.1,.02\nB,.5,.02\nC,1.5,.1\n"
    named, own = (answer(content, "--tau2", said) for said in (word, ours))
    told = [f"--tau2 {word} is read as {ours}"] if word.lower() != ours.lower() else []
    assert named.pop("notes") == [*told, *own.pop("notes")]
    assert named == own


@pytest.mark.parametrize("word", ["HK", "knha", "HKSJ", "Knapp-Hartung"])
def test_a_rule_of_intervals_is_taken_as_one_and_told_its_place(pooled, answer, word) -> None:
    content = "study,yi,vi\nA,.1,.02\nB,.5,.02\nC,1.5,.1\n"
    assert answer(content, "--interval", word)["fit"]["rule"] == "hksj"
    status, _, err = pooled(content, "--tau2", word)
    assert status == 2
    assert err.endswith("it is a rule for the interval: --interval hksj\n")


@pytest.mark.parametrize("word", ["HM", "EF", "RE", "FEE", "ME"])
def test_no_other_estimator_is_proposed(pooled, word) -> None:
    status, _, err = pooled("study,yi,vi\nA,.1,.02\nB,.5,.02\n", "--tau2", word)
    assert (status, "did you mean" in err) == (2, False)


def test_the_engine_refuses_nothing_that_has_a_reason() -> None:
    # every measure, a row of zeros: a reason, never an error of the engine
    import numpy as np

    from ketameta.stats import MEASURES

    for measure, row in MEASURES.items():
        columns = {group[-1]: np.zeros(1) for group in row.required}
        assert effects_of(measure, columns, {}).reasons[0], measure
