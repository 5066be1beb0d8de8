"""`ketameta figure`: files for a journal from the tables of the last run, or why there are none."""

import shutil

import pytest
from PIL import Image

from ketameta.cli import main


@pytest.fixture
def figure(small_built, tmp_path, monkeypatch, capsys):
    """Return what the command answers in the small project: status, output, errors, the folder."""
    monkeypatch.chdir(small_built.folder)

    def run(*words):
        status = main(["figure", *words, "--out", str(tmp_path / "out")])
        out, err = capsys.readouterr()
        return status, out, err, tmp_path / "out"

    return run


def test_every_format_is_written_with_its_size_and_what_the_legend_needs(figure):
    status, out, err, folder = figure(
        *("response_24h", "--journal", "bmj", "--width", "single", "--dpi", "300"),
        *("--format", "pdf,svg,eps,tiff,PNG"),
    )
    assert (status, err) == (0, "")
    stem = "response_24h.forest.bmj"
    names = {path.name for path in folder.iterdir()}
    assert names == {f"{stem}.{kind}" for kind in ("pdf", "svg", "eps", "tiff", "png")}
    assert "85 × " in out
    assert "1,004 dots wide" in out
    assert "left out, so that type keeps its size: " in out
    assert "For the legend:\n  Response at 24 hours" in out
    starts = {kind: (folder / f"{stem}.{kind}").read_bytes()[:5] for kind in ("pdf", "eps", "png")}
    assert starts == {"pdf": b"%PDF-", "eps": b"%!PS-", "png": b"\x89PNG\r"}
    with Image.open(folder / f"{stem}.tiff") as image:
        assert (image.width, image.info["compression"]) == (1004, "tiff_lzw")


def test_by_default_it_is_the_forest_plot_of_the_report_in_two_columns(figure):
    status, out, _, folder = figure("depression_24h", "--grey", "--format", "svg")
    assert status == 0
    assert [path.name for path in folder.iterdir()] == ["depression_24h.forest.svg"]
    text = (folder / "depression_24h.forest.svg").read_text(encoding="utf-8")
    assert 'width="180mm"' in text
    assert "180 × " in out
    assert "Murrough 2013" in text


def test_the_same_run_gives_the_same_bytes(figure):
    words = "response_24h", "--journal", "cochrane", "--format", "pdf,eps,tiff"
    *_, folder = figure(*words)
    first = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert first
    figure(*words)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == first


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("respons_24h",), 2, "did you mean response_24h"),
        (("response_24h@populaton=TRD",), 2, "populaton"),
        (("response_24h", "--kind", "funnel"), 1, "has no funnel plot in the report"),
        (("response_24h", "--width", "45"), 1, "45 mm: no room for type of 7 points; give --width"),
    ],
)
def test_what_cannot_be_drawn_is_told(figure, words, status, said):
    found, out, err, folder = figure(*words)
    assert (found, out) == (status, "")
    assert said in err
    assert not folder.exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--width", "wide"), "wide: single, double or millimetres"),
        (("--width", "4000"), "from 40 to 400 mm"),
        (("--format", "pdf,gif"), "gif: one of pdf, svg, eps, tiff, png"),
    ],
)
def test_wrong_words_are_told_with_the_right_ones(figure, capsys, words, said):
    with pytest.raises(SystemExit) as ended:
        figure("response_24h", *words)
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_tables_that_changed_since_the_run_are_told(small, monkeypatch, capsys):
    monkeypatch.chdir(small.folder)
    small.edit("data/raw/outcomes.csv", ",47,30,", ",47,13,")
    assert main(["figure", "response_24h", "--journal", "bmj", "--format", "svg"]) == 0
    err = capsys.readouterr().err
    assert "data/raw changed since the last run (rows: 1 edited)" in err
    assert "`ketameta run` brings it up to date" in err
    text = small.path("figures/response_24h.forest.bmj.svg").read_text(encoding="utf-8")
    assert ">30/47<" in text
    assert ">13/47<" not in text


def test_an_analysis_of_fewer_trials_is_drawn_though_no_run_made_it(figure):
    status, _, _, folder = figure("response_24h@design=parallel", "--format", "svg")
    assert status == 0
    (path,) = folder.iterdir()
    assert "Murrough 2013" in path.read_text(encoding="utf-8")
    assert "Zarate 2006" not in path.read_text(encoding="utf-8")


def test_without_a_run_it_says_so(unbuilt, monkeypatch, capsys):
    monkeypatch.chdir(unbuilt.folder)
    shutil.rmtree(unbuilt.path("data/processed"), ignore_errors=True)
    assert main(["figure", "response_24h"]) == 1
    assert capsys.readouterr().err == "nothing is made yet: run `ketameta run` first\n"
