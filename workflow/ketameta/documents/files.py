"""A file of the subject: read, held against its form, every fault with its line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ketameta.documents.document import Document, DocumentError, Fault, read_document
from ketameta.documents.faults import form_faults
from ketameta.documents.forms import Form
from ketameta.documents.near import escaped


class ConfigurationError(ValueError):
    """A fault in the configuration; the message lists every one, a line each."""


@dataclass(frozen=True)
class ReadFile:
    """A file as it was read: `values` are None where it has faults; `faults` can be added to."""

    path: Path
    document: Document
    values: Any
    faults: list[Fault] = field(default_factory=list)

    def told(self) -> list[str]:
        """Return the faults as lines, in the order of the file; what aliases repeat once."""
        first: dict[tuple[int, str], Fault] = {}
        for fault in sorted(self.faults):
            first.setdefault((fault.line, fault.message), fault)
        name = escaped(self.path.as_posix())
        return [
            f"{name}{f':{f.line}' if f.line else ''}: "
            + escaped(f"{f.place}: {f.message}" if f.place else f.message)
            for f in first.values()
        ]


def read_file(path: Path, form: Form, holds: str) -> ReadFile:
    """Read a file and hold it against its form; `holds` says what stands in it.

    Where there is nothing to read on from, its one fault says so.
    """
    try:
        document = read_document(path)
    except DocumentError as error:
        return ReadFile(path, Document({}), None, [Fault(error.line, "", str(error))])
    if not isinstance(document.values, dict):
        return ReadFile(path, Document({}), None, [document.fault((), f"must hold {holds}")])
    values, errors = form.read(document.values)
    found = [*document.faults, *form_faults(document, errors, form.schema if errors else {})]
    return ReadFile(path, document, None if found else values, found)


def refuse(files: Iterable[ReadFile]) -> None:
    """Raise `ConfigurationError` with the faults of some files, where they have any."""
    if lines := [line for file in files for line in file.told()]:
        raise ConfigurationError("\n".join(lines))
