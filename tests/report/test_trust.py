"""The page of trustworthiness, and what pages of analyses say of trials in doubt."""

from __future__ import annotations

import re

import pytest

from ketameta.report import trust
from ketameta.report.wording_trust import in_analysis, tally
from ketameta.tables.assessed import PrefilledRow
from ketameta.tables.diagnostics import TrustAgreementRow, TrustRow
from ketameta.tables.raw import TrialRow, TrustworthinessRow
from ketameta.tables.syntheses import SensitivityRow, SynthesisRow
from ketameta.tables.trust import CHECKS, NONE, SERIOUS, SOME, WITHOUT_SERIOUS

from ..rows import row


def entered(trial, item, assessor="A", **cells):
    """Return a row of the raw table as cells."""
    return {"trial_id": trial, "item": item, "assessor": assessor, **cells}


COUNTS = ((9, 20, 4, 20), (8, 20, 3, 20), (12, 30, 6, 30))


@pytest.fixture(scope="module")
def page(made, kit):
    tables = kit.counts(*COUNTS)
    judged = {"judgement": SERIOUS, "support": "<b>copied</b>"}
    tables["trustworthiness"] = [
        entered("t000", "C3.1", answer="yes", support="as in t001"),
        entered("t000", "C3.1", "B", answer="no"),
        entered("t000", "D3", **judged),
        entered("t000", "D3", "B", judgement=NONE),
        entered("t000", "overall", **judged),
        entered("t000", "overall", "B", judgement=NONE),
        entered("t001", "overall", judgement=SOME),
        entered("t001", "overall", "B", judgement=SOME),
    ]
    return made(tables, {"response": kit.response})


def test_the_page_has_judgements_answers_and_what_stands(page, kit):
    assert kit.faults_of(page) == []
    text = page.page("trust")
    assert "judged of 2 of 3 trial reports: 1 with serious concerns, 1 with some concerns" in text
    assert "<b>copied</b>" not in text
    assert "&lt;b&gt;copied" in text
    # no registry number, and two trials of one size and nearly one name
    assert re.findall(r'class="light (\w+)"[^>]*>([^<]*)<', text) == [
        *(("high", "✕*"), ("high", "✕*"), ("noted", "!"), ("high", "Y/N!")),
        *(("concern", "~"), ("noted", "!"), ("noted", "!"), ("noted", "!")),
    ]
    assert 'aria-label="3.1 ' in text
    assert "A yes, B no" in text
    assert "serious concerns, the worse, as nothing was agreed" in text
    assert len(re.findall(r'<th scope="col"><abbr[^>]*>\d\.\d+</abbr>', text)) == len(CHECKS) == 21


def test_results_with_and_without_stand_on_both_pages(page):
    (record,) = page.tables[SynthesisRow]
    (without,) = [r for r in page.tables[SensitivityRow] if r.variant == WITHOUT_SERIOUS]
    assert (record.k, without.k) == (3, 2)
    for name in ("trust", "analyses/response"):
        assert f"{without.estimate:.2f} [" in page.page(name)
    text = page.page("analyses/response")
    assert (
        "is judged of 2 of 3 trials: T000 has serious concerns (assessors differ, and the worse "
        "stands). Without it the risk" in text
    )
    assert f'<th scope="row">{WITHOUT_SERIOUS}</th>' in text
    assert 'href="../trust.html"' in text
    assert f"{WITHOUT_SERIOUS},RR,2," in page.files["tables/sensitivity.csv"]
    assert f"{WITHOUT_SERIOUS},estimate" in page.files["tables/crosscheck.csv"]


def test_the_files_and_the_text_for_an_article_hold_it(page):
    assert page.files["tables/trustworthiness.csv"].count("\n") == 9
    assert (
        "t000,T000,overall,serious concerns,A;B,serious concerns;no concerns,true"
        in (page.files["tables/trust_judgements.csv"])
    )
    (whole,) = [r for r in page.tables[TrustAgreementRow] if r.domain == "overall"]
    assert (whole.trials, whole.judged_alike) == (2, 0.5)
    said = page.files["manuscript.md"]
    assert "The trustworthiness of 2 trial reports is judged by INSPECT-SR" in said
    assert "by two assessors" in said
    assert "wilkinson2025" in page.files["references.bib"]


def test_where_nobody_judged_the_page_says_so_and_what_the_program_saw(made, kit):
    tables = kit.together(kit.counts(*COUNTS))
    # of 20 whole scores 15.52 is the mean of none
    tables = kit.together(tables, kit.scores((15.52, 6, 20, 20.1, 6, 20)))
    found = made(tables, {"response": kit.response})
    assert kit.faults_of(found) == []
    text = found.page("trust")
    assert "No person has judged the trustworthiness of these trials." in text
    assert "no 20 whole scores have the mean 15.52" in text
    assert "outcomes.csv:" in text
    assert 'id="agreement"' not in text
    assert "Judgements</th>" not in text
    page = found.page("analyses/response")
    assert "Nobody has judged the trustworthiness of these trials" in page
    assert "Trustworthiness" not in found.files["manuscript.md"]
    told = {(r.trial_id, r.item): r.answer for r in found.tables[PrefilledRow] if r.found}
    assert told["t000", "C4.8"] == "yes"
    assert "t000,T000,C4.8,yes," in found.files["tables/prefilled.csv"]


