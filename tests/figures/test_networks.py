"""The picture of a network: every disc and line is there, and no label meets another."""

import math
from itertools import combinations

import pytest

from ketameta.figures.bubbles import NARROW, WIDE
from ketameta.figures.networks import Disc, Joined, Plan, draw_network
from ketameta.figures.scene import Circle, Line, Text, flat, to_svg

LONG = "a name of four words or of five in all"


def plan_of(nodes, lines, label="Node {}", apart=()):
    discs = [Disc(label.format(n), 50.0 * n, f"disc {n}", n == 0, n in apart) for n in range(nodes)]
    joined = [Joined(a, b, k, f"line {a} {b}") for a, b, k in lines]
    return Plan("A network", "What is joined.", tuple(discs), tuple(joined), ("What areas are.",))


def every(nodes):
    return [(a, b, 1 + (a + b) % 7) for a, b in combinations(range(nodes), 2)]


@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("nodes", [2, 3, 5, 8, 12])
def test_names_meet_no_other_and_stay_within(nodes, width, collisions, outside):
    for label in ("Node {}", LONG):
        scene = draw_network(plan_of(nodes, every(nodes)[:1], label), width)
        assert collisions(scene) == []
        assert outside(scene) == []
        assert scene.width == width


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_every_disc_and_line_is_told(width):
    plan = plan_of(6, every(6))
    scene = draw_network(plan, width)
    text = to_svg(scene, "x")
    assert all(f"<title>{one.tooltip}</title>" in text for one in (*plan.discs, *plan.joined))
    lines = [shape for shape in flat(scene.shapes) if isinstance(shape, Line)]
    assert len(lines) == 15
    assert len({round(line.width, 6) for line in lines}) == len({one.trials for one in plan.joined})
    numbers = [
        s for s in flat(scene.shapes) if isinstance(s, Text) and not s.bold and s.role == "ink"
    ]
    assert sorted(int(s.text) for s in numbers) == sorted(one.trials for one in plan.joined)


def test_numbers_of_lines_that_cross_stand_apart():
    # all through the centre of the ring
    scene = draw_network(plan_of(8, [(0, 4, 3), (1, 5, 1), (2, 6, 2), (3, 7, 5)]), NARROW)
    places = [(s.x, s.y) for s in flat(scene.shapes) if isinstance(s, Text) and s.text.isdigit()]
    assert len(places) == 4
    assert all(math.dist(a, b) > 16 for a, b in combinations(places, 2))


def test_areas_follow_people_and_what_is_apart_looks_so_without_colour():
    scene = draw_network(plan_of(4, [(0, 1, 1), (2, 3, 1)], apart=(2, 3)))
    discs = [
        s for s in flat(scene.shapes) if isinstance(s, Circle) and s.role in ("mark", "predict")
    ]
    radii = sorted(disc.radius for disc in discs if not disc.ring)
    assert radii[-1] ** 2 / radii[-2] ** 2 == pytest.approx(150 / 100)
    dashed = [bool(s.dash) for s in flat(scene.shapes) if isinstance(s, Line)]
    assert sorted(dashed) == [False, True]
    assert sum(isinstance(s, Circle) and s.ring for s in flat(scene.shapes)) == 1
