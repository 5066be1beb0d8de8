"""The model behind an estimate in words: every fact of a fit has them, and nothing reads them."""

import re

import pytest

from ketameta.report import wording_model
from ketameta.tables.fits import Engine, Failure, IntervalRule
from ketameta.tables.syntheses import SensitivityRow, SynthesisRow

from ..rows import row
from .made import report

FIT = {"tau2_by": "REML", "rule": IntervalRule.HKSJ, "converged": True}


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"engine": Engine.NONE}, "no trial"),
        ({"engine": Engine.SINGLE, "rule": IntervalRule.WALD}, "one trial, not pooled"),
        ({"engine": Engine.TOO_FEW, "needed": 4}, "not pooled: fewer than 4 trials"),
        ({"engine": Engine.INDEPENDENT}, "REML, HKSJ"),
        (
            {"engine": Engine.INDEPENDENT, "rule": IntervalRule.FLOORED, "converged": False},
            "REML, floored HKSJ, not converged",
        ),
        (
            {"engine": Engine.GROUPS, "tau2_by": "DL", "converged": None},
            "DL, one τ² for all groups, HKSJ",
        ),
        ({"engine": Engine.THREE_LEVEL, "rule": IntervalRule.T}, "REML, three-level, t"),
        ({"engine": Engine.GLMM, "rule": IntervalRule.WALD}, "binomial-normal GLMM, Wald"),
        (
            {"engine": Engine.GLMM, "failure": Failure.NO_EVENT},
            "not pooled: no trial has an event",
        ),
        (
            {
                "engine": Engine.MANTEL_HAENSZEL,
                "rule": IntervalRule.WALD,
                "converged": None,
                "as_parallel": True,
            },
            "Mantel-Haenszel, crossovers as if parallel, Wald",
        ),
        ({"engine": Engine.INDEPENDENT, "rule": IntervalRule.PROFILE}, "REML, profile likelihood"),
        ({"engine": Engine.PETO, "rule": IntervalRule.WALD, "converged": None}, "Peto, Wald"),
        (
            {"engine": Engine.UM_RS, "rule": IntervalRule.WALD, "as_parallel": False},
            "GLMM UM.RS, Wald",
        ),
        (
            {"engine": Engine.MANTEL_HAENSZEL, "failure": Failure.FEW_COUNTS, "needed": 2},
            "not pooled: counts of fewer than 2 trials",
        ),
    ],
)
def test_a_fit_is_named_by_its_facts(facts, words):
    assert wording_model.model(row(SynthesisRow, **FIT | facts)) == words


@pytest.mark.parametrize("failure", Failure)
def test_every_failure_has_words(failure):
    fit = row(SynthesisRow, **FIT, engine=Engine.GLMM, failure=failure, needed=2)
    assert len(wording_model.failure(fit)) > 10


def test_a_model_in_other_words_changes_the_words_alone(made, kit, monkeypatch):
    tables = kit.counts((9, 20, 4, 20), (12, 22, 6, 22), (7, 19, 5, 19), (11, 30, 6, 30))
    whole = made(tables, {"response": kit.response, "share": kit.share})
    rows = [*whole.tables[SynthesisRow], *whole.tables[SensitivityRow]]
    said = list(map(wording_model.model, rows))
    monkeypatch.setattr(wording_model, "ENGINES", dict.fromkeys(Engine, "by other words"))
    files = report(whole.tables, whole.configuration)
    now = dict(zip(said, map(wording_model.model, rows), strict=True))
    assert "REML, HKSJ" in now
    assert "binomial-normal GLMM, Wald" in now
    differ = {path for path in files if files[path] != whole.files[path]}
    assert "tables/syntheses.csv" in differ
    # certainty and claims are judged, checks in R written and methods told by the facts
    for path in differ - {"ketameta.xlsx"}:
        before, after = (
            re.sub(r"<svg.*?</svg>", "", made[path], flags=re.DOTALL)
            for made in (whole.files, files)
        )
        for old, new in now.items():
            before = before.replace(old, new)
        assert before == after, path
