"""Which judgement of risk of bias stands for a trial in an analysis."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial

from ketameta.tables.collection import by
from ketameta.tables.diagnostics import JudgementRow
from ketameta.tables.effects import BiasRow
from ketameta.tables.table import as_dict, extended

# worst last; the words of both tools
SEVERITY = ("low", "unclear", "some concerns", "high")


class TrialJudgements:
    """Judgements by trial, and what stands of each for an outcome, which many analyses share."""

    def __init__(self, bias: Mapping[str, Sequence[BiasRow]]) -> None:
        self._bias = bias
        self._stands: dict[tuple[str, str], list[partial[JudgementRow]]] = {}

    def rows(self, name: str, outcome: str, trials: Iterable[str]) -> list[JudgementRow]:
        """Return one row a judged domain of each trial, for an analysis of an outcome.

        A judgement of the outcome goes before one of the whole trial; one of another outcome is
        none of ours. Where reviews differ the worse stands, and `disputed` says so. A domain that
        nobody judged has no row: not assessed is not low.
        """
        return [
            stands(analysis=name)
            for trial in sorted(set(trials))
            for stands in self._of(trial, outcome)
        ]

    def _of(self, trial: str, outcome: str) -> list[partial[JudgementRow]]:
        own = self._bias.get(trial, ())
        if not any(row.outcome == outcome for row in own):
            outcome = ""  # the whole trial's stand, as for any such outcome
        if (trial, outcome) not in self._stands:
            fit = [row for row in own if row.outcome in (None, "", outcome)]
            domains = by(fit, lambda row: (row.tool, row.domain))
            found = [_judged(domains[key], outcome) for key in sorted(domains)]
            self._stands[trial, outcome] = found
        return self._stands[trial, outcome]


def _judged(rows: Sequence[BiasRow], outcome: str) -> partial[JudgementRow]:
    own = [row for row in rows if row.outcome == outcome] or rows
    worst = max(own, key=lambda row: SEVERITY.index(row.judgement))
    said = [
        f"{row.judgement} ({row.source}{': ' + row.support if row.support else ''})" for row in own
    ]
    row = extended(
        JudgementRow,
        worst,
        analysis="",
        best=max((row.best for row in own), key=SEVERITY.index),
        disputed=len({row.judgement for row in own}) > 1,
        detail="; ".join(said),
        rows=[f"{row.file}:{row.line}" for row in own],
    )
    return partial(JudgementRow, **as_dict(row))
