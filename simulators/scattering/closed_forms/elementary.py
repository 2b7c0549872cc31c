"""Scattering amplitudes of elementary bodies in closed form, for one direction at a time.

Every function takes the wavenumber ``k`` [rad/m], sizes [m] and the direction cosines of the unit
vector from the body to the radar in the body's frame, and returns the complex amplitude ``a`` [m]:
``|a|^2`` is the cross-section [m^2]. The time factor is exp(+jwt), so a point at r contributes the
two-way phase exp(+2jk u.r); phases are referred to the centre of mass.

These are physical-optics results: accurate near the specular directions of a body that is large
against the wavelength (k times size above 3), but not at edges and tips far from them, and without
multiple bounces.

References:
    Knott, Shaeffer, Tuley, Radar Cross Section, 2nd ed., chapters 5 and 6;
    Balanis, Advanced Engineering Electromagnetics, 2nd ed., section 11.3.
"""

import numpy as np
from numba import njit

from simulators.fast_trig import phasor
from simulators.scattering.closed_forms.special import jinc, sinc

_ROOT_PI = np.sqrt(np.pi)
RIPPLE_STEP = 0.02  # in ka; four-point interpolation of the ripple is then within 1e-6


@njit(cache=True, nogil=True)
def sphere(k, radius, ripple, smallest_ka, step):
    """Return the exact amplitude of a sphere from a table of its Mie ripple.

    Four-point Lagrange interpolation of ``mie.ripple_table``; the optical limit beyond its end.
    """
    ka = k * radius
    position = (ka - smallest_ka) / step + 1.0
    node = int(position)
    if node + 2 >= ripple.shape[0]:
        return -_ROOT_PI * radius * np.exp(2j * ka)
    t = position - node
    value = (
        ripple[node - 1] * (-t * (t - 1.0) * (t - 2.0) / 6.0)
        + ripple[node] * ((t + 1.0) * (t - 1.0) * (t - 2.0) / 2.0)
        + ripple[node + 1] * (-(t + 1.0) * t * (t - 2.0) / 2.0)
        + ripple[node + 2] * ((t + 1.0) * t * (t - 1.0) / 6.0)
    )
    return _ROOT_PI * radius * value * np.exp(2j * ka)


@njit(cache=True, nogil=True)
def plate(k, width, height, ux, uy, uz):
    """Return the amplitude of a thin rectangular plate, lit on either side; normal along z."""
    shape = sinc(k * width * ux) * sinc(k * height * uy)
    return -1j * k / _ROOT_PI * width * height * abs(uz) * shape


@njit(cache=True, nogil=True)
def disc(k, radius, offset, uz):
    """Return the amplitude of a disc facing +z at height ``offset``, dark from behind."""
    if uz <= 0.0:
        return 0.0j
    across = np.sqrt(max(0.0, 1.0 - uz * uz))
    peak = -1j * k * _ROOT_PI * radius * radius
    return peak * uz * jinc(2.0 * k * radius * across) * phasor(2.0 * k * offset * uz)


@njit(cache=True, nogil=True)
def cylinder(k, radius, length, uz):
    """Return the amplitude of a closed right circular cylinder along z.

    The side by stationary phase around its lit line, and the flat end that faces the radar.
    """
    across = np.sqrt(max(0.0, 1.0 - uz * uz))
    flash = length * sinc(k * length * uz) * np.sqrt(k * radius * across)
    side = -1j * flash * np.exp(1j * (2.0 * k * radius * across - 0.25 * np.pi))
    return side + disc(k, radius, 0.5 * length, abs(uz))


@njit(cache=True, nogil=True)
def thin_disc(k, radius, uz):
    """Return the amplitude of a thin disc, lit on either side; normal along z."""
    return disc(k, radius, 0.0, abs(uz))


@njit(cache=True, nogil=True)
def ellipsoid(k, a, b, c, ux, uy, uz):
    """Return the amplitude of an ellipsoid with semi-axes a, b, c, by geometrical optics.

    The specular point lies at the distance h towards the radar, h^2 = (a ux)^2 + (b uy)^2 +
    (c uz)^2, where the principal radii multiply to (a b c)^2 / h^4. The creeping wave is neglected.
    """
    square = (a * ux) ** 2 + (b * uy) ** 2 + (c * uz) ** 2
    return -_ROOT_PI * a * b * c / square * np.exp(2j * k * np.sqrt(square))


@njit(cache=True, nogil=True)
def hemisphere(k, radius, base, uz):
    """Return the specular echo of a dome over +z whose rim lies at height ``base``."""
    if uz <= 0.0:
        return 0.0j
    return -_ROOT_PI * radius * np.exp(2j * k * (radius + base * uz))
