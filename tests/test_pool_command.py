"""`ketameta pool`: the numbers of the engine, and a sentence where there are none."""

# ruff: noqa: E501 - a case is a line of a table

from __future__ import annotations

import json
import math
import re
from argparse import ArgumentParser
from inspect import signature
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ketameta.cli import main
from ketameta.commands import pool
from ketameta.commands.studies import ARGUMENTS, TableError, studies_of
from ketameta.commands.table import bytes_or_input, cells_of_file
from ketameta.stats import (
    MEASURES,
    RandomEffects,
    back_transform,
    effect_size,
    glmm,
    random_effects,
)
from ketameta.stats.numerics.shown import number_fields
from ketameta.stats.univariate.intervals import RULES as INTERVALS
from ketameta.stats.univariate.prediction import RULES as PREDICTIONS
from ketameta.stats.univariate.tau2 import ESTIMATORS

COUNTS = "study,ai,n1i,ci,n2i\nAdams,12,30,6,31\nBaker,20,60,12,58\nClark,8,25,8,24\n"
TABLES = {
    "RR": COUNTS,
    "OR": COUNTS,
    "RD": COUNTS,
    "PETO": COUNTS.replace("n1i", "bi").replace("n2i", "di"),
    "SMD": "m1i,sd1i,n1i,m2i,sd2i,n2i\n12,5,20,16,6,21\n14,4,33,15,5,30\n9,7,12,15,6,14\n",
    "MD": "m1i,sd1i,n1i,m2i,sd2i,n2i\n12,5,20,16,6,21\n14,4,33,15,5,30\n9,7,12,15,6,14\n",
    "PLO": "xi,ni\n5,20\n9,31\n12,28\n",
    "PFT": "xi,ni\n5,20\n9,31\n12,28\n",
    "IRR": "x1i,t1i,x2i,t2i\n5,100,9,110\n3,40,6,44\n8,90,7,95\n",
    "ZCOR": "ri,ni\n0.3,40\n0.5,33\n0.1,60\n",
    "SMCR": "m1i,sd1i,m2i,ni,ri\n30,5,20,25,0.5\n31,6,25,31,0.4\n28,4,22,19,0.6\n",
    "GEN": "yi,vi\n0.5,0.04\n0.1,0.09\n0.9,0.05\n",
}


def columns(content: str) -> dict[str, list[float]]:
    header, *rows = (line.split(",") for line in content.splitlines())
    return {
        name: [float(row[i]) for row in rows] for i, name in enumerate(header) if name != "study"
    }


@pytest.mark.parametrize("measure", TABLES)
def test_the_numbers_are_those_of_the_engine(pooled, measure: str) -> None:
    status, out, err = pooled(TABLES[measure], "--measure", measure, "--json")
    assert (status, err) == (0, "")
    answer = json.loads(out)
    effects = effect_size(measure, **columns(TABLES[measure]))
    fit = random_effects(effects.yi, effects.vi, interval="auto")
    # text of JSON keeps every digit: nothing is rounded on the way
    assert [study["yi"] for study in answer["studies"]] == list(effects.yi)
    assert [study["vi"] for study in answer["studies"]] == list(effects.vi)
    assert [study["weight"] for study in answer["studies"]] == list(fit.weights)
    assert answer["measure"] == measure
    same_numbers(answer["fit"], fit)


def same_numbers(told: dict, fit: RandomEffects) -> None:
    for field in number_fields(RandomEffects):
        if field != "weights":
            value = getattr(fit, field)
            nan = isinstance(value, float) and not math.isfinite(value)
            assert told[field] == (None if nan else value), field


def test_the_defaults_are_those_of_the_engine() -> None:
    parser = ArgumentParser()
    pool.arguments(parser)
    asked = vars(parser.parse_args(["studies.csv"]))
    own = {n: p.default for n, p in signature(random_effects).parameters.items()}
    # no option of the command: the limits of tau2, which it prints by the Q-profile, and weights
    shared = {*own} - {"yi", "vi", "weights", "tau2_interval"}
    assert shared == {*pool._OPTIONS, "level"} - {"pooling"}
    assert {name: asked[name] for name in shared} == {name: own[name] for name in shared}


