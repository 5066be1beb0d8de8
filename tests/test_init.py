"""`ketameta init`: a new review runs at once, whatever its owner calls things, or is not there."""

import csv
import errno
import io
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from ketameta.cli import main
from ketameta.commands import init as command
from ketameta.commands.new_review import files, plain_text
from ketameta.commands.new_review.asked import Asked, asked
from ketameta.configuration import load
from ketameta.configuration.review import Review
from ketameta.documents.document import read_document
from ketameta.ingest.stage import ingest
from ketameta.tables.problems import errors
from ketameta.vocabulary import Outcome, Scale, Treatment, subject, use, vocabulary

ROOT = Path(__file__).parents[1]
CONFIG = Path("workflow/config")
PLAIN = asked(["atorvastatin"], ["LDL cholesterol"], [], [])
WORD = re.compile(r"[a-z][a-z0-9_]{0,59}")

# treatments, outcomes, kinds, scales
HOSTILE = {
    "words of YAML": (["no", "~"], ["null", "1e3", "On"], [], ["yes"]),
    "marks of YAML": (["a: b, c", "#d"], ["- x", "&a *b !c", "{e}"], [], ["[f]: |"]),
    "quotes": (["it's"], ["\"LDL\" \\ 'x'"], [], ['"']),
    "templates": (["{{ x }}", "[[ y ]]"], ["[% if z %]", "%(n)s {0}"], ["event"], []),
    "shell and make": (["$(reboot)", "`id`"], ["${HOME} ; a && b", "$@"], [], []),
    "spreadsheet": (["=1+1", "@SUM(A1)"], ["+1", "-2"], ["score", "event"], []),
    "page": (["<script>"], ["</title>&amp;"], [], ["<b>"]),
    "no letter of ASCII": (["🍀", "دواء"], ["כולסטרול", "血圧"], ["event", "score"], []),
    "accents": (["École", "Ecole", "ecole!"], ["Größe", "ŁDŁ"], [], ["µg/dL"]),
    "blanks": (["  a \t b\u00a0"], ["c\nd"], [], []),
    "words of the method": (["placebo", "several"], ["RR", "itt", "any"], ["event"], []),
    "made twice": (["made up a"], ["adverse-event", "Adverse event"], ["event"], []),
    "long": ([c * 60 for c in "abcd"], [c * 60 for c in "efgh"], ["event"], []),
    "many": ([f"t{i}" for i in range(12)], [f"o{i}" for i in range(12)], [], []),
    "files of a system": (["con", "index"], ["nul", "index"], [], []),
}


def written(folder: Path, what: Asked) -> Path:
    for name, content in files(what, "ketameta==0").items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture
def words_of():
    """Take the words of a project's folder for those of a test."""
    before = subject()
    yield lambda folder: use(folder / CONFIG)
    use(before)


@pytest.mark.parametrize(
    ("label", "heading"), [("pain score", "Pain score"), ("pH of blood", "pH of blood")]
)
def test_an_outcome_is_headed_by_a_large_letter(label, heading, tmp_path):
    made = written(tmp_path, asked([], [label], [], []))
    told = yaml.safe_load((made / CONFIG / "analyses.yaml").read_text())
    first = next(iter(told["analyses"].values()))
    assert first["title"] == f"{heading} at 12 weeks"


