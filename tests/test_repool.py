"""Trials left out in the browser: the script of a page prints what the stages compute, to the word.

Both sides are asked the same choices of trials: the script in a real browser, and the functions of
the stages synthesize, evidence and report with the same configuration.
"""

import json
from dataclasses import asdict, replace
from functools import cached_property
from pathlib import Path
from random import Random

import numpy as np
import pytest

from ketameta import vocabulary
from ketameta.configuration import load
from ketameta.evidence.certainty import certainty
from ketameta.evidence.results import evidence_of
from ketameta.evidence.rules import RULES
from ketameta.ingest.stage import ingest
from ketameta.measures import GLMM, MEASURES
from ketameta.normalize.stage import normalize
from ketameta.report.pages import script as script_of
from ketameta.report.repool import ENGINES, ESTIMATORS, repool_data
from ketameta.report.repool_printed import printed
from ketameta.stats import glmm, random_effects
from ketameta.synthesize.absolute import points
from ketameta.synthesize.stage import rated_from, synthesis, synthesize
from ketameta.synthesize.words import by_year
from ketameta.tables.collection import Tables, by
from ketameta.tables.diagnostics import JudgementRow
from ketameta.tables.effects import EffectRow, MissingResultRow
from ketameta.tables.raw import ClaimRow
from ketameta.tables.syntheses import PointsRow, SynthesisRow
from ketameta.vocabulary.narrowing import named

from .rows import tables_of

HERE = Path(__file__).parent
EXAMPLE = HERE.parent / "examples" / "psilocybin"
CHOICES = 10_000  # of the trials of all analyses together
PARTS = 8
ANSWER = "([data, keep]) => keep.map((k) => repool.printed(data, repool.pool(data, k)))"
NUMBERS = "([pages]) => pages.map((data) => repool.pool(data, data.studies.map(() => true)))"

pytestmark = pytest.mark.slow


class Asked:
    """An analysis with its effects, and what the stages make of some of them."""

    def __init__(self, analysis, effects, tables):
        self.analysis, self.effects = analysis, by_year(effects)
        self.missing, judged = (
            [row for row in tables[kind] if row.analysis == analysis.name]
            for kind in (MissingResultRow, JudgementRow)
        )
        self.judged = judged
        self._known = {}

    def other(self, measure=None, **model):
        """Return the same trials pooled otherwise."""
        made = Asked.__new__(Asked)
        made.__dict__ = {**self.__dict__, "_known": {}}
        made.__dict__.pop("data", None)
        select = replace(self.analysis.select, measure=measure or self.analysis.select.measure)
        asked = replace(self.analysis.model, **model)
        made.analysis = replace(self.analysis, select=select, model=asked)
        return made

    def _made(self, effects):
        trials = {effect.trial_id for effect in effects}
        record = synthesis(self.analysis, effects)
        judged = [row for row in self.judged if row.trial_id in trials]
        rows = rated_from(self.analysis, record, effects, self.missing, judged) | Tables(
            {
                SynthesisRow: [record],
                MissingResultRow: self.missing,
                PointsRow: points(self.analysis.name, self.analysis.select, record, effects),
            }
        )
        return self.analysis, record, rows, certainty(self.analysis, evidence_of(rows))

    @cached_property
    def data(self):
        """What the page is given; None where nothing is pooled."""
        text = repool_data(*self._made(self.effects))
        return json.loads(text) if text else None

    def words(self, keep):
        """Return what the stages print of the effects that are kept."""
        if (key := tuple(keep)) not in self._known:
            kept = [effect for effect, yes in zip(self.effects, keep, strict=True) if yes]
            self._known[key] = json.loads(json.dumps(asdict(printed(*self._made(kept)))))
        return self._known[key]

    def choices(self, number, seed):
        """Return random choices of trials, of any share of them; the first is all."""
        draw, k = Random(f"{self.analysis.name} {seed}"), len(self.effects)
        found = [[True] * k]
        while len(found) < number:
            share = draw.random()
            found.append([draw.random() < share for _ in range(k)])
        return found