@pytest.mark.parametrize(
    "options",
    [
        *({"tau2": name} for name in ESTIMATORS),
        *({"interval": name} for name in INTERVALS),
        *({"prediction": name} for name in PREDICTIONS),
        {"level": 0.9},
        {},
    ],
    ids=str,
)
def test_every_option_reaches_the_engine(pooled, options: dict) -> None:
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    status, out, _ = pooled(TABLES["GEN"], "--json", *words)
    assert status == 0
    fit = random_effects([0.5, 0.1, 0.9], [0.04, 0.09, 0.05], **options)
    same_numbers(json.loads(out)["fit"], fit)


# by rma.mh, rma.peto and rma.glmm of metafor 3.8-1: see tests/synthesize/test_pool.py
FOUR = "study,ai,n1i,ci,n2i\na,3,20,1,21\nb,0,18,2,18\nc,7,40,3,38\nd,12,55,8,60\n"


@pytest.mark.parametrize(
    ("measure", "way", "estimate", "se"),
    [
        ("RR", "MH", 0.492009902625, 0.318917583862),
        ("OR", "Peto", 0.560153415265, 0.358625829933),
        ("OR", "GLMM", 0.5753751508, 0.3692011318),
        ("OR", "um.fs", 0.5753751508, 0.3692011318),
        # without variance between studies: method="EE"
        ("OR", "UM.RS", 0.5562735408, 0.3666849353),
        ("OR", "CM.EL", 0.5680308901, 0.3669139993),
        # glmmTMB 1.1.5: cbind(events, others) ~ arm, family betabinomial
        ("OR", "BB", 0.554638872, 0.366101755),
    ],
)
def test_counts_are_pooled_by_the_way_that_is_named(pooled, measure, way, estimate, se) -> None:
    status, out, _ = pooled(FOUR, "--json", "--measure", measure, "--pooling", way)
    assert status == 0
    found = json.loads(out)
    fit = found["fit"]
    assert (fit["estimate"], fit["se"]) == pytest.approx((estimate, se), abs=1e-4)
    assert (fit["k"], fit["rule"]) == (4, "wald")
    assert sum(study["weight"] for study in found["studies"]) == pytest.approx(100)


RATES = "study,x1i,t1i,x2i,t2i\na,7,1344,11,1988\nb,8,1600,8,1461\nc,3,12012,14,10962\nd,6,1536,10,1503\n"


@pytest.mark.parametrize("way", ["UM.FS", "UM.RS"])
def test_rates_are_pooled_by_models_with_baselines_too(pooled, way) -> None:
    status, out, _ = pooled(RATES, "--json", "--measure=IRR", "--pooling", way)
    assert status == 0
    counts = {"x1i": [7, 8, 3, 6], "t1i": [1344, 1600, 12012, 1536]}
    counts |= {"x2i": [11, 8, 14, 10], "t2i": [1988, 1461, 10962, 1503]}
    fit, ours = glmm("IRR", model=way, **counts), json.loads(out)["fit"]
    assert (ours["estimate"], ours["tau2"], ours["k"]) == (fit.estimate, fit.tau2, 4)


def test_what_is_read_as_another_word_is_told(pooled) -> None:
    _, out, _ = pooled(FOUR, "--measure=RR", "--pooling=M-H")
    assert "RR, 4 studies, Mantel-Haenszel, wald interval" in out
    assert "--pooling M-H is read as Mantel-Haenszel" in out
    assert "the pool takes counts as they are" in out
    _, out, _ = pooled(FOUR, "--measure=RR", "--tau2=FE", "--interval=knha")
    assert "--tau2 FE is read as EE\n--interval knha is read as hksj" in out


