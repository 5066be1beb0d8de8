"""`ketameta pool --small-study`: numbers of metafor and R, and what cannot be asked."""

import json
from pathlib import Path

import pytest

from ketameta.stats import egger, pustejovsky_rodgers

REFERENCE = json.loads(
    (Path(__file__).parent / "reference" / "by_size.json").read_text(encoding="utf-8")
)
BCG = REFERENCE["bcg"]
COUNTS = ("ai", "n1i", "ci", "n2i")
MEANS = """study,m1i,sd1i,n1i,m2i,sd2i,n2i
Ash,12,4,20,14,5,22
Beech,10,3,30,13,3.5,28
Elm,9,5,15,11,4,15
Oak,11,4,44,11.5,4.5,40
"""


def table(names=COUNTS, rows=13):
    cells = [BCG[name][:rows] for name in names]
    lines = [f"S{i},{','.join(map(str, row))}" for i, row in enumerate(zip(*cells, strict=True))]
    return "\n".join([f"study,{','.join(names)}", *lines]) + "\n"


@pytest.mark.parametrize(
    ("word", "key", "statistic"),
    [("Harbord", "harbord", "stat"), ("deeks", "deeks", "t"), ("macaskill", "macaskill_fpv", "t")],
)
def test_tests_of_events_are_those_of_metafor_and_r(answer, word, key, statistic):
    found = answer(table(), "--measure=OR", "--small-study", word)["small_study"]
    expected = BCG[key]
    assert found["test"] == word.capitalize()
    theirs = expected[statistic], expected["p"]
    assert (found["statistic"], found["p"]) == pytest.approx(theirs, rel=1e-8)
    assert (found["df"], found["k"]) == (11, 13)


def test_people_alone_are_asked_by_tang_and_liu(answer):
    found = answer(table(), "--measure=OR", "--small-study=Tang-Liu")["small_study"]
    expected = BCG["regtest"]["sqrtninv lm"]
    assert (found["statistic"], found["p"], found["limit"]) == pytest.approx(
        (expected["stat"], expected["p"], expected["limit"]), rel=1e-8
    )


def test_the_test_follows_the_measure(answer):
    chosen = {
        ("--measure=OR", table()): "Peters",
        ("--measure=RD", table()): "Peters",
        ("--measure=SMD", MEANS): "Pustejovsky-Rodgers",
        ("--measure=MD", MEANS): "Egger",
        ("--measure=VR", MEANS): "Egger",
        ("--measure=GEN", table(("yi", "vi"))): "Egger",
    }
    for (measure, content), name in chosen.items():
        assert answer(content, measure, "--small-study")["small_study"]["test"] == name
    found = answer(MEANS, "--measure=SMD", "--small-study")
    yi = [one["yi"] for one in found["studies"]]
    own = pustejovsky_rodgers(yi, [20, 30, 15, 44], [22, 28, 15, 40])
    assert found["small_study"]["p"] == pytest.approx(own.p, rel=1e-9)
    assert found["small_study"]["limit_low"] == pytest.approx(own.limit_low, rel=1e-9)


def test_it_is_told_in_words_with_the_effect_at_infinite_size(pooled):
    _, out, _ = pooled(table(), "--measure=OR", "--small-study=Deeks")
    assert "small studies  Deeks: effects by 1 / √ effective size, 13 studies, slope -50.3" in out
    # of odds ratios: exp of the limit
    assert "at infinite size 0.991 (95% CI 0.6812 to 1.442)" in out
    assert "fewer than 10" not in out
    _, out, _ = pooled(table(), "--measure=OR", "--small-study=Macaskill")
    assert "infinite size" not in out


def test_few_studies_and_those_of_one_size_are_named(pooled):
    _, out, _ = pooled(table(rows=9), "--measure=OR", "--small-study")
    assert "of fewer than 10 studies such a test tells little" in out
    _, out, _ = pooled(table(rows=2), "--measure=OR", "--small-study")
    assert "small studies  no test by Peters: 2 studies, fewer than 3" in out
    even = "study,yi,vi\nAsh,0.1,0.2\nBeech,0.3,0.2\nElm,0.2,0.2\n"
    _, out, _ = pooled(even, "--small-study")
    assert "small studies  no test by Egger: 3 studies, all of one size" in out


def test_people_are_those_with_events_and_others(answer):
    content = table().replace("n1i", "bi").replace("n2i", "di")
    rows = [line.split(",") for line in content.splitlines()]
    for row in rows[1:]:
        row[2], row[4] = (str(int(row[i + 1]) - int(row[i])) for i in (1, 3))
    parted = "\n".join(",".join(row) for row in rows) + "\n"
    one, other = (answer(x, "--measure=OR", "--small-study") for x in (table(), parted))
    assert one["small_study"] == other["small_study"]


def test_a_study_without_an_effect_is_in_no_test(answer):
    content = table() + "none,0,20,0,20\n"
    one, other = (answer(x, "--measure=OR", "--small-study") for x in (table(), content))
    assert one["small_study"] == other["small_study"]


def test_egger_is_that_of_the_statistics(answer):
    found = answer(table(), "--measure=OR", "--small-study=egger")["small_study"]
    own = egger(BCG["yi"], BCG["vi"], "lm")
    assert (found["p"], found["limit"]) == pytest.approx((own.p, own.limit), rel=1e-9)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--small-study=Petres",), "--small-study Petres is not known; did you mean Peters?"),
        (("--small-study=Harbord", "--measure=RR"), "--small-study Harbord: it is for OR, PETO, "),
        (("--small-study=Deeks", "--measure=GEN"), "--small-study Deeks: it is for OR, PETO, "),
        (("--small-study=Tang-Liu", "--measure=GEN"), "--small-study Tang-Liu: it needs the "
         "columns n1i, n2i; missing: n1i, n2i"),
        (("--small-study", "--measure=OR", "--pooling=MH"), "--small-study auto: it is for "
         "--pooling inverse variance; not Mantel-Haenszel"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_says_what_can(pooled, words, says):
    content = table(("yi", "vi")) if "--measure=GEN" in words else table()
    words = words if any("measure" in word for word in words) else (*words, "--measure=OR")
    status, out, err = pooled(content, *words)
    assert (status, out) == (2, "")
    assert err.startswith(f"ketameta pool: {says}")