# -- words --------------------------------------------------------------------------------------


def trusted(*words):
    return [row(TrustRow, label=f"T{i}", judgement=word) for i, word in enumerate(words)]


def test_what_is_not_settled_is_said():
    one = row(TrustRow, label="T0", judgement=SERIOUS, disputed=True)
    found = [pooled(4, 1.5, 1.1, 2.0)]
    said = in_analysis("RR", RECORD, 5, [one], found)
    assert "T0 has serious concerns (assessors differ, and the worse stands)." in said
    said = in_analysis("RR", RECORD, 5, [one, *trusted(SERIOUS)], found)
    assert "have serious concerns (assessors differ on 1, and the worse stands)." in said


def pooled(k, estimate, low=None, high=None):
    cells = {"variant": WITHOUT_SERIOUS, "measure": "RR", "k": k, "estimate": estimate}
    return row(SensitivityRow, **cells, ci_low=low, ci_high=high)


RECORD = row(SynthesisRow, measure="RR", k=5, estimate=2.0, ci_low=1.5, ci_high=2.7)


@pytest.mark.parametrize(
    ("rows", "found", "said"),
    [
        ((), [], "Nobody has judged the trustworthiness of these trials (INSPECT-SR)."),
        (
            (NONE, SOME),
            [],
            "judged of 2 of 5 trials: none has serious concerns, so that none is left out",
        ),
        (
            (SERIOUS, NONE),
            [pooled(4, 1.5, 1.1, 2.0)],
            "T0 has serious concerns. Without it the risk ratio is 1.50 [1.10, 2.00] from 4 trials "
            "in place of 2.00 [1.50, 2.70].",
        ),
        (
            (SERIOUS, SERIOUS, SERIOUS),
            [pooled(2, 1.5, 1.1, 2.0)],
            "T0, T1 and T2 have serious concerns. Without them the risk ratio is 1.50",
        ),
        ((SERIOUS,) * 6, [pooled(0, None)], "T0, T1, T2, T3 and 2 more have serious concerns."),
        ((SERIOUS,) * 5, [pooled(0, None)], "Without them nothing is pooled: no trial is left."),
    ],
)
def test_an_analysis_says_what_was_judged_and_what_is_left(rows, found, said):
    assert said in in_analysis("RR", RECORD, 5, trusted(*rows), found)


def test_an_analysis_without_a_trial_says_nothing():
    assert in_analysis("RR", RECORD, 0, [], []) == ""


def test_judgements_are_counted_the_worst_first():
    assert tally([NONE, SERIOUS, NONE]) == "1 with serious concerns, 2 with none"
    assert tally([]) == ""


def cell(answers=(), found=None, looked=1):
    """Return the cell of a check by answers of A, B, ... and what the program found."""
    own = {
        name: row(TrustworthinessRow, answer=answer, assessor=name)
        for name, answer in zip("ABC", answers, strict=False)
    }
    told = None if found is None else row(PrefilledRow, found=found, looked=looked)
    return trust.Check("C4.6", own, told)


@pytest.mark.parametrize(
    ("answers", "found", "sign", "role"),
    [
        ((), None, "", ""),
        ((), [], "○", ""),
        ((), ["a row"], "!", "noted"),
        (("no",), None, "N", "low"),
        (("no", "no"), ["a row"], "N!", "low"),
        (("no", "yes"), None, "N/Y", "high"),
        (("unclear", "no"), None, "?/N", "concern"),
        (("not applicable",), None, "–", "low"),
    ],
)
def test_a_check_is_one_sign_and_never_colour_alone(answers, found, sign, role):
    one = cell(answers, found)
    assert (one.cell.sign, one.cell.role) == (sign, role)
    assert bool(one.cell.words) == bool(sign)
    assert one.differs == (len({*answers}) > 1)


def test_what_was_agreed_of_a_check_goes_before_what_each_answered():
    own = {name: row(TrustworthinessRow, answer=a) for name, a in (("A", "no"), ("agreed", "yes"))}
    assert trust.Check("C4.6", own, None).cell.sign == "Y"


def test_trials_of_which_nothing_is_known_are_not_listed():
    trials = [row(TrialRow, trial_id=name, label=name.upper()) for name in ("b", "a", "c")]
    rows = [row(TrustworthinessRow, trial_id="a", item="C1.1", answer="no", assessor="A")]
    prefilled = [row(PrefilledRow, trial_id="b", label="B (2)", item="C4.6", looked=1)]
    assert [t.label for t in trust.assessed(trials, rows, [], prefilled)] == ["A", "B (2)"]
