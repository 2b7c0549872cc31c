"""Thermal noise: white circular complex numbers of a given power.

The functions work in place on one example's samples, complex128 ``(steps,)``; ``seed``, ``domain``
and ``index`` are those of ``simulators.random``.
"""

import numpy as np
from numba import njit

from simulators import random as rng

BOLTZMANN_J_PER_K = 1.380649e-23
STANDARD_TEMPERATURE_K = 290.0


def noise_power_w(bandwidth_hz: float, noise_figure_db: float = 0.0) -> float:
    """Return the thermal noise power k T0 F B [W] at T0 = 290 K, referred to the input.

    Example:
        >>> import math
        >>> round(10 * math.log10(noise_power_w(1.0) / 1e-3), 2)  # dBm in 1 Hz
        -173.98

    Reference:
        M. A. Richards, Fundamentals of Radar Signal Processing, 2nd ed., section 2.3 (noise).
    """
    figure = 10.0 ** (noise_figure_db / 10.0)
    return BOLTZMANN_J_PER_K * STANDARD_TEMPERATURE_K * figure * bandwidth_hz


@njit(cache=True, nogil=True)
def mean_power(row):
    """Return the mean of |x|^2 over the samples."""
    steps, rest, a, b, c, d = row.shape[0], 0.0, 0.0, 0.0, 0.0, 0.0
    for n in range(0, steps - 3, 4):  # four sums: each addition waits for the one before
        a += row[n].real ** 2 + row[n].imag ** 2
        b += row[n + 1].real ** 2 + row[n + 1].imag ** 2
        c += row[n + 2].real ** 2 + row[n + 2].imag ** 2
        d += row[n + 3].real ** 2 + row[n + 3].imag ** 2
    for n in range(steps - steps % 4, steps):
        rest += row[n].real ** 2 + row[n].imag ** 2
    return (a + b + c + d + rest) / steps


@njit(cache=True, nogil=True)
def circular(stream, block, seed, domain, index):
    """Return circular normal numbers 2 ``block`` and 2 ``block`` + 1 of a stream."""
    u0, u1, u2, u3 = rng.uniforms(seed, domain, stream, index, block)
    return rng.circular_normal(u0, u1), rng.circular_normal(u2, u3)


@njit(cache=True, nogil=True)
def fill_circular(out, count, stream, seed, domain, index):
    """Set the first ``count`` of ``out`` to circular complex normal numbers of variance 1."""
    for n in range(0, count, 2):
        out[n], other = circular(stream, n // 2, seed, domain, index)
        if n + 1 < count:
            out[n + 1] = other


@njit(cache=True, nogil=True)
def add_white(row, power, stream, seed, domain, index):
    """Add white circular complex noise of variance ``power`` in place, from one stream.

    Returns:
        The mean power of the noise that was added.
    """
    if power <= 0.0:
        return 0.0
    steps, scale, total = row.shape[0], np.sqrt(power), 0.0
    for n in range(0, steps, 2):
        pair = circular(stream, n // 2, seed, domain, index)
        for k in range(min(2, steps - n)):
            noise = scale * pair[k]
            row[n + k] += noise
            total += noise.real**2 + noise.imag**2
    return total / steps


@njit(cache=True, nogil=True)
def add_noise(row, power, seed, domain, index):
    """Add thermal noise in place: ``power`` / 2 in I and in Q, independent from step to step.

    Not for a sampling rate above the receiver's bandwidth: that noise is not white.

    Returns:
        The mean power of the noise that was added.
    """
    return add_white(row, power, rng.STREAM_NOISE, seed, domain, index)
