"""A folder of reviews in every form: read, pooled in chunks, put together with the same bytes."""

import csv
import importlib.util
import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from ketameta.cli import main
from ketameta.ingest.text import UnreadableError
from ketameta.library.chunk import NO_REVIEW, read_source, write_chunk
from ketameta.library.gather import gather
from ketameta.library.places import PARTS, Chunk, LibraryError, chunk_files, of_chunk, sources
from ketameta.library.summary import Share, summed_up
from ketameta.report.library import lead, page, small_study, time_page
from ketameta.reviews.reading import read_review
from ketameta.stats import egger, random_effects

FORMS = Path(__file__).parents[1] / "reviews" / "forms.py"
spec = importlib.util.spec_from_file_location("forms", FORMS)
forms = importlib.util.module_from_spec(spec)
spec.loader.exec_module(forms)
DEATHS = {"Ash": (2, 20, 3, 22), "Beech": (4, 35, 9, 33), "Elm": (12, 80, 20, 78)}
MANY = {f"Study {i}": (3 + i % 7, 60 + i, 9 + i % 4, 61) for i in range(12)}
LONG = """\
analysis,measure,study,yi,vi,field
a,MD,Ash,1.5,0.2,Heart
a,MD,Beech,2.5,0.3,Heart
a,MD,Elm,x,0.2,Heart
b,HR,Ash,-0.1,0.04,Heart
b,HR,Beech,-0.4,0.05,Heart
b,HR,Elm,-0.6,0,Heart
c,MD,Ash,1,0.1,Heart
c,RR,Beech,1,0.1,Heart
"""


def package(folder, name, table, **more):
    rows = forms.counts("1.1", table)
    forms.package(
        folder / name, [forms.settings("1.1", "Risk Ratio", **more)], rows,
        subgroups=(),
    )  # fmt: skip


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """Return a folder with a review in each form, and with what is none."""
    folder = tmp_path_factory.mktemp("library")
    (folder / "stroke").mkdir()
    package(folder, "one.zip", DEATHS)
    package(folder / "stroke", "two.zip", MANY, **{"Analysis model": "Random effects"})
    with zipfile.ZipFile(folder / "one.zip") as outer:
        inner = zipfile.ZipFile(io.BytesIO(outer.read("CD1/CD1-data.zip")))
        for name in inner.namelist():
            (folder / "stroke" / Path(name).name).write_bytes(inner.read(name))
    (folder / "long.csv").write_text(LONG)
    (folder / "broken.zip").write_bytes(b"PK\x03\x04 and no more")
    (folder / "words.csv").write_text("a,b\n1,2\n")
    (folder / "notes.md").write_text("not a review")
    (folder / ".hidden").write_text("")
    effects = pa.table({"yi": [0.1, 0.4, 0.2], "sei": [0.1, 0.2, 0.1], "review": ["p", "p", "q"]})
    pq.write_table(effects, folder / "effects.parquet")
    return folder


def made(library, out, of):
    places = []
    for i in range(of, 0, -1):
        places.append(out / f"{i}-of-{of}")
        write_chunk(sources(library), Chunk(i, of), places[-1])
    return gather(places, out / "all")


