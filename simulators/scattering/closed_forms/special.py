"""Compiled special functions: sinc, jinc, J1, and the sine and cosine integrals.

References:
    Abramowitz and Stegun, Handbook of Mathematical Functions: 9.4.4 and 9.4.6 (J1), 5.2.8, 5.2.9,
    5.2.38 and 5.2.39 (sine and cosine integrals).
"""

import numpy as np
from numba import njit

from simulators.fast_trig import sine_cosine

_SMALL = 1e-3  # below this a series replaces a quotient of vanishing numbers


@njit(cache=True, nogil=True)
def sinc(x):
    """Return sin(x) / x, 1 at 0."""
    if abs(x) < _SMALL:
        return 1.0 - x * x / 6.0
    sine, _ = sine_cosine(x / (2.0 * np.pi))
    return sine / x


@njit(cache=True, nogil=True, forceinline=True)
def near_bessel_j1(x):
    """Return J1(x) for 0 <= x <= 3, within 1e-7."""
    t = (x / 3.0) ** 2
    series = 0.5 + t * (
        -0.56249985
        + t
        * (0.21093573 + t * (-0.03954289 + t * (0.00443319 + t * (-0.00031761 + t * 0.00001109))))
    )
    return x * series


@njit(cache=True, nogil=True, forceinline=True, error_model="numpy")
def far_bessel_j1(x):
    """Return J1(x) for x >= 3, within 1e-7."""
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
    _, cosine = sine_cosine(phase / (2.0 * np.pi))
    return modulus * cosine / np.sqrt(x)


@njit(cache=True, nogil=True)
def bessel_j1(x):
    """Return the Bessel function J1(x) for x >= 0, within 1e-7."""
    return near_bessel_j1(x) if x <= 3.0 else far_bessel_j1(x)


@njit(cache=True, nogil=True)
def jinc(x):
    """Return 2 J1(x) / x, 1 at 0, for x >= 0."""
    if x < _SMALL:
        return 1.0 - x * x / 8.0
    return 2.0 * bessel_j1(x) / x


@njit(cache=True, nogil=True)
def sine_cosine_integrals(x):
    """Return Si(x) and Ci(x) for x > 0, within 1e-6.

    Power series up to 4, rational approximations of the auxiliary functions beyond.
    """
    if x < 4.0:
        sine, cosine = 0.0, 0.5772156649015329 + np.log(x)
        term = 1.0
        for n in range(1, 24):
            term *= x / n
            sign = 1.0 - 2.0 * ((n // 2) % 2)
            if n % 2:
                sine += sign * term / n
            else:
                cosine += sign * term / n
        return sine, cosine
    y = x * x
    f = (((y + 38.027264) * y + 265.187033) * y + 335.677320) * y + 38.102495
    f /= ((((y + 40.021433) * y + 322.624911) * y + 570.236280) * y + 157.105423) * x
    g = (((y + 42.242855) * y + 302.757865) * y + 352.018498) * y + 21.821899
    g /= ((((y + 48.196927) * y + 482.485984) * y + 1114.978885) * y + 449.690326) * y
    cosine, sine = np.cos(x), np.sin(x)
    return 0.5 * np.pi - f * cosine - g * sine, f * sine - g * cosine
