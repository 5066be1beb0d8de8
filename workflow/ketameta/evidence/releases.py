"""The release log: what each release found, kept as a small record, and what changed since.

A record holds estimates, the data hash, and for each trial a digest of its rows, which is enough to
say which trials were added, removed or edited since; and what was open and decided of the
extraction: findings of the number checks that nobody explained (their cells are the only ones in
it), and the names of the decisions.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date
from pathlib import Path
from typing import Any

from ketameta.evidence.changes import ClaimMove, Move, compare, compare_claims
from ketameta.evidence.findings import FindingKey
from ketameta.evidence.rated import COMPARED, RatedSynthesis, RecordedResult, result_of
from ketameta.tables.collection import Tables
from ketameta.tables.decisions import decisions
from ketameta.tables.digests import digests
from ketameta.tables.upkeep import AdjudicationRow

FORM = 1
DATE = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])")
NAME = re.compile(DATE.pattern + r"(\.[1-9][0-9]{0,3})?")
VERSION = re.compile(r"[1-9][0-9]{0,5}(\.(0|[1-9][0-9]{0,5})){2}")


class ReleaseError(ValueError):
    """A record that cannot be read or written; the message says why."""


@dataclass(frozen=True)
class Release:
    """One release: its name (a date, and a number where there are several), and what it found.

    `claims` holds the verdict on each claim, `findings` what the number checks found and nobody
    explained, `decisions` the ids of what was decided on cells and rows. `version` is what it is
    cited by, `searched` the day of the last search (empty: none told), `results` a digest of the
    numbers of each analysis, `made_from` one of words, code and packages (see `version_rule`). Each
    is None, the version empty, where an older record has none.
    """

    name: str
    data_hash: str
    commit: str
    trials: dict[str, str]
    syntheses: tuple[RecordedResult, ...]
    claims: dict[str, str] | None = None
    findings: tuple[FindingKey, ...] | None = None
    decisions: tuple[str, ...] | None = None
    version: str = ""
    searched: str | None = None
    results: dict[str, str] | None = None
    made_from: dict[str, str] | None = None

    @property
    def date(self) -> str:
        """The date given to the release."""
        return self.name.partition(".")[0]

    def to_json(self) -> str:
        """Return the record as text, the same for the same content, one analysis a line."""
        head = {"form": FORM, "name": self.name, "data_hash": self.data_hash, "commit": self.commit}
        lines = [f"  {json.dumps(key)}: {json.dumps(value)}," for key, value in head.items()]
        trials = ",\n".join(
            f"    {json.dumps(k, ensure_ascii=False)}: {json.dumps(self.trials[k])}"
            for k in sorted(self.trials)
        )
        rows = ",\n".join(
            f"    {json.dumps(asdict(row), ensure_ascii=False, allow_nan=False)}"
            for row in self.syntheses
        )
        claims = ""
        if self.claims is not None:
            told = json.dumps(self.claims, ensure_ascii=False, sort_keys=True)
            claims = f'\n  "claims": {told},'
        more = ""
        if self.findings is not None:
            told = ",\n".join(
                f"    {json.dumps(asdict(one), ensure_ascii=False)}" for one in self.findings
            )
            more = f'\n  "findings": [\n{told}\n  ],'
        if self.decisions is not None:
            more += f'\n  "decisions": {json.dumps(self.decisions, ensure_ascii=False)},'
        for key in ("version", "searched", "made_from", "results"):
            told = getattr(self, key)
            if told or (told is not None and key != "version"):
                more += f'\n  "{key}": {json.dumps(told, ensure_ascii=False, sort_keys=True)},'
        return (
            "{\n" + "\n".join(lines) + f'\n  "trials": {{\n{trials}\n  }},{claims}{more}'
            f'\n  "syntheses": [\n{rows}\n  ]\n}}\n'
        )


@dataclass(frozen=True)
class SinceRelease:
    """What changed from one release to another state of data and results."""

    release: Release
    added: tuple[str, ...]
    removed: tuple[str, ...]
    edited: tuple[str, ...]
    other_data: bool
    moves: tuple[Move, ...]
    claims: tuple[ClaimMove, ...] = ()


def make(
    name: str,
    commit: str,
    tables: Tables,
    syntheses: Sequence[RatedSynthesis],
    claims: dict[str, str] | None = None,
    findings: tuple[FindingKey, ...] | None = None,
) -> Release:
    """Return the release of raw tables, their syntheses as rated, and the verdicts on claims.

    `findings` are the open ones of the number checks; decisions are taken from the raw tables.
    Raises `ReleaseError` where the name is no date.
    """
    if not _is_name(name):
        raise ReleaseError(f"{name!r} is not a date such as 2027-01-31")
    kept = tuple(map(result_of, syntheses))
    decided = decisions(tables.get(AdjudicationRow))
    known = tuple(sorted(one.id for one in decided if one.decision))
    cells = digests(tables)
    held = cells.data_hash, commit, cells.trials
    return Release(name, *held, kept, claims, findings, known)


def is_day(text: str) -> bool:
    """Say whether a text is a day of the calendar such as 2027-01-31."""
    if not DATE.fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _is_name(name: str) -> bool:
    return bool(NAME.fullmatch(name)) and is_day(name.partition(".")[0])


def read_all(folder: Path) -> list[Release]:
    """Read the records of a folder such as reports/versions, in the order of their names.

    Raises `ReleaseError` with the name of the first that is none.
    """
    found = []
    for path in sorted(folder.glob("*.json")):
        try:
            found.append(parse_release(path.stem, path.read_bytes()))
        except OSError as error:
            raise ReleaseError(f"{path.as_posix()}: {error.strerror}") from None
        except ReleaseError as error:
            raise ReleaseError(f"{path.parent.as_posix()}/{error}; mend or remove it") from None
    return found


def parse_release(name: str, text: str | bytes) -> Release:
    """Read a record; `name` is its file without the ending.

    Raises `ReleaseError` with the reason where it is none.
    """
    try:
        content = json.loads(text)
        if content["form"] != FORM:
            raise ReleaseError(f"{name}.json: form {content['form']} is not known here")
        release = Release(
            content["name"],
            content["data_hash"],
            content["commit"],
            _texts(content["trials"]),
            tuple(read_result(row) for row in content["syntheses"]),
            _texts(content["claims"]) if "claims" in content else None,
            _findings(content["findings"]) if "findings" in content else None,
            _list_of_texts(content["decisions"]) if "decisions" in content else None,
            content.get("version", ""),
            content.get("searched"),
            _texts(content["results"]) if "results" in content else None,
            _texts(content["made_from"]) if "made_from" in content else None,
        )
        known = (release.data_hash, release.commit, release.version, release.searched or "")
        if not all(isinstance(text, str) for text in known):
            raise TypeError("data_hash, commit, version and searched are texts")
        if release.version and not VERSION.fullmatch(release.version):
            raise ValueError(f"{release.version[:40]!r} is not a version such as 1.2.0")
    except ReleaseError:
        raise
    except RecursionError:
        raise ReleaseError(f"{name}.json: not a record of a release (nested too deeply)") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        why = str(error).replace("\n", " ")
        raise ReleaseError(f"{name}.json: not a record of a release ({why})") from None
    if release.name != name or not _is_name(name):
        raise ReleaseError(f"{name}.json: is named unlike the release in it")
    return release


def _texts(content: dict[str, str]) -> dict[str, str]:
    if not all(isinstance(text, str) for text in content.values()):
        raise TypeError("trials and claims hold texts by name")
    return dict(content)


def _list_of_texts(content: list[str]) -> tuple[str, ...]:
    if not isinstance(content, list) or not all(isinstance(text, str) for text in content):
        raise TypeError("a list of texts was expected")
    return tuple(content)


def _findings(content: list[dict[str, Any]]) -> tuple[FindingKey, ...]:
    if not isinstance(content, list):
        raise TypeError("findings are a list")
    return tuple(
        FindingKey(
            **_texts({k: v for k, v in one.items() if k != "at"}), at=_list_of_texts(one["at"])
        )
        for one in content
    )


def read_result(row: dict[str, Any]) -> RecordedResult:
    """Read a synthesis; raises `TypeError` where it lacks a value or one is not of its kind."""
    if missing := set(COMPARED) - row.keys():
        raise TypeError(f"a synthesis lacks {', '.join(sorted(missing))}")
    known: dict[str, Any] = {f.name: row.get(f.name) for f in fields(RecordedResult)}
    kinds = {f.name: str(f.type) for f in fields(RecordedResult)}
    for name, value in known.items():
        if value is None:
            fits = kinds[name].endswith("None")
        elif kinds[name].startswith("str"):
            fits = isinstance(value, str)
        else:
            fits = isinstance(value, int | float) and not isinstance(value, bool)
            fits = fits and math.isfinite(value)
        if not fits:
            raise TypeError(f"{name} is {str(value)[:40]!r} in a synthesis")
    return RecordedResult(**known)


def oldest_first(releases: Sequence[Release]) -> list[Release]:
    """Return releases by date, several of a day by their number."""
    return sorted(releases, key=lambda r: (r.date, int(r.name.partition(".")[2] or 1)))


def next_name(date: str, taken: Sequence[str]) -> str:
    """Return a name for another release of that date: 2027-01-31, then 2027-01-31.2."""
    number = 1
    while (name := date if number == 1 else f"{date}.{number}") in taken:
        number += 1
    return name


def changes_between(old: Release, new: Release) -> SinceRelease:
    """Say what changed from one release to another."""
    return changes_since(old, new.trials, new.data_hash, new.syntheses, new.claims)


def changes_since(
    old: Release,
    trials: dict[str, str],
    new_hash: str,
    syntheses: Sequence[RecordedResult],
    claims: dict[str, str] | None = None,
) -> SinceRelease:
    """Say what changed from a release to a state of the data.

    That state is given by digests by trial, the data hash, syntheses as rated, verdicts on claims.
    """
    before = old.trials
    return SinceRelease(
        old,
        tuple(sorted(trials.keys() - before.keys())),
        tuple(sorted(before.keys() - trials.keys())),
        tuple(sorted(t for t in trials.keys() & before.keys() if trials[t] != before[t])),
        old.data_hash != new_hash,
        tuple(compare(old.syntheses, syntheses)),
        compare_claims(old.claims, claims),
    )
