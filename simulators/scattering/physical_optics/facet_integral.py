"""Mean of exp(jp) over a triangle on which the phase p is linear, for any phases.

With corner phases a, b, c [rad] it is a second divided difference of the exponential,

    I = 2 (e^ja (b - c) + e^jb (c - a) + e^jc (a - b)) / ((a - b) (b - c) (c - a)),

computed here as a difference of two first ones. If two phases nearly agree the quotient loses
digits; series take its place, so that no case is singular.

References:
    Gordon, IEEE Trans. Antennas Propag. 23 (1975) 590 (the sum over corners);
    Ludwig, IEEE Trans. Antennas Propag. 16 (1968) 767 (small phase differences).
"""

import math

import numpy as np
from numba import njit

_MIN_DIVISOR = 0.25  # [rad]; a difference of phases from here on divides to 8 eps |phase|
_SERIES_SPAN = 0.5  # [rad]; phases within this span take one series, 13 terms to 2e-16
_SERIES = np.array([2.0 / math.factorial(n + 2) for n in range(14)])


@njit(cache=True, nogil=True, error_model="numpy")
def _series_mean(up, down):
    """Return the mean over e^jm for phases m + up, m, m - down that span less than 0.5 rad.

    2 sum of j^n h_n / (n + 2)!, h_n the complete homogeneous polynomial of (up, -down), which
    obeys h_n = up h_(n-1) + (-down)^n.
    """
    term, power = 1.0, 1.0
    real, imaginary = 0.0, 0.0
    sign = 1.0
    for n in range(0, 14, 2):
        real += sign * _SERIES[n] * term
        power *= -down
        term = up * term + power
        imaginary += sign * _SERIES[n + 1] * term
        power *= -down
        term = up * term + power
        sign = -sign
    return complex(real, imaginary)


@njit(cache=True, nogil=True, error_model="numpy")
def _line_mean(x):
    """Return (e^jx - 1) / (jx), the mean along a line, for |x| up to 0.25 rad."""
    y = x * x
    real = 1.0 - y / 6.0 * (
        1.0 - y / 20.0 * (1.0 - y / 42.0 * (1.0 - y / 72.0 * (1.0 - y / 110.0)))
    )
    imaginary = 1.0 - y / 12.0 * (
        1.0 - y / 30.0 * (1.0 - y / 56.0 * (1.0 - y / 90.0 * (1.0 - y / 132.0)))
    )
    return complex(real, 0.5 * x * imaginary)


@njit(cache=True, nogil=True)
def _over_j(value, factor):
    """Return factor * value / j; a complex division would cost five times as much."""
    return complex(factor * value.imag, -factor * value.real)


@njit(cache=True, nogil=True, error_model="numpy")
def ordered_mean(up, down, low, middle, high):
    """Return the mean of exp(jp) over a triangle, for any phases.

    Args:
        up: Highest minus middle corner phase [rad], 0 or more.
        down: Middle minus lowest corner phase [rad], 0 or more.
        low: exp(jp) at the corner of lowest phase.
        middle: exp(jp) at the corner of middle phase.
        high: exp(jp) at the corner of highest phase.
    """
    span = up + down
    if span < _SERIES_SPAN:
        return middle * _series_mean(up, down)
    if up < _MIN_DIVISOR:
        above = middle * _line_mean(up)
    else:
        above = _over_j(high - middle, 1.0 / up)
    if down < _MIN_DIVISOR:
        below = middle * _line_mean(-down)
    else:
        below = _over_j(middle - low, 1.0 / down)
    return _over_j(above - below, 2.0 / span)


@njit(cache=True, nogil=True)
def triangle_mean(a, b, c):
    """Return the mean of exp(jp) over a triangle with these corner phases [rad], in any order."""
    low, high = min(a, b, c), max(a, b, c)
    middle = max(min(a, b), min(max(a, b), c))
    return ordered_mean(
        high - middle, middle - low, np.exp(1j * low), np.exp(1j * middle), np.exp(1j * high)
    )


@njit(cache=True, nogil=True)
def means(phases):
    """Return the mean over each triangle; ``phases`` [rad], shape ``(n, 3)``."""
    out = np.empty(phases.shape[0], dtype=np.complex128)
    for i in range(phases.shape[0]):
        out[i] = triangle_mean(phases[i, 0], phases[i, 1], phases[i, 2])
    return out
