"""`ketameta pool`: what a file says of its intervals, and numbers that are mostly typing errors.

Standard errors from intervals are (ln upper - ln lower) / (2 z); z of 90% is 1.6449, of 95% 1.9600,
of 99% 2.5758 (normal tables).
"""

from __future__ import annotations

import io
import json
import math
from pathlib import Path

import openpyxl
import pytest

from ketameta.cli import main

Z = {90: 1.6448536, 95: 1.9599640, 99: 2.5758293}
ENDS = [(0.55, 0.89), (0.60, 1.12), (0.40, 1.06)]


@pytest.fixture
def pooled(tmp_path: Path, capsys):
    """Return what `ketameta pool` answers to a file: status, output, and errors."""

    def run(content: str | bytes, *options: str):
        path = tmp_path / ("s.csv" if isinstance(content, str) else "s.xlsx")
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        status = main(["pool", str(path), *options])
        out, err = capsys.readouterr()
        return status, out, err

    return run


@pytest.mark.parametrize(
    ("content", "levels"),
    [
        (
            "study,or,lower,upper,ci_level\nA,0.7,0.55,0.89,90\nB,0.82,0.6,1.12,95%\n"
            "C,0.65,0.4,1.06,0.99\n",
            (90, 95, 99),
        ),
        (
            "study,HR (CI)\nA,0.70 (90% CI 0.55-0.89)\nB,0.82 (95% CI: 0.60 to 1.12)\n"
            "C,0.65 (99% CI 0.40-1.06)\n",
            (90, 95, 99),
        ),
        (
            'study,HR\nA,0.70 [90%CI 0.55; 0.89]\nB,"0.82, 90% CI 0.60-1.12"\n'
            'C,"0.65 (90% CI [0.40, 1.06])"\n',
            (90, 90, 90),
        ),
        (
            "study,or,ci\nA,0.7,90% CI 0.55-0.89\nB,0.82,0.60-1.12\nC,0.65,99% CI 0.40 to 1.06\n",
            (90, 95, 99),
        ),
        (
            "Studie;OR;95%-KI\nA;0,70;0,55–0,89\nB;0,82;0,60–1,12\nC;0,65;0,40 – 1,06\n",
            (95, 95, 95),
        ),
    ],
)
def test_each_row_is_read_by_the_level_of_its_own_interval(pooled, content, levels):
    status, out, err = pooled(content, "--json")
    assert (status, err) == (0, "")
    found = [study["vi"] for study in json.loads(out)["studies"]]
    expected = [
        (math.log(high / low) / 2 / Z[level]) ** 2
        for (low, high), level in zip(ENDS, levels, strict=True)
    ]
    assert found == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("cell", ["9", "100", "ninety"])
def test_a_level_that_is_none_is_named(pooled, cell):
    status, _, err = pooled(f"study,or,lower,upper,ci_level\nA,0.7,0.55,0.89,{cell}\n")
    assert status == 1
    assert f"s.csv:2 column ci_level: '{cell}' is no level of an interval" in err


def test_log_ratios_are_shown_as_ratios_with_limits_as_with_standard_errors(pooled):
    # exp(-0.35) = 0.7047
    _, out, _ = pooled("study,logHR,lower,upper\nA,-0.35,-0.59,-0.11\nB,-0.2,-0.51,0.11\n")
    assert "0.7047" in out
    assert "GEN as a ratio" in out


