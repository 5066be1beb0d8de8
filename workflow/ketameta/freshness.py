"""Is what a stage made still what it would make? By content: no time of a file says so.

Each stage ends with a list, ``data/processed/<stage>.sha256``: what it was made from, as it was
read, and what it wrote, as ``sha256sum --check`` reads it.
"""

from __future__ import annotations

import hashlib
import os
import platform
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from ketameta.project import PACKAGE, SUBJECT, WORKFLOW

if TYPE_CHECKING:
    from ketameta.configuration import Configuration

MADE = Path("data/processed")
RAW = Path("data/raw")
REPORTS = Path("reports")
# words of the subject
VOCABULARY = SUBJECT / "vocabulary"
# names of stages that run whatever their lists say, for `--force`
ANEW = "KETAMETA_ANEW"
# before the name of a question in the list of a stage, see `memo`
QUESTION = "question "
# what a step says that has nothing to do
AS_BEFORE = "what it is made from is as before, nothing to do"
# a stamp for each stage, which alone Snakemake looks at: derived from the lists, safe to remove
STAMPS = Path(".snakemake/ketameta")
_GROUND = (
    *("__init__", "estimators", "freshness", "job", "measures", "memo", "methods"),
    *("moderators", "project", "publishing"),
    *("read_tables", "report_files", "shares", "spared", "steps", "storage"),
)
_CODE = {".py", ".yaml", ".html", ".css", ".js", ".R"}
# what tables are entered in; not the notes and pictures that may lie beside them
_ENTERED = {".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".xls", ".ods"}
_DRAWING = (
    *("evidence/__init__", "evidence/rated"),
    *("figures", "report/__init__", "report/bias", "report/diagnostic_data"),
    *("report/forest_columns", "report/forest_data", "report/graphics", "report/naming"),
    *("report/missing_outcomes", "report/small_study", "report/statistical_data"),
    "report/what_if",
    *("report/wording", "report/wording_model", "report/wording_notes"),
    *("report/wording_plot", "report/wording_splits"),
    *("synthesize/__init__", "synthesize/absolute", "synthesize/prediction"),
    "synthesize/worthwhile",
    *("documents", "tables", "vocabulary", "configuration"),
)


@dataclass(frozen=True)
class Stage:
    """What a stage is made from besides its tables, and which stages give it those."""

    follows: tuple[str, ...]
    # modules and packages of ketameta: Python's imports are not seen from outside
    modules: tuple[str, ...]
    # parts of the configuration
    configuration: tuple[str, ...] = ()
    # packages whose version may change what comes out
    packages: tuple[str, ...] = ("numpy", "pyarrow", "scipy")
    rules: str = ""


STAGES = {
    "ingest": Stage((), ("ingest", "raw_tables", "documents", "tables", "vocabulary")),
    "normalize": Stage(
        ("ingest",),
        ("normalize", "stats", "documents", "tables", "vocabulary", "configuration"),
        ("select", "grid"),
    ),
    "synthesize": Stage(
        ("ingest", "normalize"),
        ("synthesize", "normalize", "stats", "documents", "tables", "vocabulary", "configuration"),
        ("select", "model", "worthwhile", "grid"),
    ),
    "report": Stage(
        ("ingest", "normalize", "synthesize"),
        (
            *("report", "figures", "evidence", "synthesize"),
            *("normalize/__init__", "normalize/asked", "normalize/ledger", "normalize/overlap"),
            *("normalize/records", "normalize/results", "normalize/rows", "normalize/sift"),
            *("normalize/trials", "normalize/words"),
            *("documents", "tables", "vocabulary", "configuration"),
        ),
        ("select", "model", "display", "certainty"),
        ("jinja2", "pyarrow", "xlsxwriter"),
    ),
    "figures": Stage(
        ("synthesize",), _DRAWING, ("select", "model", "display"), ("numpy", "pyarrow")
    ),
    "distributions": Stage(
        ("normalize",), _DRAWING, ("select",), ("matplotlib", "pyarrow", "seaborn"), "figures"
    ),
    "crosscheck": Stage(
        ("normalize", "synthesize"),
        ("crosscheck", "figures", "documents", "tables", "vocabulary", "configuration"),
        ("select", "model"),
        ("numpy", "pyarrow", "scipy", "statsmodels"),
    ),
    "prints": Stage(
        ("normalize", "synthesize"),
        _DRAWING,
        ("select", "model", "display"),
        ("matplotlib", "pyarrow", "seaborn"),
        "figures",
    ),
}
# what a run brings up to date; prints are made when asked for
RUN = tuple(name for name in STAGES if name != "prints")
# stages that write into the report
WRITERS = ("report", "figures", "distributions", "crosscheck", "prints")
# what is published together, and the stages that make it
PUBLISHED = {"report": RUN, "prints": tuple(STAGES)}


def list_of(stage: str, folder: Path = MADE) -> Path:
    """Return the path of the list of a stage."""
    return folder / f"{stage}.sha256"


def sources(stage: str) -> dict[str, Path]:
    """Return the files of the code that a stage runs, by their path in a checkout.

    tests/test_workflow.py holds them against what each step loads.
    """
    found = [PACKAGE / f"{name}.py" for name in _GROUND]
    for name in STAGES[stage].modules:
        single = PACKAGE / f"{name}.py"
        found += [single] if single.is_file() else (PACKAGE / name).rglob("*")
    found = [path for path in found if path.suffix in _CODE]
    rules = f"rules/{STAGES[stage].rules or stage}.smk"
    code = {f"workflow/ketameta/{path.relative_to(PACKAGE).as_posix()}": path for path in found}
    return {**code, f"workflow/{rules}": WORKFLOW / rules}


@cache
def _code_hash(path: Path) -> str:
    return file_hash(path)


def file_hash(path: Path | str) -> str:
    """Return the SHA-256 of a file; empty where it cannot be read."""
    try:
        return bytes_hash(Path(path).read_bytes())
    except OSError:
        return ""


def bytes_hash(content: bytes) -> str:
    """Return the SHA-256 of bytes."""
    return hashlib.sha256(content).hexdigest()


def inputs(
    stage: str,
    configuration: Configuration | None,
    raw: Path = RAW,
    releases: Path = REPORTS / "versions",
    words: Path = VOCABULARY,
) -> dict[str, str]:
    """Return a hash of each thing from outside that a stage is made from, by its name.

    Ingest reads no configuration. Tables between stages are not among them: `Tables` notes those
    that were read.
    """
    found = {name: _code_hash(path) for name, path in sources(stage).items()}
    found |= {path.as_posix(): file_hash(path) for path in sorted(words.glob("*.yaml"))}
    if stage == "ingest":
        found |= {path.as_posix(): file_hash(path) for path in entered(raw)}
    if stage == "report":
        found |= {path.as_posix(): file_hash(path) for path in sorted(releases.glob("*.json"))}
    parts = STAGES[stage].configuration
    if configuration is not None and parts:
        found["configuration"] = bytes_hash(configuration.digest(*parts).encode())
    versions = [f"{name} {_version(name)}" for name in STAGES[stage].packages]
    python = ".".join(platform.python_version_tuple()[:2])
    found["versions"] = bytes_hash(", ".join([f"python {python}", *versions]).encode())
    return found


def entered(raw: Path) -> list[Path]:
    """Return the files that tables may be entered in, without the locks of office programs."""
    try:
        names = sorted(os.listdir(raw))
    except OSError:
        return []
    found = [raw / name for name in names if name[0] not in ".~" and name.isprintable()]
    return [path for path in found if path.suffix.lower() in _ENTERED and path.is_file()]


def edited(project: Path = Path()) -> bool:
    """Say whether the raw tables of a project are, byte by byte, no longer those of its last run.

    Without tables or without a list of that run nothing is known of it.
    """
    made, files = read_made(project / list_of("ingest")), entered(project / RAW)
    if made is None or not files:
        return False
    now = {(RAW / path.name).as_posix(): file_hash(path) for path in files}
    then = {name: hash_ for name, hash_ in made.inputs.items() if Path(name).parent == RAW}
    return now != then


def made_from(configuration: Configuration) -> dict[str, str]:
    """Return digests of what a run is made from beside its tables: words, code, packages, report.

    `report` is that of the pages alone, whatever the versions of packages. A DOI does not count: it
    is given to what is made.
    """
    review = replace(configuration.review, doi="")
    asked = replace(configuration, review=review)
    parts: dict[str, dict[str, str]] = {"words": {}, "code": {}, "packages": {}, "report": {}}
    for stage in RUN:
        # neither raw tables nor records of releases
        found = inputs(stage, asked, raw=Path(os.devnull), releases=Path(os.devnull))
        code = sources(stage)
        for name, digest in found.items():
            own = "packages" if name == "versions" else "code" if name in code else "words"
            parts[own][f"{stage} {name}"] = digest
            if stage == "report" and own != "packages":
                parts["report"][name] = digest
    return {
        part: bytes_hash("".join(f"{found[n]} {n}\n" for n in sorted(found)).encode())[:16]
        for part, found in parts.items()
    }


@cache
def _version(package: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return "none"


@dataclass(frozen=True)
class StageList:
    """The list of a stage: hashes of what it was made from and of the files that it wrote."""

    inputs: dict[str, str]
    files: dict[str, str]

    def text(self) -> str:
        """Return the list as a file holds it; its last line is a hash of the others."""
        lines = [f"# {self.inputs[name]}  {name}\n" for name in sorted(self.inputs)]
        lines += [f"{self.files[name]}  {name}\n" for name in sorted(self.files)]
        return "".join(lines) + _closing("".join(lines)) + "\n"


def _closing(lines: str) -> str:
    return f"# {bytes_hash(lines.encode())}  these lines"


def read_made(path: Path) -> StageList | None:
    """Read the list of a stage; None where there is none, or not a whole one."""
    try:
        text = path.read_bytes().decode()
    except (OSError, UnicodeDecodeError):
        return None
    above, _, last = text.removesuffix("\n").rpartition("\n")
    if last != _closing(f"{above}\n"):
        return None
    made = StageList({}, {})
    for line in above.split("\n"):
        digest, _, name = line.removeprefix("# ").partition("  ")
        (made.inputs if line.startswith("# ") else made.files)[name] = digest
    return made


def what_differs(
    made: Path,
    now: Mapping[str, str],
    out: Path | None = None,
    hash_of: Callable[[str], str] = file_hash,
) -> str:
    """Say what is not as the list of a stage has it; empty where all is.

    `made` is the path of the list, `now` what the stage would be made from (see `inputs`), `out`
    the folder that it has to be in, where that is not the one of the project.
    """
    found = read_made(made)
    if found is None:
        return "its list is damaged" if made.exists() else "its output is not there yet"
    if out is not None and not all(Path(name).is_relative_to(out) for name in found.files):
        return "its output is in another folder"
    before = _outside(found.inputs)
    tables = {name for name in found.inputs if name.endswith(".parquet")}
    changed = {name for name in before.keys() | now.keys() if before.get(name) != now.get(name)}
    changed |= {name for name in tables if hash_of(name) != found.inputs[name]}
    words = []
    if "configuration" in changed:
        words.append("its part of the configuration changed")
    if "versions" in changed:
        words.append("made with other versions of its packages")
    if files := sorted(changed - {"configuration", "versions"}):
        words.append(f"changed: {_some(files)}")
    if other := sorted(name for name in found.files if hash_of(name) != found.files[name]):
        words.append(f"missing or not as it was written: {_some(other)}")
    return "; ".join(words)


def _outside(inputs: Mapping[str, str]) -> dict[str, str]:
    """Return of what a list names what is neither a table between stages nor a question."""
    return {
        name: digest
        for name, digest in inputs.items()
        if not name.endswith(".parquet") and not name.startswith(QUESTION)
    }


def code_hashes(inputs: Mapping[str, str]) -> dict[str, str]:
    """Return the hashes of code and of versions among those of what a stage is made from."""
    return {name: digest for name, digest in _outside(inputs).items() if name != "configuration"}


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more


def stale(configuration: Configuration, stages: Iterable[str] = RUN) -> dict[str, str]:
    """Return why stages have to run, by name and in order; those not in it need not.

    In the folder of the project. A stage that follows another which has to run is among them: when
    its turn comes it looks whether the tables that it reads became others, and ends where not.
    """
    found: dict[str, str] = {}
    hash_of = cache(file_hash)
    for name in stages:
        why = what_differs(list_of(name), inputs(name, configuration), hash_of=hash_of)
        if not why and any(before in found for before in STAGES[name].follows):
            why = "its input is made anew"
        if why:
            found[name] = why
    return found


def stamp(stage: str) -> str:
    """Return the path of the stamp of a stage."""
    return (STAMPS / stage).as_posix()


def set_stamps(found: Mapping[str, str]) -> None:
    """Leave stamps to the stages that need not run (see `stale`): a missing one is a job to run.

    So with what is published together. A file of it that is there already is looked at anew where
    it is older than another stamp, which says that it is wanted: missing ones move nothing then.
    Snakemake's own marks of jobs that were cut short go: a stamp is never half of one.
    """
    STAMPS.mkdir(parents=True, exist_ok=True)
    for path in STAMPS.parent.glob("incomplete/*"):
        path.unlink(missing_ok=True)
    for stage in STAGES:
        _set_stamp(stage, there=stage not in found)
    for name, stages in PUBLISHED.items():
        fresh = found.keys().isdisjoint(stages)
        _set_stamp(f"{name}.published", there=fresh)
        _set_stamp(f"{name}.wanted", there=True)
        if not fresh:
            # by its time alone a small file is none that changed
            Path(stamp(f"{name}.wanted")).write_text(str(time.time_ns()))


def _set_stamp(name: str, *, there: bool) -> None:
    path = STAMPS / name
    if there:
        path.touch()
        # the same for all: an input younger than an output stops Snakemake
        os.utime(path, (0, 0))
    else:
        path.unlink(missing_ok=True)
