"""Figures at their size on paper: dots, colours, lines, and text that stays text."""

import io
import re
import shutil
import subprocess
import xml.etree.ElementTree as Tree

import pytest
from PIL import Image, TiffImagePlugin

from ketameta.figures.printing import (
    Print,
    contrast,
    grey_of,
    luminance,
    pixels,
    type_size,
)
from ketameta.figures.scene import COLOURS, Circle, Group, Line, Rect, Scene, Text, flat

SCENE = Scene(
    400,
    120,
    "A title",
    "What it shows",
    (
        Rect(10, 10, 40, 20, "mark"),
        Group((Line(5, 60, 200, 60, "mark", 0.4), Circle(80, 30, 6, "high")), "tip"),
        Text(10, 90, "τ² = 0.10; −0.53 (−0.69 to −0.37)", size=12),
        Text(390, 110, "Favours control", "end", bold=True),
    ),
)


@pytest.mark.parametrize(
    ("millimetres", "dpi", "dots"), [(85, 600, 2008), (85, 300, 1004), (180, 600, 4252)]
)
@pytest.mark.parametrize("kind", ["tiff", "png"])
def test_a_raster_has_the_dots_of_its_width_and_says_how_many_an_inch(millimetres, dpi, dots, kind):
    assert pixels(millimetres, dpi) == dots
    image = Image.open(io.BytesIO(Print(SCENE, millimetres).as_bytes(kind, dpi, grey=False)))
    assert image.width == dots
    assert image.height == pytest.approx(dots * 0.3, abs=1)
    assert image.mode == "RGB"
    assert [round(n) for n in image.info["dpi"]] == [dpi, dpi]
    if kind == "tiff":
        assert image.tag_v2[TiffImagePlugin.COMPRESSION] == 5  # LZW


def test_in_grey_a_raster_has_one_channel_and_other_files_no_colour():
    made = Print(SCENE, 85).inked({}, grey=True, pen=1)
    assert Image.open(io.BytesIO(made.as_bytes("tiff", 300, grey=True))).mode == "L"
    for colour in made.scene.colours.values():
        assert len({colour[1:3], colour[3:5], colour[5:7]}) == 1, colour
    used = re.findall(r'(?:fill|stroke)="(#\w+)"', made.as_bytes("svg", 300, grey=True).decode())
    assert used
    assert all(colour == grey_of(colour) for colour in used)


def test_a_grey_is_as_light_as_its_colour():
    assert (luminance("#000000"), luminance("#ffffff")) == (0, pytest.approx(1))
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    for colour in COLOURS.values():
        assert luminance(grey_of(colour)) == pytest.approx(luminance(colour), abs=0.005)


def test_lines_are_never_thinner_than_half_a_point_on_paper():
    for millimetres in (60, 85, 180):
        made = Print(SCENE, millimetres).inked({}, grey=False, pen=0.5)
        (line,) = [s for s in flat(made.scene.shapes) if isinstance(s, Line)]
        assert line.width * 0.75 * made.scale == pytest.approx(0.5, abs=1e-9)


def test_the_smallest_type_is_that_of_the_font_that_is_embedded():
    made = Print(SCENE, 85)
    # 400 pixels at 96 an inch are 105.8 mm
    assert made.smallest == pytest.approx(12 * 0.75 * 0.86 * 85 / (400 * 25.4 / 96))
    assert type_size(12) == pytest.approx(7.74)
    sizes = re.findall(rb"/\S+ ([\d.]+) selectfont", made.as_bytes("eps", 300, grey=False))
    assert min(map(float, sizes)) == pytest.approx(made.smallest, abs=0.01)


def test_an_svg_has_its_millimetres_and_text_and_no_colours_for_a_dark_screen():
    text = Print(SCENE, 85).as_bytes("svg", 300, grey=False).decode()
    root = Tree.fromstring(text)
    assert root.get("width") == "85mm"
    assert root.get("height") == "25.5mm"
    assert "prefers-color-scheme" not in text
    assert "−0.53 (−0.69 to −0.37)" in "".join(root.itertext())


def test_an_eps_has_its_box_real_letters_and_no_place_or_date():
    made = Print(SCENE, 85)
    first = made.as_bytes("eps", 300, grey=False)
    assert first == made.as_bytes("eps", 300, grey=False)
    assert first.startswith(b"%!PS-Adobe-3.0 EPSF")
    width, height = re.search(rb"HiResBoundingBox: \S+ \S+ (\S+) (\S+)", first).groups()
    assert float(width) == pytest.approx(85 / 25.4 * 72, abs=0.01)
    assert float(height) == pytest.approx(25.5 / 25.4 * 72, abs=0.01)
    assert b"CreationDate" not in first
    assert b"Creator" not in first
    # each letter that is drawn is one of the font by its name
    shown = set(re.findall(rb"/(\S+) glyphshow", first))
    known = set(re.findall(rb"^/(\S+) \d+ def$", first, re.M))
    assert {b"F", b"a", b"minus", b"tau"} <= shown <= known
    assert b"/FontType 42 def" in first


def test_letters_of_a_font_without_names_are_shapes_in_an_eps(monkeypatch, tmp_path):
    from fontTools.ttLib import TTFont

    from ketameta.figures import canvas, fonts

    nameless = tmp_path / "Nameless.ttf"
    font = TTFont(fonts.dejavu("Sans"))
    font["post"].formatType = 3.0
    font.save(nameless)
    assert fonts.named(fonts.dejavu("Sans"))
    assert not fonts.named(nameless)
    scene = Scene(200, 60, "A title", "What it shows", (Text(10, 40, "α and β"),))
    monkeypatch.setattr(canvas, "runs", lambda text, face: [(nameless, text)])
    made = Print(scene, 85).as_bytes("eps", 300, grey=False)
    assert b"glyphshow" not in made
    assert made.count(b" curveto") + made.count(b" lineto") + made.count(b" l\n") > 20


@pytest.mark.skipif(not shutil.which("pdffonts"), reason="no poppler")
def test_a_pdf_holds_text_and_of_its_fonts_what_it_uses(tmp_path):
    path = tmp_path / "figure.pdf"
    path.write_bytes(Print(SCENE, 85).as_bytes("pdf", 300, grey=False))

    def said(*words):
        done = subprocess.run([*words, str(path)], capture_output=True, text=True, check=True)
        return done.stdout

    fonts = [line.split() for line in said("pdffonts").splitlines()[2:]]
    assert fonts
    for name, *rest in fonts:
        assert re.match(r"[A-Z]{6}\+DejaVuSans", name)
        assert rest[-5:-2] == ["yes", "yes", "yes"]  # embedded, subset, with its characters
    done = subprocess.run(["pdftotext", str(path), "-"], capture_output=True, text=True, check=True)
    assert "−0.53 (−0.69 to −0.37)" in done.stdout
    assert "Favours control" in done.stdout
    width = re.search(r"Page size:\s+(\S+) x", said("pdfinfo"))[1]
    assert float(width) == pytest.approx(85 / 25.4 * 72, abs=0.01)
