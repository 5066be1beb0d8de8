"""The tables of a version made by its own code, in a process of its own.

Only ingest, normalize and synthesize run, by the commands that the rules call; the packages are
those that are installed here. What comes out is a folder such as data/processed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import ketameta
from ketameta.commands.revisions import DiffError
from ketameta.commands.versions import RAW, Version, ids_below
from ketameta.configuration import CONFIG
from ketameta.vocabulary import FOLDER, subject

WORKFLOW = Path("workflow")
PACKAGE = WORKFLOW / "ketameta"
# of older versions: the schema of the configuration, whose defaults are part of every question
CLOSED = WORKFLOW / "config" / "schema.yaml"
WORDS = CONFIG.parent / FOLDER
LOCK = Path("requirements.lock")
# these make pages, talk to people or compare versions: no table depends on them
_COMPARE = tuple(
    f"evidence/{name}.py"
    for name in (
        *(
            "attribution",
            "changes",
            "edited",
            "edits",
            "number_digests",
            "reclaimed",
            "references",
            "refits",
            "releases",
            "rows",
            "version_rule",
        ),
    )
)
_APART = tuple(
    f"{PACKAGE.as_posix()}/{name}"
    for name in (
        *("report/", "figures/", "commands/", "crates/", "cli.py", "report_files.py"),
        *("freshness.py", "publishing.py", *_COMPARE),
    )
)
JUDGED = "judged.json"
PATIENCE = 600
_STEPS = ("ingest", "normalize", "synthesize")
# run with: raw folder, folder to write, configuration, file for the syntheses as judged
_SCRIPT = """
import json, runpy, sys, traceback
from pathlib import Path
raw, made, config, judged = sys.argv[1:]
asked = ["--config", config]
steps = [["ingest", raw, made]] + [[s, made, made, *asked] for s in ("normalize", "synthesize")]
for status, words in enumerate(steps, start=10):
    sys.argv = ["steps", *words]
    try:
        runpy.run_module("ketameta.steps", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if end.code:
            sys.exit(status)
    except Exception:
        traceback.print_exc()
        sys.exit(status)
try:
    from ketameta.commands.results import read_results
    from ketameta.configuration import load
    found = read_results(Path(made), load(Path(config)))
    try:
        from ketameta.commands.results import to_json
    except ImportError:
        to_json = json.dumps  # code from before results had a type
    text = to_json(found)
except Exception:
    pass  # code from before certainty was rated
else:
    Path(judged).write_text(text, encoding="utf-8")
"""


class NotBuiltError(ValueError):
    """Code that does not make tables here; the message says why."""


def code_ids(version: Version) -> dict[str, str]:
    """Return the files of a version's code that its tables depend on, with the id of each.

    Empty where it has no code of its own.
    """
    found = version.files(PACKAGE)
    if not found:
        return {}
    return _that_matter(found | version.files(CLOSED.parent))


def running_code() -> dict[str, str]:
    """Return the same of the code that runs now."""
    package = ids_below(Path(ketameta.__file__).parent, PACKAGE)
    return _that_matter(package | ids_below(subject() / FOLDER, WORDS))


def _that_matter(files: dict[str, str]) -> dict[str, str]:
    config = CLOSED.parent.as_posix() + "/"
    words = (WORDS.as_posix() + "/", CLOSED.as_posix())
    return {
        path: name
        for path, name in files.items()
        if not path.startswith((*_APART, config)) or path.startswith(words)
    }


def changed_files(old: dict[str, str], new: dict[str, str]) -> tuple[str, ...]:
    """Name the files that differ between two codes, sorted."""
    return tuple(sorted(p for p in old.keys() | new.keys() if old.get(p) != new.get(p)))


def build(code: Version, tables: Version, config: Mapping[str, bytes], made: Path) -> None:
    """Write to `made` what the code of one version makes of the raw tables of another.

    `config` has the files of the configuration by name; words of the subject go with the code.

    Raises `NotBuiltError` where the code does not run here or does not take the configuration, and
    `DiffError` where it finds faults in the tables.
    """
    with tempfile.TemporaryDirectory() as folder:
        spare = {name: Path(folder, name) for name in ("tree", "raw")}
        for place in spare.values():
            place.mkdir()
        try:
            tree = code.tree(WORKFLOW, spare["tree"])
        except DiffError as error:
            raise NotBuiltError(str(error)) from None
        raw = tables.raw_tables(spare["raw"])
        path = Path(folder, CONFIG)
        words = tree / CONFIG.parent / FOLDER
        shutil.copytree(words if words.is_dir() else spare["raw"], path.parent / FOLDER)
        for name, content in config.items():
            path.with_name(name).write_bytes(content)
        # its steps may take paths from the folder that they run in
        done = _run(tree, raw.resolve(), made.resolve(), path, Path(folder))
        said = [
            line.replace(raw.resolve().as_posix(), RAW).replace(path.as_posix(), path.name)
            for line in done.stderr.splitlines()
            if line.strip()
        ]
    if done.returncode == 0:
        return
    step = _STEPS[done.returncode - 10] if 0 <= done.returncode - 10 < len(_STEPS) else "start"
    if step in _STEPS[:2] and not any("Traceback" in s or "analyses.yaml" in s for s in said):
        lines = "\n".join(f"{tables.name}: {line}" for line in said)
        raise DiffError(lines)
    raise NotBuiltError(f"{step}: {said[-1].strip() if said else 'no word why'}")


def _run(
    tree: Path, raw: Path, made: Path, config: Path, folder: Path
) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str((tree / WORKFLOW).resolve())}
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    words = [str(path) for path in (raw, made, config, made / JUDGED)]
    try:
        return subprocess.run(
            [sys.executable, "-c", _SCRIPT, *words],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=PATIENCE,
        )
    except subprocess.TimeoutExpired:
        raise NotBuiltError(f"not done after {PATIENCE} s") from None
