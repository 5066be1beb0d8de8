"""Which questions two revisions are compared by: the present ones, or those that each asked itself.

With one configuration only the data can move an estimate. A revision's own configuration is read
by the present schema: one that was valid once may be so no more.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from ketameta.commands.revisions import commit_of, git
from ketameta.configuration import CONFIG, Analysis, Configuration, ConfigurationError, load

_ONE = "both versions are pooled with the present configuration, so that only data move"
_MOST = 6


@dataclass(frozen=True)
class Asked(Configuration):
    """The analyses of both versions: the old one's questions, under the new one's titles.

    ``old`` and ``new`` are what each version is pooled with; ``notes`` says which that is.
    """

    old: Configuration
    new: Configuration
    notes: tuple[str, ...]


def asked(given: argparse.Namespace, present: Configuration) -> Asked:
    """Return the questions that the two versions of `ketameta diff` are compared by.

    Raises `DiffError` where there is no such revision. Folders hold results already, so there is
    nothing to choose.
    """
    if not given.rev:
        return Asked(present.analyses, present, present, ())
    texts = [_text(name) for name in (given.old, given.new)]
    if not given.config_too:
        differ = texts[0] != texts[1]
        more = f"; {CONFIG} differs between them: --config-too takes each with its own"
        return Asked(present.analyses, present, present, (_ONE + more * differ,))
    (old, why_old), (new, why_new) = (
        _own(name, text, present) for name, text in zip((given.old, given.new), texts, strict=True)
    )
    notes = [*why_old, *why_new, *_changed(old, new)]
    titles = {analysis.name: analysis.display for analysis in new}
    both = [replace(a, display=titles.get(a.name, a.display)) for a in old]
    both += [analysis for analysis in new if analysis.name not in old.names]
    return Asked(tuple(both), old, new, tuple(notes))


def _text(name: str) -> bytes | None:
    """Return the configuration of a revision; None where it has none."""
    return git("cat-file", "blob", f"{commit_of(name)}:./{CONFIG.as_posix()}")


def _own(name: str, text: bytes | None, present: Configuration) -> tuple[Configuration, list[str]]:
    """Return a revision's own configuration, or the present one and the reason."""
    if text is None:
        return present, [f"{name} has no {CONFIG}: pooled with the present one"]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, CONFIG.name)
        path.write_bytes(text)
        try:
            return load(path), [f"{name} is pooled with its own configuration"]
        except ConfigurationError as error:
            faults = str(error).replace(path.as_posix(), CONFIG.as_posix()).splitlines()
    more = f" and {len(faults) - 1} more faults" if len(faults) > 1 else ""
    why = f"its own is not valid now ({faults[0]}{more})"
    return present, [f"{name} is pooled with the present configuration: {why}"]


def _changed(old: Configuration, new: Configuration) -> list[str]:
    """Name the questions that changed, and which of their keys: those of equal change together."""
    found: dict[tuple[str, ...], list[str]] = {}
    for analysis in new:
        if analysis.name in old.names and (keys := _keys(old[analysis.name], analysis)):
            found.setdefault(tuple(keys), []).append(analysis.name)
    return [
        f"changed questions ({', '.join(keys)}): {_listed(names)}; of their moves, what edits of "
        "the data do not explain is due to that"
        for keys, names in found.items()
    ]


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return ", ".join(names[:_MOST]) + more


def _keys(old: Analysis, new: Analysis) -> list[str]:
    parts = [(getattr(old, name), getattr(new, name)) for name in ("select", "model")]
    return [
        key
        for before, after in parts
        for key, value in asdict(after).items()
        if asdict(before)[key] != value
    ]
