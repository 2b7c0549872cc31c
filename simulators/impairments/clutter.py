"""Clutter: correlated speckle times a texture that lasts the dwell.

``add_clutter`` works in place on one example's samples, complex128 ``(steps,)``; ``seed``,
``domain`` and ``index`` are those of ``simulators.random``.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

import numpy as np
from numba import njit
from numpy.typing import NDArray

from simulators.impairments.fluctuation import (
    CLUTTER_OFF,
    MAX_CORRELATION,
    SHAPE_LIMITS,
    Distribution,
    add_autoregressive,
    add_filtered,
    gaussian_taps,
    texture,
)
from simulators.impairments.intervals import OFF, check_name, per_step
from simulators.objects import STRICT, Interval, check_interval


@dataclass(frozen=True, kw_only=True)
class Clutter:
    """Compound Gaussian clutter: correlated speckle times a texture that lasts the dwell.

    Attributes:
        distribution: Distribution of the intensity; off by default.
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
        check_name("distribution", self.distribution, get_args(Distribution))
        check_name("spectrum", self.spectrum, ("gaussian", "autoregressive"))
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
        if not 0.0 <= self.correlation <= MAX_CORRELATION:
            raise ValueError(f"correlation is {self.correlation}; expected 0 to {MAX_CORRELATION}")
        check_interval("doppler_hz", self.doppler_hz)

    @property
    def is_on(self) -> bool:
        """Whether there is clutter."""
        return self.distribution != "off"

    @property
    def kernel_kind(self) -> int:
        """The number of the distribution, as ``add_clutter`` takes it."""
        return get_args(Distribution).index(self.distribution)

    @property
    def is_relative_to_signal(self) -> bool:
        """Whether the level is relative to the echo's power and not to the noise."""
        return self.signal_to_clutter_db is not None

    def priors(self, interval_s: float) -> NDArray[np.float64]:
        """Return intervals of power over its reference [dB], shape, Doppler [cycles per step]."""
        level = self.clutter_to_noise_db or OFF
        if self.signal_to_clutter_db is not None:
            low, high = self.signal_to_clutter_db
            level = (-high, -low)
        return np.array([level, self.shape, per_step(self.doppler_hz, interval_s)])

    def taps(self) -> NDArray[np.float64]:
        """Return the speckle's filter, shape ``(2 k + 1,)``; none for an autoregression."""
        return gaussian_taps(self.correlation) if self.spectrum == "gaussian" else np.zeros(0)


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
