"""Fills tables of amplitudes, as fine as their interpolation error requires, and caches them.

A class whose interpolation error, measured half way between the rows, stays above ``MAX_ERROR`` of
the rms amplitude after refinement (for example by a jump elsewhere than at broadside) has no table
and is evaluated at every look.

Size is not an axis of a table: objects are enumerated, so each has rows of its own, a thousand
where an axis of sizes would need a plane of them.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple
from weakref import WeakValueDictionary

import numpy as np
from numba import njit
from numpy.typing import NDArray

from simulators.amplitudes.closed_form import over_band
from simulators.amplitudes.tables import BEFORE, Tables, look_up, no_tables, row_count
from simulators.disk_cache import cached, key_of
from simulators.objects.dispatch import KIND_SPHERE, SMALL_AS_SPHERE, amplitude

MAX_ERROR = 1e-3  # of the rms amplitude over the sphere, at the worst angle
MAX_REFINEMENTS = 2  # each halves the step
_CHECKED_OBJECTS = 6
_CHUNK = 25  # objects that a thread tabulates at once

Progress = Callable[[int, int], None]  # objects done, objects in all


class Body(NamedTuple):
    """An object class for a table.

    Attributes:
        kind: The ``kernel_kind`` of the class.
        extent_m: Tip-to-tip extent of the largest object [m]; 0 if all looks are alike.
        sizes: Sizes of its objects, ``(object, size)``.
    """

    kind: int
    extent_m: float
    sizes: NDArray[np.float64]


class Band(NamedTuple):
    """Wavenumbers of a table, and the table of spheres for them.

    Attributes:
        k: Wavenumbers [rad/m], ``(frequency,)``.
        ripple: See ``dispatch.amplitude``.
        smallest_ka: See ``dispatch.amplitude``.
    """

    k: NDArray[np.float64]
    ripple: NDArray[np.complex128]
    smallest_ka: float


# Tables in use, by the keys of their classes, which the generators of one scene share.
_in_use: WeakValueDictionary[tuple[str, ...], NDArray[np.float32]] = WeakValueDictionary()


@njit(cache=True, nogil=True)
def _at_angles(kind, k, sizes, ripple, smallest_ka, angles, out):
    """Set the amplitudes of one object at angles from its axis [rad], ``(angle, frequency)``."""
    for i in range(angles.shape[0]):
        sine, cosine = np.sin(angles[i]), np.cos(angles[i])
        over_band(kind, k, sizes, sine, 0.0, cosine, ripple, smallest_ka, out[i])


@njit(cache=True, nogil=True)
def _fill_rows(kind, k, sizes, ripple, smallest_ka, rows):
    """Fill the rows of some objects: from nose to broadside, then from tail to broadside.

    Before each half, nodes beyond the pole, by symmetry; broadside itself is approached from both
    sides, since the amplitude may jump there.
    """
    half = rows.shape[1] // 2
    steps = half - 1 - BEFORE
    angles = 0.5 * np.pi / steps * np.arange(steps + 1)
    angles[steps] -= 1e-9
    for i in range(rows.shape[0]):
        for tail in range(2):
            part = rows[i, tail * half : (tail + 1) * half]
            aspects = np.pi - angles if tail else angles
            _at_angles(kind, k, sizes[i], ripple, smallest_ka, aspects, part[BEFORE:])
            for j in range(1, BEFORE + 1):
                part[BEFORE - j] = part[BEFORE + j]


@njit(cache=True, nogil=True)
def _worst_error(kind, k, sizes, ripple, smallest_ka, values):
    """Return the largest error half way between an object's rows at one k, over the rms there."""
    steps = values.shape[0] // 2 - 1 - BEFORE
    parts = np.empty(2)
    worst, power, weight = 0.0, 0.0, 0.0
    for j in range(2 * steps):
        angle = (j + 0.5) * 0.5 * np.pi / steps
        sine, cosine = np.sin(angle), np.cos(angle)
        exact = amplitude(kind, k, sizes, sine, 0.0, cosine, ripple, smallest_ka)
        look_up(values, 0, values.shape[0], cosine, parts)
        worst = max(worst, abs(exact - complex(parts[0], parts[1])))
        power += sine * abs(exact) ** 2
        weight += sine
    return worst / np.sqrt(power / weight)


