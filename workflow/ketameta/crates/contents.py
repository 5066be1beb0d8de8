"""What a crate holds: a project that runs by itself, and what its run made."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ketameta.freshness import MADE, RAW, REPORTS, RUN, StageList, entered, list_of, read_made
from ketameta.project import HOME, PACKAGE, SUBJECT

METADATA, CITATION, CODEMETA = "ro-crate-metadata.json", "CITATION.cff", "codemeta.json"
README = "README.md"
LOCK = "requirements.lock"
WORKFLOW = "workflow/Snakefile"
CODE = "workflow/ketameta"
RECORDS = REPORTS / "versions"
# the licence of the code, which its copies go with; that of the data is the review's
LICENCE = "workflow/LICENSE"
# folders that are made, or of other tools
_LEFT = ("__pycache__", ".egg-info")


class CrateError(ValueError):
    """A crate that cannot be made or taken; the message says why."""


def stage_lists() -> dict[str, StageList]:
    """Return the list of each stage of a run; raises `CrateError` where one is not there."""
    found = {}
    for stage in RUN:
        made = read_made(list_of(stage))
        if made is None:
            raise CrateError(f"{stage} has not run: run `ketameta run` first")
        found[stage] = made
    return found


def outputs(lists: dict[str, StageList]) -> dict[str, str]:
    """Return the SHA-256 of each file that a run made, by its path in the project and the crate."""
    found: dict[str, str] = {}
    for made in lists.values():
        found |= made.files
    return dict(sorted(found.items()))


def is_output(path: str) -> bool:
    """Say whether a file of a crate is made by its run: not what it is made from."""
    place = Path(path)
    made = place.is_relative_to(MADE) or place.is_relative_to(REPORTS)
    return made and not place.is_relative_to(RECORDS)


def inputs() -> dict[str, Path]:
    """Return what a run needs besides its packages, by the path in the crate, sorted.

    Tables, questions, words and records of the project in the working directory; its workflow, and
    what of it lies with the package. Raises `CrateError` where a part is missing.
    """
    found = {path.as_posix(): path for path in entered(RAW)}
    found |= {path.as_posix(): path for path in RECORDS.glob("*.json")}
    found |= {path.as_posix(): path for path in _below(Path("workflow"))}
    found |= {path.as_posix(): path for path in [Path("Snakefile"), Path(LOCK)] if path.is_file()}
    code = {f"{CODE}/{path.relative_to(PACKAGE).as_posix()}": path for path in _below(PACKAGE)}
    rules = [HOME / WORKFLOW, *(HOME / "workflow" / "rules").glob("*.smk")]
    beside = {path.relative_to(HOME).as_posix(): path for path in rules}
    beside |= {LOCK: HOME / LOCK, LICENCE: HOME / "LICENSE"}
    # of a package that is installed what stands beside it in a checkout lies within
    own = {name for name in code if name.removeprefix(f"{CODE}/") in beside}
    found = {name: path for name, path in code.items() if name not in own} | beside | found
    for name in (LOCK, WORKFLOW, f"{SUBJECT.as_posix()}/analyses.yaml"):
        if not found[name].is_file():
            raise CrateError(f"{found[name].as_posix()} is missing: a crate could not be run")
    return {name: found[name] for name in sorted(found) if found[name].is_file()}


def _below(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder that people wrote."""
    for path in folder.rglob("*"):
        parts = path.relative_to(folder).parts
        made = any(part.endswith(_LEFT) or part.startswith(".") for part in parts)
        if not made and path.is_file():
            yield path
