"""What `ketameta init` wrote of made-up trials, and still stands where none of them is left."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ketameta.commands.new_review.asked import SAID
from ketameta.commands.new_review.made_up import ARTICLE, CLAIM, TRIAL
from ketameta.configuration.review import FILE
from ketameta.documents.document import Place, read_document
from ketameta.tables.collection import Tables
from ketameta.tables.problems import WARNING, Problem, shown
from ketameta.tables.raw import ClaimRow, TrialRow
from ketameta.vocabulary import subject

LEFT_OVER = "made-up"
_TOLD = (
    f"is of the made-up trials of a new project, of which none is left: write yours [{LEFT_OVER}]"
)


def left_over(tables: Tables) -> Iterator[Problem]:
    """Yield a warning for each text of review.yaml, and each claim, that came with a new project.

    Once there are trials, and none of those that came with it.
    """
    trials = tables.get(TrialRow)
    if not trials or any(row.trial_id.startswith(TRIAL) for row in trials):
        return
    path = subject() / FILE
    if path.is_file():
        document = read_document(path)
        for place, line in document.lines.items():
            value = _at(document.values, place)
            if isinstance(value, str) and value.endswith(SAID):
                said = f"{'.'.join(map(str, place))}: {shown(value)} {_TOLD}"
                yield Problem(path.as_posix(), line, "", value, said, WARNING)
    for row in tables.get(ClaimRow):
        if row.claim_id == CLAIM or row.article == ARTICLE:
            said = f"the claim {shown(row.claim_id)} {_TOLD}"
            yield Problem(row.file, row.line, "claim_id", row.claim_id, said, WARNING)


def _at(values: Any, place: Place) -> Any:
    for key in place:
        values = values[key]
    return values
