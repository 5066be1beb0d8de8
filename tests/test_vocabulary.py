"""The words that tables may use: complete, unambiguous, and near when misspelt."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from ketameta.vocabulary import FILES, FOLDER, METHOD, nearest, subject, vocabulary

WORDS = vocabulary()
LISTS = ["scales", "outcomes", "treatments", *WORDS.lists]


def repeated_keys(node: yaml.Node) -> list[str]:
    found = []
    if isinstance(node, yaml.MappingNode):
        keys = [key.value for key, _ in node.value]
        found += [key for key in set(keys) if keys.count(key) > 1]
        for _, value in node.value:
            found += repeated_keys(value)
    return found


@pytest.mark.parametrize("path", [METHOD, *(subject() / FOLDER / name for name in FILES)])
def test_no_word_is_given_twice(path: Path) -> None:
    # YAML readers keep the last of two and say nothing
    assert repeated_keys(yaml.compose(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("name", LISTS)
def test_words_can_stand_in_a_cell_and_in_a_list_of_cells(name: str) -> None:
    words = WORDS.words(name)
    assert words
    for word, label in words.items():
        assert isinstance(word, str), "YAML makes no, on and numbers of some words: quote them"
        assert word == word.strip()
        assert word.isprintable()
        assert ";" not in word
        assert isinstance(label, str)
        assert label


@pytest.mark.parametrize("name", LISTS)
def test_words_of_a_list_differ_by_more_than_case(name: str) -> None:
    words = list(WORDS.words(name))
    assert len({word.lower() for word in words}) == len(words)


def test_sets_of_part_of_a_trial_are_analysis_sets() -> None:
    assert WORDS.sets_of_part
    assert WORDS.sets_of_part < WORDS.words("analysis_sets").keys()


@pytest.mark.parametrize("scale", WORDS.scales.values(), ids=lambda scale: scale.name)
def test_a_scale_has_a_direction_and_bounds_that_fit(scale) -> None:
    assert scale.higher in ("worse", "better")
    assert scale.sign == {"worse": 1, "better": -1}[scale.higher]
    assert (scale.minimum is None) == (scale.maximum is None)
    if scale.minimum is not None:
        assert scale.minimum < scale.maximum
        assert scale.holds(scale.minimum)
        assert scale.holds(scale.maximum)
        assert not scale.holds(scale.minimum - 0.1)
        assert not scale.holds(scale.maximum + 0.1)
    assert (scale.mid is None) == (scale.mid_source == "")
    if scale.mid is not None:
        assert 0 < scale.mid < scale.maximum - scale.minimum


def test_outcomes_have_a_kind_and_a_sense() -> None:
    assert {outcome.kind for outcome in WORDS.outcomes.values()} <= {"event", "score", "duration"}
    assert {outcome.sense for outcome in WORDS.outcomes.values()} == {"good", "bad"}


def test_treatments_have_a_known_comparator_class() -> None:
    classes = {treatment.comparator_class for treatment in WORDS.treatments.values()}
    known = WORDS.words("comparator_classes")
    assert classes == {name for name in known if "+" not in name}
    # a class with something given beside the control is one of these with a word of cotreatments
    beside = set(WORDS.cotreatments.values())
    for name in set(known) - classes:
        own, _, other = name.partition("+")
        assert (own in classes, other in beside) == (True, True), name


def test_flags_say_what_they_mean_for_pooling() -> None:
    assert {rule["use"] for rule in WORDS.flags.values()} == {"never", "marked", "untimed"}
    assert all(rule["why"] for rule in WORDS.flags.values())


def test_the_longest_known_start_of_a_flag_wins() -> None:
    assert WORDS.flag_rule("check: n differs")["use"] == "marked"
    assert WORDS.flag_rule("check: response at any time up to day 7")["use"] == "untimed"
    assert WORDS.flag_rule("do-not-pool: period 2")["use"] == "never"
    assert WORDS.flag_rule("do not pool") is None
    assert WORDS.flag_rule("") is None


def test_a_list_that_is_not_there_is_an_error() -> None:
    with pytest.raises(KeyError):
        WORDS.words("colours")


@pytest.mark.parametrize(
    ("word", "first"),
    [("MADR", "MADRS"), ("madrs", "MADRS"), ("caps5", "CAPS-5"), ("HAM-D17", "HAMD17")],
)
def test_a_misspelt_word_finds_its_neighbour(word: str, first: str) -> None:
    assert nearest(word, WORDS.scales)[0] == first


def test_a_word_like_no_other_finds_none() -> None:
    assert nearest("xyzzy", WORDS.scales) == []
    assert nearest("", WORDS.scales) == []
    assert nearest("MADRS", []) == []


def test_neighbours_are_as_many_as_asked_for() -> None:
    assert len(nearest("HAMD", WORDS.scales)) == 3
    assert nearest("HAMD", WORDS.scales, 1) == ["HAMD"]
