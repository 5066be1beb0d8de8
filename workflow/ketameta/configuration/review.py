"""What a review says of itself: its question, its people, its treatments, where it was searched.

Read from ``review.yaml`` beside the questions; where there is none each key has a neutral default.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

from annotated_types import Len, MinLen

from ketameta.configuration.models import SomeWords
from ketameta.configuration.search import (
    NO_SEARCH,
    FlowNumbers,
    Name,
    Previous,
    ReasonCount,
    ReportNumbers,
    Search,
    Searched,
    flow_faults,
)
from ketameta.documents.fields import Listed, Written
from ketameta.documents.files import ReadFile, read_file, refuse
from ketameta.documents.forms import Form, block_of, built, meanings, meanings_of
from ketameta.documents.near import unknown
from ketameta.vocabulary import kept, subject, vocabulary

Phrase = Annotated[str, Len(1, 80)]
Reason = Annotated[str, Len(3, 500)]
Address = Annotated[
    str, Written(r"^https?://[^\s<>\"]+$", "an address that starts with https://, without spaces")
]
Doi = Annotated[str, Written(r"^10\.\d{4,9}/[^\s<>\"]{1,200}$", "a DOI as 10.5281/zenodo.123456")]
Orcid = Annotated[
    str, Written(r"^\d{4}-\d{4}-\d{4}-\d{3}[\dX]$", "an ORCID iD as 0000-0002-1825-0097")
]


@dataclass(frozen=True)
class Author:
    """Somebody who made the review."""

    name: Name
    """Name, as it is to be cited."""
    affiliation: Annotated[str, Len(1, 300)] = ""
    """Where they work."""
    orcid: Orcid = ""
    """ORCID iD: four groups of four digits."""


@dataclass(frozen=True)
class Links:
    """Where the review is found."""

    repository: Address = ""
    """Address of the tables and the code."""
    home: Address = ""
    """Address where the report is published."""
    issues: Address = ""
    """Address where faults are told."""


@dataclass(frozen=True)
class ClaimSources:
    """Where the claims come from that are held against the trials."""

    by: Phrase = ""
    """Who makes them, as a sentence names it: newspapers."""
    note: Annotated[str, Len(3, 500)] = ""
    """What else a reader must know of where they come from."""


@dataclass(frozen=True)
class Registration:
    """Where the review is registered, or why it is not."""

    id: Name = ""
    """Number of the registration, as CRD42026000000 of PROSPERO."""
    url: Address = ""
    """Its address."""
    reason: Reason = ""
    """Why there is none."""


@dataclass(frozen=True)
class Protocol:
    """Where the protocol is found, or why there is none."""

    url: Address = ""
    """Its address."""
    reason: Reason = ""
    """Why there is none."""
    amendments: Reason = ""
    """What was changed of it or of the registration and why, or that nothing was."""


@dataclass(frozen=True)
class Living:
    """How a review is kept up to date, where it is."""

    why: Reason = ""
    """Why it is kept up to date rather than done once."""
    schedule: Reason = ""
    """When it is searched for and made anew: how often, or what sets it off."""
    retirement: Reason = ""
    """When it will be kept up no more, or that no end is planned."""
    trigger: Reason = ""
    """What set off this version."""


@dataclass(frozen=True)
class Review:
    """A review as its report introduces it."""

    title: Annotated[str, Len(3, 120)]
    """Title of the report."""
    question: Annotated[str, Len(10, 300)]
    """What is asked, in one sentence."""
    authors: Annotated[tuple[Author, ...], MinLen(1), Listed()]
    """Who made it, one block a person or group."""
    treatments: SomeWords
    """The treatments in question, words of the vocabulary."""
    lead: Annotated[str, Len(3, 500)] = (
        "Every number here is computed from the extraction tables, and leads back to the cells "
        "that it came from."
    )
    """What the report is about in a sentence or two."""
    short_title: Phrase = ""
    """How pages and their tabs name the review; by default its title."""
    treatments_phrase: Phrase = ""
    """How a sentence names the treatments in question together."""
    treatment_word: Phrase = "treatment"
    """What one of them is called: programme, vaccine, operation."""
    control_phrase: Phrase = "control"
    """How a sentence names the control, where that of the trials is not named."""
    claims: ClaimSources = ClaimSources()
    """Where the claims come from that are held against the trials."""
    links: Links = Links()
    """Where the review is found."""
    licence: Annotated[str, Written(r"^[A-Za-z0-9.+() -]{2,60}$", "an SPDX word as CC-BY-4.0")] = ""
    """Licence of the data, as an SPDX word."""
    doi: Doi = ""
    """DOI under which releases are deposited; pages print it where they tell how to cite."""
    registration: Registration = Registration()
    """Where the review is registered, or why it is not."""
    protocol: Protocol = Protocol()
    """Where its protocol is found, or why there is none."""
    search: Search = NO_SEARCH
    """How trials were searched for."""
    living: Living = Living()
    """How it is kept up to date, where it is."""
    funding: Reason = ""
    """Who paid for it and what they had to say in it, or that nobody did."""
    interests: Reason = ""
    """Competing interests of its authors, or that there are none."""


def searched(review: Review) -> str:
    """Return the last day that trials were searched for up to; empty where none is told."""
    return max(review.search.last, *(source.end for source in review.search.sources), "")


NEUTRAL = Review("What the trials show", "What do these trials show?", (), ())
FORM = Form(
    "What the review says of itself",
    block_of(Review),
    lambda: {
        "": meanings(Review),
        **meanings_of(Author, ClaimSources, Links, Registration, Protocol, Living),
        **meanings_of(Search, Searched, FlowNumbers, ReportNumbers, ReasonCount, Previous),
    },
)
FILE = "review.yaml"


def read_review(path: Path) -> tuple[ReadFile | None, Review]:
    """Return a review as its file has it, and the file; a neutral one where there is no file."""
    if not path.exists():
        return None, _complete(NEUTRAL)
    read = read_file(path, FORM, "title, question, authors and treatments")
    known = vocabulary().treatments
    words = read.document.values.get("treatments")
    for i, word in enumerate(words if isinstance(words, list) else []):
        if isinstance(word, str) and word not in known:
            read.faults.append(read.document.fault(("treatments", i), unknown(word, [*known])))
    if read.faults:
        return read, _complete(NEUTRAL)
    review = built(Review, read.values)
    for place, message in flow_faults(review.search):
        read.faults.append(read.document.fault(("search", *place), message))
    return read, _complete(review)


def _complete(review: Review) -> Review:
    """Return a review that has a phrase for its treatments, of their labels where none is given."""
    if review.treatments_phrase:
        return review
    known = vocabulary().treatments
    labels = [known[name].short or known[name].label for name in review.treatments]
    named = " or ".join(filter(None, [", ".join(labels[:-1]), *labels[-1:]])) or "the treatment"
    return replace(review, treatments_phrase=named)


@kept
def review() -> Review:
    """Return the review of the project in the working directory (see `ketameta.vocabulary.use`).

    Raises `ConfigurationError` with every fault of its file.
    """
    read, found = read_review(subject() / FILE)
    refuse([read] if read else [])
    return found
