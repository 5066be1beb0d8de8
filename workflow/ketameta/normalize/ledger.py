"""What each raw row was used for, and why not: one entry a raw row and analysis."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    import pyarrow as pa

    from ketameta.normalize.results import AnyResult
    from ketameta.normalize.rows import Rows

# Reason -> what it means, in the order in which rows are sifted.
REASONS = {
    "used": "used",
    "other outcome": "another outcome",
    "other population": "the trial's population is not asked for",
    "design": "a kind of trial that is not pooled here",
    "narrowed": "not what the analysis is narrowed to",
    "flagged": "marked in the tables as not to be pooled",
    "other treatment": "the arm's treatment is neither asked for nor a comparator asked for",
    "treatment preferred": "another treatment of the trial is preferred",
    "higher dose": "an arm of a higher dose is asked for",
    "other measure": "a reported measure that this analysis cannot take",
    "source not asked for": "reported contrasts are not asked for",
    "arms not asked for": "numbers of arms are not asked for",
    "no hour": "no hour is reported and the analysis has a window",
    "outside window": "outside the window of hours",
    "other scale": "a scale that is not asked for",
    "other definition": "a definition that is not asked for",
    "other analysis set": "an analysis set that is not asked for",
    "pooled arm": "its arms are used apart",
    "same people": "another period of the same people (crossover) is used",
    "repeated report": "another report of the same fact is used",
    "other comparator": "a comparator class preferred to this one is used",
    "no comparison": "no usable row of the other side at the same hour, scale and analysis set",
    "not usable": "no effect follows from what is reported",
    "selected arm": "one arm alone is known of several of the same treatment",
    "scale preferred": "another scale is preferred",
    "definition preferred": "another definition is preferred",
    "time preferred": "another hour is nearer the target",
    "source preferred": "arm-level numbers or a reported contrast are preferred",
    "analysis set preferred": "another analysis set is preferred",
    "shared people": "another report of the same people is used",
}

# reason and detail
Fate = tuple[str, str]
ELSEWHERE = "other outcome"
# how the detail of a row begins that stood back for another
_USED = "used: "


class Ledger:
    """The fate of every raw row in one analysis; each row is entered exactly once.

    `note` keeps the last word on a row, since a row that passes one sieve meets the next. Of rows
    on another outcome nothing else is said. Where nobody asks what became of rows, none is `told`:
    nothing is noted, and words for it need not be found.
    """

    def __init__(
        self,
        analysis: str,
        rows: Rows,
        outcome: str,
        sifted: Sequence[Fate | None] = (),
        *,
        told: bool = True,
    ) -> None:
        """Take the rows, and what a sieve told of those on the outcome (None: they passed)."""
        self.analysis, self.rows, self.told, self._outcome = analysis, rows, told, outcome
        self._on, self._sifted = rows.on(outcome), sifted
        self._noted: dict[str, Fate] = {}

    def aside(self) -> Ledger:
        """Return a ledger of the same rows, of which no more is noted than the sieve told."""
        return Ledger(self.analysis, self.rows, self._outcome, self._sifted, told=self.told)

    @property
    def noted(self) -> Mapping[str, Fate]:
        """What was noted since the sieve, by the keys of rows."""
        return self._noted

    def note(self, row: AnyResult, reason: str, detail: str = "") -> None:
        """Set what became of a row."""
        if reason not in REASONS:
            raise KeyError(reason)
        if self.told:
            self._noted[row.key] = (reason, detail)

    def enter(self, fates: Mapping[str, Fate]) -> None:
        """Set what became of rows, by their keys, as it was noted before."""
        self._noted.update(fates)

    def fate(self, row: AnyResult) -> Fate | None:
        """Return reason and detail noted so far of a row; None where there are none."""
        if noted := self._noted.get(row.key):
            return noted
        if (at := self._on.at.get(row.key)) is None:
            return ELSEWHERE, row.outcome
        return self._sifted[at] if self._sifted else None

    def rows_with(self, reason: str) -> list[AnyResult]:
        """Return the rows on the outcome of which a reason is noted, those of a trial in order."""
        fates = zip(self._on.rows, self._fates(), strict=True)
        return [row for row, fate in fates if fate and fate[0] == reason]

    def refusal(self, row: AnyResult) -> str:
        """Return reason and detail noted for a row in a few words; empty where there is none."""
        return ", ".join(filter(None, self.fate(row) or ()))

    def stood_back(self, rows: Iterable[AnyResult]) -> None:
        """Correct the word on rows that stood back for others which then gave no effect."""
        for row in rows:
            reason, detail = self._noted.get(row.key, ("", ""))
            if detail.startswith(_USED):
                detail = f"taken: {detail.removeprefix(_USED)}, which gives no effect"
                self._noted[row.key] = (reason, detail)

    def _fates(self) -> list[Fate | None]:
        """Return what is noted of the rows on the outcome, in their order."""
        fates = list(self._sifted) or [None] * len(self._on.rows)
        for key, fate in self._noted.items():
            if (at := self._on.at.get(key)) is not None:
                fates[at] = fate
        return fates

    def check(self) -> list[Fate]:
        """Return the fate of every row on the outcome; KeyError with one that has none."""
        fates = self._fates()
        if None in fates:
            raise KeyError(self._on.rows[fates.index(None)].key)
        return cast("list[Fate]", fates)

    def table(self, schema: pa.Schema) -> pa.Table:
        """Return the table of that name, a row for every raw row in their order.

        Words that repeat are kept once, as dictionaries of Arrow. Raises KeyError for a row that
        nothing was noted for.
        """
        import numpy as np
        import pyarrow as pa

        codes = {reason: code for code, reason in enumerate(REASONS)}
        words = {word: code for code, word in enumerate(self.rows.by_outcome)}
        reasons = np.full(len(self.rows), codes[ELSEWHERE], dtype=np.int8)
        details = self.rows.outcome_codes.copy()
        fates = self.check()
        reasons[self._on.places] = [codes[reason] for reason, _ in fates]
        details[self._on.places] = [words.setdefault(said, len(words)) for _, said in fates]
        for key in self._noted.keys() - self._on.at.keys():
            at, (reason, said) = self.rows.at[key], self._noted[key]
            reasons[at], details[at] = codes[reason], words.setdefault(said, len(words))
        of = pa.DictionaryArray.from_arrays
        columns = {
            **self.rows.columns,
            "analysis": of(np.zeros(len(reasons), dtype=np.int8), pa.array([self.analysis])),
            "used": pa.array(reasons == codes["used"]),
            "reason": of(reasons, pa.array(list(codes))),
            "detail": of(details, pa.array(list(words), pa.string())),
        }
        arrays = [columns[name] for name in schema.names]
        fields = [f.with_type(a.type) for f, a in zip(schema, arrays, strict=True)]
        return pa.Table.from_arrays(arrays, schema=pa.schema(fields, schema.metadata))
