"""What lies between radar and object, and what else is out there.

Range equation, clutter, interference, occlusion, lost pulses, spikes. Every effect works in place
on one example's samples, complex128 ``(steps,)``, and takes the example's ``seed``, ``domain`` and
``index``, see ``simulators.random``. Frequencies inside are in cycles per step.
"""

import math
from dataclasses import dataclass, field
from typing import ClassVar, Literal, get_args

import numpy as np
from numba import njit
from numpy.typing import NDArray

from simulators import random as rng
from simulators.fluctuation import (
    CLUTTER_OFF,
    HIGHEST_CORRELATION,
    SHAPE_LIMITS,
    Distribution,
    add_autoregressive,
    add_filtered,
    gaussian_taps,
    texture,
)
from simulators.objects import STRICT, Interval, check_interval
from simulators.receiver import OFF, add_white, noise_power_w
from simulators.units import wavelength_m

STREAM_ENVIRONMENT = 17  # the values that the settings leave open
STREAM_INTERFERENCE = 20
STREAM_OCCLUSION = 21
STREAM_DROPPED = 22
STREAM_SPIKES = 23

InterferenceKind = Literal["off", "tone", "sweep", "noise", "repeater"]
INTERFERENCE_OFF, TONE, SWEEP, NOISE, REPEATER = range(5)


@dataclass(frozen=True, kw_only=True)
class RangeEquation:
    """The radar's link budget; off while ``peak_power_w`` is 0.

    Attributes:
        peak_power_w: Transmitted peak power Pt [W].
        transmit_gain_db: Antenna gain Gt [dB].
        receive_gain_db: Antenna gain Gr [dB].
        loss_db: All losses L together [dB].
        bandwidth_hz: Noise bandwidth B of a sample [Hz].
        noise_figure_db: Noise figure F [dB].
        range_m: Distance R [m].

    Reference:
        B. R. Mahafza, Radar Systems Analysis and Design Using MATLAB, section 1.6.
    """

    __pydantic_config__: ClassVar = STRICT

    peak_power_w: float = 0.0
    transmit_gain_db: float = 45.0
    receive_gain_db: float = 45.0
    loss_db: float = 6.0
    bandwidth_hz: float = 5e6
    noise_figure_db: float = 3.0
    range_m: Interval = (100e3, 100e3)

    def __post_init__(self) -> None:
        """Refuse negative power, no bandwidth, amplifying losses, and ranges down to 0."""
        for key in ("peak_power_w", "loss_db", "noise_figure_db"):
            if getattr(self, key) < 0:
                raise ValueError(f"{key} is {getattr(self, key)}; expected 0 or more")
        if self.bandwidth_hz <= 0:
            raise ValueError(f"bandwidth_hz is {self.bandwidth_hz}; expected above 0")
        low, high = check_interval("range_m", self.range_m)
        if low <= 0:
            raise ValueError(f"range_m is [{low}, {high}]; expected above 0")

    @property
    def is_on(self) -> bool:
        """Whether there is a transmitter."""
        return self.peak_power_w > 0

    def echo_power_w(self, rcs_m2: float, range_m: float, carrier_hz: float) -> float:
        """Return the echo power [W]: Pt Gt Gr l^2 sigma / ((4 pi)^3 R^4 L).

        Free space, a body in the far field and within the beam; no atmosphere beyond ``loss_db``.
        """
        gains = 10.0 ** ((self.transmit_gain_db + self.receive_gain_db - self.loss_db) / 10.0)
        spread = (4.0 * math.pi) ** 3 * range_m**4
        return self.peak_power_w * gains * wavelength_m(carrier_hz) ** 2 * rcs_m2 / spread

    def snr_db(self, rcs_m2: float, range_m: float, carrier_hz: float) -> float:
        """Return the signal-to-noise ratio of one sample [dB], noise k T0 F B.

        Example:
            >>> radar = RangeEquation(peak_power_w=1.5e6)
            >>> round(radar.snr_db(0.1, 100e3, 5.6e9), 3)
            11.343
        """
        noise_w = noise_power_w(self.bandwidth_hz, self.noise_figure_db)
        return 10.0 * math.log10(self.echo_power_w(rcs_m2, range_m, carrier_hz) / noise_w)

    def noise_equivalent_rcs_m2(self, range_m: float, carrier_hz: float) -> float:
        """Return the RCS [m^2] whose echo equals the noise; it grows with range_m^4.

        The noise power for samples in sqrt(m^2), where |rx|^2 is an RCS.
        """
        noise_w = noise_power_w(self.bandwidth_hz, self.noise_figure_db)
        return noise_w / self.echo_power_w(1.0, range_m, carrier_hz)


