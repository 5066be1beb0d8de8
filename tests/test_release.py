"""A release that can be cited: its version by rule, its crate, and every byte of it made again."""

import json
import shutil
import stat
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from ketameta import cli, vocabulary
from ketameta.commands.versions import Recorded, version
from ketameta.crates import cited, contents, described, opened, reproduced, software, written
from ketameta.evidence import releases, version_rule
from ketameta.report.version_words import why

from .conftest import ROOT, Project, copy_project, once

SCHOOL = ROOT / "tests" / "school"
DAY = "2027-01-31"


def copy_school(folder):
    """Copy the project with the made-up review of another subject in place of its own."""
    project = copy_project(folder)
    config = folder / "workflow" / "config"
    shutil.rmtree(config)
    shutil.rmtree(folder / "data" / "raw")
    shutil.copytree(SCHOOL, config, ignore=shutil.ignore_patterns("tables"))
    shutil.copytree(SCHOOL / "tables", folder / "data" / "raw")
    return project


@pytest.fixture(scope="session")
def first(tmp_path_factory):
    """Return the school's project, run and released once; never edit it, copy it."""

    def make(folder):
        project = copy_school(folder)
        done = project.ketameta("run", "--cores", "2")
        return project.ketameta("release", "--date", DAY) if done.returncode == 0 else done

    return once(tmp_path_factory, "school", make)


@pytest.fixture
def school(first, tmp_path):
    shutil.copytree(first.folder, tmp_path / "school", symlinks=True)
    return Project(tmp_path / "school")


def said(project, *words):
    """Return what a release would be after the tables are made anew, in a line."""
    assert project.make("ingest", "normalize", "synthesize").returncode == 0
    done = project.ketameta("release", "--dry-run", "--date", "2027-03-01", *words)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def edit_cell(project, old, new):
    project.edit("data/raw/outcomes.csv", old, new)


NORTH = "north2001,meal,reading,Reading test A,,8760,115,,,50,15,61,15"


def search_later(project):
    project.edit("workflow/config/review.yaml", "last: 2026-05-01", "last: 2026-11-01")


def a_mean(project):
    edit_cell(project, NORTH, NORTH.replace("61,15", "64,15"))


def a_question(project):
    path = project.path("workflow/config/analyses.yaml")
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    content["analyses"]["again"] = dict(content["analyses"]["reading"], title="Once more")
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


def a_locator(project):
    edit_cell(project, "made up,,table 1", "made up,,table 1 on page 3")


def a_title(project):
    project.edit("workflow/config/review.yaml", "what children learn", "what pupils learn")


def a_comment(project):
    path = project.path("workflow/ketameta/report/headlines.py")
    path.write_text(path.read_text(encoding="utf-8") + "# the same\n", encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("edits", "line"),
    [
        ([search_later], "2.0.0: the day of the last search moved (2026-05-01 → 2026-11-01)"),
        ([search_later, a_mean], "2.0.0: the day of the last search moved"),
        ([a_mean], "1.1.0: data of 1 analysis (reading) moved"),
        ([a_question], "1.1.0: 1 analysis (again) came"),
        ([a_locator], "1.0.1: cells of 1 trial (north2001) were edited; no number moved"),
        ([a_title], "1.0.1: words or settings of the configuration changed; no number moved"),
        ([a_comment], "1.0.1: the code changed; no number moved"),
    ],
)
def test_the_version_follows_from_what_moved(school, edits, line):
    for edit in edits:
        edit(school)
    found = said(school)
    assert found.startswith(line)
    assert found.endswith(f"since {DAY}")


@pytest.mark.slow
def test_an_unchanged_state_is_no_release_and_a_doi_makes_none(school):
    assert "has these results already (1.0.0)" in said(school)
    before = sorted(school.path("reports/versions").iterdir())
    school.edit(
        "workflow/config/review.yaml", "control_phrase", "doi: 10.5281/zenodo.1\ncontrol_phrase"
    )
    assert "has these results already (1.0.0)" in said(school)
    done = school.ketameta("release", "--date", "2027-03-01")
    assert (done.returncode, sorted(school.path("reports/versions").iterdir())) == (0, before)
    assert "releases/1.0.0.zip is there already" in done.stdout


