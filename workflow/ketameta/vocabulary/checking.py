"""The files of words, held against their forms and each other: every fault with its line."""

from __future__ import annotations

from collections.abc import Iterator
from os.path import lexists
from pathlib import Path

from ketameta.documents.document import Document, Fault
from ketameta.documents.files import ReadFile, read_file
from ketameta.documents.forms import Form
from ketameta.vocabulary import faults
from ketameta.vocabulary.files import FOLDER, subject, words_of_method
from ketameta.vocabulary.models import forms

_OF = {
    "outcomes": faults.outcome_faults,
    "scales": faults.scale_faults,
    "treatments": faults.treatment_faults,
    "words": faults.period_faults,
    "priors": faults.spread_faults,
}


def word_forms() -> dict[str, tuple[Form, str]]:
    """Return the form of each file of words, by its name, and what stands in it."""
    return forms(words_of_method()["splits"])


def word_files(folder: Path | None = None) -> list[ReadFile]:
    """Return the files of words that a folder has, by default that of the subject, with faults."""
    here = folder or subject() / FOLDER
    found: dict[str, ReadFile] = {}
    for name, (form, holds) in word_forms().items():
        path = here / f"{name}.yaml"
        if lexists(path):  # a link to nothing is a file that cannot be read
            found[name] = read = read_file(path, form, holds)
            read.faults.extend(_meaning(name, read.document))
    if "outcomes" in found:
        priors = found["priors"].document.values if "priors" in found else {}
        found["outcomes"].faults.extend(faults.prior_faults(found["outcomes"].document, priors))
    return [*found.values()]


def _meaning(name: str, document: Document) -> Iterator[Fault]:
    known = words_of_method()
    if name in _OF:
        yield from _OF[name](document)
    if name in ("outcomes", "scales"):
        yield from faults.twice_faults(document, [("", document.values)], known)
    elif name != "priors":
        lists = [pair for pair in document.values.items() if pair[0] != "splits"]
        yield from faults.twice_faults(document, lists, known)
