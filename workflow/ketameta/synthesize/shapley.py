"""Which choice matters: the shares of choices in the variance of a full grid of estimates."""

from __future__ import annotations

from math import factorial

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def without_gaps(values: Floats) -> tuple[Floats, list[tuple[int, int]]]:
    """Return a grid without the options that leave gaps in it, NaN; and these as (axis, option).

    The option that does so most often goes first; the first of an axis stays.
    """
    gone: list[tuple[int, int]] = []
    kept = [[*range(length)] for length in values.shape]
    while np.isnan(values).any():
        lost = [
            (float(np.isnan(values.take(option, axis)).mean()), axis, option)
            for axis, length in enumerate(values.shape)
            for option in range(1, length)
        ]
        _, axis, option = max(lost)
        values = np.delete(values, option, axis)
        gone.append((axis, kept[axis].pop(option)))
    return values, gone


def shapley(values: Floats) -> list[float | None]:
    """Return the Shapley share of each axis of a full grid in the variance of its values.

    The variance of the means given some axes is what these explain together; the Shapley value of
    an axis is what it adds, averaged over all orders (Owen 2014, SIAM/ASA Journal on Uncertainty
    Quantification 2:245). None for an axis of one option, and for all where nothing varies.
    """
    long = [i for i, length in enumerate(values.shape) if length > 1]
    found: list[float | None] = [0.0 if i in long else None for i in range(values.ndim)]
    whole = float(values.var())
    if whole <= 1e-24 * float(np.square(values).max()):
        return [None] * values.ndim
    for i in reversed(long):
        first = values.take([0], i)
        if (values == first).all():
            values = first
    moving = [i for i in long if values.shape[i] > 1]
    n = len(moving)
    explained = _explained(values.reshape([values.shape[i] for i in moving]))
    masks = np.arange(1 << n)
    size = np.array([mask.bit_count() for mask in masks.tolist()])
    weight = np.array(
        [factorial(s) * factorial(max(n - s - 1, 0)) / factorial(n) for s in range(n + 1)]
    )
    for place, axis in enumerate(moving):
        without = masks[(masks >> place) & 1 == 0]
        added = explained[without | 1 << place] - explained[without]
        found[axis] = float((weight[size[without]] * added).sum() / whole)
    return found


def _explained(values: Floats) -> Floats:
    """Return the variance of the means given each set of axes, by the sum of 2 to their numbers."""
    n = values.ndim
    found = np.zeros(1 << n)
    # means over more and more axes; an axis is only ever left out behind those left out before
    todo = [(values, 0, (1 << n) - 1)]
    while todo:
        means, start, given = todo.pop()
        found[given] = means.var()
        for axis in range(start, n):
            todo.append((means.mean(axis=axis, keepdims=True), axis + 1, given & ~(1 << axis)))
    return found
