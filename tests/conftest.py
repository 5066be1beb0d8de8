"""What several tests need: the tree, copies of it to work in, and the real tables."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
RAW = ROOT / "data" / "raw"


class Project:
    """A copy of the project in a folder of its own, and commands run in it."""

    def __init__(self, folder):
        self.folder = folder

    def path(self, name):
        return self.folder / name

    def run(self, *words, **options):
        environment = {**os.environ, "PYTHONPATH": str(self.folder / "workflow")}
        environment |= options.pop("environment", {})
        return subprocess.run(
            [sys.executable, *words],
            cwd=self.folder,
            env=environment,
            text=True,
            capture_output=True,
            check=False,
            timeout=120,
            **options,
        )

    def snakemake(self, *words):
        return self.run("-m", "snakemake", "--cores", "2", *words)

    def ketameta(self, *words):
        return self.run("-m", "ketameta.cli", *words)

    def edit(self, name, old, new):
        text = self.path(name).read_text(encoding="utf-8")
        assert old in text, f"{old!r} is not in {name}"
        self.path(name).write_text(text.replace(old, new, 1), encoding="utf-8")


def copy_project(folder):
    """Copy what the workflow needs, and nothing that was made."""
    skip = shutil.ignore_patterns("__pycache__", "*.egg-info")
    shutil.copytree(ROOT / "workflow", folder / "workflow", ignore=skip)
    shutil.copytree(RAW, folder / "data" / "raw")
    shutil.copy(ROOT / "Snakefile", folder)
    return Project(folder)


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """Return a copy of the project with its report made; never edit it, copy it."""
    project = copy_project(tmp_path_factory.mktemp("built"))
    done = project.ketameta("run", "--cores", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    project.first_run = done.stdout
    return project


@pytest.fixture
def unbuilt(tmp_path):
    """Return a fresh copy of the project in which nothing was made yet."""
    return copy_project(tmp_path / "unbuilt")


@pytest.fixture
def project(built, tmp_path):
    """Return a fresh copy of the built project, to edit and run again."""
    folder = tmp_path / "project"
    shutil.copytree(built.folder, folder, symlinks=True)
    return Project(folder)


@pytest.fixture(scope="session")
def tables():
    """Return what each stage makes of the real tables, in memory, as rows by table."""
    from ketameta.configuration import load
    from ketameta.ingest.stage import ingest
    from ketameta.normalize.stage import normalize
    from ketameta.synthesize.stage import synthesize

    def rows(found):
        return {name: table.to_pylist() for name, table in found.items()}

    configuration = load(ROOT / "workflow" / "config" / "analyses.yaml")
    found = rows(ingest(RAW)[0])
    found |= rows(normalize(found, configuration))
    found |= rows(synthesize(found, configuration))
    return found


@pytest.fixture(scope="session")
def configuration():
    """Return the real configuration."""
    from ketameta.configuration import load

    return load(ROOT / "workflow" / "config" / "analyses.yaml")
