"""Random fluctuation of power: Swerling models of the echo, texture and speckle of clutter.

A body that the simulator turns already scintillates through its geometry. Swerling's models are
for objects without geometry, or for what it leaves out; a tumbling body has them only where the
recipe asks. ``simulators.impairments.clutter`` makes clutter of texture and speckle.
"""

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numba import njit
from numpy.typing import NDArray

from simulators import random as rng
from simulators.impairments.noise import fill_circular
from simulators.objects import STRICT

Distribution = Literal["off", "rayleigh", "k", "weibull", "log_normal"]
CLUTTER_OFF, RAYLEIGH, K, WEIBULL, LOG_NORMAL = range(5)
# The shape of each: none; order nu; exponent c of the amplitude; deviation of ln intensity.
SHAPE_LIMITS = {
    "off": (0.0, math.inf),
    "rayleigh": (0.0, math.inf),
    "k": (0.05, 1000.0),
    "weibull": (0.2, 2.0),
    "log_normal": (0.0, 4.0),
}

MAX_CORRELATION = 0.9999  # above, the Gaussian filter grows past 500 taps
_TAP_FLOOR = 1e-6  # taps below this share of the largest are left out
_GAMMA_ATTEMPTS = 16
_SPECTRUM_POINTS = 4096

SwerlingModel = Literal[0, 1, 2, 3, 4]


@dataclass(frozen=True, kw_only=True)
class Fluctuation:
    """The Swerling model that multiplies the echo.

    Attributes:
        swerling: 0 none; 1 and 2 many like scatterers (exponential); 3 and 4 one that dominates
            (gamma of order 2). 1 and 3 draw once a dwell, 2 and 4 for every pulse.
    """

    __pydantic_config__: ClassVar = STRICT

    swerling: SwerlingModel = 0

    def __post_init__(self) -> None:
        """Refuse a model that does not exist."""
        if self.swerling not in (0, 1, 2, 3, 4):
            raise ValueError(f"swerling is {self.swerling}; expected 0, 1, 2, 3 or 4")


@njit(cache=True, nogil=True)
def rcs_factor(swerling, u0, u1):
    """Return an RCS over its mean, from two uniform numbers in (0, 1).

    -ln u0, of variance 1, for models 1 and 2; -ln(u0 u1) / 2, of variance 1/2, for 3 and 4.

    Reference:
        P. Swerling, Probability of detection for fluctuating targets, IRE Transactions on
        Information Theory 6 (1960), 269-308, section I.
    """
    if swerling == 0:
        return 1.0
    if swerling <= 2:
        return -np.log(u0)
    return -0.5 * (np.log(u0) + np.log(u1))


