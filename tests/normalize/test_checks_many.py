"""The checks on many trials that look alike: few findings, each group of equals once."""

import itertools
import random
from dataclasses import dataclass
from statistics import median

import pytest

from ketameta.normalize.checks.spread import FEWEST_OTHERS, Others
from ketameta.normalize.overlap import _families, _without_overlap, overlap
from ketameta.normalize.records import Trial

from .checked import find

SIDES = ("ket", "sal")


def findings(made):
    return find(*made.raw.values(), [])


def alike(made, counts, size=40):
    """Add a trial of two arms of a size for each pair of counts."""
    for i, pair in enumerate(counts):
        name = f"t{i:03d}"
        made.trial(name, n_randomised=2 * size)
        made.events(name, {arm: (x, size) for arm, x in zip(SIDES, pair, strict=True)})
    return made


def test_many_trials_of_one_size_are_not_one_trial(made):
    assert findings(alike(made, [(5 + i * 7 % 25, 5 + i * 11 % 25) for i in range(300)])) == []


def test_equal_counts_of_two_trials_are_named_where_few_have_their_sizes(made):
    named = findings(alike(made, [(21, 9), (21, 9), (15, 12)]))
    (got,) = [f for f in named if not f.column]
    assert got.trial_id == "t000"
    assert "t001 (line 4): one trial under two labels?" in got.message


def test_one_pair_of_counts_in_every_trial_is_one_finding(made):
    (got,) = findings(alike(made, [(12, 9)] * 60))
    assert (got.line, "and 54 more" in got.message) == (2, True)


def test_scores_that_many_trials_share_are_one_finding(made):
    for i in range(40):
        name = f"{chr(97 + i % 26) * 5}{chr(97 + i // 26) * 4}"
        made.trial(name, year=1960 + i)
        made.scores(name, {a: dict(n=25, mean=14.2 + j, sd=8.3 + j) for j, a in enumerate(SIDES)})
    (got,) = findings(made)
    assert (got.check, got.line) == ("same-numbers-two-labels", 2)
    assert got.message.count("(line ") == 5
    assert "and 34 more: one trial under several labels?" in got.message


@pytest.mark.parametrize("stem", ["trial", "t", "study_"])
def test_names_that_are_numbers_tell_nothing(made, stem):
    for i in range(100):
        made.trial(f"{stem}{i:03d}", n_randomised=80)
    assert findings(made) == []


def test_one_registration_of_many_reports_is_one_finding(made):
    for i in range(8):
        made.trial("abcdefgh"[i] * 6, n_randomised=80, registration="NCT1")
    (got,) = findings(made)
    assert (got.column, got.line) == ("registration", 2)
    assert "and 2 more" in got.message


def test_the_spread_of_the_others_is_that_of_the_list_without_one():
    generator = random.Random(7)
    for size in range(12):
        own = {
            f"t{i}": [generator.choice((0.1, 0.5, 1.5)), generator.gauss(0, 1)] for i in range(size)
        }
        for name in (*own, "none"):
            logs = [median(values) for trial_id, values in own.items() if trial_id != name]
            got = Others.of(own).without(name)
            if len(logs) < FEWEST_OTHERS:
                assert got is None
                continue
            centre = median(logs)
            assert got == (len(logs), centre, 1.4826 * median(abs(log - centre) for log in logs))


@dataclass(frozen=True, eq=False)
class Held:
    """What the choice between overlapping reports reads of an effect."""

    trial: Trial
    people: float = 0.0


def reports(**parts):
    return [
        Held(Trial(name, name, 2020, "parallel", "TRD", 10, tuple(of), None))
        for name, of in parts.items()
    ]


def linked(effects):
    """Return the families by going from report to report until nothing is added."""
    left, families = list(effects), []
    while left:
        family = [left.pop(0)]
        for one in family:
            near = [e for e in left if overlap(one.trial, e.trial)]
            family += near
            left = [e for e in left if e not in near]
        families.append(sorted(e.trial.trial_id for e in family))
    return sorted(families)


def test_families_are_the_reports_linked_directly_or_through_others():
    generator = random.Random(11)
    for _ in range(60):
        names = [f"r{i}" for i in range(9)]
        parts = {
            name: generator.sample(
                [n for n in [*names, "x", "y"] if n != name], generator.choice((0, 0, 0, 1, 2))
            )
            for name in names
        }
        effects = reports(**{n: parts[n] for n in generator.sample(names, 7)})
        got = [sorted(e.trial.trial_id for e in family) for family in _families(effects)]
        assert sorted(got) == linked(effects)


def test_sets_without_overlap_are_all_that_take_no_other():
    generator = random.Random(3)
    for _ in range(40):
        names = [f"r{i}" for i in range(6)]
        parts = {
            n: generator.sample([m for m in names if m != n], generator.choice((0, 1, 2)))
            for n in names
        }
        effects = reports(**parts)

        def free(chosen):
            return not any(overlap(a.trial, b.trial) for a, b in itertools.combinations(chosen, 2))

        every = [set(c) for k in range(1, 7) for c in itertools.combinations(effects, k) if free(c)]
        wanted = {frozenset(c) for c in every if not any(c < other for other in every)}
        assert {frozenset(s) for s in _without_overlap(effects)} == wanted


def test_a_report_of_many_separate_trials_is_settled_at_once():
    names = [f"trial{i}" for i in range(60)]
    effects = reports(pooled=names, **dict.fromkeys(names, ()))
    assert sorted(len(s) for s in _without_overlap(effects)) == [1, 60]
    assert [len(family) for family in _families(effects)] == [61]
