"""What a subject is told in: its outcomes, scales, treatments and other words, key by key."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal

from annotated_types import Len

from ketameta.documents.fields import Listed, Written
from ketameta.documents.forms import Form, block, block_of, meanings_of

Label = Annotated[str, Written(r"^(?=[^\n]*\S)[^\n]{1,300}$", "a line of 1 to 300 characters")]
Phrase = Annotated[str, Written(r"^(?=[^\n]*\S)[^\n]{1,120}$", "a line of 1 to 120 characters")]
# a word stands in cells of tables, in narrowings (key=word|word&...) and in lists with ;
_SAID = "at most 80 characters, no space at either end, none of ; | & = @ < > and no line ends"
Word = Annotated[str, Written(r"^[^\s;|&=@<>]([^\n\t;|&=@<>]{0,78}[^\s;|&=@<>])?$", _SAID)]
Start = Annotated[str, Written(r"^[^\s;<>][^\n\t;<>]{0,78}$", "at most 80 characters, no ; < >")]
Name = Annotated[
    str,
    Written(
        r"^[A-Za-z][A-Za-z0-9_]{0,59}$",
        "letters, digits and _ only, the first a letter, at most 60",
    ),
]
# the kind of outcome of which nothing more is said, in published priors
ANY = "any"
Kind = Literal["event", "score", "duration"]
Use = Literal["never", "marked", "untimed"]


@dataclass(frozen=True)
class Scale:
    """A scale that scores are measured on."""

    name: Word
    label: Label
    """Its name in full."""
    measures: Phrase
    """What it measures: scales of one thing are held against each other."""
    higher: Literal["worse", "better"]
    """What a higher score is."""
    minimum: float | None = None
    """Least score of one person; null where nothing bounds it."""
    maximum: float | None = None
    """Highest score of one person; null where nothing bounds it."""
    response: Phrase = ""
    """When a person counts as a responder on it."""
    remission: Phrase = ""
    """When a person counts as in remission on it."""
    mid: float | None = None
    """Minimal important difference in its points."""
    mid_source: Label = ""
    """Who says that of the minimal important difference."""
    source: Label = ""
    """Who made the scale."""

    @property
    def sign(self) -> int:
        """+1 where a higher score is worse, -1 where it is better."""
        return 1 if self.higher == "worse" else -1

    def holds(self, value: float) -> bool:
        """Say whether a score can be on the scale; True where the scale has no fixed bounds."""
        low = self.minimum is None or value >= self.minimum
        return low and (self.maximum is None or value <= self.maximum)


@dataclass(frozen=True)
class NumberChecks:
    """The number checks that speak to a check of INSPECT-SR.

    `columns` are the cells that they look at, `baseline` says whether cells of a baseline belong
    there (None: all do), `flags` are those of rows; `decides` that numbers alone answer it.
    """

    checks: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    baseline: bool | None = None
    decides: bool = False


@dataclass(frozen=True)
class Outcome:
    """An outcome of the trials."""

    name: Name
    label: Label
    """How tables and figures name it."""
    kind: Kind
    """Event (people are counted), score (means on a scale) or duration (days)."""
    sense: Literal["good", "bad"]
    """What more of it means for a person."""
    group: Annotated[str, Len(2, 60)]
    """Where it stands in lists of outcomes."""
    phrase: Phrase = ""
    """How it stands in a sentence, where that is not the label in small letters."""
    verb: Phrase = ""
    """What people do of whom it is told, where that is not to have it."""
    implies: Name = ""
    """Another event that whoever has this one has too, of the same people at the same visit: a
    higher count than of that is queried."""
    prior: Word = ANY
    """Kind of outcome in priors.yaml, whose spread between trials is expected of this one too."""


@dataclass(frozen=True)
class Treatment:
    """A treatment as it is given in an arm."""

    name: Word
    label: Label
    """How tables and figures name it."""
    comparator_class: Word
    """What an arm of it is as a control: a word of comparator_classes, or head-to-head for the
    treatments in question."""
    short: Phrase = ""
    """How a sentence or an axis names it, where that is not the label."""


@dataclass(frozen=True)
class Spread:
    """What earlier reviews found of tau², of ratios or of standardised differences."""

    kind: Literal["log-normal", "log-t"]
    """Distribution of tau²: log-normal, or log-t (Student's with 5 degrees of freedom)."""
    source: Label
    """Who found it, as author and year."""
    comparisons: dict[Word, dict[Word, Annotated[tuple[float, ...], Listed()]]]
    """Location and scale of log tau² by what is compared (the comparison of an analysis), and by
    the kind of outcome (the prior of an outcome)."""


@dataclass(frozen=True)
class FlagRule:
    """What a row's flag means for pooling."""

    use: Use
    """Never used, used and shown with a mark (marked), or used only where an analysis sets no
    target hour (untimed)."""
    why: Label
    """Why, as the ledger says it."""


# of a control that has no effect of its own: a dose of it is queried
INERT = "inert"
# of what is treated with, as a control
HEAD_TO_HEAD = "head-to-head"
# of what the people of a trial go on with whatever they are given
BACKGROUND = "background"

_TREATMENTS = {
    "treatments": "What arms are given, each by its word.",
    "comparator_classes": "Kinds of control, each with what it is in a few words. A kind"
    " with a plus has a cotreatment beside it; inert is what has no effect of its own.",
    "cotreatments": "What everybody of a trial is given beside the treatment compared, and what the"
    " control is called for it; background adds nothing to the control.",
    "routes": "Ways in which a treatment is given, each in full.",
    "route_words": "How a treatment is named by its route; a route left out is named by its word.",
    "dose_units": "Units of a dose, each in full.",
}
_WORDS = {
    "populations": "Who was treated, each with what it is in full.",
    "design_flags": "Trials that stand apart, and enter an analysis only where it names the word;"
    " beside those that the method knows.",
    "claim_kinds": "Kinds of claim.",
    "claim_sections": "Headings that claims stand under, in their order.",
    "periods": "Times after the start of treatment by which maps and figures tell results apart, as"
    " 6 h or 2 d, each as a sentence says it; the map of the evidence has the first three.",
    "splits": "What trials can be grouped by, where this subject has another word for it.",
    "flags": "What the flag of a row means for pooling, by how it starts; the longest start wins.",
}


_PRIORS = {
    "ratio": "Of log odds ratios; taken for log risk ratios too.",
    "difference": "Of standardised mean differences; of differences in points times their SD.",
}
_SPREADS = block("Spreads", {}, dict.fromkeys(_PRIORS, block_of(Spread)))


@cache
def forms(splits: tuple[str, ...]) -> dict[str, tuple[Form, str]]:
    """Return the form of each file of the vocabulary, and what stands in it.

    `splits` are the ways in which the method can group trials.
    """
    words: Any = dict[Word, Label]
    treated: dict[str, Any] = dict.fromkeys(_TREATMENTS, words) | {
        "treatments": _by(Word, Treatment),
        "cotreatments": dict[Word, Phrase],
    }
    others: dict[str, Any] = dict.fromkeys(_WORDS, words) | {
        "splits": block("Splits", {}, dict.fromkeys(splits, Label)),
        "flags": _by(Start, FlagRule),
    }
    said = {split: f"What the report calls a grouping by {split}." for split in splits}
    treatments = Form(
        "Treatments",
        block("Treatments", {}, treated),
        lambda: {"": _TREATMENTS, **meanings_of(Treatment)},
    )
    rest = Form(
        "Other words",
        block("Words", {}, others),
        lambda: {"": _WORDS, "Splits": said, **meanings_of(FlagRule)},
    )
    return {
        "outcomes": (
            Form("Outcomes", _by(Name, Outcome), lambda: meanings_of(Outcome)),
            "outcomes by name",
        ),
        "scales": (Form("Scales", _by(Word, Scale), lambda: meanings_of(Scale)), "scales by name"),
        "treatments": (treatments, "treatments and comparator_classes"),
        "words": (rest, "populations and other words"),
        "priors": (
            Form(
                "Published spreads between trials",
                _SPREADS,
                lambda: {"": _PRIORS, **meanings_of(Spread)},
            ),
            "ratio and difference",
        ),
    }


def _by(name: Any, model: type) -> Any:
    """Return the type of blocks of a model by their names."""
    return dict[name, block_of(model, "name")]  # type: ignore[misc]
