"""How a release is cited: CITATION.cff (1.2.0) and codemeta.json (3.0), by review and program."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from ketameta import __version__
from ketameta.configuration.review import Author, Review
from ketameta.project import HOME

# that a lock has packages for
_PYTHON = "3.11 to 3.14"
DOI = "https://doi.org/"
ORCID = "https://orcid.org/"


@dataclass(frozen=True, slots=True)
class Released:
    """What a release is known by: version, day, and the hash of its tables."""

    review: Review
    version: str
    date: str
    data_hash: str


def citation(release: Released) -> str:
    """Return CITATION.cff: the review as a dataset, and the program that made it as a reference.

    Who made it is named whole, as `review.yaml` has no parts of names.
    """
    import yaml

    review = release.review
    told: dict[str, Any] = {
        "cff-version": "1.2.0",
        "message": "If you use this review, please cite it as below.",
        "type": "dataset",
        "title": review.title,
        "abstract": review.question,
        "authors": [_author(author) for author in review.authors] or [{"name": "unnamed authors"}],
        "version": release.version,
        "date-released": release.date,
    }
    if review.doi:
        told["doi"] = review.doi
    if review.licence:
        told["license"] = review.licence
    if review.links.repository:
        told["repository-code"] = review.links.repository
    if review.links.home:
        told["url"] = review.links.home
    told["references"] = [_program()]
    return yaml.safe_dump(told, sort_keys=False, allow_unicode=True, width=100)


def address_of(licence: str) -> str:
    """Return the address of a licence by its SPDX word; empty where the word is an expression."""
    return f"https://spdx.org/licenses/{licence}" if re.fullmatch(r"[\w.+-]+", licence) else ""


def _author(author: Author) -> dict[str, str]:
    orcid = {"orcid": f"{ORCID}{author.orcid}"} if author.orcid else {}
    return {"name": author.name, **orcid}


def _program() -> dict[str, Any]:
    """Return the program as a reference of CITATION.cff: its own, and what ran."""
    import yaml

    own: dict[str, Any] = {"title": "ketameta", "authors": [{"name": "The ketameta authors"}]}
    path = HOME / "CITATION.cff"
    if path.is_file():
        told = yaml.safe_load(path.read_text(encoding="utf-8"))
        if told.get("type") == "software":  # in a crate that is run again it is of the review
            own |= {key: told[key] for key in ("title", "authors", "license", "doi") if key in told}
    return {"type": "software", **own, "version": __version__}


def codemeta(release: Released, requirements: dict[str, str]) -> str:
    """Return codemeta.json; `requirements` are the versions of packages by name."""
    review = release.review
    told: dict[str, Any] = {
        "@context": "https://w3id.org/codemeta/3.0",
        "type": "SoftwareSourceCode",
        "name": review.title,
        "description": review.question,
        "version": release.version,
        "datePublished": release.date,
        "author": [_person(author) for author in review.authors],
        "programmingLanguage": ["Snakemake", "Python"],
        "softwareRequirements": [
            {"type": "SoftwareApplication", "name": name, "version": version}
            for name, version in requirements.items()
        ],
    }
    if review.licence:
        told["license"] = address_of(review.licence) or review.licence
    if review.doi:
        told["identifier"] = f"{DOI}{review.doi}"
    for key, address in (("codeRepository", "repository"), ("issueTracker", "issues")):
        if found := getattr(review.links, address):
            told[key] = found
    return json.dumps(told, indent=2, ensure_ascii=False) + "\n"


def _person(author: Author) -> dict[str, Any]:
    found: dict[str, Any] = {"type": "Person", "name": author.name}
    if author.orcid:
        found["id"] = f"{ORCID}{author.orcid}"
    if author.affiliation:
        found["affiliation"] = {"type": "Organization", "name": author.affiliation}
    return found


def readme(release: Released) -> str:
    """Return what somebody reads first who unpacks a crate, years later and without the program."""
    review = release.review
    who = ", ".join(author.name for author in review.authors) or "unnamed authors"
    doi = f" {DOI}{review.doi}" if review.doi else ""
    return f"""\
# {review.title}

{review.question}

{who}. Version {release.version} of {release.date}, data hash {release.data_hash}.{doi}

The report is `reports/index.html`, which any browser opens. `data/raw/` has the extraction tables,
`workflow/config/` the questions, `workflow/` the code, `data/processed/` the tables between, and
`ro-crate-metadata.json` the SHA-256 of each file and what each step read and wrote (a Workflow Run
RO-Crate). How to cite it stands in `CITATION.cff`.

With Python {_PYTHON} all of it is made again, byte by byte, from this folder alone:

    python3 -m venv .venv
    .venv/bin/pip install --require-hashes --no-deps -r requirements.lock
    PYTHONPATH=workflow .venv/bin/python -m ketameta.cli reproduce-release . --environment this
"""
