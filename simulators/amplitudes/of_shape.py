"""What the compiled generator asks of a body: its amplitude in a direction, and its inertia.

Both dispatch on the kind of object class. They allocate nothing and call compiled functions alone,
so that the generator's kernels may call them per sample on any processor.
"""

from collections.abc import Sequence

import numpy as np
from numba import njit
from numpy.typing import NDArray

from simulators.objects.base import ObjectClass
from simulators.objects.extents import CUBESAT_SIDES_M, mean_extent, smallest_size
from simulators.objects.kernel_ids import (
    KIND_BOX,
    KIND_CONE,
    KIND_CONE_CYLINDER,
    KIND_CUBESAT,
    KIND_CYLINDER,
    KIND_DIHEDRAL,
    KIND_DIPOLE,
    KIND_DISC,
    KIND_ELLIPSOID,
    KIND_FRAGMENT,
    KIND_FRUSTUM,
    KIND_PLATE,
    KIND_ROCKET_BODY,
    KIND_SATELLITE,
    KIND_SPHERE,
    KIND_TRIHEDRAL,
    SMALL_AS_SPHERE,
)
from simulators.scattering import (
    closed_forms,
    composites,
    corners,
    flat_parts,
    mie,
    revolution,
    wire,
)
from simulators.scattering.validity import MIN_KA

RIPPLE_STEP = 0.02  # in ka; four-point interpolation of the sphere's ripple is then within 1e-6
_PANEL_MASS = 0.1  # of a satellite's mass, in each panel


def ripple_table(
    objects: Sequence[ObjectClass], wavenumber: float, highest: float | None = None
) -> tuple[NDArray[np.complex128], float]:
    """Return the table that ``amplitude`` looks spheres up in, and the ka that it starts at.

    It covers the spheres among the object classes, and the small objects that are taken as some;
    it is empty if there are neither.

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
def amplitude(kind, k, sizes, ux, uy, uz, ripple, smallest_ka):
    """Return the amplitude [m] of a body in the direction u, phase referred to its centre of mass.

    Args:
        kind: An object class's ``kernel_kind``, but not that of a mesh.
        k: Wavenumber [rad/m].
        sizes: The object's sizes, in the order of its class's ``columns()``.
        ux: First component of the unit vector from the body to the radar, body frame.
        uy: Second component.
        uz: Third component, along the axis of a body that has one.
        ripple: What ``ripple_table`` returned.
        smallest_ka: The same.
    """
    if kind >= SMALL_AS_SPHERE:
        kind -= SMALL_AS_SPHERE
        if k * smallest_size(kind, sizes) < MIN_KA:
            radius = 0.5 * mean_extent(kind, sizes)
            return closed_forms.sphere(k, radius, ripple, smallest_ka, RIPPLE_STEP)
    if kind == KIND_SPHERE:
        return closed_forms.sphere(k, sizes[0], ripple, smallest_ka, RIPPLE_STEP)
    if kind == KIND_PLATE:
        return closed_forms.plate(k, sizes[0], sizes[1], ux, uy, uz)
    if kind == KIND_CYLINDER:
        return closed_forms.cylinder(k, sizes[0], sizes[1], uz)
    if kind == KIND_CONE:
        return revolution.cone(k, sizes[0], sizes[1], uz)
    if kind == KIND_DISC:
        return closed_forms.thin_disc(k, sizes[0], uz)
    if kind == KIND_ELLIPSOID:
        return closed_forms.ellipsoid(k, sizes[0], sizes[1], sizes[2], ux, uy, uz)
    if kind == KIND_FRUSTUM:
        return revolution.frustum(k, sizes[0], sizes[1], sizes[2], uz)
    if kind == KIND_CONE_CYLINDER:
        return revolution.cone_cylinder(k, sizes[0], sizes[1], sizes[2], uz)
    if kind == KIND_DIHEDRAL:
        return corners.dihedral(k, sizes[0], sizes[1], ux, uy, uz)
    if kind == KIND_TRIHEDRAL:
        return corners.trihedral(k, sizes[0], sizes[1] > 0.5, ux, uy, uz)
    if kind == KIND_DIPOLE:
        return wire.dipole(k, sizes[0], sizes[1], uz)
    return _composite(kind, k, sizes, ux, uy, uz)


@njit(cache=True, nogil=True)
def _composite(kind, k, sizes, ux, uy, uz):
    if kind == KIND_BOX:
        return composites.box(k, sizes[0], sizes[1], sizes[2], ux, uy, uz)
    if kind == KIND_CUBESAT:
        form = int(sizes[0])
        width, height = CUBESAT_SIDES_M[form, 0], CUBESAT_SIDES_M[form, 1]
        return composites.box(k, width, height, CUBESAT_SIDES_M[form, 2], ux, uy, uz)
    if kind == KIND_SATELLITE:
        return composites.satellite(k, sizes[0], sizes[1], sizes[2], sizes[3], ux, uy, uz)
    if kind == KIND_FRAGMENT:
        return composites.fragment(k, sizes[0], sizes[1], sizes[2], sizes[3], ux, uy, uz)
    if kind == KIND_ROCKET_BODY:
        return revolution.rocket_body(k, sizes[0], sizes[1], sizes[2], sizes[3], uz)
    return complex(np.nan, np.nan)  # a mesh: ``meshed.mesh_echo`` knows its facets


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
        echo: Is set, complex128 ``(steps,)``.
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

    One method serves the band: an object too small for physical optics at the lowest wavenumber is
    a sphere at all, where its class asks for that.

    Args:
        kind: See ``amplitude``.
        k: Wavenumbers [rad/m], ``(f,)``.
        sizes: See ``amplitude``.
        ux: See ``amplitude``.
        uy: See ``amplitude``.
        uz: See ``amplitude``.
        ripple: See ``amplitude``.
        smallest_ka: See ``amplitude``.
        values: Is set, complex128 ``(f,)``.
    """
    if kind >= SMALL_AS_SPHERE:
        kind -= SMALL_AS_SPHERE
        if k.min() * smallest_size(kind, sizes) < MIN_KA:
            radius = 0.5 * mean_extent(kind, sizes)
            for f in range(k.shape[0]):
                values[f] = closed_forms.sphere(k[f], radius, ripple, smallest_ka, RIPPLE_STEP)
            return
    for f in range(k.shape[0]):
        values[f] = amplitude(kind, k[f], sizes, ux, uy, uz, ripple, smallest_ka)


