"""What a catalog of workflows shows of this one: how to configure it, and which flags it takes."""

import re
from pathlib import Path

import yaml

from ketameta.configuration import FILES
from ketameta.configuration.blocks import HERE
from ketameta.configuration.review import FILE as REVIEW
from ketameta.project import CONFIG
from ketameta.vocabulary import FILES as WORD_FILES
from ketameta.vocabulary import FOLDER

ROOT = Path(__file__).parents[1]
CONFIG_README = (ROOT / "config" / "README.md").read_text(encoding="utf-8")


def test_the_files_of_the_configuration_and_their_schemas_are_told_each_once():
    told = re.findall(r"^\| `([\w./]+)` \| .* \| `([\w.]+)`", CONFIG_README, re.M)
    words = [f"{FOLDER}/{name}" for name in WORD_FILES]
    assert sorted(name for name, _ in told) == sorted([*(f.name for f in FILES), REVIEW, *words])
    schemas = [name for _, name in told if name]
    assert sorted(schemas) == sorted(path.name for path in HERE.glob("*.schema.yaml"))


def test_the_keys_of_the_questions_are_told_each_once():
    told = re.findall(r"^\| `(\w+)` \| [^|]* \|$", CONFIG_README, re.M)
    form = yaml.safe_load((HERE / f"{CONFIG.stem}.schema.yaml").read_text(encoding="utf-8"))
    assert sorted(told) == sorted(form["properties"])


def test_the_files_that_it_leads_to_are_there():
    named = set(re.findall(r"`((?:workflow|data)/[\w./-]+)`", CONFIG_README))
    assert len(named) > 3
    # made by a run
    named.discard("data/processed/")
    assert {name for name in named if not (ROOT / name).exists()} == set()


def test_the_catalog_finds_what_it_looks_for():
    usage = yaml.safe_load((ROOT / ".snakemake-workflow-catalog.yml").read_text())["usage"]
    assert set(usage) == {"mandatory-flags", "software-stack-deployment", "report"}
    assert (ROOT / "workflow" / "Snakefile").is_file()
    readme = (ROOT / "README.md").read_text(encoding="utf-8").lower()
    assert "snakemake" in readme
    assert "workflow" in readme
