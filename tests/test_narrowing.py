"""Narrowed analyses: their names, what they let in, where they are asked for, and their faults."""

import pytest

from ketameta.configuration import ConfigurationError, load
from ketameta.ingest.stage import check_folder
from ketameta.tables.effects import EffectRow, LedgerRow
from ketameta.tables.syntheses import ExclusionRow
from ketameta.vocabulary.narrowing import (
    Narrow,
    NarrowingError,
    canonical,
    combined,
    dosing,
    drug_route,
    keys,
    parse,
    slug,
    written,
)

from .conftest import QUESTIONS, TABLES


def test_keys_stand_in_one_order_whatever_was_written():
    found = parse(" n_doses=>1 & population=TRD|BD ")
    assert found == (Narrow("population", ("TRD", "BD")), Narrow("n_doses", (">1",)))
    assert written(found) == "population=TRD|BD&n_doses=>1"
    assert canonical("x@n_doses=>1&population=TRD|BD") == "x@population=TRD|BD&n_doses=>1"
    assert canonical("x") == "x"


def test_alternatives_stand_in_one_order_whatever_was_written():
    assert canonical("x@population=BD| TRD|BD") == canonical("x@population=TRD|BD")
    assert parse("population=BD|TRD") == (Narrow("population", ("TRD", "BD")),)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("poplation=TRD", "cannot be narrowed by poplation; did you mean population?"),
        ("population=TDR", "population has no TDR; did you mean TRD?"),
        ("population", "population needs a word: population=MDD"),
        ("population=", "population needs a word: population=MDD"),
        ("population=TRD&population=BD", "population stands twice; alternatives are joined by |"),
        ("", "cannot be narrowed by nothing; known: population"),
        ("n_doses=2", "n_doses has no 2; known: 1, >1"),
        ("drug_route=IV ketamin", "drug_route has no IV ketamin; did you mean IV ketamine?"),
        ("population=TRD|", "population has no nothing"),
    ],
)
def test_a_key_or_a_word_that_is_none_names_its_neighbour(text, said):
    with pytest.raises(NarrowingError, match=r".*") as caught:
        parse(text)
    assert str(caught.value).startswith(said)


def test_every_word_of_every_key_has_a_file_name_of_its_own():
    names = [f"x@{key}={word}" for key, words in keys().items() for word in words]
    names += ["x@population=TRD&n_doses=1", "x@population=TRD|BD", "x@seen=direct|derived", "x"]
    slugs = [slug(name) for name in names]
    assert len({s.lower() for s in slugs}) == len(names)
    assert all(set(s) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.")
               for s in slugs)  # fmt: skip
    assert slug("x@n_doses=>1") == "x--n_doses-over-1"


def test_a_narrowing_too_long_for_the_name_of_a_file_is_cut_and_told_apart():
    every = "&".join(f"{key}={'|'.join(words)}" for key, words in keys().items())
    names = [slug(f"x@{text}") for text in (every, every.replace("|crossover", ""))]
    assert len(set(names)) == 2
    assert max(map(len, names)) < 140


def test_a_drug_is_named_by_its_route_and_doses_by_how_many():
    assert drug_route(["ketamine"], ["IV"]) == "IV ketamine"
    assert drug_route(["esketamine"], ["IN"]) == "nasal esketamine"
    assert drug_route(["ketamine"], [""]) == "ketamine"
    assert drug_route(["ketamine", "esketamine"], ["IV"]) == "several"
    assert [dosing(n) for n in (None, 1, 2, 24)] == ["", "1", ">1", ">1"]


def test_narrowing_twice_lets_in_what_both_do():
    one, two = parse("population=TRD|BD&design=parallel"), parse("population=BD|MDD")
    assert written(combined(one, two)) == "population=BD&design=parallel"
    assert combined((), one) == one


# ---- what they let in ------------------------------------------------------------------------


def effects(tables, name):
    return {e.trial_id: (e.yi, e.vi) for e in tables[EffectRow] if e.analysis == name}


