"""What a page needs to pool its analysis anew in the browser: numbers, model, thresholds, words.

`static/repool.js` computes from it what the stages synthesize and report compute, by the same
rules, for any of the trials; `printed` are the words that it must print of all of them. A model
that is an iteration over counts of two arms, or over arms that share a control, is not computed
there: `refusal` says so to the reader.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cache
from typing import Any

from ketameta.configuration import Analysis
from ketameta.evidence import agreement, bias, missing, precision
from ketameta.evidence.bias import RISKS, risk_of
from ketameta.evidence.certainty import LEVELS, NOT_RATED, Certainty
from ketameta.evidence.missing import hides
from ketameta.evidence.rules import RULES
from ketameta.measures import INVERSE_VARIANCE, LOG, LOGIT, MEASURES, PLAIN
from ketameta.methods import COMMON, NEED_ONE_MEAN, small_study_test
from ketameta.report import wording, wording_splits
from ketameta.report.naming import favoured_sides
from ketameta.report.pages import script
from ketameta.report.repool_fields import facets, fields_of
from ketameta.report.repool_printed import printed
from ketameta.report.wording_model import ENGINES as ENGINE_WORDS
from ketameta.report.wording_model import FAILURES, INTERVALS
from ketameta.synthesize.absolute import skewed
from ketameta.synthesize.words import group_of
from ketameta.tables.collection import Tables, by
from ketameta.tables.diagnostics import JudgementRow
from ketameta.tables.effects import MissingResultRow
from ketameta.tables.fits import Engine, Failure
from ketameta.tables.syntheses import StudyRow, SynthesisRow
from ketameta.vocabulary import vocabulary
from ketameta.vocabulary.narrowing import keys

# what the script computes: estimators of tau², ways of pooling, and comparisons of risks
ESTIMATORS = ("EE", "DL", "DL2", "HE", "HS", "HSk", "SJ", "ML", "REML", "EB", "PM", "PMM")
ENGINES = (Engine.INDEPENDENT, Engine.MANTEL_HAENSZEL, Engine.PETO, Engine.GLMM)
RISKS_BY = ("ratio", "odds", "difference")
# what does not follow a choice of trials
STAYS = (
    "Rated by the same rules from the trials that are left. Results known to be missing count as "
    "they do for all trials, and a judgement of risk of bias stays that of its trial; what a panel "
    "would weigh beside the rules is not weighed anew."
)
# thresholds of claims, by which no analysis is rated
_UNUSED = ("heard_trials", "heard_people")


def repool_data(analysis: Analysis, record: SynthesisRow, own: Tables, rated: Certainty) -> str:
    """Return what the script is given of an analysis, as JSON; empty where nothing is pooled.

    `own` are its rows of the tables that its page is made from. Numbers are on the scale of the
    analysis with every digit. What is empty is left out. It may stand in an element of a page.
    """
    if record.k < 2 or record.estimate is None:
        return ""
    data = _data(analysis, record, own, rated)
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _data(
    analysis: Analysis, record: SynthesisRow, own: Tables, rated: Certainty
) -> dict[str, Any]:
    told = {"slug": analysis.slug, "title": analysis.display.title}
    if why := refusal(analysis, record):
        return {"analysis": told, "refused": why}
    studies, judgements = own[StudyRow], own[JudgementRow]
    splits = _splits(analysis, studies)
    risks = _risks(studies, judgements, share=analysis.select.by_arm)
    fields = [fields_of(study, risks[study.trial_id][0]) for study in studies]
    return {
        "analysis": told,
        "measure": _measure(analysis),
        "model": _model(analysis, record),
        "splits": splits,
        "studies": [
            _study(study, splits, risks[study.trial_id], told)
            for study, told in zip(studies, fields, strict=True)
        ],
        "facets": [asdict(facet) for facet in facets(fields)],
        "scales": _scales(studies),
        "asked": list(analysis.select.scales or ()),
        "certainty": _certainty(analysis, own[MissingResultRow], rated),
        "published": asdict(printed(analysis, record, own, rated)),
    }


def refusal(analysis: Analysis, record: SynthesisRow) -> str:
    """Say why an analysis is not pooled anew on its page; empty where it is."""
    measure, model = MEASURES[analysis.select.measure], analysis.model
    known = measure.treated_risk is None or measure.risks_by in RISKS_BY
    if not known or measure.transform not in (PLAIN, LOG, LOGIT):
        return _refused(f"the {measure.words}")
    if record.engine == Engine.THREE_LEVEL:
        return _refused("the three-level model of effects that share a control")
    if record.engine not in ENGINES:
        return _refused(f"the model of this analysis ({record.engine})")
    if model.interval in NEED_ONE_MEAN:
        return _refused(f"the {INTERVALS[model.interval]} interval")
    if model.tau2 not in ESTIMATORS:
        return _refused(f"the estimator {model.tau2} of τ²")
    # a rule that the script does not name it does not know
    unknown = [rule.short for name, rule in RULES.items() if f'"{name}"' not in _script()]
    return _refused(f"the rule of certainty “{unknown[0]}”") if unknown else ""


@cache
def _script() -> str:
    return script("repool.js")


def _refused(what: str) -> str:
    return (
        f"Trials cannot be left out on this page: {what} is not computed in the browser, only when "
        "the report is made."
    )


def _measure(analysis: Analysis) -> dict[str, Any]:
    """Return what is pooled, and how it is written and drawn."""
    measure = MEASURES[analysis.select.measure]
    return _told(
        name=measure.name,
        words=measure.words,
        transform=measure.transform.name,
        log=measure.is_ratio,
        null=measure.null,
        counts=measure.counts,
        inPoints=measure.in_points,
        standardised=measure.is_standardised,
        risks=measure.risks_by or None,
        digits=measure.digits,
        factor=measure.factor,
        unit=wording.unit_sign(measure.name),
        bounds=measure.bounds,
        limits=measure.limits,
        heading=measure.heading,
        axis=measure.axis,
        sides=favoured_sides(analysis),
    )


def _model(analysis: Analysis, record: SynthesisRow) -> dict[str, Any]:
    """Return how the effects are pooled."""
    model = analysis.model
    common = model.tau2_subgroups == COMMON and model.pooling == INVERSE_VARIANCE
    measure = MEASURES[analysis.select.measure]
    return _told(
        pooling=record.engine,
        tau2=model.tau2,
        interval=model.interval,
        level=model.level,
        prediction=model.prediction,
        least=model.minimum_k,
        common=common,
        smallStudy=small_study_test(measure, model.small_study),
        favours=record.favours,
        **_of_shares(record),
    )


def _of_shares(record: SynthesisRow) -> dict[str, Any]:
    """Return the words of the model of shares, and for why it finds nothing."""
    if record.engine != Engine.GLMM:
        return {}
    why = (Failure.NO_EVENT, Failure.ALL_EVENTS, Failure.NO_MAXIMUM)
    return {"how": ENGINE_WORDS[Engine.GLMM], "failures": [FAILURES[one] for one in why]}


def _splits(analysis: Analysis, studies: Sequence[StudyRow]) -> list[dict[str, Any]]:
    """Return the splits of an analysis, each with its groups in their order: word and label."""
    found = []
    for split in analysis.model.splits:
        order = {name: place for place, name in enumerate(keys()[split])}
        words = {group_of(split, study) for study in studies}
        groups = sorted(words, key=lambda name: (order.get(name, len(order)), name))
        labels = [wording_splits.group(split, name) for name in groups]
        name = wording_splits.name(split)
        found.append({"split": split, "name": name, "groups": groups, "labels": labels})
    return found


def _risks(
    studies: Sequence[StudyRow], judgements: Sequence[JudgementRow], *, share: bool
) -> dict[str, tuple[str, str]]:
    """Return the risk of bias of each trial, at the worst and at the best."""
    found, judged = {}, by(judgements, lambda judgement: judgement.trial_id)
    for trial in {study.trial_id for study in studies}:
        own = judged[trial]
        ends = (
            [(j.tool, j.domain, word) for j, word in zip(own, words, strict=True)]
            for words in ([j.judgement for j in own], [j.best for j in own])
        )
        worst, best = (risk_of(end, share=share) for end in ends)
        found[trial] = worst, best
    return found


def _study(
    study: StudyRow,
    splits: Sequence[Mapping[str, Any]],
    risks: tuple[str, str],
    fields: Mapping[str, Any],
) -> dict[str, Any]:
    """Return an effect with all that it is pooled, rated and made absolute by."""
    scored = not MEASURES[study.measure].counts
    return _told(
        key=wording.anchor(study),
        label=f"{study.label}, {study.comparison}" if study.comparison else study.label,
        trial=study.trial_id,
        y=study.yi,
        v=study.vi,
        people=study.people,
        nT=study.n_t,
        nC=study.n_c,
        eventsT=study.events_t,
        eventsC=study.events_c,
        sdT=study.sd_t if scored else None,
        sdC=study.sd_c if scored else None,
        meanC=study.mean_c if scored and study.basis == "endpoint" else None,
        scale=study.scale if scored else None,
        skewed=(scored and skewed(study)) or None,
        weight=study.weight,
        groups=[s["groups"].index(group_of(s["split"], study)) for s in splits],
        route=study.drug_route,
        design=study.design,
        risk=[RISKS.index(end) for end in risks],
        fields=fields,
    )


def _scales(studies: Sequence[StudyRow]) -> dict[str, Any]:
    """Return of each scale its ends and its minimal important difference, as far as known."""
    known = vocabulary().scales
    return {
        name: _told(low=known[name].minimum, high=known[name].maximum, mid=known[name].mid)
        for name in sorted({study.scale for study in studies})
        if name in known
    }


def _certainty(
    analysis: Analysis, lost: Sequence[MissingResultRow], rated: Certainty
) -> dict[str, Any]:
    """Return what the certainty is rated by besides the trials, and the words for it."""
    labels = vocabulary().words("certainty_levels")
    limits = asdict(analysis.certainty)
    return {
        "start": LEVELS.index(rated.start),
        "limits": {name: limits[name] for name in limits if name not in _UNUSED},
        "levels": LEVELS,
        "stays": STAYS,
        "labels": [labels[level] for level in LEVELS],
        "unrated": labels[NOT_RATED],
        "domains": [
            bias.DOMAIN,
            agreement.INCONSISTENCY,
            agreement.INDIRECTNESS,
            precision.DOMAIN,
            missing.DOMAIN,
        ],
        "rules": {name: rule.short for name, rule in RULES.items()},
        "missing": [
            _told(
                trial=row.trial_id,
                label=row.label,
                n=row.n,
                hides=hides(row),
                silent=not row.through,
            )
            for row in lost
        ],
    }


def _told(**cells: Any) -> dict[str, Any]:
    """Return the cells that are not empty."""
    return {name: value for name, value in cells.items() if value is not None}
