"""Same data, same bytes: other cores, seeds, locales, time zones, folders, users."""

import hashlib
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import zipfile
import zlib
from pathlib import Path

import pytest
import yaml

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


@pytest.fixture(scope="session")
def comma(tmp_path_factory):
    """Return an environment of a locale with a decimal comma, made where the system has none."""
    try:
        listed = subprocess.run(["locale", "-a"], capture_output=True, text=True, check=False)
        known = [name for name in listed.stdout.split() if name.startswith(("de_", "sv_", "fr_"))]
        environment = {"LC_ALL": known[0]} if known else _made_locale(tmp_path_factory)
    except OSError:
        pytest.skip("this system has no locales")
    code = "import locale; locale.setlocale(locale.LC_ALL, ''); print(locale.str(0.5))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.stdout.strip() != "0,5":
        pytest.skip("no locale with a decimal comma is here, and none could be made")
    return environment


def _made_locale(tmp_path_factory):
    folder = tmp_path_factory.mktemp("locales")
    words = ["localedef", "-i", "de_DE", "-f", "UTF-8", str(folder / "de_DE.UTF-8")]
    subprocess.run(words, capture_output=True, check=False)
    return {"LOCPATH": str(folder), "LC_ALL": "de_DE.UTF-8"}


@pytest.fixture
def stranger(tmp_path):
    """Return an environment of somebody else: home, name, clock, order of hashes, terminal."""
    home = tmp_path / "home-of-griselda"
    home.mkdir()
    who = dict.fromkeys(("USER", "LOGNAME", "USERNAME"), "griselda")
    return {
        **who,
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home),
        "HOSTNAME": "griseldas-machine",
        "PYTHONHASHSEED": "4242",
        "TZ": "Asia/Kathmandu",
        "COLUMNS": "20",
    }


def test_two_runs_make_the_same_bytes_and_every_kind_of_file(printed, stranger, comma, tmp_path):
    again = fresh(printed, tmp_path / "a folder with spaces and ü")
    done = again.run(
        "-m", "snakemake", "--cores", "1", "all", "prints", environment=stranger | comma
    )
    assert done.returncode == 0, done.stdout + done.stderr
    made = bytes_of(printed)
    assert bytes_of(again) == made
    kinds = {".html", ".svg", ".csv", ".parquet", ".sha256", ".xlsx", ".pdf", ".png", ".R"}
    assert kinds <= {Path(name).suffix for name in made}
    assert names_of_the_run(again, stranger) == []


