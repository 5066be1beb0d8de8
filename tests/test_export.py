"""`ketameta export`: a Word document with the forest plots of the analyses that are asked for."""

import re
from pathlib import Path
from zipfile import ZipFile

from ketameta.project import from_here


def parts(path):
    with ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_a_named_analysis_is_a_document_with_its_plot(built):
    done = built.ketameta("export", "--docx", "own.docx", "response_24h")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "own.docx\n"
    own = parts(built.path("own.docx"))
    (picture,) = [name for name in own if name.endswith(".png")]
    assert own[picture].startswith(b"\x89PNG")
    text = own["word/document.xml"].decode()
    whole = parts(built.path("reports/manuscript.docx"))["word/document.xml"].decode()
    (description,) = re.findall(r'descr="(Forest plot[^"]*)"', text)
    assert "Murrough 2013" in description
    (embedded,) = re.findall(r'r:embed="(\w+)"', text)
    relations = own["word/_rels/document.xml.rels"].decode()
    assert re.search(rf'Id="{embedded}"[^>]*Target="{picture.removeprefix("word/")}"', relations)
    # the paragraph on the result is that of the report; no other result is told
    (told,) = re.findall(r">(\d+ trials together with [^<]*)<", text)
    assert told in whole
    built.path("own.docx").unlink()


def test_what_is_not_there_is_told_with_its_neighbour(built):
    done = built.ketameta("export", "--docx", "own.docx", "response_24hh")
    assert done.returncode == 2
    assert "unknown analysis response_24hh; did you mean response_24h" in done.stderr
    assert not built.path("own.docx").exists()


def test_a_run_of_other_tables_tells_nothing(unbuilt):
    done = unbuilt.ketameta("export", "--docx", "own.docx")
    assert done.returncode == 1
    assert "run `ketameta run` first" in done.stderr


def test_a_file_stands_where_it_was_typed(tmp_path, monkeypatch):
    config = tmp_path / "workflow" / "config" / "analyses.yaml"
    config.parent.mkdir(parents=True)
    config.touch()
    below = tmp_path / "figures"
    below.mkdir()
    monkeypatch.chdir(tmp_path)
    assert from_here("own.docx") == Path("own.docx")
    monkeypatch.chdir(below)
    assert from_here("own.docx") == below / "own.docx"
