"""The words that tables and configuration may use: those of the method, and those of the subject.

The method's stand beside this module, the subject's in ``workflow/config/vocabulary/`` of the
project in the working directory: adding a scale, an outcome or a treatment means adding a few lines
there; no Python changes. Outside of a project the words are those of the method alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from os.path import lexists
from typing import Any

from ketameta.documents.near import hint, nearest
from ketameta.project import SUBJECT
from ketameta.vocabulary.files import (
    FILES,
    FOLDER,
    METHOD,
    forget,
    kept,
    method_words,
    read_words,
    subject,
    use,
    words_of_method,
)
from ketameta.vocabulary.models import ANY, NumberChecks, Outcome, Scale, Spread, Treatment

__all__ = [
    "ANY",
    "FOLDER",
    "METHOD",
    "SECONDARY",
    "SUBJECT",
    "NumberChecks",
    "Outcome",
    "Scale",
    "Spread",
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
    "words_of_method",
]

# the word of `seen` for numbers that were read elsewhere than in the trial's report or register
SECONDARY = "secondary"


@dataclass(frozen=True)
class Vocabulary:
    """Every known word: scales, outcomes and treatments by name, the rest as word -> label.

    ``sets_of_part`` are the analysis sets that do not tell by themselves whose results a row has,
    ``number_checks`` those that speak to a check of INSPECT-SR, ``spreads`` what earlier reviews
    found of tau² (of a ratio, of a difference).
    """

    scales: dict[str, Scale]
    outcomes: dict[str, Outcome]
    treatments: dict[str, Treatment]
    lists: dict[str, dict[str, str]]
    flags: dict[str, dict[str, str]]
    unusable_models: dict[str, str]
    cotreatments: dict[str, str]
    sets_of_part: frozenset[str]
    number_checks: dict[str, NumberChecks]
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


@kept
def vocabulary() -> Vocabulary:
    """Return the words of the method with those of the subject: its own come first.

    Raises `ConfigurationError` that lists every fault of the files, where they cannot be read. What
    is wrong with them besides, whoever reads the configuration is told (`checking.word_files`).
    """
    try:
        return _laid_over()
    except Exception:
        from ketameta.documents.files import refuse
        from ketameta.vocabulary.checking import word_files

        refuse(word_files())
        raise  # no fault is known: then it is one of this code


def _laid_over() -> Vocabulary:
    here = subject() / FOLDER
    own = {name: read_words(here / name) if lexists(here / name) else {} for name in FILES}
    treated = own["treatments.yaml"]
    lists = {**own["words.yaml"], **treated}
    treatments = lists.pop("treatments", {})
    cotreatments, flags = lists.pop("cotreatments", {}), lists.pop("flags", {})
    of_method = method_words()["lists"]
    labels = {"splits": {**of_method["splits"], **lists.pop("splits", {})}}
    return Vocabulary(
        scales={name: Scale(name, **item) for name, item in own["scales.yaml"].items()},
        outcomes={name: Outcome(name, **item) for name, item in own["outcomes.yaml"].items()},
        treatments={name: Treatment(name, **item) for name, item in treatments.items()},
        lists={n: {**lists.get(n, {}), **words} for n, words in of_method.items()} | labels,
        flags={**method_words()["flags"], **flags},
        unusable_models=method_words()["unusable_models"],
        cotreatments=cotreatments,
        sets_of_part=frozenset(method_words()["sets_of_part"]),
        number_checks={
            item: _number_checks(own) for item, own in method_words()["number_checks"].items()
        },
        spreads={name: Spread(**item) for name, item in own["priors.yaml"].items()},
    )


def _number_checks(told: dict[str, Any]) -> NumberChecks:
    cells: dict[str, Any] = {k: tuple(v) if type(v) is list else v for k, v in told.items()}
    return NumberChecks(**cells)


def scale_sign(scale: str, outcome: str) -> int:
    """Return +1 where a higher score is more of the outcome, -1 where the scale runs the other way.

    Unknown scales and outcomes that are no scores give +1.
    """
    known, about = vocabulary().scales.get(scale), vocabulary().outcomes[outcome]
    if known is None or about.kind != "score":
        return 1
    return known.sign if about.sense == "bad" else -known.sign
