"""An empty table of each kind, to start an extraction with."""

from __future__ import annotations

import os
from pathlib import Path

from ketameta.ingest.reader import DELIMITERS
from ketameta.storage import write_text
from ketameta.tables.raw import RAW_TABLES


def template(folder: Path) -> list[Path]:
    """Write one CSV file a raw table, with its header alone; return the files.

    Raises `FileExistsError`, and writes nothing, where any of the tables is there already, and
    another `OSError` where the folder cannot be written.
    """
    paths = {folder / f"{name}.csv": schema for name, schema in RAW_TABLES.items()}
    taken = [
        path.with_suffix(ending).as_posix()
        for path in paths
        for ending in DELIMITERS
        if os.path.lexists(path.with_suffix(ending))
    ]
    if taken:
        raise FileExistsError(f"nothing is written over: {', '.join(taken)}")
    for path, schema in paths.items():
        write_text(path, ",".join(schema.names) + "\n")
    return list(paths)