@pytest.mark.parametrize("given", HOSTILE.values(), ids=HOSTILE)
def test_whatever_things_are_called_configuration_and_tables_are_in_order(
    given, tmp_path, words_of
):
    what = asked(*given)
    names = [*what.treatments, what.control, *(outcome.name for outcome in what.outcomes)]
    treatments, outcomes, _, _ = given
    labels = [" ".join(text.split()) for text in (*treatments, *outcomes)]
    assert [n.label for n in names if n.label in labels] == labels
    assert all(WORD.fullmatch(name.word) for name in names)
    words_of(written(tmp_path, what))

    configuration = load(tmp_path / CONFIG / "analyses.yaml")
    assert configuration.names == [outcome.name.word for outcome in what.outcomes]
    tables, problems = ingest(tmp_path / "data" / "raw")
    assert errors(problems) == []
    assert len(tables["trials"]) == max(3, len(treatments))

    # what is called so is called so in the files too
    told = {
        name: read_document(tmp_path / CONFIG / "vocabulary" / f"{name}.yaml").values
        for name in ("outcomes", "treatments", "scales")
    }
    assert [o["label"] for o in told["outcomes"].values()][: len(outcomes)] == labels[
        -len(outcomes) :
    ]
    assert [t["label"] for t in told["treatments"]["treatments"].values()][:-1] == labels[
        : len(treatments)
    ]
    assert {*told["scales"]} == {o.scale for o in what.outcomes if o.scale}
    # what stands between words of a list or a narrowing is in no word
    assert not any(set(";|&=@<>") & set(scale) for scale in told["scales"])


@pytest.mark.parametrize("given", HOSTILE.values(), ids=HOSTILE)
def test_nothing_that_runs_holds_a_name(given):
    runs = ("Makefile", "Snakefile", ".gitignore", ".github/workflows/report.yml")
    ours, plain = files(asked(*given), "k"), files(PLAIN, "k")
    assert {name: ours[name] for name in runs} == {name: plain[name] for name in runs}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--outcome", ""], "the outcome has no name"),
        (["--outcome", " \t"], "has no name"),
        (["--treatment", "a\x07b"], "without a form"),
        (["--treatment", "a\u202eb"], "without a form"),
        (["--treatment", "\udcff"], "without a form"),
        (["--outcome", "x" * 61], "at most 60 characters"),
        (["--outcome", "x" * 100_000], "these are 100,000"),
        (["--outcome", "LDL", "--outcome", "ldl"], "given twice"),
        ([f"--outcome=o{i}" for i in range(13)], "at most 12"),
        (
            ["--outcome=a", "--outcome=b", "--outcome=c", "--kind=event", "--kind=score"],
            "once for each",
        ),
        (["--outcome", "Stroke", "--kind", "event", "--scale", "mmol/L"], "events are counted"),
    ],
)
def test_a_name_that_cannot_be_taken_is_refused_and_nothing_is_written(
    words, said, tmp_path, capsys
):
    assert main(["init", str(tmp_path / "new"), *words]) == 2
    assert said in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_kind_and_scale_are_one_for_all_or_one_each():
    def kinds(*given):
        return [(o.kind, o.scale) for o in asked(["t"], ["a", "b"], *given).outcomes[:2]]

    assert kinds([], []) == [("score", "a"), ("score", "b")]
    assert kinds(["event"], []) == [("event", ""), ("event", "")]
    assert kinds(["event", "score"], ["", "mm"]) == [("event", ""), ("score", "mm")]
    assert kinds(["event", "score"], ["mm"]) == [("event", ""), ("score", "mm")]


# the folder


def everything(folder):
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()
    }


def test_a_folder_in_use_is_refused_and_stays_as_it_is(tmp_path, capsys, monkeypatch):
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / ".hidden").write_text("mine")
    (tmp_path / "file").write_text("mine")
    (tmp_path / "dangling").symlink_to("nowhere")
    before = everything(tmp_path)
    for name, said in (
        ("used", "is not empty: .hidden"),
        ("file", "is not a folder"),
        ("dangling", "is not a folder"),
        ("no/such", "there is no folder"),
    ):
        assert main(["init", str(tmp_path / name)]) == 2
        assert f"{said}" in capsys.readouterr().err
    monkeypatch.chdir(tmp_path / "used")
    assert main(["init", "."]) == 2
    assert everything(tmp_path) == before


