"""Amplitudes of enumerated bodies of revolution, tabulated over the aspect angle.

Each object of a class has one row of complex64 at equal steps of the angle between its axis and
the radar: one half from the nose to broadside, one from the tail, since a dome or a flat end may
come into the light at broadside. Six-point Lagrange interpolation reads it; beyond the poles a row
goes on by symmetry. A class whose interpolation error, measured
half way between the nodes, stays above ``LARGEST_ERROR`` of the rms amplitude after refinement (a
jump elsewhere does that) is not tabulated but evaluated at every look.

Size is no axis of the table: objects are enumerated, so each has a row of its own, a thousand
entries where the scaling law would need a plane of them.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from simulators.bodies import amplitude
from simulators.scattering.cache import cached
from simulators.turns import arc_cosine

NODES_PER_CYCLE = 12  # of the phase of the body's farthest tip
LARGEST_ERROR = 1e-3  # of the rms amplitude over the sphere, at the worst angle
MOST_REFINEMENTS = 2  # each halves the step
_NODES = 6  # that the interpolation reads
_BEFORE = 2  # of them before the step that it is for
_CHECKED_OBJECTS = 6
_CHUNK = 25  # objects that a thread tabulates at a time

Progress = Callable[[int, int], None]  # objects done, objects in all


class Tables(NamedTuple):
    """Rows of all classes, as the kernels read them.

    Attributes:
        values: The rows one after another, complex64.
        start: Where each class begins in ``values``, int64 ``(class,)``; -1 is not tabulated.
        length: Entries of a row of each class, int64 ``(class,)``.
    """

    values: NDArray[np.complex64]
    start: NDArray[np.int64]
    length: NDArray[np.int64]


def no_tables(classes: int) -> Tables:
    """Return tables that hold no class."""
    empty = np.zeros(classes, dtype=np.int64)
    return Tables(np.zeros(0, dtype=np.complex64), empty - 1, empty)


def row_length(extent_m: float, wavelength_m: float, refinements: int = 0) -> int:
    """Return the entries of a row: steps of wavelength / (12 D) over half a turn, in two halves."""
    steps = int(np.ceil(0.5 * np.pi * NODES_PER_CYCLE * extent_m / wavelength_m)) << refinements
    return 2 * (max(steps, 16) + 1 + _BEFORE)


@njit(cache=True, nogil=True)
def _between(values, first, t):
    """Return the value a fraction ``t`` of a step beyond the third of six nodes."""
    a, b, c, d, e, f = t + 2.0, t + 1.0, t, t - 1.0, t - 2.0, t - 3.0
    ab, cd, ef = a * b, c * d, e * f
    w0 = -b * cd * ef / 120.0
    w1 = a * cd * ef / 24.0
    w2 = -ab * d * ef / 12.0
    w3 = ab * c * ef / 12.0
    w4 = -ab * cd * f / 24.0
    w5 = ab * cd * e / 120.0
    v0, v1, v2 = values[first], values[first + 1], values[first + 2]
    v3, v4, v5 = values[first + 3], values[first + 4], values[first + 5]
    return complex(
        w0 * v0.real + w1 * v1.real + w2 * v2.real + w3 * v3.real + w4 * v4.real + w5 * v5.real,
        w0 * v0.imag + w1 * v1.imag + w2 * v2.imag + w3 * v3.imag + w4 * v4.imag + w5 * v5.imag,
    )


@njit(cache=True, nogil=True)
def _place(steps, cosine):
    """Return where in a row the six nodes about an aspect begin, and how far on it lies."""
    position = arc_cosine(abs(cosine)) * (steps / (0.5 * np.pi))
    first = min(int(position), steps + 1 + _BEFORE - _NODES)
    t = position - first
    return first + (steps + 1 + _BEFORE if cosine < 0.0 else 0), t


@njit(cache=True, nogil=True)
def look_up(values, start, length, cosine):
    """Return the amplitude at an aspect, given by the cosine of its angle from the z axis.

    Args:
        values: See ``Tables``.
        start: Where the object's row begins.
        length: Entries of the row.
        cosine: Third component of the direction to the radar.
    """
    first, t = _place(length // 2 - 1 - _BEFORE, cosine)
    return _between(values, start + first, t)


@njit(cache=True, nogil=True)
def _at_angles(kind, k, sizes, ripple, smallest_ka, angles, out):
    """Set the amplitudes of one object at angles from its axis [rad]."""
    for i in range(angles.shape[0]):
        out[i] = amplitude(
            kind, k, sizes, np.sin(angles[i]), 0.0, np.cos(angles[i]), ripple, smallest_ka
        )


@njit(cache=True, nogil=True)
def _fill_rows(kind, k, sizes, ripple, smallest_ka, rows):
    """Fill the rows of some objects: from nose to broadside, then from tail to broadside.

    Before each half, nodes beyond the pole, by symmetry; broadside itself is approached from both
    sides, since the amplitude may jump there.
    """
    half = rows.shape[1] // 2
    steps = half - 1 - _BEFORE
    angles = 0.5 * np.pi / steps * np.arange(steps + 1)
    angles[steps] -= 1e-9
    for i in range(rows.shape[0]):
        for tail in range(2):
            row = rows[i, tail * half : (tail + 1) * half]
            aspects = np.pi - angles if tail else angles
            _at_angles(kind, k, sizes[i], ripple, smallest_ka, aspects, row[_BEFORE:])
            for j in range(1, _BEFORE + 1):
                row[_BEFORE - j] = row[_BEFORE + j]


@njit(cache=True, nogil=True)
def _worst_error(kind, k, sizes, ripple, smallest_ka, row):
    """Return the largest error half way between the nodes of a row, over the rms amplitude."""
    steps = row.shape[0] // 2 - 1 - _BEFORE
    worst, power, weight = 0.0, 0.0, 0.0
    for j in range(2 * steps):
        angle = (j + 0.5) * 0.5 * np.pi / steps
        sine, cosine = np.sin(angle), np.cos(angle)
        exact = amplitude(kind, k, sizes, sine, 0.0, cosine, ripple, smallest_ka)
        worst = max(worst, abs(exact - look_up(row, 0, row.shape[0], cosine)))
        power += sine * abs(exact) ** 2
        weight += sine
    return worst / np.sqrt(power / weight)


@njit(cache=True, nogil=True)
def look_up_all(values, start, length, directions, echo):
    """Set ``echo`` to the amplitudes of one object along a dwell, as ``look_up`` gives them.

    Args:
        values: See ``Tables``.
        start: Where the object's row begins.
        length: Entries of the row.
        directions: Directions to the radar, ``(3, steps)``; the first two rows are scratch space.
        echo: Is set, complex128 ``(steps,)``.
    """
    steps = length // 2 - 1 - _BEFORE
    for n in range(echo.shape[0]):
        directions[0, n], directions[1, n] = _place(steps, directions[2, n])
    for n in range(echo.shape[0]):
        echo[n] = _between(values, start + int(directions[0, n]), directions[1, n])


class Body(NamedTuple):
    """A class to tabulate: its kind, its largest extent [m], and its objects' sizes [m]."""

    kind: int
    extent_m: float
    sizes: NDArray[np.float64]


