"""What a source tells of studies, as the start of our tables: what is not told stays empty."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ketameta.ingest.formats import Cells
from ketameta.tables.raw import RAW_TABLES
from ketameta.vocabulary import SECONDARY

Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class SourceArm:
    """An arm of a comparison: how a source knows and names it, its numbers by our columns."""

    key: str
    label: str
    numbers: Mapping[str, str] = field(default_factory=dict)
    treatment: str = ""


@dataclass(frozen=True, slots=True)
class SourceRow:
    """What a row of a source tells: a study, its arms (the treated first), and where it stands.

    `numbers` of the arms go to outcomes, `between` (columns of contrasts) to contrasts; `about` is
    what both have: note, source, locator, timepoint_h.
    """

    study: str
    year: str
    arms: tuple[SourceArm, ...]
    about: Mapping[str, str]
    between: Mapping[str, str] = field(default_factory=dict)


class DraftTables:
    """Our tables as they grow; a study is one trial however often it is told."""

    def __init__(self, source: str = "") -> None:
        self._source = source
        self._trials: dict[str, Row] = {}
        self._names: dict[str, str] = {}
        self._arms: dict[tuple[str, str], Row] = {}
        self._outcomes: list[Row] = []
        self._contrasts: list[Row] = []
        self._bias: list[Row] = []

    @property
    def names(self) -> list[str]:
        """The names of the studies, in the order told."""
        return [*self._names]

    def identify(self, study: str, cells: Row) -> None:
        """Add what identifies a study that is there, such as its DOI, where nothing does yet."""
        trial = self._trials[self._names[study]]
        trial |= {name: cell for name, cell in cells.items() if cell and not trial.get(name)}

    def add(self, told: SourceRow) -> None:
        """Add what a row tells."""
        trial = self.trial(told.study, told.year)
        about = {"seen": SECONDARY, "source": self._source} | dict(told.about)
        arms = [self._arm(trial, arm) for arm in told.arms]
        for arm, own in zip(arms, told.arms, strict=True):
            if any(own.numbers.values()):
                numbers = dict(own.numbers)
                self._outcomes.append({"trial_id": trial, "arm_id": arm} | about | numbers)
        if any(told.between.values()):
            pair = dict(zip(("arm_t", "arm_c"), arms, strict=True))
            self._contrasts.append({"trial_id": trial} | pair | about | dict(told.between))

    def judge(self, study: str, cells: Row) -> None:
        """Add a judgement of the risk of bias of a study."""
        self._bias.append({"trial_id": self.trial(study), "source": self._source} | cells)

    def trial(self, name: str, year: str = "") -> str:
        """Return the identifier of a study, which is a new trial where it is not known yet."""
        if name in self._names:
            trial = self._names[name]
            if year and not self._trials[trial]["year"]:
                self._trials[trial]["year"] = year
            return trial
        plain = identifier(name)
        trial, i = plain, 2
        while trial in self._trials:
            trial, i = f"{plain}_{i}", i + 1
        self._names[name] = trial
        self._trials[trial] = {"trial_id": trial, "label": name, "year": year}
        return trial

    def _arm(self, trial: str, arm: SourceArm) -> str:
        row = {"trial_id": trial, "arm_id": arm.key, "arm_label": arm.label}
        if arm.treatment:
            row["treatment"] = arm.treatment
        self._arms.setdefault((trial, arm.key), row)
        return arm.key

    def cells(self) -> Cells:
        """Return the rows by table: a row of numbers with its trial, else in the order told."""

        def sorted_by_trial(rows: Iterable[Row]) -> list[Row]:
            return sorted(rows, key=lambda row: row["trial_id"])

        found: Cells = {name: [] for name in RAW_TABLES}
        found["trials"] = sorted_by_trial(self._trials.values())
        found["arms"] = [row for _, row in sorted(self._arms.items())]
        found["outcomes"] = sorted_by_trial(self._outcomes)
        found["contrasts"] = sorted_by_trial(self._contrasts)
        found["risk_of_bias"] = sorted_by_trial(self._bias)
        return found


def twice(names: Iterable[str], where: str) -> list[str]:
    """Say which studies stand in more than one row, where any does."""
    found = [name for name, n in Counter(names).items() if n > 1]
    return [
        f"{where}: more than one row of {', '.join(found)}: give each its own arms where they are "
        "not the same people"
    ] * bool(found)


def identifier(name: str) -> str:
    """Return a study's name as an identifier: lower case, ASCII letters and digits alone."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "", plain)[:60] or "study"
