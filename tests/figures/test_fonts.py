"""Letters that DejaVu has not: drawn by a font that is installed, or named once."""

import re
import shutil
import zlib
from pathlib import Path

import pytest

from ketameta.figures import canvas, fonts
from ketameta.figures.scene import Scene, Text


@pytest.fixture
def installed(monkeypatch):
    """Let a machine have these fonts and no others."""

    def install(*files):
        found = tuple(map(Path, files))
        monkeypatch.setattr(fonts, "_installed", lambda: found)
        fonts.fallback.cache_clear()

    yield install
    fonts.fallback.cache_clear()


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    """Return a TrueType font of one Chinese letter, whose glyph is a full block."""
    from fontTools.fontBuilder import FontBuilder
    from fontTools.pens.ttGlyphPen import TTGlyphPen

    pen = TTGlyphPen(None)
    for line, places in ((pen.moveTo, [(0, 0)]), (pen.lineTo, [(0, 800), (900, 800), (900, 0)])):
        for place in places:
            line(place)
    pen.closePath()
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef", "north"])
    builder.setupCharacterMap({0x5317: "north"})
    builder.setupGlyf({".notdef": TTGlyphPen(None).glyph(), "north": pen.glyph()})
    builder.setupHorizontalMetrics({".notdef": (500, 0), "north": (1000, 0)})
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "Block", "styleName": "Regular", "psName": "Block"})
    builder.setupOS2()
    builder.setupPost()
    path = tmp_path_factory.mktemp("font") / "Block.ttf"
    builder.save(path)
    return path


def scene(text):
    return Scene(200, 40, "Title", "Words", (Text(190, 25, text, "end", bold=True),))


def inside(pdf):
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL)
    return pdf + b"".join(zlib.decompress(s) for s in streams if s[:1] == b"x")


def test_text_that_dejavu_has_is_never_looked_for_elsewhere(monkeypatch):
    def looked():
        raise AssertionError("fonts of the machine were looked at")

    fonts.fallback.cache_clear()
    monkeypatch.setattr(fonts, "_installed", looked)
    for text in (
        "Nguyễn 2015 – τ² ≤ 0.1",
        "Иванов",
        "محمد",
        "עברית",
        "e\u0301 q\u0308",
        "ab\u200b",
    ):
        assert [part for _, part in fonts.runs(text, "Sans")] == [text]
        assert fonts.undrawn([text]) == []
        assert canvas.to_png(scene(text))


def test_a_letter_is_drawn_by_the_font_that_has_it(installed, other):
    installed(other)
    parts = fonts.runs("北 2018 北", "Sans-Bold")
    assert [part for _, part in parts] == ["北", " 2018 ", "北"]
    assert [file.name for file, _ in parts] == ["Block.ttf", "DejaVuSans-Bold.ttf", "Block.ttf"]
    drawn = canvas.to_png(scene("北 2018"))
    assert b"Block" in inside(canvas.to_pdf(scene("北 2018")))
    assert fonts.undrawn(["北 2018"]) == []
    installed()
    assert canvas.to_png(scene("北 2018")) != drawn


def test_the_same_font_gives_the_same_bytes(installed, other):
    installed(other)
    for make in (canvas.to_png, canvas.to_pdf):
        assert make(scene("北 2018")) == make(scene("北 2018"))


@pytest.mark.parametrize(
    ("text", "letters", "package"),
    [
        ("北京", ["京", "北"], "fonts-noto-cjk"),
        ("한국", ["국", "한"], "fonts-noto-cjk"),
        ("カ", ["カ"], "fonts-noto-cjk"),
        ("हि", ["ह", "ि"], "fonts-noto-core"),
        ("ไทย", ["ท", "ย", "ไ"], "fonts-noto-core"),
        ("🧪", ["🧪"], "fonts-symbola"),
    ],
)
def test_letters_that_no_font_has_are_named_with_what_to_install(installed, text, letters, package):
    installed()
    assert fonts.undrawn([f"Wáng {text} 2018", text]) == letters
    said = fonts.boxes_note(letters)
    assert said.count("\n") == 0
    assert f"{letters[0]} (U+{ord(letters[0]):04X})" in said
    assert f"apt install {package})" in said
    # a box, and no warning on the way (warnings are errors here)
    assert canvas.to_pdf(scene(text))
    assert canvas.to_png(scene(text))


def test_many_letters_are_counted_and_none_say_nothing():
    said = fonts.boxes_note([chr(0x4E00 + n) for n in range(40)])
    assert "and 28 more" in said
    assert len(said) < 600
    assert fonts.boxes_note([]) == ""


def test_a_font_without_truetype_outlines_is_drawn_as_shapes(installed, tmp_path):
    from fontTools.fontBuilder import FontBuilder
    from fontTools.pens.t2CharStringPen import T2CharStringPen

    def glyph(height):
        pen = T2CharStringPen(1000, None)
        pen.moveTo((0, 0))
        for place in ((0, height), (900, height), (900, 0)):
            pen.lineTo(place)
        pen.closePath()
        return pen.getCharString()

    builder = FontBuilder(1000, isTTF=False)
    builder.setupGlyphOrder([".notdef", "north"])
    builder.setupCharacterMap({0x5317: "north"})
    builder.setupCFF("Block", {}, {".notdef": glyph(1), "north": glyph(800)}, {})
    builder.setupHorizontalMetrics({".notdef": (500, 0), "north": (1000, 0)})
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "Block", "styleName": "Regular", "psName": "Block"})
    builder.setupOS2()
    builder.setupPost()
    builder.save(tmp_path / "Block.otf")
    installed(tmp_path / "Block.otf")
    assert fonts.outlined(tmp_path / "Block.otf")
    pdf = inside(canvas.to_pdf(scene("北 2018")))
    assert b"Block" not in pdf
    assert b"DejaVu" in pdf
    empty = canvas.to_png(Scene(200, 40, "Title", "Words"))
    assert len({empty, canvas.to_png(scene("北")), canvas.to_png(scene("北北"))}) == 3


def test_a_machine_without_fonts_and_one_with_broken_ones_are_no_error(monkeypatch, tmp_path):
    from matplotlib import font_manager

    broken = tmp_path / "broken.ttf"
    broken.write_bytes(b"no font")
    for files in ([], [str(broken), str(tmp_path / "gone.ttf")]):
        monkeypatch.setattr(font_manager, "findSystemFonts", lambda files=files: files)
        fonts._installed.cache_clear()
        assert fonts._installed() == ()
    fonts._installed.cache_clear()


def test_a_figure_taller_than_any_page_is_drawn_smaller():
    import struct

    tall = Scene(300, 40_000, "Title", "Words", (Text(10, 39_990, "the end"),))
    width, height = struct.unpack(">II", canvas.to_png(tall)[16:24])
    assert height <= 48_000
    assert width / height == pytest.approx(300 / 40_000, rel=0.02)
    box = re.search(rb"/MediaBox \[ ?0 0 ([0-9.]+) ([0-9.]+)", canvas.to_pdf(tall))
    assert float(box[2]) <= 14_400


@pytest.mark.skipif(shutil.which("fc-list") is None, reason="no list of fonts")
def test_prints_say_which_letters_are_lost(installed):
    from ketameta.report.graphics import Drawing

    installed()
    drawing = Drawing("a", "forest", "t", "d", (200, 40), lambda: scene("北 2018"))
    assert fonts.boxes_note(fonts.undrawn(drawing.texts())).startswith(
        "prints: no installed font has 北"
    )