@dataclass(frozen=True, kw_only=True)
class Clutter:
    """Compound Gaussian clutter: correlated speckle times a texture that lasts the dwell.

    Attributes:
        distribution: What the texture makes of the intensity; off by default.
        clutter_to_noise_db: Mean clutter power over noise power [dB]; or
        signal_to_clutter_db: mean echo power over mean clutter power [dB]. Give one. Means are
            over many dwells: in one dwell the texture moves the clutter's power.
        shape: K: order nu, 0.05 to 1000, spiky when small. Weibull: exponent c of the amplitude,
            0.2 to 2, where 2 is Rayleigh. Log-normal: standard deviation of the natural logarithm
            of the texture, 0 to 4. Unused by Rayleigh.
        spectrum: How the speckle's correlation falls with the lag m: ``correlation`` to the m^2
            (Gaussian) or to the m (a first-order autoregression).
        correlation: Correlation r of the speckle from pulse to pulse; 0 is white. A Gaussian
            spectrum of standard deviation s [Hz] has r = exp(-2 (pi s T)^2), T the pulse interval.
        doppler_hz: Centre of the clutter's spectrum [Hz]; beyond +/- 1 / (2 T) it aliases.
    """

    __pydantic_config__: ClassVar = STRICT

    distribution: Distribution = "off"
    clutter_to_noise_db: Interval | None = None
    signal_to_clutter_db: Interval | None = None
    shape: Interval = (1.0, 1.0)
    spectrum: Literal["gaussian", "autoregressive"] = "gaussian"
    correlation: float = 0.9
    doppler_hz: Interval = OFF

    def __post_init__(self) -> None:
        """Refuse unknown names, no or two levels, and shapes outside their limits."""
        _check_name("distribution", self.distribution, get_args(Distribution))
        _check_name("spectrum", self.spectrum, ("gaussian", "autoregressive"))
        levels = (self.clutter_to_noise_db, self.signal_to_clutter_db)
        given = [level for level in levels if level is not None]
        if len(given) > 1 or (self.is_on and not given):
            raise ValueError(
                f"clutter has {len(given)} levels; expected clutter_to_noise_db or "
                "signal_to_clutter_db, one of them"
            )
        for level in given:
            check_interval("clutter_to_noise_db or signal_to_clutter_db", level)
        low, high = check_interval("shape", self.shape)
        lowest, highest = SHAPE_LIMITS[self.distribution]
        if low < lowest or high > highest:
            raise ValueError(
                f"shape is [{low}, {high}]; expected {lowest} to {highest} for {self.distribution}"
            )
        if not 0.0 <= self.correlation <= HIGHEST_CORRELATION:
            raise ValueError(
                f"correlation is {self.correlation}; expected 0 to {HIGHEST_CORRELATION}"
            )
        check_interval("doppler_hz", self.doppler_hz)

    @property
    def is_on(self) -> bool:
        """Whether there is clutter."""
        return self.distribution != "off"

    @property
    def kind(self) -> int:
        """What ``add_clutter`` dispatches on."""
        return get_args(Distribution).index(self.distribution)

    @property
    def is_relative_to_signal(self) -> bool:
        """Whether the level is over the echo's power and not over the noise."""
        return self.signal_to_clutter_db is not None

    def priors(self, interval_s: float) -> NDArray[np.float64]:
        """Return intervals of power over its reference [dB], shape, Doppler [cycles per step]."""
        level = self.clutter_to_noise_db or OFF
        if self.signal_to_clutter_db is not None:
            low, high = self.signal_to_clutter_db
            level = (-high, -low)
        return np.array([level, self.shape, _per_step(self.doppler_hz, interval_s)])

    def taps(self) -> NDArray[np.float64]:
        """Return the speckle's filter, shape ``(2 k + 1,)``; none for an autoregression."""
        return gaussian_taps(self.correlation) if self.spectrum == "gaussian" else np.zeros(0)


