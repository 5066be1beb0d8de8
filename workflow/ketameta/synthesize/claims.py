"""Claims and the analyses that they name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ketameta.configuration import Configuration
from ketameta.vocabulary.narrowing import canonical, named

Record = dict[str, Any]


def tests_of(claims: Sequence[Record], configuration: Configuration) -> list[Record]:
    """Return one row a claim and analysis named; one without an analysis where it names none.

    `configuration` holds the narrowed analyses that claims ask for; `computed` is false for one
    that it lacks.
    """
    return [
        {**claim, "analysis": name or None, "computed": name in configuration.names}
        for claim in claims
        for name in map(canonical, named([claim]))
    ]
