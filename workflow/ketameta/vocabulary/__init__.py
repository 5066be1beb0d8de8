"""The words that tables and configuration may use: those of the method, and those of the subject.

The method's stand beside this module, the subject's in ``workflow/config/vocabulary/`` of the
project in the working directory: adding a scale, an outcome or a treatment means adding a few lines
there; no Python changes. Outside of a project the words are those of the method alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from ketameta.documents.near import hint, nearest
from ketameta.project import SUBJECT

__all__ = [
    "FOLDER",
    "METHOD",
    "SECONDARY",
    "SUBJECT",
    "Outcome",
    "Scale",
    "Treatment",
    "Vocabulary",
    "forget",
    "hint",
    "kept",
    "nearest",
    "scale_sign",
    "subject",
    "use",
    "vocabulary",
]

METHOD = Path(__file__).with_name("words.yaml")
FOLDER = "vocabulary"
FILES = ("outcomes.yaml", "priors.yaml", "scales.yaml", "treatments.yaml", "words.yaml")
# the word of `seen` for numbers that were read elsewhere than in the trial's report or register
SECONDARY = "secondary"


# the kind of outcome of which nothing more is said, in published priors
ANY = "any"


@dataclass(frozen=True)
class Spread:
    """What earlier reviews found of tau², of ratios or of standardised differences.

    ``kind`` is the distribution; ``comparisons`` has its location and scale by what is compared
    and by the kind of outcome.
    """

    kind: str
    source: str
    comparisons: dict[str, dict[str, tuple[float, float]]]


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
    ``verb`` what people do of whom it is told, where that is not to have it; ``implies`` another
    event that whoever has this one has too, of the same people at the same visit; ``prior`` the
    kind of outcome whose published heterogeneity is expected of its trials too.
    """

    name: str
    label: str
    kind: str
    sense: str
    group: str
    phrase: str = ""
    verb: str = ""
    implies: str = ""
    prior: str = ANY


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

    ``sets_of_part`` are the analysis sets that do not tell by themselves whose results a row has,
    ``spreads`` what earlier reviews found of tau² (of a ratio, of a difference).
    """

    scales: dict[str, Scale]
    outcomes: dict[str, Outcome]
    treatments: dict[str, Treatment]
    lists: dict[str, dict[str, str]]
    flags: dict[str, dict[str, str]]
    unusable_models: dict[str, str]
    cotreatments: dict[str, str]
    sets_of_part: frozenset[str]
    spreads: dict[str, Spread]

    def words(self, name: str) -> dict[str, str]:
        """Word -> label of the named list (``scales``, ``routes``, ``analysis_sets`` ...)."""
        if name in ("scales", "outcomes", "treatments"):
            return {key: item.label for key, item in getattr(self, name).items()}
        return self.lists[name]

    def flag_rule(self, flag: str) -> dict[str, str] | None:
        """Return what a row's ``flag`` means for pooling: the longest known start wins."""
        known = [start for start in self.flags if flag.startswith(start)]
        return self.flags[max(known, key=len)] if known else None


P = ParamSpec("P")
T = TypeVar("T")
_subject = SUBJECT
_forget: list[Callable[[], None]] = []


def kept(function: Callable[P, T]) -> Callable[P, T]:
    """Keep what a function makes of the words (as `functools.cache` does) until `forget`."""
    found = cache(function)
    _forget.append(found.cache_clear)
    return found  # type: ignore[return-value]  # called with what can be a key


def forget() -> None:
    """Read words and review anew when they are asked for: who changes directory calls it."""
    for clear in _forget:
        clear()


def use(folder: Path = SUBJECT) -> None:
    """Take words and review of another folder such as ``workflow/config``, from now on."""
    global _subject  # noqa: PLW0603 - what a process reads is of the process
    _subject = folder
    forget()


def subject() -> Path:
    """Return the folder that holds the subject: review.yaml and the vocabulary."""
    return _subject


def _read(path: Path) -> dict[str, Any]:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    with path.open(encoding="utf-8") as file:
        content: dict[str, Any] = yaml.load(file, Loader=loader)
    return content


@kept
def vocabulary() -> Vocabulary:
    """Return the words of the method with those of the subject: its own come first."""
    method = _read(METHOD)
    here = subject() / FOLDER
    own = {name: _read(here / name) if (here / name).is_file() else {} for name in FILES}
    treated = own["treatments.yaml"]
    lists = {**own["words.yaml"], **treated}
    treatments = lists.pop("treatments", {})
    cotreatments, flags = lists.pop("cotreatments", {}), lists.pop("flags", {})
    labels = {"splits": {**method["lists"]["splits"], **lists.pop("splits", {})}}
    return Vocabulary(
        scales={name: Scale(name, **item) for name, item in own["scales.yaml"].items()},
        outcomes={name: Outcome(name, **item) for name, item in own["outcomes.yaml"].items()},
        treatments={name: Treatment(name, **item) for name, item in treatments.items()},
        lists={n: {**lists.get(n, {}), **words} for n, words in method["lists"].items()} | labels,
        flags={**method["flags"], **flags},
        unusable_models=method["unusable_models"],
        cotreatments=cotreatments,
        sets_of_part=frozenset(method["sets_of_part"]),
        spreads={name: Spread(**item) for name, item in own["priors.yaml"].items()},
    )


def scale_sign(scale: str, outcome: str) -> int:
    """Return +1 where a higher score is more of the outcome, -1 where the scale runs the other way.

    Unknown scales and outcomes that are no scores give +1.
    """
    known, about = vocabulary().scales.get(scale), vocabulary().outcomes[outcome]
    if known is None or about.kind != "score":
        return 1
    return known.sign if about.sense == "bad" else -known.sign