def asked_of(tables, questions):
    """Return the analyses of a project that a page pools anew."""
    effects = by(tables[EffectRow], lambda row: row.analysis)
    found = [Asked(one, effects[one.name], tables) for one in questions if effects[one.name]]
    return [one for one in found if one.data and "refused" not in one.data]


@pytest.fixture(scope="module")
def own(tables, configuration):
    return asked_of(tables, configuration)


@pytest.fixture
def example():
    """Return the analyses of the example; the words are its own for as long as they are asked."""
    vocabulary.use(EXAMPLE / "workflow" / "config")
    questions = load(EXAMPLE / "workflow" / "config" / "analyses.yaml")
    found = tables_of(ingest(EXAMPLE / "data" / "raw")[0])
    questions = questions.asked(named(claim.analysis for claim in found[ClaimRow]))
    found |= tables_of(normalize(found, questions))
    found |= tables_of(synthesize(found, questions))
    yield asked_of(found, questions)
    vocabulary.use(HERE)


@pytest.fixture(scope="module")
def script(browser):
    """Return a function that asks the script as a page loads it."""
    page = browser.new_page()
    page.add_script_tag(content=script_of("repool.js"))
    page.evaluate("window.repool = window.ketametaRepool")
    yield lambda what, data, keep: page.evaluate(what, [data, keep])
    page.close()


def differing(script, asked, choices):
    """Return where the script prints another word than the stages, at most a few."""
    found = []
    for keep, theirs in zip(choices, script(ANSWER, asked.data, choices), strict=True):
        ours = asked.words(keep)
        theirs["studies"] = [s for s, yes in zip(theirs["studies"], keep, strict=True) if yes]
        assert ours.keys() == theirs.keys()
        found += [
            (asked.analysis.name, keep, name, ours[name], theirs[name])
            for name in ours
            if ours[name] != theirs[name]
        ]
    return found[:3]