@njit(cache=True, nogil=True)
def _set_boxed(width, height, depth, inertia):
    inertia[0] = (height**2 + depth**2) / 12.0
    inertia[1] = (width**2 + depth**2) / 12.0
    inertia[2] = (width**2 + height**2) / 12.0


@njit(cache=True, nogil=True)
def _set_turned(across, along, inertia):
    """Set the moments of a body of revolution about z."""
    inertia[0] = inertia[1] = across
    inertia[2] = along


@njit(cache=True, nogil=True)
def _set_frustum(a, b, length, inertia):
    squares = a * a + a * b + b * b
    fourth = a**4 + a**3 * b + a * a * b * b + a * b**3 + b**4
    centre = revolution.frustum_centre(a, b, length)
    spread = length * length * (a * a + 3.0 * a * b + 6.0 * b * b) / (10.0 * squares) - centre**2
    _set_turned(0.15 * fourth / squares + spread, 0.3 * fourth / squares, inertia)


@njit(cache=True, nogil=True)
def _set_cone_cylinder(radius, cone_length, cylinder_length, inertia):
    centre = revolution.cone_cylinder_centre(radius, cone_length, cylinder_length)
    cone_share = cone_length / (cone_length + 3.0 * cylinder_length)
    cone = 0.15 * radius**2 + 0.0375 * cone_length**2 + (0.25 * cone_length - centre) ** 2
    cylinder = radius**2 / 4.0 + cylinder_length**2 / 12.0 + (0.5 * cylinder_length + centre) ** 2
    across = cone_share * cone + (1.0 - cone_share) * cylinder
    _set_turned(across, radius**2 * (0.5 - 0.2 * cone_share), inertia)


@njit(cache=True, nogil=True)
def _set_satellite(bus, length, width, inertia):
    cube = (1.0 - 2.0 * _PANEL_MASS) * bus**2 / 6.0
    along = length**2 / 12.0 + (0.5 * (bus + length)) ** 2
    inertia[0] = cube + 2.0 * _PANEL_MASS * width**2 / 12.0
    inertia[1] = cube + 2.0 * _PANEL_MASS * along
    inertia[2] = cube + 2.0 * _PANEL_MASS * (along + width**2 / 12.0)