def test_a_way_without_an_estimate_says_so(pooled) -> None:
    table = "study,ai,n1i,ci,n2i\na,3,20,0,21\nb,2,18,0,18\n"
    _, out, _ = pooled(table, "--measure=OR", "--pooling=UM.RS")
    assert "no pooled effect: events on one side alone" in out
    assert "nan" not in out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--pooling=Peto",), "--pooling Peto is for OR and PETO, and the measure is RR, which takes inverse "
         "variance, Mantel-Haenszel, beta-binomial"),
        (("--pooling=FE",), "--pooling FE is not known; it is an estimator of tau²: --tau2 EE"),
        (("--pooling=MH", "--interval=hksj"), "--interval: hksj is for inverse variance; pooling by "
         "Mantel-Haenszel has a wald interval"),
        (("--pooling=MH", "--tau2=DL"), "--tau2: DL is for inverse variance; pooling by "
         "Mantel-Haenszel has no tau²"),
    ],
)  # fmt: skip
def test_a_way_that_does_not_fit_says_what_does(pooled, words, says) -> None:
    status, out, err = pooled(FOUR, "--measure=RR", *words)
    assert (status, out) == (2, "")
    assert err.startswith(f"ketameta pool: {says}")


def test_two_equal_effects_pool_to_themselves(pooled) -> None:
    # by hand: both effects 2 with variance 1: mean 2, se √½, tau² 0, 2 ± 1.96 √½
    status, out, _ = pooled("study,yi,vi\nA,2,1\nB,2,1\n", "--json", "--interval", "wald")
    fit = json.loads(out)["fit"]
    assert status == 0
    assert (fit["estimate"], fit["tau2"], fit["q"], fit["k"]) == (2, 0, 0, 2)
    assert fit["se"] == pytest.approx(math.sqrt(0.5), rel=1e-15)  # one rounding
    # 1.959963984540054: the normal quantile as tables give it
    assert fit["ci_low"] == pytest.approx(2 - 1.959963984540054 * math.sqrt(0.5), rel=1e-14)


def test_der_simonian_and_laird_by_hand(pooled) -> None:
    # weights 1, 1, 1: mean 2, Q = 1 + 0 + 1 = 2... with yi 0, 2, 4: Q = 8, tau² = (8 - 2)/(3 - 1) = 3
    _, out, _ = pooled("yi,vi\n0,1\n2,1\n4,1\n", "--json", "--tau2", "DL", "--interval", "wald")
    fit = json.loads(out)["fit"]
    assert fit["q"] == 8
    assert fit["tau2"] == 3
    assert fit["estimate"] == 2
    # variance of the mean: (1 + 3)/3; I² = 3/(3 + 1)
    assert fit["se"] == pytest.approx(math.sqrt(4 / 3), rel=1e-15)
    assert fit["i2"] == pytest.approx(75, rel=1e-15)


def test_a_risk_ratio_by_hand(pooled) -> None:
    # 12 of 30 against 6 of 30: log 2, variance 1/12 - 1/30 + 1/6 - 1/30
    _, out, _ = pooled("study,ai,n1i,ci,n2i\nA,12,30,6,30\n", "--measure", "RR", "--json")
    study = json.loads(out)["studies"][0]
    assert study["yi"] == pytest.approx(math.log(2), rel=1e-14)
    assert study["vi"] == pytest.approx(1 / 12 + 1 / 6 - 2 / 30, rel=1e-14)
    assert study["study"] == "A"


def test_ratios_are_shown_as_ratios_with_their_rule(pooled) -> None:
    status, out, err = pooled(COUNTS, "--measure", "RR")
    fit = random_effects(*_effects("RR", COUNTS), interval="auto")
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].split() == ["study", "effect", "95%", "CI", "weight", "%"]
    assert lines[1].startswith("Adams")
    assert f"RR, 3 studies, tau² by REML, {fit.rule} interval" in lines
    low, middle, high = (f"{math.exp(x):.4g}" for x in (fit.ci_low, fit.estimate, fit.ci_high))
    assert f"pooled      {middle} (95% CI {low} to {high}), p = {fit.p:.4g}" in lines
    assert f"Q           {fit.q:.2f}, df = 2, p = {fit.q_p:.4g}" in lines


def _effects(measure: str, content: str):
    effects = effect_size(measure, **columns(content))
    return effects.yi, effects.vi


@pytest.mark.parametrize("measure", TABLES)
def test_every_measure_is_printed_on_its_readable_scale(pooled, measure: str) -> None:
    status, out, err = pooled(TABLES[measure], "--measure", measure, "--level", "0.9")
    yi, _ = _effects(measure, TABLES[measure])
    # 20 people in the first study, which the way back of a double arcsine needs
    first = back_transform(measure, yi[0], 20)
    assert (status, err) == (0, "")
    assert "90% CI" in out
    assert f"{first:.4g}" in out.splitlines()[1].split()


