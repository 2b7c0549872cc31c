"""Scattering amplitudes of corner reflectors, dihedral and trihedral, with all bounces.

Inside the corner, each face scatters by physical optics the field that arrives directly and the
field that the other faces reflect onto it: one bounce, two bounces, and in a trihedral three. The
part of a face that a mirror lights is exact geometry, and the integral over it is in closed form.
Outside the corner the faces are thin plates, lit on either side, without shadows on each other and
without bounces.

The electric field lies in the plane of the look and the body's z axis, transmitted and received.
One and three bounces return the same in any polarisation; two bounces change the sign of the field
across the seam, so a dihedral's echo depends on its roll.

References:
    Knott, Shaeffer, Tuley, Radar Cross Section, 2nd ed., section 6.4 (corner reflectors);
    Griesser and Balanis, IEEE Trans. Antennas Propag. 35 (1987) 1137 (dihedral, bounce by bounce);
    Spencer, Optical Theory of the Corner Reflector, MIT Radiation Laboratory 433 (1944).
"""

import numpy as np
from numba import njit

from simulators.scattering.closed_forms.elementary import plate
from simulators.scattering.closed_forms.revolution import line_integral
from simulators.scattering.physical_optics.facet_integral import triangle_mean

_ROOT_PI = np.sqrt(np.pi)
_ROOT_HALF = np.sqrt(0.5)
_MIN_PHASE = 1e-7  # [rad]; below, the integral along the seam is its length


@njit(cache=True, nogil=True)
def _seam_integral(start, shift, length, shortening, y):
    """Return the integral over s in 0..1 of that over z from z0 to z0 + l of exp(jyz).

    The strip starts at z0 = start + shift s, and is l = length + shortening s long.
    """
    if abs(y) * (abs(start) + abs(length) + abs(shift) + abs(shortening)) < _MIN_PHASE:
        return complex(length + 0.5 * shortening, 0.0)
    end = start + length
    upper = np.exp(1j * y * end) * line_integral(1.0, 1.0, y * (shift + shortening))
    lower = np.exp(1j * y * start) * line_integral(1.0, 1.0, y * shift)
    return -1j * (upper - lower) / y


@njit(cache=True, nogil=True)
def dihedral(k, width, height, ux, uy, uz):
    """Return the amplitude of two plates that meet at right angles along z.

    Each is ``width`` from the seam and ``height`` along it; the corner opens towards +x. The phase
    is referred to the centre of mass of the two.
    """
    p, q = _ROOT_HALF * (ux - uy), _ROOT_HALF * (ux + uy)  # along the two faces, from the seam
    centre = np.exp(-1j * k * width * _ROOT_HALF * ux)
    one = plate(k, width, height, p, uz, q) * np.exp(1j * k * width * p)
    one += plate(k, width, height, q, uz, p) * np.exp(1j * k * width * q)
    if p <= 0.0 or q <= 0.0:
        return one * centre
    return (one + _across_seam(k, width, height, p, q, uz)) * centre


@njit(cache=True, nogil=True)
def _across_seam(k, width, height, p, q, uz):
    """Return the sum of the two bounces: from either face by way of the other."""
    total = 0.0j
    for first, second in ((p, q), (q, p)):
        deep = width * min(1.0, second / first)  # lit on the second face, from the seam
        slope = uz / second  # of the way from face to face, along the seam
        if abs(slope) * deep > height:
            deep = height / abs(slope)
        shorter = abs(slope) * deep
        start = -0.5 * height
        shift = 0.0 if slope > 0.0 else shorter
        strip = _seam_integral(start, shift, height, -shorter, 2.0 * k * uz)
        total += first * deep * strip
    return 1j * k / _ROOT_PI * total


@njit(cache=True, nogil=True)
def _polarisation(cx, cy, cz):
    """Return the field's direction: the component of the symmetry axis across the look.

    For a look along that axis any direction serves; it is then the body's x axis.
    """
    third = np.sqrt(1.0 / 3.0)
    along = third * (cx + cy + cz)
    across = np.sqrt(max(0.0, 1.0 - along * along))
    if across < 1e-9:
        return _ROOT_HALF, -_ROOT_HALF, 0.0
    return (
        (third - along * cx) / across,
        (third - along * cy) / across,
        (third - along * cz) / across,
    )


