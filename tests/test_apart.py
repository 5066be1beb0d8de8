"""Package and project lie apart: installed, named by its rules, or used as a module."""

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from ketameta.commands.new_review import TEMPLATES
from ketameta.project import NO_PROJECT

from .conftest import copy_subject

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
PAGE = "reports/analyses/response_24h.html"
TITLE = "Response at 24 hours"
SNAKEFILE = (TEMPLATES / "Snakefile.jinja").read_text(encoding="utf-8")


def without_code(project):
    """Take the code out of a project: tables, configuration and what was made stay."""
    project.path("Snakefile").unlink()
    for path in project.path("workflow").iterdir():
        if path.name == "Snakefile":
            path.unlink()
        elif path.name != "config":
            shutil.rmtree(path)
    return project


def retitle(project, old, new):
    project.edit("workflow/config/analyses.yaml", f"title: {old}", f"title: {new}")


def page(project):
    return project.path(PAGE).read_text(encoding="utf-8")


# the code of a checkout


def test_rules_of_a_checkout_make_a_page_of_a_project_elsewhere(small, tmp_path):
    retitle(without_code(small), TITLE, "Day one")
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--cores", "2", "-s", ROOT / "workflow" / "Snakefile",
         "--directory", small.folder, PAGE],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Day one" in page(small)
    assert os.listdir(tmp_path) == [small.folder.name]
    # of a project with no Snakefile at all
    same = small.run("-m", "ketameta", "run", environment={"PYTHONPATH": str(ROOT / "workflow")})
    assert "everything is up to date" in same.stdout + same.stderr


def test_a_module_does_its_part_before_and_after_the_jobs_beside_what_is_theirs(small):
    own = (
        "\n\nrule mine:\n    input:\n        " + repr(PAGE) + "\n"
        "    output:\n        'mine.html',\n    shell:\n        'cp {input} {output}'\n"
    )
    every = "use rule * from review"
    assert every in SNAKEFILE
    text = SNAKEFILE.replace(every, f"{every} as review_*")
    text = text.replace("module review:", "onsuccess:\n    print('theirs')\n\n\nmodule review:")
    without_code(small).path("Snakefile").write_text(text + own, encoding="utf-8")
    code = {"PYTHONPATH": str(ROOT / "workflow")}

    def snakemake(*words):
        return small.run("-m", "snakemake", "--cores", "2", *words, environment=code)

    retitle(small, TITLE, "Day one")
    small.edit("data/raw/outcomes.csv", ",47,30,", ",47,48,")
    done = snakemake("review_report")
    assert done.returncode != 0
    assert "Nothing was changed" in done.stdout + done.stderr
    small.edit("data/raw/outcomes.csv", ",47,48,", ",47,30,")
    done = snakemake("review_report")
    assert done.returncode == 0, done.stderr
    assert "theirs" in done.stdout
    assert "Day one" in page(small)
    retitle(small, "Day one", "Day two")
    done = snakemake("mine.html")
    assert done.returncode == 0, done.stderr
    assert "Day two" in page(small)
    assert small.path("mine.html").read_text(encoding="utf-8") == page(small)


# installed


@dataclass(frozen=True)
class Installed:
    """A wheel, and an environment that it is installed in."""

    wheel: Path
    environment: Path

    def run(self, folder, name, *words):
        clean = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME")}
        return subprocess.run(
            [self.environment / "bin" / name, *words],
            cwd=folder, env=clean, capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Return the package installed by pip, beside the packages that it needs."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("installed")
    for name in (
        "pyproject.toml",
        "setup.py",
        "README.md",
        "LICENSE",
        "CITATION.cff",
        "requirements.lock",
    ):
        shutil.copy(ROOT / name, source)
    skip = shutil.ignore_patterns("__pycache__", "*.egg-info", "config")
    shutil.copytree(ROOT / "workflow", source / "workflow", ignore=skip)
    new = out / "new"
    code = f"from setuptools.build_meta import build_wheel; build_wheel({str(out)!r})"
    pip = ["-m", "pip", "--python", new, "--disable-pip-version-check", "install", "-q"]
    for words in (
        ["-W", "ignore", "-c", code],
        ["-m", "venv", "--without-pip", new],
        [*pip, "--no-deps", "--no-index", "--no-compile", "--find-links", out, "ketameta"],
    ):
        done = subprocess.run(
            [sys.executable, *words], cwd=source, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    (wheel,) = out.glob("*.whl")
    (site,) = new.glob("lib/python*/site-packages")
    # as a path alone: links to editable packages in it are not followed
    (site / "needed.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    return Installed(wheel, new)


def test_library_and_rules_are_installed_without_tables_and_configuration(installed):
    package = ROOT / "workflow" / "ketameta"
    files = {
        f"ketameta/{path.relative_to(package).as_posix()}"
        for path in package.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert "ketameta/configuration/analyses.schema.yaml" in files
    rules = {path.name for path in (ROOT / "workflow" / "rules").iterdir()}
    files |= {"ketameta/workflow/Snakefile", *(f"ketameta/workflow/rules/{r}" for r in rules)}
    # what a release holds of the program
    files |= {f"ketameta/{name}" for name in ("requirements.lock", "LICENSE", "CITATION.cff")}
    with zipfile.ZipFile(installed.wheel) as archive:
        assert {n for n in archive.namelist() if ".dist-info/" not in n} == files


def test_what_is_installed_works_outside_of_a_project(installed, tmp_path):
    (tmp_path / "my.csv").write_text("study,ai,n1i,ci,n2i\nA,12,20,5,20\nB,9,25,6,25\n")
    tables = str(ROOT / "tests" / "tables")
    code = (
        "import sys\nfrom pathlib import Path\nimport ketameta\n"
        "from ketameta.cli import main\n"
        "assert Path(ketameta.__file__).is_relative_to(sys.prefix), ketameta.__file__\n"
        "for words in (['check', sys.argv[1]], ['template', 'new'], ['template', 'new.xlsx'],\n"
        "              ['convert', sys.argv[1], 'all.xlsx'],\n"
        "              ['pool', 'my.csv', '--measure', 'RR']):\n"
        "    assert main(words) == 0, words\n"
    )
    # the tables' words
    copy_subject(tmp_path)
    done = installed.run(tmp_path, "python", "-c", code, tables)
    assert done.returncode == 0, done.stderr
    assert "I²" in done.stdout


def test_a_new_review_is_run_by_what_is_installed(installed, tmp_path):
    assert installed.run(tmp_path, "ketameta", "init", "new").returncode == 0
    done = installed.run(tmp_path / "new" / "data", "ketameta", "run")
    assert done.returncode == 0, done.stderr
    assert "report: reports/index.html" in done.stdout


def test_within_a_project_its_own_version_is_used(installed, unbuilt):
    unbuilt.edit("workflow/ketameta/__init__.py", '__version__ = "', '__version__ = "9.')
    done = installed.run(unbuilt.path("data"), "ketameta", "--version")
    assert done.stdout.startswith("ketameta 9.")
    assert "used in place of the installed" in done.stderr
    done = installed.run(unbuilt.folder.parent, "ketameta", "--version")
    assert not done.stdout.startswith("ketameta 9.")
    assert done.stderr == ""
    done = installed.run(unbuilt.folder.parent, "ketameta", "run")
    assert (done.returncode, done.stderr) == (2, f"{NO_PROJECT}\n")
