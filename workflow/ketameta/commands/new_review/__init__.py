"""The files of a new review: a project that runs as it is, with made-up trials in its tables.

`names` turns what a person calls things into words of tables, `asked` holds what is asked of the
trials, `made_up` the tables, `templates/` every other file.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from ketameta.commands.new_review.asked import Asked
from ketameta.commands.new_review.made_up import made_up_tables
from ketameta.report.naming import capital

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["Asked", "files"]

TEMPLATES = Path(__file__).with_name("templates")
_CONFIG = "workflow/config"
# file of the project -> its template
_MADE_OF = {
    "README.md": "README.md",
    "Makefile": "Makefile",
    "Snakefile": "Snakefile",
    "requirements.txt": "requirements.txt",
    ".gitignore": "gitignore",
    ".github/workflows/report.yml": "github.yml",
    **{
        f"{_CONFIG}/{name}.yaml": f"{name}.yaml"
        for name in (
            *("review", "analyses", "multiverse", "vocabulary/outcomes", "vocabulary/scales"),
            *("vocabulary/treatments", "vocabulary/words"),
        )
    },
}


def files(asked: Asked, requirement: str) -> dict[str, bytes]:
    """Return every file of a new project by its path in it.

    `requirement` is the line of requirements.txt that installs ketameta.
    """
    told = {"asked": asked, "requirement": requirement}
    made = {
        path: _templates().get_template(f"{name}.jinja").render(told).encode()
        for path, name in _MADE_OF.items()
    }
    return made | {
        f"data/raw/{name}.csv": content for name, content in made_up_tables(asked).items()
    }


@cache
def _templates() -> Environment:
    """Return the templates; marks of their own, as YAML, Make and GitHub have braces."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    found = Environment(
        block_start_string="[%",
        block_end_string="%]",
        variable_start_string="[[",
        variable_end_string="]]",
        comment_start_string="[#",
        comment_end_string="#]",
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,
    )
    found.filters |= {"text": yaml_text, "plain": plain_text, "capital": capital}
    return found


def yaml_text(text: str) -> str:
    """Write a text as a value or key of YAML, in quotes: JSON's are YAML's too."""
    return json.dumps(text, ensure_ascii=False)


def plain_text(text: str) -> str:
    """Write a text of a heading so that Markdown takes nothing in it as a mark."""
    return "".join(f"\\{c}" if c in r"\`*_[]<>#~&" else c for c in text)
