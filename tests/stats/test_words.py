"""Names of methods as statisticians use them, and hints that propose no other method."""

from __future__ import annotations

import pytest

from ketameta.stats import effect_size, meta_regression, random_effects, subgroup_analysis
from ketameta.stats.numerics.words import SYNONYMS, did_you_mean, near, spelt
from ketameta.stats.univariate.intervals import RULES
from ketameta.stats.univariate.prediction import RULES as PREDICTION_RULES
from ketameta.stats.univariate.tau2 import ESTIMATORS

Y, V = [0.1, 0.5, 0.9, 0.2], [0.02, 0.05, 0.04, 0.03]


@pytest.mark.parametrize(
    ("given", "ours"),
    [("FE", "EE"), ("CE", "EE"), ("EE", "EE"), ("MP", "PM"), ("CA", "HE"), ("DSL", "DL")],
)
def test_other_names_of_an_estimator_are_that_estimator(given: str, ours: str) -> None:
    one, other = random_effects(Y, V, given), random_effects(Y, V, ours)
    assert repr(vars(one)) == repr(vars(other))
    assert meta_regression(Y, V, [1, 2, 3, 4], given).tau2 == pytest.approx(
        meta_regression(Y, V, [1, 2, 3, 4], ours).tau2
    )


@pytest.mark.parametrize(
    ("given", "ours"),
    [("HK", "hksj"), ("knha", "hksj"), ("HKSJ", "hksj"), ("z", "wald"), ("adhoc", "hksj-adhoc")],
)
def test_other_names_of_a_rule_are_that_rule(given: str, ours: str) -> None:
    assert random_effects(Y, V, interval=given).rule == ours
    found = subgroup_analysis(Y, V, list("abab"), interval=given)
    assert found.se.tolist() == subgroup_analysis(Y, V, list("abab"), interval=ours).se.tolist()


@pytest.mark.parametrize("word", ["HK", "knha", "HKSJ", "KNHA"])
def test_a_rule_given_as_an_estimator_is_told_its_place(word: str) -> None:
    with pytest.raises(
        ValueError, match=rf"not '{word}'; it is a rule for the interval: interval='hksj'"
    ):
        random_effects(Y, V, word)


@pytest.mark.parametrize("word", ["FE", "DSL", "MP"])
def test_an_estimator_given_as_a_rule_is_told_its_place(word: str) -> None:
    with pytest.raises(ValueError, match=f"not '{word}'; it is an estimator of tau²: tau2="):
        random_effects(Y, V, interval=word)


@pytest.mark.parametrize(
    "word", ["HM", "FF", "EF", "ME", "DE", "PE", "SK", "RE", "EEE", "HEE", "BM", "GENQ", "MC", "X"]
)
def test_a_hint_never_proposes_another_model(word: str) -> None:
    for name, known in (("tau2", ESTIMATORS), ("measure", ["RR", "OR", "RD", "MD", "SMD", "PR"])):
        assert "did you mean" not in did_you_mean(name, word, known)
    with pytest.raises(ValueError, match=r"tau2 is one of EE, .*; not '\w+'$"):
        random_effects(Y, V, word)


@pytest.mark.parametrize(
    ("word", "meant"), [("REMl", "REML"), ("reml", "REML"), ("RELM", "REML"), ("REMLL", "REML")]
)
def test_a_slip_is_recognised(word: str, meant: str) -> None:
    assert near("tau2", word, ESTIMATORS) == meant
    with pytest.raises(ValueError, match=f"did you mean '{meant}'"):
        random_effects(Y, V, word)


def test_other_options_name_their_neighbour() -> None:
    with pytest.raises(ValueError, match="did you mean 'hksj'"):
        random_effects(Y, V, interval="hskj")
    with pytest.raises(ValueError, match="did you mean 'approximate'"):
        effect_size("SMD", m1i=1, sd1i=1, n1i=9, m2i=2, sd2i=1, n2i=9, correction="aproximate")


@pytest.mark.parametrize(
    ("name", "known"), [("tau2", ESTIMATORS), ("interval", RULES), ("prediction", PREDICTION_RULES)]
)
def test_every_other_name_stands_for_one_method_that_is_here(name: str, known) -> None:
    plain = ["".join(filter(str.isalnum, word.lower())) for word in SYNONYMS[name]]
    assert set(SYNONYMS[name].values()) <= set(known)
    for word, ours in SYNONYMS[name].items():
        assert spelt(name, word.lower(), known) == spelt(name, word, known) == ours
    # none stands for two
    ours = {}
    for word, value in zip(plain, SYNONYMS[name].values(), strict=True):
        assert ours.setdefault(word, value) == value


def test_functions_and_command_have_one_default() -> None:
    # heterogeneous: HKSJ; without heterogeneity: Wald
    assert random_effects(Y, V).rule == "hksj"
    assert random_effects([0.1, 0.11, 0.12], [0.1, 0.1, 0.1]).rule == "wald"
    assert meta_regression(Y, V, [1, 3, 2, 4]).rule == random_effects(Y, V).rule
