"""Scattering amplitudes of elementary bodies in closed form, one look at a time.

Every function takes the wavenumber ``k`` [rad/m], sizes [m] and the direction cosines of the unit
vector from the body to the radar in the body's frame, and returns the complex amplitude ``a`` [m]:
``|a|^2`` is the cross-section [m^2]. The time factor is exp(+jwt), so a point at r contributes the
two-way phase exp(+2jk u.r); phases are referred to the centre of mass.

These are physical-optics results: right near the specular directions of a body that is large
against the wavelength (k times size above 3), not at edges and tips far from them, and without
multiple bounces. The functions are compiled; the generator and the figures call the same ones.

References:
    Knott, Shaeffer, Tuley, Radar Cross Section, 2nd ed., chapters 5 and 6;
    Balanis, Advanced Engineering Electromagnetics, 2nd ed., section 11.3;
    Abramowitz and Stegun, Handbook of Mathematical Functions, 9.4.4 and 9.4.6 (J1).
"""

import numpy as np
from numba import njit

SMALLEST_KA = 3.0  # below this, physical optics is refused
_ROOT_PI = np.sqrt(np.pi)
_SMALL = 1e-3  # below this a series replaces a quotient of vanishing numbers


@njit(cache=True, nogil=True)
def sinc(x):
    """Return sin(x) / x, 1 at 0."""
    if abs(x) < _SMALL:
        return 1.0 - x * x / 6.0
    return np.sin(x) / x


@njit(cache=True, nogil=True)
def bessel_j1(x):
    """Return the Bessel function J1(x) for x >= 0, within 1e-7."""
    if x <= 3.0:
        t = (x / 3.0) ** 2
        series = 0.5 + t * (
            -0.56249985
            + t
            * (
                0.21093573
                + t * (-0.03954289 + t * (0.00443319 + t * (-0.00031761 + t * 0.00001109)))
            )
        )
        return x * series
    t = 3.0 / x
    modulus = 0.79788456 + t * (
        0.00000156
        + t
        * (0.01659667 + t * (0.00017105 + t * (-0.00249511 + t * (0.00113653 - t * 0.00020033))))
    )
    phase = (
        x
        - 2.35619449
        + t
        * (
            0.12499612
            + t
            * (
                0.00005650
                + t * (-0.00637879 + t * (0.00074348 + t * (0.00079824 - t * 0.00029166)))
            )
        )
    )
    return modulus * np.cos(phase) / np.sqrt(x)


@njit(cache=True, nogil=True)
def jinc(x):
    """Return 2 J1(x) / x, 1 at 0, for x >= 0."""
    if x < _SMALL:
        return 1.0 - x * x / 8.0
    return 2.0 * bessel_j1(x) / x


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
    return peak * uz * jinc(2.0 * k * radius * across) * np.exp(2j * k * offset * uz)


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
def _slant(y):
    """Return the integral of s exp(jys) over s in 0..1: the sum along one line of a cone."""
    if abs(y) < 0.05:
        return complex(0.5 - y * y / 8.0 + y**4 / 144.0, y / 3.0 - y**3 / 30.0 + y**5 / 840.0)
    return (np.exp(1j * y) * (1.0 - 1j * y) - 1.0) / (y * y)


@njit(cache=True, nogil=True)
def _lit_half_angle(sin_half, cos_half, uz, across):
    """Return the azimuth, from the line nearest to the radar, up to which a cone's side is lit."""
    if sin_half * uz >= cos_half * across:
        return np.pi
    if sin_half * uz <= -cos_half * across:
        return 0.0
    return np.arccos(-sin_half * uz / (cos_half * across))


