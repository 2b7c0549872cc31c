"""Tables of amplitudes over aspect and frequency, and their interpolation in the kernels.

Each object of a class has a block of rows at equal steps of the angle between its axis and the
radar, in two halves: one from the nose to broadside, one from the tail, since a dome or a flat end
may become lit at broadside. A row holds the amplitude at each frequency (a dwell has one), and a
look reads six rows by six-point Lagrange interpolation. Rows beyond the poles follow by symmetry.
``tabulate`` fills them.

Reference:
    Abramowitz and Stegun, Handbook of Mathematical Functions, 25.2 (Lagrange's formula).
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from simulators.fast_trig import arc_cosine
from simulators.numba_options import UNCOUNTED

NODES_PER_CYCLE = 12  # of the phase of the body's farthest tip
BEFORE = 2  # rows before the step that an interpolation is for, hence beyond the pole
_NODES = 6  # of the interpolation
_MIN_STEPS = 16


class Tables(NamedTuple):
    """Rows of all classes, object after object.

    Attributes:
        values: Real and imaginary parts in turn, float32 ``(row, 2 frequencies)``.
        start: First row of each class, int64 ``(class,)``; -1 if it has no table.
        length: Rows of each object of a class, int64 ``(class,)``.
    """

    values: NDArray[np.float32]
    start: NDArray[np.int64]
    length: NDArray[np.int64]


def no_tables(classes: int, frequencies: int = 1) -> Tables:
    """Return tables that hold no class."""
    empty = np.zeros(classes, dtype=np.int64)
    return Tables(np.zeros((0, 2 * frequencies), dtype=np.float32), empty - 1, empty)


def row_count(extent_m: float, wavelength_m: float, refinements: int = 0) -> int:
    """Return an object's number of rows, at steps of wavelength / (12 extent) in two halves."""
    steps = int(np.ceil(0.5 * np.pi * NODES_PER_CYCLE * extent_m / wavelength_m)) << refinements
    return 2 * (max(steps, _MIN_STEPS) + 1 + BEFORE)


@njit(**UNCOUNTED, forceinline=True)
def _weights(t):
    """Return the weights of six nodes a fraction ``t`` of a step beyond the third."""
    a, b, c, d, e, f = t + 2.0, t + 1.0, t, t - 1.0, t - 2.0, t - 3.0
    ab, cd, ef = a * b, c * d, e * f
    return (
        -b * cd * ef / 120.0,
        a * cd * ef / 24.0,
        -ab * d * ef / 12.0,
        ab * c * ef / 12.0,
        -ab * cd * f / 24.0,
        ab * cd * e / 120.0,
    )


@njit(**UNCOUNTED, forceinline=True)
def _place(steps, cosine):
    """Return the first of the six nodes about an aspect, and its position between them."""
    position = arc_cosine(abs(cosine)) * (steps / (0.5 * np.pi))
    first = min(int(position), steps + 1 + BEFORE - _NODES)
    t = position - first
    return first + (steps + 1 + BEFORE if cosine < 0.0 else 0), t


@njit(**UNCOUNTED, forceinline=True)
def _part(values, first, column, weights):
    """Return one part of an amplitude, interpolated between six rows."""
    w0, w1, w2, w3, w4, w5 = weights
    return (
        w0 * values[first, column]
        + w1 * values[first + 1, column]
        + w2 * values[first + 2, column]
        + w3 * values[first + 3, column]
        + w4 * values[first + 4, column]
        + w5 * values[first + 5, column]
    )


@njit(**UNCOUNTED)
def look_up(values, start, length, cosine, parts):
    """Set the amplitudes of an object at an aspect, at all frequencies.

    Args:
        values: See ``Tables``.
        start: First row of the object.
        length: Number of its rows.
        cosine: Cosine of the angle between its z axis and the radar.
        parts: Set in place: real and imaginary parts in turn, ``(2 frequencies,)``.
    """
    first, t = _place(length // 2 - 1 - BEFORE, cosine)
    low, weights = start + first, _weights(t)
    for column in range(parts.shape[0]):
        parts[column] = _part(values, low, column, weights)


@njit(**UNCOUNTED)
def look_up_all(values, start, length, directions, echo):
    """Set ``echo`` to the amplitudes of one object along a dwell, at the first frequency.

    Args:
        values: See ``Tables``.
        start: First row of the object.
        length: Number of its rows.
        directions: Directions to the radar, ``(3, steps)``; the first two rows are scratch space.
        echo: Set in place, complex128 ``(steps,)``.
    """
    steps = length // 2 - 1 - BEFORE
    for n in range(echo.shape[0]):
        directions[0, n], directions[1, n] = _place(steps, directions[2, n])
    for n in range(echo.shape[0]):
        low, weights = start + int(directions[0, n]), _weights(directions[1, n])
        echo[n] = complex(_part(values, low, 0, weights), _part(values, low, 1, weights))
