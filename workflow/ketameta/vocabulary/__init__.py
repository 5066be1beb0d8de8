"""The words that tables and configuration may use, read from the YAML files beside this module.

Adding a scale, an outcome or a treatment means adding a few lines there; no Python changes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
FILES = ("outcomes.yaml", "scales.yaml", "words.yaml")
# the word of `seen` for numbers that were read elsewhere than in the trial's report or register
SECONDARY = "secondary"


@dataclass(frozen=True)
class Scale:
    """A rating scale.

    ``minimum`` and ``maximum`` bound a person's score (None: no fixed bound); ``higher`` says
    whether a higher score is "worse" or "better"; ``mid`` is the minimal important difference.
    """

    name: str
    label: str
    measures: str
    higher: str
    minimum: float | None = None
    maximum: float | None = None
    response: str = ""
    remission: str = ""
    mid: float | None = None
    mid_source: str = ""
    source: str = ""

    @property
    def sign(self) -> int:
        """+1 where a higher score is worse, -1 where it is better."""
        return 1 if self.higher == "worse" else -1

    def holds(self, value: float) -> bool:
        """Say whether a score can be on the scale; True where the scale has no fixed bounds."""
        low = self.minimum is None or value >= self.minimum
        return low and (self.maximum is None or value <= self.maximum)


@dataclass(frozen=True)
class Outcome:
    """An outcome; ``kind`` is event, score or duration, ``sense`` good or bad (more of it).

    ``phrase`` is how it stands in a sentence, where that is not the label in small letters;
    ``verb`` what people do of whom it is told, where that is not to have it.
    """

    name: str
    label: str
    kind: str
    sense: str
    group: str
    phrase: str = ""
    verb: str = ""


@dataclass(frozen=True)
class Treatment:
    """A treatment as given in an arm; ``comparator_class`` is its class as a control arm.

    ``short`` is how a sentence or an axis names it, where that is not the label.
    """

    name: str
    label: str
    comparator_class: str
    short: str = ""


@dataclass(frozen=True)
class Vocabulary:
    """Every known word: scales, outcomes and treatments by name, the rest as word -> label.

    ``sets_of_part`` are the analysis sets that do not tell by themselves whose results a row has.
    """

    scales: dict[str, Scale]
    outcomes: dict[str, Outcome]
    treatments: dict[str, Treatment]
    lists: dict[str, dict[str, str]]
    flags: dict[str, dict[str, str]]
    unusable_models: dict[str, str]
    cotreatments: dict[str, str]
    sets_of_part: frozenset[str]

    def words(self, name: str) -> dict[str, str]:
        """Word -> label of the named list (``scales``, ``routes``, ``analysis_sets`` ...)."""
        if name in ("scales", "outcomes", "treatments"):
            return {key: item.label for key, item in getattr(self, name).items()}
        return self.lists[name]

    def flag_rule(self, flag: str) -> dict[str, str] | None:
        """Return what a row's ``flag`` means for pooling: the longest known start wins."""
        known = [start for start in self.flags if flag.startswith(start)]
        return self.flags[max(known, key=len)] if known else None


def _read(name: str) -> dict[str, Any]:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    with (FOLDER / name).open(encoding="utf-8") as file:
        content: dict[str, Any] = yaml.load(file, Loader=loader)
    return content


@cache
def vocabulary() -> Vocabulary:
    """Read the vocabulary once per process."""
    words = _read("words.yaml")
    return Vocabulary(
        scales={name: Scale(name, **item) for name, item in _read("scales.yaml").items()},
        outcomes={name: Outcome(name, **item) for name, item in _read("outcomes.yaml").items()},
        treatments={name: Treatment(name, **item) for name, item in words["treatments"].items()},
        lists=words["lists"],
        flags=words["flags"],
        unusable_models=words["unusable_models"],
        cotreatments=words["cotreatments"],
        sets_of_part=frozenset(words["sets_of_part"]),
    )


def scale_sign(scale: str, outcome: str) -> int:
    """Return +1 where a higher score is more of the outcome, -1 where the scale runs the other way.

    Unknown scales and outcomes that are no scores give +1.
    """
    known, about = vocabulary().scales.get(scale), vocabulary().outcomes[outcome]
    if known is None or about.kind != "score":
        return 1
    return known.sign if about.sense == "bad" else -known.sign


def nearest(word: str, known: Iterable[str], count: int = 3) -> list[str]:
    """Return the known words most like an unknown one, best first, case ignored."""
    by_lower = {name.lower(): name for name in known}
    close = get_close_matches(word.lower(), list(by_lower), n=count, cutoff=0.5)
    return [by_lower[name] for name in close]


def hint(word: str, known: Iterable[str], count: int = 3) -> str:
    """Return the nearest known words as the end of a sentence; empty where none comes near."""
    close = nearest(word[:80], list(known), count)
    return f"; nearest: {', '.join(close)}" if close else ""