@njit(cache=True, nogil=True)
def _cone_side(k, slant, sin_half, cos_half, uz, across):
    """Return the sum over the lit side of a cone, tip at the origin.

    Around the axis by the midpoint rule, which converges exponentially for a periodic integrand.
    Where part of the side is dark, the azimuth is the lit half-angle times a sine: its slope
    vanishes at both ends, and the integrand is smooth and periodic there too.
    """
    lit = _lit_half_angle(sin_half, cos_half, uz, across)
    if lit == 0.0:
        return 0.0j
    count = int(1.5 * k * slant * sin_half * across) + 12
    total = 0.0j
    for i in range(count):
        t = (i + 0.5) / count
        azimuth, weight = lit * t, lit
        if lit < np.pi:
            azimuth = lit * np.sin(0.5 * np.pi * t)
            weight = lit * 0.5 * np.pi * np.cos(0.5 * np.pi * t)
        cosine = np.cos(azimuth)
        facing = sin_half * uz + cos_half * across * cosine
        along = sin_half * across * cosine - cos_half * uz
        total += weight * facing * _slant(2.0 * k * slant * along)
    return -1j * k / _ROOT_PI * sin_half * slant * slant * total * (2.0 / count)


@njit(cache=True, nogil=True)
def cone(k, radius, length, uz):
    """Return the amplitude of a closed right circular cone, tip towards +z.

    Physical optics to 1e-6 of its peak: the sum along each line from the tip is in closed form,
    the sum around the axis by quadrature.
    """
    slant = np.sqrt(radius * radius + length * length)
    across = np.sqrt(max(0.0, 1.0 - uz * uz))
    side = _cone_side(k, slant, radius / slant, length / slant, uz, across)
    base = disc(k, radius, length, -uz)
    centre = np.exp(2j * k * 0.75 * length * uz)  # from the tip to the centre of mass
    return (side + base) * centre


@njit(cache=True, nogil=True)
def thin_disc(k, radius, uz):
    """Return the amplitude of a thin disc, lit on either side; normal along z."""
    return disc(k, radius, 0.0, abs(uz))


@njit(cache=True, nogil=True)
def ellipsoid(k, a, b, c, ux, uy, uz):
    """Return the amplitude of an ellipsoid with semi-axes a, b, c, by geometrical optics.

    The specular point lies at the distance h towards the radar, h^2 = (a ux)^2 + (b uy)^2 +
    (c uz)^2, where the principal radii multiply to (a b c)^2 / h^4. The creeping wave is left out.
    """
    square = (a * ux) ** 2 + (b * uy) ** 2 + (c * uz) ** 2
    return -_ROOT_PI * a * b * c / square * np.exp(2j * k * np.sqrt(square))


@njit(cache=True, nogil=True)
def _face(k, width, height, offset, ux, uy, uz):
    """Return the amplitude of a rectangular face towards +z at height ``offset``; dark behind."""
    if uz <= 0.0:
        return 0.0j
    return plate(k, width, height, ux, uy, uz) * np.exp(2j * k * offset * uz)


@njit(cache=True, nogil=True)
def box(k, width, height, depth, ux, uy, uz):
    """Return the amplitude of a closed box: its three lit faces, coherently."""
    return (
        _face(k, height, depth, 0.5 * width, uy, uz, abs(ux))
        + _face(k, width, depth, 0.5 * height, ux, uz, abs(uy))
        + _face(k, width, height, 0.5 * depth, ux, uy, abs(uz))
    )


@njit(cache=True, nogil=True)
def satellite(k, bus, panel_length, panel_width, ux, uy, uz):
    """Return the amplitude of a cubic bus with two thin solar panels along x, normal along z.

    A coherent sum: shadows of the bus on the panels, and bounces between them, are left out.
    """
    arm = 0.5 * (bus + panel_length)
    panels = plate(k, panel_length, panel_width, ux, uy, uz) * 2.0 * np.cos(2.0 * k * arm * ux)
    return box(k, bus, bus, bus, ux, uy, uz) + panels


@njit(cache=True, nogil=True)
def rocket_body(k, radius, length, uz):
    """Return the amplitude of a cylinder with a hemispherical dome at +z and an open flat end.

    The dome returns its specular point from any direction in front of it; the flat end, taken as
    closed, stands at -z.
    """
    across = np.sqrt(max(0.0, 1.0 - uz * uz))
    flash = length * sinc(k * length * uz) * np.sqrt(k * radius * across)
    total = -1j * flash * np.exp(1j * (2.0 * k * radius * across - 0.25 * np.pi))
    if uz > 0.0:
        total -= _ROOT_PI * radius * np.exp(2j * k * (radius + 0.5 * length * uz))
    return total + disc(k, radius, 0.5 * length, -uz)
