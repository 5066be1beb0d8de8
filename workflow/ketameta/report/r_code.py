"""Values and calls written as R: whatever a text holds, R reads it back as it is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence


def r_number(value: float | None) -> str:
    """Write a number with all its digits; NA for none."""
    return "NA" if value is None or math.isnan(value) else repr(float(value)).replace("inf", "Inf")


def vector(values: Sequence[float | None]) -> str:
    """Write numbers as a vector."""
    return f"c({', '.join(r_number(value) for value in values)})"


def named_vector(values: Mapping[str, float | None]) -> str:
    """Write numbers as a vector with names that are R's own."""
    return f"c({', '.join(f'{name} = {r_number(value)}' for name, value in values.items())})"


def flags(values: Sequence[bool]) -> str:
    """Write truth values as a vector."""
    return f"c({', '.join('TRUE' if value else 'FALSE' for value in values)})"


def text(value: str) -> str:
    r"""Write a text as an R string: all but plain characters by number (``\U0001f600``)."""
    plain = (
        c if c.isascii() and c.isprintable() and c not in '"\\' else _by_number(c) for c in value
    )
    return f'"{"".join(plain)}"'


def _by_number(character: str) -> str:
    return f"\\U{ord(character):08x}"


def texts(values: Sequence[str]) -> str:
    """Write texts as a vector."""
    return f"c({', '.join(text(value) for value in values)})"


def named_list(values: Mapping[str, str]) -> str:
    """Write what is R already as a list with names that may be any text.

    Not as ``list(name = value)``: in a plain locale R would translate such names.
    """
    return f"setNames(list({', '.join(values.values())}), {texts(list(values))})"


def call(function: str, arguments: Mapping[str, str]) -> str:
    """Write a call, an argument a line; the arguments are R already."""
    inner = ",\n  ".join(f"{name} = {value}" for name, value in arguments.items())
    return f"{function}(\n  {inner}\n)\n"