@pytest.mark.slow
def test_a_version_can_be_confirmed_and_not_picked(school):
    a_mean(school)
    assert said(school, "--expect", "1.1.0").startswith("1.1.0: ")
    done = school.ketameta("release", "--expect", "2.0.0", "--date", "2027-03-01")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("--expect 2.0.0: by the rule it is 1.1.0: data of 1 analysis")
    assert len([*school.path("reports/versions").iterdir()]) == 1


# the rule, of records


def record(name=DAY, **more):
    own = dict(searched="2026-05-01", results={"a": "1", "": "1"}, made_from={"words": "1"})
    return releases.Release(name, "hash", "", {"t": "1"}, (), {"c": "supported"}, **(own | more))


@pytest.mark.parametrize(
    ("change", "level", "words"),
    [
        ({}, "", "nothing moved"),
        ({"searched": ""}, "major", "the day of the last search moved (2026-05-01 → none told)"),
        ({"results": {"a": "2", "": "1"}}, "minor", "data of 1 analysis (a) moved"),
        ({"results": {"a": "1", "": "2"}}, "minor", "numbers of no analysis moved"),
        ({"trials": {}, "data_hash": "h"}, "minor", "1 trial (t) came or went"),
        ({"claims": {"c": "mixed"}}, "minor", "1 claim (c) came, went or turned"),
        ({"claims": {}}, "minor", "1 claim (c) came, went or turned"),
        ({"trials": {"t": "2"}, "data_hash": "h"}, "patch", "cells of 1 trial (t) were edited"),
        ({"data_hash": "h"}, "patch", "cells of no trial were edited"),
        ({"findings": ()}, "", "nothing moved"),
        ({"made_from": {"words": "2"}}, "patch", "words or settings of the configuration changed"),
        ({"made_from": {"words": "1", "packages": "2"}}, "patch", "versions of packages changed"),
        ({"made_from": {"words": "1", "report": "2"}}, "", "nothing moved"),
    ],
)
def test_the_rule(change, level, words):
    step = version_rule.step_between(record(), replace(record("2027-03-01"), **change))
    assert step.level == level
    assert why(step).startswith(words)


def test_records_from_before_the_rule_are_given_versions():
    old = replace(record("2026-01-01"), searched=None, results=None, made_from=None)
    moved = replace(old, name="2026-02-01", trials={"u": "1"})
    new = record("2026-03-01", version="1.1.1", searched="2026-02-01")
    found = version_rule.versions([new, old, moved])
    assert found == {"2026-01-01": "1.0.0", "2026-02-01": "1.1.0", "2026-03-01": "1.1.1"}
    step = version_rule.step_between(old, replace(new, trials=old.trials))
    assert step.level == "patch"
    assert "does not tell what it was made from" in why(step)
    assert why(None) == "the first release"


@pytest.mark.parametrize(
    ("level", "raised"), [("major", "2.0.0"), ("minor", "1.5.0"), ("patch", "1.4.3"), ("", "1.4.2")]
)
def test_a_version_is_raised_by_its_level(level, raised):
    assert version_rule.raised("1.4.2", level) == raised


def test_a_record_carries_its_version_and_a_bad_one_is_named():
    one = record(version="1.2.0")
    assert releases.parse_release(DAY, one.to_json()) == one
    none = record(searched="", results={})
    assert releases.parse_release(DAY, none.to_json()) == none
    for wrong in ("1.2", "01.2.0", "1.2.0-rc", 3):
        text = json.dumps(json.loads(one.to_json()) | {"version": wrong})
        with pytest.raises(releases.ReleaseError, match="not a record"):
            releases.parse_release(DAY, text)


