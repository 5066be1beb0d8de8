"""Raw tables in, validated and typed tables out, each row with its file and line."""

from ketameta.ingest.stage import check_folder, ingest

__all__ = ["check_folder", "ingest"]
