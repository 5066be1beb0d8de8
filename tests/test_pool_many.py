"""`ketameta pool` of many analyses in one call: as each alone, whatever is wrong beside it."""

import csv
import importlib.util
import io
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ketameta.cli import main
from ketameta.reviews.reading import read_review
from ketameta.reviews.reproduce import effects_of, pools_of
from ketameta.stats import random_effects

FORMS = Path(__file__).parent / "reviews" / "forms.py"
spec = importlib.util.spec_from_file_location("forms", FORMS)
forms = importlib.util.module_from_spec(spec)
spec.loader.exec_module(forms)


def counts(seed=4, analyses=9):
    """Return rows of events of ragged analyses, some of them without events, in a mixed order."""
    rng = np.random.default_rng(seed)
    names = rng.permutation(np.repeat(range(analyses), rng.integers(1, 9, analyses)))
    rows = ["topic,study,ai,n1i,ci,n2i"]
    for i, name in enumerate(names):
        n1, n2 = rng.integers(8, 60, 2)
        a, c = rng.binomial(n1, 0.15), rng.binomial(n2, 0.1)
        rows.append(f"t{name},Study {i},{a},{n1},{c},{n2}")
    return "\n".join(rows) + "\n"


EFFECTS = """\
topic,measure,study,yi,vi
a,HR,Ash,0.1,0.04
b,MD,Ash,1.5,0.3
a,HR,Beech,0.4,0.05
b,MD,Beech,2.5,0.2
c,MD,Ash,1,0
b,MD,Elm,2.0,0.4
c,MD,Elm,1,0.1
d,MD,Ash,x,0.1
d,MD,Elm,1,0.1
e,MD,Ash,1,0.1
e,OR,Elm,1,0.1
f,MD,Ash,,
"""


