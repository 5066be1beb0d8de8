"""Sentences say what the numbers allow, and no more."""

import math
import re

import pytest

from ketameta.report import wording, wording_absolute, wording_method
from ketameta.report.references import REFERENCES


def risk(difference, low, high, control=0.1):
    row = {"control_risk": control, "arms": 3, "assumed": "median of the control arms"}
    for end, value in (("", difference), ("_low", low), ("_high", high)):
        row[f"difference{end}"] = value
        row[f"nnt{end}"] = 1 / value if value else None
    return row


@pytest.mark.parametrize(
    ("row", "favours", "text"),
    [
        (risk(0.1, 0.05, 0.2), "above", "NNTB 10 (5 to 20)"),
        (risk(0.1, 0.05, 0.2), "below", "NNTH 10 (5 to 20)"),
        (risk(-0.1, -0.2, -0.05), "below", "NNTB 10 (5 to 20)"),
        # Altman 1998: an interval that includes no effect runs through infinity
        (risk(0.1, -0.05, 0.25), "above", "NNTB 10 (NNTH 20 to ∞ to NNTB 4)"),
        (risk(-0.1, -0.25, 0.05), "below", "NNTB 10 (NNTH 20 to ∞ to NNTB 4)"),
        (risk(0.1, -0.05, 0.25), "below", "NNTH 10 (NNTH 4 to ∞ to NNTB 20)"),
        (risk(0.03, 0.01, 0.06), "above", "NNTB 34 (17 to 100)"),
        (risk(0.1, 0.0, 0.2), "above", "NNTB 10 (5 to ∞)"),
        (risk(0.0, -0.1, 0.1), "above", "∞: no difference"),
    ],
)
def test_numbers_needed_to_treat(row, favours, text):
    said = wording_absolute.needed(row, favours)
    assert sorted(said) == sorted(text)
    assert said.split(" (")[0] == text.split(" (")[0]


def test_a_number_needed_that_runs_through_infinity_names_no_direction():
    said = wording_absolute.needed_meaning(risk(0.1, -0.05, 0.25), "above")
    assert "from one more harmed for every 20 treated" in said
    assert "to one more who benefits for every 4." in said
    assert "one more person" not in said
    sure = wording_absolute.needed_meaning(risk(0.1, 0.05, 0.25), "above")
    assert "one more person benefits for every 10 treated" in sure
    assert "settle" not in sure


def test_risk_differences_are_people_of_a_thousand():
    assert wording_absolute.difference(risk(0.1, 0.05, 0.2)) == "100 more (50 more to 200 more)"
    said = wording_absolute.difference(risk(-0.1, -0.2, 0.05))
    assert said == "100 fewer (200 fewer to 50 more)"


def test_an_answer_names_a_side_only_where_interval_and_certainty_allow(configuration, records):
    null = {"RR": 1, "MD": 0, "SMD": 0}
    for analysis in configuration:
        record = records[analysis.name]
        said = wording.answer(analysis, record)
        names = re.search(r"(raise|lower)s? ", said) is not None
        if analysis.select.measure not in null or record["estimate"] is None:
            assert not names
            continue
        none = null[analysis.select.measure]
        excludes = not record["ci_low"] <= none <= record["ci_high"]
        assert names == (excludes and record["certainty"] != "very low")
        crossed = record["pi_low"] is not None and record["pi_low"] <= none <= record["pi_high"]
        assert ("prediction interval, for a single new trial, includes no difference" in said) == (
            excludes and crossed
        )


def test_a_claimed_value_stands_beside_the_pooled_one(configuration, records):
    analysis = configuration["response_24h_arm"]
    record = {**records["response_24h_arm"], "estimate": 0.4, "ci_low": 0.29, "ci_high": 0.51}
    said = wording.against(analysis, record, 70, "at most")
    assert said.startswith("Claimed at most 70%; ")
    assert said.endswith(
        "give 40% [95% interval 29 to 51%]: the claimed value lies above the interval."
    )
    assert "inside the interval" in wording.against(analysis, record, 50, "equal")
    assert "below the interval" in wording.against(analysis, record, 20, "equal")


def test_the_rule_that_chose_the_interval_follows_from_the_result(configuration, records):
    for analysis in configuration:
        record = records[analysis.name]
        said = wording_method.choice(analysis, record)
        if record["k"] < 2 or record["estimate"] is None:
            assert said == ""
        elif record["model"].startswith("binomial"):
            assert "binomial-normal" in said
        else:
            rule = "Wald" if record["k"] == 2 or record["tau2"] == 0 else "HKSJ"
            assert f"so the headline is the {rule} interval" in said


def test_the_method_cites_the_model_that_was_used(configuration, records):
    for analysis in configuration:
        record = records[analysis.name]
        said = " ".join(wording_method.method(analysis, record))
        pooled = record["k"] > 1 and record["estimate"] is not None
        assert ("Nothing is pooled" in said) != pooled
        assert ("Stijnen 2010" in said) == record["model"].startswith("binomial")
        assert ("Viechtbauer 2005" in said) == record["model"].startswith("REML")
        assert ("Sidik 2002" in said) == record["model"].endswith("HKSJ")
        for name, reference, doi in wording_method.cited([said]):
            assert REFERENCES[name] == (reference, doi)


def test_every_citation_is_to_a_work_of_the_list(configuration, records, tables):
    for analysis in configuration:
        studies = [s for s in tables["studies"] if s["analysis"] == analysis.name]
        texts = [*wording_method.method(analysis, records[analysis.name]),
                 wording_method.choice(analysis, records[analysis.name]),
                 wording_method.bases(analysis, studies)]  # fmt: skip
        named = set(re.findall(r"[A-ZÖ][A-Za-zö]+ (?:19|20)\d\d", " ".join(texts)))
        assert named <= set(REFERENCES)


def test_mixed_bases_of_a_standardised_difference_are_named(configuration):
    studies = [{"basis": basis} for basis in ("change", "change", "endpoint", "contrast")]
    said = wording_method.bases(configuration["depression_24h"], studies)
    assert "change from baseline 2" in said
    assert "Cochrane Handbook 10.5.2" in said
    assert "10.5.2" not in wording_method.bases(configuration["depression_24h"], studies[:2])
    assert wording_method.bases(configuration["response_24h"], studies) == ""


def test_what_is_borrowed_or_assumed_is_counted():
    def one(*words, design="parallel"):
        return {"assumptions": list(words), "design": design}

    said = wording_method.borrowed([one("borrowed n"), one(), one("borrowed n", "correlation")])
    assert said == "2 of 3 effects borrow or assume something: borrowed n 2, correlation 1."
    assert "1 of 1 is from crossover" in wording_method.borrowed([one(design="crossover")])


def test_infinite_and_missing_numbers_have_a_sign():
    assert wording.fixed(math.inf, 2) == "∞"
    assert wording.quantity("RR", None) == "–"
