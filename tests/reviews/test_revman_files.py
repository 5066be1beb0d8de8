"""Files of RevMan 5: as XML, however people edited it, and as the CSV of its analyses."""

import csv
import io
import re

import pytest

from ketameta.reviews.model import OVERALL
from ketameta.reviews.reading import read_review
from ketameta.reviews.reproduce import reproduce

HEAD = '<?xml version="1.0" encoding="ISO-8859-1"?>\n<COCHRANE_REVIEW ID="1">'
STUDIES = """
<STUDIES_AND_REFERENCES><STUDIES><INCLUDED_STUDIES>
<STUDY ID="STD-Ash" NAME="Ash" YEAR="2001"/><STUDY ID="STD-Beech" NAME="{beech}" YEAR="2004"/>
<STUDY ID="STD-Elm" NAME="Elm" YEAR="2010"/>
</INCLUDED_STUDIES></STUDIES></STUDIES_AND_REFERENCES>"""
DATA = (
    ("Ash", 2, 20, 3, 22), ("Beech", 4, 35, 9, 33), ("Elm", 12, 80, 20, 78),
)  # fmt: skip


def rm5(outcome, beech="Beech", name="Death"):
    return (
        f"{HEAD}{STUDIES.format(beech=beech)}<ANALYSES_AND_DATA><COMPARISON ID='CMP-001' NO='1'>"
        f"<NAME>First</NAME>{outcome.format(name=name)}</COMPARISON></ANALYSES_AND_DATA>"
        "</COCHRANE_REVIEW>"
    )


def dich(study, a, n1, c, n2, more=""):
    return (
        f'<DICH_DATA STUDY_ID="STD-{study}" EVENTS_1="{a}" TOTAL_1="{n1}" EVENTS_2="{c}" '
        f'TOTAL_2="{n2}" ESTIMABLE="YES" EFFECT_SIZE="1.0" CI_START="0.5" CI_END="2.0" WEIGHT="1"'
        f">{more}</DICH_DATA>"
    )


OUTCOME = (
    '<DICH_OUTCOME NO="1" METHOD="MH" EFFECT_MEASURE="RR" RANDOM="NO" TOTALS="YES" CI_TOTAL="95" '
    'SWAP_EVENTS="NO" SUBGROUP_TEST="YES" ESTIMABLE="YES" CHI2="0.5" DF="2" TAU2="0.0" Q="0.0" '
    'EFFECT_SIZE="{effect}" CI_START="{low}" CI_END="{high}"><NAME>{{name}}</NAME>'
    "<GROUP_LABEL_1>Drug</GROUP_LABEL_1><GROUP_LABEL_2>None</GROUP_LABEL_2>{inner}</DICH_OUTCOME>"
)


def outcome(inner, effect="0.58", low="0.35", high="0.95"):
    return OUTCOME.format(effect=effect, low=low, high=high, inner=inner)


ROWS = "".join(dich(*row) for row in DATA)


