"""Boxes of texts, and made-up forest plots of any size."""

import math

import pytest

from ketameta.figures.axis import AxisScale
from ketameta.figures.columns import Heading
from ketameta.figures.forest import Block, Forest, ForestRow, LeftOut, Light, Total
from ketameta.figures.marks import Interval
from ketameta.figures.metrics import text_width
from ketameta.figures.scene import Line, Text, flat


def boxes_of(scene):
    """Return (left, top, right, bottom, text) of every text, by the metrics table."""
    found = []
    for shape in flat(scene.shapes):
        if isinstance(shape, Text):
            width = text_width(shape.text, shape.size, shape.bold)
            left = shape.x - {"start": 0, "middle": width / 2, "end": width}[shape.anchor]
            # ascenders reach 0.74 of the size, descenders 0.21
            top, bottom = shape.y - 0.74 * shape.size, shape.y + 0.21 * shape.size
            found.append((left, top, left + width, bottom, shape.text))
    return found


def collisions_of(scene):
    """Return pairs of texts that overlap by more than a hundredth of a pixel."""
    boxes = sorted(boxes_of(scene), key=lambda box: box[1])
    wrong = []
    for i, a in enumerate(boxes):
        for b in boxes[i + 1 :]:
            if b[1] >= a[3] - 0.01:
                break
            if a[0] < b[2] - 0.01 and b[0] < a[2] - 0.01:
                wrong.append((a[4], b[4]))
    return wrong


def struck_of(scene):
    """Return texts that an upright line goes through."""
    lines = [s for s in flat(scene.shapes) if isinstance(s, Line) and s.x1 == s.x2]
    return [
        box[4]
        for box in boxes_of(scene)
        for line in lines
        if box[0] < line.x1 < box[2]
        and min(line.y1, line.y2) < box[3] - 0.01
        and max(line.y1, line.y2) > box[1] + 0.01
    ]


def outside_of(scene):
    """Return texts that leave the drawing."""
    return [
        box[4]
        for box in boxes_of(scene)
        if box[0] < 0 or box[1] < 0 or box[2] > scene.width or box[3] > scene.height
    ]


LONG = (
    "A trial whose name is far longer than any column and has a Wordthatdoesnotendforthirtyletters"
)


def made_up(trials, groups=1, name="Trial {}", ratio=True, spread=1.0, lights=0, left_out=0):
    """Return a forest plot of made-up trials, in subgroups where there are several."""
    back = math.exp if ratio else float

    def interval(n):
        middle, half = math.sin(n) * spread, 0.3 + 0.5 * spread * abs(math.cos(n))
        return Interval(back(middle), back(middle - half), back(middle + half))

    def text(i):
        return f"{i.estimate:.2f} [{i.low:.2f}, {i.high:.2f}]"

    rows = [
        ForestRow(
            (name.format(n), "ketamine", "0.25, 0.5, 1.0 mg/kg", "IV", "24", f"{n}/{n * 7 + 9}"),
            (f"{100 / trials:.1f}", text(interval(n))),
            interval(n),
            100 / trials,
            f"tip {n}",
            f"#effect-{n}",
            tuple(Light("L", "low", "judged low") if k % 2 else Light("") for k in range(lights)),
        )
        for n in range(trials)
    ]
    pooled = Interval(back(0.1), back(-0.1), back(0.3))
    total = Total("Random effects (REML, HKSJ)", ("100.0", text(pooled)), pooled, "", ("9/99",))
    parts = [rows[g::groups] for g in range(groups)]
    blocks = [
        Block(f"Group {g}" if groups > 1 else "", tuple(p), total) for g, p in enumerate(parts)
    ]
    return Forest(
        title="Made <up> & drawn",
        description="Nothing happened.",
        left=(
            Heading("Trial"), Heading("Treatment"), Heading("Dose", widest=60), Heading("Route"),
            Heading("Hour", "end"), Heading("Ketamine\nn/N", "/"),
        ),
        right=(Heading("Weight\n%", "."), Heading("RR\n[95% CI]", ".")),
        blocks=tuple(blocks),
        total=total,
        prediction=Total("95% prediction interval (t, k − 1 df)", ("", "[0.40, 3.10]"),
                         Interval(pooled.estimate, back(-0.9), back(1.1))),
        scale=AxisScale("Risk ratio (log scale)", 1.0 if ratio else 0.0, ratio, None, SIDES),
        statistics=("τ² = 0.1; I² = 20%",),
        left_out=tuple(LeftOut(LONG, "no effect follows") for _ in range(left_out)),
        left_out_heading="Not pooled",
        notes=("A note. " * 60,),
        lights=tuple(Heading("ABCDEFG"[n], "middle", group="RoB 1") for n in range(lights)),
    )  # fmt: skip


SIDES = ("favours electroconvulsive therapy in hospital", "favours (es)ketamine at any dose")


@pytest.fixture
def forest_with():
    return made_up


@pytest.fixture
def collisions():
    return collisions_of


@pytest.fixture
def struck():
    return struck_of


@pytest.fixture
def outside():
    return outside_of


@pytest.fixture(scope="session")
def drawings(tables, configuration):
    """Return every drawing of the real data that is a scene, by analysis and kind."""
    from ketameta.report.graphics import courses, diagnostics, forests, missing

    parts = (forests, diagnostics, missing, courses)
    found = [d for part in parts for d in part(tables, configuration)]
    return {(d.analysis, d.kind): d for d in found}
