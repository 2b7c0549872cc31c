"""From the clean echo to the recorded samples: what a scene's settings do, in the signal's order.

Fluctuation and occlusion change the echo, which is the target; interference, clutter and spikes
join it on the air; then come the local oscillator, noise, the mixer, the converter, and what the
recording loses. Both pair modes call ``vary`` and ``impair``; they allocate nothing.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from simulators import random as rng
from simulators.impairments.clutter import add_clutter
from simulators.impairments.dropouts import add_spikes, drop, occlude
from simulators.impairments.environment import Environment
from simulators.impairments.fluctuation import CLUTTER_OFF, Fluctuation, fluctuate
from simulators.impairments.interference import INTERFERENCE_OFF, add_interference
from simulators.impairments.receiver import (
    Receiver,
    add_noise,
    add_offset,
    add_phase_noise,
    mean_power,
    quantise,
    unbalance,
)
from simulators.numba_options import COUNTED

STREAM_EFFECTS = 17  # the values that the settings leave open
# What an effect tells of an example, in the order of ``told``; stored where the effect is on.
TOLD = (
    "range_m",
    "rcs_factor",
    "occluded_steps",
    "interference_to_signal_db",
    "clutter_power_m2",
    "spikes",
    "phase_noise_rms_rad",
    "iq_gain_db",
    "iq_phase_rad",
    "dc_offset_power_m2",
    "clipped_parts",
    "dropped_steps",
)


class Effects(NamedTuple):
    """The settings of every effect as arrays and numbers.

    Attributes:
        any: Whether anything is on besides white noise.
        priors: Intervals of what is drawn: eight of ``Environment.priors`` and five of
            ``Receiver.priors``.
        noise_m2_per_m4: Noise power over range^4 where the range equation sets it; else 0.
        swerling: Model of the fluctuation, 0 to 4.
        occlusion: Probability.
        occluded: Shortest and longest run [steps].
        interference: Kind.
        delay: Of a repeater [steps].
        clutter: Kind.
        clutter_over_signal: Whether its level is over the echo's power and not over the noise.
        taps: Filter of the clutter's speckle, ``(2 k + 1,)`` or empty.
        correlation: Of the clutter's autoregression.
        spikes: Probability.
        slope: Of the phase noise.
        offset: Whether there is a DC offset.
        bits: Of the converter; 0 is off.
        dropped: Probability.
    """

    any: bool
    priors: NDArray[np.float64]
    noise_m2_per_m4: float
    swerling: int
    occlusion: float
    occluded: tuple[int, int]
    interference: int
    delay: int
    clutter: int
    clutter_over_signal: bool
    taps: NDArray[np.float64]
    correlation: float
    spikes: float
    slope: float
    offset: bool
    bits: int
    dropped: float


class Scratch(NamedTuple):
    """Room for one example, see ``scratch``."""

    drawn: NDArray[np.float64]
    told: NDArray[np.float64]
    work: NDArray[np.complex128]
    phases: NDArray[np.float64]
    row: NDArray[np.complex128]


def effects_of(
    environment: Environment,
    receiver: Receiver,
    fluctuation: Fluctuation,
    *,
    interval_s: float,
    carrier_hz: float,
    one_pulse: bool = False,
) -> Effects:
    """Return the settings for the kernels.

    Args:
        environment: See there.
        receiver: See there.
        fluctuation: See there.
        interval_s: From sample to sample [s].
        carrier_hz: Carrier frequency [Hz].
        one_pulse: Whether all samples belong to one pulse: Swerling's models 2 and 4, which draw
            for every pulse, are then 1 and 3.
    """
    swerling = int(fluctuation.swerling)
    if one_pulse and swerling in (2, 4):
        swerling -= 1
    budget, clutter = environment.range_equation, environment.clutter
    on = swerling or environment.occlusion.probability or budget.is_on
    return Effects(
        any=bool(on or not environment.is_quiet or not receiver.is_white),
        priors=np.vstack([environment.priors(interval_s), receiver.priors()]),
        noise_m2_per_m4=budget.noise_equivalent_rcs_m2(1.0, carrier_hz) if budget.is_on else 0.0,
        swerling=swerling,
        occlusion=environment.occlusion.probability,
        occluded=environment.occlusion.length_steps,
        interference=environment.interference.number,
        delay=environment.interference.delay_steps,
        clutter=clutter.kind,
        clutter_over_signal=clutter.is_relative_to_signal,
        taps=clutter.taps() if clutter.is_on else np.zeros(0),
        correlation=clutter.correlation,
        spikes=environment.spikes.probability,
        slope=receiver.phase_noise.slope,
        offset=receiver.dc_offset.is_on,
        bits=receiver.adc.bits,
        dropped=environment.dropped.probability,
    )


def told_by(effects: Effects) -> list[str]:
    """Return which of ``TOLD`` the effects that are on have something to say about."""
    priors = effects.priors
    on = (
        effects.noise_m2_per_m4 > 0,
        effects.swerling > 0,
        effects.occlusion > 0,
        effects.interference != INTERFERENCE_OFF,
        effects.clutter != CLUTTER_OFF,
        effects.spikes > 0,
        priors[8, 1] > 0,
        bool(priors[9].any()),
        bool(priors[10].any()),
        effects.offset,
        effects.bits > 0,
        effects.dropped > 0,
    )
    return [name for name, told in zip(TOLD, on, strict=True) if told]


def scratch(effects: Effects, steps: int) -> Scratch:
    """Return room for one example of ``steps`` samples."""
    return Scratch(
        np.zeros(effects.priors.shape[0]),
        np.zeros(12),
        np.empty(steps + effects.taps.shape[0], dtype=np.complex128),
        np.empty((2, steps)),
        np.empty(steps, dtype=np.complex128),
    )


@njit(**COUNTED)
def noise_power_of(effects, reference, snr_db, room, seed, domain, index):
    """Draw what the settings leave open; return the noise power of this example.

    Args:
        effects: The settings.
        reference: Mean power that ``snr_db`` is over the noise.
        snr_db: Signal-to-noise ratio of a sample [dB]; not where the range equation is on.
        room: Scratch space; ``drawn`` is filled.
        seed: Seed of the dataset.
        domain: Domain of the draws.
        index: The example.
    """
    rng.draw(effects.priors, STREAM_EFFECTS, seed, domain, index, room.drawn)
    if effects.noise_m2_per_m4 > 0.0:
        room.told[0] = room.drawn[0]
        return effects.noise_m2_per_m4 * room.drawn[0] ** 4
    return reference * 10.0 ** (-0.1 * snr_db)


@njit(cache=True, nogil=True)
def _add_on_the_air(effects, echo, signal, noise, room, seed, domain, index):
    """Add interference, clutter and spikes to ``room.row``."""
    drawn, told, row = room.drawn, room.told, room.row
    add_interference(
        row, echo, effects.interference, drawn[4], signal, drawn[5], drawn[6], effects.delay,
        seed, domain, index,
    )  # fmt: skip
    told[3] = drawn[4]
    level = signal if effects.clutter_over_signal else noise
    told[4] = add_clutter(
        row, effects.clutter, level * 10.0 ** (0.1 * drawn[1]), drawn[2], effects.taps,
        effects.correlation, drawn[3], room.work, seed, domain, index,
    )  # fmt: skip
    spike = signal * 10.0 ** (0.1 * drawn[7])
    told[5] = add_spikes(row, effects.spikes, spike, seed, domain, index)


@njit(**COUNTED)
def vary(effects, echo, room, seed, domain, index):
    """Let the echo fluctuate in place; return its mean power as realised."""
    room.told[1] = fluctuate(echo, effects.swerling, seed, domain, index)
    return mean_power(echo)


@njit(**COUNTED)
def impair(effects, echo, signal, noise, room, seed, domain, index):
    """Hide the echo where it is occluded, and record it in ``room.row``.

    Call ``noise_power_of`` before, for this example.

    Args:
        effects: The settings.
        echo: The echo, complex128 ``(steps,)``.
        signal: Its mean power without fluctuation, which interference and spikes are relative to.
        noise: Power of the thermal noise.
        room: Scratch space; ``row`` is set to the samples, ``told`` to what ``TOLD`` names.
        seed: Seed of the dataset.
        domain: Domain of the draws.
        index: The example.

    Returns:
        The mean power of the thermal noise that was added.
    """
    drawn, told, row = room.drawn, room.told, room.row
    told[2] = 0
    if effects.occlusion > 0.0:
        shortest, longest = effects.occluded
        told[2] = occlude(echo, effects.occlusion, shortest, longest, seed, domain, index)
    row[:] = echo
    _add_on_the_air(effects, echo, signal, noise, room, seed, domain, index)
    add_phase_noise(row, drawn[8], effects.slope, room.phases, seed, domain, index)
    realised = add_noise(row, noise, seed, domain, index)
    unbalance(row, drawn[9], drawn[10])
    told[6], told[7], told[8] = drawn[8], drawn[9], drawn[10]
    told[9] = noise * 10.0 ** (0.1 * drawn[11]) if effects.offset else 0.0
    add_offset(row, told[9], seed, domain, index)
    scale = np.sqrt(mean_power(row)) * 10.0 ** (0.05 * drawn[12])
    told[10] = quantise(row, effects.bits, scale)
    told[11] = drop(row, effects.dropped, seed, domain, index)
    return realised