@njit(cache=True, nogil=True)
def fluctuate(row, swerling, seed, domain, index):
    """Multiply an echo in place by the square roots of RCS factors of mean 1.

    The factors are real: the echo keeps its phase and its Doppler, so pulses still integrate
    coherently. Not for a noise power set on this dwell's own echo: that would divide the factor
    of models 1 and 3 out again. Set it on the echo before this.

    Args:
        row: The echo, complex128 ``(steps,)``.
        swerling: Model, 0 to 4; 0 changes nothing.
        seed: Seed of the dataset.
        domain: Domain of the draws.
        index: The example.

    Returns:
        The mean RCS factor over the dwell.
    """
    if swerling == 0:
        return 1.0
    steps, factor, total = row.shape[0], 1.0, 0.0
    per_pulse = swerling == 2 or swerling == 4
    for n in range(steps):
        if n == 0 or per_pulse:
            u = rng.uniforms(seed, domain, rng.STREAM_FLUCTUATION, index, n // 2)
            factor = rcs_factor(swerling, u[2 * (n % 2)], u[2 * (n % 2) + 1])
        row[n] *= np.sqrt(factor)
        total += factor
    return total / steps


def gaussian_taps(correlation: float) -> NDArray[np.float64]:
    """Return the symmetric filter that gives white noise the correlation r^(m^2) at lag m.

    The inverse transform of the square root of the spectrum, so that the filter's own correlation
    is r^(m^2) to 1e-5, aliasing included; of unit energy, shape ``(2 k + 1,)``.

    Example:
        >>> taps = gaussian_taps(0.8)
        >>> [round(float(np.sum(taps[m:] * taps[: len(taps) - m])), 4) for m in (0, 1, 2)]
        [1.0, 0.8, 0.4096]
    """
    lags = np.minimum(np.arange(_SPECTRUM_POINTS), _SPECTRUM_POINTS - np.arange(_SPECTRUM_POINTS))
    spectrum = np.fft.fft(np.power(correlation, lags.astype(float) ** 2)).real
    taps = np.fft.ifft(np.sqrt(np.maximum(spectrum, 0.0))).real
    reach = int(np.flatnonzero(np.abs(taps[: _SPECTRUM_POINTS // 2]) > _TAP_FLOOR * taps[0])[-1])
    taps = np.roll(taps, reach)[: 2 * reach + 1]
    return taps / np.sqrt(np.sum(taps**2))


@njit(cache=True, nogil=True)
def gamma(shape, stream, seed, domain, index):
    """Return a gamma-distributed number of order ``shape`` and scale 1.

    Marsaglia and Tsang's rejection, with a bounded number of draws: attempt t takes block t of
    the stream, two words for the normal number, one to accept, and one to bring an order below 1
    back from ``shape`` + 1. An attempt fails with probability below 0.05; after 16, with
    probability below 2e-21, the mode of the proposal stands in.

    Reference:
        G. Marsaglia, W. W. Tsang, A simple method for generating gamma variables, ACM
        Transactions on Mathematical Software 26 (2000), 363-372, section 3.
    """
    d = shape - 1.0 / 3.0 + (1.0 if shape < 1.0 else 0.0)
    value, u3 = d, 0.5
    for attempt in range(_GAMMA_ATTEMPTS):
        u0, u1, u2, u3 = rng.uniforms(seed, domain, stream, index, attempt)
        x = np.sqrt(2.0) * rng.circular_normal(u0, u1).real
        v = (1.0 + x / np.sqrt(9.0 * d)) ** 3
        if v > 0.0 and np.log(u2) < 0.5 * x * x + d - d * v + d * np.log(v):
            value = d * v
            break
    return value * u3 ** (1.0 / shape) if shape < 1.0 else value


@njit(cache=True, nogil=True)
def _weibull_texture(half, u0, u1):
    """Return the texture of mean 1 that makes exponential speckle Weibull of exponent ``half``.

    P(E / S > x) = E exp(-x S) = exp(-x^a) for S positive stable of index a = ``half``, E
    exponential; S by Kanter's formula.
    """
    if half >= 1.0:
        return 1.0
    angle, wait = np.pi * u0, -np.log(u1)
    stable = np.sin(half * angle) / np.sin(angle) ** (1.0 / half)
    stable *= (np.sin((1.0 - half) * angle) / wait) ** (1.0 / half - 1.0)
    return 1.0 / (stable * math.gamma(1.0 + 1.0 / half))


@njit(cache=True, nogil=True)
def texture(kind, shape, seed, domain, index):
    """Return the local mean intensity of a dwell's clutter, over its mean over all dwells.

    K: gamma of order nu over nu, so <I^2>/<I>^2 = 2 (1 + 1/nu). Weibull: such that the amplitude
    of the clutter is Weibull of exponent c. Log-normal: exp(s z - s^2 / 2), z normal, so the
    intensity's second moment is 2 exp(s^2); the texture is log-normal, not the clutter.

    Reference:
        K. D. Ward, R. J. A. Tough, S. Watts, Sea Clutter: Scattering, the K Distribution and
        Radar Performance, chapter 4; M. Kanter, Stable densities under change of scale and total
        variation inequalities, Annals of Probability 3 (1975), 697-707.
    """
    if kind == K:
        return gamma(shape, rng.STREAM_TEXTURE, seed, domain, index) / shape
    u0, u1, _, _ = rng.uniforms(seed, domain, rng.STREAM_TEXTURE, index, 0)
    if kind == WEIBULL:
        return _weibull_texture(0.5 * shape, u0, u1)
    if kind == LOG_NORMAL:
        z = np.sqrt(2.0) * rng.circular_normal(u0, u1).real
        return np.exp(shape * z - 0.5 * shape * shape)
    return 1.0


@njit(cache=True, nogil=True)
def add_filtered(row, power, taps, frequency, work, seed, domain, index):
    """Add filtered speckle in place; ``work`` holds the white numbers, see ``add_clutter``."""
    steps, reach = row.shape[0], taps.shape[0] - 1
    fill_circular(work, steps + reach, rng.STREAM_SPECKLE, seed, domain, index)
    turn, phasor = np.exp(2j * np.pi * frequency), np.sqrt(power) + 0j
    for n in range(steps):
        total = 0j
        for k in range(reach + 1):
            total += taps[k] * work[n + k]
        row[n] += phasor * total
        phasor *= turn


@njit(cache=True, nogil=True)
def add_autoregressive(row, power, correlation, frequency, work, seed, domain, index):
    """Add first-order autoregressive speckle in place, stationary from its first step on."""
    fill_circular(work, row.shape[0], rng.STREAM_SPECKLE, seed, domain, index)
    renewal = np.sqrt(1.0 - correlation * correlation)
    turn, phasor = np.exp(2j * np.pi * frequency), np.sqrt(power) + 0j
    state = work[0]
    for n in range(row.shape[0]):
        if n > 0:
            state = correlation * state + renewal * work[n]
        row[n] += phasor * state
        phasor *= turn