@njit(cache=True, nogil=True)
def _triangular_face(k, edge, along_1, along_2, normal):
    """Return the amplitude of a thin right-angled triangle with its right angle at the apex."""
    phase_1, phase_2 = 2.0 * k * edge * along_1, 2.0 * k * edge * along_2
    area = 0.5 * edge * edge * abs(normal)
    return -1j * k / _ROOT_PI * area * triangle_mean(0.0, phase_1, phase_2)


@njit(cache=True, nogil=True)
def _square_face(k, edge, along_1, along_2, normal):
    """Return the amplitude of a thin square with a corner at the apex."""
    middle = np.exp(1j * k * edge * (along_1 + along_2))
    return plate(k, edge, edge, along_1, along_2, normal) * middle


@njit(cache=True, nogil=True)
def _lit_by_mirror(k, edge, square, first, second, third):
    """Return the integral of exp(2jk u.r) [m^2] over the part of a second face that a first lights.

    Args:
        k: Wavenumber [rad/m].
        edge: Length of the three edges that meet [m].
        square: Whether the faces are square, else triangular.
        first: Cosine of the look to the first face's normal.
        second: The same for the second face.
        third: The same for the third face, whose normal the seam of the other two follows.
    """
    if not square:
        deep = edge * min(1.0, first / (second + third))
        return 0.5 * edge * deep * triangle_mean(0.0, 0.0, 2.0 * k * edge * third)
    deep, slope = edge * min(1.0, first / second), third / first
    deep = min(deep, edge / slope)
    return deep * _seam_integral(0.0, 0.0, edge, -slope * deep, 2.0 * k * third)


@njit(cache=True, nogil=True)
def _two_bounces(k, edge, square, first, second, third, field_first, field_second):
    """Return the co-polar echo of the path from a first face by way of a second one."""
    turned = second * (2.0 * field_first**2 - 1.0) - 2.0 * field_first * field_second * first
    return -1j * k / _ROOT_PI * turned * _lit_by_mirror(k, edge, square, first, second, third)


@njit(cache=True, nogil=True)
def trihedral_aperture(edge, square, cx, cy, cz):
    """Return the area [m^2] across the look of the rays that hit all three faces.

    Args:
        edge: Length of the three edges that meet [m].
        square: Whether the faces are square, else triangular.
        cx: Cosine of the look to a face's normal, above 0.
        cy: The same for the second face.
        cz: The same for the third face.
    """
    low, high = min(cx, cy, cz), max(cx, cy, cz)
    middle = cx + cy + cz - low - high
    if square:
        return edge * edge * low * middle / high * (4.0 - max(0.0, 2.0 - high / middle) ** 2)
    total = low + middle + high
    if low + middle <= high:
        return edge * edge * 4.0 * low * middle / total
    return edge * edge * (total - 2.0 / total)


@njit(cache=True, nogil=True)
def trihedral(k, edge, square, ux, uy, uz):
    """Return the amplitude of three faces at right angles, open towards +z.

    The faces are squares or right-angled triangles; ``edge`` is the length of the edges that meet
    at the apex. The phase is referred to the centre of mass of the three faces.
    """
    x, y, z = _ROOT_HALF * ux, uy / np.sqrt(6.0), uz / np.sqrt(3.0)
    cx, cy, cz = x + y + z, -x + y + z, z - 2.0 * y
    total = 0.0j
    for along_1, along_2, normal in ((cy, cz, cx), (cz, cx, cy), (cx, cy, cz)):
        if square:
            total += _square_face(k, edge, along_1, along_2, normal)
        else:
            total += _triangular_face(k, edge, along_1, along_2, normal)
    if min(cx, cy, cz) > 1e-9:
        px, py, pz = _polarisation(cx, cy, cz)
        total += _two_bounces(k, edge, square, cx, cy, cz, px, py)
        total += _two_bounces(k, edge, square, cy, cx, cz, py, px)
        total += _two_bounces(k, edge, square, cy, cz, cx, py, pz)
        total += _two_bounces(k, edge, square, cz, cy, cx, pz, py)
        total += _two_bounces(k, edge, square, cz, cx, cy, pz, px)
        total += _two_bounces(k, edge, square, cx, cz, cy, px, pz)
        total += 1j * k / _ROOT_PI * trihedral_aperture(edge, square, cx, cy, cz)
    centre = edge / np.sqrt(3.0) if square else 2.0 * edge / np.sqrt(27.0)
    return total * np.exp(-2j * k * centre * uz)
