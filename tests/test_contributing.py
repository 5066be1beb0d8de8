"""What a contributor reads and fills in: CONTRIBUTING, the forms, the hooks before a commit."""

import re
import shlex
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

from ketameta.cli import COMMANDS

from .test_architecture import ALLOWED, GROUND, SHELLS

ROOT = Path(__file__).parents[1]
GITHUB = ROOT / ".github"
FORMS = sorted((GITHUB / "ISSUE_TEMPLATE").glob("*.yml"))
TEXTS = [ROOT / "CONTRIBUTING.md", GITHUB / "pull_request_template.md", *FORMS]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
HOOKS = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
TARGETS = set(re.findall(r"^([\w./-]+):", MAKEFILE, re.M))


def commands(text):
    """Return the commands of a text, from its blocks and from within its sentences."""
    blocks = "".join(re.findall(r"^```sh\n(.*?)^```$", text, re.M | re.S)).splitlines()
    inline = re.findall(r"`((?:make|ketameta|\.venv/bin/\w+) [^`]+)`", text.replace("\n", " "))
    return [shlex.split(line, comments=True) for line in (*blocks, *inline)]


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_each_command_and_file_that_is_named_is_there(path):
    text = path.read_text(encoding="utf-8")
    for program, *words in commands(text):
        if program == "make":
            assert set(words) <= TARGETS
        elif program == "ketameta":
            assert words[0] in {*COMMANDS, "--version"}
        named = [program, *words] if program.startswith(".venv/bin/") else words
        for word in named:
            if "/" in word and not word.startswith(".venv"):
                assert (ROOT / word).exists(), word
    for name in re.findall(r"`((?:workflow|tests|data|\.github)/[\w/.-]*)`", text):
        assert (ROOT / name).exists(), name


def test_contributing_shows_how_to_run_all_tests_the_fast_ones_and_one():
    said = [" ".join(words) for words in commands(TEXT)]
    assert {"make .venv/dev", "make test", "make test-fast", "make check"} <= set(said)
    assert any(words.startswith(".venv/bin/pytest tests/") for words in said)


def test_the_table_of_rooms_says_what_each_imports():
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \| [^|]* \| ([^|]*) \|$", TEXT, re.M)
    told = {
        name: (set(re.findall(r"`(\w+)`", said)), said)
        for names, said in rows
        for name in re.findall(r"`(\w+)`", names)
    }
    package = ROOT / "workflow" / "ketameta"
    rooms = {path.parent.name for path in package.glob("*/__init__.py")}
    assert rooms | {
        "measures",
        "estimators",
        "methods",
        "moderators",
        "project",
        "storage",
        "cli",
        "steps",
    } == set(told)
    ground = {name for name, (_, said) in told.items() if said == "ground"}
    assert ground == GROUND
    for name in set(told) - ground - SHELLS:
        imported, said = told[name]
        assert imported == ALLOWED[name] & rooms - GROUND, name
        assert (not ALLOWED[name] & GROUND) == said.endswith("no ground either"), name


def test_every_golden_file_is_made_again_by_a_command_that_is_named():
    made = {
        path.relative_to(ROOT).as_posix(): re.findall(r'"golden" / "(\w+\.csv)"', path.read_text())
        for path in (ROOT / "tests").rglob("test_golden*.py")
    }
    assert {name for names in made.values() for name in names} == {
        path.name for path in (ROOT / "tests" / "golden").iterdir()
    }
    assert set(made) <= {words[1] for words in commands(TEXT) if words[0] == ".venv/bin/python"}


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.name)
def test_a_form_is_one_as_github_takes_it(path):
    form = yaml.safe_load(path.read_text(encoding="utf-8"))
    if path.name == "config.yml":
        assert form == {"blank_issues_enabled": True}
        return
    assert {"name", "description", "body"} <= set(form) <= {
        *("name", "description", "title", "labels", "body")
    }  # fmt: skip
    fields = [field for field in form["body"] if field["type"] != "markdown"]
    assert {field["type"] for field in fields} <= {"input", "textarea"}
    assert len({field["id"] for field in fields}) == len(fields) > 3
    assert all({"label"} <= set(field["attributes"]) for field in fields)
    assert any(field.get("validations") == {"required": True} for field in fields)
    assert [f["attributes"].keys() for f in form["body"] if f["type"] == "markdown"] in (
        [],
        [{"value"}],
    )


def test_a_fault_in_the_data_asks_which_cell_what_the_source_says_and_where():
    form = yaml.safe_load((GITHUB / "ISSUE_TEMPLATE" / "data.yml").read_text(encoding="utf-8"))
    needed = [f["id"] for f in form["body"] if f.get("validations", {}).get("required")]
    assert needed == ["cell", "entered", "reported", "source"]


def test_a_hook_has_the_version_of_the_lock_or_is_pinned_by_commit():
    tools = {Requirement(text).name for text in PROJECT["optional-dependencies"]["dev"]}
    for repository in HOOKS:
        if repository["repo"] == "local":
            for hook in repository["hooks"]:
                program = shlex.split(hook["entry"])[0]
                assert program.removeprefix(".venv/bin/") in tools, hook["id"]
        else:
            text = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
            assert re.search(rf"rev: {repository['rev']} # frozen: v\d+\.\d+\.\d+$", text, re.M)
            assert re.fullmatch(r"[0-9a-f]{40}", repository["rev"])


def test_the_hooks_look_at_what_make_check_does():
    """All but Snakemake's own lint, which takes seconds and asks for a whole project."""
    (check,) = re.findall(r"^check:.*\n((?:\t.*\n)+)", MAKEFILE, re.M)
    ours = dict.fromkeys(re.findall(r"\$\(BIN\)/(\w+(?: format)?)", check))
    local = [hook["entry"] for repo in HOOKS if repo["repo"] == "local" for hook in repo["hooks"]]
    hooked = re.findall(r"\.venv/bin/(\w+(?: format)?)", "\n".join(local))
    assert sorted(hooked) == sorted(set(ours) - {"snakemake"})


def test_the_hooks_look_at_every_file_of_their_kind():
    """A pattern that matches nothing would pass all."""
    files = [*ROOT.glob("*"), *GITHUB.rglob("*"), *(ROOT / "workflow").rglob("*")]
    names = [path.relative_to(ROOT).as_posix() for path in files if path.is_file()]
    for repository in HOOKS:
        for hook in repository["hooks"]:
            if "files" in hook:
                found = [name for name in names if re.search(hook["files"], name)]
                assert len(found) >= 2, hook["id"]
                suffix = {".smk", ".py", ".yml", ".toml", ""}
                assert {Path(name).suffix for name in found} <= suffix
