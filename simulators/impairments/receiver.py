"""What a receiver does to the samples: noise, phase noise, I/Q imbalance, offset, ADC.

Every effect works in place on one example's samples, complex128 ``(steps,)``, and takes the
example's ``seed``, ``domain`` and ``index`` where it draws, see ``simulators.random``. The order of
the chain is local oscillator, noise, mixer, offset, converter: phase noise turns what arrived,
imbalance and offset act on signal and noise alike, and the converter sees it all.
"""

import math
from dataclasses import dataclass, field
from typing import ClassVar, Literal, get_args

import numpy as np
from numba import njit
from numpy.typing import NDArray

from simulators import random as rng
from simulators.impairments.intervals import OFF, check_name
from simulators.objects import STRICT, Interval, check_interval

STREAM_PHASE_NOISE = 33
STREAM_OFFSET = 34

BOLTZMANN_J_PER_K = 1.380649e-23
STANDARD_TEMPERATURE_K = 290.0
MAX_BITS = 24
DEFAULT_SNR_DB: Interval = (0.0, 20.0)

SnrReference = Literal["example", "scene"]


def noise_power_w(bandwidth_hz: float, noise_figure_db: float = 0.0) -> float:
    """Return the thermal noise power k T0 F B [W] at T0 = 290 K, referred to the input.

    Example:
        >>> round(10 * math.log10(noise_power_w(1.0) / 1e-3), 2)  # dBm in 1 Hz
        -173.98

    Reference:
        M. A. Richards, Fundamentals of Radar Signal Processing, 2nd ed., section 2.3 (noise).
    """
    figure = 10.0 ** (noise_figure_db / 10.0)
    return BOLTZMANN_J_PER_K * STANDARD_TEMPERATURE_K * figure * bandwidth_hz


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

    def __post_init__(self) -> None:
        """Refuse negative levels, and slopes outside the range that the filter serves."""
        check_interval("rms_rad", self.rms_rad, lowest=0.0)
        if not 0.0 <= self.slope <= 2.0:
            raise ValueError(f"slope is {self.slope}; expected 0 to 2")


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


@dataclass(frozen=True, kw_only=True)
class Adc:
    """The converter, one for I and one for Q.

    Attributes:
        bits: Bits of each; 0 is off.
        headroom_db: Full scale over the rms of the samples that arrive, |x| [dB]; what an ideal
            gain control would leave. A steady tone just fits at 0, noise clips in 8 % of the
            parts at 1.9 and in 2e-5 at 9.6.
    """

    __pydantic_config__: ClassVar = STRICT

    bits: int = 0
    headroom_db: Interval = (12.0, 12.0)

    def __post_init__(self) -> None:
        """Refuse more bits than converters have, and an interval out of order."""
        if not 0 <= self.bits <= MAX_BITS:
            raise ValueError(f"bits is {self.bits}; expected 0 (off) to {MAX_BITS}")
        check_interval("headroom_db", self.headroom_db)