def tabulate(
    bodies: list[Body | None],
    k: float,
    ripple: NDArray[np.complex128],
    smallest_ka: float,
    *,
    most_bytes: int,
    progress: Progress | None = None,
) -> Tables:
    """Return the tables of the classes that are given and that pass the gate.

    Args:
        bodies: One for each class; None is not tabulated.
        k: Wavenumber [rad/m].
        ripple: See ``bodies.amplitude``.
        smallest_ka: See ``bodies.amplitude``.
        most_bytes: A refinement that would make the tables larger than this is not made.
        progress: Called with (objects done, objects in all).
    """
    parts, spent = [], 0
    objects, done = sum(len(body.sizes) for body in bodies if body), 0
    tables = no_tables(len(bodies))
    for index, body in enumerate(bodies):
        if body is None:
            continue
        length = _passing_length(body, k, ripple, smallest_ka, most_bytes - spent)
        if length:
            already = done

            def told(rows: int, already: int = already) -> None:
                if progress:
                    progress(already + rows, objects)

            rows = _rows(body, k, ripple, smallest_ka, length, told)
            tables.start[index], tables.length[index] = spent // 8, length
            parts.append(rows.ravel())
            spent += rows.nbytes
        done += len(body.sizes)
        if progress:
            progress(done, objects)
    return tables._replace(values=np.concatenate([tables.values, *parts]))


def _passing_length(
    body: Body, k: float, ripple: NDArray[np.complex128], smallest_ka: float, most_bytes: int
) -> int:
    """Return the shortest row whose error passes the gate; 0 if none does within the budget."""
    chosen = np.unique(np.linspace(0, len(body.sizes) - 1, _CHECKED_OBJECTS).astype(int))
    for refinements in range(MOST_REFINEMENTS + 1):
        length = row_length(body.extent_m, 2.0 * np.pi / k, refinements)
        if 8 * length * len(body.sizes) > most_bytes:
            return 0
        rows = np.empty((len(chosen), length), dtype=np.complex64)
        sizes = np.ascontiguousarray(body.sizes[chosen])
        _fill_rows(body.kind, k, sizes, ripple, smallest_ka, rows)
        errors = [
            _worst_error(body.kind, k, of, ripple, smallest_ka, row)
            for of, row in zip(sizes, rows, strict=True)
        ]
        if max(errors) <= LARGEST_ERROR:
            return length
    return 0


def _rows(
    body: Body,
    k: float,
    ripple: NDArray[np.complex128],
    smallest_ka: float,
    length: int,
    told: Callable[[int], None],
) -> NDArray[np.complex64]:
    """Return the rows of all objects of a class, ``(object, length)``, kept on disk."""

    def make() -> NDArray[np.complex64]:
        rows = np.empty((len(body.sizes), length), dtype=np.complex64)
        pieces = [slice(i, i + _CHUNK) for i in range(0, len(rows), _CHUNK)]

        def fill(piece: slice) -> None:
            sizes = np.ascontiguousarray(body.sizes[piece])
            _fill_rows(body.kind, k, sizes, ripple, smallest_ka, rows[piece])

        with ThreadPoolExecutor(2) as pool:
            for count, _ in enumerate(pool.map(fill, pieces), 1):
                told(min(count * _CHUNK, len(rows)))
        return rows

    # Amplitudes at a few angles stand for the code that made the rows.
    probe = np.empty(8, dtype=np.complex128)
    angles = np.linspace(0.1, 3.0, 8)
    _at_angles(body.kind, k, body.sizes[0], ripple, smallest_ka, angles, probe)
    parts = ("rows over aspect", body.kind, k, body.sizes, probe)
    return cached(parts, (len(body.sizes), length), np.complex64, make)
