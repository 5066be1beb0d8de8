"""Why a release has its version, in a sentence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ketameta.evidence.version_rule import CODE, PACKAGES, UNKNOWN, WORDS, Step
from ketameta.report.naming import listed
from ketameta.report.wording import count

RULE = (
    "MAJOR.MINOR.PATCH by rule: MAJOR where trials were searched for to another day, MINOR where a "
    "number or a verdict is another or an analysis, a trial or a claim came or went, PATCH where "
    "nothing but words, appearance, software or cells that move no number changed."
)
_MADE_FROM = {
    WORDS: "words or settings of the configuration changed",
    CODE: "the code changed",
    PACKAGES: "versions of packages changed",
    UNKNOWN: "the record before does not tell what it was made from",
}
# names that a sentence still takes
_FEW = 3


def why(step: Step | None) -> str:
    """Say what made a release of its level, the most telling first: `data of 3 analyses moved`."""
    if step is None:
        return "the first release"
    if step.searched:
        old, new = (day or "none told" for day in step.searched)
        return f"the day of the last search moved ({old} → {new})"
    if found := [*_numbers(step)]:
        return listed(found)
    rest = [
        *([f"cells of {_named(step.edited, 'trial')} were edited"] if step.edited else []),
        *(["cells of no trial were edited"] if step.other_cells else []),
        *(["findings or decisions on cells are others"] if step.decided else []),
        *(_MADE_FROM[part] for part in step.made_from),
    ]
    return f"{listed(rest)}; no number moved" if rest else "nothing moved"


def _numbers(step: Step) -> Iterator[str]:
    """Say which numbers are others."""
    analyses = ("analysis", "analyses")
    if step.moved:
        yield f"data of {_named(step.moved, *analyses)} moved"
    if step.came:
        yield f"{_named(step.came, *analyses)} came"
    if step.went:
        yield f"{_named(step.went, *analyses)} went"
    if step.trials:
        yield f"{_named(step.trials, 'trial')} came or went"
    if step.claims:
        yield f"{_named(step.claims, 'claim')} came, went or turned"
    if step.beside and not (step.moved or step.came or step.went or step.trials or step.claims):
        yield "numbers of no analysis moved"


def _named(names: Sequence[str], one: str, many: str = "") -> str:
    """Count things, and name a few."""
    counted = count(len(names), one, many)
    return f"{counted} ({', '.join(names)})" if len(names) <= _FEW else counted
