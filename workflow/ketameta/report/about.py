"""What a review says of itself: question, people, search, protocol, licence, and how to cite it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ketameta.configuration.review import Author, Review
from ketameta.configuration.search import Search, Searched
from ketameta.report.naming import capital, listed, treatment
from ketameta.report.wording import count

NOT_TOLD = "not told"
# before a DOI, for its address
DOI = "https://doi.org/"
# between that there is none, and why
WHY = ". "


@dataclass(frozen=True, slots=True)
class FactPart:
    """A piece of a fact, and where it leads (empty: nowhere)."""

    text: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that a review says of itself; without a part it does not tell."""

    name: str
    parts: tuple[FactPart, ...]

    @property
    def told(self) -> tuple[FactPart, ...]:
        """Its parts, or that it is not told."""
        return self.parts or (FactPart(NOT_TOLD),)

    @property
    def text(self) -> str:
        """All of it as one text, for what has no links."""
        return "; ".join(
            f"{part.text} ({part.address})" if part.address not in ("", part.text) else part.text
            for part in self.told
        )


def facts(review: Review) -> list[Fact]:
    """Return what a review says of itself, in the order in which pages and files have it."""
    registered, planned, links = review.registration, review.protocol, review.links
    return [
        Fact("Question", (FactPart(review.question),)),
        Fact("Authors", tuple(_author(author) for author in review.authors)),
        Fact("Treatments in question", tuple(map(FactPart, map(treatment, review.treatments)))),
        Fact("Search", tuple(map(FactPart, _search(review.search)))),
        Fact("Protocol", _or_why(planned.url, planned.url, planned.reason)),
        Fact("Registration", _or_why(registered.id, registered.url, registered.reason)),
        Fact("Licence of the data", (FactPart(review.licence),) if review.licence else ()),
        Fact(
            "Found at",
            tuple(
                FactPart(name, address)
                for name, address in (
                    ("report", links.home),
                    ("tables and code", links.repository),
                    ("where faults are told", links.issues),
                )
                if address
            ),
        ),
    ]


def in_short(review: Review) -> str:
    """Say in a line who made a review, when it searched, and whether it was planned in public."""
    parts = [f"Authors: {authors(review)}."]
    if review.search.last:
        parts.append(f"Last search: {review.search.last}.")
    silent = []
    for fact in facts(review):
        if fact.name in ("Search", "Protocol", "Registration") and not fact.parts:
            silent.append(fact.name.lower())
        elif fact.name in ("Protocol", "Registration"):
            (one,) = fact.parts
            parts.append(f"{fact.name}: {one.text.partition(WHY)[0]}.")
    if silent:
        parts.append(f"Not told: {listed(silent)}.")
    return " ".join(parts)


def site(review: Review) -> str:
    """Name a review as its pages and their tabs do."""
    return review.short_title or review.title


def tab_title_end(review: Review, title: str) -> str:
    """Return what stands in a tab behind the title of a page: the name of the review, once."""
    return f" – {site(review)}" if site(review) != title else ""


def authors(review: Review) -> str:
    """Name who made a review, as it is cited."""
    return listed([author.name for author in review.authors]) or "unnamed authors"


def citation(review: Review, version: str, data_hash: str, release: str = "") -> str:
    """Say how to cite a report: who made the review, its title, by what, and of which data.

    `release` is the version of the release that it is; empty where it is none.
    """
    end = "" if review.title.endswith((".", "?", "!")) else "."
    named = f" Version {release}." if release else ""
    doi = f" {DOI}{review.doi}" if review.doi else ""
    return (
        f"{authors(review)}. {review.title}{end}{named} Made with ketameta {version}. "
        f"Data hash {data_hash}.{doi}"
    )


def _author(author: Author) -> FactPart:
    text = f"{author.name}, {author.affiliation}" if author.affiliation else author.name
    return FactPart(text, f"https://orcid.org/{author.orcid}" if author.orcid else "")


def _or_why(told: str, address: str, reason: str) -> tuple[FactPart, ...]:
    """Return what there is, or why there is none; nothing where neither is told."""
    if told or address:
        return (FactPart(told or address, address),)
    return (FactPart(f"none{WHY}{capital(reason.rstrip('.'))}."),) if reason else ()


def _search(search: Search) -> Iterator[str]:
    if search.last:
        yield f"last on {search.last}"
    yield from map(source_words, search.sources)
    if search.languages:
        yield f"reports in {listed(list(search.languages))}"
    if search.note:
        yield search.note


def source_words(source: Searched) -> str:
    """Name a source with the days that it was searched for and the records that it gave."""
    days = [f"from {source.start}" * bool(source.start), f"to {source.end}" * bool(source.end)]
    records = count(source.records, "record") if source.records is not None else ""
    more = ", ".join(filter(None, (" ".join(filter(None, days)), records)))
    return f"{source.name} ({more})" if more else source.name
