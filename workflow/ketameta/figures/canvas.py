"""A scene on matplotlib's canvases: PDF, EPS, PNG and TIFF for journals, the same bytes each time.

Text is DejaVu Sans from matplotlib itself, so that no font of the machine matters; `metrics`
knows how wide it is, and `fonts` what draws a letter that it has not. Text of PDF and EPS stays
text, what is used of its font embedded as TrueType.
"""

from __future__ import annotations

import io
import re
import warnings
from dataclasses import dataclass
from functools import cache
from pathlib import Path as File
from typing import TYPE_CHECKING, Any

from ketameta.figures.fonts import dejavu, named, outlined, runs
from ketameta.figures.metrics import DEJAVU
from ketameta.figures.scene import (
    PIXELS,
    Circle,
    Line,
    Polygon,
    Rect,
    Scene,
    Shape,
    Text,
    colour_of,
    flat,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.text import Text as Written

PNG_SCALE = 2.5
LONGEST = 200.0  # inches of a side: more no PDF reader shows, and 65,536 pixels no PNG has
# Latin letters, and the signs that figures use
_KEPT = frozenset(map(chr, range(32, 0x180))) | frozenset("τχμΔ−≤≥≈∞←→–—‘’“”…•†‡")


def to_pdf(scene: Scene) -> bytes:
    """Return the scene as a PDF of one page in the scene's size."""
    return save(_figure(scene), "pdf", scene.title)


def to_png(scene: Scene) -> bytes:
    """Return the scene as a PNG of 240 dots an inch, on white."""
    return save(_figure(scene), "png", scene.title)


def to_print(scene: Scene, kind: str, scale: float) -> bytes:
    """Return the scene as pdf or eps in `scale` of its size."""
    return save(_figure(scene, scale, by_name=kind == "eps"), kind, scene.title)


def to_raster(scene: Scene, kind: str, pixels: int, dpi: int, grey: bool) -> bytes:
    """Return the scene as png or tiff (LZW) that many pixels wide, with its dots an inch told.

    In grey it has one channel, else three.
    """
    from PIL import Image

    figure = _figure(scene, pixels / dpi * PIXELS / scene.width)
    # a hair more than whole: matplotlib cuts what is less than a pixel
    figure.set_size_inches((pixels + 0.01) / dpi, figure.get_figheight())
    image = Image.open(io.BytesIO(save(figure, "png", scene.title, dpi)))
    out = io.BytesIO()
    more = {"compression": "tiff_lzw"} if kind == "tiff" else {}
    image.convert("L" if grey else "RGB").save(out, kind, dpi=(dpi, dpi), **more)
    return out.getvalue()


def save(figure: Figure, kind: str, title: str, dpi: float = PIXELS * PNG_SCALE) -> bytes:
    """Return a matplotlib figure as pdf, eps, png or svg, without clock, host or version in it."""
    from matplotlib import rc_context

    if kind != "svg":
        _with_fallbacks(figure)
    out = io.BytesIO()
    metadata: dict[str, Any] = {"Title": title}
    metadata |= {
        "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
        "png": {"Software": None},
        "svg": {"Date": None, "Creator": None},
        "eps": {},
    }[kind]
    settings: dict[Any, Any] = {
        "pdf.fonttype": 42,
        "svg.hashsalt": "ketameta",
        "svg.fonttype": "none",
    }
    if kind == "eps":
        # beside a pdf it would change how letters are dealt out to fonts there
        settings["ps.fonttype"] = 42
    with rc_context(settings), warnings.catch_warnings():
        # `fonts.told` says it once
        warnings.filterwarnings("ignore", r"Glyph \d+ .* missing from font")
        figure.savefig(out, format=kind, dpi=dpi, metadata=metadata)
    made = out.getvalue()
    return re.sub(rb"%%Creat(or|ionDate):.*\n", b"", made) if kind == "eps" else made


def texts_of(figure: Figure) -> list[Written]:
    """Return every text of a matplotlib figure."""
    from matplotlib.text import Text as Written

    return [text for text in figure.findobj(Written) if isinstance(text, Written)]


def _with_fallbacks(figure: Figure) -> None:
    """Let the texts of a matplotlib figure take what DejaVu Sans has not from other fonts."""
    from matplotlib.font_manager import fontManager
    from matplotlib.ft2font import FT2Font

    for text in texts_of(figure):
        own = dejavu("Sans")
        others = {file for file, _ in runs(text.get_text(), "Sans") if file != own}
        for file in sorted(others):
            fontManager.addfont(file)
        if others:
            names = [FT2Font(file).family_name for file in sorted(others)]
            text.set_fontfamily([*text.get_fontfamily(), *names])


@dataclass(frozen=True, slots=True)
class _Sheet:
    """What a scene is drawn on: `scale` of its units a pixel, `shrunk` in points.

    Where letters are drawn `by_name`, those of a font without names are drawn as outlines.
    """

    scene: Scene
    scale: float
    shrunk: float
    by_name: bool


def _figure(scene: Scene, wanted: float = 1.0, by_name: bool = False) -> Figure:
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure

    class Drawing(Artist):
        """The whole scene as one artist: a path or a text a shape."""

        def draw(self, renderer: Any) -> None:
            sheet = _Sheet(scene, figure.bbox.width / scene.width, shrunk, by_name)
            for shape in flat(scene.shapes):
                _draw(renderer, shape, sheet)

    size = scene.width / PIXELS, scene.height / PIXELS
    shrunk = min(wanted, LONGEST / max(size))
    figure = Figure(figsize=(size[0] * shrunk, size[1] * shrunk), facecolor="white")
    figure.add_artist(Drawing())
    return figure


def _draw(renderer: Any, shape: Shape, sheet: _Sheet) -> None:
    """Draw one shape; y runs upwards."""
    from matplotlib.colors import to_rgba
    from matplotlib.path import Path
    from matplotlib.transforms import Affine2D

    if isinstance(shape, Text):
        _write(renderer, shape, sheet)
        return
    if isinstance(shape, Rect) and shape.role == "hit":
        return
    assert isinstance(shape, Line | Rect | Polygon | Circle)
    scale = sheet.scale
    colour = to_rgba(colour_of(shape, sheet.scene.colours))
    pen = renderer.new_gc()
    face: Any = colour
    # a pen is as wide as given in points, on every canvas
    point = 72 / PIXELS * sheet.shrunk
    pen.set_linewidth(0)
    pen.set_foreground(colour, isRGBA=True)
    if isinstance(shape, Line):
        path = Path([(shape.x1, shape.y1), (shape.x2, shape.y2)])
        pen.set_linewidth(shape.width * point)
        pen.set_capstyle("butt")
        face = None
        if shape.dash:
            pen.set_dashes(0, [float(part) * point for part in shape.dash.split()])
    elif isinstance(shape, Circle):
        path = Path.circle((shape.x, shape.y), shape.radius)
        if shape.ring:
            face = None
            pen.set_linewidth(point)
    elif isinstance(shape, Rect):
        x0, y0, x1, y1 = shape.x, shape.y, shape.x + shape.width, shape.y + shape.height
        path = Path([(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)], closed=True)
    else:
        path = Path([*shape.points, shape.points[0]], closed=True)
    upright = Affine2D().scale(scale, -scale).translate(0, sheet.scene.height * scale)
    renderer.draw_path(pen, path, upright, face)
    pen.restore()


def _write(renderer: Any, text: Text, sheet: _Sheet) -> None:
    from matplotlib.colors import to_rgba
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath
    from matplotlib.transforms import Affine2D

    face = "Sans-Bold" if text.bold else "Sans-Oblique" if text.italic else "Sans"
    slim = _KEPT.issuperset(text.text)
    # the font is given in points, 72 an inch, the scene in pixels of 96
    parts = [(_slim_fonts()[face], text.text)] if slim else runs(text.text, face)
    scene, scale = sheet.scene, sheet.scale
    points = text.size * DEJAVU * 72 / PIXELS * sheet.shrunk
    fonts = [FontProperties(fname=file, size=points) for file, _ in parts]
    pen = renderer.new_gc()
    colour, height = to_rgba(scene.colours[text.role]), scene.height
    pen.set_foreground(colour, isRGBA=True)
    x, y = text.x * scale, (height - text.y) * scale
    widths = [0.0] * len(parts)
    if text.anchor != "start" or len(parts) > 1:
        widths = [
            renderer.get_text_width_height_descent(part, font, False)[0]
            for (_, part), font in zip(parts, fonts, strict=True)
        ]
        x -= sum(widths) * {"start": 0, "middle": 0.5, "end": 1}[text.anchor]
    if renderer.flipy():
        y = height * scale - y
    for (file, part), font, width in zip(parts, fonts, widths, strict=True):
        if outlined(file) or (sheet.by_name and not named(file)):
            path = TextPath((0, 0), part, text.size * DEJAVU * scale, font)
            place = Affine2D().translate(x, (height - text.y) * scale)
            pen.set_linewidth(0)
            renderer.draw_path(pen, path, place, colour)
        else:
            renderer.draw_text(pen, x, y, part, font, 0)
        x += width
    pen.restore()


@cache
def _slim_fonts() -> dict[str, File]:
    """Return the three faces with the letters of Latin text alone, in a folder of this process.

    Each PDF embeds what it uses of a font, and taking that out of the whole DejaVu costs two
    seconds a figure; out of these it costs a third of one.
    """
    import atexit
    from tempfile import TemporaryDirectory

    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTFont

    folder = TemporaryDirectory(prefix="ketameta-fonts-")
    atexit.register(folder.cleanup)
    options = Options(hinting=False, notdef_outline=True, recalc_timestamp=False, glyph_names=True)
    options.drop_tables += ["GSUB", "GPOS", "GDEF", "kern", "gasp", "FFTM"]
    found = {}
    for face in ("Sans", "Sans-Bold", "Sans-Oblique"):
        font = TTFont(dejavu(face), recalcTimestamp=False)
        subsetter = Subsetter(options)
        subsetter.populate(unicodes=[ord(letter) for letter in _KEPT])
        subsetter.subset(font)
        found[face] = File(folder.name, f"DejaVu{face}.ttf")
        font.save(found[face])
    return found
