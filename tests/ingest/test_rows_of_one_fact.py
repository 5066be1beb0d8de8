"""`ketameta check` on two rows of one fact, table by table and in both orders of the rows."""

import pytest

COUNT, SCORE = "adams2011,saline,response", "adams2011,saline,depression_score"
RATIO, DIFFERENCE = (f"adams2011,ketamine_0.5,saline,{o}" for o in ("response", "depression_score"))
D1 = "adams2011,RoB2,,D1"

# table, first cells of the row that is there, what another hand enters of it, cells that are named
TWICE = {
    "a count": ("outcomes", COUNT, {"events": "10"}, ("10", "8")),
    "people": ("outcomes", COUNT, {"n": "31"}, ("31", "30")),
    "a share": ("outcomes", COUNT, {"events": "", "percent": "33.3"}, ("33.3", "8")),
    "a score": ("outcomes", SCORE, {"mean": "24.6"}, ("24.6", "26.4")),
    "an SE as SD": ("outcomes", SCORE, {"sd": "1.5"}, ("1.5", "8.1")),
    "an hour spelt otherwise": (
        "outcomes", COUNT, {"timepoint_h": "24.0", "events": "10"}, ("10", "8"),
    ),
    "another source": ("outcomes", COUNT, {"source": "10.1000/y", "events": "10"}, ("10", "8")),
    "an estimate": ("contrasts", DIFFERENCE, {"estimate": "-8.1"}, ("-8.1", "-10.8")),
    "a sign": (
        "contrasts", DIFFERENCE, {"estimate": "10.8", "ci_low": "6.3", "ci_high": "15.3"},
        ("10.8", "-10.8"),
    ),
    "a p-value": ("contrasts", RATIO, {"p_value": "0.03"}, ("0.03", "0.003")),
    "an arm": ("arms", "adams2011,saline", {"n_randomised": "32"}, ("32", "31")),
    "the case of an arm": ("arms", "adams2011,saline", {"arm_id": "Saline"}, ("Saline", "saline")),
    "a trial": ("trials", "adams2011", {"n_randomised": "63"}, ("63", "62")),
    "a judgement": ("risk_of_bias", D1, {"judgement": "high"}, ("high", "some")),
    "a judgement, its source as an address": (
        "risk_of_bias", D1, {"judgement": "high", "source": "https://doi.org/10.1000/Review"},
        ("high", "some"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", TWICE)
@pytest.mark.parametrize("first", [True, False])
def test_what_contradicts_is_an_error_whichever_row_comes_first(folder, case, first):
    table, start, other, named = TWICE[case]
    _, (header, *rows) = folder.rows(table)
    row = next(row for row in rows if ",".join(row).startswith(start))
    changed = [other.get(name, cell) for name, cell in zip(header, row, strict=True)]
    rows = [changed, *rows] if first else [*rows, changed]
    folder.put_rows(table, [header, *rows])
    said = folder.check()
    lines = [rows.index(row) + 2, rows.index(changed) + 2]
    (told,) = (e for e in said.errors if "of the same" in e or "repeats" in e)
    assert said.status == 1
    assert said.errors == [told], "one fault is told twice"
    assert told.startswith(f"{table}.csv:")
    assert f"line {min(lines)}" in told
    assert all(word in told for word in named)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (">=50% fall", "≥50% fall"),
        (">=50% fall", "⩾ 50 % Fall"),
        ("relapse, follow-up", "relapse, follow up"),
        ("sustained response", "sustained\N{NO-BREAK SPACE}response"),
        ("BDI 10–12", "BDI 10-12"),
    ],
)
def test_a_definition_in_another_spelling_is_the_same_definition(folder, one, other):
    folder.put("outcomes", 3, "definition", one)
    _, rows = folder.rows("outcomes")
    column = {name: place for place, name in enumerate(rows[0])}
    again = [*rows[2]]
    again[column["definition"]], again[column["events"]] = other, "10"
    folder.put_rows("outcomes", [*rows, again])
    (told,) = (e for e in folder.check().errors if "contradicts" in e)
    assert "events 10 contradicts events 8 on line 3" in told


@pytest.mark.parametrize(
    ("one", "other"),
    [("BDI<=10", "BDI<10"), ("weeks 1-2", "weeks 12"), ("MADRS<=10", "MADRS<=1.0")],
)
def test_another_threshold_is_another_definition(folder, one, other):
    folder.put("outcomes", 3, "definition", one)
    _, rows = folder.rows("outcomes")
    column = {name: place for place, name in enumerate(rows[0])}
    again = [*rows[2]]
    again[column["definition"]], again[column["events"]] = other, "10"
    folder.put_rows("outcomes", [*rows, again])
    assert folder.check().errors == []


@pytest.mark.parametrize("source", ["10.1000/other", "10.1000/review.2"])
def test_two_reviews_may_judge_otherwise(folder, source):
    _, rows = folder.rows("risk_of_bias")
    judged = dict(zip(rows[0], rows[1], strict=True))
    folder.put_rows(
        "risk_of_bias", [*rows, [*(judged | {"source": source, "judgement": "high"}).values()]]
    )
    assert folder.check().errors == []


def test_one_judgement_of_one_source_in_two_spellings_does_no_harm(folder):
    _, rows = folder.rows("risk_of_bias")
    judged = dict(zip(rows[0], rows[1], strict=True)) | {"source": "doi:10.1000/review"}
    folder.put_rows("risk_of_bias", [*rows, [*judged.values()]])
    said = folder.check()
    assert (said.errors, said.warnings) == ([], [])
