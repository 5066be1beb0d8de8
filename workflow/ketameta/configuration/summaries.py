"""Tables of summary of findings that are asked for: one comparison each, at most seven outcomes.

"Up to a maximum of seven" important outcomes, benefits and harms (Cochrane Handbook 14.1.4): a
reader holds no more in mind.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ketameta.configuration.document import Document, Fault
from ketameta.configuration.faults import unknown
from ketameta.vocabulary import narrowing
from ketameta.vocabulary.narrowing import canonical


@dataclass(frozen=True, slots=True)
class Summary:
    """One comparison: for whom, what against what, and the analyses whose results it holds.

    `narrow` narrows every analysis of `outcomes` (``drug_route=IV ketamine``); None takes them
    whole. `treatment` and `control` name the two sides in a sentence.
    """

    title: str
    population: str
    treatment: str
    control: str
    narrow: str | None
    outcomes: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the analyses that the table needs, in its order."""
        if self.narrow is None:
            return self.outcomes
        return tuple(canonical(f"{outcome}@{self.narrow}") for outcome in self.outcomes)


def summaries_of(blocks: list[dict[str, Any]]) -> tuple[Summary, ...]:
    """Build the summaries of checked blocks of the configuration."""
    return tuple(
        Summary(**{"narrow": None, **block, "outcomes": tuple(block["outcomes"])})
        for block in blocks
    )


def summary_faults(document: Document) -> Iterator[Fault]:
    """Yield titles that stand twice, and names of analyses that cannot be answered to.

    Looks only at what has the right type: the rest is a fault of the schema.
    """
    content = document.values
    known, blocks = content.get("analyses"), content.get("summaries")
    if not isinstance(known, dict) or not isinstance(blocks, list):
        return
    titles: set[str] = set()
    for number, block in enumerate(block if isinstance(block, dict) else {} for block in blocks):
        at = ("summaries", number)
        title, outcomes, narrow = (block.get(key) for key in ("title", "outcomes", "narrow"))
        if isinstance(title, str):
            if title in titles:
                yield document.fault((*at, "title"), f"{title[:80]!r} stands twice")
            titles.add(title)
        if isinstance(narrow, str) and (said := narrowing.fault(narrow)):
            yield document.fault((*at, "narrow"), said)
        for place, name in enumerate(outcomes if isinstance(outcomes, list) else []):
            if isinstance(name, str) and name not in known:
                yield document.fault((*at, "outcomes", place), unknown(name, [*known]))
