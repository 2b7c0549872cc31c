"""Phase noise of the receiver's local oscillator."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numba import njit

from simulators import random as rng
from simulators.impairments.intervals import OFF
from simulators.objects import STRICT, Interval, check_interval


@dataclass(frozen=True, kw_only=True)
class PhaseNoise:
    """Phase noise of the local oscillator over the pulses of a dwell.

    Attributes:
        rms_rad: Rms of the white numbers that drive it [rad]: at slope 0 the rms of the phase
            itself, at slope 2 that of its step from pulse to pulse. 0 is off.
        slope: The phase's power spectrum falls as frequency to this power: 0 white, 1 flicker,
            2 a random walk.
    """

    __pydantic_config__: ClassVar = STRICT

    rms_rad: Interval = OFF
    slope: float = 2.0

    @property
    def is_on(self) -> bool:
        """Whether the phase moves at all."""
        return self.rms_rad[1] > 0.0

    def __post_init__(self) -> None:
        """Refuse negative levels, and slopes beyond 0 to 2."""
        check_interval("rms_rad", self.rms_rad, lowest=0.0)
        if not 0.0 <= self.slope <= 2.0:
            raise ValueError(f"slope is {self.slope}; expected 0 to 2")


@njit(cache=True, nogil=True)
def add_phase_noise(row, rms_rad, slope, work, seed, domain, index):
    """Turn the samples of one example in place by phase noise of a power-law spectrum.

    phi_n = sum_k h_k w_(n-k), w white of rms ``rms_rad``, h_0 = 1, h_k = h_(k-1) (s/2 + k - 1) / k:
    white noise through (1 - 1/z)^(-s/2), whose two-sided spectrum is
    rms^2 |2 sin(pi f)|^-s, f in cycles per step. It starts at rest with the first pulse, so it is
    not stationary for s > 0, and it costs steps^2 / 2 products. The transmitter is taken to be
    quiet: for close ranges, where both share one oscillator, part of this would cancel.

    Args:
        row: The samples, complex128 ``(steps,)``.
        rms_rad: Rms of w [rad]; 0 changes nothing.
        slope: s, 0 to 2.
        work: Scratch space, float64 ``(2, steps)``; its first row then holds the phases [rad].
        seed: Seed of the dataset.
        domain: Domain of the draws.
        index: The example.

    Reference:
        N. J. Kasdin, Discrete simulation of colored noise and stochastic processes and 1/f^a
        power law noise generation, Proceedings of the IEEE 83 (1995), 802-827, section IV.
    """
    if rms_rad <= 0.0:
        return
    steps, phase, weight = row.shape[0], work[0], work[1]
    white = 0j
    for n in range(steps):
        phase[n], weight[n] = 0.0, 1.0
        if n > 0:
            weight[n] = weight[n - 1] * (0.5 * slope + n - 1.0) / n
    for k in range(steps):
        if k % 2 == 0:  # one complex number makes two real ones
            u0, u1, _, _ = rng.uniforms(seed, domain, rng.STREAM_PHASE_NOISE, index, k // 2)
            white = np.sqrt(2.0) * rms_rad * rng.circular_normal(u0, u1)
        step = white.imag if k % 2 else white.real
        for n in range(k, steps):
            phase[n] += weight[n - k] * step
    for n in range(steps):
        row[n] *= np.exp(1j * phase[n])
