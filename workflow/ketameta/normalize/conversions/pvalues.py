"""Printed p-values as a number and a relation."""

from __future__ import annotations

import re

from ketameta.normalize.conversions.checks import ConversionError

_PRINTED = re.compile(
    r"(?:p(?:[- ]?value)?\s*)?(?P<relation><=|>=|[=<>≤≥])?\s*"
    r"(?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:e-?\d+)?)\s*(?P<remark>\(.*\))?",
    re.IGNORECASE,
)
_NOT_SIGNIFICANT = re.compile(
    r"(?:p\s*=?\s*)?(?:n\.?\s?s\.?|not significant|non-?significant)", re.I
)
_RELATIONS = {None: "=", "≤": "<", "<=": "<", "≥": ">", ">=": ">"}


def parse_p(text: str) -> tuple[float | None, str]:
    """Return a printed p-value as (value, relation).

    "0.02" and ".02" give (0.02, "="), "<.001" (0.001, "<"), ">0.99" (0.99, ">");
    ≤ counts as <, ≥ as >. A remark in brackets after the number is left out: "0.02
    (adjusted 0.14)" gives (0.02, "="), the value of the comparison itself, since an
    adjusted one gives no standard error. "NS" and an empty text give (None, ""): not
    significant is no number.

    Raises
    ------
    ConversionError
        Any other text; a number above 1; 0 ("0.000" is a rounding, no probability),
        also as a bound.
    """
    said = text.strip()
    if not said or _NOT_SIGNIFICANT.fullmatch(said):
        return None, ""
    match = _PRINTED.fullmatch(said)
    if match is None:
        raise ConversionError(f"{said!r} is not a p-value")
    value = float(match["number"])
    relation = _RELATIONS.get(match["relation"], match["relation"] or "=")
    if value > 1:
        raise ConversionError(f"{said!r} is above 1, which no p-value is")
    if value == 0:
        raise ConversionError(f"{said!r} is a rounding to 0, which no p-value is")
    return value, relation
