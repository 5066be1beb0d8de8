"""The package that the rules run, and the shell that runs it."""

import shlex
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

# in a checkout the package stands beside the rules; else it is the one that is installed
BESIDE = Path(str(workflow.current_basedir)).parent
if Path(BESIDE, "ketameta").is_dir():
    sys.path.insert(0, str(BESIDE))

try:
    from ketameta.project import python_path
except ModuleNotFoundError as error:
    if error.name != "ketameta":
        raise
    raise WorkflowError(
        f"These rules need the package ketameta: install it for {sys.executable}"
    ) from None


def quoted(path):
    """Return a path for the shell; braces doubled, as Snakemake fills in what is between them."""
    return shlex.quote(str(path)).replace("{", "{{").replace("}", "}}")


# the interpreter that runs Snakemake runs the steps, with the package that is loaded here, whatever
# `python` and an installed ketameta are outside
shell.prefix(
    "set -euo pipefail; "
    f"export PATH={quoted(Path(sys.executable).parent)}:$PATH PYTHONPATH={quoted(python_path())}; "
)