@pytest.mark.parametrize("there", [None, [], [".git"]], ids=["new", "empty", "git"])
def test_a_new_or_an_empty_folder_gets_every_file(there, tmp_path, capsys, monkeypatch):
    folder = tmp_path / "my review"
    for name in there or ():
        (folder / name).mkdir(parents=True)
    if there is not None:
        folder.mkdir(exist_ok=True)
        monkeypatch.chdir(folder)
    number = folder.stat().st_ino if folder.exists() else None
    words = ["init", str(folder) if there is None else "."]
    assert main([*words, "--treatment", "atorvastatin", "--outcome", "LDL cholesterol"]) == 0
    assert everything(folder) == files(PLAIN, command.requirement())
    assert {p.name for p in tmp_path.iterdir()} == {"my review"}
    assert not [p for p in folder.iterdir() if p.name.startswith(".ketameta")]
    # a shell that stands in it stands in it still
    assert number in (None, folder.stat().st_ino)
    said = capsys.readouterr().out
    assert ("cd '" in said) == (there is None)
    # what it says to do is there to be done
    for path in re.findall(r"^  ((?:workflow|data)\S+)", said, re.M):
        assert (folder / path).exists()
    analysis = re.search(r"ketameta explain (\w+)", said)[1]
    assert f"  {analysis}:" in (folder / CONFIG / "analyses.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize("there", [False, True], ids=["new", "empty"])
@pytest.mark.parametrize("failing", ["write_bytes", "rename"])
def test_where_the_disk_is_full_nothing_is_left(there, failing, tmp_path, capsys, monkeypatch):
    folder = tmp_path / "new"
    if there:
        folder.mkdir()
    real, calls = getattr(Path, failing), []

    def fails(self, other):
        calls.append(self)
        # not the first; and what was renamed before may go back
        if len(calls) == (3 if there or failing == "write_bytes" else 1):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self))
        return real(self, other)

    monkeypatch.setattr(Path, failing, fails)
    assert main(["init", str(folder)]) == 1
    assert "No space left on device; nothing is written" in capsys.readouterr().err
    assert list(tmp_path.rglob("*")) == ([folder] if there else [])


# what is in it


def test_every_key_of_the_configuration_is_told_of_where_it_stands():
    made = {name: text.decode() for name, text in files(PLAIN, "k").items()}
    review = made["workflow/config/review.yaml"]
    assert [
        k for k in Review.__dataclass_fields__ if not re.search(rf"^(# )?{k}:", review, re.M)
    ] == []
    lines = review.splitlines()
    for number, line in enumerate(lines):
        if re.match(r"(# )?[a-z_]+: ", line):
            assert lines[number - 1].startswith("# ") or "  # or" in line, line
    for name, kind in (("outcomes", Outcome), ("scales", Scale), ("treatments", Treatment)):
        text = made[f"workflow/config/vocabulary/{name}.yaml"]
        comment = " ".join(re.findall(r"^# (.*)", text, re.M))
        assert [k for k in kind.__dataclass_fields__ if k != "name" and f"{k}" not in comment] == []
    defaults = made["workflow/config/analyses.yaml"].partition("\ndefaults:\n")[2]
    defaults = defaults.partition("\n\n")[0]
    keys = re.findall(r"^ +[a-z_0-9]+:.*", defaults, re.M)
    bare = [line.split(":")[0].strip() for line in keys if "#" not in line]
    # those are told of in the line before, with their neighbour
    assert bare == ["heard_people", "people", "large_smd"]


def test_its_thresholds_and_defaults_are_those_of_the_configuration_of_the_tests():
    ours = yaml.safe_load(files(PLAIN, "k")["workflow/config/analyses.yaml"])["defaults"]
    # what depends on the subject
    own = {"populations", "treatments", "comparators", "comparison"}
    theirs = yaml.safe_load((ROOT / "tests" / "analyses.yaml").read_text(encoding="utf-8"))[
        "defaults"
    ]
    assert {k: v for k, v in ours.items() if k not in own} == {
        k: v for k, v in theirs.items() if k not in own
    }


