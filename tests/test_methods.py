"""Words for methods from elsewhere: those of the statistics, and each a word that there is."""

import pytest

from ketameta.configuration.models import METHODS
from ketameta.estimators import ESTIMATORS
from ketameta.methods import ALSO, NEED_ONE_MEAN, elsewhere, understood
from ketameta.stats.numerics.words import SYNONYMS
from ketameta.stats.univariate import intervals, prediction, regression

KEYS = ("tau2", "interval", "prediction")


def test_they_are_those_of_the_statistics():
    assert {key: ALSO[key] for key in KEYS} == {key: SYNONYMS[key] for key in KEYS}


@pytest.mark.parametrize("key", ALSO)
def test_each_means_a_word_that_there_is(key):
    assert set(ALSO[key].values()) <= {*METHODS[key]}


def test_every_rule_and_estimator_can_be_asked():
    assert {*METHODS["interval"]} == {*intervals.RULES}
    assert {*METHODS["tau2"]} == {*ESTIMATORS}
    assert {*METHODS["prediction"]} == {*prediction.RULES}
    assert {*NEED_ONE_MEAN} == {*intervals.RULES} - {*regression.RULES}


@pytest.mark.parametrize(
    ("key", "word", "read"),
    [("tau2", "FE", "EE"), ("tau2", "ce", "EE"), ("tau2", "reml", "REML"), ("tau2", "knha", None),
     ("interval", "HK", "hksj"), ("interval", "classic", "wald"), ("interval", "REML", None),
     ("prediction", "HTS", "k-2-wald"), ("prediction", "hk-pr", "hksj-k-2"),
     ("pooling", "M-H", "Mantel-Haenszel"), ("pooling", "peto", "Peto"),
     ("pooling", "um.fs", "UM.FS"), ("pooling", "betabinomial", "beta-binomial"),
     ("pooling", "", None)],
)  # fmt: skip
def test_a_word_is_read_in_any_case_or_by_another_name(key, word, read):
    assert understood(key, word, METHODS[key]) == read


def test_a_word_of_another_key_is_told_with_that_key():
    assert elsewhere("tau2", "KNHA") == "; it is a rule for the interval: interval: hksj"
    assert elsewhere("interval", "MH") == "; it is a way of pooling: pooling: Mantel-Haenszel"
    assert elsewhere("tau2", "nothing") == ""
