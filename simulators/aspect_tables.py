"""Amplitudes of single objects over aspect and frequency, for bodies with an axis.

The objects of a scene are enumerated, so each has a table of its own: one row an aspect, the
frequencies side by side, so that a look-up reads six short rows. Interpolation is by six points on
either side of the equator, where a body may have an edge between light and dark.

Reference:
    Abramowitz and Stegun, Handbook of Mathematical Functions, 25.2 (Lagrange's formula).
"""

import math
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from simulators.bodies import over_band
from simulators.drawing import draw_sizes
from simulators.objects import KIND_SPHERE, ObjectClass

Progress = Callable[[int, int], None]
LARGEST_ERROR = 1e-3  # of an object's largest amplitude: -60 dB
_POINTS = 6
_PER_WAVELENGTH = 10  # aspects while the two-way path over the body changes by two wavelengths
_PROBES = 48  # aspects where a table is held against the amplitude itself
_DOUBLINGS = 3
_NEARLY = 1e-9  # how far from the equator its two rows are [rad]


class AspectTables(NamedTuple):
    """The tables of all objects, one below the other.

    Attributes:
        values: Real and imaginary parts in turn, float32 ``(row, 2 frequencies)``.
        start: First row of each object, -1 where it has no table, int64 ``(object,)``.
        steps: Intervals of aspect on each side of the equator, int64 ``(object,)``.
    """

    values: NDArray[np.float32]
    start: NDArray[np.int64]
    steps: NDArray[np.int64]


@njit(cache=True, nogil=True)
def _weights(t, weight):
    """Set the weights of Lagrange's formula for a place ``t`` from 0 to 5 between six points."""
    for i in range(_POINTS):
        product = 1.0
        for j in range(_POINTS):
            if j != i:
                product *= (t - j) / (i - j)
        weight[i] = product


@njit(cache=True, nogil=True, fastmath={"contract"})
def interpolate(values, start, steps, uz, weight, parts):
    """Set the amplitudes of an object at all frequencies, from its table.

    Args:
        values: Of an ``AspectTables``.
        start: First row of the object.
        steps: Intervals of aspect on each side of its equator.
        uz: Cosine of the aspect.
        weight: Scratch space, ``(6,)``.
        parts: Is set: real and imaginary parts in turn, ``(2 frequencies,)``.
    """
    place = np.arccos(min(1.0, max(-1.0, uz))) * (2.0 / np.pi) * steps
    if uz <= 0.0:
        start += steps + 1
        place -= steps
    low = min(max(int(place) - 2, 0), steps - _POINTS + 1)
    _weights(place - low, weight)
    a, b, c = values[start + low], values[start + low + 1], values[start + low + 2]
    d, e, f = values[start + low + 3], values[start + low + 4], values[start + low + 5]
    w0, w1, w2, w3, w4, w5 = weight[0], weight[1], weight[2], weight[3], weight[4], weight[5]
    for i in range(parts.shape[0]):
        parts[i] = w0 * a[i] + w1 * b[i] + w2 * c[i] + w3 * d[i] + w4 * e[i] + w5 * f[i]


@njit(cache=True, nogil=True)
def _look(kind, node_k, sizes, aspects, ripple, smallest_ka):
    """Return the amplitudes at each aspect [rad], complex128 ``(aspect, frequency)``."""
    values = np.empty((aspects.shape[0], node_k.shape[0]), dtype=np.complex128)
    for i in range(aspects.shape[0]):
        across, along = np.sin(aspects[i]), np.cos(aspects[i])
        over_band(kind, node_k, sizes, across, 0.0, along, ripple, smallest_ka, values[i])
    return values


