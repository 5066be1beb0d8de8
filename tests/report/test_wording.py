"""Sentences say what the numbers allow, and no more."""

import math
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ketameta.evidence.certainty import level
from ketameta.evidence.rated import RatedSynthesis
from ketameta.evidence.results import certainties
from ketameta.report import (
    wording,
    wording_absolute,
    wording_certainty,
    wording_domains,
    wording_method,
    wording_splits,
)
from ketameta.report.references import REFERENCES
from ketameta.tables.diagnostics import JudgementRow
from ketameta.tables.fits import Engine
from ketameta.tables.syntheses import AbsoluteRow, StudyRow, SubgroupRow, SynthesisRow
from ketameta.tables.table import extended

from ..rows import row


def risk(difference, low, high, control=0.1):
    cells = {"control_risk": control, "arms": 3, "assumed": "median of the control arms"}
    for end, value in (("", difference), ("_low", low), ("_high", high)):
        cells[f"difference{end}"] = value
        cells[f"nnt{end}"] = 1 / value if value else None
    return row(AbsoluteRow, **cells)


@pytest.mark.parametrize(
    ("absolute", "favours", "text"),
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
def test_numbers_needed_to_treat(absolute, favours, text):
    said = wording_absolute.needed(absolute, favours)
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
    assert wording_absolute.more_or_fewer(risk(0.1, 0.05, 0.2)) == "100 more (50 more to 200 more)"
    said = wording_absolute.more_or_fewer(risk(-0.1, -0.2, 0.05))
    assert said == "100 fewer (200 fewer to 50 more)"


def test_an_answer_names_a_side_only_where_its_interval_allows_and_hedges_it(
    configuration, records
):
    null = {"RR": 1, "MD": 0, "SMD": 0}
    for analysis in configuration:
        record = records[analysis.name]
        said = wording.answer(analysis, record)
        names = re.search(r"(raise|lower)s? ", said) is not None
        if analysis.select.measure not in null or record.estimate is None:
            assert not names
            continue
        none = null[analysis.select.measure]
        excludes = not record.ci_low <= none <= record.ci_high
        assert names == excludes
        assert ("very uncertain" in said) == (record.certainty == "very low")
        # said once a page, in a sentence of its own
        assert "of 100 settings" not in said


@pytest.mark.parametrize(
    ("name", "ends", "said"),
    [
        ("response_24h", (1.24, 3.1), "true risk ratio would lie between 1.24 and 3.10."),
        ("response_24h", (0.9, 3.1), "between 0.90 and 3.10: no difference, or one in the other "
         "direction, is not excluded."),
        ("response_24h", (1.0, 3.1), "true risk ratio would lie between 1.00 and 3.10."),
        ("response_24h_arm", (0.176, 0.66), "true share would lie between 18% and 66%."),
        ("reduction_24h_arm", (-35.2, 113.4), "true mean fall would lie between −35% and 100%."),
        ("depression_24h", (-1.2, -0.1), "standardised mean difference would lie between −1.20 "
         "and −0.10."),
    ],
)  # fmt: skip
def test_the_prediction_is_a_plain_sentence_on_its_scale(configuration, name, ends, said):
    analysis = configuration[name]
    cells = {"measure": analysis.select.measure, "k": 5, "tau2": 0.1}
    pooled = row(SynthesisRow, **cells, pi_low=ends[0], pi_high=ends[1])
    text = wording.prediction(analysis, pooled)
    assert text.startswith("In 95 of 100 settings like these the ")
    assert text.endswith(said)
    assert wording.prediction(analysis, replace(pooled, k=4)) == ""
    assert wording.prediction(analysis, replace(pooled, tau2=0.0)) == ""
    assert wording.prediction_text(replace(pooled, k=4)) == ""


@pytest.mark.parametrize(
    ("measure", "ends", "said"),
    [
        ("PCTRED", (-126.0, 194.0), "34 [<−100, >100]"),
        ("PCTRED", (-100.4, 100.4), "34 [−100, 100]"),
        ("PCTRED", (-100.6, 100.6), "34 [<−100, >100]"),
        ("PLO", (-0.004, 1.004), "3400 [0, 100]"),
        ("PLO", (-0.006, 1.006), "3400 [<0, >100]"),
        ("MD", (-126.0, 194.0), "34.0 [−126.0, 194.0]"),
    ],
)
def test_an_end_beyond_the_scale_of_per_cent_is_not_written_as_a_number(measure, ends, said):
    pooled = row(SynthesisRow, estimate=34.0, ci_low=ends[0], ci_high=ends[1])
    assert wording.estimate_interval(measure, pooled) == said.replace("3400", "3,400")
    inner = said.partition("[")[2].removesuffix("]").replace(", ", " to ")
    assert wording.interval(measure, *ends) == inner


@pytest.mark.parametrize(
    ("measure", "k", "high", "few"),
    [("RR", 2, 50.0, False), ("RR", 2, 50.1, True), ("OR", 2, 50.1, True), ("RR", 3, 519.0, False),
     ("RD", 2, 519.0, False)],
)  # fmt: skip
def test_two_trials_with_ends_far_apart_tell_no_people_of_a_thousand(measure, k, high, few):
    assert wording.useless(row(SynthesisRow, measure=measure, k=k, ci_low=1.0, ci_high=high)) == few


def test_where_two_trials_are_too_few_no_absolute_end_is_written():
    treated = {"treated_risk": 0.15, "treated_risk_low": 0.001, "treated_risk_high": 1.0}
    found = replace(risk(0.05, -0.01, 0.9), **treated)
    said = wording_absolute.more_or_fewer(found, few=True)
    assert said == "50 more (two trials, too few for a useful interval)"
    assert wording_absolute.treated(found, few=True) == "150"
    assert wording_absolute.treated(found) == "150 (1 to 1,000)"
    assert wording_absolute.needed(found, "below", few=True) == "NNTH 20"
    assert "may as well be harm as benefit" in wording_absolute.needed_meaning(found, "below", True)


def test_few_trials_say_why_there_is_no_prediction(configuration, records):
    analysis, record = configuration["depression_24h"], records["depression_24h"]
    said = " ".join(wording_method.method(analysis, record))
    assert "prediction interval is from t" in said
    few = " ".join(wording_method.method(analysis, replace(record, k=4)))
    assert "Fewer than 5 trials give no prediction interval worth telling." in few
    assert "prediction interval is from t" not in few
    alike = " ".join(wording_method.method(analysis, replace(record, tau2=0.0)))
    assert "No prediction interval is told, as τ² is estimated as 0" in alike
    assert "prediction interval is from t" not in alike


LEVELS = ("very low", "low", "moderate", "high")
# what the sentence asserts: nothing, may, probably, plainly
ASSERTS = (
    (r"very uncertain|is not clear", 0),
    (r"\bmay\b", 1),
    (r"\bprobably\b", 2),
    (r"\b(raises|lowers|makes little|is near)\b", 3),
)


def strength(said):
    found = [number for words, number in ASSERTS if re.search(words, said)]
    assert found, said
    return min(found)


def result(analysis, low, high, certainty):
    bounds = {"SMD": (-0.2, 0.2), "RR": (0.8, 1.25)}.get(analysis.select.measure)
    cells = {"measure": analysis.select.measure, "k": 5, "n": 100, "estimate": (low + high) / 2}
    pooled = row(SynthesisRow, **cells, ci_low=low, ci_high=high, favours="above")
    return extended(RatedSynthesis, pooled, verdict="", certainty=certainty, worthwhile=bounds)


@pytest.mark.parametrize(
    ("name", "low", "high", "said"),
    [
        ("response_24h", 1.3, 2.0, [
            "(Es)ketamine may raise the chance of response compared with control, but the evidence "
            "is very uncertain.",
            "(Es)ketamine may raise the chance of response compared with control.",
            "(Es)ketamine probably raises the chance of response compared with control.",
            "(Es)ketamine raises the chance of response compared with control."]),
        ("esketamine_v_ketamine", -0.9, -0.3, [
            "Esketamine may lower the depression score compared with ketamine, but the evidence is "
            "very uncertain.",
            "Esketamine may lower the depression score compared with ketamine.",
            "Esketamine probably lowers the depression score compared with ketamine.",
            "Esketamine lowers the depression score compared with ketamine."]),
        ("ae_serious", 0.9, 1.2, [
            "(Es)ketamine may make little or no difference to the risk of a serious adverse event "
            "compared with control, but the evidence is very uncertain.",
            "(Es)ketamine may make little or no difference to the risk of a serious adverse event "
            "compared with control.",
            "(Es)ketamine probably makes little or no difference to the risk of a serious adverse "
            "event compared with control.",
            "(Es)ketamine makes little or no difference to the risk of a serious adverse event "
            "compared with control."]),
        ("ae_nausea", 0.9, 2.0, [
            "The evidence is very uncertain about the effect of (es)ketamine on the risk of "
            "nausea.",
            *3 * ["Whether (es)ketamine changes the risk of nausea compared with control is not "
                  "clear: the interval includes both no difference and one that would matter."]]),
        ("response_24h_arm", 0.3, 0.5, [
            "The evidence is very uncertain about the share of people with response.",
            "The share of people with response may be near this, without comparison to a control.",
            "The share of people with response is probably near this, without comparison to a "
            "control.",
            "The share of people with response is near this, without comparison to a control."]),
    ],
)  # fmt: skip
def test_the_words_of_each_level(configuration, name, low, high, said):
    analysis = configuration[name]
    records = [result(analysis, low, high, word) for word in LEVELS]
    assert [wording.statement(analysis, record) for record in records] == said


NAMES = ("response_24h", "ae_nausea", "depression_24h", "response_24h_arm", "reduction_24h_arm")


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(NAMES),
    st.floats(0.01, 3),
    st.floats(0.001, 3),
    st.sampled_from(["high", "low"]),
    st.lists(st.integers(-2, 0), min_size=5, max_size=5),
    st.integers(0, 4),
)
def test_lowering_a_domain_never_strengthens_the_sentence(
    configuration, name, low, width, start, ratings, domain
):
    analysis = configuration[name]
    shift = 1.5 if analysis.select.measure == "SMD" else 0.0
    lowered = [r - (i == domain) for i, r in enumerate(ratings)]
    before, after = (
        wording.statement(
            analysis, result(analysis, low - shift, low - shift + width, level(start, r))
        )
        for r in (ratings, lowered)
    )
    assert strength(after) <= strength(before)
    assert strength(before) <= LEVELS.index(level(start, ratings))