def test_one_study_is_itself_and_what_needs_two_is_a_dash(pooled) -> None:
    status, out, _ = pooled("yi,vi\n0.5,0.04\n")
    assert status == 0
    assert "GEN, 1 study, tau² by REML, wald interval" in out
    assert "prediction  – to –" in out
    assert "nan" not in out


def test_studies_without_an_effect_are_shown_and_not_counted(pooled) -> None:
    status, out, _ = pooled(COUNTS + "Davis,,20,3,20\nEvans,NA,20,3,20\n", "--measure", "RR")
    assert status == 0
    assert "RR, 3 studies" in out
    assert [line.split() for line in out.splitlines() if line.startswith(("Davis", "Evans"))] == [
        ["Davis", "–", "no", "effect", "–"],
        ["Evans", "–", "no", "effect", "–"],
    ]


def test_columns_that_the_measure_does_not_take_are_left_alone(pooled) -> None:
    plain = pooled(COUNTS, "--measure", "RR")
    wide = "".join(
        line + extra + "\n"
        for line, extra in zip(
            COUNTS.splitlines(),
            [",yi,m1i,note", ",0.1,12,a", ",0.2,13,b", ",0.3,14,c"],
            strict=True,
        )
    )
    assert pooled(wide, "--measure", "RR") == plain


@pytest.mark.parametrize("label", ["study", "Study", "trial", "label", "author", "slab"])
def test_names_come_from_a_column_that_names_studies(pooled, label: str) -> None:
    _, out, _ = pooled(COUNTS.replace("study", label), "--measure", "RR", "--json")
    assert [study["study"] for study in json.loads(out)["studies"]] == ["Adams", "Baker", "Clark"]


def test_names_are_safe_and_short_on_a_terminal(pooled) -> None:
    name = "x" * 200
    _, out, _ = pooled(f"study,yi,vi\n\x1b[31mred,1,1\n{name},2,1\n,3,1\n")
    assert "\x1b" not in out
    assert "\\x1b[31mred" in out
    assert "x" * 39 + "…" in out
    assert "study 3" in out
    assert max(map(len, out.splitlines())) < 90


@pytest.mark.parametrize("form", ["tabs", "semicolons", "Windows", "mark", "blank lines", "minus"])
def test_other_forms_of_a_table_give_the_same_numbers(pooled, form: str) -> None:
    plain = "study,yi,vi\nA,-0.5,0.04\nB,0.1,0.09\n"
    other = {
        "tabs": plain.replace(",", "\t"),
        "semicolons": plain.replace(",", ";"),
        "Windows": plain.replace("\n", "\r\n"),
        "mark": "\ufeff" + plain,
        "blank lines": plain.replace("\n", "\n\n") + ",,\n",
        "minus": plain.replace("-", "\u2212"),
    }[form]
    assert pooled(other, "--json") == pooled(plain, "--json")


def test_measures_and_options_are_found_in_any_case(pooled) -> None:
    plain = pooled(COUNTS, "--measure", "RR", "--tau2", "PM", "--interval", "hksj")
    assert plain[0] == 0
    assert pooled(COUNTS, "--measure", "rr", "--tau2", "pm", "--interval", "HKSJ") == plain


