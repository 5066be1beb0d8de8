"""Figures on paper and on a dark screen: letters that read, and one table of colours."""

import re
from dataclasses import replace

from ketameta.figures.axis import AxisScale, make_axis
from ketameta.figures.columns import Heading
from ketameta.figures.forest import column_places
from ketameta.figures.marks import Interval, diamond
from ketameta.figures.scene import COLOURS, DARK, Scene, page_colours, to_svg
from ketameta.report.compact import PAPER, SMALLEST, WIDEST, on_paper
from ketameta.report.pages import STATIC, style_sheet


def spare(forest, *numbers):
    left = [Heading(h.title, h.anchor, widest=h.widest, spare=n)
            for h, n in zip(forest.left, numbers, strict=True)]  # fmt: skip
    return tuple(left)


def test_on_paper_columns_leave_in_their_order_until_letters_are_large_enough(forest_with):
    forest = forest_with(5, name="A trial with a long name indeed {}", lights=7)
    forest = replace(forest, left=spare(forest, 0, 1, 3, 2, 4, 0))
    assert column_places(forest).width > WIDEST
    paper = on_paper(forest, "x")
    width = float(paper.svg.split('viewBox="0 0 ')[1].split()[0])
    assert 12 * 0.75 * min(1, PAPER / width) >= SMALLEST
    assert ">Hour<" not in paper.svg, "the first to leave"
    assert ">Trial<" in paper.svg
    assert ">RoB 1<" in paper.svg
    assert paper.lines[0] == forest.statistics[0]


def test_a_plot_that_fits_loses_nothing_and_a_tall_one_does_not_stand_on_the_first_page(
    forest_with,
):
    small, tall = on_paper(forest_with(3), "x"), on_paper(forest_with(50), "x")
    assert ">Hour<" in small.svg
    assert (small.tall, tall.tall) == (False, True)


def test_lights_leave_a_plot_that_is_too_wide_without_its_columns_and_their_legend_with_them(
    forest_with,
):
    forest = forest_with(2, lights=7)
    wide = tuple(Heading("A very long name of a domain", "middle", group="RoB 1") for _ in range(7))
    forest = replace(forest, lights=wide, legend=("L low",), left=spare(forest, *[0] * 6))
    paper = on_paper(forest, "x")
    assert "RoB 1" not in paper.svg
    assert "L low" not in paper.lines
    assert forest.notes[0] in paper.lines


def luminance(colour):
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_what_is_written_stands_out_from_the_ground_in_both_schemes():
    for colours in (COLOURS, COLOURS | DARK):
        ground = luminance(colours["paper"])
        for role, least in (("ink", 7), ("muted", 4.5), ("mark", 4.5), ("pooled", 3)):
            pair = sorted((luminance(colours[role]), ground))
            assert (pair[1] + 0.05) / (pair[0] + 0.05) >= least, role


def test_pages_take_the_colours_of_the_figures_from_one_table():
    own = (STATIC / "style.css").read_text(encoding="utf-8")
    screen = own.partition("@media print")[0]
    assert not [role for role in COLOURS if f"--{role}:" in screen]
    sheet = style_sheet()
    assert sheet.startswith(page_colours())
    for role, colour in COLOURS.items():
        assert f"--{role}:{colour}" in sheet
        assert f"svg .{role}{{fill:var(--{role})}}" in sheet
    dark = re.search(r"@media screen and \(prefers-color-scheme:dark\)\{:root\{(.*?)\}", sheet)[1]
    assert dict(part.split(":") for part in dark.split(";")) == {
        f"--{role}": colour for role, colour in DARK.items()
    }
    used = set(re.findall(r"var\(--([\w-]+)\)", own)) - {"text", "plain", "mono", "link", "shade"}
    assert used <= set(COLOURS)


def test_a_colour_is_spelt_once():
    colours = {colour for table in (COLOURS, DARK) for colour in table.values()}
    found = [
        (path.name, colour)
        for path in sorted(STATIC.parents[1].rglob("*"))
        if path.suffix in {".py", ".css", ".js", ".html"}
        for colour in re.findall(r"#[0-9a-f]{6}\b", path.read_text(encoding="utf-8").lower())
        if colour in colours
    ]
    assert {name for name, _ in found} == {"scene.py"}
    # and by its table: a role has its own, and one for a dark ground
    assert len(found) == len(COLOURS) + len(DARK)


def test_a_new_colour_of_the_diamond_reaches_figures_and_pages(monkeypatch):
    monkeypatch.setitem(COLOURS, "pooled", "#123456")
    assert "--pooled:#123456" in style_sheet()
    axis = make_axis([1.0], [0.5, 2.0], AxisScale(), 0, 100)
    scene = Scene(9, 9, "", "", tuple(diamond(Interval(1.0, 0.5, 2.0), axis, 5, 5)))
    assert 'fill="#123456"' in to_svg(scene, "diamond")
