"""The files of words, held against their forms and each other: every fault with its line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ketameta.documents.document import Document, Fault
from ketameta.documents.files import Read, read_file
from ketameta.documents.forms import Form
from ketameta.documents.near import unknown
from ketameta.vocabulary import FOLDER, faults, method, subject
from ketameta.vocabulary.models import ANY, forms

_OF = {
    "outcomes": faults.outcome_faults,
    "scales": faults.scale_faults,
    "treatments": faults.treatment_faults,
    "words": faults.period_faults,
    "priors": faults.spread_faults,
}


def word_forms() -> dict[str, tuple[Form, str]]:
    """Return the form of each file of words, by its name, and what stands in it."""
    return forms(tuple(method()["lists"]["splits"]))


def word_files(folder: Path | None = None) -> list[Read]:
    """Return the files of words that a folder has, by default that of the subject, with faults."""
    here = folder or subject() / FOLDER
    found: dict[str, Read] = {}
    for name, (form, holds) in word_forms().items():
        path = here / f"{name}.yaml"
        if path.exists():
            found[name] = read = read_file(path, form, holds)
            read.faults.extend(_meaning(name, read.document))
    if "outcomes" in found:
        priors = found["priors"].document.values if "priors" in found else {}
        found["outcomes"].faults.extend(_prior_faults(found["outcomes"].document, priors))
    return [*found.values()]


def _meaning(name: str, document: Document) -> Iterator[Fault]:
    known = {**method()["lists"], "flags": method()["flags"]}
    if name in _OF:
        yield from _OF[name](document)
    if name in ("outcomes", "scales"):
        yield from faults.twice_faults(document, [("", document.values)], known)
    elif name != "priors":
        lists = [pair for pair in document.values.items() if pair[0] != "splits"]
        yield from faults.twice_faults(document, lists, known)


def _prior_faults(document: Document, priors: Any) -> Iterator[Fault]:
    """Yield the kinds of outcomes that no published prior is of."""
    spreads = [block for _, block in faults.blocks(priors)]
    known = {
        kind
        for spread in spreads
        for _, kinds in faults.blocks(spread.get("comparisons"))
        for kind in kinds
    }
    for name, outcome in faults.blocks(document.values):
        kind = outcome.get("prior", ANY)
        if isinstance(kind, str) and kind != ANY and kind not in known:
            yield document.fault((name, "prior"), unknown(kind, sorted(known)))
