"""The metadata of a crate: RO-Crate 1.1 by the profile Provenance Run Crate 0.5.

Snakemake runs the workflow, each rule is a step, and what a step read and wrote is as the list of
its stage has it (`ketameta.freshness`), so the finest of the three profiles of workflow runs fits.
No time is told: a run makes anew only what is out of date, and the same release is the same bytes.
Sources: https://w3id.org/ro/crate/1.1, https://w3id.org/ro/wfrun/provenance/0.5.
"""

from __future__ import annotations

import json
import mimetypes
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ketameta import __version__
from ketameta.crates.cited import DOI, ORCID, Released, address_of
from ketameta.crates.contents import CITATION, CODEMETA, LOCK, METADATA, README, RECORDS, WORKFLOW
from ketameta.crates.software import PYTHON
from ketameta.freshness import MADE, RAW, REPORTS, STAGES, StageList, bytes_hash
from ketameta.project import SUBJECT

if TYPE_CHECKING:
    from rocrate.rocrate import ROCrate

RO_CRATE = "1.1"
_RUN = "https://w3id.org/ro/wfrun"
PROFILES = {
    f"{_RUN}/process/0.5": "Process Run Crate",
    f"{_RUN}/workflow/0.5": "Workflow Run Crate",
    f"{_RUN}/provenance/0.5": "Provenance Run Crate",
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": "Workflow RO-Crate",
}
_BIOSCHEMAS = "https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE"
_SNAKEMAKE = "https://snakemake.github.io"
_DONE = "http://schema.org/CompletedActionStatus"
_FORMATS = {
    ".parquet": "application/vnd.apache.parquet",
    ".smk": "text/x-python",
    ".py": "text/x-python",
    ".yaml": "application/yaml",
    ".cff": "application/yaml",
    ".lock": "text/plain",
    ".R": "text/x-r",
    ".bib": "text/x-bibtex",
    ".ris": "application/x-research-info-systems",
    ".md": "text/markdown",
    ".jinja": "text/plain",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".js": "text/javascript",
}
# what goes in and comes out as a whole: id, name, whether it comes out
FOLDERS = (
    (f"{RAW.as_posix()}/", "extraction tables", False),
    (f"{SUBJECT.as_posix()}/", "questions, choices and words of the review", False),
    (f"{RECORDS.as_posix()}/", "records of releases", False),
    (f"{MADE.as_posix()}/", "tables between the stages", True),
    (f"{REPORTS.as_posix()}/", "report", True),
)


@dataclass(frozen=True, slots=True)
class Run:
    """What a crate is about: the release, its files, the stages, and the packages that ran.

    `files` are contents by path, `packages` versions by name, `lists` what each stage read and
    wrote.
    """

    release: Released
    files: Mapping[str, bytes]
    lists: Mapping[str, StageList]
    packages: Mapping[str, str]


def metadata(run: Run) -> bytes:
    """Return ro-crate-metadata.json of a release: every file with its SHA-256, the same each time.

    The file itself is not among them, as it cannot hold its own hash.
    """
    from rocrate.rocrate import ROCrate

    crate = ROCrate(version=RO_CRATE)
    agents = _agents(crate, run.release)
    _files(crate, run)
    _root(crate, run.release, agents)
    _workflow(crate, run)
    actions = _actions(crate, run, agents)
    crate.root_dataset["mentions"] = actions
    # RO-Crate 1.1 has no word for it; its successors take this one
    crate.metadata.extra_terms["sha256"] = "http://schema.org/sha256"
    told = crate.metadata.generate()
    told["@graph"].sort(key=lambda entity: entity["@id"])
    for entity in told["@graph"]:
        for key, value in entity.items():
            if key == "hasPart" and isinstance(value, list):
                value.sort(key=lambda part: part["@id"])
            if isinstance(value, list) and len(value) == 1:
                entity[key] = value[0]
    return json.dumps(told, indent=1, sort_keys=True, ensure_ascii=False).encode() + b"\n"


def ref(name: str) -> dict[str, str]:
    """Return a reference to an entity by its id."""
    return {"@id": name}


def _add(crate: ROCrate, address: str, kind: str, /, **told: Any) -> dict[str, str]:
    """Add an entity that is no file, without what is empty, and return a reference to it."""
    from rocrate.model.contextentity import ContextEntity

    own = {key: value for key, value in told.items() if value not in ("", None, [])}
    crate.add(ContextEntity(crate, address, properties={"@type": kind, **own}))
    return ref(address)