@njit(cache=True, nogil=True)
def _interpolated(values, steps, aspects):
    """Return what a table of one object gives at each aspect [rad]."""
    weight, parts = np.empty(_POINTS), np.empty(values.shape[1])
    found = np.empty((aspects.shape[0], values.shape[1] // 2), dtype=np.complex128)
    for i in range(aspects.shape[0]):
        interpolate(values, 0, steps, np.cos(aspects[i]), weight, parts)
        for node in range(found.shape[1]):
            found[i, node] = complex(parts[2 * node], parts[2 * node + 1])
    return found


def fewest_steps(item: ObjectClass, largest_k: float) -> int:
    """Return into how many intervals a quarter turn is divided for the largest object."""
    if item.kind == KIND_SPHERE:
        return _POINTS - 1
    per_radian = _PER_WAVELENGTH * item.largest_extent_m() * largest_k / (2 * math.pi)
    return max(_POINTS - 1, math.ceil(per_radian * math.pi / 2))


class Band(NamedTuple):
    """The frequencies of a table, hashable.

    Attributes:
        node_k: Wavenumbers [rad/m].
        ripple: The bytes of the table of the sphere's exact series, see ``bodies.amplitude``.
        smallest_ka: Where that table starts.
    """

    node_k: tuple[float, ...]
    ripple: bytes
    smallest_ka: float


_kept: dict[tuple[Any, ...], AspectTables] = {}


def aspect_tables(
    items: tuple[ObjectClass, ...],
    per_class: int,
    seed: int,
    band: Band,
    *,
    most_mib: int,
    progress: Progress | None = None,
) -> AspectTables:
    """Return the tables of all objects of a scene that have an axis.

    An object whose amplitude changes too fast for a table, or jumps, has none. The tables of two
    scenes are kept, so that the generators of a scene share theirs.

    Args:
        items: The object classes.
        per_class: Objects of each class; 0, a new one in every example, has no tables.
        seed: Seed that their sizes are drawn with.
        band: The frequencies.
        most_mib: Most memory that they may take [MiB]; 0 makes none.
        progress: Called with (objects done, objects in all).

    Raises:
        ValueError: If the tables would take more memory.
    """
    if not per_class or not most_mib:
        return no_tables(len(band.node_k))
    _check_memory(items, per_class, band, most_mib)
    key = (items, per_class, seed, band)
    found = _kept.get(key)
    if found is None:
        found = _made(items, per_class, seed, band, progress)
        for oldest in list(_kept)[1:]:
            _kept.pop(oldest, None)
        _kept[key] = found
    return found


def _made(
    items: tuple[ObjectClass, ...],
    per_class: int,
    seed: int,
    band: Band,
    progress: Progress | None,
) -> AspectTables:
    start = np.full(len(items) * per_class, -1, dtype=np.int64)
    steps = np.zeros(len(items) * per_class, dtype=np.int64)
    numbers = [
        label * per_class + member
        for label, item in enumerate(items)
        if item.axisymmetric or item.kind == KIND_SPHERE
        for member in range(per_class)
    ]

    def build(number: int) -> NDArray[np.float32] | None:
        return _table(items[number // per_class], number, seed, band)

    parts, row = [np.empty((0, 2 * len(band.node_k)), dtype=np.float32)], 0
    done = 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # the compiled parts release the lock
        for number, values in zip(numbers, pool.map(build, numbers), strict=True):
            done += items[number // per_class].kind != KIND_SPHERE  # spheres take no time
            if progress:
                progress(done, len(numbers))
            if values is not None:
                start[number], steps[number] = row, len(values) // 2 - 1
                row += len(values)
                parts.append(values)
    return AspectTables(np.concatenate(parts), start, steps)


def no_tables(frequencies: int) -> AspectTables:
    """Return tables without any object."""
    nothing = np.zeros(0, dtype=np.int64)
    return AspectTables(np.empty((0, 2 * frequencies), dtype=np.float32), nothing, nothing)


def _check_memory(
    items: tuple[ObjectClass, ...], per_class: int, band: Band, most_mib: int
) -> None:
    rows = sum(2 * fewest_steps(item, max(band.node_k)) + 2 for item in items if item.axisymmetric)
    each_mib = max(rows * 8 * len(band.node_k), 1) / 2**20
    if per_class * each_mib > most_mib:
        raise ValueError(
            f"table_mib is {most_mib}: tables over aspect and frequency of {per_class:,} objects a "
            f"class take {per_class * each_mib:,.0f} MiB. Set objects_per_class to "
            f"{int(most_mib / each_mib):,} or less, or raise table_mib; table_mib = 0 evaluates "
            "every look instead, and is slower"
        )


def _table(item: ObjectClass, number: int, seed: int, band: Band) -> NDArray[np.float32] | None:
    """Return the table of object ``number``, of class ``item``; None if none is accurate."""
    columns = np.array(item.columns(), dtype=np.float64)
    sizes = np.empty(len(columns))
    draw_sizes(columns, np.uint64(seed), 0, np.uint64(number), sizes)
    drawn = zip(item.size_names, sizes.tolist(), strict=False)
    steps = fewest_steps(
        replace(item, **{name: (size, size) for name, size in drawn}), max(band.node_k)
    )
    node_k, ripple = np.array(band.node_k), np.frombuffer(band.ripple, dtype=np.complex128)

    def look(aspects: NDArray[np.float64]) -> NDArray[np.complex128]:
        return _look(item.kernel_kind, node_k, sizes, aspects, ripple, band.smallest_ka)

    for _ in range(_DOUBLINGS):
        quarter = np.linspace(0.0, np.pi / 2, steps + 1)
        north = np.minimum(quarter, np.pi / 2 - _NEARLY)
        south = np.maximum(quarter + np.pi / 2, np.pi / 2 + _NEARLY)
        values = look(np.concatenate([north, south])).astype(np.complex64).view(np.float32)
        between = np.pi / 2 / steps * (np.arange(_PROBES) * 2 * steps // _PROBES + 0.5)
        misses = np.abs(_interpolated(values, steps, between) - look(between))
        if misses.max() <= LARGEST_ERROR * np.abs(values).max():
            return values
        steps *= 2
    return None