@pytest.mark.parametrize(
    ("narrow", "column", "word"),
    [
        ("population=TRD", "population", "TRD"),
        ("population=BD", "population", "BD"),
        ("n_doses=1", "n_doses", "1"),
        ("drug_route=nasal esketamine", "drug_route", "nasal esketamine"),
    ],
)
def test_trials_of_a_kind_keep_the_effects_that_they_have_in_the_whole(
    tables, narrow, column, word
):
    whole = [e for e in tables[EffectRow] if e.analysis == "depression_24h"]
    own = {e.trial_id: (e.yi, e.vi) for e in whole if getattr(e, column) == word}
    assert effects(tables, f"depression_24h@{narrow}") == own
    assert 0 < len(own) < len(whole)


def test_a_trial_that_is_narrowed_away_is_not_told_as_left_out(tables):
    name = "depression_24h@drug_route=IV ketamine"
    inside = {e.trial_id for e in tables[EffectRow] if e.analysis == name}
    left = {e.trial_id for e in tables[ExclusionRow] if e.analysis == name}
    nasal = "depression_24h@drug_route=nasal esketamine"
    assert inside
    assert not left & {e.trial_id for e in tables[EffectRow] if e.analysis == nasal}
    fates = {e.reason for e in tables[LedgerRow]
             if e.analysis == name and e.trial_id == "chen2023"}  # fmt: skip
    assert "used" not in fates
    assert "narrowed" in fates


# ---- where they are asked for ----------------------------------------------------------------


def test_the_configuration_takes_narrowed_analyses_and_stands_them_behind_their_whole(tmp_path):
    text = QUESTIONS.read_text(encoding="utf-8")
    asked = "narrowed: ['response_24h@population=TRD', response_24h@design=parallel]\n"
    path = tmp_path / "analyses.yaml"
    path.write_text(asked + text, encoding="utf-8")
    found = load(path)
    at = found.names.index("response_24h")
    assert found.names[at + 1 : at + 3] == [
        "response_24h@population=TRD", "response_24h@design=parallel",
    ]  # fmt: skip
    one = found["response_24h@population=TRD"]
    assert one.display.title == "Response at 24 hours: treatment-resistant depression"
    assert (one.base, one.display.headline) == ("response_24h", False)
    assert all(v.select.narrow == one.select.narrow for v in one.variants)
    assert one.name not in [a.name for a in found.whole]
    # another question is another digest
    assert found.digest("select") != load(QUESTIONS).digest("select")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("response_24@population=TRD", "unknown word response_24; did you mean response_24h?"),
        ("response_24h@population=TDR", "population has no TDR; did you mean TRD?"),
        ("response_24h", "cannot be narrowed by nothing"),
    ],
)
def test_a_fault_in_the_configuration_has_its_line(tmp_path, name, said):
    path = tmp_path / "analyses.yaml"
    path.write_text(f"narrowed:\n  - {name}\n" + QUESTIONS.read_text(encoding="utf-8"))
    with pytest.raises(ConfigurationError, match=r":2: narrowed\.0: ") as caught:
        load(path)
    assert said in str(caught.value)


def test_a_choice_of_the_sensitivity_analysis_may_narrow(tmp_path):
    choice = "choices:\n  parallel alone:\n    for: [RR]\n    change: {narrow: design=%s}\n"
    path = tmp_path / "analyses.yaml"
    path.write_bytes(QUESTIONS.read_bytes())
    others = tmp_path / "multiverse.yaml"
    others.write_text(choice % "parallel", encoding="utf-8")
    (variant,) = [v for v in load(path)["response_24h"].variants if v.name == "parallel alone"]
    assert variant.select.narrow == parse("design=parallel")
    others.write_text(choice % "paralel", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"design has no paralel; did you mean parallel\?"):
        load(path)


def test_a_claim_that_narrows_by_what_is_none_is_a_fault_with_its_place(tmp_path):
    for path in TABLES.glob("*.csv"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    path = tmp_path / "claims.csv"
    text = path.read_text(encoding="utf-8").replace("@population=BD", "@population=BP", 1)
    path.write_text(text, encoding="utf-8")
    (problem,) = [p for p in check_folder(tmp_path)[1] if p.severity == "error"]
    assert (problem.file.endswith("claims.csv"), problem.column) == (True, "analysis")
    assert "population has no BP; did you mean BD?" in problem.message