@pytest.mark.parametrize(
    ("content", "options", "says"),
    [
        ("study,yi,vi\nA,1,1\nB,2,1\nTotal,1.5,0.5\n", (), "Total (line 4) reads like the result"),
        ("study,yi,vi\nA,1,1\nOverall (I2 = 0%),1.5,0.5\n", (), "(line 3) reads like the result"),
        ("study,yi,vi\nA,1,1\nRE Model,1.5,0.5\n", (), "RE Model (line 3) reads like the result"),
        (
            "study,ai,n1i,ci,n2i\nA,4.4,40,2,42\nB,3,40,1,39\n",
            ("--measure", "OR"),
            "counts that are no whole numbers are pooled as they stand: A",
        ),
        (
            "study,m1i,sd1i,n1i,m2i,sd2i,n2i\nA,10,0.6,50,16,0.6,50\nB,9,4,20,13,5,20\n",
            ("--measure", "SMD"),
            "is a standard error taken for an SD?: A",
        ),
    ],
)
def test_what_is_mostly_an_error_is_said_and_pooled(pooled, content, options, says):
    status, out, _ = pooled(content, *options)
    assert status == 0
    assert says in out


@pytest.mark.parametrize("name", ["Totaro 2001", "Pool 1999", "Overall 2003"])
def test_authors_are_no_totals(pooled, name):
    assert "like the result" not in pooled(f"study,yi,vi\nA,1,1\n{name},1.5,0.5\n")[1]


def test_a_per_cent_is_no_count(pooled):
    status, _, err = pooled("study,xi,ni\nA,50%,40\nB,20%,30\n", "--measure", "PLO")
    assert status == 1
    assert "s.csv:2 column xi: '50%' is a per cent; write how many people it is" in err


@pytest.mark.parametrize(
    ("content", "options", "cell"),
    [
        ("study,RD,lower,upper\nA,10%,2%,18%\nB,5%,1%,9%\n", ("--measure", "RD"), "RD: '10%'"),
        ("study,yi,sei\nA,-10%,2%\nB,5%,1%\n", (), "yi: '-10%'"),
        ("study,ri,ni\nA,30%,40\nB,20%,30\n", ("--measure", "ZCOR"), "ri: '30%'"),
    ],
)
def test_a_per_cent_of_what_is_a_proportion_is_not_read_without_its_sign(
    pooled, content, options, cell
):
    status, _, err = pooled(content, *options)
    assert status == 1
    says = f"s.csv:2 column {cell} is a per cent; write the proportion, such as 0.2 for 20%"
    assert says in err


def test_a_title_above_the_header_is_named(pooled):
    status, _, err = pooled("My review\n\nstudy,yi,vi\nA,1,1\n")
    assert (status, err.count("\n")) == (1, 1)
    assert "s.csv:1: is no header; the names of the columns stand in line 3" in err


def test_an_estimate_beside_a_standard_error_is_hinted_at(pooled):
    status, _, err = pooled("study,estimate,se\nA,0.5,0.1\n")
    assert status == 1
    assert "'estimate' can be yi if you call it so; of a ratio yi is the logarithm" in err


@pytest.mark.parametrize("name", ["time", "timepoint_h", "Follow-up", "visit"])
def test_times_in_one_pool_are_said(pooled, name):
    out = pooled(f"study,{name},yi,vi\nA,24,1,1\nA,168,2,1\nB,24,1,1\n")[1]
    assert f"all rows are pooled, though '{name}' holds '24' (2), '168' (1)" in out


def test_bars_stand_between_cells(pooled):
    assert pooled("study|yi|vi\nA|1|1\nB|2|1\n")[0] == 0


@pytest.mark.parametrize("word", ["odds ratio", "Odds-Ratio", "Peto odds ratio", "relative risk"])
def test_measures_are_known_by_their_names(pooled, word):
    content = "study,ai,n1i,ci,n2i\nA,4,40,2,42\nB,3,40,1,39\n"
    assert pooled(content, "--measure", word)[0] == 0


def test_hidden_columns_of_a_workbook_are_said(pooled):
    book = openpyxl.Workbook()
    for row in (["study", "yi", "vi"], ["A", 0.5, 0.1], ["B", 0.2, 0.1]):
        book.active.append(row)
    book.active.column_dimensions["C"].hidden = True
    file = io.BytesIO()
    book.save(file)
    status, out, _ = pooled(file.getvalue())
    assert status == 0
    assert "hidden columns of the sheet are read as well: 'vi'" in out
