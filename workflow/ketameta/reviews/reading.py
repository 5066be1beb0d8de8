"""Find out in which form a review is given, and read it."""

from __future__ import annotations

from pathlib import Path

from ketameta.ingest.text import UnreadableError, file_content
from ketameta.reviews.analysis_csv import is_analysis_csv, read_analysis_csv
from ketameta.reviews.model import Review
from ketameta.reviews.package import ARCHIVE, files_of_archive, files_of_folder, read_package
from ketameta.reviews.rm5 import is_rm5, read_rm5

FORMS = (
    "a Cochrane data package (.zip, or its folder), a review of RevMan 5 (.rm5), or the CSV of its "
    "analyses"
)

# the first of them in two words
PACKAGE = "data package"


def named_form(path: Path) -> str:
    """Return the form of a file by its content, in words; empty where it is none of `FORMS`.

    Raises `UnreadableError`.
    """
    content = file_content(path)
    if content.startswith(ARCHIVE):
        return PACKAGE
    if is_rm5(content):
        return "RevMan 5"
    return "analyses of RevMan 5" if is_analysis_csv(content) else ""


def read_review(path: Path) -> Review:
    """Read a review in any of `FORMS`. Raises `UnreadableError` with what the file is instead."""
    if path.is_dir():
        return read_package(files_of_folder(path), path.name)
    content = file_content(path)
    if content.startswith(ARCHIVE):
        return read_package(files_of_archive(content, path.name), path.name)
    if is_rm5(content):
        return read_rm5(content, path.name)
    if is_analysis_csv(content):
        return read_analysis_csv(content, path.name)
    raise UnreadableError(f"{path.name} is none of {FORMS}")
