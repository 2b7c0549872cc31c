"""Amplitudes of closed-form bodies along a dwell and over a band, and their table of spheres."""

from collections.abc import Sequence

import numpy as np
from numba import njit
from numpy.typing import NDArray

from simulators.objects.base import ObjectClass
from simulators.objects.dispatch import (
    CUBESAT_SIDES_M,
    KIND_BOX,
    KIND_CUBESAT,
    KIND_PLATE,
    KIND_SATELLITE,
    KIND_SPHERE,
    SMALL_AS_SPHERE,
    amplitude,
    mean_extent,
    smallest_size,
)
from simulators.scattering.closed_forms import elementary, flat_parts, mie
from simulators.scattering.closed_forms.elementary import RIPPLE_STEP
from simulators.scattering.validity import MIN_KA


def ripple_table(
    objects: Sequence[ObjectClass], wavenumber: float, highest: float | None = None
) -> tuple[NDArray[np.complex128], float]:
    """Return the table of ``amplitude`` for spheres, and its first k a.

    It covers the spheres among the object classes and the small objects that are replaced by
    spheres; it is empty if there are neither.

    Args:
        objects: The object classes.
        wavenumber: The wavenumber [rad/m], or the lowest of a band.
        highest: The highest wavenumber of a band [rad/m].
    """
    ends = [
        0.5 * k * item.mean_extent_m(end)
        for item in objects
        if item.kind == KIND_SPHERE or item.kernel_kind != item.kind
        for end, k in ((0, wavenumber), (1, highest or wavenumber))
    ]
    if not ends:
        return np.zeros(0, dtype=np.complex128), 0.0
    smallest = min(ends)
    largest = max(smallest, min(max(ends), mie.MAX_KA))
    return mie.ripple_table(smallest, largest, RIPPLE_STEP), smallest


@njit(cache=True, nogil=True)
def amplitudes_along(kind, k, sizes, directions, ripple, smallest_ka, echo):
    """Set ``echo`` to the amplitudes [m] of a body along a dwell, as ``amplitude`` gives them.

    Args:
        kind: See ``amplitude``.
        k: Wavenumber [rad/m].
        sizes: See ``amplitude``.
        directions: Directions to the radar in the body's frame, ``(3, steps)``.
        ripple: See ``amplitude``.
        smallest_ka: See ``amplitude``.
        echo: Set in place, complex128 ``(steps,)``.
    """
    if kind == KIND_SPHERE:
        same = amplitude(kind, k, sizes, 0.0, 0.0, 1.0, ripple, smallest_ka)
        for n in range(echo.shape[0]):  # no slice: a device's kernel takes this function too
            echo[n] = same
    elif kind == KIND_PLATE:
        flat_parts.plate_along(k, sizes[0], sizes[1], directions, echo)
    elif kind == KIND_BOX:
        flat_parts.box_along(k, sizes[0], sizes[1], sizes[2], directions, echo)
    elif kind == KIND_CUBESAT:
        form = int(sizes[0])
        width, height = CUBESAT_SIDES_M[form, 0], CUBESAT_SIDES_M[form, 1]
        flat_parts.box_along(k, width, height, CUBESAT_SIDES_M[form, 2], directions, echo)
    elif kind == KIND_SATELLITE:
        flat_parts.satellite_along(k, sizes[0], sizes[1], sizes[2], sizes[3], directions, echo)
    else:
        for n in range(echo.shape[0]):
            ux, uy, uz = directions[0, n], directions[1, n], directions[2, n]
            echo[n] = amplitude(kind, k, sizes, ux, uy, uz, ripple, smallest_ka)


@njit(cache=True, nogil=True)
def over_band(kind, k, sizes, ux, uy, uz, ripple, smallest_ka, values):
    """Set ``values``, ``(f,)``, to the amplitudes [m] of a body at all wavenumbers of a band.

    The band has one method: an object too small for physical optics at the lowest wavenumber is a
    sphere at all of them, if its class replaces small objects by spheres.

    Args:
        kind: See ``amplitude``.
        k: Wavenumbers [rad/m], ``(f,)``.
        sizes: See ``amplitude``.
        ux: See ``amplitude``.
        uy: See ``amplitude``.
        uz: See ``amplitude``.
        ripple: See ``amplitude``.
        smallest_ka: See ``amplitude``.
        values: Set in place, complex128 ``(f,)``.
    """
    if kind >= SMALL_AS_SPHERE:
        kind -= SMALL_AS_SPHERE
        if k.min() * smallest_size(kind, sizes) < MIN_KA:
            radius = 0.5 * mean_extent(kind, sizes)
            for f in range(k.shape[0]):
                values[f] = elementary.sphere(k[f], radius, ripple, smallest_ka, RIPPLE_STEP)
            return
    for f in range(k.shape[0]):
        values[f] = amplitude(kind, k[f], sizes, ux, uy, uz, ripple, smallest_ka)