def test_a_domain_is_worded_from_its_numbers(configuration, tables):
    rated = certainties(tables, configuration)
    for analysis in configuration:
        for rating in rated[analysis.name].ratings:
            said = wording_domains.domain_reason(analysis, rating)
            assert re.fullmatch(r"[A-Z0-9].*[.]", said)
            assert ("not judged" in wording_certainty.taken(rating)) == (not rating.judged)
    bias = rated["response_24h"].ratings[0]
    said = wording_domains.domain_reason(configuration["response_24h"], bias)
    several = sum(
        s.weight for s in tables[StudyRow]
        if s.analysis == "response_24h" and max(
            sum(j.judgement == "high" and j.domain != "overall" and j.tool == tool
                for j in tables[JudgementRow]
                if (j.analysis, j.trial_id) == ("response_24h", s.trial_id))
            for tool in ("RoB1", "RoB2")
        ) > 1
    )  # fmt: skip
    assert several > 1
    assert f"{several:.0f}% is at high risk of bias in several domains" in said


def test_levels_have_a_symbol_and_a_text_beside_it():
    assert [wording_certainty.symbol(word) for word in LEVELS] == [
        *("⊕⊝⊝⊝", "⊕⊕⊝⊝", "⊕⊕⊕⊝", "⊕⊕⊕⊕")
    ]
    assert wording_certainty.certainty_label("low") == "low certainty"
    assert wording_certainty.certainty_label(None) == "certainty not recorded"
    assert not wording_certainty.is_rated("not rated")


