"""What the rules of a library are asked, and which edit calls for which of them."""

import subprocess
import sys
from pathlib import Path

import pytest

from ketameta.library import asked as module
from ketameta.library.asked import Asked, asked, code

ROOT = Path(__file__).parents[2]
RULES = ROOT / "workflow" / "rules" / "library.smk"


def test_what_is_left_out_has_a_default_and_folders_are_as_they_are_given():
    assert asked({}) == Asked(Path("data/library"), 8, Path("library"))
    given = asked({"library": "a b", "library_chunks": 40, "library_out": "../found"})
    assert given.chunk(7) == "../found/chunks/7-of-40"


@pytest.mark.parametrize("chunks", [0, 65, "many", 2.5, True])
def test_a_number_of_chunks_that_cannot_be_is_told(chunks):
    with pytest.raises(ValueError, match="library_chunks is a number from 1 to 64, not"):
        asked({"library_chunks": chunks})


@pytest.mark.parametrize("out", ["reviews", "reviews/found", "x/../reviews/found"])
def test_an_output_among_the_reviews_is_refused(out):
    with pytest.raises(ValueError, match="lies in the folder of the reviews"):
        asked({"library": "reviews", "library_out": out})


def test_a_name_that_snakemake_takes_for_a_pattern_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"found {here} has braces in its name"):
        asked({"library_out": "found {here}"})
    (tmp_path / "a {b}.csv").write_text("")
    with pytest.raises(ValueError, match=r"a {b}\.csv has braces in its name"):
        asked({"library": tmp_path, "library_chunks": 1}).files(1)


def test_a_folder_that_is_not_there_is_named_with_the_word_that_names_it(tmp_path):
    with pytest.raises(ValueError, match=r"gone: No such file.*; --config library=FOLDER names"):
        asked({"library": tmp_path / "gone"}).files(1)


def test_an_edit_calls_for_what_it_may_change(tmp_path, monkeypatch):
    for name in ("stats/fit.py", "report/page.html", "storage.py", "commands/library.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("one")
    monkeypatch.setattr(module, "PACKAGE", tmp_path)
    before = code(of_chunk=True), code(of_chunk=False)
    (tmp_path / "report/page.html").write_text("two")
    assert code(of_chunk=True) == before[0]
    assert code(of_chunk=False) != before[1]
    for name in ("stats/fit.py", "storage.py", "commands/library.py"):
        before = code(of_chunk=True), code(of_chunk=False)
        (tmp_path / name).write_text("two")
        assert code(of_chunk=True) != before[0]
        assert code(of_chunk=False) != before[1]


@pytest.mark.slow
def test_a_chunk_loads_no_module_that_it_does_not_follow(tmp_path):
    (tmp_path / "reviews").mkdir()
    text = "analysis,measure,study,yi,vi\na,MD,Ash,1,0.1\na,MD,Elm,2,0.1\n"
    (tmp_path / "reviews" / "one.csv").write_text(text)
    said = (
        "import sys\nfrom ketameta.cli import main\n"
        "assert main(['library', 'reviews', '--chunk', '1/1', '--out', 'out']) == 0\n"
        "own = [name for name in sys.modules if name.split('.')[0] == 'ketameta']\n"
        "print(*own, sep='\\n')"
    )
    done = subprocess.run(
        [sys.executable, "-c", said], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    rooms = {name.split(".")[1] for name in done.stdout.split() if name.count(".") > 1}
    assert rooms - {*module._CHUNK, "commands"} == set()
    assert {n for n in done.stdout.split() if n.startswith("ketameta.commands.")} == {
        "ketameta.commands.library"
    }


@pytest.mark.slow
def test_a_review_that_comes_calls_for_one_chunk_and_needs_no_project(tmp_path):
    folder = tmp_path / "reviews & all"
    folder.mkdir()
    text = "analysis,measure,study,yi,vi\na,MD,Ash,1,0.1\na,MD,Elm,2,0.1\n"
    for name in ("one", "two", "three"):
        (folder / f"{name}.csv").write_text(text)

    def snakemake(*words):
        done = subprocess.run(
            [
                *(sys.executable, "-m", "snakemake", "-s", RULES, "--cores", "2", "library"),
                *("--config", f"library={folder.name}", "library_chunks=2", "library_out=the out"),
                *words,
            ],
            cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    status, said = snakemake()
    assert status == 0, said
    page = tmp_path / "the out" / "library.html"
    assert page.is_file()
    (folder / "four.csv").write_text(text)
    status, said = snakemake("-n")
    assert said.count("library: pool the reviews of chunk") == 1, said
    assert "library: put the chunks together" in said
