"""Scattering amplitudes of composite bodies: coherent sums of flat parts.

Conventions and limits are those of ``elementary``.
"""

import numpy as np
from numba import njit

from simulators.fast_trig import phasor
from simulators.scattering.closed_forms.elementary import disc, plate

_ROOT_PI = np.sqrt(np.pi)
_SMALL = 1e-3  # below this a series replaces a quotient of vanishing numbers


@njit(cache=True, nogil=True)
def box(k, width, height, depth, ux, uy, uz):
    """Return the amplitude of a closed box: its three lit faces, coherently.

    The phase from the centre to a face, k w |u|, is also the argument of the sinc of the other two
    faces along that side, so three sines and cosines are enough.
    """
    ux, uy, uz = abs(ux), abs(uy), abs(uz)
    x, y, z = k * width * ux, k * height * uy, k * depth * uz
    at_x, at_y, at_z = phasor(x), phasor(y), phasor(z)
    along_x = at_x.imag / x if x > _SMALL else 1.0 - x * x / 6.0
    along_y = at_y.imag / y if y > _SMALL else 1.0 - y * y / 6.0
    along_z = at_z.imag / z if z > _SMALL else 1.0 - z * z / 6.0
    total = at_x * (height * depth * ux * along_y * along_z)
    total += at_y * (width * depth * uy * along_x * along_z)
    total += at_z * (width * height * uz * along_x * along_y)
    return -1j * k / _ROOT_PI * total


@njit(cache=True, nogil=True)
def satellite(k, bus, panel_length, panel_width, antenna_radius, ux, uy, uz):
    """Return the amplitude of a cubic bus, two thin solar panels along x, and an antenna at +y.

    The panels' normal is z. The antenna is a dish taken as its flat aperture, half its radius off
    the bus and dark from behind. A coherent sum: shadows of the parts on each other and bounces
    between them are neglected.
    """
    arm = 0.5 * (bus + panel_length)
    panels = plate(k, panel_length, panel_width, ux, uy, uz) * 2.0 * phasor(2.0 * k * arm * ux).real
    antenna = disc(k, antenna_radius, 0.5 * (bus + antenna_radius), uy)
    return box(k, bus, bus, bus, ux, uy, uz) + panels + antenna


@njit(cache=True, nogil=True)
def bend(width, fold, angle_deg):
    """Return the position of a bent plate in its principal axes, in the plane across the fold.

    The fold runs along y at the share ``fold`` of the width; ``angle_deg`` is the bend [deg], 0 for
    a flat plate.

    Returns:
        Cosine and sine of each part's direction away from the fold (x, z), then the fold's
        position (x, z) [m], and the mean squares of the plate's x and z [m^2].
    """
    half = 0.5 * np.pi / 180.0 * angle_deg
    first, second = fold * width, (1.0 - fold) * width
    cosine, sine = np.cos(half), np.sin(half)
    # With the fold at the origin: the parts along (-cos, sin) and (cos, sin).
    centre_x = 0.5 * cosine * (second * second - first * first) / width
    centre_z = 0.5 * sine * (first * first + second * second) / width
    cubes = (first**3 + second**3) / (3.0 * width)
    xx, zz = cubes * cosine * cosine - centre_x**2, cubes * sine * sine - centre_z**2
    xz = (second**3 - first**3) / (3.0 * width) * cosine * sine - centre_x * centre_z
    turn = 0.5 * np.arctan2(2.0 * xz, xx - zz)
    c, s = np.cos(turn), np.sin(turn)
    middle, spread = 0.5 * (xx + zz), np.sqrt(0.25 * (xx - zz) ** 2 + xz * xz)
    return (
        (-c * cosine + s * sine, s * cosine + c * sine),
        (c * cosine + s * sine, -s * cosine + c * sine),
        (-c * centre_x - s * centre_z, s * centre_x - c * centre_z),
        (middle + spread, middle - spread),
    )


@njit(cache=True, nogil=True)
def fragment(k, width, height, fold, angle_deg, ux, uy, uz):
    """Return the amplitude of a thin plate bent along a line, lit on either side.

    A coherent sum of its two flat parts about their centre of mass; x, y and z are the principal
    axes, y along the fold. Shadows and bounces between the parts are neglected.
    """
    one, other, corner, _ = bend(width, fold, angle_deg)
    total = 0.0j
    for length, (x, z) in ((fold * width, one), ((1.0 - fold) * width, other)):
        along, normal = x * ux + z * uz, -z * ux + x * uz
        middle = phasor(k * length * along)
        total += plate(k, length, height, along, uy, normal) * middle
    return total * phasor(2.0 * k * (corner[0] * ux + corner[1] * uz))
