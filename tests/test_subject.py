"""The subject stands in the configuration alone: no word of it is in the package or its rules."""

import re
from pathlib import Path

import pytest

from .subject import EXEMPT, patterns, subject

ROOT = Path(__file__).parents[1]
PLACES = ("workflow/ketameta", "workflow/rules", "Snakefile", "pyproject.toml")
ENDINGS = {".py", ".html", ".R", ".js", ".css", ".yaml", ".jinja", ".smk", ".toml", ""}
# words that may stand in some files, and why
MAY = (
    ("commands/names.py", "placebo", "headings by which tables of others name their control"),
    ("report/references.py", "patient", "titles of works cited"),
    ("vocabulary/", "response; remission", "what scales have cut-offs for"),
    ("configuration/scales.schema.yaml", "response; remission", "what scales have cut-offs for"),
    ("stats/dependent/", "response", "dose-response: the name of the method"),
    ("stats/__init__.py", "response", "dose-response: the name of the method"),
    (
        "commands/new_review/",
        "placebo; usual care; any adverse event; symptom; drug; response; remission; PO; oral;"
        "intravenous",
        "what a made-up review is made of until it is one's own",
    ),
)
# names of columns, which tables have whatever they hold
COLUMNS = re.compile(r"\bdrug_route\b")


def offences(root):
    """Return the words of the subject that the package, its rules or its entry have, by place."""
    known = patterns()
    found = []
    for place in PLACES:
        at = root / place
        for path in sorted(at.rglob("*")) if at.is_dir() else [at]:
            if path.suffix not in ENDINGS or not path.is_file():
                continue
            text = COLUMNS.sub("", path.read_text(encoding="utf-8"))
            small = text.lower()
            for word, one in known.items():
                # of most words a look at the letters alone tells that they are not there
                if word.lower() not in small or allowed(word, path):
                    continue
                lines = {text.count("\n", 0, match.start()) + 1 for match in one.finditer(text)}
                found += [f"{path.relative_to(root)}:{line}: {word}" for line in sorted(lines)]
    return found


def named(words):
    return [word.strip().lower() for word in words.split(";")]


def allowed(word, path):
    return any(file in path.as_posix() and word.lower() in named(own) for file, own, _ in MAY)


def test_no_word_of_the_subject_is_in_the_package():
    assert offences(ROOT) == []


@pytest.mark.parametrize(
    "line",
    [
        '"""Name a group: IV ketamine, people with bipolar depression."""',
        'if outcome == "suicidality_score":',
        "<p>Points on the MADRS.</p>",
        "where TRD <- 1",
        "# a drug and its dose",
        "label: Treatment-resistant depression",
    ],
)
def test_a_word_that_is_planted_is_found(tmp_path, line):
    for place in PLACES[2:]:
        (tmp_path / place).write_text("", encoding="utf-8")
    file = tmp_path / PLACES[0] / "report" / "templates" / "index.html"
    file.parent.mkdir(parents=True)
    file.write_text(f"nothing\n{line}\n", encoding="utf-8")
    assert any("index.html:2" in one for one in offences(tmp_path)), line


def test_no_word_is_exempt_for_nothing():
    said = {*subject()}
    assert all(word in said for word in EXEMPT)
    for place, own, _ in MAY:
        at = ROOT / PLACES[0] / place
        files = [path for path in at.rglob("*") if path.suffix in ENDINGS] if at.is_dir() else [at]
        text = "\n".join(path.read_text(encoding="utf-8") for path in files if path.is_file())
        for word in named(own):
            assert re.search(word, text, re.IGNORECASE), (word, place)
