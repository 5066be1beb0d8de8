"""What a meta-regression can ask of trials: numbers and factors, by the words of `moderators`.

Names are those of columns; splits are told by the words that the vocabulary has for them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Moderator:
    """Something that trials differ in.

    A number has a unit, and its coefficient is for a `step` of it; a factor has neither, and each
    of its levels a coefficient against the level of most trials.
    """

    words: str = ""
    unit: str = ""
    step: float = 1.0

    @property
    def is_number(self) -> bool:
        """Whether it is a number."""
        return bool(self.unit)


MODERATORS = {
    "dose_mg": Moderator("dose", "mg", 10.0),
    "year": Moderator("year of publication", "years", 10.0),
    "hour": Moderator("time from the start of treatment", "h", 24.0),
    "n": Moderator("people in the comparison", "people", 100.0),
    # splits, which the vocabulary has words for
    "n_doses": Moderator(),
    "drug_route": Moderator(),
    "population": Moderator(),
    "comparator_class": Moderator(),
    "treatment": Moderator(),
    "route": Moderator(),
    "design": Moderator(),
    "risk_of_bias": Moderator("risk of bias"),
    "funding": Moderator("funding"),
    "blinding": Moderator("blinding"),
}
# the words of splits for them
ALSO = {"people": "population", "control": "comparator_class", "dose": "dose_mg"}
# the dose of every treated arm apart, as a straight line and as one that may bend
DOSE = "dose_mg"
ARMS = "dose_mg of all arms"
CURVED = f"{ARMS}, bent"
# the choice under which every treated arm is an effect, the control being whole
APART = "each treated arm apart"
# the places of a curve at which the mean effect is told
PLACES = 21
# the body weight that a dose by weight is told for: the standard adult of the WHO's defined daily
# doses
WEIGHT = 70.0
_UNITS = {"g": 1e3, "mg": 1.0, "µg": 1e-3, "mcg": 1e-3}
_DOSE = re.compile(r"([\d.]+)(?:-([\d.]+))? ([^ /]+)(/kg)?")
# trials for each coefficient below which one is not to be relied on (Cochrane Handbook 10.11.5.1)
ENOUGH = 10


def understood(word: str) -> str:
    """Return a word as it stands here."""
    return ALSO.get(word, word)


def dose_of(told: str) -> float | None:
    """Return the milligrams of doses as an effect tells them; None where a unit is not known.

    A range counts as its middle, several doses as their mean, a dose by weight for 70 kg.
    """
    found = []
    for part in told.split(", ") if told else []:
        match = _DOSE.fullmatch(part)
        if match is None or match[3] not in _UNITS:
            return None
        low, high = float(match[1]), float(match[2] or match[1])
        found.append((low + high) / 2 * _UNITS[match[3]] * (WEIGHT if match[4] else 1.0))
    return sum(found) / len(found) if found else None