@pytest.fixture
def asked(tmp_path, capsys):
    """Return what the command answers about a file of some content: status, output, errors."""

    def ask(content, *words, name="rows.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        status = main(["pool", str(path), *words])
        said = capsys.readouterr()
        return status, said.out, said.err

    return ask


@pytest.mark.parametrize(
    "words",
    [
        ["--measure", "RR"],
        ["--measure", "OR", "--tau2", "DL", "--interval", "wald", "--level", "0.9"],
        ["--measure", "RD", "--prediction", "k-2"],
        ["--measure", "OR", "--pooling", "Mantel-Haenszel"],
        ["--measure", "PETO", "--pooling", "Peto"],
        ["--measure", "OR", "--pooling", "CM.EL"],
        ["--measure", "RR", "--pooling", "beta-binomial"],
    ],
    ids=" ".join,
)
def test_each_is_pooled_as_it_is_alone_to_the_last_bit(asked, words):
    content = counts(analyses=2 if "CM.EL" in words else 9)
    _, out, _ = asked(content, "--by", "topic", *words, "--json")
    rows = json.loads(out)
    topics = [row["topic"] for row in csv.DictReader(io.StringIO(content))]
    assert [row["topic"] for row in rows] == list(dict.fromkeys(topics))
    compared = 0
    for row in rows:
        status, alone, err = asked(content, "--only", f"topic={row['topic']}", *words, "--json")
        if row["reason"]:
            said = json.loads(alone)["fit"]["estimate"] if alone else err
            assert said is None or "no study has an effect" in said
            continue
        assert status == 0
        fit = json.loads(alone)["fit"]
        assert {name: row[name] for name in fit} == fit
        compared += 1
    assert compared >= (1 if "CM.EL" in words else 7)


def test_an_analysis_with_a_fault_is_a_row_with_its_reason(asked):
    status, out, err = asked(EFFECTS, "--by", "topic", "--json")
    assert status == 1
    rows = {row["topic"]: row for row in json.loads(out)}
    assert list(rows) == ["a", "b", "c", "d", "e", "f"]
    assert {name: row["reason"] for name, row in rows.items()} == {
        "a": "",
        "b": "",
        "c": "",
        "d": "line 9 column yi: 'x' is not a number",
        "e": "rows of MD and OR do not belong into one pool",
        "f": "no study has an effect",
    }
    assert "d: line 9 column yi: 'x' is not a number" in err
    assert rows["c"]["k"] == 1
    assert rows["c"]["notes"].startswith("no effect of Ash: a variance of 0")
    fit = random_effects([0.1, 0.4], [0.04, 0.05])
    assert rows["a"]["estimate"] == fit.estimate
    assert (rows["a"]["shown_as"], rows["a"]["shown_estimate"]) == ("HR", np.exp(fit.estimate))
    assert (rows["b"]["shown_as"], rows["b"]["shown_ci_low"]) == ("GEN", rows["b"]["ci_low"])
    assert rows["d"]["estimate"] is rows["d"]["k"] is None


def test_counts_that_cannot_be_are_faults_of_their_analysis(asked):
    content = "g,ai,n1i,ci,n2i\na,30,20,3,20\na,3,20,1,20\nb,5,20,3,20\nb,3,20,1,20\n"
    status, out, err = asked(content, "--by", "g", "--measure", "RR", "--json")
    first, second = json.loads(out)
    assert status == 1
    assert first["reason"] == "line 2 column ai: is larger than n1i (30)"
    assert second["reason"] == ""
    assert "a: line 2" in err


def test_files_of_each_ending_hold_the_same(asked, tmp_path):
    _, out, _ = asked(EFFECTS, "--by", "topic", "--json")
    rows = json.loads(out)
    for ending in ("csv", "parquet", "json"):
        file = tmp_path / f"out.{ending}"
        status, said, _ = asked(EFFECTS, "--by", "topic", "--out", str(file))
        assert (status, said) == (1, "6 analyses, 3 of them not pooled\n")
    assert json.loads((tmp_path / "out.json").read_text()) == rows
    kept = pq.read_table(tmp_path / "out.parquet").to_pylist()
    # JSON has no infinite degrees of freedom
    assert [{n: None if x == np.inf else x for n, x in row.items()} for row in kept] == rows
    written = [*csv.DictReader((tmp_path / "out.csv").read_text().splitlines())]
    for row, other in zip(rows, written, strict=True):
        assert list(row) == list(other)
        for name, cell in row.items():
            if isinstance(cell, float):
                assert float(other[name]) == cell
            else:
                assert other[name] in ((("", "inf")) if cell is None else (str(cell),))


def test_a_terminal_gets_a_line_an_analysis(asked):
    _, out, _ = asked(EFFECTS, "--by", "topic")
    head, *lines = out.splitlines()
    assert head.split() == [
        "topic", "measure", "k", "effect", "95%", "CI", "p", "prediction", "tau²", "I²",
    ]  # fmt: skip
    assert [line.split()[:3] for line in lines[:4]] == [
        ["a", "HR", "2"], ["b", "GEN", "3"], ["c", "GEN", "1"], ["d", "GEN", "–"],
    ]  # fmt: skip


def test_parquet_is_read_as_its_text_would_be(asked):
    rows = [*csv.DictReader(io.StringIO(counts()))]
    numbers = {name: [int(row[name]) for row in rows] for name in ("ai", "n1i", "ci", "n2i")}
    table = pa.table({"topic": [row["topic"] for row in rows], **numbers})
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    words = ("--by", "topic", "--measure", "RR", "--json")
    _, out, _ = asked(sink.getvalue().to_pybytes(), *words, name="rows.parquet")
    assert json.loads(out)[0]["estimate"] is not None
    plain = asked(counts(), *words)[1]
    assert [row["estimate"] for row in json.loads(out)] == [
        row["estimate"] for row in json.loads(plain)
    ]


@pytest.fixture
def review(tmp_path):
    tables = {
        "1.1": {"Ash": (2, 20, 3, 22), "Beech": (4, 35, 9, 33), "Elm": (0, 80, 0, 78)},
        "1.2": {"Ash": (12, 20, 3, 22), "Beech": (14, 35, 9, 33)},
    }
    how = [
        forms.settings("1.1", "Risk Ratio"),
        forms.settings("1.2", "Risk Difference", **{"Analysis model": "Random effects"}),
    ]
    rows = [row for number, own in tables.items() for row in forms.counts(number, own)]
    return forms.package(tmp_path / "CD1.zip", how, rows)


def test_a_review_is_pooled_whole(review, asked):
    status, out, _ = asked(review.read_bytes(), "--json", name="CD1.zip")
    rows = json.loads(out)
    assert status == 0
    assert [(row["analysis"], row["subgroup"], row["measure"]) for row in rows] == [
        ("1.1", "", "RR"), ("1.2", "", "RD"),
    ]  # fmt: skip
    for row, pool in zip(rows, pools_of(read_review(review)), strict=True):
        effects = effects_of(pool.rows, pool.analysis.settings)
        fit = random_effects(effects.yi[effects.known], effects.vi[effects.known])
        assert row["k"] == fit.k == 2
        assert row["estimate"] == fit.estimate
    assert rows[0]["notes"] == "not estimable: Elm"
    assert rows[0]["shown_estimate"] == np.exp(rows[0]["estimate"])
    one = asked(review.read_bytes(), "--analysis", "1.2", "--json", name="CD1.zip")[1]
    assert json.loads(one) == rows[1:]


def test_data_rows_are_pooled_each_as_alone(asked):
    content = (Path(__file__).parent / "bad_input" / "data-rows.csv").read_bytes()
    status, out, _ = asked(content, "--by", "analysis", "--json")
    rows = json.loads(out)
    assert (status, len(rows)) == (0, 7)
    for row in rows:
        alone = json.loads(asked(content, "--analysis", row["analysis"], "--json")[1])
        assert {name: row[name] for name in alone["fit"]} == alone["fit"], row["analysis"]
    assert "not estimable: Baker 2014" in rows[0]["notes"]


@pytest.mark.parametrize(
    ("content", "words", "status", "said"),
    [
        (EFFECTS, ["--by", "topik"], 2, "did you mean 'topic'?"),
        (EFFECTS, ["--out", "x.csv"], 2, "say with --by COLUMN"),
        (EFFECTS, ["--by", "topic", "--out", "x.txt"], 2, "--out ends with .csv"),
        (EFFECTS, ["--by", "topic", "--moderator", "vi"], 2, "--moderator is of one analysis"),
        (EFFECTS, ["--by", "topic", "--measure", "SMD"], 1, "missing: m1i"),
        ("topic,yi,vi\na,x,1\nb,y,1\n", ["--by", "topic"], 1, "'x' is not a number"),
        ("topic,yi,vi\n,1,1\n", ["--by", "topic"], 1, "nothing in the column topic"),
    ],
)
def test_wrong_use_is_told(asked, content, words, status, said):
    found, out, err = asked(content, *words)
    assert (found, out) == (status, "")
    assert said in err


def test_a_column_named_as_one_of_the_answer_gives_way(asked):
    _, out, _ = asked("k,yi,vi\na,1,1\na,2,1\n", "--by", "k", "--json")
    assert [(row["by"], row["k"]) for row in json.loads(out)] == [("a", 2)]


def test_rows_without_an_analysis_are_told(asked):
    status, out, err = asked("g,yi,vi\na,1,1\n,5,1\na,2,1\n", "--by", "g", "--json")
    assert (status, json.loads(out)[0]["k"]) == (0, 2)
    assert "nothing stands in g in line 3: left out" in err
