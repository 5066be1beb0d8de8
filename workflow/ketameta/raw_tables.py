"""The raw tables, read once by all that a process, and what it forks, do with them."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ketameta.freshness import RAW, inputs

if TYPE_CHECKING:
    from ketameta.ingest.places import Found
    from ketameta.ingest.stage import ReadPlace


class RawTables:
    """The raw tables of a folder, read when something of them is asked for first.

    `inputs` are hashes of what they are made from, as it was before: where something is edited
    meanwhile these do not tell of it, and who comes with others reads anew.
    """

    def __init__(self, folder: Path = RAW) -> None:
        self.folder, self.inputs = folder, inputs("ingest", None, folder)

    @cached_property
    def place(self) -> Found:
        """The cells of each table as text, and what is wrong with the place."""
        from ketameta.ingest.places import read_place

        return read_place(self.folder)

    @cached_property
    def read(self) -> ReadPlace:
        """The tables, checked."""
        from ketameta.ingest.stage import check_place

        return check_place(self.place)

    @cached_property
    def files(self) -> dict[str, bytes]:
        """What ingest writes of them: content by name."""
        from ketameta.storage import parquet_of

        return {f"{name}.parquet": parquet_of(table) for name, table in self.read.arrow().items()}

    def forget(self) -> None:
        """Keep nothing that was read: it is read again where it is asked for."""
        for name in ("place", "read", "files"):
            vars(self).pop(name, None)
