"""Which questions two versions are compared by: the present ones, or those that each asked itself.

With one configuration only data and code can move an estimate. A version's own configuration is
read by the present schema: one that was valid once may be so no more.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from ketameta.commands.versions import MadeTables, Recorded, Version
from ketameta.configuration import CONFIG, FILES, Analysis, Configuration, ConfigurationError, load
from ketameta.tables.problems import first_few

_ONE = "both versions are pooled with the present configuration, so that only {} move"
_MOST = 6


@dataclass(frozen=True)
class PooledVersion:
    """What one version is pooled with.

    `questions` are as the present code reads them; `files` are those of the configuration, by name,
    for the version's own code.
    `unread` says why its own configuration is not read by the present code.
    """

    version: Version
    questions: Configuration
    files: dict[str, bytes]
    own: bool = False
    unread: str = ""

    def note(self, apart: bool) -> Iterator[str]:
        """Say which configuration the version is pooled with, where each has its own.

        `apart` where its own code pools it, which reads it as it was.
        """
        name = self.version.name
        if self.own and (apart or not self.unread):
            yield f"{name} is pooled with its own configuration"
            if self.unread:
                yield (
                    f"which questions of {name} changed is not told: the present code does not "
                    f"read its configuration ({self.unread})"
                )
        elif self.unread:
            why = f"its own is not valid now ({self.unread})"
            yield f"{name} is pooled with the present configuration: {why}"
        elif not isinstance(self.version, MadeTables | Recorded):
            yield f"{name} has no {CONFIG}: pooled with the present one"


@dataclass(frozen=True)
class QuestionsOfBoth(Configuration):
    """The analyses of both versions: the old one's questions, under the new one's titles.

    ``old`` and ``new`` are what each version is pooled with; ``each`` says whether with its own.
    """

    old: PooledVersion
    new: PooledVersion
    each: bool

    def notes(self, apart: tuple[bool, bool], same_code: bool) -> list[str]:
        """Say what the versions are pooled with; `apart`: whether each by its own code."""
        sides = (self.old, self.new)
        if not self.each:
            if any(isinstance(side.version, MadeTables | Recorded) for side in sides):
                return []
            differ = [p for p in FILES if len({s.version.content(p) for s in sides} - {None}) > 1]
            more = [
                f"; {p} differs between them: --config-too takes each with its own" for p in differ
            ]
            return [_ONE.format("data" if same_code else "data and code") + "".join(more[:1])]
        said = [side.note(own) for side, own in zip(sides, apart, strict=True)]
        return [*said[0], *said[1], *_changed(self.old.questions, self.new.questions)]


def asked(old: Version, new: Version, each: bool, present: Configuration) -> QuestionsOfBoth:
    """Return the questions that two versions are compared by; with `each`, each by its own."""
    a, b = (_side(version, each, present) for version in (old, new))
    titles = {analysis.name: analysis.display for analysis in b.questions}
    both = [replace(q, display=titles.get(q.name, q.display)) for q in a.questions]
    both += [question for question in b.questions if question.name not in a.questions.names]
    return QuestionsOfBoth(tuple(both), a, b, each)


def _side(version: Version, each: bool, present: Configuration) -> PooledVersion:
    """Return a version with its own configuration, or with the present one and the reason."""
    own = _files(version.content) if each else {}
    if CONFIG.name not in own:
        return PooledVersion(version, present, _files(_present))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, CONFIG.name)
        for name, content in own.items():
            path.with_name(name).write_bytes(content)
        try:
            return PooledVersion(version, load(path), own, own=True)
        except ConfigurationError as error:
            faults = str(error).replace(folder, CONFIG.parent.as_posix()).splitlines()
    more = f" and {len(faults) - 1} more faults" if len(faults) > 1 else ""
    return PooledVersion(version, present, own, own=True, unread=f"{faults[0]}{more}")


def _files(content: Callable[[Path], bytes | None]) -> dict[str, bytes]:
    """Return the files of a configuration that are there, by name."""
    found = {path.name: content(path) for path in FILES}
    return {name: text for name, text in found.items() if text is not None}


def _present(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _changed(old: Configuration, new: Configuration) -> list[str]:
    """Name the questions that changed, and which of their keys: those of equal change together."""
    found: dict[tuple[str, ...], list[str]] = {}
    for analysis in new:
        if analysis.name in old.names and (keys := _keys(old[analysis.name], analysis)):
            found.setdefault(tuple(keys), []).append(analysis.name)
    return [
        f"changed questions ({', '.join(keys)}): {first_few(names, _MOST)}; of their moves, what "
        "edits of the data do not explain is due to that"
        for keys, names in found.items()
    ]


def _keys(old: Analysis, new: Analysis) -> list[str]:
    parts = [(getattr(old, name), getattr(new, name)) for name in ("select", "model")]
    return [
        key
        for before, after in parts
        for key, value in asdict(after).items()
        if asdict(before)[key] != value
    ]
