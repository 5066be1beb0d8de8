"""The scripts of an analysis: written to be read, and put into a report as small as they go.

Run as a program, this writes the small ones anew.
"""

from hashlib import sha256

import pytest

from ketameta.report.pages import STATIC, script

# as they are read; what a report gets of each is beside it
SCRIPTS = ("repool.js", "repool_page.js")
MOST = 40_000  # bytes of both in a report


def head(name):
    """Return the first line of a small script: what it is made of."""
    digest = sha256((STATIC / name).read_bytes()).hexdigest()[:16]
    return (
        f"/* {name} of ketameta made small, source {digest}: report/static/ has it to be read */\n"
    )


def small(name):
    import minify

    text = (STATIC / name).read_text(encoding="utf-8")
    return head(name) + minify.string("application/javascript", text) + "\n"


def path_of(name):
    return STATIC / name.replace(".js", ".min.js")


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_report_gets_the_script_that_is_read(name):
    given = script(name)
    assert given == path_of(name).read_text(encoding="utf-8")
    assert given.startswith(head(name)), "run tests/report/test_scripts.py: the source is another"


@pytest.mark.parametrize("name", SCRIPTS)
def test_it_is_made_of_that_by_the_locked_tool(name):
    pytest.importorskip("minify")
    assert script(name) == small(name)


def test_both_are_small():
    assert sum(len(script(name).encode()) for name in SCRIPTS) < MOST


if __name__ == "__main__":
    for each in SCRIPTS:
        path_of(each).write_text(small(each), encoding="utf-8")
