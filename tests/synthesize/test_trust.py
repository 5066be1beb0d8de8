"""An analysis without trials of serious concerns, and how far assessors agree."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import pytest

from ketameta.configuration import Configuration, load
from ketameta.configuration.models import Grid
from ketameta.crosscheck.rows import differing
from ketameta.crosscheck.stage import crosscheck
from ketameta.ingest.stage import ingest
from ketameta.normalize.stage import normalize
from ketameta.report.verify import verify_script
from ketameta.synthesize.specifications import ALL, WITHOUT_HIGH, space_of
from ketameta.synthesize.stage import synthesize
from ketameta.synthesize.trust import agreement
from ketameta.tables.diagnostics import TrustRow
from ketameta.tables.effects import EffectRow
from ketameta.tables.parts import Estimate
from ketameta.tables.raw import ClaimRow, TrustworthinessRow
from ketameta.tables.syntheses import SensitivityRow, SynthesisRow
from ketameta.tables.trust import NONE, SERIOUS, SOME, WITHOUT_SERIOUS

from ..rows import row, tables_of

TESTS = Path(__file__).parents[1]
# by counts, by scores, and by shares of one arm
ASKED = ("response_24h", "depression_24h", "response_24h_arm")
NUMBERS = [field.name for field in fields(SensitivityRow) if field.name in Estimate.__annotations__]


def judged(trial_id, word, assessor="A", item="overall", **cells):
    place = {"file": "trustworthiness.csv", "line": 2}
    told = {"trial_id": trial_id, "item": item, "judgement": word, "assessor": assessor}
    return row(TrustworthinessRow, **place, **told, **cells)


@pytest.fixture(scope="module")
def asked():
    whole = load(TESTS / "analyses.yaml")
    return Configuration(tuple(replace(whole[name], grid=None) for name in ASKED))


@pytest.fixture(scope="module")
def raw():
    # claims would ask for more
    return tables_of(ingest(TESTS / "tables")[0]).replaced(ClaimRow, [])


def through(raw, asked, judgements=(), without=()):
    """Return the tables of all stages, with judgements entered and trials taken out of the raw."""
    kept = {
        kind: [r for r in raw[kind] if getattr(r, "trial_id", None) not in without]
        for kind in raw.kinds()
    }
    found = type(raw)(kept).replaced(TrustworthinessRow, judgements)
    for stage in (normalize, synthesize):
        found |= tables_of(stage(found, asked))
    return found


# two trials of several analyses, with the reports of part of their people and those that pool them
DOUBTED = ("murrough2013a", "popova2019")
KIN = ("price2014", "morrison2024cog", "transform12pooled")


@pytest.fixture(scope="module")
def doubted(raw, asked):
    rows = [judged(name, SERIOUS) for name in DOUBTED]
    return through(raw, asked, [*rows, judged("singh2016", SOME)])


def test_without_trials_in_doubt_all_is_as_if_their_rows_were_not_there(raw, asked, doubted):
    other = {r.analysis: r for r in through(raw, asked, without=(*DOUBTED, *KIN))[SynthesisRow]}
    own = {r.analysis: r for r in doubted[SensitivityRow] if r.variant == WITHOUT_SERIOUS}
    whole = {r.analysis: r for r in doubted[SynthesisRow]}
    effects = {a: {e.trial_id for e in doubted[EffectRow] if e.analysis == a} for a in whole}
    assert own.keys() == {a for a, trials in effects.items() if trials & {*DOUBTED}}
    assert own.keys() == {*ASKED}
    for name, found in own.items():
        assert found.k < whole[name].k
        for number in NUMBERS:
            assert getattr(found, number) == getattr(other[name], number), (name, number)


def test_the_analysis_itself_is_as_it_was(raw, asked, doubted):
    before = through(raw, asked)
    assert before[SynthesisRow] == doubted[SynthesisRow]
    assert not [r for r in before[SensitivityRow] if r.variant == WITHOUT_SERIOUS]
    assert [r for r in doubted[SensitivityRow] if r.variant != WITHOUT_SERIOUS] == before[
        SensitivityRow
    ]
    assert before[TrustRow] == []


def test_each_analysis_tells_which_of_its_trials_were_judged(doubted):
    found = {(r.analysis, r.trial_id): r.judgement for r in doubted[TrustRow]}
    assert found["response_24h", "murrough2013a"] == SERIOUS
    assert found["response_24h", "singh2016"] == SOME
    effects = {(e.analysis, e.trial_id) for e in doubted[EffectRow]}
    assert found.keys() <= effects
    kin = {r.judgement for r in doubted[TrustRow] if r.trial_id in KIN}
    assert kin <= {SERIOUS}


def test_where_nothing_is_serious_nothing_is_left_out(raw, asked):
    found = through(raw, asked, [judged("murrough2013a", SOME), judged("singh2016", NONE)])
    assert not [r for r in found[SensitivityRow] if r.variant == WITHOUT_SERIOUS]
    assert {r.judgement for r in found[TrustRow]} == {SOME, NONE}


def test_two_who_differ_leave_it_out_until_they_agree(raw, asked):
    two = [judged("murrough2013a", SERIOUS), judged("murrough2013a", NONE, "B")]
    found = through(raw, asked, two)
    (first, *_) = [r for r in found[TrustRow] if r.trial_id == "murrough2013a"]
    assert (first.judgement, first.disputed) == (SERIOUS, True)
    assert [r for r in found[SensitivityRow] if r.variant == WITHOUT_SERIOUS]
    found = through(raw, asked, [*two, judged("murrough2013a", SOME, "agreed")])
    (first, *_) = [r for r in found[TrustRow] if r.trial_id == "murrough2013a"]
    assert (first.judgement, first.disputed) == (SOME, False)
    assert not [r for r in found[SensitivityRow] if r.variant == WITHOUT_SERIOUS]


def test_a_second_path_and_metafor_compute_it_again(asked, doubted):
    rows = [r for r in crosscheck(doubted, asked) if r.variant == WITHOUT_SERIOUS]
    assert {"estimate", "ci_low", "ci_high"} <= {
        r.number for r in rows if r.analysis == "depression_24h"
    }
    assert differing(rows) == []
    script = verify_script(doubted, asked, "none")
    for found in doubted[SensitivityRow]:
        if found.variant == WITHOUT_SERIOUS and found.estimate is not None:
            assert f'"{found.analysis}: {WITHOUT_SERIOUS}"' in script


def test_where_no_trial_is_left_nothing_is_estimated(raw, asked):
    names = {e.trial_id for e in through(raw, asked)[EffectRow] if e.analysis == "depression_24h"}
    found = through(raw, asked, [judged(name, SERIOUS) for name in names])
    (own,) = [
        r
        for r in found[SensitivityRow]
        if (r.analysis, r.variant) == ("depression_24h", WITHOUT_SERIOUS)
    ]
    assert (own.k, own.estimate) == (0, None)


def test_the_multiverse_can_leave_them_out(asked):
    analysis = replace(
        asked["depression_24h"], variants=(), grid=Grid(trials=(WITHOUT_HIGH, WITHOUT_SERIOUS))
    )
    effects = [
        row(EffectRow, trial_id=f"t{i}", label=f"T{i}", yi=-0.1 * i, vi=0.1, people=40)
        for i in range(4)
    ]
    space = space_of(analysis, effects, {}, (), (), frozenset({"t1", "t9"}))
    assert space.dropped == {ALL: frozenset(), WITHOUT_SERIOUS: frozenset({"t1"})}
    assert space_of(analysis, effects, {}, (), ()) is None
    # one trial is no pool
    assert space_of(analysis, effects, {}, (), (), frozenset({"t1", "t2", "t3"})) is None


# -- agreement --------------------------------------------------------------------------------


def test_agreement_is_of_judgements_and_of_answers_that_no_number_gives():
    first = dict(zip("abcd", (NONE, NONE, SOME, SERIOUS), strict=True))
    second = dict(zip("abcd", (NONE, SOME, SOME, SERIOUS), strict=True))
    rows = [judged(t, word) for t, word in first.items()]
    rows += [judged(t, word, "B") for t, word in second.items()]
    rows += [judged("a", SERIOUS, "agreed"), judged("e", SOME)]
    for assessor, words in (("A", ("yes", "no", "no")), ("B", ("yes", "yes", "no"))):
        for item, word in zip(("C4.1", "C4.2", "C1.1"), words, strict=True):
            rows.append(judged("a", None, assessor, item, answer=word))
        # this one the form brings along
        rows.append(judged("a", None, assessor, "C4.8", answer="yes"))
    found = {r.domain: r for r in agreement(rows)}
    assert list(found) == ["D1", "D2", "D3", "D4", "overall"]
    whole = found["overall"]
    assert (whole.first, whole.second, whole.trials, whole.judged_alike) == ("A", "B", 4, 0.75)
    # by hand: expected 2/4·1/4 + 1/4·2/4 + 1/4·1/4 = 5/16, (12/16 - 5/16) / (11/16)
    assert whole.kappa == pytest.approx(7 / 11)
    # weighted: one pair a step apart, 1/2 of 4; by chance (1·2·1/2 + 2·1·1 ...) see below
    chance = sum(
        a * b * abs(i - j) / 2
        for i, a in enumerate((2 / 4, 1 / 4, 1 / 4))
        for j, b in enumerate((1 / 4, 2 / 4, 1 / 4))
    )
    assert whole.kappa_weighted == pytest.approx(1 - (0.5 / 4) / chance)
    assert (whole.checks, whole.answered_alike) == (3, pytest.approx(2 / 3))
    assert (found["D4"].checks, found["D4"].answered_alike) == (2, 0.5)
    assert (found["D1"].checks, found["D1"].answered_alike, found["D1"].kappa) == (1, 1.0, None)
    assert (found["D2"].checks, found["D2"].trials) == (0, 0)


def test_one_assessor_alone_agrees_with_nobody():
    assert agreement([judged("a", SOME), judged("a", NONE, "agreed")]) == []
    assert len(agreement([judged("a", SOME, who) for who in "ABC"])) == 3 * 5


def test_a_whole_that_an_assessor_leaves_to_the_domains_is_compared():
    rows = [judged("a", NONE, "A", d) for d in ("D1", "D2", "D3")]
    rows += [judged("a", SOME, "A", "D4"), judged("a", SOME, "B")]
    (whole,) = [r for r in agreement(rows) if r.domain == "overall"]
    assert (whole.trials, whole.judged_alike) == (1, 1.0)
