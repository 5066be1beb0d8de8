"""What is installed: hashes for all of it, as pyproject asks, under licences that allow it."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
# of the report; of tests and lint beside it, and of a cluster
LOCKS = [
    (ROOT / f"requirements{which}.lock").read_text(encoding="utf-8")
    for which in ("", "-dev", "-slurm")
]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PYTHONS = ("3.11", "3.12", "3.13", "3.14")


def entries(lock):
    """Return each entry of a lock: its requirement and its hashes."""
    joined = lock.replace("\\\n", " ")
    found = []
    for line in joined.splitlines():
        if line.strip():
            requirement, *hashes = re.split(r"\s+--hash=", line.strip())
            found.append((Requirement(requirement), hashes))
    return found


RUNTIME, DEV, SLURM = map(entries, LOCKS)
ENTRIES = [*RUNTIME, *DEV, *SLURM]
EXTRAS = PROJECT["optional-dependencies"]
# which lock gives what is wanted, where it is not that of the report
APART = {**dict.fromkeys(EXTRAS["dev"], DEV), **dict.fromkeys(EXTRAS["slurm"], SLURM)}
WANTED = [*PROJECT["dependencies"], *EXTRAS["build"], *APART]


def test_every_package_has_hashes_and_an_exact_version():
    assert len(ENTRIES) > 50
    for requirement, hashes in ENTRIES:
        assert re.fullmatch(r"==[^,*]+", str(requirement.specifier)), requirement
        assert hashes, requirement
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", text) for text in hashes), requirement


def test_the_lock_names_no_index_no_address_and_no_path():
    for lock in LOCKS:
        assert not re.search(r"https?:|index-url|find-links|trusted-host|file:|@ ", lock)
    assert all(requirement.url is None for requirement, _ in ENTRIES)


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("wanted", WANTED)
def test_the_lock_gives_what_pyproject_asks_for(wanted, python):
    requirement = Requirement(wanted)
    environment = {**default_environment(), "python_version": python, "extra": ""}
    environment["python_full_version"] = f"{python}.0"
    versions = [
        str(locked.specifier).removeprefix("==")
        for locked, _ in [*RUNTIME, *APART.get(wanted, [])]
        if canonicalize_name(locked.name) == canonicalize_name(requirement.name)
        and (locked.marker is None or locked.marker.evaluate(environment))
    ]
    assert len(versions) == 1, f"{wanted}: the lock has {versions or 'none'}; run make lock"
    assert requirement.specifier.contains(Version(versions[0]), prereleases=True)


def test_the_report_needs_no_package_of_tests_and_lint():
    """Who wants the report alone downloads no driver of a browser and no linter."""
    own = {canonicalize_name(locked.name) for locked, _ in RUNTIME}
    assert not own & {canonicalize_name(Requirement(text).name) for text in APART}
    twice = {str(locked) for locked, _ in RUNTIME} & {str(locked) for locked, _ in [*DEV, *SLURM]}
    assert twice == set()


def test_what_is_imported_is_declared():
    import ast

    names = {"PIL": "pillow", "yaml": "pyyaml", "jinja2": "jinja2", "snakemake": "snakemake"}
    declared = {canonicalize_name(Requirement(text).name) for text in PROJECT["dependencies"]}
    for path in (ROOT / "workflow" / "ketameta").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                modules = [node.module]
            else:
                continue
            for module in modules:
                top = module.split(".")[0]
                if top not in sys.stdlib_module_names and top != "ketameta":
                    assert canonicalize_name(names.get(top, top)) in declared, f"{path}: {top}"


@pytest.fixture(scope="module")
def licences():
    spec = importlib.util.spec_from_file_location("licences", ROOT / ".ci" / "licences.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_installed_package_has_a_known_licence_that_allows_our_use(licences):
    rows = licences.table()
    assert len(rows) > 50
    bad = {name: spdx or "unknown" for name, _, spdx in rows if not licences.allowed(spdx)}
    assert bad == {}


def test_the_table_shows_what_is_installed_and_tells_what_is_not_locked(
    licences, monkeypatch, capsys
):
    from importlib.metadata import version

    rows = licences.table()
    assert [(name, found) for name, found, _ in rows if found != version(name)] == []
    assert licences.main() == 0
    lock = {**licences.locked(), "numpy": ["0.1"], "no-such-package": ["1.0"]}
    monkeypatch.setattr(licences, "locked", lambda: lock)
    assert licences.main() == 1
    said = capsys.readouterr().out.splitlines()
    assert any(
        line.startswith("numpy ") and line.endswith("<- not the version of the lock")
        for line in said
    )
    assert "no-such-package" in said[-1]


@pytest.mark.parametrize(
    ("expression", "fine"),
    [
        ("MIT", True),
        ("MIT AND BSD-3-Clause", True),
        ("GPL-3.0-or-later", False),
        ("AGPL-3.0-only", False),
        ("MIT AND GPL-2.0-only", False),
        ("GPL-2.0-only OR MIT", True),
        ("(Apache-2.0 OR MIT) AND PSF-2.0", True),
        ("(GPL-3.0-only OR MIT) AND PSF-2.0", True),
        ("(MIT OR ISC) AND GPL-3.0-only", False),
        ("MIT OR ISC AND GPL-3.0-only", True),
        ("", False),
    ],
)
def test_which_licences_are_allowed(licences, expression, fine):
    assert licences.allowed(expression) is fine


def test_the_makefile_installs_by_hash_alone_and_can_audit():
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    installed = [line for line in text.splitlines() if "$(PIP)" in line and " -r " in line]
    assert len(installed) == 4
    for line in installed:
        assert "--require-hashes" in line
        assert "--no-deps" in line
    assert re.search(r"^audit:.*\n(\t.*\n)*\t.*pip-audit .*requirements\.lock", text, re.M)


def test_make_leaves_an_environment_alone_that_is_only_linked(tmp_path):
    """A link leads to what others use: emptying it would stop their work."""
    make = shutil.which("make")
    if make is None:
        pytest.skip("no make here")
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "packages").write_text("kept")
    os.utime(tmp_path / "theirs" / "packages", (0, 0))  # older than the lock
    (tmp_path / "own").mkdir()
    for name in ("Makefile", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path / "own")
    (tmp_path / "own" / ".venv").symlink_to(tmp_path / "theirs", target_is_directory=True)
    done = subprocess.run(
        [make, f"PYTHON={sys.executable}", ".venv/packages"],
        cwd=tmp_path / "own", capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert f".venv is a link to {tmp_path / 'theirs'}" in done.stderr
    assert [path.name for path in (tmp_path / "theirs").iterdir()] == ["packages"]
    assert (tmp_path / "theirs" / "packages").read_text() == "kept"
