"""PDF and PNG: the same bytes in another process, text as text, nothing of the machine inside."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CODE = """
import hashlib
from ketameta.figures.canvas import save, to_pdf, to_png
from ketameta.figures.scene import Circle, Line, Polygon, Rect, Scene, Text
from ketameta.figures.statistical import draw_evidence, draw_reductions, evidence_layout
scene = Scene(300, 120, "Title", "Words", (
    Rect(10, 10, 40, 20), Line(5, 60, 200, 60, "ink", 1, "3 3"), Circle(80, 30, 6, "high"),
    Polygon(((100, 10), (120, 20), (100, 30))), Text(10, 90, "τ² = 0.1, n − 1", bold=True),
    Text(290, 110, "right", "end", italic=True),
))
points = [dict(period="to 2 d", side=s, reduction=float(i * 7), n=10 * i)
          for i in range(6) for s in ("treated", "control")]
for made in (
    to_pdf(scene), to_png(scene),
    save(draw_reductions(points, ["to 2 d"], "note"), "svg", "t"),
    save(draw_evidence(["A", "Bcd"], [("P", ["x", "y"], [[1, 0], [2, 9]])],
                       evidence_layout(["A", "Bcd"], [2], "note")), "svg", "t"),
):
    print(hashlib.sha256(made).hexdigest())
"""


def run(folder, seed):
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "workflow"), "PYTHONHASHSEED": seed}
    environment["TZ"] = "Asia/Tokyo" if seed == "1" else "UTC"
    done = subprocess.run(
        [sys.executable, "-c", CODE], cwd=folder, env=environment, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    return done.stdout.split()


@pytest.mark.slow
def test_another_process_seed_zone_and_folder_give_the_same_bytes(tmp_path):
    first = run(ROOT, "1")
    assert len(first) == 4
    assert run(tmp_path, "2") == first


def test_a_pdf_holds_its_text_in_embedded_fonts_and_no_place_or_date(drawings):
    import re
    import zlib

    pdf = drawings["response_24h", "forest"].printed("pdf")
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.S)
    inside = pdf + b"".join(zlib.decompress(s) for s in streams if s[:1] == b"x")
    assert pdf.startswith(b"%PDF")
    assert b"/FontFile2" in inside
    assert b"CreationDate" not in inside
    assert b"ketameta-fonts" not in inside
    assert str(ROOT).encode() not in inside


def test_a_png_has_the_size_of_its_scene(drawings):
    import struct

    drawing = drawings["response_24h", "funnel"]
    scene, png = drawing.make(), drawing.printed("png")
    width, height = struct.unpack(">II", png[16:24])
    assert width == pytest.approx(scene.width * 2.5, abs=1)
    assert height == pytest.approx(scene.height * 2.5, abs=1)


def test_every_text_fits_the_width_that_the_scene_reckoned_with(drawings):
    from matplotlib.backends.backend_agg import RendererAgg
    from matplotlib.font_manager import FontProperties

    from ketameta.figures.fonts import dejavu
    from ketameta.figures.metrics import DEJAVU, text_width
    from ketameta.figures.scene import Text, flat

    renderer = RendererAgg(100, 100, 960)
    wrong = []
    for shape in flat(drawings["depression_24h", "forest"].make().shapes):
        if isinstance(shape, Text):
            face = "Sans-Bold" if shape.bold else "Sans"
            font = FontProperties(fname=dejavu(face), size=shape.size * DEJAVU * 0.75)
            width = renderer.get_text_width_height_descent(shape.text, font, False)[0] / 10
            if width > text_width(shape.text, shape.size, shape.bold) + 0.5:
                wrong.append((shape.text, width))
    assert wrong == []


def test_hashes_differ_where_figures_do(drawings):
    made = [drawings["response_24h", kind].svg() for kind in ("forest", "funnel", "baujat")]
    assert len({hashlib.sha256(text.encode()).hexdigest() for text in made}) == 3
