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
# the others -> what knows the content, and what reads it
_TEXTS = {
    "RevMan 5": (is_rm5, read_rm5),
    "analyses of RevMan 5": (is_analysis_csv, read_analysis_csv),
}


def named_form(content: bytes) -> str:
    """Return the form of a file by its content, in words; empty where it is none of `FORMS`."""
    if content.startswith(ARCHIVE):
        return PACKAGE
    return next((form for form, (known, _) in _TEXTS.items() if known(content)), "")


def read_text(content: bytes, name: str, form: str) -> Review:
    """Read the content of a file in a form of `named_form` that is one text: no data package."""
    _, read = _TEXTS[form]
    return read(content, name)


def read_review(path: Path) -> Review:
    """Read a review in any of `FORMS`. Raises `UnreadableError` with what the file is instead."""
    if path.is_dir():
        return read_package(files_of_folder(path), path.name)
    content = file_content(path)
    form = named_form(content)
    if form == PACKAGE:
        return read_package(files_of_archive(content, path.name), path.name)
    if form:
        return read_text(content, path.name, form)
    raise UnreadableError(f"{path.name} is none of {FORMS}")
