"""The signal chain from the clean echo to the recorded samples: every impairment of a scene.

Fluctuation and occlusion change the echo, which is the target; interference, clutter and spikes
are added on the air; then come the local oscillator, thermal noise, the mixer, the converter, and
the pulses that the recording loses. The functions of both kernels are here; they allocate nothing.

A new impairment needs its own file in ``simulators.impairments``, with its settings and its
compiled function, a field of ``Environment`` or ``Receiver``, and here: a field of ``Impairments``,
a line of ``PARAMETERS``, and its call in ``impair``.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from simulators import random as rng
from simulators.impairments.adc import quantise
from simulators.impairments.clutter import add_clutter
from simulators.impairments.dropouts import add_spikes, drop, occlude
from simulators.impairments.environment import Environment
from simulators.impairments.fluctuation import CLUTTER_OFF, Fluctuation, fluctuate
from simulators.impairments.interference import INTERFERENCE_OFF, add_interference
from simulators.impairments.intervals import OFF
from simulators.impairments.mixer import add_offset, unbalance
from simulators.impairments.noise import add_noise, mean_power
from simulators.impairments.phase_noise import add_phase_noise
from simulators.impairments.receiver import Receiver
from simulators.numba_options import COUNTED

# Columns of ``Impairments.priors``: the values that are drawn anew for each example.
(
    RANGE_M, CLUTTER_DB, CLUTTER_SHAPE, CLUTTER_FREQUENCY,
    INTERFERENCE_DB, INTERFERENCE_FREQUENCY, INTERFERENCE_SWEEP, SPIKE_DB,
    PHASE_NOISE_RAD, IQ_GAIN_DB, IQ_PHASE_RAD, OFFSET_DB, HEADROOM_DB,
) = range(13)  # fmt: skip


class Impairments(NamedTuple):
    """The settings of every impairment as arrays and numbers.

    Attributes:
        priors: Intervals of the values that are drawn, ``(13, 2)``, in the order above.
        noise_m2_per_m4: Noise power over range^4 where the range equation sets it; else 0.
        swerling: Model of the fluctuation, 0 to 4.
        occlusion: Its probability.
        occlusion_steps: Shortest and longest run.
        interference: Its kind.
        delay: Of a repeater [steps].
        clutter: Its kind.
        is_clutter_to_signal: Whether its level is relative to the echo's power and not to the
            noise.
        taps: Filter of the clutter's speckle, ``(2 k + 1,)`` or empty.
        correlation: Of the clutter's autoregression.
        spikes: Their probability.
        phase_noise_slope: See ``PhaseNoise.slope``.
        has_offset: Whether there is a DC offset.
        bits: Of the converter; 0 is off.
        dropped: Probability of a lost pulse.
        is_on: Whether there is any impairment besides white noise.
    """

    priors: NDArray[np.float64]
    noise_m2_per_m4: float
    swerling: int
    occlusion: float
    occlusion_steps: tuple[int, int]
    interference: int
    delay: int
    clutter: int
    is_clutter_to_signal: bool
    taps: NDArray[np.float64]
    correlation: float
    spikes: float
    phase_noise_slope: float
    has_offset: bool
    bits: int
    dropped: float
    is_on: bool = False


# Values of an example that are recorded, in the order in which ``impair`` writes them; each is
# stored with the dataset where its impairment is on.
PARAMETERS: dict[str, Callable[[Impairments], bool]] = {
    "range_m": lambda settings: settings.noise_m2_per_m4 > 0,
    "rcs_factor": lambda settings: settings.swerling > 0,
    "occluded_steps": lambda settings: settings.occlusion > 0,
    "interference_to_signal_db": lambda settings: settings.interference != INTERFERENCE_OFF,
    "clutter_power_m2": lambda settings: settings.clutter != CLUTTER_OFF,
    "spikes": lambda settings: settings.spikes > 0,
    "phase_noise_rms_rad": lambda settings: settings.priors[PHASE_NOISE_RAD, 1] > 0,
    "iq_gain_db": lambda settings: settings.priors[IQ_GAIN_DB].any(),
    "iq_phase_rad": lambda settings: settings.priors[IQ_PHASE_RAD].any(),
    "dc_offset_power_m2": lambda settings: settings.has_offset,
    "clipped_parts": lambda settings: settings.bits > 0,
    "dropped_steps": lambda settings: settings.dropped > 0,
}


class ImpairmentBuffers(NamedTuple):
    """Working memory for the impairments of one example."""

    drawn: NDArray[np.float64]  # (prior,)
    speckle: NDArray[np.complex128]  # (steps + tap,)
    phases: NDArray[np.float64]  # (2, steps)
    row: NDArray[np.complex128]  # (steps,), the recorded samples


def impairments_of(
    environment: Environment,
    receiver: Receiver,
    fluctuation: Fluctuation,
    *,
    interval_s: float,
    carrier_hz: float,
    one_pulse: bool = False,
) -> Impairments:
    """Return the settings as the kernels read them.

    Args:
        environment: Impairments outside the receiver.
        receiver: Impairments of the receiver.
        fluctuation: Of the echo.
        interval_s: From sample to sample [s].
        carrier_hz: Carrier frequency [Hz].
        one_pulse: Whether all samples belong to one pulse: Swerling's models 2 and 4, which draw
            for every pulse, are then 1 and 3.
    """
    swerling = int(fluctuation.swerling)
    if one_pulse and swerling in (2, 4):
        swerling -= 1
    budget, clutter = environment.range_equation, environment.clutter
    interference = environment.interference
    priors = (
        [budget.range_m],
        clutter.priors(interval_s),
        interference.priors(interval_s),
        [environment.spikes.spike_to_signal_db],
        [receiver.phase_noise.rms_rad],
        receiver.iq_imbalance.priors(),
        [receiver.dc_offset.offset_to_noise_db or OFF],
        [receiver.adc.headroom_db],
    )  # a new one goes to the end, so that it shifts no other draw
    settings = Impairments(
        priors=np.vstack(priors),
        noise_m2_per_m4=budget.noise_equivalent_rcs_m2(1.0, carrier_hz) if budget.is_on else 0.0,
        swerling=swerling,
        occlusion=environment.occlusion.probability,
        occlusion_steps=environment.occlusion.length_steps,
        interference=interference.kernel_kind,
        delay=interference.delay_steps,
        clutter=clutter.kernel_kind,
        is_clutter_to_signal=clutter.is_relative_to_signal,
        taps=clutter.taps() if clutter.is_on else np.zeros(0),
        correlation=clutter.correlation,
        spikes=environment.spikes.probability,
        phase_noise_slope=receiver.phase_noise.slope,
        has_offset=receiver.dc_offset.is_on,
        bits=receiver.adc.bits,
        dropped=environment.dropped.probability,
    )
    return settings._replace(is_on=bool(recorded_parameters(settings)))


def recorded_parameters(settings: Impairments) -> list[str]:
    """Return the names of ``PARAMETERS`` whose impairment is on."""
    return [name for name, is_on in PARAMETERS.items() if is_on(settings)]


def impairment_buffers(settings: Impairments, steps: int) -> ImpairmentBuffers:
    """Return working memory for an example of ``steps`` samples."""
    return ImpairmentBuffers(
        np.zeros(len(settings.priors)),
        np.empty(steps + len(settings.taps), dtype=np.complex128),
        np.empty((2, steps)),
        np.empty(steps, dtype=np.complex128),
    )


@njit(**COUNTED)
def noise_power(settings, reference, snr_db, buffers, seed, domain, index):
    """Draw the values of ``priors`` for an example, and return its noise power.

    Args:
        settings: An ``Impairments``.
        reference: Mean power that ``snr_db`` is relative to.
        snr_db: Signal-to-noise ratio of a sample [dB]; not used where the range equation is on.
        buffers: An ``ImpairmentBuffers``, whose ``drawn`` is set.
        seed: Seed of the dataset.
        domain: Domain of the draws.
        index: The example.
    """
    rng.draw(settings.priors, rng.STREAM_IMPAIRMENTS, seed, domain, index, buffers.drawn)
    if settings.noise_m2_per_m4 > 0.0:
        return settings.noise_m2_per_m4 * buffers.drawn[RANGE_M] ** 4
    return reference * 10.0 ** (-0.1 * snr_db)


@njit(**COUNTED)
def vary(settings, echo, seed, domain, index):
    """Let the echo fluctuate in place; return its mean RCS factor and its mean power."""
    factor = fluctuate(echo, settings.swerling, seed, domain, index)
    return factor, mean_power(echo)


@njit(**COUNTED)
def impair(settings, echo, signal, noise, factor, buffers, recorded, seed, domain, index):
    """Occlude the echo in place, and record it with all impairments in ``buffers.row``.

    Args:
        settings: An ``Impairments``.
        echo: The echo, complex128 ``(steps,)``, as ``vary`` leaves it.
        signal: Its mean power without fluctuation, which interference and spikes are relative to.
        noise: Power of the thermal noise, from ``noise_power``, which is called before.
        factor: Mean RCS factor, from ``vary``.
        buffers: An ``ImpairmentBuffers``.
        recorded: Is set to the values that ``PARAMETERS`` names.
        seed: Seed of the dataset.
        domain: Domain of the draws.
        index: The example.

    Returns:
        The mean power of the thermal noise that was added.
    """
    drawn, row, occluded = buffers.drawn, buffers.row, 0
    if settings.occlusion > 0.0:
        shortest, longest = settings.occlusion_steps
        occluded = occlude(echo, settings.occlusion, shortest, longest, seed, domain, index)
    row[:] = echo
    add_interference(
        row, echo, settings.interference, drawn[INTERFERENCE_DB], signal,
        drawn[INTERFERENCE_FREQUENCY], drawn[INTERFERENCE_SWEEP], settings.delay,
        seed, domain, index,
    )  # fmt: skip
    reference = signal if settings.is_clutter_to_signal else noise
    clutter = add_clutter(
        row, settings.clutter, reference * 10.0 ** (0.1 * drawn[CLUTTER_DB]), drawn[CLUTTER_SHAPE],
        settings.taps, settings.correlation, drawn[CLUTTER_FREQUENCY], buffers.speckle,
        seed, domain, index,
    )  # fmt: skip
    spike = signal * 10.0 ** (0.1 * drawn[SPIKE_DB])
    spikes = add_spikes(row, settings.spikes, spike, seed, domain, index)
    add_phase_noise(
        row, drawn[PHASE_NOISE_RAD], settings.phase_noise_slope, buffers.phases,
        seed, domain, index,
    )  # fmt: skip
    realised = add_noise(row, noise, seed, domain, index)
    unbalance(row, drawn[IQ_GAIN_DB], drawn[IQ_PHASE_RAD])
    offset = noise * 10.0 ** (0.1 * drawn[OFFSET_DB]) if settings.has_offset else 0.0
    add_offset(row, offset, seed, domain, index)
    full_scale = np.sqrt(mean_power(row)) * 10.0 ** (0.05 * drawn[HEADROOM_DB])
    clipped = quantise(row, settings.bits, full_scale)
    dropped = drop(row, settings.dropped, seed, domain, index)
    values = (
        drawn[RANGE_M], factor, float(occluded), drawn[INTERFERENCE_DB], clutter, float(spikes),
        drawn[PHASE_NOISE_RAD], drawn[IQ_GAIN_DB], drawn[IQ_PHASE_RAD], offset, float(clipped),
        float(dropped),
    )  # fmt: skip
    for i in range(len(values)):
        recorded[i] = values[i]
    return realised
