"""The pages of `examples/`: every block runs and gives what stands below it."""

import doctest
import re
from pathlib import Path

import pytest

PAGES = sorted((Path(__file__).parents[1] / "examples").glob("*.md"))


def blocks(text):
    """Return the lines that are typed and their answers, one block after the other."""
    return "\n".join(re.findall(r"^```pycon\n(.*?)^```$", text, re.M | re.S))


def failures(text, name):
    """Return what came out otherwise, as doctest tells it."""
    told = []
    asked = doctest.DocTestParser().get_doctest(blocks(text), {}, name, name, 0)
    doctest.DocTestRunner(verbose=False).run(asked, out=told.append)
    return "".join(told)


# statsmodels takes a second to load
@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])
def test_every_block_gives_what_stands_below_it(page):
    assert failures(page.read_text(encoding="utf-8"), page.name) == ""


def test_a_number_that_does_not_come_out_is_found():
    assert blocks("no block") == ""
    assert "Expected:\n    3" in failures("```pycon\n>>> 1 + 1\n3\n\n```\n", "wrong")
    assert failures("```pycon\n>>> 1 + 1\n2\n\n```\n", "right") == ""