@dataclass(frozen=True, kw_only=True)
class Interference:
    """One interferer, at a power relative to the echo's mean power; off by default.

    Attributes:
        kind: Continuous tone, linear frequency sweep over the dwell, white noise, or a repeater
            that sends the echo again.
        interference_to_signal_db: Its power over the echo's [dB].
        frequency_hz: Of the tone, of the middle of the sweep, or the Doppler that the repeater
            adds [Hz]; beyond +/- 1 / (2 T) it aliases, T the pulse interval.
        sweep_hz: What the sweep covers from the first step to the last [Hz]; negative falls.
        delay_steps: How many steps the repeater is late.
    """

    __pydantic_config__: ClassVar = STRICT

    kind: InterferenceKind = "off"
    interference_to_signal_db: Interval = OFF
    frequency_hz: Interval = OFF
    sweep_hz: Interval = OFF
    delay_steps: int = 1

    def __post_init__(self) -> None:
        """Refuse an unknown kind, intervals out of order, and a repeater ahead of its echo."""
        _check_name("kind", self.kind, get_args(InterferenceKind))
        for key in ("interference_to_signal_db", "frequency_hz", "sweep_hz"):
            check_interval(key, getattr(self, key))
        if self.delay_steps < 0:
            raise ValueError(f"delay_steps is {self.delay_steps}; expected 0 or more")

    @property
    def number(self) -> int:
        """What ``add_interference`` dispatches on."""
        return get_args(InterferenceKind).index(self.kind)

    def priors(self, interval_s: float) -> NDArray[np.float64]:
        """Return intervals of power over the echo's [dB], frequency and sweep [cycles per step]."""
        frequency = _per_step(self.frequency_hz, interval_s)
        return np.array(
            [self.interference_to_signal_db, frequency, _per_step(self.sweep_hz, interval_s)]
        )


@dataclass(frozen=True, kw_only=True)
class Occlusion:
    """A run of steps in which something hides the object; off at probability 0.

    Attributes:
        probability: That it happens in a dwell.
        length_steps: Shortest and longest run; cut to the dwell's length.
    """

    __pydantic_config__: ClassVar = STRICT

    probability: float = 0.0
    length_steps: tuple[int, int] = (4, 8)

    def __post_init__(self) -> None:
        """Refuse what is no probability, and lengths that are out of order or below 1."""
        _check_probability(self.probability)
        check_interval("length_steps", self.length_steps, lowest=1)