@dataclass(frozen=True, kw_only=True)
class Receiver:
    """The receiver: white circular noise, and what else it does, off by default.

    Attributes:
        snr_db: Signal-to-noise ratio of a sample [dB]; 0 to 20 dB unless the range equation sets
            the noise.
        snr_reference: Whose power the ratio is over the noise: ``example``, the mean power of this
            example's echo; ``scene``, the mean over the scene, so that a strong object stands
            further out of the noise than a weak one.
        phase_noise: Of the local oscillator.
        iq_imbalance: Of the mixer.
        dc_offset: Of the mixer.
        adc: The converter.
    """

    __pydantic_config__: ClassVar = STRICT

    snr_db: Interval | None = None
    snr_reference: SnrReference = "example"
    phase_noise: PhaseNoise = field(default_factory=PhaseNoise)
    iq_imbalance: IqImbalance = field(default_factory=IqImbalance)
    dc_offset: DcOffset = field(default_factory=DcOffset)
    adc: Adc = field(default_factory=Adc)

    def __post_init__(self) -> None:
        """Refuse an interval whose ends are out of order or beyond what float32 holds."""
        check_interval("snr_db", self.snr_interval_db, -100.0, 100.0)
        check_name("snr_reference", self.snr_reference, get_args(SnrReference))

    @property
    def snr_interval_db(self) -> Interval:
        """The interval that the signal-to-noise ratio is drawn from [dB]."""
        return DEFAULT_SNR_DB if self.snr_db is None else self.snr_db

    @property
    def is_white(self) -> bool:
        """Whether the receiver does nothing but add white noise."""
        return (
            self.phase_noise.rms_rad[1] == 0.0
            and self.iq_imbalance == IqImbalance()
            and not self.dc_offset.is_on
            and self.adc.bits == 0
        )

    def priors(self) -> NDArray[np.float64]:
        """Return the intervals that ``effects`` draws from, shape ``(5, 2)``.

        In order: phase noise rms [rad], imbalance gain [dB] and phase [rad], offset over noise
        [dB], headroom [dB]. A new one goes to the end, so that it shifts no other draw.
        """
        low, high = self.iq_imbalance.phase_deg
        return np.array(
            [
                self.phase_noise.rms_rad,
                self.iq_imbalance.gain_db,
                (math.radians(low), math.radians(high)),
                self.dc_offset.offset_to_noise_db or OFF,
                self.adc.headroom_db,
            ]
        )


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
    """Return numbers 2 ``block`` and 2 ``block`` + 1 of a stream of circular normal numbers."""
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

    Not when the sampling rate exceeds the receiver's bandwidth: the noise is then not white.

    Returns:
        The mean power of the noise that was added.
    """
    return add_white(row, power, rng.STREAM_NOISE, seed, domain, index)


@njit(cache=True, nogil=True)
def add_phase_noise(row, rms_rad, slope, work, seed, domain, index):
    """Turn the samples in place by phase noise of a power-law spectrum.

    phi_n = sum_k h_k w_(n-k), w white of rms ``rms_rad``, h_0 = 1, h_k = h_(k-1) (s/2 + k - 1) / k:
    white noise through (1 - 1/z)^(-s/2), whose two-sided spectrum is
    rms^2 |2 sin(pi f)|^-s, f in cycles per step. It starts at rest with the first pulse, so it is
    not stationary for s > 0, and it costs steps^2 / 2 products. The transmitter is taken to be
    quiet: for close ranges, where both share one oscillator, part of this would cancel.

    Args:
        row: The samples, complex128 ``(steps,)``.
        rms_rad: Rms of w [rad]; 0 changes nothing.
        slope: s, 0 to 2.
        work: Scratch space, float64 ``(2, steps)``; its first row holds the phases afterwards
            [rad].
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
            u0, u1, _, _ = rng.uniforms(seed, domain, STREAM_PHASE_NOISE, index, k // 2)
            white = np.sqrt(2.0) * rms_rad * rng.circular_normal(u0, u1)
        step = white.imag if k % 2 else white.real
        for n in range(k, steps):
            phase[n] += weight[n - k] * step
    for n in range(steps):
        row[n] *= np.exp(1j * phase[n])


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
    u, _, _, _ = rng.uniforms(seed, domain, STREAM_OFFSET, index, 0)
    row += np.sqrt(power) * np.exp(2j * np.pi * u)


@njit(cache=True, nogil=True)
def _code_word(value, bits, full_scale):
    """Return the nearest of 2^bits levels, and 1 if the value lay outside the scale."""
    half = 2.0 ** (bits - 1)
    step = full_scale / half
    level = np.floor(value / step)
    clipped = level < -half or level >= half
    level = min(max(level, -half), half - 1.0)
    return (level + 0.5) * step, int(clipped)


@njit(cache=True, nogil=True)
def quantise(row, bits, full_scale):
    """Convert I and Q in place to the middles of 2^bits cells between -/+ ``full_scale``.

    A full-scale tone keeps a signal-to-quantisation-noise ratio of 6.02 bits + 1.76 dB. Not for
    weak signals: within one cell the error is no longer independent noise.

    Args:
        row: The samples, complex128 ``(steps,)``.
        bits: Bits for each of I and Q; 0 changes nothing.
        full_scale: Largest value of I or Q, in the unit of the samples.

    Returns:
        How many of the 2 ``steps`` parts were clipped.

    Reference:
        W. R. Bennett, Spectra of quantized signals, Bell System Technical Journal 27 (1948),
        446-472; W. Kester, Analog Devices tutorial MT-001.
    """
    if bits <= 0 or full_scale <= 0.0:
        return 0
    clipped = 0
    for n in range(row.shape[0]):
        i, i_clipped = _code_word(row[n].real, bits, full_scale)
        q, q_clipped = _code_word(row[n].imag, bits, full_scale)
        row[n] = i + 1j * q
        clipped += i_clipped + q_clipped
    return clipped
