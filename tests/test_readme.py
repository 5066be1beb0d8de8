"""The README: each command runs, each block is what it says, and its steps can be followed."""

import ast
import csv
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from ketameta.cli import main
from ketameta.configuration import load
from ketameta.ingest.stage import ingest
from ketameta.normalize.stage import normalize

from .conftest import QUESTIONS, TABLES
from .reviews.forms import counts, package, settings
from .rows import tables_of

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", TEXT, re.M | re.S)
SHELL = [line for kind, block in BLOCKS if kind == "sh" for line in block.splitlines()]
# within sentences too
INLINE = re.findall(r"`((?:make|ketameta|Rscript) [^`]+)`", TEXT.replace("\n", " "))
COMMANDS = list(dict.fromkeys(shlex.join(shlex.split(c, comments=True)) for c in SHELL + INLINE))
# files that the commands name and a reader has: his own
OWN = {
    "my.csv": "study,ai,n1i,ci,n2i,region,year\nA,12,20,5,20,x,2001\nB,9,25,6,25,x,2004\n"
    "C,7,30,6,28,y,2010\nD,8,31,2,30,y,2012\n",
    "effects.csv": "analysis,yi,vi\na,0.3,0.01\na,0.5,0.04\nb,0.1,0.02\nb,0.2,0.03\n",
}


def only(kind):
    (block,) = [block for found, block in BLOCKS if found == kind]
    return block


def table_rows():
    """Return the rows of the CSV block by file, each as cells by column."""
    parts = re.split(r"^# (\w+\.csv).*\n", only("csv"), flags=re.M)[1:]
    return {
        name: list(csv.DictReader(text.splitlines()))
        for name, text in zip(parts[::2], parts[1::2], strict=True)
    }


def add_rows(raw):
    """Write the rows of the CSV block under those of a folder, as a person would."""
    for name, rows in table_rows().items():
        with (raw / name).open(encoding="utf-8", newline="") as file:
            header = next(csv.reader(file))
        with (raw / name).open("a", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, header, lineterminator="\n")
            writer.writerows(rows)


def test_every_block_is_of_a_kind_that_is_tried_here():
    assert {kind for kind, _ in BLOCKS} == {"sh", "csv", "yaml", "python"}
    assert len(COMMANDS) > 15


def test_a_trial_added_by_the_steps_is_in_order_and_enters_its_analysis(tmp_path, capsys):
    raw = Path(shutil.copytree(TABLES, tmp_path / "raw"))
    assert set(table_rows()) == {"trials.csv", "arms.csv", "outcomes.csv"}
    add_rows(raw)
    assert main(["check", str(raw)]) == 0
    assert "smith2027" not in capsys.readouterr().err
    found = tables_of(ingest(raw)[0])
    made = normalize(found, load(QUESTIONS))["effects"].to_pylist()
    (effect,) = [e for e in made if (e["analysis"], e["trial_id"]) == ("response_24h", "smith2027")]
    # log of 22/40 against 11/40
    assert effect["yi"] == pytest.approx(0.6931471805599453, rel=1e-12)


@pytest.mark.parametrize("name", ["trials.csv", "arms.csv", "outcomes.csv"])
def test_a_run_over_the_example_names_no_column_that_is_not_there(name):
    header = (TABLES / name).read_text(encoding="utf-8").splitlines()[0].split(",")
    assert set(table_rows()[name][0]) <= set(header)
    # so do the words in the steps
    columns = re.findall(r"`([a-z_]+)`", TEXT[TEXT.index("## Add a trial") : TEXT.index("```csv")])
    every = {
        column
        for path in TABLES.glob("*.csv")
        for column in path.read_text(encoding="utf-8").splitlines()[0].split(",")
    }
    assert set(columns) <= every


def test_the_example_of_an_analysis_loads_and_has_trials(tmp_path):
    # the example stands under `analyses:`, as the blocks beside it
    path = tmp_path / "analyses.yaml"
    path.write_text(QUESTIONS.read_text(encoding="utf-8") + only("yaml"), encoding="utf-8")
    asked = load(path)
    (name,) = set(asked.names) - set(load(QUESTIONS).names)
    found = tables_of(ingest(TABLES)[0])
    made = normalize(found, asked)["effects"].to_pylist()
    assert sum(effect["analysis"] == name for effect in made) > 1


