"""Networks: several treatments held against one another in one model of an outcome."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import MinLen

from ketameta.configuration.courses import About
from ketameta.configuration.models import Question
from ketameta.documents.fields import Written
from ketameta.vocabulary.narrowing import Narrow

# what tells the arms of a trial apart, of all that an analysis can be narrowed by
OF_ARMS = ("treatment", "route", "drug_route", "comparator_class", "n_doses")
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
    tau2: Literal["REML", "ML", "DL"]
    """Estimator of the between-trial variance, which all comparisons share."""
    interval: Literal["wald", "hksj"]
    """Interval of a difference: by the normal distribution, or by t with as many degrees of
    freedom as effects exceed differences, and the residual variance (hksj)."""


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
