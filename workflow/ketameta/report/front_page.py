"""What the front page is given: promises, leading outcomes, and the list of analyses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ketameta.configuration import Configuration
from ketameta.report.alike import Number
from ketameta.report.answers import Answer
from ketameta.report.claim_pictures import picture
from ketameta.report.claim_view import ClaimView
from ketameta.report.headlines import Headline, headlines
from ketameta.report.results_list import ResultLine, lines_by_group


@dataclass(frozen=True, slots=True)
class FrontView:
    """What the template of the front page is given: claims with pictures, outcomes, results.

    `alike` is the page of the first leading analysis with numbers that look alike, or empty.
    """

    promised: list[tuple[ClaimView, str]]
    headlines: list[Headline]
    groups: dict[str, list[ResultLine]]
    alike: str


def front_page(
    configuration: Configuration,
    answers: Mapping[str, Answer],
    alike: Mapping[str, Sequence[Number]],
    claims: Sequence[ClaimView],
) -> FrontView:
    """Return what the template takes; `alike` are the numbers that look alike, by analysis.

    Of the claims those that the table marks as leading stand first, each with its small picture.
    """
    leading = [analysis for analysis in configuration.whole if analysis.display.headline]
    return FrontView(
        [(view, picture(view, small=True)) for view in claims if view.headline],
        headlines(configuration, answers, alike),
        lines_by_group(configuration, answers),
        next((a.slug for a in leading if alike[a.name]), ""),
    )
