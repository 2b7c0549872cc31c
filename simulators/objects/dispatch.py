"""Size, amplitude and inertia of an object by its kind, compiled for the generator's kernels.

Each kind of body has a number here, and a branch in ``smallest_size``, ``mean_extent``,
``amplitude`` and ``set_inertia``. A new object class is its own file, its line in ``SHAPES`` and
its branches here. The functions allocate nothing and call compiled functions alone, so that the
kernels may call them per sample on any processor.
"""

import numpy as np
from numba import njit

from simulators.scattering.closed_forms import composites, corners, elementary, revolution, wire
from simulators.scattering.validity import MIN_KA

(
    KIND_SPHERE,
    KIND_PLATE,
    KIND_CYLINDER,
    KIND_CONE,
    KIND_DISC,
    KIND_ELLIPSOID,
    KIND_BOX,
    KIND_SATELLITE,
    KIND_ROCKET_BODY,
    KIND_FRUSTUM,
    KIND_CONE_CYLINDER,
    KIND_DIHEDRAL,
    KIND_TRIHEDRAL,
    KIND_DIPOLE,
    KIND_CUBESAT,
    KIND_FRAGMENT,
    KIND_MESH,
) = range(17)
SMALL_AS_SPHERE = 64  # added to a kind whose small objects are spheres
MAX_SIZES = 4  # numbers that describe one object
_PANEL_MASS = 0.1  # of a satellite's mass, in each panel

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
    """Return the smallest length among a body's sizes [m], the a of k a."""
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
        ripple: Table of ``amplitudes.closed_form.ripple_table``.
        smallest_ka: First k a of that table.
    """
    if kind >= SMALL_AS_SPHERE:
        kind -= SMALL_AS_SPHERE
        if k * smallest_size(kind, sizes) < MIN_KA:
            radius = 0.5 * mean_extent(kind, sizes)
            return elementary.sphere(k, radius, ripple, smallest_ka, elementary.RIPPLE_STEP)
    if kind == KIND_SPHERE:
        return elementary.sphere(k, sizes[0], ripple, smallest_ka, elementary.RIPPLE_STEP)
    if kind == KIND_PLATE:
        return elementary.plate(k, sizes[0], sizes[1], ux, uy, uz)
    if kind == KIND_CYLINDER:
        return elementary.cylinder(k, sizes[0], sizes[1], uz)
    if kind == KIND_CONE:
        return revolution.cone(k, sizes[0], sizes[1], uz)
    if kind == KIND_DISC:
        return elementary.thin_disc(k, sizes[0], uz)
    if kind == KIND_ELLIPSOID:
        return elementary.ellipsoid(k, sizes[0], sizes[1], sizes[2], ux, uy, uz)
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
    return complex(np.nan, np.nan)  # a mesh: ``amplitudes.mesh`` has its facets


@njit(cache=True, nogil=True)
def _set_box(width, height, depth, inertia):
    inertia[0] = (height**2 + depth**2) / 12.0
    inertia[1] = (width**2 + depth**2) / 12.0
    inertia[2] = (width**2 + height**2) / 12.0


@njit(cache=True, nogil=True)
def _set_revolution(across, along, inertia):
    """Set the moments of a body of revolution about z."""
    inertia[0] = inertia[1] = across
    inertia[2] = along


@njit(cache=True, nogil=True)
def _set_frustum(a, b, length, inertia):
    squares = a * a + a * b + b * b
    fourth = a**4 + a**3 * b + a * a * b * b + a * b**3 + b**4
    centre = revolution.frustum_centre(a, b, length)
    spread = length * length * (a * a + 3.0 * a * b + 6.0 * b * b) / (10.0 * squares) - centre**2
    _set_revolution(0.15 * fourth / squares + spread, 0.3 * fourth / squares, inertia)


@njit(cache=True, nogil=True)
def _set_cone_cylinder(radius, cone_length, cylinder_length, inertia):
    centre = revolution.cone_cylinder_centre(radius, cone_length, cylinder_length)
    cone_share = cone_length / (cone_length + 3.0 * cylinder_length)
    cone = 0.15 * radius**2 + 0.0375 * cone_length**2 + (0.25 * cone_length - centre) ** 2
    cylinder = radius**2 / 4.0 + cylinder_length**2 / 12.0 + (0.5 * cylinder_length + centre) ** 2
    across = cone_share * cone + (1.0 - cone_share) * cylinder
    _set_revolution(across, radius**2 * (0.5 - 0.2 * cone_share), inertia)


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
        _set_revolution(square * 7.0 / 36.0, square * 5.0 / 18.0, inertia)
    else:
        _set_revolution(square * 11.0 / 108.0, square / 6.0, inertia)


@njit(cache=True, nogil=True)
def set_inertia(kind, sizes, inertia):
    """Set the principal moments of a uniform body of unit mass about its centre of mass [m^2].

    A rocket body has the moments of its cylinder: dome and nozzle are thin shells. A satellite's
    panels have a tenth of its mass each, its dish none. A mesh has its moments among its columns,
    up to the square of its scale, which does not change free motion.

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
        _set_revolution(sizes[0] ** 2 / 4.0 + sizes[1] ** 2 / 12.0, sizes[0] ** 2 / 2.0, inertia)
    elif kind == KIND_CONE:
        _set_revolution(0.15 * sizes[0] ** 2 + 0.0375 * sizes[1] ** 2, 0.3 * sizes[0] ** 2, inertia)
    elif kind == KIND_DISC:
        _set_revolution(sizes[0] ** 2 / 4.0, sizes[0] ** 2 / 2.0, inertia)
    elif kind == KIND_ELLIPSOID:
        inertia[0] = (sizes[1] ** 2 + sizes[2] ** 2) / 5.0
        inertia[1] = (sizes[0] ** 2 + sizes[2] ** 2) / 5.0
        inertia[2] = (sizes[0] ** 2 + sizes[1] ** 2) / 5.0
    elif kind == KIND_BOX:
        _set_box(sizes[0], sizes[1], sizes[2], inertia)
    elif kind == KIND_CUBESAT:
        sides = CUBESAT_SIDES_M[int(sizes[0])]
        _set_box(sides[0], sides[1], sides[2], inertia)
    elif kind == KIND_SATELLITE:
        _set_satellite(sizes[0], sizes[1], sizes[2], inertia)
    elif kind == KIND_FRUSTUM:
        _set_frustum(sizes[0], sizes[1], sizes[2], inertia)
    elif kind == KIND_CONE_CYLINDER:
        _set_cone_cylinder(sizes[0], sizes[1], sizes[2], inertia)
    elif kind == KIND_DIHEDRAL or kind == KIND_TRIHEDRAL:
        _set_corner(kind, sizes, inertia)
    elif kind == KIND_DIPOLE:
        _set_revolution(sizes[1] ** 2 / 4.0 + sizes[0] ** 2 / 12.0, sizes[1] ** 2 / 2.0, inertia)
    elif kind == KIND_FRAGMENT:
        _set_fragment(sizes[0], sizes[1], sizes[2], sizes[3], inertia)
    elif kind == KIND_SPHERE:
        _set_revolution(1.0, 1.0, inertia)
    else:
        inertia[0], inertia[1], inertia[2] = sizes[1], sizes[2], sizes[3]
