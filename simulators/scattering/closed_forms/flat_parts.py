"""Amplitudes of bodies with flat sides along a whole dwell, in loops that vectorise.

The physics is that of ``elementary.plate``, ``composites.box`` and ``composites.satellite``, which
take one look. Here both sides of every branch are computed and one is selected, so that the
compiler may take several looks at a time; for the same reason the functions called are inlined by
force and divide without a check for 0. A body without an axis has no table over one angle; these
loops take its place.
"""

import numpy as np
from numba import njit

from simulators.fast_trig import phasor, sine_cosine
from simulators.numba_options import UNCOUNTED
from simulators.scattering.closed_forms.special import far_bessel_j1, near_bessel_j1

_ROOT_PI = np.sqrt(np.pi)
_TWO_PI = 2.0 * np.pi
_SMALL = 1e-3  # below this a series replaces a quotient of vanishing numbers


@njit(**UNCOUNTED, forceinline=True, error_model="numpy")
def _sinc(x, sine):
    """Return sin(x) / x for x >= 0, given the sine."""
    near, far = 1.0 - x * x / 6.0, sine / max(x, _SMALL)
    return near if x < _SMALL else far


@njit(**UNCOUNTED, forceinline=True, error_model="numpy")
def _jinc(x):
    """Return 2 J1(x) / x, 1 at 0, for x >= 0."""
    inner, outer = near_bessel_j1(x), far_bessel_j1(max(x, 3.0))
    value = 2.0 * (inner if x <= 3.0 else outer) / max(x, _SMALL)
    return 1.0 - x * x / 8.0 if x < _SMALL else value


@njit(**UNCOUNTED)
def plate_along(k, width, height, directions, echo):
    """Set ``echo`` to the amplitudes of a thin plate in ``directions``, ``(3, steps)``."""
    peak = -k / _ROOT_PI * width * height
    for n in range(echo.shape[0]):
        x, y = abs(k * width * directions[0, n]), abs(k * height * directions[1, n])
        sine_x, _ = sine_cosine(x / _TWO_PI)
        sine_y, _ = sine_cosine(y / _TWO_PI)
        shape = _sinc(x, sine_x) * _sinc(y, sine_y)
        echo[n] = complex(0.0, peak * abs(directions[2, n]) * shape)


@njit(**UNCOUNTED)
def box_along(k, width, height, depth, directions, echo):
    """Set ``echo`` to the amplitudes of a closed box in ``directions``, ``(3, steps)``."""
    peak = k / _ROOT_PI
    for n in range(echo.shape[0]):
        ux, uy, uz = abs(directions[0, n]), abs(directions[1, n]), abs(directions[2, n])
        x, y, z = k * width * ux, k * height * uy, k * depth * uz
        at_x, at_y, at_z = phasor(x), phasor(y), phasor(z)
        along_x, along_y, along_z = _sinc(x, at_x.imag), _sinc(y, at_y.imag), _sinc(z, at_z.imag)
        from_x = height * depth * ux * along_y * along_z
        from_y = width * depth * uy * along_x * along_z
        from_z = width * height * uz * along_x * along_y
        real = at_x.real * from_x + at_y.real * from_y + at_z.real * from_z
        imaginary = at_x.imag * from_x + at_y.imag * from_y + at_z.imag * from_z
        echo[n] = complex(peak * imaginary, -peak * real)


@njit(**UNCOUNTED)
def satellite_along(k, bus, panel_length, panel_width, antenna_radius, directions, echo):
    """Set ``echo`` to the amplitudes of a satellite in ``directions``, ``(3, steps)``.

    See ``composites.satellite`` for what it is made of.
    """
    box_along(k, bus, bus, bus, directions, echo)
    both_panels = -k / _ROOT_PI * panel_length * panel_width * 2.0
    between = k * (bus + panel_length)
    for n in range(echo.shape[0]):
        ux = directions[0, n]
        x, y = abs(k * panel_length * ux), abs(k * panel_width * directions[1, n])
        sine_x, _ = sine_cosine(x / _TWO_PI)
        sine_y, _ = sine_cosine(y / _TWO_PI)
        shape = _sinc(x, sine_x) * _sinc(y, sine_y) * phasor(between * ux).real
        value = echo[n]
        panels = both_panels * abs(directions[2, n]) * shape
        echo[n] = complex(value.real, value.imag + panels)
    _add_dish(k, antenna_radius, 0.5 * (bus + antenna_radius), directions, echo)


@njit(**UNCOUNTED)
def _add_dish(k, radius, offset, directions, echo):
    """Add the aperture of a dish that faces +y at ``offset``; dark from behind."""
    peak = k * _ROOT_PI * radius * radius
    for n in range(echo.shape[0]):
        uy = directions[1, n]
        lit = max(uy, 0.0)
        size = peak * lit * _jinc(2.0 * k * radius * np.sqrt(max(0.0, 1.0 - uy * uy)))
        turn, value = phasor(2.0 * k * offset * lit), echo[n]
        echo[n] = complex(value.real + size * turn.imag, value.imag - size * turn.real)