@pytest.mark.parametrize("part", range(PARTS))
def test_random_choices_are_printed_as_the_stages_print_them(script, own, part):
    each = -(-CHOICES // len(own))
    assert len(own) > 20
    for asked in own[part::PARTS]:
        assert differing(script, asked, asked.choices(each, "all")) == []


def test_so_are_those_of_the_example(script, example):
    assert {one.data["model"]["pooling"] for one in example} == {*ENGINES[:2], GLMM}
    for asked in example:
        assert differing(script, asked, asked.choices(60, "example")) == []


@pytest.fixture(scope="module")
def three(own):
    """Return an analysis of events, one of scores and one of treated arms alone."""
    named_ = {one.analysis.name: one for one in own}
    return [named_[name] for name in ("response_24h", "depression_24h_madrs", "reduction_24h_arm")]


@pytest.mark.parametrize("tau2", ESTIMATORS)
def test_every_estimator_of_tau2_that_it_names_is_computed(script, three, tau2):
    for asked in three:
        other = asked.other(tau2=tau2)
        assert differing(script, other, other.choices(25, tau2)) == []


@pytest.mark.parametrize("interval", ["wald", "hksj", "hksj-adhoc"])
@pytest.mark.parametrize("prediction", ["k-2", "normal", "hksj-k-2", "k-2-wald"])
def test_so_is_every_rule_of_the_intervals(script, three, interval, prediction):
    for level in (0.5, 0.9, 0.999):
        other = three[0].other(interval=interval, prediction=prediction, level=level)
        assert differing(script, other, other.choices(10, level)) == []


def test_groups_may_have_a_variance_each_and_pools_a_least_number(script, three):
    for asked in three:
        other = asked.other(tau2_subgroups="separate", minimum_k=3)
        assert differing(script, other, other.choices(40, "apart")) == []


def test_effects_of_one_trial_count_once_and_people_in_parts_round_to_even(script, three):
    for asked in three[:2]:
        other = asked.other()
        first, *rest = asked.effects
        other.effects = [
            *(replace(first, comparison=arm, people=12.5) for arm in ("a", "b")),
            *(replace(one, people=one.people + 0.5, n_c=None) for one in rest[:4]),
        ]
        assert differing(script, other, other.choices(60, "parts")) == []


def test_shares_of_treated_arms_are_pooled_on_their_own_scale(script, tables, configuration):
    analysis = configuration["response_24h_arm"]
    effects = [row for row in tables[EffectRow] if row.analysis == analysis.name]
    shares = Asked(analysis, effects, tables).other(pooling="inverse variance")
    assert differing(script, shares, shares.choices(60, "shares")) == []


@pytest.mark.parametrize("test", ["Egger", "Harbord"])
def test_small_studies_are_looked_at_by_the_test_that_is_asked(script, three, test):
    other = three[0].other(measure="OR", small_study=test)
    assert differing(script, other, other.choices(60, test)) == []


@pytest.mark.parametrize("measure", ["RR", "OR", "RD"])
@pytest.mark.parametrize("way", ENGINES[1:3])
def test_counts_are_pooled_as_they_are(script, own, measure, way):
    if way not in MEASURES[measure].pooling:
        pytest.skip("no such way of this measure")
    names = ("response_24h", "ae_serious", "remission_24h")
    for asked in own:
        if asked.analysis.name in names:
            other = asked.other(measure=measure, pooling=way, tau2_subgroups="separate")
            assert other.data["model"]["pooling"] == way
            assert differing(script, other, other.choices(60, way)) == []


@pytest.mark.parametrize("measure", ["RR", "OR", "RD"])
def test_counts_of_which_everybody_has_the_event_tell_nothing(script, three, measure):
    other = three[0].other(measure=measure, pooling=ENGINES[1], tau2_subgroups="separate")
    full = [replace(e, events_t=e.n_t, events_c=e.n_c) for e in other.effects[:3]]
    other.effects = [*full, *other.effects[3:]]
    choices = [[i < 3 for i in range(len(other.effects))], *other.choices(10, "full")]
    assert differing(script, other, choices) == []
    assert "events on one side alone" in json.dumps(other.words(choices[0]))


def made_up(draw, k):
    """Return effects and variances of studies of any size, at times with likelihoods of peaks."""
    v = np.exp(draw.uniform(-7, draw.uniform(-6, 4), k))
    y = draw.normal(0, draw.choice([0.0, 0.1, 1.0]), k) + draw.standard_t(2, k) * np.sqrt(v)
    return y, v


@pytest.mark.parametrize("tau2", ["REML", "ML", "PM", "PMM", "DL"])
def test_numbers_of_made_up_studies_are_those_of_the_engine(script, three, tau2):
    """To nine digits, as the two sides add up in another order.

    A variance near 0 is known no nearer than by the rounding of the smallest sampling variance.
    """
    data = {**three[2].data, "splits": [], "facets": []}
    data["model"] = data["model"] | {"tau2": tau2, "interval": "hksj"}
    study = {"people": 1, "groups": [], "risk": [3, 3], "fields": {}}
    draw = np.random.default_rng(7)
    sets = [made_up(draw, int(draw.integers(2, 60))) for _ in range(200)]
    pages = [
        data | {"studies": [study | {"trial": f"{i}", "y": y, "v": v} for i, (y, v) in rows]}
        for rows in (enumerate(zip(*found, strict=True)) for found in sets)
    ]
    for (y, v), theirs in zip(sets, script(NUMBERS, pages, None), strict=True):
        ours = random_effects(y, v, tau2, "hksj", data["model"]["level"])
        small = 1e-14 * v.min()
        for name, mine in (("tau2", ours.tau2), ("tau2High", ours.tau2_high)):
            assert theirs[name] == pytest.approx(mine, rel=1e-9, abs=small), (name, y.size)
        pairs = {"estimate": "estimate", "low": "ci_low", "high": "ci_high", "se": "se"}
        for name, mine in pairs.items():
            assert theirs[name] == pytest.approx(getattr(ours, mine), rel=1e-9, abs=1e-9)
        for name, mine in (("i2", ours.i2), ("q", ours.q), ("qP", ours.q_p)):
            assert theirs[name] == pytest.approx(mine, rel=1e-9, abs=1e-12)


def counts_apart(draw, k):
    """Return events and people of arms whose shares may lie as far apart as they can."""
    n = draw.integers(2, 60, k)
    mean, apart = draw.normal(0, 3), draw.choice([0.1, 0.5, 2, 5])
    shares = 1 / (1 + np.exp(-draw.normal(mean, apart, k)))
    return draw.binomial(n, np.where(draw.random(k) < draw.choice([0, 0.3]), 0, shares)), n


def test_shares_of_made_up_arms_are_those_of_the_engine(script, tables, configuration):
    """To five digits, as the engine's points hold them no nearer where shares lie far apart."""
    effects = [row for row in tables[EffectRow] if row.analysis == "response_24h_arm"]
    data = Asked(configuration["response_24h_arm"], effects, tables).data
    data = {**data, "splits": [], "facets": []}
    study = {"people": 1, "groups": [], "risk": [3, 3], "fields": {}, "y": 0}
    draw = np.random.default_rng(11)
    sets = [counts_apart(draw, int(draw.integers(2, 20))) for _ in range(300)]
    pages = [
        data
        | {
            "studies": [
                study
                | {"trial": f"{i}", "eventsT": x, "nT": n, "v": 1 / (x + 0.5) + 1 / (n - x + 0.5)}
                for i, (x, n) in enumerate(zip(*(row.tolist() for row in found), strict=True))
            ]
        }
        for found in sets
    ]
    found = {True: 0, False: 0}
    for (x, n), theirs in zip(sets, script(NUMBERS, pages, None), strict=True):
        ours = glmm("PLO", xi=x, ni=n, level=data["model"]["level"])
        found[bool(ours.converged)] += 1
        assert bool(ours.converged) == ("failure" not in theirs), (x, n)
        if ours.converged:
            names = {"estimate": "estimate", "se": "se", "tau2": "tau2", "low": "ci_low", "q": "q"}
            for name, mine in names.items():
                here = getattr(ours, mine)
                near = pytest.approx(here, rel=1e-5, abs=1e-5 * ours.se)
                assert theirs[name] == near, (name, x, n)
    assert min(found.values()) > 5


def test_what_is_not_computed_is_said_and_gives_no_number(own):
    counts = next(one for one in own if one.analysis.name == "response_24h")
    for other in (
        counts.other(measure="OR", pooling="GLMM"),
        counts.other(interval="profile", tau2_subgroups="separate"),
    ):
        assert set(other.data) == {"analysis", "refused"}
        assert "not computed in the browser" in other.data["refused"]


def test_a_rule_of_certainty_that_the_script_does_not_know_is_one_of_these(three, monkeypatch):
    new = replace(RULES["i2"], name="few-trials", short="few trials")
    monkeypatch.setitem(RULES, new.name, new)
    assert "“few trials”" in three[0].other().data["refused"]


def test_every_page_pools_all_its_trials_to_what_is_published(built, browser):
    page, seen = browser.new_page(), 0
    for path in sorted(built.path("reports/analyses").glob("*.html")):
        page.goto(path.as_uri())
        told = page.evaluate(
            "() => { const at = document.getElementById('repool-data');"
            "if (!at) return null;"
            "const data = JSON.parse(at.textContent);"
            "if (data.refused) return null;"
            "const { pool, printed } = window.ketametaRepool;"
            "return [data.published, printed(data, pool(data, data.studies.map(() => true)))]; }"
        )
        if told:
            assert told[0] == told[1], path.name
            seen += 1
    page.close()
    assert seen > 20