FAULTS = {
    "an empty file": ("", "GEN", "FILE: is empty"),
    "blank lines": ("\n\n", "GEN", "FILE: is empty"),
    "a header alone": ("study,yi,vi\n", "GEN", "FILE: has a header and no study below it"),
    "no known column": ("study,effect,variance\nA,1,2\n", "GEN", "FILE:1: no column has a name that effect sizes know: ai, bi, n1i"),
    "a missing column": (COUNTS.replace("ci", "c"), "RR", "FILE:1: RR needs the columns ai, bi or n1i, ci, di or n2i; missing: ci; is 'c' meant for ci?"),
    "several missing columns": ("study,ai,n1i\nA,1,2\n", "RR", "FILE:1: RR needs the columns ai, bi or n1i, ci, di or n2i; missing: ci, di or n2i"),
    "a table for another measure": (COUNTS, "SMD", "FILE:1: SMD needs the columns m1i, sd1i, n1i, m2i, sd2i, n2i; missing: m1i, sd1i, m2i, sd2i; the file has those of RR, OR"),
    "no measure named": (COUNTS, "GEN", "FILE:1: GEN needs the columns yi, vi or sei; missing: yi, vi or sei; the file has those of RR, OR, RD, AS, PETO"),
    "a word for a number": ("yi,vi\n1,one\n", "GEN", "FILE:2 column vi: 'one' is not a number"),
    "decimal commas and points": ('yi;vi\n1,5;0.2\n', "GEN", "FILE:2 column yi: '1,5' is not a number: a decimal comma; write a point"),
    "a comma that may be either": ('yi;vi\n1,500;2,250\n', "GEN", "FILE:2 column yi: '1,500' can be 1.500 or 1500; write which\nFILE:2 column vi: '2,250' can be 2.250 or 2250; write which"),
    "nan": ("yi,vi\nnan,1\n", "GEN", "FILE:2 column yi: 'nan' is not a number: leave the cell empty where nothing is reported"),
    "infinity": ("yi,vi\n1e999,1\n", "GEN", "FILE:2 column yi: '1e999' is not a number"),
    "an underscore": ("yi,vi\n1_0,1\n", "GEN", "FILE:2 column yi: '1_0' is not a number"),
    "a cell too many": ("yi,vi\n1,2,3\n", "GEN", "FILE:2: has 3 cells; the header has 2"),
    "a cell too few": ("yi,vi\n1\n", "GEN", "FILE:2: has 1 cells; the header has 2"),
    "a quote never closed": ('yi,vi\n"1,2\n', "GEN", "FILE:2: a quote opens in this row and is never closed"),
    "a quote never closed in the header": ('"yi,vi\n1,2\n', "GEN", "FILE:1: a quote opens in this row and is never closed"),
    "a column twice": ("yi,vi,yi\n1,2,3\n", "GEN", "FILE:1 column yi: stands twice in the header"),
    "more events than people": (COUNTS.replace("20,60", "61,60"), "RR", "FILE:3 column ai: 61 is larger than n1i = 60"),
    "a negative count": (COUNTS.replace("12,30", "-12,30"), "RR", "FILE:2 column ai: -12 is negative"),
    "a negative variance": ("yi,vi\n1,1\n1,-1\n", "GEN", "FILE:3 column vi: -1 is negative"),
    "a standard error of 0": ("yi,sei\n1,0\n", "GEN", "FILE: no study has an effect, for which GEN needs the columns yi, vi or sei; line 2: a variance of 0; leave the cell empty"),
    "sei and vi that differ": ("yi,vi,sei\n1,4,3\n", "GEN", "FILE:2 column sei: 3 squared is not vi"),
    "a correlation above 1": ("ri,ni\n1.2,40\n", "ZCOR", "FILE:2 column ri: 1.2 is not a correlation between -1 and 1"),
    "an effect beyond all measure": ("yi,vi\n1,1\n1e60,1\n1,1e-60\n", "GEN", "FILE:3: effect 1e+60 with variance 1: too large or small\nFILE:4: effect 1 with variance 1e-60: too large or small"),
    "no effect at all": ("yi,vi\n,1\nNA,2\n", "GEN", "FILE: no study has an effect, for which GEN needs the columns yi, vi or sei"),
    "Latin-1": ("study,yi,vi\nM\u00fcller,1,1\n".encode("latin-1"), "GEN", "FILE:2: byte 0xfc is not UTF-8 ('\u00fc' in Windows-1252); save the file as UTF-8"),
    "UTF-16": (COUNTS.encode("utf-16"), "RR", "FILE:1: is UTF-16; save it as CSV UTF-8"),
    "a workbook": (b"PK\x03\x04\x14\0", "RR", "FILE: is not a workbook (.xlsx)"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_table_that_cannot_be_pooled_is_answered_with_a_sentence(pooled, name: str) -> None:
    content, measure, says = FAULTS[name]
    status, out, err = pooled(content, "--measure", measure)
    assert (status, out) == (1, "")
    assert err.startswith(says)
    assert err.count("\n") == says.count("\n") + 1


def test_every_cell_that_is_no_number_is_told_at_once(pooled) -> None:
    _, _, err = pooled("yi,vi\n1,a\nb,2\n3,#N/A\n")
    places = [line.partition(":")[2].partition(" is not")[0] for line in err.splitlines()]
    assert places == ["2 column vi: 'a'", "3 column yi: 'b'", "4 column vi: '#N/A'"]


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("tau2", "XXX", "--tau2 XXX is not known; known: EE, DL, DL2"),
        ("tau2", "RELM", "--tau2 RELM is not known; did you mean REML?"),
        ("measure", "PLOO", "--measure PLOO is not known; did you mean PLO?"),
        ("measure", "xyz", "--measure xyz is not known; known: RR, OR"),
        ("interval", "hskj", "--interval hskj is not known; did you mean hksj?"),
        ("prediction", "k-3", "--prediction k-3 is not known; did you mean k-"),
        ("level", "95", "--level is a proportion between 0 and 1; not 95; did you mean 0.95?"),
        ("level", "0", "--level is a proportion between 0 and 1; not 0\n"),
        ("level", "1", "--level is a proportion between 0 and 1; not 1\n"),
        ("level", "nan", "--level is a proportion between 0 and 1; not nan\n"),
        ("level", "-0.95", "--level is a proportion between 0 and 1; not -0.95\n"),
    ],
)
def test_an_option_that_cannot_be_is_wrong_use(pooled, option: str, value: str, says: str) -> None:
    status, out, err = pooled(COUNTS, f"--{option}={value}")
    assert (status, out) == (2, "")
    assert err.startswith(f"ketameta pool: {says}")
    assert err.count("\n") == 1


