"""The forms of analyses.yaml, multiverse.yaml and review.yaml, made of the keys of their models."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NotRequired

from annotated_types import MinLen
from typing_extensions import TypedDict

from ketameta.configuration.courses import About, Curve
from ketameta.configuration.models import (
    Display,
    Grid,
    Measure,
    Model,
    Question,
    SomeWords,
    Summary,
    Thresholds,
    Window,
    Words,
)
from ketameta.configuration.networks import SET_BY_NODES, Held, Joint
from ketameta.configuration.review import FORM as REVIEW
from ketameta.documents.fields import Listed, Written
from ketameta.documents.forms import Form, block, closed, keys_of, meanings, meanings_of

if TYPE_CHECKING:
    Hours = dict[str, Any]
    Defaults = dict[str, Any]
    Block = dict[str, Any]
    Choice = dict[str, Any]
    Comparison = dict[str, Any]
    Varied = dict[str, Any]
    Over = dict[str, Any]
    Against = dict[str, Any]
else:
    _hours, _summary, _rated = keys_of(Window), keys_of(Summary), keys_of(Thresholds)
    _every = keys_of(Question, Model, Display) | {
        "window": str | None,  # by its name
        "strata": SomeWords | None,
        "narrow": str | None,  # as it is written
    }
    _own = {key: _every.pop(key) for key in ("title", "question", "group", "outcome", "measure")}
    _other = Annotated[block("OtherThresholds", {}, _rated), MinLen(1)]
    _change = Annotated[block("Change", {}, {"measure": Measure, **_every}), MinLen(1)]
    _measures = Annotated[tuple[Measure, ...], MinLen(1), Listed()]
    Hours = block("Hours", {key: _hours[key] for key in ("target", "from", "to")})
    _also = {key: _every[key] for key in ("forest", "small_study")}
    _given = {key: told for key, told in _every.items() if key not in _also}
    Defaults = block("Defaults", {"certainty": block("Thresholds", _rated), **_given}, _also)
    Block = block("Analysis", _own, {"certainty": _other, **_every})
    _some = {"analyses": Annotated[Words, MinLen(1)]}
    Choice = block("Choice", {"for": _measures, "change": _change}, _some)
    Varied = block("Grid", {}, keys_of(Grid))
    _narrow = {"narrow": _summary.pop("narrow")}
    Comparison = block("Summary", _summary, _narrow)
    _span = block("Span", {key: _hours[key] for key in ("from", "to")})
    _course = {**{key: _own[key] for key in ("outcome", "measure")}, "hours": _span}
    _asked = {key: _every[key] for key in keys_of(Question) if key in _every and key != "window"}
    Over = block(
        "Course",
        {**keys_of(About), **_course, **keys_of(Curve)},
        {"certainty": _other, **_asked, "level": _every["level"]},
    )
    _joint = keys_of(Held, Joint)
    _either = {key: _joint.pop(key) for key in ("tau2", "interval")}
    _rows = {key: _every[key] for key in (*_asked, "window", "level") if key not in SET_BY_NODES}
    Against = block(
        "Network",
        {**keys_of(About), **{key: _own[key] for key in ("outcome", "measure")}, **_joint},
        {**_rows, **_either},
    )

_NAME = Written(
    r"^[a-z][a-z0-9_]{0,59}$", "small letters, digits and _ only, the first a letter, at most 60"
)
_SPAN = Written(
    r"^[A-Za-z0-9][A-Za-z0-9 .+-]{0,39}$", "letters, digits, spaces and . + - only, at most 40"
)
_CHOSEN = Written(
    r"^[A-Za-z0-9][^\n<>&]{1,79}$",
    "2 to 80 characters, the first a letter or digit, no < > & and no line ends",
)


@closed
class File(TypedDict):
    """The questions: analyses.yaml."""

    windows: dict[Annotated[str, _SPAN], Hours]
    """Named spans of time after the first dose."""
    defaults: Defaults
    """What an analysis uses where its own block is silent. Every key but forest and
    small_study must be given."""
    analyses: Annotated[dict[Annotated[str, _NAME], Block], MinLen(1)]
    """One block an analysis; the name on the left names its page and files."""
    narrowed: NotRequired[Words]
    """Analyses asked of fewer trials, as name@key=word&key=word (see the README); those that
    claims.csv names need not stand here."""
    courses: NotRequired[dict[Annotated[str, _NAME], Over]]
    """Time courses, one block each over the defaults: one model of an outcome over all its hours;
    the name on the left names its page."""
    networks: NotRequired[dict[Annotated[str, _NAME], Against]]
    """Several treatments against each other, one block a network over the defaults: one model of an
    outcome over all comparisons of the trials."""
    summaries: NotRequired[list[Comparison]]
    """Tables of summary of findings, one comparison each."""


@closed
class Multiverse(TypedDict):
    """Other ways to answer the questions: multiverse.yaml."""

    choices: dict[Annotated[str, _CHOSEN], Choice]
    """Other defensible choices, one block each; every analysis of a measure that is named is
    pooled once more under it."""
    grid: NotRequired[Varied]
    """What every analysis varies besides the choices of data that change it: all combinations are
    pooled; without it there is no multiverse."""


_LIMITS = {"certainty": "Thresholds by which certainty is rated; only the report reads them."}
_HOURS = {"hours": "First and last hour that count, from the first dose."}
_CHOICE = {
    "for": "Measures whose analyses it applies to.",
    "change": "What it changes of them.",
    "analyses": "Of these measures the analyses that it applies to; else all.",
}


def _keys_of_analyses() -> dict[str, str]:
    return {**_LIMITS, **meanings(Question), **meanings(Model), **meanings(Display)}


def _of_questions() -> dict[str, dict[str, str]]:
    every = _keys_of_analyses()
    return {
        "": meanings(File),
        **dict.fromkeys(("Defaults", "Analysis"), every),
        **dict.fromkeys(("Thresholds", "OtherThresholds"), meanings(Thresholds)),
        **dict.fromkeys(("Hours", "Span"), meanings(Window)),
        "Course": {**every, **_HOURS, **meanings(Curve), **meanings(About)},
        "Network": {**every, **meanings(Held), **meanings(Joint), **meanings(About)},
        **meanings_of(Summary),
    }


QUESTIONS = Form("The analyses that are asked for", File, _of_questions)
MULTIVERSE = Form(
    "Other defensible choices",
    Multiverse,
    lambda: {
        "": meanings(Multiverse),
        "Choice": _CHOICE,
        "Change": _keys_of_analyses(),
        "Grid": meanings(Grid),
    },
)
# the files of the configuration, each with what stands in it
FORMS = {
    "analyses": (QUESTIONS, "windows, defaults and analyses"),
    "multiverse": (MULTIVERSE, "choices"),
    "review": (REVIEW, "title, question, authors and treatments"),
}
HERE = Path(__file__).parent


def every_form() -> dict[str, Form]:
    """Return the forms of all files of the subject, those of its words too, by name."""
    from ketameta.vocabulary.checking import word_forms

    return {name: form for name, (form, _) in (FORMS | word_forms()).items()}


def schema_text(name: str) -> str:
    """Return the text of the schema of a file."""
    return every_form()[name].written(f"python -m {__package__}")
