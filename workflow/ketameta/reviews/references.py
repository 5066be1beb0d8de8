"""References of studies in a data package (RIS): what identifies a study in our tables.

RIS is lines of a tag of two signs, two blanks, a hyphen and a value; ER ends a reference. RevMan
writes the study under NS, a PubMed number under C3, and a record of a registry as GEN with the
number for an author.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ketameta.reviews.cells import table, text_of
from ketameta.reviews.drafts import DraftTables
from ketameta.reviews.judgements import study_file

_LINE = re.compile(r"^([A-Z][A-Z0-9])  - ?(.*)$")
_DOI = re.compile(r"10\.[0-9]{4,9}/\S+")
_PUBMED = re.compile(r"PubMed\D*([0-9]{1,8})$", re.IGNORECASE)
_REGISTERED = re.compile(
    r"(NCT[0-9]{8}|ISRCTN ?[0-9]{8}|ACTRN[0-9]{14}|ChiCTR\S+|EUCTR\S+|CTRI/\S+|UMIN\S+|"
    r"NL-OMON[0-9]+|IRCT\S+|DRKS[0-9]{8}|TCTR[0-9]+|jRCT\S+|KCT[0-9]+)$"
)
Reference = dict[str, list[str]]


def references(content: bytes) -> Iterator[Reference]:
    """Yield the references of a file, their values by tag."""
    found: Reference = {}
    for line in text_of(content).splitlines():
        tag, value = match.groups() if (match := _LINE.match(line)) else ("", "")
        if tag == "ER":
            yield found
            found = {}
        elif value.strip():
            found.setdefault(tag, []).append(value.strip())


def identify(draft: DraftTables, files: Iterable[tuple[str, bytes]]) -> list[str]:
    """Add DOI, PubMed number and registration of studies; say what references are left out.

    The first report of a study with a DOI or PubMed number is taken for its report.
    """
    known, left = set(draft.names), dict[str, int]()
    taken: set[str] = set()
    for name, content in files:
        if study_file(name) == "study-information":
            for row in table(content, name):
                doi = _doi([row.get("id doi", "")])
                if doi and row["study"] in known:
                    draft.identify(row["study"], {"doi": doi})
        if not name.lower().endswith("included.ris"):
            continue
        for reference in references(content):
            study = reference.get("NS", [""])[0]
            cells = _cells(reference)
            report = cells.keys() & {"doi", "pmid"}
            if study not in known or (report and study in taken) or not cells:
                left[study] = left.get(study, 0) + 1
                continue
            draft.identify(study, cells)
            taken |= {study} if report else set()
    told = ", ".join(f"{study or 'of no study'} ({n})" for study, n in left.items())
    return [f"references that no trial takes, left out: {told}"] * bool(left)


def _cells(reference: Reference) -> dict[str, str]:
    """Return what a reference tells by our columns of trials."""
    if reference.get("TY") == ["GEN"]:
        number = next((m[1] for a in reference.get("AU", []) if (m := _REGISTERED.match(a))), "")
        return {"registration": number} if number else {}
    doi = _doi(reference.get("DO", []))
    pmid = next((m[1] for c in reference.get("C3", []) if (m := _PUBMED.match(c))), "")
    return {name: cell for name, cell in (("doi", doi), ("pmid", pmid)) if cell}


def _doi(texts: Iterable[str]) -> str:
    """Return the first DOI in some texts, empty where there is none."""
    return next((found[0].rstrip(".") for text in texts if (found := _DOI.search(text))), "")
