"""Imperfections of the receiver's mixer: I/Q imbalance and DC offset."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numba import njit

from simulators import random as rng
from simulators.impairments.intervals import OFF
from simulators.objects import STRICT, Interval, check_interval


@dataclass(frozen=True, kw_only=True)
class IqImbalance:
    """Mismatch of the two mixer arms, Q against I; zeros are off.

    Attributes:
        gain_db: Amplitude gain of Q over I [dB].
        phase_deg: Departure from quadrature [deg].
    """

    __pydantic_config__: ClassVar = STRICT

    gain_db: Interval = OFF
    phase_deg: Interval = OFF

    def __post_init__(self) -> None:
        """Refuse intervals out of order, and angles at which the arms fall together."""
        check_interval("gain_db", self.gain_db)
        low, high = check_interval("phase_deg", self.phase_deg)
        if low <= -90.0 or high >= 90.0:
            raise ValueError(f"phase_deg is [{low}, {high}]; expected between -90 and 90")

    @property
    def is_on(self) -> bool:
        """Whether the arms differ."""
        return (self.gain_db, self.phase_deg) != (OFF, OFF)

    def priors(self) -> list[Interval]:
        """Return the intervals of gain [dB] and phase [rad]."""
        low, high = self.phase_deg
        return [self.gain_db, (math.radians(low), math.radians(high))]


@dataclass(frozen=True, kw_only=True)
class DcOffset:
    """A constant left by the mixer, of uniform phase; off unless its level is given.

    Attributes:
        offset_to_noise_db: Power of the offset over that of the noise [dB].
    """

    __pydantic_config__: ClassVar = STRICT

    offset_to_noise_db: Interval | None = None

    def __post_init__(self) -> None:
        """Refuse an interval whose ends are out of order."""
        if self.offset_to_noise_db is not None:
            check_interval("offset_to_noise_db", self.offset_to_noise_db)

    @property
    def is_on(self) -> bool:
        """Whether a level was given."""
        return self.offset_to_noise_db is not None


@njit(cache=True, nogil=True)
def unbalance(row, gain_db, phase_rad):
    """Mismatch the mixer's arms in place: I stays, Q becomes g (Q cos phi + I sin phi).

    A tone at f gains an image at -f, see ``image_rejection_db``. Circular noise becomes
    improper, and its power grows by (1 + g^2) / 2. The mismatch is the same at all frequencies.

    Reference:
        B. Razavi, RF Microelectronics, 2nd ed., chapter 4 (I/Q mismatch, image rejection).
    """
    if gain_db == 0.0 and phase_rad == 0.0:
        return
    gain = 10.0 ** (0.05 * gain_db)
    from_q, from_i = gain * np.cos(phase_rad), gain * np.sin(phase_rad)
    for n in range(row.shape[0]):
        row[n] = row[n].real + 1j * (from_q * row[n].imag + from_i * row[n].real)


def image_rejection_db(gain_db: float, phase_rad: float) -> float:
    """Return the power of a tone over that of its image [dB]: |1 + g e^-jphi|^2 / |1 - g e^jphi|^2.

    Infinite for balanced arms.

    Example:
        >>> round(image_rejection_db(1.0, math.radians(5.0)), 2)
        22.83
    """
    gain = 10.0 ** (gain_db / 20.0)
    along, across = 1.0 + gain * gain, 2.0 * gain * math.cos(phase_rad)
    if along <= across:
        return math.inf
    return 10.0 * math.log10((along + across) / (along - across))


@njit(cache=True, nogil=True)
def add_offset(row, power, seed, domain, index):
    """Add a constant of power ``power`` and uniform phase in place; 0 changes nothing."""
    if power <= 0.0:
        return
    u, _, _, _ = rng.uniforms(seed, domain, rng.STREAM_OFFSET, index, 0)
    row += np.sqrt(power) * np.exp(2j * np.pi * u)