def test_every_row_of_its_tables_says_that_it_is_made_up():
    what = asked(["a", "b", "c", "d"], ["e", "f"], ["score", "event"], [])
    for name, content in files(what, "k").items():
        if name.startswith("data/raw/"):
            rows = list(csv.DictReader(io.StringIO(content.decode())))
            assert all("made" in " ".join(row.values()).lower() for row in rows), name
    for name in ("README.md", "workflow/config/review.yaml"):
        assert "made up" in files(what, "k")[name].decode()


def test_words_of_made_up_trials_are_told_once_these_are_gone(
    tmp_path, capsys, monkeypatch, words_of
):
    def told():
        main(["check"])
        said = capsys.readouterr().err.splitlines()
        return [line for line in said if "[made-up]" in line]

    folder = written(tmp_path, PLAIN)
    monkeypatch.chdir(folder)
    words_of(folder)
    assert told() == []
    tables = [*Path("data/raw").glob("*.csv")]
    for path in tables:
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace("made_up_a", "smith2027"), encoding="utf-8")
    assert told() == []  # two of them are left
    for path in tables:
        text = path.read_text(encoding="utf-8")
        text = text.replace("made_up_b", "jones2028").replace("made_up_c", "brown2029")
        path.write_text(text, encoding="utf-8")
    review = Path(CONFIG, "review.yaml")
    lines = review.read_text(encoding="utf-8").splitlines()
    kept = ("title: ", "lead: ", '  - name: "Your', "registration: ", "protocol: ", "  note: ")
    places = [
        f"{review.as_posix()}:{lines.index(line) + 1}: " for line in lines if line.startswith(kept)
    ]
    found = told()
    assert len(found) == len(places) + 1 == 7
    for line, place in zip(
        found, [*places, "data/raw/claims.csv:2 column claim_id: "], strict=True
    ):
        assert place in line
        assert line.startswith("warning: ")
    assert (
        "title: 'Atorvastatin compared with placebo: made-up numbers' is of the made-up" in found[0]
    )
    # each is told until it is written anew
    title = f'title: "{PLAIN.title}"'
    text = review.read_text(encoding="utf-8").replace(title, "title: Statins in adults")
    review.write_text(text.replace("Your name", "Ann Author"), encoding="utf-8")
    claims = Path("data/raw/claims.csv")
    claims.write_text(claims.read_text(encoding="utf-8").splitlines()[0] + "\n", encoding="utf-8")
    assert told() == found[1:2] + found[3:6]


def test_its_actions_are_those_that_are_pinned_here():
    def pins(text):
        return set(re.findall(r"uses: (\S+ # \S+)", text))

    here = [p.read_text(encoding="utf-8") for p in (ROOT / ".github" / "workflows").glob("*.yml")]
    own = files(PLAIN, "k")[".github/workflows/report.yml"].decode()
    assert pins(own)
    assert pins(own) <= pins("\n".join(here))


def test_its_readme_is_a_screen_and_names_what_is_there():
    made = files(PLAIN, "k")
    text = made["README.md"].decode()
    assert len(text.splitlines()) <= 45
    for path in re.findall(r"`((?:workflow|data|\.github)/[\w/.]+)`", text):
        assert any(name.startswith(path) for name in made), path
    targets = re.findall(r"^([.a-z]+):", made["Makefile"].decode(), re.M)
    assert set(re.findall(r"make (\S+?)[`\s]", text)) <= set(targets)


def test_a_heading_of_its_readme_is_no_mark_of_markdown():
    assert plain_text("a_b <c> [d](e) `f`") == r"a\_b \<c\> \[d\](e) \`f\`"


@pytest.mark.parametrize(
    ("origin", "said"),
    [
        (None, ""),
        (
            {"url": "https://example.org/k", "vcs_info": {"vcs": "git", "commit_id": "abc"}},
            "ketameta @ git+https://example.org/k@abc",
        ),
        ({"url": "file:///a%20b/k.whl", "archive_info": {}}, "ketameta @ file:///a%20b/k.whl"),
        ({"url": "file:///k", "dir_info": {"editable": True}}, "ketameta @ file:///k"),
    ],
)
def test_a_project_gets_ketameta_from_where_it_was_begun_with(origin, said):
    assert command.address_of(origin and json.dumps(origin)) == said


