"""How large a body is, from its kind and sizes: compiled, for the kernel and the checks alike."""

import numpy as np
from numba import njit

from simulators.objects.kernel_ids import (
    KIND_BOX,
    KIND_CONE_CYLINDER,
    KIND_CUBESAT,
    KIND_DIHEDRAL,
    KIND_DISC,
    KIND_ELLIPSOID,
    KIND_FRAGMENT,
    KIND_FRUSTUM,
    KIND_PLATE,
    KIND_ROCKET_BODY,
    KIND_SATELLITE,
    KIND_SPHERE,
    KIND_TRIHEDRAL,
)

CUBESAT_UNITS = (1, 2, 3, 6, 12)
# Width, height and depth [m] of these forms, by the CubeSat Design Specification, rev. 14.1.
CUBESAT_SIDES_M = np.array(
    [
        (0.1, 0.1, 0.1135),
        (0.1, 0.1, 0.227),
        (0.1, 0.1, 0.3405),
        (0.1, 0.2263, 0.366),
        (0.2263, 0.2263, 0.366),
    ]
)


@njit(cache=True, nogil=True)
def smallest_size(kind, sizes):
    """Return the smallest length among a body's sizes [m], the one that k a is judged by."""
    if kind == KIND_SPHERE or kind == KIND_DISC or kind == KIND_TRIHEDRAL:
        return sizes[0]
    if kind == KIND_CUBESAT:
        return CUBESAT_SIDES_M[int(sizes[0]), 0]
    smallest = min(sizes[0], sizes[1])
    if (
        kind == KIND_ELLIPSOID
        or kind == KIND_BOX
        or kind == KIND_SATELLITE
        or kind == KIND_ROCKET_BODY
        or kind == KIND_FRUSTUM
        or kind == KIND_CONE_CYLINDER
    ):
        smallest = min(smallest, sizes[2])
    if kind == KIND_SATELLITE or kind == KIND_ROCKET_BODY:
        smallest = min(smallest, sizes[3])
    return smallest


@njit(cache=True, nogil=True)
def _extent_sum(kind, sizes):
    """Return the sum of a body's three extents along its axes [m]."""
    a, b, c = sizes[0], sizes[1], sizes[2]
    if kind == KIND_PLATE or kind == KIND_FRAGMENT:
        return a + b
    if kind == KIND_DISC:
        return 4.0 * a
    if kind == KIND_ELLIPSOID:
        return 2.0 * (a + b + c)
    if kind == KIND_BOX:
        return a + b + c
    if kind == KIND_CUBESAT:
        sides = CUBESAT_SIDES_M[int(a)]
        return sides[0] + sides[1] + sides[2]
    if kind == KIND_SATELLITE:
        return a + 2.0 * b + max(a, c) + a + 0.5 * sizes[3]
    if kind == KIND_ROCKET_BODY:
        return 4.0 * a + b + a + sizes[3]
    if kind == KIND_FRUSTUM:
        return 4.0 * max(a, b) + c
    if kind == KIND_CONE_CYLINDER:
        return 4.0 * a + b + c
    if kind == KIND_DIHEDRAL:
        return np.sqrt(4.5) * a + b
    if kind == KIND_TRIHEDRAL:
        return 3.0 * a
    return 4.0 * a + b  # a cylinder or a cone


@njit(cache=True, nogil=True)
def mean_extent(kind, sizes):
    """Return the mean of a body's three extents [m], NASA's characteristic length."""
    if kind == KIND_SPHERE:
        return 2.0 * sizes[0]
    return _extent_sum(kind, sizes) / 3.0