def test_a_range_is_written_from_its_upper_to_its_lower_end():
    assert wording_certainty.symbol("very low", "low") == "⊕⊕⊝⊝ to ⊕⊝⊝⊝"
    assert wording_certainty.certainty_label("very low", "low") == "low to very low certainty"
    assert wording_certainty.certainty_label("low", "low") == "low certainty"
    assert wording_certainty.words("very low", "low") == "low to very low"
    ranks = [wording_certainty.rank(*ends) for ends in (
        ("very low",), ("very low", "low"), ("low", "low"), ("low", "moderate"))]  # fmt: skip
    assert ranks == [1, 1.5, 2, 2.5]
    assert wording_certainty.rank(None) == wording_certainty.rank("not rated") == ""


def test_a_range_says_what_makes_it_one(configuration, tables):
    for rated in certainties(tables, configuration).values():
        said = wording_certainty.why_a_range(rated)
        assert bool(said) == (rated.level != rated.best)
        if said:
            assert said.startswith(wording_certainty.words(*rated.span).capitalize())
            worst, best = rated.ratings[0].facts.worst, rated.ratings[0].facts.best
            share = f"{worst['not judged']:.0f}% of the weight is from trials not judged"
            assert (share in said) == (worst["not judged"] > 0)
            assert ("reports do not tell all" in said) == (worst != best)


