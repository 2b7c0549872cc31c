"""What the compiled generator asks of a body: its amplitude in a direction, and its inertia.

Both dispatch on the kind of object class. They allocate nothing and call compiled functions alone,
so that the generator's kernels may call them per sample on any processor.
"""

from numba import njit

from simulators.objects import (
    KIND_BOX,
    KIND_CONE,
    KIND_CYLINDER,
    KIND_DISC,
    KIND_ELLIPSOID,
    KIND_PLATE,
    KIND_ROCKET_BODY,
    KIND_SATELLITE,
    KIND_SPHERE,
)
from simulators.scattering import closed_forms

RIPPLE_STEP = 0.02  # in ka; four-point interpolation of the sphere's ripple is then within 1e-6
_PANEL_MASS = 0.1  # of a satellite's mass, in each panel


@njit(cache=True, nogil=True)
def amplitude(kind, k, sizes, ux, uy, uz, ripple, smallest_ka):
    """Return the amplitude [m] of a body in the direction u, phase referred to its centre of mass.

    Args:
        kind: One of ``objects.KIND_*``.
        k: Wavenumber [rad/m].
        sizes: Sizes of the body, in the order of its class's ``size_names``.
        ux: First component of the unit vector from the body to the radar, body frame.
        uy: Second component.
        uz: Third component, along the axis of a body that has one.
        ripple: For spheres, ``mie.ripple_table`` with a step of ``RIPPLE_STEP``.
        smallest_ka: Where that table starts.
    """
    if kind == KIND_SPHERE:
        return closed_forms.sphere(k, sizes[0], ripple, smallest_ka, RIPPLE_STEP)
    if kind == KIND_PLATE:
        return closed_forms.plate(k, sizes[0], sizes[1], ux, uy, uz)
    if kind == KIND_CYLINDER:
        return closed_forms.cylinder(k, sizes[0], sizes[1], uz)
    if kind == KIND_CONE:
        return closed_forms.cone(k, sizes[0], sizes[1], uz)
    if kind == KIND_DISC:
        return closed_forms.thin_disc(k, sizes[0], uz)
    if kind == KIND_ELLIPSOID:
        return closed_forms.ellipsoid(k, sizes[0], sizes[1], sizes[2], ux, uy, uz)
    if kind == KIND_BOX:
        return closed_forms.box(k, sizes[0], sizes[1], sizes[2], ux, uy, uz)
    if kind == KIND_SATELLITE:
        return closed_forms.satellite(k, sizes[0], sizes[1], sizes[2], ux, uy, uz)
    return closed_forms.rocket_body(k, sizes[0], sizes[1], uz)


@njit(cache=True, nogil=True)
def set_inertia(kind, sizes, inertia):
    """Set the principal moments of a uniform body of unit mass about its centre of mass."""
    if kind == KIND_PLATE:
        inertia[0] = sizes[1] ** 2 / 12.0
        inertia[1] = sizes[0] ** 2 / 12.0
        inertia[2] = inertia[0] + inertia[1]
    elif kind == KIND_CYLINDER or kind == KIND_ROCKET_BODY:
        inertia[0] = inertia[1] = sizes[0] ** 2 / 4.0 + sizes[1] ** 2 / 12.0
        inertia[2] = sizes[0] ** 2 / 2.0
    elif kind == KIND_CONE:
        inertia[0] = inertia[1] = 0.15 * sizes[0] ** 2 + 0.0375 * sizes[1] ** 2
        inertia[2] = 0.3 * sizes[0] ** 2
    elif kind == KIND_DISC:
        inertia[0] = inertia[1] = sizes[0] ** 2 / 4.0
        inertia[2] = sizes[0] ** 2 / 2.0
    elif kind == KIND_ELLIPSOID:
        inertia[0] = (sizes[1] ** 2 + sizes[2] ** 2) / 5.0
        inertia[1] = (sizes[0] ** 2 + sizes[2] ** 2) / 5.0
        inertia[2] = (sizes[0] ** 2 + sizes[1] ** 2) / 5.0
    elif kind == KIND_BOX:
        inertia[0] = (sizes[1] ** 2 + sizes[2] ** 2) / 12.0
        inertia[1] = (sizes[0] ** 2 + sizes[2] ** 2) / 12.0
        inertia[2] = (sizes[0] ** 2 + sizes[1] ** 2) / 12.0
    elif kind == KIND_SATELLITE:
        bus, length, width = sizes[0], sizes[1], sizes[2]
        cube = (1.0 - 2.0 * _PANEL_MASS) * bus**2 / 6.0
        along = length**2 / 12.0 + (0.5 * (bus + length)) ** 2
        inertia[0] = cube + 2.0 * _PANEL_MASS * width**2 / 12.0
        inertia[1] = cube + 2.0 * _PANEL_MASS * along
        inertia[2] = cube + 2.0 * _PANEL_MASS * (along + width**2 / 12.0)
    else:
        inertia[:] = 1.0