@njit(cache=True, nogil=True)
def _set_fragment(width, height, fold, bend_deg, inertia):
    _, _, _, squares = composites.bend(width, fold, bend_deg)
    inertia[0] = squares[1] + height**2 / 12.0
    inertia[1] = squares[0] + squares[1]
    inertia[2] = squares[0] + height**2 / 12.0


@njit(cache=True, nogil=True)
def _set_corner(kind, sizes, inertia):
    square = sizes[0] ** 2
    if kind == KIND_DIHEDRAL:
        inertia[0] = square / 6.0 + sizes[1] ** 2 / 12.0
        inertia[1] = square / 24.0 + sizes[1] ** 2 / 12.0
        inertia[2] = square / 24.0 + square / 6.0
    elif sizes[1] > 0.5:
        _set_turned(square * 7.0 / 36.0, square * 5.0 / 18.0, inertia)
    else:
        _set_turned(square * 11.0 / 108.0, square / 6.0, inertia)


@njit(cache=True, nogil=True)
def set_inertia(kind, sizes, inertia):
    """Set the principal moments of a uniform body of unit mass about its centre of mass [m^2].

    A rocket body moves as its cylinder: dome and nozzle are thin shells. A satellite's panels hold
    a tenth of its mass each, its dish none. A mesh brings its moments with it as constants, up to
    the square of its scale, which free motion does not know.

    Args:
        kind: An object class's ``kind`` or ``kernel_kind``.
        sizes: The object's sizes, in the order of its class's ``columns()``.
        inertia: Set in place, shape ``(3,)``.
    """
    if kind >= SMALL_AS_SPHERE:
        kind -= SMALL_AS_SPHERE
    if kind == KIND_PLATE:
        inertia[0] = sizes[1] ** 2 / 12.0
        inertia[1] = sizes[0] ** 2 / 12.0
        inertia[2] = inertia[0] + inertia[1]
    elif kind == KIND_CYLINDER or kind == KIND_ROCKET_BODY:
        _set_turned(sizes[0] ** 2 / 4.0 + sizes[1] ** 2 / 12.0, sizes[0] ** 2 / 2.0, inertia)
    elif kind == KIND_CONE:
        _set_turned(0.15 * sizes[0] ** 2 + 0.0375 * sizes[1] ** 2, 0.3 * sizes[0] ** 2, inertia)
    elif kind == KIND_DISC:
        _set_turned(sizes[0] ** 2 / 4.0, sizes[0] ** 2 / 2.0, inertia)
    elif kind == KIND_ELLIPSOID:
        inertia[0] = (sizes[1] ** 2 + sizes[2] ** 2) / 5.0
        inertia[1] = (sizes[0] ** 2 + sizes[2] ** 2) / 5.0
        inertia[2] = (sizes[0] ** 2 + sizes[1] ** 2) / 5.0
    elif kind == KIND_BOX:
        _set_boxed(sizes[0], sizes[1], sizes[2], inertia)
    elif kind == KIND_CUBESAT:
        sides = CUBESAT_SIDES_M[int(sizes[0])]
        _set_boxed(sides[0], sides[1], sides[2], inertia)
    elif kind == KIND_SATELLITE:
        _set_satellite(sizes[0], sizes[1], sizes[2], inertia)
    elif kind == KIND_FRUSTUM:
        _set_frustum(sizes[0], sizes[1], sizes[2], inertia)
    elif kind == KIND_CONE_CYLINDER:
        _set_cone_cylinder(sizes[0], sizes[1], sizes[2], inertia)
    elif kind == KIND_DIHEDRAL or kind == KIND_TRIHEDRAL:
        _set_corner(kind, sizes, inertia)
    elif kind == KIND_DIPOLE:
        _set_turned(sizes[1] ** 2 / 4.0 + sizes[0] ** 2 / 12.0, sizes[1] ** 2 / 2.0, inertia)
    elif kind == KIND_FRAGMENT:
        _set_fragment(sizes[0], sizes[1], sizes[2], sizes[3], inertia)
    elif kind == KIND_SPHERE:
        _set_turned(1.0, 1.0, inertia)
    else:
        inertia[0], inertia[1], inertia[2] = sizes[1], sizes[2], sizes[3]
