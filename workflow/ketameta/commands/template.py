"""`ketameta template`: empty tables to start an extraction with."""

from __future__ import annotations

import sys
from pathlib import Path

from ketameta.ingest.template import template as write


def template(folder: Path) -> int:
    """Write the empty tables and say which; 1 where one is there already or cannot be written."""
    try:
        files = write(folder)
    except OSError as error:
        print(f"{folder.as_posix()}: {error.strerror or error}", file=sys.stderr)
        return 1
    for path in files:
        print(path.as_posix())
    return 0