def test_every_threshold_is_written(configuration):
    for analysis in configuration:
        shown = wording_certainty.thresholds_in_words(analysis)
        assert {key: float(value) for key, value in shown.items()} == vars(analysis.certainty)


def test_the_rule_that_chose_the_interval_follows_from_the_result(configuration, records):
    for analysis in configuration:
        record = records[analysis.name]
        said = wording_method.choice(analysis, record)
        if record.k < 2 or record.estimate is None:
            assert said == ""
        elif record.engine == "GLMM":
            assert "binomial-normal" in said
        else:
            wald = record.wald_high - record.wald_low
            hksj = record.hksj_high - record.hksj_low
            chosen = record.k == 2 or record.tau2 == 0
            rule = "Wald" if chosen and wald > hksj else "HKSJ"
            assert f"so the headline is the {rule} interval" in said
            assert (f"{rule} is the wider" in said) == chosen


def test_the_method_cites_the_model_that_was_used(configuration, records):
    for analysis in configuration:
        record = records[analysis.name]
        said = " ".join(wording_method.method(analysis, record))
        pooled = record.k > 1 and record.estimate is not None
        assert ("Nothing is pooled" in said) != pooled
        assert ("Stijnen 2010" in said) == (record.engine == "GLMM")
        other = wording_method.refitted(record)
        assert bool(other) == (record.engine == "GLMM")
        assert not other or "the headline's binomial-normal model" in other
        assert ("Viechtbauer 2005" in said) == (record.tau2_by == "REML")
        assert ("Sidik 2002" in said) == (record.rule == "hksj")
        for name, reference, doi in wording_method.cited([said]):
            assert REFERENCES[name] == (reference, doi)


def test_every_citation_is_to_a_work_of_the_list(configuration, records, tables):
    for analysis in configuration:
        studies = [s for s in tables[StudyRow] if s.analysis == analysis.name]
        texts = [*wording_method.method(analysis, records[analysis.name]),
                 wording_method.choice(analysis, records[analysis.name]),
                 wording_method.bases(analysis, studies)]  # fmt: skip
        named = set(re.findall(r"[A-ZÖ][A-Za-zö]+ (?:19|20)\d\d", " ".join(texts)))
        assert named <= set(REFERENCES)


@pytest.mark.parametrize("engine", [engine for engine in Engine if engine.of_counts])
def test_every_way_of_pooling_counts_is_told_with_a_work_of_the_list(
    configuration, records, engine
):
    record = replace(records["response_24h"], engine=engine)
    assert record.estimate is not None
    said = wording_method.method(configuration["response_24h"], record)
    told = next(text for text in said if text.startswith("The counts are pooled by"))
    assert [name for name, *_ in wording_method.cited([told])]
    assert set(re.findall(r"[A-ZÖ][A-Za-zö]+ (?:19|20)\d\d", told)) <= set(REFERENCES)
    assert wording_method.other_model(record)


def test_mixed_bases_of_a_standardised_difference_are_named(configuration):
    bases = ("change", "change", "endpoint", "contrast")
    studies = [row(StudyRow, basis=basis) for basis in bases]
    said = wording_method.bases(configuration["depression_24h"], studies)
    assert "change from baseline 2" in said
    assert "Cochrane Handbook 10.5.2" in said
    assert "10.5.2" not in wording_method.bases(configuration["depression_24h"], studies[:2])
    assert wording_method.bases(configuration["response_24h"], studies) == ""


def test_what_is_borrowed_or_assumed_is_counted():
    def one(*words, design="parallel"):
        return row(StudyRow, assumptions=list(words), design=design)

    said = wording_method.borrowed([one("borrowed n"), one(), one("borrowed n", "correlation")])
    assert said == "2 of 3 effects borrow or assume something: borrowed n 2, correlation 1."
    assert "1 of 1 is from crossover" in wording_method.borrowed([one(design="crossover")])


def test_infinite_and_missing_numbers_have_a_sign():
    assert wording.fixed(math.inf, 2) == "∞"
    assert wording.quantity("RR", None) == "–"


def asked(configuration, **select):
    analysis = configuration["response_24h"]
    return replace(analysis, select=replace(analysis.select, **select))


@pytest.fixture
def other_drugs(monkeypatch):
    """Let the vocabulary know treatments of another review."""
    from ketameta.report import naming
    from ketameta.vocabulary import Treatment, vocabulary

    new = [
        Treatment("psilocybin", "psilocybin", "head-to-head"),
        Treatment("lsd", "lysergic acid diethylamide", "head-to-head", "LSD"),
        Treatment("citalopram", "citalopram", "antidepressant"),
        Treatment("escitalopram", "escitalopram", "antidepressant"),
        Treatment("mdma", "MDMA", "active"),
        Treatment("s-mdma", "S-MDMA", "active"),
    ]
    words = vocabulary()
    known = replace(words, treatments=words.treatments | {t.name: t for t in new})
    monkeypatch.setattr(naming, "vocabulary", lambda: known)