def test_a_locale_of_bytes_makes_the_same_bytes(small, tmp_path):
    again = fresh(small, tmp_path / "elsewhere")
    environment = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = again.run("-m", "ketameta.cli", "run", "--cores", "1", environment=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert bytes_of(again) == bytes_of(small)


def test_the_whole_tables_make_the_same_bytes_anywhere(built, tmp_path, stranger, comma):
    # `built` was made on two cores
    again = fresh(built, tmp_path / "elsewhere")
    done = again.run("-m", "snakemake", "--cores", "1", environment=stranger | comma)
    assert done.returncode == 0, done.stdout + done.stderr
    assert bytes_of(again) == bytes_of(built)
    assert names_of_the_run(again, stranger) == []


PRINTS = """
import sys
from ketameta.steps import main
for step, out in (("normalize", "data/processed"), ("synthesize", "data/processed"),
                  ("prints", "reports")):
    assert main([step, "data/processed", out, "--config", sys.argv[1]]) == 0
"""


def test_figures_print_to_the_same_bytes(built, tmp_path, stranger, comma):
    # every fifth analysis: drawing all of them twice takes more than a minute
    config = "workflow/config/analyses.yaml"
    content = yaml.safe_load(built.path(config).read_text(encoding="utf-8"))
    content["analyses"] = dict(list(content["analyses"].items())[::5])
    made = []
    for folder, environment in (("one", {}), ("two", stranger | comma)):
        again = type(built)(Path(shutil.copytree(built.folder, tmp_path / folder, symlinks=True)))
        text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
        again.path(config).write_text(text, encoding="utf-8")
        done = again.run("-c", PRINTS, config, environment=environment)
        assert done.returncode == 0, done.stdout + done.stderr
        made.append(bytes_of(again))
    assert made[0] == made[1]
    assert sum(name.endswith((".pdf", ".png")) for name in made[0]) > 40


# how to become somebody else; the second one needs root, who keeps the right to read others' files
# as an interpreter may lie in a home of his own
READ = "+dac_read_search"
OTHERS = {
    "a name space": (1234, ["unshare", "--user", "--map-user=1234", "--map-group=1234"]),
    "nobody": (
        65534,
        [
            *("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"),
            *(f"--inh-caps={READ}", f"--ambient-caps={READ}"),
        ],
    ),
}


@pytest.mark.parametrize("way", OTHERS)
def test_another_user_makes_the_same_bytes(small, way, stranger):
    number, words = OTHERS[way]
    if way == "nobody" and os.getuid() != 0:
        pytest.skip("only root can be another user")
    code = f"import os, numpy; assert os.getuid() == {number}"
    try:
        able = subprocess.run(
            [*words, sys.executable, "-c", code], capture_output=True, check=False
        )
    except OSError:
        pytest.skip(f"{words[0]} is not here")
    if able.returncode:
        pytest.skip(f"{words[0]} makes no other user here: {able.stderr.decode()[-200:]}")
    with tempfile.TemporaryDirectory() as own:  # beside the folders of tests, which are closed
        again = fresh(small, Path(own) / "other")
        environment = stranger | {"HOME": own, "XDG_CACHE_HOME": own}
        if way == "nobody":
            for path in (Path(own), *Path(own).rglob("*")):
                os.chown(path, number, number)
        done = subprocess.run(
            [*words, sys.executable, "-m", "ketameta.cli", "run"],
            cwd=again.folder,
            env=os.environ | environment | {"PYTHONPATH": str(again.path("workflow"))},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        if way == "nobody":
            assert again.path("reports/index.html").stat().st_uid == number
        assert bytes_of(again) == bytes_of(small)
        assert names_of_the_run(again, environment) == []


def unpacked(path):
    """Return what stands in a file, with what is compressed in it."""
    content = path.read_bytes()
    if path.suffix == ".xlsx":
        with zipfile.ZipFile(path) as archive:
            return content + b"".join(archive.read(name) for name in archive.namelist())
    if path.suffix == ".parquet":
        from pyarrow.parquet import read_table

        table = read_table(path)
        return f"{table.schema.metadata} {table.to_pylist()}".encode()
    if path.suffix == ".pdf":
        streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", content, re.S)
        return content + b"".join(
            # a sum that ends in a carriage return loses it to the pattern above
            zlib.decompressobj().decompress(text)
            for text in streams
            if text[:1] == b"x"
        )
    return content


# a moment as people and ISO write it, as a PDF does, and as the headers of mails and files do
CLOCK = re.compile(
    rb"\b20[0-9]{2}-[01][0-9]-[0-3][0-9][T ][0-2][0-9]:[0-5][0-9]|D:20[0-9]{10}"
    rb"|\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun),? [0-3A-Z]\w+ \w+ [0-9: ]*20[0-9]{2}"
)
# the workbook says that it was made then, whenever it was
FIXED = b"2000-01-01T00:00"


def names_of_the_run(project, environment):
    """Return which files name the moment, machine, folder or person of their run."""
    words = {str(project.folder), str(Path.home()), "/site-packages/", socket.gethostname()}
    words |= {environment.get(name, "") for name in ("HOME", "USER", "HOSTNAME", "TZ", "LC_ALL")}
    sought = [os.fsencode(word) for word in words if len(word) > 5]
    found = []
    for folder in ("reports", "data/processed"):
        for path in sorted(project.path(folder).rglob("*")):
            if path.is_file():
                content = unpacked(path)
                if CLOCK.search(content.replace(FIXED, b"")):
                    found.append((path.name, "a moment"))
                found += [(path.name, word) for word in sought if word in content]
    return found


def test_no_output_names_clock_host_path_or_user(printed):
    assert names_of_the_run(printed, os.environ) == []


def test_a_name_in_an_output_would_be_found(printed, tmp_path):
    """The search sees into workbooks, tables and drawings."""
    from io import BytesIO

    import pyarrow as pa
    from pyarrow.parquet import write_table
    from xlsxwriter import Workbook

    folder = tmp_path / "data" / "processed"
    folder.mkdir(parents=True)
    (tmp_path / "reports").mkdir()
    write_table(pa.table({"by": ["griselda"] * 9}), folder / "a.parquet", compression="zstd")
    out = BytesIO()
    with Workbook(out, {"in_memory": True}) as book:
        book.add_worksheet().write_string(0, 0, "griselda")
    (tmp_path / "reports" / "b.xlsx").write_bytes(out.getvalue())
    (tmp_path / "reports" / "c.pdf").write_bytes(
        b"%PDF\nstream\n" + zlib.compress(b"griselda") + b"\nendstream"
    )
    (tmp_path / "reports" / "d.svg").write_text("<dc:date>2026-11-22T12:00:00</dc:date>")
    found = names_of_the_run(type(printed)(tmp_path), {"USER": "griselda"})
    assert {name for name, _ in found} == {"a.parquet", "b.xlsx", "c.pdf", "d.svg"}


def test_the_lists_of_what_was_made_are_true(small):
    lists = sorted(small.path("data/processed").glob("*.sha256"))
    lines = [line for path in lists for line in path.read_text().splitlines()]
    listed = dict(reversed(line.split("  ", 1)) for line in lines if not line.startswith("# "))
    found = {
        name: digest for name, digest in bytes_of(small).items() if not name.endswith(".sha256")
    }
    assert listed == found
