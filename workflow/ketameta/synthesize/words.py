"""Words and places in the tables of a synthesis that its readers need without its arithmetic."""

from __future__ import annotations

from typing import Any

MANTEL_HAENSZEL = "Mantel-Haenszel"
# tau² of groups: one for all, or each its own
COMMON, SEPARATE = "common", "separate"
# the choice in which each known missing result is no effect
MISSING_AS_NONE = "known missing results as no effect"


def group_of(split: str | None, effect: dict[str, Any]) -> str:
    """Return the group of an effect in a split; empty where that is not known, or no split."""
    return str(effect[split] or "") if split else ""
