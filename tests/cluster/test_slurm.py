"""The library on a real Slurm, which loses a job and a node, is resumed, and has the same bytes."""

import contextlib
import os
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import psutil
import pytest

from ketameta.cli import main

from .slurm import NODES, Slurm, missing

ROOT = Path(__file__).parents[2]
# where `make .venv/slurm` puts the plugin
PLUGIN = ROOT / ".venv" / "slurm"
MADE = ("analyses", "reviews", "studies", "library.html", "summary.csv")
PATIENCE = 240.0


def _skipped():
    if reason := missing():
        return f"{reason} (Debian: apt install munge slurm-client slurmctld slurmd)"
    if PLUGIN.is_dir() or find_spec("snakemake_executor_plugin_slurm"):
        return ""
    return "Snakemake's plugin for Slurm is not installed: make .venv/slurm"


pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(_skipped()), reason=_skipped())]


def until(what, ready, run):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and run.poll() is None:
        if found := ready():
            return found
        time.sleep(0.05)
    pytest.fail(f"{what}: never came\n{Path(run.args[-1]).read_text()}")


def begin(slurm, folder, name):
    """Start Snakemake on the cluster; what it says is in a file that is its last word."""
    path = os.pathsep.join([str(PLUGIN), str(ROOT / "workflow")])
    said = folder / f"{name}.log"
    words = [
        *(sys.executable, "-m", "snakemake", "-s", ROOT / "workflow/rules/library.smk"),
        *("--workflow-profile", ROOT / "workflow/profiles/slurm", "--retries", "0"),
        *("--latency-wait", "5"),
        *("library", "--config", "library=reviews", "library_chunks=2", "library_out=out"),
    ]
    with said.open("w") as stream:
        run = subprocess.Popen(
            [str(word) for word in words], cwd=folder, stdout=stream, stderr=stream,
            env={**slurm.environment, "PYTHONPATH": path},
        )  # fmt: skip
    run.args = [*words, said]
    return run


def ended(run):
    status = run.wait(timeout=PATIENCE)
    return status, Path(run.args[-1]).read_text()


def content(folder):
    return {
        path.relative_to(folder): path.read_bytes()
        for name in MADE
        for path in sorted([folder / name, *(folder / name).rglob("*")])
        if path.is_file() and not path.name.startswith(".")
    }


@pytest.fixture
def reviews(tmp_path):
    folder = tmp_path / "reviews"
    folder.mkdir()
    for review in range(12):
        rows = [
            f"{analysis},MD,Study {study},{(7 * study + review) % 5},{1 + study % 3}"
            for analysis in range(3)
            for study in range(4)
        ]
        text = "\n".join(["analysis,measure,study,yi,vi", *rows, ""])
        (folder / f"review{review}.csv").write_text(text)
    return folder


def test_a_job_and_a_node_are_lost_and_the_library_is_that_of_one_machine(reviews, tmp_path):
    assert main(["library", str(reviews), "--out", str(tmp_path / "here")]) == 0
    # one processor a node: each has one of the two chunks
    with Slurm(cpus=1) as slurm:

        def jobs():
            said = slurm.run("squeue", "-h", "--states=RUNNING", "-o", "%N %i").splitlines()
            return dict(line.split() for line in said)

        first = begin(slurm, tmp_path, "first")
        until("a job on each node", lambda: set(jobs()) == set(NODES), first)
        lost = jobs()["n1"]
        slurm.kill_node("n1")
        # as the controller would find by itself after half a minute
        slurm.run("scontrol", "update", "NodeName=n1", "State=DOWN", "Reason=killed")
        until("its job anew on the other node", lambda: jobs().get("n2") == lost, first)
        assert "Restarts=1" in slurm.run("scontrol", "show", "job", lost)
        slurm.run("scancel", lost)
        status, said = ended(first)
        assert status == 1, said
        assert "SLURM status is: 'CANCELLED'" in said
        assert "1 of 3 steps" in said, "the chunk of the other node is there"
        assert not (tmp_path / "out" / "library.html").exists()

        slurm.start_node("n1")
        status, said = ended(begin(slurm, tmp_path, "second"))
        assert status == 0, said
        assert said.count("library: pool the reviews") == 1, "the chunk that is there stays"
    assert content(tmp_path / "out") == content(tmp_path / "here")


def test_nothing_is_left_when_what_runs_on_it_fails():
    with contextlib.suppress(ZeroDivisionError), Slurm(cpus=1) as slurm:
        slurm.run("sbatch", "--chdir=/", "--output=/dev/null", "--wrap", "srun sleep 60")
        daemons = {process.name() for process in slurm.processes()}
        assert {"munged", "slurmctld", "slurmd"} <= daemons
        raise ZeroDivisionError
    assert slurm.processes() == []
    assert not slurm.folder.exists()
    said = [process.info["cmdline"] or [] for process in psutil.process_iter(["cmdline"])]
    assert [words for words in said if str(slurm.folder) in " ".join(words)] == []