@pytest.mark.parametrize(
    ("treatments", "name"),
    [
        (("ketamine",), "ketamine"),
        (("esketamine", "ketamine"), "(es)ketamine"),
        (("ketamine", "esketamine"), "(es)ketamine"),
        (("psilocybin",), "psilocybin"),
        (("lsd",), "LSD"),
        (("psilocybin", "lsd"), "psilocybin or LSD"),
        (("citalopram", "escitalopram"), "citalopram or escitalopram"),
        (("ketamine", "psilocybin", "esketamine"), "ketamine, psilocybin or esketamine"),
        (("mdma", "s-mdma"), "MDMA or S-MDMA"),
        (("psilocybin", "lsd", "mdma", "citalopram"), "treatment"),
    ],
)
def test_the_treated_side_is_named_by_what_was_asked_for(
    configuration, other_drugs, treatments, name
):
    from ketameta.report import naming

    analysis = asked(configuration, treatments=treatments)
    assert naming.treatment_name(analysis) == name
    assert naming.favoured_sides(analysis) == ("favours control", f"favours {name}")


@pytest.mark.parametrize(
    ("expression", "name"),
    [
        ("drug_route=IV ketamine", "IV ketamine"),
        ("treatment=esketamine", "esketamine"),
        ("drug_route=IV ketamine|nasal esketamine", "IV ketamine or nasal esketamine"),
        ("population=TRD", "(es)ketamine"),
    ],
)
def test_a_narrowed_analysis_names_the_drug_that_it_is_narrowed_to(configuration, expression, name):
    from ketameta.report import naming

    analysis = configuration["response_24h"].narrowed(expression)
    assert naming.treatment_name(analysis) == name
    assert naming.favoured_sides(analysis) == ("favours control", f"favours {name}")


@pytest.mark.parametrize(
    ("treatments", "comparators", "name"),
    [
        (("ketamine",), ("inert", "active"), "control"),
        (("ketamine",), ("inert",), "control"),
        (("ketamine",), ("ect",), "ECT"),
        (("ketamine",), ("head-to-head",), "esketamine"),
        (("esketamine",), ("head-to-head",), "ketamine"),
        (("ketamine", "esketamine"), ("head-to-head",), "control"),
        (("ketamine",), ("antidepressant",), "quetiapine"),
    ],
)
def test_the_other_side_is_named_where_it_can_be_but_one(
    configuration, treatments, comparators, name
):
    from ketameta.report import naming

    analysis = asked(configuration, treatments=treatments, comparators=comparators)
    assert naming.control_name(analysis) == name


def test_an_interval_that_does_not_hold_its_estimate_is_named():
    cells = {"tau2": 0.5, "tau2_low": 0.6, "tau2_high": 2.0, "i2": 40.0, "i2_low": 45.0}
    cells |= {"i2_high": 90.0, "i2_q": 50.0, "q": 9.0, "q_df": 3, "q_p": 0.03}
    pooled = row(SynthesisRow, **cells)
    outside = "τ² and I² lie outside their intervals, which another method gives (Q-profile)"
    assert wording.heterogeneity(pooled).endswith(outside)
    inside = replace(pooled, tau2=0.7, i2=46.0)
    assert "outside" not in wording.heterogeneity(inside)
    said = wording.heterogeneity(replace(inside, i2=95.0))
    assert "I² lies outside its interval" in said
    assert "τ² and" not in said
    # of another method none is given
    assert "outside" not in wording.heterogeneity(replace(pooled, tau2_low=None, i2_low=None))


@pytest.mark.parametrize(
    ("total", "said"),
    [
        (0.49, "lies below that of each group"),
        (0.5, ""),
        (0.9, ""),
        (0.91, "lies above that of each group"),
        (None, ""),
    ],
)
def test_a_total_outside_all_its_subtotals_is_named(total, said):
    groups = [row(SubgroupRow, estimate=estimate) for estimate in (0.5, None, 0.9)]
    told = wording_splits.total_outside(row(SynthesisRow, estimate=total), groups)
    assert said in told
    assert bool(told) == bool(said)
    assert wording_splits.total_outside(row(SynthesisRow, estimate=0.1), groups[:2]) == ""
