"""The scripts of an analysis: written to be read, and put into a report as small as they go.

Run as a program, this makes the small ones anew by terser, which needs Node.js; a command of
another name is told in TERSER.
"""

import os
import shlex
import subprocess
from hashlib import sha256

import pytest

from ketameta.report.pages import STATIC, script

# as they are read; what a report gets of each is beside it
SCRIPTS = ("repool.js", "repool_page.js")
MOST = 40_000  # bytes of both in a report
TERSER = "npx --yes terser@5.51.4"
# no name of what a page gives or reads is among those of PRIVATE, nor one that is asked by a word
PRIVATE = (
    "parts|origin|mean|means|total|zero|within|spread|treated|nnt|off|i2Own|asParallel|survives|"
    "judged|differs|rise"
)
OPTIONS = ["-c", "passes=3,ecma=2020,unsafe_arrows=true", "-m", "--mangle-props"]
OPTIONS.append(f"regex=/^({PRIVATE})$/")


def head(name):
    """Return the first line of a small script: what it is made of."""
    digest = sha256((STATIC / name).read_bytes()).hexdigest()[:16]
    return f"/* of report/static/{name}, {digest} */\n"


def small(name):
    words = [*shlex.split(os.environ.get("TERSER", TERSER)), STATIC / name, *OPTIONS]
    made = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    return head(name) + made


def path_of(name):
    return STATIC / name.replace(".js", ".min.js")


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_report_gets_what_is_made_of_the_script_that_is_read(name):
    given = script(name)
    assert given == path_of(name).read_text(encoding="utf-8")
    assert given.startswith(head(name)), "run tests/report/test_scripts.py: the source is another"


def test_both_are_small():
    assert sum(len(script(name).encode()) for name in SCRIPTS) < MOST


if __name__ == "__main__":
    for each in SCRIPTS:
        path_of(each).write_text(small(each), encoding="utf-8")
