"""Sine, cosine and arc cosine, compiled to code that vectorises over a loop; angles in turns.

The functions of the math library take one number per call; these are a few inlined products. They
give the same bits on every processor that rounds as IEEE 754 states and fuses no operations.
"""

import numpy as np
from numba import njit

# Taylor coefficients of sin(2 pi x) / x and cos(2 pi x), accurate to 2e-16 for |x| <= 1/8.
_SINE = (
    6.283185307179586,
    -41.34170224039976,
    81.60524927607506,
    -76.70585975306139,
    42.058693944897655,
    -15.09464257682299,
    3.819952584848282,
    -0.7181223017785006,
)
_COSINE = (
    1.0,
    -19.739208802178716,
    64.9393940226683,
    -85.45681720669373,
    60.24464137187666,
    -26.4262567833744,
    7.903536371318469,
    -1.714390711088672,
    0.28200596845579123,
)
_TURNS_PER_RADIAN = 0.15915494309189535

# arccos(x) / sqrt(1 - x) on 0 to 1, interpolated at Chebyshev points.
_ARC_COSINE = (
    1.5707963267945688,
    -0.21460183647380845,
    0.0890486140859884,
    -0.05079259340300363,
    0.033678239047613384,
    -0.024348837801387163,
    0.018531832155799736,
    -0.014348627371147935,
    0.010735025037335854,
    -0.00720547913953897,
    0.00396423397890358,
    -0.0016097156100589153,
    0.0004174203286128151,
    -5.103925695797748e-05,
)


@njit(cache=True, nogil=True, forceinline=True)
def sine_cosine(turns):
    """Return the sine and the cosine of an angle in turns, within 4e-16."""
    quarter = np.floor(4.0 * turns + 0.5)
    x = turns - 0.25 * quarter
    q = quarter - 4.0 * np.floor(0.25 * quarter)  # 0, 1, 2 or 3
    z = x * x
    sine = _SINE[7]
    sine = sine * z + _SINE[6]
    sine = sine * z + _SINE[5]
    sine = sine * z + _SINE[4]
    sine = sine * z + _SINE[3]
    sine = sine * z + _SINE[2]
    sine = sine * z + _SINE[1]
    sine = (sine * z + _SINE[0]) * x
    cosine = _COSINE[8]
    cosine = cosine * z + _COSINE[7]
    cosine = cosine * z + _COSINE[6]
    cosine = cosine * z + _COSINE[5]
    cosine = cosine * z + _COSINE[4]
    cosine = cosine * z + _COSINE[3]
    cosine = cosine * z + _COSINE[2]
    cosine = cosine * z + _COSINE[1]
    cosine = cosine * z + _COSINE[0]
    swapped = q == 1.0 or q == 3.0
    s = cosine if swapped else sine
    c = sine if swapped else cosine
    s = -s if q >= 2.0 else s
    c = -c if (q == 1.0 or q == 2.0) else c
    return s, c


@njit(cache=True, nogil=True, forceinline=True)
def phasor(phase):
    """Return exp(j phase), the phase in radians."""
    sine, cosine = sine_cosine(phase * _TURNS_PER_RADIAN)
    return complex(cosine, sine)


@njit(cache=True, nogil=True, forceinline=True)
def arc_cosine(x):
    """Return the angle [rad] whose cosine is ``x``, clipped to -1 to 1, within 1e-12 rad.

    A polynomial times sqrt(1 - |x|), as in the reference, but of higher degree.

    Reference:
        Abramowitz and Stegun, Handbook of Mathematical Functions, 4.4.45 and 4.4.46.
    """
    size = min(abs(x), 1.0)
    series = _ARC_COSINE[13]
    for i in range(12, -1, -1):
        series = series * size + _ARC_COSINE[i]
    angle = np.sqrt(1.0 - size) * series
    return np.pi - angle if x < 0.0 else angle