def test_files_that_are_not_there_are_said_to_be_missing(tmp_path: Path, capsys) -> None:
    assert main(["pool", str(tmp_path / "nowhere.csv")]) == 1
    assert capsys.readouterr().err.endswith(
        "nowhere.csv: cannot be read: No such file or directory\n"
    )
    assert main(["pool", str(tmp_path)]) == 1
    assert capsys.readouterr().err == f"{tmp_path}: is a folder, not a file\n"


def test_the_columns_that_are_read_are_those_of_the_measures() -> None:
    known = {n for m in MEASURES.values() for group in (*m.required, m.optional) for n in group}
    assert set(ARGUMENTS) == known


RUNS = settings(
    deadline=None,
    derandomize=True,
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
CELLS = st.one_of(
    st.integers(-2, 40).map(str),
    st.floats(allow_nan=False).map(repr),
    st.sampled_from(["", "NA", "0", "1e308", "5e-324", "-0", "0.5", "nan", "x"]),
)


@RUNS
@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_are_studies_or_a_table_error(
    tmp_path: Path, content: bytes, header: bool
) -> None:
    path = tmp_path / "fuzz.csv"
    path.write_bytes((b"study,yi,vi\n" if header else b"") + content)
    try:
        studies = studies_of(cells_of_file(bytes_or_input(path)), None)[0]
    except TableError as error:
        assert error.faults  # noqa: PT017 - either is right
        return
    assert {len(values) for values in studies.columns.values()} == {len(studies.names)}
    assert len(studies.lines) == len(studies.names) > 0
    assert not any(np.isinf(values).any() for values in studies.columns.values())


@pytest.mark.slow
@RUNS
@given(st.sampled_from(sorted(MEASURES)), st.data())
def test_any_numbers_are_pooled_or_refused(pooled, measure: str, data) -> None:
    names = [data.draw(st.sampled_from(group)) for group in MEASURES[measure].required]
    rows = data.draw(st.lists(st.tuples(*[CELLS] * len(names)), max_size=5))
    content = "\n".join(",".join(row) for row in [names, *rows])
    status, out, err = pooled(content, "--measure", measure, "--json")
    if status:
        assert (status, out) == (1, "")
        assert re.match(r"FILE(:[0-9]+)?( column \w+)?: ", err)
    else:
        fit = json.loads(out)["fit"]
        assert fit["k"] > 0
        assert math.isfinite(fit["estimate"])
    assert pooled(content, "--measure", measure)[0] == status
