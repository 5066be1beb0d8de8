"""Same data, same bytes: other cores, seeds, locales, time zones, folders, users."""

import hashlib
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

# what a run makes beside the report, and neither page nor table
APART = {".gitkeep"}


def bytes_of(project):
    return {
        f"{folder}/{path.relative_to(project.path(folder)).as_posix()}": hashlib.sha256(
            path.read_bytes()
        ).hexdigest()
        for folder in ("reports", "data/processed")
        for path in sorted(project.path(folder).rglob("*"))
        if path.is_file() and path.name not in APART
    }


def fresh(source, folder):
    """Return a copy of a built project in which nothing was made yet, in a folder of that name."""
    ignored = shutil.ignore_patterns(".snakemake", "logs", "reports", "processed", "__pycache__")
    shutil.copytree(source.folder, folder, ignore=ignored)
    return type(source)(folder)


def locales():
    """Return a locale that writes numbers and sorts words in another way, if one is there."""
    try:
        done = subprocess.run(["locale", "-a"], capture_output=True, text=True, check=False)
    except OSError:
        return ["C"]
    others = [name for name in done.stdout.split() if name.startswith(("de_", "tr_", "sv_"))]
    return [*others, "C"]


def test_two_runs_make_the_same_bytes_and_every_kind_of_file(small, tmp_path):
    again = fresh(small, tmp_path / "a folder with spaces and ü")
    done = again.run(
        "-m", "snakemake", "--cores", "1",
        environment={"PYTHONHASHSEED": "4242", "TZ": "Asia/Kathmandu", "LC_ALL": locales()[0]},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    made = bytes_of(small)
    assert bytes_of(again) == made
    assert {".html", ".svg", ".csv", ".parquet", ".sha256"} <= {Path(name).suffix for name in made}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cores", "environment"),
    [
        ("1", {"PYTHONHASHSEED": "0"}),
        ("2", {"PYTHONHASHSEED": "4242", "TZ": "America/St_Johns", "LC_ALL": locales()[0]}),
        ("2", {"HOME": "/nonexistent", "USER": "nobody", "LANG": "C", "COLUMNS": "20"}),
    ],
)
def test_the_real_tables_make_the_same_bytes_anywhere(built, tmp_path, cores, environment):
    again = fresh(built, tmp_path / "elsewhere")
    done = again.run("-m", "snakemake", "--cores", cores, environment=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert bytes_of(again) == bytes_of(built)


def test_another_user_makes_the_same_bytes(small, tmp_path):
    other = ["unshare", "--user", "--map-user=1234", "--map-group=1234"]
    if shutil.which("unshare") is None or subprocess.run([*other, "true"], check=False).returncode:
        pytest.skip("this system gives no user name space of one's own")
    again = fresh(small, tmp_path / "other")
    done = subprocess.run(
        [*other, sys.executable, "-c", "import os; assert os.getuid() == 1234"],
        capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0
    home = {name: value for name, value in os.environ.items() if name not in ("USER", "LOGNAME")}
    done = subprocess.run(
        [*other, sys.executable, "-m", "ketameta.cli", "run"],
        cwd=again.folder, env=home | {"PYTHONPATH": str(again.path("workflow")), "HOME": "/"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert bytes_of(again) == bytes_of(small)


def test_no_output_names_clock_host_path_or_user(small):
    year = re.compile(rb"\b20[0-9]{2}-[01][0-9]-[0-3][0-9][T ][0-2][0-9]:[0-5][0-9]")
    words = [os.fsencode(str(small.folder)), os.fsencode(str(Path.home())), b"/site-packages/"]
    words += [name.encode() for name in (socket.gethostname(),) if len(name) > 5]
    for folder in ("reports", "data/processed"):
        for path in sorted(small.path(folder).rglob("*")):
            if path.is_file():
                content = path.read_bytes()
                assert not year.search(content), path
                assert [word for word in words if word in content and len(word) > 5] == [], path


def test_the_list_of_the_report_is_true(small):
    lists = [small.path(f"data/processed/{name}.sha256") for name in ("report", "figures")]
    lines = [line for path in lists for line in path.read_text().splitlines()]
    listed = dict(reversed(line.split("  ", 1)) for line in lines)
    found = {
        name.removeprefix("reports/"): digest
        for name, digest in bytes_of(small).items()
        if name.startswith("reports/")
    }
    assert listed == found
