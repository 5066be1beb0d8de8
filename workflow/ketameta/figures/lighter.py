"""A forest plot in less room: names wrap, columns leave, rows go on overleaf; type stays."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from ketameta.figures.columns import SIZE, Heading
from ketameta.figures.forest import PLOT, Block, Forest, ForestRow, Total, column_places, draw
from ketameta.figures.metrics import text_width
from ketameta.figures.narrow import draw_narrow
from ketameta.figures.scene import Scene

# pixels of the widest name of a trial (0: as it is) and of the axis: what gives way before a column
# leaves, and what does after the last of them
_BEFORE = ((0.0, PLOT), (0.0, 190.0), (150.0, 190.0), (150.0, 140.0), (120.0, 110.0))
_AFTER = (90.0, 110.0)
_LONGEST = 150.0  # pixels of a word in a name that is not broken
_PRINT = 170.0  # left of the plot, for small print below pooled rows
NARROWEST = 260.0  # pixels of a plot with numbers above its intervals


class NoRoomError(ValueError):
    """A place is too narrow for type of so many points."""

    def __init__(self, least: float) -> None:
        super().__init__(f"no room for type of {least:g} points")


def lighter(forest: Forest, widest: float) -> tuple[Forest, list[str]]:
    """Let columns leave until a forest plot is no wider than `widest` pixels, if that can be.

    The largest `spare` goes first, columns of one together; last the lights, which otherwise go by
    their own. Returns the names of what left too.
    """
    gone: list[str] = []
    while column_places(forest).width > widest:
        every = (*forest.left, *forest.right, *forest.lights)
        most = max((heading.spare for heading in every), default=0)
        leaving = [h for h in every if h.spare == most] if most else list(forest.lights)
        if not leaving:
            break
        gone += _named(leaving)
        forest = _without(forest, leaving)
    return forest, gone


def _named(headings: list[Heading]) -> list[str]:
    """Name columns in a line each, those of a group by its name."""
    names = [(h.group or h.title).replace("\n", " ") for h in headings]
    return list(dict.fromkeys(names))


def _without(forest: Forest, leaving: list[Heading]) -> Forest:
    left, right, lights = (
        [n for n, heading in enumerate(side) if heading not in leaving]
        for side in (forest.left, forest.right, forest.lights)
    )

    def row(one: ForestRow) -> ForestRow:
        kept = tuple(one.lights[n] for n in lights) if one.lights else ()
        return replace(one, left=_at(one.left, left), right=_at(one.right, right), lights=kept)

    def total(one: Total) -> Total:
        start = len(forest.left) - len(one.left)
        under = tuple(one.left[n - start] for n in left if n >= start)
        return replace(one, left=under, right=_at(one.right, right))

    return replace(
        each_row(forest, row, total),
        left=tuple(forest.left[n] for n in left),
        right=tuple(forest.right[n] for n in right),
        lights=tuple(forest.lights[n] for n in lights),
        legend=forest.legend if lights or not forest.lights else (),
    )


def _at(cells: tuple[str, ...], kept: list[int]) -> tuple[str, ...]:
    return tuple(cells[n] for n in kept)


def each_row(
    forest: Forest, row: Callable[[ForestRow], ForestRow], total: Callable[[Total], Total]
) -> Forest:
    """Return the forest with each of its rows, and of its pooled ones, as a function makes it."""
    blocks = [
        replace(
            block,
            rows=tuple(map(row, block.rows)),
            subtotal=total(block.subtotal) if block.subtotal else None,
        )
        for block in forest.blocks
    ]
    return replace(
        forest,
        blocks=tuple(blocks),
        total=total(forest.total) if forest.total else None,
        prediction=total(forest.prediction) if forest.prediction else None,
        earlier=tuple(map(total, forest.earlier)),
    )


def fitted(
    forest: Forest,
    stacked: Forest,
    width: float,
    widest: float,
    highest: float,
    least: float,
) -> tuple[list[Scene], list[str]]:
    """Lay a forest plot out for a place of `width` pixels, in as many parts as its height takes.

    Drawn up to `widest` pixels wide its type, shrunk into that place, still reads; `highest` is for
    a scene of `width`. First the axis and names give way, then columns leave; where that is not
    enough each trial's name and effect stand above its interval, as `stacked` has them in its first
    and last column. Returns the names of what left too. Raises NoRoomError, of the
    `least` points, where nothing fits.
    """
    gone: list[str] = []
    made = _tightest(forest, _BEFORE, widest)
    if column_places(made).width > widest:
        made, gone = lighter(made, widest)
        # what left may have left room for names as they are
        made = replace(made, left=(forest.left[0], *made.left[1:]))
        made = _tightest(made, (*_BEFORE, _AFTER), widest)
    places = column_places(made)
    own, room = places.width, places.plot[0]
    if own > widest or (room < _PRINT and any(total.below for total in made.totals)):
        if widest < NARROWEST:
            raise NoRoomError(least)
        gone = _named([*forest.left[1:], *forest.right, *forest.lights])
        shown = {heading.title for heading in (stacked.left[0], stacked.right[-1])}
        gone = [name for name in gone if name not in {one.replace("\n", " ") for one in shown}]
        scale = width / widest
        return _parts(stacked, lambda part: draw_narrow(part, widest), highest / scale), gone
    # what room is left is the axis's
    room = width if own < width else min(widest, own + max(PLOT - made.plot, 0.0))
    made = replace(made, plot=made.plot + room - own)
    return _parts(made, draw, highest * room / width), gone


def _tightest(forest: Forest, steps: Sequence[tuple[float, float]], widest: float) -> Forest:
    """Return the forest with the first names and axis that fit, or with the last."""
    for name, plot in steps:
        made = _tight(forest, name, plot)
        if column_places(made).width <= widest:
            break
    return made


def _tight(forest: Forest, name: float, plot: float) -> Forest:
    """Return the forest with its axis and names of `name` pixels at the most (0: as they are).

    A column as wide as its widest word breaks none, unless that is far wider than a name should be.
    """
    words = [word for row in forest.rows for word in row.left[0].split(" ")]
    widest = min(max((text_width(word, SIZE) for word in words), default=0.0), _LONGEST)
    own = forest.left[0].widest
    first = replace(forest.left[0], widest=min(max(name, widest), own) if name else own)
    return replace(forest, left=(first, *forest.left[1:]), plot=plot)


def _parts(forest: Forest, make: Callable[[Forest], Scene], highest: float) -> list[Scene]:
    """Draw a forest plot in as many parts as it takes for none to be higher than `highest`.

    A part has a row at least. Pooled rows and what stands below the plot are in the last.
    """
    whole = make(forest)
    rows = len(forest.rows)
    if whole.height <= highest or rows < 2:
        return [whole]
    scenes, start = [], 0
    while start < rows:
        stop, beyond = start + 1, rows + 1
        while stop + 1 < beyond:
            middle = (stop + beyond) // 2
            if make(_part(forest, start, middle)).height <= highest:
                stop = middle
            else:
                beyond = middle
        scenes.append(make(_part(forest, start, stop)))
        start = stop
    return [
        replace(scene, title=f"{scene.title} ({n} of {len(scenes)})")
        for n, scene in enumerate(scenes, start=1)
    ]


def _part(forest: Forest, start: int, stop: int) -> Forest:
    """Return the rows from `start` to `stop` as a plot of its own, like the whole."""
    blocks = tuple(_blocks(forest, start, stop))
    part = replace(forest, blocks=blocks, whole=forest, first=start)
    if stop == len(forest.rows):
        return part
    part = replace(part, total=None, prediction=None, earlier=(), statistics=(), left_out=())
    return replace(part, notes=(), legend=())


def _blocks(forest: Forest, start: int, stop: int) -> Iterator[Block]:
    first = 0
    for block in forest.blocks:
        last = first + len(block.rows)
        low, high = max(start, first), min(stop, last)
        if low < high or (not block.rows and start <= first < stop):
            again = " (continued)" if block.heading and low > first else ""
            rows = block.rows[low - first : high - first]
            subtotal = block.subtotal if high == last else None
            yield Block(block.heading + again, rows, subtotal)
        first = last