@pytest.fixture
def written(tmp_path):
    def write(text, encoding="utf-8", name="review.rm5"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        return path

    return write


def test_analyses_rows_names_and_settings_are_read(written):
    note = "><FOOTNOTE>counts of <B>the register</B></FOOTNOTE></DICH"
    noted = outcome(ROWS.replace("></DICH", note, 1))
    (analysis,) = read_review(written(rm5(noted))).analyses
    how = analysis.settings
    assert (how.data, how.method, how.measure, how.model) == ("counts", "MH", "RR", "fixed")
    assert (analysis.number, analysis.name, analysis.group) == ("1.1", "Death", "First")
    assert analysis.labels == ("Drug", "None")
    assert [row.study for row in analysis.rows] == ["Ash", "Beech", "Elm"]
    assert [row.year for row in analysis.rows] == ["2001", "2004", "2010"]
    assert analysis.rows[0].footnote == "counts of the register"
    assert analysis.rows[1].events == (4, 9)
    assert "tau2" not in analysis.printed[OVERALL]  # of a fixed model none is shown
    (result,) = reproduce([read_review(written(rm5(noted)))])
    # Ash 2/20 and 3/22, Beech 4/35 and 9/33, Elm 12/80 and 20/78 by Mantel and Haenszel
    up = sum(a * n2 / (n1 + n2) for _, a, n1, c, n2 in DATA)
    down = sum(c * n1 / (n1 + n2) for _, a, n1, c, n2 in DATA)
    assert result.own["estimate"] == pytest.approx(up / down, rel=1e-14)


@pytest.mark.parametrize(
    ("text", "encoding", "read"),
    [
        ("Mayer & Söhne", "cp1252", "Mayer & Söhne"),
        ("Mayer & Söhne", "utf-8", "Mayer & Söhne"),
        ("p < 0.05", "utf-8", "p < 0.05"),
        ("a&nbsp;b &ge; 2", "utf-8", "a b ≥ 2"),
        ("&amp; &lt;3&#945;", "utf-8", "& <3α"),
        ("x\x0by", "utf-8", "xy"),
        ("“quoted” – dash", "cp1252", "“quoted” – dash"),
    ],
)
def test_text_that_is_no_tidy_xml_is_read_as_it_is_meant(written, text, encoding, read):
    (analysis,) = read_review(written(rm5(outcome(ROWS), name=text), encoding)).analyses
    assert analysis.name == read


def test_subgroups_have_their_rows_and_results(written):
    inner = (
        '<DICH_SUBGROUP NO="1" EFFECT_SIZE="0.7" CI_START="0.1" CI_END="3" CHI2="0" DF="0">'
        f"<NAME>Young</NAME>{dich(*DATA[0])}</DICH_SUBGROUP>"
        '<DICH_SUBGROUP NO="2" ESTIMABLE="NO" EFFECT_SIZE="0" CI_START="0" CI_END="0">'
        f"<NAME>Old</NAME>{dich(*DATA[1])}{dich(*DATA[2])}</DICH_SUBGROUP>"
    )
    (analysis,) = read_review(written(rm5(outcome(inner)))).analyses
    assert [row.subgroup for row in analysis.rows] == ["Young", "Old", "Old"]
    assert analysis.printed["Young"]["estimate"].value == 0.7
    assert analysis.printed["Old"] == {}
    assert "between" in analysis.printed[OVERALL]
    young, old, whole = reproduce([read_review(written(rm5(outcome(inner))))])
    assert (young.k, old.k, whole.k) == (1, 2, 3)


@pytest.mark.parametrize(
    ("totals", "pools"), [("YES", ["Young", ""]), ("SUB", ["Young"]), ("NO", [])]
)
def test_totals_that_are_switched_off_are_not_made(written, totals, pools):
    inner = f"<DICH_SUBGROUP NO='1'><NAME>Young</NAME>{ROWS}</DICH_SUBGROUP>"
    text = rm5(outcome(inner)).replace('TOTALS="YES"', f'TOTALS="{totals}"')
    assert [r.pool.subgroup for r in reproduce([read_review(written(text))])] == pools


def test_other_data_of_revman_5_are_read(written):
    text = rm5(
        '<CONT_OUTCOME NO="1" METHOD="IV" EFFECT_MEASURE="SMD" RANDOM="YES"><NAME>{name}</NAME>'
        '<CONT_DATA STUDY_ID="STD-Ash" MEAN_1="1" SD_1="2" TOTAL_1="10" MEAN_2="3" SD_2="2.5" '
        'TOTAL_2="12"/></CONT_OUTCOME>'
        '<IPD_OUTCOME NO="2" METHOD="PETO" EFFECT_MEASURE="PETO_OR"><NAME>b</NAME>'
        '<IPD_DATA STUDY_ID="STD-Ash" O_E="-2" VAR="4" TOTAL_1="9" TOTAL_2="9"/></IPD_OUTCOME>'
        '<IV_OUTCOME NO="3" METHOD="IV" EFFECT_MEASURE="HAZARD_RATIO"><NAME>c</NAME>'
        '<IV_DATA STUDY_ID="STD-Ash" ESTIMATE="-0.5" SE="0.25" EFFECT_SIZE="0.6065306597126334"/>'
        "</IV_OUTCOME>"
        '<IV_OUTCOME NO="4" METHOD="IV" EFFECT_MEASURE="MEAN_DIFFERENCE"><NAME>d</NAME>'
        '<IV_DATA STUDY_ID="STD-Ash" ESTIMATE="-0.5" SE="0.25" EFFECT_SIZE="-0.5"/></IV_OUTCOME>'
        '<OTHER_OUTCOME NO="5"><NAME>e</NAME></OTHER_OUTCOME>'
    )
    review = read_review(written(text))
    found = {r.pool.analysis.number: r for r in reproduce([review])}
    assert [a.settings.data for a in review.analyses] == ["means", "O-E", "generic", "generic"]
    assert [a.settings.ratio for a in review.analyses] == [False, True, True, False]
    assert found["1.2"].own["estimate"] == pytest.approx(2.718281828459045**-0.5)
    assert found["1.3"].own["estimate"] == pytest.approx(2.718281828459045**-0.5)
    assert found["1.4"].own["estimate"] == -0.5
    assert any("tables of text" in text for text in review.said)


CSV_HEAD = (
    "Comparison Number,Outcome Number,Subgroup Number,Name,Data Type,Statistical Method,"
    "Effect Measure,Analysis Model,Events 1,Mean 1,SD 1,Total 1,Events 2,Mean 2,SD 2,Total 2,"
    "Effect Estimate,SE,CI Start,CI End,Weight,Q,P(Q),I²(Q),Tau²,Z,P(Z),Qint,P(Qint),I²(Qint),df,"
    "Group Label 1,Group Label 2,Left Graph Label,Right Graph Label,Year of study,"
    "User defined order"
)


def csv_row(number, name, first="", counts=("", "", "", ""), rest=""):
    a, n1, c, n2 = counts
    return f"{number},{name},{first or ',,,'},{a},,,{n1},{c},,,{n2},{rest}".ljust(1)


def as_r_writes(text):
    """Return a CSV as read.csv and write.csv of R leave it: dots in names, NA, numbers of rows."""
    header, *rows = csv.reader(io.StringIO(text))
    names = ["", *(re.sub(r"[^A-Za-z0-9²]", ".", name) for name in header)]
    file = io.StringIO()
    writer = csv.writer(file, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    writer.writerow(names)
    for i, row in enumerate(rows, start=1):
        writer.writerow(
            [str(i), *(cell or "NA" for cell in row), *["NA"] * (len(header) - len(row))]
        )
    return file.getvalue().replace('"NA"', "NA")


@pytest.mark.parametrize("edit", [str, as_r_writes], ids=["RevMan", "R"])
def test_the_csv_of_analyses_is_read_with_its_subgroups(written, edit):
    lines = [
        CSV_HEAD,
        csv_row("1,0,0", "First"),
        csv_row("1,1,0", "Death", "DIC,MH,RR,Fixed", rest="0.58,,0.35,0.95,100"),
        csv_row("1,1,1", "Young", rest="0.7,,0.1,3,10"),
        csv_row("1,1,1", "Ash", counts=DATA[0][1:], rest="0.73,0.8,0.1,3.9,10"),
        csv_row("1,1,2", "Old", rest="0.56,,0.33,0.94,90"),
        *(csv_row("1,1,2", d[0], counts=d[1:], rest="0.5,0.5,0.2,1.2,45") for d in DATA[1:]),
        csv_row("1,2,0", "Score", "CON,IV,MD,Random"),
        "1,2,0,Ash,,,,,,1,2,10,,3,2.5,12,-2,0.96,-3.9,-0.1,100",
    ]
    review = read_review(written(edit("\n".join(lines)), "utf-8-sig", "analyses.csv"))
    death, score = review.analyses
    assert death.group == "First"
    assert death.labels == ("", "")
    assert {row.year for row in death.rows} == {""}
    assert [row.subgroup for row in death.rows] == ["Young", "Old", "Old"]
    assert [*death.printed] == [OVERALL, "Young", "Old"]
    assert (score.settings.measure, score.settings.model) == ("MD", "random")
    results = reproduce([review])
    assert results[-1].own["estimate"] == -2
    assert {r.pool.subgroup: r.k for r in results[:3]} == {"Young": 1, "Old": 2, OVERALL: 3}
