"""The tables of a new review: made-up trials, each row of which says so."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

from ketameta.commands.new_review.asked import Asked, AskedOutcome
from ketameta.commands.new_review.names import Name
from ketameta.tables.raw import RAW_TABLES

LETTERS = "abcdefghijkl"
HOURS = 12 * 7 * 24
_SAID = "made up"
# what the name of each trial begins with, and what tells the claim
TRIAL, CLAIM, ARTICLE = "made_up_", "made_up_claim", "No article: this claim is made up"
_FEWEST = 3
_DOMAINS = 5

Row = dict[str, str | int | float]


@dataclass(frozen=True, slots=True)
class ArmNumbers:
    """The numbers of an arm: mean and SD at baseline and at the end, per cent with an event."""

    before: float
    sd_before: float
    after: float
    sd_after: float
    per_cent: float
    harmed: float


# people of an arm, and the numbers of the treated and of the control arm
_TRIALS = (
    (60, ArmNumbers(60.1, 14.8, 48.2, 14.1, 25, 15), ArmNumbers(60.4, 15.3, 56.9, 15.0, 40, 12)),
    (100, ArmNumbers(61.5, 15.1, 50.3, 15.2, 30, 14), ArmNumbers(61.0, 14.6, 55.8, 14.4, 43, 12)),
    (40, ArmNumbers(59.2, 14.4, 47.0, 13.6, 20, 15), ArmNumbers(58.8, 15.6, 57.7, 14.9, 45, 15)),
)


def made_up_tables(asked: Asked) -> dict[str, bytes]:
    """Return the raw tables as CSV by their names; those without made-up rows hold their header.

    Three trials, or one a treatment where there are more.
    """
    rows: dict[str, list[Row]] = {name: [] for name in RAW_TABLES}
    for number in range(max(_FEWEST, len(asked.treatments))):
        treatment = asked.treatments[number % len(asked.treatments)]
        _add_trial(rows, number, treatment, asked)
    rows["claims"].append(_claim(asked))
    return {name: _csv(RAW_TABLES[name].names, found) for name, found in rows.items()}


def _add_trial(rows: dict[str, list[Row]], number: int, treatment: Name, asked: Asked) -> None:
    """Add a trial of one treatment to the tables."""
    trial = f"{TRIAL}{LETTERS[number]}"
    people, *sides = _TRIALS[number % len(_TRIALS)]
    people += 4 * (number // len(_TRIALS))
    rows["trials"].append(
        {
            "trial_id": trial,
            "label": f"Made-up trial {LETTERS[number].upper()}",
            "year": 2001 + number,
            "design": "parallel",
            "population": "adults",
            "population_note": _SAID,
            "blinding": "double",
            "n_randomised": 2 * people,
        }
    )
    for arm, side in zip((treatment, asked.control), sides, strict=True):
        own: Row = {"trial_id": trial, "arm_id": arm.word}
        given: Row = {"dose": "20", "dose_unit": "mg"} if arm is treatment else {}
        rows["arms"].append(
            own | {"treatment": arm.word, "route": "PO", "n_randomised": people} | given
        )
        for place, outcome in enumerate(asked.outcomes):
            told = _counted if outcome.counted else _measured
            cells = told(outcome, side, people, place + number // len(_TRIALS))
            rows["outcomes"].append(own | cells | _read(people))
    for domain, judgement in _judgements(number):
        rows["risk_of_bias"].append(
            {
                "trial_id": trial,
                "tool": "RoB2",
                "domain": domain,
                "judgement": judgement,
                "support": _SAID,
                "source": _SAID,
            }
        )


def _measured(outcome: AskedOutcome, side: ArmNumbers, people: int, shift: int) -> Row:
    """Return the cells of a score; `shift` lets no two outcomes have the same numbers."""
    return {
        "outcome": outcome.name.word,
        "scale": outcome.scale,
        "baseline_mean": round(side.before + 0.7 * shift, 1),
        "baseline_sd": round(side.sd_before + 0.1 * shift, 1),
        "mean": round(side.after + 0.8 * shift, 1),
        "sd": round(side.sd_after + 0.2 * shift, 1),
    }


def _counted(outcome: AskedOutcome, side: ArmNumbers, people: int, shift: int) -> Row:
    """Return the cells of an event."""
    share = side.harmed if outcome.harm else side.per_cent + shift
    return {"outcome": outcome.name.word, "events": round(people * share / 100)}


def _read(people: int) -> Row:
    """Return the cells that every row of outcomes has."""
    return {
        "timepoint_h": HOURS,
        "n": people,
        "analysis_set": "itt",
        "note": _SAID,
        "seen": "direct",
        "source": _SAID,
        "locator": _SAID,
    }


def _judgements(number: int) -> Iterator[tuple[str, str]]:
    """Yield a judgement a domain of RoB 2 and the overall one, the worst of them."""
    found = ["low"] * _DOMAINS
    if number % _FEWEST:
        found[number % _DOMAINS] = "some concerns"
    for domain, judgement in enumerate(found, 1):
        yield f"D{domain}", judgement
    yield "overall", max(found, key=("low", "some concerns").index)


def _claim(asked: Asked) -> Row:
    """Return a made-up claim about the first outcome."""
    outcome = asked.outcomes[0]
    return {
        "claim_id": CLAIM,
        "claim": f"Made up: under {asked.treated} {_promised(outcome)} than under "
        f"{asked.control.label}",
        "kind": "benefit",
        "section": "benefits",
        "headline": "true",
        "article": ARTICLE,
        "population": "adults",
        "direction": "favours treatment",
        "analysis": outcome.name.word,
        "rule": "the pooled result and its interval, against no difference",
    }


def _promised(outcome: AskedOutcome) -> str:
    return (
        f"fewer people have {outcome.phrase}" if outcome.counted else f"{outcome.phrase} is lower"
    )


def _csv(header: list[str], rows: list[Row]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, header, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()
