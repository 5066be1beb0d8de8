"""What the front page is given: promises, leading outcomes, and the list of analyses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ketameta.configuration import Configuration
from ketameta.report.alike import Number
from ketameta.report.answers import Answer
from ketameta.report.claim_pictures import picture
from ketameta.report.claim_view import ClaimView
from ketameta.report.headlines import headlines
from ketameta.report.results_list import lines_by_group


def front_page(
    configuration: Configuration,
    answers: Mapping[str, Answer],
    alike: Mapping[str, Sequence[Number]],
    claims: Sequence[ClaimView],
) -> dict[str, Any]:
    """Return what the template takes; `alike` are the numbers that look alike, by analysis.

    Of the claims those that the table marks as leading stand first, each with its small picture.
    """
    leading = [analysis for analysis in configuration.whole if analysis.display.headline]
    return {
        "front": configuration.front,
        "promised": [(view, picture(view, small=True)) for view in claims if view.headline],
        "headlines": headlines(configuration, answers, alike),
        "groups": lines_by_group(configuration, answers),
        "alike": next((a.slug for a in leading if alike[a.name]), ""),
    }
