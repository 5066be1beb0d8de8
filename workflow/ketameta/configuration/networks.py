"""Networks: several treatments held against one another in one model of an outcome."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import MinLen

from ketameta.configuration.courses import About
from ketameta.configuration.models import Question, Rule, Tau2
from ketameta.documents.fields import Written
from ketameta.vocabulary.narrowing import Narrow

# what tells the arms of a trial apart, of all that an analysis can be narrowed by
OF_ARMS = ("treatment", "route", "drug_route", "comparator_class", "n_doses")
# the rules of an interval that are for several differences at once
RULES = ("auto", "wald", "hksj", "hksj-adhoc")
# the keys of a question that nodes answer
SET_BY_NODES = ("treatments", "comparators", "arms")
_LABEL = Written(
    r"^[A-Za-z0-9][A-Za-z0-9 .+-]{0,39}$", "letters, digits, spaces and . + - only, at most 40"
)
Label = Annotated[str, _LABEL]


@dataclass(frozen=True)
class Node:
    """What is compared: arms that have a word of each key."""

    label: str
    arms: tuple[Narrow, ...]


@dataclass(frozen=True)
class Joint:
    """The part of a network that decides how its effects are pooled."""

    reference: Label
    """The node that all others are held against; what is not joined with it is told apart."""
    tau2: Tau2
    """Estimator of the between-trial variance, which all comparisons share."""
    interval: Rule
    """Interval of a difference: auto, wald, hksj or hksj-adhoc."""


@dataclass(frozen=True)
class Held:
    """The keys of a network that are read into what it compares."""

    nodes: Annotated[dict[Label, str], MinLen(2)]
    """What is compared, by its name: which arms it is, as key=word&key=word with | between words
    (treatment, route, drug_route, comparator_class, n_doses). An arm is of the first that it fits;
    arms of a trial in one node are taken together, and an arm in none is left out."""


@dataclass(frozen=True)
class Network:
    """A network, complete."""

    name: str
    select: Question
    nodes: tuple[Node, ...]
    model: Joint
    level: float
    display: About

    @property
    def labels(self) -> list[str]:
        """The names of what is compared, in the order of the file."""
        return [node.label for node in self.nodes]
