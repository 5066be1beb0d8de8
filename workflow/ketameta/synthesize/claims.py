"""Claims and the analyses that they name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ketameta.configuration import Configuration

Record = dict[str, Any]


def tests_of(claims: Sequence[Record], configuration: Configuration) -> list[Record]:
    """Return one row a claim and analysis named; one without an analysis where it names none.

    `@` narrows an analysis (``depression_24h@population=TRD``): such a one is not computed, nor
    is one that the configuration lacks.
    """
    result = []
    for claim in claims:
        for word in (claim["analysis"] or "").split(";"):
            name, _, narrowing = word.strip().partition("@")
            computed = name in configuration.names and not narrowing
            result.append(
                {**claim, "analysis": name or None, "narrowing": narrowing or None}
                | {"computed": computed}
            )
    return result
