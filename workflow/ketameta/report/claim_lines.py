"""What a time course says of a claim, as a line among those of its analyses."""

from __future__ import annotations

from ketameta.evidence.claims import of_course
from ketameta.evidence.timed import CourseOnClaim
from ketameta.report.claim_curves import NOT_RATED, name_of, text_of
from ketameta.report.claim_reasons import BECAUSE
from ketameta.report.claim_view import LineView
from ketameta.report.wording import count, people


def line_of(found: CourseOnClaim) -> LineView:
    """Return what a time course says of a claim as the page lists it."""
    verdict = of_course(found)
    course = found.course
    return LineView(
        str(found.asked),
        course.display.title if course else "",
        f"courses.html#{course.name}" if course else "",
        "; ".join(f"{name_of(one)}: {text_of(found, one)}" for one in found.told),
        verdict.word,
        f"{BECAUSE[verdict.because]} {NOT_RATED}" if course else BECAUSE[verdict.because],
        trials=tuple(
            f"{name_of(one)}: {count(one.curve.group.trials, 'trial')}, "
            f"{people(one.curve.group.people)} people"
            for one in found.told
        ),
    )
