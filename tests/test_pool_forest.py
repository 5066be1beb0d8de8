"""The forest plot of `ketameta pool --forest` and of `ketameta.stats.pool`: that of the report."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from ketameta.figures.scene import Group, Text, flat
from ketameta.report.forest_data import PLOTTED, forest_of
from ketameta.stats import effect_size, pool
from ketameta.tables.collection import of_analyses
from ketameta.tables.effects import EffectRow

from .test_pool_beside import table

Y, SE = [0.12, 0.31, 0.52, 0.18, 0.44], [0.14, 0.17, 0.12, 0.2, 0.14]


def texts(scene):
    return [shape.text for shape in flat(scene.shapes) if isinstance(shape, Text)]


def parts(scene):
    return [shape.name for shape in scene.shapes if isinstance(shape, Group)]


def file_texts(path):
    root = ElementTree.fromstring(path.read_text(encoding="utf-8"))
    return [node.text for node in root.iter("{http://www.w3.org/2000/svg}text")]


@pytest.mark.parametrize("name", ["response_24h", "depression_24h"])
def test_numbers_words_and_marks_are_those_of_the_report(tables, configuration, records, name):
    """Of an analysis of independent trials, pooled from its effects alone."""
    analysis = configuration[name]
    effects = [row for row in tables[EffectRow] if row.analysis == name]
    found = pool(
        [row.yi for row in effects],
        vi=[row.vi for row in effects],
        measure=analysis.select.measure,
    )
    own = of_analyses(tables, PLOTTED)(name)
    theirs = forest_of(analysis, records[name], own)
    ours = found.forest().wide
    said = texts(ours)
    for row in theirs.rows:
        for cell in row.right[-1].split():
            assert cell in said
    assert theirs.total is not None
    assert set(theirs.total.right[-1].split()) <= {*said}
    assert theirs.total.label.replace("trials", "studies") in said
    assert (theirs.prediction is not None) == ("prediction" in parts(ours))
    assert theirs.prediction is None or theirs.prediction.label in said
    heterogeneity, test = theirs.statistics[:2]
    assert {heterogeneity, test} <= {*said}


def test_a_notebook_shows_it_and_a_file_has_the_same(tmp_path):
    found = pool(Y, SE, slab=["A <b>", "B & c", "C", "D", "E"], measure="RR")
    path = tmp_path / "deep" / "plot.svg"
    drawing = found.forest(path)
    assert path.read_text(encoding="utf-8") == drawing._repr_svg_()
    assert {"A <b>", "B & c"} <= {*file_texts(path)}
    page = drawing._repr_html_()
    assert page.count("<svg") == 2
    assert "A <b>" not in page
    ids = re.findall(r'id="([^"]+)"', page)
    assert len(ids) == len({*ids})
    assert repr(drawing).startswith("Risk ratio of 5 studies")
    assert len(repr(drawing)) <= 80
    # two figures of one notebook
    assert not {*ids} & {*re.findall(r'id="([^"]+)"', pool(Y, vi=SE).forest()._repr_html_())}


@pytest.mark.slow
def test_the_command_writes_what_the_ending_says(pooled, tmp_path):
    for ending, head in ((".svg", b"<svg"), (".pdf", b"%PDF"), (".png", b"\x89PNG")):
        path = tmp_path / f"plot{ending.upper()}"
        status, out, _ = pooled(table(), "--measure", "RR", "--forest", str(path))
        assert status == 0
        assert "pooled      0.4894" in out
        assert path.read_bytes().startswith(head)
    path = tmp_path / "plot.html"
    pooled(table(), "--measure", "RR", "--forest", str(path))
    page = path.read_text(encoding="utf-8")
    assert "13 studies together: risk ratio 0.49 (95% CI 0.33 to 0.73)." in page
    # the same numbers as a table
    assert page.count("0.41 [0.13, 1.26]") >= 2


def test_the_command_draws_what_the_one_line_draws(pooled, tmp_path):
    path = tmp_path / "plot.svg"
    assert pooled(table(), "--measure", "RR", "--forest", str(path))[0] == 0
    rows = [line.split(",") for line in table().splitlines()[1:]]
    counts = {
        name: [float(row[i]) for row in rows] for name, i in zip("abcd", range(2, 6), strict=True)
    }
    effects = effect_size("RR", **{f"{name}i": counts[name] for name in "abcd"})
    found = pool(effects.yi, vi=effects.vi, slab=[row[0] for row in rows], measure="RR")
    assert path.read_text(encoding="utf-8") == found.forest()._repr_svg_()


def test_groups_stand_apart_with_diamonds_of_their_own(pooled, tmp_path):
    path = tmp_path / "plot.svg"
    rows = table() + "Nobody,2000,5,50,9,50,\nNone at all,2001,0,50,0,50,random\n"
    status, _, _ = pooled(
        rows, "--measure", "RR", "--subgroups", "allocation", "--forest", str(path)
    )
    assert status == 0
    said = file_texts(path)
    assert [text for text in said if text in ("Random", "Alternate", "Systematic")]
    assert "Subtotal, 2 studies" in said
    assert "allocation not told" in said
    (between,) = [text for text in said if text.startswith("Test for differences between groups")]
    assert "(allocation): Q = " in between
    assert "Subtotals: REML, one τ² for all groups, HKSJ" in said
    svg = path.read_text(encoding="utf-8")
    assert svg.count('<polygon class="pooled"') == 4
    assert said.index("Random") < said.index("Alternate") < said.index("allocation not told")


def test_what_has_no_effect_is_listed_and_of_one_study_nothing_is_pooled():
    drawing = pool([0.1, np.nan, 0.4], [0.2, np.nan, 0.3], slab=["A", "B", "C"]).forest()
    said = texts(drawing.wide)
    assert "No effect to pool (1 study)" in said
    assert "B: missing" in said
    # two studies predict nothing, as in the report
    assert parts(drawing.wide) == ["study", "study", "total", "axis"]
    alone = pool([0.1], [0.2]).forest().wide
    assert parts(alone) == ["study", "axis"]
    assert "One study: nothing is pooled." in texts(alone)
    with pytest.raises(ValueError, match="nothing to draw"):
        pool([], []).forest()


def test_numbers_have_the_digits_that_their_width_asks_for():
    for factor, shown in ((1e-4, "0.000033"), (1.0, "0.33"), (1e3, "334")):
        drawing = pool(np.array(Y) * factor, np.array(SE) * factor).forest()
        assert shown in texts(drawing.wide)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            ("--forest", "plot.jpg"),
            "--forest plot.jpg: its ending is one of .svg, .pdf, .png, .html",
        ),
        (("--forest", "plot"), "its ending is one of"),
        (("--forest", "plot.svg", "--by", "allocation"), "--forest is of one analysis"),
    ],
)
def test_what_cannot_be_drawn_is_refused_before_anything_is_pooled(pooled, options, said):
    status, out, err = pooled(table(), "--measure", "RR", *options)
    assert (status, out) == (2, "")
    assert said in err
    with pytest.raises(ValueError, match="a drawing ends in"):
        pool(Y, SE).forest("plot.jpg")


def test_a_file_that_cannot_be_written_is_told_with_the_reason(pooled, tmp_path):
    (tmp_path / "here.svg").mkdir()
    status, out, err = pooled(table(), "--measure=RR", "--forest", str(tmp_path / "here.svg"))
    assert (status, out) == (1, "")
    assert "here.svg: Is a directory" in err


@pytest.mark.parametrize("way", ["Mantel-Haenszel", "Peto", "GLMM"])
def test_the_label_says_how_counts_were_pooled(pooled, tmp_path, way):
    path = tmp_path / "plot.svg"
    assert pooled(table(), "--measure=OR", f"--pooling={way}", f"--forest={path}")[0] == 0
    kind = "Random effects" if way == "GLMM" else "Common effect"
    model = "binomial-normal GLMM" if way == "GLMM" else way
    assert f"{kind}, 13 studies ({model}, Wald)" in " ".join(file_texts(path))
    assert "Weights: those of inverse variance, not of the pooled effect." in file_texts(path)