def test_the_lines_for_a_notebook_run_one_after_the_other(small_built, monkeypatch):
    monkeypatch.chdir(small_built.folder)
    names = {}
    shown = [eval_or_exec(node, names) for node in ast.parse(only("python")).body]
    *_, told, alone, weights, pooled = [x for x in shown if x is not None]
    assert alone.k == 3
    assert told.startswith("Murrough 2013 in Response")
    ours = names["one"].studies.set_index("label")["weight"]
    assert weights.to_dict() == pytest.approx(ours.to_dict())
    assert set(pooled.index) == set(names["r"].effects["analysis"])


def eval_or_exec(node, names):
    """Run a line as a cell of a notebook does; return what it would show."""
    text = ast.unparse(node)
    return eval(text, names) if isinstance(node, ast.Expr) else exec(text, names)


@pytest.fixture
def desk(small, monkeypatch):
    """Return the small project in git with two commits, and the files that the commands name."""

    def git(*words):
        who = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
        subprocess.run(["git", *who, *words], cwd=small.folder, check=True, capture_output=True)

    git("init", "-q")
    git("add", "data/raw", "workflow/config")
    git("commit", "-qm", "one")
    small.edit("data/raw/outcomes.csv", ",47,30,", ",47,31,")
    git("commit", "-qam", "two")
    assert small.make().returncode == 0
    for name, text in OWN.items():
        small.path(name).write_text(text, encoding="utf-8")
    rows = (ROOT / "tests" / "bad_input" / "data-rows.csv").read_text(encoding="utf-8")
    rows = re.sub(r"^1,1,", "1,9,", rows, flags=re.M)
    small.path("CD015373-data-rows.csv").write_text(rows, encoding="utf-8")
    counts_of = counts("1.1", {"Ash": (2, 20, 3, 22), "Elm": (4, 35, 9, 33)})
    package(small.path("CD015373.zip"), [settings("1.1", "Risk Ratio")], counts_of)
    small.path("reviews").mkdir()
    shutil.copy(small.path("CD015373.zip"), small.path("reviews"))
    shutil.copytree(small.path("data/raw"), small.path("second"))
    small.edit("second/outcomes.csv", ",47,31,", ",47,13,")
    monkeypatch.chdir(small.folder)
    return small


def test_every_command_of_ketameta_does_what_it_is_there_for(desk, capfd):
    """One after the other, as a reader would type them; those that write find what they made."""
    ran = [shlex.split(command) for command in COMMANDS if command.startswith("ketameta ")]
    assert len(ran) > 8
    failed = []
    for _, *words in ran:
        if words[0] in ("convert", "template") and words[-1] == "tables.xlsx":
            # two examples write to this name
            desk.path("tables.xlsx").unlink(missing_ok=True)
        status = main(words)
        said = capfd.readouterr()
        # a comparison says by 10 and 11 that an estimate or a conclusion is another; what a
        # review does not say are faults of tables made from it; nobody has decided what to merge
        fine = {"diff": (0, 10, 11), "compare": (0, 10), "check new": (1,), "merge": (1,)}
        if status not in fine.get(words[0], fine.get(" ".join(words), (0,))):
            failed.append((words, status, said.err))
        assert said.out or words[0] == "merge"
    assert failed == []


def test_every_command_of_make_has_its_target():
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    asked = [shlex.split(command)[1] for command in COMMANDS if command.startswith("make ")]
    assert {"report", "test", "test-fast"} <= set(asked) <= set(targets)


def test_every_file_that_the_readme_names_is_there(built):
    named = re.findall(r"`((?:workflow|tests|data|reports)/[\w/.*-]*)`", TEXT)
    named += re.findall(r"\]\(([^):]+)\)", TEXT)
    assert len(named) > 8
    for name in named:
        assert (ROOT / name).exists() or built.path(name).exists(), name
