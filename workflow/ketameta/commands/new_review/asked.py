"""What a new review asks: which treatments do what to which outcomes, in the words of its owner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ketameta.commands.new_review.names import Name, NamingError, named, scale_of
from ketameta.measures import EVENT, SCORE
from ketameta.report.naming import capital

MOST = 12  # treatments, and outcomes
_LONGEST_PHRASE = 60
_CONTROLS = ("placebo", "no treatment", "usual care")
# what a review of benefits asks too, and how it stands in a sentence
_HARM, _HARMED = "Any adverse event", "an adverse event"


@dataclass(frozen=True, slots=True)
class AskedOutcome:
    """An outcome with its kind: events are counted, scores measured on a scale."""

    name: Name
    kind: str
    scale: str = ""
    harm: bool = False

    @property
    def counted(self) -> bool:
        """Whether people with it are counted."""
        return self.kind == EVENT

    @property
    def phrase(self) -> str:
        """How it stands in a sentence."""
        return _HARMED if self.harm else self.name.phrase


class Said(NamedTuple):
    """What stands in review.yaml until a person writes there; the title ends with its word."""

    title: str = ": made-up numbers"
    lead: str = (
        "Every number and the claim in this report are made up: they came with a new project, "
        "to be replaced by what trials report."
    )
    author: str = "Your name"
    registered: str = "every number is made up"
    searched: str = "no search was made: the trials are made up"


SAID = Said()


@dataclass(frozen=True, slots=True)
class Asked:
    """Treatments, their control, and outcomes, a harm behind those that are asked for."""

    treatments: tuple[Name, ...]
    control: Name
    outcomes: tuple[AskedOutcome, ...]

    @property
    def treated(self) -> str:
        """How a sentence names the treatments together."""
        *most, last = (name.label for name in self.treatments)
        phrase = f"{', '.join(most)} or {last}" if most else last
        return phrase if len(phrase) <= _LONGEST_PHRASE else "the treatments in question"

    @property
    def title(self) -> str:
        """Title of the report."""
        return f"{capital(self.comparison)}{SAID.title}"

    @property
    def said(self) -> Said:
        """What the review says of itself, as long as nothing in it is true."""
        return SAID

    @property
    def comparison(self) -> str:
        """What is compared with what."""
        return f"{self.treated} compared with {self.control.label}"

    @property
    def question(self) -> str:
        """What the review asks."""
        first = self.outcomes[0]
        about = f"the risk of {first.phrase}" if first.counted else first.phrase
        return f"How do {about} and harms differ between {self.treated} and {self.control.label}?"

    def about(self, outcome: AskedOutcome) -> str:
        """Return what an analysis of an outcome asks."""
        treated, control = self.treated, self.control.label
        if outcome.counted:
            return f"Do as many people have {outcome.phrase} under {treated} as under {control}?"
        return f"Does {outcome.phrase} after 12 weeks differ between {treated} and {control}?"

    @property
    def scales(self) -> dict[str, AskedOutcome]:
        """The scales, each with the first outcome that is measured on it."""
        found: dict[str, AskedOutcome] = {}
        for outcome in self.outcomes:
            if outcome.scale:
                found.setdefault(outcome.scale, outcome)
        return found


def asked(
    treatments: Sequence[str], outcomes: Sequence[str], kinds: Sequence[str], scales: Sequence[str]
) -> Asked:
    """Return what is asked, with words for what is not told.

    `kinds` and `scales` are those of the outcomes in order, or one for all. Raises `NamingError`.
    """
    outcomes = outcomes or ["Symptom score"]
    _few(treatments, "treatments")
    _few(outcomes, "outcomes")
    given = named(treatments or ["new treatment"], "treatment")
    labels = {name.label.casefold() for name in given}
    control = next(c for c in _CONTROLS if c not in labels)
    of_kind = _each(kinds, outcomes, "--kind", SCORE)
    on_scale = _each(scales, outcomes, "--scale", "")
    counted = [scale for scale, kind in zip(on_scale, of_kind, strict=True) if kind == EVENT]
    if any(counted) and (len(scales) > 1 or SCORE not in of_kind):
        raise NamingError("--scale is for a score, and events are counted: leave it out, or empty")
    found = [
        AskedOutcome(name, kind, scale_of(scale or name.label) if kind == SCORE else "")
        for name, kind, scale in zip(named(outcomes, "outcome"), of_kind, on_scale, strict=True)
    ]
    if not any("adverse event" in outcome.name.label.casefold() for outcome in found):
        (harm,) = named([_HARM], "outcome", [outcome.name.word for outcome in found])
        found.append(AskedOutcome(harm, EVENT, harm=True))
    (against,) = named([control], "treatment", [name.word for name in given])
    return Asked(given, against, tuple(found))


def _few(names: Sequence[str], what: str) -> None:
    if len(names) > MOST:
        raise NamingError(f"{len(names)} {what}: at most {MOST} are taken; add others to the files")


def _each(given: Sequence[str], outcomes: Sequence[str], option: str, default: str) -> list[str]:
    """Return a value for each outcome: one for all, or one each in order."""
    if len(given) > 1 and len(given) != len(outcomes):
        raise NamingError(
            f"{len(given)} times {option} for {len(outcomes)} of --outcome: give it once, for all, "
            "or once for each in their order"
        )
    return list(given) if len(given) > 1 else [*given, default][:1] * len(outcomes)