def tabulate(
    bodies: list[Body | None],
    band: Band,
    *,
    max_bytes: int,
    progress: Progress | None = None,
) -> Tables:
    """Return the tables of the classes whose interpolation error passes the gate.

    Args:
        bodies: One for each class; None for a class without table.
        band: Wavenumbers of the tables.
        max_bytes: Limit of all tables; refinements beyond it are not tried.
        progress: Called with (objects done, objects in all).
    """
    tables, spent, frequencies = no_tables(len(bodies), len(band.k)), 0, len(band.k)
    tabulated: list[tuple[Body, int]] = []
    for index, body in enumerate(bodies):
        length = _passing_length(body, band, max_bytes - spent) if body else 0
        if body and length:
            tables.start[index], tables.length[index] = spent // (8 * frequencies), length
            spent += 8 * frequencies * length * len(body.sizes)
            tabulated.append((body, length))
    if not tabulated:
        return tables
    keys = tuple(_key(body, band, length) for body, length in tabulated)
    values = _in_use.get(keys)
    if values is None:
        values = _in_use[keys] = _joined(tabulated, keys, band, progress)
    elif progress:
        total = sum(len(body.sizes) for body, _ in tabulated)
        progress(total, total)
    return tables._replace(values=values)


def _joined(
    tabulated: list[tuple[Body, int]], keys: tuple[str, ...], band: Band, progress: Progress | None
) -> NDArray[np.float32]:
    """Return the rows of all classes, ``(row, 2 frequencies)``."""
    parts, done, total = [], 0, sum(len(body.sizes) for body, _ in tabulated)
    for (body, length), key in zip(tabulated, keys, strict=True):

        def report(objects: int, before: int = done) -> None:
            if progress:
                progress(before + objects, total)

        rows = _rows(body, band, length, key, report)
        parts.append(rows.reshape(-1, len(band.k)).view(np.float32))
        done += len(body.sizes)
        report(0, done)
    return np.concatenate(parts)


def _passing_length(body: Body, band: Band, max_bytes: int) -> int:
    """Return the fewest rows whose error passes the gate; 0 if none do within the budget.

    The error is that at the largest wavenumber, where the amplitude varies fastest over aspect.
    """
    checked = np.unique(np.linspace(0, len(body.sizes) - 1, _CHECKED_OBJECTS).astype(int))
    sizes, k = np.ascontiguousarray(body.sizes[checked]), band.k.max()
    for refinements in range(MAX_REFINEMENTS + 1):
        length = row_count(body.extent_m, 2.0 * np.pi / k, refinements)
        if 8 * len(band.k) * length * len(body.sizes) > max_bytes:
            return 0
        rows = np.empty((len(checked), length, 1), dtype=np.complex64)
        _fill_rows(body.kind, np.array([k]), sizes, band.ripple, band.smallest_ka, rows)
        errors = [
            _worst_error(body.kind, k, of, band.ripple, band.smallest_ka, row.view(np.float32))
            for of, row in zip(sizes, rows, strict=True)
        ]
        if max(errors) <= MAX_ERROR:
            return length
    return 0


def _key(body: Body, band: Band, length: int) -> str:
    """Return the key of a class's rows in the cache."""
    # Amplitudes at a few angles stand for the code that computes the rows.
    probe = np.empty((8, len(band.k)), dtype=np.complex128)
    angles = np.linspace(0.1, 3.0, 8)
    _at_angles(body.kind, band.k, body.sizes[0], band.ripple, band.smallest_ka, angles, probe)
    spheres = body.kind == KIND_SPHERE or body.kind >= SMALL_AS_SPHERE
    series = (band.ripple, band.smallest_ka) if spheres else ()
    parts = ("rows over aspect and frequency", body.kind, band.k, body.sizes, probe, *series)
    return key_of(*parts, length)


def _rows(
    body: Body, band: Band, length: int, key: str, report: Callable[[int], None]
) -> NDArray[np.complex64]:
    """Return the cached rows of all objects of a class, ``(object, row, frequency)``."""
    shape = (len(body.sizes), length, len(band.k))

    def make() -> NDArray[np.complex64]:
        rows = np.empty(shape, dtype=np.complex64)
        pieces = [slice(i, i + _CHUNK) for i in range(0, len(rows), _CHUNK)]

        def fill(piece: slice) -> None:
            sizes = np.ascontiguousarray(body.sizes[piece])
            _fill_rows(body.kind, band.k, sizes, band.ripple, band.smallest_ka, rows[piece])

        with ThreadPoolExecutor(2) as pool:  # the compiled part releases the lock
            for count, _ in enumerate(pool.map(fill, pieces), 1):
                report(min(count * _CHUNK, len(rows)))
        return rows

    return cached(key, shape, np.complex64, make)