def test_diff_takes_a_version_for_its_release(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = Path("reports/versions", f"{DAY}.json")
    path.parent.mkdir(parents=True)
    path.write_text(record(version="1.2.0").to_json(), encoding="utf-8")
    assert version("1.2.0") == Recorded("1.2.0", path)


# the crate


def released(project, monkeypatch, doi=""):
    """Return the files of the crate of a project as they would be written now."""
    from ketameta.configuration import load

    monkeypatch.chdir(project.folder)
    vocabulary.use(project.path("workflow/config"))
    try:
        review = replace(load().review, doi=doi, licence="CC-BY-4.0")
        return written.files_of(cited.Released(review, "1.0.0", DAY, "0" * 16))
    finally:
        vocabulary.use(ROOT / "tests")


@pytest.mark.slow
def test_a_crate_is_the_same_bytes_each_time_with_every_file_told(first, tmp_path, monkeypatch):
    packed = first.path("releases/1.0.0.zip")
    found = opened.opened(packed)
    assert found == opened.opened(first.path("releases/1.0.0"))
    told = described.hashes(found["ro-crate-metadata.json"])
    assert told.keys() == found.keys() - {"ro-crate-metadata.json"}
    assert {
        "data/raw/trials.csv",
        "workflow/config/review.yaml",
        "requirements.lock",
    } <= told.keys()
    assert {"workflow/ketameta/cli.py", "workflow/rules/ingest.smk", "Snakefile"} <= told.keys()
    assert {"reports/index.html", "data/processed/effects.parquet"} <= told.keys()
    written.write(found, tmp_path / "again", tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == packed.read_bytes()
    with zipfile.ZipFile(packed) as archive:
        names = archive.namelist()
        assert names == sorted(names)
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert released(first, monkeypatch) == released(first, monkeypatch)


@pytest.mark.slow
def test_a_crate_says_how_to_cite_it_and_the_report_too(first, monkeypatch):
    assert "Version 1.0.0. Made with" in first.path("reports/data.html").read_text(encoding="utf-8")
    plain, given = (released(first, monkeypatch, doi) for doi in ("", "10.5281/zenodo.123"))
    told = yaml.safe_load(given["CITATION.cff"])
    assert told["authors"] == [{"name": "Ada Example"}, {"name": "Ben Sample"}]
    assert (told["version"], told["doi"], told["license"]) == (
        "1.0.0",
        "10.5281/zenodo.123",
        "CC-BY-4.0",
    )
    assert str(told["date-released"]) == DAY
    assert told["references"][0]["type"] == "software"
    assert "doi" not in yaml.safe_load(plain["CITATION.cff"])
    meta = json.loads(given["codemeta.json"])
    assert meta["identifier"] == "https://doi.org/10.5281/zenodo.123"
    assert {"name": "numpy", "version": software.installed("numpy==1\n")["numpy"]}.items() <= next(
        one for one in meta["softwareRequirements"] if one["name"] == "numpy"
    ).items()
    assert "10.5281" not in plain["ro-crate-metadata.json"].decode()
    assert "10.5281/zenodo.123" in given["README.md"].decode()


@pytest.mark.slow
def test_a_file_that_is_not_as_it_was_written_makes_no_crate(school, monkeypatch):
    school.edit("reports/index.html", "<h1", "<h1 ")
    with pytest.raises(contents.CrateError, match=r"reports/index\.html is not as it was written"):
        released(school, monkeypatch)


@pytest.fixture
def valid(monkeypatch):
    """Return the validator of RO-Crates, which has the context from the package that writes them.

    Of the words that are used here RO-Crate 1.1 has another address for four, which are put right.
    """
    services = pytest.importorskip("rocrate_validator.services", reason="no roc-validator")
    import requests
    import rocrate
    from rocrate_validator import models
    from rocrate_validator.utils.http import HttpRequester

    newer = Path(rocrate.__file__).parent / "data" / "ro-crate.jsonld"
    told = json.loads(newer.read_text(encoding="utf-8"))
    bio = "https://bioschemas.org"
    told["@context"] |= {
        "ComputationalWorkflow": f"{bio}/ComputationalWorkflow",
        "FormalParameter": f"{bio}/FormalParameter",
        "input": f"{bio}/ComputationalWorkflow#input",
        "output": f"{bio}/ComputationalWorkflow#output",
    }
    del told["@context"]["sha256"]

    def get(self, url, **options):
        assert url == "https://w3id.org/ro/crate/1.1/context"
        answer = requests.Response()
        answer.status_code, answer._content = 200, json.dumps(told).encode()
        answer.headers["Content-Type"] = "application/ld+json"
        return answer

    monkeypatch.setattr(HttpRequester, "get", get, raising=False)

    def issues(path):
        settings = models.ValidationSettings(
            rocrate_uri=str(path),
            profile_identifier="provenance-run-crate",
            requirement_severity=models.Severity.REQUIRED,
        )
        return [issue.message for issue in services.validate(settings).get_issues()]

    return issues


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_the_validator_of_its_profile_finds_nothing(first, tmp_path, valid):
    packed = first.path("releases/1.0.0.zip")
    assert valid(packed) == []
    # and it is one that finds
    found = opened.opened(packed)
    told = json.loads(found["ro-crate-metadata.json"])
    told["@graph"] = [e for e in told["@graph"] if e["@type"] != "ControlAction"]
    (run,) = (e for e in told["@graph"] if e["@id"] == "#run-ingest")
    del run["instrument"]
    found["ro-crate-metadata.json"] = json.dumps(told).encode()
    written.write(found, tmp_path / "crate", tmp_path / "crate.zip")
    assert any("instrument" in message for message in valid(tmp_path / "crate.zip"))


# opened again


@pytest.fixture
def small_crate(tmp_path):
    """Return a function that writes an archive: files, and hashes in place of those they have."""

    def write(files, told=None, entries=()):
        hashes = {name: reproduced_hash(content) for name, content in files.items()} | (told or {})
        graph = [{"@id": name, "@type": "File", "sha256": own} for name, own in hashes.items()]
        path = tmp_path / "crate.zip"
        with zipfile.ZipFile(path, "w") as packed:
            for name, content in files.items():
                packed.writestr(name, content)
            packed.writestr("ro-crate-metadata.json", json.dumps({"@graph": graph}))
            for entry, content in entries:
                packed.writestr(entry, content)
        return path

    return write


def reproduced_hash(content):
    import hashlib

    return hashlib.sha256(content).hexdigest()


FILES = {"data/raw/trials.csv": b"trial_id\n", "requirements.lock": b""}


def link(name):
    entry = zipfile.ZipInfo(name)
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    return entry, "/etc/passwd"


@pytest.mark.parametrize(
    ("told", "entries", "fault"),
    [
        ({"data/raw/trials.csv": "0" * 64}, (), "data/raw/trials.csv: is not as it was written"),
        ({"data/raw/arms.csv": "0" * 64}, (), "data/raw/arms.csv: is missing"),
        ({}, [("workflow/more.py", "")], "workflow/more.py: is not told of"),
        ({}, [("../out.py", "")], "../out.py: is no path within a crate"),
        ({}, [("/etc/out.py", "")], "/etc/out.py: is no path within a crate"),
        ({}, [("a//b.py", "")], "a//b.py: is no path within a crate"),
        ({}, [("C:/b.py", "")], "C:/b.py: is no path within a crate"),
        ({}, [("a\x07.py", "")], "a\\x07.py: is no path within a crate"),
        ({}, [link("workflow/link.py")], "workflow/link.py: is a link or no file"),
    ],
)
def test_a_crate_that_is_not_whole_is_refused_with_the_file(
    small_crate, tmp_path, capsys, told, entries, fault
):
    path = small_crate(FILES, told, entries)
    out = tmp_path / "out"
    words = ["reproduce-release", str(path), "--environment", "this", "--out", str(out)]
    assert cli.main(words) == 1
    said = capsys.readouterr()
    assert said.err.startswith(fault)
    assert [*out.iterdir()] == []
    assert [*tmp_path.glob("*.py")] == []


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_stands_twice_is_refused(small_crate):
    path = small_crate(FILES, {}, [("data/raw/trials.csv", "trial_id\nx\n")])
    with pytest.raises(contents.CrateError, match="stands twice"):
        opened.opened(path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no archive", b"{}"])
def test_what_is_no_crate_is_one_line(tmp_path, capsys, content):
    path = tmp_path / "crate.zip"
    path.write_bytes(content)
    assert cli.main(["reproduce-release", str(path), "--environment", "this"]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert cli.main(["reproduce-release", str(tmp_path / "none")]) == 1


@pytest.mark.parametrize("graph", ["[]", "{}", '{"@graph": [{}]}', '{"@graph": [3]}', "[" * 9000])
def test_metadata_of_another_form_are_told(tmp_path, graph):
    path = tmp_path / "crate.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("ro-crate-metadata.json", graph)
    with pytest.raises(contents.CrateError, match="has not the form of a release"):
        opened.opened(path)


def test_a_folder_with_a_link_is_refused_and_an_environment_in_it_is_not(small_crate, tmp_path):
    folder = tmp_path / "crate"
    with zipfile.ZipFile(small_crate(FILES)) as packed:
        packed.extractall(folder)
    (folder / ".venv").mkdir()
    (folder / ".venv" / "lib64").symlink_to("/")
    assert opened.opened(folder).keys() == {*FILES, "ro-crate-metadata.json"}
    (folder / "data" / "raw" / "arms.csv").symlink_to("/etc/passwd")
    with pytest.raises(contents.CrateError, match=r"data/raw/arms\.csv: is a link"):
        opened.opened(folder)


def test_a_folder_in_use_is_not_written_to(small_crate, tmp_path, capsys):
    words = ["reproduce-release", str(small_crate(FILES)), "--out", str(tmp_path)]
    assert cli.main(words) == 2
    assert "is there already" in capsys.readouterr().err


def test_packages_that_are_others_are_named():
    lock = "numpy==0.1 \\\n    --hash=sha256:00\nno-such-package==1.0\n"
    here = software.installed(lock)
    assert here.keys() == {"python", "numpy"}
    assert software.not_as_locked(lock) == [f"numpy {here['numpy']} (lock: 0.1)"]
    told = software.unlike({**here, "no-such-package": "1.0"}, lock)
    assert told == ["no-such-package not installed (of the release: 1.0)"]


def test_the_lock_tells_which_setuptools_builds_its_packages():
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    found = reproduced._SETUPTOOLS.search(text)[0]
    assert found.startswith("setuptools==")
    assert found.count("==") == 1
    assert "--hash=sha256:" in found


@pytest.mark.slow
def test_every_byte_is_made_again_and_what_differs_is_named(first, tmp_path):
    words = ("--environment", "this", "--cores", "2")
    out = tmp_path / "again"
    packed = str(first.path("releases/1.0.0.zip"))
    done = first.ketameta("reproduce-release", packed, *words, "--out", str(out))
    assert (done.returncode, done.stderr) == (0, "")
    assert "report and tables made again, every byte the same" in done.stdout
    index = "reports/index.html"
    assert (out / index).read_bytes() == first.path(index).read_bytes()
    # a page that the workflow does not make, with a hash that fits
    found = opened.opened(Path(packed))
    found[index] += b"<!-- -->"
    told = json.loads(found["ro-crate-metadata.json"])
    (page,) = (entity for entity in told["@graph"] if entity["@id"] == index)
    page["sha256"] = reproduced_hash(found[index])
    found["ro-crate-metadata.json"] = json.dumps(told).encode()
    outcome = reproduced.compare(found, out)
    assert outcome.differing == (f"{index}: is another",)
    (out / "reports" / "more.html").write_text("", encoding="utf-8")
    (out / "reports" / "claims.html").unlink()
    assert {*reproduced.compare(found, out).differing} == {
        f"{index}: is another",
        "reports/claims.html: was not made",
        "reports/more.html: is not in the crate",
    }
