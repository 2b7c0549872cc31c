"""Scattering amplitude of a thin straight wire near its first resonance: chaff, a needle, a whip.

The wire carries the standing wave sin k(L/2 - |z|) with a current equal to the induced voltage over
the impedance of the shorted dipole. Both are those of antenna theory, so length and thickness tune
the resonance. The model holds for thin wires from 0.3 to 0.6 wavelengths.

The electric field lies in the plane of look and wire. A wire turned by an angle psi about the look
receives cos(psi) of it and returns cos(psi) of that to the same polarisation, so the cross-section
falls with the fourth power of the cosine and averages 3/8 over a random turn.

Reference:
    Balanis, Antenna Theory, 3rd ed., equations 4-62, 8-60 and 8-61 (induced-EMF method);
    Knott, Shaeffer, Tuley, Radar Cross Section, 2nd ed., section 6.5 (thin wires).
"""

import numpy as np
from numba import njit

from simulators.scattering.closed_forms.special import sine_cosine_integrals

MIN_LENGTH_WAVELENGTHS, MAX_LENGTH_WAVELENGTHS = 0.3, 0.6
MAX_THICKNESS_OF_LENGTH = 0.02  # radius over length, for a wire to be thin
_IMPEDANCE_OHM = 376.730313668  # of free space
_EULER = 0.5772156649015329


@njit(cache=True, nogil=True)
def dipole_impedance(k, length, radius):
    """Return the input impedance [ohm] of a dipole of this length and wire radius."""
    x = k * length
    si_1, ci_1 = sine_cosine_integrals(x)
    si_2, ci_2 = sine_cosine_integrals(2.0 * x)
    _, ci_thin = sine_cosine_integrals(2.0 * k * radius * radius / length)
    sine, cosine = np.sin(x), np.cos(x)
    resistance = _EULER + np.log(x) - ci_1
    resistance += 0.5 * sine * (si_2 - 2.0 * si_1)
    resistance += 0.5 * cosine * (_EULER + np.log(0.5 * x) + ci_2 - 2.0 * ci_1)
    reactance = 2.0 * si_1 + cosine * (2.0 * si_1 - si_2) - sine * (2.0 * ci_1 - ci_2 - ci_thin)
    scale = _IMPEDANCE_OHM / (2.0 * np.pi * np.sin(0.5 * x) ** 2)
    return scale * complex(resistance, 0.5 * reactance)


@njit(cache=True, nogil=True)
def effective_height(k, length, uz):
    """Return the effective height [m] of a dipole along z for looks with the z cosine ``uz``."""
    across = np.sqrt(max(0.0, 1.0 - uz * uz))
    if across < 1e-6:
        return 0.0
    half = 0.5 * k * length
    return 2.0 * (np.cos(half * uz) - np.cos(half)) / (k * across * np.sin(half))


@njit(cache=True, nogil=True)
def dipole(k, length, radius, uz):
    """Return the amplitude of a thin wire along z, field in the plane of look and wire."""
    height = effective_height(k, length, uz)
    scale = k * _IMPEDANCE_OHM / np.sqrt(4.0 * np.pi)
    return -1j * scale * height * height / dipole_impedance(k, length, radius)