@pytest.fixture(scope="module")
def found(library, tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    return made(library, out, 1), out / "all"


def table(found, name):
    rows = ds.dataset(found[1] / name, partitioning="hive").to_table().to_pylist()
    return sorted(rows, key=lambda row: [str(row[key]) for key in ("review", *KEYS[name])])


KEYS = {"studies": ("analysis", "row"), "analyses": ("analysis", "subgroup"), "reviews": ()}


def test_every_file_is_a_review_or_is_named_with_the_reason(found):
    reviews = {row["review"]: row for row in table(found, "reviews")}
    assert {name: row["form"] for name, row in reviews.items() if not row["fault"]} == {
        "one.zip": "data package",
        "stroke/two.zip": "data package",
        "stroke/CD1-data-rows.csv": "data package",
        "long.csv": "table",
        "effects.parquet:p": "table",
        "effects.parquet:q": "table",
    }
    faults = {name: row["fault"] for name, row in reviews.items() if row["fault"]}
    assert faults.keys() == {"broken.zip", "words.csv", "notes.md"}
    assert faults["notes.md"] == NO_REVIEW
    assert "is not an archive" in faults["broken.zip"]
    assert "neither a review nor a table" in faults["words.csv"]
    assert reviews["stroke/two.zip"]["field"] == "stroke"
    assert reviews["long.csv"]["field"] == "Heart"
    assert reviews["long.csv"]["said"] == [
        "column yi has what is no number: row 3: 'x'",
        "analysis c: has several measures: 'MD', 'RR'",
    ]


def test_each_analysis_is_pooled_as_its_rows_alone(found):
    studies, analyses = table(found, "studies"), table(found, "analyses")
    assert len(analyses) == 7
    for one in analyses:
        rows = [
            s for s in studies if (s["review"], s["analysis"]) == (one["review"], one["analysis"])
        ]
        good = [s for s in rows if s["yi"] is not None and s["vi"] is not None]
        yi, vi = ([s[name] for s in good] for name in ("yi", "vi"))
        assert (one["rows"], one["k"]) == (len(rows), len(good))
        if one["k"] < 2:
            assert one["why"] == "one study that can be pooled"
            assert one["today"] is one["is_past"] is None
            continue
        alone = random_effects(yi, vi)
        back = np.exp if one["ratio"] else float
        assert one["today"] == back(alone.estimate)
        assert one["today_low"] == back(alone.ci_low)
        assert one["prediction_high"] == (back(alone.pi_high))
        assert one["today_tau2"] == alone.tau2
        expected = egger(yi, vi).p if one["k"] >= 10 else None
        assert one["egger_p"] == expected


def test_a_table_that_does_not_tell_how_it_pools_changes_no_conclusion(found):
    analyses = table(found, "analyses")
    silent = [one for one in analyses if one["review"] == "long.csv"]
    assert {one["analysis"] for one in silent} == {"a", "b"}
    assert {one["was_past"] for one in silent} == {None}
    assert {one["estimate"] for one in silent} == {None}
    assert {one["k"] for one in silent} == {2}


@pytest.mark.parametrize("of", [2, 7])
def test_bytes_hang_on_no_chunking_and_no_order(library, found, tmp_path, of):
    made(library, tmp_path, of)
    one, other = (
        {path.relative_to(root): path.read_bytes() for path in sorted(root.rglob("*.parquet"))}
        for root in (found[1], tmp_path / "all")
    )
    assert one == other
    assert {path.parts[0] for path in one} == {"studies", "analyses", "reviews"}


def test_every_review_is_in_one_chunk_and_the_others_stay_when_one_comes(library, tmp_path):
    every = sources(library)
    for of in (1, 3, PARTS):
        chunks = [of_chunk(every, Chunk(i, of)) for i in range(1, of + 1)]
        assert sorted(s.name for own in chunks for s in own) == [s.name for s in every]
    before = [chunk_files(library, i, 3) for i in (1, 2, 3)]
    assert sum(map(len, before)) == len({path for own in before for path in own}) == 9
    late = library / "late.zip"
    late.write_bytes(b"")
    try:
        after = [chunk_files(library, i, 3) for i in (1, 2, 3)]
    finally:
        late.unlink()
    assert sum(own != other for own, other in zip(before, after, strict=True)) == 1


def test_a_link_that_leads_round_is_followed_once(tmp_path):
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "a.csv").write_text("yi,vi\n")
    (tmp_path / "below" / "round").symlink_to(tmp_path)
    assert [source.name for source in sources(tmp_path)] == ["below/a.csv"]