# a new user


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """Return a new review with its report made by `make report`; never edit it, copy it."""
    folder = tmp_path_factory.mktemp("begun") / "statins"
    words = ["--treatment", "atorvastatin", "--outcome", "LDL cholesterol"]
    assert main(["init", str(folder), *words]) == 0
    return folder


def made(folder):
    """Type `make report` in a project, with the ketameta of these tests."""
    bin_ = folder.parent / "bin"
    bin_.mkdir(exist_ok=True)
    (bin_ / "ketameta").write_text(
        f"#!/bin/sh\nexec '{sys.executable}' -m ketameta.cli \"$@\"\n", encoding="utf-8"
    )
    (bin_ / "ketameta").chmod(0o755)
    environment = {**os.environ, "PATH": f"{bin_}{os.pathsep}{os.environ['PATH']}"}
    environment["PYTHONPATH"] = str(ROOT / "workflow")
    return subprocess.run(
        ["make", "report"],
        cwd=folder, env=environment, text=True, capture_output=True, check=False, timeout=300,
    )  # fmt: skip


def subject_words_in(folder):
    """Return the words of the review of these tests that the pages, figures and tables have."""
    theirs = vocabulary()
    scales = {*theirs.scales}
    treated = {*theirs.treatments} - {PLAIN.control.word}
    words = {*treated, *(scale.measures for scale in theirs.scales.values())}
    patterns = (
        re.compile("|".join(rf"\b{re.escape(word)}\b" for word in scales)),
        re.compile("|".join(rf"\b{re.escape(word)}\b" for word in words), re.I),
    )
    texts = [
        path.read_text(encoding="utf-8")
        for path in folder.rglob("*")
        if path.suffix in (".html", ".svg", ".csv", ".R", ".js")
    ]
    assert len(texts) > 20
    return {word for text in texts for pattern in patterns for word in pattern.findall(text)}


@dataclass(frozen=True)
class Slip:
    """What stands in a file, what is typed in its place, and what is said of it."""

    file: str
    stands: str
    typed: str
    said: str
    hint: str


SLIPS = (
    Slip(
        file="data/raw/outcomes.csv",
        stands="made_up_b,placebo,ldl_cholesterol",
        typed="made_up_b,placebo,ldl_cholestrol",
        said="outcome: 'ldl_cholestrol' is not",
        hint="nearest: ldl_cholesterol",
    ),
    Slip(
        file="data/raw/outcomes.csv",
        stands="LDL cholesterol,",
        typed="mmol/L,",
        said="scale: 'mmol/L'",
        hint="known: LDL cholesterol",
    ),
    Slip(
        file="workflow/config/analyses.yaml",
        stands="    measure: MD",
        typed="    mesure: MD",
        said="unknown key mesure",
        hint="did you mean measure?",
    ),
)


@pytest.mark.slow
def test_a_new_review_runs_and_each_slip_is_named_with_its_place(begun):
    done = made(begun)
    assert done.returncode == 0, done.stderr
    assert "report: reports/index.html" in done.stdout
    index = (begun / "reports" / "index.html").read_text(encoding="utf-8")
    assert "made-up numbers</h1>" in index
    page = (begun / "reports" / "analyses" / "ldl_cholesterol.html").read_text(encoding="utf-8")
    assert "Made-up trial A" in page
    assert subject_words_in(begun / "reports") == set()
    for slip in SLIPS:
        path = begun / slip.file
        before = path.read_text(encoding="utf-8")
        assert slip.stands in before
        path.write_text(before.replace(slip.stands, slip.typed, 1), encoding="utf-8")
        line = before[: before.index(slip.stands)].count("\n") + 1
        failed = made(begun)
        path.write_text(before, encoding="utf-8")
        assert failed.returncode != 0
        assert re.search(rf"^{slip.file}:{line}\b.*{slip.said}.*{slip.hint}", failed.stderr, re.M)
    assert made(begun).returncode == 0
