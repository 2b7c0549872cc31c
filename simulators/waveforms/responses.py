"""Samples in fast time from scattering amplitudes over frequency.

An echo is the transmitted pulse after the filter a(u, f0 + f) exp(-j 2 pi f tau). The response of a
finite body lasts no longer than the body, so its amplitude is smooth in frequency, and a few
Chebyshev nodes across the band determine it. An echo is then a sum over the nodes: the amplitude at
each node times a fixed sequence, without a frequency grid.

References:
    Trefethen, Approximation Theory and Approximation Practice, chapters 2, 5 and 8;
    Knott, Shaeffer, Tuley, Radar Cross Section, 2nd ed., section 2.6 (RCS over frequency to range).
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulators.units import SPEED_OF_LIGHT_MPS

MIN_FREQUENCIES = 64


def frequency_grid_hz(steps: int, sample_interval_s: float, *, circular: bool) -> NDArray:
    """Return the baseband frequencies [Hz] of the sequence, in FFT order.

    In circular mode one period has ``steps`` samples. Otherwise there are 4 ``steps`` or more, so
    that no echo of a body in or near the gate wraps around.
    """
    count = steps if circular else max(MIN_FREQUENCIES, 4 * steps)
    return np.fft.fftfreq(count, sample_interval_s)


def echo(
    tx: ArrayLike,
    amplitudes: ArrayLike,
    sample_interval_s: float,
    *,
    steps: int,
    delay_s: float = 0.0,
    circular: bool = False,
) -> NDArray[np.complex128]:
    """Return the samples of a body's echo, in sqrt(m^2), by FFT over a frequency grid.

    Args:
        tx: Transmitted samples, complex ``(length,)``, at most ``steps`` of them.
        amplitudes: Scattering amplitude [m] at the carrier plus each of ``frequency_grid_hz``.
        sample_interval_s: Time from sample to sample [s].
        steps: Samples to return.
        delay_s: Of the body's centre beyond the first sample [s].
        circular: See ``frequency_grid_hz``.

    Returns:
        Complex128 ``(steps,)``. The delay leaves the carrier phase; propagation phases are drawn.
    """
    frequency_hz = frequency_grid_hz(steps, sample_interval_s, circular=circular)
    delayed = np.asarray(amplitudes) * np.exp(-2j * np.pi * frequency_hz * delay_s)
    return np.fft.ifft(np.fft.fft(np.asarray(tx), len(frequency_hz)) * delayed)[:steps]


def node_count(extent_m: float, sample_interval_s: float) -> int:
    """Return the number of nodes that give the amplitude of a body to 1e-6 of its peak.

    A scatterer at the end of the body turns the amplitude by x radians from the middle of the band
    to its edge; the Chebyshev series of such a phasor has the coefficients J_n(x), which vanish
    beyond n = x. Half a sample more is for delays between samples.
    """
    lag_s = extent_m / SPEED_OF_LIGHT_MPS + sample_interval_s / 2
    x = math.pi * lag_s / sample_interval_s
    return math.ceil(x + 4.0 * x ** (1 / 3) + 5.0)


def nodes_hz(count: int, sample_interval_s: float) -> NDArray[np.float64]:
    """Return Chebyshev nodes of the first kind across the band [Hz], about 0."""
    angle = np.pi * (np.arange(count) + 0.5) / count
    return np.cos(angle) / (2 * sample_interval_s)


def cardinal(frequency_hz: ArrayLike, count: int, sample_interval_s: float) -> NDArray[np.float64]:
    """Return the cardinal polynomial of each node, 1 at that node and 0 at the others.

    Args:
        frequency_hz: Frequencies within the band [Hz], ``(n,)``.
        count: Number of nodes.
        sample_interval_s: Time from sample to sample [s].

    Returns:
        Shape ``(count, n)``; amplitudes at the nodes times this are amplitudes at the frequencies.
    """
    x = np.clip(2 * sample_interval_s * np.asarray(frequency_hz), -1.0, 1.0)
    order = np.arange(count)
    at_nodes = np.cos(np.outer(np.pi * (order + 0.5) / count, order))
    weight = np.where(order == 0, 1.0, 2.0) / count
    return (at_nodes * weight) @ np.cos(np.outer(order, np.arccos(x)))


def node_sequences(
    spectrum: ArrayLike, count: int, sample_interval_s: float, *, first: int, last: int
) -> NDArray[np.complex128]:
    """Return each node's contribution to samples ``first`` to ``last``, per metre of amplitude.

    Args:
        spectrum: Spectrum of the pulse on a grid of ``frequency_grid_hz``, ``(n,)``.
        count: Number of nodes.
        sample_interval_s: Time from sample to sample [s].
        first: First sample; sequences repeat every ``n`` samples.
        last: Last sample.

    Returns:
        Shape ``(count, last - first + 1)``.
    """
    spectrum = np.asarray(spectrum)
    frequency_hz = np.fft.fftfreq(len(spectrum), sample_interval_s)
    period = np.fft.ifft(spectrum * cardinal(frequency_hz, count, sample_interval_s), axis=1)
    return np.ascontiguousarray(period[:, np.arange(first, last + 1) % len(spectrum)])


def profile_taper(frequency_hz: ArrayLike, sample_interval_s: float) -> NDArray[np.float64]:
    """Return the Hamming taper of range profiles, with sidelobes of -43 dB.

    It is scaled so that a point scatterer has its own RCS in its range bin.
    """
    taper = 0.54 + 0.46 * np.cos(2 * np.pi * sample_interval_s * np.asarray(frequency_hz))
    return taper / taper.mean()