def test_names_that_are_no_text_are_marked(tmp_path):
    import os

    (tmp_path / "in").mkdir()
    with open(os.fsencode(tmp_path / "in") + b"/\xff.csv", "wb") as file:
        file.write(b"yi,vi\n1,1\n2,1\n")
    with open(os.fsencode(tmp_path / "in") + b"/\xff.zip", "wb") as file:
        file.write(b"PK\x03\x04")
    write_chunk(sources(tmp_path / "in"), Chunk(1, 1), tmp_path / "chunk")
    found = gather([tmp_path / "chunk"], tmp_path / "out")
    columns = (found.reviews.column(name).to_pylist() for name in ("review", "fault"))
    assert {*zip(*columns, strict=True)} == {
        ("\ufffd.csv", ""), ("\ufffd.zip", "is not an archive that can be opened"),
    }  # fmt: skip


def test_parts_whose_reviews_are_gone_go_too(library, tmp_path):
    made(library, tmp_path, 1)
    few = tmp_path / "few"
    few.mkdir()
    (few / "one.zip").write_bytes((library / "one.zip").read_bytes())
    write_chunk(sources(few), Chunk(1, 1), tmp_path / "again")
    gather([tmp_path / "again"], tmp_path / "all")
    left = ds.dataset(tmp_path / "all" / "reviews", partitioning="hive").to_table()
    assert left.column("review").to_pylist() == ["one.zip"]


def test_chunks_that_are_no_whole_library_are_refused(library, tmp_path):
    places = {}
    for i, of in ((1, 2), (2, 2), (1, 3)):
        places[i, of] = tmp_path / f"{i}-{of}"
        write_chunk([], Chunk(i, of), places[i, of])
    for given, said in (
        ([places[1, 2]], "missing of 2: 2"),
        ([places[1, 2], places[2, 2], places[1, 2]], "1/2 stands twice"),
        ([places[1, 2], places[1, 3]], "in 2 and 3"),
    ):
        with pytest.raises(LibraryError, match=said):
            gather(given, tmp_path / "out")
    pq.write_table(pa.table({"a": [1]}), places[1, 2] / "reviews.parquet")
    with pytest.raises(LibraryError, match="holds no chunk"):
        gather([places[1, 2], places[2, 2]], tmp_path / "out")
    (places[1, 2] / "reviews.parquet").write_bytes(b"PAR1")
    with pytest.raises(LibraryError, match="no whole Parquet file"):
        gather([places[1, 2], places[2, 2]], tmp_path / "out")


def test_the_page_says_what_the_tables_hold(found):
    summary = summed_up(found[0].analyses, found[0].reviews)
    analyses = table(found, "analyses")
    told = [one for one in analyses if one["was_past"] is not None]
    changed = [one for one in told if one["was_past"] != one["is_past"]]
    assert summary.changed == Share(len(changed), len(told))
    assert summary.analyses == len(analyses) == sum(summary.sizes)
    assert summary.tests == sum(one["egger_p"] is not None for one in analyses) == 1
    html = page(summary)
    assert lead(summary) in html
    assert small_study(summary) in html
    assert "broken.zip" in html
    assert "notes.md" in html
    assert "<script" not in html
    numbers = {(section, of, name): value for section, of, name, value in summary.numbers()}
    assert numbers["library", "", "reviews"] == 6
    assert numbers["library", "", "not read"] == 2


