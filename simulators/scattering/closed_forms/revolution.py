"""Scattering amplitudes of bodies of revolution with straight sides: cones, frusta, stages.

Conventions and limits are those of ``elementary``. The side is exact physical optics, to 1e-6 of
its peak: the integral along each straight line is in closed form, the integral around the axis is
by quadrature.
"""

import numpy as np
from numba import njit

from simulators.scattering.closed_forms.elementary import disc, hemisphere

_ROOT_PI = np.sqrt(np.pi)


@njit(cache=True, nogil=True)
def line_integral(first, last, y):
    """Return the integral over s in 0..1 of (first + (last - first) s) exp(jys)."""
    if abs(y) < 0.05:
        mean = complex(1.0 - y * y / 6.0 + y**4 / 120.0, 0.5 * y - y**3 / 24.0 + y**5 / 720.0)
        moment = complex(0.5 - y * y / 8.0 + y**4 / 144.0, y / 3.0 - y**3 / 30.0 + y**5 / 840.0)
    else:
        turn = np.exp(1j * y)
        mean = -1j * (turn - 1.0) / y
        moment = (turn * (1.0 - 1j * y) - 1.0) / (y * y)
    return first * mean + (last - first) * moment


@njit(cache=True, nogil=True)
def _lit_half_angle(axial, radial, uz, across):
    """Return the lit half-angle of a side, from the line nearest to the radar [rad]."""
    if axial * uz >= radial * across:
        return np.pi
    if axial * uz <= -radial * across:
        return 0.0
    return np.arccos(-axial * uz / (radial * across))


@njit(cache=True, nogil=True)
def side(k, lower_radius, lower_z, upper_radius, upper_z, uz):
    """Return the physical-optics integral over the lit side of a frustum.

    Around the axis by the midpoint rule, which converges exponentially for a periodic integrand.
    If part of the side is dark, the azimuth is the lit half-angle times a sine, whose derivative
    vanishes at both ends: the integrand is smooth and periodic there too.
    """
    across = np.sqrt(max(0.0, 1.0 - uz * uz))
    height, narrowing = upper_z - lower_z, lower_radius - upper_radius
    slant = np.sqrt(height * height + narrowing * narrowing)
    radial, axial = height / slant, narrowing / slant  # of the outward normal
    lit = _lit_half_angle(axial, radial, uz, across)
    if lit == 0.0:
        return 0.0j
    count = int(1.5 * k * max(lower_radius, upper_radius) * across) + 12
    total = 0.0j
    for i in range(count):
        t = (i + 0.5) / count
        azimuth, weight = lit * t, lit
        if lit < np.pi:
            azimuth = lit * np.sin(0.5 * np.pi * t)
            weight = lit * 0.5 * np.pi * np.cos(0.5 * np.pi * t)
        cosine = np.cos(azimuth)
        facing = axial * uz + radial * across * cosine
        start = 2.0 * k * (lower_radius * across * cosine + lower_z * uz)
        along = 2.0 * k * (height * uz - narrowing * across * cosine)
        total += (
            weight * facing * np.exp(1j * start) * line_integral(lower_radius, upper_radius, along)
        )
    return -1j * k / _ROOT_PI * slant * total * (2.0 / count)


@njit(cache=True, nogil=True)
def frustum_centre(lower_radius, upper_radius, length):
    """Return the height of a solid frustum's centre of mass above its lower end [m]."""
    a, b = lower_radius, upper_radius
    return 0.25 * length * (a * a + 2.0 * a * b + 3.0 * b * b) / (a * a + a * b + b * b)


@njit(cache=True, nogil=True)
def frustum(k, lower_radius, upper_radius, length, uz):
    """Return the amplitude of a closed frustum along z, phase referred to its centre of mass."""
    bottom = -frustum_centre(lower_radius, upper_radius, length)
    top = bottom + length
    total = side(k, lower_radius, bottom, upper_radius, top, uz)
    return total + disc(k, upper_radius, top, uz) + disc(k, lower_radius, -bottom, -uz)


@njit(cache=True, nogil=True)
def cone(k, radius, length, uz):
    """Return the amplitude of a closed right circular cone, tip towards +z."""
    return frustum(k, radius, 0.0, length, uz)


@njit(cache=True, nogil=True)
def cone_cylinder_centre(radius, cone_length, cylinder_length):
    """Return the height of the centre of mass above the joint of cone and cylinder [m]."""
    cone_mass, cylinder_mass = cone_length / 3.0, cylinder_length
    moment = cone_mass * cone_length / 4.0 - cylinder_mass * cylinder_length / 2.0
    return moment / (cone_mass + cylinder_mass)


@njit(cache=True, nogil=True)
def cone_cylinder(k, radius, cone_length, cylinder_length, uz):
    """Return the amplitude of a cylinder along z with a cone on its upper end and a flat lower end.

    The phase is referred to the centre of mass of the solid body.
    """
    joint = -cone_cylinder_centre(radius, cone_length, cylinder_length)
    bottom = joint - cylinder_length
    nose = side(k, radius, joint, 0.0, joint + cone_length, uz)
    return nose + side(k, radius, bottom, radius, joint, uz) + disc(k, radius, -bottom, -uz)


@njit(cache=True, nogil=True)
def rocket_body(k, radius, length, nozzle_radius, nozzle_length, uz):
    """Return the amplitude of a cylinder with a hemispherical dome at +z and a nozzle at -z.

    The dome returns its specular echo in all directions in front of it. The nozzle widens from half
    its radius to its exit, which is taken as closed: resonance in the open bell and the shadow of
    the cylinder on the nozzle are neglected. From behind, the exit hides its own area of the flat
    end. The phase is referred to the middle of the cylinder.
    """
    base = -0.5 * length
    exit_z = base - nozzle_length
    total = side(k, radius, base, radius, -base, uz) + hemisphere(k, radius, -base, uz)
    total += side(k, nozzle_radius, exit_z, 0.5 * nozzle_radius, base, uz)
    total += disc(k, nozzle_radius, -exit_z, -uz)
    return total + disc(k, radius, -base, -uz) - disc(k, nozzle_radius, -base, -uz)
