"""The picture of the README: the forest plot of response at 24 hours, of the tests' tables.

A change here must be meant: look at the picture, after it is drawn anew with
``python tests/figures/test_readme_picture.py``.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PICTURE = ROOT / ".github" / "response_24h.forest.svg"


def drawn(tables, configuration):
    """Return the picture as the report has it."""
    from ketameta.report.graphics import forests

    drawings = forests(tables, configuration)
    return next(one.svg() for one in drawings if one.path("svg") == f"figures/{PICTURE.name}")


def test_the_picture_of_the_readme_is_what_is_drawn_now(tables, configuration):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"]({PICTURE.relative_to(ROOT).as_posix()})" in readme
    assert drawn(tables, configuration).splitlines() == PICTURE.read_text("utf-8").splitlines()


if __name__ == "__main__":
    sys.path[:0] = [str(ROOT / "workflow"), str(ROOT)]
    from tests.rows import made_of_tests

    PICTURE.write_text(drawn(*made_of_tests()), encoding="utf-8")
