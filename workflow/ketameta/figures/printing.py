"""A scene at its size on paper: in millimetres, with type that reads, also where no colour is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ketameta.figures.metrics import DEJAVU
from ketameta.figures.scene import MM, PIXELS, Group, Line, Scene, Shape, Text, flat, to_svg

FORMATS = ("pdf", "svg", "eps", "tiff", "png")
RASTER = ("tiff", "png")
POINT = 72 / PIXELS  # a pixel of a scene at its own size
THINNEST = 0.5  # points of a line that a press still draws


@dataclass(frozen=True, slots=True)
class Print:
    """A scene for paper, `width` millimetres wide whatever its pixels."""

    scene: Scene
    width: float

    @property
    def scale(self) -> float:
        """Return how many times its own size it is printed in."""
        return self.width / (self.scene.width * MM)

    @property
    def height(self) -> float:
        """Return its height in millimetres."""
        return self.scene.height * MM * self.scale

    @property
    def smallest(self) -> float:
        """Return the size of the smallest type in points, of the font that PDF and EPS embed."""
        sizes = [s.size for s in flat(self.scene.shapes) if isinstance(s, Text)]
        return type_size(min(sizes, default=0.0)) * self.scale

    def inked(self, colours: Mapping[str, str], grey: bool, pen: float) -> Print:
        """Return it in colours of its own, or in their greys, lines `pen` times as wide.

        No line is thinner than `THINNEST`.
        """
        own = {**self.scene.colours, **colours}
        if grey:
            own = {role: grey_of(colour) for role, colour in own.items()}
        least = THINNEST / POINT / self.scale

        def drawn(shape: Shape) -> Shape:
            if isinstance(shape, Group):
                return shape._replace(shapes=tuple(map(drawn, shape.shapes)))
            if isinstance(shape, Line):
                return shape._replace(width=max(shape.width * pen, least))
            return shape

        shapes = tuple(map(drawn, self.scene.shapes))
        return replace(self, scene=replace(self.scene, shapes=shapes, colours=own))

    def as_bytes(self, kind: str, dpi: int, grey: bool) -> bytes:
        """Return it as a file of one of `FORMATS`; rasters have `dpi` dots an inch."""
        if kind == "svg":
            return to_svg(self.scene, "figure", standalone=True, scale=self.scale).encode()
        from ketameta.figures import canvas

        if kind in RASTER:
            return canvas.to_raster(self.scene, kind, pixels(self.width, dpi), dpi, grey)
        return canvas.to_print(self.scene, kind, self.scale)


def type_size(size: float) -> float:
    """Return the size in points of type that is `size` pixels in a scene of its own size."""
    return size * DEJAVU * POINT


def pixels(width: float, dpi: int) -> int:
    """Return how many dots are as wide as so many millimetres."""
    return round(width / 25.4 * dpi)


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour (#rrggbb), 0 of black to 1 of white (WCAG 2.2)."""
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, 1 of the same to 21 of black on white (WCAG 2.2)."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def grey_of(colour: str) -> str:
    """Return the grey that is as light as a colour."""
    light = luminance(colour)
    part = 12.92 * light if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055
    return "#" + f"{round(255 * part):02x}" * 3
