"""A row of the second opinion: a number beside its independent value, and what comes of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ketameta.tables.crosscheck import CrosscheckRow, Verdict
from ketameta.tables.parts import Estimate

# of what is compared, relative to its size and at least to Wald's standard error
TOLERANCE = 1e-8
# a likelihood that both sides sum up numerically; where it is flat its top is told less exactly
BY_GRID = "marginal likelihood"
ROUGHER = 1e-6


@dataclass(frozen=True, slots=True)
class Place:
    """Where numbers belong: an analysis, its choice, and what of it they are of (none: itself)."""

    analysis: str
    variant: str = ""
    what: str = ""

    def row(
        self,
        number: str,
        ours: float | None,
        theirs: float | None,
        by_what: str,
        why: str = "",
        *,
        scale: float = 1.0,
    ) -> CrosscheckRow:
        """Return a number beside its independent value; `why` is what is known of a difference."""
        if theirs is None or ours is None:
            verdict = Verdict.ABSENT
            why = why or "not reported"
        elif abs(ours - theirs) <= tolerance(by_what) * max(abs(ours), scale):
            verdict, why = Verdict.EQUAL, ""
        else:
            verdict = Verdict.KNOWN if why else Verdict.DIFFERENT
        return CrosscheckRow(
            analysis=self.analysis,
            variant=self.variant,
            number=f"{self.what}: {number}" if self.what else number,
            ours=ours,
            theirs=theirs,
            by=by_what if theirs is not None else "",
            verdict=str(verdict),
            why=why,
        )

    def none(self, number: str, ours: float | None, why: str) -> CrosscheckRow:
        """Return a number that no independent path gives."""
        return self.row(number, ours, None, "", why)


def tolerance(by_what: str) -> float:
    """Return how far apart two paths may be that say the same."""
    return ROUGHER if by_what == BY_GRID else TOLERANCE


def on_scale(record: Estimate, end: str) -> float | None:
    """Return an end on the scale of the analysis."""
    found: float | None = getattr(record, f"{end}_log", None)
    if found is None:
        found = getattr(record, end)
    return found


def differing(rows: Iterable[CrosscheckRow]) -> list[str]:
    """Return a line for each number that is another than its independent value, and not known."""
    return [
        f"{row.analysis}{', ' if row.variant else ''}{row.variant}: {row.number} is {row.ours!r}, "
        f"recomputed by {row.by} {row.theirs!r}"
        for row in rows
        if row.verdict == Verdict.DIFFERENT
    ]