def test_the_command_does_all_in_one_call_or_in_jobs(library, tmp_path, capsys):
    whole, jobs = tmp_path / "whole", tmp_path / "jobs"
    assert main(["library", str(library), "--out", str(whole)]) == 1
    told = capsys.readouterr()
    assert "6 reviews, 7 analyses" in told.out
    assert "broken.zip" in told.err
    assert sorted(path.name for path in whole.iterdir()) == [
        "analyses", "library.html", "reviews", "studies", "summary.csv", "time.html",
    ]  # fmt: skip
    places = [str(jobs / "chunks" / str(i)) for i in (1, 2)]
    for i, place in enumerate(places, 1):
        assert main(["library", str(library), "--chunk", f"{i}/2", "--out", place]) == 0
        assert sorted(path.name for path in Path(place).iterdir()) == [
            "analyses.parquet", "reviews.parquet", "studies.parquet", "time.json",
        ]  # fmt: skip
        assert json.loads(Path(place, "time.json").read_text())["stages"]["read"] > 0
    assert main(["library", "--gather", *places, "--out", str(jobs)]) == 0
    for name in ("summary.csv", "library.html"):
        assert (whole / name).read_bytes() == (jobs / name).read_bytes()
    assert (jobs / "time.html").is_file()
    rows = list(csv.DictReader((jobs / "summary.csv").read_text().splitlines()))
    assert {row["number"]: row["value"] for row in rows}["analyses"]
    assert rows[0] == {"section": "library", "of": "", "number": "reviews", "value": "6"}


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["--chunk", "3/2"], 2, "a chunk is I/N"),
        (["--chunk", "1/65"], 2, "at most 64"),
        (["--chunk", "x"], 2, "a chunk is I/N"),
        (["--gather"], 1, "No such file"),
        ([], 1, "holds no review"),
        (["--out", "reviews/out"], 2, "lies in"),
    ],
)
def test_wrong_use_is_told(tmp_path, capsys, monkeypatch, words, status, said):
    (tmp_path / "reviews").mkdir()
    monkeypatch.chdir(tmp_path)
    asked = ["library", str(tmp_path / "reviews"), "--out", str(tmp_path / "out"), *words]
    assert main(asked) == status
    assert said in capsys.readouterr().err


def test_a_library_of_nothing_says_so(tmp_path):
    write_chunk([], Chunk(1, 1), tmp_path / "chunk")
    found = gather([tmp_path / "chunk"], tmp_path / "out")
    summary = summed_up(found.analyses, found.reviews)
    assert (summary.reviews, summary.analyses, summary.tests) == (0, 0, 0)
    html = page(summary)
    assert "No source tells how it pooled" in html
    assert "No source prints a pooled result" in html
    assert "No review was read" in time_page(found)
    assert not list((tmp_path / "out").rglob("*.parquet"))


def test_the_field_of_a_review_of_revman_5_is_that_of_its_group(tmp_path):
    (tmp_path / "a").mkdir()
    for name, group in (("told", ' GROUP_ID="HEART"'), ("silent", "")):
        (tmp_path / "a" / f"{name}.rm5").write_text(f"<COCHRANE_REVIEW{group}/>")
    fields = {one.review.name: one.field for s in sources(tmp_path) for one in read_source(s)}
    assert fields == {"a/told.rm5": "HEART", "a/silent.rm5": "a"}


def test_an_archive_of_several_packages_is_several_reviews(library, tmp_path):
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for i in (1, 2):
            for path in (library / "stroke").glob("*.csv"):
                archive.writestr(path.name.replace("CD1", f"CD{i}"), path.read_bytes())
    (source,) = sources(tmp_path)
    read = read_source(source)
    assert {one.review.name for one in read} == {"all.zip:CD1", "all.zip:CD2"}
    assert {len(one.review.analyses) for one in read} == {1}
    with pytest.raises(UnreadableError, match="data rows of 2 reviews"):
        read_review(tmp_path / "all.zip")


def test_files_that_are_damaged_are_named_with_the_reason(library, tmp_path):
    whole = (library / "one.zip").read_bytes()
    for name, content in {
        "cut.zip": whole[: len(whole) // 2],
        "odd.zip": whole[:80] + bytes(20) + whole[100:],
        "bad.parquet": b"PAR1 and no more",
        "bad.rm5": b"<?xml version='1.0'?><COCHRANE_REVIEW><STUDY></COCHRANE_REVIEW>",
        "cells.csv": b'analysis,yi,vi\na,"1,2\n',
        "wide.csv": b"analysis,yi,vi\na,1,2,3\n",
        "x-data-rows.csv": b"",
    }.items():
        (tmp_path / name).write_bytes(content)
    for source in sources(tmp_path):
        (read,) = read_source(source)
        assert read.fault, source.name
        assert not read.fault.startswith(source.name)
        assert read.review.analyses == ()