def _agents(crate: ROCrate, release: Released) -> list[dict[str, str]]:
    """Add who made the review."""
    found = []
    for number, author in enumerate(release.review.authors, start=1):
        name = f"{ORCID}{author.orcid}" if author.orcid else f"#author-{number}"
        place = []
        if author.affiliation:
            own = dict(name=author.affiliation)
            place = [_add(crate, f"#affiliation-{number}", "Organization", **own)]
        found.append(_add(crate, name, "Person", name=author.name, affiliation=place))
    return found


def _files(crate: ROCrate, run: Run) -> None:
    """Add every file with its size and SHA-256, and the folders that go in and come out."""
    from rocrate.model.dataset import Dataset
    from rocrate.model.file import File

    for path in sorted(run.files):
        content = run.files[path]
        told: dict[str, Any] = {
            "contentSize": str(len(content)),
            "encodingFormat": format_of(path),
            "sha256": bytes_hash(content),
        }
        if path == WORKFLOW or path in _tools(run):
            told["@type"] = ["File", "SoftwareSourceCode"]
            told |= {"name": PurePosixPath(path).stem, "version": __version__}
        crate.add(File(crate, dest_path=path, properties=told))
    for name, said, _ in FOLDERS:
        parts = [ref(quote(path)) for path in sorted(run.files) if path.startswith(name)]
        if parts:
            told = {"name": said, "hasPart": parts, "exampleOfWork": ref(_parameter(name))}
            crate.add(Dataset(crate, dest_path=name, properties=told))


def format_of(path: str) -> str:
    """Return the media type of a file by the ending of its name."""
    suffix = PurePosixPath(path).suffix
    return _FORMATS.get(suffix) or mimetypes.types_map.get(suffix) or "text/plain"


def _root(crate: ROCrate, release: Released, agents: Sequence[dict[str, str]]) -> None:
    """Tell of the release as a whole."""
    review, root = release.review, crate.root_dataset
    for address, name in PROFILES.items():
        version = address.rpartition("/")[2]
        _add(crate, address, "CreativeWork", name=name, version=version)
    root["conformsTo"] = [ref(address) for address in PROFILES]
    crate.metadata["conformsTo"] = [
        ref(f"https://w3id.org/ro/crate/{RO_CRATE}"),
        ref([*PROFILES][-1]),
    ]
    root["name"] = review.title
    root["description"] = f"{review.question} {review.lead}"
    root["datePublished"] = release.date
    root["version"] = release.version
    root["author"] = [*agents]
    root["license"] = _licence(crate, review.licence)
    root["identifier"] = f"{DOI}{review.doi}" if review.doi else f"data hash {release.data_hash}"
    for path, about in ((CITATION, "how to cite it"), (CODEMETA, "what its code is")):
        crate.get(path)["name"] = about
    crate.get(README)["about"] = root
    if review.links.repository:
        root["url"] = review.links.repository


def _licence(crate: ROCrate, licence: str) -> Any:
    """Return the licence of the data: an entity where its word has an address."""
    if not licence:
        return "not told: ask those who made it"
    if not (address := address_of(licence)):
        return licence
    return _add(crate, address, "CreativeWork", name=licence, identifier=address)


def _tools(run: Run) -> dict[str, list[str]]:
    """Return the file of rules of each stage, with the stages that it has."""
    found: dict[str, list[str]] = {}
    for stage in run.lists:
        found.setdefault(f"workflow/rules/{STAGES[stage].rules or stage}.smk", []).append(stage)
    return found


def _parameter(folder: str) -> str:
    return f"#parameter-{folder.rstrip('/').replace('/', '-')}"


def _workflow(crate: ROCrate, run: Run) -> None:
    """Tell of the workflow: its language, rules, steps, packages, what goes in and comes out."""
    from rocrate.model.computerlanguage import get_lang

    language = crate.add(get_lang(crate, "snakemake", version=run.packages.get("snakemake")))
    main = crate.get(WORKFLOW)
    # properties of a file that is there cannot be of another type by the library's own means
    main.properties()["@type"] = [
        *("File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"),
    ]
    main["name"] = "ketameta: from extraction tables to the report"
    main["conformsTo"] = ref(_BIOSCHEMAS)
    main["programmingLanguage"] = language
    main["hasPart"] = [ref(path) for path in _tools(run)]
    main["softwareRequirements"] = [_package(crate, *one) for one in run.packages.items()]
    steps = enumerate(run.lists, start=1)
    main["step"] = [_step(crate, run, stage, place) for place, stage in steps]
    for key, out in (("input", False), ("output", True)):
        names = [name for name, _, comes_out in FOLDERS if comes_out == out and name in crate]
        main[key] = [_formal(crate, name) for name in names]
    crate.mainEntity = main


