"""An empty table of each kind, to start an extraction with."""

from __future__ import annotations

from pathlib import Path

from ketameta.ingest.places import same_tables
from ketameta.storage import write_text
from ketameta.tables.raw import RESULT_TABLES, tables_of


def refuse_taken(*paths: Path) -> None:
    """Raise `FileExistsError` where a file is there, or the same tables in another form."""
    taken = dict.fromkeys(old.as_posix() for path in paths for old in same_tables(path))
    if taken:
        raise FileExistsError(f"nothing is written over: {', '.join(taken)}")


def template(folder: Path) -> list[Path]:
    """Write one CSV file a raw table, with its header alone; return the files.

    Raises `FileExistsError`, and writes nothing, where any of the tables is there already, and
    another `OSError` where the folder cannot be written.
    """
    paths = {folder / f"{name}.csv": schema for name, schema in tables_of(RESULT_TABLES).items()}
    refuse_taken(*paths)
    for path, schema in paths.items():
        write_text(path, ",".join(schema.names) + "\n")
    return list(paths)
