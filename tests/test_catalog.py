"""What a catalog of workflows shows of this one: how to configure it, and which flags it takes."""

import re
from pathlib import Path

import yaml

from ketameta.configuration import schema

ROOT = Path(__file__).parents[1]
CONFIG_README = (ROOT / "config" / "README.md").read_text(encoding="utf-8")


def test_the_keys_of_the_configuration_are_told_each_once():
    told = re.findall(r"^\| `(\w+)` \|", CONFIG_README, re.M)
    assert sorted(told) == sorted(schema()["properties"])


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
