"""Profiles: each key is an option of Snakemake, or of the plugin that the profile names."""

from pathlib import Path

import pytest
import yaml
from snakemake.cli import get_argument_parser

ROOT = Path(__file__).parents[1]
PROFILES = sorted((ROOT / "workflow" / "profiles").glob("*/config.yaml"))
# options of plugins, which need not be installed here
PLUGINS = {
    "slurm": {"slurm-status-command", "slurm-init-seconds-before-status-checks"},
    "cluster-generic": {"cluster-generic-submit-cmd", "cluster-generic-cancel-cmd"},
}


@pytest.fixture(scope="module")
def options():
    actions = get_argument_parser()._actions
    return {option.removeprefix("--") for action in actions for option in action.option_strings}


@pytest.mark.parametrize("profile", PROFILES, ids=lambda path: path.parent.name)
def test_every_key_is_an_option(profile, options):
    keys = yaml.safe_load(profile.read_text(encoding="utf-8"))
    known = options | PLUGINS.get(keys.get("executor"), set())
    assert keys.keys() - known == set()
    for name, value in keys.get("default-resources", {}).items():
        assert name in {"mem_mb", "runtime"}
        assert isinstance(value, int)


def test_there_is_one_for_this_machine_and_one_for_each_plugin():
    assert {path.parent.name for path in PROFILES} == {"default", *PLUGINS}