def _formal(crate: ROCrate, folder: str) -> dict[str, str]:
    name = crate.get(folder)["name"]
    own = dict(name=name, additionalType="Dataset", workExample=ref(folder))
    return _add(crate, _parameter(folder), "FormalParameter", **own)


def _package(crate: ROCrate, name: str, version: str) -> dict[str, str]:
    purl = "" if name == PYTHON else f"pkg:pypi/{name}@{version}"
    own = dict(name=name, softwareVersion=version, identifier=purl)
    return _add(crate, f"#package-{name}", "SoftwareApplication", **own)


def _step(crate: ROCrate, run: Run, stage: str, place: int) -> dict[str, str]:
    tool = next(path for path, stages in _tools(run).items() if stage in stages)
    own = dict(name=stage, position=str(place), workExample=ref(tool))
    return _add(crate, f"#step-{stage}", "HowToStep", **own)


def _actions(crate: ROCrate, run: Run, agents: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    """Add what was run: the workflow, each step, and what Snakemake did for them."""
    who: dict[str, Any] = {"agent": [*agents], "actionStatus": _DONE}
    folders = {out: [ref(name) for name, _, o in FOLDERS if o == out and name in crate]
               for out in (False, True)}  # fmt: skip
    whole = _add(
        crate, "#run", "CreateAction", name=f"Release {run.release.version}",
        description="The report and its tables, from the extraction tables", **who,
        instrument=ref(WORKFLOW), object=[*folders[False], ref(LOCK)], result=folders[True],
    )  # fmt: skip
    steps, controls = [], []
    for stage, made in run.lists.items():
        (tool,) = (path for path, stages in _tools(run).items() if stage in stages)
        steps.append(_add(
            crate, f"#run-{stage}", "CreateAction", name=f"Run of {stage}",
            description=f"What the rule {stage} read and wrote", **who, instrument=ref(tool),
            object=_refs(_read(run, made)), result=_refs(made.files),
        ))  # fmt: skip
        controls.append(_add(
            crate, f"#control-{stage}", "ControlAction", name=f"Snakemake started {stage}",
            instrument=ref(f"#step-{stage}"), object=steps[-1], actionStatus=_DONE,
        ))  # fmt: skip
    engine = _add(
        crate, _SNAKEMAKE, "SoftwareApplication", name="Snakemake", url=_SNAKEMAKE,
        softwareVersion=run.packages.get("snakemake", "unknown"),
    )  # fmt: skip
    _add(
        crate, "#engine", "OrganizeAction", name="Run of Snakemake", instrument=engine,
        object=controls, result=whole, **who,
    )  # fmt: skip
    return [whole, *steps]


def _read(run: Run, made: StageList) -> set[str]:
    """Return the files that a stage read beside its code: those of the questions too."""
    found = {path for path in made.inputs if path in run.files and not path.startswith("workflow/")}
    found |= {path for path in made.inputs if path.startswith(f"{SUBJECT.as_posix()}/")}
    if "configuration" in made.inputs:
        place = f"{SUBJECT.as_posix()}/"
        found |= {p for p in run.files if p.startswith(place) and "/" not in p.removeprefix(place)}
    return found & run.files.keys()


def _refs(paths: Iterable[str]) -> list[dict[str, str]]:
    return [ref(quote(path)) for path in sorted(paths)]


def hashes(content: bytes) -> dict[str, str]:
    """Return the SHA-256 of each file by its path, as the metadata of a crate has it.

    Raises `ValueError`, `KeyError` or `TypeError` where that is no such metadata.
    """
    from urllib.parse import unquote

    found = {}
    for entity in json.loads(content)["@graph"]:
        kind = entity["@type"]
        if "File" in (kind if isinstance(kind, list) else [kind]) and entity["@id"] != METADATA:
            found[unquote(entity["@id"])] = str(entity["sha256"])
    return found


def packages(content: bytes) -> dict[str, str]:
    """Return the versions of the packages that a release was made with, by their names."""
    graph = json.loads(content)["@graph"]
    return {
        str(entity["name"]): str(entity["softwareVersion"])
        for entity in graph
        if entity["@id"].startswith("#package-")
    }