@dataclass(frozen=True, kw_only=True)
class Dropped:
    """Pulses that the recording lost, each by itself; off at probability 0."""

    __pydantic_config__: ClassVar = STRICT

    probability: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what is no probability."""
        _check_probability(self.probability)


@dataclass(frozen=True, kw_only=True)
class Spikes:
    """Single pulses hit by something strong, each by itself; off at probability 0.

    Attributes:
        probability: That a step is hit.
        spike_to_signal_db: Power of a spike over the echo's mean power [dB].
    """

    __pydantic_config__: ClassVar = STRICT

    probability: float = 0.0
    spike_to_signal_db: Interval = (20.0, 20.0)

    def __post_init__(self) -> None:
        """Refuse what is no probability, and an interval out of order."""
        _check_probability(self.probability)
        check_interval("spike_to_signal_db", self.spike_to_signal_db)


@dataclass(frozen=True, kw_only=True)
class Environment:
    """All that happens outside the receiver; off by default."""

    __pydantic_config__: ClassVar = STRICT

    range_equation: RangeEquation = field(default_factory=RangeEquation)
    clutter: Clutter = field(default_factory=Clutter)
    interference: Interference = field(default_factory=Interference)
    occlusion: Occlusion = field(default_factory=Occlusion)
    dropped: Dropped = field(default_factory=Dropped)
    spikes: Spikes = field(default_factory=Spikes)

    def priors(self, interval_s: float) -> NDArray[np.float64]:
        """Return the intervals that ``receiver.draw`` fills from ``STREAM_ENVIRONMENT``.

        Shape ``(8, 2)``: range [m]; clutter power [dB], shape and Doppler; interference power
        [dB], frequency and sweep; spike power [dB]. Frequencies are in cycles per step. A new one
        goes to the end, so that it shifts no other draw.
        """
        clutter, interference = (
            self.clutter.priors(interval_s),
            self.interference.priors(interval_s),
        )
        spike = self.spikes.spike_to_signal_db
        return np.vstack([self.range_equation.range_m, clutter, interference, spike])


def _check_name(key: str, name: str, known: tuple[str, ...]) -> None:
    if name not in known:
        raise ValueError(f"{key} is {name!r}; expected one of {', '.join(known)}")


def _check_probability(probability: float) -> None:
    if not 0.0 <= probability <= 1.0:
        raise ValueError(f"probability is {probability}; expected 0 to 1")


def _per_step(interval_hz: Interval, interval_s: float) -> Interval:
    return interval_hz[0] * interval_s, interval_hz[1] * interval_s


@njit(cache=True, nogil=True)
def add_clutter(row, kind, power, shape, taps, correlation, frequency, work, seed, domain, index):
    """Add compound Gaussian clutter in place: sqrt(texture) times complex normal speckle.

    The texture is constant over the dwell and the speckle alone is correlated, as in the compound
    model of the book below. Not for dwells longer than the texture's own memory (seconds at sea).

    Args:
        row: The samples, complex128 ``(steps,)``.
        kind: ``RAYLEIGH``, ``K``, ``WEIBULL`` or ``LOG_NORMAL``; ``CLUTTER_OFF`` changes nothing.
        power: Mean clutter power over many dwells.
        shape: Of the texture, see ``Clutter.shape``.
        taps: Filter of the speckle, float64 ``(2 k + 1,)``; empty for an autoregression.
        correlation: From step to step, for an autoregression.
        frequency: Centre of the spectrum [cycles per step].
        work: Scratch space, complex128 ``(steps + taps,)`` or longer.
        seed: Seed of the dataset.
        domain: Domain of the draws.
        index: The example.

    Returns:
        The local mean clutter power of this dwell: ``power`` times the texture.

    Reference:
        K. D. Ward, R. J. A. Tough, S. Watts, Sea Clutter, chapters 4 and 5 (simulation).
    """
    if kind == CLUTTER_OFF or power <= 0.0:
        return 0.0
    local = power * texture(kind, shape, seed, domain, index)
    if taps.shape[0] > 0:
        add_filtered(row, local, taps, frequency, work, seed, domain, index)
    else:
        add_autoregressive(row, local, correlation, frequency, work, seed, domain, index)
    return local


@njit(cache=True, nogil=True)
def _add_sweep(row, power, frequency, sweep, phase):
    """Add a tone whose frequency runs from -sweep/2 to +sweep/2 about its middle."""
    slope = sweep / max(1, row.shape[0] - 1)
    for n in range(row.shape[0]):
        cycles = (frequency - 0.5 * sweep) * n + 0.5 * slope * n * n
        row[n] += np.sqrt(power) * np.exp(1j * (phase + 2.0 * np.pi * cycles))


@njit(cache=True, nogil=True)
def _add_repeated(row, echo, gain, frequency, delay, phase):
    """Add the echo ``delay`` steps late; backwards, so that ``echo`` may be ``row`` itself."""
    for n in range(row.shape[0] - 1, delay - 1, -1):
        row[n] += gain * echo[n - delay] * np.exp(1j * (phase + 2.0 * np.pi * frequency * n))


@njit(cache=True, nogil=True)
def add_interference(
    row, echo, kind, ratio_db, signal_power, frequency, sweep, delay, seed, domain, index
):
    """Add one interferer in place, of uniform phase; its power is steady over the dwell.

    Args:
        row: The samples, complex128 ``(steps,)``.
        echo: The echo that a repeater sends again, complex128 ``(steps,)``; not changed.
        kind: ``TONE``, ``SWEEP``, ``NOISE`` or ``REPEATER``; ``INTERFERENCE_OFF`` changes nothing.
        ratio_db: Power over ``signal_power`` [dB]; of a repeater, its gain over the echo itself.
        signal_power: Mean power of the echo.
        frequency: See ``Interference`` [cycles per step].
        sweep: See ``Interference`` [cycles per step].
        delay: Of the repeater [steps]; it is silent until then.
        seed: Seed of the dataset.
        domain: Domain of the draws.
        index: The example.
    """
    if kind == INTERFERENCE_OFF:
        return
    ratio = 10.0 ** (0.1 * ratio_db)
    u, _, _, _ = rng.uniforms(seed, domain, STREAM_INTERFERENCE, index, 0)
    phase = 2.0 * np.pi * u
    if kind == NOISE:
        add_white(row, ratio * signal_power, STREAM_INTERFERENCE, seed, domain, index)
    elif kind == REPEATER:
        _add_repeated(row, echo, np.sqrt(ratio), frequency, delay, phase)
    else:
        width = sweep if kind == SWEEP else 0.0
        _add_sweep(row, ratio * signal_power, frequency, width, phase)


@njit(cache=True, nogil=True)
def occlude(row, probability, shortest, longest, seed, domain, index):
    """Set a run of the echo to 0 in place, with ``probability``; its place is uniform.

    For the echo alone: clutter and noise go on while the object is hidden.

    Returns:
        How many steps were lost.
    """
    u0, u1, u2, _ = rng.uniforms(seed, domain, STREAM_OCCLUSION, index, 0)
    if u0 >= probability:
        return 0
    steps = row.shape[0]
    length = min(steps, shortest + int(u1 * (longest - shortest + 1)))
    first = int(u2 * (steps - length + 1))
    row[first : first + length] = 0.0
    return length


@njit(cache=True, nogil=True)
def drop(row, probability, seed, domain, index):
    """Set each sample to 0 in place with ``probability``, independently; return how many."""
    if probability <= 0.0:
        return 0
    lost = 0
    for n in range(row.shape[0]):
        if rng.uniforms(seed, domain, STREAM_DROPPED, index, n // 4)[n % 4] < probability:
            row[n] = 0.0
            lost += 1
    return lost


@njit(cache=True, nogil=True)
def add_spikes(row, probability, power, seed, domain, index):
    """Add a number of power ``power`` and uniform phase to each sample with ``probability``.

    Returns:
        How many samples were hit.
    """
    if probability <= 0.0:
        return 0
    hits = 0
    for n in range(row.shape[0]):
        u = rng.uniforms(seed, domain, STREAM_SPIKES, index, n // 2)
        if u[2 * (n % 2)] < probability:
            row[n] += np.sqrt(power) * np.exp(2j * np.pi * u[2 * (n % 2) + 1])
            hits += 1
    return hits
