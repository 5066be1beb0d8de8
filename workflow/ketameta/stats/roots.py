"""Roots of many one-dimensional equations at once, between brackets."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ketameta.stats.sums import Floats, Rows

STEPS = 200


def bracketed(
    f: Callable[[Floats, Rows], Floats], lo: Floats, hi: Floats, flo: Floats, fhi: Floats
) -> Floats:
    """Return x between lo and hi with f(x) = 0, each pair of ends of opposite sign.

    `f(x, rows)` evaluates the equations `rows` at x. Inverse quadratic steps where they are
    trustworthy, else bisection (Chandrupatla 1997): the bracket always holds the root, and the
    search ends at rounding. An end that is itself a root is returned.
    """
    x1, x2, f1, f2 = (np.array(a, dtype=float) for a in (lo, hi, flo, fhi))
    out = np.where(np.abs(f1) < np.abs(f2), x1, x2)
    rows = np.flatnonzero((f1 != 0.0) & (f2 != 0.0))
    x1, x2, f1, f2 = x1[rows], x2[rows], f1[rows], f2[rows]
    share = np.full(rows.size, 0.5)
    for _ in range(STEPS):
        if not rows.size:
            break
        x = x1 + share * (x2 - x1)
        fx = f(x, rows)
        same = np.sign(fx) == np.sign(f1)
        # x replaces x1; the third point is the one that x drove out.
        x3, f3 = np.where(same, x1, x2), np.where(same, f1, f2)
        x2, f2 = np.where(same, x2, x1), np.where(same, f2, f1)
        x1, f1 = x, fx
        nearest = np.where(np.abs(f1) < np.abs(f2), x1, x2)
        out[rows] = nearest
        least = 2.0 * np.finfo(float).eps * np.abs(nearest) / np.abs(x2 - x1).clip(1e-300)
        keep = (least <= 0.5) & (f1 != 0.0)
        rows, x1, x2, x3, f1, f2, f3, least = (
            a[keep] for a in (rows, x1, x2, x3, f1, f2, f3, least)
        )
        share = np.clip(_share((x1, x2, x3), (f1, f2, f3)), least, 1.0 - least)
    return out


def _share(x: tuple[Floats, Floats, Floats], f: tuple[Floats, Floats, Floats]) -> Floats:
    """Return how far between x1 and x2 to look next: inverse quadratic where it is safe."""
    (x1, x2, x3), (f1, f2, f3) = x, f
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        xi, phi = (x1 - x2) / (x3 - x2), (f1 - f2) / (f3 - f2)
        safe = (phi * phi < xi) & ((1.0 - phi) ** 2 < 1.0 - xi)
        inverse = f1 / (f1 - f2) * f3 / (f3 - f2)
        inverse += f1 / (f1 - f3) * f2 / (f2 - f3) * (x3 - x1) / (x2 - x1)
    return np.where(safe & np.isfinite(inverse), inverse, 0.5)
