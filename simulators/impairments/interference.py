"""Interference: signals of other transmitters.

The functions work in place on one example's samples, complex128 ``(steps,)``; ``seed``, ``domain``
and ``index`` are those of ``simulators.random``. Their frequencies are in cycles per step.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

import numpy as np
from numba import njit
from numpy.typing import NDArray

from simulators import random as rng
from simulators.impairments.intervals import OFF, check_name, per_step
from simulators.impairments.noise import add_white
from simulators.objects import STRICT, Interval, check_interval

InterferenceKind = Literal["off", "tone", "sweep", "noise", "repeater"]
INTERFERENCE_OFF, TONE, SWEEP, NOISE, REPEATER = range(5)


@dataclass(frozen=True, kw_only=True)
class Interference:
    """One interferer, at a power relative to the echo's mean power; off by default.

    Attributes:
        kind: Continuous tone, linear frequency sweep over the dwell, white noise, or a repeater
            that sends the echo again.
        interference_to_signal_db: Its power over the echo's [dB].
        frequency_hz: Of the tone, of the middle of the sweep, or the Doppler that the repeater
            adds [Hz]; beyond +/- 1 / (2 T) it aliases, T the pulse interval.
        sweep_hz: Change of frequency from the first step to the last [Hz]; negative falls.
        delay_steps: Delay of the repeater [steps].
    """

    __pydantic_config__: ClassVar = STRICT

    kind: InterferenceKind = "off"
    interference_to_signal_db: Interval = OFF
    frequency_hz: Interval = OFF
    sweep_hz: Interval = OFF
    delay_steps: int = 1

    def __post_init__(self) -> None:
        """Refuse an unknown kind, intervals out of order, and a repeater ahead of its echo."""
        check_name("kind", self.kind, get_args(InterferenceKind))
        for key in ("interference_to_signal_db", "frequency_hz", "sweep_hz"):
            check_interval(key, getattr(self, key))
        if self.delay_steps < 0:
            raise ValueError(f"delay_steps is {self.delay_steps}; expected 0 or more")

    @property
    def is_on(self) -> bool:
        """Whether there is an interferer."""
        return self.kind != "off"

    @property
    def kernel_kind(self) -> int:
        """The number of the kind, as ``add_interference`` takes it."""
        return get_args(InterferenceKind).index(self.kind)

    def priors(self, interval_s: float) -> NDArray[np.float64]:
        """Return intervals of power over the echo's [dB], frequency and sweep [cycles per step]."""
        frequency = per_step(self.frequency_hz, interval_s)
        return np.array(
            [self.interference_to_signal_db, frequency, per_step(self.sweep_hz, interval_s)]
        )


@njit(cache=True, nogil=True)
def _add_sweep(row, power, frequency, sweep, phase):
    """Add a tone whose frequency runs from -sweep/2 to +sweep/2 about its middle."""
    rate = sweep / max(1, row.shape[0] - 1)
    for n in range(row.shape[0]):
        cycles = (frequency - 0.5 * sweep) * n + 0.5 * rate * n * n
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
    u, _, _, _ = rng.uniforms(seed, domain, rng.STREAM_INTERFERENCE, index, 0)
    phase = 2.0 * np.pi * u
    if kind == NOISE:
        add_white(row, ratio * signal_power, rng.STREAM_INTERFERENCE, seed, domain, index)
    elif kind == REPEATER:
        _add_repeated(row, echo, np.sqrt(ratio), frequency, delay, phase)
    else:
        width = sweep if kind == SWEEP else 0.0
        _add_sweep(row, ratio * signal_power, frequency, width, phase)
