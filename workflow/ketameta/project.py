"""Where this package lies with its rules, and which folder is a project.

In a checkout the Snakefile and its rules stand beside the package, in an installed one within it.
Tables, configuration and all that is made are those of the project: the working directory.
"""

from __future__ import annotations

import os
from pathlib import Path

PACKAGE = Path(__file__).parent
INSTALLED = (PACKAGE / "workflow").is_dir()
WORKFLOW = PACKAGE / "workflow" if INSTALLED else PACKAGE.parent
# what stands above the rules: the packages that are locked, licence, how to cite
HOME = PACKAGE if INSTALLED else PACKAGE.parents[1]
# where the subject and the questions of a project stand
SUBJECT = Path("workflow/config")
# what makes a folder a project
CONFIG = SUBJECT / "analyses.yaml"
NO_PROJECT = (
    f"no project here or above, which has a {CONFIG.as_posix()}; `ketameta init FOLDER` begins one"
)
# where Snakemake looks for the Snakefile of a project
_USUAL = (Path("Snakefile"), Path("workflow/Snakefile"))


def project_of(folder: Path) -> Path | None:
    """Return the project that a folder is, or is part of."""
    folder = folder.absolute()
    return next((at for at in (folder, *folder.parents) if (at / CONFIG).is_file()), None)


def from_here(word: str) -> Path:
    """Return a path that is typed; the whole of it where commands will have gone elsewhere.

    Commands of a project go to its folder.
    """
    return Path(word) if project_of(Path.cwd()) == Path.cwd() else Path(word).absolute()


def snakefile() -> str:
    """Return the path of this package's Snakefile: `module` and `snakemake -s` take it."""
    return str(WORKFLOW / "Snakefile")


def snakefile_of_project() -> Path:
    """Return the Snakefile of the project in the working directory; this package's, if it has none.

    So a project is complete without one.
    """
    return next((path for path in _USUAL if path.is_file()), Path(snakefile()))


def python_path() -> str:
    """Return PYTHONPATH for processes in the working directory that are to find this package.

    Relative, as no entry can hold a colon and folders above may. An installed package is found
    without: its folder has others, which must not go before those of Python.
    """
    own = [] if INSTALLED else [os.path.relpath(PACKAGE.parent)]
    return os.pathsep.join(filter(None, [*own, os.environ.get("PYTHONPATH")]))
